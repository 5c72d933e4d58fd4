/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_scan: items a second through the host (text made of an item, folded, searched,
 * confirmed, findings made, in batches as a worker has them) beside a bare hs_scan over
 * the same texts for the same rules, compiled as one would without anything else: all
 * expressions, caseless, one match each.
 *
 *	bench_scan [-o] [-d DIR] [-n TEXTS] [-r ROUNDS] [-p PACKS [-m MODEL]]
 *	    [COUNT|NAME]...
 *	bench_scan -d DIR -w PACKS NAME		only writes the pack of those rules
 *
 * For each COUNT (1000) as many rules are made; with -d, DIR/rulesNAME.tsv is read, and
 * the texts are the lines of DIR/bodies.txt.  Two or more of them: also what words and
 * phrases alone cost in the last compared to the first.  -p: the packs of that folder
 * too, beside the bare scan of the first rules; -m: and once more with the classifier
 * and its model, which is the whole way of a text.  -o: the host's figures alone,
 * and what it costs compared to the first rules.  Cases run in turn; a ratio is the
 *median of those of the rounds.
 */
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/host.h"
#include "tests/rules_made.h"

#define PLUGIN TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"
#define CLASSIFIER TOSD_BUILDDIR "/plugins/classifier/.libs/classifier.so"
#define ROUNDS_MAX 100
#define CASES 8
#define BATCH 64 /* policy.batch, where nothing else is configured */

struct texts {
	struct item *v;
	size_t n;
};

struct rules {
	char name[40];
	struct made made;
	struct policy_host *host, *words; /* all of them; without expressions */
	double load;			  /* seconds of processor time */
	hs_database_t *db;
	hs_scratch_t *scratch;
};

static char dir[] = "/tmp/tosd-bench-XXXXXX";

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* model NULL: rules alone. */
static struct policy_host *
open_host(const char *packs, const char *model)
{
	static struct conf_setting setting = {.key = "model_file"};
	static struct conf_plugin plugins[] = {
	    {.name = "rules", .path = PLUGIN, .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS},
	    {.name = "classifier",
		.path = CLASSIFIER,
		.grant = TOSD_NEED_TEXT,
		.settings = &setting,
		.nsettings = 1}};
	static struct conf_policy policy = {.plugins = plugins};
	struct policy_options o = {.conf = &policy};
	struct policy_host *h = NULL;
	struct err e = ERR_INIT;

	policy.packs_dir = packs;
	policy.nplugins = model != NULL ? 2 : 1;
	setting.value = model;
	if (policy_host_new(&o, &h, &e) != 0) {
		fprintf(stderr, "bench_scan: %s\n", e.text);
		exit(2);
	}
	return h;
}

static void
write_pack(const struct made *m, const char *packs, bool regexes)
{
	char *text = made_pack(m, "made", regexes), *path;
	struct err e = ERR_INIT;

	path = xasprintf("%s/made.conf", packs);
	if (file_mkdirs(packs, 0700, &e) != 0 ||
	    file_write(path, text, strlen(text), 0600, FILE_NOSYNC, &e) != 0) {
		fprintf(stderr, "bench_scan: %s\n", e.text);
		exit(2);
	}
	free(path);
	free(text);
}

/* The pack on disk, and loaded. */
static struct policy_host *
load_pack(const struct made *m, const char *name, bool regexes, double *took)
{
	struct policy_host *h;
	char packs[100];
	double start;

	snprintf(packs, sizeof(packs), "%s/%s%d", dir, name, regexes);
	write_pack(m, packs, regexes);
	start = cpu();
	h = open_host(packs, NULL);
	*took = cpu() - start;
	return h;
}

static void
compile_bare(struct rules *r)
{
	const char **v = xcalloc(r->made.n, sizeof(*v));
	unsigned *flags = xcalloc(r->made.n, sizeof(*flags));
	unsigned *ids = xcalloc(r->made.n, sizeof(*ids));
	hs_compile_error_t *e = NULL;

	for (size_t i = 0; i < r->made.n; i++) {
		v[i] = r->made.v[i].regex;
		flags[i] = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH;
		ids[i] = (unsigned)i;
	}
	if (hs_compile_multi(v, flags, ids, (unsigned)r->made.n, HS_MODE_BLOCK, NULL,
		&r->db, &e) != HS_SUCCESS ||
	    hs_alloc_scratch(r->db, &r->scratch) != HS_SUCCESS) {
		fprintf(stderr, "bench_scan: hs: %s\n", e != NULL ? e->message : "?");
		exit(2);
	}
	free(v);
	free(flags);
	free(ids);
}

