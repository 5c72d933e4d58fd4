/* SPDX-License-Identifier: Apache-2.0 */
/* same: see same.h.  A context is reused inside, so not for threads. */
#include "fetch/same.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/digest.h"
#include "base/log.h"

#define KEY_LEN 16
#define TAG_LEN 16
#define PIECE (1 << 30) /* OpenSSL counts in int */

static void
tag_of(const uint8_t key[KEY_LEN], const void *data, size_t n, uint8_t tag[TAG_LEN])
{
	/* One message a key, so the nonce may always be the same. */
	static const uint8_t nonce[12];
	static EVP_CIPHER_CTX *ctx;
	const uint8_t *p = data;
	int len, ok;

	if (ctx == NULL) {
		ctx = EVP_CIPHER_CTX_new();
		ok = ctx != NULL &&
		     EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, NULL, NULL);
		if (!ok)
			log_die("fetch", "OpenSSL has no AES-GCM");
	}
	ok = EVP_EncryptInit_ex(ctx, NULL, NULL, key, nonce);
	for (size_t done = 0, now; ok && done < n; done += now) {
		now = n - done < PIECE ? n - done : PIECE;
		ok = EVP_EncryptUpdate(ctx, NULL, &len, p + done, (int)now);
	}
	ok = ok && EVP_EncryptFinal_ex(ctx, tag, &len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag);
	if (!ok)
		log_die("fetch", "OpenSSL could not make a digest");
}

const char *
same_mark(const void *data, size_t n, char out[SAME_HEX])
{
	uint8_t mark[KEY_LEN + TAG_LEN];

	if (getrandom(mark, KEY_LEN, 0) != KEY_LEN)
		log_die("fetch", "the kernel gives no random bytes");
	tag_of(mark, data, n, mark + KEY_LEN);
	return digest_hex(mark, sizeof(mark), out);
}

bool
same_check(const char *mark, const void *data, size_t n)
{
	uint8_t kept[KEY_LEN + TAG_LEN], tag[TAG_LEN];

	if (mark == NULL || !digest_unhex(mark, kept, sizeof(kept)))
		return false;
	tag_of(kept, data, n, tag);
	return CRYPTO_memcmp(tag, kept + KEY_LEN, TAG_LEN) == 0;
}
