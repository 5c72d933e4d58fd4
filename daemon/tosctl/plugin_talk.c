/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_talk: see plugin_talk.h. */
#include "tosctl/plugin_talk.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "policy/exec_face.h"

#define BUSY_MAX 100   /* times for one item, with nothing else in hand */
#define LAST_SHOWN 60  /* characters of its last line */
#define LAST_WORDS 500 /* ms for it to end when its output has */

bool
talk_fail(struct talk *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
	return false;
}

/* --- talking */

/* Its lines are counted, not shown; the last one may tell why it ended. */
static void
on_line(void *ctx, const char *line)
{
	struct talk *t = ctx;
	struct buf b = {0};

	if (line[strspn(line, " \t\r")] == '\0')
		return;
	text_repair(&b, line, strlen(line));
	snprintf(t->last, sizeof(t->last), "%.*s", (int)text_prefix(b.data, LAST_SHOWN),
	    b.data);
	buf_free(&b);
}

void
talk_end(struct talk *t)
{
	exec_child_free(&t->c);
	plugin_run_end(t->run, 0, NULL);
	policy_face_clear(&t->face);
	exec_hello_clear(&t->hello);
}

/* Waits for something from it, or until then. */
static void
wait_for(struct talk *t, int64_t end)
{
	struct pollfd v[3];
	int64_t now = clock_steady();

	poll(v, exec_child_poll(t->c, v), end > now ? (int)(end - now) : 0);
}

/* It has closed its output: most have ended, and their code and last line say why. */
static bool
fail_ended(struct talk *t)
{
	char how[40] = "";
	bool ended;
	int status = plugin_run_end(t->run, LAST_WORDS, &ended);

	if (ended && WIFSIGNALED(status))
		snprintf(how, sizeof(how), " (SIG%s)", sigabbrev_np(WTERMSIG(status)));
	else if (ended)
		snprintf(how, sizeof(how), " (exit code %d)", WEXITSTATUS(status));
	return talk_fail(t, "%s%s%s%s", ended ? "it ended" : "it closed its output",
	    how, t->last[0] != '\0' ? "; its last line: " : "", t->last);
}

/* In these cases there is one plugin, and no need of its name. */
static bool
fail_breach(struct talk *t, const char *why)
{
	char name[200];
	int n = snprintf(name, sizeof(name), "plugin `%s', ", t->run->conf.name);

	return talk_fail(t, "%s", strncmp(why, name, (size_t)n) == 0 ? why + n : why);
}

/* The next event; false and why: it broke the protocol, ended, or was silent. */
bool
talk_next(struct talk *t, struct exec_event *ev, int64_t patience)
{
	int64_t end = clock_steady() + patience;
	struct err e = ERR_INIT, why = ERR_INIT;

	for (;;) {
		int over = exec_child_move(t->c, clock_steady(), &e);
		int rc = exec_child_next(t->c, ev, &why);

		if (rc > 0)
			return true;
		if (rc < 0)
			return fail_breach(t, why.text);
		if (over < 0)
			return fail_ended(t);
		if (clock_steady() >= end)
			return talk_fail(
			    t, "no answer within %g s", (double)patience / CLOCK_SEC);
		wait_for(t, end);
	}
}

static bool
declare(struct talk *t)
{
	const char *why;

	t->face = (struct policy_face){
	    .plugin = t->run->conf.name, .object = "", .granted = t->run->conf.grant};
	policy_face_init(&t->face);
	why = policy_exec_declare(&t->face, &t->hello);
	return why == NULL || talk_fail(t, "%s", why);
}

