/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list: a list file: a head of "key = value" lines, a line "---", then an entry a line.
 * The form is explained in tosd-lists(5).  The reader knows nothing of other lists; what
 * it reads goes to a set (set.h).
 */
#ifndef LISTS_LIST_H
#define LISTS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

enum list_kind {
	LIST_DOMAIN,
	LIST_URL,
	LIST_SHA256,
	LIST_MD5,
	LIST_PDQ,
	LIST_KINDS,
};
const char *list_kind_name(enum list_kind k);

/* What the parties say of an entry together. */
enum list_stand {
	LIST_STANDS,   /* nobody objects */
	LIST_SEED,     /* somebody looks into it, nobody has confirmed */
	LIST_DISPUTED, /* one says so, another one says no */
	LIST_DENIED,   /* only no: as if it were not there */
};

#define LIST_WHOLE 10000

/* What an entry says beside itself; most say nothing. */
struct list_option {
	uint32_t share;	   /* of LIST_WHOLE */
	int64_t off_until; /* ms; INT64_MIN: it is not off */
	enum list_stand stand;
	char *parties; /* "alpha positive, beta negative"; NULL: none */
};

struct list {
	char *file, *name, *source, *licence, *about, *clause, *category, *owner;
	char digest[MEM_HEX];
	int64_t expires; /* ms: from then on it no longer counts */
	char day[12];	 /* the same as it was written */
	int64_t version; /* that its maker counts; 0: not said */
	uint32_t rev;
	int32_t severity, mode; /* as of <tosd/policy.h> */
	double score;
	enum list_kind kind;
	unsigned threshold, quality; /* of pdq */
	size_t n;		     /* entries read */
	size_t bad, first_bad;	     /* lines left out; line of the first one */
	size_t odd, first_odd;	     /* addresses with a star inside, likewise */
	struct sb text;
	size_t entries, line; /* where they begin in text */
};

struct list_limits {
	size_t file_bytes, entries;
};

/* Reads the file and its head.  0, or -1 with "file:line: why, what to do". */
int list_open(
    const char *path, const struct list_limits *limits, struct list **out, struct why *w);
void list_free(struct list **p);

/* key is in the form in which it is looked up; option NULL: none.  Taken by copy.  False:
 * there is no room for it. */
typedef bool list_entry_fn(
    void *ctx, const char *key, size_t n, const struct list_option *option);
/* A line that was left out, in words with file and line. */
typedef void list_bad_fn(void *ctx, const char *text);
/* Reads the entries and lets the text go.  0; or -1: more lines are bad than good, so that the file
 * is something else, or there are too many entries, or no room for all. */
int list_entries(struct list *l, const struct list_limits *limits, list_entry_fn *entry,
    list_bad_fn *bad, void *ctx, struct why *w);

#endif
