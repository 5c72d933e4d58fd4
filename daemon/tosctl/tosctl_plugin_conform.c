/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_plugin_conform: the cases of `tosctl plugin conform', each one row of a table
 * with what it is for.  The program is talked to line by line; what it says goes
 * through the reader and the checks of the daemon's own host.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "policy/plugin.h"
#include "tosctl/plugin_talk.h"
#include "tosctl/tosctl_plugin.h"

#define ANSWER_MAX                                                        \
	(30 * CLOCK_SEC) /* far longer than any deadline: this is no race \
			  */
#define MANY 500

struct test {
	const char *name, *about;
	/* True: passed; else t->why. */
	bool (*run)(struct talk *t, const struct test *c);
	const char *text; /* of the item: `text' so many times, with `end' after it */
	unsigned times;
	const char *end;
};

/* A sentence that is ordinary, for cases that are not about the text. */
static const char ordinary[] = "The market opens at nine, and there is COFFEE!!! See "
			       "https://shop.example/ for the rest.";

static bool
ask_ordinary(struct talk *t)
{
	return talk_ask(t, ordinary, strlen(ordinary), NULL);
}

static bool
same(struct talk *t, struct buf *a, struct buf *b, const char *what)
{
	bool good =
	    a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);

	if (!good)
		talk_fail(t, "%s: first \"%.100s\", then \"%.100s\"", what,
		    a->data != NULL ? a->data : "", b->data != NULL ? b->data : "");
	buf_free(a);
	buf_free(b);
	return good;
}

/* --- cases: hello */

static bool
case_hello(struct talk *t, const struct test *c)
{
	(void)c;
	return talk_begin(t);
}

static bool
case_hello_again(struct talk *t, const struct test *c)
{
	struct exec_hello first;
	bool good;

	(void)c;
	if (!talk_begin(t))
		return false;
	first = t->hello;
	memset(&t->hello, 0, sizeof(t->hello));
	good =
	    talk_begin(t) && (exec_hello_same(&first, &t->hello) ||
				 talk_fail(t, "its second hello says something else"));
	exec_hello_clear(&first);
	return good;
}

static bool
case_granted(struct talk *t, const struct test *c)
{
	uint32_t lacks;
	char names[96];

	(void)c;
	if (!talk_ready(t))
		return false;
	lacks = exec_fields_need(t->hello.want) & ~t->run->conf.grant;
	return lacks == 0 || talk_fail(t, "it wants %s: try again with --grant",
				 policy_need_names(lacks, names));
}

static bool
case_pure(struct talk *t, const struct test *c)
{
	(void)c;
	return talk_ready(t) &&
	       (t->hello.pure || talk_fail(t, "it says that it is not pure: its rules "
					      "could never count"));
}

static bool
case_silent(struct talk *t, const struct test *c)
{
	struct exec_event ev;

	(void)c;
	if (!talk_begin(t))
		return false;
	if (talk_next(t, &ev, 300)) {
		exec_hello_clear(&ev.hello);
		return talk_fail(t, "it talks without being asked");
	}
	t->why[0] = '\0';
	return ask_ordinary(t);
}

/* --- cases: texts */

static bool
case_text(struct talk *t, const struct test *c)
{
	struct buf text = {0}, a = {0}, b = {0};
	bool good;

	for (unsigned i = 0; i < (c->times > 0 ? c->times : 1); i++)
		buf_puts(&text, c->text);
	if (c->end != NULL)
		buf_puts(&text, c->end);
	if (text.data == NULL)
		buf_puts(&text, "");
	good = talk_ask(t, text.data, text.len, &a) &&
	       talk_ask(t, text.data, text.len, &b);
	if (good)
		good = same(t, &a, &b, "the same text twice");
	buf_free(&a);
	buf_free(&b);
	buf_free(&text);
	return good;
}

/* --- cases: messages.  `text' is a line in which @SEQ@ and @TEXT@ are filled in */

