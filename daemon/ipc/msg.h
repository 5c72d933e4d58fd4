/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg: the message catalogue.  Every message between roles is one row of one
 * table (msg_rows in msg.c): type, name, who may send it, to whom, its encoder
 * and decoder, and whether a descriptor comes with it.  What is not in the table
 * does not pass: a wrong sender, an unknown type, left-over bytes or a missing
 * descriptor end the peer.
 *
 * A struct msg owns everything in it (msg_clear), its descriptor included.
 */
#ifndef TOSD_IPC_MSG_H
#define TOSD_IPC_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cost.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/id.h"
#include "base/item.h"

#define MSG_VERSION 12
#define MSG_MAX (64u << 20) /* bytes of one frame: 2,000 items of 32 KiB */

enum role {
	ROLE_SUPERVISOR,
	ROLE_FETCH,
	ROLE_POLICY,
	ROLE_ENGINE,
	ROLE_COURIER,
	ROLE_CONSOLE,
	ROLE_COUNT,
};
const char *role_name(enum role role);
int role_parse(const char *name); /* -1 if unknown */

enum msg_type {
	/* supervisor and every role */
	MSG_HELLO = 1, /* role -> supervisor, first: version */
	MSG_CONF,      /* supervisor -> role: sources in a memfd; READY answers it */
	MSG_PEER,      /* supervisor -> role: a channel to another role (descriptor) */
	MSG_READY,     /* role -> supervisor: sandboxed, working */
	MSG_PING,
	MSG_PONG,
	MSG_STOP,      /* supervisor -> role: finish what is in hand, then exit */
	MSG_STUCK,     /* engine -> supervisor: this policy worker is past its deadline */
	MSG_SECRET,    /* supervisor -> role: a named secret in a memfd */
	/* engine and fetch */
	MSG_POLL,
	MSG_POLLED,
	MSG_STREAM,    /* engine -> fetch: open or close a stream */
	MSG_SUBSCRIBE, /* engine -> fetch: a subscription at a hub (WebSub) */
	MSG_PUSHED,    /* fetch -> engine: what came over them, and how they are */
	MSG_TAKEN,     /* engine -> fetch: what was pushed under this number is on disk */
	/* engine and policy */
	MSG_RULES,
	MSG_INSPECT,
	MSG_INSPECTED,
	MSG_STAND, /* policy -> engine: a plugin's program was lost, or is there again */
	/* engine and courier */
	MSG_SEND,
	MSG_SENT,
	MSG_SENDING, /* courier -> engine, after PEER: what it still has in hand */
	/* engine and console */
	MSG_STATS,
	/* engine and supervisor */
	MSG_BROKEN, /* engine -> supervisor: this role broke the catalogue; end it */
	/* policy and supervisor */
	MSG_CHILD,   /* supervisor -> policy: one of the three pipes of a program */
	MSG_RESPAWN, /* policy -> supervisor: kill it, start it anew later */
	/* engine and fetch: questions to model endpoints */
	MSG_ASK,
	MSG_ANSWERED,
	/* engine, supervisor and policy: new versions of lists */
	MSG_TRY,   /* engine -> supervisor -> policy: have it rehearsed */
	MSG_TRIED, /* supervisor -> engine: what came of it */
	MSG_RENEW, /* engine -> supervisor: have policy workers load lists anew */
	MSG_REFUSED, /* supervisor -> engine: a new configuration was, or is no more */
	/* engine and fetch */
	MSG_TRACE, /* fetch -> engine, after PEER: which answer it is reading (descriptor) */
	MSG_TYPE_COUNT,
};

/* With the descriptor of its trace, where the role has one. */
struct msg_hello {
	uint32_t version;
	int64_t pid;
};

/* The first one starts the role; later ones are new configuration. */
struct msg_conf {
	uint32_t index; /* which one of its role the receiver is */
	char *left_out; /* policy: plugins to do without, a newline between; or NULL */
	char *kept; /* policy: the copies to load from (policy/kept.h); or NULL ... */
	char *keep; /* ... or to spare, where these are to be made; or NULL */
};

/* Answers a configuration. */
struct msg_ready {
	uint32_t faults; /* packs and plugins that were left out as broken */
	char *words;	 /* the first of them, or of a trial what was tried; or NULL */
	char *rest;	 /* policy: as of msg_rules */
	char *copied;	 /* policy: the same, but for plugins that are programs */
	bool kept;	 /* policy: has made the copies that it was to make */
};

