/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sse: libFuzzer target: any bytes as an event stream and as lines.  Cut anywhere
 * they must give the same as in one piece.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "feed/lines.h"
#include "feed/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MAX 64

static void
on_event(void *ctx, const struct feed_sse_event *e)
{
	struct buf *b = ctx;

	if (e->n > MAX || (e->data == NULL && e->n > 0))
		abort();
	buf_put_str(b, e->id);
	buf_put(b, e->event, e->nevent);
	buf_put_u32(b, e->data != NULL ? (uint32_t)e->n : UINT32_MAX);
	if (e->data != NULL)
		buf_put(b, e->data, e->n);
}

static void
on_line(void *ctx, const char *line, size_t n)
{
	struct buf *b = ctx;

	if (n > MAX)
		abort();
	buf_put_u32(b, line != NULL ? (uint32_t)n : UINT32_MAX);
	if (line != NULL)
		buf_put(b, line, n);
}

/* Pieces of these sizes in turn; 0: all in one. */
static struct buf
by_pieces(const char *s, size_t n, const uint8_t *sizes, size_t nsizes)
{
	struct feed_sse *sse;
	struct feed_lines *all, *lf;
	struct buf b = {0}, l = {0}, m = {0};
	size_t k = 0;

	sse = feed_sse_new(MAX, on_event, &b);
	all = feed_lines_new(FEED_LINES_ALL, MAX, on_line, &l);
	lf = feed_lines_new(FEED_LINES_LF, MAX, on_line, &m);
	for (size_t i = 0, piece; i < n; i += piece) {
		char *copy; /* so that nothing beyond the piece can be read */

		piece = nsizes > 0 ? sizes[k++ % nsizes] % 16u + 1 : n;
		if (piece > n - i)
			piece = n - i;
		copy = xstrndup(s + i, piece);
		feed_sse_feed(sse, copy, piece);
		feed_lines_feed(all, copy, piece);
		feed_lines_feed(lf, copy, piece);
		free(copy);
	}
	feed_lines_end(all);
	feed_lines_end(lf);
	buf_put_i64(&b, feed_sse_retry(sse));
	buf_put_str(&b, feed_sse_last_id(sse));
	buf_put(&b, l.data, l.len);
	buf_put(&b, m.data, m.len);
	feed_sse_free(&sse);
	feed_lines_free(&all);
	feed_lines_free(&lf);
	buf_free(&l);
	buf_free(&m);
	return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t nsizes = n < 8 ? n : 8;
	const char *s = (const char *)data + nsizes;
	struct buf whole, cut;

	if (n == 0)
		return 0;
	whole = by_pieces(s, n - nsizes, NULL, 0);
	cut = by_pieces(s, n - nsizes, data, nsizes);
	if (whole.len != cut.len || memcmp(whole.data, cut.data, cut.len) != 0)
		abort();
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
