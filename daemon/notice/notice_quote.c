/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_quote: short quotes of tenant text and harmless forms of addresses.  Both
 * are for people's eyes; the evidence holds the exact bytes.  See notice.h.
 */
#include "notice/notice.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define ELLIPSIS "\xe2\x80\xa6"

static bool
begins(const char *s, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - s) >= n && strncasecmp(s, with, n) == 0;
}

/* The bytes at s that need another form: *form is set, the number eaten returned;
 * 0 if none does.  *host says whether we are inside the host of an address. */
static size_t
defanged(const char *s, const char *end, bool *host, const char **form)
{
	static const struct {
		const char *from, *to;
	} starts[] = {{"http://", "hxxp://"}, {"https://", "hxxps://"},
	    {"ftp://", "fxp://"}, {"javascript:", "javascript[:]"},
	    {"data:", "data[:]"}};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (begins(s, end, starts[i].from)) {
			*host = i < 3;
			*form = starts[i].to;
			return strlen(starts[i].from);
		}
	if (begins(s, end, "www.")) {
		*host = true;
		*form = "www[.]";
		return 4;
	}
	if (*host && *s == '.') {
		*form = "[.]";
		return 1;
	}
	if (strchr("/?#\"'<>() ", *s) != NULL)
		*host = false;
	return 0;
}

static void
put_defanged(struct buf *b, const char *s, size_t n, bool host)
{
	const char *end = s + n;

	while (s < end) {
		const char *form;
		size_t eaten = defanged(s, end, &host, &form);

		if (eaten > 0)
			buf_puts(b, form);
		else
			buf_putc(b, *s);
		s += eaten > 0 ? eaten : 1;
	}
}

/* Appends s[0, n) on one line: white space runs become a space, controls and
 * direction marks go, broken bytes become U+FFFD.  Returns characters appended. */
static size_t
put_clean(struct buf *b, const char *s, size_t n)
{
	size_t chars = 0;
	uint32_t cp;

	while (n > 0) {
		int len = text_decode(s, n, &cp);
		bool space =
		    len == 1 && strchr(" \t\n\r\f\v", s[0]) != NULL && s[0] != '\0';

		if (space) {
			if (b->len == 0 || b->data[b->len - 1] != ' ') {
				buf_putc(b, ' ');
				chars++;
			}
		} else if (len == 0 || !text_is_control(cp)) {
			text_encode(b, len == 0 ? 0xfffd : cp);
			chars++;
		}
		s += len == 0 ? 1 : len;
		n -= len == 0 ? 1 : (size_t)len;
	}
	return chars;
}

/* Joins pieces: never two spaces, none at the beginning. */
static void
join(struct buf *all, const struct buf *piece)
{
	size_t skip = piece->len > 0 && piece->data[0] == ' ' &&
		      (all->len == 0 || all->data[all->len - 1] == ' ');

	if (piece->len > skip)
		buf_put(all, piece->data + skip, piece->len - skip);
}

void
notice_defang(struct buf *b, const char *url)
{
	struct buf clean = {0};

	url += strspn(url, " \t\r\n");
	put_clean(&clean, url, strlen(url));
	put_defanged(b, clean.data == NULL ? "" : clean.data, clean.len, true);
	buf_free(&clean);
}

static bool
is_tail(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

/* The last n characters of s[0, len): where they begin. */
static size_t
suffix_start(const char *s, size_t len, size_t n)
{
	for (; n > 0 && len > 0; n--) {
		len--;
		while (len > 0 && is_tail(s[len]))
			len--;
	}
	return len;
}

/* What a quote is made of: cleaned pieces before, in and after the span. */
struct pieces {
	struct buf before, span, after;
	size_t nbefore, nspan, nafter; /* characters */
};

/* Cuts the end of b to n characters with an ellipsis as the last. */
static void
cut_end(struct buf *b, size_t n)
{
	b->len = text_prefix(b->data, n > 0 ? n - 1 : 0);
	b->data[b->len] = '\0';
	buf_puts(b, ELLIPSIS);
}

/* The same at the beginning. */
static void
cut_start(struct buf *b, size_t n)
{
	size_t from = suffix_start(b->data, b->len, n > 0 ? n - 1 : 0);
	struct buf cut = {0};

	buf_puts(&cut, ELLIPSIS);
	buf_put(&cut, b->data + from, b->len - from);
	buf_free(b);
	*b = cut;
}

/* Shares max characters out: the span first, what is left to both sides alike, and
 * what one side does not need to the other. */
static void
fit(struct pieces *p, size_t max)
{
	size_t left, b, a;

	if (p->nspan > max) {
		cut_end(&p->span, max);
		buf_reset(&p->before);
		buf_reset(&p->after);
		return;
	}
	left = max - p->nspan;
	b = p->nbefore < left / 2 ? p->nbefore : left / 2;
	a = p->nafter < left - b ? p->nafter : left - b;
	if (p->nbefore > b)
		b = p->nbefore < left - a ? p->nbefore : left - a;
	if (b == 0)
		buf_reset(&p->before);
	else if (b < p->nbefore)
		cut_start(&p->before, b);
	if (a == 0)
		buf_reset(&p->after);
	else if (a < p->nafter)
		cut_end(&p->after, a);
}

void
notice_quote(
    struct buf *b, const char *body, size_t start, size_t end, size_t max_chars)
{
	size_t n = strlen(body), from, to;
	struct pieces p = {{0}};
	struct buf all = {0};

	end = end > n ? n : end;
	start = start > end ? end : start;
	while (start > 0 && is_tail(body[start]))
		start--;
	while (end < n && is_tail(body[end]))
		end++;
	/* Cleaning only shortens; a window of some more than max is looked at, so that
	 * a quote of a huge text costs no more than one of a small text. */
	from = suffix_start(body, start, max_chars * 4 + 64);
	to = end + text_prefix(body + end, max_chars * 4 + 64);
	if (end - start > max_chars * 16 + 64)
		end = start + text_prefix(body + start, max_chars * 4 + 64);
	p.nbefore = put_clean(&p.before, body + from, start - from);
	p.nspan = put_clean(&p.span, body + start, end - start);
	p.nafter = put_clean(&p.after, body + end, to < end ? 0 : to - end);
	if (max_chars == 0)
		goto out;
	fit(&p, max_chars);
	join(&all, &p.before);
	join(&all, &p.span);
	join(&all, &p.after);
	if (all.len > 0 && all.data[all.len - 1] == ' ')
		all.len--;
	put_defanged(b, all.data == NULL ? "" : all.data, all.len, false);
out:
	buf_free(&all);
	buf_free(&p.before);
	buf_free(&p.span);
	buf_free(&p.after);
}
