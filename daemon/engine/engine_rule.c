/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_rule: rules as tosctl asks for them and people move them.  Whether a move may
 * be made is decided by policy/life.c; who may ask for it stands here: what lets
 * findings count, or brings a rule back, is for approvers, everything else for the
 * staff.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_json.h"
#include "engine/engine_life.h"

#define NOTE_MAX 4000
/* Rules that one request may move. */
#define MOVES_MAX 1000

/* Who has written it and does not find it here wonders most about what follows. */
#define NO_RULE                                                                       \
	"there is no rule or pack `%s': a pack is here once it is installed and the " \
	"daemon has read it again; tosctl policy rules lists all"

bool
engine_rule_named(const char *name, const struct engine_rule *r)
{
	size_t n = strlen(name);

	if (strncmp(r->rule, name, n) != 0)
		return false;
	return r->rule[n] == '\0' || (r->rule[n] == '/' && strchr(name, '/') == NULL);
}

bool
engine_rule_known(const struct engine *g, const char *name)
{
	for (size_t i = 0; i < g->life->n; i++)
		if (engine_rule_named(name, g->life->v[i]))
			return true;
	return false;
}

int
engine_rule_none(const char *name, struct err *e)
{
	return err_set(e, TOSD_ENOENT, NO_RULE, name);
}

struct engine_rule *
engine_rule_one(struct engine *g, const char *name, uint32_t rev, struct err *e)
{
	struct engine_rule *r = engine_life_find(g, name, rev);

	if (r != NULL)
		return r;
	if (engine_life_find(g, name, 0) != NULL)
		err_set(e, TOSD_ENOENT, "there is no rule `%s' of that revision", name);
	else if (engine_rule_known(g, name))
		err_set(e, TOSD_EINVAL,
		    "`%s' is a pack: name one of its rules (tosctl policy rules %s)",
		    name, name);
	else
		engine_rule_none(name, e);
	return NULL;
}

/* --- the list --- */

static void
set_wish(struct engine *g, json_t *o, const struct engine_rule *r, int64_t now)
{
	const struct store_life *w = &r->row;
	char *as;

	if (!engine_life_wishes(g, w, now))
		return;
	json_set_text(o, "wish", life_move_name((enum life_move)w->wish));
	if (w->wish == LIFE_CANARY)
		json_set_int(o, "wish_share", w->wish_share);
	json_object_set_new(o, "wish_urgent", json_boolean(w->wish_urgent));
	as = engine_life_wish(g, r);
	json_set_text(o, "wish_as", as);
	free(as);
	json_set_text(o, "wish_by", w->wish_who);
	json_set_time(o, "wish_since", w->wish_time);
	json_set_time(o, "wish_until", w->wish_until);
}

/* Who moved it last.  A rollback is no move of its own, and rows of an older tosd do
 * not tell who made it. */
static const char *
moved_by(const struct engine_rule *r)
{
	if (r->row.who != NULL)
		return r->row.who;
	if (r->who != NULL)
		return r->who;
	return r->row.move != 0 ? life_move_name(r->what) : "pack";
}

static json_t *
row_of(struct engine *g, const struct engine_rule *r, int64_t now)
{
	struct life_state s, put;
	uint64_t hits = 0;
	json_t *o = json_object();

	engine_life_state(g, r, &s);
	for (int i = 0; i < FINDING_MODES; i++)
		hits += r->hits[i];
	json_set_text(o, "rule", r->rule);
	json_set_int(o, "rev", r->rev);
	json_set_text(o, "mode", finding_mode_name(s.mode));
	if (s.mode == MODE_CANARY)
		json_set_int(o, "share", s.share);
	if (engine_life_put(g, r, &put))
		json_set_text(o, "held", finding_mode_name(put.mode));
	json_set_text(o, "declared", finding_mode_name(r->declared));
	json_object_set_new(o, "loaded", json_boolean(r->loaded));
	json_set_time(o, "since", r->row.since);
	json_set_time(o, "until", s.until);
	json_set_text(o, "by", moved_by(r));
	json_set_int(o, "hits", hits);
	json_set_int(o, "right", r->right);
	json_set_int(o, "wrong", r->wrong);
	json_set_text(o, "plugin", r->plugin);
	json_set_text(o, "clause", r->clause);
	json_set_text(o, "category", r->category);
	set_wish(g, o, r, now);
	return o;
}

