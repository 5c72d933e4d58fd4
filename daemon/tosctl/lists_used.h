/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists_used: lists that a daemon fetches (policy.lists of its configuration), in the
 * versions that its state folder has in force, for commands that judge without it.  They
 * are only read.  Which version of each was used is said, and a list that is not there or
 * cannot be loaded is one line and never looks like a list on which nothing stands.
 */
#ifndef TOSD_TOSCTL_LISTS_USED_H
#define TOSD_TOSCTL_LISTS_USED_H

#include <stdio.h>

#include "base/digest.h"
#include "policy/host.h"

struct json_t;

struct list_used {
	const char *name;	  /* the configuration's */
	char *file;		  /* NULL: none is in force */
	char digest[DIGEST_HEX];  /* of what was loaded; empty: it was not */
	int64_t version;
	char *what;		  /* in words */
	char *why;		  /* why it is not used; NULL: it is */
};

struct lists_used {
	struct list_used *v;
	size_t n, bad;
	/* The plugin as it is configured, told where these versions lie. */
	struct conf_plugin plugin;
	struct conf_setting *settings;
	char *fetched;
	/* Who hears what is said while plugins are opened, after us. */
	void (*report)(void *ctx, const char *problem);
	void (*note)(void *ctx, const char *text);
	void *ctx;
};

/* Looks up what is in force, once: a daemon may be changing it.  conf (borrowed) NULL: there
 * are none. */
void lists_used_open(struct lists_used *u, const struct conf *conf);
void lists_used_clear(struct lists_used *u);

/* For policy_options.report and .note, with u as ctx. */
void lists_used_report(void *u, const char *problem);
void lists_used_note(void *u, const char *text);
/* After the plugins are open (h NULL: none is): what was loaded, and whether it is what was
 * looked up.  Reports each list that is not used. */
void lists_used_loaded(struct lists_used *u, const struct policy_host *h);

/* Those that are used, a line each. */
void lists_used_say(const struct lists_used *u, FILE *to, const char *before);
struct json_t *lists_used_json(const struct lists_used *u); /* an array */
/* Why judgements are not whole, in words; NULL: they are.  xmalloc'd. */
char *lists_used_missing(const struct lists_used *u);

#endif
