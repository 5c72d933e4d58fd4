/* SPDX-License-Identifier: Apache-2.0 */
/* vault: captures and notices on disk; see vault.h. */
#include "evidence/vault.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/later.h"
#include "evidence/place.h"
#include "evidence/salted.h"
#include "evidence/warc.h"

#define KEPT_MAX 32	  /* captures, of two open files each */
#define RECORD_HEADS 8192 /* about what the heads of the records of a capture take */

/* One that is added and not settled; the thread's, until its call is done. */
struct kept {
	struct salted_begun begun;
	enum file_sync sync;
	char *folder;
	int rc; /* of its names */
	struct err e;
};

struct vault {
	char *dir;
	enum file_sync sync;
	struct kept kept[KEPT_MAX];
	size_t nkept, nready; /* the folders of the first ones are being synced */
	struct later *later;  /* finishes them */
	uint64_t last;	      /* of these calls */
};

int
vault_open(const char *dir, enum file_sync sync, struct vault **out, struct err *e)
{
	struct vault *v;
	int rc;

	*out = NULL;
	rc = file_mkdirs(dir, 0700, e);
	if (rc == 0)
		rc = place_dirs(dir, "evidence/", 0700, sync, e);
	if (rc == 0)
		rc = place_dirs(dir, "notices/", 0700, sync, e);
	if (rc != 0)
		return rc;
	v = xcalloc(1, sizeof(*v));
	v->dir = xstrdup(dir);
	v->sync = sync;
	v->later = later_new();
	*out = v;
	return 0;
}

void
vault_free(struct vault **v)
{
	if (*v == NULL)
		return;
	vault_settle(*v, NULL);
	later_free(&(*v)->later);
	free((*v)->dir);
	free(*v);
	*v = NULL;
}

static bool
ip_ok(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 || inet_pton(AF_INET6, s, &a) == 1;
}

static bool
exists(const struct vault *v, const char *rel)
{
	char *path = xasprintf("%s/%s", v->dir, rel);
	struct stat st;
	bool there = lstat(path, &st) == 0;

	free(path);
	return there;
}

/* --- captures */

/* The ids of the four records that speak of each other. */
struct ids {
	char info[WARC_ID], request[WARC_ID], response[WARC_ID], metadata[WARC_ID];
};

static void
put_info(struct buf *b, const struct vault_capture *c, const struct ids *ids,
    const char *file)
{
	static const char block[] =
	    "software: tosd\r\n"
	    "format: WARC File Format 1.1\r\n"
	    "conformsTo: http://iipc.github.io/warc-specifications/specifications/"
	    "warc-format/warc-1.1/\r\n";
	char *fields = xasprintf("WARC-Filename: %s\r\n", file);

	warc_put(b, &(struct warc_new){.type = "warcinfo",
			.id = ids->info,
			.time = c->time,
			.content_type = "application/warc-fields",
			.fields = fields,
			.block = block,
			.block_len = sizeof(block) - 1});
	free(fields);
}

/* A request or a response.  warc_http_body() of an empty message is 0: no digest. */
static void
put_http(
    struct buf *b, const struct vault_capture *c, const struct ids *ids, bool answer)
{
	const void *block = answer ? c->response : c->request;
	size_t n = answer ? c->response_len : c->request_len;
	struct buf f = {0};

	buf_puts(&f, "WARC-Target-URI: ");
	warc_put_uri(&f, c->url);
	buf_printf(&f, "\r\nWARC-Warcinfo-ID: %s\r\nWARC-Concurrent-To: %s\r\n",
	    ids->info, answer ? ids->request : ids->response);
	if (c->peer != NULL && c->peer[0] != '\0')
		buf_printf(&f, "WARC-IP-Address: %s\r\n", c->peer);
	if (answer && c->truncated)
		buf_puts(&f, "WARC-Truncated: length\r\n");
	warc_put(b, &(struct warc_new){.type = answer ? "response" : "request",
			.id = answer ? ids->response : ids->request,
			.time = c->time,
			.content_type = answer ? "application/http; msgtype=response"
					       : "application/http; msgtype=request",
			.fields = f.data,
			.block = block,
			.block_len = n,
			.payload_at = n > 0 ? warc_http_body(block, n) : 0});
	buf_free(&f);
}

static void
put_metadata(struct buf *b, const struct vault_capture *c, const struct ids *ids)
{
	struct buf f = {0};

	buf_puts(&f, "WARC-Target-URI: ");
	warc_put_uri(&f, c->url);
	buf_printf(&f, "\r\nWARC-Warcinfo-ID: %s\r\nWARC-Refers-To: %s\r\n", ids->info,
	    ids->response);
	warc_put(b, &(struct warc_new){.type = "metadata",
			.id = ids->metadata,
			.time = c->time,
			.content_type = "application/json",
			.fields = f.data,
			.block = c->metadata,
			.block_len = strlen(c->metadata)});
	buf_free(&f);
}

