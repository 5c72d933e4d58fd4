/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_inspect: messages between engine and policy.  A policy worker runs code of the
 * policy team on tenants' bytes: what it says is checked.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipc/msg_codec.h"

#define RULE_WIRE_MIN 34
#define INSPECT_WIRE_MIN (29 + ITEM_WIRE_MIN)
#define INSPECTED_WIRE_MIN 24
#define RETRY_WIRE_MIN 18
#define MISSING_WIRE_MIN 9
#define RETIRED_WIRE_MIN 12
#define OPINION_WIRE_MIN 36
#define COST_WIRE_MIN (28 + COST_CLASSES * 8)
#define SPENT_WIRE_MIN (COST_WIRE_MIN + 4)

/* More than the host lets a plugin say: names, a reason, spans.  All of it goes into
 * ledger entries, which hold 65,535 bytes of JSON. */
#define NAME_MAX_BYTES 512
#define REASON_MAX_BYTES MSG_WORDS_MAX
#define SPANS_MAX 64

static bool
text_within(const char *s, size_t max)
{
	size_t n = s != NULL ? strlen(s) : 0;

	return n <= max && (s == NULL || text_valid(s, n));
}

/* A reason, at most so long. */
static char *
get_text(struct rd *r, size_t max)
{
	char *s = msg_need_text(r);

	if (!text_within(s, max))
		r->bad = true;
	return s;
}

static char *
get_name(struct rd *r)
{
	return get_text(r, NAME_MAX_BYTES);
}

/* Finding spans that start after they end would make an exhibit of nothing. */
static void
get_finding(struct rd *r, struct finding *f)
{
	finding_get(r, f);
	if (!text_within(f->rule, NAME_MAX_BYTES) ||
	    !text_within(f->pack, NAME_MAX_BYTES) ||
	    !text_within(f->clause, NAME_MAX_BYTES) ||
	    !text_within(f->category, NAME_MAX_BYTES) ||
	    !text_within(f->reason, REASON_MAX_BYTES) || f->nspans > SPANS_MAX)
		r->bad = true;
	for (size_t i = 0; i < f->nspans; i++)
		if (f->spans[i].start > f->spans[i].end)
			r->bad = true;
}

static void
put_rule(struct buf *b, const struct msg_rule *v)
{
	buf_put_str(b, v->rule);
	buf_put_str(b, v->pack);
	buf_put_str(b, v->clause);
	buf_put_str(b, v->category);
	buf_put_str(b, v->meaning);
	buf_put_u32(b, v->rev);
	buf_put_u8(b, v->mode);
	buf_put_u32(b, (uint32_t)v->severity);
	buf_put_str(b, v->plugin);
	buf_put_u8(b, v->limit);
}

static void
get_rule(struct rd *r, struct msg_rule *v)
{
	v->rule = get_name(r);
	v->pack = get_name(r);
	v->clause = get_name(r);
	v->category = get_name(r);
	v->meaning = msg_hash(r);
	v->rev = rd_u32(r);
	v->mode = msg_enum(r, FINDING_MODES);
	v->severity = (int32_t)rd_u32(r);
	v->plugin = get_name(r);
	v->limit = msg_enum(r, FINDING_MODES);
}

static void
get_missing(struct rd *r, struct msg_rules *p)
{
	uint32_t n = rd_count(r, MISSING_WIRE_MIN);

	p->missing = n > 0 ? xcalloc(n, sizeof(*p->missing)) : NULL;
	while (!r->bad && p->nmissing < n) {
		struct msg_missing *v = &p->missing[p->nmissing++];

		v->plugin = get_name(r);
		v->why = get_text(r, REASON_MAX_BYTES);
		v->how = msg_enum(r, MISSING_COUNT);
	}
}

static void
get_retired(struct rd *r, struct msg_rules *p)
{
	uint32_t n = rd_count(r, RETIRED_WIRE_MIN);

	p->retired = n > 0 ? xcalloc(n, sizeof(*p->retired)) : NULL;
	while (!r->bad && p->nretired < n) {
		struct msg_retired *v = &p->retired[p->nretired++];

		v->rule = get_name(r);
		v->pack = get_name(r);
		v->plugin = get_name(r);
	}
}

