/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lent: what plugins are lent of an item, and a copy of it.  A plugin that is an object gets
 * pointers into our memory, and may write there by mistake; the plugins after it must not
 * judge what it has left, nor must that go on record.
 *
 * A copy and a comparison are a few hundred bytes an item, less than any look at them costs.
 */
#ifndef TOSD_POLICY_LENT_H
#define TOSD_POLICY_LENT_H

#include "base/buf.h"
#include "policy/face.h"
#include "policy/host.h"

struct policy_lent_part {
	char *at;
	size_t len;
};

struct policy_lent { /* all zero at first */
	struct policy_lent_part *v;
	size_t n, room;
	struct buf copy; /* all parts, one after the other */
};

/* Keeps a copy of the item, of the answers to questions about it and of what was found in it
 * so far; in place of the one before. */
void policy_lent_keep(
    struct policy_lent *l, struct tosd_item *item, const struct policy_ask *a);
/* Puts back what has been changed since; true: something had been. */
bool policy_lent_restore(const struct policy_lent *l);
void policy_lent_free(struct policy_lent *l);

#endif
