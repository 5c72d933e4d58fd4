/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: the walls in their order; see sandbox.h.  Each step is one row; a step that
 * fails is fatal or only said, as the profile wants it.
 */
#include "ipc/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/landlock.h"
#include "ipc/seccomp.h"

static void
append(const char **list, const char *path)
{
	size_t n = 0;

	if (path == NULL)
		return;
	while (n < SANDBOX_PATHS && list[n] != NULL)
		n++;
	if (n >= SANDBOX_PATHS - 1)
		log_die("sandbox", "too many paths in a profile");
	list[n] = path;
}

void
sandbox_read(struct sandbox_profile *p, const char *path)
{
	append(p->read, path);
}

void
sandbox_write(struct sandbox_profile *p, const char *path)
{
	append(p->write, path);
}

/* It takes a capability to drop this.  Who has none gains nothing from it either, under
 * no_new_privs, so a refusal is no error. */
static void
drop_bounding_set(void)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno == EPERM)
			break;
}

static int
drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	drop_bounding_set();
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) == 0)
		return 0;
	/* A unit's filter may forbid the call; then there must be nothing to drop. */
	if (syscall(SYS_capget, &head, none) == 0 && none[0].permitted == 0 &&
	    none[1].permitted == 0)
		return 0;
	return err_set(e, TOSD_EDENIED, "cannot drop capabilities");
}

int
sandbox_become(uid_t uid, gid_t gid, struct err *e)
{
	uid_t r, eff, s;

	if (geteuid() != 0) {
		if (uid == geteuid() && gid == getegid())
			return 0;
		return err_set(
		    e, TOSD_EDENIED, "only root can become user %u", (unsigned)uid);
	}
	drop_bounding_set(); /* the change of the user id takes the right to do so */
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return err_sys(
		    e, "cannot become user %u, group %u", (unsigned)uid, (unsigned)gid);
	/* Believe nothing: a user id that can be taken back is none. */
	if (getresuid(&r, &eff, &s) != 0 || r != uid || eff != uid || s != uid ||
	    (uid != 0 && setuid(0) == 0))
		return err_set(e, TOSD_EDENIED, "could become root again");
	return uid == 0 ? 0 : drop_capabilities(e);
}

/* Landlock and capabilities hold the thread that enters, and those that it starts. */
static int
enter_single(const struct sandbox_profile *p, struct err *e)
{
	DIR *dir = p->may & SANDBOX_MAY_THREAD ? NULL : opendir("/proc/self/task");
	const struct dirent *d;
	unsigned n = 0;

	/* Not to be seen: seccomp is told to hold them all. */
	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	closedir(dir);
	if (n > 1)
		return err_set(e, TOSD_ESTATE,
		    "%u thread%s of this process would be outside of the sandbox; a "
		    "plugin may start none in open()",
		    n - 1, n > 2 ? "s" : "");
	return 0;
}

static int
enter_no_new_privs(const struct sandbox_profile *p, struct err *e)
{
	(void)p;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "cannot set no_new_privs");
#ifndef TOSD_SANITIZED
	/* Roles run as one user: none may look into another's memory. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_sys(e, "cannot become undumpable");
#endif
	return 0;
}

static int
enter_capabilities(const struct sandbox_profile *p, struct err *e)
{
	(void)p;
	return drop_capabilities(e);
}

static int
limit(int what, uint64_t max, const char *name, struct err *e)
{
	struct rlimit now, want = {max, max};

	if (getrlimit(what, &now) == 0 && now.rlim_max < max)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	if (setrlimit(what, &want) != 0)
		return err_sys(e, "cannot limit %s", name);
	return 0;
}

static int
enter_limits(const struct sandbox_profile *p, struct err *e)
{
	int rc = limit(RLIMIT_CORE, 0, "core dumps", e);

	if (rc == 0 && p->max_files > 0)
		rc = limit(RLIMIT_NOFILE, p->max_files, "open files", e);
#ifndef TOSD_SANITIZED /* AddressSanitizer's shadow is larger than any limit */
	if (rc == 0 && p->max_memory > 0)
		rc = limit(RLIMIT_AS, p->max_memory, "memory", e);
#endif
	return rc;
}

static int
enter_landlock(const struct sandbox_profile *p, struct err *e)
{
	struct sandbox_profile own = *p;

	if (p->may & SANDBOX_MAY_EXEC && !(p->may & SANDBOX_MAY_PLUGIN)) {
		log_info("sandbox", "no landlock in this role: it runs a program whose "
				    "files are not known");
		return 0;
	}
#ifdef TOSD_SANITIZED
	sandbox_read(&own, "/proc"); /* the leak checker reads its own maps */
#endif
	return landlock_enter(&own, e);
}

static int
enter_seccomp(const struct sandbox_profile *p, struct err *e)
{
#ifdef TOSD_SANITIZED
	(void)p;
	(void)e;
	log_notice("sandbox", "sanitizer build: without seccomp");
	return 0;
#else
	return seccomp_enter(p->may, e);
#endif
}

int
sandbox_landlock_abi(void)
{
	return landlock_abi();
}

static int
enter_alone(const struct sandbox_profile *p, struct err *e)
{
	(void)p;
#ifdef TOSD_SANITIZED
	(void)e;
	return 0;
#else
	return seccomp_alone(e);
#endif
}

typedef int wall(const struct sandbox_profile *, struct err *);

static int
build(const struct sandbox_profile *p, wall *const *walls, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (walls[i](p, e) == 0)
			continue;
		if (p->mode == SANDBOX_REQUIRED)
			return e != NULL ? e->code : TOSD_EIO;
		log_warn("sandbox", "%s; going on without (best effort)",
		    e != NULL ? e->text : "a step failed");
		if (e != NULL)
			err_set(e, 0, "%s", "");
	}
	return 0;
}

int
sandbox_enter(const struct sandbox_profile *p, struct err *e)
{
	static wall *const walls[] = {enter_single, enter_capabilities,
	    enter_no_new_privs, enter_limits, enter_landlock, enter_seccomp};

	if (p->mode == SANDBOX_OFF) {
		log_warn("sandbox", "switched off in the configuration");
		return 0;
	}
	return build(p, walls, sizeof(walls) / sizeof(walls[0]), e);
}

int
sandbox_alone(const struct sandbox_profile *p, struct err *e)
{
	static wall *const walls[] = {enter_alone};

	return p->mode == SANDBOX_OFF ? 0 : build(p, walls, 1, e);
}
