/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_json_mastodon: statuses of Mastodon's REST API, of the servers that speak it as
 * well, and the events of its streams (docs.joinmastodon.org: entities/Status,
 * methods/streaming).
 */
#include <string.h>

#include "feed/feed_json.h"

static bool
is_status(const struct json_fields *f)
{
	const struct json_value *account = json_get(f, JSON_ACCOUNT);

	return account != NULL && account->kind == JSON_KIND_OBJECT &&
	       (json_has(f, JSON_CONTENT) || json_has(f, JSON_REBLOG) ||
		   json_has(f, JSON_SPOILER_TEXT) ||
		   json_has(f, JSON_MEDIA_ATTACHMENTS));
}

static void
choice(struct feed_json *j, const struct json_value *v)
{
	struct json_value title;

	if (v->kind == JSON_KIND_OBJECT && json_find(v, "title", &title))
		feed_json_note(j, &title);
}

/* The preview of what the post links to. */
static void
read_card(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;

	if (v == NULL || v->kind != JSON_KIND_OBJECT)
		return;
	json_fields_of(v, &f);
	feed_json_link(j, json_get(&f, JSON_URL));
	feed_json_note(j, json_get(&f, JSON_TITLE));
	feed_json_note(j, json_get(&f, JSON_DESCRIPTION));
}

static void
read_parts(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *poll = json_get(f, JSON_POLL);
	struct json_value options;

	feed_json_title(j, json_get(f, JSON_SPOILER_TEXT), DRAFT_PLAIN);
	feed_json_body(j, DRAFT_CONTENT, json_get(f, JSON_CONTENT), DRAFT_HTML);
	feed_json_attachments(j, json_get(f, JSON_MEDIA_ATTACHMENTS));
	if (poll != NULL && json_find(poll, "options", &options))
		feed_json_each(j, &options, choice);
	read_card(j, json_get(f, JSON_CARD));
	feed_json_lang(j, json_get(f, JSON_LANGUAGE));
}

/* What somebody else wrote and this account shows: boosted or quoted. */
static void
read_inner(struct feed_json *j, const struct json_value *v)
{
	struct json_fields f;

	if (v == NULL || v->kind != JSON_KIND_OBJECT)
		return;
	feed_json_fields(j, v, &f);
	read_parts(j, &f);
	feed_json_link(j, JSON_FIRST(&f, JSON_URL, JSON_URI));
}

static void
read_status(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *quote = json_get(f, JSON_QUOTE);
	struct json_value quoted;

	feed_json_begin(j);
	feed_json_id(j, JSON_FIRST(f, JSON_ID, JSON_URI));
	if (j->base != NULL && j->d.it.id != NULL &&
	    strstr(j->base, "/api/v") != NULL &&
	    strlen(j->d.it.id) < sizeof(j->lowest)) {
		/* Newest first: the last one is the oldest. */
		j->page = "max_id";
		strcpy(j->lowest, j->d.it.id);
	}
	feed_json_url(j, json_get(f, JSON_URL), 2);
	feed_json_url(j, json_get(f, JSON_URI), 1);
	feed_json_author(j, json_get(f, JSON_ACCOUNT));
	feed_json_published(j, json_get(f, JSON_CREATED_AT));
	feed_json_updated(j, json_get(f, JSON_EDITED_AT));
	feed_json_reply(j, json_get(f, JSON_IN_REPLY_TO_ID));
	if (json_get(f, JSON_REBLOG) != NULL)
		read_inner(j, json_get(f, JSON_REBLOG));
	else
		read_parts(j, f);
	if (quote != NULL)
		read_inner(
		    j, json_find(quote, "quoted_status", &quoted) ? &quoted : quote);
	feed_json_end(j);
}

const struct feed_json_kind feed_json_status = {"mastodon", is_status, read_status};

/* --- streams --- */

/* Events that say nothing of posts. */
static const char *const silent[] = {"filters_changed", "notification", "conversation",
    "announcement", "announcement.reaction", "announcement.delete", "encrypted_message",
    "notifications_merged", "heartbeat", "ping"};

static inline bool
is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

void
feed_json_event(
    struct feed_json *j, const char *event, size_t nevent, const char *data, size_t n)
{
	struct json_reader outer = j->r;
	struct json_value v;
	bool posts = nevent == 0 || is(event, nevent, "update") ||
		     is(event, nevent, "status.update");
	bool gone;

	for (size_t i = 0; !posts && i < sizeof(silent) / sizeof(silent[0]); i++)
		if (is(event, nevent, silent[i]))
			return;
	gone = !posts && is(event, nevent, "delete");
	json_reader_init(&j->r, data, n);
	if (gone && json_peek(&j->r) != JSON_KIND_OBJECT) {
		json_read(&j->r, &v);
		feed_json_gone_value(j, &v);
		j->known++;
	} else if (gone && j->map != NULL) {
		json_read(&j->r, &v);
		feed_json_map_gone(j, &v);
	} else {
		while (json_peek(&j->r) == JSON_KIND_OBJECT)
			feed_json_next(j);
	}
	if (json_peek(&j->r) != JSON_KIND_NONE || j->r.p < j->r.end)
		j->r.broken = true;
	outer.broken = outer.broken || j->r.broken;
	j->r = outer;
}

/* The form of WebSockets and of many logs: {"event": "update", "payload": "{...}"}. */
static bool
is_event(const struct json_fields *f)
{
	return json_has(f, JSON_EVENT) && json_has(f, JSON_PAYLOAD) &&
	       f->v[JSON_EVENT].kind == JSON_KIND_STRING &&
	       f->v[JSON_PAYLOAD].kind != JSON_KIND_ARRAY;
}

static void
read_event(struct feed_json *j, const struct json_fields *f)
{
	const struct json_value *e = &f->v[JSON_EVENT], *p = &f->v[JSON_PAYLOAD];
	struct buf b = {0};
	const char *data = p->p;
	size_t n = p->n;

	if (j->enveloped)
		return; /* no server puts one into another */
	if (p->kind == JSON_KIND_STRING)
		data = json_text(p, &b, p->n, &n);
	j->enveloped = true;
	feed_json_event(j, e->p, e->n, data, n);
	j->enveloped = false;
	buf_free(&b);
}

const struct feed_json_kind feed_json_envelope = {"mastodon", is_event, read_event};
