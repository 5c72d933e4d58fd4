/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: what a hop means: an answer, a redirect, a failure and whose; see job.h.
 */
#include "fetch/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fetch/answer.h"
#include "fetch/guard.h"

void
fetch_result_clear(struct fetch_result *r)
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
		buf_free(&r->hops[i].request);
		buf_free(&r->hops[i].head);
	}
	free(r->hops);
	memset(r, 0, sizeof(*r));
}

static void
job_link(struct job *j)
{
	struct job_env *env = j->env;

	j->next = env->jobs;
	if (j->next != NULL)
		j->next->prev = j;
	env->jobs = j;
}

static void
job_unlink(struct job *j)
{
	if (j->prev != NULL)
		j->prev->next = j->next;
	else
		j->env->jobs = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
}

/* It is out of the list by now. */
static void
job_free(struct job *j)
{
	fetch_result_clear(&j->r);
	target_clear(&j->target);
	free(j->accept);
	free(j->etag);
	free(j->last_modified);
	free(j->known);
	free(j->later);
	free(j->allow);
	if (j->bearer != NULL)
		explicit_bzero(j->bearer, strlen(j->bearer));
	free(j->bearer);
	free(j->last_event_id);
	free(j->form);
	free(j->json);
	free(j);
}

void
job_drop(struct job *j)
{
	job_unlink(j);
	job_free(j);
}

struct job *
job_new(struct job_env *env, const struct fetch_request *req)
{
	struct job *j = xcalloc(1, sizeof(*j));
	size_t n = env->conf->nallow;

	j->env = env;
	j->permanent = true;
	j->second = req->second;
	j->max_body = req->max_body;
	j->timeout = req->timeout;
	j->r.url = xstrdup(req->url);
	j->accept = xstrdup(req->accept);
	j->etag = xstrdup(req->etag);
	j->last_modified = xstrdup(req->last_modified);
	j->on_data = req->on_data;
	j->bearer = xstrdup(req->bearer);
	j->last_event_id = xstrdup(req->last_event_id);
	j->form = xstrdup(req->form);
	j->json = xstrdup(req->json);
	/* On a kept connection that turns out dead it would be sent twice. */
	j->fresh = j->json != NULL;
	j->known = xstrdup(req->known);
	j->nallow = n + req->nallow;
	j->allow = xcalloc(j->nallow + 1, sizeof(*j->allow));
	if (n > 0)
		memcpy(j->allow, env->conf->allow, n * sizeof(*j->allow));
	if (req->nallow > 0)
		memcpy(j->allow + n, req->allow, req->nallow * sizeof(*j->allow));
	job_link(j);
	return j;
}

int64_t
job_timeout(const struct job *j)
{
	return j->timeout > 0 ? j->timeout : j->env->conf->timeout;
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
pause_host(struct job_env *env, const char *host, int64_t until)
{
	hosts_pause(env->hosts, host, until);
	env->paused(env->ctx, host);
}

void
job_finish(struct job *j, uint8_t outcome, const char *why)
{
	struct job_env *env = j->env;

	j->r.outcome = outcome;
	if (why != NULL)
		job_why(j, why);
	if (j->r.time == 0)
		j->r.time = clock_now();
	if (outcome != POLLED_OK && outcome != POLLED_UNCHANGED) {
		free(j->r.moved);
		j->r.moved = NULL;
	}
	if (j->later != NULL)
		pause_host(env, j->later, j->later_until);
	env->stats->outcomes[outcome]++;
	job_unlink(j); /* the callback may end all others */
	j->done(j->ctx, &j->r);
	job_free(j);
}

/* Moves the bytes of the hop into the result; those of the hop before go to it. */
static void
take_bytes(struct fetch_result *r, struct transfer *t)
{
	struct fetch_hop *before = r->nhops > 0 ? &r->hops[r->nhops - 1] : NULL;

	if (before != NULL) {
		before->request = r->request;
		before->head = r->head;
	}
	buf_free(&r->body);
	r->request = t->request;
	r->head = t->head;
	r->body = (struct buf){0};
	t->request = t->head = (struct buf){0};
	if (!r->known) { /* else nobody wants it, and the next one fits in there */
		r->body = t->body;
		t->body = (struct buf){0};
	}
	r->status = t->head_done ? t->status : 0;
	r->time = clock_now();
}

int
job_data(struct job *j, const struct transfer *t, const char *data, size_t n)
{
	struct fetch_piece p = {.url = j->r.url,
	    .request = &t->request,
	    .head = t->head_done ? &t->head : NULL,
	    .data = data,
	    .n = n};

	if (t->head_done && n == 0)
		p.peer = transfer_peer(t);
	return j->on_data(j->ctx, &p);
}

static void
add_hop(struct job *j, struct transfer *t, CURLcode rc)
{
	struct fetch_result *r = &j->r;
	long made = 0;
	struct fetch_hop *hop;

	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made);
	j->env->stats->connections += (uint64_t)made;
	j->env->stats->bytes += t->head_bytes + t->body.len;
	free(r->peer);
	r->peer = t->request.len > 0 ? xstrdup(transfer_peer(t)) : NULL;
	r->known = rc == CURLE_OK && t->stop == TRANSFER_RAN && transfer_known(t);
	take_bytes(r, t);
	r->hops = xrealloc(r->hops, (r->nhops + 1) * sizeof(*r->hops));
	hop = &r->hops[r->nhops++];
	*hop = (struct fetch_hop){
	    .url = xstrdup(r->url), .status = r->status, .peer = xstrdup(r->peer)};
}

