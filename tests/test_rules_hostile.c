/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_hostile: packs that are made to cost time or memory, or to read what is
 * not theirs; and how loading grows with the number of rules.
 */
#include <time.h>

#include "tests/rules_host.h"
#include "tests/rules_made.h"

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The pack is refused, with these words. */
static void
refused(const char *text, const char *want)
{
	struct policy_host *h = rules_open_pack(text);

	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, want));
	if (strstr(rules_problems, want) == NULL)
		printf("\n  wanted: %s\n  got: %.300s", want, rules_problems);
	policy_host_free(&h);
}

static const char good[] =
    "pack = { name = \"p\"; version = 1; owner = \"me\"; };\n"
    "clauses = ( { id = \"1\"; text = \"One\"; } );\n"
    "%s\n"
    "rules = ( { id = \"a\"; rev = 1; mode = \"enforce\"; category = \"c\"; clause = "
    "\"1\"; severity = \"low\"; score = 0.9; reason = \"r\"; phrases = [ \"%s\" ]; } "
    ");\n"
    "tests = { ok = [ \"?\", \"q\", \"qq\" ]; fail = [ \"kill\", \"kill a\", \"kill "
    "b\" "
    "]; twins = ( [ \"kill a\", \"kill b\" ] ); };\n";

/* So is a good one with this beside its rule, and this phrase. */
static void
refused_with(const char *beside, const char *phrase, const char *want)
{
	char *text = xasprintf(good, beside, phrase);

	refused(text, want);
	free(text);
}

static void
test_deep(void)
{
	struct buf b = {0};

	buf_puts(&b, "pack = ");
	for (int i = 0; i < 200000; i++)
		buf_puts(&b, "( ");
	refused(b.data, "p.conf:1: more than 30 brackets deep");
	buf_free(&b);
	/* Brackets in strings and comments are none. */
	buf_puts(&b, "pack = \"");
	for (int i = 0; i < 100; i++)
		buf_puts(&b, "\\\"(");
	buf_puts(&b, "\"; # ((((((((((((((((((((((((((((((((((((((((((((\n");
	refused(b.data, "`pack' must be a group");
	buf_free(&b);
	refused("/* \n @include \"/etc/passwd\" */", "@include is not for packs");
}

/* Each name is compared with all those before it in its group: at once in one group, or
 * in many that share the time. */
static void
test_names(void)
{
	double start = cpu();
	struct policy_host *h;
	struct buf b = {0};
	char *text;

	buf_puts(&b, "contexts = {\n");
	for (int i = 0; i < 65536; i++)
		buf_printf(&b, "c%d = { phrases = [ \"x\" ]; };\n", i);
	buf_puts(&b, "};");
	refused_with(b.data, "kill",
	    "p.conf:10004: more names than are compared: 10000 in one group");
	buf_free(&b);
	buf_puts(&b, "lists = (\n");
	for (int i = 0; i < 30; i++) {
		buf_puts(&b, i > 0 ? ",\n{ " : "{ ");
		for (int k = 0; k < 9000; k++)
			buf_printf(&b, "c%d=1;", k);
		buf_puts(&b, " }");
	}
	buf_puts(&b, ");");
	refused_with(b.data, "kill", "p.conf:5: more names than are compared");
	buf_free(&b);
	/* Signs in strings are no names, and what fits is read. */
	buf_puts(&b, "contexts = {\n");
	for (int i = 0; i < 2000; i++)
		buf_printf(
		    &b, "c%d = { phrases = [ \"x\" ]; about = \"=:=:\"; };\n", i);
	buf_puts(&b, "};");
	text = xasprintf(good, b.data, "kill");
	h = rules_open_pack(text);
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
	free(text);
	buf_free(&b);
	CU_ASSERT_TRUE(cpu() - start < 5);
}

