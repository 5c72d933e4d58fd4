/* SPDX-License-Identifier: Apache-2.0 */
/* when: see when.h. */
#include "policy/when.h"

#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "base/buf.h"
#include "base/option.h"

#define OWN "host/" /* rules by which the host itself tells of an item */

static bool
is_rule(const struct msg_rule *r, const char *name, size_t n, bool prefix)
{
	return strncmp(r->rule, name, n) == 0 && (prefix || r->rule[n] == '\0');
}

static bool
is_category(const struct msg_rule *r, const char *name, size_t n)
{
	return strncmp(r->category, name, n) == 0 && r->category[n] == '\0';
}

/* What is found by itself tells it nothing. */
static bool
is_known(const struct conf_plugin *p, const struct msg_rules *rules, const char *name,
    size_t n)
{
	bool prefix = n > 0 && name[n - 1] == '*';

	n -= prefix;
	if (n == 0 || strncmp(name, OWN, strlen(OWN)) == 0)
		return true; /* everything; a report */
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct msg_rule *r = &rules->v[i];

		if (strcmp(r->plugin, p->name) != 0 &&
		    (is_rule(r, name, n, prefix) ||
			(!prefix && is_category(r, name, n))))
			return true;
	}
	return false;
}

/* The rule or category that was likely meant. */
static const char *
meant(const struct conf_plugin *p, const struct msg_rules *rules, const char *name)
{
	const char **words = xcalloc(2 * (size_t)rules->n + 1, sizeof(*words)), *found;
	size_t n = 0;

	for (uint32_t i = 0; i < rules->n; i++) {
		if (strcmp(rules->v[i].plugin, p->name) == 0)
			continue;
		words[n++] = rules->v[i].category;
		words[n++] = rules->v[i].rule;
	}
	found = option_meant(name, words, n);
	free(words);
	return found;
}

char *
policy_when_unknown(const struct conf_plugin *p, const struct msg_rules *rules)
{
	const char *when = NULL, *near;
	char *name, *line;
	size_t len;

	for (size_t i = 0; i < p->nsettings; i++)
		if (strcmp(p->settings[i].key, "when") == 0)
			when = p->settings[i].value;
	if (when == NULL || (p->grant & TOSD_NEED_FOUND) == 0)
		return NULL;
	for (; *(when += strspn(when, ", \t")) != '\0'; when += strcspn(when, ",")) {
		len = strcspn(when, ",: \t");
		if (is_known(p, rules, when, len))
			continue;
		name = xstrndup(when, len);
		near = meant(p, rules, name);
		line =
		    xasprintf("plugin `%s': `when' names `%s', which no other plugin "
			      "has as a category or rule%s%s",
			p->name, name, near != NULL ? "; near it is " : "",
			near != NULL ? near : "");
		free(name);
		return line;
	}
	return NULL;
}
