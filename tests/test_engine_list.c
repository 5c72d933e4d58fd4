/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_list: lists that are fetched, as stories in virtual time: when they are
 * asked for, what is tried, what is in force after a restart at each step; through the
 * engine's own calls, with the files that it writes.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "engine_bench.h"
#include "evidence/note.h"
#include "policy/fetched.h"
#include "store/store_list.h"

#define REST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OTHER "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"

static char *
conf_with(const char *list)
{
	const char *at = strstr(bench_conf, "deadline = \"5s\";");

	return xasprintf("%.*s plugins = ( \"rules\", \"lists\" );\nlists = ( { name = "
			 "\"phish\"; url = \"https://l.example/p\"; %s } ); %s",
	    (int)(at - bench_conf), bench_conf, list, at);
}

/* A worker that has this list loaded, or none, and this beside it. */
static void
rules(struct bench *b, uint32_t worker, const char *digest, const char *rest)
{
	struct msg m;

	msg_init(&m, MSG_RULES);
	m.from = ROLE_POLICY;
	m.from_index = worker;
	m.rules.digest = xstrdup(digest != NULL ? digest : OTHER);
	m.rules.rest = xstrdup(rest);
	if (digest != NULL) {
		m.rules.v = xcalloc(1, sizeof(*m.rules.v));
		m.rules.n = 1;
		m.rules.v[0] = (struct msg_rule){.rule = xstrdup("list/phish"),
		    .pack = xstrdup(digest),
		    .clause = xstrdup("5"),
		    .category = xstrdup("fraud"),
		    .plugin = xstrdup("lists"),
		    .rev = 1,
		    .mode = MODE_ENFORCE,
		    .severity = SEVERITY_HIGH};
	}
	bench_say(b, &m);
}

static struct bench *
open_list(const char *list)
{
	char *text = conf_with(list);
	struct bench *b = bench_open_with(text, false);

	free(text);
	rules(b, 0, NULL, REST);
	bench_go(b, CLOCK_SEC);
	return b;
}

/* The request for a list that is out, now or within so long; others are answered with a
 * failure. */
static bool
asked(struct bench *b, int64_t within, struct msg_poll *out)
{
	int64_t end = b->now + within, next;
	struct caught c;

	do {
		next = bench_tick(b);
		while (bench_take(b, MSG_POLL, &c)) {
			if (c.m.poll.kind == POLL_LIST) {
				*out = c.m.poll;
				return true;
			}
			msg_clear(&c.m);
		}
		b->now = next < end ? next : end;
	} while (b->now < end);
	return false;
}

static void
poll_clear(struct msg_poll *p)
{
	struct msg m;

	msg_init(&m, MSG_POLL);
	m.poll = *p;
	msg_clear(&m);
	memset(p, 0, sizeof(*p));
}

/* What fetch says; body NULL: none comes along.  The poll is done with. */
static void
answer(struct bench *b, struct msg_poll *p, uint8_t outcome, const char *body,
    const char *etag, int64_t hint, int64_t retry_after)
{
	struct err e = ERR_INIT;
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = p->id;
	m.polled.time = b->now;
	m.polled.outcome = outcome;
	m.polled.status = outcome == POLLED_OK		? 200
			  : outcome == POLLED_UNCHANGED ? 304
							: 0;
	m.polled.etag = xstrdup(etag);
	m.polled.hint = hint;
	m.polled.retry_after = retry_after;
	if (body != NULL)
		m.fd = file_memfd("list", body, strlen(body), &e);
	poll_clear(p);
	bench_say(b, &m);
}

/* What came of the trial that is wanted; false: none is. */
static bool
came_of_it(struct bench *b, enum tried outcome, const char *words, const char *rest)
{
	struct caught c;
	struct msg m;

	if (!bench_take(b, MSG_TRY, &c))
		return false;
	msg_init(&m, MSG_TRIED);
	m.from = ROLE_SUPERVISOR;
	m.tried.id = c.m.try.id;
	m.tried.list = xstrdup(c.m.try.list);
	m.tried.file = xstrdup(c.m.try.file);
	m.tried.outcome = outcome;
	m.tried.words = xstrdup(words);
	m.tried.rest = xstrdup(rest);
	msg_clear(&c.m);
	bench_say(b, &m);
	return true;
}

static bool
tried(struct bench *b, bool good, const char *words, const char *rest)
{
	return came_of_it(b, good ? TRIED_GOOD : TRIED_BAD, words, rest);
}

static bool
renewed(struct bench *b)
{
	struct caught c;
	bool any = false;

	while (bench_take(b, MSG_RENEW, &c)) {
		msg_clear(&c.m);
		any = true;
	}
	return any;
}