/* Lists of lists whose entries multiply. */
static void
test_multiplying(void)
{
	struct buf b = {0};

	buf_puts(&b, "lists = { l0 = [ \"kill\" ];\n");
	for (int i = 1; i < 4; i++) {
		buf_printf(&b, "l%d = [ \"@l%d @l%d @l%d\"", i, i - 1, i - 1, i - 1);
		for (int k = 0; k < 30; k++)
			buf_printf(&b, ", \"@l%d\"", i - 1);
		buf_puts(&b, " ];\n");
	}
	buf_puts(&b, "};");
	refused_with(b.data, "@l3 @l3", "too long with all its lists");
	refused_with("lists = { a = [ \"@b\" ]; b = [ \"@a\" ]; };", "@a",
	    "too deep, or in a circle");
	buf_free(&b);
}

/* A list of many thousand words is a matter of words, not of an expression. */
static void
test_giant_list(void)
{
	struct buf b = {0};
	struct policy_host *h;
	char *text;

	buf_puts(&b, "lists = { giant = [ \"kill\"");
	for (int i = 0; i < 49000; i++)
		buf_printf(&b, ", \"w%dx\"", i);
	buf_puts(&b, " ]; };");
	text = xasprintf(good, b.data, "@giant");
	h = rules_open_pack(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(rules_count(h, "a W48999X b"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a w49000x b"), 0);
	policy_host_free(&h);
	free(text);
	buf_puts(&b, " ");
	b.len = 0;
	buf_puts(&b, "lists = { giant = [ \"kill\"");
	for (int i = 0; i < 50001; i++)
		buf_puts(&b, ", \"w\"");
	buf_puts(&b, " ]; };");
	refused_with(b.data, "@giant", "has more than 50000 entries");
	buf_free(&b);
}

/* Files that are not the pack's own. */
static void
test_files(void)
{
	char from[200], to[200], *text = xasprintf(good, "", "kill");
	struct policy_host *h;

	rules_clear();
	rules_write("real.txt", text);
	snprintf(from, sizeof(from), "%s/real.txt", rules_dir);
	snprintf(to, sizeof(to), "%s/p.conf", rules_dir);
	CU_ASSERT_EQUAL_FATAL(symlink(from, to), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "p.conf: a symbolic link"));
	unlink(to);
	CU_ASSERT_EQUAL_FATAL(mkfifo(to, 0600), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "p.conf: not a plain file"));
	free(text);
	text = xasprintf(good, "lists = { l = { file = \"l.lst\"; }; };", "kill");
	rules_clear();
	rules_write("p.conf", text);
	snprintf(to, sizeof(to), "%s/l.lst", rules_dir);
	CU_ASSERT_EQUAL_FATAL(symlink("/etc/passwd", to), 0);
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "`l.lst': a symbolic link"));
	h = rules_open("file_bytes_max", "1000");
	CU_ASSERT_PTR_NULL(h);
	free(text);
	text = xasprintf(good, "", "kill");
	rules_clear();
	rules_write("p.conf", text);
	CU_ASSERT_PTR_NULL(rules_open("file_bytes_max", "10"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "`file_bytes_max' must be from"));
	rules_write("q.conf", text);
	h = rules_open("packs_max", "1");
	CU_ASSERT_PTR_NOT_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "more than 1 packs; q.conf"));
	policy_host_free(&h);
	free(text);
}

/* Whether the pack, which includes l.lst, is refused for what `why' says; NULL: not. */
static void
check_writers(const char *file, unsigned mode, const char *why)
{
	struct policy_host *h;
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", rules_dir, file);
	CU_ASSERT_EQUAL_FATAL(chmod(path, mode), 0);
	h = rules_open(NULL, NULL);
	CU_ASSERT_EQUAL(h == NULL, why != NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, why != NULL ? why : ""));
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(chmod(path, file[0] == '.' ? 0700 : 0600), 0);
}

