/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_json: the reader of JSON against the verdicts of JSONTestSuite (the data folder,
 * TOSD_DATA), and that damage stays with the item that has it.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "feed/feed.h"
#include "feed/json.h"
#include "suite.h"

#define SUITE "feeds/JSONTestSuite"

/* --- the published suite --- */

static char *
data_folder(const char *sub)
{
	const char *data = getenv("TOSD_DATA"), *src = getenv("srcdir");

	if (data != NULL)
		return xasprintf("%s/%s/%s", data, SUITE, sub);
	return xasprintf(
	    "%s/../shared/data/%s/%s", src != NULL ? src : TOSD_SRCDIR, SUITE, sub);
}

/* check() for each file; how many there were. */
static size_t
each_file(const char *sub, void (*check)(const char *name, const struct buf *b))
{
	char *folder = data_folder(sub), *path;
	DIR *d = opendir(folder);
	struct dirent *de;
	size_t n = 0;

	while (d != NULL && (de = readdir(d)) != NULL) {
		struct buf b = {0};

		if (de->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", folder, de->d_name);
		CU_ASSERT_EQUAL_FATAL(file_read(path, (size_t)1 << 20, &b, NULL), 0);
		buf_reserve(&b, 0);
		check(de->d_name, &b);
		buf_free(&b);
		free(path);
		n++;
	}
	if (d != NULL)
		closedir(d);
	else
		printf("\n    skipped: %s is not there ", folder);
	free(folder);
	return n;
}

static size_t accepted, refused;

static void
check_verdict(const char *name, const struct buf *b)
{
	bool valid = json_valid(b->data, b->len);

	accepted += name[0] == 'y' && valid;
	refused += name[0] == 'n' && !valid;
	if ((name[0] == 'y' && !valid) || (name[0] == 'n' && valid)) {
		printf("\n    %s: %s ", name, valid ? "accepted" : "refused");
		CU_FAIL("a verdict is wrong");
	}
}

static void
test_verdicts(void)
{
	if (each_file("test_parsing", check_verdict) == 0)
		return;
	CU_ASSERT_EQUAL(accepted, 95);
	CU_ASSERT_EQUAL(refused, 188);
}

static bool
has_id(const struct feed_doc *d, const char *id)
{
	for (size_t i = 0; i < d->nitems; i++)
		if (strcmp(d->items[i].id, id) == 0)
			return true;
	return false;
}

/* The bytes as a value of the second of three items: the others are read whatever
 * they are, and nothing is said to be mended if they are sound. */
static void
check_contained(const char *name, const struct buf *b)
{
	static const char *const frames[][2] = {
	    {"[{\"id\":\"1\",\"text\":\"a\"},{\"id\":\"x\",\"v\":",
		"},{\"id\":\"2\",\"text\":\"b\"}]"},
	    {"{\"items\":[{\"id\":\"1\",\"text\":\"a\"},{\"id\":\"x\",\"v\":",
		"},{\"id\":\"2\",\"text\":\"b\"}]}"},
	    {"{\"id\":\"1\",\"text\":\"a\"}\n{\"id\":\"x\",\"v\":",
		"}\n{\"id\":\"2\",\"text\":\"b\"}\n"},
	};
	bool bad;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct buf doc = {0};
		struct feed_doc d;

		buf_puts(&doc, frames[i][0]);
		buf_put(&doc, b->data, b->len);
		buf_puts(&doc, frames[i][1]);
		bad = feed_parse(doc.data, doc.len, NULL, NULL, &d, NULL) != 0 ||
		      !has_id(&d, "1") || !has_id(&d, "2");
		if (name[0] == 'y' && (i < 2 || memchr(b->data, '\n', b->len) == NULL))
			bad = bad || !d.well_formed || d.nitems != 3;
		if (bad)
			printf("\n    %s in frame %zu: %zu items, %s ", name, i,
			    d.nitems, d.problem != NULL ? d.problem : "sound");
		CU_ASSERT_FALSE(bad);
		feed_doc_clear(&d);
		buf_free(&doc);
	}
}

static void
test_contained(void)
{
	each_file("test_parsing", check_contained);
}

