/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_classifier: features, learning, the model's file and its judging; and the model
 * that is shipped, by texts of our own.
 */
#include <glob.h>
#include <math.h>

#include "classifier/apart.h"
#include "classifier/calibration.h"
#include "classifier/fusion.h"
#include "classifier/num.h"
#include "classifier/train.h"
#include "suite.h"

#define MODEL TOSD_SRCDIR "/plugins/classifier/violence.model"
#define LEXICON TOSD_SRCDIR "/plugins/classifier/lexicon.txt"

static char *
read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *s = calloc(1, MODEL_MAX + 2);

	if (f == NULL || s == NULL) {
		printf("\n    cannot read %s ", path);
		exit(1);
	}
	*n = fread(s, 1, MODEL_MAX + 1, f);
	fclose(f);
	return s;
}

/* --- numbers */

static void
test_numbers(void)
{
	for (double x = -30; x < 30; x += 0.37) {
		CU_ASSERT(fabs(num_exp(x) / exp(x) - 1) < 1e-13);
		CU_ASSERT(fabs(num_log(exp(x)) - x) < 1e-11);
		CU_ASSERT(fabs(num_logit(num_logistic(x / 2)) - x / 2) < 1e-6);
	}
	CU_ASSERT(num_exp(-1e6) == 0 && isfinite(num_exp(1e6)));
	CU_ASSERT(num_exp(0) == 1 && num_log(1) == 0);
}

