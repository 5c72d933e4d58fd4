/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: a rule pack as written: read, checked key by key, nothing compiled yet.  The
 * form is explained in plugins/README.
 */
#ifndef RULES_PACK_H
#define RULES_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

/* Limits; a pack beyond one of them is refused. */
#define PACK_FILE_MAX (1u << 20)  /* bytes of a pack, and of a list file */
#define PACK_LISTS 200
#define PACK_WORDS 10000	  /* entries of a list */
#define PACK_CONTEXTS 100
#define PACK_RULES 2000
#define PACK_PATTERNS 500	  /* of a rule or context */
#define PACK_PATTERN_MAX 2000	  /* bytes of a pattern as written */
#define PACK_TESTS 5000
#define PACK_WITHIN 20		  /* words */

struct pack_list {
	char *name;   /* without the @ */
	char **words;
	size_t n;
	int line;
};

struct pack_pattern {
	bool regex; /* else a phrase */
	char *text;
	int line;
};

enum pack_where { PACK_TEXT, PACK_SENTENCE, PACK_BEFORE, PACK_AFTER, PACK_INSIDE };

/* A surrounding in which a rule does not apply. */
struct pack_context {
	char *name;
	enum pack_where where;
	int within;  /* words, for before and after */
	bool quotes; /* the match stands inside quotation marks */
	struct pack_pattern *v;
	size_t n;
	int line;
};

struct pack_rule {
	char *id;   /* "pack/rule" */
	uint32_t rev;
	char *clause, *category, *reason, *target;
	int severity, mode; /* of <tosd/policy.h>; mode -1: retired */
	double score;
	int64_t expires; /* ms; INT64_MAX: never */
	struct pack_pattern *v;
	size_t n;
	size_t *except; /* numbers of contexts */
	size_t nexcept;
	int line;
};

struct pack_test {
	enum { PACK_OK, PACK_FAIL, PACK_TWINS } kind;
	char *text, *twin;
	char *rule; /* the rule that must match, NULL: any */
	int line;
};

struct pack {
	char *name, *file, *owner;
	int version;
	char digest[MEM_HEX]; /* over the file and its list files */
	struct pack_list *lists;
	size_t nlists;
	struct pack_context *contexts;
	size_t ncontexts;
	struct pack_rule *rules;
	size_t nrules;
	struct pack_test *tests;
	size_t ntests;
	struct pack_list standin; /* names that tests use for @protected */
};

/* Reads DIR/NAME.  0, or -1 with file, line and remedy in w. */
int pack_read(const char *dir, const char *name, struct pack **out, struct why *w);
void pack_free(struct pack **p);

/* The list of that name (without @); NULL: there is none. */
const struct pack_list *pack_list(const struct pack *p, const char *name, size_t n);

#endif
