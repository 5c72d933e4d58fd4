/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_labels: `tosctl policy label-samples', what people said of samples. */
#ifndef TOSD_TOSCTL_LABELS_H
#define TOSD_TOSCTL_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* argv[0] is "label-samples".  0 done, 1 nothing is labelled or
 * most of it is of other samples, 2 usage, 3 cannot. */
int tosctl_labels(int argc, char **argv);

/* --- what it does, for tests --- */

/* Labels of one sample: `yes' says that the text is against the clause. */
enum label { LABEL_NONE, LABEL_YES, LABEL_NO, LABEL_UNSURE, LABEL_DISPUTED };
enum label label_parse(const char *word); /* LABEL_NONE: it is none */
/* Of one text: what is said twice, else it is disputed, also where one is not sure. */
enum label label_join(enum label a, enum label b);

#endif
