/* SPDX-License-Identifier: Apache-2.0 */
/* host: the plugins of a configuration; see host.h. */
#include "policy/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/trace.h"
#include "policy/fetched.h"
#include "policy/host_in.h"
#include "policy/kept.h"

/* Units of work that a plugin may spend on an item: a fixed part, and so many looks at
 * each byte.  Enough for all patterns of the packs that ship on a post of 10,000 words,
 * and for any text that was not made for it; at a few nanoseconds each, an end for
 * wicked ones within what an item may take. */
#define BUDGET_ITEM (64 << 20)
#define BUDGET_BYTE 256
/* Of what a plugin says that it lacks: it goes with each post that waits for it. */
#define LACKS_MAX 500

static void __attribute__((format(printf, 2, 3)))
problem(struct policy_host *h, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap;
	char *raw;

	va_start(ap, fmt);
	if (vasprintf(&raw, fmt, ap) < 0)
		abort();
	va_end(ap);
	text_escape_buf(&b, raw, strlen(raw));
	free(raw);
	h->problems = xrealloc(h->problems, (h->nproblems + 1) * sizeof(*h->problems));
	h->problems[h->nproblems] = buf_take(&b);
	if (h->o.report != NULL)
		h->o.report(h->o.ctx, h->problems[h->nproblems]);
	h->nproblems++;
}

static void
plugin_problem(void *ctx, const char *text)
{
	problem(ctx, "%s", text);
}

static void
face_problem(void *ctx, const char *plugin, const char *text)
{
	problem(ctx, "%s: %s", plugin, text);
}

static void
face_note(void *ctx, const char *plugin, const char *text)
{
	const struct policy_host *h = ctx;

	if (h->o.note != NULL)
		h->o.note(h->o.ctx, text);
	else
		log_info("policy", "%s: %s", plugin, text);
}

static int
compare_names(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return policy_set_compare(x, strlen(x), y, strlen(y));
}

static void
make_sets(struct policy_host *h)
{
	const struct conf_safety *s = h->o.safety;
	struct policy_set *set = &h->sets[0];
	size_t n = s != NULL ? s->nprotect : 0;

	set->name = "@protected";
	set->v = xcalloc(n + 1, sizeof(*set->v));
	for (size_t i = 0; i < n; i++)
		if (s->protect[i][0] != '\0')
			set->v[set->n++] = s->protect[i];
	if (set->n == 0)
		return;
	qsort(set->v, set->n, sizeof(*set->v), compare_names);
	n = 1;
	for (size_t i = 1; i < set->n; i++)
		if (compare_names(&set->v[i], &set->v[n - 1]) != 0)
			set->v[n++] = set->v[i];
	set->n = n;
}

static void
slot_clear(struct policy_slot *s)
{
	policy_exec_free(&s->exec);
	if (s->face != NULL)
		policy_face_clear(s->face);
	policy_plugin_free(&s->plugin);
	free(s->face);
	free(s->lacks);
	free(s->told);
}

static const char *
other_with_rule(const struct policy_host *h, const char *id)
{
	for (size_t i = 0; i < h->n; i++)
		if (policy_face_has(h->v[i].face, id))
			return h->v[i].face->plugin;
	return NULL;
}

/* A rule belongs to one plugin. */
static int
check_rules(const struct policy_host *h, const struct policy_slot *s,
    const struct conf_plugin *c, struct err *e)
{
	for (size_t i = 0; i < s->face->nrules; i++) {
		const char *id = s->face->rules[i].id, *other = other_with_rule(h, id);

		if (other != NULL)
			return policy_plugin_refuse(c, e, TOSD_EINVAL,
			    " declares the rule `%s', which is one of plugin `%s'", id,
			    other);
	}
	return 0;
}

static void
slot_close(struct policy_host *h, struct policy_slot *s)
{
	const struct tosd_policy *t = policy_plugin_table(s->plugin);

	if (!TOSD_HAS(t, close))
		return;
	trace_at(h->o.trace, TRACE_CLOSE, policy_plugin_name(s->plugin), 0);
	t->close(s->state);
	trace_idle(h->o.trace);
}

/* Why a call did not end well, in the plugin's words or, where it has none, in ours. */
static const char *
why_of(int rc, const char *call, const char *why, char words[96])
{
	if (rc != TOSD_FAILED && rc != TOSD_DEGRADED && rc != TOSD_WAITS)
		snprintf(
		    words, 96, "returned %d, which is no result of %s()", rc, call);
	else if (why == NULL || why[0] == '\0')
		snprintf(words, 96, "it does not say why");
	else
		return why;
	return words;
}

