/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_try: items from standard input judged by one plugin, with the host of the
 * daemon; what a program was lost over is asked again as the daemon would, and given up
 * alike.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/line.h"
#include "base/text.h"
#include "engine/engine_json.h"
#include "policy/host.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/plugin_input.h"
#include "tosctl/plugin_run.h"
#include "tosctl/print_json.h"
#include "tosctl/scan_input.h"
#include "tosctl/standard_output.h"
#include "tosctl/tosctl_plugin.h"
#include "tosctl/tosctl_scan.h"

#define BATCH 512
#define ATTEMPTS 2
#define STALLS 5  /* rounds without a word about any item, then all are given up */
#define CRASHES 5 /* of a shared object, then it is asked no more */
/* Of a program, one after the other and without an answer: the same. */
#define LOSSES 5
#define BACK_MAX (70 * CLOCK_SEC) /* longer than any pause of a program */

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

struct row {
	json_t *in;
	struct item it;
	int64_t time;
	uint64_t line; /* of standard input, from 1 */
	unsigned tries;
	bool settled;
	struct policy_ask ask;
};

/* What outlives a shared object that ends its process, in memory of both. */
struct kept {
	uint64_t items, findings, degraded, bad, expected, unexpected;
	int64_t begin;
	unsigned crashes;
	int rc;
	bool asked; /* the line at `at' is before the plugin */
	struct plugin_input input;
};

struct attempt {
	struct plugin_run *run;
	const struct plugin_options *o;
	struct policy_host *host; /* NULL: nobody is asked any more */
	struct row *rows;
	size_t n, batch;
	unsigned stalls; /* rounds in a row */
	unsigned losses; /* since its last answer */
	struct kept *kept;
	char why[160]; /* a line is no item */
};

/* An item as people know it: by its line, and by its id where it has one. */
static void
call_item(void *ctx, uint64_t line, char out[EXEC_CALLED])
{
	const struct attempt *a = ctx;
	char *id = NULL;

	for (size_t i = 0; i < a->n && id == NULL; i++)
		if (a->rows[i].line == line)
			id = json_dumps(json_object_get(a->rows[i].in, "id"),
			    JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	snprintf(out, EXEC_CALLED, id != NULL ? "line %llu (id %.60s)" : "line %llu",
	    (unsigned long long)line, id);
	free(id);
}

static void
report(void *ctx, const char *text)
{
	(void)ctx;
	plugin_cage_say(text);
}

/* Waits until the program is there again; false: it does not come back. */
static bool
wait_up(struct attempt *a)
{
	const struct policy_exec *x = policy_host_exec(a->host, 0);
	int64_t end = clock_steady() + BACK_MAX;

	while (x != NULL && !policy_exec_up(x)) {
		if (!a->run->wanted || clock_steady() > end)
			return false;
		policy_host_idle(a->host);
		usleep(5000);
	}
	return true;
}

/* What an answer means for its row: settled, or to be asked again. */
static void
settle(struct row *r, bool back)
{
	struct policy_ask *a = &r->ask;
	const struct msg_retry *t = a->retry;

	r->settled = true;
	if (a->nretry == 0)
		return;
	r->tries += t->lost;
	if (back && !(t->lost && t->alone && r->tries >= ATTEMPTS)) {
		r->settled = false;
		policy_ask_clear(a);
		return;
	}
	free(a->degraded);
	a->degraded = t->lost ? xasprintf("%s: lost %u times over it: %s", t->plugin,
				    r->tries, t->why)
			      : xasprintf("%s: %s", t->plugin, t->why);
}

static uint64_t
busy_of(const struct attempt *a)
{
	const struct policy_exec *x = policy_host_exec(a->host, 0);
	struct exec_stats s = {.busy = 0};

	if (x != NULL)
		policy_exec_stats(x, &s);
	return s.busy;
}

/* True when no answer told anything but that it could not be asked. */
static bool
nothing_said(const struct policy_ask *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].nretry == 0 || v[i].retry->lost)
			return false;
	return true;
}

/* One that breaks over whatever it is asked: to wait for it, longer each time, would
 * tell its author nothing new. */
static void
count_losses(struct attempt *a, const struct policy_ask *v, size_t n)
{
	bool lost = false, answered = false;

	for (size_t i = 0; i < n; i++) {
		answered = answered || v[i].nretry == 0;
		lost = lost || (v[i].nretry > 0 && v[i].retry->lost);
	}
	if (answered)
		a->losses = 0;
	else if (lost && ++a->losses == LOSSES)
		fprintf(plugin_cage_says(),
		    "tosctl: lost %d times without an answer between: what is left is "
		    "not asked\n",
		    LOSSES);
}

