/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: `<target>; name=value; name="value", <target>...', over all header lines of
 * that name; see link.h.  What does not fit is stepped over, each byte once.
 */
#include "fetch/link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define TARGET_MAX 8192

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* One of the words of a value, any case. */
static bool
has_word(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word), len;

	while ((p = skip_space(p, end)) < end) {
		for (len = 0; p + len < end && p[len] != ' ' && p[len] != '\t';)
			len++;
		if (len == n && strncasecmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

/* Reads "; name=value" from p on; the value without its quotes.  Returns what is behind
 * it, NULL if there is no parameter. */
static const char *
parameter(const char *p, const char *end, bool *rel, const char **v, const char **v_end)
{
	const char *name, *name_end;

	p = skip_space(p, end);
	if (p == end || *p != ';')
		return NULL;
	name = skip_space(p + 1, end);
	for (p = name; p < end && strchr("=;, \t", *p) == NULL;)
		p++;
	name_end = p;
	*rel = name_end - name == 3 && strncasecmp(name, "rel", 3) == 0;
	*v = *v_end = p = skip_space(p, end);
	if (p == end || *p != '=')
		return p;
	p = skip_space(p + 1, end);
	if (p < end && *p == '"') {
		*v = ++p;
		while (p < end && *p != '"')
			p++;
		*v_end = p;
		return p < end ? p + 1 : p;
	}
	*v = p;
	while (p < end && strchr(";, \t\r", *p) == NULL)
		p++;
	*v_end = p;
	return p;
}

/* The value of one header line. */
static char *
search(const char *p, const char *end, const char *word)
{
	const char *target, *target_end, *next, *v, *v_end;
	bool rel, found;

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		target = p + 1;
		target_end = memchr(target, '>', (size_t)(end - target));
		if (target_end == NULL)
			return NULL;
		found = false;
		p = target_end + 1;
		/* The first rel counts, further ones do not (RFC 8288, 3.3). */
		for (bool first = true;
		     (next = parameter(p, end, &rel, &v, &v_end)) != NULL; p = next)
			if (rel && first) {
				first = false;
				found = has_word(v, v_end, word);
			}
		if (found && target_end - target <= TARGET_MAX)
			return xstrndup(target, (size_t)(target_end - target));
	}
	return NULL;
}

char *
fetch_link(const struct buf *head, const char *rel)
{
	const char *p = head->data, *end, *line_end;
	char *found = NULL;

	if (p == NULL)
		return NULL;
	for (end = p + head->len; p < end && found == NULL; p = line_end + 1) {
		line_end = memchr(p, '\n', (size_t)(end - p));
		if (line_end == NULL)
			line_end = end;
		if (line_end - p > 5 && strncasecmp(p, "Link:", 5) == 0)
			found = search(p + 5, line_end, rel);
	}
	return found;
}
