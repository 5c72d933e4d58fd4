/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_template: the Mustache language case by case, then what tosd adds to it:
 * modes, strictness, limits, and data that tries to break out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "notice/template.h"
#include "suite.h"

struct language_case {
	const char *name, *data, *text, *want;
	const char *partials[6]; /* name, text, name, text, NULL */
};

static const char *
partial_of(void *ctx, const char *name)
{
	const char *const *p = ctx;

	for (; p != NULL && p[0] != NULL; p += 2)
		if (strcmp(p[0], name) == 0)
			return p[1];
	return NULL;
}

static int
render_with(const char *data, const char *text, const struct template_options *o,
    struct buf *out, struct err *e)
{
	struct template *t = NULL;
	json_t *j = json_loads(data, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	int rc;

	if (j == NULL) {
		printf("bad data in test: %s\n", data);
		abort();
	}
	rc = template_parse(text, strlen(text), &t, e);
	if (rc == 0)
		rc = template_render(t, j, o, out, e);
	template_free(&t);
	json_decref(j);
	return rc;
}

static void
check_case(const struct language_case *c)
{
	struct template_options o = {.mode = TEMPLATE_HTML,
	    .lenient = true,
	    .partial = partial_of,
	    .ctx = (void *)c->partials};
	struct buf out = {0};
	struct err e = ERR_INIT;
	char *got;
	int rc = render_with(c->data, c->text, &o, &out, &e);

	got = buf_take(&out);
	if (rc != 0 || strcmp(got, c->want) != 0)
		printf("\n  %s: rc %d %s\n  want [%s]\n  got  [%s]\n", c->name, rc,
		    e.text, c->want, got);
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_STRING_EQUAL(got, c->want);
	free(got);
}

#define CHECK_ALL(table)                                                   \
	for (size_t i_ = 0; i_ < sizeof(table) / sizeof((table)[0]); i_++) \
	check_case(&(table)[i_])

static void
test_values(void)
{
	static const struct language_case cases[] = {
	    {"no tags", "{}", "Hello, reader.\n", "Hello, reader.\n"},
	    {"empty template", "{}", "", ""},
	    {"one value", "{\"who\":\"reader\"}", "Hello, {{who}}!", "Hello, reader!"},
	    {"escaped", "{\"s\":\"& \\\" < > '\"}", "{{s}}",
		"&amp; &quot; &lt; &gt; &#39;"},
	    {"triple", "{\"s\":\"& \\\" < >\"}", "{{{s}}}", "& \" < >"},
	    {"ampersand", "{\"s\":\"& \\\" < >\"}", "{{&s}}", "& \" < >"},
	    {"ampersand, spaced", "{\"s\":\"<\"}", "{{ & s }}", "<"},
	    {"integer", "{\"n\":85}", "{{n}} {{{n}}} {{&n}}", "85 85 85"},
	    {"negative", "{\"n\":-3}", "{{n}}", "-3"},
	    {"zero is shown", "{\"n\":0}", "{{n}}", "0"},
	    {"large integer", "{\"n\":9007199254740993}", "{{n}}", "9007199254740993"},
	    {"decimal", "{\"n\":1.210}", "{{n}} {{{n}}} {{&n}}", "1.21 1.21 1.21"},
	    {"whole decimal", "{\"n\":85.0}", "{{n}}", "85"},
	    {"tenth", "{\"n\":0.1}", "{{n}}", "0.1"},
	    {"third", "{\"n\":0.3333333333333333}", "{{n}}", "0.3333333333333333"},
	    {"null", "{\"n\":null}", "I ({{n}}) see", "I () see"},
	    {"null, triple", "{\"n\":null}", "I ({{{n}}}) see", "I () see"},
	    {"null, ampersand", "{\"n\":null}", "I ({{&n}}) see", "I () see"},
	    {"true", "{\"b\":true}", "{{b}}", "true"},
	    {"absent", "{}", "I ({{n}}) see", "I () see"},
	    {"absent, triple", "{}", "I ({{{n}}}) see", "I () see"},
	    {"absent, ampersand", "{}", "I ({{&n}}) see", "I () see"},
	    {"dotted", "{\"p\":{\"name\":\"Joe\"}}", "{{p.name}} {{#p}}{{name}}{{/p}}",
		"Joe Joe"},
	    {"dotted, triple", "{\"p\":{\"name\":\"<\"}}", "{{{p.name}}}", "<"},
	    {"dotted, ampersand", "{\"p\":{\"name\":\"<\"}}", "{{&p.name}}", "<"},
	    {"dotted, five deep",
		"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"n\":\"Phil\"}}}}}}",
		"{{a.b.c.d.e.n}}", "Phil"},
	    {"dotted, broken", "{\"a\":{}}", "[{{a.b.c}}]", "[]"},
	    {"dotted, broken chain is not looked for outside",
		"{\"a\":{\"b\":{}},\"c\":{\"name\":\"Jim\"}}", "[{{a.b.c.name}}]",
		"[]"},
	    {"dotted, first part may be outside",
		"{\"a\":{\"b\":{\"c\":{\"n\":\"Phil\"}}},\"b\":{\"c\":{\"n\":\"Wrong\"}"
		"}}",
		"{{#a}}{{b.c.n}}{{/a}}", "Phil"},
	    {"dotted, inner first part wins",
		"{\"a\":{\"b\":{}},\"b\":{\"c\":\"ERROR\"}}", "[{{#a}}{{b.c}}{{/a}}]",
		"[]"},
	    {"dotted name is no key", "{\"a.b\":\"c\"}", "[{{a.b}}]", "[]"},
	    {"dotted key does not mask", "{\"a.b\":\"c\",\"a\":{\"b\":\"d\"}}",
		"{{a.b}}", "d"},
	    {"dotted through a string", "{\"a\":\"text\"}", "[{{a.length}}]", "[]"},
	    {"itself, text", "\"world\"", "Hello, {{.}}!", "Hello, world!"},
	    {"itself, escaped", "\"& \\\" < >\"", "{{.}}", "&amp; &quot; &lt; &gt;"},
	    {"itself, triple", "\"& <\"", "{{{.}}}", "& <"},
	    {"itself, ampersand", "\"& <\"", "{{&.}}", "& <"},
	    {"itself, number", "85", "{{.}} miles", "85 miles"},
	    {"spaces around", "{\"s\":\"-\"}", "| {{s}} |", "| - |"},
	    {"spaces around, triple", "{\"s\":\"-\"}", "| {{{s}}} |", "| - |"},
	    {"alone on a line", "{\"s\":\"-\"}", "  {{s}}\n", "  -\n"},
	    {"alone on a line, triple", "{\"s\":\"-\"}", "  {{{s}}}\n", "  -\n"},
	    {"alone on a line, ampersand", "{\"s\":\"-\"}", "  {{&s}}\n", "  -\n"},
	    {"padding", "{\"s\":\"-\"}", "|{{ s }}{{{ s }}}{{& s }}{{\ts\n}}|",
		"|----|"},
	    {"value is no template", "{\"s\":\"{{t}}\",\"t\":\"x\"}", "{{{s}}}",
		"{{t}}"},
	    {"single braces", "{\"s\":\"-\"}", "{ {s} } }} {{s}}", "{ {s} } }} -"},
	    {"UTF-8", "{\"gr\\u00fcn\":\"\\u20ac\"}", "ä{{grün}}ß", "ä€ß"},
	};

	CHECK_ALL(cases);
}

static void
test_sections(void)
{
	static const struct language_case cases[] = {
	    {"true", "{\"b\":true}", "\"{{#b}}shown{{/b}}\"", "\"shown\""},
	    {"false", "{\"b\":false}", "\"{{#b}}shown{{/b}}\"", "\"\""},
	    {"null", "{\"b\":null}", "\"{{#b}}shown{{/b}}\"", "\"\""},
	    {"absent", "{}", "[{{#b}}shown{{/b}}]", "[]"},
	    {"empty text", "{\"b\":\"\"}", "[{{#b}}shown{{/b}}]", "[]"},
	    {"zero", "{\"b\":0}", "[{{#b}}shown{{/b}}]", "[]"},
	    {"empty object", "{\"b\":{}}", "[{{#b}}shown{{/b}}]", "[shown]"},
	    {"object", "{\"c\":{\"name\":\"Joe\"}}", "{{#c}}Hi {{name}}.{{/c}}",
		"Hi Joe."},
	    {"outer names",
		"{\"a\":\"foo\",\"b\":\"wrong\",\"sec\":{\"b\":\"bar\"},"
		"\"c\":{\"d\":\"baz\"}}",
		"{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}", "foo, bar, baz"},
	    {"text as context", "{\"foo\":\"bar\"}", "{{#foo}}{{.}} is {{foo}}{{/foo}}",
		"bar is bar"},
	    {"lists in objects",
		"{\"tops\":[{\"t\":{\"u\":\"A\",\"l\":\"a\"},\"m\":[{\"n\":\"1\",\"b\":"
		"[{\"x\":"
		"\"1x\"},{\"x\":\"1y\"}]}]}]}",
		"{{#tops}}{{#m}}{{t.l}}{{n}}.{{t.u}}{{#b}}{{x}}.{{/b}}{{/m}}{{/tops}}",
		"a1.A1x.1y."},
	    {"deep and back",
		"{\"a\":{\"one\":1},\"b\":{\"two\":2},\"c\":{\"three\":3}}",
		"{{#a}}\n{{one}}\n{{#b}}\n{{one}}{{two}}{{one}}\n{{#c}}\n"
		"{{one}}{{two}}{{three}}{{two}}{{one}}\n{{/"
		"c}}\n{{one}}{{two}}{{one}}\n{{/b}}\n"
		"{{one}}\n{{/a}}\n",
		"1\n121\n12321\n121\n1\n"},
	    {"list", "{\"l\":[{\"i\":1},{\"i\":2},{\"i\":3}]}", "{{#l}}{{i}}{{/l}}",
		"123"},
	    {"empty list", "{\"l\":[]}", "[{{#l}}x{{/l}}]", "[]"},
	    {"twice", "{\"b\":true,\"two\":\"second\"}",
		"{{#b}}\n* first\n{{/b}}\n* {{two}}\n{{#b}}\n* third\n{{/b}}\n",
		"* first\n* second\n* third\n"},
	    {"nested, true", "{\"b\":true}", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |",
		"| A B C D E |"},
	    {"nested, false", "{\"b\":false}", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |",
		"| A  E |"},
	    {"iterator, text", "{\"l\":[\"a\",\"b\",\"c\"]}", "{{#l}}({{.}}){{/l}}",
		"(a)(b)(c)"},
	    {"iterator, integer", "{\"l\":[1,2,3]}", "{{#l}}({{.}}){{/l}}",
		"(1)(2)(3)"},
	    {"iterator, decimal", "{\"l\":[1.10,2.20]}", "{{#l}}({{.}}){{/l}}",
		"(1.1)(2.2)"},
	    {"iterator, falsy items are items", "{\"l\":[0,\"\",false]}",
		"{{#l}}({{.}}){{/l}}", "(0)()(false)"},
	    {"iterator, lists", "{\"l\":[[1,2],[\"a\"]]}",
		"{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", "(12)(a)"},
	    {"iterator, escaped", "{\"l\":[\"&\",\"<\"]}", "{{#l}}({{.}}){{/l}}",
		"(&amp;)(&lt;)"},
	    {"iterator, triple", "{\"l\":[\"&\",\"<\"]}", "{{#l}}({{{.}}}){{/l}}",
		"(&)(<)"},
	    {"iterator, ampersand", "{\"l\":[\"&\",\"<\"]}", "{{#l}}({{&.}}){{/l}}",
		"(&)(<)"},
	    {"iterator at the root", "[{\"v\":\"a\"},{\"v\":\"b\"}]",
		"{{#.}}({{v}}){{/.}}", "(a)(b)"},
	    {"dotted, true", "{\"a\":{\"b\":{\"c\":true}}}",
		"[{{#a.b.c}}here{{/a.b.c}}]", "[here]"},
	    {"dotted, false", "{\"a\":{\"b\":{\"c\":false}}}",
		"[{{#a.b.c}}here{{/a.b.c}}]", "[]"},
	    {"dotted, broken", "{\"a\":{}}", "[{{#a.b.c}}here{{/a.b.c}}]", "[]"},
	    {"spaces around", "{\"b\":true}", " | {{#b}}\t|\t{{/b}} | \n",
		" | \t|\t | \n"},
	    {"spaces inside", "{\"b\":true}", " | {{#b}} {{! ! }}\n {{/b}} | \n",
		" |  \n  | \n"},
	    {"indented, in line", "{\"b\":true}",
		" {{#b}}YES{{/b}}\n {{#b}}GOOD{{/b}}\n", " YES\n GOOD\n"},
	    {"alone", "{\"b\":true}", "| This\n{{#b}}\n|\n{{/b}}\n| line\n",
		"| This\n|\n| line\n"},
	    {"alone, indented", "{\"b\":true}",
		"| This\n  {{#b}}\n|\n  {{/b}}\n| line\n", "| This\n|\n| line\n"},
	    {"alone, trailing spaces", "{\"b\":true}", "a\n{{#b}} \t\nb\n{{/b}}  \nc\n",
		"a\nb\nc\n"},
	    {"alone, CRLF", "{\"b\":true}", "|\r\n{{#b}}\r\n{{/b}}\r\n|", "|\r\n|"},
	    {"alone, first line", "{\"b\":true}", "  {{#b}}\n#{{/b}}\n/", "#\n/"},
	    {"alone, last line", "{\"b\":true}", "#{{#b}}\n/\n  {{/b}}", "#\n/\n"},
	    {"two on a line are not alone", "{\"b\":true}", "{{#b}} {{/b}}\n", " \n"},
	    {"padding", "{\"b\":true}", "|{{# b }}={{/ b }}|", "|=|"},
	    {"padding before the sign", "{\"b\":true}", "|{{ # b }}={{ / b }}|", "|=|"},
	};

	CHECK_ALL(cases);
}

static void
test_inverted(void)
{
	static const struct language_case cases[] = {
	    {"false", "{\"b\":false}", "\"{{^b}}shown{{/b}}\"", "\"shown\""},
	    {"true", "{\"b\":true}", "\"{{^b}}shown{{/b}}\"", "\"\""},
	    {"null", "{\"b\":null}", "[{{^b}}shown{{/b}}]", "[shown]"},
	    {"absent", "{}", "[{{^b}}shown{{/b}}]", "[shown]"},
	    {"object", "{\"c\":{\"n\":\"Joe\"}}", "[{{^c}}Hi {{n}}.{{/c}}]", "[]"},
	    {"list", "{\"l\":[{\"n\":1}]}", "[{{^l}}{{n}}{{/l}}]", "[]"},
	    {"empty list", "{\"l\":[]}", "[{{^l}}none{{/l}}]", "[none]"},
	    {"zero", "{\"n\":0}", "[{{^n}}none{{/n}}]", "[none]"},
	    {"twice", "{\"b\":false,\"two\":\"second\"}",
		"{{^b}}\n* first\n{{/b}}\n* {{two}}\n{{^b}}\n* third\n{{/b}}\n",
		"* first\n* second\n* third\n"},
	    {"nested, false", "{\"b\":false}", "| A {{^b}}B {{^b}}C{{/b}} D{{/b}} E |",
		"| A B C D E |"},
	    {"nested, true", "{\"b\":true}", "| A {{^b}}B {{^b}}C{{/b}} D{{/b}} E |",
		"| A  E |"},
	    {"context stays", "{\"n\":\"Joe\",\"b\":false}", "{{^b}}{{n}}{{/b}}",
		"Joe"},
	    {"dotted, true", "{\"a\":{\"b\":true}}", "[{{^a.b}}not{{/a.b}}]", "[]"},
	    {"dotted, false", "{\"a\":{\"b\":false}}", "[{{^a.b}}not{{/a.b}}]",
		"[not]"},
	    {"dotted, broken", "{\"a\":{}}", "[{{^a.b.c}}not{{/a.b.c}}]", "[not]"},
	    {"spaces around", "{\"b\":false}", " | {{^b}}\t|\t{{/b}} | \n",
		" | \t|\t | \n"},
	    {"indented, in line", "{\"b\":false}",
		" {{^b}}NO{{/b}}\n {{^b}}WAY{{/b}}\n", " NO\n WAY\n"},
	    {"alone, indented", "{\"b\":false}", "| a\n  {{^b}}\n|\n  {{/b}}\n| b\n",
		"| a\n|\n| b\n"},
	    {"alone, CRLF", "{\"b\":false}", "|\r\n{{^b}}\r\n{{/b}}\r\n|", "|\r\n|"},
	    {"alone, first line", "{\"b\":false}", "  {{^b}}\n^{{/b}}\n/", "^\n/"},
	    {"alone, last line", "{\"b\":false}", "^{{^b}}\n/\n  {{/b}}", "^\n/\n"},
	    {"padding", "{\"b\":false}", "|{{^ b }}={{/ b }}|", "|=|"},
	};

	CHECK_ALL(cases);
}

static void
test_comments(void)
{
	static const struct language_case cases[] = {
	    {"in line", "{}", "12345{{! a note }}67890", "1234567890"},
	    {"several lines", "{}", "12345{{!\n  a long\n  note...\n}}67890\n",
		"1234567890\n"},
	    {"alone", "{}", "Begin.\n{{! note }}\nEnd.\n", "Begin.\nEnd.\n"},
	    {"alone, indented", "{}", "Begin.\n  {{! note }}\nEnd.\n",
		"Begin.\nEnd.\n"},
	    {"alone, CRLF", "{}", "|\r\n{{! note }}\r\n|", "|\r\n|"},
	    {"alone, first line", "{}", "  {{! here }}\n!", "!"},
	    {"alone, last line", "{}", "!\n  {{! here }}", "!\n"},
	    {"alone, several lines", "{}", "Begin.\n{{!\nwhat's\nup?\n}}\nEnd.\n",
		"Begin.\nEnd.\n"},
	    {"alone, several lines, indented", "{}",
		"Begin.\n  {{!\n  what\n  }}\nEnd.\n", "Begin.\nEnd.\n"},
	    {"not alone", "{}", "  12 {{! 34 }}\n", "  12 \n"},
	    {"spaces stay", "{}", "12345 {{! note }} 67890", "12345  67890"},
	    {"never a value", "{\"! c\":1,\"!c\":2,\"c\":3,\"! c \":4}",
		"[{{! c }}{{!c}}]", "[]"},
	    {"text ends at the first close", "{\"a\":1}", "{{! {{a}} }}", " }}"},
	};

	CHECK_ALL(cases);
}

static void
test_delimiters(void)
{
	static const struct language_case cases[] = {
	    {"pair", "{\"t\":\"Hey\"}", "{{=<% %>=}}(<%t%>)", "(Hey)"},
	    {"special characters", "{\"t\":\"It worked\"}", "({{=[ ]=}}[t])",
		"(It worked)"},
	    {"triple with others", "{\"t\":\"<\"}", "{{=| |=}}|{t}| |&t| |t|",
		"< < &lt;"},
	    {"sections", "{\"s\":true,\"d\":\"got\"}",
		"[\n{{#s}}\n  {{d}}\n  |d|\n{{/s}}\n\n{{= | | =}}\n|#s|\n  {{d}}\n  "
		"|d|\n|/s|\n]"
		"\n",
		"[\n  got\n  |d|\n\n  {{d}}\n  got\n]\n"},
	    {"inverted", "{\"s\":false,\"d\":\"got\"}",
		"[\n{{^s}}\n  {{d}}\n  |d|\n{{/s}}\n\n{{= | | =}}\n|^s|\n  {{d}}\n  "
		"|d|\n|/s|\n]"
		"\n",
		"[\n  got\n  |d|\n\n  {{d}}\n  got\n]\n"},
	    {"partials do not inherit", "{\"v\":\"yes\"}",
		"[ {{>inc}} ]\n{{= | | =}}\n[ |>inc| ]\n", "[ .yes. ]\n[ .yes. ]\n",
		{"inc", ".{{v}}."}},
	    {"partials do not leak", "{\"v\":\"yes\"}",
		"[ {{>inc}} ]\n[ .{{v}}.  .|v|. ]\n",
		"[ .yes.  .yes. ]\n[ .yes.  .|v|. ]\n",
		{"inc", ".{{v}}. {{= | | =}} .|v|."}},
	    {"spaces around", "{}", "| {{=@ @=}} |", "|  |"},
	    {"spaces around, line end", "{}", " | {{=@ @=}}\n", " | \n"},
	    {"alone", "{}", "Begin.\n{{=@ @=}}\nEnd.\n", "Begin.\nEnd.\n"},
	    {"alone, indented", "{}", "Begin.\n  {{=@ @=}}\nEnd.\n", "Begin.\nEnd.\n"},
	    {"alone, CRLF", "{}", "|\r\n{{= @ @ =}}\r\n|", "|\r\n|"},
	    {"alone, first line", "{}", "  {{=@ @=}}\n=", "="},
	    {"alone, last line", "{}", "=\n  {{=@ @=}}", "=\n"},
	    {"padding", "{}", "|{{= @   @ =}}|", "||"},
	    {"back again", "{\"a\":1}", "{{=<% %>=}}<%a%>{{a}}<%={{ }}=%>{{a}}<%a%>",
		"1{{a}}1<%a%>"},
	};

	CHECK_ALL(cases);
}

static void
test_partials(void)
{
	static const struct language_case cases[] = {
	    {"basic", "{}", "\"{{>text}}\"", "\"from partial\"",
		{"text", "from partial"}},
	    {"absent", "{}", "\"{{>text}}\"", "\"\""},
	    {"sees the context", "{\"t\":\"content\"}", "\"{{>p}}\"", "\"*content*\"",
		{"p", "*{{t}}*"}},
	    {"recursion", "{\"c\":\"X\",\"n\":[{\"c\":\"Y\",\"n\":[]}]}", "{{>node}}",
		"X<Y<>>", {"node", "{{c}}<{{#n}}{{>node}}{{/n}}>"}},
	    {"nested", "{\"a\":\"hello\",\"b\":\"world\"}", "{{>outer}}",
		"*hello world!*", {"outer", "*{{a}} {{>inner}}*", "inner", "{{b}}!"}},
	    {"spaces stay", "{}", "| {{>p}} |", "| \t|\t |", {"p", "\t|\t"}},
	    {"in line: no indentation", "{\"d\":\"|\"}", "  {{d}}  {{> p}}\n",
		"  |  >\n>\n", {"p", ">\n>"}},
	    {"alone, CRLF", "{}", "|\r\n{{>p}}\r\n|", "|\r\n>|", {"p", ">"}},
	    {"alone, first line", "{}", "  {{>p}}\n>", "  >\n  >>", {"p", ">\n>"}},
	    {"alone, last line", "{}", ">\n  {{>p}}", ">\n  >\n  >", {"p", ">\n>"}},
	    {"indentation of lines, not of values", "{\"c\":\"<\\n->\"}",
		"\\\n {{>p}}\n/\n", "\\\n |\n <\n->\n |\n/\n",
		{"p", "|\n{{{c}}}\n|\n"}},
	    {"indentation adds up", "{}", "a\n  {{>o}}\nb\n", "a\n  o\n    i\n  o\nb\n",
		{"o", "o\n  {{>i}}\no\n", "i", "i\n"}},
	    {"indentation keeps standalone lines", "{\"s\":[1,2]}", " {{>p}}\n",
		" -1\n -2\n", {"p", "{{#s}}\n-{{.}}\n{{/s}}\n"}},
	    {"empty lines stay empty", "{}", "  {{>p}}\n", "  a\n\n  b\n",
		{"p", "a\n\nb\n"}},
	    {"tab as indentation", "{}", "\t{{>p}}\n", "\ta\n\tb\n", {"p", "a\nb\n"}},
	    {"padding", "{\"b\":true}", "|{{> p }}|", "|[]|", {"p", "[]"}},
	    {"empty", "{}", "a\n  {{>p}}\nb\n", "a\nb\n", {"p", ""}},
	    {"in a list", "{\"l\":[{\"i\":1},{\"i\":2}]}", "{{#l}}{{>p}}{{/l}}",
		"(1)(2)", {"p", "({{i}})"}},
	};

	CHECK_ALL(cases);
}

static void
test_parse_errors(void)
{
	static const char *const bad[] = {"{{a", "{{{a}}", "{{#a}}", "{{/a}}",
	    "{{#a}}{{/b}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{}}", "{{ }}", "{{a..b}}",
	    "{{.a}}", "{{a.}}", "{{==}}", "{{=a=}}", "{{=a b c=}}", "{{=a= =b=}}",
	    "{{#}}{{/}}", "\xff", "{{! open", "{{= a b }}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct template *t = NULL;
		struct err e = ERR_INIT;
		int rc = template_parse(bad[i], strlen(bad[i]), &t, &e);

		if (rc != TOSD_EINVAL)
			printf("\n  accepted: %s\n", bad[i]);
		CU_ASSERT_EQUAL(rc, TOSD_EINVAL);
		CU_ASSERT_PTR_NULL(t);
		CU_ASSERT_NOT_EQUAL(e.text[0], '\0');
		template_free(&t);
	}
}

static void
test_error_lines(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"a\nb\n{{#x}}\n", "line 3"},
	    {"a\n{{#x}}\n{{/y}}\n", "line 3"},
	    {"a\n\n{{who}}\n", "line 3: the data has no `who'"},
	    {"{{! \n\n }}\n{{who}}", "line 4"},
	};
	struct template_options o = {.mode = TEMPLATE_TEXT};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};
		struct err e = ERR_INIT;

		CU_ASSERT_NOT_EQUAL(render_with("{}", cases[i].text, &o, &out, &e), 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, cases[i].want));
		CU_ASSERT_EQUAL(out.len, 0);
		buf_free(&out);
	}
}

