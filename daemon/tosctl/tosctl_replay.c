/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_replay: every step of a case, and every move of a rule, is on the ledger with
 * its whole input: state before, event, counts, and the ladder or the gates of that
 * day.  The same function over the same input must give the recorded output, today as
 * then.
 */
#include "tosctl/tosctl_replay.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/option.h"
#include "base/text.h"
#include "cases/ladder.h"
#include "evidence/ledger.h"
#include "policy/life.h"
#include "tosctl/print_json.h"

#define DEFAULT_STATE "/var/lib/tosd"

enum { SAME = 0, DIFFERENT = 1, USAGE = 2, CANNOT = 3 };

static const char usage_text[] =
    "usage: tosctl replay [--dir DIR] [--json] ENTRY|CASE|--all\n";

struct replay {
	bool json;
	const char *one; /* an index or a case number; NULL: all */
	unsigned steps, different;
};

static int64_t
ms(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : CLOCK_NONE;
}

static int
num(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void
read_ladder(const json_t *o, struct ladder *l)
{
	const json_t *stages = json_object_get(o, "stages");

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < json_array_size(stages) && i < LADDER_STAGES_MAX; i++) {
		const json_t *st = json_array_get(stages, i);

		l->stages[i].deadline = json_integer_value(json_array_get(st, 0));
		l->stages[i].deadline_critical =
		    json_integer_value(json_array_get(st, 1));
		l->nstages++;
	}
	l->cure = json_integer_value(json_object_get(o, "cure"));
	l->removal_rate = json_number_value(json_object_get(o, "removal_rate"));
	l->time_to_takedown =
	    json_integer_value(json_object_get(o, "time_to_takedown"));
	l->max_gap = json_integer_value(json_object_get(o, "max_gap"));
	l->critical = num(o, "critical");
}

static bool
read_state(const json_t *o, struct case_state *s)
{
	int phase = case_phase_parse(str(o, "phase"));

	memset(s, 0, sizeof(*s));
	s->stage = num(o, "stage");
	s->phase = phase < 0 ? CASE_CLEAR : (enum case_phase)phase;
	s->severity = num(o, "severity");
	s->stage_since = ms(o, "stage_since");
	s->deadline = ms(o, "deadline");
	s->remaining = ms(o, "remaining");
	s->last_violation = ms(o, "last_violation");
	s->clock_since = ms(o, "clock_since");
	return phase >= 0 && s->stage >= 0 && s->stage <= LADDER_STAGES_MAX;
}

static bool
read_event(const json_t *o, struct case_event *ev)
{
	const json_t *f = json_object_get(o, "facts");
	int type = case_event_parse(str(o, "event"));

	memset(ev, 0, sizeof(*ev));
	ev->type = type < 0 ? CASE_EV_VIOLATION : (enum case_event_type)type;
	ev->time = ms(o, "time");
	ev->severity = num(o, "event_severity");
	ev->told = json_integer_value(json_object_get(o, "told"));
	ev->facts.reported = (uint32_t)num(f, "reported");
	ev->facts.removed = (uint32_t)num(f, "removed");
	ev->facts.online = (uint32_t)num(f, "online");
	ev->facts.unknown = (uint32_t)num(f, "unknown");
	ev->facts.unreported = (uint32_t)num(f, "unreported");
	ev->facts.unproven = (uint32_t)num(f, "unproven");
	ev->facts.approvals = (uint32_t)num(f, "approvals");
	ev->facts.our_gap = ms(f, "our_gap");
	ev->facts.median_takedown = ms(f, "median_takedown");
	return type >= 0;
}

static bool
same_state(const struct case_state *a, const struct case_state *b)
{
	return a->stage == b->stage && a->phase == b->phase &&
	       a->severity == b->severity && a->stage_since == b->stage_since &&
	       a->deadline == b->deadline && a->remaining == b->remaining &&
	       a->last_violation == b->last_violation &&
	       a->clock_since == b->clock_since;
}

