/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: all plugins of one configuration, loaded, opened and asked in turn.
 *
 * One thread, no clock: the same item gives the same findings in the same order
 * wherever the digest is the same.
 */
#ifndef TOSD_POLICY_HOST_H
#define TOSD_POLICY_HOST_H

#include <stdint.h>

#include "base/err.h"
#include "base/finding.h"
#include "base/item.h"
#include "conf/conf.h"
#include "ipc/msg.h"

struct policy_host;
struct policy_children;
struct policy_kept;
struct trace;

struct policy_options {
	/* Both until policy_host_new() returns; conf, if it has endpoints, until
	 * policy_host_free(). */
	const struct conf_policy *conf;
	const struct conf_safety *safety; /* NULL: nothing is protected */
	/* Called during policy_host_new() for everything that was refused and left out,
	 * in words for the operator.  May be NULL. */
	void (*report)(void *ctx, const char *text);
	void *ctx;
	/* Called during policy_host_new() for what went well ("pack violence: 12 rules, 40
	 * tests passed"), with the same ctx.  NULL: it goes to the log. */
	void (*note)(void *ctx, const char *text);
	/* Who starts the programs of `command' plugins (policy/exec.h); copied.  NULL:
	 * such plugins are refused. */
	const struct policy_children *children;
	/* Told which plugin is at work, before each call into one.  May be NULL. */
	struct trace *trace;
	/* Where lists lie that are fetched (policy/fetched.h); NULL: they are left out. */
	const char *fetched_dir;
	/* Copies to load from, or to be made (policy/kept.h); NULL: neither. */
	struct policy_kept *kept;
	/* Plugins look closer than there is time for at a worker's start: their setting
	 * `probe_packs'. */
	bool probe;
	/* It is one as well if every rule is retired: packs are only looked at. */
	bool idle;
	/* The day of the load, 2027-01-31: what has expired by then is told.  NULL: it is
	 * not. */
	const char *day;
	const struct msg_try *trial; /* a new version of one; NULL: none is tried */
	/* Plugins that are not loaded, since workers ended in their hands; a newline between
	 * names.  NULL: none. */
	const char *left_out;
};

/* Longest text that is judged, in bytes of item_body(); of a longer one the beginning
 * is judged and the item is degraded. */
#define POLICY_TEXT_MAX (1u << 20)

/* Loads and opens the plugins: reads files, so before the sandbox.  A plugin that is
 * refused is reported and left out.  TOSD_ENOENT if not one plugin with a rule is left:
 * a policy that finds nothing must not look like a clean world. */
int policy_host_new(const struct policy_options *o, struct policy_host **out,
    struct err *e);
void policy_host_free(struct policy_host **h);

/* The policy version: hex SHA-256 over plugins, settings, rules, packs and sets. */
const char *policy_host_digest(const struct policy_host *h);
/* The same without the rules of lists that are fetched. */
const char *policy_host_rest(const struct policy_host *h);
/* And without plugins that are programs: of what is loaded from copies (policy/kept.h), where
 * there are any. */
const char *policy_host_copied(const struct policy_host *h);

/* Fills in digest, rules and problems; out is overwritten, the strings are its own. */
void policy_host_rules(const struct policy_host *h, struct msg_rules *out);

/* Judges one item.  tenant_key is the opaque key.  Appends to *findings (an xmalloc'd
 * array of *n, both may be NULL and 0 before); the caller clears each and frees it.
 * *degraded is set to why some plugin gave no full answer (xmalloc'd), or NULL. */
void policy_host_check(struct policy_host *h, const char *tenant_key,
    const struct item *it, int64_t event_time, struct finding **findings, uint32_t *n,
    char **degraded);

/* An item and what was said of it. */
struct policy_ask {
	const char *tenant; /* opaque key */
	const struct item *it;
	int64_t time;	   /* event time */
	uint64_t revision; /* for log lines */
	/* Programs that are not asked about it (it has cost them too much already). */
	char *const *skip;
	size_t nskip;
	const struct msg_answer *answers; /* of endpoints, as far as they are there */
	uint32_t nanswers;
	bool reported; /* a person has pointed at it: plugins see that through found() */
	/* Results: as those of policy_host_check(), all NULL and 0 before. */
	struct finding *findings;
	uint32_t n;
	char *degraded;
	/* Programs that gave no answer and are to be asked again (xmalloc'd). */
	struct msg_retry *retry;
	uint32_t nretry;
	/* What plugins think of it as a whole (fusion.h), in the order in which they spoke. */
	struct msg_opinion *opinions;
	uint32_t nopinions;
	/* Questions of plugins that wait for an answer; each such plugin is among retry. */
	struct msg_question *questions;
	uint32_t nquestions;
};

/* Judges n items.  Programs get them together and in parallel with each other; after
 * so many ms (at least one deadline of a plugin longer) what was not asked is a retry. */
void policy_host_judge(
    struct policy_host *h, struct policy_ask *v, size_t n, int64_t patience);
/* What it left in a as an answer about the revision, which owns it from now on. */
void policy_ask_take(
    struct policy_ask *a, uint64_t revision, struct msg_inspected_item *out);
/* Frees what policy_host_judge() left in a. */
void policy_ask_clear(struct policy_ask *a);

/* What each plugin took since the last call; the caller frees the names and the array.  At
 * most what a message holds: the rest is given with the next call. */
void policy_host_costs(struct policy_host *h, struct msg_cost **out, uint32_t *n);

/* The same of rules, as far as plugins say where their time goes (meter.h). */
void policy_host_spent(struct policy_host *h, struct msg_spent **out, uint32_t *n);

/* Programs that were lost (why, in one line) or are there again (NULL) since the last call;
 * anew: all that are lost, for one who has heard nothing yet. */
typedef void policy_stand_fn(void *ctx, const char *plugin, const char *why);
void policy_host_stands(struct policy_host *h, bool anew, policy_stand_fn *fn, void *ctx);

/* Looks after programs between batches; ms until it wants to be called again, 0 when
 * there are none. */
int64_t policy_host_idle(struct policy_host *h);

struct policy_exec;
/* The program of the plugin of that number among those of the configuration that were
 * loaded; NULL if it is none. */
const struct policy_exec *policy_host_exec(const struct policy_host *h, size_t i);
/* One score for each category that a rule of the host has, of the item last checked
 * (fusion.h).  Borrowed until the next check; returns how many. */
struct policy_score {
	const char *category;
	double value; /* 0 to 1 */
};
size_t policy_host_scores(
    const struct policy_host *h, const struct policy_score **scores);

#endif
