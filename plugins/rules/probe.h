/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: what expressions cost on texts that are made to cost, without waiting for a
 * text that somebody makes.  Not for a worker's start.
 */
#ifndef RULES_PROBE_H
#define RULES_PROBE_H

#include "pack.h"

/* Whether the expression takes more than so many steps of PCRE2 from one place of some
 * text of about so many bytes. */
bool probe_spends(const char *regex, size_t n, size_t bytes, uint32_t steps);

/* Says each expression of the pack that runs away: that on a text of a few bytes does
 * more than the engine allows on any.  Nothing with an end does that, however long.
 * How many there are. */
size_t probe_pack(const struct pack *p, const struct pack_list *protect,
    void (*say)(void *ctx, const char *line), void *ctx);

#endif
