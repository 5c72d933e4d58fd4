/* SPDX-License-Identifier: Apache-2.0 */
/* mend: see mend.h.  Every search has a fixed number of tries. */
#include "mend.h"

#include <string.h>

#define RUNS 7	  /* rows of letters that are tried both ways */
#define TRIES 600 /* spellings of one word */
#define WORD_MAX 18

static const struct vocab_entry *
look_up(const struct vocab *v, const char *s, size_t n)
{
	return vocab_find(v, vocab_hash(s, n));
}

/* The better of what was found: tagged words first, then common ones. */
struct best {
	const struct vocab *v;
	struct mended *out;
	int rank;
	bool hidden; /* somebody has hidden its vowels, which nobody does with `did' */
};

#define EVERYWHERE 10 /* level of words that are in every other text, ... */
#define THEN 5	      /* ... and what it counts as where vowels are hidden */

/* e: what the vocabulary says of it. */
static void
offer_known(struct best *b, const char *s, size_t n, const struct vocab_entry *e)
{
	int level = e == NULL				  ? 0
		    : b->hidden && e->level >= EVERYWHERE ? THEN
							  : e->level;
	int rank = e == NULL ? 0 : (e->tag > 0 ? 100 : 1) + level;

	if (rank <= b->rank || n > MEND_MAX)
		return;
	b->rank = rank;
	memcpy(b->out->text, s, n);
	b->out->len = n;
}

static void
offer(struct best *b, const char *s, size_t n)
{
	offer_known(b, s, n, look_up(b->v, s, n));
}

bool
mend_repeats(const struct vocab *v, const char *s, size_t n, struct mended *out)
{
	struct best best = {v, out, 0};
	unsigned runs = 0;

	if (n > MEND_MAX * 4)
		return false;
	for (size_t i = 0; i < n; i++)
		runs += i > 0 && s[i] == s[i - 1] && (i < 2 || s[i] != s[i - 2]);
	if (runs == 0)
		return false;
	if (n % 2 == 0 && n <= 2 * MEND_MAX) {
		char half[MEND_MAX];
		bool twice = true;

		for (size_t i = 0; i < n; i += 2) {
			twice = twice && s[i] == s[i + 1];
			half[i / 2] = s[i];
		}
		if (twice)
			offer(&best, half, n / 2);
		if (best.rank > 0)
			return true;
	}
	runs = runs > RUNS ? RUNS : runs;
	for (unsigned mask = 0; mask < 1u << runs; mask++) {
		char t[MEND_MAX + 1];
		unsigned run = 0;
		size_t o = 0, i = 0;

		while (i < n && o + 2 < sizeof(t)) {
			size_t k = i + 1;

			while (k < n && s[k] == s[i])
				k++;
			t[o++] = s[i];
			if (k - i > 1 && (run >= RUNS || mask >> run & 1))
				t[o++] = s[i];
			run += k - i > 1;
			i = k;
		}
		if (i == n)
			offer(&best, t, o);
	}
	return best.rank > 0;
}

/* --- signs */

static const struct {
	const char *from, *to;
} groups[] = {{"\\/\\/", "w"}, {"|\\/|", "m"}, {"|\\|", "n"}, {"|-|", "h"}, {"|<", "k"},
    {"|{", "k"}, {"|)", "d"}, {"\\/", "v"}, {"/\\", "a"}, {"()", "o"}, {"[]", "o"},
    {"}{", "h"}, {")(", "x"}, {"|_|", "u"}, {"|_", "l"}, {"vv", "w"}, {"rn", "m"},
    {"ph", "f"}};

/* What groups begin with. */
static const bool opens[128] = {['\\'] = true,
    ['|'] = true,
    ['/'] = true,
    ['('] = true,
    ['['] = true,
    ['}'] = true,
    [')'] = true,
    ['v'] = true,
    ['r'] = true,
    ['p'] = true};

