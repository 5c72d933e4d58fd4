/* SPDX-License-Identifier: Apache-2.0 */
/* test_life: the life of a rule: every move from every mode, its gates, the canary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "policy/life.h"
#include "suite.h"

#define NOW ((int64_t)1767600000000)

static const struct life_limits limits = {40, 0.9, 5, 0.6, 10000000, 1000000};

/* Holds all gates. */
static const struct life_numbers good = {.loaded = true,
    .timed = 100,
    .cost = 10000000,
    .right = 40,
    .low = 0.9,
    .days = 5,
    .hits = 10,
    .most = 6,
    .tried = 50,
    .rule_cost = 1000000};

static struct life_facts
facts(void)
{
	return (struct life_facts){.now = NOW,
	    .share = 10,
	    .people = 1,
	    .until = CLOCK_NONE,
	    .longest = 7 * CLOCK_DAY,
	    .limit = MODE_ENFORCE,
	    .back = {MODE_SHADOW, 0, CLOCK_NONE}};
}

static struct life_state
in(enum finding_mode mode)
{
	return (struct life_state){mode, mode == MODE_CANARY ? 20 : 0, CLOCK_NONE};
}

/* D done, W waits, R refused, S so already, for each mode and move in their order: with
 * one person and all gates, with two, with one and a gate failing, with two and a gate
 * failing.  A rule that was rewritten goes where one goes that people found wrong. */
static const struct {
	const char *moves[LIFE_MOVES];
	enum finding_mode to[LIFE_MOVES];
} all[MODE_RETIRED + 1] = {
#define M(s, c, e, r, b, l, d)                 \
	{                                      \
		s, c, e, r, b, l, d, d, "DDDD" \
	}
    [MODE_DRAFT] = {M("DDDD", "RRRR", "RRRR", "DDDD", "DDDD", "RRRR", "RRRR"),
	{MODE_SHADOW, 0, 0, MODE_RETIRED, MODE_SHADOW, 0, 0, 0, MODE_SHADOW}},
    [MODE_SHADOW] = {M("SSSS", "DDRR", "WDRR", "DDDD", "RRRR", "RRRR", "RRRR"),
	{0, MODE_CANARY, MODE_ENFORCE, MODE_RETIRED, 0, 0, 0, 0, MODE_SHADOW}},
    [MODE_CANARY] = {M("DDDD", "DDDD", "WDRR", "DDDD", "DDDD", "RRRR", "DDDD"),
	{MODE_SHADOW, MODE_CANARY, MODE_ENFORCE, MODE_RETIRED, MODE_SHADOW, 0,
	    MODE_SHADOW, MODE_SHADOW, MODE_SHADOW}},
    [MODE_ENFORCE] = {M("DDDD", "DDDD", "SSSS", "DDDD", "DDDD", "RRRR", "DDDD"),
	{MODE_SHADOW, MODE_CANARY, 0, MODE_RETIRED, MODE_SHADOW, 0, MODE_SHADOW,
	    MODE_SHADOW, MODE_SHADOW}},
    [MODE_RETIRED] = {M("DDDD", "RRRR", "RRRR", "SSSS", "DDDD", "RRRR", "RRRR"),
	{MODE_SHADOW, 0, 0, 0, MODE_SHADOW, 0, 0, 0, MODE_SHADOW}},
#undef M
};

static void
test_every_move(void)
{
	for (int mode = 0; mode <= MODE_RETIRED; mode++)
		for (int move = 0; move < LIFE_MOVES; move++)
			for (int k = 0; k < 4; k++) {
				struct life_state s = in((enum finding_mode)mode);
				struct life_facts f = facts();
				char want = all[mode].moves[move][k], got;
				struct life_step o;

				f.people = k % 2 ? 2 : 1;
				f.failing = k >= 2 ? 1u << LIFE_GATE_LABELS : 0;
				life_step(&s, (enum life_move)move, &f, &o);
				got = "RWDS"[o.verdict];
				if (got != want)
					printf("\n%s %s %d: %c, not %c\n",
					    finding_mode_name(s.mode),
					    life_move_name((enum life_move)move), k,
					    got, want);
				CU_ASSERT_EQUAL(got, want);
				CU_ASSERT_EQUAL(o.next.mode,
				    want == 'D' ? all[mode].to[move] : s.mode);
				/* Who is refused or has to wait hears why. */
				CU_ASSERT_EQUAL(o.nreasons > 0, want != 'D');
				CU_ASSERT_EQUAL(o.next.until, CLOCK_NONE);
			}
}

static enum life_verdict
try(enum finding_mode mode, enum life_move move, const struct life_facts *f,
    struct life_step *o)
{
	struct life_state s = in(mode);

	life_step(&s, move, f, o);
	return o->verdict;
}

