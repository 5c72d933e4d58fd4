/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_feed: feed_parse() beside bare expat over the given files: expat only
 * finds tags and text, the feed room makes finished items of them.
 *
 * usage: bench_feed [-r ROUNDS] [-o] FILE...
 *   -o   only ours: for profilers, and beside programs of others
 */
#include <expat.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "feed/feed.h"

#define ROUNDS 31 /* at most */
#define KEEP ((size_t)8 << 20) /* as the fetch role, in which feeds are parsed */

static int rounds = ROUNDS;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t tags, bytes, found;

static void
on_start(void *user, const char *name, const char **attrs)
{
	(void)user;
	(void)name;
	(void)attrs;
	tags++;
}

static void
on_end(void *user, const char *name)
{
	(void)user;
	(void)name;
}

static void
on_text(void *user, const char *s, int n)
{
	(void)user;
	(void)s;
	bytes += n;
}

static void
by_expat(const struct buf *b)
{
	static XML_Parser p; /* one for all: the fastest way */

	if (p == NULL)
		p = XML_ParserCreate(NULL);
	else
		XML_ParserReset(p, NULL);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_Parse(p, b->data, (int)b->len, 1);
}

static void
by_us(const struct buf *b)
{
	static const struct feed_source src = {.url = "http://example.org/feed"};
	struct feed_doc d;

	feed_parse(b->data, b->len, &src, NULL, &d, NULL);
	found += d.nitems;
	feed_doc_clear(&d);
}

/* CPU seconds of one way over all files. */
static double
measure(const struct buf *files, int n, void (*parse)(const struct buf *b))
{
	double start = now();

	for (int i = 0; i < n; i++)
		parse(&files[i]);
	return now() - start;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v)
{
	qsort(v, (size_t)rounds, sizeof(v[0]), by_value);
	return v[rounds / 2];
}

/* Both in turn, again and again: the machine may change its speed in between. */
static void
compare(const struct buf *files, int n, double total)
{
	double ratio[ROUNDS], expat[ROUNDS], r, mbs;

	for (int i = 0; i < rounds; i++) {
		expat[i] = measure(files, n, by_expat);
		ratio[i] = expat[i] / measure(files, n, by_us);
	}
	mbs = total / median(expat) / 1e6;
	r = median(ratio);
	printf("expat %.1f MB/s, feed_parse %.1f MB/s, ratio median %.2f, %.2f to %.2f "
	       "(%zu tags, %zu bytes of text, %zu items)\n",
	    mbs, mbs * r, r, ratio[0], ratio[rounds - 1], tags, bytes, found);
}

static void
ours(const struct buf *files, int n, double total)
{
	double took[ROUNDS];

	measure(files, n, by_us); /* warms up */
	for (int i = 0; i < rounds; i++)
		took[i] = measure(files, n, by_us);
	printf("feed_parse %.1f MB/s\n", total / median(took) / 1e6);
}

int
main(int argc, char **argv)
{
	struct buf *files = xcalloc((size_t)argc, sizeof(*files));
	struct err e = ERR_INIT;
	bool only = false;
	double total = 0;
	int n = 0, o;

	while ((o = getopt(argc, argv, "r:o")) != -1) {
		if (o == 'r')
			rounds = atoi(optarg);
		else if (o == 'o')
			only = true;
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS || optind == argc) {
		fprintf(stderr, "usage: bench_feed [-r ROUNDS] [-o] FILE...\n");
		return 2;
	}
	for (; optind < argc; optind++, n++) {
		if (file_read(argv[optind], (size_t)64 << 20, &files[n], &e) != 0) {
			fprintf(stderr, "bench_feed: %s\n", e.text);
			return 3;
		}
		buf_reserve(&files[n], 0);
		total += (double)files[n].len;
	}
	xkeep(KEEP);
	if (only)
		ours(files, n, total);
	else
		compare(files, n, total);
	while (n-- > 0)
		buf_free(&files[n]);
	free(files);
	return 0;
}
