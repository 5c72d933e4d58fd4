/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: an address in the one form in which it is looked up, however it was written.
 * After the URL Standard (url.spec.whatwg.org) where that says what browsers do; beyond
 * it, what leads to the same place is the same here:
 *
 *	all schemes are one, and so are ports 80 and 443, which are left out like a
 *	user name, a fragment and the dots behind a host; a host is lower-case ASCII (names in other letters in
 *	their xn-- form), an IPv4 address in any spelling is four numbers; \ is /;
 *	dot segments are gone; %xx is decoded where it need not be, upper-case where it
 *	must, and an empty query is none.
 *
 * Not done: Unicode's composition of marks, and mappings of letters beyond lower case and
 * full width (UTS 46): such a host gets another xn-- form than in a browser.
 */
#ifndef LISTS_CANON_H
#define LISTS_CANON_H

#include <stdbool.h>
#include <stddef.h>

#define CANON_HOST 256 /* with the NUL; longer names cannot be resolved */
#define CANON_MAX 8192 /* bytes of a canonical address that are kept */

struct canon {
	char key[CANON_MAX]; /* host[:port]/path[?query], not terminated */
	size_t len;
	bool whole;  /* false: the address is longer, and this is how it begins */
	size_t host; /* length of the host, at the start of key */
	size_t path; /* where the path begins */
	bool numeric; /* the host is an IP address */
};

/* Of an address "x/y" the entries "x/" and "x/y" with a star behind are looked up: so many
 * levels deep, and no entry is deeper. */
#define CANON_LEVELS 32

/* s is http:// or https:// with something behind (hxxp:// as well), another scheme with two
 * slashes, as ftp://, or an address without scheme.  False: it is none of those.  One that is
 * long is an address all the same: who writes it must not choose that it is not looked up. */
bool canon_url(const char *s, size_t n, struct canon *out);

/* The byte that %xx at s stands for; -1: it is no such escape. */
int canon_escaped(const char *s, size_t n);

/* A host alone; *numeric may be NULL.  Its length, or 0 if it is none. */
size_t canon_host(const char *s, size_t n, char out[CANON_HOST], bool *numeric);

/* The same for each well-known suffix below which anybody can have a name ("co.uk",
 * "github.io"): not all of them, those that are mistaken most. */
bool canon_is_suffix(const char *host, size_t n);

#endif
