/* SPDX-License-Identifier: Apache-2.0 */
/* canon: addresses in one form; see canon.h. */
#include "canon.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "kit/mem.h"

#define SCHEME_MAX 20

/* What does not fit is counted, not kept: n may be beyond max.  Segments of a path that
 * begin there are numbered, so that going up leads to the right place again. */
struct out {
	char *p;
	size_t n, max;
	size_t beyond; /* segments that begin there */
	size_t first;  /* where the first of them does */
};

static void
put(struct out *o, char c)
{
	if (o->n < o->max)
		o->p[o->n] = c;
	o->n++;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

int
canon_escaped(const char *s, size_t n)
{
	if (n < 3 || s[0] != '%' || hex(s[1]) < 0 || hex(s[2]) < 0)
		return -1;
	return hex(s[1]) << 4 | hex(s[2]);
}

/* Means itself in a path and in a query, so that no escape is needed (RFC 3986, 2.3).
 */
static bool
unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c > 0 && strchr("-._~", c) != NULL);
}

static bool
must_escape(int c, bool query)
{
	return c <= 0x20 || c >= 0x7f || strchr("\"<>", c) != NULL ||
	       (query ? c == '\'' : strchr("`{}", c) != NULL);
}

static void
put_escape(struct out *o, int c)
{
	static const char digits[] = "0123456789ABCDEF";

	put(o, '%');
	put(o, digits[c >> 4]);
	put(o, digits[c & 15]);
}

static void
put_part(struct out *o, const char *s, size_t n, bool query)
{
	for (size_t i = 0; i < n; i++) {
		int c = canon_escaped(s + i, n - i);

		if (c >= 0) {
			i += 2;
			if (unreserved(c))
				put(o, (char)c);
			else
				put_escape(o, c);
		} else {
			c = (uint8_t)s[i];
			/* A percent sign that escapes nothing must not begin to do so.
			 */
			if (c == '%' || must_escape(c, query))
				put_escape(o, c);
			else
				put(o, (char)c);
		}
	}
}

/* How many dots a segment stands for: 1 stays, 2 goes up; 0: it is a name. */
static int
dots(const char *s, size_t n)
{
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		int c = canon_escaped(s + i, n - i);

		if (c == '.')
			i += 2;
		else if (s[i] != '.')
			return 0;
		if (++count > 2)
			return 0;
	}
	return count;
}

/* Takes the last segment away, but never the host. */
static void
go_up(struct out *o, size_t base)
{
	if (o->beyond > 0) {
		if (--o->beyond == 0)
			o->n = o->first;
		return;
	}
	if (o->n > o->max)
		o->n = o->max;
	while (o->n > base && o->p[o->n - 1] != '/')
		o->n--;
	if (o->n > base)
		o->n--;
}

static void
begin_segment(struct out *o)
{
	if (o->n >= o->max && o->beyond++ == 0)
		o->first = o->n;
	put(o, '/');
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

static void
put_path(struct out *o, const char *s, size_t n)
{
	size_t base = o->n, i = 0;

	if (n > 0 && is_slash(s[0]))
		i = 1;
	for (;;) {
		size_t from = i;
		bool last;
		int d;

		while (i < n && !is_slash(s[i]))
			i++;
		last = i >= n;
		d = dots(s + from, i - from);
		if (d == 2)
			go_up(o, base);
		if (d == 0 || last)
			begin_segment(o);
		if (d == 0)
			put_part(o, s + from, i - from, false);
		if (last)
			return;
		i++;
	}
}

static bool
is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Whether it begins with a scheme that leads to a host; *n: bytes to skip.  http://,
 * which browsers take with one slash or with many, or any other with two: ftp://. */
static bool
take_scheme(const char *s, size_t len, size_t *n)
{
	static const char *const web[] = {"http", "https", "hxxp", "hxxps"};
	size_t colon = 0;

	*n = 0;
	while (colon < len && colon < SCHEME_MAX &&
	       (is_letter(s[colon]) ||
		   (colon > 0 && ((s[colon] >= '0' && s[colon] <= '9') ||
				     s[colon] == '+' || s[colon] == '-'))))
		colon++;
	if (colon == 0 || colon + 1 >= len || s[colon] != ':' ||
	    !is_slash(s[colon + 1]))
		return false;
	for (size_t k = 0; k < sizeof(web) / sizeof(web[0]); k++) {
		size_t i = 0;

		while (i < colon && (s[i] | 0x20) == web[k][i])
			i++;
		if (i < colon || web[k][i] != '\0')
			continue;
		*n = colon + 1;
		while (*n < len && is_slash(s[*n]))
			++*n;
		return true;
	}
	if (colon + 2 >= len || s[colon + 1] != '/' || s[colon + 2] != '/')
		return false;
	*n = colon + 3;
	return true;
}

/* The digits of a port; -1: they are none. */
static int
take_port(const char *s, size_t n)
{
	int port = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || port > 65535)
			return -1;
		port = port * 10 + (s[i] - '0');
	}
	return n == 0 ? 0 : port > 65535 || port == 0 ? -1 : port;
}

