/* SPDX-License-Identifier: Apache-2.0 */
/* backtest_count: what candidate rules would have found, by rule and tenant; see
 * backtest.h.  Memory grows with what is found, not with what is read. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "tosctl/backtest.h"

/* --- numbers by number --- */

struct bt_map {
	struct slot {
		uint64_t key; /* + 1, 0: free */
		uint32_t value;
	} * v;
	size_t n, mask;
};

struct bt_map *
bt_map_new(void)
{
	struct bt_map *m = xcalloc(1, sizeof(*m));

	m->mask = 63;
	m->v = xcalloc(m->mask + 1, sizeof(*m->v));
	return m;
}

void
bt_map_free(struct bt_map **m)
{
	if (*m != NULL)
		free((*m)->v);
	free(*m);
	*m = NULL;
}

static struct slot *
map_slot(const struct bt_map *m, uint64_t key)
{
	/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
	 * (2014): its last step mixes all bits. */
	uint64_t h = key;
	size_t i;

	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9U;
	h = (h ^ h >> 27) * 0x94d049bb133111ebU;
	for (i = (h ^ h >> 31) & m->mask; m->v[i].key != 0 && m->v[i].key != key + 1;)
		i = (i + 1) & m->mask;
	return &m->v[i];
}

static void
map_grow(struct bt_map *m)
{
	struct bt_map old = *m;

	m->mask = 2 * m->mask + 1;
	m->v = xcalloc(m->mask + 1, sizeof(*m->v));
	for (size_t i = 0; i <= old.mask; i++)
		if (old.v[i].key != 0)
			*map_slot(m, old.v[i].key - 1) = old.v[i];
	free(old.v);
}

uint32_t
bt_map_add(struct bt_map *m, uint64_t key, uint32_t value, bool *fresh)
{
	struct slot *s;

	if (2 * m->n > m->mask)
		map_grow(m);
	s = map_slot(m, key);
	*fresh = s->key == 0;
	if (*fresh) {
		*s = (struct slot){key + 1, value};
		m->n++;
	}
	return s->value;
}

bool
bt_map_has(const struct bt_map *m, uint64_t key)
{
	return map_slot(m, key)->key != 0;
}

/* --- counting --- */

void
bt_count_init(struct bt_count *c, size_t nrules)
{
	*c = (struct bt_count){.nrules = nrules,
	    .rules = xcalloc(nrules + 1, sizeof(*c->rules)),
	    .most = 1,
	    .first_seen = CLOCK_NONE,
	    .last_seen = CLOCK_NONE,
	    .tenant_at = bt_map_new(),
	    .cell_at = bt_map_new(),
	    .pair_at = bt_map_new(),
	    .item_seen = bt_map_new(),
	    .item_hit = bt_map_new(),
	    .gone_at = bt_map_new()};
}

void
bt_count_clear(struct bt_count *c)
{
	for (size_t i = 0; i < c->nrules; i++)
		free(c->rules[i].revs);
	for (size_t i = 0; i < c->ngone; i++)
		free(c->gone[i].rule);
	free(c->rules);
	free(c->tenants);
	free(c->cells);
	free(c->pairs);
	free(c->gone);
	bt_map_free(&c->tenant_at);
	bt_map_free(&c->cell_at);
	bt_map_free(&c->pair_at);
	bt_map_free(&c->item_seen);
	bt_map_free(&c->item_hit);
	bt_map_free(&c->gone_at);
	memset(c, 0, sizeof(*c));
}

/* Room for one more of n. */
static void *
grow(void *v, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return v;
	return xrealloc(v, (n > 0 ? 2 * n : 1) * size);
}

/* Of 63 bits, since a map's keys end before its last number. */
static uint64_t
key_of(const char *s)
{
	return hash_text(s) >> 1;
}

uint32_t
bt_count_tenant(struct bt_count *c, const char *key)
{
	bool fresh;
	uint32_t at =
	    bt_map_add(c->tenant_at, key_of(key), (uint32_t)c->ntenants, &fresh);

	if (fresh) {
		c->tenants = grow(c->tenants, c->ntenants, sizeof(*c->tenants));
		c->tenants[c->ntenants] = (struct bt_tenant){0};
		snprintf(c->tenants[c->ntenants++].key, STORE_KEY, "%s", key);
	}
	return at;
}

static void
count_cell(struct bt_count *c, uint32_t tenant, const struct bt_revision *r,
    const struct bt_hit *h)
{
	bool fresh;
	uint32_t at = bt_map_add(
	    c->cell_at, (uint64_t)tenant << 32 | h->rule, (uint32_t)c->ncells, &fresh);
	struct bt_cell *x;

	if (fresh) {
		c->cells = grow(c->cells, c->ncells, sizeof(*c->cells));
		c->cells[c->ncells++] = (struct bt_cell){.tenant = tenant,
		    .rule = h->rule,
		    .first = r->time,
		    .last = r->time};
	}
	x = &c->cells[at];
	if (r->time < x->first)
		x->first = r->time;
	if (r->time > x->last)
		x->last = r->time;
	/* An item that says it again in its next revision is one item. */
	bt_map_add(c->item_seen, (uint64_t)r->item << 24 | h->rule, 0, &fresh);
	if (!fresh)
		return;
	x->items++;
	x->counting += h->lane != BT_LANE_NONE;
	x->sum += r->weight;
	x->squares += r->weight * r->weight;
}

