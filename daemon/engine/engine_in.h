/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_in: what the files of the engine share.  Not for other rooms.
 */
#ifndef TOSD_ENGINE_IN_H
#define TOSD_ENGINE_IN_H

#include "cases/ladder.h"
#include "cases/measure.h"
#include "engine/engine.h"
#include "engine/engine_record.h"
#include "engine/engine_turn.h"
#include "evidence/vault.h"
#include "store/store.h"

/* Never more than this many requests with fetch at a time, per connection. */
#define ENGINE_POLLS_PER_CONNECTION 2

/* A shard is ours for so long; it is renewed after a third of that. */
#define ENGINE_LEASE CLOCK_HOUR

/* A feed as scheduled; the rest of it is in the store. */
struct engine_feed {
	int64_t id;
	const struct conf_tenant *tenant;
	const struct conf_feed *conf;
	int64_t interval;
	int64_t next;
	uint32_t slot; /* place in the heap, or ENGINE_NO_SLOT */
	bool in_flight;
	bool active;
	bool fixed; /* the interval was given for this feed: obeyed as it is */
	uint8_t lost; /* requests in a row whose fetcher died with them */
};
#define ENGINE_NO_SLOT UINT32_MAX

/* A stream that fetch is to hold open; the rest of it is in the store. */
struct engine_stream {
	int64_t feed;
	const struct conf_feed *conf;
	char key[DIGEST_HEX]; /* of all that was asked for */
	uint32_t fetcher;
	bool sent, up;
	int64_t repair; /* a poll sent at this time or later closes the gap */
};

/* A request that fetch has. */
struct engine_poll {
	uint64_t id;
	int64_t feed;	   /* store id, 0 for a recheck */
	int64_t violation; /* store id, 0 for a feed */
	int64_t errand;	   /* store id, 0 for a feed */
	int64_t list;	   /* store id of a list that is fetched, 0 for a feed */
	uint32_t fetcher;
	int64_t since;
	bool moved; /* asked where the feed has moved to, not at its own address */
	char tenant[STORE_KEY]; /* of an errand or a look */
};

/* Polls in a row, at so many hosts, that heard nobody at all: engine_outage.c. */
#define OUTAGE_POLLS 5
#define OUTAGE_HOSTS 3
#define OUTAGE_LEAD (30 * CLOCK_SEC) /* a fault of ours shows at some feeds first */
#define OUTAGE_TAIL (5 * CLOCK_SEC)  /* ... and is over at some first */
struct engine_outage {
	bool on;
	int64_t since, ended; /* ended: the last one, or the last word of one; 0: none */
	size_t n;
	struct {
		int64_t feed, time;
		uint64_t host;
	} v[OUTAGE_POLLS];
};

/* What is needed of a revision to settle one in which nothing was found. */
struct engine_brief {
	int64_t revision;
	char tenant[STORE_KEY];
	int64_t seen;
	char policy[DIGEST_HEX]; /* as in its row: who is to judge it */
	uint32_t n, attempts;	 /* n 0: not known, its row is to be read */
	bool reported;		 /* somebody has pointed at the post */
	bool skips; /* a plugin is not asked: without it nothing is clean */
};

/* A batch that a worker has. */
struct engine_sent {
	uint64_t batch;
	bool suspect;	    /* it is one suspect */
	int64_t *revisions; /* 0: answered */
	struct engine_brief *briefs; /* of each */
	size_t n;
};

/* Where many revisions wait, a worker that is fast has more batches than the one that it
 * is at: so it need not wait for the next one while the engine does something else. */
#define ENGINE_SENT 3

struct engine_worker {
	bool up;
	int64_t pid;
	int64_t gone; /* when it last ended; 0: it was not there yet */
	struct engine_without *without; /* engine_plugin.c */
	size_t nwithout;
	struct engine_sent sent[ENGINE_SENT]; /* it answers in this order */
	size_t nsent;
	int64_t since; /* when it could begin with the first one */
	int64_t died;  /* it lost a batch then, and is not up again; 0: no */
	bool reported; /* as stuck; gets nothing until its successor is up */
	int64_t pace; /* us an item of its last batch took, 0: not known */
	uint32_t missing; /* plugins that it does without */
	int64_t renew;	  /* when a successor is tried that may have them; CLOCK_NONE: not */
	int64_t waited;	  /* how long for that, 0: not yet */
	int trace; /* which plugin is at work in it (ipc/trace.h); -1: not known */
};