/* Surprising values, as they come: no text of a number is changed, and no value is
 * lost.  As they come one by one, all must be read. */
static void
check_transform(const char *name, const struct buf *b)
{
	struct json_reader r;
	struct json_value v;
	struct buf scratch = {0}, doc = {0};
	struct feed_doc d;
	const char *s;
	size_t n;

	check_contained(
	    strstr(name, "invalid_codepoint") != NULL && strstr(name, "escaped") == NULL
		? "i"
		: "y",
	    b);
	json_reader_init(&r, b->data, b->len);
	if (json_peek(&r) != JSON_KIND_ARRAY)
		return;
	json_enter(&r);
	CU_ASSERT_FATAL(json_element(&r));
	json_read(&r, &v);
	s = json_text(&v, &scratch, 1000, &n);
	if (strncmp(name, "number_", 7) == 0) {
		CU_ASSERT_EQUAL(v.kind, JSON_KIND_NUMBER);
		buf_printf(&doc, "[{\"text\":\"t\",\"id\":%.*s}]", (int)n, s);
		CU_ASSERT_EQUAL_FATAL(
		    feed_parse(doc.data, doc.len, NULL, NULL, &d, NULL), 0);
		CU_ASSERT_EQUAL(strlen(d.items[0].id), n);
		CU_ASSERT_EQUAL(memcmp(d.items[0].id, s, n), 0);
		feed_doc_clear(&d);
	} else if (strstr(name, "escaped") != NULL) {
		CU_ASSERT(n >= 3);
		CU_ASSERT_EQUAL(memmem(s, n, "\0", 1), NULL);
	}
	buf_free(&scratch);
	buf_free(&doc);
}

static void
test_transform(void)
{
	each_file("test_transform", check_transform);
}

/* --- the reader --- */

static void
test_text(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"\"plain\"", "plain"},
	    {"\"\\u0041\\n\\\"\\/\"", "A\n\"/"},
	    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
	    {"\"a\\ud800b\"", "a\xef\xbf\xbd"
			      "b"},
	    {"\"\\udc00\\ud800\"", "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"\"\\u0000\"", "\xef\xbf\xbd"},
	    {"\"\\x\\q\"", "xq"},
	    {"\"\\u12\"", "\xef\xbf\xbd"
			  "12"},
	    {"-12.50e+3", "-12.50e+3"},
	    {"true", "true"},
	    {"[1]", ""},
	    {"\"open", "open"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};
		struct json_reader r;
		struct json_value v;
		const char *s;
		size_t n;

		json_reader_init(&r, cases[i].in, strlen(cases[i].in));
		json_read(&r, &v);
		s = json_text(&v, &b, 100, &n);
		CU_ASSERT_EQUAL(n, strlen(cases[i].out));
		CU_ASSERT_EQUAL(memcmp(s, cases[i].out, n), 0);
		buf_free(&b);
	}
}

