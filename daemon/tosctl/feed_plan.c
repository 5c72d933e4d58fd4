/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_plan: when the daemon would come again, by its own schedule; see feed_report.h.
 */
#include <string.h>

#include "fetch/schedule.h"
#include "ipc/msg.h"
#include "tosctl/feed_report.h"

#define SEEDS 64 /* plans made to see how far jitter goes */

/* What the configuration says of this address, if it names it. */
static int64_t
interval_of(const struct conf *c, const char *url)
{
	for (size_t i = 0; i < c->ntenants; i++)
		for (size_t j = 0; j < c->tenants[i].nfeeds; j++) {
			const struct conf_feed *f = &c->tenants[i].feeds[j];

			if (f->interval > 0 && strcmp(f->url, url) == 0)
				return f->interval;
		}
	return c->fetch.interval;
}

void
feed_report_plan(struct feed_report *r, const struct conf *c)
{
	const struct visit *v = r->v;
	struct fetch_plan plan;
	struct fetch_plan_in in = {
	    .now = v->r.time,
	    .base_interval = interval_of(c, r->asked),
	    .min = c->fetch.interval_min,
	    .max = c->fetch.interval_max,
	    .outcome = v->not_feed != NULL ? POLLED_NOT_FEED : v->r.outcome,
	    .hint = v->r.hint,
	    .retry_after = v->r.retry_after,
	};

	if (v->is_feed && v->doc.ttl_ms > in.hint)
		in.hint = v->doc.ttl_ms;
	r->configured = in.base_interval;
	for (in.jitter_seed = 0; in.jitter_seed < SEEDS; in.jitter_seed++) {
		int64_t span;

		fetch_plan(&in, &plan);
		span = plan.next - in.now;
		if (in.jitter_seed == 0 || span < r->soonest)
			r->soonest = span;
		if (in.jitter_seed == 0 || span > r->latest)
			r->latest = span;
	}
	r->decided = plan.why;
	r->silence = plan.unobservable ? plan.why : NULL;
}
