/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_discover: any bytes as everything that onboarding reads and the item path does
 * not: a home page, a Link header, robots.txt, NodeInfo documents, OPML and CSV lists.
 * What comes out must keep to its limits and be text that may be shown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "feed/discover.h"
#include "feed/roster.h"
#include "feed/url.h"

#define BASE "https://site.example/dir/page"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
text_or_null(const char *s)
{
	must(s == NULL || text_valid(s, strlen(s)));
}

static void
check_found(const struct discover *d)
{
	must(d->n <= DISCOVER_MAX);
	for (size_t i = 0; i < d->n; i++) {
		must(feed_url_is_web(d->v[i].url) &&
		     strlen(d->v[i].url) <= FEED_URL_MAX);
		text_or_null(d->v[i].title);
	}
	text_or_null(d->title);
	text_or_null(d->generator);
}

static void
check_roster(const struct roster *r)
{
	must(r->n <= ROSTER_ROWS && r->nrefused <= ROSTER_ROWS);
	for (size_t i = 0; i < r->n; i++) {
		must(r->v[i].line > 0 && feed_url_is_web(r->v[i].url));
		must(strlen(r->v[i].url) <= ROSTER_FIELD);
		text_or_null(r->v[i].tenant);
		text_or_null(r->v[i].name);
		text_or_null(r->v[i].contact);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = xstrndup((const char *)data, n), *name, *version;
	struct discover d = {0};
	struct roster r;
	const char *why;

	discover_page(&d, data, n, NULL, BASE);
	check_found(&d);
	discover_clear(&d);
	discover_header(&d, s, BASE);
	discover_robots(&d, (const char *)data, n, BASE);
	must(d.n <= DISCOVER_MAX);
	discover_clear(&d);
	free(discover_nodeinfo(data, n, BASE));
	discover_nodeinfo_read(data, n, &name, &version);
	text_or_null(name);
	text_or_null(version);
	free(name);
	free(version);
	roster_opml(&r, data, n, &why);
	check_roster(&r);
	roster_clear(&r);
	roster_csv(&r, data, n, &why);
	check_roster(&r);
	roster_clear(&r);
	free(s);
	return 0;
}
