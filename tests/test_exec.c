/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_exec: the lines of a plugin that is a program, read and written; and such
 * plugins in the host, as real processes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "ipc/spawn.h"
#include "policy/exec.h"
#include "policy/host.h"
#include "tests/suite.h"

#ifdef TOSD_SANITIZED /* built without seccomp */
#define WITHOUT_SECCOMP " socket group"
#else
#define WITHOUT_SECCOMP ""
#endif

#define HELLO                                                                          \
	"{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\",\"version\":\"1\",\"rules\":" \
	"["                                                                            \
	"{\"id\":\"a/b\",\"rev\":2,\"clause\":\"1\",\"category\":\"x\","               \
	"\"severity\":\"low\"}],\"want\":[\"text\",\"author\"],\"max_inflight\":4}\n"

/* --- the reader */

static struct exec_proto *
reader(const char *text)
{
	struct exec_proto *p = exec_proto_new("it");

	exec_proto_take(p, text, strlen(text));
	return p;
}

static void
test_events(void)
{
	static const char text[] =
	    HELLO "\n{\"t\":\"result\",\"seq\":7,\"findings\":[{\"rule\":\"a/"
		  "b\",\"score\":0.25,"
		  "\"spans\":[[1,3],[5,9]],\"reason\":\"r\"},{\"rule\":\"a/"
		  "b\"}],\"x\":{}}\r\n"
		  "{\"t\":\"later\"}\n{\"t\":\"busy\",\"seq\":8}\n"
		  "{\"t\":\"result\",\"seq\":9,\"abstain\":\"why\"}\n{\"t\":\"res";
	/* However the bytes come. */
	for (size_t step = 1; step < sizeof(text) + 1; step += step < 9 ? 1 : 40) {
		struct exec_proto *p = exec_proto_new("it");
		struct exec_event ev;
		unsigned n = 0;

		for (size_t i = 0; i < sizeof(text) - 1; i += step) {
			size_t k = sizeof(text) - 1 - i;

			exec_proto_take(p, text + i, k < step ? k : step);
			while (exec_proto_next(p, &ev, NULL) > 0) {
				n++;
				if (n == 1) {
					CU_ASSERT_EQUAL(ev.kind, EXEC_HELLO);
					CU_ASSERT_EQUAL(
					    ev.hello.want, EXEC_TEXT | EXEC_AUTHOR);
					CU_ASSERT_EQUAL(ev.hello.max_inflight, 4);
					CU_ASSERT_TRUE(ev.hello.pure);
					CU_ASSERT_EQUAL(ev.hello.rules[0].rev, 2);
					CU_ASSERT_EQUAL(
					    ev.hello.rules[0].mode, MODE_SHADOW);
					exec_hello_clear(&ev.hello);
				} else if (n == 2) {
					CU_ASSERT_EQUAL(ev.seq, 7);
					CU_ASSERT_EQUAL_FATAL(ev.n, 2);
					CU_ASSERT_EQUAL(ev.findings[0].nspans, 2);
					CU_ASSERT_EQUAL(ev.findings[0].spans[1].end, 9);
					CU_ASSERT_EQUAL(ev.findings[0].score, 0.25);
					CU_ASSERT_EQUAL(ev.findings[1].score, 1);
					CU_ASSERT_PTR_NULL(ev.abstain);
				} else if (n == 3) {
					CU_ASSERT_EQUAL(ev.kind, EXEC_BUSY);
					CU_ASSERT_EQUAL(ev.seq, 8);
				} else {
					SAME(ev.abstain, "why");
				}
			}
		}
		CU_ASSERT_EQUAL(n, 4);
		CU_ASSERT_EQUAL(exec_proto_lines(p), 6);
		CU_ASSERT_EQUAL(exec_proto_ignored(p), 1);
		exec_proto_free(&p);
	}
}

