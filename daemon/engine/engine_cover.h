/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_cover: what the files share that see to it that all is read and nothing is
 * taken for removed that is only out of sight.  Not for other rooms.
 *
 * A poll is taken (engine_take), then judged against the last reading (engine_cover):
 * what is missing goes to engine_removal, a lost overlap to engine_older, pointers and
 * further documents to engine_pointer.  Whatever has to be asked for that is an errand
 * (engine_errand), a row of the store; its answer comes back to the file that wanted it.
 */
#ifndef TOSD_ENGINE_COVER_H
#define TOSD_ENGINE_COVER_H

#include "engine/engine_in.h"
#include "engine/engine_window.h"
#include "store/store_cover.h"

/* --- engine_take.c --- */

/* A document, or a part of one, to be taken into the store. */
struct engine_take {
	const struct store_feed *feed;
	struct item *items;
	uint32_t n;
	int64_t time; /* of the answer */
	int32_t status;
	int fd; /* its bytes, -1: none */
	bool truncated;
	int64_t known; /* posts first seen after this are new to the caller */
	bool pages;    /* the items were read from their pages: no pointers */
	bool apart;    /* shown to others: posts of their own */
	bool events;   /* as they happened: the same id again is an edit, no other post */
	const char *site; /* which the document says it is of; NULL: it does not */
};
struct engine_reading {
	/* Pointers whose pages were not read yet are posts without a row: their number is
	 * below zero, and good for this reading alone. */
	struct window shown;
	unsigned fresh, changed, shared;
	unsigned stale; /* events that tell of an earlier state than is known */
};
/* Everything in it is known, new or a revision.  window_free(&out->shown). */
void engine_take(struct engine *g, const struct engine_take *t,
    struct engine_reading *out, int64_t now);
/* When a post was last changed, as far as it says. */
int64_t engine_take_stamp(const struct item *it);
/* Whether what is known of a post is later than what came. */
bool engine_take_is_later(
    const struct item *known, const struct item *came, int64_t now);
/* A take of the whole answer. */
struct engine_take engine_take_all(const struct store_feed *feed, struct msg *m);

/* --- engine_cover.c --- */

/* The row of a feed, made if there is none; to be cleared. */
void engine_cover_get(
    struct engine *g, const struct store_feed *feed, struct store_coverage *c);
void engine_cover_put(struct engine *g, const struct store_coverage *c);
/* A whole reading of the feed's own document. */
void engine_cover_read(
    struct engine *g, struct store_feed *feed, struct msg *m, int64_t now);
/* These are said to be removed: should the next reading show one, it is listed again. */
void engine_cover_told(struct engine *g, const struct store_feed *feed, int64_t *items,
    size_t n, int64_t when);
enum window_order engine_cover_order(const struct store_coverage *c);
/* Sets back what was spent if another day has begun. */
void engine_cover_day(struct store_coverage *c, int64_t now);
/* Whether a page more may be read of a feed today, of which that much was spent. */
typedef bool engine_cover_may(const struct engine *g, const struct store_coverage *c);
engine_cover_may engine_cover_may_read;
/* CLOCK_NONE if it may be read now, else when to ask again. */
int64_t engine_cover_budget(struct engine *g, const struct store_feed *feed,
    engine_cover_may *may, int64_t now);
/* Counts what was read: pages of the feed, pages of its posts, and the answer's bytes. */
void engine_cover_spend(struct engine *g, const struct store_feed *feed, int64_t pages,
    int64_t texts, const struct msg *m, int64_t now);
/* Bytes of an answer's capture. */
int64_t engine_cover_size(const struct msg *m);
/* Whether b is on the same site as a: same host, or one below the other. */
bool engine_same_site(const char *a, const char *b);
/* The same page but for scheme, www and what ends it. */
bool engine_same_page(const char *a, const char *b);

/* --- engine_errand.c --- */

/* A new errand of this feed; name NULL: "". */
void engine_errand_new(struct store_errand *x, const struct store_feed *feed,
    enum store_errand_kind kind, const char *name);
/* False if there is such a one already. */
bool engine_errand_add(struct engine *g, struct store_errand *x);
void engine_errand_put(struct engine *g, const struct store_errand *x);
void engine_errand_drop(struct engine *g, const struct store_errand *x);
/* Later, after a failure.  False: that was the last attempt. */
bool engine_errand_retry(struct engine *g, struct store_errand *x,
    const struct msg_polled *p, unsigned attempts, int64_t now);

