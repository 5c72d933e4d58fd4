/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_schema: the tables, and the steps from one version to the next.  The
 * version stands in PRAGMA user_version; application_id says that the file is ours.
 *
 * Every index has a query that needs it; on the hot path (item, revision) each one
 * costs more than the row itself, above all with random keys, so there are few and
 * their keys rise or stay close to each other.
 */
#include "store/db.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define APPLICATION 0x746f7364 /* "tosd" */

static const char step_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    /* What was done to this file: for people who look at it years later. */
    "CREATE TABLE migration(version INTEGER PRIMARY KEY, done INTEGER NOT NULL) STRICT;"
    /* Numbers that are given once, also after their rows are gone. */
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE shard(id INTEGER PRIMARY KEY, owner TEXT, until INTEGER,"
    "  fence INTEGER NOT NULL) STRICT;"

    "CREATE TABLE feed(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, url TEXT NOT NULL,"
    "  active INTEGER NOT NULL, etag TEXT, last_modified TEXT, body_hash TEXT,"
    "  title TEXT, format TEXT, next_poll INTEGER, last_poll INTEGER, last_ok INTEGER,"
    "  down_since INTEGER, failures INTEGER NOT NULL, status INTEGER NOT NULL,"
    "  outcome INTEGER NOT NULL, why TEXT, polls INTEGER NOT NULL,"
    "  UNIQUE(tenant, url)) STRICT;"

    /* UNIQUE(feed, guid): every post of every poll is looked up by it.  No foreign
     * key on item.revision: the two rows refer to each other. */
    "CREATE TABLE item(id INTEGER PRIMARY KEY,"
    "  feed INTEGER NOT NULL REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  guid TEXT NOT NULL, url TEXT, first_seen INTEGER, revisions INTEGER NOT NULL,"
    "  revision INTEGER NOT NULL, digest TEXT NOT NULL, violations INTEGER NOT NULL,"
    "  UNIQUE(feed, guid)) STRICT;"

    /* body is last: a count or a look at the state never reads it. */
    "CREATE TABLE revision(id INTEGER PRIMARY KEY,"
    "  item INTEGER NOT NULL REFERENCES item(id), n INTEGER NOT NULL,"
    "  digest TEXT NOT NULL, seen INTEGER, time INTEGER, capture TEXT, file TEXT,"
    "  vault_commit TEXT, entry INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, policy TEXT, why TEXT, body BLOB) STRICT;"
    /* Rows leave this index when judged, so it stays small. */
    "CREATE INDEX revision_todo ON revision(state, id) WHERE state <> 1;"
    /* Erasure and "is it needed" ask by file; names rise with time. */
    "CREATE INDEX revision_file ON revision(file) WHERE file IS NOT NULL;"

    "CREATE TABLE finding(id INTEGER PRIMARY KEY,"
    "  revision INTEGER NOT NULL REFERENCES revision(id), rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, pack TEXT, clause TEXT, category TEXT, reason TEXT,"
    "  severity INTEGER NOT NULL, score REAL NOT NULL, mode INTEGER NOT NULL,"
    "  spans BLOB, counts INTEGER NOT NULL, time INTEGER,"
    "  UNIQUE(revision, rule, rev)) STRICT;"

    "CREATE TABLE cases(id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE,"
    "  tenant TEXT NOT NULL, episode INTEGER NOT NULL, opened INTEGER, closed INTEGER,"
    "  stage INTEGER NOT NULL, phase INTEGER NOT NULL, severity INTEGER NOT NULL,"
    "  stage_since INTEGER, deadline INTEGER, remaining INTEGER,"
    "  last_violation INTEGER, watch_since INTEGER, notices INTEGER NOT NULL,"
    "  exhibits INTEGER NOT NULL, outcome INTEGER NOT NULL, chain TEXT,"
    "  UNIQUE(tenant, episode)) STRICT;"
    /* A tenant has one ladder. */
    "CREATE UNIQUE INDEX cases_active ON cases(tenant) WHERE closed IS NULL;"
    "CREATE INDEX cases_due ON cases(deadline) WHERE closed IS NULL;"

    "CREATE TABLE violation(id INTEGER PRIMARY KEY,"
    "  case_id INTEGER REFERENCES cases(id), tenant TEXT NOT NULL,"
    "  item INTEGER NOT NULL REFERENCES item(id),"
    "  revision INTEGER NOT NULL REFERENCES revision(id), exhibit INTEGER NOT NULL,"
    "  rule TEXT NOT NULL, rev INTEGER NOT NULL, pack TEXT, clause TEXT,"
    "  category TEXT, reason TEXT, severity INTEGER NOT NULL, score REAL NOT NULL,"
    "  mode INTEGER NOT NULL, spans BLOB, url TEXT, quote TEXT, found INTEGER,"
    "  posted INTEGER, entry INTEGER NOT NULL, notice INTEGER NOT NULL,"
    "  reported INTEGER, presence INTEGER NOT NULL, since INTEGER, ended INTEGER,"
    "  last_online INTEGER, last_check INTEGER, next_check INTEGER,"
    "  checks INTEGER NOT NULL, misses INTEGER NOT NULL) STRICT;"
    "CREATE INDEX violation_case ON violation(case_id);"
    "CREATE INDEX violation_item ON violation(item, presence);"
    "CREATE INDEX violation_revision ON violation(revision);"
    "CREATE INDEX violation_due ON violation(next_check) WHERE next_check IS NOT NULL;"

    /* case_id is NULL for safety notices, which are outside any case. */
    "CREATE TABLE notice(id INTEGER PRIMARY KEY,"
    "  case_id INTEGER REFERENCES cases(id), n INTEGER NOT NULL,"
    "  stage INTEGER NOT NULL, kind TEXT NOT NULL, audience TEXT NOT NULL,"
    "  tenant TEXT NOT NULL, made INTEGER, delivered INTEGER, file TEXT,"
    "  vault_commit TEXT, sha256 TEXT, message_id TEXT, subject TEXT,"
    "  entry INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX notice_key"
    "  ON notice(coalesce(case_id, 0), n, kind, audience);"

    "CREATE TABLE outbox(id INTEGER PRIMARY KEY,"
    "  notice INTEGER NOT NULL REFERENCES notice(id), tenant TEXT NOT NULL,"
    "  channel TEXT NOT NULL, recipient TEXT, sender TEXT, idem TEXT NOT NULL UNIQUE,"
    "  state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_try INTEGER,"
    "  entry INTEGER NOT NULL, code INTEGER NOT NULL, reply TEXT,"
    "  time INTEGER) STRICT;"
    "CREATE INDEX outbox_todo ON outbox(state, next_try);"
    "CREATE INDEX outbox_notice ON outbox(notice);"

    "CREATE TABLE decision(id INTEGER PRIMARY KEY,"
    "  case_id INTEGER NOT NULL REFERENCES cases(id), person TEXT NOT NULL,"
    "  reason TEXT, verdict TEXT NOT NULL, uid INTEGER NOT NULL, time INTEGER,"
    "  entry INTEGER NOT NULL) STRICT;"
    "CREATE INDEX decision_case ON decision(case_id);"
    "CREATE TABLE hold(case_id INTEGER PRIMARY KEY REFERENCES cases(id)) STRICT;"

    "CREATE TABLE exposure(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL,"
    "  hour INTEGER NOT NULL, items INTEGER NOT NULL, violations INTEGER NOT NULL,"
    "  degraded INTEGER NOT NULL, sealed INTEGER NOT NULL,"
    "  UNIQUE(tenant, hour)) STRICT;"
    "CREATE INDEX exposure_open ON exposure(hour) WHERE sealed = 0;"

    "CREATE TABLE gap(id INTEGER PRIMARY KEY, feed INTEGER REFERENCES feed(id),"
    "  tenant TEXT NOT NULL, since INTEGER, until INTEGER, ours INTEGER NOT NULL,"
    "  why TEXT) STRICT;"
    "CREATE INDEX gap_tenant ON gap(tenant, since);"
    "CREATE UNIQUE INDEX gap_open"
    "  ON gap(coalesce(feed, 0), tenant) WHERE until IS NULL;"

    "CREATE TABLE ledger_row(seq INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;"

    "INSERT INTO shard(id, fence)"
    "  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1023)"
    "  SELECT i, 0 FROM n;";

/* What a feed's schedule, its state and the redirects of its address are made from. */
static const char step_polite[] =
    "ALTER TABLE feed ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN state_since INTEGER;"
    "ALTER TABLE feed ADD COLUMN down_ours INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN hint INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN ttl INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN skip_hours INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN skip_days INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN retry_after INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN rate REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN rate_at INTEGER;"
    "ALTER TABLE feed ADD COLUMN rate_from INTEGER;"
    "ALTER TABLE feed ADD COLUMN flood INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN planned TEXT;"
    "ALTER TABLE feed ADD COLUMN silence TEXT;"
    "ALTER TABLE feed ADD COLUMN silence_since INTEGER;"
    "ALTER TABLE feed ADD COLUMN answered TEXT;"
    "ALTER TABLE feed ADD COLUMN moved TEXT;"
    "ALTER TABLE feed ADD COLUMN moved_state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE feed ADD COLUMN moved_since INTEGER;"
    "ALTER TABLE feed ADD COLUMN moved_checked INTEGER;"
    "ALTER TABLE feed ADD COLUMN moved_polls INTEGER NOT NULL DEFAULT 0;"
    /* For the counts of every few seconds, which must not read all feeds. */
    "CREATE INDEX feed_active ON feed(active);"
    "CREATE INDEX feed_down ON feed(active) WHERE down_since IS NOT NULL;"
    /* Without it a feed that is down now would look readable until its next poll. */
    "UPDATE feed SET state = outcome, state_since = down_since"
    "  WHERE down_since IS NOT NULL;";

/* Coverage: what each feed last showed, what is still to be asked for, and what became
 * of posts that are not simply there (store_cover.h). */
static const char step_cover[] =
    "CREATE TABLE coverage(id INTEGER PRIMARY KEY REFERENCES feed(id),"
    "  tenant TEXT NOT NULL, since INTEGER, read INTEGER, readings INTEGER NOT NULL,"
    "  falling INTEGER NOT NULL, rising INTEGER NOT NULL, window BLOB,"
    "  day INTEGER NOT NULL, pages INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    "  filled INTEGER NOT NULL, texts INTEGER NOT NULL, shared INTEGER NOT NULL,"
    "  lost INTEGER NOT NULL, seconds INTEGER NOT NULL, cloaked INTEGER,"
    "  stale INTEGER) STRICT;"
    /* What fetch has in hand is known in memory; a row stays due until its answer. */
    "CREATE TABLE errand(id INTEGER PRIMARY KEY,"
    "  feed INTEGER NOT NULL REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  kind INTEGER NOT NULL, name TEXT NOT NULL, url TEXT, item INTEGER, due INTEGER,"
    "  attempts INTEGER NOT NULL, stage INTEGER NOT NULL, pages INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL, since INTEGER, until INTEGER, mark INTEGER, entry "
    "INTEGER,"
    "  etag TEXT, last_modified TEXT, body_hash TEXT,"
    "  data BLOB, UNIQUE(feed, kind, name)) STRICT;"
    "CREATE INDEX errand_due ON errand(due) WHERE due IS NOT NULL;"
    /* A post without a row is visible and as it was first seen. */
    "CREATE TABLE sighting(id INTEGER PRIMARY KEY REFERENCES item(id),"
    "  feed INTEGER NOT NULL REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  state INTEGER NOT NULL, since INTEGER, gone INTEGER, how TEXT,"
    "  entry INTEGER NOT NULL) STRICT;"
    "CREATE INDEX sighting_feed ON sighting(feed, state);"
    "CREATE TABLE away(id INTEGER PRIMARY KEY, since INTEGER, until INTEGER) STRICT;";

/* What comes without being asked for: streams and WebSub subscriptions. */
static const char step_stream[] =
    "CREATE TABLE stream(id INTEGER PRIMARY KEY,"
    "  feed INTEGER NOT NULL UNIQUE REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  up INTEGER NOT NULL, last_id TEXT, why TEXT, since INTEGER,"
    "  down_since INTEGER, last_data INTEGER, items INTEGER NOT NULL) STRICT;"
    "CREATE TABLE subscription(id INTEGER PRIMARY KEY,"
    "  feed INTEGER NOT NULL UNIQUE REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  hub TEXT NOT NULL, topic TEXT NOT NULL, path TEXT NOT NULL UNIQUE,"
    "  secret TEXT NOT NULL, state INTEGER NOT NULL, since INTEGER, until INTEGER,"
    "  due INTEGER, failures INTEGER NOT NULL, baseline INTEGER,"
    "  missed TEXT, missed_since INTEGER, last_push INTEGER, pushes INTEGER NOT NULL,"
    "  why TEXT) STRICT;"
    "CREATE INDEX subscription_due ON subscription(due) WHERE due IS NOT NULL;";

/* What programs of plugins still have to say. */
static const char step_retry[] =
    "CREATE TABLE retry(id INTEGER PRIMARY KEY,"
    "  revision INTEGER NOT NULL REFERENCES revision(id), tenant TEXT NOT NULL,"
    "  plugin TEXT NOT NULL, tries INTEGER NOT NULL, given_up INTEGER NOT NULL,"
    "  since INTEGER, due INTEGER, why TEXT, UNIQUE(revision, plugin)) STRICT;"
    "CREATE INDEX retry_due ON retry(due) WHERE due IS NOT NULL;";

/* What is let go of the texts: store_history.h. */
static const char step_keep[] =
    "CREATE TABLE thinned(id INTEGER PRIMARY KEY, share INTEGER NOT NULL) STRICT;"
    "CREATE TABLE kept_back(id INTEGER PRIMARY KEY REFERENCES revision(id)) STRICT;";

/* The life of rules (store_rule.h): where each is, what moved it, what people say of
 * its findings, and what it cost. */
static const char step_life[] =
    "CREATE TABLE rule_life(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, move INTEGER, since INTEGER, wish INTEGER NOT NULL,"
    "  wish_share INTEGER NOT NULL, wish_until INTEGER, wish_urgent INTEGER NOT NULL,"
    "  wish_who TEXT, wish_time INTEGER, UNIQUE(rule, rev)) STRICT;"
    /* before: the move whose state this one took the place of. */
    "CREATE TABLE rule_move(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, mode INTEGER NOT NULL, share INTEGER NOT NULL,"
    "  until INTEGER, what INTEGER NOT NULL, since INTEGER, who TEXT, before INTEGER,"
    "  entry INTEGER NOT NULL) STRICT;"
    "CREATE TABLE rule_label(id INTEGER PRIMARY KEY,"
    "  revision INTEGER NOT NULL REFERENCES revision(id), tenant TEXT NOT NULL,"
    "  rule TEXT NOT NULL, rev INTEGER NOT NULL, verdict INTEGER NOT NULL,"
    "  source INTEGER NOT NULL, found INTEGER, time INTEGER, who TEXT,"
    "  entry INTEGER NOT NULL, UNIQUE(revision, rule, rev)) STRICT;"
    "CREATE INDEX rule_label_rule ON rule_label(rule, rev);"
    "CREATE TABLE rule_day(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, day INTEGER NOT NULL, tenant TEXT NOT NULL,"
    "  mode INTEGER NOT NULL, hits INTEGER NOT NULL, would INTEGER NOT NULL,"
    "  counted INTEGER NOT NULL, UNIQUE(rule, rev, day, tenant, mode)) STRICT;"
    "CREATE INDEX rule_day_day ON rule_day(day);"
    "CREATE TABLE plugin_day(id INTEGER PRIMARY KEY, plugin TEXT NOT NULL,"
    "  day INTEGER NOT NULL, items INTEGER NOT NULL, failed INTEGER NOT NULL,"
    "  ns INTEGER NOT NULL, classes BLOB, UNIQUE(plugin, day)) STRICT;"
    /* Findings of canaries that wait for a person; id is the finding's. */
    "CREATE TABLE review(id INTEGER PRIMARY KEY REFERENCES finding(id),"
    "  tenant TEXT NOT NULL, since INTEGER, state INTEGER NOT NULL,"
    "  entry INTEGER NOT NULL) STRICT;"
    "CREATE INDEX review_waits ON review(id) WHERE state = 0;"
    /* People ask for what a rule found. */
    "CREATE INDEX finding_rule ON finding(rule, rev);"
    "ALTER TABLE violation ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE revision ADD COLUMN scores TEXT;";

/* Questions of plugins to model endpoints (store_ask.h). */
static const char step_ask[] =
    "CREATE TABLE ask(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    "  endpoint TEXT NOT NULL, kind INTEGER NOT NULL, model TEXT NOT NULL, prompt TEXT,"
    "  state INTEGER NOT NULL, attempts INTEGER NOT NULL, status INTEGER NOT NULL,"
    "  since INTEGER, due INTEGER, time INTEGER, tokens INTEGER NOT NULL,"
    "  entry INTEGER NOT NULL, file TEXT, why TEXT, question BLOB,"
    "  answer BLOB) STRICT;"
    "CREATE INDEX ask_due ON ask(endpoint, due) WHERE state = 0;"
    "CREATE INDEX ask_entry ON ask(entry);"
    "CREATE TABLE ask_for(id INTEGER PRIMARY KEY,"
    "  ask INTEGER NOT NULL REFERENCES ask(id),"
    "  revision INTEGER NOT NULL REFERENCES revision(id),"
    "  UNIQUE(ask, revision)) STRICT;"
    "CREATE INDEX ask_for_revision ON ask_for(revision);"
    "CREATE TABLE ask_day(id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL,"
    "  day INTEGER NOT NULL, requests INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    "  tokens INTEGER NOT NULL, UNIQUE(endpoint, day)) STRICT;"
    "CREATE INDEX finding_review ON finding(id) WHERE mode = 5;";

