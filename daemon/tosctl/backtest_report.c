/* SPDX-License-Identifier: Apache-2.0 */
/* backtest_report: a backtest as JSON lines and as text; see backtest.h.  Tenants
 * appear by key only. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine_json.h"
#include "tosctl/backtest.h"
#include "tosctl/lists_used.h"
#include "tosctl/pack_say.h"
#include "tosctl/print_json.h"

#define PAIRS_SHOWN 10 /* in the text; JSON has more */
#define PAIRS_JSON 1000
#define TENANTS_SHOWN 5 /* of a rule, in the text */

static void
emit(json_t *o)
{
	print_json_take(o, JSON_REAL_PRECISION(6));
}

static void
set_time(json_t *o, const char *key, int64_t t)
{
	char text[CLOCK_TEXT];

	if (t != CLOCK_NONE)
		json_object_set_new(o, key, json_string(clock_format(t, text)));
}

static const char *
day(int64_t t, char out[CLOCK_TEXT])
{
	clock_format(t, out);
	if (t != CLOCK_NONE)
		out[10] = '\0';
	return out;
}

/* --- sums over tenants --- */

struct rule_sum {
	uint64_t items, counting, tenants, most; /* most: items of its loudest tenant */
	uint32_t loudest;
	double sum, squares;
	int64_t first, last;
};

static void
sum_rule(const struct bt_count *c, uint32_t rule, struct rule_sum *out)
{
	size_t low = 0, high = c->ncells;

	*out = (struct rule_sum){.first = CLOCK_NONE, .last = CLOCK_NONE};
	while (low < high) { /* cells stand in the order of their rules */
		size_t mid = low + (high - low) / 2;

		if (c->cells[mid].rule < rule)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t i = low; i < c->ncells && c->cells[i].rule == rule; i++) {
		const struct bt_cell *x = &c->cells[i];

		out->tenants++;
		out->items += x->items;
		out->counting += x->counting;
		out->sum += x->sum;
		out->squares += x->squares;
		if (x->items > out->most) {
			out->most = x->items;
			out->loudest = x->tenant;
		}
		if (out->first == CLOCK_NONE || x->first < out->first)
			out->first = x->first;
		if (out->last == CLOCK_NONE || x->last > out->last)
			out->last = x->last;
	}
}

/* No item counts twice, so no interval goes beyond all of them. */
static void
rate_of(const struct bt_report *r, uint64_t items, double sum, double squares,
    struct measure_weighted *m)
{
	measure_weighted_rate(items, sum, squares, r->count->most, m);
	m->per_1000 = m->per_1000 < 1000 ? m->per_1000 : 1000;
	m->low = m->low < 1000 ? m->low : 1000;
	m->high = m->high < 1000 ? m->high : 1000;
}

static json_t *
rate_json(const struct bt_report *r, uint64_t items, double sum, double squares)
{
	struct measure_weighted m;

	rate_of(r, items, sum, squares, &m);
	return json_pack("{s:f, s:f, s:f, s:b}", "per_1000", m.per_1000, "low", m.low,
	    "high", m.high, "enough", items >= r->min_items);
}

/* --- JSON --- */

static unsigned
tried_of(const struct bt_report *r)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->rules->n; i++)
		n += r->tried[i];
	return n;
}

