/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_parse: a template's text into the nodes of template_tree.h.  One pass,
 * linear in the text; every byte is looked at a bounded number of times.
 */
#include "notice/template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "notice/template_tree.h"

struct parser {
	struct template *t;
	const char *start, *p, *end; /* p: all before it is parsed */
	const char *open, *close;    /* delimiters, not NUL-terminated */
	size_t nopen, nclose;
	const char *counted; /* lines are counted up to here */
	unsigned line;
	size_t open_sections[TEMPLATE_MAX_DEPTH];
	unsigned depth;
	struct err *e;
};

/* One tag between its delimiters. */
struct tag {
	const char *start, *end; /* the whole, delimiters included */
	char sigil;		 /* one of #^/!>&={ or 0 for a variable */
	const char *inner;	 /* the name, trimmed */
	size_t ninner;
	const char *indent, *after; /* if alone on its line: line's start, next line */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
	       c == '\v';
}

static unsigned
line_at(struct parser *ps, const char *where)
{
	for (; ps->counted < where; ps->counted++)
		if (*ps->counted == '\n')
			ps->line++;
	return ps->line;
}

/* A name for an error text: short, and nothing in it moves a terminal's cursor. */
static const char *
shown(const char *s, size_t n, char out[64])
{
	text_escape(out, 64, s, n);
	return out;
}

static struct node *
add_node(struct parser *ps, enum node_kind kind, const char *where)
{
	struct template *t = ps->t;
	struct node *nd;

	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->nodes = xrealloc(t->nodes, t->cap * sizeof(*t->nodes));
	}
	nd = &t->nodes[t->n++];
	memset(nd, 0, sizeof(*nd));
	nd->kind = kind;
	nd->line = line_at(ps, where);
	return nd;
}

static void
add_text(struct parser *ps, const char *from, const char *to)
{
	struct node *nd;

	if (from >= to)
		return;
	nd = add_node(ps, NODE_TEXT, from);
	nd->text = from;
	nd->len = (size_t)(to - from);
}

/* Splits "a.b.c" into parts.  False if one of them is empty. */
static bool
set_name(struct node *nd, const char *s, size_t n)
{
	nd->name = xstrndup(s, n);
	if (n == 1 && s[0] == '.')
		return true;
	nd->parts = xstrndup(s, n);
	nd->nparts = 1;
	if (n == 0 || s[0] == '.' || s[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '.')
			continue;
		if (s[i + 1] == '.')
			return false;
		nd->parts[i] = '\0';
		nd->nparts++;
	}
	return true;
}

/* Where a tag's inner text ends: at `close`, for {{{ and {{= after one more
 * character that belongs to the tag.  NULL: the tag is not closed. */
static const char *
find_close(const struct parser *ps, const char *from, char extra)
{
	if (extra == '\0')
		return memmem(from, (size_t)(ps->end - from), ps->close, ps->nclose);
	for (; (from = memchr(from, extra, (size_t)(ps->end - from))) != NULL; from++)
		if ((size_t)(ps->end - from - 1) >= ps->nclose &&
		    memcmp(from + 1, ps->close, ps->nclose) == 0)
			return from;
	return NULL;
}

static int
read_tag(struct parser *ps, const char *at, struct tag *tag)
{
	const char *q = at + ps->nopen, *stop;
	char extra = '\0', name[64];

	memset(tag, 0, sizeof(*tag));
	tag->start = at;
	while (q < ps->end && is_space(*q))
		q++;
	if (q < ps->end && strchr("#^/!>&={", *q) != NULL && *q != '\0')
		tag->sigil = *q++;
	if (tag->sigil == '{')
		extra = '}';
	else if (tag->sigil == '=')
		extra = '=';
	stop = find_close(ps, q, extra);
	if (stop == NULL)
		return err_set(ps->e, TOSD_EINVAL,
		    "line %u: the tag `%s' is not closed", line_at(ps, at),
		    shown(at, ps->end - at > 24 ? 24 : (size_t)(ps->end - at), name));
	tag->end = stop + (extra != '\0') + ps->nclose;
	while (q < stop && is_space(*q))
		q++;
	while (stop > q && is_space(stop[-1]))
		stop--;
	tag->inner = q;
	tag->ninner = (size_t)(stop - q);
	return 0;
}