static void
test_share(void)
{
	struct life_facts f = facts();
	struct life_step o;

	for (f.share = 0; f.share <= 101; f.share++) {
		bool fine = f.share >= 1 && f.share <= 99;

		CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_CANARY, &f, &o),
		    fine ? LIFE_DONE : LIFE_REFUSED);
		CU_ASSERT_EQUAL(o.next.share, fine ? f.share : 0);
	}
	/* Of a canary: the same is no move, less needs no gates, more does. */
	f.failing = 1u << LIFE_GATE_PRECISION;
	f.share = 20;
	CU_ASSERT_EQUAL(try(MODE_CANARY, LIFE_CANARY, &f, &o), LIFE_SAME);
	CU_ASSERT_STRING_EQUAL(o.reasons[0], "that is its share already");
	f.share = 19;
	CU_ASSERT_EQUAL(try(MODE_CANARY, LIFE_CANARY, &f, &o), LIFE_DONE);
	f.share = 21;
	CU_ASSERT_EQUAL(try(MODE_CANARY, LIFE_CANARY, &f, &o), LIFE_REFUSED);
	f.failing = 0;
	CU_ASSERT_EQUAL(try(MODE_CANARY, LIFE_CANARY, &f, &o), LIFE_DONE);
}

/* What a plugin does not allow, no person can. */
static void
test_limit(void)
{
	struct life_facts f = facts();
	struct life_step o;

	f.limit = MODE_SHADOW;
	f.people = 2;
	f.emergency = true;
	f.until = NOW + CLOCK_DAY;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_REFUSED);
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_CANARY, &f, &o), LIFE_REFUSED);
	CU_ASSERT_EQUAL(try(MODE_DRAFT, LIFE_SHADOW, &f, &o), LIFE_DONE);
	f.back = in(MODE_ENFORCE);
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_REFUSED);
}

static void
test_override(void)
{
	struct life_facts f = facts();
	struct life_step o;
	struct life_state s;

	f.failing = 1u << LIFE_GATE_LABELS | 1u << LIFE_GATE_DAYS;
	f.emergency = true;
	f.people = 2;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_REFUSED);
	f.until = NOW; /* over before it begins */
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_REFUSED);
	f.until = NOW + 7 * CLOCK_DAY + 1;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_REFUSED);
	f.until = NOW + 7 * CLOCK_DAY;
	f.people = 1; /* also a canary needs two then */
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_CANARY, &f, &o), LIFE_WAITS);
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_WAITS);
	f.people = 2;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_CANARY, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ENFORCE, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.until, f.until);
	/* A step down does not make it last. */
	s = o.next;
	f.emergency = false;
	life_step(&s, LIFE_CANARY, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.until, f.until);
	/* Good before its end: the gates make it last. */
	life_step(&s, LIFE_ENFORCE, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_REFUSED);
	f.failing = 0;
	life_step(&s, LIFE_ENFORCE, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.until, CLOCK_NONE);
}

static void
test_lapse(void)
{
	struct life_state s = {MODE_ENFORCE, 0, NOW + CLOCK_DAY};
	struct life_facts f = facts();
	struct life_step o;

	f.people = 0;
	f.failing = 1u << LIFE_GATE_LABELS;
	f.now = s.until - 1;
	life_step(&s, LIFE_LAPSE, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_REFUSED);
	f.now = s.until;
	life_step(&s, LIFE_LAPSE, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.mode, MODE_SHADOW);
	CU_ASSERT_EQUAL(o.nreasons, 1); /* the gate that did it */
	f.failing = 0;
	life_step(&s, LIFE_LAPSE, &f, &o);
	CU_ASSERT_EQUAL(o.verdict, LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.mode, MODE_ENFORCE);
	CU_ASSERT_EQUAL(o.next.until, CLOCK_NONE);
	s = (struct life_state){MODE_CANARY, 30, NOW};
	life_step(&s, LIFE_LAPSE, &f, &o);
	CU_ASSERT_EQUAL(o.next.mode, MODE_CANARY);
	CU_ASSERT_EQUAL(o.next.share, 30);
}

static void
test_rollback(void)
{
	struct life_facts f = facts();
	struct life_step o;

	/* Down: one person. */
	CU_ASSERT_EQUAL(try(MODE_ENFORCE, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	f.back = in(MODE_CANARY);
	CU_ASSERT_EQUAL(try(MODE_ENFORCE, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.share, 20);
	/* Up: two; the gates only where they took it down. */
	f.back = in(MODE_ENFORCE);
	f.failing = 1u << LIFE_GATE_PRECISION;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_WAITS);
	CU_ASSERT_EQUAL(try(MODE_RETIRED, LIFE_ROLLBACK, &f, &o), LIFE_WAITS);
	f.people = 2;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.mode, MODE_ENFORCE);
	f.machine = true;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_REFUSED);
	f.failing = 0;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	/* Nor into what people's words would end at once, unless over the gates. */
	f.machine = false;
	f.falls = true;
	f.failing = 1u << LIFE_GATE_PRECISION;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_REFUSED);
	f.emergency = true;
	f.until = NOW + 1;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.until, NOW + 1);
	f.emergency = f.falls = false;
	f.failing = 0;
	/* Into an override: while it lasts. */
	f.back.until = NOW + 1;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_DONE);
	CU_ASSERT_EQUAL(o.next.until, NOW + 1);
	f.back.until = NOW;
	CU_ASSERT_EQUAL(try(MODE_SHADOW, LIFE_ROLLBACK, &f, &o), LIFE_REFUSED);
}

