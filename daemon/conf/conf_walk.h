/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_walk: from libconfig's tree to struct conf along the tables, and the list
 * of mistakes that is kept on the way.  Private to this room.
 */
#ifndef TOSD_CONF_CONF_WALK_H
#define TOSD_CONF_CONF_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf_arena.h"

struct config_setting_t;
struct conf_row;
struct conf_table;

struct conf_mistake {
	size_t source; /* index of the file */
	int line;
	size_t order; /* keeps the order of mistakes on one line */
	enum { MISTAKE_OTHER, MISTAKE_SCANNED, MISTAKE_VALUE } kind;
	char *text;
};

struct conf_walk {
	struct conf *c;
	struct conf_arena *arena;
	const char *folder; /* of the main file: relative paths start there */
	/* The file being read; its name belongs to the arena. */
	const char *file;
	size_t source;
	struct conf_mistake *mistakes;
	size_t nmistakes, room;
};

/* A section while it is filled: what a table's own check gets to see. */
struct conf_section {
	struct conf_walk *w;
	const struct conf_table *table;
	void *base;			  /* the structure being filled */
	const struct config_setting_t *s; /* NULL: not in the file, all defaults */
	uint64_t bad;			  /* rows whose value was wrong or missing */
};

/* True unless the value of key was wrong: whether it can be compared. */
bool conf_section_sound(const struct conf_section *sec, const char *key);

/* Keeps a mistake at the line of s (NULL: line 1 of the file). */
void conf_walk_say(struct conf_walk *w, const struct config_setting_t *s,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void conf_walk_say_line(struct conf_walk *w, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Says what the last mistake was, since a value that the scanner has refused
 * needs no second message. */
void conf_walk_kind(struct conf_walk *w, int kind);

/* Fills base from group s (NULL: only defaults): unknown keys, types, limits,
 * required keys, then the table's own check.  A bare string is the value of the
 * first row. */
void conf_walk_table(struct conf_walk *w, const struct conf_table *t, void *base,
    const struct config_setting_t *s);

/* The value of one row from setting s; false after a mistake was kept. */
bool conf_set_row(struct conf_walk *w, const struct conf_row *row, void *base,
    const struct config_setting_t *s);
/* The row's default. */
void conf_set_default(struct conf_walk *w, const struct conf_row *row, void *base);

/* The values that are many: lists of texts, ranges, capabilities or groups, and
 * a plugin's free settings.  to is the array's address, count that of its length. */
bool conf_list_set(struct conf_walk *w, const struct conf_row *row, void *to,
    size_t *count, const struct config_setting_t *s);
bool conf_list_settings(
    struct conf_walk *w, void *to, size_t *count, const struct config_setting_t *s);

/* The bits of capabilities by name, separated by spaces: a row's default. */
unsigned conf_list_grant(const char *words);

/* path as seen from the main file's folder; the arena keeps it. */
const char *conf_walk_path(struct conf_walk *w, const char *path);

/* A member of group s by name; NULL if s is NULL or has none. */
const struct config_setting_t *conf_walk_member(
    const struct config_setting_t *s, const char *key);

/* The bytes of a key or value, fit for a message: escaped and cut.  Uses a few
 * static buffers in turn. */
const char *conf_walk_quote(const char *s);

#endif
