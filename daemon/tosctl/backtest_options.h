/* SPDX-License-Identifier: Apache-2.0 */
/* backtest_options: what `tosctl policy backtest' is asked for. */
#ifndef TOSD_TOSCTL_BACKTEST_OPTIONS_H
#define TOSD_TOSCTL_BACKTEST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BT_DEFAULT_CONF TOSD_CONFDIR "/tosd.conf"

struct bt_options {
	const char *conf, *store, *since, *tenant, *samples, *model, *plugin, *packs;
	bool as_written, json, help;
	unsigned jobs;
	uint64_t seed;
	size_t want;
};

/* -1: a wrong word, which has been told.  With o->help the usage was printed. */
int bt_options_read(int argc, char **argv, struct bt_options *o);

#endif
