/* SPDX-License-Identifier: Apache-2.0 */
/* pack_list: the lists of a pack; see pack.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "pack_in.h"

static const char *const kinds[PACK_KINDS] = {"", "person", "group", "place", "role"};
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define ANY "any-" /* @any-person: all lists of the kind */

const char *
pack_kind_name(enum pack_kind k)
{
	return kinds[k];
}

const struct pack_list *
pack_list(const struct pack *p, const char *name, size_t n)
{
	for (size_t i = 0; i < p->nlists; i++)
		if (strlen(p->lists[i].name) == n &&
		    memcmp(p->lists[i].name, name, n) == 0)
			return &p->lists[i];
	return NULL;
}

/* What is wrong with an entry of so many bytes; NULL: nothing. */
static const char *
why_no_entry(const struct pack_list *l, const char *s, size_t n)
{
	if (n == 0)
		return "an empty entry";
	if (n > 200)
		return "an entry longer than 200 bytes";
	if (!pack_plain_line(s, n))
		return "an entry with a tab or another control character";
	return l->n >= PACK_WORDS ? "more than " STRING(PACK_WORDS) " entries" : NULL;
}

static void
list_add(struct pack_list *l, const char *word, size_t n, int line)
{
	if ((l->n & (l->n - 1)) == 0) {
		l->words = mem_grow(l->words, l->n * 2 + 1, sizeof(*l->words));
		l->lines = mem_grow(l->lines, l->n * 2 + 1, sizeof(*l->lines));
	}
	l->lines[l->n] = line;
	l->words[l->n++] = mem_dup(word, n);
}

int
pack_words(struct walk *k, const config_setting_t *s, struct pack_list *l)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const char *word = config_setting_get_string(m), *why;

		if (word == NULL)
			return walk_bad(
			    k, m, "list `%s' may hold strings only", l->name);
		if ((why = why_no_entry(l, word, strlen(word))) != NULL)
			return walk_bad(k, m, "list `%s' has %s", l->name, why);
		list_add(l, word, strlen(word), walk_line(m));
	}
	return 0;
}

/* One entry a line; # begins a comment.  The bytes go into the pack's digest. */
static int
read_list_file(struct pack_source *o, const config_setting_t *s, const char *name,
    struct pack_list *l)
{
	const char *line, *end, *why;
	struct sb b = {0}, path = {0};
	int rc = pack_read_part(o, s, "list file", name, &b), number = 0;

	sb_printf(&path, "%s/%s", o->dir, name);
	l->from = sb_take(&path);
	for (line = b.data; rc == 0 && line != NULL && *line != '\0'; line = end) {
		size_t n = strcspn(line, "\n"), len = strcspn(line, "#\r\n");

		number++;
		end = line + n + (line[n] == '\n');
		while (len > 0 && isspace((unsigned char)line[len - 1]))
			len--;
		why = len > 0 ? why_no_entry(l, line, len) : NULL;
		if (why != NULL)
			rc = why_set(o->walk.w, "%s:%d: list `%s' has %s", l->from,
			    number, l->name, why);
		else if (len > 0)
			list_add(l, line, len, number);
	}
	sb_free(&b);
	return rc;
}

/* { file = "..."; } or { words = [ ... ]; }, perhaps with a kind. */
static int
read_group(struct pack_source *o, const config_setting_t *s, struct pack_list *l)
{
	static const char *const keys[] = {"file", "words", "kind", NULL};
	struct walk *k = &o->walk;
	config_setting_t *words;
	const char *file;
	int kind = 0, rc;

	if ((rc = walk_keys(k, s, keys)) != 0 ||
	    (rc = walk_string(k, s, "file", false, 200, &file)) != 0 ||
	    (rc = walk_list(k, s, "words", PACK_WORDS, &words)) != 0)
		return rc;
	if ((file == NULL) == (words == NULL))
		return walk_bad(k, s, "list `%s' needs `file' or `words'", l->name);
	if (config_setting_get_member(s, "kind") != NULL) {
		static const char *const named[] = {
		    "person", "group", "place", "role", NULL};

		if ((rc = walk_choice(k, s, "kind", named, &kind)) != 0)
			return rc;
		l->kind = (enum pack_kind)(kind + 1);
	}
	return words != NULL ? pack_words(k, words, l) : read_list_file(o, s, file, l);
}

