/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_evidence: checking and reading the record from the command line; see
 * tosctl_evidence.h. */
#include "tosctl/tosctl_evidence.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/option.h"
#include "base/text.h"
#include "engine/engine_json.h"
#include "evidence/checkpoint.h"
#include "evidence/ledger.h"
#include "evidence/verify.h"
#include "tosctl/print_json.h"
#include "tosctl/tell_key.h"

#define DEFAULT_STATE "/var/lib/tosd"

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_PART = 2, EXIT_USAGE = 2, EXIT_CANNOT = 3 };

static const char usage_text[] =
    "usage: tosctl evidence verify [--json] [--vkey KEY] [--anchor FILE] [DIR]\n"
    "       tosctl evidence show INDEX [DIR]\n"
    "       tosctl evidence key --new ORIGIN FILE\n"
    "DIR is the daemon's state folder (else $TOSD_STATE, else " DEFAULT_STATE ").\n"
    "verify ends with 0 good, 1 tampered, 2 incomplete but consistent, 3 cannot.\n";

static const char *
state_dir(const char *given)
{
	const char *env = getenv("TOSD_STATE");

	if (given != NULL)
		return given;
	return env != NULL && env[0] != '\0' ? env : DEFAULT_STATE;
}

static int
usage(int code)
{
	fputs(usage_text, stderr);
	return code;
}