/* The bytes in force, or "" where the link leads nowhere. */
static const char *
in_force(const struct bench *b)
{
	static char text[200];
	char *dir = policy_fetched_dir(b->dir),
	     *file = policy_fetched_file(dir, "phish");
	char *path = xasprintf("%s/%s", dir, file != NULL ? file : "none");
	struct buf out = {0};

	text[0] = '\0';
	if (file_read(path, sizeof(text) - 1, &out, NULL) == 0)
		snprintf(text, sizeof(text), "%s", out.data != NULL ? out.data : "");
	buf_free(&out);
	free(path);
	free(file);
	free(dir);
	return text;
}

static unsigned
files(const struct bench *b)
{
	char *cmd = xasprintf("ls %s/lists 2>/dev/null | wc -l", b->dir);
	FILE *f = popen(cmd, "r");
	unsigned n = 0;

	if (f == NULL || fscanf(f, "%u", &n) != 1)
		n = 1000;
	if (f != NULL)
		pclose(f);
	free(cmd);
	return n;
}

/* The row of `tosctl lists status'; borrowed until the next call. */
static const json_t *
status(struct bench *b)
{
	static json_t *reply;
	json_t *request = json_pack("{s:s}", "cmd", "lists");

	json_decref(reply);
	reply = engine_control(b->engine, request, 0, b->now);
	json_decref(request);
	return json_array_get(json_object_get(reply, "rows"), 0);
}

#define STATUS(key, want) SAME(bench_str(status(b), key), want)
#define HAS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))

/* The list in this version, in force. */
static void
take(struct bench *b, const char *body, const char *etag)
{
	struct msg_poll p;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, body, etag, 0, 0);
	CU_ASSERT_TRUE_FATAL(tried(b, true, "version 1", REST));
	SAME(in_force(b), body);
	CU_ASSERT_TRUE(renewed(b));
}

static void
restart(struct bench *b)
{
	engine_free(&b->engine, b->now);
	bench_forget(b);
	bench_start(b);
}

static void
test_taken(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;
	struct caught c;
	int64_t before;

	STATUS("state", "awaited");
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_SEC, &p));
	SAME(p.url, "https://l.example/p");
	SAME(p.list, "phish");
	CU_ASSERT(p.etag == NULL && p.last_modified == NULL && p.body_hash == NULL);
	answer(b, &p, POLLED_OK, "one\n", "\"1\"", 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	SAME(c.m.try.list, "phish");
	SAME(c.m.try.day, "2026-01-05");
	CU_ASSERT_TRUE(c.m.try.anew);
	CU_ASSERT_EQUAL(strncmp(c.m.try.file, "phish-", 6), 0);
	SAME(in_force(b), ""); /* not before it was tried */
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_FALSE(renewed(b));
	CU_ASSERT_TRUE(
	    tried(b, true, "version 7, 1 entries, expires 2099-01-01", REST));
	SAME(in_force(b), "one\n");
	CU_ASSERT_TRUE(renewed(b));
	CU_ASSERT_EQUAL(bench_count(b, "list"), 1);
	SAME(bench_str(bench_last(b, "list"), "state"), "taken");
	STATUS("state", "unloaded"); /* no worker has it yet */
	STATUS("what", "version 7, 1 entries, expires 2099-01-01");
	rules(b, 0, bench_str(status(b), "digest"), REST);
	rules(b, 1, bench_str(status(b), "digest"), REST);
	CU_ASSERT_FALSE(renewed(b));
	CU_ASSERT_EQUAL(bench_int(status(b), "loaded"), 2);
	STATUS("state", "current");
	/* About six hours later, with what it is known by; 304 changes nothing. */
	before = b->now;
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	CU_ASSERT(b->now - before > 5 * CLOCK_HOUR && b->now - before < 7 * CLOCK_HOUR);
	SAME(p.etag, "\"1\"");
	answer(b, &p, POLLED_UNCHANGED, NULL, "\"1\"", 12 * CLOCK_HOUR, 0);
	CU_ASSERT_EQUAL(bench_count(b, "list"), 1);
	/* Caching headers are obeyed. */
	before = b->now;
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	CU_ASSERT(b->now - before >= 12 * CLOCK_HOUR);
	/* The same bytes under another validator are no news. */
	answer(b, &p, POLLED_OK, "one\n", "\"2\"", 0, 0);
	CU_ASSERT_FALSE(tried(b, true, "x", REST));
	STATUS("etag", "\"2\"");
	/* The next version; the one before it is left for who may be reading it. */
	take(b, "two\n", "\"3\"");
	SAME(bench_str(bench_last(b, "list"), "why"), "version 1");
	CU_ASSERT_EQUAL(files(b), 3);
	take(b, "three\n", NULL);
	CU_ASSERT_EQUAL(files(b), 3);
	restart(b);
	CU_ASSERT_EQUAL(files(b), 2);
	bench_close(b);
}

