/* SPDX-License-Identifier: Apache-2.0 */
/* feed_report: facts to sentences and to JSON; see feed_report.h. */
#include "tosctl/feed_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "engine/engine_json.h"
#include "fetch/answer.h"
#include "ipc/msg.h"
#include "tosctl/print_json.h"

#define WIDTH 88 /* of warnings on a terminal */

static const char *const again_words[] = {
    [AGAIN_NOT_ASKED] = "none",
    [AGAIN_304] =
	"sent back, answered with 304: an unchanged feed costs next to nothing",
    [AGAIN_SAME_BODY] = "sent back, answered with the same bytes once more",
    [AGAIN_OTHER_BODY] = "sent back, answered with other bytes",
    [AGAIN_FAILED] = "sent back, and the request failed",
};

static const char *const again_names[] = {
    [AGAIN_NOT_ASKED] = "none",
    [AGAIN_304] = "304",
    [AGAIN_SAME_BODY] = "same-body",
    [AGAIN_OTHER_BODY] = "other-body",
    [AGAIN_FAILED] = "failed",
};

static bool
tls(const struct visit *v)
{
	return v->r.url != NULL && strncasecmp(v->r.url, "https://", 8) == 0;
}

/* A header of the answer, shortened; "" if it has none.  To be freed. */
static char *
header(const struct visit *v, const char *name)
{
	char *s = answer_header(&v->r.head, name);

	return s != NULL ? s : xstrdup("");
}

/* "3, 4 and 5": the set bits. */
static char *
bits_text(uint32_t bits, const char *const *names)
{
	struct buf b = {0};

	for (unsigned i = 0; i < 32; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		if (b.len > 0)
			buf_puts(&b, ", ");
		if (names != NULL)
			buf_puts(&b, names[i]);
		else
			buf_printf(&b, "%u", i);
	}
	return buf_take(&b);
}

static const char *const days[32] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* --- sentences --- */

static void
say_way(const struct feed_report *r)
{
	const struct fetch_result *a = &r->v->r;

	for (size_t i = 0; i + 1 < a->nhops; i++)
		onboard_say(
		    "  redirected  %d from %s", (int)a->hops[i].status, a->hops[i].url);
	if (a->nhops > 1)
		onboard_say("  at last     %s", a->url);
	if (a->moved != NULL)
		onboard_say("  moved       for good, to %s", a->moved);
	if (a->status != 0)
		onboard_say("  answer      %d from %s after %lld ms, %zu bytes%s%s",
		    (int)a->status, a->peer != NULL ? a->peer : "?", (long long)a->took,
		    a->body.len, a->content_type != NULL ? ", " : "",
		    a->content_type != NULL ? a->content_type : "");
	if (a->outcome == POLLED_OK)
		onboard_say("  TLS         %s",
		    tls(r->v) ? "yes, and the certificate holds" : "no");
}

static void
say_dates(const struct feed_facts *f)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	if (f->dated == 0)
		return;
	onboard_say("  dates       from %s to %s", clock_format(f->oldest, from),
	    clock_format(f->newest, to));
}

static void
say_content(const struct feed_report *r)
{
	const struct feed_doc *d = &r->v->doc;
	const struct feed_facts *f = &r->facts;

	onboard_say("What would be read");
	onboard_say("  feed        %s", d->title != NULL ? d->title : "(no title)");
	onboard_say("  format      %s, read as %s%s%s", d->format,
	    d->encoding != NULL ? d->encoding : "?",
	    d->problem != NULL ? "; mended: " : "",
	    d->problem != NULL ? d->problem : "");
	if (r->mapped != NULL)
		onboard_say("  mapping     that of tenant %s in the configuration",
		    r->mapped->id);
	onboard_say(
	    "  items       %zu: %zu with an id, %zu with a date, %zu with text, "
	    "%zu with a page, %zu with an author",
	    f->items, f->ids, f->dated, f->texts, f->urls, f->authors);
	if (f->repeated > 0)
		onboard_say("  ids         %zu repeat one before them", f->repeated);
	if (f->items > 0)
		onboard_say("  text        half of the items have %zu bytes or more%s",
		    f->median_text, f->cut > 0 ? "; some end like excerpts" : "");
	say_dates(f);
	if (d->ngone > 0)
		onboard_say("  removed     it says so of %zu items", d->ngone);
	if (r->older != NULL)
		onboard_say("  older       pages go on at %s", r->older);
	if (d->nmore > 0)
		onboard_say("  parts       it names %zu further documents", d->nmore);
}

