/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_source: the files of the configuration as bytes: read once by the
 * supervisor, handed to every role.  Only here are configuration files opened.
 */
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/conf.h"
#include "conf/conf_lex.h"
#include "conf/conf_source.h"

#define SOURCE_MAX ((size_t)16 << 20)
#define SOURCES_MAX 100000
/* All of them, with what conf_sources_put() adds to each: a role takes no more. */
#define SOURCES_BYTES ((size_t)64 << 20)
#define SOURCE_EXTRA 64

char *
conf_source_folder(const char *name)
{
	char *copy = xstrdup(name), *folder = xstrdup(dirname(copy));

	free(copy);
	return folder;
}

/* *room: bytes that are left for this one and the next. */
static int
add(struct conf_sources *s, const char *path, size_t *room, struct err *e)
{
	struct buf b = {0};
	int rc = file_read(path, SOURCE_MAX, &b, e);
	size_t takes = b.len + strlen(path) + SOURCE_EXTRA;

	if (rc == 0 && b.len > 0 && memchr(b.data, '\0', b.len) != NULL)
		rc = err_set(
		    e, TOSD_EINVAL, "%s holds a NUL byte: it is not a text file", path);
	if (rc == 0 && takes > *room)
		rc = err_set(e, TOSD_ELIMIT,
		    "%s: with it the files of the configuration have more than %zu "
		    "bytes together, which is the most; take something out",
		    path, SOURCES_BYTES);
	if (rc != 0) {
		buf_free(&b);
		return rc;
	}
	*room -= takes;
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n].name = xstrdup(path);
	s->v[s->n++].text = buf_take(&b);
	return 0;
}

/* The roles change their folder, so paths are made absolute here.  Symbolic links
 * stay: /etc/tosd/tosd.conf may be one, and its folder is still /etc/tosd. */
static int
absolute(const char *path, char **out, struct err *e)
{
	char *cwd;

	if (path[0] == '/') {
		*out = xstrdup(path);
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (cwd == NULL)
		return err_sys(e, "cannot tell the current folder");
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	*out = xasprintf("%s%s%s", cwd, strcmp(cwd, "/") == 0 ? "" : "/", path);
	free(cwd);
	return 0;
}

static void
quiet(void *ctx, int line, const char *text)
{
	(void)ctx;
	(void)line;
	(void)text;
}

/* The tenants_dir that the main file names, or NULL; a file that cannot be
 * parsed names none, and conf_parse() will say what is wrong with it. */
static char *
named_folder(const char *text)
{
	struct conf_lex lex = {.say = quiet};
	const char *dir;
	char *copy = NULL;
	config_t cfg;

	config_init(&cfg);
	if (conf_lex_scan(&lex, text) && config_read_string(&cfg, text) &&
	    config_lookup_string(&cfg, "tenants_dir", &dir) && dir[0] != '\0')
		copy = xstrdup(dir);
	config_destroy(&cfg);
	conf_lex_clear(&lex);
	return copy;
}

static int
is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* scandir's own alphasort follows the locale; bytes are the same everywhere. */
static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Silence must never mean "no tenants any more": only a folder that nobody named
 * may be missing. */
static int
add_folder(
    struct conf_sources *s, const char *folder, bool named, size_t room, struct err *e)
{
	struct dirent **v;
	int n = scandir(folder, &v, is_conf, by_bytes), rc = 0;

	if (n < 0 && errno == ENOENT && !named)
		return 0;
	if (n < 0) {
		s->missing = xasprintf("cannot read the folder of tenants %s: %s",
		    folder, strerror(errno));
		return 0;
	}
	if (n > SOURCES_MAX)
		rc = err_set(
		    e, TOSD_ELIMIT, "%s holds more than %d files", folder, SOURCES_MAX);
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", folder, v[i]->d_name);

		if (rc == 0)
			rc = add(s, path, &room, e);
		free(path);
		free(v[i]);
	}
	free(v);
	return rc;
}

int
conf_sources_read(const char *path, struct conf_sources *out, struct err *e)
{
	char *main_path = NULL, *folder = NULL, *named = NULL, *dir = NULL;
	size_t room = SOURCES_BYTES;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = absolute(path, &main_path, e);
	if (rc == 0)
		rc = add(out, main_path, &room, e);
	if (rc != 0)
		goto out;
	folder = conf_source_folder(main_path);
	named = named_folder(out->v[0].text);
	if (named == NULL)
		dir = xasprintf("%s/tenants.d", folder);
	else if (named[0] == '/')
		dir = xstrdup(named);
	else
		dir = xasprintf("%s/%s", folder, named);
	rc = add_folder(out, dir, named != NULL, room, e);
out:
	if (rc != 0)
		conf_sources_clear(out);
	free(main_path);
	free(folder);
	free(named);
	free(dir);
	return rc;
}

void
conf_sources_put(struct buf *b, const struct conf_sources *s)
{
	buf_put_u32(b, (uint32_t)s->n);
	for (size_t i = 0; i < s->n; i++) {
		buf_put_str(b, s->v[i].name);
		buf_put_str(b, s->v[i].text);
	}
}

void
conf_sources_get(struct rd *r, struct conf_sources *out)
{
	uint32_t n = rd_count(r, 8);

	memset(out, 0, sizeof(*out));
	out->v = xcalloc(n, sizeof(*out->v));
	while (out->n < n && !r->bad) {
		struct conf_source *s = &out->v[out->n++];

		s->name = rd_str(r);
		s->text = rd_str(r);
		/* Both are always there when we wrote it. */
		if (s->name == NULL || s->text == NULL)
			r->bad = true;
	}
	if (r->bad)
		conf_sources_clear(out);
}

void
conf_sources_clear(struct conf_sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].text);
	}
	free(s->v);
	free(s->missing);
	memset(s, 0, sizeof(*s));
}
