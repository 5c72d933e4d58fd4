/* SPDX-License-Identifier: Apache-2.0 */
/* host: what canon.c needs of names of machines: letters, numbers, the xn-- form. */
#ifndef LISTS_HOST_H
#define LISTS_HOST_H

#include <stddef.h>
#include <stdint.h>

/* One label of cp[0..n) as punycode (RFC 3492) without "xn--", all ASCII.  Its length, or 0
 * if it does not fit into max. */
size_t host_punycode(const uint32_t *cp, size_t n, char *out, size_t max);

/* As a name is read: lower case, full width as plain.  0: the character counts for
 * nothing. */
uint32_t host_letter(uint32_t cp);

/* Bytes of a dot that was made harmless at s, "[.]" or "(dot)"; 0: there is none. */
size_t host_dot(const char *s, size_t n);

#endif
