/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lanes: sixteen bytes looked at together, in the compiler's own vectors, so that
 * the common case (dull text) costs a fraction of a look at each byte.
 */
#ifndef TOSD_FEED_LANES_H
#define TOSD_FEED_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LANES 16

typedef uint8_t lanes __attribute__((vector_size(LANES)));
typedef int8_t signed_lanes __attribute__((vector_size(LANES)));

static inline lanes
lanes_at(const char *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The first byte of a comparison's result that is set; LANES if none is. */
static inline int
lanes_first(lanes v)
{
#ifdef __SSE2__
	return __builtin_ctz((unsigned)_mm_movemask_epi8((__m128i)v) | 1u << LANES);
#else
	int i = 0;

	while (i < LANES && v[i] == 0)
		i++;
	return i;
#endif
}

/* How many of the sixteen bytes at p can be copied as words with single spaces
 * between; reads one byte more. */
static inline int
lanes_smooth(const char *p)
{
	lanes a = lanes_at(p), b = lanes_at(p + 1);

	return lanes_first((lanes)((a < ' ') | ((a == ' ') & (b <= ' '))));
}

/* How many of the sixteen bytes at p are ASCII that XML allows. */
static inline int
lanes_ascii(const char *p)
{
	lanes a = lanes_at(p);
	/* As signed numbers, bytes from 0x80 on are less than a space as well. */
	lanes odd = (lanes)((signed_lanes)a < ' ');
	int n = lanes_first(odd);

	if (n == LANES)
		return n;
	return lanes_first(odd & (lanes)((a != '\t') & (a != '\n') & (a != '\r')));
}

/* How many of the sixteen bytes at p are no control but \n and \t. */
static inline int
lanes_plain(const char *p)
{
	lanes a = lanes_at(p);

	return lanes_first((lanes)((a < ' ') & (a != '\t') & (a != '\n')));
}

#endif
