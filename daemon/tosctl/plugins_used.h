/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugins_used: plugins of a configuration beside rules and lists, with their settings, for
 * commands that judge without its daemon: classifiers above all.  Some cannot be run here,
 * and are told: what they would have found is not known.
 */
#ifndef TOSD_TOSCTL_PLUGINS_USED_H
#define TOSD_TOSCTL_PLUGINS_USED_H

#include "conf/conf.h"

struct plugins_used {
	struct conf_plugin *v; /* borrow from the configuration */
	size_t n;
	struct conf_setting *rules; /* of the plugin `rules', but where its packs are */
	size_t nrules;
	const char *signers; /* NULL: it asks for no signature; else the daemon refuses
			      * packs that none of these signed */
};

/* NO_CLASSIFIER: those of other kinds alone. */
enum plugins_used_which { PLUGINS_USED_ALL, PLUGINS_USED_NO_CLASSIFIER };

/* conf NULL: there are none.  report hears why one cannot be run. */
void plugins_used_open(struct plugins_used *u, const struct conf *conf,
    enum plugins_used_which which, void (*report)(void *ctx, const char *problem),
    void *ctx);
void plugins_used_clear(struct plugins_used *u);

#endif
