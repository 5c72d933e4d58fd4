/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_forms: what undoing disguises costs beside ICU's NFKC_Casefold of the same
 *texts (UTF-8 to UTF-16, normalised, and back), for all texts and for those that are
 *not ASCII.
 *
 *	bench_forms [TEXTS [ROUNDS]]
 *
 * TEXTS has one text a line; without it posts are made, of which 37 in 100 are not
 *ASCII. Cases run in turn; a ratio is the median of those of the rounds, over one,
 *faster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "kit/fold.h"
#include "kit/mem.h"

#define ROUNDS_MAX 100
#define TEXT_MAX 65536

struct texts {
	char **v;
	size_t *len, n;
};

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
add_text(struct texts *t, const char *s, size_t n)
{
	t->v = mem_grow(t->v, t->n + 1, sizeof(*t->v));
	t->len = mem_grow(t->len, t->n + 1, sizeof(*t->len));
	t->v[t->n] = mem_dup(s, n);
	t->len[t->n++] = n;
}

static uint32_t
draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

/* Some 200 bytes each, of words in Latin, with marks, Cyrillic, Greek, Chinese,
 * pictures. */
static void
make_texts(struct texts *t)
{
	static const char *const plain[] = {"the", "market", "opens", "again", "on",
	    "Monday", "and", "everyone", "I", "know", "will", "be", "there"};
	static const char *const odd[][4] = {{"café", "naïve", "über", "“so”"},
	    {"мир", "новости", "рынок", "снова"}, {"αγορά", "ξανά", "και", "νέα"},
	    {"市场", "世界", "再", "开"}, {"😂", "🎉", "it’s", "—"}};
	uint64_t state = 3;

	while (t->n < 10000) {
		char s[600];
		size_t n = 0, want = 60 + draw(&state, 280), kind = draw(&state, 5);
		bool ascii = draw(&state, 100) >= 37;
		uint32_t share =
		    kind == 0 || kind == 4 ? 8 : 2; /* one word in so many */

		while (n < want) {
			const char *w = !ascii && draw(&state, share) == 0
					    ? odd[kind][draw(&state, 4)]
					    : plain[draw(&state, 13)];

			n += (size_t)snprintf(s + n, sizeof(s) - n, "%s%s", w,
			    draw(&state, 9) == 0 ? ". " : " ");
		}
		add_text(t, s, n);
	}
}

static void
read_texts(struct texts *t, const char *path)
{
	struct sb b = {0};
	struct why why;

	if (mem_read_file(path, 256u << 20, &b, &why) != 0) {
		fprintf(stderr, "bench_forms: %s: %s\n", path, why.text);
		exit(2);
	}
	for (char *s = strtok(b.data, "\n"); s != NULL; s = strtok(NULL, "\n"))
		if (strlen(s) < TEXT_MAX / 2)
			add_text(t, s, strlen(s));
	sb_free(&b);
}

static bool
is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return false;
	return true;
}

static size_t
run_text(const struct texts *t)
{
	static struct fold f;
	size_t sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		fold_text(&f, t->v[i], t->len[i]);
		sum += f.len;
	}
	return sum;
}

static size_t
run_signs(const struct texts *t)
{
	static struct fold f;
	size_t sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		fold_signs(&f, t->v[i], t->len[i]);
		sum += f.len;
	}
	return sum;
}

static size_t
run_icu(const struct texts *t)
{
	static UChar a[TEXT_MAX], b[TEXT_MAX];
	static char out[TEXT_MAX * 3];
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *how = unorm2_getNFKCCasefoldInstance(&e);
	size_t sum = 0;

	for (size_t i = 0; i < t->n; i++) {
		int32_t n = 0, k = 0;

		u_strFromUTF8(a, TEXT_MAX, &n, t->v[i], (int32_t)t->len[i], &e);
		n = unorm2_normalize(how, a, n, b, TEXT_MAX, &e);
		u_strToUTF8(out, sizeof(out), &k, b, n, &e);
		if (U_FAILURE(e)) {
			fprintf(stderr, "bench_forms: ICU: %s\n", u_errorName(e));
			exit(2);
		}
		sum += (size_t)k;
	}
	return sum;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(const double *v, const double *w, int n)
{
	double q[ROUNDS_MAX];

	for (int i = 0; i < n; i++)
		q[i] = v[i] / w[i];
	qsort(q, (size_t)n, sizeof(*q), compare_doubles);
	return q[n / 2];
}

static void
report(const char *what, const struct texts *t, int rounds)
{
	static size_t (*const run[3])(const struct texts *) = {
	    run_text, run_signs, run_icu};
	static double took[3][ROUNDS_MAX];
	static volatile size_t sink;

	for (int k = 0; k < rounds; k++)
		for (int i = 0; i < 3; i++) {
			double start = cpu();

			sink = run[i](t);
			took[i][k] = cpu() - start;
		}
	(void)sink;
	if (t->n > 0)
		printf("%s: %zu texts: fold_text %.0f texts/s, fold_signs %.0f, ICU "
		       "%.0f; ratios %.2f and %.2f\n",
		    what, t->n, (double)t->n / took[0][rounds / 2],
		    (double)t->n / took[1][rounds / 2],
		    (double)t->n / took[2][rounds / 2],
		    median(took[2], took[0], rounds), median(took[2], took[1], rounds));
}

int
main(int argc, char **argv)
{
	struct texts t = {0}, odd = {0};
	int rounds = argc > 2 ? atoi(argv[2]) : 9;

	if (rounds < 1 || rounds > ROUNDS_MAX || argc > 3) {
		fprintf(stderr, "usage: bench_forms [TEXTS [ROUNDS]]\n");
		return 2;
	}
	if (argc > 1)
		read_texts(&t, argv[1]);
	else
		make_texts(&t);
	for (size_t i = 0; i < t.n; i++)
		if (!is_ascii(t.v[i], t.len[i]))
			add_text(&odd, t.v[i], t.len[i]);
	report("all", &t, rounds);
	report("not ASCII", &odd, rounds);
	return 0;
}
