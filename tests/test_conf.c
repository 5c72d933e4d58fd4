/* SPDX-License-Identifier: Apache-2.0 */
/* test_conf: every mistake with its line, every key, sources, values, secrets. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/conf_table.h"
#include "conf/conf_value.h"
#include "conf/conf_writable.h"
#include "suite.h"

#define FEED(keys)                                                             \
	"tenants = ( { id = \"t\"; name = \"T\"; contact = \"c@t.example\";\n" \
	"manager = \"m@t.example\"; feeds = ( { url = \"http://t/\"; " keys    \
	" } ); } );"
#define MINIMUM "provider = { name = \"P\"; mailbox = \"abuse@example.net\"; };\n"
#define TENANT(more)                                                             \
	"tenants = ( { id = \"a\"; name = \"A\"; contact = \"a@example.org\";\n" \
	"  manager = \"m@example.net\";\n"                                       \
	"  feeds = ( \"https://a.example.org/feed\" );\n" more "} );\n"

#define STAGE(name) "{ name = \"" name "\"; deadline = \"1h\"; }"
#define ENDPOINTS(rows) "policy = { endpoints = ( " rows " ); };\n"
#define VKEY "lists.example+0123abcd+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh"
#define LISTS(rows) \
	"policy = { plugins = ( \"rules\", \"lists\" ); lists = ( " rows " ); };\n"

/* libconfig 1.5 forgets a string that stands before a syntax error; the daemon
 * parses once per start or reload, so only the leak check minds. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

/* What was reported, as "FILE:LINE: TEXT" lines. */
static void
collect(void *ctx, const char *file, int line, const char *text)
{
	buf_printf(ctx, "%s:%d: %s\n", file, line, text);
}

/* Parses texts as main.conf, t1.conf, t2.conf...; NULL ends them. */
static struct conf *
parse(struct buf *said, const char *const *texts)
{
	static const char *const names[] = {"/etc/tosd/main.conf",
	    "/etc/tosd/tenants.d/1.conf", "/etc/tosd/tenants.d/2.conf"};
	struct conf_source v[3];
	struct conf_sources s = {v, 0};
	struct conf *c = NULL;
	int rc;

	for (; s.n < 3 && texts[s.n] != NULL; s.n++) {
		v[s.n].name = (char *)names[s.n];
		v[s.n].text = (char *)texts[s.n];
	}
	buf_reset(said);
	buf_reserve(said, 0);
	rc = conf_parse(&s, collect, said, &c);
	CU_ASSERT_EQUAL(rc, c == NULL ? TOSD_EINVAL : 0);
	CU_ASSERT_EQUAL(c == NULL, said->len > 0);
	return c;
}

static struct conf *
parse_one(struct buf *said, const char *text)
{
	const char *const texts[] = {text, NULL};

	return parse(said, texts);
}

