/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_values: where the captured text of RSS, Atom and CDF goes when its element
 * ends: into the document's record or into the item's draft.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "feed/charset.h"
#include "feed/xml_state.h"

static void
unbase64(struct xml_state *s)
{
	struct buf out = {0}, packed = {0};

	buf_reserve(&packed, s->buf.len);
	for (size_t i = 0; i < s->buf.len; i++)
		if ((uint8_t)s->buf.data[i] > ' ')
			packed.data[packed.len++] = s->buf.data[i];
	buf_reserve(&out, 0);
	/* A word such as "test" is base64 of nothing that could be read: it is text. */
	if (digest_unbase64(&out, packed.data, packed.len) &&
	    (s->opaque || text_valid(out.data, out.len))) {
		buf_reset(&s->buf);
		if (text_valid(out.data, out.len))
			buf_put(&s->buf, out.data, out.len);
	}
	buf_free(&out);
	buf_free(&packed);
}

/* What was captured, ready for HTML or as it is. */
static enum draft_form
construct(struct xml_state *s)
{
	struct buf plain = {0};

	switch (s->form) {
	case XML_BASE64:
	case XML_BASE64_TEXT:
		unbase64(s);
		return s->form == XML_BASE64 ? DRAFT_HTML : DRAFT_PLAIN;
	case XML_HTML:
		return DRAFT_HTML;
	case XML_INLINE:
		if (s->children || s->buf.len == 0)
			return DRAFT_HTML;
		/* No element inside: either plain, or escaped against the rules. */
		markup_decode(&s->m, &plain, s->buf.data, s->buf.len);
		buf_free(&s->buf);
		s->buf = plain;
		return DRAFT_GUESS;
	case XML_GUESS:
		return s->children ? DRAFT_HTML : DRAFT_GUESS;
	default:
		return s->children ? DRAFT_HTML : DRAFT_PLAIN;
	}
}

static int64_t
period_ms(const char *s)
{
	static const struct {
		const char *name;
		int64_t ms;
	} periods[] = {
	    {"hourly", CLOCK_HOUR},
	    {"daily", CLOCK_DAY},
	    {"weekly", 7 * CLOCK_DAY},
	    {"monthly", 30 * CLOCK_DAY},
	    {"yearly", 365 * CLOCK_DAY},
	};

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		if (strcasecmp(s, periods[i].name) == 0)
			return periods[i].ms;
	return 0;
}

/* 0 to 23; some write 24 for midnight. */
static void
skip_hour(struct feed_doc *doc, char *s)
{
	char *end;
	long h = strtol(text_trim(s), &end, 10);

	if (end != s && *end == '\0' && h >= 0 && h <= 24)
		doc->skip_hours |= 1u << (h % 24);
}

static void
skip_day(struct feed_doc *doc, char *s)
{
	static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday",
	    "thursday", "friday", "saturday"};

	text_trim(s);
	for (unsigned i = 0; i < 7; i++)
		if (strlen(s) >= 3 && strncasecmp(s, days[i], strlen(s)) == 0)
			doc->skip_days |= 1u << i;
}

static bool
in_skip(const struct xml_state *s)
{
	return s->depth > 1 && s->frames[s->depth - 2].el == EL_SKIP;
}

static void
feed_value(struct xml_state *s, enum feed_el el, const char *base)
{
	struct feed_doc *doc = s->build->doc;
	struct buf *b = &s->buf;
	enum draft_form form;
	long n;

	switch (el) {
	case EL_TITLE:
		form = construct(s);
		if (doc->title == NULL)
			doc->title =
			    draft_plain(NULL, b->data, b->len, form, base, 4096);
		break;
	case EL_LINK:
		xml_take_url(base, b->data, b->len, &doc->link);
		break;
	case EL_LOC:
		if (s->map == MAP_INDEX)
			xml_more(s, base);
		break;
	case EL_HOUR:
		if (in_skip(s))
			skip_hour(doc, b->data);
		break;
	case EL_DAY:
		if (in_skip(s))
			skip_day(doc, b->data);
		break;
	case EL_LANGUAGE:
		if (doc->lang == NULL)
			doc->lang = draft_lang(b->data, b->len);
		break;
	case EL_TTL:
		n = strtol(text_trim(b->data), NULL, 10);
		/* Years are no answer: the schedule caps, we only avoid overflow. */
		if (n > 0 && n < 10000000)
			doc->ttl_ms = n * CLOCK_MIN;
		break;
	case EL_PERIOD:
		s->period = period_ms(text_trim(b->data));
		break;
	case EL_FREQUENCY:
		n = strtol(text_trim(b->data), NULL, 10);
		s->frequency = n > 0 && n < 100000 ? (int)n : 1;
		break;
	default:
		break;
	}
}

