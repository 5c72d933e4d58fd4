/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_parse: shows how the daemon reads a feed: items as JSON lines on standard
 * output, what was wrong with the document on standard error.
 */
#include "tosctl/tosctl_parse.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/option.h"
#include "feed/feed.h"
#include "tosctl/mapping_find.h"
#include "tosctl/print_json.h"

#define DOCUMENT_MAX ((size_t)64 << 20)

enum { DONE, NOT_A_FEED, USAGE, CANNOT_READ };

static const char usage_text[] =
    "usage: tosctl parse [--url BASE] [--type MEDIA-TYPE] [--location URL]\n"
    "                    [--language TAG] [-c CONFIG] [--doc] FILE|-\n"
    "       tosctl parse --dates\n";

static int
usage(void)
{
	fputs(usage_text, stderr);
	return USAGE;
}

static void
put_text(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_string(value));
}

/* Whole seconds: feeds mean no more, and the floor is the same before 1970. */
static const char *
time_text(int64_t t, char out[CLOCK_TEXT])
{
	if (t != CLOCK_NONE)
		t -= ((t % CLOCK_SEC) + CLOCK_SEC) % CLOCK_SEC;
	return clock_format(t, out);
}

static void
put_time(json_t *o, const char *key, int64_t t)
{
	char text[CLOCK_TEXT];

	if (t != CLOCK_NONE)
		put_text(o, key, time_text(t, text));
}

static void
put_flags(json_t *o, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
	    {ITEM_TRUNCATED, "truncated"},
	    {ITEM_SHORTENED, "shortened"},
	    {ITEM_REPAIRED, "repaired"},
	    {ITEM_HIDDEN_TEXT, "hidden_text"},
	    {ITEM_DATE_UNREAD, "date_unread"},
	    {ITEM_POINTER, "pointer"},
	    {ITEM_DOUBLE_KEY, "double_key"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag)
			json_array_append_new(list, json_string(names[i].name));
	if (json_array_size(list) > 0)
		json_object_set(o, "flags", list);
	json_decref(list);
}

static void
put_list(json_t *o, const char *key, char *const *v, size_t n)
{
	json_t *list;

	if (n == 0)
		return;
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(v[i]));
	json_object_set_new(o, key, list);
}

static void
put_media(json_t *o, const struct item *it)
{
	json_t *list;

	if (it->nmedia == 0)
		return;
	list = json_array();
	for (size_t i = 0; i < it->nmedia; i++) {
		json_t *m = json_object();

		put_text(m, "url", it->media[i].url);
		put_text(m, "type", it->media[i].type);
		put_text(m, "text", it->media[i].text);
		json_array_append_new(list, m);
	}
	json_object_set_new(o, "media", list);
}

/* The numbers of the bits that are set. */
static void
put_bits(json_t *o, const char *key, uint32_t bits)
{
	json_t *list;

	if (bits == 0)
		return;
	list = json_array();
	for (int i = 0; i < 32; i++)
		if (bits >> i & 1)
			json_array_append_new(list, json_integer(i));
	json_object_set_new(o, key, list);
}

static int
put_line(json_t *o)
{
	return print_json_take(o, JSON_PRESERVE_ORDER);
}

static void
put_item(const struct item *it)
{
	json_t *o = json_object();

	put_text(o, "id", it->id);
	if (it->flags & ITEM_MADE_ID)
		json_object_set_new(o, "made_id", json_true());
	put_text(o, "url", it->url);
	put_text(o, "title", it->title);
	put_text(o, "author", it->author);
	put_time(o, "published", it->published);
	put_time(o, "updated", it->updated);
	put_text(o, "text", it->text);
	put_text(o, "summary", it->summary);
	put_text(o, "lang", it->lang);
	put_text(o, "in_reply_to", it->in_reply_to);
	put_text(o, "published_raw", it->published_raw);
	put_text(o, "updated_raw", it->updated_raw);
	put_list(o, "links", it->links, it->nlinks);
	put_media(o, it);
	put_flags(o, it->flags);
	put_line(o);
}