/* One mistake each: a text, its line, words of the message. */
static const struct {
	const char *text;
	int line;
	const char *words;
} bad[] = {
    /* syntax and bytes */
    {"provider = {\n name = \"P\"\n mailbox \"x\";\n};", 3, "syntax error; look here"},
    {MINIMUM "fetch = { interval = \"5m\"; interval = \"6m\"; };", 2,
	"`interval' is given twice; it is there already, at line 2"},
    {MINIMUM "user = \"a\";\nfetch = { interval = \"5m\"; };\nuser = \"b\";", 4,
	"`user' is given twice; it is there already, at line 2"},
    /* a quote that is missing before a mail address */
    {MINIMUM "user = \"a;\ncourier = {\n from = \"x@example.net\"; };", 2,
	"ends only before the `@' of line 4"},
    {MINIMUM "courier = {\n from = x@example.net; };", 3,
	"a double quote is missing before it"},
    /* secrets in place of their names */
    {MINIMUM "ledger = { key_credential = \"s3cret!pass word\"; };", 2,
	"is not the name of a credential"},
    {MINIMUM "ledger = { key_credential = \"..\"; };", 2,
	"is not the name of a credential"},
    {MINIMUM "fetchers = \"1;\n", 2, "no closing quote"},
    {MINIMUM "\n/* open\n", 3, "no closing */"},
    {MINIMUM "@include \"other.conf\"\n", 2, "@include is not supported"},
    {MINIMUM "  @include \"/etc/passwd\"\n", 2, "tenants.d folder"},
    {MINIMUM "user = \"a\\x00b\";", 2, "\\x00"},
    {MINIMUM "user = \"a\xff\";", 2, "not UTF-8"},
    {MINIMUM "simulate = [ \"fire\" ];", 2, "no fault that can be simulated"},
    {MINIMUM "fetch = {\n max_body = 30000000000; };", 3, "too large"},
    {MINIMUM "fetch = {\n max_body = 0xffffffff; };", 3, "too large"},
    {MINIMUM
	"x = "
	"((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))));",
	2, "nested"},
    /* keys */
    {MINIMUM "fetch = {\n intervall = \"5m\"; };", 3, "did you mean `interval'"},
    {MINIMUM "fetch = {\n itnerval = \"5m\"; };", 3, "did you mean `interval'"},
    {MINIMUM "Ladder = { };", 2, "did you mean `ladder'"},
    {MINIMUM "zebra = 1;", 2, "tosd.conf(5)"},
    {MINIMUM "fetch = {\n max_exhibits = 5; };", 3, "belongs into `ladder'"},
    {MINIMUM "interval = \"5m\";", 2, "belongs into `fetch'"},
    {MINIMUM "courier = {\n password = \"hunter2\"; };", 3, "password_credential"},
    {MINIMUM "courier = {\n pasword = \"hunter2\"; };", 3, "must not stand"},
    {MINIMUM "courier = {\n smtp_password = \"hunter2\"; };", 3, "must not stand"},
    {MINIMUM "console = { token = \"x\"; };", 2, "must not stand"},
    /* lists that are fetched */
    {MINIMUM LISTS("{ name = \"a\"; }"), 2, "`url'"},
    {MINIMUM LISTS("{ name = \"A\"; url = \"https://l.example/\"; }"), 2,
	"letter first"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/#x\"; }"), 2,
	"never sent"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"http://l.example/\"; }"), 2,
	"nobody signs it"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/\"; signers = "
		   "[ \"x\" ]; }"),
	2, "no Ed25519 verifier key"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/\"; signature_url = "
		   "\"https://l.example/s\"; }"),
	2, "without `signers'"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/\"; },\n"
		   "{ name = \"a\"; url = \"https://m.example/\"; }"),
	3, "is there already, at line 2"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/\"; shrink = 2; }"), 2,
	"`shrink'"},
    {MINIMUM LISTS("{ name = \"a\"; url = \"https://l.example/\"; max_bytes = \"1G\"; "
		   "}"),
	2, "`max_bytes'"},
    {MINIMUM "policy = { lists = ( { name = \"a\"; url = \"https://l.example/\"; } ); "
	     "};",
	2, "fetched for nobody"},
    /* endpoints */
    {MINIMUM ENDPOINTS("{ name = \"a\"; }"), 2, "`url'"},
    {MINIMUM ENDPOINTS("{ url = \"http://127.0.0.1/\"; }"), 2, "`name'"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"ftp://127.0.0.1/\"; }"), 2, "`url'"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"http://127.0.0.1/v1?x=1\"; }"), 2,
	"without a query"},
    {MINIMUM
	"policy = { endpoints = ( { name = \"a\"; url = \"https://m.example/v1/"
	"moderations/\"; } );\n plugins = ( { name = \"m\"; path = \"x\"; settings = "
	"{ endpoint = \"a\"; protocol = \"moderation\"; }; } ); };",
	2, "endpoint `a' ends in /moderations, and what plugin `m' asks"},
    {MINIMUM
	"policy = { endpoints = ( { name = \"a\"; url = \"https://m.example/v1/"
	"chat/completions\"; } );\n plugins = ( { name = \"m\"; path = \"x\"; settings "
	"= { endpoint = \"b\"; second_endpoint = \"a\"; }; } ); };",
	2, "ends in /chat/completions"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"http://m.example/v1\";"
		       " credential = \"k\"; }"),
	2, "in the clear"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"https://m.example/v1\";"
		       " retry_min = \"1h\"; }"),
	2, "longer than"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"https://m.example/v1\"; },\n"
		       " { name = \"a\"; url = \"https://n.example/v1\"; }"),
	3, "is there already, at line 2"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"https://m.example/v1\";"
		       " max_answer = \"1M\"; }"),
	2, "`max_answer'"},
    {MINIMUM ENDPOINTS("{ name = \"a\"; url = \"https://m.example/v1\";"
		       " api_key = \"x\"; }"),
	2, "must not stand"},
    /* streams */
    {MINIMUM FEED("stream = \"sse\";"), 3, "say where it is"},
    {MINIMUM FEED("mapping = { text = \"t\"; event = \"post\"; };"), 3,
	"is for streams only"},
    {MINIMUM FEED("stream = \"websocket\";"), 3, "\"sse\", \"ndjson\""},
    {MINIMUM FEED("token_credential = \"t\";"), 3, "is for streams only"},
    {MINIMUM FEED("token = \"t0ken\";"), 3, "must not stand"},
    {MINIMUM FEED("stream = \"sse\"; stream_url = \"http://t/\"; cursor_key = \"c\";"),
	3, "give both"},
    {MINIMUM "fetch = { push_listen = \"127.0.0.1:1\"; };", 2, "give both"},
    {MINIMUM "fetch = { push_url = \"http://a.example/\"; };", 2, "give both"},
    {MINIMUM "fetch = { push_interval = \"2d\"; };", 2, "choose from 1s to 1d"},
    {MINIMUM "fetch = { stream_retry_min = \"10m\"; };", 2, "stream_retry_max"},
    /* types */
    {MINIMUM "fetchers = \"two\";", 2, "must be a whole number, not a string"},
    {MINIMUM "fetchers = 1.5;", 2, "a number with a fraction"},
    {MINIMUM "state_dir = 5;", 2, "must be a path"},
    {MINIMUM "courier = { starttls = 1; };", 2, "must be true or false"},
    {MINIMUM "fetch = { interval = true; };", 2, "must be a duration"},
    {MINIMUM "fetch = \"x\";", 2, "must be a group"},
    {MINIMUM "staff = { };", 2, "must be a list"},
    {MINIMUM "staff = ( 5 );", 2, "only groups"},
    {MINIMUM "safety = { protect = \"x\"; };", 2, "list of strings"},
    {MINIMUM "safety = { protect = [ 1, 2 ]; };", 2, "only strings"},
    {MINIMUM "policy = { threshold = \"0.5\"; };", 2, "between 0 and 1"},
    /* values */
    {MINIMUM "fetch = { interval = \"5 minutes\"; };", 2, "is not a duration"},
    {MINIMUM "fetch = { interval_min = \"500ms\"; };", 2, "choose from 1s to 30d"},
    {MINIMUM "fetch = { interval_min = 0; };", 2, "out of range"},
    {MINIMUM "fetch = { max_body = \"2G\"; };", 2, "choose from 1K to 62M"},
    {MINIMUM "fetch = { max_body = \"63M\"; };", 2, "choose from 1K to 62M"},
    {MINIMUM "fetch = { push_max_body = \"63M\"; };", 2, "choose from 1K to 62M"},
    {MINIMUM "fetch = {\n max_header = \"1M\"; max_redirects = 20;\n"
	     " max_body = \"22M\"; };",
	4, "is up to 64M, and no more than 63M can be kept"},
    {MINIMUM "fetch = {\n max_header = \"128K\"; max_redirects = 5;\n"
	     " max_body = \"62M\"; };",
	4, "is up to 64M, and no more than 63M can be kept"},
    {MINIMUM "fetch = { max_body = \"2 apples\"; };", 2, "is not a size"},
    {MINIMUM "fetch = { max_items = 0; };", 2, "choose from 1 to 100000"},
    {MINIMUM "fetchers = -1;", 2, "choose from 1 to 64"},
    {MINIMUM "ladder = { removal_rate = 1.5; };", 2, "between 0 and 1"},
    {MINIMUM "ladder = { removal_rate = 1e999; };", 2, "between 0 and 1"},
    {MINIMUM "sandbox = \"maybe\";", 2, "\"required\", \"best-effort\", \"off\""},
    {MINIMUM "user = \"\";", 2, "must not be empty"},
    {MINIMUM "user = \"a\nb\";", 2, "control"},
    {MINIMUM "fetch = { allow = [\n\"10.0.0.1/8\"\n]; };", 3, "10.0.0.1/8"},
    {MINIMUM "console = { listen = \"localhost\"; };", 2, "127.0.0.1:8790"},
    {MINIMUM "console = { listen = \"[::1:80\"; };", 2, "127.0.0.1:8790"},
    {MINIMUM "store = { url = \"mysql:x\"; };", 2, "sqlite:PATH"},
    {MINIMUM "ledger = { origin = \"a b\"; };", 2, "spaces"},
    {MINIMUM "safety = { desk = (\n\"a@example.net\",\n\"nobody\" ); };", 4,
	"\"nobody\""},
    {"provider = { name = \"P\";\n mailbox = \"Abuse <a@b>\"; };", 2, "display name"},
    {"provider = { name = \"P\";\n mailbox = \"a@b_c\"; };", 2, "not a host name"},
    {"provider = { name = \"P\"; mailbox = \"a@b\";\n aup_url = \"ftp://x/\"; };", 2,
	"http:// or https://"},
    {"provider = { name = \"P\"; mailbox = \"a@b\";\n"
     " aup_url = \"https://me:pw@x/\"; };",
	2, "USER:PASSWORD@"},
    {"provider = { name = \"P\"; mailbox = \"a@b\";\n aup_url = \"https://\"; };", 2,
	"URL"},
    /* required */
    {"fetchers = 1;\nprovider = {\n name = \"P\"; };", 2, "`mailbox' is missing"},
    {"fetchers = 1;\nprovider = {\n mailbox = \"a@b\"; };", 2, "`name' is missing"},
    {MINIMUM "tenants = (\n{ name = \"A\"; contact = \"a@b\"; manager = \"m@b\";\n"
	     "feeds = ( \"http://x/\" ); } );",
	3, "`id' is missing"},
    {MINIMUM "tenants = (\n{ id = \"a\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; } );",
	3, "`feeds' is missing"},
    {MINIMUM "tenants = (\n{ id = \"a\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; feeds = ( ); } );",
	4, "write at least one"},
    {MINIMUM "staff = (\n{ user = \"x\"; } );", 3, "`name' is missing"},
    /* tenants */
    {MINIMUM "tenants = ( { id = \"A\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; feeds = ( \"http://x/\" ); } );",
	2, "1 to 63 of a-z"},
    {MINIMUM TENANT("language = \"english please\";"), 5, "language tag"},
    {MINIMUM TENANT("allow = [ \"fe80::/200\" ];"), 5, "address range"},
    {MINIMUM TENANT("contact2 = \"b@\";"), 5, "mail address"},
    {MINIMUM "tenants = ( { id = \"a\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; feeds = ( \"http://x/\",\n\"HTTP://X:80/\" ); } );",
	4, "is there already, at line 3"},
    {MINIMUM "tenants = ( { id = \"a\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; feeds = ( { url = \"http://x/\";\n"
	     "interval = \"1m\"; } ); } );",
	3, "shorter than `interval_min' of `fetch'"},
    {MINIMUM "tenants = ( { id = \"a\"; name = \"A\"; contact = \"a@b\";\n"
	     "manager = \"m@b\"; feeds = ( { url = \"gopher://x/\"; } ); } );",
	3, "http:// or https://"},
    /* ladder */
    {MINIMUM "ladder = {\n stages = ( ); };", 3, "`stages' is empty"},
    {MINIMUM "ladder = { stages = (\n{ name = \"x\"; } ); };", 3,
	"`deadline' is missing"},
    {MINIMUM "ladder = { stages = ( { name = \"x\"; deadline = \"1h\"; },\n"
	     "{ name = \"x\"; deadline = \"1h\"; } ); };",
	3, "stage `x' is there already"},
    {MINIMUM "ladder = { stages = ( { name = \"x\"; deadline = \"1h\";\n"
	     "deadline_critical = \"2h\"; } ); };",
	3, "longer than `deadline'"},
    {MINIMUM "ladder = {\nstages = (" STAGE("a") "," STAGE("b") "," STAGE("c") "," STAGE(
	 "d") "," STAGE("e") "," STAGE("f") "," STAGE("g") "," STAGE("h") "," STAGE("i") "); };",
	3, "has 9 stages, and 8 are the most"},
    /* plugins */
    {MINIMUM "policy = {\n plugins = ( ); };", 3, "`plugins' is empty"},
    {MINIMUM "policy = { plugins = ( { name = \"x\";\n grant = [ \"fly\" ]; } ); };", 3,
	"no capability \"fly\""},
    {MINIMUM "policy = { plugins = ( \"x\",\n\"x\" ); };", 3, "runs once"},
    {MINIMUM "policy = { plugins = ( \"../x\" ); };", 2, "a-z, 0-9, _ and -"},
    {MINIMUM "policy = { plugins = (\n{ name = \"x\"; command = [ \"x.py\" ]; } ); };",
	3, "whole path"},
    {MINIMUM "policy = { plugins = (\n{ name = \"x\"; path = \"x.so\";\n"
	     "command = [ \"/bin/x\" ]; } ); };",
	3, "an object or a program"},
    {MINIMUM "policy = { plugins = (\n{ name = \"x\"; command = [ \"/x\" ]; } ); };", 3,
	"one of its own"},
    {MINIMUM "policy = { deadline = \"2s\"; plugins = (\n{ name = \"x\";\n"
	     "command = [ \"/bin/x\" ]; deadline = \"501ms\"; } ); };",
	3, "more than a quarter"},
    {MINIMUM "policy = { plugins = ( { name = \"x\";\n command = [ ]; } ); };", 3,
	"`command' is empty"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; command = [ \"/bin/x\" ];\n"
	     "grant = [ \"text\", \"ask\" ]; } ); };",
	3, "neither \"ask\" nor"},
    {MINIMUM "policy = { plugins = ( { name = \"x\";\nwindow = 3; } ); };", 3,
	"is for plugins that are programs"},
    {MINIMUM "policy = { plugins = ( { name = \"x\";\nfolder = \"/x\"; } ); };", 3,
	"is for plugins that are programs"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; settings = {\n"
	     "api_key = \"k\"; }; } ); };",
	3, "must not stand"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; settings = {\n"
	     "l = ( 1 ); }; } ); };",
	3, "strings, numbers"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; settings = {\n"
	     "l = [ \"a\" ]; }; } ); };",
	3, "strings, numbers"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; settings = {\n"
	     "n = 3000000000; }; } ); };",
	3, "beyond 2147483647 with an L behind it"},
    {MINIMUM "policy = { plugins = ( { name = \"x\"; settings = {\n"
	     "n = 9300000000000000000L; }; } ); };",
	3, "too large: beyond 9223372036854775807"},
    {MINIMUM "/* a\n b */ fetch = { allow = [\n\"x\" ]; };", 4, "address range"},
    {MINIMUM "store = { ur = \"x\"; };", 2, "did you mean `url'"},
    /* relations; a wrong value is not compared as well */
    {MINIMUM "fetch = { interval = \"x\";\n interval_max = \"10m\"; };", 2,
	"is not a duration"},
    {MINIMUM "fetch = { interval = \"x\";\n interval_min = \"1h\"; };", 2,
	"is not a duration"},
    {MINIMUM "fetch = { interval = \"30s\"; };", 2, "`interval_min' (5 min"},
    {MINIMUM "fetch = { connect_timeout = \"1m\"; };", 2, "longer than `timeout'"},
    {MINIMUM "keep = { texts = \"91d\"; };", 2, "longer than `sampled'"},
    {MINIMUM "keep = { sampled = \"401d\"; };", 2, "longer than `found'"},
    {MINIMUM "coverage = { second_min = \"17h\"; };", 2, "longer than `second_max'"},
    {MINIMUM "fetch = { max_connections = 1; };", 2, "larger than `max_connections'"},
    {MINIMUM "restart_min = \"5m\";", 2, "longer than `restart_max'"},
    {MINIMUM
	"run_dir = \"/r234567890123456789012345678901234567890123456789012345678901"
	"2345678901234567890123456789012345678901234567890\";",
	2, "shorter `run_dir'"},
    {MINIMUM
	"console = {\n listen = \"unix:r23456789012345678901234567890123456789012345"
	"6789012345678901234567890123456789012345678901234567890\"; };",
	3, "choose a shorter one"},
    {MINIMUM "courier = { transport = \"smtp\"; };", 2, "`url' is missing"},
    {MINIMUM "courier = { username = \"u\"; };", 2, "go together"},
    {MINIMUM "courier = { transport = \"smtp\"; url = \"smtp://mx.example.net\";\n"
	     "username = \"u\"; password_credential = \"p\"; starttls = false; };",
	3, "in clear"},
    {MINIMUM "courier = { url = \"http://x/\"; };", 2, "smtp:// or smtps://"},
    {MINIMUM "courier = { url = \"smtp://x/y\"; };", 2, "must end after"},
    {MINIMUM "staff = ( { name = \"r1\"; },\n{ name = \"r1\"; } );", 3, "one person"},
    {MINIMUM "staff = ( { name = \"r1\"; user = \"u\"; },\n"
	     "{ name = \"r2\"; user = \"u\"; } );",
	3, "user of an earlier"},
};
#define NBAD (sizeof(bad) / sizeof(bad[0]))

static void
test_one_mistake(void)
{
	struct buf said = {0};

	for (size_t i = 0; i < NBAD; i++) {
		struct conf *c = parse_one(&said, bad[i].text);
		char *want = xasprintf("/etc/tosd/main.conf:%d: ", bad[i].line);
		bool good = c == NULL && said.data != NULL &&
			    strncmp(said.data, want, strlen(want)) == 0 &&
			    strstr(said.data, bad[i].words) != NULL &&
			    strchr(said.data, '\n') == said.data + said.len - 1;

		CU_ASSERT_TRUE(good);
		if (!good)
			printf("\ncase %zu, %s wanted %d `%s', said:\n%s", i,
			    bad[i].text, bad[i].line, bad[i].words, said.data);
		free(want);
		conf_free(&c);
	}
	printf("(%zu snippets) ", NBAD);
	buf_free(&said);
}

/* All wrong snippets of one kind of place together: each is told, in order. */
static void
test_all_in_one_run(void)
{
	static const char *const texts[] = {"fetchers = 0;\n"
					    "fetch = { intervall = 1;\n"
					    "  interval = \"x\"; max_redirects = 99;\n"
					    "  allow = [ \"x\", \"y\" ]; };\n"
					    "courier = { password = \"p\"; };\n"
					    "tenants = ( { id = \"a\"; } );\n",
	    "fetch = { };\n"
	    "tenants = ( { id = \"b\"; name = \"\"; } );\n",
	    "tenants = (;\n", NULL};
	static const char *const want[] = {
	    "main.conf:1: `name' is missing in `provider'",
	    "main.conf:1: `mailbox' is missing", "main.conf:1: `fetchers'",
	    "main.conf:2: unknown key `intervall'", "main.conf:3: `interval'",
	    "main.conf:3: `max_redirects'", "main.conf:4: `allow': \"x\"",
	    "main.conf:4: `allow': \"y\"", "main.conf:5: `password'",
	    "main.conf:6: `name'", "main.conf:6: `contact'", "main.conf:6: `manager'",
	    "main.conf:6: `feeds'", "1.conf:1: unknown key `fetch'",
	    "1.conf:2: `name' must not be empty", "1.conf:2: `contact'",
	    "1.conf:2: `manager'", "1.conf:2: `feeds'", "2.conf:1: syntax error"};
	struct buf said = {0};
	struct conf *c = parse(&said, texts);
	size_t lines = 0;

	CU_ASSERT_PTR_NULL(c);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(said.data, want[i]));
		if (strstr(said.data, want[i]) == NULL)
			printf("\nmissing: %s in\n%s", want[i], said.data);
	}
	for (const char *p = said.data; *p != '\0'; p++)
		lines += *p == '\n';
	CU_ASSERT_EQUAL(lines, sizeof(want) / sizeof(want[0]));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "main.conf:5:"));
	buf_free(&said);
}

