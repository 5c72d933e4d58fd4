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
#include <unistd.h>

#include "base/clock.h"
#include "policy/host.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/plugin_run.h"
#include "tosctl/tosctl_plugin.h"
#include "tosctl/tosctl_scan.h"

#define BATCH 512
#define ATTEMPTS 2
#define STALLS 5 /* rounds without a word about any item, then all are given up */
#define LINE_LIMIT (8u << 20)
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

struct attempt {
	struct plugin_run *run;
	struct policy_host *host;
	struct row *rows;
	size_t n;
	unsigned stalls; /* rounds in a row */
	uint64_t items, findings, degraded, bad, line, expected, unexpected;
	bool expect;
	int rc;
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
	fprintf(stderr, "tosctl: %s\n", text);
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

/* `expect' of an item is the list of rules of which something must be found in it; of
 * no other rule may anything be found. */
static void
hold_against(struct attempt *a, const struct row *r)
{
	const json_t *want = json_object_get(r->in, "expect"), *o;
	struct buf b = {0};
	size_t i;

	if (!json_is_array(want))
		return;
	a->expected++;
	json_array_foreach(
	    want, i, o) if (!json_is_string(o) || !found(&r->ask, json_string_value(o)))
	    buf_printf(&b, " lacks %s;",
		json_is_string(o) ? json_string_value(o) : "what is no rule");
	for (uint32_t k = 0; k < r->ask.n; k++)
		if (!listed(want, r->ask.findings[k].rule))
			buf_printf(&b, " has %s;", r->ask.findings[k].rule);
	if (b.len > 0) {
		char *id = json_dumps(json_object_get(r->in, "id"), JSON_ENCODE_ANY);

		fprintf(stderr, "tosctl: item %s:%.*s not as expected\n",
		    id != NULL ? id : "without id", (int)b.len - 1, b.data);
		free(id);
		a->unexpected++;
		a->rc = EXIT_NEGATIVE;
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
	a->findings += r->ask.n;
	json_object_set(out, "id", json_object_get(r->in, "id"));
	json_object_set_new(out, "scores", scores);
	json_object_set_new(out, "findings", list);
	if (r->ask.degraded != NULL) {
		json_object_set_new(out, "degraded", json_string(r->ask.degraded));
		a->degraded++;
		a->rc = EXIT_NEGATIVE;
	}
	scan_print_json(out);
	if (a->expect)
		hold_against(a, r);
}

static void
judge_rows(struct attempt *a)
{
	a->items += a->n;
	while (any_open(a, false))
		ask_all(a, false);
	while (any_open(a, true))
		ask_all(a, true);
	for (size_t i = 0; i < a->n; i++) {
		print_row(a, &a->rows[i]);
		policy_ask_clear(&a->rows[i].ask);
		item_clear(&a->rows[i].it);
		json_decref(a->rows[i].in);
	}
	a->n = 0;
}

static void
try_line(struct attempt *a, const char *s, size_t n)
{
	struct row *r = &a->rows[a->n];
	json_error_t je;
	const char *why;

	a->line++;
	if (strspn(s, " \t\r\n") >= n)
		return;
	*r = (struct row){
	    .in = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je), .line = a->line};
	item_init(&r->it);
	why = r->in == NULL ? je.text : scan_read_item(r->in, &r->it, &r->time);
	if (why == NULL) {
		if (++a->n == BATCH)
			judge_rows(a);
		return;
	}
	judge_rows(a); /* lines keep their order */
	scan_print_json(
	    json_pack("{sI ss}", "line", (json_int_t)a->line, "error", why));
	a->bad++;
	a->rc = EXIT_NEGATIVE;
	item_clear(&r->it);
	json_decref(r->in);
}

static int
try_stream(struct attempt *a)
{
	struct buf b = {0};
	ssize_t n;

	a->rows = xcalloc(BATCH, sizeof(*a->rows));
	do {
		size_t from = 0;
		const char *nl;

		n = read(STDIN_FILENO, buf_reserve(&b, 1u << 18), 1u << 18);
		if (n > 0)
			b.len += (size_t)n;
		buf_reserve(&b, 1)[0] = '\0';
		while (b.len > from &&
		       (nl = memchr(b.data + from, '\n', b.len - from)) != NULL) {
			try_line(a, b.data + from, (size_t)(nl - b.data) - from);
			from = (size_t)(nl - b.data) + 1;
		}
		if (n <= 0 && b.len > from)
			try_line(a, b.data + from, b.len - from);
		b.len -= from;
		memmove(b.data, b.data + from, b.len);
		/* Whoever sends one item at a time gets its answer. */
		if (n < (1 << 18) && n > 0)
			judge_rows(a);
		fflush(scan_own_output());
		if (b.len > LINE_LIMIT) {
			fprintf(stderr, "tosctl: line %llu is longer than 8 MiB\n",
			    (unsigned long long)a->line + 1);
			break;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	judge_rows(a);
	fflush(scan_own_output());
	buf_free(&b);
	free(a->rows);
	if (n < 0 || ferror(scan_own_output()))
		fprintf(stderr, "tosctl: %s\n", strerror(errno));
	return n < 0 || ferror(scan_own_output()) ? EXIT_CANNOT : a->rc;
}

static void
print_time(const char *what, int64_t ms)
{
	if (ms < 0)
		fprintf(stderr, ", %s over 1 min", what);
	else
		fprintf(stderr, ", %s within %lld ms", what, (long long)ms);
}

static void
summary(const struct attempt *a, int64_t ms)
{
	const struct policy_exec *x = policy_host_exec(a->host, 0);
	struct exec_stats s;

	fprintf(stderr,
	    "%llu items, %llu findings, %llu degraded, %llu lines that are no "
	    "item; %.0f items/s",
	    (unsigned long long)a->items, (unsigned long long)a->findings,
	    (unsigned long long)a->degraded, (unsigned long long)a->bad,
	    (double)a->items * 1000 / (double)(ms > 0 ? ms : 1));
	if (x != NULL) {
		policy_exec_stats(x, &s);
		print_time("half of the answers", histogram_quantile(&s.took, 0.5));
		print_time("99 %", histogram_quantile(&s.took, 0.99));
		fprintf(stderr,
		    "; %llu complaints, %llu losses, %llu late, %llu answered twice, "
		    "%llu times busy, %llu messages of unknown type",
		    (unsigned long long)s.complaints, (unsigned long long)s.losses,
		    (unsigned long long)s.late, (unsigned long long)s.twice,
		    (unsigned long long)s.busy, (unsigned long long)s.ignored);
	}
	if (a->expect)
		fprintf(stderr, "; %llu as expected, %llu not",
		    (unsigned long long)(a->expected - a->unexpected),
		    (unsigned long long)a->unexpected);
	fputc('\n', stderr);
}

/* What the daemon does before the first item: a shared object has opened what it needs.
 */
static bool
close_walls(const struct plugin_run *r, const struct plugin_options *o)
{
	struct err e = ERR_INIT;

	if (r->conf.ncommand > 0 || plugin_cage_enter(o->open, &e) == 0)
		return true;
	fprintf(stderr, "tosctl: %s\n", e.text);
	return false;
}

int
plugin_try(struct plugin_run *r, const struct plugin_options *o, struct trace *trace)
{
	struct policy_children children = plugin_run_children(r);
	struct conf_policy policy = {.plugins = &r->conf, .nplugins = 1};
	struct conf_safety safety = {.protect = o->protect, .nprotect = o->nprotect};
	struct policy_options po = {.conf = &policy,
	    .safety = &safety,
	    .report = report,
	    .children = &children,
	    .trace = trace};
	struct attempt a = {.run = r, .expect = o->expect};
	int64_t begin;
	int rc;

	r->called = call_item;
	r->called_ctx = &a;
	scan_own_output(); /* before the plugin prints anything */
	if (policy_host_new(&po, &a.host, NULL) != 0)
		return EXIT_CANNOT;
	if (!close_walls(r, o)) {
		policy_host_free(&a.host);
		return EXIT_CANNOT;
	}
	begin = clock_steady();
	rc = try_stream(&a);
	summary(&a, clock_steady() - begin);
	if (o->expect && a.expected == 0) {
		fprintf(
		    stderr, "tosctl: no item says what to expect of it (`expect')\n");
		rc = EXIT_NEGATIVE;
	}
	policy_host_free(&a.host);
	return rc;
}
