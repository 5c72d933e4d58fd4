/* SPDX-License-Identifier: Apache-2.0 */
/* engine_list: what engine_list.c (when and what), engine_list_sync.c (which there are),
 * engine_list_bytes.c (bytes on their way), engine_list_file.c (the files) and
 * engine_list_force.c (what is in force) share. */
#ifndef TOSD_ENGINE_ENGINE_LIST_H
#define TOSD_ENGINE_ENGINE_LIST_H

#include <sys/stat.h>

#include "engine/engine_in.h"
#include "store/store_list.h"

#define LIST_MAX (512u << 20) /* bytes of a list, whatever is configured */
#define NOTE_MAX_BYTES (16u << 10) /* ... and of its signature: plugin `lists' reads no more */

enum engine_list_stage {
	LIST_IDLE,
	LIST_CHECKED,	/* the file in force is being read: is it what the row says? */
	LIST_ASKED,	/* fetch has the request */
	LIST_READ,	/* the list is here, its digest is being taken */
	LIST_SIGNATURE, /* its signature is asked for */
	LIST_WRITE,	/* it is being written down */
	LIST_HERE,	/* on disk, to be tried */
	LIST_TRIED,	/* the supervisor has it tried */
};

struct engine_list {
	const struct conf_blocklist *conf;
	struct store_list row; /* as in the store */
	enum engine_list_stage stage;
	int64_t since; /* of the stage */
	uint64_t poll; /* number of the last request */
	/* A new version on its way, and what it would be known by: engine_list_bytes.c. */
	int body;	/* memfd; -1: none */
	size_t at;	/* how much of it is read, or written */
	struct digest_sum *sum;
	int part;	/* the file that is being written; -1: none */
	struct buf note; /* its signature */
	struct store_list got;
	int64_t hint;	/* interval that its answer asks for */
	char *file;	/* its name in the folder */
	uint64_t trial; /* number of its TRY */
	char *before;	/* the file that was in force before: a worker may be reading it */
	bool linked;	/* the link leads where the row says, or: */
	int64_t relink; /* it could not be moved, until then; CLOCK_NONE: it was */
	bool doubt;	/* whether the file in force is what the row says */
	struct stat seen; /* the file in force when that was found out last; or all zero */
	char renewed[DIGEST_HEX]; /* workers were told of this one */
	bool held;	 /* it waits for what lies on disk to be taken into use */
	uint64_t loaded; /* bits of the workers that have the one in force */
};

/* The last try brought nothing that could be taken. */
bool engine_list_troubled(const struct engine_list *l);
/* The version in force is of another address than the one that is configured now. */
bool engine_list_is_moved(const struct engine_list *l);
/* Keeps its row. */
void engine_list_put(struct engine *g, const struct engine_list *l);
/* Nothing is on its way any more. */
void engine_list_drop(struct engine *g, struct engine_list *l, int64_t now);

/* --- engine_list_bytes.c --- */

/* A list may have half a GiB, and everything else waits while it is looked at: so much of
 * it in one turn. */
#define LIST_SLICE (2u << 20)

/* Takes the memfd of an answer (*fd is -1 then), or says why it is none. */
int engine_list_begin(struct engine_list *l, int *fd, struct err *e);
/* The same of the file in force, to see whether it is what the row says. */
int engine_list_begin_check(struct engine *g, struct engine_list *l, struct err *e);
/* The next slice of its digest.  1: that is got.digest now; 0: there is more; or an error. */
int engine_list_read(struct engine_list *l, struct err *e);
/* The next slice to disk.  1: it lies there, and its signature, under l->file; 0: there is
 * more; or an error: nothing of it is left. */
int engine_list_write(struct engine *g, struct engine_list *l, struct err *e);
/* Has the names in the folder of lists become durable. */
int engine_list_sync_dir(const struct engine *g, struct err *e);
/* Lets go of the bytes; what was written stays. */
void engine_list_forget(struct engine_list *l);

/* --- engine_list_file.c --- */

/* The name of the file of a version, as it is written; xmalloc'd. */
char *engine_list_file(const char *name, const char *digest);
/* The name under which the one in force lies; xmalloc'd. */
char *engine_list_kept(const struct engine *g, const struct engine_list *l);
/* Its path in the folder, with this behind; xmalloc'd. */
char *engine_list_path(const struct engine *g, const char *file, const char *ending);
/* Brings the row in line with what is on disk: after a start. */
void engine_list_mend(struct engine *g, struct engine_list *l, int64_t now);
/* The version in force is not there, for this reason: what it was known by is forgotten, so
 * that the server sends it whole, and workers that start do without it. */
void engine_list_missing(
    struct engine *g, struct engine_list *l, const char *why, int64_t now);
/* Whether the file in force has changed since it was looked at, or is gone. */
bool engine_list_touched(const struct engine *g, const struct engine_list *l);
/* Whether a signature that is wanted lies beside it; or says what does. */
int engine_list_vouched(const struct engine *g, const struct engine_list *l, struct err *e);
/* Has the link lead to the version in force.  False: it cannot, and is tried again. */
bool engine_list_link(struct engine *g, struct engine_list *l, int64_t now);
/* When that is due; CLOCK_NONE: it is not. */
int64_t engine_list_relink(struct engine_list *l, int64_t now);
/* Removes versions that are neither in force nor on their way. */
void engine_list_sweep(struct engine *g, const struct engine_list *l);
/* 0 if one of the keys of the list has signed it. */
int engine_list_signed(const struct conf_blocklist *c, const char *digest,
    const struct buf *note, struct err *e);

#endif
