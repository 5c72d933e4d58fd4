/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label: what a model may answer, and what that means to us: the setting `labels', rows of
 * "label = category severity clause" with semicolons between.
 */
#ifndef MODERATION_LABEL_H
#define MODERATION_LABEL_H

#include <stddef.h>
#include <stdint.h>

#include "kit/mem.h"

#define LABELS_MAX 32
#define LABEL_NAME 64

struct label {
	char name[LABEL_NAME]; /* as models write it */
	char *rule;	       /* "moderation/threat" */
	char *category, *clause;
	int32_t severity; /* enum tosd_severity */
	int32_t number;	  /* what declare() gave */
};
struct labels {
	struct label v[LABELS_MAX];
	size_t n;
};

/* prefix: first part of the rules' ids.  0, or -1 and why. */
int labels_parse(
    const char *text, const char *prefix, struct labels *out, struct why *w);
void labels_free(struct labels *l);
/* The row of a label of n bytes; NULL: there is none. */
const struct label *labels_find(const struct labels *l, const char *name, size_t n);

#endif
