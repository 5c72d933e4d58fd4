/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print_json: a line of JSON that a terminal may show.  JSON itself escapes characters below
 * space only; what turns the direction of a text, or begins a command of a terminal, is
 * escaped here as well, which means the same to a program.
 */
#ifndef TOSD_TOSCTL_PRINT_JSON_H
#define TOSD_TOSCTL_PRINT_JSON_H

#include <jansson.h>
#include <stdio.h>

/* flags as those of json_dumps(), with JSON_COMPACT.  -1: o cannot be written, for instance
 * since it is NULL; nothing is printed then. */
int print_json(FILE *to, const json_t *o, size_t flags);
/* The same to standard output; drops the reference. */
int print_json_take(json_t *o, size_t flags);

#endif
