/* SPDX-License-Identifier: Apache-2.0 */
/* entry: see entry.h. */
#include "entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/day.h"

#define PARTIES 16   /* of one entry */
#define PARTY_MAX 40 /* bytes of a name */

/* --- keys --- */

/* "*.example.org" and ".example.org" are example.org; "=example.org" is that host and
 * none below it, and is kept with its "=". */
static const char *
domain_key(struct entry *e, const char *s, size_t n, bool whole)
{
	bool numeric, only = n > 0 && s[0] == '=';
	char host[CANON_HOST];
	size_t len;

	if (only) {
		s++;
		n--;
	} else if (n > 2 && s[0] == '*' && s[1] == '.') {
		s += 2;
		n -= 2;
	} else if (n > 1 && s[0] == '.') {
		s++;
		n--;
	}
	if (memchr(s, '/', n) != NULL)
		return "is an address and no domain: use a list with kind = url";
	len = canon_host(s, n, host, &numeric);
	if (len == 0)
		return "is no domain: write it as evil.example";
	if (!numeric && !only && !whole && canon_is_suffix(host, len))
		return "is a suffix below which anybody can have a name: write `whole' "
		       "behind it if all of it is meant";
	if (only)
		e->key.key[0] = '=';
	memcpy(e->key.key + only, host, len);
	e->key.len = len + only;
	return NULL;
}

/* All below it: what could never be found is not taken. */
static const char *
below_key(struct canon *c)
{
	unsigned levels = 0;

	for (size_t i = c->path; i < c->len; i++) {
		levels += c->key[i] == '/';
		if (c->key[i] == '?')
			return "ends in /* behind a question mark: nothing lies below "
			       "a query, write the address without it";
	}
	if (c->key[c->len - 1] != '/')
		return "ends in /* behind a fragment (#), which no server sees: write "
		       "the address without it";
	if (levels > CANON_LEVELS)
		return "ends in /* too deep to be looked up: behind 32 slashes of a "
		       "path "
		       "at most";
	c->key[c->len++] = '*';
	return NULL;
}

/* An address; one that ends in "/" and "*" is all below it, and keeps its star. */
static const char *
url_key(struct entry *e, const char *s, size_t n)
{
	bool below = n > 2 && s[n - 1] == '*' && s[n - 2] == '/';

	if (!canon_url(s, n - below, &e->key))
		return "is no address: write it as https://evil.example/page";
	if (!e->key.whole || e->key.len + below > CANON_MAX)
		return "is an address that is too long: 8192 bytes at most";
	e->odd = memchr(s, '*', n - below) != NULL;
	return below ? below_key(&e->key) : NULL;
}

static const char *
hash_key(struct entry *e, const char *s, size_t n, size_t want)
{
	if (n != want || strspn(s, "0123456789abcdefABCDEF") < want)
		return want == 64   ? "is no hash: it must be 64 hexadecimal digits"
		       : want == 32 ? "is no MD5: it must be 32 hexadecimal digits"
				    : "is no hash";
	for (size_t i = 0; i < n; i++)
		e->key.key[i] = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] + 32) : s[i];
	e->key.len = n;
	return NULL;
}

/* --- options --- */

static bool
take_share(const char *s, uint32_t *out)
{
	unsigned whole, part = 0;
	int end = 0;

	if (sscanf(s, "%3u%%%n", &whole, &end) != 1 || end == 0 || s[end] != '\0') {
		end = 0;
		if (sscanf(s, "%3u.%2u%%%n", &whole, &part, &end) != 2 || end == 0 ||
		    s[end] != '\0')
			return false;
		/* 0.5 is a half, not five hundredths */
		if (strchr(s, '.')[2] == '%')
			part *= 10;
	}
	*out = whole * 100 + part;
	return *out <= LIST_WHOLE;
}

struct opinions {
	bool positive, negative, seed;
	bool share, off; /* were given */
	unsigned n;
	char party[PARTIES][PARTY_MAX + 1];
	struct sb said;
};

static bool
good_party(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= PARTY_MAX &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-._") == n;
}

