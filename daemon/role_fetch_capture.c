/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_capture: what was said on the wire as a sealed descriptor, which travels
 * with the answer to the engine and becomes evidence there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "role_fetch.h"

/* "192.0.2.1:80" or "[2001:db8::1]:80" to the address alone, as WARC wants it. */
static char *
peer_address(const char *peer)
{
	const char *end = peer != NULL ? strrchr(peer, ':') : NULL;

	if (end == NULL)
		return NULL;
	if (peer[0] == '[' && end > peer + 1 && end[-1] == ']')
		return xstrndup(peer + 1, end - peer - 2);
	return xstrndup(peer, end - peer);
}

/* The engine reads no more, and there is more to it than bytes. */
_Static_assert(CONF_CAPTURE_MAX + (64u << 10) <= MSG_MAX, "captures must be kept");

static int
seal(const struct msg_capture *c)
{
	struct err e = ERR_INIT;
	struct buf b = {0};
	int fd;

	msg_capture_put(&b, c);
	fd = file_memfd("capture", b.data, b.len, &e);
	if (fd < 0)
		log_warn("fetch", "an answer goes without its bytes: %s", e.text);
	buf_free(&b);
	return fd;
}

int
fetch_capture(const char *url, const char *peer, int64_t time,
    const struct buf *request, const struct buf *response)
{
	/* All of it is borrowed but the peer: c is never cleared. */
	struct msg_capture c = {.url = (char *)url,
	    .peer = peer_address(peer),
	    .time = time,
	    .request = *request,
	    .response = *response};
	int fd = seal(&c);

	free(c.peer);
	return fd;
}

/* The hops before the last one, borrowed but for their peers. */
static void
add_hops(struct msg_capture *c, const struct fetch_result *r)
{
	if (r->nhops < 2)
		return;
	c->nhops = (uint32_t)r->nhops - 1;
	c->hops = xcalloc(c->nhops, sizeof(*c->hops));
	for (uint32_t i = 0; i < c->nhops; i++)
		c->hops[i] = (struct msg_hop){.url = r->hops[i].url,
		    .peer = peer_address(r->hops[i].peer),
		    .request = r->hops[i].request,
		    .response = r->hops[i].head};
}

int
fetch_capture_of(const struct fetch_result *r)
{
	struct msg_capture c = {.url = r->url, .time = r->time};
	struct buf response = {0};
	int fd;

	if (r->head.len == 0)
		return -1;
	buf_put(&response, r->head.data, r->head.len);
	if (r->body.len > 0)
		buf_put(&response, r->body.data, r->body.len);
	c.request = r->request; /* borrowed: c is never cleared */
	c.response = response;
	c.peer = peer_address(r->peer);
	add_hops(&c, r);
	fd = seal(&c);
	free(c.peer);
	for (uint32_t i = 0; i < c.nhops; i++)
		free(c.hops[i].peer);
	free(c.hops);
	buf_free(&response);
	return fd;
}
