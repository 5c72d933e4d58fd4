/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: reading libconfig settings strictly: every key known, every type checked, every
 * complaint with file and line.  Strings are borrowed from the libconfig tree.
 */
#ifndef RULES_WALK_H
#define RULES_WALK_H

#include <libconfig.h>
#include <stdbool.h>

#include "kit/mem.h"

struct walk {
	const char *file;
	struct why *w;
};

/* The next sign of a text that libconfig reads, beside white space and comments, and the
 * line that it stands in; a string, which is skipped, is a ".  0: the end. */
char walk_sign(const char **s, int *line, int *at);

/* The first name that a group of the text has twice; false: there is none.  What
 * libconfig says of it has no name. */
struct walk_name {
	const char *s;
	size_t n;
	int line;
};
bool walk_twice(const char *text, struct walk_name *first, struct walk_name *again);

/* For strings in lists libconfig has the line of what follows them.  Gives those of the
 * tree the line in which they begin. */
void walk_lines(const config_setting_t *root, const char *text);
int walk_line(const config_setting_t *s);
/* That member, or s itself: a place for a complaint. */
const config_setting_t *walk_member(const config_setting_t *s, const char *key);

/* "violence.conf:12: ..."; returns -1. */
int walk_bad(struct walk *k, const config_setting_t *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses any key of s that is not in the NULL-terminated list. */
int walk_keys(struct walk *k, const config_setting_t *s, const char *const *known);

/* The member `key` must be a non-empty string of at most max bytes; absent: NULL, which
 * is an error when must. */
int walk_string(struct walk *k, const config_setting_t *s, const char *key, bool must,
    size_t max, const char **out);
/* A whole number within [low, high]; absent: *out stays. */
int walk_int(struct walk *k, const config_setting_t *s, const char *key, int low, int high,
    int *out);
/* A number within [low, high]; absent: *out stays. */
int walk_number(struct walk *k, const config_setting_t *s, const char *key, double low,
    double high, double *out);
int walk_bool(struct walk *k, const config_setting_t *s, const char *key, bool *out);
/* One of the NULL-terminated names, as its place; absent: *out stays. */
int walk_choice(struct walk *k, const config_setting_t *s, const char *key,
    const char *const *names, int *out);
/* A member that is a list or array of at most max; absent: *out is NULL. */
int walk_list(struct walk *k, const config_setting_t *s, const char *key, int max,
    config_setting_t **out);
/* A member that is a group; absent: *out is NULL. */
int walk_group(struct walk *k, const config_setting_t *s, const char *key,
    config_setting_t **out);

#endif
