/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_tenant: proposals for tenants.d, from a site (add) or from a list (import).
 * Nothing is written without --write, and no file is ever replaced.
 */
#include "tosctl/tosctl_tenant.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/option.h"
#include "conf/conf_value.h"
#include "tosctl/tenant_find.h"
#include "tosctl/tenant_import.h"

#define LIST_MAX ((size_t)32 << 20) /* bytes of a file to import */
#define ALLOW_MAX 16

enum { DONE = 0, NEGATIVE = 1, USAGE = 2, CANNOT = 3 };

struct args {
	const char *conf, *id, *name, *contact, *manager, *contract;
	const char *allow[ALLOW_MAX];
	size_t nallow;
	enum import_by by;
	bool by_given; /* --by was there */
	bool json, write, all, read, help;
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"write", no_argument, NULL, 'w'},
    {"allow", required_argument, NULL, 'a'},
    {"id", required_argument, NULL, 'i'},
    {"name", required_argument, NULL, 'n'},
    {"contact", required_argument, NULL, 'C'},
    {"manager", required_argument, NULL, 'm'},
    {"contract", required_argument, NULL, 'k'},
    {"all", no_argument, NULL, 'A'},
    {"by", required_argument, NULL, 'b'},
    {"check", no_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int
usage(FILE *to)
{
	fputs("usage: tosctl tenant add [OPTIONS] [--all] URL\n"
	      "       tosctl tenant import [OPTIONS] [--by list|host|one] [--check] "
	      "FILE\n"
	      "options: -c FILE  --json  --write  --allow RANGE  --id ID  --name NAME\n"
	      "         --contact MAIL  --manager MAIL  --contract TEXT\n",
	    to);
	return to == stdout ? DONE : USAGE;
}

static bool
read_by(const char *word, enum import_by *by)
{
	static const char *const words[] = {"list", "host", "one"};

	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*by = (enum import_by)i;
			return true;
		}
	return false;
}

static bool
read_args(int argc, char **argv, struct args *a)
{
	const char **const texts[256] = {['c'] = &a->conf,
	    ['i'] = &a->id,
	    ['n'] = &a->name,
	    ['C'] = &a->contact,
	    ['m'] = &a->manager,
	    ['k'] = &a->contract};
	bool *const flags[256] = {['j'] = &a->json,
	    ['w'] = &a->write,
	    ['A'] = &a->all,
	    ['r'] = &a->read,
	    ['h'] = &a->help};
	int c;

	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:jh", options)) != -1) {
		if (c == '?' || c > 255)
			return false;
		if (texts[c] != NULL)
			*texts[c] = optarg;
		else if (flags[c] != NULL)
			*flags[c] = true;
		else if (c == 'a' && a->nallow < ALLOW_MAX)
			a->allow[a->nallow++] = optarg;
		else if (c != 'b' || !read_by(optarg, &a->by))
			return false;
		a->by_given |= c == 'b';
	}
	return a->help || argc - optind == 2;
}

/* Words for what is wrong with values that go into the file as they are; NULL: fine. */
static const char *
wrong_arg(const struct args *a, const char **which)
{
	const struct {
		const char *name, *value;
		const char *(*check)(const char *);
	} rows[] = {
	    {"--id", a->id, conf_value_id},
	    {"--name", a->name, conf_value_text},
	    {"--contact", a->contact, conf_value_mail},
	    {"--manager", a->manager, conf_value_mail},
	    {"--contract", a->contract, conf_value_text},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why =
		    rows[i].value != NULL ? rows[i].check(rows[i].value) : NULL;

		*which = rows[i].name;
		if (why != NULL)
			return why;
	}
	return NULL;
}

static int
open_onboard(const struct args *a, struct onboard **o)
{
	struct err e = ERR_INIT;

	if (onboard_new(o, a->conf, &e) != 0) {
		onboard_complain("%s", e.text);
		return CANNOT;
	}
	for (size_t i = 0; i < a->nallow; i++)
		if (!onboard_allow(*o, a->allow[i])) {
			onboard_complain("%s is no address range", a->allow[i]);
			onboard_free(o);
			return USAGE;
		}
	if (a->write && onboard_conf_path(*o) == NULL) {
		onboard_complain("--write needs the configuration: -c FILE");
		onboard_free(o);
		return CANNOT;
	}
	return DONE;
}

/* --- what comes out --- */

static void
settle(char **have, const char *given, bool force)
{
	if (given != NULL && (force || *have == NULL)) {
		free(*have);
		*have = xstrdup(given);
	}
}

