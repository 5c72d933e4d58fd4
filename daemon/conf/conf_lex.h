/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_lex: a look over the bytes of a source before libconfig sees them.
 *
 * libconfig 1.5 reads a number that does not fit as another number, cuts a
 * string at an escaped NUL, opens files for @include, does not say which key is there
 * twice, and places a string of a list at the line of the token after it.  So this
 * scanner refuses the first four in words and knows the true lines of all strings.
 */
#ifndef TOSD_CONF_CONF_LEX_H
#define TOSD_CONF_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>

struct conf_lex {
	int *string_lines; /* of each string; adjacent pieces are one, as libconfig */
	size_t nstrings, room;
	/* Set by the caller: told of each mistake. */
	void (*say)(void *ctx, int line, const char *text);
	void *ctx;
};

/* True if libconfig may read this text; mistakes may have been told all the same. */
bool conf_lex_scan(struct conf_lex *lex, const char *text);
void conf_lex_clear(struct conf_lex *lex);

#endif
