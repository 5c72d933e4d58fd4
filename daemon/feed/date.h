/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: the dates that feeds write: RFC 3339 and ISO 8601 (also week, ordinal and
 * short forms), RFC 822 and 850, asctime, zones by name, and what people type in some
 * thirty languages.
 * What cannot be read is CLOCK_NONE; a date is never guessed and never "now".
 */
#ifndef TOSD_FEED_DATE_H
#define TOSD_FEED_DATE_H

#include <stddef.h>
#include <stdint.h>

/* ms UTC or CLOCK_NONE.  A time without zone is read as UTC. */
int64_t feed_date(const char *s);

/* For date.c and its tests: what a word of a date means. */
enum date_word {
	DATE_UNKNOWN,
	DATE_MONTH,   /* value 1..12 */
	/* value: 1 Monday to 7, 0 where languages differ; and 16 times the month that
	 * is written alike */
	DATE_WEEKDAY,
	DATE_ZONE,    /* value: minutes east of UTC */
	DATE_AM,
	DATE_PM,
	DATE_FILLER, /* "de", "um", "at" */
};
/* The word in lower case without a final dot. */
enum date_word date_word(const char *s, int *value);

#endif
