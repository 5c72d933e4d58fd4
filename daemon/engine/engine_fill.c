/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_fill: what of those that wait for a worker goes into one INSPECT: as many as
 * the message holds, with what plugins need to know about each.  What nobody can judge
 * any more is settled here, as degraded.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_cover.h"
#include "engine/engine_in.h"

/* Bytes of a batch of more than one, and of an item with what goes along with it: a
 * frame has its limit. */
#define BATCH_BYTES ((size_t)MSG_MAX / 2)
#define ITEM_BYTES ((size_t)MSG_MAX - 4096)

/* --- one message --- */

/* From its row.  False: it is settled, or its media are waited for.  Of what is not
 * there any more a worker would say that it found nothing. */
static bool
read_revision(struct engine *g, int64_t id, struct msg_inspect_item *it,
    struct engine_brief *brief, int64_t now)
{
	struct store_revision r;
	struct err e = ERR_INIT;
	bool wanted;

	engine_must(
	    store_revision_get(g->store, id, &r, &e), 0, "cannot read a revision", &e);
	if (item_is_nothing(&r.body)) {
		engine_judge_gone(g, &r, ENGINE_GONE, now);
		store_revision_clear(&r);
		return false;
	}
	wanted = r.state == INSPECT_PENDING ? !engine_media_want(g, &r, now)
					    : engine_report_is_open(g, id);
	if (wanted) {
		*brief = (struct engine_brief){
		    .revision = id, .seen = r.seen, .n = r.n, .attempts = r.attempts};
		memcpy(brief->tenant, r.tenant, sizeof(brief->tenant));
		snprintf(brief->policy, sizeof(brief->policy), "%s",
		    r.policy != NULL ? r.policy : "");
		it->time = r.time;
		it->reported = brief->reported = engine_report_tell(g, &r);
		it->item = r.body;
		item_init(&r.body);
	}
	store_revision_clear(&r);
	return wanted;
}

/* Puts it into the message; how many bytes of it, 0: it is settled, or waits. */
static size_t
put_revision(struct engine *g, struct msg_inspect *b, int64_t id,
    struct engine_brief *brief, bool *copy, int64_t now)
{
	struct msg_inspect_item *it = &b->v[b->n];

	*it = (struct msg_inspect_item){.revision = (uint64_t)id};
	item_init(&it->item);
	*copy = engine_fresh_take(g, id, brief, &it->time, &it->item);
	if (!*copy && !read_revision(g, id, it, brief, now))
		return 0;
	it->tenant = xstrdup(brief->tenant);
	b->n++;
	engine_retry_skip(g, id, it);
	brief->skips = it->nskip > 0;
	if (g->retries > 0)
		engine_ask_answers(g, id, it, now);
	return msg_inspect_size(it);
}

/* Takes the last one out of the message again. */
static void
take_out(struct msg_inspect *b)
{
	struct msg one;

	msg_init(&one, MSG_INSPECT);
	one.inspect.v = xmalloc(sizeof(*one.inspect.v));
	one.inspect.v[0] = b->v[--b->n];
	one.inspect.n = 1;
	msg_clear(&one);
}

/* No message holds it, so that no worker will ever see it. */
static void
too_large(struct engine *g, int64_t id, size_t bytes, int64_t now)
{
	char *why = xasprintf("too large to be shown to policy: %zu bytes with what "
			      "goes along, the limit is %zu",
	    bytes, ITEM_BYTES);

	engine_judge_degraded(g, id, why, now);
	free(why);
}

void
engine_fill(struct engine *g, struct msg_inspect *b, struct engine_brief *briefs,
    struct engine_queue *q, size_t max, int64_t now)
{
	size_t bytes = 0;

	for (size_t i = 0; i < max; i++) {
		uint32_t lane;
		int64_t id = engine_queue_take(q, &lane);
		struct engine_brief *brief = &briefs[b->n];
		struct msg_inspect_item *it = &b->v[b->n];
		bool copy;
		size_t one = put_revision(g, b, id, brief, &copy, now);

		if (one > ITEM_BYTES) {
			take_out(b);
			too_large(g, id, one, now);
		} else if (b->n > 1 && one > 0 && bytes + one > BATCH_BYTES) {
			if (copy)
				engine_fresh_put(g, brief, it->time, &it->item, true);
			take_out(b);
			engine_queue_back(q, lane, id);
			return;
		} else
			bytes += one;
	}
}