/* Renders and compares; want NULL: an error with code. */
static void
expect(const char *data, const char *text, const struct template_options *o,
    const char *want, int code)
{
	struct buf out = {0};
	struct err e = ERR_INIT;
	int rc;

	buf_puts(&out, "before");
	rc = render_with(data, text, o, &out, &e);
	if (want == NULL) {
		if (rc != code)
			printf("\n  [%s] gave %d %s, not %d\n", text, rc, e.text, code);
		CU_ASSERT_EQUAL(rc, code);
		CU_ASSERT_STRING_EQUAL(out.data, "before");
	} else {
		if (rc != 0 || strcmp(out.data + 6, want) != 0)
			printf("\n  [%s] gave %d %s [%s], not [%s]\n", text, rc, e.text,
			    out.data, want);
		CU_ASSERT_EQUAL(rc, 0);
		CU_ASSERT_STRING_EQUAL(out.data + 6, want);
	}
	buf_free(&out);
}

static void
test_strict(void)
{
	static const char *const optional[] = {"phone", "a.b", NULL};
	static const char *const self[] = {"p", "x{{>p}}", NULL, NULL};
	struct template_options o = {.mode = TEMPLATE_TEXT, .optional = optional};

	expect("{}", "{{name}}", &o, NULL, TOSD_EINVAL);
	expect("{}", "{{#name}}{{/name}}", &o, NULL, TOSD_EINVAL);
	expect("{}", "{{^name}}{{/name}}", &o, NULL, TOSD_EINVAL);
	expect(
	    "{}", "{{#phone}}call{{/phone}}{{^phone}}write{{/phone}}", &o, "write", 0);
	expect("{\"phone\":\"1\"}", "{{#phone}}{{phone}}{{/phone}}", &o, "1", 0);
	expect("{}", "{{phone}}", &o, NULL, TOSD_EINVAL);
	expect("{\"a\":{}}", "[{{#a.b}}x{{/a.b}}]", &o, "[]", 0);
	expect("{\"a\":{}}", "[{{#a}}{{b}}{{/a}}]", &o, NULL, TOSD_EINVAL);
	expect("{\"l\":[1]}", "{{l}}", &o, NULL, TOSD_EINVAL);
	expect("{\"l\":{}}", "{{l}}", &o, NULL, TOSD_EINVAL);
	expect("{\"n\":null}", "[{{n}}]", &o, "[]", 0);
	expect("{}", "{{>none}}", &o, NULL, TOSD_ENOENT);
	o.partial = partial_of;
	o.ctx = (void *)self;
	expect("{}", "{{>p}}", &o, NULL, TOSD_EINVAL);
}

