/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: the append-only record of the daemon: a Merkle log in C2SP tlog-tiles
 * layout below DIR/log, with signed heads.
 *
 *	log/checkpoint			newest signed head
 *	log/checkpoints/<size>.note	every head ever signed
 *	log/tile/...			hashes and entries (tile.h)
 *	log/lock			held by the one writer
 *	log.vkey			the public key, for who has no other copy
 *
 * Order of a seal: full tiles and bundles, partial ones, a consistency proof read
 * back from the files, then `checkpoint`, then its kept copy, then the partial files
 * of the head before are removed.  Whatever a crash leaves beyond the newest head is
 * not part of the log: the caller, who has it in its database, appends the same
 * entries again and the same files come out.  So full tiles, which are written as they
 * fill, need not be on disk before the seal that covers them.
 *
 * Memory: the right edge of the tree (72 KiB) and the entries of one bundle.
 */
#ifndef TOSD_EVIDENCE_LEDGER_H
#define TOSD_EVIDENCE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "evidence/merkle.h"

/* An Ed25519 signing key with its name, which is the log's origin. */
struct ledger_key;

/* origin: a schema-less address such as "host.example/tosd". */
int ledger_key_new(const char *origin, struct ledger_key **out, struct err *e);
/* From the secret text (see note.h); white space at its end is dropped. */
int ledger_key_parse(const char *text, struct ledger_key **out, struct err *e);
/* From a file that only its owner can read. */
int ledger_key_load(const char *path, struct ledger_key **out, struct err *e);
/* Into a new file, mode 0600; TOSD_EEXIST rather than over another key. */
int ledger_key_save(const struct ledger_key *k, const char *path, struct err *e);
/* xmalloc'd: the secret text, and the public one "origin+hexid+base64". */
char *ledger_key_text(const struct ledger_key *k);
char *ledger_key_vkey(const struct ledger_key *k);
void ledger_key_free(struct ledger_key **k);

struct ledger;

/* Opens or begins the log of state folder dir.  key: borrowed until ledger_free();
 * NULL is read only, and heads are checked against DIR/log.vkey then.  Checks the
 * newest head's signature and that the tiles and the last bundle give its root.
 * TOSD_ETAMPER if not, also where a newer head is kept than `checkpoint`, or where
 * the log was begun with another key; TOSD_EBUSY if another process writes. */
int ledger_open(const char *dir, const struct ledger_key *key, enum file_sync sync,
    struct ledger **out, struct err *e);
void ledger_free(struct ledger **l);

/* From now on a thread of the log's own syncs full tiles; a seal waits for it. */
void ledger_async(struct ledger *l);

/* Entries appended, sealed or not; after ledger_open() those of the newest head. */
uint64_t ledger_size(const struct ledger *l);
/* Size of the newest signed head. */
uint64_t ledger_signed(const struct ledger *l);

/* Adds an entry of at most 65,535 bytes; index must be ledger_size() (TOSD_ESTATE).
 * leaf gets its hash, may be NULL.  Durable with the next ledger_seal().  After an
 * error nothing was added and the call may be made again. */
int ledger_append(struct ledger *l, uint64_t index, const void *entry, size_t n,
    uint8_t leaf[DIGEST_LEN], struct err *e);

/* Writes what is missing and signs a new head.  Nothing new: no work.  After an
 * error it may be called again. */
int ledger_seal(struct ledger *l, struct err *e);

/* The root over all ledger_size() entries.  0. */
int ledger_root(const struct ledger *l, uint8_t root[DIGEST_LEN]);

/* Appends entry `index` to b.  TOSD_ENOENT beyond the end; TOSD_ETAMPER if its hash
 * is not the one in the tile. */
int ledger_read(struct ledger *l, uint64_t index, struct buf *b, struct err *e);

/* Proofs for what is sealed (sizes up to ledger_signed()); see merkle.h. */
int ledger_inclusion(struct ledger *l, uint64_t index, uint64_t size,
    struct merkle_proof *out, struct err *e);
int ledger_consistency(struct ledger *l, uint64_t size1, uint64_t size2,
    struct merkle_proof *out, struct err *e);

/* The hash of an entry: RFC 6962 leaf. */
void ledger_leaf(const void *entry, size_t n, uint8_t leaf[DIGEST_LEN]);

#endif
