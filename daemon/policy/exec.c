/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a program as a plugin: its life and its losses; see exec.h.  A batch before it:
 * exec_batch.c. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "policy/exec_face.h"
#include "policy/exec_in.h"
#include "policy/plugin.h"

#define HELLO_MAX (2 * CLOCK_SEC)
#define DRAIN_MAX (2 * CLOCK_SEC)
#define DELAY_MAX CLOCK_MIN
#define QUIET CLOCK_MIN	    /* lived so long without a loss: the delay begins anew */
#define LOSSES_IN CLOCK_MIN /* EXEC_LOSSES within this open the breaker */
#define TICK (10 * CLOCK_SEC)
#define BUSY_PAUSE 20
/* Deadlines through which it is busy with nothing else in hand: told, then a loss. */
#define BUSY_TOLD 10
#define BUSY_MAX 30

void
exec_say(void *ctx, const char *line)
{
	struct policy_exec *x = ctx;

	if (x->kids.say != NULL)
		x->kids.say(x->kids.ctx, x->conf->name, line);
	else
		log_warn("policy", "plugin `%s': %s", x->conf->name, line);
}

/* --- losing it */

/* How long to stay away after this loss. */
static int64_t
next_delay(struct policy_exec *x, int64_t now)
{
	if (x->state == EXEC_IS_UP && now - x->since >= QUIET)
		x->delay = 0;
	x->delay = x->delay > 0 ? x->delay * 2 : EXEC_DELAY;
	if (x->delay > DELAY_MAX)
		x->delay = DELAY_MAX;
	return x->delay;
}

static bool
count_loss(struct policy_exec *x, int64_t now)
{
	x->lost[x->nlost++ % EXEC_LOSSES] = now;
	x->stats.losses++;
	/* What stands in the next place is the oldest. */
	return x->nlost >= EXEC_LOSSES &&
	       now - x->lost[x->nlost % EXEC_LOSSES] <= LOSSES_IN;
}

void
exec_settle(struct policy_exec *x, struct exec_job *j, enum exec_job_state state,
    const char *why, int64_t wait)
{
	if (j->state == EXEC_FLYING) {
		x->slot[j->seq % EXEC_SLOTS] = NULL;
		x->flying--;
		x->due -= j->due;
	} else if (j->state == EXEC_WAITING) {
		x->waiting--;
	}
	j->state = state;
	j->wait = wait;
	if (why != NULL && j->why == NULL)
		j->why = xstrdup(why);
}

char *
exec_words(const struct policy_exec *x, const struct exec_job *first, size_t n)
{
	char called[EXEC_CALLED], more[32] = "";

	if (x->kids.called != NULL)
		x->kids.called(x->kids.ctx, first->name, called);
	else
		snprintf(called, sizeof(called), "revision %llu",
		    (unsigned long long)first->name);
	if (n > 1)
		snprintf(more, sizeof(more), " and %zu more", n - 1);
	return xasprintf("%s%s", called, more);
}

/* What it has in hand, the item that it was lost over before the others. */
static char *
in_hand(const struct policy_exec *x, const struct exec_job *over)
{
	for (size_t i = 0; i < x->njobs && over == NULL; i++)
		if (x->jobs[i].state == EXEC_FLYING)
			over = &x->jobs[i];
	return over != NULL ? exec_words(x, over, x->flying) : xstrdup("nothing");
}

static void
give_up(struct policy_exec *x, const struct exec_job *over, const char *why,
    bool breaker, int64_t now)
{
	int64_t delay = breaker ? DELAY_MAX : next_delay(x, now);
	char *hand = in_hand(x, over), *line, span[CLOCK_TEXT];

	line = xasprintf("lost, with %s in hand: %s; it is started again in %s%s", hand,
	    why, clock_span(delay, span),
	    breaker ? " (breaker: 5 losses within a minute)" : "");
	x->stats.complaints++;
	exec_say(x, line);
	free(x->why);
	x->why = line;
	free(hand);
	if (breaker)
		x->delay = delay;
	exec_child_free(&x->child);
	x->state = EXEC_IS_DOWN;
	x->since = now;
	x->begin = now + delay;
	for (size_t i = 0; i < x->njobs; i++) {
		struct exec_job *j = &x->jobs[i];

		if (j->state == EXEC_FLYING)
			exec_settle(x, j, EXEC_LOST, why, delay);
		else if (j->state == EXEC_WAITING)
			exec_settle(x, j, EXEC_DOWN, why, delay);
	}
	x->kids.lost(x->kids.ctx, x->conf->name, delay, why);
}

