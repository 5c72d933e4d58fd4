/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: everything that a judgement depends on, in one file, and how a text is judged.
 *
 * The file, all numbers little-endian:
 *	"tosd classifier 1\n"
 *	lines "KEY VALUE\n": category, rev, about; then an empty line
 *	the figures: struct model_figures as 64-bit IEEE doubles, in its order
 *	u32 length, text of the lexicon
 *	u32 count, so many u32 keys of known words, ascending; then so many bytes, their levels
 *	u32 count, so many trees: 15 places, 15 cuts (bytes), 16 leaves (i16, 1/1024)
 *	u32 count of buckets, then for each: weight (i8), rarity (u8, 1/20)
 *	32 bytes: SHA-256 over all before
 */
#ifndef CLASSIFIER_MODEL_H
#define CLASSIFIER_MODEL_H

#include "feature.h"

#define MODEL_MAX (1u << 20) /* bytes of a model file */
#define MODEL_CATEGORY 32    /* bytes of a category, as the host takes it */
#define MODEL_ABOUT 200
#define MODEL_BEGINS "tosd classifier " /* of every version */
#define MODEL_MAGIC MODEL_BEGINS "3\n"
/* How much the text as a whole counts beside the highest of it and its sentences: many
 * sentences have many chances to look bad. */
#define WHOLE_SHARE 0.5
#define TREE_DEPTH 4
#define TREE_NODES 15
#define TREE_LEAVES 16
#define TREES_MAX 400
#define TREE_UNIT 1024.0 /* a leaf of 1024 is 1 */

struct tree { /* complete: children of node i are 2i + 1 and 2i + 2 */
	uint8_t place[TREE_NODES]; /* of the dense counts */
	uint8_t cut[TREE_NODES];   /* left if the count is at most this */
	int16_t leaf[TREE_LEAVES];
};

struct bucket {
	int8_t weight;
	uint8_t rarity; /* 0: never seen in training, it does not count at all */
};

/* All doubles. */
struct model_figures {
	double bias;
	double scale[BLOCKS];	/* what a weight of 1 is, in each block */
	double linear, trees;	/* how much each part says, in logits */
	double slope, offset;	/* from units to a calibrated logit */
	double wanted;		/* precision that the threshold was chosen for */
	double threshold;	/* calibrated score */
	double fused_hit;	/* logits that an enforced finding of score 1 adds */
	double fused_none;	/* logits that are added when there is none */
};
#define MODEL_FIGURES (sizeof(struct model_figures) / sizeof(double))

struct model {
	char category[MODEL_CATEGORY + 1];
	uint32_t rev;
	char about[MODEL_ABOUT];
	struct model_figures f;
	struct lexicon *lexicon;
	char *lexicon_text;
	size_t lexicon_len;
	uint32_t *keys; /* words of the training texts, by hash */
	uint8_t *levels;
	size_t nkeys;
	struct tree *tree;
	size_t ntrees;
	struct bucket *bucket; /* BUCKETS of them */
	char digest[MEM_HEX];  /* SHA-256 of the file */
	struct quick *quick;   /* quick.h; NULL while it is being learned */
};

/* What judging needs from text to text; all zero before the first. */
struct model_work {
	struct words words;
	struct features features;
	struct quick_kept *kept; /* quick.h */
	size_t window; /* where the window begins that decided */
	size_t best; /* the unit of it that did; units: all of it */
};

/* Reads a model from memory.  -1 and w. */
int model_parse(const char *data, size_t n, struct model **out, struct why *w);
int model_load(const char *path, struct model **out, struct why *w);
/* The same, but a file that others may write, or that is somebody else's, is refused as
 * mem_read_trusted() does. */
int model_load_trusted(const char *path, struct model **out, struct why *w);
/* Appends the file's bytes. */
void model_put(const struct model *m, struct sb *out);
void model_free(struct model **m);
/* Fills in m->lexicon from its text, the keys and levels. */
int model_words(struct model *m, struct why *w);

/* The calibrated score, 0 to 1, of n bytes of valid UTF-8. */
double model_score(const struct model *m, struct model_work *k, const char *s, size_t n);
/* The same by the plain way, which keeps nothing: the measure of the fast one. */
double model_score_plain(const struct model *m, struct model_work *k, const char *s,
    size_t n);
void model_work_free(struct model_work *k);

/* Parts of it, for training.  Sums over features: dot and square of each block. */
struct model_sums {
	int64_t dot[BLOCKS], square[BLOCKS];
};
void model_sum(const struct model *m, const struct features *f, const struct unit *u,
    struct model_sums *out);
double model_linear(const struct model *m, const struct model_sums *s);
double model_trees(const struct model *m, const uint8_t dense[DENSE_MAX]);
double tree_value(const struct tree *t, const uint8_t dense[DENSE_MAX]);

/* What weighed most in the text last judged: spans of the text as written, ascending,
 * at most max. */
struct model_span {
	uint32_t start, end;
};
size_t model_explain(const struct model *m, struct model_work *k, struct model_span *out,
    size_t max);

#endif
