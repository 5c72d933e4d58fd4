/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_queue: revisions that wait for a worker.  Each shard of tenants has a lane of
 * its own, and lanes take turns: a tenant who floods us makes those wait who are in his
 * lane, and nobody else.  A turn is a run of revisions and not one: their numbers
 * follow each other, and what is judged in that order costs less to keep
 * (store_todo.c).
 *
 * What plugins are asked about again is a queue of its own, with lanes that take turns
 * as these do, and all of it has the turn of one lane: however much of it there is,
 * those who are asked about for the first time do not wait for it.
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

/* As the first one. */
static void
push_in(struct engine_queue *q, uint32_t lane)
{
	q->first = (q->first + ENGINE_LANES - 1) % ENGINE_LANES;
	q->turn[q->first] = (uint16_t)lane;
	q->nturn++;
	q->used = 0;
}

static void
end_turn(struct engine_queue *q)
{
	q->first = (q->first + 1) % ENGINE_LANES;
	q->nturn--;
	q->used = 0;
}

static struct engine_queue *
again_of(struct engine_queue *q)
{
	if (q->again == NULL) {
		q->again = xcalloc(1, sizeof(*q->again));
		q->again->run = q->run;
	}
	return q->again;
}

/* first: before what is there, and not behind it.  True: nothing was. */
static bool
lane_put(struct engine_lane *l, int64_t id, bool first)
{
	lane_room(l);
	if (first)
		l->head = (l->head + l->cap - 1) & (l->cap - 1);
	l->v[(l->head + (first ? 0 : l->n)) & (l->cap - 1)] = id;
	return l->n++ == 0;
}

static void
put(struct engine_queue *q, uint32_t lane, int64_t id, bool first)
{
	bool anew;

	q->n++;
	if (lane >= ENGINE_LANE_AGAIN) {
		put(again_of(q), lane - ENGINE_LANE_AGAIN, id, first);
		anew = q->again->n == 1;
		lane = ENGINE_LANE_AGAIN;
	} else {
		anew = lane_put(&q->lanes[lane], id, first);
	}
	if (anew && first)
		push_in(q, lane);
	else if (anew)
		line_up(q, lane);
}

void
engine_queue_add(struct engine_queue *q, uint32_t lane, int64_t id)
{
	put(q, lane, id, false);
}

void
engine_queue_back(struct engine_queue *q, uint32_t lane, int64_t id)
{
	put(q, lane, id, true);
}

int64_t
engine_queue_take(struct engine_queue *q, uint32_t *lane)
{
	uint32_t at = q->turn[q->first];
	size_t left;
	int64_t id;

	*lane = at;
	if (at == ENGINE_LANE_AGAIN) {
		id = engine_queue_take(q->again, lane);
		*lane += ENGINE_LANE_AGAIN;
		left = q->again->n;
	} else {
		struct engine_lane *l = &q->lanes[at];

		id = l->v[l->head];
		l->head = (l->head + 1) & (l->cap - 1);
		left = --l->n;
	}
	q->n--;
	q->used++;
	if (left == 0) {
		end_turn(q);
	} else if (q->used >= q->run) {
		end_turn(q);
		line_up(q, at);
	}
	return id;
}

void
engine_queue_free(struct engine_queue *q)
{
	for (size_t i = 0; i < STORE_SHARDS; i++)
		free(q->lanes[i].v);
	if (q->again != NULL)
		engine_queue_free(q->again);
	free(q->again);
	q->again = NULL;
}
