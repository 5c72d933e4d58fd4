/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past_main: makes a store with a past, by the store's own code, for tests and
 * measurements of what reads it again:
 *
 *	past_main PATH ITEMS DAYS [EVERY]
 *
 * ITEMS posts of twelve tenants, spread over DAYS that end at 2026-11-01, every EVERYth
 * (50) of them a threat; one in forty is edited later.  What the rule demo/threat in
 *its first revision found (every other threat) is on record.  The same arguments make
 *the same rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_history.h"

#define TENANTS 12
#define END ((int64_t)1793491200000) /* 2026-11-01T00:00:00Z */

static const char *const words[] = {"morning", "garden", "the", "rain", "engine", "a",
    "tomatoes", "who", "saw", "game", "with", "my", "bicycle", "and", "then", "over",
    "there", "letter", "from", "harbour", "quiet", "bread", "window", "they", "walked",
    "along", "river", "until", "evening", "nothing", "to", "report", "really", "good",
    "music", "at", "market", "yesterday", "some", "people", "said", "that", "price",
    "of", "wood", "is", "up", "again", "but", "we", "will", "see"};
#define NWORDS (sizeof(words) / sizeof(words[0]))

static uint64_t state;

static uint32_t
draw(uint32_t n)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 33) % n;
}

static void __attribute__((noreturn)) die(const struct err *e)
{
	fprintf(stderr, "past_main: %s\n", e->text);
	exit(1);
}

static char *
make_text(bool threat, unsigned long i)
{
	struct buf b = {0};
	uint32_t n = 20 + draw(40);

	for (uint32_t k = 0; k < n; k++) {
		if (threat && k == n / 2)
			buf_puts(&b, i % 3 == 0 ? "We will smash the greenhouse. "
						: "I will wreck your greenhouse. ");
		buf_printf(&b, "%s%s", words[draw(NWORDS)], k % 9 == 8 ? ". " : " ");
	}
	return buf_take(&b);
}

struct maker {
	struct store *s;
	uint64_t fences[STORE_SHARDS];
	char tenant[TENANTS][STORE_KEY];
	int64_t feed[TENANTS];
	unsigned long items, every;
	int64_t step;
};

static struct store_at
at_of(const struct maker *m, unsigned t)
{
	uint32_t shard = store_shard(m->tenant[t]);

	return (struct store_at){shard, m->fences[shard]};
}

static void
add_revision(struct maker *m, unsigned t, struct store_item *item, unsigned long i,
    int64_t seen, bool threat)
{
	struct store_at at = at_of(m, t);
	struct store_revision r = {.seen = seen,
	    .time = seen - 5 * CLOCK_MIN,
	    .entry = -1,
	    .state = INSPECT_PENDING};
	static char rule[] = "demo/threat", pack[] = "made", clause[] = "1.1",
		    category[] = "example", reason[] = "made";
	struct finding f = {.rule = rule,
	    .rev = 1,
	    .pack = pack,
	    .clause = clause,
	    .category = category,
	    .reason = reason,
	    .severity = SEVERITY_MEDIUM,
	    .score = 0.8,
	    .mode = MODE_SHADOW};
	struct err e = ERR_INIT;
	uint8_t d[DIGEST_LEN];

	item_init(&r.body);
	r.body.id = xasprintf("p%lu", i);
	r.body.url = xasprintf("https://t%u.example/%lu", t, i);
	r.body.text = make_text(threat, i);
	r.body.published = r.time;
	item_digest(&r.body, d);
	digest_hex(d, DIGEST_LEN, r.digest);
	memcpy(item->digest, r.digest, sizeof(item->digest));
	if (store_revision_add(m->s, &at, item, &r, &e) != 0 ||
	    store_revision_judged(m->s, &at, r.id, INSPECT_DONE, 1, "made", NULL, &e) !=
		0 ||
	    store_exposure_count(m->s, &at, m->tenant[t], seen, r.n == 1, 0, 0, &e) !=
		0)
		die(&e);
	if (threat && i % 2 == 0 &&
	    store_finding_add(m->s, &at, r.id, &f, false, seen, &e) != 0)
		die(&e);
	item_clear(&r.body);
}

static void
make_item(struct maker *m, unsigned long i)
{
	unsigned t = draw(TENANTS);
	bool threat = draw((uint32_t)m->every) == 0;
	int64_t seen = END - (int64_t)(m->items - i) * m->step;
	struct store_item item = {
	    .feed = m->feed[t], .guid = xasprintf("p%lu", i), .first_seen = seen};

	memcpy(item.tenant, m->tenant[t], sizeof(item.tenant));
	item.url = xasprintf("https://t%u.example/%lu", t, i);
	add_revision(m, t, &item, i, seen, threat);
	if (draw(40) == 0)
		add_revision(m, t, &item, i, seen + m->step / 2, false);
	store_item_clear(&item);
}

int
main(int argc, char **argv)
{
	struct maker m = {.every = 50};
	struct err e = ERR_INIT;
	char *url;

	if (argc < 4) {
		fprintf(stderr, "usage: past_main PATH ITEMS DAYS [EVERY]\n");
		return 2;
	}
	m.items = strtoul(argv[2], NULL, 10);
	m.step = (int64_t)(strtod(argv[3], NULL) * CLOCK_DAY) / (int64_t)(m.items + 1);
	if (argc > 4)
		m.every = strtoul(argv[4], NULL, 10);
	url = xasprintf("sqlite:%s", argv[1]);
	if (store_open(url, &m.s, &e) != 0 ||
	    store_claim(m.s, "engine", CLOCK_HOUR, m.fences, &e) != 0 ||
	    store_begin(m.s, &e) != 0)
		die(&e);
	for (unsigned t = 0; t < TENANTS; t++) {
		char *feed = xasprintf("https://t%u.example/feed", t);
		struct store_at at;
		bool fresh;

		snprintf(m.tenant[t], STORE_KEY, "%016x", 0xa0 + t);
		at = at_of(&m, t);
		if (store_feed_sync(
			m.s, &at, m.tenant[t], feed, END, &m.feed[t], &fresh, &e) != 0)
			die(&e);
		free(feed);
	}
	for (unsigned long i = 0; i < m.items; i++) {
		make_item(&m, i);
		if (i % 20000 == 19999 &&
		    (store_commit(m.s, &e) != 0 || store_begin(m.s, &e) != 0))
			die(&e);
	}
	if (store_commit(m.s, &e) != 0)
		die(&e);
	store_free(&m.s);
	free(url);
	return 0;
}