static void
test_measures(void)
{
	/* By hand: precision 1, 1, 2/3, 3/4 at recall 1/3, 2/3, 2/3, 1. */
	struct scored v[] = {{0.9, 1, 1}, {0.8, 1, 1}, {0.7, 1, 0}, {0.6, 1, 1},
	    {0.1, 1, 0}, {0.1, 1, 0}};
	struct measures m;
	struct measured_at at;
	double recall;

	/* One bin each, but .1 twice: .1 + .2 + .7 + .4 + .2, of six. */
	CU_ASSERT_DOUBLE_EQUAL(measure_calibration(v, 6), 1.6 / 6, 1e-12);
	/* Harmless ones thrice as heavy: 3 of 6 above .65 of weight 1 + 1 + 3. */
	for (size_t i = 0; i < 6; i++)
		v[i].weight = v[i].label ? 1 : 3;
	at = measure_at(v, 6, 0.65);
	CU_ASSERT_DOUBLE_EQUAL(at.precision, 2.0 / 5, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(at.recall, 2.0 / 3, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(at.fpr, 1.0 / 3, 1e-12);
	for (size_t i = 0; i < 6; i++)
		v[i].weight = 1;
	measure_all(v, 6, &m);
	CU_ASSERT_DOUBLE_EQUAL(m.auprc, 1.0 / 3 + 1.0 / 3 + 0.75 / 3, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(m.roc_auc, 8.0 / 9, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(m.precision_half, 1, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(m.recall_fpr2, 2.0 / 3, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(measure_threshold(v, 6, 0.75, &recall), 0.6, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(recall, 1, 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(measure_threshold(v, 6, 0.99, &recall), 0.8, 1e-12);
}

/* Logistic regression finds the weights that made its data, nearly. */
static void
test_fit(void)
{
	static double x[4000][FIT_MAX];
	static struct scored y[4000];
	static double found[4000];
	double out[FIT_MAX + 1], hit, none;
	uint64_t seed = 5;

	for (int i = 0; i < 4000; i++) {
		x[i][0] = (double)(num_random(&seed) % 1000) / 250 - 2;
		x[i][1] = (double)(num_random(&seed) % 1000) / 250 - 2;
		y[i].weight = 1;
		y[i].label = (double)(num_random(&seed) % 10000) / 10000 <
			     num_logistic(1.5 * x[i][0] - 0.5 * x[i][1] - 1);
		/* The others found something half as often as not where it is right. */
		found[i] = num_random(&seed) % 4 < (y[i].label ? 2 : 1) ? 0.8 : -1;
		y[i].score = num_logistic(1.5 * x[i][0] - 0.5 * x[i][1] - 1);
	}
	measure_fit((const double(*)[FIT_MAX])x, y, 4000, 2, out);
	CU_ASSERT_DOUBLE_EQUAL(out[0], 1.5, 0.15);
	CU_ASSERT_DOUBLE_EQUAL(out[1], -0.5, 0.12);
	CU_ASSERT_DOUBLE_EQUAL(out[2], -1, 0.15);
	/* log(1/2 : 1/4) over a score of 0.8; log(1/2 : 3/4) without one */
	fusion_fit(y, found, 4000, &hit, &none);
	CU_ASSERT_DOUBLE_EQUAL(hit, 0.693 / 0.8, 0.25);
	CU_ASSERT_DOUBLE_EQUAL(none, -0.405, 0.2);
}

/* --- lexicon */

static void
test_lexicon(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {{"", "no words"}, {"# nothing\n", "no words"},
	    {"kill-base kill\n", "line 1: no `CLASS:'"},
	    {"kill-base: kill\nkil: x\n", "line 2: there is no class `kil'"},
	    {"die: +dead\n", "a phrase is two words"}};
	struct lexicon *l;
	struct why why;
	size_t n;
	char *s = read_all(LEXICON, &n);
	struct sb packed = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT(
		    lexicon_read(bad[i].text, strlen(bad[i].text), &l, &why) != 0);
		CU_ASSERT_PTR_NULL(l);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, bad[i].why));
	}
	CU_ASSERT_FATAL(lexicon_read(s, n, &l, &why) == 0);
	CU_ASSERT(l->n >= 600);
	CU_ASSERT_EQUAL(
	    vocab_find(l->words, vocab_hash("kill", 4))->tag, CLASS_KILL_BASE);
	CU_ASSERT(vocab_find(l->words, vocab_hash("be", 2))->tag >= LEXICON_WORD);
	CU_ASSERT_PTR_NOT_NULL(vocab_find(
	    l->phrases, lexicon_pair(vocab_hash("no", 2), vocab_hash("one", 3))));
	n = l->n;
	lexicon_free(&l);
	lexicon_pack(s, strlen(s), &packed);
	CU_ASSERT(packed.len < strlen(s) && strchr(packed.data, '#') == NULL);
	CU_ASSERT_FATAL(lexicon_read(packed.data, packed.len, &l, &why) == 0);
	CU_ASSERT_EQUAL(l->n, n);
	lexicon_free(&l);
	sb_free(&packed);
	free(s);
}

/* --- frames */

/* The sum of a text's frames: the same frames have the same. */
static uint64_t
frames_of(const struct lexicon *l, const char *text)
{
	struct words w = {0};
	struct features f = {0};
	uint64_t sum = 0;

	words_take(&w, l->words, text, strlen(text));
	features_take(&f, &w, l, 0);
	CU_ASSERT_EQUAL_FATAL(f.units, 1);
	for (size_t i = f.unit[0].start[BLOCK_FRAMES];
	     i < f.unit[0].start[BLOCK_FRAMES + 1]; i++) {
		CU_ASSERT(f.v[i] >= feature_base[BLOCK_FRAMES] && f.v[i] < BUCKETS);
		sum += num_random(&(uint64_t){f.v[i]});
	}
	words_free(&w);
	features_free(&f);
	return sum;
}

static void
test_frames(void)
{
	size_t n;
	char *s = read_all(LEXICON, &n);
	struct lexicon *l;
	struct why why;
	uint64_t plain;

	CU_ASSERT_FATAL(lexicon_read(s, n, &l, &why) == 0);
	plain = frames_of(l, "i will kill them");
	CU_ASSERT(plain != 0);
	CU_ASSERT_EQUAL(frames_of(l, "thank you for the cheese"), 0);
	/* what stands between does not matter, nor does which group */
	CU_ASSERT_EQUAL(
	    frames_of(l, "i will quietly and most gladly kill them"), plain);
	CU_ASSERT_EQUAL(frames_of(l, "i will kill muslims"),
	    frames_of(l, "i will kill those purple christians"));
	/* who, in which mood, on what, denied, asked, quoted and told do */
	CU_ASSERT_NOT_EQUAL(frames_of(l, "you will kill them"), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "i should kill them"), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "i will kill weeds"), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "i will not kill them"), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "i will kill them?"), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "\"i will kill them\""), plain);
	CU_ASSERT_NOT_EQUAL(frames_of(l, "police i will kill them reported"), plain);
	lexicon_free(&l);
	free(s);
}

/* --- learning */

static const char *const victims[] = {"them", "you", "her", "the cops", "every banker",
    "those men", "all landlords", "him", "the judges", "your family"};
static const char *const acts[] = {"kill", "shoot", "stab", "beat", "hang", "strangle"};
static const char *const calm[] = {
    "paint", "visit", "call", "thank", "feed", "photograph"};

static void
add_rows(struct train *t)
{
	for (int i = 0; i < 10; i++)
		for (int k = 0; k < 6; k++) {
			char s[100];

			snprintf(
			    s, sizeof(s), "I will %s %s tonight", acts[k], victims[i]);
			train_add(t, s, strlen(s), 1, 1, i % 2 ? "one" : "two", -1);
			snprintf(
			    s, sizeof(s), "I will %s %s tonight", calm[k], victims[i]);
			train_add(t, s, strlen(s), 0, 1, i % 2 ? "one" : "two", -1);
			snprintf(s, sizeof(s), "They said he tried to %s %s last year.",
			    acts[k], victims[i]);
			train_add(t, s, strlen(s), 0, 1, "three", k % FOLDS);
		}
}

