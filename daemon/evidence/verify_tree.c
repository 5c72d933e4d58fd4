/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_tree: every bundle and every tile, from the left to the right.
 *
 * An entry whose hash is not the one in its tile leaves two suspects.  The tile above
 * holds the root over all 256; at the right edge the signed head does.  Whichever
 * suspect gives that root is good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/verify_in.h"

#define NAMED_MAX 8 /* entries of one bundle that are named one by one */

/* One bundle with its tile. */
struct piece {
	uint64_t index; /* of the tile */
	unsigned width;
	struct buf bundle, tile;
	char bundle_name[VERIFY_FILE], tile_name[VERIFY_FILE];
	bool tile_ok;	/* there, and of the right length */
	bool bundle_ok; /* there */
	unsigned whole; /* entries that could be read */
	const char *entry[TILE_WIDTH];
	size_t len[TILE_WIDTH];
	uint8_t leaf[TILE_BYTES]; /* of the entries that are there */
	bool differs[TILE_WIDTH];
	unsigned ndiffer;
};

/* Reads a tile or bundle; name is set to what was read, or should have been. */
static int
load(struct verify *v, int level, uint64_t index, unsigned width, struct buf *b,
    char name[VERIFY_FILE], unsigned *got)
{
	int rc = tile_load(v->log, level, index, width, b, got, NULL);
	char tile[TILE_NAME];

	snprintf(
	    name, VERIFY_FILE, "%s%s", v->prefix, tile_name(level, index, *got, tile));
	return rc;
}

static const char *
load_words(int rc)
{
	return rc == TOSD_ENOENT    ? "is missing"
	       : rc == TOSD_ETAMPER ? "is longer than it can be"
				    : "cannot be read";
}

/* A tile of the length that its name says; else says what is wrong. */
static bool
load_tile(struct verify *v, int level, uint64_t index, unsigned width, struct buf *b,
    char name[VERIFY_FILE], bool quiet)
{
	unsigned got;
	int rc = load(v, level, index, width, b, name, &got);
	bool ok = rc == 0 && b->len == (size_t)got * DIGEST_LEN;
	int64_t first = (int64_t)((index * TILE_WIDTH) << (8 * level));

	if (!ok && !quiet && rc == 0)
		verify_say(v, first, name, true, "the tile has %zu bytes instead of %u",
		    b->len, got * DIGEST_LEN);
	else if (!ok && !quiet)
		verify_say(v, first, name, !verify_denied(v, name), "the tile %s",
		    load_words(rc));
	return ok;
}

static void
load_bundle(struct verify *v, struct piece *p)
{
	unsigned got;
	int rc =
	    load(v, TILE_ENTRIES, p->index, p->width, &p->bundle, p->bundle_name, &got);
	const char *s = p->bundle.data, *end = s + p->bundle.len;
	int64_t first = (int64_t)(p->index * TILE_WIDTH);

	if (rc != 0) {
		verify_say(v, first, p->bundle_name, !verify_denied(v, p->bundle_name),
		    "the bundle of entries %s", load_words(rc));
		return;
	}
	p->bundle_ok = true;
	while (p->whole < p->width &&
	       tile_entry(&s, end, &p->entry[p->whole], &p->len[p->whole])) {
		merkle_leaf(p->entry[p->whole], p->len[p->whole],
		    p->leaf + (size_t)p->whole * DIGEST_LEN);
		p->whole++;
	}
	if (p->whole == p->width && s != end && got == p->width)
		verify_say(v, first + p->width - 1, p->bundle_name, true,
		    "%zu bytes follow the last entry", (size_t)(end - s));
}

static void
find_differences(struct piece *p)
{
	for (unsigned i = 0; p->tile_ok && i < p->whole; i++) {
		size_t at = (size_t)i * DIGEST_LEN;

		p->differs[i] =
		    memcmp(p->leaf + at, p->tile.data + at, DIGEST_LEN) != 0;
		p->ndiffer += p->differs[i];
	}
}

/* Would these leaves give what the tree above says?  What is above a full tile is a
 * hash in the next level; above the last one, the signed head. */
static bool
gives(struct verify *v, const struct piece *p, const uint8_t *leaves)
{
	uint8_t got[DIGEST_LEN];
	bool yes = false;

	if (p->width == TILE_WIDTH) {
		uint64_t above = p->index / TILE_WIDTH;
		size_t at = p->index % TILE_WIDTH;
		char name[VERIFY_FILE];
		struct buf b = {0};

		merkle_perfect(leaves, TILE_WIDTH, got);
		yes = load_tile(v, 1, above, tile_width(1, above, v->head.size), &b,
			  name, true) &&
		      memcmp(b.data + at * DIGEST_LEN, got, DIGEST_LEN) == 0;
		buf_free(&b);
	} else if (!v->doubt) {
		struct merkle_range *r = xmalloc(sizeof(*r));

		*r = v->range;
		for (unsigned i = 0; i < p->width; i++)
			merkle_range_add(r, leaves + (size_t)i * DIGEST_LEN);
		merkle_range_root(r, got);
		yes = memcmp(v->head.root, got, DIGEST_LEN) == 0;
		free(r);
	}
	return yes;
}

static unsigned
first_difference(const struct piece *p)
{
	unsigned i = 0;

	while (i < p->whole && !p->differs[i])
		i++;
	return i;
}

