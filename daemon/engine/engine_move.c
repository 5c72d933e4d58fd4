/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_move: rules are moved, by people and by their gates.  Whether a move may be
 * made is decided by policy/life.c, from numbers of engine_gate.c; a move is a row and
 * a ledger entry with all its input (`mode'), so that tosctl replay takes it again and
 * tosctl rebuild gets it back.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_life.h"

/* So long a second person may take to agree. */
#define WISH_LASTS (7 * CLOCK_DAY)

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
		if (f->falls)
			json_object_set_new(o, "falls", json_true());
	} else if (move == LIFE_PACK) {
		json_object_set_new(o, "back", state_json(&f->back));
	}
	return o;
}

/* Everything between the question and the row. */
struct moving {
	struct engine *g;
	struct engine_rule *r;
	struct engine_move *m;
	struct life_state from;
	struct life_facts f;
	struct life_limits limits;
	struct life_numbers numbers;
	struct life_step *o;
	int64_t now;
	int withdrawn;
	char *instead; /* whose wish it took the place of; NULL: nobody's */
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
	entry = json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "rule",
	    x->r->rule, "rev", (json_int_t)x->r->rev, "move",
	    life_move_name(x->m->move), "verdict", life_verdict_name(x->o->verdict),
	    "from", state_json(&x->from), "to", state_json(&x->o->next), "facts",
	    facts_json(&x->f, x->m->move), "persons", persons_json(x), "reasons",
	    reasons, "policy", x->g->policy);
	if (x->m->move != LIFE_PACK)
		json_object_set_new(
		    entry, "gates", engine_gate_json(&x->limits, &x->numbers));
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

void
engine_life_unwish(struct engine *g, struct engine_rule *r)
{
	if (r->row.wish_who == NULL)
		return;
	forget_wish(r);
	put_row(g, r);
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

/* Those who made it, as they are kept; NULL: nobody did. */
static char *
movers(const struct moving *x)
{
	return x->f.people > 1 ? xasprintf("%s, %s", x->r->row.wish_who, x->m->person)
			       : xstrdup(x->m->person);
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

	m.who = movers(x);
	engine_must(store_move_add(x->g->store, &m, &e), 0, "cannot keep a move", &e);
	free(m.who);
	return m.id;
}

static bool
does_count(enum finding_mode mode)
{
	return mode == MODE_CANARY || mode == MODE_ENFORCE;
}

/* Open violations that no notice cites yet count as the rule does from now on. */
static int
rederive(struct engine *g, const struct engine_rule *r, enum finding_mode mode)
{
	bool counts = does_count(mode);
	struct err e = ERR_INIT;
	int n = store_violation_withdraw(g->store, r->rule, r->rev,
	    counts ? WITHDRAWN_RULE : WITHDRAWN_NO,
	    counts ? WITHDRAWN_NO : WITHDRAWN_RULE, &e);

	engine_must(n < 0 ? n : 0, 0, "cannot withdraw violations", &e);
	return n;
}

/* Who did it; where nobody asked for it, why. */
static char *
by_whom(const struct moving *x, const char *first)
{
	switch (x->m->move) {
	case LIFE_LAPSE:
		return xstrdup("as its override is over");
	case LIFE_DEMOTE:
		return xstrdup("as people found it wrong too often");
	case LIFE_REWRITE:
		return xstrdup("as it means something else than before");
	case LIFE_PACK:
		return xstrdup(x->r->loaded
				   ? "as its pack says"
				   : "as its pack has it no more, or as retired");
	default:
		return xasprintf("by %s%s%s%s", first != NULL ? first : "",
		    first != NULL ? " and " : "", x->m->person,
		    x->m->urgent ? ", over its gates" : "");
	}
}

/* first: who has wished it before; NULL: nobody. */
static void
tell(const struct moving *x, const char *first)
{
	const struct life_state *to = &x->o->next;
	bool counts = does_count(to->mode);
	char until[CLOCK_TEXT], open[80] = "", *by = by_whom(x, first);

	if (x->withdrawn > 0)
		snprintf(open, sizeof(open), " (%d open violations %s)", x->withdrawn,
		    counts ? "count again" : "withdrawn");
	log_notice("policy", "rule %s rev %u: %s to %s%s%s %s%s", x->r->rule, x->r->rev,
	    finding_mode_name(x->from.mode), finding_mode_name(to->mode),
	    to->until != CLOCK_NONE ? " until " : "",
	    to->until != CLOCK_NONE ? clock_format(to->until, until) : "", by, open);
	free(by);
	if (x->m->move == LIFE_DEMOTE)
		log_warn("policy",
		    "rule %s rev %u: people found it wrong too often; notices that "
		    "relied on it: tosctl policy relied %s --rev %u",
		    x->r->rule, x->r->rev, x->r->rule, x->r->rev);
}

/* A rollback adds no state: the pointer goes to the one before. */
static void
keep_move(struct moving *x)
{
	int64_t entry = record_move(x);
	struct engine_rule *r = x->r;
	char *first = x->f.people > 1 ? xstrdup(r->row.wish_who) : NULL;

	r->row.move = x->m->move == LIFE_ROLLBACK ? r->before : add_move(x, entry);
	r->row.since = x->now;
	free(r->row.who);
	r->row.who = movers(x);
	forget_wish(r);
	put_row(x->g, r);
	engine_life_take(x->g, r);
	x->withdrawn = rederive(x->g, r, x->o->next.mode);
	engine_life_plan(x->g);
	tell(x, first);
	free(first);
}

/* The pack's word is in force by itself: what follows from it is done, and on record,
 * and there is no state that a rollback could go to. */
int
engine_life_restated(struct engine *g, struct engine_rule *r, int64_t now, bool tells)
{
	struct engine_move m = {.move = LIFE_PACK, .until = CLOCK_NONE};
	struct life_step o;
	struct moving x = {.g = g, .r = r, .m = &m, .o = &o, .now = now};

	x.from = (struct life_state){r->was, 0, CLOCK_NONE};
	x.f = (struct life_facts){.now = now,
	    .until = CLOCK_NONE,
	    .limit = r->limit,
	    .back = engine_life_began(g, r)};
	life_step(&x.from, LIFE_PACK, &x.f, &o);
	if (does_count(r->was) == does_count(o.next.mode))
		return 0;
	record_move(&x);
	x.withdrawn = r->open ? rederive(g, r, o.next.mode) : 0;
	/* That it counts from now on is told where what begins is told. */
	if (tells && (!does_count(o.next.mode) || x.withdrawn > 0))
		tell(&x, NULL);
	return 1;
}

/* --- whether it may be made --- */

/* The state that a rollback leads to. */
static struct life_state
back_of(struct engine *g, const struct engine_rule *r)
{
	struct life_state back = engine_life_began(g, r);
	struct store_move m;
	struct err e = ERR_INIT;

	if (r->row.move == 0 || r->before == 0)
		return back;
	engine_must(store_move_get(g->store, r->before, &m, &e), 0,
	    "cannot read where a rule was", &e);
	back = (struct life_state){(enum finding_mode)m.mode, m.share, m.until};
	store_move_clear(&m);
	return back;
}

/* Whatever waits for a second person is for approvers. */
static bool
still_may(const struct engine *g, const struct store_life *w)
{
	for (size_t i = 0; w->wish_who != NULL && i < g->conf->nstaff; i++)
		if (strcmp(g->conf->staff[i].name, w->wish_who) == 0)
			return g->conf->staff[i].approver;
	return false;
}

static bool
is_fresh(const struct store_life *w, int64_t now)
{
	return w->wish_who != NULL && now - w->wish_time <= WISH_LASTS;
}

bool
engine_life_wishes(const struct engine *g, const struct store_life *w, int64_t now)
{
	return is_fresh(w, now) && still_may(g, w);
}

/* Somebody wants the very same, and not too long ago. */
static bool
wished(const struct moving *x)
{
	const struct store_life *w = &x->r->row;

	return engine_life_wishes(x->g, w, x->now) && w->wish == (int32_t)x->m->move &&
	       w->wish_share == x->m->share && w->wish_urgent == x->m->urgent &&
	       (x->m->until == CLOCK_NONE || x->m->until == w->wish_until);
}

/* "enforce", "canary, 10 %" */
static void
put_state(struct buf *b, const struct life_state *s)
{
	buf_puts(b, finding_mode_name(s->mode));
	if (s->mode == MODE_CANARY)
		buf_printf(b, ", %u %%", s->share);
}

char *
engine_life_wish(struct engine *g, const struct engine_rule *r)
{
	const struct store_life *w = &r->row;
	struct life_state back;
	struct buf b = {0};
	char until[CLOCK_TEXT];

	if (w->wish == LIFE_CANARY)
		buf_printf(&b, "%u %%", w->wish_share);
	if (w->wish == LIFE_ROLLBACK) {
		back = back_of(g, r);
		buf_puts(&b, "to ");
		put_state(&b, &back);
	}
	if (w->wish_urgent && w->wish_until != CLOCK_NONE)
		buf_printf(&b, "%sover the gates until %s", b.len > 0 ? ", " : "",
		    clock_format(w->wish_until, until));
	return buf_take(&b);
}

/* What is wished already is waited with no more. */
static void
note_instead(struct moving *x)
{
	const struct store_life *w = &x->r->row;
	bool own;
	char *wish;

	if (!is_fresh(w, x->now))
		return;
	if (!still_may(x->g, w)) {
		x->instead = xasprintf("the wish of %s counts no more: who made it is "
				       "no approver any more (staff in tosd.conf)",
		    w->wish_who);
		return;
	}
	own = strcmp(w->wish_who, x->m->person) == 0;
	wish = engine_life_wish(x->g, x->r);
	x->instead = xasprintf("this takes the place of %s %s: %s%s%s%s%s",
	    own ? "what was wished before by" : "the wish of", w->wish_who,
	    life_move_name((enum life_move)w->wish), wish[0] != '\0' ? ", " : "", wish,
	    own ? "" : "; who agrees with that says the same",
	    !own && w->wish_urgent ? ", and may leave out --until" : "");
	free(wish);
}

static void
ask_people(struct moving *x)
{
	char until[CLOCK_TEXT];

	x->f.people = x->m->person != NULL;
	x->f.until = x->m->until;
	if (x->m->person == NULL || !wished(x))
		return;
	if (strcmp(x->r->row.wish_who, x->m->person) != 0)
		x->f.people = 2;
	x->f.until = x->r->row.wish_until;
	if (x->f.until != CLOCK_NONE && x->f.until <= x->now)
		x->instead = xasprintf("that is the end that %s has named, %s: name "
				       "another one, --until TIME",
		    x->r->row.wish_who, clock_format(x->f.until, until));
}

/* Who names an end believes in it.  A step down keeps the one that is in force, and
 * what needs no override has none; as the pure step, whose answers are on record,
 * always had it. */
static const char *
lost_end(const struct moving *x)
{
	struct life_facts f = x->f;
	struct life_step o;

	if (x->m->until == CLOCK_NONE)
		return NULL;
	f.people = 2; /* what will come of it, once they agree */
	life_step(&x->from, x->m->move, &f, &o);
	if (o.verdict != LIFE_DONE || o.next.until == x->m->until)
		return NULL;
	return o.next.until != CLOCK_NONE
		   ? "a step down keeps the end of the override that is in force: "
		     "leave out --emergency and --until"
		   : "this needs no override, and so has no end: leave out "
		     "--emergency and --until";
}

/* "It is enforced already" would be believed of a rule that finds nothing, or that
 * nothing counts of. */
static const char *
lost_rule(const struct moving *x)
{
	struct life_state s;

	if (x->o->verdict == LIFE_SAME && engine_life_put(x->g, x->r, &s))
		return "it is put there already, and is in shadow all the same: its "
		       "plugin does not give the same answer twice any more, so that "
		       "its findings cannot count";
	return x->o->verdict == LIFE_SAME && !x->r->loaded && x->m->move != LIFE_RETIRE
		   ? "no such rule is loaded, and so it finds nothing: its pack was "
		     "refused, or is not there any more"
		   : NULL;
}

static void
refuse(struct life_step *o, const struct life_state *from, const char *why)
{
	*o = (struct life_step){.verdict = LIFE_REFUSED, .next = *from};
	o->reasons[o->nreasons++] = why;
}

/* One step back may let more count, and two people should know to what they agree. */
static json_t *
back_words(const struct life_state *back)
{
	struct buf b = {0};
	json_t *words;

	put_state(&b, back);
	words = json_sprintf("it leads back to %s", b.data);
	buf_free(&b);
	return words;
}

/* Gates by their figures: which of them, and how much is missing. */
static void
say_why(const struct moving *x)
{
	json_t *why = x->m->why;
	bool gates = false;

	for (unsigned i = 0; i < x->o->nreasons; i++) {
		int gate = life_gate_of(x->o->reasons[i]);
		char *words = gate < 0 ? xstrdup(x->o->reasons[i])
				       : engine_gate_words((enum life_gate)gate,
					     &x->limits, &x->numbers);

		gates |= gate >= 0;
		json_array_append_new(why, json_string(words));
		free(words);
	}
	if (x->m->move == LIFE_ROLLBACK && x->o->verdict == LIFE_WAITS)
		json_array_append_new(why, back_words(&x->f.back));
	if (gates)
		json_array_append_new(
		    why, json_sprintf("tosctl policy gate %s has all", x->r->rule));
	if (x->instead != NULL)
		json_array_append_new(why, json_string(x->instead));
}

void
engine_life_move(struct engine *g, struct engine_rule *r, struct engine_move *m,
    int64_t now, struct life_step *o)
{
	struct moving x = {.g = g, .r = r, .m = m, .o = o, .now = now};
	const char *lost;

	engine_life_put(g, r, &x.from);
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
	x.f.falls = m->move == LIFE_ROLLBACK && life_falls(&x.limits, &x.numbers);
	if (m->move == LIFE_ROLLBACK) {
		x.f.back = back_of(g, r);
		x.f.machine = r->row.move != 0 && life_move_machine(r->what);
	}
	life_step(&x.from, m->move, &x.f, o);
	if ((lost = lost_end(&x)) != NULL || (lost = lost_rule(&x)) != NULL) {
		refuse(o, &x.from, lost);
	} else if (o->verdict == LIFE_DONE) {
		keep_move(&x);
	} else if (o->verdict == LIFE_WAITS && wished(&x)) {
		refuse(o, &x.from,
		    "the same person has asked for it already: a second one "
		    "is needed");
	} else if (o->verdict == LIFE_WAITS) {
		note_instead(&x);
		record_move(&x);
		keep_wish(&x);
	}
	if (m->why != NULL)
		say_why(&x);
	free(x.instead);
}

/* Said with each word about it, for as long as it counts. */
static void
warn_override(const struct engine_rule *r, const struct life_state *s)
{
	char until[CLOCK_TEXT];

	log_warn("policy",
	    "rule %s rev %u counts over its gates until %s, and people found %llu of "
	    "%llu "
	    "wrong: labels do not end that; tosctl policy shadow or rollback does, and "
	    "needs one person",
	    r->rule, r->rev, clock_format(s->until, until),
	    (unsigned long long)r->wrong, (unsigned long long)(r->right + r->wrong));
}

void
engine_life_judged(struct engine *g, struct engine_rule *r, int64_t now)
{
	struct engine_move down = {.move = LIFE_DEMOTE, .until = CLOCK_NONE};
	struct life_limits l;
	struct life_numbers n;
	struct life_state s;
	struct life_step o;

	engine_life_put(g, r, &s);
	if (s.mode != MODE_CANARY && s.mode != MODE_ENFORCE)
		return;
	engine_gate_limits(g, &l);
	engine_gate_numbers(g, r, false, now, &n);
	if (!life_falls(&l, &n))
		return;
	/* Two people have taken an override upon themselves until its end. */
	if (s.until != CLOCK_NONE)
		warn_override(r, &s);
	else
		engine_life_move(g, r, &down, now, &o);
}

int64_t
engine_life_due(struct engine *g, int64_t now)
{
	struct engine_move over = {.move = LIFE_LAPSE, .until = CLOCK_NONE};
	struct life_step o;

	if (g->life->next_lapse == CLOCK_NONE || now < g->life->next_lapse)
		return g->life->next_lapse;
	/* After a start no gate holds before a worker has told what it has; nor does
	 * anything count before. */
	if (g->policy[0] == '\0')
		return CLOCK_NONE;
	for (size_t i = 0; i < g->life->n; i++) {
		struct engine_rule *r = g->life->v[i];

		if (r->row.move != 0 && r->moved.until != CLOCK_NONE &&
		    r->moved.until <= now)
			engine_life_move(g, r, &over, now, &o);
	}
	engine_life_plan(g);
	return g->life->next_lapse;
}
