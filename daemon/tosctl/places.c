/* SPDX-License-Identifier: Apache-2.0 */
/* places: see places.h. */
#include "tosctl/places.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In a build tree the program stands beside what it was built from. */
static bool
in_build_tree(void)
{
	char exe[PATH_MAX], here[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return false;
	exe[n] = '\0';
	if (realpath(TOSD_BUILDDIR, here) == NULL)
		return false;
	n = (ssize_t)strlen(here);
	return strncmp(exe, here, (size_t)n) == 0 && exe[n] == '/';
}

const char *
places_rules(void)
{
	return in_build_tree() ? TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"
			       : TOSD_PLUGINDIR "/rules.so";
}

const char *
places_classifier(void)
{
	return in_build_tree() ? TOSD_BUILDDIR "/plugins/classifier/.libs/classifier.so"
			       : TOSD_PLUGINDIR "/classifier.so";
}

const char *
places_lists(void)
{
	return in_build_tree() ? TOSD_BUILDDIR "/plugins/lists/.libs/lists.so"
			       : TOSD_PLUGINDIR "/lists.so";
}

const char *
places_model(void)
{
	return in_build_tree() ? TOSD_SRCDIR "/plugins/classifier/violence.model"
			       : TOSD_DATADIR "/classifier/violence.model";
}

const char *
places_policies(void)
{
	return in_build_tree() ? TOSD_SRCDIR "/etc/policies.d"
			       : TOSD_CONFDIR "/policies.d";
}

const char *
places_lexicon(void)
{
	return in_build_tree() ? TOSD_SRCDIR "/plugins/classifier/lexicon.txt"
			       : TOSD_DATADIR "/classifier/lexicon.txt";
}

const char *
places_templates(void)
{
	return in_build_tree() ? TOSD_SRCDIR "/plugins/template"
			       : TOSD_DATADIR "/plugin-template";
}

const char *
places_temporary(void)
{
	const char *given = getenv("TMPDIR");

	return given != NULL && given[0] != '\0' ? given : "/tmp";
}
