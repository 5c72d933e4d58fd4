/* SPDX-License-Identifier: Apache-2.0 */
/* answer: reading of HTTP heads (RFC 9110, 9111); see answer.h.  Keeps nothing. */
#include "fetch/answer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "ipc/msg.h"

#define SECONDS_MAX ((int64_t)1 << 40) /* larger figures mean the same: for ever */

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char *
answer_header(const struct buf *head, const char *name)
{
	const char *p = head->data, *end = p + head->len, *eol, *v;
	size_t n = strlen(name);

	for (; p != NULL && p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			break; /* cut off: who knows what it would have said */
		if ((size_t)(eol - p) <= n || p[n] != ':' ||
		    strncasecmp(p, name, n) != 0)
			continue;
		v = p + n + 1;
		p = eol + 1;
		while (v < p && blank(*v))
			v++;
		while (p > v && blank(p[-1]))
			p--;
		return xstrndup(v, (size_t)(p - v));
	}
	return NULL;
}

int
answer_status(const char *line, size_t n)
{
	const char *p = memchr(line, ' ', n);
	int status = 0;

	if (n < 5 || memcmp(line, "HTTP/", 5) != 0 || p == NULL)
		return 0;
	for (int i = 1; i <= 3; i++) {
		if (p + i >= line + n || p[i] < '0' || p[i] > '9')
			return 0;
		status = status * 10 + (p[i] - '0');
	}
	return status;
}

uint8_t
answer_outcome(int status, bool conditional, const char **why)
{
	static const struct {
		int status;
		uint8_t outcome;
		const char *why;
	} rows[] = {
	    {200, POLLED_OK, NULL},
	    {203, POLLED_OK, NULL},
	    {401, POLLED_FORBIDDEN, "the server wants a password"},
	    {403, POLLED_FORBIDDEN, "the server refuses access"},
	    {404, POLLED_NOT_FOUND, "not found"},
	    {410, POLLED_GONE, "gone for good"},
	    {429, POLLED_RATE_LIMIT, "the server limits our requests"},
	    {451, POLLED_LEGAL, "withheld for legal reasons"},
	    {503, POLLED_RATE_LIMIT, "the service is not available for now"},
	};

	*why = NULL;
	if (status == 304 && conditional)
		return POLLED_UNCHANGED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status) {
			*why = rows[i].why;
			return rows[i].outcome;
		}
	*why = status == 304 ? "304, though nothing was known to compare with"
	       : answer_redirects(status) ? "redirect without a usable target"
	       : status / 100 == 5	  ? "the server failed"
					  : "HTTP status that is no answer";
	return POLLED_HTTP_ERROR;
}

uint8_t
answer_failure(int curl_code)
{
	static const struct {
		CURLcode code;
		uint8_t outcome;
	} rows[] = {
	    {CURLE_OK, POLLED_HTTP_ERROR},		     /* but no whole head */
	    {CURLE_UNSUPPORTED_PROTOCOL, POLLED_HTTP_ERROR}, /* not HTTP at all */
	    {CURLE_FAILED_INIT, POLLED_OWN_FAULT},
	    {CURLE_URL_MALFORMAT, POLLED_REFUSED},
	    {CURLE_COULDNT_RESOLVE_HOST, POLLED_DNS},
	    {CURLE_COULDNT_CONNECT, POLLED_CONNECT},
	    {CURLE_WEIRD_SERVER_REPLY, POLLED_HTTP_ERROR},
	    {CURLE_HTTP2, POLLED_HTTP_ERROR},
	    {CURLE_PARTIAL_FILE, POLLED_CONNECT},
	    /* Our own memory cannot run out (the process would have ended): libcurl
	     * says this of a header line beyond its limit. */
	    {CURLE_OUT_OF_MEMORY, POLLED_HTTP_ERROR},
	    {CURLE_OPERATION_TIMEDOUT, POLLED_TIMEOUT},
	    {CURLE_SSL_CONNECT_ERROR, POLLED_TLS},
	    {CURLE_ABORTED_BY_CALLBACK, POLLED_REFUSED},
	    {CURLE_BAD_FUNCTION_ARGUMENT, POLLED_OWN_FAULT},
	    {CURLE_GOT_NOTHING, POLLED_CONNECT},
	    {CURLE_INTERFACE_FAILED, POLLED_OWN_FAULT}, /* second_interface */
	    {CURLE_SSL_ENGINE_NOTFOUND, POLLED_OWN_FAULT},
	    {CURLE_SSL_ENGINE_SETFAILED, POLLED_OWN_FAULT},
	    {CURLE_SEND_ERROR, POLLED_CONNECT},
	    {CURLE_RECV_ERROR, POLLED_CONNECT},
	    {CURLE_SSL_CERTPROBLEM, POLLED_OWN_FAULT},
	    {CURLE_SSL_CIPHER, POLLED_TLS},
	    {CURLE_PEER_FAILED_VERIFICATION, POLLED_TLS},
	    {CURLE_BAD_CONTENT_ENCODING, POLLED_HTTP_ERROR},
	    {CURLE_SSL_CACERT_BADFILE, POLLED_OWN_FAULT},
	    {CURLE_SSL_SHUTDOWN_FAILED, POLLED_TLS},
	    {CURLE_SSL_ISSUER_ERROR, POLLED_TLS},
	    {CURLE_SSL_INVALIDCERTSTATUS, POLLED_TLS},
	    {CURLE_HTTP2_STREAM, POLLED_HTTP_ERROR},
	    {CURLE_SSL_CLIENTCERT, POLLED_TLS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == (CURLcode)curl_code)
			return rows[i].outcome;
	return POLLED_CONNECT;
}

bool
answer_permanent(int status)
{
	return status == 301 || status == 308;
}

bool
answer_redirects(int status)
{
	return answer_permanent(status) || status == 302 || status == 303 ||
	       status == 307;
}

/* Digits at s as seconds, at most SECONDS_MAX; -1: none. */
static int64_t
seconds(const char *s)
{
	int64_t v = 0;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++)
		if (v < SECONDS_MAX)
			v = v * 10 + (*s - '0');
	return v < SECONDS_MAX ? v : SECONDS_MAX;
}

