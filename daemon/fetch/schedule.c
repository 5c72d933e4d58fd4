/* SPDX-License-Identifier: Apache-2.0 */
/* schedule: intervals, back-off and jitter; see schedule.h.  Owns nothing. */
#include "fetch/schedule.h"

#include "base/clock.h"
#include "ipc/msg.h"

#define BACKOFF_START CLOCK_MIN
#define BACKOFF_CAP CLOCK_DAY
#define SHORTEST 1 /* ms: "next" is never "now", or a zero interval would spin */

/* How an outcome is treated. */
enum kind { KIND_GOOD, KIND_OWN, KIND_FAILED, KIND_LIMITED, KIND_GONE };

static const struct {
	enum kind kind;
	const char *why;
} outcomes[POLLED_COUNT] = {
    [POLLED_OK] = {KIND_GOOD, "interval"},
    [POLLED_UNCHANGED] = {KIND_GOOD, "interval"},
    [POLLED_GONE] = {KIND_GONE, "gone: asked at the longest interval"},
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
    [POLLED_OWN_FAULT] = {KIND_OWN, "own fault: tried again soon"},
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
base_of(const struct fetch_plan_in *in)
{
	int64_t base = most(sane(in->base_interval), SHORTEST);

	return base < CLOCK_MIN ? base : most(base, sane(in->min));
}

static void
set_next(struct fetch_plan *out, const struct fetch_plan_in *in, int64_t delay,
    int64_t floor, int64_t cap)
{
	int64_t d = jitter(delay, in->jitter_seed);

	if (d < floor) /* asked for: jitter goes only to the later side */
		d = floor + (floor - d);
	d = most(least(d, cap), SHORTEST);
	out->next = in->now > INT64_MAX - d ? INT64_MAX : in->now + d;
}

void
fetch_plan(const struct fetch_plan_in *in, struct fetch_plan *out)
{
	unsigned o = in->outcome < POLLED_COUNT ? in->outcome : POLLED_HTTP_ERROR;
	enum kind kind = outcomes[o].kind;
	int64_t base = base_of(in), cap = most(sane(in->max), base);
	int64_t start = least(BACKOFF_START, base);
	int64_t delay = base, floor = 0;

	*out = (struct fetch_plan){.failures = in->failures, .why = outcomes[o].why};
	if (kind == KIND_GOOD) {
		out->failures = 0;
		floor = least(sane(in->hint), cap);
		if (floor > base)
			out->why = sane(in->hint) > cap ? "hint of the answer, capped"
							: "hint of the answer";
	} else if (kind == KIND_OWN) {
		delay = start;
	} else {
		out->failures += in->failures < UINT32_MAX;
		floor = least(sane(in->retry_after), cap);
		delay = backoff(start, in->failures, least(BACKOFF_CAP, cap));
		if (kind == KIND_GONE)
			delay = cap;
		if (kind == KIND_LIMITED) /* it has just said "less often" */
			delay = most(delay, base);
		out->unobservable = sane(in->retry_after) > cap;
		if (out->unobservable)
			out->why = "Retry-After is beyond the cap";
		else if (floor > delay)
			out->why = "Retry-After";
	}
	set_next(out, in, most(delay, floor), floor, cap);
}

int64_t
fetch_first(int64_t now, int64_t interval, uint64_t seed)
{
	if (interval <= 0)
		return now;
	return now + (int64_t)(mix(seed) % (uint64_t)interval);
}