static void
test_files_of_tenants(void)
{
	static const char *const good[] = {MINIMUM TENANT(""),
	    "tenants = ( { id = \"b\"; name = \"B\"; contact = \"b@b\"; manager = "
	    "\"m@m\"; feeds = [ \"http://b/1\", \"http://b/2\" ]; } );",
	    "\xef\xbb\xbf# nothing yet, saved by an editor that writes a mark\n", NULL};
	static const char *const twice[] = {
	    MINIMUM TENANT(""), "\n\n" TENANT(""), NULL};
	static const char *const strange[] = {MINIMUM, "provider = { };", NULL};
	struct buf said = {0};
	struct conf *c = parse(&said, good);
	const struct conf_tenant *t;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->ntenants, 2);
	t = conf_tenant_by_id(c, "b");
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_STRING_EQUAL(t->file, "/etc/tosd/tenants.d/1.conf");
	CU_ASSERT_EQUAL(t->line, 1);
	CU_ASSERT_EQUAL(t->nfeeds, 2);
	CU_ASSERT_PTR_EQUAL(conf_tenant_by_key(c, t->key), t);
	CU_ASSERT_PTR_NULL(conf_tenant_by_id(c, "c"));
	CU_ASSERT_PTR_NULL(conf_tenant_by_key(c, "0000000000000000"));
	conf_free(&c);
	CU_ASSERT_PTR_NULL(parse(&said, twice));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "tenants.d/1.conf:3: tenant `a'"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "at /etc/tosd/main.conf:2"));
	CU_ASSERT_PTR_NULL(parse(&said, strange));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "belongs into `the main file'"));
	buf_free(&said);
}

/* What a proxy may be called, where what is asked for is another thing. */
static void
test_endpoint_names(void)
{
	static const char *const good[] = {"name = \"m\"; path = \"x\";",
	    "name = \"m\"; path = \"x\"; settings = { endpoint = \"a\"; };",
	    "name = \"m\"; path = \"x\"; settings = { endpoint = \"b\"; protocol = "
	    "\"moderation\"; };"};
	struct buf said = {0};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *text = xasprintf(MINIMUM
		    "policy = { endpoints = ( { name = \"a\"; url = "
		    "\"https://m.example/moderations\"; }, { name = \"b\"; url = "
		    "\"https://m.example/chat/completions\"; } );\n plugins = ( { %s "
		    "} ); };",
		    good[i]);
		struct conf *c = parse_one(&said, text);

		CU_ASSERT_PTR_NOT_NULL(c);
		if (c == NULL)
			printf("\n%s", said.data);
		conf_free(&c);
		free(text);
	}
	buf_free(&said);
}

