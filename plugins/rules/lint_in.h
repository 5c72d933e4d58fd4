/* SPDX-License-Identifier: Apache-2.0 */
/* lint_in: what the files of lint share. */
#ifndef RULES_LINT_IN_H
#define RULES_LINT_IN_H

#include "lint.h"

struct lint {
	struct engine *e;
	const struct pack_list *protect;
	struct pack *const *packs;
	size_t n;
	void (*say)(void *ctx, bool warning, const char *line);
	void *ctx;
	unsigned said; /* of this kind */
};

void lint_say(struct lint *l, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether what stands in the file is told with this pack: its own, or one that it is the
 * first to include. */
bool lint_tells(const struct lint *l, const struct pack *p, const char *file);

/* lint_either.c: a|b of a phrase that reads as other words than were meant. */
void lint_either(
    struct lint *l, const char *file, int line, const char *where, const char *text);
/* lint_slips.c: what cannot hold, or counts less than it looks. */
void lint_slips(struct lint *l);
/* lint_twins.c: twins that differ in more than the target. */
void lint_twins(struct lint *l);
/* lint_unused.c: what is never used. */
void lint_unused(struct lint *l);
/* lint_words.c: words that do not mean what their author may think. */
void lint_words(struct lint *l);

#endif
