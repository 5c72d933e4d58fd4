/* SPDX-License-Identifier: Apache-2.0 */
/* given: see given.h. */
#include "ipc/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define SECRET_BYTES_MAX (64u << 10)

struct given_secret {
	struct given_secret *next;
	char *name;
	struct buf bytes;
};

/* A program that was started for us. */
struct given_child {
	struct given_child *next;
	char *name;
	uint64_t run;
	char digest[DIGEST_HEX];
	int fds[MSG_CHILD_PIPES]; /* -1: not there yet */
};

static void
secrets_clear(struct given *g)
{
	while (g->secrets != NULL) {
		struct given_secret *s = g->secrets;

		g->secrets = s->next;
		if (s->bytes.data != NULL)
			explicit_bzero(s->bytes.data, s->bytes.cap);
		buf_free(&s->bytes);
		free(s->name);
		free(s);
	}
}

int
given_take_secret(struct given *g, struct msg *m)
{
	struct given_secret *s = xcalloc(1, sizeof(*s));
	struct err e = ERR_INIT;
	int rc;

	s->name = m->secret.name;
	m->secret.name = NULL;
	rc = file_read_memfd(m->fd, SECRET_BYTES_MAX, &s->bytes, &e);
	if (rc != 0)
		log_err("role", "secret %s: %s", s->name, e.text);
	/* A newer one of the same name comes first, so it is the one that is found. */
	s->next = g->secrets;
	g->secrets = s;
	return rc == 0 ? 0 : -1;
}

static void
child_drop(struct given *g, struct given_child *c)
{
	struct given_child **at = &g->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (int i = 0; i < MSG_CHILD_PIPES; i++)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	free(c->name);
	free(c);
}

static struct given_child *
child_find(const struct given *g, const char *name)
{
	struct given_child *c = g->children;

	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	return c;
}

void
given_take_child(struct given *g, struct msg *m)
{
	struct given_child *c = child_find(g, m->child.name);

	if (c != NULL && c->run != m->child.run) {
		child_drop(g, c); /* nobody took it, and it is dead by now */
		c = NULL;
	}
	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		c->name = xstrdup(m->child.name);
		c->run = m->child.run;
		snprintf(c->digest, sizeof(c->digest), "%s", m->child.digest);
		for (int i = 0; i < MSG_CHILD_PIPES; i++)
			c->fds[i] = -1;
		c->next = g->children;
		g->children = c;
	}
	if (c->fds[m->child.which] >= 0)
		close(c->fds[m->child.which]);
	c->fds[m->child.which] = m->fd;
	m->fd = -1;
}

bool
given_child(struct given *g, const char *name, int fds[MSG_CHILD_PIPES],
    char digest[DIGEST_HEX])
{
	struct given_child *c = child_find(g, name);

	for (int i = 0; c != NULL && i < MSG_CHILD_PIPES; i++)
		if (c->fds[i] < 0)
			return false;
	if (c == NULL)
		return false;
	memcpy(digest, c->digest, sizeof(c->digest));
	for (int i = 0; i < MSG_CHILD_PIPES; i++) {
		fds[i] = c->fds[i];
		c->fds[i] = -1;
	}
	child_drop(g, c);
	return true;
}

const struct buf *
given_secret(const struct given *g, const char *name)
{
	for (struct given_secret *s = g->secrets; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			return &s->bytes;
	return NULL;
}

void
given_clear(struct given *g)
{
	secrets_clear(g);
	while (g->children != NULL)
		child_drop(g, g->children);
}
