/* SPDX-License-Identifier: Apache-2.0 */
/* mail_word: encodings and fields of a mail; see mail_word.h. */
#include "notice/mail_word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/text.h"

/* An encoded word has at most 75 characters, a line with one at most 76 (RFC 2047,
 * 2): 39 bytes make 64 characters, which leaves room for a field's name. */
#define WORD_BYTES 39
#define LINE_WANTED 78 /* RFC 5322, 2.1.1: should; 998 is must */
#define LINE_QP 76

/* Whether the word at s (n bytes, no spaces in it) may travel as it is.  "=?" would be
 * read as an encoded word on arrival; a line with a longer word could not be folded. */
static bool
plain_word(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e ||
		    (s[i] == '=' && i + 1 < n && s[i + 1] == '?'))
			return false;
	return n <= 200;
}

/* From the first to the last word that must be encoded; false if there is none. */
static bool
find_odd(const char *s, size_t *from, size_t *to)
{
	bool found = false;

	for (size_t at = 0, n; s[at] != '\0'; at += n + (s[at + n] == ' ')) {
		n = strcspn(s + at, " ");
		if (plain_word(s + at, n))
			continue;
		if (!found)
			*from = at;
		found = true;
		*to = at + n;
	}
	return found;
}

static void
encoded_words(struct buf *b, const char *s, size_t left)
{
	while (left > 0) {
		size_t n = left < WORD_BYTES ? left : WORD_BYTES;

		while (n < left && n > 1 && ((uint8_t)s[n] & 0xc0) == 0x80)
			n--;
		buf_puts(b, "=?utf-8?B?");
		digest_base64(b, s, n);
		buf_puts(b, "?=");
		s += n;
		left -= n;
		if (left > 0)
			buf_putc(b, ' ');
	}
}

void
mail_word_encode(struct buf *b, const char *text)
{
	size_t from, to;

	if (!find_odd(text, &from, &to)) {
		buf_puts(b, text);
		return;
	}
	buf_put(b, text, from);
	encoded_words(b, text + from, to - from);
	buf_puts(b, text + to);
}

void
mail_word_phrase(struct buf *b, const char *text)
{
	size_t from, to;

	if (find_odd(text, &from, &to)) {
		encoded_words(b, text, strlen(text));
		return;
	}
	buf_putc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *text);
	}
	buf_putc(b, '"');
}

void
mail_word_field(struct buf *b, const char *name, const char *value)
{
	size_t line = strlen(name) + 1;
	bool first = true;

	buf_printf(b, "%s:", name);
	while (*value != '\0') {
		size_t n = strcspn(value, " ");

		/* A line of white space alone is no continuation: fold before words
		 * only. */
		if (!first && n > 0 && line + 1 + n > LINE_WANTED) {
			buf_puts(b, "\r\n");
			line = 0;
		}
		buf_putc(b, ' ');
		buf_put(b, value, n);
		line += n + 1;
		value += n + (value[n] == ' ');
		first = first && n == 0;
	}
	buf_puts(b, "\r\n");
}

void
mail_word_date(struct buf *b, int64_t ms)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = ms / 1000;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	/* strftime would say the names in the locale's language. */
	buf_printf(b, "%.3s, %d %.3s %04d %02d:%02d:%02d +0000", days + 3 * tm.tm_wday,
	    tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static bool
atoms(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] > 0x7e ||
		    strchr("()<>[]:;@\\,\"", s[i]) != NULL)
			return false;
	return n > 0;
}

bool
mail_word_address_valid(const char *address)
{
	const char *at = address == NULL ? NULL : strchr(address, '@');

	return at != NULL && address[0] != '-' && strlen(address) <= 254 &&
	       atoms(address, (size_t)(at - address)) && atoms(at + 1, strlen(at + 1));
}

bool
mail_word_id_valid(const char *id, size_t n)
{
	const char *at = memchr(id, '@', n);

	return at != NULL && n <= 200 && atoms(id, (size_t)(at - id)) &&
	       atoms(at + 1, n - (size_t)(at + 1 - id));
}

bool
mail_word_plain(const char *text, size_t n)
{
	size_t line = 0;

	for (size_t i = 0; i < n; i++, line++) {
		char c = text[i];

		if (line == 0 &&
		    (c == '.' || (n - i >= 5 && memcmp(text + i, "From ", 5) == 0)))
			return false;
		if (c == '\n') {
			if (line > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t'))
				return false;
			line = (size_t)-1;
		} else if ((c < 0x20 && c != '\t') || c > 0x7e || line >= LINE_WANTED) {
			return false;
		}
	}
	return true;
}

/* Whether the byte at i of a line of n bytes must be written as =XX. */
static bool
qp_must(const char *s, size_t i, size_t n)
{
	uint8_t c = (uint8_t)s[i];

	if (c == '=' || c > 0x7e || (c < 0x20 && c != '\t'))
		return true;
	if (i + 1 == n && (c == ' ' || c == '\t'))
		return true;
	return i == 0 && (c == '.' || (n >= 5 && memcmp(s, "From ", 5) == 0));
}

static void
qp_line(struct buf *b, const char *s, size_t n)
{
	size_t col = 0;

	for (size_t i = 0; i < n; i++) {
		bool must = qp_must(s, i, n);
		size_t width = must ? 3 : 1;

		if (col + width > LINE_QP - 1) {
			buf_puts(b, "=\r\n");
			col = 0;
			/* What a soft break puts in front can be misread as well. */
			must = must || s[i] == '.' || s[i] == 'F';
			width = must ? 3 : 1;
		}
		if (must)
			buf_printf(b, "=%02X", (uint8_t)s[i]);
		else
			buf_putc(b, s[i]);
		col += width;
	}
}

void
mail_word_text(struct buf *b, const char *text, size_t n, bool quoted_printable)
{
	const char *end = text + n;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t len = nl == NULL ? (size_t)(end - text) : (size_t)(nl - text);

		if (quoted_printable)
			qp_line(b, text, len);
		else
			buf_put(b, text, len);
		buf_puts(b, "\r\n");
		text += len + (nl != NULL);
	}
}

void
mail_word_base64(struct buf *b, const void *data, size_t n)
{
	const char *p = data;

	for (; n > 0;) {
		size_t piece = n < 57 ? n : 57;

		digest_base64(b, p, piece);
		buf_puts(b, "\r\n");
		p += piece;
		n -= piece;
	}
}
