/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: see filter.h.  A cache file is named by what went into it (expressions,
 * flags, version and processor features), which stands in it as well, since a file can
 * be given another name; it carries its own SHA-256, and is replaced when either does
 * not hold.  A lock lets the first worker compile while the others wait for its
 * file.
 */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "tosd rules 3\n"
#define DIGITS (MEM_HEX - 1)
#define HEAD (sizeof(MAGIC) - 1 + DIGITS + DIGITS) /* key, digest */
#define CACHE_MAX (512u << 20)
#define CACHE_FILES 16

static const unsigned flags_of[] = {
    [FILTER_REGEXES] = HS_FLAG_UTF8 | HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH |
		       HS_FLAG_PREFILTER | HS_FLAG_ALLOWEMPTY,
    [FILTER_STRINGS] = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH,
};

/* What to compile. */
struct wanted {
	const char *const *v;
	unsigned n;
	enum filter_kind kind;
};

struct filter {
	hs_database_t *db;
	hs_scratch_t *scratch;
	char note[300];
};

static void
cache_key(const struct wanted *t, char out[MEM_HEX])
{
	hs_platform_info_t host;
	struct sb b = {0};

	memset(&host, 0, sizeof(host));
	hs_populate_platform(&host);
	sb_printf(&b, "%s %s %d %u\n", MAGIC, hs_version(), t->kind, flags_of[t->kind]);
	sb_put(&b, (const char *)&host, sizeof(host));
	for (unsigned i = 0; i < t->n; i++)
		sb_put(&b, t->v[i], strlen(t->v[i]) + 1);
	mem_sha256(b.data, b.len, out);
	sb_free(&b);
}

/* 1: loaded; 0: there is none; -1: there is one, and it is no good. */
static int
cache_load(struct filter *f, const char *path, const char *key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char *data = NULL, hex[MEM_HEX];
	ssize_t got = -1;
	int rc = -1;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	/* Somebody else's database would be somebody else's code, nearly. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)) && st.st_size > (off_t)HEAD &&
	    st.st_size < (off_t)CACHE_MAX) {
		data = mem_new((size_t)st.st_size, 1);
		got = read(fd, data, (size_t)st.st_size);
	}
	close(fd);
	if (got == st.st_size && memcmp(data, MAGIC, sizeof(MAGIC) - 1) == 0 &&
	    memcmp(data + sizeof(MAGIC) - 1, key, DIGITS) == 0) {
		mem_sha256(data + HEAD, (size_t)got - HEAD, hex);
		if (memcmp(hex, data + HEAD - DIGITS, DIGITS) == 0 &&
		    hs_deserialize_database(data + HEAD, (size_t)got - HEAD, &f->db) ==
			HS_SUCCESS)
			rc = 1;
	}
	free(data);
	return rc;
}

static int
write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, s, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		s += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Whole or not at all: a temporary file, fsync, rename. */
static void
cache_save(struct filter *f, const char *dir, const char *path, const char *key)
{
	struct sb tmp = {0};
	char *bytes = NULL, hex[MEM_HEX];
	size_t n = 0;
	int fd = -1, ok = 0;

	/* Whoever was killed over it has left nothing but this one file. */
	sb_printf(&tmp, "%s/rules.part", dir);
	errno = ENOMEM;
	if (hs_serialize_database(f->db, &bytes, &n) == HS_SUCCESS)
		fd = open(tmp.data,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		mem_sha256(bytes, n, hex);
		ok = write_all(fd, MAGIC, sizeof(MAGIC) - 1) == 0 &&
		     write_all(fd, key, DIGITS) == 0 &&
		     write_all(fd, hex, DIGITS) == 0 && write_all(fd, bytes, n) == 0 &&
		     fsync(fd) == 0;
		ok = close(fd) == 0 && ok && rename(tmp.data, path) == 0;
		if (!ok)
			unlink(tmp.data);
	}
	if (!ok)
		snprintf(f->note, sizeof(f->note),
		    "compiled patterns could not be kept in "
		    "%.200s: %s",
		    path, strerror(errno));
	free(bytes);
	sb_free(&tmp);
}

static time_t
age_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mtime : 0;
}

/* Each change of a pack leaves a file behind; those of the last few are kept, so that
 * going back is as fast. */
static void
cache_prune(const char *dir, const char *mine)
{
	struct sb pattern = {0};
	glob_t g;

	sb_printf(&pattern, "%s/rules-*.hsdb", dir);
	if (glob(pattern.data, GLOB_NOSORT, NULL, &g) == 0) {
		size_t left = g.gl_pathc;

		while (left > CACHE_FILES) {
			size_t old = 0;

			for (size_t i = 1; i < left; i++)
				if (strcmp(g.gl_pathv[i], mine) != 0 &&
				    (strcmp(g.gl_pathv[old], mine) == 0 ||
					age_of(g.gl_pathv[i]) <
					    age_of(g.gl_pathv[old])))
					old = i;
			unlink(g.gl_pathv[old]);
			free(g.gl_pathv[old]);
			g.gl_pathv[old] = g.gl_pathv[--left];
			g.gl_pathv[left] = NULL;
		}
		globfree(&g);
	}
	sb_free(&pattern);
}

