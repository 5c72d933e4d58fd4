/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_compare: is everybody shown what we are shown?  Now and then a feed is read
 * without validators, then as somebody else, and the two are compared.  What differs is
 * asked once more from both, so that neither an update in between nor a feed that is
 * never twice the same passes for cloaking.  Steps of one such errand:
 *
 *   PLAIN	as ourselves, without validators; a reading like any other
 *   OLD	only if that brought news although polls were answered 304: with the old
 *		validators.  Another 304 now is a lie of theirs.
 *   OTHER	as somebody else; compared
 *   PLAIN_2	as ourselves again; its bytes are kept
 *   OTHER_2	as somebody else again; its bytes are kept, and the verdict is recorded
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"

enum { PLAIN, OLD, OTHER, PLAIN_2, OTHER_2 };

#define STEP_ATTEMPTS 3
#define STALE CLOCK_HOUR /* steps that lie further apart are begun anew */
#define LOOK_POST 32	 /* bytes of a packed post */

/* --- what was shown --- */

struct look {
	struct window w;  /* item: a hash of its identity in the document */
	int64_t *content; /* hash of the content, for each */
};

static int64_t
hash_of(const void *data, size_t n)
{
	uint8_t d[DIGEST_LEN];
	uint64_t v = 0;

	digest_sha256(data, n, d);
	for (int i = 0; i < 8; i++)
		v = v << 8 | d[i];
	return (int64_t)v;
}

static int64_t
key_of(const struct item *it, int64_t content, bool twin)
{
	struct buf b = {0};
	int64_t key;

	buf_put_str(&b, it->id);
	if (twin || it->id == NULL)
		buf_put_i64(&b, content);
	key = hash_of(b.data, b.len);
	buf_free(&b);
	return key;
}

static int
number_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool
in_sorted(const int64_t *v, size_t n, int64_t x)
{
	return bsearch(&x, v, n, sizeof(*v), number_cmp) != NULL;
}

/* Keys that are there more than once, sorted; the caller frees. */
static int64_t *
doubles(const int64_t *keys, size_t n, size_t *out)
{
	int64_t *v = xcalloc(n + 1, sizeof(*v));
	size_t m = 0;

	memcpy(v, keys, n * sizeof(*v));
	qsort(v, n, sizeof(*v), number_cmp);
	for (size_t i = 1; i < n; i++)
		if (v[i] == v[i - 1] && (m == 0 || v[m - 1] != v[i]))
			v[m++] = v[i];
	*out = m;
	return v;
}

static void
look_add(struct look *l, const struct window_post *p, int64_t content)
{
	window_add(&l->w, p);
	l->content = xrealloc(l->content, l->w.n * sizeof(*l->content));
	l->content[l->w.n - 1] = content;
}

static void
look_free(struct look *l)
{
	window_free(&l->w);
	free(l->content);
	l->content = NULL;
}

/* Keys and contents of a document's items, in its order; a true double is there once.
 * keys has p->nitems. */
static void
look_make(const struct msg_polled *p, int64_t *keys, struct look *l)
{
	int64_t *content = xcalloc(p->nitems + 1, sizeof(*content)), *twice;
	uint8_t d[DIGEST_LEN];
	size_t n;

	memset(l, 0, sizeof(*l));
	for (uint32_t i = 0; i < p->nitems; i++) {
		item_digest(&p->items[i], d);
		content[i] = hash_of(d, sizeof(d));
		keys[i] = key_of(&p->items[i], content[i], false);
	}
	twice = doubles(keys, p->nitems, &n);
	for (uint32_t i = 0; i < p->nitems; i++)
		if (in_sorted(twice, n, keys[i]))
			keys[i] = key_of(&p->items[i], content[i], true);
	free(twice);
	twice = doubles(keys, p->nitems, &n);
	for (uint32_t i = 0; i < p->nitems; i++) {
		struct window_post post = {.item = keys[i],
		    .published = p->items[i].published,
		    .updated = p->items[i].updated,
		    .gone = CLOCK_NONE};

		if (!in_sorted(twice, n, keys[i]))
			look_add(l, &post, content[i]);
	}
	free(twice);
	free(content);
}

static void
look_put(const struct look *l, struct buf *b)
{
	buf_put_u32(b, (uint32_t)l->w.n);
	for (size_t i = 0; i < l->w.n; i++) {
		buf_put_i64(b, l->w.v[i].item);
		buf_put_i64(b, l->w.v[i].published);
		buf_put_i64(b, l->w.v[i].updated);
		buf_put_i64(b, l->content[i]);
	}
}

