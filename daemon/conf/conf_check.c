/* SPDX-License-Identifier: Apache-2.0 */
/* conf_check: relations and derived defaults, section by section; see conf_check.h. */
#include "conf/conf_check.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <tosd/policy.h>

#include "base/buf.h"
#include "base/clock.h"
#include "conf/conf_source.h"
#include "conf/conf_table.h"
#include "conf/conf_value.h"

#define SOCKET_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* Where to point for a key: its own line, else that of the section. */
static const config_setting_t *
place(const struct conf_section *sec, const char *key)
{
	const config_setting_t *s = conf_walk_member(sec->s, key);

	return s != NULL ? s : sec->s;
}

static bool
given(const struct conf_section *sec, const char *key)
{
	return conf_walk_member(sec->s, key) != NULL;
}

/* less must not be above more.  Points at the one that was written. */
static void
in_order(const struct conf_section *sec, const char *less, int64_t a, const char *more,
    int64_t b)
{
	char ta[CLOCK_TEXT], tb[CLOCK_TEXT];

	if (a <= b || !conf_section_sound(sec, less) || !conf_section_sound(sec, more))
		return;
	conf_walk_say(sec->w, place(sec, given(sec, less) ? less : more),
	    "`%s' (%s) is longer than `%s' (%s%s); change one of them", less,
	    clock_span(a, ta), more, clock_span(b, tb),
	    given(sec, more) ? "" : ", the default");
}

void
conf_check_provider(const struct conf_section *sec)
{
	struct conf_provider *p = sec->base;

	if (p->host == NULL && p->mailbox != NULL)
		p->host = conf_arena_str(sec->w->arena, strrchr(p->mailbox, '@') + 1);
}

/* A unix socket's path, absolute and not too long. */
static void
check_listen(const struct conf_section *sec, const char *key, const char **value)
{
	if (*value == NULL || strncmp(*value, "unix:", 5) != 0)
		return;
	*value = conf_arena_take(
	    sec->w->arena, xasprintf("unix:%s", conf_walk_path(sec->w, *value + 5)));
	if (strlen(*value + 5) > SOCKET_MAX)
		conf_walk_say(sec->w, place(sec, key),
		    "`%s' would be a socket with a path of %zu bytes; the system "
		    "allows %zu, choose a shorter one",
		    key, strlen(*value + 5), SOCKET_MAX);
}

void
conf_check_feed(const struct conf_section *sec)
{
	const struct conf_feed *f = sec->base;
	static const char *const keys[] = {
	    "stream_url", "token_credential", "cursor_param", "cursor_key"};
	const char *const values[] = {
	    f->stream_url, f->token_credential, f->cursor_param, f->cursor_key};

	if (!conf_section_sound(sec, "stream"))
		return;
	if (f->stream != CONF_STREAM_NONE && f->stream_url == NULL &&
	    conf_section_sound(sec, "stream_url"))
		conf_walk_say(sec->w, place(sec, "stream"),
		    "`stream' without `stream_url'; say where it is: `url' is what is "
		    "polled beside it");
	for (size_t i = 0; i < 4 && f->stream == CONF_STREAM_NONE; i++)
		if (values[i] != NULL)
			conf_walk_say(sec->w, place(sec, keys[i]),
			    "`%s' is for streams only; add `stream', or take it out",
			    keys[i]);
	if (f->stream == CONF_STREAM_NONE && f->mapping != NULL &&
	    f->mapping->event != NULL)
		conf_walk_say(sec->w, place(sec, "mapping"),
		    "`event' of `mapping' is for streams only; add `stream', or take "
		    "it out");
	if ((f->cursor_param == NULL) != (f->cursor_key == NULL) &&
	    conf_section_sound(sec, "cursor_param") &&
	    conf_section_sound(sec, "cursor_key"))
		conf_walk_say(sec->w,
		    place(sec, f->cursor_key == NULL ? "cursor_param" : "cursor_key"),
		    "`cursor_param' and `cursor_key' go together; give both");
}

