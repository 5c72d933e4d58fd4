/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_policy: the command `tosctl policy', for people who write rule packs. */
#ifndef TOSD_TOSCTL_POLICY_H
#define TOSD_TOSCTL_POLICY_H

/* lint, test, new, keygen, sign; argv[0] is "policy".  0 all good, 1 something is wrong
 * with a pack, 2 usage, 3 cannot. */
int tosctl_policy(int argc, char **argv);

#endif
