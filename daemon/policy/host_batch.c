/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_batch: a batch of items before all plugins.  Programs are asked first, so that
 * they work while objects are asked one item after the other; then their answers are
 * waited for.  The order of findings is objects, programs, and then objects that see
 * what all of those found.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "ipc/trace.h"
#include "policy/fusion.h"
#include "policy/host_in.h"

/* Microseconds: a turn for each single line would cost more than the line. */
#define GATHER 150

/* Ms after which an item is looked at again whose answer did not come; as a rule it is
 * the answer that brings it back. */
#define QUESTION_WAIT 60000
/* Bytes of all questions of a batch: its answer is one message, which holds MSG_MAX.
 * What is beyond is asked again with a later batch.  Questions and findings take half
 * of it; the other half is for what is said of each item in words. */
#define QUESTIONS_BYTES (MSG_MAX / 4)
#define QUESTION_LATER 1000
/* The same of all findings.  A text may be made to have hundreds in it, and a batch of
 * such would have no answer at all. */
#define FINDINGS_BYTES (MSG_MAX / 4)
#define FINDINGS_LATER 1000
/* The same where a plugin is not loaded; whoever asks again waits longer each time. */
#define MISSING_WAIT 10000

/* What is needed while a batch is judged. */
struct batch {
	struct policy_ask *ask;
	struct tosd_item *item; /* text NULL: not judged */
	char **body;
	struct buf *bad;
	size_t n;
	struct exec_job **jobs; /* by slot; NULL where it is no program */
	int64_t *took;		/* by slot: ns until a program had answered all */
	int64_t began;
	int64_t last;  /* ns: when the object before was done */
	size_t asked;  /* bytes of questions */
	size_t found;  /* of findings */
	int64_t start; /* ms of clock_steady(): when programs were asked */
};

/* What plugins look at; most items are a text alone, which is not copied. */
static const char *
body_of(const struct item *it, char **own)
{
	bool alone = it->text != NULL && it->text[0] != '\0' && it->title == NULL &&
		     it->summary == NULL && it->nmedia == 0;

	*own = alone ? NULL : item_body(it);
	return alone ? it->text : *own;
}

static void
batch_item(struct batch *b, size_t i)
{
	const struct policy_ask *a = &b->ask[i];
	const char *body = body_of(a->it, &b->body[i]);
	struct tosd_item *item = &b->item[i];

	*item = (struct tosd_item){.it = a->it,
	    .text = body,
	    .len = strlen(body),
	    .tenant = a->tenant != NULL ? a->tenant : "",
	    .time = a->time};
	if (item->len > POLICY_TEXT_MAX) {
		item->len = POLICY_TEXT_MAX;
		while (((uint8_t)body[item->len] & 0xc0) == 0x80)
			item->len--;
		policy_say_degraded(&b->bad[i], "host",
		    "text longer than 1 MiB, its beginning was judged");
	}
	if (a->it->flags & ITEM_TRUNCATED)
		policy_say_degraded(&b->bad[i], "host",
		    "cut at a limit when it was read: what is beyond was not judged");
	/* Plugins may rely on valid UTF-8, and mending it would move the spans. */
	if (!text_valid(body, item->len)) {
		policy_say_degraded(
		    &b->bad[i], "host", "text is not valid UTF-8, not judged");
		item->len = 0;
		item->text = NULL;
	}
}

static bool
skipped(const struct policy_ask *a, const char *plugin)
{
	for (size_t i = 0; i < a->nskip; i++)
		if (strcmp(a->skip[i], plugin) == 0)
			return true;
	return false;
}

static void
add_findings(struct policy_ask *a, struct tosd_report *r)
{
	if (a->n == 0) {
		free(a->findings);
		a->findings = r->v;
		a->n = r->n;
		return;
	}
	if (r->n > 0) {
		a->findings =
		    xrealloc(a->findings, (a->n + r->n) * sizeof(*a->findings));
		memcpy(a->findings + a->n, r->v, r->n * sizeof(*r->v));
		a->n += r->n;
	}
	free(r->v);
}