static void
history_json(const struct bt_report *r)
{
	static const char *const names[BT_REACHES] = {
	    "whole", "found", "drawn", "passed", "old", "outside", "lost"};
	const struct bt_count *c = r->count;
	json_t *o = json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:b}",
	    "kind", "history", "packs", json_repaired(r->packs), "policy",
	    r->rules->digest, "rules", (json_int_t)r->rules->n, "tenants",
	    (json_int_t)c->ntenants, "items", (json_int_t)c->items, "outside",
	    (json_int_t)c->outside, "degraded", (json_int_t)c->degraded, "threshold",
	    r->threshold, "as_written", (int)r->as_written);
	json_t *reach = json_object(), *shares = json_array();

	for (int i = 0; i < BT_REACHES; i++)
		json_object_set_new(
		    reach, names[i], json_integer((json_int_t)c->revisions[i]));
	for (size_t i = 0; i < r->kept->n; i++)
		json_array_append_new(
		    shares, json_pack("{s:I, s:f}", "upto",
				(json_int_t)r->kept->thinned[i].upto, "share",
				r->kept->thinned[i].share / (double)STORE_SHARE_ALL));
	json_object_set_new(o, "tried", json_integer(tried_of(r)));
	json_object_set_new(o, "revisions", reach);
	json_object_set_new(o, "lists", lists_used_json(r->used));
	json_object_set_new(o, "samples", shares);
	json_object_set_new(o, "greatest_weight", json_real(c->most));
	if (c->pairs_full) /* some have no line `overlap' though they meet */
		json_object_set_new(o, "overlaps_left_out", json_true());
	set_time(o, "from", c->first_seen);
	set_time(o, "to", c->last_seen);
	set_time(o, "whole_after", r->whole_seen);
	set_time(o, "sampled_after", r->sample_seen);
	emit(o);
}

static void
rule_json(const struct bt_report *r, uint32_t i)
{
	const struct msg_rule *m = &r->rules->v[i];
	const struct bt_rule *x = &r->count->rules[i];
	struct rule_sum s;
	json_t *o, *record, *revs = json_object();
	char rev[16];

	sum_rule(r->count, i, &s);
	o = json_pack("{s:s, s:s, s:I, s:s, s:s*, s:s*, s:I, s:I, s:f, s:I, s:I, s:o}",
	    "kind", "rule", "rule", m->rule, "rev", (json_int_t)m->rev, "mode",
	    finding_mode_name((enum finding_mode)m->mode), "clause", m->clause,
	    "category", m->category, "items", (json_int_t)s.items, "counting",
	    (json_int_t)s.counting, "estimated", s.sum, "tenants",
	    (json_int_t)s.tenants, "revisions", (json_int_t)x->revisions, "rate",
	    rate_json(r, r->count->items, s.sum, s.squares));
	for (size_t k = 0; k < x->nrevs; k++) {
		snprintf(rev, sizeof(rev), "%u", x->revs[k].rev);
		json_object_set_new(revs, rev, json_integer((json_int_t)x->revs[k].n));
	}
	record = json_pack("{s:I, s:I, s:I, s:I, s:o}", "same", (json_int_t)x->same,
	    "new", (json_int_t)x->fresh, "lost", (json_int_t)x->lost, "no_text",
	    (json_int_t)x->no_text, "revs", revs);
	json_object_set_new(o, "record", record);
	if (s.items > 0)
		json_object_set_new(o, "loudest_tenant",
		    json_pack("{s:s, s:f}", "tenant", r->count->tenants[s.loudest].key,
			"share", (double)s.most / (double)s.items));
	json_object_set_new(o, "tried", json_boolean(r->tried[i]));
	json_object_set_new(o, "proven", json_boolean(r->proven[i]));
	set_time(o, "first", s.first);
	set_time(o, "last", s.last);
	emit(o);
}

static int
by_place(const void *a, const void *b)
{
	const struct bt_cell *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->items != y->items)
		return x->items > y->items ? -1 : 1;
	return (x->tenant > y->tenant) - (x->tenant < y->tenant);
}

static void
cells_json(const struct bt_report *r)
{
	const struct bt_count *c = r->count;

	for (size_t i = 0; i < c->ncells; i++) {
		const struct bt_cell *x = &c->cells[i];
		const struct bt_tenant *t = &c->tenants[x->tenant];
		json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:I, s:o}",
		    "kind", "rule-tenant", "rule", r->rules->v[x->rule].rule, "tenant",
		    t->key, "items", (json_int_t)x->items, "counting",
		    (json_int_t)x->counting, "estimated", x->sum, "seen",
		    (json_int_t)t->items, "rate",
		    rate_json(r, t->items, x->sum, x->squares));

		set_time(o, "first", x->first);
		set_time(o, "last", x->last);
		emit(o);
	}
}

