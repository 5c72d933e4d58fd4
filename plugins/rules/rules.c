/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: the plugin that runs rule packs.  It reads every *.conf of a folder, lets each
 * pack prove itself by its own tests, refuses those that do not, and compiles the rest
 * into one filter.  The form of a pack: plugins/README.
 */
#include <tosd/policy.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "prove.h"

#define PACKS_MAX 256
#define QUOTE 80 /* bytes of the match shown in a reason */

struct rules {
	const struct tosd_host *host;
	struct pack **packs;
	size_t npacks;
	struct pack_list protect; /* @protected: words borrowed from the host */
	struct engine *engine;
	int32_t *declared; /* the host's number of each rule of the engine */
	struct why why;
};

enum { SET_PACKS_DIR, SET_CACHE_DIR };
static const struct tosd_setting schema[] = {
    [SET_PACKS_DIR] = {"packs_dir", TOSD_STRING, NULL, "folder of rule packs, *.conf"},
    [SET_CACHE_DIR] = {"cache_dir", TOSD_STRING, "",
	"folder for compiled patterns; empty: compile at each start"},
};

static void
say(struct rules *r, enum tosd_log level, const char *text)
{
	r->host->log(r->host, level, (struct tosd_str){text, strlen(text)});
}

static int
is_pack(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
take_protected(struct rules *r)
{
	const struct tosd_host *h = r->host;
	struct tosd_str s;

	while ((s = h->set_at(h, "@protected", r->protect.n)).len > 0) {
		r->protect.words = mem_grow(
		    r->protect.words, r->protect.n + 1, sizeof(*r->protect.words));
		r->protect.words[r->protect.n++] = mem_dup(s.ptr, s.len);
	}
}

/* Reads and proves one pack, alone and without a filter. */
static int
load_pack(struct rules *r, const char *dir, const char *file, struct pack **out)
{
	struct engine *e = engine_new();
	struct pack *p = NULL;
	int rc = pack_read(dir, file, &p, &r->why);

	for (size_t i = 0; rc == 0 && i < r->npacks; i++)
		if (strcmp(r->packs[i]->name, p->name) == 0)
			rc = why_set(&r->why, "%s: the pack name `%s' is taken by %s",
			    p->file, p->name, r->packs[i]->file);
	if (rc == 0)
		rc = engine_add(e, p, &p->standin, &r->why);
	if (rc == 0)
		rc = prove_pack(e, p, &r->why);
	if (rc != 0)
		pack_free(&p);
	engine_free(&e);
	*out = p;
	return rc;
}

static int
load_packs(struct rules *r, const char *dir)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, is_pack, by_name);

	if (n < 0)
		return why_set(&r->why, "cannot read the folder of packs %s: %s", dir,
		    strerror(errno));
	for (int i = 0; i < n; i++) {
		struct pack *p = NULL;

		if (i >= PACKS_MAX)
			say(r, TOSD_LOG_PROBLEM,
			    "more than 256 packs; the rest is left out");
		if (i < PACKS_MAX && load_pack(r, dir, v[i]->d_name, &p) == 0) {
			r->packs = mem_grow(r->packs, r->npacks + 1, sizeof(*r->packs));
			r->packs[r->npacks++] = p;
		} else if (i < PACKS_MAX) {
			say(r, TOSD_LOG_PROBLEM, r->why.text);
		} else {
			i = n; /* said once is enough */
		}
	}
	for (int i = 0; i < n; i++)
		free(v[i]);
	free(v);
	return 0;
}

static void
drop_pack(struct rules *r, const struct pack *p)
{
	for (size_t i = 0; i < r->npacks; i++) {
		if (r->packs[i] != p)
			continue;
		pack_free(&r->packs[i]);
		memmove(&r->packs[i], &r->packs[i + 1],
		    (--r->npacks - i) * sizeof(*r->packs));
		return;
	}
}

static int
fill_engine(struct rules *r, struct engine *e, const struct pack **bad)
{
	for (size_t i = 0; i < r->npacks; i++) {
		*bad = r->packs[i];
		if (engine_add(e, r->packs[i], &r->protect, &r->why) != 0)
			return -1;
	}
	*bad = NULL;
	return 0;
}

/* All packs in one engine, with what is protected here and now.  A pack that only fails
 * in company is named in *bad. */
static int
build(struct rules *r, const char *cache_dir, const struct pack **bad)
{
	struct engine *slow = engine_new();
	const char *note = NULL;
	int rc;

	r->engine = engine_new();
	rc = fill_engine(r, r->engine, bad);
	if (rc == 0)
		rc = engine_filter(r->engine, cache_dir, bad, &note, &r->why);
	if (rc == 0 && note != NULL)
		say(r, TOSD_LOG_WARN, note);
	if (rc == 0)
		rc = fill_engine(r, slow, bad);
	for (size_t i = 0; rc == 0 && i < r->npacks; i++) {
		rc = prove_filter(r->engine, slow, r->packs[i], &r->why);
		if (rc != 0)
			*bad = r->packs[i];
	}
	engine_free(&slow);
	if (rc != 0)
		engine_free(&r->engine);
	return rc;
}

