/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_rebuild: the command around rebuild_all().  The new store is made beside
 * its place and moved there when it is whole, so that a rebuild that fails leaves
 * nothing that a daemon could start on.
 */
#include "tosctl/tosctl_rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/log.h"
#include "base/option.h"
#include "conf/conf.h"
#include "tosctl/print_json.h"
#include "tosctl/rebuild.h"

enum { DONE = 0, NO = 1, USAGE = 2, CANNOT = 3 };

static const char usage_text[] =
    "usage: tosctl rebuild -c FILE | --dir DIR [--store sqlite:PATH] [--force] "
    "[--json]\n"
    "Makes the store again from DIR/log, DIR/evidence and DIR/notices, while the "
    "daemon\n"
    "is stopped.  A store that is there is only replaced with --force, and kept as\n"
    "PATH.old-TIME.\n";

struct options {
	const char *conf, *dir, *store;
	bool force, json, help;
	struct conf *parsed;
};

/* --- places --- */

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	complain("%s:%d: %s", file, line, text);
}

static int
read_conf(struct options *o, struct err *e)
{
	struct conf_sources src = {0};
	int rc = conf_sources_read(o->conf, &src, e);

	if (rc == 0 && (rc = conf_parse(&src, on_mistake, NULL, &o->parsed)) != 0)
		err_set(e, rc, "%s has mistakes", o->conf);
	conf_sources_clear(&src);
	if (rc != 0)
		return rc;
	if (o->dir == NULL)
		o->dir = o->parsed->state_dir;
	if (o->store == NULL)
		o->store = o->parsed->store.url;
	return 0;
}

/* The file behind the store's URL; xmalloc'd. */
static int
store_path(const struct options *o, char **out, struct err *e)
{
	static const char sqlite[] = "sqlite:";

	*out = NULL;
	if (o->store == NULL) {
		*out = xasprintf("%s/store.db", o->dir);
		return 0;
	}
	if (strncmp(o->store, sqlite, sizeof(sqlite) - 1) != 0 ||
	    o->store[sizeof(sqlite) - 1] == '\0' || o->store[sizeof(sqlite) - 1] == ':')
		return err_set(e, TOSD_EINVAL,
		    "`%s': a store is made again in a file: say "
		    "sqlite:PATH",
		    o->store);
	*out = xstrdup(o->store + sizeof(sqlite) - 1);
	return 0;
}

/* The daemon holds this lock while it runs, and we until the store is in its place:
 * none may start on the old one meanwhile.  *fd: to be closed; -1: there is no lock. */
static int
take_lock(const char *dir, int *fd, struct err *e)
{
	struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *path = xasprintf("%s/log/lock", dir);
	int rc = 0;

	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	/* One that we cannot have may be somebody else's. */
	if (*fd < 0 && errno != ENOENT)
		rc = err_sys(e, "cannot open %s", path);
	else if (*fd >= 0 && fcntl(*fd, F_OFD_SETLK, &lk) != 0)
		rc = errno == EAGAIN || errno == EACCES
			 ? err_set(e, TOSD_EBUSY,
			       "the daemon runs on %s: stop it first", dir)
			 : err_sys(e, "cannot lock %s", path);
	free(path);
	return rc;
}

static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
#define NSUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

static void
remove_store(const char *path)
{
	for (size_t i = 0; i < NSUFFIXES; i++) {
		char *name = xasprintf("%s%s", path, suffixes[i]);

		unlink(name);
		free(name);
	}
}

/* What could not be copied from the log of writes to the store is only there. */
static int
check_whole(const char *path, struct err *e)
{
	char *wal = xasprintf("%s-wal", path);
	struct stat st;
	bool left = stat(wal, &st) == 0 && st.st_size > 0;

	free(wal);
	return left ? err_set(e, TOSD_EIO,
			  "%s: cannot be written to its end: the disk is full: free "
			  "space, then begin again",
			  path)
		    : 0;
}

/* Made by root it would be root's, and the daemon runs as another account: the one that
 * has the state folder. */
static int
give_away(const char *dir, const char *path, struct err *e)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0)
		return 0;
	return lchown(path, st.st_uid, st.st_gid) == 0
		   ? 0
		   : err_sys(e, "cannot give %s to the owner of %s", path, dir);
}

/* Moves an old store out of the way, with what belongs to it.  Where only that is left
 * it must go as well: it would be read as part of the new store. */
static int
move_aside(const char *path, int64_t now, struct err *e)
{
	char when[CLOCK_TEXT];
	int rc = 0;

	clock_format(now - now % 1000, when);
	for (size_t i = 0; rc == 0 && i < NSUFFIXES; i++) {
		char *from = xasprintf("%s%s", path, suffixes[i]);
		char *to = xasprintf("%s.old-%s%s", path, when, suffixes[i]);

		if (access(to, F_OK) == 0)
			rc = err_set(e, TOSD_EEXIST, "%s is there already", to);
		else if (rename(from, to) != 0 && errno != ENOENT)
			rc = err_sys(e, "cannot move %s", from);
		free(from);
		free(to);
	}
	return rc;
}