static int
write_out(const struct onboard *o, const char *name, const struct buf *text, bool quiet)
{
	struct err e = ERR_INIT;
	char *path = NULL;
	int rc;

	if (proposals_check(o, name, text->data, false) > 0) {
		onboard_complain(
		    "the configuration would not take it; nothing written");
		return NEGATIVE;
	}
	rc = proposals_write(o, name, text, &path, &e);
	if (rc != 0)
		onboard_complain("%s", e.text);
	else if (!quiet)
		onboard_say("written: %s; it counts from the next reload on", path);
	free(path);
	return rc == 0 ? DONE : rc == TOSD_EEXIST ? NEGATIVE : CANNOT;
}

/* Prints or writes; the file's name is that of the list or of the only tenant. */
static int
put_out(const struct args *a, const struct onboard *o, const struct proposals *p,
    const char *name, const char *about)
{
	struct buf text = {0};
	size_t mistakes;
	int rc = DONE;

	proposals_text(p, o, about, &text);
	if (a->json)
		proposals_json(p);
	else if (!a->write)
		fwrite(text.data, 1, text.len, stdout);
	if (a->write) {
		rc = write_out(o, name, &text, a->json);
	} else if ((mistakes = proposals_check(o, name, text.data, true)) > 0) {
		onboard_complain("%zu thing%s in it to be filled in or changed before "
				 "the configuration takes it",
		    mistakes, mistakes == 1 ? "" : "s");
	}
	buf_free(&text);
	return rc;
}

/* Feeds that some tenant has already. */
static void
warn_known(const struct onboard *o, const struct proposal *p)
{
	const struct conf *c = onboard_conf(o);

	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t t = 0; t < c->ntenants && p->feeds[i].chosen; t++)
			for (size_t f = 0; f < c->tenants[t].nfeeds; f++)
				if (strcmp(c->tenants[t].feeds[f].url,
					p->feeds[i].url) == 0)
					onboard_complain("%s is watched already, as a "
							 "feed of tenant `%s'",
					    p->feeds[i].url, c->tenants[t].id);
}

/* --- add --- */

/* With no_answer it is told there, and nothing else is said, if nobody answers. */
static int
add(const struct args *a, struct onboard *o, const char *url, bool *no_answer)
{
	struct proposals all = {0};
	struct proposal *p = proposals_add(&all);
	struct tenant_finding found;
	char now[CLOCK_TEXT], *about;
	int rc;

	tenant_find(o, url, a->all, p, &found);
	if (no_answer != NULL && (*no_answer = found.no_answer)) {
		free(found.words);
		proposals_clear(&all);
		return NEGATIVE;
	}
	settle(&p->id, a->id, true);
	settle(&p->name, a->name, true);
	settle(&p->contact, a->contact, true);
	settle(&p->manager, a->manager, true);
	settle(&p->contract, a->contract, true);
	about = xasprintf("Proposed by tosctl tenant add for %s, %.10s.\n%s"
			  "Look at every line before you use it.",
	    url, clock_format(clock_now(), now), found.words);
	if (proposal_chosen(p) == 0) {
		onboard_complain("no feed was found at %s", url);
		if (a->json)
			proposals_json(&all);
		for (char *s = strtok(found.words, "\n"); s != NULL;
		     s = strtok(NULL, "\n"))
			onboard_complain("%s", s);
		for (size_t i = 0; i < p->nfeeds; i++)
			onboard_complain("%s: %.*s", p->feeds[i].url,
			    (int)strcspn(p->feeds[i].about, "\n"), p->feeds[i].about);
		if (!found.no_answer && !found.own_fault)
			onboard_complain(
			    "Ask the tenant for the address of its feed, and "
			    "try it with `tosctl feed check URL'.");
		rc = found.own_fault ? CANNOT : NEGATIVE;
	} else {
		warn_known(o, p);
		rc = put_out(a, o, &all, p->id, about);
	}
	free(about);
	free(found.words);
	proposals_clear(&all);
	return rc;
}

/* People write hosts as they say them: https is tried for them, then http. */
static int
run_add(const struct args *a, const char *word)
{
	bool guessed = strstr(word, "://") == NULL, no_answer = false;
	char *url = xasprintf("%s%s", guessed ? "https://" : "", word), *plain;
	const char *why = conf_value_url(url);
	struct onboard *o;
	int rc;

	if (why != NULL) {
		onboard_complain("%s %s", word, why);
		free(url);
		return USAGE;
	}
	rc = open_onboard(a, &o);
	if (rc == DONE) {
		rc = add(a, o, url, guessed ? &no_answer : NULL);
		if (no_answer) {
			plain = xasprintf("http://%s", word);
			onboard_complain("%s does not answer; trying %s", url, plain);
			rc = add(a, o, plain, NULL);
			free(plain);
		}
		onboard_free(&o);
	}
	free(url);
	return rc;
}

/* --- import --- */

