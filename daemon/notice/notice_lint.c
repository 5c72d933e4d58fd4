/* SPDX-License-Identifier: Apache-2.0 */
/* notice_lint: mandatory points and the document's vocabulary; see notice_lint.h. */
#include "notice/notice_lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINT_MAX 32
#define POINT_NAMES 8

/* One letter per audience: Tenant, Manager, Safety desk, Legal. */
static const char letters[] = "TMSL";

/* Names must be rendered with a visible value each time; those with '?' only where
 * the document has them.  The numbers are those of the README's table. */
static const struct point {
	unsigned number;
	const char *title;
	const char *stage, *recommendation, *safety, *closed; /* for whom */
	const char *names[POINT_NAMES];
} points[] = {
    {1, "case, notice, date", "TM", "ML", "", "TM", {"case", "date"}},
    {1, "date, and case if there is one", "", "", "SL", "", {"?case", "date"}},
    {2, "sender and how to reply", "TM", "M", "S", "TM",
	{"provider.name", "provider.mailbox", "?provider.phone"}},
    {3, "tenant and contract", "TM", "ML", "SL", "TM",
	{"tenant.name", "?tenant.contract"}},
    {4, "what is asked or decided now", "TM", "ML", "SL", "TM", {NULL}},
    {5, "scope and duration", "T", "L", "", "", {NULL}},
    {6, "the items", "TM", "ML", "", "", {NULL}},
    {7, "the numbers", "TM", "ML", "", "TM", {"numbers.seen", "numbers.violations"}},
    {8, "the threat", "", "", "SL", "", {"safety.url", "safety.captured"}},
    {9, "where the finding comes from", "T", "L", "SL", "", {NULL}},
    {10, "automated detection and who decides", "T", "L", "SL", "T", {NULL}},
    {11, "the ground: clause and policy", "TM", "ML", "", "", {"provider.aup_url"}},
    {12, "why the facts meet the ground", "T", "L", "", "", {NULL}},
    {13, "what to do", "TM", "", "S", "", {NULL}},
    {14, "the deadline", "TM", "", "", "", {"deadline.utc", "deadline.span"}},
    {15, "what follows and who decides it", "TM", "ML", "SL", "TM", {NULL}},
    {16, "how to object", "T", "L", "", "", {NULL}},
    {17, "the evidence", "T", "L", "SL", "", {"evidence.origin", "evidence.root"}},
    {18, "the tenant's data", "TM", "ML", "", "", {NULL}},
    {19, "the machine-readable copy", "T", "L", "SL", "", {NULL}},
    {20, "what is left out to protect others", "T", "L", "", "", {NULL}},
    {21, "what speaks against it", "", "ML", "", "", {NULL}},
};
#define NPOINTS (sizeof(points) / sizeof(points[0]))

/* Values that a table must show in every row.  A notice may be without rows only when
 * nothing that was reported is still online: then it is about how long it took. */
static const struct {
	unsigned point;
	const char *kind;
	char audience;
	const char *name;
} rows[] = {
    {6, "stage", 'T', "items.n"},
    {6, "stage", 'T', "items.url"},
    {6, "stage", 'T', "items.captured"},
    {6, "stage", 'T', "items.state"},
    {6, "stage", 'T', "items.commit"},
    {11, "stage", 'T', "items.clause"},
    {12, "stage", 'T', "rules.reason"},
    {6, "recommendation", 'L', "items.url"},
    {6, "recommendation", 'L', "items.captured"},
    {6, "recommendation", 'L', "items.state"},
    {6, "recommendation", 'L', "items.commit"},
    {11, "recommendation", 'L', "items.clause"},
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

const char *const notice_optional[] = {"case", "deadline", "next_stage", "items",
    "first_items", "more_items", "earlier", "rules", "reasons", "first_reasons",
    "against", "first_against", "decided_by", "safety", "tenant_stage",
    "safety.tenant_stage", "phone", "provider.phone", "contract", "tenant.contract",
    "aup_version", "provider.aup_version", "posted", "safety.posted", "checked",
    "online_for", "quote", "safety.quote", "file", "delivered", "process", "text",
    "process.text", "threshold", "process.threshold", "rate", "numbers.rate",
    "rate_low", "numbers.rate_low", "removal_rate", "numbers.removal_rate",
    "median_takedown", "numbers.median_takedown", "left_out", "numbers.left_out",
    "readable", "numbers.readable", "evidence", NULL};

/* Every part of every name of the document. */
static const char *const vocabulary[] = {"against", "audience", "aup_url",
    "aup_version", "author_known", "automated_detection", "captured", "case",
    "category", "checked", "clause", "commit", "contact", "contract", "date",
    "deadline", "decided_by", "delivered", "earlier", "entry", "evidence", "file",
    "first_against", "first_items", "first_reasons", "id", "items", "key", "kind",
    "language", "left_out", "mailbox", "median_takedown", "met", "more_items", "n",
    "name", "next_stage", "notice", "numbers", "of", "online", "online_for", "origin",
    "pack", "phone", "policy_version", "posted", "process", "provider", "quote", "rate",
    "rate_high", "rate_low", "readable", "reason", "reasons", "removal_rate", "removed",
    "repeats", "reported", "rev", "root", "rule", "rules", "safety", "seen", "severity",
    "size", "span", "stage", "state", "step", "tenant", "tenant_stage", "text",
    "threshold", "url", "utc", "verdict", "violations", "vkey", "window_days"};

/* A value's place in the document, and how often it was seen and seen empty. */
struct shown {
	char *path;
	unsigned full, empty;
};

/* One marked stretch of the body. */
struct stretch {
	unsigned point;
	size_t from, to;
	bool open;
};

struct notice_lint {
	struct template_watch watch;
	struct shown *shown;
	size_t nshown, cap_shown;
	struct stretch *stretches;
	size_t nstretches, cap_stretches;
};

static bool
known_part(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(vocabulary) / sizeof(vocabulary[0]); i++)
		if (strlen(vocabulary[i]) == n && memcmp(vocabulary[i], s, n) == 0)
			return true;
	return false;
}

