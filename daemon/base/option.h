/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option: words of a command line, as getopt_long(3) reads them; what is wrong with one is
 * told as all complaints are, with the nearest word that is known.
 */
#ifndef TOSD_BASE_OPTION_H
#define TOSD_BASE_OPTION_H

#include <getopt.h>
#include <stddef.h>

/* As getopt_long(); `who' begins the complaint.  '?': the word is none, or its value is
 * missing, as standard error says. */
int option_next(const char *who, int argc, char **argv, const char *shorts,
    const struct option *longs);

/* The one of words[] that somebody who wrote `word' is likely to have meant; NULL: none. */
const char *option_meant(const char *word, const char *const *words, size_t n);

#endif
