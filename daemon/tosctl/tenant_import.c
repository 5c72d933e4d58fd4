/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_import: rows grouped to tenants; see tenant_import.h. */
#include "tosctl/tenant_import.h"

#include <stdlib.h>
#include <string.h>

#include "conf/conf_value.h"
#include "tosctl/tenant_find.h"

/* A row and the id of its tenant. */
struct keyed {
	char *id;
	const struct roster_row *row;
};

static int
by_id(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int d = strcmp(x->id, y->id);

	return d != 0 ? d : (x->row > y->row) - (x->row < y->row);
}

/* The id for a row; "" if nothing in it makes one.  To be freed. */
static char *
id_of(const struct roster_row *row, enum import_by by, const char *one)
{
	const char *host = row->site != NULL ? row->site : row->url;
	char *id = NULL, *h;

	if (by == IMPORT_BY_ONE)
		return proposal_id(one);
	if (by == IMPORT_BY_LIST && row->tenant != NULL)
		id = proposal_id(row->tenant);
	if (id != NULL && id[0] != '\0')
		return id;
	free(id);
	h = proposal_host(host);
	id = proposal_id(h);
	free(h);
	return id;
}

/* Words for what the configuration would not take; NULL if nothing. To be freed. */
static char *
wrong(const struct roster_row *row)
{
	const char *why = conf_value_url(row->url);

	if (why != NULL)
		return xasprintf("its address %s", why);
	if (row->contact != NULL && (why = conf_value_mail(row->contact)) != NULL)
		return xasprintf("its contact %s", why);
	if (row->manager != NULL && (why = conf_value_mail(row->manager)) != NULL)
		return xasprintf("its manager %s", why);
	return NULL;
}

/* The first one that says it counts.  False if this row says another thing. */
static bool
settle(char **have, const char *value)
{
	if (value == NULL)
		return true;
	if (*have == NULL)
		*have = xstrdup(value);
	return strcmp(*have, value) == 0;
}

static void
put_row(struct proposal *p, const struct roster_row *row, bool named, struct onboard *o)
{
	struct buf b = {0};
	struct proposal_feed *f;
	struct visit v;

	if (!settle(&p->contact, row->contact))
		buf_printf(&b, "line %zu names another contact: %s\n", row->line,
		    row->contact);
	if (!settle(&p->manager, row->manager))
		buf_printf(&b, "line %zu names another manager: %s\n", row->line,
		    row->manager);
	settle(&p->contract, row->contract);
	settle(&p->site, row->site);
	if (named) /* else it is the feed's name */
		settle(&p->name, row->name);
	buf_printf(&b, "line %zu%s%s", row->line, row->name != NULL ? ": " : "",
	    row->name != NULL ? row->name : "");
	f = proposal_add_take(p, row->url, true, NULL);
	if (o != NULL) {
		char *words;

		onboard_visit(o, row->url, NULL, &v);
		words = v.is_feed ? tenant_feed_words(&v) : visit_words(&v);
		buf_printf(
		    &b, "\n%s%s", v.is_feed ? "" : "CANNOT BE READ NOW: ", words);
		free(words);
		f->facts = tenant_feed_facts(&v);
		visit_clear(&v);
	}
	f->about = buf_take(&b);
}

static const char *
name_of(const struct keyed *k, enum import_by by, const struct roster *r)
{
	if (by == IMPORT_BY_ONE)
		return r->title != NULL ? r->title : k->id;
	if (by == IMPORT_BY_LIST && k->row->tenant != NULL)
		return k->row->tenant;
	return k->row->name != NULL ? k->row->name : k->id;
}

void
tenant_import(struct roster *r, enum roster_kind kind, enum import_by by,
    const char *one, struct onboard *o, struct proposals *out)
{
	struct keyed *v = xcalloc(r->n + 1, sizeof(*v));
	struct proposal *p = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		char *why = wrong(&r->v[i]), *id = NULL;

		if (why == NULL) {
			id = id_of(&r->v[i], by, one);
			if (id[0] == '\0')
				why = xstrdup("nothing in it makes a tenant's id of "
					      "a-z, 0-9 and -");
		}
		if (why != NULL) {
			roster_refuse(r, i, why);
			free(why);
			free(id);
			continue;
		}
		v[n++] = (struct keyed){id, &r->v[i]};
	}
	qsort(v, n, sizeof(*v), by_id);
	for (size_t i = 0; i < n; i++) {
		if (p == NULL || strcmp(p->id, v[i].id) != 0) {
			p = proposals_add(out);
			p->id = xstrdup(v[i].id);
		}
		put_row(p, v[i].row, kind == ROSTER_CSV, o);
		if (i + 1 == n || strcmp(v[i + 1].id, p->id) != 0) {
			if (p->name == NULL)
				p->name = xstrdup(name_of(&v[i], by, r));
		}
	}
	for (size_t i = 0; i < n; i++)
		free(v[i].id);
	free(v);
}
