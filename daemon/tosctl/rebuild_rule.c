/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_rule: the life of rules: which were there and since when, moves, what people
 * said of findings, and findings of canaries that waited for a person.  Hits and costs
 * are not on record.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/life.h"
#include "store/store_rule.h"
#include "tosctl/rebuild.h"

/* --- mode --- */

struct moved {
	const char *rule;
	uint32_t rev;
	int move, mode;
	const json_t *to, *facts, *persons;
};

static int
read_move(struct rebuild *r, const json_t *o, struct moved *m, struct err *e)
{
	m->rule = rebuild_str(o, "rule");
	m->rev = (uint32_t)rebuild_int(o, "rev");
	m->move = life_move_parse(rebuild_str(o, "move"));
	m->to = json_object_get(o, "to");
	m->facts = json_object_get(o, "facts");
	m->persons = json_object_get(o, "persons");
	m->mode = finding_mode_parse(rebuild_str(m->to, "mode"));
	if (m->move < 0 || m->mode < 0)
		return rebuild_wrong(r, e, "a move that this tosctl does not know");
	return 0;
}

static const char *
person(const struct moved *m, size_t i)
{
	return json_string_value(json_array_get(m->persons, i));
}

static void
forget_wish(struct store_life *life)
{
	free(life->wish_who);
	life->wish_who = NULL;
	life->wish = 0;
	life->wish_share = 0;
	life->wish_urgent = false;
	life->wish_until = life->wish_time = CLOCK_NONE;
}

static void
keep_wish(struct rebuild *r, const struct moved *m, struct store_life *life)
{
	forget_wish(life);
	life->wish = m->move;
	life->wish_share = (uint32_t)rebuild_int(m->facts, "share");
	life->wish_urgent = json_is_true(json_object_get(m->facts, "emergency"));
	life->wish_until = rebuild_ms(m->facts, "until");
	life->wish_who = xstrdup(person(m, 0));
	life->wish_time = r->t;
}

/* A rollback is a pointer to the move before; all others are moves of their own. */
static int
keep_move(
    struct rebuild *r, const struct moved *m, struct store_life *life, struct err *e)
{
	struct store_move row = {.rule = (char *)(uintptr_t)m->rule,
	    .rev = m->rev,
	    .mode = m->mode,
	    .share = (uint32_t)rebuild_int(m->to, "share"),
	    .until = rebuild_ms(m->to, "until"),
	    .what = m->move,
	    .since = r->t,
	    .before = life->move,
	    .entry = (int64_t)r->seq};
	int rc;

	free(life->who);
	if (person(m, 1) != NULL)
		life->who = xasprintf("%s, %s", person(m, 0), person(m, 1));
	else
		life->who = xstrdup(person(m, 0));
	if (m->move == LIFE_ROLLBACK) {
		struct store_move now = {0};

		rc =
		    life->move != 0 ? store_move_get(r->store, life->move, &now, e) : 0;
		life->move = now.before;
		store_move_clear(&now);
	} else {
		row.who = life->who;
		rc = store_move_add(r->store, &row, e);
		life->move = row.id;
	}
	life->since = r->t;
	forget_wish(life);
	return rc;
}

static int
withdraw_open(struct rebuild *r, const struct moved *m, struct err *e)
{
	bool counts = m->mode == MODE_CANARY || m->mode == MODE_ENFORCE;
	int rc = store_violation_withdraw(r->store, m->rule, m->rev,
	    counts ? WITHDRAWN_RULE : WITHDRAWN_NO,
	    counts ? WITHDRAWN_NO : WITHDRAWN_RULE, e);

	return rc > 0 ? 0 : rc;
}

/* What its pack says is in `policy' too, unless it has the rule no more. */
static int
keep_pack_word(struct rebuild *r, const struct moved *m, struct err *e)
{
	struct store_loaded row = {.rule = (char *)(uintptr_t)m->rule,
	    .rev = m->rev,
	    .declared = MODE_RETIRED,
	    .mode = MODE_RETIRED,
	    .since = r->t};
	int rc = withdraw_open(r, m, e);

	return rc == 0 && m->mode == MODE_RETIRED ? store_loaded_put(r->store, &row, e)
						  : rc;
}

int
rebuild_mode(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_life life = {0};
	struct moved m;
	int rc = read_move(r, o, &m, e);

	if (rc != 0 || m.move == LIFE_PACK)
		return rc != 0 ? rc : keep_pack_word(r, &m, e);
	rc = store_life_get(r->store, m.rule, m.rev, &life, e);
	if (rc == TOSD_ENOENT) {
		life.rule = xstrdup(m.rule);
		life.rev = m.rev;
		life.since = life.wish_until = life.wish_time = CLOCK_NONE;
		rc = 0;
	}
	if (rc == 0 && strcmp(rebuild_str(o, "verdict"), "done") != 0) {
		keep_wish(r, &m, &life);
	} else if (rc == 0 && (rc = keep_move(r, &m, &life, e)) == 0) {
		rc = withdraw_open(r, &m, e);
	}
	if (rc == 0)
		rc = store_life_put(r->store, &life, e);
	store_life_clear(&life);
	return rc;
}

