/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: when a job's next hop runs; see client.h, and job.h for what comes of it.
 *
 * A job is in the queue of a host, or has a transfer, or (a refused address) is in
 * the list of those to be told.  Transfers go back to a pool after each hop.
 */
#include "fetch/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "fetch/guard.h"
#include "fetch/job.h"
#include "fetch/multi.h"

struct fetch_client {
	struct conf_fetch conf; /* own copy */
	struct loop_timer *timer;
	struct multi *multi;
	CURLSH *share;
	struct hosts *hosts;
	struct job_env env;
	struct job **refused; /* to be told from the loop */
	size_t nrefused;
	struct transfer *pool;
	unsigned generation; /* of conf; older transfers are set up again */
	struct network network;
	struct fetch_stats stats;
};

/* --- configuration --- */

static void
conf_copy(struct conf_fetch *to, const struct conf_fetch *from)
{
	*to = *from;
	to->user_agent = xstrdup(from->user_agent != NULL ? from->user_agent : "tosd");
	to->ca_file = xstrdup(from->ca_file);
	to->allow = NULL;
	if (from->nallow > 0) {
		to->allow = xcalloc(from->nallow, sizeof(*to->allow));
		memcpy(to->allow, from->allow, from->nallow * sizeof(*to->allow));
	}
	if (to->max_connections == 0)
		to->max_connections = 1;
}

static void
conf_clear(struct conf_fetch *c)
{
	free((char *)c->user_agent);
	free((char *)c->ca_file);
	free(c->allow);
}

/* Lower-case host of an address that guard_url() has passed; to be freed. */
static char *
host_of(const char *url)
{
	CURLU *u = curl_url();
	char *part = NULL, *host;
	size_t n;

	if (u == NULL)
		abort();
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &part, 0) != CURLUE_OK)
		part = NULL;
	host = xstrdup(part != NULL ? part : "");
	curl_free(part);
	curl_url_cleanup(u);
	for (char *p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	n = strlen(host);
	if (n > 0 && host[n - 1] == '.') /* the same host */
		host[n - 1] = '\0';
	return host;
}

/* --- starting --- */

static void
job_enqueue(struct fetch_client *c, struct job *j, bool front)
{
	free(j->host);
	j->host = host_of(j->r.url);
	hosts_put(c->hosts, j->host, &j->wait, front);
	loop_timer_set(c->timer, 0);
}

static struct transfer *
pool_get(struct fetch_client *c)
{
	struct transfer *t = c->pool;

	if (t == NULL) {
		t = transfer_new(&c->conf, c->share);
	} else {
		c->pool = t->next;
		t->next = NULL;
		if (t->generation != c->generation)
			transfer_configure(t);
	}
	t->generation = c->generation;
	return t;
}

static void
pool_put(struct fetch_client *c, struct transfer *t)
{
	transfer_end(t);
	t->next = c->pool;
	c->pool = t;
}

/* It holds no place of its host, and no connection of the common number, any more. */
static void
job_release(struct fetch_client *c, struct job *j)
{
	if (j->released)
		return;
	j->released = true;
	hosts_end(c->hosts, &j->wait);
	c->stats.active--;
}

/* Takes the transfer off the job. */
static void
job_detach(struct fetch_client *c, struct job *j)
{
	job_release(c, j);
	pool_put(c, j->transfer);
	j->transfer = NULL;
}

/* A stream that is open must not keep others of its host waiting for ever. */
static int
on_piece(struct transfer *t, const char *data, size_t n)
{
	struct job *j = t->owner;
	struct fetch_client *c = j->env->client;

	if (data == NULL) {
		job_release(c, j);
		loop_timer_set(c->timer, 0);
	}
	return job_data(j, t, data, n);
}

static void
job_start(struct fetch_client *c, struct job *j)
{
	struct transfer_ask ask = {.url = j->r.url,
	    .accept = j->accept,
	    .etag = j->etag,
	    .last_modified = j->last_modified,
	    .timeout = c->conf.timeout - j->r.took,
	    .fresh = j->fresh,
	    .sink = j->on_data != NULL ? on_piece : NULL,
	    .bearer = j->bearer,
	    .last_event_id = j->last_event_id,
	    .form = j->form,
	    .allow = j->allow,
	    .nallow = j->nallow};

	j->released = false;
	if (j->cancelled != NULL) {
		c->stats.active++;
		job_release(c, j);
		job_finish(j, POLLED_OWN_FAULT, j->cancelled);
		return;
	}
	j->transfer = pool_get(c);
	j->started = clock_steady();
	c->stats.active++;
	c->stats.hops++;
	transfer_begin(j->transfer, &ask, j);
	if (j->on_data != NULL)
		job_data(j, j->transfer, NULL, 0);
	if (multi_add(c->multi, j->transfer->easy) != 0) {
		job_detach(c, j);
		job_finish(j, POLLED_OWN_FAULT, "libcurl did not take the request");
	}
}

static void
tell_refused(struct fetch_client *c)
{
	struct job **v = c->refused;
	size_t n = c->nrefused;
	const char *why;

	c->refused = NULL;
	c->nrefused = 0;
	for (size_t i = 0; i < n; i++) {
		why = "not a valid address";
		guard_url(v[i]->r.url, &why);
		job_finish(v[i], POLLED_REFUSED, why);
	}
	free(v);
}

