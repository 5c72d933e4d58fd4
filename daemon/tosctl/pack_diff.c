/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_diff: what differs between packs; see pack_doc.h.  A rule is what it says itself
 * and the lists and contexts that it names, and those that these name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tosctl/pack_doc.h"

/* Keys that can change without the rule meaning anything else. */
static const char *const about[] = {
    "id", "rev", "mode", "owner", "about", "reason", "expires", NULL};

#define ANY "any-"  /* @any-place: all lists of the kind */
#define DEEPEST 100 /* lists within lists; packs that load have a few */

static bool
is_about(const char *key)
{
	for (size_t i = 0; about[i] != NULL; i++)
		if (strcmp(about[i], key) == 0)
			return true;
	return false;
}

static char *
text_of(const json_t *v)
{
	return json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

/* Members of b that a does not have, each once; both may be NULL. */
static json_t *
beyond(const json_t *a, const json_t *b)
{
	json_t *out = json_array(), *have = json_object(), *v;
	size_t i;
	char *text;

	json_array_foreach(a, i, v)
	{
		text = text_of(v);
		json_object_set_new(have, text, json_true());
		free(text);
	}
	json_array_foreach(b, i, v)
	{
		text = text_of(v);
		if (json_object_get(have, text) == NULL) {
			json_object_set_new(have, text, json_true());
			json_array_append(out, v);
		}
		free(text);
	}
	json_decref(have);
	return out;
}

/* {"key", "added", "removed"} or {"key", "from", "to"}; NULL: they are the same. */
static json_t *
change_of(const char *key, const json_t *a, const json_t *b)
{
	json_t *added, *removed, *o;

	if (a != NULL && b != NULL && json_equal(a, b))
		return NULL;
	if ((a == NULL || json_is_array(a)) && (b == NULL || json_is_array(b))) {
		added = beyond(a, b);
		removed = beyond(b, a);
		if (json_array_size(added) + json_array_size(removed) == 0) {
			json_decref(added);
			json_decref(removed);
			return NULL;
		}
		return json_pack(
		    "{s:s, s:o, s:o}", "key", key, "added", added, "removed", removed);
	}
	o = json_pack("{s:s}", "key", key);
	if (a != NULL)
		json_object_set(o, "from", (json_t *)(uintptr_t)a);
	if (b != NULL)
		json_object_set(o, "to", (json_t *)(uintptr_t)b);
	return o;
}

static void
add_change(json_t *to, const char *key, const json_t *a, const json_t *b)
{
	json_t *o = change_of(key, a, b);

	if (o != NULL)
		json_array_append_new(to, o);
}

/* Names of both, sorted. */
static json_t *
names_of(const json_t *a, const json_t *b)
{
	json_t *both = json_object(), *sorted = json_array(), *v;
	const json_t *of[] = {a, b};
	const char *name;
	char *text;

	for (int i = 0; i < 2; i++)
		json_object_foreach((json_t *)(uintptr_t)of[i], name, v)
		    json_object_set_new(both, name, json_true());
	/* jansson keeps the order of insertion; only writing sorts. */
	text = json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(both);
	both = json_loads(text, 0, NULL);
	json_object_foreach(both, name, v)
	    json_array_append_new(sorted, json_string(name));
	free(text);
	json_decref(both);
	return sorted;
}

/* --- what a rule names --- */

struct named {
	const json_t *pack;
	json_t *lists, *contexts; /* sets */
	unsigned depth;
};

static void name_in(struct named *n, const json_t *v, bool contexts);

/* The words of a list; of @any-place those that stand for its lists, as the plugin has
 * them.  NULL: there is none.  The caller decrefs. */
static json_t *
words_of(const json_t *pack, const char *name)
{
	const json_t *lists = json_object_get(pack, "lists");
	const json_t *l = json_object_get(lists, name), *kind;
	json_t *all, *v;
	const char *other;

	if (l != NULL)
		return json_incref(json_object_get(l, "words"));
	if (strncmp(name, ANY, strlen(ANY)) != 0)
		return NULL;
	all = json_array();
	json_object_foreach((json_t *)(uintptr_t)lists, other, v)
	{
		kind = json_object_get(v, "kind");
		if (json_is_string(kind) &&
		    strcmp(json_string_value(kind), name + strlen(ANY)) == 0)
			json_array_append_new(all, json_sprintf("@%s", other));
	}
	return all;
}

static void
name_list(struct named *n, const char *name)
{
	json_t *words;

	if (json_object_get(n->lists, name) != NULL || n->depth == DEEPEST)
		return;
	words = words_of(n->pack, name);
	n->depth++;
	if (words != NULL) {
		json_object_set_new(n->lists, name, json_true());
		name_in(n, words, false);
	}
	n->depth--;
	json_decref(words);
}

static void
name_in_text(struct named *n, const char *s)
{
	while ((s = strchr(s, '@')) != NULL) {
		size_t len;
		char *name;

		s += 1 + (s[1] == '{');
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		name = xstrndup(s, len);
		name_list(n, name);
		free(name);
		s += len;
	}
}

static void
name_context(struct named *n, const char *name)
{
	const json_t *c = json_object_get(json_object_get(n->pack, "contexts"), name);

	if (c == NULL || json_object_get(n->contexts, name) != NULL ||
	    n->depth == DEEPEST)
		return;
	json_object_set_new(n->contexts, name, json_true());
	n->depth++;
	name_in(n, c, false);
	n->depth--;
}

/* contexts: plain strings are names of contexts. */
static void
name_in(struct named *n, const json_t *v, bool contexts)
{
	const char *key;
	json_t *m;
	size_t i;

	if (json_is_string(v)) {
		if (contexts)
			name_context(n, json_string_value(v));
		else
			name_in_text(n, json_string_value(v));
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, m) name_in(n, m, contexts);
	} else if (json_is_object(v)) {
		json_object_foreach((json_t *)(uintptr_t)v, key, m) name_in(
		    n, m, strcmp(key, "except") == 0 || strcmp(key, "require") == 0);
	}
}

