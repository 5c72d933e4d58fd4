/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: sources to struct conf; see conf.h.  Every source is read, even after a
 * mistake, so that one run tells all that is wrong.
 */
#include "conf/conf.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_check.h"
#include "conf/conf_lex.h"
#include "conf/conf_source.h"
#include "conf/conf_table.h"

/* One source while it is read. */
struct reading {
	config_t cfg;
	bool good; /* libconfig understood it */
};

static void
say_lex(void *ctx, int line, const char *text)
{
	conf_walk_say_line(ctx, line, "%s", text);
	conf_walk_kind(ctx, MISTAKE_SCANNED);
}

/* libconfig places a string of a list at the line of the token behind it; the
 * scanner knows better.  Depth is bounded by the scanner. */
static void
mend_lines(config_setting_t *s, const struct conf_lex *lex, size_t *next)
{
	int n = config_setting_is_aggregate(s) ? config_setting_length(s) : 0;

	if (config_setting_type(s) == CONFIG_TYPE_STRING && *next < lex->nstrings) {
		if (config_setting_name(s) == NULL)
			s->line = lex->string_lines[*next];
		++*next;
	}
	for (int i = 0; i < n; i++)
		mend_lines(config_setting_get_elem(s, i), lex, next);
}

static void
read_source(struct conf_walk *w, const struct conf_source *src, struct reading *r)
{
	struct conf_lex lex = {.say = say_lex, .ctx = w};
	const char *text = src->text;
	size_t next = 0;

	/* A byte order mark, as some editors write it, means nothing in UTF-8. */
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	config_init(&r->cfg);
	/* Should an @include ever pass the scanner, it finds nothing to open. */
	config_set_include_dir(&r->cfg, "/dev/null");
	if (conf_lex_scan(&lex, text)) {
		r->good = config_read_string(&r->cfg, text);
		if (!r->good)
			conf_walk_say_line(w, config_error_line(&r->cfg),
			    "%s; look here and at the line before for a missing `;', "
			    "quote or bracket",
			    config_error_text(&r->cfg));
		else
			mend_lines(config_root_setting(&r->cfg), &lex, &next);
	}
	conf_lex_clear(&lex);
}

static size_t
count_tenants(const struct reading *r)
{
	const config_setting_t *s =
	    r->good ? conf_walk_member(config_root_setting(&r->cfg), "tenants") : NULL;

	if (s == NULL || !config_setting_is_aggregate(s))
		return 0;
	return config_setting_length(s);
}

/* The digest of what was read, where it lay on disk does not matter. */
static void
make_digest(struct conf *c, const struct conf_sources *s)
{
	struct buf b = {0};

	for (size_t i = 0; i < s->n; i++) {
		const char *slash = strrchr(s->v[i].name, '/');

		buf_put_str(&b, slash != NULL ? slash + 1 : s->v[i].name);
		buf_put_str(&b, s->v[i].text);
	}
	digest_hex_of(b.data, b.len, c->digest);
	buf_free(&b);
}