/* A plugin that a worker does without. */
struct engine_without {
	char *plugin, *why;
	int64_t since;
	bool part;    /* only part of it, or of what it looks for */
	bool program; /* its program was lost */
};

/* A plugin in whose hands workers ended, since the start. */
struct engine_crash {
	char *plugin;
	uint64_t n;
	int64_t time; /* of the last one */
	char *over;
};

/* A question that fetch has. */
struct engine_ask {
	uint64_t id; /* of the message */
	int64_t ask; /* store id */
	char *endpoint;
	uint32_t fetcher;
};

/* A model endpoint, as far as it matters only while we run. */
struct engine_endpoint {
	char *name;
	int64_t until;	/* it is left alone so long; CLOCK_NONE: it is not */
	unsigned fails; /* in a row */
	bool down;	/* and it was said so */
	int64_t spent_day; /* on which it was said that its budget is spent */
};

/* Revisions that wait, by tenant: engine_queue.c. */
#define ENGINE_LANE_AGAIN STORE_SHARDS /* and a shard: asked about again, of that one */
#define ENGINE_LANES (STORE_SHARDS + 1)
#define ENGINE_RUN 64
struct engine_lane {
	int64_t *v; /* a ring */
	size_t head, n, cap;
};
struct engine_queue {
	struct engine_lane lanes[STORE_SHARDS];
	struct engine_queue *again;  /* has one turn, as a lane has; NULL: never used */
	uint16_t turn[ENGINE_LANES]; /* a ring of lanes that have something */
	size_t first, nturn;
	size_t used; /* of the turn of the first one */
	size_t run;  /* how long a turn is; 0: one */
	size_t n;    /* in all lanes */
};

struct engine {
	const struct conf *conf;
	const struct notice_set *notices;
	const struct ledger_key *key;
	enum file_sync sync;
	void (*send)(void *ctx, enum role to, uint32_t index, struct msg *m);
	void *ctx;
	void (*watch)(void *ctx, const char *entry);
	void *watch_ctx;

	struct store *store;
	struct vault *vault;
	struct ledger *ledger;
	struct ladder ladder;
	uint64_t fences[STORE_SHARDS];
	bool in_txn;
	bool draining;

	struct engine_outs out;  /* leaves once what is handled now is on disk */
	struct engine_outs held; /* once the last commit is */
	int64_t committed;	 /* entries: those before this number */
	bool may_async, async;	 /* a tick does not wait for the disk; and it began */
	int64_t put_off;	 /* since when a commit waits for the disk; CLOCK_NONE */
	uint64_t turns, told;	 /* commits; those of which others know */

	/* record */
	int64_t seq;		/* of the next entry */
	int64_t last_t;		/* of the newest entry: time never runs backwards */
	int64_t unsealed_since; /* CLOCK_NONE: all is signed */

	/* feeds */
	struct engine_feed *feeds;
	size_t nfeeds;
	uint32_t *heap;
	size_t heap_n;
	struct engine_poll *polls;
	size_t npolls, polls_cap;
	double pace;	/* polls a second that all feeds ask for together */
	int64_t synced; /* when feeds were spread; CLOCK_NONE: dispatched since then */
	uint64_t next_poll_id;
	bool *fetchers;	    /* up? */
	int *traces;	    /* of fetchers: which answer they read (ipc/trace.h); or -1 */
	unsigned nfetchers; /* fixed at the start: each owns its hosts */
	struct engine_outage outage;

	/* streams, by feed */
	struct engine_stream *streams;
	size_t nstreams;

	/* inspection */
	struct engine_worker *workers;
	size_t nworkers;
	struct engine_queue pending;  /* to be sent in batches, in runs of ENGINE_RUN */
	struct engine_queue suspects; /* were with a worker that died: sent alone */
	struct engine_fresh *fresh;   /* copies of what was just written */
	struct engine_crash *crashes;
	size_t ncrashes;
	int64_t retries;	      /* answers of programs that are waited for */
	int64_t reports;	      /* that were ever made */
	bool suspect_last; /* the last batch was one: ordinary items are next */
	uint64_t next_batch; /* no other start has the same */
	char policy[DIGEST_HEX];
	int64_t last_safety; /* revision last alerted: one alert each */

