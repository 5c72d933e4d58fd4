/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note: signed notes (c2sp.org/signed-note) with Ed25519: a text, an empty line,
 * and signature lines.  Lines of keys that we do not know are passed over, as the
 * format asks, so witnesses can be added later.
 *
 * Keys are text.  Public: "name+hexid+base64(0x01 || key)".  Secret:
 * "PRIVATE+KEY+name+hexid+base64(0x01 || seed)", as golang.org/x/mod/sumdb/note
 * writes it, so that either program can take over the other's key.
 */
#ifndef TOSD_EVIDENCE_NOTE_H
#define TOSD_EVIDENCE_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define NOTE_NAME_MAX 128
#define NOTE_MAX 65536 /* bytes of a note that we read */

struct note_key; /* public, or public and secret */

/* A fresh key from OpenSSL's random numbers.  name: no spaces, no '+'. */
int note_key_new(const char *name, struct note_key **out, struct err *e);
/* From either text form; a newline at its end is no part of it and is refused. */
int note_key_parse(const char *text, struct note_key **out, struct err *e);
void note_key_free(struct note_key **k);

const char *note_key_name(const struct note_key *k);
bool note_key_secret(const struct note_key *k); /* can it sign? */
/* xmalloc'd texts.  note_key_text() is the secret (NULL if there is none). */
char *note_key_text(const struct note_key *k);
char *note_key_vkey(const struct note_key *k);

/* The secret text and a newline in a new file, mode 0600, durable; a file that is
 * there already is never touched (TOSD_EEXIST). */
int note_key_save(const struct note_key *k, const char *path, struct err *e);
/* Reads either text form.  A secret that others may read is refused. */
int note_key_load(const char *path, struct note_key **out, struct err *e);

/* Appends body, an empty line and the signature line to out.  body: valid UTF-8
 * that ends in a newline and has no control bytes but newlines. */
int note_sign(const struct note_key *k, const char *body, size_t n, struct buf *out,
    struct err *e);
/* 0 if text is a note that k signed; *body_len is then the length of the signed
 * text at its start.  TOSD_EINVAL: not a note.  TOSD_ETAMPER: not signed by k. */
int note_verify(const struct note_key *k, const char *text, size_t n, size_t *body_len,
    struct err *e);

#endif
