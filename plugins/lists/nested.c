/* SPDX-License-Identifier: Apache-2.0 */
/* nested: see nested.h. */
#include "nested.h"

#include <string.h>
#include <strings.h>

#include "canon.h"
#include "kit/mem.h"

#define SCHEME_MAX 20

struct search {
	bool (*fn)(void *ctx, const char *address, size_t n);
	void *ctx;
	size_t left; /* that may be told */
	bool cut;    /* something was not */
	bool row;    /* an address that stands as it is was told up to the end */
};

static void look_within(struct search *l, const char *s, size_t n, int deep);
static void look_value(struct search *l, const char *s, size_t n, bool bare, int deep);

static size_t
find(const char *s, size_t n, const char *any)
{
	size_t i = 0;

	while (i < n && (s[i] == '\0' || strchr(any, s[i]) == NULL))
		i++;
	return i;
}

static void
tell(struct search *l, const char *s, size_t n)
{
	if (l->cut)
		return;
	l->cut = l->left == 0 || !l->fn(l->ctx, s, n);
	l->left -= !l->cut;
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

static bool
is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Whether the n bytes before s are the end of a scheme of the web, which may have but
 * one slash behind it. */
static bool
is_web(const char *s, size_t n)
{
	return (n >= 4 && strncasecmp(s - 4, "http", 4) == 0) ||
	       (n >= 5 && strncasecmp(s - 5, "https", 5) == 0);
}

/* Where the first scheme in s begins that leads to a host; n: there is none. */
static size_t
find_scheme(const char *s, size_t n)
{
	const char *colon = s;

	while ((colon = memchr(colon, ':', n - (size_t)(colon - s))) != NULL) {
		size_t i = (size_t)(colon++ - s), from = i;

		if (i + 3 >= n || !is_slash(s[i + 1]) ||
		    (!is_slash(s[i + 2]) && !is_web(s + i, i)))
			continue;
		while (from > 0 && i - from < SCHEME_MAX && is_letter(s[from - 1]))
			from--;
		if (from < i)
			return from;
	}
	return n;
}

/* Whether there was an escape to undo. */
static bool
undo_escapes(const char *s, size_t n, struct sb *out)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		int escaped = canon_escaped(s + i, n - i);
		char c = escaped < 0 ? s[i] : (char)escaped;

		if (escaped >= 0) {
			i += 2;
			any = true;
		}
		sb_put(out, &c, 1);
	}
	return any;
}

static int
sixth(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+' || c == '-' ? 62
	       : c == '/' || c == '_' ? 63
				      : -1;
}

/* Whether it is the base64 of something that begins with "http". */
static bool
undo_base64(const char *s, size_t n, struct sb *out)
{
	uint32_t bits = 0;

	if (n < 12 || memcmp(s, "aHR0c", 5) != 0)
		return false;
	for (size_t i = 0; i < n && sixth(s[i]) >= 0; i++) {
		char c[3];

		bits = bits << 6 | (uint32_t)sixth(s[i]);
		c[0] = (char)(bits >> (i % 4 == 1 ? 4 : i % 4 == 2 ? 2 : 0));
		if (i % 4 > 0)
			sb_put(out, c, 1);
	}
	return true;
}

/* A name with a dot in it that does not end in a number, perhaps with a path. */
static bool
is_bare(const char *s, size_t n)
{
	size_t end = 0;
	bool dot = false;

	for (; end < n && !is_slash(s[end]) && strchr("?#:", s[end]) == NULL; end++) {
		if ((uint8_t)s[end] <= ' ' || strchr("%=,()\"", s[end]) != NULL)
			return false;
		dot = dot || (s[end] == '.' && end > 0);
	}
	return dot && (is_letter(s[end - 1]) || (uint8_t)s[end - 1] >= 0x80);
}

/* What is hidden by escapes or base64. */
static void
look_undone(struct search *l, const char *s, size_t n, bool bare, int deep)
{
	struct sb to = {0};
	bool undone = memchr(s, '%', n) != NULL && undo_escapes(s, n, &to);

	if (!undone) {
		to.len = 0;
		undone = undo_base64(s, n, &to);
	}
	if (undone && deep == NESTED_DEEP)
		l->cut = true;
	else if (undone && !l->cut)
		look_value(l, to.data, to.len, bare, deep + 1);
	sb_free(&to);
}

/* s begins with a scheme, and there may be more in it: each up to the end, since nobody
 * knows where it ends, and what lies hidden in it. */
static void
look_row(struct search *l, const char *s, size_t n, int deep)
{
	while (n > 0 && !l->cut) {
		size_t own = find(s, n, ":") + 1;
		size_t next = own + find_scheme(s + own, n - own);

		tell(l, s, n);
		look_within(l, s, next, deep);
		s += next;
		n -= next;
	}
}

/* A value of a query (bare: an address may stand there without a scheme), or a path. */
static void
look_value(struct search *l, const char *s, size_t n, bool bare, int deep)
{
	size_t at = find_scheme(s, n), slashes;

	if (at < n) {
		look_value(l, s, at, bare, deep);
		look_row(l, s + at, n - at, deep);
		return;
	}
	slashes = n > 2 && is_slash(s[0]) && is_slash(s[1]) ? 2 : 0;
	if (bare && is_bare(s + slashes, n - slashes)) {
		tell(l, s + slashes, n - slashes);
		look_within(l, s + slashes, n - slashes, deep);
		return;
	}
	look_undone(l, s, n, bare, deep);
}

/* A part of an address: look at what it says, and, where the first address stands in it
 * as it is, at all that is behind: nobody can tell whose the next & is.  rest: up to
 * the end. */
static void
look_part(struct search *l, const char *s, size_t n, size_t rest, bool query, int deep)
{
	size_t name = query ? find(s, n, "=") + 1 : 0, at = find_scheme(s, n);

	if (name >= n)
		name = 0;
	if (at < name) /* "?https://..?x=y" */
		name = 0;
	look_value(l, s + name, n - name, query, deep);
	if (at < n && rest > n && !l->row) {
		l->row = true;
		tell(l, s + at, rest - at);
	}
}

/* s: what stands behind the ? or # of an address, up to the next #. */
static void
look_query(struct search *l, const char *s, size_t n, int deep)
{
	for (size_t at = 0, len; at < n && !l->cut; at += len + 1) {
		len = find(s + at, n - at, "&");
		look_part(l, s + at, len, n - at, true, deep);
	}
}

/* s is an address: its path, each part of its query, and what is behind a #. */
static void
look_within(struct search *l, const char *s, size_t n, int deep)
{
	size_t at = find_scheme(s, n), len;

	if (n == 0)
		return;
	at = at == 0 ? find(s, n, ":") + 1 : 0;
	while (at < n && is_slash(s[at]))
		at++;
	at += find(s + at, n - at, "/\\?#");
	if (at == n || find(s + at, n - at, "?#%:") == n - at)
		return;
	len = find(s + at, n - at, "?#");
	look_part(l, s + at, len, n - at, false, deep);
	for (at += len; at < n && !l->cut; at += len) {
		at++;
		len = find(s + at, n - at, "#");
		look_query(l, s + at, len, deep);
	}
}

bool
nested_each(const char *s, size_t n,
    bool (*fn)(void *ctx, const char *address, size_t n), void *ctx)
{
	struct search l = {fn, ctx, NESTED_MAX, false, false};

	look_within(&l, s, n, 0);
	return !l.cut;
}
