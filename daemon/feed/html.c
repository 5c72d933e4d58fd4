/* SPDX-License-Identifier: Apache-2.0 */
/* html: tokens to readable text; see html.h. */
#include "feed/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/html_hidden.h"
#include "feed/html_names.h"
#include "feed/html_sheet.h"
#include "feed/html_shown.h"
#include "feed/lanes.h"
#include "feed/markup.h"

#define ALT_MAX ((size_t)64 << 10)
#define META_MAX ((size_t)16 << 10)
#define SRCDOC_DEPTH 3
#define AT_ONCE ((size_t)64 << 10) /* room for text that is made beforehand */

enum gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_PARA };

struct state {
	struct markup m;
	struct markup_token t;
	const struct feed_html_opt *opt;
	struct feed_html *out;
	struct feed_links *links;
	struct buf text, alt, decoded, title;
	char *base; /* of <base href>, else NULL */
	enum gap gap;
	struct { /* what the text in hand is not: what is seen, or what is hidden */
		struct buf text;
		enum gap gap;
	} other;
	bool hiding;   /* the text in hand is hidden */
	size_t spoken; /* bytes of hidden text before a label, plus 1; 0: none */
	unsigned pre, depth;
	bool in_title, seen_title, drop;
	struct html_style said; /* of the tag in hand */
	const char
	    *at[HTML_MEDIA_ATTRS]; /* of the tag in hand, where it shows something */
	struct html_sheet sheet;
	struct html_shown shown; /* the last one here */
};

static void read_html(const char *html, size_t n, const struct feed_html_opt *opt,
    struct feed_html *out, unsigned depth);

static void
put_gap(struct buf *b, enum gap gap)
{
	static const char *const gaps[] = {"", " ", "\n", "\n\n"};

	if (b->len > 0 && gap != GAP_NONE)
		buf_puts(b, gaps[gap]);
}

/* The end of the run of text at p that can be copied as it is: words with single
 * spaces between. */
static const char *
run_end(const char *p, const char *end)
{
	int n;

	while (end - p > LANES) {
		n = lanes_smooth(p);
		if (n < LANES)
			return p + n;
		p += LANES; /* a constant: the next look need not wait */
	}
	for (; p < end; p++)
		if ((uint8_t)*p < ' ' ||
		    (*p == ' ' && (p + 1 == end || (uint8_t)p[1] <= ' ')))
			break;
	return p;
}

/* How much text may follow; a few bytes more than fits, so that cut() sees it. */
static size_t
room(const struct state *s)
{
	size_t max = s->opt->max_text;

	if (max == 0)
		return SIZE_MAX;
	return s->text.len > max ? 0 : max - s->text.len + 4;
}

/* Appends decoded text, white space collapsed. */
static void
put_text(struct state *s, const char *p, size_t n)
{
	const char *end = p + n;
	struct buf *b = &s->text;
	size_t left = room(s);

	buf_reserve(b, (n < left ? n : left) + 2);
	while (p < end) {
		const char *run = p;

		if ((uint8_t)*p > ' ') {
			p = run_end(p + 1, end);
			put_gap(b, s->gap);
			s->gap = GAP_NONE;
			left = room(s);
			if ((size_t)(p - run) >= left) {
				buf_put(b, run, left);
				break;
			}
			buf_put(b, run, p - run);
		}
		if (p >= end)
			break;
		if (s->pre > 0 && *p == '\n')
			s->gap = s->gap < GAP_LINE ? GAP_LINE : GAP_PARA;
		else if (s->gap < GAP_SPACE &&
			 (*p == ' ' || (*p >= '\t' && *p <= '\r')))
			s->gap = GAP_SPACE;
		p++;
	}
}

static void
raise_gap(struct state *s, enum gap gap)
{
	if (s->gap < gap)
		s->gap = gap;
}

/* Text up to the limit: what lies beyond is not looked at. */
static bool
room_left(struct state *s)
{
	size_t max = s->opt->max_text;

	if (max == 0 || s->text.len < max)
		return true;
	s->out->truncated = true;
	return false;
}

