/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complain: what tosctl and `tosd -t' say on standard error.  Names of files, words of the
 * command line and of answers can all be somebody else's: every complaint is one line,
 * escaped as lines of the log are.
 */
#ifndef TOSD_BASE_COMPLAIN_H
#define TOSD_BASE_COMPLAIN_H

/* The line without its end. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
