/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice: what is said to whom.  One JSON document holds the facts; a template per
 * kind and audience makes words of it; the result is the exact bytes of one mail,
 * with the same document attached.  The document's names are described in
 * etc/notices.d/README, the points that each notice must make in notice_lint.c.
 */
#ifndef TOSD_NOTICE_NOTICE_H
#define TOSD_NOTICE_NOTICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum notice_audience {
	NOTICE_TENANT,
	NOTICE_MANAGER, /* account manager: one screen */
	NOTICE_SAFETY,	/* the desk that protects people and sites */
	NOTICE_LEGAL,
	NOTICE_AUDIENCES,
};
const char *notice_audience_name(enum notice_audience a); /* "tenant", ... */
int notice_audience_parse(const char *name);		  /* -1 if unknown */

/* All templates of a folder: KIND.AUDIENCE.mustache, whose first line is
 * "Subject: ...", and NAME.mustache, which are partials.  Kinds: "stage" (a step
 * of the ladder before the recommendation), "recommendation", "safety", "closed". */
struct notice_set;

/* Reads and checks them all: each tag against the document's vocabulary, each
 * partial, each mandatory point.  0, or a TOSD_E code and e with file and line. */
int notice_set_load(const char *dir, struct notice_set **out, struct err *e);
void notice_set_free(struct notice_set **s);

/* Hex SHA-256 over names and texts, for the record. */
const char *notice_set_digest(const struct notice_set *s);

bool notice_set_has(
    const struct notice_set *s, const char *kind, enum notice_audience a);

/* The envelope of one mail; strings are borrowed.  Addresses are bare (a@b);
 * Message-IDs with or without their angle brackets. */
struct notice_mail {
	const char *from, *to;
	const char *reply_to; /* NULL: none */
	const char *message_id;
	const char *in_reply_to; /* NULL: begins a thread */
	const char *const *references;
	size_t nreferences;
	int64_t date;
	bool auto_generated; /* no person approved it */
};

/* Renders the notice, checks that it makes every mandatory point, and appends the
 * bytes of the mail to out: CRLF, ASCII, no line over 998.  Same input, same bytes.
 * What speaks against a step ("against") is left out of a tenant's words and copy;
 * a document with `safety' is refused for tenant and manager.
 * TOSD_ENOENT: no such template; TOSD_EINVAL: the document or the envelope does not
 * do, and e says which name or point; out is as before then. */
int notice_compose(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, const struct notice_mail *mail, struct buf *out, struct err *e);

/* The words alone, for a look before sending: subject (readable, not encoded) and
 * body.  Checks as notice_compose() does. */
int notice_render(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, struct buf *subject, struct buf *body, struct err *e);

/* Appends url so that no mail reader makes a link of it: hxxps://site[.]example/x. */
void notice_defang(struct buf *b, const char *url);

/* Appends bytes [start, end) of body (UTF-8) as a quote of at most max_chars
 * characters on one line, with what stands around it as far as there is room; "..."
 * marks (U+2026) where something was left out; addresses in it defanged (which can
 * make it longer).  Offsets that are wrong are moved to the nearest that are right. */
void notice_quote(
    struct buf *b, const char *body, size_t start, size_t end, size_t max_chars);

#endif
