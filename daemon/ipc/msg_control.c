/* SPDX-License-Identifier: Apache-2.0 */
/* msg_control: messages between the supervisor and the roles, and the console's. */
#include <stdlib.h>
#include <string.h>

#include "ipc/msg_codec.h"

#define INDEX_MAX 4096 /* workers of one role: more is a broken peer */

void
msg_put_empty(struct buf *b, const struct msg *m)
{
	(void)b;
	(void)m;
}

void
msg_get_empty(struct rd *r, struct msg *m)
{
	(void)r;
	(void)m;
}

void
msg_clear_empty(struct msg *m)
{
	(void)m;
}

void
msg_put_hello(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->hello.version);
	buf_put_i64(b, m->hello.pid);
}

void
msg_get_hello(struct rd *r, struct msg *m)
{
	m->hello.version = rd_u32(r);
	m->hello.pid = rd_i64(r);
}

void
msg_clear_hello(struct msg *m)
{
	(void)m;
}

static uint32_t
get_index(struct rd *r)
{
	uint32_t index = rd_u32(r);

	if (index >= INDEX_MAX)
		r->bad = true;
	return index;
}

/* A name in the folder of copies, and of none beside it. */
static char *
get_folder(struct rd *r)
{
	char *s = rd_str(r);

	if (s != NULL && (s[0] == '\0' || s[0] == '.' || strchr(s, '/') != NULL))
		r->bad = true;
	return s;
}

void
msg_put_conf(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->conf.index);
	buf_put_str(b, m->conf.left_out);
	buf_put_str(b, m->conf.kept);
	buf_put_str(b, m->conf.keep);
}

void
msg_get_conf(struct rd *r, struct msg *m)
{
	m->conf.index = get_index(r);
	m->conf.left_out = rd_str(r);
	m->conf.kept = get_folder(r);
	m->conf.keep = get_folder(r);
}

void
msg_clear_conf(struct msg *m)
{
	free(m->conf.left_out);
	free(m->conf.kept);
	free(m->conf.keep);
}

void
msg_put_peer(struct buf *b, const struct msg *m)
{
	buf_put_u8(b, m->peer.role);
	buf_put_u32(b, m->peer.index);
	buf_put_i64(b, m->peer.pid);
}

void
msg_get_peer(struct rd *r, struct msg *m)
{
	m->peer.role = msg_enum(r, ROLE_COUNT);
	m->peer.index = get_index(r);
	m->peer.pid = rd_i64(r);
	/* The supervisor's own channel is there from the start. */
	if (m->peer.role == ROLE_SUPERVISOR)
		r->bad = true;
}

void
msg_clear_peer(struct msg *m)
{
	(void)m;
}

void
msg_put_seq(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->seq);
}

void
msg_get_seq(struct rd *r, struct msg *m)
{
	m->seq = rd_u32(r);
}

void
msg_clear_seq(struct msg *m)
{
	(void)m;
}

void
msg_put_ready(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->ready.faults);
	buf_put_str(b, m->ready.words);
	buf_put_str(b, m->ready.rest);
	buf_put_str(b, m->ready.copied);
	buf_put_u8(b, m->ready.kept);
}

void
msg_get_ready(struct rd *r, struct msg *m)
{
	m->ready.faults = rd_u32(r);
	m->ready.words = msg_text(r);
	m->ready.rest = msg_hash(r);
	m->ready.copied = msg_hash(r);
	m->ready.kept = msg_bool(r);
}

void
msg_clear_ready(struct msg *m)
{
	free(m->ready.words);
	free(m->ready.rest);
	free(m->ready.copied);
}

void
msg_put_stuck(struct buf *b, const struct msg *m)
{
	buf_put_u32(b, m->stuck.index);
	buf_put_i64(b, m->stuck.pid);
	buf_put_str(b, m->stuck.why);
}

void
msg_get_stuck(struct rd *r, struct msg *m)
{
	m->stuck.index = get_index(r);
	m->stuck.pid = rd_i64(r);
	m->stuck.why = rd_str(r);
}

void
msg_clear_stuck(struct msg *m)
{
	free(m->stuck.why);
}

void
msg_put_broken(struct buf *b, const struct msg *m)
{
	buf_put_u8(b, m->broken.role);
	buf_put_u32(b, m->broken.index);
	buf_put_i64(b, m->broken.pid);
	buf_put_str(b, m->broken.why);
}

