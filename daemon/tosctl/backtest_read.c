/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_read: the past, judged by several processes at once.  Each takes every n-th
 * block of numbers, reads the store by a connection of its own and sends what it found
 * through a pipe; the parent takes the blocks in turn, so that the order, and with it
 * every number that follows, is the same for any number of processes.  See backtest.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/trace.h"
#include "policy/verdict.h"
#include "tosctl/backtest.h"

#define BLOCK 2048	     /* numbers of revisions */
#define PIPE_BYTES (1 << 20) /* so that nobody waits for the other's next step */
#define ANSWER_MAX (1u << 30)
#define CHECK_MAX CLOCK_MIN /* ms for one text: only a plugin that hangs takes that */
#define RECORD_MIN 13	    /* bytes of one on the wire, at least */
#define HIT_MIN 13

_Static_assert((int)BT_LANE_SAFETY == (int)POLICY_LANE_SAFETY &&
		   (int)BT_LANE_CASE == (int)POLICY_LANE_CASE,
    "lanes are those of the verdict");

/* --- the wire --- */

void
bt_revision_put(struct buf *b, const struct bt_revision *r)
{
	buf_put_i64(b, r->id);
	buf_put_i64(b, r->item);
	buf_put_u32(b, r->n);
	buf_put_str(b, r->tenant);
	buf_put_i64(b, r->seen);
	buf_put_i64(b, r->time);
	buf_put_u8(b, (uint8_t)r->reach);
	buf_put_f64(b, r->weight);
	buf_put_u8(b, r->degraded);
	buf_put_i64(b, r->gone);
	buf_put_u32(b, r->nhits);
	for (uint32_t i = 0; i < r->nhits; i++) {
		buf_put_u32(b, r->hits[i].rule);
		buf_put_f64(b, r->hits[i].score);
		buf_put_u8(b, (uint8_t)r->hits[i].lane);
	}
	buf_put_u32(b, r->nrecords);
	for (uint32_t i = 0; i < r->nrecords; i++) {
		buf_put_str(b, r->records[i].rule);
		buf_put_u32(b, r->records[i].rev);
		buf_put_u8(b, r->records[i].counts);
	}
}

static void
get_lists(struct rd *rd, struct bt_revision *r)
{
	uint32_t n = rd_count(rd, HIT_MIN);

	r->hits = n > 0 ? xcalloc(n, sizeof(*r->hits)) : NULL;
	for (; r->nhits < n; r->nhits++) {
		r->hits[r->nhits].rule = rd_u32(rd);
		r->hits[r->nhits].score = rd_f64(rd);
		r->hits[r->nhits].lane = (enum bt_lane)rd_u8(rd);
	}
	n = rd_count(rd, RECORD_MIN - 4);
	r->records = n > 0 ? xcalloc(n, sizeof(*r->records)) : NULL;
	for (; r->nrecords < n; r->nrecords++) {
		r->records[r->nrecords].rule = rd_str(rd);
		r->records[r->nrecords].rev = rd_u32(rd);
		r->records[r->nrecords].counts = rd_u8(rd) != 0;
	}
}

void
bt_revision_get(struct rd *rd, struct bt_revision *r)
{
	char *tenant;

	r->id = rd_i64(rd);
	r->item = rd_i64(rd);
	r->n = rd_u32(rd);
	tenant = rd_str(rd);
	snprintf(r->tenant, sizeof(r->tenant), "%s", tenant != NULL ? tenant : "");
	free(tenant);
	r->seen = rd_i64(rd);
	r->time = rd_i64(rd);
	r->reach = (enum bt_reach)rd_u8(rd);
	r->weight = rd_f64(rd);
	r->degraded = rd_u8(rd) != 0;
	r->gone = rd_i64(rd);
	get_lists(rd, r);
}

void
bt_revision_clear(struct bt_revision *r)
{
	for (uint32_t i = 0; i < r->nrecords; i++)
		free(r->records[i].rule);
	free(r->records);
	free(r->hits);
	memset(r, 0, sizeof(*r));
}

/* --- judging --- */

