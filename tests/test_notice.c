/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_notice: the installed templates over sample documents: the golden mail, the
 * lint, and hostile values in every field of the document and of the envelope.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "notice/mail_word.h"
#include "notice/notice.h"
#include "suite.h"

#define TEMPLATES TOSD_SRCDIR "/etc/notices.d"
#define SAMPLES TOSD_SRCDIR "/tests/notice"

static const struct {
	const char *kind;
	enum notice_audience audience;
} all[] = {{"stage", NOTICE_TENANT}, {"stage", NOTICE_MANAGER},
    {"recommendation", NOTICE_MANAGER}, {"recommendation", NOTICE_LEGAL},
    {"safety", NOTICE_SAFETY}, {"safety", NOTICE_LEGAL}, {"closed", NOTICE_TENANT},
    {"closed", NOTICE_MANAGER}};
#define NALL (sizeof(all) / sizeof(all[0]))

static struct notice_set *
load_set(void)
{
	struct notice_set *s = NULL;
	struct err e = ERR_INIT;

	if (notice_set_load(TEMPLATES, &s, &e) != 0) {
		printf("\n  %s\n", e.text);
		abort();
	}
	return s;
}

/* The sample document, made fit for another kind and audience. */
static json_t *
load_doc(const char *kind, enum notice_audience a)
{
	json_t *d = json_load_file(SAMPLES "/stage.tenant.json", 0, NULL);

	if (d == NULL)
		abort();
	json_object_set_new(d, "kind", json_string(kind));
	json_object_set_new(d, "audience", json_string(notice_audience_name(a)));
	if (strcmp(kind, "stage") != 0)
		json_object_del(d, "deadline");
	if (a == NOTICE_LEGAL || a == NOTICE_MANAGER)
		json_object_set_new(d, "against",
		    json_pack(
			"[ss]", "the tenant removed 1 of 2 posts", "one gap of ours"));
	if (strcmp(kind, "safety") == 0)
		json_object_set_new(d, "safety",
		    json_pack("{ss ss ss sb ss}", "url", "hxxps://forum[.]example/t/9",
			"quote", "tonight, at the depot", "captured",
			"2026-11-22T12:00:00Z", "author_known", 0, "tenant_stage",
			"warning"));
	return d;
}

static struct notice_mail
sample_mail(void)
{
	static const char *const refs[] = {"<2026-000001.n0@host.example>"};

	return (struct notice_mail){.from = "abuse@host.example",
	    .to = "owner@forum.example",
	    .reply_to = "case+2026-000001@host.example",
	    .message_id = "2026-000001.n1@host.example",
	    .in_reply_to = refs[0],
	    .references = refs,
	    .nreferences = 1,
	    .date = clock_parse("2026-11-22T13:00:00Z"),
	    .auto_generated = true};
}

static int
compose(const struct notice_set *s, const char *kind, enum notice_audience a,
    const json_t *doc, struct buf *out, struct err *e)
{
	struct notice_mail m = sample_mail();

	return notice_compose(s, kind, a, doc, &m, out, e);
}

/* CRLF only, ASCII only, no line over 998, the header ends with an empty line. */
static bool
well_formed(const struct buf *b)
{
	size_t line = 0;

	for (size_t i = 0; i < b->len; i++) {
		uint8_t c = (uint8_t)b->data[i];

		if (c == '\r' && i + 1 < b->len && b->data[i + 1] == '\n') {
			i++;
			line = 0;
			continue;
		}
		if (c == '\n' || c == '\r' || c > 0x7e || (c < 0x20 && c != '\t') ||
		    ++line > 998)
			return false;
	}
	return b->len > 2 && memcmp(b->data + b->len - 2, "\r\n", 2) == 0 &&
	       strstr(b->data, "\r\n\r\n") != NULL;
}

/* Fields of the mail's header by name: how many there are. */
static int
count_field(const struct buf *b, const char *name)
{
	const char *end = strstr(b->data, "\r\n\r\n");
	size_t n = strlen(name);
	int count = 0;

	for (const char *p = b->data; p < end; p = strstr(p, "\r\n") + 2)
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			count++;
	return count;
}

