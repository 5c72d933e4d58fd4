/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tamper: faults planted in a clean record: each must be found, with the file
 * (and the entry) where it is, and no other file may be accused.
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/tile.h"
#include "evidence_said.h"

/* --- the files of a record */

struct list {
	char *rel[512];
	uint64_t size[512];
	unsigned n;
	uint64_t bytes;
};

static struct list *listing;
static size_t listing_root;

static int
list_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type != FTW_F || st->st_size == 0 || listing->n == 512)
		return 0;
	listing->rel[listing->n] = xstrdup(path + listing_root + 1);
	listing->size[listing->n++] = (uint64_t)st->st_size;
	listing->bytes += (uint64_t)st->st_size;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_files(const char *dir, struct list *l)
{
	memset(l, 0, sizeof(*l));
	listing = l;
	listing_root = strlen(dir);
	CU_ASSERT_EQUAL(nftw(dir, list_one, 16, FTW_PHYS), 0);
	/* Folders have no order of their own; the faults should have one. */
	qsort(l->rel, l->n, sizeof(l->rel[0]), by_name);
	for (unsigned i = 0; i < l->n; i++) {
		char *path = xasprintf("%s/%s", dir, l->rel[i]);
		struct stat st;

		CU_ASSERT_EQUAL(stat(path, &st), 0);
		l->size[i] = (uint64_t)st.st_size;
		free(path);
	}
}

static void
list_free(struct list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->rel[i]);
}

/* The entry that a byte of a bundle or a level-0 tile belongs to; -1: other files. */
static int64_t
entry_at(const char *dir, const char *rel, uint64_t byte)
{
	char *path = xasprintf("%s/%s", dir, rel);
	const char *p, *entry;
	struct buf b = {0};
	int64_t at = -1;
	uint64_t index;
	unsigned width;
	size_t n;
	int level;

	if (strncmp(rel, "log/tile/", 9) != 0 ||
	    !tile_name_parse(rel + 4, &level, &index, &width) || level > 0)
		goto out;
	at = (int64_t)(index * TILE_WIDTH);
	if (level == 0) {
		at += (int64_t)(byte / DIGEST_LEN);
		goto out;
	}
	if (file_read(path, TILE_BUNDLE_MAX, &b, NULL) != 0)
		abort();
	for (p = b.data; tile_entry(&p, b.data + b.len, &entry, &n); at++)
		if (byte < (uint64_t)(p - b.data))
			break;
out:
	buf_free(&b);
	free(path);
	return at;
}

/* splitmix64, so that a failure can be repeated. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* --- faults */

#define FLIPS 2000

/* Half of them anywhere, half of them in a file chosen first, so that small files
 * get their share. */
static void
test_flips(void)
{
	static struct list l;
	struct build b;
	uint64_t seed = 20261122;
	unsigned missed = 0, others = 0;

	build_sample(&b, log_scratch());
	build_close(&b);
	list_files(b.dir, &l);
	for (unsigned i = 0; i < FLIPS; i++) {
		uint64_t at = next_random(&seed) % l.bytes, file = 0, bit;
		struct said s = {0};
		char *path;

		while (at >= l.size[file])
			at -= l.size[file++];
		if (i % 2 == 0)
			file = next_random(&seed) % l.n;
		bit = next_random(&seed) % (l.size[file] * 8);
		path = xasprintf("%s/%s", b.dir, l.rel[file]);
		s.want = l.rel[file];
		s.index = entry_at(b.dir, s.want, bit / 8);
		log_flip(path, bit);
		if (check(b.dir, &s, NULL) != TOSD_ETAMPER || !s.named_index)
			want_named(b.dir, s.want, s.index, &missed);
		others += s.others > 0;
		log_flip(path, bit);
		free(path);
	}
	CU_ASSERT_EQUAL(missed, 0);
	/* One fault, one file: nothing else is accused. */
	CU_ASSERT_EQUAL(others, 0);
	printf("(%u flips over %u files, %u missed, %u accused others) ", FLIPS, l.n,
	    missed, others);
	want(b.dir, 0);
	list_free(&l);
	log_scratch_free(b.dir);
}

static void
put_back(const char *dir, const char *rel, const struct buf *b)
{
	char *path = xasprintf("%s/%s", dir, rel);

	if (file_write(path, b->data, b->len, 0600, FILE_NOSYNC, NULL) != 0)
		abort();
	free(path);
}

/* Every file cut to nothing, in the middle and by a byte, made longer, and removed. */
static void
test_cuts(void)
{
	static struct list l;
	struct build b;
	unsigned missed = 0;

	build_sample(&b, log_scratch());
	build_close(&b);
	list_files(b.dir, &l);
	for (unsigned i = 0; i < l.n; i++) {
		char *path = xasprintf("%s/%s", b.dir, l.rel[i]);
		uint64_t sizes[] = {0, l.size[i] / 2, l.size[i] - 1, l.size[i] + 1};
		bool older = strncmp(l.rel[i], "log/checkpoints/", 16) == 0;
		struct buf old = {0};

		if (file_read(path, 1 << 24, &old, NULL) != 0)
			abort();
		for (unsigned k = 0; k < 4; k++) {
			if (truncate(path, (off_t)sizes[k]) != 0)
				abort();
			want_named(b.dir, l.rel[i], -1, &missed);
			put_back(b.dir, l.rel[i], &old);
		}
		unlink(path);
		/* The key was handed in, and no list says which older heads there were:
		 * these two may go. */
		if (!older && strcmp(l.rel[i], "log.vkey") != 0)
			want_named(b.dir, l.rel[i], -1, &missed);
		put_back(b.dir, l.rel[i], &old);
		buf_free(&old);
		free(path);
	}
	CU_ASSERT_EQUAL(missed, 0);
	want(b.dir, 0);
	list_free(&l);
	log_scratch_free(b.dir);
}

