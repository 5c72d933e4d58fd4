/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: the plugin that runs rule packs.  It reads every *.conf of a folder, compiles
 * them into one engine, lets each pack prove itself by its own tests, and refuses those
 * that do not.  The form of a pack: plugins/README.
 */
#include "rules_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kit/day.h"
#include "kit/sign.h"
#include "meaning.h"
#include "probe.h"
#include "prove.h"

#define QUOTE 80 /* bytes of the match shown in a reason */

enum {
	SET_PACKS,
	SET_CACHE,
	SET_SIGNERS,
	SET_PACKS_MAX,
	SET_BYTES,
	SET_RULES,
	SET_SLOW,
	SET_LINT,
	SET_TODAY,
	SET_PROBE,
	SET_WHY,
	SET_WHY_RULES,
	SET_LOAD_DAY
};
static const struct tosd_setting schema[] = {
    [SET_PACKS] = {"packs_dir", TOSD_STRING, NULL, "folder of rule packs, *.conf"},
    [SET_CACHE] = {"cache_dir", TOSD_STRING, "",
	"folder for compiled patterns; empty: compile at each start"},
    [SET_SIGNERS] = {"signers", TOSD_STRING, "",
	"verifier keys, blanks between; packs signed by none of them are refused; "
	"empty: "
	"signatures are not asked for"},
    [SET_PACKS_MAX] = {"packs_max", TOSD_INTEGER, "256", "packs that are loaded"},
    [SET_BYTES] = {"file_bytes_max", TOSD_INTEGER, "16777216",
	"bytes of a pack, of a list file, of an included file"},
    [SET_RULES] = {"rules_max", TOSD_INTEGER, "20000", "rules of a pack"},
    [SET_SLOW] = {"slow", TOSD_BOOL, "false",
	"let PCRE2 search every text for every pattern: the measure of the fast way, "
	"for "
	"tests"},
    [SET_LINT] = {"lint", TOSD_STRING, "",
	"a day, 2027-01-31: say at the start what in packs should be looked at"},
    [SET_TODAY] = {"today", TOSD_STRING, "",
	"a day, 2027-01-31: say at the start which rules have expired"},
    [SET_PROBE] = {"probe_packs", TOSD_BOOL, "false",
	"refuse packs with an expression that runs away on a text made for it, which "
	"takes some time: `tosd -t' and `tosctl policy' do"},
    [SET_WHY] = {"why", TOSD_STRING, "",
	"a text: say at the start what rules make of it, and why"},
    [SET_WHY_RULES] = {"why_rules", TOSD_STRING, "",
	"of these rules or packs, blanks between; empty: of all that something of "
	"matches"},
    [SET_LOAD_DAY] = {"load_day", TOSD_STRING, "",
	"given by the daemon: the day of the load; rules that have expired by then are "
	"warned of"},
};

