/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_diff: `tosctl policy diff', what differs between packs. */
#ifndef TOSD_TOSCTL_DIFF_H
#define TOSD_TOSCTL_DIFF_H

/* argv[0] is "diff".  0 done, 1 a rule means something else under the same rev, or some
 * line was no item, 2 usage, 3 cannot. */
int tosctl_diff(int argc, char **argv);

#endif
