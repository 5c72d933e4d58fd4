/* SPDX-License-Identifier: Apache-2.0 */
/* role_fetch: what the files of the fetch role share; see role_fetch.c. */
#ifndef TOSD_ROLE_FETCH_H
#define TOSD_ROLE_FETCH_H

#include "conf/conf.h"
#include "feed/feed.h"
#include "fetch/client.h"
#include "fetch/stream.h"
#include "ipc/role.h"

struct fetch_live; /* a stream with what came and was not sent yet */
struct fetch_asks; /* clients of model endpoints */
struct fetch_hub;  /* the listener for hubs, and all subscriptions */

struct fetch_role {
	struct role_self *self;
	struct conf *conf;
	struct fetch_client *client;
	struct fetch_streams *streams;
	struct fetch_live *lives;
	struct fetch_hub *hub; /* NULL: off, or another role's */
	struct fetch_asks *asks; /* NULL: nothing was asked yet */
	bool stopping;	       /* polls are turned down */
	bool ended;	       /* nobody is told any more */
};

/* --- role_fetch_capture.c --- */

/* A sealed descriptor with these bytes, -1 if it could not be made. */
int fetch_capture(const char *url, const char *peer, int64_t time,
    const struct buf *request, const struct buf *response);
/* The bytes of all hops; -1 if no server said anything. */
int fetch_capture_of(const struct fetch_result *r);

/* --- role_fetch_read.c --- */

/* What was asked for; borrowed. */
struct fetch_asked {
	uint8_t kind; /* enum poll_kind */
	uint64_t id;
	const char *tenant, *url; /* NULL: nobody's, so it has no mapping */
};

/* Moves the items over, as many as fit into one frame; *truncated if not all did. */
void fetch_items_take(
    struct item **to, uint32_t *nto, bool *truncated, struct item *items, size_t n);
struct feed_limits fetch_limits(const struct fetch_role *role);
/* A 200, or what there is of one.  Whoever finds us dead over it can say so. */
void fetch_read(struct fetch_role *role, const struct fetch_asked *q,
    const struct fetch_result *r, struct msg_polled *p);

/* --- role_fetch.c --- */

void fetch_polled_say(struct msg_polled *p, uint8_t outcome, const char *why);
/* What an answer says of itself; moves strings out of r. */
void fetch_polled_begin(struct msg_polled *p, uint64_t id, struct fetch_result *r);
/* If the answer says that what was known still holds, it is in p after, moved out of these;
 * false: it says something else. */
bool fetch_polled_kept(struct msg_polled *p, const struct fetch_result *r, char **etag,
    char **last_modified, char **body_hash);
/* Sends POLLED, which is taken; if no message holds it, that as a failure. */
void fetch_polled_send(struct fetch_role *role, uint32_t engine, struct msg *m);

/* --- role_fetch_list.c: MSG_POLL of a list --- */

void fetch_list_msg(struct fetch_role *role, struct msg *m);

/* --- role_fetch_stream.c: MSG_STREAM --- */

void fetch_live_msg(struct fetch_role *role, struct msg *m);
/* Closes all; what came is sent. */
void fetch_live_end(struct fetch_role *role);
/* The secrets may have changed: the next requests use those of now. */
void fetch_live_tokens(struct fetch_role *role);
/* The same after role->conf was changed; the old one still exists. */
void fetch_live_reconf(struct fetch_role *role);

/* --- role_fetch_ask.c: MSG_ASK --- */

void fetch_ask_msg(struct fetch_role *role, struct msg *m);
/* Ends all questions; the engine is told. */
void fetch_ask_abort(struct fetch_role *role, const char *why);
void fetch_ask_reconf(struct fetch_role *role);
void fetch_ask_free(struct fetch_role *role);

/* --- role_fetch_hub.c: MSG_SUBSCRIBE, and what hubs say --- */

/* Opens the socket; before the sandbox closes. */
int fetch_hub_start(struct fetch_role *role, struct err *e);
void fetch_hub_msg(struct fetch_role *role, struct msg *m);
void fetch_hub_taken(struct fetch_role *role, const struct msg *m);
/* Forgets all subscriptions, and who waits: the next engine says which there are. */
void fetch_hub_forget(struct fetch_role *role);
void fetch_hub_free(struct fetch_role *role);

#endif
