/* SPDX-License-Identifier: Apache-2.0 */
/*
 * face_declare: the calls with which a plugin declares its rules, or says that they are
 * retired, what may not be declared, and where a rule is found by its id.  They belong
 * to the face (policy_face_clear).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/hash.h"
#include "base/text.h"
#include "policy/face.h"

#define RULES_MAX 20000
#define ID_SHOWN 100 /* bytes of a rule's bad id, escaped */

static int32_t __attribute__((format(printf, 3, 4)))
refuse(struct policy_face *f, const char **errstr, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	if (errstr != NULL)
		*errstr = f->why;
	return -1;
}

static bool
good_id(const char *s)
{
	size_t n = strnlen(s, 128);

	return n > 0 && n < 128 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-./") == n;
}

static bool
good_category(const char *s)
{
	size_t n = strnlen(s, 33);

	return n > 0 && n < 33 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

bool
policy_face_words(const char *s, size_t max)
{
	size_t n = s != NULL ? strnlen(s, max + 1) : 0;

	if (n == 0 || n > max || !text_valid(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static const char *
bad_rule(const struct tosd_rule *r)
{
	uint8_t d[DIGEST_LEN];

	if (r->id == NULL || !good_id(r->id))
		return "its id must be 1 to 127 of a-z, 0-9, '-', '.' and '/'";
	if (strncmp(r->id, POLICY_HOST_RULES, strlen(POLICY_HOST_RULES)) == 0)
		return "rules of the name " POLICY_HOST_RULES " are the host's own";
	if (r->rev == 0 || r->rev > INT32_MAX)
		return "its rev must be from 1";
	if (r->digest != NULL &&
	    (strnlen(r->digest, 65) != 64 || !digest_unhex(r->digest, d, sizeof(d))))
		return "its digest must be 64 hexadecimal digits";
	if (!policy_face_words(r->clause, 200))
		return "its clause must be 1 to 200 bytes of text";
	if (r->category == NULL || !good_category(r->category))
		return "its category must be 1 to 32 of a-z, 0-9 and '-'";
	if (strcmp(finding_severity_name(r->severity), "unknown") == 0)
		return "its severity is none of TOSD_LOW to TOSD_CRITICAL";
	if (r->mode < TOSD_DRAFT || r->mode > TOSD_ENFORCE)
		return "its mode is none of TOSD_DRAFT to TOSD_ENFORCE";
	return NULL;
}

/* Where the rule of that id stands in slots, or would. */
static size_t
rule_slot(const struct policy_face *f, const char *id)
{
	uint64_t h = hash_text(id);
	size_t i;

	for (i = (h ^ h >> 32) & f->slots_mask; f->slots[i] != 0;
	     i = (i + 1) & f->slots_mask)
		if (strcmp(f->rules[f->slots[i] - 1].id, id) == 0)
			break;
	return i;
}

bool
policy_face_has(const struct policy_face *f, const char *id)
{
	return f->nrules > 0 && f->slots[rule_slot(f, id)] != 0;
}

/* Room for one more rule; at most half of the slots are taken. */
static void
grow_rules(struct policy_face *f)
{
	size_t n = f->slots_mask + 1;

	if (f->slots != NULL && f->nrules * 2 < f->slots_mask)
		return;
	n = f->slots != NULL ? n * 2 : 64;
	free(f->slots);
	f->slots = xcalloc(n, sizeof(*f->slots));
	f->slots_mask = n - 1;
	f->rules = xrealloc(f->rules, n / 2 * sizeof(*f->rules));
	for (size_t i = 0; i < f->nrules; i++)
		f->slots[rule_slot(f, f->rules[i].id)] = (uint32_t)i + 1;
}

/* Rules of a pack share its digest, and mostly clause and category: what the rule
 * before has is not kept twice, so that those of ten thousand rules stay in the cache.
 */
static char *
share(char *before, const char *s)
{
	return before != NULL && strcmp(before, s) == 0 ? before : xstrdup(s);
}

/* 0: the plugin may say this of the rule now. */
static int
check_rule(struct policy_face *f, const char *call, const struct tosd_rule *r,
    const char **errstr)
{
	const char *bad;
	char id[ID_SHOWN] = "NULL";

	if (f->phase != POLICY_OPENING)
		return refuse(f, errstr, "%s() is for open() only", call);
	if (r == NULL || r->size < sizeof(*r))
		return refuse(f, errstr, "a rule without its size");
	if ((bad = bad_rule(r)) != NULL) {
		if (r->id != NULL) /* whatever it is: escaped, cut */
			text_escape(id, sizeof(id), r->id, strnlen(r->id, 64));
		return refuse(f, errstr, "rule `%s': %s", id, bad);
	}
	if (policy_face_has(f, r->id))
		return refuse(f, errstr, "rule `%.64s' is declared twice", r->id);
	if (f->nrules + f->nretired >= RULES_MAX)
		return refuse(f, errstr, "more than %d rules", RULES_MAX);
	return 0;
}

int
policy_face_retired(
    const struct tosd_host *h, const struct tosd_rule *r, const char **errstr)
{
	struct policy_face *f = policy_face_of(h);
	struct tosd_rule any;

	/* Its mode says nothing: what the rule had is not asked. */
	if (r != NULL && r->size >= sizeof(any)) {
		any = *r;
		any.mode = TOSD_DRAFT;
		r = &any;
	}
	if (check_rule(f, "retired", r, errstr) != 0)
		return -1;
	f->retired = xrealloc(f->retired, (f->nretired + 1) * sizeof(*f->retired));
	f->retired[f->nretired++] = (struct policy_retired){
	    xstrdup(r->id), xstrdup(r->digest != NULL ? r->digest : f->object)};
	return 0;
}

int32_t
policy_face_declare(
    const struct tosd_host *h, const struct tosd_rule *r, const char **errstr)
{
	struct policy_face *f = policy_face_of(h);
	struct policy_rule *to, before, none = {0};

	if (check_rule(f, "declare", r, errstr) != 0)
		return -1;
	grow_rules(f);
	f->slots[rule_slot(f, r->id)] = (uint32_t)f->nrules + 1;
	to = &f->rules[f->nrules];
	before = f->nrules > 0 ? to[-1] : none;
	to->id = xstrdup(r->id);
	to->rev = r->rev;
	to->digest = share(before.digest, r->digest != NULL ? r->digest : f->object);
	to->clause = share(before.clause, r->clause);
	to->category = share(before.category, r->category);
	to->meaning = NULL;
	to->severity = r->severity;
	to->mode = r->mode == TOSD_CANARY ? MODE_SHADOW : (enum finding_mode)r->mode;
	return (int32_t)f->nrules++;
}
