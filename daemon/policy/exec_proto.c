/* SPDX-License-Identifier: Apache-2.0 */
/* exec_proto: reading the lines of a program; see exec_proto.h.  Those that it gets:
 * exec_put.c. */
#include "policy/exec_proto.h"

#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/finding.h"
#include "base/text.h"

#define WANT_TEXT 192 /* of what is wrong with `want' */

struct exec_proto {
	const char *name;
	struct buf in;
	size_t at;   /* what lies before was read */
	size_t seen; /* up to here there is no end of a line */
	uint64_t lines, ignored;
	uint32_t noise; /* ignored in a row */
	bool greeted, broken;
	json_t *doc; /* what the last event borrows from */
	struct exec_finding findings[TOSD_FINDINGS];
};

static const struct {
	const char *name;
	uint32_t need;
} fields[] = {
    {"text", TOSD_NEED_TEXT},
    {"lang", TOSD_NEED_TEXT},
    {"url", TOSD_NEED_LINKS},
    {"links", TOSD_NEED_LINKS},
    {"author", TOSD_NEED_AUTHOR},
    {"tenant", TOSD_NEED_TENANT},
    {"sets", TOSD_NEED_SETS},
    {"media", TOSD_NEED_MEDIA},
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

const char *
exec_field_name(size_t i)
{
	return i < NFIELDS ? fields[i].name : NULL;
}

uint32_t
exec_fields_need(unsigned bits)
{
	uint32_t need = 0;

	for (size_t i = 0; i < NFIELDS; i++)
		if (bits & 1u << i)
			need |= fields[i].need;
	return need;
}

void
exec_hello_clear(struct exec_hello *h)
{
	free(h->name);
	free(h->version);
	for (size_t i = 0; i < h->nrules; i++) {
		free(h->rules[i].id);
		free(h->rules[i].clause);
		free(h->rules[i].category);
		free(h->rules[i].digest);
	}
	free(h->rules);
	memset(h, 0, sizeof(*h));
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

bool
exec_hello_same(const struct exec_hello *a, const struct exec_hello *b)
{
	if (!same(a->name, b->name) || !same(a->version, b->version) ||
	    a->want != b->want || a->pure != b->pure || a->nrules != b->nrules)
		return false;
	for (size_t i = 0; i < a->nrules; i++) {
		const struct exec_rule *x = &a->rules[i], *y = &b->rules[i];

		if (!same(x->id, y->id) || !same(x->clause, y->clause) ||
		    !same(x->category, y->category) || !same(x->digest, y->digest) ||
		    x->rev != y->rev || x->severity != y->severity ||
		    x->mode != y->mode)
			return false;
	}
	return true;
}

struct exec_proto *
exec_proto_new(const char *name)
{
	struct exec_proto *p = xcalloc(1, sizeof(*p));

	p->name = name;
	return p;
}

void
exec_proto_free(struct exec_proto **pp)
{
	struct exec_proto *p = *pp;

	if (p == NULL)
		return;
	json_decref(p->doc);
	buf_free(&p->in);
	free(p);
	*pp = NULL;
}

uint64_t
exec_proto_ignored(const struct exec_proto *p)
{
	return p->ignored;
}

uint64_t
exec_proto_lines(const struct exec_proto *p)
{
	return p->lines;
}

void
exec_proto_take(struct exec_proto *p, const char *data, size_t n)
{
	if (p->broken)
		return;
	/* Moved seldom, so that many short lines do not move each other. */
	if (p->at > 0 && (p->at == p->in.len || p->at > 65536)) {
		memmove(p->in.data, p->in.data + p->at, p->in.len - p->at);
		p->in.len -= p->at;
		p->seen -= p->at;
		p->at = 0;
	}
	buf_put(&p->in, data, n);
}

static int __attribute__((format(printf, 3, 4)))
breach(struct exec_proto *p, struct err *e, const char *fmt, ...)
{
	char what[240];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	p->broken = true;
	buf_free(&p->in);
	return err_set(e, TOSD_EPROTO, "plugin `%s', line %llu of its output: %s",
	    p->name, (unsigned long long)p->lines, what);
}

/* --- values out of a message; NULL or what is wrong with it */

static const char *
get_text(const json_t *o, const char *key, bool must, char **out)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		return must ? "is missing" : NULL;
	if (!json_is_string(v))
		return "must be a string";
	*out = xstrdup(json_string_value(v));
	return NULL;
}

/* bad: what to say of one that is not from 1 to hi. */
static const char *
get_count(
    const json_t *o, const char *key, json_int_t hi, const char *bad, uint32_t *out)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		return NULL;
	if (!json_is_integer(v) || json_integer_value(v) < 1 ||
	    json_integer_value(v) > hi)
		return bad;
	*out = (uint32_t)json_integer_value(v);
	return NULL;
}