static void
test_refused(void)
{
	struct bench *b = open_list("interval = \"1h\";");
	int64_t before, waits[4];
	struct msg_poll p;

	take(b, "one\n", "\"1\"");
	rules(b, 0, bench_str(status(b), "digest"), REST);
	for (int i = 0; i < 4; i++) {
		before = b->now;
		CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
		waits[i] = b->now - before;
		SAME(
		    p.etag, "\"1\""); /* of the one in force, not of what was refused */
		answer(b, &p, POLLED_OK, "bad\n", "\"bad\"", 0, 0);
		CU_ASSERT_TRUE(tried(b, false, "it is bad", REST));
		SAME(in_force(b), "one\n");
		CU_ASSERT_FALSE(renewed(b));
	}
	CU_ASSERT(waits[0] > 50 * CLOCK_MIN && waits[1] < 2 * CLOCK_MIN);
	CU_ASSERT(waits[2] > waits[1] && waits[3] > waits[2]);
	STATUS("state", "stale");
	STATUS("why", "it is bad");
	CU_ASSERT_EQUAL(bench_int(status(b), "failures"), 4);
	/* On record once for each content. */
	CU_ASSERT_EQUAL(bench_count(b, "list"), 2);
	SAME(bench_str(bench_last(b, "list"), "state"), "refused");
	CU_ASSERT_EQUAL(files(b), 2); /* nothing of it is left */
	/* The server wants to be left alone. */
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_RATE_LIMIT, NULL, NULL, 0, 5 * CLOCK_HOUR);
	before = b->now;
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	CU_ASSERT(b->now - before >= 5 * CLOCK_HOUR);
	/* 304 of somebody who was not asked with validators, and an answer without
	 * bytes: no reason to be content. */
	answer(b, &p, POLLED_OK, NULL, NULL, 0, 0);
	STATUS("state", "stale");
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_UNCHANGED, NULL, NULL, 0, 0);
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	STATUS(
	    "why", "cannot be had: HTTP status 200, own-fault"); /* the last trouble */
	bench_close(b);
}

/* A refusal names the list by where it came from, and no file that is gone by then; and
 * one whose time is over is not called current. */
static void
test_words(void)
{
	struct bench *b = open_list("interval = \"1h\";");
	struct msg_poll p;
	struct caught c;
	char *words;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "bad\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	words = xasprintf("%s/lists/%s:12: bad", b->dir, c.m.try.file);
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_TRUE(tried(b, false, words, REST));
	STATUS("why", "https://l.example/p:12: bad");
	free(words);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(
	    tried(b, true, "version 7, 1 entries, expires 2026-01-06", REST));
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	b->now = clock_parse("2026-01-06T00:00:00Z");
	STATUS("state", "expired");
	bench_close(b);
}

/* Packs that were changed on disk are not taken into use by the way. */
static void
test_rest(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;

	take(b, "one\n", NULL);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "two\n", NULL, 0, 0);
	CU_ASSERT_TRUE(tried(b, true, "version 2", OTHER));
	SAME(in_force(b), "one\n");
	HAS(bench_str(status(b), "why"), "reload tosd");
	CU_ASSERT_FALSE(renewed(b));
	rules(b, 0, bench_str(status(b), "digest"), OTHER);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_SEC, &p)); /* at once, then */
	answer(b, &p, POLLED_OK, "two\n", NULL, 0, 0);
	CU_ASSERT_TRUE(tried(b, true, "version 2", OTHER));
	SAME(in_force(b), "two\n");
	bench_close(b);
}

/* At each step the engine ends, and what was not done is done again. */
static void
test_restarts(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;
	char *old;

	/* Nobody knows yet what could be tried. */
	restart(b);
	CU_ASSERT_FALSE(asked(b, CLOCK_MIN, &p));
	rules(b, 0, NULL, REST);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	poll_clear(&p); /* while it is asked for */
	restart(b);
	rules(b, 0, NULL, REST);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	restart(b); /* while it is tried */
	SAME(in_force(b), "");
	CU_ASSERT_EQUAL(files(b), 0);
	rules(b, 0, NULL, REST);
	take(b, "one\n", "\"1\"");
	old = xstrdup(bench_str(status(b), "digest"));
	take(b, "two\n", "\"2\"");
	/* Committed, and then the link was not moved, nor the supervisor told. */
	{
		char *link = xasprintf("%s/lists/phish.list", b->dir);
		char *to = xasprintf("phish-%s.list", old);

		engine_free(&b->engine, b->now);
		bench_forget(b);
		CU_ASSERT_EQUAL(unlink(link), 0);
		CU_ASSERT_EQUAL(symlink(to, link), 0);
		bench_start(b);
		free(link);
		free(to);
	}
	SAME(in_force(b), "two\n");
	rules(b, 0, old, REST);
	CU_ASSERT_TRUE(renewed(b));
	rules(b, 1, old, REST);
	CU_ASSERT_FALSE(renewed(b)); /* once is enough */
	STATUS("state", "unloaded");
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	STATUS("etag", "\"2\"");
	free(old);
	bench_close(b);
}

