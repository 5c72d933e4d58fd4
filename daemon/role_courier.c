/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_courier: mails go out and their fate comes back.  The loop here never waits:
 * transfers run in the courier's thread (notice/courier.h), and what the engine has
 * not heard yet is kept in the book (notice/courier_book.h) over its restarts.
 *
 * A new configuration restarts the role: it holds a secret and nothing worth keeping.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "ipc/role.h"
#include "notice/courier.h"
#include "notice/courier_book.h"
#include "roles.h"

#define IN_HAND_MAX 64 /* far more than an engine sends at a time */
#define MAIL_MAX (16u << 20)

struct courier_role {
	struct role_self *self;
	struct conf *conf;
	struct courier *courier; /* NULL: no transport is configured */
	struct courier_book *book;
	char name[ID_TEXT]; /* of this process: the engine tells us from a successor */
	struct loop_fd *results;
	bool stopping;
};

/* Gives the engine what it has not heard, as far as it is there. */
static void
give_results(struct courier_role *r)
{
	const struct courier_result *res;
	struct msg m;

	while (role_has_peer(r->self, ROLE_ENGINE, 0) &&
	       (res = courier_book_next(r->book)) != NULL) {
		msg_init(&m, MSG_SENT);
		m.sent.id = res->id;
		m.sent.outcome = (uint8_t)res->outcome;
		m.sent.code = res->code;
		m.sent.reply = xstrdup(res->reply);
		m.sent.time = res->time;
		if (role_send(r->self, ROLE_ENGINE, 0, &m) != 0)
			return;
		courier_book_given(r->book);
	}
}

static void
leave_if_done(struct courier_role *r)
{
	if (r->stopping && courier_book_in_hand(r->book) == 0)
		role_exit(r->self);
}

static void
collect_results(struct courier_role *r)
{
	struct courier_result res;

	while (r->courier != NULL && courier_next(r->courier, &res)) {
		log_write(res.outcome == SENT_OK ? LOG_L_INFO : LOG_L_WARN, "courier",
		    "mail %llu: %s, %d %s", (unsigned long long)res.id,
		    sent_name(res.outcome), res.code, res.reply);
		courier_book_done_take(r->book, &res);
	}
	give_results(r);
	leave_if_done(r);
}

static void
on_result(void *ctx, int fd, unsigned what)
{
	(void)fd;
	(void)what;
	collect_results(ctx);
}

/* A mail that cannot even be tried has its result at once. */
static void
turn_down(struct courier_role *r, uint64_t id, enum sent_outcome o, const char *why)
{
	struct courier_result res = {.id = id};

	log_warn("courier", "mail %llu: %s", (unsigned long long)id, why);
	courier_result_set(&res, o, 0, why, strlen(why));
	courier_book_done_take(r->book, &res);
}

/* Whether the mail can be tried; if not, why, and whether later is better. */
static const char *
check_send(const struct courier_role *r, const struct msg_send *s, enum sent_outcome *o)
{
	*o = SENT_HARD;
	if (s->channel == NULL || strcmp(s->channel, "mail") != 0)
		return "there is no such channel; known is mail";
	if (s->recipient == NULL || s->sender == NULL || s->sha256 == NULL)
		return "it lacks recipient, sender or digest";
	*o = SENT_SOFT;
	if (r->courier == NULL)
		return "no way to send mail is configured (courier.transport)";
	if (r->stopping)
		return "not begun: the courier is ending";
	if (courier_book_in_hand(r->book) > IN_HAND_MAX)
		return "too many mails at a time";
	return NULL;
}

/* The bytes of the descriptor, if they are those that the record speaks of. */
static const char *
read_bytes(const struct msg *m, struct buf *b)
{
	char hex[DIGEST_HEX];
	struct err e = ERR_INIT;

	if (file_read_memfd(m->fd, MAIL_MAX, b, &e) != 0) {
		log_err(
		    "courier", "mail %llu: %s", (unsigned long long)m->send.id, e.text);
		return "its bytes cannot be read";
	}
	digest_hex_of(b->data == NULL ? "" : b->data, b->len, hex);
	if (strcmp(hex, m->send.sha256) != 0)
		return "its bytes are not those of its digest: not sent";
	return NULL;
}

