/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_stream: messages about what comes to us without being asked for: streams and
 * WebSub.  As with msg_poll, what the fetch role says is checked as if a tenant had
 * taken it over.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipc/msg_codec.h"

#define TIME_MAX ((int64_t)253402300799999) /* as in msg_poll.c */
#define LEASE_MAX ((int64_t)10 * 365 * 86400 * 1000)

static const char *const states[PUSHED_COUNT] = {
    [PUSHED_DATA] = "data",
    [PUSHED_UP] = "up",
    [PUSHED_DOWN] = "down",
    [PUSHED_ASKED] = "asked",
    [PUSHED_FAILED] = "failed",
    [PUSHED_VERIFIED] = "verified",
    [PUSHED_ENDED] = "ended",
    [PUSHED_DENIED] = "denied",
};

const char *
pushed_name(enum pushed_state s)
{
	return (unsigned)s < PUSHED_COUNT ? states[s] : "unknown";
}

void
msg_put_stream(struct buf *b, const struct msg *m)
{
	const struct msg_stream *s = &m->stream;

	buf_put_u64(b, s->feed);
	buf_put_u8(b, s->open);
	buf_put_u8(b, s->kind);
	buf_put_str(b, s->url);
	buf_put_str(b, s->tenant);
	buf_put_str(b, s->credential);
	buf_put_str(b, s->cursor_param);
	buf_put_str(b, s->cursor_key);
	buf_put_u64(b, s->cursor_rewind);
	buf_put_str(b, s->last_id);
}

void
msg_get_stream(struct rd *r, struct msg *m)
{
	struct msg_stream *s = &m->stream;

	s->feed = rd_u64(r);
	s->open = msg_bool(r);
	s->kind = msg_enum(r, STREAM_KINDS);
	s->url = msg_need_str(r);
	s->tenant = msg_need_str(r);
	s->credential = rd_str(r);
	s->cursor_param = rd_str(r);
	s->cursor_key = rd_str(r);
	s->cursor_rewind = rd_u64(r);
	s->last_id = rd_str(r);
}

void
msg_clear_stream(struct msg *m)
{
	struct msg_stream *s = &m->stream;

	free(s->url);
	free(s->tenant);
	free(s->credential);
	free(s->cursor_param);
	free(s->cursor_key);
	free(s->last_id);
}

void
msg_put_pushed(struct buf *b, const struct msg *m)
{
	const struct msg_pushed *p = &m->pushed;

	buf_put_u64(b, p->feed);
	buf_put_u8(b, p->state);
	buf_put_u8(b, p->websub);
	buf_put_u32(b, p->token);
	buf_put_str(b, p->site);
	buf_put_i64(b, p->time);
	buf_put_i64(b, p->lease);
	buf_put_str(b, p->why);
	buf_put_str(b, p->path);
	buf_put_str(b, p->last_id);
	buf_put_u8(b, p->truncated);
	buf_put_u32(b, p->ngone);
	for (uint32_t i = 0; i < p->ngone; i++)
		buf_put_str(b, p->gone[i]);
	buf_put_u32(b, p->nitems);
	for (uint32_t i = 0; i < p->nitems; i++)
		item_put(b, &p->items[i]);
}

void
msg_get_pushed(struct rd *r, struct msg *m)
{
	struct msg_pushed *p = &m->pushed;
	uint32_t n;

	p->feed = rd_u64(r);
	p->state = msg_enum(r, PUSHED_COUNT);
	p->websub = msg_bool(r);
	p->token = rd_u32(r);
	p->site = rd_str(r);
	p->time = rd_i64(r);
	p->lease = rd_i64(r);
	p->why = msg_words(r);
	if (p->why != NULL && !text_valid(p->why, strlen(p->why)))
		r->bad = true; /* it goes on record */
	p->path = rd_str(r);
	p->last_id = rd_str(r);
	p->truncated = msg_bool(r);
	n = rd_count(r, 4);
	p->gone = n > 0 ? xcalloc(n, sizeof(*p->gone)) : NULL;
	while (!r->bad && p->ngone < n)
		p->gone[p->ngone++] = msg_need_text(r);
	n = rd_count(r, ITEM_WIRE_MIN);
	if (p->time < 0 || p->time > TIME_MAX || p->lease < 0 || p->lease > LEASE_MAX ||
	    (p->state != PUSHED_DATA && (n > 0 || p->ngone > 0)) ||
	    (p->websub && p->path == NULL))
		r->bad = true;
	p->items = n > 0 ? xcalloc(n, sizeof(*p->items)) : NULL;
	while (!r->bad && p->nitems < n)
		msg_item(r, &p->items[p->nitems++]);
}

void
msg_clear_pushed(struct msg *m)
{
	struct msg_pushed *p = &m->pushed;

	free(p->site);
	free(p->why);
	free(p->path);
	free(p->last_id);
	for (uint32_t i = 0; i < p->ngone; i++)
		free(p->gone[i]);
	free(p->gone);
	for (uint32_t i = 0; i < p->nitems; i++)
		item_clear(&p->items[i]);
	free(p->items);
}

void
msg_put_subscribe(struct buf *b, const struct msg *m)
{
	const struct msg_subscribe *s = &m->subscribe;

	buf_put_u64(b, s->feed);
	buf_put_u8(b, s->what);
	buf_put_str(b, s->tenant);
	buf_put_str(b, s->hub);
	buf_put_str(b, s->topic);
	buf_put_str(b, s->path);
	buf_put_str(b, s->secret);
	buf_put_i64(b, s->lease);
}

void
msg_get_subscribe(struct rd *r, struct msg *m)
{
	struct msg_subscribe *s = &m->subscribe;

	s->feed = rd_u64(r);
	s->what = msg_enum(r, SUBSCRIBE_COUNT);
	s->tenant = msg_need_str(r);
	s->hub = msg_need_str(r);
	s->topic = msg_need_str(r);
	s->path = msg_need_str(r);
	s->secret = msg_need_str(r);
	s->lease = rd_i64(r);
}

void
msg_clear_subscribe(struct msg *m)
{
	struct msg_subscribe *s = &m->subscribe;

	free(s->tenant);
	free(s->hub);
	free(s->topic);
	free(s->path);
	if (s->secret != NULL)
		explicit_bzero(s->secret, strlen(s->secret));
	free(s->secret);
}
