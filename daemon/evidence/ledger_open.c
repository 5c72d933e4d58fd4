/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_open: finding a log, its key and its newest head, and checking that the
 * files give that head's root; see ledger.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/later.h"
#include "evidence/ledger_in.h"
#include "evidence/place.h"

/* One writer: a record lock goes when its owner does, however it ends. */
static int
take_lock(struct ledger *l, struct err *e)
{
	struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *path = xasprintf("%s/lock", l->log);
	int rc = 0;

	l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock < 0)
		rc = err_sys(e, "cannot open %s", path);
	else if (fcntl(l->lock, F_OFD_SETLK, &lk) != 0)
		rc = errno == EAGAIN || errno == EACCES
			 ? err_set(
			       e, TOSD_EBUSY, "another process writes log %s", l->log)
			 : err_sys(e, "cannot lock %s", path);
	free(path);
	return rc;
}

/* DIR/log.vkey is for readers without a key of their own.  A writer makes it, and
 * does not go on where the log was begun with another key. */
static int
settle_key(struct ledger *l, struct err *e)
{
	char *path = xasprintf("%s/log.vkey", l->dir), *vkey = NULL;
	struct buf b = {0};
	int rc;

	if (l->sign == NULL) {
		rc = note_key_load(path, &l->check, e);
		goto out;
	}
	vkey = note_key_vkey(l->sign);
	rc = file_read(path, NOTE_MAX, &b, e);
	buf_puts(&b, "");
	if (rc == TOSD_ENOENT) {
		char *line = xasprintf("%s\n", vkey);

		rc = place_write(l->dir, "log.vkey", line, strlen(line),
		    LEDGER_FILE_MODE, LEDGER_DIR_MODE, l->sync, e);
		free(line);
	} else if (rc == 0 &&
		   (b.len != strlen(vkey) + 1 || memcmp(b.data, vkey, b.len - 1) != 0 ||
		       b.data[b.len - 1] != '\n')) {
		rc = err_set(e, TOSD_ETAMPER,
		    "%s is not the public part of the key given: "
		    "the log was begun with another key, or the file was changed",
		    path);
	}
out:
	buf_free(&b);
	free(vkey);
	free(path);
	return rc;
}

struct kept {
	uint64_t newest; /* largest size of a kept head */
	uint64_t before; /* largest below the newest signed head */
	bool have;	 /* the newest signed head itself */
};

