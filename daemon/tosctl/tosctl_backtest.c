/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_backtest: the command around bt_read(): opens the store beside a daemon that
 * may be running, loads the packs that are tried, and hands every revision to all that
 * count.
 */
#include "tosctl/tosctl_backtest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/log.h"
#include "conf/conf.h"
#include "engine/engine.h"
#include "store/store_rule.h"
#include "tosctl/backtest.h"
#include "tosctl/backtest_options.h"
#include "tosctl/output_file.h"
#include "tosctl/pack_doc.h"
#include "tosctl/pack_room.h"
#include "tosctl/plugin_cage.h"
#include "tosctl/standard_output.h"
#include "tosctl/tosctl_scan.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

struct run {
	struct bt_options o;
	struct conf *conf;
	struct pack_room room;
	struct lists_used used;
	struct plugins_used others;
	struct policy_host *host;
	struct trace *trace;
	struct msg rules;
	bool *tried, *proven;
	struct store *store;
	struct bt_kept kept;
	struct bt_count count;
	struct ladder ladder;
	struct bt_ladder *ladders[BT_TENANTS_DO];
	struct bt_sample *sample;
	char tenant[STORE_KEY]; /* its key; "": all */
	unsigned problems;
	int no; /* what the end is where something was asked wrongly; 0: it was not */
};

/* --- opening --- */

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	complain("%s:%d: %s", file, line, text);
}

static int
open_conf(struct run *r, struct err *e)
{
	struct conf_sources src = {0};
	int rc = conf_sources_read(r->o.conf, &src, e);

	if (rc != 0 && strcmp(r->o.conf, BT_DEFAULT_CONF) == 0)
		err_wrap(e, "-c FILE names another configuration");
	if (rc == 0 && (rc = conf_parse(&src, on_mistake, NULL, &r->conf)) != 0)
		err_set(e, rc, "%s has mistakes", r->o.conf);
	conf_sources_clear(&src);
	if (rc == 0)
		engine_ladder_of(&r->conf->ladder, &r->ladder);
	return rc;
}

static void
on_problem(void *ctx, const char *text)
{
	struct run *r = ctx;
	char *words = pack_room_words(&r->room, text);

	r->problems++;
	complain("tosctl: %s", words);
	free(words);
}

static int
by_rule(const void *a, const void *b)
{
	return strcmp(
	    ((const struct msg_rule *)a)->rule, ((const struct msg_rule *)b)->rule);
}

/* Of a plugin that the configuration has beside rules: it is only there. */
static bool
is_beside(const struct run *r, const char *plugin)
{
	for (size_t i = 0; i < r->others.n; i++)
		if (strcmp(r->others.v[i].name, plugin) == 0)
			return true;
	return strcmp(plugin, "lists") == 0;
}

/* All rules of a folder; of a pack that is tried beside others, its own. */
static int
mark_tried(struct run *r, struct err *e)
{
	const struct msg_rules *rules = &r->rules.rules;
	json_t *doc = NULL, *v;
	const char *name = NULL, *pack;
	int rc = r->room.ours ? pack_doc_read(r->o.packs, &doc, e) : 0;

	json_object_foreach(doc, pack, v) name = pack;
	r->tried = xcalloc(rules->n + 1, sizeof(*r->tried));
	for (uint32_t i = 0; i < rules->n; i++)
		r->tried[i] = !is_beside(r, rules->v[i].plugin) &&
			      (name == NULL ||
				  (strncmp(rules->v[i].rule, name, strlen(name)) == 0 &&
				      rules->v[i].rule[strlen(name)] == '/'));
	json_decref(doc);
	return rc;
}

static const struct conf_plugin *
lists_plugin(const struct conf_policy *c)
{
	for (size_t i = 0; i < c->nplugins; i++)
		if (strcmp(c->plugins[i].name, "lists") == 0)
			return &c->plugins[i];
	return NULL;
}

/* Lists of the folder are looked up where the daemon would: if its configuration has
 * the plugin.  Those that it fetches bring the plugin along, with its settings
 * (lists_used.c). */