static void
test_breaches(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
	    {"hello\n", "line 1 of its output: not JSON"},
	    {"[1]\n", "not an object with a type"},
	    {"{\"t\":1}\n", "not an object with a type"},
	    {"{\"t\":\"a\",\"t\":\"b\"}\n", "not JSON: duplicate"},
	    {"{\"t\":\"a\xff\"}\n", "not JSON"},
	    {"{\"t\":\"a\\u0000\"}\n", "not JSON"},
	    {"{\"t\":\"result\",\"seq\":1,\"findings\":[]}\n", "before its hello"},
	    {"{\"t\":\"hello\"}\n", "`proto' must be two numbers"},
	    {"{\"t\":\"hello\",\"proto\":[2,3]}\n", "does not reach over version 1"},
	    {"{\"t\":\"hello\",\"proto\":[1,1]}\n", "`name' is missing"},
	    {"{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\",\"version\":\"1\","
	     "\"want\":[\"te\\u001bxt\"]}\n",
		"`want' names \"te\\x1bxt\", which is none of text, lang"},
	    {"{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\",\"version\":\"1\","
	     "\"want\":[],\"max_inflight\":0}\n",
		"`max_inflight' is not a whole number from 1 to 65536"},
	    {"{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\",\"version\":\"1\","
	     "\"want\":[],\"rules\":[{\"id\":\"a\",\"clause\":\"1\",\"category\":"
	     "\"x\",\"severity\":\"low\",\"rev\":0}]}\n",
		"`rev' of rule 1 is not a whole number from 1 to 2147483647"},
	    {HELLO HELLO, "line 2 of its output: a second hello"},
	    {HELLO "{\"t\":\"result\",\"findings\":[]}\n", "`seq' must be"},
	    {HELLO "{\"t\":\"result\",\"seq\":-1,\"findings\":[]}\n", "`seq' must be"},
	    {HELLO "{\"t\":\"result\",\"seq\":1}\n",
		"neither `findings' nor `abstain'"},
	    {HELLO "{\"t\":\"result\",\"seq\":1,\"findings\":{}}\n",
		"must be an array"},
	    {HELLO "{\"t\":\"result\",\"seq\":1e999,\"findings\":[]}\n",
		"`seq' must be"},
	    {HELLO "{\"t\":\"result\",\"seq\":99999999999999999999,"
		   "\"findings\":[]}\n",
		"`seq' must be"},
	    {HELLO "{\"t\":\"result\",\"seq\":1e999,\"findings\":[}\n", "not JSON"},
	    {HELLO "{\"t\":\"result\",\"seq\":1,\"abstain\":3}\n", "`abstain' must be"},
	    {HELLO "{\"t\":\"busy\"}\n", "busy: `seq'"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct exec_proto *p = reader(bad[i].text);
		struct err e = ERR_INIT;
		struct exec_event ev;
		int rc;

		while ((rc = exec_proto_next(p, &ev, &e)) > 0)
			exec_hello_clear(&ev.hello);
		CU_ASSERT_EQUAL(rc, TOSD_EPROTO);
		if (strstr(e.text, bad[i].want) == NULL)
			printf("\n    %zu: %s ", i, e.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, bad[i].want));
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "plugin `it'"));
		/* Nothing more is read of it. */
		exec_proto_take(p, HELLO, strlen(HELLO));
		CU_ASSERT_EQUAL(exec_proto_next(p, &ev, &e), TOSD_EPROTO);
		exec_proto_free(&p);
	}
}

static void
test_limits(void)
{
	struct exec_proto *p = reader(HELLO);
	struct err e = ERR_INIT;
	struct exec_event ev;
	char *x = xmalloc(EXEC_LINE_MAX + 1);

	memset(x, 'x', EXEC_LINE_MAX + 1);
	CU_ASSERT_EQUAL(exec_proto_next(p, &ev, &e), 1);
	exec_hello_clear(&ev.hello);
	exec_proto_take(p, x, EXEC_LINE_MAX);
	CU_ASSERT_EQUAL(exec_proto_next(p, &ev, &e), 0);
	exec_proto_take(p, x, 1);
	CU_ASSERT_EQUAL(exec_proto_next(p, &ev, &e), TOSD_EPROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "line 2 of its output: longer than"));
	exec_proto_free(&p);
	free(x);
	p = reader(HELLO);
	exec_proto_next(p, &ev, &e);
	exec_hello_clear(&ev.hello);
	for (int i = 0; i <= EXEC_NOISE_MAX; i++)
		exec_proto_take(p, "{\"t\":\"x\"}\n", 10);
	CU_ASSERT_EQUAL(exec_proto_next(p, &ev, &e), TOSD_EPROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "without a result"));
	exec_proto_free(&p);
}

