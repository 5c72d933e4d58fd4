/* SPDX-License-Identifier: Apache-2.0 */
/* pace: the back-off of streams; see pace.h. */
#include "fetch/pace.h"

#include "ipc/msg.h"

/* What the end of a stream means for the next try. */
enum end {
	END_USUAL, /* closed, broken, not reached: back-off */
	END_NO,	   /* the server says that it will not: not before max */
	END_WAIT,  /* it asks for time */
	END_OURS,  /* our own network: soon, not counted */
};

static const uint8_t ends[POLLED_COUNT] = {
    [POLLED_OK] = END_USUAL,
    [POLLED_UNCHANGED] = END_NO,
    [POLLED_GONE] = END_NO,
    [POLLED_NOT_FOUND] = END_NO,
    [POLLED_FORBIDDEN] = END_NO,
    [POLLED_LEGAL] = END_NO,
    [POLLED_RATE_LIMIT] = END_WAIT,
    [POLLED_HTTP_ERROR] = END_USUAL,
    [POLLED_DNS] = END_USUAL,
    [POLLED_CONNECT] = END_USUAL,
    [POLLED_TLS] = END_USUAL,
    [POLLED_TIMEOUT] = END_USUAL,
    [POLLED_REFUSED] = END_NO,
    [POLLED_NOT_FEED] = END_NO,
    [POLLED_OWN_FAULT] = END_OURS,
};

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
fetch_pace(const struct pace_in *in, struct pace *out)
{
	enum end end = in->outcome < POLLED_COUNT ? ends[in->outcome] : END_USUAL;
	int64_t base = in->retry > in->min ? smaller(in->retry, in->max) : in->min;
	int64_t asked = smaller(in->retry_after, PACE_CAP), wait = base, spread;
	unsigned failures = in->opened && in->lived >= PACE_SOUND ? 0 : in->failures;

	for (unsigned i = 0; i < failures && wait < in->max; i++)
		wait *= 2;
	wait = end == END_NO ? in->max : smaller(wait, in->max);
	spread = wait / 5;
	if (spread > 0)
		wait += (int64_t)(mix(in->seed) % (uint64_t)(2 * spread + 1)) - spread;
	if (wait < base)
		wait = base + (base - wait); /* jitter never makes it hastier */
	if (wait < asked)
		wait = asked + (spread > 0 ? (int64_t)(mix(in->seed) % spread) : 0);
	out->wait = wait > 0 ? wait : 1;
	out->failures = end == END_OURS ? failures : failures + 1;
}
