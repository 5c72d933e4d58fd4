/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: signed tree heads; see checkpoint.h. */
#include "evidence/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define ROOT_B64 44 /* 32 bytes in base64 */

const char *
checkpoint_number(const char *s, uint64_t *out)
{
	const char *start = s;
	uint64_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return NULL;
	if (s == start || (*start == '0' && s - start > 1))
		return NULL;
	*out = v;
	return s;
}

const char *
checkpoint_name(uint64_t size, char out[CHECKPOINT_NAME])
{
	snprintf(
	    out, CHECKPOINT_NAME, "checkpoints/%llu.note", (unsigned long long)size);
	return out;
}

bool
checkpoint_name_parse(const char *file, uint64_t *size)
{
	const char *end = checkpoint_number(file, size);

	return end != NULL && strcmp(end, ".note") == 0;
}

int
checkpoint_sign(const struct note_key *key, const struct checkpoint *c, struct buf *out,
    struct err *e)
{
	struct buf body = {0};
	int rc;

	buf_printf(
	    &body, "%s\n%llu\n", note_key_name(key), (unsigned long long)c->size);
	digest_base64(&body, c->root, sizeof(c->root));
	buf_putc(&body, '\n');
	rc = note_sign(key, body.data, body.len, out, e);
	buf_free(&body);
	return rc;
}

int
checkpoint_parse(const struct note_key *key, const char *text, size_t n,
    struct checkpoint *out, struct err *e)
{
	const char *name = note_key_name(key), *s, *end;
	struct buf root = {0};
	size_t body = 0;
	int rc = note_verify(key, text, n, &body, e);

	if (rc != 0)
		return rc;
	s = text;
	end = text + body;
	if (body <= strlen(name) || memcmp(s, name, strlen(name)) != 0 ||
	    s[strlen(name)] != '\n')
		return err_set(
		    e, TOSD_EINVAL, "the signed head is not one of log %s", name);
	s = checkpoint_number(s + strlen(name) + 1, &out->size);
	if (s == NULL || end - s < ROOT_B64 + 2 || s[0] != '\n' ||
	    s[1 + ROOT_B64] != '\n' || !digest_unbase64(&root, s + 1, ROOT_B64) ||
	    root.len != DIGEST_LEN)
		rc = err_set(e, TOSD_EINVAL,
		    "the signed head of log %s has no size and root", name);
	else
		memcpy(out->root, root.data, DIGEST_LEN);
	buf_free(&root);
	return rc;
}

int
checkpoint_load(
    const struct note_key *key, const char *path, struct checkpoint *out, struct err *e)
{
	struct buf b = {0};
	int rc = file_read(path, NOTE_MAX, &b, e);

	if (rc == 0) {
		rc = checkpoint_parse(key, b.data, b.len, out, e);
		if (rc != 0)
			err_wrap(e, "%s", path);
	}
	buf_free(&b);
	return rc;
}
