/* SPDX-License-Identifier: Apache-2.0 */
/* markup: the tokenizer; references are in reference.c; see markup.h. */
#include "feed/markup.h"

#include <string.h>
#include <strings.h>

/* Character classes, so that one table look-up replaces strings of compares. */
enum { WS = 1, STOP_NAME = 2, STOP_BARE = 4, NAME_START = 8 };

static const uint8_t class[256] = {
    ['\t'] = WS | STOP_NAME | STOP_BARE,
    ['\n'] = WS | STOP_NAME | STOP_BARE,
    ['\r'] = WS | STOP_NAME | STOP_BARE,
    ['\f'] = WS | STOP_NAME | STOP_BARE,
    [' '] = WS | STOP_NAME | STOP_BARE,
    ['/'] = STOP_NAME,
    ['>'] = STOP_NAME | STOP_BARE,
    ['<'] = STOP_NAME,
    ['='] = STOP_NAME,
    ['"'] = STOP_NAME,
    ['\''] = STOP_NAME,
    ['A' ... 'Z'] = NAME_START,
    ['a' ... 'z'] = NAME_START,
    ['_'] = NAME_START,
    [':'] = NAME_START,
    [0x80 ... 0xff] = NAME_START,
};

static inline bool
is(char c, int what)
{
	return (class[(uint8_t)c] & what) != 0;
}

/* HTML elements whose content is text up to their end tag. */
static const struct {
	const char *name;
	size_t n;
} raws[] = {
    {"script", 6},
    {"style", 5},
    {"template", 8},
    {"textarea", 8},
    {"iframe", 6},
    {"noembed", 7},
    {"xmp", 3},
};
#define NRAWS (sizeof(raws) / sizeof(raws[0]))

void
markup_init(struct markup *m, enum markup_mode mode, const char *s, size_t n)
{
	/* Not the attribute array: it is large and written before it is read. */
	memset(m, 0, offsetof(struct markup, entities));
	m->nentities = 0;
	m->mode = mode;
	m->start = m->at = n > 0 ? s : "";
	m->end = m->start + n;
}

void
markup_note(struct markup *m, enum markup_fault f, const char *at)
{
	m->faults++;
	if (m->fault == MARKUP_FINE) {
		m->fault = f;
		m->fault_at = at;
	}
}

static const char *
skip_ws(const char *p, const char *end)
{
	while (p < end && is(*p, WS))
		p++;
	return p;
}

/* Like memmem(), which reads all of its haystack first under AddressSanitizer. */
static const char *
seek(const char *p, const char *end, const char *what, size_t n)
{
	while ((size_t)(end - p) >= n &&
	       (p = memchr(p, what[0], end - p - n + 1)) != NULL) {
		if (memcmp(p, what, n) == 0)
			return p;
		p++;
	}
	return NULL;
}

/* The next terminator at or after p, from the cache where it still holds; the
 * document's end stands for "there is none". */
static const char *
find_end(
    struct markup *m, const char **cache, const char *p, const char *what, size_t n)
{
	if (*cache == NULL || *cache < p) {
		*cache = p < m->end ? seek(p, m->end, what, n) : NULL;
		if (*cache == NULL)
			*cache = m->end;
	}
	return *cache;
}

static bool
text_token(struct markup *m, struct markup_token *t, const char *from)
{
	const char *lt = from < m->end ? memchr(from, '<', m->end - from) : NULL;

	t->kind = MARKUP_TEXT;
	t->text.p = m->at;
	m->at = lt != NULL ? lt : m->end;
	/* Word by word: a copy of the pair would wait for both stores. */
	t->text.n = m->at - t->text.p;
	t->source.p = t->text.p;
	t->source.n = t->text.n;
	return true;
}

/* A < that opens nothing: text from here on. */
static bool
bare_lt(struct markup *m, struct markup_token *t)
{
	markup_note(m, MARKUP_BARE_LT, m->at);
	return text_token(m, t, m->at + 1);
}