/* Rows and files that do not fit any more. */
static void
test_mended(void)
{
	struct bench *b = open_list("");
	char *url = xasprintf("sqlite:%s/store.db", b->dir), *cmd;
	struct store_list row;
	struct store *s = NULL;
	struct err e = ERR_INIT;
	struct msg_poll p;

	take(b, "one\n", "\"1\"");
	/* A store that was made again knows nothing of it. */
	engine_free(&b->engine, b->now);
	CU_ASSERT_EQUAL_FATAL(store_open(url, &s, &e), 0);
	CU_ASSERT_EQUAL_FATAL(store_list_get(s, "phish", &row, &e), 0);
	row.digest[0] = '\0';
	free(row.etag);
	row.etag = NULL;
	CU_ASSERT_EQUAL(store_list_put(s, &row, &e), 0);
	store_list_clear(&row);
	store_free(&s);
	bench_forget(b);
	bench_start(b);
	SAME(in_force(b), "one\n");
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	CU_ASSERT_EQUAL(strlen(bench_str(status(b), "digest")), 64);
	/* The file is gone: asked for anew, and as a whole. */
	engine_free(&b->engine, b->now);
	bench_forget(b);
	cmd = xasprintf("rm %s/lists/phish-*", b->dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	bench_start(b);
	CU_ASSERT_EQUAL(files(b), 0);
	rules(b, 0, NULL, REST);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	CU_ASSERT(p.etag == NULL && p.body_hash == NULL);
	answer(b, &p, POLLED_OK, "two\n", NULL, 0, 0);
	CU_ASSERT_TRUE(tried(b, true, "version 2", REST));
	SAME(in_force(b), "two\n");
	free(cmd);
	free(url);
	bench_close(b);
}

/* The file in force, whose name the row has, is this now; NULL: none, and no link. */
static void
spoil(struct bench *b, const char *body)
{
	char *cmd = body == NULL
			? xasprintf("rm -rf %s/lists", b->dir)
			: xasprintf("for f in %s/lists/phish-*.list; do printf '%s' "
				    ">$f; done",
			      b->dir, body);

	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
}

/* What the server says of a version vouches for nothing if that is not there: it is
 * sent for as a whole, and in force again. */
static void
comes_back(struct bench *b)
{
	struct msg_poll p;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	CU_ASSERT(p.etag == NULL && p.last_modified == NULL && p.body_hash == NULL);
	STATUS("state", "awaited");
	SAME(in_force(b), ""); /* a worker that starts meanwhile loads no rubbish */
	answer(b, &p, POLLED_OK, "one\n", "\"1\"", 0, 0);
	CU_ASSERT_TRUE_FATAL(tried(b, true, "version 1", REST));
	SAME(in_force(b), "one\n");
	CU_ASSERT_TRUE(renewed(b));
	rules(b, 0, bench_str(status(b), "digest"), REST);
	bench_go(b, CLOCK_SEC);
	STATUS("state", "current");
	STATUS("etag", "\"1\"");
}

static void
test_spoiled(void)
{
	static const char *const bodies[] = {
	    NULL, "rubbish\n", "two\n"}; /* none; another length; the same */
	struct bench *b = open_list("");
	struct msg_poll p;

	take(b, "one\n", "\"1\"");
	rules(b, 0, bench_str(status(b), "digest"), REST);
	bench_go(b, CLOCK_SEC);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		/* A reload. */
		spoil(b, bodies[i]);
		engine_reconf(b->engine, b->conf, b->notices, b->now);
		comes_back(b);
		/* A start. */
		spoil(b, bodies[i]);
		restart(b);
		rules(b, 0, NULL, REST);
		comes_back(b);
		/* A worker that starts and cannot load it. */
		spoil(b, bodies[i]);
		rules(b, 0, NULL, REST);
		comes_back(b);
		/* Nobody says anything: when it would be asked for with what it is
		 * known by. */
		spoil(b, bodies[i]);
		CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
		CU_ASSERT(p.etag == NULL && p.body_hash == NULL);
		answer(b, &p, POLLED_OK, "one\n", "\"1\"", 0, 0);
		CU_ASSERT_TRUE_FATAL(tried(b, true, "version 1", REST));
		CU_ASSERT_TRUE(renewed(b));
		rules(b, 0, bench_str(status(b), "digest"), REST);
		bench_go(b, CLOCK_SEC);
	}
	/* One that is as it was is looked at, and left alone. */
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	CU_ASSERT_FALSE(asked(b, CLOCK_MIN, &p));
	STATUS("state", "current");
	bench_close(b);
}

