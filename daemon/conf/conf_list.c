/* SPDX-License-Identifier: Apache-2.0 */
/* conf_list: the values that are many; see conf_walk.h. */
#include <libconfig.h>
#include <tosd/policy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf_table.h"
#include "conf/conf_value.h"
#include "conf/conf_walk.h"

/* What a plugin may be granted: enum tosd_need of <tosd/policy.h>. */
static const struct {
	const char *name;
	unsigned bit;
} capabilities[] = {
    {"text", 1u << 0},
    {"links", 1u << 1},
    {"author", 1u << 2},
    {"tenant", 1u << 3},
    {"sets", 1u << 4},
    {"media", 1u << 5},
    {"ask", 1u << 6},
    {"found", 1u << 7},
};
#ifdef TOSD_ABI_MAJOR
_Static_assert(TOSD_NEED_TEXT == 1 && TOSD_NEED_LINKS == 2 && TOSD_NEED_AUTHOR == 4 &&
		   TOSD_NEED_TENANT == 8 && TOSD_NEED_SETS == 16 &&
		   TOSD_NEED_MEDIA == 32 && TOSD_NEED_ASK == 64 &&
		   TOSD_NEED_FOUND == 128,
    "the capabilities above are those of the header");
#endif
#define NCAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

unsigned
conf_list_grant(const char *words)
{
	unsigned bits = 0;

	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		for (size_t k = 0; k < NCAPABILITIES; k++)
			if (strlen(capabilities[k].name) == n &&
			    strncmp(capabilities[k].name, words, n) == 0)
				bits |= capabilities[k].bit;
		words += n;
		words += strspn(words, " ");
	}
	return bits;
}

static const config_setting_t *
element(const config_setting_t *s, int i)
{
	return config_setting_get_elem((config_setting_t *)s, i);
}

/* The string of an element; NULL after a mistake was kept. */
static const char *
string_of(struct conf_walk *w, const struct conf_row *row, const config_setting_t *e)
{
	if (config_setting_type(e) == CONFIG_TYPE_STRING)
		return config_setting_get_string(e);
	conf_walk_say(w, e, "`%s' must hold only strings in double quotes", row->key);
	return NULL;
}

static bool
set_texts(struct conf_walk *w, const struct conf_row *row, void *to, size_t *count,
    const config_setting_t *s)
{
	int n = config_setting_length(s);
	const char **v = conf_arena_alloc(w->arena, n, sizeof(*v));
	bool ok = true;

	for (int i = 0; i < n; i++) {
		const config_setting_t *e = element(s, i);
		const char *text = string_of(w, row, e), *bad = NULL;

		if (text != NULL)
			bad = row->value.text(text);
		if (bad != NULL)
			conf_walk_say(w, e, "`%s': \"%s\" %s", row->key,
			    conf_walk_quote(text), bad);
		ok = ok && text != NULL && bad == NULL;
		v[i] = conf_arena_str(w->arena, text);
	}
	*(const char ***)to = v;
	*count = n;
	return ok;
}

static bool
set_ranges(struct conf_walk *w, const struct conf_row *row, void *to, size_t *count,
    const config_setting_t *s)
{
	int n = config_setting_length(s);
	struct conf_range *v = conf_arena_alloc(w->arena, n, sizeof(*v));
	bool ok = true;

	for (int i = 0; i < n; i++) {
		const config_setting_t *e = element(s, i);
		const char *text = string_of(w, row, e);

		if (text != NULL && conf_range_parse(text, &v[i]))
			continue;
		if (text != NULL)
			conf_walk_say(w, e,
			    "`%s': \"%s\" is not an address range; write "
			    "\"10.0.0.0/8\" "
			    "or \"::1\", with no bits set behind the prefix",
			    row->key, conf_walk_quote(text));
		ok = false;
	}
	*(struct conf_range **)to = v;
	*count = n;
	return ok;
}

static bool
set_grant(struct conf_walk *w, const struct conf_row *row, unsigned *to,
    const config_setting_t *s)
{
	bool ok = true;

	*to = 0;
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = element(s, i);
		const char *text = string_of(w, row, e);
		struct buf names = {0};
		size_t k = 0;

		while (text != NULL && k < NCAPABILITIES &&
		       strcmp(capabilities[k].name, text) != 0)
			buf_printf(&names, " \"%s\"", capabilities[k++].name);
		if (text != NULL && k < NCAPABILITIES)
			*to |= capabilities[k].bit;
		else
			ok = false;
		if (k == NCAPABILITIES)
			conf_walk_say(w, e,
			    "`%s': there is no capability \"%s\"; choose from%s",
			    row->key, conf_walk_quote(text), names.data);
		buf_free(&names);
	}
	return ok;
}

