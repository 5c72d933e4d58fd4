/* SPDX-License-Identifier: Apache-2.0 */
/* url: resolution of references and sets of links; see url.h. */
#include "feed/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/log.h"
#include "feed/lanes.h"
#include "feed/markup.h"

#define FEW 8 /* links that are compared one by one */

/* The five parts of RFC 3986 section 3; p is NULL where a part is missing. */
struct parts {
	struct markup_str scheme, authority, path, query; /* query with its '?' */
	struct markup_str fragment;			  /* with its '#' */
};

static size_t
scheme_len(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || (s[0] | 32) < 'a' || (s[0] | 32) > 'z')
		return 0;
	for (i = 1; i < n && i < 32; i++) {
		char c = s[i];

		if (c == ':')
			return i;
		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '+' && c != '-' && c != '.')
			return 0;
	}
	return 0;
}

bool
feed_url_has_scheme(const char *ref, size_t n)
{
	return scheme_len(ref, n) > 0;
}

bool
feed_url_is_web(const char *url)
{
	if (url == NULL)
		return false;
	return (strncasecmp(url, "http://", 7) == 0 && url[7] != '\0') ||
	       (strncasecmp(url, "https://", 8) == 0 && url[8] != '\0');
}

static void
split(const char *s, size_t n, struct parts *u)
{
	const char *end = s + n, *p;
	size_t len = scheme_len(s, n);

	memset(u, 0, sizeof(*u));
	if (len > 0) {
		u->scheme = (struct markup_str){s, len};
		s += len + 1;
	}
	if (end - s >= 2 && s[0] == '/' && s[1] == '/') {
		for (p = s + 2; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
			;
		u->authority = (struct markup_str){s, p - s};
		s = p;
	}
	for (p = s; p < end && *p != '?' && *p != '#'; p++)
		;
	u->path = (struct markup_str){s, p - s};
	if (p < end && *p == '?') {
		const char *q = memchr(p, '#', end - p);

		if (q == NULL)
			q = end;
		u->query = (struct markup_str){p, q - p};
		p = q;
	}
	if (p < end)
		u->fragment = (struct markup_str){p, end - p};
}

bool
feed_url_same_host(const char *a, const char *b)
{
	struct parts x, y;

	split(a, strlen(a), &x);
	split(b, strlen(b), &y);
	return x.authority.n == y.authority.n &&
	       (x.authority.n == 0 ||
		   strncasecmp(x.authority.p, y.authority.p, x.authority.n) == 0);
}

static void
put(struct buf *b, const struct markup_str *s)
{
	if (s->p != NULL)
		buf_put(b, s->p, s->n);
}

/* Appends path with "." and ".." resolved (section 5.2.4); root is where the path
 * starts in b. */
static void
put_path(struct buf *b, const char *p, size_t n, size_t root)
{
	const char *end = p + n;

	while (p < end) {
		const char *seg = *p == '/' ? p + 1 : p, *next;
		size_t len;

		next = seg < end ? memchr(seg, '/', end - seg) : NULL;
		len = (next != NULL ? next : end) - seg;
		if (len == 2 && seg[0] == '.' && seg[1] == '.') {
			while (b->len > root && b->data[--b->len] != '/')
				;
			if (next == NULL)
				buf_putc(b, '/');
		} else if (len == 1 && seg[0] == '.') {
			if (next == NULL)
				buf_putc(b, '/');
		} else {
			buf_put(b, p, seg + len - p);
		}
		p = seg + len;
	}
}

static void
merge(struct buf *b, const struct parts *base, const struct parts *ref)
{
	struct buf path = {0};
	size_t dir = base->path.n, root;

	while (dir > 0 && base->path.p[dir - 1] != '/')
		dir--;
	if (dir > 0)
		buf_put(&path, base->path.p, dir);
	else
		buf_putc(&path, '/');
	buf_put(&path, ref->path.p, ref->path.n);
	root = b->len;
	put_path(b, path.data, path.len, root);
	buf_free(&path);
}

static char *
resolve(const char *base, const char *s, size_t n)
{
	struct parts b, r;
	struct buf out = {0};

	split(base, strlen(base), &b);
	split(s, n, &r);
	if (b.scheme.n == 0)
		return NULL;
	put(&out, &b.scheme);
	buf_putc(&out, ':');
	put(&out, r.authority.p != NULL ? &r.authority : &b.authority);
	if (r.authority.p != NULL) {
		put(&out, &r.path);
		put(&out, &r.query);
	} else if (r.path.n == 0) {
		put(&out, &b.path);
		put(&out, r.query.p != NULL ? &r.query : &b.query);
	} else {
		if (r.path.p[0] == '/')
			put_path(&out, r.path.p, r.path.n, out.len);
		else
			merge(&out, &b, &r);
		put(&out, &r.query);
	}
	put(&out, &r.fragment);
	return buf_take(&out);
}

/* How many bytes from s on are no control characters. */
static size_t
no_controls(const char *s, size_t n)
{
	size_t i = 0;

	while (n - i >= LANES && lanes_first((lanes)(lanes_at(s + i) < ' ')) == LANES)
		i += LANES;
	while (i < n && (uint8_t)s[i] >= ' ')
		i++;
	return i;
}

/* Browsers drop tabs and line breaks inside (WHATWG URL).  How long it is without, at
 * most FEED_URL_MAX + 1. */
static size_t
drop_controls(char *to, const char *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n && len <= FEED_URL_MAX; i++)
		if ((uint8_t)s[i] >= ' ')
			to[len++] = s[i];
	return len;
}

