/* SPDX-License-Identifier: Apache-2.0 */
/* item: see item.h. */
#include "item.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mention.h"
#include "nested.h"

#define QUOTE 100    /* bytes of an address that a reason shows */
#define UNITS_BYTE 8 /* of the budget: looks at a byte of an address or of the text */
#define BYTES_PICTURE 12500 /* what a picture costs, in such */

struct item_work {
	struct canon canon;
	struct item_match v[ITEM_MATCHES];
	size_t n, more; /* more: matches for which there was no room */
	bool unasked;
	bool poor; /* the budget is used up */
	bool deep; /* an address had more in it than is looked at */
	/* What is being looked up, and in what. */
	const struct set *set;
	struct tosd_report *report;
	struct tosd_str now;
	struct tosd_span span;
	enum item_place place;
	int32_t quality;
	/* For shares: made when asked for. */
	const struct tosd_host *host;
	const struct tosd_item *item;
	char seed[MEM_HEX];
};

struct item_work *
item_work_new(void)
{
	return mem_new(1, sizeof(struct item_work));
}

static void
forget(struct item_work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].key);
		free(w->v[i].example);
	}
	w->n = w->more = 0;
	w->unasked = w->poor = w->deep = false;
	w->seed[0] = '\0';
}

void
item_work_free(struct item_work **p)
{
	struct item_work *w = *p;

	if (w == NULL)
		return;
	*p = NULL;
	forget(w);
	free(w);
}

size_t
item_matches(const struct item_work *w)
{
	return w->n;
}

const struct item_match *
item_match(const struct item_work *w, size_t i)
{
	return &w->v[i];
}

bool
item_unasked(const struct item_work *w)
{
	return w->unasked;
}

/* --- matches --- */

static struct item_match *
known(struct item_work *w, const struct set_hit *hit)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].hit.number == hit->number && w->v[i].hit.len == hit->len &&
		    memcmp(w->v[i].key, hit->key, hit->len) == 0)
			return &w->v[i];
	return NULL;
}

static char *
quoted(struct tosd_str s)
{
	size_t n = s.len;

	if (n > QUOTE) {
		n = QUOTE;
		while (n > 0 && ((uint8_t)s.ptr[n] & 0xc0) == 0x80)
			n--;
	}
	return mem_dup(s.ptr, n);
}

/* In order, whatever way of reading finds it; each place once. */
static void
add_span(struct item_match *m, struct tosd_span span)
{
	size_t at = m->nspans;

	if (span.start == span.end)
		return;
	while (at > 0 && m->spans[at - 1].start >= span.start)
		at--;
	if ((at < m->nspans && m->spans[at].start == span.start) ||
	    m->nspans == ITEM_SPANS)
		return;
	memmove(&m->spans[at + 1], &m->spans[at], (m->nspans - at) * sizeof(span));
	m->spans[at] = span;
	m->nspans++;
}

/* Whether it can count at all; what cannot gives way where there is no room for both,
 * so that nobody hides what counts behind what does not. */
static bool
may_count(const struct set_hit *hit)
{
	return hit->list->mode == TOSD_ENFORCE && hit->option->stand == LIST_STANDS;
}

/* Room for one more; NULL: there is none. */
static struct item_match *
room_for(struct item_work *w, const struct set_hit *hit)
{
	size_t i = w->n;

	if (w->n < ITEM_MATCHES)
		return &w->v[w->n++];
	w->more++;
	if (!may_count(hit))
		return NULL;
	while (i > 0 && may_count(&w->v[i - 1].hit))
		i--;
	if (i == 0)
		return NULL;
	free(w->v[i - 1].key);
	free(w->v[i - 1].example);
	return &w->v[i - 1];
}

static void
on_hit(void *ctx, const struct set_hit *hit)
{
	struct item_work *w = ctx;
	struct item_match *m = known(w, hit);

	if (m == NULL) {
		m = room_for(w, hit);
		if (m == NULL)
			return;
		*m = (struct item_match){.hit = *hit,
		    .key = mem_dup(hit->key, hit->len),
		    .example = quoted(w->now),
		    .quality = w->quality};
		m->hit.key = m->key;
	}
	/* Of several pictures near to one hash the nearest is told. */
	if (hit->distance < m->hit.distance) {
		m->hit.distance = hit->distance;
		m->quality = w->quality;
	}
	m->places |= w->place;
	add_span(m, w->span);
}

/* Pays for so many bytes of addresses or of the text. */
static bool
spend(struct item_work *w, size_t bytes)
{
	if (w->host->budget(w->host, w->report, (int64_t)(bytes * UNITS_BYTE)) < 0)
		w->poor = true;
	return !w->poor;
}

static void
look_up(struct item_work *w, const char *s, size_t n)
{
	if (!canon_url(s, n, &w->canon))
		return;
	set_host(w->set, &w->canon, on_hit, w);
	set_url(w->set, &w->canon, on_hit, w);
}

static bool
on_nested(void *ctx, const char *s, size_t n)
{
	struct item_work *w = ctx;

	if (!spend(w, n))
		return false;
	look_up(w, s, n);
	return true;
}

