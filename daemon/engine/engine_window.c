/* SPDX-License-Identifier: Apache-2.0 */
/* engine_window: two readings of a feed compared; see engine_window.h. */
#include "engine/engine_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define NOWHERE SIZE_MAX
#define PACKED 36 /* bytes of a packed post */

/* Where each post of one reading stands in the other. */
struct match {
	size_t *at;   /* of before[i] in now, or NOWHERE */
	bool *steady; /* before[i] kept its place among the others */
	size_t matched, nsteady;
};

struct place {
	int64_t item;
	size_t at;
};

static int
place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->item > y->item) - (x->item < y->item);
}

static struct place *
places(const struct window *w)
{
	struct place *v = xcalloc(w->n + 1, sizeof(*v));

	for (size_t i = 0; i < w->n; i++)
		v[i] = (struct place){w->v[i].item, i};
	qsort(v, w->n, sizeof(*v), place_cmp);
	return v;
}

/* The longest run of posts that kept their order (patience sorting): whatever is not
 * in it was moved. */
static void
find_steady(struct match *m, size_t n)
{
	size_t *ends = xcalloc(n + 1, sizeof(*ends)); /* last of each length */
	size_t *prev = xcalloc(n + 1, sizeof(*prev)), len = 0, i;

	for (i = 0; i < n; i++) {
		size_t lo = 0, hi = len;

		if (m->at[i] == NOWHERE)
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (m->at[ends[mid]] < m->at[i])
				lo = mid + 1;
			else
				hi = mid;
		}
		prev[i] = lo > 0 ? ends[lo - 1] : NOWHERE;
		ends[lo] = i;
		len += lo == len;
	}
	for (i = len > 0 ? ends[len - 1] : NOWHERE; i != NOWHERE; i = prev[i])
		m->steady[i] = true;
	m->nsteady = len;
	free(ends);
	free(prev);
}

static void
match_make(struct match *m, const struct window *before, const struct window *now)
{
	struct place *v = places(now);

	memset(m, 0, sizeof(*m));
	m->at = xcalloc(before->n + 1, sizeof(*m->at));
	m->steady = xcalloc(before->n + 1, sizeof(*m->steady));
	for (size_t i = 0; i < before->n; i++) {
		struct place key = {before->v[i].item, 0};
		struct place *p = bsearch(&key, v, now->n, sizeof(*v), place_cmp);

		m->at[i] = p != NULL ? p->at : NOWHERE;
		m->matched += p != NULL;
	}
	find_steady(m, before->n);
	free(v);
}

static void
match_free(struct match *m)
{
	free(m->at);
	free(m->steady);
}

/* --- dates --- */

static int64_t
newest_date(const struct window_post *p)
{
	if (p->published == CLOCK_NONE || p->updated == CLOCK_NONE)
		return p->published != CLOCK_NONE ? p->published : p->updated;
	return p->published > p->updated ? p->published : p->updated;
}

static int64_t
oldest_date(const struct window_post *p)
{
	if (p->published == CLOCK_NONE || p->updated == CLOCK_NONE)
		return newest_date(p);
	return p->published < p->updated ? p->published : p->updated;
}

/* --- what is missing --- */

#define NEVER INT64_MAX

/*
 * How far the window reaches, from each place of `before`: the oldest date among the
 * steady posts on either side (CLOCK_NONE, which is below every date, if one says none;
 * NEVER if there are none), and the oldest date of all that now stands behind the
 * nearest steady post before it.
 */
struct reach {
	int64_t *before, *after, *behind;
	bool near; /* most of the old window is still there */
};

static int64_t
lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* For each place of `now` the oldest date from there to the end, of those that say
 * one. */
static int64_t *
low_to_end(const struct window *now)
{
	int64_t *v = xcalloc(now->n + 1, sizeof(*v));

	v[now->n] = NEVER;
	for (size_t j = now->n; j > 0; j--) {
		int64_t d = newest_date(&now->v[j - 1]);

		v[j - 1] = d != CLOCK_NONE ? lower(d, v[j]) : v[j];
	}
	return v;
}

