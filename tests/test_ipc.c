/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ipc: the message catalogue there and back and against broken bytes, channels
 * over real sockets, the loop, and readiness against a real datagram socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "ipc/channel.h"
#include "ipc/frame.h"
#include "ipc/http.h"
#include "ipc/loop.h"
#include "ipc/msg.h"
#include "ipc/ready.h"
#include "ipc/role.h"
#include "ipc/spawn.h"
#include "suite.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* --- examples: one message of each type, with every field in use --- */

static void
fill_item(struct item *it)
{
	item_init(it);
	it->id = xstrdup("tag:a,1");
	it->title = xstrdup("Gr\xc3\xbc\xc3\x9f"
			    "e");
	it->text = xstrdup("");
	it->published = 1700000000000;
	item_add_link(it, "http://example.com/1");
	item_add_media(it, "http://example.com/1.png", "image/png", "a cat");
}

static void
fill_finding(struct finding *f)
{
	memset(f, 0, sizeof(*f));
	f->rule = xstrdup("violence/threat-direct");
	f->rev = 3;
	f->pack = xstrdup(HASH);
	f->clause = xstrdup("3.2 violence");
	f->category = xstrdup("violence");
	f->severity = SEVERITY_HIGH;
	f->score = 0.75;
	f->mode = MODE_ENFORCE;
	f->nspans = 1;
	f->spans = xcalloc(1, sizeof(*f->spans));
	f->spans[0].end = 4;
}

static void
fill_hello(struct msg *m)
{
	m->hello.version = MSG_VERSION;
	m->hello.pid = 4711;
}

static void
fill_ready(struct msg *m)
{
	m->ready.faults = 3;
	m->ready.words = xstrdup("{");
	m->ready.kept = true;
}

static void
fill_conf(struct msg *m)
{
	m->conf.index = 2;
	m->conf.left_out = xstrdup("p\nq");
	m->conf.kept = xstrdup("1-200");
	m->conf.keep = xstrdup("2-300");
}

static void
fill_peer(struct msg *m)
{
	m->peer.role = ROLE_POLICY;
	m->peer.index = 3;
	m->peer.pid = 4712;
}

static void
fill_seq(struct msg *m)
{
	m->seq = 0xfffffffe;
}

static void
fill_stuck(struct msg *m)
{
	m->stuck.index = 1;
	m->stuck.pid = 4713;
	m->stuck.why = xstrdup("batch 7 took 30 s");
}

static void
fill_broken(struct msg *m)
{
	m->broken.role = ROLE_FETCH;
	m->broken.index = 1;
	m->broken.pid = 4714;
	m->broken.why = xstrdup("");
}

static void
fill_secret(struct msg *m)
{
	m->secret.name = xstrdup("log-key");
}

static void
fill_try(struct msg *m)
{
	m->try.id = 9;
	m->try.list = xstrdup("ab");
	m->try.file = xstrdup("f");
	m->try.day = xstrdup("2026-11-29");
	m->try.anew = true;
}

static void
fill_tried(struct msg *m)
{
	m->tried.id = 9;
	m->tried.list = xstrdup("ab");
	m->tried.file = xstrdup("f");
	m->tried.outcome = TRIED_BAD;
	m->tried.words = xstrdup("version 3");
	m->tried.rest = xstrdup(HASH);
}

static void
fill_refused(struct msg *m)
{
	m->refused.since = 1;
	m->refused.why = xstrdup("x");
	m->refused.changed = 2;
}

static void
fill_list_poll(struct msg *m)
{
	m->poll.id = 1;
	m->poll.kind = POLL_LIST;
	m->poll.url = xstrdup("u");
	m->poll.tenant = xstrdup("");
	m->poll.list = xstrdup("ab");
}

static void
fill_poll(struct msg *m)
{
	m->poll.id = 0x1122334455667788;
	m->poll.kind = POLL_PAGE;
	m->poll.url = xstrdup("https://example.com/feed");
	m->poll.tenant = xstrdup("0123456789abcdef");
	m->poll.etag = xstrdup("W/\"\xff\"");
	m->poll.body_hash = xstrdup(HASH);
}

static void
fill_stream(struct msg *m)
{
	m->stream.feed = 7;
	m->stream.open = true;
	m->stream.kind = STREAM_NDJSON;
	m->stream.url = xstrdup("https://example.com/stream");
	m->stream.tenant = xstrdup("0123456789abcdef");
	m->stream.credential = xstrdup("trial-token");
	m->stream.cursor_rewind = 5000000;
	m->stream.last_id = xstrdup("1725911162329308");
}

static void
fill_subscribe(struct msg *m)
{
	m->subscribe.feed = 7;
	m->subscribe.what = SUBSCRIBE_ASK;
	m->subscribe.tenant = xstrdup("0123456789abcdef");
	m->subscribe.hub = xstrdup("https://hub.example.com/");
	m->subscribe.topic = xstrdup("https://example.com/feed");
	m->subscribe.path = xstrdup("00112233445566778899aabbccddeeff");
	m->subscribe.secret = xstrdup("s");
	m->subscribe.lease = 864000000;
}

static void
fill_pushed(struct msg *m)
{
	m->pushed.feed = 7;
	m->pushed.state = PUSHED_DATA;
	m->pushed.time = 1700000000000;
	m->pushed.last_id = xstrdup("12");
	m->pushed.ngone = 1;
	m->pushed.gone = xcalloc(1, sizeof(char *));
	m->pushed.gone[0] = xstrdup("110");
	m->pushed.nitems = 1;
	m->pushed.items = xcalloc(1, sizeof(struct item));
	fill_item(&m->pushed.items[0]);
}

static void
fill_polled(struct msg *m)
{
	m->polled.id = 9;
	m->polled.outcome = POLLED_OK;
	m->polled.status = 200;
	m->polled.time = 1700000000000;
	m->polled.url = xstrdup("https://example.com/feed");
	m->polled.last_modified = xstrdup("Tue, 14 Nov 2023 22:13:20 GMT");
	m->polled.hint = 900000;
	m->polled.well_formed = true;
	m->polled.next_url = xstrdup("https://example.com/feed?page=2");
	m->polled.skip_hours = 1u << 23 | 1;
	m->polled.skip_days = 1 << 6;
	m->polled.ngone = 1;
	m->polled.gone = xcalloc(1, sizeof(char *));
	m->polled.gone[0] = xstrdup("tag:example.com,2023:1");
	m->polled.nitems = 2;
	m->polled.items = xcalloc(2, sizeof(struct item));
	fill_item(&m->polled.items[0]);
	fill_item(&m->polled.items[1]);
}

static void
fill_rules(struct msg *m)
{
	struct msg_rule *r;

	m->rules.digest = xstrdup(HASH);
	m->rules.rest = xstrdup(HASH);
	m->rules.n = 1;
	r = m->rules.v = xcalloc(1, sizeof(*m->rules.v));
	r->rule = xstrdup("spam/seo");
	r->pack = xstrdup(HASH);
	r->clause = xstrdup("4.1");
	r->category = xstrdup("spam");
	r->meaning = xstrdup(HASH);
	r->mode = MODE_RETIRED;
	r->severity = SEVERITY_LOW;
	r->plugin = xstrdup("rules");
	r->limit = MODE_SHADOW;
	m->rules.nproblems = 1;
	m->rules.problems = xcalloc(1, sizeof(char *));
	m->rules.problems[0] = xstrdup("x.conf:3: no tests");
	m->rules.nmissing = 1;
	m->rules.missing = xcalloc(1, sizeof(*m->rules.missing));
	m->rules.missing[0].plugin = xstrdup("lists");
	m->rules.missing[0].why = xstrdup("a list is not there");
	m->rules.missing[0].how = MISSING_PART;
	m->rules.nretired = 1;
	m->rules.retired = xcalloc(1, sizeof(*m->rules.retired));
	m->rules.retired[0].rule = xstrdup("spam/old");
	m->rules.retired[0].pack = xstrdup(HASH);
	m->rules.retired[0].plugin = xstrdup("rules");
}