static void
count_pair(struct bt_count *c, uint32_t a, uint32_t b)
{
	uint64_t key = (uint64_t)a << 32 | b;
	bool fresh;
	uint32_t at;

	/* Those that are counted are counted to the end. */
	if (c->npairs >= BT_PAIRS && !bt_map_has(c->pair_at, key)) {
		c->pairs_full = true;
		return;
	}
	at = bt_map_add(c->pair_at, key, (uint32_t)c->npairs, &fresh);
	if (fresh) {
		c->pairs = grow(c->pairs, c->npairs, sizeof(*c->pairs));
		c->pairs[c->npairs++] = (struct bt_pair){a, b, 0};
	}
	c->pairs[at].both++;
}

static void
count_rev(struct bt_rule *rule, uint32_t rev)
{
	size_t i = 0;

	while (i < rule->nrevs && rule->revs[i].rev != rev)
		i++;
	if (i == rule->nrevs) {
		rule->revs = grow(rule->revs, rule->nrevs, sizeof(*rule->revs));
		rule->revs[rule->nrevs++] = (struct bt_revs){rev, 0};
	}
	rule->revs[i].n++;
}

static void
count_gone(struct bt_count *c, const char *rule)
{
	bool fresh;
	uint32_t at;

	if (c->ngone >= BT_GONE && !bt_map_has(c->gone_at, key_of(rule)))
		return;
	at = bt_map_add(c->gone_at, key_of(rule), (uint32_t)c->ngone, &fresh);
	if (fresh) {
		c->gone = grow(c->gone, c->ngone, sizeof(*c->gone));
		c->gone[c->ngone++] = (struct bt_gone){xstrdup(rule), 0};
	}
	c->gone[at].n++;
}

static void
count_pairs(struct bt_count *c, const struct bt_revision *r)
{
	uint32_t n = r->nhits < BT_PAIR_HITS ? r->nhits : BT_PAIR_HITS;

	c->pairs_full |= n < r->nhits;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n; k++)
			if (r->hits[i].rule < r->hits[k].rule)
				count_pair(c, r->hits[i].rule, r->hits[k].rule);
}

static bool
fires(const struct bt_revision *r, uint32_t rule)
{
	for (uint32_t i = 0; i < r->nhits; i++)
		if (r->hits[i].rule == rule)
			return true;
	return false;
}

static bool
recorded(const struct bt_revision *r, const char *rule, uint32_t upto)
{
	for (uint32_t i = 0; i < upto; i++)
		if (strcmp(r->records[i].rule, rule) == 0)
			return true;
	return false;
}

/* Against what is on record, each rule once, whatever revisions of it found it. */
static void
compare(struct bt_count *c, const struct msg_rules *rules, const struct bt_revision *r)
{
	bool looked = bt_looked(r->reach);

	for (uint32_t i = 0; i < r->nrecords; i++) {
		const char *id = r->records[i].rule;
		int64_t at = id != NULL ? bt_rule_find(rules, id) : -1;

		if (at >= 0)
			count_rev(&c->rules[at], r->records[i].rev);
		if (id == NULL || recorded(r, id, i))
			continue;
		if (at < 0)
			count_gone(c, id);
		else if (!looked)
			c->rules[at].no_text++;
		else if (!fires(r, (uint32_t)at))
			c->rules[at].lost++;
	}
	for (uint32_t i = 0; i < r->nhits; i++) {
		struct bt_rule *rule = &c->rules[r->hits[i].rule];

		rule->revisions++;
		if (recorded(r, rules->v[r->hits[i].rule].rule, r->nrecords))
			rule->same++;
		else
			rule->fresh++;
	}
}

static void
count_seen(struct bt_count *c, uint32_t tenant, const struct bt_revision *r)
{
	struct bt_tenant *t = &c->tenants[tenant];

	c->revisions[r->reach]++;
	c->degraded += r->degraded;
	if (c->first_seen == CLOCK_NONE || r->seen < c->first_seen)
		c->first_seen = r->seen;
	if (c->last_seen == CLOCK_NONE || r->seen > c->last_seen)
		c->last_seen = r->seen;
	if (r->weight > c->most)
		c->most = r->weight;
	if (r->n != 1)
		return;
	/* An item is seen once: with its first revision. */
	t->items += bt_exposed(r->reach);
	c->items += bt_exposed(r->reach);
	t->outside += !bt_exposed(r->reach);
	c->outside += !bt_exposed(r->reach);
}

void
bt_count_add(
    struct bt_count *c, const struct msg_rules *rules, const struct bt_revision *r)
{
	bool fresh = false;
	uint32_t tenant;

	if (r->reach >= BT_REACHES)
		return;
	for (uint32_t i = 0; i < r->nhits; i++)
		if (r->hits[i].rule >= c->nrules)
			return; /* what a plugin may have broken counts for nothing */
	tenant = bt_count_tenant(c, r->tenant);
	count_seen(c, tenant, r);
	compare(c, rules, r);
	count_pairs(c, r);
	if (r->nhits == 0 || !bt_exposed(r->reach))
		return;
	for (uint32_t i = 0; i < r->nhits; i++)
		count_cell(c, tenant, r, &r->hits[i]);
	bt_map_add(c->item_hit, (uint64_t)r->item, 0, &fresh);
	c->tenants[tenant].hits += fresh;
}
