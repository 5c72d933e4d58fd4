/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl: the table of commands.  Each has its file; those that ask a running
 * daemon share tosctl_ask.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/option.h"
#include "tosctl/standard_output.h"
#include "tosctl/tosctl_ask.h"
#include "tosctl/tosctl_backtest.h"
#include "tosctl/tosctl_classifier.h"
#include "tosctl/tosctl_diff.h"
#include "tosctl/tosctl_evidence.h"
#include "tosctl/tosctl_feed.h"
#include "tosctl/tosctl_labels.h"
#include "tosctl/tosctl_moderation.h"
#include "tosctl/tosctl_parse.h"
#include "tosctl/tosctl_plugin.h"
#include "tosctl/tosctl_lists.h"
#include "tosctl/tosctl_policy.h"
#include "tosctl/tosctl_rebuild.h"
#include "tosctl/tosctl_render.h"
#include "tosctl/tosctl_replay.h"
#include "tosctl/tosctl_scan.h"
#include "tosctl/tosctl_simulate.h"
#include "tosctl/tosctl_tenant.h"
#include "tosctl/tosctl_trend.h"

enum { EXIT_USAGE = 2, EXIT_CANNOT };

/* Commands about packs that have a file of their own. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} about_packs[] = {
    {"backtest", tosctl_backtest},
    {"diff", tosctl_diff},
    {"label-samples", tosctl_labels},
};

/* Rules are moved in the daemon, packs are written beside it. */
static int
policy(int argc, char **argv)
{
	int rc;

	for (size_t i = 0; argc > 1 && i < sizeof(about_packs) / sizeof(about_packs[0]);
	     i++)
		if (strcmp(argv[1], about_packs[i].name) == 0)
			return about_packs[i].run(argc - 1, argv + 1);
	rc = tosctl_ask_pair(argc, argv);
	return rc >= 0 ? rc : tosctl_policy(argc, argv);
}

/* Lists are fetched by the daemon, list files are written beside it. */
static int
lists(int argc, char **argv)
{
	int rc = tosctl_ask_pair(argc, argv);

	return rc >= 0 ? rc : tosctl_lists(argc, argv);
}

/* Which ones serve the daemon knows; files are tried beside it. */
static int
plugin(int argc, char **argv)
{
	int rc = tosctl_ask_pair(argc, argv);

	return rc >= 0 ? rc : tosctl_plugin(argc, argv);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	const char *summary;
} commands[] = {
    {"status", tosctl_ask, "what the daemon is doing"},
    {"tenants", tosctl_ask, "tenants, what was seen of them, their cases"},
    {"feeds", tosctl_ask, "feeds and how readable they are"},
    {"sightings", tosctl_ask, "posts that were edited, unlisted, removed or came back"},
    {"violations", tosctl_ask, "what was found and whether it is still there"},
    {"reviews", tosctl_ask,
	"what waits for a person; reviews ID confirm|dismiss --person P --reason TEXT"},
    {"endpoints", tosctl_ask, "models: what was spent on them today, and by whom"},
    {"report", tosctl_ask,
	"report ITEM|URL --person P --reason TEXT [--from WHO] [--tenant T]: a post to "
	"look at"},
    {"reports", tosctl_ask, "what was reported, and what came of it"},
    {"cases", tosctl_ask, "cases, or one case whole: cases NUMBER"},
    {"notices", tosctl_ask, "notices that were made"},
    {"outbox", tosctl_ask, "messages; outbox ID delivered|resend|failed --person P"},
    {"decide", tosctl_ask, "decide NUMBER accept|reject --person P --reason TEXT"},
    {"appeal", tosctl_ask, "appeal NUMBER open|reject|uphold --person P --reason TEXT"},
    {"reply", tosctl_ask, "reply NUMBER --person P --reason TEXT: a tenant's answer"},
    {"hold", tosctl_ask, "hold NUMBER set|clear --person P --reason TEXT"},
    {"erase", tosctl_ask, "erase FILE --person P --reason TEXT: a capture"},
    {"poll", tosctl_ask, "poll [TENANT]: read feeds now"},
    {"evidence", tosctl_evidence, "verify the record; show an entry; make a key"},
    {"replay", tosctl_replay, "take recorded decisions again and compare"},
    {"rebuild", tosctl_rebuild, "make a lost store again from ledger and vault"},
    {"simulate", tosctl_simulate, "play a scenario in virtual time"},
    {"tenant", tosctl_tenant,
	"tenant add URL; tenant import FILE: proposals for tenants.d"},
    {"feed", tosctl_feed, "feed check URL: what would be read, how often and why"},
    {"parse", tosctl_parse, "items of a feed document, as JSON lines"},
    {"scan", tosctl_scan, "what the policies say of texts, as JSON lines"},
    {"findings", tosctl_ask, "findings [RULE]: what rules found, the surest first"},
    {"policy", policy,
	"rules: modes, gates, labels; packs: lint, test, backtest, diff, new, sign"},
    {"lists", lists,
	"lists that are fetched: status, update; files: check, hash, sign"},
    {"plugin", plugin, "plugins: status; files: new, check, try, conform"},
    {"moderation", tosctl_moderation, "test: a golden set before a configured model"},
    {"classifier", tosctl_classifier, "train, evaluate or calibrate a model"},
    {"render", tosctl_render, "a template with a JSON document"},
    {"trend", tosctl_trend, "whether a series rises, falls or stays"},
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static int
usage(FILE *to)
{
	fprintf(to, "usage: tosctl COMMAND [ARGUMENTS]\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].summary);
	fprintf(to,
	    "\nMore in tosctl(1).  Exit codes: 0 done, 1 negative answer, 2 usage, "
	    "3 cannot.\n");
	return to == stdout ? 0 : EXIT_USAGE;
}

static int
say_none(const char *word)
{
	const char *names[NCOMMANDS], *near;

	for (size_t i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	near = option_meant(word, names, NCOMMANDS);
	complain("tosctl: there is no command `%s'; %s%s`tosctl help' lists them", word,
	    near != NULL ? near : "", near != NULL ? " is near; " : "");
	return EXIT_USAGE;
}

static int
run(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("tosctl %s\n", PACKAGE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return say_none(argv[1]);
}

/* Where one of them is closed the next file that we open would be taken for it: read as
 * items, or printed into.  What stands in for it gives the same error as if it were
 * closed; what nobody wants to be told of is no error. */
static void
hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd)
			_exit(EXIT_CANNOT);
}

/* What a full disk did not take was not told, whatever came of the command. */
int
main(int argc, char **argv)
{
	struct sigaction pipe;
	int code;

	hold_standard();
	/* Who started us may not care for its children; we wait for ours. */
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGPIPE, NULL, &pipe);
	code = run(argc, argv);
	if (standard_output_taken())
		return code;
	/* Commands that talk with programs pay no heed to it. */
	if (errno == EPIPE && pipe.sa_handler == SIG_DFL) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return standard_output_lost();
}
