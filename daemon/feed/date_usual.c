/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_usual: what programs write, read at once: 2024-05-01T10:00:00[.000]Z, the same
 * with an offset, 20240501100000, and "Wed, 01 May 2024 10:00:00 GMT" or "+0000" of
 * mail and RSS.  Whatever differs in one letter is left to the readers that know more.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/date_parts.h"

/* Two digits; more than any limit if they are none. */
static int
two(const char *s)
{
	unsigned a = (unsigned)(s[0] - '0'), b = (unsigned)(s[1] - '0');

	return a <= 9 && b <= 9 ? (int)(a * 10 + b) : 1000;
}

static bool
moment(int year, int month, int day, int hour, int min, int sec, int64_t *t)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const int before[] = {
	    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t years = year - 1, days;

	if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > lengths[month - 1] + (leap && month == 2) || hour > 23 || min > 59 ||
	    sec > 59)
		return false;
	days = years * 365 + years / 4 - years / 100 + years / 400 - 719162 +
	       before[month - 1] + (leap && month > 2) + day - 1;
	*t = (((days * 24 + hour) * 60 + min) * 60 + sec) * 1000;
	return true;
}

/* ".123" to ms; further digits are read over.  Returns what is behind. */
static const char *
fraction(const char *s, int64_t *t)
{
	int unit = 100;

	if (*s != '.' || s[1] < '0' || s[1] > '9')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
		*t += (*s - '0') * unit;
	return s;
}

/* The place of a name of three letters in a row of them, from 1; 0: it is not there. */
static int
place(const char *row, const char *name)
{
	for (int i = 0; row[i * 3] != '\0'; i++)
		if (memcmp(row + i * 3, name, 3) == 0)
			return i + 1;
	return 0;
}

/* "GMT", or an offset of four digits. */
static bool
mail_zone(const char *s, int64_t *t)
{
	int hour, min;

	if (strcmp(s, "GMT") == 0)
		return true;
	if ((s[0] != '+' && s[0] != '-') || strlen(s) != 5)
		return false;
	hour = two(s + 1);
	min = two(s + 3);
	if (hour > 14 || min > 59)
		return false;
	*t -= (s[0] == '+' ? 1 : -1) * (int64_t)(hour * 60 + min) * 60 * 1000;
	return true;
}

/* As RFC 822 has it, with the day in two digits and the year in four. */
static bool
mail(const char *s, size_t n, int64_t *t)
{
	return n >= 29 && s[3] == ',' && s[4] == ' ' && s[7] == ' ' && s[11] == ' ' &&
	       s[16] == ' ' && s[19] == ':' && s[22] == ':' && s[25] == ' ' &&
	       place("SunMonTueWedThuFriSat", s) > 0 &&
	       moment(two(s + 12) * 100 + two(s + 14),
		   place("JanFebMarAprMayJunJulAugSepOctNovDec", s + 8), two(s + 5),
		   two(s + 17), two(s + 20), two(s + 23), t) &&
	       mail_zone(s + 26, t);
}

bool
date_usual(const char *s, size_t n, int64_t *t)
{
	int hour, min;

	if (mail(s, n, t))
		return true;
	if (n == 14)
		return moment(two(s) * 100 + two(s + 2), two(s + 4), two(s + 6),
		    two(s + 8), two(s + 10), two(s + 12), t);
	if (n < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' ||
	    s[16] != ':' ||
	    !moment(two(s) * 100 + two(s + 2), two(s + 5), two(s + 8), two(s + 11),
		two(s + 14), two(s + 17), t))
		return false;
	s = fraction(s + 19, t);
	if (s[0] == 'Z')
		return s[1] == '\0';
	if ((s[0] != '+' && s[0] != '-') || strlen(s) != 6 || s[3] != ':')
		return false;
	hour = two(s + 1);
	min = two(s + 4);
	if (hour > 14 || min > 59)
		return false;
	*t -= (s[0] == '+' ? 1 : -1) * (int64_t)(hour * 60 + min) * 60 * 1000;
	return true;
}
