/* SPDX-License-Identifier: Apache-2.0 */
/* draft_labels: what stands beside title and bodies; see draft.h. */
#include <stdlib.h>
#include <string.h>

#include "feed/draft.h"

#define LABELS_MAX 64
#define LABEL_BYTES ((size_t)16 << 10) /* of all labels, and of all tags */

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

/* Unless it is there. */
static void
put_label(const struct draft *d, struct buf *rest, const char *s)
{
	if (s != NULL && s[0] != '\0' &&
	    (d->it.text == NULL || strstr(d->it.text, s) == NULL) &&
	    (d->it.title == NULL || strstr(d->it.title, s) == NULL) &&
	    (rest->len == 0 || strstr(rest->data, s) == NULL))
		draft_paragraph(rest, s);
}

void
draft_labels_put(struct draft *d, struct buf *rest)
{
	for (size_t i = 0; i < d->labels.n; i++)
		put_label(d, rest, d->labels.v[i]);
	for (size_t i = 0; i < d->it.nmedia; i++)
		put_label(d, rest, d->it.media[i].text);
	if (d->tags.n > 1)
		qsort(d->tags.v, d->tags.n, sizeof(*d->tags.v), by_text);
	for (size_t i = 0; i < d->tags.n; i++)
		put_label(d, rest, d->tags.v[i]);
	draft_labels_free(&d->labels);
	draft_labels_free(&d->tags);
}
