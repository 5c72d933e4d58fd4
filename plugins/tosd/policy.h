/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosd/policy.h: what a policy plugin of tosd needs, and all that it sees.
 *
 * A plugin is a shared object that looks at one item (a post, an article, a comment)
 * at a time and reports what it FINDS.  It cannot act: there is no call to warn, block
 * or suspend anybody, here or anywhere else in tosd.  What follows from a finding is
 * decided elsewhere, by written rules and, at the end, by people.
 *
 * The whole of a plugin:
 *
 *	#include <string.h>
 *	#include <tosd/policy.h>
 *
 *	static const struct tosd_host *host;
 *	static int32_t shouting;
 *
 *	static int
 *	open_(const struct tosd_host *h, const struct tosd_str *settings, void **state,
 *	    const char **errstr)
 *	{
 *		struct tosd_rule r = {sizeof(r), "manners/shouting", 1, NULL, "9.1",
 *		    "manners", TOSD_LOW, TOSD_ENFORCE};
 *
 *		(void)settings, (void)state;
 *		host = h;
 *		shouting = h->declare(h, &r, errstr);
 *		return shouting < 0 ? TOSD_FAILED : TOSD_DONE;
 *	}
 *
 *	static int
 *	check(void *state, const struct tosd_item *item, struct tosd_report *report,
 *	    const char **errstr)
 *	{
 *		struct tosd_str text = host->field(host, item, TOSD_TEXT);
 *		const char *at = (const char *)memchr(text.ptr, '!', text.len);
 *
 *		(void)state, (void)errstr;
 *		if (at != NULL) {
 *			uint32_t i = (uint32_t)(at - text.ptr);
 *			struct tosd_span span = {i, i + 1};
 *			struct tosd_finding f = {sizeof(f), shouting, 0.5, &span, 1,
 *			    {"it shouts", 9}};
 *
 *			host->finding(host, report, &f);
 *		}
 *		return TOSD_DONE;
 *	}
 *
 *	TOSD_POLICY(.name = "shouting", .version = "1", .needs = TOSD_NEED_TEXT,
 *	    .open = open_, .check = check);
 *
 * For C11 or C++20; TOSD_POLICY() names the members that it sets (in C++ they must come in
 * the order in which struct tosd_policy has them).
 * Build: cc -shared -fPIC -o shouting.so shouting.c $(pkg-config --cflags tosd-policy)
 *
 * LAWS
 * Findings, never actions.  Same input, same findings: a plugin may depend on the item,
 * its event time, its settings and the named sets, and on nothing else (no clock, no
 * randomness, no environment, no memory of earlier items, and no network); since 1.2 also
 * on what other plugins found and on kept answers, both of which the host hands over.  A missing
 * answer is an answer: who cannot judge an item returns TOSD_DEGRADED and says why;
 * returning TOSD_DONE without a finding means "looked at, nothing found".
 *
 * PROCESS AND THREADS
 * Plugins run in worker processes of their own.  All calls come from one thread, one
 * after another, never inside one another; several workers load the same plugin.
 * open() may read files; after it the sandbox closes: no files, no sockets.  Processes and
 * threads cannot be started at any time, not even in open().  What a plugin closes must be
 * its own.  A worker that crashes, or is silent past the configured deadline, is
 * killed, and the item is recorded as not judged by the plugin.
 *
 * MEMORY
 * No allocation crosses the border: each side frees what it has allocated.  What the
 * host passes to open() as text, and the host table, are valid until close() returns;
 * items, reports and what field() and link() return until the check() they were given
 * to returns.  What a plugin passes to the host is copied before the call returns.
 * A text left in *errstr must stay valid until the next call into the plugin.
 *
 * UNITS
 * Text is UTF-8, valid, without NUL; lengths and offsets are bytes.  Time is
 * milliseconds since 1970-01-01T00:00:00Z.  Scores are 0 to 1.
 *
 * COMPATIBILITY
 * Tables begin with their size and grow at the end only; so a plugin made for 1.x runs
 * on every host 1.y, in both directions.  A slot that may be missing on the other side
 * is asked for with TOSD_HAS(table, slot).  A host refuses another major number.
 *
 * API CHANGES
 * 1.0 (tosd 0.1): the first.
 * 1.1 (tosd 0.1): score() of the host and struct tosd_score: how sure a plugin is that an
 *	item belongs to a category, said of every item and not only of those with findings.
 * 1.2 (tosd 0.1): media() of the host, struct tosd_media and TOSD_NEED_MEDIA: pictures,
 *	sound and films of an item, with their digests where the operator has them hashed.
 *	Also ask() of the host with struct tosd_question and struct tosd_answer, and
 *	the result TOSD_WAITS: what a model endpoint says of an item; found(): what other
 *	plugins have found in it.
 * 1.3 (tosd 0.1): spent() of the host: which rule an item's time went to.
 * 1.4 (tosd 0.1): means() of the host: whether a rule still means what it did.
 * 1.5 (tosd 0.1): retired() of the host: a rule that is not there any more on purpose.
 */
