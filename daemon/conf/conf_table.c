/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_table: all keys, defaults and limits, section by section.  This is the one
 * place where a default stands; etc/tosd.conf.5 explains the same keys in words,
 * and tests/test_conf compares the two.
 */
#include "conf/conf_table.h"

#include "base/clock.h"
#include "conf/conf_check.h"
#include "conf/conf_value.h"

#define OFF(s, f) offsetof(struct s, f)
#define ROWS(r) .rows = (r), .nrows = sizeof(r) / sizeof((r)[0])

/* One row each: struct, member (which is the key), default, limits. */
#define TEXT(s, f, flag, d, fn)                                                \
	{                                                                      \
		.key = #f, .type = CONF_TEXT, .flags = flag, .off = OFF(s, f), \
		.def = d, .value.text = fn                                     \
	}
#define PATH(s, f, d, c)                                                             \
	{                                                                            \
		.key = #f, .type = CONF_PATH, .off = OFF(s, f), .def = d, .check = c \
	}
#define KEYFILE(s, f, c)                                                      \
	{                                                                     \
		.key = #f, .type = CONF_KEYFILE, .off = OFF(s, f), .check = c \
	}
#define FLAG(s, f, d)                                                    \
	{                                                                \
		.key = #f, .type = CONF_FLAG, .off = OFF(s, f), .def = d \
	}
#define SHARE(s, f, d)                                                    \
	{                                                                 \
		.key = #f, .type = CONF_SHARE, .off = OFF(s, f), .def = d \
	}
#define NUMBER(t, s, f, d, lo, hi)                                                     \
	{                                                                              \
		.key = #f, .type = t, .off = OFF(s, f), .def = d, .min = lo, .max = hi \
	}
#define COUNT(s, f, d, lo, hi) NUMBER(CONF_COUNT, s, f, d, lo, hi)
#define MANY(s, f, d, lo, hi) NUMBER(CONF_MANY, s, f, d, lo, hi)
#define SIZE(s, f, d, lo, hi) NUMBER(CONF_SIZE, s, f, d, lo, hi)
#define SPAN(s, f, d, lo, hi) NUMBER(CONF_SPAN, s, f, d, lo, hi)
#define CHOICE(s, f, d, names)                                              \
	{                                                                   \
		.key = #f, .type = CONF_CHOICE, .off = OFF(s, f), .def = d, \
		.value.choice = names                                       \
	}
#define TEXTS(s, f, fn)                                                                \
	{                                                                              \
		.key = #f, .type = CONF_TEXTS, .off = OFF(s, f), .noff = OFF(s, n##f), \
		.value.text = fn                                                       \
	}
#define RANGES(s, f)                                                                   \
	{                                                                              \
		.key = #f, .type = CONF_RANGES, .off = OFF(s, f), .noff = OFF(s, n##f) \
	}
#define GROUP(s, f)                                                                  \
	{                                                                            \
		.key = #f, .type = CONF_GROUP, .off = OFF(s, f), .table = &f##_table \
	}
#define OPTION(s, f)                                                                  \
	{                                                                             \
		.key = #f, .type = CONF_OPTION, .off = OFF(s, f), .table = &f##_table \
	}
