/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: readers for the families of date forms, tried from strict to loose; see
 * date.h.  Each works on a lower-case copy of at most DATE_MAX bytes.
 */
#include "feed/date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define DATE_MAX 128
#define UNSET -1

/* What has been read so far; UNSET where nothing was. */
struct when {
	int year, month, day;
	int year_digits;
	int hour, min, sec, ms;
	int weekday_month; /* the month that a weekday's name might also mean */
	int pm;		   /* UNSET, 0 am, 1 pm */
	bool zoned;
	int zone; /* minutes east */
};

static void
clear(struct when *w)
{
	memset(w, 0, sizeof(*w));
	w->year = w->month = w->day = w->hour = w->pm = UNSET;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s, at most max of them; returns how many, moves *s, sets *v. */
static int
number(const char **s, int max, int *v)
{
	int n = 0;

	for (*v = 0; n < max && is_digit(**s); n++, (*s)++)
		*v = *v * 10 + (**s - '0');
	return n;
}

static int
count_digits(const char *s)
{
	int n = 0;

	while (is_digit(s[n]))
		n++;
	return n;
}

static int
days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Short years as RFC 2822 section 4.3 reads them. */
static int
full_year(int year, int digits)
{
	if (digits == 2)
		return year < 50 ? 2000 + year : 1900 + year;
	return digits == 3 ? 1900 + year : year;
}

static int64_t
resolve(struct when *w)
{
	if (w->month == UNSET && w->weekday_month > 0)
		w->month = w->weekday_month;
	if (w->year == UNSET || w->month == UNSET)
		return CLOCK_NONE;
	w->year = full_year(w->year, w->year_digits);
	if (w->day == UNSET)
		w->day = 1;
	if (w->hour == UNSET)
		w->hour = 0;
	if (w->pm != UNSET) {
		if (w->hour < 1 || w->hour > 23)
			return CLOCK_NONE;
		if (w->hour <= 12)
			w->hour = w->hour % 12 + 12 * w->pm;
	}
	if (w->month < 1 || w->month > 12 || w->day < 1 || w->year > 9999 ||
	    w->day > days_in(w->year, w->month) || w->hour > 24 || w->min > 59 ||
	    w->sec > 60 || (w->hour == 24 && (w->min > 0 || w->sec > 0)) ||
	    w->zone > 24 * 60 || w->zone < -24 * 60)
		return CLOCK_NONE;
	return clock_days(w->year, w->month, w->day) * CLOCK_DAY + w->hour * CLOCK_HOUR +
	    w->min * CLOCK_MIN + w->sec * CLOCK_SEC + w->ms - w->zone * CLOCK_MIN;
}

/* .123 or ,123 behind the seconds. */
static void
fraction(const char **s, struct when *w)
{
	int scale = 100;

	if ((**s != '.' && **s != ',') || !is_digit((*s)[1]))
		return;
	for ((*s)++; is_digit(**s); (*s)++, scale /= 10)
		w->ms += (**s - '0') * scale;
}

/* h:mm[:ss[.f]], hhmm[ss]; false if it is none. */
static bool
clock_time(const char **s, struct when *w)
{
	int n = count_digits(*s), v;

	if (w->hour != UNSET || n == 0)
		return false;
	if (n == 4 || n == 6) {
		number(s, 2, &w->hour);
		number(s, 2, &w->min);
		if (n == 6)
			number(s, 2, &w->sec);
		fraction(s, w);
		return true;
	}
	if (n > 2)
		return false;
	number(s, 2, &w->hour);
	if (**s != ':' && !(**s == '.' && count_digits(*s + 1) == 2))
		return false;
	(*s)++;
	n = number(s, 2, &w->min);
	if (n == 0 || is_digit(**s))
		return false;
	if (**s == ':' || (**s == '.' && count_digits(*s + 1) == 2)) {
		(*s)++;
		n = number(s, 2, &v);
		if (n == 0 || is_digit(**s) || **s == ':')
			return false;
		w->sec = v;
		fraction(s, w);
	}
	return true;
}

/* +hh:mm, +hhmm, +hh, +h; false if it is none. */
static bool
offset(const char **s, struct when *w)
{
	int sign = **s == '-' ? -1 : 1, h, m = 0, n;

	if ((**s != '+' && **s != '-') || !is_digit((*s)[1]))
		return false;
	(*s)++;
	n = count_digits(*s);
	if (n == 3 || n > 4)
		return false;
	number(s, 2, &h);
	if (n == 4) {
		number(s, 2, &m);
	} else if (**s == ':') {
		(*s)++;
		if (number(s, 2, &m) != 2 || is_digit(**s))
			return false;
	}
	if (m > 59 || h > 15)
		return false;
	w->zone += sign * (h * 60 + m);
	w->zoned = true;
	return true;
}

/* --- ISO 8601 and RFC 3339 ------------------------------------------------- */

static bool
ordinal(struct when *w, int day)
{
	int year = full_year(w->year, w->year_digits);

	for (w->month = 1; w->month <= 12; w->month++) {
		if (day <= days_in(year, w->month))
			break;
		day -= days_in(year, w->month);
	}
	w->day = day;
	return day > 0 && w->month <= 12;
}

/* The Monday of week 1 is the one before or on January 4th. */
static bool
week(struct when *w, int wk, int wd)
{
	int64_t jan4 = clock_days(w->year, 1, 4), day;
	int dow = (int)((jan4 + 3) % 7); /* 1970-01-01 was a Thursday; Monday is 0 */

	if (wk < 1 || wk > 53 || wd < 1 || wd > 7)
		return false;
	if (dow < 0)
		dow += 7;
	day = jan4 - dow + (wk - 1) * 7 + (wd - 1) - clock_days(w->year, 1, 1) + 1;
	if (day < 1) {
		w->year--;
		day += clock_days(w->year + 1, 1, 1) - clock_days(w->year, 1, 1);
	}
	if (day > clock_days(w->year + 1, 1, 1) - clock_days(w->year, 1, 1)) {
		day -= clock_days(w->year + 1, 1, 1) - clock_days(w->year, 1, 1);
		w->year++;
	}
	return ordinal(w, (int)day);
}

/* What follows a four-digit year and one '-'. */
static bool
iso_extended(const char **s, struct when *w)
{
	int n = count_digits(*s), v;

	if (**s == 'w') {
		(*s)++;
		if (number(s, 2, &n) != 2)
			return false;
		v = 1;
		if (**s == '-' && is_digit((*s)[1]))
			(*s)++;
		if (is_digit(**s))
			number(s, 1, &v);
		return week(w, n, v);
	}
	if (n == 3 && ((*s)[3] != '-' || !is_digit((*s)[4]))) {
		number(s, 3, &v);
		return ordinal(w, v);
	}
	if (n < 1 || n > 3)
		return false;
	number(s, n, &w->month);
	if (**s != '-')
		return n == 2;
	(*s)++;
	n = number(s, 2, &w->day);
	return n > 0 && !is_digit(**s);
}

/* Digits without separators: how many there are says what they mean. */
static bool
iso_basic(const char **s, struct when *w, int digits)
{
	static const struct {
		int digits, year, month, day;
	} forms[] = {
	    {4, 4, 0, 0}, /* 2003 */
	    {5, 2, 0, 3}, /* 03335 */
	    {6, 2, 2, 2}, /* 031231 */
	    {7, 4, 0, 3}, /* 2003335 */
	    {8, 4, 2, 2}, /* 20031231 */
	};
	const char *at = *s;
	int v;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].digits != digits)
			continue;
		/* 22013 would be a year of the future as well as a day. */
		if (digits == 5 && *at != '0')
			return false;
		w->year_digits = number(s, forms[i].year, &w->year);
		if (forms[i].month > 0)
			number(s, forms[i].month, &w->month);
		else
			w->month = 1;
		if (forms[i].day == 2)
			number(s, 2, &w->day);
		return forms[i].day != 3 || (number(s, 3, &v) == 3 && ordinal(w, v));
	}
	return false;
}

