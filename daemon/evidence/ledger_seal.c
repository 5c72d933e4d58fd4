/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_seal: from the right edge in memory to files and a signed head; the order
 * of writes is the one that ledger.h promises. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/later.h"
#include "base/log.h"
#include "evidence/ledger_in.h"
#include "evidence/place.h"

static int
write_tile(const struct ledger *l, int level, uint64_t index, unsigned width,
    const void *data, size_t n, struct err *e)
{
	char name[TILE_NAME];

	tile_name(level, index, width, name);
	return place_write(
	    l->log, name, data, n, LEDGER_FILE_MODE, LEDGER_DIR_MODE, l->sync, e);
}

/* A file that has its name already. */
static void
sync_file(void *arg)
{
	char *path = arg;

	file_sync_path(path);
	free(path);
}

/* A full file that is there already was left by a crash before its head was signed
 * (what a head covers is never written again).  The same bytes are kept, but who knows
 * whether the disk has them. */
static int
write_full(struct ledger *l, int level, uint64_t index, const void *data, size_t n,
    struct err *e)
{
	struct buf old = {0};
	char name[TILE_NAME];
	char *path;
	int rc;

	tile_name(level, index, TILE_WIDTH, name);
	path = xasprintf("%s/%s", l->log, name);
	rc = place_dirs(l->log, name, LEDGER_DIR_MODE, l->sync, e);
	if (rc != 0)
		goto out;
	rc = file_read(path, TILE_BUNDLE_MAX, &old, e);
	if (rc == 0 && old.len == n && memcmp(old.data, data, n) == 0)
		goto out;
	if (rc == 0)
		log_warn("ledger",
		    "%s was never signed and differs from what the database "
		    "says; it is written anew",
		    path);
	rc = file_write(path, data, n, LEDGER_FILE_MODE, FILE_NOSYNC, e);
out:
	if (rc == 0 && l->sync == FILE_SYNC)
		l->last = later_do(l->later, sync_file, xstrdup(path));
	buf_free(&old);
	free(path);
	return rc;
}

int
ledger_flush(struct ledger *l, int level, struct err *e)
{
	struct ledger_edge *edge = &l->edge[level];
	uint8_t root[DIGEST_LEN];
	int rc = 0;

	/* Room above first, so that a failure leaves everything as it was. */
	if (edge[1].n == TILE_WIDTH)
		rc = ledger_flush(l, level + 1, e);
	if (rc == 0 && level == 0)
		rc = write_full(
		    l, TILE_ENTRIES, edge->index, l->bundle.data, l->bundle.len, e);
	if (rc == 0)
		rc = write_full(l, level, edge->index, edge->hash, TILE_BYTES, e);
	if (rc != 0)
		return rc;
	merkle_perfect(edge->hash, TILE_WIDTH, root);
	ledger_edge_add(&edge[1], root);
	edge->index++;
	edge->n = 0;
	if (level == 0)
		buf_reset(&l->bundle);
	return 0;
}

void
ledger_prune(const struct ledger *l, int level, uint64_t index, unsigned keep, bool all)
{
	char name[TILE_NAME];
	char *path, *slash;
	struct dirent *d;
	DIR *dir;

	tile_name(level, index, 1, name);
	path = xasprintf("%s/%s", l->log, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	dir = opendir(path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		uint64_t w;
		const char *end = checkpoint_number(d->d_name, &w);
		bool part = place_ends(d->d_name, PLACE_PART);

		if (!part &&
		    (end == NULL || *end != '\0' || w == keep || (w > keep && !all)))
			continue;
		unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
	if (keep == TILE_WIDTH)
		rmdir(path);
	free(path);
}

static int
write_edges(struct ledger *l, struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < TILE_LEVELS - 1; i++)
		if (l->edge[i].n == TILE_WIDTH)
			rc = ledger_flush(l, i, e);
	for (int i = 0; rc == 0 && i < TILE_LEVELS; i++) {
		const struct ledger_edge *edge = &l->edge[i];

		if (edge->n == 0 || edge->n == tile_width(i, edge->index, l->head.size))
			continue;
		if (i == 0)
			rc = write_tile(l, TILE_ENTRIES, edge->index, edge->n,
			    l->bundle.data, l->bundle.len, e);
		if (rc == 0)
			rc = write_tile(l, i, edge->index, edge->n, edge->hash,
			    (size_t)edge->n * DIGEST_LEN, e);
	}
	later_wait(l->later, l->last);
	return rc;
}

/* Reads back from the files that the new tree continues the one signed before: a
 * head that forks our own history is never signed. */
static int
prove_growth(const struct ledger *l, const struct checkpoint *next, struct err *e)
{
	struct tile_source files = {l->log, next->size};
	struct merkle_source src = {tile_node, &files};
	struct merkle_proof proof;
	int rc;

	if (l->head.size == 0)
		return 0;
	rc = merkle_consistency(&src, l->head.size, next->size, &proof, e);
	if (rc == 0 && !merkle_consistency_ok(l->head.size, next->size, l->head.root,
			   next->root, proof.hash[0], proof.n))
		rc = err_set(e, TOSD_ETAMPER,
		    "the tiles of log %s do not continue its last "
		    "signed head; nothing was signed.  Run tosctl evidence verify",
		    l->log);
	return rc;
}

int
ledger_keep_head(
    const struct ledger *l, uint64_t size, const void *note, size_t n, struct err *e)
{
	char name[CHECKPOINT_NAME];

	return place_write(l->log, checkpoint_name(size, name), note, n,
	    LEDGER_FILE_MODE, LEDGER_DIR_MODE, l->sync, e);
}

/* Partial files that the new head does without. */
static void
prune_edges(const struct ledger *l, uint64_t before)
{
	for (int i = TILE_ENTRIES; i < TILE_LEVELS && tile_count(i, l->head.size) > 0;
	     i++) {
		uint64_t old = tile_count(i, before) / TILE_WIDTH;
		uint64_t now = tile_count(i, l->head.size) / TILE_WIDTH;

		ledger_prune(l, i, old, tile_width(i, old, l->head.size), true);
		if (now != old)
			ledger_prune(l, i, now, tile_width(i, now, l->head.size), true);
	}
}

int
ledger_seal(struct ledger *l, struct err *e)
{
	struct checkpoint next = {.size = l->range.size};
	uint64_t before = l->head.size;
	struct buf note = {0};
	int rc;

	if (next.size == before)
		return 0;
	if (l->sign == NULL)
		return err_set(
		    e, TOSD_ESTATE, "log %s is open for reading only", l->log);
	merkle_range_root(&l->range, next.root);
	rc = write_edges(l, e);
	if (rc == 0)
		rc = prove_growth(l, &next, e);
	if (rc == 0)
		rc = checkpoint_sign(l->sign, &next, &note, e);
	if (rc == 0)
		rc = place_write(l->log, "checkpoint", note.data, note.len,
		    LEDGER_FILE_MODE, LEDGER_DIR_MODE, l->sync, e);
	if (rc != 0)
		goto out;
	l->head = next;
	prune_edges(l, before);
	rc = ledger_keep_head(l, next.size, note.data, note.len, e);
out:
	buf_free(&note);
	return rc;
}
