/* SPDX-License-Identifier: Apache-2.0 */
/* fetched: see fetched.h. */
#include "policy/fetched.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
policy_fetched_dir(const char *state_dir)
{
	return xasprintf("%s/lists", state_dir);
}

char *
policy_fetched_file(const char *dir, const char *list)
{
	char *link = xasprintf("%s/%s.list", dir, list), to[NAME_MAX + 1];
	ssize_t n = readlink(link, to, sizeof(to));

	free(link);
	if (n <= 0 || (size_t)n >= sizeof(to) || memchr(to, '/', (size_t)n) != NULL)
		return NULL;
	return xstrndup(to, (size_t)n);
}

char *
policy_fetched_setting(const struct conf_policy *c, const char *dir)
{
	struct buf b = {0};

	for (size_t i = 0; i < c->nlists; i++) {
		const struct conf_blocklist *l = &c->lists[i];
		char *file = policy_fetched_file(dir, l->name);

		buf_printf(&b, "%s\t", l->name);
		if (file != NULL)
			buf_printf(&b, "%s/%s", dir, file);
		buf_putc(&b, '\t');
		for (size_t k = 0; k < l->nsigners; k++)
			buf_printf(&b, "%s%s", k > 0 ? " " : "", l->signers[k]);
		buf_putc(&b, '\n');
		free(file);
	}
	return b.data != NULL ? buf_take(&b) : xstrdup("");
}

char *
policy_fetched_trial(
    const struct conf_policy *c, const char *dir, const struct msg_try *t)
{
	for (size_t i = 0; t != NULL && i < c->nlists; i++)
		if (strcmp(c->lists[i].name, t->list) == 0)
			return xasprintf("%s\t%s/%s\t%s\t%.17g\t%s", t->list, dir,
			    t->file, t->day, c->lists[i].shrink, t->anew ? "anew" : "");
	return xstrdup("");
}

bool
policy_fetched_rule(const struct conf_policy *c, const char *plugin, const char *rule)
{
	static const char prefix[] = "list/";
	const char *name = rule + sizeof(prefix) - 1;

	if (strcmp(plugin, "lists") != 0 ||
	    strncmp(rule, prefix, sizeof(prefix) - 1) != 0)
		return false;
	for (size_t i = 0; i < c->nlists; i++) {
		size_t n = strlen(c->lists[i].name);

		if (strncmp(name, c->lists[i].name, n) == 0 &&
		    (name[n] == '\0' || strcmp(name + n, "/shadow") == 0))
			return true;
	}
	return false;
}