static double
run_host(struct policy_host *h, const struct texts *t, size_t *hits)
{
	double start = cpu();

	for (size_t i = 0, n; i < t->n; i += n) {
		struct policy_ask v[BATCH];

		for (n = 0; n < BATCH && i + n < t->n; n++)
			v[n] = (struct policy_ask){.tenant = "k", .it = &t->v[i + n]};
		policy_host_judge(h, v, n, CLOCK_SEC);
		for (size_t k = 0; k < n; k++) {
			*hits += v[k].n;
			policy_ask_clear(&v[k]);
		}
	}
	return cpu() - start;
}

static int
on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
    void *ctx)
{
	(void)id, (void)from, (void)to, (void)flags;
	++*(size_t *)ctx;
	return 0;
}

static double
run_bare(const struct rules *r, const struct texts *t, size_t *hits)
{
	double start = cpu();

	for (size_t i = 0; i < t->n; i++)
		hs_scan(r->db, t->v[i].text, (unsigned)strlen(t->v[i].text), 0,
		    r->scratch, on_match, hits);
	return cpu() - start;
}

static void
add_text(struct texts *t, char *s)
{
	t->v = xrealloc(t->v, (t->n + 1) * sizeof(*t->v));
	item_init(&t->v[t->n]);
	t->v[t->n++].text = s;
}

static void
read_texts(struct texts *t, const char *folder, size_t n)
{
	char path[300], *line = NULL;
	size_t cap = 0;
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/bodies.txt", folder);
	if ((f = fopen(path, "r")) == NULL) {
		perror(path);
		exit(2);
	}
	while (t->n < n && (len = getline(&line, &cap, f)) > 0)
		add_text(t, xstrndup(line, (size_t)len - (line[len - 1] == '\n')));
	free(line);
	fclose(f);
}

/* Some 200 bytes each; in one of three something that is not ASCII. */
static void
make_texts(struct texts *t, struct made *m, size_t n)
{
	static const char *const odd[] = {"café", "мир", "straße", "世界", "😂", "“so”"};

	while (t->n < n) {
		size_t want = 60 + made_below(m, 280);
		struct buf b = {0};

		while (b.len < want) {
			buf_puts(&b, b.len > 0 ? " " : "");
			if (made_below(m, 80) == 0)
				buf_puts(&b, odd[made_below(m, 6)]);
			else
				buf_puts(&b, made_text_word(m));
			if (made_below(m, 9) == 0)
				buf_puts(&b, made_below(m, 2) ? "," : ".");
		}
		add_text(t, buf_take(&b));
	}
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median over the rounds of v[i] / w[i]. */
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
read_rules(struct made *m, const char *folder, const char *name)
{
	char *path = xasprintf("%s/rules%s.tsv", folder, name);

	if (!made_read(m, path)) {
		perror(path);
		exit(2);
	}
	free(path);
}

static void
prepare(struct rules *r, const char *folder, const char *name, struct made *words,
    bool alone)
{
	double took;

	snprintf(r->name, sizeof(r->name), "%s", name);
	if (folder != NULL) {
		read_rules(&r->made, folder, name);
	} else {
		struct made made = {.state = 7,
		    .words = words->words,
		    .nwords = words->nwords,
		    .noften = words->noften};

		made_rules(&made, strtoul(name, NULL, 10));
		r->made.v = made.v;
		r->made.n = made.n;
	}
	r->host = load_pack(&r->made, name, true, &r->load);
	if (alone)
		return;
	r->words = load_pack(&r->made, name, false, &took);
	compile_bare(r);
}

static void
report(struct rules *r, int n, const struct texts *t, int rounds,
    struct policy_host *packs, struct policy_host *whole)
{
	static double all[CASES][ROUNDS_MAX], words[CASES][ROUNDS_MAX],
	    bare[CASES][ROUNDS_MAX], shipped[ROUNDS_MAX], way[ROUNDS_MAX];
	size_t hits[CASES] = {0}, bares[CASES] = {0}, other = 0;

	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < n; i++) {
			all[i][k] = run_host(r[i].host, t, &hits[i]);
			bare[i][k] = run_bare(&r[i], t, &bares[i]);
			words[i][k] = run_host(r[i].words, t, &other);
		}
		if (packs != NULL)
			shipped[k] = run_host(packs, t, &other);
		if (whole != NULL)
			way[k] = run_host(whole, t, &other);
	}
	for (int i = 0; i < n; i++)
		printf(
		    "rules %s (%zu), %zu texts: host %.0f items/s, bare hs_scan %.0f "
		    "items/s, ratio %.2f; hits %zu and %zu; loaded in %.2f s of "
		    "processor time\n",
		    r[i].name, r[i].made.n, t->n, (double)t->n / all[i][rounds / 2],
		    (double)t->n / bare[i][rounds / 2], median(bare[i], all[i], rounds),
		    hits[i] / (size_t)rounds, bares[i] / (size_t)rounds, r[i].load);
	if (n > 1)
		printf("words and phrases, rules %s against %s: cost %.2f\n",
		    r[n - 1].name, r[0].name, median(words[n - 1], words[0], rounds));
	if (packs != NULL)
		printf(
		    "packs: host %.0f items/s, bare hs_scan of rules %s: ratio %.2f\n",
		    (double)t->n / shipped[rounds / 2], r[0].name,
		    median(bare[0], shipped, rounds));
	if (whole != NULL)
		printf("packs and classifier: host %.0f items/s, bare hs_scan of rules "
		       "%s: ratio %.3f\n",
		    (double)t->n / way[rounds / 2], r[0].name,
		    median(bare[0], way, rounds));
}