#ifndef TOSD_POLICY_H
#define TOSD_POLICY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOSD_ABI_MAJOR 1
#define TOSD_ABI_MINOR 5

/* Whether the table behind p, made by somebody else, has the slot, and filled. */
#define TOSD_HAS(p, slot)                                                                \
	((p)->size >= (size_t)((const char *)(&(p)->slot + 1) - (const char *)(p)) &&    \
	    (p)->slot != 0)

/* What a callback returns. */
enum tosd_result {
	TOSD_DONE = 0,	   /* done; for check(): the whole item was judged */
	TOSD_FAILED = -1,  /* open(), selftest(): not usable, see *errstr */
	TOSD_DEGRADED = -2, /* check(): not wholly judged, see *errstr; findings are kept */
	/* check(), since 1.2: a question was asked whose answer is not there yet.  The item
	 * comes again, whole, once it is.  (A plugin that asks is loaded by no older host.)
	 * open(): see there. */
	TOSD_WAITS = -3
};

/* What a plugin needs beyond its settings.  The operator grants it (`grant` in
 * tosd.conf); a plugin that needs more than that is not loaded.  Without the need
 * the host gives empty strings and no links. */
enum tosd_need {
	TOSD_NEED_TEXT = 1 << 0,   /* TOSD_TEXT, TOSD_LANG */
	TOSD_NEED_LINKS = 1 << 1,  /* TOSD_URL, link() */
	TOSD_NEED_AUTHOR = 1 << 2, /* TOSD_AUTHOR */
	TOSD_NEED_TENANT = 1 << 3, /* TOSD_TENANT */
	TOSD_NEED_SETS = 1 << 4,   /* in_set(), set_at() */
	TOSD_NEED_MEDIA = 1 << 5,  /* media(); since 1.2 */
	/* Since 1.2.  ask(); what a plugin finds that may ask is for people to review and
	 * never counts, whatever mode its rules say. */
	TOSD_NEED_ASK = 1 << 6,
	TOSD_NEED_FOUND = 1 << 7   /* found(); the plugin is asked after those without */
};

enum tosd_severity {
	TOSD_LOW = 10,
	TOSD_MEDIUM = 20,
	TOSD_HIGH = 30,
	TOSD_CRITICAL = 40 /* danger to life: people are told at once */
};

/* Where the life of a rule begins; people move it on from there (tosctl policy).  Only
 * what is enforced counts by itself. */
enum tosd_mode {
	TOSD_DRAFT = 0,
	TOSD_SHADOW = 1, /* recorded, for measuring */
	TOSD_CANARY = 2, /* reserved: 1.0 hosts record it as shadow */
	TOSD_ENFORCE = 3,
	TOSD_REVIEW = 5 /* since 1.2, in found() only: of a plugin that may ask */
};

