/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shouting: a sample plugin.  It finds texts in which nearly all letters are capitals.
 * Build it anywhere:
 *
 *	cc -shared -fPIC -o shouting.so shouting.c $(pkg-config --cflags tosd-policy)
 *
 * and name it in tosd.conf:  { name = "shouting"; path = "/.../shouting.so";
 * grant = [ "text" ]; settings = { letters = 40; }; }
 */
#include <tosd/policy.h>

#include <stdio.h>
#include <stdlib.h>

struct shouting {
	const struct tosd_host *host;
	int32_t rule;
	long letters; /* fewer than these are no shouting */
};

static const struct tosd_setting schema[] = {
    {"letters", TOSD_INTEGER, "20", "texts with fewer letters are left alone"},
};

static int
shouting_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	struct tosd_rule rule = {sizeof(rule), "manners/shouting", 1, NULL,
	    "9.1 Good manners", "manners", TOSD_LOW, TOSD_SHADOW};
	struct shouting *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		*errstr = "out of memory";
		return TOSD_FAILED;
	}
	s->host = h;
	s->letters = strtol(settings[0].ptr, NULL, 10);
	s->rule = h->declare(h, &rule, errstr);
	if (s->rule < 0) {
		free(s);
		return TOSD_FAILED;
	}
	*state = s;
	return TOSD_DONE;
}

static int
shouting_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	const struct shouting *s = state;
	struct tosd_str text = s->host->field(s->host, item, TOSD_TEXT);
	long capitals = 0, letters = 0;

	(void)errstr;
	for (size_t i = 0; i < text.len; i++) {
		capitals += text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
		letters += (text.ptr[i] | 32) >= 'a' && (text.ptr[i] | 32) <= 'z';
	}
	if (letters >= s->letters && capitals * 10 >= letters * 9) {
		char reason[80];
		int n = snprintf(reason, sizeof(reason),
		    "%ld of %ld letters are capitals", capitals, letters);
		struct tosd_finding f = {sizeof(f), s->rule,
		    (double)capitals / (double)letters, NULL, 0, {reason, (size_t)n}};

		s->host->finding(s->host, report, &f);
	}
	return TOSD_DONE;
}

TOSD_POLICY(.name = "shouting", .version = "1.0", .needs = TOSD_NEED_TEXT,
    .open = shouting_open, .check = shouting_check, .close = free, .schema = schema,
    .nschema = 1);
