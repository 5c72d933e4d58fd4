/* SPDX-License-Identifier: Apache-2.0 */
/* plugin: the gate for shared objects; see plugin.h. */
#include "policy/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define OBJECT_MAX (256u << 20) /* bytes of a plugin's file */
#define SCHEMA_MAX 64

struct policy_plugin {
	char *name, *path;
	char digest[DIGEST_HEX];
	void *handle;
	const struct tosd_policy *table;
	struct tosd_str *settings; /* one for each row of the schema; ptr owned */
	size_t nsettings;
};

static const struct {
	uint32_t bit;
	const char *name;
} needs[] = {
    {TOSD_NEED_TEXT, "text"},
    {TOSD_NEED_LINKS, "links"},
    {TOSD_NEED_AUTHOR, "author"},
    {TOSD_NEED_TENANT, "tenant"},
    {TOSD_NEED_SETS, "sets"},
    {TOSD_NEED_MEDIA, "media"},
    {TOSD_NEED_ASK, "ask"},
    {TOSD_NEED_FOUND, "found"},
};
#define NNEEDS (sizeof(needs) / sizeof(needs[0]))

uint32_t
policy_need_parse(const char *name)
{
	for (size_t i = 0; i < NNEEDS; i++)
		if (strcmp(needs[i].name, name) == 0)
			return needs[i].bit;
	return 0;
}

uint32_t
policy_need_all(void)
{
	uint32_t all = 0;

	for (size_t i = 0; i < NNEEDS; i++)
		all |= needs[i].bit;
	return all;
}

const char *
policy_need_names(uint32_t bits, char out[96])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < NNEEDS; i++) {
		if (bits & needs[i].bit)
			n += snprintf(
			    out + n, 96 - n, "%s%s", n > 0 ? ", " : "", needs[i].name);
		bits &= ~needs[i].bit;
	}
	if (bits != 0)
		snprintf(out + n, 96 - n, "%sunknown 0x%x", n > 0 ? ", " : "", bits);
	return out;
}

/* Who else could have written this file?  A plugin is code that runs with our rights.
 */
static int
check_owner(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, TOSD_EDENIED,
		    "%s: not a plain file; install the object"
		    " itself",
		    path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, TOSD_EDENIED,
		    "%s: owned by uid %ld; must be root's or "
		    "that of the running user: chown root",
		    path, (long)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, TOSD_EDENIED,
		    "%s: others may write it (mode %04o); "
		    "chmod go-w",
		    path, (unsigned)st->st_mode & 07777);
	return 0;
}

/* Checks the file, leaves its digest and what stat says of it. */
static int
read_object(struct policy_plugin *p, struct stat *st, struct err *e)
{
	int fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc;
	struct buf b = {0};

	if (fd < 0 && errno == ELOOP)
		return err_set(
		    e, TOSD_EDENIED, "%s: a symlink; name the object itself", p->path);
	if (fd < 0) {
		rc = errno == ENOENT ? TOSD_ENOENT : TOSD_EIO;
		err_sys(e, "cannot open %s", p->path);
		if (e != NULL)
			e->code = rc;
		return rc;
	}
	rc = fstat(fd, st) != 0 ? err_sys(e, "cannot stat %s", p->path)
				: check_owner(p->path, st, e);
	if (rc == 0)
		rc = file_read_fd(fd, p->path, OBJECT_MAX, &b, e);
	if (rc == 0)
		digest_hex_of(b.data, b.len, p->digest);
	buf_free(&b);
	close(fd);
	return rc;
}