/* Borrowed bytes, not NUL-terminated.  ptr is never NULL when it comes from the host. */
struct tosd_str {
	const char *ptr;
	size_t len;
};

struct tosd_item;   /* what is judged */
struct tosd_report; /* where findings of one check() go */

enum tosd_field {
	TOSD_TEXT,   /* title, body, summary, a blank line between: spans count in it */
	TOSD_LANG,   /* language tag as the feed gives it, often empty */
	TOSD_URL,
	TOSD_AUTHOR, /* keyed hash of the author within the tenant, hexadecimal */
	TOSD_TENANT  /* opaque key of the tenant, hexadecimal */
};

/* What a plugin may find.  Declared in open(), at least one. */
struct tosd_rule {
	size_t size;	      /* sizeof(struct tosd_rule) */
	const char *id;	      /* "pack/rule": lower-case letters, digits, '-', '.', '/'; at
			       * most 127 bytes; no two rules of a host share one; what
			       * begins with "host/" is the host's own */
	uint32_t rev;	      /* raised with each change of meaning; from 1 */
	const char *digest;   /* 64 hex digits of SHA-256 over what the rule is made of
			       * (a pack's bytes); NULL: the plugin's own object */
	const char *clause;   /* of the acceptable-use policy, "3.2 violence" */
	const char *category; /* "violence", "spam", ...: 1 to 32 of a-z, 0-9 and '-';
			       * "safety": for the safety desk, apart from the tenant's
			       * score */
	int32_t severity;     /* enum tosd_severity */
	int32_t mode;	      /* enum tosd_mode */
};

struct tosd_span {
	uint32_t start, end; /* bytes [start, end) of TOSD_TEXT, start < end, both on
			      * borders of characters */
};

struct tosd_finding {
	size_t size;			/* sizeof(struct tosd_finding) */
	int32_t rule;			/* what declare() returned */
	double score;			/* how sure: 0 to 1 */
	const struct tosd_span *spans;	/* what it stands on: none begins before the one
					 * ahead of it; the host joins those that overlap */
	size_t nspans;			/* at most TOSD_SPANS; 0: the item as a whole */
	struct tosd_str reason;		/* for people: what was found, in words */
};

/* Since 1.1.  How likely an item is of a category, by the plugin's own lights and before
 * anything that others have found.  The host makes one score of it and of what the other
 * plugins found: in logits, that of `value', plus `hit' times the highest score of their
 * enforced findings in the category, or plus `none' where they have none. */
struct tosd_score {
	size_t size;	      /* sizeof(struct tosd_score) */
	const char *category; /* that of a rule which the plugin has declared */
	double value;	      /* a calibrated chance, 0 to 1 */
	double hit, none;     /* -20 to 20; 0: findings of others say nothing new */
};

/* Since 1.2.  A picture, sound or film of an item: one that its feed names, or, where the
 * configuration has media on, one that the HTML of a body shows (img, video, audio, source).
 * The latter are among the links, too. */
enum tosd_media_state {
	TOSD_MEDIA_UNASKED, /* nobody has asked for its bytes */
	TOSD_MEDIA_HASHED,
	TOSD_MEDIA_MISSING /* asked for, and not to be had: see why */
};
struct tosd_media {
	size_t size; /* sizeof(struct tosd_media), set by the plugin: no more is filled in */
	int32_t state; /* enum tosd_media_state */
	int32_t quality; /* of pdq: 0 (nothing to see) to 100; -1: there is no pdq */
	struct tosd_str url, type; /* as the feed has them; type may be empty, or a word:
				    * "image", "video", "audio" */
	struct tosd_str sha256, md5; /* of all bytes, lower-case hexadecimal, or empty */
	struct tosd_str pdq; /* PDQ hash, 64 hexadecimal digits; pictures only */
	struct tosd_str why; /* in words, when missing; or why there is no pdq */
};

