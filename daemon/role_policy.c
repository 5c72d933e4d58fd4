/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_policy: a worker that hosts plugins.  It has no network, no files and no clock
 * that decides anything; what it cannot answer in time costs this process only.
 */
#include <stdlib.h>

#include "base/log.h"
#include "ipc/role.h"
#include "policy/host.h"
#include "roles.h"

struct policy_role {
	struct role_self *self;
	struct conf *conf;
	struct policy_host *host;
	char **problems; /* what was refused at the start, in words */
	uint32_t nproblems;
};

static void
on_refused(void *ctx, const char *text)
{
	struct policy_role *r = ctx;

	r->problems = xrealloc(r->problems, (r->nproblems + 1) * sizeof(*r->problems));
	r->problems[r->nproblems++] = xstrdup(text);
	log_warn("policy", "%s", text);
}

static void
on_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct policy_role *r = ctx;
	struct msg m;

	if (role != ROLE_ENGINE)
		return;
	msg_init(&m, MSG_RULES);
	policy_host_rules(r->host, &m.rules);
	role_send(r->self, role, index, &m);
}

static void
on_msg(void *ctx, struct msg *m)
{
	struct policy_role *r = ctx;
	struct msg out;

	if (m->type != MSG_INSPECT)
		return;
	msg_init(&out, MSG_INSPECTED);
	out.inspected.batch = m->inspect.batch;
	out.inspected.digest = xstrdup(policy_host_digest(r->host));
	out.inspected.v = xcalloc(m->inspect.n, sizeof(*out.inspected.v));
	for (uint32_t i = 0; i < m->inspect.n; i++) {
		const struct msg_inspect_item *in = &m->inspect.v[i];
		struct msg_inspected_item *o = &out.inspected.v[out.inspected.n++];

		o->revision = in->revision;
		policy_host_check(r->host, in->tenant, &in->item, in->time, &o->findings,
		    &o->n, &o->degraded);
	}
	role_send(r->self, m->from, m->from_index, &out);
}

static void
release(void *ctx)
{
	struct policy_role *r = ctx;

	policy_host_free(&r->host);
	for (uint32_t i = 0; i < r->nproblems; i++)
		free(r->problems[i]);
	free(r->problems);
	conf_free(&r->conf);
	free(r);
}

static int
start(struct role_self *self, const struct buf *sources, struct sandbox_profile *profile,
    struct err *e)
{
	struct policy_role *r = xcalloc(1, sizeof(*r));
	struct policy_options o = {.report = on_refused, .ctx = r};
	int rc;

	r->self = self;
	role_set_ctx(self, r);
	if ((rc = conf_of_role(sources, &r->conf, e)) != 0)
		return rc;
	o.conf = &r->conf->policy;
	o.safety = &r->conf->safety;
	if ((rc = policy_host_new(&o, &r->host, e)) != 0)
		return rc;
	profile_of_role(ROLE_POLICY, r->conf, profile);
	return 0;
}

int
role_policy_main(void)
{
	/* No reconf: a new configuration is a new worker, which loads its packs while
	 * the old one still answers. */
	static const struct role_ops ops = {
	    .role = ROLE_POLICY,
	    .start = start,
	    .msg = on_msg,
	    .peer_up = on_peer_up,
	    .free = release,
	};

	return role_main(&ops);
}