#define VOWEL "aeiou-" /* a vowel, or nothing */
static const char *const sign_letters[128] = {
    ['0'] = "o",
    ['1'] = "il",
    ['2'] = "z",
    ['3'] = "e",
    ['4'] = "a",
    ['5'] = "s",
    ['6'] = "gb",
    ['7'] = "t",
    ['8'] = "b",
    ['9'] = "g",
    ['@'] = "a",
    ['$'] = "s",
    ['!'] = "il",
    ['|'] = "il",
    ['+'] = "t",
    ['('] = "c",
    ['<'] = "c",
    ['{'] = "c",
    ['*'] = VOWEL,
    ['#'] = VOWEL,
    ['_'] = VOWEL,
    ['-'] = VOWEL,
    ['.'] = VOWEL,
    ['?'] = VOWEL,
    ['^'] = VOWEL,
    ['~'] = VOWEL,
    ['%'] = VOWEL,
    ['&'] = VOWEL,
    ['='] = VOWEL,
    [','] = VOWEL,
    [':'] = VOWEL,
};

/* Letters that are taken for others, each of which stands for itself as well. */
static const char *const alike_letters[128] = {
    ['i'] = "il", ['l'] = "li", ['u'] = "uv", ['v'] = "vu"};

/* What a sign may stand for; NULL: it stands for itself. */
static inline const char *
letters_for(char c)
{
	return (uint8_t)c < 128 ? sign_letters[(uint8_t)c] : NULL;
}

/* The same, and with `alike' of a letter. */
static inline const char *
spelled_as(char c, bool alike)
{
	const char *as = letters_for(c);

	return as == NULL && alike && (uint8_t)c < 128 ? alike_letters[(uint8_t)c] : as;
}

struct spelling {
	struct best best;
	const char *s;
	size_t n;
	bool alike; /* letters may be other ones */
	char t[MEND_MAX + 1];
	int tries;
};

/* hash: that of p->t, so far. */
static void
spell(struct spelling *p, size_t i, size_t o, uint64_t hash)
{
	const char *as = "";

	while (i < p->n && (as = spelled_as(p->s[i], p->alike)) == NULL) {
		p->t[o++] = p->s[i];
		hash = vocab_hash_step(hash, p->s[i++]);
	}
	if (i == p->n) {
		p->tries++;
		if (o >= 2)
			offer_known(&p->best, p->t, o,
			    vocab_find(p->best.v, vocab_hash_end(hash)));
		return;
	}
	for (; *as != '\0' && p->tries < TRIES; as++) {
		p->t[o] = *as;
		if (*as == '-')
			spell(p, i + 1, o, hash);
		else
			spell(p, i + 1, o + 1, vocab_hash_step(hash, *as));
	}
}

static size_t
spell_groups(const char *s, size_t n, char *t)
{
	size_t o = 0;

	for (size_t i = 0; i < n;) {
		size_t k = 0;

		if ((uint8_t)s[i] >= 128 || !opens[(uint8_t)s[i]]) {
			t[o++] = s[i++];
			continue;
		}
		for (; k < sizeof(groups) / sizeof(groups[0]); k++) {
			size_t len = strlen(groups[k].from);

			if (len <= n - i && memcmp(s + i, groups[k].from, len) == 0)
				break;
		}
		if (k < sizeof(groups) / sizeof(groups[0])) {
			t[o++] = groups[k].to[0];
			i += strlen(groups[k].from);
		} else {
			t[o++] = s[i++];
		}
	}
	return o;
}