static bool
is_reserved(const char *name)
{
	if (strncmp(name, ANY, strlen(ANY)) == 0)
		for (int i = 1; i < PACK_KINDS; i++)
			if (strcmp(name + strlen(ANY), kinds[i]) == 0)
				return true;
	return strcmp(name, "protected") == 0 || strcmp(name, "target") == 0;
}

static int
read_list(struct pack_source *o, const config_setting_t *s)
{
	struct walk *k = &o->walk;
	struct pack *p = o->pack;
	const char *name = config_setting_name(s);
	const struct pack_list *other = pack_list(p, name, strlen(name));
	struct pack_list *l;
	int rc;

	if (is_reserved(name))
		return walk_bad(k, s,
		    "`%s' is no name for a list: the host gives @protected, a rule's "
		    "`target' gives @target, lists with a `kind' give @any-person, "
		    "@any-group, @any-place and @any-role",
		    name);
	if (other != NULL)
		return walk_bad(k, s, "list `%s' is here twice (first in %s:%d)", name,
		    other->file, other->line);
	if (p->nlists >= PACK_LISTS)
		return walk_bad(k, s, "more than %d lists", PACK_LISTS);
	p->lists = mem_grow(p->lists, p->nlists + 1, sizeof(*p->lists));
	l = &p->lists[p->nlists++];
	*l = (struct pack_list){
	    .name = mem_dup(name, strlen(name)), .file = k->file, .line = walk_line(s)};
	if (config_setting_is_group(s))
		rc = read_group(o, s, l);
	else if (config_setting_is_array(s) || config_setting_is_list(s))
		rc = pack_words(k, s, l);
	else
		rc = walk_bad(k, s,
		    "list `%s' must be [ \"word\", ... ] or "
		    "{ file = \"...\"; }",
		    name);
	if (rc == 0 && l->n == 0)
		rc = walk_bad(k, s, "list `%s' is empty", name);
	return rc;
}

int
pack_read_lists(struct pack_source *o, const config_setting_t *root)
{
	config_setting_t *lists;
	int rc = walk_group(&o->walk, root, "lists", &lists);
	int n = rc == 0 && lists != NULL ? config_setting_length(lists) : 0;

	if (rc != 0)
		return rc;
	for (int i = 0; rc == 0 && i < n; i++) {
		rc = read_list(o, config_setting_get_elem(lists, (unsigned)i));
		rc = whys_go_on(o->whys, rc, o->walk.w) ? 0 : 1;
	}
	return rc;
}

void
pack_make_kinds(struct pack *p)
{
	size_t n = p->nlists;

	for (int k = 1; k < PACK_KINDS; k++) {
		struct sb own = {0};
		struct pack_list all = {.kind = (enum pack_kind)k, .file = p->file};

		sb_printf(&own, ANY "%s", kinds[k]);
		all.name = sb_take(&own);
		for (size_t i = 0; i < n; i++) {
			struct sb name = {0};

			if ((int)p->lists[i].kind != k)
				continue;
			sb_printf(&name, "@%s", p->lists[i].name);
			all.words = mem_grow(all.words, all.n + 1, sizeof(*all.words));
			all.words[all.n++] = sb_take(&name);
		}
		p->lists = mem_grow(p->lists, p->nlists + 1, sizeof(*p->lists));
		if (all.n > 0)
			p->lists[p->nlists++] = all;
		else
			pack_list_clear(&all);
	}
}

void
pack_list_clear(struct pack_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->words[i]);
	free(l->words);
	free(l->lines);
	free(l->from);
	free(l->name);
}
