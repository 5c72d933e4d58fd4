/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_charset: libFuzzer target: any bytes after a byte that picks a media type; the
 * text is valid UTF-8 without NUL, and its encoding has a name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "feed/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const types[] = {NULL, "text/xml", "application/rss+xml",
	    "text/html; charset=iso-8859-1", "text/xml;charset='utf-8'",
	    "application/xml; charset=Shift_JIS", "x; charset=gb2312",
	    "x; charset=iso-2022-jp", "x; charset=utf-16", "x; charset=big5",
	    "x; charset=koi8-r", "x; charset=euc-kr", "x; charset=utf-7",
	    "x; charset=no-such-charset", "x; charset=", "text/atom+xml"};
	struct feed_text t;

	if (n == 0)
		return 0;
	feed_text_read(&t, data + 1, n - 1, types[data[0] % 16]);
	if (!text_valid(t.p, t.n) || (t.n > 0 && memchr(t.p, '\0', t.n) != NULL) ||
	    t.encoding[0] == '\0')
		abort();
	feed_text_free(&t);
	return 0;
}
