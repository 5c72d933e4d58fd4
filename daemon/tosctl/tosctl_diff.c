/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_diff: what is written differently in two packs or folders of packs, and, over
 * texts or what was seen, what one finds and the other does not.
 */
#include "tosctl/tosctl_diff.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/line.h"
#include "base/log.h"
#include "base/option.h"
#include "store/store_history.h"
#include "tosctl/mapping_find.h"
#include "tosctl/pack_doc.h"
#include "tosctl/pack_room.h"
#include "tosctl/pack_say.h"
#include "tosctl/places.h"
#include "tosctl/print_json.h"
#include "tosctl/scan_input.h"
#include "tosctl/tosctl_scan.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

#define TEXTS_SHOWN 20 /* in the text; JSON has all */
#define QUOTE 70

static const char usage[] =
    "usage: tosctl policy diff [--config FILE] [--on FILE.ndjson | --store URL] "
    "[--json] "
    "A B\n"
    "Says what differs between two folders of packs, or two packs; and which texts of "
    "FILE,\n"
    "or of what was seen, only one of them finds.\n";

struct options {
	const char *conf, *on, *store, *plugin, *a, *b;
	bool json, help;
};

/* A rule that either has. */
struct tally {
	char *rule;
	uint64_t both, only[2];
};

/* What one side says of a text. */
struct found {
	struct finding *v;
	uint32_t n;
	char *degraded; /* NULL: it was wholly judged */
};

struct diff {
	struct options o;
	struct conf *conf;	/* NULL: none was named */
	struct lists_used used; /* the same beside either */
	struct policy_host *host[2];
	struct pack_room room[2];
	unsigned problems;
	unsigned long bad; /* lines of --on that are no items */
	uint64_t degraded; /* texts that either side did not wholly judge */
	struct tally *v;
	size_t n;
	uint64_t texts, shown;
};

static void
put_problem(const char *s)
{
	complain("tosctl: %s", s);
}

/* --- what is written --- */

static int
written(struct diff *d, unsigned *unraised, struct err *e)
{
	json_t *a = NULL, *b = NULL, *out, *o;
	int rc = pack_doc_read(d->o.a, &a, e);
	size_t i;

	if (rc == 0)
		rc = pack_doc_read(d->o.b, &b, e);
	if (rc == 0) {
		out = pack_doc_diff(a, b, unraised);
		json_array_foreach(out, i, o)
		{
			if (d->o.json)
				print_json(stdout, o, JSON_REAL_PRECISION(6));
			else
				pack_say_change(o);
		}
		if (json_array_size(out) == 0 && !d->o.json)
			printf("nothing is written differently\n");
		json_decref(out);
	}
	json_decref(a);
	json_decref(b);
	return rc;
}

/* --- what is found --- */

static struct tally *
tally_of(struct diff *d, const char *rule)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(d->v[mid].rule, rule);

		if (c == 0)
			return &d->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	d->v = xrealloc(d->v, (d->n + 1) * sizeof(*d->v));
	memmove(&d->v[low + 1], &d->v[low], (d->n - low) * sizeof(*d->v));
	d->n++;
	d->v[low] = (struct tally){.rule = xstrdup(rule)};
	return &d->v[low];
}

static const struct finding *
find(const struct found *f, const char *rule)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].rule, rule) == 0)
			return &f->v[i];
	return NULL;
}

static void
say_text(struct diff *d, const char *id, const struct item *it, int side,
    const struct finding *f)
{
	char *body;

	if (d->o.json) {
		json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I, s:f}", "kind", "text",
		    "id", id, "only", side == 0 ? "a" : "b", "rule", f->rule, "rev",
		    (json_int_t)f->rev, "score", f->score);

		print_json(stdout, o, JSON_REAL_PRECISION(6));
		json_decref(o);
		return;
	}
	if (d->shown++ >= TEXTS_SHOWN)
		return;
	body = item_body(it);
	for (char *s = body; *s != '\0'; s++)
		*s = *s == '\n' || *s == '\t' ? ' ' : *s;
	printf("only in ");
	pack_say(side == 0 ? d->o.a : d->o.b);
	printf(": %s: ", f->rule);
	pack_say(id);
	printf(": ");
	pack_say_short(body, QUOTE);
	putchar('\n');
	free(body);
}

/* Of what was not wholly looked at the counts say only what was found. */
static void
say_degraded(struct diff *d, const char *id, const struct found f[2])
{
	const char *first = f[0].degraded, *second = f[1].degraded;

	if (first == NULL && second == NULL)
		return;
	d->degraded++;
	if (d->o.json) {
		print_json_take(json_pack("{s:s, s:s, s:s*, s:s*}", "kind", "degraded",
				    "id", id, "a", first, "b", second),
		    0);
		return;
	}
	if (d->degraded > TEXTS_SHOWN)
		return;
	printf("not wholly judged: ");
	pack_say(id);
	printf(": ");
	pack_say(first != NULL ? first : second);
	putchar('\n');
}

