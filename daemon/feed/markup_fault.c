/* SPDX-License-Identifier: Apache-2.0 */
/* markup_fault: what is wrong with a document, in words; see markup.h. */
#include "feed/markup.h"

const char *
markup_fault_text(enum markup_fault f)
{
	static const char *const text[MARKUP_NFAULTS] = {
	    [MARKUP_FINE] = "nothing wrong",
	    [MARKUP_BARE_LT] = "a < that opens no tag",
	    [MARKUP_BARE_AMP] = "an & that starts no reference",
	    [MARKUP_BAD_REF] = "a reference to an unknown or forbidden character",
	    [MARKUP_BAD_ATTR] = "an attribute without value, quotes or space",
	    [MARKUP_TWICE_ATTR] = "an attribute given twice in one tag",
	    [MARKUP_MISSING_GT] = "a tag without its >",
	    [MARKUP_UNTERMINATED] =
		"a comment, CDATA section or declaration without end",
	    [MARKUP_MISNESTED] = "tags that do not match",
	    [MARKUP_BAD_PREFIX] = "a name space prefix that is not declared",
	    [MARKUP_OUTSIDE] = "text or tags outside the root element",
	    [MARKUP_LATE_DECL] = "an XML declaration that is not at the start",
	    [MARKUP_BAD_CHAR] = "bytes that the encoding or XML does not allow",
	    [MARKUP_TOO_DEEP] = "elements nested too deep",
	};

	return f < MARKUP_NFAULTS ? text[f] : "unknown fault";
}
