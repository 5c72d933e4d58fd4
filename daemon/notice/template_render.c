/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_render: walks a parsed template over JSON data.  Recursion goes one
 * level deeper per section and per partial, both limited; loops are limited by
 * steps and output, so that neither a template nor data can keep us busy.
 */
#include "notice/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "notice/mail_word.h"
#include "notice/template_tree.h"

/* The context stack: the innermost value first. */
struct frame {
	const json_t *value;
	const struct frame *up;
	const char *path; /* where it is in the data; NULL unless somebody watches */
};

/* A partial that was read in this rendering, with one indentation. */
struct partial {
	char *name, *indent;
	struct template *t;
	struct partial *next;
};

/* Partials that are being rendered, innermost first. */
struct active {
	const char *name;
	const struct active *up;
	unsigned depth;
};

struct render {
	const struct template_options *o;
	struct buf *out;
	size_t base; /* length of out before */
	unsigned steps;
	size_t partial_bytes;
	struct partial *partials;
	struct err *e;
};

static int render_range(struct render *r, const struct template *t, size_t from,
    size_t to, const struct frame *f, const struct active *a);

static int
put(struct render *r, const char *s, size_t n)
{
	if (n > TEMPLATE_MAX_OUTPUT - (r->out->len - r->base))
		return err_set(r->e, TOSD_ELIMIT,
		    "the rendered text would be longer than %u bytes",
		    TEMPLATE_MAX_OUTPUT);
	buf_put(r->out, s, n);
	return 0;
}

static const char *
html_reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* What becomes of a control or direction mark in data: a space, itself, or nothing. */
static const char *
control_as(const struct template_options *o, uint32_t cp)
{
	bool flat = o->one_line || o->mode == TEMPLATE_HEADER;

	if (cp == '\n')
		return flat ? " " : "\n";
	if (cp == '\t')
		return flat ? " " : "\t";
	return "";
}

/* Appends data, cleaned and escaped as the mode asks. */
static int
put_data(struct render *r, const char *s, size_t n, bool escape)
{
	size_t run = 0;
	uint32_t cp;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n;) {
		int len = text_decode(s + i, n - i, &cp);
		const char *as = NULL;

		if (len == 0) {
			as = "\xef\xbf\xbd";
			len = 1;
		} else if (text_is_control(cp)) {
			as = control_as(r->o, cp);
		} else if (escape && len == 1) {
			as = html_reference(s[i]);
		}
		if (as != NULL) {
			rc = put(r, s + run, i - run);
			if (rc == 0)
				rc = put(r, as, strlen(as));
			run = i + (size_t)len;
		}
		i += (size_t)len;
	}
	return rc == 0 ? put(r, s + run, n - run) : rc;
}

/* The shortest text that reads back as the same number. */
static void
real_text(double v, char out[32])
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, 32, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			return;
	}
}

static bool
truthy(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_STRING:
		return json_string_length(v) > 0;
	case JSON_INTEGER:
		return json_integer_value(v) != 0;
	case JSON_REAL:
		return json_real_value(v) != 0;
	case JSON_ARRAY:
		return json_array_size(v) > 0;
	default:
		return true;
	}
}

/* Looks nd's name up.  The first part decides in which context the rest must be:
 * a broken chain is absent, it is not looked for further out.  With a watcher,
 * *path is set to where it was found (the caller frees it). */
static const json_t *
resolve(
    const struct render *r, const struct node *nd, const struct frame *f, char **path)
{
	const json_t *v = NULL;
	const char *part = nd->parts;

	*path = NULL;
	if (nd->nparts == 0) {
		if (r->o->watch != NULL)
			*path = xstrdup(f->path);
		return f->value;
	}
	for (; f != NULL; f = f->up)
		if ((v = json_object_get(f->value, part)) != NULL)
			break;
	for (unsigned i = 1; v != NULL && i < nd->nparts; i++) {
		part += strlen(part) + 1;
		v = json_object_get(v, part);
	}
	if (v != NULL && r->o->watch != NULL)
		*path = xasprintf(
		    "%s%s%s", f->path, f->path[0] == '\0' ? "" : ".", nd->name);
	return v;
}

static int
absent(const struct render *r, const struct node *nd)
{
	char name[80];

	text_escape(name, sizeof(name), nd->name, strlen(nd->name));
	return err_set(
	    r->e, TOSD_EINVAL, "line %u: the data has no `%s'", nd->line, name);
}

static bool
is_optional(const struct template_options *o, const char *name)
{
	for (size_t i = 0; o->optional != NULL && o->optional[i] != NULL; i++)
		if (strcmp(o->optional[i], name) == 0)
			return true;
	return false;
}

/* A list or an object as text: only for lenient rendering, where the specification
 * leaves open what comes out. */
