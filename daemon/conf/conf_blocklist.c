/* SPDX-License-Identifier: Apache-2.0 */
/* conf_blocklist: what the rows cannot say of lists that are fetched; see conf_check.h.
 */
#include <libconfig.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf_arena.h"
#include "conf/conf_check.h"
#include "conf/conf_value.h"

void
conf_check_blocklist(const struct conf_section *sec)
{
	struct conf_blocklist *l = sec->base;

	if (l->url != NULL && strchr(l->url, '#') != NULL)
		conf_walk_say_line(sec->w, l->line,
		    "`url' of a list: what follows a # is never sent; leave it out");
	if (l->signature_url != NULL && l->nsigners == 0 &&
	    conf_section_sound(sec, "signers"))
		conf_walk_say_line(sec->w, l->line,
		    "`signature_url' without `signers': name the keys that it is to "
		    "be checked with");
}

/* The value of this setting of plugin `lists'; NULL: there is no such plugin. */
static const char *
setting_of(const struct conf_policy *p, const char *key)
{
	for (size_t i = 0; i < p->nplugins; i++) {
		const struct conf_plugin *v = &p->plugins[i];

		if (v->name == NULL || strcmp(v->name, "lists") != 0)
			continue;
		for (size_t k = 0; k < v->nsettings; k++)
			if (strcmp(v->settings[k].key, key) == 0)
				return v->settings[k].value;
		return "";
	}
	return NULL;
}

/* What the plugin demands of all lists, it demands of this one as well. */
static void
inherit_signers(
    const struct conf_section *sec, struct conf_blocklist *l, const char *keys)
{
	static const char blank[] = " \t\n,";
	size_t n = strlen(keys);

	l->signers = conf_arena_alloc(sec->w->arena, n / 2 + 1, sizeof(*l->signers));
	for (keys += strspn(keys, blank); *keys != '\0'; keys += strspn(keys, blank)) {
		char *key = xstrndup(keys, strcspn(keys, blank));

		keys += strlen(key);
		l->signers[l->nsigners++] = conf_arena_take(sec->w->arena, key);
	}
}

static void
finish(const struct conf_section *sec, struct conf_blocklist *l)
{
	if (l->nsigners > 0 && l->signature_url == NULL)
		l->signature_url =
		    conf_arena_take(sec->w->arena, xasprintf("%s.sig", l->url));
	/* Whoever sits on the way could put in what he likes, or take out. */
	if (l->nsigners == 0 && strncmp(l->url, "https:", 6) != 0 &&
	    !conf_value_url_local(l->url))
		conf_walk_say_line(sec->w, l->line,
		    "list `%s' comes over plain http and nobody signs it: use https, "
		    "or name `signers'",
		    l->name);
}

void
conf_check_blocklists(const struct conf_section *sec)
{
	struct conf_policy *p = sec->base;
	const char *keys = setting_of(p, "signers");

	for (size_t i = 0; i < p->nlists; i++) {
		struct conf_blocklist *l = &p->lists[i];

		if (l->name == NULL || l->url == NULL)
			continue; /* was said */
		if (keys == NULL)
			conf_walk_say_line(sec->w, l->line,
			    "list `%s' is fetched for nobody: add the plugin \"lists\" "
			    "to `plugins', or take the list out",
			    l->name);
		else if (l->nsigners == 0)
			inherit_signers(sec, l, keys);
		finish(sec, l);
		for (size_t j = 0; j < i; j++)
			if (p->lists[j].name != NULL &&
			    strcmp(p->lists[j].name, l->name) == 0)
				conf_walk_say_line(sec->w, l->line,
				    "list `%s' is there already, at line %d", l->name,
				    p->lists[j].line);
	}
}
