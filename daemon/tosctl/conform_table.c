/* SPDX-License-Identifier: Apache-2.0 */
/* conform_table: the cases of `tosctl plugin conform', each with what it is for. */
#include <stddef.h>

#include "tosctl/conform.h"

const struct conform_case conform_cases[] = {
#define T(n, a, ...)                                                    \
	{                                                               \
		.name = n, .about = a, .run = conform_text, __VA_ARGS__ \
	}
#define M(n, a, l)                                                       \
	{                                                                \
		.name = n, .about = a, .run = conform_message, .text = l \
	}
#define I(n, a, l)                                                    \
	{                                                             \
		.name = n, .about = a, .run = conform_item, .text = l \
	}
#define C(n, a, f, ...)                                      \
	{                                                    \
		.name = n, .about = a, .run = f, __VA_ARGS__ \
	}
    C("hello", "says hello within 2 s, with rules that the host takes", conform_hello,
	0),
    C("hello-again", "says the same hello in each process", conform_hello_again, 0),
    C("hello-granted", "wants no more than it is granted", conform_granted, 0),
    C("hello-pure", "promises that the same item gives the same findings", conform_pure,
	0),
    C("hello-silent", "says nothing after its hello until it is asked", conform_silent,
	0),
    T("text-empty", "an empty text", .text = ""),
    T("text-letter", "a text of one letter", .text = "a"),
    T("text-plain", "plain English", .text = "The train leaves at ten past four."),
    T("text-lines", "several lines and tabs", .text = "one\n\ttwo\n\nthree\n"),
    T("text-crlf", "lines that end as in mail", .text = "one\r\ntwo\r\n"),
    T("text-quotes", "quotes and backslashes", .text = "\"a\" \\ \\\\ \\\" 'b' `c`"),
    T("text-control", "control characters", .text = "\x01\x02\x1b[31mred\x1b[0m\x7f"),
    T("text-nul-words", "a NUL as people write it; no real one is ever sent",
	.text = "\\u0000 \\0 %00 \xe2\x90\x80"),
    T("text-replacement", "characters that could not be read",
	.text = "a\xef\xbf\xbd"
		"b"),
    T("text-latin", "letters of two bytes", .text = "S\xc3\xbc\xc3\x9f \xc3\x84RGER!"),
    T("text-cyrillic", "another alphabet",
	.text = "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 "
		"\xd0\x9c\xd0\x98\xd0\xa0"),
    T("text-han", "characters of three bytes",
	.text = "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x81"),
    T("text-emoji", "characters of four bytes",
	.text = "\xf0\x9f\x98\x80\xf0\x9f\x98\x80 OK"),
    T("text-borders", "what is to be found right behind long characters",
	.text = "\xf0\x9f\x98\x80!!! \xf0\x9f\x98\x80HELP SOMEBODY PLEASE!!!"),
    T("text-joined", "emoji joined to one",
	.text =
	    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"),
    T("text-combining", "marks that stand over letters",
	.text = "Z\xcc\xa7\xcc\x87\xcc\xa8"),
    T("text-arabic", "right to left",
	.text = "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 abc"),
    T("text-bidi", "controls of direction",
	.text = "a\xe2\x80\xae"
		"cba\xe2\x80\xac z"),
    T("text-zero-width", "invisible characters within words",
	.text = "kn\xe2\x80\x8bi\xe2\x80\x8c"
		"fe\xef\xbb\xbf"),
    T("text-wide", "full-width letters",
	.text = "\xef\xbc\xa8\xef\xbc\xa5\xef\xbc\xb9"),
    T("text-lookalike", "letters of another alphabet in a word",
	.text = "p\xd0\xb0yp\xd0\xb0l"),
    T("text-bom", "a byte order mark first", .text = "\xef\xbb\xbfhello"),
    T("text-private", "private characters and non-characters",
	.text = "\xee\x80\x80 \xef\xbf\xbe \xf4\x8f\xbf\xbf"),
    T("text-separators", "line and paragraph separators",
	.text = "a\xe2\x80\xa8"
		"b\xe2\x80\xa9"
		"c\xc2\x85"),
    T("text-capitals", "capitals only", .text = "WHY IS NOBODY LISTENING TO ME"),
    T("text-marks", "many marks", .text = "!?", .times = 200),
    T("text-blank", "blanks only", .text = " \t\n", .times = 100),
    T("text-json", "a text that is JSON",
	.text = "{\"t\":\"drain\",\"seq\":1,\"text\":\"x\"}"),
    T("text-protocol", "a text that looks like our next line",
	.text = "x\"}}\n{\"t\":\"drain\"}\n"),
    T("text-shell", "words that a shell would run",
	.text = "$(id) `id` ; rm -rf x | cat > y && exit 3 * ? [a-z] ~ !!"),
    T("text-format", "words that printf would read", .text = "%s%n%d %1$s \\n \\x41"),
    T("text-markup", "markup", .text = "<script>alert(1)</script> &amp; <!-- -->"),
    T("text-dashes", "a text that begins like an option", .text = "-n -e --help"),
    T("text-links", "many links", .text = "http://a.example/x?y=1&z=2 ", .times = 300),
    T("text-long-word", "a word of 64 KiB", .text = "abcdefgh", .times = 8192),
    T("text-long-line", "a line of 200 KiB", .text = "some words and ", .times = 13000),
    T("text-many-lines", "20,000 lines", .text = "x\n", .times = 20000),
    T("text-mebibyte", "1 MiB, the longest text there is", .text = "0123456789abcdef",
	.times = 65536),
    T("text-mebibyte-wide", "1 MiB of characters of four bytes",
	.text = "\xf0\x9f\x98\x80", .times = 262144),
    T("text-mebibyte-quotes", "1 MiB of quotes, which are 2 MiB of JSON",
	.text = "\"\"\"\"", .times = 262144),
    T("text-end", "a match, if any, at the very end", .text = "words ", .times = 50,
	.end = "HELP!!! http://end.example/"),
    I("item-bare", "an item without any field but its text",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"item\":{\"text\":@TEXT@}}"),
    I("item-more", "members that version 1 does not know, in message and item",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"deadline_ms\":1000,\"new\":{\"a\":[1,null]},"
	"\"item\":{\"text\":@TEXT@,\"lang\":\"en\",\"mood\":\"good\"}}"),
    I("item-order", "members in another order",
	"{\"item\":{\"lang\":\"de\",\"text\":@TEXT@},\"as_of\":5,\"seq\":@SEQ@,\"t\":"
	"\"item\"}"),
    I("item-spaces", "blanks between the parts of the JSON",
	"{ \"t\" : \"item\" , \"seq\" : @SEQ@ , \"item\" : { \"text\" : @TEXT@ } }"),
    I("item-old", "an event time before 1970",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"as_of\":-86400000,\"item\":{\"text\":@TEXT@}"
	"}"),
    I("item-escaped", "every letter of a member's name written as an escape",
	"{\"t\":\"item\",\"seq\":@SEQ@,\"item\":{\"\\u0074\\u0065\\u0078\\u0074\":@"
	"TEXT@}}"),
    C("item-high-seq", "numbers up to 2^53", conform_high_seq, 0),
    M("message-unknown", "a type that version 1 does not know is ignored",
	"{\"t\":\"weather\",\"seq\":1}"),
    M("message-tick", "a tick needs no answer", "{\"t\":\"tick\"}"),
    C("message-ticks", "a hundred ticks", conform_message, .text = "{\"t\":\"tick\"}",
	.times = 100),
    M("message-sets-empty", "sets without a member", "{\"t\":\"sets\",\"sets\":{}}"),
    M("message-sets", "a set",
	"{\"t\":\"sets\",\"sets\":{\"@protected\":[\"North Hall\"]}}"),
    C("message-sets-long", "a set of 10,000 names", conform_long_set, 0),
    C("message-long", "an unknown message of 1 MB", conform_long_message, 0),
    M("message-start", "a second start, with settings that it does not know",
	"{\"t\":\"start\",\"proto\":[1,2],\"settings\":{\"colour\":\"red\"}}"),
    C("flow-lockstep", "500 items one by one", conform_lockstep, 0),
    C("flow-window", "500 items with its whole window in hand", conform_window, 0),
    C("flow-together", "two lines that come at once", conform_together, 0),
    C("flow-bytes", "a line that comes byte by byte", conform_slow, .times = 1),
    C("flow-pieces", "a line that comes in pieces, cut within characters", conform_slow,
	.times = 7),
    C("flow-unread", "nobody reads its answers for half a second", conform_unread, 0),
    C("flow-deadline", "an ordinary item within its deadline", conform_deadline, 0),
    C("same-order", "findings do not depend on the order of items", conform_order, 0),
    C("same-memory", "nor on what it was asked before", conform_memory, 0),
    C("same-process", "nor on the process", conform_other_run, 0),
    C("load-memory", "does not grow by more than 16 MiB over 2,000 items", conform_leak,
	0),
    C("load-quiet", "writes no line of log for each item", conform_quiet, 0),
    C("end-drain", "ends on drain, with exit code 0 within 2 s", conform_drain, 0),
    C("end-drain-item", "answers what it has in hand before it ends", conform_drain,
	.times = 1),
    C("end-drain-window", "answers a whole window before it ends", conform_drain_window,
	0),
    C("end-drain-eof", "drain, and its input ends", conform_drain, .text = "eof"),
    C("end-eof", "ends when its input ends", conform_eof, 0),
    C("end-eof-later", "the same after an item", conform_eof, .times = 1),
    C("end-term", "ends on SIGTERM", conform_term, 0),
    C("end-term-later", "the same after an item", conform_term, .times = 1),
};
const size_t conform_ncases = sizeof(conform_cases) / sizeof(conform_cases[0]);
