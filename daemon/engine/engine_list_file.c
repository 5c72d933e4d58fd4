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

#define DIGITS 16 /* of the digest, in a file's name */

char *
engine_list_file(const char *name, const char *digest)
{
	return xasprintf("%s-%.*s.list", name, DIGITS, digest);
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

void
engine_list_link(struct engine *g, struct engine_list *l)
{
	char *dir = policy_fetched_dir(g->conf->state_dir);
	char *have = policy_fetched_file(dir, l->row.name);
	char *want = engine_list_file(l->row.name, l->row.digest);
	char *link = xasprintf("%s/%s.list", dir, l->row.name);
	char *fresh = xasprintf("%s/%s.link", dir, l->row.name);
	bool moves =
	    l->row.digest[0] != '\0' && (have == NULL || strcmp(have, want) != 0);

	l->linked = true;
	if (moves) {
		unlink(fresh);
		if (symlinkat(want, AT_FDCWD, fresh) != 0 || rename(fresh, link) != 0)
			log_die("list", "cannot put list %s in force in %s: %s",
			    l->row.name, dir, strerror(errno));
		if (g->sync == FILE_SYNC)
			file_sync_dir(dir);
		free(l->before);
		l->before = have;
		have = NULL;
	}
	free(have);
	free(want);
	free(link);
	free(fresh);
	free(dir);
}

/* What lies there although no row says so: the store is lost or was made again. */
static void
adopt(struct engine *g, struct engine_list *l, const char *file, int64_t now)
{
	char *path = engine_list_path(g, file, "");
	struct buf b = {0};
	char *its;

	if (file_read(path, LIST_MAX, &b, NULL) == 0) {
		digest_hex_of(b.data, b.len, l->row.digest);
		its = engine_list_file(l->row.name, l->row.digest);
		if (strcmp(its, file) == 0) {
			l->row.bytes = (int64_t)b.len;
			l->row.since = now;
			free(l->row.url);
			l->row.url = xstrdup(l->conf->url);
			log_notice(
			    "list", "list %s: %s is found in force", l->row.name, file);
		} else {
			l->row.digest[0] = '\0'; /* it is not what its name says */
		}
		free(its);
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
	char *file = engine_list_file(l->row.name, l->row.digest);
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
	char *file = engine_list_file(l->row.name, l->row.digest);
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
	want = engine_list_file(l->row.name, l->row.digest);
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
	engine_list_link(g, l);
	engine_list_sweep(g, l);
	free(path);
	free(want);
	free(have);
	free(dir);
}

/* --- what is not needed any more --- */

/* NAME-DIGEST.list, NAME-DIGEST.list.sig, or what a crash left of writing one. */
static bool
is_version(const char *file, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(file, name, n) != 0 || file[n] != '-')
		return false;
	file += n + 1;
	return strspn(file, "0123456789abcdef") == DIGITS &&
	       strncmp(file + DIGITS, ".list", 5) == 0;
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
	char *in_force = engine_list_file(l->row.name, l->row.digest);
	struct dirent *d;
	DIR *at = opendir(dir);

	while (at != NULL && (d = readdir(at)) != NULL) {
		char *path;

		if (!is_version(d->d_name, l->row.name) || is_of(d->d_name, in_force) ||
		    is_of(d->d_name, l->before) || is_of(d->d_name, l->file))
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
