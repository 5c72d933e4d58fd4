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

#define LANES 16

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes
lanes_at(const char *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Is any byte of a comparison's result set? */
static inline bool
lanes_any(lanes v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return (half[0] | half[1]) != 0;
}

/* No white space but single spaces between words, and no control, in the sixteen
 * bytes at p; reads one byte more. */
static inline bool
lanes_smooth(const char *p)
{
	lanes a = lanes_at(p), b = lanes_at(p + 1);

	return !lanes_any((lanes)((a < ' ') | (b < ' ') | ((a == ' ') & (b == ' '))));
}

/* Only ASCII that XML allows. */
static inline bool
lanes_ascii(const char *p)
{
	lanes a = lanes_at(p);

	return !lanes_any((lanes)((a >= 0x80) |
				  ((a < ' ') & (a != '\t') & (a != '\n') & (a != '\r'))));
}

/* No control but \n and \t. */
static inline bool
lanes_plain(const char *p)
{
	lanes a = lanes_at(p);

	return !lanes_any((lanes)((a < ' ') & (a != '\t') & (a != '\n')));
}

#endif