/* What was asked for of media, beside pages and bytes. */
static const char step_media[] =
    "ALTER TABLE coverage ADD COLUMN media INTEGER NOT NULL DEFAULT 0;";

/* Lists that are fetched (store_list.h). */
static const char step_list[] =
    "CREATE TABLE list(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    "  digest TEXT NOT NULL, url TEXT, bytes INTEGER NOT NULL, what TEXT, since "
    "INTEGER,"
    "  etag TEXT, last_modified TEXT, body_hash TEXT, next INTEGER, checked INTEGER,"
    "  good INTEGER, polls INTEGER NOT NULL, failures INTEGER NOT NULL, why TEXT,"
    "  trouble INTEGER, refused TEXT NOT NULL) STRICT;";

/* Reports (store_report.h); what models found waits for a person as findings of
 * canaries do; on whose share of a day's budget a question was asked (store_ask.h). */
static const char step_report[] =
    "CREATE TABLE report(id INTEGER PRIMARY KEY,"
    "  item INTEGER NOT NULL REFERENCES item(id),"
    "  revision INTEGER NOT NULL REFERENCES revision(id), tenant TEXT NOT NULL,"
    "  state INTEGER NOT NULL, asked INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    "  made INTEGER, looked INTEGER, found INTEGER NOT NULL, who TEXT, file TEXT,"
    "  why TEXT, entry INTEGER NOT NULL) STRICT;"
    "CREATE INDEX report_item ON report(item);"
    "CREATE INDEX report_open ON report(revision) WHERE state = 0;"
    "INSERT OR IGNORE INTO review(id, tenant, since, state, entry)"
    "  SELECT finding.id, item.tenant, finding.time, 0, -1 FROM finding"
    "  JOIN revision ON revision.id = finding.revision"
    "  JOIN item ON item.id = revision.item WHERE finding.mode = 5;"
    "ALTER TABLE ask ADD COLUMN payer TEXT;"
    "ALTER TABLE ask ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX ask_turn ON ask(endpoint, turn, id) WHERE state = 0;"
    "CREATE INDEX ask_answered ON ask(endpoint, time) WHERE state = 1;"
    "CREATE TABLE ask_share(id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL,"
    "  day INTEGER NOT NULL, tenant TEXT NOT NULL, requests INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, refused INTEGER NOT NULL,"
    "  UNIQUE(endpoint, day, tenant)) STRICT;";