static void
look_get(struct rd *r, struct look *l)
{
	uint32_t n = rd_count(r, LOOK_POST);

	memset(l, 0, sizeof(*l));
	for (uint32_t i = 0; i < n; i++) {
		struct window_post p = {.gone = CLOCK_NONE};

		p.item = rd_i64(r);
		p.published = rd_i64(r);
		p.updated = rd_i64(r);
		look_add(l, &p, rd_i64(r));
	}
}

/* --- how two differ --- */

enum how { ONLY_FIRST, ONLY_SECOND, OTHERWISE, HOWS };

struct difference {
	int64_t key, first, second; /* contents, 0 where there is none */
	enum how how;
};
struct differences {
	struct difference *v;
	size_t n;
	bool nothing_shared;
};

static void
differ(struct differences *d, struct difference x)
{
	if ((d->n & (d->n - 1)) == 0)
		d->v = xrealloc(d->v, (d->n > 0 ? d->n * 2 : 1) * sizeof(*d->v));
	d->v[d->n++] = x;
}

/* What `a` has and `b` lacks although it reaches beyond; how many both have. */
static size_t
lacks(const struct look *a, const struct look *b, enum window_order order, enum how how,
    struct differences *out)
{
	enum window_verdict *v = xcalloc(a->w.n + 1, sizeof(*v));
	size_t both = 0;

	window_judge(&a->w, &b->w, order, v);
	for (size_t i = 0; i < a->w.n; i++) {
		both += v[i] == WINDOW_LISTED;
		if (v[i] == WINDOW_MISSING)
			differ(out, (struct difference){a->w.v[i].item,
					how == ONLY_FIRST ? a->content[i] : 0,
					how == ONLY_SECOND ? a->content[i] : 0, how});
	}
	free(v);
	return both;
}

struct pair {
	int64_t key, content;
};

static void
contents(const struct look *a, const struct look *b, struct differences *out)
{
	struct pair *v = xcalloc(b->w.n + 1, sizeof(*v));

	for (size_t i = 0; i < b->w.n; i++)
		v[i] = (struct pair){b->w.v[i].item, b->content[i]};
	qsort(v, b->w.n, sizeof(*v), number_cmp);
	for (size_t i = 0; i < a->w.n; i++) {
		int64_t key = a->w.v[i].item;
		const struct pair *p =
		    bsearch(&key, v, b->w.n, sizeof(*v), number_cmp);

		if (p != NULL && p->content != a->content[i])
			differ(out, (struct difference){key, a->content[i], p->content,
					OTHERWISE});
	}
	free(v);
}

static void
compare(const struct look *a, const struct look *b, enum window_order order,
    struct differences *out)
{
	size_t both;

	memset(out, 0, sizeof(*out));
	both = lacks(a, b, order, ONLY_FIRST, out);
	lacks(b, a, order, ONLY_SECOND, out);
	contents(a, b, out);
	out->nothing_shared = both == 0 && a->w.n + b->w.n > 0;
}

static bool
any(const struct differences *d)
{
	return d->n > 0 || d->nothing_shared;
}

static int
difference_cmp(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	int64_t v[] = {x->key, x->first, x->second, x->how},
		w[] = {y->key, y->first, y->second, y->how};

	for (int i = 0; i < 4; i++)
		if (v[i] != w[i])
			return v[i] < w[i] ? -1 : 1;
	return 0;
}

/* What both rounds found in the same way: x keeps only that. */
static void
keep_common(struct differences *x, const struct differences *y)
{
	struct difference *v = xcalloc(y->n + 1, sizeof(*v));
	size_t kept = 0;

	if (y->n > 0)
		memcpy(v, y->v, y->n * sizeof(*v));
	qsort(v, y->n, sizeof(*v), difference_cmp);
	for (size_t i = 0; i < x->n; i++)
		if (bsearch(&x->v[i], v, y->n, sizeof(*v), difference_cmp) != NULL)
			x->v[kept++] = x->v[i];
	x->n = kept;
	x->nothing_shared &= y->nothing_shared;
	free(v);
}

/* --- on record --- */

