/* SPDX-License-Identifier: Apache-2.0 */
/* tosd_plugins: see tosd_plugins.h. */
#include "tosd_plugins.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/conf_value.h"
#include "ipc/cage.h"
#include "policy/fetched.h"
#include "policy/host.h"
#include "policy/when.h"
#include "roles.h"

/* The daemon gives a worker two minutes to start; who is slow beside a person is asked
 * for half of that. */
#define OPENING CLOCK_MIN
#define CAGE_MEMORY \
	(8ull << 30)	    /* at least; the daemon limits a worker once it is open */
#define SAID_MAX (4u << 20) /* bytes of lines of one attempt */

/* One loading of all plugins that are left. */
struct attempt {
	const struct conf *c;
	const char *fetched_dir;
	int fd; /* lines for the parent: a file, so that a dead child's are whole */
	size_t said;
	bool again;  /* what went well was said before */
	bool partly; /* some rules are not known here: those of programs, and of lists
		      * that the daemon fetches */
};

static void
print_line(struct tosd_plugins *t, const char *text)
{
	t->mistakes++;
	complain("%s%s", log_mark(LOG_L_ERR), text);
}

void
tosd_plugins_mistake(
    struct tosd_plugins *t, const char *file, int line, const char *text)
{
	t->mistakes++;
	complain("%s%s:%d: %s", log_mark(LOG_L_ERR), file, line, text);
	t->told = xrealloc(t->told, (t->ntold + 1) * sizeof(*t->told));
	t->told[t->ntold++] = xstrdup(text);
}

void
tosd_plugins_clear(struct tosd_plugins *t)
{
	for (size_t i = 0; i < t->ntold; i++)
		free(t->told[i]);
	free(t->told);
	*t = (struct tosd_plugins){0};
}

/* --- in the child */

static void
keep_line(void *ctx, const char *text)
{
	struct attempt *a = ctx;
	size_t n = strlen(text) + 1;

	if (a->said + n > SAID_MAX)
		return;
	a->said += n;
	if (dprintf(a->fd, "%s\n", text) != (int)n)
		complain("tosd: %s", text);
}

static void
drop_line(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
test_when(struct attempt *a, const struct policy_host *host)
{
	const struct conf_policy *c = &a->c->policy;
	struct msg m;

	msg_init(&m, MSG_RULES);
	policy_host_rules(host, &m.rules);
	for (size_t i = 0; i < c->nplugins; i++) {
		char *line = policy_when_unknown(&c->plugins[i], &m.rules);

		if (line != NULL)
			keep_line(a, line);
		free(line);
	}
	msg_clear(&m);
}

static int
load_all(void *ctx, struct trace *trace)
{
	struct attempt *a = ctx;
	char day[CLOCK_TEXT];
	struct policy_options o = {.conf = &a->c->policy,
	    .safety = &a->c->safety,
	    .probe = !a->again,
	    .report = keep_line,
	    .note = a->again ? drop_line : NULL,
	    .ctx = a,
	    .trace = trace,
	    .day = a->again ? NULL : clock_day(clock_now(), day),
	    .fetched_dir = a->fetched_dir};
	struct policy_host *host = NULL;
	struct sandbox_profile profile;
	struct err e = ERR_INIT;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* What plugins print there is none of ours. */
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	/* What a worker may not do then, they may not here. */
	profile_of_role(ROLE_POLICY, a->c, &profile);
	if (sandbox_alone(&profile, &e) != 0 ||
	    (policy_host_new(&o, &host, &e) != 0 && a->said == 0))
		keep_line(a, e.text);
	/* Of what did not load the names are missing, which has been said. */
	if (host != NULL && a->said == 0 && !a->partly)
		test_when(a, host);
	policy_host_free(&host);
	return 0;
}

/* --- in the parent */

/* Programs are started by the supervisor, under limits; here only their files were
 * looked at (conf_check_files()).  An object that was refused there would be refused
 * again. */
static bool
left_to_load(const struct tosd_plugins *t, const struct conf_plugin *p)
{
	char *begin;
	bool left = p->ncommand == 0;

	/* Without a good name it says nothing that could be told, which has been. */
	if (!left || p->name == NULL || conf_value_plugin(p->name) != NULL)
		return false;
	if (p->path == NULL)
		return true;
	begin = xasprintf("`path': %s ", p->path);
	for (size_t i = 0; i < t->ntold && left; i++)
		left = strncmp(t->told[i], begin, strlen(begin)) != 0;
	free(begin);
	return left;
}

static void
leave_out(const struct tosd_plugins *t, struct conf_policy *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nplugins; i++)
		if (left_to_load(t, &c->plugins[i]))
			c->plugins[n++] = c->plugins[i];
	c->nplugins = n;
}

