/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: readers for the families of date forms, tried from strict to loose; see
 * date.h.  Each works on a lower-case copy of at most DATE_MAX bytes.
 */
#include "feed/date.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "feed/date_parts.h"

#define DATE_MAX 128

/* --- everything that people write --- */

static size_t
word_len(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || (uint8_t)s[n] >= 0x80 ||
	       (n > 0 && (s[n] == '.' ||
			     (s[n] == '-' && s[n + 1] >= 'a' && s[n + 1] <= 'z'))))
		n++;
	return n;
}

/* One word.  Copies it without a final dot, sets what it means. */
static enum date_word
read_word(const char **s, int *value)
{
	char word[48];
	size_t n = word_len(*s), len = n;
	const char *dash;
	enum date_word kind;

	*value = 0;
	if (n == 0 || n >= sizeof(word))
		return DATE_UNKNOWN;
	while (len > 0 && (*s)[len - 1] == '.')
		len--;
	memcpy(word, *s, len);
	word[len] = '\0';
	kind = date_word(word, value);
	/* nov-94 and the like come here without the number; may-be: one half */
	dash = memchr(word, '-', len);
	if (kind == DATE_UNKNOWN && dash != NULL) {
		n = dash - word;
		word[n] = '\0';
		kind = date_word(word, value);
	}
	*s += n;
	return kind;
}

static bool
set_month(struct date_parts *w, int month)
{
	/* 12 was taken for a month before, but "12 dec" makes it a day. */
	if (w->month != DATE_UNSET)
		return false;
	w->month = month;
	w->named = true;
	return true;
}

/* A named zone of n letters, and GMT-01:01 or EST -0500. */
static bool
take_zone(const char **s, struct date_parts *w, int minutes, size_t n)
{
	const char *p = *s;

	if (w->zoned) /* -0500 EST */
		return true;
	/* "at 5 pm" is no Atlantic time; 2018-08-21 CEST 14:05 is one of Berlin. */
	if (w->hour == DATE_UNSET && *p != '\0' && (n < 3 || w->year == DATE_UNSET))
		return true;
	while (*p == ' ')
		p++;
	if (date_offset(&p, w)) {
		*s = p;
	} else {
		w->zone = minutes;
		w->zoned = true;
	}
	return true;
}

/* pm, p.m., p. m.; behind a digit also p.  Sets 1 for pm, 0 for am. */
static bool
read_noon(const char **s, bool behind_digit, int *pm)
{
	const char *p = *s;

	if (*p != 'a' && *p != 'p')
		return false;
	*pm = *p++ == 'p';
	if (*p == '.')
		for (p++; *p == ' '; p++)
			;
	if (*p == 'm')
		p++;
	else if (!behind_digit || p != *s + 1)
		return false;
	if (*p == '.')
		p++;
	if (word_len(p) > 0)
		return false;
	*s = p;
	return true;
}

/* "am" is also German for "on": it counts behind an hour only.  The words of Asia,
 * which stand before it, can be nothing else. */
static bool
take_noon(struct date_parts *w, int pm, bool asian)
{
	if (w->hour == DATE_UNSET && !asian)
		return pm == 0;
	w->pm = pm;
	return true;
}

/* Europe/Brussels, EST5EDT. */
static bool
take_place(const char **s, struct date_parts *w)
{
	size_t n = strcspn(*s, " ,;()[]");
	struct date_parts named = *w;

	if (n < 2 || !date_zone_find(*s, n, &named))
		return false;
	if (!w->zoned)
		*w = named;
	*s += n;
	return true;
}

/* At the start: the weekday in a language that we do not know, or a label. */
static bool
skip_first(const char **s)
{
	size_t n = strcspn(*s, ",:0123456789"), word = word_len(*s);

	if ((*s)[n] == ',' || (*s)[n] == ':')
		n++;
	else
		n = word > 0 && (*s)[word - 1] == '.' ? word : 0;
	*s += n;
	return word > 0 && n > 0 && n <= 32;
}

/* "E", "XYZT" behind a time: RFC 2822 section 4.3 reads what it does not know, and
 * single letters, as UTC. */
