/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network: whose fault is it?  A failure to reach a server is the tenant's affair only
 * while our own network works.  It does not if there is no route to anywhere, or if
 * several hosts that could be heard until now fall silent and nobody is heard in
 * between.  Hosts that have been dead for long prove nothing, except right after the
 * start, when nobody has been heard yet.
 */
#ifndef TOSD_FETCH_NETWORK_H
#define TOSD_FETCH_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#define NETWORK_HOSTS 3	   /* so many different ones must fall silent */
#define NETWORK_HEARD 4096 /* places; of two hosts in one the older is forgotten */

/* All zero: nothing known. */
struct network {
	uint64_t heard[NETWORK_HEARD]; /* digests of hosts that spoke when last asked */
	uint64_t silent[NETWORK_HOSTS]; /* those that have fallen silent since */
	unsigned nsilent;
	bool ever; /* somebody has been heard */
};

/* The host said something, be it "no": the network works. */
void network_heard(struct network *n, const char *host);

/* The host could not be reached, with this errno (0: none known).  Returns in words
 * why that is our own fault, or NULL if it is not known to be. */
const char *network_failed(struct network *n, const char *host, int error);

/* Is there a route to the world of this family (AF_INET, AF_INET6)? */
bool network_routes(int family);

#endif