void
msg_put_rules(struct buf *b, const struct msg *m)
{
	const struct msg_rules *p = &m->rules;

	buf_put_str(b, p->digest);
	buf_put_str(b, p->rest);
	buf_put_u32(b, p->n);
	for (uint32_t i = 0; i < p->n; i++)
		put_rule(b, &p->v[i]);
	buf_put_u32(b, p->nproblems);
	for (uint32_t i = 0; i < p->nproblems; i++)
		buf_put_str(b, p->problems[i]);
	buf_put_u32(b, p->nmissing);
	for (uint32_t i = 0; i < p->nmissing; i++) {
		buf_put_str(b, p->missing[i].plugin);
		buf_put_str(b, p->missing[i].why);
		buf_put_u8(b, p->missing[i].how);
	}
	buf_put_u32(b, p->nretired);
	for (uint32_t i = 0; i < p->nretired; i++) {
		buf_put_str(b, p->retired[i].rule);
		buf_put_str(b, p->retired[i].pack);
		buf_put_str(b, p->retired[i].plugin);
	}
}

void
msg_get_rules(struct rd *r, struct msg *m)
{
	struct msg_rules *p = &m->rules;
	uint32_t n;

	p->digest = get_name(r);
	p->rest = msg_hash(r);
	n = rd_count(r, RULE_WIRE_MIN);
	p->v = n > 0 ? xcalloc(n, sizeof(*p->v)) : NULL;
	while (!r->bad && p->n < n)
		get_rule(r, &p->v[p->n++]);
	n = rd_count(r, 4);
	p->problems = n > 0 ? xcalloc(n, sizeof(*p->problems)) : NULL;
	while (!r->bad && p->nproblems < n)
		p->problems[p->nproblems++] = msg_need_str(r);
	get_missing(r, p);
	get_retired(r, p);
}

void
msg_clear_rules(struct msg *m)
{
	struct msg_rules *p = &m->rules;

	free(p->digest);
	free(p->rest);
	for (uint32_t i = 0; i < p->n; i++) {
		free(p->v[i].rule);
		free(p->v[i].pack);
		free(p->v[i].clause);
		free(p->v[i].category);
		free(p->v[i].meaning);
		free(p->v[i].plugin);
	}
	free(p->v);
	for (uint32_t i = 0; i < p->nproblems; i++)
		free(p->problems[i]);
	free(p->problems);
	for (uint32_t i = 0; i < p->nmissing; i++) {
		free(p->missing[i].plugin);
		free(p->missing[i].why);
	}
	free(p->missing);
	for (uint32_t i = 0; i < p->nretired; i++) {
		free(p->retired[i].rule);
		free(p->retired[i].pack);
		free(p->retired[i].plugin);
	}
	free(p->retired);
}

void
msg_put_inspect(struct buf *b, const struct msg *m)
{
	const struct msg_inspect *p = &m->inspect;

	buf_put_u64(b, p->batch);
	buf_put_u32(b, p->n);
	for (uint32_t i = 0; i < p->n; i++) {
		buf_put_u64(b, p->v[i].revision);
		buf_put_str(b, p->v[i].tenant);
		buf_put_i64(b, p->v[i].time);
		buf_put_u32(b, p->v[i].nskip);
		for (uint32_t k = 0; k < p->v[i].nskip; k++)
			buf_put_str(b, p->v[i].skip[k]);
		msg_put_answers(b, p->v[i].answers, p->v[i].nanswers);
		buf_put_u8(b, p->v[i].reported);
		item_put(b, &p->v[i].item);
	}
}

size_t
msg_inspect_size(const struct msg_inspect_item *v)
{
	size_t n = 8 + 4 + strlen(v->tenant) + 8 + 4 + 4 + 1;

	for (uint32_t k = 0; k < v->nskip; k++)
		n += 4 + strlen(v->skip[k]);
	for (uint32_t k = 0; k < v->nanswers; k++)
		n += 4 + strlen(v->answers[k].key) + 4 + 4 + v->answers[k].body.len;
	return n + item_wire_size(&v->item);
}

static void
get_skip(struct rd *r, struct msg_inspect_item *v)
{
	uint32_t n = rd_count(r, 4);

	v->skip = n > 0 ? xcalloc(n, sizeof(*v->skip)) : NULL;
	while (!r->bad && v->nskip < n)
		v->skip[v->nskip++] = msg_need_text(r);
}

void
msg_get_inspect(struct rd *r, struct msg *m)
{
	struct msg_inspect *p = &m->inspect;
	uint32_t n;
	char *at;

	p->batch = rd_u64(r);
	n = rd_count(r, INSPECT_WIRE_MIN);
	p->v = n > 0 ? xcalloc(n, sizeof(*p->v)) : NULL;
	at = p->arena = n > 0 ? xmalloc((size_t)(r->end - r->p)) : NULL;
	while (!r->bad && p->n < n) {
		struct msg_inspect_item *v = &p->v[p->n++];

		v->revision = rd_u64(r);
		r->arena = at;
		v->tenant = msg_need_str(r);
		at = r->arena;
		r->arena = NULL;
		v->time = rd_i64(r);
		get_skip(r, v);
		v->answers = msg_get_answers(r, &v->nanswers);
		v->reported = msg_bool(r);
		r->arena = at;
		msg_item(r, &v->item);
		at = r->arena;
		r->arena = NULL;
	}
}

