/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_compare: is everybody shown what we are shown?  Now and then a feed is read
 * without validators, then as somebody else, and the two are compared.  What differs is
 * asked once more from both, so that neither an update in between nor a feed that is
 * never twice the same passes for cloaking.  Steps of one such errand:
 *
 *   PLAIN	as ourselves, without validators; a reading like any other
 *   OLD	only if a reading as ourselves brought news although polls were answered
 *		304, and once an errand: with the old validators.  Another 304 now is a
 *		lie of theirs.  The comparison begins with that reading.
 *   OTHER	as somebody else; compared
 *   PLAIN_2	as ourselves again; its bytes are kept
 *   OTHER_2	as somebody else again; its bytes are kept, and the verdict is recorded
 *
 * A site may also answer one reader and turn the other away.  Either is told once, and
 * when it is over:
 *
 *   REFUSED_PLAIN	somebody else was turned away: are we?
 *   REFUSED_OTHER	we are not: is somebody else still?
 *   DOWN_OTHER	we are turned away, as in the polls before: is somebody else?  If not,
 *		what is shown there is read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"
#include "engine/engine_look.h"

enum { PLAIN, OLD, OTHER, PLAIN_2, OTHER_2, REFUSED_PLAIN, REFUSED_OTHER, DOWN_OTHER };

/* Who was turned away when last told: store_errand.mark. */
enum { NOBODY, OTHERS, US };

#define STEP_ATTEMPTS 3
#define STALE CLOCK_HOUR /* steps that lie further apart are begun anew */

/* --- on record --- */

static int64_t
record(struct engine *g, const struct store_feed *feed, const struct msg_polled *p,
    const char *what, const char *state, json_t *o, int fd, int64_t now)
{
	struct vault_ref ref;
	char t[CLOCK_TEXT];
	json_t *meta = json_pack("{s:I, s:s, s:s}", "feed", (json_int_t)feed->id,
	    "what", what, "state", state);

	json_object_set_new(o, "tenant", json_string(feed->tenant));
	json_object_set_new(o, "feed", json_integer((json_int_t)feed->id));
	json_object_set_new(o, "what", json_string(what));
	json_object_set_new(o, "state", json_string(state));
	json_object_set_new(o, "time", json_string(clock_format(p->time, t)));
	if (engine_capture_put(g, fd, meta, p->truncated, &ref))
		engine_record_file(o, &ref);
	json_decref(meta);
	return engine_record(g, "cloaking", o, NULL, now);
}

static json_t *
counts(const struct differences *d)
{
	int n[HOWS] = {0};

	for (size_t i = 0; i < d->n; i++)
		n[d->v[i].how]++;
	return json_pack("{s:i, s:i, s:i, s:b}", "only_us", n[ONLY_FIRST],
	    "only_others", n[ONLY_SECOND], "otherwise", n[OTHERWISE], "nothing_shared",
	    d->nothing_shared);
}

/* Posts that are kept from us are read all the same, as posts of their own. */
static void
take_hidden(struct engine *g, const struct store_feed *feed, struct msg *m,
    const int64_t *keys, const struct differences *d, int64_t now)
{
	struct engine_take t = engine_take_all(feed, m);
	struct engine_reading r;
	int64_t *hidden = xcalloc(d->n + 1, sizeof(*hidden));
	struct item *some = xcalloc(t.n + 1, sizeof(*some));
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].how != ONLY_FIRST)
			hidden[n++] = d->v[i].key;
	qsort(hidden, n, sizeof(*hidden), look_number_cmp);
	t.n = 0;
	for (uint32_t i = 0; i < m->polled.nitems; i++)
		if (d->nothing_shared || look_in(hidden, n, keys[i]))
			some[t.n++] = m->polled.items[i]; /* lent */
	t.items = some;
	t.apart = true;
	if (t.n > 0) {
		engine_take(g, &t, &r, now);
		window_free(&r.shown);
	}
	free(some);
	free(hidden);
}

/* --- who is turned away --- */

