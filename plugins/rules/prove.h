/* SPDX-License-Identifier: Apache-2.0 */
/* prove: the tests of a pack, run before it may judge anything. */
#ifndef RULES_PROVE_H
#define RULES_PROVE_H

#include "engine.h"

/* Runs all tests of p with e, which may hold other packs too.  -1 and "file:line: what"
 * for each test that fails, and if none does for each rule that no test shows at work. */
int prove_pack(struct engine *e, const struct pack *p, struct whys *w);

/* Whether fast says of the tests of p what slow, the oracle, says; of at most `most' of
 * them.  -1 and w where they differ. */
int prove_same(struct engine *fast, struct engine *slow, const struct pack *p,
    size_t most, struct why *w);

/* Judges a text as if at the beginning of time, so that no rule has expired. */
int prove_judge(
    struct engine *e, const char *text, struct engine_result *r, struct why *w);

/* A test of what retired rules alone could show is not asked: a rule is retired by one
 * word, and its tests are there when it comes back. */
bool prove_is_over(const struct pack *p, const struct pack_test *t);

#endif
