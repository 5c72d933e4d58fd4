/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_set: reads a folder of templates and refuses, with file and line, what
 * could only fail later in front of a tenant.  See notice.h and notice_set.h.
 */
#include "notice/notice_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "notice/notice_lint.h"

#define SUFFIX ".mustache"
#define MAX_FILES 256
#define MAX_FILE (256u << 10)

static const char *const audiences[NOTICE_AUDIENCES] = {
    [NOTICE_TENANT] = "tenant",
    [NOTICE_MANAGER] = "manager",
    [NOTICE_SAFETY] = "safety",
    [NOTICE_LEGAL] = "legal",
};
static const char *const kinds[] = {"stage", "recommendation", "safety", "closed"};

const char *
notice_audience_name(enum notice_audience a)
{
	return (unsigned)a < NOTICE_AUDIENCES ? audiences[a] : "?";
}

int
notice_audience_parse(const char *name)
{
	for (int i = 0; i < NOTICE_AUDIENCES; i++)
		if (strcmp(audiences[i], name) == 0)
			return i;
	return -1;
}

static int
by_name(const void *a, const void *b)
{
	const struct notice_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct notice_file *
find_file(const struct notice_set *s, const char *name)
{
	struct notice_file key = {.name = (char *)name};

	return s->n == 0 ? NULL : bsearch(&key, s->v, s->n, sizeof(*s->v), by_name);
}

const struct notice_file *
notice_set_find(const struct notice_set *s, const char *kind, enum notice_audience a)
{
	char name[64];
	const struct notice_file *f;

	snprintf(name, sizeof(name), "%s.%s", kind, notice_audience_name(a));
	f = find_file(s, name);
	return f != NULL && f->kind != NULL ? f : NULL;
}

const char *
notice_set_partial(void *set, const char *name)
{
	const struct notice_file *f = find_file(set, name);

	return f == NULL || f->kind != NULL ? NULL : f->text;
}

bool
notice_set_has(const struct notice_set *s, const char *kind, enum notice_audience a)
{
	return notice_set_find(s, kind, a) != NULL;
}

const char *
notice_set_digest(const struct notice_set *s)
{
	return s->digest;
}

/* "stage.tenant": kind and audience out of the file's name. */
static int
set_kind(struct notice_file *f, struct err *e)
{
	const char *dot = strchr(f->name, '.');
	int a;

	if (dot == NULL)
		return 0;
	a = notice_audience_parse(dot + 1);
	if (a < 0)
		return err_set(e, TOSD_EINVAL,
		    "`%.40s' is no audience; known are tenant, manager, "
		    "safety and legal",
		    dot + 1);
	f->audience = (enum notice_audience)a;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]) == (size_t)(dot - f->name) &&
		    strncmp(kinds[i], f->name, strlen(kinds[i])) == 0)
			f->kind = xstrdup(kinds[i]);
	if (f->kind == NULL)
		return err_set(e, TOSD_EINVAL,
		    "`%.40s' is no kind of notice; known are stage, "
		    "recommendation, safety and closed",
		    f->name);
	return 0;
}

static int
parse_file(struct notice_file *f, struct err *e)
{
	static const char field[] = "Subject:";
	const char *body = f->text, *s;
	int rc = set_kind(f, e);

	if (rc == 0 && f->kind != NULL) {
		if (strncmp(body, field, strlen(field)) != 0)
			return err_set(e, TOSD_EINVAL,
			    "line 1: the first line must be `Subject: ...'");
		s = body + strlen(field);
		s += strspn(s, " \t");
		/* The line end stays with the body, so that lines count as in the file.
		 */
		body = s + strcspn(s, "\n");
		rc = template_parse(s, (size_t)(body - s), &f->subject, e);
	}
	if (rc == 0)
		rc = template_parse(body, strlen(body), &f->body, e);
	return rc;
}

/* What a walk over a template and its partials collects. */
struct walk {
	struct notice_set *s;
	enum notice_audience audience;
	bool any_audience; /* of a partial by itself */
	struct err *e;
};

static int walk_file(struct walk *w, struct notice_file *f);

static int
visit(void *ctx, enum template_ref ref, const char *name, unsigned line)
{
	struct walk *w = ctx;
	struct notice_file *p;

	if (ref != TEMPLATE_REF_PARTIAL) {
		if (!notice_name_known(name))
			return err_set(w->e, TOSD_EINVAL,
			    "line %u: `%.60s' is no name of the "
			    "notice document (see README)",
			    line, name);
		if (!w->any_audience && !notice_name_allowed(name, w->audience))
			return err_set(w->e, TOSD_EINVAL,
			    "line %u: `%.60s' may not be shown to this audience (%s)",
			    line, name, notice_audience_name(w->audience));
		return 0;
	}
	p = find_file(w->s, name);
	if (p == NULL || p->kind != NULL)
		return err_set(w->e, TOSD_ENOENT,
		    "line %u: there is no partial `%.60s'", line, name);
	if (p->mark == 1)
		return err_set(w->e, TOSD_EINVAL,
		    "line %u: partial `%.60s' includes itself", line, name);
	return p->mark == 2 ? 0 : walk_file(w, p);
}

