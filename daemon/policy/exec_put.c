/* SPDX-License-Identifier: Apache-2.0 */
/* exec_put: the lines that a program gets; see exec_proto.h. */
#include <string.h>

#include "base/clock.h"
#include "policy/exec_proto.h"

void
exec_put_string(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0;

	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_put(b, s + from, i - from);
		from = i + 1;
		if (c == '\n') {
			buf_put(b, "\\n", 2);
		} else if (c == '"' || c == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)c);
		} else {
			buf_put(b, "\\u00", 4);
			buf_putc(b, hex[c >> 4]);
			buf_putc(b, hex[c & 15]);
		}
	}
	buf_put(b, s + from, n - from);
	buf_putc(b, '"');
}

static void
put_str(struct buf *b, const char *s)
{
	exec_put_string(b, s, strlen(s));
}

void
exec_put_start(struct buf *b, const struct conf_plugin *c)
{
	buf_printf(b, "{\"t\":\"start\",\"proto\":[%d,%d],\"plugin\":", EXEC_VERSION,
	    EXEC_VERSION);
	put_str(b, c->name);
	buf_printf(b, ",\"window\":%u,\"deadline_ms\":%lld,\"settings\":{", c->window,
	    (long long)c->deadline);
	for (size_t i = 0; i < c->nsettings; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_str(b, c->settings[i].key);
		buf_putc(b, ':');
		put_str(b, c->settings[i].value);
	}
	buf_puts(b, "}}\n");
}

/* `text' comes first, so that a plugin in a language without JSON finds it. */
static void
put_field(struct buf *b, const char *key, struct tosd_str s, bool *first)
{
	if (!*first)
		buf_putc(b, ',');
	*first = false;
	buf_putc(b, '"');
	buf_puts(b, key);
	buf_put(b, "\":", 2);
	exec_put_string(b, s.ptr, s.len);
}

static void
put_medium(struct buf *b, const struct item_media *m)
{
	const struct {
		const char *key, *value;
	} v[] = {{"url", m->url}, {"type", m->type}, {"sha256", m->sha256},
	    {"md5", m->md5}, {"pdq", m->pdq}, {"why", m->why}};
	bool first = true;

	buf_putc(b, '{');
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].value != NULL)
			put_field(b, v[i].key,
			    (struct tosd_str){v[i].value, strlen(v[i].value)}, &first);
	if (m->pdq != NULL)
		buf_printf(b, ",\"quality\":%d", (int)m->quality);
	buf_putc(b, '}');
}

static void
put_media(struct buf *b, const struct exec_item *it, bool first)
{
	buf_puts(b, first ? "\"media\":[" : ",\"media\":[");
	for (size_t i = 0; i < it->nmedia; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_medium(b, &it->media[i]);
	}
	buf_putc(b, ']');
}

void
exec_put_item(struct buf *b, const struct exec_item *it)
{
	const struct tosd_str v[] = {
	    it->text, it->lang, it->url, {NULL, 0}, it->author, it->tenant};
	bool first = true;

	buf_printf(b, "{\"t\":\"item\",\"seq\":%llu,\"deadline_ms\":%lld",
	    (unsigned long long)it->seq, (long long)it->deadline);
	if (it->as_of != CLOCK_NONE)
		buf_printf(b, ",\"as_of\":%lld", (long long)it->as_of);
	buf_puts(b, ",\"item\":{");
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (it->want & 1u << i && v[i].ptr != NULL)
			put_field(b, exec_field_name(i), v[i], &first);
	if (it->want & EXEC_LINKS) {
		buf_puts(b, first ? "\"links\":[" : ",\"links\":[");
		for (size_t i = 0; i < it->nlinks; i++) {
			if (i > 0)
				buf_putc(b, ',');
			put_str(b, it->links[i]);
		}
		buf_putc(b, ']');
		first = false;
	}
	if (it->want & EXEC_MEDIA)
		put_media(b, it, first);
	buf_puts(b, "}}\n");
}

void
exec_put_set(struct buf *b, const char *name, const char *const *v, size_t n)
{
	buf_puts(b, "{\"t\":\"sets\",\"sets\":{");
	put_str(b, name);
	buf_puts(b, ":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_str(b, v[i]);
	}
	buf_puts(b, "]}}\n");
}

void
exec_put_word(struct buf *b, const char *type)
{
	buf_printf(b, "{\"t\":\"%s\"}\n", type);
}
