/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_moderation: a golden set before the model that a configuration names: after
 * another model, another policy text or another server, are the same texts judged as
 * before?  The plugin is the daemon's, in the daemon's host, and asks through the
 * daemon's client; only the gate is open for every text, and nothing is kept.
 */
#include "tosctl/tosctl_moderation.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/line.h"
#include "base/file.h"
#include "base/log.h"
#include "base/option.h"
#include "base/text.h"
#include "conf/conf.h"
#include "fetch/client.h"
#include "fetch/endpoint.h"
#include "ipc/loop.h"
#include "policy/host.h"
#include "tosctl/print_json.h"

#define GOLDEN_MAX ((size_t)64 << 20)
#define ROUNDS TOSD_QUESTIONS /* about one text, and each of them asks one more */
#define SHOWN 60

enum { DONE, NEGATIVE, USAGE, CANNOT };

static const char usage_text[] =
    "usage: tosctl moderation test [-c FILE] [--plugin NAME] [--max-drift PERCENT]\n"
    "           [--json] GOLDEN|-\n"
    "GOLDEN holds lines of {\"text\": ..., \"expect\": a label, \"none\" or "
    "\"abstain\"}.\n";

struct options {
	const char *conf, *plugin, *golden;
	double max_drift;
	bool json;
};

/* A client for each endpoint that was asked. */
struct endpoint {
	const struct conf_endpoint *conf;
	struct fetch_client *client;
	struct buf key;
};

struct trial {
	const struct options *o;
	struct conf *conf;
	struct conf_policy policy; /* one plugin, its gate open */
	struct conf_plugin plugin;
	struct policy_host *host;
	struct loop *loop;
	struct endpoint *v;
	size_t n;
	struct fetch_result *waiting;
	char model[200], prompt[DIGEST_HEX];
	unsigned texts, same, abstained;
};

/* --- configuration --- */

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	complain("tosctl: %s:%d: %s", file, line, text);
}

static void
on_problem(void *ctx, const char *text)
{
	(void)ctx;
	complain("tosctl: %s", text);
}

static int
read_conf(struct trial *t, struct err *e)
{
	const char *path = t->o->conf != NULL ? t->o->conf : TOSD_CONFDIR "/tosd.conf";
	struct conf_sources s = {0};
	int rc = conf_sources_read(path, &s, e);

	if (rc == 0 && (rc = conf_parse(&s, on_mistake, NULL, &t->conf)) != 0)
		err_set(e, rc, "%s is not a good configuration", path);
	conf_sources_clear(&s);
	return rc;
}

static int
choose_plugin(struct trial *t, struct err *e)
{
	const struct conf_policy *p = &t->conf->policy;
	const struct conf_plugin *one = NULL;

	for (size_t i = 0; i < p->nplugins; i++) {
		if (!(p->plugins[i].grant & TOSD_NEED_ASK))
			continue;
		if (t->o->plugin != NULL &&
		    strcmp(p->plugins[i].name, t->o->plugin) != 0)
			continue;
		if (one != NULL)
			return err_set(e, TOSD_EINVAL,
			    "plugins `%s' and `%s' both ask models: choose one with "
			    "--plugin",
			    one->name, p->plugins[i].name);
		one = &p->plugins[i];
	}
	if (one == NULL)
		return err_set(e, TOSD_EINVAL,
		    "the configuration has no plugin%s%s%s "
		    "that is granted `ask'",
		    t->o->plugin != NULL ? " `" : "",
		    t->o->plugin != NULL ? t->o->plugin : "",
		    t->o->plugin != NULL ? "'" : "");
	t->plugin = *one;
	return 0;
}

/* Every text is asked about. */
static void
open_gate(struct trial *t)
{
	struct conf_setting *v = xcalloc(t->plugin.nsettings + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < t->plugin.nsettings; i++)
		if (strcmp(t->plugin.settings[i].key, "when") != 0)
			v[n++] = t->plugin.settings[i];
	v[n++] = (struct conf_setting){"when", "*"};
	t->plugin.settings = v;
	t->plugin.nsettings = n;
}

static int
make_host(struct trial *t, struct err *e)
{
	struct policy_options o = {
	    .conf = &t->policy, .safety = &t->conf->safety, .report = on_problem};

	open_gate(t);
	t->policy = t->conf->policy;
	t->policy.plugins = &t->plugin;
	t->policy.nplugins = 1;
	return policy_host_new(&o, &t->host, e);
}

