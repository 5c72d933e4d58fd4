/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_run: one plugin outside of the daemon: a shared object, or a program that tosctl
 * starts itself, with the limits and walls that it has in the daemon.
 */
#ifndef TOSD_TOSCTL_PLUGIN_RUN_H
#define TOSD_TOSCTL_PLUGIN_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "ipc/spawn.h"
#include "policy/exec.h"

struct plugin_run {
	struct conf_plugin conf; /* name, command, window and so on */
	struct conf_setting settings[32];
	struct spawn_child spawn;
	char name[64];
	pid_t pid;   /* 0: none runs */
	int64_t due; /* not before that */
	bool wanted;
	/* How lines call the item of this number; NULL: "line 12". */
	void (*called)(void *ctx, uint64_t line, char out[EXEC_CALLED]);
	void *called_ctx;
};

/* Presets of tosd.conf(5).  It is called after its file unless conf.name is set. */
void plugin_run_init(struct plugin_run *r);
/* The command as words of a command line: relative names of files become whole paths,
 * and the program is looked for in $PATH.  Fills in folder and spawn.  TOSD_ENOENT. */
int plugin_run_command(struct plugin_run *r, char **words, size_t n, struct err *e);
/* In place of a command: a shared object, FILE.so. */
void plugin_run_object(struct plugin_run *r, const char *file);
void plugin_run_clear(struct plugin_run *r);

/* Starts it; fds are our ends. */
int plugin_run_start(struct plugin_run *r, struct exec_fds *fds, struct err *e);
/* Kills what is left of it; its status as of waitpid(), -1 if none ran.  First waits so
 * many ms for it to end by itself; *ended says whether it did. */
int plugin_run_end(struct plugin_run *r, int64_t patience, bool *ended);

/* For policy_host_new(): take() starts it when it is due. */
struct policy_children plugin_run_children(struct plugin_run *r);

#endif
