/* SPDX-License-Identifier: Apache-2.0 */
/* html_hidden: inline styles against a table of tricks; see html_hidden.h. */
#include "feed/html_hidden.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STYLE_MAX 4096	  /* bytes of a style that are looked at */
#define OFF_SCREEN -500.0 /* px: nothing is moved so far to be seen */
#define SAME_COLOUR 8	  /* steps of 256 that nobody tells apart */

/* What the declarations seen so far say together. */
struct style {
	long colour, ground; /* 0xrrggbb, -1 where not said */
	bool flat, padded;   /* no height, but for padding: a frame for a film */
	bool clear;	     /* the colour of nothing */
	bool boxed, placed, loose, clipped;
	uint32_t tricks, important; /* bits by trick: in force, and for good */
	bool any;		    /* one was tried */
	uint8_t shows;
};

/* A number at s with its unit in *unit; NAN if there is none. */
static double
number(const char *s, const char **unit)
{
	char *end;
	double v = strtod(s, &end);

	*unit = end;
	return end == s ? (double)NAN : v;
}

/* Zero, whatever the unit, or no more than a pixel. */
static bool
tiny(const char *s)
{
	const char *unit;
	double v = number(s, &unit);

	return v <= 0.05 || (v <= 1 && strncmp(unit, "px", 2) == 0);
}

static bool
off_screen(const char *s)
{
	const char *unit;
	double v = number(s, &unit);

	if (strncmp(unit, "em", 2) == 0 || strncmp(unit, "rem", 3) == 0)
		v *= 16;
	return v <= OFF_SCREEN || (*unit == '%' && v <= -100);
}

static bool
is_none(const char *s)
{
	return strncmp(s, "none", 4) == 0;
}

static bool
is_hidden(const char *s)
{
	return strncmp(s, "hidden", 6) == 0 || strncmp(s, "collapse", 8) == 0;
}

static bool
is_faint(const char *s)
{
	const char *unit;
	double v = number(s, &unit);

	return v <= 0.05 || (*unit == '%' && v <= 5);
}

static bool
is_nothing(const char *s)
{
	const char *unit;

	return number(s, &unit) == 0;
}

/* rect(0,0,0,0), inset(50%), circle(0), scale(0), translate(-9999px): one number
 * decides. */
static bool
cuts(const char *s)
{
	const char *p = strchr(s, '('), *unit;
	double v;

	if (p == NULL)
		return false;
	v = number(p + 1, &unit);
	if (strncmp(s, "rect", 4) == 0)
		return v <= 1 && strstr(p, "auto") == NULL;
	if (strncmp(s, "inset", 5) == 0)
		return *unit == '%' && v >= 50;
	if (strncmp(s, "translate", 9) == 0)
		return off_screen(p + 1);
	return (strncmp(s, "circle", 6) == 0 || strncmp(s, "scale", 5) == 0) && v <= 0;
}

static bool
font_tiny(const char *s)
{
	/* The size is the part with a unit or a slash: font:0/0 a, font:0px x */
	for (; *s != '\0'; s++)
		if (*s == '0' && (s[1] == '/' || strncmp(s + 1, "px", 2) == 0) &&
		    (s[-1] < '0' || s[-1] > '9') && s[-1] != '.')
			return true;
	return false;
}

/* --- colours --- */

static long
hex_colour(const char *s)
{
	char *end;
	long v = strtol(s, &end, 16);

	if (end - s == 6)
		return v;
	if (end - s != 3)
		return -1;
	return (v >> 8 & 15) * 0x110000 + (v >> 4 & 15) * 0x1100 + (v & 15) * 0x11;
}

static long
colour(const char *s)
{
	static const struct {
		const char *name;
		long value;
	} names[] = {{"white", 0xffffff}, {"black", 0}, {"red", 0xff0000},
	    {"blue", 0xff}, {"green", 0x8000}, {"yellow", 0xffff00}, {"gray", 0x808080},
	    {"grey", 0x808080}, {"silver", 0xc0c0c0}, {"snow", 0xfffafa},
	    {"ivory", 0xfffff0}, {"whitesmoke", 0xf5f5f5}};
	int r, g, b;

	if (*s == '#')
		return hex_colour(s + 1);
	if (sscanf(s, "rgb(%3d,%3d,%3d)", &r, &g, &b) == 3)
		return (r & 255) << 16 | (g & 255) << 8 | (b & 255);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i].name);

		if (strncmp(s, names[i].name, n) == 0 && (s[n] < 'a' || s[n] > 'z'))
			return names[i].value;
	}
	return -1;
}

static bool
alike(long a, long b)
{
	for (int shift = 0; shift <= 16; shift += 8)
		if (labs((a >> shift & 255) - (b >> shift & 255)) > SAME_COLOUR)
			return false;
	return true;
}

/* --- declarations --- */

/* What a trick takes to work; elsewhere browsers pay no heed to it. */
enum needs {
	NEEDS_NONE,
	NEEDS_BOX,   /* a block, or what is made one */
	NEEDS_CLIP,  /* the same, and its overflow is cut off */
	NEEDS_PLACE, /* a position of its own */
	NEEDS_LOOSE, /* one out of the flow */
};