static void
test_modes(void)
{
	struct template_options text = {.mode = TEMPLATE_TEXT};
	struct template_options flat = {.mode = TEMPLATE_TEXT, .one_line = true};
	struct template_options head = {.mode = TEMPLATE_HEADER};

	expect("{\"s\":\"<&>\\\"'\"}", "{{s}}|{{{s}}}", &text, "<&>\"'|<&>\"'", 0);
	expect("{\"s\":\"a\\nb\\tc\\r\\u0007\\u001b[31m\"}", "{{s}}", &text,
	    "a\nb\tc[31m", 0);
	expect("{\"s\":\"a\\u202eb\\u2066c\\u200fd\\u0085e\"}", "{{s}}", &text, "abcde",
	    0);
	expect("{\"s\":\"a\\nDeadline: none\\tx\"}", "{{s}}", &flat,
	    "a Deadline: none x", 0);
	expect("{\"s\":\"plain\"}", "[case] {{s}}\n", &head, "[case] plain", 0);
	expect("{\"s\":\"plain\"}", "[case] {{s}}\r\n", &head, "[case] plain", 0);
	expect("{\"s\":\"a\\r\\nBcc: x@y\"}", "{{s}}", &head, NULL, TOSD_EINVAL);
	expect("{\"s\":\"a\\nb\"}", "{{s}}", &head, NULL, TOSD_EINVAL);
	expect("{\"s\":\"x\"}", "a\nb{{s}}", &head, NULL, TOSD_EINVAL);
	expect("{\"s\":\"a\\tb\"}", "{{s}}", &head, "a b", 0);
	expect("{\"s\":\"gr\\u00fcn\"}", "{{s}}", &head, "=?utf-8?B?Z3LDvG4=?=", 0);
	expect("{\"s\":\"=?utf-8?Q?x?=\"}", "{{s}}", &head,
	    "=?utf-8?B?PT91dGYtOD9RP3g/PQ==?=", 0);
	expect("{}", "", &head, "", 0);
}

