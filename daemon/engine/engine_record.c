/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_record: facts onto the ledger.  A row is written in the transaction of
 * what it tells; after the commit it is copied to the ledger's files in order,
 * and signed when somebody waits for it or the time is over.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/engine_in.h"

/* Rows kept in the store although they are signed: the chain's last time. */
#define KEEP_ROWS 64
#define ENTRY_MAX 65535
/* How far back a crash can have left files without an entry. */
#define SWEEP_SPAN CLOCK_HOUR

void
engine_record_file(json_t *entry, const struct vault_ref *ref)
{
	json_object_set_new(entry, "file", json_string(ref->path));
	json_object_set_new(entry, "commit", json_string(ref->commit));
	json_object_set_new(entry, "bytes", json_integer((json_int_t)ref->size));
}

static void
chain_case(json_t *entry, const struct store_case *c)
{
	static const char zeros[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";

	json_object_set_new(entry, "case", json_string(c->number));
	json_object_set_new(entry, "prev", json_string(c->chain[0] ? c->chain : zeros));
}

/* Adds a row; of a case's entry its hash goes into c. */
static int64_t
add_row(struct engine *g, const char *kind, const char *text, size_t n,
    struct store_case *c, int64_t now)
{
	uint8_t leaf[DIGEST_LEN];
	struct err e = ERR_INIT;
	int64_t seq = g->seq;

	if (now > g->last_t)
		g->last_t = now;
	/* Before the commit: a row that the ledger cannot take would stand in the way
	 * of every start. */
	if (n > ENTRY_MAX)
		log_die("record", "a %s entry of %zu bytes: the ledger takes %d", kind,
		    n, ENTRY_MAX);
	engine_must(store_ledger_add(g->store, seq, text, n, &e), 0,
	    "cannot put an entry on record", &e);
	if (c != NULL) {
		ledger_leaf(text, n, leaf);
		digest_hex(leaf, sizeof(leaf), c->chain);
	}
	g->seq++;
	if (g->unsealed_since == CLOCK_NONE)
		g->unsealed_since = now;
	return seq;
}

static int64_t
time_of(const struct engine *g, int64_t now)
{
	return now < g->last_t ? g->last_t : now;
}

int64_t
engine_record(struct engine *g, const char *kind, json_t *entry, struct store_case *c,
    int64_t now)
{
	char t[CLOCK_TEXT];
	int64_t seq;
	char *text;

	json_object_set_new(entry, "seq", json_integer(g->seq));
	json_object_set_new(entry, "t", json_string(clock_format(time_of(g, now), t)));
	json_object_set_new(entry, "kind", json_string(kind));
	if (c != NULL)
		chain_case(entry, c);
	text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	json_decref(entry);
	if (text == NULL)
		log_die("record", "a %s entry cannot be written as JSON", kind);
	seq = add_row(g, kind, text, strlen(text), c, now);
	free(text);
	return seq;
}

void
engine_record_time(const struct engine *g, struct line *l, int64_t now)
{
	char t[CLOCK_TEXT];

	line_str(l, "t", clock_format(time_of(g, now), t));
}

int64_t
engine_record_line(struct engine *g, const char *kind, struct buf *b, int64_t now)
{
	int64_t seq = add_row(g, kind, b->data, b->len, NULL, now);

	buf_free(b);
	return seq;
}

struct copy {
	struct engine *g;
	bool watching;
	int64_t upto; /* before this one; the next ones are not committed yet */
};

static int
copy_row(void *ctx, int64_t seq, const void *entry, size_t n)
{
	struct copy *c = ctx;
	struct err e = ERR_INIT;

	if (seq >= c->upto)
		return 1;
	engine_must(ledger_append(c->g->ledger, (uint64_t)seq, entry, n, NULL, &e), 0,
	    "cannot append to the ledger", &e);
	if (c->watching && c->g->watch != NULL) {
		char *text = xstrndup(entry, n);

		c->g->watch(c->g->watch_ctx, text);
		free(text);
	}
	return 0;
}

void
engine_record_copy(struct engine *g)
{
	struct copy c = {g, true, g->committed};

	if ((uint64_t)g->committed > ledger_size(g->ledger))
		engine_walk(store_ledger_each(
		    g->store, (int64_t)ledger_size(g->ledger), copy_row, &c));
}

bool
engine_record_seal_due(struct engine *g, bool force, int64_t now)
{
	int64_t wanted;

	if (ledger_size(g->ledger) == ledger_signed(g->ledger))
		return false;
	if (force || now >= g->unsealed_since + g->conf->ledger.seal_interval)
		return true;
	if (ledger_size(g->ledger) - ledger_signed(g->ledger) >=
	    g->conf->ledger.seal_entries)
		return true;
	wanted = store_outbox_wants(g->store);
	return wanted >= (int64_t)ledger_signed(g->ledger);
}

void
engine_record_seal(struct engine *g, bool force, int64_t now)
{
	struct err e = ERR_INIT;

	if (engine_record_seal_due(g, force, now)) {
		engine_must(
		    ledger_seal(g->ledger, &e), 0, "cannot sign the ledger", &e);
		g->unsealed_since = CLOCK_NONE;
		if (ledger_signed(g->ledger) > KEEP_ROWS)
			engine_must(
			    store_ledger_trim(g->store,
				(int64_t)ledger_signed(g->ledger) - KEEP_ROWS, &e),
			    0, "cannot trim signed rows", &e);
	}
}

int64_t
engine_record_seal_next(const struct engine *g)
{
	if (g->unsealed_since == CLOCK_NONE)
		return CLOCK_NONE;
	return g->unsealed_since + g->conf->ledger.seal_interval;
}

/* --- after a start --- */

static int64_t
entry_time(const void *entry, size_t n)
{
	json_t *j = json_loadb(entry, n, 0, NULL);
	const char *t = json_string_value(json_object_get(j, "t"));
	int64_t ms = t != NULL ? clock_parse(t) : CLOCK_NONE;

	json_decref(j);
	return ms;
}

static int
last_time(struct engine *g, struct err *e)
{
	struct buf b = {0};
	int rc;

	if (ledger_size(g->ledger) == 0)
		return 0;
	rc = ledger_read(g->ledger, ledger_size(g->ledger) - 1, &b, e);
	if (rc == 0) {
		g->last_t = entry_time(b.data, b.len);
		if (g->last_t == CLOCK_NONE)
			g->last_t = 0;
	}
	buf_free(&b);
	return rc;
}

int
engine_record_recover(struct engine *g, struct err *e)
{
	struct copy c = {g, false, INT64_MAX};
	int rc;

	g->seq = store_ledger_next(g->store);
	if ((uint64_t)g->seq < ledger_size(g->ledger))
		return err_set(e, TOSD_ESTATE,
		    "the store knows %lld ledger entries, the signed ledger has %llu: "
		    "the "
		    "store is older or new; run `tosctl rebuild' to make it again",
		    (long long)g->seq, (unsigned long long)ledger_size(g->ledger));
	if ((uint64_t)g->seq > ledger_size(g->ledger)) {
		log_info("record", "copying %llu committed entries to the ledger",
		    (unsigned long long)g->seq - ledger_size(g->ledger));
		store_ledger_each(
		    g->store, (int64_t)ledger_size(g->ledger), copy_row, &c);
		if (ledger_size(g->ledger) != (uint64_t)g->seq)
			return err_set(e, TOSD_ETAMPER,
			    "the store lacks ledger rows from %llu on: restore the "
			    "ledger files or run `tosctl rebuild'",
			    (unsigned long long)ledger_size(g->ledger));
	}
	if ((rc = ledger_seal(g->ledger, e)) != 0 || (rc = last_time(g, e)) != 0)
		return rc;
	engine_record_sweep(g);
	return 0;
}

/* --- files that a crash left without an entry --- */

/*
 * Nothing is removed that any entry refers to, whatever the clock or a copy of the
 * folder made of the files' times: a file is only stray once all entries that could
 * refer to it were read.  A capture tells its own time in its name, so its entry is
 * among the newest; for other files it may be any.
 */
struct stray {
	char **v;
	size_t n;
	size_t untimed; /* of these, whose entry may be any */
};

/* The time in a capture's name, a ULID; CLOCK_NONE for other names. */
static int64_t
name_time(const char *rel)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const char *name = strrchr(rel, '/');
	char id[ID_TEXT];
	int64_t ms = 0;

	if (name == NULL || strlen(name + 1) < ID_TEXT - 1)
		return CLOCK_NONE;
	snprintf(id, sizeof(id), "%s", name + 1);
	if (name[ID_TEXT] != '.' || !id_valid(id))
		return CLOCK_NONE;
	for (int i = 0; i < 10; i++)
		ms = ms * 32 + (strchr(digits, id[i]) - digits);
	return ms;
}

