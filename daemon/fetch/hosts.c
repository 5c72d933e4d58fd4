/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts: a balanced tree of hosts by name (tenants choose the names, so no hash table
 * to be flooded) and a heap of them by the time at which something can be done.
 *
 * A host is in the heap unless it has as many requests running as it may, or has
 * nothing waiting while something runs.  An idle one is there to be forgotten.
 * Beside them a short table of who was asked lately, to know whether they are many.
 */
#include "fetch/hosts.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"

#define NOT_IN_HEAP SIZE_MAX
#define HEAP_SMALL 256		 /* not worth giving back */
#define PAUSED_MAX 16384	 /* a tenant could make up hosts without end */
#define LATELY 128		 /* as many hosts may have connections that are kept, */
#define KEPT_FOR (2 * CLOCK_MIN) /* which libcurl does for so long */
#define LONG_AGO (INT64_MIN / 2)

struct host {
	const char *name; /* first: hosts_cmp() compares by it; points behind us */
	struct host_wait *first, **last;
	unsigned running;
	int64_t due;	/* no start before */
	int64_t paused; /* nor before this, which the host asked for */
	size_t index;	/* in the heap */
};

struct hosts {
	void *tree;
	struct host **heap;
	size_t n, cap, count, waiting, paused;
	unsigned per_host;
	int64_t gap;
	struct {
		uint64_t name; /* its hash: two that share one do no harm */
		int64_t at;
	} lately[LATELY];
	int64_t crowded; /* when there were last more than that */
};

static int
hosts_cmp(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
heap_set(struct hosts *h, size_t i, struct host *host)
{
	h->heap[i] = host;
	host->index = i;
}

static void
heap_up(struct hosts *h, size_t i)
{
	struct host *host = h->heap[i];

	for (; i > 0 && h->heap[(i - 1) / 2]->due > host->due; i = (i - 1) / 2)
		heap_set(h, i, h->heap[(i - 1) / 2]);
	heap_set(h, i, host);
}

static void
heap_down(struct hosts *h, size_t i)
{
	struct host *host = h->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && h->heap[child + 1]->due < h->heap[child]->due)
			child++;
		if (h->heap[child]->due >= host->due)
			break;
		heap_set(h, i, h->heap[child]);
		i = child;
	}
	heap_set(h, i, host);
}

static void
heap_remove(struct hosts *h, struct host *host)
{
	size_t i = host->index;
	struct host *moved;

	if (i == NOT_IN_HEAP)
		return;
	host->index = NOT_IN_HEAP;
	moved = h->heap[--h->n];
	if (moved == host)
		return;
	heap_set(h, i, moved);
	heap_up(h, i);
	heap_down(h, moved->index);
}

/* Puts the host into the heap, or takes it out, as its state wants it. */
static void
settle(struct hosts *h, struct host *host)
{
	bool wanted =
	    host->running < h->per_host && (host->first != NULL || host->running == 0);

	heap_remove(h, host);
	if (!wanted)
		return;
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 16 : h->cap * 2;
		h->heap = xrealloc(h->heap, h->cap * sizeof(*h->heap));
	}
	heap_set(h, h->n++, host);
	heap_up(h, host->index);
}

static struct host *
host_get(struct hosts *h, const char *name)
{
	struct host key = {.name = name}, *host;
	void *found = tfind(&key, &h->tree, hosts_cmp);

	if (found != NULL)
		return *(struct host **)found;
	host = xcalloc(1, sizeof(*host) + strlen(name) + 1);
	host->name = strcpy((char *)(host + 1), name);
	host->last = &host->first;
	host->index = NOT_IN_HEAP;
	host->due = host->paused = INT64_MIN;
	if (tsearch(host, &h->tree, hosts_cmp) == NULL)
		abort();
	h->count++;
	return host;
}

static void
host_forget(struct hosts *h, struct host *host)
{
	heap_remove(h, host);
	h->paused -= host->paused != INT64_MIN;
	tdelete(host, &h->tree, hosts_cmp);
	free(host);
	h->count--;
	if (h->cap > HEAP_SMALL && h->n < h->cap / 4) {
		h->cap /= 2;
		h->heap = xrealloc(h->heap, h->cap * sizeof(*h->heap));
	}
}

struct hosts *
hosts_new(unsigned per_host, int64_t gap)
{
	struct hosts *h = xcalloc(1, sizeof(*h));

	h->crowded = LONG_AGO;
	for (size_t i = 0; i < LATELY; i++)
		h->lately[i].at = LONG_AGO;
	hosts_limits(h, per_host, gap);
	return h;
}

