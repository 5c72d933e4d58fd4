/* SPDX-License-Identifier: Apache-2.0 */
/* face: the calls a plugin can make, and the checks on what it says; see face.h.  Those
 * about rules, questions and findings of others stand beside it (face_*.c). */
#include "policy/face.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

#define LOG_MAX 1000	 /* bytes of a plugin's line */
#define OPENING_MAX 1000 /* lines of each kind in open() */

_Static_assert((int)TOSD_LOW == SEVERITY_LOW && (int)TOSD_MEDIUM == SEVERITY_MEDIUM &&
		   (int)TOSD_HIGH == SEVERITY_HIGH &&
		   (int)TOSD_CRITICAL == SEVERITY_CRITICAL,
    "the public header and ours name the same grades");
_Static_assert((int)TOSD_DRAFT == MODE_DRAFT && (int)TOSD_SHADOW == MODE_SHADOW &&
		   (int)TOSD_CANARY == MODE_CANARY && (int)TOSD_ENFORCE == MODE_ENFORCE,
    "the public header and ours name the same modes");

/* What a plugin gets the address of.  The table is the first member, so that the
 * address is ours too. */
struct shield {
	struct tosd_host table;
	struct policy_face *face;
};

struct policy_face *
policy_face_of(const struct tosd_host *h)
{
	return ((const struct shield *)(const void *)h)->face;
}

/* A string that may be NULL. */
static struct tosd_str
str_of(const char *s)
{
	return (struct tosd_str){s != NULL ? s : "", s != NULL ? strlen(s) : 0};
}

/* The same author gives the same hash within a tenant, another one elsewhere. */
static struct tosd_str
author_hash(const struct tosd_item *item)
{
	struct tosd_item *w = (struct tosd_item *)(uintptr_t)item;
	uint8_t d[DIGEST_LEN];

	if (item->it->author == NULL || item->it->author[0] == '\0')
		return (struct tosd_str){"", 0};
	if (w->author[0] == '\0') {
		struct digest_part parts[] = {
		    {"tosd author", 12},
		    {item->tenant, strlen(item->tenant) + 1},
		    {item->it->author, strlen(item->it->author)},
		};

		digest_parts(parts, 3, d);
		digest_hex(d, 16, w->author);
	}
	memcpy(w->author_lent, w->author, sizeof(w->author_lent));
	return (struct tosd_str){w->author_lent, 32};
}

static struct tosd_str
host_field(
    const struct tosd_host *h, const struct tosd_item *item, enum tosd_field which)
{
	static const uint32_t need[] = {
	    [TOSD_TEXT] = TOSD_NEED_TEXT,
	    [TOSD_LANG] = TOSD_NEED_TEXT,
	    [TOSD_URL] = TOSD_NEED_LINKS,
	    [TOSD_AUTHOR] = TOSD_NEED_AUTHOR,
	    [TOSD_TENANT] = TOSD_NEED_TENANT,
	};
	const char *s = NULL;

	if ((size_t)which >= sizeof(need) / sizeof(need[0]) ||
	    !(policy_face_of(h)->granted & need[which]))
		return (struct tosd_str){"", 0};
	if (which == TOSD_TEXT)
		return (struct tosd_str){item->text, item->len};
	if (which == TOSD_AUTHOR)
		return author_hash(item);
	if (which == TOSD_LANG)
		s = item->it->lang;
	else if (which == TOSD_URL)
		s = item->it->url;
	else
		s = item->tenant;
	return str_of(s);
}

static struct tosd_str
host_link(const struct tosd_host *h, const struct tosd_item *item, size_t i)
{
	if (!(policy_face_of(h)->granted & TOSD_NEED_LINKS) || i >= item->it->nlinks)
		return (struct tosd_str){"", 0};
	return (struct tosd_str){item->it->links[i], strlen(item->it->links[i])};
}

static int
host_media(const struct tosd_host *h, const struct tosd_item *item, size_t i,
    struct tosd_media *out)
{
	const struct item_media *m;
	struct tosd_media all = {.size = sizeof(all)};

	if (!(policy_face_of(h)->granted & TOSD_NEED_MEDIA) || i >= item->it->nmedia ||
	    out == NULL || out->size < sizeof(out->size))
		return -1;
	m = &item->it->media[i];
	all.state = m->sha256 != NULL ? TOSD_MEDIA_HASHED
		    : m->why != NULL  ? TOSD_MEDIA_MISSING
				      : TOSD_MEDIA_UNASKED;
	all.quality = m->pdq != NULL ? m->quality : -1;
	all.url = str_of(m->url);
	all.type = str_of(m->type);
	all.sha256 = str_of(m->sha256);
	all.md5 = str_of(m->md5);
	all.pdq = str_of(m->pdq);
	all.why = str_of(m->why);
	all.size = out->size < sizeof(all) ? out->size : sizeof(all);
	memcpy(out, &all, all.size);
	return 0;
}