static void
stray_add(struct stray *s, const char *rel, int64_t mtime, int64_t since)
{
	int64_t t = name_time(rel);

	if ((t != CLOCK_NONE ? t : mtime) < since)
		return;
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = xstrdup(rel);
	s->untimed += t == CLOCK_NONE;
}

static void
stray_drop(struct stray *s, const char *rel)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], rel) == 0) {
			s->untimed -= name_time(rel) == CLOCK_NONE;
			free(s->v[i]);
			s->v[i] = s->v[--s->n];
			return;
		}
}

/* Collects files below dir/rel that are from after `since`. */
static void
stray_walk(struct stray *s, const char *dir, const char *rel, int64_t since)
{
	char *path = xasprintf("%s/%s", dir, rel);
	DIR *d = opendir(path);
	struct dirent *de;
	struct stat st;

	while (d != NULL && (de = readdir(d)) != NULL) {
		char *child, *full;

		if (de->d_name[0] == '.')
			continue;
		child = xasprintf("%s/%s", rel, de->d_name);
		full = xasprintf("%s/%s", dir, child);
		if (lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
			stray_walk(s, dir, child, since);
		else if (S_ISREG(st.st_mode))
			stray_add(s, child, st.st_mtim.tv_sec * 1000, since);
		free(child);
		free(full);
	}
	if (d != NULL)
		closedir(d);
	free(path);
}

/* Takes from s what an entry refers to; true if the entry is from before `since`. */
static bool
stray_entry(struct stray *s, const struct buf *b, int64_t since)
{
	json_t *j = json_loadb(b->data, b->len, 0, NULL);
	const char *file = json_string_value(json_object_get(j, "file"));
	const char *t = json_string_value(json_object_get(j, "t"));
	bool old = t != NULL && clock_parse(t) < since;

	if (file != NULL) {
		char *salt = xasprintf("%s.salt", file);

		stray_drop(s, file);
		stray_drop(s, salt);
		free(salt);
	}
	json_decref(j);
	return old;
}

static void
stray_keep_recorded(struct engine *g, struct stray *s, int64_t since)
{
	struct err e = ERR_INIT;
	struct buf b = {0};
	bool old = false;

	for (uint64_t i = ledger_size(g->ledger);
	     i > 0 && s->n > 0 && (!old || s->untimed > 0); i--) {
		buf_reset(&b);
		engine_must(ledger_read(g->ledger, i - 1, &b, &e), 0,
		    "cannot read the ledger", &e);
		old |= stray_entry(s, &b, since);
	}
	buf_free(&b);
}

void
engine_record_sweep(struct engine *g)
{
	struct stray s = {0};
	int64_t since = g->last_t - SWEEP_SPAN;

	stray_walk(&s, g->conf->state_dir, "evidence", since + SWEEP_SPAN / 2);
	stray_walk(&s, g->conf->state_dir, "notices", since + SWEEP_SPAN / 2);
	stray_keep_recorded(g, &s, since);
	/* What is left was written for a transaction that never was: nothing refers to
	 * it and nobody was told of it. */
	if (s.n > 0)
		log_info("record",
		    "removing %zu files that a crash left without an entry", s.n);
	for (size_t i = 0; i < s.n; i++) {
		char *path = xasprintf("%s/%s", g->conf->state_dir, s.v[i]);

		unlink(path);
		free(path);
		free(s.v[i]);
	}
	free(s.v);
}

/* --- files under a name of ours --- */

static int
is_row_of(void *ctx, int64_t seq, const void *entry, size_t n)
{
	struct buf b = {.data = (char *)(uintptr_t)entry, .len = n}; /* lent */

	(void)seq;
	stray_entry(ctx, &b, INT64_MIN);
	return 0;
}

/* Whether an entry refers to it, of the ledger or one that is on its way there. */
static bool
is_recorded(struct engine *g, const char *rel)
{
	struct stray s = {.n = 1, .untimed = name_time(rel) == CLOCK_NONE};
	bool recorded;

	s.v = xcalloc(1, sizeof(*s.v));
	s.v[0] = xstrdup(rel);
	engine_walk(store_ledger_each(
	    g->store, (int64_t)ledger_size(g->ledger), is_row_of, &s));
	stray_keep_recorded(g, &s, INT64_MIN);
	recorded = s.n == 0;
	if (!recorded)
		free(s.v[0]);
	free(s.v);
	return recorded;
}

void
engine_record_keep(struct engine *g, const char *rel, const void *data, size_t n,
    struct vault_ref *ref)
{
	struct err e = ERR_INIT;
	int rc = vault_put_bytes(g->vault, rel, data, n, ref, &e);

	if (rc == TOSD_EEXIST) {
		if (is_recorded(g, rel))
			log_die("record",
			    "%s is on record with other bytes: it stays as it is", rel);
		engine_must(vault_erase(g->vault, rel, &e), TOSD_ENOENT,
		    "cannot replace an uncommitted file", &e);
		rc = vault_put_bytes(g->vault, rel, data, n, ref, &e);
	}
	engine_must(rc, 0, "cannot keep a file", &e);
}
