/* SPDX-License-Identifier: Apache-2.0 */
/* classifier_rows: see classifier_rows.h. */
#include "tosctl/classifier_rows.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/line.h"
#include "base/text.h"
#include "policy/fusion.h"
#include "policy/host.h"
#include "tosctl/places.h"
#include "tosctl/tosctl_scan.h"

#define FILE_MAX ((size_t)512 << 20)
#define LINE_LIMIT ((size_t)8 << 20)
#define TEXT_LIMIT ((size_t)1 << 20) /* more of a post is never judged */
#define ROWS_MAX 5000000
#define NAME_MAX_ 64 /* bytes of a source or category */

/* Names go to terminals and cards as they are. */
static bool
is_name(const json_t *o)
{
	char shown[NAME_MAX_ * 8 + 1];
	size_t n = json_string_length(o);

	return o == NULL ||
	       (json_is_string(o) && n <= NAME_MAX_ &&
		   text_escape(shown, sizeof(shown), json_string_value(o), n) == n);
}

/* NULL, or why the line is no row. */
static const char *
add_row(struct train *t, const json_t *o, char **category)
{
	const json_t *text = json_object_get(o, "text"),
		     *label = json_object_get(o, "label"),
		     *source = json_object_get(o, "source"),
		     *kind = json_object_get(o, "category"),
		     *fold = json_object_get(o, "fold"),
		     *weight = json_object_get(o, "weight");
	double w = weight != NULL ? json_number_value(weight) : 1;
	json_int_t l = json_is_true(label)	? 1
		       : json_is_false(label)	? 0
		       : json_is_integer(label) ? json_integer_value(label)
						: -1;

	if (!json_is_string(text))
		return "no `text'";
	if (json_string_length(text) == 0)
		return "`text' is empty";
	if (json_string_length(text) > TEXT_LIMIT)
		return "`text' is longer than 1 MiB, which is as much as is ever "
		       "judged";
	if (json_string_length(text) != strlen(json_string_value(text)))
		return "a NUL in `text'";
	if (l != 0 && l != 1)
		return "`label' must be 0 or 1";
	if (!is_name(source) || !is_name(kind))
		return "`source' and `category' must be strings of at most 64 bytes, "
		       "without control characters";
	if (fold != NULL && (!json_is_integer(fold) || json_integer_value(fold) < -1 ||
				json_integer_value(fold) >= FOLDS))
		return "`fold' must be -1 to 4";
	if ((weight != NULL && !json_is_number(weight)) || !(w >= 0 && w <= 100))
		return "`weight' must be 0 to 100";
	if (t->n >= ROWS_MAX)
		return "more than 5,000,000 rows";
	train_add(t, json_string_value(text), json_string_length(text), (int)l, w,
	    source != NULL ? json_string_value(source) : "unnamed",
	    fold != NULL ? (int)json_integer_value(fold) : -1);
	*category = xstrdup(kind != NULL ? json_string_value(kind) : "");
	return NULL;
}

static int
read_lines(struct train *t, const char *path, struct buf *b, struct rows_file *out,
    struct err *e)
{
	size_t line = 0;

	for (size_t i = line_mark(b->data, b->len), end; i < b->len; i = end + 1) {
		const char *nl = memchr(b->data + i, '\n', b->len - i), *why;
		char *category = NULL;
		json_error_t je;
		json_t *o;

		end = nl != NULL ? (size_t)(nl - b->data) : b->len;
		line++;
		if (strspn(b->data + i, " \t\r") >= end - i)
			continue;
		o = NULL;
		if (end - i <= LINE_LIMIT)
			o = json_loadb(
			    b->data + i, end - i, JSON_REJECT_DUPLICATES, &je);
		why = end - i > LINE_LIMIT ? "the line is longer than 8 MiB"
		      : o == NULL	   ? line_why(je.text)
		      : !json_is_object(o) ? "not a JSON object"
					   : add_row(t, o, &category);
		json_decref(o);
		if (why != NULL)
			return err_set(e, TOSD_EINVAL, "%s:%zu: %s", path, line, why);
		out->categories = xrealloc(
		    out->categories, (out->card.rows + 1) * sizeof(*out->categories));
		out->categories[out->card.rows++] = category;
		out->card.positive += (size_t)t->v[t->n - 1].label;
	}
	return 0;
}

int
rows_read(struct train *t, const char *path, struct rows_file *out, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct buf b = {0};
	int rc = file_read(path, FILE_MAX, &b, e);

	memset(out, 0, sizeof(*out));
	out->card.name = xstrdup(slash != NULL ? slash + 1 : path);
	out->first = t->n;
	if (rc == 0) {
		mem_sha256(b.len > 0 ? b.data : "", b.len, out->card.digest);
		buf_reserve(&b, 1)[0] = '\0';
		rc = read_lines(t, path, &b, out, e);
	}
	if (rc == 0 && out->card.rows == 0)
		rc = err_set(e, TOSD_EINVAL, "%s: not one row in it", path);
	buf_free(&b);
	return rc;
}

void
rows_clear(struct rows_file *f)
{
	for (size_t i = 0; i < f->card.rows; i++)
		free(f->categories[i]);
	free(f->categories);
	free((char *)f->card.name);
	memset(f, 0, sizeof(*f));
}

/* What was not judged to its end has what was found until then. */
static void
note_lack(struct rows_lack *lack, size_t row, const char *why)
{
	if (lack->n++ > 0)
		return;
	lack->first = row;
	snprintf(lack->why, sizeof(lack->why), "%s", why);
}

static double
find_one(struct policy_host *h, const struct train *t, size_t row, const char *category,
    struct rows_lack *lack)
{
	struct finding *v = NULL;
	char *degraded = NULL;
	struct item it;
	uint32_t n = 0;
	double best;

	item_init(&it);
	it.text = xstrdup(t->v[row].text);
	policy_host_check(h, "", &it, CLOCK_NONE, &v, &n, &degraded);
	best = policy_fusion_enforced(v, n, category, 0, 0);
	if (degraded != NULL)
		note_lack(lack, row, degraded);
	for (uint32_t i = 0; i < n; i++)
		finding_clear(&v[i]);
	free(v);
	free(degraded);
	item_clear(&it);
	return best;
}

/* The first pack that is refused. */
static void
note_refused(void *ctx, const char *text)
{
	char **first = ctx;

	if (*first == NULL)
		*first = xstrdup(text);
}

int
rows_find(const struct train *t, const char *policies, const char *category,
    double *found, struct rows_lack *lack,
    void (*progress)(void *ctx, size_t done, size_t of), void *ctx, struct err *e)
{
	struct conf_plugin plugin = {.name = "rules",
	    .path = places_rules(),
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_SETS,
	    .file = "command line"};
	struct conf_policy policy = {
	    .plugins = &plugin, .nplugins = 1, .packs_dir = policies};
	char *refused = NULL;
	struct policy_options o = {.conf = &policy,
	    .report = note_refused,
	    .ctx = &refused,
	    .note = scan_say_nothing};
	struct policy_host *h = NULL;
	int rc = policy_host_new(&o, &h, e);

	/* Rules that are not there find nothing, and would be held to be worth nothing.
	 */
	if (rc == 0 && refused != NULL)
		rc = err_set(e, TOSD_EINVAL, "not all rules can be asked: %s", refused);
	free(refused);
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		found[i] = t->v[i].made ? -1 : find_one(h, t, i, category, lack);
		if (i % 256 == 0)
			progress(ctx, i, t->n);
	}
	policy_host_free(&h);
	return rc;
}
