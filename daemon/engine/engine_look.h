/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_look: what a document showed to whoever asked, small enough to be kept between
 * two requests, and how two such looks differ.  Pure functions.
 */
#ifndef TOSD_ENGINE_LOOK_H
#define TOSD_ENGINE_LOOK_H

#include "base/buf.h"
#include "engine/engine_window.h"
#include "ipc/msg.h"

struct look {
	struct window w;  /* item: a hash of its identity in the document */
	int64_t *content; /* hash of the content, for each */
};

/* Keys and contents of a document's items, in its order; a true double is there once.
 * keys has room for p->nitems. */
void look_make(const struct msg_polled *p, int64_t *keys, struct look *l);
void look_free(struct look *l);
/* Several can be written one after the other.  Damaged: what there is of it. */
void look_put(const struct look *l, struct buf *b);
void look_get(struct rd *r, struct look *l);

enum how { ONLY_FIRST, ONLY_SECOND, OTHERWISE, HOWS };

struct difference {
	int64_t key, first, second; /* contents, 0 where there is none */
	enum how how;
};
struct differences {
	struct difference *v;
	size_t n;
	bool nothing_shared;
};

void look_compare(const struct look *a, const struct look *b, enum window_order order,
    struct differences *out); /* free(out->v) */
bool look_differs(const struct differences *d);
/* What both rounds found in the same way: x keeps only that. */
void look_common(struct differences *x, const struct differences *y);

/* The first 8 bytes of SHA-256. */
int64_t look_hash(const void *data, size_t n);
/* For sorted lists of numbers. */
int look_number_cmp(const void *a, const void *b);
bool look_in(const int64_t *v, size_t n, int64_t x);

#endif
