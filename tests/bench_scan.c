/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_scan: items a second through the host (text made of an item, folded, filtered,
 * confirmed, checked) beside a bare hs_scan over the same texts with the same database,
 * taken from the plugin's cache.
 *
 *	bench_scan PACKS TEXTS [ROUNDS]
 *
 * TEXTS has one text a line.  Prints both rates and their ratio.
 */
#include <glob.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/host.h"

#define PLUGIN TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"
#define HEAD (sizeof("tosd rules 1\n") - 1 + 64) /* of a cache file */

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct policy_host *
open_host(const char *packs, const char *cache)
{
	static struct conf_plugin plugin = {
	    .name = "rules", .path = PLUGIN, .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS};
	static struct conf_policy policy = {.plugins = &plugin, .nplugins = 1};
	struct policy_options o = {.conf = &policy};
	struct policy_host *h = NULL;
	struct err e = ERR_INIT;

	policy.packs_dir = packs;
	policy.cache_dir = cache;
	if (policy_host_new(&o, &h, &e) != 0)
		fprintf(stderr, "bench_scan: %s\n", e.text);
	return h;
}

static double
run_host(struct policy_host *h, struct item *items, size_t n, int rounds, size_t *hits)
{
	double start = cpu();

	for (int r = 0; r < rounds; r++) {
		for (size_t i = 0; i < n; i++) {
			struct finding *v = NULL;
			char *degraded;
			uint32_t k = 0;

			policy_host_check(h, "k", &items[i], 0, &v, &k, &degraded);
			*hits += k > 0;
			for (uint32_t j = 0; j < k; j++)
				finding_clear(&v[j]);
			free(v);
			free(degraded);
		}
	}
	return (double)n * rounds / (cpu() - start);
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
run_bare(hs_database_t *db, struct item *items, size_t n, int rounds)
{
	hs_scratch_t *scratch = NULL;
	size_t matches = 0;
	double start;

	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		return 0;
	start = cpu();
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++)
			hs_scan(db, items[i].text, (unsigned)strlen(items[i].text), 0,
			    scratch, on_match, &matches);
	hs_free_scratch(scratch);
	return (double)n * rounds / (cpu() - start);
}

static hs_database_t *
load_database(const char *cache)
{
	char pattern[200];
	hs_database_t *db = NULL;
	struct buf b = {0};
	struct err e = ERR_INIT;
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/rules-*.hsdb", cache);
	if (glob(pattern, 0, NULL, &g) != 0)
		return NULL;
	if (file_read(g.gl_pathv[0], 1u << 30, &b, &e) == 0 && b.len > HEAD)
		hs_deserialize_database(b.data + HEAD, b.len - HEAD, &db);
	globfree(&g);
	buf_free(&b);
	return db;
}

int
main(int argc, char **argv)
{
	char cache[] = "/tmp/tosd-bench-XXXXXX", cmd[100], *line = NULL;
	struct item *items = NULL;
	size_t n = 0, cap = 0, hits = 0;
	int rounds = argc > 3 ? atoi(argv[3]) : 5;
	FILE *f = argc > 2 ? fopen(argv[2], "r") : NULL;
	struct policy_host *h;
	hs_database_t *db;
	double host = 0, bare = 0;
	ssize_t len;

	if (f == NULL || mkdtemp(cache) == NULL ||
	    (h = open_host(argv[1], cache)) == NULL) {
		fprintf(stderr, "usage: bench_scan PACKS TEXTS [ROUNDS]\n");
		return 2;
	}
	while ((len = getline(&line, &cap, f)) > 0) {
		items = xrealloc(items, (n + 1) * sizeof(*items));
		item_init(&items[n]);
		items[n++].text = xstrndup(line, (size_t)len - (line[len - 1] == '\n'));
	}
	db = load_database(cache);
	for (int i = 0; i < 3 && db != NULL; i++) { /* in turn, the best counts */
		double a = run_host(h, items, n, rounds, &hits);
		double b = run_bare(db, items, n, rounds);

		host = a > host ? a : host;
		bare = b > bare ? b : bare;
	}
	printf("%zu texts, %.1f %% with findings: host %.0f items/s, bare hs_scan %.0f "
	       "items/s, ratio %.2f\n",
	    n, 100.0 * (double)hits / (double)(n * rounds * 3), host, bare,
	    bare > 0 ? host / bare : 0);
	hs_free_database(db);
	policy_host_free(&h);
	for (size_t i = 0; i < n; i++)
		item_clear(&items[i]);
	free(items);
	free(line);
	fclose(f);
	snprintf(cmd, sizeof(cmd), "rm -r %s", cache);
	return system(cmd) == 0 && host > 0 ? 0 : 1;
}