/* Tags that print nothing of their own take their line with them when they stand
 * alone on it. */
static void
find_standalone(const struct parser *ps, struct tag *tag)
{
	const char *a = tag->start, *z = tag->end;

	if (tag->sigil == '\0' || strchr("#^/!>=", tag->sigil) == NULL)
		return;
	while (a > ps->p && (a[-1] == ' ' || a[-1] == '\t'))
		a--;
	if (a != ps->start && a[-1] != '\n')
		return;
	while (z < ps->end && (*z == ' ' || *z == '\t'))
		z++;
	if (z < ps->end && *z == '\r' && z + 1 < ps->end && z[1] == '\n')
		z++;
	if (z < ps->end && *z != '\n')
		return;
	tag->indent = a;
	tag->after = z < ps->end ? z + 1 : z;
}

static int
open_section(struct parser *ps, struct node *nd)
{
	if (ps->depth == TEMPLATE_MAX_DEPTH)
		return err_set(ps->e, TOSD_ELIMIT,
		    "line %u: more than %d sections in one another", nd->line,
		    TEMPLATE_MAX_DEPTH);
	ps->open_sections[ps->depth++] = ps->t->n - 1;
	return 0;
}

static int
close_section(struct parser *ps, const struct tag *tag)
{
	char is[64], want[64];
	struct node *nd;

	shown(tag->inner, tag->ninner, is);
	if (ps->depth == 0)
		return err_set(ps->e, TOSD_EINVAL,
		    "line %u: `%s' is closed but not open", line_at(ps, tag->start),
		    is);
	nd = &ps->t->nodes[ps->open_sections[--ps->depth]];
	if (strlen(nd->name) != tag->ninner ||
	    memcmp(nd->name, tag->inner, tag->ninner) != 0)
		return err_set(ps->e, TOSD_EINVAL,
		    "line %u: `%s' is closed where `%s' of line %u is open",
		    line_at(ps, tag->start), is,
		    shown(nd->name, strlen(nd->name), want), nd->line);
	nd->end = ps->t->n;
	return 0;
}

/* "{{=<% %>=}}": two words, without white space or '='. */
static int
set_delimiters(struct parser *ps, const struct tag *tag)
{
	const char *s = tag->inner, *end = s + tag->ninner, *mid = s, *second;

	while (mid < end && !is_space(*mid))
		mid++;
	second = mid;
	while (second < end && is_space(*second))
		second++;
	for (const char *c = second; c < end; c++)
		if (is_space(*c))
			second = end;
	if (mid == s || second == end || memchr(s, '=', tag->ninner) != NULL)
		return err_set(ps->e, TOSD_EINVAL,
		    "line %u: delimiters are set as "
		    "`=OPEN CLOSE=', two words without `='",
		    line_at(ps, tag->start));
	ps->open = s;
	ps->nopen = (size_t)(mid - s);
	ps->close = second;
	ps->nclose = (size_t)(end - second);
	return 0;
}

static const struct {
	char sigil;
	enum node_kind kind;
} kinds[] = {
    {'\0', NODE_VALUE},
    {'{', NODE_VALUE_RAW},
    {'&', NODE_VALUE_RAW},
    {'#', NODE_SECTION},
    {'^', NODE_INVERTED},
    {'>', NODE_PARTIAL},
    {'!', NODE_COMMENT},
};

