/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_console: health and metrics over HTTP from the numbers that the engine sends.
 * It holds no tenant's content and can change nothing.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "console/health.h"
#include "ipc/http.h"
#include "ipc/role.h"
#include "roles.h"

struct console_role {
	struct role_self *self;
	struct conf *conf;
	struct http_server *http;
	json_t *stats;
	int64_t when; /* stats came, steady clock */
};

static void
on_request(void *ctx, const char *path, struct http_reply *reply)
{
	struct console_role *r = ctx;

	health_answer(path, r->stats, clock_steady() - r->when, reply);
}

static void
on_msg(void *ctx, struct msg *m)
{
	struct console_role *r = ctx;
	json_t *j = json_loads(m->stats.json, 0, NULL);

	if (j == NULL) {
		log_warn("console", "the engine sent numbers that are no JSON");
		return;
	}
	json_decref(r->stats);
	r->stats = j;
	r->when = clock_steady();
}

static void
release(void *ctx)
{
	struct console_role *r = ctx;

	http_server_free(&r->http);
	json_decref(r->stats);
	conf_free(&r->conf);
	free(r);
}

static int
start(struct role_self *self, const struct buf *sources,
    struct sandbox_profile *profile, struct err *e)
{
	struct console_role *r = xcalloc(1, sizeof(*r));
	int rc;

	r->self = self;
	role_set_ctx(self, r);
	if ((rc = conf_of_role(sources, &r->conf, e)) != 0)
		return rc;
	conf_lean(r->conf, CONF_TENANTS_NONE);
	if (r->conf->console.listen != NULL &&
	    (rc = http_server_new(role_loop(self), r->conf->console.listen, on_request,
		 r, &r->http, e)) != 0)
		return err_wrap(e, "console");
	if (r->http != NULL && http_server_port(r->http) != 0)
		log_info("console", "health and metrics on port %u",
		    http_server_port(r->http));
	profile_of_role(ROLE_CONSOLE, r->conf, profile);
	return 0;
}

int
role_console_main(void)
{
	static const struct role_ops ops = {
	    .role = ROLE_CONSOLE,
	    .start = start,
	    .msg = on_msg,
	    .free = release,
	};

	return role_main(&ops);
}
