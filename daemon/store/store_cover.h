/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cover: whether all that a feed showed was read, a part of the store's interface
 * (store.h says how rows and errors are owned).
 *
 *   coverage  one row a feed: its last reading and what was spent today
 *   errand    a request that is wanted beside the polls; due until it was answered, so
 *	       that a crash asks again
 *   sighting  posts that are not simply visible and unchanged
 *   away	 when the daemon was not running
 */
#ifndef TOSD_STORE_COVER_H
#define TOSD_STORE_COVER_H

#include "store/store.h"

struct store_coverage {
	int64_t id; /* the feed's */
	char tenant[STORE_KEY];
	int64_t since;	 /* first asked */
	int64_t read;	 /* last reading (a 200 with its items) */
	int64_t readings;
	int64_t falling, rising; /* readings that told that new posts come first, last */
	struct buf window;	 /* the last reading, as the engine packs it */
	/* Spent on this day (ms / CLOCK_DAY). */
	int64_t day, pages, bytes, filled, texts;
	int64_t shared;	 /* posts of the last reading that share their id with others */
	int64_t lost;	 /* gaps that could not be walked */
	int64_t seconds; /* comparisons with a second look so far */
	int64_t media;	 /* asked for on this day */
	int64_t cloaked, stale; /* when that was last found; CLOCK_NONE: never */
};
void store_coverage_init(struct store_coverage *c);
void store_coverage_clear(struct store_coverage *c);
int store_coverage_get(struct store *s, int64_t feed, struct store_coverage *out,
    struct err *e); /* TOSD_ENOENT */
/* Makes the row, or changes it. */
int store_coverage_put(struct store *s, const struct store_at *at,
    const struct store_coverage *c, struct err *e);

enum store_errand_kind {
	ERRAND_OLDER,	/* older pages, until they meet what is known */
	ERRAND_FILL,	/* older pages of a feed's whole history */
	ERRAND_MORE,	/* a further document that the feed names */
	ERRAND_PAGE,	/* the text of a post that the feed only points at */
	ERRAND_CONFIRM, /* the page of a post that is missing */
	ERRAND_AGAIN,	/* the feed once more, for posts that seem missing */
	ERRAND_SECOND,	/* the feed as somebody else */
	ERRAND_MEDIA,	/* digests of a revision's media, before it is inspected */
	ERRAND_COUNT,
};
struct store_errand {
	int64_t id;
	int64_t feed;
	char tenant[STORE_KEY];
	uint8_t kind;
	char *name; /* unique for feed and kind */
	char *url;  /* NULL: the feed's */
	int64_t item;
	int64_t due; /* CLOCK_NONE: done, kept so that it is not done again */
	uint32_t attempts;
	uint32_t stage;
	int64_t pages, bytes; /* spent */
	int64_t since, until; /* of a gap */
	int64_t mark;	      /* date of what was last read there; of a gap: the
			       * first item that is new, `item' being the last known */
	int64_t entry;	      /* ledger index of what it goes on from, 0: none */
	char *etag, *last_modified, *body_hash;
	struct buf data;
};
void store_errand_init(struct store_errand *x);
void store_errand_clear(struct store_errand *x);
/* TOSD_EEXIST by feed, kind and name. */
int store_errand_add(struct store *s, const struct store_at *at, struct store_errand *x,
    struct err *e);
int store_errand_update(struct store *s, const struct store_at *at,
    const struct store_errand *x, struct err *e);
int store_errand_drop(struct store *s, const struct store_at *at, int64_t id,
    struct err *e);
int store_errand_get(struct store *s, int64_t id, struct store_errand *out,
    struct err *e);
int store_errand_find(struct store *s, int64_t feed, enum store_errand_kind kind,
    const char *name, struct store_errand *out, struct err *e); /* TOSD_ENOENT */
/* Rows of this kind that are not done. */
int64_t store_errand_count(struct store *s, int64_t feed, enum store_errand_kind kind);
typedef int store_errand_fn(void *ctx, const struct store_errand *x);
/* What is due, oldest first; not of these two tenants ("": nobody), but for media that
 * are waited for no longer. */
int store_errand_each_due(struct store *s, int64_t now, const char *const but[2],
    size_t limit, store_errand_fn *fn, void *ctx);
/* All of one feed and kind, those that are done too. */
int store_errand_each(struct store *s, int64_t feed, enum store_errand_kind kind,
    store_errand_fn *fn, void *ctx);
int64_t store_errand_next(struct store *s); /* CLOCK_NONE: none */

enum store_sight {
	SIGHT_VISIBLE,	/* listed again after it was only unlisted */
	SIGHT_EDITED,	/* listed, with another content than at first */
	SIGHT_UNLISTED, /* gone from its feed while its page is there */
	SIGHT_MISSING,	/* gone from its feed; its page does not tell */
	SIGHT_REMOVED,
	SIGHT_RETURNED, /* listed again after it was missing or removed */
	SIGHT_COUNT,
};
struct store_sighting {
	int64_t id; /* the item's */
	int64_t feed;
	char tenant[STORE_KEY];
	uint8_t state;
	int64_t since;
	int64_t gone; /* first reading without it; CLOCK_NONE while it is listed */
	char *how;    /* what decided */
	int64_t entry;
};
void store_sighting_clear(struct store_sighting *x);
int store_sighting_get(struct store *s, int64_t item, struct store_sighting *out,
    struct err *e); /* TOSD_ENOENT */
int store_sighting_put(struct store *s, const struct store_at *at,
    const struct store_sighting *x, struct err *e);
typedef int store_sighting_fn(void *ctx, const struct store_sighting *x);
/* tenant NULL: of all; ordered by item. */
int store_sighting_each(struct store *s, const char *tenant, store_sighting_fn *fn,
    void *ctx);
int64_t store_sighting_count(struct store *s, int64_t feed, enum store_sight state);

int store_away_add(struct store *s, int64_t from, int64_t to, struct err *e);
typedef int store_away_fn(void *ctx, int64_t from, int64_t to);
/* Those that overlap [from, to). */
int store_away_each(struct store *s, int64_t from, int64_t to, store_away_fn *fn,
    void *ctx);

#endif
