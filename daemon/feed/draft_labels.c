/* SPDX-License-Identifier: Apache-2.0 */
/* draft_labels: what stands beside title and bodies; see draft.h. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/draft.h"

#define LABELS_MAX 64
#define LABEL_BYTES ((size_t)16 << 10) /* of all labels, and of all tags */
/* Bytes that are looked through for the labels of an item, and of its texts how often:
 * more than posts need. */
#define LOOK_SMALL ((size_t)1 << 20)
#define LOOK_TIMES 32

void
draft_labels_add(struct draft *d, struct draft_labels *to, char *t)
{
	size_t n = strlen(t);

	for (size_t i = 0; i < to->n && n > 0; i++)
		if (strcmp(to->v[i], t) == 0)
			n = 0;
	if (n == 0) {
		free(t);
		return;
	}
	if (to->n == LABELS_MAX || to->bytes + n > LABEL_BYTES) {
		d->it.flags |= ITEM_TRUNCATED;
		free(t);
		return;
	}
	if ((to->n & (to->n - 1)) == 0) /* at 0 and at powers of two */
		to->v = xrealloc(to->v, (to->n > 0 ? to->n * 2 : 1) * sizeof(*to->v));
	to->v[to->n++] = t;
	to->bytes += n;
}

void
draft_label(struct draft *d, const char *s, size_t n, enum draft_form form,
    const char *base, bool tag)
{
	draft_labels_add(d, tag ? &d->tags : &d->labels,
	    draft_plain(d, s, n, form, base, LABEL_BYTES));
}

void
draft_labels_free(struct draft_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
draft_paragraph(struct buf *b, const char *s)
{
	if (s == NULL || s[0] == '\0')
		return;
	if (b->len > 0)
		buf_puts(b, "\n\n");
	buf_puts(b, s);
}

static size_t
length(const char *s)
{
	return s != NULL ? strlen(s) : 0;
}

static bool
has(const char *text, const char *s)
{
	return text != NULL && text_find(text, strlen(text), s, strlen(s)) != NULL;
}

/* Unless it is there.  *room: bytes of the item that may be looked through for all of
 * them; what comes after is put without a look, so that nothing is left out. */
static void
put_label(const struct draft *d, struct buf *rest, const char *s, size_t *room)
{
	size_t look = length(d->it.text) + length(d->it.title) + rest->len;

	if (s == NULL || s[0] == '\0')
		return;
	*room = look < *room ? *room - look : 0;
	if (*room == 0 ||
	    (!has(d->it.text, s) && !has(d->it.title, s) && !has(rest->data, s)))
		draft_paragraph(rest, s);
}

void
draft_labels_put(struct draft *d, struct buf *rest)
{
	size_t all = length(d->it.text) + length(d->it.title) + rest->len;
	size_t room = LOOK_SMALL + LOOK_TIMES * all;

	for (size_t i = 0; i < d->labels.n; i++)
		put_label(d, rest, d->labels.v[i], &room);
	for (size_t i = 0; i < d->it.nmedia; i++)
		put_label(d, rest, d->it.media[i].text, &room);
	if (d->tags.n > 1)
		qsort(d->tags.v, d->tags.n, sizeof(*d->tags.v), by_text);
	for (size_t i = 0; i < d->tags.n; i++)
		put_label(d, rest, d->tags.v[i], &room);
	draft_labels_free(&d->labels);
	draft_labels_free(&d->tags);
}