static int
is_pack(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
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

static void
say_problem(void *ctx, const char *line)
{
	rules_say(ctx, TOSD_LOG_PROBLEM, line);
}

/* A pack that speaks of @protected is tried with the names that its tests bring. */
static int
prove_alone(struct rules *r, const struct pack *p, struct whys *w)
{
	struct engine *e = engine_new(r->letters, false);
	const struct pack *bad;
	const char *note;
	int rc = engine_add(e, p, &p->standin, w);

	if (rc == 0) {
		rc = engine_seal(e, NULL, &bad, &note, &r->why);
		whys_go_on(w, rc, &r->why);
	}
	if (rc == 0)
		rc = prove_pack(e, p, w);
	engine_free(&e);
	return rc;
}

static int
load_pack(struct rules *r, const char *dir, const char *file, struct pack **out)
{
	struct whys whys = {.say = say_problem, .ctx = r};
	struct pack *p = NULL;
	int rc = pack_read(dir, file, &r->limits, &p, &whys);

	r->why = whys.last;
	for (size_t i = 0; rc == 0 && i < r->npacks; i++)
		if (strcmp(r->packs[i]->name, p->name) == 0)
			rc = why_set(&r->why, "%s: the pack name `%s' is taken by %s",
			    p->file, p->name, r->packs[i]->file);
	if (rc == 0 && r->signers[0] != '\0')
		rc = sign_check(r->signers,
		    &(struct sign_of){
			"tosd rule pack", "pack", p->file, p->name, p->digest},
		    &r->why);
	if (rc == 0 && p->protects && (rc = prove_alone(r, p, &whys)) != 0)
		r->why = whys.last;
	if (rc != 0)
		pack_free(&p);
	*out = p;
	return rc;
}

/* For the last reason, r->why. */
static void
refuse(struct rules *r, const char *file)
{
	rules_say(r, TOSD_LOG_PROBLEM, r->why.text);
	rules_lack(r, file, r->why.text);
}

static int
load_packs(struct rules *r, const char *dir)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, is_pack, rules_by_name);
	bool full = false;
	struct stat st;
	int rc = 0;

	if (n < 0)
		return why_set(&r->why, "cannot read the folder of packs %s: %s%s", dir,
		    strerror(errno),
		    errno == ENOTDIR ? "; name the folder that the pack lies in" : "");
	if (stat(dir, &st) == 0 && st.st_mode & S_IWOTH)
		rc = why_set(&r->why,
		    "the folder of packs %s may be written by everybody; make it chmod "
		    "o-w",
		    dir);
	else if (n == 0)
		rc = why_set(&r->why,
		    "%s holds no rule pack (*.conf): nothing would ever be found", dir);
	for (int i = 0; i < n; i++) {
		struct pack *p = NULL;

		if (full || rc != 0) {
			free(v[i]);
			continue;
		}
		full = i >= r->packs_max;
		if (full) {
			why_set(&r->why,
			    "%s: more than %lld packs; %s and what follows "
			    "is left out (packs_max)",
			    dir, (long long)r->packs_max, v[i]->d_name);
			refuse(r, v[i]->d_name);
		} else if (load_pack(r, dir, v[i]->d_name, &p) == 0) {
			r->packs = mem_grow(r->packs, r->npacks + 1, sizeof(*r->packs));
			r->packs[r->npacks++] = p;
		} else {
			refuse(r, v[i]->d_name);
		}
		free(v[i]);
	}
	free(v);
	return rc;
}

/* Refuses the packs that are marked. */
static void
drop_packs(struct rules *r, const bool *bad)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->npacks; i++) {
		if (bad[i])
			pack_free(&r->packs[i]);
		else
			r->packs[kept++] = r->packs[i];
	}
	r->npacks = kept;
}

/* As many rules as the host takes; it would refuse them all. */
static int
check_room(const struct engine *e, const struct pack *p, struct whys *w)
{
	struct why why;

	if (engine_rules(e) <= PACK_RULES_ALL)
		return 0;
	why_set(&why, "%s:%d: with pack `%s' these are more than %d rules in all packs",
	    p->file, p->line, p->name, PACK_RULES_ALL);
	whys_go_on(w, -1, &why);
	return -1;
}

/* Fills e with all packs; those at fault are said and marked.  Whether none was. */
static bool
fill_engine(struct rules *r, struct engine *e, bool *bad)
{
	bool good = true, full = false;

	for (size_t i = 0; i < r->npacks; i++) {
		struct whys whys = {.say = say_problem, .ctx = r};

		bad[i] = engine_add(e, r->packs[i], &r->protect, &whys) != 0;
		/* One is too many at a time: without it there is room again. */
		if (!bad[i] && !full)
			full = bad[i] = check_room(e, r->packs[i], &whys) != 0;
		if (bad[i]) {
			r->why = whys.last;
			refuse(r, r->packs[i]->file);
		}
		good = good && !bad[i];
	}
	return good;
}