static struct model *
make_model(struct sb *bytes, uint64_t seed)
{
	struct fit_options o = {.linear = {.cost = 3,
				    .positive = 1,
				    .block = {1, 1, 1},
				    .rounds = 6,
				    .least = 1,
				    .seed = seed},
	    .trees = {.trees = 10, .rate = 0.2, .ridge = 1, .least = 1, .positive = 1}};
	struct calibration_options wish = {.prevalence = 0.3, .wanted = 0.9};
	struct calibration_row *rows;
	struct calibration c;
	struct model *m = mem_new(1, sizeof(*m));
	struct fit *f = mem_new(1, sizeof(*f));
	struct train t = {0};
	struct why why;
	uint8_t *use;

	add_rows(&t);
	strcpy(m->category, "violence");
	strcpy(m->about, "a test");
	m->rev = 3;
	m->lexicon_text = read_all(LEXICON, &m->lexicon_len);
	CU_ASSERT_FATAL(train_words(&t, m, &why) == 0);
	train_augment(&t, m->lexicon, seed);
	CU_ASSERT(t.n > 250);
	train_samples(&t, m, NULL, NULL);
	use = mem_new(t.n, 1);
	memset(use, 1, t.n);
	fit_make(f, &t.samples, use, &o, true);
	fit_put(f, &o, m);
	rows = mem_new(t.n, sizeof(*rows));
	for (size_t i = 0; i < t.n; i++)
		rows[i] = (struct calibration_row){.value = f->held[i],
		    .held = f->held[i],
		    .found = -1,
		    .weight = !t.v[i].made,
		    .label = t.v[i].label};
	calibration_fit(&c, rows, t.n, &wish);
	calibration_put(&c, &wish, m);
	free(rows);
	model_put(m, bytes);
	free(use);
	fit_free(f);
	free(f);
	train_free(&t);
	return m;
}

static double
judge(const struct model *m, const char *s)
{
	struct model_work k = {0};
	double p = model_score(m, &k, s, strlen(s));

	model_work_free(&k);
	return p;
}