static int
by_place(const void *a, const void *b)
{
	const struct conf_mistake *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* True if v[i] says nothing that was not said by the ones before it on its line;
 * not looking back far, should a whole file be one line. */
static bool
said_before(const struct conf_mistake *v, size_t i)
{
	const struct conf_mistake *m = &v[i];
	int looks = 32;

	while (
	    i-- > 0 && looks-- > 0 && v[i].source == m->source && v[i].line == m->line)
		if (strcmp(v[i].text, m->text) == 0 ||
		    (m->kind == MISTAKE_VALUE && v[i].kind == MISTAKE_SCANNED))
			return true;
	return false;
}

/* Tells the mistakes in the order of the files and lines; returns the verdict. */
static int
tell(struct conf_walk *w, const struct conf_sources *s, conf_report *report, void *ctx)
{
	int rc = w->nmistakes == 0 ? 0 : TOSD_EINVAL;

	if (w->nmistakes > 0)
		qsort(w->mistakes, w->nmistakes, sizeof(w->mistakes[0]), by_place);
	for (size_t i = 0; i < w->nmistakes; i++) {
		const struct conf_mistake *m = &w->mistakes[i];

		if (report != NULL && !said_before(w->mistakes, i))
			report(ctx, s->v[m->source].name, m->line, m->text);
	}
	for (size_t i = 0; i < w->nmistakes; i++)
		free(w->mistakes[i].text);
	free(w->mistakes);
	return rc;
}

/* Walks the tables over what libconfig understood. */
static void
walk_sources(struct conf_walk *w, const struct conf_sources *s, struct reading *r)
{
	size_t tenants = 0, before = w->nmistakes;
	bool fetch_sound = false;

	for (size_t i = 0; i < s->n; i++)
		tenants += count_tenants(&r[i]);
	w->c->tenants =
	    conf_arena_alloc(w->arena->tenants, tenants, sizeof(struct conf_tenant));
	for (size_t i = 0; i < s->n; i++) {
		w->source = i;
		w->file = conf_arena_str(w->arena, s->v[i].name);
		if (r[i].good)
			conf_walk_table(w,
			    i == 0 ? &conf_table_root : &conf_table_tenants, w->c,
			    config_root_setting(&r[i].cfg));
		if (i == 0)
			fetch_sound = r[0].good && w->nmistakes == before;
	}
	conf_check_tenants(w, s, fetch_sound);
}

/* At the line that names the folder, if one does. */
static void
say_missing(struct conf_walk *w, const struct conf_sources *s, const struct reading *r)
{
	const config_setting_t *at =
	    r->good ? conf_walk_member(config_root_setting(&r->cfg), "tenants_dir")
		    : NULL;

	w->source = 0;
	if (s->missing != NULL)
		conf_walk_say(
		    w, at, "%s%s", at != NULL ? "`tenants_dir': " : "", s->missing);
}

int
conf_parse_draft(
    const struct conf_sources *s, conf_report *report, void *ctx, struct conf **out)
{
	struct conf_walk w = {0};
	struct reading *r = xcalloc(s->n, sizeof(*r));
	char *folder;

	*out = NULL;
	if (s->n == 0) {
		free(r);
		return TOSD_EINVAL;
	}
	folder = conf_source_folder(s->v[0].name);
	w.arena = conf_arena_new();
	w.arena->tenants = conf_arena_new();
	w.c = conf_arena_alloc(w.arena, 1, sizeof(*w.c));
	w.c->arena = w.arena;
	w.folder = folder;
	for (w.source = 0; w.source < s->n; w.source++)
		read_source(&w, &s->v[w.source], &r[w.source]);
	say_missing(&w, s, r);
	walk_sources(&w, s, r);
	make_digest(w.c, s);
	for (size_t i = 0; i < s->n; i++)
		config_destroy(&r[i].cfg);
	free(r);
	free(folder);
	xtrim(); /* libconfig's trees are larger than what was made of them */
	*out = w.c;
	return tell(&w, s, report, ctx);
}

int
conf_parse(
    const struct conf_sources *s, conf_report *report, void *ctx, struct conf **out)
{
	int rc = conf_parse_draft(s, report, ctx, out);

	if (rc != 0)
		conf_free(out);
	return rc;
}

void
conf_lean(struct conf *c, enum conf_tenants keep)
{
	struct conf_arena *a = c->arena, *from = a->tenants, *to = conf_arena_new();
	const struct conf_tenant **sorted = a->by_key;
	struct conf_tenant *v;
	size_t n = 0, m = 0;

	for (size_t i = 0; keep == CONF_TENANTS_RANGES && i < c->ntenants; i++)
		n += c->tenants[i].nallow > 0;
	v = conf_arena_alloc(to, n, sizeof(*v));
	a->by_id = NULL;
	a->by_key = conf_arena_alloc(to, n, sizeof(*a->by_key));
	for (size_t i = 0; m < n; i++) {
		const struct conf_tenant *t = sorted[i];
		size_t size = t->nallow * sizeof(*t->allow);

		if (t->nallow == 0)
			continue;
		memcpy(v[m].key, t->key, sizeof(v[m].key));
		v[m].allow = memcpy(conf_arena_alloc(to, 1, size), t->allow, size);
		v[m].nallow = t->nallow;
		a->by_key[m] = &v[m];
		m++;
	}
	c->tenants = v;
	c->ntenants = n;
	a->tenants = to;
	conf_arena_free(&from);
	xtrim();
}

void
conf_free(struct conf **c)
{
	struct conf_arena *a;

	if (*c == NULL)
		return;
	a = (*c)->arena;
	conf_arena_free(&a);
	*c = NULL;
}
