/* SPDX-License-Identifier: Apache-2.0 */
/* engine_in: what the files of engine share. */
#ifndef RULES_ENGINE_IN_H
#define RULES_ENGINE_IN_H

#include "context.h"
#include "ends.h"
#include "engine.h"
#include "index.h"
#include "kit/fold.h"
#include "form.h"
#include "meter.h"
#include "phrase.h"

struct engine_rule {
	const struct pack_rule *src;
	const struct pack *pack;
	int64_t expires; /* as src says */
	size_t contexts; /* where those of its pack begin */
	size_t hit;	 /* place in hits + 1 during a check; 0: none yet */
	double doubt;	 /* during a check: how likely all its matches are wrong */
	double may;	 /* the same if all matched that could */
	unsigned weighed; /* the check in which that was taken */
	unsigned halted;  /* the check in which `halt' was set last */
	size_t halt;	  /* the context that stood against a match, of its pack */
	bool missing;	  /* it was one that must be there, and was not */
};

struct engine_pattern {
	pcre2_code *code; /* NULL: it is a phrase that words are enough for */
	struct phrase *phrase;
	bool regex; /* it was written as an expression */
	double weight;
	uint32_t rule;
	unsigned counted; /* the check in which its weight was last taken */
};

struct engine {
	bool slow;
	bool words; /* some patterns are found by words */
	struct letters *letters;
	struct lexicon *lexicon;
	struct phrases *phrases;
	struct index *index;
	uint32_t *set_atom; /* of each set of phrases, + 1; 0: none yet */
	size_t nset_atom;
	struct engine_rule *rules;
	size_t nrules;
	struct engine_pattern *patterns;
	const struct pack_pattern **written; /* each as its author did, until all are sealed */
	size_t npatterns;
	struct context *contexts;
	int8_t *known; /* of each context over the text: 0 not asked, 1 no, 2 yes ... */
	uint32_t *known_part; /* ... in this part of it, context.h */
	size_t ncontexts;
	struct engine_hit *hits;
	size_t nhits;
	struct engine_ways ways;
	unsigned check; /* number of the present one */
	struct fold fold;
	const char *first; /* the form that is searched first: fold.len bytes */
	struct ends *ends;
	struct tokens tokens;
	struct tokens part; /* of a context, context.h */
	const char *text; /* the form that is being searched */
	const char *marked; /* the same with ends of sentences, sentence.h */
	struct sb own;
	size_t len;
	bool folded; /* it is the folded form, else form */
	struct form form;
	struct form_alike alike; /* characters of patterns that may be taken for others */
	bool both;   /* the text is searched in two forms */
	struct meter meter;
	void (*watch)(void *ctx, const struct engine_seen *s); /* NULL: nobody does */
	void *watch_ctx;
	pcre2_match_data *md;
	pcre2_match_context *mc;
	pcre2_jit_stack *stack;
};

#endif
