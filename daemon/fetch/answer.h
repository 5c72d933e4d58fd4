/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what an HTTP answer means to us.  Pure functions over the bytes of its
 * head (status line and header lines, as received) and over libcurl's results.
 */
#ifndef TOSD_FETCH_ANSWER_H
#define TOSD_FETCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The value of the first header line of that name (any case), without white space
 * around it, otherwise byte for byte; to be freed.  NULL: there is none. */
char *answer_header(const struct buf *head, const char *name);

/* The status of a status line, 0 if the n bytes are not one. */
int answer_status(const char *line, size_t n);

/* enum poll_outcome of a complete answer.  conditional: validators were sent, so that
 * a 304 makes sense.  *why gets static words where it is neither OK nor unchanged. */
uint8_t answer_outcome(int status, bool conditional, const char **why);

/* enum poll_outcome of a transfer that failed with this CURLcode. */
uint8_t answer_failure(int curl_code);

/* True for a redirect whose target we follow, and for one that is meant for good. */
bool answer_redirects(int status);
bool answer_permanent(int status);

/* How long (ms) the answer may be taken for fresh: Cache-Control max-age less Age,
 * else Expires less Date; 0: it does not say, or says "not at all". */
int64_t answer_fresh(const struct buf *head, int64_t now);

/* Retry-After in ms from now, both forms (seconds; a date, held against the answer's
 * own Date, since the server's clock need not be ours).  0: none, unreadable, past. */
int64_t answer_retry_after(const struct buf *head, int64_t now);

/* True if Last-Modified lies less than two seconds before Date: whatever changes within
 * the same second will bear the same validators (RFC 9110, 8.8.2.2), so that they vouch
 * for nothing yet. */
bool answer_young(const struct buf *head);

#endif
