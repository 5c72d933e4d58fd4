/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_list_file: versions of lists on disk (policy/fetched.h), and who has signed
 * them. A version is durable before the row that names it commits, and the link is
 * moved after that: a crash in between is mended at the next start, in the row's
 * favour.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/engine_list.h"
#include "evidence/note.h"
#include "policy/fetched.h"

/* Digits of the digest, in a file's name: all, or two contents could be made that have
 * the same; and so many in what an older tosd has written. */
#define DIGITS (DIGEST_HEX - 1)
#define DIGITS_OLD 16
#define RELINK (CLOCK_MIN)

char *
engine_list_file(const char *name, const char *digest)
{
	return xasprintf("%s-%s.list", name, digest);
}

char *
engine_list_kept(const struct engine *g, const struct engine_list *l)
{
	char *file = engine_list_file(l->row.name, l->row.digest);
	char *old = xasprintf("%s-%.*s.list", l->row.name, DIGITS_OLD, l->row.digest);
	char *path = engine_list_path(g, file, "");
	char *old_path = engine_list_path(g, old, "");
	bool is_old = l->row.digest[0] != '\0' && access(path, F_OK) != 0 &&
		      access(old_path, F_OK) == 0;

	free(path);
	free(old_path);
	free(is_old ? file : old);
	return is_old ? old : file;
}

char *
engine_list_path(const struct engine *g, const char *file, const char *ending)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *path = xasprintf("%s/%s%s", dir, file, ending);

	free(dir);
	return path;
}

/* --- the link --- */

static int
move_link(
    const struct engine *g, const struct engine_list *l, const char *to, struct err *e)
{
	char *link = engine_list_path(g, l->row.name, ".list");
	char *fresh = engine_list_path(g, l->row.name, ".link");
	int rc = 0;

	unlink(fresh);
	if (symlinkat(to, AT_FDCWD, fresh) != 0)
		rc = err_sys(e, "cannot make %s", fresh);
	else if (rename(fresh, link) != 0)
		rc = err_sys(e, "cannot rename %s", fresh);
	free(link);
	free(fresh);
	return rc;
}

/* Should it be lost in a crash, the next start moves it once more. */
static void
keep_link(const struct engine *g)
{
	struct err e = ERR_INIT;

	if (engine_list_sync_dir(g, &e) != 0)
		log_warn("list", "%s", e.text);
}

bool
engine_list_link(struct engine *g, struct engine_list *l, int64_t now)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *have = policy_fetched_file(dir, l->row.name);
	char *want = engine_list_kept(g, l);
	struct err e = ERR_INIT;
	int rc = 0;

	if (l->row.digest[0] != '\0' && (have == NULL || strcmp(have, want) != 0)) {
		rc = move_link(g, l, want, &e);
		if (rc == 0)
			keep_link(g);
		/* Whether it moves or not: workers read that one. */
		free(l->before);
		l->before = have;
		have = NULL;
	}
	if (rc != 0)
		log_warn("list",
		    "list %s: cannot be put in force: %s; it is tried again",
		    l->row.name, e.text);
	l->linked = true;
	l->relink = rc == 0 ? CLOCK_NONE : now + RELINK;
	free(have);
	free(want);
	free(dir);
	return rc == 0;
}

int64_t
engine_list_relink(struct engine_list *l, int64_t now)
{
	if (l->relink != CLOCK_NONE && now >= l->relink) {
		l->linked = false; /* with the next commit */
		l->relink = CLOCK_NONE;
	}
	return l->relink;
}

/* How many digits of a digest the name of this version of a list has; 0: it is none. */
static size_t
digits_of(const char *file, const char *name)
{
	size_t n = strlen(name), digits;

	if (strncmp(file, name, n) != 0 || file[n] != '-')
		return 0;
	digits = strspn(file + n + 1, "0123456789abcdef");
	return digits == DIGITS || digits == DIGITS_OLD ? digits : 0;
}

static bool
is_named(const char *file, const char *name, const char *digest)
{
	size_t digits = digits_of(file, name), at = strlen(name) + 1;

	return digits > 0 && strncmp(file + at, digest, digits) == 0 &&
	       strcmp(file + at + digits, ".list") == 0;
}

/* What lies there although no row says so: the store is lost or was made again. */
static void
adopt(struct engine *g, struct engine_list *l, const char *file, int64_t now)
{
	char *path = engine_list_path(g, file, "");
	struct buf b = {0};

	if (file_read(path, LIST_MAX, &b, NULL) == 0) {
		digest_hex_of(b.data, b.len, l->row.digest);
		if (is_named(file, l->row.name, l->row.digest)) {
			l->row.bytes = (int64_t)b.len;
			l->row.since = now;
			free(l->row.url);
			l->row.url = xstrdup(l->conf->url);
			log_notice(
			    "list", "list %s: %s is found in force", l->row.name, file);
		} else {
			l->row.digest[0] = '\0'; /* it is not what its name says */
		}
	}
	buf_free(&b);
	free(path);
}

void
engine_list_missing(
    struct engine *g, struct engine_list *l, const char *why, int64_t now)
{
	char *link = engine_list_path(g, l->row.name, ".list");

