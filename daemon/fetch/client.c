/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: jobs on their way through queue, transfer and redirects; see client.h.
 *
 * A job is owned by the client's list from fetch_client_get() until its callback has
 * returned.  It is in the queue of a host, or has a transfer, or (a refused address)
 * is in the list of those to be told.  Transfers go back to a pool after each hop.
 */
#include "fetch/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/answer.h"
#include "fetch/guard.h"
#include "fetch/hosts.h"
#include "fetch/multi.h"
#include "fetch/network.h"
#include "fetch/transfer.h"

#define ACCEPT_FEEDS                                                         \
	"application/atom+xml, application/rss+xml, application/feed+json, " \
	"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.9, */*;q=0.8"

struct job {
	struct host_wait wait; /* first: hosts.h */
	struct job *prev, *next;
	struct fetch_client *client;
	fetch_done_cb *done;
	void *ctx;
	char *host; /* of the hop */
	char *accept, *etag, *last_modified;
	struct conf_range *allow;
	size_t nallow;
	struct transfer *transfer; /* while a hop runs */
	int64_t started;	   /* this hop, steady ms */
	bool fresh;		   /* this hop must not use a kept connection */
	bool permanent;		   /* all redirects so far are for good */
	struct fetch_result r;	   /* grows hop by hop */
};