/* Since 1.2.  A request to a model endpoint of the configuration.  What the endpoint said to
 * the same request once is kept and handed out again, so all that may change the answer
 * belongs into the body (model, policy, parameters, text), and nothing else. */
enum tosd_ask {
	TOSD_ASK_CHAT = 0,	/* POST .../chat/completions */
	TOSD_ASK_MODERATION = 1 /* POST .../moderations */
};
struct tosd_question {
	size_t size;	      /* sizeof(struct tosd_question) */
	const char *endpoint; /* its name in `endpoints` of tosd.conf */
	int32_t kind;	      /* enum tosd_ask */
	const char *model;    /* which is asked: for the record */
	const char *prompt;   /* 64 hex digits of SHA-256 over the policy given to the model;
			       * NULL: it was given none.  For the record */
	struct tosd_str body; /* a JSON text, at most TOSD_QUESTION_BYTES */
};
struct tosd_answer {
	size_t size;	      /* sizeof(struct tosd_answer) */
	int32_t status;	      /* of HTTP: 200, or a 4xx that is about the question itself */
	struct tosd_str body; /* as it came: any bytes */
};

/* Since 1.2.  A finding of another plugin; its texts are borrowed like those of an item. */
struct tosd_found {
	size_t size; /* sizeof(struct tosd_found) */
	const char *rule, *category;
	int32_t severity, mode; /* enum tosd_severity, enum tosd_mode */
	double score;
	struct tosd_span span; /* the first one; 0, 0: the item as a whole */
};
#define TOSD_QUESTIONS 4   /* of one item, per plugin */
#define TOSD_QUESTION_BYTES 262144
#define TOSD_SCORES 16	   /* scores of one item, per plugin; one per category */
#define TOSD_SPANS 64	   /* spans of one finding */
#define TOSD_FINDINGS 256  /* findings of one item, per plugin */
#define TOSD_REASON 512	   /* bytes of a reason; longer ones are cut */

enum tosd_log {
	TOSD_LOG_PROBLEM = 3, /* something of the operator's was refused and left out */
	TOSD_LOG_WARN = 4,
	TOSD_LOG_INFO = 6,
	TOSD_LOG_DEBUG = 7
};

/* What the host offers.  h is the table itself, as open() got it.  Where nothing else is
 * said, a pointer of NULL for h, an item or what it is about is the plugin's own mistake:
 * it crashes, as with any other address that is none. */
struct tosd_host {
	size_t size;
	uint32_t abi_major, abi_minor;

	/* In open() only.  The number of the rule (from 0), or -1 and *errstr (valid until
	 * the next call into the host) when the rule breaks the form above. */
	int32_t (*declare)(const struct tosd_host *h, const struct tosd_rule *rule,
	    const char **errstr);

	/* In check() only.  Empty where the item has no such field or it was not needed. */
	struct tosd_str (*field)(const struct tosd_host *h, const struct tosd_item *item,
	    enum tosd_field which);

	/* In check() only.  The i-th address in the item, from 0; length 0: no more. */
	struct tosd_str (*link)(const struct tosd_host *h, const struct tosd_item *item,
	    size_t i);

	/* In check() only.  Publication time, or when it was first seen. */
	int64_t (*event_time)(const struct tosd_host *h, const struct tosd_item *item);

	/* In check() only.  0, or -1 when the host refuses the finding (rule not declared,
	 * score or spans out of range, too many): the item then counts as degraded.  With a
	 * report that is NULL, or with h of another plugin: -1, and nobody learns of it. */
	int (*finding)(const struct tosd_host *h, struct tosd_report *report,
	    const struct tosd_finding *f);

