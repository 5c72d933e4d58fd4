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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisor.h"

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

void
state_release(struct supervisor *sup)
{
	if (sup->state >= 0)
		close(sup->state);
	sup->state = -1;
}
