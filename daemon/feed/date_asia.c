/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_asia: dates as Korea, China and Japan write them: 2004년 05월 28일 01:31:15,
 * 2004-05-25 오후 11:23:17, 2004年5月28日 星期五 14时05分.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/date.h"
#include "feed/date_parts.h"

enum sign { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MORNING, AFTERNOON, WEEK, WEEKDAY };

static const struct {
	const char *text;
	unsigned char sign;
} signs[] = {
    {"년", YEAR},
    {"年", YEAR},
    {"-", YEAR},
    {".", YEAR},
    {"월", MONTH},
    {"月", MONTH},
    {"-", MONTH},
    {".", MONTH},
    {"일", DAY},
    {"日", DAY},
    {"号", DAY},
    {".", DAY},
    {" ", DAY},
    {"시", HOUR},
    {"時", HOUR},
    {"时", HOUR},
    {"点", HOUR},
    {"點", HOUR},
    {"분", MINUTE},
    {"分", MINUTE},
    {"초", SECOND},
    {"秒", SECOND},
    {"오전", MORNING},
    {"上午", MORNING},
    {"午前", MORNING},
    {"早上", MORNING},
    {"凌晨", MORNING},
    {"오후", AFTERNOON},
    {"下午", AFTERNOON},
    {"午後", AFTERNOON},
    {"中午", AFTERNOON},
    {"晚上", AFTERNOON},
    {"晚", AFTERNOON},
    {"星期", WEEK},
    {"周", WEEK},
    {"週", WEEK},
    {"曜日", WEEKDAY},
    {"요일", WEEKDAY},
};

/* Moves behind the sign and the spaces after it. */
static bool
skip_sign(const char **s, enum sign sign)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i].sign == sign && date_skip(s, signs[i].text))
			return true;
	return false;
}

static bool
day(const char **s, struct date_parts *w)
{
	w->year_digits = date_number(s, 4, &w->year);
	if (w->year_digits != 4 || !skip_sign(s, YEAR) ||
	    date_number(s, 2, &w->month) == 0 || !skip_sign(s, MONTH) ||
	    date_number(s, 2, &w->day) == 0)
		return false;
	skip_sign(s, DAY);
	return true;
}

/* (Mon), 星期一, 月曜日: every letter has three bytes. */
static void
skip_weekday(const char **s, struct date_parts *w)
{
	const char *p = *s;

	if (*p == '(') {
		date_comment(s, w);
	} else if (skip_sign(&p, WEEK) && strlen(p) >= 3) {
		*s = p + 3;
	} else if (strlen(p) >= 3) {
		p += 3;
		if (skip_sign(&p, WEEKDAY))
			*s = p;
	}
	while (**s == ' ' || **s == ',')
		(*s)++;
}

/* 14時05分06秒, 오후 2시 5분, or with colons. */
static bool
time_of_day(const char **s, struct date_parts *w)
{
	const char *p = *s;

	if (skip_sign(&p, AFTERNOON))
		w->pm = 1;
	else if (skip_sign(&p, MORNING))
		w->pm = 0;
	*s = p;
	if (date_number(&p, 2, &w->hour) > 0 && skip_sign(&p, HOUR)) {
		if (date_number(&p, 2, &w->min) > 0 && !skip_sign(&p, MINUTE))
			return false;
		if (date_number(&p, 2, &w->sec) > 0)
			skip_sign(&p, SECOND);
		*s = p;
		return true;
	}
	w->hour = DATE_UNSET;
	return **s == '\0' || date_time(s, w);
}

/* Korean time where no zone is given: these forms come from Korean servers. */
int64_t
date_asia(const char *s)
{
	bool chinese = strstr(s, "年") != NULL;
	struct date_parts w;

	if (!chinese && strstr(s, "년") == NULL && strstr(s, "오전") == NULL &&
	    strstr(s, "오후") == NULL)
		return CLOCK_NONE;
	date_clear(&w);
	if (!day(&s, &w))
		return CLOCK_NONE;
	skip_weekday(&s, &w);
	if (!time_of_day(&s, &w))
		return CLOCK_NONE;
	while (*s == ' ')
		s++;
	if (!w.zoned && !chinese)
		w.zone = 9 * 60;
	if (*s == '(')
		date_comment(&s, &w);
	else if (date_word(s, &w.zone) == DATE_ZONE)
		s += strlen(s);
	else if (*s != '\0' && !date_offset(&s, &w))
		return CLOCK_NONE;
	return *s == '\0' ? date_resolve(&w) : CLOCK_NONE;
}
