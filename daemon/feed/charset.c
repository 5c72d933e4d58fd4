/* SPDX-License-Identifier: Apache-2.0 */
/* charset: which encoding, then conversion with own replacement; see charset.h. */
#include "feed/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "base/text.h"
#include "feed/charset_names.h"
#include "feed/entities.h"
#include "feed/lanes.h"

#define NAME_MAX_LEN 31
#define PROLOG 1024	  /* bytes searched for a declaration */
#define DETECT (64 << 10) /* bytes that uchardet looks at */
#define DETECT_MIN 8	  /* of these not ASCII, or it only guesses */

static void
set_name(char out[32], const char *s, size_t n)
{
	size_t i = 0;

	for (; i < n && i < NAME_MAX_LEN; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i];
	out[i] = '\0';
}

/* The name at s, up to a character that no name has; quotes are skipped. */
static void
name_at(char out[32], const char *s, const char *end)
{
	const char *p;

	while (s < end && *s != '\0' && strchr(" \t\r\n\"'=", *s) != NULL)
		s++;
	for (p = s; p < end &&
		    ((*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || *p == '.' ||
			*p == ':' || ((*p | 32) >= 'a' && (*p | 32) <= 'z'));
	     p++)
		;
	set_name(out, s, p - s);
}

static const char *
find_word(const char *s, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= n; i++)
		if (strncasecmp(s + i, word, len) == 0)
			return s + i + len;
	return NULL;
}

static void
header_charset(const char *content_type, char out[32])
{
	const char *p = NULL;

	out[0] = '\0';
	if (content_type != NULL)
		p = find_word(content_type, strnlen(content_type, 512), "charset");
	if (p != NULL && p[strspn(p, " \t")] == '=')
		name_at(out, p, p + strnlen(p, 64));
}

/* The encoding that the document declares itself. */
static void
own_charset(const char *s, size_t n, char out[32])
{
	const char *decl, *end, *p = NULL;

	out[0] = '\0';
	if (n > PROLOG)
		n = PROLOG;
	decl = n > 0 ? memmem(s, n, "<?xml", 5) : NULL; /* of nothing, s may be NULL */
	if (decl != NULL) {
		end = memchr(decl, '>', s + n - decl);
		if (end == NULL)
			end = s + n;
		p = find_word(decl, end - decl, "encoding");
	}
	if (p == NULL && decl == NULL && find_word(s, n, "<meta") != NULL) {
		p = find_word(s, n, "charset=");
		end = s + n;
	}
	if (p != NULL)
		name_at(out, p, end);
}

/* --- one look at the bytes --- */

struct look {
	size_t good;  /* multi-byte characters of UTF-8 */
	size_t c1;    /* of these U+0080 to U+009F */
	size_t bad;   /* bytes that are none */
	size_t alien; /* of these such as another encoding would put there */
	bool nul, control;
};

/* XML allows no C0 controls but tab and line ends. */
static const uint8_t odd[256] = {
    [0 ... 8] = 1, [11] = 1, [12] = 1, [14 ... 31] = 1, [128 ... 255] = 2};

/* What is no UTF-8 at s: how many bytes, and whether they look like characters of an
 * encoding with one byte each.  0xfe and 0xff hardly do, nor does the rest of a
 * character that was cut short: "\xe2\x80<". */
static size_t
broken(const char *s, size_t n, bool *alien)
{
	uint8_t c = (uint8_t)s[0];
	size_t len = 1;

	while (c >= 0xc2 && len < n && len < 3 && ((uint8_t)s[len] & 0xc0) == 0x80)
		len++;
	*alien = c < 0xfe && len == 1;
	return len;
}

/* The length of the character at s, 0 if there is none; the ways of most text are
 * looked at here. */
static inline int
character(const char *s, size_t n, size_t *c1)
{
	uint8_t c = (uint8_t)s[0];
	uint32_t cp;
	int len;

	if (n >= 3 && ((uint8_t)s[1] & 0xc0) == 0x80) {
		if (c >= 0xc3 && c <= 0xdf)
			return 2;
		if (c >= 0xe1 && c != 0xed && c <= 0xef &&
		    ((uint8_t)s[2] & 0xc0) == 0x80)
			return 3;
	}
	len = text_decode(s, n, &cp);
	if (len > 0)
		*c1 += cp < 0xa0;
	return len;
}

