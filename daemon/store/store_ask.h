/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ask: questions of plugins to model endpoints, the answers that are kept, which
 * revisions they are about, and what was spent on them.  Part of the interface of
 * store.h.  A question is known by its key (msg_question_key()) and asked once, whoever
 * it is about; whose post brought it first is noted for the budgets alone.
 */
#ifndef TOSD_STORE_STORE_ASK_H
#define TOSD_STORE_STORE_ASK_H

#include "store/store.h"

enum store_ask_state {
	ASK_OPEN,     /* to be asked, or under way */
	ASK_ANSWERED,
	ASK_FAILED,   /* there was no answer: why; `due' says when it may be tried anew */
	ASK_EXPIRED,  /* answered so long ago that nobody is given it any more; the row says
		       * what rests on it, and its key is no question's */
};

struct store_ask {
	int64_t id;
	char key[DIGEST_HEX];
	char *endpoint;
	uint32_t kind; /* enum ask_kind */
	char *model, *prompt;
	enum store_ask_state state;
	uint32_t attempts;
	int32_t status; /* of HTTP, once answered */
	int64_t since;	/* when it was first asked for */
	int64_t due;	/* open: when to send it, CLOCK_NONE: it is under way */
	int64_t time;	/* when it was answered or failed */
	int64_t tokens; /* that the endpoint says it took */
	int64_t entry;	/* ledger index of the answer; -1: none */
	char *file;	/* of the answer, in the vault */
	char *why;
	char payer[STORE_KEY]; /* on whose share it was asked; "": nobody's */
	int64_t turn;	       /* open ones are sent in this order */
	struct buf question; /* empty once it is answered */
	struct buf answer;
};
void store_ask_clear(struct store_ask *a);
typedef int store_ask_fn(void *ctx, const struct store_ask *row);

int store_ask_by_key(
    struct store *s, const char *key, struct store_ask *out, struct err *e);
int store_ask_get(struct store *s, int64_t id, struct store_ask *out, struct err *e);
int store_ask_by_entry(
    struct store *s, int64_t entry, struct store_ask *out, struct err *e);
/* Adds it where its id is 0. */
int store_ask_put(struct store *s, struct store_ask *a, struct err *e);
/* Open ones of an endpoint that are due, by their turn, at most max. */
int store_ask_due(struct store *s, const char *endpoint, int64_t now, size_t max,
    store_ask_fn *fn, void *ctx);
/* When the next one of that endpoint is due; CLOCK_NONE if none is. */
int64_t store_ask_next(struct store *s, const char *endpoint);
/* After a restart: what was under way is due. */
int store_ask_reset(struct store *s, int64_t due, struct err *e);
/* Forgets the answer that lies in this file of the vault: erased (privacy).  Whoever needs
 * it asks again. */
int store_ask_erase(struct store *s, const char *file, struct err *e);
/* The same with a question that is still open: it is not asked, until somebody brings it
 * anew after `due'. */
int store_ask_unask(struct store *s, int64_t id, int64_t due, struct err *e);
/* The answer is handed out no more; its bytes leave the store. */
int store_ask_expire(struct store *s, int64_t id, struct err *e);
/* The same of those of an endpoint that were given before, the oldest, at most max. */
int store_ask_expire_old(struct store *s, const char *endpoint, int64_t before,
    size_t max, struct err *e);
/* How many are open. */
int64_t store_ask_count(struct store *s);

/* The question is about this revision, too. */
int store_ask_link(struct store *s, int64_t ask, int64_t revision, struct err *e);
/* Questions about a revision, in the order in which they were asked. */
int store_ask_of(struct store *s, int64_t revision, store_ask_fn *fn, void *ctx);
/* Revisions that the question is about and that have a row of `retry': they wait. */
int store_ask_waiting(struct store *s, int64_t ask,
    int (*fn)(void *ctx, int64_t revision, const char *tenant), void *ctx);

/* What was spent at an endpoint on a day (days since 1970, UTC). */
struct store_spent {
	int64_t requests, bytes, tokens;
};
void store_spent_get(
    struct store *s, const char *endpoint, int64_t day, struct store_spent *out);
int store_spent_add(struct store *s, const char *endpoint, int64_t day,
    const struct store_spent *more, struct err *e);

/* The same on account of one tenant; refused: questions that were not asked because its share
 * was spent. */
struct store_share {
	int64_t id;
	char *endpoint;
	int64_t day;
	char tenant[STORE_KEY];
	struct store_spent spent;
	int64_t refused;
};
/* All 0 where nothing was spent; endpoint is not set. */
void store_share_get(struct store *s, const char *endpoint, int64_t day,
    const char *tenant, struct store_share *out);
/* Adds spent and refused. */
int store_share_add(struct store *s, const struct store_at *at,
    const struct store_share *more, struct err *e);
typedef int store_share_fn(void *ctx, const struct store_share *row);
int store_share_each(
    struct store *s, const char *endpoint, int64_t day, store_share_fn *fn, void *ctx);
int store_share_drop(struct store *s, int64_t before, struct err *e); /* this day */

/* A finding that people are to look at: a model's, or one of a canary. */
struct store_advice {
	int64_t id;
	int64_t revision, item;
	char tenant[STORE_KEY];
	struct finding finding;
	int64_t time;
	char *url;
	int32_t state; /* enum store_review (store_rule.h) */
};
typedef int store_advice_fn(void *ctx, const struct store_advice *row);
/* Those that wait, the oldest first; all: those as well of which a person has spoken, the
 * newest first.  At most max; only those of that tenant, if it is not NULL. */
int store_advice_each(struct store *s, const char *tenant, bool all, size_t max,
    store_advice_fn *fn, void *ctx);

#endif