/* Adds what the rule names; what is only said about it names nothing. */
static void
name_rule(struct named *n, const json_t *rule)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)rule, key, v)
	{
		if (!is_about(key))
			name_in(n, v,
			    strcmp(key, "except") == 0 || strcmp(key, "require") == 0);
	}
}

static struct named
named_by(const json_t *pack)
{
	return (struct named){pack, json_object(), json_object(), 0};
}

static void
named_clear(struct named *n)
{
	json_decref(n->lists);
	json_decref(n->contexts);
}

/* Adds how a list differs. */
static void
list_diff(
    json_t *out, const char *key, const json_t *pa, const json_t *pb, const char *name)
{
	json_t *a = words_of(pa, name), *b = words_of(pb, name);

	add_change(out, key, a, b);
	json_decref(a);
	json_decref(b);
}

/* The same for a rule: what thousands of them name is compared once.  known: by name
 * what was added, in an array of one or none. */
static void
list_diff_once(
    json_t *out, json_t *known, const json_t *pa, const json_t *pb, const char *name)
{
	if (json_object_get(known, name) == NULL) {
		json_object_set_new(known, name, json_array());
		list_diff(json_object_get(known, name), name, pa, pb, name);
	}
	json_array_extend(out, json_object_get(known, name));
}

/* Adds how a context differs, key by key where both have it; whether that changes what
 * it means. */
static bool
context_diff(
    json_t *out, const char *key, const json_t *pa, const json_t *pb, const char *name)
{
	const json_t *a = json_object_get(json_object_get(pa, "contexts"), name);
	const json_t *b = json_object_get(json_object_get(pb, "contexts"), name);
	json_t *keys, *v;
	bool meant = false;
	size_t i, before = json_array_size(out);

	if (!json_is_object(a) || !json_is_object(b)) {
		add_change(out, key, a, b);
		return json_array_size(out) > before;
	}
	keys = names_of(a, b);
	json_array_foreach(keys, i, v)
	{
		const char *k = json_string_value(v);
		char *where = xasprintf("%s.%s", key, k);

		before = json_array_size(out);
		add_change(out, where, json_object_get(a, k), json_object_get(b, k));
		meant |= json_array_size(out) > before && !is_about(k);
		free(where);
	}
	json_decref(keys);
	return meant;
}

