/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: rules compiled and asked.  Words and phrases are found in the words of a text;
 * of an expression, what it cannot do without is looked for first (index.h), and PCRE2
 * confirms.  An engine made slow has PCRE2 look for every pattern in every text, which
 * is the oracle that the fast way is tested against.
 */
#ifndef RULES_ENGINE_H
#define RULES_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "letters.h"
#include "meter.h"
#include "pack.h"

#define ENGINE_PATTERNS 200000
#define ENGINE_SPANS 16		/* of one rule in one text */
#define ENGINE_TEXT_MAX (1u << 20)
#define ENGINE_STEPS 200000 /* of one pattern on one text, from one place */

struct engine;

struct engine_hit { /* a rule that applies to the text */
	size_t rule; /* number within the engine, in the order of addition */
	struct {
		uint32_t start, end; /* bytes of the text as written */
	} spans[ENGINE_SPANS];
	size_t nspans;
	double score; /* of the patterns that matched, see plugins/README */
};

struct engine_result {
	struct engine_hit *v; /* borrowed until the next check; ascending by rule */
	size_t n;
};

/* l is kept and shared; slow: the oracle. */
struct engine *engine_new(struct letters *l, bool slow);
void engine_free(struct engine **e);

/* Compiles all rules of p but retired ones.  p and protect are kept by pointer.
 * -1 and "file:line: rule ...: what" in w, for several of them. */
int engine_add(struct engine *e, const struct pack *p, const struct pack_list *protect,
    struct whys *w);

size_t engine_rules(const struct engine *e);
const struct pack_rule *engine_rule(const struct engine *e, size_t i);
const struct pack *engine_pack(const struct engine *e, size_t i);

/* To be called once after the last engine_add(): builds the index, or takes its dear
 * parts from cache_dir (NULL or "": no cache).  -1 and w; *bad is then the pack at
 * fault, or NULL.  Trouble with the cache is only noted: *note (borrowed) says what, or
 * is NULL. */
int engine_seal(struct engine *e, const char *cache_dir, const struct pack **bad,
    const char **note, struct why *w);

/* How the patterns are looked for, for people. */
struct engine_ways {
	size_t words, needs, strings, expressions;
};
struct engine_ways engine_ways(const struct engine *e);

/* To be filled in before engine_check() by whoever wants to know where time goes. */
struct meter *engine_meter(struct engine *e);

/* Judges n bytes of valid UTF-8.  spend(ctx, units) returns what is left of the budget;
 * NULL: no budget.  0, or -1 and w when not all could be judged; *out holds what was
 * found either way. */
int engine_check(struct engine *e, const char *s, size_t n, int64_t event_time,
    int64_t (*spend)(void *ctx, int64_t units), void *ctx, struct engine_result *out,
    struct why *w);

/* A place where a pattern of a rule matches, and whether that counts. */
struct engine_seen {
	size_t rule;
	const struct pack_pattern *pattern; /* NULL: not known any more, after sealing */
	uint32_t start, end;		    /* bytes of the text as written */
	const struct pack_context *halt; /* what stood against it; NULL: it counts */
	bool missing;			 /* it is one that must be there, and is not */
};
/* From now on fn hears of all of them; one that a second form of the text shows too comes
 * twice.  For people who ask why: an engine that judges items has no use for it. */
void engine_watch(struct engine *e, void (*fn)(void *ctx, const struct engine_seen *s),
    void *ctx);

/* The forms in which the text of the last check was searched; second: NULL if there was
 * but one. */
void engine_forms(const struct engine *e, const char **first, size_t *nfirst,
    const char **second, size_t *nsecond);

/* Why a rule that has not been found in the last check was not, though something of it
 * matched: the name of the context that stood against the last such match, or that was
 * missing there; "" is one of the rule's own.  NULL: nothing matched, or no context was in its way. */
const char *engine_halt(const struct engine *e, size_t rule, bool *missing);

#endif