static int
list_kept(const struct ledger *l, struct kept *k, struct err *e)
{
	char *path = xasprintf("%s/checkpoints", l->log);
	DIR *dir = opendir(path);
	struct dirent *d;
	uint64_t size;
	int rc = 0;

	*k = (struct kept){0};
	if (dir == NULL && errno != ENOENT)
		rc = err_sys(e, "cannot read folder %s", path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		/* A crash's unfinished file: its size may never be sealed again. */
		if (l->sign != NULL && place_ends(d->d_name, PLACE_PART))
			unlinkat(dirfd(dir), d->d_name, 0);
		if (!checkpoint_name_parse(d->d_name, &size))
			continue;
		if (size > k->newest)
			k->newest = size;
		if (size < l->head.size && size > k->before)
			k->before = size;
		k->have = k->have || size == l->head.size;
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
	return rc;
}

/* `checkpoint` is written before its kept copy, so a kept head that is newer cannot
 * come from a crash: somebody put an older `checkpoint` back. */
static int
check_rollback(const struct ledger *l, const struct kept *k, struct err *e)
{
	struct checkpoint newer;
	char name[CHECKPOINT_NAME];
	char *path;
	int rc;

	if (k->newest <= l->head.size)
		return 0;
	path = xasprintf("%s/%s", l->log, checkpoint_name(k->newest, name));
	rc = checkpoint_load(ledger_check_key(l), path, &newer, NULL);
	if (rc == 0)
		rc = err_set(e, TOSD_ETAMPER,
		    "log %s was rolled back: its head has %llu entries, but %s was "
		    "signed",
		    l->log, (unsigned long long)l->head.size, path);
	else
		rc = 0; /* not ours: verify names it */
	free(path);
	return rc;
}

static int
load_head(struct ledger *l, struct kept *k, struct err *e)
{
	char *path = xasprintf("%s/checkpoint", l->log);
	struct buf b = {0};
	int rc = file_read(path, NOTE_MAX, &b, e);

	if (rc == 0 && (rc = checkpoint_parse(
			    ledger_check_key(l), b.data, b.len, &l->head, e)) != 0) {
		/* Whatever is wrong with a head of ours, it was not written so. */
		err_wrap(e, "%s", path);
		rc = TOSD_ETAMPER;
		if (e != NULL)
			e->code = rc;
		goto out;
	}
	if (rc == TOSD_ENOENT)
		rc = 0;
	if (rc == 0)
		rc = list_kept(l, k, e);
	if (rc == 0)
		rc = check_rollback(l, k, e);
	if (rc == 0 && l->sign != NULL && l->head.size > 0 && !k->have)
		rc = ledger_keep_head(l, l->head.size, b.data, b.len, e);
out:
	buf_free(&b);
	free(path);
	return rc;
}

/* The perfect subtrees that the last tile of a level stands for. */
static void
fill_range(struct ledger *l, int level)
{
	const struct ledger_edge *edge = &l->edge[level];
	size_t at = 0;

	for (int b = 7; b >= 0; b--) {
		if (!(edge->n >> b & 1))
			continue;
		merkle_perfect(edge->hash + at * DIGEST_LEN, (size_t)1 << b,
		    l->range.node[8 * level + b]);
		at += (size_t)1 << b;
	}
}

static int
load_edges(struct ledger *l, struct err *e)
{
	uint8_t root[DIGEST_LEN];
	struct buf b = {0};
	int rc = 0;

	for (int i = 0; rc == 0 && tile_count(i, l->head.size) > 0; i++) {
		struct ledger_edge *edge = &l->edge[i];
		uint64_t count = tile_count(i, l->head.size);

		edge->index = count / TILE_WIDTH;
		edge->n = count % TILE_WIDTH;
		if (edge->n == 0)
			continue;
		buf_reset(&b);
		rc = tile_read(l->log, i, edge->index, edge->n, &b, e);
		if (rc == 0) {
			memcpy(edge->hash, b.data, b.len);
			fill_range(l, i);
		}
	}
	l->range.size = l->head.size;
	buf_free(&b);
	if (rc == TOSD_ENOENT) {
		rc = TOSD_ETAMPER;
		if (e != NULL)
			e->code = rc;
	}
	if (rc != 0 || l->head.size == 0)
		return rc;
	merkle_range_root(&l->range, root);
	if (memcmp(root, l->head.root, sizeof(root)) != 0)
		rc = err_set(e, TOSD_ETAMPER,
		    "the tiles of log %s do not give the root of "
		    "its signed head; run tosctl evidence verify",
		    l->log);
	return rc;
}

static int
load_bundle(struct ledger *l, struct err *e)
{
	const struct ledger_edge *edge = &l->edge[0];
	const char *p, *end, *entry;
	uint8_t leaf[DIGEST_LEN];
	size_t n;
	int rc;

	if (edge->n == 0)
		return 0;
	rc = tile_read_bundle(l->log, edge->index, edge->n, &l->bundle, e);
	if (rc == TOSD_ENOENT) {
		rc = TOSD_ETAMPER;
		if (e != NULL)
			e->code = rc;
	}
	p = l->bundle.data;
	end = p + l->bundle.len;
	for (unsigned i = 0; rc == 0 && i < edge->n; i++) {
		bool whole = tile_entry(&p, end, &entry, &n);

		if (whole)
			merkle_leaf(entry, n, leaf);
		if (!whole ||
		    memcmp(leaf, edge->hash + (size_t)i * DIGEST_LEN, DIGEST_LEN) != 0)
			rc = err_set(e, TOSD_ETAMPER,
			    "log %s: entry %llu does not match "
			    "its hash; run tosctl evidence verify",
			    l->log, (unsigned long long)(edge->index * TILE_WIDTH + i));
	}
	/* A full bundle from an unsigned tail has more than is ours. */
	if (rc == 0)
		l->bundle.len = p - l->bundle.data;
	return rc;
}

/* What a crash between signing and tidying left of the head before. */
static void
tidy(const struct ledger *l, const struct kept *k)
{
	for (int i = TILE_ENTRIES; i < TILE_LEVELS && tile_count(i, l->head.size) > 0;
	     i++) {
		uint64_t at = tile_count(i, k->before) / TILE_WIDTH;

		ledger_prune(l, i, at, tile_width(i, at, l->head.size), false);
	}
}

int
ledger_open(const char *dir, const struct ledger_key *key, enum file_sync sync,
    struct ledger **out, struct err *e)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	struct kept kept = {0};
	int rc = 0;

	*out = NULL;
	l->dir = xstrdup(dir);
	l->log = xasprintf("%s/log", dir);
	l->sync = sync;
	l->later = later_new();
	l->lock = -1;
	l->sign = key != NULL ? key->note : NULL;
	if (l->sign != NULL) {
		rc = file_mkdirs(dir, 0700, e);
		if (rc == 0)
			rc = place_dirs(
			    dir, "log/checkpoints/", LEDGER_DIR_MODE, sync, e);
		if (rc == 0)
			rc = take_lock(l, e);
	}
	if (rc == 0)
		rc = settle_key(l, e);
	if (rc == 0)
		rc = load_head(l, &kept, e);
	if (rc == 0)
		rc = load_edges(l, e);
	if (rc == 0)
		rc = load_bundle(l, e);
	if (rc != 0) {
		ledger_free(&l);
		return rc;
	}
	if (l->sign != NULL && kept.before > 0)
		tidy(l, &kept);
	*out = l;
	return 0;
}
