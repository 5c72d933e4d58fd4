/* SPDX-License-Identifier: Apache-2.0 */
/* sign: see sign.h.  The form of keys and notes: C2SP signed-note, Ed25519 only. */
#include "sign.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define ED25519 1
#define KEY_LEN 32
#define ID_LEN 4
#define SIG_LEN 64
#define NOTE_MAX 16384
#define NAME_LEN 200

struct key {
	char name[NAME_LEN + 1];
	uint8_t id[ID_LEN];
	uint8_t pub[KEY_LEN];
};

/* Base64 in its one spelling to exactly len bytes. */
static bool
unbase64(const char *s, size_t n, uint8_t *out, size_t len)
{
	uint8_t raw[128];
	char again[180];
	size_t pad = n > 2 ? (size_t)(s[n - 1] == '=') + (s[n - 2] == '=') : 0;

	if (n == 0 || n % 4 != 0 || n / 4 * 3 > sizeof(raw) ||
	    EVP_DecodeBlock(raw, (const unsigned char *)s, (int)n) < 0 ||
	    n / 4 * 3 - pad != len)
		return false;
	EVP_EncodeBlock((unsigned char *)again, raw, (int)len);
	if (memcmp(again, s, n) != 0)
		return false;
	memcpy(out, raw, len);
	return true;
}

static bool
unhex(const char *s, uint8_t out[ID_LEN])
{
	for (int i = 0; i < 2 * ID_LEN; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = s[i] != '\0' ? strchr(digits, s[i]) : NULL;

		if (at == NULL)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (at - digits));
	}
	return true;
}

static void
key_id(const struct key *k, uint8_t id[ID_LEN])
{
	struct sb b = {0};
	char hex[MEM_HEX];
	const char mark[] = {'\n', ED25519};

	sb_puts(&b, k->name);
	sb_put(&b, mark, 2);
	sb_put(&b, (const char *)k->pub, KEY_LEN);
	mem_sha256(b.data, b.len, hex);
	unhex(hex, id);
	sb_free(&b);
}

/* NAME+ID+KEY of n bytes; the key itself may have a '+'. */
static bool
key_parse(const char *s, size_t n, struct key *k)
{
	const char *one = memchr(s, '+', n), *two;
	uint8_t raw[1 + KEY_LEN], id[ID_LEN];

	if (one == NULL || one == s || one - s > NAME_LEN)
		return false;
	two = one + 1 + 2 * ID_LEN;
	memset(k, 0, sizeof(*k));
	memcpy(k->name, s, (size_t)(one - s));
	if (two >= s + n || *two != '+' || !unhex(one + 1, k->id) ||
	    !unbase64(two + 1, (size_t)(s + n - two - 1), raw, sizeof(raw)) ||
	    raw[0] != ED25519)
		return false;
	memcpy(k->pub, raw + 1, KEY_LEN);
	key_id(k, id);
	return memcmp(id, k->id, ID_LEN) == 0;
}

static size_t
next_key(const char **s)
{
	*s += strspn(*s, " \t\n,");
	return strcspn(*s, " \t\n,");
}

int
sign_keys(const char *signers, struct why *w)
{
	struct key k;

	for (size_t n; (n = next_key(&signers)) > 0; signers += n)
		if (!key_parse(signers, n, &k))
			return why_set(w,
			    "`signers': `%.*s' is no Ed25519 verifier key "
			    "(NAME+ID+KEY, "
			    "as `tosctl policy keygen' prints it)",
			    (int)(n < 100 ? n : 100), signers);
	return 0;
}

static bool
verify(const struct key *k, const uint8_t sig[SIG_LEN], const char *text, size_t n)
{
	EVP_PKEY *pkey =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->pub, KEY_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok =
	    pkey != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, sig, SIG_LEN, (const unsigned char *)text, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

/* Whether the line "— NAME BASE64" is the signature of text by the key. */
static bool
line_holds(
    const char *line, size_t n, const struct key *k, const char *text, size_t len)
{
	size_t name = strlen(k->name), dash = strlen(DASH);
	uint8_t raw[ID_LEN + SIG_LEN];

	if (n <= dash + name + 1 || memcmp(line, DASH, dash) != 0 ||
	    memcmp(line + dash, k->name, name) != 0 || line[dash + name] != ' ' ||
	    !unbase64(line + dash + name + 1, n - dash - name - 1, raw, sizeof(raw)))
		return false;
	return memcmp(raw, k->id, ID_LEN) == 0 && verify(k, raw + ID_LEN, text, len);
}

static bool
any_line(const char *lines, const struct key *k, const char *text, size_t len)
{
	for (const char *nl; (nl = strchr(lines, '\n')) != NULL; lines = nl + 1)
		if (line_holds(lines, (size_t)(nl - lines), k, text, len))
			return true;
	return false;
}

int
sign_check(const char *signers, const struct sign_of *of, struct why *w)
{
	struct sb path = {0}, note = {0}, want = {0};
	struct key k;
	struct why why;
	bool ok = false;
	int rc = 0;

	sb_printf(&path, "%s.sig", of->file);
	sb_printf(&want, "%s\n%s\n%s\n", of->what, of->name, of->digest);
	if (mem_read_file(path.data, NOTE_MAX, &note, &why) != 0)
		rc = why_set(w,
		    "%s: the %s is not signed (%s: %s), and `signers' wants it: sign "
		    "it "
		    "with tosctl %s sign",
		    of->file, of->noun, path.data, why.text,
		    strcmp(of->noun, "pack") == 0 ? "policy" : "lists");
	else if (note.len <= want.len + 1 ||
		 memcmp(note.data, want.data, want.len) != 0 ||
		 note.data[want.len] != '\n')
		rc = why_set(w,
		    "%s: %s signs another content; check the %s, and sign it again",
		    of->file, path.data, of->noun);
	for (size_t n; rc == 0 && !ok && (n = next_key(&signers)) > 0; signers += n)
		ok = key_parse(signers, n, &k) &&
		     any_line(note.data + want.len + 1, &k, want.data, want.len);
	if (rc == 0 && !ok)
		rc = why_set(w, "%s: none of `signers' has signed it in %s", of->file,
		    path.data);
	sb_free(&path);
	sb_free(&note);
	sb_free(&want);
	return rc;
}
