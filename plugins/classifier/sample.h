/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample: a training text as features, the linear part and the trees learned from many of
 * them.  Everything is done by one thread in the order of the rows, so that the same rows
 * and seed give the same bits.
 */
#ifndef CLASSIFIER_SAMPLE_H
#define CLASSIFIER_SAMPLE_H

#include "model.h"

struct sample {
	uint32_t *v; /* features of all units */
	struct unit *unit;
	uint8_t (*dense)[DENSE_MAX]; /* of each unit, and of the whole behind them */
	uint32_t units;
	int8_t label;	/* 1 or -1 */
	uint8_t fold;
	bool made;	/* by augmentation: it is learned from, never measured on */
	double weight;	/* 0: left out */
	uint32_t source;
	uint32_t row;	/* of the input that it is, or was made from */
	double square[BLOCKS]; /* set by linear_rarity(): lengths of the whole */
};

struct samples {
	struct sample *v;
	size_t n;
};

void sample_take(struct sample *s, struct model_work *k, const struct lexicon *l,
    const char *text, size_t n);
void samples_free(struct samples *s);

/* What the linear part has learned. */
struct linear {
	float *w;	 /* of BUCKETS */
	uint8_t *rarity; /* of BUCKETS */
	double bias;
};

struct linear_options {
	double cost;	 /* how much a wrong row matters against small weights */
	double positive; /* how much more a positive one does */
	double block[BLOCKS];
	int rounds;
	unsigned least; /* texts that must have a feature */
	uint64_t seed;
};

/* use[i] != 0: row i is learned from. */
void linear_fit(struct linear *l, struct samples *s, const uint8_t *use,
    const struct linear_options *o);
/* The value of unit i; i == units: of the whole. */
double linear_value(
    const struct linear *l, const struct linear_options *o, const struct sample *s, size_t i);
void linear_free(struct linear *l);
/* Weights as bytes, into m. */
void linear_put(const struct linear *l, const struct linear_options *o, struct model *m);

struct trees_options {
	int trees;
	double rate;   /* how much of a tree's answer is taken */
	double ridge;  /* against large leaves */
	double least;  /* rows, by weight, in a leaf */
	double positive;
};

/* Boosted trees over the dense counts, from base[i] (logits) on. */
size_t trees_fit(struct tree *out, const struct samples *s, const uint8_t *use,
    const double *base, const struct trees_options *o);
double trees_value(const struct tree *t, size_t n, const uint8_t dense[DENSE_MAX]);

#endif
