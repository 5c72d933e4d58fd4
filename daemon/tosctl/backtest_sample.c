/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_sample: texts for blind labelling.  What is asked is one text and one
 * clause. Strata are tenant and score, so that a loud tenant and a clear case do not
 * fill the sample; in each the lowest hashes are drawn, which needs no second pass and
 * is the same for the same seed.  See backtest.h.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tosctl/backtest.h"

struct stratum {
	double all; /* findings in it */
	struct bt_draw *v;
	size_t n;
};

struct bt_sample {
	uint64_t seed;
	size_t want;
	const bool *tried;
	struct stratum *strata;
	size_t nstrata;
	struct bt_map *at;
};

struct bt_sample *
bt_sample_new(uint64_t seed, size_t want, const bool *tried)
{
	struct bt_sample *s = xcalloc(1, sizeof(*s));

	s->seed = seed;
	s->want = want;
	s->tried = tried;
	s->at = bt_map_new();
	return s;
}

static void
clear_draw(struct bt_draw *d)
{
	free(d->rules);
	free(d->scores);
}

void
bt_sample_free(struct bt_sample **sp)
{
	struct bt_sample *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nstrata; i++) {
		for (size_t k = 0; k < s->strata[i].n; k++)
			clear_draw(&s->strata[i].v[k]);
		free(s->strata[i].v);
	}
	free(s->strata);
	bt_map_free(&s->at);
	free(s);
	*sp = NULL;
}

static void
hash(const char *what, uint64_t seed, int64_t revision, const char *clause,
    uint8_t out[DIGEST_LEN])
{
	char *text = xasprintf("%s %llu %lld %s", what, (unsigned long long)seed,
	    (long long)revision, clause != NULL ? clause : "");

	digest_sha256(text, strlen(text), out);
	free(text);
}

static uint64_t
order_of(uint64_t seed, int64_t revision, const char *clause)
{
	uint8_t d[DIGEST_LEN];
	uint64_t v = 0;

	hash("draw", seed, revision, clause, d);
	for (int i = 0; i < 8; i++)
		v = v << 8 | d[i];
	return v;
}

static struct stratum *
stratum_of(struct bt_sample *s, uint32_t tenant, double score, uint32_t *at)
{
	int bin = score >= 1 ? BT_BINS - 1 : score > 0 ? (int)(score * BT_BINS) : 0;
	bool fresh;

	*at = bt_map_add(s->at, (uint64_t)tenant * BT_BINS + (uint64_t)bin,
	    (uint32_t)s->nstrata, &fresh);
	if (fresh) {
		s->strata = xrealloc(s->strata, (s->nstrata + 1) * sizeof(*s->strata));
		s->strata[s->nstrata++] = (struct stratum){0};
	}
	return &s->strata[*at];
}

/* --- the draws of a stratum: a heap, the last of them first --- */

static bool
is_wanted(const struct bt_sample *s, const struct stratum *t, uint64_t order)
{
	return t->n < s->want || order < t->v[0].order;
}

static void
swap(struct stratum *t, size_t a, size_t b)
{
	struct bt_draw d = t->v[a];

	t->v[a] = t->v[b];
	t->v[b] = d;
}

static void
sift_up(struct stratum *t, size_t i)
{
	for (; i > 0 && t->v[i].order > t->v[(i - 1) / 2].order; i = (i - 1) / 2)
		swap(t, i, (i - 1) / 2);
}

static void
sift_down(struct stratum *t)
{
	for (size_t i = 0, last;; i = last) {
		last = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < t->n; k++)
			if (t->v[k].order > t->v[last].order)
				last = k;
		if (last == i)
			return;
		swap(t, i, last);
	}
}

/* In a free place, or in that of the last one. */
static void
put_draw(struct bt_sample *s, struct stratum *t, const struct bt_draw *d)
{
	if (t->n == s->want) {
		clear_draw(&t->v[0]);
		t->v[0] = *d;
		sift_down(t);
		return;
	}
	if ((t->n & (t->n - 1)) == 0)
		t->v = xrealloc(t->v, (t->n > 0 ? 2 * t->n : 1) * sizeof(*t->v));
	t->v[t->n++] = *d;
	sift_up(t, t->n - 1);
}

