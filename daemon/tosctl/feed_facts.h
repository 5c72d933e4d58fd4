/* SPDX-License-Identifier: Apache-2.0 */
/* feed_facts: one reading of a feed in numbers: what its items have, what they lack,
 * and how long they stay in it. */
#ifndef TOSD_TOSCTL_FEED_FACTS_H
#define TOSD_TOSCTL_FEED_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/feed.h"

struct feed_facts {
	size_t items;
	size_t ids;	 /* with an id of the feed's own */
	size_t repeated; /* whose id another item before has too */
	size_t dated, unread_dates, future;
	size_t texts, urls, authors;
	size_t pointers;	/* that only name a page */
	size_t cut;		/* whose text ends as if there were more */
	size_t hidden;		/* with text that markup hides */
	size_t median_text;	/* bytes */
	int64_t oldest, newest; /* CLOCK_NONE where no item has a date */
	int64_t window;		/* ms that the dated items span; 0: not known */
	int64_t burst;	/* the same if all came as fast as the fastest quarter did */
	double per_day; /* items, over the window; 0: not known */
};

void feed_facts(const struct feed_doc *d, int64_t now, struct feed_facts *out);

/* Are all items of a in b too, by their addresses (ids where there are none)? */
bool feed_facts_within(const struct feed_doc *a, const struct feed_doc *b);

/* Bytes of text of all items. */
size_t feed_facts_text(const struct feed_doc *d);

#endif
