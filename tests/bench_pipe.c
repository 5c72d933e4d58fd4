/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pipe: what bounds the whole pipeline, for tests/bench.py to put beside it:
 *
 *	bench_pipe PACKS STORE FEED...
 *
 * parse_scan: the same feeds parsed and judged in one process, nothing kept.
 * sqlite: the rows of the same items put into a bare SQLite file STORE (WAL,
 * synchronous=FULL, 1,000 items a transaction, keys and indexes as in the store),
 * nothing else done.  Prints items/s of wall time, one "name number" a line.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tosd/policy.h>

#include "base/file.h"
#include "feed/feed.h"
#include "policy/host.h"

#define PLUGIN TOSD_BUILDDIR "/plugins/rules/.libs/rules.so"
#define BATCH 1000

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct policy_host *
open_host(const char *packs)
{
	static struct conf_plugin plugin = {
	    .name = "rules", .path = PLUGIN, .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS};
	static struct conf_policy policy = {.plugins = &plugin, .nplugins = 1};
	static struct policy_options o = {.conf = &policy};
	struct policy_host *h = NULL;
	struct err e = ERR_INIT;

	policy.packs_dir = packs;
	if (policy_host_new(&o, &h, &e) != 0)
		fprintf(stderr, "bench_pipe: %s\n", e.text);
	return h;
}

static void
judge(struct policy_host *h, const struct item *it)
{
	struct finding *v = NULL;
	char *degraded;
	uint32_t n = 0;

	policy_host_check(h, "k", it, 0, &v, &n, &degraded);
	for (uint32_t i = 0; i < n; i++)
		finding_clear(&v[i]);
	free(v);
	free(degraded);
}

/* Parses and judges every file; returns how many items there were. */
static size_t
parse_scan(struct policy_host *h, const struct buf *files, int n)
{
	static const struct feed_source src = {.url = "http://example.org/feed"};
	size_t items = 0;

	for (int i = 0; i < n; i++) {
		struct feed_doc d;

		if (feed_parse(files[i].data, files[i].len, &src, NULL, &d, NULL) == 0)
			for (size_t k = 0; k < d.nitems; k++) {
				uint8_t digest[DIGEST_LEN];

				item_digest(&d.items[k], digest);
				judge(h, &d.items[k]);
			}
		items += d.nitems;
		feed_doc_clear(&d);
	}
	return items;
}

/* --- SQLite --- */

struct row {
	char *guid, *url, digest[DIGEST_HEX];
	struct buf body;
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, feed INTEGER NOT NULL, tenant TEXT,"
    "  guid TEXT NOT NULL, url TEXT, first_seen INTEGER, digest TEXT,"
    "  UNIQUE(feed, guid)) STRICT;"
    "CREATE TABLE revision(id INTEGER PRIMARY KEY, item INTEGER NOT NULL, digest TEXT,"
    "  seen INTEGER, time INTEGER, capture TEXT, file TEXT, state INTEGER NOT NULL,"
    "  policy TEXT, body BLOB) STRICT;"
    "CREATE INDEX revision_file ON revision(file) WHERE file IS NOT NULL;";

static void
must(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "bench_pipe: SQLite: %s\n", sqlite3_errmsg(db));
	exit(3);
}

static void
insert(sqlite3 *db, sqlite3_stmt *item, sqlite3_stmt *revision, const struct row *r,
    size_t i)
{
	sqlite3_bind_int64(item, 1, (sqlite3_int64)(i / 40 + 1));
	sqlite3_bind_text(item, 2, r->guid, -1, SQLITE_STATIC);
	sqlite3_bind_text(item, 3, r->url, -1, SQLITE_STATIC);
	sqlite3_bind_text(item, 4, r->digest, -1, SQLITE_STATIC);
	must(db, sqlite3_step(item));
	must(db, sqlite3_reset(item));
	sqlite3_bind_int64(revision, 1, sqlite3_last_insert_rowid(db));
	sqlite3_bind_text(revision, 2, r->digest, -1, SQLITE_STATIC);
	sqlite3_bind_blob(revision, 3, r->body.data, (int)r->body.len, SQLITE_STATIC);
	must(db, sqlite3_step(revision));
	must(db, sqlite3_reset(revision));
}