/* --- policy: since when rules are there (engine_trend.c) --- */

struct loadeds {
	struct store_loaded *v;
	size_t n;
};

static int
collect_loaded(void *ctx, const struct store_loaded *l)
{
	struct loadeds *x = ctx;

	x->v = xrealloc(x->v, (x->n + 1) * sizeof(*x->v));
	x->v[x->n] = *l;
	x->v[x->n++].rule = xstrdup(l->rule);
	return 0;
}

static int
read_loaded(struct rebuild *r, struct loadeds *x)
{
	*x = (struct loadeds){NULL, 0};
	return store_loaded_each(r->store, collect_loaded, x);
}

static void
free_loaded(struct loadeds *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].rule);
	free(x->v);
}

static struct store_loaded *
loaded_of(struct loadeds *x, const char *rule, uint32_t rev)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].rev == rev && strcmp(x->v[i].rule, rule) == 0)
			return &x->v[i];
	return NULL;
}

/* Where nobody moved the rule it is in another mode from now on. */
static int
put_loaded(struct rebuild *r, struct store_loaded *row, bool fresh, struct err *e)
{
	enum finding_mode mode = life_begin((enum finding_mode)row->declared, r->gated);
	struct store_life life = {0};
	bool moved = false;

	if (!fresh && row->mode == (int32_t)mode)
		return 0;
	if (!fresh && store_life_get(r->store, row->rule, row->rev, &life, e) == 0)
		moved = life.move != 0;
	store_life_clear(&life);
	if (!moved)
		row->since = r->t;
	row->mode = (int32_t)mode;
	return store_loaded_put(r->store, row, e);
}

/* The rules of a policy, as it lists them: [rule, rev, mode, pack, clause].  Of one
 * that was too long for its entry nothing is known: what is there then counts from the
 * next start of the daemon on. */
int
rebuild_policy(struct rebuild *r, const json_t *o, struct err *e)
{
	const json_t *rules = json_object_get(o, "rules"), *v;
	struct loadeds old;
	size_t i;
	int rc = read_loaded(r, &old);

	json_array_foreach(rules, i, v)
	{
		const char *rule = json_string_value(json_array_get(v, 0));
		const char *mode = json_string_value(json_array_get(v, 2));
		uint32_t rev = (uint32_t)json_integer_value(json_array_get(v, 1));
		struct store_loaded *was =
		    rule != NULL ? loaded_of(&old, rule, rev) : NULL;
		struct store_loaded row = {.rule = (char *)(uintptr_t)rule, .rev = rev};

		if (rc != 0 || rule == NULL)
			continue;
		if (was != NULL) {
			row.mode = was->mode;
			row.since = was->since;
			was->id = 0; /* it stays */
		}
		row.declared = mode != NULL ? finding_mode_parse(mode) : MODE_DRAFT;
		rc = put_loaded(r, &row, was == NULL, e);
	}
	for (i = 0; rc == 0 && i < old.n; i++)
		if (old.v[i].id != 0 && old.v[i].mode != MODE_RETIRED)
			rc =
			    store_loaded_drop(r->store, old.v[i].rule, old.v[i].rev, e);
	free_loaded(&old);
	return rc;
}

/* --- meaning --- */

/* What somebody wished of a rule was wished of what it meant then. */
static int
unwish(struct rebuild *r, const char *rule, uint32_t rev, struct err *e)
{
	struct store_life life = {0};
	int rc = store_life_get(r->store, rule, rev, &life, e);

	if (rc == 0 && life.wish_who != NULL) {
		forget_wish(&life);
		rc = store_life_put(r->store, &life, e);
	}
	store_life_clear(&life);
	return rc == TOSD_ENOENT ? 0 : rc;
}

/* [rule, rev, meaning], and what it was before. */
int
rebuild_meaning(struct rebuild *r, const json_t *o, struct err *e)
{
	const json_t *rules = json_object_get(o, "rules"), *v;
	size_t i;
	int rc = 0;

	json_array_foreach(rules, i, v)
	{
		const char *rule = json_string_value(json_array_get(v, 0));
		const char *meaning = json_string_value(json_array_get(v, 2));
		struct store_meaning row = {.rule = (char *)(uintptr_t)rule,
		    .rev = (uint32_t)json_integer_value(json_array_get(v, 1)),
		    .meaning = (char *)(uintptr_t)meaning,
		    .since = r->t};

		if (rc != 0 || rule == NULL || meaning == NULL)
			continue;
		rc = store_meaning_add(r->store, &row, e);
		if (rc == 0 && json_array_size(v) > 3)
			rc = unwish(r, rule, row.rev, e);
	}
	return rc;
}