void
msg_clear_inspect(struct msg *m)
{
	struct msg_inspect *p = &m->inspect;

	for (uint32_t i = 0; i < p->n; i++) {
		for (uint32_t k = 0; k < p->v[i].nskip; k++)
			free(p->v[i].skip[k]);
		free(p->v[i].skip);
		for (uint32_t k = 0; k < p->v[i].nanswers; k++)
			msg_answer_clear(&p->v[i].answers[k]);
		free(p->v[i].answers);
		if (p->arena != NULL) {
			item_clear_borrowed(&p->v[i].item);
			continue;
		}
		free(p->v[i].tenant);
		item_clear(&p->v[i].item);
	}
	free(p->arena);
	free(p->v);
}

static void
put_retry(struct buf *b, const struct msg_retry *t)
{
	buf_put_str(b, t->plugin);
	buf_put_u8(b, t->lost);
	buf_put_u8(b, t->alone);
	buf_put_i64(b, t->wait);
	buf_put_str(b, t->why);
}

static void
get_retry(struct rd *r, struct msg_retry *t)
{
	t->plugin = get_name(r);
	t->lost = msg_bool(r);
	t->alone = msg_bool(r);
	t->wait = rd_i64(r);
	t->why = get_text(r, REASON_MAX_BYTES);
}

static void
put_cost(struct buf *b, const struct cost *c)
{
	buf_put_u64(b, c->items);
	buf_put_u64(b, c->failed);
	buf_put_u64(b, c->ns);
	for (int i = 0; i < COST_CLASSES; i++)
		buf_put_u64(b, c->n[i]);
}

/* A worker's sums of a batch: more than 2^40 of anything is a lie that would spoil the
 * sums of a day. */
static uint64_t
get_amount(struct rd *r)
{
	uint64_t n = rd_u64(r);

	if (n >= (uint64_t)1 << 40)
		r->bad = true;
	return n;
}

static void
get_cost(struct rd *r, struct cost *c)
{
	c->items = get_amount(r);
	c->failed = get_amount(r);
	c->ns = rd_u64(r);
	if (c->ns >= (uint64_t)1 << 50)
		r->bad = true;
	for (int i = 0; i < COST_CLASSES; i++)
		c->n[i] = get_amount(r);
}

static void
put_opinion(struct buf *b, const struct msg_opinion *o)
{
	buf_put_str(b, o->category);
	buf_put_f64(b, o->value);
	buf_put_f64(b, o->hit);
	buf_put_f64(b, o->none);
	buf_put_u32(b, o->first);
	buf_put_u32(b, o->n);
}

void
msg_put_inspected(struct buf *b, const struct msg *m)
{
	const struct msg_inspected *p = &m->inspected;

	buf_put_u64(b, p->batch);
	buf_put_str(b, p->digest);
	buf_put_u32(b, p->n);
	for (uint32_t i = 0; i < p->n; i++) {
		buf_put_u64(b, p->v[i].revision);
		buf_put_str(b, p->v[i].degraded);
		buf_put_u32(b, p->v[i].nretry);
		for (uint32_t k = 0; k < p->v[i].nretry; k++)
			put_retry(b, &p->v[i].retry[k]);
		msg_put_questions(b, p->v[i].questions, p->v[i].nquestions);
		buf_put_u32(b, p->v[i].n);
		for (uint32_t k = 0; k < p->v[i].n; k++)
			finding_put(b, &p->v[i].findings[k]);
		buf_put_u32(b, p->v[i].nopinions);
		for (uint32_t k = 0; k < p->v[i].nopinions; k++)
			put_opinion(b, &p->v[i].opinions[k]);
	}
	buf_put_u32(b, p->ncosts);
	for (uint32_t i = 0; i < p->ncosts; i++) {
		buf_put_str(b, p->costs[i].plugin);
		put_cost(b, &p->costs[i].cost);
	}
	buf_put_u32(b, p->nspent);
	for (uint32_t i = 0; i < p->nspent; i++) {
		buf_put_str(b, p->spent[i].rule);
		buf_put_u32(b, p->spent[i].rev);
		put_cost(b, &p->spent[i].cost);
	}
}