static int
help(void)
{
	fputs(usage_text, stdout);
	return EXIT_DONE;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* File names and texts come from disk: escaped before they reach a terminal. */
static char *
safe(const char *s)
{
	struct buf b = {0};

	text_escape_buf(&b, s, strlen(s));
	return buf_take(&b);
}

static int
refuse(const struct err *e, int code)
{
	complain("tosctl: %s", e->text);
	return code;
}

static void
report_json(void *ctx, const struct verify_problem *p)
{
	json_t *j = json_pack("{s:s, s:o, s:o}", "problem",
	    p->tamper ? "tampered" : "incomplete", "file", json_repaired(p->file),
	    "what", json_repaired(p->what));

	(void)ctx;
	if (p->index >= 0)
		json_object_set_new(j, "index", json_integer(p->index));
	print_json_take(j, 0);
}

static void
report_people(void *ctx, const struct verify_problem *p)
{
	char *file = safe(p->file), *what = safe(p->what);

	(void)ctx;
	printf("%-10s %s", p->tamper ? "TAMPERED" : "incomplete", file);
	if (p->index >= 0)
		printf(" (entry %lld)", (long long)p->index);
	printf(": %s\n", what);
	free(file);
	free(what);
}

static void
summary_people(const struct verify_options *o, const struct verify_result *r, int rc)
{
	printf("%s: %llu entries, %llu signed heads, %llu files checked, %llu erased; "
	       "%u problems of tampering, %u of incompleteness\n",
	    rc == 0		 ? "good"
	    : rc == TOSD_ETAMPER ? "TAMPERED"
				 : "incomplete but consistent",
	    (unsigned long long)r->entries, (unsigned long long)r->heads,
	    (unsigned long long)r->files_checked, (unsigned long long)r->erased,
	    r->tampered, r->incomplete);
	if (r->own_key)
		printf(
		    "note: the key came from %s/log.vkey; give one from elsewhere with "
		    "--vkey to exclude a log that was made anew\n",
		    o->dir);
	if (o->anchor == NULL)
		printf("note: without --anchor (a head kept elsewhere) it cannot be "
		       "excluded "
		       "that everything was put back to an older state\n");
}

static void
summary_json(const struct verify_options *o, const struct verify_result *r, int rc)
{
	print_json_take(
	    json_pack("{s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:b, s:b}", "result",
		rc == 0		     ? "good"
		: rc == TOSD_ETAMPER ? "tampered"
				     : "incomplete",
		"entries", (json_int_t)r->entries, "heads", (json_int_t)r->heads,
		"files", (json_int_t)r->files_checked, "erased", (json_int_t)r->erased,
		"tampered", (int)r->tampered, "incomplete", (int)r->incomplete,
		"own_key", (int)r->own_key, "anchored", (int)(o->anchor != NULL)),
	    0);
}

static int
cmd_verify(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
	    {"vkey", required_argument, NULL, 'k'},
	    {"anchor", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'},
	    {0}};
	struct verify_options o = {.report = report_people};
	struct verify_result r;
	struct err e = ERR_INIT;
	bool json = false;
	int c, rc;

	optind = 1;
	while ((c = option_next("tosctl", argc, argv, "h", longs)) != -1) {
		if (c == 'j')
			json = true;
		else if (c == 'k')
			o.vkey = optarg;
		else if (c == 'a')
			o.anchor = optarg;
		else if (c == 'h')
			return help();
		else
			return usage(EXIT_CANNOT);
	}
	if (argc - optind > 1)
		return usage(EXIT_CANNOT);
	o.dir = state_dir(argv[optind]);
	if (json)
		o.report = report_json;
	rc = evidence_verify(&o, &r, &e);
	if (rc != 0 && rc != TOSD_ETAMPER && rc != TOSD_ESTATE)
		return refuse(&e, EXIT_CANNOT);
	if (json)
		summary_json(&o, &r, rc);
	else
		summary_people(&o, &r, rc);
	return rc == 0 ? EXIT_DONE : rc == TOSD_ETAMPER ? EXIT_NO : EXIT_PART;
}

/* Whoever's log it is, it moves no terminal.  JSON on one line stays JSON that says the
 * same. */
static void
print_entry(const struct buf *b)
{
	struct buf shown = {0};
	bool line = true;

	for (size_t i = 0; i < b->len; i++)
		line = line && (unsigned char)b->data[i] >= 0x20;
	if (line)
		text_escape_json(&shown, b->data, b->len);
	else
		text_escape_buf(&shown, b->data, b->len);
	buf_putc(&shown, '\n');
	fwrite(shown.data, 1, shown.len, stdout);
	buf_free(&shown);
}

static int
cmd_show(int argc, char **argv)
{
	struct ledger *l = NULL;
	struct err e = ERR_INIT;
	struct buf b = {0};
	uint64_t index;
	const char *end;
	int rc;

	if (argc < 2 || argc > 3)
		return usage(EXIT_USAGE);
	end = checkpoint_number(argv[1], &index);
	if (end == NULL || *end != '\0')
		return usage(EXIT_USAGE);
	rc = ledger_open(state_dir(argv[2]), NULL, FILE_NOSYNC, &l, &e);
	if (rc == 0)
		rc = ledger_read(l, index, &b, &e);
	if (rc == 0)
		print_entry(&b);
	buf_free(&b);
	ledger_free(&l);
	if (rc != 0)
		refuse(&e, 0);
	return rc == 0					 ? EXIT_DONE
	       : rc == TOSD_ETAMPER || rc == TOSD_ENOENT ? EXIT_NO
							 : EXIT_CANNOT;
}

static int
cmd_key(int argc, char **argv)
{
	struct ledger_key *k = NULL;
	struct err e = ERR_INIT;
	char *vkey;
	int rc;

	if (argc != 4 || strcmp(argv[1], "--new") != 0)
		return usage(EXIT_USAGE);
	rc = ledger_key_new(argv[2], &k, &e);
	if (rc == 0)
		rc = ledger_key_save(k, argv[3], &e);
	if (rc != 0) {
		ledger_key_free(&k);
		return refuse(&e, EXIT_CANNOT);
	}
	/* The public half, for whoever will check: keep it away from this machine. */
	vkey = ledger_key_vkey(k);
	rc = tell_key(vkey, argv[3]);
	free(vkey);
	ledger_key_free(&k);
	return rc;
}

int
tosctl_evidence(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"verify", cmd_verify}, {"show", cmd_show}, {"key", cmd_key}};

	if (argc > 1 && is_help(argv[argc == 3 ? 2 : 1]))
		return help();
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return usage(EXIT_USAGE);
}
