/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target: where a URL leads: its host, port and, where the host is one, its address.
 * Taken apart by the parser of the transfer itself: no second opinion to play off.
 */
#ifndef TOSD_FETCH_TARGET_H
#define TOSD_FETCH_TARGET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "fetch/resolve.h"

struct target {
	CURLU *url; /* taken apart; the transfer takes it as it is */
	char *host; /* lower case, ASCII, without a dot at its end */
	uint16_t port;
	bool literal; /* the host is this address: */
	struct resolve_addr addr;
};

/*
 * Is url one to be fetched at all?  http or https, a host that is a name or an address
 * in a plain spelling, no user name, an allowed port, at most 8 KiB.  False sets *why
 * (may be NULL) in static words; out (may be NULL) is then empty.  Whether its host may
 * be connected to is known only once there is an address: guard_allows().
 */
bool target_of(const char *url, struct target *out, const char **why);
void target_clear(struct target *t);

#endif
