/* SPDX-License-Identifier: Apache-2.0 */
/* pack: reading a rule pack; see pack.h.  Rules and tests are in pack_rule.c. */
#include "pack.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "pack_rule.h"
#include "walk.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define NAME_MAX_ 40

const struct pack_list *
pack_list(const struct pack *p, const char *name, size_t n)
{
	for (size_t i = 0; i < p->nlists; i++)
		if (strlen(p->lists[i].name) == n &&
		    memcmp(p->lists[i].name, name, n) == 0)
			return &p->lists[i];
	return NULL;
}

bool
pack_good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= NAME_MAX_ && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, LOWER "0123456789-") == n;
}

static int
list_add(struct walk *k, const config_setting_t *at, struct pack_list *l,
    const char *word, size_t n)
{
	if (n == 0)
		return walk_bad(k, at, "list `%s' has an empty entry", l->name);
	if (n > 200)
		return walk_bad(
		    k, at, "list `%s': an entry longer than 200 bytes", l->name);
	if (l->n >= PACK_WORDS)
		return walk_bad(
		    k, at, "list `%s' has more than %d entries", l->name, PACK_WORDS);
	l->words = mem_grow(l->words, l->n + 1, sizeof(*l->words));
	l->words[l->n++] = mem_dup(word, n);
	return 0;
}

int
pack_words(struct walk *k, const config_setting_t *s, struct pack_list *l)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const char *word = config_setting_get_string(m);
		int rc;

		if (word == NULL)
			return walk_bad(
			    k, m, "list `%s' may hold strings only", l->name);
		if ((rc = list_add(k, m, l, word, strlen(word))) != 0)
			return rc;
	}
	return 0;
}

/* One entry a line; # begins a comment.  The bytes go into the pack's digest. */
static int
read_list_file(struct walk *k, const config_setting_t *s, const char *dir,
    struct pack_list *l, struct sb *bytes)
{
	static const char *const keys[] = {"file", NULL};
	const char *name, *line, *end;
	struct sb path = {0}, b = {0};
	struct why why;
	int rc;

	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_string(k, s, "file", true, 200, &name)) != 0)
		return rc;
	if (name[0] == '/' || strstr(name, "..") != NULL)
		return walk_bad(
		    k, s, "list file `%s' must lie under the pack's folder", name);
	sb_printf(&path, "%s/%s", dir, name);
	if (mem_read_file(path.data, PACK_FILE_MAX, &b, &why) != 0)
		rc = walk_bad(k, s, "list file `%s': %s", name, why.text);
	sb_printf(bytes, "\n%s %zu\n", name, b.len);
	sb_put(bytes, b.data != NULL ? b.data : "", b.len);
	for (line = b.data; rc == 0 && line != NULL && *line != '\0'; line = end) {
		size_t n = strcspn(line, "\n"), len = strcspn(line, "#\r\n");

		end = line + n + (line[n] == '\n');
		while (len > 0 && isspace((unsigned char)line[len - 1]))
			len--;
		if (len > 0)
			rc = list_add(k, s, l, line, len);
	}
	sb_free(&path);
	sb_free(&b);
	return rc;
}

static int
read_lists(struct walk *k, const config_setting_t *root, const char *dir,
    struct pack *p, struct sb *bytes)
{
	config_setting_t *lists;
	int rc = walk_group(k, root, "lists", &lists);
	int n = rc == 0 && lists != NULL ? config_setting_length(lists) : 0;

	if (n > PACK_LISTS)
		return walk_bad(k, lists, "more than %d lists", PACK_LISTS);
	p->lists = mem_new((size_t)n, sizeof(*p->lists));
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(lists, (unsigned)i);
		struct pack_list *l = &p->lists[p->nlists++];

		l->name =
		    mem_dup(config_setting_name(s), strlen(config_setting_name(s)));
		l->line = (int)config_setting_source_line(s);
		if (strcmp(l->name, "protected") == 0 || strcmp(l->name, "target") == 0)
			rc = walk_bad(k, s,
			    "`%s' is no name for a list: the host gives "
			    "@protected, a rule's `target' gives @target",
			    l->name);
		else if (config_setting_is_group(s))
			rc = read_list_file(k, s, dir, l, bytes);
		else if (config_setting_is_array(s) || config_setting_is_list(s))
			rc = pack_words(k, s, l);
		else
			rc = walk_bad(k, s,
			    "list `%s' must be [ \"word\", ... ] or "
			    "{ file = \"...\"; }",
			    l->name);
		if (rc == 0 && l->n == 0)
			rc = walk_bad(k, s, "list `%s' is empty", l->name);
	}
	return rc;
}