	struct engine_life *life; /* engine_life.h */
	/* questions to model endpoints */
	struct engine_ask *asks;
	size_t nasks;
	uint64_t next_ask_id;
	struct engine_endpoint *endpoints;
	size_t nendpoints;
	int64_t next_sweep; /* of answers that are too old */

	/* lists that are fetched (engine_list.h) */
	struct engine_list **lists;
	size_t nlists;
	uint64_t next_trial; /* as next_batch */
	char rest[DIGEST_HEX]; /* what workers have loaded beside them */

	/* outbox */
	bool courier_up;
	bool courier_told;     /* it has said what it has in hand */
	char courier[ID_TEXT]; /* which process it is */
	unsigned sending;
	int64_t *again; /* what it was given already and is asked for again */
	size_t nagain;

	int64_t next_exposure, next_alive, next_renewal;
	int64_t ticked; /* when the last tick was; 0: there was none */
	int64_t handled; /* when the last message came */
	int64_t next_keep, next_keep_back;
	int64_t keep_back; /* the last row of those kept back that was looked at */

	/* counters for stats */
	uint64_t polls_by[POLLED_COUNT];
	uint64_t items_new, items_changed, items_judged, items_degraded, findings,
	    violations, worker_deaths, let_go, answers, asks_failed, asks_refused,
	    reviews;
	int64_t started;
	/* what msg_refused says */
	int64_t refused, changed;
	char *refused_why;
};

/* --- engine.c --- */

/* The shard and fence under which this tenant's rows are written. */
struct store_at engine_at(const struct engine *g, const char *tenant);
/* For store, vault and ledger calls: an error other than `allowed` ends the
 * process, because going on would lose or double something.  Returns rc. */
int engine_must(int rc, int allowed, const char *what, const struct err *e);
/* For store_*_each: rows that cannot be read end the process too, because a decision
 * on half of the facts is a wrong one.  A callback may stop the walk with 1. */
void engine_walk(int rc);

/* --- engine_feed.c --- */

void engine_feed_sync(struct engine *g, int64_t now); /* from the configuration */
void engine_feed_free(struct engine *g);
struct engine_feed *engine_feed_find(struct engine *g, int64_t id);
void engine_feed_schedule(struct engine *g, struct engine_feed *f, int64_t next);
int64_t engine_feed_dispatch(struct engine *g, int64_t now); /* returns next due */
/* Takes the request with this id off the list; false if there is none. */
bool engine_poll_take(struct engine *g, uint64_t id, struct engine_poll *out);
/* Sends a request to the fetcher that is right for its host; false: none is up. */
bool engine_poll_send(struct engine *g, const struct engine_poll *p, struct msg *m);
size_t engine_poll_room(const struct engine *g);
uint64_t engine_host_hash(const char *url); /* of host and port */
/* The fetch role that asks this address's host. */
uint32_t engine_poll_fetcher(const struct engine *g, const char *url);
bool engine_poll_has_violation(const struct engine *g, int64_t violation);
void engine_fetch_up(struct engine *g, uint32_t index, int64_t now);
void engine_fetch_down(struct engine *g, uint32_t index, int64_t now);
/* Takes the page that says which answer it reads. */
void engine_fetch_trace(struct engine *g, struct msg *m, int64_t now);

/* --- engine_poll.c --- */

void engine_polled(struct engine *g, struct msg *m, int64_t now);

/* --- engine_stream.c: what comes over connections that stay open --- */

void engine_stream_sync(struct engine *g, int64_t now); /* after engine_feed_sync() */
void engine_stream_free(struct engine *g);
void engine_stream_dispatch(struct engine *g, int64_t now);
void engine_stream_fetch_down(struct engine *g, uint32_t index, int64_t now);
/* The feed was polled by this request: closes the gap of its stream. */
void engine_stream_polled(struct engine *g, const struct engine_poll *poll,
    struct engine_feed *ef, const struct msg_polled *p, int64_t now);
void engine_pushed(struct engine *g, struct msg *m, int64_t now);
/* Items and removals of m->pushed into the store, with their bytes; but for what is
 * older than what is known of the same item.  How many items were not. */
uint32_t engine_pushed_take(
    struct engine *g, struct store_feed *feed, struct msg *m, int64_t now);
