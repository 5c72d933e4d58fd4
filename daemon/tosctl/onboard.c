/* SPDX-License-Identifier: Apache-2.0 */
/* onboard: configuration and visits; see onboard.h. */
#include "tosctl/onboard.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/answer.h"
#include "ipc/loop.h"
#include "ipc/msg.h"

#define ALLOW_MAX 16

struct onboard {
	char *path; /* of the configuration, NULL: defaults */
	struct conf_sources sources;
	struct conf *conf;
	struct loop *loop;
	struct fetch_client *client;
	struct conf_range allow[ALLOW_MAX];
	char *allowed[ALLOW_MAX];
	size_t nallow;
	struct visit *waiting; /* filled by the answer that is on its way */
};

const struct visit_ask visit_page = {
    .accept = "text/html, application/xhtml+xml, application/atom+xml;q=0.9, "
	      "application/rss+xml;q=0.9, application/feed+json;q=0.9, */*;q=0.8"};

/* --- words --- */

static void
put_line(FILE *to, const char *before, const char *fmt, va_list ap)
{
	struct buf line = {0}, shown = {0};
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		buf_reserve(&line, (size_t)n);
		vsnprintf(line.data, (size_t)n + 1, fmt, again);
		line.len = (size_t)n;
		text_escape_buf(&shown, line.data, line.len);
	}
	va_end(again);
	buf_reserve(&shown, 0);
	fprintf(to, "%s%s\n", before, shown.data);
	buf_free(&line);
	buf_free(&shown);
}

void
onboard_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(stdout, "", fmt, ap);
	va_end(ap);
}

void
onboard_complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(stderr, "tosctl: ", fmt, ap);
	va_end(ap);
}

/* --- configuration --- */

static void
on_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	onboard_complain("%s:%d: %s", file, line, text);
}

/* A file that says only what has no default. */
static void
default_sources(struct conf_sources *s)
{
	s->v = xcalloc(1, sizeof(*s->v));
	s->n = 1;
	s->v[0].name = xstrdup(TOSD_CONFDIR "/tosd.conf");
	s->v[0].text = xstrdup("provider = { name = \"unknown\"; "
			       "mailbox = \"postmaster@localhost\"; };\n");
}

static int
read_conf(struct onboard *o, const char *path, struct err *e)
{
	static const char installed[] = TOSD_CONFDIR "/tosd.conf";
	int rc;

	if (path == NULL && access(installed, R_OK) == 0)
		path = installed;
	if (path == NULL) {
		default_sources(&o->sources);
	} else {
		rc = conf_sources_read(path, &o->sources, e);
		if (rc != 0)
			return rc;
		o->path = xstrdup(path);
	}
	rc = conf_parse(&o->sources, on_mistake, NULL, &o->conf);
	return rc == 0 ? 0 : err_set(e, rc, "%s is not a good configuration", path);
}

/* As the fetch role asks, so that a tenant sees one name. */
static char *
user_agent(const struct onboard *o)
{
	if (o->conf->fetch.user_agent != NULL)
		return xstrdup(o->conf->fetch.user_agent);
	if (o->path == NULL)
		return xstrdup("tosd/" PACKAGE_VERSION);
	return xasprintf(
	    "tosd/" PACKAGE_VERSION " (+mailto:%s)", o->conf->provider.mailbox);
}

int
onboard_new(struct onboard **out, const char *path, struct err *e)
{
	struct onboard *o = xcalloc(1, sizeof(*o));
	struct conf_fetch fetch;
	char *agent;
	int rc;

	*out = NULL;
	log_set_level(LOG_L_ERR);
	rc = read_conf(o, path, e);
	if (rc != 0) {
		onboard_free(&o);
		return rc;
	}
	o->loop = loop_new();
	fetch = o->conf->fetch;
	fetch.user_agent = agent = user_agent(o);
	o->client = fetch_client_new(o->loop, &fetch);
	free(agent);
	*out = o;
	return 0;
}

void
onboard_free(struct onboard **op)
{
	struct onboard *o = *op;

	if (o == NULL)
		return;
	fetch_client_free(&o->client);
	loop_free(&o->loop);
	conf_free(&o->conf);
	conf_sources_clear(&o->sources);
	for (size_t i = 0; i < o->nallow; i++)
		free(o->allowed[i]);
	free(o->path);
	free(o);
	*op = NULL;
}

bool
onboard_allow(struct onboard *o, const char *range)
{
	if (o->nallow == ALLOW_MAX || !conf_range_parse(range, &o->allow[o->nallow]))
		return false;
	o->allowed[o->nallow++] = xstrdup(range);
	return true;
}

