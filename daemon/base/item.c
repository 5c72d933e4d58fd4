/* SPDX-License-Identifier: Apache-2.0 */
/* item: the record of a post, its digest and its wire form; see item.h. */
#include "base/item.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* The string fields, in wire order: one table for free, copy, put and get. */
static const size_t strings[] = {
    offsetof(struct item, id),
    offsetof(struct item, url),
    offsetof(struct item, title),
    offsetof(struct item, author),
    offsetof(struct item, text),
    offsetof(struct item, summary),
    offsetof(struct item, lang),
    offsetof(struct item, in_reply_to),
    offsetof(struct item, published_raw),
    offsetof(struct item, updated_raw),
};
#define NSTRINGS (sizeof(strings) / sizeof(strings[0]))

static char **
field(const struct item *it, size_t i)
{
	return (char **)((const char *)it + strings[i]);
}

void
item_init(struct item *it)
{
	memset(it, 0, sizeof(*it));
	it->published = CLOCK_NONE;
	it->updated = CLOCK_NONE;
}

void
item_clear(struct item *it)
{
	for (size_t i = 0; i < NSTRINGS; i++)
		free(*field(it, i));
	for (size_t i = 0; i < it->nlinks; i++)
		free(it->links[i]);
	free(it->links);
	for (size_t i = 0; i < it->nmedia; i++) {
		free(it->media[i].url);
		free(it->media[i].type);
		free(it->media[i].text);
		item_media_hash(&it->media[i], NULL, NULL, NULL, 0, NULL);
	}
	free(it->media);
	item_init(it);
}

void
item_clear_borrowed(struct item *it)
{
	free(it->links);
	free(it->media);
	item_init(it);
}

bool
item_is_nothing(const struct item *it)
{
	for (size_t i = 0; i < NSTRINGS; i++)
		if (*field(it, i) != NULL)
			return false;
	return it->nlinks == 0 && it->nmedia == 0 && it->flags == 0;
}

void
item_add_link(struct item *it, const char *url)
{
	if (url[0] == '\0')
		return;
	for (size_t i = 0; i < it->nlinks; i++)
		if (strcmp(it->links[i], url) == 0)
			return;
	it->links = xrealloc(it->links, (it->nlinks + 1) * sizeof(*it->links));
	it->links[it->nlinks++] = xstrdup(url);
}

static void
set_missing(char **to, const char *value)
{
	if (*to == NULL)
		*to = xstrdup(value);
}

static struct item_media *
push_media(struct item *it)
{
	it->media = xrealloc(it->media, (it->nmedia + 1) * sizeof(*it->media));
	it->media[it->nmedia] = (struct item_media){0};
	return &it->media[it->nmedia++];
}

void
item_add_media(struct item *it, const char *url, const char *type, const char *text)
{
	struct item_media *m = NULL;

	for (size_t i = 0; m == NULL && i < it->nmedia; i++)
		if (strcmp(it->media[i].url, url) == 0)
			m = &it->media[i];
	if (m == NULL)
		m = push_media(it);
	set_missing(&m->url, url);
	set_missing(&m->type, type);
	set_missing(&m->text, text);
}

void
item_media_hash(struct item_media *m, const char *sha256, const char *md5,
    const char *pdq, int32_t quality, const char *why)
{
	free(m->sha256);
	free(m->md5);
	free(m->pdq);
	free(m->why);
	m->sha256 = xstrdup(sha256);
	m->md5 = xstrdup(md5);
	m->pdq = xstrdup(pdq);
	m->why = xstrdup(why);
	m->quality = quality;
}

