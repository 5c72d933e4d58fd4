/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_check: a shared object loaded as the daemon loads it, with settings checked
 * against its schema, opened and self-tested, shut in as a policy worker is, and asked
 * twice about every text that `tosctl plugin conform' has.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/text.h"
#include "conf/conf.h"
#include "engine/engine_json.h"
#include "policy/host.h"
#include "policy/host_in.h"
#include "policy/plugin.h"
#include "tosctl/conform.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/print_json.h"
#include "tosctl/standard_output.h"
#include "tosctl/tosctl_plugin.h"
#include "tosctl/tosctl_scan.h"

struct check {
	json_t *out; /* what it is; see print_text() */
	json_t *problems;
};

static void
problem(void *ctx, const char *text)
{
	struct check *c = ctx;
	struct buf b = {0};

	text_repair(&b, text, strlen(text));
	json_array_append_new(c->problems, json_stringn(b.data, b.len));
	buf_free(&b);
}

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	plugin_cage_say(text);
}

static json_t *
settings_of(struct check *c, const struct tosd_policy *t, const struct tosd_str *values)
{
	static const char *const types[] = {[TOSD_STRING] = "text",
	    [TOSD_INTEGER] = "whole number",
	    [TOSD_NUMBER] = "number",
	    [TOSD_BOOL] = "true or false"};
	json_t *list = json_array();

	for (size_t i = 0; TOSD_HAS(t, nschema) && i < t->nschema; i++)
		if (json_array_append_new(
			list, json_pack("{ss ss ss* ss* ss*}", "key", t->schema[i].key,
				  "type", types[t->schema[i].type], "preset",
				  t->schema[i].preset, "value", values[i].ptr, "doc",
				  t->schema[i].doc)) != 0)
			problem(c, "a row of its schema is not valid UTF-8");
	return list;
}

/* The daemon would say which line of tosd.conf. */
static void
file_problem(void *ctx, const char *file, int line, const char *text)
{
	(void)file;
	(void)line;
	problem(ctx, text);
}

/* The gate: everything but what is called. */
static bool
describe(struct check *c, const struct plugin_run *r, struct trace *trace)
{
	struct policy_plugin *p;
	const struct tosd_policy *t;
	struct err e = ERR_INIT;
	char names[96], version[32];
	int rc;

	if (conf_check_object(r->conf.path, file_problem, c) != 0)
		return false;
	trace_at(trace, TRACE_LOAD, r->conf.name, 0);
	rc = policy_plugin_load(&r->conf, NULL, 0, problem, c, &p, &e);
	trace_idle(trace);
	if (rc != 0) {
		problem(c, e.text);
		return false;
	}
	t = policy_plugin_table(p);
	snprintf(version, sizeof(version), "%u.%u", t->abi_major, t->abi_minor);
	c->out = json_pack("{ss ss ss so ss ss so sb}", "name", t->name, "version",
	    t->version, "interface", version, "file", json_repaired(r->conf.path),
	    "sha256", policy_plugin_digest(p), "needs",
	    policy_need_names(t->needs, names), "settings",
	    settings_of(c, t, policy_plugin_settings(p)), "selftest",
	    TOSD_HAS(t, selftest));
	policy_plugin_free(&p);
	if (c->out == NULL)
		problem(c, "its name, its version or its schema is not valid UTF-8");
	return c->out != NULL;
}

static json_t *
rules_of(const struct policy_host *h)
{
	json_t *list = json_array();
	struct msg m;

	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	for (uint32_t i = 0; i < m.rules.n; i++) {
		const struct msg_rule *r = &m.rules.v[i];

		json_array_append_new(
		    list, json_pack("{ss sI ss ss ss ss}", "rule", r->rule, "rev",
			      (json_int_t)r->rev, "mode", finding_mode_name(r->mode),
			      "severity", finding_severity_name(r->severity),
			      "category", r->category, "clause", r->clause));
	}
	msg_clear(&m);
	return list;
}

/* What it says of a text, as one string; the caller frees. */
static char *
ask(struct policy_host *h, const char *text, char **degraded)
{
	struct finding *v = NULL;
	json_t *list = json_array();
	struct item it;
	uint32_t n = 0;
	char *said;

	item_init(&it);
	it.text = xstrdup(text);
	policy_host_check(h, "0123456789abcdef", &it, 1700000000000, &v, &n, degraded);
	for (uint32_t i = 0; i < n; i++) {
		json_array_append_new(list, scan_finding_json(&v[i]));
		finding_clear(&v[i]);
	}
	free(v);
	item_clear(&it);
	said = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(list);
	return said;
}

static void
ask_twice(struct check *c, struct policy_host *h, const char *name, const char *text)
{
	char *bad[2] = {NULL, NULL}, *said[2], *line = NULL;

	for (int i = 0; i < 2; i++)
		said[i] = ask(h, text, &bad[i]);
	if (bad[0] != NULL)
		line = xasprintf("%s: degraded: %s", name, bad[0]);
	else if (said[0] == NULL || said[1] == NULL || strcmp(said[0], said[1]) != 0)
		line = xasprintf("%s: the same text twice is judged differently", name);
	if (line != NULL)
		problem(c, line);
	free(line);
	for (int i = 0; i < 2; i++) {
		free(bad[i]);
		free(said[i]);
	}
}

/* The texts, once as they come and once the other way round. */
static unsigned
ask_all(struct check *c, struct policy_host *h)
{
	unsigned n = 0;

	for (size_t i = 0; i < conform_ncases; i++) {
		struct buf b = {0};

		if (conform_cases[i].run != conform_text)
			continue;
		conform_text_put(&b, &conform_cases[i]);
		ask_twice(c, h, conform_cases[i].name, b.data);
		buf_free(&b);
		n++;
	}
	return n;
}

static void
run(struct check *c, struct plugin_run *r, const struct plugin_options *o,
    struct trace *trace)
{
	struct conf_policy policy = {.plugins = &r->conf, .nplugins = 1};
	struct conf_safety safety = {.protect = o->protect, .nprotect = o->nprotect};
	struct policy_options po = {.conf = &policy,
	    .safety = &safety,
	    .report = problem,
	    .note = note,
	    .ctx = c,
	    .trace = trace};
	struct policy_host *h;
	struct err e = ERR_INIT;

	if (plugin_cage_begin(o->open, &e) != 0) {
		problem(c, e.text);
		return;
	}
	if (!describe(c, r, trace))
		return;
	if (policy_host_new(&po, &h, NULL) != 0)
		return;
	json_object_set_new(c->out, "rules", rules_of(h));
	if (plugin_cage_enter(o->open, &e) != 0)
		problem(c, e.text);
	else
		json_object_set_new(c->out, "texts", json_integer(ask_all(c, h)));
	policy_host_free(&h);
}

/* --- for people */

/* A member's value, safe for a terminal; valid until the next but three calls. */
static const char *
word(const json_t *o, const char *key)
{
	static char ring[4][512];
	static unsigned turn;
	const char *s = json_string_value(json_object_get(o, key));
	char *to = ring[turn++ % 4];
	struct buf b = {0};

	text_escape_buf(&b, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
	snprintf(to, sizeof(ring[0]), "%s", b.data != NULL ? b.data : "");
	buf_free(&b);
	return to;
}

static void
print_text(const json_t *o)
{
	FILE *out = scan_own_output();
	const json_t *row;
	size_t i;

	fprintf(out, "%s %s, made for plugin interface %s\n", word(o, "name"),
	    word(o, "version"), word(o, "interface"));
	fprintf(out, "sha256    %s\n", word(o, "sha256"));
	fprintf(out, "needs     %s\n",
	    word(o, "needs")[0] != '\0' ? word(o, "needs") : "nothing");
	json_array_foreach(json_object_get(o, "settings"), i, row)
	    fprintf(out, "setting   %s = \"%s\" (%s): %s\n", word(row, "key"),
		word(row, "value"), word(row, "type"), word(row, "doc"));
	json_array_foreach(json_object_get(o, "rules"), i, row)
	{
		fprintf(out, "rule      %s rev %lld, %s, ", word(row, "rule"),
		    (long long)json_integer_value(json_object_get(row, "rev")),
		    word(row, "mode"));
		fprintf(out, "%s, %s: %s\n", word(row, "severity"),
		    word(row, "category"), word(row, "clause"));
	}
	row = json_object_get(o, "rules");
	if (row != NULL && json_array_size(row) == 0)
		fprintf(out, "rules     none yet: open() waits\n");
	if (row != NULL)
		fprintf(out, "selftest  %s\n",
		    json_is_true(json_object_get(o, "selftest")) ? "passed" : "none");
	if (json_object_get(o, "texts") != NULL)
		fprintf(out, "texts     %lld, each judged twice\n",
		    (long long)json_integer_value(json_object_get(o, "texts")));
}

struct job {
	struct plugin_run *run;
	const struct plugin_options *o;
};

static int
check_caged(void *ctx, struct trace *trace)
{
	const struct job *j = ctx;
	struct check c = {.problems = json_array()};
	FILE *out = scan_own_output(), *says = plugin_cage_says();
	const json_t *row;
	size_t i;
	int rc, lost;

	run(&c, j->run, j->o, trace);
	rc = json_array_size(c.problems) > 0 ? 1 : 0;
	if (j->o->json) {
		c.out = c.out != NULL ? c.out : json_object();
		json_object_set(c.out, "problems", c.problems);
		scan_print_json(c.out);
		c.out = NULL;
	} else {
		if (c.out != NULL)
			print_text(c.out);
		json_array_foreach(c.problems, i, row)
		    plugin_cage_say(json_string_value(row));
		fprintf(out, rc == 0 ? "good\n" : "problems: %zu\n",
		    json_array_size(c.problems));
	}
	json_decref(c.out);
	json_decref(c.problems);
	if ((lost = scan_output_lost()) == 0)
		return rc;
	if (lost == EBADF)
		return PLUGIN_CAGE_CLOSED;
	fprintf(says, "tosctl: cannot write: %s\n", strerror(lost));
	return 3;
}

int
plugin_check(struct plugin_run *r, const struct plugin_options *o)
{
	struct job job = {r, o};
	struct plugin_cage cage = {r->conf.name, o->deadline, o->memory};
	struct cage_end end;

	if (!standard_output_there() || plugin_cage(&cage, check_caged, &job, &end) != 0)
		return 3;
	if (!end.broken && end.code != PLUGIN_CAGE_CLOSED)
		return end.code;
	if (end.broken)
		complain("tosctl: %s", end.words);
	else /* which has been said */
		snprintf(end.words, sizeof(end.words),
		    "it has closed descriptors that are not its own");
	if (o->json)
		scan_print_json(json_pack("{so s[o]}", "file",
		    json_repaired(r->conf.path), "problems", json_repaired(end.words)));
	return 1;
}