void
exec_lose(
    struct policy_exec *x, const struct exec_job *over, const char *why, int64_t now)
{
	give_up(x, over, why, count_loss(x, now), now);
}

void
exec_lose_late(struct policy_exec *x, int64_t now)
{
	if (count_loss(x, now))
		give_up(x, NULL, "too many answers come late", true, now);
}

/* --- what it says */

static bool
take_hello(struct policy_exec *x, struct exec_event *ev, int64_t now, struct err *e)
{
	uint32_t lacks = exec_fields_need(ev->hello.want) & ~x->face->granted;
	char names[96];

	if (lacks != 0) {
		err_set(e, TOSD_EDENIED,
		    "plugin `%s' wants %s, which `grant' does not give", x->conf->name,
		    policy_need_names(lacks, names));
	} else if (x->opened && !exec_hello_same(&x->hello, &ev->hello)) {
		err_set(e, TOSD_EPROTO,
		    "plugin `%s' has other rules than before; reload the configuration "
		    "to take them",
		    x->conf->name);
	} else {
		exec_hello_clear(&x->hello);
		x->hello = ev->hello;
		x->state = EXEC_IS_UP;
		x->since = x->ticked = now;
		for (size_t i = 0; x->hello.want & EXEC_SETS && i < x->face->nsets; i++)
			exec_put_set(exec_child_out(x->child), x->face->sets[i].name,
			    x->face->sets[i].v, x->face->sets[i].n);
		return true;
	}
	exec_hello_clear(&ev->hello);
	return false;
}

/* The job that is in hand under this number, NULL when it is not any more (*ok) or
 * never was. */
static struct exec_job *
job_of(struct policy_exec *x, uint64_t seq, bool *ok)
{
	struct exec_job *j = x->slot[seq % EXEC_SLOTS];

	*ok = seq >= x->first && seq < x->seq;
	return j != NULL && j->seq == seq ? j : NULL;
}

/* Offered again in a moment; but nobody is busy for ever with nothing to do. */
static int
take_busy(struct policy_exec *x, struct exec_job *j, int64_t now, struct err *e)
{
	int64_t before = x->busy_for, unit = x->conf->deadline;
	char span[CLOCK_TEXT];

	x->stats.busy++;
	x->slot[j->seq % EXEC_SLOTS] = NULL;
	x->flying--;
	x->waiting++;
	j->state = EXEC_WAITING;
	j->not_before = x->again = now + BUSY_PAUSE;
	x->next = 0;
	if (x->flying > 0)
		return 0;
	x->busy_for += now - j->sent + BUSY_PAUSE;
	clock_span(x->busy_for, span);
	if (x->busy_for >= BUSY_MAX * unit)
		return err_set(e, TOSD_EPROTO,
		    "it has said busy for %s with nothing else in hand", span);
	if (before < BUSY_TOLD * unit && x->busy_for >= BUSY_TOLD * unit) {
		char *line = xasprintf(
		    "says busy for %s with nothing else in hand; what it is offered "
		    "waits",
		    span);

		x->stats.complaints++;
		exec_say(x, line);
		free(line);
	}
	return 0;
}

/* An answer to what is not in hand any more: after its deadline, or once more. */
static void
take_stray(struct policy_exec *x, uint64_t seq)
{
	if (x->answered[seq % EXEC_SLOTS] != seq) {
		x->stats.late++;
		return;
	}
	if (x->stats.twice++ > 0)
		return;
	x->stats.complaints++;
	exec_say(x, "answered an item twice: the first answer counts; what more there "
		    "is of these is not told");
}

