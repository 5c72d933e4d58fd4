/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_main: `tosctl evidence` as a program of its own, for tests. */
#include "tosctl/tosctl_evidence.h"

int
main(int argc, char **argv)
{
	return tosctl_evidence(argc, argv);
}
