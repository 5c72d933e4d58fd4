/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_role_courier: the courier as a process of its own, with this program as its
 * supervisor and its engine, and a mail server that takes its time.  Pings must be
 * answered all the while, no mail may go twice, no result may be lost.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/role.h"
#include "notice/courier_book.h"
#include "roles.h"
#include "suite.h"

#define MAIL "From: a@host.example\r\nSubject: x\r\n\r\n.dot\r\n"

/* --- what roles.c is to the daemon --- */

static void
print_mistake(void *ctx, const char *file, int line, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

int
conf_of_role(const struct buf *sources, struct conf **out, struct err *e)
{
	struct conf_sources s = {0};
	struct rd r = rd_of(sources->data, sources->len);
	int rc;

	conf_sources_get(&r, &s);
	rc = conf_parse(&s, print_mistake, NULL, out);
	conf_sources_clear(&s);
	return rc == 0 ? 0 : err_set(e, rc, "the configuration is wrong");
}

void
profile_of_role(enum role role, const struct conf *c, struct sandbox_profile *p)
{
	(void)c;
	(void)role;
	p->mode = SANDBOX_OFF;
#ifndef TOSD_SANITIZED
	p->mode = SANDBOX_BEST_EFFORT;
	p->may = SANDBOX_MAY_INET | SANDBOX_MAY_THREAD | SANDBOX_MAY_READ;
	sandbox_read(p, "/etc");
#endif
}

/* --- a mail server in a process; it writes each mail it has to a pipe --- */

struct server {
	pid_t pid;
	int port, mails;
};

static void
say(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) < 0)
		_exit(1);
}

/* Reads until what was read ends with `with`. */
static size_t
hear(int fd, char *b, size_t cap, const char *with)
{
	size_t n = 0, k = strlen(with);

	while (n < k || memcmp(b + n - k, with, k) != 0) {
		ssize_t got = read(fd, b + n, cap - n);

		if (got <= 0)
			return 0;
		n += (size_t)got;
	}
	return n;
}

static void
serve(int fd, int out, int delay_ms)
{
	static char b[65536];
	static const char *const replies[] = {
	    "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"};
	uint32_t n;

	say(fd, "220 hi\r\n");
	for (int i = 0; i < 4; i++) {
		if (hear(fd, b, sizeof(b), "\r\n") == 0)
			return;
		say(fd, replies[i]);
	}
	n = (uint32_t)hear(fd, b, sizeof(b), "\r\n.\r\n");
	if (write(out, &n, sizeof(n)) < 0 || write(out, b, n) < 0)
		_exit(1);
	poll(NULL, 0, delay_ms);
	say(fd, "250 taken\r\n");
	hear(fd, b, sizeof(b), "\r\n");
}

static struct server
start_server(int delay_ms)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	struct server s;
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), p[2];

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(l, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(l, 8) != 0 ||
	    getsockname(l, (struct sockaddr *)&a, &len) != 0 || pipe(p) != 0)
		abort();
	s.port = ntohs(a.sin_port);
	s.pid = fork();
	if (s.pid == 0) {
		alarm(60);
		for (;;) {
			int fd = accept(l, NULL, NULL);

			serve(fd, p[1], delay_ms);
			close(fd);
		}
	}
	close(l);
	close(p[1]);
	s.mails = p[0];
	return s;
}

static void
stop_server(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->mails);
}

/* How many mails it has had, each of them checked. */
static int
count_mails(struct server *s)
{
	/* "." doubled by SMTP, and its end mark. */
	static const char want[] =
	    "From: a@host.example\r\nSubject: x\r\n\r\n..dot\r\n.\r\n";
	struct pollfd p = {s->mails, POLLIN, 0};
	char b[65536];
	uint32_t n;
	int count = 0;

	while (poll(&p, 1, 0) > 0 && read(s->mails, &n, sizeof(n)) == sizeof(n)) {
		CU_ASSERT_EQUAL(read(s->mails, b, n), (ssize_t)n);
		CU_ASSERT_EQUAL(n, sizeof(want) - 1);
		CU_ASSERT_EQUAL(memcmp(b, want, sizeof(want) - 1), 0);
		count++;
	}
	return count;
}

