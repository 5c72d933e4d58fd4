/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moderation: the plugin that asks a model about items at which a cheap rule or a
 * person's report points. The operator's own policy text is the prompt (protocol
 * `chat'), or the endpoint has categories of its own (`moderation').  What it finds is
 * for people to review: the host sees to it that it never counts.  An answer that is
 * not what was asked for, a quote that is not in the text, two models that do not
 * agree: it abstains, which goes on record.
 */
#include <tosd/policy.h>

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "gate.h"
#include "prompt.h"

#define POLICY_MAX 65536 /* bytes of the policy's text */
#define TEXT_LIMIT 32768 /* of an item, whatever max_text says */
#define QUOTE_SHOWN 200
#define MODELS 2

struct moderation {
	const struct tosd_host *host;
	struct labels labels;
	struct gate gate;
	struct prompt prompt;
	bool chat;
	const char *clean;
	struct {
		const char *endpoint, *model;
	} models[MODELS];
	size_t nmodels;
	double threshold;
	size_t max_text;
	char digest[MEM_HEX];
	struct why why;
};

enum {
	SET_ENDPOINT,
	SET_PROTOCOL,
	SET_MODEL,
	SET_POLICY,
	SET_LABELS,
	SET_CLEAN,
	SET_WHEN,
	SET_REPORTS,
	SET_THRESHOLD,
	SET_TEXT,
	SET_SEED,
	SET_TOKENS,
	SET_JSON,
	SET_ENDPOINT_2,
	SET_MODEL_2,
	SET_PREFIX,
	SET_COUNT
};
static const struct tosd_setting schema[SET_COUNT] = {
    [SET_ENDPOINT] = {"endpoint", TOSD_STRING, NULL,
	"name of the endpoint in policy.endpoints that is asked"},
    [SET_PROTOCOL] = {"protocol", TOSD_STRING, "chat", "chat or moderation"},
    [SET_MODEL] = {"model", TOSD_STRING, NULL, "the model's name at the endpoint"},
    [SET_POLICY] = {"policy_file", TOSD_STRING, "",
	"chat: the policy by which the model judges, as text"},
    [SET_LABELS] = {"labels", TOSD_STRING, NULL,
	"what it may answer: \"label = category severity clause; ...\""},
    [SET_CLEAN] = {"clean", TOSD_STRING, "none", "label of what violates nothing"},
    [SET_WHEN] = {"when", TOSD_STRING, NULL,
	"categories and rules whose findings make an item worth asking about"},
    [SET_REPORTS] = {"reports", TOSD_BOOL, "true",
	"whether a person's report makes an item worth asking about, too"},
    [SET_THRESHOLD] = {"threshold", TOSD_NUMBER, "0.5",
	"score or confidence from which there is a finding"},
    [SET_TEXT] = {"max_text", TOSD_INTEGER, "16384",
	"bytes of an item that are shown to the model; at most 32768"},
    [SET_SEED] = {"seed", TOSD_INTEGER, "1", "chat: sent along"},
    [SET_TOKENS] = {"max_tokens", TOSD_INTEGER, "1024",
	"chat: of an answer, thoughts included"},
    [SET_JSON] = {"json_mode", TOSD_BOOL, "false",
	"chat: asks the server for JSON (response_format)"},
    [SET_ENDPOINT_2] = {"second_endpoint", TOSD_STRING, "",
	"of a second model that must agree; empty: the same endpoint"},
    [SET_MODEL_2] = {"second_model", TOSD_STRING, "",
	"a second model that must agree; empty: one is enough"},
    [SET_PREFIX] = {"prefix", TOSD_STRING, "moderation",
	"first part of the rules' names; another one for each use of the plugin"},
};

/* --- open --- */

static int
number(const struct tosd_str *set, int which, int64_t min, int64_t max, int64_t *out,
    struct why *w)
{
	*out = strtoll(set[which].ptr, NULL, 10);
	if (*out >= min && *out <= max)
		return 0;
	return why_set(w, "`%s' is from %lld to %lld", schema[which].key,
	    (long long)min, (long long)max);
}

static int
read_models(struct moderation *m, const struct tosd_str *set, struct why *w)
{
	m->models[0].endpoint = set[SET_ENDPOINT].ptr;
	m->models[0].model = set[SET_MODEL].ptr;
	m->nmodels = 1;
	if (set[SET_MODEL].len == 0 || set[SET_ENDPOINT].len == 0)
		return why_set(w, "`endpoint' and `model' must not be empty");
	if (set[SET_MODEL_2].len == 0 && set[SET_ENDPOINT_2].len > 0)
		return why_set(w, "`second_endpoint' without `second_model'");
	if (set[SET_MODEL_2].len == 0)
		return 0;
	m->models[1].endpoint = set[SET_ENDPOINT_2].len > 0 ? set[SET_ENDPOINT_2].ptr
							    : set[SET_ENDPOINT].ptr;
	m->models[1].model = set[SET_MODEL_2].ptr;
	m->nmodels = 2;
	if (strcmp(m->models[0].endpoint, m->models[1].endpoint) == 0 &&
	    strcmp(m->models[0].model, m->models[1].model) == 0)
		return why_set(w, "the second model is the first one");
	return 0;
}

/* Better now than at the first item. */
static int
check_endpoints(const struct moderation *m, struct why *w)
{
	for (size_t i = 0; i < m->nmodels; i++) {
		struct tosd_question q = {
		    .size = sizeof(q), .endpoint = m->models[i].endpoint};

		if (m->host->ask(m->host, NULL, &q, NULL) != 0)
			return why_set(w, "no endpoint `%.60s' is configured",
			    m->models[i].endpoint);
	}
	return 0;
}

static int
read_prompt(struct moderation *m, const struct tosd_str *set, struct why *w)
{
	struct sb policy = {0};
	struct why why;
	int rc;

	if (!m->chat)
		return set[SET_POLICY].len == 0
			   ? 0
			   : why_set(
				 w, "`policy_file' is for the protocol `chat' only");
	if (set[SET_POLICY].len == 0)
		return why_set(w, "the protocol `chat' wants a `policy_file'");
	if (labels_find(&m->labels, m->clean, strlen(m->clean)) != NULL)
		return why_set(w, "`clean' is one of `labels'");
	if (number(set, SET_SEED, 0, INT32_MAX, &m->prompt.seed, w) != 0 ||
	    number(set, SET_TOKENS, 16, 65536, &m->prompt.max_tokens, w) != 0)
		return -1;
	m->prompt.json_mode = strcmp(set[SET_JSON].ptr, "true") == 0;
	rc = mem_read_trusted(NULL, set[SET_POLICY].ptr, POLICY_MAX, &policy, &why);
	if (rc != 0)
		why_set(w, "`policy_file' %s: %s", set[SET_POLICY].ptr, why.text);
	else if (policy.len == 0)
		rc = why_set(w, "`policy_file' %s is empty", set[SET_POLICY].ptr);
	if (rc == 0)
		prompt_make(&m->prompt, policy.data, &m->labels, m->clean);
	sb_free(&policy);
	return rc;
}

static int
read_settings(struct moderation *m, const struct tosd_str *set, struct why *w)
{
	int64_t max_text;

	m->chat = strcmp(set[SET_PROTOCOL].ptr, "chat") == 0;
	m->clean = set[SET_CLEAN].ptr;
	m->threshold = strtod(set[SET_THRESHOLD].ptr, NULL);
	if (!m->chat && strcmp(set[SET_PROTOCOL].ptr, "moderation") != 0)
		return why_set(w, "`protocol' is chat or moderation, not \"%.40s\"",
		    set[SET_PROTOCOL].ptr);
	if (!(m->threshold >= 0 && m->threshold <= 1))
		return why_set(w, "`threshold' is from 0 to 1");
	if (number(set, SET_TEXT, 64, TEXT_LIMIT, &max_text, w) != 0)
		return -1;
	m->max_text = (size_t)max_text;
	if (labels_parse(set[SET_LABELS].ptr, set[SET_PREFIX].ptr, &m->labels, w) !=
		0 ||
	    gate_parse(set[SET_WHEN].ptr, &m->gate, w) != 0 ||
	    read_models(m, set, w) != 0 || check_endpoints(m, w) != 0)
		return -1;
	m->gate.reports = strcmp(set[SET_REPORTS].ptr, "true") == 0;
	return read_prompt(m, set, w);
}

/* Of all that an answer depends on: the digest of the rules. */
static void
make_digest(struct moderation *m, const struct tosd_str *set)
{
	struct sb b = {0};

	for (int i = 0; i < SET_COUNT; i++)
		if (i != SET_POLICY)
			sb_printf(&b, "%s=%s\n", schema[i].key, set[i].ptr);
	sb_puts(&b, m->prompt.digest);
	mem_sha256(b.data, b.len, m->digest);
	sb_free(&b);
}

static int
declare(struct moderation *m, struct why *w)
{
	for (size_t i = 0; i < m->labels.n; i++) {
		struct label *l = &m->labels.v[i];
		struct tosd_rule r = {sizeof(r), l->rule, 1, m->digest, l->clause,
		    l->category, l->severity, TOSD_SHADOW};
		const char *why = "no reason given";

		l->number = m->host->declare(m->host, &r, &why);
		if (l->number < 0)
			return why_set(w, "%.400s", why);
	}
	return 0;
}

static void
moderation_close(void *state)
{
	struct moderation *m = state;

	labels_free(&m->labels);
	gate_free(&m->gate);
	prompt_free(&m->prompt);
	free(m);
}

static int
moderation_open(const struct tosd_host *h, const struct tosd_str *settings,
    void **state, const char **errstr)
{
	/* On failure the state goes, and the host still reads the reason. */
	static struct why why;
	struct moderation *m = mem_new(1, sizeof(*m));
	int rc;

	m->host = h;
	if (!TOSD_HAS(h, ask) || !TOSD_HAS(h, found))
		rc = why_set(&why, "this host is older than 1.2 and asks no models");
	else
		rc = read_settings(m, settings, &why);
	if (rc == 0) {
		make_digest(m, settings);
		rc = declare(m, &why);
	}
	if (rc != 0) {
		*errstr = why.text;
		moderation_close(m);
		return TOSD_FAILED;
	}
	*state = m;
	return TOSD_DONE;
}

/* --- check --- */

/* Puts the question to one of the models: 1, 0 or -1 as ask() says. */
static int
ask(struct moderation *m, struct tosd_report *report, size_t which,
    struct tosd_str text, struct tosd_answer *a)
{
	const char *model = m->models[which].model;
	char *body = m->chat ? prompt_chat(&m->prompt, model, text.ptr, text.len)
			     : prompt_moderation(model, text.ptr, text.len);
	struct tosd_question q = {.size = sizeof(q),
	    .endpoint = m->models[which].endpoint,
	    .kind = m->chat ? TOSD_ASK_CHAT : TOSD_ASK_MODERATION,
	    .model = model,
	    .prompt = m->chat ? m->prompt.digest : NULL,
	    .body = {body, body != NULL ? strlen(body) : 0}};
	int rc;

	*a = (struct tosd_answer){.size = sizeof(*a)};
	rc = m->host->ask(m->host, report, &q, a);
	free(body);
	return rc;
}

static void
put_models(const struct moderation *m, struct sb *b)
{
	for (size_t i = 0; i < m->nmodels; i++)
		sb_printf(b, "%s%s", i > 0 ? " and " : "", m->models[i].model);
	sb_puts(b, m->nmodels > 1 ? " say " : " says ");
}

static void
find(struct moderation *m, struct tosd_report *report, const struct label *l,
    double score, const struct tosd_span *span, struct tosd_str reason)
{
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = l->number,
	    .score = score,
	    .spans = span,
	    .nspans = span != NULL,
	    .reason = reason};

	m->host->finding(m->host, report, &f);
}

