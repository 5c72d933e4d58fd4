/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_list: any bytes as a list file; what loads is asked for what it says itself, and
 * tried beside itself; any bytes as what the daemon says of lists that it fetches.  And
 * the same bytes as an address, whose canonical form must be its own, with others in
 * it, and as a text.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists/fetched.h"
#include "lists/mention.h"
#include "lists/nested.h"
#include "lists/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
count(void *ctx, const struct set_hit *hit)
{
	*(size_t *)ctx += hit->len > 0;
}

static void
as_list(const uint8_t *data, size_t size)
{
	static char path[64];
	const struct set_terms terms = {{1 << 20, 1000}, "", NULL, NULL};
	struct set *s = set_new();
	struct why w, alone;
	size_t found = 0;
	int fd;

	if (path[0] == '\0')
		snprintf(path, sizeof(path), "/tmp/tosd-fuzz-list.%d", (int)getpid());
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (set_add(s, path, &terms, ignore, NULL, &w) == 0) {
		struct canon c;
		const struct trial t = {.day = 0, .shrink = 0.5};
		bool good =
		    trial_judge(&t, s->v[0], path, &terms.limits, &w, &alone) == 0;

		/* It is itself: all that can be wrong is that it does not count. */
		if (good != (s->v[0]->version > 0 && s->v[0]->expires > 0) ||
		    (good && alone.text[0] != '\0'))
			abort();
		set_seal(s);
		if (canon_url("http://a.evil.example/x/y?z", 27, &c)) {
			set_host(s, &c, count, &found);
			set_url(s, &c, count, &found);
		}
		set_digest(
		    s, LIST_MD5, "d41d8cd98f00b204e9800998ecf8427e", 32, count, &found);
	}
	set_free(&s);
}

static void
as_settings(const char *text)
{
	const char *lines = text;
	struct fetched f;
	struct trial t;

	while (fetched_next(&lines, &f)) {
		if (f.name == NULL || f.path == NULL || f.signers == NULL)
			abort();
		fetched_clear(&f);
	}
	trial_parse(text, &t);
	trial_clear(&t);
}

static void
as_address(const char *text, size_t n)
{
	static struct canon a, b;

	if (!canon_url(text, n, &a))
		return;
	if (!a.whole) {
		if (a.len != CANON_MAX || a.host == 0 || a.path < a.host)
			abort();
		return;
	}
	if (a.len > CANON_MAX || a.host == 0 || a.path < a.host || a.path >= a.len)
		abort();
	if (!canon_url(a.key, a.len, &b) || b.len != a.len ||
	    memcmp(a.key, b.key, a.len) != 0)
		abort();
}

static bool
on_nested(void *ctx, const char *s, size_t n)
{
	size_t *told = ctx;

	if (n == 0 || ++*told > NESTED_MAX)
		abort();
	as_address(s, n);
	return true;
}

static void
with_others(const char *text, size_t n)
{
	size_t told = 0;

	nested_each(text, n, on_nested, &told);
}

static void
as_text(const char *text, size_t n)
{
	struct mention m;
	struct mention_at at = {0};
	size_t before = 0, told = 0;

	/* Readings of one address may overlap; there are no more of them than can be
	 * paid for, and the search never goes back. */
	while (mention_next(text, n, &at, &m)) {
		if (m.start >= m.end || m.end > n || at.at < before ||
		    ++told > MENTION_WAYS * (n + 1))
			abort();
		before = at.at;
		as_address(text + m.start, m.end - m.start);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	memcpy(copy, data, size);
	copy[size] = '\0';
	as_list(data, size);
	as_address(copy, size);
	with_others(copy, size);
	as_settings(copy);
	if (mem_utf8_valid(copy, size))
		as_text(copy, size);
	free(copy);
	return 0;
}