static void
test_lines_out(void)
{
	struct conf_setting set[] = {{"a\"b", "1\n"}};
	struct conf_plugin c = {
	    .name = "n", .window = 3, .deadline = 50, .settings = set, .nsettings = 1};
	char *links[] = {(char *)"http://a/"};
	const struct item_media media[] = {{.url = (char *)"http://a/1",
					       .sha256 = (char *)"ab",
					       .pdq = (char *)"cd",
					       .quality = 7},
	    {.url = (char *)"http://a/2", .why = (char *)"gone"}};
	struct exec_item it = {.seq = 5,
	    .deadline = 50,
	    .as_of = -1,
	    .want = EXEC_TEXT | EXEC_LINKS,
	    .text = {"a\"\\\t\x7f\x01\xc3\xa4", 8},
	    .lang = {"en", 2},
	    .author = {"secret", 6},
	    .links = links,
	    .nlinks = 1};
	struct buf b = {0};

	exec_put_start(&b, &c);
	SAME(b.data, "{\"t\":\"start\",\"proto\":[1,1],\"plugin\":\"n\",\"window\":3,"
		     "\"deadline_ms\":50,\"settings\":{\"a\\\"b\":\"1\\n\"}}\n");
	buf_reset(&b);
	/* What was not wanted is not there. */
	exec_put_item(&b, &it);
	SAME(b.data,
	    "{\"t\":\"item\",\"seq\":5,\"deadline_ms\":50,\"as_of\":-1,\"item\":"
	    "{\"text\":\"a\\\"\\\\\\u0009\\u007f\\u0001\xc3\xa4\","
	    "\"links\":[\"http://a/\"]}}\n");
	buf_reset(&b);
	it.want = EXEC_MEDIA;
	it.media = media;
	it.nmedia = 2;
	exec_put_item(&b, &it);
	SAME(b.data,
	    "{\"t\":\"item\",\"seq\":5,\"deadline_ms\":50,\"as_of\":-1,\"item\":"
	    "{\"media\":[{\"url\":\"http://a/1\",\"sha256\":\"ab\",\"pdq\":\"cd\","
	    "\"quality\":7},{\"url\":\"http://a/2\",\"why\":\"gone\"}]}}\n");
	buf_free(&b);
}

/* --- in the host */

static char folder[64];

/* Programs of the test: each plugin is one of these functions' words. */
struct kid {
	pid_t pid;
	bool wanted, never;
	int64_t due, delay;
	unsigned starts;
	struct spawn_child spawn;
	const char *command[3];
	char path[128];
};

static bool
take(void *ctx, const char *plugin, struct exec_fds *out)
{
	struct kid *k = ctx;
	struct err e = ERR_INIT;
	int fds[3];

	(void)plugin;
	if (k->pid != 0 || !k->wanted || clock_steady() < k->due)
		return false;
	k->pid = spawn_child(&k->spawn, fds, &e);
	if (k->pid < 0) {
		printf("\n    %s ", e.text);
		k->pid = 0;
		return false;
	}
	k->starts++;
	*out = (struct exec_fds){.in = fds[0], .out = fds[1], .err = fds[2]};
	memset(out->digest, 'a', DIGEST_HEX - 1);
	return true;
}

