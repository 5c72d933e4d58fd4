/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest: candidate packs over what was seen, in event time.  What its files share:
 *
 *   backtest_read    processes that read the store and judge, results in their order
 *   backtest_reach   how much of the past is still there (pure)
 *   backtest_count   counting by rule and tenant, against what is on record (pure)
 *   backtest_ladder  what would have followed, through case_step() (pure)
 *   backtest_sample  texts drawn for labelling (pure), and their files
 *   backtest_report  lines for people and programs
 *   backtest_options what is asked for (a header of its own)
 *
 * No clock and no randomness: the same store and packs give the same bytes, however many
 * processes read.
 */
#ifndef TOSD_TOSCTL_BACKTEST_H
#define TOSD_TOSCTL_BACKTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "cases/ladder.h"
#include "cases/measure.h"
#include "policy/host.h"
#include "store/store_history.h"

/* --- backtest_reach.c --- */

/* What of the past is still there, as the store says (store_history.h). */
struct bt_kept {
	int64_t whole, sample, found; /* marks: the last revision passed */
	struct store_thinned *thinned;
	size_t n;
};

enum bt_reach {
	BT_WHOLE,   /* everything of that time is there */
	BT_FOUND,   /* something was found in it, so it is there for certain */
	BT_DRAWN,   /* part of the sample: stands for 1 / share */
	BT_PASSED,  /* not part of it: the sample stands for this one */
	BT_OLD,	    /* of the time before the sample, something was found in it */
	BT_OUTSIDE, /* of that time, nothing was: nothing can be said of it */
	BT_LOST,    /* should be there, but was erased */
	BT_REACHES,
};
void bt_kept_load(struct store *s, struct bt_kept *out, int *rc, struct err *e);
void bt_kept_free(struct bt_kept *k);
/* weight: how many revisions it stands for, 0 where it is not looked at for rates. */
enum bt_reach bt_reach(const struct bt_kept *k, int64_t revision,
    const char digest[DIGEST_HEX], bool found, enum store_text text, double *weight);
/* Whether its text is judged. */
bool bt_looked(enum bt_reach r);
/* Whether it is part of the time that rates are of. */
bool bt_exposed(enum bt_reach r);

/* --- a revision, judged --- */

enum bt_lane { BT_LANE_NONE, BT_LANE_CASE, BT_LANE_SAFETY };
struct bt_hit {
	uint32_t rule; /* number in the candidate's rules */
	double score;
	enum bt_lane lane; /* would count, if it were enforced */
};
struct bt_record {
	char *rule;
	uint32_t rev;
	bool counts;
};
struct bt_revision {
	int64_t id, item;
	uint32_t n;
	char tenant[STORE_KEY];
	int64_t seen, time;
	enum bt_reach reach;
	double weight;
	bool degraded; /* not wholly judged now */
	int64_t gone;  /* when the item was found removed, CLOCK_NONE: not known */
	struct bt_hit *hits;
	uint32_t nhits;
	struct bt_record *records; /* findings on record */
	uint32_t nrecords;
};
void bt_revision_put(struct buf *b, const struct bt_revision *r);
void bt_revision_get(struct rd *rd, struct bt_revision *r); /* all zero before */
void bt_revision_clear(struct bt_revision *r);

/* --- backtest_read.c --- */

struct bt_source {
	const char *store;  /* its URL */
	const char *tenant; /* opaque key, NULL: all */
	int64_t after, upto;
	struct policy_host *host;
	struct trace *trace; /* the host's; each process gets one of its own */
	const struct msg_rules *rules; /* in the order of their ids */
	double threshold;
	bool as_written;   /* modes of rules count; else those tried are taken as enforced */
	const bool *tried; /* by rule */
	unsigned jobs;
	bool progress;
};
typedef void bt_revision_fn(void *ctx, const struct bt_revision *r);
/* Every revision of the source once, by number. */
int bt_read(const struct bt_source *src, bt_revision_fn *fn, void *ctx, struct err *e);
/* The number of the rule with that id, -1: there is none. */
int64_t bt_rule_find(const struct msg_rules *rules, const char *id);

/* --- backtest_count.c --- */

struct bt_map; /* numbers by number */
struct bt_map *bt_map_new(void);
void bt_map_free(struct bt_map **m);
/* The value under that key, made as `value' if there is none; *fresh says so. */
uint32_t bt_map_add(struct bt_map *m, uint64_t key, uint32_t value, bool *fresh);
bool bt_map_has(const struct bt_map *m, uint64_t key);

