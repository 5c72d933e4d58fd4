/* SPDX-License-Identifier: Apache-2.0 */
/* option: see option.h. */
#include "base/option.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/complain.h"
#include "base/text.h"

/* One slip in three letters. */
static size_t
slips(const char *word)
{
	return strlen(word) / 3 + 1;
}

const char *
option_meant(const char *word, const char *const *words, size_t n)
{
	size_t best = slips(word) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = text_distance(word, words[i]);

		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}

static const char *
long_meant(const char *word, const struct option *longs)
{
	const char *names[64];
	size_t n = 0;

	for (; longs->name != NULL && n < sizeof(names) / sizeof(names[0]); longs++)
		names[n++] = longs->name;
	return option_meant(word, names, n);
}

/* A beginning of more than one name is none of them. */
static int
count_begun(const char *word, const struct option *longs)
{
	int n = 0;

	for (; longs->name != NULL; longs++)
		n += strncmp(longs->name, word, strlen(word)) == 0;
	return n;
}

static void
say_long(const char *who, const char *word, const struct option *longs)
{
	char name[64];
	const char *near;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = long_meant(name, longs);
	if (optopt != 0)
		complain("%s: --%s takes no value", who, name);
	else if (name[0] != '\0' && count_begun(name, longs) > 1)
		complain("%s: --%s is the beginning of more than one option: write it "
			 "out",
		    who, name);
	else if (near != NULL)
		complain(
		    "%s: there is no option --%s; did you mean --%s?", who, name, near);
	else
		complain("%s: there is no option --%s", who, name);
}

/* The word that getopt_long() has just looked at: a missing value or a word of
 * one-letter options can leave it behind. */
static const char *
word_of(int argc, char **argv)
{
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : NULL;

	return word != NULL ? word : "";
}

int
option_next(const char *who, int argc, char **argv, const char *shorts,
    const struct option *longs)
{
	bool plus = shorts[0] == '+';
	char quiet[64];
	const char *word;
	int c;

	/* The colon tells a missing value from a word that is none. */
	snprintf(quiet, sizeof(quiet), "%s:%s", plus ? "+" : "", shorts + plus);
	opterr = 0;
	c = getopt_long(argc, argv, quiet, longs, NULL);
	if (c != '?' && c != ':')
		return c;
	word = word_of(argc, argv);
	if (c == ':' && strncmp(word, "--", 2) == 0)
		complain("%s: %s wants a value", who, word);
	else if (c == ':')
		complain("%s: -%c wants a value", who, optopt);
	else if (strncmp(word, "--", 2) == 0)
		say_long(who, word, longs);
	else
		complain("%s: there is no option -%c", who, optopt);
	return '?';
}
