/* SPDX-License-Identifier: Apache-2.0 */
/* words_chunk: what stands between blanks: pictographs, addresses, punctuation around a
 * core; see words_in.h. */
#include <string.h>

#include "glyph.h"
#include "mem.h"
#include "mend.h"
#include "words_in.h"

/* --- pictures */

static size_t
picture_at(const char *s, size_t n, uint32_t *cp)
{
	int len;

	if ((uint8_t)s[0] < 0xe2 || (len = mem_utf8(s, n, cp)) == 0)
		return 0;
	return glyph_is_picture(*cp) ? (size_t)len : 0;
}

static bool
is_regional(uint32_t cp)
{
	return cp >= 0x1f1e6 && cp <= 0x1f1ff;
}

static void
take_picture(struct words *w, size_t a, size_t len, uint32_t cp)
{
	const char *name = glyph_word(cp);

	if (cp >= 0x1f3fb && cp <= 0x1f3ff) /* the colour of a skin */
		return;
	if (is_regional(cp))
		name = "flag";
	if (name != NULL)
		words_emit(w, name, strlen(name), a, a + len, WORD_PICTURE);
	else
		words_emit(w, w->fold.text + a, len, a, a + len, WORD_PICTURE);
}

/* A picture inside of a word: the word without it, if that is one and its parts are
 * none. */
static bool
join_around(struct words *w, const char *s, size_t n, size_t a)
{
	char t[MEND_MAX];
	size_t o = 0, part = 0;
	size_t pieces = 1, parts = 0;
	uint32_t cp;

	while (n > 0 && strchr(".,!?;:\"')", s[n - 1]) != NULL)
		n--;
	if (n > sizeof(t))
		return false;
	for (size_t i = 0, len; i < n; i += len) {
		len = picture_at(s + i, n - i, &cp);
		if (len > 0 && (i == 0 || i + len == n))
			return false;
		if (len > 0) {
			parts += o - part > 1 && words_known(w, t + part, o - part);
			pieces++;
			part = o;
			continue;
		}
		if (!words_is_letter(s[i]))
			return false;
		t[o++] = words_lower(s[i]);
		len = 1;
	}
	parts += o - part > 1 && words_known(w, t + part, o - part);
	if (parts == pieces || o < 2)
		return false;
	words_letters(w, t, o, a, a + n, WORD_MENDED);
	return true;
}

/* --- chunks */

static bool
starts(const char *s, size_t n, const char *with)
{
	size_t k = strlen(with);

	if (n < k)
		return false;
	for (size_t i = 0; i < k; i++)
		if (words_lower(s[i]) != with[i])
			return false;
	return true;
}

/* An address or a name of somebody: one word for all of them. */
static const char *
placeholder(const struct words *w, const char *s, size_t n)
{
	if (starts(s, n, "http://") || starts(s, n, "https://") ||
	    starts(s, n, "www.") || starts(s, n, "[url]"))
		return "url";
	if (starts(s, n, "[user]") || starts(s, n, "<user>"))
		return "user";
	if (n > 2 && s[0] == '@' && words_is_letter(s[1])) {
		struct mended m;
		char t[16];

		for (size_t i = 0; i < n && n <= sizeof(t); i++)
			t[i] = words_lower(s[i]);
		return n <= 5 && words_signs(w, t, n, &m) ? NULL : "user";
	}
	return NULL;
}

static void
take_text(struct words *w, size_t a, size_t b)
{
	const char *s = w->fold.text;
	size_t end;

	for (; a < b && strchr("\"'([{<>*_~-.,:;!?=", s[a]) != NULL; a++) {
		if (s[a] == '"')
			w->quoted = !w->quoted;
		if (s[a] == '*' && b - a > 2 && s[b - 1] != '*')
			break; /* may be a letter that was starred out */
		if (s[a] == '<' || s[a] == '-' || s[a] == '(')
			if (b - a > 2 && !words_is_letter(s[a + 1]))
				continue;
	}
	for (end = b; end > a && strchr("\"')]}>*_~-.,:;!?=/", s[end - 1]) != NULL;
	     end--)
		if ((s[end - 1] == '*' || s[end - 1] == '_') && words_is_letter(s[a]) &&
		    end - a > 2 && strchr("\"'([{<*_~-", s[a > 0 ? a - 1 : 0]) == NULL)
			break;
	if (end > a)
		words_core(w, a, end, 0);
	for (; end < b; end++) {
		if (s[end] == '"')
			w->quoted = !w->quoted;
		if (strchr(".!?;", s[end]) != NULL)
			words_end(w, s[end]);
	}
}

void
words_chunk(struct words *w, size_t a, size_t b)
{
	const char *s = w->fold.text, *as = placeholder(w, s + a, b - a);
	size_t from = a;
	bool pictures = false;
	uint32_t cp, next;

	if (as != NULL) {
		words_emit(w, as, strlen(as), a, b, 0);
		return;
	}
	for (size_t i = a; i < b && !pictures; i++)
		pictures = (uint8_t)s[i] >= 0xe2 && picture_at(s + i, b - i, &cp) > 0;
	if (!pictures) {
		take_text(w, a, b);
		return;
	}
	if (join_around(w, s + a, b - a, a)) {
		for (size_t i = b; i > a && strchr(".!?\",;:')", s[i - 1]) != NULL; i--)
			if (strchr(".!?", s[i - 1]) != NULL)
				words_end(w, s[i - 1]);
		return;
	}
	for (size_t i = a, len; i < b; i += len) {
		len = picture_at(s + i, b - i, &cp);
		if (len == 0) {
			len = 1;
			continue;
		}
		if (i > from)
			take_text(w, from, i);
		/* Two letters make a flag. */
		if (is_regional(cp) && i + 8 <= b &&
		    picture_at(s + i + 4, 4, &next) == 4 && is_regional(next))
			len = 8;
		take_picture(w, i, len, cp);
		from = i + len;
	}
	if (from < b)
		take_text(w, from, b);
}