int64_t
bt_rule_find(const struct msg_rules *rules, const char *id)
{
	size_t low = 0, high = rules->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(rules->v[mid].rule, id);

		if (c == 0)
			return (int64_t)mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

struct judge {
	const struct bt_source *src;
	struct bt_kept kept; /* as of the transaction that reads the block */
	struct store *store;
	struct buf out;
};

/* Of each rule one: the loudest. */
static void
add_hit(struct bt_revision *r, uint32_t rule, double score, enum bt_lane lane)
{
	for (uint32_t i = 0; i < r->nhits; i++)
		if (r->hits[i].rule == rule) {
			if (score > r->hits[i].score)
				r->hits[i].score = score;
			if (lane != BT_LANE_NONE)
				r->hits[i].lane = lane;
			return;
		}
	r->hits[r->nhits++] = (struct bt_hit){rule, score, lane};
}

static void
judge_text(struct judge *j, const struct store_past *p, struct bt_revision *r)
{
	struct finding *v = NULL;
	enum policy_lane *lanes;
	char *degraded = NULL;
	uint32_t n = 0;

	trace_number(j->src->trace, (uint64_t)p->id);
	policy_host_check(j->src->host, p->tenant, &p->body,
	    p->time != CLOCK_NONE ? p->time : p->seen, &v, &n, &degraded);
	lanes = xcalloc(n + 1, sizeof(*lanes));
	r->hits = xcalloc(n + 1, sizeof(*r->hits));
	for (uint32_t i = 0; i < n && !j->src->as_written; i++) {
		int64_t rule = bt_rule_find(j->src->rules, v[i].rule);

		if (rule >= 0 && j->src->tried[rule])
			v[i].mode = MODE_ENFORCE;
	}
	policy_verdict(v, n, j->src->threshold, lanes);
	for (uint32_t i = 0; i < n; i++) {
		int64_t rule = bt_rule_find(j->src->rules, v[i].rule);

		if (rule >= 0)
			add_hit(r, (uint32_t)rule, v[i].score, (enum bt_lane)lanes[i]);
		finding_clear(&v[i]);
	}
	r->degraded = degraded != NULL;
	free(degraded);
	free(lanes);
	free(v);
}

static int
on_past(void *ctx, const struct store_past *p)
{
	struct judge *j = ctx;
	struct bt_revision r = {.id = p->id,
	    .item = p->item,
	    .n = p->n,
	    .seen = p->seen,
	    .time = p->time != CLOCK_NONE ? p->time : p->seen,
	    .gone = CLOCK_NONE};

	memcpy(r.tenant, p->tenant, sizeof(r.tenant));
	r.reach =
	    bt_reach(&j->kept, p->id, p->digest, p->nfound > 0, p->text, &r.weight);
	if (bt_looked(r.reach))
		judge_text(j, p, &r);
	if (r.nhits > 0)
		r.gone = store_past_gone(j->store, p->item);
	r.records = p->nfound > 0 ? xcalloc(p->nfound, sizeof(*r.records)) : NULL;
	for (size_t i = 0; i < p->nfound; i++)
		r.records[r.nrecords++] = (struct bt_record){
		    p->found[i].rule, p->found[i].rev, p->found[i].counts};
	bt_revision_put(&j->out, &r);
	free(r.records); /* its names are the store's */
	free(r.hits);
	return 0;
}

/* Marks and rows as of one moment: a daemon may be letting texts go meanwhile. */
static int
judge_block(struct judge *j, int64_t from, int64_t to, struct err *e)
{
	int rc = store_begin(j->store, e);

	if (rc != 0)
		return rc;
	bt_kept_load(j->store, &j->kept, &rc, e);
	if (rc == 0)
		rc = store_past_each(j->store, from, to, j->src->tenant, on_past, j, e);
	store_rollback(j->store); /* nothing was written */
	bt_kept_free(&j->kept);
	return rc;
}

static int
write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* A block's answer: its length and 0, or the length of a reason and 1. */
static int
send_block(int fd, const struct buf *b, uint8_t failed)
{
	struct buf head = {0};
	int rc;

	buf_put_u32(&head, (uint32_t)b->len);
	buf_put_u8(&head, failed);
	rc = write_all(fd, head.data, head.len);
	buf_free(&head);
	return rc == 0 ? write_all(fd, b->data != NULL ? b->data : "", b->len) : rc;
}

static void __attribute__((noreturn))
work(const struct bt_source *src, unsigned k, int fd)
{
	struct judge j = {.src = src};
	struct err e = ERR_INIT;
	int64_t from = src->after + (int64_t)k * BLOCK;
	int rc = store_open_readonly(src->store, &j.store, &e);

	for (; from < src->upto; from += (int64_t)src->jobs * BLOCK) {
		int64_t to = from + BLOCK < src->upto ? from + BLOCK : src->upto;

		buf_reset(&j.out);
		if (rc == 0)
			rc = judge_block(&j, from, to, &e);
		if (rc != 0) {
			buf_reset(&j.out);
			buf_puts(&j.out, e.text);
		}
		if (send_block(fd, &j.out, rc != 0) != 0 || rc != 0)
			_exit(1); /* what is inherited is the parent's to clean up */
	}
	_exit(0);
}

/* --- the parent --- */

struct worker {
	pid_t pid;
	int fd;
	struct trace *trace;
	uint64_t calls; /* into plugins, as last seen */
	int64_t since;
};

static int
start(const struct bt_source *src, struct worker *w, unsigned k, struct err *e)
{
	pid_t parent = getpid();
	int fds[2];

	if (trace_new(&w[k].trace, e) != 0)
		return e->code;
	if (pipe2(fds, O_CLOEXEC) != 0) {
		trace_free(&w[k].trace);
		return err_sys(e, "cannot make a pipe");
	}
	fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES); /* only faster */
	w[k].pid = fork();
	if (w[k].pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		for (unsigned i = 0; i < k; i++)
			close(w[i].fd);
		close(fds[0]);
		if (src->trace != NULL)
			trace_write_to(src->trace, w[k].trace);
		work(src, k, fds[1]);
	}
	close(fds[1]);
	if (w[k].pid < 0) {
		close(fds[0]);
		trace_free(&w[k].trace);
		return err_sys(e, "cannot start a process");
	}
	w[k].fd = fds[0];
	return 0;
}

