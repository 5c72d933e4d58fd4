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

static const struct {
	const char *name;
	bool (*hides)(const char *value);
} tricks[] = {
    {"display", is_none},
    {"visibility", is_hidden},
    {"content-visibility", is_hidden},
    {"opacity", is_faint},
    {"font-size", tiny},
    {"font", font_tiny},
    {"width", is_nothing},
    {"max-width", is_nothing},
    {"max-height", is_nothing},
    {"text-indent", off_screen},
    {"left", off_screen},
    {"top", off_screen},
    {"right", off_screen},
    {"bottom", off_screen},
    {"margin-left", off_screen},
    {"margin-top", off_screen},
    {"clip", cuts},
    {"clip-path", cuts},
    {"transform", cuts},
};

/* One declaration, lower case, without white space. */
static bool
declaration(struct style *st, const char *name, const char *value)
{
	if (strcmp(name, "color") == 0) {
		st->colour = colour(value);
		return strncmp(value, "transparent", 11) == 0;
	}
	if (strncmp(name, "background", 10) == 0 && colour(value) >= 0)
		st->ground = colour(value);
	if (strcmp(name, "height") == 0)
		st->flat = is_nothing(value);
	if (strncmp(name, "padding", 7) == 0)
		st->padded = !is_nothing(value);
	for (size_t i = 0; i < sizeof(tricks) / sizeof(tricks[0]); i++)
		if (strcmp(name, tricks[i].name) == 0)
			return tricks[i].hides(value);
	return false;
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

bool
html_style_hides(const char *s, size_t n)
{
	char flat[STYLE_MAX + 1], *p = flat, *next, *value;
	struct style st = {-1, -1, false, false};

	flatten(flat, s, n);
	for (; p != NULL; p = next) {
		next = strchr(p, ';');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(p, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (declaration(&st, p, value))
			return true;
	}
	return (st.flat && !st.padded) ||
	       (st.colour >= 0 && st.ground >= 0 && alike(st.colour, st.ground));
}

bool
html_sheet_hides(const char *s, size_t n)
{
	const char *end = s + n, *open = NULL;

	/* The innermost braces are the rules; @media stands around them. */
	for (; s < end; s++) {
		if (*s == '{')
			open = s + 1;
		if (*s != '}' || open == NULL)
			continue;
		if (html_style_hides(open, s - open))
			return true;
		open = NULL;
	}
	return false;
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