/* "threat" with this quote, by one model or by two that agree. */
static void
find_chat(struct moderation *m, struct tosd_report *report, const struct label *l,
    const struct answer *a, double confidence, uint32_t start)
{
	struct tosd_span span = {start, start + (uint32_t)a->quote_len};
	size_t n = a->quote_len;
	struct sb b = {0};

	if (n > QUOTE_SHOWN)
		for (n = QUOTE_SHOWN; n > 0 && ((uint8_t)a->quote[n] & 0xc0) == 0x80;
		     n--)
			;
	put_models(m, &b);
	sb_printf(&b, "\"%s\" (clause \"%s\", confidence %.2f): \"", l->name, a->clause,
	    confidence);
	sb_put(&b, a->quote, n);
	sb_puts(&b, "\"");
	find(m, report, l, confidence, &span, (struct tosd_str){b.data, b.len});
	sb_free(&b);
}

/* What one model said, checked against the labels and the text. */
static int
read_chat(struct moderation *m, const struct tosd_answer *in, struct tosd_str text,
    struct answer *out, const struct label **label, uint32_t *start)
{
	struct why *w = &m->why;

	*label = NULL;
	if (answer_chat(in->body.ptr, in->body.len, out, w) != 0)
		return -1;
	if (strcmp(out->label, m->clean) == 0)
		return 0;
	*label = labels_find(&m->labels, out->label, strlen(out->label));
	if (*label == NULL)
		return why_set(
		    w, "the model's label \"%.40s\" is none of ours", out->label);
	return answer_quote(out, text.ptr, text.len, start, w);
}

