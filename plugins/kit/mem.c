/* SPDX-License-Identifier: Apache-2.0 */
/* mem: strings and memory of the plugin `rules`; see mem.h. */
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *
mem_new(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		abort(); /* the worker is disposable, the supervisor starts another */
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n > 0 ? n : 1, size);
	if (p == NULL)
		abort();
	return p;
}

char *
mem_dup(const char *s, size_t n)
{
	char *p = mem_new(n + 1, 1);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

#define SB_LEAST 24 /* bytes: an allocation of fewer takes as many */

void
sb_put(struct sb *b, const char *s, size_t n)
{
	if (b->len + n + 1 > b->cap) {
		b->cap = (b->len + n + 1) * 2;
		if (b->cap < SB_LEAST)
			b->cap = SB_LEAST;
		b->data = mem_grow(b->data, b->cap, 1);
	}
	if (n > 0)
		memcpy(b->data + b->len, s, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
sb_puts(struct sb *b, const char *s)
{
	sb_put(b, s, strlen(s));
}

void
sb_printf(struct sb *b, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	sb_put(b, s, (size_t)n);
	free(s);
}

void
sb_free(struct sb *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

char *
sb_take(struct sb *b)
{
	char *s = b->data != NULL ? b->data : mem_dup("", 0);

	memset(b, 0, sizeof(*b));
	return s;
}

int
why_set(struct why *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	return -1;
}

bool
whys_go_on(struct whys *all, int rc, const struct why *w)
{
	if (rc == 0)
		return true;
	if (all->n++ > 0)
		all->say(all->ctx, all->last.text);
	all->last = *w;
	return all->say != NULL && all->n < WHYS_MAX;
}

void
mem_sha256(const char *data, size_t n, char out[MEM_HEX])
{
	unsigned char d[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(data, n, d, &len, EVP_sha256(), NULL) != 1)
		abort();
	for (unsigned i = 0; i < len && i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", d[i]);
}

int
mem_utf8(const char *s, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)s;
	int len = n == 0	? 0
		  : p[0] < 0x80 ? 1
		  : p[0] < 0xc2 ? 0
		  : p[0] < 0xe0 ? 2
		  : p[0] < 0xf0 ? 3
		  : p[0] < 0xf5 ? 4
				: 0;
	uint32_t c;

	if (len == 0 || n < (size_t)len)
		return 0;
	c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (int i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*cp = c;
	return len;
}

bool
mem_utf8_valid(const char *s, size_t n)
{
	uint32_t cp;

	for (size_t i = 0; i < n;) {
		int len = mem_utf8(s + i, n - i, &cp);

		if (len == 0 || cp == 0)
			return false;
		i += (size_t)len;
	}
	return true;
}

const char *
mem_unfit(const char *s, bool breaks)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		int len = mem_utf8(s + i, n - i, &cp);

		if (len == 0)
			return s + i;
		if ((cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) &&
		    !(breaks && (cp == '\t' || cp == '\n' || cp == '\r')))
			return s + i;
		i += (size_t)len;
	}
	return NULL;
}

/* The file, or -1. */
static int
open_plain(const char *path, struct stat *st, struct why *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0 && errno == ELOOP)
		return why_set(w, "a symbolic link; put the file itself here");
	if (fd < 0)
		return why_set(w, "cannot open: %s", strerror(errno));
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return why_set(w, "not a plain file");
}

/* Says where it is no UTF-8, and what it may be instead. */
static int
check_utf8(const struct sb *text, struct why *w)
{
	const char *s = text->data != NULL ? text->data : "";
	uint32_t cp = 0;
	size_t line = 1;

	if (text->len > 1 &&
	    (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
		return why_set(w,
		    "not valid UTF-8 text at line 1: it is UTF-16; save it as UTF-8");
	for (size_t i = 0; i < text->len;) {
		int len = mem_utf8(s + i, text->len - i, &cp);

		if (len == 0)
			return why_set(w,
			    "not valid UTF-8 text at line %zu (byte 0x%02x); save it "
			    "as "
			    "UTF-8",
			    line, (uint8_t)s[i]);
		if (cp == 0)
			return why_set(w,
			    "not valid UTF-8 text at line %zu (a NUL byte); save it as "
			    "UTF-8",
			    line);
		line += cp == '\n';
		i += (size_t)len;
	}
	return 0;
}

/* Reads it all and closes it. */
static int
read_plain(int fd, size_t max, struct sb *out, struct why *w)
{
	char piece[16384];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || out->len + (size_t)n > max)
			break;
		sb_put(out, piece, (size_t)n);
	}
	close(fd);
	if (n < 0)
		return why_set(w, "cannot read: %s", strerror(errno));
	if (n > 0)
		return why_set(w, "larger than %zu bytes; split it", max);
	return check_utf8(out, w);
}

int
mem_read_file(const char *path, size_t max, struct sb *out, struct why *w)
{
	struct stat st;
	int fd = open_plain(path, &st, w);

	return fd < 0 ? -1 : read_plain(fd, max, out, w);
}

/* Whoever may write the folder could put another file there anyway, and a group that
 * may not go through the folder cannot come to the file. */
static int
check_writers(const struct stat *st, const struct stat *dir, struct why *w)
{
	bool group = !(dir->st_mode & S_IXGRP) ||
		     (dir->st_mode & S_IWGRP && dir->st_gid == st->st_gid);

	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !group))
		return why_set(w, "may be written by others; make it chmod go-w");
	if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != dir->st_uid)
		return why_set(w,
		    "belongs to user %ld, and not to root, to who runs this, or to the "
		    "owner of its folder",
		    (long)st->st_uid);
	return 0;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_dup(".", 1);
	return mem_dup(path, slash > path ? (size_t)(slash - path) : 1);
}

int
mem_check_trusted(const char *dir, int fd, struct why *w)
{
	struct stat st, folder;

	if (stat(dir, &folder) != 0)
		return why_set(w, "cannot look at %s: %s", dir, strerror(errno));
	if (fstat(fd, &st) != 0)
		return why_set(w, "cannot look at it: %s", strerror(errno));
	return check_writers(&st, &folder, w);
}

int
mem_read_trusted(
    const char *dir, const char *path, size_t max, struct sb *out, struct why *w)
{
	struct stat st;
	int fd = open_plain(path, &st, w), rc;
	char *own;

	if (fd < 0)
		return -1;
	own = dir != NULL ? mem_dup(dir, strlen(dir)) : folder_of(path);
	rc = mem_check_trusted(own, fd, w);
	free(own);
	if (rc == 0)
		return read_plain(fd, max, out, w);
	close(fd);
	return rc;
}