	/* In check() only.  Takes units of work off the item's budget (a unit is about one
	 * byte looked at once) and returns what is left.  Below 0: stop, and return
	 * TOSD_DEGRADED.  Counted and not timed, so that an item always ends alike.  Units
	 * below 0: -1, and the item counts as degraded.  A report that is NULL: as for
	 * finding(). */
	int64_t (*budget)(const struct tosd_host *h, struct tosd_report *report,
	    int64_t units);

	/* Named sets of strings, the same until close().  "@protected": names of the
	 * provider's own sites, vehicles and staff roles.  in_set(): 1, 0, or -1 when there
	 * is no such set; compares ASCII letters without case.  set_at(): the i-th member in
	 * sorted order; length 0: no more. */
	int (*in_set)(const struct tosd_host *h, const char *set, struct tosd_str member);
	struct tosd_str (*set_at)(const struct tosd_host *h, const char *set, size_t i);

	/* Writes a line; control characters are escaped.  In open() a thousand of a level,
	 * after it no more than twenty at once, then ten a second; what is more is counted. */
	void (*log)(const struct tosd_host *h, enum tosd_log level, struct tosd_str text);

	/* --- end of 1.0 */

	/* In check() only.  0, or -1 when the host refuses the score (no rule of this
	 * plugin has the category, numbers out of range, said already): the item then
	 * counts as degraded.  A report that is NULL: as for finding().  Scores rank items;
	 * only findings can ever count. */
	int (*score)(const struct tosd_host *h, struct tosd_report *report,
	    const struct tosd_score *s);

	/* --- end of 1.1 */

	/* In check() only.  Fills in *out with the i-th medium of the item, from 0, and
	 * returns 0; or -1: there are no more, or it was not needed.  Those that the feed
	 * names come first, then those of bodies. */
	int (*media)(const struct tosd_host *h, const struct tosd_item *item, size_t i,
	    struct tosd_media *out);

	/* In open(), with report and a NULL: 0 if the endpoint of q is configured, else -1.
	 * In check(): 1: *a is what the endpoint answered.  0: it is not known yet; the
	 * plugin may ask more, then returns TOSD_WAITS.  -1: refused (no such endpoint, a
	 * question that breaks the form above, an answer without its size, too many): the
	 * item then counts as degraded.  A report that is NULL: as for finding(). */
	int (*ask)(const struct tosd_host *h, struct tosd_report *report,
	    const struct tosd_question *q, struct tosd_answer *a);

	/* In check() only.  1 and the i-th finding of the item, from 0, of all plugins that do
	 * not need TOSD_NEED_FOUND and of those before this one that do; 0: no more.  First
	 * comes, where a person has reported the item, the rule "host/report" of category
	 * "report", in TOSD_SHADOW, with score 1 and the item as a whole. */
	int (*found)(const struct tosd_host *h, const struct tosd_report *report, size_t i,
	    struct tosd_found *f);

	/* --- end of 1.2 */

	/* In check() only.  The time since check() was called, or since the last call of
	 * spent(), went to this rule; -1: to none in particular.  The host has the clock, and
	 * measures some items only.  1: it measures this one.  0: it does not, and need not be
	 * told again before the next item.  Nothing that is found may depend on the answer. */
	int (*spent)(const struct tosd_host *h, struct tosd_report *report, int32_t rule);

	/* --- end of 1.3 */

	/* In open() only, once a rule is declared.  What it means: 64 hex digits of SHA-256
	 * over all that decides what it finds and how that counts, and over nothing else (not
	 * over the day until which it finds: a longer life is no other meaning), in a form
	 * that stays the same in later versions of the plugin.  The host tells people
	 * when it differs and the rule's rev does not; a rule of which nothing is said is not
	 * compared.  0, or -1 and *errstr. */
	int (*means)(const struct tosd_host *h, int32_t rule, const char *digest,
	    const char **errstr);

	/* --- end of 1.4 */

