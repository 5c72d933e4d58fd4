/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_window: a feed shows a window on a longer list.  What does it mean that a post
 * of the last reading is not in this one?  Pure functions of two readings.
 *
 * A post is only missing if the window still reaches beyond its place: something that
 * stood behind it is there, in its old order, and is not newer by its date.  Where that
 * cannot be shown (shifted out, reordered, a pin taken off), nothing is said.
 */
#ifndef TOSD_ENGINE_WINDOW_H
#define TOSD_ENGINE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	/* Arrived as the newest in its place and moved with the others ever since: its
	 * place counts although its date says otherwise. */
	WINDOW_NATURAL = 1 << 0,
	WINDOW_FRESH = 1 << 1, /* was not known before this reading */
	WINDOW_DOUBT = 1 << 2, /* left: see WINDOW_LEFT */
};

struct window_post {
	int64_t item;		    /* any number that is its own; below zero: of one
				     * reading alone */
	int64_t published, updated; /* CLOCK_NONE: not said */
	int64_t gone; /* first reading without it; CLOCK_NONE while listed */
	uint32_t flags;
};

struct window {
	struct window_post *v; /* in the order of the document */
	size_t n;
};

enum window_order { WINDOW_UNORDERED, WINDOW_FALLING, WINDOW_RISING };
enum window_verdict {
	WINDOW_LISTED,
	WINDOW_MISSING, /* the window reaches beyond its place, and it is not there */
	WINDOW_LEFT,	/* more left than new ones can have pushed out: taken away, or cut
			 * off by age; only its page can tell */
	WINDOW_OUTSIDE, /* cannot be told */
};

/* For each post of `before` one verdict.  Neither list may hold an item twice. */
void window_judge(const struct window *before, const struct window *now,
    enum window_order order, enum window_verdict *out);

/* Whether what was not known before is bounded by what was: nothing can have come and
 * gone between the two readings.  `now` has WINDOW_FRESH set. */
bool window_overlaps(
    const struct window *before, const struct window *now, enum window_order order);

/* What two readings tell of the order: where new posts come in, or else the dates. */
enum window_order window_vote(const struct window *before, const struct window *now);

/* The window to remember: `now`, and in their places the missing ones and those that
 * left (WINDOW_DOUBT), gone since `when` or earlier. */
void window_merge(const struct window *before, const struct window *now,
    const enum window_verdict *verdicts, int64_t when, struct window *out);

void window_free(struct window *w);
void window_add(struct window *w, const struct window_post *p);
/* Of those that are there more than once the first one stays. */
void window_unite(struct window *w);
void window_pack(const struct window *w, struct buf *out);
void window_unpack(const struct buf *in, struct window *out); /* damaged: empty */

#endif
