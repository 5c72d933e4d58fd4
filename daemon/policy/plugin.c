/* SPDX-License-Identifier: Apache-2.0 */
/* plugin: the gate for shared objects; see plugin.h. */
#include "policy/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#define OBJECT_MAX (256u << 20) /* bytes of a plugin's file */
#define SCHEMA_MAX 64
#define KEY_MAX 64
#define VERSION_MAX 64

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

/* Digits, with a sign and a point where they may be: what strtod() takes beyond that
 * (nan, 0x1p-1, blanks, the point of a language) is a slip of the hand, or not the same
 * everywhere. */
static bool
plain_number(const char *v, bool whole)
{
	size_t before, after = 0, n;

	v += *v == '-';
	before = strspn(v, "0123456789");
	v += before;
	if (*v == '.' && !whole) {
		after = strspn(v + 1, "0123456789");
		v += 1 + after;
	}
	if (before + after == 0)
		return false;
	if ((*v == 'e' || *v == 'E') && !whole) {
		v += 1 + (v[1] == '-' || v[1] == '+');
		n = strspn(v, "0123456789");
		if (n == 0)
			return false;
		v += n;
	}
	return *v == '\0';
}

/* Its value is for the plugin to read; here only whether there is one, and where a
 * number ends is the same in all locales. */
static bool
number_fits(const char *v)
{
	double value = strtod(v, NULL);

	return value > -HUGE_VAL && value < HUGE_VAL;
}

/* NULL, or what the value must be. */
static const char *
wrong_type(enum tosd_type type, const char *v)
{
	switch (type) {
	case TOSD_STRING:
		return NULL;
	case TOSD_INTEGER:
		errno = 0;
		if (plain_number(v, true))
			(void)strtoll(v, NULL, 10);
		return plain_number(v, true) && errno == 0 ? NULL : "a whole number";
	case TOSD_NUMBER:
		return plain_number(v, false) && number_fits(v) ? NULL : "a number";
	case TOSD_BOOL:
		return strcmp(v, "true") && strcmp(v, "false") ? "true or false" : NULL;
	}
	return "of a type that this host knows";
}

int
policy_plugin_refuse(
    const struct conf_plugin *c, struct err *e, int code, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX], where[128] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (c->file != NULL && c->line > 0)
		snprintf(where, sizeof(where), " (%.100s:%d)", c->file, c->line);
	return err_set(e, code, "plugin `%s'%s%s", c->name, where, what);
}

/* What may be shown as it is. */
static bool
good_words(const char *s)
{
	size_t n = strlen(s), i = 0;
	uint32_t cp;

	while (i < n) {
		int len = text_decode(s + i, n - i, &cp);

		if (len == 0 || text_is_control(cp))
			return false;
		i += (size_t)len;
	}
	return true;
}

/* As libconfig reads one. */
static bool
good_key(const char *s)
{
	static const char begin[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*";
	size_t n = strlen(s);

	return n > 0 && n <= KEY_MAX && strchr(begin, s[0]) != NULL &&
	       n == strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*"
			      "0123456789_-");
}

/* NULL, or the first member of the table that is not as it must be. */
static const char *
bad_table(const struct tosd_policy *t)
{
	if (t->name == NULL)
		return "name is missing";
	if (!good_name(t->name))
		return "name must be [a-z][a-z0-9_-]*, at most 63 bytes";
	if (t->version == NULL)
		return "version is missing";
	if (t->version[0] == '\0' || !good_words(t->version) ||
	    strlen(t->version) > VERSION_MAX)
		return "version must be printable, valid UTF-8 and at most 64 bytes";
	if (t->open == NULL)
		return "open() is missing";
	if (t->check == NULL)
		return "check() is missing";
	if (TOSD_HAS(t, nschema) && t->schema == NULL)
		return "nschema counts settings, and schema is NULL";
	return NULL;
}