static void
fill_inspect(struct msg *m)
{
	m->inspect.batch = 5;
	m->inspect.n = 1;
	m->inspect.v = xcalloc(1, sizeof(*m->inspect.v));
	m->inspect.v[0].revision = 77;
	m->inspect.v[0].tenant = xstrdup("0123456789abcdef");
	m->inspect.v[0].time = -1;
	m->inspect.v[0].nskip = 1;
	m->inspect.v[0].skip = xcalloc(1, sizeof(char *));
	m->inspect.v[0].skip[0] = xstrdup("shouting");
	m->inspect.v[0].reported = true;
	m->inspect.v[0].nanswers = 1;
	m->inspect.v[0].answers = xcalloc(1, sizeof(struct msg_answer));
	m->inspect.v[0].answers[0].key = xstrdup(HASH);
	m->inspect.v[0].answers[0].status = 200;
	buf_put(&m->inspect.v[0].answers[0].body, "{\0\xff", 3);
	fill_item(&m->inspect.v[0].item);
}

static void
fill_inspected(struct msg *m)
{
	m->inspected.batch = 5;
	m->inspected.digest = xstrdup(HASH);
	m->inspected.n = 2;
	m->inspected.v = xcalloc(2, sizeof(*m->inspected.v));
	m->inspected.v[0].revision = 77;
	m->inspected.v[0].n = 1;
	m->inspected.v[0].findings = xcalloc(1, sizeof(struct finding));
	fill_finding(&m->inspected.v[0].findings[0]);
	m->inspected.v[1].degraded = xstrdup("plugin classifier timed out");
	m->inspected.v[1].nretry = 1;
	m->inspected.v[1].retry = xcalloc(1, sizeof(struct msg_retry));
	m->inspected.v[1].retry[0] = (struct msg_retry){
	    xstrdup("shouting"), true, true, 4000, xstrdup("it ended")};
	m->inspected.v[0].nopinions = 1;
	m->inspected.v[0].opinions = xcalloc(1, sizeof(struct msg_opinion));
	m->inspected.v[0].opinions[0] =
	    (struct msg_opinion){xstrdup("violence"), 0.25, 1.5, -2, 0, 1};
	m->inspected.ncosts = 1;
	m->inspected.costs = xcalloc(1, sizeof(struct msg_cost));
	m->inspected.costs[0].plugin = xstrdup("rules");
	m->inspected.costs[0].cost.failed = 1;
	cost_add(&m->inspected.costs[0].cost, 3000);
	m->inspected.nspent = 1;
	m->inspected.spent = xcalloc(1, sizeof(struct msg_spent));
	m->inspected.spent[0].rule = xstrdup("violence/threat");
	m->inspected.spent[0].rev = 7;
	cost_add_many(&m->inspected.spent[0].cost, 900, 32);
	m->inspected.v[1].nquestions = 1;
	m->inspected.v[1].questions = xcalloc(1, sizeof(struct msg_question));
	m->inspected.v[1].questions[0] =
	    (struct msg_question){.plugin = xstrdup("moderation"),
		.endpoint = xstrdup("local"),
		.kind = ASK_MODERATION,
		.model = xstrdup("m-1"),
		.prompt = xstrdup(HASH)};
	buf_puts(&m->inspected.v[1].questions[0].body, "{}");
}

static void
fill_ask(struct msg *m)
{
	m->ask.id = 7;
	m->ask.endpoint = xstrdup("local");
	m->ask.kind = ASK_MODERATION;
	buf_puts(&m->ask.body, "{\"input\":\"\xc3\xb6\"}");
}

static void
fill_answered(struct msg *m)
{
	m->answered.id = 7;
	m->answered.outcome = POLLED_RATE_LIMIT;
	m->answered.status = 429;
	m->answered.time = 1700000000000;
	m->answered.took = 12;
	m->answered.retry_after = 3000;
	m->answered.sent = true;
	m->answered.why = xstrdup("busy");
	buf_put(&m->answered.body, "\xff\0", 2);
}

static void
fill_child(struct msg *m)
{
	m->child.name = xstrdup("ab");
	m->child.run = 258;
	m->child.which = 2;
	m->child.digest = xstrdup(HASH);
}

static void
fill_stand(struct msg *m)
{
	m->stand.plugin = xstrdup("ab");
	m->stand.why = xstrdup("x");
}

static void
fill_respawn(struct msg *m)
{
	m->respawn.name = xstrdup("ab");
	m->respawn.delay = -1;
	m->respawn.why = xstrdup("x");
}

static void
fill_send(struct msg *m)
{
	m->send.id = 12;
	m->send.channel = xstrdup("mail");
	m->send.recipient = xstrdup("abuse@tenant.example");
	m->send.sender = xstrdup("");
	m->send.sha256 = xstrdup(HASH);
}

static void
fill_sent(struct msg *m)
{
	m->sent.id = 12;
	m->sent.outcome = SENT_UNKNOWN;
	m->sent.code = -250;
	m->sent.reply = xstrdup("250 2.0.0 ok");
	m->sent.time = 1700000000000;
}

static void
fill_sending(struct msg *m)
{
	m->sending.n = 2;
	m->sending.ids = xcalloc(2, sizeof(uint64_t));
	m->sending.ids[1] = UINT64_MAX;
	m->sending.courier = xstrdup("01HF7YAT00000000000000000X");
}

static void
fill_stats(struct msg *m)
{
	m->stats.json = xstrdup("{}");
}

/* from, to: one permitted direction; golden: the body in hexadecimal, written by hand
 * from the wire format, where that is short enough to read. */
