/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_world: the tenants of a scenario as they would look from outside: which posts
 * are online at a virtual time, whether the site answers, whether mail is taken.
 */
#ifndef TOSD_TOSCTL_SIM_WORLD_H
#define TOSD_TOSCTL_SIM_WORLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "ipc/msg.h"

struct sim_world;

/* What a person does at a time. */
struct sim_deed {
	int64_t at;
	const json_t *request; /* of engine_control, lent; case by tenant */
	const char *tenant;
};

/* Reads the events of a scenario (tosctl(1)).  The JSON must outlive the world. */
int sim_world_new(const json_t *scenario, const struct conf *conf, int64_t start,
    struct sim_world **out, struct err *e);
void sim_world_free(struct sim_world **w);

/* The answer to a request at this time, as fetch would give it. */
void sim_world_answer(struct sim_world *w, const struct msg_poll *poll, int64_t now,
    struct msg *out);

/* A delivered notice cites the post at this address: the tenant knows of it now. */
void sim_world_report(struct sim_world *w, const char *url, int64_t now);

/* Whether mail to this address is refused at this time. */
bool sim_world_bounces(const struct sim_world *w, const char *recipient, int64_t now);

/* The next thing that a person does, or NULL; the caller takes it with _done(). */
const struct sim_deed *sim_world_deed(const struct sim_world *w);
void sim_world_done(struct sim_world *w);

/* "3d 4h", "90m" after start, or RFC 3339.  CLOCK_NONE: neither. */
int64_t sim_time(const char *text, int64_t start);

#endif
