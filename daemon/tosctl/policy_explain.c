/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_explain: see policy_explain.h.  The very plugin of the daemon says it, line by
 * line, while it opens.
 */
#include "tosctl/policy_explain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/complain.h"
#include "base/file.h"
#include "policy/host.h"
#include "tosctl/pack_room.h"
#include "tosctl/tosctl_policy.h"
#include "tosctl/tosctl_scan.h"

enum { EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE, EXIT_CANNOT };

#define TEXT_MAX (1u << 20) /* what rules take */
#define MARK "why: "

struct explained {
	const struct policy_args *o;
	struct pack_room room;
	unsigned problems;
	bool found;
};

static void
tell(struct explained *x, const char *kind, const char *text)
{
	char *words = pack_room_words(&x->room, text);

	policy_tell(x->o->json, kind, words);
	free(words);
}

static void
on_problem(void *ctx, const char *text)
{
	struct explained *x = ctx;

	x->problems++;
	tell(x, "problem", strncmp(text, "rules: ", 7) == 0 ? text + 7 : text);
}

/* What else is said of packs is for those who load them. */
static void
on_note(void *ctx, const char *text)
{
	struct explained *x = ctx;

	if (strncmp(text, MARK, strlen(MARK)) != 0)
		return;
	text += strlen(MARK);
	x->found = x->found || strncmp(text, "found by ", 9) == 0;
	tell(x, "why", text);
}

static int
open_all(struct explained *x, const char *text, const char *names)
{
	struct scan_packs p = {.folder = x->room.dir,
	    .plugin = x->o->plugin,
	    .why = text,
	    .why_rules = names,
	    .report = on_problem,
	    .note = on_note,
	    .ctx = x};
	struct policy_host *host = NULL;
	char today[CLOCK_TEXT];
	int rc;

	p.today = clock_day(clock_now(), today);
	rc = scan_open(&p, &host);

	policy_host_free(&host);
	if (rc != 0 || x->problems > 0)
		return EXIT_CANNOT;
	return x->found ? EXIT_DONE : EXIT_NEGATIVE;
}

/* Of a text that is piped in, the end of the last line is not meant. */
static int
read_text(struct buf *b, struct err *e)
{
	int rc = file_read_fd(STDIN_FILENO, "the text", TEXT_MAX, b, e);

	while (rc == 0 && b->len > 0 && b->data[b->len - 1] == '\n')
		b->len--;
	return rc;
}

int
policy_explain(
    const struct policy_args *o, const char *packs, const char *text, char **rules)
{
	struct explained x = {.o = o};
	struct buf given = {0}, names = {0};
	struct err e = ERR_INIT;
	int rc = EXIT_CANNOT;

	if (!policy_args_plugin(o))
		return rc;
	if (strcmp(text, "-") != 0)
		buf_puts(&given, text);
	else if (read_text(&given, &e) != 0)
		goto out;
	if (given.len == 0) {
		err_set(&e, TOSD_EINVAL, "there is no text to explain");
		rc = EXIT_USAGE;
		goto out;
	}
	if (memchr(given.data, '\0', given.len) != NULL) {
		err_set(&e, TOSD_EINVAL, "the text has a NUL byte: it is none");
		goto out;
	}
	buf_putc(&given, '\0');
	for (; *rules != NULL; rules++)
		buf_printf(&names, "%s ", *rules);
	buf_putc(&names, '\0');
	if (pack_room_enter(packs, NULL, &x.room, &e) != 0)
		goto out;
	rc = open_all(&x, given.data, names.data);
	pack_room_leave(&x.room);
out:
	if (e.code != 0)
		complain("tosctl: %s", e.text);
	buf_free(&given);
	buf_free(&names);
	return rc;
}
