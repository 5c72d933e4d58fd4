/* SPDX-License-Identifier: Apache-2.0 */
/* life: the table of moves, and the gates; see life.h. */
#include "policy/life.h"

#include <string.h>

#include "base/clock.h"

#define NMODES (MODE_RETIRED + 1)

static const char *const move_names[LIFE_MOVES] = {
    [LIFE_SHADOW] = "shadow",
    [LIFE_CANARY] = "canary",
    [LIFE_ENFORCE] = "enforce",
    [LIFE_RETIRE] = "retire",
    [LIFE_ROLLBACK] = "rollback",
    [LIFE_LAPSE] = "lapse",
    [LIFE_DEMOTE] = "demote",
    [LIFE_REWRITE] = "rewrite",
    [LIFE_PACK] = "pack",
};

static const char *const verdict_names[] = {"refused", "waits", "done", "same"};

const char *
life_move_name(enum life_move move)
{
	return (unsigned)move < LIFE_MOVES ? move_names[move] : "unknown";
}

int
life_move_parse(const char *name)
{
	for (int i = 0; i < LIFE_MOVES; i++)
		if (strcmp(move_names[i], name) == 0)
			return i;
	return -1;
}

bool
life_move_machine(enum life_move move)
{
	return move >= LIFE_LAPSE;
}

const char *
life_verdict_name(enum life_verdict verdict)
{
	return (unsigned)verdict <= LIFE_SAME ? verdict_names[verdict] : "unknown";
}

/* --- gates --- */

static const struct {
	const char *name, *why;
} gates[LIFE_GATES] = {
    [LIFE_GATE_LOADED] = {"loaded", "no worker has this revision loaded: its pack was "
				    "refused, or is not there any more"},
    [LIFE_GATE_COST] = {"cost", "its plugin costs more than the budget, or was not "
				"measured yet"},
    [LIFE_GATE_DEGRADED] = {"degraded", "its plugin left items without a full answer, "
					"and no note explains it"},
    [LIFE_GATE_LABELS] = {"labels", "too few of its findings were judged by people"},
    [LIFE_GATE_PRECISION] = {"precision", "the lower bound of its precision is below "
					  "the floor"},
    [LIFE_GATE_DAYS] = {"days", "it has not held on each of its last days with hits"},
    [LIFE_GATE_TENANTS] = {"tenants",
	"it has no hits yet, or most are one tenant's and no "
	"note explains it"},
    [LIFE_GATE_RULE] = {"rule-cost", "the rule itself costs more than a rule may"},
};

const char *
life_gate_name(enum life_gate gate)
{
	return (unsigned)gate < LIFE_GATES ? gates[gate].name : "unknown";
}

int
life_gate_of(const char *reason)
{
	for (int i = 0; i < LIFE_GATES; i++)
		if (reason == gates[i].why)
			return i;
	return -1;
}

/* Without a finding to judge, a gate about findings does not hold: nothing was shown.
 */
unsigned
life_gates(const struct life_limits *l, const struct life_numbers *n)
{
	const bool holds[LIFE_GATES] = {
	    [LIFE_GATE_LOADED] = n->loaded,
	    [LIFE_GATE_COST] = n->timed > 0 && n->cost <= l->cost,
	    [LIFE_GATE_DEGRADED] = n->degraded == 0 || n->noted,
	    [LIFE_GATE_LABELS] = n->right + n->wrong >= l->labels,
	    [LIFE_GATE_PRECISION] = n->right + n->wrong > 0 && n->low >= l->precision,
	    [LIFE_GATE_DAYS] = n->days >= l->days,
	    [LIFE_GATE_TENANTS] =
		n->hits > 0 &&
		((double)n->most <= l->tenant_share * (double)n->hits || n->noted),
	    /* Never tried is no cost; a plugin that does not tell has the gate above.
	     */
	    [LIFE_GATE_RULE] = n->tried == 0 || n->rule_cost <= l->rule_cost,
	};
	unsigned failing = 0;

	for (int i = 0; i < LIFE_GATES; i++)
		if (!holds[i])
			failing |= 1u << i;
	return failing;
}

