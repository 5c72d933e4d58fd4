/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_due: what waits in the store for a time, and goes back with a clock that is set
 * back; see store.h.  What waits in memory: engine_clock.c.  A new column that somebody
 * waits for belongs into the list here, or among those that tests/test_store.c knows to
 * stay.
 */
#include "store/db.h"
#include "store/store_cover.h"

#define DUE(table, column, which)                                             \
	"UPDATE " #table " SET " #column " = " #column " - ?1 WHERE " #column \
	" > ?2" which

static const char *const dues[] = {
    DUE(violation, next_check, ""),
    DUE(errand, due, ""),
    DUE(errand, until, " AND kind = 7"), /* how long media are waited for */
    DUE(ask, due, ""),
    DUE(retry, due, ""),
    DUE(retry, since, ""), /* it is given up so long after that */
    DUE(outbox, next_try, " AND state = 0"),
    /* When a notice is to be composed; other deadlines were told. */
    DUE(cases, deadline, " AND closed IS NULL AND phase = 1"),
    /* The lease too: it was counted from a time that had not come. */
    DUE(subscription, due, ""),
    DUE(subscription, until, ""),
    DUE(subscription, since, ""),
    DUE(subscription, missed_since, ""),
    DUE(list, next, ""),
};
_Static_assert(ERRAND_MEDIA == 7 && OUTBOX_NEW == 0 && STORE_PHASE_SENDING == 1,
    "the numbers in the texts above");

int
store_due_back(struct store *s, int64_t by, int64_t now, struct err *e)
{
	bool own;
	int rc = db_write(s, NULL, NULL, &own, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < sizeof(dues) / sizeof(dues[0]); i++)
		rc = db_run(s, dues[i], NULL, e, "ii", by, now);
	return db_done(s, own, rc, e);
}
