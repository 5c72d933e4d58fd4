/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_scan: rule packs tried on items from standard input, with the very host and
 * plugin of the daemon; see tosctl_scan.h.
 */
#include "tosctl/tosctl_scan.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/line.h"
#include "base/option.h"
#include "base/text.h"
#include "policy/host.h"
#include "tosctl/mapping_find.h"
#include "tosctl/pack_room.h"
#include "tosctl/places.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/scan_input.h"
#include "tosctl/standard_output.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static const char scan_usage[] =
    "usage: tosctl scan [--config FILE] [--policies DIR] [--plugin FILE] [--cache "
    "DIR]\n"
    "       [--protect NAME]... [--model FILE] [--no-classifier]\n"
    "Reads items as JSON, one a line ({\"id\", \"text\"}; also title, summary, author, "
    "url,\n"
    "lang, published, links, media), and writes their findings as JSON, one a line.  "
    "Spans count bytes\n"
    "of title, text and summary with a blank line between.\n";

struct options {
	const char *conf, *policies, *plugin, *cache, *model;
	const char **protect;
	size_t nprotect;
	bool no_classifier, help, signers; /* signers: as its daemon wants them */
};

struct scan {
	struct trace *trace;
	struct policy_host *host;
	char *problem; /* the first of what was refused */
	size_t problems;
	char *missing;	  /* why no answer is whole; NULL: they are */
	bool unhashed_ok; /* a setting: its daemon does not have media hashed */
	struct buf out,
	    shown; /* the line that is being made, and as a terminal may see it */
	int rc;
};

/* --- options */

static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"policies", required_argument, NULL, 'p'},
	    {"plugin", required_argument, NULL, 'P'},
	    {"cache", required_argument, NULL, 'C'},
	    {"protect", required_argument, NULL, 'R'},
	    {"model", required_argument, NULL, 'm'},
	    {"no-classifier", no_argument, NULL, 'n'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct options){.plugin = places_rules()};
	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:h", table)) != -1) {
		if (c == 'c')
			o->conf = optarg;
		else if (c == 'p')
			o->policies = optarg;
		else if (c == 'P')
			o->plugin = optarg;
		else if (c == 'C')
			o->cache = optarg;
		else if (c == 'm')
			o->model = optarg;
		else if (c == 'n')
			o->no_classifier = true;
		else if (c == 'j')
			; /* it is JSON in any case */
		else if (c == 'h')
			o->help = true;
		else if (c == 'R') {
			o->protect = xrealloc(
			    o->protect, (o->nprotect + 1) * sizeof(*o->protect));
			o->protect[o->nprotect++] = optarg;
		} else
			return -1;
	}
	return 0;
}

static void
say_problem(void *ctx, const char *text)
{
	struct scan *s = ctx;

	if (s->problems++ == 0)
		s->problem = xstrdup(text);
	complain("tosctl: %s", text);
}

