/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rules_packs: what a pack can say beside phrases: contexts that are required,
 * shared files, kinds of targets, weights, days; who has signed it; and what lint says.
 */
#include "base/clock.h"
#include "evidence/note.h"
#include "log_caught.h"
#include "tests/rules_pack.h"

/* How many rules find something in fmt with s in it. */
static uint32_t
ends(struct policy_host *h, const char *fmt, const char *s)
{
	const char *at = strstr(fmt, "%s");
	char *text = xasprintf("%.*s%s%s", (int)(at - fmt), fmt, s, at + 2);
	uint32_t n = rules_count(h, text);

	free(text);
	return n;
}

static void
test_require(void)
{
	struct policy_host *h = open_of(
	    "contexts = { gun = { where = \"text\"; phrases = [ \"gun*\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; require = ( \"gun\", { "
	    "where = \"around\"; within = 2; phrases = [ \"you\" ]; } ); except = ( { "
	    "where = \"after\"; within = 3; phrases = [ \"joking\" ]; } ); }",
	    "\"guns kill you\", \"gun. you i kill\", \"kill you gun\"",
	    "\"guns kill you x\", \"guns kill you y\"");

	CU_ASSERT_EQUAL(rules_count(h, "a gun. i kill you"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "i kill you"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "a gun. i kill one two you"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "a gun. i kill one you"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a gun. you there kill"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a gun. i kill you joking"), 0);
	policy_host_free(&h);
}

