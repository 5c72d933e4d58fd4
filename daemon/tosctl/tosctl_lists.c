/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_lists: list files checked and signed, and files hashed for them; see
 * tosctl_lists.h.  Lists are loaded by the very plugin of the daemon, which says what
 * is wrong with them.
 */
#include "tosctl/tosctl_lists.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tosd/policy.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/engine_json.h"
#include "evidence/note.h"
#include "media/media.h"
#include "policy/host.h"
#include "tosctl/places.h"
#include "tosctl/policy_sign.h"
#include "tosctl/print_json.h"
#include "tosctl/tosctl_policy.h"

#define FILE_MAX_ (256u << 20)
#define PIXELS 100000000 /* the operator's own files */

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

static const char usage[] =
    "usage: tosctl lists status [NAME]\n"
    "       tosctl lists update [NAME]\n"
    "       tosctl lists check [--day YYYY-MM-DD] [--json] [--plugin FILE] FILE...\n"
    "       tosctl lists hash [--json] FILE...\n"
    "       tosctl lists sign --key FILE [--as-is] [--plugin FILE] FILE...\n"
    "status tells of lists that the daemon fetches, update has it ask for them now;\n"
    "check loads lists and says what is wrong with them; hash prints SHA-256, MD5 and "
    "of\n"
    "pictures PDQ with its quality; sign signs lists of which check says nothing, with "
    "--as-is\n"
    "also others, with a key of `policy keygen'.\n";

/* --- check --- */

static void
on_note(void *ctx, const char *text)
{
	const struct policy_told *t = ctx;

	if (!t->quiet)
		policy_tell(t->json, "list", text);
}

static int
open_lists(const struct policy_args *o, const char *files, const char *day,
    struct policy_told *t, struct policy_host **host)
{
	struct conf_setting settings[] = {{"list_files", files}, {"day", day}};
	struct conf_plugin plugin = {.name = "lists",
	    .path = o->plugin,
	    .settings = settings,
	    .nsettings = 2,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_MEDIA,
	    .file = "command line"};
	struct conf_policy policy = {.plugins = &plugin, .nplugins = 1};
	struct policy_options po = {
	    .conf = &policy, .report = policy_tell_problem, .note = on_note, .ctx = t};

	return policy_host_new(&po, host, NULL);
}

