/* SPDX-License-Identifier: Apache-2.0 */
/* host: names and numbers of machines in one spelling; see host.h and canon.h. */
#include "host.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "canon.h"
#include "kit/glyph.h"
#include "kit/mem.h"

#define LABEL_MAX 63

/* --- letters --- */

/* Capitals beyond ASCII: their small ones lie `by' further; step 2: every other one is
 * a capital, and its small one is the next.  Figures: the Unicode Character Database.
 */
static const struct {
	uint32_t from, to;
	int by, step;
} capitals[] = {
    {0xc0, 0xd6, 32, 1},
    {0xd8, 0xde, 32, 1},
    {0x100, 0x12e, 1, 2},
    {0x132, 0x136, 1, 2},
    {0x139, 0x147, 1, 2},
    {0x14a, 0x176, 1, 2},
    {0x178, 0x178, -121, 1},
    {0x179, 0x17d, 1, 2},
    {0x1cd, 0x1db, 1, 2},
    {0x1de, 0x1ee, 1, 2},
    {0x1f8, 0x21e, 1, 2},
    {0x222, 0x232, 1, 2},
    {0x386, 0x386, 38, 1},
    {0x388, 0x38a, 37, 1},
    {0x38c, 0x38c, 64, 1},
    {0x38e, 0x38f, 63, 1},
    {0x391, 0x3a1, 32, 1},
    {0x3a3, 0x3ab, 32, 1},
    {0x400, 0x40f, 80, 1},
    {0x410, 0x42f, 32, 1},
    {0x460, 0x480, 1, 2},
    {0x48a, 0x4be, 1, 2},
    {0x4c1, 0x4cd, 1, 2},
    {0x4d0, 0x52e, 1, 2},
    {0x531, 0x556, 48, 1},
    {0x1e00, 0x1e94, 1, 2},
    {0x1ea0, 0x1efe, 1, 2},
};

/* Joiners, variants and directions of what stands beside them: browsers leave most of
 * them out (UTS 46), and nobody sees the others. */
static bool
is_invisible(uint32_t cp)
{
	return cp == 0xad || cp == 0x34f || cp == 0x61c ||
	       (cp >= 0x180b && cp <= 0x180f) || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
	       (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff ||
	       (cp >= 0xe0000 && cp <= 0xe0fff);
}

uint32_t
host_letter(uint32_t cp)
{
	if (is_invisible(cp))
		return 0;
	if (cp == 0x3002 || cp == 0xff61)
		return '.';
	if (cp >= 0xff01 && cp <= 0xff5e)
		cp -= 0xfee0;
	if (cp >= 'A' && cp <= 'Z')
		return cp + 32;
	if (cp < 0xc0)
		return cp;
	for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++)
		if (cp >= capitals[i].from && cp <= capitals[i].to &&
		    (cp - capitals[i].from) % (uint32_t)capitals[i].step == 0)
			return cp + (uint32_t)capitals[i].by;
	return cp;
}

/* Other forms of plain letters and digits, which browsers take for those (UTS 46):
 * raised, circled, mathematical, Roman, joined.  Figures: the Unicode Character
 * Database; kit/glyph.h knows what they stand for. */
static const struct {
	uint32_t from, to;
} forms[] = {{0xaa, 0xaa}, {0xb2, 0xb3}, {0xb9, 0xba}, {0x132, 0x133}, {0x17f, 0x17f},
    {0x1c7, 0x1cc}, {0x1f1, 0x1f3}, {0x2b0, 0x2b8}, {0x2e0, 0x2e3}, {0x1d2c, 0x1d6a},
    {0x2070, 0x209c}, {0x2100, 0x2149}, {0x2160, 0x217f}, {0x2460, 0x2473},
    {0x24b6, 0x24ea}, {0x2c7c, 0x2c7d}, {0x3250, 0x325f}, {0xfb00, 0xfb06},
    {0x1d400, 0x1d7ff}, {0x1f100, 0x1f100}, {0x1f12b, 0x1f16a}};