char *
feed_url_join(const char *base, const char *ref, size_t n)
{
	char clean[FEED_URL_MAX + 1];

	while (n > 0 && (uint8_t)ref[n - 1] <= ' ')
		n--;
	for (; n > 0 && (uint8_t)*ref <= ' '; ref++)
		n--;
	if (no_controls(ref, n) < n) {
		n = drop_controls(clean, ref, n);
		ref = clean;
	}
	if (n > FEED_URL_MAX)
		return NULL;
	if (scheme_len(ref, n) > 0)
		return xstrndup(ref, n);
	if (base == NULL || strlen(base) > FEED_URL_MAX)
		return NULL;
	return resolve(base, ref, n);
}

/* Keyed: whoever wrote the links must not choose their places in the table. */
static uint64_t
hash(const char *s)
{
	static uint64_t key[2];
	static bool made;

	if (!made && getrandom(key, sizeof(key), 0) != sizeof(key))
		log_die("feed", "the kernel gives no random bytes");
	made = true;
	return hash_keyed(key, s, strlen(s));
}

/* The same address, if it is there.  Few links need no table. */
static const char *
among_few(const struct feed_links *l, const char *url)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], url) == 0)
			return l->v[i];
	return NULL;
}

/* The slot of url: empty, or its own. */
static uint32_t *
slot_of(struct feed_links *l, const char *url)
{
	size_t i = hash(url) & (l->nslots - 1);

	while (l->slots[i] != 0 && strcmp(l->v[l->slots[i] - 1], url) != 0)
		i = (i + 1) & (l->nslots - 1);
	return &l->slots[i];
}

static void
grow(struct feed_links *l)
{
	l->cap = l->cap > 0 ? l->cap * 2 : FEW;
	l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	if (l->cap == FEW)
		return;
	l->nslots = l->cap * 2;
	free(l->slots);
	l->slots = xcalloc(l->nslots, sizeof(*l->slots));
	for (size_t i = 0; i < l->n; i++)
		*slot_of(l, l->v[i]) = (uint32_t)i + 1;
}

const char *
feed_links_add(struct feed_links *l, const char *base, const char *ref, size_t n)
{
	uint32_t *slot = NULL;
	const char *there;
	char *url;
	size_t len;

	if (l->full || n == 0)
		return NULL;
	url = feed_url_join(base, ref, n);
	if (!feed_url_is_web(url)) {
		free(url);
		return NULL;
	}
	if (l->n == l->cap)
		grow(l);
	if (l->slots != NULL)
		slot = slot_of(l, url);
	if (slot != NULL)
		there = *slot != 0 ? l->v[*slot - 1] : NULL;
	else
		there = among_few(l, url);
	len = strlen(url);
	if (there != NULL || l->n == FEED_LINKS_MAX ||
	    l->bytes + len > FEED_LINKS_BYTES) {
		l->full = there == NULL;
		free(url);
		return there;
	}
	l->bytes += len;
	l->v[l->n++] = url;
	if (slot != NULL)
		*slot = (uint32_t)l->n;
	return url;
}

void
feed_links_free(struct feed_links *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	free(l->slots);
	memset(l, 0, sizeof(*l));
}