/* open() and selftest(); on failure the plugin has been closed again. */
static int
slot_open(struct policy_host *h, struct policy_slot *s, const struct conf_plugin *c,
    struct err *e)
{
	const struct tosd_policy *t = policy_plugin_table(s->plugin);
	const char *name = policy_plugin_name(s->plugin), *why = NULL;
	char words[96];
	int rc, own;

	s->face->phase = POLICY_OPENING;
	trace_at(h->o.trace, TRACE_OPEN, name, 0);
	rc =
	    t->open(s->face->table, policy_plugin_settings(s->plugin), &s->state, &why);
	trace_idle(h->o.trace);
	s->face->phase = POLICY_IDLE;
	policy_face_opened(s->face);
	if (rc != TOSD_DONE && rc != TOSD_WAITS)
		return policy_plugin_refuse(c, e, TOSD_EINVAL, " did not open: %s",
		    why_of(rc, "open", why, words));
	if (rc == TOSD_WAITS)
		s->lacks = xstrdup(why_of(rc, "open", why, words));
	/* It was told, and has not minded: one rule less, or a meaning that nobody
	 * knows. */
	if (s->face->why[0] != '\0')
		problem(h,
		    "plugin `%s': declare() or means() was refused in open(), and it "
		    "went on: %s",
		    name, s->face->why);
	if (rc == TOSD_DONE && s->face->nrules + s->face->nretired == 0)
		rc = policy_plugin_refuse(c, e, TOSD_EINVAL, " has no rules");
	else
		rc = 0;
	if (rc == 0 && TOSD_HAS(t, selftest)) {
		trace_at(h->o.trace, TRACE_TEST, name, 0);
		why = NULL; /* that of open() is another one */
		if ((own = t->selftest(s->state, &why)) != TOSD_DONE)
			rc = policy_plugin_refuse(c, e, TOSD_EINVAL,
			    " failed its own test: %s",
			    why_of(own, "selftest", why, words));
		trace_idle(h->o.trace);
	}
	if (rc == 0)
		rc = check_rules(h, s, c, e);
	if (rc != 0)
		slot_close(h, s);
	return rc;
}

static void
slot_face(
    struct policy_host *h, struct policy_slot *s, const char *name, uint32_t granted)
{
	s->face = xcalloc(1, sizeof(*s->face));
	s->face->plugin = name;
	s->face->granted = granted;
	s->face->limit = granted & TOSD_NEED_ASK ? MODE_SHADOW : MODE_ENFORCE;
	s->face->sets = h->sets;
	s->face->nsets = 1;
	s->face->conf = h->o.conf->nendpoints > 0 ? h->o.conf : NULL;
	s->face->problem = face_problem;
	s->face->note = face_note;
	s->face->all_notes = h->o.note != NULL;
	s->face->ctx = h;
	policy_face_init(s->face);
}

/* Its last step: rc is how the others went. */
static int
slot_keep(struct policy_host *h, struct policy_slot *s, int rc)
{
	if (rc != 0) {
		slot_clear(s);
		return rc;
	}
	h->v = xrealloc(h->v, (h->n + 1) * sizeof(*h->v));
	h->v[h->n++] = *s;
	return 0;
}

static int
add_exec(struct policy_host *h, const struct conf_plugin *c, struct err *e)
{
	struct policy_slot s = {0};
	int rc;

	if (h->o.children == NULL)
		return policy_plugin_refuse(
		    c, e, TOSD_EINVAL, " is a program, and none is started here");
	slot_face(h, &s, c->name, c->grant);
	rc = policy_exec_new(c, h->o.children, s.face, &s.exec, e);
	if (rc == 0)
		rc = check_rules(h, &s, c, e);
	return slot_keep(h, &s, rc);
}

/* What its settings name is read from copies, as far as there are such.  The object
 * itself never is: who may write to the state folder must not have code run in a worker
 * whose walls do not stand yet. */
static int
load_plugin(struct policy_host *h, const struct conf_plugin *c,
    struct policy_kept *kept, const struct conf_setting *extra, size_t nextra,
    struct policy_plugin **out, struct err *e)
{
	const struct tosd_policy *t;
	char *moved;
	int rc;

	rc = policy_plugin_load(c, extra, nextra, plugin_problem, h, out, e);
	t = rc == 0 ? policy_plugin_table(*out) : NULL;
	for (size_t i = 0; rc == 0 && TOSD_HAS(t, nschema) && i < t->nschema; i++) {
		moved = policy_kept_setting(
		    kept, t->schema[i].key, policy_plugin_settings(*out)[i].ptr);
		if (moved != NULL)
			policy_plugin_set(*out, i, moved);
	}
	return rc;
}

