/* SPDX-License-Identifier: Apache-2.0 */
/* names: the tables; see names.h. */
#include "feed/names.h"

#include <string.h>
#include <strings.h>

struct uri {
	const char *text;
	enum feed_ns ns;
	size_t n;
};
#define URI(text, ns)                      \
	{                                  \
		text, ns, sizeof(text) - 1 \
	}

/* Compared without case, without http: or https:, and without a final slash or hash. */
static const struct uri uris[] = {
    URI("www.w3.org/2005/Atom", NS_ATOM),
    URI("purl.org/atom/ns", NS_ATOM03),
    URI("example.com/newformat", NS_ATOM03),
    URI("example.com/necho", NS_ATOM03),
    URI("purl.org/echo", NS_ATOM03),
    URI("uri/of/echo/namespace", NS_ATOM03),
    URI("purl.org/pie", NS_ATOM03),
    URI("purl.org/net/rss1.1", NS_MAIN),
    URI("purl.org/rss/1.0", NS_MAIN),
    URI("my.netscape.com/rdf/simple/0.9", NS_MAIN),
    URI("channel.netscape.com/rdf/simple/0.9", NS_MAIN),
    URI("my.netscape.com/publish/formats/rss-0.91.dtd", NS_MAIN),
    URI("backend.userland.com/rss", NS_MAIN),
    URI("backend.userland.com/rss2", NS_MAIN),
    URI("backend.userland.com/RSS2.1", NS_MAIN),
    URI("blogs.law.harvard.edu/tech/rss", NS_MAIN),
    URI("cyber.law.harvard.edu/rss", NS_MAIN),
    URI("www.rssboard.org/rss-specification", NS_MAIN),
    URI("www.w3.org/1999/02/22-rdf-syntax-ns", NS_RDF),
    URI("purl.org/rss/1.0/modules/content", NS_CONTENT),
    URI("purl.org/dc/elements/1.1", NS_DC),
    URI("purl.org/dc/elements/1.0", NS_DC),
    URI("purl.org/dc/terms", NS_DCTERMS),
    URI("search.yahoo.com/mrss", NS_MEDIA),
    URI("tools.search.yahoo.com/mrss", NS_MEDIA),
    URI("www.rssboard.org/media-rss", NS_MEDIA),
    URI("www.itunes.com/dtds/podcast-1.0.dtd", NS_ITUNES),
    URI("example.com/dtds/podcast-1.0.dtd", NS_ITUNES),
    URI("www.itunes.com/dtds/podcast", NS_ITUNES),
    URI("purl.org/rss/1.0/modules/syndication", NS_SY),
    URI("purl.org/syndication/thread/1.0", NS_THR),
    URI("www.w3.org/1999/xhtml", NS_XHTML),
    URI("purl.org/atompub/tombstones/1.0", NS_TOMBSTONE),
    URI("rssnamespace.org/feedburner/ext/1.0", NS_FEEDBURNER),
    URI("www.google.com/schemas/sitemap-news/0.9", NS_NEWS),
    URI("www.google.com/schemas/sitemap-image/1.1", NS_IMAGE),
    URI("www.google.com/schemas/sitemap-video/1.1", NS_VIDEO),
    URI("www.w3.org/XML/1998/namespace", NS_XML),
};

static size_t
bare_len(const char *s, size_t n)
{
	while (n > 0 &&
	       (s[n - 1] == '/' || s[n - 1] == '#' || (unsigned char)s[n - 1] <= ' '))
		n--;
	return n;
}

/* Names of name spaces are no addresses, but people write them as such. */
static void
skip_scheme(const char **s, size_t *n)
{
	size_t len = 0;

	if (*n > 7 && strncasecmp(*s, "http://", 7) == 0)
		len = 7;
	else if (*n > 8 && strncasecmp(*s, "https://", 8) == 0)
		len = 8;
	*s += len;
	*n -= len;
}

enum feed_ns
feed_ns_of(const char *uri, size_t n)
{
	while (n > 0 && (unsigned char)*uri <= ' ') {
		uri++;
		n--;
	}
	n = bare_len(uri, n);
	if (n == 0)
		return NS_MAIN;
	skip_scheme(&uri, &n);
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		if (uris[i].n == n && strncasecmp(uris[i].text, uri, n) == 0)
			return uris[i].ns;
	return NS_OTHER;
}

