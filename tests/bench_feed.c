/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_feed: feed_parse() beside bare expat over the given files: expat only
 * finds tags and text, the feed room makes finished items of them.
 *
 * usage: bench_feed FILE...
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "feed/feed.h"

#define ROUNDS 31

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

/* Both in turn, again and again: the machine may change its speed in between. */
static void
compare(const struct buf *files, int n)
{
	double ratio[ROUNDS], expat[ROUNDS], total = 0;

	for (int i = 0; i < n; i++)
		total += (double)files[i].len;
	for (int r = 0; r < ROUNDS; r++) {
		expat[r] = measure(files, n, by_expat);
		ratio[r] = expat[r] / measure(files, n, by_us);
	}
	qsort(ratio, ROUNDS, sizeof(ratio[0]), by_value);
	qsort(expat, ROUNDS, sizeof(expat[0]), by_value);
	printf("expat %.1f MB/s, feed_parse %.1f MB/s, ratio median %.2f, %.2f to %.2f "
	       "(%zu tags, %zu bytes of text, %zu items)\n",
	    total / expat[ROUNDS / 2] / 1e6,
	    total / expat[ROUNDS / 2] / 1e6 * ratio[ROUNDS / 2], ratio[ROUNDS / 2],
	    ratio[0], ratio[ROUNDS - 1], tags, bytes, found);
}

int
main(int argc, char **argv)
{
	struct buf *files = xcalloc((size_t)argc, sizeof(*files));
	struct err e = ERR_INIT;

	for (int i = 1; i < argc; i++) {
		if (file_read(argv[i], (size_t)64 << 20, &files[i - 1], &e) != 0) {
			fprintf(stderr, "bench_feed: %s\n", e.text);
			return 3;
		}
		buf_reserve(&files[i - 1], 0);
	}
	if (getenv("BENCH_PROFILE") != NULL) /* only ours, for a profiler */
		for (int r = 0; r < ROUNDS * 2; r++)
			measure(files, argc - 1, by_us);
	else
		compare(files, argc - 1);
	for (int i = 1; i < argc; i++)
		buf_free(&files[i - 1]);
	free(files);
	return 0;
}
