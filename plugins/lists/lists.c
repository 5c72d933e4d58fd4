/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists: the plugin that looks the addresses and pictures of an item up in lists.  Each
 * list is a rule, "list/NAME"; what is on it but must not count (disputed, outside of
 * its share, expired, too little to see) is found by "list/NAME/shadow".  The form of a
 * list: tosd-lists(5).
 */
#include <tosd/policy.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fetched.h"
#include "item.h"
#include "kit/day.h"
#include "kit/sign.h"
#include "set.h"

#define BAD_SHOWN 20   /* lines of a list that are told one by one */
#define LACKS_MAX 1000 /* bytes said of lists that are not there */

struct lists {
	const struct tosd_host *host;
	struct set *set;
	struct set_terms terms; /* of lists that are named in no other place */
	int64_t lists_max;
	int64_t load_day;   /* INT64_MIN: not known */
	int64_t day;	    /* INT64_MIN: the load tells of no list that has expired */
	size_t bad;	    /* lines of the list that is being read */
	char *first;	    /* ... and the first of them */
	struct trial trial; /* path NULL: none is tried */
	bool waits;	    /* some list is fetched, and is not there */
	struct sb lacks;    /* the lists that are not loaded, and why */
	struct item_work *work;
	int32_t *rule, *shadow; /* the host's numbers, by list */
	bool *told;		/* that it has expired */
	int64_t next_expiry;
	bool unasked_told;
	struct why why;
};

enum {
	SET_DIR,
	SET_FILES,
	SET_SIGNERS,
	SET_BYTES,
	SET_ENTRIES,
	SET_LISTS,
	SET_SLOW,
	SET_DAY,
	SET_LOAD_DAY,
	SET_FETCHED,
	SET_TRIAL
};
static const struct tosd_setting schema[] = {
    [SET_DIR] = {"lists_dir", TOSD_STRING, "", "folder of lists, *.list"},
    [SET_FILES] = {"list_files", TOSD_STRING, "", "more lists, one path a line"},
    [SET_SIGNERS] = {"signers", TOSD_STRING, "",
	"verifier keys, blanks between; lists signed by none of them are refused; "
	"empty: "
	"signatures are not asked for"},
    [SET_BYTES] = {"file_bytes_max", TOSD_INTEGER, "134217728", "bytes of a list"},
    [SET_ENTRIES] = {"entries_max", TOSD_INTEGER, "5000000", "entries of a list"},
    [SET_LISTS] = {"lists_max", TOSD_INTEGER, "256", "lists that are loaded"},
    [SET_SLOW] = {"slow", TOSD_BOOL, "false",
	"compare each picture with all hashes: the measure of the fast way, for tests"},
    [SET_DAY] = {"day", TOSD_STRING, "",
	"a day, 2027-01-31: say at the start which lists have expired by then, and all "
	"lines that are left out"},
    [SET_LOAD_DAY] = {"load_day", TOSD_STRING, "",
	"given by the daemon: the day of the load; lists that have expired by then are "
	"warned of"},
    [SET_FETCHED] = {"fetched_files", TOSD_STRING, "",
	"given by the daemon: lists that it fetches, a line each: name, path, "
	"signers and `must' or nothing, with tabs between"},
    [SET_TRIAL] = {"trial_file", TOSD_STRING, "",
	"given by the daemon: a new version of one of them, that is tried: name, path, "
	"day, share of entries that it may lose, and `anew' or nothing, with tabs "
	"between; a note that begins with `trial: ' says that it may take the place of "
	"the one in force"},
};

static void
say(struct lists *x, enum tosd_log level, const char *text)
{
	x->host->log(x->host, level, (struct tosd_str){text, strlen(text)});
}

/* --- reading --- */

static void
on_bad(void *ctx, const char *text)
{
	struct lists *x = ctx;

	if (x->bad++ == 0)
		x->first = mem_dup(text, strlen(text));
	if (x->day != INT64_MIN && x->bad <= BAD_SHOWN)
		say(x, TOSD_LOG_PROBLEM, text);
}

/* Lists of others have bad lines now and then: no reason to refuse a configuration. */
static void
say_bad(struct lists *x, const struct list *l)
{
	struct sb b = {0};

	if (x->bad > 0 && x->day == INT64_MIN) {
		sb_printf(&b, "list %s: %zu lines left out, the first: %s", l->name,
		    x->bad, x->first);
		say(x, TOSD_LOG_WARN, b.data);
	} else if (x->bad > BAD_SHOWN) {
		sb_printf(
		    &b, "%s: %zu more lines are left out", l->file, x->bad - BAD_SHOWN);
		say(x, TOSD_LOG_PROBLEM, b.data);
	}
	sb_free(&b);
}