/* As it is asked for: bytes beyond ASCII as %XX, as everybody writes them.  Raw ones
 * need be no text, and so could stand in no row, no entry and no item.  A host has a
 * form of its own for them (target.c). */
static char *
written(const char *url)
{
	const char *p = strstr(url, "//");
	struct buf b = {0};

	p = p != NULL ? p + 2 + strcspn(p + 2, "/?#") : url;
	buf_put(&b, url, (size_t)(p - url));
	for (; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			buf_printf(&b, "%%%02X", (unsigned char)*p);
		else
			buf_putc(&b, *p);
	return buf_take(&b);
}

/* The address that the hop redirects to, xmalloc'd; NULL: it does not. */
static char *
redirect_target(const struct job *j, const struct transfer *t)
{
	char *url = NULL; /* libcurl's */

	if (!t->head_done || !answer_redirects(t->status) || j->json != NULL)
		return NULL;
	if (j->form != NULL && t->status != 307 && t->status != 308)
		return NULL; /* the others would turn a POST into a GET */
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	return url != NULL ? written(url) : NULL;
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

/* Scheme, host and port are alike, by the letter. */
static bool
same_origin(const char *a, const char *b)
{
	const char *end = strstr(a, "://");
	size_t n = end != NULL ? (size_t)(end - a) + 3 : 0;

	n += strcspn(a + n, "/?#");
	return strncmp(a, b, n) == 0 && strchr("/?#", b[n]) != NULL;
}

/* Why the redirect to url is not followed; NULL: it is. */
static const char *
why_not(const struct job *j, const char *url)
{
	const char *why = NULL;

	if (seen(&j->r, url))
		return "redirect in a circle";
	if (j->r.nhops > j->env->conf->max_redirects)
		return "too many redirects";
	target_of(url, NULL, &why);
	return why;
}

/* On to url, which is taken. */
static enum job_step
follow_take(struct job *j, char *url)
{
	struct fetch_result *r = &j->r;
	const char *why = why_not(j, url);
	char *text;

	if (why != NULL) {
		text = xasprintf("%s: to %.1024s", why, url);
		job_finish(j, POLLED_REFUSED, text);
		free(text);
		free(url);
		return JOB_ENDED;
	}
	/* A step back to plain HTTP is followed, but not for good. */
	j->permanent = j->permanent && answer_permanent(r->status) &&
		       (is_https(url) || !is_https(r->url));
	if (!same_origin(r->url, url)) {
		free(j->bearer);
		j->bearer = NULL;
	}
	free(r->url);
	r->url = url;
	if (j->permanent) {
		free(r->moved);
		r->moved = xstrdup(url);
	}
	if (r->took < job_timeout(j))
		return JOB_AGAIN;
	job_finish(j, POLLED_TIMEOUT, "time was up among the redirects");
	return JOB_ENDED;
}

/* Retry-After: the whole host is left alone so long, up to a cap, since a tenant must
 * not get rid of us for a year.  A redirect is followed first, and at once. */
static void
heed_retry_after(struct job *j)
{
	struct fetch_result *r = &j->r;
	int64_t wait = answer_retry_after(&r->head, r->time);
	int64_t cap = j->env->conf->interval_max;
	int64_t until = clock_steady() + (wait < cap ? wait : cap);

	if (wait == 0)
		return;
	if (wait > j->retry_after)
		j->retry_after = wait;
	if (r->status == 429 || r->status == 503) {
		pause_host(j->env, j->target.host, until);
	} else if (answer_redirects(r->status) && j->later == NULL) {
		j->later = xstrdup(j->target.host);
		j->later_until = until;
	}
}

/* An answer that is no redirect. */
static void
job_answered(struct job *j, struct transfer *t, CURLcode rc)
{
	struct fetch_result *r = &j->r;
	bool conditional = j->etag != NULL || j->last_modified != NULL;
	const char *why;
	uint8_t outcome = answer_outcome(r->status, conditional, &why);

	r->truncated = t->stop != TRANSFER_RAN || rc != CURLE_OK;
	if (t->stop == TRANSFER_BODY && outcome == POLLED_OK)
		why = "body cut at fetch.max_body";
	if (t->stop == TRANSFER_BOMB)
		why = "unpacks to more than a hundred times its size; cut";
	if (outcome == POLLED_OK || outcome == POLLED_UNCHANGED)
		r->hint = answer_fresh(&r->head, r->time);
	else
		heed_retry_after(j);
	r->retry_after = j->retry_after;
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
	curl_off_t connected = 0;
	long os_errno = 0;

	curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
	if (connected > 0 || t->request.len > 0) {
		network_heard(j->env->network, j->target.host);
		return NULL;
	}
	if (rc == CURLE_COULDNT_CONNECT)
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	else if (rc != CURLE_OPERATION_TIMEDOUT)
		return NULL;
	return network_failed(j->env->network, j->target.host, (int)os_errno);
}

/* What went wrong, in words that begin with the kernel's own where it has some:
 * "Connection refused" says more than that a connection failed. */
static char *
failure_words(const struct transfer *t, CURLcode rc)
{
	const char *why = t->error[0] != '\0' ? t->error : curl_easy_strerror(rc);
	long no = 0;

	if (rc == CURLE_OK)
		return xstrdup("an interim answer, and no other behind it");
	if (rc == CURLE_COULDNT_CONNECT)
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &no);
	return no != 0 ? xasprintf("%s: %s", strerror((int)no), why) : xstrdup(why);
}

/* The transfer failed: whose fault, and what is left of it? */
static void
job_failed(struct job *j, const struct transfer *t, CURLcode rc)
{
	struct fetch_result *r = &j->r;
	const char *own;
	char *why, *text;

	if (t->refused[0] != '\0' && t->request.len == 0) {
		job_finish(j, POLLED_REFUSED, t->refused);
		return;
	}
	if (t->stop == TRANSFER_HEADER || rc == CURLE_OUT_OF_MEMORY) {
		job_finish(j, POLLED_HTTP_ERROR, "header beyond the limit");
		return;
	}
	why = failure_words(t, rc);
	own = own_fault(j, t, rc);
	if (own != NULL) {
		text = xasprintf("%s (%s)", own, why);
		job_finish(j, POLLED_OWN_FAULT, text);
		free(text);
		free(why);
		return;
	}
	r->truncated = r->status != 0;
	if (r->status != 0)
		r->content_type = answer_header(&r->head, "Content-Type");
	job_finish(j, answer_failure(rc), why);
	free(why);
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

/* --- names --- */

static uint8_t
unresolved(struct job *j, const struct resolve_set *set, char **why)
{
	const char *own = NULL;

	if (set->state == RESOLVE_OWN)
		own = set->why;
	else if (set->state == RESOLVE_FAILED)
		own = network_failed(j->env->network, j->target.host, 0);
	*why = own != NULL ? xasprintf("%s (%s)", own, set->why) : xstrdup(set->why);
	return own != NULL ? POLLED_OWN_FAULT : POLLED_DNS;
}

uint8_t
job_resolved(struct job *j, const struct resolve_set *set, char **why)
{
	const char *words = "";
	char name[GUARD_TEXT];

	if (set->state != RESOLVE_OK)
		return unresolved(j, set, why);
	j->addrs.n = j->addr = 0;
	for (size_t i = 0; i < set->n; i++)
		if (guard_allows(&set->v[i].sa, j->allow, j->nallow, &words))
			j->addrs.v[j->addrs.n++] = set->v[i];
	if (j->addrs.n > 0)
		return POLLED_OK;
	*why = xasprintf("%s: %s", guard_name(&set->v[set->n - 1].sa, name), words);
	return POLLED_REFUSED;
}

bool
job_next(struct job *j, const struct transfer *t, CURLcode rc)
{
	bool again = j->addr + 1 < j->addrs.n && t->request.len == 0 &&
		     t->refused[0] == '\0' && j->r.took < job_timeout(j) &&
		     (rc == CURLE_COULDNT_CONNECT || rc == CURLE_OPERATION_TIMEDOUT ||
			 rc == CURLE_SSL_CONNECT_ERROR);

	j->addr += again;
	return again;
}

/* --- hops --- */

enum job_step
job_step(struct job *j, struct transfer *t, CURLcode rc)
{
	bool answer = is_answer(t, rc);
	char *target = answer ? redirect_target(j, t) : NULL;

	j->fresh = !answer && is_stale(j, t, rc);
	if (j->fresh)
		return JOB_AGAIN; /* as if it had not been */
	add_hop(j, t, rc);
	if (answer)
		network_heard(j->env->network, j->target.host);
	if (target != NULL) {
		heed_retry_after(j);
		return follow_take(j, target);
	}
	if (answer)
		job_answered(j, t, rc);
	else
		job_failed(j, t, rc);
	return JOB_ENDED;
}
