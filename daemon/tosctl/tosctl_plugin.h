/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_plugin: the command `tosctl plugin', and what its words do. */
#ifndef TOSD_TOSCTL_PLUGIN_H
#define TOSD_TOSCTL_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* argv[0] is "plugin".  Returns the exit code: 0 done, 1 a negative answer, 2 usage, 3
 * cannot. */
int tosctl_plugin(int argc, char **argv);

enum plugin_kind { PLUGIN_C, PLUGIN_AUTOTOOLS, PLUGIN_PYTHON, PLUGIN_SHELL };

struct plugin_options {
	bool json, list, help;
	bool expect;	/* `try': hold findings against `expect' of the items */
	bool open;	/* no sandbox */
	bool granted;	/* --grant was given */
	enum plugin_kind kind;
	const char **only; /* `conform': cases by name; none: all */
	size_t nonly;
	const char **protect;
	size_t nprotect;
	int64_t deadline; /* as given; 0: it was not */
	size_t memory;
};

struct plugin_run;

/* `try': judges items from standard input; 1 some not wholly, or not as expected. */
int plugin_try(struct plugin_run *r, const struct plugin_options *o);
/* `check': a shared object loaded, described, and asked about texts of all kinds; 1 the
 * daemon would refuse it, or it did not answer alike twice. */
int plugin_check(struct plugin_run *r, const struct plugin_options *o);
/* `new': the files of a plugin to start from; dir NULL: a folder of its name. */
int plugin_new(enum plugin_kind kind, const char *name, const char *dir);

/* `conform': all cases, or some; 0, or 1: some failed, 2: there is none of a name. */
int plugin_conform(struct plugin_run *r, const struct plugin_options *o);
int plugin_conform_list(const struct plugin_options *o);

#endif
