/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apart: what each row comes to by a model that never saw the row's source.  A source
 * with enough rows is left out by itself; the small ones, and those of one's own (whose
 * names begin with "own-"), are dealt out to a few groups that are left out as a whole,
 * so that each has positives as far as there are any.
 */
#ifndef CLASSIFIER_APART_H
#define CLASSIFIER_APART_H

#include "train.h"

#define APART_OWN "own-"
#define APART_ROWS 200 /* of a source that is left out by itself */
#define APART_GROUPS 5 /* of all others */

struct apart {
	uint32_t *group; /* of each source */
	size_t ngroups;
	size_t nalone; /* the first so many groups are one source each */
	uint8_t *known; /* of each row: value is by a model without its source */
	double *value;	/* of each row: see fit_value() */
};

/* Sorts the sources into groups. */
void apart_new(struct apart *a, const struct train *t);
/* Learns without the group, and keeps what comes out for its rows.  false: too little
 * would be left to learn from. */
bool apart_learn(struct apart *a, uint32_t group, struct train *t,
    const struct fit_options *o);
void apart_free(struct apart *a);

#endif
