/* SPDX-License-Identifier: Apache-2.0 */
/* engine_list_query: lists that are fetched, as people and monitoring see them. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_json.h"
#include "engine/engine_list.h"

/* The plugin's words say when (plugins/lists/lists.c: try_one()). */
static bool
is_expired(const struct engine_list *l, int64_t now)
{
	static const char expires[] = "expires ";
	const char *at = l->row.what != NULL ? strstr(l->row.what, expires) : NULL;
	char day[CLOCK_TEXT];

	return at != NULL &&
	       strncmp(clock_day(now, day), at + sizeof(expires) - 1, 10) >= 0;
}

/* Workers that are up and have it; one that is gone may come back with another one. */
static unsigned
loaded_by(const struct engine *g, const struct engine_list *l)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < g->nworkers && i < 64; i++)
		n += g->workers[i].up && (l->loaded >> i & 1) != 0;
	return n;
}

static const char *
state_of(const struct engine *g, const struct engine_list *l, int64_t now)
{
	static const char *const names[2][2] = {
	    {"awaited", "missing"}, {"current", "stale"}};

	if (l->row.digest[0] != '\0' && loaded_by(g, l) == 0)
		return "unloaded"; /* whatever its server says, nothing is looked up */
	if (l->row.digest[0] != '\0' && is_expired(l, now))
		return "expired"; /* it is, and does not count */
	return names[l->row.digest[0] != '\0'][engine_list_troubled(l)];
}

static const char *
doing(const struct engine_list *l)
{
	static const char *const names[] = {
	    [LIST_IDLE] = NULL,
	    [LIST_CHECKED] = "being checked",
	    [LIST_ASKED] = "asked for",
	    [LIST_READ] = "being read",
	    [LIST_WRITE] = "being written",
	    [LIST_SIGNATURE] = "signature asked for",
	    [LIST_HERE] = "to be tried",
	    [LIST_TRIED] = "being tried",
	};

	return names[l->stage];
}

static json_t *
row_of(const struct engine *g, const struct engine_list *l, int64_t now)
{
	json_t *o = json_object();

	json_set_text(o, "name", l->row.name);
	json_set_text(o, "state", state_of(g, l, now));
	json_set_text(o, "doing", doing(l));
	json_set_text(o, "what", l->row.what);
	json_set_time(o, "since", l->row.since);
	json_set_time(o, "good", l->row.good);
	json_set_time(o, "checked", l->row.checked);
	json_set_time(o, "next", l->row.next);
	json_set_int(o, "polls", l->row.polls);
	json_set_int(o, "failures", l->row.failures);
	json_set_time(o, "trouble", l->row.trouble);
	json_set_text(o, "why", l->row.why);
	json_set_repaired(o, "etag", l->row.etag);
	json_set_repaired(o, "last_modified", l->row.last_modified);
	if (l->row.digest[0] != '\0') {
		json_set_text(o, "digest", l->row.digest);
		json_set_int(o, "bytes", (uint64_t)l->row.bytes);
		json_set_int(o, "loaded", loaded_by(g, l));
	}
	json_object_set_new(o, "signed", json_boolean(l->conf->nsigners > 0));
	json_set_text(o, "url", l->conf->url);
	return o;
}

static bool
is_meant(const struct engine_list *l, const char *name)
{
	return name == NULL || strcmp(l->row.name, name) == 0;
}

/* The list that the request names; NULL: all.  0 or an error. */
static int
list_named(const struct engine_call *k, const char **name, struct err *e)
{
	*name = json_get_text(k->request, "list");
	if (*name != NULL && conf_blocklist_of(k->g->conf, *name) == NULL)
		return err_set(
		    e, TOSD_ENOENT, "no list `%s' is fetched (policy.lists)", *name);
	return 0;
}

int
engine_list_query(struct engine_call *k, struct err *e)
{
	json_t *rows = json_array();
	const char *name;
	int rc = list_named(k, &name, e);

	for (size_t i = 0; rc == 0 && i < k->g->nlists; i++)
		if (is_meant(k->g->lists[i], name))
			json_array_append_new(
			    rows, row_of(k->g, k->g->lists[i], k->now));
	json_object_set_new(k->reply, "rows", rows);
	return rc;
}

int
engine_list_update(struct engine_call *k, struct err *e)
{
	const char *name;
	int n = 0, rc = list_named(k, &name, e);

	for (size_t i = 0; rc == 0 && i < k->g->nlists; i++) {
		struct engine_list *l = k->g->lists[i];

		if (!is_meant(l, name) || l->stage != LIST_IDLE)
			continue;
		l->row.next = k->now;
		n++;
	}
	json_object_set_new(k->reply, "rows", json_pack("[{s:i}]", "lists", n));
	return rc;
}

void
engine_list_stats(const struct engine *g, json_t *o, int64_t now)
{
	json_t *all = json_object();

	for (size_t i = 0; i < g->nlists; i++) {
		const struct store_list *r = &g->lists[i]->row;
		json_t *v = json_object();

		json_set_int(v, "failures", r->failures);
		if (r->good != CLOCK_NONE)
			json_set_int(v, "checked_ms", (uint64_t)(now - r->good));
		if (r->since != CLOCK_NONE && r->digest[0] != '\0')
			json_set_int(v, "age_ms", (uint64_t)(now - r->since));
		json_object_set_new(all, r->name, v);
	}
	json_object_set_new(o, "lists", all);
}
