/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosd: the program.  Reads the command line and becomes the supervisor, or, started by
 * the supervisor, one of the roles.
 *
 * A map of the code: base (errors, logs, buffers, time), ipc (messages, loop, sandbox),
 * conf; store and evidence (what is kept); feed, fetch, policy, cases, notice (the way
 * of an item); engine and console; the roles, role_*.c, tie rooms to processes.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/fetched.h"
#include "policy/host.h"
#include "roles.h"
#include "supervisor.h"

#ifndef TOSD_CONFDIR
#define TOSD_CONFDIR "/etc/tosd"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* Set for the roles by -d; they get no other options. */
#define DEBUG_ENV "TOSD_DEBUG"

static int (*const role_mains[ROLE_COUNT])(void) = {
    [ROLE_ENGINE] = role_engine_main,
    [ROLE_FETCH] = role_fetch_main,
    [ROLE_POLICY] = role_policy_main,
    [ROLE_COURIER] = role_courier_main,
    [ROLE_CONSOLE] = role_console_main,
};

enum { OPT_ROLE = 256, OPT_INDEX };

static const struct {
	struct option opt;
	const char *arg, *help; /* help NULL: for the supervisor, not for people */
} options[] = {
    {{"config", required_argument, NULL, 'c'}, "FILE",
	"configuration (" TOSD_CONFDIR "/tosd.conf)"},
    {{"test", no_argument, NULL, 't'}, "", "check the configuration and exit"},
    {{"foreground", no_argument, NULL, 'f'}, "", "stay in the foreground (always so)"},
    {{"debug", no_argument, NULL, 'd'}, "", "log more"},
    {{"version", no_argument, NULL, 'V'}, "", "print the version and exit"},
    {{"help", no_argument, NULL, 'h'}, "", "print this and exit"},
    {{"role", required_argument, NULL, OPT_ROLE}, NULL, NULL},
    {{"index", required_argument, NULL, OPT_INDEX}, NULL, NULL},
};
#define NOPTIONS (sizeof(options) / sizeof(options[0]))

struct args {
	const char *conf_path, *role;
	bool test, debug, version, help;
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: tosd [-c FILE] [-t] [-f] [-d] [-V] [-h]\n");
	for (size_t i = 0; i < NOPTIONS; i++)
		if (options[i].help != NULL)
			fprintf(to, "  -%c, --%s %-*s %s\n", options[i].opt.val,
			    options[i].opt.name,
			    (int)(14 - strlen(options[i].opt.name)), options[i].arg,
			    options[i].help);
}

/* False after a mistake, which getopt_long has told. */
static bool
parse_args(int argc, char **argv, struct args *a)
{
	struct option table[NOPTIONS + 1] = {{0}};
	int c;

	for (size_t i = 0; i < NOPTIONS; i++)
		table[i] = options[i].opt;
	while ((c = getopt_long(argc, argv, "c:tfdVh", table, NULL)) != -1) {
		if (c == '?')
			return false;
		if (c == 'c')
			a->conf_path = optarg;
		else if (c == OPT_ROLE)
			a->role = optarg;
		a->test |= c == 't';
		a->debug |= c == 'd';
		a->version |= c == 'V';
		a->help |= c == 'h';
	}
	if (optind < argc)
		fprintf(stderr, "tosd: `%s' is no option\n", argv[optind]);
	return optind == argc;
}

static int
run_role(const char *name)
{
	int role = role_parse(name);

	if (role < 0 || role_mains[role] == NULL) {
		fprintf(stderr, "tosd: there is no role `%s'\n", name);
		return 2;
	}
	return role_mains[role]();
}

static void
print_mistake(void *ctx, const char *file, int line, const char *text)
{
	size_t *n = ctx;

	++*n;
	fprintf(stderr, "%s%s:%d: %s\n", log_mark(LOG_L_ERR), file, line, text);
}

static void
print_refused(void *ctx, const char *text)
{
	size_t *n = ctx;

	++*n;
	fprintf(stderr, "%s%s\n", log_mark(LOG_L_ERR), text);
}

/* Programs are started by the supervisor, under limits; here only their files were
 * looked at (conf_check_files()). */
static void
leave_programs(struct conf_policy *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nplugins; i++)
		if (c->plugins[i].ncommand == 0)
			c->plugins[n++] = c->plugins[i];
	c->nplugins = n;
}

/* Packs and plugins as a policy worker would load them, their own tests included. */
static int
test_policy(struct conf *c, size_t *mistakes)
{
	struct policy_options o = {.conf = &c->policy,
	    .safety = &c->safety,
	    .probe = true,
	    .report = print_refused,
	    .ctx = mistakes};
	struct policy_host *host = NULL;
	struct err e = ERR_INIT;
	size_t before = *mistakes;
	char *fetched;

	/* Not known where they lie, which has been said. */
	if (c->policy.packs_dir == NULL)
		return TOSD_EINVAL;
	/* A cache file made by root here could not be replaced by the daemon's user. */
	c->policy.cache_dir = NULL;
	if (c->policy.nplugins > 0) {
		leave_programs(&c->policy);
		if (c->policy.nplugins == 0)
			return 0;
	}
	o.fetched_dir = fetched = policy_fetched_dir(c->state_dir);
	if (policy_host_new(&o, &host, &e) != 0 && *mistakes == before)
		print_refused(mistakes, e.text);
	policy_host_free(&host);
	free(fetched);
	return *mistakes == before ? 0 : TOSD_EINVAL;
}

static int
test_conf(const char *path)
{
	struct conf_sources sources = {0};
	struct err e = ERR_INIT;
	struct conf *c = NULL;
	size_t mistakes = 0;
	int rc;

	rc = conf_sources_read(path, &sources, &e);
	if (rc != 0) {
		fprintf(stderr, "%stosd: %s\n", log_mark(LOG_L_ERR), e.text);
		goto out;
	}
	/* Whatever is wrong in the file, folders and packs are looked at as well: one
	 * run tells all. */
	rc = conf_parse_draft(&sources, print_mistake, &mistakes, &c);
	if (c != NULL && conf_check_files(c, print_mistake, &mistakes) != 0)
		rc = TOSD_EINVAL;
	if (c != NULL && test_policy(c, &mistakes) != 0)
		rc = TOSD_EINVAL;
	if (rc == 0)
		printf("%s: configuration is valid\n", path);
	else
		fprintf(stderr, "%s%s: %zu mistake%s\n", log_mark(LOG_L_ERR), path,
		    mistakes, mistakes == 1 ? "" : "s");
out:
	conf_free(&c);
	conf_sources_clear(&sources);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct args a = {.conf_path = TOSD_CONFDIR "/tosd.conf"};

	if (!parse_args(argc, argv, &a)) {
		usage(stderr);
		return 2;
	}
	if (a.debug)
		setenv(DEBUG_ENV, "1", 1);
	if (getenv(DEBUG_ENV) != NULL)
		log_set_level(LOG_L_DEBUG);
	if (a.help) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (a.version) {
		printf("tosd %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (a.role != NULL)
		return run_role(a.role);
	return a.test ? test_conf(a.conf_path) : supervisor_run(a.conf_path);
}
