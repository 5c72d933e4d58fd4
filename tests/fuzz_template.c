/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_template: a template, its partial and its data out of one input, cut at NUL
 * bytes.  What is checked: nothing breaks, the limits hold, strict and lenient
 * rendering agree wherever strict rendering succeeds, text comes out as UTF-8 without
 * controls from data, and a header has one line of ASCII.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "notice/notice.h"
#include "notice/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
partial(void *ctx, const char *name)
{
	return name[0] == 'n' ? NULL : ctx;
}

static void
must(bool what)
{
	if (!what)
		abort();
}

static void
check_output(const struct buf *b, enum template_mode mode)
{
	must(b->len <= TEMPLATE_MAX_OUTPUT * 3);
	must(text_valid(b->data == NULL ? "" : b->data, b->len));
	for (size_t i = 0; mode == TEMPLATE_HEADER && i < b->len; i++)
		must(b->data[i] >= 0x20 && b->data[i] <= 0x7e);
}

static void
check_all(const struct template *t, const json_t *j, const char *part)
{
	for (int mode = TEMPLATE_HTML; mode <= TEMPLATE_HEADER; mode++) {
		struct template_options o = {.mode = (enum template_mode)mode,
		    .partial = partial,
		    .ctx = (void *)part};
		struct buf strict = {0}, lenient = {0};
		int rc = template_render(t, j, &o, &strict, NULL);

		o.lenient = true;
		if (template_render(t, j, &o, &lenient, NULL) == 0)
			check_output(&lenient, o.mode);
		if (rc == 0)
			must(strict.len == lenient.len &&
			     (strict.len == 0 ||
				 memcmp(strict.data, lenient.data, strict.len) == 0));
		buf_free(&strict);
		buf_free(&lenient);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 3), *part, *doc;
	struct template *t = NULL;
	struct buf b = {0};
	json_t *j;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	memset(text + size, 0, 3);
	part = text + strlen(text) + 1;
	if (part > text + size)
		part = text + size;
	doc = part + strlen(part) + 1;
	if (doc > text + size)
		doc = text + size;
	j = json_loads(doc, JSON_DECODE_ANY, NULL);
	if (j == NULL)
		j = json_pack("{s:s, s:[i,i,s], s:{s:s, s:b}, s:s}", "a", "<x>", "l", 1,
		    2, "three", "o", "a", "inner", "b", 1, "t", doc);
	if (j == NULL)
		j = json_object();
	if (template_parse(text, strlen(text), &t, NULL) == 0)
		check_all(t, j, part);
	template_free(&t);
	json_decref(j);
	notice_quote(
	    &b, part, size > 0 ? data[0] : 0, size > 1 ? data[1] : 0, size % 80);
	must(text_valid(b.data == NULL ? "" : b.data, b.len));
	must(b.data == NULL || strstr(b.data, "http://") == NULL);
	buf_reset(&b);
	notice_defang(&b, doc);
	must(b.data == NULL || strstr(b.data, "http://") == NULL);
	buf_free(&b);
	free(text);
	return 0;
}
