/* SPDX-License-Identifier: Apache-2.0 */
/* verify_head: signed heads: the newest, the kept ones and the one from outside. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "evidence/verify_in.h"

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Sizes only: a year of seals is millions of heads. */
static int
list_kept(struct verify *v, struct err *e)
{
	char *path = xasprintf("%s/checkpoints", v->log);
	DIR *dir = opendir(path);
	struct dirent *d;
	uint64_t size;
	int rc = 0;

	if (dir == NULL && errno != ENOENT)
		rc = err_sys(e, "cannot read folder %s", path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (!checkpoint_name_parse(d->d_name, &size))
			continue;
		if ((v->nkept & (v->nkept + 1)) == 0)
			v->kept =
			    xrealloc(v->kept, (v->nkept + 1) * 2 * sizeof(*v->kept));
		v->kept[v->nkept++] = size;
	}
	if (dir != NULL)
		closedir(dir);
	if (v->nkept > 0)
		qsort(v->kept, v->nkept, sizeof(*v->kept), by_size);
	free(path);
	return rc;
}

/* Loads a head of the log; says what is wrong with it.  name: in the log. */
static bool
load_head(struct verify *v, const char *name, struct checkpoint *c)
{
	char *path = xasprintf("%s/%s", v->log, name), file[VERIFY_FILE];
	struct buf b = {0};
	struct err why = ERR_INIT;
	int rc = file_read(path, NOTE_MAX, &b, &why);

	if (rc == 0)
		rc = checkpoint_parse(v->key, b.data, b.len, c, &why);
	if (rc != 0) {
		snprintf(file, sizeof(file), "%s%s", v->prefix, name);
		verify_say(v, -1, file, !verify_denied(v, file), "%s",
		    rc == TOSD_ENOENT ? "the signed head is missing" : why.text);
	}
	v->r->heads++;
	buf_free(&b);
	free(path);
	return rc == 0;
}

static bool
have_tiles(const struct verify *v)
{
	char *path = xasprintf("%s/tile", v->log);
	DIR *dir = opendir(path);

	free(path);
	if (dir != NULL)
		closedir(dir);
	return dir != NULL;
}

static bool
have_checkpoint(const struct verify *v)
{
	char *path = xasprintf("%s/checkpoint", v->log);
	struct buf b = {0};
	bool yes = file_read(path, NOTE_MAX, &b, NULL) != TOSD_ENOENT;

	buf_free(&b);
	free(path);
	return yes;
}

/* In place of a `checkpoint` that cannot be used: the newest kept one that can. */
static void
fall_back(struct verify *v)
{
	char name[CHECKPOINT_NAME];

	for (size_t i = v->nkept; i-- > 0 && !v->have_head;) {
		char *path =
		    xasprintf("%s/%s", v->log, checkpoint_name(v->kept[i], name));

		v->have_head = checkpoint_load(v->key, path, &v->head, NULL) == 0 &&
			       v->head.size == v->kept[i];
		free(path);
	}
}

static int
find_anchor(struct verify *v, struct err *e)
{
	char file[VERIFY_FILE];
	int rc;

	if (v->o->anchor == NULL)
		return 0;
	rc = checkpoint_load(v->key, v->o->anchor, &v->anchor, e);
	if (rc != 0) {
		/* It says nothing about the log: a wrong file, not a tampered log. */
		err_wrap(e, "the anchor is no head of this log");
		if (e != NULL && rc == TOSD_ETAMPER)
			e->code = TOSD_EINVAL;
		return rc == TOSD_ETAMPER ? TOSD_EINVAL : rc;
	}
	v->have_anchor = true;
	if (v->have_head && v->anchor.size <= v->head.size)
		return 0;
	snprintf(file, sizeof(file), "%scheckpoint", v->prefix);
	verify_say(v, -1, file, true,
	    "the log was rolled back: the anchor has %llu entries, this head %llu",
	    (unsigned long long)v->anchor.size, (unsigned long long)v->head.size);
	return 0;
}

