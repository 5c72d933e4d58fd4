/* SPDX-License-Identifier: Apache-2.0 */
/* engine_ask: what engine_ask.c (questions), engine_answer.c (answers) and engine_budget.c share. */
#ifndef TOSD_ENGINE_ENGINE_ASK_H
#define TOSD_ENGINE_ENGINE_ASK_H

#include "engine/engine_in.h"
#include "store/store_ask.h"

/* What is known of an endpoint while we run; made where it is not. */
struct engine_endpoint *engine_ask_endpoint(struct engine *g, const char *name);
void engine_ask_put(struct engine *g, struct store_ask *a);
/* Whoever waits for it is inspected again. */
void engine_ask_wake(struct engine *g, const struct store_ask *a);
/* It stays without an answer; after `again' another post may have it asked anew. */
void engine_ask_fail(struct engine *g, struct store_ask *a, const char *why,
    int64_t again, int64_t now);

/* --- engine_budget.c --- */

/* In words which part of the day's budget is used up (xmalloc'd); NULL: there is some
 * left. */
char *engine_budget_spent(struct engine *g, const struct conf_endpoint *p, int64_t now);
/* ... which is said once a day. */
void engine_budget_say(
    struct engine *g, const char *endpoint, const char *why, int64_t now);
/* A new question of so many bytes on account of this tenant: charges it and gives its turn.
 * False: its share is spent, *why (xmalloc'd, replaced) says so. */
bool engine_budget_take(struct engine *g, const struct conf_endpoint *p,
    const char *tenant, size_t bytes, int64_t *turn, char **why, int64_t now);
/* What a question cost beyond that; tenant "": nobody's. */
void engine_budget_charge(struct engine *g, const char *endpoint, const char *tenant,
    const struct store_spent *more, int64_t now);

#endif