/* What rules cost (store_rule.h). */
static const char step_cost[] =
    "CREATE TABLE rule_cost(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, day INTEGER NOT NULL, items INTEGER NOT NULL,"
    "  ns INTEGER NOT NULL, classes BLOB, UNIQUE(rule, rev, day)) STRICT;";

/* Since when rules are what they are (store_rule.h), and the violations of a tenant in
 * a time. */
static const char step_loaded[] =
    "CREATE TABLE rule_loaded(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, declared INTEGER NOT NULL, mode INTEGER NOT NULL,"
    "  since INTEGER, UNIQUE(rule, rev)) STRICT;"
    "CREATE INDEX violation_found ON violation(tenant, found);";

/* Posts are found through store_key.c: no index by their ids, which are random. */
static const char step_key[] =
    "CREATE TABLE item_key(hash INTEGER NOT NULL, item INTEGER NOT NULL,"
    "  PRIMARY KEY(hash, item)) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES('item_secret', lower(hex(randomblob(16)))),"
    "  ('item_keyed', '0');"
    "CREATE TABLE item_new(id INTEGER PRIMARY KEY,"
    "  feed INTEGER NOT NULL REFERENCES feed(id), tenant TEXT NOT NULL,"
    "  guid TEXT NOT NULL, url TEXT, first_seen INTEGER, revisions INTEGER NOT NULL,"
    "  revision INTEGER NOT NULL, digest TEXT NOT NULL, violations INTEGER NOT NULL)"
    "  STRICT;"
    "INSERT INTO item_new SELECT id, feed, tenant, guid, url, first_seen, revisions,"
    "  revision, digest, violations FROM item;"
    "DROP TABLE item;"
    "ALTER TABLE item_new RENAME TO item;";