	log_warn("list",
	    "list %s: %s: it is fetched anew; what it would have to be looked up in "
	    "waits",
	    l->row.name, why);
	l->row.digest[0] = '\0';
	free(l->row.what);
	free(l->row.etag);
	free(l->row.last_modified);
	free(l->row.body_hash);
	l->row.what = l->row.etag = l->row.last_modified = l->row.body_hash = NULL;
	l->row.next = now;
	l->loaded = 0;
	l->relink = CLOCK_NONE;
	l->renewed[0] = '\0'; /* the same version may come back */
	unlink(link);	      /* what it leads to must not be loaded */
	free(link);
	free(l->before);
	l->before = NULL;
	engine_list_sweep(g, l);
}

bool
engine_list_touched(const struct engine *g, const struct engine_list *l)
{
	char *file = engine_list_kept(g, l);
	char *path = engine_list_path(g, file, "");
	struct stat st;
	bool same = lstat(path, &st) == 0 && st.st_ino == l->seen.st_ino &&
		    st.st_size == l->seen.st_size &&
		    st.st_mtim.tv_sec == l->seen.st_mtim.tv_sec &&
		    st.st_mtim.tv_nsec == l->seen.st_mtim.tv_nsec;

	free(file);
	free(path);
	return !same;
}

int
engine_list_vouched(const struct engine *g, const struct engine_list *l, struct err *e)
{
	char *file = engine_list_kept(g, l);
	char *sig = engine_list_path(g, file, ".sig");
	struct buf note = {0};
	int rc = 0;

	if (l->conf->nsigners > 0)
		rc = file_read(sig, NOTE_MAX_BYTES, &note, e);
	if (l->conf->nsigners > 0 && rc == 0)
		rc = engine_list_signed(l->conf, l->row.digest, &note, e);
	buf_free(&note);
	free(sig);
	free(file);
	return rc;
}

void
engine_list_mend(struct engine *g, struct engine_list *l, int64_t now)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *have = policy_fetched_file(dir, l->row.name);
	char *want, *path;

	if (l->row.digest[0] == '\0' && have != NULL)
		adopt(g, l, have, now);
	want = engine_list_kept(g, l);
	path = engine_list_path(g, want, "");
	if (l->row.digest[0] != '\0' && access(path, R_OK) != 0) {
		char *why = xasprintf("%s is gone", path);

		engine_list_missing(g, l, why, now);
		free(why);
	}
	if (l->row.digest[0] == '\0' && have != NULL) {
		free(path);
		path = engine_list_path(g, l->row.name, ".list");
		unlink(path); /* it leads nowhere */
	}
	engine_list_link(g, l, now);
	engine_list_sweep(g, l);
	free(path);
	free(want);
	free(have);
	free(dir);
}

/* --- what is not needed any more --- */

/* NAME-DIGEST.list, NAME-DIGEST.list.sig, or what a crash left of writing one.  Another
 * list may have a name that looks like it, and its link is no version of this one. */
static bool
is_version(int dir, const char *file, const char *name)
{
	size_t digits = digits_of(file, name), at = strlen(name) + 1;
	struct stat st;

	return digits > 0 && strncmp(file + at + digits, ".list", 5) == 0 &&
	       fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool
is_of(const char *file, const char *version)
{
	size_t n = version != NULL ? strlen(version) : 0;

	return n > 0 && strncmp(file, version, n) == 0 &&
	       (file[n] == '\0' || strcmp(file + n, ".sig") == 0 ||
		   strcmp(file + n, ".part") == 0);
}

void
engine_list_sweep(struct engine *g, const struct engine_list *l)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *in_force = engine_list_kept(g, l);
	struct dirent *d;
	DIR *at = opendir(dir);

	while (at != NULL && (d = readdir(at)) != NULL) {
		char *path;

		if (!is_version(dirfd(at), d->d_name, l->row.name) ||
		    is_of(d->d_name, in_force) || is_of(d->d_name, l->before) ||
		    is_of(d->d_name, l->file))
			continue;
		path = xasprintf("%s/%s", dir, d->d_name);
		unlink(path);
		free(path);
	}
	if (at != NULL)
		closedir(at);
	free(in_force);
	free(dir);
}

/* --- signatures --- */

int
engine_list_signed(const struct conf_blocklist *c, const char *digest,
    const struct buf *note, struct err *e)
{
	char *want = xasprintf("tosd list\n%s\n%s\n", c->name, digest);
	size_t n = strlen(want), len = 0;
	const char *text = note->data != NULL ? note->data : "";
	int rc = TOSD_ETAMPER;

	if (note->len < n || memcmp(text, want, n) != 0) {
		err_set(e, TOSD_ETAMPER,
		    "its signature is of another content: changed on the way, or not "
		    "signed again");
	} else {
		err_set(e, TOSD_ETAMPER, "none of `signers' has signed it");
		for (size_t i = 0; i < c->nsigners && rc != 0; i++) {
			struct note_key *k = NULL;

			if (note_key_parse(c->signers[i], &k, NULL) != 0)
				err_set(e, TOSD_EINVAL, "`signers': %s is no key",
				    c->signers[i]);
			else if (note_verify(k, text, note->len, &len, NULL) == 0 &&
				 len == n)
				rc = 0;
			note_key_free(&k);
		}
	}
	free(want);
	return rc;
}