void
item_copy(struct item *to, const struct item *from)
{
	item_init(to);
	for (size_t i = 0; i < NSTRINGS; i++)
		*field(to, i) = xstrdup(*field(from, i));
	to->published = from->published;
	to->updated = from->updated;
	to->flags = from->flags;
	if (from->nlinks > 0)
		to->links = xcalloc(from->nlinks, sizeof(*to->links));
	for (; to->nlinks < from->nlinks; to->nlinks++)
		to->links[to->nlinks] = xstrdup(from->links[to->nlinks]);
	for (size_t i = 0; i < from->nmedia; i++) {
		const struct item_media *m = &from->media[i];
		struct item_media *copy = push_media(to);

		copy->url = xstrdup(m->url);
		copy->type = xstrdup(m->type);
		copy->text = xstrdup(m->text);
		item_media_hash(copy, m->sha256, m->md5, m->pdq, m->quality, m->why);
		copy->in_body = m->in_body;
	}
}

void
item_digest(const struct item *it, uint8_t out[DIGEST_LEN])
{
	struct buf b = {0};

	buf_put_str(&b, it->url);
	buf_put_str(&b, it->title);
	buf_put_str(&b, it->author);
	buf_put_str(&b, it->text);
	buf_put_str(&b, it->summary);
	for (size_t i = 0; i < it->nlinks; i++)
		buf_put_str(&b, it->links[i]);
	for (size_t i = 0; i < it->nmedia; i++) {
		if (it->media[i].in_body)
			continue;
		buf_put_str(&b, it->media[i].url);
		buf_put_str(&b, it->media[i].text);
	}
	digest_sha256(b.data, b.len, out);
	buf_free(&b);
}

static void
add_part(struct buf *b, const char *part)
{
	if (part == NULL || part[0] == '\0')
		return;
	if (b->len > 0)
		buf_puts(b, "\n\n");
	buf_puts(b, part);
}

static size_t
length(const char *s)
{
	return s != NULL ? strlen(s) : 0;
}

char *
item_body(const struct item *it)
{
	struct buf b = {0};

	/* In one piece where there is no more than these. */
	buf_reserve(&b, length(it->title) + length(it->text) + length(it->summary) + 4);
	add_part(&b, it->title);
	add_part(&b, it->text);
	if (it->text == NULL || it->summary == NULL ||
	    text_find(it->text, strlen(it->text), it->summary, strlen(it->summary)) ==
		NULL)
		add_part(&b, it->summary);
	for (size_t i = 0; i < it->nmedia; i++)
		add_part(&b, it->media[i].text);
	return buf_take(&b);
}

/* What is known of the bytes of media, and which were seen in a body, is written only
 * where there is any, so that the form of all other items is as it always was. */
static bool
has_in_body(const struct item *it)
{
	for (size_t i = 0; i < it->nmedia; i++)
		if (it->media[i].in_body)
			return true;
	return false;
}

static bool
has_hashes(const struct item *it)
{
	for (size_t i = 0; i < it->nmedia; i++)
		if (it->media[i].sha256 != NULL || it->media[i].why != NULL)
			return true;
	return false;
}

static void
put_hashes(struct buf *b, const struct item *it)
{
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];

		buf_put_str(b, m->sha256);
		buf_put_str(b, m->md5);
		buf_put_str(b, m->pdq);
		buf_put_u32(b, (uint32_t)m->quality);
		buf_put_str(b, m->why);
	}
}

static bool
is_hex(const char *s, size_t n)
{
	return s == NULL || (strlen(s) == n && strspn(s, "0123456789abcdef") == n);
}

static void
get_hashes(struct rd *r, struct item *it)
{
	for (size_t i = 0; !r->bad && i < it->nmedia; i++) {
		struct item_media *m = &it->media[i];

		m->sha256 = rd_str(r);
		m->md5 = rd_str(r);
		m->pdq = rd_str(r);
		m->quality = (int32_t)rd_u32(r);
		m->why = rd_str(r);
		if (!is_hex(m->sha256, 64) || !is_hex(m->md5, 32) ||
		    !is_hex(m->pdq, 64) || m->quality < 0 || m->quality > 100)
			r->bad = true;
	}
}