static void
check_push(const struct conf_section *sec)
{
	struct conf_fetch *f = sec->base;

	check_listen(sec, "push_listen", &f->push_listen);
	if ((f->push_listen == NULL) != (f->push_url == NULL) &&
	    conf_section_sound(sec, "push_listen") &&
	    conf_section_sound(sec, "push_url"))
		conf_walk_say(sec->w,
		    place(sec, f->push_url == NULL ? "push_listen" : "push_url"),
		    "`push_listen' and `push_url' go together: where we listen, and "
		    "the address under which hubs reach that; give both");
}

/* Each hop has a head, and a request that may repeat an address out of the one before:
 * what does not fit into the capture with them would be no evidence. */
static void
check_capture(const struct conf_section *sec)
{
	const struct conf_fetch *f = sec->base;
	size_t heads = 2 * f->max_header * (f->max_redirects + 1), mib = 1 << 20;

	if (!conf_section_sound(sec, "max_body") ||
	    !conf_section_sound(sec, "max_header") ||
	    !conf_section_sound(sec, "max_redirects") ||
	    f->max_body + heads <= CONF_CAPTURE_MAX)
		return;
	conf_walk_say(sec->w, place(sec, "max_body"),
	    "an answer of `max_body' with the heads of `max_redirects' redirects is up "
	    "to "
	    "%zuM, and no more than %zuM can be kept as evidence; make one of them "
	    "smaller",
	    (f->max_body + heads + mib - 1) / mib, CONF_CAPTURE_MAX / mib);
}

void
conf_check_fetch(const struct conf_section *sec)
{
	const struct conf_fetch *f = sec->base;

	in_order(sec, "interval_min", f->interval_min, "interval", f->interval);
	in_order(sec, "interval", f->interval, "interval_max", f->interval_max);
	in_order(sec, "connect_timeout", f->connect_timeout, "timeout", f->timeout);
	if (f->max_host_connections > f->max_connections &&
	    conf_section_sound(sec, "max_host_connections") &&
	    conf_section_sound(sec, "max_connections"))
		conf_walk_say(sec->w, place(sec, "max_host_connections"),
		    "`max_host_connections' (%u) is larger than `max_connections' "
		    "(%u); "
		    "change one of them",
		    f->max_host_connections, f->max_connections);
	in_order(sec, "stream_retry_min", f->stream_retry_min, "stream_retry_max",
	    f->stream_retry_max);
	check_capture(sec);
	check_push(sec);
}

void
conf_check_coverage(const struct conf_section *sec)
{
	const struct conf_coverage *c = sec->base;

	if (c->second_max > 0)
		in_order(sec, "second_min", c->second_min, "second_max", c->second_max);
}

void
conf_check_keep(const struct conf_section *sec)
{
	const struct conf_keep *c = sec->base;

	in_order(sec, "texts", c->texts, "sampled", c->sampled);
	in_order(sec, "sampled", c->sampled, "found", c->found);
}

/* Where a program lives: beside its script, else beside itself. */
static void
derive_folder(const struct conf_section *sec, struct conf_plugin *p)
{
	const char *of = p->command[0];
	char *folder;

	for (size_t i = p->ncommand - 1; i > 0; i--)
		if (p->command[i] != NULL && p->command[i][0] == '/')
			of = p->command[i];
	if (p->folder == NULL) {
		folder = conf_source_folder(of);
		p->folder = conf_arena_take(sec->w->arena, folder);
	}
	if (strcmp(p->folder, "/") == 0)
		conf_walk_say_line(sec->w, p->line,
		    "the folder of plugin `%s' is `/': it may read its folder, so give "
		    "it one of its own",
		    p->name);
}

/* What a hello has no word for (tosd-exec(7), `want'). */
#define NO_FIELD (TOSD_NEED_ASK | TOSD_NEED_FOUND)

