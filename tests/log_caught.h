/* SPDX-License-Identifier: Apache-2.0 */
/* log_caught: what is logged between log_begin() and log_end(), for tests of the engine,
 * whose bench keeps it quiet otherwise. */
#ifndef TESTS_LOG_CAUGHT_H
#define TESTS_LOG_CAUGHT_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

static int log_file = -1, log_old = -1;
static char logged[20000];

static inline void
log_begin(void)
{
	fflush(stderr);
	log_file = memfd_create("log", 0);
	log_old = dup(2);
	dup2(log_file, 2);
	log_set_level(LOG_L_INFO);
}

/* How often it was said since log_begin(). */
static inline int
log_count(const char *words)
{
	int n = 0;

	for (const char *s = logged; (s = strstr(s, words)) != NULL; s++)
		n++;
	return n;
}

static inline void
log_end(void)
{
	ssize_t n;

	log_set_level(LOG_L_ERR);
	dup2(log_old, 2);
	close(log_old);
	n = pread(log_file, logged, sizeof(logged) - 1, 0);
	logged[n > 0 ? n : 0] = '\0';
	close(log_file);
}

#endif
