/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: memory that cannot fail, growing byte buffers, and a bounded reader.
 *
 * Roles are disposable processes watched by a supervisor, so running out of
 * memory aborts (the x* functions); what was accepted is on disk by then.
 */
#ifndef TOSD_BASE_BUF_H
#define TOSD_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
/* *to becomes what *from was, which is NULL after; what *to was is freed. */
void xmove(char **to, char **from);
/* Gives back to the system what was freed.  After work that took much more than what is
 * left of it: in small pieces the C library would keep it for ever. */
void xtrim(void);
/* Keeps up to n freed bytes at hand, instead of giving them back at once and asking for
 * them again: for a process whose work comes and goes in pieces of many KiB. */
void xkeep(size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* All zero is an empty buffer.  data is always NUL-terminated once non-NULL. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_grow(struct buf *b, size_t n); /* of buf_reserve() */
void buf_put(struct buf *b, const void *data, size_t n);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Room for n more bytes; returns where they go.  Add them with b->len += n. */
static inline char *
buf_reserve(struct buf *b, size_t n)
{
	if (n >= b->cap - b->len)
		buf_grow(b, n);
	b->data[b->len] = '\0';
	return b->data + b->len;
}
void buf_reset(struct buf *b); /* empties, keeps the memory */
void buf_free(struct buf *b);
/* The contents as a NUL-terminated string (never NULL); b is empty after. */
char *buf_take(struct buf *b);

/* The wire encoding of messages: little-endian integers, u32-counted strings.
 * A NULL string is told apart from an empty one. */
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i64(struct buf *b, int64_t v);
void buf_put_f64(struct buf *b, double v);
void buf_put_str(struct buf *b, const char *s);

/* A reader over borrowed bytes.  After the first short or broken read `bad` is
 * set and everything that follows reads as zero or NULL: check once, at the end. */
struct rd {
	const char *p;
	const char *end;
	bool bad;
	/* Where rd_str() puts its copies; NULL: each into memory of its own.  As many bytes
	 * as are left to read are always enough. */
	char *arena;
};

struct rd rd_of(const void *data, size_t n);
uint8_t rd_u8(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
int64_t rd_i64(struct rd *r);
double rd_f64(struct rd *r);
char *rd_str(struct rd *r); /* a copy or NULL; embedded NUL is bad */
/* A count of elements each at least min_size bytes on the wire: a count that
 * cannot fit what is left is bad, so a hostile peer cannot make us allocate. */
uint32_t rd_count(struct rd *r, size_t min_size);
bool rd_done(const struct rd *r); /* all read and nothing bad */

#endif