static bool
take_opinion(struct opinions *o, const char *party, const char *word)
{
	bool *said = strcmp(word, "positive") == 0   ? &o->positive
		     : strcmp(word, "negative") == 0 ? &o->negative
		     : strcmp(word, "seed") == 0     ? &o->seed
						     : NULL;

	if (said == NULL || o->n >= PARTIES)
		return false;
	snprintf(o->party[o->n++], sizeof(o->party[0]), "%s", party);
	*said = true;
	sb_printf(&o->said, "%s%s %s", o->said.len > 0 ? ", " : "", party, word);
	return true;
}

static enum list_stand
stand_of(const struct opinions *o)
{
	if (o->positive)
		return o->negative ? LIST_DISPUTED : LIST_STANDS;
	if (o->negative)
		return o->seed ? LIST_DISPUTED : LIST_DENIED;
	return o->seed ? LIST_SEED : LIST_STANDS;
}

/* The next word of the line; false: there is none. */
static bool
word(const char **s, size_t *n, char *out, size_t max)
{
	size_t len = 0;

	while (*n > 0 && (**s == ' ' || **s == '\t')) {
		++*s;
		--*n;
	}
	while (len < *n && (*s)[len] != ' ' && (*s)[len] != '\t')
		len++;
	if (len == 0)
		return false;
	snprintf(out, max, "%.*s", (int)len, *s);
	*s += len;
	*n -= len;
	return true;
}

static bool
has_said(const struct opinions *o, const char *party)
{
	for (unsigned i = 0; i < o->n; i++)
		if (strcmp(o->party[i], party) == 0)
			return true;
	return false;
}

/* Given once more: nobody knows which is meant. */
static const char *
given_twice(struct opinions *o, const char *w)
{
	bool share = strncmp(w, "share=", 6) == 0;
	bool off = strncmp(w, "off-until=", 10) == 0;
	const char *why = share && o->share ? "has share= twice: keep one"
			  : off && o->off   ? "has off-until= twice: keep one"
			  : strncmp(w, "party=", 6) == 0 && has_said(o, w + 6)
			      ? "has two opinions of one party: keep one"
			      : NULL;

	o->share = o->share || share;
	o->off = o->off || off;
	return why;
}

static const char *
take_option(struct entry *e, const char *w, const char **s, size_t *n, bool *whole,
    struct opinions *o)
{
	const char *twice = given_twice(o, w);
	char said[40];

	if (twice != NULL)
		return twice;
	if (strcmp(w, "whole") == 0) {
		*whole = true;
		return NULL;
	}
	e->has_option = true;
	if (strncmp(w, "share=", 6) == 0)
		return take_share(w + 6, &e->option.share)
			   ? NULL
			   : "has a share that is none: write share=5%, 0% to 100%";
	if (strncmp(w, "off-until=", 10) == 0)
		return day_parse(w + 10, &e->option.off_until)
			   ? NULL
			   : "has a day that is none: write off-until=2027-01-31";
	if (strncmp(w, "party=", 6) != 0)
		return "has an option that is none of share=, off-until=, party= and "
		       "whole";
	if (!good_party(w + 6) || !word(s, n, said, sizeof(said)) ||
	    !take_opinion(o, w + 6, said))
		return "has a party that says nothing: write party=NAME and positive, "
		       "negative or seed behind it, 16 parties at most";
	return NULL;
}

const char *
entry_read(struct entry *e, enum list_kind kind, const char *s, size_t n)
{
	struct opinions o = {0};
	size_t key = 0, rest;
	const char *at, *why = NULL;
	char w[80];
	bool whole = false;

	while (key < n && s[key] != ' ' && s[key] != '\t')
		key++;
	at = s + key;
	rest = n - key;
	e->has_option = e->odd = false;
	e->option = (struct list_option){LIST_WHOLE, INT64_MIN, LIST_STANDS, NULL};
	while (why == NULL && word(&at, &rest, w, sizeof(w)))
		why = take_option(e, w, &at, &rest, &whole, &o);
	e->option.stand = stand_of(&o);
	if (o.said.len > 0)
		e->option.parties = sb_take(&o.said);
	sb_free(&o.said);
	if (why != NULL)
		return why;
	if (kind == LIST_DOMAIN)
		return domain_key(e, s, key, whole);
	if (kind == LIST_URL)
		return url_key(e, s, key);
	return hash_key(e, s, key, kind == LIST_MD5 ? 32 : 64);
}

void
entry_clear(struct entry *e)
{
	free(e->option.parties);
	e->option.parties = NULL;
}
