/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tamper: faults planted in a clean record: each must be found, with the file
 * (and the entry) where it is, and nothing may be found where nothing is.
 */
#include <dirent.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/place.h"
#include "evidence/tile.h"
#include "evidence/verify.h"
#include "evidence_build.h"

/* --- what a verification said */

struct said {
	const char *want;	 /* the file that should be named */
	int64_t index;		 /* with this entry; -1: any */
	bool named, named_index; /* it was, as tampered or incomplete */
	unsigned others;	 /* tampering named in other files */
	bool loud;
};

static void
listen(void *ctx, const struct verify_problem *p)
{
	struct said *s = ctx;
	bool it = s->want != NULL && strcmp(s->want, p->file) == 0;

	s->named = s->named || it;
	s->named_index = s->named_index || (it && (s->index < 0 || p->index == s->index));
	s->others += !it && p->tamper;
	if (s->loud)
		fprintf(stderr, "  %s %s %lld: %s\n", p->tamper ? "T" : "i", p->file,
		    (long long)p->index, p->what);
}

static int
check(const char *dir, struct said *s, struct verify_result *r)
{
	struct verify_options o = {.dir = dir, .vkey = BUILD_VKEY, .report = listen, .ctx = s};
	struct verify_result mine;

	return evidence_verify(&o, r != NULL ? r : &mine, NULL);
}

/* Verified, with this answer; shows why if not. */
static void
want(const char *dir, int rc)
{
	struct said s = {0};

	if (check(dir, &s, NULL) != rc) {
		s.loud = true;
		fprintf(stderr, "%s: wanted %d, got:\n", dir, rc);
		check(dir, &s, NULL);
	}
	CU_ASSERT_EQUAL(check(dir, &s, NULL), rc);
}

/* A fault in this file (relative) must be called tampering and named. */
static void
want_named(const char *dir, const char *file, int64_t index, unsigned *missed)
{
	struct said s = {.want = file, .index = index};

	if (check(dir, &s, NULL) == TOSD_ETAMPER && s.named_index)
		return;
	(*missed)++;
	fprintf(stderr, "missed in %s (entry %lld):\n", file, (long long)index);
	s.loud = true;
	check(dir, &s, NULL);
}

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

/* --- clean records */

