/* SPDX-License-Identifier: Apache-2.0 */
/* stream: events to items; see stream.h. */
#include "feed/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/feed_json.h"

struct feed_stream {
	char *url;
	struct feed_limits lim;
	struct feed_doc doc;
	struct feed_build build;
	struct feed_json json;
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

int
feed_stream_event(struct feed_stream *s, const char *event, size_t nevent,
    const char *data, size_t n)
{
	bool bad = !text_valid(data, n) || memchr(data, '\0', n) != NULL;

	/* One event can bring more than one item: the last ones may be over. */
	if (s->doc.nitems >= s->lim.max_items || s->doc.ngone >= FEED_GONE_MAX)
		return TOSD_EBUSY;
	if (bad) {
		buf_reset(&s->clean);
		text_repair(&s->clean, data, n);
		data = s->clean.data;
		n = s->clean.len;
	}
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
	*out = s->doc;
	start(s);
}