/* The sentence without the match: words of the match itself are no surroundings. */
static void
test_outside(void)
{
	struct policy_host *h = open_of(
	    "contexts = { game = { where = \"outside\"; phrases = [ \"referee|match\" "
	    "]; regexes = [ \"\\\\bgo+al\\\\b\" ]; }; clause = { where = "
	    "\"outside\"; commas = true; phrases = [ \"dream\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill the <1> referee|man|goal\" ]; "
	    "except = [ \"game\", \"clause\" ]; }",
	    "\"kill the referee\", \"kill the man\", \"kill the goal\"",
	    "\"kill the man x\", \"kill the man y\"");

	CU_ASSERT_EQUAL(rules_count(h, "we kill the referee today"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "we kill the goal today"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a match: we kill the referee today"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "we kill the man after the match"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "we kill the man with a goooal"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "a goal! we kill the man. a match"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "my dream, kill the man, my dream"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "a dream kill the man, my word"), 0);
	policy_host_free(&h);
}

#define TITLE "News\n\n" /* what stands behind it is no title */
#define BLANKS "                                        "

/* The same ends for phrases, words near one another, contexts and quotations. */
static void
test_sentences(void)
{
	static const char *const anew[] = {"\n\n", "\r\n\r\n", "\n \t\n", "\n\u200b\n",
	    "\n- ", "\n-", "\n* ", "\n+ ", "\n  \u2022 ", "\n1. ", "\n12) ", "\n> ",
	    "\n>", ". ", ";\n"};
	static const char *const same[] = {" ", "\n", "\r\n", "\n  ", "\n*", "\n\"",
	    "\n(", "\t\n", BLANKS, BLANKS "\n" BLANKS, BLANKS "\t, (" BLANKS,
	    "\u00a0" BLANKS "\u3000"};
	struct policy_host *h = open_of("contexts = { never = { where = \"before\"; "
					"within = 3; phrases = [ \"never\" "
					"]; }; once = { where = \"text\"; phrases = [ "
					"\"once upon\" ]; }; quoted = { "
					"quotes = true; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill you\" ]; near = ( { of = [ "
	    "\"rope\", \"tape\" ]; within = 3; } ); except = [ \"never\", \"once\", "
	    "\"quoted\" ]; }, { id = \"b\"; " RULE "regexes = [ \"own\\\\sways\" ]; }",
	    "\"kill you\", \"rope, tape\", \"own ways\"",
	    "\"kill you\", \"kill you x\"");

	for (size_t i = 0; i < sizeof(anew) / sizeof(anew[0]); i++) {
		CU_ASSERT_EQUAL(ends(h, TITLE "we kill%syou", anew[i]), 0);
		CU_ASSERT_EQUAL(ends(h, TITLE "the tape%sthe rope", anew[i]), 0);
		CU_ASSERT_EQUAL(ends(h, TITLE "never%swe kill you", anew[i]), 1);
		CU_ASSERT_EQUAL(ends(h, TITLE "once%supon: kill you", anew[i]), 1);
	}
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		CU_ASSERT_EQUAL(ends(h, "we kill%syou", same[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "the tape%sthe rope", same[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "never%swe kill you", same[i]), 0);
		CU_ASSERT_EQUAL(ends(h, "once%supon: kill you", same[i]), 0);
	}
	CU_ASSERT_EQUAL(ends(h, "he said \"I will%skill you\" to them", "\n"), 0);
	CU_ASSERT_EQUAL(ends(h, "he said \"I will%skill you\" to them", "\n\n"), 1);
	/* Signs are eight at most, blanks around them as many as one likes. */
	CU_ASSERT_EQUAL(ends(h, "we kill%syou", BLANKS "- - - - " BLANKS), 1);
	CU_ASSERT_EQUAL(ends(h, "we kill%syou", "- - - - -"), 0);
	CU_ASSERT_EQUAL(ends(h, "we kill%syou", "--------"), 1);
	CU_ASSERT_EQUAL(ends(h, "we kill%syou", "---------"), 0);
	/* An expression says itself how far it reaches. */
	CU_ASSERT_EQUAL(ends(h, "own%sways", "\n"), 1);
	CU_ASSERT_EQUAL(ends(h, "our own%sways", "\n\n"), 0);
	/* Numbers that begin no entry. */
	CU_ASSERT_EQUAL(ends(h, "the tape\n%s rope", "10"), 1);
	CU_ASSERT_EQUAL(ends(h, "the tape\n%s rope", "1234)"), 1);
	policy_host_free(&h);
}

static void
test_weights(void)
{
	struct policy_host *h = open_of("",
	    "{ id = \"a\"; " RULE
	    "least = 0.6; phrases = ( \"kill\", { text = \"van\"; "
	    "weight = 0.5; }, { text = \"mask\"; weight = 0.4; } ); near = ( { of = [ "
	    "\"rope\", \"tape\" ]; within = 3; weight = 0.6; } ); }",
	    KILLS, TWINS);

	CU_ASSERT_DOUBLE_EQUAL(rules_score(h, "kill"), 0.9, 1e-9);
	CU_ASSERT_EQUAL(rules_count(h, "a van"), 0); /* 0.5 is less than 0.6 */
	CU_ASSERT_EQUAL(rules_count(h, "a van and a van"), 0);
	CU_ASSERT_DOUBLE_EQUAL(rules_score(h, "a van, a mask"), 0.7, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(rules_score(h, "tape and rope"), 0.6, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(rules_score(h, "van mask tape rope"), 0.88, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(rules_score(h, "van mask tape rope kill"), 0.9, 1e-9);
	policy_host_free(&h);
}

static void
test_kinds(void)
{
	struct rules_answer a;
	struct policy_host *h = open_of(
	    "lists = { boss = { kind = \"role\"; words = [ \"mayor\", \"judge\" ]; }; "
	    "hall = { kind = \"place\"; words = [ \"town hall\" ]; };\n"
	    "  office = { kind = \"place\"; words = [ \"bank\" ]; }; };",
	    "{ id = \"a\"; " RULE
	    "target = \"@boss\"; phrases = [ \"kill <1> @target\" ]; },"
	    "{ id = \"b\"; " RULE "phrases = [ \"burn <1> @any-place\" ]; }",
	    "\"kill the mayor\", \"burn the town hall\", \"burn the bank\"",
	    "\"kill the mayor\", \"kill the judge\"");

	a = rules_ask(h, "kill that judge");
	CU_ASSERT_EQUAL_FATAL(a.n, 1);
	SAME(a.v[0].reason, "role: kill that judge");
	rules_answer_clear(&a);
	CU_ASSERT_EQUAL(rules_count(h, "burn town hall and bank"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "burn the mayor"), 0);
	policy_host_free(&h);
}

/* What a rule of the pack means, as the host passes it on. */
static char *
meaning_of(const char *before, const char *rules)
{
	struct policy_host *h = open_of(before, rules, KILLS, TWINS);
	struct msg m;
	char *out;

	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m.rules.v[0].meaning);
	CU_ASSERT_EQUAL(strlen(m.rules.v[0].meaning), DIGEST_HEX - 1);
	out = xstrdup(m.rules.v[0].meaning);
	msg_clear(&m);
	policy_host_free(&h);
	return out;
}

#define LISTS                                                            \
	"lists = { act = [ \"kill\", \"@more\" ]; more = [ \"slay\" ]; " \
	"other = [ \"x\" ]; };\n"
#define JOKE                                                                \
	"contexts = { joke = { where = \"after\"; within = 3; phrases = [ " \
	"\"joking\" ]; }; no = { phrases = [ \"never\" ]; }; };\n"
#define MEANS                                                                     \
	"{ id = \"a\"; rev = 1; mode = \"enforce\"; category = \"c\"; clause = "  \
	"\"1\"; "                                                                 \
	"severity = \"low\"; score = 0.9; reason = \"because\"; phrases = [ \"i " \
	"@act\", "                                                                \
	"\"kill kill\" ]; except = ( \"joke\" ); }"

/* One place of the pack is changed: `to' instead of `from'. */
static const struct {
	const char *from, *to;
	bool means; /* something else */
} edits[] = {
    {"rev = 1", "rev = 2", false},
    {"rev = 1", "rev = 1; expires = \"2099-01-01\"", false}, /* only how long */
    {"\"enforce\"", "\"draft\"", false},
    {"because", "for", false},
    {"id = \"a\"; rev", "id = \"a\"; about = \"new\"; rev", false},
    {"\"i @act\", \"kill kill\"", "\"kill kill\", \"i @act\"", false},
    {"\"kill\", \"@more\"", "\"@more\", \"kill\"", false},
    {"[ \"x\" ]", "[ \"y\" ]", false}, /* a list that it does not use */
    {"never", "not ever", false},      /* nor this context */
    {"low", "high", true},
    {"0.9", "0.8", true},
    {"score = 0.9", "score = 0.9; least = 0.5", true},
    {"category = \"c\"", "category = \"d\"", true},
    {"\"kill kill\"", "\"kill kill\", \"i maim\"", true},
    {"\"kill kill\"", "{ text = \"kill kill\"; weight = 0.9; }", true},
    {"slay", "strike", true}, /* two lists away */
    {"joking", "laughing", true},
    {"within = 3", "within = 4", true},
    {"\"after\"", "\"around\"", true},
    {"within = 3", "within = 3; commas = true", true},
    {"except = ( \"joke\" )", "except = ( \"joke\", \"no\" )", true},
};

static char *
edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	return at != NULL ? xasprintf("%.*s%s%s", (int)(at - text), text, to,
				at + strlen(from))
			  : xstrdup(text);
}

static void
test_meaning(void)
{
	char *first = meaning_of(LISTS JOKE, MEANS);

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *before = edited(LISTS JOKE, edits[i].from, edits[i].to);
		/* The rule is only looked at where the lists say nothing of it. */
		char *rules = strcmp(before, LISTS JOKE) == 0
				  ? edited(MEANS, edits[i].from, edits[i].to)
				  : xstrdup(MEANS);
		char *now;

		CU_ASSERT(strcmp(before, LISTS JOKE) != 0 || strcmp(rules, MEANS) != 0);
		if (strchr(edits[i].to, '{') != NULL) { /* groups stand in ( ) */
			char *list = edited(rules, "phrases = [", "phrases = (");

			free(rules);
			rules = edited(list, "]; except", "); except");
			free(list);
		}
		now = meaning_of(before, rules);
		if ((strcmp(now, first) != 0) != edits[i].means)
			printf("\n  %s -> %s\n", edits[i].from, edits[i].to);
		CU_ASSERT_EQUAL(strcmp(now, first) != 0, edits[i].means);
		free(now);
		free(rules);
		free(before);
	}
	free(first);
}

static void
test_include(void)
{
	static const char common[] =
	    "about = \"shared\";\ninclude = [ \"more.inc\", \"common.inc\" ];\n"
	    "lists = { act = [ \"kill\", \"@worse\" ]; };\n"
	    "contexts = { no = { where = \"before\"; within = 2; phrases = [ \"not\" "
	    "]; }; };\n";
	char *text = pack_of("include = [ \"common.inc\" ];",
	    "{ id = \"a\"; " RULE "phrases = [ \"@act\" ]; except = [ \"no\" ]; }",
	    KILLS, TWINS);
	struct policy_host *h;
	char *digest;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NULL(h);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_problems, "included file `common.inc': cannot open"));
	rules_write("common.inc", common);
	rules_write("more.inc", "include = [ \"common.inc\" ]; lists = { worse = [ "
				"\"maim\" ]; };\n");
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_EQUAL(rules_count(h, "maim"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "do not maim"), 0);
	digest = xstrdup(policy_host_digest(h));
	policy_host_free(&h);
	rules_write("more.inc", "lists = { worse = [ \"hurt\" ]; };\n");
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	CU_ASSERT_STRING_NOT_EQUAL(digest, policy_host_digest(h));
	policy_host_free(&h);
	rules_write("more.inc", "lists = { act = [ \"hurt\" ]; };\n");
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_problems, "common.inc:3: list `act' is here "
				   "twice (first in "));
	rules_write("more.inc", "rules = ( );\n");
	CU_ASSERT_PTR_NULL(rules_open(NULL, NULL));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_problems, "more.inc:1: unknown key `rules'"));
	free(digest);
	free(text);
}