/* An address of the item, and those that it may lead to. */
static void
look_address(struct item_work *w, struct tosd_str a, enum item_place place,
    struct tosd_span span)
{
	w->now = a;
	w->place = place;
	w->span = span;
	w->quality = -1;
	look_up(w, a.ptr, a.len);
	if (!nested_each(a.ptr, a.len, on_nested, w) && !w->poor)
		w->deep = true;
}

/* --- the parts of an item --- */

static bool
look_links(struct item_work *w)
{
	const struct tosd_host *h = w->host;
	struct tosd_str a = h->field(h, w->item, TOSD_URL);
	const struct tosd_span none = {0, 0};

	if (a.len > 0)
		look_address(w, a, ITEM_OWN, none);
	for (size_t i = 0; (a = h->link(h, w->item, i)).len > 0; i++) {
		if (!spend(w, a.len))
			return false;
		look_address(w, a, ITEM_LINK, none);
	}
	return !w->poor;
}

static bool
look_text(struct item_work *w)
{
	struct tosd_str text = w->host->field(w->host, w->item, TOSD_TEXT);
	struct mention m;
	struct mention_at at = {0};

	if (!spend(w, text.len))
		return false;
	while (!w->poor && mention_next(text.ptr, text.len, &at, &m)) {
		struct tosd_str a = {text.ptr + m.start, m.end - m.start};
		struct tosd_span span = {(uint32_t)m.start, (uint32_t)m.end};

		look_address(w, a, ITEM_TEXT, span);
	}
	return !w->poor;
}

static bool
has(const struct set *s, enum list_kind kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i]->kind == kind)
			return true;
	return false;
}

static void
look_bytes(struct item_work *w, const struct set *s, const struct tosd_media *m)
{
	w->now = m->url;
	w->place = ITEM_BYTES;
	w->span = (struct tosd_span){0, 0};
	w->quality = -1;
	set_digest(s, LIST_SHA256, m->sha256.ptr, m->sha256.len, on_hit, w);
	set_digest(s, LIST_MD5, m->md5.ptr, m->md5.len, on_hit, w);
	w->quality = m->quality;
	set_picture(s, m->pdq.ptr, m->pdq.len, on_hit, w);
}

static bool
is_sound(const struct tosd_media *m)
{
	return m->type.len >= 5 && (memcmp(m->type.ptr, "video", 5) == 0 ||
				       memcmp(m->type.ptr, "audio", 5) == 0);
}

/* With what a medium was not compared although some list wants it and somebody has
 * hashed it; NULL: it was.  A picture may have no PDQ, sound and film have none.  One
 * without any hash was not asked for. */
static const char *
not_compared(const struct set *s, const struct tosd_media *m)
{
	if (m->state == TOSD_MEDIA_MISSING)
		return "lists";
	if (m->state == TOSD_MEDIA_UNASKED &&
	    m->sha256.len + m->md5.len + m->pdq.len == 0)
		return NULL;
	if (has(s, LIST_PDQ) && m->pdq.len == 0 && !is_sound(m))
		return "lists of pictures";
	if (has(s, LIST_SHA256) && m->sha256.len == 0)
		return "lists of SHA-256";
	if (has(s, LIST_MD5) && m->md5.len == 0)
		return "lists of MD5";
	return NULL;
}

static int
say_not_compared(const struct tosd_media *m, const char *with, struct why *why)
{
	static const char none[] = "it came without such a hash";
	struct tosd_str url = m->url, words = m->why;

	if (words.len == 0)
		words = (struct tosd_str){none, sizeof(none) - 1};
	return why_set(why, "not compared with %s: %.*s: %.*s", with,
	    (int)(url.len < QUOTE ? url.len : QUOTE), url.ptr,
	    (int)(words.len < 200 ? words.len : 200), words.ptr);
}

static int
look_media(struct item_work *w, struct why *why)
{
	const struct set *s = w->set;
	const struct tosd_span none = {0, 0};
	bool bytes = has(s, LIST_SHA256) || has(s, LIST_MD5), pdq = has(s, LIST_PDQ);
	struct tosd_media m = {.size = sizeof(m)};
	const char *with;
	int rc = 0;

	if (!TOSD_HAS(w->host, media))
		return 0;
	for (size_t i = 0; w->host->media(w->host, w->item, i, &m) == 0; i++) {
		if (m.url.len > 0)
			look_address(w, m.url, ITEM_MEDIA, none);
		if (w->poor)
			return why_set(why, "has too many addresses for its budget");
		if (!bytes && !pdq)
			continue;
		with = not_compared(s, &m);
		if (with != NULL && rc == 0)
			rc = say_not_compared(&m, with, why);
		if (m.pdq.len > 0 && pdq && !spend(w, BYTES_PICTURE))
			return why_set(why, "has too many pictures for its budget");
		w->unasked =
		    w->unasked || (m.state == TOSD_MEDIA_UNASKED &&
				      m.sha256.len + m.md5.len + m.pdq.len == 0);
		look_bytes(w, s, &m);
	}
	return rc;
}

