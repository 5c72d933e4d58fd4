/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: where the daemon may connect to.  Tenants choose the addresses that are
 * fetched, by link, redirect and DNS, so that without this they could make the
 * provider's own machine ask its own network.  Judged is the address that is about
 * to be connected to, on every hop, not the name: nothing can change in between.
 */
#ifndef TOSD_FETCH_GUARD_H
#define TOSD_FETCH_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "conf/conf.h"

#define GUARD_TEXT 96 /* room for guard_name() */

/*
 * May this address be connected to?  Refused is all that the IANA special-purpose
 * registries do not call globally reachable, unless it lies in one of the n ranges of
 * `allow` (NULL if n is 0).  An IPv6 address that only wraps an IPv4 one is judged by
 * that, or refused.  If false, *why (may be NULL) says why in static words.
 */
bool guard_allows(const struct sockaddr *sa, const struct conf_range *allow, size_t n,
    const char **why);

/* May this port be asked?  False for 0 and for those of services that would take an
 * HTTP request for something else (mail, IRC, ...). */
bool guard_port(unsigned port, const char **why);

/* "192.0.2.1:443" or "[2001:db8::1]:443", for records; without the port where it is 0.
 * Returns out. */
const char *guard_name(const struct sockaddr *sa, char out[GUARD_TEXT]);

#endif