static void
say_template(struct talk *t, const char *line)
{
	struct buf b = {0};
	const char *at;

	while ((at = strchr(line, '@')) != NULL) {
		buf_put(&b, line, (size_t)(at - line));
		if (strncmp(at, "@SEQ@", 5) == 0) {
			buf_printf(&b, "%llu", (unsigned long long)++t->seq);
			line = at + 5;
		} else if (strncmp(at, "@TEXT@", 6) == 0) {
			exec_put_string(&b, ordinary, strlen(ordinary));
			line = at + 6;
		} else {
			buf_putc(&b, '@');
			line = at + 1;
		}
	}
	buf_puts(&b, line);
	buf_putc(&b, '\n');
	talk_say(t, b.data);
	buf_free(&b);
}

/* A message that needs no answer, then an item that does. */
static bool
case_message(struct talk *t, const struct test *c)
{
	if (!talk_ready(t))
		return false;
	for (unsigned i = 0; i < (c->times > 0 ? c->times : 1); i++)
		say_template(t, c->text);
	return ask_ordinary(t);
}

static bool
case_item(struct talk *t, const struct test *c)
{
	if (!talk_ready(t))
		return false;
	say_template(t, c->text);
	return talk_hear(t, t->seq, ordinary, strlen(ordinary), NULL) &&
	       ask_ordinary(t);
}

static bool
case_high_seq(struct talk *t, const struct test *c)
{
	(void)c;
	if (!talk_ready(t))
		return false;
	t->seq = (1ull << 53) - 2;
	if (!ask_ordinary(t))
		return false;
	talk_end(t);
	t->seq = 0;
	return true;
}

static bool
case_long_message(struct talk *t, const struct test *c)
{
	(void)c;
	if (!talk_ready(t))
		return false;
	talk_say(t, "{\"t\":\"news\",\"x\":\"");
	for (int i = 0; i < 200000; i++)
		talk_say(t, "later");
	talk_say(t, "\"}\n");
	return ask_ordinary(t);
}

static bool
case_long_set(struct talk *t, const struct test *c)
{
	(void)c;
	if (!talk_ready(t))
		return false;
	talk_say(t, "{\"t\":\"sets\",\"sets\":{\"@protected\":[\"North Hall\"");
	for (int i = 0; i < 10000; i++) {
		char name[32];

		snprintf(name, sizeof(name), ",\"depot %d\"", i);
		talk_say(t, name);
	}
	talk_say(t, "]}}\n");
	return ask_ordinary(t);
}

/* --- cases: order and amount */

/* Sends n items within its window and hears n different answers; said[i] of item i. */
static bool
ask_many(struct talk *t, unsigned n, unsigned window, struct buf *said)
{
	uint64_t first = t->seq + 1;
	unsigned sent = 0, heard = 0;
	bool *there = xcalloc(n, sizeof(*there)), good = true;

	while (good && heard < n) {
		struct exec_event ev;
		char text[64];

		for (; sent < n && sent - heard < window; sent++) {
			snprintf(text, sizeof(text), "ITEM %u is HERE!!!", sent);
			talk_item(t, text, strlen(text));
		}
		good = talk_next(t, &ev, ANSWER_MAX);
		if (good && ev.kind == EXEC_BUSY)
			good = talk_fail(t, "busy though its window is kept");
		else if (good && (ev.seq < first || ev.seq >= first + sent ||
				     there[ev.seq - first]))
			good = talk_fail(t,
			    "it answers item %llu twice, or one that it was "
			    "not asked",
			    (unsigned long long)ev.seq);
		if (!good)
			break;
		there[ev.seq - first] = true;
		snprintf(text, sizeof(text), "ITEM %u is HERE!!!",
		    (unsigned)(ev.seq - first));
		good = talk_check(t, &ev, text, strlen(text), &said[ev.seq - first]);
		heard++;
	}
	free(there);
	return good;
}

static unsigned
window_of(const struct talk *t)
{
	return t->hello.max_inflight < t->run->conf.window ? t->hello.max_inflight
							   : t->run->conf.window;
}

