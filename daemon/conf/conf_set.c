/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_set: one value at a time, from libconfig's tree or from a row's default,
 * into the structure.  Both ways end in the same set_text(), so a default is
 * understood exactly as if it had been written in the file.
 */
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/conf_table.h"
#include "conf/conf_value.h"
#include "conf/conf_walk.h"

static const char *
type_name(int type)
{
	static const char *const names[] = {[CONFIG_TYPE_NONE] = "nothing",
	    [CONFIG_TYPE_GROUP] = "a group { }",
	    [CONFIG_TYPE_INT] = "a number",
	    [CONFIG_TYPE_INT64] = "a number",
	    [CONFIG_TYPE_FLOAT] = "a number with a fraction",
	    [CONFIG_TYPE_STRING] = "a string",
	    [CONFIG_TYPE_BOOL] = "true or false",
	    [CONFIG_TYPE_ARRAY] = "an array [ ]",
	    [CONFIG_TYPE_LIST] = "a list ( )"};

	return names[type];
}

/* What a person should write instead. */
static const char *const wanted[] = {
    [CONF_TEXT] = "a string in double quotes",
    [CONF_PATH] = "a path in double quotes",
    [CONF_KEYFILE] = "the name of a credential or a path, in double quotes",
    [CONF_FLAG] = "true or false",
    [CONF_COUNT] = "a whole number",
    [CONF_MANY] = "a whole number",
    [CONF_SIZE] = "a size such as 4096 or \"10M\"",
    [CONF_SPAN] = "a duration such as \"90s\", \"15m\", \"72h\" or \"14d\"",
    [CONF_SHARE] = "a number between 0 and 1, such as 0.9",
    [CONF_CHOICE] = "one of its names in double quotes",
    [CONF_TEXTS] = "a list of strings, [ \"a\", \"b\" ]",
    [CONF_RANGES] = "a list of address ranges, [ \"10.0.0.0/8\" ]",
    [CONF_SETTINGS] = "a group { key = value; }",
    [CONF_GRANT] = "a list of capabilities, [ \"text\" ]",
    [CONF_OPTION] = "a group { }",
    [CONF_GROUP] = "a group { }",
    [CONF_LIST] = "a list of groups, ( { ... }, { ... } )",
};

static bool
wrong_type(struct conf_walk *w, const struct conf_row *row, const config_setting_t *s)
{
	conf_walk_say(w, s, "`%s' must be %s, not %s", row->key, wanted[row->type],
	    type_name(config_setting_type(s)));
	return false;
}

/* Writes a limit as a person would: with the largest unit that fits it evenly. */
static const char *
amount(enum conf_type type, int64_t v, char out[32])
{
	static const struct unit {
		int64_t factor;
		const char *unit;
	} spans[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"},
	    {1, "ms"}},
	  sizes[] = {{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}, {1, ""}};
	const struct unit *u = type == CONF_SPAN ? spans : sizes;

	if ((type != CONF_SPAN && type != CONF_SIZE) || v == 0) {
		snprintf(out, 32, "%lld", (long long)v);
		return out;
	}
	while (v % u->factor != 0)
		u++;
	snprintf(out, 32, "%lld%s", (long long)(v / u->factor), u->unit);
	return out;
}

static void
store_number(const struct conf_row *row, void *to, int64_t v)
{
	if (row->type == CONF_SPAN)
		*(int64_t *)to = v;
	else if (row->type == CONF_SIZE || row->type == CONF_MANY)
		*(size_t *)to = (size_t)v;
	else
		*(unsigned *)to = (unsigned)v;
}

static const char *
set_number(const struct conf_row *row, void *to, int64_t v)
{
	static char text[96];
	char low[32], high[32];

	if (v >= row->min && v <= row->max) {
		store_number(row, to, v);
		return NULL;
	}
	snprintf(text, sizeof(text), "is out of range; choose from %s to %s",
	    amount(row->type, row->min, low), amount(row->type, row->max, high));
	return text;
}

static const char *
set_choice(const struct conf_row *row, void *to, const char *text)
{
	static char words[160];
	size_t n = 0;

	for (int i = 0; row->value.choice[i] != NULL; i++) {
		if (strcmp(row->value.choice[i], text) == 0) {
			*(int *)to = i;
			return NULL;
		}
		n += snprintf(words + n, sizeof(words) - n, "%s\"%s\"",
		    i == 0 ? "must be one of " : ", ", row->value.choice[i]);
	}
	return words;
}

static const char *
set_share(void *to, double v)
{
	if (!(v >= 0 && v <= 1))
		return "must be between 0 and 1, such as 0.9";
	*(double *)to = v;
	return NULL;
}

static const char *
set_string(struct conf_walk *w, const struct conf_row *row, void *to, const char *text)
{
	const char *bad = row->value.text != NULL     ? row->value.text(text)
			  : row->type == CONF_KEYFILE ? conf_value_keyfile(text)
						      : conf_value_text(text);
	bool is_path = row->type == CONF_PATH ||
		       (row->type == CONF_KEYFILE && strchr(text, '/') != NULL);

	if (bad == NULL)
		*(const char **)to =
		    is_path ? conf_walk_path(w, text) : conf_arena_str(w->arena, text);
	return bad;
}

