/* SPDX-License-Identifier: Apache-2.0 */
/* feed_facts: counting; see feed_facts.h. */
#include "tosctl/feed_facts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Does the text end as excerpts do? */
static bool
looks_cut(const char *s)
{
	static const char *const ends[] = {"...", "\xe2\x80\xa6", "[...]",
	    "[\xe2\x80\xa6]", "read more", "continue reading", "more\xc2\xbb"};
	size_t n = s != NULL ? strlen(s) : 0;

	while (n > 0 && (unsigned char)s[n - 1] <= ' ')
		n--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t len = strlen(ends[i]);

		if (n > len && strncasecmp(s + n - len, ends[i], len) == 0)
			return true;
	}
	return false;
}

static void
count_ids(const struct feed_doc *d, struct feed_facts *f)
{
	const char **v = xcalloc(d->nitems + 1, sizeof(char *));
	size_t n = 0;

	for (size_t i = 0; i < d->nitems; i++)
		if ((d->items[i].flags & ITEM_MADE_ID) == 0)
			v[n++] = d->items[i].id;
	qsort(v, n, sizeof(char *), by_text);
	for (size_t i = 1; i < n; i++)
		f->repeated += strcmp(v[i], v[i - 1]) == 0;
	f->ids = n;
	free(v);
}

/* The window, and what it would be if a quarter of the items at their fastest stood
 * for all of them. */
static void
measure(struct feed_facts *f, int64_t *t, size_t n)
{
	size_t step = (n - 1) / 4 > 0 ? (n - 1) / 4 : 1;

	qsort(t, n, sizeof(*t), by_time);
	f->oldest = t[0];
	f->newest = t[n - 1];
	if (n < 2)
		return;
	f->window = t[n - 1] - t[0];
	f->burst = f->window;
	for (size_t i = 0; i + step < n; i++) {
		int64_t span = (t[i + step] - t[i]) * (int64_t)(n - 1) / (int64_t)step;

		if (span < f->burst)
			f->burst = span;
	}
	if (f->window > 0)
		f->per_day = (double)(n - 1) * (double)CLOCK_DAY / (double)f->window;
}

static void
count_item(const struct item *it, int64_t now, struct feed_facts *f)
{
	int64_t when = it->published != CLOCK_NONE ? it->published : it->updated;

	f->texts += it->text != NULL && it->text[0] != '\0';
	f->urls += it->url != NULL;
	f->authors += it->author != NULL;
	f->pointers += (it->flags & ITEM_POINTER) != 0;
	f->hidden += (it->flags & ITEM_HIDDEN_TEXT) != 0;
	f->unread_dates += (it->flags & ITEM_DATE_UNREAD) != 0;
	f->cut += looks_cut(it->text);
	f->dated += when != CLOCK_NONE;
	f->future += when != CLOCK_NONE && when > now + CLOCK_DAY;
}

void
feed_facts(const struct feed_doc *d, int64_t now, struct feed_facts *out)
{
	int64_t *times = xcalloc(d->nitems + 1, sizeof(*times));
	size_t *sizes = xcalloc(d->nitems + 1, sizeof(*sizes)), n = 0;

	*out = (struct feed_facts){
	    .items = d->nitems, .oldest = CLOCK_NONE, .newest = CLOCK_NONE};
	for (size_t i = 0; i < d->nitems; i++) {
		const struct item *it = &d->items[i];

		count_item(it, now, out);
		sizes[i] = it->text != NULL ? strlen(it->text) : 0;
		if (it->published != CLOCK_NONE || it->updated != CLOCK_NONE)
			times[n++] =
			    it->published != CLOCK_NONE ? it->published : it->updated;
	}
	count_ids(d, out);
	qsort(sizes, d->nitems, sizeof(*sizes), by_size);
	if (d->nitems > 0)
		out->median_text = sizes[d->nitems / 2];
	if (n > 0)
		measure(out, times, n);
	free(times);
	free(sizes);
}

static const char **
sorted_keys(const struct feed_doc *d)
{
	const char **v = xcalloc(d->nitems + 1, sizeof(char *));

	for (size_t i = 0; i < d->nitems; i++)
		v[i] = d->items[i].url != NULL ? d->items[i].url : d->items[i].id;
	qsort(v, d->nitems, sizeof(char *), by_text);
	return v;
}

bool
feed_facts_within(const struct feed_doc *a, const struct feed_doc *b)
{
	const char **x = sorted_keys(a), **y = sorted_keys(b);
	bool within = true;

	for (size_t i = 0, j = 0; i < a->nitems && within; i++) {
		while (j < b->nitems && strcmp(y[j], x[i]) < 0)
			j++;
		within = j < b->nitems && strcmp(y[j], x[i]) == 0;
	}
	free(x);
	free(y);
	return within;
}

size_t
feed_facts_text(const struct feed_doc *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nitems; i++)
		n += d->items[i].text != NULL ? strlen(d->items[i].text) : 0;
	return n;
}