static void
reach_make(struct reach *r, const struct window *before, const struct window *now,
    const struct match *m)
{
	int64_t *tail = low_to_end(now), low = NEVER, behind = NEVER;
	size_t n = before->n;

	r->near = m->nsteady * 2 > n;
	r->before = xcalloc(n + 1, sizeof(*r->before));
	r->after = xcalloc(n + 1, sizeof(*r->after));
	r->behind = xcalloc(n + 1, sizeof(*r->behind));
	for (size_t i = 0; i < n; i++) {
		r->before[i] = low;
		r->behind[i] = behind;
		if (m->steady[i]) {
			low = lower(low, oldest_date(&before->v[i]));
			behind = tail[m->at[i] + 1];
		}
	}
	low = NEVER;
	for (size_t i = n; i > 0; i--) {
		r->after[i - 1] = low;
		if (m->steady[i - 1])
			low = lower(low, oldest_date(&before->v[i - 1]));
	}
	free(tail);
}

static void
reach_free(struct reach *r)
{
	free(r->before);
	free(r->after);
	free(r->behind);
}

/* Whether a steady post stands on the side with this lowest date; with `dates` it must
 * not be newer than x by its own. */
static bool
beyond(const struct window_post *x, int64_t low, bool dates)
{
	int64_t d = newest_date(x);

	return low != NEVER && (!dates || d == CLOCK_NONE || low <= d);
}

static bool
missing(const struct window_post *x, const struct reach *r, size_t i,
    enum window_order order)
{
	bool dates = (x->flags & WINDOW_NATURAL) == 0;

	if (order == WINDOW_RISING)
		return beyond(x, r->before[i], dates);
	if (order == WINDOW_FALLING)
		/* Or: the last one was taken away and an older one moved up into its
		 * place; only dates can tell that from being pushed out. */
		return beyond(x, r->after[i], dates) ||
		       (r->near && newest_date(x) != CLOCK_NONE &&
			   r->behind[i] < oldest_date(x));
	/* Whichever end is the old one, the window reaches beyond both. */
	return beyond(x, r->before[i], false) && beyond(x, r->after[i], false) &&
	       (beyond(x, r->before[i], true) || beyond(x, r->after[i], true));
}

/* How many came in where others are pushed out by that. */
static size_t
count_pushing(
    const struct match *m, size_t nbefore, size_t nnow, enum window_order order)
{
	bool near = m->nsteady * 2 > nbefore;
	bool *old = xcalloc(nnow + 1, sizeof(*old));
	size_t first = nnow, last = 0, n = 0;

	for (size_t i = 0; i < nbefore; i++)
		if (m->at[i] != NOWHERE)
			old[m->at[i]] = true;
	for (size_t j = 0; j < nnow; j++)
		if (old[j]) {
			last = j + 1;
			first = first == nnow ? j : first;
		}
	/* Behind all that is old stand those that moved up into free places; unless the
	 * old is but a pin above a flood. */
	if (order != WINDOW_FALLING || !near)
		last = nnow;
	if (order != WINDOW_RISING || !near)
		first = 0;
	for (size_t j = first; j < last; j++)
		n += !old[j];
	free(old);
	return n;
}

/* Those that nothing is known of become WINDOW_LEFT if nothing pushed them out; once
 * that is so it stays. */
static void
judge_left(const struct match *m, const struct window *before, const struct window *now,
    enum window_order order, enum window_verdict *out)
{
	size_t lost = 0;
	bool left;

	for (size_t i = 0; i < before->n; i++)
		lost += out[i] == WINDOW_OUTSIDE && before->v[i].gone == CLOCK_NONE;
	left = lost > 0 && lost > count_pushing(m, before->n, now->n, order);
	for (size_t i = 0; i < before->n; i++)
		if (out[i] == WINDOW_OUTSIDE &&
		    ((before->v[i].flags & WINDOW_DOUBT) != 0 ||
			(left && before->v[i].gone == CLOCK_NONE)))
			out[i] = WINDOW_LEFT;
}

void
window_judge(const struct window *before, const struct window *now,
    enum window_order order, enum window_verdict *out)
{
	struct match m;
	struct reach r;
	bool shuffled;