static int
judge_chat(struct moderation *m, struct tosd_report *report, struct tosd_str text,
    const struct tosd_answer *in)
{
	struct answer a[MODELS] = {{.confidence = 0}};
	const struct label *label[MODELS] = {NULL};
	uint32_t start[MODELS] = {0};
	double least = 1;
	int rc = 0;

	for (size_t i = 0; i < m->nmodels && rc == 0; i++) {
		rc = read_chat(m, &in[i], text, &a[i], &label[i], &start[i]);
		if (a[i].confidence < least)
			least = a[i].confidence;
	}
	if (rc == 0 && m->nmodels > 1 && label[0] != label[1])
		rc = why_set(&m->why, "uncertain: %.60s says \"%s\", %.60s \"%s\"",
		    m->models[0].model, a[0].label, m->models[1].model, a[1].label);
	if (rc == 0 && label[0] != NULL && least >= m->threshold)
		find_chat(m, report, label[0], &a[0], least, start[0]);
	for (size_t i = 0; i < m->nmodels; i++)
		answer_clear(&a[i]);
	return rc;
}

static int
judge_label(struct moderation *m, struct tosd_report *report, const struct label *l,
    double first, double second)
{
	double least = first < second ? first : second;
	struct sb b = {0};

	if ((first >= m->threshold) != (second >= m->threshold))
		return why_set(&m->why,
		    "uncertain: \"%s\" has %.2f of %.60s, %.2f of %.60s", l->name,
		    first, m->models[0].model, second, m->models[1].model);
	if (least < m->threshold)
		return 0;
	put_models(m, &b);
	sb_printf(&b, "\"%s\" (score %.2f)", l->name, least);
	find(m, report, l, least, NULL, (struct tosd_str){b.data, b.len});
	sb_free(&b);
	return 0;
}

