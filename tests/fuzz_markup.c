/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_markup: libFuzzer target: the tokenizer alone, on valid UTF-8, in both modes:
 * its tokens are the document, piece by piece, and what they point to lies inside.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/html.h"
#include "feed/html_hidden.h"
#include "feed/html_sheet.h"
#include "feed/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_inside(const struct markup *m, const struct markup_str *s)
{
	if (s->p != NULL && s->n > 0 && (s->p < m->start || s->p + s->n > m->end))
		abort();
}

static void
read_in(enum markup_mode mode, const char *s, size_t n)
{
	struct markup m;
	struct markup_token t;
	struct html_style style = {0};
	struct html_sheet sheet = {0};
	struct buf b = {0};
	const char *at;

	markup_init(&m, mode, s, n);
	for (at = m.start; markup_next(&m, &t); at += t.source.n) {
		if (t.source.p != at || t.nattrs > MARKUP_ATTRS)
			abort();
		check_inside(&m, &t.text);
		for (size_t i = 0; i < t.nattrs; i++) {
			check_inside(&m, &m.attrs[i].name);
			check_inside(&m, &m.attrs[i].value);
			if (m.attrs[i].value.p == NULL)
				continue;
			buf_reset(&b);
			markup_decode(&m, &b, m.attrs[i].value.p, m.attrs[i].value.n);
			html_style_read(
			    b.data != NULL ? b.data : "", b.len, true, &style);
			html_sheet_read(&sheet, b.data != NULL ? b.data : "", b.len);
			html_class_of(b.data != NULL ? b.data : "", b.len);
		}
		buf_reset(&b);
		markup_decode(&m, &b, t.text.p, t.text.n);
		if (!text_valid(b.data != NULL ? b.data : "", b.len))
			abort();
	}
	if (at != m.end)
		abort();
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct html_media media = {0};
	struct feed_html_opt opt = {
	    .base = "http://example.org/a/", .max_text = 512, .media = &media};
	struct feed_html h;
	struct buf b = {0};

	text_repair(&b, (const char *)data, n);
	buf_reserve(&b, 0);
	read_in(MARKUP_XML, b.data, b.len);
	read_in(MARKUP_HTML, b.data, b.len);
	opt.page = n % 2 == 0;
	feed_html_text(b.data, b.len, &opt, &h);
	if (strlen(h.text) > opt.max_text || !text_valid(h.text, strlen(h.text)))
		abort();
	feed_html_clear(&h);
	html_media_free(&media);
	feed_html_likely(b.data, b.len);
	buf_free(&b);
	return 0;
}