static void
say_hints(const struct feed_report *r)
{
	const struct fetch_result *a = &r->v->r;
	char text[CLOCK_TEXT], *list;

	if (r->v->is_feed && r->v->doc.ttl_ms > 0)
		onboard_say(
		    "  the feed    asks for a pause of %s (ttl or updatePeriod)",
		    clock_span(r->v->doc.ttl_ms, text));
	if (a->hint > 0)
		onboard_say("  the answer  is fresh for %s (Cache-Control or Expires)",
		    clock_span(a->hint, text));
	if (a->retry_after > 0)
		onboard_say("  the server  asks for a pause of %s (Retry-After)",
		    clock_span(a->retry_after, text));
	if (r->v->is_feed && r->v->doc.skip_hours != 0) {
		list = bits_text(r->v->doc.skip_hours, NULL);
		onboard_say("  skipHours   %s (GMT)", list);
		free(list);
	}
	if (r->v->is_feed && r->v->doc.skip_days != 0) {
		list = bits_text(r->v->doc.skip_days, days);
		onboard_say("  skipDays    %s", list);
		free(list);
	}
}

static void
say_validators(const struct feed_report *r)
{
	const struct fetch_result *a = &r->v->r;

	if (a->etag != NULL)
		onboard_say("  ETag        %s", a->etag);
	if (a->last_modified != NULL)
		onboard_say("  modified    %s", a->last_modified);
	onboard_say("  validators  %s%s%s", again_words[r->again],
	    r->again == AGAIN_FAILED ? ": " : "",
	    r->again == AGAIN_FAILED && r->again_words != NULL ? r->again_words : "");
	if (r->hub != NULL)
		onboard_say("  hub         %s (WebSub)", r->hub);
	else
		onboard_say("  hub         none: new items are seen by polling only");
}

/* For somebody who sees this for the first time. */
static void
say_advice(const struct feed_report *r)
{
	static const char *const advice[POLLED_COUNT] = {
	    [POLLED_OK] = "`tosctl tenant add' looks for the feeds of a page",
	    [POLLED_GONE] = "ask the tenant where the feed is now",
	    [POLLED_NOT_FOUND] =
		"check the spelling; `tosctl tenant add SITE' looks for the "
		"feeds of a site",
	    [POLLED_FORBIDDEN] =
		"ask the tenant to let this machine and its user agent "
		"read the feed",
	    [POLLED_LEGAL] = "ask the tenant what the server means by that",
	    [POLLED_RATE_LIMIT] =
		"wait, or ask the tenant to allow an occasional request",
	    [POLLED_HTTP_ERROR] = "try again later; if it stays so, tell the tenant",
	    [POLLED_DNS] =
		"check the spelling; else the tenant's name servers are at fault",
	    [POLLED_CONNECT] = "try again later; if it stays so, tell the tenant",
	    [POLLED_TLS] =
		"the tenant must mend the certificate; for an authority of your "
		"own set fetch.ca_file",
	    [POLLED_TIMEOUT] = "try again later; if it stays so, tell the tenant",
	    [POLLED_REFUSED] =
		"if the tenant really is at such an address, give its range "
		"with --allow, and with `allow' in the configuration",
	    [POLLED_OWN_FAULT] = "check the network of this machine",
	};
	const struct fetch_result *a = &r->v->r;
	const char *text = a->outcome < POLLED_COUNT ? advice[a->outcome] : NULL;

	/* The guard also refuses ports and redirects that lead nowhere. */
	if (a->outcome == POLLED_REFUSED &&
	    (a->why == NULL || strstr(a->why, "address") == NULL))
		text = "the address cannot be used like this: the reason stands above";
	if (text != NULL)
		onboard_say("  you         %s", text);
}

