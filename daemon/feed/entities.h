/* SPDX-License-Identifier: Apache-2.0 */
/* entities: named character references of HTML; a constant table. */
#ifndef TOSD_FEED_ENTITIES_H
#define TOSD_FEED_ENTITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_ENTITY_MAX 31 /* the longest name */

/* Bytes 0x80 to 0x9f of windows-1252 (WHATWG Encoding); five stand for themselves. */
extern const uint16_t feed_cp1252[32];

/* The name between & and ; to one or two characters (cp[1] is 0 for one). */
bool feed_entity_find(const char *name, size_t n, uint32_t cp[2]);

/* The longest prefix that HTML also knows without a semicolon ("&copy2004").
 * Returns its length, 0 for none. */
size_t feed_entity_prefix(const char *name, size_t n, uint32_t cp[2]);

#endif
