/* SPDX-License-Identifier: Apache-2.0 */
/* pack_say: see pack_say.h. */
#include "tosctl/pack_say.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define WORDS_SHOWN 6
#define VALUE 300 /* characters of a value */

void
pack_say_short(const char *s, size_t most)
{
	size_t n = text_prefix(s, most);
	struct buf b = {0};

	text_escape_buf(&b, s, n);
	printf("%s%s", b.data != NULL ? b.data : "", s[n] != '\0' ? "..." : "");
	buf_free(&b);
}

void
pack_say(const char *s)
{
	pack_say_short(s, SIZE_MAX);
}

static void
say_value(const json_t *v)
{
	char *text = json_dumps(v,
	    JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));

	pack_say_short(text != NULL ? text : "nothing", VALUE);
	free(text);
}

static void
say_members(const char *sign, const json_t *v)
{
	size_t n = json_array_size(v);

	for (size_t i = 0; i < n && i < WORDS_SHOWN; i++) {
		printf("\n      %s ", sign);
		say_value(json_array_get(v, i));
	}
	if (n > WORDS_SHOWN)
		printf("\n      %s and %zu more", sign, n - WORDS_SHOWN);
}

static void
say_changes(const char *what, const json_t *changes)
{
	json_t *c;
	size_t i;

	json_array_foreach(changes, i, c)
	{
		printf("    %s", what);
		pack_say(json_string_value(json_object_get(c, "key")));
		putchar(':');
		if (json_object_get(c, "added") != NULL) {
			say_members("-", json_object_get(c, "removed"));
			say_members("+", json_object_get(c, "added"));
		} else {
			putchar(' ');
			say_value(json_object_get(c, "from"));
			printf(" -> ");
			say_value(json_object_get(c, "to"));
		}
		putchar('\n');
	}
}

void
pack_say_change(const json_t *o)
{
	const char *kind = json_string_value(json_object_get(o, "kind"));
	const char *name = json_string_value(json_object_get(o, kind));
	const char *change = json_string_value(json_object_get(o, "change"));

	printf("%s ", kind);
	pack_say(name);
	printf(": %s", change);
	if (json_object_get(o, "rev_a") != NULL)
		printf(", rev %lld -> %lld",
		    (long long)json_integer_value(json_object_get(o, "rev_a")),
		    (long long)json_integer_value(json_object_get(o, "rev_b")));
	putchar('\n');
	say_changes("", json_object_get(o, "changes"));
	say_changes("list @", json_object_get(o, "lists"));
	say_changes("context ", json_object_get(o, "contexts"));
	if (json_is_true(json_object_get(o, "unraised")))
		printf("    warning: %s was not raised\n",
		    strcmp(kind, "pack") == 0 ? "its `version'"
					      : "it means something else, and `rev'");
}
