/* SPDX-License-Identifier: Apache-2.0 */
/* answer: what a model said; see answer.h. */
#include "answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_MIN 4 /* bytes, of a text that has more */

static json_t *
load(const char *body, size_t n, struct why *w)
{
	json_error_t e;
	json_t *j = json_loadb(body, n, JSON_REJECT_DUPLICATES, &e);

	if (j == NULL)
		why_set(w, "the answer is no JSON: %.120s", e.text);
	else if (!json_is_object(j))
		why_set(w, "the answer is no JSON object");
	if (j != NULL && !json_is_object(j)) {
		json_decref(j);
		j = NULL;
	}
	return j;
}

/* The one JSON object in what the model wrote. */
static json_t *
load_object(const char *s, size_t n, struct why *w)
{
	const char *from = memchr(s, '{', n);
	json_error_t e;
	json_t *j;

	if (from == NULL) {
		why_set(w, "the model wrote no JSON object");
		return NULL;
	}
	n -= (size_t)(from - s);
	j = json_loadb(from, n, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &e);
	if (j == NULL) {
		why_set(w, "the model's JSON cannot be read: %.120s", e.text);
		return NULL;
	}
	/* A second object may say the opposite. */
	if (e.position < 0 || (size_t)e.position > n ||
	    memchr(from + e.position, '{', n - (size_t)e.position) != NULL) {
		why_set(w, "the model wrote more than one JSON object");
		json_decref(j);
		return NULL;
	}
	return j;
}

static int
take_text(const json_t *o, const char *key, char *out, size_t size, struct why *w)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);

	if (s == NULL)
		return why_set(w, "the model's answer has no string \"%s\"", key);
	if (n >= size)
		return why_set(w, "\"%s\" of the model's answer is too long", key);
	memcpy(out, s, n);
	out[n] = '\0';
	return 0;
}

static int
take_members(const json_t *o, struct answer *out, struct why *w)
{
	const json_t *quote = json_object_get(o, "quote");
	const json_t *confidence = json_object_get(o, "confidence");

	if (take_text(o, "label", out->label, sizeof(out->label), w) != 0 ||
	    take_text(o, "clause", out->clause, sizeof(out->clause), w) != 0)
		return -1;
	if (!json_is_string(quote))
		return why_set(w, "the model's answer has no string \"quote\"");
	if (!json_is_number(confidence) || !(json_number_value(confidence) >= 0) ||
	    !(json_number_value(confidence) <= 1))
		return why_set(
		    w, "the model's \"confidence\" is no number from 0 to 1");
	out->confidence = json_number_value(confidence);
	out->quote_len = json_string_length(quote);
	if (out->quote_len > 0)
		out->quote = mem_dup(json_string_value(quote), out->quote_len);
	return 0;
}

int
answer_chat(const char *body, size_t n, struct answer *out, struct why *w)
{
	json_t *j = load(body, n, w), *said;
	const json_t *choice = json_array_get(json_object_get(j, "choices"), 0);
	const json_t *text =
	    json_object_get(json_object_get(choice, "message"), "content");
	const char *end = json_string_value(json_object_get(choice, "finish_reason"));
	int rc = -1;

	if (j == NULL)
		return -1;
	if (!json_is_string(text)) {
		why_set(w, "the answer has no choices[0].message.content");
	} else if (end != NULL && strcmp(end, "stop") != 0) {
		why_set(w, "the model was cut short: finish_reason \"%.40s\"", end);
	} else if ((said = load_object(json_string_value(text),
			json_string_length(text), w)) != NULL) {
		rc = take_members(said, out, w);
		json_decref(said);
	}
	json_decref(j);
	return rc;
}

void
answer_clear(struct answer *a)
{
	free(a->quote);
	memset(a, 0, sizeof(*a));
}

int
answer_quote(
    const struct answer *a, const char *text, size_t n, uint32_t *start, struct why *w)
{
	const char *at;

	if (a->quote == NULL)
		return why_set(w, "the model quotes nothing");
	if (a->quote_len < QUOTE_MIN && a->quote_len < n)
		return why_set(w, "the model's quote is too short to mean anything");
	at = memmem(text, n, a->quote, a->quote_len);
	if (at == NULL)
		return why_set(w, "the model's quote is no part of the text");
	*start = (uint32_t)(at - text);
	return 0;
}

int
answer_moderation(const char *body, size_t n, const struct labels *l,
    double scores[LABELS_MAX], struct why *w)
{
	json_t *j = load(body, n, w);
	const json_t *all = json_object_get(
	    json_array_get(json_object_get(j, "results"), 0), "category_scores");
	int rc = 0;

	if (j == NULL)
		return -1;
	if (!json_is_object(all))
		rc = why_set(w, "the answer has no results[0].category_scores");
	for (size_t i = 0; rc == 0 && i < l->n; i++) {
		const json_t *v = json_object_get(all, l->v[i].name);

		scores[i] = json_number_value(v);
		/* A category that is missing was not judged. */
		if (!json_is_number(v) || !(scores[i] >= 0) || !(scores[i] <= 1))
			rc =
			    why_set(w, "the answer has no score from 0 to 1 for \"%s\"",
				l->v[i].name);
	}
	json_decref(j);
	return rc;
}

void
answer_refusal(const char *body, size_t n, int status, struct why *w)
{
	json_t *j = json_loadb(body, n, 0, NULL);
	const json_t *error = json_object_get(j, "error");
	const json_t *said = json_object_get(error, "message");
	const char *s = json_string_value(said != NULL ? said : error);

	why_set(w, "the endpoint does not take it: status %d%s%.160s", status,
	    s != NULL ? "; it says: " : "", s != NULL ? s : "");
	json_decref(j);
}
