/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_policy: one of the workers that judge items.  It loads plugins and packs before
 * its sandbox closes, tells the engine which rules it has, and then only answers: a
 * MSG_INSPECTED for each MSG_INSPECT, in order.  It keeps no state from item to item;
 * an item that crashes or hangs it costs the worker, and the engine knows which batch
 * it was.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ipc/role.h"
#include "policy/host.h"
#include "roles.h"

struct policy {
	struct role_self *self;
	struct conf *conf;
	struct policy_host *host;
	uint32_t faults; /* packs and plugins left out */
};

static void
report(void *ctx, const char *text)
{
	struct policy *p = ctx;

	p->faults++;
	log_err("policy", "%s", text);
}

static void
policy_free(void *ctx)
{
	struct policy *p = ctx;

	policy_host_free(&p->host);
	conf_free(&p->conf);
	free(p);
}

static int
policy_start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	struct policy_options o;
	int rc = conf_of_role(sources, &p->conf, e);

	p->self = self;
	if (rc == 0)
		conf_lean(p->conf, CONF_TENANTS_NONE);
	/* Without the folder each start compiles anew: a slow start, no fault. */
	if (rc == 0 && p->conf->policy.cache_dir != NULL &&
	    file_mkdirs(p->conf->policy.cache_dir, 0700, e) != 0)
		log_warn("policy", "no cache: %s", e->text);
	if (rc == 0) {
		o = (struct policy_options){.conf = &p->conf->policy,
		    .safety = &p->conf->safety,
		    .report = report,
		    .ctx = p};
		rc = policy_host_new(&o, &p->host, e);
	}
	if (rc != 0) {
		policy_free(p);
		return rc;
	}
	/* No file, no socket, no new code: what a plugin needs it has opened by now. */
	profile_of_role(ROLE_POLICY, p->conf, profile);
	role_set_ctx(self, p);
	role_set_faults(self, p->faults);
	return 0;
}

static void
policy_peer_up(void *ctx, enum role role, uint32_t index)
{
	struct policy *p = ctx;
	struct msg m;

	if (role != ROLE_ENGINE)
		return;
	msg_init(&m, MSG_RULES);
	policy_host_rules(p->host, &m.rules);
	if (role_send(p->self, role, index, &m) != 0)
		log_warn("policy", "the rules could not be sent to the engine");
}

static void
inspect(struct policy *p, const struct msg_inspect *in, struct msg_inspected *out)
{
	out->batch = in->batch;
	out->digest = xstrdup(policy_host_digest(p->host));
	out->n = in->n;
	out->v = xcalloc(in->n, sizeof(*out->v));
	for (uint32_t i = 0; i < in->n; i++) {
		const struct msg_inspect_item *it = &in->v[i];
		struct msg_inspected_item *to = &out->v[i];

		to->revision = it->revision;
		policy_host_check(p->host, it->tenant, &it->item, it->time,
		    &to->findings, &to->n, &to->degraded);
	}
}

static void
policy_msg(void *ctx, struct msg *m)
{
	struct policy *p = ctx;
	enum role from = m->from;
	uint32_t index = m->from_index;
	struct msg answer;

	if (m->type != MSG_INSPECT)
		return;
	msg_init(&answer, MSG_INSPECTED);
	inspect(p, &m->inspect, &answer.inspected);
	if (role_send(p->self, from, index, &answer) != 0)
		log_warn("policy",
		    "findings of a batch could not be sent; the engine will "
		    "ask again");
}

int
role_policy_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_POLICY,
	    .start = policy_start,
	    .msg = policy_msg,
	    .peer_up = policy_peer_up,
	    .free = policy_free,
	};

	return role_main(&ops);
}
