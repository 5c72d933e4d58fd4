/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen: the tables of <tosd/policy.h> as they were, with those of 1.1 where FROZEN is 1
 * or more.  Plugins that were built then exist as objects and cannot be asked to change:
 * this file is never mended, whatever becomes of the header.  FROZEN 99 has slots and
 * members at the ends that no header has yet.
 */
#ifndef TOSD_PROBE_FROZEN_H
#define TOSD_PROBE_FROZEN_H

#include <stddef.h>
#include <stdint.h>

struct was_item;
struct was_report;

struct was_str {
	const char *ptr;
	size_t len;
};

struct was_rule {
	size_t size;
	const char *id;
	uint32_t rev;
	const char *digest, *clause, *category;
	int32_t severity, mode;
#if FROZEN == 99
	const char *later;
#endif
};

struct was_span {
	uint32_t start, end;
};

struct was_finding {
	size_t size;
	int32_t rule;
	double score;
	const struct was_span *spans;
	size_t nspans;
	struct was_str reason;
#if FROZEN == 99
	double later[4];
#endif
};

#if FROZEN >= 1
struct was_score {
	size_t size;
	const char *category;
	double value, hit, none;
};
#endif

struct was_host {
	size_t size;
	uint32_t abi_major, abi_minor;
	int32_t (*declare)(const struct was_host *, const struct was_rule *, const char **);
	struct was_str (*field)(const struct was_host *, const struct was_item *, int);
	struct was_str (*link)(const struct was_host *, const struct was_item *, size_t);
	int64_t (*event_time)(const struct was_host *, const struct was_item *);
	int (*finding)(const struct was_host *, struct was_report *,
	    const struct was_finding *);
	int64_t (*budget)(const struct was_host *, struct was_report *, int64_t);
	int (*in_set)(const struct was_host *, const char *, struct was_str);
	struct was_str (*set_at)(const struct was_host *, const char *, size_t);
	void (*log)(const struct was_host *, int, struct was_str);
#if FROZEN >= 1
	int (*score)(const struct was_host *, struct was_report *,
	    const struct was_score *);
#endif
#if FROZEN == 99
	void *unknown[64]; /* what came between */
	int (*later)(const struct was_host *);
#endif
};

struct was_setting {
	const char *key;
	int type;
	const char *preset, *doc;
};

struct was_policy {
	size_t size;
	uint32_t abi_major, abi_minor;
	const char *name, *version;
	uint32_t needs;
	int (*open)(const struct was_host *, const struct was_str *, void **, const char **);
	int (*check)(
	    void *, const struct was_item *, struct was_report *, const char **);
	void (*close)(void *);
	const struct was_setting *schema;
	size_t nschema;
	int (*selftest)(void *, const char **);
#if FROZEN == 99
	void *unknown[64];
	int (*later)(void *);
#endif
};

#endif