static bool
many(struct talk *t, unsigned window)
{
	struct buf *said = xcalloc(MANY, sizeof(*said));
	bool good = ask_many(t, MANY, window, said);

	for (unsigned i = 0; i < MANY; i++)
		buf_free(&said[i]);
	free(said);
	return good;
}

static bool
case_window(struct talk *t, const struct test *c)
{
	(void)c;
	return talk_ready(t) && many(t, window_of(t));
}

static bool
case_lockstep(struct talk *t, const struct test *c)
{
	(void)c;
	return talk_ready(t) && many(t, 1);
}

/* What it says of an item does not depend on what it was asked before. */
static bool
case_memory(struct talk *t, const struct test *c)
{
	struct buf a = {0}, b = {0};

	(void)c;
	if (!talk_begin(t) || !talk_ask(t, ordinary, strlen(ordinary), &a) ||
	    !many(t, window_of(t)) || !talk_ask(t, ordinary, strlen(ordinary), &b)) {
		buf_free(&a);
		return false;
	}
	return same(t, &a, &b, "the same text after 500 others");
}

static bool
case_other_run(struct talk *t, const struct test *c)
{
	struct buf a = {0}, b = {0};

	(void)c;
	if (!talk_begin(t) || !talk_ask(t, ordinary, strlen(ordinary), &a) ||
	    !talk_begin(t) || !talk_ask(t, ordinary, strlen(ordinary), &b)) {
		buf_free(&a);
		return false;
	}
	return same(t, &a, &b, "the same text in another process");
}

static bool
case_order(struct talk *t, const struct test *c)
{
	static const char other[] = "Completely OTHER words!!! http://a.example/";
	struct buf v[4] = {{0}};
	bool good;

	(void)c;
	good = talk_ask(t, ordinary, strlen(ordinary), &v[0]) &&
	       talk_ask(t, other, strlen(other), &v[1]) &&
	       talk_ask(t, other, strlen(other), &v[2]) &&
	       talk_ask(t, ordinary, strlen(ordinary), &v[3]);
	if (good)
		good = same(t, &v[0], &v[3], "the same text in another order") &&
		       same(t, &v[1], &v[2], "the same text in another order");
	for (int i = 0; i < 4; i++)
		buf_free(&v[i]);
	return good;
}

/* Bytes of resident memory. */
static long
memory_of(pid_t pid)
{
	char path[64];
	long total, resident = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	if (fscanf(f, "%ld %ld", &total, &resident) != 2)
		resident = -1;
	fclose(f);
	return resident < 0 ? -1 : resident * sysconf(_SC_PAGESIZE);
}

static bool
case_leak(struct talk *t, const struct test *c)
{
	long before, after;

	(void)c;
	if (!talk_ready(t) || !many(t, window_of(t)))
		return false;
	before = memory_of(t->run->pid);
	for (int i = 0; i < 4; i++)
		if (!many(t, window_of(t)))
			return false;
	after = memory_of(t->run->pid);
	return after - before <= 16l << 20 ||
	       talk_fail(t, "it grew by %ld KiB over 2,000 small items",
		   (after - before) >> 10);
}

/* --- cases: how bytes come */

/* Writes a whole line in pieces of n bytes with a pause between. */
static bool
in_pieces(struct talk *t, size_t n, unsigned pause)
{
	struct buf line = {0};
	struct buf *out = exec_child_out(t->c);
	uint64_t seq = talk_item(t, ordinary, strlen(ordinary));
	bool good = true;

	buf_put(&line, out->data, out->len);
	buf_reset(out);
	for (size_t i = 0; i < line.len && good; i += n) {
		buf_put(out, line.data + i, line.len - i < n ? line.len - i : n);
		while (good && exec_child_unsent(t->c) > 0) {
			good = exec_child_move(t->c, clock_steady(), NULL) == 0 ||
			       talk_fail(t, "it ended over a line that came in pieces");
		}
		usleep(pause);
	}
	buf_free(&line);
	return good && talk_hear(t, seq, ordinary, strlen(ordinary), NULL);
}