static const struct {
	const char *from, *to, *want;
} bad[] = {
    {"score = 0.9", "score = 0.9; least = 0.95", "`least' is more than `score'"},
    {"[ \"kill\" ]", "[ 1 ]", "may hold strings only"},
    {"[ \"kill\" ]", "( { text = \"kill\"; weight = 2.0; } )",
	"`weight' must be a number from 0.01 to 1"},
    {"[ \"kill\" ]", "( { text = \"kill\"; colour = 2; } )", "unknown key `colour'"},
    {"phrases", "require = [ \"rain\" ]; phrases", "there is no context `rain'"},
    {"phrases", "except = ( { where = \"text\"; } ); phrases",
	"context `(in a rule)' is empty"},
    {"owner = \"me\"", "owner = \"me\"; expires = \"2027-02-30\"",
	"`expires' must be a day"},
    {"clauses", "lists = { any-role = [ \"x\" ]; }; clauses", "no name for a list"},
    {"clauses", "lists = { l = { kind = \"animal\"; words = [ \"x\" ]; }; }; clauses",
	"one of: person, group, place, role"},
    {"clauses", "lists = { l = { kind = \"role\"; }; }; clauses",
	"needs `file' or `words'"},
    {"clauses", "include = [ \"../x\" ]; clauses", "must lie under the pack's folder"},
    {"[ \"kill\" ]", "[ \"kill <2> you?\" ]",
	"a gap stands between words that must be"},
    {"[ \"kill\" ]", "[ \"kill <2> a? <1> b\" ]", "between two gaps"},
    {"[ \"kill\" ]", "[ \"''\" ]", "has no letter that texts would keep"},
    {"; twins = ( [ \"i kill you\", \"i kill them\" ] )", "", "`tests.twins' has 0"},
};

static void
test_bad(void)
{
	char *good = pack_of(
	    "", "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }", KILLS, TWINS);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = strstr(good, bad[i].from);
		struct buf b = {0};

		CU_ASSERT_PTR_NOT_NULL_FATAL(at);
		buf_put(&b, good, (size_t)(at - good));
		buf_puts(&b, bad[i].to);
		buf_puts(&b, at + strlen(bad[i].from));
		CU_ASSERT_PTR_NULL(rules_open_pack(b.data));
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, bad[i].want));
		if (strstr(rules_problems, bad[i].want) == NULL)
			printf(
			    "\n  wanted: %s\n  got: %s", bad[i].want, rules_problems);
		buf_free(&b);
	}
	free(good);
}

