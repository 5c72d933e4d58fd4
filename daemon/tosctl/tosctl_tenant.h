/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_tenant: the commands `tosctl tenant add` and `tosctl tenant import`. */
#ifndef TOSD_TOSCTL_TENANT_H
#define TOSD_TOSCTL_TENANT_H

/* argv[0] is "tenant".  0 there is a proposal (with --write: a file), 1 nothing to
 * propose, or refused, 2 usage, 3 could not be tried. */
int tosctl_tenant(int argc, char **argv);

#endif
