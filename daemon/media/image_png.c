/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_png: PNG through libpng.  Colour is kept apart until the grey is made,
 * transparency is left out.  Its errors come by longjmp: what is allocated stands in
 * struct png, which outlives the jump.
 */
#include "media/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/buf.h"

/* Every pixel has to be unpacked, unlike those of a JPEG that is scaled. */
#define SHARE 4
#define CHUNK_MAX (8u << 20)

struct png {
	png_structp p;
	png_infop info;
	const uint8_t *data;
	size_t n, at;
	struct image_rows rows;
	uint8_t *row, *all; /* all: an interlaced picture comes in passes */
	size_t pixels;
	unsigned channels;
	char why[160];
};

static void
on_error(png_structp p, png_const_charp text)
{
	struct png *x = png_get_error_ptr(p);

	if (x->why[0] == '\0')
		snprintf(x->why, sizeof(x->why), "PNG: %.140s", text);
	png_longjmp(p, 1);
}

static void
on_warning(png_structp p, png_const_charp text)
{
	(void)p;
	(void)text;
}

static void
on_read(png_structp p, png_bytep to, size_t n)
{
	struct png *x = png_get_io_ptr(p);

	if (n > x->n - x->at)
		png_error(p, "breaks off");
	memcpy(to, x->data + x->at, n);
	x->at += n;
}

static void
read_head(struct png *x, struct image *out)
{
	png_uint_32 width, height;
	int depth, colour;

	png_read_info(x->p, x->info);
	png_get_IHDR(x->p, x->info, &width, &height, &depth, &colour, NULL, NULL, NULL);
	out->full_width = width;
	out->full_height = height;
	if ((size_t)width * height > x->pixels / SHARE) {
		snprintf(x->why, sizeof(x->why),
		    "PNG: %u x %u pixels are more than %zu", width, height,
		    x->pixels / SHARE);
		png_longjmp(x->p, 1);
	}
	png_set_expand(x->p);
	png_set_scale_16(x->p);
	png_set_strip_alpha(x->p);
	png_set_interlace_handling(x->p);
	png_read_update_info(x->p, x->info);
	x->channels = png_get_channels(x->p, x->info);
	if (x->channels != 1 && x->channels != 3)
		png_error(x->p, "has neither grey nor colours");
	image_rows_begin(&x->rows, out, width, height);
	x->row = xcalloc(width, 1);
}

static void
take_row(struct png *x, const uint8_t *v)
{
	if (x->channels == 3) {
		for (unsigned i = 0; i < x->rows.width; i++, v += 3)
			x->row[i] =
			    (uint8_t)((299 * v[0] + 587 * v[1] + 114 * v[2] + 500) /
				      1000);
		v = x->row;
	}
	image_rows_add(&x->rows, v);
}

static void
read_rows(struct png *x)
{
	size_t line = png_get_rowbytes(x->p, x->info);
	bool laced = png_get_interlace_type(x->p, x->info) != PNG_INTERLACE_NONE;
	int passes = laced ? 7 : 1;

	x->all = xcalloc(laced ? x->rows.height : 1, line);
	for (int pass = 0; pass < passes; pass++)
		for (unsigned y = 0; y < x->rows.height; y++) {
			uint8_t *row = x->all + (laced ? y * line : 0);

			png_read_row(x->p, row, NULL);
			if (!laced)
				take_row(x, row);
		}
	for (unsigned y = 0; laced && y < x->rows.height; y++)
		take_row(x, x->all + y * line);
}

bool
image_read_png(const void *data, size_t n, size_t pixels, struct image *out)
{
	struct png *x = xcalloc(1, sizeof(*x));
	volatile bool ok = false;

	x->data = data;
	x->n = n;
	x->pixels = pixels;
	x->p = png_create_read_struct(PNG_LIBPNG_VER_STRING, x, on_error, on_warning);
	x->info = x->p != NULL ? png_create_info_struct(x->p) : NULL;
	if (x->info == NULL) {
		snprintf(out->why, sizeof(out->why), "PNG: libpng does not start");
	} else if (setjmp(png_jmpbuf(x->p)) == 0) {
		png_set_read_fn(x->p, x, on_read);
		png_set_chunk_malloc_max(x->p, CHUNK_MAX);
		png_set_crc_action(x->p, PNG_CRC_DEFAULT, PNG_CRC_WARN_DISCARD);
		read_head(x, out);
		read_rows(x);
		ok = true;
	} else {
		ok = x->rows.y > 0; /* the rest is missing */
	}
	if (x->rows.to != NULL)
		image_rows_end(&x->rows);
	png_destroy_read_struct(&x->p, &x->info, NULL);
	if (x->why[0] != '\0')
		memcpy(out->why, x->why, sizeof(out->why));
	free(x->row);
	free(x->all);
	free(x);
	return ok;
}
