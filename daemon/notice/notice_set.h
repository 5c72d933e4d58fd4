/* SPDX-License-Identifier: Apache-2.0 */
/* notice_set: the loaded templates, known inside this room only; see notice.h. */
#ifndef TOSD_NOTICE_NOTICE_SET_H
#define TOSD_NOTICE_NOTICE_SET_H

#include "base/digest.h"
#include "notice/notice.h"
#include "notice/template.h"

/* One file.  A partial has neither kind nor subject. */
struct notice_file {
	char *name; /* without ".mustache" */
	char *text;
	char *kind;
	enum notice_audience audience;
	struct template *subject, *body;
	int mark; /* for the search of cycles while loading */
};

struct notice_set {
	struct notice_file *v; /* in byte order of names */
	size_t n;
	char digest[DIGEST_HEX];
};

/* NULL if there is none. */
const struct notice_file *notice_set_find(
    const struct notice_set *s, const char *kind, enum notice_audience a);

/* A template_partial over a struct notice_set. */
const char *notice_set_partial(void *set, const char *name);

#endif
