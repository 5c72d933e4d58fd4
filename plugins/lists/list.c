/* SPDX-License-Identifier: Apache-2.0 */
/* list: the file, its head, and its lines one after the other; see list.h. */
#include "list.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "entry.h"
#include "kit/day.h"

#define VALUE_MAX 300 /* bytes of a value of the head */
#define HEAD_LINES 200
#define SHOWN 40 /* bytes of a bad line that are shown */

static const char *const kinds[LIST_KINDS] = {"domain", "url", "sha256", "md5", "pdq"};

const char *
list_kind_name(enum list_kind k)
{
	return kinds[k];
}

/* --- values of the head --- */

struct word {
	const char *name;
	int value;
};
static const struct word severities[] = {{"low", TOSD_LOW}, {"medium", TOSD_MEDIUM},
    {"high", TOSD_HIGH}, {"critical", TOSD_CRITICAL}, {NULL, 0}};
static const struct word modes[] = {{"draft", TOSD_DRAFT}, {"shadow", TOSD_SHADOW},
    {"enforce", TOSD_ENFORCE}, {NULL, 0}};
static const struct word kind_words[] = {{"domain", LIST_DOMAIN}, {"url", LIST_URL},
    {"sha256", LIST_SHA256}, {"md5", LIST_MD5}, {"pdq", LIST_PDQ}, {NULL, 0}};

static bool
take_word(const struct word *v, const char *s, int32_t *out)
{
	for (; v->name != NULL; v++)
		if (strcmp(v->name, s) == 0) {
			*out = v->value;
			return true;
		}
	return false;
}

static bool
take_count(const char *s, unsigned long max, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	*out = (uint32_t)v;
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' && v <= max;
}

static bool
good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 60 && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool
take_text(char **to, const char *s, size_t max)
{
	if (strlen(s) > max || mem_unfit(s, false) != NULL)
		return false;
	free(*to);
	*to = mem_dup(s, strlen(s));
	return true;
}

static bool
take_name(struct list *l, const char *s)
{
	return good_name(s) && take_text(&l->name, s, 60);
}

static bool
take_category(struct list *l, const char *s)
{
	return good_name(s) && take_text(&l->category, s, 32);
}

static bool
take_expiry(struct list *l, const char *s)
{
	if (!day_parse(s, &l->expires))
		return false;
	memcpy(l->day, s, 11);
	return true;
}

static bool
take_severity(struct list *l, const char *s)
{
	return take_word(severities, s, &l->severity);
}

static bool
take_mode(struct list *l, const char *s)
{
	return take_word(modes, s, &l->mode);
}

static bool
take_kind(struct list *l, const char *s)
{
	int32_t kind = 0;
	bool ok = take_word(kind_words, s, &kind);

	l->kind = (enum list_kind)kind;
	return ok;
}

static bool
take_rev(struct list *l, const char *s)
{
	return take_count(s, INT32_MAX, &l->rev) && l->rev > 0;
}

static bool
take_version(struct list *l, const char *s)
{
	size_t n = strlen(s);

	l->version = strtoll(s, NULL, 10);
	return n <= 18 && strspn(s, "0123456789") == n && l->version > 0;
}

static bool
take_score(struct list *l, const char *s)
{
	char *end;

	l->score = strtod(s, &end);
	return strspn(s, "0123456789.") == strlen(s) && end != s && *end == '\0' &&
	       l->score >= 0 && l->score <= 1;
}

static bool
take_threshold(struct list *l, const char *s)
{
	return take_count(s, 63, &l->threshold);
}

static bool
take_quality(struct list *l, const char *s)
{
	return take_count(s, 100, &l->quality);
}

