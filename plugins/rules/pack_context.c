/* SPDX-License-Identifier: Apache-2.0 */
/* pack_context: the contexts of a pack, and patterns wherever they stand; see pack.h.
 */
#include <stdlib.h>
#include <string.h>

#include "pack_in.h"

void
pack_add_pattern(
    struct pack_pattern **v, size_t *n, bool regex, char *text, double weight, int line)
{
	if ((*n & (*n - 1)) == 0)
		*v = mem_grow(*v, *n * 2 + 1, sizeof(**v));
	(*v)[(*n)++] = (struct pack_pattern){regex, text, weight, line};
}

/* "text" or { text = "..."; weight = 0.4; } */
static int
read_pattern(struct walk *k, const config_setting_t *m, const char *key, bool weighted,
    const char **text, double *weight)
{
	static const char *const keys[] = {"text", "weight", NULL};
	int rc;

	*text = config_setting_get_string(m);
	*weight = 1;
	if (weighted && config_setting_is_group(m)) {
		if ((rc = walk_keys(k, m, keys)) != 0 ||
		    (rc = walk_string(k, m, "text", true, PACK_PATTERN_MAX, text)) !=
			0 ||
		    (rc = walk_number(k, m, "weight", 0.01, 1, weight)) != 0)
			return rc;
	}
	if (*text == NULL || **text == '\0')
		return walk_bad(k, m, "`%s' may hold strings only, none empty%s", key,
		    weighted ? ", or { text = \"...\"; weight = 0.4; }" : "");
	if (strlen(*text) > PACK_PATTERN_MAX)
		return walk_bad(k, m, "a pattern longer than %d bytes; use a list",
		    PACK_PATTERN_MAX);
	return 0;
}

int
pack_patterns(struct walk *k, const config_setting_t *s, const char *key, bool regex,
    bool weighted, struct pack_pattern **v, size_t *n)
{
	config_setting_t *list;
	int rc = walk_list(k, s, key, PACK_PATTERNS, &list);

	for (int i = 0; rc == 0 && list != NULL && i < config_setting_length(list);
	     i++) {
		const config_setting_t *m = config_setting_get_elem(list, (unsigned)i);
		const char *text;
		double weight;

		rc = read_pattern(k, m, key, weighted, &text, &weight);
		if (rc == 0)
			pack_add_pattern(v, n, regex, mem_dup(text, strlen(text)),
			    weight, walk_line(m));
	}
	return rc;
}

void
pack_patterns_clear(struct pack_pattern *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].text);
	free(v);
}

static int
read_context(struct walk *k, const config_setting_t *s, struct pack_context *c)
{
	static const char *const keys[] = {
	    "where", "within", "quotes", "commas", "phrases", "regexes", "about", NULL};
	static const char *const places[] = {
	    "text", "sentence", "before", "after", "around", "inside", "outside", NULL};
	const char *shown = c->name[0] != '\0' ? c->name : "(in a rule)", *about;
	int where = PACK_SENTENCE, rc;

	if (!config_setting_is_group(s))
		return walk_bad(k, s, "context `%s' must be a group", shown);
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_choice(k, s, "where", places, &where)) != 0 ||
	    (rc = walk_int(k, s, "within", 1, PACK_WITHIN, &c->within)) != 0 ||
	    (rc = walk_bool(k, s, "quotes", &c->quotes)) != 0 ||
	    (rc = walk_bool(k, s, "commas", &c->commas)) != 0 ||
	    (rc = walk_string(k, s, "about", false, 2000, &about)) != 0 ||
	    (rc = pack_patterns(k, s, "phrases", false, false, &c->v, &c->n)) != 0 ||
	    (rc = pack_patterns(k, s, "regexes", true, false, &c->v, &c->n)) != 0)
		return rc;
	c->where = (enum pack_where)where;
	c->counts = config_setting_get_member(s, "within") != NULL;
	if (c->commas && (c->n == 0 || where == PACK_TEXT || where == PACK_INSIDE))
		return walk_bad(k, s,
		    "context `%s': `commas' has a meaning for patterns in a sentence, "
		    "before, after and around only",
		    shown);
	if (c->n == 0 && !c->quotes)
		return walk_bad(k, s,
		    "context `%s' is empty; give it `phrases', `regexes' or "
		    "`quotes = true'",
		    shown);
	return 0;
}

int
pack_add_context(
    struct pack_source *o, const config_setting_t *s, const char *name, size_t *out)
{
	struct pack *p = o->pack;
	struct pack_context *c;

	for (size_t i = 0; *name != '\0' && i < p->ncontexts; i++)
		if (strcmp(p->contexts[i].name, name) == 0)
			return walk_bad(&o->walk, s,
			    "context `%s' is here twice (first in %s:%d)", name,
			    p->contexts[i].file, p->contexts[i].line);
	if (p->ncontexts >= PACK_CONTEXTS)
		return walk_bad(&o->walk, s, "more than %d contexts", PACK_CONTEXTS);
	if ((p->ncontexts & (p->ncontexts - 1)) == 0)
		p->contexts =
		    mem_grow(p->contexts, p->ncontexts * 2 + 1, sizeof(*p->contexts));
	*out = p->ncontexts;
	c = &p->contexts[p->ncontexts++];
	*c = (struct pack_context){.name = mem_dup(name, strlen(name)),
	    .file = o->walk.file,
	    .within = 5,
	    .line = walk_line(s)};
	return read_context(&o->walk, s, c);
}

int
pack_read_contexts(struct pack_source *o, const config_setting_t *root)
{
	config_setting_t *s;
	int rc = walk_group(&o->walk, root, "contexts", &s);
	int n = rc == 0 && s != NULL ? config_setting_length(s) : 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		size_t at;

		rc = pack_add_context(o, m, config_setting_name(m), &at);
		rc = whys_go_on(o->whys, rc, o->walk.w) ? 0 : 1;
	}
	return rc;
}