static void
say_interval(const struct feed_report *r)
{
	const struct feed_facts *f = &r->facts;
	char soon[CLOCK_TEXT], late[CLOCK_TEXT], base[CLOCK_TEXT], span[CLOCK_TEXT];

	if (!r->v->is_feed) {
		onboard_say("What now");
		say_advice(r);
		onboard_say(
		    "  the daemon  would ask again after %s to %s, then less and less "
		    "often, at least once a day (%s)",
		    clock_span(r->soonest, soon), clock_span(r->latest, late),
		    r->decided);
		say_hints(r);
		if (r->silence != NULL)
			onboard_say("  silence     %s", r->silence);
		return;
	}
	onboard_say("How often, and why");
	onboard_say("  interval    %s to %s, decided by: %s (configured: %s)",
	    clock_span(r->soonest, soon), clock_span(r->latest, late), r->decided,
	    clock_span(r->configured, base));
	say_hints(r);
	if (r->silence != NULL)
		onboard_say("  silence     %s", r->silence);
	if (f->window > 0) {
		onboard_say("  pace        %.1f items a day", f->per_day);
		onboard_say("  window      an item stays for about %s at that pace; %s",
		    clock_span(f->window, span), feed_report_enough(r));
		if (f->burst > 0 && f->burst < f->window)
			onboard_say(
			    "  busiest     at the pace of the fastest quarter: %s",
			    clock_span(f->burst, span));
	} else {
		onboard_say("  window      %s", feed_report_enough(r));
	}
	say_validators(r);
}

/* Breaks at spaces. */
static void
say_warning(void *ctx, const char *word, const char *text)
{
	size_t width = WIDTH - 4;
	const char *lead = "  - ";

	(void)ctx;
	(void)word;
	while (*text != '\0') {
		size_t n = strlen(text);

		if (n > width)
			for (n = width; n > 0 && text[n] != ' '; n--)
				continue;
		onboard_say("%s%.*s", lead, (int)n, text);
		text += n;
		text += strspn(text, " ");
		lead = "    ";
	}
}

void
feed_report_words(const struct feed_report *r)
{
	char *how = visit_words(r->v);

	onboard_say("%s", r->asked);
	onboard_say("  outcome     %s", how);
	free(how);
	say_way(r);
	if (r->v->is_feed)
		say_content(r);
	say_interval(r);
	if (feed_report_warnings(r, NULL, NULL) > 0)
		onboard_say("Warnings");
	feed_report_warnings(r, say_warning, NULL);
}

/* --- JSON --- */

static void
put_number(json_t *o, const char *key, int64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)v));
}

static void
put_seconds(json_t *o, const char *key, int64_t ms)
{
	if (ms > 0)
		put_number(o, key, (ms + CLOCK_SEC / 2) / CLOCK_SEC);
}

static void
put_time(json_t *o, const char *key, int64_t t)
{
	char text[CLOCK_TEXT];

	if (t != CLOCK_NONE)
		json_set_repaired(o, key, clock_format(t, text));
}

