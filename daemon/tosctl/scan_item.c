/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_item: an item out of a line of input, see tosctl_scan.h.  A plain line, as
 * nearly all are, is read where it stands; a tree made of it cost a seventh of judging
 * it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/item.h"
#include "base/text.h"
#include "feed/json.h"
#include "tosctl/tosctl_scan.h"

/* An item without a date is as old as our knowledge of it, as in the daemon: what has
 * expired today finds nothing in it.  CLOCK_NONE: what it has is no date. */
static int64_t
time_of(const char *published)
{
	return published != NULL ? clock_parse(published) : clock_now();
}

/* --- with a tree */

/* Of links, and of media: more than any reader of the daemon gives.  Each is looked for
 * among all before it. */
#define MOST 2000

static char *
take_string(const json_t *o, const char *key, bool *bad)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL || json_is_null(v))
		return NULL;
	if (!json_is_string(v)) {
		*bad = true;
		return NULL;
	}
	return xstrdup(json_string_value(v));
}

static bool
is_quality(const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0 &&
	       json_integer_value(v) <= 100;
}

/* {"url", "type", "text", "sha256", "md5", "pdq", "quality"}; NULL, or what is wrong.
 */
static const char *
take_medium(struct item *it, const json_t *o)
{
	const char *url = json_string_value(json_object_get(o, "url"));
	const json_t *quality = json_object_get(o, "quality");
	char *v[3];
	bool bad = false;

	v[0] = take_string(o, "sha256", &bad);
	v[1] = take_string(o, "md5", &bad);
	v[2] = take_string(o, "pdq", &bad);
	bad = bad || url == NULL || (quality != NULL && !is_quality(quality));
	for (int i = 0; i < 3 && !bad; i++)
		bad = v[i] != NULL &&
		      (strlen(v[i]) != (i == 1 ? 32 : 64) ||
			  strspn(v[i], "0123456789abcdef") != strlen(v[i]));
	for (size_t i = 0; i < it->nmedia && !bad; i++)
		bad = strcmp(it->media[i].url, url) == 0;
	if (!bad) {
		item_add_media(it, url, json_string_value(json_object_get(o, "type")),
		    json_string_value(json_object_get(o, "text")));
		if (v[0] != NULL || v[1] != NULL || v[2] != NULL)
			item_media_hash(&it->media[it->nmedia - 1], v[0], v[1], v[2],
			    quality != NULL ? (int32_t)json_integer_value(quality)
					    : 100,
			    NULL);
	}
	for (int i = 0; i < 3; i++)
		free(v[i]);
	return bad ? "`media' must be a list of objects with \"url\", each another "
		     "one, sha256, md5 and pdq in lower-case hexadecimal, and a "
		     "quality from 0 to 100"
		   : NULL;
}

static const char *
take_lists(struct item *it, const json_t *o)
{
	const json_t *links = json_object_get(o, "links"), *v;
	const json_t *media = json_object_get(o, "media");
	const char *why = NULL;
	size_t i;

	if ((links != NULL && !json_is_array(links)) ||
	    (media != NULL && !json_is_array(media)))
		return "`links' and `media' must be lists";
	if (json_array_size(links) > MOST || json_array_size(media) > MOST)
		return "more than 2,000 `links' or `media': no post has so many";
	json_array_foreach(links, i, v)
	{
		if (!json_is_string(v))
			return "`links' must be a list of strings";
		item_add_link(it, json_string_value(v));
	}
	json_array_foreach(media, i, v) if (why == NULL) why = take_medium(it, v);
	return why;
}

