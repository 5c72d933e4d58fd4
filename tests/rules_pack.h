/* SPDX-License-Identifier: Apache-2.0 */
/* rules_pack: packs written around a rule; shared by tests of what a pack can say. */
#ifndef TESTS_RULES_PACK_H
#define TESTS_RULES_PACK_H

#include "tests/rules_host.h"

static const char head[] = "pack = { name = \"p\"; version = 1; owner = \"me\"; };\n"
			   "clauses = ( { id = \"1\"; text = \"One\"; } );\n";

#define RULE                                                                         \
	"rev = 1; mode = \"enforce\"; category = \"c\"; clause = \"1\"; severity = " \
	"\"low\"; score = 0.9; reason = \"{kind}: {match}\"; "

/* head, what stands before rules, the rules, and tests that pass. */
static inline char *
pack_of(const char *before, const char *rules, const char *fail, const char *twins)
{
	return xasprintf(
	    "%s%s\nrules = ( %s );\ntests = { ok = [ \"?\", \"q\", \"qq\" ]; "
	    "fail = [ %s ]; twins = ( [ %s ] ); };\n",
	    head, before, rules, fail, twins);
}

static inline struct policy_host *
open_of(const char *before, const char *rules, const char *fail, const char *twins)
{
	char *text = pack_of(before, rules, fail, twins);
	struct policy_host *h = rules_open_pack(text);

	if (h == NULL)
		printf("\n  %s", rules_problems);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	free(text);
	return h;
}

#define KILLS "\"i kill you\", \"i kill them\", \"kill kill\""
#define TWINS "\"i kill you\", \"i kill them\""

#endif