/* On the day of the load, which decides what is told and nothing that is found. */
static void
say_over(struct lists *x, const struct list *l)
{
	bool checked = x->day != INT64_MIN;
	struct sb b = {0};

	if ((checked ? x->day : x->load_day) < l->expires)
		return;
	sb_printf(&b,
	    "%s: the list `%s' expired on %s: what it finds is recorded and does not "
	    "count; get a new one, or take it away",
	    l->file, l->name, l->day);
	say(x, checked ? TOSD_LOG_PROBLEM : TOSD_LOG_WARN, b.data);
	sb_free(&b);
}

static void
say_odd(struct lists *x, const struct list *l)
{
	struct sb b = {0};

	if (l->odd == 0)
		return;
	sb_printf(&b,
	    "%s:%zu: a star inside of an address stands for itself; all that lies "
	    "below is /* at its end (lines with such stars: %zu)",
	    l->file, l->first_odd, l->odd);
	say(x, x->day != INT64_MIN ? TOSD_LOG_PROBLEM : TOSD_LOG_WARN, b.data);
	sb_free(&b);
}

static void
say_list(struct lists *x, const struct list *l)
{
	struct sb b = {0};

	sb_printf(&b, "list %s: ", l->name);
	if (l->version > 0)
		sb_printf(&b, "version %lld, ", (long long)l->version);
	sb_printf(&b, "%zu entries (%s), expires %s, from %s, %s", l->n,
	    list_kind_name(l->kind), l->day, l->source, l->licence);
	say(x, TOSD_LOG_INFO, b.data);
	sb_free(&b);
	say_over(x, l);
	say_odd(x, l);
}

/* A list that is not there finds nothing, which must not look like an item that is on
 * no list: the host lets items wait for it. */
static void
lack(struct lists *x, const char *name, const char *why)
{
	if (x->lacks.len > LACKS_MAX)
		return;
	sb_printf(&x->lacks, "%s%s%s%s", x->lacks.len > 0 ? "; " : "",
	    name != NULL ? name : "", name != NULL ? ": " : "", why);
}

/* The list, if it was taken; x->why: why not. */
static const struct list *
load_one(struct lists *x, const char *path, const struct set_terms *terms,
    enum tosd_log level)
{
	const struct list *l = NULL;

	if ((int64_t)x->set->n >= x->lists_max) {
		why_set(&x->why, "%s: more than %lld lists: it is left out (lists_max)",
		    path, (long long)x->lists_max);
		say(x, level, x->why.text);
		return NULL;
	}
	x->bad = 0;
	if (set_add(x->set, path, terms, on_bad, x, &x->why) != 0) {
		say(x, level, x->why.text);
	} else {
		l = x->set->v[x->set->n - 1];
		say_list(x, l);
		say_bad(x, l);
	}
	free(x->first);
	x->first = NULL;
	return l;
}

/* One that somebody has put there. */
static void
load_local(struct lists *x, const char *path)
{
	if (load_one(x, path, &x->terms, TOSD_LOG_PROBLEM) == NULL)
		lack(x, NULL, x->why.text);
}

static int
is_list(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".list") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
load_folder(struct lists *x, const char *dir)
{
	struct dirent **v = NULL;
	struct stat st;
	int n;

	if (stat(dir, &st) == 0 && st.st_mode & S_IWOTH)
		return why_set(&x->why,
		    "the folder of lists %s may be written by everybody; make it chmod "
		    "o-w",
		    dir);
	n = scandir(dir, &v, is_list, by_name);
	if (n < 0)
		return why_set(&x->why, "cannot read the folder of lists %s: %s", dir,
		    strerror(errno));
	for (int i = 0; i < n; i++) {
		struct sb path = {0};

		sb_printf(&path, "%s/%s", dir, v[i]->d_name);
		load_local(x, path.data);
		sb_free(&path);
		free(v[i]);
	}
	free(v);
	return 0;
}

static void
load_files(struct lists *x, const char *files)
{
	while (*files != '\0') {
		size_t n = strcspn(files, "\n");
		char *path = mem_dup(files, n);

		if (n > 0)
			load_local(x, path);
		free(path);
		files += n + (files[n] == '\n');
	}
}

/* A new version, read whole, beside the one in force. */
static void
try_one(struct lists *x, const struct list *l, const char *old)
{
	struct sb b = {0};
	struct why alone;

	if (trial_judge(&x->trial, l, old, &x->terms.limits, &x->why, &alone) != 0) {
		say(x, TOSD_LOG_PROBLEM, x->why.text);
		return;
	}
	sb_printf(&b, "trial: version %lld, %zu entries, expires %s",
	    (long long)l->version, l->n, l->day);
	if (l->bad > 0)
		sb_printf(&b, ", %zu lines left out", l->bad);
	/* Nobody knows whether it is older, or loses most of the entries. */
	if (alone.text[0] != '\0') {
		why_set(&x->why, "%s; the next version of it is not compared with it",
		    alone.text);
		say(x, TOSD_LOG_WARN, x->why.text);
		sb_puts(
		    &b, ", not compared with the one in force, which cannot be read");
	}
	say(x, TOSD_LOG_INFO, b.data);
	sb_free(&b);
}