/* A new version of a list that is fetched, tried by a worker outside of the places. */
struct msg_try {
	uint64_t id; /* the engine's number */
	char *list;  /* its name */
	char *file;  /* its name in the folder of fetched lists */
	char *day;   /* 2026-11-29: of the trial */
	bool anew;   /* from another source than the one in force */
};
enum tried {
	TRIED_GOOD,
	TRIED_BAD,     /* the list's fault */
	TRIED_UNKNOWN, /* ours: it has to be tried again */
	TRIED_COUNT,
};
struct msg_tried {
	uint64_t id;
	char *list, *file; /* of the TRY: numbers alone might be those of another engine */
	uint8_t outcome;   /* enum tried */
	char *words;	   /* why not, or what it is */
	char *rest;  /* as of msg_rules; NULL: not known */
};

/* How the files of the configuration stand to what is in use. */
struct msg_refused {
	int64_t since; /* the first refusal since the last one that was taken */
	char *why;     /* of the last refusal; NULL: what is there was taken */
	int64_t changed; /* a worker has loaded files that were changed without a reload,
			  * since then; 0: none has */
};

struct msg_peer {
	uint8_t role; /* enum role of the other end */
	uint32_t index;
	int64_t pid; /* to the engine: its process; else 0 */
};

/* These name the process: another one may be in its place by the time they are heard. */
struct msg_stuck {
	uint32_t index; /* of the policy worker */
	int64_t pid;
	char *why;
};

struct msg_broken {
	uint8_t role;
	uint32_t index;
	int64_t pid;
	char *why;
};

struct msg_secret {
	char *name; /* "smtp-password", "log-key"; the bytes are in the memfd */
};

/* A program of a plugin was started; before CONF, and after each RESPAWN.  Three of
 * these make one: its standard input, output and error. */
#define MSG_CHILD_PIPES 3
struct msg_child {
	char *name;   /* of the plugin */
	uint64_t run; /* counts programs: which one the pipe belongs to */
	uint8_t which;
	char *digest; /* of the files of its command */
};

struct msg_respawn {
	char *name;
	int64_t delay; /* ms; -1: not again */
	char *why;
};

/* What to fetch. */
enum poll_kind {
	POLL_FEED, /* parse as a feed */
	POLL_PAGE, /* an item's page: one item out of it */
	POLL_OLDER, /* an older page of a feed: as a feed, without validators */
	POLL_MEDIA, /* what its bytes are: an item with one medium, no capture */
	POLL_LIST,  /* a list or its signature: the body alone, in place of a capture */
	POLL_KINDS,
};
struct msg_poll {
	uint64_t id;   /* the engine's number of this request */
	uint8_t kind;
	char *url;
	char *tenant;  /* opaque key, to find the tenant's own address ranges */
	char *etag;    /* validators, byte for byte as the server sent them */
	char *last_modified;
	char *body_hash; /* mark of the last body (64 hex): an equal one is not parsed */
	bool second;	 /* ask as somebody else (user agent, egress): for comparison */
	char *list;	 /* POLL_LIST: its name in the configuration */
};

enum poll_outcome {
	POLLED_OK,	    /* 200 and read: items are there */
	POLLED_UNCHANGED,   /* 304, or 200 with the known body */
	POLLED_GONE,	    /* 410 */
	POLLED_NOT_FOUND,   /* 404 */
	POLLED_FORBIDDEN,   /* 401, 403 */
	POLLED_LEGAL,	    /* 451 */
	POLLED_RATE_LIMIT,  /* 429, 503 */
	POLLED_HTTP_ERROR,  /* any other status */
	POLLED_DNS,
	POLLED_CONNECT,
	POLLED_TLS,
	POLLED_TIMEOUT,
	POLLED_REFUSED,	    /* by the guard: address, scheme, redirects */
	POLLED_NOT_FEED,    /* 200, but not a feed */
	POLLED_OWN_FAULT,   /* our own network or process failed: never the tenant's */
	POLLED_COUNT,
};
const char *polled_name(enum poll_outcome o);

/* The descriptor is the capture: a memfd with msg_capture_put() bytes.  It comes
 * with every outcome where a server answered, but for a feed that is unchanged and a
 * page whose body is known. */