/* Whether it is about its work: not for minutes in the hands of one plugin. */
static bool
is_busy(struct worker *w)
{
	int64_t now = clock_steady();
	struct trace_seen s;

	trace_look(w->trace, &s);
	if (s.what == TRACE_IDLE || s.calls != w->calls) {
		w->calls = s.calls;
		w->since = now;
	}
	return now - w->since <= CHECK_MAX;
}

static int
read_all(struct worker *w, char *to, size_t n)
{
	struct pollfd v = {.fd = w->fd, .events = POLLIN};

	w->since = clock_steady();
	while (n > 0) {
		ssize_t r;

		v.revents = 0;
		if (poll(&v, 1, CLOCK_SEC) <= 0 && is_busy(w))
			continue;
		if (v.revents == 0)
			return -1;
		r = read(w->fd, to, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		to += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Whoever closes all descriptors is heard of before it is dead: the last word on its trace
 * comes with its end. */
static void
await_end(const struct worker *w)
{
	const struct timespec moment = {0, 10 * 1000000};
	siginfo_t end = {.si_pid = 0};

	for (int i = 0; i < 100 && end.si_pid == 0; i++) {
		if (waitid(P_PID, (id_t)w->pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0)
			return;
		if (end.si_pid == 0)
			nanosleep(&moment, NULL);
	}
}

/* It died, or hangs: as far as it can be told in whose hands. */
static int
say_lost(struct worker *w, int64_t from, struct err *e)
{
	char where[TRACE_TEXT];
	struct trace_seen s;

	if (is_busy(w))
		await_end(w);
	trace_look(w->trace, &s);
	if (!trace_say(&s, "revision", where))
		return err_set(e, TOSD_EIO,
		    "a process died over the revisions from %lld on",
		    (long long)from + 1);
	return err_set(e, TOSD_EIO, "a process %s %s",
	    is_busy(w) ? "died" : "gave no answer for a minute", where);
}

static int
take_block(struct worker *w, int64_t from, struct buf *b, bt_revision_fn *fn, void *ctx,
    struct err *e)
{
	char head[5] = {0};
	struct rd r = rd_of(head, sizeof(head));
	uint32_t n;

	if (read_all(w, head, sizeof(head)) != 0)
		return say_lost(w, from, e);
	n = rd_u32(&r);
	buf_reset(b);
	if (n > ANSWER_MAX || read_all(w, buf_reserve(b, n), n) != 0)
		return err_set(e, TOSD_EIO, "a process died while it answered");
	b->len = n;
	if (rd_u8(&r) != 0)
		return err_set(e, TOSD_EIO, "%.*s", (int)n, b->data);
	r = rd_of(b->data != NULL ? b->data : "", n);
	while (!r.bad && r.p < r.end) {
		struct bt_revision v = {0};

		bt_revision_get(&r, &v);
		if (!r.bad)
			fn(ctx, &v);
		bt_revision_clear(&v);
	}
	return r.bad ? err_set(e, TOSD_EIO, "a process gave a broken answer") : 0;
}

static void
show_progress(const struct bt_source *src, int64_t at, int64_t *shown, bool last)
{
	int64_t now = clock_steady();

	if (!src->progress || (!last && now - *shown < CLOCK_SEC))
		return;
	if (last) {
		fprintf(stderr, "\r%40s\r", "");
		return;
	}
	*shown = now;
	fprintf(stderr, "\r%3d %% of %lld revisions",
	    (int)(100 * (at - src->after) / (src->upto - src->after)),
	    (long long)(src->upto - src->after));
}

int
bt_read(const struct bt_source *src, bt_revision_fn *fn, void *ctx, struct err *e)
{
	struct worker *w = xcalloc(src->jobs, sizeof(*w));
	int64_t shown = clock_steady(), from = src->after;
	struct buf b = {0};
	unsigned n = 0;
	int rc = 0, status;

	fflush(NULL); /* nothing is written twice */
	for (; rc == 0 && n < src->jobs; n += rc == 0)
		rc = start(src, w, n, e);
	for (unsigned k = 0; rc == 0 && from < src->upto;
	     k = (k + 1) % src->jobs, from += BLOCK) {
		rc = take_block(&w[k], from, &b, fn, ctx, e);
		show_progress(src, from, &shown, false);
	}
	show_progress(src, from, &shown, true);
	for (unsigned i = 0; i < n; i++) {
		close(w[i].fd);
		if (rc != 0)
			kill(w[i].pid, SIGKILL);
		while (waitpid(w[i].pid, &status, 0) < 0 && errno == EINTR)
			;
		trace_free(&w[i].trace);
	}
	buf_free(&b);
	free(w);
	return rc;
}
