/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print_rows: the rows of an answer on standard output, for people or for programs.  What
 * tenants wrote is escaped.
 */
#ifndef TOSD_TOSCTL_PRINT_ROWS_H
#define TOSD_TOSCTL_PRINT_ROWS_H

#include <jansson.h>

#define PRINT_COLUMNS_MAX 16

/* A table of these keys, up to a NULL; the last one in full, the others up to 60 characters. */
void print_rows_table(const json_t *rows, const char *const *columns);
/* A line for each key and its value. */
void print_rows_pairs(const json_t *rows);
/* A line of JSON each. */
void print_rows_lines(const json_t *rows);

#endif
