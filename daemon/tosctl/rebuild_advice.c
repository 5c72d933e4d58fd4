/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_advice: what models answered, and the findings that rest on it.  With the
 * answers the store is again what makes a second question unnecessary.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/msg.h"
#include "store/store_ask.h"
#include "store/store_rule.h"
#include "tosctl/rebuild.h"

static uint32_t
kind_of(const char *name)
{
	return strcmp(name, ask_kind_name(ASK_MODERATION)) == 0 ? ASK_MODERATION
								: ASK_CHAT;
}

int
rebuild_answer(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *prompt = rebuild_str(o, "prompt"), *key = rebuild_str(o, "key");
	struct store_ask a;
	uint8_t d[DIGEST_LEN];
	int rc;

	if (strlen(key) != DIGEST_HEX - 1 || !digest_unhex(key, d, sizeof(d)))
		return rebuild_wrong(r, e, "it names no question");
	rc = store_ask_by_key(r->store, key, &a, e);
	if (rc != 0 && rc != TOSD_ENOENT)
		return rc;
	if (rc == 0 && a.state == ASK_ANSWERED) { /* that one had grown too old */
		rc = store_ask_expire(r->store, a.id, e);
		store_ask_clear(&a);
		if (rc != 0)
			return rc;
		rc = TOSD_ENOENT;
	}
	if (rc == TOSD_ENOENT) {
		memcpy(a.key, key, sizeof(a.key));
		a.endpoint = xstrdup(rebuild_str(o, "endpoint"));
		a.kind = kind_of(rebuild_str(o, "protocol"));
		a.model = xstrdup(rebuild_str(o, "model"));
		a.prompt = prompt[0] != '\0' ? xstrdup(prompt) : NULL;
		a.since = r->t;
	}
	a.state = ASK_ANSWERED;
	a.attempts = (uint32_t)rebuild_int(o, "attempts");
	a.status = (int32_t)rebuild_int(o, "status");
	a.due = CLOCK_NONE;
	a.time = r->t;
	a.tokens = rebuild_int(o, "tokens");
	a.entry = (int64_t)r->seq;
	free(a.file);
	a.file = xstrdup(rebuild_str(o, "file"));
	buf_free(&a.answer);
	rc = rebuild_bytes(r, o, &a.answer, e);
	if (rc == TOSD_ENOENT) {
		rebuild_note_lost(r, a.file);
		rc = 0;
	}
	if (rc == 0)
		rc = store_ask_put(r->store, &a, e);
	store_ask_clear(&a);
	return rc;
}

/* The answers that the entry names are about its revision. */
static int
link_answers(struct rebuild *r, const json_t *o, int64_t revision, struct err *e)
{
	const json_t *n;
	size_t i;

	json_array_foreach(json_object_get(o, "answers"), i, n)
	{
		struct store_ask a;
		int rc = store_ask_by_entry(r->store, json_integer_value(n), &a, e);

		if (rc == TOSD_ENOENT)
			return rebuild_wrong(r, e, "entry %lld is no answer",
			    (long long)json_integer_value(n));
		if (rc == 0)
			rc = store_ask_link(r->store, a.id, revision, e);
		store_ask_clear(&a);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* It waits for a person until a label says that one has spoken. */
static int
add_review(struct rebuild *r, const json_t *o, const struct finding *f, struct err *e)
{
	const char *tenant = rebuild_str(o, "tenant");
	struct store_at at = rebuild_at(r, tenant);
	struct store_found row;
	int rc = store_found_of(
	    r->store, rebuild_int(o, "revision"), f->rule, f->rev, &row, e);

	if (rc != 0)
		return rc;
	rc = store_review_add(r->store, &at, row.id, tenant, r->t, (int64_t)r->seq, e);
	store_found_clear(&row);
	return rc;
}

int
rebuild_advice(struct rebuild *r, const json_t *o, struct err *e)
{
	int64_t revision = rebuild_int(o, "revision");
	struct store_at at = rebuild_at(r, rebuild_str(o, "tenant"));
	struct finding f = {0};
	int rc;

	rebuild_finding(o, &f);
	f.mode = MODE_REVIEW;
	rc = store_finding_add(r->store, &at, revision, &f, false, r->t, e);
	if (rc == 0)
		rc = add_review(r, o, &f, e);
	finding_clear(&f);
	if (rc == TOSD_EEXIST)
		return rebuild_wrong(r, e, "the finding is there already");
	return rc == 0 ? link_answers(r, o, revision, e) : rc;
}
