/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_person: what people decide: recommendations, appeals, replies, holds,
 * erasures, messages whose fate is unknown.  Who speaks is a name from the
 * configuration's staff list, bound to a local account where one is given; the
 * name is a pseudonym and goes on record, the account does not.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/engine_in.h"
#include "engine/engine_json.h"
#include "engine/engine_life.h"
#include "store/store_ask.h"
#include "fetch/schedule.h"

#define REASON_MAX 4000

/* The staff member that the caller speaks as; NULL and e if they may not. */
static const struct conf_staff *
speaker(const struct engine_call *k, bool approver, struct err *e)
{
	const char *name = json_get_text(k->request, "person");
	const struct conf_staff *s = NULL;
	struct passwd *pw;

	for (size_t i = 0; name != NULL && i < k->g->conf->nstaff; i++)
		if (strcmp(k->g->conf->staff[i].name, name) == 0)
			s = &k->g->conf->staff[i];
	if (name == NULL) {
		err_set(e, TOSD_EDENIED,
		    "who says so?  --person NAME, of the configuration's staff list");
		return NULL;
	}
	if (s == NULL) {
		err_set(e, TOSD_EDENIED,
		    "`%s' is not in the configuration's staff list", name);
		return NULL;
	}
	if (approver ? !s->approver : !s->reviewer && !s->approver) {
		err_set(e, TOSD_EDENIED,
		    "%s is no %s (staff in tosd.conf): this needs one", name,
		    approver ? "approver" : "reviewer");
		return NULL;
	}
	/* Without an account of its own a name is for whoever runs the daemon. */
	if (s->user == NULL && k->uid != 0 && k->uid != geteuid()) {
		err_set(e, TOSD_EDENIED,
		    "%s has no `user' in the configuration: only root "
		    "may speak for it",
		    name);
		return NULL;
	}
	if (s->user != NULL) {
		pw = getpwnam(s->user);
		if (pw == NULL || pw->pw_uid != k->uid) {
			err_set(e, TOSD_EDENIED,
			    "%s speaks through the account %s only", name, s->user);
			return NULL;
		}
	}
	return s;
}

static int
need_reason(const struct engine_call *k, const char **reason, struct err *e)
{
	*reason = json_get_text(k->request, "reason");
	if (*reason == NULL || strspn(*reason, " \t\n") == strlen(*reason))
		return err_set(e, TOSD_EINVAL, "a reason is needed, in words");
	if (strlen(*reason) > REASON_MAX)
		return err_set(
		    e, TOSD_ELIMIT, "a reason has at most %d bytes", REASON_MAX);
	return 0;
}

const char *
engine_person_name(const struct engine_call *k, bool approver, struct err *e)
{
	const struct conf_staff *s = speaker(k, approver, e);

	return s != NULL ? s->name : NULL;
}

int
engine_person_reason(const struct engine_call *k, const char **reason, struct err *e)
{
	return need_reason(k, reason, e);
}

int
engine_case_named(const struct engine_call *k, struct store_case *c, struct err *e)
{
	const char *number = json_get_text(k->request, "case");
	int rc;

	if (number == NULL)
		return err_set(e, TOSD_EINVAL, "a case number is needed");
	rc = store_case_by_number(k->g->store, number, c, e);
	return rc == TOSD_ENOENT ? err_set(e, rc, "there is no case %s", number) : rc;
}

static void
keep_case(struct engine *g, const struct store_case *c)
{
	struct store_at at = engine_at(g, c->tenant);
	struct err e = ERR_INIT;

	engine_must(
	    store_case_update(g->store, &at, c, &e), 0, "cannot keep a case", &e);
}

/* A person's words go to the vault (they can be erased), their hash on record. */
static void
keep_words(struct engine *g, const struct store_case *c, const char *what,
    const char *words, json_t *entry)
{
	struct vault_ref ref;
	char *rel =
	    xasprintf("notices/%s/%s-%lld.txt", c->number, what, (long long)g->seq);

	engine_record_keep(g, rel, words, strlen(words), &ref);
	engine_record_file(entry, &ref);
	free(rel);
}

/* --- the recommendation --- */

struct signatures {
	const char *person;
	uint32_t uid;
	unsigned others;
	bool again;
	int64_t since;
};

