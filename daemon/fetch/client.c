/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: when a job's next hop runs; see client.h, and job.h for what comes of it.
 *
 * A job is in the queue of a host, or holds one of its places: while its name is
 * resolved, then with a transfer; or (a refused address, a host that wants peace) it is
 * in the list of those to be told.  Transfers go back to a pool after each hop.
 */
#include "fetch/client.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "fetch/job.h"
#include "fetch/multi.h"
#include "fetch/resolve.h"

#define ACCEPT_FEEDS                                                         \
	"application/atom+xml, application/rss+xml, application/feed+json, " \
	"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.9, */*;q=0.8"

#define KEEP ((size_t)8 << 20) /* of the memory of requests that have ended */

/* Connections, TLS sessions and handles of one of the two whom we ask as: a server must
 * not know one by the other. */
struct side {
	struct multi *multi; /* NULL: not used yet */
	CURLSH *share;
	struct transfer *pool;
};

struct fetch_client {
	struct conf_fetch conf; /* own copy */
	struct loop *loop;
	struct loop_timer *timer;
	struct side sides[2]; /* the second: as somebody else */
	struct hosts *hosts;
	struct resolver *resolver;
	struct job_env env;
	struct job **told; /* to be told from the loop */
	size_t ntold;
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
	to->second_user_agent = xstrdup(
	    from->second_user_agent != NULL ? from->second_user_agent : to->user_agent);
	to->second_interface = xstrdup(from->second_interface);
	to->ca_file = xstrdup(from->ca_file);
	to->resolvers = NULL; /* the resolver has them */
	to->nresolvers = 0;
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
	free((char *)c->second_user_agent);
	free((char *)c->second_interface);
	free((char *)c->ca_file);
	free(c->allow);
}

/* Name servers with commas between, NULL if none are named.  To be freed. */
static char *
servers_of(const struct conf_fetch *conf)
{
	struct buf b = {0};

	for (size_t i = 0; i < conf->nresolvers; i++) {
		if (i > 0)
			buf_putc(&b, ',');
		buf_puts(&b, conf->resolvers[i]);
	}
	return conf->nresolvers > 0 ? buf_take(&b) : NULL;
}

/* --- starting --- */

/* The job ends with this verdict, from the loop: its host is not asked. */
static void
tell_later(struct fetch_client *c, struct job *j, uint8_t verdict, const char *why)
{
	j->verdict = verdict;
	j->verdict_why = why;
	c->told = xrealloc(c->told, (c->ntold + 1) * sizeof(struct job *));
	c->told[c->ntold++] = j;
	loop_timer_set(c->timer, 0);
}

static void
tell(struct fetch_client *c)
{
	struct job **v = c->told;
	size_t n = c->ntold;

	c->told = NULL;
	c->ntold = 0;
	for (size_t i = 0; i < n; i++)
		job_finish(v[i], v[i]->verdict, v[i]->verdict_why);
	free(v);
}

/* True if the host wants to be left alone for longer than it makes sense to wait. */
static bool
in_peace(struct fetch_client *c, struct job *j)
{
	int64_t now = clock_steady();
	int64_t until = hosts_paused(c->hosts, j->target.host, now);

	if (until == INT64_MIN || until - now <= c->conf.timeout)
		return false;
	j->r.retry_after = until - now;
	tell_later(c, j, POLLED_RATE_LIMIT,
	    "the host has asked for a pause, by Retry-After to an earlier request");
	return true;
}

/* Those who wait for a host that has just asked for a pause need not wait for it. */
static void
tell_paused(struct fetch_client *c, const char *host)
{
	int64_t now = clock_steady(), until = hosts_paused(c->hosts, host, now);
	struct host_wait *w;

	if (until == INT64_MIN || until - now <= c->conf.timeout)
		return;
	while ((w = hosts_drop(c->hosts, host)) != NULL)
		in_peace(c, (struct job *)w);
}

/* The hop to r.url waits for its turn. */
static void
job_enqueue(struct fetch_client *c, struct job *j, bool front)
{
	const char *why = NULL;

	target_clear(&j->target);
	if (!target_of(j->r.url, &j->target, &why)) {
		tell_later(c, j, POLLED_REFUSED, why);
		return;
	}
	if (in_peace(c, j))
		return;
	hosts_put(c->hosts, j->target.host, &j->wait, front);
	loop_timer_set(c->timer, 0);
}

static struct side *
side_of(struct fetch_client *c, const struct job *j)
{
	return &c->sides[j->second];
}

static struct transfer *
pool_get(struct fetch_client *c, struct side *side)
{
	struct transfer *t = side->pool;

	if (t == NULL) {
		t = transfer_new(&c->conf, side->share, side == &c->sides[1]);
	} else {
		side->pool = t->next;
		t->next = NULL;
		if (t->generation != c->generation)
			transfer_configure(t);
	}
	t->generation = c->generation;
	return t;
}

