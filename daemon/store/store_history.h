/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_history: what was seen, read again in the order in which it was seen, and how
 * much of it is still there; a part of the store's interface (store.h says how rows and
 * errors are owned).
 *
 * Rows of revisions stay for ever: they are the denominators.  Their texts are let go
 * after a while (engine_keep.c): first those in which nothing was found, but for a
 * sample of them, then the sample, then those with findings.  Each of these periods ends
 * at a revision, its mark, since numbers rise with time.  What a mark has passed and
 * could not let go yet is kept back until it can.
 */
#ifndef TOSD_STORE_HISTORY_H
#define TOSD_STORE_HISTORY_H

#include "store/store.h"

/* A share in parts of a million: a whole number, so that all machines draw the same. */
#define STORE_SHARE_ALL 1000000u
/* Whether a revision is part of a sample of that share.  The digest decides, so that
 * whoever reads the store later draws the same again. */
bool store_sampled(const char *digest, uint32_t share);

/* --- what is kept --- */

enum store_mark {
	MARK_WHOLE,  /* up to here only findings and a sample are left */
	MARK_SAMPLE, /* up to here the sample is gone as well */
	MARK_FOUND,  /* up to here nothing is left */
	MARK_COUNT,
};
/* The last revision that the mark has passed and when that was seen; 0 and CLOCK_NONE
 * while it has passed none. */
struct store_mark_at {
	int64_t revision, seen;
};
int store_mark_get(
    struct store *s, enum store_mark mark, struct store_mark_at *out, struct err *e);
int store_mark_set(struct store *s, const struct store_at *at, enum store_mark mark,
    const struct store_mark_at *v, struct err *e);

/* Which share of the revisions up to there is kept where MARK_WHOLE has passed: one row
 * for each share in turn. */
struct store_thinned {
	int64_t upto; /* the last revision of this range */
	uint32_t share;
};
/* The range that ends at the newest revision passed grows to `upto', or a new one with
 * another share begins. */
int store_thinned_grow(struct store *s, const struct store_at *at, int64_t upto,
    uint32_t share, struct err *e);
/* The share of the range in which the revision lies. */
uint32_t store_thinned_share(struct store *s, int64_t revision);
typedef int store_thinned_fn(void *ctx, const struct store_thinned *t);
int store_thinned_each(struct store *s, store_thinned_fn *fn, void *ctx);

/* A revision as a mark finds it; seen: not later than those after it, where the clock was
 * ahead for a while. */
struct store_kept {
	int64_t id, item, feed, seen;
	char digest[DIGEST_HEX];
	char tenant[STORE_KEY];
	bool text;    /* it has its text */
	bool found;   /* something was found in it */
	bool newest;  /* of its item */
	bool pending; /* not inspected yet */
	/* A violation of it is looked at again, or its case is open or on hold. */
	bool cited;
};
typedef int store_kept_fn(void *ctx, const struct store_kept *k);
/* Revisions above `after` that were seen before `before`, by number, at most max; the
 * walk ends at the first one seen later. */
int store_kept_each(struct store *s, int64_t after, int64_t before, size_t max,
    store_kept_fn *fn, void *ctx);
/* Lets the text go: what is left of the body is what an item needs to be known by
 * (id, address, dates, flags, with ITEM_LET_GO). */
int store_text_drop(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e);
/* Revisions that were passed and could not be let go, by number above `after`. */
int store_back_add(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e);
int store_back_drop(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e);
int store_back_each(
    struct store *s, int64_t after, size_t max, store_kept_fn *fn, void *ctx);

/* --- reading it again --- */

struct store_past_found {
	char *rule;
	uint32_t rev;
	enum finding_mode mode;
	double score;
	bool counts;
};
enum store_text { TEXT_KEPT, TEXT_LET_GO, TEXT_ERASED };
struct store_past {
	int64_t id, item;
	uint32_t n; /* 1, 2, ... within the item */
	int64_t seen, time;
	char tenant[STORE_KEY];
	char digest[DIGEST_HEX];
	enum store_inspect state;
	enum store_text text;
	struct item body; /* TEXT_KEPT */
	struct store_past_found *found; /* what is on record */
	size_t nfound;
};
typedef int store_past_fn(void *ctx, const struct store_past *p);
/* Revisions in (after, upto] by number; tenant NULL: of all.  Other connections may
 * write meanwhile: one call sees one state. */
int store_past_each(struct store *s, int64_t after, int64_t upto, const char *tenant,
    store_past_fn *fn, void *ctx, struct err *e);
int64_t store_past_last(struct store *s); /* the newest revision; 0: none */
/* The number before the first revision seen at `seen` or later. */
int64_t store_past_after(struct store *s, int64_t seen);
/* When a revision was seen; CLOCK_NONE: there is none with that number or above. */
int64_t store_past_seen(struct store *s, int64_t id);
/* When the item was first found removed, CLOCK_NONE: it was not, as far as is known. */
int64_t store_past_gone(struct store *s, int64_t item);

#endif
