/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_report: what somebody reported, and what came of it.  A report that is still
 * open when the record ends is looked at after the start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_report.h"
#include "tosctl/rebuild.h"

static int
make(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_report x = {.item = rebuild_int(o, "item"),
	    .revision = rebuild_int(o, "revision"),
	    .made = r->t,
	    .looked = CLOCK_NONE,
	    .who = (char *)(uintptr_t)rebuild_str(o, "person"),
	    .file = (char *)(uintptr_t)rebuild_str(o, "file"),
	    .entry = (int64_t)r->seq};
	struct store_at at;
	struct buf words = {0};
	int rc = rebuild_bytes(r, o, &words, e);

	buf_free(&words);
	if (rc == TOSD_ENOENT)
		rebuild_note_lost(r, x.file);
	else if (rc != 0)
		return rc;
	snprintf(x.tenant, sizeof(x.tenant), "%s", rebuild_str(o, "tenant"));
	at = rebuild_at(r, x.tenant);
	rc = store_report_put(r->store, &at, &x, e);
	if (rc == 0)
		rc = rebuild_same(r, "report", x.id, rebuild_int(o, "report"), e);
	return rc;
}

/* It was looked at, or it is to be once more. */
static void
change(struct rebuild *r, const json_t *o, const char *state, struct store_report *x)
{
	bool again = strcmp(state, "again") == 0;

	x->state = again			    ? REPORT_OPEN
		   : strcmp(state, "degraded") == 0 ? REPORT_DEGRADED
						    : REPORT_LOOKED;
	x->asked = !again;
	x->looked = again ? CLOCK_NONE : r->t;
	x->found = rebuild_int(o, "found");
	free(x->why);
	x->why = NULL;
	if (x->state == REPORT_DEGRADED)
		x->why = xstrdup(rebuild_str(o, "why"));
}

int
rebuild_report(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *state = rebuild_str(o, "state");
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	struct store_report x;
	int rc;

	if (strcmp(state, "made") == 0)
		return make(r, o, e);
	rc = store_report_get(r->store, rebuild_int(o, "report"), &x, e);
	if (rc == TOSD_ENOENT)
		return rebuild_wrong(r, e, "no entry before it makes report %lld",
		    (long long)rebuild_int(o, "report"));
	if (rc == 0) {
		change(r, o, state, &x);
		rc = store_report_put(r->store, &at, &x, e);
		store_report_clear(&x);
	}
	return rc;
}