static void
test_limits(void)
{
	static const char *const twice[] = {
	    "p", "{{>q}}{{>q}}", "q", "{{>p}}{{>p}}", NULL};
	static const char *const deep[] = {"p", "  {{>p}}\nxxxxxxxx\n", NULL};
	struct template_options o = {.mode = TEMPLATE_TEXT, .lenient = true};
	struct template *t = NULL;
	struct buf b = {0};
	char *list;

	for (int i = 0; i < TEMPLATE_MAX_DEPTH; i++)
		buf_puts(&b, "{{#a}}");
	for (int i = 0; i < TEMPLATE_MAX_DEPTH; i++)
		buf_puts(&b, "{{/a}}");
	CU_ASSERT_EQUAL(template_parse(b.data, b.len, &t, NULL), 0);
	template_free(&t);
	buf_puts(&b, "{{#a}}");
	for (int i = 0; i < TEMPLATE_MAX_DEPTH; i++)
		buf_puts(&b, "{{#a}}");
	CU_ASSERT_EQUAL(template_parse(b.data, b.len, &t, NULL), TOSD_ELIMIT);
	buf_reset(&b);

	/* 1,000 elements: nothing is written, yet the loops would never end. */
	buf_puts(&b, "{\"l\":[0");
	for (int i = 1; i < 1000; i++)
		buf_puts(&b, ",0");
	buf_puts(&b, "]}");
	list = buf_take(&b);
	expect(list, "{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", &o, NULL, TOSD_ELIMIT);
	expect(list, "{{#l}}{{#l}}four{{/l}}{{/l}}", &o, NULL, TOSD_ELIMIT);
	free(list);

	o.partial = partial_of;
	o.ctx = (void *)twice;
	expect("{}", "{{>p}}", &o, NULL, TOSD_ELIMIT);
	o.ctx = (void *)deep;
	expect("{}", "{{>p}}\n", &o, NULL, TOSD_ELIMIT);

	list = xmalloc(TEMPLATE_MAX_SOURCE + 1);
	memset(list, 'x', TEMPLATE_MAX_SOURCE + 1);
	CU_ASSERT_EQUAL(
	    template_parse(list, TEMPLATE_MAX_SOURCE + 1, &t, NULL), TOSD_ELIMIT);
	CU_ASSERT_EQUAL(template_parse(list, TEMPLATE_MAX_SOURCE, &t, NULL), 0);
	template_free(&t);
	free(list);
}