/* --- supervisor and engine --- */

struct desk {
	struct loop *loop;
	struct channel *control, *engine;
	pid_t pid;
	bool ready, gone;
	unsigned pongs;
	int nsent, nsending;
	struct msg_sent sent[16];
	uint64_t sending[16];
};

static void
on_control(void *ctx, struct msg *m)
{
	struct desk *d = ctx;

	d->ready = d->ready || m->type == MSG_READY;
	d->pongs += m->type == MSG_PONG;
}

static void
on_engine(void *ctx, struct msg *m)
{
	struct desk *d = ctx;

	if (m->type == MSG_SENT && d->nsent < 16) {
		d->sent[d->nsent++] = m->sent;
		m->sent.reply = NULL;
	} else if (m->type == MSG_SENDING) {
		d->nsending = (int)m->sending.n;
		for (int i = 0; i < d->nsending && i < 16; i++)
			d->sending[i] = m->sending.ids[i];
	}
}

static void
on_close(void *ctx, const char *why)
{
	struct desk *d = ctx;

	(void)why;
	d->gone = true;
}

static void
on_engine_close(void *ctx, const char *why)
{
	(void)ctx;
	(void)why;
}

static void
put_conf(struct desk *d, int port)
{
	struct conf_source src = {.name = (char *)"tosd.conf"};
	struct conf_sources s = {&src, 1};
	struct buf b = {0};
	struct msg m;

	src.text = xasprintf(
	    "provider: { name = \"Host\"; mailbox = \"abuse@host.example\"; };\n"
	    "courier: { transport = \"smtp\"; url = \"smtp://127.0.0.1:%d\"; starttls "
	    "= false;\n"
	    "  from = \"abuse@host.example\"; timeout = \"8s\"; };\n",
	    port);
	conf_sources_put(&b, &s);
	msg_init(&m, MSG_CONF);
	m.fd = file_memfd("conf", b.data, b.len, NULL);
	channel_send(d->control, &m);
	free(src.text);
	buf_free(&b);
}

/* Turns the loop until *flag is at least `want`, at most ms; returns how long it took.
 */
static int64_t
until(struct desk *d, const int *flag, int want, int64_t ms)
{
	int64_t begin = clock_steady();

	while (*flag < want && clock_steady() - begin < ms) {
		loop_turn(d->loop);
		poll(NULL, 0, 2);
	}
	return clock_steady() - begin;
}

static void
new_engine(struct desk *d)
{
	struct channel_ends ends = {ROLE_ENGINE, ROLE_COURIER, 0};
	struct msg m;
	int fds[2];

	channel_free(&d->engine);
	for (int i = 0; i < d->nsent; i++)
		free(d->sent[i].reply);
	d->nsent = 0;
	d->nsending = -1;
	if (channel_pair(fds, NULL) != 0)
		abort();
	d->engine =
	    channel_new_take(d->loop, fds[0], &ends, on_engine, on_engine_close, d);
	msg_init(&m, MSG_PEER);
	m.peer.role = ROLE_ENGINE;
	m.fd = fds[1];
	channel_send(d->control, &m);
	until(d, &d->nsending, 0, 3000);
}

static void
start_desk(struct desk *d, int port)
{
	struct channel_ends ends = {ROLE_SUPERVISOR, ROLE_COURIER, 0};
	int fds[2], ready = 0;

	memset(d, 0, sizeof(*d));
	if (channel_pair(fds, NULL) != 0)
		abort();
	fflush(NULL);
	d->pid = fork();
	if (d->pid == 0) {
		alarm(60);
		if (dup2(fds[1], ROLE_CONTROL_FD) < 0)
			_exit(99);
		for (int fd = ROLE_CONTROL_FD + 1; fd < 64; fd++)
			close(fd);
		_exit(role_courier_main());
	}
	close(fds[1]);
	d->loop = loop_new();
	d->control = channel_new_take(d->loop, fds[0], &ends, on_control, on_close, d);
	put_conf(d, port);
	for (int i = 0; i < 2000 && !d->ready && !d->gone; i++)
		until(d, &ready, 1, 2);
	CU_ASSERT_TRUE_FATAL(d->ready);
	new_engine(d);
}

