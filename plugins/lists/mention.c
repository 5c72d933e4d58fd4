/* SPDX-License-Identifier: Apache-2.0 */
/* mention: addresses in texts; see mention.h. */
#include "mention.h"

#include <stdint.h>
#include <string.h>

#include "host.h"
#include "kit/mem.h"
#include "script.h"

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
	       (cp >= 0x3000 && cp <= 0x301f && cp != 0x3002) || cp == 0xff01 ||
	       cp == 0xff08 || cp == 0xff09 || cp == 0xff0c || cp == 0xff1a ||
	       cp == 0xff1b || cp == 0xff1f;
}

/* A dot in a name, in the ways in which Chinese and Japanese are typed too; most of
 * those end sentences. */
static bool
is_dot(uint32_t cp)
{
	return cp == '.' || cp == 0x3002 || cp == 0xff0e || cp == 0xff61;
}

/* Part of a name: letters of any script, digits, '-', '_' and '.'. */
static bool
of_name(uint32_t cp)
{
	return cp >= 0x80 || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
	       (cp >= '0' && cp <= '9') || cp == '-' || cp == '_' || cp == '.';
}

/* The character at s[i], and where the next one begins.  A dot that was made harmless,
 * "[.]", is one. */
static uint32_t
next(const char *s, size_t n, size_t i, size_t *after)
{
	uint32_t cp = (uint8_t)s[i];
	int k = cp < 0x80 ? 1 : mem_utf8(s + i, n - i, &cp);
	size_t dot = host_dot(s + i, n - i);

	if (dot > 0) {
		*after = i + dot;
		return '.';
	}

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

/* Without dots around. */
static void
strip(const char *s, size_t *from, size_t *to)
{
	size_t i = *from, end = *from, after;
	bool begun = false;

	for (; i < *to; i = after) {
		if (is_dot(next(s, *to, i, &after)))
			continue;
		if (!begun)
			*from = i;
		begun = true;
		end = after;
	}
	*to = end;
}

/* Whether s[from..to) can be a name: a dot inside, and letters at the end. */
static bool
is_name(const char *s, size_t from, size_t to)
{
	size_t last = from, digits = 0, dots = 0, others = 0, after;

	for (size_t i = from; i < to; i = after) {
		uint32_t cp = next(s, to, i, &after);

		if (is_dot(cp))
			last = after;
		dots += is_dot(cp);
		digits += cp >= '0' && cp <= '9';
		others += !is_dot(cp) && (cp < '0' || cp > '9');
	}
	if (last > from && to - last >= 2 &&
	    ((uint8_t)s[last] >= 0x80 || (s[last] | 0x20) >= 'a'))
		return true;
	/* or four numbers */
	return dots == 3 && others == 0 && digits >= 4;
}

/* --- one address, read in several ways --- */

/* Where the first character is that is not ASCII. */
static size_t
ascii_end(const char *s, size_t from, size_t to)
{
	while (from < to && (uint8_t)s[from] < 0x80)
		from++;
	return from;
}

/* Where the first one is that is in no name, and not ASCII. */
static size_t
sign_at(const char *s, size_t from, size_t to)
{
	size_t after;

	for (; from < to; from = after) {
		uint32_t cp = next(s, to, from, &after);

		if (cp >= 0x80 && !is_dot(cp) && script_of(cp) == SCRIPT_NONE)
			return from;
	}
	return to;
}

/* An address at [start, end) whose host is [host, host_end): told as it is, and once
 * more for each other way of reading it. */
static void
tell(const char *s, struct mention_at *w, struct mention m, size_t host,
    size_t host_end, struct mention *out)
{
	*out = m;
	w->again = (struct mention_again){.m = m};
	if (ascii_end(s, host, m.end) == m.end)
		return;
	w->again.ways = MENTION_WAYS;
	w->again.host = w->again.at = host;
	w->again.host_end = host_end;
	w->again.ascii = trim(s, m.start, ascii_end(s, host_end, m.end));
	w->again.sign = trim(s, m.start, sign_at(s, host_end, m.end));
}

/* Whether the marks at s[i] belong to a name of this script: it goes on behind them.
 * *end: where that is. */
static bool
goes_on(const char *s, size_t i, size_t to, uint32_t script, size_t *end)
{
	uint32_t is = SCRIPT_MARK, cp = 0;
	size_t after;

	for (; i < to; i = after) {
		cp = next(s, to, i, &after);
		is = script_of(cp);
		if (is != SCRIPT_MARK)
			break;
	}
	*end = i;
	return is == SCRIPT_COMMON || is == script || (is != SCRIPT_MARK && is_dot(cp));
}

/* What the label so far says of a character behind it. */
struct label {
	uint32_t script; /* SCRIPT_COMMON: none yet */
	bool digits;	 /* ASCII ones alone */
};

/* Whether another name begins there: another script; and, where words stand without
 * blanks between, a number too (163.com). */
static bool
parts(struct label *l, uint32_t cp, uint32_t is)
{
	bool digit = cp >= '0' && cp <= '9';

	if (is == SCRIPT_COMMON && (!digit || l->script != SCRIPT_CJK)) {
		l->digits = digit && (l->digits || l->script == SCRIPT_COMMON);
		return false;
	}
	if (is == SCRIPT_COMMON || (is == SCRIPT_CJK && l->digits) ||
	    (l->script != SCRIPT_COMMON && l->script != is))
		return true;
	*l = (struct label){is, false};
	return false;
}

/* The next part of [*at, to) that is of one piece, between dots of one script where
 * `scripts', and without ideographic dots where `full'. */
static void
next_piece(const char *s, size_t *at, size_t to, bool scripts, bool full, size_t *from,
    size_t *end)
{
	struct label label = {SCRIPT_COMMON, false};
	size_t i = *at, after;

	*from = i;
	for (; i < to; i = after) {
		uint32_t cp = next(s, to, i, &after), is = script_of(cp);
		bool dot = is_dot(cp);

		if (dot ? cp != '.' && full
			: is == SCRIPT_NONE ||
			      (is == SCRIPT_MARK &&
				  !goes_on(s, i, to, label.script, &after))) {
			*end = i;
			*at = after;
			return;
		}
		if (dot) {
			label = (struct label){SCRIPT_COMMON, false};
		} else if (is != SCRIPT_MARK && parts(&label, cp, is) && scripts) {
			*end = *at = i;
			return;
		}
	}
	*end = *at = to;
}

/* The next other way of reading the address that was told last.  The first two are by
 * where it ends, the others by what is the host. */
static bool
again(const char *s, struct mention_at *w, struct mention *out)
{
	struct mention_again *a = &w->again;

	while (a->ways > 3) {
		a->ways--;
		*out = a->m;
		out->end = a->ways == 4 ? a->ascii : a->sign;
		if (out->end < a->m.end && out->end > a->host)
			return true;
	}
	while (a->ways > 0) {
		size_t from, end;

		if (a->at >= a->host_end) {
			a->ways--;
			a->at = a->host;
			continue;
		}
		next_piece(
		    s, &a->at, a->host_end, a->ways > 1, a->ways == 2, &from, &end);
		strip(s, &from, &end);
		if (!is_name(s, from, end) || (from == a->host && end == a->host_end))
			continue;
		*out = (struct mention){from, end, false};
		if (end == a->host_end && a->m.end > end)
			out->end = a->sign > end ? a->sign : a->m.end;
		return true;
	}
	return false;
}

static void
find_mark(const char *s, struct mention_at *w)
{
	const char *mark = memmem(s + w->at, w->end - w->at, "://", 3);

	w->mark = mark != NULL ? (size_t)(mark - s) : w->end;
	w->begin = mark != NULL ? scheme_at(s, w->at, w->mark) : w->end;
}

/* Where an address at `from' ends that may have any character.  Where one was told, the
 * rest of its word is looked at once more behind the first sign, and from there on
 * signs end addresses, or each would reach over all that follow. */
static size_t
reach(const char *s, const struct mention_at *w, size_t from)
{
	return w->cut ? sign_at(s, from, w->end) : w->end;
}

/* An address was told that ends at `end', and its host at `from'. */
static void
go_behind(const char *s, struct mention_at *w, size_t from, size_t end)
{
	w->at = sign_at(s, from, end);
	if (w->at >= end)
		return;
	w->cut = true;
	find_mark(s, w);
}

/* The next name in s[w->at..to). */
static bool
name_in(const char *s, struct mention_at *w, size_t to, struct mention *out)
{
	size_t i = w->at, after, first, last;

	while (i < to) {
		struct mention m;
		bool name;

		if (!of_name(next(s, to, i, &after))) {
			i = after;
			continue;
		}
		for (first = i; i < to && of_name(next(s, to, i, &after));)
			i = after;
		last = i;
		strip(s, &first, &last);
		name = is_name(s, first, last);
		/* In front of an at sign stands somebody's name, behind it that of a
		 * host. */
		if ((i < to && s[i] == '@') ||
		    (!name && ascii_end(s, first, last) == last))
			continue;
		m = (struct mention){first, last, false};
		if (name && last == i && i < to && strchr("/?:#", s[i]) != NULL) {
			size_t whole = trim(s, first, reach(s, w, first));

			m.end = whole > last ? whole : last;
		}
		w->at = i;
		if (m.end > i)
			go_behind(s, w, i, m.end);
		tell(s, w, m, first, last, out);
		if (name || again(s, w, out))
			return true;
		i = w->at;
	}
	w->at = to;
	return false;
}

/* Goes on to the next word that has a dot or a colon. */
static bool
next_word(const char *s, size_t n, struct mention_at *w)
{
	size_t i = w->end, after;

	while (i < n) {
		bool dot = false;

		w->at = i;
		w->cut = false;
		for (; i < n; i = after) {
			uint32_t cp = next(s, n, i, &after);

			if (ends(cp))
				break;
			dot = dot || is_dot(cp) || cp == ':';
		}
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

/* The host of an address with a scheme: behind whose name it is given, and before a
 * port. */
static void
tell_scheme(const char *s, struct mention_at *w, struct mention m, struct mention *out)
{
	size_t host = w->mark + 3, end = host, after;

	for (; end < m.end && strchr("/\\?#", s[end]) == NULL; end++)
		if (s[end] == '@')
			host = end + 1;
	for (end = host; end < m.end && of_name(next(s, m.end, end, &after));)
		end = after;
	tell(s, w, m, host, end, out);
	go_behind(s, w, host, w->end);
}

bool
mention_next(const char *text, size_t n, struct mention_at *w, struct mention *out)
{
	struct mention m;

	if (again(text, w, out))
		return true;
	for (;;) {
		if (w->at >= w->end && !next_word(text, n, w))
			return false;
		if (w->at < w->begin && name_in(text, w, w->begin, out))
			return true;
		if (w->mark >= w->end || w->at > w->mark) {
			w->at = w->end;
		} else if (w->begin < w->mark) {
			m = (struct mention){w->begin,
			    trim(text, w->begin, reach(text, w, w->begin)), true};
			if (m.end > w->mark + 3) {
				tell_scheme(text, w, m, out);
				return true;
			}
			w->at = w->end;
		} else {
			w->at = w->mark + 3; /* of another scheme */
			find_mark(text, w);
		}
	}
}
