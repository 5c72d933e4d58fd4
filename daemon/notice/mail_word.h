/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail_word: the pieces of a mail (RFC 5322, 2045, 2047): encoded words, folded
 * fields, dates, addresses, transfer encodings.  Nothing here knows of notices.
 */
#ifndef TOSD_NOTICE_MAIL_WORD_H
#define TOSD_NOTICE_MAIL_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends text (one line of UTF-8) as the value of an unstructured header: as it is,
 * but for the stretch from the first to the last word that must be encoded. */
void mail_word_encode(struct buf *b, const char *text);

/* Appends text as a display name: a quoted string, or encoded words. */
void mail_word_phrase(struct buf *b, const char *text);

/* Appends "name: value" CRLF, folded at spaces to lines of 78 where possible; value
 * has no line breaks (the caller made sure). */
void mail_word_field(struct buf *b, const char *name, const char *value);

/* Appends a date of RFC 5322 in UTC: "Sun, 22 Nov 2026 13:00:00 +0000". */
void mail_word_date(struct buf *b, int64_t ms);

/* A bare address local@domain that can go into a header and onto a command line
 * without quoting: printable ASCII without spaces, brackets, commas and the like;
 * at most 254 characters, not beginning with '-'. */
bool mail_word_address_valid(const char *address);

/* Likewise for a Message-ID without its angle brackets. */
bool mail_word_id_valid(const char *id, size_t n);

/* Appends text (lines ended by LF) with CRLF line ends; quoted-printable if asked. */
void mail_word_text(struct buf *b, const char *text, size_t n, bool quoted_printable);

/* Whether text may travel as it is (7bit): ASCII, lines of at most 78, none that a
 * mail store on the way would change ("From ", ".", trailing spaces). */
bool mail_word_plain(const char *text, size_t n);

/* Appends data in base64, lines of 76. */
void mail_word_base64(struct buf *b, const void *data, size_t n);

#endif
