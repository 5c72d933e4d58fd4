/* SPDX-License-Identifier: Apache-2.0 */
/* pack_doc: reading packs as documents; see pack_doc.h. */
#include "tosctl/pack_doc.h"

#include <ctype.h>
#include <dirent.h>
#include <libconfig.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_MAX (16u << 20)
#define DEPTH_MAX 200 /* brackets, those in strings too: no pack comes near */
#define INCLUDES_MAX 20

struct reading {
	const char *dir;
	json_t *pack;
	json_t *included; /* names */
	struct err *e;
};

/* --- text to tree --- */

/* libconfig opens what @include names, and goes as deep as brackets do. */
static int
refuse(const char *path, const char *s, struct err *e)
{
	bool begins = true; /* nothing but blanks in this line yet */
	int depth = 0;

	for (const char *p = s; *p != '\0'; p++) {
		depth += strchr("([{", *p) != NULL;
		depth -= depth > 0 && strchr(")]}", *p) != NULL;
		if (depth > DEPTH_MAX)
			return err_set(e, TOSD_ELIMIT, "%s: too many brackets", path);
		if (begins && strncmp(p, "@include", 8) == 0)
			return err_set(
			    e, TOSD_EINVAL, "%s: @include is not for packs", path);
		begins = *p == '\n' || (begins && (*p == ' ' || *p == '\t'));
	}
	return 0;
}

/* Packs with what is no UTF-8 do not load: here it must not vanish from what is said.
 */
static json_t *
text_of(const char *s, size_t n)
{
	json_t *o = json_stringn(s, n);
	struct buf b = {0};

	if (o != NULL)
		return o;
	text_repair(&b, s, n);
	o = json_stringn(b.data, b.len);
	buf_free(&b);
	return o;
}

static json_t *
value_of(const config_setting_t *s)
{
	json_t *o;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return json_integer(config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		return json_real(config_setting_get_float(s));
	case CONFIG_TYPE_BOOL:
		return json_boolean(config_setting_get_bool(s));
	case CONFIG_TYPE_STRING:
		return text_of(
		    config_setting_get_string(s), strlen(config_setting_get_string(s)));
	case CONFIG_TYPE_GROUP:
		o = json_object();
		for (int i = 0; i < config_setting_length(s); i++) {
			config_setting_t *m = config_setting_get_elem(s, (unsigned)i);

			json_object_set_new(o, config_setting_name(m), value_of(m));
		}
		return o;
	default:
		o = json_array();
		for (int i = 0; i < config_setting_length(s); i++)
			json_array_append_new(
			    o, value_of(config_setting_get_elem(s, (unsigned)i)));
		return o;
	}
}

static int
read_tree(const char *path, json_t **out, struct err *e)
{
	struct buf b = {0};
	config_t cfg;
	int rc = file_read(path, FILE_MAX, &b, e);

	*out = NULL;
	config_init(&cfg);
	if (rc == 0)
		rc = refuse(path, b.data != NULL ? b.data : "", e);
	if (rc == 0 && !config_read_string(&cfg, b.data != NULL ? b.data : ""))
		rc = err_set(e, TOSD_EINVAL, "%s:%d: %s", path, config_error_line(&cfg),
		    config_error_text(&cfg));
	if (rc == 0)
		*out = value_of(config_root_setting(&cfg));
	config_destroy(&cfg);
	buf_free(&b);
	return rc;
}

/* --- tree to document --- */

static bool
good_part(const char *name)
{
	return name != NULL && name[0] != '/' && strstr(name, "..") == NULL;
}

/* One entry a line, # begins a comment: as the plugin reads it. */
static int
add_words(struct reading *r, const char *name, json_t *words)
{
	char *path = xasprintf("%s/%s", r->dir, name);
	struct buf b = {0};
	int rc = file_read(path, FILE_MAX, &b, r->e);

	for (const char *s = b.data; rc == 0 && s != NULL && *s != '\0';) {
		size_t n = strcspn(s, "\n"), len = strcspn(s, "#\r\n");

		while (len > 0 && isspace((unsigned char)s[len - 1]))
			len--;
		if (len > 0)
			json_array_append_new(words, text_of(s, len));
		s += n + (s[n] == '\n');
	}
	buf_free(&b);
	free(path);
	return rc;
}

