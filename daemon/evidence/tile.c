/* SPDX-License-Identifier: Apache-2.0 */
/* tile: static files of a log; see tile.h. */
#include "evidence/tile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "evidence/checkpoint.h"
#include "evidence/merkle.h"

const char *
tile_name(int level, uint64_t index, unsigned width, char out[TILE_NAME])
{
	char number[40], *to = number;
	uint64_t unit = 1;
	int n;

	while (index / unit >= 1000)
		unit *= 1000;
	for (; unit > 1; unit /= 1000)
		to += sprintf(to, "x%03u/", (unsigned)(index / unit % 1000));
	sprintf(to, "%03u", (unsigned)(index % 1000));
	if (level == TILE_ENTRIES)
		n = snprintf(out, TILE_NAME, "tile/entries/%s", number);
	else
		n = snprintf(out, TILE_NAME, "tile/%d/%s", level, number);
	if (width < TILE_WIDTH)
		snprintf(out + n, TILE_NAME - n, ".p/%u", width);
	return out;
}

bool
tile_name_parse(const char *name, int *level, uint64_t *index, unsigned *width)
{
	char again[TILE_NAME];
	const char *s = name;
	uint64_t w = TILE_WIDTH;

	*index = 0;
	if (strncmp(s, "tile/entries/", 13) == 0) {
		*level = TILE_ENTRIES;
		s += 13;
	} else if (strncmp(s, "tile/", 5) == 0 && s[5] >= '0' && s[5] <= '7' &&
		   s[6] == '/') {
		*level = s[5] - '0';
		s += 7;
	} else {
		return false;
	}
	/* Read it loosely, then see whether it is spelt as we would spell it. */
	for (; *s != '\0' && *s != '.'; s++)
		if (*s >= '0' && *s <= '9' &&
		    (__builtin_mul_overflow(*index, 10u, index) ||
			__builtin_add_overflow(*index, (uint64_t)(*s - '0'), index)))
			return false;
	if (*s == '.' &&
	    (strncmp(s, ".p/", 3) != 0 || checkpoint_number(s + 3, &w) == NULL ||
		w == 0 || w >= TILE_WIDTH))
		return false;
	*width = (unsigned)w;
	return strcmp(tile_name(*level, *index, *width, again), name) == 0;
}

uint64_t
tile_count(int level, uint64_t size)
{
	return level <= 0 ? size : level >= TILE_LEVELS ? 0 : size >> (8 * level);
}

unsigned
tile_width(int level, uint64_t index, uint64_t size)
{
	uint64_t count = tile_count(level, size), full = count / TILE_WIDTH;

	return index < full ? TILE_WIDTH : index == full ? count % TILE_WIDTH : 0;
}

static int
read_named(const char *log, int level, uint64_t index, unsigned width, struct buf *b,
    struct err *e)
{
	char name[TILE_NAME];
	char *path = xasprintf("%s/%s", log, tile_name(level, index, width, name));
	int rc = file_read(path, level < 0 ? TILE_BUNDLE_MAX : TILE_BYTES, b, e);

	free(path);
	/* Longer than its kind can be: not ours. */
	if (rc == TOSD_ELIMIT)
		rc = err_set(e, TOSD_ETAMPER, "%s/%s is too long", log, name);
	return rc;
}

/* The narrowest partial file of a tile that is wider than `width`; 0: none. */
static unsigned
wider_partial(const char *log, int level, uint64_t index, unsigned width)
{
	char name[TILE_NAME];
	char *path = xasprintf("%s/%s", log, tile_name(level, index, 1, name));
	unsigned best = 0;
	struct dirent *d;
	DIR *dir;

	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		uint64_t w;
		const char *end = checkpoint_number(d->d_name, &w);

		if (end != NULL && *end == '\0' && w > width && w < TILE_WIDTH &&
		    (best == 0 || w < best))
			best = (unsigned)w;
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
	return best;
}

int
tile_load(const char *log, int level, uint64_t index, unsigned width, struct buf *b,
    unsigned *got, struct err *e)
{
	int rc = read_named(log, level, index, width, b, e);

	*got = width;
	if (width == TILE_WIDTH)
		return rc;
	/* A writer may take two steps while we look, hardly ten. */
	for (unsigned i = 0; rc == TOSD_ENOENT && i < 10; i++) {
		unsigned wide = wider_partial(log, level, index, width);

		*got = wide > 0 ? wide : TILE_WIDTH;
		rc = read_named(log, level, index, *got, b, e);
		if (wide == 0)
			break;
	}
	if (rc == TOSD_ENOENT)
		*got = width;
	return rc;
}

int
tile_read(const char *log, int level, uint64_t index, unsigned width, struct buf *b,
    struct err *e)
{
	size_t at = b->len;
	char name[TILE_NAME];
	unsigned got;
	int rc = tile_load(log, level, index, width, b, &got, e);

	if (rc != 0)
		return rc;
	if (b->len - at != (size_t)got * DIGEST_LEN)
		return err_set(e, TOSD_ETAMPER, "%s/%s has %zu bytes instead of %u",
		    log, tile_name(level, index, got, name), b->len - at,
		    got * DIGEST_LEN);
	b->len = at + (size_t)width * DIGEST_LEN;
	return 0;
}

int
tile_read_bundle(
    const char *log, uint64_t index, unsigned width, struct buf *b, struct err *e)
{
	unsigned got;

	return tile_load(log, TILE_ENTRIES, index, width, b, &got, e);
}

bool
tile_entry(const char **p, const char *end, const char **entry, size_t *n)
{
	const uint8_t *s = (const uint8_t *)*p;
	size_t len;

	if (end - *p < 2)
		return false;
	len = (size_t)s[0] << 8 | s[1];
	if ((size_t)(end - *p) - 2 < len)
		return false;
	*entry = *p + 2;
	*n = len;
	*p += 2 + len;
	return true;
}

void
tile_entry_put(struct buf *b, const void *entry, size_t n)
{
	buf_putc(b, (char)(n >> 8));
	buf_putc(b, (char)n);
	buf_put(b, entry, n);
}

int
tile_node(void *source, unsigned level, uint64_t index, uint8_t out[DIGEST_LEN],
    struct err *e)
{
	const struct tile_source *src = source;
	/* The node stands over 2^k hashes that lie within one tile. */
	unsigned k = level % 8, tile_level = level / 8;
	uint64_t first = index << k, tile = first / TILE_WIDTH;
	unsigned from = first % TILE_WIDTH;
	unsigned width = tile_width(tile_level, tile, src->size);
	struct buf b = {0};
	int rc;

	if (from + (1u << k) > width)
		return err_set(e, TOSD_EINVAL, "a log of %llu entries has no such node",
		    (unsigned long long)src->size);
	rc = tile_read(src->log, tile_level, tile, width, &b, e);
	if (rc == 0)
		merkle_perfect(
		    (uint8_t *)b.data + (size_t)from * DIGEST_LEN, (size_t)1 << k, out);
	buf_free(&b);
	return rc;
}
