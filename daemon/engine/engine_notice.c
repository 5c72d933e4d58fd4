/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_notice: notices composed, kept, recorded and queued, in one transaction.
 * The exact bytes are in the vault and on the ledger before the courier can have
 * them (the outbox row names the entry that must be signed first).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "store/store_rule.h"

/* One composition: what it is, for whom, and where it goes. */
struct draft {
	struct engine *g;
	struct engine_doc_in in;
	struct store_case *c; /* NULL: safety */
	const char *tenant;   /* key */
	const char *name;     /* of the file and the Message-ID: "2026-000001.n1" */
	char *message_id;
	char *in_reply_to;
	int64_t now;
};

static const char *
mail_host(const struct engine *g)
{
	const char *at = strrchr(g->conf->provider.mailbox, '@');

	if (g->conf->provider.host != NULL)
		return g->conf->provider.host;
	return at != NULL ? at + 1 : "localhost";
}

static bool
compose(struct draft *d, const char *to, struct buf *bytes)
{
	struct notice_mail mail = {.from = d->g->conf->courier.from,
	    .to = to,
	    .reply_to = d->g->conf->provider.mailbox,
	    .message_id = d->message_id,
	    .in_reply_to = d->in_reply_to,
	    .date = d->now - d->now % 1000,
	    .auto_generated = true};
	const char *references[1] = {d->in_reply_to};
	struct err e = ERR_INIT;
	json_t *doc = engine_doc(d->g, &d->in, d->now);
	int rc;

	if (d->in_reply_to != NULL) {
		mail.references = references;
		mail.nreferences = 1;
	}
	rc = notice_compose(
	    d->g->notices, d->in.kind, d->in.audience, doc, &mail, bytes, &e);
	json_decref(doc);
	if (rc != 0)
		log_err("notice", "%s for %s is not sent, a person must mend it: %s",
		    d->in.kind, notice_audience_name(d->in.audience), e.text);
	return rc == 0;
}

char *
engine_subject(const char *mail)
{
	const char *s = strstr(mail, "Subject: ");
	struct buf b = {0};

	for (s = s != NULL ? s + 9 : ""; *s != '\0'; s++) {
		if (*s == '\n' && s[1] != ' ' && s[1] != '\t')
			break;
		if (*s != '\r' && *s != '\n')
			buf_putc(&b, *s);
	}
	return b.data != NULL ? buf_take(&b) : xstrdup("");
}

/* Records a composed notice; returns its store id. */
static int64_t
file_notice(struct draft *d, const struct vault_ref *ref, const struct buf *bytes)
{
	struct store_at at = engine_at(d->g, d->tenant);
	struct store_notice n = {.n = d->in.n, .made = d->now, .delivered = CLOCK_NONE};
	char hex[DIGEST_HEX];
	struct err e = ERR_INIT;
	int64_t id;
	json_t *j;

	digest_hex_of(bytes->data, bytes->len, hex);
	j = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "notice", (int)d->in.n, "of",
	    d->in.kind, "audience", notice_audience_name(d->in.audience), "tenant",
	    d->tenant, "sha256", hex, "templates", notice_set_digest(d->g->notices));
	engine_record_file(j, ref);
	if (d->c != NULL) {
		n.case_id = d->c->id;
		n.stage = engine_case_stage(d->g, d->c);
		json_object_set_new(j, "stage", json_integer(n.stage));
		if (strcmp(d->in.kind, "stage") == 0)
			json_object_set_new(
			    j, "deadline_ms", json_integer(d->c->remaining));
	}
	n.entry = engine_record(d->g, "notice", j, d->c, d->now);
	n.kind = xstrdup(d->in.kind);
	n.audience = xstrdup(notice_audience_name(d->in.audience));
	snprintf(n.tenant, sizeof(n.tenant), "%s", d->tenant);
	n.file = xstrdup(ref->path);
	n.commit = xstrdup(ref->commit);
	n.sha256 = xstrdup(hex);
	n.message_id = xstrdup(d->message_id);
	n.subject = engine_subject(bytes->data);
	engine_must(
	    store_notice_add(d->g->store, &at, &n, &e), 0, "cannot keep a notice", &e);
	id = n.id;
	store_notice_clear(&n);
	return id;
}

