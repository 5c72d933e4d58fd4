/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: a plugin that misbehaves when it is told to.  It exists to test the host and
 * the daemon and is never installed.  Each setting is a word; a text that has the word
 * sets the fault off.
 */
#include <tosd/policy.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CRASH,
	HANG,
	LEAK,
	BAD,
	ABSTAIN,
	SPEND,
	FIND,
	OPEN,
	SELFTEST,
	TOLD,
	SCORE,
	FAULT,
	VANDAL,
	RULE,
	NUMBER,
	WHOLE,
	SLOW,
	RULES,
	COUNT
};
static const struct tosd_setting schema[COUNT] = {
    [CRASH] = {"crash", TOSD_STRING, "", "dies at this word"},
    [HANG] = {"hang", TOSD_STRING, "", "never returns at this word"},
    [LEAK] = {"leak", TOSD_STRING, "", "loses 16 MiB at this word"},
    [BAD] = {"bad", TOSD_STRING, "",
	"bad finding: rule, score, nan, outside, empty, order, cut, size, spans, null "
	"or "
	"many; full: as many and as long as may be; budget: units below 0"},
    [ABSTAIN] = {"abstain", TOSD_STRING, "", "gives no answer at this word"},
    [SPEND] = {"spend", TOSD_STRING, "", "uses up its budget at this word"},
    [FIND] = {"find", TOSD_STRING, "found", "finds this word"},
    [OPEN] = {"open", TOSD_STRING, "ok",
	"ok, fail, norule, badrule, category, twice, crash, hang, exit, fork, seven, "
	"silent, "
	"flood, or dumb: waits, and fails its own test without a word"},
    [SELFTEST] = {"selftest", TOSD_BOOL, "true", "whether the own test passes"},
    [TOLD] = {"told", TOSD_STRING, "", "after this word the text names a bad finding"},
    [SCORE] = {"score", TOSD_STRING, "",
	"gives a score: good, twice, other, nan, high, weight or size"},
    [FAULT] = {"fault", TOSD_STRING, "", "after this word the text names a fault"},
    [VANDAL] = {"vandal", TOSD_STRING, "", "overwrites this word where it is lent"},
    [RULE] = {"rule", TOSD_STRING, "probe/word", "the rule's name"},
    [NUMBER] = {"number", TOSD_NUMBER, "0.5", "any number"},
    [WHOLE] = {"whole", TOSD_INTEGER, "3", "any whole number"},
    [SLOW] = {"slow", TOSD_STRING, "", "takes 100 ms at this word"},
    [RULES] = {"rules", TOSD_INTEGER, "0",
	"so many more rules, on each of which some time is spent"},
};

struct probe {
	const struct tosd_host *host;
	struct tosd_str set[COUNT];
	int32_t rule;
};

/* 5,000 problems, as many notes, and as many warnings. */
static void
flood(const struct tosd_host *h)
{
	static const enum tosd_log levels[] = {
	    TOSD_LOG_PROBLEM, TOSD_LOG_INFO, TOSD_LOG_WARN};

	for (int i = 0; i < 15000; i++)
		h->log(h, levels[i % 3], (struct tosd_str){"too much", 8});
}

/* As many more as it is told; their numbers follow that of r. */
static int
more_rules(const struct probe *p, struct tosd_rule r, const char **errstr)
{
	const char *first = r.id;
	char id[100];

	for (int i = 1; i <= atoi(p->set[RULES].ptr); i++) {
		snprintf(id, sizeof(id), "%s-%d", first, i);
		r.id = id;
		if (p->host->declare(p->host, &r, errstr) != p->rule + i)
			return -1;
	}
	return 0;
}