/* Starts it and hears its hello. */
bool
talk_begin(struct talk *t)
{
	struct exec_fds fds;
	struct exec_event ev;
	struct err e = ERR_INIT;

	talk_end(t);
	t->last[0] = '\0';
	if (plugin_run_start(t->run, &fds, &e) != 0)
		return talk_fail(t, "%s", e.text);
	t->c = exec_child_new(t->run->conf.name, &fds, on_line, t);
	exec_put_start(exec_child_out(t->c), &t->run->conf);
	if (!talk_next(t, &ev, END_MAX))
		return false;
	if (ev.kind != EXEC_HELLO)
		return talk_fail(t, "its first message is no hello");
	t->hello = ev.hello;
	return declare(t);
}

bool
talk_ready(struct talk *t)
{
	return t->c != NULL || talk_begin(t);
}

void
talk_say(struct talk *t, const char *line)
{
	buf_puts(exec_child_out(t->c), line);
}

static uint32_t
fields(const struct talk *t)
{
	return t->hello.want;
}

uint64_t
talk_item(struct talk *t, const char *text, size_t n)
{
	struct exec_item it = {.seq = ++t->seq,
	    .deadline = t->run->conf.deadline,
	    .as_of = 1700000000000,
	    .want = fields(t),
	    .text = {text, n},
	    .lang = {"en", 2},
	    .url = {"https://forum.example/post/1", 28},
	    .author = {"00112233445566778899aabbccddeeff", 32},
	    .tenant = {"0123456789abcdef", 16}};

	exec_put_item(exec_child_out(t->c), &it);
	return it.seq;
}

/* Puts what a result says through the host's checks, and into words. */
bool
talk_check(struct talk *t, const struct exec_event *ev, const char *text, size_t n,
    struct buf *said)
{
	struct tosd_item item = {.text = text, .len = n};
	struct tosd_report r = {0};
	char score[40];
	bool good;

	policy_exec_report(&t->face, ev, &item, &r);
	policy_report_sort(&r);
	for (uint32_t i = 0; i < r.n; i++) {
		/* As short as it can be read back from: any difference shows. */
		snprintf(score, sizeof(score), "%.15g", r.v[i].score);
		if (strtod(score, NULL) != r.v[i].score)
			snprintf(score, sizeof(score), "%.17g", r.v[i].score);
		buf_printf(said, "%s%s %s", i > 0 ? "; " : "", r.v[i].rule, score);
		if (r.v[i].reason[0] != '\0')
			buf_printf(said, " %s", r.v[i].reason);
		for (size_t k = 0; k < r.v[i].nspans; k++)
			buf_printf(
			    said, " %u-%u", r.v[i].spans[k].start, r.v[i].spans[k].end);
		finding_clear(&r.v[i]);
	}
	free(r.v);
	good = r.bad[0] == '\0';
	return good || talk_fail(t, "it made %s",
			   strncmp(r.bad, "made ", 5) == 0 ? r.bad + 5 : r.bad);
}

/* The answer to this item, which is the only one in hand; said may be NULL. */
bool
talk_hear(struct talk *t, uint64_t seq, const char *text, size_t n, struct buf *said)
{
	struct buf own = {0};
	struct exec_event ev;
	bool good;

	for (unsigned busy = 1;; busy++) {
		if (!talk_next(t, &ev, t->patience))
			return false;
		if (ev.kind != EXEC_BUSY || ev.seq != seq)
			break;
		if (busy == BUSY_MAX)
			return talk_fail(t,
			    "it says busy %d times with nothing else in hand",
			    BUSY_MAX);
		usleep(20000);
		seq = talk_item(t, text, n);
	}
	if (ev.kind != EXEC_RESULT || ev.seq != seq)
		return talk_fail(t, "it answers item %llu in place of %llu",
		    (unsigned long long)ev.seq, (unsigned long long)seq);
	good = talk_check(t, &ev, text, n, said != NULL ? said : &own);
	if (said != NULL && ev.abstain != NULL)
		buf_printf(said, "abstains: %s", ev.abstain);
	buf_free(&own);
	return good;
}

bool
talk_ask(struct talk *t, const char *text, size_t n, struct buf *said)
{
	return talk_ready(t) && talk_hear(t, talk_item(t, text, n), text, n, said);
}
