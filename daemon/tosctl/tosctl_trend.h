/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_trend: `tosctl trend`: is there a steady rise in these counts? */
#ifndef TOSD_TOSCTL_TOSCTL_TREND_H
#define TOSD_TOSCTL_TOSCTL_TREND_H

/* tosctl trend [--walk] FILE|-
 * Reads CSV rows time,items,violations (RFC 3339 or a date; a header line is
 * allowed) and writes one JSON line with the verdict; with --walk, as if asked after
 * each row, a line with "time" at each change of verdict.  argv[0] is "trend".
 * Returns the exit code: 0 done, 2 usage, 3 cannot (the message names file and line).
 */
int tosctl_trend(int argc, char **argv);

#endif
