/* SPDX-License-Identifier: Apache-2.0 */
/* note: signed notes and their keys; see note.h. */
#include "evidence/note.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/place.h"

#define ALG_ED25519 1
#define KEY_LEN 32 /* of a seed and of a public key */
#define ID_LEN 4
#define SIG_LEN 64
#define SECRET_MARK "PRIVATE+KEY+"
#define DASH "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define KEY_TEXT_MAX 512
#define SIGNATURES_MAX 100

struct note_key {
	char *name;
	uint8_t id[ID_LEN];
	uint8_t pub[KEY_LEN];
	uint8_t seed[KEY_LEN];
	bool secret;
	EVP_PKEY *pkey;
};

static bool
name_ok(const char *s, size_t n)
{
	if (n == 0 || n > NOTE_NAME_MAX || !text_valid(s, n))
		return false;
	for (size_t i = 0; i < n;) {
		uint32_t cp;

		i += text_decode(s + i, n - i, &cp);
		if (cp <= ' ' || cp == '+' || text_is_control(cp) || cp == 0xa0 ||
		    cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 ||
		    cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000)
			return false;
	}
	return true;
}

/* Base64 in its one canonical spelling: bits that decode to nothing must be zero,
 * or a changed character could go unseen. */
static bool
unbase64_exact(struct buf *to, const char *s, size_t n)
{
	size_t at = to->len;
	struct buf again = {0};
	bool ok = n > 0 && digest_unbase64(to, s, n);

	if (ok) {
		digest_base64(&again, to->data + at, to->len - at);
		ok = again.len == n && memcmp(again.data, s, n) == 0;
	}
	buf_free(&again);
	return ok;
}

static void
key_id(const char *name, const uint8_t pub[KEY_LEN], uint8_t id[ID_LEN])
{
	const uint8_t alg = ALG_ED25519;
	struct digest_part parts[] = {
	    {name, strlen(name)}, {"\n", 1}, {&alg, 1}, {pub, KEY_LEN}};
	uint8_t d[DIGEST_LEN];

	digest_parts(parts, 4, d);
	memcpy(id, d, ID_LEN);
}

/* From 32 bytes of seed or of public key. */
static int
key_make(const char *name, size_t name_len, const uint8_t *raw, bool secret,
    struct note_key **out, struct err *e)
{
	struct note_key *k = xcalloc(1, sizeof(*k));
	size_t n = KEY_LEN;

	k->name = xstrndup(name, name_len);
	k->secret = secret;
	if (secret) {
		memcpy(k->seed, raw, KEY_LEN);
		k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, n);
	} else {
		k->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, n);
	}
	if (k->pkey == NULL || EVP_PKEY_get_raw_public_key(k->pkey, k->pub, &n) != 1 ||
	    n != KEY_LEN) {
		note_key_free(&k);
		return err_set(e, TOSD_EIO, "OpenSSL refuses the Ed25519 key of %.*s",
		    (int)name_len, name);
	}
	key_id(k->name, k->pub, k->id);
	*out = k;
	return 0;
}

int
note_key_new(const char *name, struct note_key **out, struct err *e)
{
	EVP_PKEY *pkey = NULL;
	uint8_t seed[KEY_LEN];
	size_t n = sizeof(seed);
	int rc;

	*out = NULL;
	if (!name_ok(name, strlen(name)))
		return err_set(e, TOSD_EINVAL,
		    "a key's name has 1 to %d bytes of UTF-8 "
		    "without spaces, '+' and control characters",
		    NOTE_NAME_MAX);
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (pkey == NULL || EVP_PKEY_get_raw_private_key(pkey, seed, &n) != 1 ||
	    n != sizeof(seed))
		rc = err_set(e, TOSD_EIO, "OpenSSL makes no Ed25519 key");
	else
		rc = key_make(name, strlen(name), seed, true, out, e);
	OPENSSL_cleanse(seed, sizeof(seed));
	EVP_PKEY_free(pkey);
	return rc;
}

static bool
id_text_ok(const char *s, size_t n, uint8_t id[ID_LEN])
{
	char hex[2 * ID_LEN + 1], again[2 * ID_LEN + 1];

	if (n != 2 * ID_LEN)
		return false;
	memcpy(hex, s, n);
	hex[n] = '\0';
	return digest_unhex(hex, id, ID_LEN) &&
	       strcmp(digest_hex(id, ID_LEN, again), hex) == 0;
}