/* --- questions --- */

static bool
same_clause(const struct msg_rules *rules, uint32_t a, uint32_t b)
{
	const char *x = rules->v[a].clause, *y = rules->v[b].clause;

	return strcmp(x != NULL ? x : "", y != NULL ? y : "") == 0;
}

/* The question that hit i begins: with all other hits of its clause. */
static void
add_question(struct bt_sample *s, const struct msg_rules *rules, uint32_t tenant,
    const struct bt_revision *r, uint32_t i)
{
	const char *clause = rules->v[r->hits[i].rule].clause;
	struct bt_draw d = {.revision = r->id, .item = r->item, .tenant = tenant};
	struct stratum *t;
	double score = 0;

	for (uint32_t k = i; k < r->nhits; k++)
		if (s->tried[r->hits[k].rule] &&
		    same_clause(rules, r->hits[k].rule, r->hits[i].rule) &&
		    r->hits[k].score > score)
			score = r->hits[k].score;
	t = stratum_of(s, tenant, score, &d.stratum);
	t->all += r->weight;
	d.order = order_of(s->seed, r->id, clause);
	if (!is_wanted(s, t, d.order))
		return;
	d.rules = xcalloc(r->nhits, sizeof(*d.rules));
	d.scores = xcalloc(r->nhits, sizeof(*d.scores));
	for (uint32_t k = i; k < r->nhits; k++)
		if (s->tried[r->hits[k].rule] &&
		    same_clause(rules, r->hits[k].rule, r->hits[i].rule)) {
			d.rules[d.nrules] = r->hits[k].rule;
			d.scores[d.nrules++] = r->hits[k].score;
		}
	put_draw(s, t, &d);
}

void
bt_sample_add(struct bt_sample *s, const struct msg_rules *rules, uint32_t tenant,
    const struct bt_revision *r)
{
	if (!bt_exposed(r->reach) || s->want == 0)
		return;
	for (uint32_t i = 0; i < r->nhits; i++) {
		bool asked = r->hits[i].rule >= rules->n || !s->tried[r->hits[i].rule];

		for (uint32_t k = 0; k < i && !asked; k++)
			asked = s->tried[r->hits[k].rule] &&
				same_clause(rules, r->hits[k].rule, r->hits[i].rule);
		if (!asked)
			add_question(s, rules, tenant, r, i);
	}
}

/* --- drawing --- */

static int
by_order(const void *a, const void *b)
{
	const struct bt_draw *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->revision > y->revision) - (x->revision < y->revision);
}

static int
by_first(const void *a, const void *b)
{
	const struct stratum *const *x = a, *const *y = b;

	return by_order((*x)->v, (*y)->v);
}

static size_t
take_in_turn(struct bt_sample *s, struct stratum **order, struct bt_draw *out)
{
	size_t n = 0, before = 1;

	for (size_t round = 0; n < s->want && n != before; round++) {
		before = n;
		for (size_t i = 0; i < s->nstrata && n < s->want; i++)
			if (round < order[i]->n)
				out[n++] = order[i]->v[round];
	}
	return n;
}

size_t
bt_sample_draw(struct bt_sample *s, struct bt_draw **out)
{
	struct stratum **order = xcalloc(s->nstrata + 1, sizeof(struct stratum *));
	size_t *drawn = xcalloc(s->nstrata + 1, sizeof(*drawn)), n;

	for (size_t i = 0; i < s->nstrata; i++) {
		struct stratum *t = order[i] = &s->strata[i];

		qsort(t->v, t->n, sizeof(*t->v), by_order);
	}
	if (s->nstrata > 1)
		qsort(order, s->nstrata, sizeof(struct stratum *), by_first);
	*out = xcalloc(s->want + 1, sizeof(**out));
	n = take_in_turn(s, order, *out);
	for (size_t i = 0; i < n; i++)
		drawn[(*out)[i].stratum]++;
	for (size_t i = 0; i < n; i++) {
		uint32_t t = (*out)[i].stratum;

		(*out)[i].weight = s->strata[t].all / (double)drawn[t];
	}
	free(order);
	free(drawn);
	return n;
}

