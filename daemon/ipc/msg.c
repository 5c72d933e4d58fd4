/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg: the table of messages and what is common to all of them; see msg.h.  Linked by
 * every role.  Who may say what to whom stands here and nowhere else.
 */
#include "ipc/msg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "ipc/msg_codec.h"

#define BIT(role) (1u << (role))
#define SUP BIT(ROLE_SUPERVISOR)
#define FETCH BIT(ROLE_FETCH)
#define POLICY BIT(ROLE_POLICY)
#define ENGINE BIT(ROLE_ENGINE)
#define COURIER BIT(ROLE_COURIER)
#define CONSOLE BIT(ROLE_CONSOLE)
#define WORKERS (FETCH | POLICY | ENGINE | COURIER | CONSOLE)

enum fd_rule { FD_NO, FD_YES, FD_MAYBE };

#define CODEC(name) msg_put_##name, msg_get_##name, msg_clear_##name

static const struct msg_row {
	const char *name;
	unsigned from, to; /* bits of roles */
	enum fd_rule fd;
	msg_encode_fn *encode;
	msg_decode_fn *decode;
	msg_clear_fn *clear;
} rows[MSG_TYPE_COUNT] = {
    [MSG_HELLO] = {"HELLO", WORKERS, SUP, FD_MAYBE, CODEC(hello)},
    [MSG_CONF] = {"CONF", SUP, WORKERS, FD_YES, CODEC(conf)},
    [MSG_PEER] = {"PEER", SUP, WORKERS, FD_YES, CODEC(peer)},
    [MSG_READY] = {"READY", WORKERS, SUP, FD_NO, CODEC(ready)},
    [MSG_PING] = {"PING", SUP, WORKERS, FD_NO, CODEC(seq)},
    [MSG_PONG] = {"PONG", WORKERS, SUP, FD_NO, CODEC(seq)},
    [MSG_STOP] = {"STOP", SUP, WORKERS, FD_NO, CODEC(empty)},
    [MSG_STUCK] = {"STUCK", ENGINE, SUP, FD_NO, CODEC(stuck)},
    [MSG_SECRET] = {"SECRET", SUP, ENGINE | COURIER | FETCH, FD_YES, CODEC(secret)},
    [MSG_POLL] = {"POLL", ENGINE, FETCH, FD_NO, CODEC(poll)},
    [MSG_POLLED] = {"POLLED", FETCH, ENGINE, FD_MAYBE, CODEC(polled)},
    [MSG_STREAM] = {"STREAM", ENGINE, FETCH, FD_NO, CODEC(stream)},
    [MSG_SUBSCRIBE] = {"SUBSCRIBE", ENGINE, FETCH, FD_NO, CODEC(subscribe)},
    [MSG_PUSHED] = {"PUSHED", FETCH, ENGINE, FD_MAYBE, CODEC(pushed)},
    [MSG_TAKEN] = {"TAKEN", ENGINE, FETCH, FD_NO, CODEC(seq)},
    [MSG_RULES] = {"RULES", POLICY, ENGINE, FD_MAYBE, CODEC(rules)},
    [MSG_INSPECT] = {"INSPECT", ENGINE, POLICY, FD_NO, CODEC(inspect)},
    [MSG_INSPECTED] = {"INSPECTED", POLICY, ENGINE, FD_NO, CODEC(inspected)},
    [MSG_STAND] = {"STAND", POLICY, ENGINE, FD_NO, CODEC(stand)},
    [MSG_SEND] = {"SEND", ENGINE, COURIER, FD_YES, CODEC(send)},
    [MSG_SENT] = {"SENT", COURIER, ENGINE, FD_NO, CODEC(sent)},
    [MSG_SENDING] = {"SENDING", COURIER, ENGINE, FD_NO, CODEC(sending)},
    [MSG_STATS] = {"STATS", ENGINE | CONSOLE, ENGINE | CONSOLE, FD_NO, CODEC(stats)},
    [MSG_BROKEN] = {"BROKEN", ENGINE, SUP, FD_NO, CODEC(broken)},
    [MSG_CHILD] = {"CHILD", SUP, POLICY, FD_YES, CODEC(child)},
    [MSG_RESPAWN] = {"RESPAWN", POLICY, SUP, FD_NO, CODEC(respawn)},
    [MSG_ASK] = {"ASK", ENGINE, FETCH, FD_NO, CODEC(ask)},
    [MSG_ANSWERED] = {"ANSWERED", FETCH, ENGINE, FD_NO, CODEC(answered)},
    [MSG_TRY] = {"TRY", ENGINE | SUP, SUP | POLICY, FD_NO, CODEC(try)},
    [MSG_TRIED] = {"TRIED", SUP, ENGINE, FD_NO, CODEC(tried)},
    [MSG_RENEW] = {"RENEW", ENGINE, SUP, FD_NO, CODEC(empty)},
    [MSG_REFUSED] = {"REFUSED", SUP, ENGINE, FD_NO, CODEC(refused)},
    [MSG_TRACE] = {"TRACE", FETCH, ENGINE, FD_YES, CODEC(empty)},
};

