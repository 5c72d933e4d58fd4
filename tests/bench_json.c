/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_json: posts as one JSON object a line, and as server-sent events, to finished
 * items, beside yajl over the same lines: yajl finds keys and values, one handle over
 * pieces of 64 KiB, and only adds up the length of the bodies.
 *
 * usage: bench_json [-r ROUNDS] [FILE.ndjson]	without a file: posts made here
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#include "base/file.h"
#include "base/text.h"
#include "feed/lines.h"
#include "feed/sse.h"
#include "feed/stream.h"

#define ROUNDS 9 /* at most */
#define PIECE ((size_t)64 << 10)
#define BATCH 64 /* items taken at a time */
#define POSTS 20000

static int rounds = ROUNDS;
static struct buf lines, events; /* the same posts in both forms */
static size_t found, bytes;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- posts --- */

static uint64_t seed = 20240501;

static unsigned
below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* About 200 bytes; every third post has letters beyond ASCII, half of them escaped. */
static void
make_body(unsigned i)
{
	static const char *const syllables[] = {"ka", "lo", "mir", "ten", "sa", "vu",
	    "ral", "e", "no", "pi", "sto", "gri", "ba", "dun", "el", "thi"};

	for (unsigned w = 8 + below(50); w > 0; w--) {
		for (unsigned s = 1 + below(3); s > 0; s--)
			buf_puts(&lines, syllables[below(16)]);
		if (i % 3 == 0 && below(6) == 0)
			buf_puts(&lines, i % 2 ? "\\u00e9\\u4e16" : "é世");
		buf_putc(&lines, ' ');
	}
	if (below(10) == 0)
		buf_puts(&lines, "\\n\\\"");
}

static void
make_posts(void)
{
	for (unsigned i = 0; i < POSTS; i++) {
		buf_printf(&lines,
		    "{\"id\":\"%08x%08x\",\"creator\":\"u%07u\",\"username\":\"n%u\","
		    "\"createdAt\":\"202101%02u%02u%02u%02u\",\"body\":\"",
		    below(1u << 31), below(1u << 31), below(2000000), below(4000),
		    1 + below(28), below(24), below(60), below(60));
		make_body(i);
		buf_printf(&lines,
		    "\",\"depth\":%u,\"upvotes\":%u,\"hashtags\":[\"x%u\"],\"links\":[]"
		    ","
		    "\"sensitive\":false}\n",
		    below(3), below(100), below(4000));
	}
}

static void
make_events(void)
{
	const char *p = lines.data, *end = p + lines.len, *nl;

	for (; (nl = memchr(p, '\n', end - p)) != NULL; p = nl + 1) {
		buf_puts(&events, "event: update\ndata: ");
		buf_put(&events, p, nl - p);
		buf_puts(&events, "\n\n");
	}
}

/* --- yajl --- */

static int
on_key(void *ctx, const unsigned char *key, size_t n)
{
	*(bool *)ctx = n == 4 && memcmp(key, "body", 4) == 0;
	return 1;
}

static int
on_string(void *ctx, const unsigned char *s, size_t n)
{
	(void)s;
	if (*(bool *)ctx)
		bytes += n;
	return 1;
}

static void
by_yajl(void)
{
	const yajl_callbacks cb = {.yajl_map_key = on_key, .yajl_string = on_string};
	bool body = false;
	yajl_handle h = yajl_alloc(&cb, NULL, &body);

	yajl_config(h, yajl_allow_multiple_values, 1);
	for (size_t o = 0; o < lines.len; o += PIECE)
		if (yajl_parse(h, (const unsigned char *)lines.data + o,
			lines.len - o < PIECE ? lines.len - o : PIECE) !=
		    yajl_status_ok)
			exit(2);
	yajl_free(h);
}

/* --- ours --- */

static void
take(struct feed_stream *s)
{
	struct feed_doc d;

	feed_stream_take(s, &d);
	found += d.nitems;
	feed_doc_clear(&d);
}

static unsigned waiting;

static void
read_event(
    struct feed_stream *s, const char *event, size_t nevent, const char *p, size_t n)
{
	if (feed_stream_event(s, event, nevent, p, n) != 0)
		exit(2);
	if (++waiting % BATCH == 0)
		take(s);
}

static void
on_line(void *ctx, const char *line, size_t n)
{
	read_event(ctx, "", 0, line, n);
}

static void
on_event(void *ctx, const struct feed_sse_event *e)
{
	read_event(ctx, e->event, e->nevent, e->data, e->n);
}

static void
by_lines(void)
{
	struct feed_stream *s = feed_stream_new(NULL, NULL);
	struct feed_lines *l =
	    feed_lines_new(FEED_LINES_LF, FEED_EVENT_MAX, on_line, s);

	for (size_t o = 0; o < lines.len; o += PIECE)
		feed_lines_feed(
		    l, lines.data + o, lines.len - o < PIECE ? lines.len - o : PIECE);
	feed_lines_end(l);
	take(s);
	feed_lines_free(&l);
	feed_stream_free(&s);
}

static void
by_events(void)
{
	struct feed_stream *s = feed_stream_new(NULL, NULL);
	struct feed_sse *e = feed_sse_new(FEED_EVENT_MAX, on_event, s);

	for (size_t o = 0; o < events.len; o += PIECE)
		feed_sse_feed(e, events.data + o,
		    events.len - o < PIECE ? events.len - o : PIECE);
	take(s);
	feed_sse_free(&e);
	feed_stream_free(&s);
}

/* --- rounds --- */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {{"yajl", by_yajl}, {"lines", by_lines}, {"events", by_events}};
#define NCASES (sizeof(cases) / sizeof(cases[0]))

static double took[NCASES][ROUNDS], ratio[NCASES][ROUNDS];

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v)
{
	qsort(v, (size_t)rounds, sizeof(*v), by_value);
	return v[rounds / 2];
}

static size_t
take_turns(void)
{
	size_t posts = 0;

	for (size_t i = 0; i < lines.len; i++)
		posts += lines.data[i] == '\n';
	for (int r = -1; r < rounds; r++) /* the first one warms up */
		for (size_t c = 0; c < NCASES; c++) {
			double start = now();

			cases[c].run();
			if (r < 0)
				continue;
			took[c][r] = now() - start;
			ratio[c][r] = took[0][r] / took[c][r];
		}
	return posts;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	size_t posts;
	int o;

	while ((o = getopt(argc, argv, "r:")) != -1)
		rounds = o == 'r' ? atoi(optarg) : 0;
	if (rounds < 1 || rounds > ROUNDS) {
		fprintf(stderr, "usage: bench_json [-r ROUNDS] [FILE.ndjson]\n");
		return 2;
	}
	if (optind == argc)
		make_posts();
	else if (file_read(argv[optind], (size_t)1 << 30, &lines, &e) != 0) {
		fprintf(stderr, "bench_json: %s\n", e.text);
		return 3;
	}
	make_events();
	posts = take_turns();
	if (found != posts * 2 * ((size_t)rounds + 1))
		return 2;
	for (size_t c = 0; c < NCASES; c++)
		printf("%s %.0f items/s, ratio %.2f\n", cases[c].name,
		    (double)posts / median(took[c]), median(ratio[c]));
	buf_free(&lines);
	buf_free(&events);
	return bytes == 0;
}
