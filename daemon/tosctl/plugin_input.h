/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_input: the lines that `plugin try' judges, in memory that outlives a shared object
 * which ends its process: the next process goes on behind the line that was at hand.
 */
#ifndef TOSD_TOSCTL_PLUGIN_INPUT_H
#define TOSD_TOSCTL_PLUGIN_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_INPUT_LINE (8u << 20)
#define PLUGIN_INPUT_CHUNK (1u << 18)

struct plugin_input {
	uint64_t line; /* of standard input, from 1: the one at hand */
	int failed;    /* errno of the read that did */
	bool over;     /* no more of it will be read */
	bool skip;     /* within a line that is too long */
	size_t at, len, got;
	char data[PLUGIN_INPUT_LINE + PLUGIN_INPUT_CHUNK];
};

/* The next line that is not blank, without its end and a byte-order mark; *s NULL: it is too
 * long.  False: there is no whole one.  It is at hand until plugin_input_past(). */
bool plugin_input_line(struct plugin_input *in, const char **s, size_t *n);
void plugin_input_past(struct plugin_input *in);
/* The line at hand once more, whatever the plugin has written over all this. */
void plugin_input_again(struct plugin_input *in, const char **s, size_t *n);
/* Reads on; false: there is no more. */
bool plugin_input_more(struct plugin_input *in);
/* Whether nothing more was there when it last read. */
bool plugin_input_waits(const struct plugin_input *in);

#endif
