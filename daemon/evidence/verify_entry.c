/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_entry: what an entry says: its number, its time, the file it commits to, the
 * entry of its case that it follows.
 *
 * An entry that is known to be changed is read all the same, quietly, so that its
 * file does not look forgotten and its case does not look broken.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "evidence/place.h"
#include "evidence/salted.h"
#include "evidence/verify_in.h"

/* One entry being read. */
struct entry {
	struct verify *v;
	uint64_t index;
	bool sure;
	const json_t *json;
	char bundle[VERIFY_FILE];
};

static void
say(const struct entry *en, const char *what)
{
	if (en->sure)
		verify_say(en->v, (int64_t)en->index, en->bundle, true, "%s", what);
}

static const char *
text_of(const struct entry *en, const char *name)
{
	return json_string_value(json_object_get(en->json, name));
}

static bool
hex_ok(const char *s)
{
	return s != NULL && strlen(s) == DIGEST_HEX - 1 &&
	       strspn(s, "0123456789abcdef") == DIGEST_HEX - 1;
}

void
verify_doubt(struct verify *v, const uint8_t leaf[DIGEST_LEN])
{
	if (v->ndoubts < VERIFY_DOUBTS)
		memcpy(v->doubts[v->ndoubts++], leaf, DIGEST_LEN);
}

static bool
doubted(const struct verify *v, const uint8_t leaf[DIGEST_LEN])
{
	if (v->ndoubts == VERIFY_DOUBTS)
		return true;
	for (size_t i = 0; i < v->ndoubts; i++)
		if (memcmp(v->doubts[i], leaf, DIGEST_LEN) == 0)
			return true;
	return false;
}

/* --- form, number, time */

static bool
one_line(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20)
			return false;
	return n > 0 && s[0] == '{' && s[n - 1] == '}';
}

static void
check_form(const struct entry *en)
{
	const json_t *seq = json_object_get(en->json, "seq");
	const char *t = text_of(en, "t"), *kind = text_of(en, "kind");
	int64_t when = t != NULL ? clock_parse(t) : CLOCK_NONE;

	if (!json_is_integer(seq) || json_integer_value(seq) < 0 ||
	    (uint64_t)json_integer_value(seq) != en->index)
		say(en, "the entry's \"seq\" is not its number in the log");
	if (kind == NULL || kind[0] == '\0')
		say(en, "the entry has no \"kind\"");
	if (when == CLOCK_NONE || t[strlen(t) - 1] != 'Z') {
		say(en, "the entry's \"t\" is no RFC 3339 time in UTC");
		return;
	}
	if (!en->sure)
		return;
	if (en->v->last_t != CLOCK_NONE && when < en->v->last_t)
		say(en, "the entry's time is before that of the entry before it");
	else
		en->v->last_t = when;
}

/* --- cases */

static void
check_case(const struct entry *en, const uint8_t leaf[DIGEST_LEN])
{
	static const uint8_t none[DIGEST_LEN];
	const json_t *name = json_object_get(en->json, "case");
	const char *prev = text_of(en, "prev");
	uint8_t *last, want[DIGEST_LEN], has[DIGEST_LEN];
	bool is_new;

	if (name == NULL)
		return;
	if (!json_is_string(name) || !hex_ok(prev) ||
	    !digest_unhex(prev, has, sizeof(has))) {
		say(en, "an entry of a case needs the case's name and \"prev\", the "
			"hash of "
			"the case's entry before it");
		return;
	}
	if (!en->sure) {
		verify_doubt(en->v, leaf);
		return;
	}
	last = table_put(&en->v->cases, json_string_value(name), &is_new);
	memcpy(want, is_new ? none : last, sizeof(want));
	memcpy(last, leaf, DIGEST_LEN);
	if (memcmp(want, has, sizeof(want)) != 0 && !doubted(en->v, has))
		say(en,
		    "the chain of its case is broken: \"prev\" is not the hash of the "
		    "case's entry before it");
}

/* --- files */

static bool
is_there(const struct verify *v, const char *rel)
{
	char *path = xasprintf("%s/%s", v->o->dir, rel);
	struct stat st;
	bool yes = lstat(path, &st) == 0;

	free(path);
	return yes;
}

static void
note_missing(const struct entry *en, const char *rel)
{
	struct verify_missing *m;
	bool is_new;

	m = table_put(&en->v->missing, rel, &is_new);
	if (is_new)
		*m = (struct verify_missing){xstrdup(rel), en->index};
}

