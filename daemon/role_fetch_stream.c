/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_stream: what comes over a stream, gathered for a moment, read as the feed
 * room reads a document, and sent to the engine with its bytes and with the place to go
 * on from.  Bytes of an event that is not whole yet wait for the next batch.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "feed/json.h"
#include "feed/lines.h"
#include "feed/sse.h"
#include "feed/stream.h"
#include "role_fetch.h"

/* An event after a pause waits for the rest of what comes with it; those of a flood, so
 * long after the last batch: each one costs files and a commit. */
#define BATCH_PAUSE ((int64_t)3) /* ms */
#define BATCH_SPAN ((int64_t)200)
#define BATCH_EVENTS 1024 /* so no stream brings more than 5,120 a second */
#define BATCH_BYTES (1u << 20)
#define EVENT_MAX ((size_t)1 << 20)
#define QUEUE_MAX ((size_t)16 << 20) /* bytes on the way to the engine */
#define QUEUE_LOOK ((int64_t)50)     /* ms between looks whether they are fewer */
#define CURSOR_MAX 256
#define WORDS 500

struct fetch_live {
	struct fetch_live *next;
	struct fetch_role *role;
	uint64_t feed;
	uint32_t engine;
	uint8_t kind; /* enum stream_kind */
	char *tenant, *url, *cursor_key, *credential;
	struct feed_mapping paths;	    /* of the configuration in force, */
	const struct feed_mapping *mapping; /* if there are any, else NULL */
	struct fetch_stream *stream;
	struct loop_timer *timer; /* a batch is to be sent, or the queue looked at */
	bool waiting;		  /* the stream is held back */
	bool up;
	char *peer;
	struct buf request, head; /* of the answer that runs */
	struct feed_sse *sse;	  /* one of the two cuts it into events */
	struct feed_lines *ndjson;
	struct feed_stream *reader; /* makes items of them */
	struct buf raw;		    /* not sent yet */
	size_t whole;		    /* of raw: bytes up to the end of an event */
	unsigned n;		    /* events */
	uint64_t seen;		    /* events ever */
	int64_t sent;		    /* the last batch, steady ms */
	bool broken;		    /* one was left out */
	char *last_id;
	uint64_t rewind;
};

/* The place to go on from: what is a number is stepped back.  To be freed. */
static char *
rewound(const char *last_id, uint64_t by)
{
	char *end;
	unsigned long long n;

	if (last_id == NULL || by == 0)
		return xstrdup(last_id);
	n = strtoull(last_id, &end, 10);
	if (end == last_id || *end != '\0')
		return xstrdup(last_id);
	return xasprintf("%llu", n > by ? n - by : 0);
}

static void parser_free(struct fetch_live *l);
static void flush(struct fetch_live *l);

static void
live_free(struct fetch_live *l)
{
	struct fetch_live **at = &l->role->lives;

	if (l->n > 0 && !l->role->ended)
		flush(l);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	fetch_stream_close(&l->stream);
	loop_timer_free(&l->timer);
	parser_free(l);
	buf_free(&l->request);
	buf_free(&l->head);
	buf_free(&l->raw);
	free(l->peer);
	free(l->tenant);
	free(l->url);
	free(l->cursor_key);
	free(l->credential);
	free(l->last_id);
	free(l);
}

void
fetch_live_end(struct fetch_role *role)
{
	while (role->lives != NULL)
		live_free(role->lives);
}

static void
pushed_init(struct msg *m, const struct fetch_live *l, enum pushed_state state)
{
	msg_init(m, MSG_PUSHED);
	m->pushed.feed = l->feed;
	m->pushed.state = state;
	m->pushed.time = clock_now();
}

static void
send(struct fetch_live *l, struct msg *m)
{
	int rc = role_send(l->role->self, ROLE_ENGINE, l->engine, m);

	if (rc != 0 && rc != TOSD_ENOENT)
		log_err(
		    "fetch", "%s: what came cannot be sent: %s", l->url, err_name(rc));
}

