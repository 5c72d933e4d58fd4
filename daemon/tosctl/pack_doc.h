/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_doc: rule packs as documents, for comparing what is written in them.  Whether a
 * pack is right is the plugin's to say; here a pack is read as far as its form goes.
 */
#ifndef TOSD_TOSCTL_PACK_DOC_H
#define TOSD_TOSCTL_PACK_DOC_H

#include <jansson.h>

#include "base/err.h"

/* All packs of a folder, or the one pack NAME.conf, by name:
 *
 *   { NAME: { "pack": {...}, "clauses": { ID: TEXT }, "lists": { NAME: { "kind", "words" } },
 *     "contexts": { NAME: {...} }, "rules": { ID: {...} }, "tests": { KIND: [...] } } }
 *
 * with the lists and contexts of included files.  The caller decrefs. */
int pack_doc_read(const char *path, json_t **out, struct err *e);

/* What differs, as it is printed: one object a pack and a rule, in order of their names.
 * *unraised: rules that mean something else under the same `rev'; a pack that differs at
 * all and has the same `version' says so in its object. */
json_t *pack_doc_diff(const json_t *a, const json_t *b, unsigned *unraised);

#endif