/* The file against the commitment; names the one of file and salt that was changed. */
static void
check_bytes(const struct entry *en, const char *rel, const char *commit, uint64_t bytes)
{
	struct verify *v = en->v;
	char hex[DIGEST_HEX], *salt = xasprintf("%s" PLACE_SALT, rel);
	struct err why = ERR_INIT;
	uint64_t size = 0;
	int rc = salted_commit(v->o->dir, rel, hex, &size, &why);

	if (en->sure)
		v->r->files_checked++;
	if (!en->sure)
		goto out;
	if (rc == TOSD_ENOENT && !is_there(v, rel))
		note_missing(en, rel);
	else if (rc == TOSD_ENOENT)
		verify_say(
		    v, (int64_t)en->index, salt, true, "the file's salt is missing");
	else if (rc != 0)
		verify_say(v, (int64_t)en->index,
		    rc == TOSD_ETAMPER && salted_salt_broken(v->o->dir, rel) ? salt
									     : rel,
		    !verify_denied(v, rel) && !verify_denied(v, salt), "%s", why.text);
	else if (size != bytes)
		verify_say(v, (int64_t)en->index, rel, true,
		    "the file has %llu bytes, the entry says %llu",
		    (unsigned long long)size, (unsigned long long)bytes);
	else if (strcmp(hex, commit) != 0 && salted_salt_broken(v->o->dir, rel))
		verify_say(v, (int64_t)en->index, salt, true,
		    "the salt was changed, so the commitment does not hold");
	else if (strcmp(hex, commit) != 0)
		verify_say(v, (int64_t)en->index, rel, true,
		    "the file is not what the entry committed to");
out:
	free(salt);
}

static void
check_file(const struct entry *en)
{
	const json_t *file = json_object_get(en->json, "file");
	const json_t *bytes = json_object_get(en->json, "bytes");
	const char *rel = json_string_value(file), *commit = text_of(en, "commit");
	uint8_t d[DIGEST_LEN], *known;
	bool is_new;

	if (file == NULL)
		return;
	if (rel == NULL || !place_rel_ok(rel)) {
		say(en, "the entry names a file that cannot be a kept one");
		return;
	}
	if (!hex_ok(commit) || !digest_unhex(commit, d, sizeof(d)) ||
	    !json_is_integer(bytes) || json_integer_value(bytes) < 0) {
		say(en, "the entry names a file without \"commit\" and \"bytes\"");
		return;
	}
	known = table_put(&en->v->files, rel, &is_new);
	/* Many entries cite one file: once is enough for the same commitment. */
	if (!is_new && memcmp(known, d, en->v->files.value) == 0)
		return;
	if (en->sure)
		memcpy(known, d, en->v->files.value);
	check_bytes(en, rel, commit, (uint64_t)json_integer_value(bytes));
}

static void
check_erasure(const struct entry *en)
{
	const char *kind = text_of(en, "kind"), *rel = text_of(en, "erased");
	struct verify_missing *m;

	if (kind == NULL || strcmp(kind, "erasure") != 0 || !en->sure)
		return;
	if (rel == NULL || !place_rel_ok(rel)) {
		say(en, "the erasure does not say which kept file was erased");
		return;
	}
	if (table_get(&en->v->files, rel) == NULL) {
		if (!en->v->unread)
			say(en, "the erasure is of a file that no entry before it "
				"committed to");
		return;
	}
	if (is_there(en->v, rel)) {
		/* The entry comes first, so a crash can leave the file. */
		verify_say(en->v, (int64_t)en->index, rel, false,
		    "the entry says that the file was erased, but it is still there");
		return;
	}
	m = table_get(&en->v->missing, rel);
	if (m == NULL || m->rel == NULL)
		return;
	free(m->rel);
	m->rel = NULL;
	en->v->r->erased++;
}

void
verify_entry(struct verify *v, uint64_t index, const char *entry, size_t n,
    const uint8_t leaf[DIGEST_LEN], bool sure)
{
	struct entry en = {.v = v, .index = index, .sure = sure};
	unsigned width = tile_width(TILE_ENTRIES, index / TILE_WIDTH, v->head.size);
	char name[TILE_NAME];
	json_error_t why;
	json_t *j;

	snprintf(en.bundle, sizeof(en.bundle), "%s%s", v->prefix,
	    tile_name(TILE_ENTRIES, index / TILE_WIDTH, width, name));
	j = one_line(entry, n) ? json_loadb(entry, n, JSON_REJECT_DUPLICATES, &why)
			       : NULL;
	if (j == NULL) {
		say(&en, "the entry is not one JSON object on one line");
		if (!sure)
			verify_doubt(v, leaf);
		return;
	}
	en.json = j;
	check_form(&en);
	check_case(&en, leaf);
	check_file(&en);
	check_erasure(&en);
	json_decref(j);
}

void
verify_entries_end(struct verify *v)
{
	const struct verify_missing *m;
	size_t at = 0;
	/* One accusation a fault: the erasure may be what was changed.  And a running
	 * daemon may have erased the file since. */
	bool unsure = v->unread || (v->live && verify_grown(v));

	while ((m = table_each(&v->missing, &at)) != NULL)
		if (m->rel != NULL)
			verify_say(v, (int64_t)m->index, m->rel, !unsure,
			    "the file is missing, and no %s says that it was erased",
			    unsure ? "entry that could be read" : "entry");
}
