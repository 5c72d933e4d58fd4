/* SPDX-License-Identifier: Apache-2.0 */
/* scan_main: `tosctl scan` and `tosctl policy` alone, for tests of the policy room. */
#include <stdio.h>
#include <string.h>

#include "tosctl/tosctl_policy.h"
#include "tosctl/tosctl_scan.h"

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "scan") == 0)
		return tosctl_scan(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "policy") == 0)
		return tosctl_policy(argc - 1, argv + 1);
	fprintf(stderr, "usage: scan_main scan|policy ...\n");
	return 2;
}