static int64_t
host_event_time(const struct tosd_host *h, const struct tosd_item *item)
{
	(void)h;
	return item->time;
}

/* True where a character begins or the text ends. */
static bool
on_border(const struct tosd_item *item, uint32_t at)
{
	return at == item->len || ((uint8_t)item->text[at] & 0xc0) != 0x80;
}

static const char *
bad_finding(const struct tosd_report *r, const struct tosd_finding *f)
{
	if (f == NULL || f->size < sizeof(*f))
		return "a finding without its size";
	if (f->rule < 0 || (size_t)f->rule >= r->face->nrules)
		return "a finding of a rule that it has not declared";
	if (!(f->score >= 0 && f->score <= 1))
		return "a score that is not 0 to 1";
	if (f->nspans > TOSD_SPANS || (f->nspans > 0 && f->spans == NULL))
		return "too many spans, or none where some are said";
	for (size_t i = 0; i < f->nspans; i++) {
		const struct tosd_span *s = &f->spans[i];

		if (s->start >= s->end)
			return "a span that is empty or ends before it begins";
		if (s->end > r->item->len)
			return "a span outside of the text";
		if (!on_border(r->item, s->start) || !on_border(r->item, s->end))
			return "a span that cuts a character";
		if (i > 0 && s->start < s[-1].start)
			return "spans that are not in order";
	}
	if (f->reason.len > 0 && f->reason.ptr == NULL)
		return "a reason of NULL";
	if (r->n >= TOSD_FINDINGS)
		return "too many findings for one item";
	return NULL;
}

/* A reason as one line of valid UTF-8, cut between characters. */
static char *
clean_reason(struct tosd_str s)
{
	struct buf in = {0}, out = {0};
	size_t n = s.len > TOSD_REASON ? TOSD_REASON : s.len, plain = 0;

	while (plain < n && s.ptr[plain] >= ' ' && s.ptr[plain] <= '~')
		plain++;
	if (plain == s.len)
		return xstrndup(s.len > 0 ? s.ptr : "", s.len);
	while (n < s.len && n > 0 && ((uint8_t)s.ptr[n] & 0xc0) == 0x80)
		n--;
	text_repair(&in, n > 0 ? s.ptr : "", n);
	text_escape_buf(&out, in.len > 0 ? in.data : "", in.len);
	buf_free(&in);
	return buf_take(&out);
}

/* Those that overlap are one to people. */
static void
keep_spans(struct finding *to, const struct tosd_finding *f)
{
	struct finding_span *last = NULL;

	to->spans = xcalloc(f->nspans + 1, sizeof(*to->spans));
	for (size_t i = 0; i < f->nspans; i++) {
		const struct tosd_span *s = &f->spans[i];

		if (last != NULL && s->start < last->end) {
			last->end = s->end > last->end ? s->end : last->end;
			continue;
		}
		last = &to->spans[to->nspans++];
		*last = (struct finding_span){s->start, s->end};
	}
}

static int
host_finding(
    const struct tosd_host *h, struct tosd_report *r, const struct tosd_finding *f)
{
	const struct policy_rule *rule;
	struct finding *to;
	const char *bad;

	if (policy_face_of(h)->phase != POLICY_CHECKING || r == NULL ||
	    r->face != policy_face_of(h))
		return -1;
	if ((bad = bad_finding(r, f)) != NULL) {
		if (r->bad[0] == '\0')
			snprintf(r->bad, sizeof(r->bad), "made %s", bad);
		return -1;
	}
	rule = &r->face->rules[f->rule];
	r->v = xrealloc(r->v, (r->n + 1) * sizeof(*r->v));
	to = &r->v[r->n++];
	*to = (struct finding){.rule = xstrdup(rule->id),
	    .rev = rule->rev,
	    .pack = xstrdup(rule->digest),
	    .clause = xstrdup(rule->clause),
	    .category = xstrdup(rule->category),
	    .reason = clean_reason(f->reason),
	    .severity = rule->severity,
	    .score = f->score,
	    .mode = policy_face_mode(r->face, rule)};
	keep_spans(to, f);
	return 0;
}

enum finding_mode
policy_face_mode(const struct policy_face *f, const struct policy_rule *rule)
{
	if (f->granted & TOSD_NEED_ASK && rule->mode != MODE_DRAFT)
		return MODE_REVIEW;
	return rule->mode;
}

