/* SPDX-License-Identifier: Apache-2.0 */
/* rules_in: what the files of the plugin itself share. */
#ifndef RULES_RULES_IN_H
#define RULES_RULES_IN_H

#include <dirent.h>
#include <tosd/policy.h>

#include "engine.h"

struct rules {
	const struct tosd_host *host;
	struct letters *letters;
	struct pack_limits limits;
	int64_t packs_max;
	const char *signers;
	bool slow, probe;
	struct pack **packs;
	size_t npacks;
	struct pack_list protect; /* @protected: words borrowed from the host */
	struct engine *engine;
	int32_t *declared; /* the host's number of each rule of the engine */
	struct sb reason;  /* of the hit that is being reported */
	/* When the next rule expires of those that nobody was told of; INT64_MAX: nobody
	 * is to be told. */
	int64_t next_over;
	int64_t told_to; /* those that expired before it were told */
	/* Packs that are not loaded: their names, how many, and of the first why. */
	struct sb lacks, words;
	size_t nlacks;
	struct why lack;
	struct why why;
};

void rules_say(struct rules *r, enum tosd_log level, const char *text);
/* A pack that is not loaded, which has been said.  What it would have found must not look
 * like something that is not there: the host lets items wait for it. */
void rules_lack(struct rules *r, const char *file, const char *why);
/* What is not there, in words; NULL: nothing. */
const char *rules_lacks(struct rules *r);
/* For scandir(): by the bytes of the name, whatever the locale. */
int rules_by_name(const struct dirent **a, const struct dirent **b);

/* rules_tell.c: what is said of loaded packs when it opens.  day is "2027-01-31". */
void rules_tell_packs(struct rules *r);
void rules_tell_lint(struct rules *r, const char *dir, const char *day);
void rules_tell_expired(struct rules *r, const char *day);
/* Which rules have expired by then, each once: they find nothing any more, and nobody would
 * miss it. */
void rules_tell_over(struct rules *r, int64_t time);
/* What they make of a text that is posted on the day, if there is one; `names' are rules,
 * or packs, with blanks between: those alone, and also if nothing of them matches.  "":
 * all. */
void rules_tell_why(
    struct rules *r, const char *text, const char *names, const char *day);

#endif
