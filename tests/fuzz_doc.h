/*
 * What item.h and feed.h promise of everything that was read, for fuzzers: a broken
 * promise aborts.  Documents are cleared by check_doc().
 */
#ifndef TOSD_TESTS_FUZZ_DOC_H
#define TOSD_TESTS_FUZZ_DOC_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/feed.h"
#include "feed/url.h"

static inline void
check_text(const char *s)
{
	if (s == NULL)
		return;
	if (!text_valid(s, strlen(s)))
		abort();
	for (; *s != '\0'; s++)
		if ((uint8_t)*s < ' ' && *s != '\n' && *s != '\t')
			abort();
}

static inline void
check_item(const struct item *it)
{
	const char *const strings[] = {it->id, it->url, it->title, it->author, it->text,
	    it->summary, it->lang, it->in_reply_to, it->published_raw, it->updated_raw};

	if (it->id == NULL)
		abort();
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		check_text(strings[i]);
	for (size_t i = 0; i < it->nlinks; i++)
		check_text(it->links[i]);
	for (size_t i = 0; i < it->nmedia; i++) {
		if (!feed_url_is_web(it->media[i].url))
			abort();
		check_text(it->media[i].url);
		check_text(it->media[i].type);
		check_text(it->media[i].text);
	}
}

static inline void
check_doc(struct feed_doc *d)
{
	for (size_t i = 0; i < d->nitems; i++) {
		check_item(&d->items[i]);
		if (d->items[i].id[0] == '\0')
			abort();
	}
	for (size_t i = 0; i < d->ngone; i++) {
		if (d->gone[i][0] == '\0')
			abort();
		check_text(d->gone[i]);
	}
	for (size_t i = 0; i < d->nmore; i++)
		check_text(d->more[i]);
	check_text(d->title);
	check_text(d->link);
	check_text(d->lang);
	check_text(d->next_url);
	check_text(d->hub);
	check_text(d->self_url);
	check_text(d->problem);
	feed_doc_clear(d);
}

#endif
