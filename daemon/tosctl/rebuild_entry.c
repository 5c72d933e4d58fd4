/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild_entry: the walk over the ledger, the table of kinds, the chain of each
 * case, and what the handlers share.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tosctl/rebuild.h"

/* Entries of one transaction. */
#define BATCH 1000
/* Rows that the engine keeps of what is signed. */
#define KEEP_ROWS 64
#define LEASE (5 * CLOCK_MIN)

static const struct {
	const char *kind;
	rebuild_fn *fn; /* NULL: nothing but the chain of its case */
} kinds[] = {
    {"advice", rebuild_advice},
    {"answer", rebuild_answer},
    {"appeal", NULL},
    {"capture", rebuild_capture},
    {"cloaking", rebuild_cloaking},
    {"configuration", rebuild_life_cycle},
    {"decision", rebuild_decision},
    {"degraded", rebuild_degraded},
    {"delivery", rebuild_delivery},
    {"erasure", rebuild_erasure},
    {"exposure", rebuild_exposure},
    {"feeds", rebuild_feeds},
    {"gap", rebuild_gap},
    {"gone", NULL},
    {"hold", rebuild_hold},
    {"judged", rebuild_judged},
    {"label", rebuild_label},
    {"let-go", NULL}, /* texts come back, and are let go again */
    {"list", NULL},   /* the link on disk says which is in force */
    {"meaning", rebuild_meaning},
    {"message", rebuild_message},
    {"mode", rebuild_mode},
    {"moved", NULL}, /* a redirect has to prove itself anew */
    {"notice", rebuild_notice},
    {"policy", rebuild_policy},
    {"push", NULL},
    {"recheck", rebuild_recheck},
    {"recommendation", rebuild_step},
    {"reply", NULL},
    {"report", rebuild_report},
    {"review", rebuild_review},
    {"safety", NULL},
    {"sighting", rebuild_sighting},
    {"start", rebuild_life_cycle},
    {"state", rebuild_state},
    {"step", rebuild_step},
    {"stop", NULL},
    {"stream", rebuild_stream},
    {"unobservable", rebuild_unobservable},
    {"violation", rebuild_violation},
    {"walk", rebuild_walk},
};

/* --- for the handlers --- */

int
rebuild_wrong(const struct rebuild *r, struct err *e, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, TOSD_ESTATE, "entry %llu (%s): %s",
	    (unsigned long long)r->seq, r->kind, text);
}

int
rebuild_same(const struct rebuild *r, const char *what, int64_t store, int64_t record,
    struct err *e)
{
	if (store == record)
		return 0;
	return rebuild_wrong(r, e,
	    "%s %lld on record would become %lld: the ledger is not "
	    "one that tosd wrote, or lacks entries",
	    what, (long long)record, (long long)store);
}

struct store_at
rebuild_at(const struct rebuild *r, const char *tenant)
{
	struct store_at at = {store_shard(tenant), 0};

	at.fence = r->fences[at.shard];
	return at;
}

const char *
rebuild_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

int64_t
rebuild_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

int64_t
rebuild_ms(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		return clock_parse(json_string_value(v));
	return json_is_integer(v) ? json_integer_value(v) : CLOCK_NONE;
}

int
rebuild_bytes(struct rebuild *r, const json_t *o, struct buf *b, struct err *e)
{
	const char *file = rebuild_str(o, "file");
	int rc = vault_check(r->vault, file, rebuild_str(o, "commit"), e);

	if (rc == 0)
		rc = vault_read(r->vault, file, b, e);
	if (rc != 0 && rc != TOSD_ENOENT)
		err_wrap(e, "entry %llu (%s)", (unsigned long long)r->seq, r->kind);
	return rc;
}

int
rebuild_case_of(struct rebuild *r, const json_t *o, struct store_case *c, struct err *e)
{
	const char *number = rebuild_str(o, "case");
	int rc = store_case_by_number(r->store, number, c, e);

	if (rc == TOSD_ENOENT)
		return rebuild_wrong(
		    r, e, "no violation before it opened case `%s'", number);
	return rc;
}

void
rebuild_ids_add(struct rebuild_ids *ids, int64_t id)
{
	ids->v = xrealloc(ids->v, (ids->n + 1) * sizeof(*ids->v));
	ids->v[ids->n++] = id;
}

/* --- the chain of a case --- */