bool
life_falls(const struct life_limits *l, const struct life_numbers *n)
{
	uint64_t labels = n->right + n->wrong;

	return labels > 0 && labels >= l->labels && n->low < l->precision;
}

/* --- the table of moves --- */

enum {
	NEEDS_GATES = 1 << 0,	 /* they hold, or are overridden */
	NEEDS_TWO = 1 << 1,	 /* people */
	NEEDS_LAPSED = 1 << 2,	 /* the override is over and the gates do not hold */
	NEEDS_CHANGE = 1 << 3,	 /* else it is there already */
	NEEDS_OVERRIDE = 1 << 4, /* there is one, which this move makes good */
	NEEDS_GREATER = 1 << 5,	 /* the gates only where the share grows */
};

struct cell {
	int next; /* REFUSED, THERE */
	unsigned needs;
	const char *why; /* it is refused, or nothing to do */
};

#define REFUSED (-1)
#define THERE (-2) /* it is that already */
#define NO(text)                 \
	{                        \
		REFUSED, 0, text \
	}
#define IS(text)               \
	{                      \
		THERE, 0, text \
	}
#define TO(mode, needs)           \
	{                         \
		mode, needs, NULL \
	}

static const char unproven[] =
    "a draft goes to shadow first, where its findings can be judged";
static const char over[] = "it is retired: shadow is its way back";
static const char low[] = "it has no effect that could be taken back";
static const char no_override[] = "no override of the gates is in force";
static const char its_share[] = "that is its share already";
static const char enforced[] = "it is enforced already";

/* LIFE_ROLLBACK and LIFE_PACK have no cell: where they lead is a fact, see rollback().
 */
static const struct cell table[NMODES][LIFE_MOVES] = {
    [MODE_DRAFT] =
	{
	    [LIFE_SHADOW] = TO(MODE_SHADOW, 0),
	    [LIFE_CANARY] = NO(unproven),
	    [LIFE_ENFORCE] = NO(unproven),
	    [LIFE_RETIRE] = TO(MODE_RETIRED, 0),
	    [LIFE_LAPSE] = NO(no_override),
	    [LIFE_DEMOTE] = NO(low),
	    [LIFE_REWRITE] = NO(low),
	},
    [MODE_SHADOW] =
	{
	    [LIFE_SHADOW] = IS("it is in shadow already"),
	    [LIFE_CANARY] = TO(MODE_CANARY, NEEDS_GATES),
	    [LIFE_ENFORCE] = TO(MODE_ENFORCE, NEEDS_GATES | NEEDS_TWO),
	    [LIFE_RETIRE] = TO(MODE_RETIRED, 0),
	    [LIFE_LAPSE] = NO(no_override),
	    [LIFE_DEMOTE] = NO(low),
	    [LIFE_REWRITE] = NO(low),
	},
    [MODE_CANARY] =
	{
	    [LIFE_SHADOW] = TO(MODE_SHADOW, 0),
	    [LIFE_CANARY] = TO(MODE_CANARY, NEEDS_GATES | NEEDS_GREATER | NEEDS_CHANGE),
	    [LIFE_ENFORCE] = TO(MODE_ENFORCE, NEEDS_GATES | NEEDS_TWO),
	    [LIFE_RETIRE] = TO(MODE_RETIRED, 0),
	    [LIFE_LAPSE] = TO(MODE_SHADOW, NEEDS_LAPSED),
	    [LIFE_DEMOTE] = TO(MODE_SHADOW, 0),
	    [LIFE_REWRITE] = TO(MODE_SHADOW, 0),
	},
    [MODE_ENFORCE] =
	{
	    [LIFE_SHADOW] = TO(MODE_SHADOW, 0),
	    [LIFE_CANARY] = TO(MODE_CANARY, 0),
	    [LIFE_ENFORCE] = TO(MODE_ENFORCE, NEEDS_GATES | NEEDS_TWO | NEEDS_OVERRIDE),
	    [LIFE_RETIRE] = TO(MODE_RETIRED, 0),
	    [LIFE_LAPSE] = TO(MODE_SHADOW, NEEDS_LAPSED),
	    [LIFE_DEMOTE] = TO(MODE_SHADOW, 0),
	    [LIFE_REWRITE] = TO(MODE_SHADOW, 0),
	},
    [MODE_RETIRED] =
	{
	    [LIFE_SHADOW] = TO(MODE_SHADOW, 0),
	    [LIFE_CANARY] = NO(over),
	    [LIFE_ENFORCE] = NO(over),
	    [LIFE_RETIRE] = IS("it is retired already"),
	    [LIFE_LAPSE] = NO(no_override),
	    [LIFE_DEMOTE] = NO(low),
	    [LIFE_REWRITE] = NO(low),
	},
};

