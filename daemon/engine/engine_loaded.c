/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_loaded: what a newly loaded policy changes without anybody being asked is
 * told: rules that count because their pack says so, and rules that counted and are not
 * there any more.
 */
#include <string.h>

#include "base/log.h"
#include "engine/engine_life.h"

/* Lines about single rules at a time; what is more is counted. */
#define LINES_MAX 20

static void
tell_begun(const struct engine_rule *r)
{
	bool list = strncmp(r->rule, "list/", 5) == 0;

	log_notice("policy",
	    "rule %s rev %u begins in enforce, as its %s says: what it finds counts "
	    "from now on%s",
	    r->rule, r->rev, list ? "list" : "pack",
	    list ? ", until the list expires" : "");
}

static void
tell_held(const struct engine_rule *r, enum finding_mode mode)
{
	log_warn("policy",
	    "rule %s rev %u was put in %s and is in shadow: its plugin `%s' does not "
	    "give the same answer twice any more, so that its findings cannot count",
	    r->rule, r->rev, finding_mode_name(mode),
	    r->plugin != NULL ? r->plugin : "");
}

static void
tell_gone(struct engine *g, const struct engine_rule *r, const char *mode)
{
	const struct engine_rule *next = engine_life_find(g, r->rule, 0);
	struct life_state s;

	if (next == NULL || !next->loaded) {
		log_warn("policy",
		    "rule %s rev %u was in %s and is not loaded any more: its pack is "
		    "gone or refused, or has it no longer",
		    r->rule, r->rev, mode);
		return;
	}
	engine_life_state(g, next, &s);
	log_warn("policy",
	    "rule %s rev %u was in %s and is not loaded any more: rev %u is, in %s",
	    r->rule, r->rev, mode, next->rev, finding_mode_name(s.mode));
}

/* Rules that were put where their plugins do not let them be any more, and those that
 * are let again. */
static void
tell_limits(struct engine *g)
{
	size_t held = 0;

	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];
		struct life_state s;
		bool is = engine_life_put(g, r, &s);

		if (!r->loaded || is == r->held)
			continue;
		r->held = is;
		if (is && held++ < LINES_MAX)
			tell_held(r, s.mode);
		else if (!is)
			log_notice("policy",
			    "rule %s rev %u: its plugin does not hold it back any "
			    "more, it is in %s",
			    r->rule, r->rev, finding_mode_name(s.mode));
	}
	if (held > LINES_MAX)
		log_warn("policy",
		    "%zu more rules are in shadow as their plugins hold them back: "
		    "tosctl policy rules lists all",
		    held - LINES_MAX);
}

/* r->known and r->began are still as with the policy before. */
void
engine_loaded_tell(struct engine *g)
{
	size_t begun = 0, gone = 0;

	tell_limits(g);
	for (size_t i = 0; i < g->life->n; i++) {
		const struct engine_rule *r = g->life->v[i];
		struct life_state s;

		engine_life_state(g, r, &s);
		if (r->loaded && r->row.move == 0 && s.mode == MODE_ENFORCE &&
		    !(r->known && r->began == MODE_ENFORCE) && begun++ < LINES_MAX)
			tell_begun(r);
		if (!r->loaded && r->known &&
		    (s.mode == MODE_ENFORCE || s.mode == MODE_CANARY) &&
		    gone++ < LINES_MAX)
			tell_gone(g, r, finding_mode_name(s.mode));
	}
	if (begun > LINES_MAX)
		log_notice("policy",
		    "%zu more rules begin in enforce, as their packs say: tosctl "
		    "policy "
		    "rules lists all",
		    begun - LINES_MAX);
	if (gone > LINES_MAX)
		log_warn("policy",
		    "%zu more rules counted and are not loaded any more: tosctl policy "
		    "stats lists them",
		    gone - LINES_MAX);
}
