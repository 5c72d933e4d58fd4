/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: one request on its way, hop by hop, and what each hop means for it.  Internal
 * to the client: client.c decides when a hop runs, job.c what comes after it.
 *
 * A job is in the list of its environment until job_finish(), which tells its owner
 * and frees it.  It has a transfer only while a hop runs.
 */
#ifndef TOSD_FETCH_JOB_H
#define TOSD_FETCH_JOB_H

#include "fetch/client.h"
#include "fetch/hosts.h"
#include "fetch/network.h"
#include "fetch/resolve.h"
#include "fetch/target.h"
#include "fetch/transfer.h"

/* What all jobs of a client share; all of it is the client's. */
struct job_env {
	const struct conf_fetch *conf;
	struct network *network;
	struct fetch_stats *stats;
	struct hosts *hosts;
	struct job *jobs;			     /* all of them */
	void (*paused)(void *ctx, const char *host); /* it asked for it just now */
	void *ctx;
};

struct job {
	struct host_wait wait; /* first: hosts.h */
	struct resolve_wait name;
	struct job *prev, *next;
	struct job_env *env;
	fetch_done_cb *done;
	void *ctx;
	char *accept, *etag, *last_modified, *known; /* NULL: the usual; none */
	struct conf_range *allow; /* of the configuration and of the request */
	size_t nallow;
	struct target target;	   /* of the hop */
	struct resolve_set addrs;  /* of the target, as far as the guard lets us */
	size_t addr;		   /* the one that is tried */
	struct transfer *transfer; /* while a hop runs */
	int64_t started;	   /* this hop, steady ms */
	int64_t retry_after;	   /* the longest that was asked for on the way */
	char *later;		   /* a host that redirected us and asked for a pause */
	int64_t later_until;	   /* steady ms */
	bool second;		   /* asks as somebody else */
	size_t max_body;	   /* 0: the configuration's */
	int64_t timeout;	   /* likewise */
	bool fresh;		   /* this hop must not use a kept connection */
	bool permanent;		   /* all redirects so far are for good */
	uint8_t verdict;	   /* of a job that ends without being asked */
	const char *verdict_why;   /* static */
	bool released;		   /* streams: holds no place of its host any more */
	const char *cancelled;	   /* why it is given up once its turn comes */
	fetch_data_cb *on_data;
	char *bearer, *last_event_id, *form, *json;
	struct fetch_result r;	   /* grows hop by hop */
};

/* How long it may be on the wire, all hops together. */
int64_t job_timeout(const struct job *j);

/* Copies the request; into the list. */
struct job *job_new(struct job_env *env, const struct fetch_request *req);

/* Calls the owner back with what there is, then frees j.  why: words, or NULL. */
void job_finish(struct job *j, uint8_t outcome, const char *why);

/* Out of the list and gone, without a word. */
void job_drop(struct job *j);

/* The addresses of the hop's name are known, or why they are not.  POLLED_OK: there is
 * one to connect to; else what the job is to be finished with, words in *why. */
uint8_t job_resolved(struct job *j, const struct resolve_set *set, char **why);

/* No connection came about: true if there is another address to try, which is then the
 * job's, for the same hop. */
bool job_next(struct job *j, const struct transfer *t, CURLcode rc);
/* Gives its owner what came (data NULL: the head); enum fetch_flow. */
int job_data(struct job *j, const struct transfer *t, const char *data, size_t n);

/* A hop has ended with this result.  JOB_ENDED: j was finished and is gone;
 * JOB_AGAIN: another hop, to r.url, is due. */
enum job_step { JOB_ENDED, JOB_AGAIN };
enum job_step job_step(struct job *j, struct transfer *t, CURLcode rc);

#endif
