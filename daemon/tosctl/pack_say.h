/* SPDX-License-Identifier: Apache-2.0 */
/* pack_say: what differs between packs (pack_doc_diff), for people, on standard output. */
#ifndef TOSD_TOSCTL_PACK_SAY_H
#define TOSD_TOSCTL_PACK_SAY_H

#include <jansson.h>
#include <stddef.h>

/* One difference, with all that belongs to it. */
void pack_say_change(const json_t *o);

/* A text; what would move a terminal is escaped, as log lines are. */
void pack_say(const char *s);
/* The same, of at most so many characters. */
void pack_say_short(const char *s, size_t most);

#endif
