/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_parse: `tosctl parse`, a feed document to one JSON object a line. */
#ifndef TOSD_TOSCTL_TOSCTL_PARSE_H
#define TOSD_TOSCTL_TOSCTL_PARSE_H

/* argv[0] is "parse".  Returns the exit code: 0 done, 1 not a feed, 2 usage,
 * 3 the file cannot be read. */
int tosctl_parse(int argc, char **argv);

#endif
