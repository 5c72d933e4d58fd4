/* SPDX-License-Identifier: Apache-2.0 */
/* html_sheet: rules and the tags that they mean; see html_sheet.h. */
#include "feed/html_sheet.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define PARTS_MAX 3 /* classes may be long, and each is looked for in them */
#define NAME_CHARS                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789-_"

static bool
is_blank(char c)
{
	return (uint8_t)c <= ' ';
}

/* A later rule for the same replaces an earlier one. */
static void
add_rule(struct html_sheet *sheet, const char *what, const struct html_style *inner,
    const struct html_style *block)
{
	size_t i = 0;

	while (i < sheet->n && strcmp(sheet->v[i].what, what) != 0)
		i++;
	if (i == HTML_SHEET_RULES)
		return;
	if (i == sheet->n) {
		if (inner->covers == 0 && block->covers == 0)
			return;
		strcpy(sheet->v[sheet->n++].what, what);
	}
	sheet->v[i].inner = *inner;
	sheet->v[i].block = *block;
}

/* One selector of a list: of one element, without conditions. */
static void
add_selector(struct html_sheet *sheet, const char *s, size_t n,
    const struct html_style *inner, const struct html_style *block)
{
	char what[HTML_SHEET_NAME];
	size_t parts = 0;

	for (; n > 0 && is_blank(*s); s++)
		n--;
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	if (n == 0 || n >= sizeof(what))
		return;
	memcpy(what, s, n);
	what[n] = '\0';
	for (size_t i = 0; i < n; i++)
		parts += what[i] == '.' || what[i] == '#';
	if (strspn(what, NAME_CHARS ".#") == n && parts <= PARTS_MAX)
		add_rule(sheet, what, inner, block);
}

static void
read_rule(struct html_sheet *sheet, const char *s, size_t n, const char *body,
    size_t nbody, bool always)
{
	struct html_style inner = {0}, block = {0};
	const char *end = s + n;

	html_style_read(body, nbody, false, &inner);
	html_style_read(body, nbody, true, &block);
	sheet->tried |= inner.tried;
	while (always && s < end) {
		const char *comma = memchr(s, ',', (size_t)(end - s));

		if (comma == NULL)
			comma = end;
		add_selector(sheet, s, (size_t)(comma - s), &inner, &block);
		s = comma + 1;
	}
}

/* Behind a comment that begins at s, or s. */
static const char *
skip_comment(const char *s, const char *end)
{
	if (end - s < 4 || s[0] != '/' || s[1] != '*')
		return s;
	for (s += 2; s + 1 < end; s++)
		if (s[0] == '*' && s[1] == '/')
			return s + 2;
	return end;
}

void
html_sheet_read(struct html_sheet *sheet, const char *s, size_t n)
{
	const char *end = s + n, *from = s, *close;
	unsigned within = 0; /* conditions */

	while (s < end) {
		if (*s == '/' && skip_comment(s, end) != s) {
			bool first = from == s;

			s = skip_comment(s, end);
			from = first ? s : from;
			continue;
		}
		if (from == s && is_blank(*s)) {
			from = ++s;
		} else if (*s == '{' && *from == '@') {
			within++;
			from = ++s;
		} else if (*s == '{') {
			close = memchr(s, '}', (size_t)(end - s));
			if (close == NULL)
				close = end;
			read_rule(sheet, from, (size_t)(s - from), s + 1,
			    close > s ? (size_t)(close - s - 1) : 0, within == 0);
			from = s = close < end ? close + 1 : end;
		} else if (*s == '}' || *s == ';') {
			within -= *s == '}' && within > 0;
			from = ++s;
		} else {
			s++;
		}
	}
}

/* --- the tags --- */

static bool
has_word(const struct markup_str *v, const char *word, size_t n)
{
	const char *p, *s, *end;

	if (v == NULL || v->p == NULL)
		return false;
	end = v->p + v->n;
	for (s = v->p; s < end; s = p + 1) {
		for (p = s; p < end && !is_blank(*p); p++)
			;
		if ((size_t)(p - s) == n && memcmp(s, word, n) == 0)
			return true;
	}
	return false;
}

static bool
means(const char *what, const struct markup_str *name, const struct markup_str *class,
    const struct markup_str *id)
{
	while (*what != '\0') {
		char kind = *what == '.' || *what == '#' ? *what++ : 't';
		size_t n = strcspn(what, ".#");

		if (kind == 't' && (n != name->n || strncasecmp(what, name->p, n) != 0))
			return false;
		if (kind != 't' && !has_word(kind == '.' ? class : id, what, n))
			return false;
		what += n;
	}
	return true;
}

void
html_sheet_apply(const struct html_sheet *sheet, const struct markup_str *name,
    const struct markup_str *class, const struct markup_str *id, bool block,
    struct html_style *out)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct html_sheet_rule *r = &sheet->v[i];
		const struct html_style *st = block ? &r->block : &r->inner;

		if (!means(r->what, name, class, id))
			continue;
		out->covers |= st->covers;
		out->shows |= st->shows;
	}
}
