/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_classifier: what judging a text costs, beside a bare loop that sums the same
 * weights over features that are there already, and the parts of it on their own.
 *
 *	bench_classifier MODEL TEXTS [ROUNDS]
 *
 * TEXTS has one text a line.  Prints texts a second of processor time, of the fastest of
 * ROUNDS (5) by turns, and ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "classifier/model.h"
#include "classifier/num.h"

struct texts {
	char *data, **v;
	size_t *len, n;
};

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
read_texts(const char *path, struct texts *t)
{
	struct sb b = {0};
	struct why why;

	if (mem_read_file(path, 256u << 20, &b, &why) != 0) {
		fprintf(stderr, "bench_classifier: %s: %s\n", path, why.text);
		return -1;
	}
	t->data = sb_take(&b);
	for (char *s = strtok(t->data, "\n"); s != NULL; s = strtok(NULL, "\n")) {
		t->v = mem_grow(t->v, t->n + 1, sizeof(*t->v));
		t->len = mem_grow(t->len, t->n + 1, sizeof(*t->len));
		t->v[t->n] = s;
		t->len[t->n++] = strlen(s);
	}
	return t->n > 0 ? 0 : -1;
}

static volatile double sink;

static double
run_forms(const struct model *m, struct model_work *k, const struct texts *t)
{
	double start = cpu();

	for (size_t i = 0; i < t->n; i++)
		words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
	return cpu() - start;
}

/* The features and units of all texts, laid out one behind the other. */
struct laid {
	uint32_t *v;
	struct unit *unit;
	size_t *at, *unit_at;
};

static void
lay(const struct model *m, struct model_work *k, const struct texts *t,
    struct laid *out)
{
	const struct features *f = &k->features;
	size_t n = 0, cap = 0, units = 0, unit_cap = 0;

	out->at = mem_new(t->n + 1, sizeof(*out->at));
	out->unit_at = mem_new(t->n + 1, sizeof(*out->unit_at));
	for (size_t i = 0; i < t->n; i++) {
		words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
		features_take(&k->features, &k->words, m->lexicon, 0);
		if (n + f->n > cap) {
			cap = 2 * (n + f->n);
			out->v = mem_grow(out->v, cap, sizeof(*out->v));
		}
		if (units + f->units > unit_cap) {
			unit_cap = 2 * (units + f->units);
			out->unit = mem_grow(out->unit, unit_cap, sizeof(*out->unit));
		}
		memcpy(out->v + n, f->v, f->n * sizeof(*out->v));
		memcpy(out->unit + units, f->unit, f->units * sizeof(*out->unit));
		out->at[i + 1] = n += f->n;
		out->unit_at[i + 1] = units += f->units;
	}
}

static double
run_bare(const struct model *m, const struct laid *l, size_t n)
{
	double start = cpu();

	for (size_t i = 0; i < n; i++) {
		int64_t dot = 0, square = 0;

		for (size_t k = l->at[i]; k < l->at[i + 1]; k++) {
			struct bucket c = m->bucket[l->v[k]];

			dot += c.weight * c.rarity;
			square += c.rarity * c.rarity;
		}
		sink = num_logistic((double)dot / (double)(square + 1));
	}
	return cpu() - start;
}

/* The same as judging a text does it: by blocks and units, the value of the whole and
 * of each unit. */
static double
score_sums(
    const struct model *m, const struct features *f, const struct unit *u, size_t units)
{
	struct model_sums all = {{0}, {0}};
	double best = -1e9;

	for (size_t i = 0; i < units; i++) {
		struct model_sums s = {{0}, {0}};
		double v;

		model_sum(m, f, &u[i], &s);
		for (int b = 0; b < BLOCKS; b++) {
			all.dot[b] += s.dot[b];
			all.square[b] += s.square[b];
		}
		v = units > 1 ? model_linear(m, &s) : best;
		best = v > best ? v : best;
	}
	return num_logistic(model_linear(m, &all) + best);
}

static double
run_score(const struct model *m, const struct laid *l, size_t n)
{
	struct features f = {0};
	double start = cpu();

	for (size_t i = 0; i < n; i++) {
		f.v = l->v + l->at[i];
		sink = score_sums(
		    m, &f, l->unit + l->unit_at[i], l->unit_at[i + 1] - l->unit_at[i]);
	}
	return cpu() - start;
}

static double
run_all(const struct model *m, struct model_work *k, const struct texts *t)
{
	double start = cpu();

	for (size_t i = 0; i < t->n; i++)
		sink = model_score(m, k, t->v[i], t->len[i]);
	return cpu() - start;
}

/* Seconds of the fastest round. */
struct least {
	double forms, bare, score, all;
};

static void
keep_least(double *least, double took)
{
	if (*least == 0 || took < *least)
		*least = took;
}

static void
measure(const struct model *m, struct model_work *k, const struct texts *t,
    const struct laid *l, int rounds, struct least *out)
{
	run_all(m, k, t);
	for (int r = 0; r < rounds; r++) {
		keep_least(&out->forms, run_forms(m, k, t));
		keep_least(&out->bare, run_bare(m, l, t->n));
		keep_least(&out->score, run_score(m, l, t->n));
		keep_least(&out->all, run_all(m, k, t));
	}
}

static void
report(const struct texts *t, const struct laid *l, const struct least *s)
{
	double n = (double)t->n, bytes = 0;

	for (size_t i = 0; i < t->n; i++)
		bytes += (double)t->len[i];
	printf("%zu texts of %.0f bytes, %.0f features each\n", t->n, bytes / n,
	    (double)l->at[t->n] / n);
	printf("forms %.0f/s, sums %.0f/s, bare sums %.0f/s, without forms %.0f/s, "
	       "all %.0f/s\n",
	    n / s->forms, n / s->score, n / s->bare, n / (s->all - s->forms),
	    n / s->all);
	printf("sums to bare sums: %.2f; all but forms to bare sums: %.2f\n",
	    s->bare / s->score, s->bare / (s->all - s->forms));
}

int
main(int argc, char **argv)
{
	struct model_work k = {0};
	struct texts t = {0};
	struct laid laid = {0};
	struct least least = {0};
	struct model *m;
	struct why why;
	int rounds = argc > 3 ? atoi(argv[3]) : 5;

	if (argc < 3 || rounds < 1) {
		fprintf(stderr, "usage: bench_classifier MODEL TEXTS [ROUNDS]\n");
		return 2;
	}
	if (model_load(argv[1], &m, &why) != 0) {
		fprintf(stderr, "bench_classifier: %s\n", why.text);
		return 3;
	}
	if (read_texts(argv[2], &t) != 0)
		return 3;
	lay(m, &k, &t, &laid);
	measure(m, &k, &t, &laid, rounds, &least);
	report(&t, &laid, &least);
	free(laid.v);
	free(laid.at);
	free(laid.unit);
	free(laid.unit_at);
	free(t.v);
	free(t.len);
	free(t.data);
	model_work_free(&k);
	model_free(&m);
	return 0;
}
