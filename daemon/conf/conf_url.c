/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_url: URLs of the configuration, taken apart by libcurl, so that what is
 * checked here is what the fetch and courier roles will see.  See conf_value.h.
 */
#include "conf/conf_value.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define URL_MAX 2048

/* One part of a URL; xmalloc'd or NULL when it is not there. */
static char *
part(CURLU *u, CURLUPart what)
{
	char *got = NULL, *copy;

	if (curl_url_get(u, what, &got, 0) != CURLUE_OK)
		return NULL;
	copy = xstrdup(got);
	curl_free(got);
	return copy;
}

static bool
has(CURLU *u, CURLUPart what)
{
	char *s = part(u, what);
	bool there = s != NULL;

	free(s);
	return there;
}

/* Bytes that no URL may hold; libcurl lets some of them pass. */
static bool
bytes_ok(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
			return false;
	return strlen(s) <= URL_MAX;
}

/* Common to both kinds.  allowed: NULL-ended list of schemes. */
static const char *
check(CURLU *u, const char *s, const char *const *allowed, const char *wrong_scheme)
{
	char *scheme, *host;
	const char *bad = wrong_scheme;

	if (!bytes_ok(s))
		return "is not a URL: it holds spaces, control characters or a "
		       "backslash, or is longer than 2048 bytes";
	if (strstr(s, "://") == NULL)
		return wrong_scheme;
	if (curl_url_set(u, CURLUPART_URL, s, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return "is not a URL; write it like \"https://HOST/PATH\"";
	scheme = part(u, CURLUPART_SCHEME);
	host = part(u, CURLUPART_HOST);
	for (; scheme != NULL && *allowed != NULL; allowed++)
		if (strcmp(*allowed, scheme) == 0)
			bad = NULL;
	if (bad == NULL && (host == NULL || host[0] == '\0'))
		bad = "names no host";
	if (bad == NULL && (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD)))
		bad = "must not hold a user or password (USER:PASSWORD@); anybody who "
		      "may read the configuration or the log would know it";
	free(scheme);
	free(host);
	return bad;
}

const char *
conf_value_url(const char *s)
{
	static const char *const schemes[] = {"http", "https", NULL};
	CURLU *u = curl_url();
	const char *bad = check(u, s, schemes, "must begin with http:// or https://");

	curl_url_cleanup(u);
	return bad;
}

const char *
conf_value_mail_url(const char *s)
{
	static const char *const schemes[] = {"smtp", "smtps", NULL};
	CURLU *u = curl_url();
	const char *bad = check(u, s, schemes, "must begin with smtp:// or smtps://");
	char *path = bad == NULL ? part(u, CURLUPART_PATH) : NULL;

	if (bad == NULL && ((path != NULL && strcmp(path, "/") != 0) ||
			       has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT)))
		bad = "must end after the host and port: smtp://HOST:PORT";
	free(path);
	curl_url_cleanup(u);
	return bad;
}

bool
conf_value_url_local(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL;
	bool local = false;
	uint8_t v4[4];

	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		host = part(u, CURLUPART_HOST);
	if (host != NULL)
		local = strcasecmp(host, "localhost") == 0 ||
			strcmp(host, "[::1]") == 0 ||
			(inet_pton(AF_INET, host, v4) == 1 && v4[0] == 127);
	free(host);
	curl_url_cleanup(u);
	return local;
}

char *
conf_value_url_norm(const char *url)
{
	CURLU *u = curl_url();
	char *got = NULL, *out, *host;

	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		goto as_it_is;
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	host = part(u, CURLUPART_HOST);
	for (char *p = host; p != NULL && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	if (host != NULL)
		curl_url_set(u, CURLUPART_HOST, host, 0);
	free(host);
	if (curl_url_get(u, CURLUPART_URL, &got, CURLU_NO_DEFAULT_PORT) != CURLUE_OK)
		goto as_it_is;
	out = xstrdup(got);
	curl_free(got);
	curl_url_cleanup(u);
	return out;
as_it_is:
	curl_url_cleanup(u);
	return xstrdup(url);
}
