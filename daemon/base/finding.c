/* SPDX-License-Identifier: Apache-2.0 */
/* finding: names, copies and the wire form; see finding.h. */
#include "base/finding.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	int value;
	const char *name;
} severities[] = {
    {SEVERITY_LOW, "low"},
    {SEVERITY_MEDIUM, "medium"},
    {SEVERITY_HIGH, "high"},
    {SEVERITY_CRITICAL, "critical"},
};

static const char *const modes[] = {
    "draft", "shadow", "canary", "enforce", "retired", "review"};
#define NMODES (sizeof(modes) / sizeof(modes[0]))

const char *
finding_severity_name(int severity)
{
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		if (severities[i].value == severity)
			return severities[i].name;
	return "unknown";
}

int
finding_severity_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		if (strcmp(severities[i].name, name) == 0)
			return severities[i].value;
	return -1;
}

const char *
finding_mode_name(enum finding_mode mode)
{
	return (size_t)mode < NMODES ? modes[mode] : "unknown";
}

int
finding_mode_parse(const char *name)
{
	for (size_t i = 0; i < NMODES; i++)
		if (strcmp(modes[i], name) == 0)
			return (int)i;
	return -1;
}

void
finding_clear(struct finding *f)
{
	free(f->rule);
	free(f->pack);
	free(f->clause);
	free(f->category);
	free(f->reason);
	free(f->spans);
	memset(f, 0, sizeof(*f));
}

void
finding_copy(struct finding *to, const struct finding *from)
{
	*to = *from;
	to->rule = xstrdup(from->rule);
	to->pack = xstrdup(from->pack);
	to->clause = xstrdup(from->clause);
	to->category = xstrdup(from->category);
	to->reason = xstrdup(from->reason);
	to->spans = xcalloc(from->nspans, sizeof(*to->spans));
	if (from->nspans > 0)
		memcpy(to->spans, from->spans, from->nspans * sizeof(*to->spans));
}

void
finding_put(struct buf *b, const struct finding *f)
{
	buf_put_str(b, f->rule);
	buf_put_u32(b, f->rev);
	buf_put_str(b, f->pack);
	buf_put_str(b, f->clause);
	buf_put_str(b, f->category);
	buf_put_str(b, f->reason);
	buf_put_u32(b, (uint32_t)f->severity);
	buf_put_f64(b, f->score);
	buf_put_u8(b, (uint8_t)f->mode);
	buf_put_u32(b, (uint32_t)f->nspans);
	for (size_t i = 0; i < f->nspans; i++) {
		buf_put_u32(b, f->spans[i].start);
		buf_put_u32(b, f->spans[i].end);
	}
}

/* A string is its length, and then the bytes. */
static size_t
str_size(const char *s)
{
	return 4 + (s != NULL ? strlen(s) : 0);
}

size_t
finding_wire_size(const struct finding *f)
{
	return str_size(f->rule) + 4 + str_size(f->pack) + str_size(f->clause) +
	       str_size(f->category) + str_size(f->reason) + 4 + 8 + 1 + 4 +
	       f->nspans * 8;
}

void
finding_get(struct rd *r, struct finding *f)
{
	uint32_t n;

	f->rule = rd_str(r);
	f->rev = rd_u32(r);
	f->pack = rd_str(r);
	f->clause = rd_str(r);
	f->category = rd_str(r);
	f->reason = rd_str(r);
	f->severity = (int)rd_u32(r);
	f->score = rd_f64(r);
	f->mode = rd_u8(r);
	n = rd_count(r, 8);
	f->spans = xcalloc(n, sizeof(*f->spans));
	for (uint32_t i = 0; i < n; i++) {
		f->spans[i].start = rd_u32(r);
		f->spans[i].end = rd_u32(r);
	}
	f->nspans = n;
	/* A finding without its names, or with a score that is no probability, is a
	 * broken peer. */
	if (f->rule == NULL || f->pack == NULL || f->clause == NULL ||
	    f->category == NULL || f->mode >= NMODES ||
	    !(f->score >= 0 && f->score <= 1))
		r->bad = true;
}