static void
test_all_kinds(void)
{
	struct notice_set *s = load_set();

	for (size_t i = 0; i < NALL; i++) {
		json_t *d = load_doc(all[i].kind, all[i].audience);
		struct buf out = {0};
		struct err e = ERR_INIT;
		int rc;

		CU_ASSERT_TRUE(notice_set_has(s, all[i].kind, all[i].audience));
		rc = compose(s, all[i].kind, all[i].audience, d, &out, &e);
		if (rc != 0)
			printf("\n  %s\n", e.text);
		CU_ASSERT_EQUAL_FATAL(rc, 0);
		CU_ASSERT_TRUE(well_formed(&out));
		buf_free(&out);
		json_decref(d);
	}
	CU_ASSERT_FALSE(notice_set_has(s, "recommendation", NOTICE_TENANT));
	CU_ASSERT_FALSE(notice_set_has(s, "safety", NOTICE_TENANT));
	CU_ASSERT_FALSE(notice_set_has(s, "safety", NOTICE_MANAGER));
	CU_ASSERT_EQUAL(strlen(notice_set_digest(s)), 64);
	notice_set_free(&s);
}

static void
test_golden(void)
{
	struct notice_set *s = load_set();
	json_t *d = load_doc("stage", NOTICE_TENANT);
	struct buf out = {0}, again = {0}, want = {0};

	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &out, NULL), 0);
	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &again, NULL), 0);
	CU_ASSERT_TRUE(
	    out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
	CU_ASSERT_EQUAL(
	    file_read(SAMPLES "/stage.tenant.eml", 1 << 20, &want, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(out.len, want.len);
	CU_ASSERT_EQUAL(memcmp(out.data, want.data, out.len), 0);
	buf_free(&out);
	buf_free(&again);
	buf_free(&want);
	json_decref(d);
	notice_set_free(&s);
}

/* The account manager's digest: 24 lines of 80 columns, even at its longest. */
static void
test_one_screen(void)
{
	struct notice_set *s = load_set();
	static const char *const kinds[] = {"stage", "recommendation", "closed"};

	for (size_t k = 0; k < 3; k++) {
		json_t *d = load_doc(kinds[k], NOTICE_MANAGER), *items;
		struct buf sub = {0}, body = {0};
		unsigned lines = 0;

		items = json_object_get(d, "items");
		for (int i = 0; i < 10; i++) {
			json_array_append(items, json_array_get(items, 0));
			json_array_append_new(
			    json_object_get(d, "against"), json_string("more"));
			json_array_append_new(
			    json_object_get(d, "reasons"), json_string("more"));
		}
		CU_ASSERT_EQUAL_FATAL(
		    notice_render(s, kinds[k], NOTICE_MANAGER, d, &sub, &body, NULL),
		    0);
		for (char *p = body.data, *nl; (nl = strchr(p, '\n')) != NULL;
		     p = nl + 1) {
			lines++;
			CU_ASSERT_TRUE(nl - p <= 80);
		}
		if (lines > 24)
			printf("\n  %s: %u lines\n%s", kinds[k], lines, body.data);
		CU_ASSERT_TRUE(lines <= 24);
		CU_ASSERT_TRUE(lines >= 8);
		buf_free(&sub);
		buf_free(&body);
		json_decref(d);
	}
	notice_set_free(&s);
}

/* Sets a dotted name; "items.url" sets it in the second element. */
static void
set_at(json_t *d, const char *path, json_t *value)
{
	char part[64];
	size_t n;

	for (; path[n = strcspn(path, ".")] != '\0'; path += n + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		d = json_object_get(d, part);
		if (json_is_array(d))
			d = json_array_get(d, 1);
	}
	if (value == NULL)
		json_object_del(d, path);
	else
		json_object_set_new(d, path, value);
}

static void
test_lint_blocks(void)
{
	static const struct {
		const char *kind;
		enum notice_audience a;
		const char *path, *says;
	} cases[] = {
	    {"stage", NOTICE_TENANT, "case", "case"},
	    {"stage", NOTICE_TENANT, "date", "date"},
	    {"stage", NOTICE_TENANT, "deadline", "deadline"},
	    {"stage", NOTICE_TENANT, "deadline.utc", "deadline.utc"},
	    {"stage", NOTICE_TENANT, "items", "point 6"},
	    {"stage", NOTICE_TENANT, "items.url", "url"},
	    {"stage", NOTICE_TENANT, "items.captured", "captured"},
	    {"stage", NOTICE_TENANT, "items.clause", "clause"},
	    {"stage", NOTICE_TENANT, "items.commit", "commit"},
	    {"stage", NOTICE_TENANT, "items.state", "state"},
	    {"stage", NOTICE_TENANT, "rules", "point 12"},
	    {"stage", NOTICE_TENANT, "rules.reason", "reason"},
	    {"stage", NOTICE_TENANT, "provider.name", "provider.name"},
	    {"stage", NOTICE_TENANT, "provider.mailbox", "provider.mailbox"},
	    {"stage", NOTICE_TENANT, "provider.aup_url", "provider.aup_url"},
	    {"stage", NOTICE_TENANT, "tenant.name", "tenant.name"},
	    {"stage", NOTICE_TENANT, "numbers.seen", "numbers.seen"},
	    {"stage", NOTICE_TENANT, "evidence.root", "evidence.root"},
	    {"stage", NOTICE_MANAGER, "deadline.span", "deadline.span"},
	    {"recommendation", NOTICE_LEGAL, "items.url", "url"},
	    {"recommendation", NOTICE_LEGAL, "evidence.origin", "evidence.origin"},
	    {"safety", NOTICE_SAFETY, "safety.url", "safety.url"},
	    {"safety", NOTICE_SAFETY, "date", "date"},
	    {"safety", NOTICE_LEGAL, "safety.captured", "safety.captured"},
	    {"closed", NOTICE_TENANT, "numbers.violations", "numbers.violations"},
	};
	struct notice_set *s = load_set();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int how = 0; how < 3; how++) {
			json_t *d = load_doc(cases[i].kind, cases[i].a);
			json_t *v =
			    how == 0 ? NULL : json_string(how == 1 ? "" : " \t\n");
			struct buf out = {0};
			struct err e = ERR_INIT;

			set_at(d, cases[i].path, v);
			CU_ASSERT_EQUAL(
			    compose(s, cases[i].kind, cases[i].a, d, &out, &e),
			    TOSD_EINVAL);
			/* Blank in place of an object or a list is found as its first
			 * name. */
			if (how != 2 && strstr(e.text, cases[i].says) == NULL)
				printf("\n  %s: %s\n", cases[i].path, e.text);
			CU_ASSERT_TRUE(
			    how == 2 || strstr(e.text, cases[i].says) != NULL);
			CU_ASSERT_EQUAL(out.len, 0);
			json_decref(d);
		}
	notice_set_free(&s);
}

static void
test_optional(void)
{
	static const char *const paths[] = {"provider.phone", "provider.aup_version",
	    "tenant.contract", "next_stage", "items.posted", "items.checked",
	    "items.quote", "items.online_for", "numbers.rate",
	    "numbers.median_takedown", "earlier", "process", "decided_by", "reasons",
	    "more_items", "numbers.removal_rate"};
	struct notice_set *s = load_set();

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		json_t *d = load_doc("stage", NOTICE_TENANT);
		struct buf out = {0};
		struct err e = ERR_INIT;

		set_at(d, paths[i], NULL);
		if (compose(s, "stage", NOTICE_TENANT, d, &out, &e) != 0)
			printf("\n  %s: %s\n", paths[i], e.text);
		CU_ASSERT_EQUAL(e.code, 0);
		buf_free(&out);
		json_decref(d);
	}
	notice_set_free(&s);
}

