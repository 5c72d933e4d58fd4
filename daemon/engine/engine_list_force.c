/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_list_force: putting a version in force that was taken: after the commit its
 * link is moved, workers that have another one are replaced, and what waited for it is
 * looked at again.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_list.h"

static void
renew(struct engine *g, struct engine_list *l)
{
	struct msg m;

	memcpy(l->renewed, l->row.digest, sizeof(l->renewed));
	msg_init(&m, MSG_RENEW);
	engine_emit(g, ROLE_SUPERVISOR, 0, &m);
}

bool
engine_list_unlinked(const struct engine *g)
{
	for (size_t i = 0; i < g->nlists; i++)
		if (!g->lists[i]->linked)
			return true;
	return false;
}

void
engine_list_settle(struct engine *g, int64_t now)
{
	for (size_t i = 0; i < g->nlists; i++) {
		struct engine_list *l = g->lists[i];

		if (l->linked)
			continue;
		if (!engine_list_link(g, l, now))
			continue;
		engine_list_sweep(g, l);
		renew(g, l);
	}
}

/* A crash may have come between the link and the word to the supervisor. */
void
engine_list_rules(
    struct engine *g, uint32_t worker, const struct msg_rules *r, int64_t now)
{
	uint64_t bit = worker < 64 ? UINT64_C(1) << worker : 0;
	bool other = r->rest != NULL && strcmp(r->rest, g->rest) != 0, news = false;

	if (r->rest != NULL)
		memcpy(g->rest, r->rest, sizeof(g->rest));
	for (size_t i = 0; i < g->nlists; i++) {
		struct engine_list *l = g->lists[i];
		char *rule = xasprintf("list/%s", l->row.name);
		const char *loaded = "";
		bool same;

		for (uint32_t k = 0; k < r->n; k++)
			if (strcmp(r->v[k].rule, rule) == 0)
				loaded = r->v[k].pack;
		if (other && l->held && l->stage == LIST_IDLE)
			l->row.next = now;
		l->held = l->held && !other;
		same = strcmp(loaded, l->row.digest) == 0;
		news = news || (same && (l->loaded & bit) == 0);
		l->loaded = same ? l->loaded | bit : l->loaded & ~bit;
		if (l->row.digest[0] != '\0' && l->linked && l->relink == CLOCK_NONE &&
		    !same) {
			/* It may be unable to read it. */
			l->doubt = true;
			if (strcmp(l->renewed, l->row.digest) != 0)
				renew(g, l);
		}
		free(rule);
	}
	if (news)
		engine_retry_hasten(g, now);
}
