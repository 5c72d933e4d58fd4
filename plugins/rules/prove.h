/* SPDX-License-Identifier: Apache-2.0 */
/* prove: the tests of a pack, run before it may judge anything. */
#ifndef RULES_PROVE_H
#define RULES_PROVE_H

#include "engine.h"

/* Runs all tests of p with e, an engine that holds p alone.  -1 and "file:line: what"
 * for the first test that fails, or for a rule that no test shows at work. */
int prove_pack(struct engine *e, const struct pack *p, struct why *w);

/* Whether fast (with a filter, over all packs) says of the tests of p what slow (the
 * same without a filter) says.  -1 and w where they differ. */
int prove_filter(struct engine *fast, struct engine *slow, const struct pack *p,
    struct why *w);

#endif