/* What rules mean (store_rule.h). */
static const char step_meaning[] =
    "CREATE TABLE rule_meaning(id INTEGER PRIMARY KEY, rule TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, meaning TEXT NOT NULL, since INTEGER) STRICT;";

/* What is pending stands in ranges and no more in each row (store_todo.c): of `state',
 * `judged' is left, which is 2 where something could not be judged, else 1.  For
 * whoever looks into the store by hand there is the view. */
static const char step_todo[] =
    "CREATE TABLE todo(first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
    "INSERT INTO todo SELECT min(id), max(id) FROM (SELECT id,"
    "  id - row_number() OVER (ORDER BY id) AS run FROM revision"
    "  WHERE state <> 1 AND state = 0) GROUP BY run;"
    "UPDATE revision SET state = 1 WHERE state <> 1 AND state = 0;"
    "DROP INDEX revision_todo;"
    "ALTER TABLE revision RENAME COLUMN state TO judged;"
    "CREATE INDEX revision_degraded ON revision(id) WHERE judged = 2;"
    "CREATE VIEW revision_state AS SELECT id AS revision, CASE"
    "  WHEN id <= (SELECT last FROM todo WHERE first <= id ORDER BY first DESC LIMIT 1)"
    "  THEN 0 ELSE judged END AS state FROM revision;";

