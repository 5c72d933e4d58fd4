/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg_codec: the encoders and decoders that msg.c's table names, in one file per pair
 * of roles.  Only for the files msg*.c.
 *
 * A decoder reads into an all-zero m.  It marks whatever no honest sender makes with
 * r->bad; the caller checks that once, and clears m, so a decoder may stop half-way.
 */
#ifndef TOSD_IPC_MSG_CODEC_H
#define TOSD_IPC_MSG_CODEC_H

#include "ipc/msg.h"

typedef void msg_encode_fn(struct buf *b, const struct msg *m);
typedef void msg_decode_fn(struct rd *r, struct msg *m);
typedef void msg_clear_fn(struct msg *m);

/* A string that must be there. */
char *msg_need_str(struct rd *r);
/* NULL, or UTF-8: what goes on record. */
char *msg_text(struct rd *r);
/* A string that must be there and be UTF-8. */
char *msg_need_text(struct rd *r);
/* NULL, or words that say why: so many bytes that a ledger entry, which holds 65,535 of
 * JSON, has room for them however they are escaped. */
#define MSG_WORDS_MAX 4096
char *msg_words(struct rd *r);
/* NULL, or a lower-case hexadecimal SHA-256. */
char *msg_hash(struct rd *r);
/* A byte below `count`. */
uint8_t msg_enum(struct rd *r, uint8_t count);
/* 0 or 1 and nothing else. */
bool msg_bool(struct rd *r);
/* Bytes of any kind. */
void msg_put_bytes(struct buf *b, const struct buf *v);
void msg_get_bytes(struct rd *r, struct buf *v);
/* An item whose strings are what item.h says of them. */
void msg_item(struct rd *r, struct item *it);

#define MSG_CODEC(name)                                                                  \
	msg_encode_fn msg_put_##name;                                                    \
	msg_decode_fn msg_get_##name;                                                    \
	msg_clear_fn msg_clear_##name

/* msg_control.c: supervisor and roles */
MSG_CODEC(empty);
MSG_CODEC(hello);
MSG_CODEC(conf);
MSG_CODEC(peer);
MSG_CODEC(seq);
MSG_CODEC(ready);
MSG_CODEC(stuck);
MSG_CODEC(broken);
MSG_CODEC(secret);
MSG_CODEC(stats);
MSG_CODEC(child);
MSG_CODEC(respawn);
MSG_CODEC(try);
MSG_CODEC(tried);
MSG_CODEC(refused);
/* msg_poll.c: engine and fetch */
MSG_CODEC(poll);
MSG_CODEC(polled);
MSG_CODEC(stream);
MSG_CODEC(subscribe);
MSG_CODEC(pushed);
/* msg_inspect.c: engine and policy */
MSG_CODEC(rules);
MSG_CODEC(inspect);
MSG_CODEC(inspected);
MSG_CODEC(stand);
/* msg_ask.c: questions to model endpoints */
MSG_CODEC(ask);
MSG_CODEC(answered);
void msg_put_questions(struct buf *b, const struct msg_question *v, uint32_t n);
struct msg_question *msg_get_questions(struct rd *r, uint32_t *n);
void msg_put_answers(struct buf *b, const struct msg_answer *v, uint32_t n);
struct msg_answer *msg_get_answers(struct rd *r, uint32_t *n);
/* msg_mail.c: engine and courier */
MSG_CODEC(send);
MSG_CODEC(sent);
MSG_CODEC(sending);

#endif
