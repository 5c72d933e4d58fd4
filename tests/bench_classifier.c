/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_classifier: what judging a text costs, beside a bare loop that sums the same
 * weights over features that are there already, and the parts of it on their own.
 *
 *	bench_classifier MODEL TEXTS [ROUNDS]
 *
 * TEXTS has one text a line.  Prints texts a second of processor time, and ratios.
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
run_forms(
    const struct model *m, struct model_work *k, const struct texts *t, int rounds)
{
	double start = cpu();

	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < t->n; i++)
			words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
	return cpu() - start;
}

static double
run_features(
    const struct model *m, struct model_work *k, const struct texts *t, int rounds)
{
	double sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		double start;

		words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
		start = cpu();
		for (int r = 0; r < rounds; r++)
			features_take(&k->features, &k->words, m->lexicon);
		sum += cpu() - start;
	}
	return sum;
}

/* The features of all texts, laid out one behind the other. */
struct laid {
	uint32_t *v;
	size_t *at;
};

static void
lay(const struct model *m, struct model_work *k, const struct texts *t,
    struct laid *out)
{
	size_t n = 0, cap = 0;

	out->at = mem_new(t->n + 1, sizeof(*out->at));
	for (size_t i = 0; i < t->n; i++) {
		words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
		features_take(&k->features, &k->words, m->lexicon);
		if (n + k->features.n > cap) {
			cap = 2 * (n + k->features.n);
			out->v = mem_grow(out->v, cap, sizeof(*out->v));
		}
		memcpy(out->v + n, k->features.v, k->features.n * sizeof(*out->v));
		n += k->features.n;
		out->at[i + 1] = n;
	}
}

static double
run_bare(const struct model *m, const struct laid *l, size_t n, int rounds)
{
	double start = cpu();

	for (int r = 0; r < rounds; r++)
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

/* The same by the model's own functions: blocks, units, their sums. */
static double
run_score(
    const struct model *m, struct model_work *k, const struct texts *t, int rounds)
{
	double sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		double start;

		words_take(&k->words, m->lexicon->words, t->v[i], t->len[i]);
		features_take(&k->features, &k->words, m->lexicon);
		start = cpu();
		for (int r = 0; r < rounds; r++)
			for (size_t u = 0; u < k->features.units; u++) {
				struct model_sums s = {{0}, {0}};

				model_sum(m, &k->features, &k->features.unit[u], &s);
				sink = num_logistic(model_linear(m, &s));
			}
		sum += cpu() - start;
	}
	return sum;
}

static double
run_all(const struct model *m, struct model_work *k, const struct texts *t, int rounds)
{
	double start = cpu();

	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < t->n; i++)
			sink = model_score(m, k, t->v[i], t->len[i]);
	return cpu() - start;
}

int
main(int argc, char **argv)
{
	struct model_work k = {0};
	struct texts t = {0};
	struct laid laid = {0};
	struct model *m;
	struct why why;
	double n, bytes = 0, forms, features, bare, score, all;
	int rounds = argc > 3 ? atoi(argv[3]) : 3;

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
	for (size_t i = 0; i < t.n; i++)
		bytes += (double)t.len[i];
	n = (double)t.n * rounds;
	lay(m, &k, &t, &laid);
	run_all(m, &k, &t, 1);
	forms = run_forms(m, &k, &t, rounds);
	features = run_features(m, &k, &t, rounds);
	bare = run_bare(m, &laid, t.n, rounds);
	score = run_score(m, &k, &t, rounds);
	all = run_all(m, &k, &t, rounds);
	printf("%zu texts of %.0f bytes, %.0f features each\n", t.n,
	    bytes / (double)t.n, (double)laid.at[t.n] / (double)t.n);
	printf("forms %.0f/s, features %.0f/s, sums %.0f/s, bare sums %.0f/s, all "
	       "%.0f/s\n",
	    n / forms, n / features, n / score, n / bare, n / all);
	printf("sums to bare sums: %.2f; features and sums to bare sums: %.2f\n",
	    bare / score, bare / (features + score));
	free(laid.v);
	free(laid.at);
	free(t.v);
	free(t.len);
	free(t.data);
	model_work_free(&k);
	model_free(&m);
	return 0;
}