/* Letters of any script, in any case, and what texts are folded to. */
static void
test_letters(void)
{
	struct policy_host *h = open_of("",
	    "{ id = \"a\"; " RULE
	    "phrases = [ \"töten werden\", \"УБИТЬ тебя\", \"don't "
	    "you\", \"o'neil\" ]; }",
	    "\"wir werden töten werden\", \"убить ТЕБЯ\", \"DON\xe2\x80\x99T you\"",
	    "\"töten werden a\", \"töten werden b\"");

	CU_ASSERT_EQUAL(rules_count(h, "TÖTEN WERDEN"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "toten werden"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "УБИТЬ, тебя"), 1);
	CU_ASSERT_EQUAL(rules_count(h, "УБИТЬ. тебя"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "неубить тебя"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "don t you"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "O'Neil's"), 1);
	policy_host_free(&h);
}

/* A rule is retired by one word: its tests stay, its pack stays, and that it was meant
 * is told; but a policy that finds nothing at all is none. */
static void
test_retired(void)
{
	static const char live[] = "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }",
			  two[] =
			      "{ id = \"b\"; rev = 3; mode = \"retired\"; category = "
			      "\"c\"; clause = \"1\"; severity = \"low\"; score = 0.9; "
			      "reason = \"x\"; phrases = [ \"slay\" ]; }";
	char *text =
	    xasprintf("%s\nrules = ( %s, %s );\ntests = { ok = [ \"?\", \"q\", "
		      "\"qq\" ]; fail = ( %s, { text = \"slay\"; rule = "
		      "\"b\"; } ); twins = ( [ %s ] ); };\n",
		head, live, two, KILLS, TWINS);
	struct policy_host *h = rules_open_pack(text);
	struct msg m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	free(text);
	text = pack_of("", two, KILLS, TWINS);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL(m.rules.n, 1);
	CU_ASSERT_EQUAL_FATAL(m.rules.nretired, 1);
	SAME(m.rules.retired[0].rule, "p/b");
	SAME(m.rules.retired[0].plugin, m.rules.v[0].plugin);
	SAME(m.rules.retired[0].pack, m.rules.v[0].pack);
	msg_clear(&m);
	CU_ASSERT_EQUAL(rules_count(h, "slay"), 0);
	CU_ASSERT_EQUAL(rules_count(h, "kill"), 1);
	policy_host_free(&h);
	CU_ASSERT_PTR_NULL(rules_open_pack(text));
	SAME(rules_problems,
	    "every rule of every plugin is retired: nothing would ever be found\n");
	free(text);
	/* Beside another pack it is there, and nothing is lacking. */
	text = pack_of("", two, KILLS, TWINS);
	memcpy(strstr(text, "\"p\""), "\"o\"", 3);
	rules_clear();
	rules_write("o.conf", text);
	free(text);
	text = pack_of("", live, KILLS, TWINS);
	rules_write("q.conf", text);
	h = rules_open(NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	CU_ASSERT_EQUAL(m.rules.n, 1);
	CU_ASSERT_EQUAL(m.rules.nmissing, 0);
	CU_ASSERT_EQUAL_FATAL(m.rules.nretired, 1);
	SAME(m.rules.retired[0].rule, "o/b");
	msg_clear(&m);
	policy_host_free(&h);
	free(text);
}

static void
test_signed(void)
{
	char *text = pack_of(
	    "", "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }", KILLS, TWINS);
	char *body, *vkey, *two;
	struct note_key *key, *other;
	struct buf note = {0};
	struct err e = ERR_INIT;
	struct policy_host *h = rules_open_pack(text);
	struct msg m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	msg_init(&m, MSG_RULES);
	policy_host_rules(h, &m.rules);
	body = xasprintf("tosd rule pack\np\n%s\n", m.rules.v[0].pack);
	msg_clear(&m);
	policy_host_free(&h);
	CU_ASSERT_EQUAL_FATAL(note_key_new("desk", &key, &e), 0);
	CU_ASSERT_EQUAL_FATAL(note_key_new("other", &other, &e), 0);
	vkey = note_key_vkey(key);
	CU_ASSERT_EQUAL(note_sign(key, body, strlen(body), &note, &e), 0);
	CU_ASSERT_PTR_NULL(rules_open("signers", "nonsense+12345678+AAAA"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "is no Ed25519 verifier key"));
	CU_ASSERT_PTR_NULL(rules_open("signers", vkey));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "the pack is not signed"));
	rules_write("p.conf.sig", note.data);
	h = rules_open("signers", vkey);
	CU_ASSERT_PTR_NOT_NULL(h);
	policy_host_free(&h);
	free(vkey);
	vkey = note_key_vkey(other);
	CU_ASSERT_PTR_NULL(rules_open("signers", vkey));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(rules_problems, "none of `signers' has signed it"));
	free(vkey);
	vkey = note_key_vkey(key);
	two = xasprintf("%s  other+00000000+x", vkey);
	CU_ASSERT_PTR_NULL(rules_open("signers", two));
	/* One byte of the signature, then one of the pack. */
	note.data[note.len - 10] ^= 1;
	rules_write("p.conf.sig", note.data);
	CU_ASSERT_PTR_NULL(rules_open("signers", vkey));
	note.data[note.len - 10] ^= 1;
	rules_write("p.conf.sig", note.data);
	text[strlen(text) - 1] = ' ';
	rules_write("p.conf", text);
	CU_ASSERT_PTR_NULL(rules_open("signers", vkey));
	CU_ASSERT_PTR_NOT_NULL(strstr(rules_problems, "signs another content"));
	note_key_free(&key);
	note_key_free(&other);
	buf_free(&note);
	free(two);
	free(vkey);
	free(body);
	free(text);
}