static void
compare(struct diff *d, const char *id, const struct item *it, const struct found f[2])
{
	for (int s = 0; s < 2; s++)
		for (uint32_t i = 0; i < f[s].n; i++) {
			const struct finding *x = &f[s].v[i];

			if (find(&f[s], x->rule) != x)
				continue; /* said already */
			if (find(&f[1 - s], x->rule) == NULL) {
				tally_of(d, x->rule)->only[s]++;
				say_text(d, id, it, s, x);
			} else if (s == 0) {
				tally_of(d, x->rule)->both++;
			}
		}
}

static void
judge(struct diff *d, const char *id, const char *tenant, const struct item *it,
    int64_t time)
{
	struct found f[2] = {{0}};

	d->texts++;
	for (int s = 0; s < 2; s++)
		policy_host_check(
		    d->host[s], tenant, it, time, &f[s].v, &f[s].n, &f[s].degraded);
	compare(d, id, it, f);
	say_degraded(d, id, f);
	for (int s = 0; s < 2; s++) {
		for (uint32_t i = 0; i < f[s].n; i++)
			finding_clear(&f[s].v[i]);
		free(f[s].v);
		free(f[s].degraded);
	}
}

/* Those after it are judged nevertheless. */
static void
say_bad_line(struct diff *d, unsigned long number, const char *why)
{
	char *text;

	d->bad++;
	if (d->o.json) {
		json_t *o = json_pack("{s:s, s:I, s:s}", "kind", "line", "line",
		    (json_int_t)number, "error", why);

		print_json(stdout, o, JSON_REAL_PRECISION(6));
		json_decref(o);
		return;
	}
	if (d->bad > TEXTS_SHOWN) /* how many there are is said at the end */
		return;
	text = xasprintf("%s:%lu: %s%s", d->o.on, number, why,
	    d->bad == TEXTS_SHOWN ? "; more of them are not named" : "");
	put_problem(text);
	free(text);
}

static void
judge_line(struct diff *d, const char *line, size_t n, unsigned long number)
{
	const json_t *id;
	const char *why;
	struct item it;
	json_error_t je;
	json_t *in = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je);
	int64_t time;
	char *name;

	item_init(&it);
	why = in == NULL ? line_why(je.text) : scan_read_item(in, &it, &time);
	if (why == NULL) {
		id = json_object_get(in, "id");
		name = json_is_string(id)
			   ? xstrdup(json_string_value(id))
			   : xasprintf("%lld", (long long)json_integer_value(id));
		judge(d, name, "", &it, time);
		free(name);
	} else {
		say_bad_line(d, number, why);
	}
	item_clear(&it);
	json_decref(in);
}

static int
judge_file(struct diff *d, struct err *e)
{
	struct scan_input in = {.fd = open(d->o.on, O_RDONLY | O_CLOEXEC)};
	const char *line;
	size_t n;
	int rc;

	if (in.fd < 0)
		return err_sys(e, "%s", d->o.on);
	do {
		while (scan_input_line(&in, &line, &n))
			if (line != NULL)
				judge_line(d, line, n, in.number);
			else
				say_bad_line(d, in.number, SCAN_INPUT_LONG);
		rc = scan_input_more(&in);
	} while (rc > 0);
	if (rc < 0)
		rc = err_sys(e, "%s", d->o.on);
	scan_input_clear(&in);
	close(in.fd);
	return rc;
}

static int
on_past(void *ctx, const struct store_past *p)
{
	struct diff *d = ctx;
	char id[24];

	if (p->text != TEXT_KEPT)
		return 0;
	snprintf(id, sizeof(id), "%lld", (long long)p->id);
	judge(d, id, p->tenant, &p->body, p->time != CLOCK_NONE ? p->time : p->seen);
	return 0;
}

#define BLOCK 2048

static int
judge_store(struct diff *d, struct err *e)
{
	struct store *s;
	int64_t last;
	int rc = store_open_readonly(d->o.store, &s, e);

	if (rc != 0)
		return rc;
	last = store_past_last(s);
	/* A block at a time, so that no writer waits for us to clean up its log. */
	for (int64_t i = 0; rc == 0 && i < last; i += BLOCK)
		rc = store_past_each(
		    s, i, i + BLOCK < last ? i + BLOCK : last, NULL, on_past, d, e);
	store_free(&s);
	return rc;
}