void
item_put(struct buf *b, const struct item *it)
{
	bool hashes = has_hashes(it), in_body = has_in_body(it);
	uint32_t flags = it->flags & ~(uint32_t)(ITEM_HASHES | ITEM_IN_BODY);

	for (size_t i = 0; i < NSTRINGS; i++)
		buf_put_str(b, *field(it, i));
	buf_put_i64(b, it->published);
	buf_put_i64(b, it->updated);
	buf_put_u32(
	    b, flags | (hashes ? ITEM_HASHES : 0) | (in_body ? ITEM_IN_BODY : 0));
	buf_put_u32(b, (uint32_t)it->nlinks);
	for (size_t i = 0; i < it->nlinks; i++)
		buf_put_str(b, it->links[i]);
	buf_put_u32(b, (uint32_t)it->nmedia);
	for (size_t i = 0; i < it->nmedia; i++) {
		buf_put_str(b, it->media[i].url);
		buf_put_str(b, it->media[i].type);
		buf_put_str(b, it->media[i].text);
	}
	for (size_t i = 0; in_body && i < it->nmedia; i++)
		buf_put_u8(b, it->media[i].in_body);
	if (hashes)
		put_hashes(b, it);
}

static size_t
str_size(const char *s)
{
	return 4 + length(s);
}

static size_t
hashes_size(const struct item_media *m)
{
	return str_size(m->sha256) + str_size(m->md5) + str_size(m->pdq) + 4 +
	       str_size(m->why);
}

size_t
item_wire_size(const struct item *it)
{
	bool hashes = has_hashes(it), in_body = has_in_body(it);
	size_t n = 8 + 8 + 4 + 4 + 4; /* times, flags, counts */

	for (size_t i = 0; i < NSTRINGS; i++)
		n += str_size(*field(it, i));
	for (size_t i = 0; i < it->nlinks; i++)
		n += str_size(it->links[i]);
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];

		n += str_size(m->url) + str_size(m->type) + str_size(m->text) +
		     (in_body ? 1 : 0) + (hashes ? hashes_size(m) : 0);
	}
	return n;
}

static void
get_media(struct rd *r, struct item *it)
{
	uint32_t n = rd_count(r, 12);

	if (n > 0)
		it->media = xcalloc(n, sizeof(*it->media));
	for (uint32_t i = 0; i < n; i++) {
		struct item_media *m = &it->media[it->nmedia++];

		m->url = rd_str(r);
		m->type = rd_str(r);
		m->text = rd_str(r);
		if (m->url == NULL)
			r->bad = true;
	}
}

static void
get_in_body(struct rd *r, struct item *it)
{
	for (size_t i = 0; !r->bad && i < it->nmedia; i++) {
		uint8_t v = rd_u8(r);

		it->media[i].in_body = v == 1;
		r->bad = r->bad || v > 1;
	}
	r->bad = r->bad || !has_in_body(it);
}

void
item_get(struct rd *r, struct item *it)
{
	uint32_t n;

	for (size_t i = 0; i < NSTRINGS; i++)
		*field(it, i) = rd_str(r);
	it->published = rd_i64(r);
	it->updated = rd_i64(r);
	it->flags = rd_u32(r);
	n = rd_count(r, 4);
	if (n > 0)
		it->links = xcalloc(n, sizeof(*it->links));
	for (uint32_t i = 0; i < n; i++) {
		char *s = rd_str(r);

		if (s == NULL) {
			r->bad = true;
			return;
		}
		/* To plugins an empty one is the end. */
		r->bad = r->bad || s[0] == '\0';
		it->links[it->nlinks++] = s;
	}
	get_media(r, it);
	if (it->flags & ITEM_IN_BODY)
		get_in_body(r, it);
	if (it->flags & ITEM_HASHES) {
		get_hashes(r, it);
		r->bad = r->bad || !has_hashes(it);
	}
	it->flags &= ~(uint32_t)(ITEM_HASHES | ITEM_IN_BODY);
}
