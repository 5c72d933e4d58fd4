/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: everything that is kept, checked against what was signed, without writing
 * anything and without the daemon.
 *
 * Checked are: the newest head, every kept one and the tree; every byte of tiles and
 * entry bundles; the form of entries, their numbers and times; the chain of each
 * case; every kept file against its commitment; erasures; and left-overs.  Where an
 * entry and its hash disagree, the tree above says which of the two was changed.
 *
 * It may run beside the daemon: it checks up to the head that it finds first, and
 * what is younger than ten minutes is then not called a left-over.
 *
 * What nobody can find without something from outside: a log put back whole to an
 * older state (hand in --anchor: a head that was mailed or printed), and a log made
 * anew with the secret key.
 */
#ifndef TOSD_EVIDENCE_VERIFY_H
#define TOSD_EVIDENCE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Valid during the call of report() only. */
struct verify_problem {
	int64_t index;	  /* ledger entry or -1 */
	const char *file; /* relative to the state folder, or "" */
	const char *what;
	bool tamper; /* false: incomplete but consistent */
};

struct verify_options {
	const char *dir;    /* state folder; a folder that is a log itself will do */
	const char *vkey;   /* NULL: DIR/log.vkey, which proves less */
	const char *anchor; /* an older head from outside, a file's path, or NULL */
	void (*report)(void *ctx, const struct verify_problem *p); /* may be NULL */
	void *ctx;
};

struct verify_result {
	uint64_t entries;
	uint64_t files_checked;
	uint64_t erased; /* committed files that an entry says were erased */
	unsigned tampered, incomplete; /* problems of each sort */
	uint64_t heads;		       /* signed heads that were checked */
	bool own_key;		       /* the key came from the folder itself */
};

/* 0 good; TOSD_ETAMPER; TOSD_ESTATE: incomplete but consistent; another code: could
 * not be checked (no ledger there, no key, unreadable, an anchor of another log). */
int evidence_verify(
    const struct verify_options *o, struct verify_result *out, struct err *e);

#endif
