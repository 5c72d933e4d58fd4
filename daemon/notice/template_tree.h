/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_tree: a parsed template, known to template_parse.c (makes it) and
 * template_render.c (walks it) only.  Nodes lie in one array in the order of the
 * text; a section knows where its body ends, so that no tree has to be built.
 */
#ifndef TOSD_NOTICE_TEMPLATE_TREE_H
#define TOSD_NOTICE_TEMPLATE_TREE_H

#include <stddef.h>

enum node_kind {
	NODE_TEXT,
	NODE_COMMENT,
	NODE_VALUE,
	NODE_VALUE_RAW, /* {{{ }}} and {{& }} */
	NODE_SECTION,
	NODE_INVERTED,
	NODE_PARTIAL,
};

struct node {
	enum node_kind kind;
	unsigned line;
	const char *text; /* of TEXT, COMMENT; a standalone PARTIAL's indentation */
	size_t len;
	char *name;	 /* as written; NULL for TEXT and COMMENT */
	char *parts;	 /* the name's dotted parts, each ended by NUL */
	unsigned nparts; /* 0: the implicit iterator "." */
	size_t end;	 /* of sections: index after the last node of the body */
};

struct template {
	char *source; /* owned; nodes point into it */
	size_t size;
	struct node *nodes;
	size_t n, cap;
};

#endif
