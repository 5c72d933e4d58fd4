/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_text: what the strings of a pack may hold.  They go to the host, into notices,
 * onto terminals and into the engine, each of which refuses or mistakes what is no
 * text; so it is looked at once, for all of them, where file and line are known.
 */
#include <stdlib.h>
#include <string.h>

#include "pack_in.h"

enum text_kind {
	LINE,	 /* no control characters */
	WRAPPED, /* for people: a line break in the file is a blank of the text */
	FREE,	 /* line breaks and tabs are its own: tests, `about' */
};

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Line breaks with all white space around them become one blank; none at the edges. */
static char *
unwrap(const char *s)
{
	char *out = mem_new(strlen(s) + 1, 1);
	size_t n = 0;

	while (*s != '\0') {
		size_t len = 0;
		bool wraps = false;

		while (is_white(s[len])) {
			wraps = wraps || s[len] == '\n';
			len++;
		}
		if (!wraps) {
			len += len == 0;
			memcpy(out + n, s, len);
			n += len;
		} else if (n > 0 && s[len] != '\0') {
			out[n++] = ' ';
		}
		s += len;
	}
	out[n] = '\0';
	return out;
}

/* Its name, or that of the list that it stands in. */
static const char *
name_of(const config_setting_t *s)
{
	while (config_setting_name(s) == NULL && config_setting_parent(s) != NULL)
		s = config_setting_parent(s);
	return config_setting_name(s) != NULL ? config_setting_name(s) : "";
}

static int
say_bad(struct walk *k, const config_setting_t *s, const char *at)
{
	const char *name = name_of(s);
	uint32_t cp;

	if (mem_utf8(at, strlen(at), &cp) == 0)
		return walk_bad(k, s,
		    "`%.40s' holds the byte 0x%02x, which is no UTF-8: an escape such "
		    "as "
		    "\\x%02x is a byte and no character; write the character itself",
		    name, (uint8_t)*at, (uint8_t)*at);
	if (strcmp(name, "regexes") == 0)
		return walk_bad(k, s,
		    "`regexes' holds the control character U+%04X; in strings a "
		    "backslash is doubled, as in \\\\t and \\\\n",
		    cp);
	return walk_bad(k, s,
	    "`%.40s' holds %s (U+%04X); write a blank, or leave it out", name,
	    cp == '\t'	 ? "a tab"
	    : cp == '\n' ? "a line break"
			 : "a control character",
	    cp);
}

static int
check_text(struct walk *k, config_setting_t *s, enum text_kind kind)
{
	const char *at;
	char *text;

	if (kind == WRAPPED && strchr(config_setting_get_string(s), '\n') != NULL) {
		text = unwrap(config_setting_get_string(s));
		config_setting_set_string(s, text);
		free(text);
	}
	at = mem_unfit(config_setting_get_string(s), kind == FREE);
	return at != NULL ? say_bad(k, s, at) : 0;
}

/* The kind of what has this name and stands in something of kind `in'. */
static enum text_kind
kind_of(const char *name, enum text_kind in)
{
	if (name == NULL || in == FREE)
		return in;
	if (strcmp(name, "tests") == 0 || strcmp(name, "about") == 0)
		return FREE;
	if (strcmp(name, "clauses") == 0 || strcmp(name, "reason") == 0 ||
	    strcmp(name, "owner") == 0)
		return WRAPPED;
	return in == WRAPPED && strcmp(name, "text") != 0 ? LINE : in;
}

static int
check_tree(struct pack_source *o, config_setting_t *s, enum text_kind in)
{
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : 0, rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		enum text_kind kind = kind_of(config_setting_name(m), in);

		if (config_setting_type(m) == CONFIG_TYPE_STRING)
			rc = check_text(&o->walk, m, kind);
		else
			rc = check_tree(o, m, kind);
		if (rc < 0)
			rc = whys_go_on(o->whys, rc, o->walk.w) ? 0 : 1;
	}
	return rc;
}

int
pack_check_texts(struct pack_source *o, config_setting_t *root)
{
	size_t before = o->whys->n;
	int rc = check_tree(o, root, LINE);

	/* What else is wrong with such texts says nothing new. */
	return rc == 0 && o->whys->n > before ? 1 : rc;
}

/* In a list file. */
bool
pack_plain_line(const char *s, size_t n)
{
	char *line = mem_dup(s, n);
	bool plain = mem_unfit(line, false) == NULL;

	free(line);
	return plain;
}
