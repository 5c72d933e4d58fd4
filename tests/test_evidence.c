/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_evidence: hash trees, notes and the ledger against published vectors (the data
 * folder, TOSD_DATA) and against crashes.  Captures are in test_vault.c, what a
 * verifier finds in test_verify.c and test_tamper.c.
 */
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "evidence/checkpoint.h"
#include "evidence/ledger.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/place.h"
#include "evidence/tile.h"
#include "evidence_log.h"
#include "suite.h"

/* --- published vectors */

static json_t *
load_json(const char *path)
{
	json_error_t why;
	/* As reals: a vector has 2^64 - 1, which is no integer to jansson. */
	json_t *j = json_load_file(path, JSON_DECODE_INT_AS_REAL, &why);

	if (j == NULL)
		fprintf(stderr, "%s: %s\n", path, why.text);
	return j;
}

static uint64_t
number_of(const json_t *j, const char *name)
{
	double v = json_real_value(json_object_get(j, name));

	return v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
}

/* Base64 of a string value; what is no DIGEST_LEN bytes is no hash. */
static bool
hash_of(const json_t *j, uint8_t out[DIGEST_LEN])
{
	const char *s = json_string_value(j);
	struct buf b = {0};
	bool ok = s != NULL && digest_unbase64(&b, s, strlen(s)) && b.len == DIGEST_LEN;

	if (ok)
		memcpy(out, b.data, DIGEST_LEN);
	buf_free(&b);
	return ok;
}

static bool
vector_ok(const json_t *j, bool inclusion)
{
	uint8_t a[DIGEST_LEN], b[DIGEST_LEN], proof[MERKLE_PROOF_MAX + 8][DIGEST_LEN];
	const json_t *hashes = json_object_get(j, "proof");
	size_t n = json_array_size(hashes);

	if (n > MERKLE_PROOF_MAX + 8)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!hash_of(json_array_get(hashes, i), proof[i]))
			return false;
	if (inclusion)
		return hash_of(json_object_get(j, "leafHash"), a) &&
		       hash_of(json_object_get(j, "root"), b) &&
		       merkle_inclusion_ok(number_of(j, "leafIdx"),
			   number_of(j, "treeSize"), a, proof[0], n, b);
	return hash_of(json_object_get(j, "root1"), a) &&
	       hash_of(json_object_get(j, "root2"), b) &&
	       merkle_consistency_ok(
		   number_of(j, "size1"), number_of(j, "size2"), a, b, proof[0], n);
}

/* One vector whose roots are not hashes at all: it is called good because the two
 * odd strings are equal.  Here what is no hash cannot be handed in, so it is refused.
 */
#define ODD_VECTOR "sizes-are-equal-one-and-proof-is-empty.json"

static bool vectors_inclusion;
static unsigned vectors_run;

