/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier_book: see courier_book.h.  One row per id, found by a walk: a courier sends
 * a few mails a minute, and a hundred thousand rows are walked in less time than one
 * mail server needs to say hello.
 */
#include "notice/courier_book.h"

#include <stdlib.h>
#include <string.h>

enum state {
	IN_HAND,
	WAITING, /* has a result that no engine was given */
	GIVEN,	 /* and kept */
	REGIVE,	 /* the engine that it was given to is gone */
	PAST,	 /* only that and how it went is known */
};

struct row {
	uint64_t id;
	enum state state;
	uint64_t turn; /* order of results */
	struct courier_result r;
};

struct courier_book {
	struct row *v;
	size_t n, cap;
	uint64_t turns;
};

struct courier_book *
courier_book_new(void)
{
	return xcalloc(1, sizeof(struct courier_book));
}

void
courier_book_free(struct courier_book **bp)
{
	struct courier_book *b = *bp;

	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++)
		courier_result_clear(&b->v[i].r);
	free(b->v);
	free(b);
	*bp = NULL;
}

static struct row *
find(const struct courier_book *b, uint64_t id)
{
	for (size_t i = b->n; i-- > 0;)
		if (b->v[i].id == id)
			return &b->v[i];
	return NULL;
}

static bool
may_have_arrived(const struct row *w)
{
	return w->r.outcome == SENT_OK || w->r.outcome == SENT_UNKNOWN;
}

enum courier_book_answer
courier_book_take(struct courier_book *b, uint64_t id)
{
	static const char words[] = "sent before, and not again";
	struct row *w = find(b, id);

	if (w == NULL) {
		if (b->n == b->cap) {
			b->cap = b->cap == 0 ? 64 : b->cap * 2;
			b->v = xrealloc(b->v, b->cap * sizeof(*b->v));
		}
		w = &b->v[b->n++];
		memset(w, 0, sizeof(*w));
		w->id = id;
		w->state = IN_HAND;
		return COURIER_BOOK_SEND;
	}
	if (w->state == IN_HAND)
		return COURIER_BOOK_BUSY;
	if (may_have_arrived(w)) {
		if (w->r.reply == NULL) {
			int64_t then = w->r.time;

			courier_result_set(
			    &w->r, w->r.outcome, w->r.code, words, sizeof(words) - 1);
			w->r.time = then;
		}
		w->turn = ++b->turns;
		w->state = WAITING;
		return COURIER_BOOK_AGAIN;
	}
	courier_result_clear(&w->r);
	w->state = IN_HAND;
	return COURIER_BOOK_SEND;
}

void
courier_book_done_take(struct courier_book *b, struct courier_result *r)
{
	struct row *w = find(b, r->id);

	if (w == NULL || w->state != IN_HAND) { /* not ours: nothing to tell */
		courier_result_clear(r);
		return;
	}
	w->r = *r;
	memset(r, 0, sizeof(*r));
	w->state = WAITING;
	w->turn = ++b->turns;
}

/* The row in one of these states whose result is the oldest; NULL if there is none. */
static struct row *
oldest(const struct courier_book *b, enum state state, enum state other)
{
	struct row *best = NULL;

	for (size_t i = 0; i < b->n; i++)
		if ((b->v[i].state == state || b->v[i].state == other) &&
		    (best == NULL || b->v[i].turn < best->turn))
			best = &b->v[i];
	return best;
}

const struct courier_result *
courier_book_next(const struct courier_book *b)
{
	const struct row *w = oldest(b, WAITING, REGIVE);

	return w == NULL ? NULL : &w->r;
}

void
courier_book_given(struct courier_book *b)
{
	struct row *w = oldest(b, WAITING, REGIVE);
	size_t kept = 0;

	if (w == NULL)
		return;
	w->state = GIVEN;
	for (size_t i = 0; i < b->n; i++)
		kept += b->v[i].state == GIVEN;
	if (kept > COURIER_BOOK_KEPT) {
		w = oldest(b, GIVEN, GIVEN);
		w->state = PAST;
		free(w->r.reply);
		w->r.reply = NULL;
	}
}

void
courier_book_rewind(struct courier_book *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].state == GIVEN && may_have_arrived(&b->v[i]))
			b->v[i].state = REGIVE;
}

uint32_t
courier_book_sending(const struct courier_book *b, uint64_t **ids)
{
	uint32_t n = 0;

	*ids = xcalloc(b->n + 1, sizeof(**ids));
	for (int pass = IN_HAND; pass <= WAITING; pass++)
		for (size_t i = 0; i < b->n; i++)
			if ((int)b->v[i].state == pass)
				(*ids)[n++] = b->v[i].id;
	return n;
}

size_t
courier_book_in_hand(const struct courier_book *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->v[i].state == IN_HAND;
	return n;
}