static int
check_chain(struct rebuild *r, const json_t *o, struct err *e)
{
	const char *number = rebuild_str(o, "case"), *prev = rebuild_str(o, "prev");
	struct store_case c = {0};
	int rc;

	if (number[0] == '\0')
		return 0;
	rc = store_case_by_number(r->store, number, &c, e);
	if (rc == TOSD_ENOENT)
		return strspn(prev, "0") == DIGEST_HEX - 1
			   ? 0
			   : rebuild_wrong(
				 r, e, "the beginning of case %s is missing", number);
	if (rc == 0 && strcmp(c.chain, prev) != 0)
		rc = rebuild_wrong(r, e,
		    "it does not follow the entry of case %s before "
		    "it: run tosctl evidence verify",
		    number);
	return rc;
}

static int
set_chain(struct rebuild *r, const json_t *o, const struct buf *text, struct err *e)
{
	struct store_case c;
	struct store_at at;
	uint8_t leaf[DIGEST_LEN];
	int rc;

	if (rebuild_str(o, "case")[0] == '\0')
		return 0;
	rc = rebuild_case_of(r, o, &c, e);
	if (rc != 0)
		return rc;
	ledger_leaf(text->data, text->len, leaf);
	digest_hex(leaf, sizeof(leaf), c.chain);
	at = rebuild_at(r, c.tenant);
	return store_case_update(r->store, &at, &c, e);
}

/* --- the walk --- */

static int
run_kind(struct rebuild *r, const json_t *o, struct err *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, r->kind) == 0)
			return kinds[i].fn != NULL ? kinds[i].fn(r, o, e) : 0;
	return rebuild_wrong(r, e,
	    "this tosctl does not know the kind: use the one of the "
	    "tosd that wrote it");
}

static int
take_entry(struct rebuild *r, const struct buf *text, struct err *e)
{
	json_t *o = json_loadb(text->data, text->len, 0, NULL);
	int rc;

	r->kind = rebuild_str(o, "kind");
	r->t = rebuild_ms(o, "t");
	if (!json_is_object(o) || r->t == CLOCK_NONE ||
	    rebuild_int(o, "seq") != (int64_t)r->seq)
		rc = rebuild_wrong(
		    r, e, "it is no entry of tosd with its number and time");
	else if ((rc = check_chain(r, o, e)) == 0 && (rc = run_kind(r, o, e)) == 0 &&
		 (rc = set_chain(r, o, text, e)) == 0)
		rc = store_ledger_add(
		    r->store, (int64_t)r->seq, text->data, text->len, e);
	json_decref(o);
	r->kind = "";
	return rc;
}

static int
begin(struct rebuild *r, struct err *e)
{
	/* By the name of the engine, which takes them over without waiting. */
	int rc = store_claim(r->store, "engine", LEASE, r->fences, e);

	return rc == 0 ? store_begin(r->store, e) : rc;
}

static int
commit(struct rebuild *r, struct err *e)
{
	int rc = 0;

	if (r->seq > KEEP_ROWS)
		rc = store_ledger_trim(r->store, (int64_t)r->seq - KEEP_ROWS, e);
	if (rc == 0)
		rc = store_commit(r->store, e);
	if (rc == 0 && r->progress)
		fprintf(stderr, "\r%llu of %llu entries", (unsigned long long)r->seq,
		    (unsigned long long)ledger_size(r->ledger));
	return rc;
}

static int
finish(struct rebuild *r, struct err *e)
{
	char text[24];
	int rc;

	if ((rc = rebuild_item_end(r, e)) != 0 || (rc = rebuild_case_end(r, e)) != 0 ||
	    (rc = rebuild_notice_end(r, e)) != 0 || (rc = rebuild_open_end(r, e)) != 0)
		return rc;
	/* From here on we were away: the engine records that as a gap of ours. */
	snprintf(text, sizeof(text), "%lld", (long long)r->t);
	return store_meta_set(r->store, "alive", text, e);
}

int
rebuild_all(struct rebuild *r, struct err *e)
{
	uint64_t size = ledger_size(r->ledger);
	struct buf b = {0};
	int rc = begin(r, e);

	r->kind = "";
	while (rc == 0 && r->seq < size) {
		buf_reset(&b);
		rc = ledger_read(r->ledger, r->seq, &b, e);
		if (rc == 0)
			rc = take_entry(r, &b, e);
		r->seq++;
		if (rc == 0 && r->seq % BATCH == 0 && (rc = commit(r, e)) == 0)
			rc = begin(r, e);
	}
	if (rc == 0)
		rc = finish(r, e);
	if (rc == 0)
		rc = commit(r, e);
	if (r->progress)
		fputc('\n', stderr);
	if (rc != 0)
		store_rollback(r->store);
	buf_free(&b);
	return rc;
}
