/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_async: commits whose way to the disk threads wait for (store_async(),
 * store_await() in store.h), so that who commits goes on meanwhile.
 *
 * SQLite then writes a commit to the WAL and syncs that itself only before it copies
 * from there (synchronous=NORMAL).  One thread syncs the WAL after each commit, through
 * a descriptor of its own: to close that one drops no lock, since SQLite locks the file
 * of its shared memory and never the WAL, which stays the same file for as long as the
 * store is open.  Another one copies from the WAL to the store, over a connection of
 * its own, while new commits come behind what it copies.  Only where it gets behind the
 * last one SQLite begins the WAL anew.  So it copies less and less the more often it is
 * asked, and a WAL that has become large all the same is copied to its end by who
 * commits.
 */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/later.h"
#include "base/log.h"

#define COPY_PAGES 2048	 /* of the WAL are worth a copy: 16 MiB */
#define END_PAGES 4096	 /* ... from here on each commit is, to get to the end */
#define LARGE_PAGES 8192 /* ... and are too many: 64 MiB */

struct db_async {
	const char *path; /* the store's */
	struct later *syncer, *copier;
	int fd; /* of the WAL, once something was committed; the syncer only reads it */
	uint64_t synced;      /* call that syncs the newest commit */
	uint64_t copied;      /* the last one that copies */
	int64_t changes;      /* as counted by SQLite at the last commit */
	int pages;	      /* of the WAL, then */
	int pages_asked;      /* when the last copy was asked for */
	struct store *beside; /* the copier's */
};

static void
sync_wal(void *arg)
{
	const struct db_async *a = arg;

	/* The kernel may have dropped the pages: a second one would lie. */
	if (fdatasync(a->fd) != 0)
		log_die("store",
		    "%s-wal: fdatasync failed (%s): check the disk, then start again; "
		    "what was acknowledged before is safe",
		    a->path, strerror(errno));
}

/* As much as can be had without waiting for anybody.  What fails, on a full disk above
 * all, stays in the WAL, and the next one tries again. */
static void
copy_wal(void *arg)
{
	struct store *s = arg;
	struct err e = ERR_INIT;
	int rc = sqlite3_wal_checkpoint_v2(
	    s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (rc == SQLITE_OK || rc == SQLITE_BUSY)
		return;
	db_fail(s, "copying from the WAL", &e);
	log_err("store", "%s", e.text);
}

static int
on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct db_async *a = arg;

	(void)db;
	(void)name;
	a->pages = pages;
	return SQLITE_OK;
}

static void
copy_when_due(struct store *s)
{
	struct db_async *a = s->async;

	if (a->pages < a->pages_asked)
		a->pages_asked = 0; /* begun anew */
	if (a->pages >= LARGE_PAGES) {
		later_wait(a->copier, a->copied);
		copy_wal(s);
	} else if (a->pages - a->pages_asked >= COPY_PAGES ||
		   (a->pages >= END_PAGES && later_is_done(a->copier, a->copied))) {
		a->pages_asked = a->pages;
		a->copied = later_do(a->copier, copy_wal, a->beside);
	}
}

void
db_async_committed(struct store *s)
{
	struct db_async *a = s->async;
	int64_t changes = sqlite3_total_changes64(s->db);

	if (changes == a->changes)
		return;
	a->changes = changes;
	if (a->fd < 0) {
		char *wal = xasprintf("%s-wal", s->path);

		a->fd = open(wal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (a->fd < 0)
			log_die(
			    "store", "%s: cannot be opened: %s", wal, strerror(errno));
		free(wal);
	}
	a->synced = later_do(a->syncer, sync_wal, a);
	copy_when_due(s);
}

void
db_async_quiet(struct store *s)
{
	if (s->async != NULL)
		later_wait(s->async->copier, s->async->copied);
}

int
store_async(struct store *s, struct err *e)
{
	struct db_async *a;
	int rc;

	if (s->memory || s->readonly || s->async != NULL)
		return 0;
	rc = db_exec(s, "PRAGMA synchronous = NORMAL", e);
	if (rc < 0)
		return rc;
	a = xcalloc(1, sizeof(*a));
	a->path = s->path;
	a->fd = -1;
	a->syncer = later_new();
	a->copier = later_new();
	s->async = a;
	if ((rc = db_open_beside(s, &a->beside, e)) < 0) {
		db_async_close(s);
		return rc;
	}
	sqlite3_wal_hook(s->db, on_wal, a); /* and no copies by itself any more */
	later_start(a->syncer);
	later_start(a->copier);
	return 0;
}

void
store_await(struct store *s)
{
	if (s->async != NULL)
		later_wait(s->async->syncer, s->async->synced);
}

bool
store_is_durable(struct store *s)
{
	return s->async == NULL || later_is_done(s->async->syncer, s->async->synced);
}

void
db_async_close(struct store *s)
{
	struct db_async *a = s->async;

	if (a == NULL)
		return;
	sqlite3_wal_hook(s->db, NULL, NULL);
	later_free(&a->syncer);
	later_free(&a->copier);
	store_free(&a->beside);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
	s->async = NULL;
}
