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
#include "base/file.h"
#include "evidence/note.h"
#include "ipc/msg.h"
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
policy_sign_note(const struct note_key *k, const char *what, const char *name,
    const char *digest, const char *file)
{
	char *path = xasprintf("%s.sig", file);
	char *body = xasprintf("%s\n%s\n%s\n", what, name, digest);
	struct err e = ERR_INIT;
	struct buf note = {0};
	int rc = EXIT_DONE;

	if (note_sign(k, body, strlen(body), &note, &e) != 0 ||
	    file_write(path, note.data, note.len, 0644, FILE_NOSYNC, &e) != 0)
		rc = fail(&e);
	else
		printf("%s\n", path);
	buf_free(&note);
	free(body);
	free(path);
	return rc;
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

/* The signature says what the plugin asks: see plugins/README. */
static int
sign_pack(
    const struct note_key *k, const char *dir, const char *name, const char *digest)
{
	char *pack = xasprintf("%s/%s.conf", dir, name);
	int rc = EXIT_CANNOT;

	if (access(pack, R_OK) != 0)
		complain("tosctl: to be signed, the pack `%s' must be the file %s",
		    name, pack);
	else
		rc = policy_sign_note(k, "tosd rule pack", name, digest, pack);
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
sign_wanted(const struct note_key *k, const char *dir, const char *rule,
    const char *digest, char **wanted, size_t *done)
{
	size_t n = strcspn(rule, "/");
	char *name;
	int rc;

	if (!is_wanted(rule, n, wanted))
		return EXIT_DONE;
	name = xstrndup(rule, n);
	rc = sign_pack(k, dir, name, digest);
	free(name);
	++*done;
	return rc;
}

/* Each pack once: its rules stand together. */
int
policy_sign_packs(
    const struct note_key *k, const struct msg_rules *r, const char *dir, char **wanted)
{
	const char *before = "/";
	size_t done = 0;
	int rc = are_there(r, dir, wanted);

	for (uint32_t i = 0; i < r->n && rc == EXIT_DONE; i++) {
		if (!of_pack(r->v[i].rule, before, strcspn(before, "/")))
			rc = sign_wanted(
			    k, dir, r->v[i].rule, r->v[i].pack, wanted, &done);
		before = r->v[i].rule;
	}
	for (uint32_t i = 0; i < r->nretired && rc == EXIT_DONE; i++) {
		const struct msg_retired *x = &r->retired[i];

		if (!is_there(r, x->rule, strcspn(x->rule, "/"), i))
			rc = sign_wanted(k, dir, x->rule, x->pack, wanted, &done);
	}
	if (rc == EXIT_DONE && done == 0) {
		complain("tosctl: there are no packs in %s", dir);
		rc = EXIT_CANNOT;
	}
	return rc;
}
