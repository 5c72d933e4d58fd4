/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_world: posts as intervals of virtual time.  A post is online from `from` to
 * `until`; an edit ends one interval and begins another under the same id.  What
 * the tenant does after a report is written into the scenario: `removed_after'
 * counts from the post, `removed_after_report' from the delivery of the notice that
 * cites it.
 */
#include "tosctl/sim_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

/* Newest posts that a feed shows. */
#define FEED_LENGTH 40

struct post {
	const struct conf_tenant *tenant;
	char *id, *text, *title;
	int64_t from, until;
	int64_t after_report; /* CLOCK_NONE: reports do not move the tenant */
	bool reported;
};

struct span {
	const struct conf_tenant *tenant;
	int64_t from, until;
	bool mail; /* mail bounces; else the site is down */
};

struct sim_world {
	const struct conf *conf;
	int64_t start;
	struct post *posts;
	size_t nposts, cap;
	struct span *spans;
	size_t nspans;
	struct sim_deed *deeds;
	size_t ndeeds, next_deed;
};

int64_t
sim_time(const char *text, int64_t start)
{
	char word[32];
	int64_t sum = 0, d;
	int n;

	if (clock_parse(text) != CLOCK_NONE)
		return clock_parse(text);
	while (sscanf(text, " %31s%n", word, &n) == 1) {
		d = conf_duration(word);
		if (d < 0)
			return CLOCK_NONE;
		sum += d;
		text += n;
	}
	return start + sum;
}

/* --- reading --- */

static const char *
str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int
time_of(struct sim_world *w, const json_t *o, const char *key, int64_t none,
    int64_t *out, struct err *e)
{
	const char *s = str(o, key);

	*out = none;
	if (s == NULL)
		return 0;
	*out = sim_time(s, w->start);
	if (*out == CLOCK_NONE)
		return err_set(e, TOSD_EINVAL,
		    "`%s = %s' is no time: say `3d 4h' or RFC "
		    "3339",
		    key, s);
	return 0;
}

static struct post *
add_post(struct sim_world *w, const struct conf_tenant *t, const char *id, int64_t from)
{
	struct post *p;

	if (w->nposts == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 256;
		w->posts = xrealloc(w->posts, w->cap * sizeof(*w->posts));
	}
	p = &w->posts[w->nposts++];
	memset(p, 0, sizeof(*p));
	p->tenant = t;
	p->id = xstrdup(id);
	p->from = from;
	p->until = INT64_MAX;
	p->after_report = CLOCK_NONE;
	return p;
}

static struct post *
last_post(struct sim_world *w, const struct conf_tenant *t, const char *id)
{
	for (size_t i = w->nposts; i > 0; i--)
		if (w->posts[i - 1].tenant == t && strcmp(w->posts[i - 1].id, id) == 0)
			return &w->posts[i - 1];
	return NULL;
}

static int
removal(const json_t *o, struct post *p, struct err *e)
{
	const char *after = str(o, "removed_after"),
		   *report = str(o, "removed_after_report");
	int64_t d;

	if (after != NULL) {
		if ((d = conf_duration(after)) < 0)
			return err_set(e, TOSD_EINVAL, "`%s' is no duration", after);
		p->until = p->from + d;
	}
	if (report != NULL) {
		if ((p->after_report = conf_duration(report)) < 0)
			return err_set(e, TOSD_EINVAL, "`%s' is no duration", report);
	}
	return 0;
}

static int
event_post(struct sim_world *w, const json_t *o, const struct conf_tenant *t,
    int64_t at, struct err *e)
{
	const char *id = str(o, "id"), *text = str(o, "text"), *op = str(o, "op");
	struct post *p;

	if (id == NULL)
		return err_set(e, TOSD_EINVAL, "`%s' needs an id", op);
	if (strcmp(op, "post") != 0) {
		p = last_post(w, t, id);
		if (p == NULL)
			return err_set(
			    e, TOSD_EINVAL, "there is no post `%s' to %s", id, op);
		p->until = at;
		if (strcmp(op, "remove") == 0)
			return 0;
	}
	if (text == NULL)
		return err_set(e, TOSD_EINVAL, "`%s' needs a text", op);
	p = add_post(w, t, id, at);
	p->text = xstrdup(text);
	p->title = xstrdup(str(o, "title"));
	return removal(o, p, e);
}

static int
event_span(struct sim_world *w, const json_t *o, const struct conf_tenant *t,
    int64_t at, struct err *e)
{
	struct span *s;

	w->spans = xrealloc(w->spans, (w->nspans + 1) * sizeof(*w->spans));
	s = &w->spans[w->nspans++];
	s->tenant = t;
	s->from = at;
	s->mail = strcmp(str(o, "op"), "bounce") == 0;
	return time_of(w, o, "until", INT64_MAX, &s->until, e);
}