static const struct example {
	enum msg_type type;
	enum role from, to;
	bool fd;
	void (*fill)(struct msg *m);
	const char *golden;
} examples[] = {
    {MSG_HELLO, ROLE_FETCH, ROLE_SUPERVISOR, false, fill_hello,
	"0c000000"
	"6712000000000000"},
    {MSG_CONF, ROLE_SUPERVISOR, ROLE_ENGINE, true, fill_conf,
	"02000000"
	"03000000700a71"
	"05000000312d323030"
	"05000000322d333030"},
    {MSG_PEER, ROLE_SUPERVISOR, ROLE_ENGINE, true, fill_peer,
	"02"
	"03000000"
	"6812000000000000"},
    {MSG_READY, ROLE_CONSOLE, ROLE_SUPERVISOR, false, fill_ready,
	"03000000"
	"010000007b"
	"ffffffff"
	"ffffffff"
	"01"},
    {MSG_PING, ROLE_SUPERVISOR, ROLE_POLICY, false, fill_seq, "feffffff"},
    {MSG_PONG, ROLE_POLICY, ROLE_SUPERVISOR, false, fill_seq, "feffffff"},
    {MSG_STOP, ROLE_SUPERVISOR, ROLE_COURIER, false, NULL, ""},
    {MSG_STUCK, ROLE_ENGINE, ROLE_SUPERVISOR, false, fill_stuck, NULL},
    {MSG_SECRET, ROLE_SUPERVISOR, ROLE_ENGINE, true, fill_secret,
	"07000000"
	"6c6f672d6b6579"},
    {MSG_POLL, ROLE_ENGINE, ROLE_FETCH, false, fill_poll, NULL},
    {MSG_POLLED, ROLE_FETCH, ROLE_ENGINE, true, fill_polled, NULL},
    {MSG_STREAM, ROLE_ENGINE, ROLE_FETCH, false, fill_stream, NULL},
    {MSG_SUBSCRIBE, ROLE_ENGINE, ROLE_FETCH, false, fill_subscribe, NULL},
    {MSG_PUSHED, ROLE_FETCH, ROLE_ENGINE, true, fill_pushed, NULL},
    {MSG_TAKEN, ROLE_ENGINE, ROLE_FETCH, false, fill_seq, "feffffff"},
    {MSG_RULES, ROLE_POLICY, ROLE_ENGINE, false, fill_rules, NULL},
    {MSG_INSPECT, ROLE_ENGINE, ROLE_POLICY, false, fill_inspect, NULL},
    {MSG_INSPECTED, ROLE_POLICY, ROLE_ENGINE, false, fill_inspected, NULL},
    {MSG_STAND, ROLE_POLICY, ROLE_ENGINE, false, fill_stand,
	"02000000"
	"6162"
	"01000000"
	"78"},
    {MSG_SEND, ROLE_ENGINE, ROLE_COURIER, true, fill_send, NULL},
    {MSG_SENT, ROLE_COURIER, ROLE_ENGINE, false, fill_sent,
	"0c00000000000000"
	"03"
	"06ffffff"
	"0c000000"
	"32353020322e302e30206f6b"
	"0068e5cf8b010000"},
    {MSG_SENDING, ROLE_COURIER, ROLE_ENGINE, false, fill_sending,
	"02000000"
	"0000000000000000"
	"ffffffffffffffff1a000000303148463759"
	"4154303030303030303030303030303030303058"},
    {MSG_STATS, ROLE_ENGINE, ROLE_CONSOLE, false, fill_stats,
	"02000000"
	"7b7d"},
    {MSG_BROKEN, ROLE_ENGINE, ROLE_SUPERVISOR, false, fill_broken,
	"01"
	"01000000"
	"6a12000000000000"
	"00000000"},
    {MSG_CHILD, ROLE_SUPERVISOR, ROLE_POLICY, true, fill_child, NULL},
    {MSG_RESPAWN, ROLE_POLICY, ROLE_SUPERVISOR, false, fill_respawn,
	"02000000"
	"6162"
	"ffffffffffffffff"
	"01000000"
	"78"},
    {MSG_ASK, ROLE_ENGINE, ROLE_FETCH, false, fill_ask,
	"0700000000000000"
	"050000006c6f63616c"
	"01"
	"0e0000007b22696e707574223a22c3b6227d"},
    {MSG_ANSWERED, ROLE_FETCH, ROLE_ENGINE, false, fill_answered, NULL},
    {MSG_TRY, ROLE_ENGINE, ROLE_SUPERVISOR, false, fill_try,
	"0900000000000000"
	"020000006162"
	"0100000066"
	"0a000000323032362d31312d3239"
	"01"},
    {MSG_TRIED, ROLE_SUPERVISOR, ROLE_ENGINE, false, fill_tried, NULL},
    {MSG_RENEW, ROLE_ENGINE, ROLE_SUPERVISOR, false, NULL, ""},
    {MSG_REFUSED, ROLE_SUPERVISOR, ROLE_ENGINE, false, fill_refused,
	"0100000000000000"
	"0100000078"
	"0200000000000000"},
    {MSG_TRACE, ROLE_FETCH, ROLE_ENGINE, true, NULL, ""},
};

static void
make_example(struct msg *m, const struct example *x)
{
	msg_init(m, x->type);
	if (x->fill != NULL)
		x->fill(m);
}

