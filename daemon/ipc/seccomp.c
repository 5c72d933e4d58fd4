/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp: which system calls a role has left, through libseccomp.
 *
 * Three answers.  What a role needs is allowed.  What only an intruder would try
 * (running programs, other processes' memory, mounts, modules, io_uring) ends the
 * process with SIGSYS after a line that names the call: an alarm, not an error to be
 * handled.  Everything else fails with EPERM: C libraries probe for calls that they can
 * do without, and a new version of one must not turn into a crash loop in the field.
 */
#include "ipc/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/sandbox.h"

static const char *const basic[] = {
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "fcntl",
    "fstat",
    "ftruncate",
    "futex",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrusage",
    "getsockopt",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "madvise",
    "membarrier",
    "memfd_create",
    "mremap",
    "munmap",
    "nanosleep",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "preadv",
    "pselect6",
    "pwrite64",
    "pwritev",
    "read",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "shutdown",
    "sigaltstack",
    "sysinfo",
    "time",
    "timerfd_create",
    "timerfd_settime",
    "times",
    "uname",
    "write",
    "writev",
    NULL,
};

static const char *const reading[] = {
    "access",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "flock",
    "fstatfs",
    "getcwd",
    "getdents64",
    "lstat",
    "newfstatat",
    "readlink",
    "readlinkat",
    "stat",
    "statfs",
    "statx",
    NULL,
};

static const char *const writing[] = {
    "chmod",
    "copy_file_range",
    "fallocate",
    "fchmod",
    "fchmodat",
    "fchown",
    "fdatasync",
    "fsync",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "msync",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "symlinkat",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "utimensat",
    NULL,
};

static const char *const networking[] = {
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "setsockopt",
    "socketpair",
    NULL,
};

static const char *const listening[] = {
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "listen",
    "setsockopt",
    "socketpair",
    NULL,
};

static const char *const accepting[] = {
    "accept",
    "accept4",
    "getpeername",
    "getsockname",
    "setsockopt",
    NULL,
};

static const struct group {
	unsigned may; /* 0: always */
	const char *const *names;
} groups[] = {
    {0, basic},
    {SANDBOX_MAY_READ | SANDBOX_MAY_WRITE, reading},
    {SANDBOX_MAY_WRITE, writing},
    {SANDBOX_MAY_INET, networking},
    {SANDBOX_MAY_UNIX, listening},
    {SANDBOX_MAY_ACCEPT, accepting},
};

/* The alarm list.  `exec`: not an alarm where the role may run a program. */
static const struct alarm {
	int nr;
	const char *name;
	bool exec;
} alarms[] = {
#define ALARM(name)                      \
	{                                \
		SYS_##name, #name, false \
	}
#define ALARM_EXEC(name)                \
	{                               \
		SYS_##name, #name, true \
	}
    ALARM_EXEC(execve),
    ALARM_EXEC(execveat),
#ifdef SYS_fork
    ALARM_EXEC(fork),
    ALARM_EXEC(vfork),
#endif
    ALARM(add_key),
    ALARM(bpf),
    ALARM(chroot),
    ALARM(clock_settime),
    ALARM(delete_module),
    ALARM(finit_module),
    ALARM(fsconfig),
    ALARM(fsmount),
    ALARM(fsopen),
    ALARM(init_module),
    ALARM(io_uring_enter),
    ALARM(io_uring_register),
    ALARM(io_uring_setup),
    ALARM(kcmp),
    ALARM(kexec_load),
    ALARM(keyctl),
    ALARM(mount),
    ALARM(move_mount),
    ALARM(open_by_handle_at),
    ALARM(open_tree),
    ALARM(perf_event_open),
    ALARM(pidfd_getfd),
    ALARM(pivot_root),
    ALARM(process_vm_readv),
    ALARM(process_vm_writev),
    ALARM(ptrace),
    ALARM(reboot),
    ALARM(request_key),
    ALARM(setns),
    ALARM(settimeofday),
    ALARM(swapon),
    ALARM(umount2),
    ALARM(unshare),
    ALARM(userfaultfd),
};
#define NALARMS (sizeof(alarms) / sizeof(alarms[0]))

static const char *
alarm_name(int nr)
{
	for (size_t i = 0; i < NALARMS; i++)
		if (alarms[i].nr == nr)
			return alarms[i].name;
	return nr == SYS_clone ? "clone" : "?";
}

/* In a signal handler: only write() and friends. */
static void
say(const char *s)
{
	ssize_t n = write(STDERR_FILENO, s, strlen(s));

	(void)n;
}

static void
on_sigsys(int signo, siginfo_t *si, void *uc)
{
	(void)uc;
	say("tosd: sandbox: forbidden system call ");
	say(alarm_name(si->si_syscall));
	say("; the role is ended\n");
	/* The handler was reset on entry, so this ends the process, visibly by SIGSYS.
	 */
	syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signo);
}

