/* SPDX-License-Identifier: Apache-2.0 */
/* schedule: intervals, back-off and jitter; see schedule.h.  Owns nothing. */
#include "fetch/schedule.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ipc/msg.h"

#define BACKOFF_START CLOCK_MIN
#define BACKOFF_CAP CLOCK_DAY
#define GONE_EVERY CLOCK_DAY
/* After a fault of our own: soon, but not so soon that all feeds together come back
 * as one wave. */
#define OWN_RETRY (15 * CLOCK_MIN)
#define WEEK (7 * CLOCK_DAY)
#define CATCH_UP 5.0 /* polls a second: no burst, however few feeds there are */
#define SHORTEST 1 /* ms: "next" is never "now", or a zero interval would spin */

/* How an outcome is treated. */
enum kind { KIND_GOOD, KIND_OWN, KIND_FAILED, KIND_LIMITED, KIND_GONE };

static const struct {
	enum kind kind;
	const char *why;
} outcomes[POLLED_COUNT] = {
    [POLLED_OK] = {KIND_GOOD, "interval"},
    [POLLED_UNCHANGED] = {KIND_GOOD, "interval"},
    [POLLED_GONE] = {KIND_GONE, "gone: asked once a day"},
    [POLLED_NOT_FOUND] = {KIND_FAILED, "back-off: not found"},
    [POLLED_FORBIDDEN] = {KIND_FAILED, "back-off: access refused"},
    [POLLED_LEGAL] = {KIND_FAILED, "back-off: withheld for legal reasons"},
    [POLLED_RATE_LIMIT] = {KIND_LIMITED, "back-off: the server limits requests"},
    [POLLED_HTTP_ERROR] = {KIND_FAILED, "back-off: HTTP error"},
    [POLLED_DNS] = {KIND_FAILED, "back-off: name not resolved"},
    [POLLED_CONNECT] = {KIND_FAILED, "back-off: no connection"},
    [POLLED_TLS] = {KIND_FAILED, "back-off: TLS failed"},
    [POLLED_TIMEOUT] = {KIND_FAILED, "back-off: time-out"},
    [POLLED_REFUSED] = {KIND_FAILED, "back-off: address refused"},
    [POLLED_NOT_FEED] = {KIND_FAILED, "back-off: not a feed"},
    [POLLED_OWN_FAULT] = {KIND_OWN, "own fault: not counted"},
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* splitmix64 (Steele, Lea, Flood 2014): every bit of the seed moves every bit of
 * the result, so that seeds 1, 2, 3 do not come out side by side. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* d moved by up to a tenth to either side. */
static int64_t
jitter(int64_t d, uint64_t seed)
{
	uint64_t width = (uint64_t)(d / 10) * 2 + 1;

	return d - d / 10 + (int64_t)(mix(seed) % width);
}

/* start * 2^failures, at most cap, without overflow however often it failed. */
static int64_t
backoff(int64_t start, unsigned failures, int64_t cap)
{
	int64_t d = start;

	while (failures-- > 0 && d < cap)
		d = d > cap / 2 ? cap : d * 2;
	return least(d, cap);
}

/* A value from a server or a broken caller, made safe for arithmetic. */
static int64_t
sane(int64_t span)
{
	return span < 0 ? 0 : least(span, INT64_MAX / 8);
}

/* Below a minute stands in no production file: tests and demonstrations mean it. */
static int64_t
base_of(const struct fetch_plan_in *in, const char **why)
{
	int64_t base = most(sane(in->base_interval), SHORTEST), min = sane(in->min);
	int64_t max = most(sane(in->max), min);

	if (base < CLOCK_MIN)
		return base;
	if (in->fixed) {
		*why = "interval of this feed";
		return most(base, min);
	}
	if (in->flood) {
		*why = "most of the last document was new";
		return most(min, SHORTEST);
	}
	if (in->weekly < 0)
		return most(base, min);
	*why = "a week by the items of a week";
	if (in->weekly * (double)max <= (double)WEEK)
		return max;
	return most(least((int64_t)((double)WEEK / in->weekly), max), min);
}

/* A wish of span, granted up to cap; the largest that is refused is told. */
static int64_t
grant(struct fetch_plan *out, int64_t span, int64_t cap, const char *what)
{
	span = sane(span);
	cap = sane(cap);
	if (span > cap && (out->silence == NULL || span > out->asked)) {
		out->silence = what;
		out->asked = span;
		out->cap = cap;
	}
	return least(span, cap);
}

/* How long the wishes of the answer say to wait at least. */
static int64_t
floor_of(const struct fetch_plan_in *in, struct fetch_plan *out)
{
	int64_t hint = grant(
	    out, in->hint, in->hint_max, "Cache-Control or Expires is beyond the cap");
	int64_t ttl = grant(out, in->ttl, in->hint_max,
	    "the document's ttl or updatePeriod is beyond the cap");
	int64_t retry =
	    grant(out, in->retry_after, in->retry_max, "Retry-After is beyond the cap");

	return most(retry, most(hint, ttl));
}

static bool
skipped(const struct fetch_plan_in *in, int64_t t)
{
	/* The epoch was a Thursday. */
	return in->skip_hours >> (t / CLOCK_HOUR % 24) & 1 ||
	       in->skip_days >> ((t / CLOCK_DAY + 4) % 7) & 1;
}

/* Moves the plan out of what is to be skipped: into the first ten minutes of the next
 * hour that is open, so that those who wait for it do not come at one instant. */
static void
skip(const struct fetch_plan_in *in, struct fetch_plan *out)
{
	int64_t t = out->next, limit = in->now + sane(in->hint_max), end;

	if ((in->skip_hours == 0 && in->skip_days == 0) || t < 0 || !skipped(in, t))
		return;
	end = t + 8 * CLOCK_DAY;
	while (t < end && skipped(in, t))
		t = t - t % CLOCK_HOUR + CLOCK_HOUR;
	if (t < end && t <= limit) {
		t += (int64_t)(mix(in->jitter_seed) % (uint64_t)(10 * CLOCK_MIN));
		out->next = least(t, most(limit, out->next));
		out->why = "skipHours and skipDays";
		return;
	}
	out->next = most(out->next, limit);
	out->silence = t < end ? "skipHours and skipDays are beyond the cap"
			       : "skipHours and skipDays leave no hour";
	out->asked = t < end ? t - in->now : 0;
	out->cap = sane(in->hint_max);
}

static void
set_next(const struct fetch_plan_in *in, struct fetch_plan *out, int64_t delay,
    int64_t floor)
{
	int64_t cap = most(most(sane(in->max), delay), floor);
	int64_t d = jitter(delay, in->jitter_seed);

	if (d < floor) /* asked for: jitter goes only to the later side */
		d = floor + (floor - d);
	d = most(least(d, cap), SHORTEST);
	out->interval = most(delay, floor);
	out->next = in->now > INT64_MAX / 2 - d ? INT64_MAX / 2 : in->now + d;
}

/* Our network is away.  Feeds that come due meanwhile pile up, and must not all come
 * back in the quarter of an hour after: they are spread over a sixth of their interval,
 * or over what they are late by beyond what jitter explains. */
static int64_t
own_delay(const struct fetch_plan_in *in, int64_t base)
{
	int64_t late = sane(in->dark) - base - base / 10;
	int64_t width = most(base / 6, late);

	return least(base,
	    OWN_RETRY + (int64_t)(mix(in->jitter_seed + 1) % (uint64_t)(width + 1)));
}

static int64_t
delay_of(
    const struct fetch_plan_in *in, enum kind kind, int64_t base, unsigned failures)
{
	int64_t cap = most(sane(in->max), base), start = least(BACKOFF_START, base);
	int64_t delay = backoff(start, failures, least(BACKOFF_CAP, cap));

	switch (kind) {
	case KIND_GOOD:
		return base;
	case KIND_OWN:
		return own_delay(in, base);
	case KIND_GONE:
		return least(GONE_EVERY, cap);
	case KIND_LIMITED: /* it has just said "less often" */
		return most(delay, base);
	case KIND_FAILED:
		break;
	}
	return delay;
}

void
fetch_plan(const struct fetch_plan_in *in, struct fetch_plan *out)
{
	unsigned o = in->outcome < POLLED_COUNT ? in->outcome : POLLED_HTTP_ERROR;
	enum kind kind = outcomes[o].kind;
	const char *words = outcomes[o].why;
	int64_t base = base_of(in, &words), delay, floor;

	*out = (struct fetch_plan){.failures = in->failures,
	    .why = kind == KIND_GOOD ? words : outcomes[o].why};
	if (kind == KIND_GOOD)
		out->failures = 0;
	else if (fetch_plan_counts((uint8_t)o))
		out->failures += in->failures < UINT32_MAX;
	delay = delay_of(in, kind, base, in->failures);
	floor = floor_of(in, out);
	if (floor > delay)
		out->why = sane(in->retry_after) >= floor ? "Retry-After"
							  : "hint of the answer";
	set_next(in, out, most(delay, floor), floor);
	skip(in, out);
}

bool
fetch_plan_counts(uint8_t outcome)
{
	enum kind kind = outcomes[outcome < POLLED_COUNT ? outcome : 0].kind;

	return kind != KIND_GOOD && kind != KIND_OWN;
}

int64_t
fetch_first(int64_t now, int64_t interval, uint64_t seed)
{
	if (interval <= 0)
		return now;
	return now + (int64_t)(mix(seed) % (uint64_t)interval);
}

/* --- those that are late --- */

static int
late_cmp(const void *a, const void *b)
{
	const struct fetch_late *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return (x->feed > y->feed) - (x->feed < y->feed);
}

/* Of feeds whose intervals differ by less than twice. */
struct like {
	size_t n, at;
	int64_t least;
};

static struct like *
like_of(struct like likes[64], const struct fetch_late *l)
{
	return &likes[63 - __builtin_clzll((uint64_t)most(l->interval, 1))];
}

void
fetch_spread(struct fetch_late *v, size_t n, double rate, int64_t now)
{
	double width = (double)n / (rate > CATCH_UP ? rate : CATCH_UP) * CLOCK_SEC;
	struct like likes[64] = {{0}};

	if (n == 0)
		return;
	qsort(v, n, sizeof(*v), late_cmp);
	for (size_t i = 0; i < n; i++) {
		struct like *k = like_of(likes, &v[i]);
		int64_t interval = most(v[i].interval, 1);

		k->least = k->n == 0 ? interval : least(k->least, interval);
		k->n++;
	}
	/* Each kind by itself: in one row the short ones, whose time was up last, would
	 * all be at its end. */
	for (size_t i = 0; i < n; i++) {
		struct like *k = like_of(likes, &v[i]);
		double over = (double)k->least < width ? (double)k->least : width;

		v[i].next = now + (int64_t)(over * (double)k->at++ / (double)k->n);
	}
}