static void
look_at(const char *s, size_t n, struct look *l)
{
	size_t i = 0;
	bool alien;
	int len, dull;

	memset(l, 0, sizeof(*l));
	while (i < n) {
		uint8_t c;

		/* The step is constant while it can be, so that the next look need
		 * not wait for this one. */
		while (n - i >= LANES && (dull = lanes_ascii(s + i)) == LANES)
			i += LANES;
		if (n - i >= LANES)
			i += dull;
		if (i == n)
			break;
		c = (uint8_t)s[i];
		if (odd[c] == 0) {
			i++;
		} else if (odd[c] == 1) {
			l->nul = l->nul || c == 0;
			l->control = true;
			i++;
		} else if ((len = character(s + i, n - i, &l->c1)) > 0) {
			l->good++;
			i += len;
		} else {
			size_t wrong = broken(s + i, n - i, &alien);

			l->bad += wrong;
			l->alien += alien;
			i += wrong;
		}
	}
}

/* --- conversion --- */

static void
put_1252(struct buf *out, const char *s, size_t n)
{
	buf_reserve(out, n + n / 8);
	for (size_t i = 0; i < n;) {
		size_t run = i;
		uint8_t c;

		while (i < n && (uint8_t)s[i] < 0x80 && s[i] != '\0')
			i++;
		buf_put(out, s + run, i - run);
		if (i == n)
			break;
		c = (uint8_t)s[i++];
		text_encode(out, c == 0	    ? 0xfffd
				 : c < 0xa0 ? feed_cp1252[c - 0x80]
					    : c);
	}
}

/* C1 controls in UTF-8 come from windows-1252 that was taken for Latin-1. */
static void
put_c1(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n, *p;

	buf_reserve(out, n + n / 8);
	while ((p = memchr(s, 0xc2, end - s)) != NULL && p + 1 < end) {
		uint8_t c = (uint8_t)p[1];

		buf_put(out, s, p - s);
		text_encode(out, c < 0xa0 ? feed_cp1252[c - 0x80] : c);
		s = p + 2;
	}
	buf_put(out, s, end - s);
}

/* What uchardet cannot tell and windows-1252 leaves without a meaning: ISO 8859-2,
 * with the marks of windows-1252 where that has controls. */
static bool
not_1252(const char *s, size_t n)
{
	static const char holes[] = "\x81\x8d\x8f\x90\x9d";

	for (const char *h = holes; *h != '\0'; h++)
		if (memchr(s, *h, n) != NULL)
			return true;
	return false;
}

/* What iconv still holds, because an accent might have followed (windows-1255). */
static void
put_held(struct buf *out, iconv_t cd)
{
	size_t room = 64;
	char *to = buf_reserve(out, room);

	iconv(cd, NULL, NULL, &to, &room);
	out->len += 64 - room;
}

/* Appends s read as charset; returns how many bytes were none, or -1 if iconv
 * does not know the charset. */
static long
put_iconv(struct buf *out, const char *charset, const char *s, size_t n)
{
	iconv_t cd = iconv_open("UTF-8", charset);
	char *in = (char *)s;
	long bad = 0;

	if (cd == (iconv_t)-1)
		return -1;
	while (n > 0) {
		size_t room = n * 2 + 64, had;
		char *to = buf_reserve(out, room);

		had = room;
		if (iconv(cd, &in, &n, &to, &room) != (size_t)-1) {
			out->len += had - room;
			break;
		}
		out->len += had - room;
		if (errno == E2BIG)
			continue;
		bad++;
		put_held(out, cd);
		text_encode(out, 0xfffd);
		in++;
		n--;
	}
	put_held(out, cd);
	iconv_close(cd);
	return bad;
}

/* Is the byte this ASCII character in the named charset?  A name that is unknown may
 * be what it wants. */
static bool
reads_as(const char *name, char byte, char ascii)
{
	const char *means = charset_meaning(name);
	struct buf out = {0};
	bool same = byte == ascii;

	if (charset_usable(means) && put_iconv(&out, means, &byte, 1) >= 0)
		same = out.len == 1 && out.data[0] == ascii;
	buf_free(&out);
	return same;
}

/* Reads all as the named charset.  Returns the number of wrong bytes, -1 if the
 * name is unknown. */
static long
convert(struct buf *out, const char *name, const char *s, size_t n)
{
	const char *means = charset_meaning(name);

	buf_reset(out);
	if (strcmp(means, "windows-1252") == 0) {
		put_1252(out, s, n);
		return 0;
	}
	return charset_usable(means) ? put_iconv(out, means, s, n) : -1;
}

/* A second clean-up after iconv: NUL is not allowed anywhere. */
static void
adopt(struct feed_text *t, const char *name)
{
	struct look l;

	struct buf clean = {0};

	look_at(t->own.data != NULL ? t->own.data : "", t->own.len, &l);
	t->control = l.control;
	t->wrong = t->wrong || l.nul || l.bad > 0;
	if (l.nul || l.bad > 0)
		text_repair(&clean, t->own.data, t->own.len);
	else if (l.c1 > 0)
		put_c1(&clean, t->own.data, t->own.len);
	if (clean.len > 0) {
		buf_free(&t->own);
		t->own = clean;
	}
	buf_reserve(&t->own, 0);
	t->p = t->own.data;
	t->n = t->own.len;
	name = charset_common(name);
	set_name(t->encoding, name, strlen(name));
}

