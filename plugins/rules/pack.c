/* SPDX-License-Identifier: Apache-2.0 */
/* pack: reading a rule pack; see pack.h.  This file: files, includes and the head. */
#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pack_in.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"

bool
pack_good_name(const char *s, size_t max)
{
	size_t n = strlen(s);

	return n > 0 && n <= max && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, LOWER "0123456789-") == n;
}

/* Rules are pack/rule to the host, which has some of its own, and so do the plugins
 * that come with it: two of one id, and a plugin is not loaded. */
static bool
is_taken(const char *name)
{
	static const char *const taken[] = {"host", "list", "classifier", "moderation"};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(taken[i], name) == 0)
			return true;
	return false;
}

static int
read_head(struct pack_source *o, const config_setting_t *root)
{
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	static const char *const keys[] = {
	    "name", "version", "owner", "about", "expires", NULL};
	config_setting_t *s;
	const char *name, *owner, *about;
	int rc = walk_group(k, root, "pack", &s);

	if (rc == 0 && s == NULL)
		rc = walk_bad(k, root,
		    "`pack' is missing: pack = { name = \"...\"; version = "
		    "1; owner = \"...\"; };");
	if (rc != 0 || (rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_string(k, s, "name", true, PACK_NAME_MAX, &name)) != 0 ||
	    (rc = walk_string(k, s, "owner", true, 100, &owner)) != 0 ||
	    (rc = walk_string(k, s, "about", false, 2000, &about)) != 0 ||
	    (rc = walk_int(k, s, "version", 1, 1000000, &p->version)) != 0 ||
	    (rc = pack_read_expiry(k, s, &p->expires)) != 0)
		return rc;
	if (!pack_good_name(name, PACK_NAME_MAX))
		return walk_bad(k, walk_member(s, "name"),
		    "`name' must be lower-case letters, digits and '-', and begin with "
		    "a letter");
	if (is_taken(name))
		return walk_bad(k, walk_member(s, "name"),
		    "`%s' is no name for a pack: there are other rules of that name",
		    name);
	if (p->version == 0)
		return walk_bad(k, s, "`version' is missing; it is a number from 1");
	p->line = walk_line(s);
	p->name = mem_dup(name, strlen(name));
	p->owner = mem_dup(owner, strlen(owner));
	return 0;
}

int
pack_read_part(struct pack_source *o, const config_setting_t *s, const char *what,
    const char *name, struct sb *out)
{
	struct sb path = {0};
	struct why why;
	int rc = 0;

	if (name[0] == '/' || strstr(name, "..") != NULL)
		return walk_bad(&o->walk, s, "%s `%s' must lie under the pack's folder",
		    what, name);
	sb_printf(&path, "%s/%s", o->dir, name);
	if (mem_read_trusted(o->dir, path.data, o->limits->file_bytes, out, &why) != 0)
		rc = walk_bad(&o->walk, s, "%s `%s': %s", what, name, why.text);
	sb_printf(&o->bytes, "\n%s %zu\n", name, out->len);
	sb_put(&o->bytes, out->data != NULL ? out->data : "", out->len);
	sb_free(&path);
	return rc;
}

/* libconfig would open any file that a text names after @include.  Refused in comments
 * too: whether it is one shall not matter. */
static int
refuse_include(struct walk *k, const char *s)
{
	for (int line = 1; *s != '\0'; line++) {
		size_t n = strcspn(s, "\n"), lead = strspn(s, " \t");

		if (strncmp(s + lead, "@include", 8) == 0)
			return why_set(k->w,
			    "%s:%d: @include is not for packs; use `include = [ "
			    "\"file\" ];' or a list file",
			    k->file, line);
		s += n + (s[n] == '\n');
	}
	return 0;
}

/* Its parser goes as deep as brackets do, and compares each name with all those before
 * it in its group: with 64K names that takes half a minute.  What is refused here is
 * not read by it. */
static int
refuse_shape(struct walk *k, const char *s)
{
	int line = 1, at, depth = 0;
	size_t names[PACK_NESTING + 1] = {0}, compared = 0;
	char c;

	while ((c = walk_sign(&s, &line, &at)) != '\0') {
		if (c == '=' || c == ':')
			compared += names[depth]++;
		if (compared > PACK_NAMES * PACK_NAMES / 2)
			return why_set(k->w,
			    "%s:%d: more names than are compared: %d in one group at "
			    "most; what stands in one rule alone needs none",
			    k->file, at, PACK_NAMES);
		if (c == '(' || c == '[' || c == '{') {
			if (++depth > PACK_NESTING)
				return why_set(k->w,
				    "%s:%d: more than %d brackets deep", k->file, at,
				    PACK_NESTING);
			names[depth] = 0;
		}
		depth -= depth > 0 && (c == ')' || c == ']' || c == '}');
	}
	return 0;
}

