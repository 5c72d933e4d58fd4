/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscription: the life of a subscription at a WebSub hub as a table: what an event
 * means in each state, and when something is due.  Pure; the engine keeps the state
 * and does what it is told.
 */
#ifndef TOSD_FETCH_SUBSCRIPTION_H
#define TOSD_FETCH_SUBSCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

enum subscription_state {
	SUBSCRIPTION_NONE,
	SUBSCRIPTION_ASKED,  /* the hub was asked and has not asked back yet */
	SUBSCRIPTION_ACTIVE, /* it asked back: it will push until the lease is over */
	SUBSCRIPTION_FAULTY, /* the same, but it missed an item: not relied upon */
	SUBSCRIPTION_DENIED, /* it will not serve us; asked again after a day */
	SUBSCRIPTION_ENDING, /* no longer wanted, and the hub was told so */
	SUBSCRIPTION_ENDED,
	SUBSCRIPTION_STATES,
};
const char *subscription_name(enum subscription_state s);

enum subscription_event {
	SUBSCRIPTION_WANTED,   /* the feed names this hub */
	SUBSCRIPTION_UNWANTED, /* the feed is no longer read */
	SUBSCRIPTION_DUE,      /* the time that was set is here */
	SUBSCRIPTION_FAILED,   /* the hub did not take our request */
	SUBSCRIPTION_VERIFIED, /* it asked back whether we want it */
	SUBSCRIPTION_UNDONE,   /* it asked back whether we want to end it */
	SUBSCRIPTION_REFUSED,  /* hub.mode=denied */
	SUBSCRIPTION_MISSED,   /* a poll found what it did not bring */
	SUBSCRIPTION_EVENTS,
};

enum subscription_act {
	SUBSCRIPTION_REST,
	SUBSCRIPTION_ASK, /* the hub is to be asked (again) */
	SUBSCRIPTION_END, /* the hub is to be told that it is over */
};

struct subscription {
	enum subscription_state state;
	int64_t since, until, due; /* ms; due CLOCK_NONE: nothing is */
	unsigned failures;	   /* requests in a row without a verification */
};

/* lease: what the hub granted, for VERIFIED; renewal is due after 80 % of it.  A
 * request without an answer is made again after ten minutes, doubling up to a day. */
enum subscription_act subscription_step(
    struct subscription *s, enum subscription_event ev, int64_t lease, int64_t now);

/* May polls be rare? */
bool subscription_trusted(const struct subscription *s, int64_t now);

#endif
