/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template: logic-less templates in the Mustache language (mustache(5), the core
 * of the public Mustache specification 1.x: variables, dotted names, sections,
 * inverted sections, implicit iterators, comments, partials with the indentation
 * of standalone ones, delimiters; no lambdas, no inheritance) over JSON values.
 *
 * Templates are written by the operator and may be wrong; data comes from tenants
 * and may be wicked.  So the output never holds a control or direction mark that
 * came from data, every loop is bounded, and a name that the data lacks is an
 * error unless the caller asks for the specification's silence (lenient).
 */
#ifndef TOSD_NOTICE_TEMPLATE_H
#define TOSD_NOTICE_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define TEMPLATE_MAX_DEPTH 32 /* nested sections of one text, nested partials */
#define TEMPLATE_MAX_OUTPUT (1u << 20)	 /* bytes rendered */
#define TEMPLATE_MAX_SOURCE (1u << 20)	 /* bytes of one template */
#define TEMPLATE_MAX_PARTIALS (4u << 20) /* bytes of partials read in one rendering */
#define TEMPLATE_MAX_STEPS 4000000u	 /* tags and texts passed in one rendering */

/* What is done to data on its way into the output. */
enum template_mode {
	TEMPLATE_HTML,	 /* & < > " ' become references, unless {{{ }}} or {{& }} */
	TEMPLATE_TEXT,	 /* nothing is escaped */
	TEMPLATE_HEADER, /* one line; a line break is refused, and what is not plain
			  * ASCII comes out as encoded words (RFC 2047): a header's
			  * value */
};

struct template;

/* The text of a partial, or NULL if there is none.  It must stay until the end of
 * the rendering. */
typedef const char *template_partial(void *ctx, const char *name);

/* Told of each thing rendered, so that a caller can see what a reader will see. */
struct template_watch {
	/* A variable was written: where it was found in the data ("items.url": list
	 * positions left out) and whether anything of it was visible. */
	void (*value)(void *ctx, const char *path, bool empty);
	/* A comment was passed: its text and the output's length at that point. */
	void (*comment)(void *ctx, const char *text, size_t offset);
	void *ctx;
};

struct template_options {
	enum template_mode mode;
	bool lenient;		   /* what is absent is empty, not an error */
	template_partial *partial; /* NULL: no partials */
	void *ctx;		   /* for partial */
	bool one_line;		   /* line breaks and tabs of data become spaces */
	/* Names whose sections may be absent; ends in NULL. */
	const char *const *optional;
	const struct template_watch *watch; /* NULL: nobody */
};

/* Reads n bytes of text (UTF-8) into *out, which the caller frees.  0, TOSD_EINVAL
 * (e names the line) or TOSD_ELIMIT. */
int template_parse(const char *text, size_t n, struct template **out, struct err *e);
void template_free(struct template **t);

/* What a tag refers to, for checks before anything is rendered. */
enum template_ref { TEMPLATE_REF_VALUE, TEMPLATE_REF_SECTION, TEMPLATE_REF_PARTIAL };
typedef int template_visit(
    void *ctx, enum template_ref ref, const char *name, unsigned line);
/* Calls visit for each tag in order until it returns other than 0; returns that. */
int template_walk(const struct template *t, template_visit *visit, void *ctx);

/* Appends the rendered text to out.  0; TOSD_EINVAL (absent name, unsuited value,
 * broken partial), TOSD_ENOENT (no such partial), TOSD_ELIMIT.  After an error out is
 * as it was before.
 *
 * False are: null, false, 0, "" and the empty list; all else is true. */
int template_render(const struct template *t, const json_t *data,
    const struct template_options *o, struct buf *out, struct err *e);

#endif