static bool
unknown_zone(const char *word, size_t n, const char *rest, struct date_parts *w)
{
	if (w->hour == DATE_UNSET || w->year == DATE_UNSET || w->zoned ||
	    *rest != '\0' || n > 5)
		return false;
	for (size_t i = 0; i < n; i++)
		if (word[i] < 'a' || word[i] > 'z')
			return false;
	w->zoned = true;
	return true;
}

static bool
take_word(const char **s, struct date_parts *w)
{
	const char *word = *s;
	size_t n = word_len(word);
	bool behind_digit =
	    w->hour != DATE_UNSET && !w->zoned && date_is_digit(word[-1]);
	int v;

	/* the t of 13t9:15 */
	if (**s == 't' && date_is_digit((*s)[1]) && w->day != DATE_UNSET) {
		(*s)++;
		return true;
	}
	if (date_skip(s, "etc/") || take_place(s, w) || date_zone_phrase(s, w))
		return true;
	if (read_noon(s, behind_digit, &v))
		return take_noon(w, v, false);
	switch (read_word(s, &v)) {
	case DATE_MONTH:
		return set_month(w, v);
	case DATE_WEEKDAY:
		w->weekday = v % 16;
		if (v >= 16)
			w->weekday_month = v / 16;
		return true;
	case DATE_ZONE:
		return take_zone(s, w, v, n);
	case DATE_AM:
		return take_noon(w, 0, (uint8_t)*word >= 0x80);
	case DATE_PM:
		return take_noon(w, 1, (uint8_t)*word >= 0x80);
	case DATE_FILLER: /* not the m of m30.04.01, an emperor, nor the a of +05:00a */
		return n > 1 || (!date_is_digit(word[1]) &&
				    !(w->zoned && date_is_digit(word[-1])));
	default:
		return n > 0 && unknown_zone(word, n, word + n, w);
	}
}

/* st, nd, rd, th, º and the dot behind a day. */
static void
day_suffix(const char **s)
{
	static const char *const suffixes[] = {
	    "st", "nd", "rd", "th", "er", "º", "ª", "."};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i]);

		if (strncmp(*s, suffixes[i], n) == 0 &&
		    (suffixes[i][0] == '.' || word_len(*s) == n)) {
			*s += n;
			return;
		}
	}
}

static bool
plain_number(const char **s, struct date_parts *w, int digits)
{
	int v;

	if (digits == 8 && w->year == DATE_UNSET && w->month == DATE_UNSET)
		return date_iso_basic(s, w, 8);
	if (digits > 4)
		return false;
	date_number(s, 4, &v);
	if (digits >= 3 || v > 31 || (digits == 2 && w->day != DATE_UNSET))
		return digits > 1 && date_set_year(w, v, digits);
	if (w->day != DATE_UNSET)
		return false;
	w->day = v;
	day_suffix(s);
	return true;
}

/* The minutes behind 14h, and 05m06s. */
static void
minutes_of_h(const char **s, struct date_parts *w)
{
	bool spaced = **s == ' ';
	int n = date_digits(*s + spaced);

	/* 14 h 30, but not 14 h 5 mai */
	if (n == 0 || n > 2 || (spaced && (n == 1 || w->day == DATE_UNSET)))
		return;
	*s += spaced;
	date_number(s, 2, &w->min);
	if (!date_skip(s, "min") && !date_skip(s, "m"))
		return;
	n = date_digits(*s);
	if (n == 1 || n == 2) {
		date_number(s, 2, &w->sec);
		date_skip(s, "s");
	}
}

/* 14h30, 14 Uhr, 3pm: a time that has no colon. */
static bool
odd_time(const char **s, struct date_parts *w, int digits)
{
	const char *p = *s + digits, *noon;
	int hour, pm;

	if (digits > 2 || w->hour != DATE_UNSET)
		return false;
	date_number(s, 2, &hour);
	if (*p == ' ')
		p++;
	noon = p;
	if ((*p == 'h' && word_len(p) == 1) || strncmp(p, "uhr", 3) == 0) {
		w->hour = hour;
		*s = p + (*p == 'h' ? 1 : 3);
		minutes_of_h(s, w);
		return true;
	}
	if (read_noon(&noon, false, &pm)) {
		w->hour = hour;
		return true;
	}
	*s -= digits;
	return false;
}

