/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fetch: the client of the fetch room beside a bare libcurl multi loop on
 * libevent, which does nothing but transfer: same server, same URLs, by turns in one
 * process, CPU time.
 *
 * usage: bench_fetch -m 304|full|same|tls [-n REQUESTS] [-c CONNECTIONS] [-r ROUNDS]
 *                    [-C CA-FILE] [-o|-b] < URLS
 *   304   conditional requests that are answered so
 *   full  whole bodies, parsed: ours by feed_parse(), the loop's by expat, which copies
 *         the fields of each item out
 *   same  whole bodies that are known: ours compared, the loop's are dropped
 *   tls   a connection for each request (the server must close it)
 *   -o, -b  only ours, only the bare loop: for profilers
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <expat.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "feed/feed.h"
#include "fetch/client.h"
#include "fetch/same.h"
#include "ipc/loop.h"

enum mode { M_304, M_FULL, M_SAME, M_TLS };

static enum mode mode;
static char **urls, **etags, **marks;
static size_t nurls, requests = 5000, connections = 64, rounds = 5;
static const char *ca_file = "/etc/ssl/certs/ca-certificates.crt";
static bool skip_bare, skip_ours;
static size_t started, done, wrong, items, made;

static double
cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the bare loop --- */

struct slot {
	CURL *easy;
	struct curl_slist *headers;
	struct buf body;
};

static struct event_base *base;
static struct event *timer;
static CURLM *multi;
static struct slot *slots;

static size_t
on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct slot *s = ctx;

	if (mode == M_FULL)
		buf_put(&s->body, p, size * n);
	return size * n;
}

static size_t
on_line(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

/* The least that a reader of feeds does: the text of the fields of items, copied. */
struct extract {
	int depth, item;
	bool in_field;
	struct buf field;
};

static bool
one_of(const char *name, const char *const *names)
{
	const char *local = strrchr(name, ' ');

	local = local != NULL ? local + 1 : name;
	for (; *names != NULL; names++)
		if (strcmp(local, *names) == 0)
			return true;
	return false;
}

static void
on_start(void *ctx, const char *name, const char **attrs)
{
	static const char *const item[] = {"item", "entry", NULL};
	static const char *const fields[] = {"title", "link", "guid", "id", "pubDate",
	    "published", "updated", "description", "content", "encoded", "author",
	    "name", "creator", NULL};
	struct extract *x = ctx;

	(void)attrs;
	x->depth++;
	if (x->item == 0 && one_of(name, item)) {
		x->item = x->depth;
	} else if (x->item != 0 && one_of(name, fields)) {
		x->in_field = true;
		buf_reset(&x->field);
	}
}

static void
on_end(void *ctx, const char *name)
{
	struct extract *x = ctx;

	(void)name;
	if (x->in_field) {
		free(
		    xstrndup(x->field.data != NULL ? x->field.data : "", x->field.len));
		x->in_field = false;
	}
	if (x->depth-- == x->item) {
		x->item = 0;
		items++;
	}
}

static void
on_text(void *ctx, const char *s, int n)
{
	struct extract *x = ctx;

	if (x->in_field)
		buf_put(&x->field, s, (size_t)n);
}

static void
by_expat(const struct buf *b)
{
	static XML_Parser p;
	static struct extract x;

	if (p == NULL)
		p = XML_ParserCreateNS(NULL, ' ');
	else
		XML_ParserReset(p, NULL);
	x.depth = x.item = 0;
	x.in_field = false;
	XML_SetUserData(p, &x);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	if (XML_Parse(p, b->data, (int)b->len, 1) != XML_STATUS_OK)
		wrong++;
}

static void
launch(struct slot *s)
{
	size_t k = started++ % nurls;

	curl_slist_free_all(s->headers);
	s->headers = NULL;
	if (mode == M_304 && etags[k] != NULL) {
		char *line = xasprintf("If-None-Match: %s", etags[k]);

		s->headers = curl_slist_append(NULL, line);
		free(line);
	}
	buf_reset(&s->body);
	curl_easy_setopt(s->easy, CURLOPT_URL, urls[k]);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	curl_multi_add_handle(multi, s->easy);
}

static void
harvest(void)
{
	struct slot *s;
	CURLMsg *m;
	CURL *easy;
	long status, new;
	int left;

	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		easy = m->easy_handle;
		status = new = 0;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&s);
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &new);
		made += (size_t) new;
		wrong += m->data.result != CURLE_OK ||
			 status != (mode == M_304 && etags[0] != NULL ? 304 : 200);
		curl_multi_remove_handle(multi, easy);
		if (mode == M_FULL)
			by_expat(&s->body);
		done++;
		if (started < requests)
			launch(s);
	}
	if (done == requests)
		event_base_loopbreak(base);
}