static void
test_defaults(void)
{
	struct buf said = {0};
	struct conf *c = parse_one(&said, MINIMUM TENANT(""));

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->fetch.interval, 15 * CLOCK_MIN);
	CU_ASSERT_EQUAL(c->fetch.max_body, 10u << 20);
	CU_ASSERT_EQUAL(c->fetch.max_items, 2000);
	CU_ASSERT_EQUAL(c->coverage.removal_gap, 10 * CLOCK_MIN);
	CU_ASSERT_EQUAL(c->coverage.backfill_pages, 0);
	CU_ASSERT_EQUAL(c->coverage.second_max, 16 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(c->ladder.nstages, 3);
	CU_ASSERT_STRING_EQUAL(c->ladder.stages[2].name, "final warning");
	CU_ASSERT_EQUAL(c->ladder.stages[0].deadline, 72 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(c->ladder.stages[0].deadline_critical, 24 * CLOCK_HOUR);
	CU_ASSERT_EQUAL(c->ladder.min_exposure, 200);
	CU_ASSERT_DOUBLE_EQUAL(c->ladder.removal_rate, 0.9, 1e-9);
	CU_ASSERT_EQUAL(c->policy.nplugins, 1);
	CU_ASSERT_STRING_EQUAL(c->policy.plugins[0].name, "rules");
	CU_ASSERT_STRING_EQUAL(c->policy.plugins[0].path, TOSD_PLUGINDIR "/rules.so");
	/* Not the author, not the tenant: those are granted one by one. */
	CU_ASSERT_EQUAL(c->policy.plugins[0].grant, 1 | 2 | 16);
	CU_ASSERT_STRING_EQUAL(c->policy.packs_dir, TOSD_CONFDIR "/policies.d");
	CU_ASSERT_STRING_EQUAL(c->control, "/run/tosd/control");
	CU_ASSERT_STRING_EQUAL(c->store.url, "sqlite:/var/lib/tosd/store.db");
	CU_ASSERT_STRING_EQUAL(c->ledger.key_credential, "/var/lib/tosd/keys/log.key");
	CU_ASSERT_STRING_EQUAL(c->ledger.origin, "example.net/tosd");
	CU_ASSERT_STRING_EQUAL(c->courier.from, "abuse@example.net");
	CU_ASSERT_EQUAL(c->courier.transport, CONF_MAIL_NONE);
	CU_ASSERT_TRUE(c->courier.starttls);
	CU_ASSERT_STRING_EQUAL(c->provider.host, "example.net");
	CU_ASSERT_PTR_NOT_NULL(strstr(c->fetch.user_agent, "mailto:abuse@example.net"));
	CU_ASSERT_STRING_EQUAL(c->tenants[0].language, "en");
	CU_ASSERT_EQUAL(c->tenants[0].feeds[0].interval, 0);
	CU_ASSERT_EQUAL(c->tenants[0].feeds[0].line, 4);
	/* printf 'tosd tenant\0a' | sha256sum */
	CU_ASSERT_STRING_EQUAL(c->tenants[0].key, "3c2f55dc2034f8a8");
	CU_ASSERT_PTR_NULL(c->console.listen);
	conf_free(&c);
	buf_free(&said);
}

/* Every key of every table, given a value other than its default. */
static const char every_key[] =
    "state_dir = \"state\"; run_dir = \"./run\"; control = \"run/c\";\n"
    "templates_dir = \"n.d\"; tenants_dir = \"t.d\"; user = \"tosd\"; group = "
    "\"tosd\";\n"
    "sandbox = \"best-effort\"; fetchers = 2; ping_interval = \"1s\";\n"
    "ping_timeout = 5; restart_min = \"100ms\"; restart_max = \"5s\";\n"
    "stop_timeout = \"3s\"; simulate = [ \"plugin-crash\", \"db-full\" ];\n"
    "provider = { name = \"Pr\xc3\xb6vider\"; mailbox = \"abuse@example.net\";\n"
    "  phone = \"+1 555 0100\"; aup_url = \"https://example.net/aup\";\n"
    "  aup_version = \"3\"; host = \"mail.example.net\"; };\n"
    "store = { url = \"sqlite:s.db\"; };\n"
    "ledger = { origin = \"log.example.net\"; key_credential = \"log-key\";\n"
    "  seal_interval = \"2s\"; seal_entries = 16; };\n"
    "fetch = { user_agent = \"me\"; ca_file = \"ca.pem\"; interval = \"2s\";\n"
    "  hint_max = \"2h\"; retry_after_max = \"3h\"; moved_polls = 4;\n"
    "  moved_after = \"5s\";\n"
    "  interval_min = 1; interval_max = \"1h\"; connect_timeout = \"1s\";\n"
    "  timeout = \"2s\"; host_gap = 0; max_body = \"1MiB\"; max_items = 10;\n"
    "  max_text = \"64K\"; max_header = 2048; max_redirects = 0;\n"
    "  max_connections = 4; max_host_connections = 1;\n"
    "  allow = [ \"127.0.0.0/8\", \"::1\" ]; second_user_agent = \"you\";\n"
    "  second_interface = \"eth1\"; http2 = false;\n"
    "  resolvers = [ \"127.0.0.1:5353\", \"::1\", \"[::1]:54\" ];\n"
    "  max_streams = 7;\n"
    "  stream_idle = \"30s\"; stream_retry_min = \"2s\"; stream_retry_max = \"3s\";\n"
    "  push_listen = \"127.0.0.1:8791\"; push_url = \"https://a.example/push/\";\n"
    "  push_connections = 10; push_address_connections = 3; push_max_header = "
    "\"8K\";\n"
    "  push_max_body = \"1M\"; push_timeout = \"10s\";\n"
    "  push_interval = \"12h\"; push_lease = \"1d\"; push_grace = \"1m\";\n"
    "  push_sha1 = true; };\n"
    "coverage = { removal_gap = \"2s\"; walk_pages = 3; walk_bytes = \"1M\";\n"
    "  day_pages = 4; day_bytes = \"2M\"; backfill_pages = 5; read_pages = 6;\n"
    "  more_interval = \"3s\"; second_min = \"4s\"; second_max = \"5s\"; };\n"
    "keep = { texts = \"2d\"; sample = 0.2; sampled = \"3d\"; found = \"4d\"; };\n"
    "policy = { plugins = ( { name = \"exec\"; path = \"p/exec.so\";\n"
    "  settings = { command = \"x y\"; n = 5; big = 5000000000L; f = 0.5; b = true; "
    "};\n"
    "  grant = [ \"text\", \"author\" ]; }, \"rules\", { name = \"prog\";\n"
    "  command = [ \"/usr/bin/env\", \"-i\", \"/opt/x/y.py\" ]; folder = \"f\";\n"
    "  window = 7; deadline = \"200ms\"; memory = \"64M\"; processes = 3;\n"
    "  files = 32; cpu = \"5m\"; }, \"lists\" ); packs_dir = \"p.d\";\n"
    "  cache_dir = \"cache\"; workers = 3; deadline = \"1s\"; batch = 8;\n"
    "  endpoints = ( { name = \"local\"; url = \"http://127.0.0.1:8080/v1\";\n"
    "    credential = \"model-key\"; allow = [ \"10.0.0.0/8\" ]; timeout = \"5s\";\n"
    "    max_answer = \"16K\"; parallel = 3; retry_min = \"1s\"; retry_max = \"2s\";\n"
    "    day_requests = 5; day_bytes = \"1M\"; day_tokens = 9; attempts = 7;\n"
    "    tenant_share = 0.5; answers_for = \"2d\"; } );\n"
    "  lists = ( { name = \"phish\"; url = \"http://l.example/p\"; signers = [ \"" VKEY
    "\" ];\n"
    "    signature_url = \"http://l.example/s\"; allow = [ \"10.0.0.0/8\" ];\n"
    "    interval = \"1h\"; timeout = \"3s\"; max_bytes = \"2M\"; shrink = 0.1; } );\n"
    "  attempts = 1; threshold = 1; retry_for = \"2h\"; plugin_uid = 70000;\n"
    "  media = true; media_items = 3; media_day = 9; media_wait = \"1m\"; media_pixels "
    "= 20000;\n"
    "  worker_memory = \"1G\";\n"
    "  life_cycle = \"gated\"; stats_for = \"30d\"; scores_for = \"31d\";\n"
    "  gates = { labels = 10; precision = 0.8; days = 2; tenant_share = 0.5;\n"
    "    cost = \"1ms\"; rule_cost = \"2ms\"; precision_final = 0.99;\n"
    "    override = \"2d\"; }; };\n"
    "safety = { protect = ( \"Depot North\" ); desk = [ \"d@example.net\" ]; };\n"
    "ladder = { stages = ( { name = \"one\"; deadline = \"2s\";\n"
    "  deadline_critical = \"1s\"; } ); cure = \"3s\"; removal_rate = 0.5;\n"
    "  time_to_takedown = \"4s\"; min_exposure = 0; recheck = \"1s\";\n"
    "  max_gap = \"5s\"; max_exhibits = 7; };\n"
    "courier = { transport = \"smtp\"; url = \"smtp://127.0.0.1:2525\";\n"
    "  sendmail = \"/usr/sbin/sendmail\"; from = \"n@example.net\"; username = \"u\";\n"
    "  password_credential = \"./smtp\"; starttls = false; timeout = \"5s\";\n"
    "  retry_min = \"1s\"; retry_max = \"2s\"; attempts = 3;\n"
    "  legal = \"legal@example.net\"; };\n"
    "console = { listen = \"unix:run/http\"; };\n"
    "staff = ( { name = \"r1\"; user = \"ann\"; reviewer = true; approver = true; } "
    ");\n"
    "tenants = ( { id = \"t-1\"; name = \"T\"; contact = \"c@t.example\";\n"
    "  contact2 = \"d@t.example\"; manager = \"m@example.net\"; contract = \"C-1\";\n"
    "  language = \"de-CH\"; feeds = ( { url = \"http://127.0.0.1:81/f?a=b\";\n"
    "  interval = \"3s\"; mapping = { items = \"data.posts[*]\"; id = \"id\";\n"
    "  url = \"links[0].href\"; title = \"t\"; author = \"by[\\\"a.b\\\"]\";\n"
    "  text = \"c[*].x\"; summary = \"s\"; published = \"p\"; updated = \"u\";\n"
    "  language = \"l\"; in_reply_to = \"r\"; media = \"m\"; deleted = \"d\";\n"
    "  next = \"paging.next\"; }; }, { url = \"http://127.0.0.1:81/g\";\n"
    "  stream = \"ndjson\"; stream_url = \"https://t.example/s\";\n"
    "  mapping = { text = \"t\"; event = \"e[*]\"; };\n"
    "  token_credential = \"trial-token\"; cursor_param = \"cursor\";\n"
    "  cursor_key = \"time_us\"; cursor_rewind = 5000000; } ); allow = [ "
    "\"10.0.0.0/8\" ]; } );\n";

/* Many tenants, each third with address ranges: what each role keeps of them. */
static void
test_lean(void)
{
	struct buf text = {0}, said = {0};
	struct conf *c;
	char digest[DIGEST_HEX], key[17];
	unsigned copies = 0;

	buf_puts(&text, MINIMUM "tenants = (");
	for (int i = 0; i < 3000; i++)
		buf_printf(&text,
		    "%s{ id = \"t%d\"; name = \"T\"; contact = \"c@t.example\";"
		    " manager = \"m@example.net\"; feeds = ( \"http://t%d.example/\" );"
		    " %s }",
		    i > 0 ? ",\n" : "", i, i,
		    i % 3 == 0 ? "allow = [ \"10.0.0.0/8\", \"::1\" ];" : "");
	buf_puts(&text, ");\n");
	c = parse_one(&said, text.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->ntenants, 3000);
	/* Few copies of what all of them say. */
	for (size_t i = 1; i < c->ntenants; i++)
		copies += c->tenants[i].manager != c->tenants[i - 1].manager;
	CU_ASSERT(copies < 500);
	CU_ASSERT_STRING_EQUAL(c->tenants[1].feeds[0].url, "http://t1.example/");
	memcpy(digest, c->digest, sizeof(digest));
	memcpy(key, conf_tenant_by_id(c, "t2997")->key, sizeof(key));
	conf_lean(c, CONF_TENANTS_RANGES);
	CU_ASSERT_EQUAL(c->ntenants, 1000);
	CU_ASSERT_PTR_NULL(conf_tenant_by_id(c, "t2997"));
	CU_ASSERT_PTR_NOT_NULL_FATAL(conf_tenant_by_key(c, key));
	CU_ASSERT_EQUAL(conf_tenant_by_key(c, key)->nallow, 2);
	CU_ASSERT_EQUAL(conf_tenant_by_key(c, key)->allow[1].addr[15], 1);
	CU_ASSERT_STRING_EQUAL(c->digest, digest);
	conf_lean(c, CONF_TENANTS_NONE);
	CU_ASSERT_EQUAL(c->ntenants, 0);
	CU_ASSERT_PTR_NULL(conf_tenant_by_key(c, key));
	CU_ASSERT_STRING_EQUAL(c->provider.name, "P");
	CU_ASSERT_PTR_NOT_NULL(c->ladder.stages[0].name);
	conf_free(&c);
	buf_free(&said);
	buf_free(&text);
}

/* Not a word of tenants, all else as it was and where it was. */
static void
test_blind(void)
{
	static const char text[] =
	    "# of acme, in words\n" MINIMUM "/* acme, and\n more */ user = \"a # b\";\n"
	    "tenants_dir = \"/t\"; // acme\r\n"
	    "safety = { protect = [ \"/* tenants = (\", \"\\\" acme-hall\" ]; };\n"
	    "tenants = ( { id = \"acme\"; name = \"A ) // \\\" \"; # ) acme\n"
	    "  feeds = ( \"https://acme.example/\" ); } );\n"
	    "fetch = { intervall = 1; };\n";
	struct conf_source v[2] = {
	    {(char *)(uintptr_t) "/etc/tosd/main.conf", (char *)(uintptr_t)text},
	    {(char *)(uintptr_t) "/etc/tosd/tenants.d/acme.conf",
		(char *)(uintptr_t) "tenants = ( { id = \"acme2\"; } );"}};
	struct conf_sources s = {v, 2, NULL}, got;
	struct buf b = {0}, said = {0};
	struct conf *c;
	struct rd r;
	char *first;

	conf_sources_put_blind(&b, &s);
	r = rd_of(b.data, b.len);
	conf_sources_get(&r, &got);
	CU_ASSERT_TRUE_FATAL(rd_done(&r));
	CU_ASSERT_EQUAL_FATAL(got.n, 1);
	CU_ASSERT_EQUAL(strlen(got.v[0].text), strlen(text));
	first = strstr(got.v[0].text, "acme");
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	CU_ASSERT_EQUAL(strncmp(first, "acme-hall", 9), 0);
	CU_ASSERT_PTR_NULL(strstr(first + 4, "acme"));
	/* The mistake is told at its line, and is the only one. */
	conf_parse_draft(&got, collect, &said, &c);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->user, "a # b");
	CU_ASSERT_EQUAL(c->ntenants, 0);
	CU_ASSERT_EQUAL(c->safety.nprotect, 2);
	CU_ASSERT_STRING_EQUAL(c->safety.protect[0], "/* tenants = (");
	CU_ASSERT_EQUAL(
	    strncmp(said.data, "/etc/tosd/main.conf:9: unknown key `intervall'", 44),
	    0);
	CU_ASSERT_EQUAL(strchr(said.data, '\n')[1], '\0');
	conf_free(&c);
	conf_sources_clear(&got);
	buf_free(&b);
	buf_free(&said);
}

