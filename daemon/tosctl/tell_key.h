/* SPDX-License-Identifier: Apache-2.0 */
/* tell_key: the public half of a key that was just made. */
#ifndef TOSD_TOSCTL_TELL_KEY_H
#define TOSD_TOSCTL_TELL_KEY_H

/* Prints it.  A key whose public half nobody was told is no good, and its file is removed
 * again.  0, or the exit code. */
int tell_key(const char *vkey, const char *file);

#endif