static double
sqlite_rows(const char *path, const struct row *rows, size_t n)
{
	sqlite3 *db;
	sqlite3_stmt *item, *revision;
	double start;

	must(NULL, sqlite3_open(path, &db));
	must(db, sqlite3_exec(db, schema, NULL, NULL, NULL));
	must(db,
	    sqlite3_prepare_v2(db,
		"INSERT INTO item(feed, tenant, guid, url,"
		" first_seen, digest) VALUES(?1, '0123456789abcdef', ?2, ?3, 1, ?4)",
		-1, &item, NULL));
	must(db, sqlite3_prepare_v2(db,
		     "INSERT INTO revision(item, digest, seen, time,"
		     " capture, file, state, policy, body) VALUES(?1, ?2, 1, 1,"
		     " '01ARZ3NDEKTSV4RRFFQ69G5FAV', "
		     "'evidence/2026/11/01ARZ3NDEKTSV4RRFFQ69G5FAV'"
		     " || ?1 / 40, 1, ?2, ?3)",
		     -1, &revision, NULL));
	start = now();
	for (size_t i = 0; i < n; i++) {
		if (i % BATCH == 0)
			must(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
		insert(db, item, revision, &rows[i], i);
		if (i % BATCH == BATCH - 1 || i == n - 1)
			must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	}
	start = now() - start;
	sqlite3_finalize(item);
	sqlite3_finalize(revision);
	sqlite3_close(db);
	return (double)n / start;
}

static struct row *
make_rows(const struct buf *files, int n, size_t *count)
{
	struct row *rows = NULL;

	for (int i = 0; i < n; i++) {
		struct feed_doc d;

		feed_parse(files[i].data, files[i].len, NULL, NULL, &d, NULL);
		rows = xrealloc(rows, (*count + d.nitems + 1) * sizeof(*rows));
		for (size_t k = 0; k < d.nitems; k++) {
			struct row *r = &rows[(*count)++];
			uint8_t digest[DIGEST_LEN];

			memset(r, 0, sizeof(*r));
			item_digest(&d.items[k], digest);
			digest_hex(digest, sizeof(digest), r->digest);
			r->guid = xasprintf("%d/%s", i, d.items[k].id);
			r->url = xstrdup(d.items[k].url);
			item_put(&r->body, &d.items[k]);
		}
		feed_doc_clear(&d);
	}
	return rows;
}

int
main(int argc, char **argv)
{
	struct buf *files = xcalloc((size_t)argc, sizeof(*files));
	struct err e = ERR_INIT;
	struct policy_host *h;
	struct row *rows;
	size_t n = 0, done;
	double start;

	if (argc < 4) {
		fprintf(stderr, "usage: bench_pipe PACKS STORE FEED...\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		if (file_read(argv[i], (size_t)64 << 20, &files[i - 3], &e) != 0) {
			fprintf(stderr, "bench_pipe: %s\n", e.text);
			return 3;
		}
	if ((h = open_host(argv[1])) == NULL)
		return 3;
	start = now();
	done = parse_scan(h, files, argc - 3);
	printf("parse_scan %.0f\n", (double)done / (now() - start));
	policy_host_free(&h);
	rows = make_rows(files, argc - 3, &n);
	printf("sqlite %.0f\n", sqlite_rows(argv[2], rows, n));
	for (size_t i = 0; i < n; i++) {
		free(rows[i].guid);
		free(rows[i].url);
		buf_free(&rows[i].body);
	}
	free(rows);
	for (int i = 0; i < argc - 3; i++)
		buf_free(&files[i]);
	free(files);
	return 0;
}