static void
on_io(evutil_socket_t fd, short what, void *ctx)
{
	int bits = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		   (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)ctx;
	curl_multi_socket_action(
	    multi, fd < 0 ? CURL_SOCKET_TIMEOUT : fd, fd < 0 ? 0 : bits, &running);
	harvest();
}

static int
on_curl_timer(CURLM *m, long ms, void *ctx)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	(void)m;
	(void)ctx;
	if (ms < 0)
		event_del(timer);
	else
		event_add(timer, &tv);
	return 0;
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
	struct event *ev = assigned;
	short bits = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			     (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	(void)ctx;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		ev = event_new(base, fd, bits, on_io, NULL);
		event_add(ev, NULL);
	}
	curl_multi_assign(multi, fd, ev);
	return 0;
}

static void
loop_start(void)
{
	base = event_base_new();
	timer = event_new(base, -1, 0, on_io, NULL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections + 16);
	slots = xcalloc(connections, sizeof(*slots));
	for (size_t i = 0; i < connections; i++) {
		CURL *e = slots[i].easy = curl_easy_init();

		curl_easy_setopt(e, CURLOPT_PRIVATE, &slots[i]);
		curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
		curl_easy_setopt(e, CURLOPT_WRITEDATA, &slots[i]);
		curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line);
		curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 30000L);
		curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
		curl_easy_setopt(e, CURLOPT_USERAGENT, "bench/1");
		curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
}

static void
loop_bare(void)
{
	for (size_t i = 0; i < connections && started < requests; i++)
		launch(&slots[i]);
	event_base_dispatch(base);
}

/* --- ours --- */

static struct loop *loop;
static struct fetch_client *client;

static void ask(void);

static void
on_result(void *ctx, struct fetch_result *r)
{
	size_t k = (size_t)(uintptr_t)ctx;
	static const struct feed_source none;
	struct feed_source src = none;
	struct feed_doc doc;

	if (etags[k] == NULL && mode == M_304) { /* the first time */
		etags[k] = r->etag;
		r->etag = NULL;
		wrong += r->outcome != POLLED_OK;
	} else if (marks[k] == NULL && mode == M_SAME) {
		marks[k] = xcalloc(1, SAME_HEX);
		same_mark(r->body.data, r->body.len, marks[k]);
	} else if (mode == M_304) {
		wrong += r->outcome != POLLED_UNCHANGED;
	} else if (mode == M_SAME) {
		wrong += !r->known;
	} else {
		wrong += r->outcome != POLLED_OK;
	}
	if (mode == M_FULL) {
		src.url = r->url;
		src.content_type = r->content_type;
		wrong += feed_parse(r->body.data, r->body.len, &src, NULL, &doc, NULL);
		items += doc.nitems;
		feed_doc_clear(&doc);
	}
	done++;
	if (started < requests)
		ask();
	else if (done == requests)
		loop_stop(loop);
}