enum feed_ns
feed_ns_usual(const char *prefix, size_t n)
{
	static const struct uri usual[] = {
	    URI("atom", NS_ATOM),
	    URI("a10", NS_ATOM),
	    URI("rdf", NS_RDF),
	    URI("rss", NS_MAIN),
	    URI("content", NS_CONTENT),
	    URI("dc", NS_DC),
	    URI("dcterms", NS_DCTERMS),
	    URI("media", NS_MEDIA),
	    URI("itunes", NS_ITUNES),
	    URI("sy", NS_SY),
	    URI("thr", NS_THR),
	    URI("xhtml", NS_XHTML),
	    URI("at", NS_TOMBSTONE),
	    URI("feedburner", NS_FEEDBURNER),
	    URI("news", NS_NEWS),
	    URI("image", NS_IMAGE),
	    URI("video", NS_VIDEO),
	    URI("xml", NS_XML),
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].n == n && memcmp(usual[i].text, prefix, n) == 0)
			return usual[i].ns;
	return NS_OTHER;
}

#define LONGEST 16

struct name {
	char text[LONGEST + 1];
	unsigned char el;
};

/* RSS, Atom and CDF share one table: their names do not collide.  By length. */
static const struct name main_names[] = {
    {"a", EL_ANCHOR},
    {"id", EL_ID},
    {"rss", EL_RSS},
    {"rdf", EL_RDF},
    {"ttl", EL_TTL},
    {"uri", EL_SIDE},
    {"url", EL_URL},
    {"loc", EL_LOC},
    {"day", EL_DAY},
    {"hour", EL_HOUR},
    {"body", EL_CONTENT},
    {"date", EL_DATE},
    {"feed", EL_FEED},
    {"guid", EL_GUID},
    {"item", EL_ITEM},
    {"link", EL_LINK},
    {"name", EL_NAME},
    {"logo", EL_SIDE},
    {"entry", EL_ITEM},
    {"title", EL_TITLE},
    {"image", EL_BOX},
    {"email", EL_EMAIL},
    {"cloud", EL_SIDE},
    {"issued", EL_ISSUED},
    {"author", EL_AUTHOR},
    {"source", EL_BOX},
    {"rights", EL_LABEL},
    {"urlset", EL_URLSET},
    {"channel", EL_CHANNEL},
    {"content", EL_CONTENT},
    {"created", EL_CREATED},
    {"lastmod", EL_UPDATED},
    {"pubdate", EL_PUBLISHED},
    {"summary", EL_DESCRIPTION},
    {"tagline", EL_SIDE},
    {"updated", EL_UPDATED},
    {"abstract", EL_DESCRIPTION},
    {"category", EL_CATEGORY},
    {"comments", EL_COMMENTS},
    {"fullitem", EL_CONTENT},
    {"language", EL_LANGUAGE},
    {"modified", EL_MODIFIED},
    {"skipdays", EL_SKIP},
    {"subtitle", EL_SIDE},
    {"skiphours", EL_SKIP},
    {"enclosure", EL_ENCLOSURE},
    {"generator", EL_SIDE},
    {"published", EL_PUBLISHED},
    {"textinput", EL_BOX},
    {"webmaster", EL_SIDE},
    {"contributor", EL_BOX},
    {"description", EL_DESCRIPTION},
    {"sitemapindex", EL_SITEMAPINDEX},
    {"lastbuilddate", EL_SIDE},
    {"managingeditor", EL_SIDE},
};
static const struct name rdf_names[] = {{"rdf", EL_RDF}};
static const struct name content_names[] = {{"encoded", EL_CONTENT}};
static const struct name dc_names[] = {
    {"date", EL_DATE},
    {"title", EL_TITLE},
    {"issued", EL_ISSUED},
    {"author", EL_CREATOR},
    {"created", EL_CREATED},
    {"creator", EL_CREATOR},
    {"rights", EL_LABEL},
    {"subject", EL_CATEGORY},
    {"modified", EL_MODIFIED},
    {"language", EL_LANGUAGE},
    {"identifier", EL_IDENTIFIER},
    {"description", EL_FALLBACK},
};
static const struct name dcterms_names[] = {
    {"issued", EL_ISSUED},
    {"created", EL_CREATED},
    {"creator", EL_CREATOR},
    {"modified", EL_MODIFIED},
    {"abstract", EL_FALLBACK},
};
static const struct name media_names[] = {
    {"text", EL_LABEL},
    {"category", EL_CATEGORY},
    {"keywords", EL_LABEL},
    {"title", EL_MEDIA_TITLE},
    {"content", EL_MEDIUM},
    {"player", EL_PLAYER},
    {"thumbnail", EL_THUMBNAIL},
    {"description", EL_FALLBACK},
};
static const struct name itunes_names[] = {
    {"image", EL_THUMBNAIL},
    {"title", EL_MEDIA_TITLE},
    {"author", EL_ITUNES_AUTHOR},
    {"summary", EL_FALLBACK},
    {"subtitle", EL_HINT},
    {"keywords", EL_LABEL},
};
static const struct name sy_names[] = {
    {"updateperiod", EL_PERIOD}, {"updatefrequency", EL_FREQUENCY}};
