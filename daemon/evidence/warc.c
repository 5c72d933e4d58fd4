/* SPDX-License-Identifier: Apache-2.0 */
/* warc: writing and checking records; see warc.h. */
#include "evidence/warc.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

#define DIGEST_TEXT_MAX 128

struct warc
warc_of(const void *data, size_t n)
{
	return (struct warc){.data = data, .len = n};
}

/* The end of the line at s: its LF, or NULL. */
static const char *
line_end(const char *s, const char *end)
{
	return memchr(s, '\n', end - s);
}

size_t
warc_http_body(const char *s, size_t n)
{
	const char *p = s, *end = s + n, *nl;

	/* Servers also send bare LF. */
	for (; p < end && (nl = line_end(p, end)) != NULL; p = nl + 1)
		if (nl == p || (nl == p + 1 && *p == '\r'))
			return nl + 1 - s;
	return n;
}

const char *
warc_field(const struct warc_record *r, const char *name, size_t *len)
{
	size_t k = strlen(name);
	const char *p = r->head, *end = p + r->head_len, *nl, *v;

	for (; p < end && (nl = line_end(p, end)) != NULL; p = nl + 1) {
		if ((size_t)(nl - p) <= k || p[k] != ':' ||
		    strncasecmp(p, name, k) != 0)
			continue;
		v = p + k + 1;
		while (v < nl && (*v == ' ' || *v == '\t'))
			v++;
		while (nl > v && strchr(" \t\r", nl[-1]) != NULL)
			nl--;
		*len = nl - v;
		return v;
	}
	return NULL;
}

bool
warc_field_is(const struct warc_record *r, const char *name, const char *value)
{
	size_t n;
	const char *v = warc_field(r, name, &n);

	return v != NULL && n == strlen(value) && strncasecmp(v, value, n) == 0;
}

/* --- digests */

static size_t
base32(const uint8_t *d, size_t n, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0, have = 0;
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | d[i]) & 0xffff;
		for (have += 8; have >= 5; have -= 5)
			out[o++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have > 0)
		out[o++] = alphabet[bits << (5 - have) & 31];
	out[o] = '\0';
	return o;
}

/* Is the text `have`, without its padding, this digest in any usual spelling? */
static bool
digest_spelt(const char *have, size_t n, const uint8_t *d, size_t d_len)
{
	char want[DIGEST_TEXT_MAX];
	struct buf b64 = {0};
	bool same;

	while (n > 0 && have[n - 1] == '=')
		n--;
	digest_hex(d, d_len, want);
	if (n == 2 * d_len)
		return strncasecmp(have, want, n) == 0;
	if (n == base32(d, d_len, want))
		return strncasecmp(have, want, n) == 0;
	digest_base64(&b64, d, d_len);
	while (b64.len > 0 && b64.data[b64.len - 1] == '=')
		b64.len--;
	same = n == b64.len;
	for (size_t i = 0; same && i < n; i++) {
		char c = have[i] == '-' ? '+' : have[i] == '_' ? '/' : have[i];

		same = c == b64.data[i];
	}
	buf_free(&b64);
	return same;
}

/* 1 right, 0 not an algorithm of ours, -1 wrong. */
static int
digest_check(const char *value, size_t n, const void *data, size_t len)
{
	static const char *const names[] = {"sha1", "sha256"};
	const char *colon = memchr(value, ':', n);
	uint8_t d[EVP_MAX_MD_SIZE];
	unsigned d_len = 0;

	for (size_t i = 0; colon != NULL && i < 2; i++) {
		size_t k = strlen(names[i]);

		if ((size_t)(colon - value) != k ||
		    strncasecmp(value, names[i], k) != 0)
			continue;
		if (EVP_Digest(data, len, d, &d_len, i == 0 ? EVP_sha1() : EVP_sha256(),
			NULL) != 1)
			log_die("warc", "OpenSSL gives no %s", names[i]);
		return digest_spelt(colon + 1, n - k - 1, d, d_len) ? 1 : -1;
	}
	return 0;
}

