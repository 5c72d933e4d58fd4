/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_room: packs to be tried.  A folder is taken as it is.  A single pack file is tried
 * beside the packs that are in use: these are copied into a folder of our own, where the
 * file takes the place of the one with its file name, else of the one with its pack name.
 * Lists go along, and what packs name, and nothing else that their folder may hold.
 */
#ifndef TOSD_TOSCTL_PACK_ROOM_H
#define TOSD_TOSCTL_PACK_ROOM_H

#include <stdbool.h>

#include "base/err.h"
#include "tosctl/temporary.h"

struct pack_room {
	char *dir;
	bool ours; /* made here */
	struct temporary made; /* while it is there */
	char *what, *place; /* the file as it was named, and as it lies here */
	char *beside;
};

/* what: a folder, or a pack; beside: the folder of packs in use.  NULL: the pack is
 * tried alone, with the lists in its folder and the files that it names. */
int pack_room_enter(
    const char *what, const char *beside, struct pack_room *out, struct err *e);
/* When the packs are loaded nothing is read there any more: whoever ends us later finds
 * nothing left behind.  What is said can still be put into words. */
void pack_room_empty(struct pack_room *r);
void pack_room_leave(struct pack_room *r);
/* What is said of files in the room, with their names outside of it; xmalloc'd. */
char *pack_room_words(const struct pack_room *r, const char *text);
/* Whether a folder has files of a kind, "conf" or "list": lists may lie beside packs. */
bool pack_room_has(const char *folder, const char *kind);

#endif