/* Everything that may be absent is absent at once: a new case of a tenant about whom
 * little is known, and a threat where there is no case. */
static void
test_sparse(void)
{
	static const char *const gone[] = {"provider.phone", "provider.aup_version",
	    "tenant.contract", "items.posted", "items.checked", "items.quote",
	    "items.online_for", "items.file", "numbers.rate", "numbers.rate_low",
	    "numbers.rate_high", "numbers.removal_rate", "numbers.median_takedown",
	    "next_stage", "reasons", "against", "decided_by", "earlier", "safety.quote",
	    "safety.tenant_stage"};
	static const char *const not_safety[] = {"case", "notice", "of", "stage",
	    "items", "rules", "more_items", "numbers", "process"};
	struct notice_set *s = load_set();

	for (size_t i = 0; i < NALL; i++) {
		json_t *d = load_doc(all[i].kind, all[i].audience);
		struct buf out = {0};
		struct err e = ERR_INIT;

		for (size_t k = 0; k < sizeof(gone) / sizeof(gone[0]); k++)
			set_at(d, gone[k], NULL);
		set_at(d, "process", json_object());
		for (size_t k = 0; k < sizeof(not_safety) / sizeof(not_safety[0]); k++)
			if (strcmp(all[i].kind, "safety") == 0)
				json_object_del(d, not_safety[k]);
		if (compose(s, all[i].kind, all[i].audience, d, &out, &e) != 0)
			printf("\n  %s\n", e.text);
		CU_ASSERT_EQUAL(e.code, 0);
		CU_ASSERT_TRUE(out.len > 500);
		buf_free(&out);
		json_decref(d);
	}
	notice_set_free(&s);
}

