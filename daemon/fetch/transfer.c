/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: options and callbacks of an easy handle; see transfer.h.
 *
 * libcurl is handed one address, which the guard has let through, and looks up nothing.
 * The guard is asked again for every socket that is opened, and before a request goes
 * out, because a kept connection may have been opened for a tenant who is allowed more.
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
#include "fetch/same.h"

#define ERROR_BODY (64u << 10) /* kept of an answer that is not the wanted one */
#define RATIO 100	       /* unpacked to packed, above RATIO_FROM */
#define RATIO_FROM (1u << 20)
#define LOW_SPEED 32L	   /* bytes a second; less, for a while, is a hang */
#define BELIEVED (1 << 20) /* of an announced length, before it is there */
#define BODY_KEPT (64 << 10)
#define HEAD_USUAL 1000 /* bytes of most heads, sent or received */
#define AT_ONCE 60000L	/* read from a socket; most feeds come in one or two reads */
#define VALIDATOR_MAX 16384

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

	if (!resolve_same(sa, &t->ask.addr->sa) || port != t->ask.port)
		why = "not the address that was asked for";
	else if (guard_allows(sa, t->ask.allow, t->ask.nallow, &why) &&
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
	struct transfer *t = ctx;

	(void)own_ip;
	(void)own_port;
	in4.sin_port = in6.sin6_port = htons((uint16_t)peer_port);
	if (inet_pton(AF_INET, peer_ip, &in4.sin_addr) == 1)
		sa = (const struct sockaddr *)&in4;
	else if (inet_pton(AF_INET6, peer_ip, &in6.sin6_addr) == 1)
		sa = (const struct sockaddr *)&in6;
	if (sa == NULL || !guard(t, sa, (unsigned)peer_port))
		return CURL_PREREQFUNC_ABORT;
	SET(t, CURLOPT_VERBOSE, 1L); /* until on_debug() has seen the request */
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
	/* Within a head it is a field of an odd name: whoever sends both must not be on
	 * record with the second one alone. */
	if (!t->head_begun && n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_reset(&t->head); /* what came before was an interim answer */
		t->status = answer_status(line, n);
	}
	t->head_begun = line[0] != '\r' && line[0] != '\n';
	buf_put(&t->head, line, n);
	if (!t->head_begun)
		t->head_done = t->status >= 200;
	if (t->head_done && streams(t) && t->ask.sink(t, NULL, 0) == FETCH_END) {
		t->stop = TRANSFER_ENOUGH;
		return 0;
	}
	return n;
}

/* Room for all that is announced, so that it need not be moved as it grows; and is it
 * to be compared? */
static void
body_begins(struct transfer *t, size_t first)
{
	curl_off_t all = -1;

	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &all);
	if (all > BELIEVED)
		all = BELIEVED;
	if (all > (curl_off_t)first && (size_t)all <= t->ask.max_body)
		buf_reserve(&t->body, (size_t)all);
	if (t->ask.known == NULL || t->status != 200)
		return;
	if (t->same == NULL)
		t->same = same_new();
	t->digesting = same_start(t->same, t->ask.known);
}

/* Of the body, as it came. */
static size_t
raw_bytes(const struct transfer *t)
{
	curl_off_t n = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &n);
	return (size_t)n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t max = t->ask.max_body, room;

	n *= size;
	if (streams(t)) {
		int flow = n > 0 ? t->ask.sink(t, data, n) : FETCH_GO;

		if (flow == FETCH_END)
			t->stop = TRANSFER_ENOUGH;
		return flow == FETCH_WAIT ? CURL_WRITEFUNC_PAUSE
		       : flow == FETCH_GO ? n
					  : 0;
	}
	if (t->body.len == 0)
		body_begins(t, n);
	if (t->digesting)
		same_add(t->same, data, n);
	if (t->status != 200 && t->status != 203 && max > ERROR_BODY)
		max = ERROR_BODY;
	room = max > t->body.len ? max - t->body.len : 0;
	if (n > room)
		t->stop = TRANSFER_BODY;
	if (t->body.len + n > RATIO_FROM && (t->body.len + n) / RATIO > raw_bytes(t))
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