static void
exec_begin(struct policy_host *h, struct batch *b)
{
	b->jobs = xcalloc(h->n + 1, sizeof(struct exec_job *));
	b->took = xcalloc(h->n + 1, sizeof(*b->took));
	b->began = clock_ns();
	b->start = clock_steady();
	for (size_t s = 0; s < h->n; s++) {
		struct exec_job *v;

		if (h->v[s].exec == NULL)
			continue;
		v = b->jobs[s] = xcalloc(b->n + 1, sizeof(*v));
		for (size_t i = 0; i < b->n; i++) {
			v[i].item = &b->item[i];
			v[i].name = b->ask[i].revision;
			if (b->item[i].text == NULL ||
			    skipped(&b->ask[i], h->v[s].face->plugin))
				v[i].state = EXEC_JUDGED;
		}
		policy_exec_begin(h->v[s].exec, v, b->n);
		policy_exec_step(h->v[s].exec, false);
	}
}

/* All programs at once, until nobody has anything open.  Patience began when they were
 * asked: what objects took since then is gone from the time that the batch has. */
static void
exec_run(struct policy_host *h, struct batch *b, int64_t patience)
{
	int64_t now = clock_steady(), end = b->start + patience;
	bool open, full;

	do {
		struct pollfd *v = xcalloc(h->n * 3 + 1, sizeof(*v));
		int64_t until = now < end ? end : INT64_MAX;
		nfds_t n = 0;

		open = false;
		full = true;
		for (size_t s = 0; s < h->n; s++) {
			if (h->v[s].exec == NULL || b->took[s] != 0)
				continue;
			if (!policy_exec_step(h->v[s].exec, now >= end)) {
				b->took[s] = clock_ns() - b->began + 1;
				continue;
			}
			n += policy_exec_poll(h->v[s].exec, v + n, &until);
			open = true;
			full = full && policy_exec_full(h->v[s].exec);
		}
		now = clock_steady();
		if (open && full)
			usleep(GATHER);
		if (open)
			poll(v, n,
			    until > now ? (int)(until - now < 1000 ? until - now : 1000)
					: 0);
		free(v);
		now = clock_steady();
	} while (open);
}

static struct msg_retry *
add_retry(struct policy_ask *a)
{
	a->retry = xrealloc(a->retry, (a->nretry + 1) * sizeof(*a->retry));
	return &a->retry[a->nretry++];
}

static size_t
findings_size(const struct finding *v, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += finding_wire_size(&v[i]);
	return bytes;
}

/* Leaves out what the answer has no room for: who found it is asked about the item once
 * more, with fewer others; if the item alone is too much, that would be for ever. */
static void
make_fit(struct batch *b, size_t i, const char *plugin, struct tosd_report *r)
{
	size_t bytes = findings_size(r->v, r->n);
	struct policy_ask *a = &b->ask[i];

	if (b->found + bytes <= FINDINGS_BYTES) {
		b->found += bytes;
		return;
	}
	for (uint32_t k = 0; k < r->n; k++)
		finding_clear(&r->v[k]);
	r->n = 0;
	r->nopinions = 0;
	if (bytes + findings_size(a->findings, a->n) > FINDINGS_BYTES)
		policy_say_degraded(
		    &b->bad[i], plugin, "more is found in it than an answer holds");
	else
		*add_retry(a) = (struct msg_retry){.plugin = xstrdup(plugin),
		    .wait = FINDINGS_LATER,
		    .why = xstrdup("more was found in the texts of one batch than an "
				   "answer holds: it is asked again")};
}