/* A byte that libconfig drops without a word, and perhaps what follows it. */
static int
refuse_nul(struct walk *k, const char *s)
{
	int line = 1;

	for (; *s != '\0'; s++) {
		line += *s == '\n';
		if (strncmp(s, "\\x00", 4) == 0)
			return why_set(k->w,
			    "%s:%d: \\x00 is no character; leave it out", k->file,
			    line);
		s += s[0] == '\\' && s[1] == '\\';
	}
	return 0;
}

/* The first sign up to the line that can stand in strings and comments only, as a curly
 * quotation mark or a letter with marks in a name; 0: none, or how long it is. */
static size_t
find_stray(const char *s, int line, const char **out, int *at)
{
	int next = 1;
	char c;

	while ((c = walk_sign(&s, &next, at)) != '\0' && *at <= line) {
		uint32_t cp;
		int n = c == '\'' ? 1 : mem_utf8(s - 1, strlen(s - 1), &cp);

		if (c != '\'' && (c & 0x80) == 0)
			continue;
		*out = s - 1;
		return n > 0 ? (size_t)n : 1;
	}
	return 0;
}

/* What libconfig does not read. */
static int
say_unread(struct walk *k, const char *s, const config_t *cfg)
{
	struct walk_name first, again;
	const char *stray;
	size_t n;
	int at;

	if (strcmp(config_error_text(cfg), "duplicate setting name") == 0 &&
	    walk_twice(s, &first, &again))
		return why_set(k->w, "%s:%d: `%.*s' is here twice (first in line %d)",
		    k->file, again.line, (int)(again.n < 40 ? again.n : 40), again.s,
		    first.line);
	n = find_stray(s, config_error_line(cfg), &stray, &at);
	if (n > 0)
		return why_set(k->w,
		    "%s:%d: %s: `%.*s' stands outside of a string; those are in "
		    "straight double quotes (one may be missing before), and names are "
		    "of a-z, A-Z, 0-9, - and _",
		    k->file, at, config_error_text(cfg), (int)n, stray);
	return why_set(k->w,
	    "%s:%d: %s; often a quotation mark, a comma or a ; is missing here or in a "
	    "line before, or { } stands in [ ], where ( ) is needed",
	    k->file, config_error_line(cfg), config_error_text(cfg));
}

/* Text to a tree; the caller destroys cfg in any case. */
static int
parse_text(struct pack_source *o, const struct sb *text, config_t *cfg)
{
	const char *s = text->data != NULL ? text->data : "";
	struct walk *k = &o->walk;
	int rc = refuse_include(k, s);

	if (rc == 0 && strncmp(s, "\ufeff", 3) == 0)
		rc = why_set(k->w,
		    "%s:1: it begins with a byte-order mark; save it as UTF-8 without "
		    "one",
		    k->file);
	if (rc == 0 && (rc = refuse_nul(k, s)) == 0)
		rc = refuse_shape(k, s);
	if (rc == 0 && !config_read_string(cfg, s))
		rc = say_unread(k, s, cfg);
	if (rc != 0)
		return rc;
	walk_lines(config_root_setting(cfg), s);
	return pack_check_texts(o, config_root_setting(cfg));
}

static int read_includes(struct pack_source *o, const config_setting_t *root);

/* An included file has lists and contexts, and may include others. */
static int
read_include(struct pack_source *o, const config_setting_t *s, const char *name)
{
	static const char *const keys[] = {
	    "about", "include", "lists", "contexts", NULL};
	const struct walk before = o->walk;
	struct pack *p = o->pack;
	struct sb text = {0}, path = {0};
	const config_setting_t *root;
	const char *about;
	config_t cfg;
	int rc;

	sb_printf(&path, "%s/%s", o->dir, name);
	for (size_t i = 0; i < p->nincluded; i++)
		if (strcmp(p->included[i], path.data) == 0) {
			sb_free(&path);
			return 0; /* once is enough, in a circle too */
		}
	if (p->nincluded >= PACK_INCLUDES) {
		sb_free(&path);
		return walk_bad(
		    &o->walk, s, "more than %d included files", PACK_INCLUDES);
	}
	config_init(&cfg);
	p->included = mem_grow(p->included, p->nincluded + 1, sizeof(*p->included));
	p->included[p->nincluded++] = sb_take(&path);
	rc = pack_read_part(o, s, "included file", name, &text);
	o->walk.file = p->included[p->nincluded - 1];
	if (rc == 0)
		rc = parse_text(o, &text, &cfg);
	root = config_root_setting(&cfg);
	if (rc == 0 && (rc = walk_keys(&o->walk, root, keys)) == 0 &&
	    (rc = walk_string(&o->walk, root, "about", false, 2000, &about)) == 0 &&
	    (rc = read_includes(o, root)) == 0 && (rc = pack_read_lists(o, root)) == 0)
		rc = pack_read_contexts(o, root);
	o->walk = before;
	config_destroy(&cfg);
	sb_free(&text);
	return rc;
}