static void
say(struct fetch_live *l, enum pushed_state state, const char *why)
{
	struct buf b = {0};
	struct msg m;

	pushed_init(&m, l, state);
	if (why != NULL && why[0] != '\0') {
		text_repair(&b, why, text_prefix(why, WORDS));
		m.pushed.why = buf_take(&b);
	}
	send(l, &m);
}

/* --- a batch --- */

static void
take_items(struct fetch_live *l, struct msg_pushed *p)
{
	struct feed_doc doc;

	feed_stream_take(l->reader, &doc);
	fetch_items_take(&p->items, &p->nitems, &p->truncated, doc.items, doc.nitems);
	p->truncated |= doc.truncated;
	p->gone = doc.gone;
	p->ngone = (uint32_t)doc.ngone;
	doc.gone = NULL;
	doc.ngone = 0;
	feed_doc_clear(&doc);
}

static void
batch_capture(struct fetch_live *l, struct msg *m)
{
	struct buf response = {0};

	buf_put(&response, l->head.data, l->head.len);
	buf_put(&response, l->raw.data, l->whole);
	m->fd = fetch_capture(l->url, l->peer, m->pushed.time, &l->request, &response);
	buf_free(&response);
}

/* Sends what is whole; of what is only heartbeats nothing is kept. */
static void
flush(struct fetch_live *l)
{
	struct msg m;
	char *at;

	if (l->n > 0) {
		pushed_init(&m, l, PUSHED_DATA);
		m.pushed.truncated = l->broken;
		take_items(l, &m.pushed);
		if (m.pushed.nitems + m.pushed.ngone > 0)
			batch_capture(l, &m);
		m.pushed.last_id = xstrdup(l->last_id);
		at = rewound(l->last_id, l->rewind);
		if (at != NULL)
			fetch_stream_at(l->stream, at);
		free(at);
		send(l, &m);
		l->sent = clock_steady();
	}
	if (l->whole > 0) { /* else much would be moved for each byte of a slow one */
		memmove(l->raw.data, l->raw.data + l->whole, l->raw.len - l->whole);
		l->raw.len -= l->whole;
		l->raw.data[l->raw.len] = '\0';
		l->whole = 0;
	}
	l->n = 0;
	l->broken = false;
}

static void
on_timer(void *ctx)
{
	struct fetch_live *l = ctx;

	if (l->n > 0)
		flush(l);
	if (!l->waiting)
		return;
	if (role_queued(l->role->self, ROLE_ENGINE, l->engine) > QUEUE_MAX) {
		loop_timer_set(l->timer, QUEUE_LOOK);
		return;
	}
	l->waiting = false;
	fetch_stream_resume(l->stream);
}

/* --- what comes --- */

static void
set_id(struct fetch_live *l, const char *s, size_t n)
{
	if (n == 0 || n > CURSOR_MAX || memchr(s, 0, n) != NULL || !text_valid(s, n))
		return;
	free(l->last_id);
	l->last_id = xstrndup(s, n);
}

static void
set_cursor(struct fetch_live *l, const char *data, size_t size)
{
	struct json_reader r;
	struct json_value v, cursor;
	struct buf b = {0};
	const char *text;
	size_t n;

	json_reader_init(&r, data, size);
	if (json_read(&r, &v) == JSON_KIND_OBJECT &&
	    json_find(&v, l->cursor_key, &cursor)) {
		text = json_text(&cursor, &b, CURSOR_MAX, &n);
		set_id(l, text, n);
	}
	buf_free(&b);
}

static void
read_event(
    struct fetch_live *l, const char *name, size_t nname, const char *data, size_t n)
{
	int rc = TOSD_EINVAL;

	if (data != NULL)
		rc = feed_stream_event(l->reader, name, nname, data, n);
	if (rc == TOSD_EBUSY) { /* what is there leaves first, up to its own place */
		flush(l);
		rc = feed_stream_event(l->reader, name, nname, data, n);
	}
	l->n++;
	l->seen++;
	l->broken |= data == NULL || rc == TOSD_EBUSY;
	if (l->cursor_key != NULL && data != NULL)
		set_cursor(l, data, n);
}

