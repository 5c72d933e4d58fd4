/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_simulate: a scenario through the engine in virtual time. */
#ifndef TOSD_TOSCTL_SIMULATE_H
#define TOSD_TOSCTL_SIMULATE_H

/* Returns the exit code. */
int tosctl_simulate(int argc, char **argv);

#endif