static int
read_includes(struct pack_source *o, const config_setting_t *root)
{
	config_setting_t *list;
	int rc = walk_list(&o->walk, root, "include", PACK_INCLUDES, &list);

	for (int i = 0; rc == 0 && list != NULL && i < config_setting_length(list);
	     i++) {
		const config_setting_t *m = config_setting_get_elem(list, (unsigned)i);
		const char *name = config_setting_get_string(m);

		if (name == NULL || *name == '\0' || strlen(name) > 200)
			return walk_bad(
			    &o->walk, m, "`include' may hold names of files only");
		rc = read_include(o, m, name);
	}
	return rc;
}

static int
read_tree(struct pack_source *o, const config_setting_t *root)
{
	static const char *const keys[] = {
	    "pack", "include", "clauses", "lists", "contexts", "rules", "tests", NULL};
	int rc;

	if ((rc = walk_keys(&o->walk, root, keys)) != 0 ||
	    (rc = read_head(o, root)) != 0 || (rc = read_includes(o, root)) != 0 ||
	    (rc = pack_read_lists(o, root)) != 0)
		return rc;
	pack_make_kinds(o->pack);
	if ((rc = pack_read_contexts(o, root)) != 0 ||
	    (rc = pack_read_rules(o, root)) != 0)
		return rc;
	/* Tests speak of what stands before them. */
	if (o->whys->n > 0)
		return 1;
	rc = pack_read_tests(o, root);
	return rc == 0 && o->whys->n > 0 ? 1 : rc;
}

int
pack_read(const char *dir, const char *name, const struct pack_limits *limits,
    struct pack **out, struct whys *w)
{
	struct why first = {""}, why;
	struct pack *p = mem_new(1, sizeof(*p));
	struct pack_source o = {{NULL, &first}, p, dir, limits, {0}, w};
	struct sb path = {0};
	config_t cfg;
	int rc;

	*out = NULL;
	config_init(&cfg);
	sb_printf(&path, "%s/%s", dir, name);
	/* People find a mistake by the whole path. */
	o.walk.file = p->file = sb_take(&path);
	rc = mem_read_trusted(dir, p->file, limits->file_bytes, &o.bytes, &why);
	if (rc != 0)
		why_set(&first, "%s: %s", p->file, why.text);
	if (rc == 0)
		rc = parse_text(&o, &o.bytes, &cfg);
	if (rc == 0)
		rc = read_tree(&o, config_root_setting(&cfg));
	/* One that was met on the way is in w already. */
	if (rc < 0)
		whys_go_on(w, rc, &first);
	if (rc == 0) {
		mem_sha256(o.bytes.data, o.bytes.len, p->digest);
		p->protects =
		    memmem(o.bytes.data, o.bytes.len, "@protected", 10) != NULL;
		*out = p;
	} else {
		pack_free(&p);
	}
	config_destroy(&cfg);
	sb_free(&o.bytes);
	return rc == 0 ? 0 : -1;
}

void
pack_free(struct pack **pp)
{
	struct pack *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->nlists; i++)
		pack_list_clear(&p->lists[i]);
	for (size_t i = 0; i < p->ncontexts; i++) {
		pack_patterns_clear(p->contexts[i].v, p->contexts[i].n);
		free(p->contexts[i].name);
	}
	for (size_t i = 0; i < p->nrules; i++)
		pack_rule_clear(&p->rules[i]);
	for (size_t i = 0; i < p->ntests; i++) {
		free(p->tests[i].text);
		free(p->tests[i].twin);
		free(p->tests[i].rule);
	}
	for (size_t i = 0; i < p->nincluded; i++)
		free(p->included[i]);
	pack_list_clear(&p->standin);
	free(p->included);
	free(p->lists);
	free(p->contexts);
	free(p->rules);
	free(p->by_id);
	free(p->tests);
	free(p->name);
	free(p->file);
	free(p->owner);
	free(p);
}
