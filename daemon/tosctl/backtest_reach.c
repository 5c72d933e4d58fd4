/* SPDX-License-Identifier: Apache-2.0 */
/* backtest_reach: how much of the past is still there; see backtest.h. */
#include <stdlib.h>

#include "tosctl/backtest.h"

static int
add_thinned(void *ctx, const struct store_thinned *t)
{
	struct bt_kept *k = ctx;

	k->thinned = xrealloc(k->thinned, (k->n + 1) * sizeof(*k->thinned));
	k->thinned[k->n++] = *t;
	return 0;
}

void
bt_kept_load(struct store *s, struct bt_kept *out, int *rc, struct err *e)
{
	struct store_mark_at at[MARK_COUNT];

	*out = (struct bt_kept){0};
	*rc = 0;
	for (int i = 0; i < MARK_COUNT && *rc == 0; i++)
		*rc = store_mark_get(s, (enum store_mark)i, &at[i], e);
	if (*rc == 0 && store_thinned_each(s, add_thinned, out) < 0)
		*rc = err_set(e, TOSD_EIO, "cannot read what is kept");
	if (*rc != 0)
		return;
	out->whole = at[MARK_WHOLE].revision;
	out->sample = at[MARK_SAMPLE].revision;
	out->found = at[MARK_FOUND].revision;
}

void
bt_kept_free(struct bt_kept *k)
{
	free(k->thinned);
	*k = (struct bt_kept){0};
}

/* The share of the range in which the revision lies; ranges are few. */
static uint32_t
share_at(const struct bt_kept *k, int64_t revision)
{
	for (size_t i = 0; i < k->n; i++)
		if (revision <= k->thinned[i].upto)
			return k->thinned[i].share;
	return STORE_SHARE_ALL;
}

enum bt_reach
bt_reach(const struct bt_kept *k, int64_t revision, const char digest[DIGEST_HEX],
    bool found, enum store_text text, double *weight)
{
	uint32_t share = revision > k->whole ? STORE_SHARE_ALL : share_at(k, revision);

	*weight = 1;
	if (revision > k->whole || share == STORE_SHARE_ALL) {
		if (text == TEXT_KEPT)
			return BT_WHOLE;
		*weight = 0;
		return BT_LOST;
	}
	*weight = 0;
	/* Before the sample, and where none was kept, nothing is known but what was
	 * found then. */
	if (revision <= k->sample || share == 0)
		return found && text == TEXT_KEPT ? BT_OLD : BT_OUTSIDE;
	if (!found && !store_sampled(digest, share))
		return BT_PASSED;
	if (text != TEXT_KEPT)
		return BT_LOST;
	*weight = found ? 1 : (double)STORE_SHARE_ALL / share;
	return found ? BT_FOUND : BT_DRAWN;
}

bool
bt_looked(enum bt_reach r)
{
	return r == BT_WHOLE || r == BT_FOUND || r == BT_DRAWN || r == BT_OLD;
}

bool
bt_exposed(enum bt_reach r)
{
	return r == BT_WHOLE || r == BT_FOUND || r == BT_DRAWN || r == BT_PASSED;
}
