/* SPDX-License-Identifier: Apache-2.0 */
/* salted: files with salts; see salted.h. */
#include "evidence/salted.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "evidence/place.h"

#define RANDOM_PART 24
#define PIECE 65536

static void
salt_new(uint8_t salt[SALTED_SALT])
{
	uint8_t d[DIGEST_LEN];

	id_random(salt, RANDOM_PART);
	digest_sha256(salt, RANDOM_PART, d);
	memcpy(salt + RANDOM_PART, d, SALTED_SALT - RANDOM_PART);
}

int
salted_begin(const char *dir, const char *rel, const void *data, size_t n,
    enum file_sync sync, char hex[DIGEST_HEX], struct salted_begun *out, struct err *e)
{
	uint8_t salt[SALTED_SALT], d[DIGEST_LEN];
	struct digest_part parts[] = {{salt, sizeof(salt)}, {data, n}};
	char *path = xasprintf("%s/%s", dir, rel);
	char *salt_path = xasprintf("%s" PLACE_SALT, path);
	int rc = place_dirs(dir, rel, 0700, sync, e);

	out->path = NULL;
	out->fd = out->salt_fd = -1;
	salt_new(salt);
	if (rc == 0)
		rc = file_begin(salt_path, salt, sizeof(salt), 0600, &out->salt_fd, e);
	if (rc == 0)
		rc = file_begin(path, data, n, 0600, &out->fd, e);
	if (rc == 0) {
		digest_parts(parts, 2, d);
		digest_hex(d, sizeof(d), hex);
		out->path = path;
		path = NULL;
	} else if (out->salt_fd >= 0) {
		close(out->salt_fd);
	}
	free(path);
	free(salt_path);
	return rc;
}

void
salted_sync(struct salted_begun *b, enum file_sync sync)
{
	if (sync == FILE_SYNC) {
		file_sync_fd(b->salt_fd, b->path);
		file_sync_fd(b->fd, b->path);
	}
	close(b->salt_fd);
	close(b->fd);
	b->fd = b->salt_fd = -1;
}

int
salted_finish(struct salted_begun *b, struct err *e)
{
	char *salt_path = xasprintf("%s" PLACE_SALT, b->path);
	/* The salt first: a file without one could not be committed to. */
	int rc = file_finish(salt_path, e);

	if (rc == 0)
		rc = file_finish(b->path, e);
	free(salt_path);
	free(b->path);
	b->path = NULL;
	return rc;
}

int
salted_write(const char *dir, const char *rel, const void *data, size_t n,
    enum file_sync sync, char hex[DIGEST_HEX], struct err *e)
{
	struct salted_begun b;
	char *path;
	int rc = salted_begin(dir, rel, data, n, sync, hex, &b, e);

	if (rc != 0)
		return rc;
	path = xstrdup(b.path);
	salted_sync(&b, sync);
	rc = salted_finish(&b, e);
	if (rc == 0 && sync == FILE_SYNC)
		file_sync_dir(dirname(path));
	free(path);
	return rc;
}

/* A regular file and nothing else, without following a link. */
static int
open_plain(const char *dir, const char *rel, const char *suffix, int *fd, struct err *e)
{
	char *path = xasprintf("%s/%s%s", dir, rel, suffix);
	struct stat st;
	int rc = 0;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		rc = err_set(e, TOSD_ENOENT, "%s is missing", path);
	else if (*fd < 0 && errno == ELOOP)
		rc = err_set(e, TOSD_ETAMPER, "%s is a link", path);
	else if (*fd < 0 || fstat(*fd, &st) != 0)
		rc = err_sys(e, "cannot open %s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, TOSD_ETAMPER, "%s is no regular file", path);
	if (rc != 0 && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	free(path);
	return rc;
}

static int
read_salt(const char *dir, const char *rel, uint8_t salt[SALTED_SALT], struct err *e)
{
	uint8_t raw[SALTED_SALT + 1];
	ssize_t n;
	int fd, rc = open_plain(dir, rel, PLACE_SALT, &fd, e);

	if (rc != 0)
		return rc;
	n = read(fd, raw, sizeof(raw));
	close(fd);
	if (n != SALTED_SALT)
		return err_set(e, TOSD_ETAMPER, "%s/%s" PLACE_SALT " has not %d bytes",
		    dir, rel, SALTED_SALT);
	memcpy(salt, raw, SALTED_SALT);
	return 0;
}

static int
hash_fd(int fd, const char *rel, EVP_MD_CTX *ctx, uint64_t *size, struct err *e)
{
	static uint8_t piece[PIECE];

	for (*size = 0;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read %s", rel);
		if (n == 0)
			return 0;
		if (EVP_DigestUpdate(ctx, piece, n) != 1)
			log_die("evidence", "SHA-256 failed");
		*size += n;
	}
}

int
salted_commit(const char *dir, const char *rel, char hex[DIGEST_HEX], uint64_t *size,
    struct err *e)
{
	EVP_MD_CTX *ctx = NULL;
	uint8_t salt[SALTED_SALT], d[DIGEST_LEN];
	int fd = -1, rc = open_plain(dir, rel, "", &fd, e);

	if (rc == 0)
		rc = read_salt(dir, rel, salt, e);
	if (rc != 0)
		goto out;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, salt, sizeof(salt)) != 1)
		log_die("evidence", "OpenSSL gives no SHA-256");
	rc = hash_fd(fd, rel, ctx, size, e);
	if (rc == 0 && EVP_DigestFinal_ex(ctx, d, NULL) != 1)
		log_die("evidence", "SHA-256 failed");
	if (rc == 0)
		digest_hex(d, sizeof(d), hex);
out:
	EVP_MD_CTX_free(ctx);
	if (fd >= 0)
		close(fd);
	return rc;
}

bool
salted_salt_broken(const char *dir, const char *rel)
{
	uint8_t salt[SALTED_SALT], d[DIGEST_LEN];

	if (read_salt(dir, rel, salt, NULL) != 0)
		return true;
	digest_sha256(salt, RANDOM_PART, d);
	return memcmp(salt + RANDOM_PART, d, SALTED_SALT - RANDOM_PART) != 0;
}

int
salted_erase(const char *dir, const char *rel, enum file_sync sync, struct err *e)
{
	char *salt_rel = xasprintf("%s" PLACE_SALT, rel);
	int file = place_remove(dir, rel, sync, e), salt = 0;

	/* After a crash between the two only the salt is left. */
	if (file == 0 || file == TOSD_ENOENT)
		salt = place_remove(dir, salt_rel, sync, file == 0 ? e : NULL);
	free(salt_rel);
	if (salt == TOSD_EIO)
		return salt;
	if (file == TOSD_ENOENT && salt == TOSD_ENOENT)
		return err_set(e, TOSD_ENOENT, "%s/%s is gone already", dir, rel);
	return file == TOSD_EIO ? file : 0;
}
