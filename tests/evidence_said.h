/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_said: verifies a record and looks at what was said of it. */
#ifndef TOSD_TESTS_EVIDENCE_SAID_H
#define TOSD_TESTS_EVIDENCE_SAID_H

#include <stdio.h>
#include <string.h>

#include "evidence/verify.h"
#include "evidence_build.h"

struct said {
	const char *want;	 /* the file that should be named */
	int64_t index;		 /* with this entry; -1: any */
	bool named, named_index; /* it was, as tampered or incomplete */
	unsigned others;	 /* tampering named in other files */
	FILE *loud;		 /* where to repeat it, or NULL */
};

static UNUSED_OK void
listen(void *ctx, const struct verify_problem *p)
{
	struct said *s = ctx;
	bool it = s->want != NULL && strcmp(s->want, p->file) == 0;

	s->named = s->named || it;
	s->named_index =
	    s->named_index || (it && (s->index < 0 || p->index == s->index));
	s->others += !it && p->tamper;
	if (s->loud != NULL)
		fprintf(s->loud, "  %s %s %lld: %s\n", p->tamper ? "T" : "i", p->file,
		    (long long)p->index, p->what);
}

static UNUSED_OK int
check(const char *dir, struct said *s, struct verify_result *r)
{
	struct verify_options o = {
	    .dir = dir, .vkey = BUILD_VKEY, .report = listen, .ctx = s};
	struct verify_result mine;

	return evidence_verify(&o, r != NULL ? r : &mine, NULL);
}

/* A shell command in that folder. */
static UNUSED_OK void
run(const char *dir, const char *cmd)
{
	char *all = xasprintf("cd '%s' && { %s; }", dir, cmd);

	if (system(all) != 0) {
		fprintf(stderr, "failed: %s\n", all);
		abort();
	}
	free(all);
}

/* Verified, with this answer; shows why if not. */
static UNUSED_OK void
want(const char *dir, int rc)
{
	struct said s = {0};
	char *text = NULL;
	size_t len;
	int got;

	/* The tests' writer holds the log, and beside a writer nothing young is left
	 * over. */
	if (rc == TOSD_ESTATE)
		run(dir, "find . ! -type d -exec touch -h -d '1 hour ago' {} +");
	s.loud = open_memstream(&text, &len);
	got = check(dir, &s, NULL);
	fclose(s.loud);
	CU_ASSERT_EQUAL(got, rc);
	if (got != rc)
		fprintf(stderr, "%s: wanted %d, got %d:\n%s", dir, rc, got, text);
	free(text);
}

/* A fault in this file (relative) must be called tampering and named. */
static UNUSED_OK void
want_named(const char *dir, const char *file, int64_t index, unsigned *missed)
{
	struct said s = {.want = file, .index = index};

	if (check(dir, &s, NULL) == TOSD_ETAMPER && s.named_index)
		return;
	(*missed)++;
	fprintf(stderr, "missed in %s (entry %lld):\n", file, (long long)index);
	s.loud = stderr;
	check(dir, &s, NULL);
}

#endif