static int
read_head(struct walk *k, const config_setting_t *root, struct pack *p)
{
	static const char *const keys[] = {"name", "version", "owner", "about", NULL};
	config_setting_t *s;
	const char *name, *owner, *about;
	int rc = walk_group(k, root, "pack", &s);

	if (rc == 0 && s == NULL)
		rc = walk_bad(k, root,
		    "`pack' is missing: pack = { name = \"...\"; version = "
		    "1; owner = \"...\"; };");
	if (rc != 0 || (rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_string(k, s, "name", true, NAME_MAX_, &name)) != 0 ||
	    (rc = walk_string(k, s, "owner", true, 100, &owner)) != 0 ||
	    (rc = walk_string(k, s, "about", false, 2000, &about)) != 0 ||
	    (rc = walk_int(k, s, "version", 1, 1000000, &p->version)) != 0)
		return rc;
	if (!pack_good_name(name))
		return walk_bad(
		    k, s, "`name' must be lower-case letters, digits and '-'");
	if (p->version == 0)
		return walk_bad(k, s, "`version' is missing; it is a number from 1");
	p->name = mem_dup(name, strlen(name));
	p->owner = mem_dup(owner, strlen(owner));
	return 0;
}

int
pack_patterns(struct walk *k, const config_setting_t *s, const char *key, bool regex,
    struct pack_pattern **v, size_t *n)
{
	config_setting_t *list;
	int rc = walk_list(k, s, key, PACK_PATTERNS, &list);

	for (int i = 0; rc == 0 && list != NULL && i < config_setting_length(list);
	     i++) {
		const config_setting_t *m = config_setting_get_elem(list, (unsigned)i);
		const char *text = config_setting_get_string(m);

		if (text == NULL || *text == '\0')
			return walk_bad(
			    k, m, "`%s' may hold strings only, none empty", key);
		if (strlen(text) > PACK_PATTERN_MAX)
			return walk_bad(k, m,
			    "a pattern longer than %d bytes; use a list",
			    PACK_PATTERN_MAX);
		*v = mem_grow(*v, *n + 1, sizeof(**v));
		(*v)[(*n)++] = (struct pack_pattern){regex, mem_dup(text, strlen(text)),
		    (int)config_setting_source_line(m)};
	}
	return rc;
}

static int
read_context(struct walk *k, const config_setting_t *s, struct pack_context *c)
{
	static const char *const keys[] = {
	    "where", "within", "quotes", "phrases", "regexes", NULL};
	static const char *const places[] = {
	    "text", "sentence", "before", "after", "inside", NULL};
	int where = PACK_SENTENCE, rc;

	c->name = mem_dup(config_setting_name(s), strlen(config_setting_name(s)));
	c->line = (int)config_setting_source_line(s);
	c->within = 5;
	if (!config_setting_is_group(s))
		return walk_bad(k, s, "context `%s' must be a group", c->name);
	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_choice(k, s, "where", places, &where)) != 0 ||
	    (rc = walk_int(k, s, "within", 1, PACK_WITHIN, &c->within)) != 0 ||
	    (rc = walk_bool(k, s, "quotes", &c->quotes)) != 0 ||
	    (rc = pack_patterns(k, s, "phrases", false, &c->v, &c->n)) != 0 ||
	    (rc = pack_patterns(k, s, "regexes", true, &c->v, &c->n)) != 0)
		return rc;
	c->where = (enum pack_where)where;
	if (c->n == 0 && !c->quotes)
		return walk_bad(k, s,
		    "context `%s' is empty; give it `phrases', `regexes' or "
		    "`quotes = true'",
		    c->name);
	return 0;
}

