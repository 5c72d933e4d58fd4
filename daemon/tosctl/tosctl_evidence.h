/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_evidence: `tosctl evidence verify|show|key`. */
#ifndef TOSD_TOSCTL_TOSCTL_EVIDENCE_H
#define TOSD_TOSCTL_TOSCTL_EVIDENCE_H

/* argv[0] is "evidence".  Writes to standard output and error.  Returns the exit
 * code: verify 0 good, 1 tampered, 2 incomplete but consistent, 3 cannot; show and key
 * 0 done, 1 tampered or not there, 2 usage, 3 cannot. */
int tosctl_evidence(int argc, char **argv);

#endif
