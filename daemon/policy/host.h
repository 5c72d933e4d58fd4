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

struct policy_options {
	const struct conf_policy *conf; /* both kept by pointer until policy_host_free() */
	const struct conf_safety *safety; /* NULL: nothing is protected */
	/* Called during policy_host_new() for everything that was refused and left out,
	 * in words for the operator.  May be NULL. */
	void (*report)(void *ctx, const char *text);
	void *ctx;
	/* Called during policy_host_new() for what went well ("pack violence: 12 rules, 40
	 * tests passed"), with the same ctx.  NULL: it goes to the log. */
	void (*note)(void *ctx, const char *text);
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

/* Fills in digest, rules and problems; out is overwritten, the strings are its own. */
void policy_host_rules(const struct policy_host *h, struct msg_rules *out);

/* Judges one item.  tenant_key is the opaque key.  Appends to *findings (an xmalloc'd
 * array of *n, both may be NULL and 0 before); the caller clears each and frees it.
 * *degraded is set to why some plugin gave no full answer (xmalloc'd), or NULL. */
void policy_host_check(struct policy_host *h, const char *tenant_key,
    const struct item *it, int64_t event_time, struct finding **findings, uint32_t *n,
    char **degraded);

/* One score for each category that a rule of the host has, of the item last checked
 * (fusion.h).  Borrowed until the next check; returns how many. */
struct policy_score {
	const char *category;
	double value; /* 0 to 1 */
};
size_t policy_host_scores(
    const struct policy_host *h, const struct policy_score **scores);

#endif
