/* SPDX-License-Identifier: Apache-2.0 */
/* conf_secret: what a file must be like to hold a secret.  Private to this room. */
#ifndef TOSD_CONF_CONF_SECRET_H
#define TOSD_CONF_CONF_SECRET_H

#include <sys/types.h>

/* NULL if a file of this mode may hold a secret, else why not. */
const char *conf_secret_refused(mode_t mode);

#endif