/* 0: good; 1: packs were marked; -1: nothing can be done. */
static int
seal_engine(struct rules *r, const char *cache_dir, bool *bad)
{
	const struct pack *culprit = NULL;
	const char *note = NULL;
	int rc = engine_seal(r->engine, cache_dir, &culprit, &note, &r->why);

	if (note != NULL)
		rules_say(r, TOSD_LOG_WARN, note);
	if (rc != 0 && culprit == NULL)
		return -1;
	for (size_t i = 0; i < r->npacks; i++)
		bad[i] = r->packs[i] == culprit;
	if (rc != 0)
		refuse(r, culprit->file);
	return rc != 0;
}

static int
prove_packs(struct rules *r, bool *bad)
{
	int rc = 0;

	for (size_t i = 0; i < r->npacks; i++) {
		struct whys whys = {.say = say_problem, .ctx = r};

		bad[i] = !r->packs[i]->protects &&
			 prove_pack(r->engine, r->packs[i], &whys) != 0;
		if (bad[i]) {
			r->why = whys.last;
			refuse(r, r->packs[i]->file);
			rc = 1;
		}
	}
	return rc;
}

static int
probe_packs(struct rules *r, bool *bad)
{
	int rc = 0;

	for (size_t i = 0; i < r->npacks; i++) {
		bad[i] = probe_pack(r->packs[i], &r->protect, say_problem, r) > 0;
		if (bad[i])
			rules_lack(
			    r, r->packs[i]->file, "an expression of it runs away");
		rc = rc == 1 || bad[i];
	}
	return rc;
}

/* All packs in one engine, with what is protected here and now; without those that do
 * not compile or do not pass. */
static int
build(struct rules *r, const char *dir, const char *cache_dir)
{
	bool *bad = mem_new(r->npacks, sizeof(*bad));
	int rc = 1;

	while (rc == 1 && r->npacks > 0) {
		engine_free(&r->engine);
		r->engine = engine_new(r->letters, r->slow);
		rc = fill_engine(r, r->engine, bad) ? 0 : 1;
		if (rc == 0)
			rc = seal_engine(r, cache_dir, bad);
		if (rc == 0)
			rc = prove_packs(r, bad);
		if (rc == 0 && r->probe)
			rc = probe_packs(r, bad);
		if (rc == 1)
			drop_packs(r, bad);
	}
	free(bad);
	return rc == 1 ? why_set(&r->why, "no rule pack in %s could be loaded", dir)
		       : rc;
}

static struct tosd_rule
rule_of(const struct pack *p, const struct pack_rule *s)
{
	return (struct tosd_rule){sizeof(struct tosd_rule), s->id, s->rev, p->digest,
	    s->clause, s->category, s->severity, s->mode};
}

static int
declare_rule(struct rules *r, size_t i, struct meaning *m, const char **why)
{
	const struct pack_rule *s = engine_rule(r->engine, i);
	struct tosd_rule t = rule_of(engine_pack(r->engine, i), s);
	char means[MEM_HEX];

	r->declared[i] = r->host->declare(r->host, &t, why);
	if (r->declared[i] < 0 || !TOSD_HAS(r->host, means))
		return r->declared[i] < 0 ? -1 : 0;
	meaning_rule(m, s, means);
	return r->host->means(r->host, r->declared[i], means, why);
}

/* Else a pack of which nothing is left would look like one that is gone. */
static int
declare_retired(struct rules *r)
{
	const char *why = "no reason given";
	int rc = 0;

	if (!TOSD_HAS(r->host, retired))
		return 0;
	for (size_t i = 0; i < r->npacks; i++)
		for (size_t k = 0; rc == 0 && k < r->packs[i]->nrules; k++) {
			const struct pack_rule *s = &r->packs[i]->rules[k];
			struct tosd_rule t = rule_of(r->packs[i], s);

			if (s->mode < 0 && r->host->retired(r->host, &t, &why) != 0)
				rc = why_set(&r->why, "%s:%d: %.300s",
				    r->packs[i]->file, s->line, why);
		}
	return rc;
}

