/* SPDX-License-Identifier: Apache-2.0 */
/* loop_in: the event base behind a loop, for the files of this room that know libevent
 * (loop.c, http.c, http_limit.c) and for nobody else. */
#ifndef TOSD_IPC_LOOP_IN_H
#define TOSD_IPC_LOOP_IN_H

struct event_base;
struct loop;

struct event_base *loop_base(struct loop *l);

#endif
