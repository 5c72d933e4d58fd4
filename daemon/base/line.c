/* SPDX-License-Identifier: Apache-2.0 */
/* line: JSON objects without trees; see line.h.  Owns nothing. */
#include "base/line.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"

void
line_put_int(struct buf *b, int64_t value)
{
	char digits[20];
	uint64_t v = value < 0 ? -(uint64_t)value : (uint64_t)value;
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	if (value < 0)
		buf_putc(b, '-');
	buf_put(b, digits + n, sizeof(digits) - n);
}

static void
put_unit(struct buf *b, uint32_t v)
{
	static const char hex[] = "0123456789ABCDEF";
	char out[6] = {'\\', 'u', hex[v >> 12 & 15], hex[v >> 8 & 15], hex[v >> 4 & 15],
	    hex[v & 15]};

	buf_put(b, out, sizeof(out));
}

static void
put_escaped(struct buf *b, uint32_t cp)
{
	static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = cp < 0x80 && cp > 0 ? strchr(named, (int)cp) : NULL;

	if (at != NULL) {
		char out[2] = {'\\', letters[at - named]};

		buf_put(b, out, sizeof(out));
	} else if (cp < 0x10000) {
		put_unit(b, cp);
	} else {
		cp -= 0x10000;
		put_unit(b, 0xd800 | cp >> 10);
		put_unit(b, 0xdc00 | (cp & 0x3ff));
	}
}

/* Bytes that stand for themselves. */
static size_t
plain(const char *s, size_t n, bool ascii)
{
	size_t i = 0;

	while (i < n && (uint8_t)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' &&
	       (!ascii || (uint8_t)s[i] < 0x80))
		i++;
	return i;
}

bool
line_put_str(struct buf *b, const char *s, bool ascii)
{
	size_t n = strlen(s);

	if (!text_valid(s, n))
		return false;
	buf_reserve(b, n + 2);
	buf_putc(b, '"');
	while (n > 0) {
		size_t k = plain(s, n, ascii);
		uint32_t cp;

		buf_put(b, s, k);
		s += k;
		n -= k;
		if (n > 0) {
			k = (size_t)text_decode(s, n, &cp);
			put_escaped(b, cp);
			s += k;
			n -= k;
		}
	}
	buf_putc(b, '"');
	return true;
}

void
line_begin(struct line *l, struct buf *b, bool ascii)
{
	*l = (struct line){b, NULL, ascii};
	buf_putc(b, '{');
}

void
line_end(struct line *l)
{
	buf_putc(l->b, '}');
}

void
line_key(struct line *l, const char *key)
{
	if (l->key != NULL && strcmp(l->key, key) >= 0)
		log_die("line", "own mistake: the key %s after %s", key, l->key);
	if (l->key != NULL)
		buf_putc(l->b, ',');
	l->key = key;
	buf_putc(l->b, '"');
	buf_puts(l->b, key);
	buf_put(l->b, "\":", 2);
}

void
line_int(struct line *l, const char *key, int64_t value)
{
	line_key(l, key);
	line_put_int(l->b, value);
}

void
line_str(struct line *l, const char *key, const char *value)
{
	struct line before = *l;
	size_t len = l->b->len;

	if (value == NULL)
		return;
	line_key(l, key);
	if (line_put_str(l->b, value, l->ascii))
		return;
	*l = before;
	l->b->len = len;
	l->b->data[len] = '\0';
}

void
line_true(struct line *l, const char *key)
{
	line_key(l, key);
	buf_puts(l->b, "true");
}

/* --- lines that are read */

bool
line_whole(const char *s, size_t n, bool over, size_t *len)
{
	const char *nl = n > 0 ? memchr(s, '\n', n) : NULL;

	*len = nl != NULL ? (size_t)(nl - s) : n;
	return nl != NULL || (over && n > 0);
}

bool
line_blank(const char *s, size_t n)
{
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		n--;
	return n == 0;
}

size_t
line_mark(const char *s, size_t n)
{
	return n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* What names a flag of its callers tells people nothing. */
const char *
line_why(const char *said)
{
	return strstr(said, "JSON_ALLOW_NUL") != NULL ? "\\u0000 may stand in no text"
						      : said;
}