/* What is neither loaded nor was ever moved is history: `policy stats' has it. */
int
engine_rule_list(struct engine_call *k, struct err *e)
{
	const char *only = json_get_text(k->request, "rule");
	const struct engine_life *l = k->g->life;
	json_t *rows = json_array();

	json_object_set_new(k->reply, "rows", rows);
	for (size_t i = 0; i < l->n; i++) {
		const struct engine_rule *r = l->v[i];

		if (only != NULL ? engine_rule_named(only, r)
				 : r->loaded || r->row.id != 0)
			json_array_append_new(rows, row_of(k->g, r, k->now));
	}
	if (only != NULL && json_array_size(rows) == 0)
		return engine_rule_none(only, e);
	return 0;
}

/* --- moves --- */

struct order {
	struct engine_call *k;
	struct engine_move m;
	struct engine_rule **v; /* those that it is about */
	size_t n;
	json_t *rows;
	bool refused;
};

static void
move_one(struct order *x, struct engine_rule *r)
{
	struct life_step o;
	struct life_state s;
	json_t *row, *why = json_array();

	x->m.why = why;
	engine_life_move(x->k->g, r, &x->m, x->k->now, &o);
	engine_life_state(x->k->g, r, &s);
	row = json_pack("{s:s, s:I, s:s, s:s, s:o}", "rule", r->rule, "rev",
	    (json_int_t)r->rev, "verdict", life_verdict_name(o.verdict), "mode",
	    finding_mode_name(s.mode), "why", why);
	if (s.mode == MODE_CANARY)
		json_set_int(row, "share", s.share);
	json_set_time(row, "until", s.until);
	json_array_append_new(x->rows, row);
	x->refused |= o.verdict == LIFE_REFUSED;
}

static void
add_rule(struct order *x, struct engine_rule *r)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i] == r)
			return;
	x->v[x->n++] = r;
}

static int
none_named(const struct order *x, const char *name, uint32_t rev, struct err *e)
{
	if (rev != 0)
		return err_set(
		    e, TOSD_ENOENT, "there is no rule `%s' of that revision", name);
	if (engine_rule_known(x->k->g, name))
		return err_set(e, TOSD_ENOENT,
		    "of the pack `%s' no rule is loaded%s: name those that are meant "
		    "one "
		    "by one (tosctl policy rules %s)",
		    name, x->m.move == LIFE_ROLLBACK ? " that was ever moved" : "",
		    name);
	return engine_rule_none(name, e);
}

/* Each rule that a name means, in its newest revision. */
static int
find_named(struct order *x, const char *name, uint32_t rev, struct err *e)
{
	struct engine_life *l = x->k->g->life;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct engine_rule *r = l->v[i];
		bool itself = strcmp(name, r->rule) == 0;

		if (!engine_rule_named(name, r) ||
		    r != engine_life_find(x->k->g, r->rule, rev))
			continue;
		/* Of a pack, what is loaded, and can be rolled back at all. */
		if (!itself &&
		    (!r->loaded || (x->m.move == LIFE_ROLLBACK && r->row.move == 0)))
			continue;
		n++;
		if (x->n <= MOVES_MAX)
			add_rule(x, r);
	}
	if (n > MOVES_MAX || x->n > MOVES_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "%zu rules are too many at a time, the limit is %d",
		    n > x->n ? n : x->n, MOVES_MAX);
	return n > 0 ? 0 : none_named(x, name, rev, e);
}

/* All names are looked up first: who misspelt one moves nothing.  And a move may make
 * rules known. */
static int
move_all(struct order *x, const json_t *names, uint32_t rev, struct err *e)
{
	const json_t *name;
	size_t i;
	int rc = 0;

	x->v = xcalloc(MOVES_MAX + 2, sizeof(struct engine_rule *));
	json_array_foreach(names, i, name)
	{
		if (rc == 0)
			rc = find_named(x,
			    json_is_string(name) ? json_string_value(name) : "", rev,
			    e);
	}
	for (i = 0; rc == 0 && i < x->n; i++)
		move_one(x, x->v[i]);
	free(x->v);
	return rc;
}