/* What the plugin demands of all its lists, those that are fetched must show, too. */
static void
test_lists(void)
{
	struct buf said = {0};
	struct conf *c = parse_one(&said, MINIMUM
	    "policy = { plugins = ( { name = \"lists\"; settings = { signers = \""
	    " " VKEY "  x+y+z\"; }; } );\nlists = ( { name = \"a\"; url = "
	    "\"http://l.example/a\"; }, { name = \"b\"; url = "
	    "\"https://l.example/b\"; signers = [ \"" VKEY "\" ]; } ); };\n"
	    "tenants = ();\n");

	if (c == NULL)
		printf("\n%s", said.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->policy.lists[0].nsigners, 2);
	CU_ASSERT_STRING_EQUAL(c->policy.lists[0].signers[0], VKEY);
	CU_ASSERT_STRING_EQUAL(c->policy.lists[0].signers[1], "x+y+z");
	CU_ASSERT_STRING_EQUAL(
	    c->policy.lists[0].signature_url, "http://l.example/a.sig");
	CU_ASSERT_EQUAL(c->policy.lists[1].nsigners, 1);
	CU_ASSERT_EQUAL(c->policy.lists[1].interval, 6 * CLOCK_HOUR);
	conf_free(&c);
	buf_free(&said);
}

static void
test_every_key(void)
{
	struct buf said = {0};
	struct conf *c = parse_one(&said, every_key);
	const struct conf_plugin *p;

	if (c == NULL)
		printf("\n%s", said.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->state_dir, "/etc/tosd/state");
	CU_ASSERT_STRING_EQUAL(c->run_dir, "/etc/tosd/run");
	CU_ASSERT_STRING_EQUAL(c->store.url, "sqlite:/etc/tosd/s.db");
	CU_ASSERT_STRING_EQUAL(c->console.listen, "unix:/etc/tosd/run/http");
	CU_ASSERT_STRING_EQUAL(c->courier.password_credential, "/etc/tosd/smtp");
	CU_ASSERT_STRING_EQUAL(c->ledger.key_credential, "log-key");
	CU_ASSERT_EQUAL(c->sandbox, CONF_SANDBOX_BEST_EFFORT);
	CU_ASSERT_EQUAL(c->ping_timeout, 5000);
	CU_ASSERT_EQUAL(c->fetch.max_body, 1 << 20);
	CU_ASSERT_EQUAL(c->fetch.host_gap, 0);
	CU_ASSERT_EQUAL(c->fetch.nallow, 2);
	CU_ASSERT_EQUAL(c->fetch.nresolvers, 3);
	CU_ASSERT_STRING_EQUAL(c->fetch.resolvers[2], "[::1]:54");
	CU_ASSERT_FALSE(c->fetch.http2);
	CU_ASSERT_EQUAL(c->fetch.allow[0].bits, 104);
	CU_ASSERT_EQUAL(c->policy.nplugins, 4);
	p = &c->policy.plugins[2];
	CU_ASSERT_EQUAL(p->ncommand, 3);
	CU_ASSERT_STRING_EQUAL(p->command[2], "/opt/x/y.py");
	CU_ASSERT_STRING_EQUAL(p->folder, "/etc/tosd/f");
	CU_ASSERT_EQUAL(p->memory, 64 << 20);
	CU_ASSERT_EQUAL(p->cpu, 300000);
	CU_ASSERT_EQUAL(c->policy.retry_for, 7200000);
	CU_ASSERT_EQUAL(c->policy.plugin_uid, 70000);
	CU_ASSERT_EQUAL(c->policy.worker_memory, 1 << 30);
	CU_ASSERT_EQUAL(c->policy.life_cycle, CONF_LIFE_GATED);
	CU_ASSERT_EQUAL(c->policy.stats_for, 30 * CLOCK_DAY);
	CU_ASSERT_EQUAL(c->policy.gates.labels, 10);
	CU_ASSERT_EQUAL(c->policy.gates.cost, 1);
	CU_ASSERT_EQUAL(c->policy.gates.rule_cost, 2);
	CU_ASSERT_DOUBLE_EQUAL(c->policy.gates.precision_final, 0.99, 0);
	CU_ASSERT_EQUAL(c->policy.gates.override, 2 * CLOCK_DAY);
	CU_ASSERT(c->policy.media && c->policy.media_items == 3);
	CU_ASSERT_EQUAL(c->policy.media_day, 9);
	CU_ASSERT_EQUAL(c->policy.media_wait, CLOCK_MIN);
	CU_ASSERT_EQUAL(c->policy.media_pixels, 20000);
	CU_ASSERT_EQUAL_FATAL(c->policy.nendpoints, 1);
	CU_ASSERT_PTR_EQUAL(conf_endpoint_of(c, "local"), &c->policy.endpoints[0]);
	CU_ASSERT_PTR_NULL(conf_endpoint_of(c, "loca"));
	/* The address of its URL is allowed beside what is written. */
	CU_ASSERT_EQUAL_FATAL(c->policy.endpoints[0].nallow, 2);
	CU_ASSERT_EQUAL(c->policy.endpoints[0].allow[1].bits, 128);
	CU_ASSERT_EQUAL(c->policy.endpoints[0].max_answer, 16384);
	CU_ASSERT_EQUAL(c->policy.endpoints[0].attempts, 7);
	CU_ASSERT_EQUAL(c->policy.endpoints[0].day_tokens, 9);
	CU_ASSERT_EQUAL_FATAL(c->policy.nlists, 1);
	CU_ASSERT_PTR_EQUAL(conf_blocklist_of(c, "phish"), &c->policy.lists[0]);
	CU_ASSERT_PTR_NULL(conf_blocklist_of(c, "phis"));
	CU_ASSERT_EQUAL(c->policy.lists[0].max_bytes, 2 << 20);
	CU_ASSERT_EQUAL(c->policy.lists[0].shrink, 0.1);
	CU_ASSERT_EQUAL(c->policy.lists[0].timeout, 3000);
	CU_ASSERT_EQUAL(c->policy.lists[0].nsigners, 1);
	CU_ASSERT_STRING_EQUAL(c->policy.lists[0].signature_url, "http://l.example/s");
	CU_ASSERT_EQUAL(c->policy.endpoints[0].tenant_share, 0.5);
	CU_ASSERT_EQUAL(c->policy.endpoints[0].answers_for, 2 * CLOCK_DAY);
	p = &c->policy.plugins[0];
	CU_ASSERT_STRING_EQUAL(p->path, "/etc/tosd/p/exec.so");
	CU_ASSERT_EQUAL(p->grant, 1 | 4);
	CU_ASSERT_EQUAL(p->nsettings, 5);
	CU_ASSERT_STRING_EQUAL(p->settings[0].value, "x y");
	CU_ASSERT_STRING_EQUAL(p->settings[1].value, "5");
	CU_ASSERT_STRING_EQUAL(p->settings[2].value, "5000000000");
	CU_ASSERT_STRING_EQUAL(p->settings[3].value, "0.5");
	CU_ASSERT_STRING_EQUAL(p->settings[4].value, "true");
	CU_ASSERT_STRING_EQUAL(c->policy.plugins[1].name, "rules");
	CU_ASSERT_EQUAL(c->ladder.nstages, 1);
	CU_ASSERT_EQUAL(c->courier.transport, CONF_MAIL_SMTP);
	CU_ASSERT_TRUE(c->staff[0].approver);
	CU_ASSERT_EQUAL(c->tenants[0].feeds[0].interval, 3000);
	CU_ASSERT_EQUAL(c->tenants[0].feeds[1].stream, CONF_STREAM_NDJSON);
	CU_ASSERT_EQUAL(c->tenants[0].feeds[1].cursor_rewind, 5000000);
	CU_ASSERT_STRING_EQUAL(c->tenants[0].feeds[1].token_credential, "trial-token");
	CU_ASSERT_TRUE(c->fetch.push_sha1);
	CU_ASSERT_STRING_EQUAL(c->tenants[0].feeds[0].mapping->author, "by[\"a.b\"]");
	CU_ASSERT_STRING_EQUAL(c->tenants[0].feeds[0].mapping->next, "paging.next");
	conf_free(&c);
	buf_free(&said);
}

#define MAPPED(url, id) \
	"{ url = \"" url "\"; mapping = { id = \"" id "\"; text = \"t\"; }; }"

static const char mapped[] =
    "provider = { name = \"P\"; mailbox = \"abuse@example.net\"; };\n"
    "tenants = ( { id = \"a\"; name = \"A\"; contact = \"c@t.example\";\n"
    "  manager = \"m@example.net\"; feeds = (\n" MAPPED("http://x/a?p=1",
	"one") "," MAPPED("http://x/a?p=2", "two") "," MAPPED("http://y/b",
	"three") ", \"http://z/feed\", { url = \"http://s/\"; stream = \"sse\"; "
		 "stream_url = \"http://s/live\"; mapping = { text = \"t\"; id = "
		 "\"five\"; }; } ); },\n"
		 "  { id = \"b\"; name = \"B\"; contact = \"c@t.example\"; manager = "
		 "\"m@example.net\";\n"
		 "  feeds = ( " MAPPED("http://y/b", "four") " ); } );\n";

