/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictures: scenes drawn by a seed, at any size, and written as JPEG or PNG.  A scene is a
 * function of the place, so that a smaller picture of it is really a smaller picture.
 */
#ifndef TESTS_PICTURES_H
#define TESTS_PICTURES_H

#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "base/buf.h"

struct picture {
	unsigned width, height;
	uint8_t *rgb;
};

static inline uint64_t
picture_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* Soft blobs of light over a slope, twenty of them. */
static inline struct picture
picture_make(uint64_t seed, unsigned width, unsigned height)
{
	struct picture p = {width, height, xmalloc((size_t)width * height * 3)};
	double blob[20][6];
	uint64_t s = seed * 2654435761u + 88172645463325252u;

	for (int i = 0; i < 20; i++)
		for (int k = 0; k < 6; k++)
			blob[i][k] = (double)(picture_random(&s) % 10000) / 10000;
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			double u = (x + 0.5) / width, v = (y + 0.5) / height;
			double c[3] = {60 + 40 * u, 60 + 40 * v, 80};

			for (int i = 0; i < 20; i++) {
				double dx = u - blob[i][0], dy = v - blob[i][1];
				double r = 0.02 + 0.16 * blob[i][2];
				double g = exp(-(dx * dx + dy * dy) / (r * r));

				for (int k = 0; k < 3; k++)
					c[k] += g * (blob[i][3 + k] - 0.35) * 220;
			}
			for (int k = 0; k < 3; k++)
				p.rgb[((size_t)y * width + x) * 3 + (unsigned)k] =
				    (uint8_t)(c[k] < 0 ? 0 : c[k] > 255 ? 255 : c[k]);
		}
	return p;
}

static inline void
picture_free(struct picture *p)
{
	free(p->rgb);
	p->rgb = NULL;
}

/* Each value through a line: lighter, more contrast. */
static inline void
picture_change(struct picture *p, double factor, double plus)
{
	for (size_t i = 0; i < (size_t)p->width * p->height * 3; i++) {
		double v = p->rgb[i] * factor + plus;

		p->rgb[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
	}
}

static inline void
picture_jpeg(const struct picture *p, int quality, bool progressive, struct buf *out)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned char *mem = NULL;
	unsigned long n = 0;

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &mem, &n);
	c.image_width = p->width;
	c.image_height = p->height;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	if (progressive)
		jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		JSAMPROW row = p->rgb + (size_t)c.next_scanline * p->width * 3;

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	buf_put(out, mem, n);
	free(mem);
}

static inline void
picture_png_write(png_structp p, png_bytep data, size_t n)
{
	buf_put(png_get_io_ptr(p), data, n);
}

/* colour: PNG_COLOR_TYPE_RGB, _RGB_ALPHA or _GRAY (of the green). */
static inline void
picture_png(const struct picture *x, int colour, bool laced, struct buf *out)
{
	png_structp p = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(p);
	unsigned ch = colour == PNG_COLOR_TYPE_RGB ? 3 : colour == PNG_COLOR_TYPE_GRAY ? 1 : 4;
	uint8_t *row = xcalloc(x->width, ch);

	png_set_write_fn(p, out, picture_png_write, NULL);
	png_set_IHDR(p, info, x->width, x->height, 8, colour,
	    laced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	png_write_info(p, info);
	for (int pass = laced ? png_set_interlace_handling(p) : 1; pass > 0; pass--)
		for (unsigned y = 0; y < x->height; y++) {
			for (unsigned i = 0; i < x->width; i++) {
				const uint8_t *v = x->rgb + ((size_t)y * x->width + i) * 3;

				memcpy(row + (size_t)i * ch, ch == 1 ? v + 1 : v,
				    ch == 1 ? 1 : 3);
				if (ch == 4)
					row[(size_t)i * ch + 3] = (uint8_t)(i + y);
			}
			png_write_row(p, row);
		}
	png_write_end(p, info);
	png_destroy_write_struct(&p, &info);
	free(row);
}

#endif
