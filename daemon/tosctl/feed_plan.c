/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_plan: when the daemon would come again, by its own schedule; see feed_report.h.
 */
#include <string.h>

#include "base/clock.h"
#include "fetch/schedule.h"
#include "ipc/msg.h"
#include "tosctl/feed_report.h"

#define SEEDS 64 /* plans made to see how far jitter goes */

/* What the configuration says of this address, if it names it. */
static int64_t
interval_of(const struct conf *c, const char *url, bool *fixed)
{
	for (size_t i = 0; i < c->ntenants; i++)
		for (size_t j = 0; j < c->tenants[i].nfeeds; j++) {
			const struct conf_feed *f = &c->tenants[i].feeds[j];

			if (f->interval > 0 && strcmp(f->url, url) == 0) {
				*fixed = true;
				return f->interval;
			}
		}
	*fixed = false;
	return c->fetch.interval;
}

/* As the daemon will know it after some weeks, from the dates of what is shown. */
static double
weekly(const struct feed_facts *f)
{
	if (f->items < 2 || f->window <= 0)
		return -1;
	return (double)(f->items - 1) * 7 * (double)CLOCK_DAY / (double)f->window;
}

void
feed_report_plan(struct feed_report *r, const struct conf *c)
{
	const struct visit *v = r->v;
	struct fetch_plan plan;
	struct fetch_plan_in in = {
	    .now = v->r.time,
	    .min = c->fetch.interval_min,
	    .max = c->fetch.interval_max,
	    .outcome = v->not_feed != NULL ? POLLED_NOT_FEED : v->r.outcome,
	    .hint = v->r.hint,
	    .retry_after = v->r.retry_after,
	    .weekly = v->is_feed ? weekly(&r->facts) : -1,
	    .hint_max = c->fetch.hint_max,
	    .retry_max = c->fetch.retry_after_max,
	};

	in.base_interval = interval_of(c, r->asked, &in.fixed);
	if (v->is_feed) {
		in.ttl = v->doc.ttl_ms;
		in.skip_hours = v->doc.skip_hours;
		in.skip_days = v->doc.skip_days;
	}
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
	r->silence = plan.silence;
}