/* The letters in out (8 at most) that cp is read as. */
static size_t
read_form(uint32_t cp, uint32_t *out)
{
	char as[40];
	size_t n = 0;
	bool form = false;

	for (size_t i = 0; cp >= 0x80 && i < sizeof(forms) / sizeof(forms[0]); i++)
		form = form || (cp >= forms[i].from && cp <= forms[i].to);
	if (form && glyph_of(cp, as) == GLYPH_TEXT)
		for (; as[n] != '\0' && n < 8; n++) {
			char c = as[n];

			if ((c < '0' || c > '9') &&
			    ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
				break;
			out[n] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		}
	if (n > 0 && as[n] == '\0')
		return n;
	out[0] = host_letter(cp);
	return 1;
}

size_t
host_dot(const char *s, size_t n)
{
	static const char *const dots[] = {"[.]", "(.)", "[dot]", "(dot)"};

	if (n < 3 || (s[0] != '[' && s[0] != '('))
		return 0;
	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
		size_t len = strlen(dots[i]);

		if (n >= len && strncasecmp(s, dots[i], len) == 0)
			return len;
	}
	return 0;
}

/* --- punycode: RFC 3492, whose letters these are --- */

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 128 };

static uint32_t
adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static char
digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + d - 26);
}

/* A number in digits of changing base; the new length, or 0: no room. */
static size_t
put_number(char *out, size_t n, size_t max, uint32_t q, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

		if (n >= max)
			return 0;
		if (q < t) {
			out[n++] = digit(q);
			return n;
		}
		out[n++] = digit(t + (q - t) % (BASE - t));
		q = (q - t) / (BASE - t);
	}
}

static uint32_t
least_from(const uint32_t *cp, size_t n, uint32_t from)
{
	uint32_t m = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		if (cp[i] >= from && cp[i] < m)
			m = cp[i];
	return m;
}

