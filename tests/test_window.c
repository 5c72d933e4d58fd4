/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_window: what two readings of a feed tell: single cases in a table, then a
 * thousand simulated feeds whose windows shift, with the truth beside them.
 */
#include "engine/engine_window.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"

#define DAY ((int64_t)86400000)
#define GAP (10 * CLOCK_MIN)
#define PACE (15 * CLOCK_MIN)

/* --- a table ------------------------------------------------------------------------
 */

/* Posts by letter: newest first, `z' is the oldest, `a' the newest, by their dates.
 * Capitals have no date.  + before a letter: not known before; - before one: gone from
 * the last reading already, in doubt. */
static void
read_list(const char *text, bool dated, struct window *w)
{
	uint32_t flags = 0;

	memset(w, 0, sizeof(*w));
	for (; *text != '\0'; text++) {
		struct window_post p = {
		    .item = *text, .updated = CLOCK_NONE, .gone = CLOCK_NONE};

		if (*text == '+' || *text == '-') {
			flags = *text == '+' ? WINDOW_FRESH : WINDOW_DOUBT;
			continue;
		}
		p.published =
		    dated && *text >= 'a' ? ('z' - *text + 1) * DAY : CLOCK_NONE;
		p.flags = flags;
		p.gone = (flags & WINDOW_DOUBT) != 0 ? 1 : CLOCK_NONE;
		flags = 0;
		window_add(w, &p);
	}
}

static const struct {
	const char *before, *now;
	bool dated;
	enum window_order order;
	const char *verdicts; /* of `before': l listed, m missing, ? left, o outside */
} cases[] = {
    {"abcd", "abcd", true, WINDOW_FALLING, "llll"},
    /* pushed out */
    {"cdef", "+a+bcd", true, WINDOW_FALLING, "lloo"},
    {"CDEF", "+A+BCD", false, WINDOW_FALLING, "lloo"},
    {"cdef", "+a+b+x+y", true, WINDOW_FALLING, "oooo"},
    /* taken from the middle, from the front */
    {"bcde", "bce", true, WINDOW_FALLING, "llml"},
    {"BCDE", "BCE", false, WINDOW_FALLING, "llml"},
    {"BCDE", "BCE", false, WINDOW_UNORDERED, "llml"},
    {"bcde", "+acde", true, WINDOW_FALLING, "mlll"},
    {"BCDE", "CDE", false, WINDOW_UNORDERED, "?lll"},
    /* the last one: by a date only; else it left */
    {"bcde", "bcd", true, WINDOW_FALLING, "lll?"},
    {"bcde", "bcd+g", true, WINDOW_FALLING, "lllm"},
    {"BCDE", "BCD+G", false, WINDOW_FALLING, "lll?"},
    {"BCDEF", "BCD+G", false, WINDOW_FALLING, "lll??"},
    {"bcdef", "+abcd", true, WINDOW_FALLING, "lll??"},
    {"bcde", "+abcd", true, WINDOW_FALLING, "lllo"},
    {"bcd-e", "bcd", true, WINDOW_FALLING, "lll?"}, /* as before */
    {"bcd-e", "+abc", true, WINDOW_FALLING, "llo?"},
    {"bcd-e", "+abcde", true, WINDOW_FALLING, "llll"},
    {"bcd-e", "bcd+g", true, WINDOW_FALLING, "lllm"},
    {"bcdef", "b", true, WINDOW_FALLING, "l????"},
    {"BCDE", "+ABCD", false, WINDOW_UNORDERED, "lllo"},
    {"BCDE", "BCD+A", false, WINDOW_UNORDERED, "lllo"},
    /* a pin of old is taken off the top: its date speaks against */
    {"xbcd", "bcd", true, WINDOW_FALLING, "?lll"},
    {"xbcd", "+abc", true, WINDOW_FALLING, "?ll?"},
    {"xbcd", "+abc+y", true, WINDOW_FALLING, "ollo"},
    /* a pin that stays tells nothing about what was pushed out */
    {"xefg", "x+a+b+c", true, WINDOW_FALLING, "looo"},
    /* oldest first */
    {"dcba", "cba", true, WINDOW_RISING, "?lll"},
    {"dcba", "dca", true, WINDOW_RISING, "llml"},
    {"DCBA", "CBA+Z", false, WINDOW_RISING, "olll"},
    {"DCBA", "+ECBA", false, WINDOW_RISING, "?lll"},
    /* a ranking, not a list by age */
    {"abcdef", "fdbac", true, WINDOW_FALLING, "llllol"},
    /* nothing left, nothing known */
    {"abc", "", true, WINDOW_FALLING, "ooo"},
    {"", "+a+b", true, WINDOW_FALLING, ""},
};

