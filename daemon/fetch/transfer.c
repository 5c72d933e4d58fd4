/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: options and callbacks of an easy handle; see transfer.h.
 *
 * The guard is asked twice: for every socket that is opened, after the name was
 * resolved, and again before a request goes out, because a kept connection may have
 * been opened for a tenant who is allowed more.
 */
#include "fetch/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fetch/answer.h"
#include "fetch/client.h"
#include "fetch/guard.h"

#define ERROR_BODY (64u << 10) /* kept of an answer that is not the wanted one */
#define RATIO 100	       /* unpacked to packed, above RATIO_FROM */
#define RATIO_FROM (1u << 20)
#define LOW_SPEED 32L /* bytes a second; less, for a while, is a hang */
#define ACCEPT_MAX 512
#define VALIDATOR_MAX 4096

/* An option that libcurl does not take is a fault of the build. */
#define SET(t, opt, value)                                                  \
	do {                                                                \
		CURLcode rc_ = curl_easy_setopt((t)->easy, (opt), (value)); \
		if (rc_ != CURLE_OK)                                        \
			log_die("fetch", "libcurl refuses %s: %s", #opt,    \
			    curl_easy_strerror(rc_));                       \
	} while (0)

static bool
guard(struct transfer *t, const struct sockaddr *sa, unsigned port)
{
	const char *why = "";
	char name[GUARD_TEXT];

	if (guard_allows(sa, t->ask.allow, t->ask.nallow, &why) &&
	    guard_port(port, &why))
		return true;
	snprintf(t->refused, sizeof(t->refused), "%s: %s", guard_name(sa, name), why);
	return false;
}

static unsigned
port_of(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
}

static curl_socket_t
on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = ctx;

	if (purpose != CURLSOCKTYPE_IPCXN || !guard(t, &a->addr, port_of(&a->addr)))
		return CURL_SOCKET_BAD;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int
on_request(void *ctx, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	const struct sockaddr *sa = NULL;

	(void)own_ip;
	(void)own_port;
	in4.sin_port = in6.sin6_port = htons((uint16_t)peer_port);
	if (inet_pton(AF_INET, peer_ip, &in4.sin_addr) == 1)
		sa = (const struct sockaddr *)&in4;
	else if (inet_pton(AF_INET6, peer_ip, &in6.sin6_addr) == 1)
		sa = (const struct sockaddr *)&in6;
	if (sa == NULL || !guard(ctx, sa, (unsigned)peer_port))
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}

/* Does the body go to a sink? */
static bool
streams(const struct transfer *t)
{
	return t->ask.sink != NULL && t->status == 200;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	t->head_bytes += n;
	if (t->head_bytes > t->conf->max_header) {
		t->stop = TRANSFER_HEADER;
		return 0;
	}
	if (t->head_done)
		return n; /* a trailer: counted, not part of the head */
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_reset(&t->head); /* what came before was an interim answer */
		t->status = answer_status(line, n);
	}
	buf_put(&t->head, line, n);
	if (line[0] == '\r' || line[0] == '\n')
		t->head_done = t->status >= 200;
	if (t->head_done && streams(t) && t->ask.sink(t, NULL, 0) == FETCH_END) {
		t->stop = TRANSFER_ENOUGH;
		return 0;
	}
	return n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t max = t->conf->max_body, room;

	n *= size;
	if (streams(t)) {
		int flow = n > 0 ? t->ask.sink(t, data, n) : FETCH_GO;

		if (flow == FETCH_END)
			t->stop = TRANSFER_ENOUGH;
		return flow == FETCH_WAIT ? CURL_WRITEFUNC_PAUSE
		       : flow == FETCH_GO ? n
					  : 0;
	}
	if (t->status != 200 && t->status != 203 && max > ERROR_BODY)
		max = ERROR_BODY;
	room = max > t->body.len ? max - t->body.len : 0;
	if (n > room)
		t->stop = TRANSFER_BODY;
	if (t->body.len + n > RATIO_FROM && (t->body.len + n) / RATIO > t->raw_bytes)
		t->stop = TRANSFER_BOMB;
	buf_put(&t->body, data, n < room ? n : room);
	return t->stop == TRANSFER_RAN ? n : 0;
}

/* The record of the request shows that there was a token, not which. */
static void
hide_token(struct buf *request)
{
	static const char name[] = "\r\nAuthorization: ";
	char *at = strcasestr(request->data, name), *end;

	if (at == NULL)
		return;
	at += sizeof(name) - 1;
	end = strstr(at, "\r\n");
	for (; end != NULL && at < end; at++)
		*at = '*';
}

static int
on_debug(CURL *easy, curl_infotype what, char *data, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)easy;
	if (what == CURLINFO_HEADER_OUT) {
		/* A kept connection may turn out dead; libcurl then asks again. */
		if (n >= 5 &&
		    (memcmp(data, "GET ", 4) == 0 || memcmp(data, "POST ", 5) == 0))
			buf_reset(&t->request);
		buf_put(&t->request, data, n);
		if (t->ask.bearer != NULL)
			hide_token(&t->request);
	} else if (what == CURLINFO_DATA_IN) {
		t->raw_bytes += n;
	}
	return 0;
}

