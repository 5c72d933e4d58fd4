/* SPDX-License-Identifier: Apache-2.0 */
/*
 * face: the host's table as one plugin sees it, with the rules that it declared and the
 * report that it is writing.  Everything that comes from the plugin is checked here,
 * before anybody else sees it.
 */
#ifndef TOSD_POLICY_FACE_H
#define TOSD_POLICY_FACE_H

#include <tosd/policy.h>

#include "base/finding.h"
#include "base/item.h"
#include "conf/conf.h"
#include "ipc/msg.h"
#include "policy/meter.h"
#include "policy/quiet.h"

/* A set of names, sorted (policy_set_compare), no doubles; owned by the host. */
struct policy_set {
	const char *name;
	const char **v;
	size_t n;
};

struct policy_rule { /* owned by the face; all but id may be those of the rule before */
	char *id, *digest, *clause, *category;
	char *meaning; /* its own; NULL: the plugin says nothing of it */
	uint32_t rev;
	int severity;
	enum finding_mode mode;
};

/* What becomes of a line that is said in open(). */
enum policy_line { POLICY_PROBLEM, POLICY_NOTE, POLICY_LOGGED, POLICY_LINES };

enum policy_phase { POLICY_IDLE, POLICY_OPENING, POLICY_CHECKING };

struct policy_face {
	const struct tosd_host *table; /* in a page that nobody can write to any more */
	enum policy_phase phase;
	const char *plugin, *object; /* name and digest; borrowed */
	uint32_t granted;
	enum finding_mode limit; /* no finding of it may count for more */
	const struct policy_set *sets;
	size_t nsets;
	const struct conf_policy *conf; /* whose endpoints may be asked; NULL: none */
	struct policy_rule *rules;
	size_t nrules;
	uint32_t *slots; /* rule + 1 by the hash of its id, so that ten thousand of them
			  * are not compared each with each */
	size_t slots_mask;
	struct policy_retired { /* rules that it finds nothing by any more */
		char *id, *digest;
	} *retired;
	size_t nretired;
	char why[256]; /* the last errstr that we gave */
	size_t lines[POLICY_LINES]; /* said in open() */
	bool all_notes; /* somebody has asked for them, however many */
	struct policy_quiet quiet;
	struct policy_meter meter; /* of a plugin that says where its time goes */
	/* Lines of TOSD_LOG_PROBLEM and TOSD_LOG_INFO said in open(). */
	void (*problem)(void *ctx, const char *plugin, const char *text);
	void (*note)(void *ctx, const char *plugin, const char *text);
	void *ctx;
};

/* What is judged: all borrowed but author. */
struct tosd_item {
	const struct item *it;
	const char *text;
	size_t len;
	const char *tenant;
	int64_t time;
	/* From here on it is ours alone.  Made when asked for, empty until then; what is lent
	 * is the copy. */
	char author[33], author_lent[33];
};

/* What a plugin said of a category as a whole; the category is borrowed from its rule. */
struct policy_opinion {
	const char *category;
	double value, hit, none;
};

struct tosd_report {
	const struct policy_face *face;
	const struct tosd_item *item;
	struct finding *v;
	uint32_t n;
	size_t nopinions;
	int64_t budget;
	/* What is known already: answers, and findings of others.  Borrowed. */
	const struct msg_answer *answers;
	uint32_t nanswers;
	const struct finding *found;
	uint32_t nfound;
	bool reported; /* by a person: the first of what others found */
	struct msg_question *questions; /* that have no answer yet */
	uint32_t nquestions;
	unsigned asked; /* calls of ask() */
	/* Last, since they are not cleared each time. */
	char bad[256]; /* the first thing that was refused; empty: nothing */
	struct policy_opinion opinions[TOSD_SCORES];
};

/* Makes the table and sets the phase; the caller has set the other fields.  The face must
 * stay where it is. */
void policy_face_init(struct policy_face *f);
/* The face behind a table that a plugin hands back. */
struct policy_face *policy_face_of(const struct tosd_host *h);
/* Frees rules and table. */
void policy_face_clear(struct policy_face *f);
/* Has it declared a rule of that id? */
bool policy_face_has(const struct policy_face *f, const char *id);

/* At the end of open(): says how many lines were too many. */
void policy_face_opened(struct policy_face *f);

/* At the end of a check(): puts the findings in order (rule, spans, score). */
void policy_report_sort(struct tosd_report *r);

/* The mode that a finding of this rule gets.  Here and nowhere else it is made sure that a
 * plugin which may ask models finds for review only. */
enum finding_mode policy_face_mode(
    const struct policy_face *f, const struct policy_rule *rule);

/* Rules of this beginning are the host's own; the one that says that a person has reported
 * the item is seen by plugins alone, and never kept as a finding. */
#define POLICY_HOST_RULES "host/"
#define POLICY_REPORT_RULE POLICY_HOST_RULES "report"
#define POLICY_REPORT_CATEGORY "report"

/* One line of plain text, 1 to max bytes, that fits the ledger. */
bool policy_face_words(const char *s, size_t max);

/* face_ask.c: the calls about questions and about findings of others. */
int policy_face_ask(const struct tosd_host *h, struct tosd_report *r,
    const struct tosd_question *q, struct tosd_answer *a);
int policy_face_found(const struct tosd_host *h, const struct tosd_report *r, size_t i,
    struct tosd_found *f);

/* face_declare.c */
int32_t policy_face_declare(
    const struct tosd_host *h, const struct tosd_rule *r, const char **errstr);

int policy_face_retired(
    const struct tosd_host *h, const struct tosd_rule *r, const char **errstr);

/* face_means.c */
int policy_face_means(const struct tosd_host *h, int32_t rule, const char *digest,
    const char **errstr);

/* Compares as in_set() does; for sorting and searching sets. */
int policy_set_compare(const char *a, size_t alen, const char *b, size_t blen);

#endif