static int
by_both(const void *a, const void *b)
{
	const struct bt_pair *x = a, *y = b;

	if (x->both != y->both)
		return x->both > y->both ? -1 : 1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return (x->b > y->b) - (x->b < y->b);
}

struct shares {
	double jaccard, of_a, of_b;
};

static struct shares
shares_of(const struct bt_count *c, const struct bt_pair *p)
{
	double a = (double)c->rules[p->a].revisions,
	       b = (double)c->rules[p->b].revisions, both = (double)p->both;

	return (struct shares){both / (a + b - both), both / a, both / b};
}

static void
pairs_json(const struct bt_report *r)
{
	const struct bt_count *c = r->count;

	for (size_t i = 0; i < c->npairs && i < PAIRS_JSON; i++) {
		const struct bt_pair *p = &c->pairs[i];
		struct shares s = shares_of(c, p);

		emit(json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:f}", "kind", "overlap",
		    "a", r->rules->v[p->a].rule, "b", r->rules->v[p->b].rule, "both",
		    (json_int_t)p->both, "jaccard", s.jaccard, "share_of_a", s.of_a,
		    "share_of_b", s.of_b));
	}
}

static const char *const does_names[BT_TENANTS_DO] = {"as-recorded", "removes"};

static void
projected_json(int does, const char *tenant, const struct bt_projected *p)
{
	json_t *o = json_pack(
	    "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "kind",
	    "projection", "tenants_do", does_names[does], "violations",
	    (json_int_t)p->violations, "cases", (json_int_t)p->cases, "notices",
	    (json_int_t)p->notices, "recommendations", (json_int_t)p->recommendations,
	    "closed", (json_int_t)p->closed, "up", (json_int_t)p->ups, "down",
	    (json_int_t)p->downs, "held", (json_int_t)p->held, "safety",
	    (json_int_t)p->safety, "highest_stage", (int)p->highest);

	if (tenant != NULL)
		json_object_set_new(o, "tenant", json_string(tenant));
	set_time(o, "first_notice", p->first_notice);
	set_time(o, "first_recommendation", p->first_recommendation);
	emit(o);
}

static void
report_json(const struct bt_report *r)
{
	history_json(r);
	for (uint32_t i = 0; i < r->rules->n; i++)
		rule_json(r, i);
	cells_json(r);
	for (size_t i = 0; i < r->count->ngone; i++)
		emit(json_pack("{s:s, s:s, s:I}", "kind", "gone", "rule",
		    r->count->gone[i].rule, "revisions",
		    (json_int_t)r->count->gone[i].n));
	pairs_json(r);
	for (int d = 0; d < BT_TENANTS_DO; d++) {
		struct bt_projected sum;

		bt_ladder_sum(r->ladder[d], &sum);
		projected_json(d, NULL, &sum);
		for (uint32_t t = 0; t < r->count->ntenants; t++) {
			const struct bt_projected *p =
			    bt_ladder_tenant(r->ladder[d], t);

			if (p != NULL)
				projected_json(d, r->count->tenants[t].key, p);
		}
	}
}

/* --- text --- */

/* "1 rule, beside 20 of the other packs, 1 of other plugins and 3 lists": who names a
 * pack counts its own. */
static void
rules_text(const struct bt_report *r)
{
	unsigned tried = tried_of(r), others = 0, foreign = 0, lists = 0;

	for (uint32_t i = 0; i < r->rules->n; i++) {
		const struct msg_rule *m = &r->rules->v[i];

		/* "list/NAME", and "list/NAME/shadow" of the same list. */
		if (strcmp(m->plugin, "lists") == 0)
			lists += strchr(m->rule, '/') == strrchr(m->rule, '/');
		else if (strcmp(m->plugin, "rules") == 0)
			others += !r->tried[i];
		else
			foreign += !r->tried[i];
	}
	pack_say(r->packs);
	printf(": %u rule%s", tried, tried == 1 ? "" : "s");
	if (others > 0)
		printf(", beside %u of the other packs", others);
	if (foreign > 0)
		printf(
		    "%s %u of other plugins", others > 0 ? "," : ", beside", foreign);
	if (lists > 0)
		printf("%s %u list%s", others + foreign > 0 ? " and" : ", beside",
		    lists, lists == 1 ? "" : "s");
	printf("; policy %.12s\n", r->rules->digest);
}

