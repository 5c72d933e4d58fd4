/* SPDX-License-Identifier: Apache-2.0 */
/* day: dates as people write them into the files that our plugins read. */
#ifndef KIT_DAY_H
#define KIT_DAY_H

#include <stdbool.h>
#include <stdint.h>

/* "2027-01-31" as the beginning of that day, in milliseconds since 1970. */
bool day_parse(const char *s, int64_t *out);

#endif