static bool
case_slow(struct talk *t, const struct test *c)
{
	return talk_ready(t) && in_pieces(t, c->times, 2000);
}

static bool
case_together(struct talk *t, const struct test *c)
{
	uint64_t a, b;

	(void)c;
	if (!talk_ready(t))
		return false;
	if (window_of(t) < 2)
		return ask_ordinary(t);
	a = talk_item(t, ordinary, strlen(ordinary));
	b = talk_item(t, ordinary, strlen(ordinary));
	for (int i = 0; i < 2; i++) {
		struct exec_event ev;

		if (!talk_next(t, &ev, ANSWER_MAX))
			return false;
		if (ev.seq != a && ev.seq != b)
			return talk_fail(t, "it answers another item");
	}
	return true;
}

/* Its output is not read for a while: it has to wait, and must lose nothing. */
static bool
case_unread(struct talk *t, const struct test *c)
{
	unsigned n = window_of(t);
	uint64_t first = t->seq + 1;

	(void)c;
	if (!talk_ready(t))
		return false;
	n = window_of(t);
	for (unsigned i = 0; i < n; i++)
		talk_item(t, ordinary, strlen(ordinary));
	first = t->seq - n + 1;
	exec_child_move(t->c, clock_steady(), NULL);
	usleep(500000);
	for (unsigned i = 0; i < n; i++) {
		struct exec_event ev;

		if (!talk_next(t, &ev, ANSWER_MAX))
			return false;
		if (ev.seq < first || ev.seq > t->seq)
			return talk_fail(t, "it answers another item");
	}
	return true;
}

static bool
case_quiet(struct talk *t, const struct test *c)
{
	uint64_t lines;

	(void)c;
	if (!talk_begin(t) || !many(t, window_of(t)))
		return false;
	exec_child_move(t->c, clock_steady(), NULL);
	lines = exec_child_errors(t->c);
	return lines <= 20 ||
	       talk_fail(t, "%llu lines on standard error over 500 items",
		   (unsigned long long)lines);
}

static bool
case_deadline(struct talk *t, const struct test *c)
{
	int64_t begin, took;

	(void)c;
	if (!talk_ready(t) || !ask_ordinary(t))
		return false;
	begin = clock_steady();
	if (!ask_ordinary(t))
		return false;
	took = clock_steady() - begin;
	return took <= t->run->conf.deadline ||
	       talk_fail(t, "one ordinary item takes %lld ms", (long long)took);
}

/* --- cases: the end */