static void
say_entries(struct verify *v, const struct piece *p)
{
	unsigned named = 0, i;

	for (i = 0; i < p->whole && named < NAMED_MAX; i++) {
		if (!p->differs[i])
			continue;
		named++;
		verify_say(v, (int64_t)(p->index * TILE_WIDTH + i), p->bundle_name,
		    true, "the entry does not match its signed hash%s",
		    named == NAMED_MAX && p->ndiffer > named ? "; nor do more after it"
							     : "");
	}
}

/* Which side of the differences is good; names the other.  Returns the leaves to go
 * on with, or NULL if there are none. */
static const uint8_t *
judge(struct verify *v, struct piece *p)
{
	const uint8_t *tile = (const uint8_t *)p->tile.data;
	int64_t first = (int64_t)(p->index * TILE_WIDTH + first_difference(p));

	if (p->whole < p->width) {
		if (p->bundle_ok)
			verify_say(v, first, p->bundle_name, true,
			    "the bundle is broken: %u of %u entries can be read",
			    p->whole, p->width);
		return p->tile_ok ? tile : NULL;
	}
	if (!p->tile_ok)
		return p->leaf;
	if (p->ndiffer == 0)
		return p->leaf;
	if (gives(v, p, p->leaf)) {
		verify_say(v, first, p->tile_name, true,
		    "the tile does not have the hash of this entry, which is as "
		    "signed");
		memset(p->differs, 0, sizeof(p->differs));
		return p->leaf;
	}
	say_entries(v, p);
	if (gives(v, p, tile))
		return tile;
	verify_say(v, first, p->tile_name, true,
	    "the tile and the entries differ, and neither is as signed");
	return NULL;
}

static void
check_upper(struct verify *v, int level)
{
	uint64_t index = v->edge[level].index;
	unsigned n = v->edge[level].n;
	char name[VERIFY_FILE];
	struct buf b = {0};

	if (load_tile(v, level, index, n, &b, name, false))
		for (unsigned i = 0; i < n; i++) {
			size_t at = (size_t)i * DIGEST_LEN;

			if (memcmp(b.data + at, v->edge[level].hash + at, DIGEST_LEN) ==
			    0)
				continue;
			verify_say(v,
			    (int64_t)((index * TILE_WIDTH + i) << (8 * level)), name,
			    true, "hash %u of the tile is not that of the tile below",
			    i);
			break;
		}
	buf_free(&b);
}

/* Hands the root of a full tile up; tiles that this fills are checked. */
static void
carry(struct verify *v, const uint8_t *leaves)
{
	uint8_t root[DIGEST_LEN];

	merkle_perfect(leaves, TILE_WIDTH, root);
	for (int level = 1; level < TILE_LEVELS; level++) {
		memcpy(v->edge[level].hash + (size_t)v->edge[level].n++ * DIGEST_LEN,
		    root, DIGEST_LEN);
		if (v->edge[level].n < TILE_WIDTH)
			return;
		check_upper(v, level);
		merkle_perfect(v->edge[level].hash, TILE_WIDTH, root);
		v->edge[level].index++;
		v->edge[level].n = 0;
	}
}

/* Adds the leaves to the tree, looking at each head on the way. */
static void
add_leaves(struct verify *v, const struct piece *p, const uint8_t *leaves)
{
	static const uint8_t unknown[TILE_BYTES];

	if (leaves == NULL) {
		v->doubt = true;
		leaves = unknown;
	}
	for (unsigned i = 0; i < p->width; i++) {
		merkle_range_add(&v->range, leaves + (size_t)i * DIGEST_LEN);
		verify_heads_at(v);
	}
	if (p->width == TILE_WIDTH)
		carry(v, leaves);
}

static void
check_piece(struct verify *v, struct piece *p)
{
	const uint8_t *leaves;
	uint64_t first = p->index * TILE_WIDTH;

	p->tile_ok = load_tile(v, 0, p->index, p->width, &p->tile, p->tile_name, false);
	load_bundle(v, p);
	find_differences(p);
	leaves = judge(v, p);
	for (unsigned i = 0; i < p->width; i++) {
		const uint8_t *mine = p->leaf + (size_t)i * DIGEST_LEN;
		bool sure = i < p->whole && !p->differs[i];

		v->unread = v->unread || !sure;
		if (!sure && p->tile_ok)
			verify_doubt(
			    v, (uint8_t *)p->tile.data + (size_t)i * DIGEST_LEN);
		if (i < p->whole)
			verify_entry(v, first + i, p->entry[i], p->len[i], mine, sure);
	}
	v->r->entries += p->whole;
	add_leaves(v, p, leaves);
}

void
verify_tree(struct verify *v)
{
	struct piece *p = xcalloc(1, sizeof(*p));
	uint64_t tiles = v->head.size / TILE_WIDTH + (v->head.size % TILE_WIDTH > 0);

	verify_heads_at(v);
	for (uint64_t i = 0; i < tiles; i++) {
		struct buf bundle = p->bundle, tile = p->tile;

		buf_reset(&bundle);
		buf_reset(&tile);
		memset(p, 0, sizeof(*p));
		p->bundle = bundle;
		p->tile = tile;
		p->index = i;
		p->width = tile_width(0, i, v->head.size);
		check_piece(v, p);
	}
	for (int level = 1; level < TILE_LEVELS; level++)
		if (v->edge[level].n > 0)
			check_upper(v, level);
	buf_free(&p->bundle);
	buf_free(&p->tile);
	free(p);
}