void
scan_say_nothing(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* Those of the configuration, and what the caller wants to know. */
static struct conf_setting *
rules_settings(const struct scan_packs *p, size_t *n)
{
	const struct plugins_used *u = p->others;
	size_t given = u != NULL ? u->nrules : 0;
	struct conf_setting *v = xcalloc(given + 4, sizeof(*v));

	for (size_t i = 0; i < given; i++)
		v[(*n)++] = u->rules[i];
	if (p->signers && u != NULL && u->signers != NULL)
		v[(*n)++] =
		    (struct conf_setting){.key = "signers", .value = u->signers};
	if (p->lint != NULL)
		v[(*n)++] = (struct conf_setting){.key = "lint", .value = p->lint};
	else if (p->today != NULL)
		v[(*n)++] = (struct conf_setting){.key = "today", .value = p->today};
	if (p->why != NULL) {
		v[(*n)++] = (struct conf_setting){.key = "why", .value = p->why};
		v[(*n)++] =
		    (struct conf_setting){.key = "why_rules", .value = p->why_rules};
	}
	return v;
}

int
scan_open(const struct scan_packs *p, struct policy_host **host)
{
	struct conf_setting *rules = NULL;
	struct conf_setting model = {"model_file", p->model};
	struct lists_used *used = p->used != NULL && p->used->n > 0 ? p->used : NULL;
	size_t nothers = p->others != NULL ? p->others->n : 0;
	struct conf_plugin *plugins = xcalloc(nothers + 3, sizeof(*plugins));
	size_t nrules = 0;
	int rc;
	struct conf_policy policy = {
	    .plugins = plugins, .packs_dir = p->folder, .cache_dir = p->cache};
	struct conf_safety safety = {.protect = p->protect, .nprotect = p->nprotect};
	struct policy_options po = {.conf = &policy,
	    .safety = &safety,
	    .probe = p->probe,
	    .idle = p->idle,
	    .report = p->report,
	    .note = p->note,
	    .trace = p->trace,
	    .ctx = p->ctx};

	if (p->plugin != NULL)
		plugins[policy.nplugins++] = (struct conf_plugin){.name = "rules",
		    .path = p->plugin,
		    .settings = rules = rules_settings(p, &nrules),
		    .nsettings = nrules,
		    .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS,
		    .file = "command line"};
	if (p->model != NULL)
		plugins[policy.nplugins++] = (struct conf_plugin){.name = "classifier",
		    .path = places_classifier(),
		    .grant = TOSD_NEED_TEXT,
		    .settings = &model,
		    .nsettings = 1,
		    .file = "command line"};
	for (size_t i = 0; i < nothers; i++)
		plugins[policy.nplugins++] = p->others->v[i];
	if (used != NULL) {
		plugins[policy.nplugins++] = used->plugin;
		used->report = p->report;
		used->note = p->note;
		used->ctx = p->ctx;
		po.report = lists_used_report;
		po.note = lists_used_note;
		po.ctx = used;
	} else if (p->lists != NULL)
		plugins[policy.nplugins++] = (struct conf_plugin){.name = "lists",
		    .path = p->lists,
		    .grant = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_MEDIA,
		    .file = "command line"};
	/* When nothing is left the reasons have been reported already. */
	rc = policy_host_new(&po, host, NULL);
	free(plugins);
	free(rules);
	if (used != NULL)
		lists_used_loaded(used, rc == 0 ? *host : NULL);
	return rc;
}

/* --- judging */

/* A list that is not there has not said that nothing stands on it. */
static void
say_missing(const struct scan *s, char **degraded)
{
	char *both;

	if (s->missing == NULL)
		return;
	both = *degraded != NULL ? xasprintf("%s; %s", *degraded, s->missing)
				 : xstrdup(s->missing);
	free(*degraded);
	*degraded = both;
}

static void
judge(struct scan *s, const json_t *id, const struct item *it, int64_t time)
{
	struct scan_result r = {0};
	struct finding *v = NULL;
	char *degraded = NULL;

	policy_host_check(s->host, "", it, time, &v, &r.n, &degraded);
	say_missing(s, &degraded);
	r.nscores = policy_host_scores(s->host, &r.scores);
	r.findings = v;
	r.degraded = degraded;
	buf_reset(&s->out);
	scan_put_result(&s->out, id, &r);
	buf_reset(&s->shown);
	text_escape_json(&s->shown, s->out.data, s->out.len);
	scan_write_output(&s->shown);
	if (degraded != NULL)
		s->rc = EXIT_NEGATIVE;
	for (uint32_t i = 0; i < r.n; i++)
		finding_clear(&v[i]);
	free(v);
	free(degraded);
}

static void
say_bad(struct scan *s, unsigned long number, const char *why)
{
	scan_print_json(json_pack("{sI ss}", "line", (json_int_t)number, "error", why));
	s->rc = EXIT_NEGATIVE;
}

/* Any line that is not plain, with a tree. */
static void
scan_tree(struct scan *s, const char *line, size_t n, unsigned long number)
{
	const char *why;
	struct item it;
	json_error_t je;
	json_t *in = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je);
	int64_t time;

	item_init(&it);
	why = in == NULL ? line_why(je.text) : scan_read_item(in, &it, &time);
	if (why == NULL && !s->unhashed_ok)
		scan_mark_unhashed(&it);
	if (why == NULL)
		judge(s, json_object_get(in, "id"), &it, time);
	else
		say_bad(s, number, why);
	item_clear(&it);
	json_decref(in);
}

static void
scan_line(struct scan *s, const char *line, size_t n, unsigned long number)
{
	struct item it;
	int64_t time;
	json_t *id;

	trace_number(s->trace, number);
	item_init(&it);
	if (scan_plain_item(line, n, &it, &time, &id))
		judge(s, id, &it, time);
	else
		scan_tree(s, line, n, number);
	item_clear(&it);
	json_decref(id);
}

/* Results are flushed whenever input has to be waited for, so that a program that sends
 * one item at a time gets its answer. */
static int
scan_stream(struct scan *s)
{
	struct scan_input in = {.fd = STDIN_FILENO};
	const char *line;
	size_t n;
	int rc;

	do {
		while (scan_input_line(&in, &line, &n))
			if (line != NULL)
				scan_line(s, line, n, in.number);
			else
				say_bad(s, in.number, SCAN_INPUT_LONG);
		/* What nobody gets need not be judged. */
		rc = scan_output_lost() == 0 ? scan_input_more(&in) : 0;
	} while (rc > 0);
	scan_input_clear(&in);
	if (rc < 0) {
		complain("tosctl: cannot read standard input: %s", strerror(errno));
		return EXIT_CANNOT;
	}
	if ((rc = scan_output_lost()) == 0)
		return s->rc;
	complain("tosctl: cannot write: %s", strerror(rc));
	return EXIT_CANNOT;
}

/* What the configuration says where no option does.  A model of an option is instead of
 * its classifiers, and without either it is the one that is installed. */
static int
take_conf(struct options *o, struct conf **conf, struct lists_used *used,
    struct plugins_used *others, struct scan *s)
{
	struct err e = ERR_INIT;

