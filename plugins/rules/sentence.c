/* SPDX-License-Identifier: Apache-2.0 */
/* sentence: see sentence.h. */
#include "sentence.h"

#include <string.h>

#define DIGITS 3 /* of the number of an entry */

static bool
begins_with(const char *s, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - s) >= n && memcmp(s, what, n) == 0;
}

/* Over blanks, and over what cannot be seen: in a text as written they are not yet what
 * folding makes of them. */
static const char *
skip_blanks(const char *s, const char *end)
{
	static const char *const wide[] = {
	    "\u00a0", "\u200b", "\u200c", "\u200d", "\u2060", "\u3000", "\ufeff"};

	while (s < end) {
		size_t i = 0;

		if (*s == ' ' || *s == '\t' || *s == '\r') {
			s++;
			continue;
		}
		while (
		    i < sizeof(wide) / sizeof(wide[0]) && !begins_with(s, end, wide[i]))
			i++;
		if (i == sizeof(wide) / sizeof(wide[0]))
			break;
		s += strlen(wide[i]);
	}
	return s;
}

static bool
is_blank(const char *s, const char *end)
{
	return s < end && (*s == ' ' || *s == '\t' || begins_with(s, end, "\u00a0"));
}

/* "- ", "* " or "+ ", "1. " or "12) ", or a bullet, which folding takes for "-". */
static bool
begins_entry(const char *s, const char *end)
{
	size_t digits = 0;

	if (*s == '-' || begins_with(s, end, "\u2022"))
		return true;
	if (*s == '*' || *s == '+')
		return is_blank(s + 1, end);
	while (digits <= DIGITS && s + digits < end && s[digits] >= '0' &&
	       s[digits] <= '9')
		digits++;
	s += digits;
	return digits > 0 && digits <= DIGITS && s < end && (*s == '.' || *s == ')') &&
	       is_blank(s + 1, end);
}

/* s: behind a line break. */
static bool
begins_anew(const char *s, const char *end)
{
	s = skip_blanks(s, end);
	return s < end && (*s == '\n' || *s == '>' || begins_entry(s, end));
}

/* Where the text begins behind its first line, if that goes on in it: only blank lines
 * are between, and it begins with a small letter, as nothing does that begins anew.
 * s: behind the first line break; NULL: it goes on in nothing. */
static const char *
behind_title(const char *s, const char *end)
{
	const char *at = skip_blanks(s, end);

	if (at == end || *at != '\n')
		return NULL;
	while (at < end && *at == '\n')
		at = skip_blanks(at + 1, end);
	return at < end && *at >= 'a' && *at <= 'z' ? at : NULL;
}

const char *
sentence_mark(const char *s, size_t n, struct sb *own)
{
	const char *end = s + n, *at = memchr(s, '\n', n), *text;
	char *copy = NULL;

	if (at == NULL)
		return s;
	text = behind_title(at + 1, end);
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		size_t i = (size_t)(at++ - s);

		if (!begins_anew(at, end))
			continue;
		if (copy == NULL) {
			own->len = 0;
			sb_put(own, s, n);
			copy = own->data;
		}
		copy[i] = text != NULL && at < text ? SENTENCE_TITLE : SENTENCE_MARK;
	}
	return copy != NULL ? copy : s;
}
