/* SPDX-License-Identifier: Apache-2.0 */
/* courier: the queue between the loop and the helper thread; see courier.h. */
#include "notice/courier.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "notice/mail_word.h"

#define REPLY_MAX 400

struct waiting {
	struct courier_job job;
	struct waiting *next;
};

struct finished {
	struct courier_result result;
	struct finished *next;
};

struct courier {
	struct courier_settings settings; /* not changed once the thread runs */
	bool sendmail;
	int event; /* readable while `done` is not empty */

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t work;
	struct waiting *todo, **todo_end;
	struct finished *done, **done_end;
	pthread_t thread; /* once started */
	bool started, busy, ending;
};

void
courier_job_clear(struct courier_job *j)
{
	free(j->recipient);
	free(j->sender);
	buf_free(&j->bytes);
	memset(j, 0, sizeof(*j));
}

void
courier_result_clear(struct courier_result *r)
{
	free(r->reply);
	memset(r, 0, sizeof(*r));
}

void
courier_result_set(struct courier_result *r, enum sent_outcome outcome, int code,
    const char *reply, size_t n)
{
	char text[REPLY_MAX];

	while (n > 0 && strchr(" \t\r\n", reply[n - 1]) != NULL)
		n--;
	text_escape(text, sizeof(text), reply, n);
	r->outcome = outcome;
	r->code = code;
	r->time = clock_now();
	free(r->reply);
	r->reply = xstrdup(text);
}

static void
settings_free(struct courier_settings *s)
{
	free(s->url);
	free(s->helo);
	free(s->ca_file);
	free(s->username);
	if (s->password != NULL)
		explicit_bzero(s->password, strlen(s->password));
	free(s->password);
	free(s->sendmail);
}

/* Only with the lock held, or by the loop before the thread starts. */
static void
add_result(struct courier *c, struct courier_result *r)
{
	struct finished *f = xcalloc(1, sizeof(*f));
	uint64_t one = 1;

	f->result = *r;
	*c->done_end = f;
	c->done_end = &f->next;
	if (write(c->event, &one, sizeof(one)) != sizeof(one))
		log_die("courier", "cannot wake the loop");
}

static void
transfer(const struct courier *c, const struct courier_job *j, struct courier_result *r)
{
	static const char bad[] = "the address is not one that we can send to";
	static const char empty[] = "the mail is empty";

	r->id = j->id;
	if (!mail_word_address_valid(j->recipient) ||
	    !mail_word_address_valid(j->sender))
		courier_result_set(r, SENT_HARD, 0, bad, sizeof(bad) - 1);
	else if (j->bytes.len == 0)
		courier_result_set(r, SENT_HARD, 0, empty, sizeof(empty) - 1);
	else if (c->sendmail)
		courier_sendmail(&c->settings, j, r);
	else
		courier_smtp(&c->settings, j, r);
}

static void *
work(void *arg)
{
	struct courier *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->ending) {
		struct waiting *w = c->todo;
		struct courier_result r = {0};

		if (w == NULL) {
			pthread_cond_wait(&c->work, &c->lock);
			continue;
		}
		c->todo = w->next;
		if (c->todo == NULL)
			c->todo_end = &c->todo;
		c->busy = true;
		pthread_mutex_unlock(&c->lock);
		transfer(c, &w->job, &r);
		courier_job_clear(&w->job);
		free(w);
		pthread_mutex_lock(&c->lock);
		c->busy = false;
		add_result(c, &r);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* All signals are the loop's business. */
static void
start_thread(struct courier *c)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&c->thread, NULL, work, c) != 0)
		log_die("courier", "cannot start the thread that sends");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->started = true;
}

int
courier_new(const struct conf_courier *conf, const struct courier_extras *extras,
    struct courier **out, struct err *e)
{
	const char *password = extras->password;
	struct courier *c;

	*out = NULL;
	if (conf->transport == CONF_MAIL_NONE)
		return err_set(e, TOSD_EINVAL, "courier: no transport is configured");
	if (conf->transport == CONF_MAIL_SMTP && conf->url == NULL)
		return err_set(e, TOSD_EINVAL, "courier: transport smtp needs a `url'");
	if (conf->transport == CONF_MAIL_SENDMAIL && conf->sendmail == NULL)
		return err_set(
		    e, TOSD_EINVAL, "courier: transport sendmail needs a program");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, TOSD_EIO, "courier: libcurl cannot start");
	c = xcalloc(1, sizeof(*c));
	c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->event < 0) {
		free(c);
		return err_sys(e, "courier: eventfd");
	}
	c->sendmail = conf->transport == CONF_MAIL_SENDMAIL;
	c->settings = (struct courier_settings){.url = xstrdup(conf->url),
	    .helo = xstrdup(extras->helo),
	    .ca_file = xstrdup(extras->ca_file),
	    .username = xstrdup(conf->username),
	    .password =
		password == NULL || password[0] == '\0' ? NULL : xstrdup(password),
	    .sendmail = xstrdup(conf->sendmail),
	    .starttls = conf->starttls,
	    .timeout = conf->timeout > 0 ? conf->timeout : CLOCK_MIN};
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	c->todo_end = &c->todo;
	c->done_end = &c->done;
	*out = c;
	return 0;
}

void
courier_free(struct courier **cp)
{
	struct courier *c = *cp;
	struct courier_result r;
	bool busy;

	if (c == NULL)
		return;
	*cp = NULL;
	courier_cancel(c);
	while (courier_next(c, &r))
		courier_result_clear(&r);
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_signal(&c->work);
	busy = c->busy;
	pthread_mutex_unlock(&c->lock);
	if (busy) {
		/* It still uses c.  The process is about to end; let it have it. */
		pthread_detach(c->thread);
		return;
	}
	if (c->started)
		pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	close(c->event);
	settings_free(&c->settings);
	free(c);
}

void
courier_give_take(struct courier *c, struct courier_job *j)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	w->job = *j;
	memset(j, 0, sizeof(*j));
	pthread_mutex_lock(&c->lock);
	*c->todo_end = w;
	c->todo_end = &w->next;
	if (!c->started)
		start_thread(c);
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
}

int
courier_fd(const struct courier *c)
{
	return c->event;
}

bool
courier_next(struct courier *c, struct courier_result *r)
{
	struct finished *f;
	uint64_t count;

	pthread_mutex_lock(&c->lock);
	f = c->done;
	if (f != NULL) {
		c->done = f->next;
		if (c->done == NULL)
			c->done_end = &c->done;
	} else if (read(c->event, &count, sizeof(count)) < 0) {
		count = 0; /* it was not set: nothing to reset */
	}
	pthread_mutex_unlock(&c->lock);
	if (f == NULL)
		return false;
	*r = f->result;
	free(f);
	return true;
}

void
courier_cancel(struct courier *c)
{
	static const char why[] = "not begun: the courier is ending";

	pthread_mutex_lock(&c->lock);
	while (c->todo != NULL) {
		struct waiting *w = c->todo;
		struct courier_result r = {.id = w->job.id};

		c->todo = w->next;
		courier_result_set(&r, SENT_SOFT, 0, why, sizeof(why) - 1);
		add_result(c, &r);
		courier_job_clear(&w->job);
		free(w);
	}
	c->todo_end = &c->todo;
	pthread_mutex_unlock(&c->lock);
}
