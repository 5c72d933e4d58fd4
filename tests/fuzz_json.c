/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json: libFuzzer target: any bytes as a JSON document, by its content and by a
 * mapping, and as an event of a stream.  Items must be as item.h promises, and what is
 * JSON by the letter must be read without a complaint.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/feed.h"
#include "feed/json.h"
#include "feed/stream.h"
#include "feed/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_text(const char *s)
{
	if (s == NULL)
		return;
	if (!text_valid(s, strlen(s)))
		abort();
	for (; *s != '\0'; s++)
		if ((uint8_t)*s < ' ' && *s != '\n' && *s != '\t')
			abort();
}

static void
check_item(const struct item *it)
{
	const char *const strings[] = {it->id, it->url, it->title, it->author, it->text,
	    it->summary, it->lang, it->in_reply_to, it->published_raw, it->updated_raw};

	if (it->id == NULL || it->id[0] == '\0')
		abort();
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		check_text(strings[i]);
	for (size_t i = 0; i < it->nlinks; i++)
		check_text(it->links[i]);
	for (size_t i = 0; i < it->nmedia; i++) {
		if (!feed_url_is_web(it->media[i].url))
			abort();
		check_text(it->media[i].url);
		check_text(it->media[i].type);
		check_text(it->media[i].text);
	}
}

static void
check_doc(struct feed_doc *d)
{
	for (size_t i = 0; i < d->nitems; i++)
		check_item(&d->items[i]);
	for (size_t i = 0; i < d->ngone; i++) {
		if (d->gone[i][0] == '\0')
			abort();
		check_text(d->gone[i]);
	}
	check_text(d->title);
	check_text(d->next_url);
	check_text(d->hub);
	check_text(d->self_url);
	check_text(d->problem);
	feed_doc_clear(d);
}

static void
as_document(const uint8_t *data, size_t n, const struct feed_mapping *map)
{
	const struct feed_source src = {
	    .url = "http://example.org/api/v1/x?a=1", .mapping = map};
	const struct feed_limits lim = {20, 4096, 64};
	struct feed_doc doc;
	struct err e = ERR_INIT;
	int rc = feed_parse(data, n, &src, &lim, &doc, &e);

	if (rc == 0 && map == NULL && !doc.well_formed &&
	    json_valid((const char *)data, n) &&
	    strstr(doc.problem, "no known kind") == NULL)
		abort();
	check_doc(&doc);
}

/* The first byte chooses the event, the rest is cut into two. */
static void
as_events(const uint8_t *data, size_t n)
{
	static const char *const names[] = {
	    "", "update", "status.update", "delete", "x"};
	const struct feed_limits lim = {3, 4096, 64};
	const char *name = names[data[0] % 5], *s = (const char *)data + 1;
	struct feed_stream *stream = feed_stream_new(NULL, &lim);
	struct feed_doc doc;

	feed_stream_event(stream, name, strlen(name), s, (n - 1) / 2);
	feed_stream_event(
	    stream, name, strlen(name), s + (n - 1) / 2, n - 1 - (n - 1) / 2);
	if (feed_stream_event(stream, name, strlen(name), s, n - 1) == TOSD_EBUSY) {
		feed_stream_take(stream, &doc);
		check_doc(&doc);
		feed_stream_event(stream, name, strlen(name), s, n - 1);
	}
	feed_stream_take(stream, &doc);
	check_doc(&doc);
	feed_stream_free(&stream);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct feed_mapping map = {.items = "items[*]",
	    .id = "id",
	    .url = "url",
	    .title = "a.b",
	    .author = "account",
	    .text = "[*]",
	    .media = "attachments[0].url",
	    .deleted = "deleted",
	    .next = "next"};
	static const struct feed_mapping flat = {.id = "id", .text = "text"};

	if (n == 0)
		return 0;
	as_document(data, n, NULL);
	as_document(data, n, &map);
	as_document(data, n, &flat);
	as_events(data, n);
	return 0;
}