/* Peers that go away with it in hand. */
static void
test_lost(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;
	struct caught c;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	poll_clear(&p);
	engine_peer_down(b->engine, ROLE_FETCH, 0, b->now);
	HAS(bench_str(status(b), "why"), "the fetch role ended");
	CU_ASSERT_FALSE(asked(b, CLOCK_MIN / 2, &p));
	engine_peer_up(b->engine, ROLE_FETCH, 0, b->now);
	CU_ASSERT_TRUE_FATAL(asked(b, 2 * CLOCK_MIN, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	msg_clear(&c.m);
	bench_go(b, 11 * CLOCK_MIN); /* and nobody says anything */
	HAS(bench_str(status(b), "why"), "nobody said what came of its trial");
	take(b, "one\n", NULL);
	bench_close(b);
}

/* Another address is another source. */
static void
test_moved(void)
{
	struct bench *b = open_list("");
	struct conf *old = b->conf;
	char *text = conf_with("");
	struct conf_source one = {(char *)"tosd.conf", text};
	struct conf_sources src = {&one, 1};
	struct msg_poll p;
	struct caught c;

	take(b, "one\n", "\"1\"");
	memcpy(strstr(text, "l.example/p"), "m.example/p", 11);
	CU_ASSERT_EQUAL_FATAL(conf_parse(&src, bench_mistake, NULL, &b->conf), 0);
	b->conf->state_dir = b->dir;
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	conf_free(&old);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	SAME(p.url, "https://m.example/p");
	CU_ASSERT_PTR_NULL(p.etag);
	answer(b, &p, POLLED_OK, "other\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	CU_ASSERT_TRUE(c.m.try.anew);
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "more\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	CU_ASSERT_FALSE(c.m.try.anew);
	msg_clear(&c.m);
	free(text);
	bench_close(b);
}

static char *
large(size_t n)
{
	char *s = xcalloc(n + 1, 1);

	for (size_t i = 0; i < n; i++)
		s[i] = i % 64 == 63 ? '\n' : (char)('a' + i / 64 % 26);
	return s;
}

/* The signature of a body by this key. */
static char *
sign(const struct note_key *k, const char *body)
{
	struct buf out = {0};
	struct err e = ERR_INIT;
	char hex[DIGEST_HEX], *text;

	digest_hex_of(body, strlen(body), hex);
	text = xasprintf("tosd list\nphish\n%s\n", hex);
	CU_ASSERT_EQUAL(note_sign(k, text, strlen(text), &out, &e), 0);
	free(text);
	return buf_take(&out);
}

static void
signed_as(struct bench *b, const char *signature, const char *why)
{
	struct msg_poll p;
	struct caught c;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	SAME(p.url, "https://l.example/p");
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	CU_ASSERT_FALSE(bench_take(b, MSG_TRY, &c)); /* nobody reads it before */
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_SEC, &p));
	SAME(p.url, "https://l.example/p.sig");
	answer(b, &p, signature != NULL ? POLLED_OK : POLLED_NOT_FOUND, signature, NULL,
	    0, 0);
	if (why != NULL)
		HAS(bench_str(status(b), "why"), why);
}

static void
test_signed(void)
{
	struct note_key *k = NULL, *other = NULL;
	struct err e = ERR_INIT;
	char *vkey, *list, *good, *bad, *forged, *note;
	struct bench *b;

	CU_ASSERT_EQUAL_FATAL(note_key_new("l.example", &k, &e), 0);
	CU_ASSERT_EQUAL_FATAL(note_key_new("l.example", &other, &e), 0);
	vkey = note_key_vkey(k);
	list = xasprintf("signers = [ \"%s\" ];", vkey);
	good = sign(k, "one\n");
	bad = sign(k, "two\n");
	forged = sign(other, "one\n");
	note = large(20000); /* no plugin would read so much */
	b = open_list(list);
	signed_as(b, NULL, "its signature cannot be had: ");
	signed_as(b, bad, "its signature is of another content");
	signed_as(b, forged, "none of `signers' has signed it");
	signed_as(b, "", "its signature is of another content");
	signed_as(b, note, "its signature cannot be had: ");
	CU_ASSERT_EQUAL(files(b), 0); /* nor is it written down */
	signed_as(b, good, NULL);
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	SAME(in_force(b), "one\n");
	CU_ASSERT_EQUAL(files(b), 3); /* with its signature */
	free(vkey);
	free(list);
	free(good);
	free(bad);
	free(forged);
	free(note);
	note_key_free(&k);
	note_key_free(&other);
	bench_close(b);
}

/* From a reload on it has to be signed: so has the version that is just being tried. */
static void
test_signed_from_now_on(void)
{
	struct note_key *k = NULL;
	struct err e = ERR_INIT;
	struct bench *b = open_list("");
	struct conf *old = b->conf;
	struct conf_source one = {(char *)"tosd.conf", NULL};
	struct conf_sources src = {&one, 1};
	struct msg_poll p;
	char *vkey, *list, *good;

	CU_ASSERT_EQUAL_FATAL(note_key_new("l.example", &k, &e), 0);
	vkey = note_key_vkey(k);
	list = xasprintf("signers = [ \"%s\" ];", vkey);
	good = sign(k, "one\n");
	one.text = conf_with(list);
	take(b, "zero\n", NULL);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	renewed(b);
	CU_ASSERT_EQUAL_FATAL(conf_parse(&src, bench_mistake, NULL, &b->conf), 0);
	b->conf->state_dir = b->dir;
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	conf_free(&old);
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	bench_go(b, CLOCK_SEC);
	SAME(in_force(b), ""); /* nor is the one before signed */
	CU_ASSERT_EQUAL(bench_count(b, "list"), 1);
	CU_ASSERT_FALSE(renewed(b));
	signed_as(b, good, NULL);
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	SAME(in_force(b), "one\n");
	free(one.text);
	free(vkey);
	free(list);
	free(good);
	note_key_free(&k);
	bench_close(b);
}

/* What a worker says of a list fits into an entry. */
static void
test_many_words(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;
	char *words = large(100000);

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	CU_ASSERT_TRUE(tried(b, false, words, REST));
	CU_ASSERT_EQUAL(bench_count(b, "list"), 1);
	STATUS("state", "missing");
	free(words);
	bench_close(b);
}

/* --- large ones --- */

#define SLICE (2u << 20)

/* How much of a version is written that is not whole yet. */
static int64_t
written(const struct bench *b, const char *digest)
{
	char *path = xasprintf("%s/lists/phish-%s.list.part", b->dir, digest);
	struct stat st;
	int64_t n = stat(path, &st) == 0 ? (int64_t)st.st_size : -1;

	free(path);
	return n;
}

static bool
is_on_trial(struct bench *b)
{
	struct caught c;
	bool is = bench_take(b, MSG_TRY, &c);

	if (is)
		bench_send(b, c.to, c.index, &c.m);
	return is;
}

/* So many turns after a list came; never more than a slice of it in one. */
static bool
turns(struct bench *b, unsigned n, const char *digest)
{
	int64_t before = written(b, digest), now;

	for (unsigned i = 0; i < n && !is_on_trial(b); i++) {
		int64_t next = bench_tick(b);
		const char *doing = bench_str(status(b), "doing");

		if (strcmp(doing, "being read") == 0 ||
		    strcmp(doing, "being written") == 0)
			CU_ASSERT_EQUAL(next, b->now + 1); /* at once again */
		now = written(b, digest);
		CU_ASSERT(now <= (before > 0 ? before : 0) + SLICE);
		before = now;
		b->now++;
	}
	return is_on_trial(b);
}

/* A list that is larger than what is looked at in one turn; and the engine ends after
 * each of these turns. */
static void
test_slices(void)
{
	struct bench *b = open_list("");
	const size_t size = 3 * SLICE + 5;
	char *body = large(size), *one, hex[DIGEST_HEX];
	unsigned stop = 0, reading = 0, writing = 0;
	struct msg_poll p;

	digest_hex_of(body, size, hex);
	take(b, "one\n", "\"1\"");
	one = xstrdup(bench_str(status(b), "digest"));
	for (;; stop++) {
		CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
		SAME(p.etag, "\"1\"");
		answer(b, &p, POLLED_OK, body, "\"2\"", 0, 0);
		if (turns(b, stop, hex) || stop == 20)
			break;
		reading += strcmp(bench_str(status(b), "doing"), "being read") == 0;
		writing += strcmp(bench_str(status(b), "doing"), "being written") == 0;
		SAME(in_force(b), "one\n");
		restart(b);
		SAME(in_force(b), "one\n");
		CU_ASSERT_EQUAL(files(b), 2); /* of what was begun nothing is left */
		rules(b, 0, one, REST);
		CU_ASSERT_FALSE(renewed(b));
	}
	CU_ASSERT(reading >= 2 && writing >= 2 && stop < 20);
	SAME(in_force(b), "one\n");
	CU_ASSERT_TRUE(tried(b, true, "version 2", REST));
	STATUS("digest", hex);
	CU_ASSERT_EQUAL(bench_int(status(b), "bytes"), (int64_t)size);
	CU_ASSERT_EQUAL(files(b), 3);
	/* The same bytes once more are no news, whatever their size. */
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, body, "\"3\"", 0, 0);
	CU_ASSERT_FALSE(turns(b, 10, hex));
	STATUS("etag", "\"3\"");
	free(one);
	free(body);
	bench_close(b);
}