/* NULL, or what is wrong with a row of the schema, whatever tosd.conf says. */
static const char *
bad_row(const struct tosd_setting *row)
{
	if (row->key == NULL || row->key[0] == '\0')
		return "has no key";
	if (!good_key(row->key))
		return "has a key that no line of tosd.conf could have: a letter, then "
		       "letters, digits, _ and -, at most 64";
	if (row->doc == NULL)
		return "has no doc";
	if (!good_words(row->doc))
		return "has a doc that is not printable UTF-8 of one line";
	if (row->preset != NULL && !text_valid(row->preset, strlen(row->preset)))
		return "has a preset that is not valid UTF-8";
	if ((int)row->type < TOSD_STRING || (int)row->type > TOSD_BOOL)
		return "has a type that this tosd does not know";
	return NULL;
}

static bool
stands_before(const struct tosd_policy *t, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (strcmp(t->schema[i].key, t->schema[row].key) == 0)
			return true;
	return false;
}

static int
check_schema(const struct policy_plugin *p, struct err *e)
{
	const struct tosd_policy *t = p->table;
	const char *bad;

	if (!TOSD_HAS(t, nschema))
		return 0;
	if (t->nschema > SCHEMA_MAX)
		return err_set(e, TOSD_EINVAL,
		    "%s: its schema has %zu settings, at most %d", p->path, t->nschema,
		    SCHEMA_MAX);
	for (size_t i = 0; i < t->nschema; i++) {
		const struct tosd_setting *row = &t->schema[i];
		bool named = row->key != NULL && good_key(row->key);

		bad = bad_row(row);
		if (bad == NULL && stands_before(t, i))
			bad = "stands there twice";
		if (bad != NULL)
			return err_set(e, TOSD_EINVAL,
			    "%s: row %zu of its schema%s%s %s", p->path, i + 1,
			    named ? ", " : "", named ? row->key : "", bad);
		if (row->preset != NULL &&
		    (bad = wrong_type(row->type, row->preset)) != NULL)
			return err_set(e, TOSD_EINVAL,
			    "%s: the preset of `%s' in its schema must be %s, not "
			    "\"%s\"; that is a fault of the plugin",
			    p->path, row->key, bad, row->preset);
	}
	return 0;
}

static int
check_table(const struct policy_plugin *p, const struct conf_plugin *c, struct err *e)
{
	const struct tosd_policy *t = p->table;
	uint32_t unknown = t->needs & ~policy_need_all();
	const char *bad = bad_table(t);
	char names[96];

	if (bad != NULL)
		return err_set(
		    e, TOSD_EINVAL, "%s: its table is wrong: %s", p->path, bad);
	if (unknown != 0)
		return policy_plugin_refuse(c, e, TOSD_EDENIED,
		    " needs something that this tosd doesn't have (%s): it was made "
		    "for "
		    "a newer one",
		    policy_need_names(unknown, names));
	if (t->needs & ~c->grant)
		return policy_plugin_refuse(c, e, TOSD_EDENIED,
		    " needs %s, which is not granted; add it to `grant', or remove the "
		    "plugin",
		    policy_need_names(t->needs & ~c->grant, names));
	return check_schema(p, e);
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

static const char *
find_setting(const struct conf_setting *v, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].key, key) == 0)
			return v[i].value;
	return NULL;
}

/* Mistakes in the settings: all are told, the last one by the error that is returned.
 */
struct told {
	void (*more)(void *ctx, const char *text);
	void *ctx;
	struct err *e;
	int rc;
};

static void
tell(struct told *t, const struct err *e)
{
	if (t->rc != 0 && t->more != NULL && t->e != NULL)
		t->more(t->ctx, t->e->text);
	if ((t->rc == 0 || t->more != NULL) && t->e != NULL)
		*t->e = *e;
	t->rc = e->code;
}

