/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_bench: an engine with its peers in one hand: store in memory (or in the
 * folder, for restarts), vault and ledger in a scratch folder, virtual time.  What it
 * sends is caught; the test answers as fetch, policy and courier would.
 */
#ifndef TOSD_TESTS_ENGINE_BENCH_H
#define TOSD_TESTS_ENGINE_BENCH_H

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "suite.h"

#define T0 ((int64_t)1767600000000) /* 2026-01-05T08:00:00Z */
#define WORKERS 2
#define CAUGHT_MAX 256

struct caught {
	enum role to;
	uint32_t index;
	struct msg m;
};

struct bench {
	char dir[32];
	struct conf *conf;
	struct notice_set *notices;
	struct ledger_key *key;
	struct engine *engine;
	int64_t now;
	struct caught v[CAUGHT_MAX];
	size_t n;
	bool bare; /* fetch sends no bytes along */
	bool async; /* ticks do not wait for the disk, and it is a real one */
	bool memory; /* the store is no file: fast, and gone with the engine */
	uint32_t rev; /* of the rules that find; 0: 1 */
	json_t *entries; /* all that was committed */
};

static const char bench_conf[] =
    "provider = { name = \"Host\"; mailbox = \"abuse@host.example\"; phone = \"1\";\n"
    "  aup_url = \"https://host.example/aup\"; aup_version = \"1\"; };\n"
    "fetch = { interval = \"1h\"; };\n"
    "policy = { workers = 2; attempts = 2; deadline = \"5s\"; };\n"
    "ladder = { recheck = \"1h\"; cure = \"12h\"; max_gap = \"30m\"; stages = (\n"
    "  { name = \"notice\"; deadline = \"6h\"; },\n"
    "  { name = \"warning\"; deadline = \"4h\"; } ); };\n"
    "courier = { transport = \"smtp\"; url = \"smtp://127.0.0.1:25\";\n"
    "  from = \"abuse@host.example\"; legal = \"legal@host.example\"; attempts = 2; };\n"
    "safety = { desk = [ \"desk@host.example\" ]; };\n"
    "staff = ( { name = \"p1\"; approver = true; reviewer = true; },\n"
    "  { name = \"p2\"; approver = true; } );\n"
    "tenants = ( { id = \"forum\"; name = \"Forum\"; contact = \"owner@forum.example\";\n"
    "  contact2 = \"second@forum.example\"; manager = \"am@host.example\";\n"
    "  feeds = ( { url = \"http://forum.example/feed\"; } ); } );\n";

static inline void
bench_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	printf("%s:%d: %s\n", file, line, text);
}

static inline void
bench_send(void *ctx, enum role to, uint32_t index, struct msg *m)
{
	struct bench *b = ctx;

	if (b->n == CAUGHT_MAX) {
		CU_FAIL_FATAL("more messages than a test can want");
		return;
	}
	b->v[b->n++] = (struct caught){to, index, *m};
	msg_init(m, m->type);
}

static inline void
bench_entry(void *ctx, const char *text)
{
	struct bench *b = ctx;
	json_t *entry = json_loads(text, 0, NULL);
	char *again =
	    json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);

	/* Whoever wrote it: entries have one form. */
	SAME(again, text);
	free(again);
	json_array_append_new(b->entries, entry);
}

/* Entries of a kind so far. */
static inline size_t
bench_count(const struct bench *b, const char *kind)
{
	const json_t *o;
	size_t i, n = 0;

	json_array_foreach(b->entries, i, o)
		n += strcmp(json_string_value(json_object_get(o, "kind")), kind) == 0;
	return n;
}

/* The newest entry of a kind; a string or number of it. */
static inline const json_t *
bench_last(const struct bench *b, const char *kind)
{
	for (size_t i = json_array_size(b->entries); i > 0; i--) {
		const json_t *o = json_array_get(b->entries, i - 1);

		if (strcmp(json_string_value(json_object_get(o, "kind")), kind) == 0)
			return o;
	}
	return NULL;
}

static inline const char *
bench_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static inline int64_t
bench_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* What was sent was signed before. */
static inline void
bench_signed(struct bench *b)
{
	json_t *stats = engine_stats(b->engine, b->now);

	CU_ASSERT(bench_int(stats, "ledger_signed") >
		  bench_int(bench_last(b, "message"), "seq"));
	json_decref(stats);
}

/* One that has nothing in hand. */
static inline void
bench_courier(struct bench *b)
{
	struct msg m;

	msg_init(&m, MSG_SENDING);
	m.from = ROLE_COURIER;
	m.sending.courier = xstrdup("first");
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
}