static void
get_opinion(struct rd *r, struct msg_opinion *o)
{
	o->category = msg_need_text(r);
	o->value = rd_f64(r);
	o->hit = rd_f64(r);
	o->none = rd_f64(r);
	o->first = rd_u32(r);
	o->n = rd_u32(r);
	if (!text_within(o->category, NAME_MAX_BYTES) ||
	    !(o->value >= 0 && o->value <= 1) || !(o->hit >= -20 && o->hit <= 20) ||
	    !(o->none >= -20 && o->none <= 20))
		r->bad = true;
}

static void
get_inspected_item(struct rd *r, struct msg_inspected_item *v)
{
	uint32_t n;

	v->revision = rd_u64(r);
	v->degraded = rd_str(r);
	if (!text_within(v->degraded, REASON_MAX_BYTES))
		r->bad = true;
	n = rd_count(r, RETRY_WIRE_MIN);
	v->retry = n > 0 ? xcalloc(n, sizeof(*v->retry)) : NULL;
	while (!r->bad && v->nretry < n)
		get_retry(r, &v->retry[v->nretry++]);
	v->questions = msg_get_questions(r, &v->nquestions);
	n = rd_count(r, FINDING_WIRE_MIN);
	v->findings = n > 0 ? xcalloc(n, sizeof(*v->findings)) : NULL;
	while (!r->bad && v->n < n)
		get_finding(r, &v->findings[v->n++]);
	n = rd_count(r, OPINION_WIRE_MIN);
	r->bad |= n > MSG_OPINIONS_MAX;
	v->opinions = n > 0 ? xcalloc(n, sizeof(*v->opinions)) : NULL;
	while (!r->bad && v->nopinions < n)
		get_opinion(r, &v->opinions[v->nopinions++]);
}

static void
get_costs(struct rd *r, struct msg_inspected *p)
{
	uint32_t n = rd_count(r, COST_WIRE_MIN);

	r->bad |= n > MSG_COSTS_MAX;
	p->costs = n > 0 ? xcalloc(n, sizeof(*p->costs)) : NULL;
	while (!r->bad && p->ncosts < n) {
		p->costs[p->ncosts].plugin = get_name(r);
		get_cost(r, &p->costs[p->ncosts++].cost);
	}
	n = rd_count(r, SPENT_WIRE_MIN);
	r->bad |= n > MSG_SPENT_MAX;
	p->spent = n > 0 ? xcalloc(n, sizeof(*p->spent)) : NULL;
	while (!r->bad && p->nspent < n) {
		p->spent[p->nspent].rule = get_name(r);
		p->spent[p->nspent].rev = rd_u32(r);
		get_cost(r, &p->spent[p->nspent++].cost);
	}
}

void
msg_get_inspected(struct rd *r, struct msg *m)
{
	struct msg_inspected *p = &m->inspected;
	uint32_t n;

	p->batch = rd_u64(r);
	p->digest = get_name(r);
	n = rd_count(r, INSPECTED_WIRE_MIN);
	p->v = n > 0 ? xcalloc(n, sizeof(*p->v)) : NULL;
	while (!r->bad && p->n < n)
		get_inspected_item(r, &p->v[p->n++]);
	get_costs(r, p);
}

void
msg_clear_inspected(struct msg *m)
{
	struct msg_inspected *p = &m->inspected;

	free(p->digest);
	for (uint32_t i = 0; i < p->n; i++) {
		free(p->v[i].degraded);
		for (uint32_t k = 0; k < p->v[i].nretry; k++) {
			free(p->v[i].retry[k].plugin);
			free(p->v[i].retry[k].why);
		}
		free(p->v[i].retry);
		for (uint32_t k = 0; k < p->v[i].nquestions; k++)
			msg_question_clear(&p->v[i].questions[k]);
		free(p->v[i].questions);
		for (uint32_t k = 0; k < p->v[i].n; k++)
			finding_clear(&p->v[i].findings[k]);
		free(p->v[i].findings);
		for (uint32_t k = 0; k < p->v[i].nopinions; k++)
			free(p->v[i].opinions[k].category);
		free(p->v[i].opinions);
	}
	free(p->v);
	for (uint32_t i = 0; i < p->ncosts; i++)
		free(p->costs[i].plugin);
	free(p->costs);
	for (uint32_t i = 0; i < p->nspent; i++)
		free(p->spent[i].rule);
	free(p->spent);
}

void
msg_put_stand(struct buf *b, const struct msg *m)
{
	buf_put_str(b, m->stand.plugin);
	buf_put_str(b, m->stand.why);
}

void
msg_get_stand(struct rd *r, struct msg *m)
{
	m->stand.plugin = get_name(r);
	m->stand.why = rd_str(r);
	if (!text_within(m->stand.why, REASON_MAX_BYTES))
		r->bad = true;
}

void
msg_clear_stand(struct msg *m)
{
	free(m->stand.plugin);
	free(m->stand.why);
}
