/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: the tables behind guard.h.  Owns nothing, keeps nothing.
 *
 * Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and what
 * followed it); the list of ports is the one of the Fetch standard (fetch.spec.whatwg.
 * org, "port blocking"), which has it for the same reason.
 */
#include "fetch/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint32_t net; /* host order */
	unsigned bits;
	const char *why;
} nets4[] = {
    {0x00000000, 8, "address of this network (0.0.0.0/8)"},
    {0x0a000000, 8, "private address (10.0.0.0/8)"},
    {0x64400000, 10, "carrier's private address (100.64.0.0/10)"},
    {0x7f000000, 8, "loopback address (127.0.0.0/8)"},
    {0xa9fe0000, 16, "link-local address (169.254.0.0/16)"},
    {0xac100000, 12, "private address (172.16.0.0/12)"},
    {0xc0000000, 24, "protocol assignment (192.0.0.0/24)"},
    {0xc0000200, 24, "documentation address (192.0.2.0/24)"},
    {0xc0586300, 24, "6to4 relay address (192.88.99.0/24)"},
    {0xc0a80000, 16, "private address (192.168.0.0/16)"},
    {0xc6120000, 15, "benchmark address (198.18.0.0/15)"},
    {0xc6336400, 24, "documentation address (198.51.100.0/24)"},
    {0xcb007100, 24, "documentation address (203.0.113.0/24)"},
    {0xe0000000, 4, "multicast address (224.0.0.0/4)"},
    {0xf0000000, 4, "reserved address (240.0.0.0/4)"},
};

/* What is refused inside 2000::/3 and, for the words, outside of it: all that is not
 * in 2000::/3 is refused anyway. */
static const struct {
	uint8_t net[16];
	unsigned bits;
	const char *why;
} nets6[] = {
    {{0}, 128, "unspecified address (::)"},
    {{[15] = 1}, 128, "loopback address (::1)"},
    {{0}, 96, "IPv4-compatible address (::/96)"},
    {{0, 0x64, 0xff, 0x9b}, 96, "translated IPv4 address (64:ff9b::/96)"},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "translated IPv4 address (64:ff9b:1::/48)"},
    {{1}, 64, "discard address (100::/64)"},
    {{0x20, 0x01, 0, 0}, 32, "Teredo address (2001::/32)"},
    {{0x20, 0x01, 0, 0}, 23, "protocol assignment (2001::/23)"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation address (2001:db8::/32)"},
    {{0x20, 0x02}, 16, "6to4 address (2002::/16)"},
    {{0x3f, 0xff}, 20, "documentation address (3fff::/20)"},
    {{0xfc}, 7, "private address (fc00::/7)"},
    {{0xfe, 0x80}, 10, "link-local address (fe80::/10)"},
    {{0xfe, 0xc0}, 10, "site-local address (fec0::/10)"},
    {{0xff}, 8, "multicast address (ff00::/8)"},
};

static const uint8_t mapped4[16] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */
static const uint8_t nat64[16] = {0, 0x64, 0xff, 0x9b};	       /* 64:ff9b::/96 */
static const uint8_t global6[16] = {0x20};		       /* 2000::/3 */

static const uint16_t bad_ports[] = {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25,
    37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
    117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
    530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
    1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080};

static bool
refuse(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return false;
}

static bool
in_net(const uint8_t a[16], const uint8_t net[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (bits > 128 || memcmp(a, net, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static bool
in_ranges(const uint8_t a[16], const struct conf_range *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in_net(a, v[i].addr, v[i].bits))
			return true;
	return false;
}

static bool
judge4(const uint8_t a[16], const char **why)
{
	uint32_t ip = (uint32_t)a[12] << 24 | a[13] << 16 | a[14] << 8 | a[15];

	for (size_t i = 0; i < sizeof(nets4) / sizeof(nets4[0]); i++)
		if ((ip ^ nets4[i].net) >> (32 - nets4[i].bits) == 0)
			return refuse(why, nets4[i].why);
	return true;
}

/* ISATAP (RFC 5214): the lower half of any prefix says which IPv4 address it leads to.
 */
static bool
is_isatap(const uint8_t a[16])
{
	return (a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe;
}

static bool
judge6(const uint8_t a[16], const char **why)
{
	if (is_isatap(a))
		return refuse(why, "tunnelled IPv4 address (ISATAP)");
	for (size_t i = 0; i < sizeof(nets6) / sizeof(nets6[0]); i++)
		if (in_net(a, nets6[i].net, nets6[i].bits))
			return refuse(why, nets6[i].why);
	if (!in_net(a, global6, 3))
		return refuse(why, "not a global address (outside 2000::/3)");
	return true;
}

static bool
judge(const uint8_t a[16], const struct conf_range *allow, size_t n, const char **why)
{
	uint8_t inner[16];

	if (in_net(a, nat64, 96) && in_ranges(a, allow, n)) {
		/* Hosts without IPv4 have to allow the translator; what is behind it
		 * is still not theirs to choose. */
		memcpy(inner, mapped4, 12);
		memcpy(inner + 12, a + 12, 4);
		return judge(inner, allow, n, why);
	}
	if (in_ranges(a, allow, n))
		return true;
	return in_net(a, mapped4, 96) ? judge4(a, why) : judge6(a, why);
}

bool
guard_allows(const struct sockaddr *sa, const struct conf_range *allow, size_t n,
    const char **why)
{
	uint8_t a[16];

	if (sa->sa_family == AF_INET) {
		memcpy(a, mapped4, 12);
		memcpy(a + 12,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(
		    a, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	} else {
		return refuse(why, "neither IPv4 nor IPv6");
	}
	return judge(a, allow, n, why);
}

bool
guard_port(unsigned port, const char **why)
{
	if (port > UINT16_MAX)
		return refuse(why, "no such port");
	for (size_t i = 0; i < sizeof(bad_ports) / sizeof(bad_ports[0]); i++)
		if (port == bad_ports[i])
			return refuse(why, "port of another service than the web");
	return true;
}

/* As "%u" does, which costs ten times as much, and each request has five of these. */
static char *
put_number(char *p, unsigned v)
{
	char digits[10];
	int n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static void
put_ip4(char *p, const uint8_t b[4], unsigned port)
{
	for (int i = 0; i < 4; i++) {
		p = put_number(p, b[i]);
		*p++ = i < 3 ? '.' : ':';
	}
	*put_number(p, port) = '\0';
}

const char *
guard_name(const struct sockaddr *sa, char out[GUARD_TEXT])
{
	const struct sockaddr_in *in4 = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	char ip[INET6_ADDRSTRLEN] = "?";

	if (sa->sa_family == AF_INET) {
		put_ip4(out, (const uint8_t *)&in4->sin_addr, ntohs(in4->sin_port));
	} else if (sa->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, GUARD_TEXT, "[%s]:%u", ip, ntohs(in6->sin6_port));
	} else {
		snprintf(out, GUARD_TEXT, "family %d", sa->sa_family);
		return out;
	}
	/* What a name stands for has no port yet. */
	if ((sa->sa_family == AF_INET ? in4->sin_port : in6->sin6_port) == 0)
		*strrchr(out, ':') = '\0';
	return out;
}