static int
declare(struct rules *r)
{
	size_t n = engine_rules(r->engine);
	const char *why = "no reason given";

	r->declared = mem_new(n, sizeof(*r->declared));
	for (size_t i = 0; i < n; i++) {
		const struct pack_rule *s = engine_rule(r->engine, i);
		struct tosd_rule t = {sizeof(t), s->id, s->rev,
		    engine_pack(r->engine, i)->digest, s->clause, s->category,
		    s->severity, s->mode};

		r->declared[i] = r->host->declare(r->host, &t, &why);
		if (r->declared[i] < 0)
			return why_set(&r->why, "%.400s", why);
	}
	return 0;
}

static void
say_packs(struct rules *r)
{
	for (size_t i = 0; i < r->npacks; i++) {
		const struct pack *p = r->packs[i];
		struct sb b = {0};
		size_t n = 0;

		for (size_t k = 0; k < engine_rules(r->engine); k++)
			n += engine_pack(r->engine, k) == p;
		sb_printf(
		    &b, "pack %s: %zu rules, %zu tests passed", p->name, n, p->ntests);
		say(r, TOSD_LOG_INFO, b.data);
		sb_free(&b);
	}
}

static void
rules_close(void *state)
{
	struct rules *r = state;

	engine_free(&r->engine);
	for (size_t i = 0; i < r->npacks; i++)
		pack_free(&r->packs[i]);
	for (size_t i = 0; i < r->protect.n; i++)
		free(r->protect.words[i]);
	free(r->protect.words);
	free(r->packs);
	free(r->declared);
	free(r);
}

static int
rules_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	/* On failure the state goes, and the host still reads the reason. */
	static char reason[sizeof(((struct why *)0)->text)];
	struct rules *r = mem_new(1, sizeof(*r));
	const char *dir = settings[SET_PACKS_DIR].ptr;
	int rc;

	r->host = h;
	take_protected(r);
	rc = load_packs(r, dir);
	while (rc == 0) {
		const struct pack *bad = NULL;

		if (r->npacks == 0)
			rc =
			    why_set(&r->why, "no rule pack in %s could be loaded", dir);
		else if (build(r, settings[SET_CACHE_DIR].ptr, &bad) == 0)
			break;
		else if (bad == NULL)
			rc = -1;
		else {
			say(r, TOSD_LOG_PROBLEM, r->why.text);
			drop_pack(r, bad);
		}
	}
	if (rc == 0)
		rc = declare(r);
	if (rc != 0) {
		memcpy(reason, r->why.text, sizeof(reason));
		*errstr = reason;
		rules_close(r);
		return TOSD_FAILED;
	}
	say_packs(r);
	*state = r;
	return TOSD_DONE;
}

/* The rule's sentence with {match} filled in. */
static void
put_reason(struct sb *b, const struct pack_rule *rule, const char *text,
    const struct engine_hit *hit)
{
	const char *t = rule->reason, *at = strstr(t, "{match}");
	size_t start = hit->spans[0].start, n = hit->spans[0].end - start;

	if (at == NULL) {
		sb_puts(b, t);
		return;
	}
	sb_put(b, t, (size_t)(at - t));
	if (n > QUOTE) {
		n = QUOTE;
		while (n > 0 && ((uint8_t)text[start + n] & 0xc0) == 0x80)
			n--;
	}
	sb_put(b, text + start, n);
	sb_puts(b, at + strlen("{match}"));
}

static void
report_hit(struct rules *r, struct tosd_report *report, const char *text,
    const struct engine_hit *hit)
{
	const struct pack_rule *rule = engine_rule(r->engine, hit->rule);
	struct tosd_span spans[ENGINE_SPANS];
	struct sb reason = {0};
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = r->declared[hit->rule],
	    .score = rule->score,
	    .spans = spans,
	    .nspans = hit->nspans};

	for (size_t i = 0; i < hit->nspans; i++)
		spans[i] = (struct tosd_span){hit->spans[i].start, hit->spans[i].end};
	put_reason(&reason, rule, text, hit);
	f.reason = (struct tosd_str){reason.data, reason.len};
	r->host->finding(r->host, report, &f);
	sb_free(&reason);
}

struct purse {
	const struct tosd_host *host;
	struct tosd_report *report;
};

static int64_t
spend(void *ctx, int64_t units)
{
	struct purse *p = ctx;

	return p->host->budget(p->host, p->report, units);
}

static int
rules_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct rules *r = state;
	struct tosd_str text = r->host->field(r->host, item, TOSD_TEXT);
	struct purse purse = {r->host, report};
	struct engine_result found = {NULL, 0};
	int rc = engine_check(r->engine, text.ptr, text.len,
	    r->host->event_time(r->host, item), spend, &purse, &found, &r->why);

	for (size_t i = 0; i < found.n; i++)
		report_hit(r, report, text.ptr, &found.v[i]);
	if (rc == 0)
		return TOSD_DONE;
	*errstr = r->why.text;
	return TOSD_DEGRADED;
}

TOSD_POLICY(.name = "rules", .version = "1", .needs = TOSD_NEED_TEXT | TOSD_NEED_SETS,
    .open = rules_open, .check = rules_check, .close = rules_close, .schema = schema,
    .nschema = sizeof(schema) / sizeof(schema[0]));