/* Whose JSON is read by which mapping. */
static void
test_mapping(void)
{
	static const char *const wrong[] = {"", ".a", "a.", "a..b", "a[", "a[x]",
	    "a[-1]", "a[]", "a]b", "[\"\"]", "a[\"b]", "a b[*", "a[1]b",
	    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"};
	static const char *const right[] = {"a", "a.b", "a[0]", "[*]", "[\"a.b\"].c",
	    "a[*][1].b", "a b.c-d", "\xc3\xa9"};
	static const struct {
		const char *url, *id;
	} cases[] = {
	    {"http://x/a?p=1", "one"},
	    {"http://x/a?p=2", "two"},
	    {"http://x/a?p=3", NULL}, /* one of two */
	    {"http://y/b", "three"},
	    {"http://y/b?page=2", "three"},
	    {"http://y/other", NULL},
	    {"http://x/b", NULL},
	    {"http://z/feed", NULL},
	    {"http://yy/b", NULL},
	};
	struct buf said = {0};
	struct conf *c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_PTR_NOT_NULL(conf_value_member(wrong[i]));
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		CU_ASSERT_PTR_NULL(conf_value_member(right[i]));
	c = parse_one(&said, mapped);
	if (c == NULL)
		printf("\n%s", said.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->nmapped, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conf_mapping *m =
		    conf_mapping_of(c, c->tenants[0].key, cases[i].url);

		CU_ASSERT_EQUAL(m != NULL, cases[i].id != NULL);
		if (m != NULL && cases[i].id != NULL)
			CU_ASSERT_STRING_EQUAL(m->id, cases[i].id);
	}
	CU_ASSERT_STRING_EQUAL(
	    conf_mapping_of_stream(c, c->tenants[0].key, "http://s/live")->id, "five");
	CU_ASSERT_PTR_NULL(
	    conf_mapping_of_stream(c, c->tenants[1].key, "http://s/live"));
	CU_ASSERT_PTR_NULL(conf_mapping_of_stream(c, c->tenants[0].key, "http://s/"));
	CU_ASSERT_PTR_NULL(conf_mapping_of(c, "0123456789abcdef", "http://y/b"));
	CU_ASSERT_STRING_EQUAL(
	    conf_mapping_of(c, c->tenants[1].key, "http://y/b")->id, "four");
	conf_free(&c);
	buf_free(&said);
}

static const char *manual;

/* Calls fn for each row of a table and of the tables below it. */
static void
each_row(const struct conf_table *t, void (*fn)(const struct conf_row *))
{
	for (size_t i = 0; i < t->nrows; i++) {
		fn(&t->rows[i]);
		if (t->rows[i].table != NULL)
			each_row(t->rows[i].table, fn);
	}
}

static void
row_is_used(const struct conf_row *row)
{
	char *key = xasprintf("%s = ", row->key);

	CU_ASSERT_PTR_NOT_NULL(strstr(every_key, key));
	if (strstr(every_key, key) == NULL)
		printf("\nevery_key has no %s", row->key);
	free(key);
}

/* The manual has ".It Ic KEY", and the default's text in that paragraph. */
static void
row_is_explained(const struct conf_row *row)
{
	char *item = xasprintf("\n.It Ic %s ", row->key), *end;
	const char *at = manual;
	bool found = false;

	/* Keys of one name in several sections have a paragraph each. */
	while (!found && (at = strstr(at, item)) != NULL) {
		char *copy = xstrdup(at + 1);

		end = strstr(copy, "\n.It Ic ");
		if (end != NULL)
			*end = '\0';
		found = row->def == NULL || row->type == CONF_GRANT ||
			strncmp(row->def, TOSD_CONFDIR, strlen(TOSD_CONFDIR)) == 0 ||
			strstr(copy, row->def) != NULL;
		free(copy);
		at++;
	}
	CU_ASSERT_TRUE(found);
	if (!found)
		printf("\ntosd.conf.5: %s, default %s", row->key,
		    row->def != NULL ? row->def : "none");
	free(item);
}

static void
test_manual(void)
{
	struct buf b = {0};
	struct err e = ERR_INIT;

	each_row(&conf_table_root, row_is_used);
	CU_ASSERT_EQUAL_FATAL(
	    file_read(TOSD_SRCDIR "/etc/tosd.conf.5", 1 << 20, &b, &e), 0);
	manual = b.data;
	each_row(&conf_table_root, row_is_explained);
	buf_free(&b);
}

static void
test_example(void)
{
	struct conf_sources s;
	struct buf said = {0};
	struct err e = ERR_INIT;
	struct conf *c = NULL;

	CU_ASSERT_EQUAL_FATAL(
	    conf_sources_read(TOSD_SRCDIR "/etc/tosd.conf", &s, &e), 0);
	CU_ASSERT_EQUAL(conf_parse(&s, collect, &said, &c), 0);
	if (c == NULL)
		printf("\n%s", said.data);
	conf_free(&c);
	conf_sources_clear(&s);
	buf_free(&said);
}

/* A folder in /tmp with the files of a configuration. */
static char *
make_folder(void)
{
	char *dir = xstrdup("/tmp/tosd-conf-XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	return dir;
}

static void
put(const char *dir, const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct err e = ERR_INIT;

	CU_ASSERT_EQUAL(file_write(path, text, strlen(text), mode, FILE_NOSYNC, &e), 0);
	chmod(path, mode);
	free(path);
}

static void
remove_folder(char *dir)
{
	char *command = xasprintf("rm -rf '%s'", dir);

	CU_ASSERT_EQUAL(system(command), 0);
	free(command);
	free(dir);
}

static void
test_sources(void)
{
	char *dir = make_folder(), *path = xasprintf("%s/tosd.conf", dir);
	struct conf_sources s, again;
	struct conf *c = NULL;
	struct buf w = {0}, said = {0};
	struct err e = ERR_INIT;
	struct rd r;

	put(dir, "tosd.conf", MINIMUM, 0644);
	CU_ASSERT_EQUAL(conf_sources_read(path, &s, &e), 0);
	CU_ASSERT_EQUAL(s.n, 1);
	conf_sources_clear(&s);
	CU_ASSERT_EQUAL(chdir(dir), 0);
	CU_ASSERT_EQUAL(mkdir("tenants.d", 0755), 0);
	put(dir, "tenants.d/b.conf", "# b\n", 0644);
	put(dir, "tenants.d/B.conf", "# B\n", 0644);
	put(dir, "tenants.d/a.conf.dpkg-old", "no", 0644);
	put(dir, "tenants.d/.hidden.conf", "no", 0644);
	CU_ASSERT_EQUAL(conf_sources_read("./tosd.conf", &s, &e), 0);
	CU_ASSERT_EQUAL_FATAL(s.n, 3);
	CU_ASSERT_STRING_EQUAL(s.v[0].name, path);
	CU_ASSERT_STRING_EQUAL(s.v[1].text, "# B\n");
	CU_ASSERT_STRING_EQUAL(s.v[2].text, "# b\n");
	conf_sources_put(&w, &s);
	for (size_t n = 0; n <= w.len; n++) {
		char *cut = xstrndup(w.data, n);

		r = rd_of(cut, n);
		conf_sources_get(&r, &again);
		CU_ASSERT_EQUAL(r.bad, n < w.len);
		CU_ASSERT_EQUAL(again.n, n < w.len ? 0 : 3);
		if (again.n == 3)
			CU_ASSERT_STRING_EQUAL(again.v[2].name, s.v[2].name);
		conf_sources_clear(&again);
		free(cut);
	}
	conf_sources_clear(&s);
	/* A folder that was named must be there: no tenants is not what was meant. */
	put(dir, "tosd.conf", MINIMUM "tenants_dir = \"gone\";\nzebra = 1;\n", 0644);
	CU_ASSERT_EQUAL(conf_sources_read(path, &s, &e), 0);
	CU_ASSERT_EQUAL(conf_parse(&s, collect, &said, &c), TOSD_EINVAL);
	CU_ASSERT_PTR_NULL(c);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, ":2: `tenants_dir': "));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "/gone: No such file"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, ":3: unknown key `zebra'"));
	conf_sources_clear(&s);
	buf_free(&said);
	CU_ASSERT_EQUAL(conf_sources_read("/nonexistent/x", &s, &e), TOSD_ENOENT);
	CU_ASSERT_EQUAL(chdir("/"), 0);
	buf_free(&w);
	free(path);
	remove_folder(dir);
}

/* Files that are small enough each, and no role would take them together. */
static void
test_sources_large(void)
{
	char *dir = make_folder(), *path = xasprintf("%s/tosd.conf", dir);
	char *text = xmalloc((15u << 20) + 1), name[] = "tenants.d/0.conf";
	struct conf_sources s;
	struct buf w = {0};
	struct err e = ERR_INIT;

	memset(text, '\n', 15u << 20);
	text[15u << 20] = '\0';
	put(dir, "tosd.conf", MINIMUM, 0644);
	CU_ASSERT_EQUAL(chdir(dir), 0);
	CU_ASSERT_EQUAL(mkdir("tenants.d", 0755), 0);
	for (; name[10] < '4'; name[10]++)
		put(dir, name, text, 0644);
	CU_ASSERT_EQUAL_FATAL(conf_sources_read(path, &s, &e), 0);
	conf_sources_put(&w, &s);
	CU_ASSERT_TRUE(w.len <= 64u << 20); /* CONF_BYTES_MAX of role.c */
	conf_sources_clear(&s);
	put(dir, name, text, 0644);
	CU_ASSERT_EQUAL(conf_sources_read(path, &s, &e), TOSD_ELIMIT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "together"));
	CU_ASSERT_EQUAL(s.n, 0);
	CU_ASSERT_EQUAL(chdir("/"), 0);
	buf_free(&w);
	free(text);
	free(path);
	remove_folder(dir);
}

static void
test_digest(void)
{
	struct buf said = {0};
	struct conf *a = parse_one(&said, MINIMUM), *b = parse_one(&said, MINIMUM "\n");
	struct conf *again = parse_one(&said, MINIMUM);

	CU_ASSERT_FATAL(a != NULL && b != NULL && again != NULL);
	CU_ASSERT_STRING_EQUAL(a->digest, again->digest);
	CU_ASSERT_STRING_NOT_EQUAL(a->digest, b->digest);
	CU_ASSERT_EQUAL(strlen(a->digest), 64);
	conf_free(&a);
	conf_free(&b);
	conf_free(&again);
	buf_free(&said);
}

