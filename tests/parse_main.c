/* SPDX-License-Identifier: Apache-2.0 */
/* parse_main: `tosctl parse` as a program of its own, for the feed room's checks. */
#include "tosctl/tosctl_parse.h"

int
main(int argc, char **argv)
{
	return tosctl_parse(argc, argv);
}
