/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_jpeg: JPEG through libjpeg, which hands over a picture scaled down by 2, 4 or 8
 * for less than a whole one costs.  Its errors come by longjmp: what is allocated
 * stands in struct jpeg, which outlives the jump.
 */
#include "media/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/buf.h"

#define ENOUGH 512
/* Progressive pictures may name any number of passes over all their pixels. */
#define SCANS_MAX 20
/* ... and cost several times as much as others. */
#define PROGRESSIVE_SHARE 2
#define MEMORY_MAX (256L << 20)

struct jpeg {
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr err;
	struct jpeg_progress_mgr progress;
	jmp_buf back;
	struct image_rows rows;
	uint8_t *row, *cmyk;
	char why[160];
};

static void
on_error(j_common_ptr c)
{
	struct jpeg *j = c->client_data;
	char text[JMSG_LENGTH_MAX];

	if (j->why[0] == '\0') {
		c->err->format_message(c, text);
		snprintf(j->why, sizeof(j->why), "JPEG: %.140s", text);
	}
	longjmp(j->back, 1);
}

/* Warnings of pixels that libjpeg makes up; of the others the picture is what it is. */
static bool
is_made_up(const struct jpeg *j)
{
	switch (j->err.msg_code) {
	case JWRN_HIT_MARKER:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_MUST_RESYNC:
	case JWRN_ARITH_BAD_CODE:
		return true;
	case JWRN_JPEG_EOF: /* may be no more than the mark of the end */
		return j->d.progressive_mode || j->d.arith_code ||
		       j->d.comps_in_scan < j->d.num_components;
	default:
		return false;
	}
}

static void
on_message(j_common_ptr c, int level)
{
	struct jpeg *j = c->client_data;

	if (level < 0 && is_made_up(j))
		on_error(c);
}

static void
on_progress(j_common_ptr c)
{
	struct jpeg *j = c->client_data;

	if (j->d.input_scan_number <= SCANS_MAX)
		return;
	snprintf(j->why, sizeof(j->why), "JPEG: more than %d passes", SCANS_MAX);
	longjmp(j->back, 1);
}

/* The greatest scale at which both sides still have enough. */
static unsigned
scale_of(unsigned width, unsigned height)
{
	unsigned by = 8;

	while (by > 1 && (width / by < ENOUGH || height / by < ENOUGH))
		by /= 2;
	return by;
}

/* Four inks, as Adobe's programs write them inverted and others do not. */
static void
grey_of_inks(const struct jpeg *j, uint8_t *to, const uint8_t *from, unsigned n)
{
	unsigned flip = j->d.saw_Adobe_marker ? 0 : 255;

	for (unsigned i = 0; i < n; i++, from += 4) {
		unsigned k = from[3] ^ flip;
		unsigned v = 299 * ((from[0] ^ flip) * k / 255) +
			     587 * ((from[1] ^ flip) * k / 255) +
			     114 * ((from[2] ^ flip) * k / 255);

		to[i] = (uint8_t)(v / 1000);
	}
}

static bool
read_head(struct jpeg *j, size_t pixels, struct image *out)
{
	struct jpeg_decompress_struct *d = &j->d;
	bool inks;

	jpeg_read_header(d, TRUE);
	out->full_width = d->image_width;
	out->full_height = d->image_height;
	if (d->progressive_mode)
		pixels /= PROGRESSIVE_SHARE;
	if ((size_t)d->image_width * d->image_height > pixels) {
		snprintf(j->why, sizeof(j->why), "%u x %u pixels are more than %zu",
		    d->image_width, d->image_height, pixels);
		return false;
	}
	inks = d->jpeg_color_space == JCS_CMYK || d->jpeg_color_space == JCS_YCCK;
	d->out_color_space = inks ? JCS_CMYK : JCS_GRAYSCALE;
	d->scale_num = 1;
	d->scale_denom = scale_of(d->image_width, d->image_height);
	d->dct_method = JDCT_ISLOW;
	d->do_fancy_upsampling = FALSE;
	return true;
}

static void
read_rows(struct jpeg *j, struct image *out)
{
	struct jpeg_decompress_struct *d = &j->d;
	bool inks = d->out_color_space == JCS_CMYK;

	jpeg_start_decompress(d);
	image_rows_begin(&j->rows, out, d->output_width, d->output_height);
	j->row = xcalloc(d->output_width, 1);
	j->cmyk = inks ? xcalloc(d->output_width, 4) : NULL;
	while (d->output_scanline < d->output_height) {
		JSAMPROW line = inks ? j->cmyk : j->row;

		if (jpeg_read_scanlines(d, &line, 1) != 1)
			break;
		if (inks)
			grey_of_inks(j, j->row, j->cmyk, d->output_width);
		image_rows_add(&j->rows, j->row);
	}
}

bool
image_read_jpeg(const void *data, size_t n, size_t pixels, struct image *out)
{
	struct jpeg *j = xcalloc(1, sizeof(*j));
	volatile bool ok = false;

	j->d.err = jpeg_std_error(&j->err);
	j->err.error_exit = on_error;
	j->err.emit_message = on_message;
	j->progress.progress_monitor = on_progress;
	j->d.client_data = j;
	if (setjmp(j->back) == 0) {
		jpeg_create_decompress(&j->d);
		j->d.client_data = j;
		j->d.progress = &j->progress;
		j->d.mem->max_memory_to_use = MEMORY_MAX;
		jpeg_mem_src(&j->d, data, (unsigned long)n);
		if (read_head(j, pixels, out)) {
			read_rows(j, out);
			ok = true;
		}
	}
	if (j->rows.to != NULL)
		image_rows_end(&j->rows);
	jpeg_destroy_decompress(&j->d);
	memcpy(out->why, j->why, sizeof(out->why));
	free(j->row);
	free(j->cmyk);
	free(j);
	return ok;
}
