/* SPDX-License-Identifier: Apache-2.0 */
/* conf_walk: the strict walk along the tables; see conf_walk.h. */
#include "conf/conf_walk.h"

#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "conf/conf_table.h"
#include "conf/conf_value.h"

#define QUOTE_CHARS 48

static void
keep(struct conf_walk *w, int line, const char *fmt, va_list ap)
{
	struct conf_mistake *m;
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (w->nmistakes == w->room) {
		w->room = w->room ? w->room * 2 : 16;
		w->mistakes = xrealloc(w->mistakes, w->room * sizeof(w->mistakes[0]));
	}
	m = &w->mistakes[w->nmistakes];
	m->source = w->source;
	m->line = line > 0 ? line : 1;
	m->kind = MISTAKE_OTHER;
	m->order = w->nmistakes++;
	m->text = xstrdup(text);
}

void
conf_walk_say_line(struct conf_walk *w, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(w, line, fmt, ap);
	va_end(ap);
}

void
conf_walk_say(struct conf_walk *w, const config_setting_t *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(w, s != NULL ? (int)config_setting_source_line(s) : 1, fmt, ap);
	va_end(ap);
}

void
conf_walk_kind(struct conf_walk *w, int kind)
{
	w->mistakes[w->nmistakes - 1].kind = kind;
}

const char *
conf_walk_quote(const char *s)
{
	static char out[4][QUOTE_CHARS * 8];
	static unsigned next;
	char *to = out[next++ % 4];
	size_t n = strlen(s), cut = text_prefix(s, QUOTE_CHARS);

	text_escape(to, sizeof(out[0]) - 4, s, cut);
	if (cut < n)
		strcat(to, "...");
	return to;
}

const char *
conf_walk_path(struct conf_walk *w, const char *path)
{
	if (path[0] == '/')
		return conf_arena_str(w->arena, path);
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return conf_arena_take(w->arena, xasprintf("%s/%s", w->folder, path));
}

const config_setting_t *
conf_walk_member(const config_setting_t *s, const char *key)
{
	if (s == NULL || !config_setting_is_group(s))
		return NULL;
	return config_setting_get_member((config_setting_t *)s, key);
}

static const struct conf_row *
find_row(const struct conf_table *t, const char *key)
{
	for (size_t i = 0; i < t->nrows; i++)
		if (strcmp(t->rows[i].key, key) == 0)
			return &t->rows[i];
	return NULL;
}

static const char *
nearest(const struct conf_table *t, const char *key)
{
	size_t best = strlen(key) / 3 + 1, d;
	const char *found = NULL;

	for (size_t i = 0; i < t->nrows; i++) {
		d = text_distance(key, t->rows[i].key);
		if (d < best || (d == best && found == NULL && d <= 2)) {
			best = d;
			found = t->rows[i].key;
		}
	}
	return found;
}

/* The section where this key would be right: a common slip is a wrong brace. */
static const struct conf_table *
owner_of(const char *key)
{
	const struct conf_table *t = &conf_table_root;

	if (find_row(t, key) != NULL)
		return t;
	for (size_t i = 0; i < t->nrows; i++) {
		const struct conf_table *sub = t->rows[i].table;

		if (sub != NULL && find_row(sub, key) != NULL)
			return sub;
	}
	return NULL;
}

static void
say_unknown(struct conf_walk *w, const struct conf_table *t, const config_setting_t *s)
{
	const char *key = config_setting_name(s), *near = nearest(t, key);
	const struct conf_table *owner = owner_of(key);

	if (conf_value_secret_key(key))
		conf_walk_say(w, s,
		    "`%s' in `%s': a secret must not stand in the configuration; put "
		    "it "
		    "in a file that only tosd may read, or in a systemd credential, "
		    "and "
		    "name that with `password_credential'",
		    conf_walk_quote(key), t->name);
	else if (owner != NULL && owner != t)
		conf_walk_say(w, s,
		    "unknown key `%s' in `%s'; it belongs into `%s': is a brace closed "
		    "too early or too late?",
		    conf_walk_quote(key), t->name, owner->name);
	else if (near != NULL)
		conf_walk_say(w, s, "unknown key `%s' in `%s'; did you mean `%s'?",
		    conf_walk_quote(key), t->name, near);
	else
		conf_walk_say(w, s,
		    "unknown key `%s' in `%s'; tosd.conf(5) lists the keys, take it "
		    "out",
		    conf_walk_quote(key), t->name);
}

static void
find_unknown(struct conf_walk *w, const struct conf_table *t, const config_setting_t *s)
{
	int n = config_setting_length(s);

	for (int i = 0; i < n; i++) {
		const config_setting_t *m =
		    config_setting_get_elem((config_setting_t *)s, i);

		if (find_row(t, config_setting_name(m)) == NULL)
			say_unknown(w, t, m);
	}
}

bool
conf_section_sound(const struct conf_section *sec, const char *key)
{
	const struct conf_row *row = find_row(sec->table, key);

	return row != NULL && !(sec->bad & (uint64_t)1 << (row - sec->table->rows));
}

/* So that the walk can go on after a wrong value.  Nobody asked for what lies at a
 * default path then, so it is not looked at; and a default folder of packs would be
 * judged in place of the one that was meant. */
static void
stand_in(struct conf_walk *w, const struct conf_row *row, void *base)
{
	size_t npaths = w->arena->npaths;

	conf_set_default(w, row, base);
	w->arena->npaths = npaths;
	if (row->check == CONF_CHECK_PACKS)
		*(const char **)((char *)base + row->off) = NULL;
}

/* The table's check asks conf_section_sound() before it judges a relation. */
void
conf_walk_table(struct conf_walk *w, const struct conf_table *t, void *base,
    const config_setting_t *s)
{
	struct conf_section sec = {.w = w, .table = t, .base = base, .s = s};

	bool bare = s != NULL && !config_setting_is_group(s);

	if (s != NULL && !bare)
		find_unknown(w, t, s);
	for (size_t i = 0; i < t->nrows; i++) {
		const struct conf_row *row = &t->rows[i];
		const config_setting_t *m =
		    bare && i == 0 ? s : conf_walk_member(s, row->key);

		if (m != NULL && conf_set_row(w, row, base, m))
			continue;
		if (m == NULL && row->flags & CONF_REQUIRED)
			conf_walk_say(w, s, "`%s' is missing in `%s'; it must be given",
			    row->key, t->name);
		if (m != NULL || row->flags & CONF_REQUIRED)
			sec.bad |= (uint64_t)1 << i;
		if (m != NULL)
			stand_in(w, row, base);
		else
			conf_set_default(w, row, base);
	}
	if (t->done != NULL)
		t->done(&sec);
}
