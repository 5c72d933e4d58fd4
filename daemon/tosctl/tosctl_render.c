/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tosctl_render: templates tried out by those who write them, without a daemon; see
 * tosctl_render.h.
 */
#include "tosctl/tosctl_render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/complain.h"
#include "base/err.h"
#include "base/file.h"
#include "base/option.h"
#include "notice/template.h"

#define DATA_MAX (64u << 20)

enum { DONE, WRONG, USAGE, CANNOT };

static const char usage[] =
    "usage: tosctl render [--partials DIR] [--mode html|text|header] [--lenient]\n"
    "                     --data FILE TEMPLATE\n"
    "FILE is JSON; FILE or TEMPLATE may be - for standard input.  Partials are\n"
    "DIR/NAME.mustache.  Default mode: html.\n";

/* A partial that was read; kept, since a rendering borrows its text. */
struct kept {
	char *name, *text; /* text NULL: there is none */
	struct kept *next;
};

struct render_job {
	const char *data, *template, *partials;
	struct template_options o;
	struct kept *kept;
	bool unreadable; /* a partial is there but cannot be read */
};

static int
parse_mode(const char *s, enum template_mode *mode)
{
	static const char *const names[] = {[TEMPLATE_HTML] = "html",
	    [TEMPLATE_TEXT] = "text",
	    [TEMPLATE_HEADER] = "header"};

	for (int i = 0; i < 3; i++)
		if (strcmp(s, names[i]) == 0) {
			*mode = (enum template_mode)i;
			return 0;
		}
	complain("tosctl render: `%s' is no mode; known are html, text and header", s);
	return USAGE;
}

static int
parse_options(struct render_job *j, int argc, char **argv)
{
	static const struct option options[] = {
	    {"partials", required_argument, NULL, 'p'},
	    {"mode", required_argument, NULL, 'm'},
	    {"lenient", no_argument, NULL, 'l'},
	    {"data", required_argument, NULL, 'd'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	optind = 0; /* start anew: the caller has looked at its own options before */
	while ((c = option_next("tosctl", argc, argv, "p:m:ld:h", options)) != -1) {
		if (c == 'p') {
			j->partials = optarg;
		} else if (c == 'm') {
			if (parse_mode(optarg, &j->o.mode) != 0)
				return USAGE;
		} else if (c == 'l') {
			j->o.lenient = true;
		} else if (c == 'd') {
			j->data = optarg;
		} else {
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? -1 : USAGE;
		}
	}
	if (j->data == NULL || argc - optind != 1 ||
	    (strcmp(j->data, "-") == 0 && strcmp(argv[optind], "-") == 0)) {
		fputs(usage, stderr);
		return USAGE;
	}
	j->template = argv[optind];
	return DONE;
}

static int
read_input(const char *path, size_t max, struct buf *b)
{
	struct err e = ERR_INIT;
	int rc;

	if (strcmp(path, "-") == 0)
		rc = file_read_fd(STDIN_FILENO, "standard input", max, b, &e);
	else
		rc = file_read(path, max, b, &e);
	if (rc == 0) {
		buf_reserve(b, 1)[0] = '\0'; /* an empty file, too, is a string */
		return DONE;
	}
	complain("tosctl render: %s", e.text);
	return CANNOT;
}

/* A name is a file in the folder and nothing else: no way out of it. */
static bool
name_is_file(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
	       strlen(name) < 200;
}

static const char *
find_partial(void *ctx, const char *name)
{
	struct render_job *j = ctx;
	struct kept *k;
	struct buf b = {0};
	struct err e = ERR_INIT;
	char *path;
	int rc;

	for (k = j->kept; k != NULL; k = k->next)
		if (strcmp(k->name, name) == 0)
			return k->text;
	if (!name_is_file(name))
		return NULL;
	path = xasprintf("%s/%s.mustache", j->partials, name);
	rc = file_read(path, TEMPLATE_MAX_SOURCE, &b, &e);
	if (rc != 0 && rc != TOSD_ENOENT) {
		complain("tosctl render: %s", e.text);
		j->unreadable = true;
	}
	free(path);
	k = xcalloc(1, sizeof(*k));
	k->name = xstrdup(name);
	k->text = rc == 0 ? buf_take(&b) : NULL;
	k->next = j->kept;
	j->kept = k;
	buf_free(&b);
	return k->text;
}

static json_t *
parse_data(const char *name, const struct buf *b)
{
	json_error_t je;
	json_t *data =
	    json_loadb(b->data, b->len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);

	if (data == NULL)
		complain("tosctl render: %s:%d: %s", name, je.line, je.text);
	return data;
}

static int
render(struct render_job *j, const struct buf *text, const json_t *data)
{
	struct template *t = NULL;
	struct buf out = {0};
	struct err e = ERR_INIT;
	int rc = template_parse(text->data, text->len, &t, &e);

	if (rc == 0)
		rc = template_render(t, data, &j->o, &out, &e);
	template_free(&t);
	if (rc != 0)
		complain("tosctl render: %s: %s", j->template, e.text);
	else if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	if (j->unreadable)
		return CANNOT;
	return rc == 0 ? DONE : WRONG;
}

int
tosctl_render(int argc, char **argv)
{
	struct render_job j = {.o = {.mode = TEMPLATE_HTML}};
	struct buf text = {0}, raw = {0};
	json_t *data = NULL;
	int code = parse_options(&j, argc, argv);

	if (code != DONE)
		return code < 0 ? DONE : code;
	if (j.partials != NULL) {
		j.o.partial = find_partial;
		j.o.ctx = &j;
	}
	code = read_input(j.template, TEMPLATE_MAX_SOURCE, &text);
	if (code == DONE)
		code = read_input(j.data, DATA_MAX, &raw);
	if (code == DONE && (data = parse_data(j.data, &raw)) == NULL)
		code = WRONG;
	if (code == DONE)
		code = render(&j, &text, data);
	json_decref(data);
	buf_free(&text);
	buf_free(&raw);
	while (j.kept != NULL) {
		struct kept *k = j.kept;

		j.kept = k->next;
		free(k->name);
		free(k->text);
		free(k);
	}
	return code;
}
