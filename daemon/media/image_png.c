/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_png: PNG through libpng.  Colour is kept apart until the grey is made,
 * transparency is left out.  Its errors come by longjmp: what is allocated stands in
 * struct png, which outlives the jump.
 *
 * The bytes are pushed: libpng's other way of reading unpacks whatever follows the last
 * row to its end, and ten megabytes unpack to ten thousand.
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
	struct image *out;
	struct image_rows rows;
	uint8_t *row, *all; /* all: an interlaced picture comes in passes */
	size_t pixels, line;
	unsigned channels;
	bool laced, begun, last, whole;
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

/* Only the rows are left to warn of: they are not what was written, or more than the
 * picture has. */
static void
on_warning(png_structp p, png_const_charp text)
{
	struct png *x = png_get_error_ptr(p);

	if (x->begun)
		png_error(p, text);
}

static void
on_head(png_structp p, png_infop info)
{
	struct png *x = png_get_progressive_ptr(p);
	png_uint_32 width, height;
	int depth, colour, lace;

	png_get_IHDR(p, info, &width, &height, &depth, &colour, &lace, NULL, NULL);
	x->out->full_width = width;
	x->out->full_height = height;
	if ((size_t)width * height > x->pixels / SHARE) {
		snprintf(x->why, sizeof(x->why),
		    "PNG: %u x %u pixels are more than %zu", width, height,
		    x->pixels / SHARE);
		png_longjmp(p, 1);
	}
	png_set_expand(p);
	png_set_scale_16(p);
	png_set_strip_alpha(p);
	png_set_interlace_handling(p);
	png_read_update_info(p, info);
	x->channels = png_get_channels(p, info);
	if (x->channels != 1 && x->channels != 3)
		png_error(p, "has neither grey nor colours");
	x->laced = lace != PNG_INTERLACE_NONE;
	x->line = png_get_rowbytes(p, info);
	image_rows_begin(&x->rows, x->out, width, height);
	x->row = xcalloc(width, 1);
	if (x->laced)
		x->all = xcalloc(height, x->line);
	x->begun = true;
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
on_row(png_structp p, png_bytep row, png_uint_32 y, int pass)
{
	struct png *x = png_get_progressive_ptr(p);

	if (row == NULL || y >= x->rows.height)
		return;
	/* The last pass has every other row. */
	if (x->laced ? pass == 6 && y + 2 >= x->rows.height : y + 1 == x->rows.height)
		x->last = true;
	if (x->laced)
		png_progressive_combine_row(p, x->all + y * x->line, row);
	else
		take_row(x, row);
}

static void
on_end(png_structp p, png_infop info)
{
	struct png *x = png_get_progressive_ptr(p);

	(void)info;
	for (unsigned y = 0; x->laced && y < x->rows.height; y++)
		take_row(x, x->all + y * x->line);
	x->whole = x->last;
}

static void
set_up(struct png *x)
{
	png_set_progressive_read_fn(x->p, x, on_head, on_row, on_end);
	png_set_chunk_malloc_max(x->p, CHUNK_MAX);
	png_set_crc_action(x->p, PNG_CRC_DEFAULT, PNG_CRC_WARN_DISCARD);
	/* Texts and profiles, which may be packed as well. */
	png_set_keep_unknown_chunks(x->p, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
}

bool
image_read_png(const void *data, size_t n, size_t pixels, struct image *out)
{
	struct png *x = xcalloc(1, sizeof(*x));
	bool ok;

	x->out = out;
	x->pixels = pixels;
	x->p = png_create_read_struct(PNG_LIBPNG_VER_STRING, x, on_error, on_warning);
	x->info = x->p != NULL ? png_create_info_struct(x->p) : NULL;
	if (x->info == NULL) {
		snprintf(x->why, sizeof(x->why), "PNG: libpng does not start");
	} else if (setjmp(png_jmpbuf(x->p)) == 0) {
		set_up(x);
		/* It is not written to, whatever the type says. */
		png_process_data(x->p, x->info, (png_bytep)(uintptr_t)data, n);
		if (!x->whole)
			snprintf(x->why, sizeof(x->why), "PNG: breaks off");
	}
	ok = x->whole;
	if (x->rows.to != NULL)
		image_rows_end(&x->rows);
	png_destroy_read_struct(&x->p, &x->info, NULL);
	if (!ok)
		memcpy(out->why, x->why, sizeof(out->why));
	free(x->row);
	free(x->all);
	free(x);
	return ok;
}