/* "stream up", "push faulty", ... for people; NULL: there is neither. */
char *engine_stream_text(struct engine *g, int64_t feed);

/* --- engine_push.c: what hubs bring us (WebSub) --- */

void engine_push_sync(struct engine *g, int64_t now); /* after engine_feed_sync() */
/* The row of a feed that was polled, before it is kept: subscribes, compares with what
 * the hub brought, and makes polls rare where the hub is trusted. */
void engine_push_polled(struct engine *g, struct store_feed *f,
    const struct engine_poll *poll, const struct msg_polled *p, int64_t now);
void engine_push_pushed(struct engine *g, struct msg *m, int64_t now);
void engine_push_fetch_up(struct engine *g, uint32_t index, int64_t now);
int64_t engine_push_dispatch(struct engine *g, int64_t now); /* returns next due */
/* NULL: no subscription. */
char *engine_push_text(struct engine *g, int64_t feed);

/* --- engine_plan.c --- */

struct fetch_plan;
/* False: a clock that was wrong when it was made must have made it, it is so far ahead. */
bool engine_plan_believed(
    const struct engine *g, const struct fetch_plan *plan, int64_t now);
/* From what the row says; ef may be NULL. */
void engine_plan(const struct engine *g, const struct store_feed *f,
    const struct engine_feed *ef, struct fetch_plan *out);
/* After a poll: brings the row up to date, next_poll included; moves strings out of p.
 * fresh: items that were new. */
void engine_plan_polled(struct engine *g, struct store_feed *f, struct engine_feed *ef,
    const struct engine_poll *poll, struct msg_polled *p, uint64_t fresh, int64_t now);
/* The next poll sends no validators. */
void engine_plan_bare(struct store_feed *f);
/* The next poll asks for everything, and reads it. */
void engine_plan_forget(struct store_feed *f);
/* The feed is in another state (enum poll_outcome, POLLED_OK: readable) since then. */
void engine_plan_state(struct engine *g, struct store_feed *f, uint8_t to,
    int64_t since, const char *why, int64_t now);
/* It was readable, but not to its end; that gap is open. */
bool engine_plan_cut(const struct store_feed *f);
void engine_gap_open(struct engine *g, struct store_feed *f, bool ours,
    const char *why, int64_t from, int64_t now);
void engine_gap_close(struct engine *g, struct store_feed *f, const char *why,
    int64_t to, int64_t now);

/* --- engine_moved.c --- */

/* The address to ask; *moved: it is not the configured one. */
const char *engine_moved_url(
    const struct engine *g, const struct store_feed *f, int64_t now, bool *moved);
void engine_moved_note(struct engine *g, struct store_feed *f,
    const struct engine_poll *poll, const struct msg_polled *p, int64_t now);
/* True if only the look at the configured address of a moved feed failed. */
bool engine_moved_check_failed(struct store_feed *f, const struct engine_poll *poll,
    const struct msg_polled *p);

/* --- engine_outage.c --- */

/* Makes a fault of our own of an answer that is one. */
/* Began just before: the first feeds that failed, while others still answered. */
bool engine_outage_explains(const struct engine *g, int64_t since, int64_t now);
void engine_outage_judge(
    struct engine *g, const struct store_feed *f, struct msg_polled *p, int64_t now);

/* --- engine_cover.c (more in engine_cover.h) --- */

/* After every poll of a feed, before its row is changed.  True if its validators were
 * found to lie once: they are not to be used again. */
bool engine_cover_polled(
    struct engine *g, struct store_feed *feed, struct msg *m, int64_t now);

/* --- engine_errand.c --- */

int64_t engine_errand_dispatch(struct engine *g, int64_t now); /* returns next due */
void engine_errand_answered(struct engine *g, int64_t id, struct msg *m, int64_t now);

/* --- engine_score.c --- */

/* What share of the last 30 days a tenant's feeds could be read, all together: {"share",
 * "hours", "ours", "theirs": {reason: hours}}. */
json_t *engine_score(struct engine *g, const char *tenant, int64_t now);
/* The same of one feed after the other; tenant NULL: of any. */
struct engine_score;
struct engine_score *engine_score_new(struct engine *g, const char *tenant, int64_t now);
json_t *engine_score_feed(struct engine_score *s, int64_t feed);
void engine_score_free(struct engine_score **s);

