/* SPDX-License-Identifier: Apache-2.0 */
/* signature: HMAC by OpenSSL, over the methods that WebSub names; see signature.h. */
#include "fetch/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"

static const struct method {
	const char *name;
	const EVP_MD *(*md)(void);
	size_t len;
	bool weak;
} methods[] = {
    {"sha256", EVP_sha256, 32, false},
    {"sha384", EVP_sha384, 48, false},
    {"sha512", EVP_sha512, 64, false},
    {"sha1", EVP_sha1, 20, true},
};

static const struct method *
method_of(const char *header, size_t n)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i].name) == n &&
		    strncasecmp(header, methods[i].name, n) == 0)
			return &methods[i];
	return NULL;
}

static bool
no(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return false;
}

bool
fetch_signature_ok(const char *header, const char *secret, const void *body, size_t n,
    bool sha1, const char **why)
{
	const char *eq = header != NULL ? strchr(header, '=') : NULL;
	uint8_t said[EVP_MAX_MD_SIZE], made[EVP_MAX_MD_SIZE];
	const struct method *m;
	unsigned len = 0;

	if (header == NULL)
		return no(why, "not signed");
	m = eq != NULL ? method_of(header, (size_t)(eq - header)) : NULL;
	if (m == NULL)
		return no(why, "signed by an unknown method");
	if (m->weak && !sha1)
		return no(why, "signed by SHA-1, which is not taken");
	if (!digest_unhex(eq + 1, said, m->len))
		return no(why, "the signature is malformed");
	if (HMAC(m->md(), secret, (int)strlen(secret), n > 0 ? body : "", n, made,
		&len) == NULL ||
	    len != m->len)
		return no(why, "the signature could not be computed");
	return CRYPTO_memcmp(said, made, len) == 0 || no(why, "the signature is wrong");
}