/* All reported posts are gone, but late: the notice has no items and says so. */
static void
test_nothing_online(void)
{
	static const struct {
		const char *kind;
		enum notice_audience a;
	} who[] = {{"stage", NOTICE_TENANT}, {"stage", NOTICE_MANAGER},
	    {"recommendation", NOTICE_LEGAL}, {"recommendation", NOTICE_MANAGER}};
	struct notice_set *s = load_set();

	for (size_t i = 0; i < 4; i++) {
		json_t *d = load_doc(who[i].kind, who[i].a);
		struct buf sub = {0}, body = {0};
		struct err e = ERR_INIT;

		json_object_set_new(d, "items", json_array());
		json_object_set_new(d, "rules", json_array());
		if (who[i].a != NOTICE_MANAGER)
			CU_ASSERT_EQUAL(
			    notice_render(s, who[i].kind, who[i].a, d, &sub, &body, &e),
			    TOSD_EINVAL);
		set_at(d, "numbers.online", json_integer(0));
		if (notice_render(s, who[i].kind, who[i].a, d, &sub, &body, &e) != 0)
			printf("\n  %s\n", e.text);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body.data);
		CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "online any more"));
		buf_free(&sub);
		buf_free(&body);
		json_decref(d);
	}
	notice_set_free(&s);
}

static void
test_kept_apart(void)
{
	struct notice_set *s = load_set();
	json_t *d = load_doc("safety", NOTICE_SAFETY);
	struct buf out = {0}, plain = {0};
	struct err e = ERR_INIT;

	/* The wrong document for the template, and the safety lane for the tenant. */
	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &out, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(compose(s, "safety", NOTICE_LEGAL, d, &out, &e), TOSD_EINVAL);
	CU_ASSERT_EQUAL(compose(s, "safety", NOTICE_TENANT, d, &out, &e), TOSD_ENOENT);
	json_object_set_new(d, "kind", json_string("stage"));
	json_object_set_new(d, "audience", json_string("tenant"));
	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &out, &e), TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "safety"));
	json_decref(d);
	d = load_doc("stage", NOTICE_TENANT);
	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &plain, &e), 0);
	json_object_set_new(d, "against", json_pack("[s]", "we were blind for a day"));
	CU_ASSERT_EQUAL(compose(s, "stage", NOTICE_TENANT, d, &out, &e), 0);
	/* It is neither in the words nor in the attached copy, and the caller keeps it.
	 */
	CU_ASSERT_TRUE(
	    out.len == plain.len && memcmp(out.data, plain.data, out.len) == 0);
	CU_ASSERT_PTR_NOT_NULL(json_object_get(d, "against"));
	buf_free(&plain);
	buf_free(&out);
	json_decref(d);
	notice_set_free(&s);
}

