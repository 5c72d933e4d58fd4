/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_page: whether a page shows a text.  White space and what a site puts around a
 * post differ, so pieces of the text are looked for, not the whole.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_cover.h"

/* Pieces that are looked for, and their length; one that is there is enough. */
#define PIECES 8
#define PIECE 32
#define PARAGRAPHS 16 /* that are looked for alone */
#define TELLING 8     /* a text below so many bytes tells nothing */

char *
engine_squeeze(const char *s, size_t n)
{
	char *out = xmalloc(n + 1);
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		bool space = strchr(" \t\r\n", s[i]) != NULL;

		if (!space)
			out[o++] = s[i];
		else if (o > 0 && out[o - 1] != ' ')
			out[o++] = ' ';
	}
	out[o] = '\0';
	return out;
}

static bool
shows(const char *all, const char *text, size_t len)
{
	char *want = engine_squeeze(text, len), piece[PIECE + 1];
	size_t n = strlen(want), step = n > PIECE ? (n - PIECE) / PIECES + 1 : 1;
	bool found = n <= PIECE && n >= TELLING && strstr(all, want) != NULL;

	for (size_t at = 0; !found && n > PIECE && at + PIECE <= n; at += step) {
		memcpy(piece, want + at, PIECE);
		piece[PIECE] = '\0';
		found = strstr(all, piece) != NULL;
	}
	free(want);
	return found;
}

bool
engine_page_shows(const struct item *page, const char *text)
{
	char *body = item_body(page), *all = engine_squeeze(body, strlen(body));
	bool found = shows(all, text, strlen(text));
	const char *end;

	/* What a post hides stands behind what it shows, and on a page behind all that
	 * the page shows: apart. */
	for (int i = 0; !found && text != NULL && i < PARAGRAPHS; i++) {
		end = strstr(text, "\n\n");
		found =
		    shows(all, text, end != NULL ? (size_t)(end - text) : strlen(text));
		text = end != NULL ? end + 2 : NULL;
	}
	free(body);
	free(all);
	return found;
}