static void
on_text(struct state *s)
{
	const char *p = s->t.text.p;
	size_t n = s->t.text.n;

	if (n == 0)
		return;
	/* Raw text comes as CDATA; a script without end is text like any other. */
	if (s->drop && s->t.kind == MARKUP_CDATA)
		return;
	if (s->t.kind == MARKUP_TEXT && memchr(p, '&', n) != NULL) {
		buf_reset(&s->decoded);
		markup_decode(&s->m, &s->decoded, p, n);
		p = s->decoded.data;
		n = s->decoded.len;
	}
	if (s->in_title)
		buf_put(&s->title, p, n);
	else if (room_left(s))
		put_text(s, p, n);
}

/* The value of an attribute, decoded, in s->decoded; false if it has none. */
static bool
value(struct state *s, const struct markup_str *v)
{
	buf_reset(&s->decoded);
	if (v == NULL || v->p == NULL)
		return false;
	buf_reserve(&s->decoded, 0);
	markup_decode(&s->m, &s->decoded, v->p, v->n);
	return true;
}

static bool
attr(struct state *s, const char *name)
{
	return value(s, markup_attr(&s->m, &s->t, name));
}

static const char *
base_of(const struct state *s)
{
	return s->base != NULL ? s->base : s->opt->base;
}

static void
keep_note(struct state *s, const struct markup_str *v)
{
	if (v->n == 0 || !value(s, v))
		return;
	text_trim(s->decoded.data);
	if (s->decoded.data[0] == '\0')
		return;
	if (s->alt.len > 0)
		buf_putc(&s->alt, '\n');
	if (!feed_plain_put(&s->alt, s->decoded.data, strlen(s->decoded.data), ALT_MAX))
		s->out->truncated = true;
}

/* --- what is seen, and what is hidden --- */

static void
take_class(struct state *s, const struct markup_str *v)
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

/* All that is said of the tag in hand: its style comes last and wins. */
static void
take_covers(struct state *s, enum html_tag tag)
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
	if (style != NULL && value(s, style))
		html_style_read(s->decoded.data, s->decoded.len, block, &s->said);
	s->out->hidden |= s->said.tried;
}

/* A label ends: was it more than that? */
static void
end_spoken(struct state *s)
{
	const struct buf *b = s->hiding ? &s->text : &s->other.text;

	if (s->spoken > 0 && b->len - (s->spoken - 1) > HTML_SPOKEN_MAX)
		s->out->hidden = true;
	s->spoken = 0;
}

/* The text in hand and the other one change places. */
static void
turn(struct state *s)
{
	struct buf text = s->text;
	enum gap gap = s->gap;

	s->text = s->other.text;
	s->gap = s->other.gap;
	s->other.text = text;
	s->other.gap = gap;
	s->hiding = !s->hiding;
	if (s->hiding)
		raise_gap(s, GAP_PARA);
}