/* --- the work --- */

static int
fill(struct rebuild *r, const char *dir, const char *path, struct err *e)
{
	char *url = xasprintf("sqlite:%s", path);
	struct stat st;
	int rc;

	/* Opening the vault makes its folders: not in a place that has no log. */
	if ((rc = ledger_open(dir, NULL, FILE_NOSYNC, &r->ledger, e)) != 0)
		goto out;
	if (ledger_size(r->ledger) == 0 || stat(dir, &st) != 0) {
		rc = err_set(e, TOSD_ENOENT,
		    "%s has no ledger with entries: is it the "
		    "state folder?",
		    dir);
		goto out;
	}
	if ((rc = vault_open(dir, FILE_NOSYNC, &r->vault, e)) == 0 &&
	    (rc = store_open(url, &r->store, e)) == 0)
		rc = rebuild_all(r, e);
out:
	free(url);
	return rc;
}

static void
report(const struct rebuild *r, const struct store_counts *c, const struct options *o,
    const char *path)
{
	json_t *j;

	if (o->json) {
		j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "store", path,
		    "entries", (json_int_t)r->seq, "items", (json_int_t)c->items,
		    "revisions", (json_int_t)c->revisions, "pending",
		    (json_int_t)c->pending, "violations", (json_int_t)c->violations,
		    "notices", (json_int_t)c->notices, "unknown", (int)r->unknown);
		print_json_take(j, 0);
		return;
	}
	printf(
	    "%s: %llu entries; %llu items, %llu revisions (%llu to be inspected), %llu "
	    "violations, %llu notices\n",
	    path, (unsigned long long)r->seq, (unsigned long long)c->items,
	    (unsigned long long)c->revisions, (unsigned long long)c->pending,
	    (unsigned long long)c->violations, (unsigned long long)c->notices);
	puts("not on record, and so not there any more: what rules hit and plugins "
	     "cost by day,\nfindings that did not count, reasons of findings in words; "
	     "findings have other numbers");
	if (r->unknown > 0)
		printf("%u messages may or may not have left: see tosctl outbox\n",
		    r->unknown);
}

static int
make_store(const struct options *o, const char *path, struct err *e)
{
	struct rebuild r = {.progress = isatty(STDERR_FILENO)};
	struct store_counts counts = {0};
	char *draft = xasprintf("%s.rebuild", path);
	bool exists = access(path, F_OK) == 0;
	int rc;

	if (exists && !o->force) {
		free(draft);
		return err_set(
		    e, TOSD_EEXIST, "%s is there: --force moves it aside", path);
	}
	remove_store(draft); /* of a rebuild that was interrupted */
	rc = fill(&r, o->dir, draft, e);
	if (rc == 0)
		rc = store_count(r.store, &counts, e);
	store_free(&r.store);
	vault_free(&r.vault);
	ledger_free(&r.ledger);
	free(r.lost);
	free(r.walks);
	if (rc == 0)
		rc = check_whole(draft, e);
	if (rc == 0)
		rc = give_away(o->dir, draft, e);
	if (rc == 0)
		rc = move_aside(path, clock_now(), e);
	if (rc == 0 && rename(draft, path) != 0)
		rc = err_sys(e, "cannot move %s to %s", draft, path);
	if (rc == 0)
		report(&r, &counts, o, path);
	else
		remove_store(draft);
	free(draft);
	return rc;
}

static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	    {"dir", required_argument, NULL, 'd'},
	    {"store", required_argument, NULL, 's'}, {"force", no_argument, NULL, 'f'},
	    {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = option_next("tosctl", argc, argv, "c:d:s:fjh", longs)) != -1) {
		if (c == 'c')
			o->conf = optarg;
		else if (c == 'd')
			o->dir = optarg;
		else if (c == 's')
			o->store = optarg;
		else if (c == 'f')
			o->force = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			o->help = true;
		else
			return TOSD_EINVAL;
	}
	if (o->help)
		return 0;
	return optind == argc && (o->conf != NULL || o->dir != NULL) ? 0 : TOSD_EINVAL;
}

int
tosctl_rebuild(int argc, char **argv)
{
	struct options o = {0};
	struct err e = ERR_INIT;
	char *path = NULL;
	int rc, lock = -1;

	if (read_options(argc, argv, &o) != 0) {
		fputs(usage_text, stderr);
		return USAGE;
	}
	if (o.help) {
		fputs(usage_text, stdout);
		return DONE;
	}
	log_set_level(LOG_L_WARN);
	if ((o.conf != NULL && (rc = read_conf(&o, &e)) != 0) ||
	    (rc = store_path(&o, &path, &e)) != 0 ||
	    (rc = take_lock(o.dir, &lock, &e)) != 0 ||
	    (rc = make_store(&o, path, &e)) != 0) {
		complain("tosctl: %s", e.text);
	}
	if (lock >= 0)
		close(lock);
	free(path);
	conf_free(&o.parsed);
	return rc == 0 ? DONE : rc == TOSD_ETAMPER || rc == TOSD_ESTATE ? NO : CANNOT;
}
