/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier_smtp: one mail over SMTP with libcurl's easy interface, blocking; called in
 * the courier's thread only.  libcurl doubles leading dots and ends the data; the
 * bytes in between are exactly those of the job.
 *
 * What became of the mail follows from how far it got: until the last byte was given
 * away, a broken connection means that the server cannot have taken it; after that,
 * only the server's answer says, and without one nobody knows.
 */
#include "notice/courier.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct smtp {
	const struct buf *bytes;
	size_t given;	/* to libcurl */
	char line[512]; /* the server's last line, but for its goodbye */
	size_t nline;
};

static size_t
on_read(char *to, size_t size, size_t n, void *ctx)
{
	struct smtp *t = ctx;
	size_t left = t->bytes->len - t->given;

	n *= size;
	if (n > left)
		n = left;
	memcpy(to, t->bytes->data + t->given, n);
	t->given += n;
	return n;
}

/* Replies come here line by line. */
static size_t
on_line(char *s, size_t size, size_t n, void *ctx)
{
	struct smtp *t = ctx;

	n *= size;
	/* The goodbye (221) is no answer to the mail. */
	if (n >= 3 && memcmp(s, "221", 3) != 0) {
		t->nline = n < sizeof(t->line) ? n : sizeof(t->line);
		memcpy(t->line, s, t->nline);
	}
	return n;
}

static size_t
on_write(char *s, size_t size, size_t n, void *ctx)
{
	(void)s;
	(void)ctx;
	return size * n;
}

/* "smtp://host:25" and what we call ourselves, which libcurl takes from the path. */
static char *
make_url(const struct courier_settings *s)
{
	const char *host = strstr(s->url, "://");
	const char *slash = host == NULL ? NULL : strchr(host + 3, '/');

	if (s->helo == NULL || (slash != NULL && slash[1] != '\0'))
		return xstrdup(s->url);
	return xasprintf("%s%s%s", s->url, slash == NULL ? "/" : "", s->helo);
}

static long
whole_seconds(int64_t ms)
{
	return (long)((ms + 999) / 1000);
}

static void
set_options(CURL *h, const struct courier_settings *s, struct smtp *t, char *error)
{
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(h, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->bytes->len);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(h, CURLOPT_READDATA, t);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(h, CURLOPT_CRLF, 0L);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)s->timeout);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(s->timeout < 30 * CLOCK_SEC ? s->timeout : 30 * CLOCK_SEC));
	curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, whole_seconds(s->timeout));
	curl_easy_setopt(h, CURLOPT_USE_SSL,
	    s->starttls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	if (s->ca_file != NULL)
		curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
	if (s->username != NULL) {
		curl_easy_setopt(h, CURLOPT_USERNAME, s->username);
		curl_easy_setopt(
		    h, CURLOPT_PASSWORD, s->password == NULL ? "" : s->password);
	}
}

/* Replies that speak of our own login or of TLS, not of this mail: fixing the
 * configuration helps, so a later try is right. */
static bool
about_us(CURLcode rc, long code)
{
	return rc == CURLE_LOGIN_DENIED || rc == CURLE_USE_SSL_FAILED || code == 530 ||
	       code == 534 || code == 535 || code == 538;
}

static enum sent_outcome
classify(CURLcode rc, long code, bool all_given)
{
	if (rc == CURLE_OK)
		return SENT_OK;
	if (code >= 500 && code <= 599 && !about_us(rc, code))
		return SENT_HARD;
	if (code >= 400 && code <= 599)
		return SENT_SOFT;
	return all_given ? SENT_UNKNOWN : SENT_SOFT;
}

static void
say(struct courier_result *r, CURLcode rc, long code, const struct smtp *t,
    const char *error)
{
	enum sent_outcome o = classify(rc, code, t->given == t->bytes->len);
	struct buf words = {0};

	/* The server's own words where it said yes or no, else what went wrong here. */
	if ((rc == CURLE_OK || code >= 400) && t->nline > 0)
		buf_put(&words, t->line, t->nline);
	else
		buf_printf(&words, "%s%s",
		    error[0] != '\0' ? error : curl_easy_strerror(rc),
		    o == SENT_UNKNOWN ? "; no answer after the data" : "");
	courier_result_set(r, o, (int)code, words.data, words.len);
	buf_free(&words);
}

void
courier_smtp(const struct courier_settings *s, const struct courier_job *j,
    struct courier_result *r)
{
	struct smtp t = {.bytes = &j->bytes};
	struct curl_slist *to = curl_slist_append(NULL, j->recipient);
	char error[CURL_ERROR_SIZE] = "", *url = make_url(s);
	CURL *h = curl_easy_init();
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	long code = 0;

	if (h != NULL && to != NULL) {
		set_options(h, s, &t, error);
		curl_easy_setopt(h, CURLOPT_URL, url);
		curl_easy_setopt(h, CURLOPT_MAIL_FROM, j->sender);
		curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
		rc = curl_easy_perform(h);
		curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &code);
	}
	say(r, rc, code, &t, error);
	curl_easy_cleanup(h);
	curl_slist_free_all(to);
	free(url);
}
