/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_capture: the exact bytes of an answer into the vault.  Those of one turn
 * become durable together, before the transaction commits whose rows refer to them.
 */
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"

/* The redirects as the vault wants them; their bytes stay c's. */
static struct vault_capture *
hops_of(const struct msg_capture *c)
{
	struct vault_capture *v = xcalloc(c->nhops + 1, sizeof(*v));

	for (uint32_t i = 0; i < c->nhops; i++)
		v[i] = (struct vault_capture){.url = c->hops[i].url,
		    .peer = c->hops[i].peer,
		    .request = c->hops[i].request.data,
		    .request_len = c->hops[i].request.len,
		    .response = c->hops[i].response.data,
		    .response_len = c->hops[i].response.len};
	return v;
}

bool
engine_capture_line(struct engine *g, int fd, const char *metadata, bool truncated,
    struct vault_ref *out)
{
	struct msg_capture c = {0};
	struct vault_capture v = {0}, *hops = NULL;
	struct err e = ERR_INIT;
	struct buf b = {0};
	struct rd r;
	bool ok = false;
	int rc;

	if (fd < 0)
		return false;
	if (file_read_memfd(fd, MSG_MAX, &b, &e) != 0) {
		log_warn("capture", "not kept: %s", e.text);
		goto out;
	}
	r = rd_of(b.data, b.len);
	msg_capture_get(&r, &c);
	if (!rd_done(&r)) {
		log_warn("capture", "not kept: the fetch role sent a broken capture");
		goto out;
	}
	v.url = c.url;
	v.time = engine_clock_heard(c.time, g->handled);
	v.peer = c.peer;
	v.request = c.request.data;
	v.request_len = c.request.len;
	v.response = c.response.data;
	v.response_len = c.response.len;
	v.metadata = metadata;
	v.truncated = truncated;
	v.hops = hops = hops_of(&c);
	v.nhops = c.nhops;
	rc = vault_add(g->vault, &v, out, &e);
	/* A capture that makes no sense is the fetch role's fault, not the disk's. */
	if (rc == TOSD_EINVAL || rc == TOSD_ELIMIT)
		log_warn("capture", "not kept: %s", e.text);
	else
		engine_must(rc, 0, "cannot keep a capture", &e);
	ok = rc == 0;
out:
	free(hops);
	msg_capture_clear(&c);
	buf_free(&b);
	return ok;
}

void
engine_capture_bare_line(struct engine *g, const char *url, int64_t time,
    const char *metadata, struct vault_ref *out)
{
	struct vault_capture v = {.url = url, .time = time, .metadata = metadata};
	struct err e = ERR_INIT;

	engine_must(
	    vault_add(g->vault, &v, out, &e), 0, "cannot keep what was read", &e);
}

bool
engine_capture_put(struct engine *g, int fd, const json_t *metadata, bool truncated,
    struct vault_ref *out)
{
	char *meta = json_dumps(metadata, JSON_COMPACT | JSON_SORT_KEYS);
	bool ok = engine_capture_line(g, fd, meta, truncated, out);

	free(meta);
	return ok;
}

void
engine_capture_bare(struct engine *g, const char *url, int64_t time,
    const json_t *metadata, struct vault_ref *out)
{
	char *meta = json_dumps(metadata, JSON_COMPACT | JSON_SORT_KEYS);

	engine_capture_bare_line(g, url, time, meta, out);
	free(meta);
}