static int
walk_file(struct walk *w, struct notice_file *f)
{
	int rc = 0;

	f->mark = 1;
	if (f->subject != NULL)
		rc = template_walk(f->subject, visit, w);
	if (rc == 0)
		rc = template_walk(f->body, visit, w);
	f->mark = 2;
	if (rc != 0)
		err_wrap(w->e, "%s%s", f->name, SUFFIX);
	return rc;
}

/* Whether a visited file holds the mark of a point, closed as well. */
static bool
is_marked(void *ctx, unsigned point)
{
	const struct notice_set *s = ctx;
	bool has_open = false, has_end = false;

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].mark != 2)
			continue;
		for (const char *p = s->v[i].text; (p = strstr(p, "{{! ")) != NULL;
		     p += 4) {
			int mark = notice_lint_mark(p + 4);

			has_open = has_open || mark == (int)point;
			has_end = has_end || mark == -(int)point;
		}
	}
	return has_open && has_end;
}

static int
check_file(struct notice_set *s, struct notice_file *f, struct err *e)
{
	struct walk w = {
	    .s = s, .audience = f->audience, .any_audience = f->kind == NULL, .e = e};
	int rc;

	for (size_t i = 0; i < s->n; i++)
		s->v[i].mark = 0;
	rc = walk_file(&w, f);
	if (rc == 0 && f->kind != NULL) {
		rc = notice_lint_marks(f->kind, f->audience, is_marked, s, e);
		if (rc != 0)
			err_wrap(e, "%s%s", f->name, SUFFIX);
	}
	return rc;
}

static int
read_file(const char *dir, const char *entry, struct notice_file *f, struct err *e)
{
	struct buf b = {0};
	char *path = xasprintf("%s/%s", dir, entry);
	int rc = file_read(path, MAX_FILE, &b, e);

	free(path);
	memset(f, 0, sizeof(*f));
	f->name = xstrndup(entry, strlen(entry) - strlen(SUFFIX));
	if (rc == 0 && b.len > 0 && memchr(b.data, '\0', b.len) != NULL)
		rc = err_set(e, TOSD_EINVAL, "%s/%s holds a NUL byte", dir, entry);
	f->text = buf_take(&b);
	return rc;
}

static bool
is_template(const char *entry)
{
	size_t n = strlen(entry), k = strlen(SUFFIX);

	return entry[0] != '.' && n > k && strcmp(entry + n - k, SUFFIX) == 0;
}

static int
read_dir(struct notice_set *s, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int rc = 0;

	if (d == NULL && errno == ENOENT)
		return err_set(
		    e, TOSD_ENOENT, "there is no folder of templates %s", dir);
	if (d == NULL)
		return err_sys(e, "cannot open the folder of templates %s", dir);
	while (rc == 0 && (de = readdir(d)) != NULL) {
		if (!is_template(de->d_name))
			continue;
		if (s->n == MAX_FILES) {
			rc = err_set(e, TOSD_ELIMIT, "%s has more than %d templates",
			    dir, MAX_FILES);
			break;
		}
		rc = read_file(dir, de->d_name, &s->v[s->n++], e);
	}
	closedir(d);
	qsort(s->v, s->n, sizeof(*s->v), by_name);
	return rc;
}

static void
set_digest(struct notice_set *s)
{
	struct buf b = {0};

	for (size_t i = 0; i < s->n; i++) {
		buf_put_str(&b, s->v[i].name);
		buf_put_str(&b, s->v[i].text);
	}
	digest_hex_of(b.data == NULL ? "" : b.data, b.len, s->digest);
	buf_free(&b);
}

int
notice_set_load(const char *dir, struct notice_set **out, struct err *e)
{
	struct notice_set *s = xcalloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	s->v = xcalloc(MAX_FILES, sizeof(*s->v));
	rc = read_dir(s, dir, e);
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		rc = parse_file(&s->v[i], e);
		if (rc != 0)
			err_wrap(e, "%s/%s%s", dir, s->v[i].name, SUFFIX);
	}
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		rc = check_file(s, &s->v[i], e);
		if (rc != 0)
			err_wrap(e, "%s", dir);
	}
	if (rc != 0) {
		notice_set_free(&s);
		return rc;
	}
	set_digest(s);
	*out = s;
	return 0;
}

void
notice_set_free(struct notice_set **sp)
{
	struct notice_set *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].text);
		free(s->v[i].kind);
		template_free(&s->v[i].subject);
		template_free(&s->v[i].body);
	}
	free(s->v);
	free(s);
	*sp = NULL;
}