/* The only way to see the request as it goes out.  libcurl's other words are not
 * wanted, and cost a tenth of a short transfer. */
static int
on_debug(CURL *easy, curl_infotype what, char *data, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)easy;
	if (what != CURLINFO_HEADER_OUT)
		return 0;
	/* A kept connection may turn out dead; libcurl then asks again. */
	if (n >= 5 && (memcmp(data, "GET ", 4) == 0 || memcmp(data, "POST ", 5) == 0))
		buf_reset(&t->request);
	buf_put(&t->request, data, n);
	if (t->request.len >= 4 &&
	    memcmp(t->request.data + t->request.len - 4, "\r\n\r\n", 4) == 0) {
		if (t->ask.bearer != NULL)
			hide_token(&t->request);
		SET(t, CURLOPT_VERBOSE, 0L);
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
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_FOLLOWLOCATION, 0L);
	SET(t, CURLOPT_BUFFERSIZE, AT_ONCE);
	SET(t, CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* it is told addresses; those that it
						* keeps it goes through each time */
	SET(t, CURLOPT_PROXY, ""); /* whatever the environment says: the guard must
				    * see the address of the real server */
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
	if (share != NULL)
		SET(t, CURLOPT_SHARE, share);
}

/* As libcurl wants it told whether it is an interface or an address. */
static char *
interface_of(const char *name, char out[64])
{
	struct in6_addr any;

	if (name == NULL)
		return NULL;
	snprintf(out, 64, "%s!%s",
	    inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1
		? "host"
		: "if",
	    name);
	return out;
}