enum {
	K_NAME,
	K_SOURCE,
	K_LICENCE,
	K_EXPIRES,
	K_CLAUSE,
	K_CATEGORY,
	K_SEVERITY,
	K_MODE,
	K_KIND,
	K_MUST = K_KIND,
	K_VERSION,
	K_REV,
	K_SCORE,
	K_THRESHOLD,
	K_QUALITY,
	K_ABOUT,
	K_OWNER,
	K_COUNT
};
#define TEXT(f, max) offsetof(struct list, f), max, NULL
#define TAKE(fn) 0, 0, fn
static const struct {
	const char *key, *want; /* what it may be, for people */
	size_t text, max;	/* a text goes there as it is */
	bool (*take)(struct list *l, const char *s);
} keys[K_COUNT] = {
    [K_NAME] = {"name", "a name of lower-case letters, digits and `-'",
	TAKE(take_name)},
    [K_SOURCE] = {"source", "who makes the list, and where it is from",
	TEXT(source, VALUE_MAX)},
    [K_LICENCE] = {"licence", "under which it may be used", TEXT(licence, VALUE_MAX)},
    [K_EXPIRES] = {"expires", "a day such as 2027-01-31", TAKE(take_expiry)},
    [K_CLAUSE] = {"clause", "a clause of the acceptable-use policy, \"5.2 Malware\"",
	TEXT(clause, 200)},
    [K_CATEGORY] = {"category", "lower-case letters, digits and `-', 32 at most",
	TAKE(take_category)},
    [K_SEVERITY] = {"severity", "low, medium, high or critical", TAKE(take_severity)},
    [K_MODE] = {"mode", "draft, shadow or enforce", TAKE(take_mode)},
    [K_KIND] = {"kind", "domain, url, sha256, md5 or pdq", TAKE(take_kind)},
    [K_VERSION] = {"version",
	"a whole number from 1, 18 digits at most, larger with each publication",
	TAKE(take_version)},
    [K_REV] = {"rev", "a whole number from 1, raised with each change of meaning",
	TAKE(take_rev)},
    [K_SCORE] = {"score", "a number from 0 to 1", TAKE(take_score)},
    [K_THRESHOLD] = {"threshold", "a whole number from 0 to 63", TAKE(take_threshold)},
    [K_QUALITY] = {"quality", "a whole number from 0 to 100", TAKE(take_quality)},
    [K_ABOUT] = {"about", "a text", TEXT(about, VALUE_MAX)},
    [K_OWNER] = {"owner", "who answers for it", TEXT(owner, VALUE_MAX)},
};

static bool
take_value(struct list *l, int k, const char *s)
{
	if (keys[k].take != NULL)
		return keys[k].take(l, s);
	return take_text((char **)((char *)l + keys[k].text), s, keys[k].max);
}

/* --- lines --- */

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next line without blanks around and without a comment: " #" or a # that begins
 * it.  False: there is none. */
static bool
next_line(const struct list *l, size_t *at, const char **s, size_t *n)
{
	const char *text = l->text.data, *nl;
	size_t from = *at, to;

	if (from >= l->text.len)
		return false;
	nl = memchr(text + from, '\n', l->text.len - from);
	to = nl != NULL ? (size_t)(nl - text) : l->text.len;
	*at = to + 1;
	while (from < to && blank(text[from]))
		from++;
	for (const char *hash = text + from;
	     (hash = memchr(hash, '#', (size_t)(text + to - hash))) != NULL; hash++)
		if (hash == text + from || blank(hash[-1])) {
			to = (size_t)(hash - text);
			break;
		}
	while (to > from && blank(text[to - 1]))
		to--;
	*s = text + from;
	*n = to - from;
	return true;
}