static void
test_learning(void)
{
	struct sb one = {0}, two = {0}, three = {0};
	struct model *a = make_model(&one, 1), *b = make_model(&two, 1),
		     *c = make_model(&three, 2), *m;
	struct why why;

	/* The same rows and seed: the same bytes. */
	CU_ASSERT(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
	CU_ASSERT(one.len != three.len || memcmp(one.data, three.data, one.len) != 0);
	CU_ASSERT(one.len < MODEL_MAX);
	CU_ASSERT_FATAL(model_parse(one.data, one.len, &m, &why) == 0);
	SAME(m->category, "violence");
	SAME(m->about, "a test");
	CU_ASSERT_EQUAL(m->rev, 3);
	CU_ASSERT_EQUAL(strlen(m->digest), 64);
	/* What was written and read again judges the same; unseen names, unseen order.
	 */
	CU_ASSERT_DOUBLE_EQUAL(judge(m, "I will shoot the mayor tonight"),
	    judge(a, "I will shoot the mayor tonight"), 1e-12);
	CU_ASSERT(judge(m, "I will shoot the mayor tonight") > 0.5);
	CU_ASSERT(judge(m, "I will thank the mayor tonight") < 0.2);
	CU_ASSERT(judge(m, "They said he tried to shoot the mayor last year.") < 0.2);
	CU_ASSERT(judge(m, "I will sh00t the mayor tonight") > 0.5);
	CU_ASSERT(judge(m, "") < 0.5);
	model_free(&m);
	model_free(&a);
	model_free(&b);
	model_free(&c);
	sb_free(&one);
	sb_free(&two);
	sb_free(&three);
}

/* A source whose labels are the wrong way round: who has not seen it does not know. */
/* What the model's words make of one. */
static bool
is_mended(const struct model *m, const char *s)
{
	struct words w = {0};
	bool mended;

	words_take(&w, m->lexicon->words, s, strlen(s));
	mended = w.n > 0 && (w.v[0].flags & WORD_MENDED) != 0;
	words_free(&w);
	return mended;
}

/* Words that exist are not taken for others misspelt. */
static void
test_known(void)
{
	static const char list[] = "drying\nkill\nEthan\nit's\n\n1st\ndrying";
	struct model *m = mem_new(1, sizeof(*m));
	struct train t = {0};
	struct why why;
	size_t before;

	add_rows(&t);
	m->lexicon_text = read_all(LEXICON, &m->lexicon_len);
	CU_ASSERT_FATAL(train_words(&t, m, &why) == 0);
	before = m->nkeys;
	CU_ASSERT(is_mended(m, "drying") && is_mended(m, "ethan"));
	CU_ASSERT_EQUAL(train_known(list, sizeof(list) - 1, m, &why), 2);
	CU_ASSERT_EQUAL(m->nkeys, before + 2);
	CU_ASSERT(!is_mended(m, "drying") && !is_mended(m, "ethan"));
	for (size_t i = 1; i < m->nkeys; i++)
		CU_ASSERT(m->keys[i - 1] < m->keys[i]);
	CU_ASSERT_EQUAL(train_known("", 0, m, &why), 0);
	train_free(&t);
	model_free(&m);
}

static void
test_apart(void)
{
	struct fit_options o = {
	    .linear = {
		.cost = 3, .positive = 1, .block = {1, 1, 1}, .rounds = 6, .least = 1}};
	struct model *m = mem_new(1, sizeof(*m));
	struct train t = {0};
	struct apart a;
	struct why why;
	size_t right = 0, all = 0;

	add_rows(&t);
	for (size_t i = 0, n = t.n; i < n; i++)
		if (strcmp(t.v[i].source, "one") == 0)
			train_add(
			    &t, t.v[i].text, t.v[i].len, !t.v[i].label, 1, "odd", -1);
	m->lexicon_text = read_all(LEXICON, &m->lexicon_len);
	CU_ASSERT_FATAL(train_words(&t, m, &why) == 0);
	train_samples(&t, m, NULL, NULL);
	apart_new(&a, &t);
	/* Four small sources, three of them with positives: a group each. */
	CU_ASSERT_EQUAL_FATAL(a.ngroups, 4);
	CU_ASSERT_EQUAL(a.nalone, 0);
	for (size_t i = 0; i < t.nsources; i++)
		for (size_t k = 0; k < i; k++)
			CU_ASSERT_NOT_EQUAL(a.group[i], a.group[k]);
	for (uint32_t g = 0; g < a.ngroups; g++)
		CU_ASSERT(apart_learn(&a, g, &t, &o));
	for (size_t i = 0; i < t.n; i++) {
		CU_ASSERT(a.known[i]);
		if (strcmp(t.v[i].source, "odd") != 0)
			continue;
		all++;
		right += (a.value[i] > 0) == t.v[i].label;
	}
	CU_ASSERT(all > 50 && right < all / 10);
	apart_free(&a);
	train_free(&t);
	model_free(&m);
}

/* A word in two of very many rows is the rarest of all, however many they are. */
static void
test_many_rows(void)
{
	static uint32_t common[] = {1}, both[] = {1, 2};
	static struct unit one = {0, 1, {0, 1, 1, 1, 1}}, two = {0, 1, {0, 2, 2, 2, 2}};
	static uint8_t none[2][DENSE_MAX];
	struct linear_options o = {.cost = 1, .positive = 1, .block = {1}, .least = 2};
	struct samples s = {.n = 450000};
	struct linear l = {0};
	uint8_t *use = mem_new(s.n, 1);

	s.v = mem_new(s.n, sizeof(*s.v));
	for (size_t i = 0; i < s.n; i++) {
		s.v[i] = (struct sample){.v = i < 2 ? both : common,
		    .unit = i < 2 ? &two : &one,
		    .dense = none,
		    .units = 1,
		    .label = i < 2 ? 1 : -1,
		    .weight = 1};
		use[i] = 1;
	}
	linear_fit(&l, &s, use, &o);
	CU_ASSERT_EQUAL(l.rarity[1], 20);
	CU_ASSERT_EQUAL(l.rarity[2], 255);
	linear_free(&l);
	free(s.v);
	free(use);
}

/* One source only: nothing is left to learn from, and it says so. */
static void
test_apart_alone(void)
{
	struct fit_options o = {.linear = {.cost = 1, .positive = 1, .block = {1}}};
	struct model *m = mem_new(1, sizeof(*m));
	struct train t = {0};
	struct apart a;
	struct why why;

	for (int i = 0; i < 300; i++) {
		char s[60];

		snprintf(s, sizeof(s), "I will %s %s %d", i % 2 ? "kill" : "call",
		    victims[i % 10], i);
		train_add(&t, s, strlen(s), i % 2, 1, i < 250 ? "large" : "own-x", -1);
	}
	m->lexicon_text = read_all(LEXICON, &m->lexicon_len);
	CU_ASSERT_FATAL(train_words(&t, m, &why) == 0);
	train_samples(&t, m, NULL, NULL);
	apart_new(&a, &t);
	CU_ASSERT_EQUAL(a.ngroups, 2);
	CU_ASSERT_EQUAL(a.nalone, 1);
	CU_ASSERT_EQUAL(a.group[0], 0);
	apart_free(&a);
	for (size_t i = 0; i < t.n; i++)
		t.samples.v[i].source = 0;
	t.nsources = 1;
	apart_new(&a, &t);
	CU_ASSERT_EQUAL(a.ngroups, 1);
	CU_ASSERT_FALSE(apart_learn(&a, 0, &t, &o));
	CU_ASSERT_FALSE(a.known[0]);
	apart_free(&a);
	t.nsources = 2;
	train_free(&t);
	model_free(&m);
}

/* --- calibration */

#define CALIBRATED 30000

/* Values of a row: three times as sure as they may be, and in the large source 0 more.
 */
static void
make_calibration_rows(struct calibration_row *v, uint64_t seed)
{
	for (size_t i = 0; i < CALIBRATED; i++) {
		double z = (double)(num_random(&seed) % 8000) / 1000 - 5;

		v[i] = (struct calibration_row){.value = 3 * z + 1,
		    .held = 3 * z + 1,
		    .found = num_random(&seed) % 10 < 2 ? 1 : -1,
		    .weight = 1,
		    .source = i % 300 == 0 ? 1 + i % 7 : 0};
		v[i].label = (double)(num_random(&seed) % 100000) / 100000 <
			     num_logistic(z + (v[i].found > 0 ? 1.5 : 0));
	}
}

static void
test_calibration(void)
{
	struct calibration_options o = {.prevalence = 0.05, .wanted = 0.8};
	struct calibration_row *v = mem_new(CALIBRATED, sizeof(*v));
	struct scored *y = mem_new(CALIBRATED, sizeof(*y));
	struct calibration c, other;
	struct measured_at at;

	make_calibration_rows(v, 3);
	calibration_fit(&c, v, CALIBRATED, &o);
	CU_ASSERT_DOUBLE_EQUAL(c.slope, 1.0 / 3, 0.02);
	CU_ASSERT_DOUBLE_EQUAL(c.hit - c.none, 1.5, 0.25);
	calibration_scores(&c, v, CALIBRATED, &o, y);
	CU_ASSERT(measure_calibration(y, CALIBRATED) < 0.01);
	at = measure_at(y, CALIBRATED, c.fused);
	CU_ASSERT(at.precision >= 0.8 && at.precision < 0.83 && at.recall > 0.05);
	/* What is only learned from changes nothing but what rules are worth. */
	for (size_t i = 0; i < CALIBRATED; i += 2)
		v[i].learn_only = true;
	calibration_fit(&c, v, CALIBRATED, &o);
	for (size_t i = 0; i < CALIBRATED; i += 2)
		v[i].value = 100;
	calibration_fit(&other, v, CALIBRATED, &o);
	CU_ASSERT(memcmp(&c, &other, sizeof(c)) == 0);
	/* Models without a whole source know less: they say where a finding begins, but
	 * not what a value is worth. */
	for (size_t i = 0; i < CALIBRATED; i++)
		v[i].value = v[i].held / 2;
	calibration_fit(&other, v, CALIBRATED, &o);
	CU_ASSERT(other.slope == c.slope && other.offset == c.offset);
	CU_ASSERT(other.fused != c.fused);
	/* A few rows that are all alike give no slope without end. */
	for (size_t i = 0; i < 10; i++)
		v[i] = (struct calibration_row){.value = i < 5 ? -1 : 1,
		    .held = i < 5 ? -1 : 1,
		    .found = -1,
		    .weight = 1,
		    .label = i >= 5};
	calibration_fit(&c, v, 10, &o);
	CU_ASSERT(c.slope > 0.5 && c.slope < 8);
	free(v);
	free(y);
}

/* Eight small sources know harder texts than a large one; the large one does not rule.
 */
static void
test_calibration_sources(void)
{
	struct calibration_options o = {.prevalence = 0.05, .wanted = 0.8};
	struct calibration_row *v = mem_new(CALIBRATED, sizeof(*v));
	struct calibration rows, sources;
	double recall, more;

	make_calibration_rows(v, 4);
	for (size_t i = 0; i < CALIBRATED; i++)
		if (v[i].source != 0 && !v[i].label)
			v[i].value = v[i].held += 4; /* look worse than they are */
	calibration_fit(&rows, v, CALIBRATED, &o);
	o.sources = true;
	calibration_fit(&sources, v, CALIBRATED, &o);
	/* The same value is believed less, and more is asked of a finding. */
	CU_ASSERT(calibration_own(&sources, &(struct calibration_row){.value = 4}) <
		  calibration_own(&rows, &(struct calibration_row){.value = 4}) - 0.02);
	CU_ASSERT((num_logit(sources.fused) - sources.offset) / sources.slope >=
		  (num_logit(rows.fused) - rows.offset) / rows.slope - 1e-6);
	calibration_threshold(&sources, v, CALIBRATED, &o, &recall);
	o.wanted = 0.5;
	CU_ASSERT(
	    calibration_threshold(&sources, v, CALIBRATED, &o, &more) < sources.fused);
	CU_ASSERT(more > recall);
	free(v);
}

/* --- the file */

static void
refused(const char *data, size_t n, const char *word)
{
	struct model *m = NULL;
	struct why why = {""};

	CU_ASSERT(model_parse(data, n, &m, &why) != 0);
	CU_ASSERT_PTR_NULL(m);
	if (strstr(why.text, word) == NULL) {
		printf("\n    \"%s\" lacks \"%s\" ", why.text, word);
		CU_FAIL("other words");
	}
}

/* Makes the digest fit again, so that what is inside is looked at. */
static void
sign(char *data, size_t n)
{
	char hex[MEM_HEX];

	mem_sha256(data, n - 32, hex);
	for (size_t i = 0; i < 32; i++) {
		unsigned v;

		sscanf(hex + 2 * i, "%2x", &v);
		data[n - 32 + i] = (char)v;
	}
}

static void
test_file(void)
{
	size_t n, head;
	char *s = read_all(MODEL, &n), *t = malloc(MODEL_MAX + 2);
	const char *about;

	CU_ASSERT(n <= MODEL_MAX);
	refused("", 0, "not a model");
	refused(s, n - 1, "digest");
	memcpy(t, s, n);
	t[n / 2] ^= 1;
	refused(t, n, "digest");
	refused(t, MODEL_MAX + 1, "larger");
	memcpy(t, s, n);
	t[strlen(MODEL_MAGIC) - 2]++;
	refused(t, n, "another version");

	about = strstr(s, "about ");
	head = (size_t)(strstr(about, "\n\n") + 2 - s);
	memcpy(t, s, n);
	memcpy(t + (about - s), "eboat", 5);
	sign(t, n);
	refused(t, n, "eboat");
	memcpy(t, s, n);
	memset(t + head, 0xff, 8); /* no number */
	sign(t, n);
	refused(t, n, "figures");
	memcpy(t, s, n);
	memset(t + head + 8 * MODEL_FIGURES, 0xff, 4); /* a lexicon of 4 GiB */
	sign(t, n);
	refused(t, n, "lexicon");
	memcpy(t, s, n);
	t[head + 8 * MODEL_FIGURES + 5] = '\xff';
	sign(t, n);
	refused(t, n, "lexicon");
	/* Cut anywhere, with a digest that fits: refused, whatever is missing. */
	for (size_t cut = head; cut < n - 40; cut += (n - head) / 37) {
		memcpy(t, s, cut);
		sign(t, cut + 32);
		refused(t, cut + 32, "");
	}
	free(s);
	free(t);
}

/* Wild figures and trees may give a wild score, but never one that is none. */
static void
test_wild(void)
{
	size_t n;
	char *s = read_all(MODEL, &n), *t = malloc(n);
	uint64_t seed = 9;
	int loaded = 0;

	for (int round = 0; round < 60; round++) {
		struct model *m;
		struct why why;

		memcpy(t, s, n);
		for (int k = 0; k < 40; k++)
			t[20 + num_random(&seed) % (n - 60)] = (char)num_random(&seed);
		sign(t, n);
		if (model_parse(t, n, &m, &why) == 0) {
			double p = judge(m, "We will kill them all. Now!");

			CU_ASSERT(p >= 0 && p <= 1);
			loaded++;
			model_free(&m);
		}
	}
	CU_ASSERT(loaded > 0);
	free(s);
	free(t);
}

/* --- the model that is shipped */

static const struct {
	const char *more, *less;
} pairs[] = {
    {"I am going to kill you and your whole family", "I am going to thank you and your "
						     "whole family"},
    {"Someone should shoot every last one of these judges",
	"Someone should photograph every "
	"last one of these judges"},
    {"hang all the bankers", "Police said the banker was found hanged"},
    {"she deserves to be raped", "no one deserves to be raped"},
    {"we should burn down the mosque", "we should burn fewer candles in the church"},
    {"beat that bitch until she stops moving", "beat the eggs until they are stiff"},
    {"gonna k!ll y0u tonight", "gonna call you tonight"},
    {"I hope they all die screaming", "I hope they all get home safe"},
    {"we will 🔪 all of them", "we will 📞 all of them"},
    {"You deserve to die", "You deserve to live"},
    {"I hope you die", "I hope you live"},
    {"You do not deserve to live", "They deserve to live"},
};

static void
test_shipped(void)
{
	struct model *m;
	struct why why;

	CU_ASSERT_FATAL(model_load(MODEL, &m, &why) == 0);
	SAME(m->category, "violence");
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		double more = judge(m, pairs[i].more), less = judge(m, pairs[i].less);

		bool good = more > 0.3 && less < more - 0.15;

		if (!good)
			printf("\n    %.3f \"%s\", %.3f \"%s\" ", more, pairs[i].more,
			    less, pairs[i].less);
		CU_ASSERT(good);
	}
	model_free(&m);
}