/* Asks about rows that are not settled: those without a loss together, others alone. */
static void
ask_all(struct attempt *a, bool alone)
{
	struct policy_ask *v = xcalloc(a->n + 1, sizeof(*v));
	size_t *of = xcalloc(a->n + 1, sizeof(*of)), n = 0;
	bool back = wait_up(a);
	uint64_t busy = busy_of(a);

	for (size_t i = 0; i < a->n; i++) {
		struct row *r = &a->rows[i];

		if (r->settled || (r->tries > 0) != alone || (alone && n == 1))
			continue;
		of[n] = i;
		v[n++] = (struct policy_ask){
		    .tenant = "", .it = &r->it, .time = r->time, .revision = r->line};
	}
	policy_host_judge(a->host, v, n, CLOCK_MIN);
	count_losses(a, v, n);
	a->stalls = nothing_said(v, n) ? a->stalls + 1 : 0;
	/* One that is busy all the time was waited for long enough. */
	back = back && a->stalls < STALLS && (a->stalls == 0 || busy_of(a) == busy);
	for (size_t i = 0; i < n; i++) {
		a->rows[of[i]].ask = v[i];
		settle(&a->rows[of[i]], back);
	}
	free(v);
	free(of);
}

static bool
any_open(const struct attempt *a, bool alone)
{
	for (size_t i = 0; i < a->n; i++)
		if (!a->rows[i].settled && (a->rows[i].tries > 0) == alone)
			return true;
	return false;
}

static bool
found(const struct policy_ask *a, const char *rule)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (strcmp(a->findings[i].rule, rule) == 0)
			return true;
	return false;
}

static bool
listed(const json_t *list, const char *rule)
{
	const json_t *o;
	size_t i;

	json_array_foreach(
	    list, i, o) if (json_is_string(o) &&
			    strcmp(json_string_value(o), rule) == 0) return true;
	return false;
}

static void
put_name(struct buf *b, const char *before, const char *name)
{
	buf_printf(b, " %s ", before);
	text_escape_buf(b, name, strlen(name));
	buf_putc(b, ';');
}

/* `expect' of an item is the list of rules of which something must be found in it; of
 * no other rule may anything be found. */
static void
hold_against(struct attempt *a, const struct row *r)
{
	const json_t *want = json_object_get(r->in, "expect"), *o;
	struct buf b = {0};
	size_t i;

	if (want == NULL)
		return;
	a->kept->expected++;
	if (!json_is_array(want))
		buf_puts(&b, " `expect' must be a list of rules;");
	json_array_foreach(want, i, o)
	{
		const char *rule = json_string_value(o);

		if (rule == NULL || !found(&r->ask, rule))
			put_name(&b, "lacks", rule != NULL ? rule : "what is no rule");
	}
	for (uint32_t k = 0; json_is_array(want) && k < r->ask.n; k++)
		if (!listed(want, r->ask.findings[k].rule))
			put_name(&b, "has", r->ask.findings[k].rule);
	if (b.len > 0) {
		char *id = json_dumps(
		    json_object_get(r->in, "id"), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

		fprintf(plugin_cage_says(), "tosctl: item %s%s:%.*s\n",
		    id != NULL ? id : "without id",
		    json_is_array(want) ? " is not as expected" : "", (int)b.len - 1,
		    b.data);
		free(id);
		a->kept->unexpected++;
		a->kept->rc = EXIT_NEGATIVE;
	}
	buf_free(&b);
}

static void
print_row(struct attempt *a, struct row *r)
{
	json_t *out = json_object(), *scores = json_object(), *list = json_array();

	for (uint32_t k = 0; k < r->ask.n; k++) {
		const struct finding *f = &r->ask.findings[k];

		if (json_number_value(json_object_get(scores, f->category)) < f->score)
			json_object_set_new(scores, f->category, json_real(f->score));
		json_array_append_new(list, scan_finding_json(f));
	}
	a->kept->findings += r->ask.n;
	json_object_set(out, "id", json_object_get(r->in, "id"));
	json_object_set_new(out, "scores", scores);
	json_object_set_new(out, "findings", list);
	if (r->ask.degraded != NULL) {
		json_object_set_new(out, "degraded", json_repaired(r->ask.degraded));
		a->kept->degraded++;
		a->kept->rc = EXIT_NEGATIVE;
	}
	scan_print_json(out);
	if (a->o->expect)
		hold_against(a, r);
}

static void
clear_row(struct row *r)
{
	policy_ask_clear(&r->ask);
	item_clear(&r->it);
	json_decref(r->in);
}

/* By one that has crashed, or was lost, too often. */
static void
leave_out(struct attempt *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct row *r = &a->rows[i];

		if (r->settled)
			continue;
		r->settled = true;
		/* What it was asked before was cleared, and not emptied. */
		r->ask = (struct policy_ask){
		    .degraded =
			a->host == NULL
			    ? xasprintf("%s: not asked: it has crashed %u times",
				  a->run->conf.name, a->kept->crashes)
			    : xasprintf("%s: not asked: it was lost %d times "
					"without an answer between",
				  a->run->conf.name, LOSSES)};
	}
}

