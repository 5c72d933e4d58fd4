/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_media: digests and perceptual hashes of pictures that are made here: what must
 * change a hash hardly at all, what must change it wholly, and what is no picture.
 */
#include <time.h>
#include <zlib.h>

#include "media/image.h"
#include "media/media.h"
#include "media/pdq.h"
#include "pictures.h"
#include "suite.h"

#define PIXELS 16000000

static unsigned
bits(const char *a, const char *b)
{
	unsigned d = 0;

	for (int i = 0; i < 64; i++) {
		unsigned x = 0, y = 0;

		sscanf((char[]){a[i], '\0'}, "%x", &x);
		sscanf((char[]){b[i], '\0'}, "%x", &y);
		d += (unsigned)__builtin_popcount(x ^ y);
	}
	return d;
}

static struct media
hash_of(const struct buf *b)
{
	struct media m;

	media_hash(b->data, b->len, PIXELS, &m);
	SAME(m.why, "");
	CU_ASSERT_EQUAL(strlen(m.pdq), 64);
	return m;
}

static struct media
jpeg_of(struct picture p, int quality, bool progressive)
{
	struct buf b = {0};
	struct media m;

	picture_jpeg(&p, quality, progressive, &b);
	m = hash_of(&b);
	buf_free(&b);
	picture_free(&p);
	return m;
}

static struct media
png_of(struct picture p, int colour, bool laced)
{
	struct buf b = {0};
	struct media m;

	picture_png(&p, colour, laced, &b);
	m = hash_of(&b);
	buf_free(&b);
	picture_free(&p);
	return m;
}

static void
test_digests(void)
{
	struct media m;

	/* FIPS 180-2 and RFC 1321 */
	media_hash("abc", 3, PIXELS, &m);
	SAME(m.sha256,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	SAME(m.md5, "900150983cd24fb0d6963f7d28e17f72");
	SAME(m.pdq, "");
	SAME(m.why, "neither JPEG nor PNG");
	media_hash("", 0, PIXELS, &m);
	SAME(m.md5, "d41d8cd98f00b204e9800998ecf8427e");
}

/* A hash by the book, without any of pdq.c's short cuts: whole sums for every window,
 * and the transform written out. */
static void
slow_box(const double *in, double *out, int n, int stride)
{
	int w = (n + 127) / 128, half = (w + 2) / 2;

	for (int i = 0; i < n; i++) {
		double sum = 0;
		int count = 0;

		for (int k = i + half - w; k < i + half; k++)
			if (k >= 0 && k < n) {
				sum += in[k * stride];
				count++;
			}
		out[i * stride] = sum / count;
	}
}

static int
by_size(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

static void
slow_hash(const float *grey, int width, int height, struct pdq *out)
{
	double *a = xcalloc((size_t)(width * height), sizeof(*a)),
	       *b = xcalloc((size_t)(width * height), sizeof(*b));
	double f[64][64], t[256], sorted[256];

	for (int i = 0; i < width * height; i++)
		a[i] = grey[i];
	for (int pass = 0; pass < 2; pass++) {
		for (int y = 0; y < height; y++)
			slow_box(a + y * width, b + y * width, width, 1);
		for (int x = 0; x < width; x++)
			slow_box(b + x, a + x, height, width);
	}
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < 64; j++)
			f[i][j] = a[(int)((i + 0.5) * height / 64) * width +
				    (int)((j + 0.5) * width / 64)];
	for (int u = 1; u <= 16; u++)
		for (int v = 1; v <= 16; v++) {
			double sum = 0;

			for (int y = 0; y < 64; y++)
				for (int x = 0; x < 64; x++)
					sum += f[y][x] *
					       cos(M_PI * u * (2 * y + 1) / 128) *
					       cos(M_PI * v * (2 * x + 1) / 128);
			t[(u - 1) * 16 + v - 1] = sum;
		}
	memcpy(sorted, t, sizeof(t));
	qsort(sorted, 256, sizeof(sorted[0]), by_size);
	memset(out, 0, sizeof(*out));
	for (int k = 0; k < 256; k++)
		if (t[k] > sorted[127])
			out->w[k / 16] |= (uint16_t)(1u << (k % 16));
	free(a);
	free(b);
}

static void
test_slow(void)
{
	static const unsigned sides[][2] = {
	    {64, 64}, {200, 130}, {129, 128}, {7, 300}, {512, 65}, {70, 611}};

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		unsigned w = sides[i][0], h = sides[i][1];
		struct picture p = picture_make(i + 1, w, h);
		float *grey = xcalloc((size_t)w * h, sizeof(*grey));
		struct pdq fast, slow;

		for (size_t k = 0; k < (size_t)w * h; k++)
			grey[k] = p.rgb[3 * k];
		slow_hash(grey, (int)w, (int)h, &slow);
		pdq_hash(grey, w, h, &fast);
		/* A coefficient may lie so near to the median that rounding decides. */
		CU_ASSERT(pdq_distance(&fast, &slow) <= 2);
		free(grey);
		picture_free(&p);
	}
}