static void
test_explain(void)
{
	static const char s[] =
	    "The weather was fine. I will k\u200bill you tonight, you rat. "
	    "Bring an umbrella.";
	const char *word = strstr(s, "k\u200bill");
	struct model_span v[12];
	struct model_work k = {0};
	struct model *m;
	struct why why;
	bool kill = false;
	size_t n;

	CU_ASSERT_FATAL(model_load(MODEL, &m, &why) == 0);
	model_score(m, &k, s, strlen(s));
	n = model_explain(m, &k, v, 12);
	CU_ASSERT(n > 0);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT(v[i].start < v[i].end && v[i].end <= strlen(s));
		CU_ASSERT(i == 0 || v[i].start >= v[i - 1].end);
		kill = kill || (s + v[i].start <= word && s + v[i].end >= word + 7);
	}
	CU_ASSERT(kill);
	model_work_free(&k);
	model_free(&m);
}

/* Texts of a word or two have no room for rows of four. */
static void
test_short(void)
{
	static const char *const v[] = {"kill", "k", "kill you", "a b", "🔪", "!", "",
	    "Kill. Die.", "kill them all now", "i'm", "noʎ llᴉʞ", "uoy llik"};
	struct model_work k = {0};
	struct model *m;
	struct why why;

	CU_ASSERT_FATAL(model_load(MODEL, &m, &why) == 0);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct model_span s[12];
		size_t n;

		model_score(m, &k, v[i], strlen(v[i]));
		n = model_explain(m, &k, s, 12);
		for (size_t j = 0; j < n; j++)
			CU_ASSERT(s[j].start < s[j].end && s[j].end <= strlen(v[i]));
		for (size_t j = 0; k.features.owner != NULL && j < k.features.n; j++)
			CU_ASSERT(
			    (k.features.owner[j] >> 8) + (k.features.owner[j] & 0xff) <=
			    k.words.n);
	}
	model_work_free(&k);
	model_free(&m);
}