static const char *
lists_of(const struct run *r)
{
	const struct conf_plugin *p = lists_plugin(&r->conf->policy);
	bool there = pack_room_has(r->room.dir, "list");

	if (p == NULL && there)
		complain(
		    "tosctl: the lists beside the packs are not looked up: %s has no "
		    "plugin lists",
		    r->o.conf);
	for (size_t i = 0; p != NULL && r->used.n == 0 && i < p->nsettings; i++)
		if (strcmp(p->settings[i].key, "lists_dir") == 0) {
			complain(
			    "tosctl: the lists of %s (lists_dir) are not looked up",
			    p->settings[i].value);
			return NULL;
		}
	return p != NULL && there ? p->path : NULL;
}

static void
say_left_out(void *ctx, const char *text)
{
	(void)ctx;
	complain("tosctl: %s: what it finds is no part of this", text);
}

static int
open_packs(struct run *r, struct err *e)
{
	struct scan_packs p = {.plugin = r->o.plugin,
	    .model = r->o.model,
	    .used = &r->used,
	    .others = &r->others,
	    .protect = r->conf->safety.protect,
	    .nprotect = r->conf->safety.nprotect,
	    .report = on_problem,
	    .note = scan_say_nothing,
	    .ctx = r};
	int rc = pack_room_enter(r->o.packs, r->conf->policy.packs_dir, &r->room, e);

	if (rc != 0) {
		/* A file of another kind was named, not one that cannot be read. */
		r->no = rc == TOSD_EINVAL ? EXIT_USAGE : 0;
		return rc;
	}
	lists_used_open(&r->used, r->conf);
	plugins_used_open(&r->others, r->conf,
	    r->o.model != NULL ? PLUGINS_USED_NO_CLASSIFIER : PLUGINS_USED_ALL,
	    say_left_out, NULL);
	p.folder = r->room.dir;
	p.trace = r->trace;
	p.lists = lists_of(r);
	rc = scan_open(&p, &r->host);
	pack_room_empty(&r->room);
	/* What is left after a refusal is not what was to be tried. */
	if (rc != 0 || r->problems > 0)
		return err_set(e, TOSD_EINVAL,
		    "%s: not all packs%s load: nothing was tried", r->o.packs,
		    r->used.bad > 0 ? " and lists" : "");
	policy_host_rules(r->host, &r->rules.rules);
	if (r->rules.rules.n > 1)
		qsort(r->rules.rules.v, r->rules.rules.n, sizeof(*r->rules.rules.v),
		    by_rule);
	return mark_tried(r, e);
}

struct words { /* of people, by rule */
	struct run *r;
	uint64_t *right, *wrong;
};

static int
add_label(void *ctx, const struct store_label *l)
{
	struct words *w = ctx;
	const struct msg_rules *rules = &w->r->rules.rules;
	int64_t i = bt_rule_find(rules, l->rule);

	if (i >= 0 && rules->v[i].rev == l->rev) {
		w->right[i] += l->right;
		w->wrong[i] += !l->right;
	}
	return 0;
}

/* Another revision of a rule begins with nothing shown, as it does in the daemon. */
static int
mark_proven(struct run *r, struct err *e)
{
	uint32_t n = r->rules.rules.n;
	struct words w = {.r = r,
	    .right = xcalloc(n + 1, sizeof(*w.right)),
	    .wrong = xcalloc(n + 1, sizeof(*w.wrong))};
	int rc = 0;

	r->proven = xcalloc(n + 1, sizeof(*r->proven));
	if (store_label_each(r->store, NULL, 0, add_label, &w) < 0)
		rc = err_set(
		    e, TOSD_EIO, "cannot read what people said of the findings");
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		r->proven[i] = engine_proven(&r->conf->policy, w.right[i], w.wrong[i]);
	free(w.right);
	free(w.wrong);
	return rc;
}

static int
is_one(void *ctx, const struct store_feed *f)
{
	(void)f;
	*(bool *)ctx = true;
	return 0;
}