/* The date; *s is behind it after. */
static bool
iso_day(const char **s, struct when *w)
{
	int n;

	if (**s == '-') { /* -0312, -03-12: a short year and a month */
		(*s)++;
		w->year_digits = number(s, 2, &w->year);
		if (**s == '-')
			(*s)++;
		return w->year_digits == 2 && number(s, 2, &w->month) == 2 &&
		    !is_digit(**s);
	}
	n = count_digits(*s);
	if (n == 4 && (*s)[4] == 'w') {
		w->year_digits = number(s, 4, &w->year);
		return iso_extended(s, w);
	}
	if ((n != 4 && n != 2) || (*s)[n] != '-')
		return iso_basic(s, w, n);
	w->year_digits = number(s, n, &w->year);
	(*s)++;
	if (n == 2 && !(count_digits(*s) == 2 && (*s)[2] == '-'))
		return false;
	return iso_extended(s, w);
}

static int64_t
iso(const char *s)
{
	struct when w;

	clear(&w);
	if (!iso_day(&s, &w))
		return CLOCK_NONE;
	if (*s == '\0')
		return resolve(&w);
	if (*s != 't' && *s != ' ')
		return CLOCK_NONE;
	for (s++; *s == ' '; s++)
		;
	if (!clock_time(&s, &w))
		return CLOCK_NONE;
	while (*s == ' ')
		s++;
	if (*s == 'z' && s[1] == '\0')
		s++;
	else if (*s != '\0' && !offset(&s, &w))
		return CLOCK_NONE;
	/* RFC 9557: the offset before [Zone/Name] stands. */
	if (*s == '[' && s[strlen(s) - 1] == ']')
		return resolve(&w);
	return *s == '\0' ? resolve(&w) : CLOCK_NONE;
}