/* What stands before it does not hide a threat.  A text without any end of a sentence
 * is nothing that was learned from: it only has to be read the same both ways. */
static void
test_long(void)
{
	static const char *const before[] = {
	    "The weather was fine and we walked home together. ",
	    "the weather was fine and we walked home together and "};
	static const size_t times[] = {10, 60, 64, 65, 100, 500, 2000};
	static const char threat[] =
	    "I will kill you tonight, you rat. You will not see it coming.";
	struct model_work k = {0};
	struct model *m;
	struct why why;

	CU_ASSERT_FATAL(model_load(MODEL, &m, &why) == 0);
	for (size_t i = 0; i < 2 * sizeof(times) / sizeof(times[0]); i++) {
		struct model_span v[12];
		struct sb b = {0};
		const char *at;
		size_t n;
		double p, none;

		for (size_t j = 0; j < times[i / 2]; j++)
			sb_puts(&b, before[i % 2]);
		none = judge(m, b.data);
		CU_ASSERT(i % 2 != 0 || none < 0.1);
		sb_puts(&b, threat);
		p = model_score(m, &k, b.data, b.len);
		if (i % 2 == 0 && p < 0.3)
			printf("\n    %.3f, and %.3f behind %zu times \"%s\" ", none, p,
			    times[i / 2], before[i % 2]);
		CU_ASSERT(i % 2 != 0 || p >= 0.3);
		CU_ASSERT(p == model_score_plain(m, &k, b.data, b.len));
		at = strstr(b.data, "kill you");
		n = model_explain(m, &k, v, 12);
		CU_ASSERT(n > 0);
		CU_ASSERT(i % 2 != 0 || b.data + v[n - 1].end > at);
		sb_free(&b);
	}
	model_work_free(&k);
	model_free(&m);
}

