/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_digest: the version of a policy: a digest of its plugins with their settings and
 * rules, and of the sets.
 */
#include <string.h>

#include "policy/fetched.h"
#include "policy/host_in.h"
#include "policy/kept.h"

/* Where files lie is no part of a policy; what they say is in the rules' digests.  Nor
 * is the day of the load, which decides what is told and not what is found. */
static bool
is_apart(const char *key)
{
	return strcmp(key, "load_day") == 0 || policy_kept_place(key);
}

static void
digest_settings(struct buf *b, const struct policy_slot *s)
{
	const struct tosd_policy *t = policy_plugin_table(s->plugin);
	const struct tosd_str *set = policy_plugin_settings(s->plugin);

	for (size_t i = 0; TOSD_HAS(t, nschema) && i < t->nschema; i++) {
		if (is_apart(t->schema[i].key))
			continue;
		buf_put_str(b, t->schema[i].key);
		buf_put_str(b, set[i].ptr);
	}
}

/* fetched: with the rules of lists that are fetched. */
static void
digest_plugin(struct buf *b, const struct policy_host *h, const struct policy_slot *s,
    bool fetched)
{
	buf_put_str(b, s->face->plugin);
	buf_put_str(b, s->face->object);
	if (s->plugin != NULL)
		digest_settings(b, s);
	else
		policy_exec_settings(s->exec, b);
	for (size_t i = 0; i < s->face->nrules; i++) {
		const struct policy_rule *r = &s->face->rules[i];

		if (!fetched && policy_fetched_rule(h->o.conf, s->face->plugin, r->id))
			continue;
		buf_put_str(b, r->id);
		buf_put_u32(b, r->rev);
		buf_put_str(b, r->digest);
		buf_put_str(b, r->clause);
		buf_put_str(b, r->category);
		buf_put_u32(b, (uint32_t)r->severity);
		buf_put_u8(b, (uint8_t)r->mode);
	}
}

static void
make_digest(
    const struct policy_host *h, bool fetched, bool programs, char out[DIGEST_HEX])
{
	struct buf b = {0};

	buf_put_str(&b, "tosd policy 1");
	for (size_t i = 0; i < h->n; i++)
		if (programs || h->v[i].plugin != NULL)
			digest_plugin(&b, h, &h->v[i], fetched);
	for (size_t i = 0; i < h->sets[0].n; i++)
		buf_put_str(&b, h->sets[0].v[i]);
	digest_hex_of(b.data, b.len, out);
	buf_free(&b);
}

void
policy_host_make_digests(struct policy_host *h)
{
	make_digest(h, true, true, h->digest);
	make_digest(h, false, true, h->rest);
	make_digest(h, false, false, h->copied);
}
