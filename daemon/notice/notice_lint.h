/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_lint: what a notice must say.  The points are those of the content table
 * that the README of etc/notices.d prints; a template marks where it makes them with
 * comments ({{! point 16 }} ... {{! /point 16 }}), and the check is made on what was
 * rendered, so that a point whose text or whose values came out empty is found
 * before the mail leaves.
 */
#ifndef TOSD_NOTICE_NOTICE_LINT_H
#define TOSD_NOTICE_NOTICE_LINT_H

#include <jansson.h>

#include "base/err.h"
#include "notice/notice.h"
#include "notice/template.h"

/* Sections on these names may be absent from the document; ends in NULL. */
extern const char *const notice_optional[];

/* Whether the notice document knows name (dotted or not); tenant and manager
 * templates may not use what belongs to the safety lane or to the deciders. */
bool notice_name_known(const char *name);
bool notice_name_allowed(const char *name, enum notice_audience a);

/* What one rendering showed. */
struct notice_lint;
struct notice_lint *notice_lint_new(void);
void notice_lint_free(struct notice_lint **l);
const struct template_watch *notice_lint_watch(struct notice_lint *l);

/* After rendering body: 0, or TOSD_EINVAL with the first point that is missing. */
int notice_lint_check(const struct notice_lint *l, const char *kind,
    enum notice_audience a, const json_t *doc, const char *body, struct err *e);

/* Whether the template marks every mandatory point somewhere (itself or through
 * partials): point(ctx, number) tells.  0 or TOSD_EINVAL. */
int notice_lint_marks(const char *kind, enum notice_audience a,
    bool (*marked)(void *ctx, unsigned point), void *ctx, struct err *e);

/* The number in a comment "point N" (positive) or "/point N" (negative); else 0. */
int notice_lint_mark(const char *comment);

#endif
