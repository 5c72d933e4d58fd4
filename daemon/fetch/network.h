/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network: whose fault is it?  A failure to reach a server is the tenant's affair only
 * while our own network works.  It does not if there is no route to anywhere, or if
 * several different hosts in a row could not be reached and nobody has answered since.
 */
#ifndef TOSD_FETCH_NETWORK_H
#define TOSD_FETCH_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#define NETWORK_HOSTS 3 /* so many different ones must fail */

/* All zero: nothing known. */
struct network {
	uint64_t failed[NETWORK_HOSTS]; /* digests of names */
	unsigned nfailed;
};

/* A server said something, be it "no": the network works. */
void network_answered(struct network *n);

/* host could not be reached, with this errno (0: none known).  Returns in words why
 * that is our own fault, or NULL if it is not known to be. */
const char *network_failed(struct network *n, const char *host, int error);

#endif