static int
take_event(struct policy_exec *x, struct exec_event *ev, int64_t now, struct err *e)
{
	struct exec_job *j;
	bool ok;

	if (ev->kind == EXEC_HELLO)
		return take_hello(x, ev, now, e) ? 0 : e->code;
	j = job_of(x, ev->seq, &ok);
	if (!ok)
		return err_set(e, TOSD_EPROTO,
		    "plugin `%s', line %llu of its output: answers item %llu, which it "
		    "was not asked",
		    x->conf->name,
		    (unsigned long long)exec_proto_lines(exec_child_proto(x->child)),
		    (unsigned long long)ev->seq);
	/* One that is due is lost, whatever is said of it now. */
	if (j == NULL || j->due) {
		take_stray(x, ev->seq);
		return 0;
	}
	if (ev->kind == EXEC_BUSY)
		return take_busy(x, j, now, e);
	x->busy_for = 0;
	x->answered[j->seq % EXEC_SLOTS] = j->seq;
	policy_exec_report(x->face, ev, j->item, &j->report);
	x->stats.complaints += j->report.bad[0] != '\0';
	if (ev->abstain != NULL)
		j->why = xasprintf("abstained: %s", ev->abstain);
	histogram_add(&x->stats.took, now - j->sent);
	exec_settle(x, j, EXEC_JUDGED, NULL, 0);
	return 0;
}

void
exec_hear(struct policy_exec *x, int64_t now)
{
	struct err e = ERR_INIT, why = ERR_INIT;
	struct exec_event ev;
	int end = exec_child_move(x->child, now, &e), rc;

	while ((rc = exec_child_next(x->child, &ev, &why)) > 0) {
		x->heard = now;
		if (x->due > 0)
			x->soonest = now;
		rc = take_event(x, &ev, now, &why);
		if (rc < 0)
			break;
	}
	x->stats.lines = exec_proto_lines(exec_child_proto(x->child));
	x->stats.ignored = exec_proto_ignored(exec_child_proto(x->child));
	if (rc < 0)
		exec_lose(x, NULL, why.text, now);
	else if (end < 0)
		exec_lose(x, NULL, e.text, now);
}

/* --- its life */

static void
begin_child(struct policy_exec *x, struct exec_fds *fds, int64_t now)
{
	if (x->opened && strcmp(fds->digest, x->digest) != 0) {
		struct exec_child *c = exec_child_new(x->conf->name, fds, exec_say, x);

		exec_child_free(&c);
		x->begin = now + DELAY_MAX;
		free(x->why);
		x->why = xstrdup(
		    "its files have changed; reload the configuration to take them");
		exec_say(x, x->why);
		x->stats.complaints++;
		x->kids.lost(x->kids.ctx, x->conf->name, DELAY_MAX, "changed files");
		return;
	}
	memcpy(x->digest, fds->digest, sizeof(x->digest));
	x->child = exec_child_new(x->conf->name, fds, exec_say, x);
	x->state = EXEC_IS_GREETING;
	x->since = x->heard = now;
	x->first = x->seq;
	x->busy_for = 0;
	exec_put_start(exec_child_out(x->child), x->conf);
}

void
exec_live(struct policy_exec *x, int64_t now)
{
	struct exec_fds fds;

	if (x->child == NULL && x->kids.take(x->kids.ctx, x->conf->name, &fds))
		begin_child(x, &fds, now);
	if (x->child != NULL)
		exec_hear(x, now);
	if (x->state == EXEC_IS_GREETING && now - x->since > HELLO_MAX)
		exec_lose(x, NULL, "no hello within 2 s", now);
}

static int
declare_rules(struct policy_exec *x, struct err *e)
{
	const char *why = policy_exec_declare(x->face, &x->hello);

	return why == NULL
		   ? 0
		   : err_set(e, TOSD_EINVAL, "plugin `%s': %s", x->conf->name, why);
}

