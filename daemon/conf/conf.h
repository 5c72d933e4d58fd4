/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: the configuration as one immutable structure.
 *
 * Reading and understanding are apart.  The supervisor reads the files once
 * (conf_sources_read) and hands the same bytes to every role, so that all roles
 * know one configuration and need no files; conf_parse turns the bytes into a
 * struct conf, or into a list of every mistake with file, line and remedy.
 * Strings belong to the struct conf; NULL where an optional one is not given.
 * Durations are milliseconds, sizes are bytes.
 */
#ifndef TOSD_CONF_CONF_H
#define TOSD_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"

enum conf_sandbox { CONF_SANDBOX_REQUIRED, CONF_SANDBOX_BEST_EFFORT, CONF_SANDBOX_OFF };

/* An address range: 16 bytes of IPv6 (IPv4 as ::ffff:a.b.c.d) and prefix bits. */
struct conf_range {
	uint8_t addr[16];
	unsigned bits;
};

struct conf_provider {
	const char *name;	/* shown in notices */
	const char *mailbox;	/* where tenants write to; a read mailbox */
	const char *phone;	/* emergency number */
	const char *aup_url;	/* the acceptable-use policy */
	const char *aup_version;
	const char *host;	/* domain for Message-IDs; default: part after @ of mailbox */
};

/* What a capture may hold, which travels as one message, with the heads of all hops; and
 * of that a body. */
#define CONF_CAPTURE_MAX ((size_t)63 << 20)
#define CONF_BODY_MAX ((size_t)62 << 20)

struct conf_fetch {
	const char *user_agent;
	const char *second_user_agent; /* of the fetch that nobody should recognise */
	const char *second_interface;  /* its way out, or NULL: the usual one */
	const char *ca_file;	  /* default: Debian's bundle */
	int64_t interval;	  /* between polls of a feed, unless the feed says more */
	int64_t interval_min, interval_max;
	int64_t hint_max;	  /* longest silence that caching headers and the feed get */
	int64_t retry_after_max;  /* longest silence that Retry-After gets */
	unsigned moved_polls;	  /* a permanent redirect is kept after so many polls */
	int64_t moved_after;	  /* over so much time that all led to one place */
	int64_t connect_timeout, timeout;
	int64_t host_gap;	  /* at least this between requests to one host */
	size_t max_body, max_items, max_text, max_header;
	unsigned max_redirects, max_connections, max_host_connections;
	struct conf_range *allow; /* private addresses that all tenants may have */
	size_t nallow;
	const char **resolvers; /* name servers, none: those of the system */
	size_t nresolvers;
	bool http2; /* over TLS, where offered */
	unsigned max_streams;	  /* held open at a time, by one fetch role */
	int64_t stream_idle;	  /* one that is silent for longer is opened anew */
	int64_t stream_retry_min, stream_retry_max;
	const char *push_listen;  /* WebSub: where hubs reach us; NULL: off */
	const char *push_url;	  /* the same as hubs see it */
	int64_t push_interval;	  /* between polls of a feed whose push is trusted */
	int64_t push_lease;	  /* asked of hubs */
	unsigned push_connections, push_address_connections;
	size_t push_max_header, push_max_body;
	int64_t push_timeout; /* for a hub's request with its answer */
	int64_t push_grace;	  /* a push that comes later than the poll was missed */
	bool push_sha1;
};

/* Whether all was read that a feed shows. */
struct conf_coverage {
	int64_t removal_gap;  /* least time between the two readings without a post */
	unsigned walk_pages;  /* older pages read to close one gap */
	size_t walk_bytes;
	unsigned day_pages;   /* the same of one feed and day, for all reasons */
	size_t day_bytes;
	unsigned backfill_pages; /* of a feed's whole history, a day; 0: none */
	unsigned read_pages;  /* of posts that a feed only points at, a day */
	int64_t more_interval; /* between readings of a further document */
	int64_t second_min, second_max; /* between looks as somebody else; 0: none */
};

/* How long texts are kept in the store; captures are not meant. */
struct conf_keep {
	int64_t texts;	 /* all of them */
	int64_t sampled; /* after that a sample of those in which nothing was found */
	int64_t found;	 /* those with findings */
	double sample;	 /* its share */
};

struct conf_setting { /* for a plugin: strings, numbers and booleans as text */
	const char *key, *value;
};