static void
lost(void *ctx, const char *plugin, int64_t delay, const char *why)
{
	struct kid *k = ctx;

	(void)plugin;
	(void)why;
	if (k->pid != 0) {
		kill(-k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
	}
	k->pid = 0;
	k->wanted = delay >= 0;
	k->delay = delay;
	k->due = clock_steady(); /* the host's delay is not waited for here */
}

static char said[4000];

static void
say(void *ctx, const char *plugin, const char *line)
{
	(void)ctx;
	(void)plugin;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static void
report(void *ctx, const char *text)
{
	say(ctx, "", text);
}

static struct conf_plugin plugin;
static struct conf_policy policy;
static struct kid kid;

/* A host with one program: a shell script whose body reads lines as $line. */
static struct policy_host *
host_of(const char *want, const char *body, unsigned window)
{
	static struct policy_children children = {take, lost, say, &kid};
	struct policy_options o = {
	    .conf = &policy, .report = report, .children = &children};
	struct policy_host *h = NULL;
	struct err e = ERR_INIT;
	char *script = xasprintf(
	    "#!/bin/sh\nset -f\necho '{\"t\":\"hello\",\"proto\":[1,1],\"name\":\"n\","
	    "\"version\":\"1\",\"rules\":[{\"id\":\"a/b\",\"rev\":1,\"clause\":\"1\","
	    "\"category\":\"x\",\"severity\":\"low\",\"mode\":\"enforce\"}],"
	    "\"want\":[%s],\"max_inflight\":64}'\n"
	    "while IFS= read -r line; do\nseq=${line#*seq\\\":}; seq=${seq%%%%,*}\n"
	    "case $line in *drain*) exit 0;; *tick*|*start*|*sets*) continue;; esac\n"
	    "%s\ndone\n",
	    want, body);

	memset(&kid, 0, sizeof(kid));
	kid.wanted = true;
	snprintf(kid.path, sizeof(kid.path), "%s/it.sh", folder);
	CU_ASSERT_EQUAL_FATAL(
	    file_write(kid.path, script, strlen(script), 0755, FILE_NOSYNC, &e), 0);
	chmod(kid.path, 0755);
	free(script);
	kid.command[0] = "/bin/sh";
	kid.command[1] = kid.path;
	kid.spawn = (struct spawn_child){.name = "it",
	    .command = kid.command,
	    .ncommand = 2,
	    .folder = folder,
	    .become = geteuid() == 0,
	    .uid = 60956,
	    .gid = 60956,
	    .sandbox = SANDBOX_BEST_EFFORT,
	    .memory = 256u << 20,
	    .files = 32,
	    .processes = 8,
	    .cpu = 60};
	plugin = (struct conf_plugin){.name = "it",
	    .command = kid.command,
	    .ncommand = 2,
	    .folder = folder,
	    .grant = TOSD_NEED_TEXT | TOSD_NEED_AUTHOR,
	    .window = window,
	    .deadline = 3000};
	policy = (struct conf_policy){.plugins = &plugin, .nplugins = 1};
	said[0] = '\0';
	policy_host_new(&o, &h, NULL);
	return h;
}

#define DONE "echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[]}'"

/* n asks about texts "item 0" and so on. */
static struct policy_ask *
asks(size_t n, struct item *items)
{
	struct policy_ask *v = xcalloc(n, sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		item_init(&items[i]);
		items[i].id = xasprintf("%zu", i);
		items[i].text = xasprintf("item %zu", i);
		items[i].author = xstrdup("Ada Quill");
		v[i] = (struct policy_ask){
		    .tenant = "0123456789abcdef", .it = &items[i], .revision = i + 1};
	}
	return v;
}

static void
forget(struct policy_ask *v, struct item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		policy_ask_clear(&v[i]);
		item_clear(&items[i]);
	}
	free(v);
}

/* Waits for the program to be there again. */
static void
come_back(struct policy_host *h)
{
	for (int i = 0; i < 2000 && !policy_exec_up(policy_host_exec(h, 0)); i++) {
		policy_host_idle(h);
		usleep(5000);
	}
	CU_ASSERT_TRUE(policy_exec_up(policy_host_exec(h, 0)));
}

static void
test_host_judges(void)
{
	/* The second of three answers first; the author is a hash; no url is sent. */
	static const char body[] =
	    "case $line in *Quill*|*url*) exit 5;; esac\n"
	    "f='{\"rule\":\"a/b\",\"score\":0.5,\"spans\":[[0,3],[2,4],[2,3]],'"
	    "'\"reason\":\"r\"}'\n"
	    "if [ -z \"${held-}\" ]; then held=$seq; continue; fi\n"
	    "for s in $seq $held; do\n"
	    "echo '{\"t\":\"result\",\"seq\":'$s',\"findings\":['$f']}'; done; held=";
	struct policy_host *h = host_of("\"text\",\"author\"", body, 64);
	struct item items[6];
	struct policy_ask *v;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	v = asks(6, items);
	policy_host_judge(h, v, 6, 10000);
	for (int i = 0; i < 6; i++) {
		CU_ASSERT_EQUAL(v[i].nretry, 0);
		CU_ASSERT_PTR_NULL(v[i].degraded);
		CU_ASSERT_EQUAL_FATAL(v[i].n, 1);
		SAME(v[i].findings[0].rule, "a/b");
		CU_ASSERT_EQUAL(v[i].findings[0].nspans, 1); /* joined */
		CU_ASSERT_EQUAL(v[i].findings[0].spans[0].end, 4);
		CU_ASSERT_EQUAL(v[i].findings[0].mode, MODE_ENFORCE);
		CU_ASSERT_EQUAL(strspn(v[i].findings[0].pack, "a"), DIGEST_HEX - 1);
	}
	forget(v, items, 6);
	policy_host_free(&h);
	CU_ASSERT_EQUAL(kid.pid, 0);
#ifndef TOSD_SANITIZED /* which says that it has no seccomp */
	SAME(said, "");
#endif
}

static void
test_host_refusals(void)
{
	struct policy_host *h = host_of("\"text\",\"tenant\"", DONE, 4);

	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "wants tenant, which `grant' does not give"));
	CU_ASSERT_EQUAL(kid.pid, 0);
	CU_ASSERT_FALSE(kid.wanted);
	h = host_of("\"smell\"", DONE, 4);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "`want' names \"smell\", which is none of text, "
			 "lang, url, links, author, tenant, sets, media"));
}