static bool
replay_step(const json_t *o)
{
	struct case_state from, to;
	struct case_event ev;
	struct case_step st;
	struct ladder l;

	read_ladder(json_object_get(o, "ladder"), &l);
	if (!read_state(json_object_get(o, "from"), &from) ||
	    !read_state(json_object_get(o, "to"), &to) || !read_event(o, &ev))
		return false;
	case_step(&l, &from, &ev, &st);
	return same_state(&st.next, &to) && strcmp(st.row, str(o, "row")) == 0 &&
	       (int)st.actions == num(o, "actions");
}

/* --- moves of rules --- */

static bool
read_life(const json_t *o, struct life_state *s)
{
	int mode = finding_mode_parse(str(o, "mode"));

	*s = (struct life_state){mode < 0 ? MODE_DRAFT : (enum finding_mode)mode,
	    (uint32_t)num(o, "share"), ms(o, "until")};
	return mode >= 0;
}

static uint64_t
amount(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* Which gates fail is taken again from the numbers, too. */
static unsigned
replay_gates(const json_t *gates)
{
	const json_t *l = json_object_get(gates, "limits");
	const json_t *n = json_object_get(gates, "numbers");
	struct life_limits limits = {.labels = (uint32_t)num(l, "labels"),
	    .precision = json_number_value(json_object_get(l, "precision")),
	    .days = (uint32_t)num(l, "days"),
	    .tenant_share = json_number_value(json_object_get(l, "tenant_share")),
	    .cost = (int64_t)amount(l, "cost"),
	    .rule_cost = (int64_t)amount(l, "rule_cost")};
	struct life_numbers numbers = {
	    .loaded = json_is_true(json_object_get(n, "loaded")),
	    .timed = amount(n, "timed"),
	    .cost = (int64_t)amount(n, "cost"),
	    .tried = amount(n, "tried"),
	    .rule_cost = (int64_t)amount(n, "rule_cost"),
	    .degraded = amount(n, "degraded"),
	    .right = amount(n, "right"),
	    .wrong = amount(n, "wrong"),
	    .low = json_number_value(json_object_get(n, "low")),
	    .days = (uint32_t)num(n, "days"),
	    .hits = amount(n, "hits"),
	    .most = amount(n, "most"),
	    .noted = json_is_true(json_object_get(n, "noted"))};

	return life_gates(&limits, &numbers);
}

static bool
read_facts(const json_t *o, struct life_facts *f)
{
	int limit = finding_mode_parse(str(o, "limit"));

	*f = (struct life_facts){.now = ms(o, "now"),
	    .share = (uint32_t)num(o, "share"),
	    .failing = (unsigned)num(o, "failing"),
	    .people = (unsigned)num(o, "people"),
	    .emergency = json_is_true(json_object_get(o, "emergency")),
	    .until = ms(o, "until"),
	    .longest = ms(o, "longest"),
	    .limit = limit < 0 ? MODE_DRAFT : (enum finding_mode)limit,
	    .machine = json_is_true(json_object_get(o, "machine")),
	    .falls = json_is_true(json_object_get(o, "falls"))};
	read_life(json_object_get(o, "back"), &f->back);
	return limit >= 0;
}

static bool
replay_move(const json_t *o)
{
	int move = life_move_parse(str(o, "move"));
	struct life_state from, to;
	struct life_facts f;
	struct life_step st;

	if (move < 0 || !read_life(json_object_get(o, "from"), &from) ||
	    !read_life(json_object_get(o, "to"), &to) ||
	    !read_facts(json_object_get(o, "facts"), &f))
		return false;
	life_step(&from, (enum life_move)move, &f, &st);
	/* A pack's word asks no gates. */
	return (move == LIFE_PACK ||
		   f.failing == replay_gates(json_object_get(o, "gates"))) &&
	       strcmp(life_verdict_name(st.verdict), str(o, "verdict")) == 0 &&
	       st.next.mode == to.mode && st.next.share == to.share &&
	       st.next.until == to.until;
}

/* --- an entry --- */

static const struct {
	const char *kind;
	bool (*replay)(const json_t *o);
	const char *about, *about_key, *row_key; /* how it is told of */
} kinds[] = {
    {"step", replay_step, "case", "case", "row"},
    {"recommendation", replay_step, "case", "case", "row"},
    {"mode", replay_move, "rule", "rule", "move"},
};

/* Whoever's log it is, it moves no terminal. */
static void
say(const char *number, const char *what, const char *about, const char *row, bool same)
{
	char *line = xasprintf("entry %s, %s %s: %s: %s", number, what, about, row,
	    same ? "the same" : "DIFFERENT");
	struct buf shown = {0};

	text_escape_buf(&shown, line, strlen(line));
	printf("%s\n", shown.data);
	buf_free(&shown);
	free(line);
}

static void
entry(struct replay *r, const json_t *o, uint64_t index)
{
	const char *kind = str(o, "kind"), *about;
	char number[24];
	size_t k = 0;
	bool same;

	while (k < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kind, kinds[k].kind) != 0)
		k++;
	if (k == sizeof(kinds) / sizeof(kinds[0]))
		return;
	about = str(o, kinds[k].about_key);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)index);
	if (r->one != NULL && strcmp(r->one, number) != 0 && strcmp(r->one, about) != 0)
		return;
	same = kinds[k].replay(o);
	r->steps++;
	r->different += !same;
	if (r->json)
		print_json_take(json_pack("{s:I, s:s, s:b}", "seq", (json_int_t)index,
				    kinds[k].about, about, "same", (int)same),
		    0);
	else if (!same || r->one != NULL)
		say(number, kinds[k].about, about, str(o, kinds[k].row_key), same);
}