/* After a tag: is what follows seen?  What takes room parts what is around it. */
static void
look(struct state *s)
{
	uint8_t covers = html_shown_covers(&s->shown);

	if ((covers & HTML_COVER_SPOKEN) == 0 && s->spoken > 0)
		end_spoken(s);
	if (s->hiding != (covers != 0)) {
		if (!s->hiding && (covers & HTML_COVER_ROOM) == covers)
			raise_gap(s, GAP_SPACE);
		turn(s);
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

/* The sheets of a fragment, wherever they stand.  Whole pages hide menus and the like:
 * there it tells nothing. */
static void
read_sheets(struct state *s, const char *html, size_t n)
{
	bool style = false;

	if (s->opt->page || !has_style(html, n))
		return;
	markup_init(&s->m, MARKUP_HTML, html, n);
	while (markup_next(&s->m, &s->t)) {
		if (style && s->t.kind == MARKUP_CDATA)
			html_sheet_read(&s->sheet, s->t.text.p, s->t.text.n);
		style = s->t.kind == MARKUP_OPEN && s->t.name.n == 5 &&
			memcmp(s->t.name.p, "style", 5) == 0;
	}
	s->out->hidden |= s->sheet.tried;
}

/* An address is a link; of the tags that show something it is kept which. */
static void
on_address(struct state *s, enum html_attr what, const struct markup_str *v)
{
	const char *ref, *url;
	size_t n;

	if (!value(s, v))
		return;
	ref = s->decoded.data;
	n = s->decoded.len;
	if (what == HTML_ATTR_SRCSET)
		ref = html_srcset_first(ref, &n);
	url = feed_links_add(s->links, base_of(s), ref, n);
	/* A blank one is that of the document itself: a link, and no picture. */
	if (what >= HTML_ATTR_SRC && s->at[what - HTML_ATTR_SRC] == NULL &&
	    strspn(ref, HTML_BLANKS) < n)
		s->at[what - HTML_ATTR_SRC] = url;
}

/* A field that can be seen. */
static bool
shows_value(const struct state *s)
{
	const struct markup_str *type = markup_attr(&s->m, &s->t, "type");

	return s->t.name.n == 5 && strncasecmp(s->t.name.p, "input", 5) == 0 &&
	       (type == NULL || type->p == NULL || type->n != 6 ||
		   strncasecmp(type->p, "hidden", 6) != 0);
}

/* A document in a frame: paragraphs of this one. */
static void
on_srcdoc(struct state *s, const struct markup_str *v)
{
	struct feed_html_opt opt = {.base = base_of(s),
	    .max_text = s->opt->max_text,
	    .links = s->links,
	    .media = s->opt->media};
	struct feed_html h;

	if (s->depth + 1 >= SRCDOC_DEPTH) {
		s->out->truncated = true;
		return;
	}
	if (!value(s, v))
		return;
	read_html(s->decoded.data, s->decoded.len, &opt, &h, s->depth + 1);
	raise_gap(s, GAP_PARA);
	s->pre++; /* its lines are lines */
	put_text(s, h.text, strlen(h.text));
	s->pre--;
	raise_gap(s, GAP_PARA);
	s->out->hidden |= h.hidden;
	s->out->truncated |= h.truncated;
	if (h.alt != NULL) {
		if (s->alt.len > 0)
			buf_putc(&s->alt, '\n');
		s->out->truncated |=
		    !feed_plain_put(&s->alt, h.alt, strlen(h.alt), ALT_MAX);
	}
	feed_html_clear(&h);
}

static void
on_attr(struct state *s, const struct markup_attr *a)
{
	enum html_attr what = html_attr(a->name.p, a->name.n);

	switch (what) {
	case HTML_ATTR_LINK:
	case HTML_ATTR_SRC:
	case HTML_ATTR_DATA_SRC:
	case HTML_ATTR_HREF:
	case HTML_ATTR_POSTER:
	case HTML_ATTR_SRCSET:
		on_address(s, what, &a->value);
		break;
	case HTML_ATTR_NOTE:
		if (a->value.p != NULL)
			keep_note(s, &a->value);
		break;
	case HTML_ATTR_VALUE: /* what a form has in it already */
		if (a->value.p != NULL && shows_value(s))
			keep_note(s, &a->value);
		break;
	case HTML_ATTR_SRCDOC:
		if (a->value.p != NULL)
			on_srcdoc(s, &a->value);
		break;
	default:
		break;
	}
}

/* What a page says of itself. */
static void
on_meta(struct state *s)
{
	static const struct {
		const char *name;
		size_t field;
	} metas[] = {
	    {"author", offsetof(struct feed_html, author)},
	    {"article:author", offsetof(struct feed_html, author)},
	    {"description", offsetof(struct feed_html, description)},
	    {"og:description", offsetof(struct feed_html, description)},
	    {"article:published_time", offsetof(struct feed_html, date)},
	    {"og:title", offsetof(struct feed_html, title)},
	};
	char key[32];
	struct buf b = {0};

	if (!attr(s, "name") && !attr(s, "property"))
		return;
	strncpy(key, s->decoded.data, sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	for (size_t i = 0; i < sizeof(metas) / sizeof(metas[0]); i++) {
		char **to = (char **)((char *)s->out + metas[i].field);

		if (strcasecmp(key, metas[i].name) != 0 || *to != NULL)
			continue;
		if (!attr(s, "content"))
			return;
		feed_plain_put(&b, s->decoded.data, s->decoded.len, META_MAX);
		*to = text_trim(buf_take(&b));
		return;
	}
}

static void
on_head_element(struct state *s, enum html_tag tag)
{
	if (tag == HTML_TAG_TITLE && !s->seen_title) {
		s->in_title = s->seen_title = true;
	} else if (tag == HTML_TAG_META) {
		on_meta(s);
	} else if (tag == HTML_TAG_HTML && s->out->lang == NULL && attr(s, "lang")) {
		if (s->decoded.len < 64)
			s->out->lang = xstrdup(s->decoded.data);
	} else if (tag == HTML_TAG_BASE && s->base == NULL && attr(s, "href")) {
		s->base = feed_url_join(s->opt->base, s->decoded.data, s->decoded.len);
	} else if (tag == HTML_TAG_LINK && s->out->canonical == NULL &&
		   attr(s, "rel") && strcasecmp(s->decoded.data, "canonical") == 0 &&
		   attr(s, "href")) {
		s->out->canonical =
		    feed_url_join(base_of(s), s->decoded.data, s->decoded.len);
	}
}

static void
on_media(struct state *s, enum html_tag tag, bool open)
{
	struct html_media_found f = {
	    s->opt->media, &s->m, &s->t, base_of(s), s->links, s->at};

	if (open)
		html_media_open(&f, tag);
	else
		html_media_close(f.to, tag);
}

/* The break that a tag makes in the text around it. */
static void
break_at(struct state *s, enum html_tag tag, bool open)
{
	if (tag == HTML_TAG_PRE) {
		raise_gap(s, GAP_LINE);
		s->pre += open ? 1 : s->pre > 0 ? -1 : 0;
	} else if (tag == HTML_TAG_PARA) {
		raise_gap(s, GAP_PARA);
	} else if (tag == HTML_TAG_BLOCK) {
		raise_gap(s, GAP_LINE);
	} else if (tag == HTML_TAG_CELL) {
		raise_gap(s, GAP_SPACE);
	}
}

static void
on_open(struct state *s, enum html_tag tag)
{
	uint8_t covers;

	html_shown_imply(&s->shown, &s->t.name, tag);
	look(s);
	take_covers(s, tag);
	covers = s->said.covers;
	/* What takes no room breaks nothing. */
	if ((covers & ~HTML_COVER_ROOM) == 0 || tag == HTML_TAG_PRE)
		break_at(s, tag, true);
	if (!html_shown_void(&s->t.name) && !s->t.empty && tag != HTML_TAG_DROP) {
		html_shown_open(&s->shown, &s->t.name, &s->said);
		look(s);
	}
}

static void
on_close(struct state *s, enum html_tag tag)
{
	uint8_t covers = html_shown_close(&s->shown, &s->t.name);

	look(s);
	if (s->hiding || (covers & ~HTML_COVER_ROOM) == 0 || tag == HTML_TAG_PRE)
		break_at(s, tag, false);
}

static void
on_tag(struct state *s, bool open)
{
	enum html_tag tag = html_tag(s->t.name.p, s->t.name.n);

	if (open && s->opt->page)
		on_head_element(s, tag);
	/* The tokenizer gives the content of what is dropped as one token. */
	s->drop = tag == HTML_TAG_DROP && open && !s->t.empty;
	if (tag == HTML_TAG_TITLE && !open)
		s->in_title = false;
	if (open)
		on_open(s, tag);
	else
		on_close(s, tag);
	/* What browsers take for img; in XML the name says much else. */
	if (tag == HTML_TAG_UNKNOWN && s->t.name.n == 5 &&
	    memcmp(s->t.name.p, "image", 5) == 0)
		tag = HTML_TAG_IMG;
	if (tag >= HTML_TAG_IMG)
		memset(s->at, 0, sizeof(s->at));
	for (size_t i = 0; open && i < s->t.nattrs; i++)
		on_attr(s, &s->m.attrs[i]);
	if (tag >= HTML_TAG_IMG && s->opt->media != NULL)
		on_media(s, tag, open);
}

/* Cuts at the limit between characters. */
static void
cut(struct state *s)
{
	size_t max = s->opt->max_text;

	if (max == 0 || s->text.len <= max)
		return;
	while (max > 0 && ((uint8_t)s->text.data[max] & 0xc0) == 0x80)
		max--;
	s->text.len = max;
	s->text.data[max] = '\0';
	s->out->truncated = true;
}

/* What is hidden comes behind what is seen: neither is read as a part of the other. */
static void
join(struct state *s)
{
	if (s->hiding)
		turn(s);
	if (s->opt->max_text > 0 && s->other.text.len > 0 &&
	    s->text.len + strlen("\n\n") >= s->opt->max_text) {
		s->out->truncated = true;
	} else if (s->other.text.len > 0) {
		put_gap(&s->text, GAP_PARA);
		buf_put(&s->text, s->other.text.data, s->other.text.len);
	}
	buf_free(&s->other.text);
}

static void
close_state(struct state *s)
{
	struct buf b = {0};

	end_spoken(s);
	join(s);
	cut(s);
	if (!s->out->hidden && s->text.len > 0)
		s->out->hidden = html_text_broken(s->text.data, s->text.len);
	if (s->text.cap > 2 * s->text.len + 64)
		s->text.data = xrealloc(s->text.data, s->text.len + 1);
	s->out->text = buf_take(&s->text);
	if (s->alt.len > 0)
		s->out->alt = buf_take(&s->alt);
	if (s->seen_title) {
		feed_plain_put(
		    &b, s->title.data ? s->title.data : "", s->title.len, META_MAX);
		buf_reserve(&b, 0);
		free(s->out->title);
		s->out->title = text_trim(buf_take(&b));
	}
	if (s->links->full)
		s->out->truncated = true;
	buf_free(&s->alt);
	buf_free(&s->title);
	buf_free(&s->decoded);
	free(s->base);
}

static void
read_html(const char *html, size_t n, const struct feed_html_opt *opt,
    struct feed_html *out, unsigned depth)
{
	struct state s;

	memset(out, 0, sizeof(*out));
	memset(
	    (char *)&s + sizeof(s.m), 0, offsetof(struct state, shown) - sizeof(s.m));
	html_shown_init(&s.shown);
	s.opt = opt;
	s.out = out;
	s.depth = depth;
	s.links = opt->links != NULL ? opt->links : &out->links;
	if (opt->media != NULL)
		opt->media->in = HTML_TAG_UNKNOWN;
	read_sheets(&s, html, n);
	markup_init(&s.m, MARKUP_HTML, html, n);
	buf_reserve(&s.text, n < AT_ONCE ? n : AT_ONCE);
	while (markup_next(&s.m, &s.t)) {
		if (s.t.kind == MARKUP_OPEN || s.t.kind == MARKUP_CLOSE)
			on_tag(&s, s.t.kind == MARKUP_OPEN);
		else if (s.t.kind == MARKUP_TEXT || s.t.kind == MARKUP_CDATA)
			on_text(&s);
	}
	close_state(&s);
}

void
feed_html_text(
    const char *html, size_t n, const struct feed_html_opt *opt, struct feed_html *out)
{
	read_html(html, n, opt, out, 0);
}

void
feed_html_clear(struct feed_html *h)
{
	free(h->text);
	free(h->title);
	free(h->alt);
	free(h->lang);
	free(h->date);
	free(h->author);
	free(h->description);
	free(h->canonical);
	feed_links_free(&h->links);
	memset(h, 0, sizeof(*h));
}
