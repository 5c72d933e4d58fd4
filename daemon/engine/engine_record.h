/* SPDX-License-Identifier: Apache-2.0 */
/* engine_record: facts onto the ledger, see engine_record.c.  Not for other rooms. */
#ifndef TOSD_ENGINE_RECORD_H
#define TOSD_ENGINE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "evidence/vault.h"
#include "store/store.h"

struct engine;

/* Adds seq, t and kind to entry (taken) and puts it on record.  c, where given, is
 * the case it belongs to: its chain is carried on (the caller updates the row).
 * Returns its index. */
int64_t engine_record(struct engine *g, const char *kind, json_t *entry,
    struct store_case *c, int64_t now);
/* The same of an entry that was written by line.h, with kind, seq (g->seq) and the time
 * that engine_record_time() puts; b is taken. */
int64_t engine_record_line(struct engine *g, const char *kind, struct buf *b, int64_t now);
void engine_record_time(const struct engine *g, struct line *l, int64_t now);
/* After opening store and ledger: brings the ledger's files up to the store. */
int engine_record_recover(struct engine *g, struct err *e);
/* After a commit that the disk has: copies new rows to the ledger. */
void engine_record_copy(struct engine *g);
/* Signs when due or wanted (or now); is it? when is it due? */
void engine_record_seal(struct engine *g, bool force, int64_t now);
bool engine_record_seal_due(struct engine *g, bool force, int64_t now);
int64_t engine_record_seal_next(const struct engine *g);
/* Removes files of the vault that a crash left without an entry. */
void engine_record_sweep(struct engine *g);
/* sha256-style JSON string of a file reference: sets file, commit, bytes. */
void engine_record_file(json_t *entry, const struct vault_ref *ref);
/* Keeps bytes under a name of ours, in place of what a crash left there before its
 * commit.  What an entry refers to is never replaced: that ends the process. */
void engine_record_keep(struct engine *g, const char *rel, const void *data, size_t n,
    struct vault_ref *ref);

#endif