static const char *
bad_score(
    const struct tosd_report *r, const struct tosd_score *s, const char **category)
{
	*category = NULL;
	if (s == NULL || s->size < sizeof(*s) || s->category == NULL)
		return "a score without its size or category";
	for (size_t i = 0; i < r->face->nrules && *category == NULL; i++)
		if (strcmp(r->face->rules[i].category, s->category) == 0)
			*category = r->face->rules[i].category;
	if (*category == NULL)
		return "a score of a category that none of its rules has";
	if (!(s->value >= 0 && s->value <= 1) || !(s->hit >= -20 && s->hit <= 20) ||
	    !(s->none >= -20 && s->none <= 20))
		return "a score out of range";
	for (size_t i = 0; i < r->nopinions; i++)
		if (strcmp(r->opinions[i].category, s->category) == 0)
			return "two scores of one category";
	return r->nopinions >= TOSD_SCORES ? "too many scores for one item" : NULL;
}

static int
host_score(const struct tosd_host *h, struct tosd_report *r, const struct tosd_score *s)
{
	const char *bad, *category;

	if (policy_face_of(h)->phase != POLICY_CHECKING || r == NULL ||
	    r->face != policy_face_of(h))
		return -1;
	if ((bad = bad_score(r, s, &category)) != NULL) {
		if (r->bad[0] == '\0')
			snprintf(r->bad, sizeof(r->bad), "made %s", bad);
		return -1;
	}
	r->opinions[r->nopinions++] =
	    (struct policy_opinion){category, s->value, s->hit, s->none};
	return 0;
}

static int64_t
host_budget(const struct tosd_host *h, struct tosd_report *r, int64_t units)
{
	const struct policy_face *f = policy_face_of(h);

	if (f->phase != POLICY_CHECKING || r == NULL || r->face != f)
		return -1;
	if (units < 0) {
		if (r->bad[0] == '\0')
			snprintf(r->bad, sizeof(r->bad), "spent less than nothing");
		return -1;
	}
	if (r->budget >= 0)
		r->budget = units > r->budget ? -1 : r->budget - units;
	return r->budget;
}

static int
host_spent(const struct tosd_host *h, struct tosd_report *r, int32_t rule)
{
	struct policy_face *f = policy_face_of(h);

	if (f->phase != POLICY_CHECKING || r == NULL || r->face != f)
		return 0;
	return policy_meter_spent(&f->meter, rule);
}

int
policy_set_compare(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t n = alen < blen ? alen : blen;
	int c = n > 0 ? strncasecmp(a, b, n) : 0;

	if (c != 0 || alen == blen)
		return c;
	return alen < blen ? -1 : 1;
}

static const struct policy_set *
find_set(const struct policy_face *f, const char *name)
{
	for (size_t i = 0; name != NULL && i < f->nsets; i++)
		if (f->granted & TOSD_NEED_SETS && strcmp(f->sets[i].name, name) == 0)
			return &f->sets[i];
	return NULL;
}

