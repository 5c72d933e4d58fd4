/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_writable: whether a folder can be written to, or made, by who will run.
 */
#ifndef TOSD_CONF_WRITABLE_H
#define TOSD_CONF_WRITABLE_H

/* path: a folder, or one that is not there yet; at: what is there of it.  user: that roles
 * run as if root starts them, or NULL.  0 or the errno of the attempt, of which nothing
 * stays behind.  Also 0 where it cannot be told: not by root, about somebody else. */
int conf_writable(const char *path, const char *at, const char *user);

#endif
