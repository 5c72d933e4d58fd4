/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: why rules find something in a text, or do not, in lines for people.  Each begins
 * with "why: "; the last one says which rules find it.
 */
#ifndef RULES_EXPLAIN_H
#define RULES_EXPLAIN_H

#include "engine.h"

/* e: one that has PCRE2 look for every pattern, not sealed.  names: rules or packs, with
 * blanks between, "" for all.  What has expired by today finds nothing in it.  -1 and w: a
 * name is none, or the text could not be judged. */
int explain(struct engine *e, const char *text, const char *names, int64_t today,
    void (*say)(void *ctx, const char *line), void *ctx, struct why *w);

#endif
