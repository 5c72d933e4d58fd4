/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier: hands mails to a mail server, one at a time, in one helper thread.
 *
 * The thread is the only one of the daemon that we start ourselves.  libcurl blocks
 * after the last byte of a mail until the server answers, with its multi interface
 * as well (curl issue 8555: a server that takes four seconds stops the loop for four
 * seconds), and the courier's sandbox lets it make no processes for SMTP.  The thread
 * sees nothing but the job it was given and the settings made before it started;
 * jobs and results change hands under one lock, and a descriptor that becomes readable
 * tells the loop.  It starts with the first job, behind the sandbox's walls.
 */
#ifndef TOSD_NOTICE_COURIER_H
#define TOSD_NOTICE_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "ipc/msg.h"

/* One mail to one recipient; owns everything in it. */
struct courier_job {
	uint64_t id;
	char *recipient, *sender; /* bare addresses */
	struct buf bytes;	  /* RFC 5322, CRLF */
};
void courier_job_clear(struct courier_job *j);

/* What became of it. */
struct courier_result {
	uint64_t id;
	enum sent_outcome outcome;
	int code;     /* last SMTP reply, or the program's exit status; 0: none */
	char *reply;  /* words for people, escaped; never NULL */
	int64_t time; /* when we knew */
};
void courier_result_clear(struct courier_result *r);

struct courier;

/* What conf_courier does not know; each may be NULL. */
struct courier_extras {
	const char *helo;     /* our name for the server; NULL: the host's name */
	const char *password; /* "" is none */
	const char *ca_file;  /* whom we trust; NULL: libcurl's default */
};

/* Settings are copied.  0, or TOSD_EINVAL: the transport is CONF_MAIL_NONE or lacks
 * its address or program. */
int courier_new(const struct conf_courier *conf, const struct courier_extras *extras,
    struct courier **out, struct err *e);

/* Waits for nothing: a transfer that is under way ends with the process. */
void courier_free(struct courier **c);

/* Takes the job (j is empty afterwards). */
void courier_give_take(struct courier *c, struct courier_job *j);

/* Readable while results wait. */
int courier_fd(const struct courier *c);

/* Moves the next result to r (cleared by the caller); false: there is none. */
bool courier_next(struct courier *c, struct courier_result *r);

/* Gives up the jobs that have not begun; their results say so (SENT_SOFT). */
void courier_cancel(struct courier *c);

/* The transports, blocking; each fills in all of r but the id. */
struct courier_settings {
	char *url, *helo, *username, *password, *ca_file; /* SMTP */
	char *sendmail;					  /* the program */
	bool starttls;
	int64_t timeout;
};
void courier_smtp(const struct courier_settings *s, const struct courier_job *j,
    struct courier_result *r);
void courier_sendmail(const struct courier_settings *s, const struct courier_job *j,
    struct courier_result *r);

/* Fills in r; reply is escaped and cut to a line's length. */
void courier_result_set(struct courier_result *r, enum sent_outcome outcome, int code,
    const char *reply, size_t n);

#endif