static void
on_event(void *ctx, const struct feed_sse_event *e)
{
	struct fetch_live *l = ctx;

	read_event(l, e->event, e->nevent, e->data, e->n);
	set_id(l, e->id, strlen(e->id));
}

static void
on_line(void *ctx, const char *line, size_t n)
{
	if (line == NULL || n > 0)
		read_event(ctx, "", 0, line, n);
}

static void
parser_free(struct fetch_live *l)
{
	feed_sse_free(&l->sse);
	feed_lines_free(&l->ndjson);
	feed_stream_free(&l->reader);
}

/* The reader of a stream that was opened with a mapping has one for ever: once it is
 * taken out of the configuration nothing is read until the engine opens it anew. */
static void
set_mapping(struct fetch_live *l)
{
	const struct conf *c = l->role->conf;

	l->paths = (struct feed_mapping){0};
	feed_mapping_of(conf_mapping_of_stream(c, l->tenant, l->url), &l->paths);
}

/* For an answer from its first byte on. */
static void
parser_new(struct fetch_live *l)
{
	struct feed_limits lim = fetch_limits(l->role);
	struct feed_source src = {.url = l->url, .mapping = l->mapping};

	parser_free(l);
	l->reader = feed_stream_new(&src, &lim);
	if (l->kind == STREAM_SSE)
		l->sse = feed_sse_new(EVENT_MAX, on_event, l);
	else
		l->ndjson = feed_lines_new(FEED_LINES_LF, EVENT_MAX, on_line, l);
}

/* A piece that ends with a line, or that does not. */
static void
parse(struct fetch_live *l, const char *p, size_t n)
{
	uint64_t before = l->seen;
	bool ends = n > 0 && p[n - 1] == '\n';
	char first;

	buf_put(&l->raw, p, n);
	first = l->raw.data[l->whole];
	if (l->sse != NULL)
		feed_sse_feed(l->sse, p, n);
	else
		feed_lines_feed(l->ndjson, p, n);
	if (l->seen > before ||
	    (ends && (first == ':' || first == '\r' || first == '\n')))
		l->whole = l->raw.len; /* an event, a heartbeat, an empty line */
	else if (l->raw.len - l->whole > 2 * EVENT_MAX)
		l->whole = l->raw.len; /* too large an event: not waited for */
}

static void
on_up(void *ctx, const struct fetch_piece *p)
{
	struct fetch_live *l = ctx;

	buf_reset(&l->request);
	buf_put(&l->request, p->request->data, p->request->len);
	buf_reset(&l->head);
	buf_put(&l->head, p->head->data, p->head->len);
	free(l->peer);
	l->peer = xstrdup(p->peer);
	l->up = true;
	log_info("fetch", "%s: stream is open", l->url);
	say(l, PUSHED_UP, NULL);
}

static int64_t
batch_wait(const struct fetch_live *l)
{
	int64_t left = l->sent + BATCH_SPAN - clock_steady();

	return left > BATCH_PAUSE ? left : BATCH_PAUSE;
}

static bool
full(const struct fetch_live *l)
{
	return l->n >= BATCH_EVENTS || (l->n > 0 && l->raw.len >= BATCH_BYTES);
}

static enum fetch_flow
on_data(void *ctx, const char *data, size_t n)
{
	struct fetch_live *l = ctx;
	unsigned before = l->n;

	/* The batch waits for its time, or others for the engine: so does the server.
	 */
	if (full(l) || role_queued(l->role->self, ROLE_ENGINE, l->engine) > QUEUE_MAX) {
		l->waiting = true;
		loop_timer_set(l->timer, full(l) ? batch_wait(l) : QUEUE_LOOK);
		return FETCH_WAIT;
	}
	while (n > 0) {
		const char *end = memchr(data, '\n', n);
		size_t piece = end != NULL ? (size_t)(end - data) + 1 : n;

		parse(l, data, piece);
		data += piece;
		n -= piece;
	}
	if (l->sse != NULL && feed_sse_retry(l->sse) >= 0)
		fetch_stream_retry(l->stream, feed_sse_retry(l->sse));
	if (l->n == 0)
		flush(l);
	else if (before == 0)
		loop_timer_set(l->timer, batch_wait(l));
	return FETCH_GO;
}

