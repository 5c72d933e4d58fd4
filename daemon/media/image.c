/* SPDX-License-Identifier: Apache-2.0 */
/* image: see image.h. */
#include "media/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ENOUGH 512 /* values along a side: the hash takes 64 fields of it */
#define MIDDLE 128

enum image_kind
image_kind_of(const void *data, size_t n)
{
	if (n >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
		return IMAGE_JPEG;
	if (n >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
		return IMAGE_PNG;
	return IMAGE_OTHER;
}

bool
image_read(const void *data, size_t n, size_t pixels, struct image *out)
{
	enum image_kind kind = image_kind_of(data, n);
	bool ok = false;

	memset(out, 0, sizeof(*out));
	if (kind == IMAGE_JPEG)
		ok = image_read_jpeg(data, n, pixels, out);
	else if (kind == IMAGE_PNG)
		ok = image_read_png(data, n, pixels, out);
	else
		snprintf(out->why, sizeof(out->why), "neither JPEG nor PNG");
	if (!ok) {
		free(out->grey);
		out->grey = NULL;
	}
	return ok;
}

void
image_clear(struct image *i)
{
	free(i->grey);
	memset(i, 0, sizeof(*i));
}

void
image_rows_begin(
    struct image_rows *r, struct image *to, unsigned width, unsigned height)
{
	r->to = to;
	r->width = width;
	r->height = height;
	r->by_x = width / ENOUGH > 0 ? width / ENOUGH : 1;
	r->by_y = height / ENOUGH > 0 ? height / ENOUGH : 1;
	r->y = 0;
	/* A block that would not be whole is left out at the right and at the bottom.
	 */
	to->width = width / r->by_x;
	to->height = height / r->by_y;
	to->grey = xcalloc((size_t)to->width * to->height, sizeof(*to->grey));
	r->sum = xcalloc(to->width, sizeof(*r->sum));
}

void
image_rows_add(struct image_rows *r, const uint8_t *row)
{
	unsigned at = r->y / r->by_y, width = r->to->width;
	float *out = r->to->grey + (size_t)at * width;

	if (at >= r->to->height)
		return;
	for (unsigned x = 0; x < width; x++)
		for (unsigned k = 0; k < r->by_x; k++)
			r->sum[x] += row[x * r->by_x + k];
	if (++r->y % r->by_y != 0)
		return;
	for (unsigned x = 0; x < width; x++) {
		out[x] = (float)r->sum[x] / (float)(r->by_x * r->by_y);
		r->sum[x] = 0;
	}
}

void
image_rows_end(struct image_rows *r)
{
	for (size_t i = (size_t)(r->y / r->by_y) * r->to->width;
	     r->to->grey != NULL && i < (size_t)r->to->width * r->to->height; i++)
		r->to->grey[i] = MIDDLE;
	free(r->sum);
	r->sum = NULL;
}
