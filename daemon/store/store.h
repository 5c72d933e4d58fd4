/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the working state.  One interface, drivers below it (store_sqlite.c is
 * the first).  The engine is the only writer; the console reads.
 *
 * All writes between store_begin() and store_commit() become durable together
 * (SQLite: WAL, synchronous=FULL) or not at all.  Every write names its shard and
 * the fence number under which the caller holds it (struct store_at): a write by
 * an owner that lost the shard is refused with TOSD_EDENIED.  One daemon on
 * SQLite owns all shards through the same code.
 *
 * Rows handed out are owned by the caller (store_*_clear); rows handed to a
 * callback are borrowed until it returns, and a callback that returns non-zero
 * stops the walk and is returned.  Numbers (`id`) are given by the store and never
 * used again.  Times are ms UTC, CLOCK_NONE is stored as NULL.
 */
#ifndef TOSD_STORE_STORE_H
#define TOSD_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/id.h"
#include "base/item.h"

#define STORE_SHARDS 1024
#define STORE_KEY 17 /* a tenant's opaque key with NUL */

struct store;

/* "sqlite:PATH" or "sqlite::memory:".  Makes or migrates the schema. */
int store_open(const char *url, struct store **out, struct err *e);
int store_open_readonly(const char *url, struct store **out, struct err *e);
void store_free(struct store **s);
/* An upper limit on the database file; writes beyond it fail as on a full disk. */
int store_limit(struct store *s, uint64_t bytes, struct err *e);
/* The same, counted from the size that it has now. */
int store_limit_growth(struct store *s, uint64_t bytes, struct err *e);

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* From now on store_commit() returns before the disk has what was committed, and a
 * thread of the store's own waits for the disk; store_await() returns once it has all
 * that was.  A power cut in between takes whole transactions, the newest ones; so
 * whoever tells others of one waits first.  Nothing changes for a store in memory. */
int store_async(struct store *s, struct err *e);
void store_await(struct store *s);
bool store_is_durable(struct store *s); /* there is nothing to wait for */

/* --- shards: who may write --- */
struct store_at {
	uint32_t shard;
	uint64_t fence;
};
uint32_t store_shard(const char *tenant); /* of a tenant's key */
/* Takes every shard that is free or expired (or already ours) for ttl ms, by the
 * store's own clock, and raises its fence; fences[shard] is 0 where not ours. */
int store_claim(struct store *s, const char *owner, int64_t ttl,
    uint64_t fences[STORE_SHARDS], struct err *e);

/* --- meta: named texts --- */
int store_meta_set(struct store *s, const char *key, const char *value, struct err *e);
/* xmalloc'd, NULL if there is none. */
char *store_meta_get(struct store *s, const char *key);

/* --- feeds --- */
enum store_moved {
	MOVED_SEEN,   /* not proven yet */
	MOVED_KEPT,   /* asked there */
	MOVED_FAILED, /* asked at both in turn until one answers */
};
struct store_feed {
	int64_t id;
	char tenant[STORE_KEY];
	char *url;
	bool active;	   /* in the configuration now */
	char *etag, *last_modified, *body_hash;
	char *title, *format;
	int64_t next_poll, last_poll, last_ok;
	int64_t down_since; /* CLOCK_NONE while readable */
	uint32_t failures;
	int32_t status;	    /* last HTTP status */
	uint8_t outcome;    /* enum poll_outcome */
	char *why;	    /* last trouble in words */
	uint64_t polls;
	uint8_t state;	    /* enum poll_outcome that holds; faults of ours are none */
	int64_t state_since;
	bool down_ours;	    /* the open gap is our own */
	/* What the schedule is made from, so that a restart makes the same again. */
	int64_t hint, ttl;  /* ms that header and document ask for, 0: they do not */
	uint32_t skip_hours;
	uint8_t skip_days;
	int64_t retry_after; /* ms, of the last poll */
	double rate;	     /* new items, each of them fading away over a week or so */
	int64_t rate_at, rate_from; /* as of; counted since */
	bool flood;	     /* most of the last document was new */
	char *planned;	     /* what decided on next_poll, in words */
	char *silence;	     /* why it cannot be read as often as it must; NULL: it can */
	int64_t silence_since;
	char *answered;	     /* what the validators belong to, where it is not url */
	/* Where permanent redirects lead to. */
	char *moved;
	uint8_t moved_state;   /* enum store_moved */
	int64_t moved_since;   /* of this target */
	int64_t moved_checked; /* when url itself was last asked */
	uint32_t moved_polls;  /* in a row that led there */
};
void store_feed_clear(struct store_feed *f);
/* Finds or makes the feed (tenant, url), marks it active; *id, and *fresh if made. */
int store_feed_sync(struct store *s, const struct store_at *at, const char *tenant,
    const char *url, int64_t next_poll, int64_t *id, bool *fresh, struct err *e);