/* A rejection ends a recommendation: what was signed before it does not count for the
 * next one, which may be of the same stage. */
static int
count_signature(void *ctx, const struct store_decision *d)
{
	struct signatures *s = ctx;

	if (d->time < s->since)
		return 0;
	if (strcmp(d->verdict, "accept") != 0) {
		s->others = 0;
		s->again = false;
		return 0;
	}
	if (strcmp(d->person, s->person) == 0)
		s->again = true;
	else
		s->others++;
	return 0;
}

/* Two people who accept say that what the recommendation rests on is right.  Who
 * rejects may do so for any reason: only the exhibits that they name are wrong. */
static void
label_decided(struct engine_call *k, const struct store_case *c, const char *person,
    bool accepted, unsigned approvals)
{
	bool named = json_array_size(json_object_get(k->request, "exhibits")) > 0;

	if (accepted ? approvals >= 2 : named)
		engine_label_case(k, c, person, LABEL_DECISION, accepted);
}

int
engine_person_decide(struct engine_call *k, struct err *e)
{
	const char *verdict = json_get_text(k->request, "verdict"), *reason;
	const struct conf_staff *who = speaker(k, true, e);
	struct signatures s = {.uid = k->uid};
	struct store_decision d = {0};
	struct case_facts facts;
	struct store_case c;
	struct store_at at;
	json_t *entry;
	int rc;

	if (who == NULL)
		return e->code;
	if (verdict == NULL ||
	    (strcmp(verdict, "accept") != 0 && strcmp(verdict, "reject") != 0))
		return err_set(e, TOSD_EINVAL, "say accept or reject");
	if ((rc = need_reason(k, &reason, e)) != 0 ||
	    (rc = engine_case_named(k, &c, e)) != 0 ||
	    (rc = engine_label_exhibits(k, &c, e)) != 0)
		return rc;
	if (c.phase != CASE_RECOMMENDED)
		return err_set(e, TOSD_ESTATE,
		    "case %s is %s: there is no recommendation "
		    "to decide",
		    c.number, case_phase_name(c.phase));
	s.person = who->name;
	s.since = c.stage_since;
	engine_walk(store_decision_each(k->g->store, c.id, count_signature, &s));
	if (s.again && strcmp(verdict, "accept") == 0)
		return err_set(e, TOSD_EDENIED,
		    "%s has accepted already: a second person is needed", who->name);
	at = engine_at(k->g, c.tenant);
	entry = json_pack("{s:s, s:s}", "person", who->name, "verdict", verdict);
	keep_words(k->g, &c, "decision", reason, entry);
	d.case_id = c.id;
	d.person = (char *)who->name;
	d.reason = (char *)reason;
	d.verdict = (char *)verdict;
	d.uid = k->uid;
	d.time = k->now;
	d.entry = engine_record(k->g, "decision", entry, &c, k->now);
	engine_must(store_decision_add(k->g->store, &at, &d, e), 0,
	    "cannot keep a decision", e);
	engine_case_facts(k->g, &c, k->now, &facts);
	facts.approvals = s.others + 1;
	engine_case_event(k->g, &c,
	    strcmp(verdict, "accept") == 0 ? CASE_EV_ACCEPT : CASE_EV_REJECT, &facts, 0,
	    k->now);
	keep_case(k->g, &c);
	label_decided(
	    k, &c, who->name, strcmp(verdict, "accept") == 0, facts.approvals);
	json_object_set_new(k->reply, "rows",
	    json_pack("[{s:s, s:s, s:i}]", "case", c.number, "phase",
		case_phase_name(c.phase), "approvals",
		strcmp(verdict, "accept") == 0 ? (int)facts.approvals : 0));
	return 0;
}

/* --- appeals and replies --- */