/* A key, as reports have it, or the id of a tenant of the configuration. */
static int
find_tenant(struct run *r, struct err *e)
{
	const char *name = r->o.tenant;
	const struct conf_tenant *t =
	    name != NULL ? conf_tenant_by_id(r->conf, name) : NULL;
	bool known =
	    name == NULL || t != NULL || conf_tenant_by_key(r->conf, name) != NULL;

	if (!known && store_feed_each(r->store, name, is_one, &known) < 0)
		return err_set(e, TOSD_EIO, "cannot read whose feeds there are");
	if (!known) {
		r->no = EXIT_NEGATIVE;
		return err_set(e, TOSD_ENOENT,
		    "there is no tenant `%s' in %s or the store: its id, or its key "
		    "as `tosctl tenants --json' prints it",
		    name, r->o.conf);
	}
	if (name != NULL)
		snprintf(r->tenant, sizeof(r->tenant), "%s", t != NULL ? t->key : name);
	return 0;
}

static int
open_store(struct run *r, const char *url, struct err *e)
{
	struct err why = ERR_INIT;
	int rc = store_open_readonly(url, &r->store, &why);

	if (rc == 0)
		return 0;
	if (r->o.store != NULL)
		return err_set(e, rc, "%s", why.text);
	return err_set(e, rc,
	    "%s (the store of %s; -c FILE reads another configuration, --store URL "
	    "another store)",
	    why.text, r->o.conf);
}

/* "90d" before what was last seen, or a time: never the clock, so that the same store
 * gives the same report. */
static void
since_when(const struct run *r, int64_t last, int64_t *after)
{
	int64_t d, seen = store_past_seen(r->store, last);

	*after = 0;
	if (r->o.since == NULL || last == 0)
		return;
	d = clock_parse(r->o.since);
	if (d == CLOCK_NONE)
		d = seen - conf_duration(r->o.since);
	*after = store_past_after(r->store, d);
}

/* --- the run --- */

static void
on_revision(void *ctx, const struct bt_revision *v)
{
	struct run *r = ctx;
	const struct msg_rules *rules = &r->rules.rules;
	uint32_t tenant;

	bt_count_add(&r->count, rules, v);
	if (v->nhits == 0 && v->n == 1)
		return;
	tenant = bt_count_tenant(&r->count, v->tenant);
	for (int d = 0; d < BT_TENANTS_DO; d++)
		bt_ladder_add(r->ladders[d], rules, tenant, v);
	if (r->sample != NULL)
		bt_sample_add(r->sample, rules, tenant, v);
}

/* Somebody may have labelled what is there, by that key. */
static int
check_samples(const struct bt_options *o, struct err *e)
{
	char *key = xasprintf("%s.key", o->samples);
	int rc = output_file_check(o->samples, true, NULL, 0, e);

	if (rc == 0)
		rc = output_file_check(key, true, NULL, 0, e);
	free(key);
	return rc;
}

static int
write_samples(struct run *r, struct err *e)
{
	struct bt_draw *v = NULL;
	size_t n = bt_sample_draw(r->sample, &v), written;
	int rc = bt_sample_write(r->store, r->o.samples, r->o.seed, &r->count,
	    &r->rules.rules, v, n, &written, e);

	free(v);
	if (rc == 0)
		complain("%s: %zu texts to be labelled; keep %s.key from those who do",
		    r->o.samples, written, r->o.samples);
	return rc;
}