static const struct {
	const char *name;
	bool (*hides)(const char *value);
	uint8_t cover;
	enum needs needs;
} tricks[] = {
    {"display", is_none, HTML_COVER_GONE, NEEDS_NONE},
    {"visibility", is_hidden, HTML_COVER_SIGHT, NEEDS_NONE},
    {"content-visibility", is_hidden, HTML_COVER_FAINT, NEEDS_BOX},
    {"opacity", is_faint, HTML_COVER_FAINT, NEEDS_NONE},
    {"font-size", tiny, HTML_COVER_SIZE, NEEDS_NONE},
    {"font", font_tiny, HTML_COVER_SIZE, NEEDS_NONE},
    {"width", is_nothing, HTML_COVER_GONE, NEEDS_CLIP},
    {"max-width", is_nothing, HTML_COVER_GONE, NEEDS_CLIP},
    {"max-height", is_nothing, HTML_COVER_GONE, NEEDS_CLIP},
    {"text-indent", off_screen, HTML_COVER_GONE, NEEDS_BOX},
    {"left", off_screen, HTML_COVER_GONE, NEEDS_PLACE},
    {"top", off_screen, HTML_COVER_GONE, NEEDS_PLACE},
    {"right", off_screen, HTML_COVER_GONE, NEEDS_PLACE},
    {"bottom", off_screen, HTML_COVER_GONE, NEEDS_PLACE},
    {"margin-left", off_screen, HTML_COVER_GONE, NEEDS_NONE},
    {"margin-top", off_screen, HTML_COVER_GONE, NEEDS_BOX},
    {"clip", cuts, HTML_COVER_GONE, NEEDS_LOOSE},
    {"clip-path", cuts, HTML_COVER_FAINT, NEEDS_NONE},
    {"transform", cuts, HTML_COVER_FAINT, NEEDS_BOX},
};
#define NTRICKS (sizeof(tricks) / sizeof(tricks[0]))

static bool
begins(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}
#define BEGINS(s, words) begins(s, words, sizeof(words) / sizeof(words[0]))

/* What makes a box of an element, and what it takes to be seen. */
static void
take_layout(struct style *st, const char *name, const char *value)
{
	static const char *const boxes[] = {
	    "block", "inline-", "flex", "grid", "table", "list-item", "flow-root"};
	static const char *const shows[] = {"inline", "block", "flex", "grid", "table",
	    "list-item", "flow-root", "contents", "ruby", "initial", "unset", "revert"};
	static const char *const loose[] = {"absolute", "fixed"};
	static const char *const placed[] = {
	    "absolute", "fixed", "relative", "sticky", "-webkit-sticky"};
	static const char *const cut[] = {"hidden", "clip", "scroll", "auto"};

	if (strcmp(name, "display") == 0) {
		st->boxed |= BEGINS(value, boxes);
		if (BEGINS(value, shows))
			st->shows |= HTML_COVER_GONE;
	} else if (strcmp(name, "position") == 0) {
		st->placed = BEGINS(value, placed);
		st->loose = BEGINS(value, loose);
	} else if (strcmp(name, "float") == 0) {
		st->boxed |= !is_none(value);
	} else if (strncmp(name, "overflow", 8) == 0) {
		st->clipped |= BEGINS(value, cut);
	} else if (strcmp(name, "visibility") == 0 &&
		   strncmp(value, "visible", 7) == 0) {
		st->shows |= HTML_COVER_SIGHT;
	} else if (strncmp(name, "font", 4) == 0 &&
		   (name[4] == '\0' || strcmp(name + 4, "-size") == 0)) {
		if (!tiny(value) && !font_tiny(value) && strpbrk(value, "123456789"))
			st->shows |= HTML_COVER_SIZE;
	}
}

/* A later one replaces an earlier one, unless that is important; one that no browser
 * understands replaces nothing. */
static void
take_trick(struct style *st, size_t i, const char *value)
{
	uint32_t bit = (uint32_t)1 << i;
	bool hides = tricks[i].hides(value);
	bool important = strstr(value, "!important") != NULL;

	st->any |= hides;
	if ((st->important & bit) != 0 && !important)
		return;
	if (!hides && tricks[i].cover == HTML_COVER_GONE && i == 0 &&
	    (st->shows & HTML_COVER_GONE) == 0)
		return;
	if (important)
		st->important |= bit;
	st->tricks = hides ? st->tricks | bit : st->tricks & ~bit;
}

/* One declaration, lower case, without white space. */
static void
declaration(struct style *st, const char *name, const char *value)
{
	if (strcmp(name, "color") == 0) {
		st->colour = colour(value);
		st->clear = strncmp(value, "transparent", 11) == 0;
		st->any |= st->clear;
	}
	if (strncmp(name, "background", 10) == 0 && colour(value) >= 0)
		st->ground = colour(value);
	if (strcmp(name, "height") == 0)
		st->flat = is_nothing(value);
	if (strncmp(name, "padding", 7) == 0)
		st->padded = !is_nothing(value);
	take_layout(st, name, value);
	for (size_t i = 0; i < NTRICKS; i++)
		if (strcmp(name, tricks[i].name) == 0)
			take_trick(st, i, value);
}

