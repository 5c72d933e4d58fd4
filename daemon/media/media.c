/* SPDX-License-Identifier: Apache-2.0 */
/* media: see media.h. */
#include "media/media.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "media/image.h"
#include "media/pdq.h"

static void
hex(const uint8_t *d, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", d[i]);
}

/* MD5 is what older lists have; it proves nothing.  Where the system forbids it, it is
 * empty. */
static void
take_md5(const void *data, size_t n, char out[MEDIA_MD5])
{
	uint8_t d[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(data, n, d, &len, EVP_md5(), NULL) == 1 && len == 16)
		hex(d, len, out);
}

void
media_hash(const void *data, size_t n, size_t pixels, struct media *out)
{
	struct image i;
	struct pdq p;

	memset(out, 0, sizeof(*out));
	digest_hex_of(data, n, out->sha256);
	take_md5(data, n, out->md5);
	if (!image_read(data, n, pixels, &i)) {
		snprintf(out->why, sizeof(out->why), "%.190s", i.why);
	} else if (i.width < PDQ_SIDE_MIN || i.height < PDQ_SIDE_MIN) {
		snprintf(out->why, sizeof(out->why), "%u x %u pixels are too few",
		    i.full_width, i.full_height);
	} else {
		pdq_hash(i.grey, i.width, i.height, &p);
		pdq_text(&p, out->pdq);
		out->quality = p.quality;
	}
	out->width = i.full_width;
	out->height = i.full_height;
	image_clear(&i);
}