/* A plugin that is a program. */
static void
check_command(const struct conf_section *sec, struct conf_plugin *p)
{
	if (p->path != NULL)
		conf_walk_say_line(sec->w, p->line,
		    "plugin `%s' has both `path' and `command': it is an object or a "
		    "program",
		    p->name);
	for (size_t i = 0; i < p->ncommand; i++) {
		struct conf_path path = {"command", p->command[i],
		    i == 0 ? CONF_CHECK_COMMAND : CONF_CHECK_SCRIPT, p->file, p->line};

		if (p->command[i] == NULL)
			return; /* was said */
		if (p->command[i][0] == '/')
			conf_arena_path(sec->w->arena, &path);
		else if (i == 0)
			conf_walk_say_line(sec->w, p->line,
			    "`command': \"%s\" must be the whole path of a program",
			    conf_walk_quote(p->command[i]));
	}
	if (p->folder != NULL)
		conf_arena_path(sec->w->arena, &(struct conf_path){"folder", p->folder,
						   CONF_CHECK_ROOM, p->file, p->line});
	if (p->grant & NO_FIELD)
		conf_walk_say(sec->w, place(sec, "grant"),
		    "plugin `%s' is a program, which can ask for neither \"ask\" nor "
		    "\"found\"; take it out of `grant'",
		    p->name);
	derive_folder(sec, p);
}

