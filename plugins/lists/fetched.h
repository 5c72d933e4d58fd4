/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetched: lists that the daemon fetches: which there are, as its settings say it, and
 * whether a new version of one may take the place of the one in force.
 */
#ifndef LISTS_FETCHED_H
#define LISTS_FETCHED_H

#include "list.h"

/* A line of the setting fetched_files: NAME, PATH, SIGNERS and "must" or nothing, with tabs
 * between. */
struct fetched {
	char *name;
	char *path;    /* empty: it was never fetched */
	char *signers; /* as of sign.h; empty: nobody is asked for */
	bool must;     /* nobody will fetch it anew: a damaged one is a problem */
};
/* The next one; *lines goes on.  False: there is none.  fetched_clear() after. */
bool fetched_next(const char **lines, struct fetched *out);
void fetched_clear(struct fetched *f);

/* The digits of the digest in the name of a version's file, NAME-DIGITS.list, in out: all 64,
 * or the first 16 where an older tosd wrote it; false: it is no such name. */
#define FETCHED_DIGITS 64
#define FETCHED_DIGITS_OLD 16
bool fetched_digits(const char *path, char out[FETCHED_DIGITS + 1]);

/* The setting trial_file: NAME, PATH, DAY, SHRINK and "anew" or nothing, likewise. */
struct trial {
	char *name, *path;
	int64_t day;   /* ms: the day on which it is tried */
	double shrink; /* share of its entries that it may lose */
	bool anew;     /* from another source: it is compared with nothing */
};
/* False: it is none. */
bool trial_parse(const char *line, struct trial *out);
void trial_clear(struct trial *t);

/* Whether l, which was read whole, may take the place of the list at old (empty: there is
 * none).  0, or -1 and "file: why not".  alone: why it was compared with nothing, though
 * there is one in force; "": it was. */
int trial_judge(const struct trial *t, const struct list *l, const char *old,
    const struct list_limits *limits, struct why *w, struct why *alone);

#endif
