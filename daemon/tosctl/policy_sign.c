/* SPDX-License-Identifier: Apache-2.0 */
/* policy_sign: see policy_sign.h. */
#include "tosctl/policy_sign.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/text.h"
#include "evidence/note.h"
#include "ipc/msg.h"
#include "tosctl/output_file.h"
#include "tosctl/tell_key.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static int
fail(const struct err *e)
{
	complain("tosctl: %s", e->text);
	return EXIT_CANNOT;
}

int
policy_keygen(const char *name, const char *path)
{
	struct err e = ERR_INIT;
	struct note_key *k = NULL;
	char *vkey;
	int rc = EXIT_DONE;

	if (note_key_new(name, &k, &e) != 0) {
		fail(&e);
		rc = e.code == TOSD_EINVAL ? EXIT_USAGE : EXIT_CANNOT;
	} else if (note_key_save(k, path, &e) != 0) {
		rc = fail(&e);
	} else {
		vkey = note_key_vkey(k);
		rc = tell_key(vkey, path);
		free(vkey);
	}
	note_key_free(&k);
	return rc;
}

int
policy_sign_note(struct policy_signed *s, const struct note_key *k, const char *what,
    const char *name, const char *digest, const char *file)
{
	char *path = xasprintf("%s.sig", file);
	char *body = xasprintf("%s\n%s\n%s\n", what, name, digest);
	struct err e = ERR_INIT;
	struct buf note = {0};
	int rc = EXIT_DONE;

	if (output_file_check(path, false, NULL, 0, &e) != 0 ||
	    note_sign(k, body, strlen(body), &note, &e) != 0) {
		rc = fail(&e);
		free(path);
		buf_free(&note);
	} else {
		s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
		s->v[s->n++] = (struct output_file){path, note.data, note.len};
	}
	free(body);
	return rc;
}

int
policy_sign_write(const struct policy_signed *s)
{
	struct err e = ERR_INIT;

	if (output_file_write_all(s->v, s->n, &e) != 0)
		return fail(&e);
	for (size_t i = 0; i < s->n; i++) {
		struct buf shown = {0};

		text_escape_buf(&shown, s->v[i].path, strlen(s->v[i].path));
		printf("%s\n", shown.data);
		buf_free(&shown);
	}
	return EXIT_DONE;
}

void
policy_sign_clear(struct policy_signed *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].path);
		free(s->v[i].data);
	}
	free(s->v);
	*s = (struct policy_signed){0};
}

int
policy_sign_key(const char *file, struct note_key **k)
{
	struct err e = ERR_INIT;

	if (note_key_load(file, k, &e) != 0)
		return fail(&e);
	if (note_key_secret(*k))
		return EXIT_DONE;
	complain("tosctl: %s has no secret key", file);
	note_key_free(k);
	return EXIT_CANNOT;
}

struct signing {
	const struct note_key *k;
	const char *dir;
	char **wanted;
	struct policy_signed made;
};

/* The signature says what the plugin asks: see plugins/README. */
static int
sign_pack(struct signing *x, const char *name, const char *digest)
{
	char *pack = xasprintf("%s/%s.conf", x->dir, name);
	int rc = EXIT_CANNOT;

	if (access(pack, R_OK) != 0)
		complain("tosctl: to be signed, the pack `%s' must be the file %s",
		    name, pack);
	else
		rc = policy_sign_note(
		    &x->made, x->k, "tosd rule pack", name, digest, pack);
	free(pack);
	return rc;
}

static bool
is_wanted(const char *name, size_t n, char **wanted)
{
	if (*wanted == NULL)
		return true;
	for (; *wanted != NULL; wanted++)
		if (strlen(*wanted) == n && memcmp(*wanted, name, n) == 0)
			return true;
	return false;
}

static bool
of_pack(const char *rule, const char *name, size_t n)
{
	return strncmp(rule, name, n) == 0 && rule[n] == '/';
}

/* Of a pack of which nothing but retired rules is left there is no other one. */
static bool
is_there(const struct msg_rules *r, const char *name, size_t n, uint32_t nretired)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (of_pack(r->v[i].rule, name, n))
			return true;
	for (uint32_t i = 0; i < nretired; i++)
		if (of_pack(r->retired[i].rule, name, n))
			return true;
	return false;
}

/* Before the first is signed: a name that is wrong signs nothing. */
static int
are_there(const struct msg_rules *r, const char *dir, char **wanted)
{
	int rc = EXIT_DONE;

	for (; *wanted != NULL; wanted++) {
		if (is_there(r, *wanted, strlen(*wanted), r->nretired))
			continue;
		complain("tosctl: there is no pack `%s' in %s%s", *wanted, dir,
		    strchr(*wanted, '.') != NULL
			? ": name it as `pack.name' does, without "
			  "its file's ending"
			: "");
		rc = EXIT_CANNOT;
	}
	return rc;
}

/* The pack of this rule, if it is wanted. */
static int
sign_wanted(struct signing *x, const char *rule, const char *digest)
{
	size_t n = strcspn(rule, "/");
	char *name;
	int rc;

	if (!is_wanted(rule, n, x->wanted))
		return EXIT_DONE;
	name = xstrndup(rule, n);
	rc = sign_pack(x, name, digest);
	free(name);
	return rc;
}

/* Each pack once: its rules stand together. */
static int
sign_all(struct signing *x, const struct msg_rules *r)
{
	const char *before = "/";
	int rc = EXIT_DONE;

	for (uint32_t i = 0; i < r->n && rc == EXIT_DONE; i++) {
		if (!of_pack(r->v[i].rule, before, strcspn(before, "/")))
			rc = sign_wanted(x, r->v[i].rule, r->v[i].pack);
		before = r->v[i].rule;
	}
	for (uint32_t i = 0; i < r->nretired && rc == EXIT_DONE; i++) {
		const struct msg_retired *v = &r->retired[i];

		if (!is_there(r, v->rule, strcspn(v->rule, "/"), i))
			rc = sign_wanted(x, v->rule, v->pack);
	}
	return rc;
}

int
policy_sign_packs(
    const struct note_key *k, const struct msg_rules *r, const char *dir, char **wanted)
{
	struct signing x = {.k = k, .dir = dir, .wanted = wanted};
	int rc = are_there(r, dir, wanted);

	if (rc == EXIT_DONE)
		rc = sign_all(&x, r);
	if (rc == EXIT_DONE && x.made.n == 0) {
		complain("tosctl: there are no packs in %s", dir);
		rc = EXIT_CANNOT;
	}
	if (rc == EXIT_DONE)
		rc = policy_sign_write(&x.made);
	policy_sign_clear(&x.made);
	return rc;
}