static void
test_msg_round_trip(void)
{
	/* Every type of the catalogue has an example. */
	CU_ASSERT_EQUAL(N(examples), MSG_TYPE_COUNT - 1);
	for (size_t i = 0; i < N(examples); i++) {
		const struct example *x = &examples[i];
		struct buf a = {0}, b = {0};
		struct err e = ERR_INIT;
		struct msg m, back;

		CU_ASSERT_EQUAL(x->type, i + 1);
		make_example(&m, x);
		msg_encode(&a, &m);
		CU_ASSERT_EQUAL(msg_decode(&back, x->type, a.data, a.len, x->from,
				    x->to, x->fd, &e),
		    0);
		CU_ASSERT_STRING_EQUAL(e.text, "");
		CU_ASSERT_EQUAL(back.from, x->from);
		msg_encode(&b, &back);
		CU_ASSERT_EQUAL(a.len, b.len);
		CU_ASSERT_TRUE(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
		if (x->golden != NULL) {
			char hex[256] = "";

			if (a.len > 0)
				digest_hex((uint8_t *)a.data, a.len, hex);
			CU_ASSERT_STRING_EQUAL(hex, x->golden);
		}
		msg_clear(&m);
		msg_clear(&back);
		buf_free(&a);
		buf_free(&b);
	}
}

static void
test_msg_values(void)
{
	struct buf a = {0};
	struct msg m, back;

	msg_init(&m, MSG_INSPECTED);
	fill_inspected(&m);
	msg_encode(&a, &m);
	CU_ASSERT_EQUAL_FATAL(msg_decode(&back, MSG_INSPECTED, a.data, a.len,
				  ROLE_POLICY, ROLE_ENGINE, false, NULL),
	    0);
	CU_ASSERT_EQUAL(back.inspected.n, 2);
	CU_ASSERT_EQUAL(back.inspected.v[0].findings[0].score, 0.75);
	CU_ASSERT_EQUAL(back.inspected.v[0].findings[0].spans[0].end, 4);
	CU_ASSERT_PTR_NULL(back.inspected.v[0].degraded);
	CU_ASSERT_STRING_EQUAL(
	    back.inspected.v[1].degraded, "plugin classifier timed out");
	msg_clear(&m);
	msg_clear(&back);
	buf_free(&a);
}

/* A list's name comes with its kind of poll, and with no other. */
static void
test_msg_list_poll(void)
{
	static const char golden[] = "0100000000000000"
				     "04"
				     "0100000075"
				     "00000000"
				     "ffffffff"
				     "ffffffff"
				     "ffffffff"
				     "00"
				     "020000006162";
	struct buf a = {0};
	struct msg m, back;
	char hex[256] = "";

	msg_init(&m, MSG_POLL);
	fill_list_poll(&m);
	msg_encode(&a, &m);
	digest_hex((uint8_t *)a.data, a.len, hex);
	CU_ASSERT_STRING_EQUAL(hex, golden);
	CU_ASSERT_EQUAL_FATAL(msg_decode(&back, MSG_POLL, a.data, a.len, ROLE_ENGINE,
				  ROLE_FETCH, false, NULL),
	    0);
	CU_ASSERT_STRING_EQUAL(back.poll.list, "ab");
	msg_clear(&back);
	a.data[8] = POLL_PAGE;
	CU_ASSERT_EQUAL(msg_decode(&back, MSG_POLL, a.data, a.len, ROLE_ENGINE,
			    ROLE_FETCH, false, NULL),
	    TOSD_EPROTO);
	buf_reset(&a);
	free(m.poll.list);
	m.poll.list = NULL;
	msg_encode(&a, &m);
	CU_ASSERT_EQUAL(msg_decode(&back, MSG_POLL, a.data, a.len, ROLE_ENGINE,
			    ROLE_FETCH, false, NULL),
	    TOSD_EPROTO);
	msg_clear(&m);
	buf_free(&a);
}

/* Every cut of every message, and one byte too many, is refused. */
static void
test_msg_cuts(void)
{
	for (size_t i = 0; i < N(examples); i++) {
		const struct example *x = &examples[i];
		struct buf a = {0};
		struct msg m, back;

		make_example(&m, x);
		msg_encode(&a, &m);
		msg_clear(&m);
		for (size_t n = 0; n < a.len; n++) {
			char *cut = xstrndup(a.data, n);

			CU_ASSERT_EQUAL(msg_decode(&back, x->type, cut, n, x->from,
					    x->to, x->fd, NULL),
			    TOSD_EPROTO);
			free(cut);
		}
		buf_putc(&a, 0);
		CU_ASSERT_EQUAL(msg_decode(&back, x->type, a.data, a.len, x->from,
				    x->to, x->fd, NULL),
		    TOSD_EPROTO);
		buf_free(&a);
	}
}

/* Every single byte changed: refused, or read as something that encodes the same. */
static void
test_msg_flips(void)
{
	for (size_t i = 0; i < N(examples); i++) {
		const struct example *x = &examples[i];
		struct buf a = {0}, b = {0};
		struct msg m, back;

		make_example(&m, x);
		msg_encode(&a, &m);
		msg_clear(&m);
		for (size_t k = 0; k < a.len * 3; k++) {
			char old = a.data[k / 3];

			a.data[k / 3] = (char)(k % 3 == 0 ? 0xff : old + (int)(k % 3));
			if (msg_decode(&back, x->type, a.data, a.len, x->from, x->to,
				x->fd, NULL) == 0) {
				buf_reset(&b);
				msg_encode(&b, &back);
				CU_ASSERT_TRUE(b.len == a.len &&
					       memcmp(a.data, b.data, a.len) == 0);
				msg_clear(&back);
			}
			a.data[k / 3] = old;
		}
		buf_free(&a);
		buf_free(&b);
	}
}

/* Only the permitted pairs, and only with the descriptor that belongs to it. */
static void
test_msg_table(void)
{
	static const struct {
		enum msg_type type;
		enum role from, to;
	} wrong[] = {
	    {MSG_STUCK, ROLE_POLICY, ROLE_SUPERVISOR},
	    {MSG_POLLED, ROLE_POLICY, ROLE_ENGINE},
	    {MSG_POLL, ROLE_ENGINE, ROLE_POLICY},
	    {MSG_INSPECT, ROLE_FETCH, ROLE_POLICY},
	    {MSG_SEND, ROLE_CONSOLE, ROLE_COURIER},
	    {MSG_CONF, ROLE_ENGINE, ROLE_FETCH},
	    {MSG_SECRET, ROLE_SUPERVISOR, ROLE_FETCH},
	    {MSG_STATS, ROLE_ENGINE, ROLE_ENGINE},
	    {MSG_ASK, ROLE_POLICY, ROLE_FETCH},
	    {MSG_ANSWERED, ROLE_FETCH, ROLE_POLICY},
	    {0, ROLE_ENGINE, ROLE_FETCH},
	    {MSG_TYPE_COUNT, ROLE_ENGINE, ROLE_FETCH},
	    {0xffff, ROLE_ENGINE, ROLE_FETCH},
	};
	struct err e = ERR_INIT;
	struct msg m;

	for (size_t i = 0; i < N(wrong); i++)
		for (int fd = 0; fd < 2; fd++)
			CU_ASSERT_EQUAL(msg_decode(&m, (uint16_t)wrong[i].type, "", 0,
					    wrong[i].from, wrong[i].to, fd, &e),
			    TOSD_EPROTO);
	CU_ASSERT_EQUAL(
	    msg_decode(&m, MSG_READY, "", 0, ROLE_FETCH, ROLE_SUPERVISOR, true, &e),
	    TOSD_EPROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "with a descriptor"));
	CU_ASSERT_EQUAL(msg_decode(&m, MSG_CONF, "\0\0\0\0", 4, ROLE_SUPERVISOR,
			    ROLE_FETCH, false, &e),
	    TOSD_EPROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "without a descriptor"));
}

/* Whether this passes from a role to the engine; m is cleared. */
static int
passes(struct msg *m, enum role from, bool fd)
{
	struct buf b = {0};
	struct msg got;
	int rc;

	msg_encode(&b, m);
	rc = msg_decode(&got, m->type, b.data, b.len, from, ROLE_ENGINE, fd, NULL);
	msg_clear(&got);
	msg_clear(m);
	buf_free(&b);
	return rc;
}

/* Well-formed bytes that no honest peer sends. */
static void
test_msg_lies(void)
{
	static const struct {
		enum msg_type type;
		enum role from, to;
		const char *text; /* one string that must not pass, after the number */
	} lies[] = {
	    {MSG_SECRET, ROLE_SUPERVISOR, ROLE_ENGINE, NULL},
	};
	struct buf b = {0};
	struct msg m;

	buf_put_str(&b, lies[0].text);
	CU_ASSERT_EQUAL(msg_decode(&m, lies[0].type, b.data, b.len, lies[0].from,
			    lies[0].to, true, NULL),
	    TOSD_EPROTO);
	/* A count of four thousand million elements in twelve bytes. */
	buf_reset(&b);
	buf_put_u32(&b, UINT32_MAX);
	buf_put_u64(&b, 1);
	CU_ASSERT_EQUAL(msg_decode(&m, MSG_SENDING, b.data, b.len, ROLE_COURIER,
			    ROLE_ENGINE, false, NULL),
	    TOSD_EPROTO);
	/* Items that came with something else than a feed that was read. */
	msg_init(&m, MSG_POLLED);
	fill_polled(&m);
	m.polled.outcome = POLLED_NOT_FOUND;
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	/* An item's text that is not UTF-8. */
	msg_init(&m, MSG_POLLED);
	fill_polled(&m);
	m.polled.items[1].text = (free(m.polled.items[1].text), xstrdup("\xc0\x80"));
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	/* Nor that of a medium, nor what the document is called. */
	for (int i = 0; i < 2; i++) {
		char **text;

		msg_init(&m, MSG_POLLED);
		fill_polled(&m);
		text = i == 0 ? &m.polled.items[1].media[0].text : &m.polled.title;
		free(*text);
		*text = xstrdup("\xc0\x80");
		CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	}
	/* A span that ends before it starts. */
	msg_init(&m, MSG_INSPECTED);
	fill_inspected(&m);
	m.inspected.v[0].findings[0].spans[0].start = 5;
	CU_ASSERT_EQUAL(passes(&m, ROLE_POLICY, false), TOSD_EPROTO);
	/* A question that is no text. */
	msg_init(&m, MSG_INSPECTED);
	fill_inspected(&m);
	buf_put(&m.inspected.v[1].questions[0].body, "\xff", 1);
	CU_ASSERT_EQUAL(passes(&m, ROLE_POLICY, false), TOSD_EPROTO);
	/* A time that no honest clock says. */
	msg_init(&m, MSG_POLLED);
	fill_polled(&m);
	m.polled.time = INT64_MAX;
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	buf_free(&b);
}

