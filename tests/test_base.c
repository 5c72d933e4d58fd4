/* SPDX-License-Identifier: Apache-2.0 */
/* test_base: floor 0 against known answers and broken input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/finding.h"
#include "base/hash.h"
#include "base/histogram.h"
#include "base/id.h"
#include "base/item.h"
#include "base/later.h"
#include "base/line.h"
#include "base/text.h"
#include "suite.h"

static void
test_clock_round_trip(void)
{
	static const char *const good[] = {"1970-01-01T00:00:00Z",
	    "2000-02-29T23:59:59Z", "2026-11-22T13:00:00.123Z", "0001-01-01T00:00:00Z",
	    "9999-12-31T23:59:59Z"};
	static const char *const bad[] = {"", "2026-02-29T00:00:00Z",
	    "2026-13-01T00:00:00Z", "2026-11-22T13:00:00", "2026-11-22T24:00:00Z",
	    "2026-11-22T13:00:00Zx"};
	char out[CLOCK_TEXT];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CU_ASSERT_STRING_EQUAL(
		    clock_format(clock_parse(good[i]), out), good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(clock_parse(bad[i]), CLOCK_NONE);
	CU_ASSERT_EQUAL(clock_parse("2003-12-31T18:14:55+08:00"),
	    clock_parse("2003-12-31T10:14:55Z"));
	CU_ASSERT_STRING_EQUAL(clock_format(CLOCK_NONE, out), "-");
	CU_ASSERT_STRING_EQUAL(clock_format(-1, out), "1969-12-31T23:59:59.999Z");
}

static void
test_line(void)
{
	struct buf b = {0};
	struct line l, in;

	line_begin(&l, &b, false);
	line_str(&l, "a", "q\" b\\ \b\f\n\r\t \x01 \x7f / \xc3\xa9");
	line_str(&l, "absent", NULL);
	line_str(&l, "broken", "\xff");
	line_int(&l, "i", 0);
	line_key(&l, "in");
	line_begin(&in, &b, true);
	line_str(&in, "u", "\xc3\xa9\xf0\x9f\x98\x80");
	line_true(&in, "yes");
	line_end(&in);
	line_int(&l, "least", INT64_MIN);
	line_int(&l, "most", INT64_MAX);
	line_end(&l);
	SAME(b.data, "{\"a\":\"q\\\" b\\\\ \\b\\f\\n\\r\\t \\u0001 \x7f / \xc3\xa9\","
		     "\"i\":0,\"in\":{\"u\":\"\\u00E9\\uD83D\\uDE00\",\"yes\":true},"
		     "\"least\":-9223372036854775808,\"most\":9223372036854775807}");
	buf_free(&b);
}

static void
test_histogram(void)
{
	struct histogram h = {0};

	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.5), 0);
	for (int i = 0; i < 98; i++)
		histogram_add(&h, i % 2 == 0 ? 3 : 5);
	histogram_add(&h, -7);
	histogram_add(&h, 30001);
	CU_ASSERT_EQUAL(h.count, 100);
	CU_ASSERT_EQUAL(h.sum, 49 * 8 + 30001);
	CU_ASSERT_EQUAL(h.n[0], 1);
	CU_ASSERT_EQUAL(h.n[2], 98);
	CU_ASSERT_EQUAL(h.n[HISTOGRAM_CLASSES - 1], 1);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.01), 1);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.5), 5);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.99), 5);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 1), -1);
}

/* The paper's own example. */
static void
test_hash_keyed(void)
{
	const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u},
		       other[2] = {0};
	uint8_t data[15];

	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	CU_ASSERT_EQUAL(hash_keyed(key, data, 15), 0xa129ca6149be45e5u);
	CU_ASSERT_NOT_EQUAL(hash_keyed(key, data, 14), hash_keyed(key, data, 15));
	CU_ASSERT_NOT_EQUAL(hash_keyed(key, "", 0), hash_keyed(other, "", 0));
}