static void
test_alike(void)
{
	unsigned worst = 0;

	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct media whole = jpeg_of(picture_make(seed, 900, 700), 95, false);
		struct picture light = picture_make(seed, 900, 700);
		struct picture dull = picture_make(seed, 900, 700);
		struct media others[9];

		picture_change(&light, 1, 25);
		picture_change(&dull, 0.7, 30);
		others[0] = jpeg_of(picture_make(seed, 900, 700), 30, false);
		others[1] = jpeg_of(picture_make(seed, 900, 700), 90, true);
		others[2] = jpeg_of(picture_make(seed, 240, 200), 85, false);
		others[3] = jpeg_of(picture_make(seed, 1300, 1040), 85, false);
		others[4] = jpeg_of(light, 90, false);
		others[5] = jpeg_of(dull, 90, false);
		others[6] =
		    png_of(picture_make(seed, 640, 480), PNG_COLOR_TYPE_RGB, false);
		others[7] =
		    png_of(picture_make(seed, 1100, 800), PNG_COLOR_TYPE_RGB, true);
		others[8] = png_of(
		    picture_make(seed, 900, 700), PNG_COLOR_TYPE_RGB_ALPHA, false);
		CU_ASSERT(whole.quality >= 30);
		for (int i = 0; i < 9; i++) {
			unsigned d = bits(whole.pdq, others[i].pdq);

			worst = d > worst ? d : worst;
			if (d > 31)
				printf("\n    seed %d, variant %d: %u bits", (int)seed,
				    i, d);
			CU_ASSERT(d <= 31);
		}
	}
	printf("(at most %u bits) ", worst);
}

static void
test_different(void)
{
	struct media m[24];
	unsigned sum = 0, n = 0, least = 256;

	for (unsigned i = 0; i < 24; i++)
		m[i] = jpeg_of(picture_make(100 + i, 300, 260), 90, false);
	for (unsigned i = 0; i < 24; i++)
		for (unsigned k = 0; k < i; k++) {
			unsigned d = bits(m[i].pdq, m[k].pdq);

			sum += d;
			n++;
			least = d < least ? d : least;
		}
	printf("(mean %u, least %u bits) ", sum / n, least);
	CU_ASSERT(sum / n >= 118 && sum / n <= 138);
	CU_ASSERT(least > 60);
}

static void
test_nothing_to_see(void)
{
	struct picture p = {300, 200, xcalloc(300 * 200, 3)};
	struct media m;
	struct buf b = {0};

	picture_png(&p, PNG_COLOR_TYPE_GRAY, false, &b);
	media_hash(b.data, b.len, PIXELS, &m);
	CU_ASSERT_EQUAL(m.quality, 0);
	CU_ASSERT_EQUAL(strlen(m.pdq), 64);
	CU_ASSERT_EQUAL(m.width, 300);
	buf_free(&b);
	picture_free(&p);
	p = picture_make(3, 4, 90);
	picture_png(&p, PNG_COLOR_TYPE_RGB, false, &b);
	media_hash(b.data, b.len, PIXELS, &m);
	SAME(m.pdq, "");
	SAME(m.why, "4 x 90 pixels are too few");
	buf_free(&b);
	picture_free(&p);
}

/* Bounds: pixels by the head alone, before anything is unpacked. */
static void
test_large(void)
{
	struct picture p = picture_make(1, 1000, 500);
	struct buf b = {0};
	struct media m;

	picture_jpeg(&p, 80, false, &b);
	media_hash(b.data, b.len, 499999, &m);
	SAME(m.pdq, "");
	SAME(m.why, "1000 x 500 pixels are more than 499999");
	buf_reset(&b);
	picture_png(&p, PNG_COLOR_TYPE_RGB, false, &b);
	media_hash(b.data, b.len, 1999999, &m);
	SAME(m.why, "PNG: 1000 x 500 pixels are more than 499999");
	media_hash(b.data, b.len, 2000000, &m);
	SAME(m.why, "");
	buf_reset(&b);
	picture_jpeg(&p, 80, true, &b);
	media_hash(b.data, b.len, 999999, &m);
	SAME(m.why, "1000 x 500 pixels are more than 499999");
	media_hash(b.data, b.len, 1000000, &m);
	SAME(m.why, "");
	buf_free(&b);
	picture_free(&p);
}

/* A picture cut anywhere, and one with each byte of its head changed: an answer always,
 * and never a hash of what is not there. */
static void
test_damage(void)
{
	struct picture p = picture_make(5, 400, 300);
	struct buf b = {0};
	struct media m;

	for (int kind = 0; kind < 4; kind++) {
		buf_reset(&b);
		if (kind < 2)
			picture_jpeg(&p, 85, kind == 1, &b);
		else
			picture_png(&p, PNG_COLOR_TYPE_RGB, kind == 3, &b);
		hash_of(&b);
		for (size_t n = 0; n < b.len - 16; n += 1 + n / 8) {
			media_hash(b.data, n, PIXELS, &m);
			SAME(m.pdq, "");
			CU_ASSERT_NOT_EQUAL(m.why[0], '\0');
		}
		for (size_t i = 0; i < 300 && i < b.len; i++) {
			char was = b.data[i];

			b.data[i] = (char)(was ^ 0x55);
			media_hash(b.data, b.len, 1000000, &m);
			CU_ASSERT((m.pdq[0] == '\0') == (m.why[0] != '\0'));
			b.data[i] = was;
		}
	}
	buf_free(&b);
	picture_free(&p);
}