bool
notice_name_known(const char *name)
{
	if (strcmp(name, ".") == 0)
		return true;
	for (size_t n;; name += n + 1) {
		n = strcspn(name, ".");
		if (!known_part(name, n))
			return false;
		if (name[n] == '\0')
			return true;
	}
}

bool
notice_name_allowed(const char *name, enum notice_audience a)
{
	static const char *const lane[] = {"safety", "author_known", "tenant_stage"};
	static const char *const deciders[] = {"against", "first_against"};
	size_t n = strcspn(name, ".");

	if (a == NOTICE_TENANT || a == NOTICE_MANAGER)
		for (size_t i = 0; i < sizeof(lane) / sizeof(lane[0]); i++)
			if (strlen(lane[i]) == n && memcmp(lane[i], name, n) == 0)
				return false;
	if (a == NOTICE_TENANT)
		for (size_t i = 0; i < sizeof(deciders) / sizeof(deciders[0]); i++)
			if (strlen(deciders[i]) == n &&
			    memcmp(deciders[i], name, n) == 0)
				return false;
	return true;
}

int
notice_lint_mark(const char *comment)
{
	bool end = comment[0] == '/';
	char *after;
	long n;

	if (strncmp(comment + end, "point ", 6) != 0)
		return 0;
	n = strtol(comment + end + 6, &after, 10);
	if (n < 1 || n > POINT_MAX ||
	    (*after != '\0' && *after != ' ' && *after != ':'))
		return 0;
	return end ? -(int)n : (int)n;
}

static void
saw_value(void *ctx, const char *path, bool empty)
{
	struct notice_lint *l = ctx;
	struct shown *s = NULL;

	for (size_t i = 0; i < l->nshown && s == NULL; i++)
		if (strcmp(l->shown[i].path, path) == 0)
			s = &l->shown[i];
	if (s == NULL) {
		if (l->nshown == l->cap_shown) {
			l->cap_shown = l->cap_shown == 0 ? 32 : l->cap_shown * 2;
			l->shown = xrealloc(l->shown, l->cap_shown * sizeof(*l->shown));
		}
		s = &l->shown[l->nshown++];
		*s = (struct shown){.path = xstrdup(path)};
	}
	if (empty)
		s->empty++;
	else
		s->full++;
}

static void
saw_comment(void *ctx, const char *text, size_t offset)
{
	struct notice_lint *l = ctx;
	int mark = notice_lint_mark(text);

	for (size_t i = 0; mark < 0 && i < l->nstretches; i++)
		if (l->stretches[i].open && l->stretches[i].point == (unsigned)-mark) {
			l->stretches[i].open = false;
			l->stretches[i].to = offset;
		}
	/* A mark inside a list comes again with each element; more than the first few
	 * hundred teach nothing. */
	if (mark <= 0 || l->nstretches >= 512)
		return;
	if (l->nstretches == l->cap_stretches) {
		l->cap_stretches = l->cap_stretches == 0 ? 32 : l->cap_stretches * 2;
		l->stretches =
		    xrealloc(l->stretches, l->cap_stretches * sizeof(*l->stretches));
	}
	l->stretches[l->nstretches++] = (struct stretch){
	    .point = (unsigned)mark, .from = offset, .to = offset, .open = true};
}

struct notice_lint *
notice_lint_new(void)
{
	struct notice_lint *l = xcalloc(1, sizeof(*l));

	l->watch = (struct template_watch){
	    .value = saw_value, .comment = saw_comment, .ctx = l};
	return l;
}

void
notice_lint_free(struct notice_lint **lp)
{
	struct notice_lint *l = *lp;

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->nshown; i++)
		free(l->shown[i].path);
	free(l->shown);
	free(l->stretches);
	free(l);
	*lp = NULL;
}