int store_feed_retire(struct store *s, const struct store_at *at, int64_t id,
    struct err *e); /* no longer active; nothing is deleted */
int store_feed_update(struct store *s, const struct store_at *at,
    const struct store_feed *f, struct err *e); /* all columns but tenant and url */
int store_feed_get(struct store *s, int64_t id, struct store_feed *out, struct err *e);
typedef int store_feed_fn(void *ctx, const struct store_feed *f);
/* tenant NULL: of all; ordered by id. */
int store_feed_each(struct store *s, const char *tenant, store_feed_fn *fn, void *ctx);

/* --- streams: one a feed that has one --- */
struct store_stream {
	int64_t id;
	int64_t feed;
	char tenant[STORE_KEY];
	bool up;
	char *last_id;	    /* all up to here is on record */
	char *why;	    /* why it is not up */
	int64_t since;	    /* up or not */
	int64_t down_since; /* what was missed from here on is not repaired yet */
	int64_t last_data;
	uint64_t items;
};
void store_stream_clear(struct store_stream *r);
int store_stream_get(struct store *s, int64_t feed, struct store_stream *out,
    struct err *e); /* TOSD_ENOENT */
/* Adds it (id 0, then set) or changes all but feed and tenant. */
int store_stream_put(struct store *s, const struct store_at *at, struct store_stream *r,
    struct err *e);

/* --- subscriptions at hubs (WebSub): at most one a feed --- */
struct store_subscription {
	int64_t id;
	int64_t feed;
	char tenant[STORE_KEY];
	char *hub, *topic;
	char *path;	  /* of the callback: only we and the hub know it */
	char *secret;	  /* of the signatures */
	int32_t state;	  /* enum subscription_state (fetch/subscription.h) */
	int64_t since;	  /* in that state */
	int64_t until;	  /* end of the lease */
	int64_t due;	  /* something is to be done; CLOCK_NONE: nothing */
	uint32_t failures;
	int64_t baseline; /* all items up to this poll are not the hub's to bring */
	char *missed;	  /* items that a poll found first: numbers with blanks */
	int64_t missed_since;
	int64_t last_push;
	uint64_t pushes;
	char *why;
};
void store_subscription_clear(struct store_subscription *r);
int store_subscription_get(struct store *s, int64_t feed,
    struct store_subscription *out, struct err *e); /* TOSD_ENOENT */
int store_subscription_find(struct store *s, const char *path,
    struct store_subscription *out, struct err *e); /* TOSD_ENOENT */
/* Adds it (id 0, then set) or changes all but feed and tenant. */
int store_subscription_put(struct store *s, const struct store_at *at,
    struct store_subscription *r, struct err *e);
typedef int store_subscription_fn(void *ctx, const struct store_subscription *r);
/* Those due at `now', INT64_MAX: all. */
int store_subscription_each(
    struct store *s, int64_t now, store_subscription_fn *fn, void *ctx);
int64_t store_subscription_due(struct store *s); /* CLOCK_NONE: never */

/* --- items and revisions --- */
struct store_item {
	int64_t id;
	int64_t feed;
	char tenant[STORE_KEY];
	char *guid;		/* identity inside the feed */
	char *url;
	int64_t first_seen;
	uint32_t revisions;
	int64_t revision;	/* the newest */
	char digest[DIGEST_HEX]; /* of the newest */
	uint32_t violations;	/* open ones: whether a look is worth it */
};
void store_item_clear(struct store_item *i);
int store_item_find(struct store *s, int64_t feed, const char *guid,
    struct store_item *out, struct err *e); /* TOSD_ENOENT */
int store_item_get(struct store *s, int64_t id, struct store_item *out, struct err *e);
/* Between an id and what tells the posts apart that have it, in the guids of those. */
#define STORE_APART "\x1f"
enum store_near {
	STORE_NEAR_NONE,
	STORE_NEAR_SHARED, /* posts with that id are stored under other guids */
	STORE_NEAR_THERE,  /* a post has this guid (others may share the id) */
};
int store_item_near(struct store *s, int64_t feed, const char *guid,
    enum store_near *out, struct err *e);