bool
mend_signs(const struct vocab *v, const char *s, size_t n, struct mended *out)
{
	struct spelling p = {.best = {v, out, 0}};
	char t[MEND_MAX];
	size_t letters = 0, signs = 0;

	if (n < 2 || n > MEND_MAX / 2)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *as = letters_for(s[i]);

		letters += s[i] >= 'a' && s[i] <= 'z';
		signs += as != NULL;
		p.best.hidden = p.best.hidden || (as != NULL && strcmp(as, VOWEL) == 0);
	}
	if (letters == 0 && (n < 3 || signs < n))
		return false;
	for (int alike = 0; alike < 2 && p.best.rank == 0; alike++) {
		p.alike = alike > 0;
		p.tries = 0;
		p.s = s;
		p.n = n;
		if (letters + signs == n)
			spell(&p, 0, 0, VOCAB_HASH_START);
		p.n = spell_groups(s, n, t);
		p.s = t;
		if (p.n < n)
			spell(&p, 0, 0, VOCAB_HASH_START);
	}
	/* Digits alone must spell something that matters. */
	return p.best.rank > 0 && (letters > 0 || p.best.rank > 100);
}

/* --- typing errors */

static bool
offer_tagged(struct best *b, const char *s, size_t n)
{
	const struct vocab_entry *e = look_up(b->v, s, n);

	if (e != NULL && e->tag > 0)
		offer_known(b, s, n, e);
	return b->rank > 0;
}

static bool
is_vowel(char c)
{
	return memchr("aeiou", c, 5) != NULL;
}

/* The searches below go where vocab_near() sees a reason: near.  A word that is a swap
 * of bytes i and i + 1 lacks either one where s does. */
static void
try_swaps(struct best *b, const char *s, size_t n, uint64_t near)
{
	char t[MEND_MAX + 1];

	memcpy(t, s, n);
	for (size_t i = 0; i + 1 < n; i++) {
		if ((near >> i & 3) != 3)
			continue;
		t[i] = s[i + 1];
		t[i + 1] = s[i];
		offer_tagged(b, t, n);
		t[i] = s[i];
		t[i + 1] = s[i + 1];
	}
}

static void
try_drops(struct best *b, const char *s, size_t n, uint64_t near)
{
	char t[MEND_MAX + 1];

	for (size_t i = 0; i < n; i++) {
		if (!(near >> i & 1))
			continue;
		memcpy(t, s, i);
		memcpy(t + i, s + i + 1, n - i - 1);
		offer_tagged(b, t, n - 1);
	}
}

static void
try_additions(struct best *b, const char *s, size_t n, uint64_t near)
{
	char t[MEND_MAX + 2];

	for (size_t i = 0; i <= n && near >> n & 1; i++) {
		memcpy(t, s, i);
		memcpy(t + i + 1, s + i, n - i);
		for (char c = 'a'; c <= 'z'; c++) {
			t[i] = c;
			offer_tagged(b, t, n + 1);
		}
	}
}

/* Keys that are next to each other, on most keyboards. */
static const char *const next_keys[26] = {"qwsz", "vghn", "xdfv", "serfcx", "wrsd",
    "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn", "jiolm", "kop", "njk", "bhjm",
    "iklp", "ol", "wa", "edft", "awedxz", "rfgy", "yhji", "cfgb", "qase", "zsdc",
    "tghu", "asx"};

/* One letter wrong: in short words only for the key beside it. */
static void
try_changes(struct best *b, const char *s, size_t n, uint64_t near)
{
	char t[MEND_MAX + 1];

	memcpy(t, s, n);
	for (size_t i = 0; i < n; i++) {
		const char *keys =
		    n >= 6 ? "abcdefghijklmnopqrstuvwxyz" : next_keys[s[i] - 'a'];

		if (!(near >> i & 1))
			continue;
		for (; *keys != '\0'; keys++) {
			t[i] = *keys;
			offer_tagged(b, t, n);
		}
		t[i] = s[i];
	}
}