struct conf_plugin {
	const char *name;	   /* "rules" */
	const char *path;	   /* the object; default plugindir/NAME.so */
	struct conf_setting *settings;
	size_t nsettings;
	unsigned grant;		   /* capabilities granted: bits of <tosd/policy.h> */
	const char **command;	   /* a program in place of an object; none: an object */
	size_t ncommand;
	const char *folder;	   /* of the program: where it runs, and what it may read */
	unsigned window;	   /* items that it has in hand at most */
	int64_t deadline;	   /* of an item */
	size_t memory;
	unsigned processes, files;
	int64_t cpu;		   /* of one life of the program */
	const char *file;	   /* where it stands, for messages */
	int line;
};

/* What a rule must show before its findings count (policy/life.h). */
struct conf_gates {
	unsigned labels;     /* findings that people have judged */
	double precision;    /* floor of the lower bound of the share that was right */
	double precision_final; /* the same for the last stages of the ladder */
	unsigned days;	     /* last days with hits, on each of which it holds */
	double tenant_share; /* most of its hits that may be one tenant's */
	int64_t cost;	     /* ms: 99th percentile of its plugin */
	int64_t rule_cost;   /* ms: of the rule itself, of items it was tried on */
	int64_t override;    /* longest override by two people */
};

enum conf_life_cycle { CONF_LIFE_PACKS, CONF_LIFE_GATED };

/* A model endpoint that speaks the OpenAI protocols: where plugins' questions go. */
struct conf_endpoint {
	const char *name;
	const char *url;	   /* base: "https://models.example/v1" */
	const char *credential;	   /* of its API key; NULL: it wants none */
	struct conf_range *allow;  /* private addresses that it may have */
	size_t nallow;
	int64_t timeout;	   /* for one answer */
	size_t max_answer;
	unsigned parallel;	   /* questions under way at a time */
	unsigned attempts;	   /* of one question, before it stays without an answer */
	int64_t retry_min, retry_max;
	size_t day_requests, day_bytes, day_tokens; /* of a day, UTC; tokens 0: any */
	double tenant_share; /* of these, on account of one tenant; at least equal parts */
	int64_t answers_for; /* how long an answer is handed out again */
	const char *file;
	int line;
};

/* A list of plugin `lists' that is fetched. */
struct conf_blocklist {
	const char *name;	   /* as in its head */
	const char *url;
	const char *signature_url; /* default: url with .sig behind; NULL: unsigned */
	const char **signers;	   /* verifier keys, one of which must have signed it */
	size_t nsigners;	   /* 0: nobody has to */
	struct conf_range *allow;  /* private addresses that its server may have */
	size_t nallow;
	int64_t interval, timeout;
	size_t max_bytes;	   /* unpacked */
	double shrink;		   /* share of its entries that it may lose at once */
	const char *file;
	int line;
};

struct conf_policy {
	struct conf_plugin *plugins;
	size_t nplugins;
	struct conf_endpoint *endpoints;
	size_t nendpoints;
	struct conf_blocklist *lists; /* that are fetched */
	size_t nlists;
	const char *packs_dir;	   /* directory of *.conf packs, handed to plugin rules */
	const char *cache_dir;	   /* compiled databases; NULL: none */
	unsigned workers;
	int64_t deadline;	   /* a worker that is silent for longer is killed */
	unsigned batch;		   /* items sent to a worker at a time */
	unsigned attempts;	   /* tries before an item counts as degraded */
	double threshold;	   /* a finding below this score never counts */
	int64_t retry_for;	   /* how long a program that is down is waited for */
	unsigned plugin_uid;	   /* first of 256 user ids of programs; 0: that of roles */
	size_t worker_memory;	   /* address space of a worker, with all its plugins */
	enum conf_life_cycle life_cycle; /* where rules begin */
	int64_t stats_for;  /* how long daily hits and costs are kept */
	int64_t scores_for; /* ... and the scores of revisions */
	struct conf_gates gates;
	bool media;		   /* pictures of items are fetched and hashed */
	unsigned media_items;	   /* so many of one item */
	unsigned media_day;	   /* so many of one feed and day */
	int64_t media_wait;	   /* how long an item waits for that */
	size_t media_pixels;	   /* a larger picture gets no perceptual hash */
};

struct conf_safety {
	const char **protect; /* names of own sites, vehicles, staff roles */
	size_t nprotect;
	const char **desk;    /* mail addresses of the safety desk */
	size_t ndesk;
};

struct conf_stage {
	const char *name;	/* "notice", "warning", ... shown in notices */
	int64_t deadline;	/* for the tenant to act, from delivery */
	int64_t deadline_critical; /* the same when severity is critical; 0: deadline */
};