/* Posts have guids of this id and STORE_APART; for "": the feed has any post. */
bool store_item_shares(struct store *s, int64_t feed, const char *id);

enum store_inspect { INSPECT_PENDING, INSPECT_DONE, INSPECT_DEGRADED };
struct store_revision {
	int64_t id;
	int64_t item;
	uint32_t n;		 /* 1, 2, ... within the item */
	int64_t feed;		 /* of its item, read only */
	char tenant[STORE_KEY];	 /* of its item, read only */
	char digest[DIGEST_HEX];
	int64_t seen;		 /* when captured */
	int64_t time;		 /* event time: published, else seen */
	char capture[ID_TEXT];	 /* vault id, "" if none */
	char *file;		 /* of the capture in the vault */
	char *commit;
	int64_t entry;		 /* ledger index of the capture, -1 none */
	enum store_inspect state;
	uint32_t attempts;
	char *policy;		 /* digest of the policy version that judged, or is to */
	char *why;		 /* why degraded */
	struct item body;
};
void store_revision_clear(struct store_revision *r);
/* Adds an item (item->id set on return) together with its first revision, or a
 * further revision of item->id when it is not 0; the item's newest-revision columns
 * are brought up to date.  r->id and r->n are set on return. */
int store_revision_add(struct store *s, const struct store_at *at,
    struct store_item *item, struct store_revision *r, struct err *e);
/* The numbers that the next new item and the next revision get. */
void store_item_next(struct store *s, int64_t *item, int64_t *revision);
/* As store_revision_add() of a new item, but of two that are complete: item->id and r->id
 * say what their numbers must be, else TOSD_ESTATE. */
int store_item_new(struct store *s, const struct store_at *at, struct store_item *item,
    struct store_revision *r, struct err *e);
int store_revision_get(struct store *s, int64_t id, struct store_revision *out,
    struct err *e);
/* Ties a revision to the capture that proves it, once that is in the vault: its name
 * there, commitment and ledger index (-1: none). */
int store_revision_captured(struct store *s, const struct store_at *at, int64_t id,
    const char *capture, const char *file, const char *commit, int64_t entry,
    struct err *e);
/* Its body again, with what was found out about its media. */
int store_revision_body(struct store *s, const struct store_at *at, int64_t id,
    const struct item *body, struct err *e);
int store_revision_judged(struct store *s, const struct store_at *at, int64_t id,
    enum store_inspect state, uint32_t attempts, const char *policy, const char *why,
    struct err *e);
/* One in which nothing was found: done, and what its row says of attempts and policy
 * holds.  It is known to be there. */
int store_revision_clean(
    struct store *s, const struct store_at *at, int64_t id, struct err *e);
/* Ids of pending revisions above `after' that wait for no plugin (a row of `retry' that is
 * not given up), rising, and the shards of their tenants (unless NULL); at most max.  Count
 * in *n. */
int store_revision_pending(struct store *s, int64_t after, int64_t *ids, uint32_t *shards,
    size_t max, size_t *n, struct err *e);
/* Ids of revisions of which this file is the capture, above `after', rising; at most max.
 * Count in *n. */
int store_revision_of_file(struct store *s, const char *file, int64_t after, int64_t *ids,
    size_t max, size_t *n, struct err *e);
/* Erases the body of every revision of a capture (privacy), and what findings and
 * violations have of its words; rows stay. */
int store_revision_erase(struct store *s, const char *capture_file, struct err *e);

/* --- what a program of a plugin still has to say of a revision that is pending --- */
struct store_retry {
	int64_t id;
	int64_t revision;
	char tenant[STORE_KEY];
	char *plugin;
	uint32_t tries;	 /* programs that were lost with it in hand */
	bool given_up;	 /* the plugin is not asked about it any more: why */
	int64_t since;	 /* when it was first not answered */
	int64_t due;	 /* when to ask again; CLOCK_NONE: it is being asked */
	char *why;
};
void store_retry_clear(struct store_retry *r);
typedef int store_retry_fn(void *ctx, const struct store_retry *row);
int store_retry_get(struct store *s, int64_t revision, const char *plugin,
    struct store_retry *out, struct err *e); /* TOSD_ENOENT */
/* Adds it where its id is 0. */
int store_retry_put(struct store *s, const struct store_at *at, struct store_retry *r,
    struct err *e);
/* Rows of a revision, by plugin. */
int store_retry_each(struct store *s, int64_t revision, store_retry_fn *fn, void *ctx);
/* Rows that are due, oldest first, at most max. */
int store_retry_due(
    struct store *s, int64_t now, size_t max, store_retry_fn *fn, void *ctx);