static bool
works(const struct style *st, enum needs needs)
{
	bool boxed = st->boxed || st->loose;

	return needs == NEEDS_NONE || (needs == NEEDS_BOX && boxed) ||
	       (needs == NEEDS_CLIP && boxed && st->clipped) ||
	       (needs == NEEDS_PLACE && st->placed) ||
	       (needs == NEEDS_LOOSE && st->loose);
}

/* A copy that is lower case and has no white space and no comments. */
static void
flatten(char *to, const char *s, size_t n)
{
	const char *end = s + (n < STYLE_MAX ? n : STYLE_MAX);

	while (s < end) {
		if (*s == '/' && s + 1 < end && s[1] == '*') {
			for (s += 2; s < end && !(s[-1] == '*' && *s == '/'); s++)
				;
			s++;
			continue;
		}
		if ((uint8_t)*s > ' ')
			*to++ = *s >= 'A' && *s <= 'Z' ? *s + 32 : *s;
		s++;
	}
	*to = '\0';
}

/* All together. */
static void
sum_up(const struct style *st, struct html_style *out)
{
	bool flat = st->flat && !st->padded;
	bool same = st->colour >= 0 && st->ground >= 0 && alike(st->colour, st->ground);

	out->tried |= st->any || flat || same;
	out->shows |= st->shows;
	if (st->colour >= 0 && !same)
		out->shows |= HTML_COVER_COLOUR;
	if (st->shows & HTML_COVER_GONE) /* a class or attribute said otherwise */
		out->covers &= (uint8_t)~HTML_COVER_GONE;
	for (size_t i = 0; i < NTRICKS; i++)
		if ((st->tricks >> i & 1) != 0 && works(st, tricks[i].needs))
			out->covers |= tricks[i].cover;
	if (flat && works(st, NEEDS_CLIP))
		out->covers |= HTML_COVER_GONE;
	if (st->clear || same)
		out->covers |= HTML_COVER_COLOUR;
}

void
html_style_read(const char *s, size_t n, bool block, struct html_style *out)
{
	char flat[STYLE_MAX + 1], *p = flat, *next, *value;
	struct style st = {.colour = -1, .ground = -1, .boxed = block};

	flatten(flat, s, n);
	for (; p != NULL; p = next) {
		next = strchr(p, ';');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(p, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		declaration(&st, p, value);
	}
	sum_up(&st, out);
}

/* "d-md-block" beside "d-none": shown on larger screens. */
static bool
shown_again(const char *s, size_t n)
{
	static const char *const sizes[] = {
	    "d-sm-", "d-md-", "d-lg-", "d-xl-", "d-xxl-"};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = strlen(sizes[i]);

		if (n > len && strncasecmp(s, sizes[i], len) == 0)
			return n != len + 4 || strncasecmp(s + len, "none", 4) != 0;
	}
	return false;
}

enum html_class
html_class_of(const char *s, size_t n)
{
	static const struct {
		const char *name;
		enum html_class class;
	} names[] = {
	    {"sr-only", HTML_CLASS_SPOKEN},
	    {"screen-reader-text", HTML_CLASS_SPOKEN},
	    {"visually-hidden", HTML_CLASS_SPOKEN},
	    {"visuallyhidden", HTML_CLASS_SPOKEN},
	    {"element-invisible", HTML_CLASS_SPOKEN},
	    {"d-none", HTML_CLASS_HIDDEN},
	};
	enum html_class class = HTML_CLASS_SHOWN;
	const char *end = s + n, *p;
	bool shown = false;

	for (; s < end; s = p + 1) {
		for (p = s; p < end && (uint8_t)*p > ' '; p++)
			;
		shown = shown || shown_again(s, p - s);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == (size_t)(p - s) &&
			    strncasecmp(names[i].name, s, p - s) == 0 &&
			    class < names[i].class)
				class = names[i].class;
	}
	return class == HTML_CLASS_HIDDEN && shown ? HTML_CLASS_SHOWN : class;
}

static bool
word_byte(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
}

/* U+200B to U+200D, U+2060 and U+FEFF, at the first of their three bytes. */
static bool
no_width(const char *p)
{
	uint8_t b = (uint8_t)p[1], c = (uint8_t)p[2];

	if ((uint8_t)*p == 0xef)
		return b == 0xbb && c == 0xbf;
	return (b == 0x80 && c >= 0x8b && c <= 0x8d) || (b == 0x81 && c == 0xa0);
}

bool
html_text_broken(const char *s, size_t n)
{
	static const int leads[] = {0xe2, 0xef};
	const char *end = s + n;

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		for (const char *p = s; (p = memchr(p, leads[i], end - p)) != NULL; p++)
			if (p > s && end - p > 3 && no_width(p) && word_byte(p[-1]) &&
			    word_byte(p[3]))
				return true;
	return false;
}
