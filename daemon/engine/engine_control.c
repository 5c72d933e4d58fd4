/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_control: the table of what tosctl can ask.  Reading is for whoever may
 * open the socket; deciding is for named people only (engine_person.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/engine_life.h"

static const struct {
	const char *name;
	engine_cmd_fn *run;
} commands[] = {
    {"status", engine_query_status},
    {"tenants", engine_query_tenants},
    {"feeds", engine_query_feeds},
    {"sightings", engine_query_sightings},
    {"violations", engine_query_violations},
    {"reviews", engine_review_query},
    {"lists", engine_list_query},
    {"plugins", engine_plugin_query},
    {"list-update", engine_list_update},
    {"endpoints", engine_budget_list},
    {"report", engine_report_make},
    {"reports", engine_report_list},
    {"cases", engine_query_cases},
    {"case", engine_query_case},
    {"notices", engine_query_notices},
    {"outbox", engine_query_outbox},
    {"decide", engine_person_decide},
    {"appeal", engine_person_appeal},
    {"reply", engine_person_reply},
    {"hold", engine_person_hold},
    {"erase", engine_person_erase},
    {"settle", engine_person_outbox},
    {"poll", engine_person_poll},
    {"rules", engine_rule_list},
    {"rule-move", engine_rule_move},
    {"rule-stats", engine_stat_ask},
    {"rule-gate", engine_gate_ask},
    {"rule-relied", engine_rule_relied},
    {"findings", engine_findings_list},
    {"label", engine_label_label},
    {"review", engine_label_decide},
};

/* The text may quote what was asked, cut within a character. */
static json_t *
refusal(const struct err *e, int rc)
{
	struct buf text = {0};
	json_t *o;

	text_repair(&text, e->text, strlen(e->text));
	o = json_pack("{s:b, s:s, s:s}", "ok", 0, "error",
	    text.len > 0 ? text.data : "no reason is known", "code", err_name(rc));
	buf_free(&text);
	return o;
}

json_t *
engine_control(struct engine *g, const json_t *request, uint32_t uid, int64_t now)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
	struct engine_call k = {g, request, uid, now, json_object()};
	struct err e = ERR_INIT;
	int rc = TOSD_EINVAL;

	err_set(&e, TOSD_EINVAL, "no command `%s'", name != NULL ? name : "");
	engine_begin(g);
	for (size_t i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]);
	     i++)
		if (strcmp(commands[i].name, name) == 0) {
			err_set(
			    &e, TOSD_EIO, "the store cannot be read; the log says why");
			rc = commands[i].run(&k, &e);
		}
	/* A person's decision is on disk before they read that it was taken. */
	engine_flush(g, now);
	if (rc == 0) {
		json_object_set_new(k.reply, "ok", json_true());
		return k.reply;
	}
	json_decref(k.reply);
	return refusal(&e, rc);
}