int
engine_person_appeal(struct engine_call *k, struct err *e)
{
	static const struct {
		const char *word;
		enum case_event_type event;
	} words[] = {
	    {"open", CASE_EV_APPEAL},
	    {"reject", CASE_EV_APPEAL_REJECTED},
	    {"uphold", CASE_EV_APPEAL_UPHELD},
	};
	const char *what = json_get_text(k->request, "what"), *reason;
	const struct conf_staff *who = speaker(k, false, e);
	struct store_case c;
	json_t *entry;
	int rc;

	if (who == NULL)
		return e->code;
	if ((rc = need_reason(k, &reason, e)) != 0 ||
	    (rc = engine_case_named(k, &c, e)) != 0 ||
	    (rc = engine_label_exhibits(k, &c, e)) != 0)
		return rc;
	for (size_t i = 0; what != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, what) != 0)
			continue;
		if (i == 0 ? c.phase != CASE_RUNNING : c.phase != CASE_FROZEN)
			return err_set(e, TOSD_ESTATE,
			    "case %s is %s: that cannot be now", c.number,
			    case_phase_name(c.phase));
		entry = json_pack("{s:s, s:s}", "person", who->name, "appeal", what);
		keep_words(k->g, &c, "appeal", reason, entry);
		engine_record(k->g, "appeal", entry, &c, k->now);
		engine_case_event(k->g, &c, words[i].event, NULL, 0, k->now);
		if (words[i].event != CASE_EV_APPEAL)
			engine_label_case(k, &c, who->name, LABEL_APPEAL,
			    words[i].event == CASE_EV_APPEAL_REJECTED);
		return 0;
	}
	return err_set(e, TOSD_EINVAL, "say open, reject or uphold");
}

int
engine_person_reply(struct engine_call *k, struct err *e)
{
	const struct conf_staff *who = speaker(k, false, e);
	const char *words = json_get_text(k->request, "reason");
	struct store_case c;
	json_t *entry;
	int rc;

	if (who == NULL)
		return e->code;
	if (words == NULL || words[0] == '\0')
		return err_set(e, TOSD_EINVAL, "the tenant's words are needed");
	if ((rc = engine_case_named(k, &c, e)) != 0)
		return rc;
	entry = json_pack("{s:s}", "person", who->name);
	keep_words(k->g, &c, "reply", words, entry);
	engine_record(k->g, "reply", entry, &c, k->now);
	keep_case(k->g, &c);
	return 0;
}

/* --- holds and erasures --- */

int
engine_person_hold(struct engine_call *k, struct err *e)
{
	const struct conf_staff *who = speaker(k, true, e);
	const char *what = json_get_text(k->request, "what"), *reason;
	struct store_case c;
	struct store_at at;
	json_t *entry;
	bool set;
	int rc;

	if (who == NULL)
		return e->code;
	if (what == NULL || (strcmp(what, "set") != 0 && strcmp(what, "clear") != 0))
		return err_set(e, TOSD_EINVAL, "say set or clear");
	if ((rc = need_reason(k, &reason, e)) != 0 ||
	    (rc = engine_case_named(k, &c, e)) != 0)
		return rc;
	set = strcmp(what, "set") == 0;
	at = engine_at(k->g, c.tenant);
	entry = json_pack("{s:s, s:b}", "person", who->name, "held", set);
	keep_words(k->g, &c, "hold", reason, entry);
	engine_record(k->g, "hold", entry, &c, k->now);
	engine_must(
	    store_hold_set(k->g->store, &at, c.id, set, e), 0, "cannot keep a hold", e);
	keep_case(k->g, &c);
	return 0;
}

/* What the vault has to erase yet, in the store's meta: a file, or nothing. */
#define ERASING "erasing"

/* Captures, what models answered, and the words of a report. */
static bool
erasable(const char *file)
{
	return file != NULL && strncmp(file, "evidence/", 9) == 0 &&
	       (text_has_end(file, ".warc") ||
		   ((strncmp(file, "evidence/answers/", 17) == 0 ||
			strncmp(file, "evidence/reports/", 17) == 0) &&
		       text_has_end(file, ".json")));
}

/* What was still to be judged cannot be any more, and what is in hand keeps nothing. */
static void
settle_erased(struct engine *g, const char *file, int64_t now)
{
	struct err e = ERR_INIT;
	int64_t ids[256], after = 0;
	size_t n;

	engine_inspect_doubt(g);
	do {
		engine_must(
		    store_revision_of_file(g->store, file, after, ids, 256, &n, &e), 0,
		    "cannot list what was erased", &e);
		for (size_t i = 0; i < n; i++) {
			struct store_revision r;

			engine_must(store_revision_get(g->store, ids[i], &r, &e), 0,
			    "cannot read a revision", &e);
			engine_judge_gone(
			    g, &r, "its text was erased before it was judged", now);
			store_revision_clear(&r);
			after = ids[i];
		}
	} while (n == 256);
}