/* "09 -0700": an hour alone; "09:26:53 0200": an offset without its sign. */
static bool
bare_number(const char **s, struct date_parts *w, int digits)
{
	const char *p = *s + digits;
	int h, m = 0;

	if (w->day == DATE_UNSET || w->year == DATE_UNSET || w->month == DATE_UNSET)
		return false;
	if (w->hour == DATE_UNSET && digits == 2 && *p == ' ' &&
	    (p[1] == '+' || p[1] == '-') && date_digits(p + 2) == 4)
		return date_number(s, 2, &w->hour) == 2;
	if (w->hour == DATE_UNSET || w->zoned || (digits != 4 && digits != 2) ||
	    *p != '\0')
		return false;
	date_number(s, 2, &h);
	date_number(s, 2, &m);
	w->zone = h * 60 + m;
	w->zoned = true;
	return h <= 14 && m % 15 == 0;
}

static bool
take_number(const char **s, struct date_parts *w)
{
	int digits = date_digits(*s);
	char next = (*s)[digits];

	if (digits > 8)
		return false;
	if (date_numeric(s, w))
		return true;
	if (digits == 4 && next == ':' && w->month != DATE_UNSET) {
		/* 21/Aug/2018:14:05:06, as web servers log */
		(*s) += 5;
		return date_set_year(w, atoi(*s - 5), 4);
	}
	/* A time after one of midnight: the first one was no time. */
	if (next == ':' && w->hour == 0 && w->min == 0 && w->sec == 0)
		w->hour = DATE_UNSET;
	if (next == ':')
		return date_time(s, w);
	if (odd_time(s, w, digits))
		return true;
	if (next == '.' && w->year != DATE_UNSET && date_digits(*s + digits + 1) == 2)
		return date_time(s, w);
	if (digits == 4 && w->hour == DATE_UNSET && next != '-' &&
	    (w->year_digits == 4 || (w->year != DATE_UNSET && w->month != DATE_UNSET &&
					w->day != DATE_UNSET)))
		return date_time(s, w);
	if (bare_number(s, w, digits))
		return true;
	return plain_number(s, w, digits);
}

static bool
take(const char **s, struct date_parts *w)
{
	if (date_is_digit(**s))
		return take_number(s, w);
	if (**s == '(')
		return date_comment(s, w);
	/* A year before the first: what programs make of 0000-00-00. */
	if (**s == '-' && w->year == DATE_UNSET && w->hour == DATE_UNSET &&
	    date_digits(*s + 1) == 4 && strchr(" -/", (*s)[-1]) != NULL)
		return false;
	if ((**s == '+' || **s == '-') && date_is_digit((*s)[1]) &&
	    (w->hour != DATE_UNSET ||
		(w->year != DATE_UNSET && date_digits(*s + 1) == 4)))
		return date_offset(s, w);
	if (**s != '\0' && strchr("-/.@|_[]'\"", **s) != NULL) {
		(*s)++;
		return true;
	}
	return take_word(s, w);
}

static int64_t
loose(const char *s)
{
	const char *start = s, *at;
	struct date_parts w;

	date_clear(&w);
	if (*s == '-' && date_is_digit(s[1]))
		return CLOCK_NONE;
	for (;;) {
		while (*s == ' ' || *s == ',' || *s == ';')
			s++;
		if (*s == '\0')
			break;
		at = s;
		if (!take(&s, &w)) {
			s = at;
			if (s != start || !skip_first(&s))
				return CLOCK_NONE;
		}
		while (*s == ':')
			s++;
	}
	/* 24:05 is what Java's hours from 1 to 24 make of five past midnight. */
	if (w.named && w.hour == 24 && (w.min > 0 || w.sec > 0))
		w.hour = 0;
	return date_resolve(&w);
}

/* Lower case of the scripts that month names are written in; 0 for what is not
 * seen. */
