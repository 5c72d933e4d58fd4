/* SPDX-License-Identifier: Apache-2.0 */
/* face_means: the call with which a plugin says what a rule of its means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "policy/face.h"

static const char *
bad_meaning(const struct policy_face *f, int32_t rule, const char *digest,
    uint8_t out[DIGEST_LEN])
{
	if (f->phase != POLICY_OPENING)
		return "means() is for open() only";
	if (rule < 0 || (size_t)rule >= f->nrules)
		return "means() of a rule that it has not declared";
	if (digest == NULL || strnlen(digest, DIGEST_HEX) != DIGEST_HEX - 1 ||
	    !digest_unhex(digest, out, DIGEST_LEN))
		return "what a rule means must be 64 hexadecimal digits";
	return NULL;
}

int
policy_face_means(
    const struct tosd_host *h, int32_t rule, const char *digest, const char **errstr)
{
	struct policy_face *f = policy_face_of(h);
	uint8_t d[DIGEST_LEN];
	const char *bad = bad_meaning(f, rule, digest, d);

	if (bad != NULL) {
		snprintf(f->why, sizeof(f->why), "%s", bad);
		if (errstr != NULL)
			*errstr = f->why;
		return -1;
	}
	free(f->rules[rule].meaning);
	f->rules[rule].meaning = xmalloc(DIGEST_HEX);
	digest_hex(d, sizeof(d), f->rules[rule].meaning);
	return 0;
}
