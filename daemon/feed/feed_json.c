/* SPDX-License-Identifier: Apache-2.0 */
/* feed_json: which kind an element is, and how a damaged one is kept from hiding those
 * behind it; see feed_json.h. */
#include "feed/feed_json.h"

#include <stdlib.h>
#include <string.h>

#include "feed/charset.h"

/* The first that recognises an element reads it. */
static const struct feed_json_kind *const kinds[] = {&feed_json_jetstream,
    &feed_json_envelope, &feed_json_activity, &feed_json_status, &feed_json_post,
    &feed_json_topic, &feed_json_item};

void
feed_json_fields(struct feed_json *j, const struct json_value *v, struct json_fields *f)
{
	json_fields_of(v, f);
	if (f->doubled) {
		j->flags |= ITEM_DOUBLE_KEY;
		j->doubled = *v;
	}
}

/* An element that was cut out of damage is only believed if it is of the same kind as
 * the others: what is nested in them may look like an element. */
static bool
believed(const struct feed_json *j, const struct feed_json_kind *kind)
{
	return !(j->flags & ITEM_REPAIRED) || j->format == NULL ||
	       kind->format == j->format;
}

void
feed_json_element(
    struct feed_json *j, const struct json_fields *f, const struct json_value *object)
{
	if (j->map != NULL) {
		feed_json_map_element(j, object);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!kinds[i]->is(f))
			continue;
		if (!believed(j, kinds[i]))
			return;
		if (j->known++ == 0)
			j->format = kinds[i]->format;
		j->doubled = (struct json_value){0};
		if (f->doubled) {
			j->flags |= ITEM_DOUBLE_KEY;
			j->doubled = *object;
		}
		kinds[i]->read(j, f);
		return;
	}
	if (j->unknown == NULL && f->first.p != NULL)
		j->unknown = object->p;
}

/* --- damage --- */

static const char *
back_over_space(const char *p, const char *start)
{
	while (p > start && (uint8_t)p[-1] <= ' ')
		p--;
	return p;
}

static const char *
over_space(const char *p, const char *end)
{
	while (p < end && (uint8_t)*p <= ' ')
		p++;
	return p;
}

/* Where the next element begins behind `from', by the name of the first member that
 * the elements have: `, { "name" :'.  NULL if that is nowhere, which is remembered. */
static const char *
find_restart(struct feed_json *j, const char *from)
{
	const struct json_value *mark = &j->landmark;
	const char *p = from, *end = j->r.end, *open, *before, *after;

	if (mark->p == NULL || mark->n == 0 || from >= end ||
	    (j->no_landmark != NULL && from >= j->no_landmark))
		return NULL;
	while ((p = memmem(p, end - p, mark->p, mark->n)) != NULL) {
		open = back_over_space(p - 1, from);
		after = over_space(p + mark->n + 1, end);
		if (p > from + 1 && p[-1] == '"' && open > from && open[-1] == '{' &&
		    after < end && p[mark->n] == '"' && *after == ':') {
			before = back_over_space(open - 1, from);
			if (before > from && (before[-1] == ',' || before[-1] == '}'))
				return open - 1;
		}
		p += mark->n;
	}
	j->no_landmark = from;
	return NULL;
}

/* Reads bytes a second time, as long as that is linear in the document's size. */
static void
reread(struct feed_json *j, size_t n)
{
	j->rereads -= n < j->rereads ? n : j->rereads;
}

/* The element at start has damage to its structure: it ends at the latest where the
 * next one begins. */
static void
mend(struct feed_json *j, const char *start, struct json_fields *f)
{
	const char *restart = find_restart(j, start + 1);
	struct json_reader part;

	j->flags |= ITEM_REPAIRED;
	if (restart == NULL || restart >= j->r.p)
		return; /* what was read does not reach into the next one */
	reread(j, j->r.p - restart);
	json_reader_init(&part, start, restart - start);
	json_fields_read(&part, f, NULL);
	j->r.p = restart;
}

/* Where so much is damaged that mending would take too long: an element ends where
 * the next one seems to begin, even if that lies within it. */
static void
read_narrow(struct feed_json *j, struct json_fields *f)
{
	const char *restart = find_restart(j, j->r.p + 1);
	struct json_reader part;

	json_reader_init(
	    &part, j->r.p, (restart != NULL ? restart : j->r.end) - j->r.p);
	json_fields_read(&part, f, NULL);
	if (part.lost)
		j->flags |= ITEM_REPAIRED;
	j->r.broken = true;
	j->r.p = part.lost && restart != NULL ? restart : part.p;
}

