/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_log: scratch folders, plain logs and single-bit faults for the tests of
 * the evidence room. */
#ifndef TOSD_TESTS_EVIDENCE_LOG_H
#define TOSD_TESTS_EVIDENCE_LOG_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "evidence/ledger.h"

#define UNUSED_OK __attribute__((unused))

/* The data folder's evidence part; NULL where it is absent (said once). */
static UNUSED_OK const char *
log_data(void)
{
	static char path[4096];
	const char *top = getenv("TOSD_DATA"), *src = getenv("srcdir");

	if (top != NULL)
		snprintf(path, sizeof(path), "%s/evidence", top);
	else
		snprintf(path, sizeof(path), "%s/../shared/data/evidence",
		    src != NULL ? src : ".");
	if (access(path, R_OK) == 0)
		return path;
	printf("(skipped: no data folder, set TOSD_DATA) ");
	return NULL;
}

static UNUSED_OK char *
log_scratch(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xasprintf("%s/tosd-evidence.XXXXXX", tmp != NULL ? tmp : "/tmp");

	if (mkdtemp(dir) == NULL)
		abort();
	return dir;
}

static UNUSED_OK void
log_scratch_free(char *dir)
{
	char *cmd = xasprintf("rm -rf '%s'", dir);

	if (system(cmd) != 0)
		fprintf(stderr, "cannot remove %s\n", dir);
	free(cmd);
	free(dir);
}

static UNUSED_OK void
log_write_file(const char *dir, const char *name, const void *data, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (file_write(path, data, n, 0600, FILE_NOSYNC, NULL) != 0)
		abort();
	free(path);
}

/* Turns one bit of a file, in place; again undoes it. */
static UNUSED_OK void
log_flip(const char *path, uint64_t bit)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char c;

	if (fd < 0 || pread(fd, &c, 1, bit / 8) != 1)
		abort();
	c ^= 1 << bit % 8;
	if (pwrite(fd, &c, 1, bit / 8) != 1)
		abort();
	close(fd);
}

/* n well-formed entries that refer to nothing, a second apart. */
static UNUSED_OK void
log_append_plain(struct ledger *l, uint64_t n)
{
	while (n-- > 0) {
		uint64_t seq = ledger_size(l);
		char t[CLOCK_TEXT];
		char *s = xasprintf("{\"kind\":\"poll\",\"seq\":%llu,\"t\":\"%s\"}",
		    (unsigned long long)seq,
		    clock_format(1795352400000 + (int64_t)seq * 1000, t));

		if (ledger_append(l, seq, s, strlen(s), NULL, NULL) != 0)
			abort();
		free(s);
	}
}

#endif