/* NULL, or why the line is no item. */
const char *
scan_read_item(const json_t *o, struct item *it, int64_t *time)
{
	const json_t *id = json_object_get(o, "id");
	bool bad = false;

	if (!json_is_object(o))
		return "not a JSON object";
	if (!json_is_string(id) && !json_is_integer(id))
		return "`id' must be a string or a whole number";
	it->title = take_string(o, "title", &bad);
	it->text = take_string(o, "text", &bad);
	it->summary = take_string(o, "summary", &bad);
	it->author = take_string(o, "author", &bad);
	it->url = take_string(o, "url", &bad);
	it->lang = take_string(o, "lang", &bad);
	it->published_raw = take_string(o, "published", &bad);
	if (bad)
		return "text, title, summary, author, url, lang and published must be "
		       "strings";
	if (it->text == NULL && it->title == NULL && it->summary == NULL &&
	    json_object_get(o, "media") == NULL)
		return "no `text'";
	if ((*time = time_of(it->published_raw)) == CLOCK_NONE)
		return "`published' must be a time such as 2026-12-24T18:00:00Z";
	return take_lists(it, o);
}

void
scan_mark_unhashed(struct item *it)
{
	for (size_t i = 0; i < it->nmedia; i++) {
		struct item_media *m = &it->media[i];

		if (m->sha256 == NULL && m->md5 == NULL && m->pdq == NULL)
			item_media_hash(
			    m, NULL, NULL, NULL, 0, "the input has no hash of it");
	}
}

/* --- where it stands */

static const char *const keys[] = {
    "id", "title", "text", "summary", "author", "url", "lang", "published"};
#define KEYS (sizeof(keys) / sizeof(keys[0]))
#define DIGITS 18 /* of an id that is a number; no such is too large */

static size_t
key_of(const struct json_value *name)
{
	size_t i = 0;

	while (i < KEYS && (name->escaped || strlen(keys[i]) != name->n ||
			       memcmp(keys[i], name->p, name->n) != 0))
		i++;
	return i;
}

/* NULL where it is no string, or one that jansson may refuse: what is no character, or
 * U+0000, is U+FFFD here. */
static char *
take_plain(const struct json_value *v, struct buf *b)
{
	const char *s;
	size_t n;

	if (v->kind != JSON_KIND_STRING)
		return NULL;
	s = json_text(v, b, SIZE_MAX, &n);
	return v->escaped && memmem(s, n, "\uFFFD", 3) != NULL ? NULL : xstrndup(s, n);
}

static json_t *
take_id(const struct json_value *v, const char *text)
{
	char digits[DIGITS + 1] = {0};

	if (text != NULL)
		return json_string_nocheck(text);
	if (v->kind != JSON_KIND_NUMBER || v->n > DIGITS)
		return NULL;
	memcpy(digits, v->p, v->n);
	if (strspn(digits, "0123456789") < v->n)
		return NULL;
	return json_integer(strtoll(digits, NULL, 10));
}

/* Fills in v, each a string of its own, and *id; false: the line is not plain. */
static bool
take_members(struct json_reader *r, char *v[KEYS], json_t **id, struct buf *b)
{
	struct json_value name, value;

	json_enter(r);
	while (json_member(r, &name)) {
		size_t k = key_of(&name);

		json_read(r, &value);
		if (k == KEYS || v[k] != NULL || (k == 0 && *id != NULL))
			return false;
		v[k] = take_plain(&value, b);
		if (k == 0)
			*id = take_id(&value, v[0]);
		if (k == 0 ? *id == NULL : v[k] == NULL)
			return false;
	}
	json_peek(r);
	return r->p == r->end && !r->broken && *id != NULL;
}

bool
scan_plain_item(const char *s, size_t n, struct item *it, int64_t *time, json_t **id)
{
	char *v[KEYS] = {NULL};
	struct json_reader r;
	struct buf b = {0};
	bool plain;

	*id = NULL;
	json_reader_init(&r, s, n);
	plain = n > 0 && *s == '{' && text_valid(s, n) && take_members(&r, v, id, &b) &&
		(v[1] != NULL || v[2] != NULL || v[3] != NULL) &&
		(*time = time_of(v[7])) != CLOCK_NONE;
	buf_free(&b);
	free(v[0]);
	if (!plain) {
		for (size_t i = 1; i < KEYS; i++)
			free(v[i]);
		json_decref(*id);
		*id = NULL;
		return false;
	}
	it->title = v[1];
	it->text = v[2];
	it->summary = v[3];
	it->author = v[4];
	it->url = v[5];
	it->lang = v[6];
	it->published_raw = v[7];
	return true;
}