static int
add_object(struct policy_host *h, const struct conf_plugin *c, struct policy_kept *kept,
    const struct conf_setting *extra, size_t nextra, struct err *e)
{
	struct policy_slot s = {0};
	int rc;

	trace_at(h->o.trace, TRACE_LOAD, c->name, 0);
	rc = load_plugin(h, c, kept, extra, nextra, &s.plugin, e);
	trace_idle(h->o.trace);
	if (rc != 0)
		return rc;
	slot_face(h, &s, policy_plugin_name(s.plugin), policy_plugin_granted(s.plugin));
	s.face->object = policy_plugin_digest(s.plugin);
	return slot_keep(h, &s, slot_open(h, &s, c, e));
}

static int
add_plugin(struct policy_host *h, const struct conf_plugin *c, struct err *e)
{
	/* A plugin named here gets the folders of the policy section unless its own
	 * settings say otherwise. */
	struct conf_setting extra[7];
	char *fetched = NULL, *trial = NULL;
	size_t nextra = 0;
	int rc;

	if (c->ncommand > 0)
		return add_exec(h, c, e);
	if (h->o.conf->packs_dir != NULL)
		extra[nextra++] =
		    (struct conf_setting){"packs_dir", h->o.conf->packs_dir};
	if (h->o.conf->packs_dir != NULL)
		extra[nextra++] =
		    (struct conf_setting){"lists_dir", h->o.conf->packs_dir};
	if (h->o.conf->cache_dir != NULL)
		extra[nextra++] =
		    (struct conf_setting){"cache_dir", h->o.conf->cache_dir};
	if (h->o.fetched_dir != NULL) {
		fetched = policy_fetched_setting(h->o.conf, h->o.fetched_dir);
		trial = policy_fetched_trial(h->o.conf, h->o.fetched_dir, h->o.trial);
		extra[nextra++] = (struct conf_setting){"fetched_files", fetched};
		extra[nextra++] = (struct conf_setting){"trial_file", trial};
	}
	if (h->o.day != NULL)
		extra[nextra++] = (struct conf_setting){"load_day", h->o.day};
	if (h->o.probe)
		extra[nextra++] = (struct conf_setting){"probe_packs", "true"};
	rc = add_object(h, c, h->o.kept, extra, nextra, e);
	/* It may ask for what lies beside what was copied. */
	if (rc != 0 && policy_kept_used(h->o.kept))
		rc = add_object(h, c, NULL, extra, nextra, e);
	free(fetched);
	free(trial);
	return rc;
}

/* A category for each that a rule has, in order of appearance. */
static void
make_scores(struct policy_host *h)
{
	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < h->v[i].face->nrules; k++) {
			const char *c = h->v[i].face->rules[k].category;
			size_t j = 0;

			while (j < h->nscores && strcmp(h->scores[j].category, c) != 0)
				j++;
			if (j < h->nscores)
				continue;
			h->scores =
			    xrealloc(h->scores, (h->nscores + 1) * sizeof(*h->scores));
			h->scores[h->nscores++] = (struct policy_score){c, 0};
		}
}

static void
add_missing(
    struct policy_host *h, const char *plugin, enum missing how, const char *why)
{
	problem(h, "%s", why);
	h->missing = xrealloc(h->missing, (h->nmissing + 1) * sizeof(*h->missing));
	h->missing[h->nmissing++] = (struct policy_missing){
	    plugin, xstrdup(h->problems[h->nproblems - 1]), how};
}

/* What it finds counts; that it finds nothing is no answer.  Nobody has to be told of a
 * problem: it may be on its way, and what is wrong the plugin has said. */
static void
add_lacking(struct policy_host *h, const char *plugin, const struct policy_slot *s)
{
	struct buf why = {0};

	if (s->lacks == NULL)
		return;
	text_escape_buf(&why, s->lacks, strnlen(s->lacks, LACKS_MAX));
	h->missing = xrealloc(h->missing, (h->nmissing + 1) * sizeof(*h->missing));
	h->missing[h->nmissing++] =
	    (struct policy_missing){plugin, buf_take(&why), MISSING_PART};
}

static bool
is_left_out(const struct policy_host *h, const char *plugin)
{
	const char *s = h->o.left_out;
	size_t n = strlen(plugin);

	while (s != NULL &&
	       !(strncmp(s, plugin, n) == 0 && (s[n] == '\n' || s[n] == '\0')))
		s = strchr(s, '\n') != NULL ? strchr(s, '\n') + 1 : NULL;
	return s != NULL;
}

/* Whether something may be found, now or once what is not there has come. */
static bool
may_find(const struct policy_host *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].face->nrules > 0 || h->v[i].lacks != NULL)
			return true;
	return false;
}

