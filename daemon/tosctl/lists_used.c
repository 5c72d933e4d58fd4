/* SPDX-License-Identifier: Apache-2.0 */
/* lists_used: see lists_used.h. */
#include "tosctl/lists_used.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "policy/fetched.h"

/* Digits of its digest in the name of a version (policy/fetched.h); and of one that an
 * older tosd has written. */
#define DIGITS (DIGEST_HEX - 1)
#define DIGITS_OLD 16

/* --- what is in force --- */

static void
look_up(struct list_used *l, const char *dir)
{
	char *link = xasprintf("%s/%s.list", dir, l->name), to[8];
	char *file = policy_fetched_file(dir, l->name);

	if (file != NULL)
		l->file = xasprintf("%s/%s", dir, file);
	else if (readlink(link, to, sizeof(to)) >= 0)
		l->why = xasprintf("%s leads out of its folder", link);
	else if (errno == ENOENT)
		l->why = xasprintf("no version is in force: there is no %s, so the "
				   "daemon has not fetched it yet",
		    link);
	else
		l->why = xasprintf("cannot read %s: %s", link, strerror(errno));
	free(file);
	free(link);
}

static const struct conf_plugin *
plugin_of(const struct conf_policy *c)
{
	for (size_t i = 0; i < c->nplugins; i++)
		if (strcmp(c->plugins[i].name, "lists") == 0)
			return &c->plugins[i];
	return NULL; /* the configuration would have been refused */
}

/* As policy_fetched_setting() makes it, of what was looked up; but nobody mends here.
 */
static char *
setting_of(const struct lists_used *u, const struct conf_policy *c)
{
	struct buf b = {0};

	for (size_t i = 0; i < u->n; i++) {
		const struct conf_blocklist *l = &c->lists[i];

		buf_printf(
		    &b, "%s\t%s\t", l->name, u->v[i].file != NULL ? u->v[i].file : "");
		for (size_t k = 0; k < l->nsigners; k++)
			buf_printf(&b, "%s%s", k > 0 ? " " : "", l->signers[k]);
		/* What is damaged stays so while we look. */
		buf_puts(&b, "\tmust\n");
	}
	return buf_take(&b);
}

void
lists_used_open(struct lists_used *u, const struct conf *conf)
{
	const struct conf_policy *c = conf != NULL ? &conf->policy : NULL;
	const struct conf_plugin *plugin = c != NULL ? plugin_of(c) : NULL;
	char *dir;

	*u = (struct lists_used){0};
	if (plugin == NULL || c->nlists == 0)
		return;
	dir = policy_fetched_dir(conf->state_dir);
	u->v = xcalloc(c->nlists, sizeof(*u->v));
	for (; u->n < c->nlists; u->n++) {
		u->v[u->n].name = c->lists[u->n].name;
		look_up(&u->v[u->n], dir);
	}
	free(dir);
	u->fetched = setting_of(u, c);
	u->plugin = *plugin;
	u->settings = xcalloc(plugin->nsettings + 1, sizeof(*u->settings));
	if (plugin->nsettings > 0)
		memcpy(u->settings, plugin->settings,
		    plugin->nsettings * sizeof(*u->settings));
	u->settings[u->plugin.nsettings++] =
	    (struct conf_setting){"fetched_files", u->fetched};
	u->plugin.settings = u->settings;
}

void
lists_used_clear(struct lists_used *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->v[i].file);
		free(u->v[i].what);
		free(u->v[i].why);
	}
	free(u->v);
	free(u->settings);
	free(u->fetched);
	*u = (struct lists_used){0};
}

/* --- what is said of them --- */

static bool
is_about(const struct list_used *l, const char *text)
{
	return l->file != NULL && strstr(text, strrchr(l->file, '/') + 1) != NULL;
}

