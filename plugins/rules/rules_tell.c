/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_tell: what the plugin says of its packs while it opens, for people: to
 * operators that they are there, to their authors what should be looked at, and why
 * they find something in a text or not.
 */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "kit/day.h"
#include "lint.h"
#include "prove.h"
#include "rules_in.h"

void
rules_say(struct rules *r, enum tosd_log level, const char *text)
{
	r->host->log(r->host, level, (struct tosd_str){text, strlen(text)});
}

#define LACKS_MAX 300 /* bytes of names */

void
rules_lack(struct rules *r, const char *file, const char *why)
{
	const char *slash = strrchr(file, '/');

	if (r->nlacks++ == 0)
		why_set(&r->lack, "%s", why);
	if (r->lacks.len < LACKS_MAX)
		sb_printf(&r->lacks, "%s%s", r->nlacks > 1 ? ", " : "",
		    slash != NULL ? slash + 1 : file);
	else if (strcmp(r->lacks.data + r->lacks.len - 3, "...") != 0)
		sb_puts(&r->lacks, ", ...");
}

const char *
rules_lacks(struct rules *r)
{
	if (r->nlacks == 0)
		return NULL;
	r->words.len = 0;
	if (r->nlacks == 1)
		sb_printf(&r->words, "pack %s is not loaded: %s", r->lacks.data,
		    r->lack.text);
	else
		sb_printf(&r->words, "%zu packs are not loaded, %s: %s", r->nlacks,
		    r->lacks.data, r->lack.text);
	return r->words.data;
}

int
rules_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void
rules_tell_packs(struct rules *r)
{
	size_t *count = mem_new(r->npacks, sizeof(*count)), at = 0;

	for (size_t k = 0; k < engine_rules(r->engine); k++) {
		while (r->packs[at] != engine_pack(r->engine, k))
			at++;
		count[at]++;
	}
	for (size_t i = 0; i < r->npacks; i++) {
		const struct pack *p = r->packs[i];
		size_t retired = 0, over = 0;
		struct sb b = {0};

		for (size_t k = 0; k < p->nrules; k++)
			retired += p->rules[k].mode < 0;
		for (size_t k = 0; k < p->ntests; k++)
			over += prove_is_over(p, &p->tests[k]);
		sb_printf(&b, "pack %s: %zu rules, ", p->name, count[i]);
		if (retired > 0)
			sb_printf(&b, "%zu retired, ", retired);
		sb_printf(&b, "%zu tests passed", p->ntests - over);
		rules_say(r, TOSD_LOG_INFO, b.data);
		sb_free(&b);
	}
	free(count);
}

static void
say_lint(void *ctx, bool warning, const char *line)
{
	struct sb b = {0};

	sb_printf(&b, "%s%s", warning ? "warning: " : "", line);
	rules_say(ctx, TOSD_LOG_INFO, b.data);
	sb_free(&b);
}

#define SAME_TESTS 300 /* of a pack, looked at in both ways */

static int
is_list(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".list") == 0;
}

/* Whoever keeps lists beside packs may think that they were looked at too. */
static void
say_lists(struct rules *r, const char *dir)
{
	struct dirent **v = NULL;
	struct sb b = {0};
	int n = scandir(dir, &v, is_list, rules_by_name);

	if (n > 0) {
		sb_printf(&b,
		    "%s: %d of its files %s not looked at here (*.list); tosctl lists "
		    "check FILE does",
		    dir, n, n == 1 ? "was" : "were");
		rules_say(r, TOSD_LOG_INFO, b.data);
	}
	for (int i = 0; i < n; i++)
		free(v[i]);
	free(v);
	sb_free(&b);
}

/* All packs once more, by PCRE2 alone; not 0: r->why tells. */
static int
add_slow(struct rules *r, struct engine *slow)
{
	struct whys whys = {.n = 0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->npacks; i++)
		rc = engine_add(slow, r->packs[i], &r->protect, &whys);
	r->why = whys.last;
	return rc;
}

void
rules_tell_lint(struct rules *r, const char *dir, const char *day)
{
	struct engine_ways ways = engine_ways(r->engine);
	struct engine *slow = engine_new(r->letters, true);
	struct sb b = {0};
	int rc;

	lint_packs(r->engine, &r->protect, r->packs, r->npacks, day, say_lint, r);
	rc = add_slow(r, slow);
	for (size_t i = 0; rc == 0 && i < r->npacks; i++)
		rc = prove_same(r->engine, slow, r->packs[i], SAME_TESTS, &r->why);
	if (rc != 0)
		rules_say(r, TOSD_LOG_PROBLEM, r->why.text);
	engine_free(&slow);
	say_lists(r, dir);
	sb_printf(&b,
	    "patterns: %zu found by words, %zu by what they need, %zu searched for in "
	    "every text; %zu strings",
	    ways.words, ways.needs, ways.expressions, ways.strings);
	rules_say(r, TOSD_LOG_INFO, b.data);
	sb_free(&b);
}

void
rules_tell_expired(struct rules *r, const char *day)
{
	lint_expired(r->packs, r->npacks, day, say_lint, r);
}

#define NAMED 5 /* rules of a pack in one line */

static void
say_over(struct rules *r, const struct pack *p, int64_t time)
{
	struct sb b = {0};
	size_t n = 0;

	for (size_t i = 0; i < p->nrules; i++) {
		const struct pack_rule *rule = &p->rules[i];

		if (rule->mode < 0 || rule->expires > time) {
			if (rule->mode >= 0 && rule->expires < r->next_over)
				r->next_over = rule->expires;
			continue;
		}
		if (rule->expires >= r->told_to && n++ < NAMED)
			sb_printf(&b, "%s%s", n > 1 ? ", " : "", rule->id);
	}
	if (n > NAMED)
		sb_printf(&b, " and %zu more", n - NAMED);
	if (n > 0) {
		struct sb line = {0};

		sb_printf(&line,
		    "%s: expired, and finding nothing in what is posted now: %s; give "
		    "`expires' a new day, or retire what is not wanted any more",
		    p->file, b.data);
		rules_say(r, TOSD_LOG_WARN, line.data);
		sb_free(&line);
	}
	sb_free(&b);
}

void
rules_tell_over(struct rules *r, int64_t time)
{
	r->next_over = INT64_MAX;
	for (size_t i = 0; i < r->npacks; i++)
		say_over(r, r->packs[i], time);
	r->told_to = time + 1;
}

static void
say_why(void *ctx, const char *line)
{
	rules_say(ctx, TOSD_LOG_INFO, line);
}

/* By PCRE2 alone: what decides quickly that something cannot be there does not tell
 * what would have been looked at next. */
void
rules_tell_why(struct rules *r, const char *text, const char *names, const char *day)
{
	struct engine *slow = engine_new(r->letters, true);
	int64_t today = INT64_MIN;
	int rc = add_slow(r, slow);

	day_parse(day, &today);
	if (rc == 0)
		rc = explain(slow, text, names, today, say_why, r, &r->why);
	if (rc != 0)
		rules_say(r, TOSD_LOG_PROBLEM, r->why.text);
	engine_free(&slow);
}
