/* SPDX-License-Identifier: Apache-2.0 */
/* buf: allocation, buffers and the wire encoding; see buf.h. */
#include "base/buf.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define WIRE_NULL UINT32_MAX

void *
xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		log_die("memory", "cannot allocate %zu bytes", n);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		log_die("memory", "cannot allocate %zu times %zu bytes", n, size);
	return p;
}

void *
xrealloc(void *old, size_t n)
{
	void *p = realloc(old, n ? n : 1);

	if (p == NULL)
		log_die("memory", "cannot allocate %zu bytes", n);
	return p;
}

char *
xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void
xtrim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void
xkeep(size_t n)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, (int)n);
	mallopt(M_MMAP_THRESHOLD, (int)n / 8); /* no longer follows what is freed */
#else
	(void)n;
#endif
}

char *
xstrdup(const char *s)
{
	return s == NULL ? NULL : xstrndup(s, strlen(s));
}

void
xmove(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("memory", "cannot format a string");
	return p;
}

void
buf_grow(struct buf *b, size_t n)
{
	size_t want = b->len + n + 1, cap = b->cap ? b->cap * 2 : 64;

	if (want < n)
		log_die("memory", "a buffer of %zu bytes cannot be", n);
	if (cap < want)
		cap = want;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

void
buf_put(struct buf *b, const void *data, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n > 0)
		memcpy(to, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_putc(struct buf *b, char c)
{
	char *to = buf_reserve(b, 1);

	to[0] = c;
	to[1] = '\0';
	b->len++;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		log_die("memory", "cannot format a string");
	buf_reserve(b, n);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
	va_end(again);
	b->len += n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

char *
buf_take(struct buf *b)
{
	char *p;

	buf_reserve(b, 0);
	p = b->data;
	memset(b, 0, sizeof(*b));
	return p;
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

static void
put32(void *to, uint32_t v)
{
	uint8_t d[4] = {v, v >> 8, v >> 16, v >> 24};

	memcpy(to, d, sizeof(d));
}

void
buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t d[4];

	put32(d, v);
	buf_put(b, d, sizeof(d));
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t d[8];

	put32(d, (uint32_t)v);
	put32(d + 4, (uint32_t)(v >> 32));
	buf_put(b, d, sizeof(d));
}

void
buf_put_i64(struct buf *b, int64_t v)
{
	buf_put_u64(b, (uint64_t)v);
}

void
buf_put_f64(struct buf *b, double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	buf_put_u64(b, u);
}

void
buf_put_str(struct buf *b, const char *s)
{
	size_t n;
	char *to;

	if (s == NULL) {
		buf_put_u32(b, WIRE_NULL);
		return;
	}
	n = strlen(s);
	to = buf_reserve(b, n + 4);
	put32(to, (uint32_t)n);
	memcpy(to + 4, s, n);
	b->len += n + 4;
	b->data[b->len] = '\0';
}

struct rd
rd_of(const void *data, size_t n)
{
	struct rd r = {data, (const char *)data + n, false, NULL};

	return r;
}

static const uint8_t *
rd_bytes(struct rd *r, size_t n)
{
	const char *p = r->p;

	if (r->bad || (size_t)(r->end - p) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return (const uint8_t *)p;
}

uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p ? p[0] : 0;
}

uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	if (p == NULL)
		return 0;
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t
rd_u64(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 8);
	uint64_t v = 0;

	for (int i = 7; p != NULL && i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

int64_t
rd_i64(struct rd *r)
{
	return (int64_t)rd_u64(r);
}

double
rd_f64(struct rd *r)
{
	uint64_t u = rd_u64(r);
	double v;

	memcpy(&v, &u, sizeof(v));
	return v;
}

static char *
keep(struct rd *r, const void *p, size_t n)
{
	char *s = r->arena;

	if (s == NULL)
		return xstrndup(p, n);
	memcpy(s, p, n);
	s[n] = '\0';
	r->arena += n + 1;
	return s;
}

char *
rd_str(struct rd *r)
{
	uint32_t n = rd_u32(r);
	const uint8_t *p;

	if (r->bad || n == WIRE_NULL)
		return NULL;
	p = rd_bytes(r, n);
	if (p == NULL)
		return NULL;
	if (memchr(p, '\0', n) != NULL) {
		r->bad = true;
		return NULL;
	}
	return keep(r, p, n);
}

uint32_t
rd_count(struct rd *r, size_t min_size)
{
	uint32_t n = rd_u32(r);

	if (r->bad || n > (size_t)(r->end - r->p) / min_size) {
		r->bad = true;
		return 0;
	}
	return n;
}

bool
rd_done(const struct rd *r)
{
	return !r->bad && r->p == r->end;
}
