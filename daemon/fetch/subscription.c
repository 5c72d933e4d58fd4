/* SPDX-License-Identifier: Apache-2.0 */
/* subscription: the table; see subscription.h. */
#include "fetch/subscription.h"

#include "base/clock.h"

#define RETRY_MIN (10 * CLOCK_MIN)
#define RETRY_MAX CLOCK_DAY
#define LEASE_MIN CLOCK_SEC
#define LEASE_MAX (365 * CLOCK_DAY)

static const char *const names[SUBSCRIPTION_STATES] = {
    [SUBSCRIPTION_NONE] = "none",
    [SUBSCRIPTION_ASKED] = "asked",
    [SUBSCRIPTION_ACTIVE] = "active",
    [SUBSCRIPTION_FAULTY] = "faulty",
    [SUBSCRIPTION_DENIED] = "denied",
    [SUBSCRIPTION_ENDING] = "ending",
    [SUBSCRIPTION_ENDED] = "ended",
};

const char *
subscription_name(enum subscription_state s)
{
	return (unsigned)s < SUBSCRIPTION_STATES ? names[s] : "unknown";
}

/* What comes of an event.  OLD: the state stays, nothing is due that was not. */
enum deed { OLD, ASK, RENEW, END, OVER, LATER, ACTIVE, FAULTY, DENIED };

#define NONE_ SUBSCRIPTION_NONE
#define ASKED_ SUBSCRIPTION_ASKED
#define ACTIVE_ SUBSCRIPTION_ACTIVE
#define FAULTY_ SUBSCRIPTION_FAULTY
#define DENIED_ SUBSCRIPTION_DENIED
#define ENDING_ SUBSCRIPTION_ENDING
#define ENDED_ SUBSCRIPTION_ENDED

static const uint8_t table[SUBSCRIPTION_EVENTS][SUBSCRIPTION_STATES] = {
    [SUBSCRIPTION_WANTED] = {[NONE_] = ASK, [ENDING_] = ASK, [ENDED_] = ASK},
    [SUBSCRIPTION_UNWANTED] = {[NONE_] = OVER,
	[ASKED_] = END,
	[ACTIVE_] = END,
	[FAULTY_] = END,
	[DENIED_] = OVER},
    [SUBSCRIPTION_DUE] = {[NONE_] = ASK,
	[ASKED_] = ASK,
	[ACTIVE_] = RENEW,
	[FAULTY_] = RENEW,
	[DENIED_] = ASK,
	[ENDING_] = OVER},
    [SUBSCRIPTION_FAILED] =
	{[ASKED_] = LATER, [ACTIVE_] = LATER, [FAULTY_] = LATER, [ENDING_] = OVER},
    [SUBSCRIPTION_VERIFIED] = {[ASKED_] = ACTIVE,
	[ACTIVE_] = ACTIVE,
	[FAULTY_] = ACTIVE, /* a new lease, a new chance */
	[DENIED_] = ACTIVE},
    [SUBSCRIPTION_UNDONE] = {[ENDING_] = OVER},
    [SUBSCRIPTION_REFUSED] =
	{[ASKED_] = DENIED, [ACTIVE_] = DENIED, [FAULTY_] = DENIED, [ENDING_] = OVER},
    [SUBSCRIPTION_MISSED] = {[ACTIVE_] = FAULTY},
};

static void
go(struct subscription *s, enum subscription_state state, int64_t due, int64_t now)
{
	if (s->state != state)
		s->since = now;
	s->state = state;
	s->due = due;
}

static int64_t
retry(const struct subscription *s, int64_t now)
{
	int64_t wait = RETRY_MIN;

	for (unsigned i = 0; i < s->failures && wait < RETRY_MAX; i++)
		wait *= 2;
	return now + (wait < RETRY_MAX ? wait : RETRY_MAX);
}

/* Asked again while the lease still runs; a lease that ran out is no subscription. */
static void
renew(struct subscription *s, int64_t now)
{
	int64_t due = retry(s, now);

	if (now >= s->until)
		go(s, SUBSCRIPTION_ASKED, due, now);
	else
		s->due = due < s->until ? due : s->until;
	s->failures++;
}

static void
activate(struct subscription *s, int64_t lease, int64_t now)
{
	if (lease < LEASE_MIN)
		lease = LEASE_MIN;
	if (lease > LEASE_MAX)
		lease = LEASE_MAX;
	go(s, SUBSCRIPTION_ACTIVE, now + lease / 10 * 8, now);
	s->until = now + lease;
	s->failures = 0;
}

enum subscription_act
subscription_step(
    struct subscription *s, enum subscription_event ev, int64_t lease, int64_t now)
{
	switch ((enum deed)table[ev][s->state]) {
	case OLD:
		return SUBSCRIPTION_REST;
	case ASK:
		go(s, SUBSCRIPTION_ASKED, retry(s, now), now);
		s->failures++;
		return SUBSCRIPTION_ASK;
	case RENEW:
		renew(s, now);
		return SUBSCRIPTION_ASK;
	case END:
		go(s, SUBSCRIPTION_ENDING, now + CLOCK_DAY, now);
		return SUBSCRIPTION_END;
	case OVER:
		go(s, SUBSCRIPTION_ENDED, CLOCK_NONE, now);
		return SUBSCRIPTION_REST;
	case LATER: /* the time for the next try is set already */
		return SUBSCRIPTION_REST;
	case ACTIVE:
		activate(s, lease, now);
		return SUBSCRIPTION_REST;
	case FAULTY:
		go(s, SUBSCRIPTION_FAULTY, s->due, now);
		return SUBSCRIPTION_REST;
	case DENIED:
		go(s, SUBSCRIPTION_DENIED, now + CLOCK_DAY, now);
		return SUBSCRIPTION_REST;
	}
	return SUBSCRIPTION_REST;
}

bool
subscription_trusted(const struct subscription *s, int64_t now)
{
	return s->state == SUBSCRIPTION_ACTIVE && now < s->until;
}