static void
test_durations(void)
{
	static const struct {
		const char *s;
		int64_t ms;
	} cases[] = {{"90s", 90000}, {"15m", 900000}, {"72h", 259200000},
	    {"14d", 1209600000}, {"500ms", 500}, {"7", 7000}, {"0", 0}, {"", -1},
	    {"s", -1}, {"-1s", -1}, {"1.5h", -1}, {"5 m", -1}, {" 5m", -1}, {"5m ", -1},
	    {"5M", -1}, {"5mm", -1}, {"999999999999999999d", -1},
	    {"9999999999999999999", -1}, {"0x10", -1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(conf_duration(cases[i].s), cases[i].ms);
	CU_ASSERT_EQUAL(conf_value_size("10M"), 10 << 20);
	CU_ASSERT_EQUAL(conf_value_size("64KiB"), 65536);
	CU_ASSERT_EQUAL(conf_value_size("64k"), -1);
	CU_ASSERT_EQUAL(conf_value_size("999999999999999999G"), -1);
}

static void
test_ranges(void)
{
	static const char *const wrong[] = {"", "/8", "10.0.0.0/33", "10.0.0.0/",
	    "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0/8", "10.1.0.0/8", "::1/129", "::1/64",
	    "localhost", "010.0.0.0/8", "fe80::1%eth0"};
	static const uint8_t ten[16] = {[10] = 0xff, [11] = 0xff, [12] = 10};
	struct conf_range r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_FALSE(conf_range_parse(wrong[i], &r));
	CU_ASSERT_TRUE(conf_range_parse("10.0.0.0/8", &r));
	CU_ASSERT_EQUAL(r.bits, 104);
	CU_ASSERT_EQUAL(memcmp(r.addr, ten, 16), 0);
	CU_ASSERT_TRUE(conf_range_parse("127.0.0.1", &r));
	CU_ASSERT_EQUAL(r.bits, 128);
	CU_ASSERT_TRUE(conf_range_parse("fc00::/7", &r));
	CU_ASSERT_EQUAL(r.bits, 7);
	CU_ASSERT_EQUAL(r.addr[0], 0xfc);
	CU_ASSERT_TRUE(conf_range_parse("::/0", &r));
}

static void
test_end(void)
{
	CU_ASSERT_TRUE(text_has_end("a.conf", ".conf"));
	CU_ASSERT_FALSE(text_has_end(".conf", ".conf"));
	CU_ASSERT_FALSE(text_has_end("a.conf~", ".conf"));
	CU_ASSERT_FALSE(text_has_end("f", ".conf"));
}

static void
test_distance(void)
{
	CU_ASSERT_EQUAL(text_distance("", ""), 0);
	CU_ASSERT_EQUAL(text_distance("", "abc"), 3);
	CU_ASSERT_EQUAL(text_distance("kitten", "sitting"), 3);
	CU_ASSERT_EQUAL(text_distance("ab", "ba"), 1);
	CU_ASSERT_EQUAL(text_distance("Interval", "interval"), 0);
	CU_ASSERT_EQUAL(
	    text_distance("abcdefghijabcdefghijabcdefghijabcdefghijx", "a"), SIZE_MAX);
	CU_ASSERT_TRUE(conf_value_secret_key("SMTP_PASSWORD"));
	CU_ASSERT_FALSE(conf_value_secret_key("password_credential"));
	CU_ASSERT_FALSE(conf_value_secret_key("token_limit"));
	CU_ASSERT_FALSE(conf_value_secret_key("compass"));
	CU_ASSERT_TRUE(conf_value_url_local("smtp://127.0.0.1:25"));
	CU_ASSERT_TRUE(conf_value_url_local("smtp://[::1]"));
	CU_ASSERT_FALSE(conf_value_url_local("smtp://127.example.net"));
	CU_ASSERT_FALSE(conf_value_url_local("smtp://192.0.2.1"));
}

static void
test_secret(void)
{
	char *dir = make_folder(), *path = xasprintf("%s/key", dir);
	struct err e = ERR_INIT;
	struct buf b = {0};

	buf_puts(&b, "before:");
	put(dir, "key", "hunter2\n\n", 0600);
	CU_ASSERT_EQUAL(conf_secret(path, &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "before:hunter2\n");
	buf_reset(&b);
	put(dir, "key", "\r\n", 0600);
	CU_ASSERT_EQUAL(conf_secret(path, &b, &e), TOSD_EINVAL);
	put(dir, "key", "hunter2\r\n", 0600);
	CU_ASSERT_EQUAL(conf_secret(path, &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "hunter2");
	buf_reset(&b);
	CU_ASSERT_EQUAL(chmod(path, 0640), 0);
	CU_ASSERT_EQUAL(conf_secret(path, &b, &e), 0);
	buf_reset(&b);
	for (size_t i = 0; i < 3; i++) {
		static const mode_t modes[] = {0644, 0660, 0602};

		CU_ASSERT_EQUAL(chmod(path, modes[i]), 0);
		CU_ASSERT_EQUAL(conf_secret(path, &b, &e), TOSD_EDENIED);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "chmod 0600"));
		CU_ASSERT_EQUAL(b.len, 0);
	}
	CU_ASSERT_EQUAL(conf_secret(dir, &b, &e), TOSD_EDENIED);
	put(dir, "key", "\n", 0600);
	CU_ASSERT_EQUAL(conf_secret(path, &b, &e), TOSD_EINVAL);
	unsetenv("CREDENTIALS_DIRECTORY");
	CU_ASSERT_EQUAL(conf_secret("key", &b, &e), TOSD_ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "LoadCredential="));
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	put(dir, "key", "from systemd", 0444);
	CU_ASSERT_EQUAL(conf_secret("key", &b, &e), 0);
	CU_ASSERT_STRING_EQUAL(b.data, "from systemd");
	CU_ASSERT_EQUAL(conf_secret("gone", &b, &e), TOSD_ENOENT);
	CU_ASSERT_NOT_EQUAL(conf_secret("..", &b, &e), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	buf_free(&b);
	free(path);
	remove_folder(dir);
}

static void
look(const char *dir, struct buf *said, int want)
{
	char *path = xasprintf("%s/tosd.conf", dir);
	struct conf_sources s;
	struct err e = ERR_INIT;
	struct conf *c = NULL;

	buf_reset(said);
	buf_reserve(said, 0);
	CU_ASSERT_EQUAL_FATAL(conf_sources_read(path, &s, &e), 0);
	CU_ASSERT_EQUAL_FATAL(conf_parse(&s, collect, said, &c), 0);
	CU_ASSERT_EQUAL(conf_check_files(c, collect, said), want);
	if (want == 0 && said->len > 0)
		printf("\n%s", said->data);
	conf_free(&c);
	conf_sources_clear(&s);
	free(path);
}

/* A program is code, as a shared object is, and its folder is how it can be replaced.
 */
static void
test_check_command(void)
{
	char *dir = make_folder(), *path = xasprintf("%s/c", dir), *text;
	struct buf said = {0};

	CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
	CU_ASSERT_EQUAL(chmod(dir, 0711), 0);
	text = xasprintf(MINIMUM
	    "state_dir = \"s\"; run_dir = \"r\"; templates_dir = \"c\";\n"
	    "fetch = { ca_file = \"c/y\"; };\n"
	    "policy = { packs_dir = \"c\"; plugins = ( { name = \"x\";\n"
	    "  command = [ \"%s/x\", \"-u\", \"%s/y\" ]; } ); };\n",
	    path, path);
	put(dir, "tosd.conf", text, 0644);
	put(dir, "c/p.conf", "x", 0644);
	put(dir, "c/y", "x", 0644);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, ":4: `command'"));
	put(dir, "c/x", "x", 0755);
	look(dir, &said, 0);
	put(dir, "c/x", "x", 0775);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "may be written by others"));
	put(dir, "c/x", "x", 0644);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "cannot be executed"));
	put(dir, "c/x", "x", 0755);
	put(dir, "c/y", "x", 0666);
	look(dir, &said, TOSD_EINVAL);
	put(dir, "c/y", "x", 0644);
	CU_ASSERT_EQUAL(chmod(path, 0777), 0);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said.data, "lies in a folder that may be written"));
	buf_free(&said);
	free(text);
	free(path);
	remove_folder(dir);
}

/* A program that its user would not get at; the folder in which it is to run. */
static void
test_reach_command(void)
{
	char *dir = make_folder(), *path = xasprintf("%s/tosd.conf", dir), *text;
	struct buf said = {0};

	text = xasprintf(MINIMUM
	    "state_dir = \"s\"; run_dir = \"r\"; templates_dir = \"c\";\n"
	    "fetch = { ca_file = \"x\"; };\n"
	    "policy = { packs_dir = \"c\"; plugins = ( { name = \"x\";\n"
	    "  command = [ \"%s/x\", \"%s/y\" ]; folder = \"f\"; } ); };\n",
	    dir, dir);
	put(dir, "tosd.conf", text, 0644);
	put(dir, "x", "x", 0755);
	put(dir, "y", "x", 0644);
	free(path);
	path = xasprintf("%s/c", dir);
	CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
	put(dir, "c/p.conf", "x", 0644);
	CU_ASSERT_EQUAL(chmod(dir, 0755), 0);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "`folder': "));
	put(dir, "f", "x", 0644);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "is not a folder"));
	put(dir, "x", "x", 0700);
	put(dir, "y", "x", 0600);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_EQUAL(
	    strstr(said.data, "cannot be executed by user id 60700") != NULL,
	    geteuid() == 0);
	CU_ASSERT_EQUAL(strstr(said.data, "cannot be read by user id 60700") != NULL,
	    geteuid() == 0);
	buf_free(&said);
	free(text);
	free(path);
	remove_folder(dir);
}

/* Farther up it could be replaced as well, and so could a symlink on the way. */
static void
test_way_to_code(void)
{
	char *dir = make_folder(), *p = xasprintf("%s/wide/in/x", dir),
	     *link = xasprintf("%s/wide/link", dir), *to = xasprintf("%s/in", dir),
	     *by = xasprintf("%s/wide/link/x", dir), *wide = xasprintf("%s/wide", dir),
	     *in = xasprintf("%s/wide/in", dir);
	struct buf said = {0};

	CU_ASSERT_EQUAL(mkdir(wide, 0755) | mkdir(in, 0755) | mkdir(to, 0755), 0);
	CU_ASSERT_EQUAL(symlink("../in", link), 0);
	put(dir, "wide/in/x", "x", 0644);
	put(dir, "in/x", "x", 0644);
	CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), 0);
	CU_ASSERT_EQUAL(conf_check_object(by, collect, &said), 0);
	CU_ASSERT_EQUAL(chmod(wide, 01777), 0);
	CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), 0);
	CU_ASSERT_EQUAL(conf_check_object(by, collect, &said), 0);
	CU_ASSERT_EQUAL(chmod(wide, 0777), 0);
	CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "/wide, which may be written by"));
	CU_ASSERT_EQUAL(conf_check_object(by, collect, &said), TOSD_EINVAL);
	CU_ASSERT_EQUAL(chmod(wide, 0755), 0);
	/* What is not on the way counts for nothing; where a symlink leads to, does. */
	CU_ASSERT_EQUAL(chmod(to, 0777), 0);
	CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), 0);
	CU_ASSERT_EQUAL(conf_check_object(by, collect, &said), TOSD_EINVAL);
	/* The sticky bit is a folder's. */
	CU_ASSERT_EQUAL(chmod(p, 01666), 0);
	CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), TOSD_EINVAL);
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(
		    chmod(to, 0755) | chmod(wide, 01777) | chmod(p, 0644), 0);
		CU_ASSERT_EQUAL(lchown(link, 65534, 65534), 0);
		CU_ASSERT_EQUAL(conf_check_object(p, collect, &said), 0);
		CU_ASSERT_EQUAL(conf_check_object(by, collect, &said), TOSD_EINVAL);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(said.data, "/wide/link, which belongs to somebody else"));
	}
	buf_free(&said);
	free(p), free(link), free(to), free(by), free(wide), free(in);
	remove_folder(dir);
}

