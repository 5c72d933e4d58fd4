/* SPDX-License-Identifier: Apache-2.0 */
/* date_parts: numbers, times, offsets, and parts to an instant; see date_parts.h. */
#include "feed/date_parts.h"

#include <string.h>

#include "base/clock.h"
#include "feed/date.h"

void
date_clear(struct date_parts *w)
{
	memset(w, 0, sizeof(*w));
	w->year = w->month = w->day = w->hour = w->pm = DATE_UNSET;
}

int
date_number(const char **s, int max, int *v)
{
	int n = 0;

	for (*v = 0; n < max && date_is_digit(**s); n++, (*s)++)
		*v = *v * 10 + (**s - '0');
	return n;
}

int
date_digits(const char *s)
{
	int n = 0;

	while (date_is_digit(s[n]))
		n++;
	return n;
}

int
date_days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

int
date_full_year(int year, int digits)
{
	if (digits == 2)
		return year < 50 ? 2000 + year : 1900 + year;
	return digits == 3 ? 1900 + year : year;
}

/* 1 Monday to 7; 1970-01-01 was a Thursday. */
static int
weekday(int year, int month, int day)
{
	return (int)(((clock_days(year, month, day) + 3) % 7 + 7) % 7) + 1;
}

/* Tue, 02/01/2018 is the second of January: the weekday says so. */
static void
settle(struct date_parts *w)
{
	int swapped = w->day;

	if (!w->either || w->weekday == 0 ||
	    weekday(w->year, w->month, w->day) == w->weekday ||
	    weekday(w->year, w->day, w->month) != w->weekday)
		return;
	w->day = w->month;
	w->month = swapped;
}

int64_t
date_resolve(struct date_parts *w)
{
	int64_t local;

	if (w->month == DATE_UNSET && w->weekday_month > 0)
		w->month = w->weekday_month;
	if (w->year == DATE_UNSET || w->month == DATE_UNSET)
		return CLOCK_NONE;
	w->year = date_full_year(w->year, w->year_digits);
	if (w->day == DATE_UNSET)
		w->day = 1;
	settle(w);
	if (w->hour == DATE_UNSET)
		w->hour = 0;
	if (w->pm != DATE_UNSET && w->hour <= 12)
		w->hour = w->hour % 12 + 12 * w->pm;
	if (w->month < 1 || w->month > 12 || w->day < 1 || w->year < 1 ||
	    w->year > 9999 || w->day > date_days_in(w->year, w->month) ||
	    w->hour > 24 || w->min > 59 || w->sec > 60 ||
	    (w->hour == 24 && (w->min > 0 || w->sec > 0 || w->ms > 0)) ||
	    w->zone > 24 * 60 || w->zone < -24 * 60)
		return CLOCK_NONE;
	local = clock_days(w->year, w->month, w->day) * CLOCK_DAY +
		w->hour * CLOCK_HOUR + w->min * CLOCK_MIN + w->sec * CLOCK_SEC + w->ms;
	if (w->summer != 0 && date_is_summer(w, local))
		local -= CLOCK_HOUR;
	local -= w->zone * CLOCK_MIN;
	/* The year 0 is what an empty field of a database becomes. */
	return local < clock_days(1, 1, 1) * CLOCK_DAY ? CLOCK_NONE : local;
}

/* .123 or ,123 behind the seconds. */
static void
fraction(const char **s, struct date_parts *w)
{
	int scale = 100;

	if ((**s != '.' && **s != ',') || !date_is_digit((*s)[1]))
		return;
	for ((*s)++; date_is_digit(**s); (*s)++, scale /= 10)
		w->ms += (**s - '0') * scale;
}

bool
date_time(const char **s, struct date_parts *w)
{
	int n = date_digits(*s), v;

	if (w->hour != DATE_UNSET || n == 0)
		return false;
	if (n == 4 || n == 6) {
		date_number(s, 2, &w->hour);
		date_number(s, 2, &w->min);
		if (n == 6)
			date_number(s, 2, &w->sec);
		fraction(s, w);
		return true;
	}
	if (n > 2)
		return false;
	date_number(s, 2, &w->hour);
	if (**s != ':' && !(**s == '.' && date_digits(*s + 1) == 2))
		return false;
	(*s)++;
	n = date_number(s, 2, &w->min);
	if (n == 0 || date_is_digit(**s))
		return false;
	if (**s == ':' || (**s == '.' && date_digits(*s + 1) == 2)) {
		(*s)++;
		n = date_number(s, 2, &v);
		if (n == 0 || date_is_digit(**s))
			return false;
		/* A fourth part, or a colon before the offset. */
		if (**s == ':' && date_digits(*s + 1) >= 2)
			*s += 1 + date_digits(*s + 1);
		else if (**s == ':' && (*s)[1] != '+' && (*s)[1] != '-')
			return false;
		w->sec = v;
		fraction(s, w);
	}
	return true;
}

bool
date_offset(const char **s, struct date_parts *w)
{
	int sign = **s == '-' ? -1 : 1, h, m = 0, n;

	if ((**s != '+' && **s != '-') || !date_is_digit((*s)[1]))
		return false;
	(*s)++;
	n = date_digits(*s);
	if (n > 4)
		return false;
	date_number(s, n == 3 ? 1 : 2, &h); /* -400 */
	if (n >= 3) {
		date_number(s, 2, &m);
	} else if (**s == ':') {
		(*s)++;
		if (date_number(s, 2, &m) != 2 || date_is_digit(**s))
			return false;
	}
	if (m > 59 || h > 15)
		return false;
	if (!w->offset) {
		w->zone = sign * (h * 60 + m);
		w->summer = 0;
	}
	w->zoned = w->offset = true;
	return true;
}

bool
date_skip(const char **s, const char *what)
{
	size_t n = strlen(what);

	if (strncmp(*s, what, n) != 0)
		return false;
	for (*s += n; **s == ' '; (*s)++)
		;
	return true;
}

/* 17:00 (PDT), 17:00 (GMT+7) */
static void
comment_zone(const char *s, struct date_parts *w)
{
	char word[8];
	size_t n = 0;
	int minutes;

	while (s[n] >= 'a' && s[n] <= 'z' && n < sizeof(word) - 1)
		n++;
	memcpy(word, s, n);
	word[n] = '\0';
	if (n < 3 || date_word(word, &minutes) != DATE_ZONE)
		return;
	s += n;
	if (*s == ')') {
		w->zone = minutes;
		w->zoned = true;
	} else {
		date_offset(&s, w);
	}
}

bool
date_comment(const char **s, struct date_parts *w)
{
	int depth = 0;

	if (!w->zoned && w->hour != DATE_UNSET)
		comment_zone(*s + 1, w);
	do {
		depth += **s == '(' ? 1 : **s == ')' ? -1 : 0;
		(*s)++;
	} while (**s != '\0' && depth > 0);
	return true;
}