struct seen {
	struct buf b;
};

static void
see_value(void *ctx, const char *path, bool empty)
{
	struct seen *s = ctx;

	buf_printf(&s->b, "%s%s;", path, empty ? "-" : "+");
}

static void
see_comment(void *ctx, const char *text, size_t offset)
{
	struct seen *s = ctx;

	buf_printf(&s->b, "(%s@%zu);", text, offset);
}

static void
test_watch(void)
{
	struct seen s = {{0}};
	struct template_watch w = {
	    .value = see_value, .comment = see_comment, .ctx = &s};
	struct template_options o = {.mode = TEMPLATE_TEXT, .watch = &w};

	expect("{\"a\":\"x\",\"l\":[{\"u\":\"1\"},{\"u\":\" "
	       "\"}],\"d\":{\"e\":\"\"},\"n\":[3]}",
	    "{{a}}{{! mark "
	    "}}{{#l}}{{u}}{{a}}{{/l}}{{d.e}}{{#d}}{{e}}{{/d}}{{#n}}{{.}}{{/n}}",
	    &o, "x1x x3", 0);
	CU_ASSERT_STRING_EQUAL(s.b.data, "a+;(mark@1);l.u+;a+;l.u-;a+;d.e-;d.e-;n+;");
	buf_free(&s.b);
}

static const struct suite_test tests[] = {
    {"values", test_values},
    {"sections", test_sections},
    {"inverted sections", test_inverted},
    {"comments", test_comments},
    {"delimiters", test_delimiters},
    {"partials", test_partials},
    {"templates that are wrong", test_parse_errors},
    {"errors name the line", test_error_lines},
    {"strict names", test_strict},
    {"modes", test_modes},
    {"limits", test_limits},
    {"a watcher sees paths and comments", test_watch},
};
SUITE_MAIN("template", tests)
