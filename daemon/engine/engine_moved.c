/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_moved: feeds that say that they have moved for good.  A redirect is followed
 * at once but kept only when enough polls over enough time led to the same place and
 * could be read there: a maintenance page must not become the feed.  The configured
 * address stays the feed's key and is asked again now and then; a kept target that
 * fails gives way to it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/engine_in.h"

/* Longer addresses are followed, but not kept. */
#define MOVED_LENGTH 4096

static bool
readable(const struct msg_polled *p)
{
	return p->outcome == POLLED_OK || p->outcome == POLLED_UNCHANGED;
}

const char *
engine_moved_url(
    const struct engine *g, const struct store_feed *f, int64_t now, bool *moved)
{
	*moved = false;
	if (f->moved == NULL || f->moved_state == MOVED_SEEN)
		return f->url;
	if (f->moved_state == MOVED_KEPT)
		*moved = now - f->moved_checked < g->conf->fetch.moved_after;
	else
		*moved = f->failures % 2 == 0; /* in turn, the configured one first */
	return *moved ? f->moved : f->url;
}

/* The entry has the fact, the vault the addresses, which can tell who a tenant is. */
static void
record(struct engine *g, const struct store_feed *f, const char *state, const char *why,
    int64_t now)
{
	json_t *entry = json_pack("{s:s, s:I, s:s, s:s, s:i}", "tenant", f->tenant,
	    "feed", (json_int_t)f->id, "state", state, "why", why, "polls",
	    (int)f->moved_polls);
	json_t *names = json_pack("{s:s, s:s}", "url", f->url, "to", f->moved);
	char *text = json_dumps(names, JSON_COMPACT | JSON_SORT_KEYS);
	char *rel = xasprintf("evidence/feeds/%lld.json", (long long)g->seq);
	struct vault_ref ref;

	engine_record_keep(g, rel, text, strlen(text), &ref);
	engine_record_file(entry, &ref);
	engine_record(g, "moved", entry, NULL, now);
	log_notice("poll", "%s: permanent redirect to %s: %s: %s", f->url, f->moved,
	    state, why);
	json_decref(names);
	free(text);
	free(rel);
}

static void
forget(struct store_feed *f)
{
	free(f->moved);
	f->moved = NULL;
	f->moved_state = MOVED_SEEN;
	f->moved_since = f->moved_checked = CLOCK_NONE;
	f->moved_polls = 0;
}

static void
drop(struct engine *g, struct store_feed *f, const char *why, int64_t now)
{
	if (f->moved != NULL && f->moved_state != MOVED_SEEN)
		record(g, f, "dropped", why, now);
	forget(f);
}

static void
see(struct store_feed *f, const char *target, int64_t time)
{
	if (strlen(target) > MOVED_LENGTH || !text_valid(target, strlen(target)) ||
	    strcmp(target, f->url) == 0)
		return;
	f->moved = xstrdup(target);
	f->moved_since = f->moved_checked = time;
	f->moved_polls = 1;
}

/* The kept target was asked. */
static void
asked_target(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	if (readable(p) && p->moved != NULL) {
		drop(g, f, "the target has moved on", now);
		see(f, p->moved, p->time);
	} else if (readable(p) && f->moved_state == MOVED_FAILED) {
		f->moved_state = MOVED_KEPT;
		f->moved_checked = p->time;
		record(g, f, "kept", "the target can be read again", now);
	} else if (!readable(p) && f->moved_state == MOVED_KEPT &&
		   p->outcome != POLLED_OWN_FAULT && p->outcome != POLLED_RATE_LIMIT) {
		f->moved_state = MOVED_FAILED;
		f->failures = 0; /* the turn is the configured address's */
		record(g, f, "failed", polled_name(p->outcome), now);
		engine_plan_forget(f); /* another document may answer there */
	}
}

/* The configured address was asked and could be read, there or where it led. */
static void
asked_url(
    struct engine *g, struct store_feed *f, const struct msg_polled *p, int64_t now)
{
	const struct conf_fetch *c = &g->conf->fetch;

	if (p->moved == NULL) {
		drop(g, f, "the configured address answers itself", now);
		return;
	}
	if (f->moved == NULL || strcmp(f->moved, p->moved) != 0) {
		drop(g, f, "the configured address leads elsewhere", now);
		see(f, p->moved, p->time);
	} else {
		f->moved_polls += f->moved_polls < UINT32_MAX;
		f->moved_checked = p->time;
	}
	if (f->moved == NULL || f->moved_state == MOVED_KEPT ||
	    f->moved_polls < c->moved_polls ||
	    p->time - f->moved_since < c->moved_after)
		return;
	f->moved_state = MOVED_KEPT;
	record(g, f, "kept", "it has proven stable", now);
}

void
engine_moved_note(struct engine *g, struct store_feed *f,
    const struct engine_poll *poll, const struct msg_polled *p, int64_t now)
{
	if (poll->moved && f->moved != NULL)
		asked_target(g, f, p, now);
	else if (readable(p))
		asked_url(g, f, p, now);
}

bool
engine_moved_check_failed(
    struct store_feed *f, const struct engine_poll *poll, const struct msg_polled *p)
{
	if (poll->moved || f->moved == NULL || f->moved_state != MOVED_KEPT ||
	    readable(p))
		return false;
	f->moved_checked = p->time;
	return true;
}