/* Posts at a pace that goes evenly from `every' to `every_end', texts in turn. */
static int
event_series(struct sim_world *w, const json_t *o, const struct conf_tenant *t,
    int64_t at, struct err *e)
{
	const json_t *texts = json_object_get(o, "texts");
	const char *id = str(o, "id"), *every = str(o, "every"),
		   *end = str(o, "every_end");
	int64_t until, pace, last;
	unsigned n = 0;
	int rc = time_of(w, o, "until", INT64_MAX, &until, e);

	if (rc != 0)
		return rc;
	if (id == NULL || every == NULL || until == INT64_MAX ||
	    json_array_size(texts) == 0)
		return err_set(
		    e, TOSD_EINVAL, "a series needs id, every, until and texts");
	pace = conf_duration(every);
	last = end != NULL ? conf_duration(end) : pace;
	if (pace < CLOCK_SEC || last < CLOCK_SEC)
		return err_set(
		    e, TOSD_EINVAL, "a pace is a duration of a second or more");
	for (int64_t now = at; now < until; n++) {
		double share = (double)(now - at) / (double)(until - at);
		const char *text = json_string_value(
		    json_array_get(texts, n % json_array_size(texts)));
		char *name = xasprintf("%s-%u", id, n);
		struct post *p = add_post(w, t, name, now);

		free(name);
		p->text = xasprintf("%s", text != NULL ? text : "");
		/* Even rates need even steps of 1/pace, not of pace. */
		now += (int64_t)(1.0 /
				 ((1 - share) / (double)pace + share / (double)last));
		if ((rc = removal(o, p, e)) != 0)
			return rc;
	}
	return 0;
}

static int
event_deed(struct sim_world *w, const json_t *o, const struct conf_tenant *t,
    int64_t at, struct err *e)
{
	struct sim_deed *d;

	if (!json_is_object(json_object_get(o, "request")))
		return err_set(e, TOSD_EINVAL, "`person' needs a request");
	w->deeds = xrealloc(w->deeds, (w->ndeeds + 1) * sizeof(*w->deeds));
	d = &w->deeds[w->ndeeds++];
	d->at = at;
	d->request = json_object_get(o, "request");
	d->tenant = t->id;
	return 0;
}

static const struct {
	const char *op;
	int (*read)(struct sim_world *w, const json_t *o, const struct conf_tenant *t,
	    int64_t at, struct err *e);
} ops[] = {
    {"post", event_post},
    {"edit", event_post},
    {"remove", event_post},
    {"series", event_series},
    {"down", event_span},
    {"bounce", event_span},
    {"person", event_deed},
};

static int
read_event(struct sim_world *w, const json_t *o, struct err *e)
{
	const char *op = str(o, "op"), *tenant = str(o, "tenant");
	const struct conf_tenant *t;
	int64_t at;
	int rc = time_of(w, o, "at", w->start, &at, e);

	if (rc != 0)
		return rc;
	t = tenant != NULL ? conf_tenant_by_id(w->conf, tenant) : NULL;
	if (t == NULL)
		return err_set(e, TOSD_EINVAL,
		    "tenant `%s' is not in the configuration",
		    tenant != NULL ? tenant : "");
	for (size_t i = 0; op != NULL && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].op, op) == 0)
			return ops[i].read(w, o, t, at, e);
	return err_set(e, TOSD_EINVAL, "there is no op `%s'", op != NULL ? op : "");
}

