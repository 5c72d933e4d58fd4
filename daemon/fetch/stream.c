/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: a stream is waiting (timer: the next try), asked, or open (timer: silence).
 * While the client has its request the stream cannot be freed: a closed one goes with
 * the request's end.
 */
#include "fetch/stream.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "fetch/answer.h"
#include "fetch/pace.h"

struct fetch_streams {
	struct loop *loop;
	struct fetch_client *client;
	unsigned max, asked;
	int64_t idle, retry_min, retry_max;
	struct fetch_stream *all;
};

struct fetch_stream {
	struct fetch_stream *next;
	struct fetch_streams *set;
	struct fetch_stream_ops ops;
	void *ctx;
	char *url, *accept, *type, *cursor_param, *last_id, *bearer;
	struct conf_range *allow;
	size_t nallow;
	uint64_t seed;
	struct loop_timer *timer;
	bool asked;    /* the client has a request of ours */
	bool open;     /* and its answer has begun */
	bool paused;   /* by us: silence is not the server's */
	bool closed;   /* by the owner */
	bool mistyped; /* the answer is no stream */
	bool crowded;  /* it waits for others to end, which was logged */
	int64_t last;  /* byte, or sign of life, steady ms */
	int64_t since; /* it is open */
	unsigned failures;
	uint64_t tries;
	int64_t retry;
};

static void
take_limits(struct fetch_streams *set, const struct conf_fetch *conf)
{
	set->max = conf->max_streams;
	set->idle = conf->stream_idle;
	set->retry_min = conf->stream_retry_min;
	set->retry_max = conf->stream_retry_max;
}

struct fetch_streams *
fetch_streams_new(struct loop *l, struct fetch_client *c, const struct conf_fetch *conf)
{
	struct fetch_streams *set = xcalloc(1, sizeof(*set));

	set->loop = l;
	set->client = c;
	take_limits(set, conf);
	return set;
}

void
fetch_streams_reconf(struct fetch_streams *set, const struct conf_fetch *conf)
{
	take_limits(set, conf);
}

static void
stream_free(struct fetch_stream *s)
{
	struct fetch_stream **at = &s->set->all;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	loop_timer_free(&s->timer);
	free(s->url);
	free(s->accept);
	free(s->type);
	free(s->cursor_param);
	free(s->last_id);
	if (s->bearer != NULL)
		explicit_bzero(s->bearer, strlen(s->bearer));
	free(s->bearer);
	free(s->allow);
	free(s);
}

void
fetch_streams_free(struct fetch_streams **setp)
{
	struct fetch_streams *set = *setp;

	if (set == NULL)
		return;
	while (set->all != NULL)
		stream_free(set->all);
	free(set);
	*setp = NULL;
}

/* --- a request of a stream --- */

