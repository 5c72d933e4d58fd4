/* SPDX-License-Identifier: Apache-2.0 */
/* clock: real or virtual time and its RFC 3339 text; see clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool virtual_on;
static int64_t virtual_ms;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	if (virtual_on)
		return virtual_ms;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_steady(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_ns(void)
{
	struct timespec ts;

	if (virtual_on)
		return virtual_ms * 1000000;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void
clock_set_virtual(int64_t ms)
{
	virtual_on = true;
	virtual_ms = ms;
}

/* Days from civil date: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms" (formula days_from_civil). */
int64_t
clock_days(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

/* v in so many digits, and what comes behind them. */
static char *
put(char *out, int v, int digits, char behind)
{
	for (int i = digits - 1; i >= 0; i--, v /= 10)
		out[i] = (char)('0' + v % 10);
	out[digits] = behind;
	return out + digits + 1;
}

const char *
clock_format(int64_t ms, char out[CLOCK_TEXT])
{
	int64_t sec = ms / 1000, frac = ms % 1000;
	struct tm tm;
	time_t t;
	char *at;

	if (frac < 0) {
		frac += 1000;
		sec--;
	}
	t = sec;
	if (ms == CLOCK_NONE || gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 8099)
		return strcpy(out, "-");
	/* Not by printf: several are written for each post. */
	at = put(out, tm.tm_year + 1900, 4, '-');
	at = put(at, tm.tm_mon + 1, 2, '-');
	at = put(at, tm.tm_mday, 2, 'T');
	at = put(at, tm.tm_hour, 2, ':');
	at = put(at, tm.tm_min, 2, ':');
	at = put(at, tm.tm_sec, 2, frac != 0 ? '.' : 'Z');
	if (frac != 0)
		at = put(at, (int)frac, 3, 'Z');
	*at = '\0';
	return out;
}

const char *
clock_day(int64_t ms, char out[CLOCK_TEXT])
{
	clock_format(ms, out);
	out[10] = '\0';
	return out;
}

/* Reads exactly n digits; -1 if they are not digits. */
static int
digits(const char **s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = **s;

		if (c < '0' || c > '9')
			return -1;
		v = v * 10 + (c - '0');
		(*s)++;
	}
	return v;
}

static bool
expect(const char **s, const char *set)
{
	if (**s == '\0' || strchr(set, **s) == NULL)
		return false;
	(*s)++;
	return true;
}

static int
days_in_month(int y, int m)
{
	static const int d[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : d[m - 1];
}

/* The zone after the seconds: Z or +hh:mm.  False if it is neither. */
static bool
parse_zone(const char **s, int64_t *offset)
{
	int sign, h, m;

	*offset = 0;
	if (expect(s, "Zz"))
		return true;
	sign = **s == '-' ? -1 : 1;
	if (!expect(s, "+-"))
		return false;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !expect(s, ":"))
		return false;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return false;
	*offset = sign * (h * CLOCK_HOUR + m * CLOCK_MIN);
	return true;
}

int64_t
clock_parse(const char *s)
{
	int y, mo, d, h, mi, sec, frac = 0, scale = 100;
	int64_t offset;

	if ((y = digits(&s, 4)) < 0 || !expect(&s, "-") || (mo = digits(&s, 2)) < 1 ||
	    mo > 12 || !expect(&s, "-") || (d = digits(&s, 2)) < 1 ||
	    d > days_in_month(y, mo) || !expect(&s, "Tt ") || (h = digits(&s, 2)) < 0 ||
	    h > 23 || !expect(&s, ":") || (mi = digits(&s, 2)) < 0 || mi > 59 ||
	    !expect(&s, ":") || (sec = digits(&s, 2)) < 0 || sec > 60)
		return CLOCK_NONE;
	if (*s == '.') {
		s++;
		if (*s < '0' || *s > '9')
			return CLOCK_NONE;
		for (; *s >= '0' && *s <= '9'; s++, scale /= 10)
			frac += (*s - '0') * scale;
	}
	if (!parse_zone(&s, &offset) || *s != '\0')
		return CLOCK_NONE;
	return clock_days(y, mo, d) * CLOCK_DAY + h * CLOCK_HOUR + mi * CLOCK_MIN +
	       sec * CLOCK_SEC + frac - offset;
}

const char *
clock_span(int64_t ms, char out[CLOCK_TEXT])
{
	int64_t s = ms / 1000;

	if (s >= 86400)
		snprintf(out, CLOCK_TEXT, "%lld d %lld h", (long long)(s / 86400),
		    (long long)(s / 3600 % 24));
	else if (s >= 3600)
		snprintf(out, CLOCK_TEXT, "%lld h %lld min", (long long)(s / 3600),
		    (long long)(s / 60 % 60));
	else if (s >= 60)
		snprintf(out, CLOCK_TEXT, "%lld min %lld s", (long long)(s / 60),
		    (long long)(s % 60));
	else
		snprintf(out, CLOCK_TEXT, "%lld s", (long long)s);
	return out;
}
