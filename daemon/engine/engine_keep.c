/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_keep: texts are let go when their time is over (configuration, `keep'): first
 * those in which nothing was found, but for a sample; then the sample; then those with
 * findings.  A few rows a turn, so that no turn gets longer by more than some ms.  Rows
 * stay, so that what was seen is counted right for ever, and captures in the vault are
 * not touched.
 *
 * Never let go is what is still to be inspected, what a violation cites that is looked
 * at again or whose case is open or held, and the newest text of a post that its feed
 * still lists: its page may have to be compared with it.  What a mark passes and must
 * not take is kept back and looked at again every day.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine_cover.h"
#include "engine/engine_in.h"
#include "store/store_history.h"

#define ROWS_AT_ONCE 48
#define MORE_AFTER ((int64_t)100) /* ms, while there is more to do */
#define IDLE CLOCK_HOUR
#define TELL_EVERY CLOCK_DAY

/* One walk over some rows. */
struct keep {
	struct engine *g;
	enum store_mark mark;
	int64_t bound; /* no row above this one is looked at */
	uint32_t share;
	struct store_mark_at at; /* the last row passed */
	bool moved;
	int64_t feed; /* of the window below, 0: none yet */
	struct window listed;
};

static uint32_t
share_of(const struct engine *g)
{
	double ppm = g->conf->keep.sample * STORE_SHARE_ALL;

	return ppm >= STORE_SHARE_ALL ? STORE_SHARE_ALL : (uint32_t)(ppm + 0.5);
}

/* Whether the feed's last reading still had it. */
static bool
is_listed(struct keep *k, const struct store_kept *row)
{
	struct store_coverage c;
	struct err e = ERR_INIT;

	if (k->feed != row->feed) {
		window_free(&k->listed);
		memset(&k->listed, 0, sizeof(k->listed));
		k->feed = row->feed;
		store_coverage_init(&c);
		if (engine_must(store_coverage_get(k->g->store, row->feed, &c, &e),
			TOSD_ENOENT, "cannot read a reading", &e) == 0)
			window_unpack(&c.window, &k->listed);
		store_coverage_clear(&c);
	}
	for (size_t i = 0; i < k->listed.n; i++)
		if (k->listed.v[i].item == row->item)
			return true;
	return false;
}

static bool
is_needed(struct keep *k, const struct store_kept *row)
{
	return row->pending || row->cited || (row->newest && is_listed(k, row));
}

static void
let_go(struct keep *k, const struct store_kept *row)
{
	struct store_at at = engine_at(k->g, row->tenant);
	struct err e = ERR_INIT;

	engine_must(store_text_drop(k->g->store, &at, row->id, &e), 0,
	    "cannot let a text go", &e);
	k->g->let_go++;
}

/* Whether the mark leaves it where it is: a later one will take it. */
static bool
stays(const struct keep *k, const struct store_kept *row)
{
	switch (k->mark) {
	case MARK_WHOLE:
		return row->found || store_sampled(row->digest, k->share);
	case MARK_SAMPLE:
		return row->found;
	default:
		return false;
	}
}

static int
pass(void *ctx, const struct store_kept *row)
{
	struct keep *k = ctx;
	struct store_at at = engine_at(k->g, row->tenant);
	struct err e = ERR_INIT;

	if (row->id > k->bound)
		return 1;
	if (row->text && !stays(k, row)) {
		if (is_needed(k, row))
			engine_must(store_back_add(k->g->store, &at, row->id, &e), 0,
			    "cannot keep a text back", &e);
		else
			let_go(k, row);
	}
	k->at = (struct store_mark_at){row->id, row->seen};
	k->moved = true;
	return 0;
}

static struct store_mark_at
mark_of(struct engine *g, enum store_mark mark)
{
	struct store_mark_at at;
	struct err e = ERR_INIT;

	engine_must(
	    store_mark_get(g->store, mark, &at, &e), 0, "cannot read a mark", &e);
	return at;
}

/* Moves a mark over some rows; true: it moved, there may be more. */
static bool
move_mark(struct engine *g, enum store_mark mark, int64_t before, int64_t bound)
{
	struct keep k = {.g = g, .mark = mark, .bound = bound, .share = share_of(g)};
	struct store_mark_at from = mark_of(g, mark);
	struct err e = ERR_INIT;

	engine_walk(
	    store_kept_each(g->store, from.revision, before, ROWS_AT_ONCE, pass, &k));
	window_free(&k.listed);
	if (!k.moved)
		return false;
	if (mark == MARK_WHOLE)
		engine_must(
		    store_thinned_grow(g->store, NULL, k.at.revision, k.share, &e), 0,
		    "cannot keep a share", &e);
	engine_must(store_mark_set(g->store, NULL, mark, &k.at, &e), 0,
	    "cannot keep a mark", &e);
	return true;
}

/* --- what was kept back --- */

static int
look_again(void *ctx, const struct store_kept *row)
{
	struct keep *k = ctx;
	struct store_at at = engine_at(k->g, row->tenant);
	struct err e = ERR_INIT;
	bool waits;

	k->g->keep_back = row->id;
	k->moved = true;
	if (row->text && is_needed(k, row))
		return 0;
	/* What the last mark that passed it would have left. */
	k->mark = row->id <= mark_of(k->g, MARK_FOUND).revision	   ? MARK_FOUND
		  : row->id <= mark_of(k->g, MARK_SAMPLE).revision ? MARK_SAMPLE
								   : MARK_WHOLE;
	k->share = store_thinned_share(k->g->store, row->id);
	waits = !row->text || stays(k, row);
	if (!waits)
		let_go(k, row);
	engine_must(store_back_drop(k->g->store, &at, row->id, &e), 0,
	    "cannot forget what was kept back", &e);
	return 0;
}

/* True: there may be more of today's. */
static bool
look_back(struct engine *g, int64_t now)
{
	struct keep k = {.g = g};

	if (now < g->next_keep_back)
		return false;
	engine_walk(
	    store_back_each(g->store, g->keep_back, ROWS_AT_ONCE, look_again, &k));
	window_free(&k.listed);
	if (!k.moved) {
		g->keep_back = 0;
		g->next_keep_back = now + CLOCK_DAY;
	}
	return k.moved;
}

/* --- on record --- */

static void
add_mark(struct engine *g, json_t *o, const char *key, enum store_mark mark)
{
	struct store_mark_at at = mark_of(g, mark);
	char text[CLOCK_TEXT];

	if (at.revision > 0)
		json_object_set_new(o, key,
		    json_pack("{s:I, s:s}", "upto", (json_int_t)at.revision, "seen",
			clock_format(at.seen, text)));
}

/* Once a day at most, and when all that is due is done: up to where texts were let go,
 * and what share stays. */
static void
tell(struct engine *g, bool idle, int64_t now)
{
	char *told = store_meta_get(g->store, "keep.told"), *text;
	long long when = 0, whole = 0, sample = 0, found = 0;
	int64_t at[MARK_COUNT];
	struct err e = ERR_INIT;
	bool same, due;
	json_t *o;

	if (told != NULL)
		sscanf(told, "%lld %lld %lld %lld", &when, &whole, &sample, &found);
	for (int i = 0; i < MARK_COUNT; i++)
		at[i] = mark_of(g, (enum store_mark)i).revision;
	same = at[MARK_WHOLE] == whole && at[MARK_SAMPLE] == sample &&
	       at[MARK_FOUND] == found;
	/* The first time, when all is done, or after a day if it takes so long; what
	 * was told in a time that has not come, by a clock that was set back, was
	 * before. */
	due = now < when || now - when >= TELL_EVERY ? idle || told != NULL
						     : idle && whole == 0;
	if (same || (told != NULL && !due))
		return free(told);
	if (due) {
		o = json_pack("{s:f}", "share", share_of(g) / (double)STORE_SHARE_ALL);
		add_mark(g, o, "whole", MARK_WHOLE);
		add_mark(g, o, "sample", MARK_SAMPLE);
		add_mark(g, o, "found", MARK_FOUND);
		engine_record(g, "let-go", o, NULL, now);
		text = xasprintf("%lld %lld %lld %lld", (long long)now,
		    (long long)at[MARK_WHOLE], (long long)at[MARK_SAMPLE],
		    (long long)at[MARK_FOUND]);
	} else {
		text = xasprintf("%lld 0 0 0", (long long)now);
	}
	engine_must(store_meta_set(g->store, "keep.told", text, &e), 0,
	    "cannot keep what was told", &e);
	free(text);
	free(told);
}

int64_t
engine_keep_due(struct engine *g, int64_t now)
{
	const struct conf_keep *c = &g->conf->keep;
	bool moved;

	if (now < g->next_keep)
		return g->next_keep;
	moved = move_mark(g, MARK_WHOLE, now - c->texts, INT64_MAX);
	/* A later mark never overtakes the one before it. */
	moved |= move_mark(
	    g, MARK_SAMPLE, now - c->sampled, mark_of(g, MARK_WHOLE).revision);
	moved |=
	    move_mark(g, MARK_FOUND, now - c->found, mark_of(g, MARK_SAMPLE).revision);
	moved |= look_back(g, now);
	tell(g, !moved, now);
	g->next_keep = now + (moved ? MORE_AFTER : IDLE);
	return g->next_keep;
}