static void
history_text(const struct bt_report *r)
{
	const struct bt_count *c = r->count;
	uint64_t drawn = c->revisions[BT_DRAWN], passed = c->revisions[BT_PASSED];
	char a[CLOCK_TEXT], b[CLOCK_TEXT];

	rules_text(r);
	lists_used_say(r->used, stdout, "  with ");
	printf("seen by tosd from %s to %s: %llu items of %zu tenants; other days are "
	       "the posts' own\n",
	    day(c->first_seen, a), day(c->last_seen, b), (unsigned long long)c->items,
	    c->ntenants);
	if (drawn + passed > 0)
		printf("  up to %s only a sample is kept: %llu texts stand for %llu; "
		       "counts of that time\n"
		       "  are weighted, at most %.0f times, and their intervals are "
		       "wider\n",
		    day(r->whole_seen, a), (unsigned long long)drawn,
		    (unsigned long long)(drawn + passed), c->most);
	if (c->outside > 0)
		printf("  %llu items are older than the sample or were erased: in no "
		       "rate\n",
		    (unsigned long long)c->outside);
	if (c->degraded > 0)
		printf("  %llu texts could not be judged whole\n",
		    (unsigned long long)c->degraded);
	if (!r->as_written)
		printf(
		    "  every rule that is tried counts as if it were enforced, from a "
		    "score of %g\n",
		    r->threshold);
}

static void
rate_text(const struct bt_report *r, uint64_t items, double sum, double squares)
{
	struct measure_weighted m;

	rate_of(r, items, sum, squares, &m);
	printf("%.3f per 1,000 (%.3f to %.3f)", m.per_1000, m.low, m.high);
	if (items < r->min_items)
		printf(", insufficient data");
}

static void
rule_text(const struct bt_report *r, uint32_t i, size_t *cell)
{
	const struct bt_count *c = r->count;
	const struct bt_rule *x = &c->rules[i];
	char a[CLOCK_TEXT];
	struct rule_sum s;
	size_t shown = 0;

	sum_rule(c, i, &s);
	printf("\n%s rev %u (%s)\n", r->rules->v[i].rule, r->rules->v[i].rev,
	    finding_mode_name((enum finding_mode)r->rules->v[i].mode));
	printf(
	    "  fires on %llu items, %llu would count%s: ", (unsigned long long)s.items,
	    (unsigned long long)s.counting, r->as_written ? " as written" : "");
	rate_text(r, c->items, s.sum, s.squares);
	if (s.first != CLOCK_NONE)
		printf("; first %s", day(s.first, a));
	printf("\n  revisions, against the record: %llu the same, %llu new, %llu lost",
	    (unsigned long long)x->same, (unsigned long long)x->fresh,
	    (unsigned long long)x->lost);
	if (x->no_text > 0)
		printf(
		    ", %llu without a text to look at", (unsigned long long)x->no_text);
	for (size_t k = 0; k < x->nrevs; k++)
		printf("%s rev %u: %llu", k == 0 ? ";" : ",", x->revs[k].rev,
		    (unsigned long long)x->revs[k].n);
	putchar('\n');
	for (; *cell < c->ncells && c->cells[*cell].rule == i; ++*cell) {
		const struct bt_cell *y = &c->cells[*cell];

		if (shown++ >= TENANTS_SHOWN)
			continue;
		printf("  tenant %s: %llu items, ", c->tenants[y->tenant].key,
		    (unsigned long long)y->items);
		rate_text(r, c->tenants[y->tenant].items, y->sum, y->squares);
		printf("; first %s\n", day(y->first, a));
	}
	if (shown > TENANTS_SHOWN)
		printf("  ... and %zu tenants more\n", shown - TENANTS_SHOWN);
	if (s.items >= 5 && s.most * 10 > s.items * 6)
		printf("  note: tenant %s has %llu %% of it\n",
		    c->tenants[s.loudest].key,
		    (unsigned long long)(100 * s.most / s.items));
}

