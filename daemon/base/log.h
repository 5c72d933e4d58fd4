/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: lines for people on a terminal, lines with <N> priorities for the
 * journal (when JOURNAL_STREAM names the device behind standard error, see
 * systemd.exec(5) and sd-daemon(3)).  Whatever a message contains is escaped:
 * control bytes, bidi controls and broken UTF-8 never reach a terminal, so
 * tenant bytes may be passed as they are.
 */
#ifndef TOSD_BASE_LOG_H
#define TOSD_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

/* syslog(3) priorities, so that they fit the journal's <N> prefix. */
enum log_level { LOG_L_ERR = 3, LOG_L_WARN = 4, LOG_L_NOTICE = 5, LOG_L_INFO = 6,
	LOG_L_DEBUG = 7 };

/* who: the role's name, shown on each line; kept by pointer. */
void log_open(const char *who);

/* From here on lines go to a descriptor of their own, the one that standard error was; so
 * that something else can be made of standard error.  Returns it; -1: it stays as it is. */
int log_apart(void);

/* Messages above this level are dropped; default LOG_L_INFO. */
void log_set_level(enum log_level level);

/* token names the room ("fetch", "case"), so that lines can be filtered. */
void log_write(enum log_level level, const char *token, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_err(token, ...) log_write(LOG_L_ERR, token, __VA_ARGS__)
#define log_warn(token, ...) log_write(LOG_L_WARN, token, __VA_ARGS__)
#define log_notice(token, ...) log_write(LOG_L_NOTICE, token, __VA_ARGS__)
#define log_info(token, ...) log_write(LOG_L_INFO, token, __VA_ARGS__)
#define log_debug(token, ...) log_write(LOG_L_DEBUG, token, __VA_ARGS__)

/* What makes the journal take a line that does not come from log_write at this level;
 * "" where standard error is not the journal.  Static memory. */
const char *log_mark(enum log_level level);

/* Logs and aborts: for what must not happen.  The supervisor restarts us. */
void log_die(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