/* Walks every string of the document and puts evil into it in turn. */
static unsigned
inject(const struct notice_set *s, json_t *doc, json_t *at, const char *evil)
{
	unsigned n = 0;
	const char *key;
	json_t *v, *old;
	void *tmp;
	size_t i;

	if (json_is_array(at)) {
		json_array_foreach(at, i, v) n += inject(s, doc, v, evil);
		return n;
	}
	json_object_foreach_safe(at, tmp, key, v)
	{
		struct buf out = {0};
		struct err e = ERR_INIT;
		int rc;

		if (!json_is_string(v)) {
			n += inject(s, doc, v, evil);
			continue;
		}
		if (strcmp(key, "kind") == 0 || strcmp(key, "audience") == 0)
			continue;
		old = json_deep_copy(v);
		json_object_set_new(at, key, json_string(evil));
		rc = compose(s, "stage", NOTICE_TENANT, doc, &out, &e);
		if (rc == 0) {
			CU_ASSERT_TRUE(well_formed(&out));
			CU_ASSERT_EQUAL(count_field(&out, "Bcc"), 0);
			CU_ASSERT_EQUAL(count_field(&out, "Subject"), 1);
			CU_ASSERT_EQUAL(count_field(&out, "From"), 1);
			CU_ASSERT_EQUAL(count_field(&out, "To"), 1);
			CU_ASSERT_EQUAL(count_field(&out, "Content-Type"), 1);
			CU_ASSERT_PTR_NULL(strstr(out.data, "\r\nBcc:"));
		} else {
			CU_ASSERT_EQUAL(rc, TOSD_EINVAL);
			CU_ASSERT_EQUAL(out.len, 0);
		}
		n++;
		buf_free(&out);
		json_object_set_new(at, key, old);
	}
	return n;
}

static void
test_injection(void)
{
	static const char *const evil[] = {"x\r\nBcc: evil@evil.example\r\n\r\nbody",
	    "x\nBcc: evil@evil.example", "x\rBcc: e@e",
	    "x\xc2\x85"
	    "Bcc: e@e",
	    "x\xe2\x80\xa8"
	    "Bcc: e@e",
	    "\xe2\x80\xae"
	    "evil",
	    "{{provider.mailbox}}", "--=_tosd_", "\n.\n", "\nFrom evil",
	    "=?utf-8?B?QmNj?=", "\x1b[2J", "<evil@evil.example>, \"a\" <b@c>"};
	struct notice_set *s = load_set();
	json_t *d = load_doc("stage", NOTICE_TENANT);
	unsigned n = 0;
	char *huge = xmalloc(70001);

	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++)
		n += inject(s, d, d, evil[i]);
	memset(huge, 'x', 70000);
	huge[70000] = '\0';
	n += inject(s, d, d, huge);
	CU_ASSERT_TRUE(n > 500);
	free(huge);
	json_decref(d);
	notice_set_free(&s);
}

static void
test_no_template_in_data(void)
{
	struct notice_set *s = load_set();
	json_t *d = load_doc("stage", NOTICE_TENANT);
	struct buf sub = {0}, body = {0};

	set_at(d, "items.quote",
	    json_string("{{provider.mailbox}} {{! /point 6 }}\nDeadline: never"));
	CU_ASSERT_EQUAL(
	    notice_render(s, "stage", NOTICE_TENANT, d, &sub, &body, NULL), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    body.data, "\"{{provider.mailbox}} {{! /point 6 }} Deadline: never\""));
	buf_free(&sub);
	buf_free(&body);
	json_decref(d);
	notice_set_free(&s);
}