/* One of eight kills it: that one is found out, the others are judged. */
static void
test_host_poison(void)
{
	struct policy_host *h =
	    host_of("\"text\"", "case $line in *'item 3'*) exit 7;; esac\n" DONE, 64);
	struct item items[8];
	struct policy_ask *v;
	unsigned retried = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	v = asks(8, items);
	policy_host_judge(h, v, 8, 10000);
	CU_ASSERT_EQUAL_FATAL(v[3].nretry, 1);
	SAME(v[3].retry[0].plugin, "it");
	CU_ASSERT_TRUE(v[3].retry[0].lost);
	CU_ASSERT_FALSE(v[3].retry[0].alone);
	CU_ASSERT_EQUAL(v[3].retry[0].wait, 1000);
	for (int i = 0; i < 8; i++)
		retried += v[i].nretry;
	CU_ASSERT_TRUE(retried >= 5); /* those behind it, at least */
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "lost, with revision "));
	forget(v, items, 8);
	come_back(h);
	v = asks(8, items);
	policy_host_judge(h, v + 3, 1, 10000);
	CU_ASSERT_EQUAL_FATAL(v[3].nretry, 1);
	CU_ASSERT_TRUE(v[3].retry[0].alone);
	CU_ASSERT_EQUAL(v[3].retry[0].wait, 2000); /* growing */
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "lost, with revision 4 in hand"));
	come_back(h);
	/* Not shown to it: then all is well. */
	policy_ask_clear(&v[3]);
	v[3] = (struct policy_ask){.tenant = "",
	    .it = &items[3],
	    .skip = (char *[]){(char *)"it"},
	    .nskip = 1};
	policy_host_judge(h, v, 8, 10000);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(v[i].nretry, 0);
	CU_ASSERT_EQUAL(kid.starts, 3);
	forget(v, items, 8);
	policy_host_free(&h);
}

/* The last word on how its program is. */
static void
hear_stand(void *ctx, const char *plugin_name, const char *why)
{
	CU_ASSERT_STRING_EQUAL(plugin_name, "it");
	snprintf(ctx, 300, "%s", why != NULL ? why : "there");
}

/* Said once, and again to who comes later. */
static void
told(struct policy_host *h, const char *want)
{
	char stand[300] = "";

	policy_host_stands(h, false, hear_stand, stand);
	CU_ASSERT_PTR_NOT_NULL(strstr(stand, want));
	stand[0] = '\0';
	policy_host_stands(h, false, hear_stand, stand);
	CU_ASSERT_STRING_EQUAL(stand, "");
	policy_host_stands(h, true, hear_stand, stand);
	CU_ASSERT_PTR_NOT_NULL(strstr(stand, strcmp(want, "there") == 0 ? "" : want));
}

static void
test_host_breaker(void)
{
	struct policy_host *h = host_of("\"text\"", "exit 1", 4);
	static const int64_t want[] = {1000, 2000, 4000, 8000, 60000};
	struct item items[1];

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (size_t i = 0; i < 5; i++) {
		struct policy_ask *v = asks(1, items);

		come_back(h);
		told(h, i > 0 ? "there" : "");
		policy_host_judge(h, v, 1, 10000);
		told(h, i < 4 ? "lost, with revision 1 in hand: "
			      : "(breaker: 5 losses within a minute)");
		CU_ASSERT_EQUAL_FATAL(v[0].nretry, 1);
		CU_ASSERT_EQUAL(v[0].retry[0].wait, want[i]);
		CU_ASSERT_EQUAL(kid.delay, want[i]);
		forget(v, items, 1);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "breaker: 5 losses within a minute"));
	policy_host_free(&h);
}

static void
test_host_late(void)
{
	struct exec_stats s;
	/* Never answers item 1, but all others: it is that item alone that is late. */
	struct policy_host *h = host_of("\"text\"",
	    "case $line in *'item 1'*) continue;; esac\n" DONE "\nsleep 0.1", 2);
	struct item items[20];
	struct policy_ask *v;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	plugin.deadline = 700;
	v = asks(10, items);
	policy_host_judge(h, v, 10, 20000);
	CU_ASSERT_EQUAL_FATAL(v[1].nretry, 1);
	CU_ASSERT_TRUE(v[1].retry[0].lost);
	CU_ASSERT_PTR_NOT_NULL(strstr(v[1].retry[0].why, "no answer within 700 ms"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "no answer about revision 2 within 700 ms"));
	policy_exec_stats(policy_host_exec(h, 0), &s);
	CU_ASSERT_EQUAL(s.losses, 1);
	CU_ASSERT_EQUAL(v[0].nretry, 0);
	CU_ASSERT_EQUAL(v[5].nretry, 0);
	forget(v, items, 10);
	policy_host_free(&h);
}

