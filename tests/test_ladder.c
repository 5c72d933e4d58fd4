/* SPDX-License-Identifier: Apache-2.0 */
/* test_ladder: every way through the ladder, and that no way skips a person. */
#include <string.h>

#include "base/clock.h"
#include "cases/ladder.h"
#include "suite.h"

static const struct ladder ladder = {
    .stages = {{72 * CLOCK_HOUR, 24 * CLOCK_HOUR}, {48 * CLOCK_HOUR, 12 * CLOCK_HOUR},
	{24 * CLOCK_HOUR, 6 * CLOCK_HOUR}},
    .nstages = 3,
    .cure = 14 * CLOCK_DAY,
    .removal_rate = 0.9,
    .time_to_takedown = 24 * CLOCK_HOUR,
    .max_gap = 12 * CLOCK_HOUR,
    .critical = 40,
};

static const struct case_facts good = {
    .reported = 10, .removed = 10, .median_takedown = 3 * CLOCK_HOUR};
static const struct case_facts bad = {
    .reported = 10, .removed = 2, .online = 8, .median_takedown = CLOCK_NONE};

static struct case_state
clear(void)
{
	struct case_state s = {.phase = CASE_CLEAR, .deadline = CLOCK_NONE};

	return s;
}

static struct case_step
step(struct case_state *s, enum case_event_type type, int64_t t,
    const struct case_facts *f)
{
	struct case_event ev = {.type = type, .time = t};
	struct case_step o;

	if (type == CASE_EV_VIOLATION)
		ev.severity = 20;
	if (f != NULL)
		ev.facts = *f;
	case_step(&ladder, s, &ev, &o);
	*s = o.next;
	return o;
}

static void
test_all_the_way_up(void)
{
	struct case_state s = clear();
	struct case_facts one = {.approvals = 1}, two = {.approvals = 2};
	struct case_step o = step(&s, CASE_EV_VIOLATION, 0, NULL);

	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE);
	for (int stage = 1; stage <= 3; stage++) {
		CU_ASSERT_EQUAL(s.stage, stage);
		CU_ASSERT_EQUAL(s.phase, CASE_SENDING);
		CU_ASSERT_EQUAL(s.deadline, CLOCK_NONE);
		step(&s, CASE_EV_DELIVERED, 100, NULL);
		CU_ASSERT_EQUAL(s.deadline, 100 + ladder.stages[stage - 1].deadline);
		o = step(&s, CASE_EV_DEADLINE, s.deadline, &bad);
		CU_ASSERT_TRUE(o.nreasons >= 2);
		CU_ASSERT_TRUE(o.nagainst >= 1);
	}
	CU_ASSERT_EQUAL(s.phase, CASE_RECOMMENDED);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_RECOMMEND);
	step(&s, CASE_EV_ACCEPT, 0, &one);
	CU_ASSERT_EQUAL(s.phase, CASE_RECOMMENDED);
	step(&s, CASE_EV_ACCEPT, 0, &two);
	CU_ASSERT_EQUAL(s.phase, CASE_DECIDED);
}

/* What rests on unproven rules alone stays below the last stage; one exhibit by another
 * rule is enough, and the rest is said to speak against it. */
static void
test_unproven(void)
{
	struct case_state s = clear();
	struct case_facts all = bad, some = bad;
	struct case_step o;

	all.unproven = 10;
	some.unproven = 9;
	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 100, NULL);
	step(&s, CASE_EV_DEADLINE, s.deadline, &all);
	CU_ASSERT_EQUAL(s.stage, 2);
	step(&s, CASE_EV_DELIVERED, 200, NULL);
	o = step(&s, CASE_EV_DEADLINE, s.deadline, &all);
	CU_ASSERT_EQUAL(s.stage, 2);
	CU_ASSERT_EQUAL(s.phase, CASE_SENDING);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE);
	CU_ASSERT_EQUAL_FATAL(o.nreasons, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.reasons[0], "whose precision is not shown"));
	step(&s, CASE_EV_DELIVERED, 300, NULL);
	o = step(&s, CASE_EV_DEADLINE, s.deadline, &some);
	CU_ASSERT_EQUAL(s.stage, 3);
	CU_ASSERT_EQUAL(o.nagainst, 2);
	step(&s, CASE_EV_DELIVERED, 400, NULL);
	o = step(&s, CASE_EV_DEADLINE, s.deadline, &all);
	CU_ASSERT_EQUAL(s.phase, CASE_SENDING);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE);
	step(&s, CASE_EV_DELIVERED, 500, NULL);
	step(&s, CASE_EV_DEADLINE, s.deadline, &bad);
	CU_ASSERT_EQUAL(s.phase, CASE_RECOMMENDED);
}