/* --doc: one line about the document before its items. */
static void
put_doc(const struct feed_doc *d)
{
	json_t *o = json_object();

	put_text(o, "format", d->format);
	put_text(o, "encoding", d->encoding);
	put_text(o, "title", d->title);
	put_text(o, "link", d->link);
	put_text(o, "lang", d->lang);
	json_object_set_new(o, "well_formed", json_boolean(d->well_formed));
	put_text(o, "problem", d->problem);
	if (d->truncated)
		json_object_set_new(o, "truncated", json_true());
	if (d->ttl_ms > 0)
		json_object_set_new(
		    o, "ttl_seconds", json_integer(d->ttl_ms / CLOCK_SEC));
	put_bits(o, "skip_hours", d->skip_hours);
	put_bits(o, "skip_days", d->skip_days);
	put_text(o, "self_url", d->self_url);
	put_text(o, "hub", d->hub);
	put_text(o, "next_url", d->next_url);
	put_list(o, "gone", d->gone, d->ngone);
	put_list(o, "more", d->more, d->nmore);
	json_object_set_new(o, "items", json_integer((json_int_t)d->nitems));
	put_line(o);
}

static int
parse_dates(void)
{
	char text[CLOCK_TEXT];
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) >= 0) {
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		puts(time_text(
		    strlen(line) == (size_t)n ? feed_date(line) : CLOCK_NONE, text));
	}
	free(line);
	return ferror(stdin) ? CANNOT_READ : DONE;
}

static int
parse_file(const char *path, const struct feed_source *src, bool doc)
{
	struct buf body = {0};
	struct err e = ERR_INIT;
	struct feed_doc d;
	int rc;

	rc = strcmp(path, "-") == 0
		 ? file_read_fd(STDIN_FILENO, "standard input", DOCUMENT_MAX, &body, &e)
		 : file_read(path, DOCUMENT_MAX, &body, &e);
	if (rc != 0) {
		complain("tosctl parse: %s", e.text);
		buf_free(&body);
		return CANNOT_READ;
	}
	buf_reserve(&body, 0);
	rc = feed_parse(body.data, body.len, src, NULL, &d, &e);
	if (rc != 0) {
		complain("tosctl parse: %s: %s", path, e.text);
	} else {
		if (doc)
			put_doc(&d);
		for (size_t i = 0; i < d.nitems; i++)
			put_item(&d.items[i]);
		if (!d.well_formed && !doc)
			complain("tosctl parse: %s: mended: %s", path, d.problem);
		if (d.truncated)
			complain("tosctl parse: %s: cut at a limit", path);
	}
	feed_doc_clear(&d);
	buf_free(&body);
	return rc == 0 ? DONE : NOT_A_FEED;
}

/* By the mapping that a configuration gives to the feed of src->url. */
static int
parse_mapped(const char *path, struct feed_source *src, bool doc, const char *config)
{
	struct feed_mapping mapping;
	struct err e = ERR_INIT;
	struct conf *c;
	int rc = CANNOT_READ;

	if (src->url == NULL) {
		fputs(
		    "tosctl parse: -c needs --url, the address of the feed\n", stderr);
		return USAGE;
	}
	if (mapping_conf("tosctl parse", config, &c, &e) != 0) {
		complain("tosctl parse: %s", e.text);
		return CANNOT_READ;
	}
	if (mapping_find(c, src->url, &mapping) != NULL) {
		src->mapping = &mapping;
		rc = parse_file(path, src, doc);
	} else {
		complain("tosctl parse: %s has no mapping for a feed at %s", config,
		    src->url);
	}
	conf_free(&c);
	return rc;
}

int
tosctl_parse(int argc, char **argv)
{
	static const struct option options[] = {
	    {"url", required_argument, NULL, 'u'},
	    {"type", required_argument, NULL, 't'},
	    {"location", required_argument, NULL, 'l'},
	    {"language", required_argument, NULL, 'L'},
	    {"config", required_argument, NULL, 'c'},
	    {"dates", no_argument, NULL, 'd'},
	    {"doc", no_argument, NULL, 'D'},
	    {"json", no_argument, NULL, 'j'}, /* as every command: it is JSON anyway */
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	struct feed_source src = {0};
	const char *config = NULL;
	bool dates = false, doc = false;
	int c;

	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:h", options)) != -1) {
		switch (c) {
		case 'u':
			src.url = optarg;
			break;
		case 't':
			src.content_type = optarg;
			break;
		case 'l':
			src.content_location = optarg;
			break;
		case 'L':
			src.content_language = optarg;
			break;
		case 'c':
			config = optarg;
			break;
		case 'd':
			dates = true;
			break;
		case 'D':
			doc = true;
			break;
		case 'j':
			break;
		case 'h':
			fputs(usage_text, stdout);
			return DONE;
		default:
			return usage();
		}
	}
	if (dates)
		return optind == argc ? parse_dates() : usage();
	if (optind != argc - 1)
		return usage();
	return config != NULL ? parse_mapped(argv[optind], &src, doc, config)
			      : parse_file(argv[optind], &src, doc);
}
