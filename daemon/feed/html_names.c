/* SPDX-License-Identifier: Apache-2.0 */
/* html_names: the tables; see html_names.h. */
#include "feed/html_names.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LONGEST 10

/* Sorted by length, then by name. */
static const struct {
	char name[LONGEST + 2];
	uint8_t tag;
} tags[] = {
    /* clang-format off */
	{"a", HTML_TAG_INLINE}, {"b", HTML_TAG_INLINE}, {"i", HTML_TAG_INLINE},
	{"p", HTML_TAG_PARA}, {"q", HTML_TAG_INLINE}, {"s", HTML_TAG_INLINE},
	{"u", HTML_TAG_INLINE}, {"br", HTML_TAG_BLOCK}, {"dd", HTML_TAG_BLOCK},
	{"dl", HTML_TAG_BLOCK}, {"dt", HTML_TAG_BLOCK}, {"em", HTML_TAG_INLINE},
	{"h1", HTML_TAG_PARA}, {"h2", HTML_TAG_PARA}, {"h3", HTML_TAG_PARA},
	{"h4", HTML_TAG_PARA}, {"h5", HTML_TAG_PARA}, {"h6", HTML_TAG_PARA},
	{"hr", HTML_TAG_PARA}, {"li", HTML_TAG_BLOCK}, {"mi", HTML_TAG_INLINE},
	{"mn", HTML_TAG_INLINE}, {"mo", HTML_TAG_INLINE}, {"ol", HTML_TAG_BLOCK},
	{"rb", HTML_TAG_INLINE}, {"rp", HTML_TAG_INLINE}, {"rt", HTML_TAG_INLINE},
	{"td", HTML_TAG_CELL}, {"th", HTML_TAG_CELL}, {"tr", HTML_TAG_BLOCK},
	{"tt", HTML_TAG_INLINE}, {"ul", HTML_TAG_BLOCK}, {"bdi", HTML_TAG_INLINE},
	{"bdo", HTML_TAG_INLINE}, {"big", HTML_TAG_INLINE}, {"col", HTML_TAG_INLINE},
	{"del", HTML_TAG_INLINE}, {"dfn", HTML_TAG_INLINE}, {"dir", HTML_TAG_BLOCK},
	{"div", HTML_TAG_BLOCK}, {"img", HTML_TAG_IMG}, {"ins", HTML_TAG_INLINE},
	{"kbd", HTML_TAG_INLINE}, {"map", HTML_TAG_INLINE}, {"nav", HTML_TAG_BLOCK},
	{"pre", HTML_TAG_PRE}, {"rtc", HTML_TAG_INLINE}, {"sub", HTML_TAG_INLINE},
	{"sup", HTML_TAG_INLINE}, {"svg", HTML_TAG_INLINE}, {"var", HTML_TAG_INLINE},
	{"wbr", HTML_TAG_INLINE}, {"xmp", HTML_TAG_PRE}, {"abbr", HTML_TAG_INLINE},
	{"area", HTML_TAG_INLINE}, {"base", HTML_TAG_BASE}, {"body", HTML_TAG_INLINE},
	{"cite", HTML_TAG_INLINE}, {"code", HTML_TAG_INLINE},
	{"data", HTML_TAG_INLINE}, {"desc", HTML_TAG_INLINE},
	{"font", HTML_TAG_INLINE}, {"form", HTML_TAG_BLOCK},
	{"head", HTML_TAG_INLINE}, {"html", HTML_TAG_HTML}, {"link", HTML_TAG_LINK},
	{"main", HTML_TAG_BLOCK}, {"mark", HTML_TAG_INLINE},
	{"math", HTML_TAG_INLINE}, {"menu", HTML_TAG_BLOCK}, {"meta", HTML_TAG_META},
	{"mrow", HTML_TAG_INLINE}, {"nobr", HTML_TAG_INLINE},
	{"path", HTML_TAG_INLINE}, {"ruby", HTML_TAG_INLINE},
	{"samp", HTML_TAG_INLINE}, {"span", HTML_TAG_INLINE},
	{"time", HTML_TAG_INLINE}, {"aside", HTML_TAG_BLOCK},
	{"audio", HTML_TAG_SOUND}, {"blink", HTML_TAG_INLINE},
	{"embed", HTML_TAG_INLINE}, {"frame", HTML_TAG_BLOCK},
	{"input", HTML_TAG_INLINE}, {"label", HTML_TAG_INLINE},
	{"meter", HTML_TAG_INLINE}, {"param", HTML_TAG_INLINE},
	{"small", HTML_TAG_INLINE}, {"style", HTML_TAG_DROP},
	{"table", HTML_TAG_BLOCK}, {"tbody", HTML_TAG_BLOCK},
	{"tfoot", HTML_TAG_BLOCK}, {"thead", HTML_TAG_BLOCK},
	{"title", HTML_TAG_TITLE}, {"track", HTML_TAG_INLINE},
	{"video", HTML_TAG_FILM}, {"button", HTML_TAG_INLINE},
	{"canvas", HTML_TAG_INLINE}, {"center", HTML_TAG_BLOCK},
	{"circle", HTML_TAG_INLINE}, {"dialog", HTML_TAG_BLOCK},
	{"figure", HTML_TAG_BLOCK}, {"footer", HTML_TAG_BLOCK},
	{"header", HTML_TAG_BLOCK}, {"hgroup", HTML_TAG_BLOCK},
	{"iframe", HTML_TAG_INLINE}, {"legend", HTML_TAG_BLOCK},
	{"object", HTML_TAG_INLINE}, {"option", HTML_TAG_BLOCK},
	{"output", HTML_TAG_INLINE}, {"script", HTML_TAG_DROP},
	{"search", HTML_TAG_BLOCK}, {"select", HTML_TAG_INLINE},
	{"source", HTML_TAG_SOURCE}, {"strike", HTML_TAG_INLINE},
	{"strong", HTML_TAG_INLINE}, {"acronym", HTML_TAG_INLINE},
	{"address", HTML_TAG_BLOCK}, {"article", HTML_TAG_BLOCK},
	{"caption", HTML_TAG_BLOCK}, {"details", HTML_TAG_BLOCK},
	{"listing", HTML_TAG_PRE}, {"marquee", HTML_TAG_INLINE},
	{"noembed", HTML_TAG_DROP}, {"picture", HTML_TAG_INLINE},
	{"section", HTML_TAG_BLOCK}, {"summary", HTML_TAG_BLOCK},
	{"colgroup", HTML_TAG_INLINE}, {"datalist", HTML_TAG_INLINE},
	{"fieldset", HTML_TAG_BLOCK}, {"frameset", HTML_TAG_BLOCK},
	{"noframes", HTML_TAG_BLOCK}, {"noscript", HTML_TAG_INLINE},
	{"optgroup", HTML_TAG_BLOCK}, {"progress", HTML_TAG_INLINE},
	{"template", HTML_TAG_DROP}, {"textarea", HTML_TAG_INLINE},
	{"plaintext", HTML_TAG_PRE}, {"blockquote", HTML_TAG_PARA},
	{"figcaption", HTML_TAG_BLOCK},
    /* clang-format on */
};
#define NTAGS (sizeof(tags) / sizeof(tags[0]))

