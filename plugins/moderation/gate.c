/* SPDX-License-Identifier: Apache-2.0 */
/* gate: which items are worth a question; see gate.h. */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

static int
add_row(struct gate *g, const char *s, size_t n, struct why *w)
{
	const char *colon;
	struct gate_row *to = &g->v[g->n];
	char *end, *copy;

	while (n > 0 && strchr(" \t\n\r", s[0]) != NULL) {
		s++;
		n--;
	}
	while (n > 0 && strchr(" \t\n\r", s[n - 1]) != NULL)
		n--;
	if (n == 0)
		return 0;
	if (n == 1 && s[0] == '*') {
		g->all = true;
		return 0;
	}
	if (g->n == GATE_MAX)
		return why_set(w, "`when' names more than %d", GATE_MAX);
	colon = memchr(s, ':', n);
	to->len = colon != NULL ? (size_t)(colon - s) : n;
	if (colon != NULL) {
		copy = mem_dup(colon + 1, n - to->len - 1);
		to->score = strtod(copy, &end);
		if (end == copy || *end != '\0' ||
		    !(to->score >= 0 && to->score <= 1)) {
			why_set(w, "`when': \"%s\" is no score from 0 to 1", copy);
			free(copy);
			return -1;
		}
		free(copy);
	}
	to->prefix = to->len > 0 && s[to->len - 1] == '*';
	to->len -= to->prefix;
	/* "violence:0,3" is no rule 3. */
	if (to->len == 0 || s[0] < 'a' || s[0] > 'z' || memchr(s, '*', to->len) != NULL)
		return why_set(w,
		    "`when': \"%.*s\" is no category, rule, or beginning of rules with "
		    "* at its end",
		    (int)(n < 80 ? n : 80), s);
	to->name = mem_dup(s, to->len);
	g->n++;
	return 0;
}

int
gate_parse(const char *text, struct gate *out, struct why *w)
{
	const char *end;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (; rc == 0 && *text != '\0'; text = *end != '\0' ? end + 1 : end) {
		end = text + strcspn(text, ",");
		rc = add_row(out, text, (size_t)(end - text), w);
	}
	if (rc == 0 && out->n == 0 && !out->all)
		rc = why_set(
		    w, "`when' names nothing: no item would ever be asked about");
	return rc;
}

void
gate_free(struct gate *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].name);
	g->n = 0;
}

bool
gate_matches(const struct gate *g, const struct tosd_found *f)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct gate_row *r = &g->v[i];
		bool same = r->prefix ? strncmp(f->rule, r->name, r->len) == 0
				      : strcmp(f->rule, r->name) == 0 ||
					    strcmp(f->category, r->name) == 0;

		if (same && f->score >= r->score)
			return true;
	}
	return false;
}

bool
gate_open(
    const struct gate *g, const struct tosd_host *h, const struct tosd_report *report)
{
	struct tosd_found f = {.size = sizeof(f)};

	for (size_t i = 0; !g->all && h->found(h, report, i, &f) == 1; i++)
		if (gate_matches(g, &f) ||
		    (g->reports && strcmp(f.rule, GATE_REPORT) == 0))
			return true;
	return g->all;
}