static void
check_unknown(
    const struct policy_plugin *p, const struct conf_plugin *c, struct told *told)
{
	size_t n = TOSD_HAS(p->table, nschema) ? p->table->nschema : 0;
	struct buf b = {0};

	for (size_t k = 0; k < n; k++)
		buf_printf(&b, "%s%s", k > 0 ? ", " : "", p->table->schema[k].key);
	for (size_t i = 0; i < c->nsettings; i++) {
		const char *key = c->settings[i].key;
		struct err e = ERR_INIT;
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(p->table->schema[k].key, key) == 0;
		if (known)
			continue;
		policy_plugin_refuse(c, &e, TOSD_EINVAL,
		    " has no setting `%s'; it has: %s", key,
		    b.len > 0 ? b.data : "none");
		tell(told, &e);
	}
	buf_free(&b);
}

static const char *
value_of(const struct conf_plugin *c, const struct conf_setting *extra, size_t nextra,
    const struct tosd_setting *row)
{
	const char *v = find_setting(c->settings, c->nsettings, row->key);

	v = v != NULL ? v : find_setting(extra, nextra, row->key);
	return v != NULL ? v : row->preset;
}

static int
fill_settings(struct policy_plugin *p, const struct conf_plugin *c,
    const struct conf_setting *extra, size_t nextra, struct told *told)
{
	const struct tosd_policy *t = p->table;
	size_t n = TOSD_HAS(t, nschema) ? t->nschema : 0;

	check_unknown(p, c, told);
	p->settings = xcalloc(n + 1, sizeof(*p->settings));
	p->nsettings = n;
	for (size_t i = 0; i < n; i++) {
		const struct tosd_setting *row = &t->schema[i];
		const char *v = value_of(c, extra, nextra, row), *must;
		struct err e = ERR_INIT;

		if (v == NULL)
			policy_plugin_refuse(c, &e, TOSD_EINVAL,
			    " wants the setting `%s': %s", row->key, row->doc);
		else if ((must = wrong_type(row->type, v)) != NULL)
			policy_plugin_refuse(c, &e, TOSD_EINVAL,
			    ": setting `%s' must be %s, not \"%s\"", row->key, must, v);
		if (e.code != 0)
			tell(told, &e);
		else
			p->settings[i] = (struct tosd_str){xstrdup(v), strlen(v)};
	}
	return told->rc;
}

/* Where its object lies. */
static char *
file_of(const struct conf_plugin *c)
{
	if (c->path == NULL)
		return xasprintf(TOSD_PLUGINDIR "/%s.so", c->name);
	/* dlopen() searches for names without a slash. */
	return strchr(c->path, '/') != NULL ? xstrdup(c->path)
					    : xasprintf("./%s", c->path);
}

int
policy_plugin_load(const struct conf_plugin *c, const struct conf_setting *extra,
    size_t nextra, void (*more)(void *ctx, const char *text), void *ctx,
    struct policy_plugin **out, struct err *e)
{
	struct told told = {more, ctx, e, 0};
	struct policy_plugin *p = xcalloc(1, sizeof(*p));
	struct stat st;
	int rc;

	*out = NULL;
	p->name = xstrdup(c->name);
	p->path = file_of(c);
	if ((rc = read_object(p, &st, e)) == 0 && (rc = map_object(p, &st, e)) == 0 &&
	    (rc = check_table(p, c, e)) == 0 &&
	    (rc = fill_settings(p, c, extra, nextra, &told)) == 0)
		*out = p;
	if (rc != 0 && e != NULL && strncmp(e->text, p->path, strlen(p->path)) == 0) {
		const struct err of = *e; /* what is said of the file alone */

		policy_plugin_refuse(c, e, of.code, ": %s", of.text);
	}
	if (rc != 0)
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

void
policy_plugin_set(struct policy_plugin *p, size_t i, char *value)
{
	free((char *)p->settings[i].ptr);
	p->settings[i] = (struct tosd_str){value, strlen(value)};
}

uint32_t
policy_plugin_granted(const struct policy_plugin *p)
{
	return p->table->needs;
}
