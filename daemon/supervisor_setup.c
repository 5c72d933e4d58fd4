/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_setup: configuration, secrets and the user id, read as one. */
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "supervisor.h"

/* The first one is kept for who asks later; the log has all. */
static void
note(char **why, const char *text)
{
	if (*why == NULL)
		*why = xstrdup(text);
	log_err("conf", "%s", text);
}

static void
note_mistake(void *ctx, const char *file, int line, const char *text)
{
	char *s = xasprintf("%s:%d: %s", file, line, text);

	note(ctx, s);
	free(s);
}

/* One secret, if one is configured.  An empty one is a mistake, not "none". */
static int
read_secret(const char *what, const char *name, struct buf *out, struct err *e)
{
	if (name == NULL)
		return 0;
	if (conf_secret(name, out, e) != 0)
		return err_wrap(e, "%s", what);
	if (out->len == 0)
		return err_set(
		    e, TOSD_EINVAL, "%s: the credential %s is empty", what, name);
	return 0;
}

static int
read_token(struct setup *s, const char *what, const char *name, struct err *e)
{
	struct setup_token *t;

	for (size_t i = 0; i < s->ntokens; i++)
		if (strcmp(s->tokens[i].name, name) == 0)
			return 0; /* one for several */
	s->tokens = xrealloc(s->tokens, (s->ntokens + 1) * sizeof(*s->tokens));
	t = &s->tokens[s->ntokens++];
	*t = (struct setup_token){.name = xstrdup(name)};
	return read_secret(what, t->name, &t->bytes, e);
}

static int
read_tokens(struct setup *s, struct err *e)
{
	const struct conf *c = s->conf;
	int rc = 0;

	for (size_t i = 0; i < c->ntenants && rc == 0; i++)
		for (size_t j = 0; j < c->tenants[i].nfeeds && rc == 0; j++)
			if (c->tenants[i].feeds[j].token_credential != NULL)
				rc = read_token(s, "token of a stream",
				    c->tenants[i].feeds[j].token_credential, e);
	for (size_t i = 0; i < c->policy.nendpoints && rc == 0; i++)
		if (c->policy.endpoints[i].credential != NULL)
			rc = read_token(s, "key of an endpoint",
			    c->policy.endpoints[i].credential, e);
	return rc;
}

/* A key in the state folder (the default) is the engine's own: it makes it at its first
 * start, and nobody else has to know it. */
static bool
is_engines_own(const struct conf *c)
{
	size_t n = strlen(c->state_dir);

	return c->ledger.key_credential != NULL &&
	       strncmp(c->ledger.key_credential, c->state_dir, n) == 0 &&
	       c->ledger.key_credential[n] == '/';
}

/* The configured user, if we may choose. */
static int
find_user(struct setup *s, struct err *e)
{
	const char *user = s->conf->user, *group = s->conf->group;
	struct passwd *pw;
	struct group *gr;

	if (geteuid() != 0)
		return 0;
	if (user == NULL) {
		log_warn("conf", "started by root and no `user' is configured: roles "
				 "keep user id 0 (without capabilities)");
		return 0;
	}
	pw = getpwnam(user);
	if (pw == NULL)
		return err_set(e, TOSD_ENOENT, "user %s does not exist", user);
	s->become = true;
	s->uid = pw->pw_uid;
	s->gid = pw->pw_gid;
	if (group == NULL)
		return 0;
	gr = getgrnam(group);
	if (gr == NULL)
		return err_set(e, TOSD_ENOENT, "group %s does not exist", group);
	s->gid = gr->gr_gid;
	return 0;
}

/* Roles run as another user, who cannot make folders in /var/lib. */
static int
make_dir(const struct setup *s, const char *path, mode_t mode, struct err *e)
{
	int rc = file_mkdirs(path, mode, e);

	if (rc == 0 && s->become && chown(path, s->uid, s->gid) != 0)
		rc = err_sys(e, "cannot give folder %s to the user of the roles", path);
	return rc;
}

static int
finish(struct setup *s, struct err *e)
{
	const struct conf *c = s->conf;
	int rc = 0;

	if (!is_engines_own(c))
		rc =
		    read_secret("ledger key", c->ledger.key_credential, &s->log_key, e);
	if (rc == 0)
		rc = read_secret("SMTP password", c->courier.password_credential,
		    &s->smtp_password, e);
	if (rc == 0)
		rc = find_user(s, e);
	if (rc == 0)
		rc = make_dir(s, c->state_dir, 0700, e);
	return rc != 0 ? rc : make_dir(s, c->run_dir, 0755, e);
}

/* While the tenants are still known. */
static int
check_files(struct setup *s, char **why, struct err *e)
{
	int rc = conf_check_files(s->conf, note_mistake, why);

	if (rc == 0 && (rc = read_tokens(s, e)) != 0)
		note(why, e->text);
	return rc;
}

struct setup *
setup_read(const char *conf_path, char **why)
{
	struct setup *s = xcalloc(1, sizeof(*s));
	struct conf_sources sources = {0};
	struct err e = ERR_INIT;
	int rc;

	rc = conf_sources_read(conf_path, &sources, &e);
	if (rc != 0) {
		note(why, e.text);
		goto out;
	}
	rc = conf_parse(&sources, note_mistake, why, &s->conf);
	if (rc != 0)
		goto out;
	for (size_t i = 0; i < s->conf->nsimulate; i++)
		log_warn("conf", "simulate: %s is made on purpose; not for production",
		    s->conf->simulate[i]);
	conf_sources_put(&s->sources, &sources);
	conf_sources_put_blind(&s->blind, &sources);
	rc = check_files(s, why, &e);
	if (rc != 0)
		goto out;
	s->ntenants = s->conf->ntenants;
	conf_lean(s->conf, CONF_TENANTS_NONE);
	rc = finish(s, &e);
	if (rc != 0)
		note(why, e.text);
out:
	conf_sources_clear(&sources);
	if (rc != 0)
		setup_free(&s);
	return s;
}

static void
wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_free(b);
}

void
setup_free(struct setup **sp)
{
	struct setup *s = *sp;

	if (s == NULL)
		return;
	conf_free(&s->conf);
	buf_free(&s->sources);
	buf_free(&s->blind);
	wipe(&s->log_key);
	wipe(&s->smtp_password);
	for (size_t i = 0; i < s->ntokens; i++) {
		free(s->tokens[i].name);
		wipe(&s->tokens[i].bytes);
	}
	free(s->tokens);
	free(s);
	*sp = NULL;
}
