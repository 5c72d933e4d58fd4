/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_build: a state folder as the daemon would leave it: captures, notices,
 * cases with their chains, an erasure, several seals.  The same bytes each time. */
#ifndef TOSD_TESTS_EVIDENCE_BUILD_H
#define TOSD_TESTS_EVIDENCE_BUILD_H

#include <jansson.h>

#include "base/id.h"
#include "evidence/vault.h"
#include "evidence_log.h"
#include "suite.h"

/* A key for tests only. */
#define BUILD_SECRET                             \
	"PRIVATE+KEY+tosd.test/log+0f2cf5ac+AT/" \
	"ZomlEpB1knYobG+W4SwrJUgF9aYPBdXHvMAEbpv9n"
#define BUILD_VKEY "tosd.test/log+0f2cf5ac+AbXfllmMOr9mCAfqQ22U0aBedBDcaa1k13J62EVE5G43"
#define BUILD_START INT64_C(1795352400000)
#define BUILD_CASES 5

struct build {
	char *dir;
	struct ledger_key *key;
	struct ledger *ledger;
	struct vault *vault;
	char prev[BUILD_CASES][DIGEST_HEX];
	char first_capture[VAULT_PATH];
	unsigned files;
};

static UNUSED_OK void
build_open(struct build *b, char *dir)
{
	memset(b, 0, sizeof(*b));
	b->dir = dir;
	for (unsigned i = 0; i < BUILD_CASES; i++)
		memset(b->prev[i], '0', DIGEST_HEX - 1);
	if (ledger_key_parse(BUILD_SECRET, &b->key, NULL) != 0 ||
	    ledger_open(dir, b->key, FILE_NOSYNC, &b->ledger, NULL) != 0 ||
	    vault_open(dir, FILE_NOSYNC, &b->vault, NULL) != 0)
		abort();
}

static UNUSED_OK void
build_close(struct build *b)
{
	ledger_free(&b->ledger);
	vault_free(&b->vault);
	ledger_key_free(&b->key);
}

/* Adds seq and t, and case and prev where which >= 0; appends; takes j. */
static UNUSED_OK void
build_entry(struct build *b, json_t *j, int which)
{
	uint64_t seq = ledger_size(b->ledger);
	char t[CLOCK_TEXT], name[32];
	uint8_t leaf[DIGEST_LEN];
	char *s;

	/* What a test set itself, for a bad entry, stays. */
	if (json_object_get(j, "seq") == NULL)
		json_object_set_new(j, "seq", json_integer(seq));
	if (json_object_get(j, "t") == NULL)
		json_object_set_new(j, "t",
		    json_string(clock_format(BUILD_START + (int64_t)seq * 1000, t)));
	if (which >= 0) {
		snprintf(name, sizeof(name), "2026-%06d", which + 1);
		json_object_set_new(j, "case", json_string(name));
		if (json_object_get(j, "prev") == NULL)
			json_object_set_new(j, "prev", json_string(b->prev[which]));
	}
	s = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
	if (s == NULL || ledger_append(b->ledger, seq, s, strlen(s), leaf, NULL) != 0)
		abort();
	if (which >= 0)
		digest_hex(leaf, sizeof(leaf), b->prev[which]);
	free(s);
	json_decref(j);
}

static UNUSED_OK json_t *
build_commit(const char *kind, const struct vault_ref *ref)
{
	return json_pack("{s:s, s:s, s:s, s:I}", "kind", kind, "file", ref->path,
	    "commit", ref->commit, "bytes", (json_int_t)ref->size);
}

static UNUSED_OK void
build_capture(struct build *b)
{
	uint64_t seq = ledger_size(b->ledger);
	char *body =
	    xasprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nitem %llu",
		(unsigned long long)seq);
	struct vault_capture c = {.url = "http://tenant.example/feed",
	    .request = "GET /",
	    .time = BUILD_START + (int64_t)seq * 1000,
	    .request_len = 5,
	    .response = body,
	    .response_len = strlen(body),
	    .metadata = "{}",
	    .peer = "192.0.2.1"};
	struct vault_ref ref;

	if (vault_put(b->vault, &c, &ref, NULL) != 0)
		abort();
	if (b->files++ == 0)
		memcpy(b->first_capture, ref.path, sizeof(ref.path));
	build_entry(b, build_commit("capture", &ref), -1);
	/* Cited once more, as by a violation. */
	build_entry(b, build_commit("violation", &ref), (int)(seq % BUILD_CASES));
	free(body);
}

static UNUSED_OK void
build_notice(struct build *b, int which)
{
	char *rel = xasprintf("notices/2026-%06d/%llu-tenant.eml", which + 1,
	    (unsigned long long)ledger_size(b->ledger));
	char *body = xasprintf("Subject: notice\r\n\r\nsize %llu\r\n",
	    (unsigned long long)ledger_size(b->ledger));
	struct vault_ref ref;

	if (vault_put_bytes(b->vault, rel, body, strlen(body), &ref, NULL) != 0)
		abort();
	b->files++;
	build_entry(b, build_commit("notice", &ref), which);
	free(rel);
	free(body);
}

static UNUSED_OK void
build_erasure(struct build *b, const char *rel)
{
	build_entry(b, json_pack("{s:s, s:s}", "kind", "erasure", "erased", rel), -1);
	if (vault_erase(b->vault, rel, NULL) != 0)
		abort();
}

/* n entries: a file in each `every` of them. */
static UNUSED_OK void
build_fill(struct build *b, uint64_t n, unsigned every)
{
	uint64_t end = ledger_size(b->ledger) + n;

	while (ledger_size(b->ledger) < end) {
		uint64_t seq = ledger_size(b->ledger);

		if (seq % every == 3)
			build_capture(b);
		else if (seq % every == every / 2)
			build_notice(b, (int)(seq / every % BUILD_CASES));
		else if (seq % 4 == 0)
			build_entry(b, json_pack("{s:s}", "kind", "recheck"),
			    (int)(seq / 4 % BUILD_CASES));
		else
			build_entry(b, json_pack("{s:s}", "kind", "poll"), -1);
	}
	if (ledger_seal(b->ledger, NULL) != 0)
		abort();
}

/* The log that the faults are planted in: about 600 entries, about 20 files, one of
 * them erased, 7 seals. */
static UNUSED_OK void
build_sample(struct build *b, char *dir)
{
	static const unsigned parts[] = {1, 99, 120, 36, 150, 190};

	id_seed(4711);
	build_open(b, dir);
	for (unsigned i = 0; i < 6; i++)
		build_fill(b, parts[i], 60);
	build_erasure(b, b->first_capture);
	if (ledger_seal(b->ledger, NULL) != 0)
		abort();
}

#endif