struct msg_polled {
	uint64_t id;
	uint8_t outcome;
	int32_t status;	     /* last HTTP status, 0 if none */
	int64_t time;	     /* when the answer was complete */
	char *url;	     /* of the last hop */
	char *moved;	     /* where permanent redirects alone led, or NULL */
	char *etag, *last_modified; /* to be kept; NULL: none sent */
	char *body_hash;     /* known to the fetch role alone (fetch/same.h) */
	int64_t hint;	     /* interval wanted by max-age or Expires, 0: none */
	int64_t ttl;	     /* interval that the document wants, 0: none */
	int64_t retry_after; /* ms from time, 0: none */
	char *why;	     /* words for everything that is not OK */
	char *format, *title;
	char *site;	     /* which the document says it is of, absolute, or NULL */
	bool well_formed, truncated;
	bool cut;	     /* not read to its end: items are missing; why says at what */
	bool young;	     /* the validators cannot tell a change of this second */
	char *next_url;	     /* of older items, absolute, or NULL */
	char *self_url, *hub; /* as the document says, absolute, or NULL */
	uint32_t skip_hours; /* bits 0 to 23, GMT */
	uint8_t skip_days;   /* bits 0 (Sunday) to 6 */
	uint32_t ngone;	     /* ids that the document says were removed */
	char **gone;
	uint32_t nmore;	     /* further documents to be read, absolute */
	char **more;
	uint32_t nitems;
	struct item *items;
};

/* A stream to be held open until it is said otherwise. */
enum stream_kind {
	STREAM_SSE,    /* server-sent events */
	STREAM_NDJSON, /* a JSON text a line */
	STREAM_KINDS,
};
struct msg_stream {
	uint64_t feed; /* the engine's number of the feed */
	bool open;     /* false: close it */
	uint8_t kind;
	char *url;
	char *tenant;	  /* opaque key */
	char *credential; /* name of its bearer token, or NULL */
	char *cursor_param, *cursor_key; /* NULL: Last-Event-ID */
	uint64_t cursor_rewind;
	char *last_id; /* to go on after, or NULL */
};

/* A subscription at a hub: one path below push_url each, that only the hub knows. */
enum subscribe_what {
	SUBSCRIBE_KNOW, /* nothing is to be asked: the hub knows us already */
	SUBSCRIBE_ASK,
	SUBSCRIBE_END,
	SUBSCRIBE_COUNT,
};
struct msg_subscribe {
	uint64_t feed;
	uint8_t what;
	char *tenant;
	char *hub, *topic;
	char *path;	/* last part of the callback's address */
	char *secret;	/* of the signatures */
	int64_t lease;	/* ms to ask for */
};

enum pushed_state {
	PUSHED_DATA,	 /* items, removals, or only a new last_id */
	PUSHED_UP,	 /* the stream is open */
	PUSHED_DOWN,	 /* it is not: why */
	PUSHED_ASKED,	 /* the hub has taken our request */
	PUSHED_FAILED,	 /* it has not: why */
	PUSHED_VERIFIED, /* the hub asked back: subscribed for `lease' */
	PUSHED_ENDED,	 /* the hub asked back: no longer subscribed */
	PUSHED_DENIED,	 /* the hub does not (any longer) serve us: why */
	PUSHED_COUNT,
};
const char *pushed_name(enum pushed_state s);

/* The descriptor is the capture, as with POLLED; it comes with data. */
struct msg_pushed {
	uint64_t feed;
	uint8_t state;
	bool websub; /* else a stream */
	uint32_t token; /* TAKEN answers under this number; 0: nobody waits for it */
	char *site;  /* as of msg_polled */
	int64_t time;
	int64_t lease; /* ms, VERIFIED only */
	char *why;
	char *path;    /* of the subscription it is about; NULL: a stream */
	char *last_id; /* of streams: where to go on once this is on record */
	bool truncated;
	uint32_t ngone;
	char **gone; /* ids of items that were said to be deleted */
	uint32_t nitems;
	struct item *items;
};

/* What went over the wire, byte for byte, for the vault. */
#define MSG_HOPS_MAX 32
struct msg_hop { /* a redirect on the way: heads only */
	char *url, *peer;
	struct buf request, response;
};
struct msg_capture {
	char *url, *peer;
	int64_t time;
	struct buf request, response;
	uint32_t nhops;
	struct msg_hop *hops;
};
void msg_capture_put(struct buf *b, const struct msg_capture *c);
void msg_capture_get(struct rd *r, struct msg_capture *c);
void msg_capture_clear(struct msg_capture *c);

