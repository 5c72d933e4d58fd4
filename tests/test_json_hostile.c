/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_json_hostile: JSON made to cost time or memory, or to hide items.  Each document
 * is read in a process of its own: a byte of it costs at most so many times what a byte
 * of an ordinary document costs in the same run, whatever the machine and the compiler;
 * less than 64 MiB beyond the document; and the items before the damage are there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feed/feed.h"
#include "suite.h"

#define MIB ((size_t)1 << 20)
/* The dearest is 10, 20 without optimisation; squares of 2 MiB would be thousands. */
#define DEARER 40
#define GOOD_LINE "{\"id\":\"good\",\"text\":\"t\"}\n"
#define HEAD "[{\"id\":\"good\",\"text\":\"before the damage\"},"

static const struct {
	const char *name, *head, *unit;
	size_t n; /* how often */
	const char *tail;
	bool kept; /* the item `good' must come out */
} cases[] = {
    {"a million brackets", HEAD "{\"id\":\"2\",\"x\":", "[", 1000000, "", true},
    {"a million brackets alone", "", "[", 1000000, "", false},
    {"a million braces", HEAD, "{\"a\":", 1000000, "", true},
    {"both in turn", HEAD, "[{\"a\":", 500000, "", true},
    {"closers", HEAD, "]}", 1000000, "", true},
    {"a name of 2 MiB", HEAD "{\"", "k", 2 * MIB, "\":1}]", true},
    {"a string of 2 MiB", HEAD "{\"id\":\"2\",\"text\":\"", "s", 2 * MIB, "\"}]", true},
    {"an id of 10 MB", HEAD "{\"id\":\"", "i", 10000000, "\"}]", true},
    {"a million names twice", HEAD "{", "\"text\":\"a\",", 1000000, "\"id\":2}]", true},
    {"other values for one name", HEAD "{", "\"text\":\"a\",\"text\":\"b\",", 500000,
	"\"id\":2}]", true},
    {"one long name twice", HEAD "{\"text\":\"\\u0061\",",
	"\"text\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",", 100000,
	"\"id\":2}]", true},
    {"a million unknown names", HEAD "{", "\"kk\":0,", 1000000, "\"id\":2}]", true},
    {"a million empty items", HEAD, "{},", 1000000, "{}]", true},
    {"a million small items", HEAD, "{\"id\":1},", 1000000, "{}]", true},
    {"a million numbers", HEAD, "1,", 1000000, "1]", true},
    {"strings without end", HEAD, "{\"id\":\"x,", 400000, "", true},
    {"items without end", HEAD, "{\"id\":\"x\",\"v\":[{},", 200000, "", true},
    {"items in items", HEAD, "{\"id\":\"x\",\"v\":[0},", 200000, "", true},
    {"arrays closed wrong", HEAD, "{\"id\":\"x\"]},", 200000, "]", true},
    {"names of items everywhere", HEAD "{\"id\":[", "\"id\":", 600000, "", true},
    {"restarts that are none", HEAD "{\"id\":[", "{\"id\" ", 400000, "", true},
    {"space before restarts", HEAD "{\"id\":[", "      {      \"id\"       ", 100000,
	"", true},
    {"half characters", HEAD "{\"text\":\"", "\\ud800", 600000, "\"}]", true},
    {"half escapes", HEAD "{\"text\":\"", "\\u", 1000000, "\"}]", true},
    {"backslashes", HEAD "{\"text\":\"", "\\", 2000001, "\"}]", true},
    {"NULs as escapes", HEAD "{\"text\":\"", "\\u0000", 600000, "\"}]", true},
    {"a number of 10 MB", HEAD "{\"id\":", "9", 10000000, "}]", true},
    {"an exponent of 10 MB", HEAD "{\"published\":1e", "9", 10000000, "}]", true},
    {"bad UTF-8", HEAD "{\"text\":\"", "\xc3\xa9\xff", 700000, "\"}]", true},
    {"marks of byte order", HEAD "{\"text\":\"", "\xef\xbb\xbf", 700000, "\"}]", true},
    {"line ends of all sorts", "{\"id\":\"good\",\"text\":\"t\"}\r\n", "\r\n\n\r\r\n",
	400000, "{\"id\":\"2\",\"text\":\"t\"}", true},
    {"lines that are none", "{\"id\":\"0\",\"text\":\"t\"}\n", "{\"id\":\"x\n", 400000,
	GOOD_LINE, true},
    {"lines of brackets", "{\"id\":\"0\",\"text\":\"t\"}\n", "{[\n", 600000, GOOD_LINE,
	true},
    {"a million tombstones", "{\"id\":\"0\",\"text\":\"t\"}\n",
	"{\"id\":7,\"deleted\":1}\n", 400000, GOOD_LINE, true},
    {"a million attachments", "[{\"id\":\"good\",\"attachments\":[",
	"{\"url\":\"http://e/\"},", 400000, "{}]}]", true},
    {"attachments in attachments", "[{\"id\":\"good\",\"attachments\":", "[", 1000000,
	"", true},
    {"a million authors", "[{\"id\":\"good\",\"authors\":[", "{\"url\":\"u\"},", 700000,
	"{}]}]", true},
    {"objects in activities", HEAD,
	"{\"type\":\"Create\",\"actor\":\"a\",\"object\":", 200000, "", true},
    {"events in events", HEAD, "{\"event\":\"update\",\"payload\":", 200000, "", true},
    {"boosts of boosts", HEAD, "{\"account\":{},\"reblog\":", 200000, "", true},
    {"a million languages",
	"[{\"id\":\"good\",\"type\":\"Note\",\"actor\":\"a\","
	"\"contentMap\":{",
	"\"a\":\"b\",", 600000, "\"a\":0}}]", true},
    {"a million options",
	"[{\"id\":\"good\",\"type\":\"Question\",\"actor\":\"a\","
	"\"oneOf\":[",
	"{\"name\":\"b\"},", 500000, "0]}]", true},
    {"pages within pages", HEAD "{}]", "{\"first\":", 300000, "", true},
    {"colons", HEAD "{", ":", 2 * MIB, "}]", true},
    {"commas", HEAD, ",", 2 * MIB, "]", true},
    {"quotes", HEAD, "\"", 2 * MIB, "]", true},
    {"names of containers", "{\"x\":\"y\"z\",", "\"items\" ", 400000, "", false},
};

