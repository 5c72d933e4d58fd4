/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_answer: what an endpoint may say to plugin `moderation'.  The bytes are an
 * answer of either protocol, up to the first NUL; what comes after that is the text of
 * the item. What is checked: a quote that is let pass stands in the text, scores and
 * confidence are from 0 to 1, and the same bytes give the same answer.
 */
#include <stdlib.h>
#include <string.h>

#include "moderation/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int what)
{
	if (!what)
		abort();
}

/* The model's words alone, so that the fuzzer need not find the frame. */
static void
framed(const char *s, size_t n, const char *text, size_t len)
{
	struct answer a = {.confidence = 0}, b = {.confidence = 0};
	struct sb body = {0};
	struct why w;
	uint32_t at = 0;
	int rc;

	sb_puts(&body, "{\"choices\":[{\"message\":{\"content\":\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			sb_put(&body, "\\", 1);
		if (c < 0x20)
			sb_printf(&body, "\\u%04x", c);
		else
			sb_put(&body, s + i, 1);
	}
	sb_puts(&body, "\"}}]}");
	rc = answer_chat(body.data, body.len, &a, &w);
	must(rc == answer_chat(body.data, body.len, &b, &w));
	if (rc == 0) {
		must(a.confidence >= 0 && a.confidence <= 1);
		must(strcmp(a.label, b.label) == 0 && a.quote_len == b.quote_len);
		if (answer_quote(&a, text, len, &at, &w) == 0)
			must(at + a.quote_len <= len &&
			     memcmp(text + at, a.quote, a.quote_len) == 0);
	}
	answer_clear(&a);
	answer_clear(&b);
	sb_free(&body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct labels l;
	const char *s = (const char *)data, *end;
	double v[LABELS_MAX];
	struct answer a = {.confidence = 0};
	struct why w;
	size_t n;

	if (size == 0)
		return 0;
	if (l.n == 0)
		must(labels_parse("a = c low 1; threat = c high 2", "m", &l, &w) == 0);
	end = memchr(s, 0, size);
	n = end != NULL ? (size_t)(end - s) : size;
	answer_chat(s, n, &a, &w);
	answer_clear(&a);
	if (answer_moderation(s, n, &l, v, &w) == 0)
		for (size_t i = 0; i < l.n; i++)
			must(v[i] >= 0 && v[i] <= 1);
	framed(s, n, end != NULL ? end + 1 : "", end != NULL ? size - n - 1 : 0);
	return 0;
}