/* For a reason: the first bytes of a line, between characters. */
static int
shown(const char *s, size_t n)
{
	if (n > SHOWN)
		n = SHOWN;
	while (n > 0 && ((uint8_t)s[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

static int
head_line(struct list *l, const char *s, size_t n, bool *given, struct why *w)
{
	const char *eq = memchr(s, '=', n);
	size_t key = eq != NULL ? (size_t)(eq - s) : 0, from = key + 1;
	char value[VALUE_MAX + 1];

	while (key > 0 && blank(s[key - 1]))
		key--;
	while (from < n && blank(s[from]))
		from++;
	if (eq == NULL || key == 0)
		return why_set(w,
		    "%s:%zu: `%.*s' is no line of a head: write key = value, and a "
		    "line "
		    "--- before the entries",
		    l->file, l->line, shown(s, n), s);
	for (int k = 0; k < K_COUNT; k++) {
		if (strlen(keys[k].key) != key || memcmp(keys[k].key, s, key) != 0)
			continue;
		if (given[k])
			return why_set(w, "%s:%zu: `%s' is given twice: keep one",
			    l->file, l->line, keys[k].key);
		given[k] = true;
		if (n - from < sizeof(value) && n > from) {
			memcpy(value, s + from, n - from);
			value[n - from] = '\0';
			if (take_value(l, k, value))
				return 0;
			if (mem_unfit(value, false) != NULL)
				return why_set(w,
				    "%s:%zu: `%s' holds a control character, such as a "
				    "tab: write a blank, or leave it out",
				    l->file, l->line, keys[k].key);
		}
		return why_set(w, "%s:%zu: `%s' must be %s", l->file, l->line,
		    keys[k].key, keys[k].want);
	}
	return why_set(w,
	    "%s:%zu: `%.*s' is no key of a list: name, source, licence, expires, "
	    "clause, "
	    "category, severity, mode, kind, version, rev, score, threshold, quality, "
	    "about, "
	    "owner",
	    l->file, l->line, shown(s, key), s);
}

static int
read_head(struct list *l, struct why *w)
{
	bool given[K_COUNT] = {false}, ended = false;
	const char *s;
	size_t at = 0, n;
	int rc = 0;

	while (rc == 0 && !ended && l->line < HEAD_LINES && next_line(l, &at, &s, &n)) {
		l->line++;
		ended = n >= 3 && strspn(s, "-") >= n;
		if (n > 0 && !ended)
			rc = head_line(l, s, n, given, w);
	}
	if (rc == 0 && !ended)
		rc = why_set(w,
		    "%s: has no line --- between its head and its entries: put one "
		    "there",
		    l->file);
	for (int k = 0; rc == 0 && k <= K_MUST; k++)
		if (!given[k])
			rc = why_set(w, "%s: `%s' is missing in its head: %s", l->file,
			    keys[k].key, keys[k].want);
	if (rc == 0 && l->kind != LIST_PDQ && (given[K_THRESHOLD] || given[K_QUALITY]))
		rc = why_set(w,
		    "%s: threshold and quality are for kind = pdq only: leave them out",
		    l->file);
	l->entries = at;
	return rc;
}

int
list_open(const char *path, const struct list_limits *limits, struct list **out,
    struct why *w)
{
	struct list *l = mem_new(1, sizeof(*l));
	struct why why;
	int rc;

	*out = NULL;
	l->file = mem_dup(path, strlen(path));
	l->rev = 1;
	l->score = 1;
	l->threshold = 31; /* published for PDQ as a sure match */
	l->quality = 50;   /* published as the least that is worth a look */
	rc = mem_read_trusted(NULL, path, limits->file_bytes, &l->text, &why);
	if (rc != 0)
		why_set(w, "%s: %.300s", path, why.text);
	if (rc == 0) {
		mem_sha256(
		    l->text.data != NULL ? l->text.data : "", l->text.len, l->digest);
		if (l->text.len >= 3 && memcmp(l->text.data, "\ufeff", 3) == 0)
			rc = why_set(w,
			    "%s:1: it begins with a byte-order mark; save it as UTF-8 "
			    "without one",
			    path);
		else
			rc = read_head(l, w);
	}
	if (rc != 0) {
		list_free(&l);
		return rc;
	}
	*out = l;
	return 0;
}

void
list_free(struct list **p)
{
	struct list *l = *p;

	if (l == NULL)
		return;
	*p = NULL;
	free(l->file);
	free(l->name);
	free(l->source);
	free(l->licence);
	free(l->about);
	free(l->clause);
	free(l->category);
	free(l->owner);
	sb_free(&l->text);
	free(l);
}

static void
leave_out(struct list *l, const char *s, size_t n, const char *why, list_bad_fn *bad,
    void *ctx)
{
	struct sb b = {0};

	if (l->bad++ == 0)
		l->first_bad = l->line;
	sb_printf(&b, "%s:%zu: `%.*s' %s; the line is left out", l->file, l->line,
	    shown(s, n), s, why);
	bad(ctx, b.data);
	sb_free(&b);
}

int
list_entries(struct list *l, const struct list_limits *limits, list_entry_fn *take,
    list_bad_fn *bad, void *ctx, struct why *w)
{
	struct entry *e = mem_new(1, sizeof(*e));
	size_t at = l->entries, n;
	const char *s;
	int rc = 0;

	while (rc == 0 && next_line(l, &at, &s, &n)) {
		const char *why;

		l->line++;
		if (n == 0)
			continue;
		why = entry_read(e, l->kind, s, n);
		if (why != NULL) {
			leave_out(l, s, n, why, bad, ctx);
		} else if (l->n >= limits->entries) {
			rc = why_set(w,
			    "%s:%zu: more than %zu entries: split the list, or raise "
			    "`entries_max'",
			    l->file, l->line, limits->entries);
		} else {
			l->n++;
			if (e->odd && l->odd++ == 0)
				l->first_odd = l->line;
			if (e->option.stand != LIST_DENIED &&
			    !take(ctx, e->key.key, e->key.len,
				e->has_option ? &e->option : NULL))
				rc = why_set(w,
				    "%s:%zu: all lists of %s together are more than "
				    "there is room for: the list is left out, load "
				    "fewer of them",
				    l->file, l->line, kinds[l->kind]);
		}
		entry_clear(e);
	}
	if (rc == 0 && l->bad > l->n)
		rc = why_set(w,
		    "%s: %zu of its %zu lines are no %s (the first is line %zu): is "
		    "`kind' right?",
		    l->file, l->bad, l->bad + l->n, kinds[l->kind], l->first_bad);
	if (rc == 0 && l->n == 0)
		rc =
		    why_set(w, "%s: has no entries: fill it, or take it away", l->file);
	sb_free(&l->text);
	free(e);
	return rc;
}
