/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_fetch_hub: the subscriber of WebSub (W3C Recommendation of 23 January 2018):
 * asks hubs, answers when they ask back, and takes what they bring.
 *
 * Every subscription has a callback of its own that only its hub was told, and a secret
 * by which its hub signs.  What is not signed rightly is answered as if it had been
 * taken, as the standard wants it, and dropped.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/signature.h"
#include "ipc/http.h"
#include "role_fetch.h"

#define QUEUE_MAX ((size_t)16 << 20) /* bytes on the way to the engine */
#define PATH_LEN 32
#define PARAM_MAX 8192
#define WORDS 500
#define LEASE_MAX ((int64_t)365 * CLOCK_DAY)
#define TELL_EVERY CLOCK_MIN /* of one subscription's wrong signatures */

struct sub {
	uint64_t feed;
	uint32_t engine;
	bool wanted;
	char *hub, *topic, *path, *secret;
	int64_t lease;
	int64_t told; /* steady ms of the last word on a wrong signature */
};

/* A delivery that is answered when the engine has it on disk. */
struct waiting {
	struct waiting *next;
	uint32_t token;
	struct http_later *reply;
};

struct fetch_hub {
	struct http_server *http;
	struct sub *v; /* by path */
	size_t n;
	struct waiting *waiting;
	uint32_t tokens; /* given so far */
};

static void
sub_clear(struct sub *s)
{
	free(s->hub);
	free(s->topic);
	free(s->path);
	if (s->secret != NULL)
		explicit_bzero(s->secret, strlen(s->secret));
	free(s->secret);
}

