/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_arena: the memory of one configuration; see conf_arena.h.  A host has many
 * thousands of tenants, and each of them a dozen short strings: they stand close
 * together in blocks, and one that was just used is used again (a manager, a language).
 */
#include "conf/conf_arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BLOCK ((size_t)64 << 10)
#define LARGE (BLOCK / 8) /* has a block of its own */
#define ALIGN _Alignof(max_align_t)

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
	conf_arena_free(&a->tenants);
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
		a->room = a->room ? a->room * 2 : 16;
		a->blocks = xrealloc(a->blocks, a->room * sizeof(a->blocks[0]));
	}
	a->blocks[a->nblocks++] = p;
	return p;
}

/* n bytes, not yet set. */
static void *
take(struct conf_arena *a, size_t n, size_t align)
{
	size_t at = (a->used + align - 1) / align * align;

	if (n >= LARGE)
		return keep(a, xcalloc(1, n));
	if (a->block == NULL || at + n > BLOCK) {
		a->block = keep(a, xcalloc(1, BLOCK));
		at = 0;
	}
	a->used = at + n;
	return a->block + at;
}

void *
conf_arena_alloc(struct conf_arena *a, size_t n, size_t size)
{
	if (n != 0 && size > SIZE_MAX / 2 / n)
		abort();
	return take(a, n * size > 0 ? n * size : 1, ALIGN); /* blocks begin as zeros */
}

const char *
conf_arena_str(struct conf_arena *a, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;
	uint32_t h = 2166136261u;
	const char **last;

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	last = &a->recent[(h ^ h >> 16) % CONF_ARENA_RECENT];
	if (*last == NULL || strcmp(*last, s) != 0)
		*last = memcpy(take(a, n + 1, 1), s, n + 1);
	return *last;
}

const char *
conf_arena_take(struct conf_arena *a, char *p)
{
	const char *s = conf_arena_str(a, p);

	free(p);
	return s;
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