static inline void
bench_peers(struct bench *b)
{
	for (unsigned i = 0; i < b->conf->fetchers; i++)
		engine_peer_up(b->engine, ROLE_FETCH, i, b->now);
	for (unsigned i = 0; i < WORKERS; i++)
		engine_peer_up(b->engine, ROLE_POLICY, i, b->now);
	engine_peer_up(b->engine, ROLE_COURIER, 0, b->now);
	bench_courier(b);
}

static inline void
bench_start(struct bench *b)
{
	char *url = b->memory ? xstrdup("sqlite::memory:")
			      : xasprintf("sqlite:%s/store.db", b->dir);
	struct engine_options o = {.conf = b->conf, .notices = b->notices, .key = b->key,
	    .sync = b->async ? FILE_SYNC : FILE_NOSYNC, .async = b->async, .send = bench_send, .ctx = b, .store_url = url};
	struct err e = ERR_INIT;

	clock_set_virtual(b->now);
	if (engine_new(&o, b->now, &b->engine, &e) != 0) {
		printf("engine: %s\n", e.text);
		CU_FAIL_FATAL("engine_new");
	}
	free(url);
	engine_watch(b->engine, bench_entry, b);
	bench_peers(b);
}

static inline struct bench *
bench_open_with(const char *conf, bool memory)
{
	struct conf_source one = {(char *)"tosd.conf", (char *)conf};
	struct conf_sources src = {&one, 1};
	struct bench *b = xcalloc(1, sizeof(*b));
	const char *top = getenv("srcdir");
	char *templates = xasprintf("%s/etc/notices.d", top != NULL ? top : ".");
	struct err e = ERR_INIT;

	log_set_level(LOG_L_ERR);
	id_seed(1);
	b->now = T0;
	b->memory = memory;
	b->entries = json_array();
	snprintf(b->dir, sizeof(b->dir), "/tmp/tosd-engine-XXXXXX");
	if (mkdtemp(b->dir) == NULL ||
	    conf_parse(&src, bench_mistake, NULL, &b->conf) != 0 ||
	    notice_set_load(templates, &b->notices, &e) != 0 ||
	    ledger_key_new("host.example/tosd", &b->key, &e) != 0) {
		printf("bench: %s\n", e.text);
		CU_FAIL_FATAL("bench");
	}
	free(templates);
	b->conf->state_dir = b->dir;
	bench_start(b);
	return b;
}

/* Stopped, and started anew on the same files. */
static inline void
bench_restart_async(struct bench *b)
{
	engine_free(&b->engine, b->now);
	b->async = true;
	bench_start(b);
}

static inline struct bench *
bench_open(void)
{
	return bench_open_with(bench_conf, false);
}

/* Forgets what was sent and not looked at. */
static inline void
bench_forget(struct bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		msg_clear(&b->v[i].m);
	b->n = 0;
}

static inline int
bench_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
bench_close(struct bench *b)
{
	engine_free(&b->engine, b->now);
	bench_forget(b);
	notice_set_free(&b->notices);
	ledger_key_free(&b->key);
	conf_free(&b->conf);
	json_decref(b->entries);
	nftw(b->dir, bench_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(b);
}

static inline int64_t
bench_tick(struct bench *b)
{
	clock_set_virtual(b->now);
	return engine_tick(b->engine, b->now);
}

/* Says it to the engine, now; m is cleared. */
static inline void
bench_say(struct bench *b, struct msg *m)
{
	clock_set_virtual(b->now);
	engine_handle(b->engine, m, b->now);
	msg_clear(m);
	bench_tick(b);
}

/* Lets time pass; ticks when the engine asks for it. */
static inline void
bench_go(struct bench *b, int64_t ms)
{
	int64_t end = b->now + ms, next = bench_tick(b);

	while (next <= end) {
		b->now = next;
		next = bench_tick(b);
	}
	b->now = end;
	bench_tick(b);
}

/* Takes the oldest caught message of a type; false: there is none. */
static inline bool
bench_take(struct bench *b, enum msg_type type, struct caught *out)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].m.type == type) {
			*out = b->v[i];
			b->n--;
			memmove(&b->v[i], &b->v[i + 1], (b->n - i) * sizeof(b->v[0]));
			return true;
		}
	return false;
}

/* --- fetch --- */

struct post {
	const char *id, *text;
};

static inline void
bench_item(struct item *it, const struct post *p)
{
	item_init(it);
	it->id = xstrdup(p->id);
	if (p->id[0] != '-') /* else it has no page of its own */
		it->url = xasprintf("http://forum.example/%s", p->id);
	it->text = xstrdup(p->text);
	it->published = T0;
}

