/* SPDX-License-Identifier: Apache-2.0 */
/*
 * markup: one tolerant tokenizer for XML and HTML.
 *
 * It reads valid UTF-8 in one forward pass, never fails and never allocates:
 * tokens point into the caller's bytes.  What breaks the rules of XML is noted
 * (first fault and its place) and read as well as it can be.  No DTD is
 * processed and nothing external is ever opened; entities declared in the
 * document itself are kept, one level deep and with a budget.
 *
 * Linear on any input: where a terminator is missed, that is remembered, so
 * that the rest of the document is not searched for it again.
 */
#ifndef TOSD_FEED_MARKUP_H
#define TOSD_FEED_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct markup_str {
	const char *p;
	size_t n;
};

enum markup_mode { MARKUP_XML, MARKUP_HTML };

enum markup_kind {
	MARKUP_TEXT,	/* text: character data, references not decoded */
	MARKUP_CDATA,	/* text: literal character data */
	MARKUP_OPEN,	/* name, attributes, empty for <a/> */
	MARKUP_CLOSE,	/* name */
	MARKUP_COMMENT, /* text */
	MARKUP_PI,	/* text: all between <? and ?> */
	MARKUP_DOCTYPE, /* text: all between <! and > */
};

enum markup_fault {
	MARKUP_FINE,
	MARKUP_BARE_LT,	 /* < that opens nothing */
	MARKUP_BARE_AMP, /* & that opens no reference */
	MARKUP_BAD_REF,	 /* reference to no known or no allowed character */
	MARKUP_BAD_ATTR, /* no value, no quotes, no space between */
	MARKUP_TWICE_ATTR,
	MARKUP_MISSING_GT,
	MARKUP_UNTERMINATED, /* comment, CDATA, instruction or DOCTYPE */
	MARKUP_MISNESTED,  /* an end tag that closes nothing, or an element left open */
	MARKUP_BAD_PREFIX, /* a prefix that no xmlns declares */
	MARKUP_OUTSIDE,	   /* something but white space outside the root element */
	MARKUP_LATE_DECL,  /* <?xml that is not at the start */
	MARKUP_BAD_CHAR,   /* a control character or byte that is not allowed */
	MARKUP_TOO_DEEP,
	MARKUP_NFAULTS
};

/* Words for people, e.g. "an & that starts no reference". */
const char *markup_fault_text(enum markup_fault f);

#define MARKUP_ATTRS 128   /* more attributes of one tag are skipped */
#define MARKUP_ENTITIES 64 /* more declared entities are left out */
#define MARKUP_FOLD 32	   /* longer HTML names are compared cut */

struct markup_attr {
	struct markup_str name;
	struct markup_str value; /* references not decoded */
};

struct markup_token {
	enum markup_kind kind;
	struct markup_str source; /* the whole token as written */
	struct markup_str name;	  /* lower case in HTML mode */
	struct markup_str text;
	size_t nattrs; /* in markup.attrs */
	bool empty;
	bool skipped; /* it has more than MARKUP_ATTRS */
};

struct markup {
	const char *start, *at, *end;
	enum markup_mode mode;
	enum markup_fault fault; /* the first one */
	const char *fault_at;
	size_t faults; /* how many */
	/* Optional, XML mode: is this an element the caller expects?  Decides
	 * whether "<name<" lost its > or is text. */
	bool (*known)(const char *name, size_t n);
	struct markup_str enclosing; /* the open element, set by the caller */
	/* Where the next terminator is, from where it was last looked for. */
	const char *comment_end, *cdata_end, *pi_end;
	const char *plain_until;   /* tags before this: quotes do not count */
	bool no_subset_end, no_gt; /* known to be missed from here on */
	unsigned no_raw_end;	   /* raw text elements known to have no end */
	unsigned raw;		   /* inside this raw text element (index + 1) */
	size_t expanded;	   /* bytes made from declared entities so far */
	bool undeclared;	   /* there were more of them than are kept */
	size_t left_out;	   /* references to such that stay as they are written */
	bool expanding;		   /* the value of one is being decoded */
	struct {
		struct markup_str name, value;
	} entities[MARKUP_ENTITIES];
	size_t nentities;
	char fold[MARKUP_FOLD];
	struct markup_attr attrs[MARKUP_ATTRS];
};

/* The bytes stay the caller's and must outlive m and its tokens. */
void markup_init(struct markup *m, enum markup_mode mode, const char *s, size_t n);

/* The next token; false at the end. */
bool markup_next(struct markup *m, struct markup_token *t);

/* Notes a fault found by the caller; only the first one is kept. */
void markup_note(struct markup *m, enum markup_fault f, const char *at);

/* The attribute's value (references not decoded), NULL if there is none.  Names
 * compare without case: some write isPermalink. */
const struct markup_str *markup_attr(
    const struct markup *m, const struct markup_token *t, const char *name);

/* Appends s with references decoded; unknown ones stay as they are. */
void markup_decode(struct markup *m, struct buf *out, const char *s, size_t n);
/* The same, and < and & are written as references again: text for a reader that does not
 * know what the document declares. */
void markup_expand(struct markup *m, struct buf *out, const char *s, size_t n);
/* Notes what markup_decode() would note, and writes nothing. */
void markup_check(struct markup *m, const char *s, size_t n);

#endif
