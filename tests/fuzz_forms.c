/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_forms: any bytes, mended to valid UTF-8, as a text whose disguises are undone.
 * What is checked: lengths hold, spans lie within the text and cut no character, and
 * the same text gives the same words.
 */
#include <stdlib.h>
#include <string.h>

#include "kit/mem.h"
#include "kit/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vocab *
make_vocab(void)
{
	static const char list[] =
	    "kill murder shoot the you them we will should all burn i a u "
	    "die hope hang beat them together not every one of to be";
	struct vocab *v = vocab_new();

	for (const char *s = list; *s != '\0';) {
		size_t n = strcspn(s, " ");

		vocab_add_word(v, s, n, n > 3 ? 7 : 0, 4);
		s += n + (s[n] == ' ');
	}
	return v;
}

static void
must(int what)
{
	if (!what)
		abort();
}

static void
check_spans(const struct words *w, const char *s, size_t n)
{
	must(w->len <= 4 * n + 16);
	for (size_t i = 0; i < w->n; i++) {
		const struct word *v = &w->v[i];

		must(v->from < v->to && v->to <= n && v->at + v->len < w->len);
		must((s[v->from] & 0xc0) != 0x80);
		must(v->to == n || (s[v->to] & 0xc0) != 0x80);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vocab *vocab;
	static struct words one, two;
	static struct fold f;
	char *s = malloc(size + 1);
	size_t n = 0;

	if (vocab == NULL)
		vocab = make_vocab();
	for (size_t i = 0; i < size;) {
		uint32_t cp;
		int len = mem_utf8((const char *)data + i, size - i, &cp);

		for (int k = 0; k < len && cp != 0; k++)
			s[n++] = (char)data[i + (size_t)k];
		i += len > 0 ? (size_t)len : 1;
	}
	s[n] = '\0';
	words_take(&one, vocab, s, n);
	check_spans(&one, s, n);
	words_take(&two, vocab, s, n);
	must(one.n == two.n && one.len == two.len &&
	     memcmp(one.text, two.text, one.len) == 0);
	fold_text(&f, s, n);
	must(f.len <= n);
	for (size_t i = 0; i < f.len; i++) {
		uint32_t from, to;

		fold_span(&f, i, i + 1, &from, &to);
		must(from <= to && to <= n);
	}
	free(s);
	return 0;
}