/* A word of the server about the reader, not about its own trouble. */
static bool
turned_away(uint8_t outcome, int32_t status)
{
	switch (outcome) {
	case POLLED_FORBIDDEN:
	case POLLED_LEGAL:
	case POLLED_GONE:
	case POLLED_NOT_FOUND:
	case POLLED_NOT_FEED:
		return true;
	case POLLED_HTTP_ERROR:
		return status >= 400 && status < 500;
	default:
		return false;
	}
}

/* On record when it changes: p is the answer that shows it. */
static void
tell_refusal(struct engine *g, struct store_errand *x, const struct store_feed *feed,
    struct msg *m, int64_t who, const char *how, int64_t now)
{
	int64_t before = x->mark == US || x->mark == OTHERS ? x->mark : NOBODY;
	json_t *o;

	if (before == who)
		return;
	o = json_pack(
	    "{s:s}", "refused", (who != NOBODY ? who : before) == US ? "us" : "others");
	if (how != NULL)
		json_object_set_new(o, "answer", json_string(how));
	record(g, feed, &m->polled, "refusal", who != NOBODY ? "confirmed" : "cleared",
	    o, m->fd, now);
	if (who != NOBODY)
		log_warn("compare", "%s: answers %s, but turns %s away (%s)", feed->url,
		    who == US ? "others" : "us", who == US ? "us" : "others",
		    how != NULL ? how : "?");
	x->mark = who;
}

const char *
engine_compare_refused(struct engine *g, int64_t feed)
{
	struct store_errand x;
	struct err e = ERR_INIT;
	const char *who = NULL;

	if (engine_must(store_errand_find(g->store, feed, ERRAND_SECOND, "", &x, &e),
		TOSD_ENOENT, "cannot look for an errand", &e) != 0)
		return NULL;
	if (x.mark == US || x.mark == OTHERS)
		who = x.mark == US ? "us" : "others";
	store_errand_clear(&x);
	return who;
}

/* --- the steps --- */

static int64_t
next_time(
    const struct engine *g, const struct store_feed *feed, int64_t count, int64_t now)
{
	int64_t min = g->conf->coverage.second_min, max = g->conf->coverage.second_max;
	struct buf b = {0};
	uint64_t h;

	if (max <= 0)
		return now + CLOCK_DAY;
	buf_put_str(&b, feed->url);
	buf_put_i64(&b, count);
	h = (uint64_t)look_hash(b.data, b.len);
	buf_free(&b);
	return now + min + (int64_t)(h % (uint64_t)(max - min + 1));
}

void
engine_compare_plan(struct engine *g, const struct store_feed *feed,
    struct store_coverage *c, int64_t now)
{
	struct store_errand x;

	engine_errand_new(&x, feed, ERRAND_SECOND, NULL);
	x.due = next_time(g, feed, c->seconds, now);
	engine_errand_add(g, &x);
	store_errand_clear(&x);
}

static void
drop_validators(struct store_errand *x)
{
	free(x->etag);
	free(x->last_modified);
	x->etag = x->last_modified = NULL;
}

/* Once more from the beginning, at its time. */
static void
finish(struct engine *g, struct store_errand *x, const struct store_feed *feed,
    struct store_coverage *c, int64_t now)
{
	c->seconds++;
	x->stage = PLAIN;
	x->attempts = 0;
	buf_reset(&x->data);
	x->due = next_time(g, feed, c->seconds, now);
	engine_errand_put(g, x);
}

int64_t
engine_compare_ask(struct engine *g, struct store_errand *x,
    const struct store_feed *feed, struct msg *m, int64_t now)
{
	if (g->conf->coverage.second_max <= 0)
		return now + CLOCK_DAY;
	if (x->stage == PLAIN && feed->down_since != CLOCK_NONE &&
	    !engine_plan_cut(feed) && !turned_away(feed->outcome, feed->status))
		return now + CLOCK_HOUR; /* nobody is shown anything */
	if (x->stage != PLAIN && now - x->since > STALE)
		x->stage = PLAIN;
	if (x->stage == PLAIN) {
		x->since = now;
		drop_validators(x);
		/* Only what was said to be unchanged can turn out not to be. */
		if (feed->outcome == POLLED_UNCHANGED && feed->status == 304) {
			x->etag = xstrdup(feed->etag);
			x->last_modified = xstrdup(feed->last_modified);
		}
		engine_errand_put(g, x);
	}
	m->poll.second = x->stage == OTHER || x->stage == OTHER_2 ||
			 x->stage == REFUSED_OTHER || x->stage == DOWN_OTHER;
	if (x->stage == OLD) {
		m->poll.etag = xstrdup(x->etag);
		m->poll.last_modified = xstrdup(x->last_modified);
	}
	return CLOCK_NONE;
}