static void
job_result(struct batch *b, size_t i, const char *who, struct exec_job *j)
{
	struct policy_ask *a = &b->ask[i];
	struct buf *bad = &b->bad[i];

	if (j->why != NULL && j->state == EXEC_JUDGED)
		policy_say_degraded(bad, who, j->why);
	if (j->report.bad[0] != '\0')
		policy_say_degraded(bad, who, j->report.bad);
	make_fit(b, i, who, &j->report);
	add_findings(a, &j->report);
	if (j->state != EXEC_JUDGED)
		*add_retry(a) = (struct msg_retry){.plugin = xstrdup(who),
		    .lost = j->state == EXEC_LOST,
		    .alone = j->alone,
		    .wait = j->wait,
		    .why = xstrdup(j->why != NULL ? j->why : "")};
	free(j->why);
}

/* Each item's part of the batch's time: a program has many in hand at once. */
static void
exec_cost(struct policy_slot *s, const struct exec_job *j, int64_t took, size_t n)
{
	cost_add(&s->cost, (uint64_t)took / (n > 0 ? n : 1));
	/* What is asked again is not lost yet. */
	s->cost.failed +=
	    j->state == EXEC_JUDGED && (j->why != NULL || j->report.bad[0] != '\0');
}

static void
exec_end(struct policy_host *h, struct batch *b)
{
	for (size_t s = 0; s < h->n; s++) {
		if (h->v[s].exec == NULL)
			continue;
		policy_exec_end(h->v[s].exec);
		for (size_t i = 0; i < b->n; i++) {
			exec_cost(&h->v[s], &b->jobs[s][i], b->took[s], b->n);
			job_result(b, i, h->v[s].face->plugin, &b->jobs[s][i]);
		}
		free(b->jobs[s]);
	}
	free(b->jobs);
	free(b->took);
}

/* Its findings are about to be added to those of the item.  What is too much for an
 * answer is no opinion. */
static void
add_opinions(
    struct policy_ask *a, struct buf *bad, const char *who, const struct tosd_report *r)
{
	if (r->nopinions == 0)
		return;
	if (a->nopinions + r->nopinions > MSG_OPINIONS_MAX) {
		policy_say_degraded(bad, who, "too many scores for one item");
		return;
	}
	a->opinions =
	    xrealloc(a->opinions, (a->nopinions + r->nopinions) * sizeof(*a->opinions));
	for (size_t k = 0; k < r->nopinions; k++) {
		const struct policy_opinion *o = &r->opinions[k];

		a->opinions[a->nopinions++] = (struct msg_opinion){
		    xstrdup(o->category), o->value, o->hit, o->none, a->n, r->n};
	}
}

static bool
any_exec(const struct policy_host *h)
{
	for (size_t s = 0; s < h->n; s++)
		if (h->v[s].exec != NULL)
			return true;
	return false;
}

/* The plugin comes back to the item once its questions are answered. */
static void
add_questions(
    struct batch *b, struct policy_ask *a, const char *plugin, struct tosd_report *r)
{
	size_t bytes = 0;

	for (uint32_t k = 0; k < r->nquestions; k++)
		bytes += r->questions[k].body.len;
	if (b->asked + bytes > QUESTIONS_BYTES) {
		*add_retry(a) = (struct msg_retry){.plugin = xstrdup(plugin),
		    .wait = QUESTION_LATER,
		    .why = xstrdup("others were asking as well: it asks later")};
		return;
	}
	b->asked += bytes;
	*add_retry(a) = (struct msg_retry){.plugin = xstrdup(plugin),
	    .wait = QUESTION_WAIT,
	    .why = xasprintf(
		"waits for an answer of the endpoint `%s'", r->questions[0].endpoint)};
	a->questions = xrealloc(
	    a->questions, (a->nquestions + r->nquestions) * sizeof(*a->questions));
	memcpy(a->questions + a->nquestions, r->questions,
	    r->nquestions * sizeof(*r->questions));
	a->nquestions += r->nquestions;
	r->nquestions = 0;
}

