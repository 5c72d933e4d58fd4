/* SPDX-License-Identifier: Apache-2.0 */
/* engine_ask: what engine_ask.c (questions) and engine_answer.c (answers) share. */
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

#endif
