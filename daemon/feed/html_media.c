/* SPDX-License-Identifier: Apache-2.0 */
/* html_media: which addresses of a body are media; see html_media.h. */
#include "feed/html_media.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TYPE_MAX 64
#define COST ((size_t)96) /* of memory, beside the bytes of an address */

/* The value of an attribute, decoded, in b; false if it is not there. */
static bool
value(const struct html_media_found *f, const char *name, struct buf *b)
{
	const struct markup_str *v = markup_attr(f->m, f->t, name);

	buf_reset(b);
	if (v == NULL || v->p == NULL)
		return false;
	buf_reserve(b, 0);
	markup_decode(f->m, b, v->p, v->n);
	return true;
}

const char *
html_srcset_first(const char *s, size_t *n)
{
	s += strspn(s, HTML_BLANKS ",");
	*n = strcspn(s, HTML_BLANKS);
	while (*n > 0 && s[*n - 1] == ',')
		--*n;
	return s;
}

/* --- the set --- */

static bool
is_there(struct html_media *to, const struct html_medium *m)
{
	for (size_t i = 0; i < to->n; i++) {
		struct html_medium *x = &to->v[i];

		/* Links are in their set once. */
		if (x->url == m->url || ((x->own != NULL || m->own != NULL) &&
					    strcmp(x->url, m->url) == 0)) {
			x->other = x->other && m->other;
			return true;
		}
	}
	return false;
}

/* Takes over what is m's own. */
static void
push(struct html_media *to, struct html_medium *m)
{
	bool there = is_there(to, m);

	if (there || to->n == HTML_MEDIA_MAX) {
		to->full = !there;
		free(m->own);
		free(m->stated);
		return;
	}
	if (to->v == NULL || (to->n >= 4 && (to->n & (to->n - 1)) == 0))
		to->v = xrealloc(to->v, (to->n < 4 ? 4 : to->n * 2) * sizeof(*to->v));
	to->v[to->n++] = *m;
}

/* The address of an attribute where no more links are kept; to be freed. */
static char *
join(const struct html_media_found *f, enum html_attr what)
{
	static const char *const names[HTML_MEDIA_ATTRS] = {
	    "src", "data-src", "href", "poster", "srcset"};
	struct buf b = {0};
	char *url = NULL;
	const char *ref;
	size_t n;

	if (value(f, names[what - HTML_ATTR_SRC], &b)) {
		ref = b.data;
		n = b.len;
		if (what == HTML_ATTR_SRCSET)
			ref = html_srcset_first(ref, &n);
		if (strspn(ref, HTML_BLANKS) < n)
			url = feed_url_join(f->base, ref, n);
	}
	buf_free(&b);
	if (feed_url_is_web(url))
		return url;
	free(url);
	return NULL;
}

/* True if there is such an address. */
static bool
add(const struct html_media_found *f, enum html_attr what, struct html_medium m)
{
	m.url = f->at[what - HTML_ATTR_SRC];
	if (m.url == NULL && f->links->full)
		m.url = m.own = join(f, what);
	if (m.url == NULL) {
		free(m.stated);
		return false;
	}
	push(f->to, &m);
	return true;
}

void
html_media_free(struct html_media *to)
{
	for (size_t i = 0; i < to->n; i++) {
		free(to->v[i].own);
		free(to->v[i].stated);
	}
	free(to->v);
	memset(to, 0, sizeof(*to));
}

bool
html_media_give(struct html_media *from, struct item *to, size_t *room)
{
	bool fits = true;

	for (size_t i = 0; fits && i < 2 * from->n; i++) {
		const struct html_medium *m = &from->v[i % from->n];
		size_t had = to->nmedia, cost = strlen(m->url) + COST;

		if (m->other != (i >= from->n) || had >= HTML_MEDIA_MAX)
			continue;
		fits = cost <= *room;
		if (fits)
			item_add_media(to, m->url, m->type, NULL);
		if (to->nmedia == had)
			continue;
		to->media[had].in_body = m->own == NULL;
		*room -= cost;
	}
	html_media_free(from);
	return fits;
}

/* --- pictures --- */

/* "1", "0", "1px", " 1 ": not more than a pixel. */
static bool
is_dot(const char *s)
{
	s += strspn(s, HTML_BLANKS);
	if (*s != '0' && *s != '1')
		return false;
	s++;
	return *s == '\0' || strchr(HTML_BLANKS, *s) != NULL ||
	       strncasecmp(s, "px", 2) == 0;
}

/* Said to be a single pixel, with no style that says otherwise. */
static bool
counts_visitors(const struct html_media_found *f)
{
	struct buf b = {0};
	bool dot =
	    value(f, "width", &b) && is_dot(b.data) && value(f, "height", &b) &&
	    is_dot(b.data) &&
	    (!value(f, "style", &b) || (strcasestr(b.data, "width") == NULL &&
					   strcasestr(b.data, "height") == NULL));

	buf_free(&b);
	return dot;
}

static void
add_picture(const struct html_media_found *f)
{
	const struct html_medium m = {.type = "image"};
	bool svg = f->t->name.n == 5; /* image: browsers show either form */
	bool have;

	if (counts_visitors(f))
		return;
	have = add(f, HTML_ATTR_SRC, m) || add(f, HTML_ATTR_DATA_SRC, m) ||
	       (svg && add(f, HTML_ATTR_HREF, m));
	add(f, HTML_ATTR_SRCSET, (struct html_medium){.type = "image", .other = have});
}

/* --- films and sounds --- */

/* The type as given, if it looks like one; to be freed. */
static char *
stated_type(const struct html_media_found *f)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789/+.-_";
	struct buf b = {0};
	char *type = NULL;

	if (value(f, "type", &b)) {
		size_t n = strspn(b.data, chars);

		if (n > 0 && n <= TYPE_MAX && (b.data[n] == '\0' || b.data[n] == ';'))
			type = xstrndup(b.data, n);
	}
	buf_free(&b);
	return type;
}

static const char *
word_of(enum html_tag tag)
{
	return tag == HTML_TAG_FILM ? "video" : tag == HTML_TAG_SOUND ? "audio" : NULL;
}

static void
add_source(const struct html_media_found *f)
{
	struct html_medium m = {.other = true, .stated = stated_type(f)};

	m.type = m.stated != NULL ? m.stated : word_of(f->to->in);
	add(f, HTML_ATTR_SRC, m);
	add(f, HTML_ATTR_SRCSET, (struct html_medium){.type = "image", .other = true});
}

void
html_media_open(const struct html_media_found *f, enum html_tag tag)
{
	if (f->to->full)
		return;
	if (tag == HTML_TAG_IMG) {
		add_picture(f);
	} else if (tag == HTML_TAG_SOURCE) {
		add_source(f);
	} else {
		add(f, HTML_ATTR_SRC, (struct html_medium){.type = word_of(tag)});
		if (tag == HTML_TAG_FILM)
			add(f, HTML_ATTR_POSTER, (struct html_medium){.type = "image"});
		f->to->in = tag;
	}
}

void
html_media_close(struct html_media *to, enum html_tag tag)
{
	if (tag == to->in)
		to->in = HTML_TAG_UNKNOWN;
}
