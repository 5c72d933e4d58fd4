/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_plugin_conform: runs the cases of conform.h and says how they went. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/option.h"
#include "base/text.h"
#include "engine/engine_json.h"
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
			json_object_set_new(o, "why", json_repaired(why));
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

static bool
is_asked_for(const struct plugin_options *o, const struct conform_case *c)
{
	for (size_t i = 0; i < o->nonly; i++)
		if (strcmp(o->only[i], c->name) == 0)
			return true;
	return o->nonly == 0;
}

/* False: a line has said which is none. */
static bool
are_cases(const struct plugin_options *o)
{
	const char **names = xcalloc(conform_ncases, sizeof(*names));
	const char *near;
	bool good = true;

	for (size_t i = 0; i < conform_ncases; i++)
		names[i] = conform_cases[i].name;
	for (size_t k = 0; k < o->nonly; k++) {
		size_t i = 0;

		while (i < conform_ncases && strcmp(names[i], o->only[k]) != 0)
			i++;
		if (i < conform_ncases)
			continue;
		near = option_meant(o->only[k], names, conform_ncases);
		if (near != NULL)
			complain("tosctl: there is no case `%s'; did you mean `%s'?",
			    o->only[k], near);
		else
			complain("tosctl: there is no case `%s'; --list names them",
			    o->only[k]);
		good = false;
	}
	free(names);
	return good;
}

int
plugin_conform_list(const struct plugin_options *o)
{
	if (!are_cases(o))
		return 2;
	for (size_t i = 0; i < conform_ncases; i++)
		if (is_asked_for(o, &conform_cases[i]))
			print(&conform_cases[i], o->json, NULL, NULL);
	return 0;
}

int
plugin_conform(struct plugin_run *r, const struct plugin_options *o)
{
	struct talk t = {
	    .run = r, .patience = o->deadline > 0 ? o->deadline : ANSWER_MAX};
	unsigned failed = 0, run = 0;

	if (!are_cases(o))
		return 2;
	for (size_t i = 0; i < conform_ncases; i++) {
		bool good;

		if (!is_asked_for(o, &conform_cases[i]))
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
	if (!o->json && failed > 0 && o->nonly == 0 && run == 1)
		printf("1 case, failed: the other %zu cases need a hello\n",
		    conform_ncases - 1);
	else if (!o->json)
		printf("%u case%s, %u failed\n", run, run == 1 ? "" : "s", failed);
	return failed > 0;
}