static int
replay(struct replay *r, const char *dir, struct err *e)
{
	struct ledger *l;
	struct buf b = {0};
	int rc = ledger_open(dir, NULL, FILE_NOSYNC, &l, e);

	if (rc != 0)
		return rc;
	for (uint64_t i = 0; i < ledger_size(l) && rc == 0; i++) {
		json_t *o;

		buf_reset(&b);
		rc = ledger_read(l, i, &b, e);
		o = rc == 0 ? json_loadb(b.data, b.len, 0, NULL) : NULL;
		if (o != NULL)
			entry(r, o, i);
		json_decref(o);
	}
	buf_free(&b);
	ledger_free(&l);
	return rc;
}

static const struct option long_options[] = {
    {"all", no_argument, NULL, 'a'},
    {"dir", required_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int
tosctl_replay(int argc, char **argv)
{
	const char *dir = getenv("TOSD_STATE");
	struct replay r = {0};
	struct err e = ERR_INIT;
	bool all = false;
	int c;

	while ((c = option_next("tosctl", argc, argv, "ad:jh", long_options)) != -1)
		switch (c) {
		case 'a':
			all = true;
			break;
		case 'd':
			dir = optarg;
			break;
		case 'j':
			r.json = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return SAME;
		default:
			return USAGE;
		}
	r.one = optind < argc ? argv[optind] : NULL;
	if ((r.one == NULL) != all || argc - optind > 1) {
		fputs(usage_text, stderr);
		return USAGE;
	}
	if (replay(&r, dir != NULL ? dir : DEFAULT_STATE, &e) != 0) {
		complain("tosctl: %s", e.text);
		return CANNOT;
	}
	if (r.one != NULL && r.steps == 0) {
		complain("tosctl: no decision `%s' is on the ledger", r.one);
		return CANNOT;
	}
	if (!r.json)
		printf("%u decisions replayed, %u different\n", r.steps, r.different);
	return r.different == 0 ? SAME : DIFFERENT;
}