/* Reason and note are kept together: they explain the same step. */
static int
read_words(struct engine_call *k, char **words, bool *noted, struct err *e)
{
	const char *reason, *note = json_get_text(k->request, "note");
	int rc = engine_person_reason(k, &reason, e);

	if (rc != 0)
		return rc;
	*noted = note != NULL && strspn(note, " \t\n") < strlen(note);
	if (*noted && strlen(note) > NOTE_MAX)
		return err_set(e, TOSD_ELIMIT, "a note has at most %d bytes", NOTE_MAX);
	*words = *noted ? xasprintf("%s\n\nNote: %s\n", reason, note) : xstrdup(reason);
	return 0;
}

/* A day alone means its beginning. */
static int
read_until(struct engine_call *k, int64_t *out, struct err *e)
{
	const char *text = json_get_text(k->request, "until");
	char *day;

	*out = CLOCK_NONE;
	if (text == NULL)
		return 0;
	*out = clock_parse(text);
	if (*out == CLOCK_NONE) {
		day = xasprintf("%sT00:00:00Z", text);
		*out = clock_parse(day);
		free(day);
	}
	if (*out == CLOCK_NONE)
		return err_set(e, TOSD_EINVAL,
		    "`%s' is no time: say 2026-12-24 or 2026-12-24T18:00:00Z", text);
	if (*out <= k->now)
		return err_set(
		    e, TOSD_EINVAL, "`%s' is past: an end is a time to come", text);
	return 0;
}

/* An end without an override would be lost, and a rule enforced for good by two people
 * who both believe that it ends. */
static int
check_until(const struct engine_call *k, const struct engine_move *m, struct err *e)
{
	int64_t longest = k->g->conf->policy.gates.override;
	char span[CLOCK_TEXT], last[CLOCK_TEXT];

	if (m->until == CLOCK_NONE)
		return 0;
	if (!m->urgent)
		return err_set(e, TOSD_EINVAL,
		    "only an override of the gates has an end: --until needs "
		    "--emergency");
	if (m->until - k->now > longest)
		return err_set(e, TOSD_EINVAL,
		    "an override lasts %s at most (policy.gates.override), so until %s",
		    clock_span(longest, span), clock_format(k->now + longest, last));
	return 0;
}

static bool
for_approvers(const struct engine_move *m)
{
	return m->move == LIFE_CANARY || m->move == LIFE_ENFORCE ||
	       m->move == LIFE_ROLLBACK || m->urgent;
}

static int
read_order(struct order *x, struct err *e)
{
	struct engine_call *k = x->k;
	const char *what = json_get_text(k->request, "move");
	int move = what != NULL ? life_move_parse(what) : -1;
	json_int_t share = json_integer_value(json_object_get(k->request, "share"));

	if (move < 0 || life_move_machine((enum life_move)move))
		return err_set(
		    e, TOSD_EINVAL, "say shadow, canary, enforce, retire or rollback");
	x->m.move = (enum life_move)move;
	x->m.share =
	    move == LIFE_CANARY && share > 0 && share < 100 ? (uint32_t)share : 0;
	x->m.urgent = json_is_true(json_object_get(k->request, "emergency"));
	if (read_until(k, &x->m.until, e) != 0)
		return e->code;
	return check_until(k, &x->m, e);
}

int
engine_rule_move(struct engine_call *k, struct err *e)
{
	struct order x = {.k = k, .rows = json_array()};
	const json_t *rules = json_object_get(k->request, "rules");
	json_int_t rev = json_integer_value(json_object_get(k->request, "rev"));
	char *words = NULL;
	int rc = read_order(&x, e);

	json_object_set_new(k->reply, "rows", x.rows);
	if (rc == 0) {
		x.m.person = engine_person_name(k, for_approvers(&x.m), e);
		rc = x.m.person == NULL ? e->code : 0;
	}
	if (rc == 0)
		rc = read_words(k, &words, &x.m.noted, e);
	if (rc == 0 && json_array_size(rules) == 0)
		rc = err_set(e, TOSD_EINVAL, "which rule?");
	x.m.words = words;
	if (rc == 0)
		rc = move_all(
		    &x, rules, rev > 0 && rev <= UINT32_MAX ? (uint32_t)rev : 0, e);
	free(words);
	json_object_set_new(k->reply, "negative", json_boolean(x.refused));
	return rc;
}