	/* In open() only, instead of declare(): the plugin still knows the rule and finds
	 * nothing by it any more, on purpose.  What is not declared may be missing by mistake,
	 * and what it had found goes on counting; of a retired rule it does so no more, as far
	 * as nobody was told of it.  id and digest count, and `mode' does not.  0, or -1 and
	 * *errstr. */
	int (*retired)(const struct tosd_host *h, const struct tosd_rule *rule,
	    const char **errstr);

	/* --- end of 1.5 */
};

enum tosd_type {
	TOSD_STRING,
	TOSD_INTEGER, /* decimal, 64 bits */
	TOSD_NUMBER,  /* decimal with a point */
	TOSD_BOOL     /* "true" or "false" */
};

/* A row of the settings schema.  The host checks what tosd.conf says against it.  The values
 * are part of the policy's digest, which stands for all that decides what is found; but not
 * those of keys that end in _dir, _file or _files, for where something lies means nothing.
 * What a plugin reads there and what decides what it finds belongs into the digests of its
 * rules (struct tosd_rule). */
struct tosd_setting {
	const char *key;
	enum tosd_type type;
	const char *preset; /* when the key is not given; NULL: it must be given */
	const char *doc;    /* one line for people */
};

/* What a member is that nobody sets; in C it goes without saying, in C++ with a warning. */
#ifdef __cplusplus
#define TOSD_UNSET = {}
#else
#define TOSD_UNSET
#endif

/* What a plugin is.  Made with TOSD_POLICY(). */
struct tosd_policy {
	size_t size;
	uint32_t abi_major, abi_minor; /* of the header that it was built with */

	/* 1 to 63 of a-z, 0-9, _ and -, a letter first.  tosd.conf may name it otherwise
	 * (1 to 32 of these), and what is kept and told has the name that is there. */
	const char *name;
	const char *version; /* the plugin's own, for people */
	uint32_t needs TOSD_UNSET; /* TOSD_NEED_* */

	/* Once, first.  settings[i] is the value of the i-th row of the schema, checked and
	 * with presets filled in.  Declares rules; leaves its state in *state.  TOSD_DONE;
	 * TOSD_WAITS: part of what it looks for is not there, maybe all of it, and *errstr
	 * says what: it is asked, what it finds counts, and items wait for the rest until it
	 * is loaded anew, or for the time of policy.retry_for in tosd.conf, after which they
	 * count as degraded;
	 * or TOSD_FAILED and *errstr: not loaded then, and close() is not called. */
	int (*open)(const struct tosd_host *h, const struct tosd_str *settings,
	    void **state, const char **errstr);

	/* For each item.  TOSD_DONE, TOSD_DEGRADED or TOSD_WAITS. */
	int (*check)(void *state, const struct tosd_item *item, struct tosd_report *report,
	    const char **errstr);

	/* --- optional from here; NULL or 0 when there is none */

	void (*close)(void *state) TOSD_UNSET;
	const struct tosd_setting *schema TOSD_UNSET;
	size_t nschema TOSD_UNSET;

	/* After open(), before the first check(): judges examples of its own.  TOSD_DONE, or
	 * TOSD_FAILED and *errstr: not loaded then. */
	int (*selftest)(void *state, const char **errstr) TOSD_UNSET;

	/* --- end of 1.0 */
};

#if defined(__GNUC__)
#define TOSD_EXPORT __attribute__((visibility("default")))
#else
#define TOSD_EXPORT
#endif

/* The one symbol that a plugin exports.  To be linked so that it stays the only one:
 * -fvisibility=hidden, or libtool's -export-symbols-regex '^tosd_policy$'. */
extern TOSD_EXPORT const struct tosd_policy tosd_policy;
#define TOSD_POLICY(...)                                                                 \
	const struct tosd_policy tosd_policy = {.size = sizeof(struct tosd_policy),      \
	    .abi_major = TOSD_ABI_MAJOR, .abi_minor = TOSD_ABI_MINOR, __VA_ARGS__}

#ifdef __cplusplus
}
#endif
#endif