static int
judge_moderation(
    struct moderation *m, struct tosd_report *report, const struct tosd_answer *in)
{
	double v[MODELS][LABELS_MAX];
	int rc = 0, bad = 0;

	for (size_t i = 0; i < m->nmodels; i++)
		if (answer_moderation(
			in[i].body.ptr, in[i].body.len, &m->labels, v[i], &m->why) != 0)
			return -1;
	for (size_t i = 0; i < m->labels.n; i++) {
		rc = judge_label(
		    m, report, &m->labels.v[i], v[0][i], v[m->nmodels - 1][i]);
		bad = rc != 0 ? rc : bad;
	}
	return bad;
}

/* As much of the text as the model may see, cut between characters. */
static struct tosd_str
shown(const struct moderation *m, struct tosd_str text)
{
	size_t n = text.len;

	if (n > m->max_text)
		for (n = m->max_text; n > 0 && ((uint8_t)text.ptr[n] & 0xc0) == 0x80;
		     n--)
			;
	return (struct tosd_str){text.ptr, n};
}

static int
judge(struct moderation *m, struct tosd_report *report, struct tosd_str text,
    const struct tosd_answer *in)
{
	for (size_t i = 0; i < m->nmodels; i++)
		if (in[i].status != 200) {
			answer_refusal(
			    in[i].body.ptr, in[i].body.len, (int)in[i].status, &m->why);
			return -1;
		}
	return m->chat ? judge_chat(m, report, text, in)
		       : judge_moderation(m, report, in);
}

static int
moderation_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct moderation *m = state;
	struct tosd_str all = m->host->field(m->host, item, TOSD_TEXT);
	struct tosd_str text = shown(m, all);
	struct tosd_answer in[MODELS];
	int known, least = 1;

	if (text.len == 0 || !gate_open(&m->gate, m->host, report))
		return TOSD_DONE;
	for (size_t i = 0; i < m->nmodels; i++) {
		known = ask(m, report, i, text, &in[i]);
		least = known < least ? known : least;
	}
	if (least == 0)
		return TOSD_WAITS;
	*errstr = "its question was refused";
	if (least < 0)
		return TOSD_DEGRADED;
	*errstr = m->why.text;
	if (judge(m, report, text, in) != 0)
		return TOSD_DEGRADED;
	*errstr = "the text is longer than max_text, the model saw its beginning";
	return text.len < all.len ? TOSD_DEGRADED : TOSD_DONE;
}

TOSD_POLICY(.name = "moderation", .version = "1",
    .needs = TOSD_NEED_TEXT | TOSD_NEED_ASK | TOSD_NEED_FOUND, .open = moderation_open,
    .check = moderation_check, .close = moderation_close, .schema = schema,
    .nschema = SET_COUNT);
