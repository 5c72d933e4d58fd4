/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: references resolved against a base (RFC 3986 section 5.2), and sets of
 * absolute addresses.  An absolute reference stays as it is written, because it
 * is evidence; the fetch room parses it again before it connects.
 */
#ifndef TOSD_FEED_URL_H
#define TOSD_FEED_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FEED_URL_MAX 4096 /* longer addresses are no addresses */

/* ref, trimmed and without line breaks or tabs, made absolute.  base may be NULL.
 * NULL if there is no absolute address: no scheme and no base, or too long.  The
 * caller frees. */
char *feed_url_join(const char *base, const char *ref, size_t n);

/* True for http:// and https:// with something behind. */
bool feed_url_is_web(const char *url);
/* True if ref starts with a scheme ("tag:", "http:"). */
bool feed_url_has_scheme(const char *ref, size_t n);
/* Two absolute addresses: are host and port written the same? */
bool feed_url_same_host(const char *a, const char *b);

/* Addresses in the order of their coming, no doubles, limited in number and
 * bytes.  All zero is an empty set. */
struct feed_links {
	char **v;
	size_t n, cap;
	uint32_t *slots; /* hash table of indexes + 1 */
	size_t nslots;
	size_t bytes;
	bool full; /* one was left out */
};
#define FEED_LINKS_MAX 1000
#define FEED_LINKS_BYTES ((size_t)64 << 10)

/* Joins and adds; what is not http or https is left out.  The address as it is there,
 * which stays where it is as long as the set, or NULL. */
const char *feed_links_add(
    struct feed_links *l, const char *base, const char *ref, size_t n);
void feed_links_free(struct feed_links *l);

#endif