/* A plugin has written to what it was only lent.  It has judged a text that nobody
 * wrote, so what it found does not count; the others see the true one. */
static void
report_vandal(struct policy_host *h, struct batch *b, size_t i, struct policy_face *f,
    struct tosd_report *r)
{
	uint64_t left_out;

	policy_say_degraded(&b->bad[i], f->plugin, "changed the item it was lent");
	for (uint32_t k = 0; k < r->n; k++)
		finding_clear(&r->v[k]);
	r->n = 0;
	r->nopinions = 0;
	h->vandals++;
	if (policy_quiet_pass(&f->quiet, clock_steady(), &left_out))
		log_warn("policy",
		    "plugin `%s' changed the item it was lent (revision %llu): what it "
		    "found there is left out, and a plugin that does that has to be "
		    "mended (%llu times since the start)",
		    f->plugin, (unsigned long long)b->ask[i].revision,
		    (unsigned long long)h->vandals);
}

static void
check_object(struct policy_host *h, struct batch *b, size_t i, size_t s)
{
	struct policy_ask *a = &b->ask[i];
	const char *plugin = h->v[s].face->plugin;
	struct tosd_report r;
	int64_t end;
	size_t before = b->bad[i].len;
	bool waits;

	memset(&r, 0, offsetof(struct tosd_report, bad));
	r.bad[0] = '\0';
	r.answers = a->answers;
	r.nanswers = a->nanswers;
	if (policy_slot_late(&h->v[s])) {
		r.found = a->findings;
		r.nfound = a->n;
		r.reported = a->reported;
		policy_lent_keep(&h->lent, &b->item[i], a);
	}
	trace_at(h->o.trace, TRACE_CHECK, plugin, a->revision);
	waits = policy_slot_check(&h->v[s], &b->item[i], &r, &b->bad[i]);
	if (policy_lent_restore(&h->lent)) {
		report_vandal(h, b, i, h->v[s].face, &r);
	} else if (waits) {
		if (a->nquestions + r.nquestions <= MSG_QUESTIONS_MAX)
			add_questions(b, a, plugin, &r);
		else
			policy_say_degraded(
			    &b->bad[i], plugin, "too many plugins ask about one item");
	}
	make_fit(b, i, plugin, &r);
	add_opinions(a, &b->bad[i], plugin, &r);
	end = clock_ns();
	cost_add(&h->v[s].cost, (uint64_t)(end - b->last));
	b->last = end; /* the clock is read once, it costs as much as a hundred bytes */
	h->v[s].cost.failed += b->bad[i].len > before;
	add_findings(a, &r);
	for (uint32_t k = 0; k < r.nquestions; k++)
		msg_question_clear(&r.questions[k]);
	free(r.questions);
}

/* Those that see what others found (late) come after programs and the others. */
static void
check_objects(struct policy_host *h, struct batch *b, bool late)
{
	b->last = clock_ns();
	for (size_t i = 0; i < b->n; i++) {
		if (b->item[i].text != NULL && !late)
			policy_lent_keep(&h->lent, &b->item[i], &b->ask[i]);
		for (size_t s = 0; b->item[i].text != NULL && s < h->n; s++)
			if (h->v[s].plugin != NULL &&
			    policy_slot_late(&h->v[s]) == late &&
			    !skipped(&b->ask[i], h->v[s].face->plugin))
				check_object(h, b, i, s);
	}
	trace_idle(h->o.trace);
}

static void
batch_run(struct policy_host *h, struct batch *b, int64_t patience)
{
	bool exec = any_exec(h);

	for (size_t i = 0; i < b->n; i++)
		batch_item(b, i);
	if (exec)
		exec_begin(h, b);
	check_objects(h, b, false);
	if (exec) {
		exec_run(h, b, patience);
		exec_end(h, b);
	}
	check_objects(h, b, true);
	for (size_t i = 0; i < b->n; i++) {
		b->ask[i].degraded = b->bad[i].len > 0 ? buf_take(&b->bad[i]) : NULL;
		buf_free(&b->bad[i]);
		free(b->body[i]);
	}
}

