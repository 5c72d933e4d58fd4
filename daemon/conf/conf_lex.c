/* SPDX-License-Identifier: Apache-2.0 */
/* conf_lex: the look before libconfig; see conf_lex.h. */
#include "conf/conf_lex.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* Ours needs 6; libconfig's parser would take 3,000. */
#define DEPTH_MAX 32

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*-"

/* A key of a group that is open; text NULL: the groups' own beginning. */
struct key {
	const char *text;
	size_t n;
	int line;
};

struct scan {
	struct conf_lex *lex;
	const char *p;
	int line;
	int depth;
	bool ok;	   /* libconfig may read it, whatever else was said */
	bool after_string; /* the last token was a string: the next one joins it */
	int long_string;   /* line of the last string that went over its line, or 0 */
	bool quotes_off;   /* one is missing: what is text and what is not, who knows */
	struct key *keys;
	size_t nkeys, room;
};

/* A mistake after which the rest can still be read, so that all is told at once. */
static void
say(struct scan *s, int line, const char *text)
{
	s->lex->say(s->lex->ctx, line, text);
}

static void
say_and_stop(struct scan *s, int line, const char *text)
{
	say(s, line, text);
	s->ok = false;
}

static void
note_string(struct scan *s)
{
	struct conf_lex *lex = s->lex;

	if (s->after_string)
		return;
	if (lex->nstrings == lex->room) {
		lex->room = lex->room ? lex->room * 2 : 64;
		lex->string_lines = xrealloc(
		    lex->string_lines, lex->room * sizeof(lex->string_lines[0]));
	}
	lex->string_lines[lex->nstrings++] = s->line;
}

/* At the opening quote. */
static void
scan_string(struct scan *s)
{
	int start = s->line;

	note_string(s);
	for (s->p++; *s->p != '\0' && *s->p != '"'; s->p++) {
		if (*s->p == '\n') {
			s->line++;
		} else if (*s->p == '\\' && s->p[1] != '\0') {
			s->p++;
			if (*s->p == '\n')
				s->line++;
			if (*s->p == 'x' && strncmp(s->p, "x00", 3) == 0)
				say(s, s->line,
				    "a string holds \\x00, which would end it "
				    "there; take it out");
		}
	}
	if (*s->p == '"')
		s->p++;
	else if (s->quotes_off)
		s->ok = false; /* the one that is missing was told */
	else
		say_and_stop(s, start, "this string has no closing quote");
	if (s->line > start)
		s->long_string = start;
	s->after_string = true;
}

/* True if a comment began here and was passed over. */
static bool
scan_comment(struct scan *s)
{
	const char *p = s->p;
	int start = s->line;

	if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
		s->p += strcspn(p, "\n");
		return true;
	}
	if (p[0] != '/' || p[1] != '*')
		return false;
	for (p += 2; *p != '\0' && (p[0] != '*' || p[1] != '/'); p++)
		if (*p == '\n')
			s->line++;
	if (*p == '\0')
		say_and_stop(s, start, "this comment has no closing */");
	s->p = *p == '\0' ? p : p + 2;
	return true;
}

/* libconfig keeps a number without L in 32 bits, and does not say so. */
static void
scan_number(struct scan *s)
{
	static const char too_large[] =
	    "this number is too large; write a duration (\"30d\") or size (\"2G\") "
	    "with its unit, and any other number beyond 2147483647 with an L behind "
	    "it (3000000000L)";
	static const char beyond[] =
	    "this number is too large: beyond 9223372036854775807";
	const char *p = s->p;
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X'), fraction;
	size_t n = strspn(p, hex ? "0123456789abcdefABCDEFxX" : "0123456789.eE+-");
	unsigned long long v;
	char *end;

	fraction = !hex && strcspn(p, ".eE") < n;
	errno = 0;
	v = strtoull(p + (*p == '+' || *p == '-'), &end, hex ? 16 : 10);
	if (!fraction && (errno != 0 || v > LLONG_MAX))
		say(s, s->line, beyond);
	else if (!fraction && *end != 'L' && v > INT_MAX)
		say(s, s->line, too_large);
	s->p = p + n;
	s->p += strspn(s->p, "L");
}

static void
push_key(struct scan *s, const char *text, size_t n)
{
	if (s->nkeys == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		s->keys = xrealloc(s->keys, s->room * sizeof(s->keys[0]));
	}
	s->keys[s->nkeys++] = (struct key){text, n, s->line};
}

