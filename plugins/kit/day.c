/* SPDX-License-Identifier: Apache-2.0 */
/* day: see day.h. */
#include "day.h"

#include <stdio.h>

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

bool
day_parse(const char *s, int64_t *out)
{
	static const int month[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, m, d, end = 0;

	if (sscanf(s, "%4d-%2d-%2d%n", &y, &m, &d, &end) != 3 || s[end] != '\0' ||
	    y < 1970 || m < 1 || m > 12 || d < 1 || d > month[m - 1])
		return false;
	*out = days(y, m, d) * 86400000;
	return true;
}