static void
set_text(char **to, char *text)
{
	free(*to);
	*to = text;
}

/* Words of a policy worker that no ledger entry could take. */
static void
test_policy_words(void)
{
	for (int spoilt = 0; spoilt < 9; spoilt++) {
		struct buf b = {0};
		struct finding *f;
		struct msg m;
		char *text = xstrdup("\xff"), *long_text = xcalloc(1, 100001);

		memset(long_text, 'x', 100000);
		msg_init(&m, MSG_INSPECTED);
		fill_inspected(&m);
		f = &m.inspected.v[0].findings[0];
		switch (spoilt) {
		case 1:
			set_text(&f->rule, text);
			break;
		case 2:
			set_text(&f->pack, text);
			break;
		case 3:
			set_text(&f->clause, text);
			break;
		case 4:
			set_text(&f->category, text);
			break;
		case 5:
			set_text(&f->reason, text);
			break;
		case 6:
			set_text(&m.inspected.v[1].degraded, text);
			break;
		case 7:
			set_text(&f->rule, long_text);
			break;
		case 8:
			set_text(&m.inspected.v[1].degraded, long_text);
			break;
		}
		msg_encode(&b, &m);
		msg_clear(&m);
		CU_ASSERT_EQUAL(msg_decode(&m, MSG_INSPECTED, b.data, b.len,
				    ROLE_POLICY, ROLE_ENGINE, false, NULL),
		    spoilt ? TOSD_EPROTO : 0);
		msg_clear(&m);
		buf_free(&b);
		if (spoilt == 0 || spoilt > 6)
			free(text);
		if (spoilt < 7)
			free(long_text);
	}
}

/* The same of others: why something failed, and what a rule is called. */
static void
test_long_words(void)
{
	char *words = xcalloc(1, 100001);
	struct msg m;

	memset(words, 'x', 100000);
	msg_init(&m, MSG_POLLED);
	fill_polled(&m);
	set_text(&m.polled.why, xstrdup(words));
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	msg_init(&m, MSG_PUSHED);
	fill_pushed(&m);
	set_text(&m.pushed.why, xstrdup(words));
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	msg_init(&m, MSG_PUSHED);
	fill_pushed(&m);
	set_text(&m.pushed.why, xstrdup("\xff"));
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, true), TOSD_EPROTO);
	msg_init(&m, MSG_ANSWERED);
	fill_answered(&m);
	set_text(&m.answered.why, xstrdup(words));
	CU_ASSERT_EQUAL(passes(&m, ROLE_FETCH, false), TOSD_EPROTO);
	msg_init(&m, MSG_RULES);
	fill_rules(&m);
	set_text(&m.rules.v[0].rule, xstrdup(words));
	CU_ASSERT_EQUAL(passes(&m, ROLE_POLICY, false), TOSD_EPROTO);
	msg_init(&m, MSG_INSPECTED);
	fill_inspected(&m);
	set_text(&m.inspected.digest, xstrdup(words));
	CU_ASSERT_EQUAL(passes(&m, ROLE_POLICY, false), TOSD_EPROTO);
	free(words);
}

static void
test_capture(void)
{
	struct msg_capture a = {0}, b;
	struct buf w = {0};
	struct rd r;

	a.url = xstrdup("http://example.com/");
	a.time = 7;
	buf_put(&a.request, "GET / HTTP/1.1\r\n\r\n", 18);
	buf_put(&a.response, "a\0b", 3);
	a.nhops = 2;
	a.hops = xcalloc(2, sizeof(*a.hops));
	a.hops[0].url = xstrdup("http://old.example/");
	a.hops[1].url = xstrdup("http://older.example/");
	a.hops[1].peer = xstrdup("192.0.2.1");
	buf_put(&a.hops[1].response, "HTTP/1.1 301 x\r\n\r\n", 18);
	msg_capture_put(&w, &a);
	r = rd_of(w.data, w.len);
	msg_capture_get(&r, &b);
	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_EQUAL(b.response.len, 3);
	CU_ASSERT_EQUAL(memcmp(b.response.data, "a\0b", 3), 0);
	CU_ASSERT_PTR_NULL(b.peer);
	CU_ASSERT_EQUAL_FATAL(b.nhops, 2);
	CU_ASSERT_STRING_EQUAL(b.hops[0].url, "http://old.example/");
	CU_ASSERT_STRING_EQUAL(b.hops[1].peer, "192.0.2.1");
	CU_ASSERT_EQUAL(b.hops[1].response.len, 18);
	msg_capture_clear(&b);
	for (size_t n = 0; n < w.len; n++) {
		char *cut = xstrndup(w.data, n);

		r = rd_of(cut, n);
		msg_capture_get(&r, &b);
		CU_ASSERT_TRUE(r.bad);
		msg_capture_clear(&b);
		free(cut);
	}
	msg_capture_clear(&a);
	buf_free(&w);
}

static void
test_names(void)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		CU_ASSERT_EQUAL(role_parse(role_name(i)), i);
	CU_ASSERT_EQUAL(role_parse("root"), -1);
	CU_ASSERT_STRING_EQUAL(msg_name(MSG_PING), "PING");
	CU_ASSERT_STRING_EQUAL(msg_name(0), "unknown");
	for (int i = 0; i < POLLED_COUNT; i++)
		CU_ASSERT_STRING_NOT_EQUAL(polled_name(i), "unknown");
	CU_ASSERT_STRING_EQUAL(polled_name(POLLED_COUNT), "unknown");
	CU_ASSERT_STRING_EQUAL(sent_name(SENT_UNKNOWN), "unknown");
	CU_ASSERT_STRING_EQUAL(sent_name(SENT_UNKNOWN + 1), "invalid");
}

/* --- loop --- */

static int count;
static struct loop *loop;

static void
on_count(void *ctx)
{
	struct loop_timer **t = ctx;

	if (++count < 3)
		loop_timer_set(*t, 1);
	else
		loop_stop(loop);
}

static void
on_free_self(void *ctx)
{
	loop_timer_free(ctx);
	count++;
}

static void
on_usr1(void *ctx, int signo)
{
	*(int *)ctx = signo;
	loop_stop(loop);
}

static void
test_loop(void)
{
	struct loop_timer *t, *u;
	struct loop_signal *s;
	int64_t start;
	int got = 0;

	loop = loop_new();
	count = 0;
	start = clock_steady();
	t = loop_timer_new(loop, on_count, &t);
	loop_timer_set(t, 20);
	CU_ASSERT_EQUAL(loop_run(loop), 0);
	CU_ASSERT_EQUAL(count, 3);
	CU_ASSERT_TRUE(clock_steady() - start >= 20);
	loop_timer_set(t, 0);
	loop_timer_clear(t);
	loop_turn(loop);
	CU_ASSERT_EQUAL(count, 3);
	u = loop_timer_new(loop, on_free_self, &u);
	loop_timer_set(u, 0);
	loop_turn(loop);
	CU_ASSERT_EQUAL(count, 4);
	CU_ASSERT_PTR_NULL(u);
	s = loop_signal(loop, SIGUSR1, on_usr1, &got);
	raise(SIGUSR1);
	loop_run(loop);
	CU_ASSERT_EQUAL(got, SIGUSR1);
	loop_signal_free(&s);
	loop_timer_free(&t);
	loop_free(&loop);
}