/* A fixed name that the first bytes prove: a mark, or ASCII in wide units. */
static const char *
by_first_bytes(const uint8_t *s, size_t n, size_t *skip)
{
	static const struct {
		uint8_t bytes[4], n, skip;
		const char *name;
	} marks[] = {
	    {{0xef, 0xbb, 0xbf}, 3, 3, "utf-8"},
	    {{0xff, 0xfe, 0, 0}, 4, 4, "utf-32le"},
	    {{0, 0, 0xfe, 0xff}, 4, 4, "utf-32be"},
	    {{0xff, 0xfe}, 2, 2, "utf-16le"},
	    {{0xfe, 0xff}, 2, 2, "utf-16be"},
	    {{'<', 0, 0, 0}, 4, 0, "utf-32le"},
	    {{0, 0, 0, '<'}, 4, 0, "utf-32be"},
	    {{'{', 0}, 2, 0, "utf-16le"},
	    {{0, '{'}, 2, 0, "utf-16be"},
	    {{0x4c, 0x6f, 0xa7, 0x94}, 4, 0, "ibm037"},
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (n < marks[i].n || memcmp(s, marks[i].bytes, marks[i].n) != 0)
			continue;
		*skip = marks[i].skip;
		return marks[i].name;
	}
	/* Two ASCII characters of two bytes each. */
	if (n >= 4 && s[0] != 0 && s[1] == 0 && s[2] != 0 && s[3] == 0)
		return "utf-16le";
	if (n >= 4 && s[0] == 0 && s[1] != 0 && s[2] == 0 && s[3] != 0)
		return "utf-16be";
	return NULL;
}

static void
take_utf8(struct feed_text *t, const char *s, size_t n, const struct look *l)
{
	strcpy(t->encoding, "utf-8");
	t->control = l->control;
	t->p = s;
	t->n = n;
	if (l->bad == 0 && !l->nul && l->c1 == 0)
		return;
	if (l->bad == 0 && !l->nul) {
		put_c1(&t->own, s, n);
		t->p = t->own.data;
		t->n = t->own.len;
		return;
	}
	text_repair(&t->own, s, n);
	buf_reserve(&t->own, 0);
	t->p = t->own.data;
	t->n = t->own.len;
	t->wrong = true;
}

/* What uchardet says of the bytes, or windows-1252.  A handful of them tells nothing.
 */
static void
detect(const char *s, size_t n, const struct look *l, char out[32])
{
	char name[32];
	uchardet_t ud;

	strcpy(out, not_1252(s, n) ? "iso-8859-2" : "windows-1252");
	if (l->bad < DETECT_MIN)
		return;
	ud = uchardet_new();
	uchardet_handle_data(ud, s, n < DETECT ? n : DETECT);
	uchardet_data_end(ud);
	set_name(name, uchardet_get_charset(ud), strlen(uchardet_get_charset(ud)));
	uchardet_delete(ud);
	if (name[0] != '\0' && strcmp(name, "ascii") != 0 && !charset_is_utf8(name))
		strcpy(out, name);
}

/* Tries the names in turn; the first without a wrong byte wins, else the one with
 * the fewest. */
static void
best_of(struct feed_text *t, const char *s, size_t n, char names[][32], int count)
{
	long best = -1, bad;
	int which = -1;

	for (int i = 0; i < count; i++) {
		if (names[i][0] == '\0' || charset_is_utf8(names[i]))
			continue;
		bad = convert(&t->own, names[i], s, n);
		if (bad < 0)
			t->wrong = true;
		if (bad >= 0 && (best < 0 || bad < best)) {
			best = bad;
			which = i;
		}
		if (bad == 0)
			break;
	}
	if (best != 0 && which >= 0)
		convert(&t->own, names[which], s, n);
	if (best != 0)
		t->wrong = true;
	if (which >= 0)
		adopt(t, names[which]);
}

static bool
seven_bit(const char *name)
{
	return strncmp(charset_meaning(name), "iso-2022", 8) == 0;
}

/* ASCII is what it was declared to be, if there is such an encoding. */
static void
keep_declared(struct feed_text *t, char names[][32], bool ascii)
{
	const char *name = names[0][0] != '\0' ? names[0] : names[1];
	iconv_t cd;

	if (name[0] == '\0' || charset_is_utf8(name))
		return;
	cd = charset_usable(charset_meaning(name))
		 ? iconv_open("UTF-8", charset_meaning(name))
		 : (iconv_t)-1;
	if (cd == (iconv_t)-1) {
		t->wrong = true;
		return;
	}
	iconv_close(cd);
	if (ascii)
		strcpy(t->encoding, charset_common(name));
}