static bool
finish(struct markup *m, struct markup_token *t, const char *after)
{
	t->source.n = after - t->source.p;
	m->at = after;
	return true;
}

static void
keep_attr(struct markup *m, struct markup_token *t, struct markup_str name,
    struct markup_str value)
{
	if (m->mode == MARKUP_XML && t->nattrs < 16)
		for (size_t i = 0; i < t->nattrs; i++)
			if (m->attrs[i].name.n == name.n &&
			    memcmp(m->attrs[i].name.p, name.p, name.n) == 0)
				markup_note(m, MARKUP_TWICE_ATTR, name.p);
	if (t->nattrs < MARKUP_ATTRS) {
		m->attrs[t->nattrs].name = name;
		m->attrs[t->nattrs++].value = value;
	} else {
		t->skipped = true;
	}
}

/* A value without quotes, or with a first one only. */
static const char *
bare_value(struct markup *m, const char *p, struct markup_str *v)
{
	v->p = p;
	while (p < m->end && !is(*p, STOP_BARE) &&
	       !(m->mode == MARKUP_XML && *p == '<') &&
	       !(*p == '/' && p + 1 < m->end && p[1] == '>'))
		p++;
	v->n = p - v->p;
	markup_note(m, MARKUP_BAD_ATTR, p);
	return p;
}

/* rel="alternate href="/x": did the value run into the next attribute's quote? */
static bool
ran_over(const struct markup *m, const char *p, const char *q)
{
	return q > p && q[-1] == '=' && memchr(p, ' ', q - p) != NULL &&
	       q + 2 < m->end && !is(q[1], WS) && q[1] != '>' &&
	       (q[1] != '/' || q[2] != '>');
}

static const char *
attr_value(struct markup *m, const char *p, struct markup_str *v)
{
	const char *q = NULL, *lt, *gt;

	if (*p != '"' && *p != '\'')
		return bare_value(m, p, v);
	if (p >= m->plain_until)
		q = memchr(p + 1, *p, m->end - p - 1);
	if (q == NULL)
		return bare_value(m, p + 1, v);
	if (m->mode == MARKUP_XML && (lt = memchr(p + 1, '<', q - p - 1)) != NULL) {
		markup_note(m, MARKUP_BARE_LT, lt);
		/* <a href="x><b c="y">: > before < says that a quote was lost. */
		gt = memchr(p + 1, '>', lt - p - 1);
		if (gt != NULL)
			return bare_value(m, p + 1, v);
	}
	if (m->mode == MARKUP_XML && ran_over(m, p + 1, q))
		return bare_value(m, p + 1, v);
	v->p = p + 1;
	v->n = q - v->p;
	if (q + 1 < m->end && is(q[1], NAME_START))
		markup_note(m, MARKUP_BAD_ATTR, q);
	return q + 1;
}

/* One attribute at p.  Returns what follows it. */
static const char *
attr(struct markup *m, struct markup_token *t, const char *p)
{
	struct markup_str name = {p, 0}, value = {p, 0};
	const char *after;

	/* The first byte always belongs to the name, so that we move on. */
	for (p++; p < m->end && !is(*p, STOP_NAME); p++)
		;
	name.n = p - name.p;
	after = skip_ws(p, m->end);
	if (after < m->end && *after == '=') {
		p = skip_ws(after + 1, m->end);
		if (p < m->end)
			p = attr_value(m, p, &value);
	} else {
		markup_note(m, MARKUP_BAD_ATTR, name.p);
		value.p = NULL; /* told apart from an empty value */
	}
	keep_attr(m, t, name, value);
	return p;
}

/* Did "<name ... <" lose its >, or is it text that looks like a tag? */
static bool
lost_gt(const struct markup *m, const struct markup_token *t)
{
	if (t->kind == MARKUP_CLOSE)
		return true;
	for (size_t i = 0; i < t->nattrs; i++)
		if (m->attrs[i].value.p == NULL)
			return false;
	return t->nattrs > 0 || (m->known != NULL && m->known(t->name.p, t->name.n));
}

