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
	if (a != NULL && b != NULL && json_equal(a, b))
		return NULL;
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
};

static void name_in(struct named *n, const json_t *v, bool contexts);

static void
name_list(struct named *n, const char *name)
{
	const json_t *lists = json_object_get(n->pack, "lists"), *l, *kind;
	json_t *v;
	const char *other;

	if (json_object_get(n->lists, name) != NULL)
		return;
	l = json_object_get(lists, name);
	if (l != NULL) {
		json_object_set_new(n->lists, name, json_true());
		name_in(n, json_object_get(l, "words"), false);
	} else if (strncmp(name, "any-", 4) == 0) {
		json_object_set_new(n->lists, name, json_true());
		json_object_foreach((json_t *)(uintptr_t)lists, other, v)
		{
			kind = json_object_get(v, "kind");
			if (json_is_string(kind) &&
			    strcmp(json_string_value(kind), name + 4) == 0)
				name_list(n, other);
		}
	}
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

	if (c == NULL || json_object_get(n->contexts, name) != NULL)
		return;
	json_object_set_new(n->contexts, name, json_true());
	name_in(n, c, false);
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

static struct named
named_by(const json_t *pack, const json_t *rule)
{
	struct named n = {pack, json_object(), json_object()};

	name_in(&n, rule, false);
	return n;
}

/* Lists or contexts that either names and that are not the same. */
static json_t *
moved(const json_t *pa, const json_t *pb, const char *what, const json_t *na,
    const json_t *nb)
{
	json_t *names = names_of(na, nb), *out = json_array(), *v;
	size_t i;

	json_array_foreach(names, i, v)
	{
		const char *name = json_string_value(v);
		const json_t *a = json_object_get(json_object_get(pa, what), name);
		const json_t *b = json_object_get(json_object_get(pb, what), name);

		if (strcmp(what, "lists") == 0) {
			a = json_object_get(a, "words");
			b = json_object_get(b, "words");
		}
		add_change(out, name, a, b);
	}
	json_decref(names);
	return out;
}

/* --- rules, packs --- */

static json_t *
rule_diff(const json_t *pa, const json_t *pb, const char *id, unsigned *unraised)
{
	const json_t *a = json_object_get(json_object_get(pa, "rules"), id),
		     *b = json_object_get(json_object_get(pb, "rules"), id);
	struct named na = named_by(pa, a), nb = named_by(pb, b);
	json_t *keys = names_of(a, b), *changes = json_array(), *lists, *contexts, *o,
	       *v;
	json_int_t ra = json_integer_value(json_object_get(a, "rev")),
		   rb = json_integer_value(json_object_get(b, "rev"));
	bool meant = false;
	size_t i;

	json_array_foreach(keys, i, v)
	{
		const char *key = json_string_value(v);
		size_t before = json_array_size(changes);

		add_change(
		    changes, key, json_object_get(a, key), json_object_get(b, key));
		meant |= json_array_size(changes) > before && !is_about(key);
	}
	lists = moved(pa, pb, "lists", na.lists, nb.lists);
	contexts = moved(pa, pb, "contexts", na.contexts, nb.contexts);
	meant |= json_array_size(lists) + json_array_size(contexts) > 0;
	o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:b}", "kind", "rule",
	    "rule", id, "change", "changed", "rev_a", ra, "rev_b", rb, "changes",
	    changes, "lists", lists, "contexts", contexts, "unraised",
	    meant && rb <= ra);
	*unraised += meant && rb <= ra;
	json_decref(keys);
	json_decref(na.lists);
	json_decref(na.contexts);
	json_decref(nb.lists);
	json_decref(nb.contexts);
	if (!meant && json_array_size(changes) == 0) {
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
	json_t *names = names_of(a, b), *v, *o;
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
			o = rule_diff(pa, pb, id, unraised);
		}
		if (o != NULL)
			json_array_append_new(out, o);
	}
	json_decref(names);
}

static void
parts_diff(json_t *out, const char *name, const json_t *pa, const json_t *pb)
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
	if (json_array_size(changes) > 0)
		json_array_append_new(
		    out, json_pack("{s:s, s:s, s:s, s:O}", "kind", "pack", "pack", name,
			     "change", "changed", "changes", changes));
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

		if (pa == NULL || pb == NULL)
			json_array_append_new(
			    out, json_pack("{s:s, s:s, s:s}", "kind", "pack", "pack",
				     name, "change", pa == NULL ? "added" : "removed"));
		else
			parts_diff(out, name, pa, pb);
		rules_diff(out, pa, pb, unraised);
	}
	json_decref(names);
	return out;
}
