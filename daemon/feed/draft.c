/* SPDX-License-Identifier: Apache-2.0 */
/* draft: from the constructs of an item to the item; see draft.h. */
#include "feed/draft.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/clock.h"
#include "base/text.h"

#define TITLE_MAX ((size_t)16 << 10)
#define SHORT_MAX ((size_t)2048) /* ids, authors, dates */
#define DOC_LINK_BYTES ((size_t)8 << 20)
#define LANG_MAX 64
#define AUTHOR_FOR_WANT 1 /* the rank of whom better than nobody */
#define MEDIA_MAX 64
#define LINK_COST ((size_t)48) /* of memory, beside its bytes */

void
draft_init(struct draft *d, struct feed_build *build)
{
	memset(d, 0, sizeof(*d));
	d->it.published = d->it.updated = CLOCK_NONE; /* as item_init() */
	d->build = build;
}

/* Bytes that feed_plain_put() leaves as they are. */
static bool
is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] < ' ' && s[i] != '\n' && s[i] != '\t')
			return false;
	return true;
}

/* The same, sixteen at a time where nothing is below a space. */
static bool
is_clean(const char *s, size_t n)
{
#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(' ' - 1);

	for (; n >= 16; s += 16, n -= 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)(const void *)s);

		if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(c, low), c)) != 0 &&
		    !is_plain(s, 16))
			return false;
	}
#endif
	return is_plain(s, n);
}

/* White space as text_trim() knows it. */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_blank(const char *s, size_t n)
{
	while (n > 0 && is_space(*s)) {
		s++;
		n--;
	}
	return n == 0;
}

/* A literal value, cleaned and trimmed.  cut: what the item is if that is not all of
 * it, ITEM_TRUNCATED where it is judged. */
static char *
literal(struct draft *d, const char *s, size_t n, size_t max, uint32_t cut)
{
	struct buf b = {0};

	for (; n > 0 && is_space(*s); s++)
		n--;
	while (n > 0 && is_space(s[n - 1]))
		n--;
	if (n <= max && is_clean(s, n))
		return xstrndup(s, n);
	buf_reserve(&b, n < max ? n : max);
	if (!feed_plain_put(&b, s, n, max) && d != NULL)
		d->it.flags |= cut;
	return text_trim(buf_take(&b));
}

static void
absorb(struct draft *d, struct feed_html *h)
{
	if (h->hidden)
		d->it.flags |= ITEM_HIDDEN_TEXT;
	if (h->truncated)
		d->it.flags |= ITEM_TRUNCATED;
	if (h->alt != NULL && d->alt.len < SHORT_MAX * 8) {
		if (d->alt.len > 0)
			buf_putc(&d->alt, '\n');
		buf_puts(&d->alt, h->alt);
	} else if (h->alt != NULL) {
		d->it.flags |= ITEM_TRUNCATED;
	}
}

char *
draft_plain(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, size_t max)
{
	struct feed_html_opt opt = {.base = base, .max_text = max};
	struct feed_html h;
	char *text;

	if (form == DRAFT_PLAIN || (form == DRAFT_GUESS && !feed_html_likely(s, n)))
		return literal(d, s, n, max, ITEM_TRUNCATED);
	if (d != NULL) {
		opt.links = &d->links;
		opt.media = d->build->lim->media ? &d->media : NULL;
	}
	feed_html_text(s, n, &opt, &h);
	if (d != NULL)
		absorb(d, &h);
	text = h.text;
	h.text = NULL;
	feed_html_clear(&h);
	return text;
}

