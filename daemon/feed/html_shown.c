/* SPDX-License-Identifier: Apache-2.0 */
/* html_shown: the stack of open elements; see html_shown.h. */
#include "feed/html_shown.h"

#include <string.h>
#include <strings.h>

/* Without case: end tags and XHTML come in any. */
static uint32_t
hash(const char *p, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)(p[i] | 32)) * 16777619u;
	return h;
}

static bool
is_one_of(const struct markup_str *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name->n > 0 && names[i][0] == (name->p[0] | 32) &&
		    strlen(names[i]) == name->n &&
		    strncasecmp(names[i], name->p, name->n) == 0)
			return true;
	return false;
}
#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof(names) / sizeof(names[0]))

bool
html_shown_void(const struct markup_str *name)
{
	static const char *const names[] = {"br", "img", "hr", "wbr", "input", "source",
	    "col", "area", "base", "link", "meta", "embed", "param", "track", "frame"};

	return IS_ONE_OF(name, names);
}

static uint16_t *
count(struct html_shown *s, uint32_t name)
{
	return &s->count[name % HTML_SHOWN_NAMES];
}

static void
pop(struct html_shown *s)
{
	--*count(s, s->v[--s->n].name);
}

/* The innermost of that name and all in it; not beyond the innermost of `within' (0:
 * any).  What is passed goes, so that all ends together cost as much as all elements.
 * The covers of the one that it was. */
static uint8_t
end(struct html_shown *s, uint32_t name, const uint32_t *within, size_t nwithin)
{
	size_t i = s->n;
	bool wall = false;
	uint8_t covers = 0;

	if (*count(s, name) == 0 || s->passed > HTML_SHOWN_PASSED)
		return 0;
	for (; i > 0 && s->v[i - 1].name != name && !wall; i--)
		for (size_t k = 0; k < nwithin; k++)
			wall = wall || s->v[i - 1].name == within[k];
	if (i == 0 || wall)
		s->passed += s->n - i;
	for (; i > 0 && !wall && s->n >= i; pop(s))
		covers = s->v[s->n - 1].covers;
	return covers;
}

/* Tables stay in a paragraph in some modes; it is the other way in most. */
static void
end_paragraph(struct html_shown *s, const struct markup_str *name)
{
	static const char *const inner[] = {
	    "br", "tr", "option", "optgroup", "caption", "legend", "frame"};
	static const char *const walls[] = {"button", "td", "th", "object"};
	uint32_t within[4];

	if (IS_ONE_OF(name, inner))
		return;
	for (size_t i = 0; i < 4; i++)
		within[i] = hash(walls[i], strlen(walls[i]));
	end(s, hash("p", 1), within, 4);
}

void
html_shown_imply(struct html_shown *s, const struct markup_str *name, enum html_tag tag)
{
	static const struct {
		const char *names[3], *within[3];
	} rows[] = {
	    {{"li"}, {"ul", "ol", "menu"}},
	    {{"dt", "dd"}, {"dl"}},
	    {{"td", "th"}, {"table"}},
	    {{"tr"}, {"table"}},
	    {{"option", "optgroup"}, {"select"}},
	};

	if ((tag == HTML_TAG_BLOCK || tag == HTML_TAG_PARA || tag == HTML_TAG_PRE) &&
	    *count(s, hash("p", 1)) > 0)
		end_paragraph(s, name);
	if (name->n != 2 && name->n != 6 && name->n != 8)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t within[3];
		size_t n = 0;

		if (!is_one_of(name, rows[i].names, 1 + (rows[i].names[1] != NULL)))
			continue;
		for (; n < 3 && rows[i].within[n] != NULL; n++)
			within[n] = hash(rows[i].within[n], strlen(rows[i].within[n]));
		for (size_t k = 0; k < 3 && rows[i].names[k] != NULL; k++)
			end(s, hash(rows[i].names[k], strlen(rows[i].names[k])), within,
			    n);
	}
}

void
html_shown_open(
    struct html_shown *s, const struct markup_str *name, const struct html_style *st)
{
	uint8_t covers = html_shown_covers(s);

	if (s->n == HTML_SHOWN_DEPTH)
		return;
	/* Whose letters have no size, or are not visible, may hold others. */
	covers &= (uint8_t) ~(st->shows & HTML_COVER_UNDONE);
	covers |= st->covers;
	s->v[s->n].name = hash(name->p, name->n);
	s->v[s->n].covers = covers;
	++*count(s, s->v[s->n++].name);
}

bool
html_shown_foreign(const struct html_shown *s)
{
	return s->count[hash("svg", 3) % HTML_SHOWN_NAMES] > 0 ||
	       s->count[hash("math", 4) % HTML_SHOWN_NAMES] > 0;
}

uint8_t
html_shown_close(struct html_shown *s, const struct markup_str *name)
{
	return end(s, hash(name->p, name->n), NULL, 0);
}