	if (o->conf != NULL && mapping_conf("tosctl scan", o->conf, conf, &e) != 0) {
		complain("tosctl: %s", e.text);
		return -1;
	}
	lists_used_open(used, *conf);
	plugins_used_open(others, *conf,
	    o->no_classifier || o->model != NULL ? PLUGINS_USED_NO_CLASSIFIER
						 : PLUGINS_USED_ALL,
	    say_problem, s);
	if (o->model == NULL && !o->no_classifier && *conf == NULL)
		o->model = places_model();
	o->signers = o->policies == NULL;
	if (o->policies == NULL)
		o->policies =
		    *conf != NULL ? (*conf)->policy.packs_dir : places_policies();
	for (size_t i = 0; *conf != NULL && i < (*conf)->safety.nprotect; i++) {
		o->protect =
		    xrealloc(o->protect, (o->nprotect + 1) * sizeof(*o->protect));
		o->protect[o->nprotect++] = (*conf)->safety.protect[i];
	}
	return 0;
}

/* What was asked for and refused has not judged anything: no answer is whole.  Lists of
 * the daemon were reported after all others, and have words of their own. */
static void
note_missing(struct scan *s, const struct lists_used *used)
{
	size_t others = s->problems - used->bad;
	char *lists = lists_used_missing(used);
	struct buf b = {0};

	if (others > 0)
		buf_printf(&b, "not loaded: %s", s->problem);
	if (others > 1)
		buf_printf(&b, " (and %zu more)", others - 1);
	if (lists != NULL)
		buf_printf(&b, "%s%s", others > 0 ? "; " : "", lists);
	if (s->problems > 0) {
		s->missing = buf_take(&b);
		s->rc = EXIT_NEGATIVE;
	}
	buf_free(&b);
	free(lists);
}

/* A folder that is there and has no packs: the plugin for them is left out. */
static bool
has_no_packs(const struct scan_packs *p)
{
	struct stat st;

	return stat(p->folder, &st) == 0 && S_ISDIR(st.st_mode) &&
	       !pack_room_has(p->folder, "conf") &&
	       (p->lists != NULL || p->model != NULL || p->others->n > 0);
}

/* Plugins of others are opened as in the daemon: a copy of us would answer as well. */
static int
begin(const struct plugins_used *others)
{
	struct err e = ERR_INIT;

	if (others->n == 0 || plugin_cage_begin(false, &e) == 0)
		return 0;
	complain("tosctl: %s", e.text);
	return -1;
}

static int
scan(void *ctx, struct trace *trace)
{
	struct options *o = ctx;
	struct lists_used used = {0};
	struct plugins_used others = {0};
	struct scan s = {.trace = trace};
	struct scan_packs packs;
	struct conf *conf = NULL;
	int rc = EXIT_CANNOT;

	if (take_conf(o, &conf, &used, &others, &s) != 0)
		return rc;
	s.unhashed_ok = conf != NULL && !conf->policy.media;
	packs = (struct scan_packs){.folder = o->policies,
	    .plugin = o->plugin,
	    .cache = o->cache,
	    .model = o->model,
	    .lists = pack_room_has(o->policies, "list") ? places_lists() : NULL,
	    .used = &used,
	    .others = &others,
	    .protect = o->protect,
	    .nprotect = o->nprotect,
	    .signers = o->signers,
	    .trace = trace,
	    .report = say_problem,
	    .note = scan_say_nothing,
	    .ctx = &s};
	scan_own_output(); /* before a plugin prints anything */
	if (has_no_packs(&packs)) {
		packs.plugin = NULL;
		complain("tosctl: no rule packs in %s; %s only", o->policies,
		    packs.lists == NULL			  ? "the classifier"
		    : packs.model != NULL || others.n > 0 ? "lists and the classifier"
							  : "lists");
	}
	if (begin(&others) == 0 && scan_open(&packs, &s.host) == 0) {
		lists_used_say(&used, stderr, "tosctl: ");
		note_missing(&s, &used);
		rc = scan_stream(&s);
	}
	policy_host_free(&s.host);
	buf_free(&s.out);
	buf_free(&s.shown);
	free(s.problem);
	free(s.missing);
	lists_used_clear(&used);
	plugins_used_clear(&others);
	conf_free(&conf);
	return rc;
}

int
tosctl_scan(int argc, char **argv)
{
	struct options o;
	int rc = parse_options(argc, argv, &o);

	if (rc == 0 && optind < argc)
		complain("tosctl scan: items come from standard input: what is `%s'?",
		    argv[optind]);
	if (rc != 0 || optind < argc) {
		fputs(scan_usage, stderr);
		rc = EXIT_USAGE;
	} else if (o.model != NULL && o.no_classifier) {
		complain("tosctl scan: --model with --no-classifier: which is meant?");
		rc = EXIT_USAGE;
	} else if (o.help) {
		fputs(scan_usage, stdout);
	} else {
		rc = standard_output_there() ? plugin_cage_host(scan, &o) : EXIT_CANNOT;
	}
	free(o.protect);
	return rc;
}
