/* SPDX-License-Identifier: Apache-2.0 */
/* html: tokens to readable text; see html.h. */
#include "feed/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "feed/html_in.h"
#include "feed/lanes.h"

#define ALT_MAX ((size_t)64 << 10)
#define META_MAX ((size_t)16 << 10)
#define SRCDOC_DEPTH 3
#define AT_ONCE ((size_t)64 << 10) /* room for text that is made beforehand */

static void read_html(const char *html, size_t n, const struct feed_html_opt *opt,
    struct feed_html *out, unsigned depth);

static void
put_gap(struct buf *b, enum html_gap gap)
{
	static const char *const gaps[] = {"", " ", "\n", "\n\n"};

	if (b->len > 0 && gap != HTML_GAP_NONE)
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
room(const struct html_state *s)
{
	size_t max = s->opt->max_text;

	if (max == 0)
		return SIZE_MAX;
	return s->text.len > max ? 0 : max - s->text.len + 4;
}

/* Appends decoded text, white space collapsed. */
static void
put_text(struct html_state *s, const char *p, size_t n)
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
			s->gap = HTML_GAP_NONE;
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
			s->gap = s->gap < HTML_GAP_LINE ? HTML_GAP_LINE : HTML_GAP_PARA;
		else if (s->gap < HTML_GAP_SPACE &&
			 (*p == ' ' || (*p >= '\t' && *p <= '\r')))
			s->gap = HTML_GAP_SPACE;
		p++;
	}
}

/* Text up to the limit: what lies beyond is not looked at. */
static bool
room_left(struct html_state *s)
{
	size_t max = s->opt->max_text;

	if (max == 0 || s->text.len < max)
		return true;
	s->out->truncated = true;
	return false;
}

static void
on_text(struct html_state *s)
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

static bool
attr(struct html_state *s, const char *name)
{
	return html_value(s, markup_attr(&s->m, &s->t, name));
}

static const char *
base_of(const struct html_state *s)
{
	return s->base != NULL ? s->base : s->opt->base;
}

static void
put_note(struct html_state *s, char *text)
{
	text_trim(text);
	if (text[0] == '\0')
		return;
	if (s->alt.len > 0)
		buf_putc(&s->alt, '\n');
	if (!feed_plain_put(&s->alt, text, strlen(text), ALT_MAX))
		s->out->truncated = true;
}

static void
keep_note(struct html_state *s, const struct markup_str *v)
{
	if (v->n > 0 && html_value(s, v))
		put_note(s, s->decoded.data);
}

static int
unhex(char c)
{
	return c >= '0' && c <= '9'		    ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

/* mailto:somebody?subject=...&body=...: what readers are to write. */
static void
on_mail(struct html_state *s, const char *p)
{
	struct buf b = {0}, clean = {0};

	for (p = strchr(p, '?'); p != NULL; p = strchr(p, '&')) {
		size_t n = strncasecmp(++p, "subject=", 8) == 0 ? 8
			   : strncasecmp(p, "body=", 5) == 0	? 5
								: 0;

		if (n == 0)
			continue;
		buf_reset(&b);
		for (p += n; *p != '\0' && *p != '&'; p++) {
			int hi = *p == '%' ? unhex(p[1]) : -1,
			    lo = hi >= 0 ? unhex(p[2]) : -1;

			buf_putc(&b, lo >= 0 ? (char)(hi << 4 | lo) : *p);
			p += lo >= 0 ? 2 : 0;
		}
		if (b.len == 0)
			continue;
		buf_reset(&clean);
		text_repair(&clean, b.data, b.len);
		put_note(s, clean.data);
	}
	buf_free(&clean);
	buf_free(&b);
}

/* An address is a link; of the tags that show something it is kept which. */
static void
on_address(struct html_state *s, enum html_attr what, const struct markup_str *v)
{
	const char *ref, *url;
	size_t n;

	if (!html_value(s, v))
		return;
	ref = s->decoded.data;
	n = s->decoded.len;
	if (what == HTML_ATTR_HREF && n > 7 && strncasecmp(ref, "mailto:", 7) == 0) {
		on_mail(s, ref + 7);
		return;
	}
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
shows_value(const struct html_state *s)
{
	const struct markup_str *type = markup_attr(&s->m, &s->t, "type");

	return s->t.name.n == 5 && strncasecmp(s->t.name.p, "input", 5) == 0 &&
	       (type == NULL || type->p == NULL || type->n != 6 ||
		   strncasecmp(type->p, "hidden", 6) != 0);
}

/* A document in a frame: paragraphs of this one. */
static void
on_srcdoc(struct html_state *s, const struct markup_str *v)
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
	if (!html_value(s, v))
		return;
	read_html(s->decoded.data, s->decoded.len, &opt, &h, s->depth + 1);
	html_gap(s, HTML_GAP_PARA);
	s->pre++; /* its lines are lines */
	put_text(s, h.text, strlen(h.text));
	s->pre--;
	html_gap(s, HTML_GAP_PARA);
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
on_attr(struct html_state *s, const struct markup_attr *a)
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
on_meta(struct html_state *s)
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
		s->out->truncated |=
		    !feed_plain_put(&b, s->decoded.data, s->decoded.len, META_MAX);
		*to = text_trim(buf_take(&b));
		return;
	}
}

