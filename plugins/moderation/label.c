/* SPDX-License-Identifier: Apache-2.0 */
/* label: reading the setting `labels'; see label.h. */
#include "label.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <tosd/policy.h>

static const struct {
	const char *name;
	int32_t value;
} severities[] = {{"low", TOSD_LOW}, {"medium", TOSD_MEDIUM}, {"high", TOSD_HIGH},
    {"critical", TOSD_CRITICAL}};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes the white space off both ends. */
static const char *
trim(const char *s, size_t *n)
{
	while (*n > 0 && blank(*s)) {
		s++;
		--*n;
	}
	while (*n > 0 && blank(s[*n - 1]))
		--*n;
	return s;
}

/* The next word of a row, off it. */
static const char *
word(const char **s, size_t *n, size_t *len)
{
	const char *at;

	*s = trim(*s, n);
	at = *s;
	*len = 0;
	while (*len < *n && !blank(at[*len]))
		++*len;
	*s += *len;
	*n -= *len;
	return at;
}

/* "harassment/threatening" to what a rule's id may hold. */
static char *
rule_of(const char *prefix, const char *name)
{
	struct sb b = {0};

	sb_printf(&b, "%s/", prefix);
	for (; *name != '\0'; name++) {
		char c = (char)tolower((unsigned char)*name);

		if (!islower((unsigned char)c) && !isdigit((unsigned char)c) &&
		    c != '/' && c != '.')
			c = '-';
		sb_put(&b, &c, 1);
	}
	return sb_take(&b);
}

static int
add_name(
    struct labels *l, const char *name, size_t n, const char *prefix, struct why *w)
{
	struct label *to = &l->v[l->n];

	if (n == 0 || n >= LABEL_NAME)
		return why_set(
		    w, "`labels': a label has 1 to %d bytes", LABEL_NAME - 1);
	if (l->n == LABELS_MAX - 1)
		return why_set(w, "`labels': more than %d of them", LABELS_MAX - 1);
	if (labels_find(l, name, n) != NULL)
		return why_set(w, "`labels': \"%.*s\" is there twice", (int)n, name);
	memcpy(to->name, name, n);
	to->name[n] = '\0';
	to->rule = rule_of(prefix, to->name);
	l->n++;
	return 0;
}

static int
add_row(struct labels *l, const char *row, size_t n, const char *prefix, struct why *w)
{
	const char *eq, *rest, *category, *severity;
	size_t len, rn, cn, sn;
	struct label *to = &l->v[l->n];

	row = trim(row, &n);
	if (n == 0)
		return 0;
	eq = memchr(row, '=', n);
	if (eq == NULL)
		return why_set(w,
		    "`labels': \"%.*s\" is not \"label = category severity clause\"",
		    (int)(n < 80 ? n : 80), row);
	len = (size_t)(eq - row);
	rest = eq + 1;
	rn = n - len - 1;
	trim(row, &len);
	if (add_name(l, row, len, prefix, w) != 0)
		return -1;
	category = word(&rest, &rn, &cn);
	severity = word(&rest, &rn, &sn);
	rest = trim(rest, &rn);
	to->category = mem_dup(category, cn);
	to->clause = mem_dup(rest, rn);
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
		if (strlen(severities[i].name) == sn &&
		    memcmp(severities[i].name, severity, sn) == 0)
			to->severity = severities[i].value;
	if (to->severity == 0 || rn == 0)
		return why_set(w,
		    "`labels': \"%s\" wants a category, a severity (low, medium, high, "
		    "critical) and a clause",
		    to->name);
	return 0;
}

int
labels_parse(const char *text, const char *prefix, struct labels *out, struct why *w)
{
	const char *end;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (; rc == 0 && *text != '\0'; text = *end != '\0' ? end + 1 : end) {
		end = text + strcspn(text, ";");
		rc = add_row(out, text, (size_t)(end - text), prefix, w);
	}
	if (rc == 0 && out->n == 0)
		rc = why_set(w, "`labels' names none");
	return rc;
}

void
labels_free(struct labels *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].rule);
		free(l->v[i].category);
		free(l->v[i].clause);
	}
	l->n = 0;
}

const struct label *
labels_find(const struct labels *l, const char *name, size_t n)
{
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->v[i].name) == n && memcmp(l->v[i].name, name, n) == 0)
			return &l->v[i];
	return NULL;
}