/* --- the fast way is the plain one, to the bit */

struct both {
	struct model *m;
	struct model_work fast, plain;
	size_t n, unlike;
};

static bool
same_words(const struct words *a, const struct words *b)
{
	return a->n == b->n && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0 &&
	       memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0;
}

static void
compare_text(struct both *b, const char *s, size_t n)
{
	struct model_span one[12], two[12];
	double fast = model_score(b->m, &b->fast, s, n),
	       plain = model_score_plain(b->m, &b->plain, s, n);
	bool same = memcmp(&fast, &plain, sizeof(fast)) == 0 &&
		    b->fast.best == b->plain.best &&
		    same_words(&b->fast.words, &b->plain.words);
	size_t k = model_explain(b->m, &b->fast, one, 12),
	       j = model_explain(b->m, &b->plain, two, 12);

	same = same && k == j && memcmp(one, two, k * sizeof(*one)) == 0;
	b->n++;
	if (!same && b->unlike++ < 3)
		printf("\n    %.17g and %.17g for \"%.*s\" ", fast, plain,
		    (int)(n < 300 ? n : 300), s);
}

/* The line as it is, and with some of its letters as others. */
static void
compare_line(struct both *b, char *s, size_t n, uint64_t *seed)
{
	static const char others[] = "aeiklnost .,!?'\"-#@*$0134\n:()KILL&w";

	compare_text(b, s, n);
	for (size_t i = num_random(seed) % 9; i < n; i += 1 + num_random(seed) % 40)
		if ((uint8_t)s[i] < 0x80)
			s[i] = others[num_random(seed) % (sizeof(others) - 1)];
	compare_text(b, s, n);
}