static void
test_table(void)
{
	static const char letters[] = "lm?o";
	enum window_verdict v[16];
	char got[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct window before, now;

		read_list(cases[i].before, cases[i].dated, &before);
		read_list(cases[i].now, cases[i].dated, &now);
		window_judge(&before, &now, cases[i].order, v);
		for (size_t k = 0; k < before.n; k++)
			got[k] = letters[v[k]];
		got[before.n] = '\0';
		if (strcmp(got, cases[i].verdicts) != 0)
			printf("\n%s -> %s: %s, wanted %s", cases[i].before,
			    cases[i].now, got, cases[i].verdicts);
		CU_ASSERT_STRING_EQUAL(got, cases[i].verdicts);
		window_free(&before);
		window_free(&now);
	}
}

static const struct {
	const char *before, *now;
	bool dated;
	enum window_order order;
	bool proven;
} overlaps[] = {
    {"", "+a+b", true, WINDOW_FALLING, true},	       /* the first reading */
    {"cde", "+a+bc", true, WINDOW_FALLING, true},      /* meets what is known */
    {"cde", "+a+b+f", true, WINDOW_FALLING, false},    /* a flood */
    {"xcde", "x+a+b+f", true, WINDOW_FALLING, false},  /* a pin hides no flood */
    {"XCDE", "X+A+B+F", false, WINDOW_FALLING, false}, /* nor without dates */
    {"xyde", "xy+a+b", true, WINDOW_FALLING, false},   /* nor do two */
    {"cde", "cd+g", true, WINDOW_FALLING, true},       /* an older one moved up */
    {"CDE", "CD+G", false, WINDOW_FALLING, true},
    {"cde", "cde+g", true, WINDOW_FALLING, true}, /* the window grew */
    {"edc", "dc+a", true, WINDOW_RISING, true},	  /* new ones come last */
    {"cde", "", true, WINDOW_FALLING, true},	  /* an empty one shows nothing new */
    {"cde", "+a+b", true, WINDOW_RISING, false},
    {"cde", "dce", true, WINDOW_FALLING, true},
};

static void
test_overlap(void)
{
	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
		struct window before, now;
		bool got;

		read_list(overlaps[i].before, overlaps[i].dated, &before);
		read_list(overlaps[i].now, overlaps[i].dated, &now);
		got = window_overlaps(&before, &now, overlaps[i].order);
		if (got != overlaps[i].proven)
			printf("\n%s -> %s", overlaps[i].before, overlaps[i].now);
		CU_ASSERT_EQUAL(got, overlaps[i].proven);
		window_free(&before);
		window_free(&now);
	}
}

/* Packed and back; what is damaged is empty. */
static void
test_pack(void)
{
	struct window w, x;
	struct buf b = {0}, again = {0};

	read_list("abCd", true, &w);
	w.v[1].gone = 77;
	w.v[2].flags = WINDOW_NATURAL;
	window_pack(&w, &b);
	window_unpack(&b, &x);
	CU_ASSERT_EQUAL_FATAL(x.n, w.n);
	window_pack(&x, &again);
	CU_ASSERT_EQUAL_FATAL(again.len, b.len);
	CU_ASSERT_EQUAL(memcmp(again.data, b.data, b.len), 0);
	CU_ASSERT_EQUAL(x.v[1].gone, 77);
	buf_free(&again);
	window_free(&x);
	b.len--;
	window_unpack(&b, &x);
	CU_ASSERT_EQUAL(x.n, 0);
	buf_free(&b);
	window_free(&w);
	window_free(&x);
}

/* --- a thousand feeds
 * ----------------------------------------------------------------- */

static uint64_t seed;

static unsigned
dice(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % n);
}

enum dating { DATED, UNDATED, SOME_DATED, LYING, DATINGS };
static const char *const dating_names[] = {"dated", "undated", "some dated", "lying"};

#define POSTS 2000
#define PAGE_MAX 60

/* A site as it is: posts in order of their making, the newest last. */
struct site {
	struct {
		bool there, pinned;
		int64_t date, edited;
		int removed_at; /* reading before which it was removed */
		int decided;	/* reading in which it was found missing, 0 never */
	} v[POSTS];
	unsigned n;
	unsigned page;
	enum dating dating;
	bool rising;
};