/* What takes no file is a mistake before anything runs; the attempt leaves nothing. */
static void
test_writable(void)
{
	char *dir = make_folder(), *sub = xasprintf("%s/s", dir),
	     *in = xasprintf("%s/s/t", dir), *check = xasprintf("rmdir '%s/s'", dir);
	const char *nobody = getpwnam("nobody") != NULL ? "nobody" : NULL;
	int want = geteuid() == 0 ? 0 : EACCES;

	CU_ASSERT_EQUAL(conf_writable("/proc/x", "/proc", NULL) != 0, true);
	CU_ASSERT_EQUAL(mkdir(sub, 0755), 0);
	CU_ASSERT_EQUAL(conf_writable(sub, sub, NULL), 0);
	CU_ASSERT_EQUAL(conf_writable(in, sub, NULL), 0);
	CU_ASSERT_EQUAL(chmod(sub, 0555), 0);
	CU_ASSERT_EQUAL(conf_writable(sub, sub, NULL), want);
	CU_ASSERT_EQUAL(chmod(sub, 0755), 0);
	/* The user of the roles must get there; the folder itself it is given. */
	CU_ASSERT_EQUAL(chmod(dir, 0700), 0);
	if (geteuid() == 0 && nobody != NULL) {
		CU_ASSERT_EQUAL(conf_writable(sub, sub, nobody), EACCES);
		CU_ASSERT_EQUAL(conf_writable(in, sub, nobody), EACCES);
		CU_ASSERT_EQUAL(chmod(dir, 0755), 0);
		CU_ASSERT_EQUAL(conf_writable(sub, sub, nobody), 0);
	}
	CU_ASSERT_EQUAL(system(check), 0);
	free(check);
	free(in);
	free(sub);
	remove_folder(dir);
}

/* A secret where its name should be: told, and never repeated. */
static void
test_secret_for_name(void)
{
	static const char *const values[] = {
	    "sk-abcdef0123", "./dir/hunter2", "x9/hunter2"};
	char *dir = make_folder();
	struct buf said = {0}, doubts = {0};

	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < 2 * sizeof(values) / sizeof(values[0]); i++) {
		const char *value = values[i / 2];
		bool path = strchr(value, '/') != NULL;
		char *text = xasprintf(MINIMUM "state_dir = \"s\"; run_dir = \"r\";\n"
					       "templates_dir = \".\";\n"
					       "policy = { packs_dir = \".\"; };\n"
					       "courier = { username = \"u\";\n"
					       "  password_credential = \"%s\"; };\n",
		    value);
		char *conf = xasprintf("%s/tosd.conf", dir);
		struct conf_sources s;
		struct err e = ERR_INIT;
		struct conf *c = NULL;

		put(dir, "tosd.conf", text, 0644);
		/* Known for sure once systemd has started us, a doubt before. */
		if (i % 2 == 1)
			setenv("CREDENTIALS_DIRECTORY", dir, 1);
		buf_reset(&said);
		buf_reset(&doubts);
		CU_ASSERT_EQUAL_FATAL(conf_sources_read(conf, &s, &e), 0);
		CU_ASSERT_EQUAL_FATAL(conf_parse(&s, collect, &said, &c), 0);
		conf_check_files(c, collect, &said);
		conf_doubt_files(c, collect, &doubts);
		buf_puts(&said, "");
		buf_puts(&doubts, "");
		CU_ASSERT_EQUAL(strstr(said.data, ":6: `password_credential'") != NULL,
		    path || i % 2 == 1);
		CU_ASSERT_EQUAL(
		    strstr(doubts.data, ":6: `password_credential'") != NULL,
		    !path && i % 2 == 0);
		CU_ASSERT_PTR_NULL(strstr(said.data, value + 2));
		CU_ASSERT_PTR_NULL(strstr(doubts.data, value + 2));
		buf_reset(&said);
		if (!path) {
			CU_ASSERT_NOT_EQUAL(conf_secret(value, &said, &e), 0);
			CU_ASSERT_PTR_NULL(strstr(e.text, value));
		}
		unsetenv("CREDENTIALS_DIRECTORY");
		conf_free(&c);
		conf_sources_clear(&s);
		free(conf);
		free(text);
	}
	buf_free(&said);
	buf_free(&doubts);
	remove_folder(dir);
}

static void
test_check_files(void)
{
	static const char text[] =
	    MINIMUM "state_dir = \"s/t\"; run_dir = \"r\"; templates_dir = \"n\";\n"
		    "user = \"root\"; group = \"root\";\n"
		    "fetch = { ca_file = \"ca\"; };\n"
		    "policy = { packs_dir = \"p\"; plugins = ( { name = \"x\";\n"
		    "  path = \"x.so\"; }, { name = \"r\"; path = \"rules.so\"; } ); "
		    "};\n"
		    "courier = { transport = \"sendmail\"; sendmail = \"x.so\"; "
		    "username = \"u\";\n"
		    "  password_credential = \"./key\"; };\n";
	static const char no_rules[] =
	    MINIMUM "state_dir = \"s/t\"; run_dir = \"r\"; templates_dir = \"n\";\n"
		    "fetch = { ca_file = \"ca\"; };\n"
		    "policy = { packs_dir = \"none\"; plugins = ( { name = \"x\";\n"
		    "  path = \"x.so\"; } ); };\n";
	static const char no_state[] =
	    MINIMUM "state_dir = \"/proc/x\"; run_dir = \"r\"; templates_dir = \"n\";\n"
		    "policy = { packs_dir = \"none\"; plugins = ( { name = \"x\";\n"
		    "  path = \"x.so\"; } ); };\n";
	static const char *const want[] = {":2: `templates_dir'", ":4: `ca_file'",
	    ":5: `path'", ":5: `packs_dir'", ":7: `sendmail'",
	    ":8: `password_credential'"};
	char *dir = make_folder(), *sub = xasprintf("%s/n", dir);
	struct buf said = {0};

	put(dir, "tosd.conf", text, 0644);
	look(dir, &said, TOSD_EINVAL);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(said.data, want[i]));
		if (strstr(said.data, want[i]) == NULL)
			printf("\nmissing %s in\n%s", want[i], said.data);
	}
	CU_ASSERT_EQUAL(mkdir(sub, 0755), 0);
	sub[strlen(sub) - 1] = 'p';
	CU_ASSERT_EQUAL(mkdir(sub, 0755), 0);
	put(dir, "n/notice.mustache", "x", 0644);
	put(dir, "p/README", "x", 0644);
	put(dir, "ca", "x", 0644);
	put(dir, "key", "x", 0600);
	put(dir, "x.so", "x", 0755);
	put(dir, "rules.so", "x", 0755);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "holds no rule pack"));
	put(dir, "p/a.conf", "x", 0644);
	look(dir, &said, 0);
	/* A plugin that is not `rules' needs neither packs nor their folder. */
	put(dir, "tosd.conf", no_rules, 0644);
	look(dir, &said, 0);
	put(dir, "tosd.conf", no_state, 0644);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said.data, ":2: `state_dir': /proc/x cannot be made: /proc: "));
	put(dir, "tosd.conf", text, 0644);
	put(dir, "x.so", "x", 0777);
	put(dir, "key", "x", 0604);
	put(dir, "s", "a file where a folder should be", 0644);
	look(dir, &said, TOSD_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "chmod go-w"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "chmod 0600"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said.data, "`state_dir'"));
	buf_free(&said);
	free(sub);
	remove_folder(dir);
}

/* Cut and bent texts must end in a verdict, never in a crash or a leak. */
static void
test_broken_bytes(void)
{
	size_t n = strlen(every_key);
	struct buf said = {0};
	unsigned x = 1;

	for (size_t cut = 0; cut < n; cut += 7) {
		char *text = xstrndup(every_key, cut);
		struct conf *c = parse_one(&said, text);

		conf_free(&c);
		free(text);
	}
	for (int i = 0; i < 2000; i++) {
		char *text = xstrdup(every_key);
		struct conf *c;

		for (int k = 0; k < 3; k++) {
			x = x * 1103515245 + 12345;
			text[(x >> 8) % n] = "\"{}()[];=,/*#\\@9 \n\x80"
					     "a"[(x >> 4) % 21];
		}
		c = parse_one(&said, text);
		conf_free(&c);
		free(text);
	}
	buf_free(&said);
}

static const struct suite_test tests[] = {
    {"mappings", test_mapping},
    {"one mistake: line and remedy", test_one_mistake},
    {"all mistakes in one run", test_all_in_one_run},
    {"files of tenants.d", test_files_of_tenants},
    {"names of endpoints", test_endpoint_names},
    {"defaults", test_defaults},
    {"lists that are fetched", test_lists},
    {"every key", test_every_key},
    {"what a role has no use for is dropped", test_lean},
    {"workers are told of no tenant", test_blind},
    {"the manual names every key and default", test_manual},
    {"the example passes", test_example},
    {"sources: read, wire form, every cut", test_sources},
    {"files that are too large together", test_sources_large},
    {"digest of the sources", test_digest},
    {"durations and sizes", test_durations},
    {"address ranges", test_ranges},
    {"distance and secret keys", test_distance},
    {"how a name ends", test_end},
    {"secrets and their permissions", test_secret},
    {"folders that can be written to", test_writable},
    {"a secret for a name", test_secret_for_name},
    {"what the file system says", test_check_files},
    {"programs of plugins on disk", test_check_command},
    {"... out of reach of their user", test_reach_command},
    {"... and what is above them", test_way_to_code},
    {"broken bytes", test_broken_bytes},
};

SUITE_MAIN("conf", tests)
