/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_json: a member of an answer or an entry, left out where there is nothing to say;
 * and what was asked.
 */
#ifndef TOSD_ENGINE_JSON_H
#define TOSD_ENGINE_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

/* RFC 3339; CLOCK_NONE: left out. */
static inline void
json_set_time(json_t *o, const char *key, int64_t ms)
{
	char t[CLOCK_TEXT];

	if (ms != CLOCK_NONE)
		json_object_set_new(o, key, json_string(clock_format(ms, t)));
}

/* NULL: left out. */
static inline void
json_set_text(json_t *o, const char *key, const char *s)
{
	if (s != NULL)
		json_object_set_new(o, key, json_string(s));
}

/* Bytes of anybody, as text: what is no UTF-8 becomes U+FFFD. */
static inline json_t *
json_repaired(const char *s)
{
	struct buf b = {0};
	json_t *o;

	text_repair(&b, s, strlen(s));
	o = json_stringn(b.data != NULL ? b.data : "", b.len);
	buf_free(&b);
	return o;
}

/* NULL: left out. */
static inline void
json_set_repaired(json_t *o, const char *key, const char *s)
{
	if (s != NULL)
		json_object_set_new(o, key, json_repaired(s));
}

static inline void
json_set_int(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

/* The text that a request has under key, or NULL. */
static inline const char *
json_get_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

#endif