	match_make(&m, before, now);
	reach_make(&r, before, now, &m);
	/* A list by rank or by last answer, not by age: places mean nothing. */
	shuffled = m.matched >= 4 && m.nsteady * 4 < m.matched * 3;
	for (size_t i = 0; i < before->n; i++) {
		if (m.at[i] != NOWHERE)
			out[i] = WINDOW_LISTED;
		else if (!shuffled && missing(&before->v[i], &r, i, order))
			out[i] = WINDOW_MISSING;
		else
			out[i] = WINDOW_OUTSIDE;
	}
	if (!shuffled && now->n > 0)
		judge_left(&m, before, now, order, out);
	reach_free(&r);
	match_free(&m);
}

/* --- overlap --- */

static bool
fresh(const struct window *w, size_t i)
{
	return (w->v[i].flags & WINDOW_FRESH) != 0;
}

/* The number of the last post of `before` that is listed there; 0 if none is. */
static int64_t
last_listed(const struct window *before, size_t *n)
{
	int64_t item = 0;

	*n = 0;
	for (size_t i = 0; i < before->n; i++)
		if (before->v[i].gone == CLOCK_NONE) {
			item = before->v[i].item;
			++*n;
		}
	return item;
}

bool
window_overlaps(
    const struct window *before, const struct window *now, enum window_order order)
{
	size_t listed, known = 0, k = NOWHERE, last = NOWHERE, least;
	int64_t end = last_listed(before, &listed);
	const struct window_post *x, *y;

	for (size_t i = 0; i < now->n; i++) {
		if (fresh(now, i)) {
			last = i;
		} else {
			known++;
			k = i;
		}
	}
	if (listed == 0 || last == NOWHERE)
		return true;
	if (known == 0)
		return false;
	if (end < 0) /* nothing else is known of the last reading */
		return true;
	if (k > last || now->v[k].item == end || order == WINDOW_RISING)
		return true;
	/* The new ones stand at the end.  Either they are older ones that moved up, or
	 * what is known is pinned to the top and the rest was flooded. */
	x = &now->v[k + 1];
	y = &now->v[k];
	least = listed < now->n ? listed : now->n;
	if (x->published != CLOCK_NONE && y->published != CLOCK_NONE &&
	    x->published > y->published)
		return false;
	return known * 2 >= least;
}

/* --- order --- */

static enum window_order
order_by_dates(const struct window *now)
{
	size_t falls = 0, rises = 0;

	for (size_t i = 1; i < now->n; i++) {
		int64_t a = now->v[i - 1].published, b = now->v[i].published;

		if (a == CLOCK_NONE || b == CLOCK_NONE)
			continue;
		falls += a > b;
		rises += a < b;
	}
	if (falls > 2 * rises)
		return WINDOW_FALLING;
	return rises > 2 * falls ? WINDOW_RISING : WINDOW_UNORDERED;
}

/* Where the losses are: only behind all that is still there, only before it, or
 * neither. */
static void
find_losses(const struct match *m, size_t n, bool *behind, bool *before)
{
	size_t first = 0, last = n;

	while (first < n && m->at[first] == NOWHERE)
		first++;
	while (last > first && m->at[last - 1] == NOWHERE)
		last--;
	*behind = first == 0;
	*before = last == n;
	for (size_t i = first; i < last; i++)
		if (m->at[i] == NOWHERE)
			*behind = *before = false;
}

enum window_order
window_vote(const struct window *before, const struct window *now)
{
	struct match m;
	bool near, behind, first;

	if (before->n == 0 || now->n < 2)
		return order_by_dates(now);
	match_make(&m, before, now);
	/* After a flood, what is left at one end is more likely a pin. */
	near = m.nsteady * 2 > before->n;
	find_losses(&m, before->n, &behind, &first);
	match_free(&m);
	/* New ones at one end while old ones leave at the other.  With a loss elsewhere
	 * it may as well be an older post that moved up into a place. */
	if (near && behind && fresh(now, 0) && !fresh(now, now->n - 1))
		return WINDOW_FALLING;
	if (near && first && !fresh(now, 0) && fresh(now, now->n - 1))
		return order_by_dates(now) == WINDOW_FALLING ? WINDOW_UNORDERED
							     : WINDOW_RISING;
	return WINDOW_UNORDERED;
}

/* --- the window to remember --- */