/* Where element i of a table's array keeps its place in the files. */
static void
note_place(struct conf_walk *w, const struct conf_table *t, char *el,
    const config_setting_t *s)
{
	if (t->line_off == 0)
		return;
	*(const char **)(void *)(el + t->file_off) = w->file;
	*(int *)(void *)(el + t->line_off) = (int)config_setting_source_line(s);
}

/* Appends: the tenants of several files go to one array, which conf_parse() has
 * made large enough for all of them. */
static bool
set_groups(struct conf_walk *w, const struct conf_row *row, void *to, size_t *count,
    const config_setting_t *s)
{
	const struct conf_table *t = row->table;
	struct conf_arena *main = w->arena;
	int n = config_setting_length(s);
	char **array = to;

	if (to == (void *)&w->c->tenants)
		w->arena = main->tenants;
	if (*array == NULL)
		*array = conf_arena_alloc(w->arena, n, t->size);
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = element(s, i);
		bool bare = t->bare && config_setting_type(e) == CONFIG_TYPE_STRING;
		char *el = *array + *count * t->size;

		if (!bare && !config_setting_is_group(e)) {
			conf_walk_say(w, e,
			    "`%s' must hold only groups, { key = value; }%s", row->key,
			    t->bare ? ", or strings" : "");
			continue;
		}
		note_place(w, t, el, e);
		conf_walk_table(w, t, el, e);
		++*count;
	}
	w->arena = main;
	return true;
}

bool
conf_list_set(struct conf_walk *w, const struct conf_row *row, void *to, size_t *count,
    const config_setting_t *s)
{
	switch (row->type) {
	case CONF_TEXTS:
		return set_texts(w, row, to, count, s);
	case CONF_RANGES:
		return set_ranges(w, row, to, count, s);
	case CONF_GRANT:
		return set_grant(w, row, to, s);
	default:
		return set_groups(w, row, to, count, s);
	}
}

/* A scalar as text; NULL if it is none. */
static char *
scalar_text(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		return xasprintf("%d", config_setting_get_int(s));
	case CONFIG_TYPE_INT64:
		return xasprintf("%lld", config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		return xasprintf("%.15g", config_setting_get_float(s));
	case CONFIG_TYPE_BOOL:
		return xstrdup(config_setting_get_bool(s) ? "true" : "false");
	case CONFIG_TYPE_STRING:
		return xstrdup(config_setting_get_string(s));
	default:
		return NULL;
	}
}

/* What libconfig has kept of a number that the scanner has refused is another one. */
static bool
refused_number(const struct conf_walk *w, const config_setting_t *s)
{
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return false;
	for (size_t i = 0; i < w->nmistakes; i++)
		if (w->mistakes[i].kind == MISTAKE_SCANNED &&
		    w->mistakes[i].source == w->source &&
		    w->mistakes[i].line == (int)config_setting_source_line(s))
			return true;
	return false;
}

/* Those that are none are left out: who looks at the others must find no holes. */
bool
conf_list_settings(
    struct conf_walk *w, void *to, size_t *count, const config_setting_t *s)
{
	int n = config_setting_length(s);
	struct conf_setting *v = conf_arena_alloc(w->arena, n, sizeof(*v));
	size_t kept = 0;
	bool ok = true;

	for (int i = 0; i < n; i++) {
		const config_setting_t *e = element(s, i);
		const char *key = config_setting_name(e);
		char *text = scalar_text(e);

		if (conf_value_secret_key(key)) {
			conf_walk_say(w, e,
			    "`%s': a secret must not stand in the configuration; put "
			    "it "
			    "in a file that only tosd may read and give the plugin its "
			    "name, as `password_credential' does for mail",
			    conf_walk_quote(key));
			ok = false;
		}
		if (text == NULL) {
			conf_walk_say(w, e,
			    "`%s': settings of a plugin are strings, numbers, true or "
			    "false, not %s",
			    conf_walk_quote(key), "lists or groups");
			ok = false;
			continue;
		}
		if (refused_number(w, e)) {
			free(text);
			ok = false;
			continue;
		}
		v[kept].key = conf_arena_str(w->arena, key);
		v[kept++].value = conf_arena_take(w->arena, text);
	}
	*(struct conf_setting **)to = v;
	*count = kept;
	return ok;
}
