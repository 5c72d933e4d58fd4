/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json: libFuzzer target: any bytes as a JSON document, by its content and by a
 * mapping, and as an event of a stream.  Items must be as item.h promises, and what is
 * JSON by the letter must be read without a complaint.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/json.h"
#include "feed/stream.h"
#include "fuzz_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
as_document(const uint8_t *data, size_t n, const struct feed_mapping *map)
{
	const struct feed_source src = {
	    .url = "http://example.org/api/v1/x?a=1", .mapping = map};
	const struct feed_limits lim = {20, 4096, 64, true};
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
	const struct feed_limits lim = {3, 4096, 64, true};
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