/* A line about one of ours waits until it can be said by the list's name. */
void
lists_used_report(void *ctx, const char *problem)
{
	static const char plugin[] = "lists: ";
	struct lists_used *u = ctx;
	size_t skip = sizeof(plugin) - 1;

	for (size_t i = 0; i < u->n; i++)
		if (is_about(&u->v[i], problem)) {
			if (u->v[i].why == NULL)
				u->v[i].why = xstrdup(
				    strncmp(problem, plugin, skip) == 0 ? problem + skip
									: problem);
			return;
		}
	u->report(u->ctx, problem);
}

void
lists_used_note(void *ctx, const char *text)
{
	struct lists_used *u = ctx;

	for (size_t i = 0; i < u->n; i++) {
		char *begin = xasprintf("list %s: ", u->v[i].name);
		size_t n = strlen(begin);
		long long version;

		if (u->v[i].file != NULL && u->v[i].what == NULL &&
		    strncmp(text, begin, n) == 0) {
			u->v[i].what = xstrdup(text + n);
			if (sscanf(text + n, "version %lld", &version) == 1)
				u->v[i].version = version;
		}
		free(begin);
	}
	u->note(u->ctx, text);
}

/* --- what was loaded --- */

static const char *
digest_of(const struct msg_rules *r, const char *name)
{
	char *rule = xasprintf("list/%s", name);
	const char *digest = NULL;

	for (uint32_t i = 0; i < r->n && digest == NULL; i++)
		if (strcmp(r->v[i].plugin, "lists") == 0 &&
		    strcmp(r->v[i].rule, rule) == 0)
			digest = r->v[i].pack;
	free(rule);
	return digest;
}

static void
check(struct list_used *l, const struct msg_rules *r)
{
	const char *digest = digest_of(r, l->name);
	const char *version = strrchr(l->file, '/') + 1 + strlen(l->name);
	size_t n = *version == '-' ? strspn(version + 1, "0123456789abcdef") : 0;

	if (digest == NULL)
		l->why = xasprintf("%s was not loaded", l->file);
	else if (strlen(digest) + 1 != DIGEST_HEX || (n != DIGITS && n != DIGITS_OLD) ||
		 strncmp(version + 1, digest, n) != 0)
		l->why = xasprintf("%s is not the version that its name says: it was "
				   "changed on disk",
		    l->file);
	else
		memcpy(l->digest, digest, DIGEST_HEX);
}

void
lists_used_loaded(struct lists_used *u, const struct policy_host *h)
{
	struct msg m;

	if (u->n == 0)
		return;
	msg_init(&m, MSG_RULES);
	if (h != NULL)
		policy_host_rules(h, &m.rules);
	for (size_t i = 0; i < u->n; i++) {
		char *line;

		if (u->v[i].why == NULL)
			check(&u->v[i], &m.rules);
		if (u->v[i].why == NULL)
			continue;
		u->bad++;
		line = xasprintf("list %s: %s", u->v[i].name, u->v[i].why);
		u->report(u->ctx, line);
		free(line);
	}
	msg_clear(&m);
}

/* What it says of itself is whoever's it is. */
void
lists_used_say(const struct lists_used *u, FILE *to, const char *before)
{
	for (size_t i = 0; i < u->n; i++) {
		const struct list_used *l = &u->v[i];
		const char *what = l->what != NULL ? l->what : l->file;
		struct buf shown = {0};

		if (l->why != NULL)
			continue;
		text_escape_buf(&shown, what, strlen(what));
		fprintf(to, "%slist %s: %s; sha256 %s\n", before, l->name, shown.data,
		    l->digest);
		buf_free(&shown);
	}
}

json_t *
lists_used_json(const struct lists_used *u)
{
	json_t *all = json_array();

	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].why == NULL)
			json_array_append_new(all,
			    json_pack("{s:s, s:I, s:s, s:s*}", "list", u->v[i].name,
				"version", (json_int_t)u->v[i].version, "digest",
				u->v[i].digest, "what", u->v[i].what));
	return all;
}

char *
lists_used_missing(const struct lists_used *u)
{
	struct buf b = {0};

	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].why != NULL)
			buf_printf(&b, "%slist %s is missing", b.len > 0 ? ", " : "",
			    u->v[i].name);
	return b.len > 0 ? buf_take(&b) : NULL;
}