/* Lists that either names and that are not the same. */
static json_t *
lists_moved(const struct named *a, const struct named *b, json_t *known)
{
	json_t *names = names_of(a->lists, b->lists), *out = json_array(), *v;
	size_t i;

	json_array_foreach(names, i, v)
	{
		const char *name = json_string_value(v);

		list_diff_once(out, known, a->pack, b->pack, name);
	}
	json_decref(names);
	return out;
}

static json_t *
contexts_moved(const struct named *a, const struct named *b, bool *meant)
{
	json_t *names = names_of(a->contexts, b->contexts), *out = json_array(), *v;
	size_t i;

	json_array_foreach(names, i, v)
	{
		const char *name = json_string_value(v);

		*meant |= context_diff(out, name, a->pack, b->pack, name);
	}
	json_decref(names);
	return out;
}

/* --- rules, packs --- */

static json_t *
rule_diff(const json_t *pa, const json_t *pb, const char *id, json_t *known,
    unsigned *unraised)
{
	const json_t *a = json_object_get(json_object_get(pa, "rules"), id),
		     *b = json_object_get(json_object_get(pb, "rules"), id);
	struct named na = named_by(pa), nb = named_by(pb);
	json_t *keys = names_of(a, b), *changes = json_array(), *lists, *contexts, *o,
	       *v;
	json_int_t ra = json_integer_value(json_object_get(a, "rev")),
		   rb = json_integer_value(json_object_get(b, "rev"));
	bool meant = false, same;
	size_t i;

	json_array_foreach(keys, i, v)
	{
		const char *key = json_string_value(v);
		size_t before = json_array_size(changes);

		add_change(
		    changes, key, json_object_get(a, key), json_object_get(b, key));
		meant |= json_array_size(changes) > before && !is_about(key);
	}
	name_rule(&na, a);
	name_rule(&nb, b);
	lists = lists_moved(&na, &nb, known);
	contexts = contexts_moved(&na, &nb, &meant);
	meant |= json_array_size(lists) > 0;
	same = json_array_size(changes) + json_array_size(lists) +
		   json_array_size(contexts) ==
	       0;
	o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:b}", "kind", "rule",
	    "rule", id, "change", "changed", "rev_a", ra, "rev_b", rb, "changes",
	    changes, "lists", lists, "contexts", contexts, "unraised",
	    meant && rb <= ra);
	*unraised += meant && rb <= ra;
	json_decref(keys);
	named_clear(&na);
	named_clear(&nb);
	if (same) {
		json_decref(o);
		o = NULL;
	}
	return o;
}

static void
rules_diff(json_t *out, const json_t *pa, const json_t *pb, unsigned *unraised)
{
	const json_t *a = json_object_get(pa, "rules"),
		     *b = json_object_get(pb, "rules");
	json_t *names = names_of(a, b), *known = json_object(), *v, *o;
	size_t i;

	json_array_foreach(names, i, v)
	{
		const char *id = json_string_value(v);
		const json_t *ra = json_object_get(a, id), *rb = json_object_get(b, id);

		if (ra == NULL || rb == NULL) {
			const json_t *r = ra != NULL ? ra : rb;

			o = json_pack("{s:s, s:s, s:s, s:O*, s:O*}", "kind", "rule",
			    "rule", id, "change", ra == NULL ? "added" : "removed",
			    "rev", json_object_get(r, "rev"), "mode",
			    json_object_get(r, "mode"));
		} else {
			o = rule_diff(pa, pb, id, known, unraised);
		}
		if (o != NULL)
			json_array_append_new(out, o);
	}
	json_decref(known);
	json_decref(names);
}

/* What rules name that are in both packs: it is said with them. */
static struct named
named_with_rules(const json_t *pack, const json_t *other)
{
	const json_t *there = json_object_get(other, "rules");
	struct named n = named_by(pack);
	const char *id;
	json_t *rule;

	json_object_foreach(json_object_get(pack, "rules"), id, rule)
	{
		if (json_object_get(there, id) != NULL)
			name_rule(&n, rule);
	}
	return n;
}

