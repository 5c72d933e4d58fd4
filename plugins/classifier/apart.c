/* SPDX-License-Identifier: Apache-2.0 */
/* apart: see apart.h. */
#include "apart.h"

#include <stdlib.h>
#include <string.h>

/* Puts the sources that are not alone, with or without positives, into groups in turn.
 */
static size_t
deal(struct apart *a, const struct train *t, const size_t *positive, bool with,
    size_t dealt)
{
	for (size_t i = 0; i < t->nsources; i++)
		if (a->group[i] == UINT32_MAX && (positive[i] > 0) == with)
			a->group[i] = (uint32_t)(a->nalone + dealt++ % APART_GROUPS);
	return dealt;
}

void
apart_new(struct apart *a, const struct train *t)
{
	size_t *rows = mem_new(t->nsources + 1, sizeof(*rows)), dealt;
	size_t *positive = mem_new(t->nsources + 1, sizeof(*positive));

	memset(a, 0, sizeof(*a));
	a->group = mem_new(t->nsources + 1, sizeof(*a->group));
	a->known = mem_new(t->n + 1, 1);
	a->value = mem_new(t->n + 1, sizeof(*a->value));
	for (size_t i = 0; i < t->n; i++) {
		rows[t->samples.v[i].source] += !t->v[i].made;
		positive[t->samples.v[i].source] += !t->v[i].made && t->v[i].label;
	}
	for (size_t i = 0; i < t->nsources; i++)
		a->group[i] = rows[i] >= APART_ROWS && strncmp(t->sources[i], APART_OWN,
							   strlen(APART_OWN)) != 0
				  ? (uint32_t)a->nalone++
				  : UINT32_MAX;
	dealt = deal(a, t, positive, true, 0);
	dealt = deal(a, t, positive, false, dealt);
	a->ngroups = a->nalone + (dealt < APART_GROUPS ? dealt : APART_GROUPS);
	free(rows);
	free(positive);
}

bool
apart_learn(
    struct apart *a, uint32_t group, struct train *t, const struct fit_options *o)
{
	struct samples *s = &t->samples;
	uint8_t *use = mem_new(s->n + 1, 1);
	size_t left[2] = {0, 0};
	struct fit *f;

	for (size_t i = 0; i < s->n; i++) {
		use[i] = a->group[s->v[i].source] != group;
		left[s->v[i].label > 0] += use[i] && !s->v[i].made;
	}
	if (left[0] < FOLDS || left[1] < FOLDS) {
		free(use);
		return false;
	}
	f = mem_new(1, sizeof(*f));
	fit_make(f, s, use, o, false);
	for (size_t i = 0; i < s->n; i++) {
		if (use[i] || s->v[i].made)
			continue;
		a->value[i] = fit_value(f, &o->linear, &s->v[i]);
		a->known[i] = 1;
	}
	fit_free(f);
	free(f);
	free(use);
	return true;
}

void
apart_free(struct apart *a)
{
	free(a->group);
	free(a->known);
	free(a->value);
	memset(a, 0, sizeof(*a));
}