static int
run_vector(const char *path, const struct stat *st, int type, struct FTW *at)
{
	bool want, got;
	json_t *j;

	(void)st;
	if (type != FTW_F || !place_ends(path, ".json"))
		return 0;
	j = load_json(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	want = !json_boolean_value(json_object_get(j, "wantErr"));
	if (strcmp(path + at->base, ODD_VECTOR) == 0) {
		CU_ASSERT_TRUE(want);
		want = false;
	}
	got = vector_ok(j, vectors_inclusion);
	if (got != want)
		fprintf(stderr, "%s: wanted %d\n", path, want);
	CU_ASSERT_EQUAL(got, want);
	vectors_run++;
	json_decref(j);
	return 0;
}

static unsigned
run_vectors(const char *kind, bool inclusion)
{
	char *top = xasprintf("%s/rfc6962_merkle/testdata/%s", log_data(), kind);

	vectors_inclusion = inclusion;
	vectors_run = 0;
	CU_ASSERT_EQUAL(nftw(top, run_vector, 8, FTW_PHYS), 0);
	free(top);
	return vectors_run;
}

static void
test_merkle_vectors(void)
{
	if (log_data() == NULL)
		return;
	CU_ASSERT_EQUAL(run_vectors("inclusion", true), 98);
	CU_ASSERT_EQUAL(run_vectors("consistency", false), 98);
}

static void
test_merkle_roots(void)
{
	char *path;
	json_t *j, *leaves, *roots;
	struct merkle_range r = {0};
	uint8_t raw[64], leaf[DIGEST_LEN], root[DIGEST_LEN];
	char hex[DIGEST_HEX];

	if (log_data() == NULL)
		return;
	path = xasprintf("%s/rfc6962_merkle/known_answer_roots.json", log_data());
	j = load_json(path);
	free(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	leaves = json_object_get(j, "leaf_inputs_hex");
	roots = json_object_get(j, "roots_hex_by_size");
	CU_ASSERT_EQUAL(json_array_size(roots), 9);
	for (size_t i = 0; i <= 8; i++) {
		const char *in = json_string_value(json_array_get(leaves, i));

		merkle_range_root(&r, root);
		CU_ASSERT_STRING_EQUAL(digest_hex(root, sizeof(root), hex),
		    json_string_value(json_array_get(roots, i)));
		if (in == NULL)
			break;
		CU_ASSERT_TRUE_FATAL(digest_unhex(in, raw, strlen(in) / 2));
		merkle_leaf(raw, strlen(in) / 2, leaf);
		merkle_range_add(&r, leaf);
	}
	CU_ASSERT_EQUAL(r.size, 8);
	merkle_leaf("L123456", 7, leaf);
	CU_ASSERT_STRING_EQUAL(digest_hex(leaf, sizeof(leaf), hex),
	    json_string_value(
		json_object_get(json_object_get(j, "leaf_hash"), "L123456")));
	json_decref(j);
}

/* --- proofs over every small tree */

#define SMALL 70

struct small_tree {
	uint8_t leaf[SMALL][DIGEST_LEN];
	uint8_t root[SMALL + 1][DIGEST_LEN];
};

static int
small_node(
    void *ctx, unsigned level, uint64_t index, uint8_t out[DIGEST_LEN], struct err *e)
{
	struct small_tree *t = ctx;

	(void)e;
	merkle_perfect(t->leaf[index << level], (size_t)1 << level, out);
	return 0;
}

static void
small_fill(struct small_tree *t)
{
	struct merkle_range r = {0};

	merkle_range_root(&r, t->root[0]);
	for (unsigned i = 0; i < SMALL; i++) {
		merkle_leaf(&i, sizeof(i), t->leaf[i]);
		merkle_range_add(&r, t->leaf[i]);
		merkle_range_root(&r, t->root[i + 1]);
	}
}

static void
test_merkle_proofs(void)
{
	static struct small_tree t;
	struct merkle_source src = {small_node, &t};
	struct merkle_proof p;
	unsigned wrong = 0;

	small_fill(&t);
	for (uint64_t n = 1; n <= SMALL; n++)
		for (uint64_t i = 0; i < n; i++) {
			wrong += merkle_inclusion(&src, i, n, &p, NULL) != 0;
			wrong += !merkle_inclusion_ok(
			    i, n, t.leaf[i], p.hash[0], p.n, t.root[n]);
			wrong += merkle_inclusion_ok(
			    i, n, t.leaf[(i + 1) % SMALL], p.hash[0], p.n, t.root[n]);
			wrong += n > 1 && merkle_inclusion_ok(i, n, t.leaf[i],
					      p.hash[0], p.n - 1, t.root[n]);
			wrong += merkle_consistency(&src, i + 1, n, &p, NULL) != 0;
			wrong += !merkle_consistency_ok(
			    i + 1, n, t.root[i + 1], t.root[n], p.hash[0], p.n);
			wrong += merkle_consistency_ok(
			    i + 1, n, t.root[i], t.root[n], p.hash[0], p.n);
		}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(merkle_inclusion(&src, 5, 5, &p, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL(merkle_consistency(&src, 0, 5, &p, NULL), TOSD_EINVAL);
}

/* --- notes */

static void
test_note_example(void)
{
	struct note_key *k = NULL;
	json_t *j;
	char *path, *note;
	size_t body;

	if (log_data() == NULL)
		return;
	path = xasprintf("%s/signed_note/c2sp_example.json", log_data());
	j = load_json(path);
	free(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	CU_ASSERT_EQUAL_FATAL(
	    note_key_parse(json_string_value(json_object_get(j, "vkey")), &k, NULL), 0);
	note = xstrdup(json_string_value(json_object_get(j, "note")));
	CU_ASSERT_EQUAL(note_verify(k, note, strlen(note), &body, NULL), 0);
	CU_ASSERT_EQUAL(body, strlen("This is an example message.\n"));
	note[3] ^= 1;
	CU_ASSERT_EQUAL(note_verify(k, note, strlen(note), &body, NULL), TOSD_ETAMPER);
	free(note);
	note_key_free(&k);
	json_decref(j);
}

/* Dies in the middle of the key's line, as by kill -9. */
static void
killed_saver(const struct note_key *k, const char *file)
{
	struct rlimit lim = {20, 20};
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &lim);
		note_key_save(k, file, NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
}

/* A start that was killed while it made its key leaves nothing that the next one takes
 * for a key. */
static void
test_key_killed(void)
{
	struct note_key *k = NULL, *again = NULL;
	char *dir = log_scratch(), *file = xasprintf("%s/key", dir);
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(note_key_new("tosd.test/log", &k, NULL), 0);
	killed_saver(k, file);
	CU_ASSERT_EQUAL(note_key_load(file, &again, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL(note_key_save(k, file, NULL), 0);
	CU_ASSERT_EQUAL(note_key_load(file, &again, NULL), 0);
	/* One name, and one that another key does not take away. */
	CU_ASSERT_EQUAL(stat(file, &st), 0);
	CU_ASSERT_EQUAL(st.st_nlink, 1);
	CU_ASSERT_EQUAL(note_key_save(k, file, NULL), TOSD_EEXIST);
	note_key_free(&again);
	CU_ASSERT_EQUAL(note_key_load(file, &again, NULL), 0);
	note_key_free(&again);
	note_key_free(&k);
	free(file);
	log_scratch_free(dir);
}

static void
test_note_keys(void)
{
	static const char *const bad[] = {"", "x", "a+b+c", "a b+530d903a+AekyeRrm",
	    "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n"};
	struct note_key *k = NULL, *again = NULL, *pub = NULL;
	char *dir = log_scratch(), *file = xasprintf("%s/key", dir), *text, *vkey;
	struct buf b = {0};
	struct stat st;
	size_t body;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(note_key_parse(bad[i], &k, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL(note_key_new("no spaces", &k, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL_FATAL(note_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL(note_key_save(k, file, NULL), 0);
	CU_ASSERT_EQUAL(note_key_save(k, file, NULL), TOSD_EEXIST);
	CU_ASSERT_EQUAL(stat(file, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL_FATAL(note_key_load(file, &again, NULL), 0);
	text = note_key_text(again);
	vkey = note_key_vkey(k);
	CU_ASSERT_EQUAL_FATAL(note_key_parse(vkey, &pub, NULL), 0);
	CU_ASSERT_FALSE(note_key_secret(pub));
	CU_ASSERT_PTR_NULL(note_key_text(pub));
	CU_ASSERT_EQUAL(note_sign(pub, "x\n", 2, &b, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL(note_sign(again, "no newline", 10, &b, NULL), TOSD_EINVAL);
	CU_ASSERT_EQUAL(note_sign(again, "one\n\ntwo\n", 9, &b, NULL), 0);
	CU_ASSERT_EQUAL(note_verify(pub, b.data, b.len, &body, NULL), 0);
	CU_ASSERT_EQUAL(body, 9);
	chmod(file, 0644);
	note_key_free(&again);
	CU_ASSERT_EQUAL(note_key_load(file, &again, NULL), TOSD_EDENIED);
	note_key_free(&k);
	note_key_free(&pub);
	buf_free(&b);
	free(text);
	free(vkey);
	free(file);
	log_scratch_free(dir);
}

/* Any single changed bit of a note is seen. */
static void
test_note_bits(void)
{
	struct note_key *k = NULL;
	struct buf b = {0};
	unsigned passed = 0;
	size_t body;

	CU_ASSERT_EQUAL_FATAL(note_key_new("tosd.test/log", &k, NULL), 0);
	note_sign(k, "tosd.test/log\n7\nroot\n", 21, &b, NULL);
	for (size_t i = 0; i < b.len * 8; i++) {
		b.data[i / 8] ^= 1 << i % 8;
		passed += note_verify(k, b.data, b.len, &body, NULL) == 0;
		b.data[i / 8] ^= 1 << i % 8;
	}
	for (size_t i = 0; i < b.len; i++)
		passed += note_verify(k, b.data, i, &body, NULL) == 0;
	CU_ASSERT_EQUAL(passed, 0);
	CU_ASSERT_EQUAL(note_verify(k, b.data, b.len, &body, NULL), 0);
	note_key_free(&k);
	buf_free(&b);
}

/* A program that is not ours must accept what we sign. */
static void
test_note_openssl(void)
{
	/* RFC 8410: what stands before the 32 bytes of an Ed25519 public key. */
	static const uint8_t der[] = {
	    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	static const char body[] = "tosd.test/log\n7\nroot\n";
	char *dir = log_scratch(), *vkey, *cmd, *path;
	struct buf note = {0}, raw = {0}, pem = {0};
	struct note_key *k = NULL;

	if (system("openssl version >/dev/null 2>&1") != 0) {
		printf("(no openssl program) ");
		log_scratch_free(dir);
		return;
	}
	CU_ASSERT_EQUAL_FATAL(note_key_new("tosd.test/log", &k, NULL), 0);
	note_sign(k, body, sizeof(body) - 1, &note, NULL);
	vkey = note_key_vkey(k);
	buf_put(&pem, der, sizeof(der));
	digest_unbase64(&raw, vkey + strlen(vkey) - 44, 44);
	buf_put(&pem, raw.data + 1, 32);
	buf_reset(&raw);
	digest_unbase64(&raw, note.data + note.len - 93, 92);
	CU_ASSERT_EQUAL_FATAL(raw.len, 68);
	log_write_file(dir, "pub", pem.data, pem.len);
	log_write_file(dir, "body", body, sizeof(body) - 1);
	log_write_file(dir, "sig", raw.data + 4, 64);
	cmd =
	    xasprintf("cd %s && openssl pkeyutl -verify -pubin -keyform DER -inkey pub "
		      "-rawin -in body -sigfile sig >/dev/null 2>&1",
		dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	path = xasprintf("%s/body", dir);
	log_flip(path, 3);
	CU_ASSERT_NOT_EQUAL(system(cmd), 0);
	free(cmd);
	free(path);
	free(vkey);
	note_key_free(&k);
	buf_free(&note);
	buf_free(&raw);
	buf_free(&pem);
	log_scratch_free(dir);
}

/* --- tiles */

static void
test_tile_names(void)
{
	static const struct {
		int level;
		uint64_t index;
		unsigned width;
		const char *name;
	} good[] = {{0, 0, 256, "tile/0/000"}, {0, 2, 188, "tile/0/002.p/188"},
	    {TILE_ENTRIES, 1234067, 256, "tile/entries/x001/x234/067"},
	    {3, 1000, 1, "tile/3/x001/000.p/1"},
	    {7, UINT64_MAX, 255, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255"}};
	static const char *const bad[] = {"tile/0/0", "tile/0/0000", "tile/0/x000/001",
	    "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/01", "tile/8/000",
	    "tile/entries/000/", "tile/0/x001/x234/67", "tile/0/001.p", "checkpoint",
	    "tile/7/x018/x446/x744/x073/x709/x551/616"};
	char out[TILE_NAME];
	int level;
	uint64_t index;
	unsigned width;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT_STRING_EQUAL(
		    tile_name(good[i].level, good[i].index, good[i].width, out),
		    good[i].name);
		CU_ASSERT_TRUE(tile_name_parse(good[i].name, &level, &index, &width));
		CU_ASSERT_TRUE(level == good[i].level && index == good[i].index &&
			       width == good[i].width);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(tile_name_parse(bad[i], &level, &index, &width));
}

/* --- ledger */

static void
test_ledger_grow(void)
{
	char *one = log_scratch(), *two = log_scratch(), *cmd;
	struct ledger_key *k = NULL;
	struct ledger *l = NULL;
	uint64_t n = 0;

	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(ledger_open(one, k, FILE_NOSYNC, &l, NULL), 0);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	/* Many seals and reopenings on one side, one seal on the other. */
	for (unsigned step = 1; n < 1500; step = step * 3 % 101 + 1) {
		log_append_plain(l, step);
		n += step;
		CU_ASSERT_EQUAL(ledger_size(l), n);
		CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
		CU_ASSERT_EQUAL(ledger_signed(l), n);
		if (step % 4 != 0)
			continue;
		ledger_free(&l);
		CU_ASSERT_EQUAL_FATAL(ledger_open(one, k, FILE_NOSYNC, &l, NULL), 0);
		CU_ASSERT_EQUAL(ledger_size(l), n);
	}
	ledger_free(&l);
	CU_ASSERT_EQUAL_FATAL(ledger_open(two, k, FILE_NOSYNC, &l, NULL), 0);
	log_append_plain(l, n);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	ledger_free(&l);
	/* The same entries make the same files; one partial tile a level stays. */
	cmd = xasprintf("diff -r %s/log/tile %s/log/tile >&2 && "
			"cmp %s/log/checkpoint %s/log/checkpoint",
	    one, two, one, two);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	ledger_key_free(&k);
	log_scratch_free(one);
	log_scratch_free(two);
}

static void
check_proofs(struct ledger *l, const struct ledger_key *k, const char *dir)
{
	char *vkey = ledger_key_vkey(k), *path = xasprintf("%s/log/checkpoint", dir);
	struct note_key *pub = NULL;
	struct merkle_proof p;
	struct checkpoint c;
	uint8_t leaf[DIGEST_LEN];
	struct buf b = {0};

	CU_ASSERT_EQUAL_FATAL(note_key_parse(vkey, &pub, NULL), 0);
	CU_ASSERT_EQUAL(checkpoint_load(pub, path, &c, NULL), 0);
	CU_ASSERT_EQUAL(c.size, ledger_signed(l));
	for (uint64_t i = 0; i < c.size; i += 37) {
		buf_reset(&b);
		CU_ASSERT_EQUAL_FATAL(ledger_read(l, i, &b, NULL), 0);
		ledger_leaf(b.data, b.len, leaf);
		CU_ASSERT_EQUAL(ledger_inclusion(l, i, c.size, &p, NULL), 0);
		CU_ASSERT_TRUE(
		    merkle_inclusion_ok(i, c.size, leaf, p.hash[0], p.n, c.root));
	}
	CU_ASSERT_EQUAL(ledger_inclusion(l, 0, c.size + 1, &p, NULL), TOSD_ESTATE);
	CU_ASSERT_EQUAL(ledger_read(l, c.size, &b, NULL), TOSD_ENOENT);
	buf_free(&b);
	note_key_free(&pub);
	free(vkey);
	free(path);
}

static void
test_ledger_read(void)
{
	char *dir = log_scratch(), *big = xmalloc(TILE_ENTRY_MAX + 1);
	struct ledger_key *k = NULL;
	struct ledger *l = NULL;
	struct buf b = {0};

	memset(big, 'x', TILE_ENTRY_MAX + 1);
	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL(ledger_open(dir, NULL, FILE_NOSYNC, &l, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	log_append_plain(l, 600);
	CU_ASSERT_EQUAL(ledger_append(l, 599, "x", 1, NULL, NULL), TOSD_ESTATE);
	CU_ASSERT_EQUAL(
	    ledger_append(l, 600, big, TILE_ENTRY_MAX + 1, NULL, NULL), TOSD_ELIMIT);
	CU_ASSERT_EQUAL(ledger_append(l, 600, big, TILE_ENTRY_MAX, NULL, NULL), 0);
	CU_ASSERT_EQUAL(ledger_append(l, 601, "", 0, NULL, NULL), 0);
	CU_ASSERT_EQUAL(ledger_read(l, 600, &b, NULL), 0);
	CU_ASSERT_EQUAL(b.len, TILE_ENTRY_MAX);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	check_proofs(l, k, dir);
	ledger_free(&l);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, NULL, FILE_NOSYNC, &l, NULL), 0);
	CU_ASSERT_EQUAL(ledger_append(l, 602, "x", 1, NULL, NULL), TOSD_ESTATE);
	check_proofs(l, k, dir);
	ledger_free(&l);
	ledger_key_free(&k);
	buf_free(&b);
	free(big);
	log_scratch_free(dir);
}

/* The folder has what a log without any accident has after two seals, and no more. */
static void
same_as_plain(
    const char *dir, const struct ledger_key *k, uint64_t first, uint64_t then)
{
	char *ref = log_scratch(), *cmd = xasprintf("diff -r %s %s >&2", dir, ref);
	struct ledger *l = NULL;

	CU_ASSERT_EQUAL_FATAL(ledger_open(ref, k, FILE_NOSYNC, &l, NULL), 0);
	log_append_plain(l, first);
	ledger_seal(l, NULL);
	log_append_plain(l, then);
	ledger_seal(l, NULL);
	ledger_free(&l);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	log_scratch_free(ref);
}

/* A process that dies between append and seal, or anywhere in a seal, leaves what
 * the next one repairs by appending the same again. */
static void
test_ledger_crash(void)
{
	char *dir = log_scratch(), *cmd;
	struct ledger_key *k = NULL;
	struct ledger *l = NULL;

	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	log_append_plain(l, 200);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	/* Full tiles are written as they fill; no head covers them. */
	log_append_plain(l, 700);
	ledger_free(&l);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	CU_ASSERT_EQUAL(ledger_size(l), 200);
	log_append_plain(l, 700);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	ledger_free(&l);
	/* Signed, but the process died before the kept copy and the tidying. */
	cmd = xasprintf(
	    "cd %s/log && rm checkpoints/900.note && mkdir tile/0/000.p && "
	    "head -c 6400 tile/0/000 > tile/0/000.p/200 && "
	    "echo x > tile/0/000.p/199.part && echo x > checkpoints/7.note.part",
	    dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	ledger_free(&l);
	same_as_plain(dir, k, 200, 700);
	ledger_key_free(&k);
	log_scratch_free(dir);
}

/* Full tiles that a thread was to sync: a power cut before the seal may leave their
 * names without their bytes, or with them.  A seal has them all. */
static void
test_ledger_async(void)
{
	char *dir = log_scratch(), *cmd;
	struct ledger_key *k = NULL;
	struct ledger *l = NULL;

	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_SYNC, &l, NULL), 0);
	ledger_async(l);
	log_append_plain(l, 900);
	ledger_free(&l);
	cmd = xasprintf("cd %s/log/tile && : > 0/001 && head -c 100 entries/002 > x && "
			"mv x entries/002",
	    dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_SYNC, &l, NULL), 0);
	ledger_async(l);
	CU_ASSERT_EQUAL(ledger_size(l), 0);
	log_append_plain(l, 900);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	log_append_plain(l, 300);
	CU_ASSERT_EQUAL(ledger_seal(l, NULL), 0);
	ledger_free(&l);
	same_as_plain(dir, k, 900, 300);
	ledger_key_free(&k);
	log_scratch_free(dir);
}

static void
test_ledger_refuses(void)
{
	char *dir = log_scratch(), *cmd;
	struct ledger_key *k = NULL, *other = NULL;
	struct ledger *l = NULL, *m = NULL;

	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &k, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(ledger_key_new("tosd.test/log", &other, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	CU_ASSERT_EQUAL(ledger_open(dir, k, FILE_NOSYNC, &m, NULL), TOSD_EBUSY);
	log_append_plain(l, 300);
	ledger_seal(l, NULL);
	cmd = xasprintf("cd %s/log && cp checkpoint old", dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	log_append_plain(l, 50);
	ledger_seal(l, NULL);
	ledger_free(&l);
	CU_ASSERT_EQUAL(ledger_open(dir, other, FILE_NOSYNC, &l, NULL), TOSD_ETAMPER);
	cmd = xasprintf("cd %s/log && cp checkpoint new && cp old checkpoint", dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	CU_ASSERT_EQUAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), TOSD_ETAMPER);
	cmd = xasprintf("cd %s/log && cp new checkpoint", dir);
	CU_ASSERT_EQUAL(system(cmd), 0);
	free(cmd);
	CU_ASSERT_EQUAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), 0);
	ledger_free(&l);
	cmd = xasprintf("%s/log/tile/0/001.p/94", dir);
	log_flip(cmd, 99);
	CU_ASSERT_EQUAL(ledger_open(dir, k, FILE_NOSYNC, &l, NULL), TOSD_ETAMPER);
	free(cmd);
	ledger_key_free(&k);
	ledger_key_free(&other);
	log_scratch_free(dir);
}

static const struct suite_test tests[] = {
    {"merkle: published proofs", test_merkle_vectors},
    {"merkle: published roots", test_merkle_roots},
    {"merkle: proofs of all small trees", test_merkle_proofs},
    {"note: published example", test_note_example},
    {"note: keys", test_note_keys},
    {"note: killed while a key is made", test_key_killed},
    {"note: every bit counts", test_note_bits},
    {"note: openssl accepts our signature", test_note_openssl},
    {"tile: names", test_tile_names},
    {"ledger: the same entries make the same files", test_ledger_grow},
    {"ledger: reading and proofs", test_ledger_read},
    {"ledger: repair after a crash", test_ledger_crash},
    {"ledger: tiles that a thread syncs", test_ledger_async},
    {"ledger: what it refuses", test_ledger_refuses},
};

SUITE_MAIN("evidence", tests)