/* Signed ones: nothing is written down before the signature was looked at. */
static void
test_slices_signed(void)
{
	struct note_key *k = NULL;
	struct err e = ERR_INIT;
	char *body = large(2 * SLICE), *vkey, *list, *good, hex[DIGEST_HEX];
	struct msg_poll p;
	struct bench *b;

	CU_ASSERT_EQUAL_FATAL(note_key_new("l.example", &k, &e), 0);
	vkey = note_key_vkey(k);
	list = xasprintf("signers = [ \"%s\" ];", vkey);
	good = sign(k, body);
	digest_hex_of(body, strlen(body), hex);
	b = open_list(list);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, body, NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_SEC, &p));
	SAME(p.url, "https://l.example/p.sig");
	CU_ASSERT_EQUAL(files(b), 0);
	answer(b, &p, POLLED_OK, good, NULL, 0, 0);
	CU_ASSERT_TRUE(turns(b, 5, hex));
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	STATUS("digest", hex);
	CU_ASSERT_EQUAL(files(b), 3);
	free(vkey);
	free(list);
	free(good);
	free(body);
	note_key_free(&k);
	bench_close(b);
}

/* --- what is no fault of the list --- */

/* What one engine wanted tried is nothing that another one has asked. */
static void
test_other_trial(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;
	struct caught c;
	struct msg m;
	uint64_t first;

	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	first = c.m.try.id;
	msg_clear(&c.m);
	restart(b);
	rules(b, 0, NULL, REST);
	bench_go(b, CLOCK_SEC);
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_MIN, &p));
	answer(b, &p, POLLED_OK, "two\n", NULL, 0, 0);
	CU_ASSERT_TRUE_FATAL(bench_take(b, MSG_TRY, &c));
	CU_ASSERT_TRUE(c.m.try.id > first);
	for (int i = 0; i < 3; i++) {
		msg_init(&m, MSG_TRIED);
		m.from = ROLE_SUPERVISOR;
		m.tried.id = i == 0 ? first : c.m.try.id;
		m.tried.list = xstrdup(i == 1 ? "other" : "phish");
		m.tried.file = xstrdup(i == 2 ? "other" : c.m.try.file);
		m.tried.words = xstrdup("version 1");
		m.tried.rest = xstrdup(REST);
		bench_say(b, &m);
		SAME(in_force(b), "");
		STATUS("doing", "being tried");
	}
	bench_send(b, c.to, c.index, &c.m);
	CU_ASSERT_TRUE(tried(b, true, "version 1", REST));
	SAME(in_force(b), "two\n");
	bench_close(b);
}