/* --- channel --- */

struct end {
	struct channel *ch;
	int msgs, closes;
	size_t bytes;
	struct msg last; /* moved out of the callback */
	char why[ERR_TEXT_MAX];
	bool pause_each, free_on_msg;
};

static void
on_msg(void *ctx, struct msg *m)
{
	struct end *x = ctx;

	x->msgs++;
	msg_clear(&x->last);
	x->last = *m;
	msg_init(m, m->type);
	if (x->last.type == MSG_STATS)
		x->bytes += strlen(x->last.stats.json);
	if (x->pause_each)
		channel_pause(x->ch, true);
	if (x->free_on_msg)
		channel_free(&x->ch);
}

static void
on_close(void *ctx, const char *why)
{
	struct end *x = ctx;

	x->closes++;
	snprintf(x->why, sizeof(x->why), "%s", why);
}

static void
open_end(struct end *x, int fd, enum role self, enum role peer)
{
	struct channel_ends ends = {self, peer, 3};

	memset(x, 0, sizeof(*x));
	msg_init(&x->last, MSG_READY);
	x->ch = channel_new_take(loop, fd, &ends, on_msg, on_close, x);
}

static void
close_end(struct end *x)
{
	channel_free(&x->ch);
	msg_clear(&x->last);
}

static void
pump(int turns)
{
	while (turns-- > 0)
		loop_turn(loop);
}

static int
open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n++;
	return n;
}

static void
test_channel_talk(void)
{
	struct end engine, policy;
	struct buf body = {0};
	struct msg m;
	int fds[2];

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&engine, fds[0], ROLE_ENGINE, ROLE_POLICY);
	open_end(&policy, fds[1], ROLE_POLICY, ROLE_ENGINE);
	for (int i = 0; i < 100; i++) {
		msg_init(&m, MSG_INSPECT);
		fill_inspect(&m);
		m.inspect.batch = (uint64_t)i;
		CU_ASSERT_EQUAL(channel_send(engine.ch, &m), 0);
		CU_ASSERT_PTR_NULL(m.inspect.v);
	}
	pump(5);
	CU_ASSERT_EQUAL(policy.msgs, 100);
	CU_ASSERT_EQUAL(policy.last.inspect.batch, 99);
	CU_ASSERT_EQUAL(policy.last.from, ROLE_ENGINE);
	CU_ASSERT_EQUAL(policy.last.from_index, 3);
	CU_ASSERT_STRING_EQUAL(policy.last.inspect.v[0].item.id, "tag:a,1");
	/* What was sent before the end is delivered before the end is told. */
	msg_init(&m, MSG_INSPECTED);
	fill_inspected(&m);
	CU_ASSERT_EQUAL(channel_send(policy.ch, &m), 0);
	close_end(&policy);
	pump(3);
	CU_ASSERT_EQUAL(engine.msgs, 1);
	CU_ASSERT_EQUAL(engine.closes, 1);
	CU_ASSERT_STRING_EQUAL(engine.why, "it ended");
	CU_ASSERT_FALSE(channel_breached(engine.ch));
	msg_init(&m, MSG_INSPECT);
	CU_ASSERT_EQUAL(channel_send(engine.ch, &m), TOSD_ESTATE);
	close_end(&engine);
	loop_free(&loop);
	buf_free(&body);
}

/* Far more than the kernel buffers, with a reader that pauses. */
static void
test_channel_backpressure(void)
{
	struct end engine, console;
	size_t before;
	struct msg m;
	int fds[2];

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&engine, fds[0], ROLE_ENGINE, ROLE_CONSOLE);
	open_end(&console, fds[1], ROLE_CONSOLE, ROLE_ENGINE);
	console.pause_each = true;
	for (int i = 0; i < 8; i++) {
		msg_init(&m, MSG_STATS);
		m.stats.json = xmalloc(1000001);
		memset(m.stats.json, 'x', 1000000);
		m.stats.json[1000000] = '\0';
		CU_ASSERT_EQUAL(channel_send(engine.ch, &m), 0);
	}
	CU_ASSERT_TRUE(channel_queued(engine.ch) > 7000000);
	for (int i = 0; i < 200 && console.msgs == 0; i++)
		pump(1);
	CU_ASSERT_EQUAL(console.msgs, 1);
	before = channel_queued(engine.ch);
	pump(50);
	CU_ASSERT_EQUAL(console.msgs, 1);
	CU_ASSERT_TRUE(before - channel_queued(engine.ch) < 1000000);
	console.pause_each = false;
	channel_pause(console.ch, false);
	for (int i = 0; i < 2000 && console.msgs < 8; i++)
		pump(1);
	CU_ASSERT_EQUAL(console.msgs, 8);
	CU_ASSERT_EQUAL(console.bytes, 8000000);
	CU_ASSERT_EQUAL(channel_queued(engine.ch), 0);
	close_end(&engine);
	close_end(&console);
	loop_free(&loop);
}

static void
test_channel_fds(void)
{
	int before = open_fds(), fds[2];
	struct end sup, role;
	struct buf b = {0};
	struct msg m;

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&sup, fds[0], ROLE_SUPERVISOR, ROLE_ENGINE);
	open_end(&role, fds[1], ROLE_ENGINE, ROLE_SUPERVISOR);
	for (int i = 0; i < 20; i++) {
		msg_init(&m, i % 2 ? MSG_PING : MSG_CONF);
		if (i % 2 == 0)
			m.fd = file_memfd("conf", &"0123456789"[i / 2], 1, NULL);
		CU_ASSERT_EQUAL(channel_send(sup.ch, &m), 0);
		CU_ASSERT_EQUAL(m.fd, -1);
	}
	msg_init(&m, MSG_CONF);
	m.fd = file_memfd("conf", "last", 4, NULL);
	channel_send(sup.ch, &m);
	pump(5);
	CU_ASSERT_EQUAL(role.msgs, 21);
	CU_ASSERT_EQUAL(file_read_memfd(role.last.fd, 9, &b, NULL), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "last");
	CU_ASSERT_TRUE(fcntl(role.last.fd, F_GETFD) & FD_CLOEXEC);
	/* Queued descriptors are closed with the channel. */
	channel_pause(role.ch, true);
	for (int i = 0; i < 3; i++) {
		msg_init(&m, MSG_CONF);
		m.fd = file_memfd("conf", "x", 1, NULL);
		channel_send(sup.ch, &m);
	}
	close_end(&sup);
	close_end(&role);
	loop_free(&loop);
	CU_ASSERT_EQUAL(open_fds(), before);
	buf_free(&b);
}