static void
test_envelope(void)
{
	static const char *const addresses[] = {"", "nobody", "a@", "@b", "a b@c",
	    "a@b\r\nBcc: x@y", "<a@b>", "A <a@b>", "a@b,c@d", "-oQ/tmp@x", "a@b@c",
	    "\xc3\xa9@b", NULL};
	static const char *const ids[] = {
	    "", "<>", "a", "<a@b", "<a@b>\r\nBcc: x", "a b@c", "<a@b> <c@d>", NULL};
	struct notice_set *s = load_set();
	json_t *d = load_doc("stage", NOTICE_TENANT);
	struct buf out = {0};

	for (size_t i = 0; i == 0 || addresses[i - 1] != NULL; i++) {
		struct notice_mail m = sample_mail();

		m.to = addresses[i];
		CU_ASSERT_EQUAL(
		    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL),
		    TOSD_EINVAL);
		m = sample_mail();
		m.from = addresses[i];
		CU_ASSERT_EQUAL(
		    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL),
		    TOSD_EINVAL);
		m = sample_mail();
		m.reply_to = addresses[i];
		CU_ASSERT_EQUAL(
		    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL),
		    addresses[i] == NULL ? 0 : TOSD_EINVAL);
		buf_reset(&out);
	}
	for (size_t i = 0; ids[i] != NULL; i++) {
		struct notice_mail m = sample_mail();

		m.message_id = ids[i];
		CU_ASSERT_EQUAL(
		    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL),
		    TOSD_EINVAL);
		m = sample_mail();
		m.references = &ids[i];
		CU_ASSERT_EQUAL(
		    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL),
		    TOSD_EINVAL);
	}
	CU_ASSERT_EQUAL(out.len, 0);
	buf_free(&out);
	json_decref(d);
	notice_set_free(&s);
}

static void
test_threads(void)
{
	char *ids[300];
	struct notice_mail m = sample_mail();
	struct notice_set *s = load_set();
	json_t *d = load_doc("stage", NOTICE_TENANT);
	struct buf out = {0};

	for (int i = 0; i < 300; i++)
		ids[i] = xasprintf("<2026-000001.n%d@host.example>", i);
	m.references = (const char *const *)ids;
	m.nreferences = 300;
	m.auto_generated = false;
	CU_ASSERT_EQUAL(
	    notice_compose(s, "stage", NOTICE_TENANT, d, &m, &out, NULL), 0);
	CU_ASSERT_TRUE(well_formed(&out));
	CU_ASSERT_EQUAL(count_field(&out, "References"), 1);
	CU_ASSERT_EQUAL(count_field(&out, "Auto-Submitted"), 0);
	CU_ASSERT_EQUAL(count_field(&out, "List-Id"), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "References: <2026-000001.n0@"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "<2026-000001.n299@host.example>\r\n"));
	for (int i = 0; i < 300; i++)
		free(ids[i]);
	buf_free(&out);
	json_decref(d);
	notice_set_free(&s);
}

static void
write_to(const char *dir, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_write(path, text, strlen(text), 0644, FILE_NOSYNC, NULL) != 0)
		abort();
}

static void
test_folders(void)
{
	static const struct {
		const char *name, *text, *says;
	} bad[] = {
	    {"stage.tennant.mustache", "Subject: x\n", "tennant"},
	    {"stange.tenant.mustache", "Subject: x\n", "stange"},
	    {"closed.manager.mustache", "no subject\n", "Subject"},
	    {"closed.manager.mustache", "Subject: x\n\n{{tennant.name}}\n", "line 3"},
	    {"closed.manager.mustache", "Subject: x\n{{> gone}}\n", "gone"},
	    {"closed.manager.mustache", "Subject: x\n{{#case}}\n", "line 2"},
	    {"closed.manager.mustache", "Subject: x\n{{safety.url}}\n", "safety"},
	    {"closed.tenant.mustache", "Subject: x\n{{#against}}{{/against}}\n",
		"against"},
	    {"closed.manager.mustache", "Subject: x\nall fine\n", "point 1"},
	    {"loop.mustache", "{{> loop}}\n", "includes itself"},
	    {"closed.manager.mustache", "Subject: {{case\n", "line 1"},
	};
	char dir[] = "/tmp/test_notice.XXXXXX", path[256];
	struct notice_set *s = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	CU_ASSERT_EQUAL(notice_set_load("/nonexistent", &s, NULL), TOSD_ENOENT);
	CU_ASSERT_EQUAL(notice_set_load(dir, &s, NULL), 0);
	CU_ASSERT_FALSE(notice_set_has(s, "stage", NOTICE_TENANT));
	notice_set_free(&s);
	write_to(dir, "ok.mustache", "{{case}}\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		write_to(dir, bad[i].name, bad[i].text);
		CU_ASSERT_NOT_EQUAL(notice_set_load(dir, &s, &e), 0);
		if (strstr(e.text, bad[i].says) == NULL || strstr(e.text, dir) == NULL)
			printf("\n  %s: %s\n", bad[i].name, e.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, bad[i].says));
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, dir));
		snprintf(path, sizeof(path), "%s/%s", dir, bad[i].name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/ok.mustache", dir);
	unlink(path);
	rmdir(dir);
}

