/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classifier: the plugin that ranks texts by a trained model.  Every item gets a score
 * in the model's category; from the model's threshold on there is a finding too, whose
 * spans are the words that weighed most.  Models: tosctl classifier train.
 */
#include <tosd/policy.h>

#include <stdlib.h>
#include <string.h>

#include "model.h"

#define SPANS 12
#define QUOTE 60 /* bytes of one span shown in a reason */
#define QUOTES 4
#define UNITS_BYTE 16 /* of the budget: so many looks at each byte */

struct classifier {
	const struct tosd_host *host;
	struct model *model;
	struct model_work work;
	double threshold;
	int32_t rule;
};

enum { SET_MODEL, SET_MODE, SET_THRESHOLD, SET_CLAUSE, SET_SEVERITY };
static const struct tosd_setting schema[] = {
    [SET_MODEL] = {"model_file", TOSD_STRING, CLASSIFIER_MODEL,
	"the model, made by tosctl classifier train"},
    [SET_MODE] = {"mode", TOSD_STRING, "shadow", "draft, shadow or enforce"},
    [SET_THRESHOLD] = {"threshold", TOSD_NUMBER, "0",
	"score from which there is a finding; 0: the model's own"},
    [SET_CLAUSE] = {"clause", TOSD_STRING, "",
	"clause of the acceptable-use policy; empty: 4.1 Threats of violence for a "
	"model "
	"of violence, else the model's category"},
    [SET_SEVERITY] = {"severity", TOSD_STRING, "medium",
	"low, medium, high or critical"},
};

struct name {
	const char *name;
	int value;
};
static const struct name modes[] = {{"draft", TOSD_DRAFT}, {"shadow", TOSD_SHADOW},
    {"enforce", TOSD_ENFORCE}, {NULL, 0}};
static const struct name severities[] = {{"low", TOSD_LOW}, {"medium", TOSD_MEDIUM},
    {"high", TOSD_HIGH}, {"critical", TOSD_CRITICAL}, {NULL, 0}};

static int
find_name(const struct name *v, struct tosd_str s, const char *key, int32_t *out,
    struct why *w)
{
	for (; v->name != NULL; v++)
		if (strlen(v->name) == s.len && memcmp(v->name, s.ptr, s.len) == 0) {
			*out = v->value;
			return 0;
		}
	return why_set(w, "`%s' cannot be \"%.40s\"", key, s.ptr);
}

static void
classifier_close(void *state)
{
	struct classifier *c = state;

	model_free(&c->model);
	model_work_free(&c->work);
	free(c);
}

/* What a finding points to must not be somebody else's clause. */
static const char *
clause_of(const struct classifier *c, const char *set)
{
	if (*set != '\0')
		return set;
	return strcmp(c->model->category, "violence") == 0 ? "4.1 Threats of violence"
							   : c->model->category;
}

static int
declare(struct classifier *c, const struct tosd_str *set, struct why *w)
{
	struct sb id = {0};
	struct tosd_rule r = {.size = sizeof(r),
	    .rev = c->model->rev,
	    .digest = c->model->digest,
	    .clause = clause_of(c, set[SET_CLAUSE].ptr),
	    .category = c->model->category};
	const char *why = "no reason given";
	int rc = find_name(modes, set[SET_MODE], "mode", &r.mode, w);

	if (rc == 0)
		rc = find_name(
		    severities, set[SET_SEVERITY], "severity", &r.severity, w);
	sb_printf(&id, "classifier/%s", c->model->category);
	r.id = id.data;
	if (rc == 0 && (c->rule = c->host->declare(c->host, &r, &why)) < 0)
		rc = why_set(w, "%.400s", why);
	sb_free(&id);
	return rc;
}

static int
take_threshold(struct classifier *c, struct tosd_str set, struct why *w)
{
	c->threshold = strtod(set.ptr, NULL);
	if (!(c->threshold >= 0 && c->threshold <= 1))
		return why_set(
		    w, "`threshold' must be from 0 to 1, not %.40s", set.ptr);
	if (!(c->threshold > 0))
		c->threshold = c->model->f.threshold;
	return 0;
}

static int
classifier_open(const struct tosd_host *h, const struct tosd_str *settings,
    void **state, const char **errstr)
{
	/* On failure the state goes, and the host still reads the reason. */
	static struct why why;
	struct classifier *c = mem_new(1, sizeof(*c));
	int rc;

	c->host = h;
	if (!TOSD_HAS(h, score))
		rc = why_set(&why, "this host is older than 1.1 and takes no scores");
	else
		rc = model_load_trusted(settings[SET_MODEL].ptr, &c->model, &why);
	if (rc == 0)
		rc = take_threshold(c, settings[SET_THRESHOLD], &why);
	if (rc == 0)
		rc = declare(c, settings, &why);
	if (rc == 0) {
		struct sb b = {0};

		sb_printf(&b, "model of %s, rev %u: %s", c->model->category,
		    c->model->rev, c->model->about);
		h->log(h, TOSD_LOG_INFO, (struct tosd_str){b.data, b.len});
		sb_free(&b);
	}
	if (rc != 0) {
		*errstr = why.text;
		classifier_close(c);
		return TOSD_FAILED;
	}
	*state = c;
	return TOSD_DONE;
}

static void
put_quotes(struct sb *b, const char *text, const struct tosd_span *v, size_t n)
{
	for (size_t i = 0; i < n && i < QUOTES; i++) {
		size_t len = v[i].end - v[i].start;

		if (len > QUOTE) {
			len = QUOTE;
			while (
			    len > 0 && ((uint8_t)text[v[i].start + len] & 0xc0) == 0x80)
				len--;
		}
		sb_puts(b, i > 0 ? ", \"" : "; most by \"");
		sb_put(b, text + v[i].start, len);
		sb_puts(b, "\"");
	}
}

static void
report_finding(struct classifier *c, struct tosd_report *report, struct tosd_str text,
    double score)
{
	struct model_span found[SPANS];
	struct tosd_span spans[SPANS];
	struct sb reason = {0};
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = c->rule,
	    .score = score,
	    .spans = spans,
	    .nspans = model_explain(c->model, &c->work, found, SPANS)};

	for (size_t i = 0; i < f.nspans; i++)
		spans[i] = (struct tosd_span){found[i].start, found[i].end};
	sb_printf(&reason, "reads like %s (chance %.2f)", c->model->category, score);
	put_quotes(&reason, text.ptr, spans, f.nspans);
	f.reason = (struct tosd_str){reason.data, reason.len};
	c->host->finding(c->host, report, &f);
	sb_free(&reason);
}

static int
classifier_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct classifier *c = state;
	struct tosd_str text = c->host->field(c->host, item, TOSD_TEXT);
	struct tosd_score s = {.size = sizeof(s),
	    .category = c->model->category,
	    .hit = c->model->f.fused_hit,
	    .none = c->model->f.fused_none};

	if (c->host->budget(c->host, report, (int64_t)text.len * UNITS_BYTE) < 0) {
		*errstr = "the text is too long for its budget";
		return TOSD_DEGRADED;
	}
	s.value = model_score(c->model, &c->work, text.ptr, text.len);
	c->host->score(c->host, report, &s);
	if (s.value >= c->threshold)
		report_finding(c, report, text, s.value);
	return TOSD_DONE;
}

TOSD_POLICY(.name = "classifier", .version = "1", .needs = TOSD_NEED_TEXT,
    .open = classifier_open, .check = classifier_check, .close = classifier_close,
    .schema = schema, .nschema = sizeof(schema) / sizeof(schema[0]));
