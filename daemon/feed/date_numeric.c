/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_numeric: dates of digits alone: 12/05/2004, 12.5.04, 11 25 2013, 20031231101455,
 * seconds since 1970.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/date_parts.h"

/* --- since 1970 --- */

/* Seconds, or their fractions; how many digits there are says which.  Above
 * milliseconds only what is between 2001 and 2033: the rest may be anything. */
int64_t
date_epoch(const char *s)
{
	static const struct {
		int digits;
		int64_t times, over;
	} units[] = {
	    {9, 1000, 1},
	    {10, 1000, 1},
	    {12, 1, 1},
	    {13, 1, 1},
	    {16, 1, 1000},
	    {19, 1, 1000000},
	};
	int n = date_digits(s);
	int64_t t = 0;

	if (s[n] == '.' ? s[n + 1 + date_digits(s + n + 1)] != '\0' : s[n] != '\0')
		return CLOCK_NONE;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].digits != n || (n > 13 && *s != '1') ||
		    (n == 12 && (strncmp(s, "19", 2) == 0 || strncmp(s, "20", 2) == 0)))
			continue;
		for (int k = 0; k < n; k++)
			t = t * 10 + (s[k] - '0');
		return t * units[i].times / units[i].over;
	}
	return CLOCK_NONE;
}

/* 20031231101455, 200312311014, 20031231101455.5Z, 20031231101455+0100 */
int64_t
date_compact(const char *s)
{
	struct date_parts w;
	int digits = date_digits(s);

	date_clear(&w);
	if (digits != 14 && (digits != 12 || s[12] == '.' || s[12] == ','))
		return CLOCK_NONE;
	w.year_digits = date_number(&s, 4, &w.year);
	/* Other twelve digits are milliseconds of the last century. */
	if (digits == 12 && (w.year < 1900 || w.year > 2099))
		return CLOCK_NONE;
	date_number(&s, 2, &w.month);
	date_number(&s, 2, &w.day);
	date_time(&s, &w);
	if (*s == 'z')
		s++;
	else if (*s != '\0' && !date_offset(&s, &w))
		return CLOCK_NONE;
	return *s == '\0' ? date_resolve(&w) : CLOCK_NONE;
}

/* --- numbers with signs between --- */

bool
date_set_year(struct date_parts *w, int v, int digits)
{
	/* 103 is what some programs made of 2003. */
	if (w->year != DATE_UNSET || (digits == 3 && v < 100))
		return false;
	w->year = v;
	w->year_digits = digits;
	return true;
}

/* The sign between two numbers, 0 if there is none; spaces may be around a dot. */
static char
separator(const char **s)
{
	char sep = 0;

	for (; **s == ' '; (*s)++)
		sep = ' ';
	if (**s == '.' || (sep == 0 && **s != '\0' && strchr("/-:", **s) != NULL))
		sep = *(*s)++;
	for (; sep == '.' && **s == ' '; (*s)++)
		;
	return sep;
}

/* May the second sign follow the first, in a date that begins with n digits? */
static bool
separators_fit(char first, char second, int n)
{
	if (first == ':') /* as cameras write it */
		return second == ':' && n == 4;
	if (first == second)
		return first != 0;
	return n == 4 && first != 0 && second != 0 && strchr("/-", first) != NULL &&
	       strchr("/-", second) != NULL;
}

/* 2014.05, 05/2014 */
static bool
month_of_year(struct date_parts *w, const int v[2], const int n[2])
{
	int y = n[0] == 4 ? 0 : 1;

	if (n[y] != 4 || n[!y] > 2)
		return false;
	w->month = v[!y];
	return date_set_year(w, v[y], 4);
}

/* Which of the three is what.  The year is at the end unless that cannot be one. */
static bool
date_of_three(struct date_parts *w, const int v[3], const int n[3], char sep)
{
	/* A month first, as in America, or the day? */
	bool america = sep == '/' || sep == ' ';

	if (n[0] >= 3 || (n[0] == 2 && (v[0] > 31 || n[2] == 1))) {
		if (n[1] > 2 || n[2] > 2)
			return false;
		w->month = v[1];
		w->day = v[2];
		return date_set_year(w, v[0], n[0]);
	}
	if (n[1] > 2 || n[2] == 1)
		return false;
	w->either = v[0] <= 12 && v[1] <= 12;
	if ((america ? v[0] : v[1]) > 12)
		america = !america;
	w->month = v[america ? 0 : 1];
	w->day = v[america ? 1 : 0];
	return date_set_year(w, v[2], n[2]);
}

bool
date_numeric(const char **s, struct date_parts *w)
{
	const char *p = *s;
	char sep[2];
	int v[3], n[3];

	if (w->year != DATE_UNSET || w->month != DATE_UNSET || w->day != DATE_UNSET)
		return false;
	for (int i = 0; i < 3; i++) {
		n[i] = date_number(&p, 4, &v[i]);
		if (n[i] == 0 || date_is_digit(*p))
			return false;
		if (i == 1 && *p == '\0' && (sep[0] == '.' || sep[0] == '/')) {
			*s = p;
			return month_of_year(w, v, n);
		}
		if (i < 2)
			sep[i] = separator(&p);
	}
	/* Three numbers in a row are a date only with a whole year. */
	if (!separators_fit(sep[0], sep[1], n[0]) || *p == ':' ||
	    (sep[0] == ' ' && n[0] != 4 && n[2] != 4) ||
	    !date_of_three(w, v, n, sep[0]))
		return false;
	*s = p;
	return true;
}
