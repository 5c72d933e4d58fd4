/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_class: a class of characters in the form that texts are searched in: each
 * member becomes what it is there, also those within a range.  What becomes several
 * letters stands beside the class.
 */
#include <string.h>

#include "kit/glyph.h"
#include "regex_in.h"

#define RANGE_MAX 512 /* a longer one says "any other character", and stays */
#define REGIONAL 0x1f1e6

struct members {
	struct sb in;	  /* members */
	struct sb rows;	  /* "|ss|ae" */
	uint64_t had[2];  /* ASCII members that came of others */
	bool negated;	  /* it says what is not meant */
	uint32_t dropped; /* a character that texts do not have; 0: none */
};

/* "[:alpha:]" and the like; 0: no such. */
static size_t
posix(const char *s)
{
	size_t n = 2;

	if (s[0] != '[' || s[1] != ':')
		return 0;
	n += s[n] == '^';
	n += strspn(s + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return s[n] == ':' && s[n + 1] == ']' ? n + 2 : 0;
}

size_t
regex_class_end(const char *s)
{
	size_t i = 1, n;
	uint32_t cp;

	i += s[i] == '^';
	i += s[i] == ']';
	for (; s[i] != '\0' && s[i] != ']'; i += n) {
		n = posix(s + i);
		if (n == 0)
			n = s[i] == '\\' ? regex_escape(s + i, &cp) : 1;
	}
	return s[i] == ']' ? i + 1 : 0;
}

/* The member at s: its bytes, and the character that it is; *cp 0: several. */
static size_t
member(const char *s, uint32_t *cp)
{
	size_t n = posix(s);

	*cp = 0;
	if (n > 0)
		return n;
	if (*s == '\\') {
		n = regex_escape(s, cp);
		/* Of ASCII: those that are one character. */
		if (*cp == 0 && n == 2 && strchr("tnrfea", s[1]) == NULL &&
		    !(s[1] >= '0' && s[1] <= '9') &&
		    !((s[1] | 32) >= 'a' && (s[1] | 32) <= 'z'))
			*cp = (uint8_t)s[1];
		return n;
	}
	n = (size_t)mem_utf8(s, strlen(s), cp);
	return n > 0 ? n : 1;
}

static void
add_row(struct members *c, const char *as)
{
	struct sb row = {0};
	char *at;

	sb_puts(&row, "|");
	regex_put_plain(&row, as);
	at = c->rows.data != NULL ? strstr(c->rows.data, row.data) : NULL;
	if (at == NULL || (at[row.len] != '|' && at[row.len] != '\0'))
		sb_puts(&c->rows, row.data);
	sb_free(&row);
}

/* One character that is not ASCII. */
static void
add_char(struct members *c, uint32_t cp)
{
	enum glyph_kind kind = GLYPH_SELF;
	char as[40];

	if (cp < REGIONAL || cp >= REGIONAL + 26)
		kind = glyph_of(cp, as);
	/* A text may be searched as written, too. */
	if (c->negated && kind == GLYPH_TEXT)
		regex_put_char(&c->in, cp);
	if (kind == GLYPH_NONE) {
		c->dropped = cp;
	} else if (kind != GLYPH_TEXT) {
		regex_put_char(&c->in, cp);
	} else if (regex_chars(as) > 1) {
		add_row(c, as);
	} else {
		uint64_t bit = (uint64_t)1 << (as[0] & 63);
		uint64_t *had = &c->had[(as[0] & 127) >> 6];

		if ((uint8_t)as[0] < 0x80 && (*had & bit) != 0)
			return;
		if ((uint8_t)as[0] < 0x80)
			*had |= bit;
		regex_put_plain(&c->in, as);
	}
}

/* Members of a range that are themselves stay a range. */
static void
add_range(struct members *c, uint32_t from, uint32_t to)
{
	uint32_t self = 0; /* where a row of those begins */
	char as[40];

	if (to - from >= RANGE_MAX) {
		sb_printf(&c->in, "\\x{%x}-\\x{%x}", from, to);
		return;
	}
	for (uint32_t cp = from; cp <= to + 1; cp++) {
		enum glyph_kind kind = cp <= to ? glyph_of(cp, as) : GLYPH_NONE;

		if (kind == GLYPH_SELF || kind == GLYPH_ALIKE ||
		    (cp >= REGIONAL && cp < REGIONAL + 26 && cp <= to)) {
			self = self == 0 ? cp : self;
			continue;
		}
		if (self != 0) {
			regex_put_char(&c->in, self);
			if (cp - 1 > self) {
				sb_puts(&c->in, "-");
				regex_put_char(&c->in, cp - 1);
			}
			self = 0;
		}
		if (cp <= to)
			add_char(c, cp);
	}
}

/* The members at s, which may be a range; their bytes. */
static size_t
add_members(struct members *c, const char *s)
{
	uint32_t from, to = 0;
	size_t n = member(s, &from), more = 0;

	if (from != 0 && s[n] == '-' && s[n + 1] != ']' && s[n + 1] != '\0')
		more = 1 + member(s + n + 1, &to);
	if (more > 0 && to >= 0x80 && to >= from) {
		if (from < 0x80) {
			sb_put(&c->in, s, n);
			sb_puts(&c->in, "-\\x{7f}");
			from = 0x80;
		}
		add_range(c, from, to);
		return n + more;
	}
	if (more > 0 && to != 0 && to < (from < 0x80 ? 0x80 : from)) {
		sb_put(&c->in, s, n + more);
		return n + more;
	}
	if (from >= 0x80)
		add_char(c, from);
	else if (n == 1 && strchr("-[]^", *s) != NULL)
		sb_printf(&c->in, "\\%c", *s);
	else
		sb_put(&c->in, s, n);
	return n;
}

static bool
has_more(const char *s, size_t n)
{
	uint32_t cp;

	for (size_t i = 1, len; i < n; i += len) {
		len = member(s + i, &cp);
		if (cp >= 0x80)
			return true;
	}
	return false;
}

static int
put_class(const struct members *c, struct sb *out, struct why *w)
{
	const char *in = c->in.data != NULL ? c->in.data : "";

	if (c->negated) {
		/* No text has what is left out of it. */
		sb_printf(out, c->in.len > 0 ? "[^%s]" : "[\\s\\S]", in);
		return 0;
	}
	if (c->rows.len == 0 && c->in.len == 0)
		return regex_never(w, c->dropped);
	if (c->rows.len == 0)
		sb_printf(out, "[%s]", in);
	else if (c->in.len > 0)
		sb_printf(out, "(?:[%s]%s)", in, c->rows.data);
	else
		sb_printf(out, "(?:%s)", c->rows.data + 1);
	return 0;
}

int
regex_class(const char *s, struct sb *out, size_t *taken, struct why *w)
{
	struct members c = {.negated = s[1] == '^'};
	int rc;

	*taken = regex_class_end(s);
	/* PCRE2 says that it has no end. */
	if (*taken == 0 || !has_more(s, *taken)) {
		*taken = *taken > 0 ? *taken : strlen(s);
		sb_put(out, s, *taken);
		return 0;
	}
	for (size_t i = 1 + c.negated; i + 1 < *taken;)
		i += add_members(&c, s + i);
	rc = put_class(&c, out, w);
	sb_free(&c.in);
	sb_free(&c.rows);
	return rc;
}