static void
report_alone(struct rules *r, int n, const struct texts *t, int rounds)
{
	static double all[CASES][ROUNDS_MAX];
	size_t hits = 0;

	for (int k = 0; k < rounds; k++)
		for (int i = 0; i < n; i++)
			all[i][k] = run_host(r[i].host, t, &hits);
	for (int i = 0; i < n; i++) {
		double best = all[i][0];

		for (int k = 1; k < rounds; k++)
			best = all[i][k] < best ? all[i][k] : best;
		printf("rules %s, %zu texts: host %.0f items/s, cost %.2f\n", r[i].name,
		    t->n, (double)t->n / best, median(all[i], all[0], rounds));
	}
}

int
main(int argc, char **argv)
{
	static struct rules r[CASES];
	static char *preset[] = {(char *)"1000", NULL};
	const char *folder = NULL, *packs = NULL, *model = NULL, *only = NULL;
	struct made words = {.state = 1};
	struct texts t = {NULL, 0};
	size_t count = 20000;
	int c, n = 0, rounds = 7;
	char **names, cmd[100];
	bool alone = false;

	while ((c = getopt(argc, argv, "od:n:r:p:m:w:")) != -1) {
		if (c == 'o')
			alone = true;
		else if (c == 'd')
			folder = optarg;
		else if (c == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			rounds = atoi(optarg);
		else if (c == 'p')
			packs = optarg;
		else if (c == 'm')
			model = optarg;
		else if (c == 'w')
			only = optarg;
		else
			return 2;
	}
	if (only != NULL) {
		if (folder == NULL || optind >= argc)
			return 2;
		read_rules(&r[0].made, folder, argv[optind]);
		write_pack(&r[0].made, only, true);
		made_free(&r[0].made);
		return 0;
	}
	if (mkdtemp(dir) == NULL || rounds < 1 || rounds > ROUNDS_MAX || count == 0)
		return 2;
	made_words(&words, 60000);
	if (folder != NULL)
		read_texts(&t, folder, count);
	else
		make_texts(&t, &words, count);
	for (names = optind < argc ? argv + optind : preset;
	     *names != NULL && n < CASES; names++)
		prepare(&r[n++], folder, *names, &words, alone);
	if (alone)
		report_alone(r, n, &t, rounds);
	else
		report(r, n, &t, rounds, packs != NULL ? open_host(packs, NULL) : NULL,
		    packs != NULL && model != NULL ? open_host(packs, model) : NULL);
	for (int i = 0; i < n; i++) {
		policy_host_free(&r[i].host);
		policy_host_free(&r[i].words);
		hs_free_scratch(r[i].scratch);
		hs_free_database(r[i].db);
		made_free(&r[i].made);
	}
	for (size_t i = 0; i < t.n; i++)
		item_clear(&t.v[i]);
	free(t.v);
	made_free(&words);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	return system(cmd) == 0 ? 0 : 1;
}
