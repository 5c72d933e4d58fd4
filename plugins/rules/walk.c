/* SPDX-License-Identifier: Apache-2.0 */
/* walk: strict reading of libconfig settings; see walk.h. */
#include "walk.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Over a string or a comment; s is behind its beginning. */
static const char *
skip_quoted(const char *s, const char *end, int *line)
{
	size_t n = strlen(end);

	for (; *s != '\0' && strncmp(s, end, n) != 0; s++) {
		*line += *s == '\n';
		if (*end == '"' && *s == '\\' && s[1] != '\0')
			s++;
	}
	return *s != '\0' && *end != '\n' ? s + n : s;
}

char
walk_sign(const char **s, int *line, int *at)
{
	for (;;) {
		char c = **s;

		*at = *line;
		if (c == '\0')
			return c;
		++*s;
		*line += c == '\n';
		if (c == '#' || (c == '/' && **s == '/'))
			*s = skip_quoted(*s, "\n", line);
		else if (c == '/' && **s == '*')
			*s = skip_quoted(*s + 1, "*/", line);
		else if (c == '"')
			*s = skip_quoted(*s, "\"", line);
		if (c != '#' && c != '/' && !isspace((unsigned char)c))
			return c;
	}
}

/* --- names that are there twice */

#define GROUPS_DEEP 64

/* Those of the groups that are open. */
struct names {
	struct walk_name *v;
	size_t n;
	size_t from[GROUPS_DEEP]; /* where those of each begin */
	int deep;
};

static const struct walk_name *
find_name(const struct names *g, const struct walk_name *name)
{
	for (size_t i = g->from[g->deep]; i < g->n; i++)
		if (g->v[i].n == name->n && memcmp(g->v[i].s, name->s, name->n) == 0)
			return &g->v[i];
	return NULL;
}

/* Opens and closes groups; false: more than can be followed. */
static bool
take_bracket(struct names *g, char c)
{
	if (c == '{') {
		if (++g->deep == GROUPS_DEEP)
			return false;
		g->from[g->deep] = g->n;
	} else if (c == '}') {
		if (g->deep == 0)
			return false;
		g->n = g->from[g->deep--];
	}
	return true;
}

bool
walk_twice(const char *s, struct walk_name *first, struct walk_name *again)
{
	struct names g = {.n = 0};
	struct walk_name name = {NULL, 0, 0};
	const struct walk_name *other = NULL;
	int line = 1, at;
	char c;

	while (other == NULL && (c = walk_sign(&s, &line, &at)) != '\0') {
		if (isalpha((unsigned char)c) || c == '*') {
			name = (struct walk_name){s - 1, 1, at};
			for (; *s != '\0' && (isalnum((unsigned char)*s) ||
						 strchr("-_*", *s) != NULL);
			     s++)
				name.n++;
			continue;
		}
		if (name.s != NULL && (c == '=' || c == ':')) {
			other = find_name(&g, &name);
			if (other != NULL)
				break;
			g.v = mem_grow(g.v, g.n + 1, sizeof(*g.v));
			g.v[g.n++] = name;
		}
		name.s = NULL;
		if (!take_bracket(&g, c))
			break;
	}
	if (other != NULL) {
		*first = *other;
		*again = name;
	}
	free(g.v);
	return other != NULL;
}

/* --- lines of strings */

/* Where the strings of a text begin; pieces side by side are one. */
struct begins {
	int *v;
	size_t n, at;
};

static void
find_begins(const char *s, struct begins *b)
{
	int line = 1, at;
	char before = '\0', c;

	for (; (c = walk_sign(&s, &line, &at)) != '\0'; before = c) {
		if (c != '"' || before == '"')
			continue;
		if ((b->n & (b->n - 1)) == 0)
			b->v = mem_grow(b->v, b->n * 2 + 1, sizeof(*b->v));
		b->v[b->n++] = at;
	}
}

/* Strings stand in the tree in the order of the text.  keep: else they are counted. */
static void
take_begins(const config_setting_t *s, struct begins *b, bool keep)
{
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : 0;

	for (int i = 0; i < n; i++) {
		config_setting_t *m = config_setting_get_elem(s, (unsigned)i);

		if (config_setting_type(m) != CONFIG_TYPE_STRING) {
			take_begins(m, b, keep);
			continue;
		}
		if (keep && config_setting_name(m) == NULL)
			config_setting_set_hook(m, (void *)(uintptr_t)b->v[b->at]);
		b->at++;
	}
}

void
walk_lines(const config_setting_t *root, const char *text)
{
	struct begins b = {NULL, 0, 0};

	find_begins(text, &b);
	take_begins(root, &b, false);
	if (b.at == b.n) {
		b.at = 0;
		take_begins(root, &b, true);
	}
	free(b.v);
}

