/* SPDX-License-Identifier: Apache-2.0 */
/* log: one write(2) a line to standard error; see log.h. */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define LINE_MAX_BYTES 2048

static const char *who = "tosd";
static enum log_level max_level = LOG_L_INFO;
static bool to_journal;
static int log_fd = STDERR_FILENO;

static const char *const level_names[] = {
    [LOG_L_ERR] = "error",
    [LOG_L_WARN] = "warning",
    [LOG_L_NOTICE] = "notice",
    [LOG_L_INFO] = "info",
    [LOG_L_DEBUG] = "debug",
};

/* JOURNAL_STREAM is "device:inode" of the journal's socket (systemd.exec(5)). */
static bool
stderr_is_journal(void)
{
	const char *s = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (s == NULL || sscanf(s, "%llu:%llu", &dev, &ino) != 2)
		return false;
	return fstat(log_fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void
log_open(const char *name)
{
	who = name;
	to_journal = stderr_is_journal();
}

const char *
log_mark(enum log_level level)
{
	static const char *const marks[] = {
	    [LOG_L_ERR] = "<3>",
	    [LOG_L_WARN] = "<4>",
	    [LOG_L_NOTICE] = "<5>",
	    [LOG_L_INFO] = "<6>",
	    [LOG_L_DEBUG] = "<7>",
	};

	return stderr_is_journal() ? marks[level] : "";
}

int
log_apart(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		log_fd = fd;
	return fd;
}

void
log_set_level(enum log_level level)
{
	max_level = level;
}

static void
log_vwrite(enum log_level level, const char *token, const char *fmt, va_list ap)
{
	char raw[LINE_MAX_BYTES], line[LINE_MAX_BYTES * 2 + 128], stamp[32];
	struct timespec ts;
	struct tm tm;
	int n;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	if (to_journal) {
		n = snprintf(line, 128, "<%d>%s[%s] ", level, who, token);
	} else {
		/* Wall clock on purpose: a log line tells when it was written, also
		 * while clock.c runs on virtual time. */
		clock_gettime(CLOCK_REALTIME, &ts);
		gmtime_r(&ts.tv_sec, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		n = snprintf(line, 128, "%s.%03ldZ %-7s %s[%s] ", stamp,
		    ts.tv_nsec / 1000000, level_names[level], who, token);
	}
	n += text_escape(line + n, sizeof(line) - n - 1, raw, strlen(raw));
	line[n++] = '\n';
	if (write(log_fd, line, n) < 0)
		return; /* nowhere left to complain */
}

void
log_write(enum log_level level, const char *token, const char *fmt, ...)
{
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	log_vwrite(level, token, fmt, ap);
	va_end(ap);
}

void
log_die(const char *token, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(LOG_L_ERR, token, fmt, ap);
	va_end(ap);
	abort();
}
