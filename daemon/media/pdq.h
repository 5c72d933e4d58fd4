/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdq: the perceptual hash PDQ of a grey picture.  Pure.
 *
 * Source of the method and of all figures: "The TMK+PDQF Video-Hashing Algorithm and the
 * PDQ Image-Hashing Algorithm" (Facebook, 2019): two passes of a box filter along rows and
 * columns, whose window is 1/128 of the side, rounded up, make a tent filter; of its result
 * the centres of 64 by 64 fields are taken; of their two-dimensional cosine transform the
 * coefficients 1 to 16 in both directions are kept; a bit says whether a coefficient is
 * above the median of these 256.  Quality: the sum of the steps between neighbours of the
 * 64 by 64, each in whole hundredths of the range from black to white, through 90.
 *
 * Known figures, which tests use: two hashes of one picture differ in 31 bits or fewer,
 * those of different ones in 128 on average; below quality 50 a hash says little.
 *
 * Held against published hashes of two pictures of the reference implementation's
 * repository (facebook/ThreatExchange, pdq/data): bridge-1-original.jpg,
 * f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22, and c.png,
 * e64cc9d91c623882f8d1f1d9a398e78c9f199b3bd83924f2b7e11e0bf861b064, come out two bits
 * apart: that one scales pictures to 512 by 512 first, this one (image.c) to means of whole
 * pixels.
 */
#ifndef TOSD_MEDIA_PDQ_H
#define TOSD_MEDIA_PDQ_H

#include <stdint.h>

#define PDQ_WORDS 16
#define PDQ_SIDE_MIN 5 /* of a smaller picture there is no hash */

struct pdq {
	uint16_t w[PDQ_WORDS]; /* word i: row i, bit j of it: column j */
	int quality;
};

/* grey: width * height values from 0 to 255 in rows; overwritten. */
void pdq_hash(float *grey, unsigned width, unsigned height, struct pdq *out);
/* 64 hexadecimal digits, the last word first, as these hashes are exchanged. */
void pdq_text(const struct pdq *p, char out[65]);
unsigned pdq_distance(const struct pdq *a, const struct pdq *b);

#endif
