/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: a tree head as a signed note (c2sp.org/tlog-checkpoint): origin,
 * size, root in base64, one a line.  More lines may follow and are passed over.
 */
#ifndef TOSD_EVIDENCE_CHECKPOINT_H
#define TOSD_EVIDENCE_CHECKPOINT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "evidence/note.h"

#define CHECKPOINT_NAME 48 /* "checkpoints/<size>.note" with NUL */

struct checkpoint {
	uint64_t size;
	uint8_t root[DIGEST_LEN];
};

/* Appends the signed note; the origin is the key's name. */
int checkpoint_sign(const struct note_key *key, const struct checkpoint *c,
    struct buf *out, struct err *e);
/* TOSD_EINVAL: not a checkpoint.  TOSD_ETAMPER: not this key's, or changed. */
int checkpoint_parse(const struct note_key *key, const char *text, size_t n,
    struct checkpoint *out, struct err *e);
/* From a file; TOSD_ENOENT if there is none. */
int checkpoint_load(const struct note_key *key, const char *path,
    struct checkpoint *out, struct err *e);

/* A number in its one spelling: digits, no sign, no zero in front.  Returns what
 * follows it, or NULL if there is none that fits. */
const char *checkpoint_number(const char *s, uint64_t *out);
/* Where the head of this size is kept, relative to the log's folder. */
const char *checkpoint_name(uint64_t size, char out[CHECKPOINT_NAME]);
/* The size in a file name "<size>.note"; false if it is none. */
bool checkpoint_name_parse(const char *file, uint64_t *size);

#endif