/* --- engine_capture.c --- */

/* Puts the bytes of a capture memfd into the vault.  false: there were none. */
bool engine_capture_put(struct engine *g, int fd, const json_t *metadata,
    bool truncated, struct vault_ref *out);
/* Where there were none: only what was read from them. */
void engine_capture_bare(struct engine *g, const char *url, int64_t time,
    const json_t *metadata, struct vault_ref *out);
/* The same with metadata that is JSON already. */
bool engine_capture_line(struct engine *g, int fd, const char *metadata,
    bool truncated, struct vault_ref *out);
void engine_capture_bare_line(struct engine *g, const char *url, int64_t time,
    const char *metadata, struct vault_ref *out);

/* --- engine_recheck.c --- */

int64_t engine_recheck_dispatch(struct engine *g, int64_t now); /* returns next due */
void engine_rechecked(struct engine *g, int64_t violation, struct msg *m, int64_t now);
/* The violation v is (no longer) there: updates v, records, tells the case. */
void engine_presence_set(struct engine *g, struct store_violation *v,
    enum store_presence p, int64_t when, const struct vault_ref *capture, int64_t now);

/* --- engine_fresh.c --- */

/* Keeps a revision that was just written, if it may and there is room; take: `it' itself
 * and no copy. */
void engine_fresh_put(struct engine *g, const struct engine_brief *brief, int64_t time,
    struct item *it, bool take);
/* Gives it away; false: it is not here. */
bool engine_fresh_take(struct engine *g, int64_t revision, struct engine_brief *brief,
    int64_t *time, struct item *it);
void engine_fresh_forget(struct engine *g);

/* --- engine_queue.c --- */

uint32_t engine_lane(const char *tenant);
void engine_queue_add(struct engine_queue *q, uint32_t lane, int64_t id);
/* Before all others of its lane. */
void engine_queue_back(struct engine_queue *q, uint32_t lane, int64_t id);
int64_t engine_queue_take(struct engine_queue *q, uint32_t *lane); /* n > 0 */
void engine_queue_free(struct engine_queue *q);

/* --- engine_fill.c --- */

/* Puts of the next max of the queue as many into the message as it holds, which has room
 * for max; briefs as well. */
void engine_fill(struct engine *g, struct msg_inspect *b, struct engine_brief *briefs,
    struct engine_queue *q, size_t max, int64_t now);

/* --- engine_inspect.c --- */

void engine_inspect_load(struct engine *g); /* what a restart finds pending */
void engine_inspect_resize(struct engine *g);
void engine_inspect_dispatch(struct engine *g, int64_t now);
int64_t engine_inspect_deadline(struct engine *g, int64_t now); /* returns next due */
void engine_inspect_up(struct engine *g, uint32_t index);
void engine_inspect_down(struct engine *g, uint32_t index, int64_t now);
void engine_inspected(struct engine *g, struct msg *m, int64_t now);
/* Takes the page that says where a worker is, which comes with RULES (ipc/trace.h). */
void engine_inspect_trace(struct engine *g, struct msg *m);
/* What is in hand may have been erased: each answer is held against its row. */
void engine_inspect_doubt(struct engine *g);
void engine_inspect_free(struct engine *g);

/* --- engine_rules.c --- */

void engine_rules(struct engine *g, struct msg *m, int64_t now);

/* --- engine_judge.c --- */

/* True if it was judged; false if it is degraded, not there, or waits for a plugin. */
bool engine_judge_item(struct engine *g, const struct msg_inspected_item *j,
    const char *policy, int64_t now);
/* How many posts were judged, of one tenant and hour: written when that changes, when
 * something is to be decided, and at the end of a batch. */
struct engine_tally {
	char tenant[STORE_KEY];
	int64_t seen; /* of one of them */
	uint64_t items, rows;
};
/* The same for one in which nothing was found, if that is all; false: it is not. */
bool engine_judge_clean(struct engine *g, const struct engine_brief *r,
    const struct msg_inspected_item *j, const char *policy, struct engine_tally *t);
void engine_tally_write(struct engine *g, struct engine_tally *t);
void engine_judge_degraded(struct engine *g, int64_t id, const char *why, int64_t now);
/* Of one whose text is gone, and why: if somebody was still to judge it, or to look at it
 * because it was reported, nobody can any more.  True: so it was. */