static void
compare_file(struct both *b, const char *path)
{
	uint64_t seed = 3;
	size_t cap = 0;
	char *s = NULL;
	FILE *f = fopen(path, "r");
	ssize_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while ((n = getline(&s, &cap, f)) > 0)
		compare_line(b, s, (size_t)n - 1, &seed);
	fclose(f);
	free(s);
}

/* Two words of one hash, by whatever text each comes, and in either order. */
static void
test_one_hash(void)
{
	static const char *const words[] = {"bvqpvkdwcrcnpghh", "dcwrjdrdbwfkmtgp"};
	struct why why;
	struct model *m;

	CU_ASSERT_EQUAL_FATAL(vocab_hash(words[0], 16), vocab_hash(words[1], 16));
	CU_ASSERT_FATAL(model_load(MODEL, &m, &why) == 0);
	for (int i = 0; i < 2; i++) {
		struct model_work k = {0}, other = {0};
		double p;

		model_score(m, &k, words[!i], 16);
		p = model_score(m, &k, words[i], 16);
		CU_ASSERT(p == model_score_plain(m, &k, words[i], 16));
		CU_ASSERT(p == model_score(m, &other, words[i], 16));
		model_work_free(&k);
		model_work_free(&other);
	}
	model_free(&m);
}

static void
test_same(void)
{
	struct both b = {0};
	struct why why;
	glob_t g;

	CU_ASSERT_FATAL(model_load(MODEL, &b.m, &why) == 0);
	CU_ASSERT_FATAL(
	    glob(TOSD_SRCDIR "/plugins/classifier/texts/*.jsonl", 0, NULL, &g) == 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		compare_file(&b, g.gl_pathv[i]);
	globfree(&g);
	compare_file(&b, TOSD_SRCDIR "/tests/classifier/eval.jsonl");
	compare_file(&b, TOSD_SRCDIR "/tests/policy_negatives.txt");
	CU_ASSERT(b.n > 5000);
	CU_ASSERT_EQUAL(b.unlike, 0);
	model_work_free(&b.fast);
	model_work_free(&b.plain);
	model_free(&b.m);
}

/* What was kept of one model is not taken for another's. */
static void
test_other_model(void)
{
	static const char s[] = "I will shoot the mayor tonight";
	struct sb bytes = {0};
	struct model *a = make_model(&bytes, 1), *b, *shipped;
	struct model_work k = {0};
	struct why why;

	model_free(&a);
	CU_ASSERT_FATAL(model_parse(bytes.data, bytes.len, &b, &why) == 0);
	CU_ASSERT_FATAL(model_load(MODEL, &shipped, &why) == 0);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT(model_score(b, &k, s, strlen(s)) == judge(b, s));
		CU_ASSERT(model_score(shipped, &k, s, strlen(s)) == judge(shipped, s));
	}
	CU_ASSERT(judge(b, s) != judge(shipped, s));
	model_work_free(&k);
	model_free(&b);
	model_free(&shipped);
	sb_free(&bytes);
}

static const struct suite_test tests[] = {
    {"the fast way is the plain way", test_same},
    {"two words of one hash", test_one_hash},
    {"another model", test_other_model},
    {"short", test_short},
    {"long", test_long},
    {"numbers", test_numbers},
    {"measures", test_measures},
    {"fits", test_fit},
    {"lexicon", test_lexicon},
    {"frames: who does what to whom, whatever stands between", test_frames},
    {"learning", test_learning},
    {"words that exist", test_known},
    {"apart: models without a source", test_apart},
    {"apart: where there is one source", test_apart_alone},
    {"more rows than rarity has room for", test_many_rows},
    {"calibration", test_calibration},
    {"calibration: no source rules", test_calibration_sources},
    {"file", test_file},
    {"wild", test_wild},
    {"shipped", test_shipped},
    {"explain", test_explain},
};

SUITE_MAIN("classifier", tests)