/* The symbol must be data, and large enough for the size that it claims. */
static int
check_symbol(const struct policy_plugin *p, const struct tosd_policy *t, struct err *e)
{
	const ElfW(Sym) *sym = NULL;
	Dl_info info;

	if (dladdr1(t, &info, (void **)&sym, RTLD_DL_SYMENT) == 0 || sym == NULL ||
	    ELF64_ST_TYPE(sym->st_info) != STT_OBJECT ||
	    sym->st_size < offsetof(struct tosd_policy, name) || t->size > sym->st_size)
		return err_set(e, TOSD_EINVAL,
		    "%s: its symbol tosd_policy is not the table"
		    " of <tosd/policy.h>; make it with TOSD_POLICY()",
		    p->path);
	if (t->abi_major != TOSD_ABI_MAJOR)
		return err_set(e, TOSD_EINVAL,
		    "%s: made for version %u.%u of the plugin "
		    "interface, this is %d.%d; build it anew",
		    p->path, t->abi_major, t->abi_minor, TOSD_ABI_MAJOR,
		    TOSD_ABI_MINOR);
	if (t->size < offsetof(struct tosd_policy, close))
		return err_set(e, TOSD_EINVAL,
		    "%s: its table is %zu bytes, at least %zu "
		    "are needed; make it with TOSD_POLICY()",
		    p->path, t->size, offsetof(struct tosd_policy, close));
	return 0;
}

static bool
good_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 64 && s[0] >= 'a' && s[0] <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static int
check_table(const struct policy_plugin *p, const struct conf_plugin *c, struct err *e)
{
	const struct tosd_policy *t = p->table;
	char names[96];

	if (t->open == NULL || t->check == NULL || t->name == NULL ||
	    t->version == NULL || !good_name(t->name))
		return err_set(e, TOSD_EINVAL,
		    "%s: name, version, open and check are "
		    "mandatory (name is [a-z][a-z0-9-]*)",
		    p->path);
	if (TOSD_HAS(t, nschema) && (t->nschema > SCHEMA_MAX || t->schema == NULL))
		return err_set(e, TOSD_EINVAL,
		    "%s: a schema of %zu settings, at most %d", p->path, t->nschema,
		    SCHEMA_MAX);
	if (t->needs & ~c->grant)
		return err_set(e, TOSD_EDENIED,
		    "plugin `%s' (%s:%d) needs %s, which is not "
		    "granted; add it to `grant', or remove the plugin",
		    p->name, c->file ? c->file : "-", c->line,
		    policy_need_names(t->needs & ~c->grant, names));
	return 0;
}

/* The linker keeps what it has mapped, so we must know that it was what we hashed. */
static int
map_object(struct policy_plugin *p, const struct stat *before, struct err *e)
{
	struct stat after;
	const char *why;

	dlerror();
	p->handle = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
	if (p->handle == NULL)
		return err_set(e, TOSD_EIO, "%s: %s", p->path,
		    (why = dlerror()) != NULL ? why : "cannot be loaded");
	if (lstat(p->path, &after) != 0 || after.st_ino != before->st_ino ||
	    after.st_dev != before->st_dev || after.st_size != before->st_size ||
	    after.st_ctim.tv_sec != before->st_ctim.tv_sec ||
	    after.st_ctim.tv_nsec != before->st_ctim.tv_nsec)
		return err_set(e, TOSD_EDENIED,
		    "%s: changed while it was loaded; try again", p->path);
	p->table = dlsym(p->handle, "tosd_policy");
	if (p->table == NULL)
		return err_set(e, TOSD_EINVAL,
		    "%s: exports no symbol tosd_policy; it is no"
		    " policy plugin",
		    p->path);
	return check_symbol(p, p->table, e);
}

/* NULL, or what the value must be. */
static const char *
wrong_type(enum tosd_type type, const char *v)
{
	char *end;

	errno = 0;
	switch (type) {
	case TOSD_STRING:
		return NULL;
	case TOSD_INTEGER:
		(void)strtoll(v, &end, 10);
		return *v == '\0' || *end != '\0' || errno ? "a whole number" : NULL;
	case TOSD_NUMBER:
		(void)strtod(v, &end);
		return *v == '\0' || *end != '\0' || errno ? "a number" : NULL;
	case TOSD_BOOL:
		return strcmp(v, "true") && strcmp(v, "false") ? "true or false" : NULL;
	}
	return "of a type that this host knows";
}

static const char *
find_setting(const struct conf_setting *v, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].key, key) == 0)
			return v[i].value;
	return NULL;
}

