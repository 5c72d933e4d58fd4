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
#include "feed/lanes.h"
#include "feed/markup.h"

#define ALT_MAX ((size_t)64 << 10)
#define META_MAX ((size_t)16 << 10)
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
	unsigned pre;
	bool in_title, seen_title, drop, style;
	const char
	    *at[HTML_MEDIA_ATTRS]; /* of the tag in hand, where it shows something */
	struct { /* the outermost element for those who listen, while open */
		char name[16];
		unsigned depth; /* elements of its name */
		size_t at;	/* bytes of text before it */
	} spoken;
};

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
	if (s->drop && s->t.kind == MARKUP_CDATA) {
		/* Whole pages hide menus and the like: there it tells nothing. */
		if (s->style && !s->opt->page && !s->out->hidden)
			s->out->hidden = html_sheet_hides(p, n);
		return;
	}
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
	if (v->n == 0 || s->alt.len > ALT_MAX || !value(s, v))
		return;
	text_trim(s->decoded.data);
	if (s->decoded.data[0] == '\0')
		return;
	if (s->alt.len > 0)
		buf_putc(&s->alt, '\n');
	feed_plain_put(&s->alt, s->decoded.data, strlen(s->decoded.data), ALT_MAX);
}

/* --- text for those who listen --- */

static bool
is_spoken(const struct state *s)
{
	const struct markup_str *name = &s->t.name;

	return s->spoken.depth > 0 && strlen(s->spoken.name) == name->n &&
	       strncasecmp(s->spoken.name, name->p, name->n) == 0;
}

/* Elements without content, that people give classes. */
static bool
is_void(const struct markup_str *name)
{
	static const char *const names[] = {"br", "hr", "img", "input", "wbr"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == name->n &&
		    strncasecmp(names[i], name->p, name->n) == 0)
			return true;
	return false;
}

/* It ends: was it more than a label? */
static void
close_spoken(struct state *s)
{
	s->spoken.depth = 0;
	if (s->text.len - s->spoken.at > HTML_SPOKEN_MAX)
		s->out->hidden = true;
}

static void
on_class(struct state *s, const struct markup_str *v)
{
	enum html_class class =
	    v->p != NULL ? html_class_of(v->p, v->n) : HTML_CLASS_SHOWN;

	if (class == HTML_CLASS_HIDDEN) {
		s->out->hidden = true;
	} else if (class == HTML_CLASS_SPOKEN && s->spoken.depth == 0 && !s->t.empty &&
		   !is_void(&s->t.name) && s->t.name.n < sizeof(s->spoken.name)) {
		memcpy(s->spoken.name, s->t.name.p, s->t.name.n);
		s->spoken.name[s->t.name.n] = '\0';
		s->spoken.depth = 1;
		s->spoken.at = s->text.len;
	}
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
	case HTML_ATTR_STYLE:
		if (!s->out->hidden && value(s, &a->value))
			s->out->hidden =
			    html_style_hides(s->decoded.data, s->decoded.len);
		break;
	case HTML_ATTR_CLASS:
		on_class(s, &a->value);
		break;
	case HTML_ATTR_HIDDEN:
		s->out->hidden = true;
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

static void
on_tag(struct state *s, bool open)
{
	enum html_tag tag = html_tag(s->t.name.p, s->t.name.n);

	if (open && s->opt->page)
		on_head_element(s, tag);
	if (is_spoken(s) && !s->t.empty) {
		s->spoken.depth += open ? 1 : -1;
		if (s->spoken.depth == 0)
			close_spoken(s);
	}
	s->drop = false;
	switch (tag) {
	case HTML_TAG_DROP: /* the tokenizer gives its content as one token */
		s->drop = open && !s->t.empty;
		s->style = s->t.name.n == 5 && memcmp(s->t.name.p, "style", 5) == 0;
		break;
	case HTML_TAG_PRE:
		raise_gap(s, GAP_LINE);
		s->pre += open ? 1 : s->pre > 0 ? -1 : 0;
		break;
	case HTML_TAG_PARA:
		raise_gap(s, GAP_PARA);
		break;
	case HTML_TAG_BLOCK:
		raise_gap(s, GAP_LINE);
		break;
	case HTML_TAG_CELL:
		raise_gap(s, GAP_SPACE);
		break;
	case HTML_TAG_TITLE:
		if (!open)
			s->in_title = false;
		break;
	default:
		break;
	}
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

static void
close_state(struct state *s)
{
	struct buf b = {0};

	if (s->spoken.depth > 0)
		close_spoken(s);
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

void
feed_html_text(
    const char *html, size_t n, const struct feed_html_opt *opt, struct feed_html *out)
{
	struct state s;

	memset(out, 0, sizeof(*out));
	memset((char *)&s + sizeof(s.m), 0, sizeof(s) - sizeof(s.m));
	s.opt = opt;
	s.out = out;
	s.links = opt->links != NULL ? opt->links : &out->links;
	if (opt->media != NULL)
		opt->media->in = HTML_TAG_UNKNOWN;
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

bool
feed_html_likely(const char *s, size_t n)
{
	struct markup m;
	struct markup_token t;
	bool sign = false;

	if (n == 0 || (memchr(s, '<', n) == NULL && memchr(s, '&', n) == NULL))
		return false;
	markup_init(&m, MARKUP_HTML, s, n);
	while (markup_next(&m, &t)) {
		if (t.kind == MARKUP_OPEN || t.kind == MARKUP_CLOSE) {
			if (html_tag(t.name.p, t.name.n) == HTML_TAG_UNKNOWN)
				return false;
			sign =
			    sign || t.kind == MARKUP_CLOSE || t.empty || t.nattrs > 0;
		} else if (t.kind == MARKUP_TEXT && memchr(t.text.p, '&', t.text.n)) {
			struct buf b = {0};

			/* A reference that decodes to something else. */
			markup_decode(&m, &b, t.text.p, t.text.n);
			sign = sign || b.len != t.text.n;
			buf_free(&b);
		}
	}
	return sign;
}

bool
feed_plain_put(struct buf *b, const char *s, size_t n, size_t max)
{
	const char *end;
	bool whole = true;

	if (n == 0)
		return true;
	end = s + n;
	if (max > 0 && b->len + n > max) {
		size_t keep = b->len < max ? max - b->len : 0;

		while (keep > 0 && ((uint8_t)s[keep] & 0xc0) == 0x80)
			keep--;
		end = s + keep;
		whole = false;
	}
	while (s < end) {
		const char *run = s;

		while (end - s >= LANES && lanes_plain(s) == LANES)
			s += LANES;
		while (s < end && ((uint8_t)*s >= ' ' || *s == '\n' || *s == '\t'))
			s++;
		buf_put(b, run, s - run);
		if (s < end) {
			if (*s == '\r' && (s + 1 == end || s[1] != '\n'))
				buf_putc(b, '\n');
			s++;
		}
	}
	return whole;
}

char *
feed_plain_line(const char *s, size_t n, size_t max)
{
	struct buf b = {0};
	char *text;

	feed_plain_put(&b, s, n, max);
	buf_reserve(&b, 0);
	text = text_trim(buf_take(&b));
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	if (text[0] != '\0')
		return text;
	free(text);
	return NULL;
}