static void
overlap_text(const struct bt_report *r)
{
	const struct bt_count *c = r->count;

	if (c->npairs > 0)
		printf("\nfound together\n");
	for (size_t i = 0; i < c->npairs && i < PAIRS_SHOWN; i++) {
		const struct bt_pair *p = &c->pairs[i];
		struct shares s = shares_of(c, p);

		printf("  %s and %s: %llu (%.0f %% and %.0f %% of theirs, Jaccard "
		       "%.2f)\n",
		    r->rules->v[p->a].rule, r->rules->v[p->b].rule,
		    (unsigned long long)p->both, 100 * s.of_a, 100 * s.of_b, s.jaccard);
	}
	if (c->pairs_full)
		printf("  (not all pairs were counted)\n");
}

static void
projection_text(const struct bt_report *r)
{
	static const char *const words[BT_TENANTS_DO] = {
	    "tenants do what is on record, and leave what nobody reported",
	    "tenants remove in time what they are told of"};
	char a[CLOCK_TEXT], b[CLOCK_TEXT];

	printf(
	    "\nwhat would follow, through the steps of the ladder; notices arrive at "
	    "once, nobody\nappeals or decides, our own gaps are left out%s\n",
	    r->count->revisions[BT_DRAWN] > 0
		? ", and of the sampled time only the sample"
		: "");
	for (int d = 0; d < BT_TENANTS_DO; d++) {
		struct bt_projected p;

		bt_ladder_sum(r->ladder[d], &p);
		printf("  if %s:\n    %llu violations, %llu cases (%llu closed), %llu "
		       "notices, %llu moves up, %llu down,\n    %llu recommendations; "
		       "first notice %s, first recommendation %s\n",
		    words[d], (unsigned long long)p.violations,
		    (unsigned long long)p.cases, (unsigned long long)p.closed,
		    (unsigned long long)p.notices, (unsigned long long)p.ups,
		    (unsigned long long)p.downs, (unsigned long long)p.recommendations,
		    day(p.first_notice, a), day(p.first_recommendation, b));
		if (p.cases > 0 && p.notices == 0)
			printf("    the time looked at ended before any of them was "
			       "due its notice\n");
		if (p.held > 0)
			printf(
			    "    %llu times no step to the last stage or beyond, since "
			    "all that was reported was\n    found by rules that have "
			    "not "
			    "shown a precision of %g (gates.precision_final)\n",
			    (unsigned long long)p.held, r->precision_final);
		if (d == 0 && p.safety > 0)
			printf("    %llu alerts to the safety desk, apart from cases\n",
			    (unsigned long long)p.safety);
	}
}

static bool
is_silent(const struct bt_rule *x)
{
	return x->revisions == 0 && x->lost == 0 && x->no_text == 0 && x->nrevs == 0;
}

static void
report_text(const struct bt_report *r)
{
	size_t cell = 0, silent = 0;

	history_text(r);
	for (uint32_t i = 0; i < r->rules->n; i++) {
		bool quiet = is_silent(&r->count->rules[i]);

		if (r->tried[i] && !quiet)
			rule_text(r, i, &cell);
		while (cell < r->count->ncells && r->count->cells[cell].rule == i)
			cell++;
		silent += r->tried[i] && quiet;
	}
	if (silent > 0)
		printf("\n%zu rules find nothing, and nothing of theirs is on record\n",
		    silent);
	for (size_t i = 0; i < r->count->ngone; i++)
		printf("\n%s: not among these rules; found in %llu revisions on "
		       "record\n",
		    r->count->gone[i].rule, (unsigned long long)r->count->gone[i].n);
	overlap_text(r);
	projection_text(r);
}

void
bt_report(const struct bt_report *r)
{
	const struct bt_count *c = r->count;

	if (c->ncells > 1)
		qsort(c->cells, c->ncells, sizeof(*c->cells), by_place);
	if (c->npairs > 1)
		qsort(c->pairs, c->npairs, sizeof(*c->pairs), by_both);
	if (r->json)
		report_json(r);
	else
		report_text(r);
}