/* Marks what may be trusted by its place alone. */
static void
set_natural(const struct window *before, const struct match *m, struct window *out)
{
	size_t known = NOWHERE, last = NOWHERE;

	for (size_t i = 0; i < before->n; i++)
		if (m->steady[i])
			out->v[m->at[i]].flags |= before->v[i].flags & WINDOW_NATURAL;
	for (size_t j = 0; j < out->n; j++)
		if (!fresh(out, j))
			known = j;
	/* New ones that older ones follow: they came in at the top. */
	for (size_t j = 0; known != NOWHERE && j < known; j++)
		if (fresh(out, j))
			last = j;
	for (size_t j = 0; last != NOWHERE && j <= last; j++) {
		if (fresh(out, j))
			out->v[j].flags |= WINDOW_NATURAL;
		else /* stands above a newer one: pinned there */
			out->v[j].flags &= ~(uint32_t)WINDOW_NATURAL;
	}
	for (size_t j = 0; j < out->n; j++)
		out->v[j].flags &= ~(uint32_t)WINDOW_FRESH;
}

void
window_merge(const struct window *before, const struct window *now,
    const enum window_verdict *verdicts, int64_t when, struct window *out)
{
	struct window shown = {0};
	struct match m;
	size_t done = 0;

	memset(out, 0, sizeof(*out));
	match_make(&m, before, now);
	for (size_t j = 0; j < now->n; j++)
		window_add(&shown, &now->v[j]);
	set_natural(before, &m, &shown);
	for (size_t i = 0; i < before->n; i++) {
		struct window_post p = before->v[i];

		/* Steady ones rise in both lists, so one pass merges them. */
		while (m.steady[i] && done <= m.at[i])
			window_add(out, &shown.v[done++]);
		if (verdicts[i] != WINDOW_MISSING && verdicts[i] != WINDOW_LEFT)
			continue;
		if (p.gone == CLOCK_NONE)
			p.gone = when;
		p.flags &= ~(uint32_t)WINDOW_DOUBT;
		if (verdicts[i] == WINDOW_LEFT)
			p.flags |= WINDOW_DOUBT;
		window_add(out, &p);
	}
	while (done < shown.n)
		window_add(out, &shown.v[done++]);
	window_free(&shown);
	match_free(&m);
}

/* --- lists --- */

void
window_free(struct window *w)
{
	free(w->v);
	memset(w, 0, sizeof(*w));
}

void
window_add(struct window *w, const struct window_post *p)
{
	if ((w->n & (w->n - 1)) == 0) /* full at each power of two */
		w->v = xrealloc(w->v, (w->n > 0 ? w->n * 2 : 1) * sizeof(*w->v));
	w->v[w->n++] = *p;
}

static int
first_place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int c = place_cmp(a, b);

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

void
window_unite(struct window *w)
{
	struct place *v = places(w);
	bool *again = xcalloc(w->n + 1, sizeof(*again));
	size_t n = 0;

	qsort(v, w->n, sizeof(*v), first_place_cmp);
	for (size_t i = 1; i < w->n; i++)
		again[v[i].at] = v[i].item == v[i - 1].item;
	for (size_t i = 0; i < w->n; i++)
		if (!again[i])
			w->v[n++] = w->v[i];
	w->n = n;
	free(again);
	free(v);
}

void
window_pack(const struct window *w, struct buf *out)
{
	for (size_t i = 0; i < w->n; i++) {
		buf_put_i64(out, w->v[i].item);
		buf_put_i64(out, w->v[i].published);
		buf_put_i64(out, w->v[i].updated);
		buf_put_i64(out, w->v[i].gone);
		buf_put_u32(out, w->v[i].flags);
	}
}

void
window_unpack(const struct buf *in, struct window *out)
{
	struct rd r = rd_of(in->data != NULL ? in->data : "", in->len);

	memset(out, 0, sizeof(*out));
	while (!r.bad && (size_t)(r.end - r.p) >= PACKED) {
		struct window_post p;

		p.item = rd_i64(&r);
		p.published = rd_i64(&r);
		p.updated = rd_i64(&r);
		p.gone = rd_i64(&r);
		p.flags = rd_u32(&r);
		window_add(out, &p);
	}
	if (!rd_done(&r))
		window_free(out);
}