static int
put_compound(struct render *r, const struct node *nd, const json_t *v, bool escape)
{
	char *text;
	int rc;

	if (!r->o->lenient)
		return err_set(r->e, TOSD_EINVAL,
		    "line %u: `%.60s' is %s, not one value; use a section", nd->line,
		    nd->name, json_is_array(v) ? "a list" : "an object");
	text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (text == NULL)
		return err_set(r->e, TOSD_ELIMIT,
		    "line %u: `%.60s' is nested too deeply", nd->line, nd->name);
	rc = put_data(r, text, strlen(text), escape);
	free(text);
	return rc;
}

static int
put_string(struct render *r, const struct node *nd, const json_t *v, bool escape)
{
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);

	if (r->o->mode == TEMPLATE_HEADER && strpbrk(s, "\r\n") != NULL)
		return err_set(r->e, TOSD_EINVAL,
		    "line %u: `%.60s' holds a line break, which a header cannot have",
		    nd->line, nd->name);
	return put_data(r, s, n, escape);
}

static int
put_value(struct render *r, const struct node *nd, const json_t *v)
{
	bool escape = nd->kind == NODE_VALUE && r->o->mode == TEMPLATE_HTML;
	char num[32];

	switch (json_typeof(v)) {
	case JSON_NULL:
		return 0;
	case JSON_TRUE:
		return put(r, "true", 4);
	case JSON_FALSE:
		return put(r, "false", 5);
	case JSON_INTEGER:
		snprintf(
		    num, sizeof(num), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return put(r, num, strlen(num));
	case JSON_REAL:
		real_text(json_real_value(v), num);
		return put(r, num, strlen(num));
	case JSON_STRING:
		return put_string(r, nd, v, escape);
	default:
		return put_compound(r, nd, v, escape);
	}
}

static bool
blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t' && s[i] != '\n')
			return false;
	return true;
}

static int
render_value(struct render *r, const struct node *nd, const struct frame *f)
{
	size_t before = r->out->len;
	char *path;
	const json_t *v = resolve(r, nd, f, &path);
	int rc;

	if (v == NULL)
		return r->o->lenient ? 0 : absent(r, nd);
	rc = put_value(r, nd, v);
	if (rc == 0 && r->o->watch != NULL && r->o->watch->value != NULL)
		r->o->watch->value(r->o->watch->ctx, path,
		    r->out->len == before ||
			blank(r->out->data + before, r->out->len - before));
	free(path);
	return rc;
}

static int
render_section(struct render *r, const struct template *t, size_t at,
    const struct frame *f, const struct active *a)
{
	const struct node *nd = &t->nodes[at];
	struct frame inner = {.up = f};
	char *path;
	const json_t *v = resolve(r, nd, f, &path);
	bool yes = v != NULL && truthy(v);
	int rc = 0;

	inner.path = path;
	if (v == NULL && !r->o->lenient && !is_optional(r->o, nd->name)) {
		rc = absent(r, nd);
	} else if (nd->kind == NODE_INVERTED) {
		if (!yes)
			rc = render_range(r, t, at + 1, nd->end, f, a);
	} else if (yes && json_is_array(v)) {
		for (size_t i = 0; rc == 0 && i < json_array_size(v); i++) {
			inner.value = json_array_get(v, i);
			rc = render_range(r, t, at + 1, nd->end, &inner, a);
		}
	} else if (yes) {
		inner.value = v;
		rc = render_range(r, t, at + 1, nd->end, &inner, a);
	}
	free(path);
	return rc;
}

/* The text with the indentation before each line that is not empty. */
static void
indent_text(struct buf *b, const char *text, const char *indent)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (n > 0)
			buf_puts(b, indent);
		buf_put(b, text, n + (text[n] == '\n'));
		text += n + (text[n] == '\n');
	}
}

/* The partial, read before in this rendering or now.  *out NULL: there is none. */
static int
find_partial(
    struct render *r, const char *name, const char *indent, const struct template **out)
{
	struct buf b = {0};
	const char *text;
	struct partial *p;
	int rc;

	*out = NULL;
	for (p = r->partials; p != NULL; p = p->next)
		if (strcmp(p->name, name) == 0 && strcmp(p->indent, indent) == 0) {
			*out = p->t;
			return 0;
		}
	text = r->o->partial == NULL ? NULL : r->o->partial(r->o->ctx, name);
	if (text == NULL)
		return 0;
	/* The indentation of partials in partials adds up: look before growing. */
	if (strlen(text) > TEMPLATE_MAX_SOURCE || strlen(indent) > 1024)
		return err_set(r->e, TOSD_ELIMIT, "partial `%.60s' is too large", name);
	indent_text(&b, text, indent);
	r->partial_bytes += b.len + 1;
	p = xcalloc(1, sizeof(*p));
	if (r->partial_bytes > TEMPLATE_MAX_PARTIALS)
		rc = err_set(r->e, TOSD_ELIMIT, "the partials have more than %u bytes",
		    TEMPLATE_MAX_PARTIALS);
	else
		rc = template_parse(b.data == NULL ? "" : b.data, b.len, &p->t, r->e);
	buf_free(&b);
	if (rc != 0) {
		free(p);
		return rc;
	}
	p->name = xstrdup(name);
	p->indent = xstrdup(indent);
	p->next = r->partials;
	r->partials = p;
	*out = p->t;
	return 0;
}

