/* SPDX-License-Identifier: Apache-2.0 */
/* json_feed: what the tests of JSON documents share.  Documents are written with single
 * quotes that become double ones. */
#ifndef TOSD_TESTS_JSON_FEED_H
#define TOSD_TESTS_JSON_FEED_H

#include <string.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "suite.h"

#define BASE "https://social.example/dir/doc.json"

static inline int
parse_as(
    const char *s, const char *url, const struct feed_mapping *map, struct feed_doc *d)
{
	struct feed_source src = {.url = url, .mapping = map};
	char *text = xstrdup(s);
	int rc;

	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	rc = feed_parse(text, strlen(text), &src, NULL, d, NULL);
	free(text);
	return rc;
}

static inline int
parse(const char *s, struct feed_doc *d)
{
	return parse_as(s, BASE, NULL, d);
}

static inline const char *
when(int64_t t)
{
	static char text[CLOCK_TEXT];

	return t == CLOCK_NONE ? "-" : clock_format(t - t % 1000, text);
}

#endif