/* Rules stand in the order of their packs. */
static int
declare(struct rules *r)
{
	size_t n = engine_rules(r->engine);
	const char *why = "no reason given";
	struct meaning *m = NULL;
	int rc = 0;

	r->declared = mem_new(n, sizeof(*r->declared));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct pack *p = engine_pack(r->engine, i);

		if (i == 0 || p != engine_pack(r->engine, i - 1)) {
			meaning_free(&m);
			m = meaning_new(p);
		}
		rc = declare_rule(r, i, m, &why);
		if (rc != 0)
			why_set(&r->why, "%s:%d: %.300s", p->file,
			    engine_rule(r->engine, i)->line, why);
	}
	meaning_free(&m);
	return rc == 0 ? declare_retired(r) : rc;
}

static void
rules_close(void *state)
{
	struct rules *r = state;

	engine_free(&r->engine);
	letters_free(&r->letters);
	for (size_t i = 0; i < r->npacks; i++)
		pack_free(&r->packs[i]);
	for (size_t i = 0; i < r->protect.n; i++)
		free(r->protect.words[i]);
	free(r->protect.words);
	free(r->packs);
	free(r->declared);
	sb_free(&r->reason);
	sb_free(&r->lacks);
	sb_free(&r->words);
	free(r);
}

/* Limits are numbers within sense. */
static int
take_settings(struct rules *r, const struct tosd_str *settings)
{
	static const struct {
		int at;
		int64_t low, high;
	} v[] = {{SET_PACKS_MAX, 1, 100000}, {SET_BYTES, 1000, 1 << 30},
	    {SET_RULES, 1, 200000}};
	static const int days[] = {SET_LINT, SET_TODAY, SET_LOAD_DAY};
	int64_t day, got[3];

	for (int i = 0; i < 3; i++) {
		got[i] = strtoll(settings[v[i].at].ptr, NULL, 10);
		if (got[i] < v[i].low || got[i] > v[i].high)
			return why_set(&r->why, "`%s' must be from %lld to %lld",
			    schema[v[i].at].key, (long long)v[i].low,
			    (long long)v[i].high);
	}
	r->packs_max = got[0];
	r->limits = (struct pack_limits){(size_t)got[1], (size_t)got[2]};
	r->slow = strcmp(settings[SET_SLOW].ptr, "true") == 0;
	r->probe = strcmp(settings[SET_PROBE].ptr, "true") == 0;
	r->signers = settings[SET_SIGNERS].ptr;
	for (int i = 0; i < 3; i++)
		if (settings[days[i]].len > 0 &&
		    !day_parse(settings[days[i]].ptr, &day))
			return why_set(&r->why, "`%s' must be a day such as 2027-01-31",
			    schema[days[i]].key);
	return sign_keys(r->signers, &r->why);
}

static int
rules_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	/* On failure the state goes, and the host still reads the reason. */
	static char reason[sizeof(((struct why *)0)->text)];
	struct rules *r = mem_new(1, sizeof(*r));
	const char *dir = settings[SET_PACKS].ptr;
	int64_t day;
	int rc;

	r->host = h;
	r->letters = letters_new();
	take_protected(r);
	rc = take_settings(r, settings);
	if (rc == 0)
		rc = load_packs(r, dir);
	if (rc == 0)
		rc = build(r, dir, settings[SET_CACHE].ptr);
	if (rc == 0)
		rc = declare(r);
	if (rc != 0) {
		memcpy(reason, r->why.text, sizeof(reason));
		*errstr = reason;
		rules_close(r);
		return TOSD_FAILED;
	}
	rules_tell_packs(r);
	if (settings[SET_LINT].len > 0)
		rules_tell_lint(r, dir, settings[SET_LINT].ptr);
	else if (settings[SET_TODAY].len > 0)
		rules_tell_expired(r, settings[SET_TODAY].ptr);
	if (settings[SET_WHY].len > 0)
		rules_tell_why(r, settings[SET_WHY].ptr, settings[SET_WHY_RULES].ptr,
		    settings[SET_TODAY].ptr);
	r->next_over = INT64_MAX;
	r->told_to = INT64_MIN;
	if (day_parse(settings[SET_LOAD_DAY].ptr, &day))
		rules_tell_over(r, day);
	*state = r;
	*errstr = rules_lacks(r);
	return *errstr == NULL ? TOSD_DONE : TOSD_WAITS;
}

