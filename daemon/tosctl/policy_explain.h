/* SPDX-License-Identifier: Apache-2.0 */
/* policy_explain: why rules find something in a text, or do not. */
#ifndef TOSD_TOSCTL_POLICY_EXPLAIN_H
#define TOSD_TOSCTL_POLICY_EXPLAIN_H

struct policy_args;

/* packs: a folder, or PACK.conf alone; text: "-" is standard input; rules: names of rules
 * and packs, up to a NULL.  0: something finds it, 1: nothing does, 2 usage, 3 cannot, as
 * where a pack does not load: what it would find is not known. */
int policy_explain(
    const struct policy_args *o, const char *packs, const char *text, char **rules);

#endif