static const char *
get_seq(const json_t *o, uint64_t *out)
{
	const json_t *v = json_object_get(o, "seq");

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return "must be the whole number of an item";
	*out = (uint64_t)json_integer_value(v);
	return NULL;
}

static const char *
get_rule(const json_t *o, struct exec_rule *r, const char **key)
{
	char *severity = NULL, *mode = NULL;
	const char *bad;

	r->rev = 0;
	if ((bad = get_text(o, *key = "id", true, &r->id)) == NULL &&
	    (bad = get_text(o, *key = "clause", true, &r->clause)) == NULL &&
	    (bad = get_text(o, *key = "category", true, &r->category)) == NULL &&
	    (bad = get_text(o, *key = "digest", false, &r->digest)) == NULL &&
	    (bad = get_text(o, *key = "severity", true, &severity)) == NULL &&
	    (bad = get_text(o, *key = "mode", false, &mode)) == NULL)
		bad = get_count(o, *key = "rev", INT32_MAX,
		    "is not a whole number from 1 to 2147483647", &r->rev);
	if (bad == NULL && r->rev == 0)
		bad = "is missing";
	if (bad == NULL) {
		r->severity = finding_severity_parse(severity);
		r->mode = mode != NULL ? finding_mode_parse(mode) : MODE_SHADOW;
		if (r->severity < 0) {
			*key = "severity";
			bad = "must be low, medium, high or critical";
		} else if (r->mode < 0 || r->mode > MODE_ENFORCE) {
			*key = "mode";
			bad = "must be draft, shadow, canary or enforce";
		}
	}
	free(severity);
	free(mode);
	return bad;
}

/* The name that there is not, and those that there are; out holds both. */
static const char *
no_field(const char *name, char out[WANT_TEXT])
{
	char shown[64];
	int n;

	text_escape(shown, sizeof(shown), name, strnlen(name, 32));
	n = snprintf(out, WANT_TEXT, "names \"%s\", which is none of", shown);
	for (size_t k = 0; k < NFIELDS; k++)
		n += snprintf(out + n, WANT_TEXT - (size_t)n, "%s %s", k > 0 ? "," : "",
		    fields[k].name);
	return out;
}

static const char *
get_want(const json_t *o, unsigned *out, char bad[WANT_TEXT])
{
	const json_t *list = json_object_get(o, "want"), *v;
	size_t i, k;

	if (!json_is_array(list))
		return "must be an array of names of fields";
	json_array_foreach(list, i, v)
	{
		const char *s = json_string_value(v);

		for (k = 0; s != NULL && k < NFIELDS; k++)
			if (strcmp(fields[k].name, s) == 0)
				break;
		if (s == NULL)
			return "must be an array of names of fields";
		if (k == NFIELDS)
			return no_field(s, bad);
		*out |= 1u << k;
	}
	return NULL;
}

static const char *
get_proto(const json_t *o)
{
	const json_t *v = json_object_get(o, "proto");
	const json_t *lo = json_array_get(v, 0), *hi = json_array_get(v, 1);

	if (json_array_size(v) != 2 || !json_is_integer(lo) || !json_is_integer(hi))
		return "must be two numbers, the lowest and the highest version";
	if (json_integer_value(lo) > EXEC_VERSION ||
	    json_integer_value(hi) < EXEC_VERSION)
		return "does not reach over version 1, which is the one spoken here";
	return NULL;
}

