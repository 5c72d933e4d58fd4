/* SPDX-License-Identifier: Apache-2.0 */
/* link: the header Link (RFC 8288) of an answer: its hub, itself, the next page. */
#ifndef TOSD_FETCH_LINK_H
#define TOSD_FETCH_LINK_H

#include "base/buf.h"

/* The target of the first link with this relation, as it was written (it may be
 * relative to the answer's address); to be freed.  NULL: there is none. */
char *fetch_link(const struct buf *head, const char *rel);

#endif
