/* SPDX-License-Identifier: Apache-2.0 */
/* conf_arena: the memory of one configuration; see conf_arena.h. */
#include "conf/conf_arena.h"

#include <stdlib.h>

#include "base/buf.h"

struct conf_arena *
conf_arena_new(void)
{
	return xcalloc(1, sizeof(struct conf_arena));
}

void
conf_arena_free(struct conf_arena **ap)
{
	struct conf_arena *a = *ap;

	if (a == NULL)
		return;
	for (size_t i = 0; i < a->nblocks; i++)
		free(a->blocks[i]);
	free(a->blocks);
	free(a->paths);
	free(a);
	*ap = NULL;
}

static void *
keep(struct conf_arena *a, void *p)
{
	if (a->nblocks == a->room) {
		a->room = a->room ? a->room * 2 : 64;
		a->blocks = xrealloc(a->blocks, a->room * sizeof(a->blocks[0]));
	}
	a->blocks[a->nblocks++] = p;
	return p;
}

void *
conf_arena_alloc(struct conf_arena *a, size_t n, size_t size)
{
	return keep(a, xcalloc(n, size));
}

const char *
conf_arena_str(struct conf_arena *a, const char *s)
{
	return s == NULL ? NULL : keep(a, xstrdup(s));
}

const char *
conf_arena_take(struct conf_arena *a, char *p)
{
	return keep(a, p);
}

void
conf_arena_path(struct conf_arena *a, const struct conf_path *p)
{
	if (a->npaths == a->paths_room) {
		a->paths_room = a->paths_room ? a->paths_room * 2 : 16;
		a->paths = xrealloc(a->paths, a->paths_room * sizeof(a->paths[0]));
	}
	a->paths[a->npaths++] = *p;
}