/* --- asking --- */

static struct endpoint *
endpoint_of(struct trial *t, const char *name, struct err *e)
{
	struct conf_fetch conf;
	struct endpoint *p;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].conf->name, name) == 0)
			return &t->v[i];
	t->v = xrealloc(t->v, (t->n + 1) * sizeof(*t->v));
	p = &t->v[t->n];
	memset(p, 0, sizeof(*p));
	p->conf = conf_endpoint_of(t->conf, name);
	if (p->conf->credential != NULL &&
	    conf_secret(p->conf->credential, &p->key, e) != 0)
		return NULL;
	fetch_endpoint_conf(&conf, &t->conf->fetch, p->conf);
	p->client = fetch_client_new(t->loop, &conf);
	t->n++;
	return p;
}

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct trial *t = ctx;

	*t->waiting = *r;
	memset(r, 0, sizeof(*r)); /* taken over */
	t->waiting = NULL;
	loop_stop(t->loop);
}

static int
ask(struct trial *t, const struct msg_question *q, struct msg_answer *out,
    struct err *e)
{
	struct endpoint *p = endpoint_of(t, q->endpoint, e);
	struct fetch_request req = {.accept = "application/json", .json = q->body.data};
	struct fetch_result r = {0};
	char key[DIGEST_HEX], *url, *words;
	int rc = 0;

	if (p == NULL)
		return e->code;
	url = fetch_endpoint_url(p->conf, q->kind);
	req.url = url;
	req.bearer = p->key.len > 0 ? p->key.data : NULL;
	t->waiting = &r;
	fetch_client_get(p->client, &req, on_result, t);
	while (t->waiting != NULL)
		if (loop_run(t->loop) != 0)
			log_die("moderation", "the kernel does not let us wait");
	if (r.status != 200 || r.truncated) {
		words = fetch_endpoint_words(&r);
		rc = err_set(e, TOSD_EIO, "%s gives no answer: status %d%s%s", url,
		    (int)r.status, words[0] != '\0' ? ", " : "", words);
		free(words);
	}
	msg_question_key(q->endpoint, q->kind, q->body.data, q->body.len, key);
	*out = (struct msg_answer){
	    .key = xstrdup(key), .status = r.status, .body = r.body};
	r.body = (struct buf){0};
	snprintf(t->model, sizeof(t->model), "%s", q->model);
	snprintf(
	    t->prompt, sizeof(t->prompt), "%s", q->prompt != NULL ? q->prompt : "");
	fetch_result_clear(&r);
	free(url);
	return rc;
}

/* Answers to all that it has asked. */
static int
ask_all(struct trial *t, const struct policy_ask *a, struct msg_answer **answers,
    uint32_t *n, struct err *e)
{
	int rc = 0;

	*answers = xrealloc(*answers, (*n + a->nquestions) * sizeof(**answers));
	for (uint32_t i = 0; rc == 0 && i < a->nquestions; i++) {
		(*answers)[*n] = (struct msg_answer){0};
		rc = ask(t, &a->questions[i], &(*answers)[(*n)++], e);
	}
	return rc;
}

/* Judges a text, with as many rounds of questions as the plugin wants. */
static int
judge(struct trial *t, const char *text, struct policy_ask *a, struct err *e)
{
	struct msg_answer *answers = NULL;
	uint32_t n = 0;
	struct item it;
	int rc = 0;

	item_init(&it);
	it.id = xstrdup("1");
	it.text = xstrdup(text);
	for (int round = 0; rc == 0; round++) {
		*a = (struct policy_ask){.it = &it, .answers = answers, .nanswers = n};
		policy_host_judge(t->host, a, 1, CLOCK_SEC);
		if (a->nquestions == 0)
			break;
		/* What it would say in the end is not known: that is no "none". */
		rc = round < ROUNDS
			 ? ask_all(t, a, &answers, &n, e)
			 : err_set(e, TOSD_ELIMIT,
			       "plugin `%s' goes on asking after %d rounds of answers",
			       t->plugin.name, ROUNDS);
		policy_ask_clear(a);
		*a = (struct policy_ask){0};
	}
	for (uint32_t i = 0; i < n; i++)
		msg_answer_clear(&answers[i]);
	free(answers);
	item_clear(&it);
	a->answers = NULL;
	a->it = NULL;
	return rc;
}

/* --- lines --- */

