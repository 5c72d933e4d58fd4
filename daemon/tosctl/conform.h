/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conform: a case of `tosctl plugin conform'.  The table (conform_table.c) says which there
 * are, conform_judge.c what each kind of them does, tosctl_plugin_conform.c runs them.
 */
#ifndef TOSD_TOSCTL_CONFORM_H
#define TOSD_TOSCTL_CONFORM_H

#include "tosctl/plugin_talk.h"

struct conform_case {
	const char *name, *about;
	/* True: passed; else t->why. */
	bool (*run)(struct talk *t, const struct conform_case *c);
	const char *text; /* of the item: `text' so many times, with `end' after it */
	unsigned times;
	const char *end;
};
extern const struct conform_case conform_cases[];
extern const size_t conform_ncases;

/* Appends the text of a case whose run is conform_text(). */
void conform_text_put(struct buf *b, const struct conform_case *c);

#define CONFORM_RUN(name) bool conform_##name(struct talk *t, const struct conform_case *c)
CONFORM_RUN(hello);
CONFORM_RUN(hello_again);
CONFORM_RUN(granted);
CONFORM_RUN(pure);
CONFORM_RUN(silent);
CONFORM_RUN(text);
CONFORM_RUN(message);
CONFORM_RUN(item);
CONFORM_RUN(high_seq);
CONFORM_RUN(long_message);
CONFORM_RUN(long_set);
CONFORM_RUN(window);
CONFORM_RUN(lockstep);
CONFORM_RUN(memory);
CONFORM_RUN(other_run);
CONFORM_RUN(order);
CONFORM_RUN(leak);
CONFORM_RUN(slow);
CONFORM_RUN(together);
CONFORM_RUN(unread);
CONFORM_RUN(quiet);
CONFORM_RUN(deadline);
CONFORM_RUN(drain);
CONFORM_RUN(eof);
CONFORM_RUN(drain_window);
CONFORM_RUN(term);
#undef CONFORM_RUN

#endif
