/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_loosen: an expression for those whose \w, \b and cases are of ASCII or of an
 * older Unicode: it matches at least where the expression does, whatever letters they
 * know.
 */
#include <stdlib.h>
#include <string.h>

#include "regex_in.h"

#define OTHERS "\\x{80}-\\x{10ffff}"

/* Scripts that have had two cases only since Unicode 8, or have got more since:
 * Hyperscan has not heard of that. */
static bool
has_new_case(uint32_t cp)
{
	static const uint32_t from[] = {0x10a0, 0x13a0, 0x1c80, 0xa720, 0xab30, 0x10400,
	    0x16e40, 0x1e900},
			      to[] = {0x10ff, 0x13ff, 0x1cbf, 0xa7ff, 0xabbf, 0x10fff,
				  0x16e7f, 0x1e95f};

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (cp >= from[i] && cp <= to[i])
			return true;
	return false;
}

static bool
loosen_escape(const char *s, size_t n, struct sb *out)
{
	if (s[1] == 'k' || s[1] == 'g')
		return false;
	if (s[1] == 'b' || s[1] == 'B')
		sb_puts(out, "(?:)");
	else if (s[1] == 'w' || s[1] == 'd' || s[1] == 's')
		sb_printf(out, "[\\%c" OTHERS "]", s[1]);
	else
		sb_put(out, s, n);
	return true;
}

/* Groups lose their names, which Hyperscan knows in ASCII only.  What speaks of another
 * group cannot be loosened. */
static bool
loosen_opening(const char *s, size_t n, struct sb *out)
{
	bool quoted = n > 3 && (s[n - 1] == '>' || s[n - 1] == '\'') && s[1] == '?';
	bool other = n > 2 && (strncmp(s, "(?P", 3) == 0 || strchr("&(", s[2]) != NULL);

	if (quoted)
		sb_puts(out, "(");
	else
		sb_put(out, s, n);
	return quoted || !other;
}

/* Without what may be more elsewhere, a class that leaves out takes more. */
static bool
loosen_class(const char *s, size_t n, struct sb *out)
{
	bool negated = s[1] == '^', more = false;

	for (size_t i = 1; i + 1 < n; i++) {
		uint32_t cp = 0;
		bool posix = s[i] == '[' && s[i + 1] == ':';
		bool less = posix ? s[i + 2] == '^'
				  : s[i] == '\\' && strchr("WDS", s[i + 1]) != NULL;

		if (negated && less)
			return false;
		mem_utf8(s + i, n - i, &cp);
		more = more || posix || has_new_case(cp) ||
		       (s[i] == '\\' && strchr("wds", s[i + 1]) != NULL);
		i += s[i] == '\\';
	}
	sb_put(out, s, n - 1);
	sb_puts(out, more && !negated ? OTHERS "]" : "]");
	return true;
}

static void
loosen_char(const char *s, size_t *n, struct sb *out)
{
	uint32_t cp = 0;
	int len = mem_utf8(s, strlen(s), &cp);

	*n = len > 0 ? (size_t)len : 1;
	if (has_new_case(cp))
		sb_puts(out, "[" OTHERS "]");
	else
		sb_put(out, s, *n);
}

bool
regex_loosen(const char *part, size_t n, struct sb *out)
{
	char *own = mem_dup(part, n);
	bool ok = true;
	uint32_t cp;

	for (const char *s = own; ok && *s != '\0'; s += n) {
		n = *s == '[' ? regex_class_end(s) : *s == '(' ? regex_opening(s) : 1;
		if (*s == '[' && n > 0) {
			ok = loosen_class(s, n, out);
		} else if (*s == '\\') {
			n = regex_escape(s, &cp);
			ok = loosen_escape(s, n, out);
		} else if (*s == '(') {
			ok = loosen_opening(s, n, out);
		} else {
			ok = n > 0;
			loosen_char(s, &n, out);
		}
	}
	free(own);
	return ok;
}
