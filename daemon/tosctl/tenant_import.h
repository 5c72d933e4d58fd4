/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_import: the rows of somebody's list to proposals. */
#ifndef TOSD_TOSCTL_TENANT_IMPORT_H
#define TOSD_TOSCTL_TENANT_IMPORT_H

#include "feed/roster.h"
#include "tosctl/proposal.h"

/* What makes feeds one tenant, where the list does not say. */
enum import_by {
	IMPORT_BY_LIST, /* folder or tenant column; else host */
	IMPORT_BY_HOST,
	IMPORT_BY_ONE,
};

/* Groups the rows; in CSV their name is the tenant's, in OPML the feed's.  one: the id
 * of IMPORT_BY_ONE.  Rows that the configuration would not take are refused in r.  With
 * o, every feed is read and told of; NULL: none is. */
void tenant_import(struct roster *r, enum roster_kind kind, enum import_by by,
    const char *one, struct onboard *o, struct proposals *out);

#endif
