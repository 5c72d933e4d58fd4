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

/* Limits of the form; a pack beyond one of them is refused.  How large files may be and
 * how many rules there may be is configuration, see struct pack_limits. */
#define PACK_LISTS 400
#define PACK_WORDS 50000	  /* entries of a list */
#define PACK_CONTEXTS 20000	  /* those within rules included */
#define PACK_PATTERNS 2000	  /* of a rule or context */
#define PACK_PATTERN_MAX 2000	  /* bytes of a pattern as written */
#define PACK_TESTS 200000	  /* of a kind */
#define PACK_WITHIN 20		  /* words */
#define PACK_INCLUDES 20	  /* files of a pack */
#define PACK_NESTING 30		  /* brackets within brackets */
#define PACK_NAMES 10000	  /* of a group, all groups of a file sharing the time */
/* What the host takes, in bytes: of a rule, whose id is "pack/rule" and whose clause is id
 * and text, and of all rules. */
#define PACK_NAME_MAX 40
#define PACK_ID_MAX 60
#define PACK_CATEGORY_MAX 32
#define PACK_CLAUSE_ID_MAX 30
#define PACK_CLAUSE_MAX 150
#define PACK_RULES_ALL 20000 /* of all packs */

struct pack_limits {
	size_t file_bytes; /* of a pack, a list file, an included file */
	size_t rules;	   /* of a pack */
};

/* What kind of target a list names; those of a kind together are @any-person
 * and so on. */
enum pack_kind { PACK_NO_KIND, PACK_PERSON, PACK_GROUP, PACK_PLACE, PACK_ROLE };
#define PACK_KINDS 5
const char *pack_kind_name(enum pack_kind k);

struct pack_list {
	char *name;   /* without the @ */
	char **words;
	int *lines; /* of each; NULL: they stand in no pack */
	size_t n;
	enum pack_kind kind;
	const char *file; /* where it stands */
	char *from;	  /* the list file that has its words; NULL: they stand there too */
	int line;
};

struct pack_pattern {
	bool regex; /* else a phrase */
	char *text;
	double weight; /* what its match adds to the score: 0 to 1 */
	int line;
};

enum pack_where {
	PACK_TEXT,
	PACK_SENTENCE,
	PACK_BEFORE,
	PACK_AFTER,
	PACK_AROUND,
	PACK_INSIDE,
	PACK_OUTSIDE /* the sentence without the match */
};

/* A surrounding in which a rule does not apply, or in which alone it does. */
struct pack_context {
	char *name; /* "": it belongs to one rule */
	const char *file;
	enum pack_where where;
	int within;  /* words, for before, after and around */
	bool counts; /* `within' was written */
	bool quotes; /* the match stands inside quotation marks */
	bool commas; /* what surrounds the match ends at commas, too */
	struct pack_pattern *v;
	size_t n;
	int line;
};

struct pack_rule {
	char *id;   /* "pack/rule" */
	uint32_t rev;
	char *clause, *category, *reason, *target;
	size_t clause_id;   /* bytes of clause that are its id; its title follows */
	char *owner; /* NULL: the pack's */
	int severity, mode; /* of <tosd/policy.h>; mode -1: retired */
	double score;	    /* at most */
	double least;	    /* below it nothing is found */
	int64_t expires; /* ms; INT64_MAX: never */
	struct pack_pattern *v;
	size_t n;
	size_t *except, *require; /* numbers of contexts */
	size_t nexcept, nrequire;
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
	int line; /* of its head */
	char digest[MEM_HEX]; /* over the file, what it includes and its list files */
	int64_t expires;      /* of all its rules, see pack_rule */
	bool protects;	      /* it says @protected somewhere */
	char **included;      /* paths, for messages */
	size_t nincluded;
	struct pack_list *lists;
	size_t nlists;
	struct pack_context *contexts;
	size_t ncontexts;
	struct pack_rule *rules;
	size_t nrules;
	uint32_t *by_id; /* place + 1 of rules by hash */
	size_t by_id_mask;
	struct pack_test *tests;
	size_t ntests;
	struct pack_list standin; /* names that tests use for @protected */
};

/* Reads DIR/NAME.  0, or -1 with file, line and remedy in w->last; mistakes in lists,
 * contexts, rules and tests are independent of each other, and several are said. */
int pack_read(const char *dir, const char *name, const struct pack_limits *limits,
    struct pack **out, struct whys *w);
void pack_free(struct pack **p);

/* The list of that name (without @); NULL: there is none. */
const struct pack_list *pack_list(const struct pack *p, const char *name, size_t n);
/* The rule with that id ("pack/rule"); NULL: there is none. */
const struct pack_rule *pack_rule_find(const struct pack *p, const char *id);

#endif
