/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_warnings: what cannot be seen of a feed, or not for sure.  A table: when a row's
 * test is true, its sentence is told.  See feed_report.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tosctl/feed_report.h"

static bool
is_feed(const struct feed_report *r)
{
	return r->v->is_feed;
}

static bool
plain_http(const struct feed_report *r)
{
	return is_feed(r) && strncasecmp(r->v->r.url, "http://", 7) == 0;
}

static bool
moved(const struct feed_report *r)
{
	return r->v->r.moved != NULL && strcmp(r->v->r.moved, r->asked) != 0;
}

static bool
unobservable(const struct feed_report *r)
{
	return r->silence != NULL;
}

static bool
empty(const struct feed_report *r)
{
	return is_feed(r) && r->facts.items == 0;
}

static bool
truncated(const struct feed_report *r)
{
	return r->v->r.truncated || (is_feed(r) && r->v->doc.truncated);
}

static bool
mended(const struct feed_report *r)
{
	return is_feed(r) && !r->v->doc.well_formed;
}

/* Of all items, and there are some. */
static bool
share(const struct feed_report *r, size_t n, size_t percent)
{
	return is_feed(r) && r->facts.items > 0 && n * 100 >= r->facts.items * percent;
}

/* Of known kinds the format has a name. */
static bool
guessed(const struct feed_report *r)
{
	return is_feed(r) && r->mapped == NULL && r->facts.items > 0 &&
	       strcmp(r->v->doc.format, "json") == 0;
}

static bool
no_ids(const struct feed_report *r)
{
	return share(r, r->facts.items - r->facts.ids, 1);
}

static bool
repeated_ids(const struct feed_report *r)
{
	return is_feed(r) && r->facts.repeated > 0;
}

static bool
no_dates(const struct feed_report *r)
{
	return share(r, r->facts.items - r->facts.dated, 1);
}

static bool
odd_dates(const struct feed_report *r)
{
	return is_feed(r) && r->facts.unread_dates + r->facts.future > 0;
}

static bool
no_links(const struct feed_report *r)
{
	return share(r, r->facts.items - r->facts.urls, 1);
}

static bool
pointers(const struct feed_report *r)
{
	return share(r, r->facts.pointers, 50);
}

static bool
no_text(const struct feed_report *r)
{
	return !pointers(r) && share(r, r->facts.items - r->facts.texts, 50);
}

static bool
cut(const struct feed_report *r)
{
	return share(r, r->facts.cut, 50);
}

static bool
hidden(const struct feed_report *r)
{
	return is_feed(r) && r->facts.hidden > 0;
}

static bool
no_validators(const struct feed_report *r)
{
	return is_feed(r) && r->again == AGAIN_NOT_ASKED;
}

static bool
validators_useless(const struct feed_report *r)
{
	return r->again == AGAIN_SAME_BODY || r->again == AGAIN_OTHER_BODY;
}

static bool
validators_break(const struct feed_report *r)
{
	return r->again == AGAIN_FAILED;
}

static bool
no_way_back(const struct feed_report *r)
{
	return is_feed(r) && r->facts.items > 0 && r->older == NULL;
}

/* A window that items leave between two polls. */
static bool
too_slow(const struct feed_report *r)
{
	return is_feed(r) && r->facts.window > 0 && r->facts.window <= r->latest;
}

static bool
flood(const struct feed_report *r)
{
	return !too_slow(r) && is_feed(r) && r->facts.window > 0 &&
	       r->facts.burst <= r->latest;
}

static const struct {
	const char *word;
	bool (*is)(const struct feed_report *);
	const char *text;
} rows[] = {
    {"unobservable", unobservable,
	"The server asks for a longer silence than the cap allows: it is asked all the "
	"same at the cap, and the time counts as unobservable, not as quiet."},
    {"too-slow", too_slow,
	"Items leave the feed sooner than it is asked again: some will never be seen. "
	"Set "
	"a shorter interval for it."},
    {"flood", flood,
	"At the pace of its busiest stretch, items would leave the feed sooner than it "
	"is "
	"asked again."},
    {"truncated", truncated,
	"It is longer than a limit (fetch.max_body, max_items, max_text): what lies "
	"beyond "
	"is not read."},
    {"empty", empty,
	"It has no items: whether they will carry ids, dates and text cannot be told "
	"yet."},
    {"pointer-only", pointers,
	"Items only point to pages: the text has to be read there, a request for "
	"each."},
    {"no-text", no_text,
	"Half of the items or more have no text: only titles are judged."},
    {"cut-text", cut,
	"The texts of half of the items or more end like excerpts: what follows on the "
	"page is not judged. Ask the tenant for a feed with full texts."},
    {"hidden-text", hidden,
	"Some text is hidden from readers by markup; it is read and flagged."},
    {"guessed-json", guessed,
	"Its JSON is of no kind that is known by itself: what usually is called text, "
	"id and so on was read. A `mapping' in the configuration says where each part "
	"is; see Mappings in tosd.conf(5)."},
    {"no-ids", no_ids,
	"Items without an id: theirs is made from address or content, so that a "
	"changed "
	"title or address may look like another item."},
    {"repeated-ids", repeated_ids,
	"Ids repeat within the feed: the items are kept apart by content, and an edit "
	"may "
	"look like another item."},
    {"no-dates", no_dates,
	"Items without a date: their time is when they were first seen, and a removal "
	"can "
	"only be told from their place in the feed."},
    {"odd-dates", odd_dates,
	"Some dates cannot be read or lie in the future; they are kept as written and "
	"not "
	"believed."},
    {"no-links", no_links,
	"Items without a page of their own: whether one is still online can only be "
	"told "
	"from the feed."},
    {"no-older-pages", no_way_back,
	"It names no older pages: what left it while it could not be read stays "
	"unseen."},
    {"no-validators", no_validators,
	"The answer has neither ETag nor Last-Modified: all of it is sent again each "
	"time."},
    {"validators-ignored", validators_useless,
	"Its validators were sent back and not answered with 304: all of it is sent "
	"again "
	"each time."},
    {"validators-break", validators_break,
	"The request with its own validators failed; the daemon will ask in full now "
	"and "
	"then."},
    {"not-well-formed", mended, "It breaks its format and is mended as it is read."},
    {"moved", moved,
	"It has moved for good; the configuration should name the new address."},
    {"not-encrypted", plain_http,
	"It comes without encryption: whoever sits on the way can change what is "
	"read."},
};

size_t
feed_report_warnings(const struct feed_report *r, feed_warning_cb *cb, void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is(r)) {
			n++;
			if (cb != NULL)
				cb(ctx, rows[i].word, rows[i].text);
		}
	return n;
}

const char *
feed_report_enough(const struct feed_report *r)
{
	const struct feed_facts *f = &r->facts;

	if (f->window <= 0)
		return "whether that is often enough cannot be told: too few dates";
	if (too_slow(r))
		return "that is NOT often enough";
	if (f->burst <= r->latest)
		return "that is often enough, but not for a flood";
	if (f->burst / 2 <= r->latest)
		return "that is often enough, with little to spare";
	return "that is often enough";
}
