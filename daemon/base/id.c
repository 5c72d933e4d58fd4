/* SPDX-License-Identifier: Apache-2.0 */
/* id: ULIDs and random bytes; see id.h. */
#include "base/id.h"

#include <string.h>
#include <sys/random.h>

#include "base/log.h"

static bool seeded;
static uint64_t state;

void
id_seed(uint64_t seed)
{
	seeded = true;
	state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014): even spread from any seed. */
static uint64_t
next_seeded(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void
id_random(void *out, size_t n)
{
	unsigned char *p = out;

	while (n > 0) {
		ssize_t got = n < 256 ? (ssize_t)n : 256;

		if (seeded) {
			uint64_t v = next_seeded();

			if (got > 8)
				got = 8;
			memcpy(p, &v, got);
		} else if ((got = getrandom(p, got, 0)) < 0) {
			log_die("id", "the kernel gives no random bytes");
		}
		p += got;
		n -= got;
	}
}

const char *
id_new(int64_t now_ms, char out[ID_TEXT])
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	static uint8_t last[16];
	uint8_t d[16];
	unsigned bits = 0, have = 2, o = 0;

	for (int i = 0; i < 6; i++)
		d[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
	id_random(d + 6, 10);
	/* Within one millisecond count up, so that order of making is kept. */
	if (memcmp(d, last, 6) == 0) {
		memcpy(d, last, sizeof(d));
		for (int i = 15; i >= 6 && ++d[i] == 0; i--)
			;
	}
	memcpy(last, d, sizeof(last));
	/* 128 bits are 26 characters of 5: two zero bits go first. */
	for (int i = 0; i < 16; i++) {
		bits = bits << 8 | d[i];
		for (have += 8; have >= 5; have -= 5)
			out[o++] = alphabet[bits >> (have - 5) & 31];
	}
	out[o] = '\0';
	return out;
}

bool
id_valid(const char *s)
{
	return strlen(s) == ID_TEXT - 1 &&
	       strspn(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ID_TEXT - 1;
}
