/* SPDX-License-Identifier: Apache-2.0 */
/*
 * face_ask: what a plugin may learn beyond the item: the kept answer of a model
 * endpoint, and what other plugins found.  A question without an answer is noted in the
 * report; who asks it, when and whether at all is the engine's business.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/face.h"

#define MODEL_MAX 200 /* bytes of its name */

_Static_assert(
    (int)TOSD_ASK_CHAT == ASK_CHAT && (int)TOSD_ASK_MODERATION == ASK_MODERATION,
    "the public header and ours name the same kinds of questions");

static bool
has_endpoint(const struct policy_face *f, const char *name)
{
	for (size_t i = 0; f->conf != NULL && i < f->conf->nendpoints; i++)
		if (strcmp(f->conf->endpoints[i].name, name) == 0)
			return true;
	return false;
}

static const char *
bad_question(const struct tosd_report *r, const struct tosd_question *q)
{
	uint8_t d[DIGEST_LEN];

	if (q == NULL || q->size < sizeof(*q))
		return "a question without its size";
	if (!(r->face->granted & TOSD_NEED_ASK))
		return "a question, which it did not say it needs";
	if (q->endpoint == NULL || !has_endpoint(r->face, q->endpoint))
		return "a question to an endpoint that is not configured";
	if (q->kind < 0 || q->kind >= ASK_KINDS)
		return "a question of an unknown kind";
	if (!policy_face_words(q->model, MODEL_MAX))
		return "a question without the name of a model";
	if (q->prompt != NULL && (strnlen(q->prompt, DIGEST_HEX) != DIGEST_HEX - 1 ||
				     !digest_unhex(q->prompt, d, sizeof(d))))
		return "a question whose prompt is no digest";
	if (q->body.ptr == NULL || q->body.len == 0 ||
	    q->body.len > TOSD_QUESTION_BYTES || !text_valid(q->body.ptr, q->body.len))
		return "a question that is empty, too long or no UTF-8";
	if (r->asked > TOSD_QUESTIONS)
		return "too many questions about one item";
	return NULL;
}

static void
note_question(struct tosd_report *r, const struct tosd_question *q)
{
	struct msg_question *to;

	r->questions =
	    xrealloc(r->questions, (r->nquestions + 1) * sizeof(*r->questions));
	to = &r->questions[r->nquestions++];
	*to = (struct msg_question){.plugin = xstrdup(r->face->plugin),
	    .endpoint = xstrdup(q->endpoint),
	    .kind = (uint8_t)q->kind,
	    .model = xstrdup(q->model),
	    .prompt = xstrdup(q->prompt)};
	buf_put(&to->body, q->body.ptr, q->body.len);
}

int
policy_face_ask(const struct tosd_host *h, struct tosd_report *r,
    const struct tosd_question *q, struct tosd_answer *a)
{
	const struct policy_face *f = policy_face_of(h);
	char key[DIGEST_HEX];
	const char *bad;

	if (f->phase == POLICY_OPENING && q != NULL && q->size >= sizeof(*q))
		return q->endpoint != NULL && has_endpoint(f, q->endpoint) ? 0 : -1;
	if (f->phase != POLICY_CHECKING || r == NULL || r->face != f)
		return -1;
	r->asked++;
	bad = a == NULL || a->size < sizeof(*a) ? "for an answer without its size"
						: bad_question(r, q);
	if (bad != NULL) {
		if (r->bad[0] == '\0')
			snprintf(r->bad, sizeof(r->bad), "asked %s", bad);
		return -1;
	}
	msg_question_key(q->endpoint, (uint8_t)q->kind, q->body.ptr, q->body.len, key);
	for (uint32_t i = 0; i < r->nanswers; i++)
		if (strcmp(r->answers[i].key, key) == 0) {
			const struct buf *b = &r->answers[i].body;

			a->status = r->answers[i].status;
			a->body.ptr = b->data != NULL ? b->data : "";
			a->body.len = b->len;
			return 1;
		}
	note_question(r, q);
	return 0;
}

static int
found_report(struct tosd_found *f)
{
	f->rule = POLICY_REPORT_RULE;
	f->category = POLICY_REPORT_CATEGORY;
	f->severity = TOSD_LOW;
	f->mode = TOSD_SHADOW;
	f->score = 1;
	f->span = (struct tosd_span){0, 0};
	return 1;
}

int
policy_face_found(const struct tosd_host *h, const struct tosd_report *r, size_t i,
    struct tosd_found *f)
{
	const struct finding *from;

	if (r == NULL || r->face != policy_face_of(h) || f == NULL ||
	    f->size < sizeof(*f))
		return 0;
	if (r->reported && i-- == 0)
		return found_report(f);
	if (i >= r->nfound)
		return 0;
	from = &r->found[i];
	f->rule = from->rule;
	f->category = from->category;
	f->severity = from->severity;
	f->mode = (int32_t)from->mode;
	f->score = from->score;
	f->span = (struct tosd_span){0, 0};
	if (from->nspans > 0)
		f->span = (struct tosd_span){from->spans[0].start, from->spans[0].end};
	return 1;
}