/* When the next one is due; CLOCK_NONE if none is. */
int64_t store_retry_next(struct store *s);
/* None of a revision's rows is due: it is being asked. */
int store_retry_asked(
    struct store *s, const struct store_at *at, int64_t revision, struct err *e);
/* Rows of a plugin that are due later are due at that time. */
int store_retry_hasten(struct store *s, const char *plugin, int64_t due, struct err *e);
/* Rows that were being asked are due at that time: after a restart. */
int store_retry_reset(struct store *s, int64_t due, struct err *e);
/* Forgets a revision's rows, *n of them: it is judged. */
int store_retry_drop(struct store *s, const struct store_at *at, int64_t revision,
    int *n, struct err *e);
/* Rows of all revisions. */
int64_t store_retry_count(struct store *s);
/* Revisions that wait for this plugin, and since when the first one does (CLOCK_NONE:
 * none); all rows are read. */
int64_t store_retry_waiting(struct store *s, const char *plugin, int64_t *since);

/* --- findings --- */
/* TOSD_EEXIST if (revision, rule, rev) is there: the idempotency key. */
int store_finding_add(struct store *s, const struct store_at *at, int64_t revision,
    const struct finding *f, bool counts, int64_t time, struct err *e);

/* --- violations --- */
enum store_presence { PRESENT_ONLINE, PRESENT_REMOVED, PRESENT_EDITED, PRESENT_UNKNOWN };
struct store_violation {
	int64_t id;
	int64_t case_id;
	char tenant[STORE_KEY];
	int64_t item, revision;
	uint32_t exhibit;	/* 1, 2, ... within the case */
	struct finding finding;
	char *url;
	char *quote;		/* the offending bytes, UTF-8 */
	int64_t found, posted;	/* posted: CLOCK_NONE if the feed does not say */
	int64_t entry;		/* ledger index */
	uint32_t notice;	/* number of the first notice that cites it, 0 none */
	int64_t reported;	/* when that notice was delivered */
	enum store_presence presence;
	int64_t since;		/* of this presence */
	int64_t ended;		/* first reading without it; CLOCK_NONE while there */
	int64_t last_online;	/* last reading with it */
	int64_t last_check, next_check; /* next_check CLOCK_NONE: no more looks */
	uint32_t checks, misses; /* misses: readings that told nothing */
	uint8_t withdrawn;	 /* enum store_withdrawn: it does not count (store_rule.h) */
};
void store_violation_clear(struct store_violation *v);
int store_violation_add(struct store *s, const struct store_at *at,
    struct store_violation *v, struct err *e); /* sets id; keeps item.violations */
int store_violation_update(struct store *s, const struct store_at *at,
    const struct store_violation *v, struct err *e); /* keeps item.violations */
int store_violation_get(struct store *s, int64_t id, struct store_violation *out,
    struct err *e);
/* The open (not removed, not edited) violation of this item by this rule. */
int store_violation_open(struct store *s, int64_t item, const char *rule,
    struct store_violation *out, struct err *e); /* TOSD_ENOENT */
typedef int store_violation_fn(void *ctx, const struct store_violation *v);
enum store_violation_by { VIOLATION_ALL, VIOLATION_OF_CASE, VIOLATION_OF_ITEM };
/* Ordered by id; limit 0: no limit. */
int store_violation_each(struct store *s, enum store_violation_by by, int64_t key,
    size_t limit, store_violation_fn *fn, void *ctx);
/* Whether there is one by this revision of the item; returns what the walk did. */
int store_violation_is_by(struct store *s, int64_t item, int64_t revision, bool *is);
/* next_check is over, by that; not of these two tenants ("": nobody). */
int store_violation_each_due(struct store *s, int64_t now, const char *const but[2],
    store_violation_fn *fn, void *ctx);
/* Violations of a tenant found at this time or later, by time and revision. */
int store_violation_since(struct store *s, const char *tenant, int64_t from,
    store_violation_fn *fn, void *ctx);
/* Of a case, those that do not count. */
int64_t store_violation_withdrawn(struct store *s, int64_t case_id);
/* Of a case, the gravest severity of those that count; 0: none does. */
int64_t store_violation_gravest(struct store *s, int64_t case_id);
/* The same of those that its notices cite, up to the number `told'; what that one
 * cites counts even if it was withdrawn since. */
