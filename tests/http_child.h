/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_child: tests/http_server.py, or another server that says its port, as a child
 * process of a test program.  It ends with its standard input, so it cannot outlive the test even if that crashes.
 */
#ifndef TOSD_TESTS_HTTP_CHILD_H
#define TOSD_TESTS_HTTP_CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct http_child {
	pid_t pid;
	int hold; /* its standard input */
	int port; /* 0: it did not start */
};

/* The script below tests/; args: its options, NULL at the end; at most 16. */
static inline struct http_child
http_child_run(const char *script, const char *const *args)
{
	const char *src = getenv("srcdir"), *argv[24] = {"python3"};
	char path[4096], line[32] = "";
	struct http_child c = {0};
	int in[2], out[2], n = 1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/%s",
	    src != NULL ? src : TOSD_SRCDIR, script);
	argv[n++] = path;
	argv[n++] = "--stdin-ends";
	for (int i = 0; args[i] != NULL && i < 16; i++)
		argv[n++] = args[i];
	if (pipe(in) != 0 || pipe(out) != 0 || (c.pid = fork()) < 0)
		return c;
	if (c.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 256; fd++)
			close(fd);
		execvp(argv[0], (char *const *)(void *)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	c.hold = in[1];
	f = fdopen(out[0], "r");
	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		c.port = atoi(line);
	if (f != NULL)
		fclose(f);
	return c;
}

static inline struct http_child
http_child_start(const char *const *args)
{
	return http_child_run("http_server.py", args);
}

static inline void
http_child_stop(struct http_child *c)
{
	close(c->hold);
	waitpid(c->pid, NULL, 0);
}

#endif