static int
take_lists(struct reading *r, const json_t *lists)
{
	json_t *to = json_object_get(r->pack, "lists"), *v;
	const char *name;
	int rc = 0;

	json_object_foreach((json_t *)(uintptr_t)lists, name, v)
	{
		json_t *words = json_array(), *o = json_object();
		const char *file = json_string_value(json_object_get(v, "file"));

		json_array_extend(
		    words, json_is_array(v) ? v : json_object_get(v, "words"));
		if (json_object_get(v, "kind") != NULL)
			json_object_set(o, "kind", json_object_get(v, "kind"));
		if (file != NULL && rc == 0)
			rc = good_part(file) ? add_words(r, file, words)
					     : err_set(r->e, TOSD_EINVAL,
						   "list file `%s' must lie under the "
						   "pack's folder",
						   file);
		json_object_set_new(o, "words", words);
		json_object_set_new(to, name, o);
	}
	return rc;
}

static int take_shared(struct reading *r, const json_t *tree);

static int
take_includes(struct reading *r, const json_t *names)
{
	json_t *tree, *v;
	size_t i;
	int rc = 0;

	json_array_foreach(names, i, v)
	{
		const char *name = json_string_value(v);
		char *path;

		if (!good_part(name))
			return err_set(r->e, TOSD_EINVAL,
			    "an included file must lie under the pack's folder");
		if (json_object_get(r->included, name) != NULL)
			continue;
		if (json_object_size(r->included) >= INCLUDES_MAX)
			return err_set(r->e, TOSD_ELIMIT, "too many included files");
		json_object_set_new(r->included, name, json_true());
		path = xasprintf("%s/%s", r->dir, name);
		rc = read_tree(path, &tree, r->e);
		free(path);
		if (rc == 0)
			rc = take_shared(r, tree);
		json_decref(tree);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* What a pack and an included file both may have. */
static int
take_shared(struct reading *r, const json_t *tree)
{
	int rc = take_includes(r, json_object_get(tree, "include"));

	if (rc == 0)
		rc = take_lists(r, json_object_get(tree, "lists"));
	if (rc == 0 && json_is_object(json_object_get(tree, "contexts")))
		json_object_update(json_object_get(r->pack, "contexts"),
		    json_object_get(tree, "contexts"));
	return rc;
}

/* Groups of a list, by a key of theirs. */
static json_t *
by_key(const json_t *list, const char *key, const char *before)
{
	json_t *o = json_object(), *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		const char *id = json_string_value(json_object_get(v, key));
		char *name;

		if (id == NULL)
			continue;
		name = xasprintf("%s%s", before, id);
		json_object_set(o, name, v);
		free(name);
	}
	return o;
}

static int
read_pack(const char *dir, const char *path, json_t *all, struct err *e)
{
	struct reading r = {.dir = dir, .e = e};
	json_t *tree, *head;
	const char *name;
	char *before;
	int rc = read_tree(path, &tree, e);

	if (rc != 0)
		return rc;
	head = json_object_get(tree, "pack");
	name = json_string_value(json_object_get(head, "name"));
	if (name == NULL) {
		json_decref(tree);
		return err_set(e, TOSD_EINVAL, "%s: has no pack.name", path);
	}
	r.pack = json_pack(
	    "{s:O, s:{}, s:{}, s:{}}", "pack", head, "lists", "contexts", "tests");
	r.included = json_object();
	before = xasprintf("%s/", name);
	json_object_set_new(
	    r.pack, "clauses", by_key(json_object_get(tree, "clauses"), "id", ""));
	json_object_set_new(
	    r.pack, "rules", by_key(json_object_get(tree, "rules"), "id", before));
	if (json_is_object(json_object_get(tree, "tests")))
		json_object_set(r.pack, "tests", json_object_get(tree, "tests"));
	rc = take_shared(&r, tree);
	if (rc == 0)
		json_object_set(all, name, r.pack);
	else
		err_wrap(e, "%s", path);
	free(before);
	json_decref(r.pack);
	json_decref(r.included);
	json_decref(tree);
	return rc;
}

static int
is_pack(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

static int
read_folder(const char *dir, json_t *all, struct err *e)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, is_pack, alphasort), rc = 0;

	if (n < 0)
		return err_sys(e, "cannot read %s", dir);
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, v[i]->d_name);

		if (rc == 0)
			rc = read_pack(dir, path, all, e);
		free(path);
		free(v[i]);
	}
	free(v);
	return rc;
}

int
pack_doc_read(const char *path, json_t **out, struct err *e)
{
	struct stat st;
	char *copy;
	int rc;

	*out = json_object();
	if (stat(path, &st) != 0) {
		rc = err_sys(e, "%s", path);
	} else if (S_ISDIR(st.st_mode)) {
		rc = read_folder(path, *out, e);
	} else {
		copy = xstrdup(path);
		rc = read_pack(dirname(copy), path, *out, e);
		free(copy);
	}
	if (rc != 0) {
		json_decref(*out);
		*out = NULL;
	}
	return rc;
}