struct bt_cell {
	uint32_t tenant, rule;
	uint64_t items; /* in which it fires, each once */
	uint64_t counting; /* of these count: at the threshold or above, in a mode that does */
	double sum, squares;
	int64_t first, last; /* event times */
};
struct bt_tenant {
	char key[STORE_KEY];
	uint64_t items; /* first seen in the time that rates are of */
	uint64_t outside; /* before that time */
	uint64_t hits; /* items in which any rule fires */
};
struct bt_revs {
	uint32_t rev;
	uint64_t n;
};
struct bt_rule {
	uint64_t revisions; /* in which it fires */
	uint64_t same, fresh, lost, no_text; /* against what is on record */
	struct bt_revs *revs; /* what is on record, by revision of the rule */
	size_t nrevs;
};
struct bt_gone { /* rules on record that the candidate does not have */
	char *rule;
	uint64_t n;
};
struct bt_pair {
	uint32_t a, b;
	uint64_t both;
};
#define BT_PAIRS 100000
#define BT_PAIR_HITS 64 /* rules that find the same text, of which pairs are counted */
#define BT_GONE 10000

struct bt_count {
	size_t nrules;
	struct bt_rule *rules;
	struct bt_tenant *tenants;
	size_t ntenants;
	struct bt_cell *cells; /* in the order in which they were met */
	size_t ncells;
	struct bt_pair *pairs;
	size_t npairs;
	bool pairs_full;
	struct bt_gone *gone;
	size_t ngone;
	uint64_t revisions[BT_REACHES]; /* by reach */
	uint64_t items, outside, degraded;
	double most; /* the greatest weight met: 1 while nothing was sampled */
	int64_t first_seen, last_seen;
	struct bt_map *tenant_at, *cell_at, *pair_at, *item_seen, *item_hit, *gone_at;
};
void bt_count_init(struct bt_count *c, size_t nrules);
void bt_count_add(
    struct bt_count *c, const struct msg_rules *rules, const struct bt_revision *r);
void bt_count_clear(struct bt_count *c);
uint32_t bt_count_tenant(struct bt_count *c, const char *key); /* its number */

/* --- backtest_ladder.c --- */

/* What a tenant does with what it is told of: what is on record (posts that nobody
 * reported stay), or everything is gone after `takedown'. */
enum bt_tenant_does { BT_AS_RECORDED, BT_REMOVES, BT_TENANTS_DO };
struct bt_ladder;
struct bt_projected {
	uint64_t violations, cases, notices, recommendations, closed;
	uint64_t safety; /* alerts of the safety lane, outside any case */
	int32_t highest; /* stage */
	uint64_t ups, downs;
	uint64_t held; /* steps up that did not come, for rules that are not proven */
	int64_t first_notice, first_recommendation;
};
/* proven: by rule, what engine_proven() says of it now; borrowed, NULL: all are. */
struct bt_ladder *bt_ladder_new(
    const struct ladder *l, const bool *proven, enum bt_tenant_does does);
void bt_ladder_free(struct bt_ladder **l);
void bt_ladder_add(struct bt_ladder *l, const struct msg_rules *rules, uint32_t tenant,
    const struct bt_revision *r);
/* Lets time run to its end. */
void bt_ladder_end(struct bt_ladder *l, int64_t end);
/* Of one tenant; NULL: it has no case. */
const struct bt_projected *bt_ladder_tenant(const struct bt_ladder *l, uint32_t tenant);
void bt_ladder_sum(const struct bt_ladder *l, struct bt_projected *out);

/* --- backtest_sample.c --- */

#define BT_BINS 5 /* of scores */
struct bt_draw { /* a text and a clause: what a person is asked */
	int64_t revision, item;
	uint32_t tenant;
	uint64_t order; /* a hash: decides what is drawn, and where it stands */
	uint32_t stratum;
	double weight;	   /* how many findings it stands for */
	uint32_t *rules;   /* that found it, all of one clause */
	double *scores;
	size_t nrules;
};
struct bt_sample;
/* tried: by rule, those that are sampled; borrowed. */
struct bt_sample *bt_sample_new(uint64_t seed, size_t want, const bool *tried);
void bt_sample_free(struct bt_sample **s);
void bt_sample_add(struct bt_sample *s, const struct msg_rules *rules, uint32_t tenant,
    const struct bt_revision *r);
/* Draws: every stratum in turn gives its next, until there are enough.  *out is xmalloc'd
 * and in shuffled order; its rules stay the sample's. */
size_t bt_sample_draw(struct bt_sample *s, struct bt_draw **out);
/* Writes PATH (what the labeller sees) and PATH.key (what the labels are worth). */
int bt_sample_write(struct store *s, const char *path, uint64_t seed,
    const struct bt_count *c, const struct msg_rules *rules, const struct bt_draw *v,
    size_t n, size_t *written, struct err *e);

/* --- backtest_report.c --- */

struct lists_used;
struct bt_report {
	bool json;
	const char *packs; /* what was tried, as it was named */
	const struct msg_rules *rules;
	const struct bt_count *count;
	const struct bt_kept *kept;
	const struct bt_ladder *ladder[BT_TENANTS_DO];
	double threshold;
	bool as_written;
	const bool *tried; /* by rule: the others were only there */
	const struct lists_used *used; /* lists that the daemon fetches */
	const bool *proven; /* by rule: has shown what the last stages ask for */
	double precision_final; /* which is this; 0: nothing */
	int64_t whole_seen, sample_seen; /* of the marks */
	unsigned min_items;		 /* below it a rate is no rate */
};
void bt_report(const struct bt_report *r);

#endif