static void
put_port(struct out *o, int port)
{
	char digits[6];
	int n = 0;

	for (; port > 0; port /= 10)
		digits[n++] = (char)('0' + port % 10);
	put(o, ':');
	while (n > 0)
		put(o, digits[--n]);
}

/* The authority at s: user names go, the host and a port that means something stay. */
static bool
put_authority(struct out *o, struct canon *c, const char *s, size_t n)
{
	char host[CANON_HOST];
	size_t len, port_at = n;
	int port;

	for (size_t i = n; i > 0; i--)
		if (s[i - 1] == '@') {
			s += i;
			n -= i;
			break;
		}
	for (port_at = n;
	     port_at > 0 && s[port_at - 1] >= '0' && s[port_at - 1] <= '9';)
		port_at--;
	if (port_at > 0 && s[port_at - 1] == ':') {
		port = take_port(s + port_at, n - port_at);
		n = port_at - 1;
	} else {
		port = 0;
	}
	if (port < 0 || (len = canon_host(s, n, host, &c->numeric)) == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		put(o, host[i]);
	c->host = len;
	if (port != 0 && port != 80 && port != 443)
		put_port(o, port);
	return true;
}

static bool
plain_url(const char *s, size_t n, struct canon *c)
{
	struct out o = {c->key, 0, sizeof(c->key), 0, 0};
	size_t skip, end, query;
	bool web;

	while (n > 0 && (uint8_t)s[0] <= 0x20) {
		s++;
		n--;
	}
	while (n > 0 && (uint8_t)s[n - 1] <= 0x20)
		n--;
	web = take_scheme(s, n, &skip);
	s += skip;
	n -= skip;
	for (end = 0; end < n && s[end] != '#';)
		end++;
	n = end;
	for (end = 0; end < n && !is_slash(s[end]) && s[end] != '?';)
		end++;
	if (!web && end > 0 && s[end - 1] == ':')
		return false; /* another scheme */
	if (!put_authority(&o, c, s, end))
		return false;
	for (query = end; query < n && s[query] != '?';)
		query++;
	c->path = o.n;
	put_path(&o, s + end, query - end);
	if (query + 1 < n) {
		put(&o, '?');
		put_part(&o, s + query + 1, n - query - 1, true);
	}
	c->whole = o.n <= o.max;
	c->len = c->whole ? o.n : o.max;
	return true;
}

static bool
ignored(char c)
{
	return c == '\t' || c == '\n' || c == '\r';
}

/* Tabs and line breaks count for nothing, wherever they stand: in a scheme, before a
 * port, within an escape. */
bool
canon_url(const char *s, size_t n, struct canon *c)
{
	size_t len = 0;
	char *plain;
	bool is;

	while (len < n && !ignored(s[len]))
		len++;
	if (len == n)
		return plain_url(s, n, c);
	plain = mem_dup(s, n);
	for (size_t i = len; i < n; i++)
		if (!ignored(s[i]))
			plain[len++] = s[i];
	is = plain_url(plain, len, c);
	free(plain);
	return is;
}