/* Nobody could try it: that says nothing of its content. */
static void
test_untried(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;

	for (int i = 0; i < 2; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_HOUR, &p));
		answer(b, &p, POLLED_OK, "one\n", NULL, 0, 0);
		CU_ASSERT_TRUE(came_of_it(b, TRIED_UNKNOWN, "no worker", NULL));
		STATUS("why", "no worker");
		CU_ASSERT_EQUAL(bench_count(b, "list"), 0);
	}
	take(b, "one\n", NULL);
	CU_ASSERT_EQUAL(bench_count(b, "list"), 1);
	bench_close(b);
}

/* A disk that is full, from so many bytes of a file on. */
static void
full_from(rlim_t size)
{
	struct rlimit r;

	signal(SIGXFSZ, SIG_IGN);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = size;
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* A list that does not fit costs itself, not the engine. */
static void
test_full(void)
{
	struct bench *b = open_list("");
	const size_t size = 4 * SLICE;
	char *body = large(size), hex[DIGEST_HEX];
	struct msg_poll p;

	digest_hex_of(body, size, hex);
	take(b, "one\n", "\"1\"");
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
		SAME(p.etag, "\"1\"");
		answer(b, &p, POLLED_OK, body, NULL, 0, 0);
		full_from(3 * SLICE);
		CU_ASSERT_FALSE(turns(b, 20, hex));
		full_from(RLIM_INFINITY);
		HAS(bench_str(status(b), "why"), "cannot be written: cannot write ");
		SAME(in_force(b), "one\n");
		CU_ASSERT_EQUAL(files(b), 2);
	}
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, body, NULL, 0, 0);
	CU_ASSERT_TRUE(turns(b, 20, hex));
	CU_ASSERT_TRUE(tried(b, true, "version 2", REST));
	STATUS("digest", hex);
	free(body);
	bench_close(b);
}