static const char *const roles[ROLE_COUNT] = {
    [ROLE_SUPERVISOR] = "supervisor",
    [ROLE_FETCH] = "fetch",
    [ROLE_POLICY] = "policy",
    [ROLE_ENGINE] = "engine",
    [ROLE_COURIER] = "courier",
    [ROLE_CONSOLE] = "console",
};

const char *
role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? roles[role] : "unknown";
}

int
role_parse(const char *name)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (strcmp(roles[i], name) == 0)
			return i;
	return -1;
}

/* NULL for a type that is not in the catalogue. */
static const struct msg_row *
row_of(unsigned type)
{
	return type < MSG_TYPE_COUNT && rows[type].name != NULL ? &rows[type] : NULL;
}

const char *
msg_name(enum msg_type type)
{
	const struct msg_row *row = row_of(type);

	return row != NULL ? row->name : "unknown";
}

void
msg_init(struct msg *m, enum msg_type type)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->fd = -1;
}

void
msg_clear(struct msg *m)
{
	const struct msg_row *row = row_of(m->type);

	if (row != NULL)
		row->clear(m);
	if (m->fd >= 0)
		close(m->fd);
	msg_init(m, m->type);
}

void
msg_encode(struct buf *b, const struct msg *m)
{
	const struct msg_row *row = row_of(m->type);

	if (row == NULL)
		log_die("msg", "message type %d is not in the catalogue", (int)m->type);
	row->encode(b, m);
}

/* What the table says of this message; the descriptor is judged as well. */
static int
check_row(const struct msg_row *row, unsigned type, enum role from, enum role to,
    bool has_fd, struct err *e)
{
	if (row == NULL)
		return err_set(
		    e, TOSD_EPROTO, "message type %u is not in the catalogue", type);
	if (from == to || (unsigned)from >= ROLE_COUNT || (unsigned)to >= ROLE_COUNT ||
	    !(row->from & BIT(from)) || !(row->to & BIT(to)))
		return err_set(e, TOSD_EPROTO, "%s may not pass from %s to %s",
		    row->name, role_name(from), role_name(to));
	if (has_fd ? row->fd == FD_NO : row->fd == FD_YES)
		return err_set(e, TOSD_EPROTO, "%s came %s a descriptor", row->name,
		    has_fd ? "with" : "without");
	return 0;
}

int
msg_check(const struct msg *m, enum role from, enum role to, struct err *e)
{
	return check_row(row_of(m->type), m->type, from, to, m->fd >= 0, e);
}

int
msg_decode(struct msg *m, uint16_t type, const void *body, size_t n, enum role from,
    enum role to, bool has_fd, struct err *e)
{
	const struct msg_row *row = row_of(type);
	struct rd r = rd_of(body, n);
	int rc = check_row(row, type, from, to, has_fd, e);

	msg_init(m, row != NULL ? type : 0);
	if (rc != 0)
		return rc;
	row->decode(&r, m);
	if (!rd_done(&r)) {
		msg_clear(m);
		return err_set(e, TOSD_EPROTO, "%s from %s with %zu bytes is malformed",
		    row->name, role_name(from), n);
	}
	m->from = from;
	return 0;
}

char *
msg_need_str(struct rd *r)
{
	char *s = rd_str(r);

	if (s == NULL)
		r->bad = true;
	return s;
}

char *
msg_text(struct rd *r)
{
	char *s = rd_str(r);

	if (s != NULL && !text_valid(s, strlen(s)))
		r->bad = true;
	return s;
}

char *
msg_need_text(struct rd *r)
{
	char *s = msg_text(r);

	if (s == NULL)
		r->bad = true;
	return s;
}

char *
msg_words(struct rd *r)
{
	char *s = rd_str(r);

	if (s != NULL && strlen(s) > MSG_WORDS_MAX)
		r->bad = true;
	return s;
}

char *
msg_hash(struct rd *r)
{
	char *s = rd_str(r);
	uint8_t d[DIGEST_LEN];

	if (s != NULL && !digest_unhex(s, d, sizeof(d)))
		r->bad = true;
	return s;
}

uint8_t
msg_enum(struct rd *r, uint8_t count)
{
	uint8_t v = rd_u8(r);

	if (v >= count)
		r->bad = true;
	return v;
}

bool
msg_bool(struct rd *r)
{
	return msg_enum(r, 2) == 1;
}

static void
check_texts(struct rd *r, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] != NULL && !text_valid(v[i], strlen(v[i])))
			r->bad = true;
}

void
msg_item(struct rd *r, struct item *it)
{
	const char *texts[10];

	item_init(it);
	item_get(r, it);
	texts[0] = it->id;
	texts[1] = it->url;
	texts[2] = it->title;
	texts[3] = it->author;
	texts[4] = it->text;
	texts[5] = it->summary;
	texts[6] = it->lang;
	texts[7] = it->in_reply_to;
	texts[8] = it->published_raw;
	texts[9] = it->updated_raw;
	check_texts(r, texts, sizeof(texts) / sizeof(texts[0]));
	check_texts(r, (const char *const *)it->links, it->nlinks);
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];
		const char *of[] = {m->url, m->type, m->text, m->why};

		check_texts(r, of, sizeof(of) / sizeof(of[0]));
	}
	if (it->id == NULL)
		r->bad = true;
}
