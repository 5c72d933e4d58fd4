/* SPDX-License-Identifier: Apache-2.0 */
/* scan_item: a line of input of `tosctl scan' as an item; see tosctl_scan.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/item.h"
#include "tosctl/tosctl_scan.h"

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
	bad = bad || (quality != NULL && !json_is_integer(quality)) || url == NULL;
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
		     "one, and "
		     "sha256, md5 and pdq in lower-case hexadecimal"
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
	json_array_foreach(links, i, v)
	{
		if (!json_is_string(v))
			return "`links' must be a list of strings";
		item_add_link(it, json_string_value(v));
	}
	json_array_foreach(media, i, v) if (why == NULL) why = take_medium(it, v);
	return why;
}

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
	/* Without a date no rule counts as expired. */
	*time = it->published_raw != NULL ? clock_parse(it->published_raw) : CLOCK_NONE;
	return take_lists(it, o);
}
