/* SPDX-License-Identifier: Apache-2.0 */
/* day: see day.h. */
#include "day.h"

#include <string.h>

/* Days since 1970 of a proleptic Gregorian date (Howard Hinnant's arithmetic). */
static int64_t
days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* The number that s[0..n) is, all digits; -1: it is none. */
static int
number(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

static int
length(int y, int m)
{
	static const int month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	return month[m - 1] + (m == 2 && leap);
}

bool
day_parse(const char *s, int64_t *out)
{
	int y, m, d;

	if (strlen(s) != 10 || s[4] != '-' || s[7] != '-')
		return false;
	y = number(s, 4);
	m = number(s + 5, 2);
	d = number(s + 8, 2);
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > length(y, m))
		return false;
	*out = days(y, m, d) * 86400000;
	return true;
}
