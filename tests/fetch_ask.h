/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_ask: asking a server through the real client, and looking at what came: shared
 * by the tests of the client.
 */
#ifndef TOSD_TESTS_FETCH_ASK_H
#define TOSD_TESTS_FETCH_ASK_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetch/client.h"
#include "http_child.h"
#include "ipc/loop.h"
#include "suite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PATIENCE (20 * CLOCK_SEC)

static struct http_child web;
static struct loop *loop;
static struct fetch_client *client;
static struct conf_range local; /* may be asked */

struct answer {
	struct fetch_result r; /* taken over whole */
	bool done;
	int64_t at;
};

static void
on_answer(void *ctx, struct fetch_result *r)
{
	struct answer *a = ctx;

	CU_ASSERT_FALSE(a->done);
	a->r = *r;
	a->done = true;
	a->at = clock_steady();
	memset(r, 0, sizeof(*r));
	loop_stop(loop);
}

static void
answer_clear(struct answer *a)
{
	fetch_result_clear(&a->r);
	memset(a, 0, sizeof(*a));
}

static void
ask_request(struct answer *a, const struct fetch_request *req)
{
	memset(a, 0, sizeof(*a));
	fetch_client_get(client, req, on_answer, a);
	CU_ASSERT_FALSE(a->done); /* never from inside */
}

static const char *
url_of(const char *path)
{
	static char url[2][512];
	static unsigned turn;
	char *out = url[turn++ % 2];

	if (strstr(path, "://") != NULL)
		snprintf(out, sizeof(url[0]), "%s", path);
	else
		snprintf(out, sizeof(url[0]), "http://127.0.0.1:%d%s", web.port, path);
	return out;
}

static void
ask(struct answer *a, const char *path)
{
	struct fetch_request req = {.url = url_of(path), .allow = &local, .nallow = 1};

	ask_request(a, &req);
}

static void
on_impatience(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

/* Runs the loop until all n have their answer. */
static void
wait_for(struct answer *v, size_t n)
{
	struct loop_timer *t = loop_timer_new(loop, on_impatience, NULL);
	int64_t end = clock_steady() + PATIENCE;
	size_t done;

	loop_timer_set(t, PATIENCE);
	for (;;) {
		done = 0;
		for (size_t i = 0; i < n; i++)
			done += v[i].done;
		if (done == n || clock_steady() >= end)
			break;
		loop_run(loop);
	}
	loop_timer_free(&t);
	CU_ASSERT_EQUAL(done, n);
}

static struct answer last;

/* Asks and waits; the answer is valid until the next call. */
static const struct fetch_result *
get_with(const struct fetch_request *req)
{
	answer_clear(&last);
	ask_request(&last, req);
	wait_for(&last, 1);
	return &last.r;
}

static const struct fetch_result *
get(const char *path)
{
	struct fetch_request req = {.url = url_of(path), .allow = &local, .nallow = 1};

	return get_with(&req);
}

/* The outcome must be this one, and if it is a failure it must have words. */
static const struct fetch_result *
expect(const char *path, enum poll_outcome outcome)
{
	const struct fetch_result *r = get(path);

	CU_ASSERT_EQUAL(r->outcome, outcome);
	if (r->outcome != outcome)
		fprintf(stderr, "%s: outcome %d, not %d: %s\n", path, r->outcome,
		    outcome, r->why != NULL ? r->why : "-");
	if (outcome != POLLED_OK && outcome != POLLED_UNCHANGED)
		CU_ASSERT_PTR_NOT_NULL(r->why);
	CU_ASSERT(r->time > 0);
	return r;
}

static bool
holds(const struct buf *b, const char *text)
{
	return b->len > 0 && memmem(b->data, b->len, text, strlen(text)) != NULL;
}

static bool
says(const struct fetch_result *r, const char *text)
{
	bool yes = r->why != NULL && strstr(r->why, text) != NULL;

	if (!yes)
		fprintf(stderr, "\"%s\" is not in \"%s\"\n", text,
		    r->why != NULL ? r->why : "(none)");
	return yes;
}

#endif
