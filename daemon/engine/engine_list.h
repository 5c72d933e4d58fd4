/* SPDX-License-Identifier: Apache-2.0 */
/* engine_list: what engine_list.c (when and what) and engine_list_file.c (the files) share. */
#ifndef TOSD_ENGINE_ENGINE_LIST_H
#define TOSD_ENGINE_ENGINE_LIST_H

#include "engine/engine_in.h"
#include "store/store_list.h"

#define LIST_MAX (512u << 20) /* bytes of a list, whatever is configured */

enum engine_list_stage {
	LIST_IDLE,
	LIST_ASKED,	/* fetch has the request */
	LIST_SIGNATURE, /* the list is here, its signature is asked for */
	LIST_HERE,	/* on disk, to be tried */
	LIST_TRIED,	/* the supervisor has it tried */
};

struct engine_list {
	const struct conf_blocklist *conf;
	struct store_list row; /* as in the store */
	enum engine_list_stage stage;
	int64_t since; /* of the stage */
	uint64_t poll; /* number of the last request */
	/* A new version on its way: the bytes until they are on disk, and what it would be
	 * known by. */
	struct buf body;
	struct store_list got;
	int64_t hint;	/* interval that its answer asks for */
	char *file;	/* its name in the folder */
	uint64_t trial; /* number of its TRY */
	char *before;	/* the file that was in force before: a worker may be reading it */
	bool linked;	/* the link leads where the row says */
	char renewed[DIGEST_HEX]; /* workers were told of this one */
	bool held;	 /* it waits for what lies on disk to be taken into use */
	uint64_t loaded; /* bits of the workers that have the one in force */
};

/* The last try brought nothing that could be taken. */
bool engine_list_troubled(const struct engine_list *l);

/* --- engine_list_file.c --- */

/* The name of the file of a version; xmalloc'd. */
char *engine_list_file(const char *name, const char *digest);
/* Keeps the bytes, and the signature's where there is one, under that name. */
void engine_list_keep(struct engine *g, const struct engine_list *l,
    const struct buf *signature);
/* Brings the row in line with what is on disk: after a start. */
void engine_list_mend(struct engine *g, struct engine_list *l, int64_t now);
/* Has the link lead to the version in force. */
void engine_list_link(struct engine *g, struct engine_list *l);
/* Removes versions that are neither in force nor on their way. */
void engine_list_sweep(struct engine *g, const struct engine_list *l);
/* 0 if one of the keys of the list has signed it. */
int engine_list_signed(const struct conf_blocklist *c, const char *digest,
    const struct buf *note, struct err *e);

#endif