void
transfer_configure(struct transfer *t)
{
	const struct conf_fetch *c = t->conf;
	char egress[64];

	SET(t, CURLOPT_CAINFO, c->ca_file);
	SET(t, CURLOPT_USERAGENT, t->second ? c->second_user_agent : c->user_agent);
	SET(t, CURLOPT_INTERFACE,
	    t->second ? interface_of(c->second_interface, egress) : NULL);
	SET(t, CURLOPT_HTTP_VERSION,
	    (long)(c->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
}

/* Streams have no end, and their owner watches over their silence. */
static void
set_pace(struct transfer *t, const struct transfer_ask *ask)
{
	bool stream = ask->sink != NULL;
	/* seconds of half the whole time */
	long slow = stream || ask->json != NULL ? 0 : (long)(ask->whole_time / 2000);

	SET(t, CURLOPT_LOW_SPEED_LIMIT, slow > 0 ? LOW_SPEED : 0L);
	SET(t, CURLOPT_LOW_SPEED_TIME, slow);
	SET(t, CURLOPT_ACCEPT_ENCODING, stream ? (char *)NULL : "");
	SET(t, CURLOPT_TIMEOUT_MS,
	    stream ? 0L : (long)(ask->timeout > 0 ? ask->timeout : 1));
}

static void
set_method(struct transfer *t, const struct transfer_ask *ask)
{
	const char *body = ask->json != NULL ? ask->json : ask->form;

	if (body == NULL) {
		SET(t, CURLOPT_HTTPGET, 1L);
		return;
	}
	SET(t, CURLOPT_POST, 1L);
	SET(t, CURLOPT_POSTFIELDS, body);
	SET(t, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
}

struct transfer *
transfer_new(const struct conf_fetch *conf, CURLSH *share, bool second)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->conf = conf;
	t->second = second;
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
	same_free(&t->same);
	buf_free(&t->lines);
	buf_free(&t->request);
	buf_free(&t->head);
	buf_free(&t->body);
	free(t);
	*tp = NULL;
}

static bool
sendable(const char *value)
{
	return value != NULL && value[0] != '\0' && strlen(value) <= VALIDATOR_MAX &&
	       strpbrk(value, "\r\n") == NULL;
}

/* Lays "name: value" lines into t->lines and strings them together: lists that libcurl
 * only reads, so they need no memory of their own. */
static struct curl_slist *
headers_of(struct transfer *t, const struct transfer_ask *ask)
{
	const struct {
		const char *name, *value;
	} rows[TRANSFER_HEADERS] = {{"Accept: ", ask->accept},
	    {"If-None-Match: ", ask->etag}, {"If-Modified-Since: ", ask->last_modified},
	    {"Last-Event-ID: ", ask->last_event_id},
	    {"Authorization: Bearer ", ask->bearer},
	    {"Content-Type: ", ask->json != NULL ? "application/json" : NULL}};
	size_t at[TRANSFER_HEADERS], n = 0;

	buf_reset(&t->lines);
	for (size_t i = 0; i < TRANSFER_HEADERS; i++) {
		if (!sendable(rows[i].value))
			continue; /* it could end the line or empty the header */
		at[n++] = t->lines.len;
		buf_puts(&t->lines, rows[i].name);
		buf_puts(&t->lines, rows[i].value);
		buf_putc(&t->lines, '\0');
	}
	for (size_t i = 0; i < n; i++) {
		t->headers[i].data = t->lines.data + at[i];
		t->headers[i].next = i + 1 < n ? &t->headers[i + 1] : NULL;
	}
	return n > 0 ? t->headers : NULL;
}

/* "::ADDRESS:PORT": for any host and port of the URL, this. */
static void
connect_to(struct transfer *t)
{
	char name[GUARD_TEXT];
	struct resolve_addr to = *t->ask.addr;

	if (to.sa.sa_family == AF_INET)
		to.in4.sin_port = htons(t->ask.port);
	else
		to.in6.sin6_port = htons(t->ask.port);
	memcpy(t->connect_to, "::", 2);
	strcpy(t->connect_to + 2, guard_name(&to.sa, name));
	t->connect.data = t->connect_to;
	SET(t, CURLOPT_CONNECT_TO, &t->connect);
}

void
transfer_begin(struct transfer *t, const struct transfer_ask *ask, void *owner)
{
	transfer_end(t);
	t->ask = *ask;
	t->owner = owner;
	buf_reserve(&t->request, HEAD_USUAL);
	buf_reserve(&t->head, HEAD_USUAL);
	connect_to(t);
	SET(t, CURLOPT_HTTPHEADER, headers_of(t, ask));
	SET(t, CURLOPT_URL, ask->url);
	SET(t, CURLOPT_CURLU, ask->parts);
	SET(t, CURLOPT_VERBOSE, 0L);
	SET(t, CURLOPT_FRESH_CONNECT, ask->fresh ? 1L : 0L);
	SET(t, CURLOPT_FORBID_REUSE, ask->json != NULL || ask->lone ? 1L : 0L);
	SET(t, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(ask->connect_timeout > 0 ? ask->connect_timeout : 1));
	set_pace(t, ask);
	set_method(t, ask);
}

void
transfer_end(struct transfer *t)
{
	SET(t, CURLOPT_CURLU, (CURLU *)NULL); /* is not ours */
	if (t->ask.bearer != NULL)
		explicit_bzero(t->lines.data, t->lines.cap);
	t->owner = NULL;
	memset(&t->ask, 0, sizeof(t->ask));
	buf_reset(&t->request);
	buf_reset(&t->head);
	buf_reset(&t->body);
	if (t->body.cap > BODY_KEPT)
		buf_free(&t->body); /* a pool of large ones would add up */
	t->head_bytes = 0;
	t->digesting = false;
	t->status = 0;
	t->head_begun = t->head_done = false;
	t->stop = TRANSFER_RAN;
	t->refused[0] = t->error[0] = '\0';
}

bool
transfer_known(struct transfer *t)
{
	bool known = t->digesting && same_end(t->same);

	t->digesting = false;
	return known;
}

const char *
transfer_peer(const struct transfer *t)
{
	return t->connect_to + 2;
}

struct transfer *
transfer_of(CURL *easy)
{
	char *p = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
	return (struct transfer *)(void *)p;
}
