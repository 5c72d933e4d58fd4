/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_scan: the commands `tosctl scan` and `tosctl policy`. */
#ifndef TOSD_TOSCTL_SCAN_H
#define TOSD_TOSCTL_SCAN_H

#include <stdint.h>

/* Judges NDJSON items from standard input.  argv[0] is "scan".  Returns the exit code:
 * 0 all judged, 1 some line was not valid or not wholly judged, 2 usage, 3 cannot. */
int tosctl_scan(int argc, char **argv);

/* `tosctl policy lint|test DIR`: loads the packs of a folder and says what is wrong.
 * argv[0] is "policy".  0 all good, 1 some pack was refused, 2 usage, 3 cannot. */
int tosctl_policy(int argc, char **argv);

struct item;
struct json_t;
/* An item from one line of input; NULL, or why the line is none. */
const char *scan_read_item(const struct json_t *o, struct item *it, int64_t *time);
struct finding;
/* As `scan' prints it. */
struct json_t *scan_finding_json(const struct finding *f);
/* One line on standard output; o is taken. */
void scan_print_json(struct json_t *o);

#endif