/* Waits for a request of this kind; its number in *id. */
static inline bool
bench_asked(struct bench *b, enum poll_kind kind, uint64_t *id)
{
	struct caught c;

	for (int hours = 0; hours < 30; hours++) {
		for (size_t n = b->n; n > 0 && bench_take(b, MSG_POLL, &c); n--) {
			bool it = c.m.poll.kind == kind;

			*id = c.m.poll.id;
			if (it) {
				msg_clear(&c.m);
				return true;
			}
			bench_send(b, c.to, c.index, &c.m); /* back to the others */
		}
		bench_go(b, CLOCK_HOUR / 4);
	}
	return false;
}

/* What went over the wire. */
static inline int
bench_capture(struct bench *b)
{
	struct msg_capture c = {.url = (char *)"http://forum.example/x", .time = b->now};
	struct buf out = {0};
	struct err e = ERR_INIT;
	int fd;

	buf_puts(&c.request, "GET /x HTTP/1.1\r\n\r\n");
	buf_puts(&c.response, "HTTP/1.1 200 OK\r\n\r\nbytes");
	msg_capture_put(&out, &c);
	fd = file_memfd("capture", out.data, out.len, &e);
	buf_free(&out);
	buf_free(&c.request);
	buf_free(&c.response);
	return fd;
}

/* Begins what a worker answers to a batch, about n of its revisions: m's are to be filled. */
static inline void
bench_judged(const struct caught *c, const char *digest, uint32_t n, struct msg *m)
{
	msg_init(m, MSG_INSPECTED);
	m->from = ROLE_POLICY;
	m->from_index = c->index;
	m->inspected.batch = c->m.inspect.batch;
	m->inspected.digest = xstrdup(digest);
	m->inspected.n = n;
	m->inspected.v = xcalloc(n, sizeof(*m->inspected.v));
}

/* A plugin gave no answer about it, and is to be asked again in so many ms. */
static inline struct msg_retry *
bench_retry(struct msg_inspected_item *v, const char *plugin, int64_t wait, const char *why)
{
	v->nretry = 1;
	v->retry = xcalloc(1, sizeof(*v->retry));
	v->retry[0] = (struct msg_retry){
	    .plugin = xstrdup(plugin), .wait = wait, .why = xstrdup(why)};
	return v->retry;
}

static inline void
bench_answer(struct bench *b, uint64_t id, enum poll_outcome outcome,
    const struct post *posts, size_t n)
{
	struct msg m;

	msg_init(&m, MSG_POLLED);
	m.from = ROLE_FETCH;
	m.polled.id = id;
	m.polled.outcome = outcome;
	m.polled.status = outcome == POLLED_OK ? 200 : 410;
	m.polled.time = b->now;
	m.fd = b->bare ? -1 : bench_capture(b);
	m.polled.items = xcalloc(n, sizeof(*m.polled.items));
	m.polled.nitems = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		bench_item(&m.polled.items[i], &posts[i]);
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	bench_tick(b);
}

/* The next poll of the feed shows these posts. */
static inline void
bench_feed(struct bench *b, const struct post *posts, size_t n)
{
	uint64_t id = 0;

	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_FEED, &id));
	bench_answer(b, id, POLLED_OK, posts, n);
}

/* The next look at a cited page. */
static inline void
bench_page(struct bench *b, enum poll_outcome outcome, const struct post *post)
{
	uint64_t id = 0;

	CU_ASSERT_TRUE_FATAL(bench_asked(b, POLL_PAGE, &id));
	bench_answer(b, id, outcome, post, post != NULL);
}

/* --- policy --- */

static inline bool
bench_find(struct msg_inspected_item *o, const char *category, const char *rule,
    const char *text, const char *word)
{
	const char *at = text != NULL ? strstr(text, word) : NULL;
	struct finding *f;

	if (at == NULL)
		return false;
	o->findings = xrealloc(o->findings, (o->n + 1) * sizeof(*o->findings));
	f = &o->findings[o->n++];
	*f = (struct finding){.rule = xstrdup(rule), .rev = 1, .pack = xstrdup("p"),
	    .clause = xstrdup("4.1 Threats"), .category = xstrdup(category),
	    .reason = xstrdup("announces violence"), .severity = SEVERITY_HIGH, .score = 0.9,
	    .mode = MODE_ENFORCE, .nspans = 1};
	f->spans = xcalloc(1, sizeof(*f->spans));
	f->spans[0].start = (uint32_t)(at - text);
	f->spans[0].end = f->spans[0].start + (uint32_t)strlen(word);
	return true;
}

