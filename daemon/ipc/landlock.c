/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock: rules by path, by the system calls themselves since the C library has no
 * wrappers (landlock(7)).  The numbers stand here because the headers of the system
 * that builds may be older than the kernel that runs.
 */
#include "ipc/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_MAKE_CHAR (1ull << 6)
#define FS_MAKE_BLOCK (1ull << 11)
#define FS_TRUNCATE (1ull << 14)  /* from version 3 */
#define FS_IOCTL_DEV (1ull << 15) /* from version 5 */
#define NET_BIND_TCP (1ull << 0)  /* from version 4 */
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0) /* from version 6 */
#define SCOPE_SIGNAL (1ull << 1)

#define RIGHTS_OF_FILE \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define RIGHTS_READ (FS_READ_FILE | FS_READ_DIR)
/* To write is everything but programs and devices. */
#define RIGHTS_NEVER (FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV)

#define CREATE_VERSION 1u
#define RULE_PATH 1
#define RULE_PORT 2

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct path_attr {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port_attr {
	uint64_t allowed, port;
};

/* What each version added: all file rights it knows, and the size of its structure. */
static const struct version {
	uint64_t fs;
	size_t size;
} versions[] = {
    {0, 0},
    {(1ull << 13) - 1, 8},
    {(1ull << 14) - 1, 8},
    {(1ull << 15) - 1, 8},
    {(1ull << 15) - 1, 16},
    {(1ull << 16) - 1, 16},
    {(1ull << 16) - 1, 24},
};
#define NVERSIONS (sizeof(versions) / sizeof(versions[0]))

int
landlock_abi(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	return v > 0 ? (int)v : 0;
}

/* A path that is not there, or closed to us already, needs no rule. */
static int
allow(int ruleset, const char *path, uint64_t rights, struct err *e)
{
	struct path_attr rule = {rights, open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	int rc = 0;

	if (rule.fd < 0) {
		if (errno == ENOENT || errno == EACCES || errno == ENOTDIR)
			return 0;
		return err_sys(e, "landlock: cannot open %s", path);
	}
	if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= RIGHTS_OF_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) != 0)
		rc = err_sys(e, "landlock: cannot add a rule for %s", path);
	close(rule.fd);
	return rc;
}

/* Port 0: some port of the kernel's choice.  To connect from an address of our own that
 * is not the usual one takes bind(); to serve anybody there takes listen() as well. */
static int
allow_own_address(int ruleset, struct err *e)
{
	struct port_attr rule = {NET_BIND_TCP, 0};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) != 0)
		return err_sys(e, "landlock: cannot add a rule for a port");
	return 0;
}

static int
allow_all(int ruleset, const struct sandbox_profile *p, uint64_t known, struct err *e)
{
	uint64_t read =
	    p->may & SANDBOX_MAY_PLUGIN ? RIGHTS_READ | FS_EXECUTE : RIGHTS_READ;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < SANDBOX_PATHS && p->read[i] != NULL; i++)
		rc = allow(ruleset, p->read[i], read, e);
	for (size_t i = 0; rc == 0 && i < SANDBOX_PATHS && p->write[i] != NULL; i++)
		rc = allow(ruleset, p->write[i], known & ~RIGHTS_NEVER, e);
	return rc;
}

int
landlock_enter(const struct sandbox_profile *p, struct err *e)
{
	struct ruleset_attr attr = {0};
	int abi = landlock_abi(), fd, rc;
	const struct version *v;

	if (abi == 0)
		return err_set(e, TOSD_ESTATE,
		    "this kernel has no landlock: start it with landlock in lsm=, or "
		    "set sandbox = \"best-effort\" in the configuration");
	v = &versions[(size_t)abi < NVERSIONS ? (size_t)abi : NVERSIONS - 1];
	attr.fs = v->fs;
	if (v->size >= 16)
		attr.net =
		    NET_BIND_TCP | (p->may & SANDBOX_MAY_INET ? 0 : NET_CONNECT_TCP);
	if (v->size >= 24)
		attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, v->size, 0);
	if (fd < 0)
		return err_sys(e, "landlock: cannot make a ruleset");
	rc = allow_all(fd, p, attr.fs, e);
	if (rc == 0 && attr.net != 0 && (p->may & SANDBOX_MAY_INET))
		rc = allow_own_address(fd, e);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		rc = err_sys(e, "landlock: cannot enter");
	close(fd);
	return rc;
}