/* The address of an item alone. */
static void
read_address(struct feed_json *j, const struct json_value *v)
{
	feed_json_begin(j);
	feed_json_id(j, v);
	feed_json_url(j, v, 1);
	j->flags |= ITEM_POINTER;
	if (j->d.it.url != NULL) {
		j->known++;
		feed_json_end(j);
	} else {
		draft_clear(&j->d);
	}
}

static void
next(struct feed_json *j, bool in_array)
{
	struct json_reader *r = &j->r;
	struct json_value v = {0};
	struct json_fields f;
	bool lost = r->lost;

	v.kind = json_peek(r);
	v.p = r->p;
	j->flags = 0;
	j->seen++;
	if (v.kind != JSON_KIND_OBJECT) {
		json_read(r, &v);
		if (v.kind == JSON_KIND_STRING && j->pointers)
			read_address(j, &v);
		return;
	}
	r->lost = false;
	if (in_array && j->rereads == 0)
		read_narrow(j, &f);
	else
		json_fields_read(r, &f, &j->shape);
	if (r->lost && in_array)
		mend(j, v.p, &f);
	else if (r->lost || j->resumed)
		j->flags |= ITEM_REPAIRED;
	else if (j->landmark.p == NULL && in_array && !f.first.escaped)
		j->landmark = f.first;
	r->lost = r->lost || lost;
	v.n = r->p - v.p;
	feed_json_element(j, &f, &v);
}

void
feed_json_next(struct feed_json *j)
{
	next(j, false);
}

/* Steps over the rest of an array whose items are not wanted any more. */
static void
skip_rest(struct json_reader *r)
{
	while (json_element(r))
		json_skip(r);
}

/* Elements up to the end of their array.  A bracket that does not belong there is no
 * end of it; and if the end is missing, the last element may have taken in what was
 * meant to stand behind it. */
static void
run(struct feed_json *j)
{
	struct json_reader *r = &j->r;
	bool lost = r->lost;
	const char *restart, *last = NULL;

	r->lost = false;
	do {
		while (!j->build->full && json_element(r)) {
			last = r->p;
			next(j, true);
		}
		if (j->build->full)
			skip_rest(r);
		restart = NULL;
		if (r->lost && !j->build->full)
			restart = find_restart(
			    j, r->p < r->end || last == NULL ? r->p : last + 1);
		if (restart != NULL) {
			reread(j, r->p > restart ? r->p - restart : 0);
			r->p = restart;
			j->resumed = true;
		}
	} while (restart != NULL);
	j->resumed = false;
	r->lost = r->lost || lost;
}

void
feed_json_elements(struct feed_json *j)
{
	if (json_peek(&j->r) != JSON_KIND_ARRAY) {
		next(j, false);
		return;
	}
	json_enter(&j->r);
	run(j);
}

bool
feed_json_resume(struct feed_json *j)
{
	const char *restart = find_restart(j, j->r.p);

	if (restart == NULL)
		return false;
	j->r.p = restart;
	j->resumed = true;
	run(j);
	return true;
}

/* --- the end --- */

static int
by_id(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;
	int d = strcmp(x->id, y->id);

	return d != 0 ? d : (x > y) - (x < y);
}

/* The last item of that id in a sorted row; NULL if there is none. */
static const struct item *
last_of(const struct item *const *v, size_t n, const char *id)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(v[mid]->id, id) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && strcmp(v[lo - 1]->id, id) == 0 ? v[lo - 1] : NULL;
}

void
feed_json_settle(struct feed_json *j)
{
	struct feed_doc *doc = j->build->doc;
	const struct item **v;
	size_t kept = 0;

	if (doc->ngone == 0 || doc->nitems == 0)
		return;
	v = xcalloc(doc->nitems, sizeof(*v));
	for (size_t i = 0; i < doc->nitems; i++)
		v[i] = &doc->items[i];
	qsort(v, doc->nitems, sizeof(*v), by_id);
	for (size_t i = 0; i < doc->ngone; i++) {
		const struct item *it = last_of(v, doc->nitems, doc->gone[i]);

		if (it != NULL && (size_t)(it - doc->items) >= j->gone_at[i]) {
			free(doc->gone[i]);
			continue;
		}
		j->gone_at[kept] = j->gone_at[i];
		doc->gone[kept++] = doc->gone[i];
	}
	doc->ngone = kept;
	free(v);
}

void
feed_json_clear(struct feed_json *j)
{
	buf_free(&j->scratch);
	free(j->gone_at);
	free(j->topic);
	free(j->author);
	memset(j, 0, sizeof(*j));
}