/* The step at hand. */
struct step {
	struct engine *g;
	struct store_errand *x;
	struct store_feed *feed;
	struct msg *m;
	struct look shown;
	int64_t *keys;
	int64_t now;
};

static void
go_to(struct step *s, uint32_t stage)
{
	s->x->stage = stage;
	s->x->attempts = 0;
	s->x->due = s->now;
	engine_errand_put(s->g, s->x);
}

static void
end(struct step *s, bool cloaked)
{
	struct store_coverage c;

	engine_cover_get(s->g, s->feed, &c);
	if (cloaked)
		c.cloaked = s->m->polled.time;
	finish(s->g, s->x, s->feed, &c, s->now);
	engine_cover_put(s->g, &c);
	store_coverage_clear(&c);
}

/* As ourselves, without validators, at whatever step: true if the old ones are to be
 * asked about what it brought. */
static bool
read_plain(struct step *s)
{
	uint64_t before = s->g->items_new + s->g->items_changed;

	engine_cover_read(s->g, s->feed, s->m, s->now);
	if (s->g->items_new + s->g->items_changed == before ||
	    (s->x->etag == NULL && s->x->last_modified == NULL))
		return false;
	buf_reset(&s->x->data);
	look_put(&s->shown, &s->x->data);
	go_to(s, OLD);
	return true;
}

static void
step_plain(struct step *s)
{
	if (read_plain(s))
		return;
	buf_reset(&s->x->data);
	look_put(&s->shown, &s->x->data);
	go_to(s, OTHER);
}

/* Validators that vouch for a body that is gone are not used again. */
static void
step_old(struct step *s)
{
	struct store_at at = engine_at(s->g, s->feed->tenant);
	struct err e = ERR_INIT;
	struct store_coverage c;

	if (s->m->polled.status == 304) {
		log_warn("compare",
		    "%s: answers 304 although it has changed: asked "
		    "without validators from now on",
		    s->feed->url);
		record(s->g, s->feed, &s->m->polled, "stale-validators", "confirmed",
		    json_object(), s->m->fd, s->now);
		engine_cover_get(s->g, s->feed, &c);
		c.stale = s->m->polled.time;
		engine_cover_put(s->g, &c);
		store_coverage_clear(&c);
		engine_plan_bare(s->feed);
		engine_must(store_feed_update(s->g->store, &at, s->feed, &e), 0,
		    "cannot keep a feed", &e);
	}
	drop_validators(s->x);
	go_to(s, OTHER);
}

/* A feed that has brought nothing yet is taken for one with the newest post in front:
 * else the very post that is kept from us could not be told from one that was pushed
 * out.  Where that is wrong, the second round clears it. */
static enum window_order
order_of(struct step *s)
{
	struct store_coverage c;
	enum window_order order;

	engine_cover_get(s->g, s->feed, &c);
	order = engine_cover_order(&c);
	if (c.falling == 0 && c.rising == 0)
		order = WINDOW_FALLING;
	store_coverage_clear(&c);
	return order;
}

static void
step_other(struct step *s)
{
	struct rd r = rd_of(s->x->data.data, s->x->data.len);
	struct differences d;
	struct look plain;

	tell_refusal(s->g, s->x, s->feed, s->m, NOBODY, NULL, s->now);
	look_get(&r, &plain);
	look_compare(&plain, &s->shown, order_of(s), &d);
	if (!look_differs(&d)) {
		end(s, false);
	} else {
		look_put(&s->shown, &s->x->data);
		go_to(s, PLAIN_2);
	}
	look_free(&plain);
	free(d.v);
}

static void
step_plain_2(struct step *s)
{
	if (read_plain(s))
		return;
	look_put(&s->shown, &s->x->data);
	s->x->entry = record(s->g, s->feed, &s->m->polled, "content", "suspected",
	    json_object(), s->m->fd, s->now);
	go_to(s, OTHER_2);
}