/* Text of a file or of a default; returns what is wrong with it, or NULL. */
static const char *
set_text(struct conf_walk *w, const struct conf_row *row, void *to, const char *text)
{
	int64_t v;

	switch (row->type) {
	case CONF_TEXT:
	case CONF_PATH:
	case CONF_KEYFILE:
		return set_string(w, row, to, text);
	case CONF_CHOICE:
		return set_choice(row, to, text);
	case CONF_SPAN:
		v = conf_duration(text);
		break;
	case CONF_SIZE:
		v = conf_value_size(text);
		break;
	default:
		return NULL;
	}
	if (v < 0)
		return row->type == CONF_SPAN
			   ? "is not a duration; write one such as "
			     "\"90s\", \"15m\", \"72h\" or \"14d\""
			   : "is not a size; write one such as 4096, "
			     "\"64K\" or \"10M\"";
	return set_number(row, to, v);
}

static void
note_path(struct conf_walk *w, const struct conf_row *row, const void *to,
    const config_setting_t *s)
{
	struct conf_path p = {
	    .key = row->key, .check = row->check, .file = w->file, .line = 1};

	/* Only rows of strings have something to check. */
	if (row->check == CONF_CHECK_NONE)
		return;
	p.path = *(const char *const *)to;
	if (s != NULL)
		p.line = (int)config_setting_source_line(s);
	if (p.path != NULL)
		conf_arena_path(w->arena, &p);
}

void
conf_set_default(struct conf_walk *w, const struct conf_row *row, void *base)
{
	void *to = (char *)base + row->off;
	const char *bad = NULL;

	if (row->type == CONF_GROUP) {
		conf_walk_table(w, row->table, to, NULL);
		return;
	}
	if (row->def == NULL)
		return;
	if (row->type == CONF_GRANT)
		*(unsigned *)to = conf_list_grant(row->def);
	else if (row->type == CONF_FLAG)
		*(bool *)to = strcmp(row->def, "true") == 0;
	else if (row->type == CONF_COUNT || row->type == CONF_MANY)
		bad = set_number(row, to, strtoll(row->def, NULL, 10));
	else if (row->type == CONF_SHARE)
		bad = set_share(to, strtod(row->def, NULL));
	else
		bad = set_text(w, row, to, row->def);
	note_path(w, row, to, NULL);
	if (bad != NULL)
		log_die("conf", "the default of `%s' %s", row->key, bad);
}

static bool
is_integer(const config_setting_t *s)
{
	int type = config_setting_type(s);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* A bare count of seconds in ms; a count too large for that is out of range. */
static int64_t
from_integer(const struct conf_row *row, const config_setting_t *s)
{
	int64_t v = config_setting_type(s) == CONFIG_TYPE_INT
			? config_setting_get_int(s)
			: config_setting_get_int64(s);

	if (row->type != CONF_SPAN)
		return v;
	return v > INT64_MAX / 1000 || v < 0 ? -1 : v * 1000;
}

static bool
set_scalar(struct conf_walk *w, const struct conf_row *row, void *to,
    const config_setting_t *s)
{
	int type = config_setting_type(s);
	const char *bad, *text = config_setting_get_string(s);
	bool texts = row->type == CONF_TEXT || row->type == CONF_PATH ||
		     row->type == CONF_KEYFILE || row->type == CONF_CHOICE;
	bool units = row->type == CONF_SPAN || row->type == CONF_SIZE;
	bool counts = row->type == CONF_COUNT || row->type == CONF_MANY;

	if (row->type == CONF_FLAG && type == CONFIG_TYPE_BOOL) {
		*(bool *)to = config_setting_get_bool(s);
		return true;
	}
	if (row->type == CONF_SHARE && (is_integer(s) || type == CONFIG_TYPE_FLOAT))
		bad = set_share(to, is_integer(s) ? (double)from_integer(row, s)
						  : config_setting_get_float(s));
	else if ((units || counts) && is_integer(s))
		bad = set_number(row, to, from_integer(row, s));
	else if ((texts || units) && type == CONFIG_TYPE_STRING)
		bad = set_text(w, row, to, text);
	else
		return wrong_type(w, row, s);
	if (bad == NULL)
		return true;
	/* What stands where a credential's name should may be the secret itself. */
	if (type == CONFIG_TYPE_STRING && text[0] != '\0' && row->type != CONF_KEYFILE)
		conf_walk_say(
		    w, s, "`%s': \"%s\" %s", row->key, conf_walk_quote(text), bad);
	else
		conf_walk_say(w, s, "`%s' %s", row->key, bad);
	conf_walk_kind(w, MISTAKE_VALUE);
	return false;
}

bool
conf_set_row(struct conf_walk *w, const struct conf_row *row, void *base,
    const config_setting_t *s)
{
	void *to = (char *)base + row->off;
	size_t *count = (size_t *)(void *)((char *)base + row->noff);
	bool ok;

	switch (row->type) {
	case CONF_OPTION:
	case CONF_GROUP:
		if (!config_setting_is_group(s))
			return wrong_type(w, row, s);
		if (row->type == CONF_OPTION)
			to = *(void **)to =
			    conf_arena_alloc(w->arena, 1, row->table->size);
		conf_walk_table(w, row->table, to, s);
		return true;
	case CONF_LIST:
	case CONF_TEXTS:
	case CONF_RANGES:
	case CONF_GRANT:
		if (!config_setting_is_list(s) && !config_setting_is_array(s))
			return wrong_type(w, row, s);
		if (row->flags & CONF_NOT_EMPTY && config_setting_length(s) == 0) {
			conf_walk_say(w, s, "`%s' is empty; write at least one%s",
			    row->key,
			    row->flags & CONF_REQUIRED ? "" : ", or leave the key out");
			return false;
		}
		return conf_list_set(w, row, to, count, s);
	case CONF_SETTINGS:
		if (!config_setting_is_group(s))
			return wrong_type(w, row, s);
		return conf_list_settings(w, to, count, s);
	default:
		ok = set_scalar(w, row, to, s);
		if (ok)
			note_path(w, row, to, s);
		return ok;
	}
}
