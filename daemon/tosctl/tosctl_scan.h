/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_scan: the command `tosctl scan', and packs opened without a daemon. */
#ifndef TOSD_TOSCTL_SCAN_H
#define TOSD_TOSCTL_SCAN_H

#include <stdint.h>
#include <stdio.h>

#include "policy/host.h"
#include "tosctl/lists_used.h"
#include "tosctl/plugins_used.h"

/* Judges NDJSON items from standard input.  argv[0] is "scan".  Returns the exit code:
 * 0 all judged, 1 some line was not valid or not wholly judged, 2 usage, 3 cannot. */
int tosctl_scan(int argc, char **argv);

/* A folder of packs, and how to open it: the plugin, what lint compares `expires' to
 * (NULL: no lint), the day of which expired rules are told without it (NULL: they are
 * not), the classifier's model (NULL: none), the plugin for the lists that lie
 * in the folder (NULL: none), lists that a daemon fetches, opened (NULL or none of them: the
 * former), further plugins of a configuration (NULL: none), and where messages go. */
struct scan_packs {
	const char *folder, *plugin, *cache, *lint, *today, *model, *lists;
	const char *why, *why_rules; /* settings of the plugin `rules'; NULL: not asked */
	struct lists_used *used;
	const struct plugins_used *others;
	const char **protect;
	size_t nprotect;
	struct trace *trace; /* policy_options.trace */
	bool probe;   /* policy_options.probe */
	bool idle; /* policy_options.idle */
	bool signers; /* as the daemon: refuse packs that are not signed as `others' says */
	void (*report)(void *ctx, const char *problem);
	void (*note)(void *ctx, const char *text);
	void *ctx;
};
/* A `note' for those who do not want to hear what went well. */
void scan_say_nothing(void *ctx, const char *text);
/* With the very host and plugin of the daemon. */
int scan_open(const struct scan_packs *p, struct policy_host **host);

struct item;
struct json_t;
/* An item from one line of input; NULL, or why the line is none. */
const char *scan_read_item(const struct json_t *o, struct item *it, int64_t *time);
/* Media of which the line had no hash: no list of hashes says anything of them. */
void scan_mark_unhashed(struct item *it);
/* The same of a line that is nothing but strings that an item has (and an id that may be a
 * number), with *id, which is the caller's.  false: it is not, or not wholly good, and a tree
 * has to be made. */
bool scan_plain_item(
    const char *s, size_t n, struct item *it, int64_t *time, struct json_t **id);
struct finding;
/* As `scan' prints it. */
struct json_t *scan_finding_json(const struct finding *f);
/* What is said of one item; all borrowed. */
struct scan_result {
	const struct policy_score *scores;
	size_t nscores;
	const struct finding *findings;
	uint32_t n;
	const char *degraded; /* NULL: it was wholly judged */
};
/* Appends its line, not yet escaped for a terminal. */
void scan_put_result(
    struct buf *b, const struct json_t *id, const struct scan_result *r);
/* Where results go.  From the first call on standard output is ours alone: what a plugin
 * prints there goes to standard error. */
FILE *scan_own_output(void);
void scan_write_output(const struct buf *b);
void scan_flush_output(void);
/* 0 if all of them were taken, else errno. */
int scan_output_lost(void);
/* One line of them; o is taken. */
void scan_print_json(struct json_t *o);

#endif