/* One tenant has half of the errands in hand at most, and half of the looks: a host
 * that takes its time, with thousands due, must not keep those of others waiting.
 * most: of all tenants. */
bool engine_share_is_full(
    const struct engine *g, const char *tenant, bool looks, size_t most);
/* Who has as much; "" where there is nobody.  Lent until the next request is sent. */
void engine_share_full(
    const struct engine *g, bool looks, size_t most, const char *full[2]);

/* What is asked for, and what becomes of the answer.  `ask` fills m->poll but for url
 * and tenant, or returns when to try instead.  `answer` keeps or drops x. */
typedef int64_t errand_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now);
typedef void errand_answer(struct engine *g, struct store_errand *x,
    struct store_feed *feed, struct msg *m, int64_t now);

/* --- engine_older.c --- */

/* This reading does not meet the last one, of the time `since`. */
void engine_older_begin(struct engine *g, const struct store_feed *feed,
    struct store_coverage *c, const struct msg_polled *p, const struct window *before,
    const struct window *shown, int64_t since, int64_t now);
void engine_older_fill(
    struct engine *g, const struct store_feed *feed, const struct msg_polled *p);
errand_ask engine_older_ask, engine_fill_ask;
errand_answer engine_older_answer, engine_fill_answer;

/* --- engine_removal.c --- */

void engine_sight_edited(struct engine *g, const struct store_item *item, int64_t when);
/* Listed again: tells what was missing. */
void engine_sight_listed(
    struct engine *g, const struct store_feed *feed, int64_t item, int64_t when,
    int64_t now);
/* Gone from two readings, the first one at `gone`. */
void engine_removal_missing(struct engine *g, const struct store_feed *feed,
    int64_t item, int64_t gone, int64_t when, int64_t now);
/* Gone likewise, but maybe only cut off: no more is known unless its page is gone
 * while that of one of `listed` is there. */
void engine_removal_left(struct engine *g, const struct store_feed *feed, int64_t item,
    int64_t gone, const struct window *listed, int64_t now);
/* The document says that these are removed. */
void engine_removal_told(struct engine *g, const struct store_feed *feed,
    const struct msg_polled *p, const struct window *shown, int64_t now);
errand_ask engine_confirm_ask, engine_again_ask;
errand_answer engine_confirm_answer, engine_again_answer;
const char *engine_sight_name(uint8_t state);

/* --- engine_pointer.c --- */

/* The document points at a post, which has an id and an address: its page will be read
 * if it is not known like this.  True if nothing pointed at it before, or only after
 * t->known. */
bool engine_pointer_want(struct engine *g, const struct store_feed *feed,
    const struct item *it, const struct engine_take *t, int64_t now);
void engine_pointer_more(struct engine *g, const struct store_feed *feed,
    const struct msg_polled *p, uint32_t depth, int64_t now);
errand_ask engine_pointer_ask, engine_more_ask;
errand_answer engine_pointer_answer, engine_more_answer;

/* --- engine_compare.c --- */

/* Sees to it that this feed will be looked at as somebody else. */
void engine_compare_plan(
    struct engine *g, const struct store_feed *feed, struct store_coverage *c, int64_t now);
/* Who is turned away where others are answered: "us", "others", or NULL. */
const char *engine_compare_refused(struct engine *g, int64_t feed);
errand_ask engine_compare_ask;
errand_answer engine_compare_answer;

/* --- engine_media.c --- */

/* Before a revision is inspected: true if digests of its media are to be waited for; it
 * will be queued once they are there or cannot be had. */
bool engine_media_want(
    struct engine *g, const struct store_revision *r, int64_t now);
/* True if nothing is waited for any more: its time is over, or nobody wants them. */
bool engine_media_over(struct engine *g, struct store_errand *x, int64_t now);
errand_ask engine_media_ask;
errand_answer engine_media_answer;

/* --- engine_page.c --- */

/* Whether this page shows the text, or a good part of it. */
bool engine_page_shows(const struct item *page, const char *text);
/* Copies s with each run of white space as one blank; xmalloc'd. */
char *engine_squeeze(const char *s, size_t n);

#endif