/* Files that others could change. */
static void
test_writers(void)
{
	char *text = xasprintf(good, "lists = { l = { file = \"l.lst\"; }; };", "kill");
	char path[200];

	rules_clear();
	rules_write("p.conf", text);
	rules_write("l.lst", "word\n");
	check_writers("p.conf", 0644, NULL);
	check_writers("p.conf", 0646, "p.conf: may be written by others");
	check_writers("p.conf", 0666, "p.conf: may be written by others");
	check_writers("p.conf", 0664, NULL); /* whose group cannot come to it */
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0750), 0);
	check_writers("p.conf", 0664, "p.conf: may be written by others");
	check_writers("l.lst", 0666, "`l.lst': may be written by others");
	check_writers("./", 0707, "may be written by everybody; make it chmod o-w");
	/* Who may write the folder is no other: the files of a group's checkout. */
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0770), 0);
	check_writers("p.conf", 0664, NULL);
	check_writers("p.conf", 0666, "p.conf: may be written by others");
	CU_ASSERT_EQUAL_FATAL(chmod(rules_dir, 0700), 0);
	if (geteuid() == 0) {
		snprintf(path, sizeof(path), "%s/p.conf", rules_dir);
		CU_ASSERT_EQUAL_FATAL(chown(path, 65534, (gid_t)-1), 0);
		check_writers("p.conf", 0644, "p.conf: belongs to user 65534");
		CU_ASSERT_EQUAL_FATAL(chown(rules_dir, 65534, (gid_t)-1), 0);
		check_writers("p.conf", 0644, NULL);
		CU_ASSERT_EQUAL_FATAL(chown(rules_dir, 0, (gid_t)-1), 0);
	}
	rules_clear();
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "holds no rule pack (*.conf)"));
	free(text);
}

/* Beside another pack: that it is refused, or loads, is its own affair. */
static const char beside[] =
    "pack = { name = \"beside\"; version = 1; owner = \"me\"; };\n"
    "clauses = ( { id = \"1\"; text = \"One\"; } );\n"
    "rules = ( { id = \"a\"; rev = 1; mode = \"enforce\"; category = \"c\"; clause = "
    "\"1\"; severity = \"low\"; score = 0.9; reason = \"r\"; phrases = [ \"maim\" ]; } "
    ");\n"
    "tests = { ok = [ \"?\", \"q\", \"qq\" ]; fail = [ \"maim\", \"maim a\", \"maim "
    "b\" ]; twins = ( [ \"maim a\", \"maim b\" ] ); };\n";

