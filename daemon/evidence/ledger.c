/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: appending, reading and proofs; see ledger.h.  ledger_open.c loads a log,
 * ledger_seal.c writes it. */
#include "evidence/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/later.h"
#include "evidence/ledger_in.h"

void
ledger_leaf(const void *entry, size_t n, uint8_t leaf[DIGEST_LEN])
{
	merkle_leaf(entry, n, leaf);
}

void
ledger_free(struct ledger **l)
{
	struct ledger *p = *l;

	if (p == NULL)
		return;
	later_free(&p->later);
	if (p->lock >= 0)
		close(p->lock);
	note_key_free(&p->check);
	buf_free(&p->bundle);
	buf_free(&p->old);
	free(p->dir);
	free(p->log);
	free(p);
	*l = NULL;
}

void
ledger_async(struct ledger *l)
{
	if (l->sync == FILE_SYNC)
		later_start(l->later);
}

uint64_t
ledger_size(const struct ledger *l)
{
	return l->range.size;
}

uint64_t
ledger_signed(const struct ledger *l)
{
	return l->head.size;
}

int
ledger_root(const struct ledger *l, uint8_t root[DIGEST_LEN])
{
	merkle_range_root(&l->range, root);
	return 0;
}

const struct note_key *
ledger_check_key(const struct ledger *l)
{
	return l->sign != NULL ? l->sign : l->check;
}

void
ledger_edge_add(struct ledger_edge *edge, const uint8_t hash[DIGEST_LEN])
{
	memcpy(edge->hash + (size_t)edge->n++ * DIGEST_LEN, hash, DIGEST_LEN);
}

int
ledger_append(struct ledger *l, uint64_t index, const void *entry, size_t n,
    uint8_t leaf[DIGEST_LEN], struct err *e)
{
	uint8_t hash[DIGEST_LEN];
	int rc;

	if (l->sign == NULL)
		return err_set(
		    e, TOSD_ESTATE, "log %s is open for reading only", l->log);
	if (index != l->range.size)
		return err_set(e, TOSD_ESTATE,
		    "entry %llu cannot come now: log %s has %llu",
		    (unsigned long long)index, l->log,
		    (unsigned long long)l->range.size);
	if (n > TILE_ENTRY_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "entry %llu has %zu bytes, over the limit of "
		    "%d",
		    (unsigned long long)index, n, TILE_ENTRY_MAX);
	if (l->edge[0].n == TILE_WIDTH && (rc = ledger_flush(l, 0, e)) != 0)
		return rc;
	merkle_leaf(entry, n, hash);
	merkle_range_add(&l->range, hash);
	ledger_edge_add(&l->edge[0], hash);
	tile_entry_put(&l->bundle, entry, n);
	if (leaf != NULL)
		memcpy(leaf, hash, sizeof(hash));
	return 0;
}

/* Reads a full bundle and checks each entry against its tile. */
static int
load_old(struct ledger *l, uint64_t index, struct err *e)
{
	struct buf tile = {0};
	const char *p, *end, *entry;
	uint8_t leaf[DIGEST_LEN];
	size_t n;
	int rc;

	l->old_n = 0;
	buf_reset(&l->old);
	rc = tile_read(l->log, 0, index, TILE_WIDTH, &tile, e);
	if (rc == 0)
		rc = tile_read_bundle(l->log, index, TILE_WIDTH, &l->old, e);
	/* A signed entry without its file is tampering, not absence. */
	if (rc == TOSD_ENOENT)
		rc = err_set(e, TOSD_ETAMPER,
		    "log %s: a file of entries %llu to %llu is "
		    "missing",
		    l->log, (unsigned long long)index * TILE_WIDTH,
		    (unsigned long long)index * TILE_WIDTH + TILE_WIDTH - 1);
	p = l->old.data;
	end = p + l->old.len;
	for (unsigned i = 0; rc == 0 && i < TILE_WIDTH; i++) {
		bool whole = tile_entry(&p, end, &entry, &n);

		if (whole)
			merkle_leaf(entry, n, leaf);
		if (!whole ||
		    memcmp(leaf, tile.data + (size_t)i * DIGEST_LEN, DIGEST_LEN) != 0)
			rc = err_set(e, TOSD_ETAMPER,
			    "log %s: entry %llu does not match "
			    "its hash; run tosctl evidence verify",
			    l->log, (unsigned long long)(index * TILE_WIDTH + i));
	}
	if (rc == 0) {
		l->old_index = index;
		l->old_n = TILE_WIDTH;
	}
	buf_free(&tile);
	return rc;
}

int
ledger_read(struct ledger *l, uint64_t index, struct buf *b, struct err *e)
{
	const struct buf *from = &l->bundle;
	uint64_t bundle = index / TILE_WIDTH;
	const char *p, *end, *entry = NULL;
	size_t n = 0;
	int rc;

	if (index >= l->range.size)
		return err_set(e, TOSD_ENOENT, "log %s has no entry %llu: it has %llu",
		    l->log, (unsigned long long)index,
		    (unsigned long long)l->range.size);
	if (bundle != l->edge[0].index) {
		from = &l->old;
		if ((l->old_n == 0 || l->old_index != bundle) &&
		    (rc = load_old(l, bundle, e)) != 0)
			return rc;
	}
	p = from->data;
	end = p + from->len;
	for (unsigned i = 0; i <= index % TILE_WIDTH; i++)
		if (!tile_entry(&p, end, &entry, &n))
			return err_set(e, TOSD_ETAMPER,
			    "log %s: the bundle of entry %llu is "
			    "cut off",
			    l->log, (unsigned long long)index);
	buf_put(b, entry, n);
	return 0;
}

static int
sealed_check(const struct ledger *l, uint64_t size, struct err *e)
{
	if (size <= l->head.size)
		return 0;
	return err_set(e, TOSD_ESTATE, "log %s is sealed up to %llu entries, not %llu",
	    l->log, (unsigned long long)l->head.size, (unsigned long long)size);
}

int
ledger_inclusion(struct ledger *l, uint64_t index, uint64_t size,
    struct merkle_proof *out, struct err *e)
{
	struct tile_source files = {l->log, l->head.size};
	struct merkle_source src = {tile_node, &files};
	int rc = sealed_check(l, size, e);

	return rc != 0 ? rc : merkle_inclusion(&src, index, size, out, e);
}

int
ledger_consistency(struct ledger *l, uint64_t size1, uint64_t size2,
    struct merkle_proof *out, struct err *e)
{
	struct tile_source files = {l->log, l->head.size};
	struct merkle_source src = {tile_node, &files};
	int rc = sealed_check(l, size2, e);

	return rc != 0 ? rc : merkle_consistency(&src, size1, size2, out, e);
}
