/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_main: composes one notice from a document on standard input, for the
 * scripts that read the mail with somebody else's parser.
 *	notice_main TEMPLATES KIND AUDIENCE [--words] <document >mail
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "notice/notice.h"

int
main(int argc, char **argv)
{
	static const char *const earlier[] = {"<2026-000001.n0@host.example>"};
	struct notice_mail mail = {.from = "abuse@host.example",
	    .to = "owner@forum.example",
	    .reply_to = "case+2026-000001@host.example",
	    .message_id = "2026-000001.n1@host.example",
	    .in_reply_to = earlier[0],
	    .references = earlier,
	    .nreferences = 1,
	    .date = clock_parse("2026-11-22T13:00:00Z"),
	    .auto_generated = true};
	struct notice_set *set = NULL;
	struct buf out = {0}, subject = {0};
	struct err e = ERR_INIT;
	json_t *doc = json_loadf(stdin, 0, NULL);
	int audience = argc > 3 ? notice_audience_parse(argv[3]) : -1;
	int rc;

	if (argc < 4 || audience < 0 || doc == NULL)
		return 2;
	rc = notice_set_load(argv[1], &set, &e);
	if (rc == 0 && argc > 4)
		rc = notice_render(set, argv[2], (enum notice_audience)audience, doc,
		    &subject, &out, &e);
	else if (rc == 0)
		rc = notice_compose(
		    set, argv[2], (enum notice_audience)audience, doc, &mail, &out, &e);
	if (rc != 0)
		fprintf(stderr, "%s\n", e.text);
	if (rc == 0 && argc > 4)
		printf("%s\n\n", subject.data);
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	buf_free(&subject);
	notice_set_free(&set);
	json_decref(doc);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
