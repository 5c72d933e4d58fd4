/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_in: what the files that read a pack share: pack.c (files and head), pack_list.c,
 * pack_context.c (contexts and patterns), pack_rule.c, pack_test.c, pack_text.c (what
 * strings may hold).
 */
#ifndef RULES_PACK_IN_H
#define RULES_PACK_IN_H

#include "pack.h"
#include "walk.h"

/* A pack while it is read. */
struct pack_source {
	struct walk walk; /* of the file at hand */
	struct pack *pack;
	const char *dir;
	const struct pack_limits *limits;
	struct sb bytes; /* all that was read: what the digest is of */
	struct whys *whys;
};

/* A file that the pack names: *out is empty before.  `what' is for the message. */
int pack_read_part(struct pack_source *o, const config_setting_t *s, const char *what,
    const char *name, struct sb *out);

int pack_read_lists(struct pack_source *o, const config_setting_t *root);
/* @any-person and the like, once all lists are there. */
void pack_make_kinds(struct pack *p);
/* Appends the strings of s to l. */
int pack_words(struct walk *k, const config_setting_t *s, struct pack_list *l);
void pack_list_clear(struct pack_list *l);

int pack_read_contexts(struct pack_source *o, const config_setting_t *root);
/* A context that is written where it is used; *out is its number. */
int pack_add_context(
    struct pack_source *o, const config_setting_t *s, const char *name, size_t *out);
/* Appends the patterns under `key`; weighted: they may have a weight. */
int pack_patterns(struct walk *k, const config_setting_t *s, const char *key, bool regex,
    bool weighted, struct pack_pattern **v, size_t *n);
/* Appends one; text becomes the pack's. */
void pack_add_pattern(
    struct pack_pattern **v, size_t *n, bool regex, char *text, double weight, int line);
void pack_patterns_clear(struct pack_pattern *v, size_t n);

int pack_read_rules(struct pack_source *o, const config_setting_t *root);
void pack_rule_clear(struct pack_rule *r);
/* "2027-01-31" as the beginning of that day; absent: INT64_MAX. */
int pack_read_expiry(struct walk *k, const config_setting_t *s, int64_t *out);

int pack_read_tests(struct pack_source *o, const config_setting_t *root);

/* pack_text.c: strings that are no text are mistakes; those for people lose the line
 * breaks that only the file has.  0, -1, or 1: what was wrong is in o->whys. */
int pack_check_texts(struct pack_source *o, config_setting_t *root);
/* The same of an entry in a file of its own. */
bool pack_plain_line(const char *s, size_t n);

bool pack_good_name(const char *s, size_t max);

#endif