/* One rule that a policy worker has loaded. */
struct msg_rule {
	char *rule, *pack, *clause, *category;
	char *meaning; /* SHA-256 in hex of what it means; NULL: its plugin does not say */
	uint32_t rev;
	uint8_t mode;
	int32_t severity;
	char *plugin;
	uint8_t limit; /* highest mode that its plugin allows */
};
/* With the descriptor of the worker's trace. */
struct msg_rules {
	char *digest; /* of all packs and plugins: the policy version */
	char *rest;   /* the same of all but the lists that are fetched */
	uint32_t n;
	struct msg_rule *v;
	uint32_t nproblems; /* packs and plugins that were refused, in words */
	char **problems;
	uint32_t nmissing; /* plugins that it has to do without, in part or whole */
	struct msg_missing {
		char *plugin, *why;
		uint8_t how; /* enum missing */
	} *missing;
	uint32_t nretired; /* rules that are known and find nothing any more, on purpose */
	struct msg_retired {
		char *rule, *pack, *plugin;
	} *retired;
};
enum missing {
	MISSING_LOAD,	/* it could not be loaded; a successor may have it again */
	MISSING_BLAMED, /* workers ended in its hands, so it was not tried */
	MISSING_PART,	/* it lacks part of what it looks for */
	MISSING_COUNT,
};

struct msg_stand {
	char *plugin;
	char *why; /* how it was lost, in one line; NULL: it is there again */
};

/* A question of a plugin to a model endpoint of the configuration. */
enum ask_kind { ASK_CHAT, ASK_MODERATION, ASK_KINDS };
const char *ask_kind_name(uint8_t kind); /* "chat", "moderation" */
struct msg_question {
	char *plugin, *endpoint; /* names */
	uint8_t kind;
	char *model, *prompt; /* for the record; prompt: SHA-256 in hex, or NULL */
	struct buf body;      /* JSON, sent as it is */
};
#define MSG_QUESTIONS_MAX 64 /* about one item; as many answers */
void msg_question_clear(struct msg_question *q);
/* What makes a question the same: SHA-256 over all that is sent, and whereto. */
const char *msg_question_key(const char *endpoint, uint8_t kind, const void *body,
    size_t n, char out[DIGEST_HEX]);

/* What was answered to the question with this key. */
struct msg_answer {
	char *key; /* SHA-256 in hex */
	int32_t status;
	struct buf body;
};
void msg_answer_clear(struct msg_answer *a);

struct msg_ask {
	uint64_t id; /* the engine's number */
	char *endpoint;
	uint8_t kind;
	struct buf body;
};
struct msg_answered {
	uint64_t id;
	uint8_t outcome; /* enum poll_outcome; status decides where there is one */
	int32_t status;	 /* of HTTP; 0: there was no answer */
	int64_t time, took;
	int64_t retry_after; /* ms, 0: not said */
	bool sent;	     /* the request went out */
	bool cut;	     /* longer than it may be, or broken off */
	char *why;	     /* words where it is not 200 and whole */
	struct buf body;
};

struct msg_inspect_item {
	uint64_t revision; /* the store's number */
	char *tenant;	   /* opaque key */
	int64_t time;	   /* event time: published, or first seen */
	uint32_t nskip; /* programs of plugins that are not to see it any more */
	char **skip;
	uint32_t nanswers; /* to questions that plugins asked about it before */
	struct msg_answer *answers;
	bool reported; /* a person has pointed at it */
	struct item item;
};
struct msg_inspect {
	uint64_t batch;
	uint32_t n;
	struct msg_inspect_item *v;
	/* Received: tenants and the strings of items lie in here, and can only be borrowed.
	 * NULL: each is its own. */
	char *arena;
};

/* A program that gave no answer and is to be asked again. */
struct msg_retry {
	char *plugin;
	bool lost;    /* it was lost with the item in hand; false: it was not there */
	bool alone;   /* ... and nothing else */
	int64_t wait; /* ms until that is of use */
	char *why;
};

