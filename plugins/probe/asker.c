/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asker: a plugin that asks models, and may do it wrongly.  It declares its rules as
 * enforced and critical, finds with full score whatever is answered, and so tests that
 * the host lets none of that count.  For tests only; never installed.
 */
#include <tosd/policy.h>

#include <stdio.h>
#include <string.h>

static const struct tosd_host *host;
static struct tosd_str how;

static const struct tosd_setting schema[] = {
    {"how", TOSD_STRING, "good",
	"good, waits, endpoint, kind, model, prompt, size, empty, bytes, many, answer "
	"or none"},
};

static int
asker_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	static const char *const ids[] = {"asker/said", "asker/safety", "asker/draft"};
	static const char *const categories[] = {"violence", "safety", "violence"};
	static const int32_t modes[] = {TOSD_ENFORCE, TOSD_ENFORCE, TOSD_DRAFT};
	static const int no_state;

	host = h;
	how = settings[0];
	for (int i = 0; i < 3; i++) {
		struct tosd_rule r = {sizeof(r), ids[i], 1, NULL, "4", categories[i],
		    TOSD_CRITICAL, modes[i]};

		if (h->declare(h, &r, errstr) != i)
			return TOSD_FAILED;
	}
	*state = (void *)(uintptr_t)&no_state;
	return TOSD_DONE;
}

static int
is(const char *name)
{
	return strlen(name) == how.len && memcmp(how.ptr, name, how.len) == 0;
}

static void
find(struct tosd_report *report, int32_t rule, struct tosd_str reason)
{
	struct tosd_finding f = {sizeof(f), rule, 1, NULL, 0, reason};

	host->finding(host, report, &f);
}

/* What others found, in one line. */
static void
find_found(struct tosd_report *report)
{
	struct tosd_found f = {.size = sizeof(f)};
	char text[300] = "others:";

	for (size_t i = 0; host->found(host, report, i, &f) == 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " %s %s %d %d %.2f %u-%u", f.rule, f.category, (int)f.severity,
		    (int)f.mode, f.score, f.span.start, f.span.end);
	find(report, 2, (struct tosd_str){text, strlen(text)});
}

static int
asker_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct tosd_str text = host->field(host, item, TOSD_TEXT);
	struct tosd_question q = {.size = is("size") ? 8 : sizeof(q),
	    .endpoint = is("endpoint") ? "elsewhere" : "local",
	    .kind = is("kind") ? 7 : TOSD_ASK_CHAT,
	    .model = is("model") ? "a\nb" : "m-1",
	    .prompt = is("prompt") ? "abc" : NULL,
	    .body = text};
	struct tosd_answer a = {.size = is("answer") ? 8 : sizeof(a)};
	int rc = 0;

	(void)state;
	if (is("empty"))
		q.body.len = 0;
	if (is("bytes"))
		q.body = (struct tosd_str){"\xff", 1};
	if (is("waits"))
		return TOSD_WAITS;
	for (int i = 0; i < (is("many") ? 9 : 1); i++)
		rc = host->ask(host, report, &q, is("none") ? NULL : &a);
	find_found(report);
	*errstr = "refused";
	if (rc < 0)
		return TOSD_DEGRADED;
	if (rc == 0)
		return TOSD_WAITS;
	find(report, 0, a.body);
	find(report, 1, a.body);
	return TOSD_DONE;
}

TOSD_POLICY(.name = "asker", .version = "1",
    .needs = TOSD_NEED_TEXT | TOSD_NEED_ASK | TOSD_NEED_FOUND, .open = asker_open,
    .check = asker_check, .schema = schema, .nschema = 1);