static void
take_send(struct courier_role *r, struct msg *m)
{
	struct courier_job j = {.id = m->send.id};
	enum sent_outcome o;
	const char *why;

	switch (courier_book_take(r->book, m->send.id)) {
	case COURIER_BOOK_BUSY:
		log_warn("courier", "mail %llu is in hand already",
		    (unsigned long long)m->send.id);
		return;
	case COURIER_BOOK_AGAIN:
		log_warn("courier", "mail %llu was sent before: not again",
		    (unsigned long long)m->send.id);
		give_results(r);
		return;
	case COURIER_BOOK_SEND:
		break;
	}
	why = check_send(r, &m->send, &o);
	if (why == NULL) {
		o = SENT_HARD;
		why = read_bytes(m, &j.bytes);
	}
	if (why != NULL) {
		turn_down(r, j.id, o, why);
		courier_job_clear(&j);
		give_results(r);
		return;
	}
	j.recipient = m->send.recipient;
	j.sender = m->send.sender;
	m->send.recipient = m->send.sender = NULL;
	courier_give_take(r->courier, &j);
}

static void
on_msg(void *ctx, struct msg *m)
{
	if (m->type == MSG_SEND)
		take_send(ctx, m);
}

/* A new engine first hears what is under way, then what it or its predecessor may have
 * missed. */
static void
on_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct courier_role *r = ctx;
	struct msg m;

	if (role != ROLE_ENGINE)
		return;
	msg_init(&m, MSG_SENDING);
	m.sending.n = courier_book_sending(r->book, &m.sending.ids);
	m.sending.courier = xstrdup(r->name);
	role_send(r->self, role, index, &m);
	courier_book_rewind(r->book);
	give_results(r);
}

static int
make_courier(struct courier_role *r, struct err *e)
{
	const struct buf *password = role_secret(r->self, "smtp-password");
	struct courier_extras extras = {.helo = r->conf->provider.host,
	    .password = password == NULL ? NULL : password->data,
	    .ca_file = r->conf->fetch.ca_file};
	int rc;

	if (r->conf->courier.transport == CONF_MAIL_NONE) {
		log_warn(
		    "courier", "no way to send mail is configured: notices stay here");
		return 0;
	}
	rc = courier_new(&r->conf->courier, &extras, &r->courier, e);
	if (rc == 0)
		r->results = loop_fd_new(role_loop(r->self), courier_fd(r->courier),
		    LOOP_READ, on_result, r);
	return rc;
}

static void
release(void *ctx)
{
	struct courier_role *r = ctx;

	loop_fd_free(&r->results);
	courier_free(&r->courier);
	courier_book_free(&r->book);
	conf_free(&r->conf);
	free(r);
}

static int
start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct courier_role *r = xcalloc(1, sizeof(*r));
	int rc;

	r->self = self;
	r->book = courier_book_new();
	id_new(clock_now(), r->name);
	role_set_ctx(self, r);
	rc = conf_of_role(sources, &r->conf, e);
	if (rc == 0)
		conf_lean(r->conf, CONF_TENANTS_NONE);
	if (rc == 0)
		rc = make_courier(r, e);
	if (rc == 0)
		profile_of_role(ROLE_COURIER, r->conf, profile);
	return rc;
}

static void
stop(void *ctx)
{
	struct courier_role *r = ctx;

	r->stopping = true;
	if (r->courier != NULL)
		courier_cancel(r->courier);
	collect_results(r);
}

int
role_courier_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_COURIER,
	    .start = start,
	    .msg = on_msg,
	    .peer_up = on_peer_up,
	    .stop = stop,
	    .free = release,
	};

	return role_main(&ops);
}