static int
backtest(struct run *r, struct err *e)
{
	struct bt_source src = {.jobs = r->o.jobs,
	    .as_written = r->o.as_written,
	    .progress = isatty(STDERR_FILENO)};
	int rc;

	if ((r->o.samples != NULL && (rc = check_samples(&r->o, e)) != 0) ||
	    (rc = open_conf(r, e)) != 0)
		return rc;
	src.store = r->o.store != NULL ? r->o.store : r->conf->store.url;
	src.threshold = r->conf->policy.threshold;
	if ((rc = open_store(r, src.store, e)) != 0 || (rc = find_tenant(r, e)) != 0)
		return rc;
	if (r->o.tenant != NULL)
		src.tenant = r->tenant;
	src.upto = store_past_last(r->store);
	since_when(r, src.upto, &src.after);
	if ((rc = open_packs(r, e)) != 0 || (rc = mark_proven(r, e)) != 0)
		return rc;
	src.host = r->host;
	src.trace = r->trace;
	src.rules = &r->rules.rules;
	src.tried = r->tried;
	bt_count_init(&r->count, src.rules->n);
	for (int d = 0; d < BT_TENANTS_DO; d++)
		r->ladders[d] =
		    bt_ladder_new(&r->ladder, r->proven, (enum bt_tenant_does)d);
	if (r->o.samples != NULL)
		r->sample = bt_sample_new(r->o.seed, r->o.want, r->tried);
	/* SQLite's connections do not go through fork(). */
	store_free(&r->store);
	if ((rc = bt_read(&src, on_revision, r, e)) != 0 ||
	    (rc = store_open_readonly(src.store, &r->store, e)) != 0)
		return rc;
	bt_kept_load(r->store, &r->kept, &rc, e);
	if (rc != 0)
		return rc;
	for (int d = 0; d < BT_TENANTS_DO; d++)
		bt_ladder_end(r->ladders[d], r->count.last_seen);
	return r->sample != NULL ? write_samples(r, e) : 0;
}

static void
report(struct run *r)
{
	struct bt_report b = {.json = r->o.json,
	    .packs = r->o.packs,
	    .rules = &r->rules.rules,
	    .count = &r->count,
	    .kept = &r->kept,
	    .threshold = r->conf->policy.threshold,
	    .as_written = r->o.as_written,
	    .tried = r->tried,
	    .used = &r->used,
	    .proven = r->proven,
	    .precision_final = r->conf->policy.gates.precision_final,
	    .whole_seen = CLOCK_NONE,
	    .sample_seen = CLOCK_NONE,
	    .min_items = r->conf->ladder.min_exposure};
	struct store_mark_at at;

	for (int d = 0; d < BT_TENANTS_DO; d++)
		b.ladder[d] = r->ladders[d];
	if (store_mark_get(r->store, MARK_WHOLE, &at, NULL) == 0)
		b.whole_seen = at.seen;
	if (store_mark_get(r->store, MARK_SAMPLE, &at, NULL) == 0)
		b.sample_seen = at.seen;
	bt_report(&b);
}

static void
close_run(struct run *r)
{
	for (int d = 0; d < BT_TENANTS_DO; d++)
		bt_ladder_free(&r->ladders[d]);
	bt_sample_free(&r->sample);
	if (r->count.rules != NULL)
		bt_count_clear(&r->count);
	bt_kept_free(&r->kept);
	msg_clear(&r->rules);
	free(r->tried);
	free(r->proven);
	policy_host_free(&r->host);
	lists_used_clear(&r->used);
	plugins_used_clear(&r->others);
	pack_room_leave(&r->room);
	store_free(&r->store);
	conf_free(&r->conf);
}

static int
run(void *ctx, struct trace *trace)
{
	struct run *r = ctx;
	struct err e = ERR_INIT;
	int rc;

	r->trace = trace;
	rc = backtest(r, &e);
	if (rc == 0)
		report(r);
	else
		complain("tosctl: %s", e.text);
	rc = rc == 0	       ? EXIT_DONE
	     : r->no != 0      ? r->no
	     : r->problems > 0 ? EXIT_NEGATIVE
			       : EXIT_CANNOT;
	if (!standard_output_taken())
		rc = standard_output_lost();
	close_run(r);
	return rc;
}

int
tosctl_backtest(int argc, char **argv)
{
	struct run r = {0};

	msg_init(&r.rules, MSG_RULES);
	if (bt_options_read(argc, argv, &r.o) != 0)
		return EXIT_USAGE; /* which has been said */
	if (r.o.help)
		return EXIT_DONE;
	log_set_level(LOG_L_WARN);
	return plugin_cage_host(run, &r);
}