static void
put_capture(struct buf *b, const struct vault_capture *c, const char *file)
{
	struct ids ids;

	warc_id_new(ids.info);
	warc_id_new(ids.request);
	warc_id_new(ids.response);
	warc_id_new(ids.metadata);
	/* A large buffer that grows step by step is copied, and mapped, each time. */
	buf_reserve(b, c->request_len + c->response_len +
			   (c->metadata != NULL ? strlen(c->metadata) : 0) +
			   RECORD_HEADS);
	put_info(b, c, &ids, file);
	put_http(b, c, &ids, false);
	put_http(b, c, &ids, true);
	if (c->metadata != NULL)
		put_metadata(b, c, &ids);
	/* Last, since whoever reads a capture takes the first record of a kind. */
	for (size_t i = 0; i < c->nhops; i++) {
		struct vault_capture hop = c->hops[i];

		hop.time = c->time;
		hop.truncated = false;
		warc_id_new(ids.request);
		warc_id_new(ids.response);
		put_http(b, &hop, &ids, false);
		put_http(b, &hop, &ids, true);
	}
}

/* An id and a path that nothing has yet.  A time outside the years 0 to 9999 has no
 * folder. */
static int
name_capture(const struct vault *v, int64_t time, struct vault_ref *out, struct err *e)
{
	char when[CLOCK_TEXT];

	if (time < 0 || clock_format(time, when)[0] == '-')
		return err_set(
		    e, TOSD_EINVAL, "a capture needs the time of its answer");
	do {
		id_new(time, out->id);
		snprintf(out->path, sizeof(out->path), "evidence/%.4s/%.2s/%s.warc",
		    when, when + 5, out->id);
	} while (exists(v, out->path));
	return 0;
}

static int
sound(const struct vault_capture *c, struct err *e)
{
	if (c->url == NULL || c->url[0] == '\0')
		return err_set(e, TOSD_EINVAL, "a capture needs its address");
	if (c->peer != NULL && c->peer[0] != '\0' && !ip_ok(c->peer))
		return err_set(
		    e, TOSD_EINVAL, "a capture's peer must be an IP address");
	if (c->response_len > VAULT_FILE_MAX / 2 || c->request_len > VAULT_FILE_MAX / 4)
		return err_set(e, TOSD_ELIMIT,
		    "a capture of %zu bytes is too large to keep", c->response_len);
	return 0;
}

static void
sync_folder(void *arg)
{
	const struct kept *k = arg;

	file_sync_dir(k->folder);
}

/* A folder once for all that lie in it; they are of one month, as a rule. */
void
vault_begin_settle(struct vault *v)
{
	size_t from = v->nready;

	v->nready = v->nkept;
	for (size_t i = from; i < v->nkept && v->sync == FILE_SYNC; i++)
		if (i == from || strcmp(v->kept[i].folder, v->kept[i - 1].folder) != 0)
			v->last = later_do(v->later, sync_folder, &v->kept[i]);
}

bool
vault_is_synced(struct vault *v)
{
	return v->nready == v->nkept && later_is_done(v->later, v->last);
}

int
vault_settle(struct vault *v, struct err *e)
{
	int rc = 0;

	vault_begin_settle(v);
	later_wait(v->later, v->last);
	for (size_t i = 0; i < v->nkept; i++) {
		struct kept *k = &v->kept[i];

		if (rc == 0 && k->rc != 0)
			rc = err_set(e, k->rc, "%s", k->e.text);
		free(k->folder);
	}
	v->nkept = v->nready = 0;
	return rc;
}

int
vault_put(struct vault *v, const struct vault_capture *c, struct vault_ref *out,
    struct err *e)
{
	int rc = vault_add(v, c, out, e);

	return rc != 0 ? rc : vault_settle(v, e);
}

void
vault_async(struct vault *v)
{
	if (v->sync == FILE_SYNC)
		later_start(v->later);
}

static void
finish(void *arg)
{
	struct kept *k = arg;

	salted_sync(&k->begun, k->sync);
	k->rc = salted_finish(&k->begun, &k->e);
}

/* It becomes durable, and gets its name, while whoever keeps it has other things to do.
 */
static void
keep(struct vault *v, struct kept *k)
{
	const char *slash = strrchr(k->begun.path, '/');

	v->nkept++;
	k->sync = v->sync;
	k->folder = xstrndup(k->begun.path, (size_t)(slash - k->begun.path));
	k->e = (struct err)ERR_INIT;
	v->last = later_do(v->later, finish, k);
}

int
vault_add(struct vault *v, const struct vault_capture *c, struct vault_ref *out,
    struct err *e)
{
	struct buf b = {0};
	int rc;

	*out = (struct vault_ref){0};
	rc = sound(c, e);
	for (size_t i = 0; rc == 0 && i < c->nhops; i++)
		rc = sound(&c->hops[i], e);
	if (rc != 0)
		return rc;
	if (v->nkept == KEPT_MAX)
		rc = vault_settle(v, e);
	if (rc == 0)
		rc = name_capture(v, c->time, out, e);
	if (rc != 0)
		return rc;
	put_capture(&b, c, strrchr(out->path, '/') + 1);
	rc = salted_begin(v->dir, out->path, b.data, b.len, v->sync, out->commit,
	    &v->kept[v->nkept].begun, e);
	if (rc == 0)
		keep(v, &v->kept[v->nkept]);
	out->size = b.len;
	buf_free(&b);
	return rc;
}

