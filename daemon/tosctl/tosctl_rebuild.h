/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_rebuild: `tosctl rebuild': a lost store from ledger and vault. */
#ifndef TOSD_TOSCTL_REBUILD_H
#define TOSD_TOSCTL_REBUILD_H

/* argv[0] is the command's name.  Returns the exit code: 0 done, 1 the record cannot
 * be made a store of (it says where), 2 usage, 3 cannot. */
int tosctl_rebuild(int argc, char **argv);

#endif
