/* SPDX-License-Identifier: Apache-2.0 */
/* plugins_used: see plugins_used.h. */
#include "tosctl/plugins_used.h"

#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "base/buf.h"

/* By the object: a second one has a name of its own, and the same object. */
static bool
is_classifier(const struct conf_plugin *p)
{
	const char *slash = p->path != NULL ? strrchr(p->path, '/') : NULL;

	return strcmp(p->name, "classifier") == 0 ||
	       (slash != NULL && strcmp(slash, "/classifier.so") == 0);
}

/* NULL: it can.  A question to a model goes through the daemon's fetch role and budget.
 */
static const char *
cannot_run(const struct conf_plugin *p)
{
	if (p->ncommand > 0)
		return "is a program, and none is started here";
	return p->grant & TOSD_NEED_ASK ? "asks models, and none is asked here" : NULL;
}

/* Where packs and their cache are is the caller's, and so is whether they have to be
 * signed: a draft is tried before. */
static void
take_rules(struct plugins_used *u, const struct conf_plugin *p)
{
	u->rules = xcalloc(p->nsettings + 1, sizeof(*u->rules));
	for (size_t i = 0; i < p->nsettings; i++) {
		const struct conf_setting *s = &p->settings[i];

		if (strcmp(s->key, "signers") == 0)
			u->signers = s->value[0] != '\0' ? s->value : NULL;
		else if (strcmp(s->key, "packs_dir") != 0 &&
			 strcmp(s->key, "cache_dir") != 0)
			u->rules[u->nrules++] = *s;
	}
}

void
plugins_used_open(struct plugins_used *u, const struct conf *conf,
    enum plugins_used_which which, void (*report)(void *ctx, const char *problem),
    void *ctx)
{
	size_t n = conf != NULL ? conf->policy.nplugins : 0;

	*u = (struct plugins_used){.v = xcalloc(n + 1, sizeof(*u->v))};
	for (size_t i = 0; i < n; i++) {
		const struct conf_plugin *p = &conf->policy.plugins[i];
		const char *why = cannot_run(p);

		if (strcmp(p->name, "rules") == 0)
			take_rules(u, p);
		if (strcmp(p->name, "rules") == 0 || strcmp(p->name, "lists") == 0 ||
		    (which == PLUGINS_USED_NO_CLASSIFIER && is_classifier(p)))
			continue;
		if (why == NULL) {
			u->v[u->n++] = *p;
		} else {
			char *line = xasprintf("plugin `%s' %s", p->name, why);

			report(ctx, line);
			free(line);
		}
	}
}

void
plugins_used_clear(struct plugins_used *u)
{
	free(u->v);
	free(u->rules);
	*u = (struct plugins_used){0};
}
