/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: a model endpoint of the configuration as the client sees it.  The fetch role
 * and tosctl ask in the same way.
 */
#ifndef TOSD_FETCH_ENDPOINT_H
#define TOSD_FETCH_ENDPOINT_H

#include <stdint.h>

#include "conf/conf.h"
#include "fetch/client.h"

/* The limits of a client that asks this endpoint and nobody else; strings and ranges stay
 * those of `fetch' and p. */
void fetch_endpoint_conf(struct conf_fetch *to, const struct conf_fetch *fetch,
    const struct conf_endpoint *p);

/* Where questions of this kind (enum ask_kind) are posted to; xmalloc'd. */
char *fetch_endpoint_url(const struct conf_endpoint *p, uint8_t kind);

/* What to say of an answer that is none, with the server's own words where it has some;
 * xmalloc'd, one line of UTF-8. */
char *fetch_endpoint_words(const struct fetch_result *r);

#endif