/* A partial inside itself is sound over data that ends (the specification has such
 * a case) but no notice needs it, so only lenient rendering allows it. */
static int
check_cycle(const struct render *r, const struct node *nd, const struct active *a)
{
	if (a != NULL && a->depth == TEMPLATE_MAX_DEPTH)
		return err_set(r->e, TOSD_ELIMIT,
		    "line %u: partial `%.60s' is more than %d partials deep", nd->line,
		    nd->name, TEMPLATE_MAX_DEPTH);
	for (; a != NULL && !r->o->lenient; a = a->up)
		if (strcmp(a->name, nd->name) == 0)
			return err_set(r->e, TOSD_EINVAL,
			    "line %u: partial `%.60s' includes itself", nd->line,
			    nd->name);
	return 0;
}

static int
render_partial(struct render *r, const struct node *nd, const struct frame *f,
    const struct active *a)
{
	struct active now = {
	    .name = nd->name, .up = a, .depth = a == NULL ? 1 : a->depth + 1};
	const struct template *t = NULL;
	char *indent;
	int rc = check_cycle(r, nd, a);

	if (rc != 0)
		return rc;
	indent = nd->len > 0 ? xstrndup(nd->text, nd->len) : xstrdup("");
	rc = find_partial(r, nd->name, indent, &t);
	free(indent);
	if (rc == 0 && t == NULL)
		return r->o->lenient ? 0
				     : err_set(r->e, TOSD_ENOENT,
					   "line %u: there is no partial `%.60s'",
					   nd->line, nd->name);
	if (rc == 0)
		rc = render_range(r, t, 0, t->n, f, &now);
	if (rc != 0)
		err_wrap(r->e, "partial `%.60s'", nd->name);
	return rc;
}

static void
tell_comment(const struct render *r, const struct node *nd)
{
	const struct template_watch *w = r->o->watch;
	char *text;

	if (w == NULL || w->comment == NULL)
		return;
	text = xstrndup(nd->text, nd->len);
	w->comment(w->ctx, text, r->out->len - r->base);
	free(text);
}

static int
render_node(struct render *r, const struct template *t, size_t i, const struct frame *f,
    const struct active *a)
{
	const struct node *nd = &t->nodes[i];

	switch (nd->kind) {
	case NODE_TEXT:
		return put(r, nd->text, nd->len);
	case NODE_COMMENT:
		tell_comment(r, nd);
		return 0;
	case NODE_VALUE:
	case NODE_VALUE_RAW:
		return render_value(r, nd, f);
	case NODE_SECTION:
	case NODE_INVERTED:
		return render_section(r, t, i, f, a);
	case NODE_PARTIAL:
		return render_partial(r, nd, f, a);
	}
	return 0;
}

static int
render_range(struct render *r, const struct template *t, size_t from, size_t to,
    const struct frame *f, const struct active *a)
{
	int rc = 0;

	if (++r->steps > TEMPLATE_MAX_STEPS) /* an empty body counts as well */
		return err_set(r->e, TOSD_ELIMIT, "rendering takes too many steps");
	for (size_t i = from; rc == 0 && i < to;) {
		const struct node *nd = &t->nodes[i];

		if (++r->steps > TEMPLATE_MAX_STEPS)
			return err_set(
			    r->e, TOSD_ELIMIT, "rendering takes too many steps");
		rc = render_node(r, t, i, f, a);
		i = nd->end > i ? nd->end : i + 1;
	}
	return rc;
}

/* Makes the value of a header of what was rendered: one line, encoded. */
static int
finish_header(struct render *r)
{
	char *s;
	size_t n = r->out->len - r->base;

	if (n == 0)
		return 0;
	s = xstrndup(r->out->data + r->base, n);
	n = strlen(s);
	if (n > 0 && s[n - 1] == '\n') /* a file's last line end */
		s[--n] = '\0';
	if (n > 0 && s[n - 1] == '\r')
		s[--n] = '\0';
	r->out->len = r->base;
	r->out->data[r->base] = '\0';
	if (strpbrk(s, "\r\n") != NULL) {
		free(s);
		return err_set(
		    r->e, TOSD_EINVAL, "a header has one line, the template has more");
	}
	mail_word_encode(r->out, s);
	free(s);
	return 0;
}

int
template_render(const struct template *t, const json_t *data,
    const struct template_options *o, struct buf *out, struct err *e)
{
	struct render r = {.o = o, .out = out, .base = out->len, .e = e};
	struct frame root = {.value = data, .path = ""};
	int rc = render_range(&r, t, 0, t->n, &root, NULL);

	if (rc == 0 && o->mode == TEMPLATE_HEADER)
		rc = finish_header(&r);
	if (rc != 0 && out->data != NULL) {
		out->len = r.base;
		out->data[out->len] = '\0';
	}
	while (r.partials != NULL) {
		struct partial *p = r.partials;

		r.partials = p->next;
		template_free(&p->t);
		free(p->name);
		free(p->indent);
		free(p);
	}
	return rc;
}