#define LIST(s, f, flag)                                                       \
	{                                                                      \
		.key = #f, .type = CONF_LIST, .flags = flag, .off = OFF(s, f), \
		.noff = OFF(s, n##f), .table = &f##_table                      \
	}

#define MS ((int64_t)1)
#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)

static const struct conf_row provider_rows[] = {
    TEXT(conf_provider, name, CONF_REQUIRED, NULL, conf_value_text),
    TEXT(conf_provider, mailbox, CONF_REQUIRED, NULL, conf_value_mail),
    TEXT(conf_provider, phone, 0, NULL, conf_value_text),
    TEXT(conf_provider, aup_url, 0, NULL, conf_value_url),
    TEXT(conf_provider, aup_version, 0, NULL, conf_value_text),
    TEXT(conf_provider, host, 0, NULL, conf_value_host),
};
static const struct conf_table provider_table = {
    .name = "provider", ROWS(provider_rows), .done = conf_check_provider};

static const struct conf_row store_rows[] = {
    TEXT(conf_store, url, 0, NULL, conf_value_store),
};
static const struct conf_table store_table = {.name = "store", ROWS(store_rows)};

static const struct conf_row ledger_rows[] = {
    TEXT(conf_ledger, origin, 0, NULL, conf_value_origin),
    KEYFILE(conf_ledger, key_credential, CONF_CHECK_KEY),
    SPAN(conf_ledger, seal_interval, "10s", 100 * MS, CLOCK_HOUR),
    COUNT(conf_ledger, seal_entries, "256", 1, 65536),
};
static const struct conf_table ledger_table = {.name = "ledger", ROWS(ledger_rows)};

static const struct conf_row fetch_rows[] = {
    TEXT(conf_fetch, user_agent, 0, NULL, conf_value_text),
    TEXT(conf_fetch, second_user_agent, 0,
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	conf_value_text),
    TEXT(conf_fetch, second_interface, 0, NULL, conf_value_interface),
    PATH(conf_fetch, ca_file, "/etc/ssl/certs/ca-certificates.crt", CONF_CHECK_FILE),
    SPAN(conf_fetch, interval, "15m", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_fetch, interval_min, "5m", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_fetch, interval_max, "24h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_fetch, hint_max, "24h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_fetch, retry_after_max, "24h", CLOCK_SEC, 30 * CLOCK_DAY),
    COUNT(conf_fetch, moved_polls, "3", 1, 1000),
    SPAN(conf_fetch, moved_after, "24h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_fetch, connect_timeout, "10s", 100 * MS, 10 * CLOCK_MIN),
    SPAN(conf_fetch, timeout, "30s", 100 * MS, CLOCK_HOUR),
    SPAN(conf_fetch, host_gap, "1s", 0, CLOCK_HOUR),
    SIZE(conf_fetch, max_body, "10M", KIB, CONF_BODY_MAX),
    MANY(conf_fetch, max_items, "2000", 1, 100000),
    SIZE(conf_fetch, max_text, "1M", KIB, 64 * MIB),
    SIZE(conf_fetch, max_header, "64K", KIB, MIB),
    COUNT(conf_fetch, max_redirects, "5", 0, 20),
    COUNT(conf_fetch, max_connections, "64", 1, 4096),
    COUNT(conf_fetch, max_host_connections, "2", 1, 64),
    RANGES(conf_fetch, allow),
    TEXTS(conf_fetch, resolvers, conf_value_resolver),
    FLAG(conf_fetch, http2, "true"),
    COUNT(conf_fetch, max_streams, "256", 0, 2048),
    SPAN(conf_fetch, stream_idle, "90s", CLOCK_SEC, CLOCK_HOUR),
    SPAN(conf_fetch, stream_retry_min, "1s", 100 * MS, CLOCK_HOUR),
    SPAN(conf_fetch, stream_retry_max, "5m", 100 * MS, CLOCK_DAY),
    TEXT(conf_fetch, push_listen, 0, NULL, conf_value_listen),
    TEXT(conf_fetch, push_url, 0, NULL, conf_value_url),
    SPAN(conf_fetch, push_interval, "24h", CLOCK_SEC, CLOCK_DAY),
    SPAN(conf_fetch, push_lease, "10d", CLOCK_SEC, 365 * CLOCK_DAY),
    SPAN(conf_fetch, push_grace, "5m", CLOCK_SEC, CLOCK_DAY),
    COUNT(conf_fetch, push_connections, "64", 1, 4096),
    COUNT(conf_fetch, push_address_connections, "8", 1, 4096),
    SIZE(conf_fetch, push_max_header, "16K", KIB, MIB),
    SIZE(conf_fetch, push_max_body, "10M", KIB, CONF_BODY_MAX),
    SPAN(conf_fetch, push_timeout, "30s", CLOCK_SEC, CLOCK_HOUR),
    FLAG(conf_fetch, push_sha1, "false"),
};
static const struct conf_table fetch_table = {
    .name = "fetch", ROWS(fetch_rows), .done = conf_check_fetch};

static const struct conf_row coverage_rows[] = {
    SPAN(conf_coverage, removal_gap, "10m", CLOCK_SEC, 30 * CLOCK_DAY),
    COUNT(conf_coverage, walk_pages, "20", 0, 10000),
    SIZE(conf_coverage, walk_bytes, "20M", KIB, GIB),
    COUNT(conf_coverage, day_pages, "500", 0, 1000000),
    SIZE(conf_coverage, day_bytes, "200M", KIB, 64 * GIB),
    COUNT(conf_coverage, backfill_pages, "0", 0, 1000000),
    COUNT(conf_coverage, read_pages, "500", 0, 1000000),
    SPAN(conf_coverage, more_interval, "1h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_coverage, second_min, "8h", 0, 30 * CLOCK_DAY),
    SPAN(conf_coverage, second_max, "16h", 0, 30 * CLOCK_DAY),
};
static const struct conf_table coverage_table = {
    .name = "coverage", ROWS(coverage_rows), .done = conf_check_coverage};

static const struct conf_row keep_rows[] = {
    SPAN(conf_keep, texts, "30d", CLOCK_HOUR, 36500 * CLOCK_DAY),
    SHARE(conf_keep, sample, "0.05"),
    SPAN(conf_keep, sampled, "90d", CLOCK_HOUR, 36500 * CLOCK_DAY),
    SPAN(conf_keep, found, "400d", CLOCK_HOUR, 36500 * CLOCK_DAY),
};
static const struct conf_table keep_table = {
    .name = "keep", ROWS(keep_rows), .done = conf_check_keep};

static const struct conf_row plugin_rows[] = {
    TEXT(conf_plugin, name, CONF_REQUIRED, NULL, conf_value_plugin),
    PATH(conf_plugin, path, NULL, CONF_CHECK_NONE),
    {.key = "settings",
	.type = CONF_SETTINGS,
	.off = OFF(conf_plugin, settings),
	.noff = OFF(conf_plugin, nsettings)},
    {.key = "grant",
	.type = CONF_GRANT,
	.off = OFF(conf_plugin, grant),
	.def = "text links sets"},
    TEXTS(conf_plugin, command, conf_value_text),
    PATH(conf_plugin, folder, NULL, CONF_CHECK_NONE),
    COUNT(conf_plugin, window, "64", 1, 1024),
    SPAN(conf_plugin, deadline, "1s", 10 * MS, CLOCK_MIN),
    SIZE(conf_plugin, memory, "512M", 16 * MIB, 64 * GIB),
    COUNT(conf_plugin, processes, "16", 1, 4096),
    COUNT(conf_plugin, files, "64", 16, 4096),
    SPAN(conf_plugin, cpu, "1h", CLOCK_SEC, 365 * CLOCK_DAY),
};
static const struct conf_table plugins_table = {.name = "plugins",
    ROWS(plugin_rows),
    .size = sizeof(struct conf_plugin),
    .file_off = OFF(conf_plugin, file),
    .line_off = OFF(conf_plugin, line),
    .done = conf_check_plugin,
    .bare = true};

static const struct conf_row gates_rows[] = {
    COUNT(conf_gates, labels, "40", 1, 100000),
    SHARE(conf_gates, precision, "0.9"),
    SHARE(conf_gates, precision_final, "0.98"),
    COUNT(conf_gates, days, "5", 0, 90),
    SHARE(conf_gates, tenant_share, "0.6"),
    SPAN(conf_gates, cost, "20ms", 1, CLOCK_MIN),
    SPAN(conf_gates, rule_cost, "5ms", 1, CLOCK_MIN),
    SPAN(conf_gates, override, "7d", CLOCK_SEC, 7 * CLOCK_DAY),
};
static const struct conf_table gates_table = {.name = "gates", ROWS(gates_rows)};

static const char *const life_cycles[] = {"packs", "gated", NULL};
static const struct conf_row endpoint_rows[] = {
    TEXT(conf_endpoint, name, CONF_REQUIRED, NULL, conf_value_plugin),
    TEXT(conf_endpoint, url, CONF_REQUIRED, NULL, conf_value_url),
    KEYFILE(conf_endpoint, credential, CONF_CHECK_SECRET),
    RANGES(conf_endpoint, allow),
    SPAN(conf_endpoint, timeout, "60s", 100 * MS, 10 * CLOCK_MIN),
    SIZE(conf_endpoint, max_answer, "64K", KIB, 256 * KIB),
    COUNT(conf_endpoint, parallel, "2", 1, 64),
    COUNT(conf_endpoint, attempts, "4", 1, 100),
    SPAN(conf_endpoint, retry_min, "2s", 10 * MS, CLOCK_HOUR),
    SPAN(conf_endpoint, retry_max, "10m", 10 * MS, CLOCK_DAY),
    MANY(conf_endpoint, day_requests, "1000", 1, 100000000),
    SIZE(conf_endpoint, day_bytes, "64M", KIB, 64 * GIB),
    MANY(conf_endpoint, day_tokens, "0", 0, 1000000000000),
    SHARE(conf_endpoint, tenant_share, "0.25"),
    SPAN(conf_endpoint, answers_for, "30d", CLOCK_HOUR, 3650 * CLOCK_DAY),
};
static const struct conf_table endpoints_table = {.name = "endpoints",
    ROWS(endpoint_rows),
    .size = sizeof(struct conf_endpoint),
    .file_off = OFF(conf_endpoint, file),
    .line_off = OFF(conf_endpoint, line),
    .done = conf_check_endpoint};

static const struct conf_row lists_rows[] = {
    TEXT(conf_blocklist, name, CONF_REQUIRED, NULL, conf_value_list),
    TEXT(conf_blocklist, url, CONF_REQUIRED, NULL, conf_value_url),
    TEXT(conf_blocklist, signature_url, 0, NULL, conf_value_url),
    TEXTS(conf_blocklist, signers, conf_value_vkey),
    RANGES(conf_blocklist, allow),
    SPAN(conf_blocklist, interval, "6h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_blocklist, timeout, "2m", 100 * MS, CLOCK_HOUR),
    SIZE(conf_blocklist, max_bytes, "32M", KIB, 256 * MIB),
    SHARE(conf_blocklist, shrink, "0.5"),
};
static const struct conf_table lists_table = {.name = "lists",
    ROWS(lists_rows),
    .size = sizeof(struct conf_blocklist),
    .file_off = OFF(conf_blocklist, file),
    .line_off = OFF(conf_blocklist, line),
    .done = conf_check_blocklist};

static const struct conf_row policy_rows[] = {
    LIST(conf_policy, plugins, CONF_NOT_EMPTY),
    LIST(conf_policy, endpoints, 0),
    LIST(conf_policy, lists, 0),
    PATH(conf_policy, packs_dir, TOSD_CONFDIR "/policies.d", CONF_CHECK_PACKS),
    PATH(conf_policy, cache_dir, NULL, CONF_CHECK_MADE),
    COUNT(conf_policy, workers, "2", 1, 64),
    SPAN(conf_policy, deadline, "5s", 100 * MS, 10 * CLOCK_MIN),
    COUNT(conf_policy, batch, "64", 1, 1024),
    COUNT(conf_policy, attempts, "2", 1, 10),
    SHARE(conf_policy, threshold, "0.5"),
    SPAN(conf_policy, retry_for, "24h", CLOCK_SEC, 30 * CLOCK_DAY),
    COUNT(conf_policy, plugin_uid, "60700", 0, INT32_MAX),
    SIZE(conf_policy, worker_memory, "8G", 256 * MIB, 1024 * GIB),
    CHOICE(conf_policy, life_cycle, "packs", life_cycles),
    SPAN(conf_policy, stats_for, "90d", CLOCK_DAY, 3650 * CLOCK_DAY),
    SPAN(conf_policy, scores_for, "90d", CLOCK_DAY, 3650 * CLOCK_DAY),
    GROUP(conf_policy, gates),
    FLAG(conf_policy, media, "false"),
    COUNT(conf_policy, media_items, "4", 1, 100),
    COUNT(conf_policy, media_day, "5000", 1, 10000000),
    SPAN(conf_policy, media_wait, "10m", CLOCK_SEC, CLOCK_DAY),
    MANY(conf_policy, media_pixels, "12000000", 10000, 100000000),
};
static const struct conf_table policy_table = {
    .name = "policy", ROWS(policy_rows), .done = conf_check_policy};

static const struct conf_row safety_rows[] = {
    TEXTS(conf_safety, protect, conf_value_text),
    TEXTS(conf_safety, desk, conf_value_mail),
};
static const struct conf_table safety_table = {.name = "safety", ROWS(safety_rows)};

static const struct conf_row stage_rows[] = {
    TEXT(conf_stage, name, CONF_REQUIRED, NULL, conf_value_name),
    {.key = "deadline",
	.type = CONF_SPAN,
	.flags = CONF_REQUIRED,
	.off = OFF(conf_stage, deadline),
	.min = CLOCK_SEC,
	.max = 365 * CLOCK_DAY},
    SPAN(conf_stage, deadline_critical, NULL, CLOCK_SEC, 365 * CLOCK_DAY),
};
static const struct conf_table stages_table = {.name = "stages",
    ROWS(stage_rows),
    .size = sizeof(struct conf_stage),
    .done = conf_check_stage};

static const struct conf_row ladder_rows[] = {
    LIST(conf_ladder, stages, CONF_NOT_EMPTY),
    SPAN(conf_ladder, cure, "14d", CLOCK_SEC, 3650 * CLOCK_DAY),
    SHARE(conf_ladder, removal_rate, "0.9"),
    SPAN(conf_ladder, time_to_takedown, "24h", CLOCK_SEC, 365 * CLOCK_DAY),
    COUNT(conf_ladder, min_exposure, "200", 0, 1000000000),
    SPAN(conf_ladder, recheck, "6h", CLOCK_SEC, 30 * CLOCK_DAY),
    SPAN(conf_ladder, max_gap, "12h", CLOCK_SEC, 365 * CLOCK_DAY),
    COUNT(conf_ladder, max_exhibits, "20", 1, 200),
};
static const struct conf_table ladder_table = {
    .name = "ladder", ROWS(ladder_rows), .done = conf_check_ladder};

static const char *const transports[] = {"none", "smtp", "sendmail", NULL};
static const struct conf_row courier_rows[] = {
    CHOICE(conf_courier, transport, "none", transports),
    TEXT(conf_courier, url, 0, NULL, conf_value_mail_url),
    PATH(conf_courier, sendmail, NULL, CONF_CHECK_PROGRAM),
    TEXT(conf_courier, from, 0, NULL, conf_value_mail),
    TEXT(conf_courier, username, 0, NULL, conf_value_text),
    KEYFILE(conf_courier, password_credential, CONF_CHECK_SECRET),
    FLAG(conf_courier, starttls, "true"),
    SPAN(conf_courier, timeout, "60s", 100 * MS, CLOCK_HOUR),
    SPAN(conf_courier, retry_min, "1m", 100 * MS, CLOCK_DAY),
    SPAN(conf_courier, retry_max, "60m", 100 * MS, 7 * CLOCK_DAY),
    COUNT(conf_courier, attempts, "5", 1, 100),
    TEXT(conf_courier, legal, 0, NULL, conf_value_mail),
};
static const struct conf_table courier_table = {
    .name = "courier", ROWS(courier_rows), .done = conf_check_courier};

static const struct conf_row console_rows[] = {
    TEXT(conf_console, listen, 0, NULL, conf_value_listen),
};
static const struct conf_table console_table = {
    .name = "console", ROWS(console_rows), .done = conf_check_console};

static const struct conf_row staff_rows[] = {
    TEXT(conf_staff, name, CONF_REQUIRED, NULL, conf_value_name),
    TEXT(conf_staff, user, 0, NULL, conf_value_name),
    FLAG(conf_staff, reviewer, "false"),
    FLAG(conf_staff, approver, "false"),
};
static const struct conf_table staff_table = {
    .name = "staff", ROWS(staff_rows), .size = sizeof(struct conf_staff)};

#define MEMBER(f) TEXT(conf_mapping, f, 0, NULL, conf_value_member)
static const struct conf_row mapping_rows[] = {
    MEMBER(items),
    MEMBER(event),
    MEMBER(id),
    MEMBER(url),
    MEMBER(title),
    MEMBER(author),
    MEMBER(text),
    MEMBER(summary),
    MEMBER(published),
    MEMBER(updated),
    MEMBER(language),
    MEMBER(in_reply_to),
    MEMBER(media),
    MEMBER(deleted),
    MEMBER(next),
};
static const struct conf_table mapping_table = {.name = "mapping",
    ROWS(mapping_rows),
    .size = sizeof(struct conf_mapping),
    .done = conf_check_mapping};

static const char *const streams[] = {"none", "sse", "ndjson", NULL};
static const struct conf_row feed_rows[] = {
    TEXT(conf_feed, url, CONF_REQUIRED, NULL, conf_value_url),
    SPAN(conf_feed, interval, NULL, CLOCK_SEC, 30 * CLOCK_DAY),
    OPTION(conf_feed, mapping),
    CHOICE(conf_feed, stream, "none", streams),
    TEXT(conf_feed, stream_url, 0, NULL, conf_value_url),
    KEYFILE(conf_feed, token_credential, CONF_CHECK_SECRET),
    TEXT(conf_feed, cursor_param, 0, NULL, conf_value_name),
    TEXT(conf_feed, cursor_key, 0, NULL, conf_value_name),
    MANY(conf_feed, cursor_rewind, "0", 0, 1000000000),
};
static const struct conf_table feeds_table = {.name = "feeds",
    ROWS(feed_rows),
    .size = sizeof(struct conf_feed),
    .file_off = OFF(conf_feed, file),
    .line_off = OFF(conf_feed, line),
    .done = conf_check_feed,
    .bare = true};

static const struct conf_row tenant_rows[] = {
    TEXT(conf_tenant, id, CONF_REQUIRED, NULL, conf_value_id),
    TEXT(conf_tenant, name, CONF_REQUIRED, NULL, conf_value_text),
    TEXT(conf_tenant, contact, CONF_REQUIRED, NULL, conf_value_mail),
    TEXT(conf_tenant, contact2, 0, NULL, conf_value_mail),
    TEXT(conf_tenant, manager, CONF_REQUIRED, NULL, conf_value_mail),
    TEXT(conf_tenant, contract, 0, NULL, conf_value_text),
    TEXT(conf_tenant, language, 0, "en", conf_value_language),
    LIST(conf_tenant, feeds, CONF_REQUIRED | CONF_NOT_EMPTY),
    RANGES(conf_tenant, allow),
};
static const struct conf_table tenants_table = {.name = "tenants",
    ROWS(tenant_rows),
    .size = sizeof(struct conf_tenant),
    .file_off = OFF(conf_tenant, file),
    .line_off = OFF(conf_tenant, line),
    .done = conf_check_tenant};

static const char *const sandboxes[] = {"required", "best-effort", "off", NULL};
static const struct conf_row root_rows[] = {
    PATH(conf, state_dir, "/var/lib/tosd", CONF_CHECK_WRITTEN),
    PATH(conf, run_dir, "/run/tosd", CONF_CHECK_WRITTEN),
    PATH(conf, control, NULL, CONF_CHECK_NONE),
    PATH(conf, templates_dir, TOSD_CONFDIR "/notices.d", CONF_CHECK_FOLDER),
    PATH(conf, tenants_dir, NULL, CONF_CHECK_NONE),
    {.key = "user",
	.type = CONF_TEXT,
	.off = OFF(conf, user),
	.value.text = conf_value_name,
	.check = CONF_CHECK_USER},
    {.key = "group",
	.type = CONF_TEXT,
	.off = OFF(conf, group),
	.value.text = conf_value_name,
	.check = CONF_CHECK_GROUP},
    CHOICE(conf, sandbox, "required", sandboxes),
    COUNT(conf, fetchers, "1", 1, 64),
    SPAN(conf, ping_interval, "2s", 100 * MS, CLOCK_HOUR),
    SPAN(conf, ping_timeout, "10s", 100 * MS, CLOCK_HOUR),
    SPAN(conf, restart_min, "1s", 10 * MS, CLOCK_HOUR),
    SPAN(conf, restart_max, "60s", 10 * MS, CLOCK_DAY),
    SPAN(conf, stop_timeout, "20s", 100 * MS, 10 * CLOCK_MIN),
    GROUP(conf, provider),
    GROUP(conf, store),
    GROUP(conf, ledger),
    GROUP(conf, fetch),
    GROUP(conf, coverage),
    GROUP(conf, keep),
    GROUP(conf, policy),
    GROUP(conf, safety),
    GROUP(conf, ladder),
    GROUP(conf, courier),
    GROUP(conf, console),
    LIST(conf, staff, 0),
    LIST(conf, tenants, 0),
    TEXTS(conf, simulate, conf_value_fault),
};
const struct conf_table conf_table_root = {
    .name = "the main file", ROWS(root_rows), .done = conf_check_root};

static const struct conf_row tenants_rows[] = {LIST(conf, tenants, 0)};
const struct conf_table conf_table_tenants = {
    .name = "a file of tenants.d", ROWS(tenants_rows)};