static void
test_prompt_tenant_closes(void)
{
	struct case_state s = clear();
	struct case_step o;

	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 1, NULL);
	step(&s, CASE_EV_DEADLINE, s.deadline, &good);
	CU_ASSERT_EQUAL(s.phase, CASE_WATCH);
	CU_ASSERT_EQUAL(s.stage, 1);
	o = step(&s, CASE_EV_DEADLINE, s.deadline, &good);
	CU_ASSERT_EQUAL(s.phase, CASE_CLOSED);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_CLOSE);
}

static void
test_more_found_same_stage(void)
{
	struct case_state s = clear();
	struct case_facts more = good;
	struct case_step o;

	more.unreported = 2;
	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 1, NULL);
	o = step(&s, CASE_EV_DEADLINE, s.deadline, &more);
	CU_ASSERT_EQUAL(s.stage, 1);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE);
}

static void
test_own_gap_extends(void)
{
	struct case_state s = clear();
	struct case_facts blind = bad;

	blind.our_gap = 13 * CLOCK_HOUR;
	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 0, NULL);
	step(&s, CASE_EV_DEADLINE, 72 * CLOCK_HOUR, &blind);
	CU_ASSERT_EQUAL(s.phase, CASE_RUNNING);
	CU_ASSERT_EQUAL(s.deadline, 85 * CLOCK_HOUR);
}

static void
test_bounce_sets_back(void)
{
	struct case_state s = clear();
	struct case_step o;

	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 0, NULL);
	o = step(&s, CASE_EV_BOUNCED, 5, NULL);
	CU_ASSERT_EQUAL(s.phase, CASE_STOPPED);
	CU_ASSERT_EQUAL(s.deadline, CLOCK_NONE);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_ALERT);
	/* No deadline can run out while nothing is delivered. */
	o = step(&s, CASE_EV_DEADLINE, 1000 * CLOCK_HOUR, &bad);
	CU_ASSERT_STRING_EQUAL(o.row, "no step");
	step(&s, CASE_EV_DELIVERED, 2000 * CLOCK_HOUR, NULL);
	CU_ASSERT_EQUAL(s.deadline, 2072 * CLOCK_HOUR);
}

static void
test_appeal_freezes(void)
{
	struct case_state s = clear();

	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 0, NULL);
	step(&s, CASE_EV_APPEAL, 70 * CLOCK_HOUR, NULL);
	CU_ASSERT_EQUAL(s.deadline, CLOCK_NONE);
	step(&s, CASE_EV_APPEAL_REJECTED, 100 * CLOCK_HOUR, NULL);
	CU_ASSERT_EQUAL(s.deadline, 102 * CLOCK_HOUR);
}

static void
test_critical_shortens_and_alerts(void)
{
	struct case_state s = clear();
	struct case_event ev = {.type = CASE_EV_VIOLATION, .severity = 40};
	struct case_step o;

	case_step(&ladder, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE | CASE_ACT_ALERT_GRAVE);
	s = o.next;
	step(&s, CASE_EV_DELIVERED, 0, NULL);
	CU_ASSERT_EQUAL(s.deadline, 24 * CLOCK_HOUR);
	/* The notice told of less, or the critical one joined after it was made. */
	s = o.next;
	ev = (struct case_event){.type = CASE_EV_DELIVERED, .severity = 20};
	case_step(&ladder, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.next.deadline, 72 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(o.next.severity, 40);
}

static void
test_rejected_goes_to_watch(void)
{
	struct case_state s = clear();

	s.phase = CASE_RECOMMENDED;
	s.stage = 3;
	step(&s, CASE_EV_REJECT, 0, NULL);
	CU_ASSERT_EQUAL(s.phase, CASE_WATCH);
	step(&s, CASE_EV_DEADLINE, s.deadline, &good);
	CU_ASSERT_EQUAL(s.stage, 2);
	CU_ASSERT_EQUAL(s.phase, CASE_WATCH);
}

/* What the notice was to be about counts no more: of nothing the tenant is not told. */
static void
test_withdrawn(void)
{
	static const struct case_facts reported = {.reported = 1, .removed = 1};
	static const struct case_facts none = {.reported = 0};
	struct case_state s = clear();
	struct case_step o;

	step(&s, CASE_EV_VIOLATION, 0, NULL);
	o = step(&s, CASE_EV_WITHDRAWN, 5, &none);
	CU_ASSERT_EQUAL(s.phase, CASE_CLOSED);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_DROP);
	s = clear();
	step(&s, CASE_EV_VIOLATION, 0, NULL);
	o = step(&s, CASE_EV_WITHDRAWN, 5, &reported);
	CU_ASSERT_EQUAL(s.phase, CASE_WATCH);
	CU_ASSERT_EQUAL(s.deadline, 5 + ladder.cure);
	CU_ASSERT_EQUAL(o.actions, 0);
	/* Once it is told there is no way back by this. */
	s = clear();
	step(&s, CASE_EV_VIOLATION, 0, NULL);
	step(&s, CASE_EV_DELIVERED, 0, NULL);
	o = step(&s, CASE_EV_WITHDRAWN, 5, &none);
	CU_ASSERT_STRING_EQUAL(o.row, "no step");
}

