/* SPDX-License-Identifier: Apache-2.0 */
/* proposal: tenants as configuration text, checked and written; see proposal.h. */
#include "tosctl/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/file.h"
#include "base/text.h"
#include "conf/conf_source.h"
#include "engine/engine_json.h"
#include "tosctl/print_json.h"

#define ID_MAX 63	   /* as conf_value_id() has it */
#define TEXT_MAX_CHARS 120 /* of a name */
#define MODE 0644

struct proposal *
proposals_add(struct proposals *p)
{
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 8;
		p->v = xrealloc(p->v, p->cap * sizeof(*p->v));
	}
	memset(&p->v[p->n], 0, sizeof(p->v[p->n]));
	return &p->v[p->n++];
}

static void
proposal_clear(struct proposal *p)
{
	for (size_t i = 0; i < p->nfeeds; i++) {
		free(p->feeds[i].url);
		free(p->feeds[i].about);
		json_decref(p->feeds[i].facts);
	}
	free(p->feeds);
	free(p->id);
	free(p->name);
	free(p->contact);
	free(p->manager);
	free(p->contract);
	free(p->language);
	free(p->site);
}

void
proposals_clear(struct proposals *p)
{
	for (size_t i = 0; i < p->n; i++)
		proposal_clear(&p->v[i]);
	free(p->v);
	memset(p, 0, sizeof(*p));
}

struct proposal_feed *
proposal_add_take(struct proposal *p, const char *url, bool chosen, char *about)
{
	if (p->nfeeds == p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 4;
		p->feeds = xrealloc(p->feeds, p->cap * sizeof(*p->feeds));
	}
	p->feeds[p->nfeeds] = (struct proposal_feed){
	    .url = xstrdup(url), .chosen = chosen, .about = about};
	return &p->feeds[p->nfeeds++];
}

size_t
proposal_chosen(const struct proposal *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nfeeds; i++)
		n += p->feeds[i].chosen;
	return n;
}

char *
proposal_id(const char *words)
{
	struct buf b = {0};

	for (const char *s = words != NULL ? words : ""; *s != '\0' && b.len < ID_MAX;
	     s++) {
		char c = *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_putc(&b, c);
		else if (b.len > 0 && b.data[b.len - 1] != '-')
			buf_putc(&b, '-');
	}
	while (b.len > 0 && b.data[b.len - 1] == '-')
		b.data[--b.len] = '\0';
	return buf_take(&b);
}

char *
proposal_host(const char *url)
{
	const char *p = strstr(url, "://");

	p = p != NULL ? p + 3 : url;
	if (strncasecmp(p, "www.", 4) == 0)
		p += 4;
	return xstrndup(p, strcspn(p, "/?#"));
}

/* --- text --- */

/* As a string of the configuration, on one line and without what it refuses. */
static void
put_string(struct buf *b, const char *s)
{
	size_t n, i = 0;
	uint32_t cp;
	int len;

	s = s != NULL ? s : "";
	n = text_prefix(s, TEXT_MAX_CHARS);
	buf_putc(b, '"');
	while (i < n) {
		len = text_decode(s + i, n - i, &cp);
		if (len == 0) {
			i++;
			continue;
		}
		if (cp == '"' || cp == '\\')
			buf_putc(b, '\\');
		if (!text_is_control(cp))
			buf_put(b, s + i, (size_t)len);
		i += (size_t)len;
	}
	buf_putc(b, '"');
}

/* A comment; its lines are the caller's, what is in them is escaped. */
static void
put_comment(struct buf *b, const char *indent, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");

		buf_printf(b, "%s# ", indent);
		text_escape_buf(b, text, n);
		buf_putc(b, '\n');
		text += n;
		text += *text == '\n';
	}
}

static void
put_key(struct buf *b, const char *key, const char *value, const char *remark)
{
	buf_printf(b, "\t\t%s = ", key);
	put_string(b, value);
	buf_printf(
	    b, ";%s%s\n", remark != NULL ? "\t# " : "", remark != NULL ? remark : "");
}

/* As a string of the configuration; what would move a terminal in percent signs, which
 * is the same address (RFC 3987, 3.1). */
static void
put_url(struct buf *b, const char *s)
{
	size_t n = strlen(s);
	uint32_t cp;

	buf_putc(b, '"');
	for (int len; n > 0; s += len, n -= (size_t)len) {
		len = text_decode(s, n, &cp);
		if (len == 0 || text_is_control(cp)) {
			len = len > 0 ? len : 1;
			for (int i = 0; i < len; i++)
				buf_printf(b, "%%%02X", (unsigned)(uint8_t)s[i]);
			continue;
		}
		if (cp == '"' || cp == '\\')
			buf_putc(b, '\\');
		buf_put(b, s, (size_t)len);
	}
	buf_putc(b, '"');
}

static void
put_feeds(struct buf *b, const struct proposal *p)
{
	size_t left = proposal_chosen(p);

	buf_puts(b, "\t\tfeeds = (\n");
	for (size_t i = 0; i < p->nfeeds; i++) {
		const struct proposal_feed *f = &p->feeds[i];

		put_comment(b, "\t\t\t", f->about);
		if (!f->chosen) {
			buf_puts(b, "\t\t\t#   ");
			text_escape_buf(b, f->url, strlen(f->url));
			buf_putc(b, '\n');
			continue;
		}
		buf_puts(b, "\t\t\t");
		put_url(b, f->url);
		buf_printf(b, "%s\n", --left > 0 ? "," : "");
	}
	buf_puts(b, "\t\t);\n");
}