static void
say_tallies(const struct diff *d)
{
	json_t *o;

	if (!d->o.json) {
		if (d->shown > TEXTS_SHOWN)
			printf("... and %llu texts more\n",
			    (unsigned long long)(d->shown - TEXTS_SHOWN));
		printf("%llu texts judged\n", (unsigned long long)d->texts);
		if (d->bad > 0)
			printf("%lu lines are no items\n", d->bad);
		if (d->degraded > 0)
			printf("%llu texts were not wholly judged: what of them would "
			       "be found is not known\n",
			    (unsigned long long)d->degraded);
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct tally *t = &d->v[i];

		if (d->o.json) {
			o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "kind", "found",
			    "rule", t->rule, "texts", (json_int_t)d->texts, "both",
			    (json_int_t)t->both, "only_a", (json_int_t)t->only[0],
			    "only_b", (json_int_t)t->only[1]);
			print_json(stdout, o, JSON_REAL_PRECISION(6));
			json_decref(o);
		} else {
			printf("%s: %llu found by both, %llu only in ", t->rule,
			    (unsigned long long)t->both,
			    (unsigned long long)t->only[0]);
			pack_say(d->o.a);
			printf(", %llu only in ", (unsigned long long)t->only[1]);
			pack_say(d->o.b);
			putchar('\n');
		}
	}
}

/* --- the command --- */

static void
on_problem(void *ctx, const char *text)
{
	struct diff *d = ctx;
	char *a = pack_room_words(&d->room[0], text);
	char *b = pack_room_words(&d->room[1], a);

	d->problems++;
	put_problem(b);
	free(a);
	free(b);
}

static int
open_side(struct diff *d, int s, struct err *e)
{
	const char *what = s == 0 ? d->o.a : d->o.b;
	struct scan_packs p = {.plugin = d->o.plugin,
	    .report = on_problem,
	    .note = scan_say_nothing,
	    .used = &d->used,
	    .ctx = d};
	int rc = pack_room_enter(what, NULL, &d->room[s], e);

	if (rc != 0)
		return rc;
	p.folder = d->room[s].dir;
	rc = scan_open(&p, &d->host[s]);
	pack_room_empty(&d->room[s]);
	return rc == 0 && d->problems == 0
		   ? 0
		   : err_set(e, TOSD_EINVAL, "%s: not all packs%s load", what,
			 d->used.bad > 0 ? " and lists" : "");
}

static void
say_lists(const struct diff *d)
{
	json_t *all = lists_used_json(&d->used), *o;
	size_t i;

	if (!d->o.json)
		lists_used_say(&d->used, stdout, "with ");
	json_array_foreach(all, i, o)
	{
		json_object_set_new(o, "kind", json_string("list"));
		if (d->o.json)
			print_json(stdout, o, JSON_REAL_PRECISION(6));
	}
	json_decref(all);
}

static int
run(struct diff *d, unsigned *unraised, struct err *e)
{
	int rc = written(d, unraised, e);

	if (rc != 0 || (d->o.on == NULL && d->o.store == NULL))
		return rc;
	if (d->o.conf != NULL)
		rc = mapping_conf("tosctl policy diff", d->o.conf, &d->conf, e);
	lists_used_open(&d->used, d->conf);
	for (int s = 0; s < 2 && rc == 0; s++)
		rc = open_side(d, s, e);
	if (rc == 0)
		say_lists(d);
	if (rc == 0)
		rc = d->o.on != NULL ? judge_file(d, e) : judge_store(d, e);
	if (rc == 0)
		say_tallies(d);
	return rc;
}

static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	    {"on", required_argument, NULL, 'o'},
	    {"store", required_argument, NULL, 's'},
	    {"plugin", required_argument, NULL, 'P'}, {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	*o = (struct options){.plugin = places_rules()};
	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:h", longs)) != -1) {
		if (c == 'c')
			o->conf = optarg;
		else if (c == 'o')
			o->on = optarg;
		else if (c == 's')
			o->store = optarg;
		else if (c == 'P')
			o->plugin = optarg;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			o->help = true;
		else
			return -1;
	}
	if (o->help)
		return 0;
	if (argc - optind != 2 || (o->on != NULL && o->store != NULL))
		return -1;
	o->a = argv[optind];
	o->b = argv[optind + 1];
	if (o->conf == NULL || o->on != NULL || o->store != NULL)
		return 0;
	complain(
	    "tosctl policy diff: --config is for what texts are found, with --on or "
	    "--store");
	return -1;
}

int
tosctl_diff(int argc, char **argv)
{
	struct diff d = {0};
	struct err e = ERR_INIT;
	unsigned unraised = 0;
	int rc;

	if (read_options(argc, argv, &d.o) != 0) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (d.o.help) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	log_set_level(LOG_L_WARN);
	rc = run(&d, &unraised, &e);
	if (rc != 0)
		put_problem(e.text);
	for (int s = 0; s < 2; s++) {
		policy_host_free(&d.host[s]);
		pack_room_leave(&d.room[s]);
	}
	lists_used_clear(&d.used);
	conf_free(&d.conf);
	for (size_t i = 0; i < d.n; i++)
		free(d.v[i].rule);
	free(d.v);
	if (rc != 0)
		return EXIT_CANNOT;
	return unraised > 0 || d.bad > 0 || d.degraded > 0 ? EXIT_NEGATIVE : EXIT_DONE;
}