static int
probe_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct tosd_rule r = {sizeof(r), "probe/word", 3, NULL, "9 Tests", "test",
	    TOSD_LOW, TOSD_ENFORCE};
	const char *how = settings[OPEN].ptr;

	if (p == NULL)
		return TOSD_FAILED;
	r.id = settings[RULE].ptr;
	p->host = h;
	memcpy(p->set, settings, sizeof(p->set));
	if (strcmp(how, "crash") == 0)
		abort();
	while (strcmp(how, "hang") == 0)
		pause();
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "fork") == 0) {
		pid_t pid = fork();

		while (pid == 0)
			pause();
		*errstr = pid < 0 ? "fork is refused" : "a process was left over";
		free(p);
		return TOSD_FAILED;
	}
	if (strcmp(how, "flood") == 0)
		flood(h);
	*errstr = strcmp(how, "silent") == 0 ? "" : NULL;
	if (strcmp(how, "badrule") == 0)
		r.id = "Probe Word";
	if (strcmp(how, "category") == 0)
		r.category = "a/b";
	if (strcmp(how, "norule") != 0)
		p->rule = h->declare(h, &r, errstr);
	if (strcmp(how, "twice") == 0)
		p->rule = h->declare(h, &r, errstr);
	if (p->rule >= 0 && more_rules(p, r, errstr) != 0)
		p->rule = -1;
	if (strcmp(how, "fail") == 0)
		*errstr = "told to fail";
	if (strcmp(how, "fail") == 0 || strcmp(how, "silent") == 0 ||
	    strcmp(how, "seven") == 0 || p->rule < 0) {
		free(p);
		return strcmp(how, "seven") == 0 ? 7 : TOSD_FAILED;
	}
	*state = p;
	if (strcmp(how, "dumb") != 0)
		return TOSD_DONE;
	*errstr = "a list is not there";
	return TOSD_WAITS;
}

/* Where the word of this setting begins in the text; NULL: nowhere. */
static const char *
word(const struct probe *p, int which, struct tosd_str text)
{
	struct tosd_str w = p->set[which];

	return w.len > 0 ? memmem(text.ptr, text.len, w.ptr, w.len) : NULL;
}

static bool
is(struct tosd_str how, const char *name)
{
	return how.len >= strlen(name) && memcmp(how.ptr, name, strlen(name)) == 0;
}

/* Only their number is bad. */
static void
full_findings(const struct probe *p, struct tosd_report *report)
{
	static char words[TOSD_REASON];
	struct tosd_span spans[TOSD_SPANS];
	struct tosd_finding f = {
	    sizeof(f), p->rule, 0.5, spans, TOSD_SPANS, {words, sizeof(words)}};

	memset(words, 'x', sizeof(words));
	for (uint32_t i = 0; i < TOSD_SPANS; i++)
		spans[i] = (struct tosd_span){2 * i, 2 * i + 1};
	for (unsigned i = 0; i < TOSD_FINDINGS; i++)
		p->host->finding(p->host, report, &f);
}

static void
bad_finding(
    const struct probe *p, struct tosd_report *report, uint32_t n, struct tosd_str how)
{
	struct tosd_span one = {0, 1}, order[2] = {{2, 3}, {0, 1}};
	struct tosd_finding f = {sizeof(f), p->rule, 0.5, &one, 1, {"bad", 3}};

	if (is(how, "full")) {
		full_findings(p, report);
		return;
	}
	if (is(how, "rule"))
		f.rule = 7;
	else if (is(how, "score"))
		f.score = 1.5;
	else if (is(how, "nan"))
		f.score = (double)__builtin_nan("");
	else if (is(how, "outside"))
		one.end = n + 1;
	else if (is(how, "empty"))
		one.end = 0;
	else if (is(how, "size"))
		f.size = 8;
	else if (is(how, "spans"))
		f.nspans = SIZE_MAX / sizeof(one);
	else if (is(how, "null"))
		f.reason = (struct tosd_str){NULL, 8};
	else if (is(how, "many"))
		for (unsigned i = 0; i < 100000; i++)
			p->host->finding(p->host, report, &f);
	else if (is(how, "budget")) {
		/* As if it had been refused once, and was not told. */
		p->host->budget(p->host, report, -1);
		return;
	} else if (is(how, "order")) {
		f.spans = order;
		f.nspans = 2;
	} else if (is(how, "cut"))
		one = (struct tosd_span){
		    0, 1}; /* the text begins with a long character */
	p->host->finding(p->host, report, &f);
}

/* --- faults: what ends the worker, and what its walls refuse (then in words) */

static const char *
do_abort(const struct probe *p)
{
	(void)p;
	abort();
}

static const char *
do_segv(const struct probe *p)
{
	*(volatile char *)(uintptr_t)(p->rule + 8) = 1;
	return "wrote to nowhere";
}

static int deeper(volatile const char *above);
static int (*volatile again)(volatile const char *above) = deeper;

