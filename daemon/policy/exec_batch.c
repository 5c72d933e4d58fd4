/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_batch: a batch of items before a program: how many it has in hand, what it is
 * sent when, and whose deadline is over; see exec.h.  Its life and losses: exec.c.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "policy/exec_in.h"

#define UNSENT_MAX (256u << 10) /* items are queued no further than this */

static unsigned
window(const struct policy_exec *x)
{
	return x->hello.max_inflight < x->conf->window ? x->hello.max_inflight
						       : x->conf->window;
}

static void
send_job(struct policy_exec *x, struct exec_job *j, int64_t now)
{
	const struct tosd_host *h = x->face->table;
	struct exec_item it;

	/* A number whose place is taken by one that is long in hand is left out. */
	while (x->slot[x->seq % EXEC_SLOTS] != NULL)
		x->seq++;
	it = (struct exec_item){.seq = x->seq++,
	    .deadline = x->conf->deadline,
	    .as_of = j->item->time,
	    .want = x->hello.want,
	    .text = h->field(h, j->item, TOSD_TEXT),
	    .lang = h->field(h, j->item, TOSD_LANG),
	    .url = h->field(h, j->item, TOSD_URL),
	    .links = j->item->it->links,
	    .nlinks = j->item->it->nlinks,
	    .media = j->item->it->media,
	    .nmedia = j->item->it->nmedia};

	if (it.want & EXEC_AUTHOR)
		it.author = h->field(h, j->item, TOSD_AUTHOR);
	if (it.want & EXEC_TENANT)
		it.tenant = h->field(h, j->item, TOSD_TENANT);
	exec_put_item(exec_child_out(x->child), &it);
	j->seq = it.seq;
	j->sent = now;
	j->deadline = now + x->conf->deadline;
	j->state = EXEC_FLYING;
	j->alone = x->flying == 0;
	j->due = false;
	x->waiting--;
	if (j->deadline < x->soonest)
		x->soonest = j->deadline;
	x->slot[j->seq % EXEC_SLOTS] = j;
	x->flying++;
	for (size_t i = 0; x->flying == 2 && i < x->njobs; i++)
		x->jobs[i].alone &= x->jobs[i].state != EXEC_FLYING;
}

/* Half a window at a time, so that both sides have more than one line to read. */
static void
send_jobs(struct policy_exec *x, int64_t now)
{
	size_t i = x->next;

	if (x->waiting == 0 || x->flying > window(x) / 2)
		return;
	for (; i < x->njobs && x->flying < window(x) &&
	       exec_child_unsent(x->child) < UNSENT_MAX;
	     i++)
		if (x->jobs[i].state == EXEC_WAITING && now >= x->jobs[i].not_before)
			send_job(x, &x->jobs[i], now);
	/* Those that it was too busy for are behind; they are looked for again. */
	x->next = i;
	if (x->next == x->njobs && x->flying == 0)
		x->next = 0;
}

/* Notes who is past its deadline, and when somebody will be next; the first of them. */
static struct exec_job *
look_due(struct policy_exec *x, int64_t now)
{
	struct exec_job *first = NULL;

	x->soonest = INT64_MAX;
	for (size_t i = 0; i < x->njobs; i++) {
		struct exec_job *j = &x->jobs[i];

		if (j->state != EXEC_FLYING)
			continue;
		if (now < j->deadline) {
			x->soonest =
			    j->deadline < x->soonest ? j->deadline : x->soonest;
			continue;
		}
		x->due += !j->due;
		j->due = true;
		if (first == NULL || j->seq < first->seq)
			first = j;
	}
	return first;
}

/* The program has spoken since these were due: they alone are late, with one loss and
 * one line. */
static void
lose_late(struct policy_exec *x, const char *why, int64_t now)
{
	const struct exec_job *first = NULL;
	char *words, *line;
	size_t n = 0;

	for (size_t i = 0; i < x->njobs; i++) {
		struct exec_job *j = &x->jobs[i];

		if (j->state != EXEC_FLYING || !j->due || x->heard < j->deadline)
			continue;
		first = first == NULL || j->seq < first->seq ? j : first;
		exec_settle(x, j, EXEC_LOST, why, EXEC_DELAY);
		n++;
	}
	if (n == 0)
		return;
	words = exec_words(x, first, n);
	line = xasprintf(
	    "no answer about %s within %lld ms", words, (long long)x->conf->deadline);
	exec_say(x, line);
	free(line);
	free(words);
	x->stats.complaints++;
	exec_lose_late(x, now);
}

/* Past its deadline: whether the item alone is late or the program stuck shows in what
 * it says next, and at the latest when it has said nothing for a whole deadline. */
static void
expire(struct policy_exec *x, int64_t now)
{
	int64_t stuck = x->heard + x->conf->deadline;
	const struct exec_job *first;
	char why[80];

	if (now < x->soonest || (first = look_due(x, now)) == NULL)
		return;
	snprintf(
	    why, sizeof(why), "no answer within %lld ms", (long long)x->conf->deadline);
	if (now >= stuck || x->flying == 1) {
		exec_lose(x, first, why, now);
		return;
	}
	lose_late(x, why, now);
	if (x->due > 0 && stuck < x->soonest)
		x->soonest = stuck;
}

void
policy_exec_begin(struct policy_exec *x, struct exec_job *v, size_t n)
{
	int64_t now = clock_steady();

	x->jobs = v;
	x->njobs = n;
	x->next = x->flying = x->waiting = x->due = 0;
	x->soonest = INT64_MAX;
	x->heard = now;
	for (size_t i = 0; i < n; i++)
		x->waiting += v[i].state == EXEC_WAITING;
	exec_live(x, now);
	/* One that is just starting is not waited for: others have work to do. */
	if (x->state == EXEC_IS_UP)
		return;
	for (size_t i = 0; i < n; i++)
		if (v[i].state == EXEC_WAITING)
			exec_settle(x, &v[i], EXEC_DOWN,
			    x->state == EXEC_IS_GREETING ? "is just starting"
							 : "is down",
			    x->state == EXEC_IS_DOWN && x->begin > now ? x->begin - now
								       : 200);
}

bool
policy_exec_step(struct policy_exec *x, bool no_more)
{
	int64_t now = clock_steady();

	if (x->child != NULL)
		exec_hear(x, now);
	if (x->child != NULL && x->state == EXEC_IS_UP && !no_more)
		send_jobs(x, now);
	if (x->child != NULL)
		exec_child_flush(x->child);
	if (x->child != NULL)
		expire(x, now);
	return x->flying > 0 || (!no_more && x->waiting > 0);
}

bool
policy_exec_full(const struct policy_exec *x)
{
	return x->flying > 8 && x->flying > window(x) / 2 &&
	       exec_child_unsent(x->child) == 0;
}

size_t
policy_exec_poll(const struct policy_exec *x, struct pollfd *v, int64_t *until)
{
	if (x->child == NULL)
		return 0;
	if (x->flying > 0 && x->soonest < *until)
		*until = x->soonest;
	if (x->waiting > 0 && x->flying == 0 && x->again < *until)
		*until = x->again;
	return exec_child_poll(x->child, v);
}

void
policy_exec_end(struct policy_exec *x)
{
	for (size_t i = 0; i < x->njobs; i++) {
		struct exec_job *j = &x->jobs[i];

		if (j->state == EXEC_WAITING)
			exec_settle(x, j, EXEC_DOWN, "was not reached in time", 0);
		policy_report_sort(&j->report);
	}
	x->jobs = NULL;
	x->njobs = 0;
}