/* Cut where a record ends, so that what is left is well-formed. */
static void
test_cuts_between(void)
{
	struct build b;
	struct buf old = {0};
	char rel[TILE_NAME + 8] = "log/", *path;
	const char *p, *entry;
	unsigned missed = 0, k = 0;
	size_t n;

	build_sample(&b, log_scratch());
	tile_name(
	    TILE_ENTRIES, 2, (unsigned)(ledger_size(b.ledger) % TILE_WIDTH), rel + 4);
	build_close(&b);
	path = xasprintf("%s/%s", b.dir, rel);
	CU_ASSERT_EQUAL_FATAL(file_read(path, 1 << 24, &old, NULL), 0);
	for (p = old.data; p < old.data + old.len; k++) {
		if (truncate(path, p - old.data) != 0)
			abort();
		want_named(b.dir, rel, 512 + k, &missed);
		put_back(b.dir, rel, &old);
		if (!tile_entry(&p, old.data + old.len, &entry, &n))
			abort();
	}
	CU_ASSERT_TRUE(k > 50);
	CU_ASSERT_EQUAL(missed, 0);
	want(b.dir, 0);
	buf_free(&old);
	free(path);
	log_scratch_free(b.dir);
}

/* Swaps entry k with the next one, in the bytes of a bundle. */
static void
swap_entries(struct buf *b, unsigned k)
{
	const char *p = b->data, *end = b->data + b->len, *entry, *one, *two;
	struct buf out = {0};
	size_t n;

	for (unsigned i = 0; i < k; i++)
		tile_entry(&p, end, &entry, &n);
	one = p;
	tile_entry(&p, end, &entry, &n);
	two = p;
	tile_entry(&p, end, &entry, &n);
	buf_put(&out, b->data, one - b->data);
	buf_put(&out, two, p - two);
	buf_put(&out, one, two - one);
	buf_put(&out, p, end - p);
	buf_free(b);
	*b = out;
}

static void
swap_hashes(struct buf *b, unsigned k)
{
	char t[DIGEST_LEN], *at = b->data + (size_t)k * DIGEST_LEN;

	memcpy(t, at, DIGEST_LEN);
	memcpy(at, at + DIGEST_LEN, DIGEST_LEN);
	memcpy(at + DIGEST_LEN, t, DIGEST_LEN);
}

static void
test_swaps(void)
{
	struct build b;
	uint64_t size;
	unsigned missed = 0, done = 0;

	build_sample(&b, log_scratch());
	size = ledger_size(b.ledger);
	build_close(&b);
	for (unsigned i = 0; i < size; i++) {
		for (int level = TILE_ENTRIES; level <= 0; level++) {
			char rel[TILE_NAME + 8] = "log/", *path;
			unsigned width = tile_width(level, i / 256, size);
			struct buf old = {0}, new = {0};

			/* Hashes have one length each: a third of them will do. */
			if (i % 256 + 1 >= width || (level == 0 && i % 3 != 0))
				continue;
			tile_name(level, i / 256, width, rel + 4);
			path = xasprintf("%s/%s", b.dir, rel);
			if (file_read(path, 1 << 24, &old, NULL) != 0)
				abort();
			buf_put(&new, old.data, old.len);
			if (level == 0)
				swap_hashes(&new, i % 256);
			else
				swap_entries(&new, i % 256);
			put_back(b.dir, rel, &new);
			want_named(b.dir, rel, i, &missed);
			put_back(b.dir, rel, &old);
			buf_free(&old);
			buf_free(&new);
			free(path);
			done++;
		}
	}
	CU_ASSERT_EQUAL(missed, 0);
	CU_ASSERT_TRUE(done > 750);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

static void
test_swapped_files(void)
{
	struct build b;
	unsigned missed = 0;

	build_sample(&b, log_scratch());
	build_close(&b);
	/* Two notices with their salts, each sound by itself. */
	run(b.dir, "set -- $(find notices -name '*.eml' | sort | head -2); "
		   "mv $1 t; mv $2 $1; mv t $2; "
		   "mv $1.salt t; mv $2.salt $1.salt; mv t $2.salt");
	want(b.dir, TOSD_ETAMPER);
	run(b.dir, "set -- $(find notices -name '*.eml' | sort | head -2); "
		   "mv $1 t; mv $2 $1; mv t $2; "
		   "mv $1.salt t; mv $2.salt $1.salt; mv t $2.salt");
	want(b.dir, 0);
	run(b.dir, "cd log/checkpoints; cp 100.note t; cp 220.note 100.note");
	want_named(b.dir, "log/checkpoints/100.note", -1, &missed);
	run(b.dir,
	    "cd log/checkpoints; mv t 100.note; cp ../checkpoint .. 2>/dev/null; true");
	CU_ASSERT_EQUAL(missed, 0);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

static const struct suite_test tests[] = {
    {"single changed bits", test_flips},
    {"files cut, made longer, removed", test_cuts},
    {"bundles cut between entries", test_cuts_between},
    {"neighbours swapped", test_swaps},
    {"files swapped", test_swapped_files},
};

SUITE_MAIN("tamper", tests)