static void
on_head_element(struct html_state *s, enum html_tag tag)
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
on_media(struct html_state *s, enum html_tag tag, bool open)
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
break_at(struct html_state *s, enum html_tag tag, bool open)
{
	if (tag == HTML_TAG_PRE) {
		html_gap(s, HTML_GAP_LINE);
		s->pre += open ? 1 : s->pre > 0 ? -1 : 0;
	} else if (tag == HTML_TAG_PARA) {
		html_gap(s, HTML_GAP_PARA);
	} else if (tag == HTML_TAG_BLOCK) {
		html_gap(s, HTML_GAP_LINE);
	} else if (tag == HTML_TAG_CELL) {
		html_gap(s, HTML_GAP_SPACE);
	}
}

static void
on_open(struct html_state *s, enum html_tag tag)
{
	uint8_t covers;

	html_shown_imply(&s->shown, &s->t.name, tag);
	html_cover_look(s);
	html_cover_take(s, tag);
	covers = s->said.covers;
	/* What takes no room breaks nothing. */
	if ((covers & ~HTML_COVER_ROOM) == 0 || tag == HTML_TAG_PRE)
		break_at(s, tag, true);
	if (!html_shown_void(&s->t.name) && tag != HTML_TAG_DROP &&
	    (!s->t.empty || !html_shown_foreign(&s->shown))) {
		html_shown_open(&s->shown, &s->t.name, &s->said);
		html_cover_look(s);
	}
}

static void
on_close(struct html_state *s, enum html_tag tag)
{
	uint8_t covers = html_shown_close(&s->shown, &s->t.name);

	html_cover_look(s);
	if (s->hiding || (covers & ~HTML_COVER_ROOM) == 0 || tag == HTML_TAG_PRE)
		break_at(s, tag, false);
}

static void
on_tag(struct html_state *s, bool open)
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
	s->out->truncated |= s->t.skipped; /* they may show something */
	if (tag >= HTML_TAG_IMG && s->opt->media != NULL)
		on_media(s, tag, open);
}

/* Cuts at the limit between characters. */
static void
cut(struct html_state *s)
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
join(struct html_state *s)
{
	if (s->hiding)
		html_cover_turn(s);
	if (s->opt->max_text > 0 && s->other.text.len > 0 &&
	    s->text.len + strlen("\n\n") >= s->opt->max_text) {
		s->out->truncated = true;
	} else if (s->other.text.len > 0) {
		put_gap(&s->text, HTML_GAP_PARA);
		buf_put(&s->text, s->other.text.data, s->other.text.len);
	}
	buf_free(&s->other.text);
}

static void
close_state(struct html_state *s)
{
	struct buf b = {0};

	html_cover_end_label(s);
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
		s->out->truncated |= !feed_plain_put(
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
	struct html_state s;

	memset(out, 0, sizeof(*out));
	memset((char *)&s + sizeof(s.m), 0,
	    offsetof(struct html_state, shown) - sizeof(s.m));
	html_shown_init(&s.shown);
	s.opt = opt;
	s.out = out;
	s.depth = depth;
	s.links = opt->links != NULL ? opt->links : &out->links;
	if (opt->media != NULL)
		opt->media->in = HTML_TAG_UNKNOWN;
	html_cover_sheets(&s, html, n);
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