static int
add_tag(struct parser *ps, const struct tag *tag)
{
	struct node *nd;
	char name[64];
	size_t k = 0;

	if (tag->sigil == '=')
		return set_delimiters(ps, tag);
	if (tag->sigil == '/')
		return close_section(ps, tag);
	while (kinds[k].sigil != tag->sigil)
		k++;
	nd = add_node(ps, kinds[k].kind, tag->start);
	if (nd->kind == NODE_COMMENT) {
		nd->text = tag->inner;
		nd->len = tag->ninner;
		return 0;
	}
	if (!set_name(nd, tag->inner, tag->ninner) && nd->kind != NODE_PARTIAL)
		return err_set(ps->e, TOSD_EINVAL, "line %u: `%s' is no name", nd->line,
		    shown(tag->inner, tag->ninner, name));
	if (nd->kind == NODE_PARTIAL && tag->indent != NULL) {
		nd->text = tag->indent;
		nd->len = (size_t)(tag->start - tag->indent);
	}
	if (nd->kind == NODE_SECTION || nd->kind == NODE_INVERTED)
		return open_section(ps, nd);
	return 0;
}

static int
parse_all(struct parser *ps)
{
	struct tag tag;
	const char *at;
	int rc;

	while ((at = memmem(ps->p, (size_t)(ps->end - ps->p), ps->open, ps->nopen)) !=
	       NULL) {
		rc = read_tag(ps, at, &tag);
		if (rc != 0)
			return rc;
		find_standalone(ps, &tag);
		add_text(ps, ps->p, tag.after != NULL ? tag.indent : tag.start);
		rc = add_tag(ps, &tag);
		if (rc != 0)
			return rc;
		ps->p = tag.after != NULL ? tag.after : tag.end;
	}
	add_text(ps, ps->p, ps->end);
	if (ps->depth > 0) {
		const struct node *nd = &ps->t->nodes[ps->open_sections[ps->depth - 1]];
		char name[64];

		return err_set(ps->e, TOSD_EINVAL, "line %u: `%s' is never closed",
		    nd->line, shown(nd->name, strlen(nd->name), name));
	}
	return 0;
}

int
template_parse(const char *text, size_t n, struct template **out, struct err *e)
{
	struct template *t;
	struct parser ps = {
	    .open = "{{", .close = "}}", .nopen = 2, .nclose = 2, .line = 1};
	int rc;

	*out = NULL;
	if (n > TEMPLATE_MAX_SOURCE)
		return err_set(e, TOSD_ELIMIT,
		    "the template has %zu bytes, at most %u are read", n,
		    TEMPLATE_MAX_SOURCE);
	if (!text_valid(text, n) || (n > 0 && memchr(text, '\0', n) != NULL))
		return err_set(e, TOSD_EINVAL, "the template is not plain UTF-8 text");
	t = xcalloc(1, sizeof(*t));
	t->source = xmalloc(n + 1);
	if (n > 0)
		memcpy(t->source, text, n);
	t->source[n] = '\0';
	t->size = n;
	ps.t = t;
	ps.e = e;
	ps.start = ps.p = ps.counted = t->source;
	ps.end = t->source + n;
	rc = parse_all(&ps);
	if (rc != 0)
		template_free(&t);
	*out = t;
	return rc;
}

void
template_free(struct template **tp)
{
	struct template *t = *tp;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->nodes[i].name);
		free(t->nodes[i].parts);
	}
	free(t->nodes);
	free(t->source);
	free(t);
	*tp = NULL;
}

int
template_walk(const struct template *t, template_visit *visit, void *ctx)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct node *nd = &t->nodes[i];
		enum template_ref ref = TEMPLATE_REF_VALUE;
		int rc;

		if (nd->name == NULL)
			continue;
		if (nd->kind == NODE_PARTIAL)
			ref = TEMPLATE_REF_PARTIAL;
		else if (nd->kind == NODE_SECTION || nd->kind == NODE_INVERTED)
			ref = TEMPLATE_REF_SECTION;
		rc = visit(ctx, ref, nd->name, nd->line);
		if (rc != 0)
			return rc;
	}
	return 0;
}
