/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: a plugin that misbehaves when it is told to.  It exists to test the host and
 * the daemon and is never installed.  Each setting is a word; a text that has the word
 * sets the fault off.
 */
#include <tosd/policy.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CRASH,
	HANG,
	LEAK,
	BAD,
	ABSTAIN,
	SPEND,
	FIND,
	OPEN,
	SELFTEST,
	TOLD,
	SCORE,
	COUNT
};
static const struct tosd_setting schema[COUNT] = {
    [CRASH] = {"crash", TOSD_STRING, "", "dies at this word"},
    [HANG] = {"hang", TOSD_STRING, "", "never returns at this word"},
    [LEAK] = {"leak", TOSD_STRING, "", "loses 16 MiB at this word"},
    [BAD] = {"bad", TOSD_STRING, "",
	"bad finding: rule, score, nan, outside, empty, order, cut, size"},
    [ABSTAIN] = {"abstain", TOSD_STRING, "", "gives no answer at this word"},
    [SPEND] = {"spend", TOSD_STRING, "", "uses up its budget at this word"},
    [FIND] = {"find", TOSD_STRING, "found", "finds this word"},
    [OPEN] = {"open", TOSD_STRING, "ok", "ok, fail, norule, badrule or twice"},
    [SELFTEST] = {"selftest", TOSD_BOOL, "true", "whether the own test passes"},
    [TOLD] = {"told", TOSD_STRING, "", "after this word the text names a bad finding"},
    [SCORE] = {"score", TOSD_STRING, "",
	"gives a score: good, twice, other, nan, high, weight or size"},
};

struct probe {
	const struct tosd_host *host;
	struct tosd_str set[COUNT];
	int32_t rule;
};

static int
probe_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct tosd_rule r = {sizeof(r), "probe/word", 3, NULL, "9 Tests", "test",
	    TOSD_LOW, TOSD_ENFORCE};
	const char *how = settings[OPEN].ptr;

	if (p == NULL)
		return TOSD_FAILED;
	p->host = h;
	memcpy(p->set, settings, sizeof(p->set));
	if (strcmp(how, "badrule") == 0)
		r.id = "Probe Word";
	if (strcmp(how, "norule") != 0)
		p->rule = h->declare(h, &r, errstr);
	if (strcmp(how, "twice") == 0)
		p->rule = h->declare(h, &r, errstr);
	if (strcmp(how, "fail") == 0)
		*errstr = "told to fail";
	if (strcmp(how, "fail") == 0 || p->rule < 0) {
		free(p);
		return TOSD_FAILED;
	}
	*state = p;
	return TOSD_DONE;
}

/* Where the word of this setting begins in the text; NULL: nowhere. */
static const char *
word(const struct probe *p, int which, struct tosd_str text)
{
	struct tosd_str w = p->set[which];

	return w.len > 0 ? memmem(text.ptr, text.len, w.ptr, w.len) : NULL;
}

static bool
is(struct tosd_str how, const char *name)
{
	return how.len >= strlen(name) && memcmp(how.ptr, name, strlen(name)) == 0;
}

static void
bad_finding(
    const struct probe *p, struct tosd_report *report, uint32_t n, struct tosd_str how)
{
	struct tosd_span one = {0, 1}, order[2] = {{2, 3}, {0, 1}};
	struct tosd_finding f = {sizeof(f), p->rule, 0.5, &one, 1, {"bad", 3}};

	if (is(how, "rule"))
		f.rule = 7;
	else if (is(how, "score"))
		f.score = 1.5;
	else if (is(how, "nan"))
		f.score = (double)__builtin_nan("");
	else if (is(how, "outside"))
		one.end = n + 1;
	else if (is(how, "empty"))
		one.end = 0;
	else if (is(how, "size"))
		f.size = 8;
	else if (is(how, "order")) {
		f.spans = order;
		f.nspans = 2;
	} else if (is(how, "cut"))
		one = (struct tosd_span){
		    0, 1}; /* the text begins with a long character */
	p->host->finding(p->host, report, &f);
}

static void
give_score(const struct probe *p, struct tosd_report *report, const char *how)
{
	struct tosd_score s = {sizeof(s), "test", 0.5, 2, -1};

	if (strcmp(how, "other") == 0)
		s.category = "violence";
	else if (strcmp(how, "nan") == 0)
		s.value = (double)__builtin_nan("");
	else if (strcmp(how, "high") == 0)
		s.value = 1.5;
	else if (strcmp(how, "weight") == 0)
		s.hit = 21;
	else if (strcmp(how, "size") == 0)
		s.size = 8;
	p->host->score(p->host, report, &s);
	if (strcmp(how, "twice") == 0)
		p->host->score(p->host, report, &s);
}

static int
probe_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct probe *p = state;
	struct tosd_str text = p->host->field(p->host, item, TOSD_TEXT);
	const char *at = word(p, FIND, text), *told = word(p, TOLD, text);

	if (word(p, CRASH, text) != NULL)
		abort();
	while (word(p, HANG, text) != NULL)
		pause();
	if (word(p, LEAK, text) != NULL) {
		void *volatile lost = malloc(16u << 20);

		if (lost != NULL)
			memset(lost, 1, 16u << 20);
	}
	if (p->set[BAD].len > 0)
		bad_finding(p, report, (uint32_t)text.len, p->set[BAD]);
	if (told != NULL) {
		told += p->set[TOLD].len;
		bad_finding(p, report, (uint32_t)text.len,
		    (struct tosd_str){told, text.len - (size_t)(told - text.ptr)});
	}
	if (p->set[SCORE].len > 0)
		give_score(p, report, p->set[SCORE].ptr);
	if (word(p, SPEND, text) != NULL)
		while (p->host->budget(p->host, report, 1 << 20) >= 0)
			;
	if (at != NULL) {
		uint32_t i = (uint32_t)(at - text.ptr);
		struct tosd_span s = {i, i + (uint32_t)p->set[FIND].len};
		struct tosd_finding f = {
		    sizeof(f), p->rule, 0.5, &s, 1, {"the word", 8}};

		p->host->finding(p->host, report, &f);
	}
	if (word(p, ABSTAIN, text) == NULL)
		return TOSD_DONE;
	*errstr = "told to abstain";
	return TOSD_DEGRADED;
}

static int
probe_selftest(void *state, const char **errstr)
{
	const struct probe *p = state;

	*errstr = "told so";
	return strcmp(p->set[SELFTEST].ptr, "true") == 0 ? TOSD_DONE : TOSD_FAILED;
}

TOSD_POLICY(.name = "probe", .version = "1", .needs = TOSD_NEED_TEXT,
    .open = probe_open, .check = probe_check, .close = free, .schema = schema,
    .nschema = COUNT, .selftest = probe_selftest);