struct found_at {
	const char *text;
	uint32_t n, start, end; /* of the first span; end 0: not looked at */
};

static void
all_found(struct policy_host *h, const struct found_at *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rules_answer a = rules_ask(h, v[i].text);

		if (a.n != v[i].n)
			printf("\n  found %u: %s", a.n, v[i].text);
		CU_ASSERT_EQUAL(a.n, v[i].n);
		if (a.n == 1 && v[i].end > 0) {
			CU_ASSERT_EQUAL(a.v[0].spans[0].start, v[i].start);
			CU_ASSERT_EQUAL(a.v[0].spans[0].end, v[i].end);
		}
		rules_answer_clear(&a);
	}
}

/* A clause of its own excuses nothing, where the context says so. */
static void
test_commas(void)
{
	static const char *const apart[] = {", ", ",", " (", ") ", ": ", " - ", ":\n",
	    " -- ", " \u2014 ", "\uff0c", ", and "};
	static const char *const joined[] = {
	    " ", "-", " 1,000 ", " 12:30 ", " \"", "/", "\n"};
	static const struct found_at v[] = {
	    {"kill you, joking", 1, 0, 0},
	    {"kill you joking", 0, 0, 0},
	    {"kill you", 1, 0, 0},
	    {"chess: kill you", 1, 0, 0},
	    {"kill you (chess)", 1, 0, 0},
	    {"at chess I kill you now", 0, 0, 0},
	    {"kill you at chess, you", 0, 0, 0},
	    {"never, in truth, would I not kill you", 1, 0, 0},
	};
	struct policy_host *h = open_of(
	    "contexts = { never = { where = \"before\"; within = 6; commas = true; "
	    "phrases = [ \"never\" ]; regexes = [ \"ne[a-z]+er \" ]; }; "
	    "joke = { where = \"after\"; within = 3; commas = true; phrases = [ "
	    "\"joking\" ]; }; chess = { commas = true; phrases = [ \"chess\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill you\" ]; except = [ \"never\", "
	    "\"joke\", \"chess\" ]; }",
	    "\"kill you\", \"i kill you\", \"kill you x\"",
	    "\"kill you\", \"kill you x\"");

	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		CU_ASSERT_EQUAL(ends(h, "never mind%sI kill you", apart[i]), 1);
	for (size_t i = 0; i < sizeof(joined) / sizeof(joined[0]); i++)
		CU_ASSERT_EQUAL(ends(h, "never would%sI kill you", joined[i]), 0);
	all_found(h, v, sizeof(v) / sizeof(v[0]));
	policy_host_free(&h);
}

/* A title that runs on into its text is one with it for phrases, and excuses nothing
 * of it. */