/* It ends by itself within END_MAX, with code 0; answers to come first. */
static bool
ends(struct talk *t, unsigned answers, bool by_signal)
{
	struct exec_event ev;
	bool ended = false, good = true;
	int status;

	for (unsigned i = 0; i < answers && good; i++)
		good = talk_next(t, &ev, ANSWER_MAX);
	exec_child_move(t->c, clock_steady(), NULL);
	status = plugin_run_end(t->run, END_MAX, &ended);
	if (good && !ended)
		good = talk_fail(t, "it did not end within 2 s");
	else if (good && !(WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
		 !(by_signal && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM))
		good = talk_fail(t,
		    WIFSIGNALED(status) ? "it died by signal %d"
					: "it ended with exit code %d",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	talk_end(t);
	return good;
}

static bool
case_drain(struct talk *t, const struct test *c)
{
	if (!talk_begin(t))
		return false;
	if (c->times > 0)
		talk_item(t, ordinary, strlen(ordinary));
	talk_say(t, "{\"t\":\"drain\"}\n");
	if (c->text != NULL)
		exec_child_hush(t->c);
	return ends(t, c->times, false);
}

static bool
case_eof(struct talk *t, const struct test *c)
{
	if (!talk_begin(t))
		return false;
	if (c->times > 0 && !ask_ordinary(t))
		return false;
	exec_child_hush(t->c);
	return ends(t, 0, false);
}

static bool
case_drain_window(struct talk *t, const struct test *c)
{
	unsigned n;

	(void)c;
	if (!talk_begin(t))
		return false;
	n = window_of(t);
	for (unsigned i = 0; i < n; i++)
		talk_item(t, ordinary, strlen(ordinary));
	talk_say(t, "{\"t\":\"drain\"}\n");
	exec_child_hush(t->c);
	return ends(t, n, false);
}

static bool
case_term(struct talk *t, const struct test *c)
{
	if (!talk_begin(t))
		return false;
	if (c->times > 0 && !ask_ordinary(t))
		return false;
	kill(t->run->pid, SIGTERM);
	return ends(t, 0, true);
}

static const struct test tests[] = {
#define T(n, a, ...)                                                 \
	{                                                            \
		.name = n, .about = a, .run = case_text, __VA_ARGS__ \
	}
#define M(n, a, l)                                                    \
	{                                                             \
		.name = n, .about = a, .run = case_message, .text = l \
	}
#define I(n, a, l)                                                 \
	{                                                          \
		.name = n, .about = a, .run = case_item, .text = l \
	}
#define C(n, a, f, ...)                                      \
	{                                                    \
		.name = n, .about = a, .run = f, __VA_ARGS__ \
	}
    C("hello", "says hello within 2 s, with rules that the host takes", case_hello, 0),
    C("hello-again", "says the same hello in each process", case_hello_again, 0),
    C("hello-granted", "wants no more than it is granted", case_granted, 0),
    C("hello-pure", "promises that the same item gives the same findings", case_pure,
	0),
    C("hello-silent", "says nothing after its hello until it is asked", case_silent, 0),
    T("text-empty", "an empty text", .text = ""),
    T("text-letter", "a text of one letter", .text = "a"),
    T("text-plain", "plain English", .text = "The train leaves at ten past four."),
    T("text-lines", "several lines and tabs", .text = "one\n\ttwo\n\nthree\n"),
    T("text-crlf", "lines that end as in mail", .text = "one\r\ntwo\r\n"),
    T("text-quotes", "quotes and backslashes", .text = "\"a\" \\ \\\\ \\\" 'b' `c`"),
    T("text-control", "control characters", .text = "\x01\x02\x1b[31mred\x1b[0m\x7f"),
    T("text-nul-words", "a NUL as people write it; no real one is ever sent",
	.text = "\\u0000 \\0 %00 \xe2\x90\x80"),
    T("text-replacement", "characters that could not be read",
	.text = "a\xef\xbf\xbd"
		"b"),
    T("text-latin", "letters of two bytes", .text = "S\xc3\xbc\xc3\x9f \xc3\x84RGER!"),
    T("text-cyrillic", "another alphabet",
	.text = "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 "
		"\xd0\x9c\xd0\x98\xd0\xa0"),
    T("text-han", "characters of three bytes",
	.text = "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x81"),
    T("text-emoji", "characters of four bytes",
	.text = "\xf0\x9f\x98\x80\xf0\x9f\x98\x80 OK"),
    T("text-borders", "what is to be found right behind long characters",
	.text = "\xf0\x9f\x98\x80!!! \xf0\x9f\x98\x80HELP SOMEBODY PLEASE!!!"),
    T("text-joined", "emoji joined to one",
	.text =
	    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"),
    T("text-combining", "marks that stand over letters",
	.text = "Z\xcc\xa7\xcc\x87\xcc\xa8"),
    T("text-arabic", "right to left",
	.text = "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 abc"),
    T("text-bidi", "controls of direction",
	.text = "a\xe2\x80\xae"
		"cba\xe2\x80\xac z"),
    T("text-zero-width", "invisible characters within words",
	.text = "kn\xe2\x80\x8bi\xe2\x80\x8c"
		"fe\xef\xbb\xbf"),
    T("text-wide", "full-width letters",
	.text = "\xef\xbc\xa8\xef\xbc\xa5\xef\xbc\xb9"),
    T("text-lookalike", "letters of another alphabet in a word",
	.text = "p\xd0\xb0yp\xd0\xb0l"),
    T("text-bom", "a byte order mark first", .text = "\xef\xbb\xbfhello"),
    T("text-private", "private characters and non-characters",
	.text = "\xee\x80\x80 \xef\xbf\xbe \xf4\x8f\xbf\xbf"),
    T("text-separators", "line and paragraph separators",
	.text = "a\xe2\x80\xa8"
		"b\xe2\x80\xa9"
		"c\xc2\x85"),
    T("text-capitals", "capitals only", .text = "WHY IS NOBODY LISTENING TO ME"),
    T("text-marks", "many marks", .text = "!?", .times = 200),
    T("text-blank", "blanks only", .text = " \t\n", .times = 100),
    T("text-json", "a text that is JSON",
	.text = "{\"t\":\"drain\",\"seq\":1,\"text\":\"x\"}"),
    T("text-protocol", "a text that looks like our next line",
	.text = "x\"}}\n{\"t\":\"drain\"}\n"),
    T("text-shell", "words that a shell would run",
	.text = "$(id) `id` ; rm -rf x | cat > y && exit 3 * ? [a-z] ~ !!"),
    T("text-format", "words that printf would read", .text = "%s%n%d %1$s \\n \\x41"),
    T("text-markup", "markup", .text = "<script>alert(1)</script> &amp; <!-- -->"),
    T("text-dashes", "a text that begins like an option", .text = "-n -e --help"),
    T("text-links", "many links", .text = "http://a.example/x?y=1&z=2 ", .times = 300),
    T("text-long-word", "a word of 64 KiB", .text = "abcdefgh", .times = 8192),
    T("text-long-line", "a line of 200 KiB", .text = "some words and ", .times = 13000),
    T("text-many-lines", "20,000 lines", .text = "x\n", .times = 20000),
    T("text-mebibyte", "1 MiB, the longest text there is", .text = "0123456789abcdef",
	.times = 65536),
    T("text-mebibyte-wide", "1 MiB of characters of four bytes",
	.text = "\xf0\x9f\x98\x80", .times = 262144),
    T("text-mebibyte-quotes", "1 MiB of quotes, which are 2 MiB of JSON",
	.text = "\"\"\"\"", .times = 262144),
    T("text-end", "a match, if any, at the very end", .text = "words ", .times = 50,
	.end = "HELP!!! http://end.example/"),
    I("item-bare", "an item without any field but its text",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"item\":{\"text\":@TEXT@}}"),
    I("item-more", "members that version 1 does not know, in message and item",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"deadline_ms\":1000,\"new\":{\"a\":[1,null]},"
	"\"item\":{\"text\":@TEXT@,\"lang\":\"en\",\"mood\":\"good\"}}"),
    I("item-order", "members in another order",
	"{\"item\":{\"lang\":\"de\",\"text\":@TEXT@},\"as_of\":5,\"seq\":@SEQ@,\"t\":"
	"\"item\"}"),
    I("item-spaces", "blanks between the parts of the JSON",
	"{ \"t\" : \"item\" , \"seq\" : @SEQ@ , \"item\" : { \"text\" : @TEXT@ } }"),
    I("item-old", "an event time before 1970",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"as_of\":-86400000,\"item\":{\"text\":@TEXT@}"
	"}"),
    I("item-escaped", "every letter of a member's name written as an escape",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"item\":{\"\\u0074\\u0065\\u0078\\u0074\":@"
	"TEXT@}}"),
    C("item-high-seq", "numbers up to 2^53", case_high_seq, 0),
    M("message-unknown", "a type that version 1 does not know is ignored",
	"{\"t\":\"weather\",\"seq\":1}"),
    M("message-tick", "a tick needs no answer", "{\"t\":\"tick\"}"),
    C("message-ticks", "a hundred ticks", case_message, .text = "{\"t\":\"tick\"}",
	.times = 100),
    M("message-sets-empty", "sets without a member", "{\"t\":\"sets\",\"sets\":{}}"),
    M("message-sets", "a set",
	"{\"t\":\"sets\",\"sets\":{\"@protected\":[\"North Hall\"]}}"),
    C("message-sets-long", "a set of 10,000 names", case_long_set, 0),
    C("message-long", "an unknown message of 1 MB", case_long_message, 0),
    M("message-start", "a second start, with settings that it does not know",
	"{\"t\":\"start\",\"proto\":[1,2],\"settings\":{\"colour\":\"red\"}}"),
    C("flow-lockstep", "500 items one by one", case_lockstep, 0),
    C("flow-window", "500 items with its whole window in hand", case_window, 0),
    C("flow-together", "two lines that come at once", case_together, 0),
    C("flow-bytes", "a line that comes byte by byte", case_slow, .times = 1),
    C("flow-pieces", "a line that comes in pieces, cut within characters", case_slow,
	.times = 7),
    C("flow-unread", "nobody reads its answers for half a second", case_unread, 0),
    C("flow-deadline", "an ordinary item within its deadline", case_deadline, 0),
    C("same-order", "findings do not depend on the order of items", case_order, 0),
    C("same-memory", "nor on what it was asked before", case_memory, 0),
    C("same-process", "nor on the process", case_other_run, 0),
    C("load-memory", "does not grow by more than 16 MiB over 2,000 items", case_leak,
	0),
    C("load-quiet", "writes no line of log for each item", case_quiet, 0),
    C("end-drain", "ends on drain, with exit code 0 within 2 s", case_drain, 0),
    C("end-drain-item", "answers what it has in hand before it ends", case_drain,
	.times = 1),
    C("end-drain-window", "answers a whole window before it ends", case_drain_window,
	0),
    C("end-drain-eof", "drain, and its input ends", case_drain, .text = "eof"),
    C("end-eof", "ends when its input ends", case_eof, 0),
    C("end-eof-later", "the same after an item", case_eof, .times = 1),
    C("end-term", "ends on SIGTERM", case_term, 0),
    C("end-term-later", "the same after an item", case_term, .times = 1),
};
#define NTESTS (sizeof(tests) / sizeof(tests[0]))

static void
print(const struct test *c, bool json, const char *result, const char *why)
{
	if (json) {
		json_t *o = json_pack("{ss ss}", "case", c->name, "about", c->about);

		if (result != NULL)
			json_object_set_new(o, "result", json_string(result));
		if (why != NULL)
			json_object_set_new(o, "why", json_string(why));
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	} else if (result == NULL) {
		printf("%-22s %s\n", c->name, c->about);
	} else {
		struct buf b = {0};

		text_escape_buf(
		    &b, why != NULL ? why : "", why != NULL ? strlen(why) : 0);
		printf("%-4s %-22s %s%s%s\n", result, c->name, c->about,
		    why != NULL ? ": " : "", b.data != NULL ? b.data : "");
		buf_free(&b);
	}
}

void
plugin_conform_list(bool json)
{
	for (size_t i = 0; i < NTESTS; i++)
		print(&tests[i], json, NULL, NULL);
}

unsigned
plugin_conform(struct plugin_run *r, bool json, const char *only)
{
	struct talk t = {.run = r};
	unsigned failed = 0, run = 0;

	for (size_t i = 0; i < NTESTS; i++) {
		bool good;

		if (only != NULL && strcmp(only, tests[i].name) != 0)
			continue;
		run++;
		t.why[0] = '\0';
		good = tests[i].run(&t, &tests[i]);
		print(&tests[i], json, good ? "ok" : "FAIL", good ? NULL : t.why);
		fflush(stdout);
		failed += !good;
		/* A program that failed may still be busy with it. */
		if (!good)
			talk_end(&t);
	}
	talk_end(&t);
	if (run == 0) {
		fprintf(
		    stderr, "tosctl: there is no case `%s'; --list names them\n", only);
		return 1;
	}
	if (!json)
		printf("%u cases, %u failed\n", run, failed);
	return failed;
}
