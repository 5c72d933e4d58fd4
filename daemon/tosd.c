/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosd: the program.  Reads the command line and becomes the supervisor, or, started by
 * the supervisor, one of the roles.
 *
 * A map of the code: base (errors, logs, buffers, time), ipc (messages, loop, sandbox),
 * conf; store and evidence (what is kept); feed, fetch, policy, cases, notice (the way
 * of an item); engine and console; the roles, role_*.c, tie rooms to processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/log.h"
#include "base/option.h"
#include "roles.h"
#include "supervisor.h"
#include "tosd_plugins.h"

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
	while ((c = option_next("tosd", argc, argv, "c:tfdVh", table)) != -1) {
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
		complain("tosd: `%s' is no option; a configuration is named with -c",
		    argv[optind]);
	return optind == argc;
}

static int
run_role(const char *name)
{
	int role = role_parse(name);

	if (role < 0 || role_mains[role] == NULL) {
		complain("tosd: there is no role `%s'", name);
		return 2;
	}
	return role_mains[role]();
}

static void
print_mistake(void *ctx, const char *file, int line, const char *text)
{
	struct tosd_plugins *t = ctx;

	tosd_plugins_mistake(t, file, line, text);
}

static void
print_doubt(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	complain("%s%s:%d: warning: %s", log_mark(LOG_L_WARN), file, line, text);
}

static int
test_conf(const char *path)
{
	struct conf_sources sources = {0};
	struct err e = ERR_INIT;
	struct conf *c = NULL;
	struct tosd_plugins t = {0};
	int rc;

	rc = conf_sources_read(path, &sources, &e);
	if (rc != 0) {
		complain("%stosd: %s", log_mark(LOG_L_ERR), e.text);
		goto out;
	}
	/* Whatever is wrong in the file, folders and packs are looked at as well: one
	 * run tells all. */
	rc = conf_parse_draft(&sources, print_mistake, &t, &c);
	if (c != NULL && conf_check_files(c, print_mistake, &t) != 0)
		rc = TOSD_EINVAL;
	if (c != NULL)
		conf_doubt_files(c, print_doubt, NULL);
	if (c != NULL && tosd_plugins_test(&t, c) != 0)
		rc = TOSD_EINVAL;
	if (rc == 0)
		printf("%s: configuration is valid\n", path);
	else
		complain("%s%s: %zu mistake%s", log_mark(LOG_L_ERR), path, t.mistakes,
		    t.mistakes == 1 ? "" : "s");
out:
	tosd_plugins_clear(&t);
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
