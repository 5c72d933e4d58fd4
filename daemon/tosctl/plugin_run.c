/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_run: see plugin_run.h. */
#include "tosctl/plugin_run.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "conf/conf_value.h"

#define LAST_WORDS 500 /* ms for it to end when its output has */
#define OWN_UID 60955  /* the last of the default range of tosd.conf(5) */

void
plugin_run_init(struct plugin_run *r)
{
	*r = (struct plugin_run){.wanted = true};
	r->conf = (struct conf_plugin){.name = NULL,
	    .settings = r->settings,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_SETS,
	    .window = 64,
	    .deadline = CLOCK_SEC,
	    .memory = 512u << 20,
	    .processes = 16,
	    .files = 64,
	    .cpu = CLOCK_HOUR};
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The program as execvp(3) would find it; NULL: not there. */
static char *
find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *all, *dir, *save = NULL, *found = NULL;

	if (strchr(name, '/') != NULL)
		return realpath(name, NULL);
	all = xstrdup(path != NULL ? path : "/usr/bin:/bin");
	for (dir = strtok_r(all, ":", &save); dir != NULL && found == NULL;
	     dir = strtok_r(NULL, ":", &save)) {
		char *full = xasprintf("%s/%s", dir, name);

		if (access(full, X_OK) == 0 && !is_folder(full))
			found = full;
		else
			free(full);
	}
	free(all);
	return found;
}

static char *
word(const char *s)
{
	struct stat st;
	char *path;

	if (stat(s, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (path = realpath(s, NULL)) == NULL)
		return xstrdup(s);
	return path;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* As in tosd.conf, where its file allows it. */
static void
name_after(struct plugin_run *r, const char *path)
{
	const char *slash = strrchr(path, '/'),
		   *name = slash != NULL ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t n = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);

	if (r->conf.name != NULL)
		return;
	snprintf(r->name, sizeof(r->name), "%.*s", (int)n, name);
	for (char *c = r->name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	if (conf_value_plugin(r->name) != NULL)
		snprintf(r->name, sizeof(r->name), "%s", "plugin");
	r->conf.name = r->name;
}

int
plugin_run_command(struct plugin_run *r, char **words, size_t n, struct err *e)
{
	const char **v = xcalloc(n + 1, sizeof(*v)), *of;
	bool lies_here = access(words[0], F_OK) == 0 && !is_folder(words[0]);

	r->conf.command = v;
	r->conf.ncommand = n;
	for (size_t i = 1; i < n; i++)
		v[i] = word(words[i]);
	errno = 0;
	v[0] = find_program(words[0]);
	if (v[0] == NULL && errno == EACCES)
		return err_sys(e, "%s", words[0]);
	if (v[0] == NULL)
		return err_set(e, TOSD_ENOENT, "%s: there is no such program%s%s",
		    words[0][0] != '\0' ? words[0] : "`'",
		    lies_here ? "; one that lies here is ./" : "",
		    lies_here ? words[0] : "");
	if (is_folder(v[0]))
		return err_set(
		    e, TOSD_EINVAL, "%s is a folder, and no program", words[0]);
	of = v[0];
	for (size_t i = n; --i > 0;)
		if (v[i][0] == '/')
			of = v[i];
	r->conf.folder = folder_of(of);
	name_after(r, of);
	r->spawn = (struct spawn_child){.name = r->conf.name,
	    .command = v,
	    .ncommand = n,
	    .folder = r->conf.folder,
	    .become = geteuid() == 0,
	    .uid = OWN_UID,
	    .gid = OWN_UID,
	    .sandbox = SANDBOX_BEST_EFFORT,
	    .memory = r->conf.memory,
	    .files = r->conf.files,
	    .processes = r->conf.processes,
	    .cpu = (uint64_t)(r->conf.cpu / CLOCK_SEC)};
	return 0;
}

void
plugin_run_object(struct plugin_run *r, const char *file)
{
	r->conf.path = file;
	name_after(r, file);
}

void
plugin_run_clear(struct plugin_run *r)
{
	plugin_run_end(r, 0, NULL);
	for (size_t i = 0; i < r->conf.ncommand; i++)
		free((char *)(uintptr_t)r->conf.command[i]);
	free(r->conf.command);
	free((char *)(uintptr_t)r->conf.folder);
}

int
plugin_run_start(struct plugin_run *r, struct exec_fds *fds, struct err *e)
{
	int pipes[MSG_CHILD_PIPES], rc;
	pid_t pid;

	rc = spawn_child_digest(r->conf.command, r->conf.ncommand, fds->digest, e);
	if (rc != 0)
		return rc;
	pid = spawn_child(&r->spawn, pipes, e);
	if (pid < 0)
		return (int)pid;
	r->pid = pid;
	fds->in = pipes[0];
	fds->out = pipes[1];
	fds->err = pipes[2];
	return 0;
}

int
plugin_run_end(struct plugin_run *r, int64_t patience, bool *ended)
{
	int64_t end = clock_steady() + patience;
	siginfo_t si;
	int status;

	if (ended != NULL)
		*ended = false;
	if (r->pid == 0)
		return -1;
	do {
		/* Not reaped yet: its number must stay its own until the group is dead.
		 */
		memset(&si, 0, sizeof(si));
		if (waitid(P_PID, (id_t)r->pid, &si, WEXITED | WNOHANG | WNOWAIT) ==
			0 &&
		    si.si_pid == r->pid) {
			if (ended != NULL)
				*ended = true;
			break;
		}
		if (patience > 0)
			poll(NULL, 0, 2);
	} while (clock_steady() < end);
	kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) != r->pid)
		;
	r->pid = 0;
	return status;
}

static bool
take(void *ctx, const char *plugin, struct exec_fds *out)
{
	struct plugin_run *r = ctx;
	struct err e = ERR_INIT;

	(void)plugin;
	if (r->pid != 0 || !r->wanted || clock_steady() < r->due)
		return false;
	if (plugin_run_start(r, out, &e) == 0)
		return true;
	complain("tosctl: %s", e.text);
	r->wanted = false;
	return false;
}

static void
say(void *ctx, const char *plugin, const char *line)
{
	(void)ctx;
	complain("%s: %s", plugin, line);
}

/* How a program ended that is said to have, as far as it did by itself. */
static void
say_end(struct plugin_run *r, const char *plugin, int status)
{
	char text[40];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "it was killed by SIG%s",
		    sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "it ended with exit code %d",
		    WEXITSTATUS(status));
	say(r, plugin, text);
}

static void
lost(void *ctx, const char *plugin, int64_t delay, const char *why)
{
	struct plugin_run *r = ctx;
	bool over = strstr(why, "it ended") != NULL, ended;
	int status = plugin_run_end(r, over ? LAST_WORDS : 0, &ended);

	if (over && ended)
		say_end(r, plugin, status);
	r->wanted = delay >= 0;
	r->due = clock_steady() + delay;
}

static void
call_line(void *ctx, uint64_t line, char out[EXEC_CALLED])
{
	const struct plugin_run *r = ctx;

	if (r->called != NULL)
		r->called(r->called_ctx, line, out);
	else
		snprintf(out, EXEC_CALLED, "line %llu", (unsigned long long)line);
}

struct policy_children
plugin_run_children(struct plugin_run *r)
{
	return (struct policy_children){take, lost, say, r, call_line};
}
