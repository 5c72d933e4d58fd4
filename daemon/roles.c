/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles: what each role may do, as one table of permissions and a few functions that
 * add the paths of this configuration; see roles.h.
 */
#include "roles.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/spawn.h"

static const struct role_rights {
	unsigned may;
	uint64_t max_memory, max_files;
} rights[ROLE_COUNT] = {
    [ROLE_ENGINE] = {SANDBOX_MAY_READ | SANDBOX_MAY_WRITE | SANDBOX_MAY_UNIX |
			 SANDBOX_MAY_THREAD,
	0, 4096},
    /* Code is loaded for rare encodings of feeds (iconv). */
    [ROLE_FETCH] = {SANDBOX_MAY_READ | SANDBOX_MAY_INET | SANDBOX_MAY_DLOPEN, 0, 4096},
    [ROLE_POLICY] = {0, 0, 64},
    [ROLE_COURIER] = {SANDBOX_MAY_READ | SANDBOX_MAY_INET | SANDBOX_MAY_THREAD |
			  SANDBOX_MAY_DLOPEN,
	0, 1024},
    [ROLE_CONSOLE] = {SANDBOX_MAY_READ | SANDBOX_MAY_ACCEPT, 0, 4096},
};

static void
log_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	log_err("conf", "%s:%d: %s", file, line, text);
}

int
conf_of_role(const struct buf *sources, struct conf **out, struct err *e)
{
	struct conf_sources s = {0};
	struct rd r = rd_of(sources->data, sources->len);
	int rc = 0;

	*out = NULL;
	conf_sources_get(&r, &s);
	if (!rd_done(&r))
		rc = err_set(e, TOSD_EPROTO, "the configuration came broken");
	else if (conf_parse(&s, log_mistake, NULL, out) != 0)
		rc = err_set(
		    e, TOSD_EINVAL, "the configuration has mistakes, see above");
	conf_sources_clear(&s);
	return rc;
}

/*
 * What the C library and libcurl need to resolve names and check certificates.  The
 * whole of /etc, since a rule holds on to a file, not to its name: resolv.conf and the
 * CA bundle are replaced by renaming while we run, and a rule for the old file would
 * leave us blind until a restart.  Secrets do not belong in /etc readable for the user
 * of the roles; the supervisor reads them as root, or from systemd's credentials.
 */
static void
read_system(struct sandbox_profile *p)
{
	static const char *const paths[] = {"/etc", "/usr", "/lib", "/lib64",
	    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
	    "/dev/urandom", "/dev/null"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		sandbox_read(p, paths[i]);
}

static void
paths_of_engine(const struct conf *c, struct sandbox_profile *p)
{
	/* /etc: names of the users at the control socket, the time zone. */
	sandbox_read(p, "/etc");
	sandbox_read(p, "/usr/share/zoneinfo");
	sandbox_read(p, "/dev/urandom");
	sandbox_read(p, c->templates_dir);
	sandbox_write(p, c->state_dir);
	sandbox_write(p, c->run_dir);
}

static void
paths_of_console(const struct conf *c, struct sandbox_profile *p)
{
	sandbox_read(p, "/usr/share/zoneinfo");
	sandbox_read(p, "/dev/urandom");
	sandbox_read(p, c->state_dir);
}

static const enum sandbox_mode modes[] = {
    [CONF_SANDBOX_REQUIRED] = SANDBOX_REQUIRED,
    [CONF_SANDBOX_BEST_EFFORT] = SANDBOX_BEST_EFFORT,
    [CONF_SANDBOX_OFF] = SANDBOX_OFF,
};

void
spawn_of_plugin(
    const struct conf_plugin *p, const struct conf *c, struct spawn_child *s)
{
	*s = (struct spawn_child){.name = p->name,
	    .command = p->command,
	    .ncommand = p->ncommand,
	    .folder = p->folder,
	    .sandbox = modes[c->sandbox],
	    .memory = p->memory,
	    .files = p->files,
	    .processes = p->processes,
	    .cpu = (uint64_t)(p->cpu / CLOCK_SEC)};
}

void
profile_of_role(enum role role, const struct conf *c, struct sandbox_profile *p)
{
	memset(p, 0, sizeof(*p));
	p->mode = modes[c->sandbox];
	p->may = rights[role].may;
	p->max_memory = rights[role].max_memory;
	p->max_files = rights[role].max_files;
	switch (role) {
	case ROLE_ENGINE:
		paths_of_engine(c, p);
		break;
	case ROLE_CONSOLE:
		paths_of_console(c, p);
		break;
	case ROLE_COURIER:
		if (c->courier.transport == CONF_MAIL_SENDMAIL)
			p->may |= SANDBOX_MAY_EXEC;
		read_system(p);
		sandbox_read(p, c->fetch.ca_file); /* the same trust for mail */
		break;
	case ROLE_FETCH:
		read_system(p);
		sandbox_read(p, c->fetch.ca_file);
		break;
	case ROLE_POLICY: /* nothing but its channel */
		p->max_memory = c->policy.worker_memory;
		break;
	default:
		break;
	}
}