static void
test_clean(void)
{
	struct build b;
	struct verify_result r;
	struct said s = {.loud = true};

	build_sample(&b, log_scratch());
	CU_ASSERT_EQUAL(check(b.dir, &s, &r), 0);
	CU_ASSERT_EQUAL(r.entries, ledger_size(b.ledger));
	CU_ASSERT_TRUE(r.entries >= 590 && b.files >= 18);
	CU_ASSERT_EQUAL(r.files_checked, b.files);
	CU_ASSERT_EQUAL(r.erased, 1);
	CU_ASSERT_EQUAL(r.heads, 8);
	CU_ASSERT_FALSE(r.own_key);
	build_close(&b);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

/* No false alarms, whatever the sizes. */
static void
test_clean_many(void)
{
	uint64_t seed = 99;

	for (unsigned i = 0; i < 60; i++) {
		struct build b;

		build_open(&b, log_scratch());
		want(b.dir, 0);
		for (unsigned k = 0; k < 4; k++) {
			build_fill(&b, next_random(&seed) % (k == 3 ? 600 : 30), 40);
			want(b.dir, 0);
		}
		build_close(&b);
		log_scratch_free(b.dir);
	}
}

static void
test_given_sample(void)
{
	char *dir, *cmd, *path;
	struct verify_options o = {0};
	struct verify_result r;
	struct buf key = {0};

	if (log_data() == NULL)
		return;
	dir = log_scratch();
	cmd = xasprintf("ln -s %s/tlog_tiles_sample %s/log", log_data(), dir);
	path = xasprintf("%s/tlog_tiles_sample/vkey", log_data());
	CU_ASSERT_EQUAL(system(cmd), 0);
	CU_ASSERT_EQUAL_FATAL(file_read(path, 1000, &key, NULL), 0);
	o.vkey = strtok(key.data, "\n");
	o.dir = dir;
	/* As a log in a state folder the foreign file `vkey` is left over. */
	CU_ASSERT_TRUE(evidence_verify(&o, &r, NULL) != TOSD_ETAMPER);
	CU_ASSERT_EQUAL(r.entries, 700);
	CU_ASSERT_EQUAL(r.tampered, 0);
	free(path);
	path = xasprintf("%s/tlog_tiles_sample", log_data());
	o.dir = path;
	CU_ASSERT_EQUAL(evidence_verify(&o, &r, NULL), 0);
	CU_ASSERT_EQUAL(r.entries, 700);
	buf_free(&key);
	free(path);
	free(cmd);
	log_scratch_free(dir);
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
	printf("(%u flips over %u files, %u missed, %u accused others) ", FLIPS, l.n, missed,
	    others);
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
	tile_name(TILE_ENTRIES, 2, (unsigned)(ledger_size(b.ledger) % TILE_WIDTH), rel + 4);
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

			if (i % 256 + 1 >= width)
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
	CU_ASSERT_TRUE(done > 1100);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

static void
run(const char *dir, const char *cmd)
{
	char *all = xasprintf("cd '%s' && { %s; }", dir, cmd);

	if (system(all) != 0) {
		fprintf(stderr, "failed: %s\n", all);
		abort();
	}
	free(all);
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
	run(b.dir, "cd log/checkpoints; mv t 100.note; cp ../checkpoint .. 2>/dev/null; true");
	CU_ASSERT_EQUAL(missed, 0);
	want(b.dir, 0);
	log_scratch_free(b.dir);
}

/* --- history */

static int
check_anchor(const char *dir, const char *anchor)
{
	struct said s = {0};
	struct verify_options o = {.dir = dir, .vkey = BUILD_VKEY, .report = listen, .ctx = &s,
	    .anchor = anchor};
	struct verify_result r;

	return evidence_verify(&o, &r, NULL);
}

static void
test_rollback(void)
{
	struct build b;
	char *old = log_scratch(), *anchor;

	build_open(&b, log_scratch());
	build_fill(&b, 300, 50);
	anchor = xasprintf("%s/anchor", b.dir);
	run(b.dir, "cp log/checkpoint anchor");
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), 0);
	run(old, "true");
	{
		char *cmd = xasprintf("cp -a %s/. %s/.", b.dir, old);

		run(old, cmd);
		free(cmd);
	}
	build_fill(&b, 100, 50);
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), 0);
	run(b.dir, "cp log/checkpoint anchor");
	build_close(&b);
	/* Put back whole: only what was kept elsewhere can say so. */
	want(old, 0);
	CU_ASSERT_EQUAL(check_anchor(old, anchor), TOSD_ETAMPER);
	/* Put back in part: the newer head was forgotten. */
	run(b.dir, "cp log/checkpoints/300.note log/checkpoint");
	want(b.dir, TOSD_ETAMPER);
	/* An anchor that is none is a mistake, not tampering. */
	run(b.dir, "echo x > anchor");
	CU_ASSERT_EQUAL(check_anchor(old, anchor), TOSD_EINVAL);
	free(anchor);
	log_scratch_free(old);
	log_scratch_free(b.dir);
}

/* The holder of the key writes another history. */
static void
test_fork(void)
{
	struct build a, b;
	char *anchor, *cmd;

	build_open(&a, log_scratch());
	log_append_plain(a.ledger, 100);
	ledger_seal(a.ledger, NULL);
	anchor = xasprintf("%s/log/checkpoint", a.dir);
	build_open(&b, log_scratch());
	log_append_plain(b.ledger, 50);
	build_entry(&b, json_pack("{s:s}", "kind", "other"), -1);
	log_append_plain(b.ledger, 100);
	ledger_seal(b.ledger, NULL);
	want(b.dir, 0);
	CU_ASSERT_EQUAL(check_anchor(b.dir, anchor), TOSD_ETAMPER);
	cmd = xasprintf("cp %s log/checkpoints/100.note", anchor);
	run(b.dir, cmd);
	want(b.dir, TOSD_ETAMPER);
	free(cmd);
	free(anchor);
	build_close(&a);
	build_close(&b);
	log_scratch_free(a.dir);
	log_scratch_free(b.dir);
}