static void
send_mail(struct desk *d, uint64_t id, const char *channel, const char *hash_of)
{
	struct msg m;
	char hex[DIGEST_HEX];

	msg_init(&m, MSG_SEND);
	m.send.id = id;
	m.send.channel = xstrdup(channel);
	m.send.recipient = xstrdup("owner@forum.example");
	m.send.sender = xstrdup("abuse@host.example");
	m.send.sha256 = xstrdup(digest_hex_of(hash_of, strlen(hash_of), hex));
	m.fd = file_memfd("mail", MAIL, strlen(MAIL), NULL);
	channel_send(d->engine, &m);
}

/* Stops the courier; its exit code. */
static int
end_desk(struct desk *d)
{
	struct msg m;
	int status = 0, no = 0;

	msg_init(&m, MSG_STOP);
	channel_send(d->control, &m);
	for (int i = 0; i < 5000 && !d->gone; i++)
		until(d, &no, 1, 2);
	CU_ASSERT_TRUE(d->gone);
	waitpid(d->pid, &status, 0);
	for (int i = 0; i < d->nsent; i++)
		free(d->sent[i].reply);
	channel_free(&d->engine);
	channel_free(&d->control);
	loop_free(&d->loop);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_sends(void)
{
	struct server s = start_server(0);
	struct desk d;

	start_desk(&d, s.port);
	CU_ASSERT_EQUAL(d.nsending, 0);
	send_mail(&d, 1, "mail", MAIL);
	until(&d, &d.nsent, 1, 5000);
	CU_ASSERT_EQUAL_FATAL(d.nsent, 1);
	CU_ASSERT_EQUAL(d.sent[0].id, 1);
	CU_ASSERT_EQUAL(d.sent[0].outcome, SENT_OK);
	CU_ASSERT_EQUAL(d.sent[0].code, 250);
	CU_ASSERT_STRING_EQUAL(d.sent[0].reply, "250 taken");
	CU_ASSERT_TRUE(llabs(d.sent[0].time - clock_now()) < 5000);
	/* The same row again: answered, not sent. */
	send_mail(&d, 1, "mail", MAIL);
	until(&d, &d.nsent, 2, 5000);
	CU_ASSERT_EQUAL(d.sent[1].id, 1);
	CU_ASSERT_EQUAL(d.sent[1].outcome, SENT_OK);
	send_mail(&d, 2, "mail", "other bytes");
	send_mail(&d, 3, "pigeon", MAIL);
	until(&d, &d.nsent, 4, 5000);
	CU_ASSERT_EQUAL_FATAL(d.nsent, 4);
	CU_ASSERT_EQUAL(d.sent[2].outcome, SENT_HARD);
	CU_ASSERT_EQUAL(d.sent[3].outcome, SENT_HARD);
	CU_ASSERT_EQUAL(end_desk(&d), 0);
	CU_ASSERT_EQUAL(count_mails(&s), 1);
	stop_server(&s);
}

static void
test_refused_may_come_again(void)
{
	struct server s = start_server(0);
	struct desk d;

	start_desk(&d, s.port);
	stop_server(&s);
	for (int i = 1; i <= 2; i++) {
		send_mail(&d, 5, "mail", MAIL);
		until(&d, &d.nsent, i, 5000);
		CU_ASSERT_EQUAL_FATAL(d.nsent, i);
		CU_ASSERT_EQUAL(d.sent[i - 1].outcome, SENT_SOFT);
	}
	CU_ASSERT_EQUAL(end_desk(&d), 0);
}

/* The server takes 1.5 s for its last answer; meanwhile pings. */
static void
test_tarpit(void)
{
	struct server s = start_server(1500);
	int64_t worst = 0, begin = clock_steady();
	struct desk d;
	unsigned pings = 0;

	start_desk(&d, s.port);
	send_mail(&d, 1, "mail", MAIL);
	while (d.nsent == 0 && clock_steady() - begin < 8000) {
		int pongs = (int)d.pongs, have = 0;
		int64_t asked = clock_steady();
		struct msg m;

		msg_init(&m, MSG_PING);
		m.seq = ++pings;
		channel_send(d.control, &m);
		while ((int)d.pongs == pongs && clock_steady() - asked < 3000)
			until(&d, &have, 1, 2);
		worst = clock_steady() - asked > worst ? clock_steady() - asked : worst;
		until(&d, &have, 1, 20);
	}
	CU_ASSERT_EQUAL_FATAL(d.nsent, 1);
	CU_ASSERT_EQUAL(d.sent[0].outcome, SENT_OK);
	CU_ASSERT_TRUE(clock_steady() - begin >= 1500);
	CU_ASSERT_TRUE(pings > 20);
	CU_ASSERT_TRUE(worst < 500);
	CU_ASSERT_EQUAL(end_desk(&d), 0);
	CU_ASSERT_EQUAL(count_mails(&s), 1);
	stop_server(&s);
}

/* The engine dies while the mail is under way, and again before it has read the
 * result. */
static void
test_engine_restarts(void)
{
	struct server s = start_server(700);
	struct desk d;
	int no = 0;

	start_desk(&d, s.port);
	send_mail(&d, 9, "mail", MAIL);
	until(&d, &no, 1, 200);
	new_engine(&d);
	CU_ASSERT_EQUAL_FATAL(d.nsending, 1);
	CU_ASSERT_EQUAL(d.sending[0], 9);
	CU_ASSERT_EQUAL(d.nsent, 0);
	channel_free(&d.engine);
	until(&d, &no, 1, 1200);
	/* The result came when there was no engine: named first, then given. */
	new_engine(&d);
	CU_ASSERT_EQUAL_FATAL(d.nsending, 1);
	CU_ASSERT_EQUAL(d.sending[0], 9);
	until(&d, &d.nsent, 1, 2000);
	CU_ASSERT_EQUAL_FATAL(d.nsent, 1);
	CU_ASSERT_EQUAL(d.sent[0].outcome, SENT_OK);
	/* Given, but perhaps not read to the end: given again, not counted as under
	 * way. */
	new_engine(&d);
	CU_ASSERT_EQUAL(d.nsending, 0);
	until(&d, &d.nsent, 1, 2000);
	CU_ASSERT_EQUAL_FATAL(d.nsent, 1);
	CU_ASSERT_EQUAL(d.sent[0].id, 9);
	CU_ASSERT_EQUAL(end_desk(&d), 0);
	CU_ASSERT_EQUAL(count_mails(&s), 1);
	stop_server(&s);
}

/* Stopped with one mail under way and two waiting: the first is finished, the others
 * are given back. */
static void
test_stop(void)
{
	struct server s = start_server(500);
	struct desk d;
	struct msg m;
	int no = 0;

	start_desk(&d, s.port);
	for (uint64_t id = 1; id <= 3; id++)
		send_mail(&d, id, "mail", MAIL);
	until(&d, &no, 1, 200);
	msg_init(&m, MSG_STOP);
	channel_send(d.control, &m);
	until(&d, &d.nsent, 3, 4000);
	CU_ASSERT_EQUAL_FATAL(d.nsent, 3);
	CU_ASSERT_EQUAL(d.sent[0].outcome, SENT_SOFT);
	CU_ASSERT_EQUAL(d.sent[1].outcome, SENT_SOFT);
	CU_ASSERT_EQUAL(d.sent[2].id, 1);
	CU_ASSERT_EQUAL(d.sent[2].outcome, SENT_OK);
	CU_ASSERT_EQUAL(end_desk(&d), 0);
	CU_ASSERT_EQUAL(count_mails(&s), 1);
	stop_server(&s);
}

static void
done(struct courier_book *b, uint64_t id, enum sent_outcome o)
{
	struct courier_result r = {.id = id};

	courier_result_set(&r, o, 250, "x", 1);
	courier_book_done_take(b, &r);
	CU_ASSERT_PTR_NULL(r.reply);
}

static void
test_book(void)
{
	struct courier_book *b = courier_book_new();
	uint64_t *ids;

	CU_ASSERT_EQUAL(courier_book_take(b, 1), COURIER_BOOK_SEND);
	CU_ASSERT_EQUAL(courier_book_take(b, 1), COURIER_BOOK_BUSY);
	CU_ASSERT_EQUAL(courier_book_take(b, 2), COURIER_BOOK_SEND);
	CU_ASSERT_EQUAL(courier_book_in_hand(b), 2);
	done(b, 2, SENT_OK);
	done(b, 77, SENT_OK); /* not ours */
	CU_ASSERT_EQUAL(courier_book_sending(b, &ids), 2);
	CU_ASSERT_TRUE(ids[0] == 1 && ids[1] == 2);
	free(ids);
	CU_ASSERT_EQUAL(courier_book_next(b)->id, 2);
	courier_book_given(b);
	CU_ASSERT_PTR_NULL(courier_book_next(b));
	CU_ASSERT_EQUAL(courier_book_sending(b, &ids), 1);
	free(ids);
	courier_book_rewind(b);
	CU_ASSERT_EQUAL(courier_book_next(b)->id, 2);
	CU_ASSERT_EQUAL(courier_book_sending(b, &ids), 1);
	free(ids);
	CU_ASSERT_EQUAL(courier_book_take(b, 2), COURIER_BOOK_AGAIN);
	done(b, 1, SENT_UNKNOWN);
	CU_ASSERT_EQUAL(courier_book_take(b, 1), COURIER_BOOK_AGAIN);
	for (int o = SENT_SOFT; o <= SENT_HARD; o++) {
		CU_ASSERT_EQUAL(courier_book_take(b, 3), COURIER_BOOK_SEND);
		done(b, 3, (enum sent_outcome)o);
	}
	while (courier_book_next(b) != NULL)
		courier_book_given(b);
	/* A refusal is not told twice: the mail may be on its way again by then. */
	courier_book_rewind(b);
	for (const struct courier_result *r; (r = courier_book_next(b)) != NULL;) {
		CU_ASSERT_NOT_EQUAL(r->id, 3);
		courier_book_given(b);
	}
	/* So many that old answers are forgotten, but never that they were sent. */
	for (uint64_t id = 100; id < 100 + 2 * COURIER_BOOK_KEPT; id++) {
		CU_ASSERT_EQUAL(courier_book_take(b, id), COURIER_BOOK_SEND);
		done(b, id, SENT_OK);
		courier_book_given(b);
	}
	courier_book_rewind(b);
	CU_ASSERT_EQUAL(courier_book_next(b)->id, 100 + COURIER_BOOK_KEPT);
	CU_ASSERT_EQUAL(courier_book_take(b, 100), COURIER_BOOK_AGAIN);
	CU_ASSERT_EQUAL(courier_book_take(b, 2), COURIER_BOOK_AGAIN);
	CU_ASSERT_EQUAL(courier_book_take(b, 1), COURIER_BOOK_AGAIN);
	courier_book_free(&b);
}

static const struct suite_test tests[] = {
    {"book", test_book},
    {"sends once", test_sends},
    {"what was refused may come again", test_refused_may_come_again},
    {"pings are answered in a tarpit", test_tarpit},
    {"engines come and go", test_engine_restarts},
    {"stop finishes what is in hand", test_stop},
};

int
main(void)
{
	log_set_level(LOG_L_ERR);
	return suite_main("role_courier", tests, sizeof(tests) / sizeof(tests[0]));
}
