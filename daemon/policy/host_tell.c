/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_tell: what a host says of itself: the rules that it has, the plugins that it
 * does without, programs that were lost and are there again, and what all of them took.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/host_in.h"

/* Of a reason: it is one line for people. */
#define WHY_MAX 1000

/* The beginning of a text, cut between characters. */
static char *
shortened(const char *s)
{
	size_t n = strnlen(s, WHY_MAX);

	while (n > 0 && ((uint8_t)s[n] & 0xc0) == 0x80)
		n--;
	return xstrndup(s, n);
}

static void
tell_missing(const struct policy_host *h, struct msg_rules *out)
{
	out->missing = xcalloc(h->nmissing + 1, sizeof(*out->missing));
	for (size_t i = 0; i < h->nmissing; i++) {
		const struct policy_missing *m = &h->missing[i];

		out->missing[out->nmissing++] =
		    (struct msg_missing){.plugin = xstrdup(m->plugin),
			.why = shortened(m->why),
			.how = (uint8_t)m->how};
	}
}

static void
tell_retired(const struct policy_host *h, struct msg_rules *out)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->v[i].face->nretired;
	out->retired = xcalloc(n + 1, sizeof(*out->retired));
	for (size_t i = 0; i < h->n; i++) {
		const struct policy_face *f = h->v[i].face;

		for (size_t k = 0; k < f->nretired; k++)
			out->retired[out->nretired++] =
			    (struct msg_retired){.rule = xstrdup(f->retired[k].id),
				.pack = xstrdup(f->retired[k].digest),
				.plugin = xstrdup(f->plugin)};
	}
}

void
policy_host_rules(const struct policy_host *h, struct msg_rules *out)
{
	uint32_t n = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < h->n; i++)
		n += (uint32_t)h->v[i].face->nrules;
	out->digest = xstrdup(h->digest);
	out->rest = xstrdup(h->rest);
	out->v = xcalloc(n, sizeof(*out->v));
	for (size_t i = 0; i < h->n; i++) {
		for (size_t k = 0; k < h->v[i].face->nrules; k++) {
			const struct policy_rule *r = &h->v[i].face->rules[k];

			out->v[out->n++] = (struct msg_rule){.rule = xstrdup(r->id),
			    .pack = xstrdup(r->digest),
			    .clause = xstrdup(r->clause),
			    .category = xstrdup(r->category),
			    .meaning = r->meaning != NULL ? xstrdup(r->meaning) : NULL,
			    .rev = r->rev,
			    .mode = (uint8_t)policy_face_mode(h->v[i].face, r),
			    .severity = r->severity,
			    .plugin = xstrdup(h->v[i].face->plugin),
			    .limit = (uint8_t)h->v[i].face->limit};
		}
	}
	out->problems = xcalloc(h->nproblems + 1, sizeof(*out->problems));
	for (size_t i = 0; i < h->nproblems; i++)
		out->problems[out->nproblems++] = xstrdup(h->problems[i]);
	tell_missing(h, out);
	tell_retired(h, out);
}

void
policy_host_costs(struct policy_host *h, struct msg_cost **out, uint32_t *n)
{
	size_t first = h->costs_from;

	*n = 0;
	*out = xcalloc(h->n, sizeof(**out));
	for (size_t i = 0; i < h->n; i++) {
		size_t at = (first + i) % h->n;
		struct policy_slot *s = &h->v[at];

		if (s->cost.items == 0)
			continue;
		if (*n == MSG_COSTS_MAX) {
			h->costs_from = at;
			break;
		}
		(*out)[(*n)++] = (struct msg_cost){xstrdup(s->face->plugin), s->cost};
		s->cost = (struct cost){0};
	}
}

void
policy_host_spent(struct policy_host *h, struct msg_spent **out, uint32_t *n)
{
	size_t max = 0, first = h->spent_from;

	for (size_t i = 0; i < h->n; i++)
		max += h->v[i].face->meter.n;
	*n = 0;
	*out = xcalloc((max < MSG_SPENT_MAX ? max : MSG_SPENT_MAX) + 1, sizeof(**out));
	for (size_t i = 0; i < h->n; i++) {
		size_t at = (first + i) % h->n, k;
		struct policy_face *f = h->v[at].face;

		for (k = 0; k < f->meter.n && *n < MSG_SPENT_MAX; k++) {
			const struct policy_rule *r = &f->rules[f->meter.v[k].rule];

			(*out)[(*n)++] = (struct msg_spent){
			    xstrdup(r->id), r->rev, f->meter.v[k].cost};
		}
		policy_meter_drop(&f->meter, k);
		if (f->meter.n > 0) {
			h->spent_from = at;
			break;
		}
	}
}

static void
tell_stand(struct policy_slot *s, policy_stand_fn *fn, void *ctx)
{
	const char *raw = policy_exec_lost(s->exec);
	struct buf why = {0};
	char *now;

	if (raw != NULL)
		text_escape_buf(&why, raw, strnlen(raw, WHY_MAX));
	now = raw != NULL ? buf_take(&why) : NULL;
	if ((now == NULL) != (s->told == NULL) ||
	    (now != NULL && strcmp(now, s->told) != 0))
		fn(ctx, s->face->plugin, now);
	free(s->told);
	s->told = now;
}

void
policy_host_stands(struct policy_host *h, bool anew, policy_stand_fn *fn, void *ctx)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].exec == NULL)
			continue;
		if (anew) {
			free(h->v[i].told);
			h->v[i].told = NULL;
		}
		tell_stand(&h->v[i], fn, ctx);
	}
}

size_t
policy_host_scores(const struct policy_host *h, const struct policy_score **scores)
{
	*scores = h->scores;
	return h->nscores;
}
