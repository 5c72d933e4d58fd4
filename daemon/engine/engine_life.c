/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_life: where each rule is.  What a pack declares is where a rule begins; a move
 * is a row and a ledger entry with all its input (`mode'), so that tosctl replay takes
 * it again and tosctl rebuild gets it back.
 */
#include "engine/engine_life.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* So long a second person may take to agree. */
#define WISH_LASTS (7 * CLOCK_DAY)
/* Rules that findings may name although no worker declared them: a worker that was
 * taken over must not fill memory with names.  Those beyond are one, in shadow. */
#define UNKNOWN_MAX 1000
#define UNKNOWN "undeclared"

/* --- the table of rules --- */

static int
compare(const struct engine_rule *r, const char *rule, uint32_t rev)
{
	int c = strcmp(r->rule, rule);

	return c != 0 ? c : (r->rev > rev) - (r->rev < rev);
}

/* The place of the first one that is not before (rule, rev). */
static size_t
place_of(const struct engine_life *l, const char *rule, uint32_t rev)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare(l->v[mid], rule, rev) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct engine_rule *
make_rule(const char *rule, uint32_t rev)
{
	struct engine_rule *r = xcalloc(1, sizeof(*r));

	r->rule = xstrdup(rule);
	r->rev = rev;
	r->limit = MODE_ENFORCE;
	r->moved.until = CLOCK_NONE;
	r->row.wish_until = r->row.wish_time = r->row.since = CLOCK_NONE;
	return r;
}

struct engine_rule *
engine_life_rule(
    struct engine *g, const char *rule, uint32_t rev, enum finding_mode declared)
{
	struct engine_life *l = g->life;
	size_t at = place_of(l, rule, rev);
	struct engine_rule *r;

	if (at < l->n && compare(l->v[at], rule, rev) == 0)
		return l->v[at];
	r = make_rule(rule, rev);
	r->declared = declared;
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(struct engine_rule *));
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(struct engine_rule *));
	l->v[at] = r;
	l->n++;
	return r;
}

struct engine_rule *
engine_life_find(struct engine *g, const char *rule, uint32_t rev)
{
	struct engine_life *l = g->life;
	struct engine_rule *best = NULL;

	for (size_t i = place_of(l, rule, rev); i < l->n; i++) {
		struct engine_rule *r = l->v[i];

		if (strcmp(r->rule, rule) != 0 || (rev != 0 && r->rev != rev))
			break;
		if (best == NULL || r->loaded || !best->loaded)
			best = r;
	}
	return best;
}

static void
set_text(char **to, const char *from)
{
	if (*to != NULL && strcmp(*to, from) == 0)
		return;
	free(*to);
	*to = xstrdup(from);
}

static int
by_name(const void *a, const void *b)
{
	const struct engine_rule *x = *(struct engine_rule *const *)a;
	const struct engine_rule *y = *(struct engine_rule *const *)b;

	return compare(x, y->rule, y->rev);
}

static void
take_rule(struct engine_rule *r, const struct msg_rule *v)
{
	r->loaded = true;
	r->declared = (enum finding_mode)v->mode;
	r->limit = (enum finding_mode)v->limit;
	set_text(&r->plugin, v->plugin);
	set_text(&r->pack, v->pack);
	set_text(&r->clause, v->clause);
	set_text(&r->category, v->category);
}

/* There may be thousands that are new: they are sorted in once. */
void
engine_life_rules(struct engine *g, const struct msg_rules *m)
{
	struct engine_life *l = g->life;
	size_t n = l->n;

	for (size_t i = 0; i < l->n; i++)
		l->v[i]->loaded = false;
	l->v = xrealloc(l->v, (l->n + m->n + 1) * sizeof(struct engine_rule *));
	for (uint32_t i = 0; i < m->n; i++) {
		const struct msg_rule *v = &m->v[i];
		size_t at = place_of(l, v->rule, v->rev);

		if (at == l->n || compare(l->v[at], v->rule, v->rev) != 0) {
			at = n++;
			l->v[at] = make_rule(v->rule, v->rev);
		}
		take_rule(l->v[at], v);
	}
	if (n > l->n)
		qsort(l->v, n, sizeof(struct engine_rule *), by_name);
	l->n = n;
}

/* --- what a start finds --- */

static void
take_move(struct engine *g, struct engine_rule *r)
{
	struct store_move m;
	struct err e = ERR_INIT;

	free(r->who);
	r->who = NULL;
	r->moved = (struct life_state){MODE_DRAFT, 0, CLOCK_NONE};
	r->what = LIFE_SHADOW;
	r->before = 0;
	if (r->row.move == 0)
		return;
	engine_must(store_move_get(g->store, r->row.move, &m, &e), 0,
	    "cannot read where a rule is", &e);
	r->moved = (struct life_state){(enum finding_mode)m.mode, m.share, m.until};
	r->what = (enum life_move)m.what;
	r->before = m.before;
	r->who = m.who;
	m.who = NULL;
	store_move_clear(&m);
}

static int
load_row(void *ctx, const struct store_life *row)
{
	struct engine *g = ctx;
	struct engine_rule *r = engine_life_rule(g, row->rule, row->rev, MODE_DRAFT);

	store_life_clear(&r->row);
	r->row = *row;
	r->row.rule = xstrdup(row->rule);
	r->row.wish_who = xstrdup(row->wish_who);
	take_move(g, r);
	return 0;
}

static int
load_label(void *ctx, const struct store_label *l)
{
	struct engine_rule *r = engine_life_rule(ctx, l->rule, l->rev, MODE_DRAFT);

	r->right += l->right;
	r->wrong += !l->right;
	return 0;
}

static void
plan_lapse(struct engine *g)
{
	struct engine_life *l = g->life;

	l->next_lapse = CLOCK_NONE;
	for (size_t i = 0; i < l->n; i++) {
		int64_t t = l->v[i]->row.move != 0 ? l->v[i]->moved.until : CLOCK_NONE;

		if (t != CLOCK_NONE &&
		    (l->next_lapse == CLOCK_NONE || t < l->next_lapse))
			l->next_lapse = t;
	}
}

void
engine_life_load(struct engine *g)
{
	g->life = xcalloc(1, sizeof(*g->life));
	engine_walk(store_life_each(g->store, load_row, g));
	engine_walk(store_label_each(g->store, NULL, 0, load_label, g));
	engine_stat_load(g);
	plan_lapse(g);
}

void
engine_life_free(struct engine *g)
{
	struct engine_life *l = g->life;

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		struct engine_rule *r = l->v[i];

		free(r->rule);
		free(r->plugin);
		free(r->pack);
		free(r->clause);
		free(r->category);
		free(r->who);
		store_life_clear(&r->row);
		free(r);
	}
	free(l->v);
	engine_stat_free(l);
	free(l);
	g->life = NULL;
}

/* --- the mode in force --- */

struct engine_rule *
engine_life_of(struct engine *g, const struct finding *f, enum finding_mode declared)
{
	struct engine_life *l = g->life;
	size_t n = l->n;
	struct engine_rule *r = engine_life_find(g, f->rule, f->rev);

	if (r != NULL && r->rev == f->rev)
		return r;
	if (l->unknown >= UNKNOWN_MAX)
		return engine_life_rule(g, UNKNOWN, 0, MODE_SHADOW);
	r = engine_life_rule(g, f->rule, f->rev, declared);
	l->unknown += l->n - n;
	return r;
}

static struct life_state
began(const struct engine *g, const struct engine_rule *r)
{
	bool gated = g->conf->policy.life_cycle == CONF_LIFE_GATED;

	return (struct life_state){life_begin(r->declared, gated), 0, CLOCK_NONE};
}

void
engine_life_state(
    const struct engine *g, const struct engine_rule *r, struct life_state *out)
{
	*out = r->row.move != 0 ? r->moved : began(g, r);
}

void
engine_life_verdict(struct engine *g, const struct store_revision *rev,
    struct finding *f, uint32_t n, enum policy_lane *lanes, enum policy_lane *would)
{
	enum finding_mode *modes = xcalloc(n + 1, sizeof(*modes));
	struct life_state s;
	bool review;

	for (uint32_t i = 0; i < n; i++) {
		engine_life_state(g, engine_life_of(g, &f[i], f[i].mode), &s);
		/* What rests on a model's word is for people, wherever its rule is. */
		review = f[i].mode == MODE_REVIEW && s.mode != MODE_DRAFT &&
			 s.mode != MODE_RETIRED;
		if (s.mode == MODE_CANARY && !life_within(rev->digest, s.share))
			s.mode = MODE_SHADOW;
		modes[i] = review ? MODE_REVIEW : s.mode;
		f[i].mode = review ? MODE_REVIEW : MODE_ENFORCE;
	}
	policy_verdict(f, n, g->conf->policy.threshold, would);
	for (uint32_t i = 0; i < n; i++)
		f[i].mode = modes[i];
	policy_verdict(f, n, g->conf->policy.threshold, lanes);
	free(modes);
}

/* --- a move on record --- */

static json_t *
state_json(const struct life_state *s)
{
	json_t *o = json_pack(
	    "{s:s, s:i}", "mode", finding_mode_name(s->mode), "share", (int)s->share);

	if (s->until != CLOCK_NONE)
		json_object_set_new(o, "until", json_integer((json_int_t)s->until));
	return o;
}

static json_t *
facts_json(const struct life_facts *f, enum life_move move)
{
	json_t *o = json_pack("{s:I, s:i, s:i, s:i, s:b, s:I, s:s}", "now",
	    (json_int_t)f->now, "share", (int)f->share, "failing", (int)f->failing,
	    "people", (int)f->people, "emergency", f->emergency, "longest",
	    (json_int_t)f->longest, "limit", finding_mode_name(f->limit));

	if (f->until != CLOCK_NONE)
		json_object_set_new(o, "until", json_integer((json_int_t)f->until));
	if (move == LIFE_ROLLBACK) {
		json_object_set_new(o, "back", state_json(&f->back));
		json_object_set_new(o, "machine", json_boolean(f->machine));
	}
	return o;
}

/* Everything between the question and the row. */
struct moving {
	struct engine *g;
	struct engine_rule *r;
	const struct engine_move *m;
	struct life_state from;
	struct life_facts f;
	struct life_limits limits;
	struct life_numbers numbers;
	struct life_step *o;
	int64_t now;
	int withdrawn;
};

static json_t *
persons_json(const struct moving *x)
{
	json_t *a = json_array();

	if (x->f.people > 1)
		json_array_append_new(a, json_string(x->r->row.wish_who));
	if (x->m->person != NULL)
		json_array_append_new(a, json_string(x->m->person));
	return a;
}

static int64_t
record_move(struct moving *x)
{
	json_t *reasons = json_array(), *entry;
	struct vault_ref ref;
	char *rel;

	for (unsigned i = 0; i < x->o->nreasons; i++)
		json_array_append_new(reasons, json_string(x->o->reasons[i]));
	entry = json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
	    "rule", x->r->rule, "rev", (json_int_t)x->r->rev, "move",
	    life_move_name(x->m->move), "verdict", life_verdict_name(x->o->verdict),
	    "from", state_json(&x->from), "to", state_json(&x->o->next), "facts",
	    facts_json(&x->f, x->m->move), "gates",
	    engine_gate_json(&x->limits, &x->numbers), "persons", persons_json(x),
	    "reasons", reasons, "policy", x->g->policy);
	if (x->m->words != NULL) {
		rel = xasprintf("notices/policy/mode-%lld.txt", (long long)x->g->seq);
		engine_record_keep(x->g, rel, x->m->words, strlen(x->m->words), &ref);
		engine_record_file(entry, &ref);
		free(rel);
	}
	return engine_record(x->g, "mode", entry, NULL, x->now);
}

static void
put_row(struct engine *g, struct engine_rule *r)
{
	struct err e = ERR_INIT;

	if (r->row.rule == NULL)
		r->row.rule = xstrdup(r->rule);
	r->row.rev = r->rev;
	engine_must(store_life_put(g->store, &r->row, &e), 0,
	    "cannot keep where a rule is", &e);
}

static void
forget_wish(struct engine_rule *r)
{
	free(r->row.wish_who);
	r->row.wish_who = NULL;
	r->row.wish = 0;
	r->row.wish_share = 0;
	r->row.wish_urgent = false;
	r->row.wish_until = r->row.wish_time = CLOCK_NONE;
}

static void
keep_wish(struct moving *x)
{
	struct store_life *w = &x->r->row;

	forget_wish(x->r);
	w->wish = x->m->move;
	w->wish_share = x->f.share;
	w->wish_urgent = x->m->urgent;
	w->wish_until = x->f.until;
	w->wish_who = xstrdup(x->m->person);
	w->wish_time = x->now;
	put_row(x->g, x->r);
}

static int64_t
add_move(struct moving *x, int64_t entry)
{
	struct store_move m = {.rule = x->r->rule,
	    .rev = x->r->rev,
	    .mode = (int32_t)x->o->next.mode,
	    .share = x->o->next.share,
	    .until = x->o->next.until,
	    .what = x->m->move,
	    .since = x->now,
	    .before = x->r->row.move,
	    .entry = entry};
	struct err e = ERR_INIT;

	if (x->f.people > 1)
		m.who = xasprintf("%s, %s", x->r->row.wish_who, x->m->person);
	else if (x->m->person != NULL)
		m.who = xstrdup(x->m->person);
	engine_must(store_move_add(x->g->store, &m, &e), 0, "cannot keep a move", &e);
	free(m.who);
	return m.id;
}

/* Open violations that no notice cites yet count as the rule does from now on. */
static int
rederive(struct engine *g, const struct engine_rule *r, enum finding_mode mode)
{
	bool counts = mode == MODE_CANARY || mode == MODE_ENFORCE;
	struct err e = ERR_INIT;
	int n = store_violation_withdraw(g->store, r->rule, r->rev,
	    counts ? WITHDRAWN_RULE : WITHDRAWN_NO,
	    counts ? WITHDRAWN_NO : WITHDRAWN_RULE, &e);

	engine_must(n < 0 ? n : 0, 0, "cannot withdraw violations", &e);
	return n;
}

static void
tell(const struct moving *x)
{
	const struct life_state *to = &x->o->next;
	char until[CLOCK_TEXT];

	log_notice("policy",
	    "rule %s rev %u: %s to %s%s%s by %s (%d open violations %s)", x->r->rule,
	    x->r->rev, finding_mode_name(x->from.mode), finding_mode_name(to->mode),
	    to->until != CLOCK_NONE ? " until " : "",
	    to->until != CLOCK_NONE ? clock_format(to->until, until) : "",
	    x->m->person != NULL ? x->m->person : "its gates", x->withdrawn,
	    to->mode == MODE_CANARY || to->mode == MODE_ENFORCE ? "count again"
								: "withdrawn");
	if (x->m->move == LIFE_DEMOTE)
		log_warn("policy",
		    "rule %s rev %u: people found it wrong too often; notices that "
		    "relied on it: tosctl policy relied %s",
		    x->r->rule, x->r->rev, x->r->rule);
}

/* A rollback adds no state: the pointer goes to the one before. */
static void
keep_move(struct moving *x)
{
	int64_t entry = record_move(x);
	struct engine_rule *r = x->r;

	r->row.move = x->m->move == LIFE_ROLLBACK ? r->before : add_move(x, entry);
	r->row.since = x->now;
	forget_wish(r);
	put_row(x->g, r);
	take_move(x->g, r);
	x->withdrawn = rederive(x->g, r, x->o->next.mode);
	plan_lapse(x->g);
	tell(x);
}

/* --- whether it may be made --- */

/* The state that a rollback leads to. */
static void
find_back(struct moving *x)
{
	struct store_move m;
	struct err e = ERR_INIT;

	x->f.back = began(x->g, x->r);
	x->f.machine = x->r->row.move != 0 && life_move_machine(x->r->what);
	if (x->r->row.move == 0 || x->r->before == 0)
		return;
	engine_must(store_move_get(x->g->store, x->r->before, &m, &e), 0,
	    "cannot read where a rule was", &e);
	x->f.back = (struct life_state){(enum finding_mode)m.mode, m.share, m.until};
	store_move_clear(&m);
}

/* Somebody wants the very same, and not too long ago. */
static bool
wished(const struct moving *x)
{
	const struct store_life *w = &x->r->row;

	return w->wish_who != NULL && w->wish == (int32_t)x->m->move &&
	       x->now - w->wish_time <= WISH_LASTS && w->wish_share == x->m->share &&
	       w->wish_urgent == x->m->urgent &&
	       (x->m->until == CLOCK_NONE || x->m->until == w->wish_until);
}

static void
ask_people(struct moving *x)
{
	x->f.people = x->m->person != NULL;
	x->f.until = x->m->until;
	if (x->m->person == NULL || !wished(x))
		return;
	if (strcmp(x->r->row.wish_who, x->m->person) != 0)
		x->f.people = 2;
	x->f.until = x->r->row.wish_until;
}

void
engine_life_move(struct engine *g, struct engine_rule *r, const struct engine_move *m,
    int64_t now, struct life_step *o)
{
	struct moving x = {.g = g, .r = r, .m = m, .o = o, .now = now};

	engine_life_state(g, r, &x.from);
	engine_gate_limits(g, &x.limits);
	engine_gate_numbers(g, r, m->noted, now, &x.numbers);
	x.f = (struct life_facts){.now = now,
	    .share = m->share,
	    .failing = life_gates(&x.limits, &x.numbers),
	    .emergency = m->urgent,
	    .longest = g->conf->policy.gates.override,
	    .limit = r->limit,
	    .back = {MODE_DRAFT, 0, CLOCK_NONE}};
	ask_people(&x);
	if (m->move == LIFE_ROLLBACK)
		find_back(&x);
	life_step(&x.from, m->move, &x.f, o);
	if (o->verdict == LIFE_DONE) {
		keep_move(&x);
	} else if (o->verdict == LIFE_WAITS && wished(&x)) {
		o->verdict = LIFE_REFUSED;
		o->reasons[0] =
		    "the same person has asked for it already: a second one "
		    "is needed";
	} else if (o->verdict == LIFE_WAITS) {
		record_move(&x);
		keep_wish(&x);
	}
}

void
engine_life_judged(struct engine *g, struct engine_rule *r, int64_t now)
{
	struct engine_move down = {.move = LIFE_DEMOTE, .until = CLOCK_NONE};
	struct life_limits l;
	struct life_numbers n;
	struct life_state s;
	struct life_step o;

	engine_life_state(g, r, &s);
	/* Two people have taken an override upon themselves until its end. */
	if ((s.mode != MODE_CANARY && s.mode != MODE_ENFORCE) || s.until != CLOCK_NONE)
		return;
	engine_gate_limits(g, &l);
	engine_gate_numbers(g, r, false, now, &n);
	if (life_falls(&l, &n))
		engine_life_move(g, r, &down, now, &o);
}

int64_t
engine_life_due(struct engine *g, int64_t now)
{
	struct engine_move over = {.move = LIFE_LAPSE, .until = CLOCK_NONE};
	struct life_step o;

	if (g->life->next_lapse == CLOCK_NONE || now < g->life->next_lapse)
		return g->life->next_lapse;
	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];

		if (r->row.move != 0 && r->moved.until != CLOCK_NONE &&
		    r->moved.until <= now)
			engine_life_move(g, r, &over, now, &o);
	}
	plan_lapse(g);
	return g->life->next_lapse;
}