static int
catch_sigsys(struct err *e)
{
	struct sigaction sa = {.sa_sigaction = on_sigsys,
	    .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER};

	if (sigaction(SIGSYS, &sa, NULL) != 0)
		return err_sys(e, "seccomp: cannot watch for SIGSYS");
	return 0;
}

/* One rule with at most one condition on an argument. */
static int
add(scmp_filter_ctx f, uint32_t action, const char *name, struct scmp_arg_cmp *when)
{
	int nr = seccomp_syscall_resolve_name(name);

	/* A call that this architecture, or this libseccomp, does not know. */
	if (nr == __NR_SCMP_ERROR || nr < 0)
		return 0;
	return seccomp_rule_add_array(f, action, nr, when != NULL, when);
}

static int
add_groups(scmp_filter_ctx f, unsigned may)
{
	int rc = 0;

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		if (groups[g].may != 0 && !(groups[g].may & may))
			continue;
		for (const char *const *n = groups[g].names; rc == 0 && *n; n++)
			rc = add(f, SCMP_ACT_ALLOW, *n, NULL);
	}
	return rc;
}

static int
add_alarms(scmp_filter_ctx f, unsigned may)
{
	struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NALARMS; i++)
		if (!(alarms[i].exec && (may & SANDBOX_MAY_EXEC)))
			rc = seccomp_rule_add(f, SCMP_ACT_TRAP, alarms[i].nr, 0);
	if (rc == 0 && !(may & SANDBOX_MAY_EXEC))
		rc = add(f, SCMP_ACT_TRAP, "clone", &process);
	return rc;
}

static int
allow_if(scmp_filter_ctx f, const char *name, struct scmp_arg_cmp when)
{
	return add(f, SCMP_ACT_ALLOW, name, &when);
}

/* Files, by how they are opened; landlock says which. */
static int
add_open(scmp_filter_ctx f, unsigned may)
{
	const uint64_t changes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;

	if (may & SANDBOX_MAY_WRITE)
		return add(f, SCMP_ACT_ALLOW, "openat", NULL);
	if (may & SANDBOX_MAY_READ)
		return allow_if(f, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, changes, 0));
	return 0;
}