static void
put_answer(json_t *o, const struct visit *v)
{
	const struct fetch_result *a = &v->r;
	json_t *hops = json_array();

	json_set_repaired(o, "outcome",
	    polled_name(v->not_feed != NULL ? POLLED_NOT_FEED : a->outcome));
	json_set_repaired(o, "why", v->not_feed != NULL ? v->not_feed : a->why);
	put_number(o, "status", a->status);
	json_set_repaired(o, "final_url", a->url);
	json_set_repaired(o, "moved", a->moved);
	json_set_repaired(o, "peer", a->peer);
	json_set_repaired(o, "content_type", a->content_type);
	json_set_repaired(o, "etag", a->etag);
	json_set_repaired(o, "last_modified", a->last_modified);
	put_number(o, "bytes", (int64_t)a->body.len);
	put_number(o, "took_ms", a->took);
	json_object_set_new(o, "tls", json_boolean(tls(v)));
	for (size_t i = 0; i < a->nhops; i++) {
		json_t *hop = json_object();

		json_set_repaired(hop, "url", a->hops[i].url);
		put_number(hop, "status", a->hops[i].status);
		json_array_append_new(hops, hop);
	}
	json_object_set_new(o, "hops", hops);
}

static void
put_feed(json_t *o, const struct feed_report *r)
{
	const struct feed_doc *d = &r->v->doc;
	const struct feed_facts *f = &r->facts;
	const struct {
		const char *key;
		size_t n;
	} counts[] = {{"items", f->items}, {"with_id", f->ids},
	    {"repeated_ids", f->repeated}, {"with_date", f->dated},
	    {"unread_dates", f->unread_dates}, {"future_dates", f->future},
	    {"with_text", f->texts}, {"with_page", f->urls},
	    {"with_author", f->authors}, {"pointers", f->pointers},
	    {"cut_texts", f->cut}, {"hidden_texts", f->hidden},
	    {"median_text", f->median_text}, {"removed", d->ngone}};

	json_set_repaired(o, "format", d->format);
	if (r->mapped != NULL)
		json_set_repaired(o, "mapping_of", r->mapped->id);
	json_set_repaired(o, "encoding", d->encoding);
	json_set_repaired(o, "title", d->title);
	json_set_repaired(o, "link", d->link);
	json_object_set_new(o, "well_formed", json_boolean(d->well_formed));
	json_set_repaired(o, "problem", d->problem);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		put_number(o, counts[i].key, (int64_t)counts[i].n);
	put_time(o, "oldest", f->oldest);
	put_time(o, "newest", f->newest);
	put_seconds(o, "window_seconds", f->window);
	put_seconds(o, "busiest_window_seconds", f->burst);
	put_seconds(o, "ttl_seconds", d->ttl_ms);
	json_set_repaired(o, "next_url", r->older);
	json_set_repaired(o, "enough", feed_report_enough(r));
}

static void
collect_warning(void *ctx, const char *word, const char *text)
{
	json_t *w = json_object();

	json_set_repaired(w, "warning", word);
	json_set_repaired(w, "text", text);
	json_array_append_new(ctx, w);
}

void
feed_report_json(const struct feed_report *r)
{
	json_t *o = json_object(), *warnings = json_array();
	char *retry = header(r->v, "Retry-After");

	json_set_repaired(o, "url", r->asked);
	json_object_set_new(o, "feed", json_boolean(r->v->is_feed));
	put_answer(o, r->v);
	if (r->v->is_feed)
		put_feed(o, r);
	json_set_repaired(o, "validators", again_names[r->again]);
	json_set_repaired(o, "hub", r->hub);
	json_set_repaired(o, "retry_after", retry[0] != '\0' ? retry : NULL);
	put_seconds(o, "fresh_seconds", r->v->r.hint);
	put_seconds(o, "configured_seconds", r->configured);
	put_seconds(o, "interval_min_seconds", r->soonest);
	put_seconds(o, "interval_max_seconds", r->latest);
	json_set_repaired(o, "decided_by", r->decided);
	json_set_repaired(o, "silence", r->silence);
	feed_report_warnings(r, collect_warning, warnings);
	json_object_set_new(o, "warnings", warnings);
	print_json_take(o, JSON_PRESERVE_ORDER);
	free(retry);
}
