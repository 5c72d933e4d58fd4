/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested: addresses that stand within an address, as those that redirections lead to: in
 * its path, with a scheme; as values of its query and behind a #, without one too; as they
 * stand, with escapes, or in base64; and those in these again.
 */
#ifndef LISTS_NESTED_H
#define LISTS_NESTED_H

#include <stdbool.h>
#include <stddef.h>

#define NESTED_MAX 64 /* within one address; who writes more hides something */
#define NESTED_DEEP 6 /* how often escapes and base64 are undone to come to one */

/* Tells fn of each, of some with another end too; what it is told is lent, and may be any
 * bytes.  False: fn said no, which ends the search, or there are more or deeper ones than
 * are told. */
bool nested_each(const char *s, size_t n,
    bool (*fn)(void *ctx, const char *address, size_t n), void *ctx);

#endif
