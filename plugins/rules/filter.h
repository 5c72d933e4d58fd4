/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: one Hyperscan database over all patterns, compiled once and kept in a cache
 * that all workers share.
 */
#ifndef RULES_FILTER_H
#define RULES_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

struct filter;

/* v[0..n): expressions of filter.  cache_dir NULL or "": no cache.  -1 and w; *bad is
 * then the place of the expression at fault, or -1.  *note: see engine.h. */
int filter_new(const char *const *v, unsigned n, const char *cache_dir,
    struct filter **out, int *bad, const char **note, struct why *w);
void filter_free(struct filter **f);

/* Calls found(ctx, place) once for each expression that may match.  0 or -1. */
int filter_scan(struct filter *f, const char *s, size_t n,
    void (*found)(void *ctx, unsigned place), void *ctx);

#endif
