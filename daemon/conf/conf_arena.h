/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_arena: the memory of one configuration.  Everything that a struct conf
 * points at is taken from its arena and goes away with it in conf_free().
 */
#ifndef TOSD_CONF_CONF_ARENA_H
#define TOSD_CONF_CONF_ARENA_H

#include <stddef.h>

#include "conf/conf.h"

/* A path that conf_check_files() looks at, and where it was written. */
struct conf_path {
	const char *key; /* "packs_dir" */
	const char *path;
	unsigned check; /* enum conf_check of conf_table.h */
	const char *file;
	int line;
};

#define CONF_ARENA_RECENT 64

struct conf_arena {
	void **blocks;
	size_t nblocks, room;
	char *block; /* the one being filled, and how far */
	size_t used;
	const char *recent[CONF_ARENA_RECENT]; /* strings that may come again */
	struct conf_arena *tenants; /* what only they need: conf_lean() drops it */
	struct conf_path *paths; /* in the order of the files */
	size_t npaths, paths_room;
	/* The tenants sorted by id and by key, for the look-ups. */
	const struct conf_tenant **by_id, **by_key;
};

struct conf_arena *conf_arena_new(void);
void conf_arena_free(struct conf_arena **a);
/* n elements, all zero; the arena keeps them. */
void *conf_arena_alloc(struct conf_arena *a, size_t n, size_t size);
/* A copy of s, shared with others like it; NULL stays NULL. */
const char *conf_arena_str(struct conf_arena *a, const char *s);
/* The same; p, which came from the malloc family, is freed. */
const char *conf_arena_take(struct conf_arena *a, char *p);
/* Remembers a path for conf_check_files(); the strings belong to the arena. */
void conf_arena_path(struct conf_arena *a, const struct conf_path *p);

#endif