#define ONE(finding) \
	"echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{" finding "}]}'"

static void
test_host_answers(void)
{
	static const struct {
		const char *body, *want;
	} cases[] = {
	    {"echo '{\"t\":\"result\",\"seq\":'$seq',\"abstain\":\"no idea\"}'",
		"it: abstained: no idea"},
	    {"echo "
	     "'{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{\"rule\":\"z/z\"}]}'",
		"it: made a finding of a rule that it has not declared: `z/z'"},
	    {ONE("\"rule\":\"a b\""),
		"it: made a finding of a rule that it has not declared"},
	    {"echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{\"rule\":\"a/b\","
	     "\"spans\":[[0,99]]}]}'",
		"it: made a span outside of the text: `a/b'"},
	    {"echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{\"rule\":\"a/b\","
	     "\"spans\":[[2,2]]}]}'",
		"it: made a span that is empty or ends before it begins: `a/b'"},
	    {"echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{\"rule\":\"a/b\","
	     "\"spans\":[[3,1]]}]}'",
		"it: made a span that is empty or ends before it begins: `a/b'"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[-1,2]]"),
		"it: made a span that is not [start, end], in bytes of the text"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[0,1.5]]"),
		"it: made a span that is not [start, end], in bytes of the text"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[1,5000000000]]"),
		"it: made a span that is not [start, end], in bytes of the text"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[1,99999999999999999999]]"),
		"it: made a span that is not [start, end], in bytes of the text"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[1]]"),
		"it: made a span that is not [start, end], in bytes of the text"},
	    {ONE("\"rule\":\"a/b\",\"spans\":7"),
		"it: made a finding whose spans are no list"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[0,2],[0,1],[1,2],[0,2]]"),
		"it: made spans that are not in order: `a/b'"},
	    {ONE("\"rule\":\"a/b\",\"spans\":[[0,2],[0,1],[1,2]]"), NULL},
	    {ONE("\"rule\":\"a/b\",\"score\":1e999"),
		"it: made a score that is not 0 to 1: `a/b'"},
	    {ONE("\"rule\":\"a/b\",\"x\":\"1e999 \\\"\",\"y\":[-1e999,1]"), NULL},
	    {ONE("\"rule\":\"a/b\",\"score\":\"1\""),
		"it: made a score that is no number"},
	    {ONE("\"rule\":\"a/b\",\"reason\":1"),
		"it: made a reason that is no string"},
	    {ONE(""), "it: made a finding without the id of its rule"},
	    {"f='{\"rule\":\"a/b\"}'; for i in 1 2 3 4 5 6 7 8; do f=\"$f,$f\"; done; "
	     "echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":['$f',{}]}'",
		"it: made too many findings for one item"},
	    {"f='[0,1]'; for i in 1 2 3 4 5 6; do f=\"$f,$f\"; done; "
	     "echo '{\"t\":\"result\",\"seq\":'$seq',\"findings\":[{\"rule\":\"a/b\","
	     "\"spans\":['$f',[0,1]]}]}'",
		"it: made a finding with more than 64 spans"},
	    /* Busy once, then done; a late double is dropped. */
	    {"if [ -z \"${b-}\" ]; then b=1; echo '{\"t\":\"busy\",\"seq\":'$seq'}'; "
	     "else " DONE "; " DONE "; fi",
		NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_host *h = host_of("\"text\"", cases[i].body, 4);
		struct item items[1];
		struct policy_ask *v;

		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		v = asks(1, items);
		policy_host_judge(h, v, 1, 10000);
		CU_ASSERT_EQUAL(v[0].nretry, 0);
		SAME(v[0].degraded, cases[i].want);
		CU_ASSERT_EQUAL(kid.starts, 1); /* the program stays */
		forget(v, items, 1);
		policy_host_free(&h);
	}
}