static void
shell(struct bench *b, const char *fmt)
{
	char *cmd = xasprintf("cd %s/lists && %s", b->dir, fmt);

	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
}

/* A link that cannot be moved: the version before it stays, a start goes on, and as
 * soon as it can be it is. */
static void
test_unlinked(void)
{
	struct bench *b = open_list("");
	struct msg_poll p;

	take(b, "one\n", NULL);
	shell(b, "mkdir -p phish.link/x");
	CU_ASSERT_TRUE_FATAL(asked(b, CLOCK_DAY, &p));
	answer(b, &p, POLLED_OK, "two\n", NULL, 0, 0);
	CU_ASSERT_TRUE(tried(b, true, "version 2", REST));
	SAME(in_force(b), "one\n");
	CU_ASSERT_FALSE(renewed(b));
	bench_go(b, 5 * CLOCK_MIN);
	SAME(in_force(b), "one\n");
	STATUS("state", "unloaded");
	restart(b);
	SAME(in_force(b), "one\n");
	shell(b, "rm -r phish.link");
	bench_go(b, 2 * CLOCK_MIN);
	SAME(in_force(b), "two\n");
	CU_ASSERT_TRUE(renewed(b));
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	bench_close(b);
}

/* What an older tosd has named by 16 digits stays in force; and a list whose name looks
 * like such a version keeps its link. */
static void
test_older(void)
{
	struct bench *b = open_list("");
	char *digest;

	take(b, "one\n", "\"1\"");
	digest = xstrdup(bench_str(status(b), "digest"));
	shell(b, "ln -s x phish-0123456789abcdef.list; for f in phish-*.list; do "
		 "test -L $f || mv $f $(echo $f | cut -c -22).list; done; "
		 "rm phish.list; "
		 "for f in phish-*.list; do test -L $f || ln -s $f phish.list; done");
	SAME(in_force(b), "one\n");
	restart(b);
	SAME(in_force(b), "one\n");
	rules(b, 0, digest, REST);
	bench_go(b, CLOCK_MIN);
	STATUS("state", "current");
	STATUS("etag", "\"1\"");
	take(b, "two\n", "\"2\"");
	take(b, "three\n", "\"3\"");
	shell(b, "test $(ls | grep -c -E '^phish-[0-9a-f]{64}[.]list$') = 2");
	shell(b, "test -L phish-0123456789abcdef.list");
	shell(b, "test $(ls | grep -c -E '^phish-[0-9a-f]{16}[.]list$') = 1");
	free(digest);
	bench_close(b);
}

/* Nobody is up who has it. */
static void
test_down(void)
{
	struct bench *b = open_list("");

	take(b, "one\n", NULL);
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	for (uint32_t i = 0; i < b->conf->policy.workers; i++)
		engine_peer_down(b->engine, ROLE_POLICY, i, b->now);
	STATUS("state", "unloaded");
	CU_ASSERT_EQUAL(bench_int(status(b), "loaded"), 0);
	engine_peer_up(b->engine, ROLE_POLICY, 0, b->now);
	rules(b, 0, bench_str(status(b), "digest"), REST);
	STATUS("state", "current");
	bench_close(b);
}

static const struct suite_test tests[] = {
    {"taken", test_taken},
    {"refused", test_refused},
    {"words", test_words},
    {"the rest", test_rest},
    {"restarts", test_restarts},
    {"mended", test_mended},
    {"spoiled", test_spoiled},
    {"lost", test_lost},
    {"moved", test_moved},
    {"signed", test_signed},
    {"many words", test_many_words},
    {"signed from a reload on", test_signed_from_now_on},
    {"slices", test_slices},
    {"slices, signed", test_slices_signed},
    {"a trial of another engine", test_other_trial},
    {"no trial", test_untried},
    {"a full disk", test_full},
    {"no link", test_unlinked},
    {"names of an older one", test_older},
    {"nobody is up", test_down},
};

int
main(void)
{
	return suite_main("engine_list", tests, sizeof(tests) / sizeof(tests[0]));
}
