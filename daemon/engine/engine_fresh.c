/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_fresh: posts between their rows and a worker.  What was just written need not
 * be read again to be sent: a copy waits here, for as long as there is room.  The store
 * is what counts: whoever is not here is read from there, and after a start all are.
 * Only posts that cannot change before they are sent are kept: no media that are waited
 * for, and a person who erases something empties it.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_in.h"

#define SLOTS 16384 /* a power of two */
#define BYTES_MAX ((size_t)16 << 20)

struct slot {
	struct engine_brief brief; /* revision 0: empty */
	int64_t time;
	struct item item;
	size_t bytes;
};

struct engine_fresh {
	struct slot v[SLOTS];
	size_t bytes;
};

static struct slot *
slot_of(struct engine *g, int64_t revision)
{
	return &g->fresh->v[(uint64_t)revision % SLOTS];
}

static void
empty(struct engine *g, struct slot *s)
{
	g->fresh->bytes -= s->bytes;
	s->bytes = 0;
	s->brief.revision = 0;
	item_clear(&s->item);
}

static size_t
size_of(const struct item *it)
{
	return sizeof(struct slot) + item_wire_size(it) + 16 * it->nlinks;
}

void
engine_fresh_put(struct engine *g, const struct engine_brief *brief, int64_t time,
    struct item *it, bool take)
{
	struct slot *s;
	size_t bytes = size_of(it);

	if (it->nmedia > 0)
		return;
	if (g->fresh == NULL) {
		g->fresh = xcalloc(1, sizeof(*g->fresh));
		for (size_t i = 0; i < SLOTS; i++)
			item_init(&g->fresh->v[i].item);
	}
	s = slot_of(g, brief->revision);
	/* Where there is no room those that were here first stay: they go first. */
	if (s->brief.revision != 0 || g->fresh->bytes + bytes > BYTES_MAX)
		return;
	s->brief = *brief;
	s->time = time;
	s->bytes = bytes;
	if (take) {
		s->item = *it;
		item_init(it);
	} else {
		item_copy(&s->item, it);
	}
	g->fresh->bytes += bytes;
}

bool
engine_fresh_take(struct engine *g, int64_t revision, struct engine_brief *brief,
    int64_t *time, struct item *it)
{
	struct slot *s;

	if (g->fresh == NULL)
		return false;
	s = slot_of(g, revision);
	if (s->brief.revision != revision)
		return false;
	*brief = s->brief;
	*time = s->time;
	*it = s->item;
	item_init(&s->item);
	empty(g, s);
	return true;
}

void
engine_fresh_forget(struct engine *g)
{
	for (size_t i = 0; g->fresh != NULL && i < SLOTS; i++)
		empty(g, &g->fresh->v[i]);
	free(g->fresh);
	g->fresh = NULL;
}
