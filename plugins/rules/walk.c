/* SPDX-License-Identifier: Apache-2.0 */
/* walk: strict reading of libconfig settings; see walk.h. */
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
walk_bad(struct walk *k, const config_setting_t *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (config_setting_source_line(s) == 0) /* the file as a whole */
		return why_set(k->w, "%s: %s", k->file, text);
	return why_set(k->w, "%s:%u: %s", k->file, config_setting_source_line(s), text);
}

int
walk_keys(struct walk *k, const config_setting_t *s, const char *const *known)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(m);
		struct sb all = {0};
		int j = 0, rc;

		while (known[j] != NULL && strcmp(known[j], name) != 0)
			j++;
		if (known[j] != NULL)
			continue;
		for (j = 0; known[j] != NULL; j++)
			sb_printf(&all, "%s%s", j > 0 ? ", " : "", known[j]);
		rc = walk_bad(
		    k, m, "unknown key `%.40s'; known here: %s", name, all.data);
		sb_free(&all);
		return rc;
	}
	return 0;
}

int
walk_string(struct walk *k, const config_setting_t *s, const char *key, bool must,
    size_t max, const char **out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	*out = NULL;
	if (m == NULL)
		return must
			   ? walk_bad(k, s, "`%s' is missing here; it is a string", key)
			   : 0;
	*out = config_setting_get_string(m);
	if (*out == NULL || **out == '\0')
		return walk_bad(k, m, "`%s' must be a string that is not empty", key);
	if (strlen(*out) > max)
		return walk_bad(k, m, "`%s' is longer than %zu bytes", key, max);
	return 0;
}

int
walk_int(struct walk *k, const config_setting_t *s, const char *key, int low, int high,
    int *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	if (m == NULL)
		return 0;
	if (config_setting_type(m) != CONFIG_TYPE_INT ||
	    config_setting_get_int(m) < low || config_setting_get_int(m) > high)
		return walk_bad(
		    k, m, "`%s' must be a whole number from %d to %d", key, low, high);
	*out = config_setting_get_int(m);
	return 0;
}

int
walk_number(struct walk *k, const config_setting_t *s, const char *key, double low,
    double high, double *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	double v;

	if (m == NULL)
		return 0;
	v = config_setting_type(m) == CONFIG_TYPE_INT ? config_setting_get_int(m)
						      : config_setting_get_float(m);
	if (!config_setting_is_number(m) || !(v >= low && v <= high))
		return walk_bad(
		    k, m, "`%s' must be a number from %g to %g", key, low, high);
	*out = v;
	return 0;
}

int
walk_bool(struct walk *k, const config_setting_t *s, const char *key, bool *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);

	if (m == NULL)
		return 0;
	if (config_setting_type(m) != CONFIG_TYPE_BOOL)
		return walk_bad(k, m, "`%s' must be true or false", key);
	*out = config_setting_get_bool(m);
	return 0;
}

int
walk_choice(struct walk *k, const config_setting_t *s, const char *key,
    const char *const *names, int *out)
{
	const config_setting_t *m = config_setting_get_member(s, key);
	const char *v = m != NULL ? config_setting_get_string(m) : NULL;
	struct sb all = {0};
	int rc;

	if (m == NULL)
		return 0;
	for (int i = 0; names[i] != NULL; i++)
		if (v != NULL && strcmp(names[i], v) == 0) {
			*out = i;
			return 0;
		}
	for (int i = 0; names[i] != NULL; i++)
		sb_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
	rc = walk_bad(k, m, "`%s' must be one of: %s", key, all.data);
	sb_free(&all);
	return rc;
}

int
walk_list(struct walk *k, const config_setting_t *s, const char *key, int max,
    config_setting_t **out)
{
	config_setting_t *m = config_setting_get_member(s, key);

	*out = m;
	if (m == NULL)
		return 0;
	if (!config_setting_is_list(m) && !config_setting_is_array(m))
		return walk_bad(k, m, "`%s' must be a list: [ ... ] or ( ... )", key);
	if (config_setting_length(m) > max)
		return walk_bad(k, m, "`%s' has %d entries, at most %d are allowed",
		    key, config_setting_length(m), max);
	return 0;
}

int
walk_group(
    struct walk *k, const config_setting_t *s, const char *key, config_setting_t **out)
{
	config_setting_t *m = config_setting_get_member(s, key);

	*out = m;
	if (m != NULL && !config_setting_is_group(m))
		return walk_bad(k, m, "`%s' must be a group: { ... }", key);
	return 0;
}
