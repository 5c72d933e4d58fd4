/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multi: libcurl says which sockets to watch and when to wake it; see multi.h.
 * Watchers belong to libcurl's sockets (curl_multi_assign) and go with them.
 */
#include "fetch/multi.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

struct multi {
	CURLM *curl;
	struct loop *loop;
	struct loop_timer *timer;
	multi_done_cb *done;
	void *ctx;
};

static void
harvest(struct multi *m)
{
	CURLMsg *msg;
	CURLcode rc;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		easy = msg->easy_handle; /* msg is gone with the handle */
		rc = msg->data.result;
		curl_multi_remove_handle(m->curl, easy);
		m->done(m->ctx, easy, rc);
	}
}

static void
act(struct multi *m, curl_socket_t s, int bits)
{
	int running;
	CURLMcode rc = curl_multi_socket_action(m->curl, s, bits, &running);

	if (rc != CURLM_OK)
		log_warn("fetch", "libcurl: %s", curl_multi_strerror(rc));
	harvest(m);
}

static void
on_timer(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_fd(void *ctx, int fd, unsigned what)
{
	int bits = 0;

	if (what & LOOP_READ)
		bits |= CURL_CSELECT_IN;
	if (what & LOOP_WRITE)
		bits |= CURL_CSELECT_OUT;
	act(ctx, fd, bits);
}

static int
on_timeout_change(CURLM *curl, long ms, void *ctx)
{
	struct multi *m = ctx;

	(void)curl;
	if (ms < 0)
		loop_timer_clear(m->timer);
	else
		loop_timer_set(m->timer, ms);
	return 0;
}

static int
on_socket_change(CURL *easy, curl_socket_t s, int what, void *ctx, void *assigned)
{
	struct loop_fd *w = assigned;
	struct multi *m = ctx;
	unsigned bits = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		loop_fd_free(&w);
		curl_multi_assign(m->curl, s, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		bits |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		bits |= LOOP_WRITE;
	if (w != NULL) {
		loop_fd_change(w, bits);
	} else {
		w = loop_fd_new(m->loop, s, bits, on_fd, m);
		curl_multi_assign(m->curl, s, w);
	}
	return 0;
}

struct multi *
multi_new(struct loop *l, multi_done_cb *done, void *ctx)
{
	struct multi *m = xcalloc(1, sizeof(*m));

	m->loop = l;
	m->done = done;
	m->ctx = ctx;
	m->timer = loop_timer_new(l, on_timer, m);
	m->curl = curl_multi_init();
	if (m->curl == NULL)
		log_die("fetch", "libcurl could not make a multi handle");
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket_change);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout_change);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	return m;
}

void
multi_free(struct multi **mp)
{
	struct multi *m = *mp;

	if (m == NULL)
		return;
	curl_multi_cleanup(m->curl); /* closes connections, calls on_socket_change */
	loop_timer_free(&m->timer);
	free(m);
	*mp = NULL;
}

void
multi_limits(struct multi *m, unsigned connections, unsigned per_host)
{
	curl_multi_setopt(m->curl, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	curl_multi_setopt(m->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)per_host);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)connections);
}

int
multi_add(struct multi *m, CURL *easy)
{
	CURLMcode rc = curl_multi_add_handle(m->curl, easy);

	if (rc == CURLM_OK)
		return 0;
	log_warn(
	    "fetch", "libcurl did not take a transfer: %s", curl_multi_strerror(rc));
	return TOSD_EIO;
}

void
multi_remove(struct multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->curl, easy);
}