/* Raw bytes of a wicked peer; each must end the channel with words. */
static void
test_channel_breach(void)
{
	static const struct {
		struct frame f;
		const char *body;
		size_t n;
		const char *why;
	} cases[] = {
	    {{MSG_VERSION + 1, MSG_INSPECTED, 0, 1, 0}, "", 0, "version"},
	    {{MSG_VERSION, MSG_INSPECTED, 0, 2, 0}, "", 0, "was due"},
	    {{MSG_VERSION, MSG_INSPECTED, 0, 1, 2}, "", 0, "flags"},
	    {{MSG_VERSION, MSG_INSPECTED, UINT32_MAX, 1, 0}, "", 0, "more than"},
	    {{MSG_VERSION, MSG_POLLED, 0, 1, 0}, "", 0, "may not pass"},
	    {{MSG_VERSION, 999, 0, 1, 0}, "", 0, "not in the catalogue"},
	    {{MSG_VERSION, MSG_INSPECTED, 3, 1, 0}, "abc", 3, "malformed"},
	    {{MSG_VERSION, MSG_INSPECTED, 0, 1, 1}, "", 0, "without the descriptor"},
	};
	struct end engine;
	uint8_t head[FRAME_HEAD];
	struct msg m;
	int fds[2];

	for (size_t i = 0; i < N(cases); i++) {
		loop = loop_new();
		CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
		open_end(&engine, fds[0], ROLE_ENGINE, ROLE_POLICY);
		frame_put(head, &cases[i].f);
		CU_ASSERT_EQUAL(write(fds[1], head, sizeof(head)), FRAME_HEAD);
		CU_ASSERT_EQUAL(write(fds[1], cases[i].body, cases[i].n), cases[i].n);
		pump(4);
		CU_ASSERT_EQUAL(engine.msgs, 0);
		CU_ASSERT_EQUAL(engine.closes, 1);
		CU_ASSERT_PTR_NOT_NULL(strstr(engine.why, cases[i].why));
		CU_ASSERT_TRUE(channel_breached(engine.ch));
		msg_init(&m, MSG_INSPECT);
		CU_ASSERT_EQUAL(channel_send(engine.ch, &m), TOSD_ESTATE);
		close_end(&engine);
		close(fds[1]);
		loop_free(&loop);
	}
}

/* One byte at a time, then an end in the middle of a frame. */
static void
test_channel_drip(void)
{
	struct frame f = {MSG_VERSION, MSG_SENDING, 16, 1, 0};
	uint8_t raw[FRAME_HEAD + 16] = {0};
	struct end engine;
	int fds[2];

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&engine, fds[0], ROLE_ENGINE, ROLE_COURIER);
	frame_put(raw, &f);
	raw[FRAME_HEAD] = 1;
	raw[FRAME_HEAD + 4] = 42;
	for (size_t i = 0; i < sizeof(raw); i++) {
		CU_ASSERT_EQUAL(engine.msgs, 0);
		CU_ASSERT_EQUAL(write(fds[1], raw + i, 1), 1);
		pump(1);
	}
	CU_ASSERT_EQUAL(engine.msgs, 1);
	CU_ASSERT_EQUAL(engine.last.sending.ids[0], 42);
	f.seq = 2;
	frame_put(raw, &f);
	CU_ASSERT_EQUAL(write(fds[1], raw, 20), 20);
	close(fds[1]);
	pump(3);
	CU_ASSERT_EQUAL(engine.closes, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(engine.why, "middle"));
	close_end(&engine);
	loop_free(&loop);
}

/* Descriptors without frames, and two with one. */
static void
test_channel_fd_flood(void)
{
	int before = open_fds(), fds[2], sent[2];
	struct end engine;
	char room[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {(char[]){1}, 1};
	struct msghdr mh = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof(room)};
	struct cmsghdr *c;

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&engine, fds[0], ROLE_ENGINE, ROLE_POLICY);
	memset(room, 0, sizeof(room));
	c = CMSG_FIRSTHDR(&mh);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(sent));
	sent[0] = sent[1] = fds[1];
	memcpy(CMSG_DATA(c), sent, sizeof(sent));
	CU_ASSERT_EQUAL(sendmsg(fds[1], &mh, 0), 1);
	pump(3);
	CU_ASSERT_EQUAL(engine.closes, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(engine.why, "descriptors"));
	close_end(&engine);
	close(fds[1]);
	loop_free(&loop);
	CU_ASSERT_EQUAL(open_fds(), before);
}

/* The owner may free the channel in the middle of a delivery. */
static void
test_channel_free_inside(void)
{
	struct end engine, console;
	struct msg m;
	int fds[2];

	loop = loop_new();
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	open_end(&engine, fds[0], ROLE_ENGINE, ROLE_CONSOLE);
	open_end(&console, fds[1], ROLE_CONSOLE, ROLE_ENGINE);
	console.free_on_msg = true;
	for (int i = 0; i < 3; i++) {
		msg_init(&m, MSG_STATS);
		fill_stats(&m);
		channel_send(engine.ch, &m);
	}
	pump(4);
	CU_ASSERT_EQUAL(console.msgs, 1);
	CU_ASSERT_PTR_NULL(console.ch);
	CU_ASSERT_EQUAL(engine.closes, 1);
	close_end(&engine);
	close_end(&console);
	loop_free(&loop);
}

/* --- ready --- */

static void
hear(int fd, const char *want)
{
	char got[512];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	CU_ASSERT_TRUE_FATAL(n >= 0);
	got[n] = '\0';
	CU_ASSERT_NSTRING_EQUAL(got, want, strlen(want));
	if (strncmp(want, "RELOADING", 9) != 0)
		CU_ASSERT_STRING_EQUAL(got, want);
}

static void
talk_to(int fd)
{
	struct err e = ERR_INIT;
	struct ready *r = NULL;

	setenv("WATCHDOG_USEC", "30000000", 1);
	CU_ASSERT_EQUAL_FATAL(ready_new(&r, &e), 0);
	CU_ASSERT_PTR_NULL(getenv("NOTIFY_SOCKET"));
	CU_ASSERT_PTR_NULL(getenv("WATCHDOG_USEC"));
	CU_ASSERT_EQUAL(ready_watchdog(r), 30000);
	CU_ASSERT_TRUE(ready_up(r, "a\nREADY=0"));
	hear(fd, "READY=1\nSTATUS=a READY=0\n");
	CU_ASSERT_TRUE(ready_alive(r));
	hear(fd, "WATCHDOG=1\n");
	CU_ASSERT_TRUE(ready_reloading(r, "x"));
	hear(fd, "RELOADING=1\nMONOTONIC_USEC=");
	CU_ASSERT_TRUE(ready_stopping(r, NULL));
	hear(fd, "STOPPING=1\n");
	CU_ASSERT_TRUE(ready_status(r, "ok"));
	hear(fd, "STATUS=ok\n");
	ready_free(&r);
}

static void
test_ready(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tmp/tosd-ready-%d", (int)getpid());
	for (int abstract = 0; abstract < 2; abstract++) {
		size_t n = strlen(name);

		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		memcpy(addr.sun_path, name, n + 1);
		if (abstract)
			addr.sun_path[0] = '\0';
		CU_ASSERT_EQUAL_FATAL(
		    bind(fd, (struct sockaddr *)&addr,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
				    !abstract)),
		    0);
		if (abstract)
			name[0] = '@';
		setenv("NOTIFY_SOCKET", name, 1);
		talk_to(fd);
		close(fd);
		if (!abstract)
			unlink(name);
	}
}

