/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_in: what the files of the ledger share; nobody else includes it. */
#ifndef TOSD_EVIDENCE_LEDGER_IN_H
#define TOSD_EVIDENCE_LEDGER_IN_H

#include "evidence/checkpoint.h"
#include "evidence/ledger.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/tile.h"

struct ledger_key {
	struct note_key *note;
};

/* The rightmost tile of one level.  It may hold 256 hashes for a while: a full tile
 * is written when the next hash comes, or at a seal. */
struct ledger_edge {
	uint64_t index;
	unsigned n;
	uint8_t hash[TILE_BYTES];
};

struct ledger {
	char *dir, *log;
	const struct note_key *sign; /* borrowed, NULL if read only */
	struct note_key *check;	     /* owned, if read only */
	enum file_sync sync;
	struct later *later; /* syncs full tiles */
	uint64_t last;	     /* of these calls */
	int lock;
	struct checkpoint head; /* newest signed; size 0 if none */
	struct merkle_range range;
	struct ledger_edge edge[TILE_LEVELS];
	struct buf bundle; /* entries of edge[0] */
	struct buf old;	   /* one older bundle, for reading */
	uint64_t old_index;
	unsigned old_n; /* entries in it, 0: none */
};

/* The key that heads are checked with. */
const struct note_key *ledger_check_key(const struct ledger *l);
/* Adds a hash to an edge that is not full. */
void ledger_edge_add(struct ledger_edge *edge, const uint8_t hash[DIGEST_LEN]);
/* Writes a full edge and hands its root to the level above. */
int ledger_flush(struct ledger *l, int level, struct err *e);
/* Removes partial files of a tile that are narrower than `keep`; with all, wider
 * ones as well.  What cannot be removed stays: it does no harm. */
void ledger_prune(
    const struct ledger *l, int level, uint64_t index, unsigned keep, bool all);
/* Writes the kept copy of the head of this size. */
int ledger_keep_head(
    const struct ledger *l, uint64_t size, const void *note, size_t n, struct err *e);

#define LEDGER_DIR_MODE 0750
#define LEDGER_FILE_MODE 0640

#endif