/* The place that it names is one in what has become of the expression. */
static int
refused(const hs_compile_error_t *e, struct why *w)
{
	const char *s =
	    e != NULL && e->message != NULL ? e->message : "no reason given";
	const char *end = strstr(s, " at index ");
	size_t n = end != NULL ? (size_t)(end - s) : strcspn(s, ".");

	return why_set(w,
	    "Hyperscan, which looks for it in all texts, refuses it: %.*s; do without "
	    "\\K, "
	    "\\G, \\R, recursion, callouts and repeats of hundreds, or let "
	    "it "
	    "be two",
	    (int)n, s);
}

static int
compile(struct filter *f, const struct wanted *t, int *bad, struct why *w)
{
	unsigned *flags = mem_new(t->n, sizeof(*flags)),
		 *ids = mem_new(t->n, sizeof(*ids));
	size_t *lens = mem_new(t->n, sizeof(*lens));
	hs_compile_error_t *e = NULL;
	hs_error_t ok;
	int rc = 0;

	for (unsigned i = 0; i < t->n; i++) {
		flags[i] = flags_of[t->kind];
		ids[i] = i;
		lens[i] = strlen(t->v[i]);
	}
	if (t->kind == FILTER_STRINGS)
		ok = hs_compile_lit_multi(
		    t->v, flags, ids, lens, t->n, HS_MODE_BLOCK, NULL, &f->db, &e);
	else
		ok = hs_compile_multi(
		    t->v, flags, ids, t->n, HS_MODE_BLOCK, NULL, &f->db, &e);
	if (ok != HS_SUCCESS) {
		*bad = e != NULL ? e->expression : -1;
		rc = refused(e, w);
		hs_free_compile_error(e);
	}
	free(flags);
	free(ids);
	free(lens);
	return rc;
}

static int
compile_cached(
    struct filter *f, const struct wanted *t, const char *dir, int *bad, struct why *w)
{
	struct sb path = {0}, lock = {0};
	char key[MEM_HEX];
	int fd, rc = 0, have;

	cache_key(t, key);
	sb_printf(&path, "%s/rules-%.40s.hsdb", dir, key);
	sb_printf(&lock, "%s/rules.lock", dir);
	fd = open(lock.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		snprintf(f->note, sizeof(f->note),
		    "no cache of compiled patterns: %.200s: %s", lock.data,
		    strerror(errno));
	else
		while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
			;
	have = fd >= 0 ? cache_load(f, path.data, key) : 0;
	if (have < 0)
		snprintf(f->note, sizeof(f->note),
		    "%.200s is damaged or not ours; compiled "
		    "anew",
		    path.data);
	if (have <= 0) {
		rc = compile(f, t, bad, w);
		if (rc == 0 && fd >= 0) {
			cache_save(f, dir, path.data, key);
			cache_prune(dir, path.data);
		}
	}
	if (fd >= 0)
		close(fd);
	sb_free(&path);
	sb_free(&lock);
	return rc;
}

int
filter_new(const char *const *v, unsigned n, enum filter_kind kind,
    const char *cache_dir, struct filter **out, int *bad, const char **note,
    struct why *w)
{
	const struct wanted t = {v, n, kind};
	struct filter *f = mem_new(1, sizeof(*f));
	int rc;

	*out = NULL;
	*bad = -1;
	*note = NULL;
	if (hs_valid_platform() != HS_SUCCESS)
		rc = why_set(w, "this processor lacks what Hyperscan needs (SSSE3)");
	else if (cache_dir != NULL && *cache_dir != '\0')
		rc = compile_cached(f, &t, cache_dir, bad, w);
	else
		rc = compile(f, &t, bad, w);
	if (rc == 0 && hs_alloc_scratch(f->db, &f->scratch) != HS_SUCCESS)
		rc = why_set(w, "Hyperscan gives no scratch memory");
	if (rc != 0) {
		filter_free(&f);
		return rc;
	}
	*note = f->note[0] != '\0' ? f->note : NULL;
	*out = f;
	return 0;
}

void
filter_free(struct filter **fp)
{
	struct filter *f = *fp;

	if (f == NULL)
		return;
	*fp = NULL;
	hs_free_scratch(f->scratch);
	hs_free_database(f->db);
	free(f);
}

struct caller {
	void (*found)(void *ctx, unsigned place);
	void *ctx;
};

static int
on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
    void *ctx)
{
	struct caller *c = ctx;

	(void)from, (void)to, (void)flags;
	c->found(c->ctx, id);
	return 0;
}

int
filter_scan(struct filter *f, const char *s, size_t n,
    void (*found)(void *ctx, unsigned place), void *ctx)
{
	struct caller c = {found, ctx};

	return hs_scan(f->db, s, (unsigned)n, 0, f->scratch, on_match, &c) == HS_SUCCESS
		   ? 0
		   : -1;
}