static int
open_exec(struct policy_exec *x, struct err *e)
{
	struct exec_event ev;
	struct exec_fds fds;
	int64_t now = clock_steady(), end = now + HELLO_MAX;

	if (!x->kids.take(x->kids.ctx, x->conf->name, &fds))
		return err_set(
		    e, TOSD_ENOENT, "plugin `%s' could not be started", x->conf->name);
	begin_child(x, &fds, now);
	x->face->object = x->digest;
	for (; now < end; now = clock_steady()) {
		struct pollfd v[3];
		int over = exec_child_move(x->child, now, e);
		int rc = exec_child_next(x->child, &ev, e);

		if (rc < 0)
			return rc;
		if (rc > 0)
			return take_hello(x, &ev, now, e) ? declare_rules(x, e)
							  : e->code;
		if (over < 0)
			return err_wrap(e, "plugin `%s' said no hello", x->conf->name);
		poll(v, exec_child_poll(x->child, v), (int)(end - now));
	}
	return err_set(
	    e, TOSD_EIO, "plugin `%s' said no hello within 2 s", x->conf->name);
}

int
policy_exec_new(const struct conf_plugin *c, const struct policy_children *children,
    struct policy_face *f, struct policy_exec **out, struct err *e)
{
	struct policy_exec *x = xcalloc(1, sizeof(*x));
	struct err why = ERR_INIT;
	int rc;

	*out = NULL;
	x->conf = c;
	x->kids = *children;
	x->face = f;
	x->seq = 1;
	rc = open_exec(x, &why);
	if (rc != 0) {
		err_set(e, rc, "%s", why.text);
		x->kids.lost(x->kids.ctx, c->name, -1, why.text);
		exec_child_free(&x->child);
		exec_hello_clear(&x->hello);
		free(x->why);
		free(x);
		return rc;
	}
	x->opened = true;
	if (!x->hello.pure)
		exec_say(
		    x, "is not pure by its own word: its rules are shadow at most");
	*out = x;
	return 0;
}

/* `drain', and what it still says until it ends. */
static void
drain(struct policy_exec *x)
{
	int64_t now = clock_steady(), end = now + DRAIN_MAX;
	struct exec_event ev;

	exec_put_word(exec_child_out(x->child), "drain");
	exec_child_hush(x->child);
	for (; now < end; now = clock_steady()) {
		struct pollfd v[3];

		if (exec_child_move(x->child, now, NULL) < 0)
			return;
		while (exec_child_next(x->child, &ev, NULL) > 0)
			exec_hello_clear(&ev.hello);
		poll(v, exec_child_poll(x->child, v), (int)(end - now));
	}
	exec_say(x, "did not end within 2 s of `drain' and is killed");
	x->stats.complaints++;
}

void
policy_exec_free(struct policy_exec **xp)
{
	struct policy_exec *x = *xp;

	if (x == NULL)
		return;
	if (x->child != NULL)
		drain(x);
	x->kids.lost(x->kids.ctx, x->conf->name, -1, "not wanted any more");
	exec_child_free(&x->child);
	exec_hello_clear(&x->hello);
	free(x->why);
	free(x);
	*xp = NULL;
}

/* --- between batches, and what is known of it */

int64_t
policy_exec_idle(struct policy_exec *x)
{
	int64_t now = clock_steady();

	exec_live(x, now);
	if (x->state == EXEC_IS_UP && now - x->ticked >= TICK &&
	    exec_child_unsent(x->child) == 0) {
		exec_put_word(exec_child_out(x->child), "tick");
		exec_child_move(x->child, now, NULL);
		x->ticked = now;
	}
	return x->state == EXEC_IS_UP ? CLOCK_SEC : 100;
}

bool
policy_exec_up(const struct policy_exec *x)
{
	return x->state == EXEC_IS_UP;
}

const char *
policy_exec_lost(const struct policy_exec *x)
{
	if (x->state == EXEC_IS_UP)
		return NULL;
	return x->why != NULL ? x->why : "it was started and has not said hello";
}

void
policy_exec_stats(const struct policy_exec *x, struct exec_stats *out)
{
	*out = x->stats;
}

const struct exec_hello *
policy_exec_hello(const struct policy_exec *x)
{
	return &x->hello;
}

void
policy_exec_settings(const struct policy_exec *x, struct buf *b)
{
	for (size_t i = 0; i < x->conf->nsettings; i++) {
		buf_put_str(b, x->conf->settings[i].key);
		buf_put_str(b, x->conf->settings[i].value);
	}
}