static void
step_other_2(struct step *s)
{
	struct rd r = rd_of(s->x->data.data, s->x->data.len);
	enum window_order order = order_of(s);
	struct differences first, d;
	struct look look[3];
	json_t *o;

	for (int i = 0; i < 3; i++)
		look_get(&r, &look[i]);
	look_compare(&look[0], &look[1], order, &first);
	look_compare(&look[2], &s->shown, order, &d);
	look_common(&d, &first);
	o = counts(&d);
	json_object_set_new(o, "first", json_integer((json_int_t)s->x->entry));
	record(s->g, s->feed, &s->m->polled, "content",
	    look_differs(&d) ? "confirmed" : "cleared", o, s->m->fd, s->now);
	if (look_differs(&d)) {
		log_warn("compare",
		    "%s: shows others something else than us: %zu posts%s",
		    s->feed->url, d.n, d.nothing_shared ? ", nothing in common" : "");
		take_hidden(s->g, s->feed, s->m, s->keys, &d, s->now);
	}
	end(s, look_differs(&d));
	for (int i = 0; i < 3; i++)
		look_free(&look[i]);
	free(first.v);
	free(d.v);
}

static void
step_refused_plain(struct step *s)
{
	if (!read_plain(s))
		go_to(s, REFUSED_OTHER);
}

/* It was only once. */
static void
step_refused_other(struct step *s)
{
	tell_refusal(s->g, s->x, s->feed, s->m, NOBODY, NULL, s->now);
	end(s, false);
}

static void
step_down_other(struct step *s)
{
	struct differences all = {.nothing_shared = true};

	tell_refusal(
	    s->g, s->x, s->feed, s->m, US, polled_name(s->feed->outcome), s->now);
	take_hidden(s->g, s->feed, s->m, s->keys, &all, s->now);
	end(s, true);
}

/* The step after an answer that turns its reader away; false: it is trouble like any
 * other. */
static bool
step_turned_away(struct step *s)
{
	switch (s->x->stage) {
	case PLAIN:
		if (s->feed->down_since == CLOCK_NONE || engine_plan_cut(s->feed))
			return false;
		go_to(s, DOWN_OTHER);
		return true;
	case OTHER:
	case OTHER_2:
		go_to(s, REFUSED_PLAIN);
		return true;
	case REFUSED_OTHER:
		tell_refusal(s->g, s->x, s->feed, s->m, OTHERS,
		    polled_name(s->m->polled.outcome), s->now);
		end(s, false);
		return true;
	case DOWN_OTHER:
		end(s, false); /* nobody is shown anything */
		return true;
	default:
		return false;
	}
}

void
engine_compare_answer(struct engine *g, struct store_errand *x, struct store_feed *feed,
    struct msg *m, int64_t now)
{
	static void (*const steps[])(struct step * s) = {
	    [PLAIN] = step_plain,
	    [OLD] = step_old,
	    [OTHER] = step_other,
	    [PLAIN_2] = step_plain_2,
	    [OTHER_2] = step_other_2,
	    [REFUSED_PLAIN] = step_refused_plain,
	    [REFUSED_OTHER] = step_refused_other,
	    [DOWN_OTHER] = step_down_other,
	};
	struct msg_polled *p = &m->polled;
	struct step s = {.g = g, .x = x, .feed = feed, .m = m, .now = now};

	if (x->stage > DOWN_OTHER)
		x->stage = PLAIN;
	if (turned_away(p->outcome, p->status) && step_turned_away(&s))
		return;
	if (p->outcome != POLLED_OK && x->stage != OLD) {
		if (engine_errand_retry(g, x, p, STEP_ATTEMPTS, now))
			return;
		log_info("compare", "%s: not compared: %s", feed->url,
		    polled_name(p->outcome));
		end(&s, false);
		return;
	}
	s.keys = xcalloc(p->nitems + 1, sizeof(*s.keys));
	look_make(p, s.keys, &s.shown);
	steps[x->stage](&s);
	look_free(&s.shown);
	free(s.keys);
}