/* Composes for one audience and queues it for every address.  False: there is no
 * template for it, nobody to send it to, or it could not be composed. */
static bool
issue(struct draft *d, enum notice_audience a, const char *const *to, size_t nto)
{
	struct buf bytes = {0};
	struct vault_ref ref;
	char *rel;
	int64_t id;
	bool ok = false;

	if (nto == 0 || !notice_set_has(d->g->notices, d->in.kind, a))
		return false;
	d->in.audience = a;
	d->message_id =
	    xasprintf("%s.%s@%s", d->name, notice_audience_name(a), mail_host(d->g));
	if (compose(d, to[0], &bytes)) {
		rel = xasprintf("notices/%s/%s-%s.eml",
		    d->c != NULL ? d->c->number : "safety", d->name,
		    notice_audience_name(a));
		engine_record_keep(d->g, rel, bytes.data, bytes.len, &ref);
		id = file_notice(d, &ref, &bytes);
		for (size_t i = 0; i < nto; i++)
			engine_outbox_add(d->g, id, d->tenant, d->c, to[i], d->now);
		free(rel);
		ok = true;
	}
	free(d->message_id);
	d->message_id = NULL;
	buf_free(&bytes);
	return ok;
}

static void
issue_one(struct draft *d, enum notice_audience a, const char *to)
{
	if (to != NULL)
		issue(d, a, &to, 1);
}

/* --- of a case --- */

struct cite {
	struct engine *g;
	struct store_at at;
	uint32_t notice;
};