/* Where the names of each length start, found once. */
static uint8_t first[LONGEST + 2];

static void
index_tags(void)
{
	size_t i = 0;

	for (size_t len = 0; len <= LONGEST + 1; len++) {
		while (i < NTAGS && strlen(tags[i].name) < len)
			i++;
		first[len] = (uint8_t)i;
	}
}

enum html_tag
html_tag(const char *name, size_t n)
{
	size_t lo, hi;

	if (first[LONGEST + 1] == 0)
		index_tags();
	if (n == 0 || n > LONGEST)
		return HTML_TAG_UNKNOWN;
	lo = first[n];
	hi = first[n + 1];
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = memcmp(tags[mid].name, name, n);

		if (c == 0)
			return tags[mid].tag;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return HTML_TAG_UNKNOWN;
}

static const struct {
	const char *name;
	uint8_t n, attr;
} attrs[] = {
    {"href", 4, HTML_ATTR_HREF},
    {"src", 3, HTML_ATTR_SRC},
    {"alt", 3, HTML_ATTR_NOTE},
    {"title", 5, HTML_ATTR_NOTE},
    {"value", 5, HTML_ATTR_VALUE},
    {"label", 5, HTML_ATTR_NOTE},
    {"srcdoc", 6, HTML_ATTR_SRCDOC},
    {"placeholder", 11, HTML_ATTR_NOTE},
    {"srcset", 6, HTML_ATTR_SRCSET},
    {"poster", 6, HTML_ATTR_POSTER},
    {"cite", 4, HTML_ATTR_LINK},
    {"action", 6, HTML_ATTR_LINK},
    {"formaction", 10, HTML_ATTR_LINK},
    {"data", 4, HTML_ATTR_LINK},
    {"background", 10, HTML_ATTR_LINK},
    {"longdesc", 8, HTML_ATTR_LINK},
    {"xlink:href", 10, HTML_ATTR_HREF},
    {"data-src", 8, HTML_ATTR_DATA_SRC},
    {"aria-label", 10, HTML_ATTR_NOTE},
};

enum html_attr
html_attr(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (attrs[i].n == n && (attrs[i].name[0] | 32) == (name[0] | 32) &&
		    strncasecmp(attrs[i].name, name, n) == 0)
			return attrs[i].attr;
	return HTML_ATTR_OTHER;
}