int64_t store_violation_gravest_told(struct store *s, int64_t case_id, uint32_t told);
int64_t store_violation_next_check(struct store *s); /* CLOCK_NONE: none */

/* --- cases --- */
struct store_case {
	int64_t id;
	char number[16];	/* "2026-000001" */
	char tenant[STORE_KEY];
	uint32_t episode;	/* 1, 2, ... of the tenant */
	int64_t opened, closed;	/* closed CLOCK_NONE while open */
	/* struct case_state of the cases room, flat */
	int32_t stage;
	uint8_t phase;
	int32_t severity;
	int64_t stage_since, deadline, remaining, last_violation, watch_since;
	uint32_t notices;	/* sent so far */
	uint32_t exhibits;
	uint8_t outcome;	/* how it ended */
	char chain[DIGEST_HEX];	/* leaf hash of its newest ledger entry */
};
int store_case_add(struct store *s, const struct store_at *at, struct store_case *c,
    struct err *e); /* sets id, and number and episode from its own counters */
int store_case_update(struct store *s, const struct store_at *at,
    const struct store_case *c, struct err *e);
int store_case_get(struct store *s, int64_t id, struct store_case *out, struct err *e);
int store_case_by_number(struct store *s, const char *number, struct store_case *out,
    struct err *e);
int store_case_active(struct store *s, const char *tenant, struct store_case *out,
    struct err *e); /* the one not closed; TOSD_ENOENT */
typedef int store_case_fn(void *ctx, const struct store_case *c);
enum store_case_by { CASE_BY_ALL, CASE_BY_OPEN, CASE_BY_DUE /* deadline <= key */ };
int store_case_each(struct store *s, enum store_case_by by, int64_t key,
    store_case_fn *fn, void *ctx);
int64_t store_case_next_deadline(struct store *s); /* CLOCK_NONE: none */

/* --- notices and the outbox --- */
struct store_notice {
	int64_t id;
	int64_t case_id;	/* 0: safety, outside any case */
	uint32_t n;		/* number within the case */
	int32_t stage;
	char *kind, *audience;	/* "stage", "tenant" */
	char tenant[STORE_KEY];
	int64_t made, delivered; /* delivered CLOCK_NONE until proven */
	char *file, *commit, *sha256; /* exact bytes in the vault */
	char *message_id, *subject;
	int64_t entry;		/* ledger index */
};
void store_notice_clear(struct store_notice *n);
/* TOSD_EEXIST if (case, n, kind, audience) is there. */
int store_notice_add(struct store *s, const struct store_at *at, struct store_notice *n,
    struct err *e);
int store_notice_delivered(struct store *s, const struct store_at *at, int64_t id,
    int64_t time, struct err *e);
int store_notice_get(struct store *s, int64_t id, struct store_notice *out,
    struct err *e);
/* Whether a safety notice about this revision is there. */
bool store_notice_alerted(struct store *s, int64_t revision);
typedef int store_notice_fn(void *ctx, const struct store_notice *n);
/* case_id -1: all. */
int store_notice_each(struct store *s, int64_t case_id, store_notice_fn *fn, void *ctx);

enum store_outbox_state {
	OUTBOX_NEW,	/* waits for its ledger entries to be signed, or for next_try */
	OUTBOX_SENDING, /* committed before the courier is told */
	OUTBOX_SENT,
	OUTBOX_FAILED,	/* refused for good */
	OUTBOX_UNKNOWN, /* a person decides */
};
struct store_outbox {
	int64_t id;
	int64_t notice;
	char tenant[STORE_KEY];
	char *channel, *recipient, *sender;
	char idem[DIGEST_HEX]; /* sha256 of notice, channel and recipient: unique */
	enum store_outbox_state state;
	uint32_t attempts;
	int64_t next_try;
	int64_t entry;	/* every ledger entry up to this must be signed before */
	int32_t code;
	char *reply;
	int64_t time;	/* of the last change */
};
void store_outbox_clear(struct store_outbox *o);
int store_outbox_add(struct store *s, const struct store_at *at, struct store_outbox *o,
    struct err *e); /* TOSD_EEXIST by idem */
int store_outbox_update(struct store *s, const struct store_at *at,
    const struct store_outbox *o, struct err *e);
int store_outbox_get(struct store *s, int64_t id, struct store_outbox *out,
    struct err *e);
typedef int store_outbox_fn(void *ctx, const struct store_outbox *o);
/* Rows in this state; OUTBOX_NEW: only those due at now with entry < signed_size, those
 * of notices of the kind safety first. */
