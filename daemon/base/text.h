/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: UTF-8 (RFC 3629) checked and mended, and the escaping that every tenant
 * byte passes on its way to a terminal or a log.
 */
#ifndef TOSD_BASE_TEXT_H
#define TOSD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Decodes one character; returns its length 1..4 and sets *cp, or returns 0 if
 * the bytes at s are not well-formed UTF-8 (surrogates and overlongs are not). */
int text_decode(const char *s, size_t n, uint32_t *cp);
/* Appends cp (U+FFFD if it is no scalar value). */
void text_encode(struct buf *b, uint32_t cp);

bool text_valid(const char *s, size_t n);

/* Appends s with every broken byte and every NUL as U+FFFD. */
void text_repair(struct buf *b, const char *s, size_t n);

/* Escapes C0, C1, DEL, bidi and invisible controls and broken UTF-8 as \xNN or
 * \u{N}; a backslash stays.  Writes at most cap-1 bytes and a NUL; cuts between
 * characters.  Returns the length written. */
size_t text_escape(char *out, size_t cap, const char *s, size_t n);
/* The same, growing. */
void text_escape_buf(struct buf *b, const char *s, size_t n);

/* Appends a text that is JSON, with what text_escape() would escape as \uNNNN, where JSON
 * itself has left it as it is: it means the same to who reads it and moves no terminal. */
void text_escape_json(struct buf *b, const char *s, size_t n);

/* True for characters that text_escape() would escape. */
bool text_is_control(uint32_t cp);

/* Bytes of s that hold at most n characters: for short quotes. */
size_t text_prefix(const char *s, size_t n);

/* Where what (m bytes) stands first in s, NULL if nowhere.  Unlike strstr() and memmem(),
 * which take m times as long over what somebody made up for it, linear. */
const char *text_find(const char *s, size_t n, const char *what, size_t m);

/* Trims ASCII white space on both ends, in place.  Returns s. */
char *text_trim(char *s);

/* Whether there is something, and then end: as of a file's name. */
bool text_has_end(const char *s, const char *end);

/* Edit distance without regard to case, where swapped neighbours count once
 * (optimal string alignment).  Strings over 40 bytes are SIZE_MAX apart. */
size_t text_distance(const char *a, const char *b);

#endif
