/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meaning: a digest of what a rule means: of all that decides what it finds and how that
 * counts, and of nothing else.  Its patterns with their weights, the words of the lists
 * and the contexts that it uses, score, least, category, severity and clause; not its
 * mode, reason, owner, expiry or notes, nor the order in which things stand.  The names
 * behind @protected are the operator's and no part of it.
 *
 * Expiry says how long a rule is relied upon, not what it says of a text: what people
 * know of it, labels and approvals, is as true of its next year as of this one, and would
 * be lost at each prolongation if that were another meaning.  That a rule lives longer is
 * a change of its pack, so of the policy's digest, which goes on record.
 *
 * The daemon compares it with what the same rev meant before, so its form never changes:
 * what a later pack may say as well goes into it only where it is said.
 */
#ifndef RULES_MEANING_H
#define RULES_MEANING_H

#include "pack.h"

struct meaning;

/* p is kept by pointer. */
struct meaning *meaning_new(const struct pack *p);
void meaning_free(struct meaning **m);
/* Of a rule of that pack. */
void meaning_rule(struct meaning *m, const struct pack_rule *r, char out[MEM_HEX]);

#endif
