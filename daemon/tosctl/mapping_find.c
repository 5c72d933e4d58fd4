/* SPDX-License-Identifier: Apache-2.0 */
/* mapping_find: mappings by address; see mapping_find.h. */
#include "tosctl/mapping_find.h"

#include <stdio.h>

#include "base/complain.h"

const struct conf_tenant *
mapping_find(const struct conf *c, const char *url, struct feed_mapping *to)
{
	for (size_t i = 0; i < c->ntenants && c->nmapped > 0; i++) {
		const struct conf_tenant *t = &c->tenants[i];

		if (feed_mapping_of(conf_mapping_of(c, t->key, url), to) != NULL)
			return t;
	}
	return NULL;
}

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	complain("%s: %s:%d: %s", (const char *)ctx, file, line, text);
}

int
mapping_conf(const char *command, const char *path, struct conf **out, struct err *e)
{
	struct conf_sources sources;
	int rc = conf_sources_read(path, &sources, e);

	if (rc != 0)
		return rc;
	rc = conf_parse(&sources, on_mistake, (void *)command, out);
	conf_sources_clear(&sources);
	return rc == 0 ? 0 : err_set(e, rc, "%s is not a good configuration", path);
}
