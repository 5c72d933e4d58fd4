/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_queue: revisions that wait for a worker.  Each shard of tenants has a lane of
 * its own, and lanes take turns: a tenant who floods us makes those wait who are in his
 * lane, and nobody else.  A turn is a run of revisions and not one: their numbers
 * follow each other, and what is judged in that order costs less to keep
 * (store_todo.c).
 *
 * The lanes that have something stand in a ring; the one whose turn it is, first.
 */
#include <stdlib.h>

#include "engine/engine_in.h"

#define LANE_ROOM 16 /* a power of two, as are all that follow */

uint32_t
engine_lane(const char *tenant)
{
	return store_shard(tenant);
}

static void
lane_room(struct engine_lane *l)
{
	size_t cap = l->cap ? l->cap * 2 : LANE_ROOM;
	int64_t *v;

	if (l->n < l->cap)
		return;
	v = xmalloc(cap * sizeof(*v));
	for (size_t i = 0; i < l->n; i++)
		v[i] = l->v[(l->head + i) & (l->cap - 1)];
	free(l->v);
	l->v = v;
	l->cap = cap;
	l->head = 0;
}

/* As the last one of the ring. */
static void
line_up(struct engine_queue *q, uint32_t lane)
{
	q->turn[(q->first + q->nturn++) % ENGINE_LANES] = (uint16_t)lane;
}

static void
end_turn(struct engine_queue *q)
{
	q->first = (q->first + 1) % ENGINE_LANES;
	q->nturn--;
	q->used = 0;
}

void
engine_queue_add(struct engine_queue *q, uint32_t lane, int64_t id)
{
	struct engine_lane *l = &q->lanes[lane];

	lane_room(l);
	if (l->n == 0)
		line_up(q, lane);
	l->v[(l->head + l->n++) & (l->cap - 1)] = id;
	q->n++;
}

void
engine_queue_back(struct engine_queue *q, uint32_t lane, int64_t id)
{
	struct engine_lane *l = &q->lanes[lane];

	lane_room(l);
	if (l->n == 0) {
		q->first = (q->first + ENGINE_LANES - 1) % ENGINE_LANES;
		q->turn[q->first] = (uint16_t)lane;
		q->nturn++;
		q->used = 0;
	}
	l->head = (l->head + l->cap - 1) & (l->cap - 1);
	l->v[l->head] = id;
	l->n++;
	q->n++;
}

int64_t
engine_queue_take(struct engine_queue *q, uint32_t *lane)
{
	struct engine_lane *l;
	int64_t id;

	*lane = q->turn[q->first];
	l = &q->lanes[*lane];
	id = l->v[l->head];
	l->head = (l->head + 1) & (l->cap - 1);
	l->n--;
	q->n--;
	q->used++;
	if (l->n == 0) {
		end_turn(q);
	} else if (q->used >= q->run) {
		end_turn(q);
		line_up(q, *lane);
	}
	return id;
}

void
engine_queue_free(struct engine_queue *q)
{
	for (size_t i = 0; i < ENGINE_LANES; i++)
		free(q->lanes[i].v);
}
