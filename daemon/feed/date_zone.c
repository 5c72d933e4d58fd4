/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_zone: zones by the names of the tz database ("Europe/Brussels") that feeds are
 * seen to use, with their standard offset and the rule of their summer time.  A table
 * of ours, because no file is opened here; the rules are those in force since 1996
 * (EU), 1987 and 2007 (USA, Canada), 2008 (Australia) and 2007 (New Zealand).
 */
#include <string.h>

#include "base/clock.h"
#include "feed/date_parts.h"

enum rule { NONE, EU, US, AU, NZ };

/* In byte order; minutes east. */
static const struct {
	const char *name;
	unsigned char rule;
	short minutes;
} zones[] = {
    /* clang-format off */
	{"africa/abidjan", NONE, 0}, {"africa/accra", NONE, 0},
	{"africa/addis_ababa", NONE, 180}, {"africa/algiers", NONE, 60},
	{"africa/dakar", NONE, 0}, {"africa/harare", NONE, 120},
	{"africa/johannesburg", NONE, 120}, {"africa/kampala", NONE, 180},
	{"africa/lagos", NONE, 60}, {"africa/nairobi", NONE, 180},
	{"africa/tunis", NONE, 60}, {"america/anchorage", US, -540},
	{"america/argentina/buenos_aires", NONE, -180}, {"america/bogota", NONE, -300},
	{"america/buenos_aires", NONE, -180}, {"america/caracas", NONE, -240},
	{"america/chicago", US, -360}, {"america/costa_rica", NONE, -360},
	{"america/denver", US, -420}, {"america/detroit", US, -300},
	{"america/edmonton", US, -420}, {"america/guatemala", NONE, -360},
	{"america/guayaquil", NONE, -300}, {"america/halifax", US, -240},
	{"america/indianapolis", US, -300}, {"america/jamaica", NONE, -300},
	{"america/la_paz", NONE, -240}, {"america/lima", NONE, -300},
	{"america/los_angeles", US, -480}, {"america/louisville", US, -300},
	{"america/manaus", NONE, -240}, {"america/montevideo", NONE, -180},
	{"america/montreal", US, -300}, {"america/new_york", US, -300},
	{"america/panama", NONE, -300}, {"america/phoenix", NONE, -420},
	{"america/puerto_rico", NONE, -240}, {"america/regina", NONE, -360},
	{"america/santo_domingo", NONE, -240}, {"america/st_johns", US, -210},
	{"america/toronto", US, -300}, {"america/vancouver", US, -480},
	{"america/winnipeg", US, -360}, {"asia/baku", NONE, 240},
	{"asia/bangkok", NONE, 420}, {"asia/calcutta", NONE, 330},
	{"asia/chongqing", NONE, 480}, {"asia/colombo", NONE, 330},
	{"asia/dhaka", NONE, 360}, {"asia/dubai", NONE, 240},
	{"asia/ho_chi_minh", NONE, 420}, {"asia/hong_kong", NONE, 480},
	{"asia/jakarta", NONE, 420}, {"asia/kabul", NONE, 270},
	{"asia/karachi", NONE, 300}, {"asia/kathmandu", NONE, 345},
	{"asia/katmandu", NONE, 345}, {"asia/kolkata", NONE, 330},
	{"asia/kuala_lumpur", NONE, 480}, {"asia/kuwait", NONE, 180},
	{"asia/macau", NONE, 480}, {"asia/manila", NONE, 480},
	{"asia/nicosia", EU, 120}, {"asia/novosibirsk", NONE, 420},
	{"asia/qatar", NONE, 180}, {"asia/riyadh", NONE, 180},
	{"asia/saigon", NONE, 420}, {"asia/seoul", NONE, 540},
	{"asia/shanghai", NONE, 480}, {"asia/singapore", NONE, 480},
	{"asia/taipei", NONE, 480}, {"asia/tashkent", NONE, 300},
	{"asia/tbilisi", NONE, 240}, {"asia/tokyo", NONE, 540},
	{"asia/vladivostok", NONE, 600}, {"asia/yangon", NONE, 390},
	{"asia/yekaterinburg", NONE, 300}, {"asia/yerevan", NONE, 240},
	{"atlantic/azores", EU, -60}, {"atlantic/bermuda", US, -240},
	{"atlantic/canary", EU, 0}, {"atlantic/madeira", EU, 0},
	{"atlantic/reykjavik", NONE, 0}, {"australia/adelaide", AU, 570},
	{"australia/brisbane", NONE, 600}, {"australia/canberra", AU, 600},
	{"australia/darwin", NONE, 570}, {"australia/hobart", AU, 600},
	{"australia/melbourne", AU, 600}, {"australia/perth", NONE, 480},
	{"australia/sydney", AU, 600}, {"canada/atlantic", US, -240},
	{"canada/central", US, -360}, {"canada/eastern", US, -300},
	{"canada/mountain", US, -420}, {"canada/pacific", US, -480},
	{"cst6cdt", US, -360}, {"eire", EU, 0}, {"est5edt", US, -300},
	{"europe/amsterdam", EU, 60}, {"europe/andorra", EU, 60},
	{"europe/athens", EU, 120}, {"europe/belfast", EU, 0},
	{"europe/belgrade", EU, 60}, {"europe/berlin", EU, 60},
	{"europe/bratislava", EU, 60}, {"europe/brussels", EU, 60},
	{"europe/bucharest", EU, 120}, {"europe/budapest", EU, 60},
	{"europe/copenhagen", EU, 60}, {"europe/dublin", EU, 0},
	{"europe/gibraltar", EU, 60}, {"europe/helsinki", EU, 120},
	{"europe/istanbul", NONE, 180}, {"europe/kiev", EU, 120},
	{"europe/kyiv", EU, 120}, {"europe/lisbon", EU, 0},
	{"europe/ljubljana", EU, 60}, {"europe/london", EU, 0},
	{"europe/luxembourg", EU, 60}, {"europe/madrid", EU, 60},
	{"europe/malta", EU, 60}, {"europe/minsk", NONE, 180},
	{"europe/monaco", EU, 60}, {"europe/moscow", NONE, 180},
	{"europe/oslo", EU, 60}, {"europe/paris", EU, 60}, {"europe/prague", EU, 60},
	{"europe/riga", EU, 120}, {"europe/rome", EU, 60}, {"europe/samara", NONE, 240},
	{"europe/san_marino", EU, 60}, {"europe/sarajevo", EU, 60},
	{"europe/skopje", EU, 60}, {"europe/sofia", EU, 120},
	{"europe/stockholm", EU, 60}, {"europe/tallinn", EU, 120},
	{"europe/tirane", EU, 60}, {"europe/vaduz", EU, 60}, {"europe/vatican", EU, 60},
	{"europe/vienna", EU, 60}, {"europe/vilnius", EU, 120},
	{"europe/warsaw", EU, 60}, {"europe/zagreb", EU, 60}, {"europe/zurich", EU, 60},
	{"gb", EU, 0}, {"hongkong", NONE, 480}, {"indian/maldives", NONE, 300},
	{"indian/mauritius", NONE, 240}, {"indian/reunion", NONE, 240},
	{"japan", NONE, 540}, {"mst7mdt", US, -420}, {"pacific/auckland", NZ, 720},
	{"pacific/fiji", NONE, 720}, {"pacific/guam", NONE, 600},
	{"pacific/honolulu", NONE, -600}, {"pacific/port_moresby", NONE, 600},
	{"poland", EU, 60}, {"portugal", EU, 0}, {"prc", NONE, 480},
	{"pst8pdt", US, -480}, {"roc", NONE, 480}, {"rok", NONE, 540},
	{"singapore", NONE, 480}, {"turkey", NONE, 180}, {"us/alaska", US, -540},
	{"us/arizona", NONE, -420}, {"us/central", US, -360}, {"us/eastern", US, -300},
	{"us/hawaii", NONE, -600}, {"us/mountain", US, -420}, {"us/pacific", US, -480},
    /* clang-format on */
};