/* The address with its cursor, to be freed. */
static char *
address(const struct fetch_stream *s)
{
	CURLU *u;
	char *query, *text = NULL, *url = NULL;

	if (s->cursor_param == NULL || s->last_id == NULL)
		return xstrdup(s->url);
	u = curl_url();
	query = xasprintf("%s=%s", s->cursor_param, s->last_id);
	if (u != NULL && curl_url_set(u, CURLUPART_URL, s->url, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_QUERY, query,
		CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
		url = xstrdup(text);
	curl_free(text);
	curl_url_cleanup(u);
	free(query);
	return url != NULL ? url : xstrdup(s->url);
}

static bool
type_fits(const struct fetch_stream *s, const struct buf *head)
{
	char *type = answer_header(head, "Content-Type");
	bool ok = s->type == NULL ||
		  (type != NULL && strncasecmp(type, s->type, strlen(s->type)) == 0);

	free(type);
	return ok;
}

static enum fetch_flow
on_data(void *ctx, const struct fetch_piece *p)
{
	struct fetch_stream *s = ctx;
	enum fetch_flow flow;

	if (s->closed)
		return FETCH_END;
	s->last = clock_steady();
	if (!s->open)
		loop_timer_set(s->timer, s->set->idle);
	if (p->head == NULL)
		return FETCH_GO;
	if (p->n == 0) {
		s->mistyped = !type_fits(s, p->head);
		if (s->mistyped)
			return FETCH_END;
		s->open = true;
		s->since = s->last;
		s->ops.up(s->ctx, p);
		return FETCH_GO;
	}
	flow = s->ops.data(s->ctx, p->data, p->n);
	s->paused = flow == FETCH_WAIT;
	return flow;
}

static void
on_done(void *ctx, struct fetch_result *r)
{
	struct fetch_stream *s = ctx;
	struct pace_in in = {.outcome = s->mistyped ? POLLED_NOT_FEED : r->outcome,
	    .opened = s->open,
	    .lived = s->open ? clock_steady() - s->since : 0,
	    .failures = s->failures,
	    .retry = s->retry,
	    .retry_after = r->retry_after,
	    .min = s->set->retry_min,
	    .max = s->set->retry_max,
	    .seed = s->seed + ++s->tries};
	const char *why = s->mistyped	     ? "the answer is not of a stream's type"
			  : r->why != NULL   ? r->why
			  : r->status == 200 ? "the server ended it"
					     : polled_name(r->outcome);
	struct pace pace;

	s->asked = s->open = s->paused = s->mistyped = false;
	s->set->asked--;
	if (s->closed) {
		stream_free(s);
		return;
	}
	fetch_pace(&in, &pace);
	s->failures = pace.failures;
	loop_timer_set(s->timer, pace.wait);
	s->ops.down(s->ctx, why, pace.wait); /* may close it */
}

static void
ask(struct fetch_stream *s)
{
	struct fetch_request req = {.accept = s->accept,
	    .allow = s->allow,
	    .nallow = s->nallow,
	    .on_data = on_data,
	    .bearer = s->bearer,
	    .last_event_id = s->cursor_param == NULL ? s->last_id : NULL};
	char *url = address(s);

	req.url = url;
	s->asked = true;
	s->set->asked++;
	s->last = INT64_MAX; /* no silence before its turn has come */
	fetch_client_get(s->set->client, &req, on_done, s);
	free(url);
}

/* As many as may be are asked for or open: it waits for one of them to end, or for a
 * higher limit. */
static void
wait_for_room(struct fetch_stream *s)
{
	if (!s->crowded)
		log_warn("fetch",
		    "%s: not opened: %u streams are, as many as fetch.max_streams "
		    "allows; raise it",
		    s->url, s->set->max);
	s->crowded = true;
	loop_timer_set(s->timer, s->set->retry_max);
	s->ops.down(s->ctx, "as many streams as fetch.max_streams are open",
	    s->set->retry_max); /* may close it */
}

static void
on_timer(void *ctx)
{
	struct fetch_stream *s = ctx;
	int64_t left;

	if (!s->asked && s->set->asked >= s->set->max) {
		wait_for_room(s);
		return;
	}
	if (!s->asked) {
		s->crowded = false;
		ask(s);
		return;
	}
	left = s->last == INT64_MAX || s->paused
		   ? s->set->idle
		   : s->last + s->set->idle - clock_steady();
	if (left > 0)
		loop_timer_set(s->timer, left);
	else
		fetch_client_cancel(s->set->client, s, "nothing came for too long");
}

/* --- for the owner --- */

struct fetch_stream *
fetch_stream_open(struct fetch_streams *set, const struct fetch_stream_ask *a,
    const struct fetch_stream_ops *ops, void *ctx)
{
	struct fetch_stream *s = xcalloc(1, sizeof(*s));

	s->set = set;
	s->next = set->all;
	set->all = s;
	s->ops = *ops;
	s->ctx = ctx;
	s->url = xstrdup(a->url);
	s->accept = xstrdup(a->accept);
	s->type = xstrdup(a->type);
	s->cursor_param = xstrdup(a->cursor_param);
	s->last_id = xstrdup(a->last_id);
	s->bearer = xstrdup(a->bearer);
	s->seed = a->seed;
	s->nallow = a->nallow;
	s->allow = xcalloc(a->nallow + 1, sizeof(*s->allow));
	if (a->nallow > 0)
		memcpy(s->allow, a->allow, a->nallow * sizeof(*s->allow));
	s->timer = loop_timer_new(set->loop, on_timer, s);
	loop_timer_set(s->timer, 0);
	return s;
}

void
fetch_stream_close(struct fetch_stream **sp)
{
	struct fetch_stream *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	s->closed = true;
	if (!s->asked) {
		stream_free(s);
		return;
	}
	loop_timer_clear(s->timer);
	fetch_client_cancel(s->set->client, s, "closed by us");
}

void
fetch_stream_at(struct fetch_stream *s, const char *last_id)
{
	char *copy = xstrdup(last_id);

	free(s->last_id);
	s->last_id = copy;
}

void
fetch_stream_token(struct fetch_stream *s, const char *bearer)
{
	if (s->bearer != NULL)
		explicit_bzero(s->bearer, strlen(s->bearer));
	free(s->bearer);
	s->bearer = xstrdup(bearer);
}

void
fetch_stream_retry(struct fetch_stream *s, int64_t ms)
{
	s->retry = ms;
}

void
fetch_stream_resume(struct fetch_stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	s->last = clock_steady();
	fetch_client_resume(s->set->client, s);
}
