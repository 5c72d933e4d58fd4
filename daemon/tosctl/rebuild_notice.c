/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_notice: notices, messages and what became of them.  A message of which no
 * entry says that it was delivered, failed or given up may have left all the same:
 * it becomes `unknown', and a person decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "store/store_rule.h"
#include "tosctl/rebuild.h"

/* --- notices --- */

static bool
there(const struct store_violation *v)
{
	return v->presence != PRESENT_REMOVED && v->presence != PRESENT_EDITED;
}

static int
gather_uncited(void *ctx, const struct store_violation *v)
{
	if (v->notice == 0 && v->withdrawn == WITHDRAWN_NO && there(v))
		rebuild_ids_add(ctx, v->id);
	return 0;
}

/* A stage's notice cites what none before it cites and what is still there. */
static int
cite(struct rebuild *r, const struct store_case *c, uint32_t n, struct err *e)
{
	struct store_at at = rebuild_at(r, c->tenant);
	struct rebuild_ids ids = {0};
	int rc = store_violation_each(
	    r->store, VIOLATION_OF_CASE, c->id, 0, gather_uncited, &ids);

	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		struct store_violation v;

		rc = store_violation_get(r->store, ids.v[i], &v, e);
		if (rc == 0) {
			v.notice = n;
			rc = store_violation_update(r->store, &at, &v, e);
			store_violation_clear(&v);
		}
	}
	free(ids.v);
	return rc;
}

static int
of_case(struct rebuild *r, const json_t *o, struct store_notice *n, struct err *e)
{
	bool stage = strcmp(n->kind, "stage") == 0;
	struct store_case c;
	struct store_at at;
	int rc = rebuild_case_of(r, o, &c, e);

	if (rc != 0)
		return rc;
	n->case_id = c.id;
	/* Manager and tenant have the same number: the first of them cites. */
	if (stage && n->n > c.notices)
		rc = cite(r, &c, n->n, e);
	if (n->n > c.notices)
		c.notices = n->n;
	if (stage) {
		c.deadline = CLOCK_NONE; /* it was composed */
		c.remaining = rebuild_int(o, "deadline_ms");
	}
	at = rebuild_at(r, c.tenant);
	return rc == 0 ? store_case_update(r->store, &at, &c, e) : rc;
}

static void
read_mail(struct store_notice *n, const char *mail)
{
	static const char name[] = "\r\nMessage-ID: <";
	const char *id = strstr(mail, name);

	n->subject = engine_subject(mail);
	if (id != NULL) {
		id += sizeof(name) - 1;
		n->message_id = xstrndup(id, strcspn(id, ">\r\n"));
	}
}

int
rebuild_notice(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_notice n = {.n = (uint32_t)rebuild_int(o, "notice"),
	    .stage = (int32_t)rebuild_int(o, "stage"),
	    .made = r->t,
	    .delivered = CLOCK_NONE,
	    .entry = (int64_t)r->seq};
	struct store_at at;
	struct buf mail = {0};
	int rc = rebuild_bytes(r, o, &mail, e);

	if (rc != 0)
		goto out;
	buf_putc(&mail, '\0');
	read_mail(&n, mail.data);
	n.kind = xstrdup(rebuild_str(o, "of"));
	n.audience = xstrdup(rebuild_str(o, "audience"));
	snprintf(n.tenant, sizeof(n.tenant), "%s", rebuild_str(o, "tenant"));
	n.file = xstrdup(rebuild_str(o, "file"));
	n.commit = xstrdup(rebuild_str(o, "commit"));
	n.sha256 = xstrdup(rebuild_str(o, "sha256"));
	if (json_object_get(o, "case") != NULL)
		rc = of_case(r, o, &n, e);
	at = rebuild_at(r, n.tenant);
	if (rc == 0)
		rc = store_notice_add(r->store, &at, &n, e);
out:
	store_notice_clear(&n);
	buf_free(&mail);
	return rc;
}

/* --- messages --- */

int
rebuild_message(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_outbox m = {.notice = rebuild_int(o, "notice"),
	    .state = OUTBOX_NEW,
	    .entry = (int64_t)r->seq,
	    .next_try = r->t,
	    .time = r->t};
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	struct buf b = {0};
	json_t *to = NULL;
	int rc = rebuild_bytes(r, o, &b, e);

	if (rc == 0 && (to = json_loadb(b.data, b.len, 0, NULL)) == NULL)
		rc = rebuild_wrong(r, e, "its addresses cannot be read");
	if (rc == 0) {
		snprintf(m.tenant, sizeof(m.tenant), "%s", rebuild_str(o, "tenant"));
		m.channel = xstrdup(rebuild_str(to, "channel"));
		m.recipient = xstrdup(rebuild_str(to, "recipient"));
		m.sender = xstrdup(rebuild_str(to, "sender"));
		engine_outbox_key(m.notice, m.channel, m.recipient, m.idem);
		rc = store_outbox_add(r->store, &at, &m, e);
	}
	if (rc == 0)
		rc = rebuild_same(r, "message", m.id, rebuild_int(o, "outbox"), e);
	json_decref(to);
	store_outbox_clear(&m);
	buf_free(&b);
	return rc;
}

static int
gather_unreported(void *ctx, const struct store_violation *v)
{
	if (v->reported == CLOCK_NONE && v->notice != 0)
		rebuild_ids_add(ctx, v->id);
	return 0;
}

/* What the delivered notice cites is reported from then on. */
static int
reported(struct rebuild *r, const struct store_notice *n, int64_t time, struct err *e)
{
	struct store_at at = rebuild_at(r, n->tenant);
	struct rebuild_ids ids = {0};
	int rc = store_violation_each(
	    r->store, VIOLATION_OF_CASE, n->case_id, 0, gather_unreported, &ids);

	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		struct store_violation v;

		rc = store_violation_get(r->store, ids.v[i], &v, e);
		if (rc != 0)
			break;
		if (v.notice == n->n) {
			v.reported = time;
			rc = store_violation_update(r->store, &at, &v, e);
		}
		store_violation_clear(&v);
	}
	free(ids.v);
	return rc;
}

static int
apply_delivery(struct rebuild *r, const json_t *o, struct store_outbox *m,
    const struct store_notice *n, struct err *e)
{
	static const struct {
		const char *word;
		enum store_outbox_state state;
	} words[] = {
	    {"sent", OUTBOX_SENT},
	    {"failed", OUTBOX_FAILED},
	    {"unknown", OUTBOX_UNKNOWN},
	    {"resend", OUTBOX_NEW},
	};
	struct store_at at = rebuild_at(r, m->tenant);
	int64_t time = rebuild_ms(o, "time");
	size_t i = 0;
	int rc;

	while (i < sizeof(words) / sizeof(words[0]) &&
	       strcmp(words[i].word, rebuild_str(o, "state")) != 0)
		i++;
	if (i == sizeof(words) / sizeof(words[0]) || time == CLOCK_NONE)
		return rebuild_wrong(r, e,
		    "it does not say what became of message %lld, "
		    "and when",
		    (long long)m->id);
	if (strcmp(n->sha256, rebuild_str(o, "sha256")) != 0)
		return rebuild_wrong(
		    r, e, "notice %lld has other bytes", (long long)n->id);
	m->state = words[i].state;
	m->attempts = (uint32_t)rebuild_int(o, "attempt");
	m->code = (int32_t)rebuild_int(o, "code");
	m->time = r->t;
	rc = store_outbox_update(r->store, &at, m, e);
	if (rc != 0 || m->state != OUTBOX_SENT)
		return rc;
	rc = store_notice_delivered(r->store, &at, n->id, time, e);
	if (rc == 0 && strcmp(n->kind, "stage") == 0 &&
	    strcmp(n->audience, "tenant") == 0)
		rc = reported(r, n, time, e);
	return rc;
}

int
rebuild_delivery(struct rebuild *r, const json_t *o, struct err *e)
{
	struct store_outbox m = {0};
	struct store_notice n = {0};
	int rc = store_outbox_get(r->store, rebuild_int(o, "outbox"), &m, e);

	if (rc == 0)
		rc = store_notice_get(r->store, m.notice, &n, e);
	if (rc != 0)
		rc = rebuild_wrong(r, e, "no entry before it holds message %lld",
		    (long long)rebuild_int(o, "outbox"));
	else if ((rc = rebuild_same(r, "notice", n.id, rebuild_int(o, "notice"), e)) ==
		 0)
		rc = apply_delivery(r, o, &m, &n, e);
	store_outbox_clear(&m);
	store_notice_clear(&n);
	return rc;
}

/* --- the end --- */

static int
gather_new(void *ctx, const struct store_outbox *m)
{
	rebuild_ids_add(ctx, m->id);
	return 0;
}

int
rebuild_notice_end(struct rebuild *r, struct err *e)
{
	struct rebuild_ids ids = {0};
	int rc = store_outbox_each(
	    r->store, OUTBOX_NEW, INT64_MAX, INT64_MAX, 0, gather_new, &ids);

	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		struct store_outbox m;
		struct store_at at;

		rc = store_outbox_get(r->store, ids.v[i], &m, e);
		if (rc == 0) {
			m.state = OUTBOX_UNKNOWN;
			at = rebuild_at(r, m.tenant);
			rc = store_outbox_update(r->store, &at, &m, e);
			store_outbox_clear(&m);
			r->unknown++;
		}
	}
	free(ids.v);
	return rc;
}
