/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_plugin: a plugin that is a program, tried on items from standard input with
 * the host of the daemon, or held against the protocol; see tosctl_plugin.h.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/host.h"
#include "policy/plugin.h"
#include "tosctl/plugin_run.h"
#include "tosctl/tosctl_plugin.h"
#include "tosctl/tosctl_scan.h"

#define BATCH 512
#define ATTEMPTS 2
#define LINE_LIMIT (8u << 20)
#define BACK_MAX (70 * CLOCK_SEC) /* longer than any pause of a program */

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static const char usage[] =
    "usage: tosctl plugin try [OPTIONS] COMMAND [ARGUMENT]... < ITEMS\n"
    "       tosctl plugin conform [OPTIONS] [--case NAME] COMMAND [ARGUMENT]...\n"
    "       tosctl plugin conform --list\n"
    "try: judges items (as for tosctl scan) by a program that speaks tosd-exec(7).\n"
    "conform: holds the program against that protocol.\n"
    "OPTIONS: --name NAME, --window N, --deadline TIME, --memory MIB, --grant A,B,\n"
    "         --set KEY=VALUE, --protect NAME, --no-sandbox, --json\n";

struct options {
	bool json, list, help;
	const char *only;
	const char **protect;
	size_t nprotect;
};

enum {
	O_NAME = 256,
	O_WINDOW,
	O_DEADLINE,
	O_MEMORY,
	O_GRANT,
	O_SET,
	O_PROTECT,
	O_NOSANDBOX,
	O_JSON,
	O_CASE,
	O_LIST
};

