/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what a model said, read as if an enemy had written it: a tenant chooses the text
 * that the model sees.  An answer that is not exactly what was asked for is none: the
 * plugin abstains, and says why.
 *
 * Of a chat answer the first choice's text counts.  It must hold one JSON object; a code
 * fence, words or thoughts around it are let pass as long as no further brace is among
 * them.  Members but the four that were asked for are not looked at; none may be there
 * twice.
 */
#ifndef MODERATION_ANSWER_H
#define MODERATION_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "label.h"

#define ANSWER_WORDS 128

struct answer {
	char label[LABEL_NAME];
	char clause[ANSWER_WORDS]; /* as the model says, cut */
	char *quote;		   /* NULL: none */
	size_t quote_len;
	double confidence;
};

/* 0, or -1 and why.  Set out to zero before; answer_clear() it in any case. */
int answer_chat(const char *body, size_t n, struct answer *out, struct why *w);
void answer_clear(struct answer *a);

/* Where the quote stands in the text, literally; -1 and why: nowhere, or too short to
 * mean anything. */
int answer_quote(const struct answer *a, const char *text, size_t n, uint32_t *start,
    struct why *w);

/* The scores of those categories of which there is a label, in the labels' order. */
int answer_moderation(const char *body, size_t n, const struct labels *l,
    double scores[LABELS_MAX], struct why *w);

/* Why there is none: the status, and what the endpoint says of it. */
void answer_refusal(const char *body, size_t n, int status, struct why *w);

#endif