static void
ask(void)
{
	static struct conf_range local = {
	    .bits = 104, .addr = {[10] = 0xff, [11] = 0xff, [12] = 127}};
	size_t k = started++ % nurls;
	struct fetch_request req = {.url = urls[k],
	    .etag = etags[k],
	    .known = marks[k],
	    .allow = &local,
	    .nallow = 1};

	fetch_client_get(client, &req, on_result, (void *)(uintptr_t)k);
}

static void
client_start(void)
{
	struct conf_fetch conf = {.user_agent = "bench/1",
	    .ca_file = ca_file,
	    .connect_timeout = 10000,
	    .timeout = 30000,
	    .interval_max = 1000,
	    .max_body = 10 << 20,
	    .max_header = 64 << 10,
	    .max_redirects = 5,
	    .max_connections = (unsigned)connections,
	    .max_host_connections = (unsigned)connections};

	loop = loop_new();
	client = fetch_client_new(loop, &conf);
}

static void
loop_ours(void)
{
	for (size_t i = 0; i < connections && started < requests; i++)
		ask();
	loop_run(loop);
}

/* --- by turns --- */

/* CPU seconds a request. */
static double
measure(void (*run)(void), size_t n)
{
	size_t all = requests;
	double t0;

	started = done = 0;
	requests = n;
	t0 = cpu();
	run();
	requests = all;
	return (cpu() - t0) / (double)n;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void
read_urls(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		urls = xrealloc(urls, (nurls + 1) * sizeof(*urls));
		urls[nurls++] = xstrdup(line);
	}
	etags = xcalloc(nurls + 1, sizeof(*etags));
	marks = xcalloc(nurls + 1, sizeof(*marks));
}

static int
options(int argc, char **argv)
{
	static const char *const modes[] = {"304", "full", "same", "tls"};
	int o, m = -1;

	while ((o = getopt(argc, argv, "m:n:c:r:C:ob")) != -1) {
		switch (o) {
		case 'm':
			for (m = 3; m >= 0 && strcmp(modes[m], optarg) != 0;)
				m--;
			break;
		case 'n':
			requests = (size_t)atol(optarg);
			break;
		case 'c':
			connections = (size_t)atol(optarg);
			break;
		case 'r':
			rounds = (size_t)atol(optarg);
			break;
		case 'o':
			skip_bare = true;
			break;
		case 'b':
			skip_ours = true;
			break;
		case 'C':
			ca_file = optarg;
			break;
		default:
			return -1;
		}
	}
	mode = (enum mode)m;
	return m < 0 || requests == 0 || connections == 0 || rounds == 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	double *bare, *ours, *ratio;

	if (options(argc, argv) != 0) {
		fprintf(stderr,
		    "usage: bench_fetch -m 304|full|same|tls [-n REQUESTS] "
		    "[-c CONNECTIONS] [-r ROUNDS] [-C CA] [-o|-b] < URLS\n");
		return 2;
	}
	read_urls();
	if (nurls == 0)
		return 3;
	bare = xcalloc(rounds, sizeof(double));
	ours = xcalloc(rounds, sizeof(double));
	ratio = xcalloc(rounds, sizeof(double));
	client_start();
	loop_start();
	measure(loop_ours, nurls); /* learns validators; not counted */
	measure(loop_ours, connections);
	measure(loop_bare, connections);
	items = wrong = made = 0;
	for (size_t i = 0; i < rounds; i++) {
		bare[i] = skip_bare ? 0 : measure(loop_bare, requests);
		ours[i] = skip_ours ? 0 : measure(loop_ours, requests);
		ratio[i] = bare[i] / ours[i];
	}
	printf(
	    "bare %.1f us, ours %.1f us a request, ratio %.2f (%zu items, %zu wrong, "
	    "%zu new connections of the bare loop)\n",
	    median(bare, rounds) * 1e6, median(ours, rounds) * 1e6,
	    median(ratio, rounds), items, wrong, made);
	return wrong != 0;
}
