/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_asia: dates as Korea, China and Japan write them: 2004년 05월 28일 01:31:15,
 * 2004-05-25 오후 11:23:17, 2004年5月28日 14時05分.
 */
#include <string.h>

#include "base/clock.h"
#include "feed/date_parts.h"

static bool
korean_day(const char **s, struct date_parts *w)
{
	if (date_number(s, 4, &w->year) != 4)
		return false;
	w->year_digits = 4;
	if (!date_skip(s, "년") && !date_skip(s, "年") && !date_skip(s, "-") &&
	    !date_skip(s, "."))
		return false;
	if (date_number(s, 2, &w->month) == 0 ||
	    (!date_skip(s, "월") && !date_skip(s, "月") && !date_skip(s, "-") &&
		!date_skip(s, ".")))
		return false;
	if (date_number(s, 2, &w->day) == 0)
		return false;
	if (!date_skip(s, "일") && !date_skip(s, "日") && !date_skip(s, "."))
		date_skip(s, " ");
	return true;
}

static bool
skip_any(const char **s, const char *a, const char *b, const char *c)
{
	return date_skip(s, a) || date_skip(s, b) || date_skip(s, c);
}

/* 14時05分06秒, 오후 2시 5분, or with colons. */
static bool
korean_time(const char **s, struct date_parts *w)
{
	const char *p = *s;

	if (skip_any(&p, "오후", "下午", "午後"))
		w->pm = 1;
	else if (skip_any(&p, "오전", "上午", "午前"))
		w->pm = 0;
	*s = p;
	if (date_number(&p, 2, &w->hour) > 0 && skip_any(&p, "시", "時", "点")) {
		if (date_number(&p, 2, &w->min) > 0 && !skip_any(&p, "분", "分", "分"))
			return false;
		if (date_number(&p, 2, &w->sec) > 0)
			skip_any(&p, "초", "秒", "秒");
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
	struct date_parts w;

	bool chinese = strstr(s, "年") != NULL;

	if (!chinese && strstr(s, "년") == NULL && strstr(s, "오전") == NULL &&
	    strstr(s, "오후") == NULL)
		return CLOCK_NONE;
	date_clear(&w);
	if (!korean_day(&s, &w))
		return CLOCK_NONE;
	if (*s == '(') /* the weekday */
		date_comment(&s);
	while (*s == ' ')
		s++;
	if (!korean_time(&s, &w))
		return CLOCK_NONE;
	while (*s == ' ')
		s++;
	if (*s != '\0' && !date_offset(&s, &w))
		return CLOCK_NONE;
	if (!w.zoned && !chinese)
		w.zone = 9 * 60;
	return *s == '\0' ? date_resolve(&w) : CLOCK_NONE;
}