static void
pool_put(struct side *side, struct transfer *t)
{
	transfer_end(t);
	t->next = side->pool;
	side->pool = t;
}

/* The job holds no place of its host, and no connection of the common number, any more.
 * Streams leave already when their head has come. */
static void
job_leave(struct fetch_client *c, struct job *j)
{
	resolver_forget(&j->name);
	if (j->released)
		return;
	j->released = true;
	hosts_end(c->hosts, &j->wait);
	c->stats.active--;
	loop_timer_set(c->timer, 0);
}

/* Time for one of the addresses that are left: none may use up all of it. */
static int64_t
connect_time(const struct fetch_client *c, const struct job *j)
{
	int64_t whole = c->conf.connect_timeout;

	return whole / (int64_t)(j->addrs.n - j->addr);
}

/* A stream that is open must not keep others of its host waiting for ever. */
static int
on_piece(struct transfer *t, const char *data, size_t n)
{
	struct job *j = t->owner;

	if (data == NULL)
		job_leave(j->env->ctx, j);
	return job_data(j, t, data, n);
}

static void
job_connect(struct fetch_client *c, struct job *j)
{
	struct side *side = side_of(c, j);
	struct transfer_ask ask = {.url = j->r.url,
	    .parts = j->target.url,
	    .accept = j->accept != NULL ? j->accept : ACCEPT_FEEDS,
	    .etag = j->etag,
	    .last_modified = j->last_modified,
	    .known = j->known,
	    .whole_time = job_timeout(j),
	    .timeout = job_timeout(j) - j->r.took,
	    .max_body = j->max_body > 0 ? j->max_body : c->conf.max_body,
	    .connect_timeout = connect_time(c, j),
	    .addr = &j->addrs.v[j->addr],
	    .port = j->target.port,
	    .fresh = j->fresh,
	    .lone = !hosts_worth_keeping(c->hosts, &j->wait, clock_steady()),
	    .sink = j->on_data != NULL ? on_piece : NULL,
	    .bearer = j->bearer,
	    .last_event_id = j->last_event_id,
	    .form = j->form,
	    .json = j->json,
	    .allow = j->allow,
	    .nallow = j->nallow};

	j->transfer = pool_get(c, side);
	j->started = clock_steady();
	transfer_begin(j->transfer, &ask, j);
	if (j->on_data != NULL)
		job_data(j, j->transfer, NULL, 0);
	if (multi_add(side->multi, j->transfer->easy) != 0) {
		pool_put(side, j->transfer);
		j->transfer = NULL;
		job_leave(c, j);
		job_finish(j, POLLED_OWN_FAULT, "libcurl did not take the request");
	}
}

/* Was it cancelled while it waited? */
static bool
given_up(struct fetch_client *c, struct job *j)
{
	if (j->cancelled == NULL)
		return false;
	job_leave(c, j);
	job_finish(j, POLLED_OWN_FAULT, j->cancelled);
	return true;
}

/* It is known where the name leads, or why nowhere. */
static void
job_located(struct fetch_client *c, struct job *j, const struct resolve_set *set)
{
	char *why = NULL;
	uint8_t outcome;

	if (given_up(c, j))
		return;
	outcome = job_resolved(j, set, &why);
	if (outcome == POLLED_OK) {
		job_connect(c, j);
	} else {
		job_leave(c, j);
		job_finish(j, outcome, why);
	}
	free(why);
}

static void
on_name(struct resolve_wait *w, const struct resolve_set *set)
{
	struct job *j = (struct job *)(void *)((char *)w - offsetof(struct job, name));

	j->r.took += clock_steady() - j->started;
	job_located(j->env->ctx, j, set);
}

static void
job_start(struct fetch_client *c, struct job *j)
{
	struct resolve_set one = {.n = 1};
	const struct resolve_set *set = &one;

	j->started = clock_steady();
	j->released = false;
	c->stats.active++;
	if (given_up(c, j))
		return;
	c->stats.hops++;
	if (j->target.literal)
		one.v[0] = j->target.addr;
	else
		set = resolver_known(c->resolver, j->target.host);
	if (set != NULL) {
		job_located(c, j, set);
		return;
	}
	j->name.done = on_name;
	resolver_ask(c->resolver, j->target.host, &j->name);
}

/* Starts whatever may start now and sets the timer for the rest. */
static void
pump(void *ctx)
{
	struct fetch_client *c = ctx;
	struct host_wait *w;
	int64_t now = clock_steady(), due;

	tell(c);
	while (c->stats.active < c->conf.max_connections &&
	       (w = hosts_take(c->hosts, now)) != NULL)
		job_start(c, (struct job *)w);
	due = hosts_due(c->hosts);
	if (due == INT64_MAX || c->stats.active >= c->conf.max_connections)
		loop_timer_clear(c->timer); /* until a transfer ends */
	else
		loop_timer_set(c->timer, due > now ? due - now : 0);
	if (c->ntold > 0)
		loop_timer_set(c->timer, 0);
}

