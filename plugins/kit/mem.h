/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem: memory that cannot fail, growing strings and error texts of our own plugins.
 * They are built from <tosd/policy.h> alone, so they bring their own.
 */
#ifndef KIT_MEM_H
#define KIT_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_new(size_t n, size_t size); /* zeroed */
void *mem_grow(void *p, size_t n, size_t size);
char *mem_dup(const char *s, size_t n); /* NUL-terminated copy */

/* All zero is empty; data is NUL-terminated once non-NULL. */
struct sb {
	char *data;
	size_t len, cap;
};
void sb_put(struct sb *b, const char *s, size_t n);
void sb_puts(struct sb *b, const char *s);
void sb_printf(struct sb *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sb_free(struct sb *b);
char *sb_take(struct sb *b); /* never NULL */

/* Why something failed, for a person. */
struct why {
	char text[500];
};
/* Sets the text; returns -1. */
int why_set(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Several reasons: all but the last go to say(), so that one run tells them.  say NULL:
 * the first one ends the work. */
struct whys {
	void (*say)(void *ctx, const char *text);
	void *ctx;
	struct why last;
	size_t n;
};
#define WHYS_MAX 30
/* Keeps w if rc says that something failed; whether to go on nevertheless. */
bool whys_go_on(struct whys *all, int rc, const struct why *w);

#define MEM_HEX 65
/* SHA-256 as lower-case hexadecimal. */
void mem_sha256(const char *data, size_t n, char out[MEM_HEX]);

/* Decodes the UTF-8 character at s; its length, or 0 if it is not well-formed. */
int mem_utf8(const char *s, size_t n, uint32_t *cp);
bool mem_utf8_valid(const char *s, size_t n);
/* The first character of s that does not belong into a text for people: a control
 * character (with `breaks', line breaks and tabs do), or no UTF-8.  NULL: none. */
const char *mem_unfit(const char *s, bool breaks);

/* Reads a plain file of at most max bytes; links, NUL bytes and broken UTF-8 are
 * refused. */
int mem_read_file(const char *path, size_t max, struct sb *out, struct why *w);
/* The same of a file that decides something: one that somebody may write who may not
 * write the folder `dir' is refused too, and one of somebody else than root, who runs
 * this and the owner of `dir'.  dir NULL: the folder in which it is. */
int mem_read_trusted(
    const char *dir, const char *path, size_t max, struct sb *out, struct why *w);
/* What it refuses, of a file that is open. */
int mem_check_trusted(const char *dir, int fd, struct why *w);

#endif
