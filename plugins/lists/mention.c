/* SPDX-License-Identifier: Apache-2.0 */
/* mention: addresses in texts; see mention.h. */
#include "mention.h"

#include <stdint.h>
#include <string.h>

#include "kit/mem.h"

/* What ends an address wherever it stands. */
static bool
ends(uint32_t cp)
{
	if (cp < 0x80)
		return cp <= 0x20 || cp == 0x7f ||
		       strchr("<>\"`{}|\\^", (int)cp) != NULL;
	return cp == 0xa0 || cp == 0xab || cp == 0xbb ||
	       (cp >= 0x2000 && cp <= 0x200a) || (cp >= 0x2018 && cp <= 0x201f) ||
	       cp == 0x2026 || cp == 0x2028 || cp == 0x2029 || cp == 0x202f ||
	       (cp >= 0x3000 && cp <= 0x301f) || cp == 0xff01 || cp == 0xff08 ||
	       cp == 0xff09 || cp == 0xff0c || cp == 0xff1a || cp == 0xff1b ||
	       cp == 0xff1f;
}

/* Part of a name: letters of any script, digits, '-', '_' and '.'. */
static bool
of_name(uint32_t cp)
{
	return cp >= 0x80 || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
	       (cp >= '0' && cp <= '9') || cp == '-' || cp == '_' || cp == '.';
}

/* The character at s[i], and where the next one begins. */
static uint32_t
next(const char *s, size_t n, size_t i, size_t *after)
{
	uint32_t cp = (uint8_t)s[i];
	int k = cp < 0x80 ? 1 : mem_utf8(s + i, n - i, &cp);

	*after = i + (k > 0 ? (size_t)k : 1);
	return cp;
}

/* Brackets of a kind that are open at the end of s[from..to), below 0: closed too
 * often. */
static long
balance(const char *s, size_t from, size_t to, char open, char close)
{
	long n = 0;

	for (size_t i = from; i < to; i++)
		n += (s[i] == open) - (s[i] == close);
	return n;
}

/* Without what a sentence puts behind an address. */
static size_t
trim(const char *s, size_t from, size_t to)
{
	long round = balance(s, from, to, '(', ')');
	long square = balance(s, from, to, '[', ']');

	while (to > from) {
		char c = s[to - 1];

		if (c == ')' && round < 0)
			round++;
		else if (c == ']' && square < 0)
			square++;
		else if (strchr(".,;:!?'*_~(", c) == NULL)
			break;
		to--;
	}
	return to;
}

/* Where the scheme before "://" at `colon' begins; `colon' if it is none of ours. */
static size_t
scheme_at(const char *s, size_t from, size_t colon)
{
	static const char *const v[] = {"https", "http", "hxxps", "hxxp"};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
		size_t n = strlen(v[k]), i = 0;

		if (colon - from < n)
			continue;
		while (i < n && (s[colon - n + i] | 0x20) == v[k][i])
			i++;
		if (i == n)
			return colon - n;
	}
	return colon;
}

/* Whether s[from..to) can be a name: a dot inside, and letters at the end. */
static bool
is_name(const char *s, size_t from, size_t to)
{
	size_t last = to, digits = 0, dots = 0;

	while (last > from && s[last - 1] != '.')
		last--;
	if (last <= from + 1 || to - last < 2)
		goto address;
	if ((uint8_t)s[last] >= 0x80 || (s[last] | 0x20) >= 'a')
		return true;
address: /* or four numbers */
	for (size_t i = from; i < to; i++) {
		dots += s[i] == '.';
		digits += s[i] >= '0' && s[i] <= '9';
	}
	return dots == 3 && digits + dots == to - from && digits >= 4;
}

/* The next name in s[*at..to), which is within a word that ends at `end'. */
static bool
name_in(const char *s, size_t *at, size_t to, size_t end, struct mention *out)
{
	size_t i = *at, after, first, last;

	while (i < to) {
		size_t from = i;

		if (!of_name(next(s, to, i, &after))) {
			i = after;
			continue;
		}
		for (first = i; i < to && of_name(next(s, to, i, &after));)
			i = after;
		for (last = i; last > first && s[last - 1] == '.';)
			last--;
		while (first < last && s[first] == '.')
			first++;
		if ((i < to && s[i] == '@') || (from > 0 && s[from - 1] == '@') ||
		    !is_name(s, first, last))
			continue;
		if (last == i && i < to && strchr("/?:#", s[i]) != NULL) {
			size_t whole = trim(s, first, end);

			last = whole > last ? whole : last;
		}
		*out = (struct mention){first, last, false};
		*at = last > i ? last : i;
		return true;
	}
	*at = to;
	return false;
}

static void
find_mark(const char *s, struct mention_at *w)
{
	const char *mark = memmem(s + w->at, w->end - w->at, "://", 3);

	w->mark = mark != NULL ? (size_t)(mark - s) : w->end;
	w->begin = mark != NULL ? scheme_at(s, w->at, w->mark) : w->end;
}

/* Goes on to the next word that has a dot or a colon. */
static bool
next_word(const char *s, size_t n, struct mention_at *w)
{
	size_t i = w->end, after;

	while (i < n) {
		bool dot = false;

		w->at = i;
		for (; i < n && !ends(next(s, n, i, &after)); i = after)
			dot = dot || s[i] == '.' || s[i] == ':';
		w->end = i;
		if (dot) {
			find_mark(s, w);
			return true;
		}
		if (i < n)
			i = after;
	}
	w->at = w->end = n;
	return false;
}

bool
mention_next(const char *text, size_t n, struct mention_at *w, struct mention *out)
{
	for (;;) {
		if (w->at >= w->end && !next_word(text, n, w))
			return false;
		if (w->at < w->begin && name_in(text, &w->at, w->begin, w->end, out))
			return true;
		if (w->mark >= w->end || w->at > w->mark) {
			w->at = w->end;
		} else if (w->begin < w->mark) {
			*out = (struct mention){
			    w->begin, trim(text, w->begin, w->end), true};
			w->at = w->end;
			if (out->end > w->mark + 3)
				return true;
		} else {
			w->at = w->mark + 3; /* of another scheme */
			find_mark(text, w);
		}
	}
}
