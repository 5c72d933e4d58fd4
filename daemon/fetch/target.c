/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: what a host may look like; see target.h.
 *
 * libcurl brings addresses in decimal, octal, hex and with parts left out into the one
 * usual form.  What still ends in a number after that, would be taken for an address by
 * others and for a name by libcurl; nothing good comes of it (URL standard, "ends in a
 * number").
 */
#include "fetch/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fetch/guard.h"

#define URL_MAX_BYTES 8192
#define HOST_MAX_BYTES 255

static bool
refuse(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return false;
}

/* A part of u, NULL if it has none.  The caller frees it with curl_free(). */
static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *s = NULL;

	return curl_url_get(u, what, &s, flags) == CURLUE_OK ? s : NULL;
}

static bool
is_ascii(const char *s)
{
	while (*s != '\0')
		if ((unsigned char)*s++ >= 0x80)
			return false;
	return true;
}

/* The host as it is asked for: an international name as xn--..., in lower case, without
 * the dot of an absolute name, of which *dot tells.  NULL: that cannot be.  To be
 * freed.
 */
static char *
host_of(CURLU *u, bool *dot)
{
	char *s = part(u, CURLUPART_HOST, 0), *host;
	size_t n;

	if (s != NULL && !is_ascii(s)) {
		curl_free(s);
		s = part(u, CURLUPART_HOST, CURLU_PUNYCODE);
	}
	host = s != NULL && is_ascii(s) ? xstrdup(s) : NULL;
	curl_free(s);
	if (host == NULL)
		return NULL;
	for (char *p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	n = strlen(host);
	*dot = n > 0 && host[n - 1] == '.';
	if (*dot)
		host[n - 1] = '\0';
	return host;
}

static bool
ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.'), *last = dot != NULL ? dot + 1 : host;

	if (*last != '\0' && last[strspn(last, "0123456789")] == '\0')
		return true;
	return last[0] == '0' && last[1] == 'x' &&
	       last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
}

/* Names as in the wild: underscores are no rarity. */
static bool
name_ok(const char *host)
{
	size_t n = strlen(host), label = 0;

	if (n == 0 || n > HOST_MAX_BYTES ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") != n)
		return false;
	for (; *host != '\0'; host++) {
		label = *host == '.' ? 0 : label + 1;
		if (label > 63 || (*host == '.' && (host[1] == '.' || host[1] == 0)))
			return false;
	}
	return true;
}

static bool
host_ok(struct target *t, const char **why)
{
	bool dot = false;

	t->host = host_of(t->url, &dot);
	if (t->host == NULL)
		return refuse(why, "the host is no valid name");
	t->literal = resolve_literal(t->host, &t->addr);
	if (t->literal ? dot : ends_in_number(t->host))
		return refuse(why, "the host looks like an address, but is none");
	if (!t->literal && (!name_ok(t->host) || t->host[0] == '.'))
		return refuse(why, "the host is no valid name");
	return true;
}

static bool
parts_ok(struct target *t, const char **why)
{
	char *scheme = part(t->url, CURLUPART_SCHEME, 0);
	char *port = part(t->url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	unsigned n = port != NULL ? (unsigned)strtoul(port, NULL, 10) : 0;
	bool ok = true;

	if (scheme == NULL ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		ok = refuse(why, "scheme is neither http nor https");
	else
		ok = host_ok(t, why) && guard_port(n, why);
	t->port = (uint16_t)n;
	curl_free(scheme);
	curl_free(port);
	return ok;
}

/* What stands between // and the path, before any parser has made the best of it. */
static bool
authority_ok(const char *url, const char **why)
{
	const char *p = strstr(url, "//");
	size_t n = p != NULL ? strcspn(p + 2, "/?#") : 0;

	for (size_t i = 0; i < n; i++) {
		if (p[2 + i] == '@')
			return refuse(why, "user name in the address");
		if (p[2 + i] == '%' || p[2 + i] == '\\') /* zones of addresses, too */
			return refuse(why, "the host is no valid name");
	}
	return true;
}

static bool
url_ok(const char *url, struct target *t, const char **why)
{
	CURLUcode rc;

	if (strlen(url) > URL_MAX_BYTES)
		return refuse(why, "address is too long");
	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return refuse(why, "blank or control byte in the address");
	t->url = curl_url();
	if (t->url == NULL)
		abort();
	rc = curl_url_set(
	    t->url, CURLUPART_URL, url, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_USER_NOT_ALLOWED)
		return refuse(why, "user name in the address");
	if (rc != CURLUE_OK)
		return refuse(why, "not a valid address");
	return authority_ok(url, why) && parts_ok(t, why);
}

bool
target_of(const char *url, struct target *out, const char **why)
{
	struct target t = {0};
	bool ok = url_ok(url, &t, why);

	if (!ok || out == NULL)
		target_clear(&t);
	if (out != NULL)
		*out = t;
	return ok;
}

void
target_clear(struct target *t)
{
	curl_url_cleanup(t->url);
	free(t->host);
	memset(t, 0, sizeof(*t));
}
