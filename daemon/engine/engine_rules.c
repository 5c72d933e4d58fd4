/* SPDX-License-Identifier: Apache-2.0 */
/* engine_rules: what a policy worker has loaded, and the entry `policy' that says so.
 */
#include <string.h>

#include "base/log.h"
#include "engine/engine_in.h"
#include "engine/engine_life.h"

#define RULES_BYTES 60000 /* an entry holds 65,535 */

/* A string of JSON, or null; how many bytes more it were if all of it had to be ASCII.
 */
static size_t
put_json_string(struct buf *b, const char *s)
{
	size_t more = 0;

	if (s == NULL) {
		buf_puts(b, "null");
		return 0;
	}
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		uint8_t c = (uint8_t)*s;

		if (c < 0x20) {
			buf_printf(b, "\\u%04X", c);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
		more += c >= 0x80 ? 5 : 0;
	}
	buf_putc(b, '"');
	return more;
}

/* The list of rules on one line.  By hand: a tree of objects for ten thousand of them
 * holds everybody up. */
static size_t
put_rules(struct buf *b, const struct msg_rules *r)
{
	size_t more = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct msg_rule *v = &r->v[i];

		buf_puts(b, i > 0 ? ",[" : "[[");
		more += put_json_string(b, v->rule);
		buf_printf(b, ",%u,\"%s\",", v->rev, finding_mode_name(v->mode));
		more += put_json_string(b, v->pack);
		buf_putc(b, ',');
		more += put_json_string(b, v->clause);
		buf_putc(b, ']');
	}
	buf_puts(b, r->n > 0 ? "]" : "[]");
	return b->len + more;
}

/* A very long list is kept as its hash. */
static json_t *
rules_json(const struct msg_rules *r)
{
	struct buf b = {0};
	char hex[DIGEST_HEX];
	json_t *rules;

	if (put_rules(&b, r) > RULES_BYTES) {
		digest_hex_of(b.data, b.len, hex);
		rules = json_pack("{s:i, s:s}", "count", (int)r->n, "sha256", hex);
	} else {
		rules = json_loadb(b.data, b.len, 0, NULL);
	}
	buf_free(&b);
	return rules != NULL ? rules
			     : json_array(); /* a worker's strings may be anything */
}

static void
take_policy(struct engine *g, const struct msg_rules *r, int64_t now)
{
	json_t *entry;

	snprintf(g->policy, sizeof(g->policy), "%s", r->digest);
	entry = json_pack("{s:s, s:o}", "policy", g->policy, "rules", rules_json(r));
	engine_record(g, "policy", entry, NULL, now);
	log_info("policy", "version %.12s with %u rules", g->policy, r->n);
	engine_meaning_rules(g, r, now);
}

void
engine_rules(struct engine *g, struct msg *m, int64_t now)
{
	struct msg_rules *r = &m->rules;

	engine_inspect_trace(g, m);
	for (uint32_t i = 0; i < r->nproblems; i++)
		log_warn("policy", "%s", r->problems[i]);
	engine_lack_rules(g, m->from_index, r, now);
	engine_plugin_rules(g, m->from_index, r, now);
	if (r->digest != NULL)
		engine_life_rules(g, r, now);
	engine_list_rules(g, m->from_index, r, now);
	if (r->digest == NULL)
		return;
	if (strcmp(g->policy, r->digest) != 0)
		take_policy(g, r, now);
	engine_loaded_moves(g, now);
}