void
onboard_allow_as(struct onboard *o, const char *feed_url)
{
	for (size_t i = 0; i < o->conf->ntenants; i++) {
		const struct conf_tenant *t = &o->conf->tenants[i];
		bool its = false;

		for (size_t k = 0; k < t->nfeeds; k++)
			its = its || strcmp(t->feeds[k].url, feed_url) == 0;
		for (size_t k = 0; its && k < t->nallow && o->nallow < ALLOW_MAX; k++)
			o->allow[o->nallow++] = t->allow[k];
	}
}

const char *
onboard_allowed(const struct onboard *o, size_t i)
{
	return i < o->nallow ? o->allowed[i] : NULL;
}

const struct conf *
onboard_conf(const struct onboard *o)
{
	return o->conf;
}

const struct conf_sources *
onboard_sources(const struct onboard *o)
{
	return &o->sources;
}

const char *
onboard_conf_path(const struct onboard *o)
{
	return o->path;
}

/* --- visits --- */

static void
on_result(void *ctx, struct fetch_result *r)
{
	struct onboard *o = ctx;

	o->waiting->r = *r;
	memset(r, 0, sizeof(*r)); /* taken over */
	o->waiting = NULL;
	loop_stop(o->loop);
}

static void
read_feed(const struct onboard *o, const struct feed_mapping *mapping, struct visit *v)
{
	struct feed_limits lim = feed_limits_default;
	struct err e = ERR_INIT;
	char *location = answer_header(&v->r.head, "Content-Location");
	char *language = answer_header(&v->r.head, "Content-Language");
	struct feed_source src = {.url = v->r.url,
	    .content_type = v->r.content_type,
	    .content_location = location,
	    .content_language = language,
	    .mapping = mapping};

	lim.max_items = o->conf->fetch.max_items;
	lim.max_text = o->conf->fetch.max_text;
	buf_reserve(&v->r.body, 0);
	v->is_feed =
	    feed_parse(v->r.body.data, v->r.body.len, &src, &lim, &v->doc, &e) == 0;
	if (!v->is_feed) {
		v->not_feed = xstrdup(e.text);
		feed_doc_clear(&v->doc);
	}
	free(location);
	free(language);
}

void
onboard_visit(
    struct onboard *o, const char *url, const struct visit_ask *ask, struct visit *out)
{
	struct fetch_request req = {.url = url, .allow = o->allow, .nallow = o->nallow};

	memset(out, 0, sizeof(*out));
	if (ask != NULL) {
		req.accept = ask->accept;
		req.etag = ask->etag;
		req.last_modified = ask->last_modified;
	}
	if (isatty(STDERR_FILENO))
		onboard_complain("asking %s", url);
	o->waiting = out;
	fetch_client_get(o->client, &req, on_result, o);
	while (o->waiting != NULL)
		if (loop_run(o->loop) != 0)
			log_die("onboard", "the kernel does not let us wait");
	if (out->r.outcome == POLLED_OK ||
	    (out->r.status == 200 && out->r.truncated && out->r.body.len > 0))
		read_feed(o, ask != NULL ? ask->mapping : NULL, out);
}

void
visit_clear(struct visit *v)
{
	fetch_result_clear(&v->r);
	feed_doc_clear(&v->doc);
	free(v->not_feed);
	memset(v, 0, sizeof(*v));
}

char *
visit_words(const struct visit *v)
{
	static const char *const words[POLLED_COUNT] = {
	    [POLLED_OK] = "it can be read",
	    [POLLED_UNCHANGED] = "unchanged",
	    [POLLED_GONE] = "gone for good",
	    [POLLED_NOT_FOUND] = "not found",
	    [POLLED_FORBIDDEN] = "access is refused",
	    [POLLED_LEGAL] = "withheld for legal reasons",
	    [POLLED_RATE_LIMIT] = "the server limits requests",
	    [POLLED_HTTP_ERROR] = "an error of the server",
	    [POLLED_DNS] = "the name cannot be resolved",
	    [POLLED_CONNECT] = "no connection",
	    [POLLED_TLS] = "TLS fails",
	    [POLLED_TIMEOUT] = "it takes too long",
	    [POLLED_REFUSED] = "the guard refuses it",
	    [POLLED_OWN_FAULT] = "our own network fails",
	};
	const char *what =
	    v->r.outcome < POLLED_COUNT ? words[v->r.outcome] : "an odd outcome";
	struct buf b = {0};

	if (v->r.outcome == POLLED_OK && !v->is_feed)
		what = v->not_feed != NULL ? v->not_feed : "this is no feed";
	if (v->r.status != 0 && v->r.status != 200)
		buf_printf(&b, "%d: ", v->r.status);
	buf_puts(&b, what);
	if (v->r.why != NULL && v->r.why[0] != '\0' && strcmp(v->r.why, what) != 0)
		buf_printf(&b, " (%s)", v->r.why);
	return buf_take(&b);
}

bool
visit_own_fault(const struct visit *v)
{
	return v->r.outcome == POLLED_OWN_FAULT;
}