/* --- the two files --- */

struct line {
	char id[2 * 8 + 1];
	char *text;
	const struct bt_draw *d;
};

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->id, ((const struct line *)b)->id);
}

/* The text, or NULL where it has gone meanwhile. */
static char *
text_of(struct store *s, int64_t revision)
{
	struct store_revision r;
	char *body = NULL;

	if (store_revision_get(s, revision, &r, NULL) != 0)
		return NULL;
	if ((r.body.flags & ITEM_LET_GO) == 0)
		body = item_body(&r.body);
	store_revision_clear(&r);
	if (body != NULL && body[0] == '\0') {
		free(body);
		body = NULL;
	}
	return body;
}

static void
put_line(struct buf *b, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));

	buf_puts(b, text);
	buf_putc(b, '\n');
	free(text);
	json_decref(o);
}

static json_t *
key_line(const struct line *x, const struct bt_count *c, const struct msg_rules *rules)
{
	json_t *found = json_array();

	for (size_t i = 0; i < x->d->nrules; i++) {
		const struct msg_rule *r = &rules->v[x->d->rules[i]];

		json_array_append_new(
		    found, json_pack("{s:s, s:I, s:f}", "rule", r->rule, "rev",
			       (json_int_t)r->rev, "score", x->d->scores[i]));
	}
	return json_pack("{s:s, s:I, s:I, s:s, s:I, s:f, s:o}", "id", x->id, "revision",
	    (json_int_t)x->d->revision, "item", (json_int_t)x->d->item, "tenant",
	    c->tenants[x->d->tenant].key, "stratum", (json_int_t)x->d->stratum,
	    "weight", x->d->weight, "findings", found);
}

int
bt_sample_write(struct store *s, const char *path, uint64_t seed,
    const struct bt_count *c, const struct msg_rules *rules, const struct bt_draw *v,
    size_t n, size_t *written, struct err *e)
{
	struct line *lines = xcalloc(n + 1, sizeof(*lines));
	struct buf seen = {0}, key = {0};
	char *key_path = xasprintf("%s.key", path);
	uint8_t d[DIGEST_LEN];
	int rc;

	*written = 0;
	for (size_t i = 0; i < n; i++) {
		struct line *x = &lines[*written];

		x->text = text_of(s, v[i].revision);
		x->d = &v[i];
		hash("id", seed, v[i].revision, rules->v[v[i].rules[0]].clause, d);
		digest_hex(d, 8, x->id);
		*written += x->text != NULL;
	}
	if (*written > 1)
		qsort(lines, *written, sizeof(*lines), by_id);
	put_line(&key, json_pack("{s:s, s:I, s:s}", "key", "tosd samples 1", "seed",
			   (json_int_t)seed, "policy", rules->digest));
	for (size_t i = 0; i < *written; i++) {
		const char *clause = rules->v[lines[i].d->rules[0]].clause;

		put_line(
		    &seen, json_pack("{s:s, s:s, s:s}", "id", lines[i].id, "clause",
			       clause != NULL ? clause : "", "text", lines[i].text));
		put_line(&key, key_line(&lines[i], c, rules));
		free(lines[i].text);
	}
	rc = file_write(key_path, key.data, key.len, 0600, FILE_NOSYNC, e);
	if (rc == 0)
		rc = file_write(path, seen.data != NULL ? seen.data : "", seen.len,
		    0600, FILE_NOSYNC, e);
	if (rc != 0)
		unlink(key_path); /* alone it would stand in the way of the next try */
	buf_free(&seen);
	buf_free(&key);
	free(key_path);
	free(lines);
	return rc;
}
