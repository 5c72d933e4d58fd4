/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trend_main: `tosctl trend` as a program of its own ("trend_main trend FILE").
 * Without arguments it is a test: CSV files in, JSON lines, messages and exit codes
 * out.
 */
#include "tosctl/tosctl_trend.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char dir[64], csv[96], out[8192], errors[1024];

static void
slurp(const char *name, char *to, size_t cap)
{
	char path[96];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	n = fread(to, 1, cap - 1, f);
	to[n] = '\0';
	fclose(f);
	unlink(path);
}

/* Points descriptor fd at a new file; returns the old one. */
static int
redirect(int fd, const char *name)
{
	char path[96];
	int old = dup(fd), file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(file, fd);
	close(file);
	return old;
}

static void
put_back(int fd, int old)
{
	dup2(old, fd);
	close(old);
}

/* Runs it on this text; what it wrote is in out and errors. */
static int
run_bytes(const char *option, const void *text, size_t n)
{
	char *argv[] = {
	    (char *)"trend", option != NULL ? (char *)option : csv, csv, NULL};
	FILE *f = fopen(csv, "w");
	int rc, o, e;

	fwrite(text, 1, n, f);
	fclose(f);
	fflush(stdout);
	o = redirect(1, "out");
	e = redirect(2, "err");
	rc = tosctl_trend(option != NULL ? 3 : 2, argv);
	fflush(stdout);
	put_back(1, o);
	put_back(2, e);
	slurp("out", out, sizeof(out));
	slurp("err", errors, sizeof(errors));
	return rc;
}

static int
run(const char *option, const char *text)
{
	return run_bytes(option, text, strlen(text));
}

/* Weekly rows, 2,000 items each. */
static const char *
weeks(const int *violations, int n)
{
	static char text[4096];
	int len = snprintf(text, sizeof(text), "time,items,violations\n");

	for (int i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
		    "2026-%02d-%02d,2000,%d\n", 1 + i / 4, 1 + 7 * (i % 4),
		    violations[i]);
	return text;
}

static const int rise[] = {20, 26, 29, 37, 42, 50, 53, 61};
static const int flat[] = {20, 22, 18, 21, 19, 23, 20, 18};

static void
test_verdicts(void)
{
	json_t *j;

	CU_ASSERT_EQUAL(run(NULL, weeks(rise, 8)), 0);
	j = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	CU_ASSERT_STRING_EQUAL(
	    json_string_value(json_object_get(j, "verdict")), "rising");
	CU_ASSERT_DOUBLE_EQUAL(
	    json_number_value(json_object_get(j, "rate_ratio")), 206.0 / 112, 1e-5);
	CU_ASSERT_TRUE(json_number_value(json_object_get(j, "low")) > 1.4);
	CU_ASSERT_TRUE(json_number_value(json_object_get(j, "high")) < 2.5);
	CU_ASSERT_TRUE(json_number_value(json_object_get(j, "p")) < 0.001);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(j, "items")), 16000);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(j, "violations")), 318);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(j, "windows")), 8);
	json_decref(j);
	CU_ASSERT_EQUAL(run(NULL, weeks(flat, 8)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"steady\""));
	CU_ASSERT_EQUAL(run(NULL, weeks(flat, 3)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"insufficient\""));
	/* Nothing before, something after: the ratio has no number. */
	CU_ASSERT_EQUAL(run(NULL, "2026-01-01,10,0\n2026-01-09,10,5"), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"rate_ratio\":null"));
	CU_ASSERT_EQUAL(run(NULL, ""), 0);
	j = json_loads(out, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL(j);
	json_decref(j);
}