bool engine_judge_gone(struct engine *g, const struct store_revision *r, const char *why,
    int64_t now);
/* Where all that is known is that it is not there. */
#define ENGINE_GONE "its text is not there: it was erased, or cannot be read"
/* Whether a violation by this revision is there: the exposure has it, once. */
bool engine_judge_counted(struct engine *g, const struct store_revision *r);
/* The row of a violation, without case and exhibit; to be cleared. */
void engine_judge_violation(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now, struct store_violation *v);

/* --- engine_lack.c --- */

/* A worker has said what it has, and what it does without. */
void engine_lack_rules(
    struct engine *g, uint32_t index, const struct msg_rules *r, int64_t now);
/* It gives way to a successor that may have more. */
bool engine_lack_is_due(const struct engine_worker *w, int64_t now);
/* Plugins that a worker does without. */
uint64_t engine_lack_count(const struct engine *g);

/* --- engine_plugin.c --- */

/* Whether the configuration has a plugin of this name. */
bool engine_plugin_known(const struct engine *g, const char *plugin);
/* A worker has said what it does without. */
void engine_plugin_rules(
    struct engine *g, uint32_t index, const struct msg_rules *r, int64_t now);
/* STAND: a program was lost, or is there again. */
void engine_plugin_stand(struct engine *g, struct msg *m, int64_t now);
/* The worker `died' or `hung' over its first batch. */
void engine_plugin_crashed(
    struct engine *g, const struct engine_worker *w, const char *what, int64_t now);
void engine_plugin_free(struct engine *g);
/* Under `serving': for each plugin whether all workers that are there ask it. */
void engine_plugin_stats(const struct engine *g, json_t *o);

/* --- engine_retry.c --- */

void engine_retry_load(struct engine *g, int64_t now); /* what a restart finds */
int64_t engine_retry_dispatch(struct engine *g, int64_t now); /* returns next due */
/* Names the plugins that are not to see this revision. */
void engine_retry_skip(
    struct engine *g, int64_t revision, struct msg_inspect_item *it);
/* Keeps what is to be asked again.  True: the revision stays pending.  False: it is
 * settled, and *degraded says which plugin never answered and why, or is NULL. */
bool engine_retry_take(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, char **degraded, int64_t now);
/* Has an object that killed workers over r not asked about it any more.  false: it is not in
 * the configuration, or was left out already. */
bool engine_retry_leave_out(struct engine *g, const struct store_revision *r,
    const char *plugin, const char *why, int64_t now);
/* The revision is settled: nothing more is waited for. */
void engine_retry_done(struct engine *g, const struct store_at *at, int64_t revision);

/* More is loaded than before: what waits for plugins that are objects is inspected again. */
void engine_retry_hasten(struct engine *g, int64_t now);
/* It waited for an answer that is there, or will not come: it is inspected again. */
void engine_retry_wake(struct engine *g, int64_t revision, const char *tenant);

/* --- engine_ask.c: questions of plugins to model endpoints --- */

/* How a plugin's questions about a revision stand; the worst comes last. */
enum engine_stand {
	STAND_NONE,  /* it has asked nothing */
	STAND_READY, /* all are answered: it can be inspected again at once */
	STAND_WAIT,
	STAND_OVER,  /* one will not be answered */
};
/* Takes up the questions of this plugin.  *why (xmalloc'd, or NULL): why there is no answer
 * yet or, always set, why there will be none (STAND_OVER). */
enum engine_stand engine_ask_want(struct engine *g, const struct store_revision *r,
    const struct msg_inspected_item *j, const char *plugin, char **why, int64_t now);
void engine_ask_load(struct engine *g, int64_t now); /* what a restart finds */
int64_t engine_ask_dispatch(struct engine *g, int64_t now); /* returns next due */
/* Puts kept answers to earlier questions about it into the message. */
void engine_ask_answers(
    struct engine *g, int64_t revision, struct msg_inspect_item *it, int64_t now);
/* Its text is erased and it waits for nothing more: what is to be asked about it, and about
 * nobody else who waits, is not asked. */
void engine_ask_forget(struct engine *g, int64_t revision, int64_t now);
int64_t engine_ask_sweep(struct engine *g, int64_t now); /* returns next due */
void engine_ask_free(struct engine *g);

/* --- engine_answer.c --- */

