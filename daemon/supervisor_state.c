/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_state: the state folder is ours alone, and does not begin anew under us.
 *
 * The lock is on the folder itself and goes with our descriptor, however we end.  It is
 * taken before any role is started: a second supervisor must not touch what the first
 * one's engine writes.  (Engines are kept apart by the lock of the ledger, which one
 * may hold for a moment longer than its supervisor lives.)
 *
 * The ledger that was there once must stay: an engine that finds none makes a new one,
 * with a new key, and nobody would see that the record is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "supervisor.h"

#define STATE_ROOM (1u << 20) /* bytes; an engine does not start in less */

int
state_take(struct supervisor *sup, struct err *e)
{
	const char *dir = sup->setup->conf->state_dir;

	sup->state = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sup->state < 0)
		return err_sys(e, "cannot open folder %s", dir);
	if (flock(sup->state, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(e, TOSD_EBUSY,
		    "another tosd runs on %s: only one may; nothing was touched", dir);
	return err_sys(e, "cannot lock folder %s", dir);
}

/* Whether a file of the ledger that was seen once is not there any more, or is another
 * one; inode NULL: it is written anew as it grows. */
static bool
is_gone(const struct supervisor *sup, const char *name, bool *seen, ino_t *inode)
{
	char *path = xasprintf("%s/log/%s", sup->setup->conf->state_dir, name);
	struct stat st;
	int rc = stat(path, &st) == 0 ? 0 : errno;
	bool gone = *seen && (rc == ENOENT || rc == ENOTDIR);

	if (rc == 0 && *seen && inode != NULL)
		gone = st.st_ino != *inode;
	if (rc == 0 && !*seen && inode != NULL)
		*inode = st.st_ino;
	*seen |= rc == 0;
	free(path);
	return gone;
}

static void
fail(struct supervisor *sup)
{
	char *why =
	    xasprintf("the ledger that was in %s/log is gone, and no other is begun "
		      "in its place: look for it before tosd is started again",
		sup->setup->conf->state_dir);

	/* Not told to stop: it would write into what is left. */
	for (struct proc *p = sup->procs; p != NULL; p = p->next)
		if (p->slot->role == ROLE_ENGINE && p->state != PROC_ENDING)
			proc_kill(p, "it has no ledger any more");
	supervisor_fail(sup, why);
	free(why);
}

void
state_look(struct supervisor *sup)
{
	if (sup->stopping || sup->state < 0)
		return;
	/* The lock is made with the ledger and never again, the head with each seal. */
	if (is_gone(sup, "lock", &sup->lock_seen, &sup->lock_inode) ||
	    is_gone(sup, "checkpoint", &sup->head_seen, NULL))
		fail(sup);
}

bool
state_is_full(const struct supervisor *sup)
{
	struct statvfs st;

	return sup->state >= 0 && fstatvfs(sup->state, &st) == 0 &&
	       (st.f_bavail * st.f_frsize < STATE_ROOM ||
		   (st.f_files > 0 && st.f_favail == 0));
}

void
state_release(struct supervisor *sup)
{
	if (sup->state >= 0)
		close(sup->state);
	sup->state = -1;
}