size_t
host_punycode(const uint32_t *cp, size_t n, char *out, size_t max)
{
	uint32_t next = FIRST, delta = 0, bias = BIAS;
	size_t len = 0, basic, done;

	if (n > LABEL_MAX * 4)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (cp[i] < FIRST) {
			if (len >= max)
				return 0;
			out[len++] = (char)cp[i];
		}
	basic = done = len;
	if (basic > 0 && len < max)
		out[len++] = '-';
	while (done < n) {
		uint32_t m = least_from(cp, n, next);

		delta += (m - next) * (uint32_t)(done + 1);
		next = m;
		for (size_t i = 0; i < n; i++) {
			delta += cp[i] < next;
			if (cp[i] != next)
				continue;
			len = put_number(out, len, max, delta, bias);
			if (len == 0)
				return 0;
			bias = adapt(delta, (uint32_t)done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		next++;
	}
	return len;
}

/* --- numbers --- */

/* 0x7f, 0177, 127: a part of an IPv4 address.  False: it is no number. */
static bool
take_number(const char *s, size_t n, uint64_t *out)
{
	unsigned base = 10;
	size_t i = 0;

	*out = 0;
	if (n >= 2 && s[0] == '0' && s[1] == 'x') {
		base = 16;
		i = 2;
	} else if (n >= 2 && s[0] == '0') {
		base = 8;
		i = 1;
	}
	if (n == 0)
		return false;
	for (; i < n; i++) {
		unsigned d = s[i] >= '0' && s[i] <= '9'	  ? (unsigned)(s[i] - '0')
			     : s[i] >= 'a' && s[i] <= 'f' ? (unsigned)(s[i] - 'a' + 10)
							  : 99;

		if (d >= base)
			return false;
		*out = *out * base + d;
		if (*out > UINT32_MAX)
			*out = (uint64_t)UINT32_MAX + 1;
	}
	return true;
}

/* 1: four numbers in out; 0: no address, but maybe a name; -1: neither. */
static int
take_ipv4(const char *s, size_t n, char out[CANON_HOST])
{
	size_t last = n;
	uint64_t part[4], all = 0;
	int parts = 0;

	while (last > 0 && s[last - 1] != '.')
		last--;
	/* A name whose last label is a number is an address or nothing. */
	if (!take_number(s + last, n - last, &all) &&
	    !(last < n && strspn(s + last, "0123456789") >= n - last))
		return 0;
	for (size_t i = 0; i <= n;) {
		size_t end = i;

		while (end < n && s[end] != '.')
			end++;
		if (parts == 4 || !take_number(s + i, end - i, &part[parts++]))
			return -1;
		i = end + 1;
	}
	all = part[parts - 1];
	if (all >= (uint64_t)1 << (8 * (5 - parts)))
		return -1;
	for (int i = 0; i + 1 < parts; i++) {
		if (part[i] > 255)
			return -1;
		all |= part[i] << (8 * (3 - i));
	}
	snprintf(out, CANON_HOST, "%u.%u.%u.%u", (unsigned)(all >> 24),
	    (unsigned)(all >> 16 & 255), (unsigned)(all >> 8 & 255),
	    (unsigned)(all & 255));
	return 1;
}

static size_t
take_ipv6(const char *s, size_t n, char out[CANON_HOST])
{
	char text[INET6_ADDRSTRLEN + 1], back[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (n < 4 || n - 2 >= sizeof(text) || s[n - 1] != ']')
		return 0;
	memcpy(text, s + 1, n - 2);
	text[n - 2] = '\0';
	if (inet_pton(AF_INET6, text, &a) != 1 ||
	    inet_ntop(AF_INET6, &a, back, sizeof(back)) == NULL)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&a)) /* the same machine */
		return (size_t)snprintf(out, CANON_HOST, "%u.%u.%u.%u", a.s6_addr[12],
		    a.s6_addr[13], a.s6_addr[14], a.s6_addr[15]);
	return (size_t)snprintf(out, CANON_HOST, "[%s]", back);
}

/* --- the whole --- */

/* The byte at s[*i], with %xx decoded; -1: there are no more. */
static int
next_byte(const char *s, size_t n, size_t *i)
{
	int c;

	if (*i >= n)
		return -1;
	c = canon_escaped(s + *i, n - *i);
	if (c >= 0) {
		*i += 3;
		return c;
	}
	return (uint8_t)s[(*i)++];
}

/* The character at s[*i].  1; 0: there are no more; -1: there is none, but bytes. */
static int
next_char(const char *s, size_t n, size_t *i, uint32_t *cp)
{
	char v[4];
	size_t behind[4], len = 0, at = *i;
	int c, k;

	while (len < sizeof(v) && (c = next_byte(s, n, &at)) >= 0) {
		v[len] = (char)c;
		behind[len++] = at;
		if ((uint8_t)v[0] < 0x80)
			break;
	}
	if (len == 0)
		return 0;
	k = mem_utf8(v, len, cp);
	if (k <= 0 || *cp == 0)
		return -1;
	*i = behind[k - 1];
	return 1;
}

static bool
good_ascii(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* One label behind what is in out already; the new length, or 0. */
static size_t
put_label(const uint32_t *cp, size_t n, char *out, size_t len)
{
	char label[LABEL_MAX + 1];
	size_t m = 0;
	bool plain = true;

	for (size_t i = 0; i < n; i++) {
		if (cp[i] < 0x80 && !good_ascii(cp[i]))
			return 0;
		plain = plain && cp[i] < 0x80;
	}
	if (n == 0)
		return 0;
	if (plain) {
		for (; m < n && m < LABEL_MAX; m++)
			label[m] = (char)cp[m];
		if (m < n)
			return 0;
	} else if (n > LABEL_MAX) {
		return 0; /* each takes one character at least */
	} else {
		memcpy(label, "xn--", 4);
		m = host_punycode(cp, n, label + 4, LABEL_MAX - 4);
		if (m == 0)
			return 0;
		m += 4;
	}
	if (len + m + 1 >= CANON_HOST)
		return 0;
	if (len > 0)
		out[len++] = '.';
	memcpy(out + len, label, m);
	return len + m;
}

/* A name as far as it was read. */
struct labels {
	uint32_t v[LABEL_MAX * 4]; /* the label that is being read */
	size_t m, len;
	bool ended; /* dots behind the name alone count for nothing */
};

static bool
take_letter(struct labels *l, uint32_t cp, char *out)
{
	if (cp == 0)
		return true;
	if (cp != '.') {
		if (l->ended || l->m == sizeof(l->v) / sizeof(l->v[0]))
			return false;
		l->v[l->m++] = cp;
		return true;
	}
	l->ended = l->m == 0;
	if (l->m > 0)
		l->len = put_label(l->v, l->m, out, l->len);
	l->m = 0;
	return l->len > 0;
}

/* However many bytes it takes: those that count for nothing cost nothing. */
static size_t
put_labels(const char *s, size_t n, char *out)
{
	struct labels l = {.m = 0};
	uint32_t cp, as[8];
	int rc = 0;

	for (size_t i = 0; i < n;) {
		size_t k = host_dot(s + i, n - i), letters = 1;

		as[0] = '.';
		i += k;
		if (k == 0 && (rc = next_char(s, n, &i, &cp)) <= 0)
			break;
		if (k == 0)
			letters = read_form(cp, as);
		for (size_t c = 0; c < letters; c++)
			if (!take_letter(&l, as[c], out))
				return 0;
	}
	if (rc < 0)
		return 0;
	return l.m > 0 ? put_label(l.v, l.m, out, l.len) : l.len;
}

size_t
canon_host(const char *s, size_t n, char out[CANON_HOST], bool *numeric)
{
	char number[CANON_HOST];
	bool ignored, *num = numeric != NULL ? numeric : &ignored;
	size_t len;
	int rc;

	*num = n > 0 && s[0] == '[';
	if (*num)
		return take_ipv6(s, n, out);
	len = put_labels(s, n, out);
	if (len == 0)
		return 0;
	out[len] = '\0';
	rc = take_ipv4(out, len, number);
	if (rc < 0)
		return 0;
	if (rc > 0) {
		*num = true;
		len = strlen(number);
		memcpy(out, number, len + 1);
	}
	return len;
}

/* --- suffixes --- */

/* Second levels of countries and names of hosts that give names away.  Facts; the whole
 * list, which changes weekly, is kept at publicsuffix.org. */
static const char *const suffixes[] = {"ac.jp", "ac.uk", "appspot.com",
    "azurewebsites.net", "blogspot.com", "cloudfront.net", "co.id", "co.il", "co.in",
    "co.jp", "co.kr", "co.nz", "co.th", "co.uk", "co.za", "com.ar", "com.au", "com.br",
    "com.cn", "com.co", "com.hk", "com.mx", "com.my", "com.ng", "com.pk", "com.pl",
    "com.sg", "com.tr", "com.tw", "com.ua", "com.vn", "duckdns.org", "firebaseapp.com",
    "fly.dev", "github.io", "gitlab.io", "go.jp", "gov.uk", "herokuapp.com", "me.uk",
    "ne.jp", "net.au", "netlify.app", "ngrok.io", "ngrok-free.app", "onrender.com",
    "or.jp", "org.au", "org.uk", "pages.dev", "r2.dev", "s3.amazonaws.com", "surge.sh",
    "trycloudflare.com", "tumblr.com", "vercel.app", "web.app", "weebly.com",
    "wixsite.com", "wordpress.com", "workers.dev"};

bool
canon_is_suffix(const char *host, size_t n)
{
	if (memchr(host, '.', n) == NULL)
		return true;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strlen(suffixes[i]) == n && memcmp(suffixes[i], host, n) == 0)
			return true;
	return false;
}
