/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_rule: the life of rules, a part of the store's interface (store.h says how rows
 * and errors are owned).
 *
 *   rule_loaded one row a rule and rev of the policy that is in use
 *   rule_life   one row a rule and rev that was ever moved or wished to be: which move is
 *	         in force
 *   rule_move   all moves; nothing is deleted, a rollback moves the pointer of rule_life
 *   rule_meaning  what a rule and rev means, and meant before; nothing is deleted
 *   rule_label  what people say of single findings: the newest word counts
 *   rule_day    hits by day, tenant and mode
 *   plugin_day  what plugins cost, by day; rule_cost: rules
 *   review      findings of canaries, which count only when a person confirms them, and of
 *	         models, which never do
 */
#ifndef TOSD_STORE_STORE_RULE_H
#define TOSD_STORE_STORE_RULE_H

#include "base/cost.h"
#include "store/store.h"

/* --- where a rule is --- */

struct store_life {
	int64_t id;
	char *rule;
	uint32_t rev;
	int64_t move;  /* 0: as it began */
	int64_t since; /* when that pointer was last moved ... */
	char *who;     /* ... and by whom, as in a move; NULL also where nobody wrote it down */
	/* A person wants this, and a second one is needed; wish_who NULL: nobody does. */
	int32_t wish; /* enum life_move */
	uint32_t wish_share;
	int64_t wish_until;
	bool wish_urgent;
	char *wish_who;
	int64_t wish_time;
};
void store_life_clear(struct store_life *r);
/* Adds it (id 0, then set), or changes all but rule and rev. */
int store_life_put(struct store *s, struct store_life *r, struct err *e);
int store_life_get(struct store *s, const char *rule, uint32_t rev,
    struct store_life *out, struct err *e); /* TOSD_ENOENT */
typedef int store_life_fn(void *ctx, const struct store_life *r);
int store_life_each(struct store *s, store_life_fn *fn, void *ctx);

struct store_move {
	int64_t id;
	char *rule;
	uint32_t rev;
	int32_t mode;	/* enum finding_mode */
	uint32_t share; /* percent, of a canary */
	int64_t until;	/* end of an override */
	int32_t what;	/* enum life_move */
	int64_t since;
	char *who;	/* names, with commas; NULL: nobody, the gates did it */
	int64_t before; /* the move whose state it took the place of; 0: none */
	int64_t entry;
};
void store_move_clear(struct store_move *m);
int store_move_add(struct store *s, struct store_move *m, struct err *e);
int store_move_get(struct store *s, int64_t id, struct store_move *out, struct err *e);
typedef int store_move_fn(void *ctx, const struct store_move *m);
int store_move_each(struct store *s, const char *rule, store_move_fn *fn, void *ctx);

/* --- since when it is there --- */

struct store_loaded {
	int64_t id;
	char *rule;
	uint32_t rev;
	int32_t declared, mode; /* enum finding_mode: by its pack; in which it began */
	int64_t since; /* it has been loaded, and begun in that mode, without a break */
};
/* Adds the row, or changes it. */
int store_loaded_put(struct store *s, const struct store_loaded *l, struct err *e);
int store_loaded_drop(struct store *s, const char *rule, uint32_t rev, struct err *e);
typedef int store_loaded_fn(void *ctx, const struct store_loaded *l);
int store_loaded_each(struct store *s, store_loaded_fn *fn, void *ctx);

/* --- what it means --- */

struct store_meaning {
	int64_t id;
	char *rule;
	uint32_t rev;
	char *meaning; /* SHA-256 in hex, of its plugin */
	int64_t since;
};
int store_meaning_add(struct store *s, struct store_meaning *m, struct err *e);
typedef int store_meaning_fn(void *ctx, const struct store_meaning *m);
/* All, those of a rule and rev by time. */
int store_meaning_each(struct store *s, store_meaning_fn *fn, void *ctx);

/* --- what people say of findings --- */

enum store_label_source {
	LABEL_LABEL,   /* somebody judged it */
	LABEL_REVIEW,  /* a finding that waited for a person was confirmed or dismissed */
	LABEL_APPEAL,  /* an appeal was upheld or rejected */
	LABEL_DECISION, /* a recommendation that cites it was accepted or rejected */
};
struct store_label {
	int64_t id;
	int64_t revision;
	char tenant[STORE_KEY];
	char *rule;
	uint32_t rev;
	bool right;
	uint8_t source;
	int64_t found, time;
	char *who;
	int64_t entry;
};
void store_label_clear(struct store_label *l);
/* The newest word about a finding takes the place of the one before. */
int store_label_put(struct store *s, const struct store_at *at, struct store_label *l,
    struct err *e);
int store_label_get(struct store *s, int64_t revision, const char *rule, uint32_t rev,
    struct store_label *out, struct err *e); /* TOSD_ENOENT */
