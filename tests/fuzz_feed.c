/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_feed: libFuzzer target: any bytes as a feed, as HTML, as a page and as a date.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/feed.h"
#include "feed/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What item.h promises of every string. */
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
	if (it->id == NULL)
		abort();
	check_text(it->id);
	check_text(it->url);
	check_text(it->title);
	check_text(it->author);
	check_text(it->text);
	check_text(it->summary);
	check_text(it->lang);
	check_text(it->in_reply_to);
	check_text(it->published_raw);
	check_text(it->updated_raw);
	for (size_t i = 0; i < it->nlinks; i++)
		check_text(it->links[i]);
	for (size_t i = 0; i < it->nmedia; i++) {
		if (it->media[i].url == NULL)
			abort();
		check_text(it->media[i].url);
		check_text(it->media[i].type);
		check_text(it->media[i].text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct feed_source src = {.url = "http://example.org/feed"};
	const struct feed_limits lim = {20, 4096, 64};
	struct feed_html_opt opt = {.base = src.url};
	struct feed_html html;
	struct feed_doc doc;
	struct item page;
	struct err e = ERR_INIT;
	char *s;

	feed_parse(data, n, &src, &lim, &doc, &e);
	for (size_t i = 0; i < doc.nitems; i++)
		check_item(&doc.items[i]);
	check_text(doc.title);
	check_text(doc.link);
	check_text(doc.lang);
	check_text(doc.hub);
	check_text(doc.self_url);
	check_text(doc.next_url);
	if (doc.ngone > lim.max_items || doc.nmore > lim.max_items)
		abort();
	for (size_t i = 0; i < doc.ngone; i++)
		check_text(doc.gone[i]);
	for (size_t i = 0; i < doc.nmore; i++)
		check_text(doc.more[i]);
	feed_doc_clear(&doc);
	feed_page(data, n, &src, 4096, &page);
	check_item(&page);
	item_clear(&page);
	if (text_valid((const char *)data, n)) {
		feed_html_text((const char *)data, n, &opt, &html);
		feed_html_clear(&html);
	}
	s = xstrndup((const char *)data, n);
	feed_date(s);
	free(s);
	return 0;
}
