/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_feed: reads a feed once as the daemon would, then once more with its own
 * validators, and lets feed_report tell what that means.
 */
#include "tosctl/tosctl_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/option.h"
#include "conf/conf_value.h"
#include "feed/url.h"
#include "fetch/answer.h"
#include "ipc/msg.h"
#include "tosctl/feed_report.h"
#include "tosctl/mapping_find.h"

enum { DONE = 0, NOT_READABLE = 1, USAGE = 2, CANNOT = 3 };

static const char usage_text[] =
    "usage: tosctl feed check [-c FILE] [--allow RANGE] [--json] URL\n";

static int
usage(void)
{
	fputs(usage_text, stderr);
	return USAGE;
}

/* Does the part of a Link header behind its address have this relation? */
static bool
has_rel(const char *params, const char *rel)
{
	const char *at = params;
	size_t n = strlen(rel);

	while ((at = strcasestr(at, "rel=")) != NULL) {
		at += 4;
		at += *at == '"';
		if (strncasecmp(at, rel, n) == 0 && strchr("\"; ,", at[n]) != NULL)
			return true;
	}
	return false;
}

/* The first address of the Link header with this relation, absolute; NULL: none.  To be
 * freed. */
static char *
header_link(const struct visit *v, const char *rel)
{
	char *value = answer_header(&v->r.head, "Link"), *found = NULL;
	char *at = value;

	while (at != NULL && found == NULL && (at = strchr(at, '<')) != NULL) {
		char *end = strchr(++at, '>'), *next;

		if (end == NULL)
			break;
		next = strchr(end, '<');
		if (next != NULL)
			*next = '\0';
		if (has_rel(end, rel))
			found = feed_url_join(v->r.url, at, (size_t)(end - at));
		if (next == NULL)
			break;
		*next = '<';
		at = next;
	}
	free(value);
	return found;
}

/* What the document says, else what the header says.  To be freed. */
static char *
either(const char *of_document, const struct visit *v, const char *rel)
{
	return of_document != NULL ? xstrdup(of_document) : header_link(v, rel);
}

/* The same address once more, as the daemon does at the next poll. */
static void
ask_again(struct onboard *o, struct feed_report *r, char **words)
{
	const struct fetch_result *a = &r->v->r;
	struct visit_ask ask = {.etag = a->etag, .last_modified = a->last_modified};
	struct visit again;

	if (!r->v->is_feed || (a->etag == NULL && a->last_modified == NULL))
		return;
	onboard_visit(o, r->asked, &ask, &again);
	if (again.r.outcome == POLLED_UNCHANGED) {
		r->again = AGAIN_304;
	} else if (again.r.outcome != POLLED_OK) {
		r->again = AGAIN_FAILED;
		*words = visit_words(&again);
		r->again_words = *words;
	} else if (again.r.body.len == a->body.len &&
		   memcmp(again.r.body.data, a->body.data, a->body.len) == 0) {
		r->again = AGAIN_SAME_BODY;
	} else {
		r->again = AGAIN_OTHER_BODY;
	}
	visit_clear(&again);
}

static int
check(struct onboard *o, const char *url, bool json)
{
	struct visit v;
	struct feed_report r = {.asked = url, .v = &v};
	struct feed_mapping mapping;
	struct visit_ask ask = {0};
	char *words = NULL;
	int rc;

	r.mapped = mapping_find(onboard_conf(o), url, &mapping);
	ask.mapping = r.mapped != NULL ? &mapping : NULL;
	onboard_visit(o, url, &ask, &v);
	if (v.is_feed) {
		feed_facts(&v.doc, v.r.time, &r.facts);
		r.hub = either(v.doc.hub, &v, "hub");
		r.older = either(v.doc.next_url, &v, "next");
		ask_again(o, &r, &words);
	}
	feed_report_plan(&r, onboard_conf(o));
	if (json)
		feed_report_json(&r);
	else
		feed_report_words(&r);
	rc = v.is_feed ? DONE : visit_own_fault(&v) ? CANNOT : NOT_READABLE;
	free(words);
	free(r.hub);
	free(r.older);
	visit_clear(&v);
	return rc;
}

int
tosctl_feed(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"allow", required_argument, NULL, 'a'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *conf = NULL, *allow[16], *wrong;
	struct onboard *o;
	struct err e = ERR_INIT;
	size_t nallow = 0;
	bool json = false;
	int c, rc;

	optind = 0;
	while ((c = option_next("tosctl", argc, argv, "c:jh", options)) != -1) {
		if (c == 'c')
			conf = optarg;
		else if (c == 'j')
			json = true;
		else if (c == 'a' && nallow < 16)
			allow[nallow++] = optarg;
		else if (c == 'h') {
			fputs(usage_text, stdout);
			return DONE;
		} else
			return usage();
	}
	if (argc - optind != 2 || strcmp(argv[optind], "check") != 0)
		return usage();
	wrong = conf_value_url(argv[optind + 1]);
	if (wrong != NULL) {
		onboard_complain("%s %s", argv[optind + 1], wrong);
		return USAGE;
	}
	if (onboard_new(&o, conf, &e) != 0) {
		onboard_complain("%s", e.text);
		return CANNOT;
	}
	rc = DONE;
	for (size_t i = 0; i < nallow && rc == DONE; i++)
		if (!onboard_allow(o, allow[i])) {
			onboard_complain("%s is no address range", allow[i]);
			rc = USAGE;
		}
	onboard_allow_as(o, argv[optind + 1]);
	if (rc == DONE)
		rc = check(o, argv[optind + 1], json);
	onboard_free(&o);
	return rc;
}