static void
test_ready_nobody(void)
{
	static const char *const bad[] = {"", "relative", "@", "vsock:2:1"};
	struct err e = ERR_INIT;
	struct ready *r;

	unsetenv("NOTIFY_SOCKET");
	CU_ASSERT_EQUAL(ready_new(&r, &e), 0);
	CU_ASSERT_FALSE(ready_up(r, "x"));
	CU_ASSERT_EQUAL(ready_watchdog(r), 0);
	ready_free(&r);
	/* The watchdog of another process is not ours. */
	setenv("NOTIFY_SOCKET", "/tmp/nobody-listens-here", 1);
	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	CU_ASSERT_EQUAL(ready_new(&r, &e), 0);
	CU_ASSERT_EQUAL(ready_watchdog(r), 0);
	CU_ASSERT_FALSE(ready_alive(r));
	ready_free(&r);
	for (size_t i = 0; i < N(bad); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		CU_ASSERT_EQUAL(ready_new(&r, &e), TOSD_EINVAL);
		CU_ASSERT_PTR_NULL(r);
		CU_ASSERT_PTR_NULL(getenv("NOTIFY_SOCKET"));
	}
}

/* --- spawn --- */

/* A program that cannot run is told at once, with the reason, and leaves no child. */
static void
test_spawn_fails(void)
{
	struct spawn s = {.exe = "/nonexistent/tosd", .role = ROLE_FETCH};
	int before = open_fds(), fds[2];
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	CU_ASSERT_TRUE(spawn_role(&s, fds[1], &e) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/nonexistent/tosd"));
	CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
	if (geteuid() != 0) {
		s.become = true;
		CU_ASSERT_EQUAL(spawn_role(&s, fds[1], &e), TOSD_EDENIED);
	}
	close(fds[0]);
	close(fds[1]);
	CU_ASSERT_EQUAL(open_fds(), before);
}

/* What the child has open, by its own look at /proc; 10 is where the shell keeps its
 * script. */
static void
test_spawn_clean(void)
{
	static const char script[] =
	    "#!/bin/sh\n"
	    "for f in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15 16 17; do\n"
	    "[ -e /proc/$$/fd/$f ] && set -- \"$@\" $f; done; echo \"$*\" >&3\n";
	char path[64], got[256] = "";
	struct spawn s = {
	    .exe = path, .role = ROLE_POLICY, .index = 7, .die_with_us = true};
	struct err e = ERR_INIT;
	int fds[2], extra = fcntl(0, F_DUPFD, 6);
	pid_t pid;

	snprintf(path, sizeof(path), "/tmp/tosd-spawn-%d", (int)getpid());
	CU_ASSERT_EQUAL_FATAL(
	    file_write(path, script, sizeof(script) - 1, 0700, FILE_NOSYNC, &e), 0);
	CU_ASSERT_EQUAL_FATAL(channel_pair(fds, NULL), 0);
	pid = spawn_role(&s, fds[1], &e);
	CU_ASSERT_TRUE_FATAL(pid > 0);
	CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
	CU_ASSERT_TRUE(read(fds[0], got, sizeof(got) - 1) > 0);
	CU_ASSERT_TRUE(extra > ROLE_CONTROL_FD);
	CU_ASSERT_STRING_EQUAL(got, "--role policy --index 7 0 1 2 3\n");
	close(fds[0]);
	close(fds[1]);
	close(extra);
	unlink(path);
}

/* --- the server --- */

static void
on_any(void *ctx, const struct http_request *req, struct http_reply *reply)
{
	(void)ctx;
	(void)req;
	reply->status = 204;
}

static void
on_over(void *ctx)
{
	loop_stop(ctx);
}

static int
connect_to(unsigned port)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* Those of these that were closed on us. */
static unsigned
count_closed(const int *fd, unsigned n)
{
	unsigned closed = 0;
	char c;

	for (unsigned i = 0; i < n; i++)
		closed += recv(fd[i], &c, 1, MSG_DONTWAIT) == 0;
	return closed;
}

static void
run_for(struct loop *l, struct loop_timer *t, int64_t ms)
{
	loop_timer_set(t, ms);
	CU_ASSERT_EQUAL(loop_run(l), 0);
}

/* Three from one address and no more; who leaves makes room. */
static void
test_http_address(void)
{
	struct http_limits limits = http_limits_default;
	struct loop *l = loop_new();
	struct loop_timer *t = loop_timer_new(l, on_over, l);
	struct http_server *s;
	struct err e = ERR_INIT;
	int fd[8];

	limits.per_address = 3;
	limits.count_loopback = true;
	limits.body = 100;
	CU_ASSERT_EQUAL_FATAL(
	    http_server_new_post(l, "127.0.0.1:0", &limits, on_any, NULL, &s, &e), 0);
	for (unsigned i = 0; i < 5; i++)
		fd[i] = connect_to(http_server_port(s));
	run_for(l, t, 200);
	CU_ASSERT_EQUAL(count_closed(fd, 5), 2);
	for (unsigned i = 0; i < 5; i++)
		close(fd[i]);
	run_for(l, t, 200);
	for (unsigned i = 0; i < 3; i++)
		fd[i] = connect_to(http_server_port(s));
	run_for(l, t, 200);
	CU_ASSERT_EQUAL(count_closed(fd, 3), 0);
	for (unsigned i = 0; i < 3; i++)
		close(fd[i]);
	http_server_free(&s);
	/* Those of a proxy on this machine are not counted. */
	limits.count_loopback = false;
	CU_ASSERT_EQUAL_FATAL(
	    http_server_new_post(l, "127.0.0.1:0", &limits, on_any, NULL, &s, &e), 0);
	for (unsigned i = 0; i < 8; i++)
		fd[i] = connect_to(http_server_port(s));
	run_for(l, t, 200);
	CU_ASSERT_EQUAL(count_closed(fd, 8), 0);
	for (unsigned i = 0; i < 8; i++)
		close(fd[i]);
	http_server_free(&s);
	loop_timer_free(&t);
	loop_free(&l);
}

static const struct suite_test tests[] = {
    {"msg: every type there and back, golden bytes", test_msg_round_trip},
    {"msg: values survive", test_msg_values},
    {"polls of lists", test_msg_list_poll},
    {"msg: every cut is refused", test_msg_cuts},
    {"msg: changed bytes are refused or read exactly", test_msg_flips},
    {"msg: the table of senders, receivers and descriptors", test_msg_table},
    {"msg: well-formed lies", test_msg_lies},
    {"msg: words of a policy worker", test_policy_words},
    {"msg: words of others", test_long_words},
    {"msg: captures", test_capture},
    {"msg: names", test_names},
    {"loop: timers, deferred calls, signals", test_loop},
    {"channel: messages both ways, last words", test_channel_talk},
    {"channel: back-pressure and pause", test_channel_backpressure},
    {"channel: descriptors pass and are closed", test_channel_fds},
    {"channel: every breach ends it", test_channel_breach},
    {"channel: byte by byte, cut short", test_channel_drip},
    {"channel: descriptors without frames", test_channel_fd_flood},
    {"channel: freed from inside", test_channel_free_inside},
    {"ready: path and abstract sockets", test_ready},
    {"ready: nobody there, bad addresses", test_ready_nobody},
    {"spawn: failures are told", test_spawn_fails},
    {"spawn: nothing is inherited", test_spawn_clean},
    {"the server: connections from one address", test_http_address},
};

SUITE_MAIN("ipc", tests)