static int64_t
record(struct engine *g, const struct store_feed *feed, const struct msg_polled *p,
    const char *what, const char *state, json_t *o, int fd, int64_t now)
{
	struct vault_ref ref;
	char t[CLOCK_TEXT];
	json_t *meta = json_pack("{s:I, s:s, s:s}", "feed", (json_int_t)feed->id, "what",
	    what, "state", state);

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
	return json_pack("{s:i, s:i, s:i, s:b}", "only_us", n[ONLY_FIRST], "only_others",
	    n[ONLY_SECOND], "otherwise", n[OTHERWISE], "nothing_shared",
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
	qsort(hidden, n, sizeof(*hidden), number_cmp);
	t.n = 0;
	for (uint32_t i = 0; i < m->polled.nitems; i++)
		if (d->nothing_shared || in_sorted(hidden, n, keys[i]))
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

/* --- the steps --- */

static int64_t
next_time(const struct engine *g, const struct store_feed *feed, int64_t count,
    int64_t now)
{
	int64_t min = g->conf->coverage.second_min, max = g->conf->coverage.second_max;
	struct buf b = {0};
	uint64_t h;

	if (max <= 0)
		return now + CLOCK_DAY;
	buf_put_str(&b, feed->url);
	buf_put_i64(&b, count);
	h = (uint64_t)hash_of(b.data, b.len);
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
	if (x->stage == PLAIN && feed->down_since != CLOCK_NONE)
		return now + CLOCK_HOUR; /* nobody is shown anything */
	if (x->stage != PLAIN && now - x->since > STALE)
		x->stage = PLAIN;
	if (x->stage == PLAIN) {
		x->since = now;
		free(x->etag);
		free(x->last_modified);
		x->etag = x->last_modified = NULL;
		/* Only what was said to be unchanged can turn out not to be. */
		if (feed->outcome == POLLED_UNCHANGED && feed->status == 304) {
			x->etag = xstrdup(feed->etag);
			x->last_modified = xstrdup(feed->last_modified);
		}
		engine_errand_put(g, x);
	}
	m->poll.second = x->stage == OTHER || x->stage == OTHER_2;
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

static void
step_plain(struct step *s)
{
	uint64_t before = s->g->items_new + s->g->items_changed;
	bool news;

	buf_reset(&s->x->data);
	look_put(&s->shown, &s->x->data);
	engine_cover_read(s->g, s->feed, s->m, s->now);
	news = s->g->items_new + s->g->items_changed > before;
	go_to(s, news && (s->x->etag != NULL || s->x->last_modified != NULL) ? OLD
									     : OTHER);
}

/* Validators that vouch for a body that is gone are not used again. */
static void
step_old(struct step *s)
{
	struct store_at at = engine_at(s->g, s->feed->tenant);
	struct err e = ERR_INIT;
	struct store_coverage c;

	if (s->m->polled.status == 304) {
		log_warn("compare", "%s: answers 304 although it has changed: asked "
		    "without validators from now on", s->feed->url);
		record(s->g, s->feed, &s->m->polled, "stale-validators", "confirmed",
		    json_object(), s->m->fd, s->now);
		engine_cover_get(s->g, s->feed, &c);
		c.stale = s->m->polled.time;
		engine_cover_put(s->g, &c);
		store_coverage_clear(&c);
		engine_cover_distrust(s->g, s->feed);
		engine_must(store_feed_update(s->g->store, &at, s->feed, &e), 0,
		    "cannot keep a feed", &e);
	}
	go_to(s, OTHER);
}

static enum window_order
order_of(struct step *s)
{
	struct store_coverage c;
	enum window_order order;

	engine_cover_get(s->g, s->feed, &c);
	order = engine_cover_order(&c);
	store_coverage_clear(&c);
	return order;
}

static void
step_other(struct step *s)
{
	struct rd r = rd_of(s->x->data.data, s->x->data.len);
	struct differences d;
	struct look plain;

	look_get(&r, &plain);
	compare(&plain, &s->shown, order_of(s), &d);
	if (!any(&d)) {
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
	look_put(&s->shown, &s->x->data);
	s->x->entry = record(s->g, s->feed, &s->m->polled, "content", "suspected",
	    json_object(), s->m->fd, s->now);
	engine_cover_read(s->g, s->feed, s->m, s->now);
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
	compare(&look[0], &look[1], order, &first);
	compare(&look[2], &s->shown, order, &d);
	keep_common(&d, &first);
	o = counts(&d);
	json_object_set_new(o, "first", json_integer((json_int_t)s->x->entry));
	record(s->g, s->feed, &s->m->polled, "content", any(&d) ? "confirmed" : "cleared",
	    o, s->m->fd, s->now);
	if (any(&d)) {
		log_warn("compare", "%s: shows others something else than us: %zu posts%s",
		    s->feed->url, d.n, d.nothing_shared ? ", nothing in common" : "");
		take_hidden(s->g, s->feed, s->m, s->keys, &d, s->now);
	}
	end(s, any(&d));
	for (int i = 0; i < 3; i++)
		look_free(&look[i]);
	free(first.v);
	free(d.v);
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
	};
	struct msg_polled *p = &m->polled;
	struct step s = {.g = g, .x = x, .feed = feed, .m = m, .now = now};

	if (x->stage > OTHER_2)
		x->stage = PLAIN;
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
