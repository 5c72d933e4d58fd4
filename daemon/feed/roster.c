/* SPDX-License-Identifier: Apache-2.0 */
/* roster: rows kept, refused and folded; see roster.h. */
#include "feed/roster.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "feed/charset.h"
#include "feed/url.h"

static void
row_clear(struct roster_row *row)
{
	free(row->tenant);
	free(row->name);
	free(row->url);
	free(row->site);
	free(row->contact);
	free(row->manager);
	free(row->contract);
	memset(row, 0, sizeof(*row));
}

void
roster_clear(struct roster *r)
{
	for (size_t i = 0; i < r->n; i++)
		row_clear(&r->v[i]);
	for (size_t i = 0; i < r->nrefused; i++)
		free(r->refused[i].why);
	free(r->title);
	free(r->v);
	free(r->refused);
	memset(r, 0, sizeof(*r));
}

void
roster_say(struct roster *r, size_t line, const char *why)
{
	if (r->nrefused == ROSTER_ROWS) {
		r->truncated = true;
		return;
	}
	if (r->nrefused == r->refused_cap) {
		r->refused_cap = r->refused_cap > 0 ? r->refused_cap * 2 : 16;
		r->refused = xrealloc(r->refused, r->refused_cap * sizeof(*r->refused));
	}
	r->refused[r->nrefused++] =
	    (struct roster_refused){.line = line, .why = xstrdup(why)};
}

void
roster_refuse(struct roster *r, size_t i, const char *why)
{
	roster_say(r, r->v[i].line, why);
	free(r->v[i].url);
	r->v[i].url = NULL;
}

/* Words for what is wrong with a row, NULL if nothing is. */
static const char *
wrong(const struct roster_row *row)
{
	const char *const fields[] = {row->tenant, row->name, row->url, row->site,
	    row->contact, row->manager, row->contract};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i] != NULL && strlen(fields[i]) > ROSTER_FIELD)
			return "a value is longer than 4096 bytes";
	if (row->url == NULL)
		return "names no feed address";
	if (strncasecmp(row->url, "feed:", 5) == 0 || !feed_url_is_web(row->url))
		return "its address is neither http:// nor https://";
	return NULL;
}

/* feed://host/path and feed:https://host/path, as browsers once wrote it. */
static void
mend_scheme(struct roster_row *row)
{
	char *old = row->url;

	if (old == NULL || strncasecmp(old, "feed:", 5) != 0)
		return;
	if (strncmp(old + 5, "//", 2) == 0)
		row->url = xasprintf("http:%s", old + 5);
	else
		row->url = xstrdup(old + 5);
	free(old);
}

void
roster_put_take(struct roster *r, struct roster_row *row)
{
	const char *why;

	mend_scheme(row);
	why = wrong(row);
	if (why == NULL && r->n == ROSTER_ROWS) {
		r->truncated = true;
		why = "beyond the limit of 100000 rows";
	}
	if (why != NULL) {
		roster_say(r, row->line, why);
		row_clear(row);
		return;
	}
	if (r->n == r->cap) {
		r->cap = r->cap > 0 ? r->cap * 2 : 64;
		r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->n++] = *row;
	memset(row, 0, sizeof(*row));
}

/* --- what is there twice --- */

static int
compare(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* By address, then by line, so that the first one of each comes first. */
static int
by_url(const void *a, const void *b)
{
	const struct roster_row *x = *(struct roster_row *const *)a;
	const struct roster_row *y = *(struct roster_row *const *)b;
	int d = strcmp(x->url, y->url);

	return d != 0 ? d : (x->line > y->line) - (x->line < y->line);
}

void
roster_fold(struct roster *r)
{
	struct roster_row **v = xcalloc(r->n + 1, sizeof(struct roster_row *));
	size_t n = r->n, kept = 0;

	for (size_t i = 0; i < n; i++)
		v[i] = &r->v[i];
	qsort(v, n, sizeof(struct roster_row *), by_url);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(v[i]->url, v[first]->url) != 0) {
			first = i;
		} else if (compare(v[i]->tenant, v[first]->tenant) == 0) {
			r->folded++;
			v[i]->line = 0;
		} else {
			char *why = xasprintf("the same feed is at line %zu under "
					      "another tenant",
			    v[first]->line);

			roster_say(r, v[i]->line, why);
			free(why);
			v[i]->line = 0;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (r->v[i].line == 0) {
			row_clear(&r->v[i]);
			continue;
		}
		r->v[kept++] = r->v[i];
	}
	r->n = kept;
	free(v);
}

enum roster_kind
roster_kind(const void *body, size_t n)
{
	struct feed_text text;
	enum roster_kind kind;
	size_t i = 0;

	feed_text_read(&text, body, n, NULL);
	while (i < text.n && (unsigned char)text.p[i] <= ' ')
		i++;
	/* An HTML-escaped file starts with a reference. */
	kind = i < text.n && (text.p[i] == '<' ||
				 (text.n - i > 4 && memcmp(text.p + i, "&lt;", 4) == 0))
		   ? ROSTER_OPML
		   : ROSTER_CSV;
	feed_text_free(&text);
	return kind;
}
