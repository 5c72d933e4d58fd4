/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multi: libcurl's multi interface on our loop.  One multi handle for the whole
 * process, because it keeps what is dear: connections, resolved names, and the parsed
 * certificate store.
 */
#ifndef TOSD_FETCH_MULTI_H
#define TOSD_FETCH_MULTI_H

#include <curl/curl.h>

#include "ipc/loop.h"

struct multi;

/* A transfer has ended and is out of the multi handle; more may be added from here. */
typedef void multi_done_cb(void *ctx, CURL *easy, CURLcode rc);

struct multi *multi_new(struct loop *l, multi_done_cb *done, void *ctx);
void multi_free(struct multi **m); /* every easy handle was removed before */
void multi_limits(struct multi *m, unsigned connections, unsigned per_host);

/* 0 or TOSD_EIO.  Nothing is sent before the loop runs. */
int multi_add(struct multi *m, CURL *easy);
/* Gives up a running transfer; done is not called. */
void multi_remove(struct multi *m, CURL *easy);

#endif
