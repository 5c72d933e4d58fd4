/* SPDX-License-Identifier: Apache-2.0 */
/* conf_value: what single values may look like; see conf_value.h. */
#include "conf/conf_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "conf/conf.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A number and the unit after it, scaled; -1 if it is not one or too large. */
struct unit {
	const char *name;
	int64_t factor;
};

static int64_t
number_with_unit(const char *s, const struct unit *units, size_t n)
{
	size_t len = strspn(s, DIGITS);
	int64_t v = 0;

	if (len == 0 || len > 18)
		return -1;
	for (size_t i = 0; i < len; i++)
		v = v * 10 + (s[i] - '0');
	for (size_t i = 0; i < n; i++)
		if (strcmp(s + len, units[i].name) == 0)
			return v > INT64_MAX / units[i].factor ? -1
							       : v * units[i].factor;
	return -1;
}

int64_t
conf_duration(const char *s)
{
	static const struct unit units[] = {
	    {"", CLOCK_SEC},
	    {"ms", 1},
	    {"s", CLOCK_SEC},
	    {"m", CLOCK_MIN},
	    {"h", CLOCK_HOUR},
	    {"d", CLOCK_DAY},
	};

	return number_with_unit(s, units, sizeof(units) / sizeof(units[0]));
}

int64_t
conf_value_size(const char *s)
{
	static const struct unit units[] = {
	    {"", 1},
	    {"B", 1},
	    {"K", 1 << 10},
	    {"KiB", 1 << 10},
	    {"M", 1 << 20},
	    {"MiB", 1 << 20},
	    {"G", 1 << 30},
	    {"GiB", 1 << 30},
	};

	return number_with_unit(s, units, sizeof(units) / sizeof(units[0]));
}

/* Bits beyond the prefix must be zero: "10.1.2.3/8" is more often a slip than
 * a wish, and it would open more than its writer thinks. */
static bool
host_bits_zero(const struct conf_range *r)
{
	for (unsigned i = r->bits; i < 128; i++)
		if (r->addr[i / 8] & (0x80u >> (i % 8)))
			return false;
	return true;
}

bool
conf_range_parse(const char *s, struct conf_range *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	unsigned base = 0, bits = 128;

	if (len == 0 || len >= sizeof(addr))
		return false;
	memcpy(addr, s, len);
	addr[len] = '\0';
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, addr, out->addr + 12) == 1) {
		memcpy(out->addr, mapped, sizeof(mapped));
		base = 96;
	} else if (inet_pton(AF_INET6, addr, out->addr) != 1) {
		return false;
	}
	if (slash != NULL) {
		len = strspn(slash + 1, DIGITS);
		if (len == 0 || len > 3 || slash[1 + len] != '\0')
			return false;
		bits = base + (unsigned)atoi(slash + 1);
		if (bits > 128)
			return false;
	}
	out->bits = bits;
	return host_bits_zero(out);
}

const char *
conf_value_text(const char *s)
{
	size_t n = strlen(s), i = 0;
	uint32_t cp;
	int len;

	if (n == 0)
		return "must not be empty";
	while (i < n) {
		len = text_decode(s + i, n - i, &cp);
		if (len == 0)
			return "is not UTF-8; save the file as UTF-8";
		if (text_is_control(cp))
			return "has a control or invisible character (a line break?); "
			       "write plain text on one line";
		i += len;
	}
	return NULL;
}

const char *
conf_value_name(const char *s)
{
	if (strlen(s) > 64)
		return "is longer than 64 bytes; choose a shorter name";
	return conf_value_text(s);
}

const char *
conf_value_host(const char *s)
{
	static const char bad[] = "is not a host name: letters, digits, hyphens and "
				  "dots only (an international one as xn--...)";
	size_t n = strlen(s), label = 0;

	if (n == 0 || n > 253 || strspn(s, LOWER UPPER DIGITS "-.") != n)
		return bad;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '.') {
			if (label++ == 0 && s[i] == '-')
				return bad;
			continue;
		}
		if (label == 0 || label > 63 || s[i - 1] == '-')
			return bad;
		label = 0;
	}
	return NULL;
}

const char *
conf_value_mail(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t local = at != NULL ? (size_t)(at - s) : 0;

	if (at == NULL)
		return "is not a mail address: NAME@HOST is missing its @";
	if (local == 0 || local > 64 || strlen(s) > 254 ||
	    strspn(s, LOWER UPPER DIGITS "!#$%&'*+/=?^_`{|}~-.") != local ||
	    s[0] == '.' || at[-1] == '.' || strstr(s, "..") != NULL)
		return "is not a mail address; write only NAME@HOST, without a display "
		       "name, brackets or quotes";
	if (conf_value_host(at + 1) != NULL)
		return "is not a mail address: what follows the @ is not a host name";
	return NULL;
}

const char *
conf_value_fault(const char *s)
{
	static const char *const faults[] = {
	    "plugin-crash", "plugin-timeout", "db-full"};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i], s) == 0)
			return NULL;
	return "is no fault that can be simulated: plugin-crash, plugin-timeout or "
	       "db-full";
}

const char *
conf_value_id(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 63 || s[0] == '-' || strspn(s, LOWER DIGITS "-") != n)
		return "must be 1 to 63 of a-z, 0-9 and -, and not start with -";
	return NULL;
}

const char *
conf_value_plugin(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 32 || strspn(s, LOWER DIGITS "_-") != n)
		return "must be 1 to 32 of a-z, 0-9, _ and -";
	return NULL;
}

