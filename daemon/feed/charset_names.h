/* SPDX-License-Identifier: Apache-2.0 */
/* charset_names: what the names of encodings mean; owns nothing. */
#ifndef TOSD_FEED_CHARSET_NAMES_H
#define TOSD_FEED_CHARSET_NAMES_H

#include <stdbool.h>

/* The encoding that iconv should read where a document says name: the name itself if
 * that means what it says. */
const char *charset_meaning(const char *name);
/* What iconv and detection call otherwise than documents do. */
const char *charset_common(const char *name);
bool charset_is_utf8(const char *name);
/* Is it US-ASCII in the narrow sense, which documents with other bytes are not? */
bool charset_is_ascii(const char *name);
/* False for names that are no charset of documents. */
bool charset_usable(const char *name);

#endif