/* Where it is, or would have to be. */
static size_t
place(const struct fetch_hub *h, const char *path)
{
	size_t lo = 0, hi = h->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(h->v[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct sub *
find(const struct fetch_hub *h, const char *path)
{
	size_t at = place(h, path);

	return at < h->n && strcmp(h->v[at].path, path) == 0 ? &h->v[at] : NULL;
}

static struct sub *
make(struct fetch_hub *h, const char *path)
{
	size_t at = place(h, path);

	h->v = xrealloc(h->v, (h->n + 1) * sizeof(*h->v));
	memmove(&h->v[at + 1], &h->v[at], (h->n - at) * sizeof(*h->v));
	h->n++;
	memset(&h->v[at], 0, sizeof(h->v[at]));
	h->v[at].path = xstrdup(path);
	return &h->v[at];
}

/* --- to the engine --- */

static void
pushed_init(struct msg *m, const struct sub *s, enum pushed_state state)
{
	msg_init(m, MSG_PUSHED);
	m->pushed.websub = true;
	m->pushed.feed = s->feed;
	m->pushed.path = xstrdup(s->path);
	m->pushed.state = state;
	m->pushed.time = clock_now();
}

static void
say(struct fetch_role *role, const struct sub *s, enum pushed_state state,
    const char *why, int64_t lease)
{
	struct msg m;
	struct buf b = {0};

	pushed_init(&m, s, state);
	m.pushed.lease = lease;
	if (why != NULL && why[0] != '\0') {
		text_repair(&b, why, text_prefix(why, WORDS));
		m.pushed.why = buf_take(&b);
	}
	role_send(role->self, ROLE_ENGINE, s->engine, &m);
}

/* --- asking a hub --- */

struct ask {
	struct fetch_role *role;
	char *path;
};

static void
on_asked(void *ctx, struct fetch_result *r)
{
	struct ask *a = ctx;
	struct sub *s = a->role->hub != NULL ? find(a->role->hub, a->path) : NULL;
	bool ok = r->status / 100 == 2;

	if (s != NULL && !a->role->ended) {
		log_info("fetch", "hub %s: %s%s%s", s->hub,
		    ok ? "has taken our request" : "has not taken our request",
		    !ok && r->why != NULL ? ": " : "",
		    !ok && r->why != NULL ? r->why : "");
		say(a->role, s, ok ? PUSHED_ASKED : PUSHED_FAILED, ok ? NULL : r->why,
		    0);
	}
	free(a->path);
	free(a);
}

static void
put_param(struct buf *b, const char *name, const char *value)
{
	char *text = curl_easy_escape(NULL, value, 0);

	buf_printf(b, "%s%s=%s", b->len > 0 ? "&" : "", name, text != NULL ? text : "");
	curl_free(text);
}

static void
ask(struct fetch_role *role, const struct sub *s, const char *tenant)
{
	const struct conf_tenant *t = conf_tenant_by_key(role->conf, tenant);
	const char *base = role->conf->fetch.push_url;
	struct fetch_request req = {.url = s->hub, .accept = "*/*"};
	struct ask *a = xcalloc(1, sizeof(*a));
	struct buf form = {0};
	char *callback, lease[24];

	if (base == NULL)
		base = ""; /* switched off while the message was on its way */
	callback = xasprintf("%s%s%s", base,
	    base[0] != '\0' && base[strlen(base) - 1] == '/' ? "" : "/", s->path);
	snprintf(lease, sizeof(lease), "%lld", (long long)(s->lease / CLOCK_SEC));
	put_param(&form, "hub.mode", s->wanted ? "subscribe" : "unsubscribe");
	put_param(&form, "hub.topic", s->topic);
	put_param(&form, "hub.callback", callback);
	if (s->wanted) {
		put_param(&form, "hub.lease_seconds", lease);
		put_param(&form, "hub.secret", s->secret);
	}
	if (t != NULL) {
		req.allow = t->allow;
		req.nallow = t->nallow;
	}
	req.form = form.data;
	a->role = role;
	a->path = xstrdup(s->path);
	fetch_client_get(role->client, &req, on_asked, a);
	explicit_bzero(form.data, form.len);
	buf_free(&form);
	free(callback);
}

static char *
move_str(char **s)
{
	char *v = *s;

	*s = NULL;
	return v;
}

void
fetch_hub_msg(struct fetch_role *role, struct msg *m)
{
	struct msg_subscribe *in = &m->subscribe;
	struct sub *s;

	if (role->hub == NULL) /* not ours to do */
		return;
	s = find(role->hub, in->path);
	if (s == NULL)
		s = make(role->hub, in->path);
	free(s->hub);
	free(s->topic);
	free(s->secret);
	s->hub = move_str(&in->hub);
	s->topic = move_str(&in->topic);
	s->secret = move_str(&in->secret);
	s->feed = in->feed;
	s->engine = m->from_index;
	s->lease = in->lease;
	s->wanted = in->what != SUBSCRIBE_END;
	if (in->what != SUBSCRIBE_KNOW)
		ask(role, s, in->tenant);
}

/* --- a hub asks back --- */

/* The value of a parameter of a query, decoded, to be freed; NULL: it is not there. */
static char *
param(const char *query, const char *name)
{
	size_t len = strlen(name), n;
	int size = 0;
	char *text, *copy, *out;

	for (const char *p = query; p != NULL; p = strchr(p, '&')) {
		p += *p == '&';
		n = strcspn(p, "&");
		if (n <= len || n > PARAM_MAX || strncmp(p, name, len) != 0 ||
		    p[len] != '=')
			continue;
		copy = xstrndup(p + len + 1, n - len - 1);
		for (char *c = copy; *c != '\0'; c++)
			if (*c == '+')
				*c = ' ';
		text = curl_easy_unescape(NULL, copy, 0, &size);
		free(copy);
		out =
		    text != NULL && strlen(text) == (size_t)size ? xstrdup(text) : NULL;
		curl_free(text);
		return out;
	}
	return NULL;
}

static int64_t
lease_of(const char *text, int64_t asked)
{
	char *end;
	long long s = text != NULL ? strtoll(text, &end, 10) : 0;

	if (s <= 0 || s > LEASE_MAX / CLOCK_SEC)
		return s > 0 ? LEASE_MAX : asked;
	return s * CLOCK_SEC;
}

static void
on_verify(
    struct fetch_role *role, struct sub *s, const char *query, struct http_reply *reply)
{
	char *mode = param(query, "hub.mode"), *topic = param(query, "hub.topic");
	char *challenge = param(query, "hub.challenge");
	char *lease = param(query, "hub.lease_seconds");
	char *reason = param(query, "hub.reason");
	bool ours = mode != NULL && topic != NULL && strcmp(topic, s->topic) == 0;

	reply->status = 404; /* "we did not ask for that" */
	if (ours && strcmp(mode, "denied") == 0) {
		reply->status = 200;
		say(role, s, PUSHED_DENIED,
		    reason != NULL ? reason : "the hub denies the subscription", 0);
	} else if (ours && challenge != NULL &&
		   strcmp(mode, s->wanted ? "subscribe" : "unsubscribe") == 0) {
		reply->status = 200;
		reply->type = "text/plain; charset=utf-8";
		buf_puts(&reply->body, challenge);
		say(role, s, s->wanted ? PUSHED_VERIFIED : PUSHED_ENDED, NULL,
		    s->wanted ? lease_of(lease, s->lease) : 0);
	}
	free(mode);
	free(topic);
	free(challenge);
	free(lease);
	free(reason);
}

/* --- a hub brings something --- */

static void
read_body(struct fetch_role *role, const struct sub *s, const struct http_request *req,
    struct msg_pushed *p)
{
	struct feed_limits lim = fetch_limits(role);
	struct feed_source src = {.url = s->topic,
	    .content_type = http_request_header(req, "Content-Type"),
	    .content_language = http_request_header(req, "Content-Language")};
	struct feed_doc doc;
	struct err e = ERR_INIT;

	if (req->n > 0 && feed_parse(req->body, req->n, &src, &lim, &doc, &e) == 0) {
		fetch_items_take(
		    &p->items, &p->nitems, &p->truncated, doc.items, doc.nitems);
		p->truncated |= doc.truncated;
		p->site = doc.link;
		doc.link = NULL;
		p->gone = doc.gone;
		p->ngone = (uint32_t)doc.ngone;
		doc.gone = NULL;
		doc.ngone = 0;
		feed_doc_clear(&doc);
	} else if (req->n > 0) {
		log_info("fetch", "hub %s brought no feed: %s", s->hub, e.text);
		feed_doc_clear(&doc);
	}
}

/* Ours is the answer: the exchange as it was, but for the path, which is a secret. */
static int
capture(const struct sub *s, const struct http_request *req, int64_t time)
{
	static const char taken[] = "HTTP/1.1 202 Accepted\r\n\r\n";
	struct buf request = {0}, response = {0};
	char *peer = xasprintf(
	    strchr(req->peer != NULL ? req->peer : "", ':') != NULL ? "[%s]:0" : "%s:0",
	    req->peer != NULL ? req->peer : "");
	int fd;

	http_request_head(req, "/-", &request);
	if (req->n > 0)
		buf_put(&request, req->body, req->n);
	buf_puts(&response, taken);
	fd = fetch_capture(s->topic,
	    req->peer != NULL && req->peer[0] != '\0' ? peer : NULL, time, &request,
	    &response);
	buf_free(&request);
	buf_free(&response);
	free(peer);
	return fd;
}

static void
answer(struct waiting **at, int status)
{
	struct waiting *w = *at;

	*at = w->next;
	http_later_reply(&w->reply, status);
	free(w);
}

/* As many as there are connections at most; the number under which the engine answers.
 */
static uint32_t
wait_for_engine(struct fetch_hub *h, const struct http_request *req)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	if (++h->tokens == 0) /* that one means nobody */
		h->tokens++;
	w->token = h->tokens;
	w->reply = http_request_later(req);
	w->next = h->waiting;
	h->waiting = w;
	return w->token;
}

static void
on_content(struct fetch_role *role, struct sub *s, const struct http_request *req,
    struct http_reply *reply)
{
	int64_t now = clock_steady();
	const char *why = NULL;
	struct msg m;

	if (!role_has_peer(role->self, ROLE_ENGINE, s->engine) ||
	    role_queued(role->self, ROLE_ENGINE, s->engine) > QUEUE_MAX) {
		reply->status = 503; /* the hub tries again */
		return;
	}
	reply->status = 202;
	if (!fetch_signature_ok(http_request_header(req, "X-Hub-Signature"), s->secret,
		req->body, req->n, role->conf->fetch.push_sha1, &why)) {
		if (s->told != 0 && now - s->told <= TELL_EVERY)
			return;
		log_warn(
		    "fetch", "brought in the name of hub %s, dropped: %s", s->hub, why);
		s->told = now;
		return;
	}
	pushed_init(&m, s, PUSHED_DATA);
	read_body(role, s, req, &m.pushed);
	m.fd = capture(s, req, m.pushed.time);
	m.pushed.token = wait_for_engine(role->hub, req);
	if (role_send(role->self, ROLE_ENGINE, s->engine, &m) == TOSD_ELIMIT) {
		/* A poll finds what is in it; the hub need not bring it again. */
		log_err("fetch", "hub %s brought more than a message takes: refused",
		    s->hub);
		answer(&role->hub->waiting, 413);
	}
}

void
fetch_hub_taken(struct fetch_role *role, const struct msg *m)
{
	struct waiting **at;

	if (role->hub == NULL)
		return;
	for (at = &role->hub->waiting; *at != NULL; at = &(*at)->next)
		if ((*at)->token == m->seq) {
			answer(at, 202);
			return;
		}
}

static void
on_request(void *ctx, const struct http_request *req, struct http_reply *reply)
{
	struct fetch_role *role = ctx;
	const char *path = strrchr(req->path, '/');
	struct sub *s;

	path = path != NULL ? path + 1 : req->path;
	s = find(role->hub, path);
	if (s == NULL) /* 410: a hub may forget us */
		reply->status = req->post && strlen(path) == PATH_LEN ? 410 : 404;
	else if (!req->post)
		on_verify(role, s, req->query, reply);
	else if (!s->wanted)
		reply->status = 410;
	else
		on_content(role, s, req, reply);
}

/* --- the listener --- */

int
fetch_hub_start(struct fetch_role *role, struct err *e)
{
	const struct conf_fetch *c = &role->conf->fetch;
	struct http_limits limits = {.connections = c->push_connections,
	    .per_address = c->push_address_connections,
	    .header = c->push_max_header,
	    .body = c->push_max_body,
	    .time = c->push_timeout};
	int rc;

	if (c->push_listen == NULL || role_index(role->self) != 0)
		return 0;
	role->hub = xcalloc(1, sizeof(*role->hub));
	rc = http_server_new_post(role_loop(role->self), c->push_listen, &limits,
	    on_request, role, &role->hub->http, e);
	return rc != 0 ? err_wrap(e, "fetch.push_listen") : 0;
}

void
fetch_hub_forget(struct fetch_role *role)
{
	if (role->hub == NULL)
		return;
	for (size_t i = 0; i < role->hub->n; i++)
		sub_clear(&role->hub->v[i]);
	role->hub->n = 0;
	/* Whatever the engine that is gone had in hand: hubs bring it again. */
	while (role->hub->waiting != NULL)
		answer(&role->hub->waiting, 503);
}

void
fetch_hub_free(struct fetch_role *role)
{
	if (role->hub == NULL)
		return;
	fetch_hub_forget(role);
	http_server_free(&role->hub->http);
	free(role->hub->v);
	free(role->hub);
	role->hub = NULL;
}