static double
cpu_of(const struct rusage *ru)
{
	return (double)(ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) +
	       (double)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec) / 1e6;
}

/* From here on this process gets 64 MiB more than it has: xmalloc() ends it then. */
static void
limit_memory(void)
{
#ifndef TOSD_SANITIZED
	FILE *f = fopen("/proc/self/statm", "r");
	struct rlimit lim;
	unsigned long pages = 0;

	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		_exit(12);
	fclose(f);
	lim.rlim_cur = lim.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + 64 * MIB;
	if (setrlimit(RLIMIT_AS, &lim) != 0)
		_exit(12);
#endif
}

/* Reads the document in this process, which ends with what it found. */
static void
read_and_exit(const struct buf *doc)
{
	struct feed_doc d;
	bool kept = false;

	limit_memory();
	feed_parse(doc->data, doc->len, NULL, NULL, &d, NULL);
	for (size_t i = 0; i < d.nitems; i++)
		kept = kept || strcmp(d.items[i].id, "good") == 0;
	feed_doc_clear(&d);
	_exit(kept ? 10 : 11);
}

/* Reads it in a process of its own; seconds of processor time, and how that ended. */
static double
time_of(const struct buf *doc, int *status)
{
	struct rusage used;
	pid_t pid = fork();

	CU_ASSERT_FATAL(pid >= 0);
	if (pid == 0)
		read_and_exit(doc);
	CU_ASSERT_EQUAL_FATAL(wait4(pid, status, 0, &used), pid);
	return cpu_of(&used);
}

/* The same for an ordinary document of 4 MiB: seconds for a byte.  Taken again for
 * each, since what else runs here comes and goes. */
static double
ordinary(void)
{
	static struct buf doc;
	int status;
	double cpu;

	if (doc.len == 0) {
		buf_puts(&doc, HEAD);
		while (doc.len < 4 * MIB)
			buf_printf(&doc,
			    "{\"id\":\"%zu\",\"text\":\"Who has seen a grey cat near "
			    "the mill?  It answers to Tom.\",\"creator\":\"m7\","
			    "\"published\":\"2026-11-22T10:00:00Z\"},",
			    doc.len);
		buf_puts(&doc, "{}]");
	}
	cpu = time_of(&doc, &status);
	CU_ASSERT_FATAL(WIFEXITED(status) && WEXITSTATUS(status) == 10);
	return cpu / (double)doc.len;
}

static void
measure(const char *name, const struct buf *doc, bool kept)
{
	int status;
	double cpu = time_of(doc, &status);
	double times = cpu / (double)doc->len / ordinary();

	if (!WIFEXITED(status) || (kept && WEXITSTATUS(status) != 10) ||
	    times > DEARER || getenv("TOSD_VERBOSE") != NULL)
		printf("\n    %-28s %6zu KiB: %.3f s, a byte %.2f of an ordinary one, "
		       "status %#x ",
		    name, doc->len >> 10, cpu, times, (unsigned)status);
	CU_ASSERT(WIFEXITED(status));
	CU_ASSERT(WEXITSTATUS(status) == 10 || (!kept && WEXITSTATUS(status) == 11));
#ifndef TOSD_SANITIZED
	CU_ASSERT(times <= DEARER);
#endif
}

static void
test_hostile(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf doc = {0};
		size_t len = strlen(cases[i].unit);

		buf_puts(&doc, cases[i].head);
		buf_reserve(&doc, cases[i].n * len + 64);
		for (size_t k = 0; k < cases[i].n; k++)
			buf_put(&doc, cases[i].unit, len);
		buf_puts(&doc, cases[i].tail);
		measure(cases[i].name, &doc, cases[i].kept);
		buf_free(&doc);
	}
}

static void
test_nul(void)
{
	struct buf doc = {0};

	buf_puts(&doc, HEAD "{\"text\":\"");
	for (int i = 0; i < 1000000; i++)
		buf_put(&doc, "a\0", 2);
	buf_puts(&doc, "\"}]");
	measure("NULs", &doc, true);
	buf_free(&doc);
}

static const struct suite_test tests[] = {
    {"hostile documents", test_hostile},
    {"NUL bytes", test_nul},
};

SUITE_MAIN("hostile JSON", tests)
