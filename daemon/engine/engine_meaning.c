/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_meaning: what rules mean, by the digests that their plugins give, and what
 * they meant before.  A rev that means something else than it did and was not raised is
 * told, is on record, and in a gated life counts no more until people move it again:
 * what they know of it, labels and approvals, they know of the other one.
 *
 * All that a rule ever meant stays: which meaning was in force when a finding was made
 * says whose label it is, also after a meaning came back.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_life.h"

/* Lines about single rules at a time; what is more is counted. */
#define LINES_MAX 20
/* Of one entry, which holds 65,535. */
#define ENTRY_BYTES 50000

struct engine_meant {
	int64_t since;
	char meaning[DIGEST_HEX];
};

static void
take_meaning(struct engine_rule *r, const char *meaning, int64_t since)
{
	struct engine_meant *to;

	r->meant = xrealloc(r->meant, (r->nmeant + 1) * sizeof(*r->meant));
	to = &r->meant[r->nmeant++];
	to->since = since;
	snprintf(to->meaning, sizeof(to->meaning), "%s", meaning);
}

static int
load_row(void *ctx, const struct store_meaning *m)
{
	take_meaning(
	    engine_life_rule(ctx, m->rule, m->rev, MODE_DRAFT), m->meaning, m->since);
	return 0;
}

void
engine_meaning_load(struct engine *g)
{
	engine_walk(store_meaning_each(g->store, load_row, g));
}

/* The first one stands for all before it: nothing else is known. */
bool
engine_meaning_held(const struct engine_rule *r, int64_t from, int64_t to)
{
	if (r->nmeant < 2)
		return true;
	for (size_t i = 0; i < r->nmeant; i++)
		if (strcmp(r->meant[i].meaning, r->meant[r->nmeant - 1].meaning) == 0 &&
		    (i == 0 || r->meant[i].since <= to) &&
		    (i + 1 == r->nmeant || r->meant[i + 1].since > from))
			return true;
	return false;
}

bool
engine_meaning_steady(const struct engine_rule *r, int64_t time)
{
	return r->nmeant < 2 || r->meant[r->nmeant - 1].since < time;
}

static int
count_label(void *ctx, const struct store_label *l)
{
	struct engine_rule *r = ctx;

	if (engine_meaning_held(r, l->found, l->found)) {
		r->right += l->right;
		r->wrong += !l->right;
	}
	return 0;
}

/* --- what a worker says --- */

struct change {
	struct engine_rule *r;
	const char *is;	      /* borrowed from the message */
	char was[DIGEST_HEX]; /* "": it was not known */
};

struct changes {
	struct engine *g;
	struct change *v;
	size_t n;
	int64_t now;
};

static void
find_changes(struct changes *x, const struct msg_rules *m)
{
	x->v = xcalloc(m->n + 1, sizeof(*x->v));
	for (uint32_t i = 0; i < m->n; i++) {
		struct engine_rule *r =
		    engine_life_find(x->g, m->v[i].rule, m->v[i].rev);
		const char *is = m->v[i].meaning,
			   *was = r != NULL && r->nmeant > 0
				      ? r->meant[r->nmeant - 1].meaning
				      : "";

		if (r == NULL || r->rev != m->v[i].rev || is == NULL ||
		    strcmp(is, was) == 0)
			continue;
		x->v[x->n].r = r;
		x->v[x->n].is = is;
		memcpy(x->v[x->n++].was, was, strlen(was) + 1);
	}
}

/* [rule, rev, meaning], and what it was before where that is known. */
static void
record_changes(struct changes *x)
{
	for (size_t i = 0; i < x->n;) {
		json_t *rules = json_array(), *row;
		size_t bytes = 0;

		for (; i < x->n && bytes < ENTRY_BYTES; i++) {
			const struct change *c = &x->v[i];

			row = json_pack(
			    "[s, I, s]", c->r->rule, (json_int_t)c->r->rev, c->is);
			if (c->was[0] != '\0')
				json_array_append_new(row, json_string(c->was));
			bytes += strlen(c->r->rule) * 6 + 2 * DIGEST_HEX + 24;
			json_array_append_new(rules, row);
		}
		engine_record(x->g, "meaning",
		    json_pack("{s:s, s:o}", "policy", x->g->policy, "rules", rules),
		    NULL, x->now);
	}
}

static void
keep_change(struct changes *x, const struct change *c)
{
	struct store_meaning row = {.rule = c->r->rule,
	    .rev = c->r->rev,
	    .meaning = (char *)(uintptr_t)c->is,
	    .since = x->now};
	struct err e = ERR_INIT;

	engine_must(store_meaning_add(x->g->store, &row, &e), 0,
	    "cannot keep what a rule means", &e);
	take_meaning(c->r, c->is, x->now);
}

/* It has meant this already, and the labels of that time are about it. */
static bool
came_back(const struct engine_rule *r)
{
	for (size_t i = 0; i + 1 < r->nmeant; i++)
		if (strcmp(r->meant[i].meaning, r->meant[r->nmeant - 1].meaning) == 0)
			return true;
	return false;
}

static void
tell_rewritten(const struct engine_rule *r, enum finding_mode mode, bool falls)
{
	const char *then =
	    falls ? "; it goes to shadow until people move it again" : "";

	if (came_back(r))
		log_warn("policy",
		    "rule %s rev %u means again what it meant before, and its rev was "
		    "not raised%s%s",
		    r->rule, r->rev,
		    r->right + r->wrong > 0
			? ": labels that were given for that count again"
			: "",
		    then);
	else
		log_warn("policy",
		    "rule %s rev %u means something else than before and its rev was "
		    "not raised: its labels and its mode, %s, were given for the "
		    "other%s",
		    r->rule, r->rev, finding_mode_name(mode), then);
}

/* Under the same rev: what is known of what it means now is what was said while it
 * meant that, mostly nothing. */
static void
rewritten(struct changes *x, const struct change *c, bool tell)
{
	struct engine_move down = {.move = LIFE_REWRITE, .until = CLOCK_NONE};
	struct engine_rule *r = c->r;
	struct life_state s;
	struct life_step o;
	bool falls;

	engine_life_put(x->g, r, &s);
	falls = x->g->conf->policy.life_cycle == CONF_LIFE_GATED &&
		(s.mode == MODE_CANARY || s.mode == MODE_ENFORCE);
	r->right = r->wrong = 0;
	engine_walk(store_label_each(x->g->store, r->rule, r->rev, count_label, r));
	if (tell)
		tell_rewritten(r, s.mode, falls);
	engine_life_unwish(x->g, r);
	if (falls)
		engine_life_move(x->g, r, &down, x->now, &o);
}

void
engine_meaning_rules(struct engine *g, const struct msg_rules *m, int64_t now)
{
	struct changes x = {.g = g, .now = now};
	size_t told = 0;

	find_changes(&x, m);
	record_changes(&x);
	for (size_t i = 0; i < x.n; i++) {
		keep_change(&x, &x.v[i]);
		if (x.v[i].was[0] != '\0')
			rewritten(&x, &x.v[i], told++ < LINES_MAX);
	}
	if (told > LINES_MAX)
		log_warn("policy",
		    "%zu more rules mean something else than before under the same "
		    "rev: tosctl policy diff of the packs of then and now lists them",
		    told - LINES_MAX);
	free(x.v);
}
