/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_report: what somebody reported: which post, through whom, and what came of the
 * look that policy took at it then.  Part of the interface of store.h.  Who reported and
 * why are words of people and lie in the vault alone.
 */
#ifndef TOSD_STORE_STORE_REPORT_H
#define TOSD_STORE_STORE_REPORT_H

#include "store/store.h"

enum store_report_state {
	REPORT_OPEN,	 /* policy has not looked since */
	REPORT_LOOKED,
	REPORT_DEGRADED, /* somebody gave no answer: why */
};

struct store_report {
	int64_t id;
	int64_t item, revision; /* the newest one then */
	char tenant[STORE_KEY];
	enum store_report_state state;
	bool asked;	   /* open: whoever has the revision knows of this report */
	uint32_t attempts; /* workers that died over the look */
	int64_t made, looked;
	int64_t found; /* findings for review in that look */
	char *who;     /* the member of staff */
	char *file;    /* the words, in the vault */
	char *why;
	int64_t entry;
};
void store_report_clear(struct store_report *r);
typedef int store_report_fn(void *ctx, const struct store_report *r);

/* Adds it (id 0, then set), or changes state, asked, attempts, looked, found and why. */
int store_report_put(struct store *s, const struct store_at *at, struct store_report *r,
    struct err *e);
int store_report_get(
    struct store *s, int64_t id, struct store_report *out, struct err *e);
/* The newest first, at most max; tenant NULL: of all. */
int store_report_each(struct store *s, const char *tenant, size_t max,
    store_report_fn *fn, void *ctx);
/* Of an item, oldest first. */
int store_report_of(struct store *s, int64_t item, store_report_fn *fn, void *ctx);
/* Open ones about a revision; 0: about any. */
int store_report_open(
    struct store *s, int64_t revision, store_report_fn *fn, void *ctx);
/* How many there are of an item; 0: of all. */
int64_t store_report_count(struct store *s, int64_t item);
int64_t store_report_waiting(struct store *s); /* that are open */
/* After a restart nobody has anything in hand. */
int store_report_reset(struct store *s, struct err *e);

/* Items with this address among the newest that many, newest first, of each feed the
 * newest and the oldest; of one tenant, by key, or (NULL) of all; *n of them, at most
 * max. */
int store_items_at(struct store *s, const char *url, const char *tenant, int64_t newest,
    int64_t *ids, size_t max, size_t *n, struct err *e);

#endif