const char *
conf_value_list(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 60 || s[0] < 'a' || s[0] > 'z' ||
	    strspn(s, LOWER DIGITS "-") != n)
		return "must be 1 to 60 of a-z, 0-9 and -, with a letter first";
	return NULL;
}

const char *
conf_value_vkey(const char *s)
{
	const char *id = strchr(s, '+'), *key = id != NULL ? strchr(id + 1, '+') : NULL;

	if (key == NULL || id == s || key - id != 9 || strlen(key + 1) != 44 ||
	    strpbrk(s, " \t\n") != NULL)
		return "is no Ed25519 verifier key; write NAME+ID+KEY, as `tosctl "
		       "policy "
		       "keygen' prints it";
	return NULL;
}

const char *
conf_value_language(const char *s)
{
	size_t n = strlen(s), label = 0;

	for (size_t i = 0; i <= n && n <= 35; i++) {
		if (i < n && isalnum((unsigned char)s[i])) {
			label++;
			continue;
		}
		if ((i < n && s[i] != '-') || label == 0 || label > 8)
			break;
		if (i == n)
			return NULL;
		label = 0;
	}
	return "is not a language tag; write one such as \"en\" or \"pt-BR\"";
}

static bool
port_ok(const char *s)
{
	size_t n = strspn(s, DIGITS);
	long v = n > 0 && n <= 5 && s[n] == '\0' ? strtol(s, NULL, 10) : -1;

	return v >= 0 && v <= 65535;
}

const char *
conf_value_listen(const char *s)
{
	static const char bad[] = "must be \"127.0.0.1:8790\", \"[::1]:8790\" or "
				  "\"unix:/run/tosd/http\"";
	char addr[INET6_ADDRSTRLEN];
	const char *colon = strrchr(s, ':');
	uint8_t raw[16];
	bool six = s[0] == '[';
	size_t n;

	if (strncmp(s, "unix:", 5) == 0)
		return s[5] == '\0' ? bad : conf_value_text(s);
	if (colon == NULL || !port_ok(colon + 1))
		return bad;
	if (six && (colon == s || colon[-1] != ']'))
		return bad;
	n = (size_t)(colon - s) - (six ? 2 : 0);
	if (n >= sizeof(addr))
		return bad;
	memcpy(addr, s + six, n);
	addr[n] = '\0';
	return inet_pton(six ? AF_INET6 : AF_INET, addr, raw) == 1 ? NULL : bad;
}

static bool
address_ok(int family, const char *s, size_t n)
{
	char addr[INET6_ADDRSTRLEN];
	uint8_t raw[16];

	if (n >= sizeof(addr))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	return inet_pton(family, addr, raw) == 1;
}

const char *
conf_value_resolver(const char *s)
{
	static const char bad[] = "is not the address of a name server, such as "
				  "\"192.0.2.53\" or \"[2001:db8::53]:5353\"";
	const char *colon = strrchr(s, ':');
	size_t n = colon != NULL ? (size_t)(colon - s) : 0;

	if (address_ok(AF_INET, s, strlen(s)) || address_ok(AF_INET6, s, strlen(s)))
		return NULL;
	if (colon == NULL || !port_ok(colon + 1))
		return bad;
	if (address_ok(AF_INET, s, n))
		return NULL;
	return s[0] == '[' && n > 2 && s[n - 1] == ']' &&
		       address_ok(AF_INET6, s + 1, n - 2)
		   ? NULL
		   : bad;
}

const char *
conf_value_interface(const char *s)
{
	size_t n = strlen(s);

	if (address_ok(AF_INET, s, n) || address_ok(AF_INET6, s, n))
		return NULL;
	if (n > 0 && n < 16 && strspn(s, LOWER UPPER DIGITS "-._@") == n)
		return NULL;
	return "is neither an address of this machine nor a network interface, such as "
	       "\"eth1\"";
}

const char *
conf_value_store(const char *s)
{
	if (strncmp(s, "sqlite:", 7) != 0 || s[7] == '\0')
		return "must be \"sqlite:PATH\"; SQLite is the one store of this "
		       "version";
	return conf_value_text(s);
}

const char *
conf_value_origin(const char *s)
{
	size_t n = strlen(s);

	if (n > 200)
		return "is longer than 200 bytes";
	if (strpbrk(s, " +\t") != NULL)
		return "must not hold spaces or a plus sign; write it like "
		       "\"abuse.example.net/tosd\"";
	return conf_value_text(s);
}

const char *
conf_value_keyfile(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (strchr(s, '/') != NULL || s[0] == '\0')
		return conf_value_text(s);
	if (s[strspn(s, letters)] != '\0' || strlen(s) > 255 || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0)
		return "is not the name of a credential (letters, digits, `.', `_', "
		       "`-') nor a path; a secret itself must not stand here: put it "
		       "in a file that only tosd may read, or in a systemd credential, "
		       "and write its path or name";
	return NULL;
}

bool
conf_value_secret_key(const char *key)
{
	static const char *const words[] = {"password", "passwd", "passphrase",
	    "secret", "token", "api_key", "apikey", "private_key"};
	size_t n = strlen(key);

	/* Nor a misspelt one. */
	if (strcasecmp(key, "pass") == 0 || text_distance(key, "password") <= 2)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t w = strlen(words[i]);

		/* As the last word of the key: `smtp_password', not `token_limit'. */
		if (n >= w && strcasecmp(key + n - w, words[i]) == 0 &&
		    (n == w || key[n - w - 1] == '_' || key[n - w - 1] == '-'))
			return true;
	}
	return false;
}
