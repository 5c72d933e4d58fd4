/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_lists: the command `tosctl lists'. */
#ifndef TOSD_TOSCTL_LISTS_H
#define TOSD_TOSCTL_LISTS_H

/* check, hash, sign.  argv[0] is "lists".  Returns the exit code: 0 done, 1 something is
 * wrong with a list or a file is no picture, 2 usage, 3 cannot. */
int tosctl_lists(int argc, char **argv);

#endif