static int
take_hello(struct exec_proto *p, const json_t *o, struct exec_hello *h, struct err *e)
{
	const json_t *rules = json_object_get(o, "rules"), *v, *pure;
	const char *bad, *key;
	char want[WANT_TEXT];
	size_t i;

	if (p->greeted)
		return breach(p, e, "a second hello");
	h->max_inflight = 1;
	if ((bad = get_proto(o)) != NULL)
		return breach(p, e, "hello: `proto' %s", bad);
	if ((bad = get_text(o, key = "name", true, &h->name)) != NULL ||
	    (bad = get_text(o, key = "version", true, &h->version)) != NULL ||
	    (bad = get_want(o, &h->want, want)) != NULL)
		return breach(
		    p, e, "hello: `%s' %s", h->version != NULL ? "want" : key, bad);
	if ((bad = get_count(o, "max_inflight", 1 << 16,
		 "is not a whole number from 1 to 65536", &h->max_inflight)) != NULL)
		return breach(p, e, "hello: `max_inflight' %s", bad);
	pure = json_object_get(o, "pure");
	if (pure != NULL && !json_is_boolean(pure))
		return breach(p, e, "hello: `pure' must be true or false");
	h->pure = pure == NULL || json_is_true(pure);
	if (!json_is_array(rules) || json_array_size(rules) == 0 ||
	    json_array_size(rules) > EXEC_RULES_MAX)
		return breach(
		    p, e, "hello: `rules' must be an array of 1 to %d", EXEC_RULES_MAX);
	h->rules = xcalloc(json_array_size(rules), sizeof(*h->rules));
	json_array_foreach(rules, i, v)
	{
		h->nrules = i + 1;
		bad = get_rule(v, &h->rules[i], &key);
		if (bad != NULL)
			return breach(
			    p, e, "hello: `%s' of rule %zu %s", key, i + 1, bad);
	}
	p->greeted = true;
	return 1;
}

/* --- findings: what is wrong with one costs that one, not the program */

static const char *
get_spans(const json_t *list, struct exec_finding *f)
{
	const json_t *v;
	size_t i;

	if (list == NULL)
		return NULL;
	if (!json_is_array(list))
		return "a finding whose spans are no list";
	if (json_array_size(list) > TOSD_SPANS)
		return "a finding with more than 64 spans";
	json_array_foreach(list, i, v)
	{
		const json_t *a = json_array_get(v, 0), *b = json_array_get(v, 1);

		if (json_array_size(v) != 2 || !json_is_integer(a) ||
		    !json_is_integer(b) || json_integer_value(a) < 0 ||
		    json_integer_value(a) > UINT32_MAX || json_integer_value(b) < 0 ||
		    json_integer_value(b) > UINT32_MAX)
			return "a span that is not [start, end], in bytes of the text";
		f->spans[i].start = (uint32_t)json_integer_value(a);
		f->spans[i].end = (uint32_t)json_integer_value(b);
	}
	f->nspans = json_array_size(list);
	return NULL;
}

static const char *
get_finding(const json_t *o, struct exec_finding *f)
{
	const json_t *rule = json_object_get(o, "rule");
	const json_t *score = json_object_get(o, "score");
	const json_t *reason = json_object_get(o, "reason");

	f->rule = f->reason = "";
	f->nspans = 0;
	if (!json_is_string(rule))
		return "a finding without the id of its rule";
	if (score != NULL && !json_is_number(score))
		return "a score that is no number";
	if (reason != NULL && !json_is_string(reason))
		return "a reason that is no string";
	f->rule = json_string_value(rule);
	f->score = score != NULL ? json_number_value(score) : 1;
	f->reason = reason != NULL ? json_string_value(reason) : "";
	return get_spans(json_object_get(o, "spans"), f);
}

static int
take_result(struct exec_proto *p, const json_t *o, struct exec_event *ev, struct err *e)
{
	const json_t *list = json_object_get(o, "findings");
	const json_t *abstain = json_object_get(o, "abstain");
	const char *bad = get_seq(o, &ev->seq);

	if (bad != NULL)
		return breach(p, e, "result: `seq' %s", bad);
	if (list != NULL && !json_is_array(list))
		return breach(p, e, "result: `findings' must be an array");
	if (abstain != NULL && !json_is_string(abstain) && !json_is_false(abstain))
		return breach(p, e, "result: `abstain' must be a string that says why");
	if (list == NULL && !json_is_string(abstain))
		return breach(p, e, "result: neither `findings' nor `abstain'");
	ev->findings = p->findings;
	ev->n = json_array_size(list);
	if (ev->n > TOSD_FINDINGS) {
		ev->more = ev->n - TOSD_FINDINGS;
		ev->n = TOSD_FINDINGS;
	}
	for (size_t i = 0; i < ev->n; i++)
		p->findings[i].bad =
		    get_finding(json_array_get(list, i), &p->findings[i]);
	ev->abstain = json_string_value(abstain);
	return 1;
}

/* --- a line */