/* "moderation/threat" is the label "threat", in the spelling of rules. */
static bool
is_label(const char *rule, const char *label)
{
	const char *at = strchr(rule, '/');

	at = at != NULL ? at + 1 : rule;
	for (; *at != '\0' && *label != '\0'; at++, label++) {
		char c = (char)tolower((unsigned char)*label);

		if (!islower((unsigned char)c) && !isdigit((unsigned char)c) &&
		    c != '/' && c != '.')
			c = '-';
		if (*at != c)
			return false;
	}
	return *at == *label;
}

static bool
as_expected(const struct policy_ask *a, const char *expect)
{
	if (a->degraded != NULL || strcmp(expect, "abstain") == 0)
		return a->degraded != NULL && strcmp(expect, "abstain") == 0;
	if (strcmp(expect, "none") == 0)
		return a->n == 0;
	for (uint32_t i = 0; i < a->n; i++)
		if (is_label(a->findings[i].rule, expect))
			return true;
	return false;
}

static char *
outcome(const struct policy_ask *a)
{
	struct buf b = {0};

	if (a->degraded != NULL)
		return xstrdup("abstain");
	for (uint32_t i = 0; i < a->n; i++) {
		const char *at = strchr(a->findings[i].rule, '/');

		buf_printf(&b, "%s%s", i > 0 ? ", " : "",
		    at != NULL ? at + 1 : a->findings[i].rule);
	}
	return a->n > 0 ? buf_take(&b) : xstrdup("none");
}

/* The words of a plugin may be those of its model. */
static void
print_changed(unsigned line, const char *text, const char *expect, const char *got,
    const char *why)
{
	struct buf said = {0}, shown = {0};

	buf_printf(&said, "line %u: expected %s, got %s%s%s%s: %.*s", line, expect, got,
	    why[0] != '\0' ? " (" : "", why, why[0] != '\0' ? ")" : "",
	    (int)text_prefix(text, SHOWN), text);
	text_escape_buf(&shown, said.data, said.len);
	printf("%s\n", shown.data);
	buf_free(&said);
	buf_free(&shown);
}

static void
show(const struct trial *t, unsigned line, const char *text, const char *expect,
    const struct policy_ask *a, bool same)
{
	const char *why = a->degraded != NULL ? a->degraded
			  : a->n > 0	      ? a->findings[0].reason
					      : "";
	char *got = outcome(a);
	json_t *o;

	if (t->o->json) {
		o = json_pack("{s:i, s:s, s:s, s:b, s:s}", "line", (int)line, "expect",
		    expect, "got", got, "same", same, "why", why);
		if (a->n > 0)
			json_object_set_new(
			    o, "score", json_real(a->findings[0].score));
		print_json_take(o, JSON_REAL_PRECISION(4));
	} else if (!same) {
		print_changed(line, text, expect, got, why);
	}
	free(got);
}

/* A label that the plugin lacks is a mistake of the file, no drift of the model. */
static int
check_expected(const struct trial *t, unsigned line, const char *expect, struct err *e)
{
	struct msg m;
	bool known = strcmp(expect, "none") == 0 || strcmp(expect, "abstain") == 0;

	if (known)
		return 0;
	msg_init(&m, MSG_RULES);
	policy_host_rules(t->host, &m.rules);
	for (uint32_t i = 0; i < m.rules.n && !known; i++)
		known = is_label(m.rules.v[i].rule, expect);
	msg_clear(&m);
	return known
		   ? 0
		   : err_set(e, TOSD_EINVAL, "%s:%u: plugin `%s' has no label `%.60s'",
			 t->o->golden, line, t->plugin.name, expect);
}

static int
test_line(struct trial *t, unsigned line, const char *s, size_t n, struct err *e)
{
	json_t *j = json_loadb(s, n, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(j, "text"));
	const char *expect = json_string_value(json_object_get(j, "expect"));
	struct policy_ask a = {0};
	bool same;
	int rc = 0;

	if (text == NULL || expect == NULL)
		rc = err_set(e, TOSD_EINVAL,
		    "%s:%u: no object with the strings \"text\" and \"expect\"",
		    t->o->golden, line);
	if (rc == 0)
		rc = check_expected(t, line, expect, e);
	if (rc == 0 && (rc = judge(t, text, &a, e)) == 0) {
		same = as_expected(&a, expect);
		t->texts++;
		t->same += same;
		t->abstained += a.degraded != NULL;
		show(t, line, text, expect, &a, same);
		if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
			fprintf(stderr, "\r%u texts", t->texts);
	}
	policy_ask_clear(&a);
	json_decref(j);
	return rc;
}