/* What means something to programs alone. */
static void
check_object(const struct conf_section *sec, const struct conf_plugin *p)
{
	static const char *const keys[] = {
	    "folder", "window", "deadline", "memory", "processes", "files", "cpu"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (given(sec, keys[i]))
			conf_walk_say(sec->w, place(sec, keys[i]),
			    "`%s' is for plugins that are programs (`command'), and "
			    "plugin `%s' is a shared object: take it out",
			    keys[i], p->name);
}

void
conf_check_plugin(const struct conf_section *sec)
{
	struct conf_plugin *p = sec->base;
	struct conf_path path = {.key = "path",
	    .check = CONF_CHECK_PLUGIN,
	    .file = p->file,
	    .line = p->line};

	if (p->name == NULL)
		return;
	if (p->ncommand > 0) {
		check_command(sec, p);
		return;
	}
	if (given(sec, "command")) {
		if (conf_section_sound(sec, "command"))
			conf_walk_say(sec->w, place(sec, "command"),
			    "`command' is empty: it names the program of plugin `%s', "
			    "and its arguments",
			    p->name);
		return;
	}
	check_object(sec, p);
	if (p->path == NULL)
		p->path = conf_arena_take(
		    sec->w->arena, xasprintf("%s/%s.so", TOSD_PLUGINDIR, p->name));
	path.path = p->path;
	conf_arena_path(sec->w->arena, &path);
}

/* The one plugin of a configuration that names none. */
static void
default_plugin(const struct conf_section *sec)
{
	struct conf_policy *p = sec->base;
	struct conf_section plugin = {.w = sec->w, .s = NULL};

	p->plugins = conf_arena_alloc(sec->w->arena, 1, sizeof(*p->plugins));
	p->nplugins = 1;
	p->plugins[0].name = conf_arena_str(sec->w->arena, "rules");
	p->plugins[0].grant = conf_list_grant("text links sets");
	p->plugins[0].file = sec->w->file;
	p->plugins[0].line = sec->s != NULL ? config_setting_source_line(sec->s) : 1;
	plugin.base = &p->plugins[0];
	conf_check_plugin(&plugin);
}

/* The host of a URL, as long as it is; "[::1]" without its brackets. */
static char *
host_of(const char *url)
{
	const char *at = strstr(url, "://");
	size_t n;

	at = at != NULL ? at + 3 : url;
	n = strcspn(at, "/?#");
	if (at[0] == '[')
		return xstrndup(at + 1, strcspn(at + 1, "]"));
	n = strcspn(at, ":/?#");
	return xstrndup(at, n);
}

/* An address written out says itself that it may be asked. */
static bool
allow_literal(const struct conf_section *sec, struct conf_endpoint *p)
{
	char *host = host_of(p->url);
	struct conf_range one, *v;
	bool literal = conf_range_parse(host, &one);

	free(host);
	if (!literal)
		return false;
	v = conf_arena_alloc(sec->w->arena, p->nallow + 1, sizeof(*v));
	if (p->nallow > 0)
		memcpy(v, p->allow, p->nallow * sizeof(*v));
	v[p->nallow++] = one;
	p->allow = v;
	return true;
}

void
conf_check_endpoint(const struct conf_section *sec)
{
	struct conf_endpoint *p = sec->base;

	in_order(sec, "retry_min", p->retry_min, "retry_max", p->retry_max);
	if (p->url == NULL || !conf_section_sound(sec, "url"))
		return;
	if (strpbrk(p->url, "?#") != NULL)
		conf_walk_say(sec->w, place(sec, "url"),
		    "`url' of an endpoint is the part before /chat/completions and "
		    "/moderations, without a query");
	if (!allow_literal(sec, p) && p->credential != NULL &&
	    strncmp(p->url, "http:", 5) == 0)
		conf_walk_say(sec->w, place(sec, "url"),
		    "`url': the key of `credential' would go over the network in the "
		    "clear; use https, or write the server's address out");
}

/* What a plugin asks this endpoint for, as far as its settings say so, which are those
 * of `moderation'; NULL: nothing that could be known. */
static const char *
call_of(const struct conf_plugin *p, const char *endpoint)
{
	const char *call = "/chat/completions";
	bool asks = false;

	for (size_t i = 0; i < p->nsettings; i++) {
		const struct conf_setting *s = &p->settings[i];

		if (strcmp(s->key, "endpoint") == 0 ||
		    strcmp(s->key, "second_endpoint") == 0)
			asks = asks || strcmp(s->value, endpoint) == 0;
		else if (strcmp(s->key, "protocol") == 0 &&
			 strcmp(s->value, "moderation") == 0)
			call = "/moderations";
	}
	return asks ? call : NULL;
}

static bool
ends_in(const char *url, const char *call)
{
	size_t n = strlen(url), k = strlen(call);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return n >= k && memcmp(url + n - k, call, k) == 0;
}

/* What is asked for is put behind the url.  It may end in the name of a call, behind a
 * proxy say, but not in that which is put there. */
static void
check_doubled(const struct conf_section *sec, const struct conf_policy *p,
    const struct conf_endpoint *to)
{
	for (size_t i = 0; to->name != NULL && to->url != NULL && i < p->nplugins;
	     i++) {
		const char *call = call_of(&p->plugins[i], to->name);

		if (call == NULL || !ends_in(to->url, call))
			continue;
		conf_walk_say_line(sec->w, to->line,
		    "`url' of endpoint `%s' ends in %s, and what plugin `%s' asks is "
		    "put behind it once more: give the part before",
		    to->name, call,
		    p->plugins[i].name != NULL ? p->plugins[i].name : "?");
		return;
	}
}

static void
check_endpoints(const struct conf_section *sec, const struct conf_policy *p)
{
	for (size_t i = 0; i < p->nendpoints; i++)
		check_doubled(sec, p, &p->endpoints[i]);
	for (size_t i = 0; i < p->nendpoints; i++)
		for (size_t j = 0; j < i && p->endpoints[i].name != NULL; j++)
			if (p->endpoints[j].name != NULL &&
			    strcmp(p->endpoints[i].name, p->endpoints[j].name) == 0)
				conf_walk_say_line(sec->w, p->endpoints[i].line,
				    "endpoint `%s' is there already, at line %d",
				    p->endpoints[i].name, p->endpoints[j].line);
}

void
conf_check_policy(const struct conf_section *sec)
{
	struct conf_policy *p = sec->base;

	check_endpoints(sec, p);
	conf_check_blocklists(sec);
	if (p->nplugins == 0 && !given(sec, "plugins"))
		default_plugin(sec);
	for (size_t i = 0; i < p->nplugins; i++)
		if (p->plugins[i].ncommand > 0 && conf_section_sound(sec, "deadline") &&
		    p->plugins[i].deadline > p->deadline / 4)
			conf_walk_say_line(sec->w, p->plugins[i].line,
			    "`deadline' of plugin `%s' is more than a quarter of that "
			    "of "
			    "`policy', after which the worker is killed",
			    p->plugins[i].name != NULL ? p->plugins[i].name : "?");
	for (size_t i = 0; i < p->nplugins; i++)
		for (size_t j = 0; j < i && p->plugins[i].name != NULL; j++)
			if (p->plugins[j].name != NULL &&
			    strcmp(p->plugins[i].name, p->plugins[j].name) == 0)
				conf_walk_say_line(sec->w, p->plugins[i].line,
				    "plugin `%s' is there already, at line %d; each "
				    "plugin runs once",
				    p->plugins[i].name, p->plugins[j].line);
}

void
conf_check_stage(const struct conf_section *sec)
{
	const struct conf_stage *st = sec->base;

	if (conf_section_sound(sec, "deadline"))
		in_order(sec, "deadline_critical", st->deadline_critical, "deadline",
		    st->deadline);
}

/* The documented default of the ladder. */
static const struct conf_stage default_stages[] = {
    {"notice", 72 * CLOCK_HOUR, 24 * CLOCK_HOUR},
    {"warning", 48 * CLOCK_HOUR, 12 * CLOCK_HOUR},
    {"final warning", 24 * CLOCK_HOUR, 6 * CLOCK_HOUR},
};
#define NDEFAULT (sizeof(default_stages) / sizeof(default_stages[0]))

void
conf_check_ladder(const struct conf_section *sec)
{
	struct conf_ladder *l = sec->base;
	const config_setting_t *list = conf_walk_member(sec->s, "stages");

	if (l->nstages == 0 && list == NULL) {
		l->stages =
		    conf_arena_alloc(sec->w->arena, NDEFAULT, sizeof(*l->stages));
		memcpy(l->stages, default_stages, sizeof(default_stages));
		l->nstages = NDEFAULT;
	}
	if (l->nstages > CONF_STAGES_MAX)
		conf_walk_say(sec->w, list,
		    "the ladder has %zu stages, and %d are the most; take some out",
		    l->nstages, CONF_STAGES_MAX);
	for (size_t i = 0; i < l->nstages && list != NULL; i++)
		for (size_t j = 0; j < i && l->stages[i].name != NULL; j++)
			if (l->stages[j].name != NULL &&
			    strcmp(l->stages[i].name, l->stages[j].name) == 0)
				conf_walk_say(sec->w,
				    config_setting_get_elem(
					(config_setting_t *)list, i),
				    "stage `%s' is there already; the name stands in "
				    "notices and must tell the stages apart",
				    conf_walk_quote(l->stages[i].name));
}

static void
check_smtp(const struct conf_section *sec)
{
	const struct conf_courier *c = sec->base;

	if (c->url == NULL && conf_section_sound(sec, "url"))
		conf_walk_say(sec->w, place(sec, "transport"),
		    "`transport' is \"smtp\" but `url' is missing; write "
		    "url = \"smtp://HOST:PORT\"");
	if (c->url != NULL && c->username != NULL && !c->starttls &&
	    strncmp(c->url, "smtps:", 6) != 0 && !conf_value_url_local(c->url))
		conf_walk_say(sec->w, place(sec, "starttls"),
		    "`username' without TLS would send the password in clear; set "
		    "starttls = true or write smtps:// in `url'");
}

void
conf_check_courier(const struct conf_section *sec)
{
	struct conf_courier *c = sec->base;

	if (c->transport == CONF_MAIL_SMTP)
		check_smtp(sec);
	if (c->transport == CONF_MAIL_SENDMAIL && c->sendmail == NULL) {
		struct conf_path p = {"sendmail", "/usr/sbin/sendmail",
		    CONF_CHECK_PROGRAM, sec->w->file, 1};

		c->sendmail = conf_arena_str(sec->w->arena, p.path);
		p.path = c->sendmail;
		p.line = config_setting_source_line(place(sec, "transport"));
		conf_arena_path(sec->w->arena, &p);
	}
	if (given(sec, "username") != given(sec, "password_credential"))
		conf_walk_say(sec->w,
		    place(sec,
			given(sec, "username") ? "username" : "password_credential"),
		    "`username' and `password_credential' go together; give both or "
		    "none");
	in_order(sec, "retry_min", c->retry_min, "retry_max", c->retry_max);
}

void
conf_check_console(const struct conf_section *sec)
{
	struct conf_console *c = sec->base;

	check_listen(sec, "listen", &c->listen);
}

static void
check_staff(const struct conf_section *sec)
{
	const struct conf *c = sec->base;
	const config_setting_t *list = conf_walk_member(sec->s, "staff");

	for (size_t i = 0; i < c->nstaff; i++)
		for (size_t j = 0; j < i && c->staff[i].name != NULL; j++) {
			const struct conf_staff *a = &c->staff[j], *b = &c->staff[i];
			bool user = a->user != NULL && b->user != NULL &&
				    strcmp(a->user, b->user) == 0;

			if (a->name == NULL || (strcmp(a->name, b->name) != 0 && !user))
				continue;
			/* Two approvals must come from two people. */
			conf_walk_say(sec->w,
			    config_setting_get_elem((config_setting_t *)list, i),
			    "staff `%s' has the %s of an earlier entry; each entry is "
			    "one person",
			    conf_walk_quote(b->name), user ? "user" : "name");
		}
}

/* Defaults that lie below the folders, and paths that become socket names. */
static void
derive_paths(const struct conf_section *sec)
{
	struct conf *c = sec->base;
	struct conf_walk *w = sec->w;

	if (c->control == NULL)
		c->control =
		    conf_arena_take(w->arena, xasprintf("%s/control", c->run_dir));
	if (strlen(c->control) > SOCKET_MAX)
		conf_walk_say(w,
		    place(sec, given(sec, "control") ? "control" : "run_dir"),
		    "`control' would be a socket with a path of %zu bytes; the system "
		    "allows %zu, choose a shorter `run_dir'",
		    strlen(c->control), SOCKET_MAX);
	if (c->store.url == NULL)
		c->store.url = conf_arena_take(
		    w->arena, xasprintf("sqlite:%s/store.db", c->state_dir));
	else
		c->store.url = conf_arena_take(
		    w->arena, xasprintf("sqlite:%s",
				  conf_walk_path(w, c->store.url + strlen("sqlite:"))));
	if (c->ledger.key_credential == NULL)
		c->ledger.key_credential = conf_arena_take(
		    w->arena, xasprintf("%s/keys/log.key", c->state_dir));
}

void
conf_check_root(const struct conf_section *sec)
{
	struct conf *c = sec->base;
	struct conf_arena *a = sec->w->arena;
	const char *host = c->provider.host != NULL ? c->provider.host : "localhost";

	in_order(sec, "restart_min", c->restart_min, "restart_max", c->restart_max);
	in_order(
	    sec, "ping_interval", c->ping_interval, "ping_timeout", c->ping_timeout);
	derive_paths(sec);
	check_staff(sec);
	if (c->courier.from == NULL)
		c->courier.from = conf_arena_str(a, c->provider.mailbox);
	if (c->ledger.origin == NULL)
		c->ledger.origin = conf_arena_take(a, xasprintf("%s/tosd", host));
	if (c->fetch.user_agent == NULL && c->provider.mailbox != NULL)
		c->fetch.user_agent =
		    conf_arena_take(a, xasprintf("tosd/%s (+mailto:%s)",
					   PACKAGE_VERSION, c->provider.mailbox));
}