char *
draft_lang(const char *s, size_t n)
{
	char *tag;

	if (n == 0 || n >= LANG_MAX)
		return NULL;
	tag = literal(NULL, s, n, LANG_MAX, 0);
	for (char *p = tag; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	return tag;
}

/* Shall a value of this rank replace the present one? */
static bool
better(int *have, int rank, bool last_wins)
{
	if (rank < *have || (rank == *have && !last_wins))
		return false;
	*have = rank;
	return true;
}

static void
replace(char **to, char *value)
{
	free(*to);
	*to = value;
}

void
draft_title(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, int rank)
{
	char *t = draft_plain(d, s, n, form, base, TITLE_MAX);

	if (rank <= d->title_rank) {
		draft_labels_add(d, &d->labels, t);
		return;
	}
	/* An empty title only counts while there is no other. */
	if (t[0] == '\0' && d->title_rank > 0) {
		free(t);
		return;
	}
	better(&d->title_rank, t[0] != '\0' ? rank : 0, true);
	if (d->it.title != NULL)
		draft_labels_add(d, &d->labels, d->it.title);
	d->it.title = t;
}

static bool
says(const struct draft *d, enum draft_body which)
{
	return d->bodies[which] != NULL && d->bodies[which][0] != '\0';
}

void
draft_body(struct draft *d, enum draft_body which, const char *s, size_t n,
    enum draft_form form, const char *base)
{
	size_t max = d->build->lim->max_text;
	char *t = draft_plain(d, s, n, form, base, max);

	if (!says(d, which)) {
		replace(&d->bodies[which], t);
		d->order[which] = ++d->nbodies;
		return;
	}
	/* A second body of the same kind is kept as well: it may be what readers
	 * elsewhere see. */
	if (t[0] != '\0' && strcmp(t, d->bodies[which]) != 0) {
		if (d->more.len > 0 && d->more.len < max)
			buf_puts(&d->more, "\n\n");
		if (!feed_plain_put(&d->more, t, strlen(t), max))
			d->it.flags |= ITEM_TRUNCATED;
	}
	free(t);
}

void
draft_url(struct draft *d, const char *base, const char *ref, size_t n, int rank)
{
	if (rank > d->url_rank)
		draft_url_last(d, base, ref, n, rank);
}

void
draft_url_last(struct draft *d, const char *base, const char *ref, size_t n, int rank)
{
	char *url;

	/* A blank one would be the address of the document itself. */
	if (rank < d->url_rank || is_blank(ref, n))
		return;
	url = feed_url_join(base, ref, n);
	if (!feed_url_is_web(url)) {
		free(url);
		return;
	}
	d->url_rank = rank;
	replace(&d->it.url, url);
}

static void
draft_short(struct draft *d, char **to, int *have, const char *s, size_t n, int rank)
{
	char *v;

	if (rank <= *have)
		return;
	v = literal(d, s, n, SHORT_MAX, ITEM_SHORTENED);
	if (v[0] == '\0') {
		free(v);
		return;
	}
	*have = rank;
	replace(to, v);
}

void
draft_id(struct draft *d, const char *s, size_t n, int rank)
{
	draft_short(d, &d->it.id, &d->id_rank, s, n, rank);
}

void
draft_author(struct draft *d, const char *s, size_t n, int rank)
{
	char *more, *both;

	if (rank != d->author_rank || rank <= AUTHOR_FOR_WANT) {
		draft_short(d, &d->it.author, &d->author_rank, s, n, rank);
		return;
	}
	more = literal(d, s, n, SHORT_MAX, ITEM_SHORTENED);
	if (more[0] != '\0' &&
	    text_find(d->it.author, strlen(d->it.author), more, strlen(more)) == NULL) {
		if (strlen(d->it.author) + strlen(more) < SHORT_MAX) {
			both = xasprintf("%s, %s", d->it.author, more);
			replace(&d->it.author, both);
		} else {
			d->it.flags |= ITEM_SHORTENED;
		}
	}
	free(more);
}

static void
draft_date(struct draft *d, char **raw, int64_t *at, int *have, const char *s, size_t n,
    int rank)
{
	char *v = literal(d, s, n, SHORT_MAX, ITEM_SHORTENED);
	int64_t t = feed_date(v);

	if (v[0] == '\0') {
		free(v);
		return;
	}
	if (t == CLOCK_NONE) {
		d->it.flags |= ITEM_DATE_UNREAD;
		if (*raw == NULL)
			*raw = v;
		else
			free(v);
		return;
	}
	if (!better(have, rank, true)) {
		free(v);
		return;
	}
	replace(raw, v);
	*at = t;
}

void
draft_published(struct draft *d, const char *s, size_t n, int rank)
{
	draft_date(
	    d, &d->it.published_raw, &d->it.published, &d->published_rank, s, n, rank);
}

void
draft_updated(struct draft *d, const char *s, size_t n, int rank)
{
	draft_date(d, &d->it.updated_raw, &d->it.updated, &d->updated_rank, s, n, rank);
}

void
draft_link(struct draft *d, const char *base, const char *ref, size_t n)
{
	feed_links_add(&d->links, base, ref, n);
}

void
draft_media(struct draft *d, const char *base, const char *ref, size_t n,
    const char *type, const char *text)
{
	char *url;

	if (is_blank(ref, n))
		return;
	url = feed_url_join(base, ref, n);
	if (!feed_url_is_web(url)) {
		free(url);
		return;
	}
	if (d->it.nmedia < MEDIA_MAX && (type == NULL || strlen(type) < SHORT_MAX))
		item_add_media(&d->it, url, type, text);
	else
		d->it.flags |= ITEM_TRUNCATED;
	free(url);
}

/* One that is there, if only as an empty one. */
static enum draft_body
any_body(const struct draft *d)
{
	enum draft_body b = DRAFT_CONTENT;

	while (b + 1 < DRAFT_NBODIES && d->bodies[b] == NULL)
		b++;
	return b;
}

/* What readers see first of two bodies: one that is at least twice as long, or else
 * the content; in Atom, where either may be the longer one, what comes later. */
static enum draft_body
front(const struct draft *d)
{
	enum draft_body a = DRAFT_CONTENT, b = DRAFT_SUMMARY;
	size_t la, lb;

	while (b + 1 < DRAFT_NBODIES && !says(d, b))
		b++;
	if (!says(d, a) && !says(d, b))
		return any_body(d);
	if (!says(d, a) || !says(d, b) || b != DRAFT_SUMMARY)
		return says(d, a) ? a : b;
	la = strlen(d->bodies[a]);
	lb = strlen(d->bodies[b]);
	if (la >= 2 * lb)
		return a;
	if (lb >= 2 * la)
		return b;
	return !d->later_wins || d->order[a] > d->order[b] ? a : b;
}

static void
set_bodies(struct draft *d)
{
	enum draft_body first = front(d);
	struct buf rest = {0};

	d->it.text = d->bodies[first];
	d->bodies[first] = NULL;
	for (int i = 0; i < DRAFT_NBODIES; i++) {
		if (d->bodies[i] != NULL && strcmp(d->bodies[i], d->it.text) != 0)
			draft_paragraph(&rest, d->bodies[i]);
		free(d->bodies[i]);
	}
	draft_paragraph(&rest, d->more.data);
	draft_paragraph(&rest, d->alt.data);
	draft_labels_put(d, &rest);
	if (rest.len > 0)
		d->it.summary = buf_take(&rest);
	buf_free(&rest);
	buf_free(&d->more);
	buf_free(&d->alt);
}

static void
drop_media(struct item *it)
{
	for (size_t i = 0; i < it->nmedia; i++) {
		free(it->media[i].url);
		free(it->media[i].type);
		free(it->media[i].text);
	}
	free(it->media);
	it->media = NULL;
	it->nmedia = 0;
}

/* Room for all links of a document is bounded: relative links under a long base
 * are longer than what was received. */
static void
set_links(struct draft *d)
{
	struct feed_build *b = d->build;
	size_t cost = d->links.bytes + d->links.n * LINK_COST;

	for (size_t i = 0; i < d->it.nmedia; i++) {
		const struct item_media *m = &d->it.media[i];

		cost += strlen(m->url) + LINK_COST * 2;
		cost += (m->type != NULL ? strlen(m->type) : 0) +
			(m->text != NULL ? strlen(m->text) : 0);
	}
	if (d->links.full)
		d->it.flags |= ITEM_TRUNCATED;
	if (b->link_bytes + cost > DOC_LINK_BYTES) {
		d->it.flags |= ITEM_TRUNCATED;
		b->doc->truncated = true;
		drop_media(&d->it);
		html_media_free(&d->media);
	} else {
		b->link_bytes += cost;
		d->it.links = d->links.v;
		d->it.nlinks = d->links.n;
		d->links.v = NULL;
		d->links.n = 0;
	}
	feed_links_free(&d->links);
}

/* A post that is nothing but its sound or film; "image" is a mere illustration. */
static void
set_media_url(struct item *it)
{
	for (size_t i = 0; it->url == NULL && i < it->nmedia; i++)
		if (it->media[i].type == NULL ||
		    strcmp(it->media[i].type, "image") != 0)
			it->url = xstrdup(it->media[i].url);
}

/* Beside the links, within the room for both. */
static void
add_body_media(struct draft *d)
{
	struct feed_build *b = d->build;
	size_t room = DOC_LINK_BYTES - b->link_bytes;

	if (!html_media_give(&d->media, &d->it, &room)) {
		d->it.flags |= ITEM_TRUNCATED;
		b->doc->truncated = true;
	}
	b->link_bytes = DOC_LINK_BYTES - room;
}

static void
make_id(struct item *it)
{
	uint8_t sum[DIGEST_LEN];
	char hex[DIGEST_HEX];

	if (it->id != NULL)
		return;
	it->flags |= ITEM_MADE_ID;
	if (it->url != NULL) {
		it->id = xstrdup(it->url);
		return;
	}
	item_digest(it, sum);
	it->id = xasprintf("sha256:%s", digest_hex(sum, DIGEST_LEN, hex));
}

void
draft_body_of_media(struct draft *d)
{
	for (int i = 0; i < DRAFT_NBODIES; i++)
		if (says(d, i))
			return;
	for (size_t i = 0; i < d->it.nmedia; i++)
		if (d->it.media[i].text != NULL) {
			replace(
			    &d->bodies[DRAFT_FALLBACK], xstrdup(d->it.media[i].text));
			return;
		}
}

void
draft_clear(struct draft *d)
{
	for (int i = 0; i < DRAFT_NBODIES; i++)
		free(d->bodies[i]);
	feed_links_free(&d->links);
	html_media_free(&d->media);
	buf_free(&d->more);
	buf_free(&d->alt);
	draft_labels_free(&d->labels);
	draft_labels_free(&d->tags);
	item_clear(&d->it);
	memset(d, 0, sizeof(*d));
}

void
draft_finish(struct draft *d)
{
	struct feed_build *b = d->build;
	struct feed_doc *doc = b->doc;

	set_bodies(d);
	set_links(d);
	set_media_url(&d->it);
	make_id(&d->it);
	add_body_media(d); /* they make neither address nor id */
	if (doc->nitems >= b->lim->max_items) {
		doc->truncated = doc->cut = b->full = true;
		item_clear(&d->it);
		return;
	}
	if (doc->nitems == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		doc->items = xrealloc(doc->items, b->cap * sizeof(*doc->items));
	}
	if (d->it.flags & (ITEM_TRUNCATED | ITEM_SHORTENED))
		doc->truncated = true;
	doc->items[doc->nitems++] = d->it;
	item_init(&d->it);
}