static void
on_down(void *ctx, const char *why, int64_t wait)
{
	struct fetch_live *l = ctx;
	char span[CLOCK_TEXT];

	if (l->n > 0)
		flush(l);
	/* Half an event is none; the next answer begins anew. */
	parser_new(l);
	buf_reset(&l->raw);
	l->whole = 0;
	log_info("fetch", "%s: stream ended: %s; next try in %s", l->url, why,
	    clock_span(wait, span));
	l->up = false;
	say(l, PUSHED_DOWN, why);
}

/* --- asked for --- */

static struct fetch_live *
find(struct fetch_role *role, uint64_t feed)
{
	for (struct fetch_live *l = role->lives; l != NULL; l = l->next)
		if (l->feed == feed)
			return l;
	return NULL;
}

static void
live_open(struct fetch_live *l, const struct msg_stream *in, const struct buf *token)
{
	static const struct fetch_stream_ops ops = {on_up, on_data, on_down};
	const struct conf_tenant *t = conf_tenant_by_key(l->role->conf, in->tenant);
	bool sse = in->kind == STREAM_SSE;
	struct fetch_stream_ask ask = {.url = in->url,
	    .accept = sse ? "text/event-stream"
			  : "application/x-ndjson, application/jsonl, */*;q=0.5",
	    .type = sse ? "text/event-stream" : NULL,
	    .cursor_param = in->cursor_param,
	    .bearer = token != NULL ? token->data : NULL,
	    .seed = in->feed * 1000003u};
	char *at;

	if (t != NULL) {
		ask.allow = t->allow;
		ask.nallow = t->nallow;
	}
	l->rewind = in->cursor_rewind;
	at = rewound(in->last_id, l->rewind);
	ask.last_id = at;
	l->stream = fetch_stream_open(l->role->streams, &ask, &ops, l);
	free(at);
}

void
fetch_live_msg(struct fetch_role *role, struct msg *m)
{
	const struct msg_stream *in = &m->stream;
	struct fetch_live *l = find(role, in->feed);
	const struct buf *token = NULL;

	if (l != NULL)
		live_free(l);
	if (!in->open)
		return;
	l = xcalloc(1, sizeof(*l));
	l->role = role;
	l->next = role->lives;
	role->lives = l;
	l->feed = in->feed;
	l->engine = m->from_index;
	l->tenant = xstrdup(in->tenant);
	l->url = xstrdup(in->url);
	l->cursor_key = xstrdup(in->cursor_key);
	l->kind = in->kind;
	if (conf_mapping_of_stream(role->conf, in->tenant, in->url) != NULL) {
		set_mapping(l);
		l->mapping = &l->paths;
	}
	parser_new(l);
	l->timer = loop_timer_new(role_loop(role->self), on_timer, l);
	l->credential = xstrdup(in->credential);
	if (in->credential != NULL) {
		token = role_secret(role->self, in->credential);
		if (token == NULL)
			log_warn("fetch", "%s: its token is not here", l->url);
	}
	live_open(l, in, token);
}

void
fetch_live_tokens(struct fetch_role *role)
{
	const struct buf *token;

	for (struct fetch_live *l = role->lives; l != NULL; l = l->next) {
		token = l->credential != NULL ? role_secret(role->self, l->credential)
					      : NULL;
		if (token != NULL)
			fetch_stream_token(l->stream, token->data);
	}
}

void
fetch_live_reconf(struct fetch_role *role)
{
	for (struct fetch_live *l = role->lives; l != NULL; l = l->next)
		set_mapping(l);
	fetch_live_tokens(role);
}
