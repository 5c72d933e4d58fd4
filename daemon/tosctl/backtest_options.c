/* SPDX-License-Identifier: Apache-2.0 */
/* backtest_options: see backtest_options.h. */
#include "tosctl/backtest_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/option.h"
#include "conf/conf.h"
#include "tosctl/places.h"

#define JOBS_MAX 64
#define SAMPLES_MAX 10000

static const char usage[] =
    "usage: tosctl policy backtest [-c FILE] [--store URL] [--since TIME] "
    "[--tenant ID]\n"
    "       [--as-written] [--samples FILE [--sample-size N] [--seed N]]\n"
    "       [--model FILE] [--jobs N] [--json] DIR|PACK.conf\n"
    "Tries the packs of DIR, or one pack beside those in use, on what was seen: what "
    "they\n"
    "would find, how that differs from what is on record, and what would follow.\n";

static bool
take_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= low &&
	       *out <= high;
}

static int
need_number(const char *name, uint64_t low, uint64_t high, uint64_t *out)
{
	if (take_number(optarg, low, high, out))
		return 0;
	complain("tosctl policy backtest: --%s is a number from %llu to %llu, not `%s'",
	    name, (unsigned long long)low, (unsigned long long)high, optarg);
	return -1;
}

static int
take_option(int c, struct bt_options *o)
{
	uint64_t n = 0;

	switch (c) {
	case 'c':
		o->conf = optarg;
		return 0;
	case 'S':
		o->store = optarg;
		return 0;
	case 's':
		o->since = optarg;
		return 0;
	case 't':
		o->tenant = optarg;
		return 0;
	case 'f':
		o->samples = optarg;
		return 0;
	case 'm':
		o->model = optarg;
		return 0;
	case 'P':
		o->plugin = optarg;
		return 0;
	case 'w':
		o->as_written = true;
		return 0;
	case 'J':
		o->json = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case 'n':
		if (need_number("sample-size", 1, SAMPLES_MAX, &n) != 0)
			return -1;
		o->want = (size_t)n;
		return 0;
	case 'e':
		/* JSON keeps whole numbers of 63 bits. */
		return need_number("seed", 0, INT64_MAX, &o->seed);
	case 'j':
		if (need_number("jobs", 1, JOBS_MAX, &n) != 0)
			return -1;
		o->jobs = (unsigned)n;
		return 0;
	default:
		return -1;
	}
}

static bool
good_since(const char *since)
{
	if (since == NULL || clock_parse(since) != CLOCK_NONE ||
	    conf_duration(since) >= 0)
		return true;
	complain("tosctl: --since is a duration such as 90d or a time such as "
		 "2026-11-01T00:00:00Z, not `%s'",
	    since);
	return false;
}

static int
ask_rightly(void)
{
	fputs(usage, stderr);
	return -1;
}

int
bt_options_read(int argc, char **argv, struct bt_options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	    {"store", required_argument, NULL, 'S'},
	    {"since", required_argument, NULL, 's'},
	    {"tenant", required_argument, NULL, 't'},
	    {"as-written", no_argument, NULL, 'w'},
	    {"samples", required_argument, NULL, 'f'},
	    {"sample-size", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 'e'},
	    {"model", required_argument, NULL, 'm'},
	    {"plugin", required_argument, NULL, 'P'},
	    {"jobs", required_argument, NULL, 'j'}, {"json", no_argument, NULL, 'J'},
	    {"help", no_argument, NULL, 'h'}, {0}};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int c;

	*o = (struct bt_options){.conf = BT_DEFAULT_CONF,
	    .plugin = places_rules(),
	    .want = 50,
	    .jobs = cpus < 1   ? 1
		    : cpus > 8 ? 8
			       : (unsigned)cpus};
	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:h", longs)) != -1)
		if (take_option(c, o) != 0)
			return ask_rightly();
	if (o->help) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc - optind != 1)
		return ask_rightly();
	o->packs = argv[optind];
	return good_since(o->since) ? 0 : -1;
}
