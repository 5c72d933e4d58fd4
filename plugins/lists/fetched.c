/* SPDX-License-Identifier: Apache-2.0 */
/* fetched: see fetched.h. */
#include "fetched.h"

#include <stdlib.h>
#include <string.h>

#include "kit/day.h"

/* The next field of the line that ends at `end'. */
static char *
field(const char **s, const char *end)
{
	const char *tab = memchr(*s, '\t', (size_t)(end - *s));
	const char *to = tab != NULL ? tab : end;
	char *v = mem_dup(*s, (size_t)(to - *s));

	*s = tab != NULL ? tab + 1 : end;
	return v;
}

bool
fetched_next(const char **lines, struct fetched *out)
{
	const char *s = *lines, *end = s + strcspn(s, "\n");
	char *must;

	memset(out, 0, sizeof(*out));
	if (*s == '\0')
		return false;
	out->name = field(&s, end);
	out->path = field(&s, end);
	out->signers = field(&s, end);
	must = field(&s, end);
	out->must = strcmp(must, "must") == 0;
	free(must);
	*lines = end + (*end == '\n');
	return true;
}

bool
fetched_digits(const char *path, char out[FETCHED_DIGITS + 1])
{
	const char *dash = strrchr(path, '-');
	size_t n = dash != NULL ? strspn(dash + 1, "0123456789abcdef") : 0;

	if ((n != FETCHED_DIGITS && n != FETCHED_DIGITS_OLD) ||
	    strcmp(dash + 1 + n, ".list") != 0)
		return false;
	memcpy(out, dash + 1, n);
	out[n] = '\0';
	return true;
}

void
fetched_clear(struct fetched *f)
{
	free(f->name);
	free(f->path);
	free(f->signers);
	memset(f, 0, sizeof(*f));
}

bool
trial_parse(const char *line, struct trial *out)
{
	const char *end = line + strlen(line);
	char *day, *shrink, *anew, *rest;
	bool ok;

	memset(out, 0, sizeof(*out));
	out->name = field(&line, end);
	out->path = field(&line, end);
	day = field(&line, end);
	shrink = field(&line, end);
	anew = field(&line, end);
	out->shrink = strtod(shrink, &rest);
	out->anew = strcmp(anew, "anew") == 0;
	ok = day_parse(day, &out->day) && rest != shrink && *rest == '\0';
	free(day);
	free(shrink);
	free(anew);
	return ok;
}

void
trial_clear(struct trial *t)
{
	free(t->name);
	free(t->path);
	memset(t, 0, sizeof(*t));
}

/* --- the judgement --- */

static bool
no_entry(void *ctx, const char *key, size_t n, const struct list_option *option)
{
	(void)ctx;
	(void)key;
	(void)n;
	(void)option;
	return true;
}

static void
no_line(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* Reads the list that is in force; NULL if it cannot be. */
static struct list *
read_old(const char *path, const struct list_limits *limits, struct why *w)
{
	struct list *l = NULL;

	if (list_open(path, limits, &l, w) != 0)
		return NULL;
	if (list_entries(l, limits, no_entry, no_line, NULL, w) != 0)
		list_free(&l);
	return l;
}

/* A copy of an old publication, signed and all, must not pass for news. */
static int
judge_version(const struct list *old, const struct list *l, struct why *w)
{
	if (l->version < old->version)
		return why_set(w,
		    "%s: is version %lld, and %lld is in force: an older one is not "
		    "taken",
		    l->file, (long long)l->version, (long long)old->version);
	if (l->version == old->version && strcmp(l->digest, old->digest) != 0)
		return why_set(w,
		    "%s: is version %lld like the one in force, and another content: "
		    "its maker must raise `version' with each change",
		    l->file, (long long)l->version);
	return 0;
}

/* Whoever makes the list cannot have it mean something else under the same rev, by
 * which people have moved and labelled its rule. */
static int
judge_meaning(const struct list *old, const struct list *l, struct why *w)
{
	const char *what = l->kind != old->kind			     ? "kind"
			   : strcmp(l->clause, old->clause) != 0     ? "clause"
			   : strcmp(l->category, old->category) != 0 ? "category"
			   : l->severity != old->severity	     ? "severity"
			   : l->mode != old->mode		     ? "mode"
								     : NULL;

	if (what == NULL || l->rev > old->rev)
		return 0;
	return why_set(w,
	    "%s: its `%s' is not that of the list in force, and `rev' is still %u: its "
	    "maker must raise it",
	    l->file, what, l->rev);
}

static int
judge_size(
    const struct trial *t, const struct list *old, const struct list *l, struct why *w)
{
	double lost;

	if (l->n >= old->n)
		return 0;
	lost = (double)(old->n - l->n) / (double)old->n;
	if (lost <= t->shrink)
		return 0;
	return why_set(w,
	    "%s: has %zu entries, and %zu are in force: it would lose %.3g %% of them "
	    "at once, and `shrink' allows %.3g %%",
	    l->file, l->n, old->n, lost * 100, t->shrink * 100);
}

int
trial_judge(const struct trial *t, const struct list *l, const char *old_path,
    const struct list_limits *limits, struct why *w, struct why *alone)
{
	struct list *old = NULL;
	int rc = 0;

	alone->text[0] = '\0';
	if (l->version == 0)
		return why_set(w,
		    "%s: `version' is missing in its head: without it an old list "
		    "could "
		    "pass for a new one",
		    l->file);
	if (t->day >= l->expires)
		return why_set(w, "%s: expired on %s", l->file, l->day);
	if (!t->anew && old_path[0] != '\0')
		old = read_old(old_path, limits, alone);
	if (old == NULL)
		return 0;
	rc = judge_version(old, l, w);
	if (rc == 0)
		rc = judge_meaning(old, l, w);
	if (rc == 0)
		rc = judge_size(t, old, l, w);
	list_free(&old);
	return rc;
}
