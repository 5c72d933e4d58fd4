/* SPDX-License-Identifier: Apache-2.0 */
/* lent: see lent.h. */
#include "policy/lent.h"

#include <stdlib.h>
#include <string.h>

static void
add(struct policy_lent *l, const void *at, size_t len)
{
	if (at == NULL || len == 0)
		return;
	if (l->n == l->room) {
		l->room = l->room > 0 ? l->room * 2 : 16;
		l->v = xrealloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->n++] = (struct policy_lent_part){(char *)(uintptr_t)at, len};
	buf_put(&l->copy, at, len);
}

/* With its end: plugins are told the length that strlen() finds. */
static void
add_text(struct policy_lent *l, const char *s)
{
	if (s != NULL)
		add(l, s, strlen(s) + 1);
}

static void
add_media(struct policy_lent *l, const struct item *it)
{
	add(l, it->media, it->nmedia * sizeof(*it->media));
	for (size_t i = 0; i < it->nmedia; i++) {
		const struct item_media *m = &it->media[i];
		const char *const texts[] = {
		    m->url, m->type, m->sha256, m->md5, m->pdq, m->why};

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			add_text(l, texts[k]);
	}
}

void
policy_lent_keep(
    struct policy_lent *l, struct tosd_item *item, const struct policy_ask *a)
{
	const struct item *it = item->it;

	l->n = 0;
	l->copy.len = 0;
	add(l, item, offsetof(struct tosd_item, author));
	add(l, it, sizeof(*it));
	add(l, item->text, item->len);
	add_text(l, it->url);
	add_text(l, it->lang);
	add_text(l, item->tenant);
	add(l, it->links, it->nlinks * sizeof(*it->links));
	for (size_t i = 0; i < it->nlinks; i++)
		add_text(l, it->links[i]);
	add_media(l, it);
	for (uint32_t i = 0; i < a->nanswers; i++)
		add(l, a->answers[i].body.data, a->answers[i].body.len);
	add(l, a->findings, a->n * sizeof(*a->findings));
	for (uint32_t i = 0; i < a->n; i++) {
		add_text(l, a->findings[i].rule);
		add_text(l, a->findings[i].category);
	}
}

bool
policy_lent_restore(const struct policy_lent *l)
{
	const char *copy = l->copy.data;
	bool changed = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct policy_lent_part *p = &l->v[i];

		if (memcmp(p->at, copy, p->len) != 0) {
			memcpy(p->at, copy, p->len);
			changed = true;
		}
		copy += p->len;
	}
	return changed;
}

void
policy_lent_free(struct policy_lent *l)
{
	free(l->v);
	buf_free(&l->copy);
	*l = (struct policy_lent){0};
}
