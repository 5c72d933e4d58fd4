/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_asker: engine_bench with a worker that asks a model about every post with the word
 * `ask', and about every one that was reported, and an endpoint in the test's hand.  About
 * one with the word `both' a second plugin asks as well.
 */
#ifndef TOSD_TESTS_ENGINE_ASKER_H
#define TOSD_TESTS_ENGINE_ASKER_H

#include "engine_bench.h"

static inline struct bench *
open_with(const char *limits)
{
	static char conf[8192];
	const char *at = strstr(bench_conf, "deadline = \"5s\";");

	snprintf(conf, sizeof(conf),
	    "%.*sretry_for = \"3h\"; endpoints = ( { name = \"local\"; "
	    "url = \"http://127.0.0.1:9/v1\"; attempts = 3; retry_min = \"10s\"; "
	    "retry_max = \"1m\"; %s } ); %s",
	    (int)(at - bench_conf), bench_conf, limits, at);
	return bench_open_with(conf, false);
}

/* --- a worker --- */

static inline void
put_question(struct msg_inspected_item *o, const char *plugin, const char *text)
{
	uint32_t i = o->nquestions++;

	o->retry = xrealloc(o->retry, (i + 1) * sizeof(*o->retry));
	o->questions = xrealloc(o->questions, (i + 1) * sizeof(*o->questions));
	o->retry[o->nretry++] = (struct msg_retry){.plugin = xstrdup(plugin),
	    .wait = CLOCK_MIN,
	    .why = xstrdup("waits for an answer")};
	o->questions[i] = (struct msg_question){.plugin = xstrdup(plugin),
	    .endpoint = xstrdup("local"),
	    .kind = ASK_CHAT,
	    .model = xstrdup("m-1")};
	buf_printf(&o->questions[i].body, "{\"text\":\"%s\"}", text);
}

/* The kept answer to the question about this text, if it came along. */
static inline const struct msg_answer *
known(const struct msg_inspect_item *in, const char *text)
{
	char *body = xasprintf("{\"text\":\"%s\"}", text), key[DIGEST_HEX];

	msg_question_key("local", ASK_CHAT, body, strlen(body), key);
	free(body);
	for (uint32_t i = 0; i < in->nanswers; i++)
		if (strcmp(in->answers[i].key, key) == 0)
			return &in->answers[i];
	return NULL;
}

static inline void
judge(const struct msg_inspect_item *in, struct msg_inspected_item *o)
{
	const struct msg_answer *a = known(in, in->item.text);

	o->revision = in->revision;
	bench_find(o, "violence", "v/kill", in->item.text, "kill");
	if ((strstr(in->item.text, "ask") == NULL && !in->reported) || in->nskip > 0)
		return;
	if (strstr(in->item.text, "both") != NULL && known(in, "and this") == NULL)
		put_question(o, "pair", "and this");
	if (a == NULL) {
		put_question(o, "moderation", in->item.text);
		return;
	}
	bench_find(o, "violence", "moderation/threat", in->item.text,
	    strstr(in->item.text, "ask") != NULL ? "ask" : in->item.text);
	o->findings[o->n - 1].mode = MODE_REVIEW;
}

/* Answers all batches that are there; how many items. */
static inline unsigned
inspect(struct bench *b)
{
	struct caught c;
	struct msg m;
	unsigned n = 0;

	while (bench_take(b, MSG_INSPECT, &c)) {
		bench_judged(&c, "d1", c.m.inspect.n, &m);
		for (uint32_t i = 0; i < c.m.inspect.n; i++, n++)
			judge(&c.m.inspect.v[i], &m.inspected.v[i]);
		engine_handle(b->engine, &m, b->now);
		msg_clear(&m);
		msg_clear(&c.m);
		bench_tick(b);
	}
	return n;
}

/* --- an endpoint --- */

static inline uint64_t
asked(struct bench *b)
{
	struct caught c;
	uint64_t id = 0;

	if (bench_take(b, MSG_ASK, &c)) {
		id = c.m.ask.id;
		CU_ASSERT_EQUAL(c.to, ROLE_FETCH);
		CU_ASSERT_STRING_EQUAL(c.m.ask.endpoint, "local");
		msg_clear(&c.m);
	}
	return id;
}

static inline void
answer_with(
    struct bench *b, uint64_t id, int status, int64_t retry_after, const char *body)
{
	struct msg m;

	msg_init(&m, MSG_ANSWERED);
	m.from = ROLE_FETCH;
	m.answered.id = id;
	m.answered.outcome = status == 200 ? POLLED_OK : POLLED_HTTP_ERROR;
	m.answered.status = status;
	m.answered.time = b->now;
	m.answered.retry_after = retry_after;
	m.answered.sent = true;
	buf_puts(&m.answered.body, body);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

static inline void
answer(struct bench *b, uint64_t id, int status, int64_t retry_after)
{
	answer_with(b, id, status, retry_after,
	    "{\"choices\":[],\"usage\":{\"total_tokens\":40}}");
}

/* Time passes; the worker answers at once whatever comes. */
static inline void
go(struct bench *b, int64_t ms)
{
	int64_t end = b->now + ms, next;

	while ((next = bench_tick(b)) <= end || inspect(b) > 0) {
		if (inspect(b) == 0)
			b->now = next < end ? next : end;
	}
	b->now = end;
	bench_tick(b);
	inspect(b);
}

static inline const char *
why(const struct bench *b)
{
	return bench_str(bench_last(b, "degraded"), "why");
}

#endif