/* --- seconds since 1970 ---------------------------------------------------- */

static int64_t
epoch(const char *s)
{
	int n = count_digits(s), v;
	int64_t t = 0;

	if ((n != 9 && n != 10 && n != 13) || (s[n] != '\0' && s[n] != '.'))
		return CLOCK_NONE;
	for (int i = 0; i < n; i++)
		t = t * 10 + (s[i] - '0');
	if (s[n] == '.' && count_digits(s + n + 1) != (int)strlen(s + n + 1))
		return CLOCK_NONE;
	v = n == 13 ? 1 : 1000;
	return t * v;
}

/* 20031231101455 */
static int64_t
compact(const char *s)
{
	struct when w;

	clear(&w);
	if (count_digits(s) != 14 || s[14] != '\0')
		return CLOCK_NONE;
	w.year_digits = number(&s, 4, &w.year);
	number(&s, 2, &w.month);
	number(&s, 2, &w.day);
	clock_time(&s, &w);
	return resolve(&w);
}

/* --- East Asia: 2004년 05월 28일 01:31:15, 2004-05-25 오후 11:23:17, 2004年5月28日 */

static bool
skip_text(const char **s, const char *what)
{
	size_t n = strlen(what);

	if (strncmp(*s, what, n) != 0)
		return false;
	for (*s += n; **s == ' '; (*s)++)
		;
	return true;
}

static bool
korean_day(const char **s, struct when *w)
{
	if (number(s, 4, &w->year) != 4)
		return false;
	w->year_digits = 4;
	if (!skip_text(s, "년") && !skip_text(s, "年") && !skip_text(s, "-") &&
	    !skip_text(s, "."))
		return false;
	if (number(s, 2, &w->month) == 0 ||
	    (!skip_text(s, "월") && !skip_text(s, "月") && !skip_text(s, "-") &&
		!skip_text(s, ".")))
		return false;
	if (number(s, 2, &w->day) == 0)
		return false;
	if (!skip_text(s, "일") && !skip_text(s, "日") && !skip_text(s, "."))
		skip_text(s, " ");
	return true;
}