/* The version in force.  A damaged one is no reason to refuse anything else: the daemon
 * finds out as well, and fetches it anew. */
static void
load_in_force(struct lists *x, const struct fetched *f)
{
	char digits[FETCHED_DIGITS + 1];
	struct set_terms terms = {x->terms.limits, f->signers, f->name,
	    fetched_digits(f->path, digits) ? digits : NULL};

	if (f->path[0] == '\0')
		lack(x, f->name, "no version of it is there yet");
	else if (load_one(x, f->path, &terms,
		     f->must ? TOSD_LOG_PROBLEM : TOSD_LOG_WARN) == NULL)
		lack(x, f->name, x->why.text);
	else
		return;
	x->waits = true;
}

/* The next one, which must be what was written down. */
static void
load_trial(struct lists *x, const struct fetched *f)
{
	char digits[FETCHED_DIGITS + 1];
	struct set_terms terms = {x->terms.limits, f->signers, f->name,
	    fetched_digits(x->trial.path, digits) ? digits : NULL};
	const struct list *l = load_one(x, x->trial.path, &terms, TOSD_LOG_PROBLEM);

	if (l != NULL)
		try_one(x, l, f->path);
}

static void
load_fetched(struct lists *x, const char *lines)
{
	struct fetched f;

	while (fetched_next(&lines, &f)) {
		if (x->trial.path == NULL || strcmp(x->trial.name, f.name) != 0)
			load_in_force(x, &f);
		else
			load_trial(x, &f);
		fetched_clear(&f);
	}
}

static int
load(struct lists *x, const struct tosd_str *settings)
{
	int rc = 0;

	if (settings[SET_DIR].len > 0)
		rc = load_folder(x, settings[SET_DIR].ptr);
	if (rc == 0)
		load_files(x, settings[SET_FILES].ptr);
	if (rc == 0)
		load_fetched(x, settings[SET_FETCHED].ptr);
	if (rc == 0 && x->set->n == 0 && !x->waits)
		rc = why_set(&x->why, "no list could be loaded%s%s",
		    settings[SET_DIR].len > 0 ? " from " : "", settings[SET_DIR].ptr);
	if (rc == 0)
		set_seal(x->set);
	return rc;
}

/* --- rules --- */

static int
declare(
    struct lists *x, const struct list *l, const char *ending, int mode, int32_t *out)
{
	struct sb id = {0};
	struct tosd_rule r = {sizeof(r), NULL, l->rev, l->digest, l->clause,
	    l->category, l->severity, mode};
	const char *why = "no reason given";

	sb_printf(&id, "list/%s%s", l->name, ending);
	r.id = id.data;
	*out = x->host->declare(x->host, &r, &why);
	sb_free(&id);
	return *out < 0 ? why_set(&x->why, "%s: %.400s", l->file, why) : 0;
}

static int
declare_all(struct lists *x)
{
	int rc = 0;

	x->rule = mem_new(x->set->n, sizeof(*x->rule));
	x->shadow = mem_new(x->set->n, sizeof(*x->shadow));
	x->told = mem_new(x->set->n, sizeof(*x->told));
	x->next_expiry = INT64_MAX;
	for (size_t i = 0; rc == 0 && i < x->set->n; i++) {
		const struct list *l = x->set->v[i];

		if (l->expires < x->next_expiry)
			x->next_expiry = l->expires;
		rc = declare(x, l, "", l->mode, &x->rule[i]);
		x->shadow[i] = x->rule[i];
		if (rc == 0 && l->mode == TOSD_ENFORCE)
			rc = declare(x, l, "/shadow", TOSD_SHADOW, &x->shadow[i]);
	}
	return rc;
}

/* --- open and close --- */

