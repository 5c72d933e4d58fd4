#include "train.h"
void train_augment(struct train *t, const struct lexicon *l, uint64_t seed){(void)t;(void)l;(void)seed;}