/* What the feed shows: pinned ones, then the newest `page'. */
static void
show(const struct site *s, bool *known, struct window *w)
{
	unsigned shown = 0, list[PAGE_MAX];

	memset(w, 0, sizeof(*w));
	for (unsigned i = s->n; i > 0 && shown < s->page; i--)
		if (s->v[i - 1].there && s->v[i - 1].pinned)
			list[shown++] = i - 1;
	for (unsigned i = s->n; i > 0 && shown < s->page; i--)
		if (s->v[i - 1].there && !s->v[i - 1].pinned)
			list[shown++] = i - 1;
	for (unsigned k = 0; k < shown; k++) {
		unsigned i = list[s->rising ? shown - 1 - k : k];
		struct window_post p = {.item = i + 1,
		    .published = s->v[i].date,
		    .updated = s->v[i].edited,
		    .gone = CLOCK_NONE,
		    .flags = known[i] ? 0 : WINDOW_FRESH};

		known[i] = true;
		window_add(w, &p);
	}
}

static int64_t
date_of(const struct site *s, int64_t now)
{
	switch (s->dating) {
	case UNDATED:
		return CLOCK_NONE;
	case SOME_DATED:
		return dice(2) ? now : CLOCK_NONE;
	case LYING:
		return dice(3) ? now : (int64_t)dice(40000) * DAY;
	default:
		return now;
	}
}

static void
publish(struct site *s, unsigned n, int64_t now)
{
	for (unsigned k = 0; k < n && s->n < POSTS; k++) {
		memset(&s->v[s->n], 0, sizeof(s->v[0]));
		s->v[s->n].there = true;
		s->v[s->n].edited = CLOCK_NONE;
		s->v[s->n++].date = date_of(s, now + k);
	}
}

/* One step in the life of the site. */
static void
live(struct site *s, int reading, int64_t now, bool pins)
{
	unsigned k;

	publish(s, dice(4) == 0 ? dice(s->page + 5) : dice(4), now);
	for (k = dice(3); k > 0; k--) { /* edits */
		unsigned i = s->n - 1 - dice(s->page < s->n ? s->page : s->n);

		s->v[i].edited = s->dating == DATED ? now : s->v[i].edited;
	}
	if (pins && dice(6) == 0) {
		unsigned i = dice(s->n);

		s->v[i].pinned = !s->v[i].pinned;
	}
	if (reading > 1 && dice(3) == 0) {
		unsigned i = s->n - 1 - dice(s->page < s->n ? s->page : s->n);

		if (s->v[i].there) {
			s->v[i].there = false;
			s->v[i].removed_at = reading;
		}
	}
}

struct tally {
	unsigned feeds, readings, removed, decided, late, wasted, open;
	unsigned slow; /* the most readings that a decision took */
};

/* What the engine keeps of a feed between two readings. */
struct memory {
	struct window last;
	int falling, rising;
};

static enum window_order
order_of(const struct memory *m)
{
	if (m->falling == m->rising)
		return WINDOW_UNORDERED;
	return m->falling > m->rising ? WINDOW_FALLING : WINDOW_RISING;
}

static void
decide(struct site *s, const struct window_post *p, int reading, struct tally *t)
{
	unsigned i = (unsigned)p->item - 1;

	if (s->v[i].there) {
		t->wasted++; /* its page is asked and says so: unlisted, not removed */
		return;
	}
	s->v[i].decided = reading;
}

static void
read_once(struct site *s, struct memory *m, bool *known, int reading, int64_t now,
    struct tally *t)
{
	enum window_verdict v[4 * PAGE_MAX];
	struct window w, next;
	enum window_order vote;
	size_t kept = 0;

	show(s, known, &w);
	vote = window_vote(&m->last, &w);
	m->falling += vote == WINDOW_FALLING;
	m->rising += vote == WINDOW_RISING;
	window_judge(&m->last, &w, order_of(m), v);
	window_merge(&m->last, &w, v, now, &next);
	for (size_t i = 0; i < next.n; i++)
		if (next.v[i].gone != CLOCK_NONE && now - next.v[i].gone >= GAP)
			decide(s, &next.v[i], reading, t);
		else
			next.v[kept++] = next.v[i];
	next.n = kept;
	window_free(&m->last);
	window_free(&w);
	m->last = next;
	t->readings++;
}

/* Whether the feed, by the truth, still reaches beyond where post i would stand. */
static bool
reaches(const struct site *s, unsigned i)
{
	unsigned before = 0;

	for (unsigned k = 0; k < s->n; k++)
		before += s->v[k].there && (k > i || s->v[k].pinned);
	for (unsigned k = 0; k < i; k++)
		if (s->v[k].there && !s->v[k].pinned)
			return before < s->page;
	return false;
}