static void
put_tenant(struct buf *b, const struct proposal *p, const struct onboard *o)
{
	buf_puts(b, "\t{\n");
	put_key(b, "id", p->id, NULL);
	put_key(b, "name", p->name,
	    p->name == NULL ? "fill in: what notices call it" : NULL);
	put_key(b, "contact", p->contact,
	    p->contact == NULL ? "fill in: where notices go to" : NULL);
	put_key(b, "manager", p->manager,
	    p->manager == NULL ? "fill in: who looks after this tenant" : NULL);
	if (p->contract != NULL)
		put_key(b, "contract", p->contract, NULL);
	if (p->language != NULL)
		put_key(b, "language", p->language, NULL);
	put_feeds(b, p);
	if (onboard_allowed(o, 0) != NULL) {
		buf_puts(b, "\t\tallow = [ ");
		for (size_t i = 0; onboard_allowed(o, i) != NULL; i++)
			buf_printf(
			    b, "%s\"%s\"", i > 0 ? ", " : "", onboard_allowed(o, i));
		buf_puts(b, " ];\n");
	}
	buf_puts(b, "\t}");
}

void
proposals_text(const struct proposals *p, const struct onboard *o, const char *about,
    struct buf *out)
{
	put_comment(out, "", about);
	buf_puts(out, "tenants = (\n");
	for (size_t i = 0; i < p->n; i++) {
		put_tenant(out, &p->v[i], o);
		buf_puts(out, i + 1 < p->n ? ",\n" : "\n");
	}
	buf_puts(out, ");\n");
}

/* --- checked and written --- */

static char *
path_of(const struct onboard *o, const char *name)
{
	const struct conf *c = onboard_conf(o);
	char *folder, *path;

	if (c->tenants_dir != NULL)
		return xasprintf("%s/%s.conf", c->tenants_dir, name);
	folder = conf_source_folder(onboard_sources(o)->v[0].name);
	path = xasprintf("%s/tenants.d/%s.conf", folder, name);
	free(folder);
	return path;
}

struct mistakes {
	size_t n;
	bool quiet;
};

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	struct mistakes *m = ctx;

	m->n++;
	if (!m->quiet)
		onboard_complain("%s:%d: %s", file, line, text);
}

size_t
proposals_check(const struct onboard *o, const char *name, const char *text, bool quiet)
{
	const struct conf_sources *have = onboard_sources(o);
	struct conf_sources all = {
	    .v = xcalloc(have->n + 1, sizeof(*all.v)), .n = have->n + 1};
	struct mistakes m = {.quiet = quiet};
	struct conf *c = NULL;

	memcpy(all.v, have->v, have->n * sizeof(*all.v)); /* borrowed */
	all.v[have->n].name = path_of(o, name);
	all.v[have->n].text = xstrdup(text);
	if (conf_parse(&all, on_mistake, &m, &c) != 0 && m.n == 0)
		m.n = 1;
	conf_free(&c);
	free(all.v[have->n].name);
	free(all.v[have->n].text);
	free(all.v);
	return m.n;
}

int
proposals_write(const struct onboard *o, const char *name, const struct buf *text,
    char **path, struct err *e)
{
	char *slash, *folder, *made;
	int rc;

	*path = path_of(o, name);
	folder = xstrdup(*path);
	slash = strrchr(folder, '/');
	*slash = '\0';
	/* Its name keeps it from being read as a file of tenants. */
	made = xasprintf("%s/.%s.%ld.new", folder, name, (long)getpid());
	rc = file_mkdirs(folder, 0755, e);
	if (rc == 0)
		rc = file_write(made, text->data, text->len, MODE, FILE_SYNC, e);
	/* A link, unlike a rename, replaces nothing. */
	if (rc == 0 && link(made, *path) != 0)
		rc = errno == EEXIST
			 ? err_set(e, TOSD_EEXIST, "%s is there already", *path)
			 : err_sys(e, "%s", *path);
	unlink(made);
	if (rc == 0)
		file_sync_dir(folder);
	free(made);
	free(folder);
	return rc;
}

/* --- JSON --- */

static json_t *
feed_json(const struct proposal_feed *f)
{
	json_t *o = json_object();

	json_set_repaired(o, "url", f->url);
	json_object_set_new(o, "chosen", json_boolean(f->chosen));
	json_set_repaired(o, "about", f->about);
	if (f->facts != NULL)
		json_object_update(o, f->facts);
	return o;
}

void
proposals_json(const struct proposals *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct proposal *t = &p->v[i];
		json_t *o = json_object(), *feeds = json_array();

		json_set_repaired(o, "id", t->id);
		json_set_repaired(o, "name", t->name);
		json_set_repaired(o, "contact", t->contact);
		json_set_repaired(o, "manager", t->manager);
		json_set_repaired(o, "contract", t->contract);
		json_set_repaired(o, "language", t->language);
		json_set_repaired(o, "site", t->site);
		for (size_t j = 0; j < t->nfeeds; j++)
			json_array_append_new(feeds, feed_json(&t->feeds[j]));
		json_object_set_new(o, "feeds", feeds);
		print_json_take(o, JSON_PRESERVE_ORDER);
	}
}