static const json_t *
kind_of(const json_t *pack, const char *name)
{
	return json_object_get(
	    json_object_get(json_object_get(pack, "lists"), name), "kind");
}

/* Kinds of lists, which also stand in reasons, and what is not said with any rule. */
static void
loose_diff(json_t *changes, const json_t *pa, const json_t *pb)
{
	struct named a = named_with_rules(pa, pb), b = named_with_rules(pb, pa);
	json_t *lists =
	    names_of(json_object_get(pa, "lists"), json_object_get(pb, "lists"));
	json_t *contexts =
	    names_of(json_object_get(pa, "contexts"), json_object_get(pb, "contexts"));
	json_t *v;
	size_t i;

	json_array_foreach(lists, i, v)
	{
		const char *name = json_string_value(v);
		char *where = xasprintf("lists.%s", name);
		char *kind = xasprintf("lists.%s.kind", name);

		if (json_object_get(a.lists, name) == NULL &&
		    json_object_get(b.lists, name) == NULL)
			list_diff(changes, where, pa, pb, name);
		if (kind_of(pa, name) != NULL || kind_of(pb, name) != NULL)
			add_change(changes, kind, kind_of(pa, name), kind_of(pb, name));
		free(kind);
		free(where);
	}
	json_array_foreach(contexts, i, v)
	{
		const char *name = json_string_value(v);
		char *where = xasprintf("contexts.%s", name);

		if (json_object_get(a.contexts, name) == NULL &&
		    json_object_get(b.contexts, name) == NULL)
			context_diff(changes, where, pa, pb, name);
		free(where);
	}
	json_decref(lists);
	json_decref(contexts);
	named_clear(&a);
	named_clear(&b);
}

/* Who reads a report or a signature knows packs apart by their versions alone. */
static bool
is_raised(const json_t *pa, const json_t *pb)
{
	const json_t *a = json_object_get(json_object_get(pa, "pack"), "version"),
		     *b = json_object_get(json_object_get(pb, "pack"), "version");

	return !json_is_integer(a) || !json_is_integer(b) ||
	       json_integer_value(b) > json_integer_value(a);
}

/* others: rules differ, too. */
static void
parts_diff(
    json_t *out, const char *name, const json_t *pa, const json_t *pb, bool others)
{
	static const char *const parts[] = {"pack", "clauses", "tests"};
	json_t *changes = json_array();

	for (size_t p = 0; p < 3; p++) {
		const json_t *a = json_object_get(pa, parts[p]),
			     *b = json_object_get(pb, parts[p]);
		json_t *keys = names_of(a, b), *v;
		size_t i;

		json_array_foreach(keys, i, v)
		{
			const char *key = json_string_value(v);
			char *where = xasprintf("%s.%s", parts[p], key);

			add_change(changes, where, json_object_get(a, key),
			    json_object_get(b, key));
			free(where);
		}
		json_decref(keys);
	}
	loose_diff(changes, pa, pb);
	if (json_array_size(changes) > 0 || (others && !is_raised(pa, pb)))
		json_array_append_new(
		    out, json_pack("{s:s, s:s, s:s, s:O, s:b}", "kind", "pack", "pack",
			     name, "change", "changed", "changes", changes, "unraised",
			     !is_raised(pa, pb)));
	json_decref(changes);
}

json_t *
pack_doc_diff(const json_t *a, const json_t *b, unsigned *unraised)
{
	json_t *out = json_array(), *names = names_of(a, b), *v;
	size_t i;

	*unraised = 0;
	json_array_foreach(names, i, v)
	{
		const char *name = json_string_value(v);
		const json_t *pa = json_object_get(a, name),
			     *pb = json_object_get(b, name);
		json_t *rules = json_array();

		rules_diff(rules, pa, pb, unraised);
		if (pa == NULL || pb == NULL)
			json_array_append_new(
			    out, json_pack("{s:s, s:s, s:s}", "kind", "pack", "pack",
				     name, "change", pa == NULL ? "added" : "removed"));
		else
			parts_diff(out, name, pa, pb, json_array_size(rules) > 0);
		json_array_extend(out, rules);
		json_decref(rules);
	}
	json_decref(names);
	return out;
}