/* A field a line, each filled in with @. */
static const char *const fields[] = {
    "pack = { name = \"@p\"; version = 1;",
    "owner = \"@me\";",
    "about = \"@about\"; };",
    "clauses = ( { id = \"1\"; text = \"@One\"; }, { id = \"2\"; text = \"Two\"; },",
    "{ id = \"@x\"; text = \"Three\"; } );",
    "lists = { l = [ \"@l\", \"you\" ]; };",
    "contexts = { c = { where = \"inside\"; phrases = [ \"@c\" ];",
    "regexes = [ \"@cc\" ]; }; };",
    "rules = ( { id = \"@a\"; rev = 1; mode = \"enforce\"; clause = \"1\";",
    "category = \"@c\"; severity = \"low\"; score = 0.9;",
    "owner = \"@you\";",
    "reason = \"@r\";",
    "except = [ \"c\" ]; phrases = [ \"kill\", \"@zz @l\" ];",
    "regexes = [ \"@qqq\" ]; near = ( { of = [ \"x\", \"y\" ]; } ); },",
    "{ id = \"b\"; rev = 1; mode = \"enforce\"; category = \"c\"; clause = \"2\"; "
    "severity = \"low\"; score = 0.9; reason = \"r\";",
    "near = ( { of = [ \"@xx\", \"yy\" ]; }, { of = [ \"kill\", \"me\" ]; } ); } );",
    "tests = { ok = [ \"?\", \"q\", \"@w\" ];",
    "fail = [ \"kill\", \"kill a\", \"kill me\" ];",
    "twins = ( [ \"kill a\", \"kill b\" ] ); };",
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X500 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50

static const char *const hostile[] = {"", " ", "\t", "a\tb", "a\\tb", "a\nb",
    "a\n\t\tb", "\n", "a\\nb", "a\r\nb", "\\r", "\\f", "\x01", "\x1b[31m", "a\x7f",
    "\\x00", "a\\x1bb", "a\\xe9", "\\xff\\xfe", "\xc2\x85", "\u00e9", "host", "host/a",
    "list", "a/b", "a.b", "A", "1", "-a", "a-", "protected", "target", "@target",
    "@none", "%s%n", "{match}", "{match", "`'", "\\\"", "\u202e\u200b", "\U0001f52a",
    X10 X10 X10, X10 X10 X10 X10, X50, X50 X50 X50, X50 X50 X50 X50 X50 X50 X50,
    X500 X500 X500 X500 X50};

/* The pack with value in that field. */
static char *
filled(size_t field, const char *value)
{
	struct buf b = {0};

	for (size_t i = 0; i < FIELDS; i++) {
		const char *at = strchr(fields[i], '@'), *end;

		if (at == NULL) {
			buf_printf(&b, "%s\n", fields[i]);
			continue;
		}
		end = at + strcspn(at, " \"");
		buf_printf(&b, "%.*s", (int)(at - fields[i]), fields[i]);
		if (i == field)
			buf_puts(&b, value);
		else
			buf_printf(&b, "%.*s", (int)(end - at - 1), at + 1);
		buf_printf(&b, "%s\n", end);
	}
	return buf_take(&b);
}

static bool
is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((uint8_t)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* Whether p.conf has loaded beside the other pack; else the problem names the line. */
static bool
loads_or_says(size_t field, const char *value)
{
	char *text = filled(field, value), *place;
	struct policy_host *h;
	struct msg m;
	bool loaded, said;

	rules_clear();
	rules_write("p.conf", text);
	rules_write("q.conf", beside);
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL(h);
	if (h == NULL) {
		printf(
		    "\n  %s with \"%.60s\": %s", fields[field], value, rules_problems);
		free(text);
		return false;
	}
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	loaded = m.rules.n == 3;
	for (uint32_t i = 0; i < m.rules.n; i++)
		CU_ASSERT_TRUE(is_clean(m.rules.v[i].clause));
	msg_clear(&m);
	place = xasprintf("p.conf:%zu", field + 1);
	/* Of an entry of a list: at the end of what the pattern's line says. */
	said = strstr(rules_problems, place) != NULL &&
	       strchr(":)", strstr(rules_problems, place)[strlen(place)]) != NULL;
	CU_ASSERT_TRUE(loaded ? rules_problems[0] == '\0' : said);
	if (loaded ? rules_problems[0] != '\0' : !said)
		printf(
		    "\n  %s with \"%.60s\": %s", fields[field], value, rules_problems);
	policy_host_free(&h);
	free(place);
	free(text);
	return loaded;
}

static void
test_fields(void)
{
	unsigned loaded = 0, refusals = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		if (strchr(fields[i], '@') == NULL)
			continue;
		for (size_t k = 0; k < sizeof(hostile) / sizeof(hostile[0]); k++) {
			if (loads_or_says(i, hostile[k]))
				loaded++;
			else
				refusals++;
		}
	}
	printf("\n  %u loaded, %u refused ", loaded, refusals);
	CU_ASSERT_TRUE(loaded > 50 && refusals > 200);
}

/* What is for people may be wrapped in the file. */
static void
test_wrapped(void)
{
	char *text = filled(3, "\n\tOne \n\t\tand all ");
	struct policy_host *h;
	struct rules_answer a;
	struct msg m;

	h = rules_open_pack(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_STRING_EQUAL(m.rules.v[0].clause, "1 One and all ");
	msg_clear(&m);
	policy_host_free(&h);
	free(text);
	text = filled(11, "says:\r\n\r\n    {match}\n");
	h = rules_open_pack(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	a = rules_ask(h, "kill");
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	CU_ASSERT_STRING_EQUAL(a.v[0].reason, "says: kill");
	rules_answer_clear(&a);
	policy_host_free(&h);
	free(text);
}

/* More rules than the host takes: the pack that is too much goes, and no other. */
static void
test_too_many(void)
{
	char *pack[2];
	struct policy_host *h;
	struct msg m;

	for (int i = 0; i < 2; i++) {
		struct made some = {.state = 3};

		made_words(&some, 60000);
		made_rules(&some, 12000);
		pack[i] = made_pack(&some, i == 0 ? "made" : "more", true);
		made_free(&some);
	}
	rules_clear();
	rules_write("a.conf", pack[0]);
	rules_write("b.conf", pack[1]);
	rules_write("q.conf", beside);
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL(m.rules.n, 12001);
	msg_clear(&m);
	CU_ASSERT_PTR_NOT_NULL(strstr(
	    rules_problems, "b.conf:1: with pack `more' these are more than 20000"));
	policy_host_free(&h);
	free(pack[0]);
	free(pack[1]);
}

/* What a phrase costs on a text made for it ends, and ends as degraded. */
#define COSTLY "a <20> a <20> a <20> a <20> a <20> a <20> a <20> a <20> b"

static void
check_costly(const char *contexts, const char *phrase)
{
	char *text = xasprintf(good, contexts, phrase);
	struct policy_host *h = rules_open_pack(text);
	struct rules_answer a;
	struct buf b = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	buf_puts(&b, "c ");
	for (int i = 0; i < 20000; i++)
		buf_puts(&b, "a ");
	buf_puts(&b, ". b");
	a = rules_ask(h, b.data);
	CU_ASSERT_EQUAL(a.n, 0);
	CU_ASSERT_PTR_NOT_NULL(a.degraded);
	CU_ASSERT_TRUE(a.degraded != NULL &&
		       strstr(a.degraded, "went over its matching limits") != NULL);
	rules_answer_clear(&a);
	policy_host_free(&h);
	buf_free(&b);
	free(text);
}

static void
test_costly_phrase(void)
{
	check_costly("", "kill\", \"" COSTLY);
	/* In a context, too: the rule's own phrase is cheap. */
	check_costly(
	    "contexts = { dear = { where = \"text\"; phrases = [ \"z\", \"" COSTLY
	    "\" ]; }; };",
	    "kill\", \"c a\" ]; except = [ \"dear");
}

static double
load(struct made *m, size_t n)
{
	char *text;
	double start;
	struct policy_host *h;
	struct made some = {.v = m->v, .n = n};

	text = made_pack(&some, "made", true);
	rules_clear();
	rules_write("p.conf", text);
	start = cpu();
	h = rules_open(NULL, NULL);
	start = cpu() - start;
	if (h == NULL)
		printf("\n  %s", rules_problems);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	policy_host_free(&h);
	free(text);
	return start;
}

/* Ten thousand rules load in about ten times what a thousand take, not in a hundred. */
static void
test_many(void)
{
	struct made m = {.state = 3};
	double one, ten;

	made_words(&m, 60000);
	made_rules(&m, 10000);
	load(&m, 100);
	one = load(&m, 1000);
	ten = load(&m, 10000);
	printf("\n  10,000 rules against 1,000: %.1f times the processor time to load ",
	    ten / one);
	CU_ASSERT_TRUE(ten < 40 * one);
	made_free(&m);
}

static const struct suite_test tests[] = {
    {"brackets within brackets", test_deep},
    {"names within a group", test_names},
    {"lists that multiply", test_multiplying},
    {"a giant list", test_giant_list},
    {"links, pipes, limits", test_files},
    {"files that others may write", test_writers},
    {"a costly phrase", test_costly_phrase},
    {"hostile values of every field", test_fields},
    {"texts that are wrapped", test_wrapped},
    {"more rules than the host takes", test_too_many},
    {"ten thousand rules", test_many},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_hostile", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
