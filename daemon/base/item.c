/* SPDX-License-Identifier: Apache-2.0 */
/* item: the record of a post, its digest and its wire form; see item.h. */
#include "base/item.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

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
	item_init(it);
}

void
item_add_link(struct item *it, const char *url)
{
	for (size_t i = 0; i < it->nlinks; i++)
		if (strcmp(it->links[i], url) == 0)
			return;
	it->links = xrealloc(it->links, (it->nlinks + 1) * sizeof(*it->links));
	it->links[it->nlinks++] = xstrdup(url);
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
	for (size_t i = 0; i < from->nlinks; i++)
		item_add_link(to, from->links[i]);
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
	digest_sha256(b.data, b.len, out);
	buf_free(&b);
}

char *
item_body(const struct item *it)
{
	const char *parts[3] = {it->title, it->text, it->summary};
	struct buf b = {0};

	if (it->text != NULL && it->summary != NULL && strstr(it->text, it->summary))
		parts[2] = NULL;
	for (int i = 0; i < 3; i++) {
		if (parts[i] == NULL || parts[i][0] == '\0')
			continue;
		if (b.len > 0)
			buf_puts(&b, "\n\n");
		buf_puts(&b, parts[i]);
	}
	return buf_take(&b);
}

void
item_put(struct buf *b, const struct item *it)
{
	for (size_t i = 0; i < NSTRINGS; i++)
		buf_put_str(b, *field(it, i));
	buf_put_i64(b, it->published);
	buf_put_i64(b, it->updated);
	buf_put_u32(b, it->flags);
	buf_put_u32(b, (uint32_t)it->nlinks);
	for (size_t i = 0; i < it->nlinks; i++)
		buf_put_str(b, it->links[i]);
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
		it->links[it->nlinks++] = s;
	}
}