/* Says who broke the attempt, and leaves it out of the next; false: nobody we know. */
static bool
blame(struct tosd_plugins *t, struct conf_policy *c, const struct cage_end *end)
{
	for (size_t i = 0; i < c->nplugins; i++) {
		const struct conf_plugin p = c->plugins[i];

		if (p.name == NULL || strcmp(p.name, end->plugin) != 0)
			continue;
		if (p.file != NULL)
			tosd_plugins_mistake(t, p.file, p.line, end->words);
		else
			print_line(t, end->words);
		c->nplugins--;
		memmove(&c->plugins[i], &c->plugins[i + 1],
		    (c->nplugins - i) * sizeof(*c->plugins));
		return true;
	}
	print_line(t, end->words);
	return false;
}

static void
print_lines(struct tosd_plugins *t, int fd)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	char *save = NULL;

	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    file_read_fd(fd, "the list of mistakes", 2 * SAID_MAX, &b, &e) != 0) {
		print_line(t, "the list of mistakes cannot be read");
		return;
	}
	buf_reserve(&b, 1)[0] = '\0';
	for (char *line = strtok_r(b.data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		print_line(t, line);
	buf_free(&b);
}

static void
test_all(struct tosd_plugins *t, struct conf *c, struct attempt *a)
{
	struct cage_limits limits = {.opening = OPENING,
	    .check = OPENING,
	    .memory = c->policy.worker_memory > CAGE_MEMORY ? c->policy.worker_memory
							    : CAGE_MEMORY,
	    .unit = "revision"};
	struct cage_end end;
	struct err e = ERR_INIT;

	do {
		if (ftruncate(a->fd, 0) != 0 || lseek(a->fd, 0, SEEK_SET) != 0 ||
		    cage_run(&limits, load_all, a, &end, &e) != 0) {
			print_line(
			    t, e.code != 0 ? e.text : "the plugins cannot be tested");
			return;
		}
		a->again = true;
	} while (end.broken && blame(t, &c->policy, &end) && c->policy.nplugins > 0);
	/* Of an attempt that was broken nothing is told twice. */
	if (!end.broken)
		print_lines(t, a->fd);
}

int
tosd_plugins_test(struct tosd_plugins *t, struct conf *c)
{
	struct attempt a = {.c = c};
	size_t before = t->mistakes;
	char *fetched;

	/* Not known where they lie, which has been said. */
	if (c->policy.packs_dir == NULL)
		return TOSD_EINVAL;
	a.partly = c->policy.nlists > 0;
	for (size_t i = 0; i < c->policy.nplugins; i++)
		a.partly = a.partly || c->policy.plugins[i].ncommand > 0;
	/* A cache file made by root here could not be replaced by the daemon's user. */
	c->policy.cache_dir = NULL;
	if (c->policy.nplugins > 0) {
		size_t all = c->policy.nplugins;

		leave_out(t, &c->policy);
		if (c->policy.nplugins == 0)
			return 0;
		a.partly = a.partly || c->policy.nplugins < all;
	}
	a.fd = memfd_create("mistakes", MFD_CLOEXEC);
	if (a.fd < 0) {
		print_line(t, "the plugins cannot be tested: no memory");
		return TOSD_EINVAL;
	}
	a.fetched_dir = fetched = policy_fetched_dir(c->state_dir);
	test_all(t, c, &a);
	close(a.fd);
	free(fetched);
	return t->mistakes == before ? 0 : TOSD_EINVAL;
}
