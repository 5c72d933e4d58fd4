/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_lists: what a look into lists costs: beside the canonical form alone, with a
 * hundred times as many domains, and of pictures beside comparing all.  Ratios of one
 * run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lists/set.h"

#define LINKS 300000
#define PICTURES 300

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
count(void *ctx, const struct set_hit *hit)
{
	*(size_t *)ctx += hit->len > 0;
}

static struct set *
made(const char *kind, unsigned n)
{
	char path[] = "/tmp/tosd-bench-lists-XXXXXX";
	const struct set_terms terms = {{1u << 30, 5000000}, "", NULL, NULL};
	struct set *s = set_new();
	struct why w;
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (f == NULL)
		exit(1);
	fprintf(f,
	    "name = made\nsource = s\nlicence = l\nexpires = 2099-01-01\nclause = c\n"
	    "category = c\nseverity = low\nmode = shadow\nkind = %s\n---\n",
	    kind);
	for (unsigned i = 0; i < n; i++)
		if (kind[0] == 'd')
			fprintf(f, "login-%u.shop.example\n", i);
		else
			for (int k = 0; k < 8; k++)
				fprintf(f, "%08lx%s",
				    (unsigned long)mrand48() & 0xffffffff,
				    k < 7 ? "" : "\n");
	fclose(f);
	if (set_add(s, path, &terms, ignore, NULL, &w) != 0) {
		printf("%s\n", w.text);
		exit(1);
	}
	unlink(path);
	set_seal(s);
	return s;
}

/* Seconds for so many links, of which a part is listed; s NULL: their form alone. */
static double
links(const struct set *s, size_t *found)
{
	static struct canon c;
	double from = now();
	char url[120];

	for (unsigned i = 0; i < LINKS; i++) {
		int n = snprintf(url, sizeof(url),
		    "https://www.login-%u.shop.example/path/to/page.html?x=%u", i * 7,
		    i);

		if (canon_url(url, (size_t)n, &c) && s != NULL) {
			set_host(s, &c, count, found);
			set_url(s, &c, count, found);
		}
	}
	return now() - from;
}

static double
pictures(struct set *s, bool slow, size_t *found)
{
	double from = now();
	char hex[65];

	s->slow = slow;
	srand48(7);
	for (int i = 0; i < PICTURES; i++) {
		for (int k = 0; k < 8; k++)
			snprintf(hex + 8 * k, 9, "%08lx",
			    (unsigned long)mrand48() & 0xffffffff);
		set_picture(s, hex, 64, count, found);
	}
	return now() - from;
}

int
main(void)
{
	size_t few_found = 0, many_found = 0, fast_found = 0, slow_found = 0;
	struct set *few = made("domain", 10000), *many = made("domain", 1000000);
	struct set *near = made("pdq", 100000);
	double form = links(NULL, NULL), a = links(few, &few_found),
	       b = links(many, &many_found);
	double fast = pictures(near, false, &fast_found),
	       slow = pictures(near, true, &slow_found);

	printf(
	    "link: its form %.2f us; with 10,000 domains %.2f x, with 1,000,000 %.2f x "
	    "(%zu, %zu found)\n",
	    form / LINKS * 1e6, a / form, b / form, few_found, many_found);
	printf(
	    "picture of 100,000 hashes: %.1f us, comparing all takes %.1f x (%zu, %zu "
	    "found)\n",
	    fast / PICTURES * 1e6, slow / fast, fast_found, slow_found);
	set_free(&few);
	set_free(&many);
	set_free(&near);
	return fast_found == slow_found ? 0 : 1;
}