static void
on_done(void *ctx, CURL *easy, CURLcode rc)
{
	struct fetch_client *c = ctx;
	struct transfer *t = transfer_of(easy);
	struct job *j = t->owner;
	struct side *side = side_of(c, j);

	j->r.took += clock_steady() - j->started;
	j->transfer = NULL;
	if (job_next(j, t, rc)) {
		resolver_demote(
		    c->resolver, j->target.host, &j->addrs.v[j->addr - 1].sa);
		pool_put(side, t);
		job_connect(c, j);
		return;
	}
	job_leave(c, j);
	if (job_step(j, t, rc) == JOB_AGAIN)
		job_enqueue(c, j, true);
	pool_put(side, t);
}

static void
on_pause(void *ctx, const char *host)
{
	tell_paused(ctx, host);
}

/* --- the client --- */

/* Open streams come on top of what is asked one by one. */
static void
side_limits(struct fetch_client *c)
{
	for (size_t i = 0; i < 2; i++)
		if (c->sides[i].multi != NULL)
			multi_limits(c->sides[i].multi,
			    c->conf.max_connections + c->conf.max_streams,
			    c->conf.max_host_connections + c->conf.max_streams);
}

static void
side_new(struct fetch_client *c, struct side *side)
{
	side->share = curl_share_init();
	if (side->share == NULL)
		log_die("fetch", "libcurl could not make a share handle");
	curl_share_setopt(side->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	side->multi = multi_new(c->loop, on_done, c);
	side_limits(c);
}

static void
side_free(struct side *side)
{
	struct transfer *t;

	if (side->multi == NULL)
		return;
	while ((t = side->pool) != NULL) {
		side->pool = t->next;
		transfer_free(&t);
	}
	multi_free(&side->multi);
	curl_share_cleanup(side->share);
}

struct fetch_client *
fetch_client_new(struct loop *l, const struct conf_fetch *conf)
{
	struct fetch_client *c = xcalloc(1, sizeof(*c));
	char *servers = servers_of(conf);

	/* International names come as UTF-8; libidn2 takes them to be in the locale's.
	 */
	setlocale(LC_CTYPE, "C.UTF-8");
	xkeep(KEEP);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		log_die("fetch", "libcurl could not start");
	conf_copy(&c->conf, conf);
	c->loop = l;
	c->hosts = hosts_new(c->conf.max_host_connections, c->conf.host_gap);
	c->env = (struct job_env){.conf = &c->conf,
	    .network = &c->network,
	    .stats = &c->stats,
	    .hosts = c->hosts,
	    .paused = on_pause,
	    .ctx = c};
	side_new(c, &c->sides[0]);
	c->resolver = resolver_new(l, servers, c->conf.connect_timeout);
	c->timer = loop_timer_new(l, pump, c);
	free(servers);
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
	if (side_of(c, j)->multi == NULL)
		side_new(c, side_of(c, j));
	job_enqueue(c, j, false);
}

void
fetch_client_reconf(struct fetch_client *c, const struct conf_fetch *conf)
{
	struct conf_fetch old = c->conf;
	char *servers = servers_of(conf);

	conf_copy(&c->conf, conf);
	conf_clear(&old);
	c->generation++;
	side_limits(c);
	hosts_limits(c->hosts, c->conf.max_host_connections, c->conf.host_gap);
	resolver_reconf(c->resolver, servers, c->conf.connect_timeout);
	loop_timer_set(c->timer, 0);
	free(servers);
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
		multi_remove(side_of(c, j)->multi, j->transfer->easy);
		pool_put(side_of(c, j), j->transfer);
		j->transfer = NULL;
		job_leave(c, j);
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
	struct host_wait *w;

	for (struct job *j = c->env.jobs; j != NULL; j = j->next) {
		if (j->transfer != NULL) {
			multi_remove(side_of(c, j)->multi, j->transfer->easy);
			pool_put(side_of(c, j), j->transfer);
			j->transfer = NULL;
			job_leave(c, j);
		} else if (j->name.name != NULL) {
			job_leave(c, j);
		} else if (j->wait.host != NULL) {
			while ((w = hosts_drop(c->hosts, j->target.host)) != NULL)
				;
		}
	}
	free(c->told);
	c->told = NULL;
	c->ntold = 0;
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

	if (c == NULL)
		return;
	detach_all(c);
	while (c->env.jobs != NULL)
		job_drop(c->env.jobs);
	resolver_free(&c->resolver);
	side_free(&c->sides[0]);
	side_free(&c->sides[1]);
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
	out->lookups = resolver_asked(c->resolver);
	out->names = resolver_count(c->resolver);
}
