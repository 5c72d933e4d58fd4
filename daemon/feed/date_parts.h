/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_parts: the parts of a date while it is read, and what its readers share.
 * All readers work on lower-case text; those that return bool leave *s behind what
 * they read, or anywhere when they return false.
 */
#ifndef TOSD_FEED_DATE_PARTS_H
#define TOSD_FEED_DATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_UNSET -1

/* What has been read so far; DATE_UNSET where nothing was. */
struct date_parts {
	int year, month, day;
	int year_digits;
	int hour, min, sec, ms;
	int weekday;	   /* 1 Monday to 7, 0 unknown */
	int weekday_month; /* the month that a weekday's name might also mean */
	bool named;	   /* the month by its name */
	bool either;	   /* day and month might be each other */
	int pm;		   /* DATE_UNSET, 0 am, 1 pm */
	bool zoned;
	bool offset; /* by a number, which counts more than a name */
	int zone;    /* minutes east */
	int summer; /* the rule of its summer time, for date_is_summer(); 0: none */
};

static inline bool
date_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void date_clear(struct date_parts *w);

/* Digits at *s, at most max of them; returns how many, moves *s, sets *v. */
int date_number(const char **s, int max, int *v);
/* How many digits there are. */
int date_digits(const char *s);
int date_days_in(int year, int month);
/* Short years as RFC 2822 section 4.3 reads them. */
int date_full_year(int year, int digits);

/* False if there is a year already. */
bool date_set_year(struct date_parts *w, int v, int digits);

/* h:mm[:ss[.f]], hhmm[ss]; false if it is none. */
bool date_time(const char **s, struct date_parts *w);
/* +hh:mm, +hhmm, +hh, +h; false if it is none.  The first one counts. */
bool date_offset(const char **s, struct date_parts *w);

/* A zone of the tz database; false if it is not known.  The name in lower case. */
bool date_zone_find(const char *name, size_t n, struct date_parts *w);
/* "Eastern Standard Time". */
bool date_zone_phrase(const char **s, struct date_parts *w);
/* Is it summer time at this time of the zone's clocks (ms)? */
bool date_is_summer(const struct date_parts *w, int64_t local);

/* If what is next: moves behind it and the spaces after. */
bool date_skip(const char **s, const char *what);
/* (CEST) and the like; they nest in RFC 822.  A zone in it counts if there is no
 * other before.  Always true. */
bool date_comment(const char **s, struct date_parts *w);

/* ms UTC, or CLOCK_NONE where a part is missing or out of its range. */
int64_t date_resolve(struct date_parts *w);

/* The readers of date.c that fill a file of their own: CLOCK_NONE if s is not in
 * their form. */
int64_t date_iso(const char *s);
int64_t date_asia(const char *s);
int64_t date_compact(const char *s);
int64_t date_epoch(const char *s);
/* Three numbers with signs between, or two; *s stays if it is none. */
bool date_numeric(const char **s, struct date_parts *w);
/* Digits without separators: how many there are says what they mean. */
bool date_iso_basic(const char **s, struct date_parts *w, int digits);

/* The usual forms, read at once; false: any of the others, or none. */
bool date_usual(const char *s, size_t n, int64_t *t);

#endif