#define CONF_STAGES_MAX 8
struct conf_ladder {
	struct conf_stage *stages; /* in order; after the last comes the recommendation */
	size_t nstages;
	int64_t cure;		/* quiet time after which a case steps down, then closes */
	double removal_rate;	/* share of reported items to be gone at a deadline */
	int64_t time_to_takedown; /* agreed median */
	unsigned min_exposure;	/* items seen below which a rate is "insufficient data" */
	int64_t recheck;	/* between looks at a cited item */
	int64_t max_gap;	/* longest blind time of ours that a step up tolerates */
	unsigned max_exhibits;	/* shown in one notice */
};

struct conf_courier {
	enum { CONF_MAIL_NONE, CONF_MAIL_SMTP, CONF_MAIL_SENDMAIL } transport;
	const char *url;	/* smtp://host:port or smtps://host */
	const char *sendmail;	/* path of the program */
	const char *from;	/* header From and envelope sender */
	const char *username;	/* NULL: no authentication */
	const char *password_credential; /* name in $CREDENTIALS_DIRECTORY, or a path */
	bool starttls;		/* require TLS on smtp:// */
	int64_t timeout;
	int64_t retry_min, retry_max; /* back-off of soft failures */
	unsigned attempts;	/* soft failures before a person is asked */
	const char *legal;	/* mail address of the legal desk; NULL: none */
};

struct conf_console {
	const char *listen; /* "127.0.0.1:8790", "[::1]:8790", "unix:/run/tosd/http"; NULL: off */
};

struct conf_ledger {
	const char *origin;	    /* name of the log, e.g. "abuse.example.net/tosd" */
	const char *key_credential; /* name in $CREDENTIALS_DIRECTORY or a path; default
				     * state_dir/keys/log.key, made at first start */
	int64_t seal_interval;	    /* longest time that an entry stays unsigned */
	unsigned seal_entries;	    /* or as many entries */
};

struct conf_store {
	const char *url; /* "sqlite:/var/lib/tosd/store.db" */
};

struct conf_staff {
	const char *name;  /* pseudonym that goes on record */
	const char *user;  /* local account that may speak as it; NULL: root only */
	bool reviewer, approver;
};

/* Where the parts of a post are in a feed's JSON: paths such as "data.posts[*]",
 * "author.name" or "x[\"a.b\"][0]"; NULL: not there.  items and next lead from the
 * document, event from an event of its stream, all others from one item. */
struct conf_mapping {
	const char *items, *event;
	const char *id, *url, *title, *author, *text, *summary;
	const char *published, *updated, *language, *in_reply_to, *media;
	const char *deleted, *next;
};

/* A feed that has one. */
struct conf_mapped {
	const char *tenant; /* its key */
	const char *url;
	const char *stream_url; /* NULL: none */
	struct conf_mapping mapping;
};
enum conf_stream { CONF_STREAM_NONE, CONF_STREAM_SSE, CONF_STREAM_NDJSON };

struct conf_feed {
	const char *url;
	int64_t interval; /* 0: conf_fetch.interval */
	const struct conf_mapping *mapping; /* NULL: by what the document holds */
	enum conf_stream stream;
	const char *stream_url;
	const char *token_credential; /* bearer token of the stream; NULL: none */
	const char *cursor_param; /* query parameter to resume by; NULL: none */
	const char *cursor_key;	  /* member of each line that holds the cursor */
	size_t cursor_rewind;	  /* taken off the cursor when resuming */
	const char *file;
	int line;
};

struct conf_tenant {
	const char *id;	     /* the operator's name of it: [a-z0-9-]{1,63} */
	char key[17];	     /* opaque: first 16 hex digits of SHA-256("tosd tenant\0" id) */
	const char *name;
	const char *contact; /* mail address that notices go to */
	const char *contact2; /* second one, tried after a bounce */
	const char *manager; /* account manager's mail address */
	const char *contract;
	const char *language; /* "en" */
	struct conf_feed *feeds;
	size_t nfeeds;
	struct conf_range *allow;
	size_t nallow;
	const char *file;
	int line;
};

struct conf {
	char digest[DIGEST_HEX]; /* of the sources: goes into the ledger */
	const char *state_dir, *run_dir;
	const char *control;	 /* socket of tosctl; default run_dir/control */
	const char *templates_dir;
	const char *tenants_dir; /* NULL: tenants.d beside the main file, if there */
	const char *user, *group; /* to run as when started by root; NULL: stay */
	enum conf_sandbox sandbox;
	unsigned fetchers;
	int64_t ping_interval, ping_timeout; /* the watchdog of roles */
	int64_t restart_min, restart_max;    /* back-off of restarts */
	int64_t stop_timeout;
	struct conf_provider provider;
	struct conf_store store;
	struct conf_ledger ledger;
	struct conf_fetch fetch;
	struct conf_coverage coverage;
	struct conf_keep keep;
	struct conf_policy policy;
	struct conf_safety safety;
	struct conf_ladder ladder;
	struct conf_courier courier;
	struct conf_console console;
	struct conf_staff *staff;
	size_t nstaff;
	struct conf_tenant *tenants;
	size_t ntenants;
	struct conf_mapped *mapped; /* by tenant and url */
	size_t nmapped;
	const char **simulate; /* faults that are made on purpose, conf_simulates() */
	size_t nsimulate;
	void *arena; /* owns all of the above */
};

