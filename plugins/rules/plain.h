/* SPDX-License-Identifier: Apache-2.0 */
/* plain: whether a text has none of the disguises that fold.h undoes.  Most have none,
 * and this is told sixteen bytes at a time. */
#ifndef RULES_PLAIN_H
#define RULES_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* true: fold_text() would leave the text as it is.  false: it may change it. */
bool plain_text(const char *s, size_t n);

#endif
