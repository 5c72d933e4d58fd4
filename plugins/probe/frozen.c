/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen: a plugin as it was built with the header of 1.0, of 1.1, or (99) with one
 * that does not exist yet; see frozen.h.  It uses every slot that it knows, and asks
 * before it uses one that its own header does not make mandatory.  Never installed.
 */
#include "frozen.h"

#include <stdbool.h>
#include <string.h>

#define HAS(p, slot)                                                                  \
	((p)->size >= (size_t)((const char *)(&(p)->slot + 1) - (const char *)(p)) && \
	    (p)->slot != 0)

static const struct was_host *host;
static int32_t rule;
static bool tested;

static int
frozen_open(const struct was_host *h, const struct was_str *settings, void **state,
    const char **errstr)
{
	struct was_rule r = {.size = sizeof(r),
	    .id = "frozen/word",
	    .rev = 1,
	    .clause = "9 Tests",
	    .category = "test",
	    .severity = 10,
	    .mode = 3};

	if (h->abi_major != 1 || settings[0].len != 4) {
		*errstr = "another host than it was built for";
		return -1;
	}
	host = h;
	*state = &rule;
	rule = h->declare(h, &r, errstr);
	return rule < 0 ? -1 : 0;
}

static int
frozen_check(void *state, const struct was_item *item, struct was_report *report,
    const char **why)
{
	struct was_str text = host->field(host, item, 0);
	const char *at = memmem(text.ptr, text.len, "word", 4);
	struct was_span s = {(uint32_t)(at - text.ptr), (uint32_t)(at - text.ptr) + 4};
	struct was_finding f = {.size = sizeof(f),
	    .rule = rule,
	    .score = 0.5,
	    .spans = &s,
	    .nspans = 1,
	    .reason = {"the word", 8}};
#if FROZEN >= 1
	struct was_score score = {sizeof(score), "test", 0.25, 0, 0};
#endif

	*why = "a slot does not do what it did";
	if (state != &rule || !tested || host->event_time(host, item) != 1000 ||
	    host->link(host, item, 0).len != 0 || host->budget(host, report, 1) < 0 ||
	    host->in_set(host, "@protected", (struct was_str){"North Hall", 10}) != 1 ||
	    host->set_at(host, "@protected", 0).len == 0)
		return -2;
	host->log(host, 7, (struct was_str){"was here", 8});
	if (at != NULL && host->finding(host, report, &f) != 0)
		return -2;
#if FROZEN >= 1
	if (!HAS(host, score) || host->score(host, report, &score) != 0)
		return -2;
#endif
#if FROZEN == 99
	*why = "the host has what it cannot have";
	if (HAS(host, later))
		return -2;
#endif
	return 0;
}

static void
frozen_close(void *state)
{
	tested = state == NULL;
}

static int
frozen_test(void *state, const char **why)
{
	*why = "no state";
	tested = state == &rule;
	return tested ? 0 : -1;
}

static const struct was_setting schema[] = {{"word", 0, "word", "what is found"}};

extern const struct was_policy tosd_policy;
const struct was_policy __attribute__((visibility("default"))) tosd_policy = {
    .size = sizeof(struct was_policy),
    .abi_major = 1,
    .abi_minor = FROZEN,
    .name = "frozen",
    .version = "1",
    .needs = 1 | 16,
    .open = frozen_open,
    .check = frozen_check,
    .close = frozen_close,
    .schema = schema,
    .nschema = 1,
    .selftest = frozen_test,
};