static const struct name thr_names[] = {{"in-reply-to", EL_REPLY}};
static const struct name tombstone_names[] = {{"deleted-entry", EL_DELETED}};
static const struct name feedburner_names[] = {{"origlink", EL_ORIGINAL}};
static const struct name news_names[] = {
    {"title", EL_TITLE},
    {"language", EL_LANGUAGE},
    {"publication_date", EL_PUBLISHED},
};
static const struct name image_names[] = {
    {"loc", EL_MEDIUM_LOC},
    {"image", EL_MEDIUM},
    {"title", EL_MEDIUM_NOTE},
    {"caption", EL_MEDIUM_NOTE},
};
static const struct name video_names[] = {
    {"title", EL_MEDIUM_NOTE},
    {"video", EL_MEDIUM},
    {"player_loc", EL_MEDIUM_LOC},
    {"content_loc", EL_MEDIUM_LOC},
    {"description", EL_MEDIUM_NOTE},
    {"thumbnail_loc", EL_THUMBNAIL_LOC},
};
static const struct name xhtml_names[] = {
    {"div", EL_CONTENT}, {"body", EL_CONTENT}, {"link", EL_LINK}};

#define TABLE(t)                            \
	{                                   \
		t, sizeof(t) / sizeof(t[0]) \
	}
static const struct {
	const struct name *names;
	size_t n;
} tables[] = {
    [NS_OTHER] = {NULL, 0},
    [NS_MAIN] = TABLE(main_names),
    [NS_ATOM] = TABLE(main_names),
    [NS_ATOM03] = TABLE(main_names),
    [NS_RDF] = TABLE(rdf_names),
    [NS_CONTENT] = TABLE(content_names),
    [NS_DC] = TABLE(dc_names),
    [NS_DCTERMS] = TABLE(dcterms_names),
    [NS_MEDIA] = TABLE(media_names),
    [NS_ITUNES] = TABLE(itunes_names),
    [NS_SY] = TABLE(sy_names),
    [NS_THR] = TABLE(thr_names),
    [NS_XHTML] = TABLE(xhtml_names),
    [NS_TOMBSTONE] = TABLE(tombstone_names),
    [NS_FEEDBURNER] = TABLE(feedburner_names),
    [NS_NEWS] = TABLE(news_names),
    [NS_IMAGE] = TABLE(image_names),
    [NS_VIDEO] = TABLE(video_names),
    [NS_XML] = {NULL, 0},
};

/* Chains through the largest table by length and first letter, made once. */
#define BUCKETS 64
#define NMAIN (sizeof(main_names) / sizeof(main_names[0]))
static unsigned char heads[BUCKETS], nexts[NMAIN + 1]; /* index + 1, 0 ends */

static unsigned
bucket(char first, size_t n)
{
	return ((unsigned char)first * 5u + (unsigned)n) % BUCKETS;
}

static void
index_names(void)
{
	for (size_t i = NMAIN; i > 0; i--) {
		const char *text = main_names[i - 1].text;
		unsigned k = bucket(text[0], strlen(text));

		nexts[i] = heads[k];
		heads[k] = (unsigned char)i;
	}
}

static enum feed_el
main_el(const char *low, size_t n)
{
	if (nexts[0] == 0) {
		index_names();
		nexts[0] = 1;
	}
	for (unsigned i = heads[bucket(low[0], n)]; i > 0; i = nexts[i])
		if (memcmp(main_names[i - 1].text, low, n + 1) == 0)
			return main_names[i - 1].el;
	return EL_NONE;
}

enum feed_el
feed_el_of(enum feed_ns ns, const char *local, size_t n)
{
	const struct name *names = tables[ns].names;
	char low[LONGEST + 2];

	if (n == 0 || n > LONGEST || names == NULL)
		return EL_NONE;
	for (size_t i = 0; i < n; i++)
		low[i] = local[i] >= 'A' && local[i] <= 'Z' ? local[i] + 32 : local[i];
	low[n] = '\0';
	if (names == main_names)
		return main_el(low, n);
	for (size_t i = 0; i < tables[ns].n; i++)
		if (names[i].text[0] == low[0] &&
		    memcmp(names[i].text, low, n + 1) == 0)
			return names[i].el;
	return EL_NONE;
}