/* 0: it is a policy. */
static int
check_any(struct policy_host *h, struct err *e)
{
	static const char idle[] =
	    "every rule of every plugin is retired: nothing would ever be found";

	if (h->n == 0)
		return err_set(e, TOSD_ENOENT, "no policy plugin could be loaded: %s",
		    h->nproblems > 0 ? h->problems[h->nproblems - 1]
				     : "none is configured (policy.plugins)");
	if (h->o.idle || may_find(h))
		return 0;
	problem(h, "%s", idle);
	return err_set(e, TOSD_ENOENT, "%s", idle);
}

int
policy_host_new(const struct policy_options *o, struct policy_host **out, struct err *e)
{
	struct policy_host *h = xcalloc(1, sizeof(*h));

	*out = NULL;
	h->o = *o;
	make_sets(h);
	for (size_t i = 0; i < o->conf->nplugins; i++) {
		struct err why = ERR_INIT;

		const struct conf_plugin *c = &o->conf->plugins[i];
		bool out_of_it = is_left_out(h, c->name);
		int rc = out_of_it
			     ? policy_plugin_refuse(c, &why, TOSD_EINVAL,
				   " is left out: it ended workers before they were "
				   "ready")
			     : add_plugin(h, c, &why);

		if (rc != 0)
			add_missing(h, c->name,
			    out_of_it ? MISSING_BLAMED : MISSING_LOAD, why.text);
		else
			add_lacking(h, c->name, &h->v[h->n - 1]);
	}
	if (check_any(h, e) != 0) {
		policy_host_free(&h);
		return TOSD_ENOENT;
	}
	policy_host_make_digests(h);
	make_scores(h);
	h->o.conf = NULL; /* nobody promised that it stays */
	h->o.safety = NULL;
	*out = h;
	return 0;
}

void
policy_host_free(struct policy_host **hp)
{
	struct policy_host *h = *hp;

	if (h == NULL)
		return;
	*hp = NULL;
	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].plugin != NULL)
			slot_close(h, &h->v[i]);
		slot_clear(&h->v[i]);
	}
	for (size_t i = 0; i < h->nproblems; i++)
		free(h->problems[i]);
	free(h->problems);
	for (size_t i = 0; i < h->nmissing; i++)
		free(h->missing[i].why);
	free(h->missing);
	policy_lent_free(&h->lent);
	free(h->scores);
	free(h->sets[0].v);
	free(h->v);
	free(h);
}

const char *
policy_host_digest(const struct policy_host *h)
{
	return h->digest;
}

const char *
policy_host_rest(const struct policy_host *h)
{
	return h->rest;
}

const char *
policy_host_copied(const struct policy_host *h)
{
	return h->copied;
}

void
policy_say_degraded(struct buf *b, const char *who, const char *why)
{
	size_t n = strnlen(why, 200);

	if (b->len >= 2000)
		return;
	/* Cut between characters, and valid: it goes on record. */
	while (n > 0 && ((uint8_t)why[n] & 0xc0) == 0x80)
		n--;
	buf_printf(b, "%s%s: ", b->len > 0 ? "; " : "", who);
	text_repair(b, why, n);
}

bool
policy_slot_late(const struct policy_slot *s)
{
	return s->plugin != NULL && s->face->granted & TOSD_NEED_FOUND;
}

bool
policy_slot_check(struct policy_slot *s, struct tosd_item *item, struct tosd_report *r,
    struct buf *bad)
{
	const char *why = NULL;
	char words[96];
	bool waits;
	int rc;

	r->face = s->face;
	r->item = item;
	r->budget = BUDGET_ITEM + (int64_t)item->len * BUDGET_BYTE;
	s->face->phase = POLICY_CHECKING;
	policy_meter_begin(&s->face->meter, s->face->nrules);
	rc = policy_plugin_table(s->plugin)->check(s->state, item, r, &why);
	policy_meter_end(&s->face->meter);
	s->face->phase = POLICY_IDLE;
	waits = rc == TOSD_WAITS && r->nquestions > 0;
	if (rc == TOSD_WAITS && !waits)
		why = "waits, and has asked nothing";
	if (rc != TOSD_DONE && !waits)
		policy_say_degraded(
		    bad, s->face->plugin, why_of(rc, "check", why, words));
	else if (r->budget < 0)
		policy_say_degraded(bad, s->face->plugin, "went over its budget");
	if (r->bad[0] != '\0')
		policy_say_degraded(bad, s->face->plugin, r->bad);
	policy_report_sort(r);
	return waits;
}

int64_t
policy_host_idle(struct policy_host *h)
{
	int64_t next = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].exec != NULL) {
			int64_t t = policy_exec_idle(h->v[i].exec);

			next = next == 0 || t < next ? t : next;
		}
	return next;
}

const struct policy_exec *
policy_host_exec(const struct policy_host *h, size_t i)
{
	return i < h->n ? h->v[i].exec : NULL;
}