/* Each frame is in use, and the call is not known, or the compiler would make a loop.
 */
static int
deeper(volatile const char *above)
{
	volatile char here[4096];

	here[0] = above != NULL ? above[0] : 1;
	return again(here) + here[0];
}

static const char *
do_stack(const struct probe *p)
{
	return again(p->set[FAULT].ptr) != 0 ? "came back" : NULL;
}

static const char *
do_exit(const struct probe *p)
{
	(void)p;
	exit(0);
}

static const char *
do_free(const struct probe *p)
{
	void *volatile twice = malloc(100 + (size_t)p->rule);

	free(twice);
	free(twice);
	return "freed twice";
}

static const char *
do_table(const struct probe *p)
{
	((struct tosd_host *)(uintptr_t)p->host)->finding = NULL;
	return "changed the host's table";
}

static const char *
do_pause(const struct probe *p)
{
	while (p != NULL)
		pause();
	return NULL;
}

static const char *
do_spin(const struct probe *p)
{
	volatile int32_t i = p->rule;

	while (i >= 0)
		i = i < 1000 ? i + 1 : 0;
	return NULL;
}

static const char *
do_leak(const struct probe *p)
{
	while (p != NULL) {
		volatile char *lost = malloc(4u << 20);

		lost[0] = 1; /* one page of it; and NULL in the end */
	}
	return NULL;
}

/* Others than standard input, output and error: the channels. */
static const char *
do_close(const struct probe *p)
{
	(void)p;
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	return "closed all";
}

static const char *
do_garble(const struct probe *p)
{
	static const char noise[4096] = "not a frame";

	(void)p;
	for (int fd = 3; fd < 64; fd++)
		if (write(fd, noise, sizeof(noise)) < 0)
			continue;
	return "wrote everywhere";
}

static const char *
do_fork(const struct probe *p)
{
	pid_t pid = fork();

	(void)p;
	if (pid == 0)
		do_pause(p);
	return pid < 0 ? "fork is refused" : NULL;
}

static const char *
do_exec(const struct probe *p)
{
	static char *const words[] = {(char *)"true", NULL};

	(void)p;
	execv("/bin/true", words);
	return "exec is refused";
}

static const char *
do_socket(const struct probe *p)
{
	(void)p;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? "socket is refused" : NULL;
}

static const char *
do_open(const struct probe *p)
{
	(void)p;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? "open is refused" : NULL;
}

static const char *
do_write(const struct probe *p)
{
	(void)p;
	return open("/tmp/tosd-probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0
		   ? "write is refused"
		   : NULL;
}

static const char *
do_kill(const struct probe *p)
{
	(void)p;
	return kill(getppid(), SIGTERM) != 0 ? "kill is refused" : NULL;
}

static void *
run(void *arg)
{
	return arg;
}

static const char *
do_thread(const struct probe *p)
{
	pthread_t t;

	(void)p;
	if (pthread_create(&t, NULL, run, NULL) != 0)
		return "thread is refused";
	pthread_join(t, NULL);
	return NULL;
}

static const char *
do_log(const struct probe *p)
{
	char line[64];

	for (unsigned i = 0; i < 100000; i++) {
		struct tosd_str s = {line, 0};

		s.len = (size_t)snprintf(line, sizeof(line), "far too much %u", i);
		p->host->log(p->host, TOSD_LOG_WARN, s);
	}
	return "said too much";
}

/* On both, 100,000 lines. */
static const char *
do_print(const struct probe *p)
{
	(void)p;
	for (unsigned i = 0; i < 100000; i++) {
		printf("printed %u\n", i);
		fprintf(stderr, "complained %u\n", i);
	}
	fflush(stdout);
	return "printed too much";
}

static const struct fault {
	const char *name;
	/* Why it gives no answer; NULL: what should have been refused was not. */
	const char *(*make)(const struct probe *p);
} faults[] = {
    {"abort", do_abort},
    {"segv", do_segv},
    {"stack", do_stack},
    {"exit", do_exit},
    {"free", do_free},
    {"table", do_table},
    {"pause", do_pause},
    {"spin", do_spin},
    {"leak", do_leak},
    {"close", do_close},
    {"garble", do_garble},
    {"fork", do_fork},
    {"execv", do_exec},
    {"socket", do_socket},
    {"open", do_open},
    {"write", do_write},
    {"kill", do_kill},
    {"thread", do_thread},
    {"log", do_log},
    {"print", do_print},
};

static int
make_fault(const struct probe *p, struct tosd_str how, const char **errstr)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (is(how, faults[i].name)) {
			*errstr = faults[i].make(p);
			return *errstr != NULL ? TOSD_DEGRADED : TOSD_DONE;
		}
	if (is(how, "seven"))
		return 7;
	*errstr = is(how, "silent") ? "" : "no such fault";
	return TOSD_DEGRADED;
}