/* "me@example.com (Name)", "Name (me@example.com)" and "Name <me@example.com>" of
 * RSS: the name.  An address alone stays. */
static void
rss_author(struct draft *d, char *s, int rank)
{
	char *open, *close, *at;

	text_trim(s);
	at = strchr(s, '@');
	open = strchr(s, '(');
	close = open != NULL ? strrchr(open, ')') : NULL;
	if (at != NULL && close != NULL && close > open + 1 && open > s) {
		if (at < open) {
			draft_author(d, open + 1, close - open - 1, rank);
			return;
		}
		if (at < close)
			*open = '\0';
	}
	open = strchr(s, '<');
	if (open != NULL && open > s && strchr(open, '@') != NULL)
		*open = '\0';
	draft_author(d, s, strlen(s), rank);
}

/* "Name (address)", either alone, or NULL. */
static char *
person_text(const struct xml_state *s)
{
	struct buf b = {0};

	if (s->name != NULL && s->name[0] != '\0')
		buf_puts(&b, s->name);
	if (s->email != NULL && s->email[0] != '\0')
		buf_printf(&b, b.len > 0 ? " (%s)" : "%s", s->email);
	return b.len > 0 ? buf_take(&b) : NULL;
}

static void
end_person(struct xml_state *s, int rank)
{
	char *who = person_text(s);

	if (s->item == 0 && s->author == NULL) {
		s->author = who;
		who = NULL;
	} else if (s->item > 0 && who != NULL) {
		draft_author(&s->draft, who, strlen(who), rank);
	} else if (s->item > 0 && s->name == NULL && s->email == NULL &&
		   s->capture_el == EL_AUTHOR && s->buf.len > 0) {
		rss_author(&s->draft, s->buf.data, rank);
	}
	free(who);
	free(s->name);
	free(s->email);
	s->name = s->email = NULL;
}

static void
person_value(struct xml_state *s, enum feed_el el)
{
	char **to = el == EL_NAME ? &s->name : &s->email;

	if (*to == NULL)
		*to =
		    draft_plain(NULL, s->buf.data, s->buf.len, DRAFT_PLAIN, NULL, 1024);
	buf_reset(&s->buf);
}

static void
item_id(
    struct xml_state *s, const struct buf *b, const char *base, int rank, bool whole)
{
	char *id;

	text_trim(b->data);
	if (whole || strchr(b->data, '/') == NULL ||
	    feed_url_has_scheme(b->data, strlen(b->data))) {
		draft_id(&s->draft, b->data, strlen(b->data), rank);
		return;
	}
	id = xml_id(base, b->data);
	draft_id(&s->draft, id, strlen(id), rank);
	free(id);
}

static void
guid(struct xml_state *s, struct buf *b, const char *base, int rank)
{
	item_id(s, b, base, rank, !s->permalink);
	if (s->permalink && (s->permalink_stated || feed_url_is_web(b->data)))
		draft_url(&s->draft, base, b->data, strlen(b->data), 2);
}

static void
item_text(struct xml_state *s, enum feed_el el, const char *base, int rank)
{
	struct draft *d = &s->draft;
	enum draft_form form = construct(s);
	const char *p = s->buf.data != NULL ? s->buf.data : "";
	size_t n = s->buf.len;

	if (el == EL_MEDIUM_NOTE || el == EL_MEDIUM_LOC || el == EL_THUMBNAIL_LOC)
		return; /* outside of its medium */
	if (el == EL_TITLE || el == EL_MEDIA_TITLE)
		draft_title(d, p, n, form, base, rank);
	else
		draft_body(d,
		    el == EL_CONTENT	   ? DRAFT_CONTENT
		    : el == EL_DESCRIPTION ? DRAFT_SUMMARY
		    : el == EL_HINT	   ? DRAFT_HINT
					   : DRAFT_FALLBACK,
		    p, n, form, base);
}

static void
item_date(struct draft *d, enum feed_el el, const struct buf *b, int rank)
{
	switch (el) {
	case EL_PUBLISHED:
	case EL_ISSUED:
	case EL_CREATED:
		draft_published(d, b->data, b->len, rank);
		break;
	case EL_DATE: /* of RSS 1.0: the one date that there is */
		draft_published(d, b->data, b->len, 1);
		draft_updated(d, b->data, b->len, rank);
		break;
	case EL_UPDATED:
	case EL_MODIFIED:
		draft_updated(d, b->data, b->len, rank);
		break;
	default:
		break;
	}
}