bool
date_zone_find(const char *name, size_t n, struct date_parts *w)
{
	size_t lo = 0, hi = sizeof(zones) / sizeof(zones[0]);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strncmp(zones[mid].name, name, n);

		if (c == 0)
			c = zones[mid].name[n] != '\0';
		if (c == 0) {
			w->zone = zones[mid].minutes;
			w->summer = zones[mid].rule;
			w->zoned = true;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

bool
date_zone_phrase(const char **s, struct date_parts *w)
{
	static const struct {
		const char *name;
		int minutes;
	} phrases[] = {
	    {"eastern standard time", -300},
	    {"eastern daylight time", -240},
	    {"central standard time", -360},
	    {"central daylight time", -300},
	    {"mountain standard time", -420},
	    {"mountain daylight time", -360},
	    {"pacific standard time", -480},
	    {"pacific daylight time", -420},
	    {"central european time", 60},
	    {"central european standard time", 60},
	    {"central european summer time", 120},
	    {"gmt standard time", 0},
	    {"greenwich mean time", 0},
	    {"british summer time", 60},
	    {"coordinated universal time", 0},
	    {"india standard time", 330},
	    {"china standard time", 480},
	    {"japan standard time", 540},
	    {"met dst", 120},
	};

	if (w->zoned || w->hour == DATE_UNSET)
		return false;
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		size_t n = strlen(phrases[i].name);

		if (strncmp(*s, phrases[i].name, n) != 0)
			continue;
		*s += n;
		w->zone = phrases[i].minutes;
		w->zoned = true;
		return true;
	}
	return false;
}

/* The day of the nth Sunday of a month; nth 0 is the last one. */
static int64_t
sunday(int year, int month, int nth)
{
	int day = nth > 0 ? nth * 7 : date_days_in(year, month);
	int64_t days = clock_days(year, month, day);
	/* 1970-01-01 was a Thursday. */
	int dow = (int)(((days + 4) % 7 + 7) % 7);

	return days - dow;
}

/* ms of a local clock at which summer time begins or ends. */
static int64_t
at(int64_t day, int hour)
{
	return day * CLOCK_DAY + hour * CLOCK_HOUR;
}

bool
date_is_summer(const struct date_parts *w, int64_t local)
{
	int64_t from, to;
	int y = w->year;

	switch (w->summer) {
	case EU: /* 1:00 UTC */
		from = at(sunday(y, 3, 0), 1) + w->zone * CLOCK_MIN;
		to = at(sunday(y, 10, 0), 1) + w->zone * CLOCK_MIN + CLOCK_HOUR;
		return local >= from && local < to;
	case US:
		from = y >= 2007 ? at(sunday(y, 3, 2), 2) : at(sunday(y, 4, 1), 2);
		to = y >= 2007 ? at(sunday(y, 11, 1), 2) : at(sunday(y, 10, 0), 2);
		return local >= from && local < to;
	case AU:
		from = y >= 2008 ? at(sunday(y, 10, 1), 2) : at(sunday(y, 10, 0), 2);
		to = y >= 2008 ? at(sunday(y, 4, 1), 3) : at(sunday(y, 3, 0), 3);
		return local >= from || local < to;
	case NZ:
		from = y >= 2007 ? at(sunday(y, 9, 0), 2) : at(sunday(y, 10, 1), 2);
		to = y >= 2008 ? at(sunday(y, 4, 1), 3) : at(sunday(y, 3, 3), 3);
		return local >= from || local < to;
	default:
		return false;
	}
}