/* The seconds in a header line, 0 if it is missing or something else. */
static int64_t
seconds_header(const struct buf *head, const char *name)
{
	char *v = answer_header(head, name);
	int64_t n = v != NULL ? seconds(v) : -1;

	free(v);
	return n > 0 ? n : 0;
}

/* An HTTP date in ms, CLOCK_NONE if it is missing or none. */
static int64_t
date_header(const struct buf *head, const char *name)
{
	char *v = answer_header(head, name);
	time_t t = v != NULL ? curl_getdate(v, NULL) : -1;

	free(v);
	return t == -1 ? CLOCK_NONE : (int64_t)t * CLOCK_SEC;
}

/* The argument of a Cache-Control directive; NULL: it is not there. */
static const char *
directive(const char *v, const char *name)
{
	size_t n = strlen(name);

	while (*v != '\0') {
		v += strspn(v, " \t,");
		if (strncasecmp(v, name, n) == 0 && strchr("= \t,", v[n]) != NULL)
			return v + n + (v[n] == '=') + (v[n] == '=' && v[n + 1] == '"');
		v += strcspn(v, ",");
	}
	return NULL;
}

int64_t
answer_fresh(const struct buf *head, int64_t now)
{
	char *cc = answer_header(head, "Cache-Control");
	int64_t fresh = 0, expires, date;
	const char *age = cc != NULL ? directive(cc, "max-age") : NULL;

	if (cc != NULL &&
	    (directive(cc, "no-store") != NULL || directive(cc, "no-cache") != NULL)) {
		fresh = 0;
	} else if (age != NULL) {
		fresh = (seconds(age) - seconds_header(head, "Age")) * CLOCK_SEC;
	} else if ((expires = date_header(head, "Expires")) != CLOCK_NONE) {
		date = date_header(head, "Date");
		fresh = expires - (date != CLOCK_NONE ? date : now);
	}
	free(cc);
	return fresh > 0 ? fresh : 0;
}

int64_t
answer_retry_after(const struct buf *head, int64_t now)
{
	int64_t wait = seconds_header(head, "Retry-After") * CLOCK_SEC, at, date;

	if (wait == 0 && (at = date_header(head, "Retry-After")) != CLOCK_NONE) {
		date = date_header(head, "Date");
		wait = at - (date != CLOCK_NONE ? date : now);
	}
	return wait > 0 ? wait : 0;
}

bool
answer_young(const struct buf *head)
{
	int64_t modified = date_header(head, "Last-Modified");
	int64_t date = date_header(head, "Date");

	return modified != CLOCK_NONE && date != CLOCK_NONE &&
	       date - modified < 2 * CLOCK_SEC;
}
