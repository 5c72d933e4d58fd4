/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_poll: messages between engine and fetch, and the capture that travels with them.
 * The fetch role reads tenants' bytes all day; what it says is checked as if a tenant
 * had taken it over.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/msg_codec.h"

/* The end of year 9999: the times of honest clocks, safe to add to. */
#define TIME_MAX ((int64_t)253402300799999)

static const char *const outcomes[POLLED_COUNT] = {
    [POLLED_OK] = "ok",
    [POLLED_UNCHANGED] = "unchanged",
    [POLLED_GONE] = "gone",
    [POLLED_NOT_FOUND] = "not-found",
    [POLLED_FORBIDDEN] = "forbidden",
    [POLLED_LEGAL] = "legal",
    [POLLED_RATE_LIMIT] = "rate-limit",
    [POLLED_HTTP_ERROR] = "http-error",
    [POLLED_DNS] = "dns",
    [POLLED_CONNECT] = "connect",
    [POLLED_TLS] = "tls",
    [POLLED_TIMEOUT] = "timeout",
    [POLLED_REFUSED] = "refused",
    [POLLED_NOT_FEED] = "not-feed",
    [POLLED_OWN_FAULT] = "own-fault",
};

const char *
polled_name(enum poll_outcome o)
{
	return (unsigned)o < POLLED_COUNT ? outcomes[o] : "unknown";
}

void
msg_put_poll(struct buf *b, const struct msg *m)
{
	const struct msg_poll *p = &m->poll;

	buf_put_u64(b, p->id);
	buf_put_u8(b, p->kind);
	buf_put_str(b, p->url);
	buf_put_str(b, p->tenant);
	buf_put_str(b, p->etag);
	buf_put_str(b, p->last_modified);
	buf_put_str(b, p->body_hash);
	buf_put_u8(b, p->second);
	buf_put_str(b, p->list);
}

void
msg_get_poll(struct rd *r, struct msg *m)
{
	struct msg_poll *p = &m->poll;

	p->id = rd_u64(r);
	p->kind = msg_enum(r, POLL_KINDS);
	p->url = msg_need_str(r);
	p->tenant = msg_need_str(r);
	p->etag = rd_str(r);
	p->last_modified = rd_str(r);
	p->body_hash = msg_hash(r);
	p->second = msg_bool(r);
	p->list = rd_str(r);
	if ((p->list != NULL) != (p->kind == POLL_LIST))
		r->bad = true;
}

void
msg_clear_poll(struct msg *m)
{
	free(m->poll.url);
	free(m->poll.tenant);
	free(m->poll.etag);
	free(m->poll.last_modified);
	free(m->poll.body_hash);
	free(m->poll.list);
}

static void
put_list(struct buf *b, char *const *v, uint32_t n)
{
	buf_put_u32(b, n);
	for (uint32_t i = 0; i < n; i++)
		buf_put_str(b, v[i]);
}

static void
get_list(struct rd *r, char ***v, uint32_t *n)
{
	uint32_t want = rd_count(r, 4);

	*v = want > 0 ? xcalloc(want, sizeof(**v)) : NULL;
	while (!r->bad && *n < want)
		(*v)[(*n)++] = msg_need_text(r);
}