/* Each gate for itself. */
static void
test_gates(void)
{
	struct life_numbers n = good;

	CU_ASSERT_EQUAL(life_gates(&limits, &n), 0);
	n.loaded = false;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_LOADED);
	n = good;
	n.cost++;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_COST);
	n = good;
	n.timed = 0;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_COST);
	n = good;
	n.degraded = 1;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_DEGRADED);
	n.noted = true;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 0);
	n = good;
	n.right = 39;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_LABELS);
	n.wrong = 1; /* labels are labels */
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 0);
	n.low = 0.8999;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_PRECISION);
	n = good;
	n.days = 4;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_DAYS);
	n = good;
	n.most = 7;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_TENANTS);
	n.noted = true;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 0);
	n = good;
	n.rule_cost++;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 1u << LIFE_GATE_RULE);
	n.tried = 0;
	CU_ASSERT_EQUAL(life_gates(&limits, &n), 0);
	/* A rule of which nothing is known holds nothing but the gates of faults and of
	 * what it was never tried on. */
	n = (struct life_numbers){.noted = true};
	CU_ASSERT_EQUAL(life_gates(&limits, &n), ((1u << LIFE_GATES) - 1) &
						     ~(1u << LIFE_GATE_DEGRADED) &
						     ~(1u << LIFE_GATE_RULE));
	for (int i = 0; i < LIFE_GATES; i++)
		CU_ASSERT_STRING_NOT_EQUAL(
		    life_gate_name((enum life_gate)i), "unknown");
}

static void
test_falls(void)
{
	struct life_numbers n = good;

	CU_ASSERT_FALSE(life_falls(&limits, &n));
	n.low = 0.89;
	CU_ASSERT_TRUE(life_falls(&limits, &n));
	n.right = 38;
	n.wrong = 1; /* too few to tell */
	CU_ASSERT_FALSE(life_falls(&limits, &n));
	n.wrong = 2;
	CU_ASSERT_TRUE(life_falls(&limits, &n));
	n = (struct life_numbers){0};
	CU_ASSERT_FALSE(life_falls(&(struct life_limits){.precision = 0.9}, &n));
}

static void
test_begin(void)
{
	static const enum finding_mode gated[] = {
	    MODE_DRAFT, MODE_SHADOW, MODE_SHADOW, MODE_SHADOW, MODE_RETIRED};
	static const enum finding_mode packs[] = {
	    MODE_DRAFT, MODE_SHADOW, MODE_SHADOW, MODE_ENFORCE, MODE_RETIRED};

	for (int i = 0; i <= MODE_RETIRED; i++) {
		CU_ASSERT_EQUAL(life_begin((enum finding_mode)i, true), gated[i]);
		CU_ASSERT_EQUAL(life_begin((enum finding_mode)i, false), packs[i]);
	}
}

/* 10 % of 10,000 posts: three deviations are 90; each answer is the same again, and who
 * is within 10 % is within 30 %.  Another rule takes others. */
static void
test_canary(void)
{
	int n10 = 0, n30 = 0, both = 0;

	for (int i = 0; i < 10000; i++) {
		char guid[24];
		bool a, b;

		snprintf(guid, sizeof(guid), "post-%d", i);
		a = life_within("v/kill", guid, 10);
		b = life_within("v/kill", guid, 30);
		CU_ASSERT_EQUAL(a, life_within("v/kill", guid, 10));
		CU_ASSERT_FALSE(a && !b);
		CU_ASSERT_FALSE(life_within("v/kill", guid, 0));
		CU_ASSERT_TRUE(life_within("v/kill", guid, 100));
		n10 += a;
		n30 += b;
		both += a && life_within("v/harm", guid, 10);
	}
	CU_ASSERT(n10 > 910 && n10 < 1090);
	CU_ASSERT(n30 > 2860 && n30 < 3140);
	CU_ASSERT(both > 70 && both < 130);
	/* Known beforehand (sha256 by another program): the same on every machine. */
	CU_ASSERT_TRUE(life_within("v/kill", "p1", 86));
	CU_ASSERT_FALSE(life_within("v/kill", "p1", 85));
}

static const struct suite_test tests[] = {
    {"every move from every mode", test_every_move},
    {"the share of a canary", test_share},
    {"what a plugin does not allow", test_limit},
    {"two people override the gates", test_override},
    {"an override ends", test_lapse},
    {"a rollback", test_rollback},
    {"each gate", test_gates},
    {"falling below the floor", test_falls},
    {"where a rule begins", test_begin},
    {"whom a canary takes", test_canary},
};

SUITE_MAIN("life", tests)
