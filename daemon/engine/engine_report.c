/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_report: what somebody has reported.  A member of staff enters it (`tosctl
 * report'); from then on plugins are told of it whenever they see a revision of that
 * post, and the newest one is shown to them once more if they have seen it already.
 *
 * That second look keeps what models find for people and nothing else: no rule counts
 * later than it did because somebody pointed at a post, or those who report in heaps
 * would decide whose old posts are held against new rules.  The revision stays as it
 * was judged; what came of the look stands in the report's row, and on record
 * (`report').
 *
 * A report is open until policy has looked.  What is in hand is marked in the store, in
 * the transaction after which it leaves; a restart looks again, which changes nothing
 * where the look was taken already.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/engine_cover.h"
#include "engine/engine_json.h"
#include "store/store_report.h"

#define FROM_MAX 500
#define OF_ITEM_MAX 100		    /* reports of one post */
#define LOOKED_AT ((int64_t)500000) /* posts, the newest, for an address */
#define SAME_MAX 256		    /* posts of one address that are told apart */
#define SHOWN_MAX 500

static void
put(struct engine *g, struct store_report *r)
{
	struct store_at at = engine_at(g, r->tenant);
	struct err e = ERR_INIT;

	engine_must(
	    store_report_put(g->store, &at, r, &e), 0, "cannot keep a report", &e);
}

static json_t *
entry_of(const struct store_report *r, const char *state)
{
	return json_pack("{s:I, s:s, s:s, s:I, s:I}", "report", (json_int_t)r->id,
	    "state", state, "tenant", r->tenant, "item", (json_int_t)r->item,
	    "revision", (json_int_t)r->revision);
}

/* --- the look --- */

static int
note_open(void *ctx, const struct store_report *r)
{
	(void)r;
	*(bool *)ctx = true;
	return 1;
}

bool
engine_report_is_open(struct engine *g, int64_t revision)
{
	bool open = false;

	if (g->reports > 0)
		engine_walk(store_report_open(g->store, revision, note_open, &open));
	return open;
}

int64_t
engine_report_waiting(struct engine *g)
{
	return g->reports > 0 ? store_report_waiting(g->store) : 0;
}

static int
mark_asked(void *ctx, const struct store_report *row)
{
	struct store_report r = *row;

	r.asked = true;
	put(ctx, &r);
	return 0;
}

bool
engine_report_tell(struct engine *g, const struct store_revision *r)
{
	if (g->reports == 0 || store_report_count(g->store, r->item) == 0)
		return false;
	engine_walk(store_report_open(g->store, r->id, mark_asked, g));
	return true;
}

struct attempt {
	struct engine *g;
	uint32_t n;
};

static int
count_attempt(void *ctx, const struct store_report *row)
{
	struct attempt *a = ctx;
	struct store_report r = *row;

	r.attempts++;
	a->n = r.attempts > a->n ? r.attempts : a->n;
	put(a->g, &r);
	return 0;
}

uint32_t
engine_report_lost(struct engine *g, int64_t revision)
{
	struct attempt a = {g, 0};

	engine_walk(store_report_open(g->store, revision, count_attempt, &a));
	return a.n;
}

struct settle {
	struct engine *g;
	int64_t found;
	const char *why, *policy;
	int64_t now;
	bool again; /* one came while the look was under way */
};

static int
settle_one(void *ctx, const struct store_report *row)
{
	struct settle *s = ctx;
	struct store_report r = *row;
	json_t *entry;

	if (!r.asked) {
		s->again = true;
		return 0;
	}
	r.state = s->why == NULL ? REPORT_LOOKED : REPORT_DEGRADED;
	r.looked = s->now;
	r.found = s->found;
	r.why = (char *)(uintptr_t)s->why;
	put(s->g, &r);
	entry = entry_of(&r, s->why == NULL ? "looked" : "degraded");
	json_object_set_new(entry, "found", json_integer((json_int_t)r.found));
	json_set_text(entry, "policy", s->policy);
	json_set_text(entry, "why", s->why);
	engine_record(s->g, "report", entry, NULL, s->now);
	if (s->why != NULL)
		log_warn("report", "report %lld of item %lld: not looked at: %s",
		    (long long)r.id, (long long)r.item, s->why);
	return 0;
}

void
engine_report_settle(struct engine *g, const struct store_revision *r, int64_t found,
    const char *why, const char *policy, int64_t now)
{
	struct settle s = {g, found, why, policy, now, false};

	if (g->reports == 0)
		return;
	engine_walk(store_report_open(g->store, r->id, settle_one, &s));
	if (s.again)
		engine_queue_add(&g->pending, engine_lane(r->tenant), r->id);
}

/* --- after a restart --- */

static int
note_retry(void *ctx, const struct store_retry *row)
{
	*(bool *)ctx |= !row->given_up;
	return *(bool *)ctx;
}

/* What is pending anyway, or waits for a plugin, comes by itself. */
static int
load_one(void *ctx, const struct store_report *row)
{
	struct engine *g = ctx;
	struct store_revision r;
	struct err e = ERR_INIT;
	uint32_t lane;
	bool comes;

	engine_must(store_revision_get(g->store, row->revision, &r, &e), 0,
	    "cannot read a revision", &e);
	comes = r.state == INSPECT_PENDING;
	lane = engine_lane(r.tenant);
	store_revision_clear(&r);
	if (!comes)
		engine_walk(
		    store_retry_each(g->store, row->revision, note_retry, &comes));
	if (!comes)
		engine_queue_add(&g->pending, lane, row->revision);
	return 0;
}

void
engine_report_load(struct engine *g)
{
	struct err e = ERR_INIT;

	g->reports = store_report_count(g->store, 0);
	if (g->reports == 0)
		return;
	engine_must(
	    store_report_reset(g->store, &e), 0, "cannot take up open reports", &e);
	engine_walk(store_report_open(g->store, 0, load_one, g));
}

/* --- tosctl report --- */

/* Anybody may list the address of somebody else's post: that of a feed on the post's
 * own site goes before.  Moves those to the front; how many they are. */
static size_t
of_own_site(struct engine *g, const char *url, int64_t *ids, size_t n)
{
	size_t own = 0;

	for (size_t i = 0; i < n; i++) {
		struct store_item item;
		struct store_feed feed;
		struct err e = ERR_INIT;
		bool same;

		engine_must(store_item_get(g->store, ids[i], &item, &e), 0,
		    "cannot read a post", &e);
		engine_must(store_feed_get(g->store, item.feed, &feed, &e), 0,
		    "cannot read a feed", &e);
		same = engine_same_site(feed.url, url);
		store_feed_clear(&feed);
		store_item_clear(&item);
		if (same) {
			int64_t id = ids[i];

			ids[i] = ids[own];
			ids[own++] = id;
		}
	}
	return own;
}

/* The key of the tenant whose post is meant; NULL in *key: it is not said. */
static int
tenant_meant(struct engine_call *k, const char **key, struct err *e)
{
	const struct conf_tenant *t;

	*key = json_get_text(k->request, "tenant");
	if (*key == NULL)
		return 0;
	t = conf_tenant_by_id(k->g->conf, *key);
	if (t != NULL)
		*key = t->key;
	return engine_query_known(k, 0, e);
}

static int
find_number(struct engine_call *k, const char *name, const char *tenant,
    struct store_item *out, struct err *e)
{
	int rc = store_item_get(k->g->store, strtoll(name, NULL, 10), out, e);

	if (rc == TOSD_ENOENT)
		return err_set(e, rc, "there is no post %s", name);
	if (rc != 0 || tenant == NULL || strcmp(out->tenant, tenant) == 0)
		return rc;
	store_item_clear(out);
	return err_set(e, TOSD_ENOENT, "post %s is another tenant's than `%.100s'",
	    name, json_get_text(k->request, "tenant"));
}

/* Which posts have the address, as far as it is of one tenant; how many in *n. */
static int
find_ids(struct engine_call *k, const char *name, const char *tenant, int64_t *ids,
    size_t *n, struct err *e)
{
	char *url = xstrndup(name, strcspn(name, "#"));
	int rc =
	    store_items_at(k->g->store, url, tenant, LOOKED_AT, ids, SAME_MAX, n, e);

	if (rc == 0 && *n > 1) {
		size_t own = of_own_site(k->g, url, ids, *n);

		*n = own > 0 ? own : *n;
	}
	free(url);
	return rc;
}

/* By its number, or by its address. */
static int
find_item(struct engine_call *k, struct store_item *out, struct err *e)
{
	const char *name = json_get_text(k->request, "item"), *tenant;
	size_t len = name != NULL ? strlen(name) : 0, n = 0;
	int64_t ids[SAME_MAX] = {0};
	int rc;

	if (len == 0)
		return err_set(e, TOSD_EINVAL, "name a post by its number or address");
	if ((rc = tenant_meant(k, &tenant, e)) != 0)
		return rc;
	if (len <= 18 && strspn(name, "0123456789") == len)
		return find_number(k, name, tenant, out, e);
	if ((rc = find_ids(k, name, tenant, ids, &n, e)) != 0)
		return rc;
	if (n == 0)
		return err_set(e, TOSD_ENOENT,
		    "no post%s among the newest %lld has the address %.200s: name it "
		    "by its number",
		    tenant != NULL ? " of that tenant" : "", (long long)LOOKED_AT,
		    name);
	if (n > 1)
		return err_set(e, TOSD_ESTATE,
		    "more than one post has that address, %lld and %lld among them: "
		    "name one by its number%s",
		    (long long)ids[0], (long long)ids[1],
		    tenant != NULL ? "" : ", or its tenant (--tenant)");
	return store_item_get(k->g->store, ids[0], out, e);
}

/* Its newest revision, of which there must be something left to look at. */
static int
find_revision(struct engine *g, const struct store_item *item, struct store_revision *r,
    struct err *e)
{
	char *body;
	bool empty;

	engine_must(store_revision_get(g->store, item->revision, r, e), 0,
	    "cannot read a revision", e);
	body = item_body(&r->body);
	empty = body[0] == '\0' || (r->body.flags & ITEM_LET_GO) != 0;
	free(body);
	if (!empty)
		return 0;
	store_revision_clear(r);
	return err_set(e, TOSD_ESTATE,
	    "there is no text of post %lld, or it is not kept any more: nobody could "
	    "look at it",
	    (long long)item->id);
}

/* The bytes that are kept: the same words give the same. */
static int
words_of(const struct engine_call *k, char **out, struct err *e)
{
	const char *from = json_get_text(k->request, "from"), *reason;
	json_t *o;
	int rc = engine_person_reason(k, &reason, e);

	if (rc != 0)
		return rc;
	if (from != NULL && strlen(from) > FROM_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "who reported it is said in at most %d bytes", FROM_MAX);
	o = json_pack("{s:s}", "reason", reason);
	json_set_text(o, "from", from);
	*out = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	return 0;
}

struct same {
	struct engine *g;
	const char *words;
	int64_t id;
	size_t n;
};

static int
is_same(void *ctx, const struct store_report *r)
{
	struct same *s = ctx;
	struct buf b = {0};
	struct err e = ERR_INIT;

	s->n++;
	if (r->file != NULL && vault_read(s->g->vault, r->file, &b, &e) == 0 &&
	    b.len == strlen(s->words) && memcmp(b.data, s->words, b.len) == 0)
		s->id = r->id;
	buf_free(&b);
	return s->id != 0;
}

static void
new_report(struct engine_call *k, const struct store_revision *r, const char *who,
    const char *words, struct store_report *out)
{
	struct engine *g = k->g;
	struct vault_ref ref;
	char id[ID_TEXT], t[CLOCK_TEXT];
	char *rel = xasprintf("evidence/reports/%.7s/%s.json", clock_format(k->now, t),
	    id_new(k->now, id));
	json_t *entry;

	engine_record_keep(g, rel, words, strlen(words), &ref);
	*out = (struct store_report){.id = 0,
	    .item = r->item,
	    .revision = r->id,
	    .made = k->now,
	    .looked = CLOCK_NONE,
	    .who = xstrdup(who),
	    .file = rel,
	    .entry = g->seq};
	memcpy(out->tenant, r->tenant, sizeof(out->tenant));
	put(g, out);
	entry = entry_of(out, "made");
	json_object_set_new(entry, "person", json_string(who));
	engine_record_file(entry, &ref);
	engine_record(g, "report", entry, NULL, k->now);
	g->reports++;
}

/* Nobody gave an answer then: it is looked at once more, as it is now. */
static void
open_again(struct engine_call *k, struct store_report *r, const char *who)
{
	json_t *entry = entry_of(r, "again");

	json_object_set_new(entry, "person", json_string(who));
	r->state = REPORT_OPEN;
	r->asked = false;
	r->attempts = 0;
	r->looked = CLOCK_NONE;
	free(r->why);
	r->why = NULL;
	put(k->g, r);
	engine_record(k->g, "report", entry, NULL, k->now);
}

static const char *
state_name(enum store_report_state s)
{
	static const char *const names[] = {[REPORT_OPEN] = "open",
	    [REPORT_LOOKED] = "looked",
	    [REPORT_DEGRADED] = "degraded"};

	return names[s];
}

static json_t *
row_of(struct engine *g, const struct store_report *r)
{
	const struct conf_tenant *t = conf_tenant_by_key(g->conf, r->tenant);
	struct store_item item;
	struct err e = ERR_INIT;
	json_t *o = json_pack("{s:I, s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "id",
	    (json_int_t)r->id, "tenant", t != NULL ? t->id : r->tenant, "item",
	    (json_int_t)r->item, "revision", (json_int_t)r->revision, "state",
	    state_name(r->state), "person", r->who != NULL ? r->who : "-", "found",
	    (json_int_t)r->found, "entry", (json_int_t)r->entry);

	json_set_time(o, "made", r->made);
	json_set_time(o, "looked", r->looked);
	json_set_text(o, "why", r->why);
	if (store_item_get(g->store, r->item, &item, &e) == 0) {
		json_set_text(o, "url", item.url);
		store_item_clear(&item);
	}
	return o;
}

static void
reply(struct engine_call *k, const struct store_report *r, bool known)
{
	json_t *row = row_of(k->g, r);

	json_object_set_new(row, "known", json_boolean(known));
	json_object_set_new(k->reply, "rows", json_pack("[o]", row));
}

/* The look is asked for, unless somebody is about to take it, or has it in hand and
 * finds this report when he comes back. */
static void
want_look(struct engine *g, const struct store_revision *r, bool was_open)
{
	engine_fresh_forget(g); /* a copy on its way knows of no report */
	if (r->state != INSPECT_PENDING && !was_open)
		engine_queue_add(&g->pending, engine_lane(r->tenant), r->id);
}

static int
make(struct engine_call *k, const struct store_revision *r, const char *who,
    const char *words, struct err *e)
{
	struct same same = {.g = k->g, .words = words};
	bool was_open = engine_report_is_open(k->g, r->id), known;
	struct store_report report;

	engine_walk(store_report_of(k->g->store, r->item, is_same, &same));
	known = same.id != 0;
	if (!known && same.n >= OF_ITEM_MAX)
		return err_set(e, TOSD_ELIMIT,
		    "post %lld was reported %d times already", (long long)r->item,
		    OF_ITEM_MAX);
	if (!known)
		new_report(k, r, who, words, &report);
	else
		engine_must(store_report_get(k->g->store, same.id, &report, e), 0,
		    "cannot read a report", e);
	if (known && report.state == REPORT_DEGRADED && report.revision == r->id)
		open_again(k, &report, who);
	if (report.state == REPORT_OPEN && report.revision == r->id)
		want_look(k->g, r, was_open);
	reply(k, &report, known);
	store_report_clear(&report);
	return 0;
}

int
engine_report_make(struct engine_call *k, struct err *e)
{
	const char *who = engine_person_name(k, false, e);
	struct store_revision r;
	struct store_item item;
	char *words = NULL;
	int rc;

	if (who == NULL)
		return e->code;
	if ((rc = find_item(k, &item, e)) != 0)
		return rc;
	rc = find_revision(k->g, &item, &r, e);
	store_item_clear(&item);
	if (rc != 0)
		return rc;
	if ((rc = words_of(k, &words, e)) == 0)
		rc = make(k, &r, who, words, e);
	free(words);
	store_revision_clear(&r);
	return rc;
}

/* --- tosctl reports --- */

struct listing {
	struct engine *g;
	json_t *rows;
};

static int
list_one(void *ctx, const struct store_report *r)
{
	struct listing *l = ctx;
	json_t *row = row_of(l->g, r), *words = NULL;
	struct buf b = {0};
	struct err e = ERR_INIT;

	json_set_text(row, "file", r->file);
	if (r->file != NULL && vault_read(l->g->vault, r->file, &b, &e) == 0)
		words = json_loadb(b.data, b.len, 0, NULL);
	json_set_text(row, "from", json_get_text(words, "from"));
	json_set_text(row, "reason", json_get_text(words, "reason"));
	json_decref(words);
	buf_free(&b);
	json_array_append_new(l->rows, row);
	return 0;
}

int
engine_report_list(struct engine_call *k, struct err *e)
{
	const char *id = json_get_text(k->request, "tenant");
	const struct conf_tenant *t =
	    id != NULL ? conf_tenant_by_id(k->g->conf, id) : NULL;
	struct listing l = {k->g, json_array()};
	int rc;

	json_object_set_new(k->reply, "rows", l.rows);
	rc = store_report_each(
	    k->g->store, t != NULL ? t->key : id, SHOWN_MAX, list_one, &l);
	return engine_query_known(k, rc, e);
}