/* Korean time where no zone is given: these forms come from Korean servers. */
static int64_t
korean(const char *s)
{
	struct when w;

	bool chinese = strstr(s, "年") != NULL;

	if (!chinese && strstr(s, "년") == NULL && strstr(s, "오전") == NULL &&
	    strstr(s, "오후") == NULL)
		return CLOCK_NONE;
	clear(&w);
	if (!korean_day(&s, &w))
		return CLOCK_NONE;
	if (skip_text(&s, "오후"))
		w.pm = 1;
	else if (skip_text(&s, "오전"))
		w.pm = 0;
	if (*s != '\0' && !clock_time(&s, &w))
		return CLOCK_NONE;
	while (*s == ' ')
		s++;
	if (*s != '\0' && !offset(&s, &w))
		return CLOCK_NONE;
	if (!w.zoned && !chinese)
		w.zone = 9 * 60;
	return *s == '\0' ? resolve(&w) : CLOCK_NONE;
}

/* --- everything that people write ------------------------------------------ */

static size_t
word_len(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || (uint8_t)s[n] >= 0x80 ||
	    (n > 0 && (s[n] == '.' || (s[n] == '-' && s[n + 1] >= 'a' && s[n + 1] <= 'z'))))
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
set_month(struct when *w, int month)
{
	/* 12 was taken for a month before, but "12 dec" makes it a day. */
	if (w->month != UNSET)
		return false;
	w->month = month;
	return true;
}

static bool
take_word(const char **s, struct when *w)
{
	int v;

	/* the t of 13t9:15 */
	if (**s == 't' && is_digit((*s)[1]) && w->day != UNSET) {
		(*s)++;
		return true;
	}
	if (skip_text(s, "etc/"))
		return true;
	switch (read_word(s, &v)) {
	case DATE_MONTH:
		return set_month(w, v);
	case DATE_WEEKDAY:
		if (v > 0)
			w->weekday_month = v;
		return true;
	case DATE_ZONE:
		if (w->zoned || w->hour == UNSET) /* "at 5 pm" is no Atlantic time */
			return w->hour == UNSET;
		w->zoned = true;
		w->zone = v;
		offset(s, w); /* GMT-01:01 */
		return true;
	case DATE_AM:
		w->pm = 0;
		return w->hour != UNSET;
	case DATE_PM:
		w->pm = 1;
		return w->hour != UNSET;
	case DATE_FILLER:
		return true;
	default:
		return false;
	}
}

static bool
set_year(struct when *w, int v, int digits)
{
	if (w->year != UNSET)
		return false;
	w->year = v;
	w->year_digits = digits;
	return true;
}

/* 12/05/2004, 12.5.04, 2006/09/15: three numbers with the same sign between.
 * With slashes the month comes first unless it cannot; with dots the day does. */
static bool
numeric_date(const char **s, struct when *w)
{
	char sep = 0;
	int v[3], n[3];

	for (int i = 0; i < 3; i++) {
		n[i] = number(s, 4, &v[i]);
		if (n[i] == 0 || is_digit(**s))
			return false;
		if (i == 0)
			sep = **s;
		if (i < 2 && *(*s)++ != sep)
			return false;
	}
	if (n[0] >= 3) {
		w->month = v[1];
		w->day = v[2];
		return set_year(w, v[0], n[0]);
	}
	if (sep == '/' && v[0] <= 12) {
		w->month = v[0];
		w->day = v[1];
	} else {
		w->day = v[0];
		w->month = v[1];
	}
	return set_year(w, v[2], n[2]);
}

