/* SPDX-License-Identifier: Apache-2.0 */
/* entry: one line of a list: what is looked for, and its options. */
#ifndef LISTS_ENTRY_H
#define LISTS_ENTRY_H

#include "canon.h"
#include "list.h"

struct entry {
	struct canon key; /* key and len alone */
	bool has_option;
	bool odd; /* a star stands where it stands for nothing */
	struct list_option option;
};

/* Reads the line; NULL, or why it is no entry and what to do.  entry_clear() after. */
const char *entry_read(struct entry *e, enum list_kind kind, const char *s, size_t n);
void entry_clear(struct entry *e);

#endif
