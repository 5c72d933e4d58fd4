/* SPDX-License-Identifier: Apache-2.0 */
/* date_iso: ISO 8601 and RFC 3339, with the short, ordinal and week forms. */
#include <string.h>

#include "base/clock.h"
#include "feed/date_parts.h"

static bool
ordinal(struct date_parts *w, int day)
{
	int year = date_full_year(w->year, w->year_digits);

	for (w->month = 1; w->month <= 12; w->month++) {
		if (day <= date_days_in(year, w->month))
			break;
		day -= date_days_in(year, w->month);
	}
	w->day = day;
	return day > 0 && w->month <= 12;
}

/* The Monday of week 1 is the one before or on January 4th. */
static bool
week(struct date_parts *w, int wk, int wd)
{
	int64_t jan4 = clock_days(w->year, 1, 4), day;
	int dow = (int)((jan4 + 3) % 7); /* 1970-01-01 was a Thursday; Monday is 0 */

	if (wk < 1 || wk > 53 || wd < 1 || wd > 7)
		return false;
	if (dow < 0)
		dow += 7;
	day = jan4 - dow + (wk - 1) * 7 + (wd - 1) - clock_days(w->year, 1, 1) + 1;
	/* A week belongs to the year of its Thursday: not all have a 53rd. */
	if (day - wd + 4 > clock_days(w->year + 1, 1, 1) - clock_days(w->year, 1, 1))
		return false;
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
iso_extended(const char **s, struct date_parts *w)
{
	int n = date_digits(*s), v;

	if (**s == 'w') {
		(*s)++;
		if (date_number(s, 2, &n) != 2)
			return false;
		v = 1;
		if (**s == '-' && date_is_digit((*s)[1]))
			(*s)++;
		if (date_is_digit(**s))
			date_number(s, 1, &v);
		return week(w, n, v);
	}
	if (n == 3 && ((*s)[3] != '-' || !date_is_digit((*s)[4]))) {
		date_number(s, 3, &v);
		return ordinal(w, v);
	}
	if (n < 1 || n > 3)
		return false;
	date_number(s, n, &w->month);
	if (**s != '-')
		return n == 2;
	(*s)++;
	n = date_number(s, 2, &w->day);
	return n > 0 && !date_is_digit(**s);
}

bool
date_iso_basic(const char **s, struct date_parts *w, int digits)
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
		/* 22013 would be a year of the future as well as a day, and 0821
		 * a day of August. */
		if ((digits == 5 && *at != '0') || (digits == 4 && *at == '0'))
			return false;
		w->year_digits = date_number(s, forms[i].year, &w->year);
		if (forms[i].month > 0)
			date_number(s, forms[i].month, &w->month);
		else
			w->month = 1;
		if (forms[i].day == 2)
			date_number(s, 2, &w->day);
		return forms[i].day != 3 ||
		       (date_number(s, 3, &v) == 3 && ordinal(w, v));
	}
	return false;
}

/* The date; *s is behind it after. */
static bool
iso_day(const char **s, struct date_parts *w)
{
	int n;

	if (**s == '-') { /* -0312, -03-12: a short year and a month */
		(*s)++;
		w->year_digits = date_number(s, 2, &w->year);
		if (**s == '-')
			(*s)++;
		return w->year_digits == 2 && date_number(s, 2, &w->month) == 2 &&
		       !date_is_digit(**s);
	}
	n = date_digits(*s);
	if (n == 4 && (*s)[4] == 'w') {
		w->year_digits = date_number(s, 4, &w->year);
		return iso_extended(s, w);
	}
	if ((n != 4 && n != 2) || (*s)[n] != '-')
		return date_iso_basic(s, w, n);
	w->year_digits = date_number(s, n, &w->year);
	(*s)++;
	if (n == 2 && !(date_digits(*s) == 2 && (*s)[2] == '-'))
		return false;
	return iso_extended(s, w);
}

/* As date_time(), and an hour alone. */
static bool
iso_time(const char **s, struct date_parts *w)
{
	char after = date_digits(*s) == 2 ? (*s)[2] : '?';

	if (after == '\0' || after == 'z' || after == '+' || after == '-')
		return date_number(s, 2, &w->hour) == 2;
	return date_time(s, w);
}

int64_t
date_iso(const char *s)
{
	struct date_parts w;

	date_clear(&w);
	if (!iso_day(&s, &w))
		return CLOCK_NONE;
	if (*s == '\0')
		return date_resolve(&w);
	if (*s == 't' || *s == ' ') {
		for (s++; *s == ' '; s++)
			;
		if (!iso_time(&s, &w))
			return CLOCK_NONE;
		while (*s == ' ')
			s++;
	} else if (*s != 'z' && strlen(s) < 5) {
		/* XML Schema: a day with its zone; -01 would be one number more. */
		return CLOCK_NONE;
	}
	/* Some write a colon before the offset, or seconds or a Z behind it. */
	if (*s == ':' && (s[1] == '+' || s[1] == '-'))
		s++;
	if (*s == '+' || *s == '-') {
		if (!date_offset(&s, &w))
			return CLOCK_NONE;
		if (strncmp(s, ":00", 3) == 0)
			s += 3;
	}
	if (*s == 'z' && s[1] == '\0')
		s++;
	/* RFC 9557: the offset before [Zone/Name] stands. */
	if (*s == '[' && s[strlen(s) - 1] == ']') {
		if (!w.zoned)
			date_zone_find(s + 1, strlen(s) - 2, &w);
		return date_resolve(&w);
	}
	return *s == '\0' ? date_resolve(&w) : CLOCK_NONE;
}
