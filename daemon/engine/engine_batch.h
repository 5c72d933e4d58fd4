/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_batch: the revisions that one document adds, and the capture that proves them.
 * What a new post needs is known only once the capture is in the vault; so its two rows
 * are written then, once, with numbers that were given to them before.  Not for other
 * rooms.
 */
#ifndef TOSD_ENGINE_BATCH_H
#define TOSD_ENGINE_BATCH_H

#include "base/line.h"
#include "engine/engine_cover.h"

/* A new post whose rows are not written yet. */
struct engine_new {
	uint32_t at; /* of the document's items */
	int64_t item, revision;
	char *guid;
	char digest[DIGEST_HEX];
};

struct engine_batch {
	struct engine *g;
	const struct engine_take *t;
	const struct store_feed *feed;
	struct store_at at;
	struct engine_reading *out;
	int64_t *revisions;	  /* all of them */
	size_t n, ntied;	  /* of these the first ones have rows without a capture */
	struct engine_new *fresh; /* the others */
	size_t nfresh;
	int64_t next_item, next_revision; /* numbers to give; 0: not asked for yet */
	uint64_t *ids;			  /* hashes of what the fresh ones are called */
	size_t ids_mask;
	struct buf meta;  /* metadata of the capture; begun with the first revision */
	struct line meta_line;
	struct buf named; /* [revision,item,n] for the entry */
};

void engine_batch_begin(struct engine_batch *b, struct engine *g,
    const struct engine_take *t, struct engine_reading *out);
/* Before a post of this name is looked up: if one of that name is new in this batch its
 * row is written now.  For events, which may tell of a post more than once. */
void engine_batch_meet(struct engine_batch *b, const char *name);
/* A post that the document shows for the first time (row->id 0, then its number; guid is
 * the key to store it by), or otherwise than before.  twin: others have its id. */
void engine_batch_add(struct engine_batch *b, struct store_item *row, uint32_t at,
    const char *guid, const char *digest, bool twin);
/* The capture, its entry and what is not written yet; the revisions are queued. */
void engine_batch_keep(struct engine_batch *b, int64_t now);
void engine_batch_end(struct engine_batch *b);

#endif
