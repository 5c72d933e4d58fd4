/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: what /healthz, /readyz and /metrics say, as a pure function of the numbers
 * that the engine sends.  Never a label by tenant: metrics are read by many.
 */
#ifndef TOSD_CONSOLE_HEALTH_H
#define TOSD_CONSOLE_HEALTH_H

#include <jansson.h>
#include <stdint.h>

#include "ipc/http.h"

/* stats: the engine's newest object or NULL; age: ms since it came. */
void health_answer(
    const char *path, const json_t *stats, int64_t age, struct http_reply *reply);

#endif
