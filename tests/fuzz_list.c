/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_list: any bytes as a list file; what loads is asked for what it says itself. And
 * the same bytes as an address, whose canonical form must be its own, and as a text.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists/mention.h"
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
	const struct set_terms terms = {{1 << 20, 1000}, "", NULL};
	struct set *s = set_new();
	struct why w;
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
as_address(const char *text, size_t n)
{
	static struct canon a, b;

	if (!canon_url(text, n, &a))
		return;
	if (a.len > CANON_MAX || a.host == 0 || a.path < a.host || a.path >= a.len)
		abort();
	if (!canon_url(a.key, a.len, &b) || b.len != a.len ||
	    memcmp(a.key, b.key, a.len) != 0)
		abort();
}

static void
as_text(const char *text, size_t n)
{
	struct mention m;
	struct mention_at at = {0};
	size_t last = 0;

	while (mention_next(text, n, &at, &m)) {
		if (m.start < last || m.start >= m.end || m.end > n || at.at < m.end)
			abort();
		last = m.end;
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
	if (mem_utf8_valid(copy, size))
		as_text(copy, size);
	free(copy);
	return 0;
}