static const struct option table[] = {
    {"name", required_argument, NULL, O_NAME},
    {"window", required_argument, NULL, O_WINDOW},
    {"deadline", required_argument, NULL, O_DEADLINE},
    {"memory", required_argument, NULL, O_MEMORY},
    {"grant", required_argument, NULL, O_GRANT},
    {"set", required_argument, NULL, O_SET},
    {"protect", required_argument, NULL, O_PROTECT},
    {"no-sandbox", no_argument, NULL, O_NOSANDBOX},
    {"json", no_argument, NULL, O_JSON},
    {"case", required_argument, NULL, O_CASE},
    {"list", no_argument, NULL, O_LIST},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- options */

static bool
count_of(const char *s, unsigned long lo, unsigned long hi, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return errno == 0 && *s >= '0' && *s <= '9' && *end == '\0' && *out >= lo &&
	       *out <= hi;
}

static bool
set_grant(struct plugin_run *r, char *words)
{
	char *save = NULL;

	r->conf.grant = 0;
	for (char *w = strtok_r(words, ", ", &save); w != NULL;
	     w = strtok_r(NULL, ", ", &save)) {
		uint32_t bit = policy_need_parse(w);

		if (bit == 0)
			return false;
		r->conf.grant |= bit;
	}
	return true;
}

static bool
set_setting(struct plugin_run *r, char *pair)
{
	char *eq = strchr(pair, '=');

	if (eq == NULL || eq == pair ||
	    r->conf.nsettings == sizeof(r->settings) / sizeof(r->settings[0]))
		return false;
	*eq = '\0';
	r->settings[r->conf.nsettings++] = (struct conf_setting){pair, eq + 1};
	return true;
}

static bool
take_option(struct plugin_run *r, struct options *o, int c)
{
	unsigned long n;

	switch (c) {
	case O_NAME:
		r->conf.name = optarg;
		return true;
	case O_WINDOW:
		r->conf.window = count_of(optarg, 1, 1024, &n) ? (unsigned)n : 0;
		return r->conf.window > 0;
	case O_DEADLINE:
		r->conf.deadline = conf_duration(optarg);
		return r->conf.deadline > 0 && r->conf.deadline <= CLOCK_MIN;
	case O_MEMORY:
		r->conf.memory = count_of(optarg, 16, 65536, &n) ? n << 20 : 0;
		return r->conf.memory > 0;
	case O_GRANT:
		return set_grant(r, optarg);
	case O_SET:
		return set_setting(r, optarg);
	case O_PROTECT:
		o->protect =
		    xrealloc(o->protect, (o->nprotect + 1) * sizeof(*o->protect));
		o->protect[o->nprotect++] = optarg;
		return true;
	case O_CASE:
		o->only = optarg;
		return true;
	default:
		o->json |= c == O_JSON;
		o->list |= c == O_LIST;
		o->help |= c == 'h';
		return c == O_JSON || c == O_LIST || c == 'h' || c == O_NOSANDBOX;
	}
}

static bool
parse_options(
    int argc, char **argv, struct plugin_run *r, struct options *o, bool *open)
{
	int c;

	optind = 0;
	/* "+": the options of the program are its own. */
	while ((c = getopt_long(argc, argv, "+h", table, NULL)) != -1) {
		if (!take_option(r, o, c))
			return false;
		*open |= c == O_NOSANDBOX;
	}
	return true;
}

/* --- try */

struct row {
	json_t *in;
	struct item it;
	int64_t time;
	unsigned tries;
	bool settled;
	struct policy_ask ask;
};

struct attempt {
	struct plugin_run *run;
	struct policy_host *host;
	struct row *rows;
	size_t n;
	uint64_t items, findings, degraded, bad, line;
	int rc;
};

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

	while (!policy_exec_up(x)) {
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

/* Asks about rows that are not settled: those without a loss together, others alone. */
static void
ask_all(struct attempt *a, bool alone)
{
	struct policy_ask *v = xcalloc(a->n + 1, sizeof(*v));
	size_t *of = xcalloc(a->n + 1, sizeof(*of)), n = 0;
	bool back = wait_up(a);

	for (size_t i = 0; i < a->n; i++) {
		struct row *r = &a->rows[i];

		if (r->settled || (r->tries > 0) != alone || (alone && n == 1))
			continue;
		of[n] = i;
		v[n++] = (struct policy_ask){.tenant = "",
		    .it = &r->it,
		    .time = r->time,
		    .revision = a->items - a->n + i + 1};
	}
	policy_host_judge(a->host, v, n, CLOCK_MIN);
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
	*r = (struct row){.in = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je)};
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
		fflush(stdout);
		if (b.len > LINE_LIMIT) {
			fprintf(stderr, "tosctl: line %llu is longer than 8 MiB\n",
			    (unsigned long long)a->line + 1);
			break;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	judge_rows(a);
	fflush(stdout);
	buf_free(&b);
	free(a->rows);
	if (n < 0 || ferror(stdout))
		fprintf(stderr, "tosctl: %s\n", strerror(errno));
	return n < 0 || ferror(stdout) ? EXIT_CANNOT : a->rc;
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
	struct exec_stats s;

	policy_exec_stats(policy_host_exec(a->host, 0), &s);
	fprintf(stderr,
	    "%llu items, %llu findings, %llu degraded, %llu lines that are no "
	    "item; %.0f items/s",
	    (unsigned long long)a->items, (unsigned long long)a->findings,
	    (unsigned long long)a->degraded, (unsigned long long)a->bad,
	    (double)a->items * 1000 / (double)(ms > 0 ? ms : 1));
	print_time("half of the answers", histogram_quantile(&s.took, 0.5));
	print_time("99 %", histogram_quantile(&s.took, 0.99));
	fprintf(stderr,
	    "; %llu complaints, %llu losses, %llu late, %llu times busy, %llu "
	    "messages of unknown type\n",
	    (unsigned long long)s.complaints, (unsigned long long)s.losses,
	    (unsigned long long)s.late, (unsigned long long)s.busy,
	    (unsigned long long)s.ignored);
}

static int
try_items(struct plugin_run *r, const struct options *o)
{
	struct policy_children children = plugin_run_children(r);
	struct conf_policy policy = {.plugins = &r->conf, .nplugins = 1};
	struct conf_safety safety = {.protect = o->protect, .nprotect = o->nprotect};
	struct policy_options po = {.conf = &policy,
	    .safety = &safety,
	    .report = report,
	    .children = &children};
	struct attempt a = {.run = r};
	int64_t begin;
	int rc;

	if (policy_host_new(&po, &a.host, NULL) != 0)
		return EXIT_CANNOT;
	begin = clock_steady();
	rc = try_stream(&a);
	summary(&a, clock_steady() - begin);
	policy_host_free(&a.host);
	return rc;
}

int
tosctl_plugin(int argc, char **argv)
{
	bool try = argc > 1 && strcmp(argv[1], "try") == 0, open = false;
	bool conform = argc > 1 && strcmp(argv[1], "conform") == 0;
	struct options o = {0};
	struct plugin_run run;
	struct err e = ERR_INIT;
	int rc = EXIT_USAGE;

	plugin_run_init(&run);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	if ((!try && !conform) || !parse_options(argc - 1, argv + 1, &run, &o, &open)) {
		fputs(usage, stderr);
	} else if (o.help) {
		fputs(usage, stdout);
		rc = EXIT_DONE;
	} else if (conform && o.list) {
		plugin_conform_list(o.json);
		rc = EXIT_DONE;
	} else if (optind + 1 >= argc) {
		fputs(usage, stderr);
	} else if (plugin_run_command(
		       &run, argv + 1 + optind, (size_t)(argc - 1 - optind), &e) != 0) {
		fprintf(stderr, "tosctl: %s\n", e.text);
		rc = EXIT_CANNOT;
	} else {
		if (open)
			run.spawn.sandbox = SANDBOX_OFF;
		rc = try					? try_items(&run, &o)
		     : plugin_conform(&run, o.json, o.only) > 0 ? EXIT_NEGATIVE
								: EXIT_DONE;
	}
	plugin_run_clear(&run);
	free(o.protect);
	return rc;
}