/* What never changes over the life of the handle. */
static void
set_fixed(struct transfer *t, CURLSH *share)
{
	SET(t, CURLOPT_PRIVATE, t);
	SET(t, CURLOPT_ERRORBUFFER, t->error);
	SET(t, CURLOPT_NOSIGNAL, 1L);
	/* Else giving up on a name waits for the resolver's thread, and with it the
	 * whole loop, as long as the tenant's name server likes. */
	SET(t, CURLOPT_QUICK_EXIT, 1L);
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_FOLLOWLOCATION, 0L);
	SET(t, CURLOPT_PROXY, ""); /* whatever the environment says: the guard must
				    * see the address of the real server */
	SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(t, CURLOPT_ACCEPT_ENCODING, "");
	SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* With a CApath libcurl parses all roots again for each connection. */
	SET(t, CURLOPT_CAPATH, (char *)NULL);
	SET(t, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(t, CURLOPT_OPENSOCKETDATA, t);
	SET(t, CURLOPT_PREREQFUNCTION, on_request);
	SET(t, CURLOPT_PREREQDATA, t);
	SET(t, CURLOPT_HEADERFUNCTION, on_header);
	SET(t, CURLOPT_HEADERDATA, t);
	SET(t, CURLOPT_WRITEFUNCTION, on_body);
	SET(t, CURLOPT_WRITEDATA, t);
	SET(t, CURLOPT_DEBUGFUNCTION, on_debug);
	SET(t, CURLOPT_DEBUGDATA, t);
	SET(t, CURLOPT_VERBOSE, 1L); /* on_debug() is not called without it */
	if (share != NULL)
		SET(t, CURLOPT_SHARE, share);
}

void
transfer_configure(struct transfer *t)
{
	const struct conf_fetch *c = t->conf;

	SET(t, CURLOPT_CAINFO, c->ca_file);
	SET(t, CURLOPT_USERAGENT, c->user_agent);
	SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout);
}

/* Streams have no end, and their owner watches over their silence. */
static void
set_pace(struct transfer *t, const struct transfer_ask *ask)
{
	bool stream = ask->sink != NULL;
	/* seconds of half the whole time */
	long slow = stream ? 0 : (long)(t->conf->timeout / 2000);

	SET(t, CURLOPT_LOW_SPEED_LIMIT, slow > 0 ? LOW_SPEED : 0L);
	SET(t, CURLOPT_LOW_SPEED_TIME, slow);
	SET(t, CURLOPT_ACCEPT_ENCODING, stream ? (char *)NULL : "");
	SET(t, CURLOPT_TIMEOUT_MS,
	    stream ? 0L : (long)(ask->timeout > 0 ? ask->timeout : 1));
}

static void
set_method(struct transfer *t, const struct transfer_ask *ask)
{
	if (ask->form == NULL) {
		SET(t, CURLOPT_HTTPGET, 1L);
		return;
	}
	SET(t, CURLOPT_POST, 1L);
	SET(t, CURLOPT_POSTFIELDS, ask->form);
	SET(t, CURLOPT_POSTFIELDSIZE, (long)strlen(ask->form));
}

struct transfer *
transfer_new(const struct conf_fetch *conf, CURLSH *share)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->conf = conf;
	t->easy = curl_easy_init();
	if (t->easy == NULL)
		log_die("fetch", "libcurl could not make a handle");
	set_fixed(t, share);
	transfer_configure(t);
	return t;
}

void
transfer_free(struct transfer **tp)
{
	struct transfer *t = *tp;

	if (t == NULL)
		return;
	transfer_end(t);
	curl_easy_cleanup(t->easy);
	buf_free(&t->request);
	buf_free(&t->head);
	buf_free(&t->body);
	free(t);
	*tp = NULL;
}

/* Adds "name: value" unless value could end the line or empty the header. */
static void
add_header(struct transfer *t, const char *name, const char *value)
{
	struct curl_slist *more;
	char *line;

	if (value == NULL || value[0] == '\0' || strlen(value) > VALIDATOR_MAX ||
	    strpbrk(value, "\r\n") != NULL)
		return;
	line = xasprintf("%s: %s", name, value);
	more = curl_slist_append(t->headers, line);
	free(line);
	if (more == NULL)
		abort();
	t->headers = more;
}

void
transfer_begin(struct transfer *t, const struct transfer_ask *ask, void *owner)
{
	transfer_end(t);
	t->ask = *ask;
	t->owner = owner;
	add_header(t, "Accept", ask->accept);
	add_header(t, "If-None-Match", ask->etag);
	add_header(t, "If-Modified-Since", ask->last_modified);
	add_header(t, "Last-Event-ID", ask->last_event_id);
	if (ask->bearer != NULL) {
		char *value = xasprintf("Bearer %s", ask->bearer);

		add_header(t, "Authorization", value);
		explicit_bzero(value, strlen(value));
		free(value);
	}
	SET(t, CURLOPT_HTTPHEADER, t->headers);
	SET(t, CURLOPT_URL, ask->url);
	SET(t, CURLOPT_FRESH_CONNECT, ask->fresh ? 1L : 0L);
	set_pace(t, ask);
	set_method(t, ask);
}

void
transfer_end(struct transfer *t)
{
	SET(t, CURLOPT_HTTPHEADER, (struct curl_slist *)NULL);
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	t->owner = NULL;
	memset(&t->ask, 0, sizeof(t->ask));
	buf_reset(&t->request);
	buf_reset(&t->head);
	buf_free(&t->body); /* may be large; a pool of them would add up */
	t->head_bytes = t->raw_bytes = 0;
	t->status = 0;
	t->head_done = false;
	t->stop = TRANSFER_RAN;
	t->refused[0] = t->error[0] = '\0';
}

struct transfer *
transfer_of(CURL *easy)
{
	char *p = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
	return (struct transfer *)(void *)p;
}