static void
item_value(struct xml_state *s, const struct xml_frame *f,
    const struct xml_element *how, const char *base)
{
	struct draft *d = &s->draft;
	struct buf *b = &s->buf;
	/* Elements of Atom in an item of RSS are second to its own. */
	int rank = how->rank * 2 + (f->ns == s->frames[s->item - 1].ns);

	switch (f->el) {
	case EL_LINK: /* of several the last one, as most readers have it */
		draft_url_last(d, base, b->data, b->len, rank);
		break;
	case EL_GUID:
		guid(s, b, base, rank);
		break;
	case EL_ID:
		item_id(s, b, base, rank, false);
		/* For want of a link: most ids of Atom are addresses. */
		draft_url(d, NULL, b->data, b->len, 1);
		break;
	case EL_IDENTIFIER:
		draft_id(d, b->data, b->len, rank);
		break;
	case EL_CREATOR:
	case EL_ITUNES_AUTHOR:
		rss_author(d, b->data, rank);
		break;
	case EL_LOC: /* of a sitemap; the page is what the entry is about */
		draft_url(d, base, b->data, b->len, rank);
		break;
	case EL_ORIGINAL:
		draft_url(d, base, b->data, b->len, 1);
		draft_link(d, base, b->data, b->len);
		break;
	case EL_LANGUAGE:
		free(d->it.lang);
		d->it.lang = draft_lang(b->data, b->len);
		break;
	case EL_PUBLISHED:
	case EL_ISSUED:
	case EL_CREATED:
	case EL_DATE:
	case EL_UPDATED:
	case EL_MODIFIED:
		item_date(d, f->el, b, rank);
		break;
	default:
		item_text(s, f->el, base, how->rank);
		break;
	}
}

/* What stands beside title and body, in a medium or not; false: it is none of this. */
static bool
label(struct xml_state *s, const struct xml_frame *f)
{
	const char *base = xml_base(s);
	enum draft_form form = DRAFT_GUESS;
	const char *hash;

	if (s->item == 0 || s->person > 0)
		return false;
	if (f->el == EL_COMMENTS) {
		/* The place on the page changes with the first comment, which is no
		 * change of the post. */
		hash = s->buf.len > 0 ? memchr(s->buf.data, '#', s->buf.len) : NULL;
		draft_link(&s->draft, base, s->buf.data,
		    hash != NULL ? (size_t)(hash - s->buf.data) : s->buf.len);
		return true;
	}
	if (f->el == EL_LABEL || (f->el == EL_TITLE && s->box > 0))
		form = construct(s);
	else if (f->el != EL_CATEGORY && f->el != EL_BOX)
		return false;
	draft_label(&s->draft, s->buf.data != NULL ? s->buf.data : "", s->buf.len, form,
	    base, f->el == EL_CATEGORY);
	return true;
}

static void
end_capture(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);
	const struct xml_element *how = xml_element_find(f->el);

	if (s->person > 0 && (f->el == EL_NAME || f->el == EL_EMAIL))
		person_value(s, f->el);
	else if (f->el != EL_AUTHOR && !label(s, f) && how != NULL) {
		if (s->item > 0 && s->medium.depth > 0)
			xml_medium_text(s, f->el, xml_base(s));
		else if (s->item > 0)
			item_value(s, f, how, xml_base(s));
		else
			feed_value(s, f->el, xml_base(s));
	}
	s->capture = 0;
	s->form = XML_PLAIN;
}

/* The author of an item's source is better than none. */
static int
person_rank(const struct xml_state *s, const struct xml_frame *f)
{
	if (s->box > 0)
		return 1;
	return xml_element_find(EL_AUTHOR)->rank * 2 +
	       (s->item > 0 && f->ns == s->frames[s->item - 1].ns);
}

void
xml_element_close(struct xml_state *s)
{
	const struct xml_frame *f = xml_top(s);

	if (s->depth == s->person) {
		end_person(s, person_rank(s, f));
		s->person = 0;
	} else if (s->person > 0 && f->el == EL_SIDE)
		buf_reset(&s->buf); /* an address, no name */
	if (s->depth == s->capture)
		end_capture(s);
	if (s->depth == s->medium.depth)
		xml_medium_close(s);
	if (s->depth == s->box)
		s->box = 0;
	if (s->depth == s->item) {
		if (s->m.faults > s->faults_before || s->text->wrong)
			s->draft.it.flags |= ITEM_REPAIRED;
		if (s->m.left_out > s->left_before)
			s->draft.it.flags |= ITEM_TRUNCATED;
		draft_body_of_media(&s->draft);
		draft_finish(&s->draft);
		s->item = 0;
	}
}
