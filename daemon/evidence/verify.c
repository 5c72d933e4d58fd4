/* SPDX-License-Identifier: Apache-2.0 */
/* verify: the order of checking, and the key; see verify.h. */
#include "evidence/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "evidence/verify_in.h"

void
verify_say(struct verify *v, int64_t index, const char *file, bool tamper,
    const char *fmt, ...)
{
	struct verify_problem p = {.index = index, .file = file, .tamper = tamper};
	char what[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	p.what = what;
	if (tamper)
		v->r->tampered++;
	else
		v->r->incomplete++;
	if (v->o->report != NULL)
		v->o->report(v->o->ctx, &p);
}

bool
verify_denied(const struct verify *v, const char *file)
{
	char *path = xasprintf("%s/%s", v->o->dir, file);
	bool yes = access(path, R_OK) != 0 && errno == EACCES;

	free(path);
	return yes;
}

static bool
there(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	bool yes = access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* One that was only just begun has a folder for its heads and nothing else yet. */
static bool
is_log(const char *dir)
{
	return there(dir, "checkpoint") || there(dir, "tile") ||
	       there(dir, "checkpoints");
}

/* A state folder has log/; a plain tlog-tiles log is one itself.  Where there is
 * neither, nothing was checked: that must not pass for good. */
static int
find_log(struct verify *v, struct err *e)
{
	const char *dir = v->o->dir;
	struct stat st;

	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(e, TOSD_ENOENT, "there is no folder %s", dir);
	if (!there(dir, "log") && there(dir, "checkpoint") && there(dir, "tile")) {
		v->log = xstrdup(dir);
		v->prefix = "";
	} else {
		v->log = xasprintf("%s/log", dir);
		v->prefix = "log/";
	}
	if (!is_log(v->log) && access(v->log, X_OK) != 0 && errno != ENOENT)
		return err_sys(e, "cannot look into %s", v->log);
	if (!is_log(v->log))
		return err_set(e, TOSD_ENOENT,
		    "there is no ledger in %s: is it the state folder?", dir);
	return 0;
}

/* Where we may not look, we take the log for a quiet one. */
void
verify_look_live(struct verify *v)
{
	struct flock lk = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	char *path = xasprintf("%s/lock", v->log);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &lk) == 0 && lk.l_type == F_WRLCK)
		v->live = true;
	if (fd >= 0)
		close(fd);
	free(path);
}

/* The text of DIR/log.vkey without its newline, or NULL. */
static int
read_own_key(const struct verify *v, char **text, struct err *e)
{
	char *path = xasprintf("%s/log.vkey", v->o->dir);
	struct buf b = {0};
	int rc = file_read(path, NOTE_MAX, &b, e);

	*text = NULL;
	if (rc == 0 && b.len > 0 && b.data[b.len - 1] == '\n' &&
	    strlen(b.data) == b.len) {
		b.data[--b.len] = '\0';
		*text = buf_take(&b);
	} else if (rc == 0) {
		*text = xstrdup("");
	}
	buf_free(&b);
	free(path);
	return rc;
}

static int
find_key(struct verify *v, struct err *e)
{
	char *own = NULL;
	struct err why = ERR_INIT;
	int rc = 0, found = read_own_key(v, &own, e);

	if (found != 0 && found != TOSD_ENOENT)
		return found;
	if (v->o->vkey != NULL) {
		rc = note_key_parse(v->o->vkey, &v->key, e);
		if (rc == 0 && own != NULL && strcmp(own, v->o->vkey) != 0)
			verify_say(v, -1, "log.vkey", true,
			    "this is not the key that was given for checking");
	} else if (own != NULL) {
		v->r->own_key = true;
		if (note_key_parse(own, &v->key, &why) != 0)
			verify_say(v, -1, "log.vkey", true,
			    "cannot be used, so no signed head can be checked: %s",
			    why.text);
	} else if (there(v->log, "checkpoint") || there(v->log, "tile")) {
		rc = err_set(e, TOSD_ENOENT,
		    "%s/log.vkey is missing: give the log's public "
		    "key with --vkey",
		    v->o->dir);
	}
	free(own);
	return rc;
}

static void
verify_clear(struct verify *v)
{
	struct verify_missing *m;
	size_t at = 0;

	while ((m = table_each(&v->missing, &at)) != NULL)
		free(m->rel);
	table_free(&v->missing);
	table_free(&v->files);
	table_free(&v->cases);
	note_key_free(&v->key);
	free(v->kept);
	free(v->doubts);
	free(v->log);
	free(v);
}

int
evidence_verify(
    const struct verify_options *o, struct verify_result *out, struct err *e)
{
	struct verify *v = xcalloc(1, sizeof(*v));
	int rc;

	*out = (struct verify_result){0};
	v->o = o;
	v->r = out;
	v->last_t = CLOCK_NONE;
	v->cases.value = DIGEST_LEN;
	v->files.value = 4;
	v->missing.value = sizeof(struct verify_missing);
	v->doubts = xcalloc(VERIFY_DOUBTS, DIGEST_LEN);
	rc = find_log(v, e);
	if (rc == 0) {
		v->start = clock_now();
		verify_look_live(v);
		rc = find_key(v, e);
	}
	if (rc == 0 && v->key != NULL)
		rc = verify_heads(v, e);
	if (rc != 0)
		goto out;
	/* Or has one begun meanwhile? */
	verify_look_live(v);
	/* Without a head to trust nothing that follows could be told from a forgery. */
	if (v->have_head) {
		verify_tree(v);
		verify_heads_end(v);
		verify_entries_end(v);
	}
	if (v->have_head || v->r->tampered == 0)
		verify_stray(v);
	if (out->tampered > 0)
		rc = err_set(e, TOSD_ETAMPER, "%s was tampered with: %u problems",
		    o->dir, out->tampered);
	else if (out->incomplete > 0)
		rc = err_set(e, TOSD_ESTATE,
		    "%s is incomplete but consistent: %u problems", o->dir,
		    out->incomplete);
out:
	verify_clear(v);
	return rc;
}
