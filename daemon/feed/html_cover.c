/* SPDX-License-Identifier: Apache-2.0 */
/* html_cover: what is seen of a text, and what is hidden; see html_in.h. */
#include <string.h>
#include <strings.h>

#include "feed/html_in.h"

bool
html_value(struct html_state *s, const struct markup_str *v)
{
	buf_reset(&s->decoded);
	if (v == NULL || v->p == NULL)
		return false;
	buf_reserve(&s->decoded, 0);
	markup_decode(&s->m, &s->decoded, v->p, v->n);
	return true;
}

static void
take_class(struct html_state *s, const struct markup_str *v)
{
	enum html_class class =
	    v->p != NULL ? html_class_of(v->p, v->n) : HTML_CLASS_SHOWN;

	if (class == HTML_CLASS_HIDDEN) {
		s->out->hidden = true;
		s->said.covers |= HTML_COVER_GONE;
	} else if (class == HTML_CLASS_SPOKEN) {
		s->said.covers |= HTML_COVER_SPOKEN;
	}
}

/* Its style comes last and wins. */
void
html_cover_take(struct html_state *s, enum html_tag tag)
{
	const struct markup_str *class = markup_attr(&s->m, &s->t, "class");
	const struct markup_str *style = markup_attr(&s->m, &s->t, "style");
	bool block = tag == HTML_TAG_BLOCK || tag == HTML_TAG_PARA ||
		     tag == HTML_TAG_PRE || tag == HTML_TAG_CELL;

	memset(&s->said, 0, sizeof(s->said));
	if (s->t.nattrs == 0 && s->sheet.n == 0)
		return;
	html_sheet_apply(&s->sheet, &s->t.name, class, markup_attr(&s->m, &s->t, "id"),
	    block, &s->said);
	if (class != NULL)
		take_class(s, class);
	if (markup_attr(&s->m, &s->t, "hidden") != NULL) {
		s->out->hidden = true;
		s->said.covers |= HTML_COVER_GONE;
	}
	if (style != NULL && html_value(s, style))
		html_style_read(s->decoded.data, s->decoded.len, block, &s->said);
	s->out->hidden |= s->said.tried;
}

void
html_cover_end_label(struct html_state *s)
{
	const struct buf *b = s->hiding ? &s->text : &s->other.text;

	if (s->spoken > 0 && b->len - (s->spoken - 1) > HTML_SPOKEN_MAX)
		s->out->hidden = true;
	s->spoken = 0;
}

void
html_cover_turn(struct html_state *s)
{
	struct buf text = s->text;
	enum html_gap gap = s->gap;

	s->text = s->other.text;
	s->gap = s->other.gap;
	s->other.text = text;
	s->other.gap = gap;
	s->hiding = !s->hiding;
	if (s->hiding)
		html_gap(s, HTML_GAP_PARA);
}

void
html_cover_look(struct html_state *s)
{
	uint8_t covers = html_shown_covers(&s->shown);

	if ((covers & HTML_COVER_SPOKEN) == 0 && s->spoken > 0)
		html_cover_end_label(s);
	if (s->hiding != (covers != 0)) {
		if (!s->hiding && (covers & HTML_COVER_ROOM) == covers)
			html_gap(s, HTML_GAP_SPACE);
		html_cover_turn(s);
	}
	if ((covers & HTML_COVER_SPOKEN) != 0 && s->spoken == 0)
		s->spoken = s->text.len + 1;
}

static bool
has_style(const char *html, size_t n)
{
	const char *end = html + n;

	for (const char *p = html; end - p > 7; p++) {
		p = memchr(p, '<', (size_t)(end - p));
		if (p == NULL || end - p <= 7)
			return false;
		if (strncasecmp(p + 1, "style", 5) == 0)
			return true;
	}
	return false;
}

/* Whole pages hide menus and the like: there it tells nothing. */
void
html_cover_sheets(struct html_state *s, const char *html, size_t n)
{
	bool style = false;

	if (!has_style(html, n))
		return;
	markup_init(&s->m, MARKUP_HTML, html, n);
	while (markup_next(&s->m, &s->t)) {
		if (style && s->t.kind == MARKUP_CDATA)
			html_sheet_read(&s->sheet, s->t.text.p, s->t.text.n);
		style = s->t.kind == MARKUP_OPEN && s->t.name.n == 5 &&
			memcmp(s->t.name.p, "style", 5) == 0;
	}
	s->out->hidden |= s->sheet.tried && !s->opt->page;
}