/* Stops over one of several: it is named, and it is one loss. */
static void
test_host_stuck(void)
{
	static const char *const bodies[] = {
	    "case $line in *'item 1'*) sleep 60;; esac\n" DONE,
	    "case $line in *'item 1'*) printf '{\"t\":\"res'; sleep 60;; esac\n" DONE};

	for (size_t k = 0; k < 2; k++) {
		struct policy_host *h = host_of("\"text\"", bodies[k], 4);
		struct exec_stats s;
		struct item items[8];
		struct policy_ask *v;

		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		plugin.deadline = 400;
		v = asks(8, items);
		policy_host_judge(h, v, 8, 20000);
		policy_exec_stats(policy_host_exec(h, 0), &s);
		CU_ASSERT_EQUAL(s.losses, 1);
		CU_ASSERT_EQUAL(v[0].nretry, 0);
		CU_ASSERT_EQUAL_FATAL(v[1].nretry, 1);
		CU_ASSERT_TRUE(v[1].retry[0].lost);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, "lost, with revision 2 and "));
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(said, "in hand: no answer within 400 ms"));
		CU_ASSERT_PTR_NULL(strstr(said, "about revision"));
		forget(v, items, 8);
		policy_host_free(&h);
	}
}

/* Busy for ever with nothing to do: told once, then lost; what was offered waits. */
static void
test_host_busy(void)
{
	struct policy_host *h = NULL;
	struct item items[3];
	struct policy_ask *v = NULL;
	const char *told;

	/* On a machine with much to do it may miss the deadline: that is no word. */
	for (int i = 0; i < 20; i++) {
		h = host_of("\"text\"", "echo '{\"t\":\"busy\",\"seq\":'$seq'}'", 4);
		CU_ASSERT_PTR_NOT_NULL_FATAL(h);
		plugin.deadline = 100;
		v = asks(3, items);
		policy_host_judge(h, v, 3, 60000);
		if (strstr(said, "no answer within") == NULL)
			break;
		forget(v, items, 3);
		policy_host_free(&h);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(v[i].nretry, 1);
		CU_ASSERT_FALSE(v[i].retry[0].lost);
		CU_ASSERT_EQUAL(v[i].retry[0].wait, 1000);
	}
	told = strstr(said, "says busy for 1 s with nothing else in hand");
	CU_ASSERT_PTR_NOT_NULL_FATAL(told);
	CU_ASSERT_PTR_NULL(strstr(told + 1, "says busy for"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "lost, with nothing in hand: it has said "
					    "busy for 3 s with nothing else in hand"));
	forget(v, items, 3);
	policy_host_free(&h);
}