static int
by_line(const void *a, const void *b)
{
	const struct roster_refused *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static void
tell_refused(const char *file, struct roster *r)
{
	if (r->nrefused > 0)
		qsort(r->refused, r->nrefused, sizeof(*r->refused), by_line);
	for (size_t i = 0; i < r->nrefused; i++)
		onboard_complain(
		    "%s:%zu: %s", file, r->refused[i].line, r->refused[i].why);
	if (r->folded > 0)
		onboard_complain("%s: %zu line%s said what an earlier one said", file,
		    r->folded, r->folded == 1 ? "" : "s");
	if (r->truncated)
		onboard_complain(
		    "%s: longer than the limit of %d rows", file, ROSTER_ROWS);
}

/* "dir/My List.opml" to "my-list". */
static char *
list_id(const char *file)
{
	char *copy = xstrdup(file), *base = basename(copy), *dot = strrchr(base, '.');
	char *id;

	if (dot != NULL && dot != base)
		*dot = '\0';
	id = proposal_id(base);
	free(copy);
	if (id[0] != '\0')
		return id;
	free(id);
	return xstrdup("imported");
}

static int
import_rows(
    const struct args *a, struct onboard *o, const char *file, const struct buf *body)
{
	enum roster_kind kind = roster_kind(body->data, body->len);
	char now[CLOCK_TEXT], *about, *id = list_id(file);
	struct proposals all = {0};
	struct roster r;
	const char *why = NULL;
	bool ok = kind == ROSTER_OPML ? roster_opml(&r, body->data, body->len, &why)
				      : roster_csv(&r, body->data, body->len, &why);
	int rc = NEGATIVE;

	if (ok)
		tenant_import(&r, kind, a->by, a->id != NULL ? a->id : id,
		    a->read ? o : NULL, &all);
	else
		onboard_complain("%s: %s", file, why);
	tell_refused(file, &r);
	for (size_t i = 0; i < all.n; i++) {
		settle(&all.v[i].contact, a->contact, false);
		settle(&all.v[i].manager, a->manager, false);
		settle(&all.v[i].contract, a->contract, false);
		if (a->by == IMPORT_BY_ONE)
			settle(&all.v[i].name, a->name, true);
		warn_known(o, &all.v[i]);
	}
	about = xasprintf("Proposed by tosctl tenant import for %s, %.10s.\n"
			  "%zu tenant%s; %zu line%s of it refused, %zu folded.\n"
			  "Look at every line before you use it.",
	    file, clock_format(clock_now(), now), all.n, all.n == 1 ? "" : "s",
	    r.nrefused, r.nrefused == 1 ? "" : "s", r.folded);
	if (all.n > 0)
		rc = put_out(a, o, &all, a->id != NULL ? a->id : id, about);
	else if (ok)
		onboard_complain("%s: no feed in it", file);
	free(about);
	free(id);
	proposals_clear(&all);
	roster_clear(&r);
	return rc;
}

static int
run_import(const struct args *a, const char *file)
{
	struct buf body = {0};
	struct err e = ERR_INIT;
	struct onboard *o;
	int rc = strcmp(file, "-") == 0
		     ? file_read_fd(STDIN_FILENO, "standard input", LIST_MAX, &body, &e)
		     : file_read(file, LIST_MAX, &body, &e);

	if (rc != 0) {
		onboard_complain("%s", e.text);
		buf_free(&body);
		return CANNOT;
	}
	buf_reserve(&body, 0);
	rc = open_onboard(a, &o);
	if (rc == DONE) {
		rc = import_rows(a, o, file, &body);
		onboard_free(&o);
	}
	buf_free(&body);
	return rc;
}

/* What would be ignored would be believed. */
static bool
fits(const struct args *a, bool adds)
{
	const struct {
		const char *name;
		bool given, adds;
	} rows[] = {{"all", a->all, true}, {"by", a->by_given, false},
	    {"check", a->read, false}};
	bool good = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].given && rows[i].adds != adds) {
			onboard_complain("tenant %s: there is no option --%s here",
			    adds ? "add" : "import", rows[i].name);
			good = false;
		}
	return good;
}

int
tosctl_tenant(int argc, char **argv)
{
	bool adds;
	struct args a = {0};
	const char *which, *why;

	if (!read_args(argc, argv, &a))
		return usage(stderr);
	if (a.help)
		return usage(stdout);
	why = wrong_arg(&a, &which);
	if (why != NULL) {
		onboard_complain("%s %s", which, why);
		return USAGE;
	}
	adds = strcmp(argv[optind], "add") == 0;
	if (!adds && strcmp(argv[optind], "import") != 0)
		return usage(stderr);
	if (!fits(&a, adds))
		return USAGE;
	return adds ? run_add(&a, argv[optind + 1]) : run_import(&a, argv[optind + 1]);
}