int store_outbox_each(struct store *s, enum store_outbox_state state, int64_t now,
    int64_t signed_size, size_t limit, store_outbox_fn *fn, void *ctx);
/* Of one notice, all states. */
int store_outbox_of_notice(struct store *s, int64_t notice, store_outbox_fn *fn,
    void *ctx);
int64_t store_outbox_next_try(struct store *s); /* of NEW rows; CLOCK_NONE: none */
/* The highest entry that a NEW row waits for, -1 if none: seal up to there. */
int64_t store_outbox_wants(struct store *s);

/* --- decisions --- */
struct store_decision {
	int64_t id, case_id;
	char *person, *reason;
	char *verdict; /* "accept", "reject" */
	uint32_t uid;
	int64_t time;
	int64_t entry;
};
int store_decision_add(struct store *s, const struct store_at *at,
    struct store_decision *d, struct err *e);
typedef int store_decision_fn(void *ctx, const struct store_decision *d);
int store_decision_each(struct store *s, int64_t case_id, store_decision_fn *fn,
    void *ctx);

/* --- legal holds: a held case cannot be erased --- */
int store_hold_set(struct store *s, const struct store_at *at, int64_t case_id,
    bool held, struct err *e);
bool store_held(struct store *s, int64_t case_id);
/* Whether a capture file is evidence in any held or open case. */
bool store_capture_needed(struct store *s, const char *file);

/* --- exposure: what was seen, the denominator --- */
struct store_exposure {
	char tenant[STORE_KEY];
	int64_t hour; /* start of the hour, ms */
	uint64_t items, violations, degraded;
	bool sealed;  /* its ledger entry is written */
};
int store_exposure_count(struct store *s, const struct store_at *at, const char *tenant,
    int64_t time, uint64_t items, uint64_t violations, uint64_t degraded,
    struct err *e); /* adds */
typedef int store_exposure_fn(void *ctx, const struct store_exposure *x);
int store_exposure_each(struct store *s, const char *tenant, int64_t from, int64_t to,
    store_exposure_fn *fn, void *ctx);
/* Hours before `before` without a ledger entry yet. */
int store_exposure_unsealed(struct store *s, int64_t before, store_exposure_fn *fn,
    void *ctx);
int store_exposure_seal(struct store *s, const struct store_at *at, const char *tenant,
    int64_t hour, struct err *e);

/* --- gaps: when we could not see --- */
struct store_gap {
	int64_t id, feed;
	char tenant[STORE_KEY];
	int64_t from, to; /* to CLOCK_NONE while open */
	bool ours;	  /* our own outage, never the tenant's */
	char *why;
};
int store_gap_open(struct store *s, const struct store_at *at, struct store_gap *g,
    struct err *e);
int store_gap_close(struct store *s, const struct store_at *at, int64_t feed,
    int64_t to, struct err *e); /* closes the open one of this feed, if any */
typedef int store_gap_fn(void *ctx, const struct store_gap *g);
/* Gaps of a tenant (NULL: of all) that overlap [from, to). */
int store_gap_each(struct store *s, const char *tenant, int64_t from, int64_t to,
    store_gap_fn *fn, void *ctx);

/* --- ledger rows to be written --- */
int store_ledger_add(struct store *s, int64_t seq, const void *entry, size_t n,
    struct err *e);
int64_t store_ledger_next(struct store *s); /* seq of the next row; 0 when empty */
typedef int store_ledger_fn(void *ctx, int64_t seq, const void *entry, size_t n);
int store_ledger_each(struct store *s, int64_t from, store_ledger_fn *fn, void *ctx);
/* Forgets rows below seq: they are in signed files.  The counter stays. */
int store_ledger_trim(struct store *s, int64_t below, struct err *e);

/* --- store_due.c --- */
/* The clock is set back by so much: whatever is due later than now, and is not promised to
 * anybody, goes back with it. */
int store_due_back(struct store *s, int64_t by, int64_t now, struct err *e);

/* --- counts for status and metrics --- */
/* store_case.phase: CASE_SENDING and CASE_RECOMMENDED of the ladder */
#define STORE_PHASE_SENDING 1
#define STORE_PHASE_RECOMMENDED 6
struct store_counts {
	uint64_t feeds, feeds_down, items, revisions, pending, degraded, findings,
	    violations, violations_online, cases_open, recommended, notices, outbox_new,
	    outbox_sending, outbox_unknown, outbox_failed;
};
int store_count(struct store *s, struct store_counts *out, struct err *e);

#endif
