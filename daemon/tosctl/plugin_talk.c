/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_talk: see plugin_talk.h. */
#include "tosctl/plugin_talk.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/exec_face.h"

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

/* Its lines are counted, not shown. */
static void
on_line(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
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
			return talk_fail(t, "%s", why.text);
		if (over < 0)
			return talk_fail(t, "%s", e.text);
		if (clock_steady() >= end)
			return talk_fail(t, "no answer within %lld s",
			    (long long)(patience / CLOCK_SEC));
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
	bool good;

	policy_exec_report(&t->face, ev, &item, &r);
	policy_report_sort(&r);
	for (uint32_t i = 0; i < r.n; i++) {
		buf_printf(
		    said, "%s %.17g %s", r.v[i].rule, r.v[i].score, r.v[i].reason);
		for (size_t k = 0; k < r.v[i].nspans; k++)
			buf_printf(
			    said, " %u-%u", r.v[i].spans[k].start, r.v[i].spans[k].end);
		buf_putc(said, '\n');
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

	for (unsigned busy = 0;; busy++) {
		if (!talk_next(t, &ev, ANSWER_MAX))
			return false;
		if (ev.kind == EXEC_BUSY && ev.seq == seq && busy < 100) {
			usleep(20000);
			seq = talk_item(t, text, n);
			continue;
		}
		break;
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