int
verify_heads(struct verify *v, struct err *e)
{
	int rc = list_kept(v, e);
	size_t i;
	char file[VERIFY_FILE], name[CHECKPOINT_NAME];

	if (rc != 0)
		return rc;
	if (have_checkpoint(v)) {
		v->have_head = load_head(v, "checkpoint", &v->head);
	} else if (v->nkept > 0) {
		snprintf(file, sizeof(file), "%scheckpoint", v->prefix);
		verify_say(v, -1, file, true, "the newest signed head is missing");
	} else if (have_tiles(v) && !v->live) {
		snprintf(file, sizeof(file), "%scheckpoint", v->prefix);
		verify_say(v, -1, file, false, "nothing of this log was ever signed");
	}
	verify_look_live(v);
	for (i = 0; i < v->nkept && v->kept[i] != v->head.size; i++)
		;
	/* The kept copy is written last: a crash can leave it out. */
	if (v->have_head && !v->live && v->nkept > 0 && i == v->nkept) {
		snprintf(file, sizeof(file), "%s%s", v->prefix,
		    checkpoint_name(v->head.size, name));
		verify_say(
		    v, -1, file, false, "the kept copy of the newest head is missing");
	}
	if (!v->have_head)
		fall_back(v);
	return find_anchor(v, e);
}

bool
verify_grown(const struct verify *v)
{
	char *path = xasprintf("%s/checkpoint", v->log);
	struct checkpoint now;
	bool grown =
	    checkpoint_load(v->key, path, &now, NULL) == 0 && now.size > v->head.size;

	free(path);
	return grown;
}

static void
compare(
    struct verify *v, const struct checkpoint *c, const char *name, const char *what)
{
	uint8_t root[DIGEST_LEN];
	char file[VERIFY_FILE];

	merkle_range_root(&v->range, root);
	if (memcmp(root, c->root, sizeof(root)) == 0) {
		v->agreed = v->range.size;
		return;
	}
	if (v->doubt)
		return;
	snprintf(file, sizeof(file), "%s%s", v->prefix, name);
	verify_say(v, -1, file, true,
	    "%s of %llu entries was signed over other entries than are here; up to "
	    "entry "
	    "%llu they agree",
	    what, (unsigned long long)c->size, (unsigned long long)v->agreed);
}

void
verify_heads_at(struct verify *v)
{
	struct checkpoint c;
	char name[CHECKPOINT_NAME], file[VERIFY_FILE];

	for (; v->kept_at < v->nkept && v->kept[v->kept_at] == v->range.size;
	     v->kept_at++) {
		checkpoint_name(v->range.size, name);
		if (!load_head(v, name, &c))
			continue;
		if (c.size == v->range.size) {
			compare(v, &c, name, "the kept head");
			continue;
		}
		snprintf(file, sizeof(file), "%s%s", v->prefix, name);
		verify_say(v, -1, file, true,
		    "is the head of %llu entries, put under "
		    "another's name",
		    (unsigned long long)c.size);
	}
	if (v->have_anchor && v->anchor.size == v->range.size)
		compare(v, &v->anchor, "checkpoint",
		    "the log forks from the anchor, which");
	if (v->head.size == v->range.size)
		compare(v, &v->head, "checkpoint", "the newest head");
}

void
verify_heads_end(struct verify *v)
{
	struct checkpoint c;
	char name[CHECKPOINT_NAME], file[VERIFY_FILE];

	for (; v->kept_at < v->nkept; v->kept_at++)
		if (load_head(v, checkpoint_name(v->kept[v->kept_at], name), &c)) {
			snprintf(file, sizeof(file), "%scheckpoint", v->prefix);
			verify_say(v, -1, file, true,
			    "the log was rolled back to %llu entries: %s%s is newer",
			    (unsigned long long)v->head.size, v->prefix, name);
		}
}