static void
test_digest_known(void)
{
	/* FIPS 180-4 example "abc". */
	static const char want[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct digest_part parts[] = {{"a", 1}, {"bc", 2}};
	struct digest_sum *sum = digest_sum_new();
	uint8_t d[DIGEST_LEN];
	char hex[DIGEST_HEX];
	struct buf b = {0};

	CU_ASSERT_STRING_EQUAL(digest_hex_of("abc", 3, hex), want);
	digest_parts(parts, 2, d);
	CU_ASSERT_STRING_EQUAL(digest_hex(d, sizeof(d), hex), want);
	digest_sum_add(sum, "ab", 2);
	digest_sum_add(sum, "", 0);
	digest_hex_of("x", 1, hex); /* which does not disturb it */
	digest_sum_add(sum, "c", 1);
	digest_sum_get(sum, d);
	CU_ASSERT_STRING_EQUAL(digest_hex(d, sizeof(d), hex), want);
	digest_sum_free(&sum);
	digest_sum_free(&sum);
	CU_ASSERT_TRUE(digest_unhex(want, d, sizeof(d)));
	CU_ASSERT_FALSE(digest_unhex("zz", d, 1));
	digest_base64(&b, "ab", 2);
	CU_ASSERT_STRING_EQUAL(b.data, "YWI=");
	buf_reset(&b);
	CU_ASSERT_TRUE(digest_unbase64(&b, "YWI=", 4));
	CU_ASSERT_STRING_EQUAL(b.data, "ab");
	CU_ASSERT_FALSE(digest_unbase64(&b, "YW=I", 4));
	CU_ASSERT_FALSE(digest_unbase64(&b, "YWI", 3));
	buf_free(&b);
}

static void
test_text_utf8(void)
{
	static const struct {
		const char *s;
		size_t n;
		bool ok;
	} cases[] = {
	    {"plain", 5, true},
	    {"\xc3\xa9", 2, true},
	    {"\xf0\x9f\x98\x80", 4, true},
	    {"\xc0\x80", 2, false},	    /* overlong */
	    {"\xed\xa0\x80", 3, false},	    /* surrogate */
	    {"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
	    {"\xc3", 1, false},		    /* cut */
	    {"12345678\xff", 9, false},
	};
	char out[64];
	struct buf b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(text_valid(cases[i].s, cases[i].n), cases[i].ok);
	text_repair(&b, "a\xff\0b", 4);
	CU_ASSERT_STRING_EQUAL(b.data, "a\xef\xbf\xbd\xef\xbf\xbd"
				       "b");
	buf_free(&b);
	text_escape(out, sizeof(out), "a\x1b[31m\xe2\x80\xae\xff", 9);
	CU_ASSERT_STRING_EQUAL(out, "a\\x1b[31m\\u{202e}");
	CU_ASSERT_EQUAL(text_escape(out, 4, "\xf0\x9f\x98\x80", 4), 0);
	/* Bidi, DEL, C1, a tag of plane 14; what is broken and what is no control
	 * stays. */
	text_escape_json(&b,
	    "[\"\xe2\x80\xae\x7f\xc2\x9b"
	    "1m\xf3\xa0\x81\x81\xff\xc3\xa9\\n\"]\n",
	    22);
	buf_putc(&b, '\0');
	CU_ASSERT_STRING_EQUAL(b.data, "[\"\\u202e\\u007f\\u009b"
				       "1m\\udb40\\udc41\xff\xc3\xa9\\n\"]\n");
	buf_free(&b);
	CU_ASSERT_EQUAL(text_prefix("\xc3\xa9\xc3\xa9x", 2), 4);
}

/* The first n bytes of w, in a buffer of just that size, are no item. */
static void
no_item(const struct buf *w, size_t n)
{
	char *cut = xstrndup(w->data, n);
	struct rd r = rd_of(cut, n);
	struct item it;

	item_init(&it);
	item_get(&r, &it);
	CU_ASSERT_TRUE(r.bad);
	item_clear(&it);
	free(cut);
}

static void
test_item_wire(void)
{
	struct item a, b;
	struct buf w = {0};
	struct rd r;
	uint8_t da[DIGEST_LEN], db[DIGEST_LEN];

	item_init(&a);
	item_init(&b);
	a.id = xstrdup("1");
	a.text = xstrdup("text");
	a.title = xstrdup("");
	a.published = 5;
	item_add_link(&a, "");
	item_add_link(&a, "http://example.com/");
	item_add_link(&a, "http://example.com/");
	item_put(&w, &a);
	CU_ASSERT_EQUAL(item_wire_size(&a), w.len);
	r = rd_of(w.data, w.len);
	item_get(&r, &b);
	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_EQUAL(b.nlinks, 1);
	CU_ASSERT_PTR_NULL(b.url);
	CU_ASSERT_STRING_EQUAL(b.title, "");
	item_digest(&a, da);
	item_digest(&b, db);
	CU_ASSERT_EQUAL(memcmp(da, db, sizeof(da)), 0);
	a.published = 6;
	item_digest(&a, da);
	CU_ASSERT_EQUAL(memcmp(da, db, sizeof(da)), 0);
	item_clear(&b);
	/* Every cut of the message is refused, none reads outside it. */
	for (size_t n = 0; n < w.len; n++)
		no_item(&w, n);
	/* Plugins would take it for the last. */
	a.links[0][0] = '\0';
	buf_reset(&w);
	item_put(&w, &a);
	no_item(&w, w.len);
	item_clear(&a);
	buf_free(&w);
}

/* Media that were seen in a body stay so, and are not in the digest. */
static void
test_item_in_body(void)
{
	struct item a, b;
	struct buf w = {0};
	struct rd r;
	uint8_t da[DIGEST_LEN], db[DIGEST_LEN];

	item_init(&a);
	item_init(&b);
	a.id = xstrdup("1");
	item_add_media(&a, "http://example.com/a.png", "image/png", NULL);
	item_digest(&a, da);
	item_add_media(&a, "http://example.com/b.png", "image", NULL);
	item_digest(&a, db);
	CU_ASSERT_NOT_EQUAL(memcmp(da, db, sizeof(da)), 0);
	a.media[1].in_body = true;
	item_media_hash(&a.media[1], NULL, NULL, NULL, 0, "not there");
	item_digest(&a, db);
	CU_ASSERT_EQUAL(memcmp(da, db, sizeof(da)), 0);
	item_put(&w, &a);
	CU_ASSERT_EQUAL(item_wire_size(&a), w.len);
	r = rd_of(w.data, w.len);
	item_get(&r, &b);
	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_EQUAL(b.flags, 0);
	CU_ASSERT_FALSE(b.media[0].in_body);
	CU_ASSERT_TRUE(b.media[1].in_body);
	CU_ASSERT_STRING_EQUAL(b.media[1].why, "not there");
	item_clear(&b);
	item_copy(&b, &a);
	CU_ASSERT_TRUE(b.media[1].in_body);
	item_clear(&b);
	for (size_t n = 0; n < w.len; n++)
		no_item(&w, n);
	/* A medium without an address is none. */
	free(a.media[0].url);
	a.media[0].url = NULL;
	buf_reset(&w);
	item_put(&w, &a);
	no_item(&w, w.len);
	item_clear(&a);
	buf_free(&w);
}

/* What is known of media follows behind an item, and only where there is any: what was
 * stored before that was known reads as ever. */
static void
test_item_hashes(void)
{
	static const char sha[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct item a, b;
	struct buf old = {0}, w = {0};
	struct rd r;

	item_init(&a);
	item_init(&b);
	a.id = xstrdup("1");
	a.flags = ITEM_TRUNCATED;
	item_add_media(&a, "http://a.example/1.jpg", "image/jpeg", NULL);
	item_add_media(&a, "http://a.example/2.jpg", NULL, "words");
	item_put(&old, &a);
	item_media_hash(&a.media[1], sha, NULL, sha, 77, NULL);
	item_put(&w, &a);
	CU_ASSERT(w.len > old.len);
	CU_ASSERT_EQUAL(item_wire_size(&a), w.len);
	r = rd_of(old.data, old.len);
	item_get(&r, &b);
	CU_ASSERT(rd_done(&r) && b.nmedia == 2 && b.media[1].sha256 == NULL);
	item_clear(&b);
	r = rd_of(w.data, w.len);
	item_get(&r, &b);
	CU_ASSERT_TRUE_FATAL(rd_done(&r));
	CU_ASSERT_EQUAL(b.flags, ITEM_TRUNCATED);
	CU_ASSERT_PTR_NULL(b.media[0].sha256);
	CU_ASSERT_STRING_EQUAL(b.media[1].sha256, sha);
	CU_ASSERT_PTR_NULL(b.media[1].md5);
	CU_ASSERT_EQUAL(b.media[1].quality, 77);
	item_clear(&a);
	item_copy(&a, &b);
	CU_ASSERT_STRING_EQUAL(a.media[1].pdq, sha);
	item_clear(&b);
	for (size_t n = 0; n < w.len; n++)
		no_item(&w, n);
	/* A digest that is none is no item. */
	item_media_hash(&a.media[1], "x", NULL, NULL, 0, NULL);
	buf_reset(&w);
	item_put(&w, &a);
	no_item(&w, w.len);
	item_clear(&a);
	buf_free(&old);
	buf_free(&w);
}

static void
test_id_order(void)
{
	char a[ID_TEXT], b[ID_TEXT];

	id_new(1700000000000, a);
	id_new(1700000000000, b);
	CU_ASSERT_TRUE(id_valid(a));
	CU_ASSERT_TRUE(strcmp(a, b) < 0);
	CU_ASSERT_NSTRING_EQUAL(a, "01HF7YAT00", 10);
	CU_ASSERT_FALSE(id_valid("01HF7YAT00"));
}

static void
test_memfd_sealed(void)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	size_t size;
	int fd = file_memfd("test", "hello", 5, &e);

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_TRUE(write(fd, "x", 1) < 0);
	CU_ASSERT_EQUAL(file_read_memfd(fd, 5, &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "hello");
	CU_ASSERT_EQUAL(file_read_memfd(fd, 4, &b, &e), TOSD_ELIMIT);
	CU_ASSERT_EQUAL(file_memfd_size(fd, 5, &size, &e), 0);
	CU_ASSERT_EQUAL(size, 5);
	CU_ASSERT_EQUAL(file_memfd_size(fd, 4, &size, &e), TOSD_ELIMIT);
	buf_reset(&b);
	CU_ASSERT_EQUAL(file_memfd_piece(fd, 3, 2, &b, &e), 0);
	CU_ASSERT_EQUAL(file_memfd_piece(fd, 0, 3, &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "lohel");
	CU_ASSERT_EQUAL(file_memfd_piece(fd, 4, 9, &b, &e), 0); /* as far as it goes */
	CU_ASSERT_STRING_EQUAL(b.data, "lohelo");
	close(fd);
	fd = memfd_create("open", MFD_CLOEXEC);
	CU_ASSERT_EQUAL(file_memfd_size(fd, 5, &size, &e), TOSD_EPROTO);
	close(fd);
	buf_free(&b);
}

struct later_mark {
	unsigned *count, at;
};

static void
mark_later(void *arg)
{
	struct later_mark *m = arg;

	usleep(m->at % 7 == 0 ? 300 : 0);
	m->at = (*m->count)++;
}

static void
test_later(void)
{
	struct later *l = later_new();
	struct later_mark marks[200];
	unsigned count = 0;
	uint64_t n = 0;

	for (unsigned i = 0; i < 200; i++) {
		marks[i] = (struct later_mark){&count, i};
		if (i == 3) { /* these were made at once */
			CU_ASSERT_EQUAL(count, 3);
			CU_ASSERT_TRUE(later_is_done(l, n));
			later_start(l);
		}
		n = later_do(l, mark_later, &marks[i]);
		CU_ASSERT_EQUAL(n, i + 1);
		if (i == 100) {
			later_wait(l, n);
			CU_ASSERT_TRUE(later_is_done(l, n));
			CU_ASSERT_EQUAL(marks[100].at, 100);
		}
	}
	later_wait(l, 0);
	later_free(&l); /* waits for the rest */
	CU_ASSERT_PTR_NULL(l);
	CU_ASSERT_EQUAL(count, 200);
	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(marks[i].at, i);
}

/* A file that cannot have its name leaves nothing beside it. */
static void
test_file_write(void)
{
	char dir[] = "/tmp/tosd-base-XXXXXX", path[64], part[64];
	struct buf b = {0};
	struct err e = ERR_INIT;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(part, sizeof(part), "%s/a.part", dir);
	CU_ASSERT_EQUAL(file_mkdirs(path, 0700, &e), 0);
	CU_ASSERT_NOT_EQUAL(file_write(path, "x", 1, 0600, FILE_NOSYNC, &e), 0);
	CU_ASSERT_NOT_EQUAL(access(part, F_OK), 0);
	rmdir(path);
	CU_ASSERT_EQUAL(file_write(path, "x", 1, 0600, FILE_NOSYNC, &e), 0);
	CU_ASSERT_EQUAL(file_read(path, 10, &b, &e), 0);
	CU_ASSERT_EQUAL(b.len, 1);
	CU_ASSERT_NOT_EQUAL(access(part, F_OK), 0);
	buf_free(&b);
	unlink(path);
	rmdir(dir);
}

/* Texts of two letters, in which all lengths almost stand everywhere, against the plain
 * way. */
static void
test_text_find(void)
{
	char text[600], what[300];
	uint32_t x = 7;

	for (int round = 0; round < 3000; round++) {
		size_t n, m, from, at = 0;

		x = x * 1664525u + 1013904223u;
		n = (x >> 16) % sizeof(text);
		m = (x >> 8) % sizeof(what);
		from = n > 0 ? (x >> 4) % n : 0;
		for (size_t i = 0; i < n; i++)
			text[i] = (char)('a' + ((x >> i % 29) & 1));
		/* What stands there, but for the last byte in each third round. */
		for (size_t i = 0; i < m; i++)
			what[i] = from + i < n ? text[from + i] : 'a';
		if (m > 0 && round % 3 == 0)
			what[m - 1] ^= 3;
		while (at + m <= n && memcmp(text + at, what, m) != 0)
			at++;
		CU_ASSERT_PTR_EQUAL(
		    text_find(text, n, what, m), at + m <= n ? text + at : NULL);
	}
	CU_ASSERT_PTR_NULL(text_find("short", 5, "a needle of some length", 23));
}

/* What is read of a stream may end within a line. */
static void
test_line_read(void)
{
	size_t n;

	CU_ASSERT_TRUE(line_whole("ab\r\nc", 5, false, &n));
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_FALSE(line_whole("ab", 2, false, &n));
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_TRUE(line_whole("ab", 2, true, &n));
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_TRUE(line_whole("\nab", 3, false, &n));
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_FALSE(line_whole(NULL, 0, true, &n));
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_TRUE(line_blank("", 0));
	CU_ASSERT_TRUE(line_blank(" \t\r", 3));
	CU_ASSERT_FALSE(line_blank(" .", 2));
	CU_ASSERT_FALSE(line_blank(" \0", 2));
}

static const struct suite_test tests[] = {
    {"file: written, or nothing is left", test_file_write},
    {"clock: RFC 3339 there and back", test_clock_round_trip},
    {"hash: SipHash", test_hash_keyed},
    {"digest: known answers", test_digest_known},
    {"text: UTF-8 and escaping", test_text_utf8},
    {"text: found", test_text_find},
    {"item: wire form, digest, every cut", test_item_wire},
    {"media of a body on the wire", test_item_in_body},
    {"item: digests of media", test_item_hashes},
    {"line: JSON without a tree", test_line},
    {"lines that are read", test_line_read},
    {"histogram: classes and quantiles", test_histogram},
    {"id: ULIDs sort", test_id_order},
    {"file: sealed memory files", test_memfd_sealed},
    {"later: in order, and waited for", test_later},
};

SUITE_MAIN("base", tests)