static void
count(const struct site *s, const unsigned *inside, struct tally *t)
{
	for (unsigned i = 0; i < s->n; i++) {
		unsigned took;

		if (s->v[i].removed_at == 0 || inside[i] < 3)
			continue;
		t->removed++;
		if (s->v[i].decided == 0) {
			t->open++;
			continue;
		}
		took = (unsigned)(s->v[i].decided - s->v[i].removed_at) + 1;
		t->decided++;
		t->late += took > 3;
		if (took > t->slow)
			t->slow = took;
	}
}

static void
simulate(enum dating dating, bool pins, bool rising, struct tally *t)
{
	static struct site s;
	static bool known[POSTS], listed[POSTS];
	static unsigned inside[POSTS]; /* readings in which a removed one lay inside */
	struct memory m = {0};
	int64_t now = 20000 * DAY;

	memset(&s, 0, sizeof(s));
	memset(known, 0, sizeof(known));
	memset(listed, 0, sizeof(listed));
	memset(inside, 0, sizeof(inside));
	s.page = 5 + dice(PAGE_MAX - 5);
	s.dating = dating;
	s.rising = rising;
	for (unsigned k = 0; k < s.page + 20; k++)
		publish(&s, 1, now - (int64_t)(100 - k) * DAY);
	for (int reading = 1; reading <= 30; reading++, now += PACE) {
		if (reading > 1)
			live(&s, reading, now, pins);
		for (unsigned i = 0; i < s.n; i++)
			if (s.v[i].removed_at != 0 && listed[i] && inside[i] < 3 &&
			    reading - s.v[i].removed_at == (int)inside[i] &&
			    reaches(&s, i))
				inside[i]++;
		read_once(&s, &m, known, reading, now, t);
		for (unsigned i = 0; i < s.n; i++)
			listed[i] |= known[i] && s.v[i].there && !s.v[i].pinned;
		for (size_t k = 0; k < m.last.n; k++)
			listed[m.last.v[k].item - 1] = true;
	}
	count(&s, inside, t);
	window_free(&m.last);
	t->feeds++;
}

static struct tally
thousand(enum dating dating, bool pins, bool rising, unsigned n)
{
	struct tally t = {0};

	seed = 88172645463325252u + dating * 7u + pins * 3u + rising;
	for (unsigned i = 0; i < n; i++)
		simulate(dating, pins, rising, &t);
	printf("\n    %s%s%s: %u feeds, %u readings; %u removed inside the window, %u "
	       "found "
	       "(at most %u readings), %u open; %u pages asked in vain",
	    dating_names[dating], pins ? ", pins" : "", rising ? ", oldest first" : "",
	    t.feeds, t.readings, t.removed, t.decided, t.slow, t.open, t.wasted);
	return t;
}

static void
test_thousand(void)
{
	for (int d = 0; d < DATINGS; d++)
		for (int kind = 0; kind < 4; kind++) {
			struct tally t =
			    thousand(d, (kind & 1) != 0, (kind & 2) != 0, 250);

			CU_ASSERT(t.removed > 100);
			CU_ASSERT_EQUAL(t.late, 0); /* three readings are enough */
			CU_ASSERT(
			    t.decided * 100 >= t.removed * (d == LYING ? 94 : 98));
			if (d == DATED && (kind & 1) == 0)
				CU_ASSERT_EQUAL(t.open, 0);
			/* A pin of old that is taken off is no removal; its page says
			 * so. Else nothing that is there is taken for missing: lying
			 * dates may cost a page now and then. */
			CU_ASSERT(
			    t.wasted * 100 <= t.readings * ((kind & 1) != 0 ? 4 : 0) +
						  (d == LYING ? 500 : 0));
		}
}

static void
test_unite(void)
{
	struct window w, want;

	read_list("ab+abccb+d", true, &w);
	read_list("abc+d", true, &want);
	window_unite(&w);
	CU_ASSERT_EQUAL_FATAL(w.n, want.n);
	for (size_t i = 0; i < w.n; i++) {
		CU_ASSERT_EQUAL(w.v[i].item, want.v[i].item);
		CU_ASSERT_EQUAL(w.v[i].flags, want.v[i].flags);
	}
	window_free(&w);
	window_unite(&w); /* of nothing */
	CU_ASSERT_EQUAL(w.n, 0);
	window_free(&want);
}

static const struct suite_test tests[] = {
    {"one case after the other", test_table},
    {"overlap", test_overlap},
    {"packed and back", test_pack},
    {"of those that are there twice the first stays", test_unite},

    {"a thousand feeds", test_thousand},
};

SUITE_MAIN("window", tests)
