/* SPDX-License-Identifier: Apache-2.0 */
/* table: a growing hash table from text to a few bytes.  Keys are kept as the first
 * 16 bytes of their SHA-256, so a million file names need 40 MB and nobody can choose
 * names that collide. */
#ifndef TOSD_EVIDENCE_TABLE_H
#define TOSD_EVIDENCE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_KEY 16

struct table {
	size_t value; /* bytes of a value; set before first use, the rest zero */
	size_t cap, n;
	uint8_t *slots;
};

/* The value of key or NULL.  Good until the next table_put(). */
void *table_get(const struct table *t, const char *key);
/* The value of key, made all zero if it is new; *is_new may be NULL. */
void *table_put(struct table *t, const char *key, bool *is_new);
/* Each value, in no order: at begins at 0, NULL at the end. */
void *table_each(const struct table *t, size_t *at);
void table_free(struct table *t);

#endif