void
msg_get_broken(struct rd *r, struct msg *m)
{
	m->broken.role = msg_enum(r, ROLE_COUNT);
	m->broken.index = get_index(r);
	m->broken.pid = rd_i64(r);
	m->broken.why = rd_str(r);
	if (m->broken.role == ROLE_SUPERVISOR || m->broken.role == ROLE_ENGINE)
		r->bad = true;
}

void
msg_clear_broken(struct msg *m)
{
	free(m->broken.why);
}

void
msg_put_secret(struct buf *b, const struct msg *m)
{
	buf_put_str(b, m->secret.name);
}

void
msg_get_secret(struct rd *r, struct msg *m)
{
	m->secret.name = msg_need_str(r);
}

void
msg_clear_secret(struct msg *m)
{
	free(m->secret.name);
}

/* The console asks with NULL, the engine answers with an object. */
void
msg_put_stats(struct buf *b, const struct msg *m)
{
	buf_put_str(b, m->stats.json);
}

void
msg_get_stats(struct rd *r, struct msg *m)
{
	m->stats.json = rd_str(r);
}

void
msg_clear_stats(struct msg *m)
{
	free(m->stats.json);
}

void
msg_put_child(struct buf *b, const struct msg *m)
{
	buf_put_str(b, m->child.name);
	buf_put_u64(b, m->child.run);
	buf_put_u8(b, m->child.which);
	buf_put_str(b, m->child.digest);
}

void
msg_get_child(struct rd *r, struct msg *m)
{
	m->child.name = msg_need_text(r);
	m->child.run = rd_u64(r);
	m->child.which = msg_enum(r, MSG_CHILD_PIPES);
	m->child.digest = msg_hash(r);
	if (m->child.digest == NULL)
		r->bad = true;
}

void
msg_clear_child(struct msg *m)
{
	free(m->child.name);
	free(m->child.digest);
}

void
msg_put_respawn(struct buf *b, const struct msg *m)
{
	buf_put_str(b, m->respawn.name);
	buf_put_i64(b, m->respawn.delay);
	buf_put_str(b, m->respawn.why);
}

void
msg_get_respawn(struct rd *r, struct msg *m)
{
	m->respawn.name = msg_need_text(r);
	m->respawn.delay = rd_i64(r);
	m->respawn.why = msg_need_text(r);
}

void
msg_clear_respawn(struct msg *m)
{
	free(m->respawn.name);
	free(m->respawn.why);
}

void
msg_put_try(struct buf *b, const struct msg *m)
{
	buf_put_u64(b, m->try.id);
	buf_put_str(b, m->try.list);
	buf_put_str(b, m->try.file);
	buf_put_str(b, m->try.day);
	buf_put_u8(b, m->try.anew);
}

void
msg_get_try(struct rd *r, struct msg *m)
{
	m->try.id = rd_u64(r);
	m->try.list = msg_need_text(r);
	m->try.file = msg_need_text(r);
	m->try.day = msg_need_text(r);
	m->try.anew = msg_bool(r);
}

void
msg_clear_try(struct msg *m)
{
	free(m->try.list);
	free(m->try.file);
	free(m->try.day);
}

void
msg_put_tried(struct buf *b, const struct msg *m)
{
	buf_put_u64(b, m->tried.id);
	buf_put_str(b, m->tried.list);
	buf_put_str(b, m->tried.file);
	buf_put_u8(b, m->tried.outcome);
	buf_put_str(b, m->tried.words);
	buf_put_str(b, m->tried.rest);
}

void
msg_get_tried(struct rd *r, struct msg *m)
{
	m->tried.id = rd_u64(r);
	m->tried.list = msg_need_text(r);
	m->tried.file = msg_need_text(r);
	m->tried.outcome = rd_u8(r);
	if (m->tried.outcome >= TRIED_COUNT)
		r->bad = true;
	m->tried.words = msg_text(r);
	m->tried.rest = msg_hash(r);
}

void
msg_clear_tried(struct msg *m)
{
	free(m->tried.list);
	free(m->tried.file);
	free(m->tried.words);
	free(m->tried.rest);
}

void
msg_put_refused(struct buf *b, const struct msg *m)
{
	buf_put_i64(b, m->refused.since);
	buf_put_str(b, m->refused.why);
	buf_put_i64(b, m->refused.changed);
}

void
msg_get_refused(struct rd *r, struct msg *m)
{
	m->refused.since = rd_i64(r);
	m->refused.why = msg_text(r);
	m->refused.changed = rd_i64(r);
}

void
msg_clear_refused(struct msg *m)
{
	free(m->refused.why);
}
