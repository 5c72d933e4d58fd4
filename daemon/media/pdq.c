/* SPDX-License-Identifier: Apache-2.0 */
/* pdq: see pdq.h. */
#include "media/pdq.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FIELDS 64
#define KEPT 16
#define PASSES 2
#define QUALITY_SHARE 90

/* --- smaller --- */

static unsigned
window(unsigned side)
{
	return (side + 2 * FIELDS - 1) / (2 * FIELDS);
}

/* The mean over a window around each of n values, cut at the ends: of an even window
 * the larger half lies ahead. */
static void
box(const float *in, float *out, unsigned n, unsigned w)
{
	unsigned ahead = w / 2, behind = w - 1 - ahead, from = 0, to = 0;
	double sum = 0;

	for (unsigned i = 0; i < n; i++) {
		while (to < n && to <= i + ahead)
			sum += in[to++];
		while (from + behind < i)
			sum -= in[from++];
		out[i] = (float)(sum / (to - from));
	}
}

/* Columns: rows are added and taken away as a whole, as memory lies. */
static void
box_columns(const float *in, float *out, unsigned width, unsigned height, unsigned w)
{
	unsigned ahead = w / 2, behind = w - 1 - ahead, from = 0, to = 0;
	double *sum = xcalloc(width, sizeof(*sum));

	for (unsigned y = 0; y < height; y++) {
		for (; to < height && to <= y + ahead; to++)
			for (unsigned x = 0; x < width; x++)
				sum[x] += in[(size_t)to * width + x];
		for (; from + behind < y; from++)
			for (unsigned x = 0; x < width; x++)
				sum[x] -= in[(size_t)from * width + x];
		for (unsigned x = 0; x < width; x++)
			out[(size_t)y * width + x] = (float)(sum[x] / (to - from));
	}
	free(sum);
}

static void
fields(float *grey, unsigned width, unsigned height, float out[FIELDS][FIELDS])
{
	float *other = xmalloc((size_t)width * height * sizeof(*other));

	for (int pass = 0; pass < PASSES; pass++) {
		for (unsigned y = 0; y < height; y++)
			box(grey + (size_t)y * width, other + (size_t)y * width, width,
			    window(width));
		box_columns(other, grey, width, height, window(height));
	}
	free(other);
	for (unsigned i = 0; i < FIELDS; i++)
		for (unsigned j = 0; j < FIELDS; j++) {
			size_t y = (size_t)((i + 0.5) * height / FIELDS);
			size_t x = (size_t)((j + 0.5) * width / FIELDS);

			out[i][j] = grey[y * width + x];
		}
}

/* --- what there is to see --- */

static int
step(float a, float b)
{
	return abs((int)((a - b) * 100 / 255));
}

static int
quality(float f[FIELDS][FIELDS])
{
	int sum = 0;

	for (int i = 0; i < FIELDS; i++)
		for (int j = 0; j + 1 < FIELDS; j++)
			sum += step(f[i][j], f[i][j + 1]) + step(f[j][i], f[j + 1][i]);
	sum /= QUALITY_SHARE;
	return sum < 100 ? sum : 100;
}

/* --- transform --- */

/* Row k: the cosine of frequency k + 1 over the fields. */
static const float (*cosines(void))[FIELDS]
{
	static float c[KEPT][FIELDS];

	if (c[0][0] != 0)
		return (const float(*)[FIELDS])c;
	for (int k = 0; k < KEPT; k++)
		for (int j = 0; j < FIELDS; j++)
			c[k][j] =
			    (float)(sqrt(2.0 / FIELDS) *
				    cos(M_PI / 2 / FIELDS * (k + 1) * (2 * j + 1)));
	return (const float(*)[FIELDS])c;
}

static void
transform(float f[FIELDS][FIELDS], float out[KEPT][KEPT])
{
	const float(*c)[FIELDS] = cosines();
	float half[KEPT][FIELDS] = {{0}};

	for (int k = 0; k < KEPT; k++)
		for (int y = 0; y < FIELDS; y++)
			for (int x = 0; x < FIELDS; x++)
				half[k][x] += c[k][y] * f[y][x];
	for (int k = 0; k < KEPT; k++)
		for (int l = 0; l < KEPT; l++) {
			float sum = 0;

			for (int x = 0; x < FIELDS; x++)
				sum += half[k][x] * c[l][x];
			out[k][l] = sum;
		}
}

static int
by_size(const void *pa, const void *pb)
{
	const float *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* The lower one of the two in the middle. */
static float
median(float f[KEPT][KEPT])
{
	float v[KEPT * KEPT];

	memcpy(v, f, sizeof(v));
	qsort(v, KEPT * KEPT, sizeof(v[0]), by_size);
	return v[KEPT * KEPT / 2 - 1];
}

void
pdq_hash(float *grey, unsigned width, unsigned height, struct pdq *out)
{
	float f[FIELDS][FIELDS], t[KEPT][KEPT], middle;

	memset(out, 0, sizeof(*out));
	if (width < PDQ_SIDE_MIN || height < PDQ_SIDE_MIN)
		return;
	fields(grey, width, height, f);
	out->quality = quality(f);
	transform(f, t);
	middle = median(t);
	for (int i = 0; i < KEPT; i++)
		for (int j = 0; j < KEPT; j++)
			if (t[i][j] > middle)
				out->w[i] |= (uint16_t)(1u << j);
}

void
pdq_text(const struct pdq *p, char out[65])
{
	for (int i = 0; i < PDQ_WORDS; i++)
		snprintf(out + 4 * i, 5, "%04x", p->w[PDQ_WORDS - 1 - i]);
}

unsigned
pdq_distance(const struct pdq *a, const struct pdq *b)
{
	unsigned d = 0;

	for (int i = 0; i < PDQ_WORDS; i++)
		d += (unsigned)__builtin_popcount((unsigned)(a->w[i] ^ b->w[i]));
	return d;
}
