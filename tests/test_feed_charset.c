/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_feed_charset: the names that documents give to encodings, and names that the
 * bytes disprove.
 */
#include <stdio.h>
#include <string.h>

#include "feed/charset.h"
#include "suite.h"

/* An XML declaration that names the encoding; the text behind it. */
static void
read_declared(struct feed_text *t, const char *name, const char *text, size_t n)
{
	static char doc[512];
	int len =
	    snprintf(doc, sizeof(doc), "<?xml version=\"1.0\" encoding=\"%s\"?>", name);

	memcpy(doc + len, text, n);
	feed_text_read(t, doc, len + n, NULL);
}

/* Labels of the WHATWG Encoding standard: a character that tells the encoding from
 * its neighbours. */
static void
test_labels(void)
{
	static const struct {
		const char *names, *bytes, *text;
	} cases[] = {
	    {"utf8 utf-8 unicode-1-1-utf-8", "\xd0\x96", "Ж"},
	    {"windows-1252 cp1252 x-cp1252 iso-8859-1 iso88591 iso_8859-1:1987 "
	     "iso-ir-100 latin1 l1 cp819 ibm819 csisolatin1",
		"\x80", "€"},
	    {"iso-8859-2 latin2 l2 iso_8859-2 iso-ir-101 csisolatin2", "\xa1\xb1",
		"Ąą"},
	    {"iso-8859-3 latin3 csisolatin3", "\xa1\xb1", "Ħħ"},
	    {"iso-8859-4 latin4 csisolatin4", "\xbd\xbf", "Ŋŋ"},
	    {"iso-8859-5 cyrillic csisolatincyrillic", "\xb6\xd6", "Жж"},
	    {"iso-8859-6 arabic asmo-708 ecma-114 iso-8859-6-e iso-8859-6-i "
	     "csiso88596e "
	     "csiso88596i csisolatinarabic",
		"\xc8\xe8", "بو"},
	    {"iso-8859-7 greek greek8 elot_928 ecma-118 sun_eu_greek csisolatingreek",
		"\xc8\xe8", "Θθ"},
	    {"iso-8859-8 hebrew iso-8859-8-e iso-8859-8-i visual logical csiso88598e "
	     "csiso88598i csisolatinhebrew",
		"\xe0\xf9", "אש"},
	    {"iso-8859-10 latin6 l6 csisolatin6", "\xbd\xbf", "―ŋ"},
	    {"iso-8859-13", "\xe6\xe7", "ęē"},
	    {"iso-8859-14", "\xd0\xf0", "Ŵŵ"},
	    {"iso-8859-15 csisolatin9 l9", "\xa4\xbd", "€œ"},
	    {"iso-8859-16", "\xaa\xba", "Șș"},
	    {"windows-1250 cp1250 x-cp1250", "\x8a\xa5", "ŠĄ"},
	    {"windows-1251 cp1251 x-cp1251", "\xc6\xe6", "Жж"},
	    {"windows-1253 cp1253 x-cp1253", "\xa2\xc8", "ΆΘ"},
	    {"windows-1254 cp1254 x-cp1254 iso-8859-9 latin5 l5 iso-ir-148 csisolatin5",
		"\x80\xf0", "€ğ"},
	    {"windows-1255 cp1255 x-cp1255", "\x80\xe0", "€א"},
	    {"windows-1256 cp1256 x-cp1256", "\x80\xc8", "€ب"},
	    {"windows-1257 cp1257 x-cp1257", "\x80\xe6", "€ę"},
	    {"windows-1258 cp1258 x-cp1258", "\x80\xf5", "€ơ"},
	    {"windows-874 dos-874 tis-620 iso-8859-11 iso885911", "\x80\xa1", "€ก"},
	    {"koi8-r koi8 koi koi8_r cskoi8r", "\xf6\xd6", "Жж"},
	    {"koi8-u", "\xf6\xa4", "Жє"},
	    {"ibm866 cp866 866 csibm866", "\x86\xa6", "Жж"},
	    {"macintosh mac x-mac-roman csmacintosh", "\x80\x8e", "Äé"},
	    {"x-mac-cyrillic x-mac-ukrainian", "\x86\xe6", "Жж"},
	    {"gbk gb18030 gb2312 gb_2312-80 x-gbk chinese csgb2312 iso-ir-58",
		"\x81\x40\xd6\xd0", "丂中"},
	    {"big5 big5-hkscs cn-big5 csbig5 x-x-big5", "\xa4\xa4", "中"},
	    {"euc-kr korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 iso-ir-149 "
	     "windows-949 "
	     "cseuckr csksc56011987",
		"\x8c\x63\xc7\xd1", "똠한"},
	    {"shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis",
		"\x87\x40\x93\xfa", "①日"},
	    {"euc-jp x-euc-jp cseucpkdfmtjapanese", "\xad\xa1\xc6\xfc", "①日"},
	    {"iso-2022-jp csiso2022jp", "\x1b$BF|\x1b(B", "日"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char names[512], *rest;

		snprintf(names, sizeof(names), "%s", cases[i].names);
		for (char *name = strtok_r(names, " ", &rest); name != NULL;
		     name = strtok_r(NULL, " ", &rest)) {
			struct feed_text t;
			const char *behind;

			read_declared(&t, name, cases[i].bytes, strlen(cases[i].bytes));
			behind = memchr(t.p, '>', t.n);
			SAME(behind + 1, cases[i].text);
			if (strcmp(behind + 1, cases[i].text) != 0)
				printf("\n    by the name of %s ", name);
			feed_text_free(&t);
		}
	}
}

/* What is declared is disproved by the bytes: the document must not vanish. */
static void
test_false_names(void)
{
	static const struct {
		const char *type, *doc, *text;
	} cases[] = {
	    {"text/xml;charset=UTF-16", "<a>caf\xe9</a>", "<a>café</a>"},
	    {"text/xml;charset=UTF-32BE", " \n<a>caf\xe9</a>", " \n<a>café</a>"},
	    {"text/xml;charset=CP037", "<a>caf\xe9</a>", "<a>café</a>"},
	    {"text/xml;charset=UCS-2",
		"<?xml version='1.0' encoding='windows-1251'?>\xc6",
		"<?xml version='1.0' encoding='windows-1251'?>Ж"},
	    {"text/xml;charset=US-ASCII",
		"<?xml version='1.0' encoding='windows-1251'?>\xc6",
		"<?xml version='1.0' encoding='windows-1251'?>Ж"},
	    {"application/json;charset=UTF-16", "{\"a\":\"caf\xe9\"}",
		"{\"a\":\"café\"}"},
	    {NULL, "<?xml version='1.0' encoding='UTF-16'?>caf\xe9",
		"<?xml version='1.0' encoding='UTF-16'?>café"},
	    {NULL, "<?xml version='1.0' encoding='us-ascii'?>caf\xe9",
		"<?xml version='1.0' encoding='us-ascii'?>café"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed_text t;

		feed_text_read(&t, cases[i].doc, strlen(cases[i].doc), cases[i].type);
		SAME(t.p, cases[i].text);
		CU_ASSERT(t.wrong);
		feed_text_free(&t);
	}
}

/* The header says it as servers do, and the declaration with any space. */
static void
test_notation(void)
{
	static const char *const types[] = {
	    "application/xml;charset=windows-1251",
	    "application/xml; charset=\"windows-1251\"",
	    "application/xml; charset='windows-1251'",
	    "application/xml; CHARSET = Windows-1251",
	    "application/xml;\tcharset=\twindows-1251; x=y",
	};
	static const char spaced[] = "<?xml encoding =  \t \n \r'windows-1251'?>\xc6";
	struct feed_text t;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		feed_text_read(&t, "<a>\xc6</a>", 8, types[i]);
		SAME(t.p, "<a>Ж</a>");
		SAME(t.encoding, "windows-1251");
		feed_text_free(&t);
	}
	feed_text_read(&t, spaced, sizeof(spaced) - 1, NULL);
	CU_ASSERT(strstr(t.p, "Ж") != NULL);
	feed_text_free(&t);
}

/* <?xml encoding="cp500"?>[ in the EBCDIC that it declares: [ is 0x4a there, and
 * 0xba in the usual one. */
static void
test_ebcdic(void)
{
	static const char declared[] =
	    "\x4c\x6f\xa7\x94\x93\x40\x85\x95\x83\x96\x84\x89\x95\x87\x7e\x7f\x83\x97"
	    "\xf5\xf0\xf0\x7f\x6f\x6e\x4a";
	static const char bare[] = "\x4c\x6f\xa7\x94\x93\x6f\x6e\xba";
	struct feed_text t;

	feed_text_read(&t, declared, sizeof(declared) - 1, NULL);
	SAME(t.p, "<?xml encoding=\"cp500\"?>[");
	SAME(t.encoding, "cp500");
	feed_text_free(&t);
	feed_text_read(&t, bare, sizeof(bare) - 1, "text/xml; charset=utf-8");
	SAME(t.p, "<?xml?>[");
	SAME(t.encoding, "ibm037");
	feed_text_free(&t);
	feed_text_read(
	    &t, "\x4c\x6f\xa7\x94\x93\x6f\x6e\x4a", 8, "text/xml; charset=cp500");
	SAME(t.p, "<?xml?>[");
	feed_text_free(&t);
}

static const struct suite_test tests[] = {
    {"labels", test_labels},
    {"false names", test_false_names},
    {"notation", test_notation},
    {"EBCDIC", test_ebcdic},
};

SUITE_MAIN("charset", tests)