int
walk_line(const config_setting_t *s)
{
	void *hook = config_setting_get_hook(s);

	return hook != NULL ? (int)(uintptr_t)hook : (int)config_setting_source_line(s);
}

const config_setting_t *
walk_member(const config_setting_t *s, const char *key)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	return m != NULL ? m : s;
}

int
walk_bad(struct walk *k, const config_setting_t *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (walk_line(s) == 0) /* the file as a whole */
		return why_set(k->w, "%s: %s", k->file, text);
	return why_set(k->w, "%s:%d: %s", k->file, walk_line(s), text);
}

int
walk_keys(struct walk *k, const config_setting_t *s, const char *const *known)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(m);
		struct sb all = {0};
		int j = 0, rc;

		while (known[j] != NULL && strcmp(known[j], name) != 0)
			j++;
		if (known[j] != NULL)
			continue;
		for (j = 0; known[j] != NULL; j++)
			sb_printf(&all, "%s%s", j > 0 ? ", " : "", known[j]);
		rc = walk_bad(
		    k, m, "unknown key `%.40s'; known here: %s", name, all.data);
		sb_free(&all);
		return rc;
	}
	return 0;
}

int
walk_string(struct walk *k, const config_setting_t *s, const char *key, bool must,
    size_t max, const char **out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	*out = NULL;
	if (m == NULL)
		return must
			   ? walk_bad(k, s, "`%s' is missing here; it is a string", key)
			   : 0;
	*out = config_setting_get_string(m);
	if (*out == NULL || **out == '\0')
		return walk_bad(k, m, "`%s' must be a string that is not empty", key);
	if (strlen(*out) > max)
		return walk_bad(k, m, "`%s' is longer than %zu bytes", key, max);
	return 0;
}

int
walk_int(struct walk *k, const config_setting_t *s, const char *key, int low, int high,
    int *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	if (m == NULL)
		return 0;
	if (config_setting_type(m) != CONFIG_TYPE_INT ||
	    config_setting_get_int(m) < low || config_setting_get_int(m) > high)
		return walk_bad(
		    k, m, "`%s' must be a whole number from %d to %d", key, low, high);
	*out = config_setting_get_int(m);
	return 0;
}

int
walk_number(struct walk *k, const config_setting_t *s, const char *key, double low,
    double high, double *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	double v;

	if (m == NULL)
		return 0;
	v = config_setting_type(m) == CONFIG_TYPE_INT ? config_setting_get_int(m)
						      : config_setting_get_float(m);
	if (!config_setting_is_number(m) || !(v >= low && v <= high))
		return walk_bad(
		    k, m, "`%s' must be a number from %g to %g", key, low, high);
	*out = v;
	return 0;
}

int
walk_bool(struct walk *k, const config_setting_t *s, const char *key, bool *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	if (m == NULL)
		return 0;
	if (config_setting_type(m) != CONFIG_TYPE_BOOL)
		return walk_bad(k, m, "`%s' must be true or false", key);
	*out = config_setting_get_bool(m);
	return 0;
}

int
walk_choice(struct walk *k, const config_setting_t *s, const char *key,
    const char *const *names, int *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	const char *v = m != NULL ? config_setting_get_string(m) : NULL;
	struct sb all = {0};
	int rc;

	if (m == NULL)
		return 0;
	for (int i = 0; names[i] != NULL; i++)
		if (v != NULL && strcmp(names[i], v) == 0) {
			*out = i;
			return 0;
		}
	for (int i = 0; names[i] != NULL; i++)
		sb_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
	rc = walk_bad(k, m, "`%s' must be one of: %s", key, all.data);
	sb_free(&all);
	return rc;
}

int
walk_list(struct walk *k, const config_setting_t *s, const char *key, int max,
    config_setting_t **out)
{
	config_setting_t *m = config_setting_get_member(s, key);

	*out = m;
	if (m == NULL)
		return 0;
	if (!config_setting_is_list(m) && !config_setting_is_array(m))
		return walk_bad(k, m, "`%s' must be a list: [ ... ] or ( ... )", key);
	if (config_setting_length(m) > max)
		return walk_bad(k, m, "`%s' has %d entries, at most %d are allowed",
		    key, config_setting_length(m), max);
	return 0;
}

int
walk_group(
    struct walk *k, const config_setting_t *s, const char *key, config_setting_t **out)
{
	config_setting_t *m = config_setting_get_member(s, key);

	*out = m;
	if (m != NULL && !config_setting_is_group(m))
		return walk_bad(k, m, "`%s' must be a group: { ... }", key);
	return 0;
}