/* Who moved a rule last: a rollback leads back to somebody else's move. */
static const char step_mover[] = "ALTER TABLE rule_life ADD COLUMN who TEXT;";

/* For the counts of every few seconds: most violations are over.  And what a notice
 * gives stands in `remaining' from now on, where an appeal of before may have left
 * something: of notices that are on their way (phases sending, running, stopped)
 * nothing is known. */
static const char step_online[] =
    "CREATE INDEX violation_online ON violation(presence) WHERE presence = 0;"
    "UPDATE cases SET remaining = 0 WHERE phase IN (1, 2, 3);";

/* Step i makes version i + 1 of version i; a step that was released never changes. */
static const char *const steps[] = {step_1, step_polite, step_cover, step_stream,
    step_retry, step_keep, step_life, step_ask, step_media, step_list, step_report,
    step_cost, step_loaded, step_key, step_meaning, step_todo, step_mover, step_online};
#define SCHEMA ((int64_t)(sizeof(steps) / sizeof(steps[0])))

_Static_assert(STORE_SHARDS == 1024, "step_1 makes 1,024 shards");

static int
take_step(struct store *s, int64_t from, struct err *e)
{
	char sql[256];
	int rc = db_exec(s, steps[from], e);

	snprintf(sql, sizeof(sql),
	    "INSERT INTO migration VALUES(%lld, CAST(strftime('%%s') AS INTEGER));"
	    "PRAGMA user_version = %lld; PRAGMA application_id = %d",
	    (long long)from + 1, (long long)from + 1, APPLICATION);
	return rc == 0 ? db_exec(s, sql, e) : rc;
}

