/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: probes as plain text, metrics in the Prometheus text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats).
 */
#include "console/health.h"

#include <string.h>

#include "base/histogram.h"

/* The engine sends every 5 s; older numbers mean that it is not there. */
#define FRESH_MS 15000

static const struct metric {
	const char *key; /* of the stats object */
	const char *name, *type, *help;
} metrics[] = {
    {"items_new", "tosd_items_new_total", "counter", "Items seen for the first time."},
    {"items_changed", "tosd_items_changed_total", "counter",
	"Revisions of known items."},
    {"items_judged", "tosd_items_judged_total", "counter", "Revisions inspected."},
    {"items_degraded", "tosd_items_degraded_total", "counter",
	"Revisions that a policy gave no answer for."},
    {"findings", "tosd_findings_total", "counter", "Findings of all rules and modes."},
    {"violations", "tosd_violations_total", "counter", "Findings that counted."},
    {"worker_deaths", "tosd_policy_worker_deaths_total", "counter",
	"Policy workers that died with items in hand."},
    {"reload_refused", "tosd_reload_refused", "gauge",
	"Whether the configuration on disk was refused and an older one is in use."},
    {"files_changed", "tosd_policy_files_changed", "gauge",
	"Whether a policy worker has loaded packs or plugins that were changed without "
	"a "
	"reload."},
    {"feeds", "tosd_feeds", "gauge", "Feeds in the configuration."},
    {"feeds_down", "tosd_feeds_unreadable", "gauge", "Feeds not readable now."},
    {"items", "tosd_items_stored", "gauge", "Items known."},
    {"pending", "tosd_revisions_pending", "gauge", "Revisions waiting for inspection."},
    {"retries", "tosd_plugin_answers_waited", "gauge",
	"Answers of plugins' programs that are still to come."},
    {"plugins_missing", "tosd_plugins_missing", "gauge",
	"Plugins of the configuration that could not be loaded."},
    {"asks_open", "tosd_model_questions_open", "gauge",
	"Questions to models that have no answer yet."},
    {"answers", "tosd_model_answers_total", "counter", "Answers of models, kept."},
    {"asks_failed", "tosd_model_questions_failed_total", "counter",
	"Questions to models that stay without an answer."},
    {"asks_refused", "tosd_model_questions_refused_total", "counter",
	"Questions not asked because a tenant's share of the day was spent."},
    {"advices", "tosd_advices_total", "counter", "Findings of models, for people."},
    {"violations_online", "tosd_violations_online", "gauge",
	"Cited items last seen online."},
    {"cases_open", "tosd_cases_open", "gauge", "Cases not closed."},
    {"recommended", "tosd_cases_recommended", "gauge",
	"Cases that wait for two people."},
    {"outbox_new", "tosd_outbox_pending", "gauge", "Messages not sent yet."},
    {"outbox_unknown", "tosd_outbox_unknown", "gauge",
	"Messages whose fate a person has to find out."},
    {"outbox_failed", "tosd_outbox_failed", "gauge", "Messages refused for good."},
    {"reviews", "tosd_policy_reviews_waiting", "gauge",
	"Findings of canaries and models that wait for a person."},
    {"reports_open", "tosd_reports_open", "gauge",
	"Reports that policy has not looked at yet."},
    {"ledger_size", "tosd_ledger_entries", "gauge", "Entries on the ledger."},
    {"ledger_signed", "tosd_ledger_signed_entries", "gauge",
	"Entries under the newest signed head."},
};

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_delay(const json_t *delay, struct buf *b)
{
	static const char name[] = "tosd_record_delay_seconds";
	const json_t *n = json_object_get(delay, "n");
	json_int_t sum = 0;

	put_head(b, name, "histogram",
	    "From the last byte of an answer with items until they are on disk.");
	for (size_t i = 0; i < HISTOGRAM_CLASSES - 1; i++) {
		sum += json_integer_value(json_array_get(n, i));
		buf_printf(b, "%s_bucket{le=\"%g\"} %lld\n", name,
		    (double)histogram_bounds[i] / 1000, (long long)sum);
	}
	sum += json_integer_value(json_array_get(n, HISTOGRAM_CLASSES - 1));
	buf_printf(b, "%s_bucket{le=\"+Inf\"} %lld\n", name, (long long)sum);
	buf_printf(b, "%s_sum %g\n%s_count %lld\n", name,
	    (double)json_integer_value(json_object_get(delay, "sum_ms")) / 1000, name,
	    (long long)sum);
}

static json_int_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* The engine names a hundred rules at most, the others together as "other"; names are
 * letters, digits, '-', '_' and '/', so nothing has to be escaped. */
static void
put_rules(const json_t *rules, struct buf *b)
{
	const char *rule, *mode;
	json_t *o, *n;

	put_head(b, "tosd_rule_hits_total", "counter",
	    "Revisions in which a rule found something, by the mode in force.");
	json_object_foreach((json_t *)rules, rule, o)
	    json_object_foreach(json_object_get(o, "hits"), mode, n)
		buf_printf(b, "tosd_rule_hits_total{rule=\"%s\",mode=\"%s\"} %lld\n",
		    rule, mode, (long long)json_integer_value(n));
	put_head(b, "tosd_rule_counted_total", "counter",
	    "Of these, those that counted without a person's word.");
	json_object_foreach((json_t *)rules, rule, o)
	    buf_printf(b, "tosd_rule_counted_total{rule=\"%s\"} %lld\n", rule,
		(long long)number(o, "counted"));
	put_head(b, "tosd_rule_labels", "gauge", "What people said of its findings.");
	json_object_foreach((json_t *)rules, rule, o)
	{
		buf_printf(b,
		    "tosd_rule_labels{rule=\"%s\",verdict=\"right\"} %lld\n"
		    "tosd_rule_labels{rule=\"%s\",verdict=\"wrong\"} %lld\n",
		    rule, (long long)number(o, "right"), rule,
		    (long long)number(o, "wrong"));
	}
}