static void
test_titles(void)
{
	static const char *const on[] = {
	    "\n\n", "\r\n\r\n", "\n \t\n\n", "\n\u200b\n", ",\n\n"};
	static const char *const anew[] = {"\n\nThey ", "\n\n> ", "\n\n- ", "\n\n1. ",
	    ".\n\n", "\nx\n\n", "\n- x\n\n", "\n\nmore\n\n"};
	static const struct found_at spans[] = {
	    {"We will\n\nkill you, all", 1, 3, 17},
	    {"We w1ll\n\nk\u0456ll you", 1, 3, 18},
	};
	struct policy_host *h =
	    open_of("contexts = { never = { where = \"before\"; within = 5; "
		    "phrases = [ \"never\" ]; }; chess = { phrases = [ \"chess\" ]; }; "
		    "quoted = { quotes = true; }; };",
		"{ id = \"a\"; " RULE "phrases = [ \"will kill you\", \"burn it\" ]; "
		"near = ( { of = [ \"rope\", \"tape\" ]; within = 3; } ); except = [ "
		"\"never\", \"chess\", \"quoted\" ]; }",
		"\"will kill you\", \"rope, tape\", \"we will kill you\"",
		"\"will kill you\", \"will kill you x\"");

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		CU_ASSERT_EQUAL(ends(h, "I will%skill you", on[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "The tape%sand the rope", on[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "I never will%skill you", on[i]), 0);
		CU_ASSERT_EQUAL(ends(h, "In chess I will%skill you", on[i]), 0);
		/* What stands in the text alone is no business of the title's. */
		CU_ASSERT_EQUAL(ends(h, "I would never%sburn it", on[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "About chess%sburn it", on[i]), 1);
		CU_ASSERT_EQUAL(ends(h, "We \"shall%sburn it\" now", on[i]), 1);
	}
	for (size_t i = 0; i < sizeof(anew) / sizeof(anew[0]); i++)
		CU_ASSERT_EQUAL(ends(h, "I will%skill you", anew[i]), 0);
	all_found(h, spans, sizeof(spans) / sizeof(spans[0]));
	policy_host_free(&h);
}

/* Digits at the end of a word are letters where a word that rules look for comes of it,
 * and what stands there is none itself. */
static void
test_ends(void)
{
	static const struct found_at v[] = {
	    {"we wi11 smash it", 1, 0, 13},
	    {"WE WI11 SMASH IT", 1, 0, 13},
	    {"\"we wi11 sm4sh\"", 1, 0, 0},
	    {"we wi11 smas4", 0, 0, 0},
	    {"we, th3 cats", 1, 4, 12},
	    {"the cat5", 1, 0, 8},
	    {"the cat5.", 1, 0, 8},
	    {"das z3rstor3 haus", 1, 0, 12},
	    {"das zerstör3 haus", 1, 0, 13},
	    {"das zerstor3", 1, 0, 12},
	    {"we no7 wi11 smash", 0, 0, 0},
	    {"we wi11\n\nsmash", 1, 0, 14},
	    {"we wi11\n\nSmash", 0, 0, 0},
	    {"ki11 w3", 0, 0, 0},
	    {"the mp3 th3 win11", 1, 8, 17},
	    /* Harmless, and what stands in addresses, names and numbers. */
	    {"cat5 cable, mp3, b2b, covid19, win11, a4 paper, h2o", 0, 0, 0},
	    {"the cat55 the cat6 the cat5e the cat-5 the cat_5", 0, 0, 0},
	    {"the /cat5 the cat5/ the cat5@x.org the x.cat5 the #cat5 the cat5-x", 0, 0,
		0},
	    {"the acat5 the cat5000 the 1cat5 the c5 the 5", 0, 0, 0},
	    {"http://x.org/wi11 smash, wi11.smash", 0, 0, 0},
	    {"we win11 smash, we wi1i smash", 0, 0, 0},
	    {"we wi11l smash", 1, 0, 14},
	};
	struct policy_host *h = open_of(
	    "lists = { act = [ \"smash\" ]; }; contexts = { no = { where = \"inside\"; "
	    "phrases = [ \"not\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"we <1> will @act\", \"the cats\", "
	    "\"das zerstöre\", \"kill we\", \"the win11\", \"kill you|them|kill\" "
	    "]; except = [ \"no\" ]; }",
	    KILLS, TWINS);

	all_found(h, v, sizeof(v) / sizeof(v[0]));
	policy_host_free(&h);
}

/* Where more than one word could be meant, the words that rules look for decide: what
 * letters that stand apart are, how many of a row stay, whether 1 is an l. */
static void
test_meant(void)
{
	static const struct found_at v[] = {
	    {"so I p o i s o n your cat", 1, 3, 25},
	    {"p o i s o n a cat", 1, 0, 17},
	    {"I w i l l poison the cat", 1, 0, 24},
	    {"i.w.i.l.l.p.o.i.s.o.n.a.c.a.t", 1, 0, 29},
	    {"I-W-I-L-L-S-T-R-A-N-G-L-E the c.a.t!", 1, 0, 35},
	    {"i will poison the c a t", 1, 0, 23},
	    {"i will strang1e the cat", 1, 0, 23},
	    {"i wi1l poison the cat", 1, 0, 21},
	    {"i will poooison the cat", 1, 0, 23},
	    {"i will pppoooiiison the ccccat", 1, 0, 30},
	    {"i will strrrangle the caaat", 1, 0, 27},
	    {"i willl strangle the cat", 1, 0, 24},
	    /* no words of ours, or not all of it */
	    {"i will poison the d o g", 0, 0, 0},
	    {"i will poison the c a t s", 0, 0, 0},
	    {"x i w i l l p o i s o n the c a t", 0, 0, 0},
	    {"q.i.w.i.l.l.p.o.i.s.o.n the cat", 0, 0, 0},
	    {"i will poison the c\na\nt", 0, 0, 0},
	    {"i will poison the a b c, U.S.A., i.e. c.d.e.", 0, 0, 0},
	};
	struct policy_host *h = open_of(
	    "lists = { act = [ \"smash\", \"poison\", \"strangle\" ]; }; contexts = { "
	    "no = { "
	    "where = \"inside\"; phrases = [ \"not\" ]; }; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"i? will? @act a|the|your cat\", "
	    "\"kill you|them|kill\" ]; except = [ \"no\" ]; }",
	    KILLS, TWINS);

	all_found(h, v, sizeof(v) / sizeof(v[0]));
	policy_host_free(&h);
}

/* Letters with marks are the same in one character or in two, whatever the script. */
static void
test_marks(void)
{
	static const char *const v[] = {"\u0443\u0431\u0435\u0439",
	    "\u0443\u0431\u0435\u0438\u0306", "\u0451\u0436", "\u0435\u0436",
	    "\u0435\u0308\u0436", "\u0623\u0646\u062a", "\u0627\u0654\u0646\u062a",
	    "\u0627\u0640\u0640\u0646\u062a", "ma\u00f1ana", "man\u0303ana"};
	struct policy_host *h = open_of("lists = { w = [ \"\u0443\u0431\u0435\u0439\", "
					"\"\u0451\u0436\", \"\u0623\u0646\u062a\", "
					"\"ma\u00f1ana\" ]; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"@w\", \"kill you|them|kill\" ]; }",
	    KILLS, TWINS);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct rules_answer a = rules_ask(h, v[i]);

		CU_ASSERT_EQUAL(a.n, 1);
		if (a.n == 1)
			CU_ASSERT_EQUAL(a.v[0].spans[0].end, strlen(v[i]));
		rules_answer_clear(&a);
	}
	policy_host_free(&h);
}

static void
all_said(const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(rules_notes, v[i]));
		if (strstr(rules_notes, v[i]) == NULL)
			printf("\n  not said: %s", v[i]);
	}
}

