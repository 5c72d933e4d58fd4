/*
 * @NAME@: a policy plugin of tosd.  It finds a word, in whatever case, where it stands
 * for itself.  Replace find() and what is said of the rule; tosd-policy(7) and the
 * comments of <tosd/policy.h> say what else a plugin can see, and what it must not do.
 */
#include <tosd/policy.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What tosd.conf may set for this plugin; `tosd -t' checks it against these rows. */
enum { SET_WORD, SET_SCORE, SET_COUNT };
static const struct tosd_setting schema[SET_COUNT] = {
    [SET_WORD] = {"word", TOSD_STRING, "spoilsport", "the word that is found"},
    [SET_SCORE] = {"score", TOSD_NUMBER, "0.8", "how sure a finding is, 0 to 1"},
};

struct state {
	const struct tosd_host *host;
	int32_t rule;
	const char *word; /* the host's, until close() */
	size_t len;
	double score;
};

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

/* The word's places in the text, at most max: how many. */
static size_t
find(const struct state *s, struct tosd_str text, struct tosd_span *v, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; n < max && i + s->len <= text.len; i++) {
		size_t end = i + s->len;

		if (strncasecmp(text.ptr + i, s->word, s->len) != 0 ||
		    (i > 0 && letter(text.ptr[i - 1])) ||
		    (end < text.len && letter(text.ptr[end])))
			continue;
		v[n++] = (struct tosd_span){(uint32_t)i, (uint32_t)end};
		i = end - 1;
	}
	return n;
}

/* Once, before the sandbox closes: whatever must be read from files is read here. */
static int
@IDENT@_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	/* Raise the revision (1) whenever the rule comes to mean something else.  A rule
	 * begins in shadow: recorded, and never counted. */
	struct tosd_rule rule = {.size = sizeof(rule),
	    .id = "@NAME@/word",
	    .rev = 1,
	    .clause = "9.1 Good manners",
	    .category = "manners",
	    .severity = TOSD_LOW,
	    .mode = TOSD_SHADOW};
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		*errstr = "out of memory";
		return TOSD_FAILED;
	}
	s->host = h;
	s->word = settings[SET_WORD].ptr;
	s->len = settings[SET_WORD].len;
	s->score = strtod(settings[SET_SCORE].ptr, NULL);
	s->rule = h->declare(h, &rule, errstr);
	if (s->len == 0 || !(s->score >= 0 && s->score <= 1))
		*errstr = "`word' must not be empty, and `score' must be 0 to 1";
	else if (s->rule >= 0) {
		*state = s;
		return TOSD_DONE;
	}
	free(s);
	return TOSD_FAILED;
}

/* For each item. */
static int
@IDENT@_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	const struct state *s = state;
	struct tosd_str text = s->host->field(s->host, item, TOSD_TEXT);
	struct tosd_span spans[TOSD_SPANS];
	size_t n = find(s, text, spans, TOSD_SPANS);
	struct tosd_finding f = {.size = sizeof(f),
	    .rule = s->rule,
	    .score = s->score,
	    .spans = spans,
	    .nspans = n,
	    .reason = {"uses the word", 13}};

	(void)errstr; /* TOSD_DEGRADED and words in it: this item could not be judged */
	if (n > 0)
		s->host->finding(s->host, report, &f);
	return TOSD_DONE;
}

/* Before the first item: examples, with the settings that the plugin was given. */
static int
@IDENT@_selftest(void *state, const char **errstr)
{
	const struct state *s = state;
	struct tosd_span v[1];
	char text[64];

	if (s->len > 40)
		return TOSD_DONE;
	memcpy(text, "what a ", 7);
	memcpy(text + 7, s->word, s->len);
	text[7 + s->len] = '!';
	if (find(s, (struct tosd_str){text, s->len + 8}, v, 1) != 1 || v[0].start != 7) {
		*errstr = "does not find its word";
		return TOSD_FAILED;
	}
	text[7 + s->len] = 's';
	if (find(s, (struct tosd_str){text, s->len + 8}, v, 1) != 0) {
		*errstr = "finds its word within another one";
		return TOSD_FAILED;
	}
	return TOSD_DONE;
}

TOSD_POLICY(.name = "@NAME@", .version = "0.1", .needs = TOSD_NEED_TEXT,
    .open = @IDENT@_open, .check = @IDENT@_check, .close = free, .schema = schema,
    .nschema = SET_COUNT, .selftest = @IDENT@_selftest);
