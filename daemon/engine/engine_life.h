/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_life: the life of rules within the engine: which mode is in force, who moved it,
 * what it hit and cost, and what people say of its findings.  Shared by engine_life.c
 * (where rules are), engine_move.c (moving them), engine_gate.c (machine gates),
 * engine_stat.c and engine_cost.c (counting), engine_rule.c (what tosctl asks),
 * engine_label.c (people's words), engine_meaning.c (what it means) and engine_loaded.c
 * (what nobody was asked for).
 *
 * The verdict stays pure: the mode in force is laid over the findings before it is taken,
 * so a move needs no worker to load anything anew.
 */
#ifndef TOSD_ENGINE_ENGINE_LIFE_H
#define TOSD_ENGINE_ENGINE_LIFE_H

#include "engine/engine_in.h"
#include "policy/life.h"
#include "policy/verdict.h"
#include "store/store_rule.h"

/* One rule and revision that a worker has, or had, or that was ever moved. */
struct engine_rule {
	char *rule;
	uint32_t rev;
	/* As workers told; NULL until one did. */
	char *plugin, *pack, *clause, *category;
	enum finding_mode declared, limit;
	bool loaded; /* in the newest policy version */
	bool held;   /* engine_loaded.c: it was told that `limit' holds it back */
	/* engine_trend.c: known by its row of the store; where it began, and since when. */
	bool known;
	enum finding_mode began;
	int64_t since;
	/* engine_loaded.c: its pack says something else than before, and that was this. */
	bool restated;
	enum finding_mode was;
	bool open; /* there may be violations that no notice cites yet */

	struct store_life row; /* id 0: never moved, nobody wishes it to be */
	struct life_state moved; /* what row.move says; valid where that is not 0 */
	enum life_move what;
	int64_t before;
	char *who;

	/* All that it was ever said to mean, the last one now. */
	struct engine_meant *meant;
	size_t nmeant;

	uint64_t right, wrong; /* labels of findings with its present meaning */
	uint64_t hits[FINDING_MODES], would, counted; /* in all days that are kept */
	size_t spent; /* its place in engine_life.spent, + 1; 0: none */
};

struct engine_meant; /* engine_meaning.c */
struct engine_hit;   /* engine_stat.c */
struct engine_cost; /* engine_cost.c */
struct engine_spent;

struct engine_life {
	struct engine_rule **v; /* by rule, rev */
	size_t n;
	size_t unknown; /* of these, named by findings that no worker declared */
	int64_t next_lapse; /* the soonest end of an override; CLOCK_NONE */
	int64_t next_day;   /* when old days are looked after again */
	int64_t scores_after; /* revisions up to here have no old scores any more */
	/* Counted in this turn and not written yet. */
	struct engine_hit *hits;
	size_t nhits, hits_cap;
	uint32_t *hit_at; /* table of places in hits, + 1; 0: free */
	size_t hit_places;
	struct engine_cost *costs;
	size_t ncosts;
	struct engine_spent *spent; /* of rules; written when next_spent has come */
	size_t nspent, spent_cap;
	int64_t next_spent; /* 0: there is nothing */
	uint64_t flushes; /* for tests: rows written */
	size_t untold; /* findings that wait, and when the next one is told: engine_label.c */
	int64_t next_told;
};

/* --- engine_life.c --- */

void engine_life_load(struct engine *g);
void engine_life_free(struct engine *g);
/* What a worker has loaded. */
void engine_life_rules(struct engine *g, const struct msg_rules *r, int64_t now);
/* The rule, made if it is not known. */
struct engine_rule *engine_life_rule(
    struct engine *g, const char *rule, uint32_t rev, enum finding_mode declared);
/* The rule of a finding. */
struct engine_rule *engine_life_of(
    struct engine *g, const struct finding *f, enum finding_mode declared);
/* NULL if it is not known.  rev 0: the newest that is loaded, else the newest. */
struct engine_rule *engine_life_find(struct engine *g, const char *rule, uint32_t rev);
/* Where it is now: where it was put, but for one that counts and whose plugin does not allow
 * that (any more), which is in shadow. */
void engine_life_state(
    const struct engine *g, const struct engine_rule *r, struct life_state *out);
/* Where people, gates or its pack put it, which is where moves begin.  True: its plugin
 * holds it back. */
bool engine_life_put(
    const struct engine *g, const struct engine_rule *r, struct life_state *out);
/* Lays the modes in force over the findings of a revision and takes the verdict; would:
 * the lanes if every rule were enforced. */
void engine_life_verdict(struct engine *g, const struct store_revision *r,
    struct finding *f, uint32_t n, enum policy_lane *lanes, enum policy_lane *would);
/* For engine_move.c: where it began; what the pointer of its row says, anew; when the next
 * override ends. */
struct life_state engine_life_began(const struct engine *g, const struct engine_rule *r);
void engine_life_take(struct engine *g, struct engine_rule *r);
void engine_life_plan(struct engine *g);

/* --- engine_move.c --- */

/* A move that is wanted. */
struct engine_move {
	enum life_move move;
	uint32_t share;
	bool urgent;
	int64_t until;
	bool noted;
	const char *person; /* NULL: nobody, the gates do it */
	const char *words;  /* reason, and note; NULL: none */
	json_t *why; /* out: an array for o->reasons in words for people; NULL: unwanted */
};
/* Its pack has moved it (r->restated): 1 if that changes whether it counts.  Open
 * violations are withdrawn, or count again, which is on record; tells: and in the log. */
int engine_life_restated(
    struct engine *g, struct engine_rule *r, int64_t now, bool tells);
/* Whether somebody who still may wishes it to be moved, and a second person may say so. */
bool engine_life_wishes(
    const struct engine *g, const struct store_life *w, int64_t now);
/* Tries it; what comes of it is on record, unless it is refused.  o->reasons live for
 * ever. */
void engine_life_move(struct engine *g, struct engine_rule *r,
    struct engine_move *m, int64_t now, struct life_step *o);
/* The particulars of what is wished of it, xmalloc'd: "10 %", "to enforce", "over the gates
 * until ..."; or "". */
char *engine_life_wish(struct engine *g, const struct engine_rule *r);
/* After a person's word about one of its findings: takes it down if it must be. */
void engine_life_judged(struct engine *g, struct engine_rule *r, int64_t now);
/* Ends overrides that are over; returns when the next one is. */
int64_t engine_life_due(struct engine *g, int64_t now);

/* What somebody wishes of it is wished no more. */
void engine_life_unwish(struct engine *g, struct engine_rule *r);

/* --- engine_meaning.c --- */

void engine_meaning_load(struct engine *g); /* before labels are counted */
/* What a worker says that its rules mean; after the entry `policy'. */
void engine_meaning_rules(struct engine *g, const struct msg_rules *m, int64_t now);
/* Whether it meant at some time from `from' to `to' what it means now: what it found then
 * says something about it. */
bool engine_meaning_held(const struct engine_rule *r, int64_t from, int64_t to);
/* Whether it has meant the same since before that time. */
bool engine_meaning_steady(const struct engine_rule *r, int64_t time);

/* --- engine_loaded.c --- */

/* Tells what counts by its pack, and what counted and is gone; before engine_trend.c takes
 * note of what is loaded.  m: what the worker said. */
void engine_loaded_tell(struct engine *g, const struct msg_rules *m);
/* What follows for rules that nobody was asked about; after the entry `policy'. */
void engine_loaded_moves(struct engine *g, int64_t now);

/* --- engine_gate.c --- */

void engine_gate_limits(const struct engine *g, struct life_limits *out);
void engine_gate_numbers(struct engine *g, const struct engine_rule *r, bool noted,
    int64_t now, struct life_numbers *out);
/* engine_proven() of this rule; one that is not known has shown nothing. */
bool engine_gate_proven(struct engine *g, const char *rule, uint32_t rev);
/* "labels: 3 judged, 40 wanted", of a gate that does not hold; xmalloc'd. */
char *engine_gate_words(
    enum life_gate gate, const struct life_limits *l, const struct life_numbers *n);
json_t *engine_gate_json(const struct life_limits *l, const struct life_numbers *n);
engine_cmd_fn engine_gate_ask;

/* --- engine_stat.c --- */

/* A finding that is new; lane: where it went, would: where it would have gone. */
void engine_stat_hit(struct engine *g, struct engine_rule *r, const char *tenant,
    enum finding_mode mode, enum policy_lane lane, enum policy_lane would,
    int64_t now);
void engine_stat_load(struct engine *g); /* what was counted before the start */
void engine_stat_free(struct engine_life *l);
/* Writes what was counted; within the transaction. */
void engine_stat_flush(struct engine *g);
int64_t engine_stat_due(struct engine *g, int64_t now); /* forgets old days */
void engine_stat_metrics(struct engine *g, json_t *stats);
engine_cmd_fn engine_stat_ask;

/* --- engine_cost.c --- */

void engine_cost_add(struct engine *g, const struct msg_inspected *m, int64_t now);
/* An item was given up; plugin "": nobody knows which one it was. */
void engine_cost_failed(struct engine *g, const char *plugin, int64_t now);
void engine_cost_load(struct engine *g);
void engine_cost_free(struct engine_life *l);
void engine_cost_turn(struct engine *g); /* writes what plugins cost, with each turn */
void engine_cost_flush(struct engine *g); /* what rules cost, now */
int64_t engine_cost_due(struct engine *g, int64_t now);
/* tried, mean_us, tried_p99_us of a rule; p50_us, p99_us of its plugin. */
void engine_cost_show(struct engine *g, const struct engine_rule *r, json_t *row);
json_t *engine_cost_metrics(const struct engine *g);
/* A name that may be a label: a worker that was taken over may give any. */
bool engine_cost_plain(const char *name);

/* --- engine_stat.c --- */

/* "violence=0.0312": the fused scores, for the store, xmalloc'd; NULL: no opinions.  Once
 * engine_life_verdict() has laid the modes in force over the findings. */
char *engine_scores_text(const struct msg_inspected_item *j);
/* The score of a category in such a text; -1: none. */
double engine_scores_get(const char *text, const char *category);

/* --- engine_rule.c --- */

/* "violence" names all rules of the pack, "violence/threat" one. */
bool engine_rule_named(const char *name, const struct engine_rule *r);
bool engine_rule_known(const struct engine *g, const char *name);
int engine_rule_none(const char *name, struct err *e); /* there is none of that name */
/* One rule, for what takes no pack; rev 0 as in engine_life_find().  NULL and e. */
struct engine_rule *engine_rule_one(
    struct engine *g, const char *name, uint32_t rev, struct err *e);

engine_cmd_fn engine_rule_list, engine_rule_move, engine_rule_relied;

/* --- engine_label.c --- */

/* A finding that is kept waits for a person (`entry' says so); returns its number. */
int64_t engine_label_wait(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t entry, int64_t now);
/* A finding of a canary waits for a person. */
void engine_label_review(struct engine *g, const struct store_revision *r,
    const struct finding *f, int64_t now);
/* A case was decided: exhibits of it (those that the request names, or all that a notice
 * cites) were violations, or were none. */
void engine_label_case(struct engine_call *k, const struct store_case *c,
    const char *person, enum store_label_source source, bool right);
/* Whether the exhibits that the request names are there. */
int engine_label_exhibits(
    const struct engine_call *k, const struct store_case *c, struct err *e);
const char *engine_label_source(uint8_t source); /* enum store_label_source */
engine_cmd_fn engine_label_label, engine_label_decide;

/* --- engine_findings.c --- */

/* Of one request or answer. */
#define ENGINE_FINDINGS_MAX 200
engine_cmd_fn engine_findings_list;

#endif