static int
host_in_set(const struct tosd_host *h, const char *set, struct tosd_str m)
{
	const struct policy_set *s = find_set(policy_face_of(h), set);
	size_t lo = 0, hi = s != NULL ? s->n : 0;

	if (s == NULL)
		return -1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = policy_set_compare(s->v[mid], strlen(s->v[mid]), m.ptr, m.len);

		if (c == 0)
			return 1;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

static struct tosd_str
host_set_at(const struct tosd_host *h, const char *set, size_t i)
{
	const struct policy_set *s = find_set(policy_face_of(h), set);

	if (s == NULL || i >= s->n)
		return (struct tosd_str){"", 0};
	return (struct tosd_str){s->v[i], strlen(s->v[i])};
}

static void
say_left_out(const struct policy_face *f, uint64_t n)
{
	if (n > 0)
		log_warn("policy", "%s: (%llu lines left out)", f->plugin,
		    (unsigned long long)n);
}

/* A line that a terminal can be shown. */
static char *
clean_line(const char *s, size_t n)
{
	struct buf b = {0};

	text_escape_buf(&b, s, strnlen(s, n));
	buf_putc(&b, '\0');
	return buf_take(&b);
}

static size_t
too_many(const struct policy_face *f, enum policy_line kind)
{
	if ((kind == POLICY_NOTE && f->all_notes) || f->lines[kind] <= OPENING_MAX)
		return 0;
	return f->lines[kind] - OPENING_MAX;
}

void
policy_face_opened(struct policy_face *f)
{
	size_t n = too_many(f, POLICY_PROBLEM);
	char more[64];

	if (n > 0) {
		snprintf(more, sizeof(more), "and %zu more", n);
		f->problem(f->ctx, f->plugin, more);
	}
	say_left_out(f, too_many(f, POLICY_NOTE) + too_many(f, POLICY_LOGGED));
}

/* Whether the line is told.  In open() packs have much to say, and each line is kept;
 * later they are only logged. */
static bool
pass(struct policy_face *f, enum policy_line kind)
{
	uint64_t left_out = 0;

	if (f->phase == POLICY_OPENING) {
		f->lines[kind]++;
		return too_many(f, kind) == 0;
	}
	if (!policy_quiet_pass(&f->quiet, clock_steady(), &left_out))
		return false;
	say_left_out(f, left_out);
	return true;
}

static void
host_log(const struct tosd_host *h, enum tosd_log level, struct tosd_str text)
{
	struct policy_face *f = policy_face_of(h);
	size_t n = text.len > LOG_MAX ? LOG_MAX : text.len;
	enum policy_line kind = POLICY_LOGGED;
	char *line;

	if (f->phase == POLICY_OPENING && level <= TOSD_LOG_PROBLEM)
		kind = POLICY_PROBLEM;
	else if (f->phase == POLICY_OPENING && level == TOSD_LOG_INFO)
		kind = POLICY_NOTE;
	if (text.ptr == NULL || !pass(f, kind))
		return;
	line = clean_line(text.ptr, n);
	if (kind == POLICY_PROBLEM)
		f->problem(f->ctx, f->plugin, line);
	else if (kind == POLICY_NOTE)
		f->note(f->ctx, f->plugin, line);
	else
		log_write(level <= TOSD_LOG_WARN   ? LOG_L_WARN
			  : level <= TOSD_LOG_INFO ? LOG_L_INFO
						   : LOG_L_DEBUG,
		    "policy", "%s: %s", f->plugin, line);
	free(line);
}

void
policy_face_init(struct policy_face *f)
{
	struct shield *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		abort();
	s->face = f;
	s->table = (struct tosd_host){
	    .size = sizeof(struct tosd_host),
	    .abi_major = TOSD_ABI_MAJOR,
	    .abi_minor = TOSD_ABI_MINOR,
	    .declare = policy_face_declare,
	    .field = host_field,
	    .link = host_link,
	    .event_time = host_event_time,
	    .finding = host_finding,
	    .budget = host_budget,
	    .in_set = host_in_set,
	    .set_at = host_set_at,
	    .log = host_log,
	    .score = host_score,
	    .media = host_media,
	    .ask = policy_face_ask,
	    .found = policy_face_found,
	    .spent = host_spent,
	    .means = policy_face_means,
	    .retired = policy_face_retired,
	};
	/* Who writes to it falls over itself, there and then, and not the next plugin.
	 */
	if (mprotect(s, sizeof(*s), PROT_READ) != 0)
		abort();
	f->table = &s->table;
	f->phase = POLICY_IDLE;
}

void
policy_face_clear(struct policy_face *f)
{
	/* Nobody comes any more to whom it could be told. */
	say_left_out(f, f->quiet.dropped);
	f->quiet.dropped = 0;
	for (size_t i = f->nrules; i-- > 0;) {
		struct policy_rule *r = &f->rules[i], none = {0};
		const struct policy_rule *before = i > 0 ? r - 1 : &none;

		free(r->id);
		free(r->meaning);
		free(r->digest != before->digest ? r->digest : NULL);
		free(r->clause != before->clause ? r->clause : NULL);
		free(r->category != before->category ? r->category : NULL);
	}
	free(f->rules);
	for (size_t i = 0; i < f->nretired; i++) {
		free(f->retired[i].id);
		free(f->retired[i].digest);
	}
	free(f->retired);
	f->retired = NULL;
	f->nretired = 0;
	if (f->table != NULL)
		munmap((void *)(uintptr_t)f->table, sizeof(struct shield));
	f->table = NULL;
	free(f->slots);
	policy_meter_free(&f->meter);
	f->rules = NULL;
	f->slots = NULL;
	f->nrules = 0;
}

static int
compare_findings(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;
	int c = strcmp(a->rule, b->rule);

	for (size_t i = 0; c == 0 && i < a->nspans && i < b->nspans; i++) {
		if (a->spans[i].start != b->spans[i].start)
			c = a->spans[i].start < b->spans[i].start ? -1 : 1;
		else if (a->spans[i].end != b->spans[i].end)
			c = a->spans[i].end < b->spans[i].end ? -1 : 1;
	}
	if (c == 0 && a->nspans != b->nspans)
		c = a->nspans < b->nspans ? -1 : 1;
	if (c == 0 && a->score != b->score)
		c = a->score > b->score ? -1 : 1;
	return c != 0 ? c : strcmp(a->reason, b->reason);
}

void
policy_report_sort(struct tosd_report *r)
{
	if (r->n > 1)
		qsort(r->v, r->n, sizeof(*r->v), compare_findings);
}
