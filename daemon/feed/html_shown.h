/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_shown: which elements are open, and so whether the text in hand is seen.  Elements
 * end as browsers end them: with their own end tag, with that of one around them, a
 * paragraph where a block begins, an entry of a list where the next one does.  Who could
 * make us take what is seen for what is hidden, or the other way, could part a word.
 */
#ifndef TOSD_FEED_HTML_SHOWN_H
#define TOSD_FEED_HTML_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/html_hidden.h"
#include "feed/html_names.h"
#include "feed/markup.h"

#define HTML_SHOWN_DEPTH 512 /* as browsers have it; what is deeper ends nothing */
#define HTML_SHOWN_NAMES 256
#define HTML_SHOWN_PASSED ((size_t)1 << 22) /* then nothing ends by itself any more */

struct html_shown {
	size_t n;
	size_t passed; /* elements that were looked at in vain */
	uint16_t count[HTML_SHOWN_NAMES]; /* open ones, by name */
	struct html_shown_open {
		uint32_t name;
		uint8_t covers; /* HTML_COVER_*: of all up to here */
	} v[HTML_SHOWN_DEPTH];
};

/* The array is written before it is read. */
static inline void
html_shown_init(struct html_shown *s)
{
	s->n = s->passed = 0;
	for (size_t i = 0; i < HTML_SHOWN_NAMES; i++)
		s->count[i] = 0;
}

static inline uint8_t
html_shown_covers(const struct html_shown *s)
{
	return s->n > 0 ? s->v[s->n - 1].covers : 0;
}

/* A tag opens what has content; st: what is said of it. */
void html_shown_open(
    struct html_shown *s, const struct markup_str *name, const struct html_style *st);
/* What ends before a tag opens, by itself. */
void html_shown_imply(
    struct html_shown *s, const struct markup_str *name, enum html_tag tag);
/* Returns the covers of what it ends, 0 if it ends nothing. */
uint8_t html_shown_close(struct html_shown *s, const struct markup_str *name);

/* In a picture or formula: there alone <a/> is an element without content. */
bool html_shown_foreign(const struct html_shown *s);
/* Elements without content. */
bool html_shown_void(const struct markup_str *name);

#endif