static void
test_lint(void)
{
	static const char *const said[] = {"list `spare' is not used",
	    "context `never' is not used", "no end to `.*kill'",
	    "rule `p/slow': \"(?:k+)+!\" is slow", "needs no word or string",
	    "is a pattern of rule `p/a' too", "finds all 6 test texts",
	    "rule `p/a' has expired; its owner is you",
	    "an `ok' text here is found by rule `p/a'"};
	char *one =
	    pack_of("lists = { spare = [ \"x\" ]; }; contexts = { never = { phrases "
		    "= [ \"x\" ]; }; };",
		"{ id = \"a\"; " RULE
		"owner = \"you\"; expires = \"2027-01-01\"; phrases = [ "
		"\"kill\" ]; }, { id = \"b\"; " RULE
		"phrases = [ \"kill\", \"kill you\" ]; }, "
		"{ id = \"slow\"; " RULE "regexes = [ \"(?:k+)+!\", \"i.*kill\", "
		"\"[0-9]{3}\" ]; }",
		KILLS, TWINS);
	char *two =
	    xasprintf("pack = { name = \"r\"; version = 1; owner = \"me\"; };\nclauses "
		      "= ( { id = "
		      "\"1\"; text = \"One\"; } );\nrules = ( { id = \"a\"; " RULE
		      "phrases = [ \"hug\" ]; } );\ntests = { ok = [ \"q\", \"qq\", "
		      "\"you kill it\" "
		      "]; fail = [ \"hug\", \"a hug\", \"hug me\" ]; twins = ( [ \"hug "
		      "x\", \"hug "
		      "y\" ] ); };\n");
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", one);
	rules_write("r.conf", two);
	h = rules_open("lint", "2027-01-02");
	CU_ASSERT_PTR_NOT_NULL(h);
	SAME(rules_problems, "");
	all_said(said, sizeof(said) / sizeof(said[0]));
	policy_host_free(&h);
	h = rules_open("lint", "2026-01-02");
	CU_ASSERT_PTR_NULL(strstr(rules_notes, "expire"));
	policy_host_free(&h);
	free(one);
	free(two);
}

static uint32_t
count_at(struct policy_host *h, const char *text, const char *time)
{
	struct rules_answer a = {NULL, 0, NULL};
	struct item it;
	uint32_t n;

	item_init(&it);
	it.text = xstrdup(text);
	policy_host_check(h, "k", &it, clock_parse(time), &a.v, &a.n, &a.degraded);
	n = a.n;
	rules_answer_clear(&a);
	item_clear(&it);
	return n;
}

/* What finds nothing any more is said, each rule once: at the load, or when its day
 * comes; by the daemon alone, which says which day it is. */
static void
test_told_expired(void)
{
	char *text = pack_of("",
	    "{ id = \"a\"; " RULE
	    "expires = \"2027-01-01\"; phrases = [ \"kill\" ]; }, { id = \"b\"; " RULE
	    "expires = \"2027-02-01\"; phrases = [ \"kill*\" ]; }, { id = \"c\"; " RULE
	    "phrases = [ \"kill\", \"i\" ]; }",
	    KILLS, TWINS);
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	log_begin();
	h = rules_open("load_day", "2027-01-02");
	log_end();
	CU_ASSERT_PTR_NOT_NULL_FATAL(h);
	SAME(rules_problems, "");
	CU_ASSERT_EQUAL(log_count("p.conf: expired, and finding nothing in what is "
				  "posted now: p/a; give"),
	    1);
	log_begin();
	CU_ASSERT_EQUAL(count_at(h, "i kill you", "2026-12-31T23:59:59Z"), 3);
	CU_ASSERT_EQUAL(count_at(h, "i kill you", "2027-01-31T23:59:59Z"), 2);
	log_end();
	CU_ASSERT_EQUAL(log_count("expired"), 0);
	log_begin();
	CU_ASSERT_EQUAL(count_at(h, "i kill you", "2027-02-01T00:00:00Z"), 1);
	CU_ASSERT_EQUAL(count_at(h, "i kill you", "2027-02-02T00:00:00Z"), 1);
	log_end();
	CU_ASSERT_EQUAL(log_count("expired"), 1);
	CU_ASSERT_EQUAL(log_count("posted now: p/b; give"), 1);
	policy_host_free(&h);
	log_begin();
	h = rules_open(NULL, NULL);
	CU_ASSERT_EQUAL(count_at(h, "i kill you", "2027-02-02T00:00:00Z"), 1);
	log_end();
	CU_ASSERT_EQUAL(log_count("expired"), 0);
	policy_host_free(&h);
	free(text);
}