const struct template_watch *
notice_lint_watch(struct notice_lint *l)
{
	return &l->watch;
}

static bool
due(const struct point *p, const char *kind, enum notice_audience a)
{
	const char *whom = "";

	if (strcmp(kind, "stage") == 0)
		whom = p->stage;
	else if (strcmp(kind, "recommendation") == 0)
		whom = p->recommendation;
	else if (strcmp(kind, "safety") == 0)
		whom = p->safety;
	else if (strcmp(kind, "closed") == 0)
		whom = p->closed;
	return strchr(whom, letters[a]) != NULL;
}

static const struct shown *
find_shown(const struct notice_lint *l, const char *path)
{
	for (size_t i = 0; i < l->nshown; i++)
		if (strcmp(l->shown[i].path, path) == 0)
			return &l->shown[i];
	return NULL;
}

/* Whether doc has a value at path that would be visible. */
static bool
doc_has(const json_t *doc, const char *path)
{
	char part[64];
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, ".");
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		doc = json_object_get(doc, part);
		if (path[n] == '\0')
			break;
	}
	return doc != NULL && !json_is_null(doc) &&
	       !(json_is_string(doc) && json_string_length(doc) == 0);
}

static int
check_name(const struct notice_lint *l, const struct point *p, const char *name,
    const json_t *doc, struct err *e)
{
	const struct shown *s;

	if (name[0] == '?') {
		name++;
		if (!doc_has(doc, name))
			return 0;
	}
	s = find_shown(l, name);
	if (s == NULL)
		return err_set(e, TOSD_EINVAL, "point %u (%s) does not show `%s'",
		    p->number, p->title, name);
	if (s->empty > 0)
		return err_set(e, TOSD_EINVAL, "point %u (%s): `%s' is empty",
		    p->number, p->title, name);
	return 0;
}

/* The marked text must hold more than punctuation and white space. */
static bool
says_something(const struct notice_lint *l, unsigned point, const char *body)
{
	for (size_t i = 0; i < l->nstretches; i++) {
		const struct stretch *s = &l->stretches[i];

		if (s->point != point || s->open)
			continue;
		for (size_t at = s->from; at < s->to; at++) {
			unsigned char c = (unsigned char)body[at];

			if ((c >= '0' && c <= '9') ||
			    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80)
				return true;
		}
	}
	return false;
}

static bool
may_be_without_items(const json_t *doc)
{
	const json_t *online =
	    json_object_get(json_object_get(doc, "numbers"), "online");

	return json_array_size(json_object_get(doc, "items")) == 0 &&
	       json_is_integer(online) && json_integer_value(online) == 0;
}

static int
check_rows(const struct notice_lint *l, const struct point *p, const char *kind,
    enum notice_audience a, const json_t *doc, struct err *e)
{
	for (size_t i = 0; i < NROWS && !may_be_without_items(doc); i++) {
		const struct shown *s;

		if (rows[i].point != p->number || rows[i].audience != letters[a] ||
		    strcmp(rows[i].kind, kind) != 0)
			continue;
		s = find_shown(l, rows[i].name);
		if (s == NULL || s->full == 0)
			return err_set(e, TOSD_EINVAL, "point %u (%s) shows no `%s'",
			    p->number, p->title, rows[i].name);
		if (s->empty > 0)
			return err_set(e, TOSD_EINVAL,
			    "point %u (%s): `%s' is empty in %u of %u rows", p->number,
			    p->title, rows[i].name, s->empty, s->empty + s->full);
	}
	return 0;
}

int
notice_lint_check(const struct notice_lint *l, const char *kind, enum notice_audience a,
    const json_t *doc, const char *body, struct err *e)
{
	for (size_t i = 0; i < NPOINTS; i++) {
		const struct point *p = &points[i];
		int rc = 0;

		if (!due(p, kind, a))
			continue;
		if (!says_something(l, p->number, body))
			return err_set(e, TOSD_EINVAL,
			    "point %u (%s) is not made: its text came out empty",
			    p->number, p->title);
		for (size_t k = 0; rc == 0 && k < POINT_NAMES && p->names[k] != NULL;
		     k++)
			rc = check_name(l, p, p->names[k], doc, e);
		if (rc == 0)
			rc = check_rows(l, p, kind, a, doc, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
notice_lint_marks(const char *kind, enum notice_audience a,
    bool (*marked)(void *ctx, unsigned point), void *ctx, struct err *e)
{
	for (size_t i = 0; i < NPOINTS; i++)
		if (due(&points[i], kind, a) && !marked(ctx, points[i].number))
			return err_set(e, TOSD_EINVAL,
			    "no {{! point %u }} ... {{! /point %u }}: "
			    "a %s notice must make this point (%s)",
			    points[i].number, points[i].number, notice_audience_name(a),
			    points[i].title);
	return 0;
}