static void
test_walk(void)
{
	char *line, *save = NULL, last[16] = "";
	int lines = 0;

	CU_ASSERT_EQUAL(run("--walk", weeks(rise, 8)), 0);
	for (line = strtok_r(out, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save), lines++) {
		json_t *j = json_loads(line, 0, NULL);
		const char *v = json_string_value(json_object_get(j, "verdict"));

		CU_ASSERT_PTR_NOT_NULL_FATAL(v);
		CU_ASSERT_STRING_NOT_EQUAL(v, last);
		CU_ASSERT_PTR_NOT_NULL(strstr(
		    json_string_value(json_object_get(j, "time")), "T00:00:00Z"));
		snprintf(last, sizeof(last), "%s", v);
		json_decref(j);
	}
	CU_ASSERT_TRUE(lines >= 2 && lines <= 3);
	CU_ASSERT_STRING_EQUAL(last, "rising");
}

static void
test_forms(void)
{
	/* The same two rows in every form that programs write. */
	static const char *const forms[] = {
	    "2026-01-01T00:00:00Z,10,1\n2026-01-09T00:00:00Z,10,2\n",
	    "2026-01-01T02:00:00+02:00,10,1\r\n2026-01-09 00:00:00Z,10,2\r\n",
	    "\xef\xbb\xbf\"time\",\"items\",\"violations\"\n\"2026-01-01\",10,1\n\n"
	    "2026-01-09 , 10 , 2"};
	char first[sizeof(out)];

	CU_ASSERT_EQUAL(run(NULL, forms[0]), 0);
	strcpy(first, out);
	CU_ASSERT_PTR_NOT_NULL(strstr(first, "\"violations\":3"));
	for (size_t i = 1; i < sizeof(forms) / sizeof(forms[0]); i++) {
		CU_ASSERT_EQUAL(run(NULL, forms[i]), 0);
		CU_ASSERT_STRING_EQUAL(out, first);
	}
}

static void
test_bad(void)
{
	static const struct {
		const char *text, *line, *says;
	} bad[] = {
	    {"2026-01-01,10\n", ":1:", "three fields"},
	    {"2026-01-01,10,1\n2026-01-02,10,1,9\n", ":2:", "three fields"},
	    {"time,items,violations\ntime,items,violations\n", ":2:", "RFC 3339"},
	    {"2026-02-30,10,1\n", ":1:", "2026-02-30"},
	    {"2026-01-01,-1,1\n", ":1:", "items"},
	    {"2026-01-01,10,1.5\n", ":1:", "violations"},
	    {"2026-01-01,99999999999999999999,1\n", ":1:", "items"},
	    {"2026-01-02,10,1\n\n2026-01-01,10,1\n", ":3:", "before"},
	    {"\x1b[31m,1,1\n", ":1:", "\\x1b"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(run(NULL, bad[i].text), 3);
		CU_ASSERT_STRING_EQUAL(out, "");
		CU_ASSERT_PTR_NOT_NULL(strstr(errors, csv));
		CU_ASSERT_PTR_NOT_NULL(strstr(errors, bad[i].line));
		CU_ASSERT_PTR_NOT_NULL(strstr(errors, bad[i].says));
	}
	CU_ASSERT_EQUAL(run_bytes(NULL, "2026\0", 5), 3);
	CU_ASSERT_EQUAL(run("--frobnicate", ""), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors, "usage"));
	CU_ASSERT_EQUAL(run("/nonexistent", ""), 2); /* two files */
}

static const struct suite_test tests[] = {
    {"verdicts", test_verdicts},
    {"walk", test_walk},
    {"forms of CSV", test_forms},
    {"bad CSV", test_bad},
};

int
main(int argc, char **argv)
{
	int rc;

	if (argc > 1 && strcmp(argv[1], "trend") == 0)
		return tosctl_trend(argc - 1, argv + 1);
	if (argc > 1)
		return 2;
	strcpy(dir, "/tmp/trend_main.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 2;
	snprintf(csv, sizeof(csv), "%s/in.csv", dir);
	rc = suite_main("tosctl trend", tests, sizeof(tests) / sizeof(tests[0]));
	unlink(csv);
	rmdir(dir);
	return rc;
}
