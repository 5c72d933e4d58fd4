/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_label: what people say of single findings: labels, findings of canaries and of
 * models that are confirmed or dismissed, exhibits of an appeal or of a recommendation
 * that was decided.  Each word is a ledger entry (`label') that carries all that the
 * gates need, and lands on (rule, rev); the reason is kept like other words of people.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"
#include "store/store_cover.h"

static const char *const sources[] = {
    [LABEL_LABEL] = "label",
    [LABEL_REVIEW] = "review",
    [LABEL_APPEAL] = "appeal",
    [LABEL_DECISION] = "decision",
};

const char *
engine_label_source(uint8_t source)
{
	return sources[source];
}

/* --- one word --- */

/* A word about a finding, with what it is about. */
struct word {
	struct engine *g;
	struct store_label l; /* borrows its texts */
	int64_t item;
	const char *reason; /* NULL: with the entry before */
	int64_t now;
};

static void
record_word(struct word *w)
{
	json_t *entry = json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:b, s:s, s:s}",
	    "rule", w->l.rule, "rev", (json_int_t)w->l.rev, "tenant", w->l.tenant,
	    "item", (json_int_t)w->item, "revision", (json_int_t)w->l.revision, "found",
	    (json_int_t)w->l.found, "right", w->l.right, "by", sources[w->l.source],
	    "person", w->l.who);
	struct vault_ref ref;
	char *rel;

	if (w->reason != NULL) {
		rel = xasprintf("notices/policy/label-%lld.txt", (long long)w->g->seq);
		engine_record_keep(w->g, rel, w->reason, strlen(w->reason), &ref);
		engine_record_file(entry, &ref);
		free(rel);
	}
	w->l.entry = engine_record(w->g, "label", entry, NULL, w->now);
}

/* Those whose word is about what the tenant was told. */
static bool
about_notices(const struct word *w)
{
	return w->l.source == LABEL_APPEAL || w->l.source == LABEL_DECISION;
}

/* A violation that no notice cites yet is withdrawn by whoever says that it is none;
 * one that was cited, by those alone who decide about the case.  Whoever speaks of an
 * older text of the post does not speak of it (tosctl rebuild does the same). */
static void
withdraw(struct word *w)
{
	struct store_at at = engine_at(w->g, w->l.tenant);
	struct store_violation v;
	struct err e = ERR_INIT;
	uint8_t to = w->l.right ? WITHDRAWN_NO : WITHDRAWN_PERSON;

	if (engine_must(store_violation_open(w->g->store, w->item, w->l.rule, &v, &e),
		TOSD_ENOENT, "cannot look for a violation", &e) != 0)
		return;
	if ((v.notice == 0 || about_notices(w)) && v.withdrawn != to &&
	    w->l.revision >= v.revision &&
	    (to == WITHDRAWN_PERSON || v.withdrawn == WITHDRAWN_PERSON)) {
		v.withdrawn = to;
		engine_must(store_violation_update(w->g->store, &at, &v, &e), 0,
		    "cannot keep a violation", &e);
	}
	store_violation_clear(&v);
}

static void
say_word(struct word *w)
{
	struct store_at at = engine_at(w->g, w->l.tenant);
	struct engine_rule *r = engine_life_rule(w->g, w->l.rule, w->l.rev, MODE_DRAFT);
	struct store_label old = {0};
	struct err e = ERR_INIT;
	bool ours = engine_meaning_held(r, w->l.found, w->l.found);

	if (engine_must(store_label_get(
			    w->g->store, w->l.revision, w->l.rule, w->l.rev, &old, &e),
		TOSD_ENOENT, "cannot read a label", &e) == 0 &&
	    engine_meaning_held(r, old.found, old.found)) {
		r->right -= old.right;
		r->wrong -= !old.right;
	}
	store_label_clear(&old);
	record_word(w);
	engine_must(
	    store_label_put(w->g->store, &at, &w->l, &e), 0, "cannot keep a label", &e);
	r->right += ours && w->l.right;
	r->wrong += ours && !w->l.right;
	withdraw(w);
}

static void
word_of_finding(struct word *w, const struct store_found *f)
{
	w->l.revision = f->revision;
	w->l.rule = f->f.rule;
	w->l.rev = f->f.rev;
	w->l.found = f->time;
	w->l.time = w->now;
	w->item = f->item;
	memcpy(w->l.tenant, f->tenant, sizeof(w->l.tenant));
}

/* What somebody found wrong needs nobody's review any more. */
static void
end_wait(struct word *w, const struct store_found *f)
{
	struct store_at at = engine_at(w->g, w->l.tenant);
	struct err e = ERR_INIT;

	if (w->l.right || store_review_state(w->g->store, f->id) != REVIEW_WAITS)
		return;
	engine_must(
	    store_review_decide(w->g->store, &at, f->id, REVIEW_DISMISSED, false, &e),
	    0, "cannot keep a decision", &e);
}

static struct engine_rule *
rule_of(const struct word *w)
{
	return engine_life_rule(w->g, w->l.rule, w->l.rev, MODE_DRAFT);
}

/* --- label FINDING right|wrong --- */

/* "17" is a finding, "v17" a violation. */
static int
find_finding(
    struct engine_call *k, const char *name, struct store_found *out, struct err *e)
{
	bool violation = name != NULL && name[0] == 'v';
	const char *digits = violation ? name + 1 : name;
	struct store_violation v;
	long long id;
	int rc;

	if (digits == NULL || digits[0] == '\0' || strlen(digits) > 18 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return err_set(e, TOSD_EINVAL,
		    "name a finding by its number, or a violation as v and its number");
	id = strtoll(digits, NULL, 10);
	if (!violation) {
		rc = store_found_get(k->g->store, id, out, e);
	} else if ((rc = store_violation_get(k->g->store, id, &v, e)) == 0) {
		rc = store_found_of(
		    k->g->store, v.revision, v.finding.rule, v.finding.rev, out, e);
		store_violation_clear(&v);
	}
	return rc == TOSD_ENOENT ? err_set(e, rc, "there is no %s %lld",
				       violation ? "violation" : "finding", id)
				 : rc;
}

static void
put_reply(struct engine_call *k, const struct store_found *f, const struct word *w,
    const char *counts)
{
	struct life_state s;
	struct engine_rule *r = rule_of(w);
	json_t *row;

	engine_life_state(k->g, r, &s);
	row = json_pack("{s:I, s:s, s:I, s:b, s:s, s:I, s:I}", "finding",
	    (json_int_t)f->id, "rule", r->rule, "rev", (json_int_t)r->rev, "right",
	    w->l.right, "mode", finding_mode_name(s.mode), "rule_right",
	    (json_int_t)r->right, "rule_wrong", (json_int_t)r->wrong);
	if (counts != NULL)
		json_object_set_new(row, "counts", json_string(counts));
	json_array_append_new(json_object_get(k->reply, "rows"), row);
}

/* The findings of the request; all of them are there, or none is taken. */
static int
find_all(struct engine_call *k, struct store_found *v, size_t *n, struct err *e)
{
	const json_t *list = json_object_get(k->request, "findings"), *one;
	size_t i;
	int rc = 0;

	*n = 0;
	if (list == NULL) {
		rc = find_finding(k, json_get_text(k->request, "finding"), &v[0], e);
		*n = rc == 0;
		return rc;
	}
	if (json_array_size(list) == 0 || json_array_size(list) > ENGINE_FINDINGS_MAX)
		return err_set(
		    e, TOSD_ELIMIT, "name 1 to %d findings", ENGINE_FINDINGS_MAX);
	json_array_foreach(list, i, one)
	{
		if (rc == 0)
			rc = find_finding(k, json_string_value(one), &v[*n], e);
		*n += rc == 0;
	}
	return rc;
}

/* Whether one before it is of the same rule: its numbers are taken once. */
static bool
was_before(const struct store_found *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (v[k].f.rev == v[i].f.rev && strcmp(v[k].f.rule, v[i].f.rule) == 0)
			return true;
	return false;
}

/* All words first: a rule that falls changes what counts. */
static void
say_all(struct engine_call *k, struct word *w, const struct store_found *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		word_of_finding(w, &v[i]);
		say_word(w);
		end_wait(w, &v[i]);
		w->reason = NULL; /* it stands with the first one */
	}
	for (size_t i = 0; i < n; i++) {
		if (was_before(v, i))
			continue;
		word_of_finding(w, &v[i]);
		engine_life_judged(k->g, rule_of(w), k->now);
	}
	for (size_t i = 0; i < n; i++) {
		word_of_finding(w, &v[i]);
		put_reply(k, &v[i], w, NULL);
	}
}

int
engine_label_label(struct engine_call *k, struct err *e)
{
	const char *what = json_get_text(k->request, "verdict");
	struct word w = {.g = k->g, .now = k->now, .l = {.source = LABEL_LABEL}};
	const char *who = engine_person_name(k, false, e);
	struct store_found *v;
	size_t n = 0;
	int rc;

	if (who == NULL)
		return e->code;
	w.l.who = (char *)(uintptr_t)who;
	w.l.right = what != NULL && strcmp(what, "right") == 0;
	if (!w.l.right && (what == NULL || strcmp(what, "wrong") != 0))
		return err_set(
		    e, TOSD_EINVAL, "say right or wrong, after the findings");
	if ((rc = engine_person_reason(k, &w.reason, e)) != 0)
		return rc;
	json_object_set_new(k->reply, "rows", json_array());
	v = xcalloc(ENGINE_FINDINGS_MAX, sizeof(*v));
	rc = find_all(k, v, &n, e);
	if (rc == 0)
		say_all(k, &w, v, n);
	for (size_t i = 0; i < n; i++)
		store_found_clear(&v[i]);
	free(v);
	return rc;
}

/* --- findings that wait for a person --- */

int64_t
engine_label_wait(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t entry, int64_t now)
{
	struct store_at at = engine_at(g, r->tenant);
	struct store_found row;
	struct err e = ERR_INIT;
	int64_t id;

	engine_must(store_found_of(g->store, r->id, f->rule, f->rev, &row, &e), 0,
	    "cannot read a finding", &e);
	id = row.id;
	store_found_clear(&row);
	engine_must(store_review_add(g->store, &at, id, r->tenant, now, entry, &e), 0,
	    "cannot keep what waits for a person", &e);
	return id;
}

/* A canary of a busy rule finds hundreds within a minute. */
static void
tell_wait(struct engine *g, int64_t id, const char *rule, int64_t now)
{
	struct engine_life *l = g->life;

	if (now < l->next_told) {
		l->untold++;
		log_debug("policy", "finding %lld of the canary %s waits for a person",
		    (long long)id, rule);
		return;
	}
	if (l->untold > 0)
		log_notice("policy",
		    "finding %lld of the canary %s waits for a person, and %zu more of "
		    "canaries since the last such line: tosctl reviews",
		    (long long)id, rule, l->untold);
	else
		log_notice("policy",
		    "finding %lld of the canary %s waits for a person: tosctl reviews",
		    (long long)id, rule);
	l->untold = 0;
	l->next_told = now + CLOCK_MIN;
}

void
engine_label_review(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now)
{
	json_t *spans = json_array(), *entry;
	int64_t seq, id;

	for (size_t i = 0; i < f->nspans && i < 64; i++)
		json_array_append_new(
		    spans, json_pack("[I, I]", (json_int_t)f->spans[i].start,
			       (json_int_t)f->spans[i].end));
	entry =
	    json_pack("{s:s, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:f, s:o, s:s}",
		"tenant", r->tenant, "item", (json_int_t)r->item, "revision",
		(json_int_t)r->id, "rule", f->rule, "rev", (json_int_t)f->rev, "pack",
		f->pack, "clause", f->clause, "category", f->category, "severity",
		finding_severity_name(f->severity), "score", f->score, "spans", spans,
		"policy", g->policy);
	seq = engine_record(g, "review", entry, NULL, now);
	id = engine_label_wait(g, r, f, seq, now);
	tell_wait(g, id, f->rule, now);
}

/* An exhibit shows the words that it is about: the tenant would be told of nothing, and
 * nobody could compare its page with it. */
static bool
is_kept(struct engine *g, int64_t revision)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	bool kept;

	engine_must(store_revision_get(g->store, revision, &r, &e), 0,
	    "cannot read a revision", &e);
	kept = !item_is_nothing(&r.body) && (r.body.flags & ITEM_LET_GO) == 0;
	store_revision_clear(&r);
	return kept;
}

/* Why a confirmed finding is no violation all the same; NULL: it is one. */
static const char *
no_violation(struct engine *g, const struct store_found *f, const struct word *w)
{
	struct life_state s;
	struct store_item item;
	struct store_violation open;
	struct store_sighting seen;
	struct err e = ERR_INIT;
	bool newest;

	if (f->f.mode == MODE_REVIEW)
		return "what models find never counts: a rule has to find it";
	engine_life_state(g, rule_of(w), &s);
	if (s.mode != MODE_CANARY && s.mode != MODE_ENFORCE)
		return "the rule counts no more";
	engine_must(
	    store_item_get(g->store, f->item, &item, &e), 0, "cannot read an item", &e);
	newest = item.revision == f->revision;
	store_item_clear(&item);
	if (!newest)
		return "the post was edited since";
	if (!is_kept(g, f->revision))
		return "its text is not kept any more";
	if (store_sighting_get(g->store, f->item, &seen, &e) == 0) {
		bool gone = seen.state == SIGHT_REMOVED;

		store_sighting_clear(&seen);
		if (gone)
			return "the post is gone";
	}
	if (store_violation_open(g->store, f->item, f->f.rule, &open, &e) == 0) {
		store_violation_clear(&open);
		return "an open violation says the same";
	}
	return NULL;
}

static void
make_violation(struct engine *g, const struct store_found *f, int64_t now)
{
	struct store_at at = engine_at(g, f->tenant);
	struct store_revision r;
	struct store_violation v;
	struct err e = ERR_INIT;
	bool counted;

	engine_must(store_revision_get(g->store, f->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	counted = engine_judge_counted(g, &r);
	engine_judge_violation(g, &r, &f->f, now, &v);
	engine_case_violation(g, &v, r.entry, now);
	g->violations++;
	if (!counted)
		engine_must(
		    store_exposure_count(g->store, &at, r.tenant, r.seen, 0, 1, 0, &e),
		    0, "cannot count", &e);
	store_violation_clear(&v);
	store_revision_clear(&r);
}

/* confirm FINDING, dismiss FINDING */
int
engine_label_decide(struct engine_call *k, struct err *e)
{
	const char *what = json_get_text(k->request, "what"),
		   *who = engine_person_name(k, false, e);
	struct word w = {.g = k->g, .now = k->now, .l = {.source = LABEL_REVIEW}};
	const char *why = "dismissed";
	struct store_found f;
	struct store_at at;
	int rc;

	if (who == NULL)
		return e->code;
	w.l.who = (char *)(uintptr_t)who;
	w.l.right = what != NULL && strcmp(what, "confirm") == 0;
	if (!w.l.right && (what == NULL || strcmp(what, "dismiss") != 0))
		return err_set(e, TOSD_EINVAL, "say confirm or dismiss");
	if ((rc = engine_person_reason(k, &w.reason, e)) != 0 ||
	    (rc = find_finding(k, json_get_text(k->request, "finding"), &f, e)) != 0)
		return rc;
	if (store_review_state(k->g->store, f.id) != REVIEW_WAITS) {
		rc = err_set(e, TOSD_ESTATE,
		    "finding %lld does not wait for a person: see tosctl reviews",
		    (long long)f.id);
		store_found_clear(&f);
		return rc;
	}
	/* Its plugin may hold the rule back, and says so with RULES. */
	if (w.l.right && f.f.mode != MODE_REVIEW && k->g->policy[0] == '\0') {
		store_found_clear(&f);
		return err_set(e, TOSD_ESTATE,
		    "no policy worker has said yet which rules count: try again in a "
		    "moment");
	}
	json_object_set_new(k->reply, "rows", json_array());
	at = engine_at(k->g, f.tenant);
	word_of_finding(&w, &f);
	say_word(&w);
	if (w.l.right && (why = no_violation(k->g, &f, &w)) == NULL)
		make_violation(k->g, &f, k->now);
	engine_must(
	    store_review_decide(k->g->store, &at, f.id,
		w.l.right ? REVIEW_CONFIRMED : REVIEW_DISMISSED, why == NULL, e),
	    0, "cannot keep a decision", e);
	engine_life_judged(k->g, rule_of(&w), k->now);
	put_reply(k, &f, &w, why != NULL ? why : "a violation now");
	store_found_clear(&f);
	return 0;
}

/* --- a case that was decided --- */

/* A word about exhibits of a case. */
struct verdict {
	struct word w;
	const json_t *exhibits; /* NULL: all that a notice cites */
	struct engine_rule **rules;
	size_t nrules;
};

static bool
is_meant(const struct verdict *a, const struct store_violation *v)
{
	const json_t *n;
	size_t i;

	if (json_array_size(a->exhibits) == 0)
		return v->notice != 0 && v->withdrawn == WITHDRAWN_NO;
	json_array_foreach(a->exhibits, i, n)
	{
		if (json_integer_value(n) == (json_int_t)v->exhibit)
			return true;
	}
	return false;
}

/* Who says of a whole case that it is right has not looked at each exhibit as somebody
 * did who labelled one: that word stays. */
static bool
is_said(const struct verdict *a, const struct store_violation *v)
{
	struct store_label l = {0};
	struct err e = ERR_INIT;
	bool said;

	if (!a->w.l.right || json_array_size(a->exhibits) > 0)
		return false;
	said = engine_must(store_label_get(a->w.g->store, v->revision, v->finding.rule,
			       v->finding.rev, &l, &e),
		   TOSD_ENOENT, "cannot read a label", &e) == 0;
	store_label_clear(&l);
	return said;
}

static int
say_one(void *ctx, const struct store_violation *v)
{
	struct verdict *a = ctx;

	if (!is_meant(a, v) || is_said(a, v))
		return 0;
	a->w.l.revision = v->revision;
	a->w.l.rule = v->finding.rule;
	a->w.l.rev = v->finding.rev;
	a->w.l.found = v->found;
	a->w.l.time = a->w.now;
	a->w.item = v->item;
	memcpy(a->w.l.tenant, v->tenant, sizeof(a->w.l.tenant));
	say_word(&a->w);
	a->rules = xrealloc(a->rules, (a->nrules + 1) * sizeof(struct engine_rule *));
	a->rules[a->nrules++] = rule_of(&a->w);
	return 0;
}

/* Numbers run from 1 on.  Before anything is done: words about a case cannot be taken
 * back. */
int
engine_label_exhibits(
    const struct engine_call *k, const struct store_case *c, struct err *e)
{
	const json_t *n;
	size_t i;

	json_array_foreach(json_object_get(k->request, "exhibits"), i, n)
	{
		if (json_integer_value(n) < 1 ||
		    json_integer_value(n) > (json_int_t)c->exhibits)
			return err_set(e, TOSD_ENOENT,
			    "case %s has no exhibit %lld: tosctl cases %s lists them",
			    c->number, (long long)json_integer_value(n), c->number);
	}
	return 0;
}

/* All words first: a rule that falls changes what counts. */
void
engine_label_case(struct engine_call *k, const struct store_case *c, const char *person,
    enum store_label_source source, bool right)
{
	struct verdict a = {.w = {.g = k->g,
				.now = k->now,
				.l = {.source = source,
				    .right = right,
				    .who = (char *)(uintptr_t)person}},
	    .exhibits = json_object_get(k->request, "exhibits")};

	engine_walk(store_violation_each(
	    k->g->store, VIOLATION_OF_CASE, c->id, 0, say_one, &a));
	for (size_t i = 0; i < a.nrules; i++)
		engine_life_judged(k->g, a.rules[i], k->now);
	free(a.rules);
}