/* One bit of the rows: the sums say so.  The mark of a JPEG's end, and what follows
 * the end of a picture, are no pixels. */
static void
test_slight_damage(void)
{
	struct picture p = picture_make(5, 400, 300);
	struct buf b = {0};
	struct media whole, m;

	for (int laced = 0; laced < 2; laced++) {
		buf_reset(&b);
		picture_png(&p, PNG_COLOR_TYPE_RGB, laced, &b);
		whole = hash_of(&b);
		b.data[b.len / 2] ^= 1;
		media_hash(b.data, b.len, PIXELS, &m);
		SAME(m.pdq, "");
		b.data[b.len / 2] ^= 1;
		buf_put(&b, "more", 4);
		SAME(hash_of(&b).pdq, whole.pdq);
	}
	buf_reset(&b);
	picture_jpeg(&p, 85, false, &b);
	whole = hash_of(&b);
	b.len -= 2;
	SAME(hash_of(&b).pdq, whole.pdq);
	/* Cut in the middle, and ended as if it were whole. */
	b.len /= 2;
	buf_put(&b, "\xff\xd9", 2);
	media_hash(b.data, b.len, PIXELS, &m);
	SAME(m.pdq, "");
	CU_ASSERT(strstr(m.why, "premature") != NULL);
	buf_free(&b);
	picture_free(&p);
}

static void
put_chunk(struct buf *b, const char *type, const void *data, size_t n)
{
	uint8_t head[8] = {
	    (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	unsigned long sum;

	memcpy(head + 4, type, 4);
	sum = crc32(0, head + 4, 4);
	if (n > 0)
		sum = crc32(sum, data, (unsigned)n);
	buf_put(b, head, 8);
	if (n > 0)
		buf_put(b, data, n);
	for (int i = 24; i >= 0; i -= 8)
		buf_putc(b, (char)(sum >> i & 255));
}

/* So many bytes of nothing, packed. */
static void
put_zeros(struct buf *b, size_t n)
{
	static const uint8_t zeros[1 << 16];
	uint8_t out[1 << 12];
	z_stream z = {0};
	int rc = Z_OK;

	CU_ASSERT_EQUAL_FATAL(deflateInit(&z, 9), Z_OK);
	while (rc != Z_STREAM_END) {
		if (z.avail_in == 0 && n > 0) {
			z.next_in = (uint8_t *)(uintptr_t)zeros;
			z.avail_in = (unsigned)(n < sizeof(zeros) ? n : sizeof(zeros));
			n -= z.avail_in;
		}
		z.next_out = out;
		z.avail_out = sizeof(out);
		rc = deflate(&z, n == 0 ? Z_FINISH : Z_NO_FLUSH);
		buf_put(b, out, sizeof(out) - z.avail_out);
	}
	deflateEnd(&z);
}

/* A small picture, and what unpacks to a gigabyte behind its last row or beside it. */
static void
test_bomb(void)
{
	static const uint8_t head[] = {0, 0, 0, 10, 0, 0, 0, 10, 8, 2, 0, 0, 0};
	struct buf b = {0}, text = {0}, rows = {0};
	struct media m;
	clock_t from = clock();

	put_zeros(&rows, (size_t)1 << 30);
	buf_put(&text, "k\0\0", 3);
	buf_put(&text, rows.data, rows.len);
	for (int kind = 0; kind < 2; kind++) {
		buf_reset(&b);
		buf_put(&b, "\x89PNG\r\n\x1a\n", 8);
		put_chunk(&b, "IHDR", head, sizeof(head));
		if (kind == 1) {
			buf_reset(&rows);
			put_zeros(&rows, 31 * 10);
			put_chunk(&b, "zTXt", text.data, text.len);
		}
		put_chunk(&b, "IDAT", rows.data, rows.len);
		put_chunk(&b, "IEND", NULL, 0);
		if (kind == 0)
			from = clock(); /* packing took its time */
		media_hash(b.data, b.len, PIXELS, &m);
		CU_ASSERT(clock() - from < CLOCKS_PER_SEC / 4);
		if (kind == 0)
			SAME(m.why, "PNG: Extra compressed data in IDAT");
		else
			SAME(m.why, "");
	}
	buf_free(&b);
	buf_free(&text);
	buf_free(&rows);
}

static const struct suite_test tests[] = {
    {"digests", test_digests},
    {"as by the book", test_slow},
    {"alike: scaled, compressed, lighter", test_alike},
    {"different", test_different},
    {"nothing to see", test_nothing_to_see},
    {"too large", test_large},
    {"damaged", test_damage},
    {"slightly damaged", test_slight_damage},
    {"packed a thousandfold", test_bomb},
};
SUITE_MAIN("media", tests)
