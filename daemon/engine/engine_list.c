/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_list: lists of plugin `lists' that are fetched, from the moment one is due
 * until its new version is in force.
 *
 * A list is asked for like a feed, with what its server knows it by; 304 or the same
 * bytes mean that the one in force is the newest.  Other bytes are on their way: first
 * somebody must have signed them (before anything else looks at them), then they are
 * written down, then a policy worker of its own, that rehearses what all workers would
 * load, reads them whole beside the version in force (plugins/lists/fetched.c says what
 * may not be).  If it is content, the row says so in the transaction that puts it on
 * record, the link is moved after that, and the supervisor replaces the workers.
 * Whatever goes wrong on the way costs a line in the log and a later try; the version
 * in force stays.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/engine_list.h"
#include "fetch/schedule.h"

#define TRIAL_MAX (10 * CLOCK_MIN) /* then nobody will tell what came of it */
#define WORDS_MAX 2000 /* characters that an entry has of what a worker says */

/* Whose request it is; NULL: nobody waits for it any more. */
static struct engine_list *
find(const struct engine *g, const struct engine_poll *poll)
{
	for (size_t i = 0; i < g->nlists; i++)
		if (g->lists[i]->row.id == poll->list && g->lists[i]->poll == poll->id)
			return g->lists[i];
	return NULL;
}

void
engine_list_put(struct engine *g, const struct engine_list *l)
{
	struct err e = ERR_INIT;

	engine_must(store_list_put(g->store, &l->row, &e), 0, "cannot keep a list", &e);
}

static void
set_stage(struct engine_list *l, enum engine_list_stage stage, int64_t now)
{
	l->stage = stage;
	l->since = now;
}

void
engine_list_drop(struct engine *g, struct engine_list *l, int64_t now)
{
	bool kept = l->file != NULL;

	set_stage(l, LIST_IDLE, now);
	engine_list_forget(l);
	store_list_clear(&l->got);
	free(l->file);
	l->file = NULL;
	l->hint = 0;
	if (kept)
		engine_list_sweep(g, l);
}

/* --- what came of it --- */

bool
engine_list_troubled(const struct engine_list *l)
{
	return l->row.why != NULL && l->row.trouble != CLOCK_NONE &&
	       (l->row.good == CLOCK_NONE || l->row.trouble > l->row.good);
}

static void
plan(struct engine *g, struct engine_list *l, uint8_t outcome, int64_t retry_after,
    int64_t now)
{
	const struct conf_fetch *c = &g->conf->fetch;
	int64_t interval = l->conf->interval;
	struct fetch_plan_in in = {.now = now,
	    .base_interval = interval,
	    .fixed = true,
	    .max = interval > c->interval_max ? interval : c->interval_max,
	    .outcome = outcome,
	    .failures = l->row.failures,
	    .hint = l->hint,
	    .retry_after = retry_after,
	    .hint_max = c->hint_max,
	    .retry_max = c->retry_after_max,
	    .jitter_seed = (uint64_t)l->row.id * 1000003u + l->row.polls};
	struct fetch_plan out;

	fetch_plan(&in, &out);
	l->row.failures = out.failures;
	l->row.next = out.next;
	l->row.checked = now;
	l->row.polls++;
}

static void
record(struct engine *g, const struct engine_list *l, const char *state,
    const char *digest, int64_t bytes, const char *words, int64_t now)
{
	const char *why = words != NULL ? words : "";
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:s%}", "list", l->row.name,
	    "state", state, "digest", digest, "bytes", (json_int_t)bytes, "why", why,
	    text_prefix(why, WORDS_MAX));

	if (l->row.digest[0] != '\0')
		json_object_set_new(o, "before", json_string(l->row.digest));
	engine_record(g, "list", o, NULL, now);
}

/* outcome: POLLED_NOT_FEED for what came and is no good. */
static void
trouble(struct engine *g, struct engine_list *l, uint8_t outcome, int64_t retry_after,
    const char *why, int64_t now)
{
	bool news = !engine_list_troubled(l) || strcmp(l->row.why, why) != 0;

	log_write(news ? LOG_L_WARN : LOG_L_DEBUG, "list", "list %s: %s; %s",
	    l->row.name, why,
	    l->row.digest[0] == '\0' ? "there is none yet" : "the one in force stays");
	if (outcome == POLLED_NOT_FEED && l->got.digest[0] != '\0' &&
	    strcmp(l->got.digest, l->row.refused) != 0) {
		record(g, l, "refused", l->got.digest, l->got.bytes, why, now);
		memcpy(l->row.refused, l->got.digest, sizeof(l->row.refused));
	}
	if (why != l->row.why) {
		free(l->row.why);
		l->row.why = xstrdup(why);
	}
	l->row.trouble = now;
	plan(g, l, outcome, retry_after, now);
	engine_list_put(g, l);
	engine_list_drop(g, l, now);
}

/* What vouches for the version in force from now on. */
static void
take_validators(struct engine_list *l)
{
	xmove(&l->row.etag, &l->got.etag);
	xmove(&l->row.last_modified, &l->got.last_modified);
	xmove(&l->row.body_hash, &l->got.body_hash);
}

static void
still_good(struct engine *g, struct engine_list *l, int64_t now)
{
	if (engine_list_troubled(l))
		log_info("list", "list %s: can be had again", l->row.name);
	l->row.good = now;
	plan(g, l, POLLED_UNCHANGED, 0, now);
	take_validators(l);
	engine_list_put(g, l);
	engine_list_drop(g, l, now);
}

static void
taken(struct engine *g, struct engine_list *l, const char *words, int64_t now)
{
	record(g, l, "taken", l->got.digest, l->got.bytes, words, now);
	log_notice("list", "list %s: %s: in force from now on", l->row.name, words);
	memcpy(l->row.digest, l->got.digest, sizeof(l->row.digest));
	l->row.bytes = l->got.bytes;
	l->row.since = l->row.good = now;
	free(l->row.what);
	l->row.what = xstrdup(words);
	xmove(&l->row.url, &l->got.url);
	plan(g, l, POLLED_OK, 0, now);
	take_validators(l);
	engine_list_put(g, l);
	l->linked = false; /* engine_list_settle() */
	l->relink = CLOCK_NONE;
	l->loaded = 0;
	l->doubt = true;
	/* The sweep that comes with it is due after the link has moved. */
	free(l->file);
	l->file = NULL;
	engine_list_drop(g, l, now);
}

/* --- asking --- */

bool
engine_list_is_moved(const struct engine_list *l)
{
	return l->row.url == NULL || strcmp(l->row.url, l->conf->url) != 0;
}

static bool
ask(struct engine *g, struct engine_list *l, enum engine_list_stage stage, int64_t now)
{
	struct engine_poll p = {.list = l->row.id, .since = now};
	bool whole = stage == LIST_SIGNATURE || l->row.digest[0] == '\0' ||
		     engine_list_is_moved(l);
	struct msg m;
	bool ok;

	msg_init(&m, MSG_POLL);
	m.poll.kind = POLL_LIST;
	m.poll.url =
	    xstrdup(stage == LIST_SIGNATURE ? l->conf->signature_url : l->conf->url);
	m.poll.tenant = xstrdup("");
	m.poll.list = xstrdup(l->row.name);
	if (!whole) {
		m.poll.etag = xstrdup(l->row.etag);
		m.poll.last_modified = xstrdup(l->row.last_modified);
		m.poll.body_hash = xstrdup(l->row.body_hash);
	}
	ok = engine_poll_send(g, &p, &m);
	msg_clear(&m);
	if (ok) {
		l->poll = g->next_poll_id;
		set_stage(l, stage, now);
	}
	return ok;
}

static void
try_it(struct engine *g, struct engine_list *l, int64_t now)
{
	char day[CLOCK_TEXT];
	struct msg m;

	clock_day(now, day);
	msg_init(&m, MSG_TRY);
	m.try.id = l->trial = ++g->next_trial;
	m.try.list = xstrdup(l->row.name);
	m.try.file = xstrdup(l->file);
	m.try.day = xstrdup(day);
	m.try.anew = engine_list_is_moved(l);
	engine_emit(g, ROLE_SUPERVISOR, 0, &m);
	set_stage(l, LIST_TRIED, now);
}

static bool
somebody_tries(const struct engine *g)
{
	for (size_t i = 0; i < g->nlists; i++)
		if (g->lists[i]->stage == LIST_TRIED)
			return true;
	return false;
}

/* --- its bytes --- */

static bool
has_bytes(const struct engine_list *l)
{
	return l->stage == LIST_READ || l->stage == LIST_WRITE ||
	       l->stage == LIST_CHECKED;
}

/* A disk that is full has room again some day, and costs nobody but the list. */
static void
write_down(struct engine *g, struct engine_list *l, int64_t now)
{
	struct err e = ERR_INIT;
	char *why;
	int rc;

	if (l->file == NULL)
		l->file = engine_list_file(l->row.name, l->got.digest);
	rc = engine_list_write(g, l, &e);
	if (rc >= 0) {
		set_stage(l, rc > 0 ? LIST_HERE : LIST_WRITE, now);
		return;
	}
	why = xasprintf("cannot be written: %s", e.text);
	trouble(g, l, POLLED_OWN_FAULT, 0, why, now);
	free(why);
}

/* Its digest is known. */
static void
look_at(struct engine *g, struct engine_list *l, int64_t now)
{
	if (strcmp(l->got.digest, l->row.digest) == 0) {
		xmove(&l->row.url, &l->got.url);
		still_good(g, l, now);
	} else if (l->conf->nsigners == 0) {
		write_down(g, l, now);
	} else if (!ask(g, l, LIST_SIGNATURE, now)) {
		trouble(g, l, POLLED_OWN_FAULT, 0,
		    "its signature could not be asked for", now);
	}
}

/* --- whether the version in force is there --- */

/* What the server said of it vouches for nothing if the file is another one: then it
 * would answer for ever that there is nothing new. */
static void
missing(struct engine *g, struct engine_list *l, const char *why, int64_t now)
{
	l->doubt = false;
	engine_list_drop(g, l, now);
	engine_list_missing(g, l, why, now);
	engine_list_put(g, l);
}

/* False: there is nothing to look at. */
static bool
begin_check(struct engine *g, struct engine_list *l, int64_t now)
{
	struct err e = ERR_INIT;

	if (l->row.digest[0] == '\0')
		return false;
	if (!l->doubt && (l->row.next > now || !engine_list_touched(g, l)))
		return false;
	if (engine_list_begin_check(g, l, &e) == 0)
		set_stage(l, LIST_CHECKED, now);
	else
		missing(g, l, e.text, now);
	return true;
}

static void
end_check(struct engine *g, struct engine_list *l, int64_t now)
{
	struct err e = ERR_INIT;

	if (strcmp(l->got.digest, l->row.digest) != 0)
		missing(g, l, "its file was changed on disk", now);
	else if (engine_list_vouched(g, l, &e) != 0)
		missing(g, l, e.text, now);
	else
		engine_list_drop(g, l, now);
	l->doubt = false;
}

/* One slice more. */
static void
bytes_on(struct engine *g, struct engine_list *l, int64_t now)
{
	struct err e = ERR_INIT;
	int rc;

	if (l->stage == LIST_WRITE) {
		write_down(g, l, now);
		return;
	}
	rc = engine_list_read(l, &e);
	if (l->stage == LIST_CHECKED) {
		if (rc < 0)
			missing(g, l, e.text, now);
		else if (rc == 1)
			end_check(g, l, now);
		return;
	}
	if (rc < 0)
		trouble(g, l, POLLED_OWN_FAULT, 0, e.text, now);
	else if (rc == 1)
		look_at(g, l, now);
}

/* One list; when it has to be looked at again, CLOCK_NONE: after a message. */
static int64_t
go_on(struct engine *g, struct engine_list *l, int64_t now)
{
	switch (l->stage) {
	case LIST_IDLE:
		if (begin_check(g, l, now))
			return now;
		if (l->row.next > now)
			return l->row.next;
		/* Nothing can be tried beside a policy that is not there. */
		if (g->policy[0] == '\0')
			return CLOCK_NONE;
		return ask(g, l, LIST_ASKED, now) ? CLOCK_NONE : now + CLOCK_SEC;
	case LIST_CHECKED:
	case LIST_READ:
	case LIST_WRITE:
		bytes_on(g, l, now);
		return now;
	case LIST_HERE:
		if (!somebody_tries(g))
			try_it(g, l, now);
		return CLOCK_NONE;
	case LIST_TRIED:
		if (now - l->since < TRIAL_MAX)
			return l->since + TRIAL_MAX;
		trouble(g, l, POLLED_OWN_FAULT, 0, "nobody said what came of its trial",
		    now);
		return now; /* another one may wait for that */
	default:
		return CLOCK_NONE;
	}
}

int64_t
engine_list_dispatch(struct engine *g, int64_t now)
{
	int64_t next = CLOCK_NONE;
	bool busy = false;

	for (size_t i = 0; i < g->nlists; i++) {
		bool large = has_bytes(g->lists[i]);
		int64_t due = large && busy ? now : go_on(g, g->lists[i], now);
		int64_t relink = engine_list_relink(g->lists[i], now);

		busy = busy || large; /* a slice of one list a turn */
		if (due != CLOCK_NONE && (next == CLOCK_NONE || due < next))
			next = due;
		if (relink != CLOCK_NONE && (next == CLOCK_NONE || relink < next))
			next = relink;
	}
	return next;
}

/* --- answers --- */

static bool
no_bytes(struct msg *m, const struct err *e)
{
	log_warn("list", "fetch sent no list: %s", e->text);
	m->polled.outcome = POLLED_OWN_FAULT;
	return false;
}

/* The bytes that came along; false: there are none, or too many. */
static bool
begin_body(struct engine_list *l, struct msg *m)
{
	struct err e = ERR_INIT;

	if (m->polled.outcome != POLLED_OK)
		return false;
	return engine_list_begin(l, &m->fd, &e) == 0 || no_bytes(m, &e);
}

static bool
read_note(struct msg *m, struct buf *b)
{
	struct err e = ERR_INIT;

	if (m->polled.outcome != POLLED_OK)
		return false;
	return (m->fd >= 0 && file_read_memfd(m->fd, NOTE_MAX_BYTES, b, &e) == 0) ||
	       no_bytes(m, &e);
}

static void
no_answer(struct engine *g, struct engine_list *l, const struct msg_polled *p,
    const char *what, int64_t now)
{
	const char *words = p->why != NULL ? p->why : polled_name(p->outcome);
	uint8_t outcome = p->outcome;
	struct buf b = {0};

	buf_puts(&b, what);
	if (p->status != 0)
		buf_printf(&b, "HTTP status %d, ", p->status);
	text_escape_buf(&b, words, strlen(words));
	if (outcome == POLLED_OK || outcome == POLLED_UNCHANGED)
		outcome = POLLED_HTTP_ERROR; /* nothing to be content with */
	trouble(g, l, outcome, p->retry_after, b.data, now);
	buf_free(&b);
}

static void
list_came(struct engine *g, struct engine_list *l, struct msg *m, int64_t now)
{
	struct msg_polled *p = &m->polled;
	bool body;

	store_list_clear(&l->got);
	body = begin_body(l, m);
	/* What changes once more in this second may keep what it is known by. */
	if (!p->young || p->status == 304) {
		xmove(&l->got.etag, &p->etag);
		xmove(&l->got.last_modified, &p->last_modified);
	}
	xmove(&l->got.body_hash, &p->body_hash);
	l->hint = p->hint;
	if (p->outcome == POLLED_UNCHANGED && l->row.digest[0] != '\0' &&
	    !engine_list_is_moved(l)) {
		still_good(g, l, now);
		return;
	}
	if (!body) {
		no_answer(g, l, p, "cannot be had: ", now);
		return;
	}
	l->got.url = xstrdup(l->conf->url);
	set_stage(l, LIST_READ, now);
	bytes_on(g, l, now);
}

static void
signature_came(struct engine *g, struct engine_list *l, struct msg *m, int64_t now)
{
	struct err e = ERR_INIT;

	if (!read_note(m, &l->note))
		no_answer(g, l, &m->polled, "its signature cannot be had: ", now);
	else if (engine_list_signed(l->conf, l->got.digest, &l->note, &e) != 0)
		trouble(g, l, POLLED_NOT_FEED, 0, e.text, now);
	else
		write_down(g, l, now);
}

void
engine_list_polled(
    struct engine *g, const struct engine_poll *poll, struct msg *m, int64_t now)
{
	struct engine_list *l = find(g, poll);

	if (l == NULL)
		return; /* no longer wanted */
	if (l->stage == LIST_ASKED)
		list_came(g, l, m, now);
	else if (l->stage == LIST_SIGNATURE)
		signature_came(g, l, m, now);
}

void
engine_list_lost(struct engine *g, const struct engine_poll *poll, int64_t now)
{
	struct engine_list *l = find(g, poll);

	/* It may be what the fetcher dies of: not at once again. */
	if (l != NULL && (l->stage == LIST_ASKED || l->stage == LIST_SIGNATURE))
		trouble(g, l, POLLED_TIMEOUT, 0,
		    "the fetch role ended with the request in hand", now);
}

/* What is said of a file that is gone a moment later, as people know the list: by its
 * address. */
static char *
words_of(const struct engine *g, const struct engine_list *l, const char *words)
{
	char *path = engine_list_path(g, l->file, "");
	struct buf b = {0};
	const char *at;

	buf_puts(&b, "");
	for (; (at = strstr(words, path)) != NULL; words = at + strlen(path)) {
		buf_put(&b, words, (size_t)(at - words));
		buf_puts(&b, l->conf->url);
	}
	buf_puts(&b, words);
	free(path);
	return buf_take(&b);
}

/* A number alone might be that of an engine before this one. */
static bool
is_answer(const struct engine_list *l, const struct msg_tried *t)
{
	return l->stage == LIST_TRIED && l->trial == t->id &&
	       strcmp(l->row.name, t->list) == 0 && strcmp(l->file, t->file) == 0;
}

void
engine_list_tried(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_tried *t = &m->tried;
	struct engine_list *l = NULL;

	for (size_t i = 0; i < g->nlists; i++)
		if (is_answer(g->lists[i], t))
			l = g->lists[i];
	if (l == NULL)
		return;
	if (t->outcome == TRIED_UNKNOWN) {
		trouble(g, l, POLLED_OWN_FAULT, 0,
		    t->words != NULL ? t->words : "it could not be tried", now);
		return;
	}
	/* Workers load all that is on disk: the list must not bring into use what
	 * somebody is just editing. */
	if (t->rest != NULL && g->rest[0] != '\0' && strcmp(t->rest, g->rest) != 0) {
		trouble(g, l, POLLED_OWN_FAULT, 0,
		    "the packs and lists on disk are not those in use: reload tosd, "
		    "then "
		    "it is tried again",
		    now);
		l->held = true;
	} else if (t->outcome == TRIED_GOOD) {
		taken(g, l, t->words != NULL ? t->words : "", now);
	} else {
		char *words =
		    words_of(g, l, t->words != NULL ? t->words : "no reason is known");

		trouble(g, l, POLLED_NOT_FEED, 0, words, now);
		free(words);
	}
}
