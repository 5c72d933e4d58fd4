/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_room: packs to be tried.  A folder is taken as it is.  A single pack file is tried
 * beside the packs that are in use: these are copied into a folder of our own, where the
 * file takes the place of the pack of its name.
 */
#ifndef TOSD_TOSCTL_PACK_ROOM_H
#define TOSD_TOSCTL_PACK_ROOM_H

#include <stdbool.h>

#include "base/err.h"

struct pack_room {
	char *dir;
	bool ours; /* made here: goes with pack_room_leave() */
};

/* what: a folder, or NAME.conf; beside: the folder of packs in use.  NULL: the pack is
 * tried alone, with what lies in its folder and is no pack. */
int pack_room_enter(
    const char *what, const char *beside, struct pack_room *out, struct err *e);
void pack_room_leave(struct pack_room *r);

#endif
