/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roster: lists of feeds that other programs wrote, OPML 2.0 and CSV (RFC 4180), to
 * rows of one kind.  Such files come from spreadsheets and from strangers: whatever is
 * wrong with a line is said with its number, and the next line is read.
 */
#ifndef TOSD_FEED_ROSTER_H
#define TOSD_FEED_ROSTER_H

#include <stdbool.h>
#include <stddef.h>

#define ROSTER_ROWS 100000 /* further ones are left out */
#define ROSTER_FIELD 4096  /* bytes; a longer value refuses its row */
#define ROSTER_COLUMNS 64  /* of a CSV file; further ones are ignored */
#define ROSTER_DEPTH                                                    \
	64 /* folders within folders; deeper ones count as their parent \
	    */

/* One feed.  What is not said is NULL; url never is. */
struct roster_row {
	size_t line;
	char *tenant; /* OPML: the innermost folder; CSV: the column */
	char *name;   /* of the feed, or (CSV) of the tenant */
	char *url;
	char *site;
	char *contact, *manager, *contract;
};

/* A line that was not taken. */
struct roster_refused {
	size_t line;
	char *why;
};

struct roster {
	char *title; /* of the OPML file */
	struct roster_row *v;
	size_t n, cap;
	struct roster_refused *refused;
	size_t nrefused, refused_cap;
	size_t folded; /* rows that say what an earlier one said */
	bool truncated;
};

/* What a file is by its content: OPML, or CSV otherwise. */
enum roster_kind { ROSTER_OPML, ROSTER_CSV };
enum roster_kind roster_kind(const void *body, size_t n);

/* Reads a whole file, in any encoding.  False: not one line of it makes sense (no
 * <opml>, no header row); then *why has static words.  r is filled anew. */
bool roster_opml(struct roster *r, const void *body, size_t n, const char **why);
bool roster_csv(struct roster *r, const void *body, size_t n, const char **why);

/* Takes row i out, for a reason that the reader of the file could not know.  Rows keep
 * their numbers; url becomes NULL. */
void roster_refuse(struct roster *r, size_t i, const char *why);

void roster_clear(struct roster *r);

/* --- for the two readers --- */

/* Adds a row, whose strings are taken over, unless it is refused or folded. */
void roster_put_take(struct roster *r, struct roster_row *row);
void roster_say(struct roster *r, size_t line, const char *why);
/* Folds what is there twice; the last step of reading. */
void roster_fold(struct roster *r);

#endif
