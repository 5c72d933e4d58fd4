/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: a JPEG or PNG as grey values, no larger than its hash needs: means over whole
 * pixels, with at least 512 values along each side that has so many.
 */
#ifndef TOSD_MEDIA_IMAGE_H
#define TOSD_MEDIA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	float *grey; /* width * height values from 0 to 255, in rows; xmalloc'd */
	unsigned width, height;
	unsigned full_width, full_height; /* as the picture itself says */
	char why[160];			  /* why it could not be read */
};

enum image_kind { IMAGE_OTHER, IMAGE_JPEG, IMAGE_PNG };
enum image_kind image_kind_of(const void *data, size_t n);

/* False: see why.  A picture that breaks off or is damaged is none: what browsers make up
 * for the rest would make another hash. */
bool image_read(const void *data, size_t n, size_t pixels, struct image *out);
void image_clear(struct image *i);

/* --- for image*.c --- */

/* Rows come in one after the other, means of blocks come out. */
struct image_rows {
	struct image *to;
	unsigned by_x, by_y;  /* pixels of a block */
	unsigned width, height; /* what comes in */
	uint32_t *sum;
	unsigned y;
};
void image_rows_begin(
    struct image_rows *r, struct image *to, unsigned width, unsigned height);
void image_rows_add(struct image_rows *r, const uint8_t *row);
/* What has not come is grey. */
void image_rows_end(struct image_rows *r);

bool image_read_jpeg(const void *data, size_t n, size_t pixels, struct image *out);
bool image_read_png(const void *data, size_t n, size_t pixels, struct image *out);

#endif