static int
add_sockets(scmp_filter_ctx f, unsigned may)
{
	int rc = 0;

	if (may & SANDBOX_MAY_INET) {
		rc = allow_if(f, "socket", SCMP_A0(SCMP_CMP_EQ, AF_INET));
		if (rc == 0)
			rc = allow_if(f, "socket", SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	}
	if (rc == 0 && (may & SANDBOX_MAY_UNIX))
		rc = allow_if(f, "socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return rc;
}

/* Memory that can be run only where code may still be loaded. */
static int
add_memory(scmp_filter_ctx f, unsigned may)
{
	int rc;

	if (may & SANDBOX_MAY_DLOPEN) {
		rc = add(f, SCMP_ACT_ALLOW, "mmap", NULL);
		return rc != 0 ? rc : add(f, SCMP_ACT_ALLOW, "mprotect", NULL);
	}
	rc = allow_if(f, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc != 0
		   ? rc
		   : allow_if(f, "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* What is allowed with certain arguments only. */
static int
add_conditions(scmp_filter_ctx f, unsigned may)
{
	const struct {
		const char *name;
		struct scmp_arg_cmp when;
	} conds[] = {
	    /* How the C library looks at an open descriptor. */
	    {"newfstatat", SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
	    {"ioctl", SCMP_A1(SCMP_CMP_EQ, FIONBIO)},
	    {"ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD)},
	    {"ioctl", SCMP_A1(SCMP_CMP_EQ, TCGETS)},
	    {"prctl", SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
	    {"prlimit64", SCMP_A2(SCMP_CMP_EQ, 0)}, /* asking, not setting */
	    {"tgkill", SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid())}, /* abort() */
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(conds) / sizeof(conds[0]); i++)
		rc = allow_if(f, conds[i].name, conds[i].when);
	if (rc == 0 && (may & SANDBOX_MAY_THREAD))
		rc = allow_if(f, "clone",
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	return rc;
}

/* What the program of a plugin is refused on top: the network, signals to anybody else,
 * a process group of its own (it is killed by its group), namespaces.  It is an error
 * there and no alarm: programs look for such things in passing. */
static int
add_plugin(scmp_filter_ctx f)
{
	static const char *const no[] = {"socket", "setsid", "setpgid", "kill", "tkill",
	    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open", "pidfd_send_signal",
	    "sched_setscheduler", "sched_setattr", "setpriority", "ioprio_set"};
	static const uint64_t spaces[] = {CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID,
	    CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
	struct scmp_arg_cmp other = SCMP_A0(SCMP_CMP_NE, (uint64_t)getpid());
	struct scmp_arg_cmp any = SCMP_A0(SCMP_CMP_NE, 0);
	uint32_t refused = SCMP_ACT_ERRNO(EPERM);
	int rc = add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);

	for (size_t i = 0; rc == 0 && i < sizeof(no) / sizeof(no[0]); i++)
		rc = add(f, refused, no[i], NULL);
	for (size_t i = 0; rc == 0 && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		struct scmp_arg_cmp has =
		    SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i]);

		rc = add(f, refused, "clone", &has);
	}
	if (rc == 0)
		rc = add(f, refused, "tgkill", &other); /* abort() is its own affair */
	return rc == 0 ? add(f, refused, "prlimit64", &any) : rc;
}

static int
add_all(scmp_filter_ctx f, unsigned may)
{
	int rc = add_alarms(f, may);

	if (rc == 0 && may & SANDBOX_MAY_PLUGIN)
		rc = add_plugin(f);
	/* A program from elsewhere lives under this filter too: only the alarms. */
	if (rc != 0 || (may & SANDBOX_MAY_EXEC))
		return rc;
	/* Its flags are in memory, where a filter cannot look; the C library falls back
	 * to clone() when it is told that there is no clone3(). */
	rc = add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
	if (rc == 0)
		rc = add_groups(f, may);
	if (rc == 0)
		rc = add_open(f, may);
	if (rc == 0)
		rc = add_sockets(f, may);
	if (rc == 0)
		rc = add_memory(f, may);
	return rc != 0 ? rc : add_conditions(f, may);
}

static int
load(scmp_filter_ctx f, int rc, struct err *e)
{
	/* Whatever threads there are: a wall beside which one may run is none. */
	if (rc == 0)
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc != 0)
		return err_set(e, TOSD_EIO, "seccomp: the kernel takes no filter: %s",
		    strerror(-rc));
	return 0;
}

int
seccomp_alone(struct err *e)
{
	/* A thread of before would be outside of landlock for good. */
	static const char *const no[] = {
	    "fork", "vfork", "clone", "execve", "execveat"};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (f == NULL)
		return err_set(e, TOSD_EIO, "seccomp: cannot make a filter");
	rc = add(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
	for (size_t i = 0; rc == 0 && i < sizeof(no) / sizeof(no[0]); i++)
		rc = add(f, SCMP_ACT_ERRNO(EPERM), no[i], NULL);
	return load(f, rc, e);
}

int
seccomp_enter(unsigned may, struct err *e)
{
	uint32_t otherwise =
	    may & SANDBOX_MAY_EXEC ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx f = seccomp_init(otherwise);
	int rc;

	if (f == NULL)
		return err_set(e, TOSD_EIO, "seccomp: cannot make a filter");
	rc = add_all(f, may);
	if (rc == 0 && catch_sigsys(e) != 0) {
		seccomp_release(f);
		return TOSD_EIO;
	}
	return load(f, rc, e);
}