/* Words that are read otherwise, and rules beside those of other packs. */
static void
test_lint_beside(void)
{
	static const char *const said[] = {"list `act': `k1ll' is read as `kill'",
	    "list `act': \"run up|go up\" means `up' or `go'",
	    "rule `p/a' finds 13 of the 24 harmless texts of other packs (54 %)",
	    "rule `r/b': rule `r/c' finds 7 of the 8 test texts"};
	/* What looks like those and is meant as it stands. */
	static const char *const unsaid[] = {
	    "`c4'", "`b2b'", "go in|out", "rule `r/b' finds 0"};
	char *one = pack_of("lists = { act = [ \"k1ll\", \"c4\", \"in b2b\", "
			    "\"run up|go up\", \"go in|out\" ]; };",
	    "{ id = \"a\"; " RULE "phrases = [ \"@act\", \"zap\" ]; }",
	    "\"zap\", \"zap me\", \"a zap\"", "\"zap x\", \"zap y\"");
	struct buf two = {0};
	struct policy_host *h;

	buf_puts(&two,
	    "pack = { name = \"r\"; version = 1; owner = \"me\"; };\nclauses = ( { id "
	    "= "
	    "\"1\"; text = \"One\"; } );\nrules = ( { id = \"b\"; " RULE
	    "phrases = [ \"hug one|two|three|four|five|six\" ]; }, { id = \"c\"; " RULE
	    "phrases = [ \"hug one|two|three|four|five\" ]; } );\ntests = { fail = [ "
	    "\"hug one\", \"hug two\", \"hug three\", \"hug four\", \"hug five\", "
	    "\"hug six\" ]; twins = ( [ \"hug one x\", \"hug one y\" ] ); ok = [ ");
	for (int i = 0; i < 24; i++)
		buf_printf(&two, "%s\"%s %d\"", i > 0 ? ", " : "",
		    i < 13 ? "zap" : "nothing", i);
	buf_puts(&two, " ]; };\n");
	rules_clear();
	rules_write("p.conf", one);
	rules_write("r.conf", two.data);
	h = rules_open("lint", "2027-01-02");
	CU_ASSERT_PTR_NOT_NULL(h);
	SAME(rules_problems, "");
	all_said(said, sizeof(said) / sizeof(said[0]));
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
		CU_ASSERT_PTR_NULL(strstr(rules_notes, unsaid[i]));
		if (strstr(rules_notes, unsaid[i]) != NULL)
			printf("\n  said: %s", unsaid[i]);
	}
	policy_host_free(&h);
	buf_free(&two);
	free(one);
}

/* Twins that differ in one target, in words that follow it, or in more; rules that
 * count unseen. */
static void
test_lint_twins(void)
{
	static const char *const said[] = {
	    "twins differ in more than the target: \"we will kill the bakers\"",
	    "twins differ in more than the target: \"kill Ann on monday\"",
	    "twins differ in more than the target: \"kill the cook if she lies\"",
	    "rule `p/a' is new (rev 1) and says mode = \"enforce\"",
	    "pack p: these rules count as soon as they are loaded, by mode = "
	    "\"enforce\" "
	    "alone, unless policy.life_cycle is \"gated\": a, b\n"};
	static const char *const unsaid[] = {
	    "\"fine", "rule `p/b' is new", "rule `p/c' is new"};
	/* clang-format off */
	char *text = pack_of("",
	    "{ id = \"a\"; " RULE "phrases = [ \"kill\" ]; }, "
	    "{ id = \"b\"; rev = 2; mode = \"enforce\"; category = \"c\"; clause = \"1\"; "
	    "severity = \"low\"; score = 0.9; reason = \"r\"; phrases = [ \"kill\" ]; }, "
	    "{ id = \"c\"; rev = 1; mode = \"shadow\"; category = \"c\"; clause = \"1\"; "
	    "severity = \"low\"; score = 0.9; reason = \"r\"; phrases = [ \"kill\" ]; }",
	    KILLS,
	    "\"we will kill the bakers\", \"i will kill the farmers\" ], "
	    "[ \"kill Ann on monday\", \"kill Bob on friday\" ], "
	    "[ \"kill the cook if she lies\", \"kill the smith if he cheats\" ], "
	    "[ \"fine: kill the bakers\", \"fine: kill the men of the mill\" ], "
	    "[ \"fine: kill her, call her\", \"fine: kill him, call him\" ], "
	    "[ \"fine: kill Mr Frank; he is away\", \"fine: kill Mrs Olga, she is away\" ], "
	    "[ \"fine: kill a gay, a dead gay\", \"fine: kill feminists, dead feminists\"");
	/* clang-format on */
	struct policy_host *h;

	rules_clear();
	rules_write("p.conf", text);
	h = rules_open("lint", "2027-01-02");
	CU_ASSERT_PTR_NOT_NULL(h);
	SAME(rules_problems, "");
	all_said(said, sizeof(said) / sizeof(said[0]));
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++)
		CU_ASSERT_PTR_NULL(strstr(rules_notes, unsaid[i]));
	policy_host_free(&h);
	free(text);
}

static const struct suite_test tests[] = {
    {"digits at the end of words", test_ends},
    {"what is meant is a word that is looked for", test_meant},
    {"marks, in one character or in two", test_marks},
    {"contexts that are required", test_require},
    {"contexts outside of the match", test_outside},
    {"ends of sentences", test_sentences},
    {"titles", test_titles},
    {"clauses", test_commas},
    {"weights", test_weights},
    {"kinds of targets", test_kinds},
    {"what a rule means", test_meaning},
    {"included files", test_include},
    {"what is refused", test_bad},
    {"letters of any script", test_letters},
    {"a retired rule, and a pack of nothing else", test_retired},
    {"signatures", test_signed},
    {"lint", test_lint},
    {"lint beside other packs", test_lint_beside},
    {"lint of twins and modes", test_lint_twins},
    {"rules that have expired", test_told_expired},
};

int
main(void)
{
	int rc;

	if (!rules_dir_make())
		return 2;
	rc = suite_main("rules_packs", tests, sizeof(tests) / sizeof(tests[0]));
	rules_dir_remove();
	return rc;
}
