/* SPDX-License-Identifier: Apache-2.0 */
/* msg_mail: messages between engine and courier. */
#include <stdlib.h>

#include "ipc/msg_codec.h"

static const char *const outcomes[] = {
    [SENT_OK] = "ok",
    [SENT_SOFT] = "soft",
    [SENT_HARD] = "hard",
    [SENT_UNKNOWN] = "unknown",
};
#define NOUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

const char *
sent_name(enum sent_outcome o)
{
	return (size_t)o < NOUTCOMES ? outcomes[o] : "invalid";
}

void
msg_put_send(struct buf *b, const struct msg *m)
{
	buf_put_u64(b, m->send.id);
	buf_put_str(b, m->send.channel);
	buf_put_str(b, m->send.recipient);
	buf_put_str(b, m->send.sender);
	buf_put_str(b, m->send.sha256);
}

void
msg_get_send(struct rd *r, struct msg *m)
{
	m->send.id = rd_u64(r);
	m->send.channel = msg_need_str(r);
	m->send.recipient = msg_need_str(r);
	m->send.sender = rd_str(r);
	m->send.sha256 = msg_hash(r);
	if (m->send.sha256 == NULL)
		r->bad = true;
}

void
msg_clear_send(struct msg *m)
{
	free(m->send.channel);
	free(m->send.recipient);
	free(m->send.sender);
	free(m->send.sha256);
}

void
msg_put_sent(struct buf *b, const struct msg *m)
{
	buf_put_u64(b, m->sent.id);
	buf_put_u8(b, m->sent.outcome);
	buf_put_u32(b, (uint32_t)m->sent.code);
	buf_put_str(b, m->sent.reply);
	buf_put_i64(b, m->sent.time);
}

void
msg_get_sent(struct rd *r, struct msg *m)
{
	m->sent.id = rd_u64(r);
	m->sent.outcome = msg_enum(r, NOUTCOMES);
	m->sent.code = (int32_t)rd_u32(r);
	m->sent.reply = rd_str(r);
	m->sent.time = rd_i64(r);
}

void
msg_clear_sent(struct msg *m)
{
	free(m->sent.reply);
}

void
msg_put_sending(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->sending.n);
	for (uint32_t i = 0; i < m->sending.n; i++)
		buf_put_u64(b, m->sending.ids[i]);
	buf_put_str(b, m->sending.courier);
}

void
msg_get_sending(struct rd *r, struct msg *m)
{
	uint32_t n = rd_count(r, 8);

	m->sending.ids = n > 0 ? xcalloc(n, sizeof(*m->sending.ids)) : NULL;
	while (m->sending.n < n)
		m->sending.ids[m->sending.n++] = rd_u64(r);
	m->sending.courier = rd_str(r);
	if (m->sending.courier == NULL)
		r->bad = true;
}

void
msg_clear_sending(struct msg *m)
{
	free(m->sending.ids);
	free(m->sending.courier);
}