/* What follows this word of the text; length 0: it is not there. */
static struct tosd_str
after(const struct probe *p, int which, struct tosd_str text)
{
	const char *at = word(p, which, text);

	if (at == NULL)
		return (struct tosd_str){"", 0};
	at += p->set[which].len;
	return (struct tosd_str){at, text.len - (size_t)(at - text.ptr)};
}

static void
give_score(const struct probe *p, struct tosd_report *report, const char *how)
{
	struct tosd_score s = {sizeof(s), "test", 0.5, 2, -1};

	if (strcmp(how, "other") == 0)
		s.category = "violence";
	else if (strcmp(how, "nan") == 0)
		s.value = (double)__builtin_nan("");
	else if (strcmp(how, "high") == 0)
		s.value = 1.5;
	else if (strcmp(how, "weight") == 0)
		s.hit = 21;
	else if (strcmp(how, "size") == 0)
		s.size = 8;
	p->host->score(p->host, report, &s);
	if (strcmp(how, "twice") == 0)
		p->host->score(p->host, report, &s);
}

static int
probe_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct probe *p = state;
	struct tosd_str text = p->host->field(p->host, item, TOSD_TEXT);
	struct tosd_str told = after(p, TOLD, text), fault = after(p, FAULT, text);
	const char *at = word(p, FIND, text), *wall = word(p, VANDAL, text);

	if (wall != NULL)
		memset((char *)(uintptr_t)wall, '#', p->set[VANDAL].len);
	if (word(p, CRASH, text) != NULL)
		abort();
	if (word(p, SLOW, text) != NULL)
		usleep(100000);
	for (int32_t i = 1; i <= atoi(p->set[RULES].ptr); i++)
		p->host->spent(p->host, report, p->rule + i);
	while (word(p, HANG, text) != NULL)
		pause();
	if (word(p, LEAK, text) != NULL) {
		void *volatile lost = malloc(16u << 20);

		if (lost != NULL)
			memset(lost, 1, 16u << 20);
	}
	if (p->set[BAD].len > 0)
		bad_finding(p, report, (uint32_t)text.len, p->set[BAD]);
	if (told.len > 0)
		bad_finding(p, report, (uint32_t)text.len, told);
	if (fault.len > 0)
		return make_fault(p, fault, errstr);
	if (p->set[SCORE].len > 0)
		give_score(p, report, p->set[SCORE].ptr);
	if (word(p, SPEND, text) != NULL)
		while (p->host->budget(p->host, report, 1 << 20) >= 0)
			;
	if (at != NULL) {
		uint32_t i = (uint32_t)(at - text.ptr);
		struct tosd_span s = {i, i + (uint32_t)p->set[FIND].len};
		struct tosd_finding f = {
		    sizeof(f), p->rule, 0.5, &s, 1, {"the word", 8}};

		p->host->finding(p->host, report, &f);
	}
	if (word(p, ABSTAIN, text) == NULL)
		return TOSD_DONE;
	*errstr = "told to abstain";
	return TOSD_DEGRADED;
}

static int
probe_selftest(void *state, const char **errstr)
{
	const struct probe *p = state;

	if (strcmp(p->set[OPEN].ptr, "dumb") == 0)
		return TOSD_FAILED;
	*errstr = "told so";
	return strcmp(p->set[SELFTEST].ptr, "true") == 0 ? TOSD_DONE : TOSD_FAILED;
}

TOSD_POLICY(.name = "probe", .version = "1", .needs = TOSD_NEED_TEXT,
    .open = probe_open, .check = probe_check, .close = free, .schema = schema,
    .nschema = COUNT, .selftest = probe_selftest);
