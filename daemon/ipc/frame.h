/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: the 16 bytes before every message: u16 version, u16 type, u32 length of the
 * body, u32 sequence (1, 2, 3... in each direction), u32 flags; little-endian.
 */
#ifndef TOSD_IPC_FRAME_H
#define TOSD_IPC_FRAME_H

#include <stdint.h>

#include "base/err.h"

#define FRAME_HEAD 16
#define FRAME_HAS_FD 1u /* a descriptor came with the first byte of this frame */

struct frame {
	uint16_t version, type;
	uint32_t length, seq, flags;
};

void frame_put(uint8_t out[FRAME_HEAD], const struct frame *f);

/* Reads a header and judges what can be judged without the body: version, flags,
 * length against MSG_MAX, sequence against `seq`.  0 or TOSD_EPROTO. */
int frame_get(const uint8_t in[FRAME_HEAD], uint32_t seq, struct frame *f, struct err *e);

#endif