static void
put_match(struct sb *b, const char *text, const struct engine_hit *hit)
{
	size_t start = hit->spans[0].start, n = hit->spans[0].end - start;

	if (n > QUOTE) {
		n = QUOTE;
		while (n > 0 && ((uint8_t)text[start + n] & 0xc0) == 0x80)
			n--;
	}
	sb_put(b, text + start, n);
}

/* What the rule's target is: "person", "group", ... */
static const char *
target_kind(const struct pack *p, const struct pack_rule *rule)
{
	const struct pack_list *l =
	    rule->target != NULL
		? pack_list(p, rule->target + 1, strlen(rule->target + 1))
		: NULL;

	return l != NULL && l->kind != PACK_NO_KIND ? pack_kind_name(l->kind)
						    : "target";
}

/* The rule's sentence with {match} and {kind} filled in. */
static void
put_reason(struct sb *b, const struct pack *p, const struct pack_rule *rule,
    const char *text, const struct engine_hit *hit)
{
	const char *t = rule->reason;

	while (*t != '\0') {
		size_t n = strcspn(t, "{");

		sb_put(b, t, n);
		t += n;
		if (strncmp(t, "{match}", 7) == 0) {
			put_match(b, text, hit);
			t += 7;
		} else if (strncmp(t, "{kind}", 6) == 0) {
			sb_puts(b, target_kind(p, rule));
			t += 6;
		} else if (*t != '\0') {
			sb_put(b, t++, 1);
		}
	}
}

static void
report_hit(struct rules *r, struct tosd_report *report, const char *text,
    const struct engine_hit *hit)
{
	const struct pack_rule *rule = engine_rule(r->engine, hit->rule);
	struct tosd_span spans[ENGINE_SPANS];
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = r->declared[hit->rule],
	    .score = hit->score,
	    .spans = spans,
	    .nspans = hit->nspans};

	for (size_t i = 0; i < hit->nspans; i++)
		spans[i] = (struct tosd_span){hit->spans[i].start, hit->spans[i].end};
	r->reason.len = 0;
	put_reason(&r->reason, engine_pack(r->engine, hit->rule), rule, text, hit);
	f.reason = (struct tosd_str){r->reason.data, r->reason.len};
	r->host->finding(r->host, report, &f);
}

struct purse {
	const struct tosd_host *host;
	struct tosd_report *report;
	const int32_t *declared;
};

static int64_t
spend(void *ctx, int64_t units)
{
	struct purse *p = ctx;

	return p->host->budget(p->host, p->report, units);
}

static bool
tell(void *ctx, int64_t rule)
{
	const struct purse *p = ctx;

	return p->host->spent(p->host, p->report, rule >= 0 ? p->declared[rule] : -1) !=
	       0;
}

static int
rules_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct rules *r = state;
	struct tosd_str text = r->host->field(r->host, item, TOSD_TEXT);
	struct purse purse = {r->host, report, r->declared};
	struct engine_result found = {NULL, 0};
	int64_t time = r->host->event_time(r->host, item);
	int rc;

	if (time >= r->next_over)
		rules_tell_over(r, time);
	if (TOSD_HAS(r->host, spent))
		*engine_meter(r->engine) = (struct meter){tell, &purse};
	rc = engine_check(
	    r->engine, text.ptr, text.len, time, spend, &purse, &found, &r->why);
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
