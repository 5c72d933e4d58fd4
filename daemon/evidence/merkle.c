/* SPDX-License-Identifier: Apache-2.0 */
/* merkle: RFC 6962 hash trees; see merkle.h.  The checks follow the algorithms of
 * RFC 9162 sections 2.1.3.2 and 2.1.4.2. */
#include "evidence/merkle.h"

#include <string.h>

void
merkle_leaf(const void *data, size_t n, uint8_t out[DIGEST_LEN])
{
	struct digest_part parts[] = {{"\0", 1}, {data, n}};

	digest_parts(parts, 2, out);
}

void
merkle_node(const uint8_t left[DIGEST_LEN], const uint8_t right[DIGEST_LEN],
    uint8_t out[DIGEST_LEN])
{
	uint8_t both[1 + 2 * DIGEST_LEN] = {1};

	memcpy(both + 1, left, DIGEST_LEN);
	memcpy(both + 1 + DIGEST_LEN, right, DIGEST_LEN);
	digest_sha256(both, sizeof(both), out);
}

void
merkle_range_add(struct merkle_range *r, const uint8_t leaf[DIGEST_LEN])
{
	uint8_t acc[DIGEST_LEN];
	unsigned k = 0;

	memcpy(acc, leaf, sizeof(acc));
	/* Adding one carries through the low bits that are set. */
	for (; r->size >> k & 1; k++)
		merkle_node(r->node[k], acc, acc);
	memcpy(r->node[k], acc, sizeof(acc));
	r->size++;
}

void
merkle_range_root(const struct merkle_range *r, uint8_t root[DIGEST_LEN])
{
	bool have = false;

	if (r->size == 0)
		digest_sha256("", 0, root);
	for (unsigned k = 0; k < 64; k++) {
		if (!(r->size >> k & 1))
			continue;
		if (have)
			merkle_node(r->node[k], root, root);
		else
			memcpy(root, r->node[k], DIGEST_LEN);
		have = true;
	}
}