static void
test_defang(void)
{
	static const struct {
		const char *url, *want;
	} cases[] = {
	    {"https://forum.example/t/1.html", "hxxps://forum[.]example/t/1.html"},
	    {"http://a.b.example:8080?x=1.2", "hxxp://a[.]b[.]example:8080?x=1.2"},
	    {"HTTP://A.example", "hxxp://A[.]example"},
	    {"www.site.example/x", "www[.]site[.]example/x"},
	    {"site.example", "site[.]example"},
	    {"https://a.example/?u=http://b.example/c",
		"hxxps://a[.]example/?u=hxxp://b[.]example/c"},
	    {"ftp://a.example/f", "fxp://a[.]example/f"},
	    {"javascript:alert(1)", "javascript[:]alert(1)"},
	    {"https://a.example/\r\nBcc: x", "hxxps://a[.]example/ Bcc: x"},
	    {"https://1.2.3.4/", "hxxps://1[.]2[.]3[.]4/"},
	    {"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		notice_defang(&b, cases[i].url);
		CU_ASSERT_STRING_EQUAL(b.data == NULL ? "" : b.data, cases[i].want);
		buf_free(&b);
	}
}

static void
test_quote(void)
{
	static const struct {
		const char *body;
		size_t start, end, max;
		const char *want;
	} cases[] = {
	    {"we will burn it", 0, 15, 40, "we will burn it"},
	    {"we will burn it", 8, 12, 40, "we will burn it"},
	    {"we will burn it", 8, 12, 4, "burn"},
	    {"we will burn it", 8, 12, 8, "… burn …"},
	    {"we will burn it", 8, 12, 3, "bu…"},
	    {"we will burn it", 8, 12, 1, "…"},
	    {"we will burn it", 8, 12, 0, ""},
	    {"we will burn it", 12, 8, 40, "we will burn it"},
	    {"we will burn it", 99, 200, 40, "we will burn it"},
	    {"a\n\n\tb  c", 0, 1, 40, "a b c"},
	    {"  lead and trail \n", 2, 6, 40, "lead and trail"},
	    {"grün und blöd", 3, 4, 40,
		"grün und blöd"}, /* in the middle of a letter */
	    {"ääääääääää", 4, 6, 3, "…ä…"},
	    {"see http://evil.example/x now", 4, 8, 60,
		"see hxxp://evil[.]example/x now"},
	    {"x\xe2\x80\xaey\x1b[0m", 0, 1, 40, "xy[0m"},
	    {"bad \xff byte", 4, 5, 40, "bad \xef\xbf\xbd byte"},
	    {"", 0, 0, 10, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		notice_quote(
		    &b, cases[i].body, cases[i].start, cases[i].end, cases[i].max);
		if (strcmp(b.data == NULL ? "" : b.data, cases[i].want) != 0)
			printf(
			    "\n  case %zu: [%s] not [%s]\n", i, b.data, cases[i].want);
		CU_ASSERT_STRING_EQUAL(b.data == NULL ? "" : b.data, cases[i].want);
		buf_free(&b);
	}
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

/* Every span of a text of mixed letters at every length: never too long, never cut
 * inside a letter, and the quoted words are there while there is room. */
static void
test_quote_sweep(void)
{
	static const char body[] = "Ein Satz — größer als zwölf, 日本語 und 😀 am Ende.";
	size_t n = sizeof(body) - 1;

	for (size_t start = 0; start <= n; start++)
		for (size_t end = start; end <= n; end += 3)
			for (size_t max = 1; max < 60; max += 7) {
				struct buf b = {0};

				notice_quote(&b, body, start, end, max);
				if (b.data == NULL)
					continue;
				if (!text_valid(b.data, b.len) ||
				    characters(b.data) > max)
					CU_FAIL(
					    "quote too long or cut inside a letter");
				buf_free(&b);
			}
	CU_PASS("sweep");
}

static void
test_long_body(void)
{
	char *body = xmalloc(4000001);
	struct buf b = {0};

	memset(body, 'a', 4000000);
	body[4000000] = '\0';
	notice_quote(&b, body, 2000000, 3999990, 20);
	CU_ASSERT_STRING_EQUAL(b.data, "aaaaaaaaaaaaaaaaaaa…");
	buf_reset(&b);
	notice_quote(&b, body, 2000000, 2000001, 20);
	CU_ASSERT_EQUAL(characters(b.data), 20);
	buf_free(&b);
	free(body);
}

static void
field(const char *value, const char *want)
{
	struct buf b = {0};

	mail_word_field(&b, "Subject", value);
	CU_ASSERT_STRING_EQUAL(b.data, want);
	buf_free(&b);
}

static void
test_mail_words(void)
{
	struct buf b = {0};

	field("short", "Subject: short\r\n");
	field("", "Subject:\r\n");
	field("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
	      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c",
	    "Subject: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
	    " bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c\r\n");
	mail_word_encode(&b, "ééééééééééééééééééééééééé");
	CU_ASSERT_STRING_EQUAL(b.data,
	    "=?utf-8?B?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6k=?="
	    " =?utf-8?B?w6nDqcOpw6nDqcOp?=");
	buf_reset(&b);
	mail_word_encode(&b, "[case 1]  for Grün und Blöd (2 of 3)");
	CU_ASSERT_STRING_EQUAL(
	    b.data, "[case 1]  for =?utf-8?B?R3LDvG4gdW5kIEJsw7Zk?= (2 of 3)");
	buf_reset(&b);
	mail_word_phrase(&b, "A \"B\" C\\");
	CU_ASSERT_STRING_EQUAL(b.data, "\"A \\\"B\\\" C\\\\\"");
	buf_reset(&b);
	mail_word_date(&b, 0);
	CU_ASSERT_STRING_EQUAL(b.data, "Thu, 1 Jan 1970 00:00:00 +0000");
	buf_reset(&b);
	mail_word_text(&b, ".dot\nFrom x\ntrail \né=\n", 22, true);
	CU_ASSERT_STRING_EQUAL(
	    b.data, "=2Edot\r\n=46rom x\r\ntrail=20\r\n=C3=A9=3D\r\n");
	buf_free(&b);
	CU_ASSERT_TRUE(mail_word_plain("a\nb\n", 4));
	CU_ASSERT_FALSE(mail_word_plain(".a\n", 3));
	CU_ASSERT_FALSE(mail_word_plain("a\nFrom b\n", 9));
	CU_ASSERT_FALSE(mail_word_plain("a \n", 3));
	CU_ASSERT_FALSE(mail_word_plain("\xc3\xa9\n", 3));
}

static const struct suite_test tests[] = {
    {"every kind and audience", test_all_kinds},
    {"golden mail", test_golden},
    {"the manager's digest is one screen", test_one_screen},
    {"a missing point stops the mail", test_lint_blocks},
    {"what may be absent", test_optional},
    {"a sparse document", test_sparse},
    {"nothing is online any more", test_nothing_online},
    {"safety and deliberation are kept from tenants", test_kept_apart},
    {"injection in every field", test_injection},
    {"data is no template", test_no_template_in_data},
    {"wrong envelopes", test_envelope},
    {"threads", test_threads},
    {"folders that are wrong", test_folders},
    {"defang", test_defang},
    {"quote", test_quote},
    {"quote, all spans", test_quote_sweep},
    {"quote of a huge text", test_long_body},
    {"words and fields of a mail", test_mail_words},
};
SUITE_MAIN("notice", tests)
