/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same: see same.h.  Not for threads.
 *
 * NH brings each KiB down to two sums at nearly the speed of memory; AES-GMAC signs the
 * sums and the length.  Two bodies have one mark by a chance of 2^-64, whoever made
 * them.
 */
#include "fetch/same.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/log.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SEED_LEN 16
#define TAG_LEN 16
#define UNIT 1024 /* bytes that NH makes two sums of */
#define PASSES 2  /* 32 bits of certainty each */
#define SHIFT 4	  /* words of key from one pass to the next (Toeplitz) */
#define NH_WORDS (UNIT / 4 + SHIFT * (PASSES - 1))
#define SUMS_MAX 128 /* that are signed at a time */

struct keys {
	uint8_t gmac[16];
	uint32_t nh[NH_WORDS];
};

struct same {
	EVP_CIPHER_CTX *stream, *gmac;
	struct keys keys;
	uint8_t unit[UNIT]; /* begun */
	size_t nunit;
	uint64_t sums[SUMS_MAX], total;
	size_t nsums;
	uint8_t kept[TAG_LEN];
};

static void
must(int ok)
{
	if (!ok)
		log_die("fetch", "OpenSSL could not make a digest");
}

/* NH of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway, 1999): sums of products of
 * message words plus key words. */
static void
nh(const uint8_t *m, const uint32_t *key, uint64_t out[PASSES])
{
#ifdef __SSE2__
	__m128i a = _mm_setzero_si128(), b = a, w, x, y;
	uint64_t half[4];

	for (size_t i = 0; i < UNIT / 16; i++, key += 4) {
		w = _mm_loadu_si128((const __m128i *)(const void *)m + i);
		x = _mm_add_epi32(w, _mm_loadu_si128((const void *)key));
		y = _mm_add_epi32(w, _mm_loadu_si128((const void *)(key + SHIFT)));
		a = _mm_add_epi64(a, _mm_mul_epu32(x, _mm_srli_epi64(x, 32)));
		b = _mm_add_epi64(b, _mm_mul_epu32(y, _mm_srli_epi64(y, 32)));
	}
	_mm_storeu_si128((void *)half, a);
	_mm_storeu_si128((void *)(half + 2), b);
	out[0] = half[0] + half[1];
	out[1] = half[2] + half[3];
#else
	uint32_t w[2];

	out[0] = out[1] = 0;
	for (size_t i = 0; i < UNIT / 8; i++, key += 2) {
		memcpy(w, m + 8 * i, 8);
		out[0] +=
		    (uint64_t)(uint32_t)(w[0] + key[0]) * (uint32_t)(w[1] + key[1]);
		out[1] += (uint64_t)(uint32_t)(w[0] + key[SHIFT]) *
			  (uint32_t)(w[1] + key[SHIFT + 1]);
	}
#endif
}

static void
sign_sums(struct same *s)
{
	int len;

	must(EVP_EncryptUpdate(s->gmac, NULL, &len, (const uint8_t *)s->sums,
	    (int)(s->nsums * sizeof(s->sums[0]))));
	s->nsums = 0;
}

static void
add_unit(struct same *s, const uint8_t *m)
{
	nh(m, s->keys.nh, s->sums + s->nsums);
	s->nsums += PASSES;
	if (s->nsums == SUMS_MAX)
		sign_sums(s);
}

/* All keys from the seed, by AES in counter mode. */
static void
start(struct same *s, const uint8_t seed[SEED_LEN])
{
	static const uint8_t zero[sizeof(struct keys)]; /* each key is used once */
	int len;

	must(EVP_EncryptInit_ex(s->stream, NULL, NULL, seed, zero) &&
	     EVP_EncryptUpdate(
		 s->stream, (uint8_t *)&s->keys, &len, zero, (int)sizeof(s->keys)) &&
	     EVP_EncryptInit_ex(s->gmac, NULL, NULL, s->keys.gmac, zero));
	s->nunit = s->nsums = 0;
	s->total = 0;
}

void
same_add(struct same *s, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t fill = UNIT - s->nunit;

	s->total += n;
	if (s->nunit > 0) {
		fill = fill < n ? fill : n;
		memcpy(s->unit + s->nunit, p, fill);
		s->nunit += fill;
		p += fill;
		n -= fill;
		if (s->nunit < UNIT)
			return;
		add_unit(s, s->unit);
		s->nunit = 0;
	}
	for (; n >= UNIT; n -= UNIT, p += UNIT)
		add_unit(s, p);
	if (n > 0)
		memcpy(s->unit, p, n);
	s->nunit = n;
}

static void
end(struct same *s, uint8_t tag[TAG_LEN])
{
	int len;

	if (s->nunit > 0) {
		memset(s->unit + s->nunit, 0, UNIT - s->nunit);
		add_unit(s, s->unit);
	}
	s->sums[s->nsums++] = s->total; /* there is room: flushed when full */
	sign_sums(s);
	must(EVP_EncryptFinal_ex(s->gmac, tag, &len) &&
	     EVP_CIPHER_CTX_ctrl(s->gmac, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag));
}

struct same *
same_new(void)
{
	struct same *s = xcalloc(1, sizeof(*s));

	s->stream = EVP_CIPHER_CTX_new();
	s->gmac = EVP_CIPHER_CTX_new();
	if (s->stream == NULL || s->gmac == NULL ||
	    !EVP_EncryptInit_ex(s->stream, EVP_aes_128_ctr(), NULL, NULL, NULL) ||
	    !EVP_EncryptInit_ex(s->gmac, EVP_aes_128_gcm(), NULL, NULL, NULL))
		log_die("fetch", "OpenSSL has no AES");
	return s;
}

void
same_free(struct same **s)
{
	if (*s == NULL)
		return;
	EVP_CIPHER_CTX_free((*s)->stream);
	EVP_CIPHER_CTX_free((*s)->gmac);
	free(*s);
	*s = NULL;
}

bool
same_start(struct same *s, const char *mark)
{
	uint8_t bytes[SEED_LEN + TAG_LEN];

	if (mark == NULL || !digest_unhex(mark, bytes, sizeof(bytes)))
		return false;
	memcpy(s->kept, bytes + SEED_LEN, TAG_LEN);
	start(s, bytes);
	return true;
}

bool
same_end(struct same *s)
{
	uint8_t tag[TAG_LEN];

	end(s, tag);
	return CRYPTO_memcmp(tag, s->kept, TAG_LEN) == 0;
}

/* One for all that is there at once. */
static struct same *
shared(void)
{
	static struct same *s;

	if (s == NULL)
		s = same_new();
	return s;
}

const char *
same_mark(const void *data, size_t n, char out[SAME_HEX])
{
	uint8_t mark[SEED_LEN + TAG_LEN];

	if (getrandom(mark, SEED_LEN, 0) != SEED_LEN)
		log_die("fetch", "the kernel gives no random bytes");
	start(shared(), mark);
	same_add(shared(), data, n);
	end(shared(), mark + SEED_LEN);
	return digest_hex(mark, sizeof(mark), out);
}

bool
same_check(const char *mark, const void *data, size_t n)
{
	if (!same_start(shared(), mark))
		return false;
	same_add(shared(), data, n);
	return same_end(shared());
}