/* Whatever events come in whatever order, DECIDED is reached only from
 * RECOMMENDED with two approvals, and the stage rises one at a time and only by a
 * deadline: all paths up to seven events are walked. */
static void
walk(struct case_state s, int depth, long *count)
{
	static const struct case_facts facts[] = {
	    {.reported = 10, .removed = 10, .median_takedown = 1, .approvals = 1},
	    {.reported = 10, .removed = 1, .online = 9, .approvals = 2},
	};

	if (depth == 0)
		return;
	for (int t = 0; t < CASE_EVENTS; t++)
		for (int f = 0; f < 2; f++) {
			struct case_event ev = {t, 1, 20, facts[f]};
			struct case_step o;

			case_step(&ladder, &s, &ev, &o);
			(*count)++;
			if (o.next.phase == CASE_DECIDED && s.phase != CASE_DECIDED &&
			    (s.phase != CASE_RECOMMENDED || facts[f].approvals < 2))
				CU_FAIL("decided without two people");
			if (o.next.stage > s.stage &&
			    (o.next.stage != s.stage + 1 ||
				(t != CASE_EV_DEADLINE && s.phase != CASE_CLEAR)))
				CU_FAIL("a stage was skipped");
			if (o.next.phase == CASE_RECOMMENDED &&
			    s.phase != CASE_RECOMMENDED && s.stage != ladder.nstages)
				CU_FAIL("recommended before the last stage");
			if (o.next.phase != s.phase || o.next.stage != s.stage)
				walk(o.next, depth - 1, count);
		}
}

static void
test_no_way_skips(void)
{
	long count = 0;

	walk(clear(), 12, &count);
	CU_ASSERT_TRUE(count > 1000);
}

/* A reload can take stages away under a case: it then stands at the last one that is
 * left, and the tenant has that one's time. */
static void
test_shorter_ladder(void)
{
	struct ladder two = ladder;
	struct case_event ev = {.type = CASE_EV_DELIVERED, .time = 100};
	struct case_state s = {
	    .stage = 3, .phase = CASE_SENDING, .deadline = CLOCK_NONE};
	struct case_step o;

	two.nstages = 2;
	memset(&two.stages[2], 0, sizeof(two.stages[2]));
	case_step(&two, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.next.phase, CASE_RUNNING);
	CU_ASSERT_EQUAL(o.next.stage, 2);
	CU_ASSERT_EQUAL(o.next.deadline, 100 + two.stages[1].deadline);
	CU_ASSERT_EQUAL(case_stage_deadline(&two, 3, 20), two.stages[1].deadline);
	/* What changes nothing leaves this as well. */
	ev.type = CASE_EV_ACCEPT;
	case_step(&two, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.next.stage, 3);
	/* Again in the cure time: a notice of a stage that there is. */
	ev.type = CASE_EV_VIOLATION;
	s.phase = CASE_WATCH;
	case_step(&two, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.actions, CASE_ACT_NOTICE);
	CU_ASSERT_EQUAL(o.next.stage, 2);
	/* Cured: one stage down from there. */
	ev.type = CASE_EV_DEADLINE;
	case_step(&two, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.next.stage, 1);
	two.nstages = 1;
	case_step(&two, &s, &ev, &o);
	CU_ASSERT_EQUAL(o.next.phase, CASE_CLOSED);
}

static const struct suite_test tests[] = {
    {"nothing left to tell", test_withdrawn},
    {"all the way up needs two people", test_all_the_way_up},
    {"unproven rules stay below the last stage", test_unproven},
    {"a prompt tenant is watched and closed", test_prompt_tenant_closes},
    {"more found while the process is met: same stage", test_more_found_same_stage},
    {"our own gap extends", test_own_gap_extends},
    {"a bounce sets the deadline back", test_bounce_sets_back},
    {"an appeal freezes it", test_appeal_freezes},
    {"critical content shortens and alerts", test_critical_shortens_and_alerts},
    {"a rejected recommendation steps down", test_rejected_goes_to_watch},
    {"a ladder that became shorter", test_shorter_ladder},
    {"no order of events skips a stage or a person", test_no_way_skips},
};

SUITE_MAIN("ladder", tests)