bool
mend_typo(const struct vocab *v, const char *s, size_t n, struct mended *out)
{
	struct best best = {v, out, 0};
	bool vowels = false;
	uint64_t near;

	if (n < 3 || n > WORD_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < 'a' || s[i] > 'z')
			return false;
		vowels = vowels || is_vowel(s[i]);
	}
	near = vocab_near(v, s, n);
	if (near == 0)
		return false;
	if (n >= 4)
		try_swaps(&best, s, n, near);
	if (n >= 5 && best.rank == 0)
		try_drops(&best, s, n, near);
	if ((n >= 4 || !vowels) && best.rank == 0)
		try_additions(&best, s, n, near);
	if (best.rank == 0)
		try_changes(&best, s, n, near);
	return best.rank > 0;
}

#define ALIKE_LEVEL 5 /* of words without a tag that may be meant: common ones */

/* Two letters that look like one. */
static size_t
join_pairs(const char *s, size_t n, char *t)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		char next = i + 1 < n ? s[i + 1] : 0;

		t[o] = s[i];
		if (s[i] == 'r' && next == 'n')
			t[o] = 'm', i++;
		else if (s[i] == 'v' && next == 'v')
			t[o] = 'w', i++;
		o++;
	}
	return o;
}

bool
mend_alike(const struct vocab *v, const char *s, size_t n, struct mended *out)
{
	struct spelling p = {.best = {v, out, ALIKE_LEVEL}, .alike = true};
	char t[WORD_MAX];

	if (n < 4 || n > WORD_MAX)
		return false;
	p.s = s;
	p.n = n;
	spell(&p, 0, 0, VOCAB_HASH_START);
	p.n = join_pairs(s, n, t);
	p.s = t;
	if (p.n < n)
		spell(&p, 0, 0, VOCAB_HASH_START);
	return p.best.rank > ALIKE_LEVEL;
}

bool
mend_reversed(const struct vocab *v, const char *s, size_t n, struct mended *out)
{
	if (n < 2 || n > WORD_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		out->text[i] = s[n - 1 - i];
	out->len = n;
	return look_up(v, out->text, n) != NULL;
}

/* --- words run together */

#define NO_WAY (1 << 20)

/* Nearly every pair of letters is a word of somebody's: only common ones count. */
static bool
may_stand_alone(const char *s, size_t n, const struct vocab_entry *e)
{
	if (n == 1)
		return *s == 'i' || *s == 'a' || *s == 'u';
	return n > 2 || e->tag > 0 || e->level >= 6;
}

size_t
mend_parts(const struct vocab *v, const char *s, size_t n, size_t ends[MEND_PARTS])
{
	int cost[MEND_MAX + 1] = {0};
	uint8_t from[MEND_MAX + 1];
	size_t parts = 0;

	if (n < 4 || n > MEND_MAX)
		return 0;
	for (size_t i = 1; i <= n; i++)
		cost[i] = NO_WAY;
	/* From each place that words lead to, whichever word begins there. */
	for (size_t k = 0; k < n; k++) {
		size_t last = n - k > WORD_MAX ? k + WORD_MAX : n;
		uint64_t hash = VOCAB_HASH_START;

		for (size_t i = k + 1; cost[k] < NO_WAY && i <= last; i++) {
			const struct vocab_entry *e;
			int c;

			hash = vocab_hash_step(hash, s[i - 1]);
			e = vocab_find(v, vocab_hash_end(hash));
			if (e == NULL || !may_stand_alone(s + k, i - k, e))
				continue;
			/* Common words are cheap, and so are few words. */
			c = cost[k] + 4 + VOCAB_LEVELS - e->level +
			    (i - k < 3 ? 3 : 0) - (e->tag > 0);
			if (c < cost[i]) {
				cost[i] = c;
				from[i] = (uint8_t)k;
			}
		}
	}
	if (cost[n] >= NO_WAY)
		return 0;
	for (size_t at = n; at > 0; at = from[at])
		parts++;
	if (parts < 2 || parts > MEND_PARTS || n < parts * 5 / 2)
		return 0;
	for (size_t i = parts, end = n; i > 0; end = from[end])
		ends[--i] = end;
	return parts;
}
