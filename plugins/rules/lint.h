/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint: what is allowed in packs but should be looked at, for `tosctl policy lint':
 * patterns that are slow or may run far, rules that find what others find or what other
 * packs say is harmless, what is never used, what has expired, what counts by its pack
 * alone.
 */
#ifndef RULES_LINT_H
#define RULES_LINT_H

#include "engine.h"

/* All packs of the engine e; day is "2027-01-31", to which `expires' is compared.  Each
 * line goes to say(), a warning with file and line. */
void lint_packs(struct engine *e, const struct pack_list *protect,
    struct pack *const *packs, size_t n, const char *day,
    void (*say)(void *ctx, bool warning, const char *line), void *ctx);

/* Which rules have expired, alone. */
void lint_expired(struct pack *const *packs, size_t n, const char *day,
    void (*say)(void *ctx, bool warning, const char *line), void *ctx);

#endif
