/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tile: names and contents of the static files of a log (c2sp.org/tlog-tiles).
 *
 * tile/<L>/<N> holds 256 hashes of level 8*L, tile/entries/<N> the 256 entries of
 * tile/0/<N>, each after its length (two bytes, big-endian).  The rightmost may hold
 * W < 256 and is then named <N>.p/<W>.  N is written in groups of three digits, all
 * but the last with an x: 1234067 is x001/x234/067.
 */
#ifndef TOSD_EVIDENCE_TILE_H
#define TOSD_EVIDENCE_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"

#define TILE_WIDTH 256
#define TILE_BYTES (TILE_WIDTH * DIGEST_LEN)
#define TILE_LEVELS 8	     /* 256^8 = 2^64 */
#define TILE_ENTRIES (-1)    /* as a level: the entry bundles */
#define TILE_ENTRY_MAX 65535 /* bytes of an entry */
#define TILE_BUNDLE_MAX (TILE_WIDTH * (TILE_ENTRY_MAX + 2))
#define TILE_NAME 64 /* a name with its NUL */

/* The name relative to the log's folder, width 1..256.  Returns out. */
const char *tile_name(int level, uint64_t index, unsigned width, char out[TILE_NAME]);
/* The reverse, strictly: false if no tile has exactly this name. */
bool tile_name_parse(const char *name, int *level, uint64_t *index, unsigned *width);

/* How many hashes a log of `size` entries has at a level, and how wide tile `index`
 * of them is (0: it does not exist).  Level TILE_ENTRIES counts as 0. */
uint64_t tile_count(int level, uint64_t size);
unsigned tile_width(int level, uint64_t index, uint64_t size);

/* Appends the file of this tile (or bundle) of at least `width`: that partial one,
 * else what has taken its place since, a wider partial or the full one; *got is its
 * width.  Nothing inside is looked at.  TOSD_ENOENT: there is none. */
int tile_load(const char *log, int level, uint64_t index, unsigned width, struct buf *b,
    unsigned *got, struct err *e);

/* Appends the first `width` hashes (level >= 0) of a tile: the partial file, or the
 * start of the full one where that has replaced it.  TOSD_ENOENT; TOSD_ETAMPER if
 * the file does not have the length that its name says. */
int tile_read(const char *log, int level, uint64_t index, unsigned width, struct buf *b,
    struct err *e);
/* The same for entries: b is a bundle of at least `width` entries.  Its inside is
 * not looked at. */
int tile_read_bundle(
    const char *log, uint64_t index, unsigned width, struct buf *b, struct err *e);

/* Takes one entry off the bundle [*p, end): false if none is whole. */
bool tile_entry(const char **p, const char *end, const char **entry, size_t *n);
/* Appends one entry, n <= TILE_ENTRY_MAX. */
void tile_entry_put(struct buf *b, const void *entry, size_t n);

/* A merkle_source over the files of a log of at least `size` entries.  It gives what
 * the tiles say; that they are true is for the caller to check. */
struct tile_source {
	const char *log; /* its folder */
	uint64_t size;
};
int tile_node(void *source, unsigned level, uint64_t index, uint8_t out[DIGEST_LEN],
    struct err *e);

#endif