/* What counts, no notice cites yet and is not gone is cited by this one. */
static int
cite_violation(void *ctx, const struct store_violation *row)
{
	struct cite *k = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->notice != 0 || row->presence == PRESENT_REMOVED ||
	    row->presence == PRESENT_EDITED || row->withdrawn != WITHDRAWN_NO)
		return 0;
	engine_must(store_violation_get(k->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	v.notice = k->notice;
	engine_must(store_violation_update(k->g->store, &k->at, &v, &e), 0,
	    "cannot keep a violation", &e);
	store_violation_clear(&v);
	return 0;
}

static int
uncite_violation(void *ctx, const struct store_violation *row)
{
	struct cite *k = ctx;
	struct store_violation v;
	struct err e = ERR_INIT;

	if (row->notice != k->notice)
		return 0;
	engine_must(store_violation_get(k->g->store, row->id, &v, &e), 0,
	    "cannot read a violation", &e);
	v.notice = 0;
	engine_must(store_violation_update(k->g->store, &k->at, &v, &e), 0,
	    "cannot keep a violation", &e);
	store_violation_clear(&v);
	return 0;
}

static void
draft_init(struct draft *d, struct engine *g, struct store_case *c, const char *kind,
    const struct case_step *step, int64_t now)
{
	memset(d, 0, sizeof(*d));
	d->g = g;
	d->c = c;
	d->tenant = c->tenant;
	d->now = now;
	d->in.kind = kind;
	d->in.tenant = conf_tenant_by_key(g->conf, c->tenant);
	d->in.c = c;
	d->in.step = step;
	d->in.n = ++c->notices;
	d->name = xasprintf("case-%s.n%u", c->number, c->notices);
	if (c->notices > 1)
		d->in_reply_to =
		    xasprintf("case-%s.n1.tenant@%s", c->number, mail_host(g));
}

static void
draft_clear(struct draft *d)
{
	free((char *)d->name);
	free(d->in_reply_to);
}

/* Sets or takes back the citation of one notice. */
static void
cite(struct engine *g, const struct store_case *c, uint32_t n, bool set)
{
	struct cite k = {g, engine_at(g, c->tenant), n};

	engine_walk(store_violation_each(g->store, VIOLATION_OF_CASE, c->id, 0,
	    set ? cite_violation : uncite_violation, &k));
}

/* Whether the tenant's notice can be composed: else nobody gets one. */
static bool
can_compose(struct draft *d)
{
	struct buf bytes = {0};
	bool ok;

	if (!notice_set_has(d->g->notices, d->in.kind, NOTICE_TENANT))
		return false;
	d->in.audience = NOTICE_TENANT;
	d->message_id = xasprintf(
	    "%s.%s@%s", d->name, notice_audience_name(NOTICE_TENANT), mail_host(d->g));
	ok = compose(d, d->in.tenant->contact, &bytes);
	free(d->message_id);
	d->message_id = NULL;
	buf_free(&bytes);
	return ok;
}

bool
engine_notice_stage(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now)
{
	struct draft d;
	bool ok;

	draft_init(&d, g, c, "stage", step, now);
	cite(g, c, c->notices, true);
	if (d.in.tenant == NULL)
		log_warn(
		    "notice", "case %s: its tenant is no longer configured", c->number);
	ok = d.in.tenant != NULL && can_compose(&d);
	if (ok) {
		c->remaining = engine_case_told(g, c);
		/* The account manager hears it before the tenant does. */
		issue_one(&d, NOTICE_MANAGER, d.in.tenant->manager);
		issue_one(&d, NOTICE_TENANT, d.in.tenant->contact);
	} else {
		cite(g, c, c->notices, false);
		c->notices--;
	}
	draft_clear(&d);
	return ok;
}

void
engine_notice_recommend(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now)
{
	struct draft d;

	draft_init(&d, g, c, "recommendation", step, now);
	if (d.in.tenant != NULL)
		issue_one(&d, NOTICE_MANAGER, d.in.tenant->manager);
	issue_one(&d, NOTICE_LEGAL, g->conf->courier.legal);
	draft_clear(&d);
}

void
engine_notice_closed(
    struct engine *g, struct store_case *c, const struct case_step *step, int64_t now)
{
	struct draft d;

	draft_init(&d, g, c, "closed", step, now);
	if (d.in.tenant != NULL) {
		issue_one(&d, NOTICE_MANAGER, d.in.tenant->manager);
		issue_one(&d, NOTICE_TENANT, d.in.tenant->contact);
	}
	draft_clear(&d);
}

/* --- the safety lane --- */

void
engine_notice_safety(struct engine *g, const struct store_violation *v, int64_t now)
{
	struct draft d = {.g = g, .tenant = v->tenant, .now = now};
	const struct conf_safety *s = &g->conf->safety;
	char *name;

	if (g->last_safety == v->revision)
		return; /* a second rule over the same words */
	g->last_safety = v->revision;
	/* Of a plugin that was waited for, or after a start.  A second alert would have
	 * the name of the first one, which is on record. */
	if (store_notice_alerted(g->store, v->revision)) {
		log_warn("safety",
		    "revision %lld is found by rule %s as well: the alert is out "
		    "already",
		    (long long)v->revision, v->finding.rule);
		return;
	}
	name = xasprintf("safety-%lld", (long long)v->revision);
	d.in.kind = "safety";
	d.in.tenant = conf_tenant_by_key(g->conf, v->tenant);
	d.in.safety = v;
	d.in.n = (uint32_t)v->revision; /* its number: one alert a revision */
	d.name = name;
	engine_record(g, "safety",
	    json_pack("{s:s, s:I, s:I, s:s, s:I, s:s, s:s}", "tenant", v->tenant,
		"item", (json_int_t)v->item, "revision", (json_int_t)v->revision,
		"rule", v->finding.rule, "rev", (json_int_t)v->finding.rev, "pack",
		v->finding.pack, "policy", g->policy),
	    NULL, now);
	log_warn("safety",
	    "revision %lld is aimed at our own people or sites (rule %s)",
	    (long long)v->revision, v->finding.rule);
	if (s->ndesk == 0)
		log_warn("safety", "no safety desk is configured: nobody is told");
	issue(&d, NOTICE_SAFETY, s->desk, s->ndesk);
	issue_one(&d, NOTICE_LEGAL, g->conf->courier.legal);
	free(name);
}