void
merkle_perfect(const uint8_t *hashes, size_t n, uint8_t root[DIGEST_LEN])
{
	uint8_t row[128][DIGEST_LEN];

	if (n < 2) {
		memcpy(root, hashes, DIGEST_LEN);
		return;
	}
	for (size_t i = 0; i < n / 2; i++)
		merkle_node(hashes + 2 * i * DIGEST_LEN,
		    hashes + (2 * i + 1) * DIGEST_LEN, row[i]);
	for (n /= 2; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			merkle_node(row[2 * i], row[2 * i + 1], row[i]);
	memcpy(root, row[0], DIGEST_LEN);
}

/* The root of leaves [lo, hi), where lo is where a subtree of that many begins:
 * perfect subtrees from left to right, folded from the right. */
static int
span_root(const struct merkle_source *src, uint64_t lo, uint64_t hi,
    uint8_t out[DIGEST_LEN], struct err *e)
{
	uint8_t part[64][DIGEST_LEN];
	unsigned n = 0;
	int rc;

	do {
		unsigned k = 63 - __builtin_clzll(hi - lo);

		rc = src->node(src->ctx, k, lo >> k, part[n++], e);
		if (rc != 0)
			return rc;
		lo += (uint64_t)1 << k;
	} while (lo < hi);
	memcpy(out, part[--n], DIGEST_LEN);
	while (n > 0)
		merkle_node(part[--n], out, out);
	return 0;
}

/* The largest power of two below n, n > 1: where RFC 6962 splits a tree. */
static uint64_t
split_of(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

static void
proof_reverse(struct merkle_proof *p)
{
	uint8_t t[DIGEST_LEN];

	for (size_t i = 0; i < p->n / 2; i++) {
		memcpy(t, p->hash[i], sizeof(t));
		memcpy(p->hash[i], p->hash[p->n - 1 - i], sizeof(t));
		memcpy(p->hash[p->n - 1 - i], t, sizeof(t));
	}
}

int
merkle_inclusion(const struct merkle_source *src, uint64_t index, uint64_t size,
    struct merkle_proof *out, struct err *e)
{
	uint64_t lo = 0, hi = size;

	out->n = 0;
	if (index >= size)
		return err_set(e, TOSD_EINVAL,
		    "entry %llu is not in a tree of %llu entries",
		    (unsigned long long)index, (unsigned long long)size);
	while (hi - lo > 1) {
		uint64_t mid = lo + split_of(hi - lo);
		bool left = index < mid;
		int rc = span_root(
		    src, left ? mid : lo, left ? hi : mid, out->hash[out->n++], e);

		if (rc != 0)
			return rc;
		if (left)
			hi = mid;
		else
			lo = mid;
	}
	proof_reverse(out);
	return 0;
}

int
merkle_consistency(const struct merkle_source *src, uint64_t size1, uint64_t size2,
    struct merkle_proof *out, struct err *e)
{
	uint64_t lo = 0, hi = size2;
	int rc;

	out->n = 0;
	if (size1 == 0 || size1 > size2)
		return err_set(e, TOSD_EINVAL,
		    "no proof from a tree of %llu entries to one of %llu",
		    (unsigned long long)size1, (unsigned long long)size2);
	while (hi != size1) {
		uint64_t mid = lo + split_of(hi - lo);
		bool left = size1 <= mid;

		rc = span_root(
		    src, left ? mid : lo, left ? hi : mid, out->hash[out->n++], e);
		if (rc != 0)
			return rc;
		if (left)
			hi = mid;
		else
			lo = mid;
	}
	/* The old tree itself is known to whoever checks, a part of it is not. */
	if (lo != 0) {
		rc = span_root(src, lo, hi, out->hash[out->n++], e);
		if (rc != 0)
			return rc;
	}
	proof_reverse(out);
	return 0;
}

bool
merkle_inclusion_ok(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_LEN],
    const uint8_t *hashes, size_t n, const uint8_t root[DIGEST_LEN])
{
	uint8_t acc[DIGEST_LEN];
	uint64_t at = index, last = size - 1;

	if (index >= size)
		return false;
	memcpy(acc, leaf, sizeof(acc));
	for (size_t i = 0; i < n; i++, at >>= 1, last >>= 1) {
		const uint8_t *p = hashes + i * DIGEST_LEN;

		if (last == 0)
			return false;
		if (!(at & 1) && at != last) {
			merkle_node(acc, p, acc);
			continue;
		}
		merkle_node(p, acc, acc);
		for (; !(at & 1) && at != 0; at >>= 1)
			last >>= 1;
	}
	return last == 0 && memcmp(acc, root, sizeof(acc)) == 0;
}

bool
merkle_consistency_ok(uint64_t size1, uint64_t size2, const uint8_t root1[DIGEST_LEN],
    const uint8_t root2[DIGEST_LEN], const uint8_t *hashes, size_t n)
{
	uint8_t old[DIGEST_LEN], new[DIGEST_LEN];
	uint64_t at = size1 - 1, last = size2 - 1;
	size_t i = 0;

	if (size1 == 0 || size1 > size2)
		return false;
	if (size1 == size2)
		return n == 0 && memcmp(root1, root2, DIGEST_LEN) == 0;
	if (n == 0)
		return false;
	/* An old tree that is perfect is its own first node. */
	memcpy(old, (size1 & at) == 0 ? root1 : hashes, sizeof(old));
	i = (size1 & at) == 0 ? 0 : 1;
	memcpy(new, old, sizeof(new));
	for (; at & 1; at >>= 1)
		last >>= 1;
	for (; i < n; i++, at >>= 1, last >>= 1) {
		const uint8_t *p = hashes + i * DIGEST_LEN;

		if (last == 0)
			return false;
		if (!(at & 1) && at != last) {
			merkle_node(new, p, new);
			continue;
		}
		merkle_node(p, old, old);
		merkle_node(p, new, new);
		for (; !(at & 1) && at != 0; at >>= 1)
			last >>= 1;
	}
	return last == 0 && memcmp(old, root1, sizeof(old)) == 0 &&
	       memcmp(new, root2, sizeof(new)) == 0;
}