/* A file that cannot be read is nothing that was looked at. */
static bool
is_there(const char *file)
{
	struct stat st;

	if (stat(file, &st) != 0 || access(file, R_OK) != 0)
		complain("tosctl: %s: cannot open: %s", file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		complain("tosctl: %s is %s", file,
		    S_ISDIR(st.st_mode) ? "a folder: name the lists in it"
					: "no plain file");
	else
		return true;
	return false;
}

static const char *
day_of(const struct policy_args *o, char today[CLOCK_TEXT])
{
	return o->day != NULL ? o->day : clock_day(clock_now(), today);
}

static int
check(const struct policy_args *o, char **files)
{
	char today[CLOCK_TEXT];
	struct policy_host *host = NULL;
	struct policy_told t = {.plugin = "lists", .json = o->json};
	struct buf paths = {0};
	int rc = EXIT_DONE;

	if (!policy_args_plugin(o))
		return EXIT_CANNOT;
	for (; *files != NULL; files++)
		if (is_there(*files))
			buf_printf(&paths, "%s\n", *files);
		else
			rc = EXIT_CANNOT;
	if (paths.len > 0)
		open_lists(o, paths.data, day_of(o, today), &t, &host);
	policy_host_free(&host);
	buf_free(&paths);
	return rc == EXIT_DONE && t.problems > 0 ? EXIT_NEGATIVE : rc;
}

/* --- hash --- */

static void
print_hashes(const struct media *m, const char *file, bool json)
{
	json_t *o;

	if (!json) {
		struct buf shown = {0};

		text_escape_buf(&shown, file, strlen(file));
		printf("%s %s %s %d %s\n", m->sha256, m->md5,
		    m->pdq[0] != '\0' ? m->pdq : "-", m->quality, shown.data);
		buf_free(&shown);
		return;
	}
	o = json_pack("{so ss ss}", "file", json_repaired(file), "sha256", m->sha256,
	    "md5", m->md5);
	if (m->pdq[0] != '\0') {
		json_object_set_new(o, "pdq", json_string(m->pdq));
		json_object_set_new(o, "quality", json_integer(m->quality));
	} else {
		json_object_set_new(o, "why", json_string(m->why));
	}
	print_json_take(o, 0);
}

static int
hash(const struct policy_args *o, char **files)
{
	int rc = EXIT_DONE;

	for (; *files != NULL; files++) {
		struct err e = ERR_INIT;
		struct buf b = {0};
		struct media m;

		if (file_read(*files, FILE_MAX_, &b, &e) != 0) {
			complain("tosctl: %s", e.text);
			rc = EXIT_CANNOT;
			buf_free(&b);
			continue;
		}
		media_hash(b.data != NULL ? b.data : "", b.len, PIXELS, &m);
		print_hashes(&m, *files, o->json);
		if (m.pdq[0] == '\0') {
			complain("tosctl: %s: no PDQ hash: %s", *files, m.why);
			rc = rc == EXIT_DONE ? EXIT_NEGATIVE : rc;
		}
		buf_free(&b);
	}
	return rc;
}

/* --- sign --- */

/* The one list of the host; its first rule is "list/NAME". */
static int
sign_list(struct policy_signed *made, const struct note_key *k,
    const struct policy_host *host, const char *file)
{
	struct msg m;
	int rc;

	msg_init(&m, MSG_RULES);
	policy_host_rules(host, &m.rules);
	rc = policy_sign_note(made, k, "tosd list", strchr(m.rules.v[0].rule, '/') + 1,
	    m.rules.v[0].pack, file);
	msg_clear(&m);
	return rc;
}

/* Who signs a list stands for all of its lines: none should be one that its readers
 * leave out. */
static int
sign_file(const struct policy_args *o, struct policy_signed *made,
    const struct note_key *k, const char *file)
{
	struct policy_told t = {.plugin = "lists", .quiet = true};
	struct policy_host *host = NULL;
	char today[CLOCK_TEXT];
	int rc = EXIT_NEGATIVE;

	if (!is_there(file) || !policy_args_plugin(o))
		return EXIT_CANNOT;
	if (open_lists(o, file, day_of(o, today), &t, &host) == 0) {
		if (t.problems == 0 || o->as_is)
			rc = sign_list(made, k, host, file);
		else
			complain(
			    "tosctl: nothing is signed: mend %s, or say --as-is", file);
	}
	policy_host_free(&host);
	return rc;
}

/* All are looked at before the first is signed. */
static int
sign(const struct policy_args *o, char **files)
{
	struct policy_signed made = {0};
	struct note_key *k = NULL;
	int rc = policy_sign_key(o->key, &k);

	for (; rc == EXIT_DONE && *files != NULL; files++)
		rc = sign_file(o, &made, k, *files);
	if (rc == EXIT_DONE)
		rc = policy_sign_write(&made);
	policy_sign_clear(&made);
	note_key_free(&k);
	return rc;
}

/* --- the command --- */

static const struct command {
	const char *name, *whole, *takes; /* letters of options */
	int (*run)(const struct policy_args *o, char **files);
} commands[] = {
    {"check", "lists check", "dPj", check},
    {"hash", "lists hash", "j", hash},
    {"sign", "lists sign", "kPa", sign},
};

static int
run(const struct policy_args *o, const struct command *c, char **files)
{
	if (!policy_args_fit(o, c->whole, c->takes))
		return EXIT_USAGE;
	if (*files == NULL)
		complain("tosctl %s: which files?", c->whole);
	else if (c->run == sign && o->key == NULL)
		complain("tosctl lists sign: with which key?  --key FILE");
	else
		return c->run(o, files);
	return EXIT_USAGE;
}

int
tosctl_lists(int argc, char **argv)
{
	struct policy_args o = {.plugin = places_lists()};
	const char *what;

	if (policy_args_read(argc, argv, &o) != 0)
		return EXIT_USAGE; /* which has been said */
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	what = optind < argc ? argv[optind] : "";
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, what) == 0)
			return run(&o, &commands[i], argv + optind + 1);
	if (what[0] != '\0')
		complain("tosctl lists: there is no command `%s'", what);
	fputs(usage, stderr);
	return EXIT_USAGE;
}
