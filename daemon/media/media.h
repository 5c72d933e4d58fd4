/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media: what the bytes of a medium are: their digests, and of a picture (JPEG, PNG) the
 * perceptual hash PDQ, which hardly changes when the picture is scaled, compressed anew or
 * made lighter.
 *
 * The bytes are a tenant's.  Decoders get no more than the stated pixels to work on, and an
 * end of what a progressive picture may ask for, so that one picture takes some tens of
 * milliseconds at most.
 */
#ifndef TOSD_MEDIA_MEDIA_H
#define TOSD_MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIA_SHA256 65 /* hexadecimal, with the NUL */
#define MEDIA_MD5 33
#define MEDIA_PDQ 65

struct media {
	char sha256[MEDIA_SHA256], md5[MEDIA_MD5];
	char pdq[MEDIA_PDQ]; /* empty: there is none, see why */
	int quality;	     /* of pdq: 0 (nothing to see) to 100 */
	unsigned width, height; /* of a picture, else 0 */
	char why[200];	     /* why there is no pdq; empty where there is one */
};

/* pixels: of a larger picture there is no pdq. */
void media_hash(const void *data, size_t n, size_t pixels, struct media *out);

#endif
