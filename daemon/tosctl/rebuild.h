/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild: entries of the ledger, in their order, as rows of a fresh store.  What
 * the parts of `tosctl rebuild' share.
 *
 * The store gives numbers in the order in which rows are made, so the same order
 * gives the same numbers; each number that is on record is compared, and the first
 * difference ends the work.  What the engine derives is derived by the engine's own
 * functions (engine.h), not written a second time.
 *
 * Not on record, so not the same afterwards: validators, titles and poll counts of
 * feeds; findings that did not count, and so the numbers of the others; what rules hit and
 * plugins cost, scores; the reason in words of a finding; looks that
 * changed nothing (last_check, misses, last_online between two entries); answers of
 * mail servers in words; the local account behind a decision; what a feed last showed
 * (the next reading begins anew, and a history is read once more); the places from which
 * streams would go on (a poll repairs the gap, or it is on record); subscriptions at hubs
 * (they are asked for again); digests of media (those of items that still wait are asked
 * for again); questions to models that have no answer (they are asked anew), and what was
 * spent on them today.  A walk to older pages that was under way begins again, and
 * pages of missing posts are asked again (rebuild_open.c).
 */
#ifndef TOSD_TOSCTL_REBUILD_IN_H
#define TOSD_TOSCTL_REBUILD_IN_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "evidence/ledger.h"
#include "evidence/vault.h"
#include "store/store.h"

/* A capture that is not there: an erasure further on must say why. */
struct rebuild_lost {
	char file[VAULT_PATH];
	uint64_t seq;
};

/* Older pages were being read to close this gap. */
struct rebuild_walk {
	int64_t feed, from, to, last_known, first_new;
};

struct rebuild {
	struct ledger *ledger; /* read only */
	struct vault *vault;
	struct store *store;
	uint64_t fences[STORE_SHARDS];
	bool progress; /* show it on the terminal */

	/* The entry at hand. */
	uint64_t seq;
	int64_t t;
	const char *kind;

	bool gated; /* policy.life_cycle, as of the entry */
	struct rebuild_lost *lost;
	size_t nlost;
	struct rebuild_walk *walks;
	size_t nwalks;
	unsigned unknown; /* messages whose fate is not on record */
};

/* Reads every entry into r->store.  TOSD_ETAMPER or TOSD_ESTATE with entry and
 * reason in e if the record does not fit together. */
int rebuild_all(struct rebuild *r, struct err *e);

/* --- for the handlers (rebuild_entry.c) --- */

/* A handler turns one entry into rows: 0 or a TOSD_E code. */
typedef int rebuild_fn(struct rebuild *r, const json_t *o, struct err *e);

/* TOSD_ESTATE with the entry's number and kind before the text. */
int rebuild_wrong(const struct rebuild *r, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* 0 if the store's number is the one on record. */
int rebuild_same(const struct rebuild *r, const char *what, int64_t store,
    int64_t record, struct err *e);
struct store_at rebuild_at(const struct rebuild *r, const char *tenant);
/* Fields of an entry: "" , 0 or CLOCK_NONE where there is none. */
const char *rebuild_str(const json_t *o, const char *key);
int64_t rebuild_int(const json_t *o, const char *key);
int64_t rebuild_ms(const json_t *o, const char *key);
/* The bytes that the entry commits to; TOSD_ENOENT if they are gone, TOSD_ETAMPER if
 * they are others. */
int rebuild_bytes(struct rebuild *r, const json_t *o, struct buf *b, struct err *e);
/* A file is gone: an erasure further on must say why. */
void rebuild_note_lost(struct rebuild *r, const char *file);
/* Rule, clause, score and so on of an entry about a finding. */
void rebuild_finding(const json_t *o, struct finding *f);
/* The case that the entry names. */
int rebuild_case_of(struct rebuild *r, const json_t *o, struct store_case *c,
    struct err *e);

/* Ids gathered on a walk, to be changed after it. */
struct rebuild_ids {
	int64_t *v;
	size_t n;
};
void rebuild_ids_add(struct rebuild_ids *ids, int64_t id);

/* rebuild_item.c */
rebuild_fn rebuild_feeds, rebuild_capture, rebuild_judged, rebuild_degraded,
    rebuild_exposure, rebuild_erasure, rebuild_state, rebuild_unobservable;
int rebuild_item_end(struct rebuild *r, struct err *e);
/* A post has another content than before. */
int rebuild_edited(struct rebuild *r, const struct store_item *item, int64_t when,
    struct err *e);
/* The feed that the entry names, which must be its tenant's. */
int rebuild_feed_of(struct rebuild *r, const json_t *o, struct store_feed *f,
    struct err *e);
/* rebuild_cover.c */
rebuild_fn rebuild_gap, rebuild_sighting, rebuild_cloaking;
/* rebuild_open.c */
rebuild_fn rebuild_walk, rebuild_stream;
/* rebuild_advice.c */
rebuild_fn rebuild_answer, rebuild_advice;
/* rebuild_report.c */
rebuild_fn rebuild_report;
/* A gap was given up. */
void rebuild_walk_over(struct rebuild *r, int64_t feed, int64_t from, int64_t to);
int rebuild_open_end(struct rebuild *r, struct err *e);
/* rebuild_case.c */
rebuild_fn rebuild_violation, rebuild_step, rebuild_recheck, rebuild_decision,
    rebuild_hold;
int rebuild_case_end(struct rebuild *r, struct err *e);
/* The finding that a violation or a review is about. */
void rebuild_finding(const json_t *o, struct finding *f);
/* rebuild_rule.c */
rebuild_fn rebuild_mode, rebuild_label, rebuild_review, rebuild_policy, rebuild_meaning,
    rebuild_life_cycle;
/* rebuild_notice.c */
rebuild_fn rebuild_notice, rebuild_message, rebuild_delivery;
int rebuild_notice_end(struct rebuild *r, struct err *e);

#endif
