/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_talk: line by line with the program of a plugin, for the cases of `tosctl plugin
 * conform'.  What it says goes through the reader and the checks of the daemon's own
 * host.  Whatever returns bool leaves the reason for false in t->why.
 */
#ifndef TOSD_TOSCTL_PLUGIN_TALK_H
#define TOSD_TOSCTL_PLUGIN_TALK_H

#include "base/clock.h"
#include "tosctl/plugin_run.h"

/* For an answer where no deadline is asked for: this is no race. */
#define ANSWER_MAX (30 * CLOCK_SEC)
#define END_MAX (2 * CLOCK_SEC)

struct talk {
	struct plugin_run *run;
	int64_t patience; /* ms for an answer */
	struct exec_child *c;
	struct exec_hello hello;
	struct policy_face face;
	uint64_t seq;
	char last[256]; /* of its lines on standard error */
	char why[400];	/* of the case that failed */
};

bool talk_fail(struct talk *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Starts it anew and hears its hello; or only where none runs. */
bool talk_begin(struct talk *t);
bool talk_ready(struct talk *t);
/* Kills what is left of it. */
void talk_end(struct talk *t);

/* Appends to what it is to read. */
void talk_say(struct talk *t, const char *line);
/* The same with an item of this text; returns its number. */
uint64_t talk_item(struct talk *t, const char *text, size_t n);
/* The next thing that it says. */
bool talk_next(struct talk *t, struct exec_event *ev, int64_t patience);
/* Whether the host takes the findings of a result; said gets them in words. */
bool talk_check(struct talk *t, const struct exec_event *ev, const char *text, size_t n,
    struct buf *said);
/* The answer to the only item in hand; said may be NULL. */
bool talk_hear(
    struct talk *t, uint64_t seq, const char *text, size_t n, struct buf *said);
/* All of it for one text. */
bool talk_ask(struct talk *t, const char *text, size_t n, struct buf *said);

#endif
