/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_crossing: what it costs that plugins are in processes of their own:
 *
 *	bench_crossing [-n ITEMS] [-r ROUNDS] [-w WORKERS] tosd.conf
 *
 * The same made items judged by the host in this process, and by real policy workers
 * (`tosd --role policy', shut in as in the daemon) over real channels, by turns; this
 * program is their supervisor and their engine.  As the engine it has one batch of
 * policy.batch items in hand with each.  One line a round, in microseconds of processor
 * time an item, of both sides together:
 *
 *	round in_process IN sandboxed BOTH ours SENDER worker WORKERS wall ITEMS/S
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ipc/channel.h"
#include "ipc/spawn.h"
#include "policy/host.h"

#define WORKERS_MAX 8
#define WORDS 44 /* a post of some 250 bytes */

struct worker {
	pid_t pid;
	struct channel *control, *engine;
	bool ready;
};

static struct bench {
	struct loop *loop;
	struct buf sources;
	struct conf *conf;
	struct policy_host *host;
	struct item *items;
	size_t nitems, done, findings;
	struct msg *batches;
	size_t nbatches, next;
	struct worker w[WORKERS_MAX];
	size_t workers;
} b;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("bench_crossing: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(3);
}

/* --- what is judged */

static void
make_items(size_t n)
{
	static const char *const words[] = {"the", "of", "garden", "and", "window",
	    "kill", "time", "people", "we", "market", "bread", "would", "burn", "river",
	    "again", "because", "years", "you", "all", "gun", "never", "little",
	    "house", "them", "engine", "knife", "good", "should", "they", "hang",
	    "after", "there"};
	uint32_t x = 1;

	b.items = xcalloc(n, sizeof(*b.items));
	b.nitems = n;
	for (size_t i = 0; i < n; i++) {
		struct buf text = {0};

		item_init(&b.items[i]);
		b.items[i].id = xasprintf("post-%zu", i);
		b.items[i].url = xasprintf("https://forum.example/posts/%zu", i);
		b.items[i].author = xasprintf("member %zu", i % 97);
		for (int k = 0; k < WORDS; k++) {
			x = x * 1664525u + 1013904223u;
			buf_printf(&text, "%s%s", k > 0 ? " " : "", words[x >> 27]);
		}
		b.items[i].text = buf_take(&text);
	}
}

/* --- in this process */

/* All batches of a round, made before the clock starts: the engine has them from its
 * store, wherever the plugins are. */
static void
make_batches(void)
{
	size_t batch = b.conf->policy.batch;

	b.nbatches = (b.nitems + batch - 1) / batch;
	b.batches = xrealloc(b.batches, b.nbatches * sizeof(*b.batches));
	for (size_t i = 0; i < b.nitems; i++) {
		struct msg *m = &b.batches[i / batch];
		struct msg_inspect_item *it;

		if (i % batch == 0) {
			msg_init(m, MSG_INSPECT);
			m->inspect.batch = i / batch + 1;
			m->inspect.v = xcalloc(batch, sizeof(*m->inspect.v));
		}
		it = &m->inspect.v[m->inspect.n++];
		it->revision = i + 1;
		it->tenant = xstrdup("00112233aabbccdd");
		it->time = 1700000000000;
		item_init(&it->item);
		item_copy(&it->item, &b.items[i]);
	}
}

/* Begins with the messages that are sent to workers, and ends with nothing of them, so
 * that only the crossing is left out. */
static void
in_process(void)
{
	struct policy_ask *v = xcalloc(b.conf->policy.batch, sizeof(*v));

	for (size_t i = 0; i < b.nbatches; i++) {
		struct msg_inspect *in = &b.batches[i].inspect;

		for (uint32_t k = 0; k < in->n; k++)
			v[k] = (struct policy_ask){.tenant = in->v[k].tenant,
			    .it = &in->v[k].item,
			    .time = in->v[k].time,
			    .revision = in->v[k].revision};
		policy_host_judge(b.host, v, in->n, CLOCK_SEC);
		for (uint32_t k = 0; k < in->n; k++) {
			b.findings += v[k].n;
			policy_ask_clear(&v[k]);
		}
		msg_clear(&b.batches[i]);
	}
	free(v);
}

/* --- in workers */

static void
send_batch(struct worker *w)
{
	if (b.next < b.nbatches && channel_send(w->engine, &b.batches[b.next++]) != 0)
		die("a batch could not be sent");
}

static void
on_engine(void *ctx, struct msg *m)
{
	struct worker *w = ctx;

	if (m->type != MSG_INSPECTED)
		return;
	for (uint32_t i = 0; i < m->inspected.n; i++) {
		b.findings += m->inspected.v[i].n;
		if (m->inspected.v[i].degraded != NULL)
			die("degraded: %s", m->inspected.v[i].degraded);
	}
	b.done += m->inspected.n;
	send_batch(w);
	if (b.done == b.nitems)
		loop_stop(b.loop);
}

static void
on_close(void *ctx, const char *why)
{
	(void)ctx;
	die("a worker closed its channel: %s", why);
}

static void
connect_engine(struct worker *w)
{
	struct channel_ends ends = {ROLE_ENGINE, ROLE_POLICY, (uint32_t)(w - b.w)};
	struct err e = ERR_INIT;
	struct msg m;
	int fds[2];

	if (channel_pair(fds, &e) != 0)
		die("%s", e.text);
	msg_init(&m, MSG_PEER);
	m.peer.role = ROLE_ENGINE;
	m.fd = fds[1];
	channel_send(w->control, &m);
	w->engine = channel_new_take(b.loop, fds[0], &ends, on_engine, on_close, w);
}

static void
on_control(void *ctx, struct msg *m)
{
	struct worker *w = ctx;
	struct err e = ERR_INIT;
	struct msg conf;

	if (m->type == MSG_HELLO) {
		msg_init(&conf, MSG_CONF);
		conf.conf.index = (uint32_t)(w - b.w);
		conf.fd = file_memfd("conf", b.sources.data, b.sources.len, &e);
		channel_send(w->control, &conf);
	} else if (m->type == MSG_READY) {
		w->ready = true;
		connect_engine(w);
		loop_stop(b.loop);
	}
}

static void
start(struct worker *w)
{
	struct channel_ends ends = {ROLE_SUPERVISOR, ROLE_POLICY, (uint32_t)(w - b.w)};
	struct spawn s = {.exe = TOSD_BUILDDIR "/tosd",
	    .role = ROLE_POLICY,
	    .index = (uint32_t)(w - b.w),
	    .die_with_us = true};
	struct err e = ERR_INIT;
	int fds[2];

	if (channel_pair(fds, &e) != 0 || (w->pid = spawn_role(&s, fds[1], &e)) < 0)
		die("%s", e.text);
	close(fds[1]);
	w->control = channel_new_take(b.loop, fds[0], &ends, on_control, on_close, w);
	while (!w->ready)
		loop_run(b.loop);
}

static void
in_workers(void)
{
	b.next = b.done = 0;
	for (size_t i = 0; i < b.workers; i++)
		send_batch(&b.w[i]);
	while (b.done < b.nitems)
		loop_run(b.loop);
}

/* --- time, in microseconds */

static double
own_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
wall_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
worker_time(void)
{
	double sum = 0;

	for (size_t i = 0; i < b.workers; i++) {
		struct timespec t;
		clockid_t clock;

		if (clock_getcpuclockid(b.w[i].pid, &clock) != 0 ||
		    clock_gettime(clock, &t) != 0)
			die("cannot read a worker's clock");
		sum += (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
	}
	return sum;
}

static void
one_round(void)
{
	double own, worker, wall, here, n = (double)b.nitems;
	size_t found;

	b.findings = 0;
	make_batches();
	own = own_time();
	in_process();
	here = (own_time() - own) / n;
	found = b.findings;
	b.findings = 0;
	make_batches();
	own = own_time();
	worker = worker_time();
	wall = wall_time();
	in_workers();
	wall = wall_time() - wall;
	own = (own_time() - own) / n;
	worker = (worker_time() - worker) / n;
	if (b.findings != found)
		die("%zu findings in this process, %zu in workers", found, b.findings);
	printf("round in_process %.3f sandboxed %.3f ours %.3f worker %.3f wall %.0f\n",
	    here, own + worker, own, worker, n * 1e6 / wall);
	fflush(stdout);
}

static void
report(void *ctx, const char *text)
{
	(void)ctx;
	die("%s", text);
}

static void
mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

static void
read_conf(const char *path)
{
	struct conf_sources s = {0};
	struct err e = ERR_INIT;

	if (conf_sources_read(path, &s, &e) != 0)
		die("%s", e.text);
	conf_sources_put(&b.sources, &s);
	if (conf_parse(&s, mistake, NULL, &b.conf) != 0)
		die("the configuration has mistakes");
	conf_sources_clear(&s);
}

int
main(int argc, char **argv)
{
	size_t n = 20000, rounds = 5;
	struct policy_options o = {.report = report};
	struct err e = ERR_INIT;
	int c;

	b.workers = 1;
	while ((c = getopt(argc, argv, "n:r:w:")) != -1) {
		size_t v = c == '?' ? 0 : strtoul(optarg, NULL, 10);

		if (v == 0 || (c == 'w' && v > WORKERS_MAX))
			return 2;
		*(c == 'n' ? &n : c == 'r' ? &rounds : &b.workers) = v;
	}
	if (optind + 1 != argc)
		return 2;
	log_set_level(LOG_L_WARN);
	b.loop = loop_new();
	read_conf(argv[optind]);
	for (size_t i = 0; i < b.workers; i++)
		start(&b.w[i]);
	o.conf = &b.conf->policy;
	o.safety = &b.conf->safety;
	if (policy_host_new(&o, &b.host, &e) != 0)
		die("%s", e.text);
	make_items(n);
	for (size_t i = 0; i < rounds + 1; i++)
		one_round();
	/* What is left ends with us. */
	return 0;
}