static int
read_contexts(struct walk *k, const config_setting_t *root, struct pack *p)
{
	config_setting_t *s;
	int rc = walk_group(k, root, "contexts", &s);
	int n = rc == 0 && s != NULL ? config_setting_length(s) : 0;

	if (n > PACK_CONTEXTS)
		return walk_bad(k, s, "more than %d contexts", PACK_CONTEXTS);
	p->contexts = mem_new((size_t)n, sizeof(*p->contexts));
	for (int i = 0; rc == 0 && i < n; i++)
		rc = read_context(k, config_setting_get_elem(s, (unsigned)i),
		    &p->contexts[p->ncontexts++]);
	return rc;
}

static int
read_tree(
    struct walk *k, config_t *cfg, const char *dir, struct pack *p, struct sb *bytes)
{
	static const char *const keys[] = {
	    "pack", "clauses", "lists", "contexts", "rules", "tests", NULL};
	const config_setting_t *root = config_root_setting(cfg);
	int rc;

	if ((rc = walk_keys(k, root, keys)) != 0 || (rc = read_head(k, root, p)) != 0 ||
	    (rc = read_lists(k, root, dir, p, bytes)) != 0 ||
	    (rc = read_contexts(k, root, p)) != 0 ||
	    (rc = pack_read_rules(k, root, p)) != 0)
		return rc;
	return pack_read_tests(k, root, p);
}

/* libconfig would open any file that a pack names after @include. */
static int
refuse_include(struct walk *k, const char *text)
{
	int line = 1;

	for (const char *s = text; *s != '\0'; line++) {
		size_t n = strcspn(s, "\n"), lead = strspn(s, " \t");

		if (strncmp(s + lead, "@include", 8) == 0)
			return why_set(k->w,
			    "%s:%d: @include is not for packs; use a list "
			    "file",
			    k->file, line);
		s += n + (s[n] == '\n');
	}
	return 0;
}

int
pack_read(const char *dir, const char *name, struct pack **out, struct why *w)
{
	struct pack *p = mem_new(1, sizeof(*p));
	struct sb path = {0}, bytes = {0};
	struct walk k = {NULL, w};
	struct why why;
	config_t cfg;
	int rc;

	*out = NULL;
	config_init(&cfg);
	sb_printf(&path, "%s/%s", dir, name);
	/* People find a mistake by the whole path. */
	k.file = p->file = mem_dup(path.data, path.len);
	rc = mem_read_file(p->file, PACK_FILE_MAX, &bytes, &why);
	if (rc != 0)
		why_set(w, "%s: %s", p->file, why.text);
	if (rc == 0)
		rc = refuse_include(&k, bytes.data != NULL ? bytes.data : "");
	if (rc == 0 && !config_read_string(&cfg, bytes.data != NULL ? bytes.data : ""))
		rc = why_set(w, "%s:%d: %s", p->file, config_error_line(&cfg),
		    config_error_text(&cfg));
	if (rc == 0)
		rc = read_tree(&k, &cfg, dir, p, &bytes);
	if (rc == 0) {
		mem_sha256(bytes.data, bytes.len, p->digest);
		*out = p;
	} else {
		pack_free(&p);
	}
	config_destroy(&cfg);
	sb_free(&path);
	sb_free(&bytes);
	return rc;
}

static void
list_clear(struct pack_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->words[i]);
	free(l->words);
	free(l->name);
}

static void
patterns_clear(struct pack_pattern *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].text);
	free(v);
}

static void
rule_clear(struct pack_rule *r)
{
	patterns_clear(r->v, r->n);
	free(r->except);
	free(r->id);
	free(r->clause);
	free(r->category);
	free(r->reason);
	free(r->target);
}

void
pack_free(struct pack **pp)
{
	struct pack *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->nlists; i++)
		list_clear(&p->lists[i]);
	for (size_t i = 0; i < p->ncontexts; i++) {
		patterns_clear(p->contexts[i].v, p->contexts[i].n);
		free(p->contexts[i].name);
	}
	for (size_t i = 0; i < p->nrules; i++)
		rule_clear(&p->rules[i]);
	for (size_t i = 0; i < p->ntests; i++) {
		free(p->tests[i].text);
		free(p->tests[i].twin);
		free(p->tests[i].rule);
	}
	list_clear(&p->standin);
	free(p->lists);
	free(p->contexts);
	free(p->rules);
	free(p->tests);
	free(p->name);
	free(p->file);
	free(p->owner);
	free(p);
}