/* Signed as it is, but not what an entry may be. */
static void
test_bad_entries(void)
{
	static const char *const bad[] = {
	    "{'kind':'x','seq':3}", "{'kind':'x','t':'2020-01-01T00:00:00Z'}",
	    "{'kind':'x','t':'2026-11-22T13:00:10'}",
	    "{'kind':'x','t':'2026-11-22T14:00:20+01:00'}", "{'kind':''}",
	    "{'kind':'x','file':'../x','commit':'','bytes':1}",
	    "{'kind':'x','file':'notices/x','bytes':1}", "{'kind':'erasure'}",
	    "{'kind':'erasure','erased':'notices/none'}",
	    "{'kind':'x','case':'c','prev':'00'}", "{'kind':'x','case':'c'}",
	    "{'kind':'x','case':'2026-000001','prev':"
	    "'0000000000000000000000000000000000000000000000000000000000000000'}"};
	unsigned missed = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = xstrdup(bad[i]);
		struct build b;

		for (char *p = text; *p != '\0'; p++)
			if (*p == '\'')
				*p = '"';
		build_open(&b, log_scratch());
		for (unsigned k = 0; k < 10; k++)
			build_entry(&b, json_pack("{s:s}", "kind", "recheck"), (int)k % 2);
		build_entry(&b, json_loads(text, 0, NULL), -1);
		build_entry(&b, json_pack("{s:s}", "kind", "poll"), -1);
		ledger_seal(b.ledger, NULL);
		want_named(b.dir, "log/tile/entries/000.p/12", 10, &missed);
		build_close(&b);
		log_scratch_free(b.dir);
		free(text);
	}
	CU_ASSERT_EQUAL(missed, 0);
}

static void
test_incomplete(void)
{
	struct build b;
	struct vault_ref ref;

	build_open(&b, log_scratch());
	build_fill(&b, 100, 30);
	want(b.dir, 0);
	/* Kept, but the process died before its entry. */
	vault_put_bytes(b.vault, "notices/2026-000009/1.eml", "x", 1, &ref, NULL);
	want(b.dir, TOSD_ESTATE);
	build_entry(&b, build_commit("notice", &ref), -1);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	want(b.dir, 0);
	/* Full tiles that no head covers. */
	log_append_plain(b.ledger, 150);
	want(b.dir, 0);
	log_append_plain(b.ledger, 250);
	want(b.dir, TOSD_ESTATE);
	CU_ASSERT_EQUAL(ledger_seal(b.ledger, NULL), 0);
	want(b.dir, 0);
	run(b.dir, "echo x > evidence/y.part");
	want(b.dir, TOSD_ESTATE);
	run(b.dir, "rm evidence/y.part; mkfifo evidence/pipe");
	want(b.dir, TOSD_ESTATE);
	run(b.dir, "rm evidence/pipe; rm log/checkpoints/501.note");
	want(b.dir, TOSD_ESTATE);
	/* An older head's partial tile: sound, then changed. */
	run(b.dir, "cp log/checkpoint log/checkpoints/501.note; mkdir log/tile/0/000.p;"
		   "head -c 3200 log/tile/0/000 > log/tile/0/000.p/100");
	want(b.dir, 0);
	{
		char *path = xasprintf("%s/log/tile/0/000.p/100", b.dir);

		log_flip(path, 5000);
		want(b.dir, TOSD_ETAMPER);
		free(path);
	}
	build_close(&b);
	log_scratch_free(b.dir);
}