/* Answers one batch: `kill' is violence, `bomb' a critical one, `depot' is the safety
 * desk's.  Number of
 * items in it, 0 if none was sent. */
static inline uint32_t
bench_inspect(struct bench *b)
{
	struct caught c;
	struct msg m;
	uint32_t n;

	if (!bench_take(b, MSG_INSPECT, &c))
		return 0;
	n = c.m.inspect.n;
	bench_judged(&c, "d1", n, &m);
	for (uint32_t i = 0; i < n; i++) {
		const struct msg_inspect_item *in = &c.m.inspect.v[i];

		m.inspected.v[i].revision = in->revision;
		bench_find(&m.inspected.v[i], "violence", "v/kill", in->item.text, "kill");
		if (bench_find(&m.inspected.v[i], "violence", "v/bomb", in->item.text,
			"bomb"))
			m.inspected.v[i].findings[m.inspected.v[i].n - 1].severity =
			    SEVERITY_CRITICAL;
		bench_find(&m.inspected.v[i], "safety", "v/depot", in->item.text, "depot");
		for (uint32_t k = 0; b->rev != 0 && k < m.inspected.v[i].n; k++)
			m.inspected.v[i].findings[k].rev = b->rev;
	}
	engine_handle(b->engine, &m, b->now);
	msg_clear(&m);
	msg_clear(&c.m);
	bench_tick(b);
	return n;
}

/* --- courier --- */

/* Answers the message to this address if the courier has it; false: it has not. */
static inline bool
bench_mail_one(struct bench *b, const char *to, enum sent_outcome outcome)
{
	struct caught c;
	struct msg m;

	for (size_t n = b->n; n > 0 && bench_take(b, MSG_SEND, &c); n--) {
		if (strcmp(c.m.send.recipient, to) != 0) {
			bench_send(b, c.to, c.index, &c.m);
			continue;
		}
		msg_init(&m, MSG_SENT);
		m.from = ROLE_COURIER;
		m.sent.id = c.m.send.id;
		m.sent.outcome = outcome;
		m.sent.code = outcome == SENT_OK ? 250 : 550;
		m.sent.time = b->now;
		engine_handle(b->engine, &m, b->now);
		msg_clear(&m);
		msg_clear(&c.m);
		bench_tick(b);
		return true;
	}
	return false;
}

/* The same; what goes to our own people before it is taken first: the courier has one
 * message at a time. */
static inline bool
bench_mail(struct bench *b, const char *to, enum sent_outcome outcome)
{
	bool tenant = strstr(to, "@forum.example") != NULL;

	while (!bench_mail_one(b, to, outcome))
		if (!tenant || (!bench_mail_one(b, "am@host.example", SENT_OK) &&
				   !bench_mail_one(b, "legal@host.example", SENT_OK)))
			return false;
	return true;
}

/* The newest notice, as it was sent; the caller frees. */
static inline char *
bench_notice(struct bench *b)
{
	char *path = xasprintf("%s/%s", b->dir, bench_str(bench_last(b, "notice"), "file"));
	struct buf bytes = {0};
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(file_read(path, 1 << 20, &bytes, &e), 0);
	free(path);
	buf_putc(&bytes, '\0');
	return buf_take(&bytes);
}

/* Another configuration, from the same text with one word changed. */
static inline void
bench_reconf(struct bench *b, const char *from, const char *to)
{
	const char *at = strstr(bench_conf, from);
	char *text = xasprintf("%.*s%s%s", (int)(at - bench_conf), bench_conf, to,
	    at + strlen(from));
	struct conf_source one = {(char *)"tosd.conf", text};
	struct conf_sources src = {&one, 1};
	struct conf *old = b->conf;

	CU_ASSERT_EQUAL_FATAL(conf_parse(&src, bench_mistake, NULL, &b->conf), 0);
	b->conf->state_dir = b->dir;
	engine_reconf(b->engine, b->conf, b->notices, b->now);
	bench_courier(b);
	conf_free(&old);
	free(text);
}

/* --- people --- */

static inline json_t *
bench_ask(struct bench *b, json_t *request)
{
	json_t *reply = engine_control(b->engine, request, 0, b->now);

	json_decref(request);
	return reply;
}

/* Erases the newest capture. */
static inline void
bench_erase(struct bench *b)
{
	json_t *r = bench_ask(b,
	    json_pack("{s:s, s:s, s:s, s:s}", "cmd", "erase", "file",
		bench_str(bench_last(b, "capture"), "file"), "person", "p1", "reason",
		"they asked"));

	CU_ASSERT_TRUE(json_is_true(json_object_get(r, "ok")));
	json_decref(r);
	bench_tick(b);
}

#endif