void
hosts_free(struct hosts **hp)
{
	struct hosts *h = *hp;

	if (h == NULL)
		return;
	tdestroy(h->tree, free);
	free(h->heap);
	free(h);
	*hp = NULL;
}

void
hosts_limits(struct hosts *h, unsigned per_host, int64_t gap)
{
	h->per_host = per_host > 0 ? per_host : 1;
	h->gap = gap > 0 ? gap : 0;
}

void
hosts_put(struct hosts *h, const char *name, struct host_wait *w, bool front)
{
	struct host *host = host_get(h, name);

	w->host = host;
	w->next = NULL;
	if (front) {
		w->next = host->first;
		host->first = w;
		if (w->next == NULL)
			host->last = &w->next;
	} else {
		*host->last = w;
		host->last = &w->next;
	}
	h->waiting++;
	settle(h, host);
}

static void
note_start(struct hosts *h, const char *name, int64_t now)
{
	uint64_t hash = hash_text(name);
	size_t oldest = 0;

	for (size_t i = 0; i < LATELY; i++) {
		if (h->lately[i].name == hash && h->lately[i].at != LONG_AGO) {
			h->lately[i].at = now;
			return;
		}
		if (h->lately[i].at < h->lately[oldest].at)
			oldest = i;
	}
	if (now - h->lately[oldest].at <= KEPT_FOR)
		h->crowded = now;
	h->lately[oldest].name = hash;
	h->lately[oldest].at = now;
}

bool
hosts_worth_keeping(const struct hosts *h, const struct host_wait *w, int64_t now)
{
	return w->host == NULL || w->host->first != NULL || now - h->crowded > KEPT_FOR;
}

struct host_wait *
hosts_take(struct hosts *h, int64_t now)
{
	struct host *host;
	struct host_wait *w;

	while (h->n > 0 && (host = h->heap[0])->due <= now) {
		w = host->first;
		if (w == NULL) {
			host_forget(h, host); /* idle, and its gap is over */
			continue;
		}
		host->first = w->next;
		if (host->first == NULL)
			host->last = &host->first;
		w->next = NULL;
		host->running++;
		host->due = now + h->gap; /* a pause is over, or due would be later */
		h->paused -= host->paused != INT64_MIN;
		host->paused = INT64_MIN;
		h->waiting--;
		settle(h, host);
		note_start(h, host->name, now);
		return w;
	}
	return NULL;
}

void
hosts_end(struct hosts *h, struct host_wait *w)
{
	struct host *host = w->host;

	w->host = NULL;
	host->running--;
	settle(h, host);
}

static struct host *
host_find(struct hosts *h, const char *name)
{
	struct host key = {.name = name};
	void *found = tfind(&key, &h->tree, hosts_cmp);

	return found != NULL ? *(struct host **)found : NULL;
}

void
hosts_pause(struct hosts *h, const char *name, int64_t until)
{
	struct host *host = host_find(h, name);

	if (host == NULL && h->paused < PAUSED_MAX)
		host = host_get(h, name);
	if (host == NULL || host->paused >= until ||
	    (host->paused == INT64_MIN && h->paused >= PAUSED_MAX))
		return;
	h->paused += host->paused == INT64_MIN;
	host->paused = until;
	if (host->due < until)
		host->due = until;
	settle(h, host);
}

int64_t
hosts_paused(struct hosts *h, const char *name, int64_t now)
{
	struct host *host = h->paused > 0 ? host_find(h, name) : NULL;

	return host != NULL && host->paused > now ? host->paused : INT64_MIN;
}

struct host_wait *
hosts_drop(struct hosts *h, const char *name)
{
	struct host *host = host_find(h, name);
	struct host_wait *w = host != NULL ? host->first : NULL;

	if (w == NULL)
		return NULL;
	host->first = w->next;
	if (host->first == NULL)
		host->last = &host->first;
	w->next = NULL;
	w->host = NULL;
	h->waiting--;
	settle(h, host);
	return w;
}

int64_t
hosts_due(const struct hosts *h)
{
	return h->n > 0 ? h->heap[0]->due : INT64_MAX;
}

size_t
hosts_count(const struct hosts *h)
{
	return h->count;
}

size_t
hosts_waiting(const struct hosts *h)
{
	return h->waiting;
}