int
note_key_parse(const char *text, struct note_key **out, struct err *e)
{
	bool secret = strncmp(text, SECRET_MARK, strlen(SECRET_MARK)) == 0;
	const char *name = text + (secret ? strlen(SECRET_MARK) : 0);
	const char *hex = strchr(name, '+');
	const char *key = hex != NULL ? strchr(hex + 1, '+') : NULL;
	struct buf raw = {0};
	uint8_t id[ID_LEN];
	int rc;

	*out = NULL;
	if (key == NULL || strnlen(text, KEY_TEXT_MAX) == KEY_TEXT_MAX ||
	    !name_ok(name, hex - name) || !id_text_ok(hex + 1, key - hex - 1, id) ||
	    !unbase64_exact(&raw, key + 1, strlen(key + 1)) || raw.len != 1 + KEY_LEN ||
	    raw.data[0] != ALG_ED25519) {
		rc = err_set(e, TOSD_EINVAL,
		    "this is no Ed25519 note key "
		    "(name+hexid+base64, or " SECRET_MARK "... for a secret one)");
		goto out;
	}
	rc = key_make(name, hex - name, (uint8_t *)raw.data + 1, secret, out, e);
	if (rc == 0 && memcmp(id, (*out)->id, ID_LEN) != 0) {
		note_key_free(out);
		rc = err_set(e, TOSD_EINVAL,
		    "the key of %.*s does not match its id: it "
		    "was mistyped or changed",
		    (int)(hex - name), name);
	}
out:
	if (raw.data != NULL)
		OPENSSL_cleanse(raw.data, raw.cap);
	buf_free(&raw);
	return rc;
}

void
note_key_free(struct note_key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);
	OPENSSL_cleanse((*k)->seed, KEY_LEN);
	free((*k)->name);
	free(*k);
	*k = NULL;
}

const char *
note_key_name(const struct note_key *k)
{
	return k->name;
}

bool
note_key_secret(const struct note_key *k)
{
	return k->secret;
}

static char *
key_text(const struct note_key *k, const char *mark, const uint8_t raw[KEY_LEN])
{
	char hex[2 * ID_LEN + 1];
	uint8_t tagged[1 + KEY_LEN] = {ALG_ED25519};
	struct buf b = {0};

	memcpy(tagged + 1, raw, KEY_LEN);
	buf_printf(&b, "%s%s+%s+", mark, k->name, digest_hex(k->id, ID_LEN, hex));
	digest_base64(&b, tagged, sizeof(tagged));
	OPENSSL_cleanse(tagged, sizeof(tagged));
	return buf_take(&b);
}

char *
note_key_text(const struct note_key *k)
{
	return k->secret ? key_text(k, SECRET_MARK, k->seed) : NULL;
}

char *
note_key_vkey(const struct note_key *k)
{
	return key_text(k, "", k->pub);
}

/* Gives a file a further name, which must be free. */
static int
name_new(const char *from, const char *path, struct err *e)
{
	int rc = 0;

	if (link(from, path) != 0) {
		rc = errno == EEXIST ? TOSD_EEXIST : TOSD_EIO;
		err_sys(e, "cannot create %s", path);
		if (e != NULL)
			e->code = rc;
	}
	return rc;
}

/* It has its name once it is whole: a start that is killed here must not leave half a
 * key to the next one. */
int
note_key_save(const struct note_key *k, const char *path, struct err *e)
{
	char *text = note_key_text(k), *dir = xstrdup(path);
	char *line = NULL, *part = xasprintf("%s" PLACE_PART, path);
	int fd, rc;

	if (text == NULL) {
		rc = err_set(
		    e, TOSD_EINVAL, "the key of %s is not a secret one", k->name);
		goto out;
	}
	line = xasprintf("%s\n", text);
	unlink(
	    part); /* another name of the key, if the crash was after it had this one */
	rc = file_begin(path, line, strlen(line), 0600, &fd, e);
	if (rc != 0)
		goto out;
	file_sync_fd(fd, path);
	close(fd);
	rc = name_new(part, path, e);
	unlink(part);
	if (rc == 0)
		file_sync_dir(dirname(dir));
out:
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	if (line != NULL)
		OPENSSL_cleanse(line, strlen(line));
	free(text);
	free(line);
	free(part);
	free(dir);
	return rc;
}

