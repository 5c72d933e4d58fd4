/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_proto: version 1 of the protocol between the host and a plugin that is a program
 * (tosd-exec(7)): JSON objects, one a line.
 *
 * Pure: bytes in, events out, and lines for the other direction.  No descriptor, no
 * clock, no memory of what was asked.  The bytes come from code that nobody here wrote:
 * whatever is not in the protocol is an error that names the plugin and the line, and
 * the last thing that is read.
 */
#ifndef TOSD_POLICY_EXEC_PROTO_H
#define TOSD_POLICY_EXEC_PROTO_H

#include <stdbool.h>
#include <stdint.h>
#include <tosd/policy.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/item.h"
#include "conf/conf.h"

#define EXEC_VERSION 1
#define EXEC_LINE_MAX (1u << 20) /* bytes of a line that a plugin writes */
#define EXEC_RULES_MAX 1000
#define EXEC_NOISE_MAX 1000 /* messages of unknown type in a row */

/* What an item may carry, as bits, in the order of exec_field_name(). */
enum exec_field {
	EXEC_TEXT = 1 << 0,
	EXEC_LANG = 1 << 1,
	EXEC_URL = 1 << 2,
	EXEC_LINKS = 1 << 3,
	EXEC_AUTHOR = 1 << 4,
	EXEC_TENANT = 1 << 5,
	EXEC_SETS = 1 << 6, /* in no item: the message `sets' is wanted */
	EXEC_MEDIA = 1 << 7,
};
/* The name of the field of bit i; NULL: there is none. */
const char *exec_field_name(size_t i);
/* The TOSD_NEED_* that these fields take. */
uint32_t exec_fields_need(unsigned fields);

struct exec_rule {
	char *id, *clause, *category;
	char *digest; /* NULL: that of the command's files */
	uint32_t rev;
	int32_t severity, mode;
};

struct exec_hello {
	char *name, *version;
	unsigned want; /* EXEC_* */
	uint32_t max_inflight;
	bool pure;
	struct exec_rule *rules;
	size_t nrules;
};
void exec_hello_clear(struct exec_hello *h);
/* True if both say the same of rules and fields. */
bool exec_hello_same(const struct exec_hello *a, const struct exec_hello *b);

/* Borrowed until the next call. */
struct exec_finding {
	const char *bad; /* why it is none, in words for "made ..."; NULL: it may be one */
	const char *rule, *reason;
	double score;
	struct tosd_span spans[TOSD_SPANS];
	size_t nspans;
};

enum exec_kind { EXEC_HELLO, EXEC_RESULT, EXEC_BUSY };
struct exec_event {
	enum exec_kind kind;
	uint64_t seq;		 /* of result and busy */
	const char *abstain;	 /* why there is no answer; NULL: there is one */
	const struct exec_finding *findings;
	size_t n, more; /* more: behind those that an item may have */
	struct exec_hello hello; /* to be moved out, or cleared by the caller */
};

struct exec_proto;

/* name: of the plugin, for messages; kept by pointer. */
struct exec_proto *exec_proto_new(const char *name);
void exec_proto_free(struct exec_proto **p);
/* Adds bytes as they come. */
void exec_proto_take(struct exec_proto *p, const char *data, size_t n);
/* 1 and the next event; 0: a whole line is not there; TOSD_EPROTO: the plugin broke the
 * protocol, and nothing more is read of it. */
int exec_proto_next(struct exec_proto *p, struct exec_event *ev, struct err *e);
/* Messages of types that version 1 does not know, so far. */
uint64_t exec_proto_ignored(const struct exec_proto *p);
/* Lines read so far. */
uint64_t exec_proto_lines(const struct exec_proto *p);

/* --- the other direction (exec_put.c): each appends one line */

struct exec_item {
	uint64_t seq;
	int64_t deadline; /* ms that it has */
	int64_t as_of;	  /* event time; CLOCK_NONE: not known */
	unsigned want;	  /* EXEC_*: nothing else is written */
	struct tosd_str text, lang, url, author, tenant;
	char *const *links;
	size_t nlinks;
	const struct item_media *media;
	size_t nmedia;
};

void exec_put_start(struct buf *b, const struct conf_plugin *c);
void exec_put_item(struct buf *b, const struct exec_item *it);
void exec_put_set(struct buf *b, const char *name, const char *const *v, size_t n);
void exec_put_word(struct buf *b, const char *type); /* "tick", "drain" */
/* A JSON string with its quotes; s is valid UTF-8. */
void exec_put_string(struct buf *b, const char *s, size_t n);

#endif
