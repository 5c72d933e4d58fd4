/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: one Hyperscan database over many strings or expressions, compiled once and
 * kept in a cache that all workers share.
 */
#ifndef RULES_FILTER_H
#define RULES_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

struct filter;

enum filter_kind {
	FILTER_REGEXES, /* UTF-8, may match too much, see HS_FLAG_PREFILTER */
	FILTER_STRINGS	/* ASCII, taken literally */
};

/* v[0..n): what to look for, without regard to case.  cache_dir NULL or "": no cache.  -1 and w; *bad is
 * then the place of the expression at fault, or -1.  *note: see engine.h. */
int filter_new(const char *const *v, unsigned n, enum filter_kind kind,
    const char *cache_dir, struct filter **out, int *bad, const char **note,
    struct why *w);
void filter_free(struct filter **f);

/* Calls found(ctx, place) once for each of them that may match.  0 or -1. */
int filter_scan(struct filter *f, const char *s, size_t n,
    void (*found)(void *ctx, unsigned place), void *ctx);

#endif
