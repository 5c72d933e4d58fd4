/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_ask: questions of plugins to model endpoints and the answers, on their way from
 * the policy workers through the engine to the fetch role and back.  Linked by all of
 * those.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ipc/msg_codec.h"

#define QUESTION_WIRE_MIN 25
#define ANSWER_WIRE_MIN 12
#define NAME_MAX_BYTES 256
#define BODY_MAX (1u << 20)		    /* of a question or an answer */
#define TIME_MAX ((int64_t)253402300799999) /* the end of year 9999 */

static const char *const kinds[ASK_KINDS] = {
    [ASK_CHAT] = "chat", [ASK_MODERATION] = "moderation"};

const char *
ask_kind_name(uint8_t kind)
{
	return kind < ASK_KINDS ? kinds[kind] : "unknown";
}

const char *
msg_question_key(const char *endpoint, uint8_t kind, const void *body, size_t n,
    char out[DIGEST_HEX])
{
	struct digest_part parts[] = {
	    {"tosd question 1", 16},
	    {endpoint, strlen(endpoint) + 1},
	    {&kind, 1},
	    {body, n},
	};
	uint8_t d[DIGEST_LEN];

	digest_parts(parts, sizeof(parts) / sizeof(parts[0]), d);
	return digest_hex(d, sizeof(d), out);
}

void
msg_question_clear(struct msg_question *q)
{
	free(q->plugin);
	free(q->endpoint);
	free(q->model);
	free(q->prompt);
	buf_free(&q->body);
	memset(q, 0, sizeof(*q));
}

void
msg_answer_clear(struct msg_answer *a)
{
	free(a->key);
	buf_free(&a->body);
	memset(a, 0, sizeof(*a));
}

static char *
get_name(struct rd *r)
{
	char *s = msg_need_text(r);

	if (s != NULL && (s[0] == '\0' || strlen(s) > NAME_MAX_BYTES))
		r->bad = true;
	return s;
}

static void
get_body(struct rd *r, struct buf *b)
{
	msg_get_bytes(r, b);
	if (b->len > BODY_MAX)
		r->bad = true;
}

/* A question is what we send: it must be text. */
static void
get_text(struct rd *r, struct buf *b)
{
	get_body(r, b);
	if (b->len == 0 || !text_valid(b->data, b->len))
		r->bad = true;
}

void
msg_put_questions(struct buf *b, const struct msg_question *v, uint32_t n)
{
	buf_put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		buf_put_str(b, v[i].plugin);
		buf_put_str(b, v[i].endpoint);
		buf_put_u8(b, v[i].kind);
		buf_put_str(b, v[i].model);
		buf_put_str(b, v[i].prompt);
		msg_put_bytes(b, &v[i].body);
	}
}

/* How many of them come; 0 if that breaks the catalogue. */
static uint32_t
get_count(struct rd *r, size_t wire_min)
{
	uint32_t n = rd_count(r, wire_min);

	if (n > MSG_QUESTIONS_MAX)
		r->bad = true;
	return r->bad ? 0 : n;
}

static void
get_question(struct rd *r, struct msg_question *q)
{
	q->plugin = get_name(r);
	q->endpoint = get_name(r);
	q->kind = msg_enum(r, ASK_KINDS);
	q->model = get_name(r);
	q->prompt = msg_hash(r);
	get_text(r, &q->body);
}

struct msg_question *
msg_get_questions(struct rd *r, uint32_t *n)
{
	uint32_t count = get_count(r, QUESTION_WIRE_MIN);
	struct msg_question *v = count > 0 ? xcalloc(count, sizeof(*v)) : NULL;

	*n = 0;
	while (!r->bad && *n < count)
		get_question(r, &v[(*n)++]);
	return v;
}

void
msg_put_answers(struct buf *b, const struct msg_answer *v, uint32_t n)
{
	buf_put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		buf_put_str(b, v[i].key);
		buf_put_u32(b, (uint32_t)v[i].status);
		msg_put_bytes(b, &v[i].body);
	}
}

static void
get_answer(struct rd *r, struct msg_answer *a)
{
	a->key = msg_hash(r);
	if (a->key == NULL)
		r->bad = true;
	a->status = (int32_t)rd_u32(r);
	get_body(r, &a->body);
}

struct msg_answer *
msg_get_answers(struct rd *r, uint32_t *n)
{
	uint32_t count = get_count(r, ANSWER_WIRE_MIN);
	struct msg_answer *v = count > 0 ? xcalloc(count, sizeof(*v)) : NULL;

	*n = 0;
	while (!r->bad && *n < count)
		get_answer(r, &v[(*n)++]);
	return v;
}

/* --- engine and fetch --- */

void
msg_put_ask(struct buf *b, const struct msg *m)
{
	const struct msg_ask *p = &m->ask;

	buf_put_u64(b, p->id);
	buf_put_str(b, p->endpoint);
	buf_put_u8(b, p->kind);
	msg_put_bytes(b, &p->body);
}

void
msg_get_ask(struct rd *r, struct msg *m)
{
	struct msg_ask *p = &m->ask;

	p->id = rd_u64(r);
	p->endpoint = get_name(r);
	p->kind = msg_enum(r, ASK_KINDS);
	get_text(r, &p->body);
}

void
msg_clear_ask(struct msg *m)
{
	free(m->ask.endpoint);
	buf_free(&m->ask.body);
}

void
msg_put_answered(struct buf *b, const struct msg *m)
{
	const struct msg_answered *p = &m->answered;

	buf_put_u64(b, p->id);
	buf_put_u8(b, p->outcome);
	buf_put_u32(b, (uint32_t)p->status);
	buf_put_i64(b, p->time);
	buf_put_i64(b, p->took);
	buf_put_i64(b, p->retry_after);
	buf_put_u8(b, p->sent);
	buf_put_u8(b, p->cut);
	buf_put_str(b, p->why);
	msg_put_bytes(b, &p->body);
}

void
msg_get_answered(struct rd *r, struct msg *m)
{
	struct msg_answered *p = &m->answered;

	p->id = rd_u64(r);
	p->outcome = msg_enum(r, POLLED_COUNT);
	p->status = (int32_t)rd_u32(r);
	p->time = rd_i64(r);
	p->took = rd_i64(r);
	p->retry_after = rd_i64(r);
	p->sent = msg_bool(r);
	p->cut = msg_bool(r);
	if (p->time < 0 || p->time > TIME_MAX || p->took < 0 || p->took > TIME_MAX ||
	    p->retry_after < 0 || p->retry_after > TIME_MAX)
		r->bad = true;
	p->why = msg_words(r);
	if (p->why != NULL && !text_valid(p->why, strlen(p->why)))
		r->bad = true;
	get_body(r, &p->body);
}

void
msg_clear_answered(struct msg *m)
{
	free(m->answered.why);
	buf_free(&m->answered.body);
}
