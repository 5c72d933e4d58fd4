/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_face: what a program says of its rules and of an item, put through the same
 * checks as what a shared object does.
 */
#include <stdio.h>
#include <string.h>

#include "policy/exec_face.h"

const char *
policy_exec_declare(struct policy_face *f, const struct exec_hello *hello)
{
	const char *why = NULL;

	f->phase = POLICY_OPENING;
	if (!hello->pure)
		f->limit = MODE_SHADOW;
	for (size_t i = 0; i < hello->nrules && why == NULL; i++) {
		const struct exec_rule *r = &hello->rules[i];
		struct tosd_rule t = {.size = sizeof(t),
		    .id = r->id,
		    .rev = r->rev,
		    .digest = r->digest,
		    .clause = r->clause,
		    .category = r->category,
		    .severity = r->severity,
		    .mode = r->mode};

		/* What may answer otherwise the next time cannot stand in a notice. */
		if (!hello->pure && t.mode == TOSD_ENFORCE)
			t.mode = TOSD_SHADOW;
		if (f->table->declare(f->table, &t, &why) < 0 && why == NULL)
			why = "a rule is refused";
	}
	f->phase = POLICY_IDLE;
	return why;
}

static int32_t
rule_of(const struct policy_face *f, const char *id)
{
	for (size_t i = 0; i < f->nrules; i++)
		if (strcmp(f->rules[i].id, id) == 0)
			return (int32_t)i;
	return -1;
}

static void
refuse(struct tosd_report *r, const char *why)
{
	if (r->bad[0] == '\0')
		snprintf(r->bad, sizeof(r->bad), "made %s", why);
}

/* Whose finding it was, for who wrote the program; what is no plain word is not shown.
 */
static void
name_rule(struct tosd_report *r, const char *id)
{
	size_t n = strlen(r->bad), len = strlen(id), plain = 0;

	while (plain < len && id[plain] > ' ' && id[plain] <= '~')
		plain++;
	if (plain == len && len > 0)
		snprintf(r->bad + n, sizeof(r->bad) - n, ": `%.60s'", id);
}

void
policy_exec_report(struct policy_face *f, const struct exec_event *ev,
    const struct tosd_item *item, struct tosd_report *r)
{
	r->face = f;
	r->item = item;
	f->phase = POLICY_CHECKING;
	for (size_t i = 0; i < ev->n; i++) {
		const struct exec_finding *x = &ev->findings[i];
		struct tosd_finding t;
		bool good = r->bad[0] == '\0';

		if (x->bad != NULL) {
			refuse(r, x->bad);
			continue;
		}
		t = (struct tosd_finding){.size = sizeof(t),
		    .rule = rule_of(f, x->rule),
		    .score = x->score,
		    .spans = x->spans,
		    .nspans = x->nspans,
		    .reason = {x->reason, strlen(x->reason)}};

		f->table->finding(f->table, r, &t);
		if (good && r->bad[0] != '\0')
			name_rule(r, x->rule);
	}
	if (ev->more > 0)
		refuse(r, "too many findings for one item");
	f->phase = POLICY_IDLE;
}