static int
test_lines(struct trial *t, struct err *e)
{
	struct buf b = {0};
	unsigned line = 0;
	int rc = strcmp(t->o->golden, "-") == 0
		     ? file_read_fd(STDIN_FILENO, "standard input", GOLDEN_MAX, &b, e)
		     : file_read(t->o->golden, GOLDEN_MAX, &b, e);

	for (size_t at = line_mark(b.data, b.len); rc == 0 && at < b.len;) {
		size_t n = strcspn(b.data + at, "\n");

		line++;
		if (strspn(b.data + at, " \t\r") < n)
			rc = test_line(t, line, b.data + at, n, e);
		at += n + 1;
	}
	buf_free(&b);
	if (rc == 0 && t->texts == 0)
		rc = err_set(e, TOSD_EINVAL, "%s holds no texts", t->o->golden);
	return rc;
}

static double
drift(const struct trial *t)
{
	return 100.0 * (t->texts - t->same) / t->texts;
}

static void
summary(const struct trial *t)
{
	json_t *o;

	if (!t->o->json) {
		printf("%u texts, %u as expected, %u abstained: drift %.1f %%, at most "
		       "%.1f "
		       "%% is let pass\nmodel %s%s%s\n",
		    t->texts, t->same, t->abstained, drift(t), t->o->max_drift,
		    t->model, t->prompt[0] != '\0' ? ", prompt " : "", t->prompt);
		return;
	}
	o = json_pack("{s:i, s:i, s:i, s:f, s:f, s:s, s:s}", "texts", (int)t->texts,
	    "same", (int)t->same, "abstained", (int)t->abstained, "drift", drift(t),
	    "max_drift", t->o->max_drift, "model", t->model, "prompt", t->prompt);
	print_json_take(o, JSON_REAL_PRECISION(4));
}

/* --- the command --- */

static void
trial_clear(struct trial *t)
{
	policy_host_free(&t->host);
	for (size_t i = 0; i < t->n; i++) {
		fetch_client_free(&t->v[i].client);
		if (t->v[i].key.data != NULL)
			explicit_bzero(t->v[i].key.data, t->v[i].key.cap);
		buf_free(&t->v[i].key);
	}
	free(t->v);
	loop_free(&t->loop);
	if (t->policy.plugins != NULL) /* open_gate() made them */
		free(t->plugin.settings);
	conf_free(&t->conf);
}

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"plugin", required_argument, NULL, 'p'},
    {"max-drift", required_argument, NULL, 'x'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int
read_options(int argc, char **argv, struct options *o)
{
	char *end;
	int c;

	while ((c = option_next("tosctl", argc, argv, "c:p:x:jh", long_options)) != -1)
		switch (c) {
		case 'c':
			o->conf = optarg;
			break;
		case 'p':
			o->plugin = optarg;
			break;
		case 'x':
			o->max_drift = strtod(optarg, &end);
			if (end == optarg || *end != '\0' || !(o->max_drift >= 0) ||
			    !(o->max_drift <= 100)) {
				fprintf(
				    stderr, "tosctl: --max-drift is from 0 to 100\n");
				return USAGE;
			}
			break;
		case 'j':
			o->json = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return -1;
		default:
			fputs(usage_text, stderr);
			return USAGE;
		}
	if (argc - optind != 2 || strcmp(argv[optind], "test") != 0) {
		fputs(usage_text, stderr);
		return USAGE;
	}
	o->golden = argv[optind + 1];
	return DONE;
}

int
tosctl_moderation(int argc, char **argv)
{
	struct options o = {0};
	struct trial t = {.o = &o};
	struct err e = ERR_INIT;
	int rc = read_options(argc, argv, &o);

	if (rc != DONE)
		return rc < 0 ? DONE : rc;
	log_set_level(LOG_L_ERR);
	t.loop = loop_new();
	if ((rc = read_conf(&t, &e)) == 0 && (rc = choose_plugin(&t, &e)) == 0 &&
	    (rc = make_host(&t, &e)) == 0 && (rc = test_lines(&t, &e)) == 0)
		summary(&t);
	else
		complain("tosctl: %s", e.text);
	rc = rc != 0 ? CANNOT : drift(&t) > o.max_drift ? NEGATIVE : DONE;
	trial_clear(&t);
	return rc;
}