void engine_answered(struct engine *g, struct msg *m, int64_t now);
void engine_ask_fetch_down(struct engine *g, uint32_t index, int64_t now);

/* --- engine_list.c: lists that are fetched --- */

void engine_list_sync(struct engine *g, int64_t now); /* from the configuration */
void engine_list_free(struct engine *g);
int64_t engine_list_dispatch(struct engine *g, int64_t now); /* returns next due */
void engine_list_polled(
    struct engine *g, const struct engine_poll *poll, struct msg *m, int64_t now);
/* The fetcher died with the request in hand. */
void engine_list_lost(
    struct engine *g, const struct engine_poll *poll, int64_t now);
void engine_list_tried(struct engine *g, struct msg *m, int64_t now);
/* What a worker has loaded: are they the lists in force? */
void engine_list_rules(
    struct engine *g, uint32_t worker, const struct msg_rules *r, int64_t now);
/* After a commit: puts in force what was taken; is there anything? */
void engine_list_settle(struct engine *g, int64_t now);
bool engine_list_unlinked(const struct engine *g);

/* --- engine_review.c --- */

/* A finding for people to review, new: puts it on record. */
void engine_review_record(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now);

/* --- engine_report.c: what somebody has reported --- */

void engine_report_load(struct engine *g); /* what a restart finds */
/* Whether a look at this revision is wanted, although it is judged. */
bool engine_report_is_open(struct engine *g, int64_t revision);
/* The revision goes to a worker.  True: its post was reported, which plugins are told. */
bool engine_report_tell(struct engine *g, const struct store_revision *r);
/* How many are open. */
int64_t engine_report_waiting(struct engine *g);
/* A worker died over the look; how many have. */
uint32_t engine_report_lost(struct engine *g, int64_t revision);
/* Policy has looked: with so many findings for review, or why somebody gave no answer. */
void engine_report_settle(struct engine *g, const struct store_revision *r, int64_t found,
    const char *why, const char *policy, int64_t now);

/* --- engine_case.c --- */

void engine_ladder_load(struct engine *g);
json_t *engine_ladder_json(const struct ladder *l);
/* A violation that counts: joins or opens the tenant's case, gets its exhibit
 * number, its ledger entry and its row; then the ladder is asked. */
void engine_case_violation(
    struct engine *g, struct store_violation *v, int64_t capture_entry, int64_t now);
/* An event of the ladder; records the step, does what it asks for, updates c. */
void engine_case_event(struct engine *g, struct store_case *c,
    enum case_event_type type, const struct case_facts *facts, int severity,
    int64_t now);
void engine_case_facts(
    struct engine *g, const struct store_case *c, int64_t now, struct case_facts *out);
int64_t engine_case_due(struct engine *g, int64_t now); /* returns next due */
void engine_case_state(const struct store_case *c, struct case_state *out);
/* Its stage by the ladder of now: where a reload has taken stages away under it, the last
 * one, to which case_step() brings it with its next step.  0: it has none yet. */
int engine_case_stage(const struct engine *g, const struct store_case *c);
/* How long the notice that it has now gives, in ms. */
int64_t engine_case_told(const struct engine *g, const struct store_case *c);

/* --- engine_doc.c --- */

struct engine_doc_in {
	const char *kind;
	enum notice_audience audience;
	const struct conf_tenant *tenant;
	const struct store_case *c;	      /* NULL for safety */
	const struct case_step *step;	      /* NULL: none */
	const struct store_violation *safety; /* for kind safety */
	uint32_t n;			      /* number of the notice */
};
/* The notice document (etc/notices.d/README); the caller decrefs. */
json_t *engine_doc(struct engine *g, const struct engine_doc_in *in, int64_t now);

/* --- engine_notice.c --- */

/* Composes the notices of a step for every audience, keeps them, puts them into the
 * outbox.  False: the tenant's cannot be composed now, nothing was done. */
bool engine_notice_stage(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now);
void engine_notice_recommend(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now);
void engine_notice_closed(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now);
void engine_notice_safety(
    struct engine *g, const struct store_violation *v, int64_t now);

/* --- engine_outbox.c --- */

/* c: the notice's case or NULL; its chain is carried on (the caller updates the row).
 */
void engine_outbox_add(struct engine *g, int64_t notice, const char *tenant,
    struct store_case *c, const char *recipient, int64_t now);