static int
migrate(struct store *s, struct err *e)
{
	int64_t version;
	/* While a table is made anew the rows that refer to it refer to nothing. */
	int rc = db_exec(s, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE", e);

	if (rc < 0)
		return rc;
	/* Asked again under the lock: another process may have been faster. */
	version = db_number(s, -1, "PRAGMA user_version", "");
	if (version < 0 || version > SCHEMA)
		rc = err_set(e, TOSD_ESTATE,
		    "%s: changed while it was opened: try again", s->path);
	for (int64_t v = version; rc == 0 && v < SCHEMA; v++)
		rc = take_step(s, v, e);
	if (rc == 0)
		rc = db_exec(s, "COMMIT", e);
	if (rc < 0 && !sqlite3_get_autocommit(s->db))
		db_exec(s, "ROLLBACK", NULL);
	db_exec(s, "PRAGMA foreign_keys = ON", NULL);
	db_forget(s); /* PRAGMA statements of the cache saw another schema */
	if (rc < 0)
		return e != NULL ? err_wrap(e, "making the tables") : rc;
	return 0;
}

static int
pragma(struct store *s, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *st = db_query(s, sql, e, "");
	int rc = st != NULL ? db_step(s, st, e) : e != NULL ? e->code : TOSD_EIO;

	*out = rc > 0 ? sqlite3_column_int64(st, 0) : 0;
	if (rc > 0)
		sqlite3_reset(st);
	return rc < 0 ? rc : 0;
}

int
db_schema(struct store *s, struct err *e)
{
	int64_t version, app, tables;
	int rc;

	if ((rc = pragma(s, "PRAGMA user_version", &version, e)) < 0 ||
	    (rc = pragma(s, "PRAGMA application_id", &app, e)) < 0 ||
	    (rc = pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, e)) < 0)
		return rc;
	if (app != APPLICATION && (tables > 0 || app != 0 || version != 0))
		return err_set(e, TOSD_EINVAL,
		    "%s: is a database of another program: name another path", s->path);
	if (version > SCHEMA)
		return err_set(e, TOSD_ESTATE,
		    "%s: has schema version %lld, this tosd knows up to %lld: start "
		    "the "
		    "newer tosd again, or restore a backup from before the upgrade",
		    s->path, (long long)version, (long long)SCHEMA);
	if (version == SCHEMA)
		return 0;
	if (s->readonly)
		return err_set(e, TOSD_ESTATE,
		    "%s: has schema version %lld, wanted %lld: start the daemon once, "
		    "it "
		    "brings it up to date",
		    s->path, (long long)version, (long long)SCHEMA);
	return migrate(s, e);
}