static void
free_list(char **v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void
msg_put_polled(struct buf *b, const struct msg *m)
{
	const struct msg_polled *p = &m->polled;

	buf_put_u64(b, p->id);
	buf_put_u8(b, p->outcome);
	buf_put_u32(b, (uint32_t)p->status);
	buf_put_i64(b, p->time);
	buf_put_str(b, p->url);
	buf_put_str(b, p->moved);
	buf_put_str(b, p->etag);
	buf_put_str(b, p->last_modified);
	buf_put_str(b, p->body_hash);
	buf_put_i64(b, p->hint);
	buf_put_i64(b, p->ttl);
	buf_put_i64(b, p->retry_after);
	buf_put_str(b, p->why);
	buf_put_str(b, p->format);
	buf_put_str(b, p->title);
	buf_put_str(b, p->site);
	buf_put_u8(b, p->well_formed);
	buf_put_u8(b, p->truncated);
	buf_put_u8(b, p->cut);
	buf_put_u8(b, p->young);
	buf_put_str(b, p->next_url);
	buf_put_str(b, p->self_url);
	buf_put_str(b, p->hub);
	buf_put_u32(b, p->skip_hours);
	buf_put_u8(b, p->skip_days);
	put_list(b, p->gone, p->ngone);
	put_list(b, p->more, p->nmore);
	buf_put_u32(b, p->nitems);
	for (uint32_t i = 0; i < p->nitems; i++)
		item_put(b, &p->items[i]);
}

/* Items, removals and further documents come of a document that was read, and of
 * nothing else. */
static bool
sound(const struct msg_polled *p, uint32_t nitems)
{
	if (p->outcome != POLLED_OK && (nitems > 0 || p->ngone > 0 || p->nmore > 0))
		return false;
	return p->time >= 0 && p->time <= TIME_MAX && p->hint >= 0 && p->ttl >= 0 &&
	       p->retry_after >= 0 && p->skip_hours < 1u << 24 && p->skip_days < 1 << 7;
}

void
msg_get_polled(struct rd *r, struct msg *m)
{
	struct msg_polled *p = &m->polled;
	uint32_t n;

	p->id = rd_u64(r);
	p->outcome = msg_enum(r, POLLED_COUNT);
	p->status = (int32_t)rd_u32(r);
	p->time = rd_i64(r);
	p->url = rd_str(r);
	p->moved = rd_str(r);
	p->etag = rd_str(r);
	p->last_modified = rd_str(r);
	p->body_hash = msg_hash(r);
	p->hint = rd_i64(r);
	p->ttl = rd_i64(r);
	p->retry_after = rd_i64(r);
	p->why = msg_words(r);
	p->format = rd_str(r);
	p->title = msg_text(r);
	p->site = msg_text(r);
	p->well_formed = msg_bool(r);
	p->truncated = msg_bool(r);
	p->cut = msg_bool(r);
	p->young = msg_bool(r);
	p->next_url = msg_text(r);
	p->self_url = msg_text(r);
	p->hub = msg_text(r);
	p->skip_hours = rd_u32(r);
	p->skip_days = rd_u8(r);
	get_list(r, &p->gone, &p->ngone);
	get_list(r, &p->more, &p->nmore);
	n = rd_count(r, ITEM_WIRE_MIN);
	if (!sound(p, n))
		r->bad = true;
	p->items = n > 0 ? xcalloc(n, sizeof(*p->items)) : NULL;
	while (!r->bad && p->nitems < n)
		msg_item(r, &p->items[p->nitems++]);
}

void
msg_clear_polled(struct msg *m)
{
	struct msg_polled *p = &m->polled;

	free(p->url);
	free(p->moved);
	free(p->etag);
	free(p->last_modified);
	free(p->body_hash);
	free(p->why);
	free(p->format);
	free(p->title);
	free(p->site);
	free(p->next_url);
	free(p->self_url);
	free(p->hub);
	free_list(p->gone, p->ngone);
	free_list(p->more, p->nmore);
	for (uint32_t i = 0; i < p->nitems; i++)
		item_clear(&p->items[i]);
	free(p->items);
}

/* Bytes that may hold NUL, so not buf_put_str. */
void
msg_put_bytes(struct buf *b, const struct buf *v)
{
	buf_put_u32(b, (uint32_t)v->len);
	buf_put(b, v->data, v->len);
}

void
msg_get_bytes(struct rd *r, struct buf *v)
{
	uint32_t n = rd_count(r, 1);

	if (r->bad)
		return;
	buf_put(v, r->p, n);
	r->p += n;
}

void
msg_capture_put(struct buf *b, const struct msg_capture *c)
{
	buf_put_str(b, c->url);
	buf_put_str(b, c->peer);
	buf_put_i64(b, c->time);
	msg_put_bytes(b, &c->request);
	msg_put_bytes(b, &c->response);
	buf_put_u32(b, c->nhops);
	for (uint32_t i = 0; i < c->nhops; i++) {
		buf_put_str(b, c->hops[i].url);
		buf_put_str(b, c->hops[i].peer);
		msg_put_bytes(b, &c->hops[i].request);
		msg_put_bytes(b, &c->hops[i].response);
	}
}

void
msg_capture_get(struct rd *r, struct msg_capture *c)
{
	uint32_t n;

	memset(c, 0, sizeof(*c));
	c->url = msg_need_str(r);
	c->peer = rd_str(r);
	c->time = rd_i64(r);
	msg_get_bytes(r, &c->request);
	msg_get_bytes(r, &c->response);
	n = rd_count(r, 4 * 4);
	if (n > MSG_HOPS_MAX) {
		r->bad = true;
		return;
	}
	c->hops = n > 0 ? xcalloc(n, sizeof(*c->hops)) : NULL;
	for (; !r->bad && c->nhops < n; c->nhops++) {
		struct msg_hop *hop = &c->hops[c->nhops];

		hop->url = msg_need_str(r);
		hop->peer = rd_str(r);
		msg_get_bytes(r, &hop->request);
		msg_get_bytes(r, &hop->response);
	}
}

void
msg_capture_clear(struct msg_capture *c)
{
	free(c->url);
	free(c->peer);
	buf_free(&c->request);
	buf_free(&c->response);
	for (uint32_t i = 0; i < c->nhops; i++) {
		free(c->hops[i].url);
		free(c->hops[i].peer);
		buf_free(&c->hops[i].request);
		buf_free(&c->hops[i].response);
	}
	free(c->hops);
	memset(c, 0, sizeof(*c));
}