/* A plugin that is not loaded was not asked, and one that lacks something would have
 * looked for more: that is no answer. */
static void
ask_again(const struct policy_host *h, struct policy_ask *a)
{
	for (size_t i = 0; i < h->nmissing; i++) {
		const struct policy_missing *m = &h->missing[i];
		struct buf why = {0};

		if (skipped(a, m->plugin))
			continue;
		/* Cut to a line: it is said of each item of a batch. */
		policy_say_degraded(&why,
		    m->how == MISSING_PART ? "not complete" : "not loaded", m->why);
		*add_retry(a) = (struct msg_retry){.plugin = xstrdup(m->plugin),
		    .wait = MISSING_WAIT,
		    .why = buf_take(&why)};
	}
}

void
policy_host_judge(
    struct policy_host *h, struct policy_ask *v, size_t n, int64_t patience)
{
	struct batch b = {.ask = v,
	    .item = xcalloc(n + 1, sizeof(*b.item)),
	    .body = xcalloc(n + 1, sizeof(*b.body)),
	    .bad = xcalloc(n + 1, sizeof(*b.bad)),
	    .n = n};

	batch_run(h, &b, patience);
	for (size_t i = 0; i < n; i++)
		ask_again(h, &v[i]);
	free(b.item);
	free(b.body);
	free(b.bad);
}

void
policy_ask_take(struct policy_ask *a, uint64_t revision, struct msg_inspected_item *out)
{
	*out = (struct msg_inspected_item){.revision = revision,
	    .degraded = a->degraded,
	    .nretry = a->nretry,
	    .retry = a->retry,
	    .nquestions = a->nquestions,
	    .questions = a->questions,
	    .n = a->n,
	    .findings = a->findings,
	    .nopinions = a->nopinions,
	    .opinions = a->opinions};
}

void
policy_ask_clear(struct policy_ask *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		finding_clear(&a->findings[i]);
	free(a->findings);
	for (uint32_t i = 0; i < a->nretry; i++) {
		free(a->retry[i].plugin);
		free(a->retry[i].why);
	}
	free(a->retry);
	for (uint32_t i = 0; i < a->nopinions; i++)
		free(a->opinions[i].category);
	free(a->opinions);
	for (uint32_t i = 0; i < a->nquestions; i++)
		msg_question_clear(&a->questions[i]);
	free(a->questions);
	free(a->degraded);
}

void
policy_host_check(struct policy_host *h, const char *tenant_key, const struct item *it,
    int64_t event_time, struct finding **findings, uint32_t *n, char **degraded)
{
	struct policy_ask a = {.tenant = tenant_key, .it = it, .time = event_time};
	struct buf none = {0}, bad = {0};
	struct tosd_item item;
	char *body;
	struct batch b = {
	    .ask = &a, .item = &item, .body = &body, .bad = &none, .n = 1};

	batch_run(h, &b, CLOCK_SEC);
	for (size_t i = 0; i < h->nscores; i++)
		h->scores[i].value = policy_fusion_score(
		    a.findings, a.n, h->scores[i].category, a.opinions, a.nopinions);
	if (a.n > 0) {
		*findings = xrealloc(*findings, (*n + a.n) * sizeof(**findings));
		memcpy(*findings + *n, a.findings, a.n * sizeof(*a.findings));
		*n += a.n;
		free(a.findings);
	}
	a.findings = NULL;
	a.n = 0;
	if (a.degraded != NULL)
		buf_puts(&bad, a.degraded);
	for (uint32_t i = 0; i < a.nretry; i++)
		policy_say_degraded(&bad, a.retry[i].plugin, a.retry[i].why);
	*degraded = bad.len > 0 ? buf_take(&bad) : NULL;
	buf_free(&bad);
	policy_ask_clear(&a);
}
