/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt: the bodies of requests.  The item's text travels as a JSON string within a JSON
 * string, so that nothing in it can end its own quotation; what is asked for stands in the
 * system message only.  The same input gives the same bytes.
 */
#ifndef MODERATION_PROMPT_H
#define MODERATION_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include "label.h"

struct prompt {
	char *system; /* the policy and what is to be answered */
	char digest[MEM_HEX];
	int64_t seed, max_tokens;
	bool json_mode; /* response_format */
};

/* policy: the operator's text; clean: the label of what violates nothing. */
void prompt_make(struct prompt *p, const char *policy, const struct labels *l,
    const char *clean);
void prompt_free(struct prompt *p);

/* To be freed; NULL if text is no UTF-8. */
char *prompt_chat(const struct prompt *p, const char *model, const char *text, size_t n);
char *prompt_moderation(const char *model, const char *text, size_t n);

#endif
