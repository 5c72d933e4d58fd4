/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num: exponential and logarithm that give the same bits on every machine, which the C
 * library's do not promise.  Only additions, multiplications and divisions of doubles;
 * built without contraction of these (see local.mk).
 */
#ifndef CLASSIFIER_NUM_H
#define CLASSIFIER_NUM_H

#include <stdint.h>

double num_exp(double x); /* 0 below -700, e^700 above 700 */
double num_log(double x); /* x > 0 and normal */
double num_sqrt(double x);

/* 1 / (1 + e^-x), and back; p is kept within 1e-9 of the ends. */
double num_logistic(double x);
double num_logit(double p);

/* Numbers for mixing; the same seed gives the same row. */
static inline uint64_t
num_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

#endif
