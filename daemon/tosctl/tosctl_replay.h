/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_replay: recorded decisions taken again from their recorded inputs. */
#ifndef TOSD_TOSCTL_REPLAY_H
#define TOSD_TOSCTL_REPLAY_H

/* Returns the exit code: 0 all the same, 1 one differs. */
int tosctl_replay(int argc, char **argv);

#endif