static int
take_message(struct exec_proto *p, struct exec_event *ev, struct err *e)
{
	const char *t = json_string_value(json_object_get(p->doc, "t"));
	const char *bad;
	int rc;

	if (t == NULL)
		return breach(p, e, "not an object with a type, {\"t\":\"...\"}");
	if (strcmp(t, "hello") == 0) {
		ev->kind = EXEC_HELLO;
		rc = take_hello(p, p->doc, &ev->hello, e);
		if (rc != 1)
			exec_hello_clear(&ev->hello);
		return rc;
	}
	if (!p->greeted)
		return breach(p, e, "something else before its hello");
	p->noise++;
	if (strcmp(t, "result") == 0) {
		p->noise = 0;
		ev->kind = EXEC_RESULT;
		return take_result(p, p->doc, ev, e);
	}
	if (strcmp(t, "busy") == 0) {
		ev->kind = EXEC_BUSY;
		bad = get_seq(p->doc, &ev->seq);
		return bad == NULL ? 1 : breach(p, e, "busy: `seq' %s", bad);
	}
	p->ignored++;
	if (p->noise > EXEC_NOISE_MAX)
		return breach(
		    p, e, "more than %d messages without a result", EXEC_NOISE_MAX);
	return 0;
}

/* --- numbers that are larger than ours: JSON all the same */

static bool
too_large(const char *s, size_t n)
{
	char word[400];

	if (n >= sizeof(word))
		return true;
	memcpy(word, s, n);
	word[n] = '\0';
	errno = 0;
	if (strpbrk(word, ".eE") != NULL)
		return strtod(word, NULL) > DBL_MAX || strtod(word, NULL) < -DBL_MAX;
	(void)strtoll(word, NULL, 10);
	return errno != 0;
}

/* The bytes of the string or the number that begins here; 1: of neither. */
static size_t
token(const char *s, size_t n)
{
	size_t k = 1;

	if (s[0] == '"') {
		while (k < n && s[k] != '"')
			k += s[k] == '\\' ? 2 : 1;
		return k < n ? k + 1 : n;
	}
	if (s[0] == '-' || (s[0] >= '0' && s[0] <= '9'))
		while (k < n && s[k] != '\0' && strchr("0123456789.eE+-", s[k]) != NULL)
			k++;
	return k;
}

/* In their place: a number that is allowed nowhere. */
static json_t *
load_tamed(const char *s, size_t n, json_error_t *why)
{
	struct buf b = {0};
	json_t *doc;

	for (size_t i = 0, k; i < n; i += k) {
		k = token(s + i, n - i);
		if (s[i] != '"' && k > 1 && too_large(s + i, k))
			buf_puts(&b, "-1");
		else
			buf_put(&b, s + i, k);
	}
	doc = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, why);
	buf_free(&b);
	return doc;
}

static int
take_line(
    struct exec_proto *p, const char *s, size_t n, struct exec_event *ev, struct err *e)
{
	json_error_t why;

	p->lines++;
	if (n > EXEC_LINE_MAX)
		return breach(p, e, "longer than %u bytes", EXEC_LINE_MAX);
	while (n > 0 && (s[n - 1] == '\r' || s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n == 0)
		return 0;
	json_decref(p->doc);
	p->doc = json_loadb(s, n, JSON_REJECT_DUPLICATES, &why);
	if (p->doc == NULL && json_error_code(&why) == json_error_numeric_overflow)
		p->doc = load_tamed(s, n, &why);
	if (p->doc == NULL)
		return breach(p, e, "not JSON: %s", why.text);
	return take_message(p, ev, e);
}

int
exec_proto_next(struct exec_proto *p, struct exec_event *ev, struct err *e)
{
	int rc = 0;

	memset(ev, 0, sizeof(*ev));
	while (rc == 0) {
		const char *nl;
		size_t from = p->at, n;

		if (p->broken)
			return err_set(e, TOSD_EPROTO,
			    "plugin `%s' broke the protocol before", p->name);
		nl = p->in.len > p->seen
			 ? memchr(p->in.data + p->seen, '\n', p->in.len - p->seen)
			 : NULL;
		if (nl == NULL) {
			p->seen = p->in.len;
			if (p->in.len - p->at <= EXEC_LINE_MAX)
				return 0;
			p->lines++;
			return breach(p, e, "longer than %u bytes", EXEC_LINE_MAX);
		}
		n = (size_t)(nl - p->in.data) - from;
		p->at = p->seen = from + n + 1;
		rc = take_line(p, p->in.data + from, n, ev, e);
	}
	return rc;
}
