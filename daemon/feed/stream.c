/* SPDX-License-Identifier: Apache-2.0 */
/* stream: events to items; see stream.h. */
#include "feed/stream.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"
#include "feed/feed_json.h"

struct feed_stream {
	char *url;
	struct feed_limits lim;
	struct feed_doc doc;
	struct feed_build build;
	struct feed_json json;
	size_t usual;	  /* items in a batch */
	struct buf clean; /* an event that was no UTF-8 */
};

static void
start(struct feed_stream *s)
{
	memset(&s->doc, 0, sizeof(s->doc));
	s->doc.well_formed = true;
	s->build = (struct feed_build){.doc = &s->doc, .lim = &s->lim};
	s->json.build = &s->build;
	s->json.known = s->json.seen = s->json.gone_bytes = 0;
}

struct feed_stream *
feed_stream_new(const struct feed_source *src, const struct feed_limits *lim)
{
	struct feed_stream *s = xcalloc(1, sizeof(*s));

	s->url = xstrdup(src != NULL ? src->url : NULL);
	s->lim = lim != NULL ? *lim : feed_limits_default;
	s->json.base = s->url;
	s->json.map = src != NULL ? src->mapping : NULL;
	s->json.apart = FEED_JSON_EVENTS;
	start(s);
	return s;
}

void
feed_stream_free(struct feed_stream **s)
{
	if (*s != NULL) {
		feed_doc_clear(&(*s)->doc);
		feed_json_clear(&(*s)->json);
		buf_free(&(*s)->clean);
		free((*s)->url);
	}
	free(*s);
	*s = NULL;
}

/* Valid UTF-8 without NUL, in one pass. */
static bool
is_sound(const char *s, size_t n)
{
	size_t i = 0;
	uint32_t cp;
	int len;

	while (i < n) {
#ifdef __SSE2__
		while (n - i >= 16) {
			__m128i c =
			    _mm_loadu_si128((const __m128i *)(const void *)(s + i));

			/* Signed: neither zero nor beyond ASCII is above zero. */
			if (_mm_movemask_epi8(_mm_cmpgt_epi8(c, _mm_setzero_si128())) !=
			    0xffff)
				break;
			i += 16;
		}
#endif
		while (i < n && (int8_t)s[i] > 0)
			i++;
		if (i == n)
			break;
		len = text_decode(s + i, n - i, &cp);
		if (len == 0 || cp == 0)
			return false;
		i += len;
	}
	return true;
}

/* Room for as many items as the last batch had: it does not have to grow again. */
static void
make_room(struct feed_stream *s)
{
	if (s->doc.items == NULL && s->usual > 0) {
		s->doc.items = xmalloc(s->usual * sizeof(*s->doc.items));
		s->build.cap = s->usual;
	}
}

int
feed_stream_event(
    struct feed_stream *s, const char *event, size_t nevent, const char *data, size_t n)
{
	bool bad = !is_sound(data, n);

	/* One event can bring more than one item: the last ones may be over. */
	if (s->doc.nitems >= s->lim.max_items || s->doc.ngone >= FEED_GONE_MAX)
		return TOSD_EBUSY;
	if (bad) {
		buf_reset(&s->clean);
		text_repair(&s->clean, data, n);
		data = s->clean.data;
		n = s->clean.len;
	}
	make_room(s);
	json_reader_init(&s->json.r, data, n);
	feed_json_event(&s->json, event, nevent, data, n);
	bad = bad || s->json.r.broken;
	if (bad)
		s->doc.well_formed = false;
	return bad ? TOSD_EINVAL : 0;
}

void
feed_stream_take(struct feed_stream *s, struct feed_doc *out)
{
	feed_json_settle(&s->json);
	if (s->doc.nitems > 0)
		s->usual = s->doc.nitems;
	*out = s->doc;
	start(s);
}
