/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: the only source of time.
 *
 * Time is a count of milliseconds since 1970-01-01T00:00:00Z in an int64_t
 * (leap seconds as in POSIX).  Virtual time makes a year of cases run in a
 * test in milliseconds, with the same code.
 */
#ifndef TOSD_BASE_CLOCK_H
#define TOSD_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_NONE INT64_MIN /* "no such time" */
#define CLOCK_TEXT 32	     /* room for an RFC 3339 text with NUL */

#define CLOCK_SEC ((int64_t)1000)
#define CLOCK_MIN (60 * CLOCK_SEC)
#define CLOCK_HOUR (60 * CLOCK_MIN)
#define CLOCK_DAY (24 * CLOCK_HOUR)

/* Wall clock, or virtual time once clock_set_virtual() was called. */
int64_t clock_now(void);

/* A steady clock for time-outs and rates; virtual time as well, when set. */
int64_t clock_steady(void);

/* Nanoseconds of a steady clock, for what something costs; decides nothing.  Virtual time
 * as well, when set. */
int64_t clock_ns(void);

/* From now on all clocks say exactly this. */
void clock_set_virtual(int64_t ms);

/* "2026-11-22T13:00:00Z", with ".123" only where milliseconds are not zero;
 * "-" for CLOCK_NONE.  Years outside 0..9999 come out as "-".  Returns out. */
const char *clock_format(int64_t ms, char out[CLOCK_TEXT]);
/* Its day alone, "2026-11-22".  Returns out. */
const char *clock_day(int64_t ms, char out[CLOCK_TEXT]);

/* Strict RFC 3339.  Returns CLOCK_NONE if it is not. */
int64_t clock_parse(const char *s);

/* Days since 1970-01-01 of a proleptic Gregorian date; month 1..12. */
int64_t clock_days(int year, int month, int day);

/* "3 d 4 h", "2 h 5 min", "40 s": for people.  Returns out. */
const char *clock_span(int64_t ms, char out[CLOCK_TEXT]);

#endif