static int
record_digests(struct warc_record *r, unsigned n, struct err *e)
{
	const struct {
		const char *name;
		const void *data;
		size_t len;
	} each[] = {{"WARC-Block-Digest", r->block, r->block_len},
	    {"WARC-Payload-Digest", r->payload, r->payload_len}};

	for (size_t i = 0; i < 2; i++) {
		size_t len;
		const char *v = warc_field(r, each[i].name, &len);
		int got;

		/* A revisit's payload digest is that of the record it refers to. */
		if (v == NULL || (i == 1 && warc_field_is(r, "WARC-Type", "revisit")))
			continue;
		got = digest_check(v, len, each[i].data, each[i].len);
		if (got < 0)
			return err_set(e, TOSD_ETAMPER,
			    "record %u at byte %zu does not match "
			    "its %s",
			    n, r->at, each[i].name);
		if (got > 0)
			r->checked++;
		else
			r->unchecked++;
	}
	return 0;
}

/* --- structure */

static int
content_length(const struct warc_record *r, size_t *out)
{
	size_t n, v = 0;
	const char *s = warc_field(r, "Content-Length", &n);

	if (s == NULL || n == 0 || n > 15)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	*out = v;
	return 0;
}

/* Version line and named fields; sets head. */
static int
record_head(struct warc *w, struct warc_record *r, struct err *e)
{
	const char *p = w->data + w->at, *end = w->data + w->len, *nl;
	size_t left = w->len - w->at;

	if (left >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		return err_set(e, TOSD_EINVAL,
		    "record %u at byte %zu is compressed: only "
		    "plain WARC is read here, gunzip it first",
		    w->n + 1, w->at);
	if (left >= 11 && memcmp(p, "filedesc://", 11) == 0)
		return err_set(e, TOSD_EINVAL,
		    "this is an ARC file, the format before WARC; "
		    "it is not read here");
	if (left < 8 ||
	    (strncmp(p, "WARC/1.0", 8) != 0 && strncmp(p, "WARC/1.1", 8) != 0))
		return err_set(e, TOSD_EINVAL,
		    "at byte %zu, after %u records, stands no "
		    "WARC/1.0 or WARC/1.1 record",
		    w->at, w->n);
	if (left > WARC_HEAD_MAX)
		end = p + WARC_HEAD_MAX;
	nl = line_end(p, end);
	if (nl != p + 9 || nl[-1] != '\r')
		return err_set(e, TOSD_EINVAL,
		    "record %u at byte %zu has a broken first "
		    "line",
		    w->n + 1, w->at);
	r->head = nl + 1;
	for (p = r->head; (nl = line_end(p, end)) != NULL; p = nl + 1) {
		if (nl == p + 1 && *p == '\r') {
			r->head_len = p - r->head;
			r->block = nl + 1;
			return 0;
		}
		if (nl == p || nl[-1] != '\r' || !text_valid(p, nl - p) ||
		    (*p != ' ' && *p != '\t' && memchr(p, ':', nl - p) == NULL))
			break;
	}
	return err_set(e, TOSD_EINVAL,
	    "record %u at byte %zu has a broken or unfinished "
	    "header",
	    w->n + 1, w->at);
}

static int
record_fields(const struct warc *w, const struct warc_record *r, struct err *e)
{
	static const char *const needed[] = {
	    "WARC-Type", "WARC-Record-ID", "WARC-Date"};

	for (size_t i = 0; i < 3; i++) {
		size_t n;
		const char *v = warc_field(r, needed[i], &n);
		char date[CLOCK_TEXT];

		if (v == NULL || n == 0)
			return err_set(e, TOSD_EINVAL,
			    "record %u at byte %zu has no %s", w->n + 1, w->at,
			    needed[i]);
		if (i < 2 || n >= sizeof(date))
			continue;
		memcpy(date, v, n);
		date[n] = '\0';
		if (clock_parse(date) == CLOCK_NONE)
			return err_set(e, TOSD_EINVAL,
			    "record %u at byte %zu has a WARC-Date "
			    "that is no time",
			    w->n + 1, w->at);
	}
	return 0;
}

int
warc_next(struct warc *w, struct warc_record *r, struct err *e)
{
	size_t left, type_len;
	const char *type;
	int rc;

	if (w->at == w->len)
		return 0;
	*r = (struct warc_record){.at = w->at};
	rc = record_head(w, r, e);
	if (rc == 0)
		rc = record_fields(w, r, e);
	if (rc != 0)
		return rc;
	if (content_length(r, &r->block_len) != 0)
		return err_set(e, TOSD_EINVAL,
		    "record %u at byte %zu has no Content-Length "
		    "that is a number",
		    w->n + 1, w->at);
	left = w->data + w->len - r->block;
	if (left < 4 || left - 4 < r->block_len)
		return err_set(e, TOSD_EINVAL,
		    "record %u at byte %zu is cut off: it should "
		    "have %zu bytes and %zu are left",
		    w->n + 1, w->at, r->block_len, left);
	if (memcmp(r->block + r->block_len, "\r\n\r\n", 4) != 0)
		return err_set(e, TOSD_EINVAL,
		    "record %u at byte %zu does not end where its "
		    "Content-Length says",
		    w->n + 1, w->at);
	r->payload = r->block;
	r->payload_len = r->block_len;
	type = warc_field(r, "Content-Type", &type_len);
	if (type != NULL && type_len >= 16 &&
	    strncasecmp(type, "application/http", 16) == 0) {
		size_t at = warc_http_body(r->block, r->block_len);

		r->payload += at;
		r->payload_len -= at;
	}
	rc = record_digests(r, w->n + 1, e);
	if (rc != 0)
		return rc;
	w->at = r->block + r->block_len + 4 - w->data;
	w->n++;
	return 1;
}

int
warc_check(const void *data, size_t n, struct warc_summary *out, struct err *e)
{
	struct warc w = warc_of(data, n);
	struct warc_record r;
	int rc;

	*out = (struct warc_summary){0};
	while ((rc = warc_next(&w, &r, e)) > 0) {
		out->records++;
		out->checked += r.checked;
		out->unchecked += r.unchecked;
	}
	if (rc == 0 && out->records == 0)
		return err_set(e, TOSD_EINVAL, "the file is empty");
	return rc;
}

/* --- writing */

const char *
warc_id_new(char out[WARC_ID])
{
	uint8_t u[16];
	char hex[33];

	/* RFC 4122 version 4. */
	id_random(u, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	digest_hex(u, sizeof(u), hex);
	snprintf(out, WARC_ID, "<urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s>", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
	return out;
}

void
warc_put_uri(struct buf *b, const char *url)
{
	for (; *url != '\0'; url++)
		if (*url > ' ' && *url < 0x7f)
			buf_putc(b, *url);
		else
			buf_printf(b, "%%%02X", (unsigned char)*url);
}

void
warc_put(struct buf *b, const struct warc_new *r)
{
	char date[CLOCK_TEXT], hex[DIGEST_HEX];
	const char *block = r->block;

	buf_printf(b,
	    "WARC/1.1\r\nWARC-Type: %s\r\nWARC-Record-ID: %s\r\nWARC-Date: %s\r\n",
	    r->type, r->id, clock_format(r->time, date));
	if (r->fields != NULL)
		buf_puts(b, r->fields);
	buf_printf(b, "WARC-Block-Digest: sha256:%s\r\n",
	    digest_hex_of(block, r->block_len, hex));
	if (r->payload_at > 0)
		buf_printf(b, "WARC-Payload-Digest: sha256:%s\r\n",
		    digest_hex_of(
			block + r->payload_at, r->block_len - r->payload_at, hex));
	buf_printf(b, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
	    r->content_type, r->block_len);
	buf_put(b, block, r->block_len);
	buf_puts(b, "\r\n\r\n");
}
