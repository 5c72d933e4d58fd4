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

#define SECONDS 1.0

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
on_text(void *user, const char *s, int n)
{
	(void)user;
	(void)s;
	bytes += n;
}

static void
by_expat(const struct buf *b)
{
	XML_Parser p = XML_ParserCreateNS(NULL, ' ');

	XML_SetStartElementHandler(p, on_start);
	XML_SetCharacterDataHandler(p, on_text);
	XML_Parse(p, b->data, (int)b->len, 1);
	XML_ParserFree(p);
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

/* MB/s of one way over all files, for about SECONDS. */
static double
measure(const struct buf *files, int n, void (*parse)(const struct buf *b))
{
	double start = now(), took;
	size_t done = 0;

	do {
		for (int i = 0; i < n; i++) {
			parse(&files[i]);
			done += files[i].len;
		}
		took = now() - start;
	} while (took < SECONDS);
	return (double)done / took / 1e6;
}

int
main(int argc, char **argv)
{
	struct buf *files = xcalloc((size_t)argc, sizeof(*files));
	struct err e = ERR_INIT;
	double expat, us;

	for (int i = 1; i < argc; i++) {
		if (file_read(argv[i], (size_t)64 << 20, &files[i - 1], &e) != 0) {
			fprintf(stderr, "bench_feed: %s\n", e.text);
			return 3;
		}
		buf_reserve(&files[i - 1], 0);
	}
	expat = measure(files, argc - 1, by_expat);
	us = measure(files, argc - 1, by_us);
	printf(
	    "expat %.1f MB/s, feed_parse %.1f MB/s, ratio %.2f (%zu tags, %zu items)\n",
	    expat, us, us / expat, tags, found + bytes % 1);
	for (int i = 1; i < argc; i++)
		buf_free(&files[i - 1]);
	free(files);
	return 0;
}
