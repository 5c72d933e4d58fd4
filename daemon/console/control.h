/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: the socket that tosctl talks to.  A line of JSON is a request, a line
 * of JSON its answer, in order, as many as the caller likes.  Who calls is what the
 * kernel says (SO_PEERCRED), never what the request says.
 */
#ifndef TOSD_CONSOLE_CONTROL_H
#define TOSD_CONSOLE_CONTROL_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "ipc/loop.h"

struct control;

/* Answers a request; the returned object is the caller's to decref. */
typedef json_t *control_fn(void *ctx, const json_t *request, uint32_t uid);

/* Listens on path (made anew, mode 0660). */
int control_new(struct loop *loop, const char *path, control_fn *fn, void *ctx,
    struct control **out, struct err *e);
void control_free(struct control **c);

/* The other side, blocking: sends one request, waits for the answer.  TOSD_ENOENT if
 * nobody listens there. */
int control_ask(const char *path, const json_t *request, json_t **reply, struct err *e);

#endif
