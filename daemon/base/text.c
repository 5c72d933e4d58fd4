/* SPDX-License-Identifier: Apache-2.0 */
/* text: UTF-8 and escaping; see text.h. */
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xfffdu

int
text_decode(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = (const uint8_t *)s;
	uint32_t c, min;
	int len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2, c = p[0] & 0x1f, min = 0x80;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		len = 3, c = p[0] & 0x0f, min = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4, c = p[0] & 0x07, min = 0x10000;
	} else {
		return 0;
	}
	if (n < (size_t)len)
		return 0;
	for (int i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

void
text_encode(struct buf *b, uint32_t cp)
{
	char d[4];
	int n;

	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		d[0] = (char)cp;
		n = 1;
	} else if (cp < 0x800) {
		d[0] = (char)(0xc0 | cp >> 6);
		d[1] = (char)(0x80 | (cp & 0x3f));
		n = 2;
	} else if (cp < 0x10000) {
		d[0] = (char)(0xe0 | cp >> 12);
		d[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		d[2] = (char)(0x80 | (cp & 0x3f));
		n = 3;
	} else {
		d[0] = (char)(0xf0 | cp >> 18);
		d[1] = (char)(0x80 | (cp >> 12 & 0x3f));
		d[2] = (char)(0x80 | (cp >> 6 & 0x3f));
		d[3] = (char)(0x80 | (cp & 0x3f));
		n = 4;
	}
	buf_put(b, d, n);
}

/* How many of the first bytes are plain ASCII, a word at a time. */
static size_t
ascii_run(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t w, v[4];

	for (; i + 32 <= n; i += 32) {
		memcpy(v, s + i, 32);
		if ((v[0] | v[1] | v[2] | v[3]) & 0x8080808080808080u)
			break;
	}
	for (; i + 8 <= n; i += 8) {
		memcpy(&w, s + i, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	while (i < n && (uint8_t)s[i] < 0x80)
		i++;
	return i;
}

bool
text_valid(const char *s, size_t n)
{
	uint32_t cp;

	for (;;) {
		size_t run = ascii_run(s, n);
		int len;

		s += run;
		n -= run;
		if (n == 0)
			return true;
		len = text_decode(s, n, &cp);
		if (len == 0)
			return false;
		s += len;
		n -= len;
	}
}

void
text_repair(struct buf *b, const char *s, size_t n)
{
	uint32_t cp;

	if (text_valid(s, n) && (n == 0 || memchr(s, '\0', n) == NULL)) {
		buf_put(b, s, n);
		return;
	}
	while (n > 0) {
		int len = text_decode(s, n, &cp);

		if (len == 0 || cp == 0) {
			text_encode(b, REPLACEMENT);
			len = 1;
		} else {
			buf_put(b, s, len);
		}
		s += len;
		n -= len;
	}
}

/* Ranges that change how a line looks or that cannot be seen: C0, DEL and C1,
 * soft hyphen, Arabic letter mark, zero-width and direction marks, line and
 * paragraph separators, invisible operators, byte-order mark, tag characters. */
static const struct {
	uint32_t from, to;
} controls[] = {
    {0x00, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},
    {0x61c, 0x61c},
    {0x180e, 0x180e},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe007f},
};

bool
text_is_control(uint32_t cp)
{
	if (cp >= 0x20 && cp < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (cp >= controls[i].from && cp <= controls[i].to)
			return true;
	return false;
}

/* The escaped form of the character at s in piece; returns bytes eaten. */
static int
escape_one(const char *s, size_t n, char piece[16], size_t *plen)
{
	uint32_t cp;
	int len = text_decode(s, n, &cp);

	if (len == 0) {
		*plen = snprintf(piece, 16, "\\x%02x", (uint8_t)s[0]);
		return 1;
	}
	if (!text_is_control(cp)) {
		memcpy(piece, s, len);
		*plen = len;
		return len;
	}
	if (cp < 0x100)
		*plen = snprintf(piece, 16, "\\x%02x", (unsigned)cp);
	else
		*plen = snprintf(piece, 16, "\\u{%x}", (unsigned)cp);
	return len;
}

size_t
text_escape(char *out, size_t cap, const char *s, size_t n)
{
	char piece[16];
	size_t o = 0, plen;

	if (cap == 0)
		return 0;
	while (n > 0) {
		int eaten = escape_one(s, n, piece, &plen);

		if (o + plen + 1 > cap)
			break;
		memcpy(out + o, piece, plen);
		o += plen;
		s += eaten;
		n -= eaten;
	}
	out[o] = '\0';
	return o;
}

void
text_escape_buf(struct buf *b, const char *s, size_t n)
{
	char piece[16];
	size_t plen, run, i = 0;

	while (i < n) {
		/* Most of it is plain, and taken at once. */
		for (run = 0; i + run < n && s[i + run] >= ' ' && s[i + run] <= '~';)
			run++;
		buf_put(b, s + i, run);
		i += run;
		if (i < n) {
			i += (size_t)escape_one(s + i, n - i, piece, &plen);
			buf_put(b, piece, plen);
		}
	}
}

void
text_escape_json(struct buf *b, const char *s, size_t n)
{
	uint32_t cp;
	size_t run;
	int len;

	for (size_t i = 0; i < n;) {
		for (run = 0; i + run < n && (uint8_t)s[i + run] < 0x7f;)
			run++;
		buf_put(b, s + i, run);
		if ((i += run) == n)
			break;
		len = text_decode(s + i, n - i, &cp);
		if (len == 0 || !text_is_control(cp))
			buf_put(b, s + i, len > 0 ? (size_t)len : 1);
		else if (cp < 0x10000)
			buf_printf(b, "\\u%04x", (unsigned)cp);
		else
			buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (cp >> 10)),
			    (unsigned)(0xdc00 + (cp & 0x3ff)));
		i += len > 0 ? (size_t)len : 1;
	}
}

size_t
text_prefix(const char *s, size_t n)
{
	size_t i = 0;

	for (; n > 0 && s[i] != '\0'; n--) {
		i++;
		while (((uint8_t)s[i] & 0xc0) == 0x80)
			i++;
	}
	return i;
}

#define FIND_FEW 16   /* bytes of which each may be looked at as often */
#define FIND_LONG 256 /* from here on memmem() is linear as well */

/* Knuth, Morris, Pratt: back[i] is how much of what's beginning the first i + 1 bytes
 * of it end in. */
static void
find_table(const char *what, size_t m, uint8_t back[FIND_LONG])
{
	back[0] = 0;
	for (size_t i = 1, k = 0; i < m; i++) {
		while (k > 0 && what[i] != what[k])
			k = back[k - 1];
		k += what[i] == what[k];
		back[i] = (uint8_t)k;
	}
}

const char *
text_find(const char *s, size_t n, const char *what, size_t m)
{
	const char *end = s + n, *p = s;
	uint8_t back[FIND_LONG];
	size_t k = 0;

	if (m <= FIND_FEW || m > FIND_LONG)
		return memmem(s, n, what, m);
	if (m > n)
		return NULL;
	find_table(what, m, back);
	for (; p < end; p++) {
		if (k == 0 && (p = memchr(p, what[0], (size_t)(end - p))) == NULL)
			return NULL;
		while (k > 0 && *p != what[k])
			k = back[k - 1];
		k += *p == what[k];
		if (k == m)
			return p + 1 - m;
	}
	return NULL;
}

char *
text_trim(char *s)
{
	size_t n = strlen(s), lead = strspn(s, " \t\r\n\f\v");

	while (n > lead && strchr(" \t\r\n\f\v", s[n - 1]) != NULL)
		n--;
	memmove(s, s + lead, n - lead);
	s[n - lead] = '\0';
	return s;
}

bool
text_has_end(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

#define DISTANCE_MAX 40

size_t
text_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned d[3][DISTANCE_MAX + 1];

	if (n > DISTANCE_MAX || m > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);
			unsigned v = up[j - 1] + (x != y);

			if (up[j] + 1 < v)
				v = up[j] + 1;
			if (row[j - 1] + 1 < v)
				v = row[j - 1] + 1;
			if (i > 1 && j > 1 && x != y &&
			    x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && up2[j - 2] + 1 < v)
				v = up2[j - 2] + 1;
			row[j] = v;
		}
	}
	return d[n % 3][m];
}