/* Hands what may leave to the courier; true if it did anything. */
bool engine_outbox_dispatch(struct engine *g, int64_t now);
int64_t engine_outbox_due(struct engine *g);
void engine_courier_down(struct engine *g, int64_t now);
void engine_courier_hand(struct engine *g, struct msg *m, int64_t now);
void engine_sent(struct engine *g, struct msg *m, int64_t now);
/* A new configuration: there will be another courier. */
void engine_courier_replaced(struct engine *g);
/* A person says what became of a message whose fate is unknown or that failed, or that one
 * which waits was delivered.  words: why they say so; NULL: nothing. */
int engine_outbox_settle(struct engine *g, int64_t id, const char *what,
    const char *person, const char *words, int64_t now, struct err *e);

/* --- engine_clock.c --- */

/* At the start: is it earlier than when we were last there? */
void engine_clock_start(struct engine *g, int64_t now);
/* With each tick, first: has the clock jumped since the last one? */
void engine_clock_tick(struct engine *g, int64_t now);
/* When a fetcher read something, by our own clock: now, if its one cannot have been right.
 * The same for all that a message says of it. */
int64_t engine_clock_heard(int64_t time, int64_t now);
void engine_clock_hear(struct msg *m, int64_t now);

/* --- engine_exposure.c --- */

/* Marks that we are alive, now or when it is due; after a start, records the time that no
 * mark covers as a gap of our own. */
void engine_alive_now(struct engine *g, int64_t now);
int64_t engine_alive_mark(struct engine *g, int64_t now); /* returns next due */
void engine_alive_absence(struct engine *g, int64_t now);
/* The last tick was then: was that too long ago? */
void engine_alive_stood(struct engine *g, int64_t from, int64_t now);
/* How long we have not marked the time; INT64_MAX: we never have. */
int64_t engine_alive_away(struct engine *g, int64_t now);
/* We saw nothing from then to then, and it was our own fault. */
void engine_absence(
    struct engine *g, int64_t from, int64_t to, const char *why, int64_t now);

int64_t engine_exposure_due(struct engine *g, int64_t now); /* returns next due */

/* --- engine_keep.c --- */

/* Lets texts go whose time is over, a few a turn. */
int64_t engine_keep_due(struct engine *g, int64_t now); /* returns next due */

/* --- engine_query.c: read-only answers of engine_control --- */

struct engine_call {
	struct engine *g;
	const json_t *request;
	uint32_t uid; /* of the caller, as the kernel tells */
	int64_t now;
	json_t *reply;
};
typedef int engine_cmd_fn(struct engine_call *k, struct err *e);
engine_cmd_fn engine_query_status, engine_query_tenants, engine_query_feeds,
    engine_query_sightings,
    engine_query_violations, engine_query_cases, engine_query_case,
    engine_query_notices, engine_query_outbox;
/* What an answer about the request's tenant ends with: rc, or an error if there is no such
 * tenant. */
int engine_query_known(struct engine_call *k, int rc, struct err *e);

/* --- engine_review.c: what models found, for people to look at --- */

engine_cmd_fn engine_review_query;
engine_cmd_fn engine_plugin_query;

/* --- engine_list_query.c --- */

engine_cmd_fn engine_list_query, engine_list_update;
void engine_list_stats(const struct engine *g, json_t *o, int64_t now);
/* --- engine_budget.c: what was spent at endpoints --- */

engine_cmd_fn engine_budget_list;

/* --- engine_report.c: what somebody reports --- */

engine_cmd_fn engine_report_make, engine_report_list;

/* --- engine_person.c: what people decide --- */

/* The staff member that the caller speaks as; NULL and e if they may not. */
const char *engine_person_name(
    const struct engine_call *k, bool approver, struct err *e);
/* The reason that they must give. */
int engine_person_reason(
    const struct engine_call *k, const char **reason, struct err *e);
/* The case that the request names. */
int engine_case_named(
    const struct engine_call *k, struct store_case *c, struct err *e);
/* At a start: what a crash, or the disk, left of an erasure. */
void engine_person_erase_again(struct engine *g);
engine_cmd_fn engine_person_decide, engine_person_appeal, engine_person_reply,
    engine_person_hold, engine_person_erase, engine_person_outbox, engine_person_poll;

#endif