static void
say(struct life_step *o, const char *why)
{
	if (o->nreasons < LIFE_REASONS_MAX)
		o->reasons[o->nreasons++] = why;
}

static void
refuse(struct life_step *o, const char *why)
{
	o->verdict = LIFE_REFUSED;
	say(o, why);
}

static void
is_there(struct life_step *o, const char *why)
{
	o->verdict = LIFE_SAME;
	say(o, why);
}

static void
say_gates(struct life_step *o, unsigned failing)
{
	for (int i = 0; i < LIFE_GATES; i++)
		if (failing & 1u << i)
			say(o, gates[i].why);
}

/* How far a mode reaches; what is retired reaches as little as a draft. */
static int
reach(enum finding_mode mode)
{
	return mode == MODE_RETIRED ? MODE_DRAFT : (int)mode;
}

static bool
goes_up(const struct life_state *s, const struct life_state *to)
{
	return reach(to->mode) > reach(s->mode) ||
	       (to->mode == s->mode && to->share > s->share);
}

/* An override is no gate that somebody forgot to open: it has an end. */
static void
check_override(const struct life_facts *f, struct life_step *o)
{
	if (f->until == CLOCK_NONE)
		refuse(o, "an override needs its end: --until TIME");
	else if (f->until <= f->now)
		refuse(o, "the end of an override is a time to come");
	else if (f->until - f->now > f->longest)
		refuse(o, "an override may not last that long");
}

/* What a move into a mode that counts needs.  Two people override the gates. */
static void
check_needs(const struct life_facts *f, unsigned needs, struct life_step *o)
{
	if (f->emergency && (needs & NEEDS_GATES)) {
		check_override(f, o);
		needs |= NEEDS_TWO;
		o->next.until = f->until;
	} else if ((needs & NEEDS_GATES) && f->failing != 0) {
		o->verdict = LIFE_REFUSED;
		say_gates(o, f->failing);
	}
	if (o->verdict == LIFE_DONE && (needs & NEEDS_TWO) && f->people < 2) {
		o->verdict = LIFE_WAITS;
		say(o, "a second person is needed");
	}
}

/* An override whose end has come: the rule stays if its gates hold by then. */
static void
lapse(const struct life_state *s, const struct life_facts *f, struct life_step *o)
{
	if (s->until == CLOCK_NONE)
		refuse(o, no_override);
	else if (f->now < s->until)
		refuse(o, "the override is not over yet");
	else if (f->failing == 0)
		o->next = (struct life_state){s->mode, s->share, CLOCK_NONE};
	else
		say_gates(o, f->failing);
}

/* What stands against a move before its needs are looked at. */
static const char *
objection(const struct life_state *s, const struct life_state *to, unsigned needs,
    const struct life_facts *f)
{
	bool counts = to->mode == MODE_CANARY || to->mode == MODE_ENFORCE;

	if (counts && to->mode > f->limit)
		return "its plugin does not give the same answer twice, so its "
		       "findings "
		       "cannot count";
	if (to->mode == MODE_CANARY && (to->share < 1 || to->share > 99))
		return "a canary has a share of 1 to 99 percent";
	if ((needs & NEEDS_CHANGE) && to->share == s->share && s->until == CLOCK_NONE)
		return its_share;
	if ((needs & NEEDS_OVERRIDE) && s->until == CLOCK_NONE)
		return enforced;
	return NULL;
}