/* --- notices that relied on a rule --- */

#define REVS_MAX 20

struct relied {
	struct engine *g;
	const struct engine_rule *r;
	json_t *rows;
	uint32_t others[REVS_MAX]; /* revs of the same rule that notices cite */
	size_t nothers;
};

static json_t *
notice_row(struct relied *x, const struct store_violation *v, const char *number)
{
	json_t *row;
	size_t i;

	json_array_foreach(x->rows, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "case")), number) ==
			0 &&
		    json_integer_value(json_object_get(row, "notice")) ==
			(json_int_t)v->notice)
			return row;
	}
	row = json_pack("{s:s, s:I, s:s, s:i, s:s, s:i, s:i, s:o}", "rule", x->r->rule,
	    "rev", (json_int_t)x->r->rev, "case", number, "notice", (int)v->notice,
	    "tenant", v->tenant, "exhibits", 0, "wrong", 0, "list", json_array());
	json_array_append_new(x->rows, row);
	return row;
}

static void
note_other(struct relied *x, uint32_t rev)
{
	for (size_t i = 0; i < x->nothers; i++)
		if (x->others[i] == rev)
			return;
	if (x->nothers < REVS_MAX)
		x->others[x->nothers++] = rev;
}

/* Who asks without a rev asks about the newest, and nothing is easily taken for all. */
static void
say_others(const struct relied *x, json_t *reply)
{
	struct buf b = {0};
	char *text;

	if (x->nothers == 0 || json_array_size(x->rows) > 0)
		return;
	buf_printf(
	    &b, "no notice relied on %s rev %u, but on rev", x->r->rule, x->r->rev);
	for (size_t i = 0; i < x->nothers; i++)
		buf_printf(&b, "%s %u", i > 0 ? "," : "", x->others[i]);
	buf_printf(&b, ": tosctl policy relied %s --rev %u", x->r->rule, x->others[0]);
	text = buf_take(&b);
	json_object_set_new(reply, "note", json_string(text));
	free(text);
}

static int
add_relied(void *ctx, const struct store_violation *v)
{
	struct relied *x = ctx;
	struct store_label l = {0};
	struct store_case c = {0};
	struct err e = ERR_INIT;
	json_t *row;
	bool wrong;

	if (v->notice == 0 || strcmp(v->finding.rule, x->r->rule) != 0)
		return 0;
	if (v->finding.rev != x->r->rev) {
		note_other(x, v->finding.rev);
		return 0;
	}
	store_case_get(x->g->store, v->case_id, &c, &e);
	wrong = store_label_get(x->g->store, v->revision, v->finding.rule,
		    v->finding.rev, &l, &e) == 0 &&
		!l.right;
	store_label_clear(&l);
	row = notice_row(x, v, c.number);
	json_set_time(row, "delivered", v->reported);
	json_array_append_new(json_object_get(row, "list"), json_integer(v->exhibit));
	json_set_int(row, "exhibits", json_array_size(json_object_get(row, "list")));
	json_set_int(row, "wrong",
	    (uint64_t)json_integer_value(json_object_get(row, "wrong")) + wrong);
	return 0;
}

int
engine_rule_relied(struct engine_call *k, struct err *e)
{
	const char *name = json_get_text(k->request, "rule");
	json_int_t rev = json_integer_value(json_object_get(k->request, "rev"));
	struct relied x = {.g = k->g, .rows = json_array()};

	json_object_set_new(k->reply, "rows", x.rows);
	x.r = engine_rule_one(k->g, name != NULL ? name : "", (uint32_t)rev, e);
	if (x.r == NULL)
		return e->code;
	engine_walk(
	    store_violation_each(k->g->store, VIOLATION_ALL, 0, 0, add_relied, &x));
	say_others(&x, k->reply);
	return 0;
}