int
note_key_load(const char *path, struct note_key **out, struct err *e)
{
	struct buf b = {0};
	struct stat st;
	int rc;

	*out = NULL;
	rc = file_read(path, KEY_TEXT_MAX, &b, e);
	if (rc != 0)
		goto out;
	if (b.len > 0 && b.data[b.len - 1] == '\n')
		b.data[--b.len] = '\0';
	if (strlen(b.data) != b.len)
		rc = err_set(e, TOSD_EINVAL, "%s holds no key", path);
	else if ((rc = note_key_parse(b.data, out, e)) != 0)
		rc = err_wrap(e, "%s", path);
	else if ((*out)->secret && stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		rc = err_set(e, TOSD_EDENIED,
		    "%s holds a secret key, but others may read "
		    "it: chmod 600 it, or make a new key",
		    path);
out:
	if (rc != 0)
		note_key_free(out);
	if (b.data != NULL)
		OPENSSL_cleanse(b.data, b.cap);
	buf_free(&b);
	return rc;
}

/* What a signed text may be made of. */
static bool
text_ok(const char *s, size_t n)
{
	if (n == 0 || s[n - 1] != '\n' || !text_valid(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 && s[i] != '\n')
			return false;
	return true;
}

int
note_sign(const struct note_key *k, const char *body, size_t n, struct buf *out,
    struct err *e)
{
	EVP_MD_CTX *ctx = NULL;
	uint8_t sig[ID_LEN + SIG_LEN];
	size_t sig_len = SIG_LEN;
	int rc = 0;

	if (!k->secret)
		return err_set(e, TOSD_EINVAL, "the key of %s cannot sign", k->name);
	if (!text_ok(body, n))
		return err_set(e, TOSD_EINVAL,
		    "a note is UTF-8 text that ends in a "
		    "newline, without other control characters");
	memcpy(sig, k->id, ID_LEN);
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) != 1 ||
	    EVP_DigestSign(ctx, sig + ID_LEN, &sig_len, (const uint8_t *)body, n) !=
		1 ||
	    sig_len != SIG_LEN) {
		rc = err_set(
		    e, TOSD_EIO, "OpenSSL cannot sign with the key of %s", k->name);
		goto out;
	}
	buf_put(out, body, n);
	buf_printf(out, "\n" DASH "%s ", k->name);
	digest_base64(out, sig, sizeof(sig));
	buf_putc(out, '\n');
out:
	EVP_MD_CTX_free(ctx);
	return rc;
}

static bool
signature_ok(const struct note_key *k, const char *body, size_t n, const uint8_t *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL &&
		  EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
		  EVP_DigestVerify(ctx, sig, SIG_LEN, (const uint8_t *)body, n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

enum line { LINE_BROKEN, LINE_OTHER, LINE_GOOD, LINE_WRONG };

/* One signature line without its newline. */
static enum line
line_check(const struct note_key *k, const char *s, size_t n, const char *body,
    size_t body_len)
{
	const char *name = s + strlen(DASH), *space;
	struct buf raw = {0};
	enum line got = LINE_BROKEN;

	if (n < strlen(DASH) || memcmp(s, DASH, strlen(DASH)) != 0)
		return LINE_BROKEN;
	space = memchr(name, ' ', s + n - name);
	if (space == NULL || !name_ok(name, space - name) ||
	    !unbase64_exact(&raw, space + 1, s + n - space - 1) || raw.len <= ID_LEN)
		goto out;
	if ((size_t)(space - name) != strlen(k->name) ||
	    memcmp(name, k->name, space - name) != 0 ||
	    memcmp(raw.data, k->id, ID_LEN) != 0) {
		got = LINE_OTHER;
		goto out;
	}
	got = raw.len == ID_LEN + SIG_LEN &&
		      signature_ok(k, body, body_len, (uint8_t *)raw.data + ID_LEN)
		  ? LINE_GOOD
		  : LINE_WRONG;
out:
	buf_free(&raw);
	return got;
}

/* Where the last empty line is: offset of its newline, or 0. */
static size_t
find_gap(const char *s, size_t n)
{
	for (size_t i = n; i-- > 1;)
		if (s[i] == '\n' && s[i - 1] == '\n')
			return i;
	return 0;
}

int
note_verify(const struct note_key *k, const char *text, size_t n, size_t *body_len,
    struct err *e)
{
	size_t gap = n <= NOTE_MAX && text_ok(text, n) ? find_gap(text, n) : 0;
	const char *s = text + gap + 1, *end = text + n;
	bool good = false;
	unsigned lines = 0;

	if (gap == 0 || s == end)
		return err_set(e, TOSD_EINVAL,
		    "this is no signed note (a text, an empty "
		    "line, signature lines)");
	for (; s < end; lines++) {
		const char *nl = memchr(s, '\n', end - s);
		enum line got = line_check(k, s, nl - s, text, gap);

		if (got == LINE_BROKEN || lines == SIGNATURES_MAX)
			return err_set(e, TOSD_EINVAL,
			    "signature line %u of the note is "
			    "malformed",
			    lines + 1);
		if (got == LINE_WRONG)
			return err_set(e, TOSD_ETAMPER,
			    "the signature of %s does not "
			    "match the text: one of them was changed",
			    k->name);
		good = good || got == LINE_GOOD;
		s = nl + 1;
	}
	if (!good)
		return err_set(e, TOSD_ETAMPER,
		    "the note is not signed by %s with the "
		    "key given",
		    k->name);
	*body_len = gap;
	return 0;
}
