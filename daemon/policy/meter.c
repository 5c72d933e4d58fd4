/* SPDX-License-Identifier: Apache-2.0 */
/* meter: see meter.h. */
#include "policy/meter.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

void
policy_meter_open(struct policy_meter *m, size_t nrules)
{
	m->weight = m->items <= METER_FIRST ? 1 : METER_EVERY;
	if (m->nrules != nrules) {
		free(m->place);
		m->place = xcalloc(nrules + 1, sizeof(*m->place));
		m->nrules = nrules;
		m->n = 0;
	}
	m->mark = clock_ns();
}

static struct policy_spent *
spent_of(struct policy_meter *m, size_t rule)
{
	if (m->place[rule] != 0)
		return &m->v[m->place[rule] - 1];
	if (m->n == m->cap) {
		m->cap = m->cap > 0 ? m->cap * 2 : 32;
		m->v = xrealloc(m->v, m->cap * sizeof(*m->v));
	}
	m->v[m->n] = (struct policy_spent){.rule = (uint32_t)rule};
	m->place[rule] = (uint32_t)++m->n;
	return &m->v[m->n - 1];
}

bool
policy_meter_spent(struct policy_meter *m, int64_t rule)
{
	struct policy_spent *s;
	int64_t now;

	if (m->weight == 0)
		return false;
	now = clock_ns();
	if (rule >= 0 && (uint64_t)rule < m->nrules) {
		s = spent_of(m, (size_t)rule);
		s->took += (uint64_t)(now - m->mark);
		s->tried = true;
	}
	m->mark = now;
	return true;
}

/* The rules that were tried on a measured item are few, and so are those of a batch. */
void
policy_meter_close(struct policy_meter *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct policy_spent *s = &m->v[i];

		if (!s->tried)
			continue;
		cost_add_many(&s->cost, s->took, m->weight);
		s->took = 0;
		s->tried = false;
	}
	m->weight = 0;
}

void
policy_meter_drop(struct policy_meter *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m->place[m->v[i].rule] = 0;
	m->n -= n;
	if (m->n > 0)
		memmove(m->v, m->v + n, m->n * sizeof(*m->v));
	for (size_t i = 0; i < m->n; i++)
		m->place[m->v[i].rule] = (uint32_t)i + 1;
}

void
policy_meter_free(struct policy_meter *m)
{
	free(m->v);
	free(m->place);
	memset(m, 0, sizeof(*m));
}