/* All from behind the name to behind the >.  NULL if this is no tag. */
static const char *
rest_of_tag(struct markup *m, struct markup_token *t, const char *p)
{
	while (p < m->end) {
		p = skip_ws(p, m->end);
		if (p >= m->end)
			break;
		if (*p == '>')
			return p + 1;
		if (*p == '/') {
			if (p + 1 < m->end && p[1] == '>') {
				t->empty = true;
				return p + 2;
			}
			p++;
		} else if (*p == '<' && m->mode == MARKUP_XML) {
			if (!lost_gt(m, t))
				break;
			markup_note(m, MARKUP_MISSING_GT, p);
			return p;
		} else {
			p = attr(m, t, p);
		}
	}
	if (p >= m->end && m->mode == MARKUP_XML && t->kind == MARKUP_CLOSE) {
		markup_note(m, MARKUP_MISSING_GT, p);
		return m->end;
	}
	/* What lies before p was looked at in vain: next time without quotes, so
	 * that no byte is read more than twice. */
	if (m->mode == MARKUP_HTML && m->plain_until >= m->end)
		m->no_gt = true;
	if (p > m->plain_until)
		m->plain_until = p;
	return NULL;
}

/* HTML names fold to lower case; the copy lives until the next token. */
static void
fold_name(struct markup *m, struct markup_token *t)
{
	size_t n = t->name.n < MARKUP_FOLD ? t->name.n : MARKUP_FOLD;

	for (size_t i = 0; i < n; i++) {
		char c = t->name.p[i];

		m->fold[i] = c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	t->name.p = m->fold;
	t->name.n = n;
}

static bool
raw_end_at(const char *p, const char *end, unsigned raw)
{
	size_t n = raws[raw].n;

	return (size_t)(end - p) >= n + 3 && p[1] == '/' &&
	       strncasecmp(p + 2, raws[raw].name, n) == 0 && is(p[n + 2], STOP_NAME);
}

static const char *
raw_end(const struct markup *m, unsigned raw)
{
	const char *p = m->at;

	while ((p = memchr(p, '<', m->end - p)) != NULL) {
		if (raw_end_at(p, m->end, raw))
			return p;
		p++;
	}
	return NULL;
}

static void
enter_raw(struct markup *m, const struct markup_token *t)
{
	for (unsigned i = 0; i < NRAWS; i++) {
		if (t->name.n != raws[i].n ||
		    memcmp(t->name.p, raws[i].name, t->name.n))
			continue;
		if ((m->no_raw_end & 1u << i) == 0 && m->at < m->end)
			m->raw = i + 1;
		return;
	}
}

static bool
raw_token(struct markup *m, struct markup_token *t)
{
	unsigned raw = m->raw - 1;
	const char *e = raw_end(m, raw);

	m->raw = 0;
	if (e == NULL) {
		/* No end: then its text is no raw text, or all would be lost. */
		m->no_raw_end |= 1u << raw;
		return false;
	}
	if (e == m->at)
		return false;
	t->kind = MARKUP_CDATA;
	t->text.p = m->at;
	t->text.n = e - m->at;
	return finish(m, t, e);
}

static bool
tag_token(struct markup *m, struct markup_token *t)
{
	const char *p = m->at + 1, *after;

	t->kind = MARKUP_OPEN;
	if (p < m->end && *p == '/') {
		t->kind = MARKUP_CLOSE;
		p++;
	}
	/* <> was a tag without a name in SGML, and readers still leave it out. */
	if (m->mode == MARKUP_HTML && p < m->end && *p == '>')
		return t->kind = MARKUP_COMMENT, finish(m, t, p + 1);
	if (p >= m->end || !is(*p, NAME_START) || m->no_gt)
		return bare_lt(m, t);
	t->name.p = p;
	while (p < m->end && !is(*p, STOP_NAME))
		p++;
	t->name.n = p - t->name.p;
	if (p < m->end && (*p == '"' || *p == '\'' || *p == '='))
		markup_note(m, MARKUP_BAD_ATTR, p);
	after = rest_of_tag(m, t, p);
	if (after == NULL) {
		t->nattrs = 0;
		return bare_lt(m, t);
	}
	if (m->mode == MARKUP_HTML)
		fold_name(m, t);
	finish(m, t, after);
	if (m->mode == MARKUP_HTML && t->kind == MARKUP_OPEN && !t->empty)
		enter_raw(m, t);
	return true;
}

static bool
comment_token(struct markup *m, struct markup_token *t)
{
	const char *p = m->at + 4, *e = find_end(m, &m->comment_end, p, "-->", 3);

	/* <!--> and <!---> are whole comments in HTML. */
	if (m->mode == MARKUP_HTML && p < m->end && *p == '>')
		return t->kind = MARKUP_COMMENT, finish(m, t, p + 1);
	if (e == m->end || (m->mode == MARKUP_XML && seek(p, e, "<!--", 4) != NULL)) {
		/* Text behind a comment that never ends must not vanish. */
		markup_note(m, MARKUP_UNTERMINATED, m->at);
		return text_token(m, t, p);
	}
	t->kind = MARKUP_COMMENT;
	t->text.p = p;
	t->text.n = e - p;
	return finish(m, t, e + 3);
}

/* The end of a CDATA section that has lost its ]]>: the enclosing end tag. */
static const char *
cdata_lost(const struct markup *m, const char *p, const char *limit)
{
	const struct markup_str *in = &m->enclosing;

	while (in->n > 0 && (p = seek(p, limit, "</", 2)) != NULL) {
		if ((size_t)(limit - p) > in->n + 2 &&
		    memcmp(p + 2, in->p, in->n) == 0 && is(p[in->n + 2], STOP_NAME))
			return p;
		p += 2;
	}
	return NULL;
}

/* The next section that begins.  HTML is full of <, and has few [. */
static const char *
cdata_open(const char *p, const char *end)
{
	while (end - p >= 9 && (p = memchr(p + 2, '[', end - p - 8)) != NULL) {
		p -= 2;
		if (memcmp(p, "<![CDATA[", 9) == 0)
			return p;
		p++;
	}
	return NULL;
}

static bool
cdata_token(struct markup *m, struct markup_token *t)
{
	const char *p = m->at + 9, *e = find_end(m, &m->cdata_end, p, "]]>", 3);
	const char *again = cdata_open(p, e), *lost = NULL;

	t->kind = MARKUP_CDATA;
	t->text.p = p;
	if (e == m->end || again != NULL)
		lost = cdata_lost(m, p, again != NULL ? again : m->end);
	if (lost != NULL || e == m->end) {
		markup_note(m, MARKUP_UNTERMINATED, m->at);
		if (lost == NULL)
			lost = again != NULL ? again : m->end;
		t->text.n = lost - p;
		return finish(m, t, lost);
	}
	t->text.n = e - p;
	return finish(m, t, e + 3);
}

static bool
pi_token(struct markup *m, struct markup_token *t)
{
	const char *p = m->at + 2, *e = NULL;
	size_t len = 2;

	if (m->mode == MARKUP_XML)
		e = find_end(m, &m->pi_end, p, "?>", 2);
	if (e == NULL || e == m->end) {
		markup_note(m, MARKUP_UNTERMINATED, m->at);
		len = 1;
		for (e = p; e < m->end && *e != '>' && *e != '<'; e++)
			;
		if (e == m->end || *e == '<')
			return bare_lt(m, t);
	}
	t->kind = MARKUP_PI;
	t->text.p = p;
	t->text.n = e - p;
	return finish(m, t, e + len);
}

/* <!ENTITY name "value"> at p (behind "<!ENTITY"). */
static void
declare(struct markup *m, const char *p)
{
	struct markup_str name, value;
	const char *q;

	p = skip_ws(p, m->end);
	for (name.p = p; p < m->end && !is(*p, STOP_NAME) && *p != '%'; p++)
		;
	name.n = p - name.p;
	p = skip_ws(p, m->end);
	if (name.n == 0 || p >= m->end || (*p != '"' && *p != '\''))
		return; /* parameter or external entity */
	if (m->nentities == MARKUP_ENTITIES) {
		m->undeclared = true;
		return;
	}
	q = memchr(p + 1, *p, m->end - p - 1);
	if (q == NULL)
		return;
	value.p = p + 1;
	value.n = q - value.p;
	m->entities[m->nentities].name = name;
	m->entities[m->nentities++].value = value;
}

/* Behind the internal subset that starts at p; NULL if it has no end. */
static const char *
subset(struct markup *m, const char *p)
{
	const char *q;

	while (p < m->end && *p != ']') {
		if (m->end - p > 4 && memcmp(p, "<!--", 4) == 0) {
			q = find_end(m, &m->comment_end, p + 4, "-->", 3);
			p = q < m->end ? q + 3 : m->end;
			continue;
		}
		if (m->end - p > 9 && memcmp(p, "<!ENTITY", 8) == 0)
			declare(m, p + 8);
		/* A tag: the subset has lost its end. */
		if (*p == '<' && p + 1 < m->end && is(p[1], NAME_START))
			return NULL;
		if (*p == '"' || *p == '\'') {
			q = memchr(p + 1, *p, m->end - p - 1);
			if (q == NULL)
				return NULL;
			p = q;
		}
		p++;
	}
	return p < m->end ? p + 1 : NULL;
}

static bool
doctype_token(struct markup *m, struct markup_token *t)
{
	const char *p = m->at + 2, *q;
	bool vain = false;

	t->kind = MARKUP_DOCTYPE;
	t->text.p = p;
	while (p < m->end && *p != '>' && *p != '<') {
		if (*p == '[' && m->mode == MARKUP_XML && !m->no_subset_end) {
			q = subset(m, p + 1);
			if (q == NULL) {
				markup_note(m, MARKUP_UNTERMINATED, m->at);
				m->no_subset_end = true;
				q = p + 1;
			}
			vain = true; /* unless the end follows */
			p = q;
			continue;
		}
		p++;
	}
	if (p >= m->end || *p == '<') {
		/* What was read of a subset lies ahead again. */
		m->no_subset_end = m->no_subset_end || vain;
		return bare_lt(m, t);
	}
	t->text.n = p - t->text.p;
	return finish(m, t, p + 1);
}

bool
markup_next(struct markup *m, struct markup_token *t)
{
	size_t left = m->end - m->at;

	t->source.p = m->at;
	t->text.p = m->at; /* also of kinds that have none */
	t->text.n = 0;
	t->nattrs = 0;
	t->empty = t->skipped = false;
	if (left == 0)
		return false;
	if (m->raw != 0 && raw_token(m, t))
		return true;
	if (*m->at != '<')
		return text_token(m, t, m->at);
	if (left < 2)
		return bare_lt(m, t);
	if (m->at[1] == '!') {
		if (left >= 4 && memcmp(m->at, "<!--", 4) == 0)
			return comment_token(m, t);
		if (left >= 9 && memcmp(m->at, "<![CDATA[", 9) == 0)
			return cdata_token(m, t);
		if (left >= 9 && strncasecmp(m->at, "<!DOCTYPE", 9) == 0)
			return doctype_token(m, t);
		return bare_lt(m, t);
	}
	if (m->at[1] == '?')
		return pi_token(m, t);
	return tag_token(m, t);
}

const struct markup_str *
markup_attr(const struct markup *m, const struct markup_token *t, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < t->nattrs; i++) {
		const struct markup_str *a = &m->attrs[i].name;

		if (a->n == n && strncasecmp(a->p, name, n) == 0)
			return &m->attrs[i].value;
	}
	return NULL;
}
