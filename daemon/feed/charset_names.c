/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset_names: what the names of encodings mean; see charset_names.h.  The table has
 * those labels of the WHATWG Encoding standard that iconv does not know or reads as
 * less than documents mean by them, and a few more that are seen.
 */
#include "feed/charset_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name, *means;
} aliases[] = {
    {"utf8", "utf-8"},
    {"x-utf-8", "utf-8"},
    {"utf_8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"unicode11utf8", "utf-8"},
    {"unicode20utf8", "utf-8"},
    {"x-unicode20utf8", "utf-8"},
    {"us-ascii", "windows-1252"},
    {"ascii", "windows-1252"},
    {"ansi_x3.4-1968", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso88591", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"iso_8859-1:1987", "windows-1252"},
    {"iso-ir-100", "windows-1252"},
    {"latin1", "windows-1252"},
    {"latin-1", "windows-1252"},
    {"l1", "windows-1252"},
    {"cp819", "windows-1252"},
    {"ibm819", "windows-1252"},
    {"cp1252", "windows-1252"},
    {"x-cp1252", "windows-1252"},
    {"csisolatin1", "windows-1252"},
    {"csisolatin2", "iso-8859-2"},
    {"csisolatin3", "iso-8859-3"},
    {"csisolatin4", "iso-8859-4"},
    {"csisolatincyrillic", "iso-8859-5"},
    {"csisolatinarabic", "iso-8859-6"},
    {"csiso88596e", "iso-8859-6"},
    {"csiso88596i", "iso-8859-6"},
    {"iso-8859-6-e", "iso-8859-6"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"csisolatingreek", "iso-8859-7"},
    {"sun_eu_greek", "iso-8859-7"},
    {"csisolatinhebrew", "iso-8859-8"},
    {"csiso88598e", "iso-8859-8"},
    {"csiso88598i", "iso-8859-8"},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"visual", "iso-8859-8"},
    {"logical", "iso-8859-8"},
    {"csisolatin6", "iso-8859-10"},
    {"csisolatin9", "iso-8859-15"},
    {"l9", "iso-8859-15"},
    {"x-cp1250", "windows-1250"},
    {"x-cp1251", "windows-1251"},
    {"x-cp1253", "windows-1253"},
    {"iso-8859-9", "windows-1254"},
    {"iso8859-9", "windows-1254"},
    {"iso88599", "windows-1254"},
    {"iso_8859-9", "windows-1254"},
    {"iso_8859-9:1989", "windows-1254"},
    {"iso-ir-148", "windows-1254"},
    {"latin5", "windows-1254"},
    {"l5", "windows-1254"},
    {"csisolatin5", "windows-1254"},
    {"x-cp1254", "windows-1254"},
    {"x-cp1255", "windows-1255"},
    {"x-cp1256", "windows-1256"},
    {"x-cp1257", "windows-1257"},
    {"x-cp1258", "windows-1258"},
    {"iso-8859-11", "windows-874"},
    {"iso8859-11", "windows-874"},
    {"iso885911", "windows-874"},
    {"tis-620", "windows-874"},
    {"dos-874", "windows-874"},
    {"koi", "koi8-r"},
    {"koi8", "koi8-r"},
    {"koi8_r", "koi8-r"},
    {"cskoi8r", "koi8-r"},
    {"csibm866", "ibm866"},
    {"macintosh", "mac"},
    {"x-mac-roman", "mac"},
    {"csmacintosh", "mac"},
    {"x-mac-cyrillic", "mac-cyrillic"},
    {"x-mac-ukrainian", "mac-cyrillic"},
    {"gb2312", "gb18030"},
    {"gb_2312", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"chinese", "gb18030"},
    {"csgb2312", "gb18030"},
    {"csiso58gb231280", "gb18030"},
    {"iso-ir-58", "gb18030"},
    {"big5", "big5-hkscs"},
    {"cn-big5", "big5-hkscs"},
    {"csbig5", "big5-hkscs"},
    {"x-x-big5", "big5-hkscs"},
    {"euc-kr", "uhc"},
    {"cseuckr", "uhc"},
    {"csksc56011987", "uhc"},
    {"korean", "uhc"},
    {"ks_c_5601", "uhc"},
    {"ks_c_5601-1987", "uhc"},
    {"ks_c_5601-1989", "uhc"},
    {"ksc5601", "uhc"},
    {"ksc_5601", "uhc"},
    {"iso-ir-149", "uhc"},
    {"windows-949", "uhc"},
    {"shift_jis", "cp932"},
    {"shift-jis", "cp932"},
    {"sjis", "cp932"},
    {"x-sjis", "cp932"},
    {"ms_kanji", "cp932"},
    {"csshiftjis", "cp932"},
    {"euc-jp", "euc-jp-ms"},
    {"x-euc-jp", "euc-jp-ms"},
    {"cseucpkdfmtjapanese", "euc-jp-ms"},
    {"csiso2022jp", "iso-2022-jp"},
};

const char *
charset_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(aliases[i].name, name) == 0)
			return aliases[i].means;
	return name;
}

const char *
charset_common(const char *name)
{
	if (strcmp(name, "uhc") == 0)
		return "euc-kr";
	return strcmp(charset_meaning(name), "gb18030") == 0 ? "gb18030" : name;
}

bool
charset_is_utf8(const char *name)
{
	return strcmp(charset_meaning(name), "utf-8") == 0;
}

bool
charset_is_ascii(const char *name)
{
	return strcmp(name, "us-ascii") == 0 || strcmp(name, "ascii") == 0 ||
	       strncmp(name, "ansi_x3.4", 9) == 0;
}

/* Conversions with side effects, and ways to write < and > in bytes that nobody else
 * would read so. */
bool
charset_usable(const char *name)
{
	static const char *const never[] = {
	    "utf-7", "utf7", "unicode-1-1-utf-7", "utf-7-imap", "hz", "hz-gb-2312"};

	if (name[0] == '\0' || strncmp(name, "cs", 2) == 0 ||
	    strncmp(name, "java", 4) == 0)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strcmp(name, never[i]) == 0)
			return false;
	return true;
}