/* st, nd, rd, th, º and the dot behind a day. */
static void
day_suffix(const char **s)
{
	static const char *const suffixes[] = {"st", "nd", "rd", "th", "er", "º", "ª", "."};

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
plain_number(const char **s, struct when *w, int digits)
{
	int v;

	if (digits == 8 && w->year == UNSET && w->month == UNSET)
		return iso_basic(s, w, 8);
	if (digits > 4)
		return false;
	number(s, 4, &v);
	if (digits >= 3 || v > 31 || (digits == 2 && w->day != UNSET))
		return digits > 1 && set_year(w, v, digits);
	if (w->day != UNSET)
		return false;
	w->day = v;
	day_suffix(s);
	return true;
}

/* 14h30, 3pm: a time that has no colon. */
static bool
odd_time(const char **s, struct when *w, int digits)
{
	const char *p = *s + digits;

	if (digits > 2 || w->hour != UNSET)
		return false;
	if (*p == 'h' && (is_digit(p[1]) || word_len(p) == 1)) {
		number(s, 2, &w->hour);
		(*s)++;
		number(s, 2, &w->min);
		return true;
	}
	if (*p == ' ')
		p++;
	if ((*p == 'a' || *p == 'p') && p[1] == 'm' && word_len(p) == 2) {
		number(s, 2, &w->hour);
		return true;
	}
	return false;
}

static bool
take_number(const char **s, struct when *w)
{
	int digits = count_digits(*s);
	char next = (*s)[digits], after = next != '\0' ? (*s)[digits + 1] : '\0';

	if (digits > 8)
		return false;
	if (next == ':')
		return clock_time(s, w);
	if ((next == '/' || next == '-' || next == '.') && is_digit(after) &&
	    w->year == UNSET && w->month == UNSET && w->day == UNSET)
		return numeric_date(s, w);
	if (odd_time(s, w, digits))
		return true;
	if (next == '.' && w->year != UNSET && count_digits(*s + digits + 1) == 2)
		return clock_time(s, w);
	if (digits == 4 && w->year != UNSET && w->hour == UNSET && next != '-')
		return clock_time(s, w);
	return plain_number(s, w, digits);
}

/* (CEST) and the like. */
static bool
skip_comment(const char **s)
{
	const char *e = strchr(*s, ')');

	*s = e != NULL ? e + 1 : *s + strlen(*s);
	return true;
}

static bool
take(const char **s, struct when *w)
{
	if (is_digit(**s))
		return take_number(s, w);
	if (**s == '(')
		return skip_comment(s);
	if ((**s == '+' || **s == '-') && is_digit((*s)[1]) && w->hour != UNSET)
		return offset(s, w);
	if (**s != '\0' && strchr("-/.@|'", **s) != NULL) {
		(*s)++;
		return true;
	}
	return take_word(s, w);
}

static int64_t
loose(const char *s)
{
	struct when w;

	clear(&w);
	for (;;) {
		while (*s == ' ' || *s == ',' || *s == ';')
			s++;
		if (*s == '\0')
			break;
		if (!take(&s, &w))
			return CLOCK_NONE;
	}
	return resolve(&w);
}

/* Lower case of the scripts that month names are written in. */
static uint32_t
lower(uint32_t cp)
{
	if (cp == 0xa0 || cp == 0x202f || cp == 0x2009 || cp < ' ')
		return ' ';
	if (cp == 0x2212 || cp == 0x2013)
		return '-';
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) ||
	    (cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
		return cp + 32;
	if (cp >= 0x388 && cp <= 0x38a)
		return cp + 37;
	if (cp == 0x15a || cp == 0x141 || cp == 0x179 || cp == 0x17b)
		return cp + 1;
	return cp == 0x386 ? 0x3ac : cp;
}

int64_t
feed_date(const char *s)
{
	static int64_t (*const readers[])(const char *) = {
	    iso, epoch, compact, korean, loose};
	char text[DATE_MAX * 2];
	struct buf b = {0};
	size_t n, len;
	uint32_t cp;
	int64_t t = CLOCK_NONE;

	if (s == NULL)
		return CLOCK_NONE;
	n = strnlen(s, DATE_MAX + 1);
	if (n > DATE_MAX)
		return CLOCK_NONE;
	for (size_t i = 0; i < n; i += len) {
		len = text_decode(s + i, n - i, &cp);
		if (len == 0)
			break;
		text_encode(&b, lower(cp));
	}
	snprintf(text, sizeof(text), "%s", b.data != NULL ? b.data : "");
	buf_free(&b);
	text_trim(text);
	for (size_t i = 0; t == CLOCK_NONE && i < sizeof(readers) / sizeof(readers[0]); i++)
		t = readers[i](text);
	return t;
}