/* Keys of the group that has just been closed. */
static void
drop_keys(struct scan *s)
{
	while (s->nkeys > 0 && s->keys[s->nkeys - 1].text != NULL)
		s->nkeys--;
	if (s->nkeys > 0)
		s->nkeys--;
}

/* libconfig refuses a key that is there twice, and does not say which. */
static void
note_key(struct scan *s, const char *text, size_t n)
{
	char *said;

	for (size_t i = s->nkeys; i > 0 && s->keys[i - 1].text != NULL; i--) {
		const struct key *k = &s->keys[i - 1];

		if (k->n != n || memcmp(k->text, text, n) != 0)
			continue;
		said = xasprintf("`%.*s' is given twice; it is there already, at line "
				 "%d: take one out",
		    (int)(n < 64 ? n : 64), text, k->line);
		say_and_stop(s, s->line, said);
		free(said);
		return;
	}
	push_key(s, text, n);
}

/* A word; one with a value behind it is a key. */
static void
scan_word(struct scan *s)
{
	const char *text = s->p, *p;
	size_t n;

	s->p++;
	s->p += strspn(s->p, NAME_BYTES);
	n = s->p - text;
	p = s->p + strspn(s->p, " \t\r\n");
	if (!s->quotes_off && (*p == '=' || *p == ':'))
		note_key(s, text, n);
}

/* Outside of strings there is no such thing, but for the directive: then a quote is
 * missing before it, as in a mail address. */
static void
scan_at(struct scan *s)
{
	static const char include[] = "@include";
	char *said;

	if (strncmp(s->p, include, sizeof(include) - 1) == 0 &&
	    isspace((unsigned char)s->p[sizeof(include) - 1])) {
		say_and_stop(s, s->line,
		    "@include is not supported: the configuration is handed to every "
		    "role as bytes, without files; put the text here, or tenants into "
		    "files of the tenants.d folder");
	} else if (s->quotes_off) {
		s->ok = false; /* it was told */
	} else if (s->long_string != 0) {
		said = xasprintf("a quote is missing: the string that begins here ends "
				 "only before the `@' of line %d; close it in its line",
		    s->line);
		say_and_stop(s, s->long_string, said);
		free(said);
		s->quotes_off = true;
	} else {
		say_and_stop(s, s->line,
		    "an `@' outside of a string: a double quote is missing before it");
		s->quotes_off = true;
	}
	s->p += strcspn(s->p, "\"\n");
}

static void
scan_nesting(struct scan *s)
{
	if (*s->p == '{')
		push_key(s, NULL, 0);
	else if (*s->p == '}')
		drop_keys(s);
	if (strchr("({[", *s->p) != NULL)
		s->depth++;
	else if (strchr(")}]", *s->p) != NULL)
		s->depth--;
	if (s->depth == DEPTH_MAX + 1)
		say_and_stop(s, s->line, "brackets are nested more than 32 deep");
	s->p++;
}

static void
scan_token(struct scan *s)
{
	unsigned char c = *s->p;

	if (c == '"') {
		scan_string(s);
		return;
	}
	s->after_string = false;
	if (c == '@') {
		scan_at(s);
	} else if (isalpha(c) || c == '*') {
		scan_word(s);
	} else if (isdigit(c) ||
		   ((c == '+' || c == '-') && isdigit((unsigned char)s->p[1]))) {
		scan_number(s);
	} else {
		scan_nesting(s);
	}
}

/* Reports the first line that is not UTF-8. */
static void
scan_encoding(struct scan *s, const char *text)
{
	size_t n = strlen(text), i = 0;
	uint32_t cp;
	int line = 1, len;

	if (text_valid(text, n))
		return;
	while (i < n && (len = text_decode(text + i, n - i, &cp)) > 0) {
		line += cp == '\n';
		i += len;
	}
	say(s, line, "this line is not UTF-8; save the file as UTF-8");
}

bool
conf_lex_scan(struct conf_lex *lex, const char *text)
{
	struct scan s = {.lex = lex, .p = text, .line = 1, .ok = true};

	lex->nstrings = 0;
	scan_encoding(&s, text);
	while (*s.p != '\0' && s.depth <= DEPTH_MAX) {
		if (*s.p == '\n')
			s.line++;
		if (isspace((unsigned char)*s.p))
			s.p++;
		else if (!scan_comment(&s))
			scan_token(&s);
	}
	free(s.keys);
	return s.ok;
}

void
conf_lex_clear(struct conf_lex *lex)
{
	free(lex->string_lines);
	lex->string_lines = NULL;
	lex->nstrings = lex->room = 0;
}
