/* SPDX-License-Identifier: Apache-2.0 */
/* frame: headers written and judged; see frame.h. */
#include "ipc/frame.h"

#include "ipc/msg.h"

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t
get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

void
frame_put(uint8_t out[FRAME_HEAD], const struct frame *f)
{
	put16(out, f->version);
	put16(out + 2, f->type);
	put32(out + 4, f->length);
	put32(out + 8, f->seq);
	put32(out + 12, f->flags);
}

int
frame_get(const uint8_t in[FRAME_HEAD], uint32_t seq, struct frame *f, struct err *e)
{
	f->version = get16(in);
	f->type = get16(in + 2);
	f->length = get32(in + 4);
	f->seq = get32(in + 8);
	f->flags = get32(in + 12);
	if (f->version != MSG_VERSION)
		return err_set(e, TOSD_EPROTO, "frame of version %u, not %d",
		    f->version, MSG_VERSION);
	if (f->flags & ~FRAME_HAS_FD)
		return err_set(
		    e, TOSD_EPROTO, "frame with unknown flags %#x", f->flags);
	if (f->length > MSG_MAX)
		return err_set(e, TOSD_EPROTO, "frame of %u bytes, more than %u",
		    f->length, MSG_MAX);
	if (f->seq != seq)
		return err_set(
		    e, TOSD_EPROTO, "frame %u where %u was due", f->seq, seq);
	return 0;
}