static int
take_settings(struct lists *x, const struct tosd_str *settings)
{
	static const struct {
		int at;
		int64_t low, high;
	} v[] = {{SET_BYTES, 1000, (int64_t)1 << 31}, {SET_ENTRIES, 1, 50000000},
	    {SET_LISTS, 1, 10000}};
	int64_t got[3];

	for (int i = 0; i < 3; i++) {
		got[i] = strtoll(settings[v[i].at].ptr, NULL, 10);
		if (got[i] < v[i].low || got[i] > v[i].high)
			return why_set(&x->why, "`%s' must be from %lld to %lld",
			    schema[v[i].at].key, (long long)v[i].low,
			    (long long)v[i].high);
	}
	x->terms.limits = (struct list_limits){(size_t)got[0], (size_t)got[1]};
	x->terms.signers = settings[SET_SIGNERS].ptr;
	x->lists_max = got[2];
	x->set->slow = strcmp(settings[SET_SLOW].ptr, "true") == 0;
	x->day = x->load_day = INT64_MIN;
	if (settings[SET_LOAD_DAY].len > 0 &&
	    !day_parse(settings[SET_LOAD_DAY].ptr, &x->load_day))
		return why_set(&x->why, "`load_day' is not what the daemon gives");
	if (settings[SET_DAY].len > 0 && !day_parse(settings[SET_DAY].ptr, &x->day))
		return why_set(&x->why, "`day' must be a day such as 2027-01-31");
	if (settings[SET_TRIAL].len > 0 &&
	    !trial_parse(settings[SET_TRIAL].ptr, &x->trial))
		return why_set(&x->why, "`trial_file' is not what the daemon gives");
	return sign_keys(x->terms.signers, &x->why);
}

static void
lists_close(void *state)
{
	struct lists *x = state;

	set_free(&x->set);
	item_work_free(&x->work);
	trial_clear(&x->trial);
	free(x->rule);
	free(x->shadow);
	free(x->told);
	sb_free(&x->lacks);
	free(x);
}

static int
lists_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	/* On failure the state goes, and the host still reads the reason. */
	static char reason[sizeof(((struct why *)0)->text)];
	struct lists *x = mem_new(1, sizeof(*x));
	int rc;

	x->host = h;
	x->set = set_new();
	x->work = item_work_new();
	rc = take_settings(x, settings);
	if (rc == 0)
		rc = load(x, settings);
	if (rc == 0)
		rc = declare_all(x);
	if (rc != 0) {
		memcpy(reason, x->why.text, sizeof(reason));
		*errstr = reason;
		lists_close(x);
		return TOSD_FAILED;
	}
	*state = x;
	*errstr = x->lacks.data;
	return x->lacks.len == 0 ? TOSD_DONE : TOSD_WAITS;
}

/* --- judging --- */

/* Once for each list, when the first item comes that is later. */
static void
say_expired(struct lists *x, int64_t time)
{
	x->next_expiry = INT64_MAX;
	for (size_t i = 0; i < x->set->n; i++) {
		const struct list *l = x->set->v[i];
		struct sb b = {0};

		if (x->told[i])
			continue;
		if (time < l->expires) {
			if (l->expires < x->next_expiry)
				x->next_expiry = l->expires;
			continue;
		}
		x->told[i] = true;
		sb_printf(&b,
		    "the list `%s' (%s) expired on %s: what it finds from now on is "
		    "recorded and does not count; get a new one, or take it away",
		    l->name, l->file, l->day);
		say(x, TOSD_LOG_WARN, b.data);
		sb_free(&b);
	}
}

static void
report(struct lists *x, struct tosd_report *r, const struct item_match *m, int64_t time)
{
	const struct list *l = m->hit.list;
	struct sb reason = {0};
	bool counts = item_counts(x->work, m, time, &reason);
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = counts ? x->rule[m->hit.number] : x->shadow[m->hit.number],
	    .score = l->score * (1 - (double)m->hit.distance / NEAR_BITS),
	    .spans = m->spans,
	    .nspans = m->nspans};

	f.reason = (struct tosd_str){reason.data, reason.len};
	x->host->finding(x->host, r, &f);
	sb_free(&reason);
}

static int
lists_check(void *state, const struct tosd_item *item, struct tosd_report *r,
    const char **errstr)
{
	struct lists *x = state;
	int64_t time = x->host->event_time(x->host, item);
	int rc;

	if (time >= x->next_expiry)
		say_expired(x, time);
	rc = item_look(x->work, x->set, x->host, item, r, &x->why);
	if (item_unasked(x->work) && !x->unasked_told) {
		x->unasked_told = true;
		say(x, TOSD_LOG_WARN,
		    "media came without hashes, in which lists of what media are find "
		    "nothing: have them hashed (policy.media; `tosctl lists hash' for "
		    "what is scanned)");
	}
	for (size_t i = 0; i < item_matches(x->work); i++)
		report(x, r, item_match(x->work, i), time);
	if (rc == 0)
		return TOSD_DONE;
	*errstr = x->why.text;
	return TOSD_DEGRADED;
}

TOSD_POLICY(.name = "lists", .version = "1",
    .needs = TOSD_NEED_TEXT | TOSD_NEED_LINKS | TOSD_NEED_MEDIA, .open = lists_open,
    .check = lists_check, .close = lists_close, .schema = schema,
    .nschema = sizeof(schema) / sizeof(schema[0]));