struct fetch_client {
	struct conf_fetch conf; /* own copy */
	struct loop_timer *timer;
	struct multi *multi;
	CURLSH *share;
	struct hosts *hosts;
	struct job *jobs;
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

/* --- jobs --- */

static void
result_clear(struct fetch_result *r)
{
	free(r->url);
	free(r->moved);
	free(r->peer);
	free(r->etag);
	free(r->last_modified);
	free(r->content_type);
	free(r->why);
	buf_free(&r->request);
	buf_free(&r->head);
	buf_free(&r->body);
	for (size_t i = 0; i < r->nhops; i++) {
		free(r->hops[i].url);
		free(r->hops[i].peer);
	}
	free(r->hops);
}

static void
job_link(struct job *j)
{
	struct fetch_client *c = j->client;

	j->next = c->jobs;
	if (j->next != NULL)
		j->next->prev = j;
	c->jobs = j;
}

static void
job_unlink(struct job *j)
{
	if (j->prev != NULL)
		j->prev->next = j->next;
	else
		j->client->jobs = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
}

/* It is out of the list by now. */
static void
job_free(struct job *j)
{
	result_clear(&j->r);
	free(j->host);
	free(j->accept);
	free(j->etag);
	free(j->last_modified);
	free(j->allow);
	free(j);
}

static struct job *
job_new(struct fetch_client *c, const struct fetch_request *req)
{
	struct job *j = xcalloc(1, sizeof(*j));
	size_t n = c->conf.nallow;

	j->client = c;
	j->permanent = true;
	j->r.url = xstrdup(req->url);
	j->accept = xstrdup(req->accept != NULL ? req->accept : ACCEPT_FEEDS);
	j->etag = xstrdup(req->etag);
	j->last_modified = xstrdup(req->last_modified);
	j->nallow = n + req->nallow;
	j->allow = xcalloc(j->nallow + 1, sizeof(*j->allow));
	if (n > 0)
		memcpy(j->allow, c->conf.allow, n * sizeof(*j->allow));
	if (req->nallow > 0)
		memcpy(j->allow + n, req->allow, req->nallow * sizeof(*j->allow));
	job_link(j);
	return j;
}

static void
job_why(struct job *j, const char *text)
{
	struct buf b = {0};

	text_repair(&b, text, strlen(text)); /* libcurl quotes the server's bytes */
	free(j->r.why);
	j->r.why = buf_take(&b);
}

static void
job_finish(struct job *j, uint8_t outcome, const char *why)
{
	struct fetch_client *c = j->client;

	j->r.outcome = outcome;
	if (why != NULL)
		job_why(j, why);
	if (j->r.time == 0)
		j->r.time = clock_now();
	if (outcome != POLLED_OK && outcome != POLLED_UNCHANGED) {
		free(j->r.moved);
		j->r.moved = NULL;
	}
	c->stats.outcomes[outcome]++;
	job_unlink(j); /* the callback may end all others */
	j->done(j->ctx, &j->r);
	job_free(j);
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
job_enqueue(struct job *j, bool front)
{
	free(j->host);
	j->host = host_of(j->r.url);
	hosts_put(j->client->hosts, j->host, &j->wait, front);
	loop_timer_set(j->client->timer, 0);
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

/* Takes the transfer off the job. */
static void
job_detach(struct job *j)
{
	struct fetch_client *c = j->client;

	hosts_end(c->hosts, &j->wait);
	pool_put(c, j->transfer);
	j->transfer = NULL;
	c->stats.active--;
}

static void
job_start(struct job *j)
{
	struct fetch_client *c = j->client;
	struct transfer_ask ask = {.url = j->r.url,
	    .accept = j->accept,
	    .etag = j->etag,
	    .last_modified = j->last_modified,
	    .timeout = c->conf.timeout - j->r.took,
	    .fresh = j->fresh,
	    .allow = j->allow,
	    .nallow = j->nallow};

	j->transfer = pool_get(c);
	j->started = clock_steady();
	c->stats.active++;
	c->stats.hops++;
	transfer_begin(j->transfer, &ask, j);
	if (multi_add(c->multi, j->transfer->easy) != 0) {
		job_detach(j);
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
		job_start((struct job *)w);
	due = hosts_due(c->hosts);
	if (due == INT64_MAX || c->stats.active >= c->conf.max_connections)
		loop_timer_clear(c->timer); /* until a transfer ends */
	else
		loop_timer_set(c->timer, due > now ? due - now : 0);
	if (c->nrefused > 0)
		loop_timer_set(c->timer, 0);
}

/* --- ending --- */

/* Lays the bytes of the hop into the result, in place of those of the hop before. */
static void
copy_bytes(struct buf *to, const struct buf *from)
{
	buf_reset(to);
	buf_put(to, from->data, from->len);
}

static void
take_bytes(struct fetch_result *r, struct transfer *t)
{
	copy_bytes(&r->request, &t->request);
	copy_bytes(&r->head, &t->head);
	buf_free(&r->body);
	r->body = t->body; /* may be large: moved */
	t->body = (struct buf){0};
	r->status = t->head_done ? t->status : 0;
	r->time = clock_now();
}

static void
add_hop(struct job *j, struct transfer *t)
{
	struct fetch_result *r = &j->r;
	char *ip = NULL;
	long port = 0, made = 0;
	struct fetch_hop *hop;

	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made);
	j->client->stats.connections += (uint64_t)made;
	j->client->stats.bytes += t->head_bytes + t->body.len;
	take_bytes(r, t);
	r->hops = xrealloc(r->hops, (r->nhops + 1) * sizeof(*r->hops));
	hop = &r->hops[r->nhops++];
	hop->url = xstrdup(r->url);
	hop->status = r->status;
	hop->peer = NULL;
	if (ip != NULL && ip[0] != '\0' && t->request.len > 0)
		hop->peer =
		    xasprintf(strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
	free(r->peer);
	r->peer = xstrdup(hop->peer);
}

/* The address that the hop redirects to; NULL: it does not.  To be curl_free()d. */
static char *
redirect_target(const struct transfer *t)
{
	char *url = NULL;

	if (!t->head_done || !answer_redirects(t->status))
		return NULL;
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	return url; /* libcurl's, until the handle is used again */
}

static bool
seen(const struct fetch_result *r, const char *url)
{
	for (size_t i = 0; i < r->nhops; i++)
		if (strcmp(r->hops[i].url, url) == 0)
			return true;
	return false;
}

static bool
is_https(const char *url)
{
	return strncmp(url, "https:", 6) == 0;
}

/* The next hop, or the end.  url is taken. */
static void
job_follow_take(struct job *j, char *url)
{
	struct fetch_result *r = &j->r;
	const char *why = NULL;
	char *text;

	if (seen(r, url))
		why = "redirect in a circle";
	else if (r->nhops > j->client->conf.max_redirects)
		why = "too many redirects";
	else
		guard_url(url, &why);
	if (why != NULL) {
		text = xasprintf("%s: to %.1024s", why, url);
		job_finish(j, POLLED_REFUSED, text);
		free(text);
		free(url);
		return;
	}
	/* A step back to plain HTTP is followed, but not for good. */
	j->permanent = j->permanent && answer_permanent(r->status) &&
		       (is_https(url) || !is_https(r->url));
	free(r->url);
	r->url = url;
	if (j->permanent) {
		free(r->moved);
		r->moved = xstrdup(url);
	}
	if (r->took >= j->client->conf.timeout)
		job_finish(j, POLLED_TIMEOUT, "time was up among the redirects");
	else
		job_enqueue(j, true);
}

/* An answer that is no redirect. */
static void
job_answered(struct job *j, enum transfer_stop stop, CURLcode rc)
{
	struct fetch_result *r = &j->r;
	bool conditional = j->etag != NULL || j->last_modified != NULL;
	const char *why;
	uint8_t outcome = answer_outcome(r->status, conditional, &why);

	r->truncated = stop != TRANSFER_RAN || rc != CURLE_OK;
	if (stop == TRANSFER_BODY && outcome == POLLED_OK)
		why = "body cut at the limit";
	if (stop == TRANSFER_BOMB)
		why = "unpacks to more than a hundred times its size; cut";
	if (outcome == POLLED_OK || outcome == POLLED_UNCHANGED)
		r->hint = answer_fresh(&r->head, r->time);
	else
		r->retry_after = answer_retry_after(&r->head, r->time);
	r->content_type = answer_header(&r->head, "Content-Type");
	if (!r->truncated) { /* else a later 304 would vouch for what we lack */
		r->etag = answer_header(&r->head, "ETag");
		r->last_modified = answer_header(&r->head, "Last-Modified");
	}
	job_finish(j, outcome, why);
}

/* In words, why it was our own fault that the transfer did not reach its server. */
static const char *
own_fault(struct job *j, const struct transfer *t, CURLcode rc)
{
	long os_errno = 0;

	if (t->request.len > 0 || rc == CURLE_SSL_CONNECT_ERROR ||
	    rc == CURLE_PEER_FAILED_VERIFICATION) {
		network_answered(&j->client->network);
		return NULL;
	}
	if (rc == CURLE_COULDNT_CONNECT)
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	else if (rc != CURLE_COULDNT_RESOLVE_HOST && rc != CURLE_OPERATION_TIMEDOUT)
		return NULL;
	return network_failed(&j->client->network, j->host, (int)os_errno);
}

/* True if time was up before the name was resolved. */
static bool
names_hang(const struct transfer *t, CURLcode rc)
{
	curl_off_t us = 0;

	if (rc != CURLE_OPERATION_TIMEDOUT || t->request.len > 0)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &us);
	return us == 0;
}

/* The transfer failed: whose fault, and what is left of it? */
static void
job_failed(struct job *j, const struct transfer *t, CURLcode rc)
{
	struct fetch_result *r = &j->r;
	const char *why = t->error[0] != '\0' ? t->error : curl_easy_strerror(rc);
	const char *own;
	char *text;

	if (t->refused[0] != '\0' && t->request.len == 0) {
		job_finish(j, POLLED_REFUSED, t->refused);
		return;
	}
	if (t->stop == TRANSFER_HEADER || rc == CURLE_OUT_OF_MEMORY) {
		job_finish(j, POLLED_HTTP_ERROR, "header beyond the limit");
		return;
	}
	own = own_fault(j, t, rc);
	if (own != NULL) {
		text = xasprintf("%s (%s)", own, why);
		job_finish(j, POLLED_OWN_FAULT, text);
		free(text);
		return;
	}
	r->truncated = r->status != 0;
	if (r->status != 0)
		r->content_type = answer_header(&r->head, "Content-Type");
	job_finish(j, names_hang(t, rc) ? POLLED_DNS : answer_failure(rc), why);
}

/* A kept connection may be dead, or still carry what a server sent beyond its last
 * answer; libcurl sees only some of that.  Then the hop is tried once more. */
static bool
is_stale(const struct job *j, const struct transfer *t, CURLcode rc)
{
	long made = 1;

	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made);
	return made == 0 && !j->fresh && !t->head_done && t->stop == TRANSFER_RAN &&
	       t->request.len > 0 && rc != CURLE_OPERATION_TIMEDOUT;
}

/* Is there an answer, even if the transfer did not end well?  Of what is not a feed
 * the head is enough. */
static bool
is_answer(const struct transfer *t, CURLcode rc)
{
	if (!t->head_done || t->stop == TRANSFER_HEADER)
		return false;
	return rc == CURLE_OK || t->stop != TRANSFER_RAN ||
	       (t->status != 200 && t->status != 203);
}

static void
on_done(void *ctx, CURL *easy, CURLcode rc)
{
	struct fetch_client *c = ctx;
	struct transfer *t = transfer_of(easy);
	struct job *j = t->owner;
	bool answer = is_answer(t, rc);
	char *target = answer ? xstrdup(redirect_target(t)) : NULL;

	bool stale = !answer && is_stale(j, t, rc);

	j->r.took += clock_steady() - j->started;
	if (!stale)
		add_hop(j, t);
	hosts_end(c->hosts, &j->wait);
	j->transfer = NULL;
	c->stats.active--;
	j->fresh = stale;
	if (answer)
		network_answered(&c->network);
	if (stale)
		job_enqueue(j, true);
	else if (!answer)
		job_failed(j, t, rc);
	else if (target != NULL)
		job_follow_take(j, target);
	else
		job_answered(j, t->stop, rc);
	pool_put(c, t);
	loop_timer_set(c->timer, 0);
}

/* --- the client --- */

struct fetch_client *
fetch_client_new(struct loop *l, const struct conf_fetch *conf)
{
	struct fetch_client *c = xcalloc(1, sizeof(*c));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_die("fetch", "libcurl could not start");
	conf_copy(&c->conf, conf);
	c->share = curl_share_init();
	if (c->share == NULL)
		log_die("fetch", "libcurl could not make a share handle");
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	c->multi = multi_new(l, on_done, c);
	multi_limits(c->multi, c->conf.max_connections, c->conf.max_host_connections);
	c->hosts = hosts_new(c->conf.max_host_connections, c->conf.host_gap);
	c->timer = loop_timer_new(l, pump, c);
	return c;
}

void
fetch_client_get(struct fetch_client *c, const struct fetch_request *req,
    fetch_done_cb *done, void *ctx)
{
	struct job *j = job_new(c, req);

	j->done = done;
	j->ctx = ctx;
	c->stats.requests++;
	if (guard_url(req->url, NULL)) {
		job_enqueue(j, false);
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
	multi_limits(c->multi, c->conf.max_connections, c->conf.max_host_connections);
	hosts_limits(c->hosts, c->conf.max_host_connections, c->conf.host_gap);
	loop_timer_set(c->timer, 0);
}

/* Takes every job out of queues and transfers. */
static void
detach_all(struct fetch_client *c)
{
	for (struct job *j = c->jobs; j != NULL; j = j->next)
		if (j->transfer != NULL) {
			multi_remove(c->multi, j->transfer->easy);
			job_detach(j);
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
	for (struct job *j = c->jobs; j != NULL; j = j->next)
		n++;
	v = xcalloc(n + 1, sizeof(*v));
	n = 0;
	for (struct job *j = c->jobs; j != NULL; j = j->next)
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
	struct job *j;

	if (c == NULL)
		return;
	detach_all(c);
	while ((j = c->jobs) != NULL) {
		job_unlink(j);
		job_free(j);
	}
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