/* start and configuration: another life_cycle moves where rules begin. */
int
rebuild_life_cycle(struct rebuild *r, const json_t *o, struct err *e)
{
	bool gated = strcmp(rebuild_str(o, "life_cycle"), "gated") == 0;
	struct loadeds all;
	int rc;

	if (gated == r->gated)
		return 0;
	r->gated = gated;
	rc = read_loaded(r, &all);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = put_loaded(r, &all.v[i], false, e);
	free_loaded(&all);
	return rc;
}

/* --- label --- */

static int
withdraw(struct rebuild *r, const struct store_label *l, int64_t item, struct err *e)
{
	uint8_t to = l->right ? WITHDRAWN_NO : WITHDRAWN_PERSON;
	struct store_at at = rebuild_at(r, l->tenant);
	struct store_violation v;
	int rc = store_violation_open(r->store, item, l->rule, &v, e);

	if (rc != 0)
		return rc == TOSD_ENOENT ? 0 : rc;
	if ((v.notice == 0 || l->source == LABEL_APPEAL ||
		l->source == LABEL_DECISION) &&
	    v.withdrawn != to && l->revision >= v.revision &&
	    (to == WITHDRAWN_PERSON || v.withdrawn == WITHDRAWN_PERSON)) {
		v.withdrawn = to;
		rc = store_violation_update(r->store, &at, &v, e);
	}
	store_violation_clear(&v);
	return rc;
}

/* A finding in review is decided by the word that came from there, or was found wrong.
 */
static int
decide(struct rebuild *r, const struct store_label *l, struct err *e)
{
	struct store_at at = rebuild_at(r, l->tenant);
	struct store_found f;
	int rc = store_found_of(r->store, l->revision, l->rule, l->rev, &f, e);

	if (rc != 0)
		return rc == TOSD_ENOENT ? 0 : rc;
	if (store_review_state(r->store, f.id) == REVIEW_WAITS)
		rc = store_review_decide(r->store, &at, f.id,
		    l->right ? REVIEW_CONFIRMED : REVIEW_DISMISSED, false, e);
	store_found_clear(&f);
	return rc;
}

int
rebuild_label(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *by = rebuild_str(o, "by");
	struct store_label l = {.revision = rebuild_int(o, "revision"),
	    .rule = (char *)(uintptr_t)rebuild_str(o, "rule"),
	    .rev = (uint32_t)rebuild_int(o, "rev"),
	    .right = json_is_true(json_object_get(o, "right")),
	    .source = strcmp(by, "review") == 0	    ? LABEL_REVIEW
		      : strcmp(by, "appeal") == 0   ? LABEL_APPEAL
		      : strcmp(by, "decision") == 0 ? LABEL_DECISION
						    : LABEL_LABEL,
	    .found = rebuild_ms(o, "found"),
	    .time = r->t,
	    .who = (char *)(uintptr_t)rebuild_str(o, "person"),
	    .entry = (int64_t)r->seq};
	struct store_at at;
	int rc;

	snprintf(l.tenant, sizeof(l.tenant), "%s", rebuild_str(o, "tenant"));
	at = rebuild_at(r, l.tenant);
	rc = store_label_put(r->store, &at, &l, e);
	if (rc == 0)
		rc = withdraw(r, &l, rebuild_int(o, "item"), e);
	if (rc == 0 &&
	    (l.source == LABEL_REVIEW || (l.source == LABEL_LABEL && !l.right)))
		rc = decide(r, &l, e);
	return rc;
}

/* --- review --- */

int
rebuild_review(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *tenant = rebuild_str(o, "tenant");
	int64_t revision = rebuild_int(o, "revision");
	struct store_at at = rebuild_at(r, tenant);
	struct finding f = {0};
	struct store_found row;
	int rc;

	rebuild_finding(o, &f);
	f.mode = MODE_CANARY;
	rc = store_finding_add(r->store, &at, revision, &f, false, r->t, e);
	if (rc == 0)
		rc = store_found_of(r->store, revision, f.rule, f.rev, &row, e);
	if (rc == 0) {
		rc = store_review_add(
		    r->store, &at, row.id, tenant, r->t, (int64_t)r->seq, e);
		store_found_clear(&row);
	}
	finding_clear(&f);
	return rc;
}