/* The pointer goes to the state before.  Where that counts for more, two people are
 * needed as for any such move; and the gates, if it was they that took it down, or
 * would do so at the next label. */
static unsigned
rollback_needs(const struct life_state *s, const struct life_facts *f)
{
	if (!goes_up(s, &f->back) || reach(f->back.mode) <= MODE_SHADOW)
		return 0;
	return NEEDS_TWO | (f->machine || f->falls ? NEEDS_GATES : 0);
}

static bool
same_state(const struct life_state *a, const struct life_state *b)
{
	return a->mode == b->mode && a->share == b->share && a->until == b->until;
}

static void
step_to(const struct life_state *s, const struct life_state *to, unsigned needs,
    const struct life_facts *f, struct life_step *o)
{
	const char *why = objection(s, to, needs, f);

	if ((needs & NEEDS_GREATER) && to->share < s->share)
		needs = 0;
	o->next = *to;
	/* Who steps down within an override has not passed the gates by it. */
	if (to->mode == MODE_CANARY && needs == 0 && s->until != CLOCK_NONE)
		o->next.until = s->until;
	if (why == its_share || why == enforced)
		is_there(o, why);
	else if (why != NULL)
		refuse(o, why);
	if (o->verdict == LIFE_DONE)
		check_needs(f, needs, o);
}

static void
rollback(const struct life_state *s, const struct life_facts *f, struct life_step *o)
{
	if (same_state(s, &f->back))
		refuse(o, "there is no state before this one");
	else if (f->back.until != CLOCK_NONE && f->back.until <= f->now)
		refuse(o, "the state before was an override, which is over");
	else
		step_to(s, &f->back, rollback_needs(s, f), f, o);
}

void
life_step(const struct life_state *s, enum life_move move, const struct life_facts *f,
    struct life_step *o)
{
	const struct cell *c = &table[s->mode][move];
	struct life_state to = {
	    (enum finding_mode)c->next, move == LIFE_CANARY ? f->share : 0, CLOCK_NONE};

	memset(o, 0, sizeof(*o));
	o->verdict = LIFE_DONE;
	o->next = *s;
	if (move == LIFE_ROLLBACK) {
		rollback(s, f, o);
	} else if (move == LIFE_PACK) {
		o->next = f->back;
	} else if (c->next == THERE) {
		is_there(o, c->why);
	} else if (c->next == REFUSED) {
		refuse(o, c->why);
	} else if (c->needs & NEEDS_LAPSED) {
		o->next = to;
		lapse(s, f, o);
	} else {
		step_to(s, &to, c->needs, f, o);
	}
	if (o->verdict != LIFE_DONE)
		o->next = *s;
}

/* --- where it begins, and whom a canary takes --- */

enum finding_mode
life_begin(enum finding_mode declared, bool gated)
{
	/* A pack has no share to give; review is no step of a rule's life. */
	if (declared == MODE_CANARY || declared == MODE_REVIEW)
		return MODE_SHADOW;
	if (gated && declared == MODE_ENFORCE)
		return MODE_SHADOW;
	return declared;
}

bool
life_within(const char *rule, const char *guid, uint32_t share)
{
	static const char seed[] = "tosd canary";
	const struct digest_part parts[] = {
	    {seed, sizeof(seed)}, {rule, strlen(rule) + 1}, {guid, strlen(guid)}};
	uint8_t d[DIGEST_LEN];
	uint64_t n = 0;

	digest_parts(parts, 3, d);
	for (int i = 0; i < 4; i++)
		n = n << 8 | d[i];
	return n * 100 < (uint64_t)share << 32;
}