/* Media types of the form text/xml, which RFC 3023 reads as US-ASCII where they say
 * no charset; RFC 7303 no longer does, and neither do we where it matters. */
static bool
ascii_by_type(const char *type)
{
	size_t n;

	if (type == NULL || strncasecmp(type, "text/", 5) != 0)
		return false;
	n = strcspn(type, "; \t,");
	return (n >= 8 && strncasecmp(type + 5, "xml", 3) == 0) ||
	       (n > 9 && strncasecmp(type + n - 4, "+xml", 4) == 0);
}

/* Forgets what the first byte and the others disprove: a document that begins with
 * an ASCII < or { is in no wide units and no EBCDIC, whatever is declared, and US-ASCII
 * has no other bytes.  To believe it would hide the whole document. */
static void
forget_false(struct feed_text *t, const char *s, size_t n, char names[][32])
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r'))
		i++;
	for (int k = 0; k < 2; k++) {
		if (names[k][0] == '\0' || charset_is_utf8(names[k]))
			continue;
		if ((i == n || memchr("<{[", s[i], 3) == NULL ||
			reads_as(names[k], s[i], s[i])) &&
		    !charset_is_ascii(names[k]))
			continue;
		names[k][0] = '\0';
		t->wrong = true;
	}
}

/* Which EBCDIC: the one that is declared, if it is one. */
static void
ebcdic_name(const char *s, size_t n, const char *content_type, char out[32])
{
	struct buf head = {0};
	char names[2][32];

	strcpy(out, "ibm037");
	put_iconv(&head, out, s, n < PROLOG ? n : PROLOG);
	header_charset(content_type, names[0]);
	own_charset(head.data, head.len, names[1]);
	buf_free(&head);
	for (int k = 1; k >= 0; k--)
		if (names[k][0] != '\0' && reads_as(names[k], 0x4c, '<'))
			strcpy(out, names[k]);
}

/* A few broken bytes in what is UTF-8 otherwise: a damaged or a wicked document, which
 * must not become unreadable as a whole.  Where a third of all that is not ASCII is no
 * UTF-8, it was none.  A mark of UTF-8 in front of it counts as long as no charset is
 * declared and something is UTF-8: some programs put it before all that they serve. */
static bool
is_damaged_utf8(const struct look *l, bool marked, char names[][32])
{
	for (int i = 0; i < 2; i++)
		if (names[i][0] != '\0' && !charset_is_utf8(names[i]))
			marked = false;
	return (marked && (l->good > 0 || l->alien < DETECT_MIN)) ||
	       l->good > 2 * l->alien;
}

void
feed_text_read(
    struct feed_text *t, const void *body, size_t n, const char *content_type)
{
	const char *s = body, *fixed;
	char names[3][32];
	struct look l;
	size_t skip = 0;

	memset(t, 0, sizeof(*t));
	fixed = by_first_bytes(body, n, &skip);
	s += skip;
	n -= skip;
	if (fixed != NULL && !charset_is_utf8(fixed)) {
		snprintf(names[0], sizeof(names[0]), "%s", fixed);
		if (strcmp(fixed, "ibm037") == 0)
			ebcdic_name(s, n, content_type, names[0]);
		t->wrong = convert(&t->own, names[0], s, n) != 0;
		adopt(t, names[0]);
		return;
	}
	header_charset(content_type, names[0]);
	own_charset(s, n, names[1]);
	look_at(s, n, &l);
	if (l.bad == 0 && !seven_bit(names[0]) && !seven_bit(names[1])) {
		take_utf8(t, s, n, &l);
		if (fixed == NULL)
			keep_declared(t, names, l.good == 0);
		if (fixed == NULL && names[0][0] == '\0' &&
		    ascii_by_type(content_type)) {
			t->not_ascii = l.good > 0;
			if (l.good == 0)
				strcpy(t->encoding, "us-ascii");
		}
		return;
	}
	if (l.bad > 0 && is_damaged_utf8(&l, fixed != NULL, names)) {
		take_utf8(t, s, n, &l);
		return;
	}
	forget_false(t, s, n, names);
	detect(s, n, &l, names[2]);
	/* XML without a declaration is UTF-8; this is not. */
	if (charset_is_utf8(names[0]) || charset_is_utf8(names[1]) ||
	    (names[0][0] == '\0' && names[1][0] == '\0'))
		t->wrong = true;
	best_of(t, s, n, names, 3);
	if (t->p == NULL)
		take_utf8(t, s, n, &l);
}

void
feed_text_free(struct feed_text *t)
{
	buf_free(&t->own);
	memset(t, 0, sizeof(*t));
}