/* Starts whatever may start now and sets the timer for the rest. */
static void
pump(void *ctx)
{
	struct fetch_client *c = ctx;
	struct host_wait *w;
	int64_t now = clock_steady(), due;

	tell_refused(c);
	while (c->stats.active < c->conf.max_connections &&
	       (w = hosts_take(c->hosts, now)) != NULL)
		job_start(c, (struct job *)w);
	due = hosts_due(c->hosts);
	if (due == INT64_MAX || c->stats.active >= c->conf.max_connections)
		loop_timer_clear(c->timer); /* until a transfer ends */
	else
		loop_timer_set(c->timer, due > now ? due - now : 0);
	if (c->nrefused > 0)
		loop_timer_set(c->timer, 0);
}

static void
on_done(void *ctx, CURL *easy, CURLcode rc)
{
	struct fetch_client *c = ctx;
	struct transfer *t = transfer_of(easy);
	struct job *j = t->owner;

	j->r.took += clock_steady() - j->started;
	job_release(c, j);
	j->transfer = NULL;
	if (job_step(j, t, rc) == JOB_AGAIN)
		job_enqueue(c, j, true);
	pool_put(c, t);
	loop_timer_set(c->timer, 0);
}

/* --- the client --- */

/* Open streams come on top of what is asked one by one. */
static void
limit_multi(struct fetch_client *c)
{
	multi_limits(c->multi, c->conf.max_connections + c->conf.max_streams,
	    c->conf.max_host_connections + c->conf.max_streams);
}

struct fetch_client *
fetch_client_new(struct loop *l, const struct conf_fetch *conf)
{
	struct fetch_client *c = xcalloc(1, sizeof(*c));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_die("fetch", "libcurl could not start");
	conf_copy(&c->conf, conf);
	c->env = (struct job_env){&c->conf, &c->network, &c->stats, NULL, c};
	c->share = curl_share_init();
	if (c->share == NULL)
		log_die("fetch", "libcurl could not make a share handle");
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	c->multi = multi_new(l, on_done, c);
	limit_multi(c);
	c->hosts = hosts_new(c->conf.max_host_connections, c->conf.host_gap);
	c->timer = loop_timer_new(l, pump, c);
	return c;
}

void
fetch_client_get(struct fetch_client *c, const struct fetch_request *req,
    fetch_done_cb *done, void *ctx)
{
	struct job *j = job_new(&c->env, req);

	j->done = done;
	j->ctx = ctx;
	c->stats.requests++;
	if (guard_url(req->url, NULL)) {
		job_enqueue(c, j, false);
		return;
	}
	c->refused = xrealloc(c->refused, (c->nrefused + 1) * sizeof(struct job *));
	c->refused[c->nrefused++] = j;
	loop_timer_set(c->timer, 0);
}

void
fetch_client_reconf(struct fetch_client *c, const struct conf_fetch *conf)
{
	struct conf_fetch old = c->conf;

	conf_copy(&c->conf, conf);
	conf_clear(&old);
	c->generation++;
	limit_multi(c);
	hosts_limits(c->hosts, c->conf.max_host_connections, c->conf.host_gap);
	loop_timer_set(c->timer, 0);
}

void
fetch_client_cancel(struct fetch_client *c, const void *ctx, const char *why)
{
	struct job *j = c->env.jobs, *next;

	for (; j != NULL; j = next) {
		next = j->next;
		if (j->ctx != ctx)
			continue;
		if (j->transfer == NULL) {
			j->cancelled = why;
			continue;
		}
		multi_remove(c->multi, j->transfer->easy);
		job_detach(c, j);
		job_finish(j, POLLED_OWN_FAULT, why);
		loop_timer_set(c->timer, 0);
	}
}

void
fetch_client_resume(struct fetch_client *c, const void *ctx)
{
	for (struct job *j = c->env.jobs; j != NULL; j = j->next)
		if (j->ctx == ctx && j->transfer != NULL) {
			curl_easy_pause(j->transfer->easy, CURLPAUSE_CONT);
			return; /* the list may have changed */
		}
}

/* Takes every job out of queues and transfers. */
static void
detach_all(struct fetch_client *c)
{
	for (struct job *j = c->env.jobs; j != NULL; j = j->next)
		if (j->transfer != NULL) {
			multi_remove(c->multi, j->transfer->easy);
			job_detach(c, j);
		}
	hosts_free(&c->hosts);
	c->hosts = hosts_new(c->conf.max_host_connections, c->conf.host_gap);
	free(c->refused);
	c->refused = NULL;
	c->nrefused = 0;
}

void
fetch_client_abort(struct fetch_client *c, const char *why)
{
	struct job **v = NULL;
	size_t n = 0;

	detach_all(c);
	/* A list of its own: a callback may ask for more, which is left alone. */
	for (struct job *j = c->env.jobs; j != NULL; j = j->next)
		n++;
	v = xcalloc(n + 1, sizeof(*v));
	n = 0;
	for (struct job *j = c->env.jobs; j != NULL; j = j->next)
		v[n++] = j;
	while (n > 0)
		job_finish(v[--n], POLLED_OWN_FAULT, why);
	free(v);
}

void
fetch_client_free(struct fetch_client **cp)
{
	struct fetch_client *c = *cp;
	struct transfer *t;

	if (c == NULL)
		return;
	detach_all(c);
	while (c->env.jobs != NULL)
		job_drop(c->env.jobs);
	while ((t = c->pool) != NULL) {
		c->pool = t->next;
		transfer_free(&t);
	}
	multi_free(&c->multi);
	curl_share_cleanup(c->share);
	hosts_free(&c->hosts);
	loop_timer_free(&c->timer);
	conf_clear(&c->conf);
	free(c);
	*cp = NULL;
}

void
fetch_client_stats(const struct fetch_client *c, struct fetch_stats *out)
{
	*out = c->stats;
	out->waiting = hosts_waiting(c->hosts);
	out->hosts = hosts_count(c->hosts);
}