int
item_look(struct item_work *w, const struct set *s, const struct tosd_host *h,
    const struct tosd_item *item, struct tosd_report *r, struct why *why)
{
	int rc = 0;

	forget(w);
	w->host = h;
	w->item = item;
	w->set = s;
	w->report = r;
	if (!look_text(w) || !look_links(w))
		rc = why_set(why, "has too many addresses for its budget");
	else
		rc = look_media(w, why);
	if (rc == 0 && w->deep)
		rc = why_set(why,
		    "has an address with more than %d addresses in it, or deeper ones "
		    "than are looked for",
		    NESTED_MAX);
	if (rc == 0 && w->more > 0)
		rc = why_set(why,
		    "is on lists with more than %d entries: %zu are not told",
		    ITEM_MATCHES, w->more);
	return rc;
}

/* --- what counts --- */

/* Told all the same: the time is what the item says of itself, and whoever writes an
 * old date into it must not be able to hide. */
static bool
is_off(const struct item_match *m, int64_t time)
{
	return m->hit.option->off_until != INT64_MIN && time < m->hit.option->off_until;
}

static void
put_off(struct sb *b, const struct list_option *o)
{
	time_t t = (time_t)(o->off_until / 1000);
	char day[16] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	sb_printf(b, "; does not count: the entry is off until %s", day);
}

/* The content of the item: the same post falls on the same side wherever it is. */
static void
make_seed(struct item_work *w)
{
	const struct tosd_host *h = w->host;
	struct tosd_str s = h->field(h, w->item, TOSD_TEXT);
	struct tosd_media m = {.size = sizeof(m)};
	struct sb b = {0};

	sb_put(&b, s.ptr, s.len);
	for (size_t i = 0; (s = h->link(h, w->item, i)).len > 0; i++) {
		sb_put(&b, "", 1);
		sb_put(&b, s.ptr, s.len);
	}
	for (size_t i = 0; TOSD_HAS(h, media) && h->media(h, w->item, i, &m) == 0;
	     i++) {
		sb_put(&b, "", 1);
		sb_put(&b, m.url.ptr, m.url.len);
		sb_put(&b, m.sha256.ptr, m.sha256.len);
	}
	mem_sha256(b.data != NULL ? b.data : "", b.len, w->seed);
	sb_free(&b);
}

static bool
in_share(struct item_work *w, const struct item_match *m)
{
	struct sb b = {0};
	char hex[MEM_HEX];
	uint32_t v;

	if (w->seed[0] == '\0')
		make_seed(w);
	sb_printf(&b, "%s %s %s", w->seed, m->hit.list->name, m->key);
	mem_sha256(b.data, b.len, hex);
	sb_free(&b);
	hex[8] = '\0';
	v = (uint32_t)strtoul(hex, NULL, 16);
	return (uint64_t)v * LIST_WHOLE >> 32 < m->hit.option->share;
}

static void
put_where(struct sb *b, const struct item_match *m)
{
	static const char *const words[] = {"its own address", "a link", "its text",
	    "the address of a medium", "a medium"};
	int said = 0;

	for (int i = 0; i < 5; i++)
		if (m->places & 1u << i)
			sb_printf(b, "%s%s", said++ > 0 ? ", " : " in ", words[i]);
}

static void
put_what(struct sb *b, const struct item_match *m)
{
	enum list_kind k = m->hit.list->kind;
	bool below = m->hit.len > 1 && m->key[m->hit.len - 1] == '*';

	if (k == LIST_DOMAIN)
		sb_printf(b, "domain %s", m->key[0] == '=' ? m->key + 1 : m->key);
	else if (k == LIST_URL)
		sb_printf(
		    b, "%s %.120s", below ? "an address below" : "address", m->key);
	else if (k == LIST_PDQ)
		sb_printf(b, "a picture that differs in %u of 256 bits from %s",
		    m->hit.distance, m->key);
	else
		sb_printf(b, "%s %s", list_kind_name(k), m->key);
}

bool
item_counts(struct item_work *w, const struct item_match *m, int64_t time, struct sb *b)
{
	const struct list_option *o = m->hit.option;
	const struct list *l = m->hit.list;
	size_t before;

	put_what(b, m);
	sb_printf(b, " is on the list %s (%.60s)", l->name, l->source);
	put_where(b, m);
	sb_printf(b, ": %s", m->example);
	if (o->parties != NULL)
		sb_printf(b, "; %.100s", o->parties);
	before = b->len;
	if (time != INT64_MIN && time >= l->expires)
		sb_printf(b, "; does not count: the list expired on %s", l->day);
	else if (is_off(m, time))
		put_off(b, o);
	else if (o->stand == LIST_DISPUTED)
		sb_puts(b, "; does not count: the parties disagree");
	else if (o->stand == LIST_SEED)
		sb_puts(b, "; does not count: nobody has confirmed it");
	else if (l->kind == LIST_PDQ && m->quality < (int32_t)l->quality)
		sb_printf(b, "; does not count: quality %d is below %u", m->quality,
		    l->quality);
	else if (o->share < LIST_WHOLE && !in_share(w, m))
		sb_printf(b, "; does not count: outside of its share of %g %%",
		    o->share / 100.0);
	return b->len == before;
}
