/* SPDX-License-Identifier: Apache-2.0 */
/* verify_in: what the files of the verifier share; nobody else includes it. */
#ifndef TOSD_EVIDENCE_VERIFY_IN_H
#define TOSD_EVIDENCE_VERIFY_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "evidence/checkpoint.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/table.h"
#include "evidence/tile.h"
#include "evidence/verify.h"

#define VERIFY_FILE 256 /* a name to report */

/* Leaves of entries that are not what they should be: the chain of a case may go
 * through them without being reported once more. */
#define VERIFY_DOUBTS 4096

struct verify {
	const struct verify_options *o;
	struct verify_result *r;
	char *log;	    /* folder */
	const char *prefix; /* before names in it: "log/", or "" where dir is the log */
	struct note_key *key;

	/* A writer holds the log: what is young may be on its way into it. */
	bool live;
	int64_t start; /* when we began, ms */
	bool young;    /* the file being looked at */

	/* heads */
	struct checkpoint head; /* what the tree is checked against */
	bool have_head;
	uint64_t *kept; /* sizes, ascending */
	size_t nkept, kept_at;
	struct checkpoint anchor;
	bool have_anchor;
	uint64_t agreed; /* largest size at which a head agreed with the tree */

	/* tree */
	struct merkle_range range;
	struct {
		uint64_t index;
		unsigned n;
		uint8_t hash[TILE_BYTES];
	} edge[TILE_LEVELS]; /* as computed; level 0 is not used */
	bool doubt;	     /* the tree cannot be known: heads say nothing more */

	/* entries */
	bool unread; /* some could not be read, or are not as signed */
	int64_t last_t;
	struct table cases;   /* case -> leaf of its last entry */
	struct table files;   /* path -> start of the commitment, 4 bytes */
	struct table missing; /* path -> struct verify_missing */
	uint8_t (*doubts)[DIGEST_LEN];
	size_t ndoubts;
};

struct verify_missing {
	char *rel; /* owned; NULL once erased */
	uint64_t index;
};

void verify_say(struct verify *v, int64_t index, const char *file, bool tamper,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* This account may not read the file, by its name in what is said: then nothing is known of
 * it, and nobody is accused. */
bool verify_denied(const struct verify *v, const char *file);

/* Sets live if a writer holds the log now; one may come while we look. */
void verify_look_live(struct verify *v);

/* verify_head.c: finds head, kept heads and anchor. */
int verify_heads(struct verify *v, struct err *e);
/* The tree has v->range.size entries now: do the heads of that size agree? */
void verify_heads_at(struct verify *v);
/* Has a newer head been signed since we began? */
bool verify_grown(const struct verify *v);
/* Kept heads beyond the newest. */
void verify_heads_end(struct verify *v);

/* verify_tree.c: all bundles and tiles up to the head. */
void verify_tree(struct verify *v);

/* verify_entry.c: one entry.  sure: its hash is the one signed. */
void verify_entry(struct verify *v, uint64_t index, const char *entry, size_t n,
    const uint8_t leaf[DIGEST_LEN], bool sure);
void verify_doubt(struct verify *v, const uint8_t leaf[DIGEST_LEN]);
/* Files that were neither there nor erased. */
void verify_entries_end(struct verify *v);

/* verify_files.c: what lies about. */
void verify_stray(struct verify *v);

#endif