static bool
is_given_up(const struct attempt *a)
{
	return a->host == NULL || a->losses >= LOSSES;
}

static void
judge_rows(struct attempt *a)
{
	a->kept->items += a->n;
	a->kept->asked = a->n > 0;
	while (!is_given_up(a) && any_open(a, false))
		ask_all(a, false);
	while (!is_given_up(a) && any_open(a, true))
		ask_all(a, true);
	if (is_given_up(a))
		leave_out(a);
	a->kept->asked = false;
	for (size_t i = 0; i < a->n; i++) {
		print_row(a, &a->rows[i]);
		clear_row(&a->rows[i]);
	}
	a->n = 0;
}

/* A row of this line; NULL, or why it is none. */
static const char *
read_row(struct attempt *a, struct row *r, const char *s, size_t n)
{
	json_error_t je;

	*r = (struct row){.line = a->kept->input.line};
	item_init(&r->it);
	r->in = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
	if (r->in != NULL)
		return scan_read_item(r->in, &r->it, &r->time);
	snprintf(a->why, sizeof(a->why), "%s", line_why(je.text));
	return a->why;
}

static void
say_bad(struct attempt *a, const char *why)
{
	judge_rows(a); /* lines keep their order */
	scan_print_json(json_pack(
	    "{sI ss}", "line", (json_int_t)a->kept->input.line, "error", why));
	a->kept->bad++;
	a->kept->rc = EXIT_NEGATIVE;
}

static void
try_line(struct attempt *a, const char *s, size_t n)
{
	struct row r, *to = &a->rows[a->n];
	const char *why = read_row(a, &r, s, n);

	if (why != NULL) {
		say_bad(a, why);
		clear_row(&r);
		return;
	}
	*to = r;
	if (++a->n == a->batch)
		judge_rows(a);
}

static int
try_stream(struct attempt *a)
{
	struct plugin_input *in = &a->kept->input;
	int failed, lost;
	const char *line;
	size_t n;

	do {
		while (plugin_input_line(in, &line, &n)) {
			if (line != NULL)
				try_line(a, line, n);
			else
				say_bad(a, SCAN_INPUT_LONG);
			if (a->batch == 1)
				scan_flush_output(); /* the next one may be the last */
			plugin_input_past(in);
		}
		/* Whoever sends one item at a time gets its answer. */
		if (plugin_input_waits(in))
			judge_rows(a);
		scan_flush_output();
	} while (plugin_input_more(in));
	judge_rows(a);
	lost = scan_output_lost();
	failed = lost != 0 ? lost : in->failed;
	if (failed == 0)
		return a->kept->rc;
	fprintf(plugin_cage_says(), "tosctl: cannot %s: %s\n",
	    lost != 0 ? "write" : "read", strerror(failed));
	return failed == EBADF ? PLUGIN_CAGE_CLOSED : EXIT_CANNOT;
}

static void
put_time(struct buf *b, const char *what, int64_t ms)
{
	if (ms < 0)
		buf_printf(b, ", %s over 1 min", what);
	else
		buf_printf(b, ", %s within %lld ms", what, (long long)ms);
}

static void
summary(const struct attempt *a)
{
	const struct policy_exec *x =
	    a->host != NULL ? policy_host_exec(a->host, 0) : NULL;
	const struct kept *in = a->kept;
	int64_t ms = clock_steady() - in->begin;
	struct exec_stats s;
	struct buf b = {0};

	buf_printf(&b,
	    "%llu items, %llu findings, %llu degraded, %llu lines that are no "
	    "item; %.0f items/s",
	    (unsigned long long)in->items, (unsigned long long)in->findings,
	    (unsigned long long)in->degraded, (unsigned long long)in->bad,
	    (double)in->items * 1000 / (double)(ms > 0 ? ms : 1));
	if (x != NULL) {
		policy_exec_stats(x, &s);
		put_time(&b, "half of the answers", histogram_quantile(&s.took, 0.5));
		put_time(&b, "99 %", histogram_quantile(&s.took, 0.99));
		buf_printf(&b,
		    "; %llu complaints, %llu losses, %llu late, %llu answered twice, "
		    "%llu times busy, %llu messages of unknown type",
		    (unsigned long long)s.complaints, (unsigned long long)s.losses,
		    (unsigned long long)s.late, (unsigned long long)s.twice,
		    (unsigned long long)s.busy, (unsigned long long)s.ignored);
	} else if (in->crashes > 0) {
		buf_printf(
		    &b, "; %u crash%s", in->crashes, in->crashes == 1 ? "" : "es");
	}
	if (a->o->expect)
		buf_printf(&b, "; %llu as expected, %llu not",
		    (unsigned long long)(in->expected - in->unexpected),
		    (unsigned long long)in->unexpected);
	buf_putc(&b, '\0');
	fprintf(plugin_cage_says(), "%s\n", b.data);
	buf_free(&b);
}

