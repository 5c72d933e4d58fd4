/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conform_judge: what each kind of case of `tosctl plugin conform' does and expects.
 * What the program says goes through the reader and the checks of the daemon's own
 * host.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/plugin.h"
#include "tosctl/conform.h"

#define MANY 500

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

bool
conform_hello(struct talk *t, const struct conform_case *c)
{
	(void)c;
	return talk_begin(t);
}

bool
conform_hello_again(struct talk *t, const struct conform_case *c)
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

bool
conform_granted(struct talk *t, const struct conform_case *c)
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

bool
conform_pure(struct talk *t, const struct conform_case *c)
{
	(void)c;
	return talk_ready(t) &&
	       (t->hello.pure || talk_fail(t, "it says that it is not pure: its rules "
					      "could never count"));
}

bool
conform_silent(struct talk *t, const struct conform_case *c)
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

void
conform_text_put(struct buf *b, const struct conform_case *c)
{
	for (unsigned i = 0; i < (c->times > 0 ? c->times : 1); i++)
		buf_puts(b, c->text);
	if (c->end != NULL)
		buf_puts(b, c->end);
	if (b->data == NULL)
		buf_puts(b, "");
}

bool
conform_text(struct talk *t, const struct conform_case *c)
{
	struct buf text = {0}, a = {0}, b = {0};
	bool good;

	conform_text_put(&text, c);
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
bool
conform_message(struct talk *t, const struct conform_case *c)
{
	if (!talk_ready(t))
		return false;
	for (unsigned i = 0; i < (c->times > 0 ? c->times : 1); i++)
		say_template(t, c->text);
	return ask_ordinary(t);
}

bool
conform_item(struct talk *t, const struct conform_case *c)
{
	if (!talk_ready(t))
		return false;
	say_template(t, c->text);
	return talk_hear(t, t->seq, ordinary, strlen(ordinary), NULL) &&
	       ask_ordinary(t);
}

bool
conform_high_seq(struct talk *t, const struct conform_case *c)
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

bool
conform_long_message(struct talk *t, const struct conform_case *c)
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

bool
conform_long_set(struct talk *t, const struct conform_case *c)
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
		good = talk_next(t, &ev, t->patience);
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

bool
conform_window(struct talk *t, const struct conform_case *c)
{
	(void)c;
	return talk_ready(t) && many(t, window_of(t));
}

bool
conform_lockstep(struct talk *t, const struct conform_case *c)
{
	(void)c;
	return talk_ready(t) && many(t, 1);
}

/* What it says of an item does not depend on what it was asked before. */
bool
conform_memory(struct talk *t, const struct conform_case *c)
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

bool
conform_other_run(struct talk *t, const struct conform_case *c)
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

bool
conform_order(struct talk *t, const struct conform_case *c)
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

bool
conform_leak(struct talk *t, const struct conform_case *c)
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

bool
conform_slow(struct talk *t, const struct conform_case *c)
{
	return talk_ready(t) && in_pieces(t, c->times, 2000);
}

bool
conform_together(struct talk *t, const struct conform_case *c)
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

		if (!talk_next(t, &ev, t->patience))
			return false;
		if (ev.seq != a && ev.seq != b)
			return talk_fail(t, "it answers another item");
	}
	return true;
}

/* Its output is not read for a while: it has to wait, and must lose nothing. */
bool
conform_unread(struct talk *t, const struct conform_case *c)
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

		if (!talk_next(t, &ev, t->patience))
			return false;
		if (ev.seq < first || ev.seq > t->seq)
			return talk_fail(t, "it answers another item");
	}
	return true;
}

bool
conform_quiet(struct talk *t, const struct conform_case *c)
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

bool
conform_deadline(struct talk *t, const struct conform_case *c)
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
		good = talk_next(t, &ev, t->patience);
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

bool
conform_drain(struct talk *t, const struct conform_case *c)
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

bool
conform_eof(struct talk *t, const struct conform_case *c)
{
	if (!talk_begin(t))
		return false;
	if (c->times > 0 && !ask_ordinary(t))
		return false;
	exec_child_hush(t->c);
	return ends(t, 0, false);
}

bool
conform_drain_window(struct talk *t, const struct conform_case *c)
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

bool
conform_term(struct talk *t, const struct conform_case *c)
{
	if (!talk_begin(t))
		return false;
	if (c->times > 0 && !ask_ordinary(t))
		return false;
	kill(t->run->pid, SIGTERM);
	return ends(t, 0, true);
}
