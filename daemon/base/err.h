/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: the one error type of tosd.
 *
 * A function that can fail returns 0 or a negative TOSD_E code and, if it was
 * handed a struct err, leaves there what went wrong in words a person can act
 * on.  A caller adds its own context with err_wrap() on the way up.
 */
#ifndef TOSD_BASE_ERR_H
#define TOSD_BASE_ERR_H

#include <stddef.h>

enum {
	TOSD_OK = 0,
	TOSD_EINVAL = -1,  /* input that breaks its format or a rule */
	TOSD_ENOENT = -2,  /* the thing asked for does not exist */
	TOSD_EIO = -3,	   /* disk, socket or library failed */
	TOSD_ELIMIT = -4,  /* a configured limit was reached */
	TOSD_EPROTO = -5,  /* a peer broke the message catalogue */
	TOSD_EDENIED = -6, /* not allowed */
	TOSD_EBUSY = -7,   /* try again later */
	TOSD_ETAMPER = -8, /* evidence does not match its commitment */
	TOSD_ESTATE = -9,  /* not possible in the present state */
	TOSD_EEXIST = -10, /* already there; for idempotent calls */
};

#define ERR_TEXT_MAX 320

struct err {
	int code; /* 0 or TOSD_E* */
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT                                                                         \
	{                                                                                \
		0, ""                                                                    \
	}

/* Sets code and text; e may be NULL.  Returns code, so `return err_set(...)`. */
int err_set(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with TOSD_EIO, and appends strerror(errno). */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "text: " before what e already says.  Returns the code in e. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A short name for a code, e.g. "not found". */
const char *err_name(int code);

#endif