/* Judges all that is left of the input. */
static int
try_rest(struct attempt *a)
{
	int rc;

	a->rows = xcalloc(a->batch, sizeof(*a->rows));
	rc = try_stream(a);
	free(a->rows);
	a->rows = NULL;
	summary(a);
	if (a->o->expect && a->kept->expected == 0) {
		fprintf(plugin_cage_says(),
		    "tosctl: no item says what to expect of it (`expect')\n");
		rc = EXIT_NEGATIVE;
	}
	return rc;
}

/* In a cage where it is a shared object. */
static int
try_open(void *ctx, struct trace *trace)
{
	struct attempt *a = ctx;
	struct policy_children children = plugin_run_children(a->run);
	struct conf_policy policy = {.plugins = &a->run->conf, .nplugins = 1};
	struct conf_safety safety = {
	    .protect = a->o->protect, .nprotect = a->o->nprotect};
	struct policy_options po = {.conf = &policy,
	    .safety = &safety,
	    .report = report,
	    .children = &children,
	    .trace = trace};
	struct err e = ERR_INIT;
	int rc = EXIT_CANNOT;

	if (a->run->conf.ncommand == 0 && plugin_cage_begin(a->o->open, &e) != 0) {
		plugin_cage_say(e.text);
		return EXIT_CANNOT;
	}
	if (policy_host_new(&po, &a->host, NULL) != 0)
		return EXIT_CANNOT;
	/* What the daemon does before the first item: a shared object has opened what
	 * it needs. */
	if (a->run->conf.ncommand > 0 || plugin_cage_enter(a->o->open, &e) == 0)
		rc = try_rest(a);
	else
		plugin_cage_say(e.text);
	policy_host_free(&a->host);
	return rc;
}

/* It ended the process over the line at in->at: that line has its answer here, and the
 * next process goes on behind it. */
static void
after_crash(struct attempt *a, const struct cage_end *end)
{
	struct plugin_input *in = &a->kept->input;
	char called[EXEC_CALLED];
	struct row row;
	const char *line;
	size_t n;

	a->kept->asked = false;
	a->kept->crashes++;
	plugin_input_again(in, &line, &n);
	a->rows = &row;
	read_row(a, &row, line, n);
	a->n = 1;
	call_item(a, in->line, called);
	a->n = 0;
	complain("tosctl: %s: %s", called, end->words);
	row.ask.degraded = xasprintf("%s: %s", a->run->conf.name, end->words);
	print_row(a, &row);
	clear_row(&row);
	a->rows = NULL;
	plugin_input_past(in);
}

static int
try_object(struct attempt *a)
{
	struct plugin_cage cage = {a->run->conf.name, a->o->deadline, a->o->memory};
	struct cage_end end;

	do {
		if (plugin_cage(&cage, try_open, a, &end) != 0)
			return EXIT_CANNOT;
		if (!end.broken)
			return end.code == PLUGIN_CAGE_CLOSED ? EXIT_NEGATIVE
							      : end.code;
		if (!a->kept->asked) {
			complain("tosctl: %s", end.words);
			return EXIT_NEGATIVE;
		}
		after_crash(a, &end);
	} while (a->kept->crashes < CRASHES);
	fprintf(stderr, "tosctl: %u crashes: what is left is not asked\n",
	    a->kept->crashes);
	return try_rest(a);
}

int
plugin_try(struct plugin_run *r, const struct plugin_options *o)
{
	bool object = r->conf.ncommand == 0;
	struct attempt a = {.run = r, .o = o, .batch = object ? 1 : BATCH};
	int rc;

	if (!standard_output_there())
		return EXIT_CANNOT;
	a.kept = mmap(NULL, sizeof(*a.kept), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a.kept == MAP_FAILED) {
		fputs("tosctl: no memory\n", stderr);
		return EXIT_CANNOT;
	}
	a.kept->begin = clock_steady();
	r->called = call_item;
	r->called_ctx = &a;
	rc = object ? try_object(&a) : try_open(&a, NULL);
	munmap(a.kept, sizeof(*a.kept));
	return rc;
}
