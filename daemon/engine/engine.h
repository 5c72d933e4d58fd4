/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: the reaction of the whole product: (state, message, time) -> (state,
 * messages).  It schedules polls, records what was read, has it inspected, moves
 * cases along the ladder, composes notices and hands them to the courier.  The
 * only writer of store, vault and ledger.
 *
 * It knows no socket and no clock: role_engine.c feeds it from channels in real
 * time, tosctl simulate from a scenario in virtual time, both through these calls.
 *
 * What handling a message changes is gathered in one transaction; nothing leaves
 * through `send` before it is on disk, but for what workers are to judge
 * (engine_turn.c).  A failing disk or database ends the process: a restart goes on at
 * the last commit.
 */
#ifndef TOSD_ENGINE_ENGINE_H
#define TOSD_ENGINE_ENGINE_H

#include <jansson.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/item.h"
#include "conf/conf.h"
#include "evidence/ledger.h"
#include "ipc/msg.h"
#include "notice/notice.h"

struct engine;

struct engine_options {
	const struct conf *conf;	  /* borrowed until engine_reconf or free */
	const struct notice_set *notices; /* borrowed likewise */
	const struct ledger_key *key;	  /* borrowed */
	enum file_sync sync;		  /* FILE_NOSYNC: simulations */
	bool async;			  /* engine_tick() need not wait for the disk */
	const char *store_url;		  /* NULL: conf->store.url */
	/* Takes m.  A peer that is not there loses it: peer_down has said so. */
	void (*send)(void *ctx, enum role to, uint32_t index, struct msg *m);
	void *ctx;
};

/* Opens store, vault and ledger, repairs what a crash left half done, and records
 * `start`.  TOSD_ETAMPER or TOSD_ESTATE if store and ledger do not fit together. */
int engine_new(
    const struct engine_options *o, int64_t now, struct engine **out, struct err *e);
/* Records `stop`, seals, closes. */
void engine_free(struct engine **g, int64_t now);

/* A message from fetch, policy or courier; m stays the caller's, its contents may
 * be moved out. */
void engine_handle(struct engine *g, struct msg *m, int64_t now);
void engine_peer_up(struct engine *g, enum role role, uint32_t index, int64_t now);
/* Which process it is, once it is up: whom the supervisor is to end, should it hang. */
void engine_peer_pid(struct engine *g, enum role role, uint32_t index, int64_t pid);
void engine_peer_down(struct engine *g, enum role role, uint32_t index, int64_t now);

/* Does what is due.  Returns when it wants to be called again (absolute ms). */
int64_t engine_tick(struct engine *g, int64_t now);

/* Commits, writes the ledger, signs if somebody waits for it, then sends. */
void engine_flush(struct engine *g, int64_t now);

/* With `async' a tick may leave the disk busy with what it committed: that is not told
 * to anybody yet, and further messages may be handled meanwhile.  Whoever has none
 * settles it, which waits for the disk; the next ticks do so by themselves. */
bool engine_unsettled(const struct engine *g);
/* Which commit has what is handled now; up to which one all is on disk and told. */
uint64_t engine_turn(const struct engine *g);
uint64_t engine_told(const struct engine *g);
void engine_settle(struct engine *g, int64_t now);

/* New configuration and templates; both borrowed from now on. */
void engine_reconf(struct engine *g, const struct conf *conf,
    const struct notice_set *notices, int64_t now);

/* No new polls from now on; what comes in is still recorded. */
void engine_drain(struct engine *g);
/* True while polls, inspections or sends are under way. */
int engine_busy(const struct engine *g);

/* One request of tosctl, uid as the kernel tells it: {"cmd": ...} -> {"ok": true,
 * ...} or {"ok": false, "error": text, "code": name}.  The caller decrefs. */
json_t *engine_control(
    struct engine *g, const json_t *request, uint32_t uid, int64_t now);

/* Numbers for health and metrics; the caller decrefs. */
json_t *engine_stats(struct engine *g, int64_t now);

/* --- what `tosctl rebuild' derives again, by the engine's own rules --- */

/* How a case ended: store_case.outcome. */
enum engine_outcome {
	ENGINE_OPEN,
	ENGINE_CURED,
	ENGINE_ACCEPTED,
	ENGINE_UNSAID, /* nothing was left to tell the tenant */
};

/* Event time of a revision: when it was posted, if that can be believed, else when it
 * was seen. */
int64_t engine_event_time(int64_t published, int64_t seen);
/* The quote of an exhibit; xmalloc'd. */
char *engine_quote(const struct item *body, const struct finding *f);
/* A mail's subject as it stands there, in one line: a long one is folded.  xmalloc'd.
 */
char *engine_subject(const char *mail);
/* What makes a message one of its kind: sha256 of notice, channel and recipient. */
void engine_outbox_key(
    int64_t notice, const char *channel, const char *recipient, char out[DIGEST_HEX]);
/* How long violations are gathered before the notice of a stage is composed, given
 * the stage's deadline. */
int64_t engine_gather(int64_t deadline);

/* Whether exhibits of a rule that people found right and wrong so often may lead to the
 * last stages of the ladder: where rules begin as packs declare, nothing is asked of them. */
bool engine_proven(const struct conf_policy *c, uint64_t right, uint64_t wrong);

/* The ladder that a configuration describes. */
struct ladder;
void engine_ladder_of(const struct conf_ladder *c, struct ladder *l);

/* Called for every ledger entry once it is committed: simulations and traces. */
void engine_watch(
    struct engine *g, void (*fn)(void *ctx, const char *entry), void *ctx);

#endif
