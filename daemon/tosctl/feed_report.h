/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_report: what `tosctl feed check` found out, and the telling of it.  The facts
 * are gathered in tosctl_feed.c; here they become a schedule (feed_plan.c),
 * warnings (feed_warnings.c), sentences and JSON.
 */
#ifndef TOSD_TOSCTL_FEED_REPORT_H
#define TOSD_TOSCTL_FEED_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "tosctl/feed_facts.h"
#include "tosctl/onboard.h"

/* What a second request, with the validators of the first, was answered. */
enum again {
	AGAIN_NOT_ASKED,
	AGAIN_304,
	AGAIN_SAME_BODY,
	AGAIN_OTHER_BODY,
	AGAIN_FAILED
};

struct feed_report {
	const char *asked;	 /* address as given */
	const struct visit *v;	 /* the first answer */
	const struct conf_tenant *mapped; /* whose mapping it was read by; NULL: none */
	struct feed_facts facts; /* if it is a feed */
	enum again again;
	const char *again_words; /* how that went, AGAIN_FAILED only */
	int64_t configured;	 /* interval of the configuration, ms */
	int64_t soonest, latest; /* the interval that results, with jitter */
	const char *decided;	 /* static words: what decided it */
	const char *silence;	 /* a wish beyond its cap, static words; or NULL */
	/* Of the document or of a Link header; NULL: none. */
	char *hub;
	char *older; /* where older items are */
};

/* Fills configured, soonest, latest, decided and silence from all the rest. */
void feed_report_plan(struct feed_report *r, const struct conf *c);

void feed_report_words(const struct feed_report *r);
void feed_report_json(const struct feed_report *r);

/* One warning: a word that stays the same over versions, and a sentence. */
typedef void feed_warning_cb(void *ctx, const char *word, const char *text);
/* All warnings in the order of their weight; returns how many. */
size_t feed_report_warnings(
    const struct feed_report *r, feed_warning_cb *cb, void *ctx);

/* Is a poll each `interval' ms enough to see every item?  Words for people. */
const char *feed_report_enough(const struct feed_report *r);

#endif