static int
check_unknown(const struct policy_plugin *p, const struct conf_plugin *c, struct err *e)
{
	for (size_t i = 0; i < c->nsettings; i++) {
		bool known = false;
		struct buf b = {0};

		for (size_t k = 0; k < p->nsettings; k++) {
			const char *key = p->table->schema[k].key;

			known = known || strcmp(key, c->settings[i].key) == 0;
			buf_printf(&b, "%s%s", k > 0 ? ", " : "", key);
		}
		if (!known)
			err_set(e, TOSD_EINVAL,
			    "plugin `%s' (%s:%d) has no setting `%s'; it "
			    "has: %s",
			    p->name, c->file ? c->file : "-", c->line,
			    c->settings[i].key, b.len > 0 ? b.data : "none");
		buf_free(&b);
		if (!known)
			return TOSD_EINVAL;
	}
	return 0;
}

static int
fill_settings(struct policy_plugin *p, const struct conf_plugin *c,
    const struct conf_setting *extra, size_t nextra, struct err *e)
{
	const struct tosd_policy *t = p->table;
	size_t n = TOSD_HAS(t, nschema) ? t->nschema : 0;

	p->settings = xcalloc(n + 1, sizeof(*p->settings));
	for (size_t i = 0; i < n; i++) {
		const struct tosd_setting *row = &t->schema[i];
		const char *v, *must;

		if (row->key == NULL || row->doc == NULL)
			return err_set(e, TOSD_EINVAL,
			    "%s: row %zu of its schema lacks key "
			    "or doc",
			    p->path, i);
		v = find_setting(c->settings, c->nsettings, row->key);
		v = v ? v : find_setting(extra, nextra, row->key);
		v = v ? v : row->preset;
		if (v == NULL)
			return err_set(e, TOSD_EINVAL,
			    "plugin `%s' (%s:%d) wants the "
			    "setting `%s': %s",
			    p->name, c->file ? c->file : "-", c->line, row->key,
			    row->doc);
		must = wrong_type(row->type, v);
		if (must != NULL)
			return err_set(e, TOSD_EINVAL,
			    "plugin `%s' (%s:%d): setting `%s' "
			    "must be %s, not \"%s\"",
			    p->name, c->file ? c->file : "-", c->line, row->key, must,
			    v);
		p->settings[i] = (struct tosd_str){xstrdup(v), strlen(v)};
		p->nsettings = i + 1;
	}
	return check_unknown(p, c, e);
}

int
policy_plugin_load(const struct conf_plugin *c, const struct conf_setting *extra,
    size_t nextra, struct policy_plugin **out, struct err *e)
{
	struct policy_plugin *p = xcalloc(1, sizeof(*p));
	struct stat st;
	int rc;

	*out = NULL;
	p->name = xstrdup(c->name);
	p->path =
	    c->path ? xstrdup(c->path) : xasprintf(TOSD_PLUGINDIR "/%s.so", c->name);
	/* dlopen() searches for names without a slash. */
	if (strchr(p->path, '/') == NULL) {
		char *path = xasprintf("./%s", p->path);

		free(p->path);
		p->path = path;
	}
	if ((rc = read_object(p, &st, e)) == 0 && (rc = map_object(p, &st, e)) == 0 &&
	    (rc = check_table(p, c, e)) == 0 &&
	    (rc = fill_settings(p, c, extra, nextra, e)) == 0)
		*out = p;
	else
		policy_plugin_free(&p);
	return rc;
}

void
policy_plugin_free(struct policy_plugin **pp)
{
	struct policy_plugin *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->nsettings; i++)
		free((char *)p->settings[i].ptr);
	free(p->settings);
	if (p->handle != NULL)
		dlclose(p->handle);
	free(p->name);
	free(p->path);
	free(p);
}

const char *
policy_plugin_name(const struct policy_plugin *p)
{
	return p->name;
}

const struct tosd_policy *
policy_plugin_table(const struct policy_plugin *p)
{
	return p->table;
}

const char *
policy_plugin_digest(const struct policy_plugin *p)
{
	return p->digest;
}

const struct tosd_str *
policy_plugin_settings(const struct policy_plugin *p)
{
	return p->settings;
}

uint32_t
policy_plugin_granted(const struct policy_plugin *p)
{
	return p->table->needs;
}
