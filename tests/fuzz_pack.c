/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pack: libFuzzer target: any bytes as a rule pack, which includes and lists
 * itself if it likes; what is read is compiled, proved by its own tests, and asked
 * about the input itself, the fast way and the slow one, which must agree.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/engine.h"
#include "rules/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char dir[] = "/tmp/tosd-fuzz-XXXXXX";
static struct letters *letters;

static void
leave(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/p.conf", dir);
	unlink(path);
	rmdir(dir);
}

static void
put_input(const uint8_t *data, size_t n)
{
	char path[64];
	FILE *f;

	if (letters == NULL) {
		letters = letters_new();
		if (mkdtemp(dir) == NULL)
			abort();
		atexit(leave);
	}
	snprintf(path, sizeof(path), "%s/p.conf", dir);
	f = fopen(path, "w");
	if (f == NULL || fwrite(data, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void
try_pack(const struct pack *p)
{
	static const struct pack_list nobody = {.name = (char *)"protected"};
	struct engine *fast = engine_new(letters, false),
		      *slow = engine_new(letters, true);
	const struct pack *bad;
	const char *note;
	struct whys all = {.n = 0};
	struct why w;

	if (engine_add(fast, p, &nobody, &all) == 0 &&
	    engine_add(slow, p, &nobody, &all) == 0 &&
	    engine_seal(fast, NULL, &bad, &note, &w) == 0) {
		prove_pack(fast, p, &all);
		if (prove_same(fast, slow, p, 20, &w) != 0 &&
		    strstr(w.text, "differ") != NULL) {
			fprintf(stderr, "%s\n", w.text);
			abort();
		}
	}
	engine_free(&fast);
	engine_free(&slow);
}

/* Goes on after a mistake, as the plugin does. */
static void
hush(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct pack_limits limits = {65536, 50};
	struct pack *p = NULL;
	struct whys w = {.say = hush};
	int rc;

	put_input(data, n);
	rc = pack_read(dir, "p.conf", &limits, &p, &w);
	if ((rc == 0) != (p != NULL) || (rc != 0 && w.last.text[0] == '\0'))
		abort();
	if (rc == 0)
		try_pack(p);
	pack_free(&p);
	return 0;
}
