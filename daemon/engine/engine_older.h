/* SPDX-License-Identifier: Apache-2.0 */
/* engine_older: the address of the page behind one that was read. */
#ifndef TOSD_ENGINE_OLDER_H
#define TOSD_ENGINE_OLDER_H

#include "ipc/msg.h"

/* What the document names (RFC 5005 prev-archive, JSON Feed next_url, Link: rel=next),
 * if it is on the same site; else what its software is known to take.  xmalloc'd, NULL
 * if there is none. */
char *engine_older_url(const char *url, const struct msg_polled *p);

#endif
