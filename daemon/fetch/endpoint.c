/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint: limits and addresses of model endpoints; see endpoint.h. */
#include "fetch/endpoint.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "ipc/msg.h"

#define WORDS_SHOWN 160 /* characters of the server's own words */

void
fetch_endpoint_conf(struct conf_fetch *to, const struct conf_fetch *fetch,
    const struct conf_endpoint *p)
{
	*to = *fetch;
	to->timeout = p->timeout;
	if (to->connect_timeout > p->timeout)
		to->connect_timeout = p->timeout;
	to->max_body = p->max_answer;
	to->max_redirects = 0;
	to->max_connections = to->max_host_connections = p->parallel;
	to->max_streams = 0;
	to->host_gap = 0;
	/* Retry-After is the engine's to heed; a pause in here would hide it from
	 * there. */
	to->interval_max = 0;
	to->allow = p->allow;
	to->nallow = p->nallow;
}

char *
fetch_endpoint_url(const struct conf_endpoint *p, uint8_t kind)
{
	size_t n = strlen(p->url);

	while (n > 0 && p->url[n - 1] == '/')
		n--;
	return xasprintf("%.*s/%s", (int)n, p->url,
	    kind == ASK_CHAT ? "chat/completions" : "moderations");
}

/* OpenAI's form of an error, and those of servers that only speak its protocol. */
static const char *
message_of(const json_t *j)
{
	const json_t *error = json_object_get(j, "error");
	const json_t *v[] = {json_object_get(error, "message"), error,
	    json_object_get(j, "message"), json_object_get(j, "detail")};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (json_is_string(v[i]) && json_string_length(v[i]) > 0)
			return json_string_value(v[i]);
	return NULL;
}

/* Appends what the server says of it.  Of a key that is refused it may repeat the key,
 * which has no place in a log. */
static void
put_message(struct buf *b, const struct fetch_result *r)
{
	json_t *j = NULL;
	const char *s = NULL;

	if (r->status >= 400 && r->status != 401 && r->status != 403 && r->body.len > 0)
		j = json_loadb(r->body.data, r->body.len, 0, NULL);
	s = message_of(j);
	if (s != NULL) {
		buf_puts(b, "; it says: ");
		text_escape_buf(b, s, text_prefix(s, WORDS_SHOWN));
	}
	json_decref(j);
}

char *
fetch_endpoint_words(const struct fetch_result *r)
{
	static const struct {
		int from, to;
		const char *words;
	} rows[] = {
	    {300, 399, "it redirects, which is not followed"},
	    {400, 400, "the server refuses the request"},
	    {401, 401, "the server refuses the API key"},
	    {404, 404, "not found: a wrong address or model"},
	    {413, 413, "the server finds the request too large"},
	    {422, 422, "the server refuses the request"},
	};
	const char *words = r->why != NULL ? r->why : "";
	struct buf b = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (r->status >= rows[i].from && r->status <= rows[i].to)
			words = rows[i].words;
	buf_puts(&b, words);
	put_message(&b, r);
	return buf_take(&b);
}