static uint32_t
lower(uint32_t cp)
{
	if (cp == 0x200e || cp == 0x200f || cp == 0xfeff) /* marks of direction */
		return 0;
	if (cp == 0xa0 || cp == 0x202f || cp == 0x2009 || cp == 0x3000 || cp < ' ')
		return ' ';
	if (cp > 0xff00 && cp < 0xff5f) /* full width */
		return lower(cp - 0xfee0);
	if (cp == 0x2212 || cp == 0x2013)
		return '-';
	if (cp == 0x60c || cp == 0x3001) /* commas of Arabic and Japanese */
		return ',';
	/* Latin Extended-A: pairs, but for their order. */
	if (cp >= 0x100 && cp < 0x180 && cp != 0x131 && cp != 0x138 && cp != 0x149)
		return (cp < 0x139 || (cp > 0x149 && cp < 0x178)) ? cp | 1
		       : cp == 0x178				  ? 0xff
		       : cp == 0x17f				  ? 's'
								  : cp + (cp & 1);
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) ||
	    (cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
		return cp + 32;
	if (cp >= 0x388 && cp <= 0x38a)
		return cp + 37;
	return cp == 0x386 ? 0x3ac : cp;
}

/* Without what programs leave around a date. */
static void
tidy(char *text)
{
	char *at;
	size_t n;

	while ((at = strchr(text, '&')) != NULL && /* escaped twice */
	       strncmp(at, "&#43;", 5) == 0) {
		*at = '+';
		memmove(at + 1, at + 5, strlen(at + 5) + 1);
	}
	if (strncmp(text, "/date(", 6) == 0) { /* of .NET */
		memset(text, ' ', 6);
		text[6 + strcspn(text + 6, "+-)")] = '\0';
	}
	if ((at = strstr(text, " m=+")) != NULL) /* Go's clock since its start */
		*at = '\0';
	if (text[0] == '@' || text[0] == '"' || text[0] == '\'')
		text[0] = ' ';
	n = strlen(text);
	while (n > 0 && strchr(" }.;,\"'>", text[n - 1]) != NULL)
		n--;
	/* a.m. keeps its dot */
	if (text[n] == '.' && n > 0 && text[n - 1] == 'm')
		n++;
	text[n] = '\0';
	text_trim(text);
}

/* s in lower case; false if it is too long to be a date. */
static bool
fold(const char *s, char text[DATE_MAX * 2], bool *ascii)
{
	struct buf b = {0};
	size_t n = 0, len;
	uint32_t cp;

	for (; s[n] != '\0' && (uint8_t)s[n] < 0x80 && n <= DATE_MAX; n++)
		text[n] = (uint8_t)s[n] < ' '	       ? ' '
			  : s[n] >= 'A' && s[n] <= 'Z' ? s[n] + 32
						       : s[n];
	text[n <= DATE_MAX ? n : 0] = '\0';
	*ascii = s[n] == '\0';
	if (*ascii || n > DATE_MAX)
		return n <= DATE_MAX;
	n = strnlen(s, DATE_MAX + 1);
	for (size_t i = 0; i < n; i += len) {
		len = text_decode(s + i, n - i, &cp);
		if (len == 0)
			break;
		cp = lower(cp);
		if (cp != 0)
			text_encode(&b, cp);
	}
	snprintf(text, DATE_MAX * 2, "%s", b.data != NULL ? b.data : "");
	buf_free(&b);
	return n <= DATE_MAX;
}

int64_t
feed_date(const char *s)
{
	static int64_t (*const readers[])(const char *) = {
	    date_iso, date_compact, date_epoch, loose};
	char text[DATE_MAX * 2];
	int64_t t = CLOCK_NONE;
	bool ascii;

	if (s == NULL)
		return CLOCK_NONE;
	if (date_usual(s, strnlen(s, DATE_MAX + 1), &t))
		return t;
	t = CLOCK_NONE;
	if (!fold(s, text, &ascii))
		return CLOCK_NONE;
	tidy(text);
	if (!ascii)
		t = date_asia(text);
	for (size_t i = 0; t == CLOCK_NONE && i < sizeof(readers) / sizeof(readers[0]);
	     i++)
		t = readers[i](text);
	return t;
}