static void
test_broken(void)
{
	static const struct {
		const char *in;
		bool valid, lost;
	} cases[] = {
	    {"{\"a\":[1,{\"b\":null}],\"c\":\"\"}", true, false},
	    {"[1,]", false, false},
	    {"[,1]", false, false},
	    {"[1,,2]", false, false},
	    {"[nul]", false, false},
	    {"[\"\t\"]", false, false},
	    {"[\"\\x\"]", false, false},
	    {"[01]", false, false},
	    {"[1 2]", false, true},
	    {"[1}", false, true},
	    {"{\"a\"}", false, true},
	    {"{\"a\" 1}", false, true},
	    {"{a:1}", false, true},
	    {"[\"a]", false, true},
	    {"[1", false, true},
	    {"\xef\xbb\xbf[]", false, false},
	    {"[\"\xff\"]", false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_reader r;

		json_reader_init(&r, cases[i].in, strlen(cases[i].in));
		json_skip(&r);
		CU_ASSERT_EQUAL(r.lost, cases[i].lost);
		CU_ASSERT_EQUAL(
		    json_valid(cases[i].in, strlen(cases[i].in)), cases[i].valid);
	}
}

/* --- damage within a document --- */

#define A "{\"id\":\"1\",\"text\":\"a\"}"
#define B "{\"id\":\"2\",\"text\":\"b\"}"
#define C "{\"id\":\"3\",\"text\":\"c\"}"

/* Whatever is wrong, the first and the third item are read. */
static void
test_damage(void)
{
	static const char *const docs[] = {
	    "[" A ",{\"id\":\"2\",\"text\":\"b}," C "]",
	    "[" A ",{\"id\":\"2\",\"text\":b\"}," C "]",
	    "[" A ",{\"id\":\"2\",\"text\":\"b\"," C "]",
	    "[" A ",\"id\":\"2\",\"text\":\"b\"}," C "]",
	    "[" A ",{\"id\":\"2\",\"x\":[[[\"b\"}," C "]",
	    "[" A ",{\"id\":\"2\",\"x\":]]\"b\"}," C "]",
	    "[" A ",{\"id\":\"2\",\"x\":1}}}," C "]",
	    "[" A ",{\"id\":\"2\"} ] , " C "]",
	    "[" A " { \"id\" : \"2\",\"x\" : \"\\\"} , \n " C "]",
	    "[" A "" B "" C "]",
	    "[" A ";" B ";" C "]",
	    "[" A ",{'id':'2','text':'it\"s'}," C "]",
	    "{\"title\":\"x\"y\",\"items\":[" A "," B "," C "]}",
	    "{\"title\":\"x,\"items\":[" A "," B "," C "]}",
	    "{\"items\":[" A "," B "," C,
	    "{\"items\":[" A "," B "," C "]}<br />\n<b>Warning</b>: x",
	};

	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
		struct feed_doc d;

		feed_parse(docs[i], strlen(docs[i]), NULL, NULL, &d, NULL);
		if (!has_id(&d, "1") || !has_id(&d, "3"))
			printf("\n    %s: %zu items ", docs[i], d.nitems);
		CU_ASSERT(has_id(&d, "1") && has_id(&d, "3"));
		CU_ASSERT_FALSE(d.well_formed);
		feed_doc_clear(&d);
	}
}

static void
test_doubles(void)
{
	static const struct {
		const char *doc, *id, *text, *summary;
		bool flagged;
	} cases[] = {
	    {"[{\"id\":1,\"text\":\"a\",\"text\":\"a\"}]", "1", "a", NULL, false},
	    {"[{\"id\":1,\"text\":\"a\",\"text\":\"\\u0061\"}]", "1", "a", NULL, false},
	    {"[{\"id\":1,\"text\":\"a\",\"t\\u0065xt\":\"b\"}]", "1", "a", NULL, true},
	    {"[{\"id\":1,\"text\":\"a\",\"text\":\"b\"}]", "1", "a", "b", true},
	    {"[{\"id\":1,\"id\":2,\"text\":\"a\"}]", "1", "a", NULL, true},
	    {"[{\"id\":1,\"title\":null,\"title\":\"t\",\"text\":\"a\"}]", "1", "a",
		"t", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed_doc d;

		CU_ASSERT_EQUAL_FATAL(feed_parse(cases[i].doc, strlen(cases[i].doc),
					  NULL, NULL, &d, NULL),
		    0);
		CU_ASSERT(d.well_formed);
		CU_ASSERT_EQUAL_FATAL(d.nitems, 1);
		SAME(d.items[0].id, cases[i].id);
		SAME(d.items[0].text, cases[i].text);
		SAME(d.items[0].summary, cases[i].summary);
		CU_ASSERT_EQUAL(
		    (d.items[0].flags & ITEM_DOUBLE_KEY) != 0, cases[i].flagged);
		feed_doc_clear(&d);
	}
}

static const struct suite_test tests[] = {
    {"JSONTestSuite: verdicts", test_verdicts},
    {"JSONTestSuite: damage is contained", test_contained},
    {"JSONTestSuite: surprising values", test_transform},
    {"text of values", test_text},
    {"what is broken, what is lost", test_broken},
    {"damage within a document", test_damage},
    {"members given twice", test_doubles},
};

SUITE_MAIN("JSON", tests)