/* The files as read: the main one first, then tenants.d/?*.conf beside it (or the
 * folder named by `tenants_dir`) in byte order of their names. */
struct conf_source {
	char *name;
	char *text;
};
struct conf_sources {
	struct conf_source *v;
	size_t n;
	char *missing; /* why there is no folder of tenants where one must be, or NULL:
			* conf_parse() says it, with all other mistakes */
};

int conf_sources_read(const char *path, struct conf_sources *out, struct err *e);
void conf_sources_put(struct buf *b, const struct conf_sources *s);
/* The same without a word about tenants, of sources that were parsed without a mistake.
 * What is made of it has another digest. */
void conf_sources_put_blind(struct buf *b, const struct conf_sources *s);
void conf_sources_get(struct rd *r, struct conf_sources *out);
void conf_sources_clear(struct conf_sources *s);

/* Called once for each mistake: "tosd.conf:12: unknown key `intervall' in `fetch';
 * did you mean `interval'?" */
typedef void conf_report(void *ctx, const char *file, int line, const char *text);

/* Purely from the bytes, without touching a file.  0, or TOSD_EINVAL after all
 * mistakes were reported; *out is NULL then. */
int conf_parse(const struct conf_sources *s, conf_report *report, void *ctx,
    struct conf **out);
/* The same, but *out is what could be understood even then (NULL only without any
 * source): not to run with, but to look for further mistakes, in packs and folders.
 * policy.packs_dir is NULL in it where the folder of packs is not known for sure. */
int conf_parse_draft(const struct conf_sources *s, conf_report *report, void *ctx,
    struct conf **out);
void conf_free(struct conf **c);

/* Forgets what a role has no use for, once it is parsed: all tenants, or of those with
 * address ranges everything but these and the key; no look-up by id after that. */
enum conf_tenants { CONF_TENANTS_NONE, CONF_TENANTS_RANGES };
void conf_lean(struct conf *c, enum conf_tenants keep);

/* What only the file system can tell (packs and templates readable, folders,
 * plugins): for `tosd -t` and before start.  0 or TOSD_EINVAL. */
int conf_check_files(const struct conf *c, conf_report *report, void *ctx);
/* For `tosd -t' alone: what may be right, but is hardly meant. */
void conf_doubt_files(const struct conf *c, conf_report *report, void *ctx);
/* The same of one shared object that no configuration names. */
int conf_check_object(const char *path, conf_report *report, void *ctx);

/* NULL: there is none of that name. */
const struct conf_endpoint *conf_endpoint_of(const struct conf *c, const char *name);
const struct conf_blocklist *conf_blocklist_of(const struct conf *c, const char *name);

/* The tenant with this key or id; NULL if there is none. */
const struct conf_tenant *conf_tenant_by_key(const struct conf *c, const char *key);
/* Whether this fault is to be made: "plugin-crash", "plugin-timeout", "db-full". */
bool conf_simulates(const struct conf *c, const char *fault);

const struct conf_tenant *conf_tenant_by_id(const struct conf *c, const char *id);

/* The mapping that applies to an address asked for a tenant: that of the feed with this
 * address or, since pages of a feed have queries of their own, the only one with the
 * same address up to the query.  NULL if there is none. */
const struct conf_mapping *conf_mapping_of(
    const struct conf *c, const char *tenant_key, const char *url);
/* That of the feed with this stream. */
const struct conf_mapping *conf_mapping_of_stream(
    const struct conf *c, const char *tenant_key, const char *stream_url);

/* A secret: $CREDENTIALS_DIRECTORY/NAME, or the file NAME when it is a path (then
 * refused if others may read it).  Appends without the last newline. */
int conf_secret(const char *name, struct buf *out, struct err *e);

/* "90s", "15m", "72h", "14d", "500ms" or a bare count of seconds.  -1: not one. */
int64_t conf_duration(const char *s);
/* "10.0.0.0/8", "::1".  False: not one. */
bool conf_range_parse(const char *s, struct conf_range *out);

#endif