struct msg_inspected_item {
	uint64_t revision;
	char *degraded; /* why a plugin gave no answer; NULL: all answered */
	uint32_t nretry;
	struct msg_retry *retry;
	uint32_t nquestions; /* of plugins among retry, which wait for the answers */
	struct msg_question *questions;
	uint32_t n;
	struct finding *findings;
	uint32_t nopinions;
	struct msg_opinion *opinions;
};
/* Of an item's opinions, and of a batch's costs: more of them is no answer. */
#define MSG_OPINIONS_MAX 256
#define MSG_COSTS_MAX 256
#define MSG_SPENT_MAX 20000
/* What a plugin thinks of an item as a whole (policy/fusion.h).  It is fused with what
 * others found where it is known which of their rules are enforced: in the engine. */
struct msg_opinion {
	char *category;
	double value;	   /* 0 to 1 */
	double hit, none;  /* -20 to 20 */
	uint32_t first, n; /* findings of the same plugin, among those of the item */
};
/* What a plugin took for the items of a batch. */
struct msg_cost {
	char *plugin;
	struct cost cost;
};
/* What a rule took, of the items that it was tried on. */
struct msg_spent {
	char *rule;
	uint32_t rev;
	struct cost cost;
};
struct msg_inspected {
	uint64_t batch;
	char *digest; /* policy version that judged */
	uint32_t n;
	struct msg_inspected_item *v;
	uint32_t ncosts;
	struct msg_cost *costs;
	uint32_t nspent;
	struct msg_spent *spent;
};

/* One message to one recipient; the descriptor is its exact bytes. */
struct msg_send {
	uint64_t id;	 /* the outbox row */
	char *channel;	 /* "mail" */
	char *recipient;
	char *sender;	 /* envelope sender */
	char *sha256;	 /* of the bytes: checked before sending */
};

enum sent_outcome {
	SENT_OK,      /* the receiving server took responsibility */
	SENT_SOFT,    /* not taken; try again later */
	SENT_HARD,    /* refused for good */
	SENT_UNKNOWN, /* the answer after the data was lost */
};
const char *sent_name(enum sent_outcome o);
struct msg_sent {
	uint64_t id;
	uint8_t outcome;
	int32_t code;	/* SMTP reply or exit status */
	char *reply;	/* the server's words */
	int64_t time;
};

struct msg_sending {
	uint32_t n;
	uint64_t *ids;
	char *courier; /* its name for life: another one is another process */
};

struct msg_stats {
	char *json; /* one object of numbers, see console */
};

struct msg {
	enum msg_type type;
	enum role from;	     /* filled in by the receiving end */
	uint32_t from_index;
	uint32_t seq;	     /* PING, PONG and TAKEN */
	int fd;		     /* -1: none */
	union {
		struct msg_hello hello;
		struct msg_conf conf;
		struct msg_ready ready;
		struct msg_peer peer;
		struct msg_stuck stuck;
		struct msg_broken broken;
		struct msg_secret secret;
		struct msg_poll poll;
		struct msg_polled polled;
		struct msg_stream stream;
		struct msg_subscribe subscribe;
		struct msg_pushed pushed;
		struct msg_rules rules;
		struct msg_inspect inspect;
		struct msg_inspected inspected;
		struct msg_stand stand;
		struct msg_send send;
		struct msg_sent sent;
		struct msg_sending sending;
		struct msg_stats stats;
		struct msg_child child;
		struct msg_respawn respawn;
		struct msg_ask ask;
		struct msg_answered answered;
		struct msg_try try;
		struct msg_tried tried;
		struct msg_refused refused;
	};
};

void msg_init(struct msg *m, enum msg_type type); /* all zero, fd -1 */
void msg_clear(struct msg *m);
const char *msg_name(enum msg_type type);

/* The body of m, without the frame's header. */
void msg_encode(struct buf *b, const struct msg *m);
/* How much of such a body one item of INSPECT is; all of it is at most MSG_MAX. */
size_t msg_inspect_size(const struct msg_inspect_item *v);

/* Whether the catalogue lets m (with its descriptor or without) pass from `from` to
 * `to`: 0 or TOSD_EPROTO. */
int msg_check(const struct msg *m, enum role from, enum role to, struct err *e);

/* Decodes a body that came from `from` for `to`; has_fd says whether a descriptor
 * came along (the caller puts it into m->fd).  0 or TOSD_EPROTO; m is clear then. */
int msg_decode(struct msg *m, uint16_t type, const void *body, size_t n, enum role from,
    enum role to, bool has_fd, struct err *e);

#endif
