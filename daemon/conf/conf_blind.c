/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_blind: the sources without tenants, for workers that must not know one.  What
 * was parsed leaves copies in memory that nobody can wipe, so the bytes do not get
 * there in the first place.  All else stays where it is, for the lines of messages.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*-"

static void
blank(char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n' && *from != '\r')
			*from = ' ';
}

/* Behind the comment that begins here; p itself where none does. */
static char *
comment_end(char *p)
{
	char *end;

	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] != '/' || p[1] != '*')
		return p;
	end = strstr(p + 2, "*/");
	return end != NULL ? end + 2 : p + strlen(p);
}

/* Behind the string whose quote is here. */
static char *
string_end(char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
		p += *p == '\\' && p[1] != '\0';
	return p + (*p == '"');
}

/* Comments go as well: they speak of tenants.  The text was parsed before, so brackets
 * and quotes are in pairs. */
static void
blind(char *text)
{
	bool tenants = false; /* the last word outside of all brackets */
	char *p = text, *from = NULL, *end;
	int depth = 0;

	while (*p != '\0') {
		if ((end = comment_end(p)) > p) {
			blank(p, end);
			p = end;
		} else if (*p == '"') {
			p = string_end(p);
		} else if (depth == 0 && strspn(p, WORD) > 0) {
			size_t n = strspn(p, WORD);

			tenants = n == 7 && memcmp(p, "tenants", n) == 0;
			p += n;
		} else if (strchr("({[", *p) != NULL) {
			p++;
			if (depth++ == 0 && tenants)
				from = p;
		} else {
			if (strchr(")}]", *p) != NULL && --depth == 0 && from != NULL) {
				blank(from, p);
				from = NULL;
			}
			p++;
		}
	}
	if (from != NULL)
		blank(from, p);
}

void
conf_sources_put_blind(struct buf *b, const struct conf_sources *s)
{
	char *text = xstrdup(s->v[0].text);

	/* The others hold nothing but tenants, and have their names. */
	blind(text);
	buf_put_u32(b, 1);
	buf_put_str(b, s->v[0].name);
	buf_put_str(b, text);
	free(text);
}
