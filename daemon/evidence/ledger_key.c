/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_key: the log's signing key is a note key that can sign; see ledger.h. */
#include <stdlib.h>
#include <string.h>

#include "evidence/ledger_in.h"

static int
key_wrap(struct note_key *note, int rc, struct ledger_key **out, struct err *e)
{
	*out = NULL;
	if (rc != 0)
		return rc;
	if (!note_key_secret(note)) {
		note_key_free(&note);
		return err_set(e, TOSD_EINVAL,
		    "this is the public key of the log; signing needs the secret one");
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->note = note;
	return 0;
}

int
ledger_key_new(const char *origin, struct ledger_key **out, struct err *e)
{
	struct note_key *note = NULL;
	int rc = note_key_new(origin, &note, e);

	return key_wrap(note, rc, out, e);
}

int
ledger_key_parse(const char *text, struct ledger_key **out, struct err *e)
{
	struct note_key *note = NULL;
	size_t n = strlen(text);
	char *copy;
	int rc;

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	copy = xstrndup(text, n);
	rc = note_key_parse(copy, &note, e);
	explicit_bzero(copy, n);
	free(copy);
	return key_wrap(note, rc, out, e);
}

int
ledger_key_load(const char *path, struct ledger_key **out, struct err *e)
{
	struct note_key *note = NULL;
	int rc = note_key_load(path, &note, e);

	return key_wrap(note, rc, out, e);
}

int
ledger_key_save(const struct ledger_key *k, const char *path, struct err *e)
{
	return note_key_save(k->note, path, e);
}

char *
ledger_key_text(const struct ledger_key *k)
{
	return note_key_text(k->note);
}

char *
ledger_key_vkey(const struct ledger_key *k)
{
	return note_key_vkey(k->note);
}

void
ledger_key_free(struct ledger_key **k)
{
	if (*k == NULL)
		return;
	note_key_free(&(*k)->note);
	free(*k);
	*k = NULL;
}
