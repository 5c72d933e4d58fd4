/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault: kept bytes: captures as small WARC 1.1 files below evidence/, and other
 * files (notices) as they are below notices/.  Each has a salt beside it, and what
 * goes into the ledger is sha256(salt || file), so that both can be erased.
 *
 * Every function that writes is durable when it returns 0 (with FILE_SYNC), but for
 * vault_add(), of which several become durable together.
 * Relative paths are checked: see place_rel_ok().
 */
#ifndef TOSD_EVIDENCE_VAULT_H
#define TOSD_EVIDENCE_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "base/id.h"

#define VAULT_PATH 96
#define VAULT_FILE_MAX ((size_t)256 << 20) /* bytes of one file */

struct vault;

/* dir: the state folder; makes dir/evidence and dir/notices (0700). */
int vault_open(const char *dir, enum file_sync sync, struct vault **out, struct err *e);
void vault_free(struct vault **v);

/* What an entry says of a kept file. */
struct vault_ref {
	char id[ID_TEXT];	 /* the capture's ULID; "" for other bytes */
	char path[VAULT_PATH];	 /* relative: evidence/2026/11/<ULID>.warc */
	char commit[DIGEST_HEX]; /* sha256(salt32 || file) */
	uint64_t size;		 /* bytes of the file */
};

/* One answer of a server.  Everything is borrowed. */
struct vault_capture {
	const char *url;
	int64_t time;	  /* ms; names the folder and the id */
	const char *peer; /* an IP address, NULL or "" if there was none */
	const void *request;
	size_t request_len;
	/* Exact bytes: status line, headers, empty line, body with the transfer
	 * coding taken off. */
	const void *response;
	size_t response_len;
	const char *metadata; /* JSON text or NULL */
	bool truncated;	      /* cut at our limit */
	/* The redirects that led there, in order: url, peer, request and response of
	 * each; the rest of them is not looked at. */
	const struct vault_capture *hops;
	size_t nhops;
};

/* warcinfo, request, response and metadata records with SHA-256 digests, then those of
 * the hops. */
int vault_put(struct vault *v, const struct vault_capture *c, struct vault_ref *out,
    struct err *e);

/* From now on a thread of the vault's own syncs what is added, and gives it its name. */
void vault_async(struct vault *v);

/* The same, certainly durable and under its name only after vault_settle(), which is
 * called before anything refers to it; every other function here calls it first. */
int vault_add(struct vault *v, const struct vault_capture *c, struct vault_ref *out,
    struct err *e);
/* The fsync of their folder, one for all, is begun: who settles soon waits less. */
void vault_begin_settle(struct vault *v);
bool vault_is_synced(struct vault *v); /* to settle would not be to wait */
int vault_settle(struct vault *v, struct err *e);

/* Other bytes under a path of the caller's, e.g. "notices/2026-000001/1-tenant.eml".
 * The same bytes again: the same ref, nothing written, but durable from then on, whoever
 * wrote it.  Other bytes: TOSD_EEXIST.
 * TOSD_ETAMPER if the file is there without its salt. */
int vault_put_bytes(struct vault *v, const char *rel, const void *data, size_t n,
    struct vault_ref *out, struct err *e);

/* Appends the whole file to b, unchecked: vault_check() it first. */
int vault_read(struct vault *v, const char *rel, struct buf *b, struct err *e);

/* 0, TOSD_ENOENT (file or salt missing), TOSD_ETAMPER (e says which). */
int vault_check(struct vault *v, const char *rel, const char *commit, struct err *e);

/* Unlinks file and salt; TOSD_ENOENT if both are gone. */
int vault_erase(struct vault *v, const char *rel, struct err *e);

/* For a rebuild: the JSON of a capture's metadata record (TOSD_ENOENT if it has
 * none), and the response as it was handed to vault_put().  Digests are checked. */
int vault_metadata(struct vault *v, const char *rel, struct buf *json, struct err *e);
int vault_response(struct vault *v, const char *rel, struct buf *b, struct err *e);

#endif