/* What is answered twice is not late. */
static void
test_host_twice(void)
{
	struct policy_host *h = host_of("\"text\"", DONE "; " DONE, 4);
	struct exec_stats s;
	struct item items[9];
	struct policy_ask *v;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	v = asks(9, items);
	policy_host_judge(h, v, 9, 60000);
	for (int i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(v[i].nretry, 0);
	policy_exec_stats(policy_host_exec(h, 0), &s);
	CU_ASSERT_TRUE(s.twice >= 8); /* the last one may not be read yet */
	CU_ASSERT_EQUAL(s.late, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(said, "answered an item twice"));
	CU_ASSERT_PTR_NULL(strstr(
	    strstr(said, "answered an item twice") + 1, "answered an item twice"));
	forget(v, items, 9);
	policy_host_free(&h);
}

/* What its walls keep from it: the network, other folders, a group of its own. */
static void
test_walls(void)
{
	static const char body[] =
	    "r=; (cat /etc/passwd) >/dev/null 2>&1 && r=\"$r passwd\"\n"
	    "(echo x >it.new) 2>/dev/null && r=\"$r write\"\n"
	    "kill -0 1 2>/dev/null && r=\"$r kill\"\n"
	    "(python3 -c 'import socket; socket.socket()') 2>/dev/null && r=\"$r "
	    "socket\"\n"
	    "(python3 -c 'import os; os.setpgid(0, 0)') 2>/dev/null && r=\"$r group\"\n"
	    "echo '{\"t\":\"result\",\"seq\":'$seq',\"abstain\":\"can:'\"$r\"'\"}'";
	struct policy_host *h = host_of("\"text\"", body, 4);
	struct item items[1];
	struct policy_ask *v;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	plugin.deadline = 20000;
	v = asks(1, items);
	policy_host_judge(h, v, 1, 20000);
	if (sandbox_landlock_abi() > 0)
		SAME(v[0].degraded, "it: abstained: can:" WITHOUT_SECCOMP);
	else
		CU_ASSERT_EQUAL(strstr(v[0].degraded, "socket") != NULL,
		    WITHOUT_SECCOMP[0] != '\0');
	forget(v, items, 1);
	policy_host_free(&h);
}

static void
keep_line(void *ctx, const char *line)
{
	struct buf *b = ctx;

	buf_printf(b, "%s|", line);
}

/* However the bytes come, up to its limit a line, and a burst, then so many a second.
 */
static void
test_said(void)
{
	struct buf b = {0};
	struct policy_lines l = {.say = keep_line, .ctx = &b, .max = 5};
	int64_t now = 7 * CLOCK_SEC;

	policy_lines_take(&l, "on", 2, now);
	policy_lines_take(&l, "e\n\ntoo long\na\0b\nlast", 20, now);
	policy_lines_end(&l, now);
	buf_putc(&b, '\0');
	SAME(b.data, "one|too l|a?b|last|");
	CU_ASSERT_EQUAL(l.all, 4);
	buf_reset(&b);
	for (int i = 0; i < 100; i++)
		policy_lines_take(&l, "x\n", 2, now);
	CU_ASSERT_EQUAL(b.len, 2 * (QUIET_BURST - 4));
	buf_reset(&b);
	policy_lines_take(&l, "y\n", 2, now + CLOCK_SEC / QUIET_RATE);
	buf_putc(&b, '\0');
	SAME(b.data, "(84 lines left out)|y|");
	buf_reset(&b);
	policy_lines_take(&l, "z\n", 2, now + CLOCK_SEC / QUIET_RATE);
	policy_lines_end(&l, now + CLOCK_SEC / QUIET_RATE);
	buf_putc(&b, '\0');
	SAME(b.data, "(1 lines left out)|");
	buf_free(&b);
}

/* Objects that take long, and a program that has more to do then: the time of a batch
 * is for both, so what the program was not asked by then waits for the next one. */
static void
test_host_slow_objects(void)
{
	static struct policy_children children = {take, lost, say, &kid};
	struct conf_setting slow = {"slow", "item"};
	struct conf_plugin both[2];
	struct policy_options o = {
	    .conf = &policy, .report = report, .children = &children};
	struct policy_host *h = host_of("\"text\"", DONE, 1);
	struct item items[4];
	struct policy_ask *v;
	unsigned later = 0;

	policy_host_free(&h);
	kid.wanted = true;
	both[0] = (struct conf_plugin){.name = "slow",
	    .path = TOSD_BUILDDIR "/plugins/probe/.libs/probe.so",
	    .settings = &slow,
	    .nsettings = 1,
	    .grant = TOSD_NEED_TEXT};
	both[1] = plugin;
	policy = (struct conf_policy){.plugins = both, .nplugins = 2};
	CU_ASSERT_EQUAL_FATAL(policy_host_new(&o, &h, NULL), 0);
	v = asks(4, items);
	policy_host_judge(h, v, 4, 300);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_PTR_NULL(v[i].degraded);
		CU_ASSERT(
		    v[i].nretry == 0 || (v[i].nretry == 1 && !v[i].retry[0].lost &&
					    strcmp(v[i].retry[0].plugin, "it") == 0));
		later += v[i].nretry;
	}
	/* The one that it was sent before the objects began is answered. */
	CU_ASSERT_EQUAL(v[0].nretry, 0);
	CU_ASSERT_EQUAL(later, 3);
	forget(v, items, 4);
	policy_host_free(&h);
}

static const struct suite_test tests[] = {
    {"what is said is lines, and rationed", test_said},
    {"events, however the bytes come", test_events},
    {"every breach is said with plugin and line", test_breaches},
    {"lines and noise have limits", test_limits},
    {"lines out, only what is wanted", test_lines_out},
    {"the host judges, in any order", test_host_judges},
    {"too much wanted, nothing started", test_host_refusals},
    {"an item that kills is found out alone", test_host_poison},
    {"growing delays, then the breaker", test_host_breaker},
    {"slow objects beside a program", test_host_slow_objects},
    {"a late item is late alone", test_host_late},
    {"stuck over one of several", test_host_stuck},
    {"abstained, refused, busy, double", test_host_answers},
    {"busy for ever", test_host_busy},
    {"answered twice", test_host_twice},
    {"the walls of a program", test_walls},
};

int
main(void)
{
	char path[128];
	int rc;

	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "/tmp/tosd-exec-XXXXXX");
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
		return 99;
	rc = suite_main("exec", tests, sizeof(tests) / sizeof(tests[0]));
	snprintf(path, sizeof(path), "%s/it.sh", folder);
	unlink(path);
	rmdir(folder);
	return rc;
}
