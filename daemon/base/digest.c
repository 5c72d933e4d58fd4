/* SPDX-License-Identifier: Apache-2.0 */
/* digest: hashing and its spellings; see digest.h. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void
digest_parts(const struct digest_part *parts, size_t n, uint8_t out[DIGEST_LEN])
{
	/* A fetched algorithm and one kept context: a one-shot EVP_Digest looks the
	 * algorithm up each time and costs a third more on short posts. */
	static EVP_MD *md;
	static EVP_MD_CTX *ctx;

	if (ctx == NULL) {
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
		ctx = EVP_MD_CTX_new();
	}
	if (md == NULL || ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
		log_die("digest", "OpenSSL gives no SHA-256");
	for (size_t i = 0; i < n; i++)
		if (EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1)
			log_die("digest", "SHA-256 failed");
	if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		log_die("digest", "SHA-256 failed");
}

void
digest_sha256(const void *data, size_t n, uint8_t out[DIGEST_LEN])
{
	struct digest_part part = {data, n};

	digest_parts(&part, 1, out);
}

/* --- piece by piece --- */

struct digest_sum {
	EVP_MD_CTX *ctx;
};

struct digest_sum *
digest_sum_new(void)
{
	struct digest_sum *s = xcalloc(1, sizeof(*s));

	s->ctx = EVP_MD_CTX_new();
	if (s->ctx == NULL || EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) != 1)
		log_die("digest", "OpenSSL gives no SHA-256");
	return s;
}

void
digest_sum_add(struct digest_sum *s, const void *data, size_t n)
{
	if (EVP_DigestUpdate(s->ctx, data, n) != 1)
		log_die("digest", "SHA-256 failed");
}

void
digest_sum_get(struct digest_sum *s, uint8_t out[DIGEST_LEN])
{
	if (EVP_DigestFinal_ex(s->ctx, out, NULL) != 1)
		log_die("digest", "SHA-256 failed");
}

void
digest_sum_free(struct digest_sum **s)
{
	if (*s == NULL)
		return;
	EVP_MD_CTX_free((*s)->ctx);
	free(*s);
	*s = NULL;
}

/* --- spellings --- */

const char *
digest_hex(const uint8_t *d, size_t n, char *out)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[d[i] >> 4];
		out[2 * i + 1] = hex[d[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

const char *
digest_hex_of(const void *data, size_t n, char out[DIGEST_HEX])
{
	uint8_t d[DIGEST_LEN];

	digest_sha256(data, n, d);
	return digest_hex(d, sizeof(d), out);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
digest_unhex(const char *s, uint8_t *out, size_t n)
{
	if (strlen(s) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(s[2 * i]), lo = hex_value(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

void
digest_base64(struct buf *b, const void *data, size_t n)
{
	char *to = buf_reserve(b, (n + 2) / 3 * 4 + 1);

	b->len += EVP_EncodeBlock((unsigned char *)to, data, (int)n);
}

bool
digest_unbase64(struct buf *b, const char *s, size_t n)
{
	size_t pad = 0;
	char *to;
	int got;

	if (n == 0)
		return true;
	if (n % 4 != 0)
		return false;
	/* EVP_DecodeBlock skips white space and takes '=' anywhere; we do not. */
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		bool data = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c >= '0' && c <= '9') || c == '+' || c == '/';

		if (c == '=' && i >= n - 2)
			pad++;
		else if (!data || pad > 0)
			return false;
	}
	to = buf_reserve(b, n / 4 * 3);
	got = EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)s, (int)n);
	if (got < 0 || (size_t)got < pad)
		return false;
	b->len += got - pad;
	b->data[b->len] = '\0';
	return true;
}