int
engine_person_erase(struct engine_call *k, struct err *e)
{
	const struct conf_staff *who = speaker(k, true, e);
	const char *file = json_get_text(k->request, "file"), *reason;
	struct buf bytes = {0};
	int rc;

	if (who == NULL)
		return e->code;
	if ((rc = need_reason(k, &reason, e)) != 0)
		return rc;
	if (!erasable(file))
		return err_set(e, TOSD_EINVAL,
		    "name a capture, evidence/YYYY/MM/ID.warc, a model's answer, "
		    "evidence/answers/YYYY-MM/ID.json, or the words of a report, "
		    "evidence/reports/YYYY-MM/ID.json");
	if (store_capture_needed(k->g->store, file))
		return err_set(e, TOSD_ESTATE,
		    "%s is evidence in an open or held case and "
		    "is kept",
		    file);
	/* A slip of the pen must not put an erasure of nothing on record. */
	rc = vault_read(k->g->vault, file, &bytes, e);
	buf_free(&bytes);
	if (rc != 0)
		return rc;
	/* On record first: after a crash between the two the next start does the rest.
	 */
	engine_must(
	    store_meta_set(k->g->store, ERASING, file, e), 0, "cannot erase", e);
	engine_record(k->g, "erasure",
	    json_pack("{s:s, s:s}", "erased", file, "person", who->name), NULL, k->now);
	engine_must(store_revision_erase(k->g->store, file, e), 0, "cannot erase", e);
	engine_fresh_forget(k->g);
	settle_erased(k->g, file, k->now);
	engine_must(store_ask_erase(k->g->store, file, e), 0, "cannot erase", e);
	engine_flush(k->g, k->now);
	engine_record_seal(k->g, true, k->now);
	rc = vault_erase(k->g->vault, file, e);
	if (rc == 0)
		engine_must(store_meta_set(k->g->store, ERASING, "", e), 0,
		    "cannot keep that it is erased", e);
	return rc;
}

void
engine_person_erase_again(struct engine *g)
{
	char *file = store_meta_get(g->store, ERASING);
	struct err e = ERR_INIT;
	int rc;

	if (file == NULL || file[0] == '\0') {
		free(file);
		return;
	}
	rc = vault_erase(g->vault, file, &e);
	if (rc == 0 || rc == TOSD_ENOENT)
		engine_must(store_meta_set(g->store, ERASING, "", &e), 0,
		    "cannot keep that it is erased", &e);
	if (rc == 0)
		log_info("record", "%s was not erased to its end, and is now", file);
	else if (rc != TOSD_ENOENT)
		log_err("record",
		    "%s has to be erased and cannot: %s; the next start tries again",
		    file, e.text);
	free(file);
}

/* --- messages and polls --- */

int
engine_person_outbox(struct engine_call *k, struct err *e)
{
	const struct conf_staff *who = speaker(k, false, e);
	const char *what = json_get_text(k->request, "what"), *reason = NULL;
	json_int_t id = json_integer_value(json_object_get(k->request, "id"));

	if (who == NULL)
		return e->code;
	if (json_get_text(k->request, "reason") != NULL &&
	    need_reason(k, &reason, e) != 0)
		return e->code;
	return engine_outbox_settle(
	    k->g, id, what != NULL ? what : "", who->name, reason, k->now, e);
}

/* Polls a tenant's feeds now. */
int
engine_person_poll(struct engine_call *k, struct err *e)
{
	const char *id = json_get_text(k->request, "tenant");
	const struct conf_tenant *t =
	    id != NULL ? conf_tenant_by_id(k->g->conf, id) : NULL;
	int n = 0;

	if (id != NULL && t == NULL)
		return err_set(e, TOSD_ENOENT, "there is no tenant `%s'", id);
	for (size_t i = 0; i < k->g->nfeeds; i++) {
		struct engine_feed *f = &k->g->feeds[i];

		if ((t != NULL && f->tenant != t) || f->in_flight)
			continue;
		engine_feed_schedule(k->g, f, k->now);
		n++;
	}
	json_object_set_new(k->reply, "rows", json_pack("[{s:i}]", "feeds", n));
	return 0;
}