typedef int store_label_fn(void *ctx, const struct store_label *l);
/* Of a rule, by time found; rule NULL: all. */
int store_label_each(struct store *s, const char *rule, uint32_t rev,
    store_label_fn *fn, void *ctx);

/* --- hits --- */

struct store_rule_day {
	int64_t id;
	char *rule;
	uint32_t rev;
	int64_t day; /* ms / CLOCK_DAY */
	char tenant[STORE_KEY];
	int32_t mode;
	uint64_t hits, would, counted; /* would: had it been enforced */
};
/* Adds to the row. */
int store_rule_day_count(struct store *s, const struct store_at *at,
    const struct store_rule_day *d, struct err *e);
typedef int store_rule_day_fn(void *ctx, const struct store_rule_day *d);
/* By day, from this one on; rule NULL: of all. */
int store_rule_day_each(struct store *s, const char *rule, uint32_t rev, int64_t from,
    store_rule_day_fn *fn, void *ctx);

/* Sums of all days, for each rule, rev and mode (day, tenant and id are not set). */
int store_rule_day_sums(struct store *s, store_rule_day_fn *fn, void *ctx);
/* How many tenants a rule ever hit. */
int64_t store_rule_day_tenants(struct store *s, const char *rule, uint32_t rev);

/* --- cost --- */

struct store_plugin_day {
	int64_t id;
	char *plugin;
	int64_t day;
	struct cost cost;
};
int store_plugin_day_count(struct store *s, const struct store_plugin_day *d,
    struct err *e); /* adds */
typedef int store_plugin_day_fn(void *ctx, const struct store_plugin_day *d);
int store_plugin_day_each(
    struct store *s, int64_t from, store_plugin_day_fn *fn, void *ctx);

/* What a rule cost on the items that it was tried on; failed is not used. */
struct store_rule_cost {
	int64_t id;
	char *rule;
	uint32_t rev;
	int64_t day;
	struct cost cost;
};
int store_rule_cost_count(struct store *s, const struct store_rule_cost *d,
    struct err *e); /* adds */
/* Of all days from this one on. */
int store_rule_cost_sum(
    struct store *s, const char *rule, uint32_t rev, int64_t from, struct cost *out);

/* Forgets the days before this one. */
int store_days_drop(struct store *s, int64_t before, struct err *e);

/* --- findings, for people --- */

struct store_found {
	int64_t id, revision, item, time;
	char tenant[STORE_KEY];
	struct finding f;
	bool counts;
	char *scores; /* of its revision; NULL: none */
};
void store_found_clear(struct store_found *r);
int store_found_get(struct store *s, int64_t id, struct store_found *out,
    struct err *e); /* TOSD_ENOENT */
/* The one of a rule about a revision. */
int store_found_of(struct store *s, int64_t revision, const char *rule, uint32_t rev,
    struct store_found *out, struct err *e); /* TOSD_ENOENT */
typedef int store_found_fn(void *ctx, const struct store_found *r);
/* The newest first, at most max; rule NULL: of all, without a /: of that pack; waiting: only those of canaries that
 * wait for a person. */
int store_found_each(struct store *s, const char *rule, bool waiting, size_t max,
    store_found_fn *fn, void *ctx);

enum store_review { REVIEW_WAITS, REVIEW_CONFIRMED, REVIEW_DISMISSED };
int store_review_add(struct store *s, const struct store_at *at, int64_t finding,
    const char *tenant, int64_t since, int64_t entry, struct err *e);
/* Its state, or -1: the finding was never in review. */
int store_review_state(struct store *s, int64_t finding);
/* counts: the finding is a violation now. */
int store_review_decide(struct store *s, const struct store_at *at, int64_t finding,
    enum store_review state, bool counts, struct err *e);
int64_t store_review_count(struct store *s); /* that wait */

/* --- scores --- */

/* "violence=0.0312 hate=0.4": the fused scores of a revision. */
int store_revision_scored(struct store *s, const struct store_at *at, int64_t revision,
    const char *scores, struct err *e);
/* xmalloc'd; NULL: none. */
char *store_revision_scores(struct store *s, int64_t revision);
/* Forgets scores of at most max revisions seen before this time; *after: where to go on
 * (the last id looked at, 0 at first); *n how many were looked at. */
int store_scores_drop(struct store *s, int64_t before, int64_t *after, size_t max,
    size_t *n, struct err *e);

/* --- violations that do not count --- */

enum store_withdrawn {
	WITHDRAWN_NO,
	WITHDRAWN_RULE,	  /* its rule does not count any more */
	WITHDRAWN_PERSON, /* somebody says that it is none */
};
/* Violations of a rule that no notice cites and that are not gone: all that are `from'
 * become `to'.  Returns how many, or an error. */
int store_violation_withdraw(struct store *s, const char *rule, uint32_t rev,
    enum store_withdrawn from, enum store_withdrawn to, struct err *e);

#endif
