/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts: who may be asked next.  A queue for each host, at most so many requests at
 * a time and so much time between two of them to one host.  Knows nothing of HTTP and
 * no clock: the caller says what time it is (steady ms).
 *
 * The waiting are the caller's: struct host_wait is the first member of whatever he
 * queues.  A host that is idle and whose gap is over is forgotten.
 */
#ifndef TOSD_FETCH_HOSTS_H
#define TOSD_FETCH_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosts;
struct host;

struct host_wait {
	struct host_wait *next;
	struct host *host; /* set from hosts_put() until hosts_end() */
};

struct hosts *hosts_new(unsigned per_host, int64_t gap);
void hosts_free(struct hosts **h); /* the waiting stay the caller's */
void hosts_limits(struct hosts *h, unsigned per_host, int64_t gap);

/* Queues w for that host (lower-case name); front: before the others of that host. */
void hosts_put(struct hosts *h, const char *name, struct host_wait *w, bool front);

/* Takes out the next that may start now, NULL if none.  It counts as running until
 * hosts_end(). */
struct host_wait *hosts_take(struct hosts *h, int64_t now);
void hosts_end(struct hosts *h, struct host_wait *w);

/* A host that asked for it gets nothing until then, whoever asks; a later time counts,
 * an earlier one does not.  It is dropped in silence where too many have asked. */
void hosts_pause(struct hosts *h, const char *name, int64_t until);
/* Until when, INT64_MIN if it is not paused. */
int64_t hosts_paused(struct hosts *h, const char *name, int64_t now);
/* Takes out the next that waits for this host, NULL if none; it does not count as
 * running, and hosts_end() is not for it. */
struct host_wait *hosts_drop(struct hosts *h, const char *name);

/* Whether a connection for what was taken is worth being kept open after it: others wait
 * for its host, or so few hosts are asked that there is room for all.  (With thousands of
 * hosts each kept one pushes out another before anybody comes back for it, and libcurl
 * up to 7.88 goes through all hosts ever pushed out with each request.) */
bool hosts_worth_keeping(
    const struct hosts *h, const struct host_wait *w, int64_t now);

/* When hosts_take() is worth a new try; INT64_MAX: not before somebody ends. */
int64_t hosts_due(const struct hosts *h);

/* Hosts known, and requests that wait. */
size_t hosts_count(const struct hosts *h);
size_t hosts_waiting(const struct hosts *h);

#endif