/* --- other bytes */

/* A path that may be, and nothing under way that could be behind it. */
static int
ready(struct vault *v, const char *rel, struct err *e)
{
	int rc = place_rel_check(rel, e);

	return rc != 0 ? rc : vault_settle(v, e);
}

int
vault_read(struct vault *v, const char *rel, struct buf *b, struct err *e)
{
	char *path;
	int rc = ready(v, rel, e);

	if (rc != 0)
		return rc;
	path = xasprintf("%s/%s", v->dir, rel);
	rc = file_read(path, VAULT_FILE_MAX, b, e);
	free(path);
	return rc;
}

/* Up to the vault's own: whoever wrote the file, or made its folder, may have died
 * before these names were durable. */
static void
sync_folders(const struct vault *v, const char *rel)
{
	char *path = xasprintf("%s/%s", v->dir, rel), *slash;
	size_t top = strlen(v->dir);

	while ((slash = strrchr(path, '/')) != NULL && slash >= path + top) {
		*slash = '\0';
		file_sync_dir(path);
	}
	free(path);
}

static int
same_again(struct vault *v, const char *rel, const void *data, size_t n,
    struct vault_ref *out, struct err *e)
{
	struct buf old = {0};
	int rc = vault_read(v, rel, &old, e);
	bool same =
	    rc == 0 && old.len == n && (n == 0 || memcmp(old.data, data, n) == 0);

	buf_free(&old);
	if (rc == 0 && !same)
		return err_set(e, TOSD_EEXIST,
		    "%s/%s is kept already, with other bytes", v->dir, rel);
	if (rc == 0)
		rc = salted_commit(v->dir, rel, out->commit, &out->size, e);
	if (rc == TOSD_ENOENT)
		rc = err_set(e, TOSD_ETAMPER,
		    "%s/%s has lost its salt, so what was committed "
		    "to cannot be proven",
		    v->dir, rel);
	if (rc == 0 && v->sync == FILE_SYNC)
		sync_folders(v, rel);
	return rc;
}

int
vault_put_bytes(struct vault *v, const char *rel, const void *data, size_t n,
    struct vault_ref *out, struct err *e)
{
	int rc = ready(v, rel, e);

	*out = (struct vault_ref){.size = n};
	if (rc != 0)
		return rc;
	if (n > VAULT_FILE_MAX)
		return err_set(
		    e, TOSD_ELIMIT, "%s: %zu bytes are too many to keep", rel, n);
	snprintf(out->path, sizeof(out->path), "%s", rel);
	if (exists(v, rel))
		return same_again(v, rel, data, n, out, e);
	return salted_write(v->dir, rel, data, n, v->sync, out->commit, e);
}

int
vault_check(struct vault *v, const char *rel, const char *commit, struct err *e)
{
	char hex[DIGEST_HEX];
	uint64_t size;
	int rc = ready(v, rel, e);

	if (rc == 0)
		rc = salted_commit(v->dir, rel, hex, &size, e);
	if (rc == 0 && strcmp(hex, commit) != 0)
		rc = err_set(e, TOSD_ETAMPER, "%s/%s%s is not what was committed to",
		    v->dir, rel, salted_salt_broken(v->dir, rel) ? PLACE_SALT : "");
	return rc;
}

int
vault_erase(struct vault *v, const char *rel, struct err *e)
{
	int rc = ready(v, rel, e);

	return rc != 0 ? rc : salted_erase(v->dir, rel, v->sync, e);
}

/* The block of the first record of a type. */
static int
read_block(
    struct vault *v, const char *rel, const char *type, struct buf *to, struct err *e)
{
	struct buf b = {0};
	struct warc w;
	struct warc_record r;
	int rc = vault_read(v, rel, &b, e);

	if (rc != 0)
		goto out;
	w = warc_of(b.data, b.len);
	while ((rc = warc_next(&w, &r, e)) > 0 && !warc_field_is(&r, "WARC-Type", type))
		;
	if (rc < 0) {
		err_wrap(e, "%s/%s", v->dir, rel);
	} else if (rc == 0) {
		rc = err_set(
		    e, TOSD_ENOENT, "%s/%s has no %s record", v->dir, rel, type);
	} else {
		buf_put(to, r.block, r.block_len);
		rc = 0;
	}
out:
	buf_free(&b);
	return rc;
}

int
vault_metadata(struct vault *v, const char *rel, struct buf *json, struct err *e)
{
	return read_block(v, rel, "metadata", json, e);
}

int
vault_response(struct vault *v, const char *rel, struct buf *b, struct err *e)
{
	return read_block(v, rel, "response", b, e);
}
