/* SPDX-License-Identifier: Apache-2.0 */
/* html_plain: what is text and what looks like HTML; see html.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/html.h"
#include "feed/html_names.h"
#include "feed/lanes.h"
#include "feed/markup.h"

bool
feed_html_likely(const char *s, size_t n)
{
	struct markup m;
	struct markup_token t;
	bool sign = false;

	if (n == 0 || (memchr(s, '<', n) == NULL && memchr(s, '&', n) == NULL))
		return false;
	markup_init(&m, MARKUP_HTML, s, n);
	while (markup_next(&m, &t)) {
		if (t.kind == MARKUP_OPEN || t.kind == MARKUP_CLOSE) {
			if (html_tag(t.name.p, t.name.n) == HTML_TAG_UNKNOWN)
				return false;
			sign =
			    sign || t.kind == MARKUP_CLOSE || t.empty || t.nattrs > 0;
		} else if (t.kind == MARKUP_TEXT && memchr(t.text.p, '&', t.text.n)) {
			struct buf b = {0};

			/* A reference that decodes to something else. */
			markup_decode(&m, &b, t.text.p, t.text.n);
			sign = sign || b.len != t.text.n;
			buf_free(&b);
		}
	}
	return sign;
}

bool
feed_plain_put(struct buf *b, const char *s, size_t n, size_t max)
{
	const char *end;
	bool whole = true;

	if (n == 0)
		return true;
	end = s + n;
	if (max > 0 && b->len + n > max) {
		size_t keep = b->len < max ? max - b->len : 0;

		while (keep > 0 && ((uint8_t)s[keep] & 0xc0) == 0x80)
			keep--;
		end = s + keep;
		whole = false;
	}
	while (s < end) {
		const char *run = s;

		while (end - s >= LANES && lanes_plain(s) == LANES)
			s += LANES;
		while (s < end && ((uint8_t)*s >= ' ' || *s == '\n' || *s == '\t'))
			s++;
		buf_put(b, run, s - run);
		if (s < end) {
			if (*s == '\r' && (s + 1 == end || s[1] != '\n'))
				buf_putc(b, '\n');
			s++;
		}
	}
	return whole;
}

char *
feed_plain_line(const char *s, size_t n, size_t max)
{
	struct buf b = {0};
	char *text;

	feed_plain_put(&b, s, n, max);
	buf_reserve(&b, 0);
	text = text_trim(buf_take(&b));
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	if (text[0] != '\0')
		return text;
	free(text);
	return NULL;
}
