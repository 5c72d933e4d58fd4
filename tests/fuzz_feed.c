/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_feed: libFuzzer target: any bytes as a feed, as HTML, as a page and as a date.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/html.h"
#include "fuzz_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct feed_source src = {.url = "http://example.org/feed"};
	const struct feed_limits lim = {20, 4096, 64, true};
	struct feed_html_opt opt = {.base = src.url};
	struct feed_html html;
	struct feed_doc doc;
	struct item page;
	struct err e = ERR_INIT;
	char *s;

	feed_parse(data, n, &src, &lim, &doc, &e);
	if (doc.ngone > lim.max_items || doc.nmore > lim.max_items)
		abort();
	check_doc(&doc);
	feed_page(data, n, &src, &lim, &page);
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