static void
test_erased(void)
{
	struct verify_result r;
	struct said s = {0};
	struct vault_ref ref;
	struct build b;
	unsigned missed = 0;

	build_open(&b, log_scratch());
	vault_put_bytes(b.vault, "notices/a", "x", 1, &ref, NULL);
	build_entry(&b, build_commit("notice", &ref), -1);
	ledger_seal(b.ledger, NULL);
	run(b.dir, "cp notices/a.salt s; rm notices/a notices/a.salt");
	want_named(b.dir, "notices/a", 0, &missed);
	build_entry(&b, json_pack("{s:s, s:s}", "kind", "erasure", "erased", "notices/a"), -1);
	ledger_seal(b.ledger, NULL);
	CU_ASSERT_EQUAL(check(b.dir, &s, &r), 0);
	CU_ASSERT_EQUAL(r.erased, 1);
	run(b.dir, "cp s notices/a.salt");
	want(b.dir, TOSD_ESTATE);
	run(b.dir, "echo y > notices/a");
	want(b.dir, TOSD_ETAMPER);
	CU_ASSERT_EQUAL(missed, 0);
	build_close(&b);
	log_scratch_free(b.dir);
}

/* --- the command */

static int
command(const char *dir, const char *args, char *out, size_t cap)
{
	const char *top = getenv("builddir");
	char *cmd = xasprintf("%s/tests/evidence_main %s %s 2>&1",
	    top != NULL ? top : TOSD_BUILDDIR, args, dir);
	FILE *f = popen(cmd, "r");
	size_t n = f != NULL ? fread(out, 1, cap - 1, f) : 0;
	int rc = f != NULL ? pclose(f) : -1;

	out[n] = '\0';
	free(cmd);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static void
test_command(void)
{
	static char out[1 << 16];
	struct build b;
	char *path;

	build_sample(&b, log_scratch());
	build_close(&b);
	CU_ASSERT_EQUAL(command(b.dir, "verify", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "log.vkey"));
	CU_ASSERT_EQUAL(command(b.dir, "verify --vkey " BUILD_VKEY, out, sizeof(out)), 0);
	CU_ASSERT_PTR_NULL(strstr(out, "log.vkey"));
	CU_ASSERT_EQUAL(command(b.dir, "show 5", out, sizeof(out)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"seq\":5"));
	CU_ASSERT_EQUAL(command(b.dir, "show 5000", out, sizeof(out)), 1);
	CU_ASSERT_EQUAL(command(b.dir, "verify --vkey x", out, sizeof(out)), 3);
	CU_ASSERT_EQUAL(command("/nonexistent", "verify", out, sizeof(out)), 3);
	CU_ASSERT_EQUAL(command("", "verify --bad", out, sizeof(out)), 3);
	CU_ASSERT_EQUAL(command("", "nothing", out, sizeof(out)), 2);
	run(b.dir, "echo x > evidence/stray");
	CU_ASSERT_EQUAL(command(b.dir, "verify", out, sizeof(out)), 2);
	path = xasprintf("%s/log/tile/entries/001", b.dir);
	log_flip(path, 800);
	CU_ASSERT_EQUAL(command(b.dir, "verify --json", out, sizeof(out)), 1);
	for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		json_t *j = json_loads(line, 0, NULL);

		CU_ASSERT_PTR_NOT_NULL(j);
		json_decref(j);
	}
	free(path);
	path = xasprintf("%s/key", b.dir);
	CU_ASSERT_EQUAL(command(path, "key --new tosd.test/new", out, sizeof(out)), 0);
	CU_ASSERT_EQUAL(strncmp(out, "tosd.test/new+", 14), 0);
	CU_ASSERT_EQUAL(command(path, "key --new tosd.test/new", out, sizeof(out)), 3);
	free(path);
	log_scratch_free(b.dir);
}

static const struct suite_test tests[] = {
    {"a clean record", test_clean},
    {"clean records of many sizes", test_clean_many},
    {"the given log", test_given_sample},
    {"single changed bits", test_flips},
    {"files cut, made longer, removed", test_cuts},
    {"bundles cut between entries", test_cuts_between},
    {"neighbours swapped", test_swaps},
    {"files swapped", test_swapped_files},
    {"rollback", test_rollback},
    {"fork", test_fork},
    {"entries that break the rules", test_bad_entries},
    {"incomplete but consistent", test_incomplete},
    {"erasure", test_erased},
    {"the command", test_command},
};

SUITE_MAIN("tamper", tests)