static void
put_plugins(const json_t *plugins, struct buf *b)
{
	static const char name[] = "tosd_plugin_item_seconds";
	const char *plugin;
	json_t *o;

	put_head(b, name, "summary", "What a plugin takes for an item.");
	json_object_foreach((json_t *)plugins, plugin, o)
	{
		buf_printf(b, "%s{plugin=\"%s\",quantile=\"0.5\"} %g\n", name, plugin,
		    (double)number(o, "p50") / 1e9);
		buf_printf(b, "%s{plugin=\"%s\",quantile=\"0.99\"} %g\n", name, plugin,
		    (double)number(o, "p99") / 1e9);
		buf_printf(b, "%s_sum{plugin=\"%s\"} %g\n", name, plugin,
		    (double)number(o, "ns") / 1e9);
		buf_printf(b, "%s_count{plugin=\"%s\"} %lld\n", name, plugin,
		    (long long)number(o, "items"));
	}
	put_head(b, "tosd_plugin_failed_total", "counter",
	    "Items that a plugin gave no full answer for.");
	json_object_foreach((json_t *)plugins, plugin, o)
	    buf_printf(b, "tosd_plugin_failed_total{plugin=\"%s\"} %lld\n", plugin,
		(long long)number(o, "failed"));
}

static void
put_serving(const json_t *serving, struct buf *b)
{
	static const char name[] = "tosd_plugin_serves";
	const char *plugin;
	json_t *n;

	put_head(b, name, "gauge",
	    "Whether all policy workers ask a plugin of the configuration, and it "
	    "lacks "
	    "nothing.");
	json_object_foreach((json_t *)serving, plugin, n) buf_printf(b,
	    "%s{plugin=\"%s\"} %lld\n", name, plugin, (long long)json_integer_value(n));
}

/* Names are lower-case letters, digits and '-'. */
static void
put_list_metric(struct buf *b, const json_t *lists, const char *name, const char *help,
    const char *key, double unit)
{
	const char *list;
	json_t *o, *n;

	put_head(b, name, "gauge", help);
	json_object_foreach((json_t *)lists, list, o)
	{
		n = json_object_get(o, key);
		if (n != NULL)
			buf_printf(b, "%s{list=\"%s\"} %g\n", name, list,
			    (double)json_integer_value(n) / unit);
	}
}

static void
put_lists(const json_t *lists, struct buf *b)
{
	put_list_metric(b, lists, "tosd_list_age_seconds",
	    "Since the version of a fetched list that is in force was taken.", "age_ms",
	    1000);
	put_list_metric(b, lists, "tosd_list_checked_seconds",
	    "Since it was last known to be the newest one.", "checked_ms", 1000);
	put_list_metric(b, lists, "tosd_list_failures",
	    "Tries in a row that brought none that could be taken.", "failures", 1);
}

static void
put_metrics(const json_t *stats, struct buf *b)
{
	const json_t *polls = json_object_get(stats, "polls");
	const char *outcome, *version;
	json_t *n;

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];

		put_head(b, m->name, m->type, m->help);
		buf_printf(b, "%s %lld\n", m->name,
		    (long long)json_integer_value(json_object_get(stats, m->key)));
	}
	put_head(b, "tosd_feed_polls_total", "counter", "Polls by outcome.");
	json_object_foreach((json_t *)polls, outcome, n)
	    buf_printf(b, "tosd_feed_polls_total{outcome=\"%s\"} %lld\n", outcome,
		(long long)json_integer_value(n));
	put_rules(json_object_get(stats, "rules"), b);
	put_plugins(json_object_get(stats, "plugins"), b);
	put_serving(json_object_get(stats, "serving"), b);
	put_lists(json_object_get(stats, "lists"), b);
	put_delay(json_object_get(stats, "delay"), b);
	version = json_string_value(json_object_get(stats, "version"));
	put_head(b, "tosd_build_info", "gauge", "Version of the daemon.");
	buf_printf(
	    b, "tosd_build_info{version=\"%s\"} 1\n", version ? version : "unknown");
}

static void
say(struct http_reply *r, int status, const char *text)
{
	r->status = status;
	r->type = "text/plain; charset=utf-8";
	buf_puts(&r->body, text);
}

void
health_answer(
    const char *path, const json_t *stats, int64_t age, struct http_reply *reply)
{
	bool fresh = stats != NULL && age <= FRESH_MS;

	if (strcmp(path, "/healthz") == 0) {
		say(reply, 200, "alive\n");
	} else if (strcmp(path, "/readyz") == 0) {
		if (fresh)
			say(reply, 200, "ready\n");
		else
			say(reply, 503, "the engine is not answering\n");
	} else if (strcmp(path, "/metrics") == 0) {
		if (stats == NULL) {
			say(reply, 503, "the engine has sent no numbers yet\n");
			return;
		}
		reply->status = 200;
		reply->type = "text/plain; version=0.0.4; charset=utf-8";
		put_metrics(stats, &reply->body);
	} else {
		say(reply, 404, "there is /healthz, /readyz and /metrics\n");
	}
}
