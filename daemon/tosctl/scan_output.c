/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_output: results as lines, and where they go while plugins run in this process;
 * see tosctl_scan.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/text.h"
#include "tosctl/print_json.h"
#include "tosctl/tosctl_scan.h"

/* --- where */

FILE *
scan_own_output(void)
{
	static FILE *own;
	int fd;

	if (own != NULL)
		return own;
	fflush(stdout);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	own = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (own == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		own = stdout;
	return own;
}

static int lost; /* errno of the first that was not taken */

/* Right after a call that may have failed: later errno is of something else, and the
 * next call may go well again. */
static void
note_lost(void)
{
	if (lost == 0 && ferror(scan_own_output()))
		lost = errno != 0 ? errno : EIO;
}

void
scan_flush_output(void)
{
	fflush(scan_own_output());
	note_lost();
}

int
scan_output_lost(void)
{
	scan_flush_output();
	return lost;
}

void
scan_write_output(const struct buf *b)
{
	fwrite(b->data, 1, b->len, scan_own_output());
	note_lost();
}

void
scan_print_json(json_t *o)
{
	print_json(scan_own_output(), o, JSON_REAL_PRECISION(6));
	note_lost();
	json_decref(o);
}

/* --- what */

json_t *
scan_finding_json(const struct finding *f)
{
	json_t *spans = json_array();

	for (size_t i = 0; i < f->nspans; i++)
		json_array_append_new(spans,
		    json_pack("[ii]", (int)f->spans[i].start, (int)f->spans[i].end));
	return json_pack("{ss si ss ss ss ss sf so ss ss}", "rule", f->rule, "rev",
	    (int)f->rev, "pack", f->pack, "clause", f->clause, "category", f->category,
	    "severity", finding_severity_name(f->severity), "score", f->score, "spans",
	    spans, "reason", f->reason, "mode", finding_mode_name(f->mode));
}

/* Lines of results are put together by hand, as jansson would write them: a tree of
 * objects for each cost as much as judging the item. */
static void
put_string(struct buf *b, const char *s)
{
	struct buf repaired = {0};

	if (line_put_str(b, s, false))
		return;
	text_repair(&repaired, s, strlen(s));
	buf_putc(&repaired, '\0');
	line_put_str(b, repaired.data, false);
	buf_free(&repaired);
}

/* Six digits, and a point or an exponent, so that it is a real number in any reader. */
static void
put_real(struct buf *b, double v)
{
	char text[40], *e;

	if (v == 0) {
		buf_puts(b, "0.0");
		return;
	}
	snprintf(text, sizeof(text), "%.6g", v);
	e = strchr(text, 'e');
	if (e == NULL && strchr(text, '.') == NULL)
		strcat(text, ".0");
	if (e != NULL && (e[1] == '-' || e[1] == '+')) {
		char *digits = e + 2, *to = e[1] == '-' ? e + 2 : e + 1;

		while (*digits == '0' && digits[1] != '\0')
			digits++;
		memmove(to, digits, strlen(digits) + 1);
	}
	buf_puts(b, text);
}

static int
put_piece(const char *s, size_t n, void *ctx)
{
	buf_put(ctx, s, n);
	return 0;
}

static void
put_finding(struct buf *b, const struct finding *f)
{
	json_t *o = scan_finding_json(f);

	json_dump_callback(o, put_piece, b, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(o);
}

static void
put_id(struct buf *b, const json_t *id)
{
	if (json_is_string(id))
		put_string(b, json_string_value(id));
	else
		buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
}

void
scan_put_result(struct buf *b, const json_t *id, const struct scan_result *r)
{
	buf_puts(b, "{\"id\":");
	put_id(b, id);
	buf_puts(b, ",\"scores\":{");
	for (size_t i = 0; i < r->nscores; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_string(b, r->scores[i].category);
		buf_putc(b, ':');
		put_real(b, r->scores[i].value);
	}
	buf_puts(b, "},\"findings\":[");
	for (uint32_t k = 0; k < r->n; k++) {
		if (k > 0)
			buf_putc(b, ',');
		put_finding(b, &r->findings[k]);
	}
	buf_putc(b, ']');
	if (r->degraded != NULL) {
		buf_puts(b, ",\"degraded\":");
		put_string(b, r->degraded);
	}
	buf_puts(b, "}\n");
}