static int
deed_cmp(const void *a, const void *b)
{
	const struct sim_deed *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int
post_cmp(const void *a, const void *b)
{
	const struct post *x = a, *y = b;

	return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
				  : strcmp(x->id, y->id);
}

int
sim_world_new(const json_t *scenario, const struct conf *conf, int64_t start,
    struct sim_world **out, struct err *e)
{
	const json_t *events = json_object_get(scenario, "events"), *o;
	struct sim_world *w = xcalloc(1, sizeof(*w));
	size_t i;
	int rc;

	w->conf = conf;
	w->start = start;
	json_array_foreach(events, i, o) if ((rc = read_event(w, o, e)) != 0)
	{
		err_wrap(e, "event %zu", i + 1);
		sim_world_free(&w);
		return rc;
	}
	if (w->nposts > 0)
		qsort(w->posts, w->nposts, sizeof(*w->posts), post_cmp);
	if (w->ndeeds > 0)
		qsort(w->deeds, w->ndeeds, sizeof(*w->deeds), deed_cmp);
	*out = w;
	return 0;
}

void
sim_world_free(struct sim_world **wp)
{
	struct sim_world *w = *wp;

	if (w == NULL)
		return;
	for (size_t i = 0; i < w->nposts; i++) {
		free(w->posts[i].id);
		free(w->posts[i].text);
		free(w->posts[i].title);
	}
	free(w->posts);
	free(w->spans);
	free(w->deeds);
	free(w);
	*wp = NULL;
}

/* --- answering --- */

static bool
in_span(const struct sim_world *w, const struct conf_tenant *t, bool mail, int64_t now)
{
	for (size_t i = 0; i < w->nspans; i++)
		if (w->spans[i].tenant == t && w->spans[i].mail == mail &&
		    now >= w->spans[i].from && now < w->spans[i].until)
			return true;
	return false;
}

bool
sim_world_bounces(const struct sim_world *w, const char *recipient, int64_t now)
{
	for (size_t i = 0; i < w->conf->ntenants; i++) {
		const struct conf_tenant *t = &w->conf->tenants[i];

		if (strcmp(t->contact, recipient) == 0 && in_span(w, t, true, now))
			return true;
	}
	return false;
}

static char *
post_url(const struct post *p)
{
	return xasprintf("http://%s.example/posts/%s", p->tenant->id, p->id);
}

static void
post_item(const struct post *p, struct item *it)
{
	item_init(it);
	it->id = xstrdup(p->id);
	it->url = post_url(p);
	it->title = xstrdup(p->title);
	it->text = xstrdup(p->text);
	it->published = p->from;
}

static bool
online(const struct post *p, int64_t now)
{
	return p->from <= now && now < p->until;
}

static void
answer_feed(struct sim_world *w, const struct conf_tenant *t, int64_t now,
    struct msg_polled *out)
{
	out->items = xcalloc(FEED_LENGTH, sizeof(*out->items));
	for (size_t i = w->nposts; i > 0 && out->nitems < FEED_LENGTH; i--) {
		const struct post *p = &w->posts[i - 1];

		if (p->tenant == t && online(p, now))
			post_item(p, &out->items[out->nitems++]);
	}
	out->outcome = POLLED_OK;
	out->status = 200;
	out->format = xstrdup("scenario");
	out->well_formed = true;
}

static struct post *
post_at(struct sim_world *w, const char *url, int64_t now)
{
	for (size_t i = 0; i < w->nposts; i++) {
		char *its = post_url(&w->posts[i]);
		bool same = strcmp(its, url) == 0;

		free(its);
		if (same && online(&w->posts[i], now))
			return &w->posts[i];
	}
	return NULL;
}

void
sim_world_report(struct sim_world *w, const char *url, int64_t now)
{
	struct post *p = post_at(w, url, now);

	if (p == NULL || p->reported)
		return;
	p->reported = true;
	if (p->after_report != CLOCK_NONE && now + p->after_report < p->until)
		p->until = now + p->after_report;
}

static void
answer_page(struct sim_world *w, const struct msg_poll *poll, int64_t now,
    struct msg_polled *out)
{
	const struct post *p = post_at(w, poll->url, now);

	out->outcome = POLLED_GONE;
	out->status = 410;
	if (p == NULL)
		return;
	out->items = xcalloc(1, sizeof(*out->items));
	post_item(p, &out->items[0]);
	out->nitems = 1;
	out->outcome = POLLED_OK;
	out->status = 200;
}

static int
capture_of(const struct msg_poll *poll, const struct msg_polled *out)
{
	struct msg_capture c = {.url = poll->url, .time = out->time};
	struct buf b = {0};
	struct err e = ERR_INIT;
	int fd;

	buf_printf(&c.request, "GET %s HTTP/1.1\r\n\r\n", poll->url);
	buf_printf(&c.response, "HTTP/1.1 %d Simulated\r\n\r\n", out->status);
	for (uint32_t i = 0; i < out->nitems; i++)
		buf_printf(&c.response, "%s\n", out->items[i].text);
	msg_capture_put(&b, &c);
	fd = file_memfd("capture", b.data, b.len, &e);
	buf_free(&b);
	buf_free(&c.request);
	buf_free(&c.response);
	return fd;
}

void
sim_world_answer(
    struct sim_world *w, const struct msg_poll *poll, int64_t now, struct msg *m)
{
	const struct conf_tenant *t = conf_tenant_by_key(w->conf, poll->tenant);
	struct msg_polled *out = &m->polled;

	msg_init(m, MSG_POLLED);
	out->id = poll->id;
	out->time = now;
	out->url = xstrdup(poll->url);
	if (t == NULL || in_span(w, t, false, now)) {
		out->outcome = POLLED_CONNECT;
		out->why = xstrdup("connection refused");
		return;
	}
	if (poll->kind == POLL_MEDIA) {
		out->outcome = POLLED_NOT_FOUND;
		out->why = xstrdup("a scenario has no pictures");
		return;
	}
	if (poll->kind != POLL_PAGE)
		answer_feed(w, t, now, out);
	else
		answer_page(w, poll, now, out);
	m->fd = capture_of(poll, out);
}

const struct sim_deed *
sim_world_deed(const struct sim_world *w)
{
	return w->next_deed < w->ndeeds ? &w->deeds[w->next_deed] : NULL;
}

void
sim_world_done(struct sim_world *w)
{
	w->next_deed++;
}
