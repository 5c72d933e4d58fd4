/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_plugin_conform: runs the cases of conform.h and says how they went. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tosctl/conform.h"
#include "tosctl/print_json.h"
#include "tosctl/tosctl_plugin.h"

static void
print(const struct conform_case *c, bool json, const char *result, const char *why)
{
	if (json) {
		json_t *o = json_pack("{ss ss}", "case", c->name, "about", c->about);

		if (result != NULL)
			json_object_set_new(o, "result", json_string(result));
		if (why != NULL)
			json_object_set_new(o, "why", json_string(why));
		print_json_take(o, 0);
	} else if (result == NULL) {
		printf("%-22s %s\n", c->name, c->about);
	} else {
		struct buf b = {0};

		text_escape_buf(
		    &b, why != NULL ? why : "", why != NULL ? strlen(why) : 0);
		printf("%-4s %-22s %s%s%s\n", result, c->name, c->about,
		    why != NULL ? ": " : "", b.data != NULL ? b.data : "");
		buf_free(&b);
	}
}

void
plugin_conform_list(bool json)
{
	for (size_t i = 0; i < conform_ncases; i++)
		print(&conform_cases[i], json, NULL, NULL);
}

unsigned
plugin_conform(struct plugin_run *r, const struct plugin_options *o)
{
	struct talk t = {
	    .run = r, .patience = o->deadline > 0 ? o->deadline : ANSWER_MAX};
	const char *only = o->only;
	unsigned failed = 0, run = 0;

	for (size_t i = 0; i < conform_ncases; i++) {
		bool good;

		if (only != NULL && strcmp(only, conform_cases[i].name) != 0)
			continue;
		run++;
		t.why[0] = '\0';
		good = conform_cases[i].run(&t, &conform_cases[i]);
		print(&conform_cases[i], o->json, good ? "ok" : "FAIL",
		    good ? NULL : t.why);
		fflush(stdout);
		failed += !good;
		/* A program that failed may still be busy with it. */
		if (!good)
			talk_end(&t);
		/* The others would fail with the same words, one after the other. */
		if (!good && conform_cases[i].run == conform_hello)
			break;
	}
	talk_end(&t);
	if (run == 0) {
		fprintf(
		    stderr, "tosctl: there is no case `%s'; --list names them\n", only);
		return 1;
	}
	if (!o->json && failed > 0 && only == NULL && run == 1)
		printf("1 case, failed: the other %zu cases need a hello\n",
		    conform_ncases - 1);
	else if (!o->json)
		printf("%u cases, %u failed\n", run, failed);
	return failed;
}
